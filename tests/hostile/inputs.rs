//! What is sent where a name, a path or a text is expected: paths that lead elsewhere, SQL,
//! and scripts, over the API of a whole platform.

use crate::canaries::files;
use anyhow::Result;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use bifrost_tests::{Client, Platform, folder};
use reqwest::Method;
use serde_json::{Value, json};
use std::path::PathBuf;

const TEMPORARY: &str = env!("CARGO_TARGET_TMPDIR");
/// In everything that one organization has, and in nothing that another sees.
pub(crate) const CANARY: &str = "c4n4ry-of-the-victim-0123456789ab";
const SCRIPT: &str = "<script>alert(1)</script><img src=x onerror=alert(1)>";

/// Paths that are no plain relative ones.
const PATHS: [&str; 12] = [
    "../evil.py",
    "../../evil.py",
    "/etc/evil.py",
    "a/../../evil.py",
    "a/./evil.py",
    "a//evil.py",
    "a\\..\\evil.py",
    "..\\evil.py",
    "a\0/evil.py",
    "a\n/evil.py",
    "",
    "..",
];

/// Ways to ask for a file above the workspace in a URL.
const CLIMBS: [&str; 8] = [
    "../admin.key",
    "..%2fadmin.key",
    "%2e%2e%2fadmin.key",
    "..%5cadmin.key",
    "....//admin.key",
    "%252e%252e%252fadmin.key",
    "a%00.py",
    "%2fetc%2fpasswd",
];

/// What breaks out of a text in SQL that was put together from texts.
pub(crate) const SQL: [&str; 8] = [
    "' OR '1'='1",
    "' OR 1=1 --",
    "'; DROP TABLE users; --",
    "') UNION SELECT hash FROM api_keys --",
    "\" OR \"\"=\"",
    "$1",
    "%",
    "\\'; SELECT pg_sleep(10) --",
];

pub(crate) fn encode(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

#[tokio::test]
async fn no_path_leads_out_of_a_workspace() -> Result<()> {
    let platform = Platform::start(TEMPORARY, "tenants").await?;
    let deploy = async |path: &str| {
        let files = json!({ path: BASE64_STANDARD.encode("X = 1\n"), "fine.py": "" });
        platform.post("/api/workspace/deploy", &json!({ "files": files, "force": true })).await
    };
    for path in PATHS {
        let (status, answer) = deploy(path).await;
        assert_eq!(status.as_u16(), 422, "{path:?}: {answer}");
    }
    let written = |file: &PathBuf| file.to_string_lossy().contains("evil");
    assert_eq!(files(platform.data()).into_iter().find(written), None);
    let (status, answer) = deploy("modules/evil.py").await;
    assert_eq!(status.as_u16(), 200, "{answer}");
    let control = platform.get("/api/workspace/files/modules%2Fevil.py").await;
    assert!(control.to_string().contains(&BASE64_STANDARD.encode("X = 1\n")), "{control}");
    for climb in CLIMBS {
        let (status, answer) =
            platform.call(Method::GET, &format!("/api/workspace/files/{climb}"), &Value::Null).await;
        assert!(matches!(status.as_u16(), 400 | 404 | 422), "{climb}: {status} {answer}");
        assert!(!answer.to_string().contains(platform.key()), "{climb}");
    }
    Ok(())
}

/// Every `GET` of the document with the names of its query's texts.
pub(crate) async fn readers(platform: &Client) -> Vec<(String, Vec<String>)> {
    let document = platform.get("/openapi.json").await;
    let paths = document["paths"].as_object().expect("paths");
    paths
        .iter()
        .filter(|(path, _)| path.starts_with("/api/"))
        .filter_map(|(path, operations)| {
            let parameters = operations.get("get")?["parameters"].as_array().cloned().unwrap_or_default();
            let texts = parameters.iter().filter(|one| one["in"] == "query");
            Some((path.clone(), texts.filter_map(|one| one["name"].as_str().map(str::to_owned)).collect()))
        })
        .collect()
}

/// Makes something of each kind that an organization keeps, with a text in all that may have it: where
/// the text is to be found.
async fn keep(own: &Client, workflow: &str, text: &str) -> Vec<String> {
    let http = reqwest::Client::new();
    // Names of integrations and files lead nowhere.
    let plain = text.replace(['/', '\\'], "");
    let id = |made: &Value| made["id"].as_str().expect("an id").to_owned();
    let integration = json!({ "name": plain, "description": text, "config": { "region": text },
        "config_schema": [{ "key": "region", "type": "string", "description": text }] });
    own.expect(201, Method::POST, "/api/integrations", integration).await;
    let document = format!("/api/tables/texts/documents/{}", encode(text));
    own.expect(200, Method::PUT, &document, json!({ "data": { "text": text, text: 1 } })).await;
    own.expect(200, Method::PATCH, "/api/tables/texts", json!({ "description": text })).await;
    let file = format!("/api/files/content?path={}.html", encode(&plain));
    let request = http.put(format!("{}{file}", own.url())).header("content-type", "text/html");
    let (status, answer) = own.send(request.body(text.to_owned())).await;
    assert_eq!(status.as_u16(), 200, "{answer}");
    let channel = json!({ "name": text, "kind": "email", "addresses": ["ops@own.example"] });
    let channel = id(&own.expect(201, Method::POST, "/api/notification-channels", channel).await);
    let rule = json!({ "name": text, "event": "run_failed", "channel_ids": [channel] });
    let rule = id(&own.expect(201, Method::POST, "/api/notification-rules", rule).await);
    let webhook = json!({ "name": text, "kind": "unsigned", "confirm_unsigned": true });
    let webhook = own.expect(201, Method::POST, "/api/webhooks", webhook).await;
    let hook = format!("{}{}", own.url(), webhook["path"].as_str().expect("a path"));
    let delivered = http.post(hook).body(text.to_owned()).send().await.expect("an answer");
    let delivered: Value = delivered.json().await.expect("JSON");
    let form = json!({ "name": text, "description": text, "workflow": workflow,
        "fields": [{ "name": "note", "label": text, "type": "text", "help_text": text }] });
    let form = id(&own.expect(201, Method::POST, "/api/forms", form).await);
    vec![
        format!("/api/integrations/{}", encode(&plain)),
        "/api/tables/texts".to_owned(),
        document,
        file,
        format!("/api/notification-channels/{channel}"),
        format!("/api/notification-rules/{rule}"),
        format!("/api/webhooks/{}", id(&webhook)),
        format!("/api/webhook-deliveries/{}", delivered["delivery_id"].as_str().expect("an id")),
        format!("/api/forms/{form}"),
    ]
}

/// An organization with something of every kind, all of it with the canary.
pub(crate) async fn victim(platform: &Platform) -> Client {
    let own = platform.within(&platform.organization(&format!("Victim {CANARY}")).await);
    let flow = format!(
        "from bifrost import workflow\n\n@workflow(description=\"{CANARY}\")\nasync def victim() -> str:\n    \
         print(\"{CANARY}\")\n    return \"{CANARY}\"\n"
    );
    own.deploy(&[("victim.py", &flow)]).await;
    own.run("victim", json!({})).await;
    own.expect(200, Method::PUT, "/api/config/victim", json!({ "value": CANARY })).await;
    let user = json!({ "email": "victim@victim.example", "name": CANARY, "role": "org_user" });
    own.expect(201, Method::POST, "/api/users", user).await;
    let role = json!({ "name": CANARY, "permissions": [] });
    own.expect(201, Method::POST, "/api/roles", role).await;
    keep(&own, "victim", CANARY).await;
    own
}

pub(crate) async fn tenant(platform: &Platform, name: &str) -> Client {
    let own = platform.within(&platform.organization(name).await);
    own.with_new_key("ada@tenant.example", "org_admin").await
}

#[tokio::test]
async fn no_text_becomes_sql() -> Result<()> {
    let platform = Platform::start(TEMPORARY, "tenants").await?;
    let (victim, attacker) = (victim(&platform).await, tenant(&platform, "Attacker").await);
    let (mut asked, mut control) = (0, 0);
    for (path, texts) in readers(&platform).await {
        // The probe sees the canary where it may.
        control += usize::from(victim.text(&path).await.1.contains(CANARY));
        for sql in SQL.map(encode) {
            let mut urls: Vec<String> = texts.iter().map(|name| format!("{path}?{name}={sql}")).collect();
            if path.contains('{') {
                let parts = path.split('/').map(|part| if part.starts_with('{') { &sql } else { part });
                urls = vec![parts.collect::<Vec<_>>().join("/")];
            }
            for url in urls {
                asked += 1;
                let (status, answer) = attacker.text(&url).await;
                assert!(status.as_u16() < 500, "{url}: {answer}");
                assert!(!answer.contains(CANARY), "{url}: {answer}");
            }
        }
    }
    assert!(asked > 200 && control >= 12, "{asked} requests, the victim sees {control} lists");
    Ok(())
}

#[tokio::test]
async fn what_looks_like_sql_is_kept_as_it_is() -> Result<()> {
    let platform = Platform::start(TEMPORARY, "tenants").await?;
    let own = tenant(&platform, "Own").await;
    own.deploy(&[("flows.py", &std::fs::read_to_string(folder("tenants").join("flows.py"))?)]).await;
    for (number, sql) in SQL.iter().enumerate() {
        let role = json!({ "name": sql, "description": sql, "permissions": [] });
        let made = own.expect(201, Method::POST, "/api/roles", role).await;
        assert_eq!((&made["name"], &made["description"]), (&json!(sql), &json!(sql)));
        let key = format!("key_{number}");
        own.expect(200, Method::PUT, &format!("/api/config/{key}"), json!({ "value": sql })).await;
        let kept = own.get(&format!("/api/config/{key}")).await;
        assert_eq!(kept["value"], json!(sql));
        for path in keep(&own, "quiet", sql).await {
            let (status, answer) = own.text(&path).await;
            let is_kept = answer == *sql || answer.contains(&json!(sql).to_string());
            assert!(status.is_success() && is_kept, "{path}: {answer}");
        }
    }
    let roles = own.get("/api/roles").await;
    for sql in SQL {
        let is = |role: &&Value| role["name"] == sql;
        assert_eq!(roles["roles"].as_array().expect("roles").iter().filter(is).count(), 1, "{sql}");
    }
    Ok(())
}

/// Texts of every kind with a script in them, and where some of them are.
async fn planted(platform: &Platform) -> (Client, Vec<String>) {
    let own = platform.within(&platform.organization(SCRIPT).await);
    let flow = format!(
        "from bifrost import UserError, workflow\n\n@workflow(name=\"{SCRIPT}\", description=\"{SCRIPT}\", tags=[\"{SCRIPT}\"])\n\
         async def planted(fail: bool = False) -> str:\n    print(\"{SCRIPT}\")\n    \
         if fail:\n        raise UserError(\"{SCRIPT}\")\n    return \"{SCRIPT}\"\n"
    );
    own.deploy(&[("planted.py", &flow)]).await;
    let id = own.run(SCRIPT, json!({})).await["execution_id"].as_str().expect("an id").to_owned();
    own.expect(200, Method::PUT, "/api/config/planted", json!({ "value": SCRIPT, "description": SCRIPT }))
        .await;
    let role = json!({ "name": SCRIPT, "description": SCRIPT, "permissions": [] });
    own.expect(201, Method::POST, "/api/roles", role).await;
    let mut paths = keep(&own, "planted.py::planted", SCRIPT).await;
    paths.extend(["", "/logs", "/result", "/variables"].map(|part| format!("/api/executions/{id}{part}")));
    (own, paths)
}

#[tokio::test]
async fn no_answer_is_a_page_with_somebody_s_script() -> Result<()> {
    let platform = Platform::start(TEMPORARY, "tenants").await?;
    let (own, planted) = planted(&platform).await;
    let http = reqwest::Client::new();
    let organization = own.get("/api/me").await["scope"].as_str().expect("an id").to_owned();
    let mut paths: Vec<String> = readers(&platform).await.into_iter().map(|(path, _)| path).collect();
    paths.retain(|path| !path.contains('{'));
    paths.extend(planted);
    // What is refused is named in the answer.
    let script = encode(SCRIPT);
    paths.extend([format!("/api/{script}"), format!("/api/executions?status={script}")]);
    let mut seen = 0;
    for path in paths {
        let request = http.get(format!("{}{path}", platform.url())).bearer_auth(platform.key());
        let answer = request.header("x-bifrost-organization", &organization).send().await?;
        let header = |name: &str| {
            let value = answer.headers().get(name).and_then(|value| value.to_str().ok());
            value.unwrap_or_default().to_owned()
        };
        let (kind, nosniff) = (header("content-type"), header("x-content-type-options"));
        assert_eq!(nosniff, "nosniff", "{path}");
        // A file that somebody has sent is saved, and if it is shown it is of no origin.
        let is_saved = header("content-disposition").starts_with("attachment;")
            && header("content-security-policy").starts_with("sandbox;");
        let is_page = kind.starts_with("text/html") || kind.contains("xml");
        assert!(is_saved || !is_page, "{path}: {kind}");
        seen += usize::from(answer.text().await?.contains("onerror=alert(1)"));
    }
    assert!(seen >= 15, "the script is where it was planted: {seen}");
    Ok(())
}

#[tokio::test]
async fn pages_do_not_repeat_what_the_url_says() -> Result<()> {
    let platform = Platform::start(TEMPORARY, "tenants").await?;
    let (script, http) = (encode(SCRIPT), reqwest::Client::new());
    for path in ["/sign-in?return_to=", "/sign-in?error=", "/device?code=", "/sign-in?invitation=", "/?"] {
        let request = http.get(format!("{}{path}{script}", platform.url())).header("accept", "text/html");
        let answer = request.send().await?;
        let policy = answer.headers().get("content-security-policy");
        let policy = policy.and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
        let kind = answer.headers().get("content-type").and_then(|value| value.to_str().ok());
        assert!(kind.is_some_and(|kind| kind.starts_with("text/html")), "{path}: {kind:?}");
        let scripts = policy.split(';').find(|rule| rule.trim_start().starts_with("script-src"));
        let text = answer.text().await?;
        assert!(!text.contains("onerror=alert(1)"), "{path}");
        assert!(policy.contains("default-src 'none'"), "{path}: {policy}");
        // WebAssembly may be compiled: the evaluator of expressions. Scripts may not.
        let scripts = scripts.map(|rule| rule.replace("'wasm-unsafe-eval'", ""));
        assert!(scripts.is_some_and(|rule| !rule.contains("unsafe")), "{path}: {policy}");
    }
    Ok(())
}
