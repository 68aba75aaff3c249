//! The SDK as three generations of workspaces know it: every name and signature of
//! `tests/compat/sdk/workspace/surface.txt` is used by a workflow that runs here, and each run's
//! log says what was really called, read and answered.

mod wheels;

use anyhow::{Context, Result, ensure};
use bifrost_tests::{Fakes, Platform, folder};
use hmac::{Hmac, Mac};
use reqwest::{Method, StatusCode};
use serde_json::{Map, Value, json};
use sha2::Sha256;
use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

const TEMPORARY: &str = env!("CARGO_TARGET_TMPDIR");
/// Relative to the workspaces of this crate.
const WORKSPACE: &str = "../compat/sdk/workspace";
const PATIENCE: Duration = Duration::from_secs(60);
/// What the workspace asks for, and what that needs.
const PACKAGES: [&str; 6] = ["anyio", "certifi", "h11", "httpcore", "httpx", "idna"];

/// A line of the table.
struct Row {
    what: String,
    workflow: String,
}

impl Row {
    /// The name alone.
    fn name(&self) -> &str {
        let end = self.what.find(['(', '{', '[']).unwrap_or(self.what.len());
        self.what[..end].trim_matches(['@', '!'])
    }

    /// What the log of the run has when it did what the row says; `None` where being imported is all.
    fn evidence(&self) -> Option<String> {
        let (name, module) = (self.name(), self.name().split('.').next().unwrap_or_default());
        let is_class = name.rsplit('.').next().is_some_and(|last| last.starts_with(char::is_uppercase));
        if self.what.starts_with('@') {
            None
        } else if module == "context" {
            Some(format!("read {name}"))
        } else if self.what.contains('{') && module != "webhooks" {
            Some(format!("got {name}"))
        } else if self.what.contains('!') || (self.what.contains('(') && !is_class) {
            Some(format!("called {name}"))
        } else {
            None
        }
    }
}

fn table() -> Result<Vec<Row>> {
    let text = std::fs::read_to_string(folder(WORKSPACE).join("surface.txt"))?;
    let lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines
        .map(|line| match line.split(" | ").collect::<Vec<_>>()[..] {
            [generation, what, workflow] if workflow.contains(".py::") && "ABC".contains(generation) => {
                Ok(Row { what: what.to_owned(), workflow: workflow.to_owned() })
            }
            _ => anyhow::bail!("not a row: {line}"),
        })
        .collect()
}

/// Runs of all workflows, and what they said of themselves.
struct Runs {
    platform: Platform,
    said: BTreeMap<String, BTreeSet<String>>,
}

impl Runs {
    /// Runs one, which has to succeed unless `error` is how it has to fail; its result.
    async fn run(&mut self, id: &str, input: Value, error: Option<&str>) -> Value {
        let run = self.platform.submit(id, input).await;
        let mut ended = self.platform.ended(&run, PATIENCE).await;
        let log = self.note(id, &run).await;
        let status = if error.is_some() { "Failed" } else { "Success" };
        assert_eq!(
            (&ended["status"], &ended["error_type"]),
            (&json!(status), &json!(error)),
            "{id}: {ended} {log}"
        );
        ended["result"].take()
    }

    /// The newest run of a workflow, once there is one.
    async fn started(&self, workflow: &str) -> Result<String> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let page = self.platform.get(&format!("/api/executions?workflow_name={workflow}")).await;
            if let Some(id) = page["executions"][0]["execution_id"].as_str() {
                return Ok(id.to_owned());
            }
            ensure!(Instant::now() < deadline, "nothing started {workflow}");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// Keeps what a run's log says; answers the whole log.
    async fn note(&mut self, id: &str, run: &str) -> Value {
        let log = self.platform.get(&format!("/api/executions/{run}/logs?limit=10000")).await;
        let lines = log["logs"].as_array().into_iter().flatten().filter_map(|line| line["message"].as_str());
        let said = self.said.entry(id.to_owned()).or_default();
        // `got Role id,name` is about `Role`.
        said.extend(lines.map(|line| line.split(' ').take(2).collect::<Vec<_>>().join(" ")));
        log
    }
}

/// What the workflows need: an organization, a setting, an integration with a connection, a topic.
async fn prepared(platform: &Platform, fakes: &Fakes) -> Result<String> {
    let organization = platform.organization("Contoso").await;
    platform.expect(200, Method::PUT, "/api/config/compat_plain", json!({ "value": "plain" })).await;
    let integration = json!({
        "name": "Compat",
        "config_schema": [
            { "key": "base_url", "type": "string", "required": true },
            { "key": "region", "type": "string", "default": "eu" },
            { "key": "api_key", "type": "secret" },
        ],
        "config": { "base_url": fakes.told("ninjaone"), "api_key": "key-of-compat" },
        "oauth": fakes.oauth(&format!("{}/ws/oauth/token", fakes.told("ninjaone")), &json!({})),
        "client_secret": fakes.told("client_secret"),
    });
    platform.expect(201, Method::POST, "/api/integrations", integration).await;
    let topic = json!({ "name": "told", "kind": "topic", "topic": "compat.told" });
    let topic = platform.expect(201, Method::POST, "/api/webhooks", topic).await;
    let path = format!("/api/webhooks/{}/subscriptions", topic["id"].as_str().context("an id")?);
    let subscription = json!({ "workflow_id": "heard_c", "mapping": { "n": "/data/n" } });
    platform.expect(201, Method::POST, &path, subscription).await;
    Ok(organization)
}

/// The first generation, and the second.
async fn older(runs: &mut Runs, organization: &str) {
    for module in ["context", "config", "oauth", "secrets", "storage"] {
        runs.run(&format!("generation_a/{module}_a.py::{module}_a"), json!({}), None).await;
    }
    let input = json!({ "email": "ada@example.com", "size": "100" });
    let made = runs.run("generation_a/decorators_a.py::decorators_a", input, None).await;
    assert_eq!(made["size"], 100);
    let flags = runs.run("generation_a/decorators_a.py::launch_a", json!({ "x": 1 }), None).await;
    assert_eq!(flags, json!({ "is_admin": true, "has_parameters": true }));
    let files = runs.run("generation_a/files_a.py::files_a", json!({}), None).await;
    assert_eq!(files, json!({ "text": "hello", "paths": [] }));

    for (module, takes_organization) in [
        ("context", false),
        ("config", false),
        ("integrations", true),
        ("organizations", true),
        ("people", true),
        ("workflows", false),
        ("files", false),
        ("ai", false),
    ] {
        let input = if takes_organization { json!({ "organization": organization }) } else { json!({}) };
        runs.run(&format!("generation_b/{module}_b.py::{module}_b"), input, None).await;
    }
    // Text as a form sends it, and more than the signature names.
    let input = json!({ "userName": "ada", "count": "3", "ratio": "1.5", "force": "yes", "more": [1] });
    let bound = runs.run("generation_b/decorators_b.py::decorators_b", input, None).await;
    let expected = json!({
        "userName": "ada", "count": 3, "ratio": 1.5, "force": true, "tags": null, "options": null, "tier": "basic",
        "anything": null, "others": { "more": [1] },
    });
    assert_eq!(bound, expected);
    runs.run("generation_b/decorators_b.py::choices_b", json!({ "org_id": "o", "domain": "d" }), None).await;
    runs.run("generation_b/decorators_b.py::tool_b", json!({ "a": "1" }), None).await;
}

/// The third generation.
async fn latest(runs: &mut Runs, organization: &str) -> Result<()> {
    for (module, takes_organization) in [
        ("context", true),
        ("integrations", true),
        ("organizations", false),
        ("people", true),
        ("workflows", false),
        ("files", true),
        ("tables", true),
        ("webhooks", false),
    ] {
        let input = if takes_organization { json!({ "organization": organization }) } else { json!({}) };
        runs.run(&format!("generation_c/{module}_c.py::{module}_c"), input, None).await;
    }
    let secret = runs.run("generation_c/config_c.py::config_c", json!({}), None).await;
    assert_eq!(secret, "it is [redacted]");
    for function in ["ai_c", "knowledge_c", "agents_c", "client_c"] {
        let said = runs.run(&format!("generation_c/missing_c.py::{function}"), json!({}), None).await;
        assert!(
            said.as_str().is_some_and(|said| said.contains("not supported here; ")),
            "{function}: {said}"
        );
    }
    let gone = runs.run("generation_c/api_c.py::api_c", json!({}), None).await;
    assert_eq!(gone, json!([204, 404, 204]));
    for kind in ["UserError", "WorkflowError", "ValidationError", "IntegrationError", "ConfigurationError"] {
        runs.run("generation_c/errors_c.py::errors_c", json!({ "kind": kind }), Some(kind)).await;
    }
    let caught = runs.run("generation_c/errors_c.py::caught_c", json!({}), None).await;
    assert_eq!(caught, json!([404, 409, 403, 422]));
    let names = runs.run("generation_c/errors_c.py::models_c", json!({}), None).await;
    assert_eq!((&names[1], &names[2]), (&json!("multi_select"), &json!("Stuck")));

    let run = runs.platform.submit("generation_c/workflows_c.py::log_c", json!({})).await;
    runs.platform.ended(&run, PATIENCE).await;
    let lines = runs.run("generation_c/workflows_c.py::logs_c", json!({ "of": run }), None).await;
    let expected = [("WARNING", "of warning"), ("TRACEBACK", "of a traceback"), ("INFO", "that is printed")];
    let expected: Vec<_> =
        expected.iter().map(|(level, what)| json!([level, format!("a line {what}")])).collect();
    assert_eq!(lines, json!(expected));

    let emitted = runs.run("generation_c/events_c.py::events_c", json!({}), None).await;
    assert_eq!(emitted["nobody"], 0);
    let heard = runs.started("heard_c").await?;
    let ended = runs.platform.ended(&heard, PATIENCE).await;
    assert_eq!(
        (&ended["status"], &ended["result"]["id"]),
        (&json!("Success"), &emitted["event_id"]),
        "{ended}"
    );
    runs.note("generation_c/events_c.py::heard_c", &heard).await;
    Ok(())
}

/// A form with a launch workflow, as code sees it and as somebody fills it in.
async fn filled_in(runs: &mut Runs) -> Result<()> {
    let form = json!({
        "name": "Say hello", "workflow": "submitted_c", "launch_workflow": "opened_c", "access": "granted",
        "fields": [{ "name": "name", "label": "Name", "type": "text", "required": true }],
    });
    let form = runs.platform.expect(201, Method::POST, "/api/forms", form).await;
    let id = form["id"].as_str().context("an id")?;
    runs.run("generation_b/forms_b.py::forms_b", json!({ "form": id }), None).await;
    runs.run("generation_c/forms_c.py::forms_c", json!({ "form": id }), None).await;
    let open = format!("/api/forms/{id}/open");
    let opened = runs.platform.expect(200, Method::POST, &open, json!({ "query": {} })).await;
    let greeting = opened["context"]["workflow"]["greeting"].as_str().context("a greeting")?;
    let filled = json!({ "session_id": opened["session_id"], "values": { "name": "Ada" } });
    let run = runs.platform.expect(202, Method::POST, &format!("/api/forms/{id}/execute"), filled).await;
    let run = run["execution_id"].as_str().context("an id")?;
    let ended = runs.platform.ended(run, PATIENCE).await;
    assert_eq!(ended["result"], format!("{greeting}, Ada"), "{ended}");
    runs.note("generation_c/forms_c.py::submitted_c", run).await;
    Ok(())
}

/// A delivery that an author's own adapter takes.
async fn delivered(runs: &mut Runs) -> Result<()> {
    let secret = "what the sender signs with";
    let webhook = json!({ "name": "tickets", "kind": "adapter", "adapter": "Ticketing", "config": { "secret": secret } });
    let webhook = runs.platform.expect(201, Method::POST, "/api/webhooks", webhook).await;
    let path = format!("/api/webhooks/{}/subscriptions", webhook["id"].as_str().context("an id")?);
    let subscription = json!({ "workflow_id": "delivered_c", "mapping": { "n": "/data/n" } });
    runs.platform.expect(201, Method::POST, &path, subscription).await;
    let body = json!({ "n": 7 }).to_string();
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes())?;
    mac.update(body.as_bytes());
    let signature: String = mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    let address = format!("{}{}", runs.platform.url(), webhook["path"].as_str().context("a path")?);
    let http = reqwest::Client::new();
    let asked = http.post(format!("{address}?validationToken=abc")).send().await?;
    assert_eq!((asked.status(), asked.text().await?.as_str()), (StatusCode::OK, "abc"));
    let refused = http.post(&address).header("x-signature", "0").body(body.clone()).send().await?;
    assert_eq!(refused.status(), StatusCode::FORBIDDEN);
    let taken = http.post(&address).header("x-signature", signature).body(body).send().await?;
    assert_eq!(taken.status(), StatusCode::ACCEPTED);
    let run = runs.started("delivered_c").await?;
    let ended = runs.platform.ended(&run, PATIENCE).await;
    assert_eq!(ended["result"], 7, "{ended}");
    runs.note("generation_c/webhooks_c.py::delivered_c", &run).await;
    Ok(())
}

/// Workflows whose decorators ask for an endpoint, called over plain HTTP.
async fn reached(runs: &mut Runs) -> Result<()> {
    let listed = runs.platform.get("/api/endpoints").await;
    let all = listed["endpoints"].as_array().context("a list")?;
    let found: Vec<_> =
        all.iter().map(|one| json!([one["slug"], one["methods"], one["mode"], one["public"]])).collect();
    let expected = [
        json!(["decorators_a", ["POST"], "sync", false]),
        json!(["endpoint_b", ["GET", "POST"], "async", false]),
    ];
    assert_eq!(found, expected, "a key is asked for, whatever code says");
    let warnings = runs.platform.get("/api/workspace").await["report"]["warnings"].to_string();
    assert!(warnings.contains("`endpoint_b` asks for a public endpoint"), "{warnings}");
    let path = |n: usize| all[n]["path"].as_str().context("a path");
    let input = json!({ "email": "ada@example.com", "size": "100" });
    let answer = runs.platform.expect(200, Method::POST, path(0)?, input).await;
    assert_eq!(answer["size"], 100);
    let address = format!("{}{}?number=6", runs.platform.url(), path(1)?);
    let stranger = reqwest::get(&address).await?;
    assert_eq!(stranger.status(), StatusCode::UNAUTHORIZED);
    let run = runs.platform.expect(202, Method::GET, &format!("{}?number=6", path(1)?), Value::Null).await;
    let run = run["execution_id"].as_str().context("an id")?;
    let ended = runs.platform.ended(run, PATIENCE).await;
    assert_eq!(ended["result"], 7, "{ended}");
    runs.note("generation_b/decorators_b.py::endpoint_b", run).await;
    Ok(())
}

/// What decorators and results come to, which nothing has to be called for.
async fn decorated(runs: &mut Runs) -> Result<()> {
    runs.run("generation_c/decorators_c.py::unknown", json!({}), None).await;
    runs.run("generation_c/decorators_c.py::choices_c", json!({}), None).await;
    let greeted = runs.run("generation_c/decorators_c.py::decorators_c", json!({}), None).await;
    assert_eq!(greeted, "Hello, you");
    let input = json!({ "fields": { "a": 1 }, "max_rows": "5" });
    let answered = runs.run("generation_c/decorators_c.py::tool_c", input, None).await;
    assert_eq!(answered, json!({ "fields": { "a": 1 }, "max_rows": 5, "preview": false }));
    for (how, status, kind) in [
        ("html", "Success", "html"),
        ("text", "Success", "text"),
        ("list", "Success", "json"),
        ("errors", "CompletedWithErrors", "json"),
    ] {
        let run = runs.platform.submit("endings_c", json!({ "how": how })).await;
        let ended = runs.platform.ended(&run, PATIENCE).await;
        assert_eq!(
            (&ended["status"], &ended["result_type"]),
            (&json!(status), &json!(kind)),
            "{how}: {ended}"
        );
    }
    let listed = runs.platform.get("/api/workflows").await;
    let all: Map<String, Value> = listed["workflows"]
        .as_array()
        .context("a list")?
        .iter()
        .map(|one| (one["name"].as_str().unwrap_or_default().to_owned(), one.clone()))
        .collect();
    let parameters = |name: &str| -> Vec<Value> {
        let list = all[name]["parameters"].as_array().cloned().unwrap_or_default();
        list.iter().map(|one| json!([one["name"], one["type"], one["required"]])).collect()
    };
    let first = [
        json!(["email", "string", true]),
        json!(["license", "string", false]),
        json!(["size", "int", false]),
    ];
    assert_eq!(parameters("decorators_a"), first);
    let declared = &all["decorators_a"]["parameters"];
    assert_eq!(
        (
            &declared[0]["label"],
            &declared[0]["validation"],
            &declared[1]["data_provider"],
            &declared[2]["default_value"]
        ),
        (&json!("Address"), &json!({ "pattern": ".+@.+" }), &json!("choices_b"), &json!(50))
    );
    let kinds: Vec<_> = parameters("decorators_b").iter().map(|one| json!([one[1], one[2]])).collect();
    let expected = json!([
        ["string", true],
        ["int", true],
        ["float", false],
        ["bool", false],
        ["list", false],
        ["json", false],
        ["string", false],
        ["string", false],
    ]);
    assert_eq!(json!(kinds), expected);
    assert_eq!(all["decorators_b"]["parameters"][0]["label"], "User Name");
    assert_eq!(all["decorators_b"]["parameters"][6]["options"][1]["value"], "pro");
    assert_eq!(all["decorators_b"]["description"], "Every kind of parameter.");
    assert_eq!(
        (&all["choices_b"]["kind"], &all["tool_c"]["kind"]),
        (&json!("data_provider"), &json!("tool"))
    );
    let schedules = runs.platform.get("/api/schedules").await;
    assert_eq!(schedules["schedules"][0]["cron_expression"], "0 9 * * *", "{schedules}");
    Ok(())
}

#[tokio::test]
async fn all_names_and_signatures_are_used_in_all_generations() -> Result<()> {
    let (fakes, index) = (Fakes::start()?, wheels::index(&PACKAGES).await?);
    let platform = Platform::configure(TEMPORARY, WORKSPACE, |command| {
        command.env("BIFROST_EGRESS_PRIVATE", "true").env("BIFROST_PACKAGE_INDEX", index.address());
    })
    .await?;
    let deployed = platform.get("/api/workspace").await;
    assert_eq!(deployed["report"]["errors"], json!([]), "every file is imported");
    let organization = prepared(&platform, &fakes).await?;
    let mut runs = Runs { platform, said: BTreeMap::new() };

    let missing = runs.run("checks.py::surface_is_there", json!({}), None).await;
    assert_eq!(missing, json!([]), "the SDK lacks, or has in another shape");
    older(&mut runs, &organization).await;
    latest(&mut runs, &organization).await?;
    filled_in(&mut runs).await?;
    delivered(&mut runs).await?;
    decorated(&mut runs).await?;
    reached(&mut runs).await?;

    let mut unused = vec![];
    for row in table()? {
        let is_used = match (runs.said.get(&row.workflow), row.evidence()) {
            (None, _) => false,
            (Some(said), Some(evidence)) => said.contains(&evidence),
            (Some(_), None) => {
                let file = row.workflow.split("::").next().unwrap_or_default();
                let source = std::fs::read_to_string(folder(WORKSPACE).join(file))?;
                source.contains(row.name().rsplit('.').next().unwrap_or_default())
            }
        };
        if !is_used {
            unused.push(format!("{} by {}", row.what, row.workflow));
        }
    }
    assert!(unused.is_empty(), "nobody used {unused:#?}");
    Ok(())
}
