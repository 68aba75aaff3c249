//! Organizations as their people and the provider live with them: an administrator's rights
//! do not travel into an organization's own code, shared folders, and the way out.

use anyhow::Result;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use bifrost_tests::process::run;
use bifrost_tests::{Platform, folder};
use reqwest::{Method, StatusCode};
use serde_json::{Map, Value, json};
use std::time::{Duration, Instant};

const TEMPORARY: &str = env!("CARGO_TARGET_TMPDIR");
const PATIENCE: Duration = Duration::from_secs(120);

/// What the provider's code may do for a platform administrator, and own code may not.
const RESERVED: [&str; 6] = [
    "organizations.list",
    "users.create",
    "config.get",
    "context.set_scope",
    "workflows.execute",
    "integrations.get",
];
/// The same, as the audit log calls them.
const ACTIONS: [&str; 6] = [
    "organizations.list",
    "users.create",
    "config.get",
    "context.set_scope",
    "workflows.execute_as",
    "integrations.get",
];

/// The platform as its administrator sees it, for an organization or for the provider.
struct World {
    platform: Platform,
}

impl World {
    async fn start() -> Result<Self> {
        Ok(Self { platform: Platform::start(TEMPORARY, "tenants").await? })
    }

    async fn call(&self, method: Method, path: &str, org: Option<&str>, body: &Value) -> (StatusCode, Value) {
        let mut request = reqwest::Client::new().request(method, format!("{}{path}", self.platform.url()));
        if let Some(org) = org {
            request = request.header("x-bifrost-organization", org);
        }
        if !body.is_null() {
            request = request.json(body);
        }
        self.platform.send(request).await
    }

    async fn expect(&self, status: u16, method: Method, path: &str, org: Option<&str>, body: Value) -> Value {
        let (got, answer) = self.call(method, path, org, &body).await;
        assert_eq!(got.as_u16(), status, "{path}: {answer}");
        answer
    }

    async fn organization(&self, name: &str) -> String {
        let made = self.expect(201, Method::POST, "/api/organizations", None, json!({ "name": name })).await;
        made["id"].as_str().expect("an id").to_owned()
    }

    async fn deploy(&self, org: Option<&str>, files: &[(&str, &str)]) -> Value {
        let files: Map<String, Value> = files
            .iter()
            .map(|(path, text)| ((*path).to_owned(), BASE64_STANDARD.encode(text).into()))
            .collect();
        self.expect(200, Method::POST, "/api/workspace/deploy", org, json!({ "files": files })).await
    }

    /// Runs a workflow as the platform administrator; its end.
    async fn run(&self, org: Option<&str>, workflow: &str, input: Value) -> Value {
        let body =
            json!({ "workflow_id": workflow, "input_data": input, "sync": true, "timeout_seconds": 110 });
        let ended = self.expect(200, Method::POST, "/api/workflows/execute", org, body).await;
        assert_eq!(ended["status"], "Success", "{ended}");
        ended
    }

    async fn ended(&self, org: Option<&str>, id: &str) -> Value {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let run = self.expect(200, Method::GET, &format!("/api/executions/{id}"), org, Value::Null).await;
            if run["completed_at"].is_string() {
                return run;
            }
            assert!(Instant::now() < deadline, "{run}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

fn source(file: &str) -> String {
    std::fs::read_to_string(folder("tenants").join(file)).expect("the workspace")
}

#[tokio::test]
async fn own_code_gets_none_of_an_administrators_rights() -> Result<()> {
    let world = World::start().await?;
    let (acme, other) = (world.organization("Acme").await, world.organization("Other").await);
    let secret = json!({ "value": "vendor-secret-value", "is_secret": true });
    world.expect(200, Method::PUT, "/api/config/vendor_secret", None, secret).await;
    let flows = source("flows.py");
    world.deploy(Some(&acme), &[("flows.py", &flows)]).await;

    // Through Acme's own code: everything is refused, whoever asks.
    let input = json!({ "other": other, "person": "ada@acme.example" });
    let ended = world.run(Some(&acme), "everything", input).await;
    for name in RESERVED {
        let answer = ended["result"][name].as_str().unwrap_or_default();
        assert!(answer.starts_with("denied: "), "{name}: {answer}");
    }
    assert_eq!(ended["result"]["integrations.get of its own"], "None");
    let deadline = Instant::now() + PATIENCE;
    loop {
        let log = world.expect(200, Method::GET, "/api/audit?limit=1000", Some(&acme), Value::Null).await;
        let entries = log["entries"].as_array().expect("entries");
        let of_run = |entry: &&Value| entry["actor"]["execution_id"] == ended["execution_id"];
        let denied: Vec<_> = entries
            .iter()
            .filter(of_run)
            .filter(|entry| entry["outcome"] == "denied")
            .filter_map(|entry| entry["action"].as_str())
            .collect();
        if ACTIONS.iter().all(|action| denied.contains(action)) {
            assert!(!log.to_string().contains("vendor-secret-value"));
            break;
        }
        assert!(Instant::now() < deadline, "refused, and not written down: {denied:?}");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }

    // The same code as the provider's, for the same administrator: everything is done.
    let input = json!({ "other": other, "person": "grace@provider.example" });
    let ended = world.run(None, "everything", input).await;
    for name in RESERVED {
        assert_eq!(ended["result"][name], "done", "{name}: {}", ended["result"]);
    }

    // A key that allows less than its role makes nobody who may do more.
    let ended = world.run(None, "promote", json!({ "person": "root@provider.example" })).await;
    assert_eq!(ended["result"], "done");
    let limited = json!({ "email": "limited@provider.example", "name": "k", "role": "platform_admin",
        "permissions": ["workflows.run", "users.manage"] });
    let key = world.expect(201, Method::POST, "/api/keys", None, limited).await;
    let body = json!({ "workflow_id": "promote", "input_data": { "person": "more@provider.example" },
        "sync": true, "timeout_seconds": 110 });
    let request = reqwest::Client::new().post(format!("{}/api/workflows/execute", world.platform.url()));
    let answer = request.bearer_auth(key["key"].as_str().expect("a key")).json(&body).send().await?;
    let ended: Value = answer.json().await?;
    assert!(ended["result"].as_str().unwrap_or_default().starts_with("denied: "), "{ended}");

    // Acme's code starts the provider's: the administrator's rights are left behind.
    let ended = world.run(None, "all_organizations", json!({})).await;
    assert!(ended["result"]["names"].to_string().contains("Acme"), "{ended}");
    let relayed = json!({ "name": "all_organizations", "parameters": {} });
    let ended = world.run(Some(&acme), "relay", relayed).await;
    let child = world.ended(Some(&acme), ended["result"].as_str().expect("an id")).await;
    assert!(child["result"]["denied"].is_string(), "{child}");
    // A repetition by an administrator does not bring them back.
    let id = child["execution_id"].as_str().expect("an id");
    let path = format!("/api/executions/{id}/rerun");
    let again = world.expect(202, Method::POST, &path, Some(&acme), json!({})).await;
    let again = world.ended(Some(&acme), again["execution_id"].as_str().expect("an id")).await;
    assert!(again["result"]["denied"].is_string(), "{again}");

    // A chain of runs ends.
    world.run(Some(&acme), "again", json!({})).await;
    let deadline = Instant::now() + PATIENCE;
    loop {
        let path = "/api/executions?workflow_name=again&limit=100";
        let runs = world.expect(200, Method::GET, path, Some(&acme), Value::Null).await;
        let runs = runs["executions"].as_array().expect("runs");
        if runs.iter().any(|run| run["status"] == "Failed") {
            assert_eq!(runs.len(), 17, "the first, and sixteen that others started");
            break;
        }
        assert!(Instant::now() < deadline, "{} runs", runs.len());
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    Ok(())
}

#[tokio::test]
async fn shared_folders_and_the_way_out() -> Result<()> {
    let world = World::start().await?;
    let acme = world.organization("Acme").await;
    let module = |text: &str| format!("def hello():\n    return \"{text}\"\n");
    let flow = "from bifrost import workflow\nfrom modules import greeting, words\n\n@workflow\n\
                async def greet() -> str:\n    return greeting.hello() + words.WORD\n";
    let provider = |text: &str| {
        vec![
            ("modules/greeting.py".to_owned(), module(text)),
            ("f.py".to_owned(), source("provider_only.py")),
        ]
    };
    let deploy = async |org: Option<&str>, files: Vec<(String, String)>| {
        let files: Vec<_> = files.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
        world.deploy(org, &files).await
    };
    deploy(None, provider("one")).await;
    let share = json!({ "folders": ["modules"] });
    let (status, refused) = world.call(Method::PUT, "/api/workspace/shared", None, &share).await;
    assert_eq!((status.as_u16(), &refused["code"]), (422, &json!("discloses_source")), "{refused}");
    let share = json!({ "folders": ["modules"], "disclose_source": true });
    let shared = world.expect(200, Method::PUT, "/api/workspace/shared", None, share).await;
    assert_eq!(shared["disclosed"], json!(["modules/greeting.py"]));

    let own = vec![
        ("flow.py".to_owned(), flow.to_owned()),
        ("modules/words.py".to_owned(), "WORD = '!'\n".to_owned()),
    ];
    deploy(Some(&acme), own.clone()).await;
    assert_eq!(world.run(Some(&acme), "greet", json!({})).await["result"], "one!");
    let answer = deploy(None, provider("two")).await;
    assert_eq!(answer["dependants"][0]["name"], "Acme", "{answer}");
    assert_eq!(world.run(Some(&acme), "greet", json!({})).await["result"], "two!");

    // What would break somebody is refused before it goes live.
    let broken = json!({ "files": { "modules/greeting.py": BASE64_STANDARD.encode("hello = 1 / 0\n"), "f.py": BASE64_STANDARD.encode(source("provider_only.py")) } });
    let (status, refused) = world.call(Method::POST, "/api/workspace/deploy", None, &broken).await;
    assert_eq!((status.as_u16(), &refused["code"]), (409, &json!("breaks_dependants")), "{refused}");
    assert!(refused["detail"].as_str().is_some_and(|text| text.contains("Acme")), "{refused}");
    assert_eq!(world.run(Some(&acme), "greet", json!({})).await["result"], "two!");
    let mut winning = own;
    winning.push(("modules/greeting.py".to_owned(), module("mine")));
    deploy(Some(&acme), winning).await;
    assert_eq!(world.run(Some(&acme), "greet", json!({})).await["result"], "mine!");

    // The way out, as an operator goes it.
    let export = world.platform.data().join("acme.tar");
    let file = export.to_str().expect("a path");
    let settings = [("BIFROST_KEY", world.platform.key()), ("BIFROST_URL", world.platform.url())];
    let wrong = ["organizations", "offboard", "Acme", "--confirm", "acme"];
    let (code, _, error) = run(&wrong, &settings)?;
    assert!(code == 2 && error.contains("name"), "{error}");
    let right = ["organizations", "offboard", "Acme", "--confirm", "Acme", "--export", file];
    let (code, said, error) = run(&right, &settings)?;
    assert_eq!(code, 0, "{said}{error}");
    assert!(said.contains("left: 0 rows, 0 objects, 0 keys"), "{said}");
    let bytes = std::fs::read(&export)?;
    for text in ["tables/executions.", "manifest.json", "objects/sources/"] {
        assert!(
            bytes.windows(text.len()).any(|window| window == text.as_bytes()),
            "{text} is not in the export"
        );
    }
    let path = format!("/api/organizations/{acme}");
    world.expect(404, Method::GET, &path, None, Value::Null).await;
    let proof = world.expect(200, Method::GET, &format!("{path}/offboarding"), None, Value::Null).await;
    assert_eq!((&proof["state"], &proof["proof"]["scan"]["rows"]), (&json!("done"), &json!(0)));
    Ok(())
}
