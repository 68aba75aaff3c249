//! One of two organizations that have the same names for everything, and what it does.

use anyhow::{Context, Result, ensure};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use bifrost_test_services::hooks::Receiver;
use bifrost_tests::Client;
use hmac::{Hmac, Mac};
use reqwest::Method;
use serde_json::{Value, json};
use sha2::Sha256;
use std::time::{Duration, Instant};

/// Every run has one of these kinds.
pub(super) const KINDS: [&str; 14] = [
    "echo",
    "config",
    "secret",
    "log",
    "fail",
    "large",
    "child",
    "list",
    "table",
    "file",
    "form",
    "integration",
    "notify",
    "webhook",
];
/// Until a delivery has started its run, and a channel was told of one that failed.
const PATIENCE: Duration = Duration::from_secs(60);

const FLOWS: &str = r#"
import logging
from bifrost import UserError, config, context, executions, files, integrations, tables, workflow, workflows

CANARY = "@CANARY@"
seen = []

@workflow
async def mixed(kind: str, text: str, number: int = 0):
    """One of several things that organizations do."""
    seen.append(text)
    await config.set("last_text", text)
    answer = {"kind": kind, "text": text, "code": CANARY, "memory": seen, "organization": context.org_name}
    if kind == "config":
        answer["value"] = [await config.get("same_name"), await config.get("last_text"), dict(await config.list())]
    elif kind == "secret":
        answer["value"] = str(await config.get("same_secret"))[:3]
    elif kind == "log":
        logging.getLogger(__name__).info("%s %s", text, CANARY)
        print(text)
    elif kind == "fail":
        raise UserError(f"{text} {CANARY}")
    elif kind == "large":
        answer["value"] = text * 4_000
    elif kind == "child":
        answer["value"] = await workflows.execute("mixed", {"kind": "echo", "text": text})
    elif kind == "list":
        runs = await executions.list(limit=20)
        answer["value"] = [(await executions.get(run.execution_id)).model_dump() for run in runs]
    elif kind == "table":
        await tables.upsert("same_table", f"same-{number}", {"text": text, "code": CANARY})
        found = await tables.query("same_table", {"text": {"contains": "canary"}}, order_by="code", limit=20)
        answer["value"] = [one.data for one in found.documents]
    elif kind == "file":
        await files.write(f"same-{number}.txt", f"{text} {CANARY}", location="same")
        answer["value"] = [await files.read(f"same-{number}.txt", location="same"), await files.list(location="same")]
    elif kind == "integration":
        data = await integrations.get("same_integration")
        answer["value"] = [data.entity_id, data.config["region"], str(data.config["api_key"])[:3]]
    elif kind == "webhook":
        answer["value"] = context.event.data
    return answer

@workflow
async def notify(kind: str, text: str, number: int = 0):
    """Ends badly, and a channel is told."""
    raise UserError(f"{text} {CANARY}")
"#;

/// An organization, its administrator, and what only it may ever see.
pub(super) struct Tenant {
    pub id: String,
    pub client: Client,
    pub canary: String,
    /// The canary as the database writes it where it is a part of bytes.
    in_bytes: String,
    /// Where its form is.
    pub form: String,
    /// Its webhook, as the API has made it.
    pub webhook: Value,
    /// Where its channel leads.
    receiver: Receiver,
    http: reqwest::Client,
}

impl Tenant {
    pub async fn make(root: &Client, name: &str, canary: &str) -> Result<Self> {
        let id = root.organization(name).await;
        let client = root.within(&id).with_new_key("same@name.example", "org_admin").await;
        let files = json!({ "flows.py": BASE64_STANDARD.encode(FLOWS.replace("@CANARY@", canary)) });
        let deploy = json!({ "files": files, "message": canary });
        let answer = client.expect(200, Method::POST, "/api/workspace/deploy", deploy).await;
        ensure!(answer["errors"] == json!([]), "{answer}");
        for (name, is_secret) in [("same_name", false), ("same_secret", true)] {
            let entry = json!({ "value": canary, "is_secret": is_secret, "description": canary });
            client.expect(200, Method::PUT, &format!("/api/config/{name}"), entry).await;
        }
        let tenant = Self {
            form: form(&client, canary).await?,
            webhook: webhook(&client, canary).await?,
            receiver: Receiver::start("HTTP/1.1 204 No Content\r\n\r\n").await?,
            in_bytes: canary.bytes().map(|byte| format!("{byte:02x}")).collect(),
            http: reqwest::Client::new(),
            canary: canary.to_owned(),
            client,
            id,
        };
        tenant.keep().await?;
        tenant.watch().await?;
        Ok(tenant)
    }

    /// An integration, a table and a file.
    async fn keep(&self) -> Result<()> {
        let (client, canary) = (&self.client, &self.canary);
        let integration = json!({
            "name": "same_integration",
            "description": canary,
            "config_schema": [{ "key": "region", "type": "string" }, { "key": "api_key", "type": "secret" }],
            "config": { "region": canary, "api_key": canary },
        });
        client.expect(201, Method::POST, "/api/integrations", integration).await;
        let mapping = json!({ "entity_id": canary, "config": { "api_key": canary } });
        let path = format!("/api/integrations/same_integration/mappings/{}", self.id);
        client.expect(200, Method::PUT, &path, mapping).await;
        let table = json!({ "name": "same_table", "description": canary });
        client.expect(201, Method::POST, "/api/tables", table).await;
        let document = json!({ "id": "same", "data": { "text": canary } });
        client.expect(201, Method::POST, "/api/tables/same_table/documents", document).await;
        let url = format!("{}/api/files/content?location=same&path=same.txt", client.url());
        let (status, answer) = client.send(self.http.put(url).body(canary.clone())).await;
        ensure!(status == 200, "{answer}");
        Ok(())
    }

    /// A channel, and the rule by which it is told of the runs of `notify`.
    async fn watch(&self) -> Result<()> {
        let all = self.client.get("/api/workflows").await;
        let workflows = all["workflows"].as_array().context("workflows")?;
        let told = workflows.iter().find(|one| one["name"] == "notify").context("notify")?;
        let channel =
            json!({ "name": "same", "kind": "webhook", "url": self.receiver.url, "secret": self.canary });
        let channel = self.client.expect(201, Method::POST, "/api/notification-channels", channel).await;
        let rule = json!({ "name": "same", "event": "run_failed", "workflow_ids": [told["id"]],
            "channel_ids": [channel["id"]] });
        self.client.expect(201, Method::POST, "/api/notification-rules", rule).await;
        Ok(())
    }

    /// Starts one of the runs, as its kind is started; its id.
    pub async fn submit(&self, number: usize) -> Result<String> {
        let (kind, key) = (KINDS[number % KINDS.len()], format!("same-{number}"));
        let mut input = json!({ "kind": kind, "text": self.canary });
        let (status, answer) = match kind {
            "webhook" => return self.deliver(&input, &key).await,
            "form" => {
                let open = format!("{}/open", self.form);
                let opened = self.client.expect(200, Method::POST, &open, json!({})).await;
                let body =
                    json!({ "session_id": opened["session_id"], "values": input, "idempotency_key": key });
                self.client.post(&format!("{}/execute", self.form), &body).await
            }
            _ => {
                input["number"] = json!(number);
                let workflow = if kind == "notify" { kind } else { "mixed" };
                let body = json!({ "workflow_id": workflow, "input_data": input, "idempotency_key": key });
                self.client.post("/api/workflows/execute", &body).await
            }
        };
        ensure!(status == 202, "{kind}: {answer}");
        Ok(answer["execution_id"].as_str().context("an id")?.to_owned())
    }

    /// Sends a signed delivery; the id of the run that it starts.
    async fn deliver(&self, event: &Value, key: &str) -> Result<String> {
        let (body, path) = (event.to_string(), self.webhook["path"].as_str().context("a path")?);
        let request = self.http.post(format!("{}{path}", self.client.url()));
        let request = request.header("content-type", "application/json").header("x-delivery-id", key);
        let request = request.header("x-signature-256", signature(&self.canary, &body)).body(body);
        let answer: Value = request.send().await?.error_for_status()?.json().await?;
        let id = answer["delivery_id"].as_str().context("an id")?;
        let deadline = Instant::now() + PATIENCE;
        loop {
            let delivery = self.client.get(&format!("/api/webhook-deliveries/{id}")).await;
            if let Some(run) = delivery["outcomes"][0]["execution_id"].as_str() {
                return Ok(run.to_owned());
            }
            ensure!(Instant::now() < deadline, "it has started nothing: {delivery}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// What its channel was told, once that is something.
    pub async fn told(&self) -> Result<Vec<String>> {
        let deadline = Instant::now() + PATIENCE;
        while self.receiver.requests().is_empty() {
            ensure!(Instant::now() < deadline, "its channel was told nothing");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        Ok(self.receiver.requests().into_iter().map(|one| one.head + &one.body).collect())
    }

    /// Whether its canary is in what the database holds.
    pub fn is_in(&self, document: &str) -> bool {
        document.contains(&self.canary) || document.contains(&self.in_bytes)
    }
}

async fn form(client: &Client, canary: &str) -> Result<String> {
    let form = json!({
        "name": "same",
        "description": canary,
        "workflow": "flows.py::mixed",
        "fields": [
            { "name": "kind", "label": "Kind", "type": "text", "required": true },
            { "name": "text", "label": canary, "type": "text", "required": true },
        ],
    });
    let made = client.expect(201, Method::POST, "/api/forms", form).await;
    Ok(format!("/api/forms/{}", made["id"].as_str().context("an id")?))
}

async fn webhook(client: &Client, canary: &str) -> Result<Value> {
    let new = json!({ "name": "same", "kind": "generic", "secret": canary });
    let made = client.expect(201, Method::POST, "/api/webhooks", new).await;
    let path = format!("/api/webhooks/{}/subscriptions", made["id"].as_str().context("an id")?);
    let mapping = json!({ "kind": { "value": "webhook" }, "text": "/data/text" });
    let subscription = json!({ "workflow_id": "mixed", "mapping": mapping });
    client.expect(201, Method::POST, &path, subscription).await;
    Ok(made)
}

fn signature(secret: &str, body: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("a key");
    mac.update(body.as_bytes());
    mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect()
}
