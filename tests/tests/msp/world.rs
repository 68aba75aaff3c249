//! The platform with the workspace on it, and the vendors' APIs.

use crate::wheels;
use anyhow::{Context, Result, ensure};
use bifrost_tests::process::{bifrost, data_folder, run};
use bifrost_tests::{Client, Fakes, Platform};
use reqwest::Method;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

const TEMPORARY: &str = env!("CARGO_TARGET_TMPDIR");
pub const PATIENCE: Duration = Duration::from_secs(120);
/// What the workspace asks for, and what that needs.
const PACKAGES: [&str; 7] = ["anyio", "certifi", "h11", "httpcore", "httpx", "idna", "xlsxwriter"];
pub const CONTOSO: &str = "Contoso";
/// Adatum's tenant at Microsoft, and its id at NinjaOne.
pub const TENANT: &str = "00000001-0000-4000-8000-00000000000a";

/// The workspace, put together as its README says.
fn workspace() -> Result<tempfile::TempDir> {
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples");
    let folder = tempfile::tempdir()?;
    let copy = |from: PathBuf, to: PathBuf| -> Result<()> {
        ensure!(Command::new("cp").arg("-r").arg(from).arg(to).status()?.success(), "cp");
        Ok(())
    };
    copy(examples.join("msp"), folder.path().join("w"))?;
    copy(examples.join("modules"), folder.path().join("w/modules"))?;
    Ok(folder)
}

pub struct World {
    pub platform: Platform,
    /// As the administrator, within the organization that the runs belong to.
    pub provider: Client,
    pub fakes: Fakes,
    _index: wheels::FakeIndex,
}

impl World {
    pub async fn start() -> Result<Self> {
        let (fakes, index) = (Fakes::start()?, wheels::index(&PACKAGES).await?);
        let data = data_folder(TEMPORARY)?;
        let settings = [
            ("BIFROST_DATA", data.path().to_str().context("a path")?),
            ("BIFROST_EGRESS_PRIVATE", "true"),
            ("BIFROST_PACKAGE_INDEX", index.address()),
        ];
        let (command, key) = (bifrost(&["up"], &settings)?, data.path().join("admin.key"));
        let platform = Platform::serve(command, &key, data).await?;
        let folder = workspace()?;
        let path = folder.path().join("w");
        let deploy = ["deploy", path.to_str().context("a path")?, "--server", platform.url()];
        let (code, said, error) = run(&deploy, &[("BIFROST_KEY", platform.key())])?;
        ensure!(code == 0, "{said}{error}");
        let deployed = platform.get("/api/workspace").await;
        assert_eq!(deployed["report"]["errors"], json!([]), "{said}");
        let organizations = platform.get("/api/organizations").await;
        let all = organizations["organizations"].as_array().context("a list")?;
        let own = all.iter().find(|one| one["is_provider"] == true).context("the provider")?;
        let provider = platform.within(own["id"].as_str().context("an id")?);
        let world = Self { platform, provider, fakes, _index: index };
        world.connect().await;
        world.pause().await?;
        Ok(world)
    }

    /// The integrations, and the one setting that has to be.
    async fn connect(&self) {
        let fakes = &self.fakes;
        let define = async |name: &str, page_size: u64, keys: &[(&str, &str)], more: Value| {
            let mut config = json!({ "page_size": page_size });
            let mut schema = vec![json!({ "key": "page_size", "type": "int" })];
            for (key, value) in keys {
                schema.push(json!({ "key": key, "type": "string" }));
                config[*key] = json!(value);
            }
            let mut integration = json!({ "name": name, "config_schema": schema, "config": config });
            if let Value::Object(more) = more {
                integration.as_object_mut().expect("an object").extend(more);
            }
            self.platform.expect(201, Method::POST, "/api/integrations", integration).await;
        };
        // The platform itself keeps their tokens.
        let oauth = |path: &str, parameters: Value| -> Value {
            let (oauth, secret) = (fakes.oauth(path, &parameters), fakes.told("client_secret"));
            json!({ "oauth": oauth, "client_secret": secret })
        };
        let ninjaone = fakes.told("ninjaone");
        let server = oauth(&format!("{ninjaone}/ws/oauth/token"), json!({}));
        define("NinjaOne", 3, &[("base_url", ninjaone)], server).await;
        let halopsa = fakes.told("halopsa");
        let server = oauth(&format!("{halopsa}/auth/token"), json!({}));
        define("HaloPSA", 3, &[("base_url", halopsa)], server).await;
        let pax8 = fakes.told("pax8");
        let server = oauth(&format!("{pax8}/v1/token"), json!({ "audience": "https://api.pax8.com" }));
        define("Pax8", 5, &[("base_url", pax8)], server).await;
        // Of Microsoft each tenant has tokens of its own: those of the provider's code are for all of
        // them and its own affair, the platform keeps those of a mapped organization.
        let microsoft = fakes.told("microsoft");
        let mut server = oauth(&format!("{microsoft}/{{entity_id}}/oauth2/v2.0/token"), json!({}));
        server["oauth"]["scopes"] = json!(["https://graph.microsoft.com/.default"]);
        let keys = [
            ("partner_tenant", "00000000-0000-4000-8000-0000000000ff"),
            ("partner_url", microsoft),
            ("graph_url", microsoft),
        ];
        define("Microsoft CSP", 3, &keys, server).await;
        let mailbox = json!({ "value": "service@provider.example" });
        self.platform.expect(200, Method::PUT, "/api/config/onboarding_mailbox", mailbox).await;
    }

    /// Nothing comes by its schedule while this day lasts.
    async fn pause(&self) -> Result<()> {
        let schedules = self.platform.get("/api/schedules").await;
        for one in schedules["schedules"].as_array().context("a list")? {
            let path = format!("/api/schedules/{}/pause", one["id"].as_str().context("an id")?);
            let (status, answer) = self.platform.post(&path, &Value::Null).await;
            ensure!(status.is_success(), "{answer}");
        }
        Ok(())
    }

    /// Runs a workflow, which has to end so; its result.
    pub async fn run(&self, workflow: &str, input: Value, status: &str) -> Value {
        let id = self.platform.submit(workflow, input).await;
        self.result(&id, status).await
    }

    /// The result of a run that has to end so.
    pub async fn result(&self, id: &str, status: &str) -> Value {
        let mut ended = self.platform.ended(id, PATIENCE).await;
        if ended["status"] != status {
            let log = self.platform.get(&format!("/api/executions/{id}/logs")).await;
            panic!("{ended} {log}");
        }
        ended["result"].take()
    }

    /// What a vendor was asked since the last time: `GET /v2/devices`, with what it answered.
    pub async fn seen(&self, vendor: &str) -> Result<Seen> {
        Ok(Seen(self.fakes.calls(vendor).await?))
    }

    pub async fn fail(&self, vendor: &str, fault: Value) -> Result<()> {
        self.fakes.fail(vendor, fault).await
    }

    /// The newest run of a workflow, once there is one.
    pub async fn started(&self, workflow: &str) -> Result<String> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let mut page = self.platform.get(&format!("/api/executions?workflow_name={workflow}")).await;
            if let Value::String(id) = page["executions"][0]["execution_id"].take() {
                return Ok(id);
            }
            ensure!(Instant::now() < deadline, "nothing started {workflow}");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
}

/// Calls that a vendor has seen, in order.
pub struct Seen(pub Vec<Value>);

impl Seen {
    /// Those of a method and a path.
    pub fn of(&self, method: &str, path: &str) -> Vec<&Value> {
        self.0.iter().filter(|call| call["method"] == method && call["path"] == path).collect()
    }

    pub fn statuses(&self, method: &str, path: &str) -> Vec<u64> {
        self.of(method, path).iter().map(|call| call["status"].as_u64().unwrap_or(0)).collect()
    }

    /// Values of a parameter, in order.
    pub fn asked(&self, method: &str, path: &str, parameter: &str) -> Vec<String> {
        let value = |call: &&Value| call["query"][parameter].as_str().unwrap_or("").to_owned();
        self.of(method, path).iter().map(value).collect()
    }

    /// Requests for tokens.
    pub fn sign_ins(&self) -> usize {
        self.0
            .iter()
            .filter(|call| call["path"].as_str().is_some_and(|path| path.ends_with("/token")))
            .count()
    }

    /// Seconds between a refusal for the rate and the next call but for a token.
    pub fn pause(&self) -> Result<f64> {
        let time = |call: &Value| call["time"].as_f64().unwrap_or(0.0);
        let refused = self.0.iter().find(|call| call["status"] == 429).context("nothing was refused")?;
        let later = self.0.iter().filter(|call| time(call) > time(refused) + 0.5);
        let next = later.map(time).fold(f64::INFINITY, f64::min);
        // Calls that were under way already do not count; nothing may be in between.
        Ok(next - time(refused))
    }
}
