//! Organizations as their people and the provider live with them: an administrator's rights
//! do not travel into an organization's own code, shared folders, and the way out.

use anyhow::Result;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use bifrost_tests::process::run;
use bifrost_tests::{Platform, folder};
use reqwest::Method;
use serde_json::{Value, json};
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

fn source(file: &str) -> String {
    std::fs::read_to_string(folder("tenants").join(file)).expect("the workspace")
}

#[tokio::test]
async fn own_code_gets_none_of_an_administrators_rights() -> Result<()> {
    let platform = Platform::start(TEMPORARY, "tenants").await?;
    let own = platform.within(&platform.organization("Acme").await);
    let other = platform.organization("Other").await;
    let secret = json!({ "value": "vendor-secret-value", "is_secret": true });
    platform.expect(200, Method::PUT, "/api/config/vendor_secret", secret).await;
    let halo = json!({
        "name": "halo",
        "config_schema": [{ "key": "region", "type": "string" }, { "key": "api_key", "type": "secret" }],
        "config": { "region": "eu", "api_key": "halo-secret-canary" },
    });
    platform.expect(201, Method::POST, "/api/integrations", halo).await;
    let flows = source("flows.py");
    own.deploy(&[("flows.py", &flows)]).await;

    // Through Acme's own code: everything is refused, whoever asks.
    let input = json!({ "other": other, "person": "ada@acme.example" });
    let ended = own.run("everything", input).await;
    for name in RESERVED {
        let answer = ended["result"][name].as_str().unwrap_or_default();
        assert!(answer.starts_with("denied: "), "{name}: {answer}");
    }
    // What the provider has for all, without the secrets.
    assert_eq!(ended["result"]["integrations.get of its own"], json!({ "region": "eu" }));
    let deadline = Instant::now() + PATIENCE;
    loop {
        let log = own.expect(200, Method::GET, "/api/audit?limit=1000", Value::Null).await;
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
    let ended = platform.run("everything", input).await;
    for name in RESERVED {
        assert_eq!(ended["result"][name], "done", "{name}: {}", ended["result"]);
    }
    // Its owner has them, if not where they can be read.
    let config = &ended["result"]["integrations.get of its own"];
    assert_eq!(config, &json!({ "region": "eu", "api_key": "[redacted]" }));

    // A key that allows less than its role makes nobody who may do more.
    let ended = platform.run("promote", json!({ "person": "root@provider.example" })).await;
    assert_eq!(ended["result"], "done");
    let limited = json!({ "email": "limited@provider.example", "name": "k", "role": "platform_admin",
        "permissions": ["workflows.run", "users.manage"] });
    let key = platform.expect(201, Method::POST, "/api/keys", limited).await;
    let body = json!({ "workflow_id": "promote", "input_data": { "person": "more@provider.example" },
        "sync": true, "timeout_seconds": 110 });
    let (_, ended) = platform.with_key(&key["key"]).post("/api/workflows/execute", &body).await;
    assert!(ended["result"].as_str().unwrap_or_default().starts_with("denied: "), "{ended}");

    // Acme's code starts the provider's: the administrator's rights are left behind.
    let ended = platform.run("all_organizations", json!({})).await;
    assert!(ended["result"]["names"].to_string().contains("Acme"), "{ended}");
    let relayed = json!({ "name": "all_organizations", "parameters": {} });
    let ended = own.run("relay", relayed).await;
    let child = own.ended(ended["result"].as_str().expect("an id"), PATIENCE).await;
    assert!(child["result"]["denied"].is_string(), "{child}");
    // A repetition by an administrator does not bring them back.
    let id = child["execution_id"].as_str().expect("an id");
    let path = format!("/api/executions/{id}/rerun");
    let again = own.expect(202, Method::POST, &path, json!({})).await;
    let again = own.ended(again["execution_id"].as_str().expect("an id"), PATIENCE).await;
    assert!(again["result"]["denied"].is_string(), "{again}");

    // A chain of runs ends.
    own.run("again", json!({})).await;
    let deadline = Instant::now() + PATIENCE;
    loop {
        let path = "/api/executions?workflow_name=again&limit=100";
        let runs = own.expect(200, Method::GET, path, Value::Null).await;
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
    let platform = Platform::start(TEMPORARY, "tenants").await?;
    let acme = platform.organization("Acme").await;
    let own = platform.within(&acme);
    let module = |text: &str| format!("def hello():\n    return \"{text}\"\n");
    let flow = "from bifrost import workflow\nfrom modules import greeting, words\n\n@workflow\n\
                async def greet() -> str:\n    return greeting.hello() + words.WORD\n";
    let only = source("provider_only.py");
    let provider =
        async |text: &str| platform.deploy(&[("modules/greeting.py", &module(text)), ("f.py", &only)]).await;
    provider("one").await;
    let share = json!({ "folders": ["modules"] });
    let (status, refused) = platform.call(Method::PUT, "/api/workspace/shared", &share).await;
    assert_eq!((status.as_u16(), &refused["code"]), (422, &json!("discloses_source")), "{refused}");
    let share = json!({ "folders": ["modules"], "disclose_source": true });
    let shared = platform.expect(200, Method::PUT, "/api/workspace/shared", share).await;
    assert_eq!(shared["disclosed"], json!(["modules/greeting.py"]));

    let words = [("flow.py", flow), ("modules/words.py", "WORD = '!'\n")];
    own.deploy(&words).await;
    assert_eq!(own.run("greet", json!({})).await["result"], "one!");
    let answer = provider("two").await;
    assert_eq!(answer["dependants"][0]["name"], "Acme", "{answer}");
    assert_eq!(own.run("greet", json!({})).await["result"], "two!");

    // What would break somebody is refused before it goes live.
    let broken = json!({ "files": { "modules/greeting.py": BASE64_STANDARD.encode("hello = 1 / 0\n"), "f.py": BASE64_STANDARD.encode(&only) } });
    let (status, refused) = platform.call(Method::POST, "/api/workspace/deploy", &broken).await;
    assert_eq!((status.as_u16(), &refused["code"]), (409, &json!("breaks_dependants")), "{refused}");
    assert!(refused["detail"].as_str().is_some_and(|text| text.contains("Acme")), "{refused}");
    assert_eq!(own.run("greet", json!({})).await["result"], "two!");
    let mine = module("mine");
    own.deploy(&[words[0], words[1], ("modules/greeting.py", &mine)]).await;
    assert_eq!(own.run("greet", json!({})).await["result"], "mine!");

    // The way out, as an operator goes it.
    let export = platform.data().join("acme.tar");
    let file = export.to_str().expect("a path");
    let settings = [("BIFROST_KEY", platform.key()), ("BIFROST_URL", platform.url())];
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
    platform.expect(404, Method::GET, &path, Value::Null).await;
    let proof = platform.expect(200, Method::GET, &format!("{path}/offboarding"), Value::Null).await;
    assert_eq!((&proof["state"], &proof["proof"]["scan"]["rows"]), (&json!("done"), &json!(0)));
    Ok(())
}
