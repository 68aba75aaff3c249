//! The workspace of a managed service provider (`examples/msp`) as an administrator sets it up and
//! lives with it, in real sandboxes, against the vendors' APIs on this machine: with pages, refusals
//! for the rate, tokens that end, connections that break. What came of it is looked at here and there.

mod wheels;

use anyhow::{Context, Result, ensure};
use bifrost_tests::process::{bifrost, data_folder, run};
use bifrost_tests::{Client, Fakes, Platform};
use hmac::{Hmac, Mac};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use sha2::Sha256;
use std::collections::BTreeSet;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

const TEMPORARY: &str = env!("CARGO_TARGET_TMPDIR");
const PATIENCE: Duration = Duration::from_secs(120);
/// What the workspace asks for, and what that needs.
const PACKAGES: [&str; 7] = ["anyio", "certifi", "h11", "httpcore", "httpx", "idna", "xlsxwriter"];
const CONTOSO: &str = "Contoso";
/// Adatum's tenant at Microsoft, and its id at NinjaOne.
const TENANT: &str = "00000001-0000-4000-8000-00000000000a";
/// Seconds that a token of NinjaOne is good.
const LIFETIME: u32 = 15;
const HOOK_SECRET: &str = "what HaloPSA signs with";

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

struct World {
    platform: Platform,
    /// As the administrator, within the organization that the runs belong to.
    provider: Client,
    fakes: Fakes,
    _index: wheels::FakeIndex,
}

impl World {
    async fn start() -> Result<Self> {
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
    async fn run(&self, workflow: &str, input: Value, status: &str) -> Value {
        let id = self.platform.submit(workflow, input).await;
        self.result(&id, status).await
    }

    /// The result of a run that has to end so.
    async fn result(&self, id: &str, status: &str) -> Value {
        let mut ended = self.platform.ended(id, PATIENCE).await;
        if ended["status"] != status {
            let log = self.platform.get(&format!("/api/executions/{id}/logs")).await;
            panic!("{ended} {log}");
        }
        ended["result"].take()
    }

    /// What a vendor was asked since the last time: `GET /v2/devices`, with what it answered.
    async fn seen(&self, vendor: &str) -> Result<Seen> {
        Ok(Seen(self.fakes.calls(vendor).await?))
    }

    async fn fail(&self, vendor: &str, fault: Value) -> Result<()> {
        self.fakes.fail(vendor, fault).await
    }

    /// The newest run of a workflow, once there is one.
    async fn started(&self, workflow: &str) -> Result<String> {
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
struct Seen(Vec<Value>);

impl Seen {
    /// Those of a method and a path.
    fn of(&self, method: &str, path: &str) -> Vec<&Value> {
        self.0.iter().filter(|call| call["method"] == method && call["path"] == path).collect()
    }

    fn statuses(&self, method: &str, path: &str) -> Vec<u64> {
        self.of(method, path).iter().map(|call| call["status"].as_u64().unwrap_or(0)).collect()
    }

    /// Values of a parameter, in order.
    fn asked(&self, method: &str, path: &str, parameter: &str) -> Vec<String> {
        let value = |call: &&Value| call["query"][parameter].as_str().unwrap_or("").to_owned();
        self.of(method, path).iter().map(value).collect()
    }

    /// Requests for tokens.
    fn sign_ins(&self) -> usize {
        self.0
            .iter()
            .filter(|call| call["path"].as_str().is_some_and(|path| path.ends_with("/token")))
            .count()
    }

    /// Seconds between a refusal for the rate and the next call but for a token.
    fn pause(&self) -> Result<f64> {
        let time = |call: &Value| call["time"].as_f64().unwrap_or(0.0);
        let refused = self.0.iter().find(|call| call["status"] == 429).context("nothing was refused")?;
        let later = self.0.iter().filter(|call| time(call) > time(refused) + 0.5);
        let next = later.map(time).fold(f64::INFINITY, f64::min);
        // Calls that were under way already do not count; nothing may be in between.
        Ok(next - time(refused))
    }
}

fn texts(list: &Value) -> Vec<&str> {
    list.as_array().into_iter().flatten().filter_map(Value::as_str).collect()
}

/// Organizations and what they are called elsewhere, page after page.
async fn customers(world: &World) -> Result<()> {
    let found = world.run("Sync customers", json!({}), "Success").await;
    assert_eq!((found["found"].as_u64(), texts(&found["missing"]).len()), (Some(0), 7), "{found}");
    // The list of customers breaks off in the middle, the token of Partner Center ends before it.
    world.fail("microsoft", json!({ "kind": "drop", "path": "/v1/customers", "skip": 1 })).await?;
    world.fail("microsoft", json!({ "kind": "expire", "path": "/v1/customers", "skip": 2 })).await?;
    world.seen("microsoft").await?;
    let input = json!({ "create_missing": true, "dry_run": false });
    let made = world.run("Sync customers", input.clone(), "Success").await;
    assert_eq!(texts(&made["created"]).len(), 7, "{made}");
    let all = json!({ "Microsoft CSP": 7, "Pax8": 7, "NinjaOne": 7 });
    assert_eq!(made["mapped"], all);
    let seen = world.seen("microsoft").await?;
    assert_eq!(seen.sign_ins(), 2, "one token, and one after it was refused");
    let statuses = seen.statuses("GET", "/v1/customers");
    // Of the dropped one no status is known.
    assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 3, "{statuses:?}");
    assert!(statuses.contains(&401) && statuses.contains(&0), "{statuses:?}");
    let again = world.run("Sync customers", input, "Success").await;
    assert_eq!((&again["found"], &again["mapped"]["Pax8"]), (&json!(7), &json!(0)), "{again}");

    let organizations = world.platform.get("/api/organizations").await;
    assert!(organizations.to_string().contains("contoso.example"), "{organizations}");
    let mappings = world.platform.get("/api/integrations/NinjaOne/mappings").await;
    let entities: BTreeSet<_> = mappings["mappings"]
        .as_array()
        .context("a list")?
        .iter()
        .map(|one| one["entity_id"].to_string())
        .collect();
    assert_eq!(entities, (1..=7).map(|n| format!("\"{n}\"")).collect());
    let pages = world.seen("pax8").await?.asked("GET", "/v1/companies", "page");
    assert_eq!(pages[..2], ["0", "1"], "five of seven are on the first page");
    let after = world.seen("ninjaone").await?.asked("GET", "/v2/organizations", "after");
    assert_eq!(after[..4], ["", "3", "6", "7"], "the page after the last one is empty");
    Ok(())
}

/// Sites in step, although one vendor wants to be left alone for a moment.
async fn sites(world: &World) -> Result<()> {
    world
        .fail("halopsa", json!({ "kind": "status", "status": 429, "retry_after": 2, "path": "/api/client" }))
        .await?;
    world
        .fail("halopsa", json!({ "kind": "status", "status": 503, "path": "/api/site", "method": "GET" }))
        .await?;
    let synced = world
        .run("Sync sites to HaloPSA", json!({ "create_missing": true, "dry_run": false }), "Success")
        .await;
    assert_eq!((&synced["clients"], &synced["sites"]), (&json!(7), &json!(14)), "{synced}");
    assert_eq!(synced["clients_created"], json!(["Northwind", "Proseware", "Tailspin"]));
    let seen = world.seen("halopsa").await?;
    let pause = seen.pause()?;
    assert!(pause >= 1.9, "it was left alone for {pause} seconds only");
    assert_eq!(seen.asked("GET", "/api/client", "page_no"), ["1", "1", "2"], "the refused page, then all");
    assert!(seen.statuses("GET", "/api/site").contains(&503));
    let mapping = world.provider.get("/api/config/ninjaone_halopsa_mapping").await;
    assert!(mapping.to_string().contains(r#""7":"#), "{mapping}");
    Ok(())
}

/// What was bought and what is used, as JSON and as a page.
async fn licenses(world: &World) -> Result<()> {
    world.fail("pax8", json!({ "kind": "status", "status": 500, "path": "/v1/subscriptions" })).await?;
    let compared = world.run("Microsoft license reconciliation", json!({}), "Success").await;
    let rows = compared["rows"].as_array().context("rows")?;
    assert_eq!(rows.len(), 14);
    let is_meant =
        |row: &&Value| row["company"] == "Adatum" && row["product"] == "Microsoft 365 Business Premium";
    let row = rows.iter().find(is_meant).context("a row")?;
    assert_eq!(
        (&row["bought"], &row["assigned"], &row["unused_cost"]),
        (&json!(11), &json!(7), &json!(82.4))
    );
    let pages: BTreeSet<_> =
        world.seen("pax8").await?.asked("GET", "/v1/subscriptions", "page").into_iter().collect();
    assert_eq!(pages, ["0", "1", "2"].map(str::to_owned).into());
    let page = world.run("Microsoft license reconciliation", json!({ "format": "html" }), "Success").await;
    assert!(page.as_str().is_some_and(|page| page.starts_with("<h2>Microsoft licenses</h2>\n<table>")));
    Ok(())
}

/// Somebody comes, and goes. The connection breaks after the account was made, the licence's first
/// token has ended.
async fn people(world: &World) -> Result<()> {
    world.seen("microsoft").await?;
    let lost = json!({ "kind": "drop", "method": "POST", "path": "/users$", "carried_out": true });
    world.fail("microsoft", lost).await?;
    world.fail("microsoft", json!({ "kind": "expire", "path": "assignLicense" })).await?;
    let input = json!({
        "tenant": TENANT, "domain": "adatum.example", "first_name": "Jörg", "last_name": "Müller",
        "manager_email": "boss@adatum.example", "license": "SPB", "ticket_id": "1003",
    });
    let id = world.platform.submit("Onboard user", input).await;
    let onboarded = world.result(&id, "Success").await;
    let name = "joerg.mueller@adatum.example";
    let expected = json!({
        "user_principal_name": name, "user_id": "user-new-7", "license": "SPB",
        "password_sent_to": "boss@adatum.example", "problems": [], "success": true,
    });
    assert_eq!(onboarded, expected);
    let seen = world.seen("microsoft").await?;
    let made = seen.of("POST", "/v1.0/users");
    assert_eq!(made.len(), 1, "it is not made twice because nothing was heard of it");
    assert_eq!(seen.statuses("POST", "/v1.0/users/user-new-7/assignLicense"), [401, 200]);
    let mails = seen.of("POST", "/v1.0/users/service%40provider.example/sendMail");
    let password = made[0]["body"]["passwordProfile"]["password"].as_str().context("a password")?;
    assert_eq!(mails.len(), 1);
    assert!(mails[0]["body"].to_string().contains(password));
    for part in ["", "/result", "/logs?limit=10000", "/variables"] {
        let kept = world.platform.get(&format!("/api/executions/{id}{part}")).await.to_string();
        assert!(kept.contains("user-new-7") || kept.contains(name), "{kept}");
        assert!(!kept.contains(password), "the password is kept: {kept}");
    }
    let note = world.seen("halopsa").await?;
    assert_eq!(note.statuses("POST", "/api/actions"), [201]);

    // A mail of which nothing is known is said.
    world.fail("microsoft", json!({ "kind": "status", "status": 503, "path": "sendMail" })).await?;
    let input = json!({
        "tenant": TENANT, "domain": "adatum.example", "first_name": "Ada", "last_name": "Byron",
        "manager_email": "boss@adatum.example",
    });
    let half = world.run("Onboard user", input.clone(), "CompletedWithErrors").await;
    assert!(half["problems"][0].as_str().is_some_and(|text| text.contains("set another one")), "{half}");
    let refused = world.platform.submit("Onboard user", input).await;
    let refused = world.platform.ended(&refused, PATIENCE).await;
    let (kind, said) = (&refused["error_type"], &refused["error"]);
    assert!(*kind == "UserError" && said.to_string().contains("already exists"), "{refused}");

    let input = json!({ "tenant": TENANT, "user_principal_name": name });
    let offboarded = world.run("Offboard user", input, "Success").await;
    assert_eq!(offboarded["licenses"], json!(["SPB"]));
    let seen = world.seen("microsoft").await?;
    assert_eq!(seen.statuses("POST", "/v1.0/users/user-new-7/revokeSignInSessions"), [200]);
    Ok(())
}

/// Forms of the workspace's files: a customer, then the licenses that are left there.
async fn forms(world: &World) -> Result<()> {
    let provider = &world.provider;
    let listed = provider.get("/api/forms").await;
    let all = listed["forms"].as_array().context("a list")?;
    let form = |name: &str| -> Result<String> {
        let one = all.iter().find(|one| one["name"] == name).with_context(|| format!("{name}: {listed}"))?;
        assert_eq!((&one["source"], &one["access"]), (&json!("workspace"), &json!("granted")));
        Ok(format!("/api/forms/{}", one["id"].as_str().context("an id")?))
    };
    let onboard = form("Onboard a user")?;
    let opened = provider.expect(200, Method::POST, &format!("{onboard}/open"), json!({ "query": {} })).await;
    let session = &opened["session_id"];
    let choices = async |field: &str, values: Value| -> Value {
        let ask = json!({ "session_id": session, "field": field, "values": values });
        provider.expect(200, Method::POST, &format!("{onboard}/options"), ask).await
    };
    let customers = choices("tenant", json!({})).await;
    assert_eq!(
        (&customers["options"][0]["value"], customers["options"].as_array().map(Vec::len)),
        (&json!(TENANT), Some(7))
    );
    let none = choices("license", json!({})).await;
    assert_eq!(none, json!({ "options": [], "missing": ["tenant"] }), "no customer, no license");
    let licenses = choices("license", json!({ "tenant": TENANT })).await;
    let offered: Vec<_> =
        licenses["options"].as_array().context("a list")?.iter().map(|one| &one["value"]).collect();
    assert!(offered.contains(&&json!("SPB")), "{licenses}");

    let filled = |change: Value| {
        let mut values = json!({
            "tenant": TENANT, "license": "SPB", "first_name": "Grace", "last_name": "Hopper",
            "manager_email": "boss@adatum.example",
        });
        values.as_object_mut().expect("an object").extend(change.as_object().expect("an object").clone());
        json!({ "session_id": session, "values": values })
    };
    world.seen("microsoft").await?;
    for (change, field) in [
        (json!({ "license": "ENTERPRISEPACK_NOBODY_HAS" }), "license"),
        (json!({ "tenant": "00000001-0000-4000-8000-0000000000ee", "license": null }), "tenant"),
        (json!({ "manager_email": "boss@elsewhere.example" }), "manager_email"),
        (json!({ "usage_location": "Germany" }), "usage_location"),
        (json!({ "last_name": "" }), "last_name"),
    ] {
        let refused = provider.expect(422, Method::POST, &format!("{onboard}/execute"), filled(change)).await;
        let fields: Vec<_> =
            refused["errors"].as_array().context("errors")?.iter().map(|one| &one["field"]).collect();
        assert!(fields.contains(&&json!(field)), "{field}: {refused}");
    }
    assert!(world.seen("microsoft").await?.of("POST", "/v1.0/users").is_empty(), "nothing was made");
    let run = provider.expect(202, Method::POST, &format!("{onboard}/execute"), filled(json!({}))).await;
    let made = world.result(run["execution_id"].as_str().context("an id")?, "Success").await;
    assert_eq!(
        (&made["user_principal_name"], &made["license"], &made["problems"]),
        (&json!("grace.hopper@adatum.example"), &json!("SPB"), &json!([])),
        "the customer's domain was filled in: {made}"
    );

    let report = form("Compliance report")?;
    let opened = provider.expect(200, Method::POST, &format!("{report}/open"), json!({ "query": {} })).await;
    let values = json!({ "session_id": opened["session_id"], "values": { "organization_id": "2" } });
    let run = provider.expect(202, Method::POST, &format!("{report}/execute"), values).await;
    let page = world.result(run["execution_id"].as_str().context("an id")?, "Success").await;
    assert!(page.as_str().is_some_and(|page| page.starts_with("<h2>Contoso GmbH: 20% of 5")), "{page}");
    Ok(())
}

/// The texts of a spreadsheet, and its number of rows.
fn spreadsheet(content: &[u8]) -> Result<(String, usize)> {
    let mut book = zip::ZipArchive::new(std::io::Cursor::new(content))?;
    let mut part = |name: &str| -> Result<String> {
        let mut text = String::new();
        book.by_name(name)?.read_to_string(&mut text)?;
        Ok(text)
    };
    let rows = part("xl/worksheets/sheet1.xml")?.matches("<row ").count();
    Ok((part("xl/sharedStrings.xml")?, rows))
}

/// Reports: as a page, and as spreadsheets among the files.
async fn reports(world: &World) -> Result<()> {
    let input = json!({ "organization_id": "2", "keep_spreadsheet": "on" });
    let page = world.run("Compliance report", input, "Success").await;
    let page = page.as_str().context("a page")?;
    assert!(page.starts_with("<h2>Contoso GmbH: 20% of 5 devices without findings</h2>"), "{page}");
    let path = page
        .split_once("Kept as reports/")
        .and_then(|(_, rest)| rest.split_once("</p>"))
        .context("a path")?
        .0;
    let kept = format!("{}/api/files/content?location=reports&path={path}", world.platform.url());
    let kept = reqwest::Client::new().get(kept).bearer_auth(world.platform.key()).send().await?;
    assert_eq!(kept.status(), StatusCode::OK);
    let (texts, rows) = spreadsheet(&kept.bytes().await?)?;
    assert!(texts.contains("no antivirus; silent for 100 days") && rows == 6, "{rows} {texts}");

    world.seen("pax8").await?;
    let refused = json!({ "kind": "status", "status": 429, "retry_after": "date", "path": "usage-summaries", "skip": 3 });
    world.fail("pax8", refused).await?;
    world.fail("pax8", json!({ "kind": "drop", "path": "usage-summaries", "skip": 6, "times": 2 })).await?;
    let billed = world.run("Billing report", json!({}), "Success").await;
    assert_eq!((&billed["lines"], &billed["errors"]), (&json!(14), &json!([])), "{billed}");
    let total = billed["totals"]["EUR"].as_f64().context("a sum")?;
    // Seven customers with 10 and their number of seats of two products, and 266 of usage for each.
    let seats: f64 = (11..=17).map(f64::from).sum();
    let expected = seats * (20.6 + 11.7) + 14.0 * 266.0;
    assert!((total - expected).abs() < 0.01, "{total} instead of {expected}");
    let address = reqwest::Url::parse(billed["url"].as_str().context("an address")?)?;
    let read = reqwest::get(format!("{}{}", world.platform.url(), address.path())).await?;
    assert_eq!(read.status(), StatusCode::OK);
    let (texts, rows) = spreadsheet(&read.bytes().await?)?;
    assert!(texts.contains("Tailspin") && rows == 15, "{rows} {texts}");
    let seen = world.seen("pax8").await?;
    let pause = seen.pause()?;
    assert!(pause >= 0.9, "it was left alone for {pause} seconds only");
    Ok(())
}

/// What has a schedule, run now.
async fn scheduled(world: &World) -> Result<()> {
    let schedules = world.platform.get("/api/schedules").await;
    let run_now = async |workflow: &str| -> Result<String> {
        let all = schedules["schedules"].as_array().context("a list")?;
        let one = all.iter().find(|one| one["workflow_name"] == workflow).context("a schedule")?;
        let path = format!("/api/schedules/{}/run", one["id"].as_str().context("an id")?);
        let mut started = world.platform.expect(202, Method::POST, &path, Value::Null).await;
        match started["execution_id"].take() {
            Value::String(id) => Ok(id),
            _ => anyhow::bail!("{started}"),
        }
    };
    world.seen("halopsa").await?;
    world
        .fail("ninjaone", json!({ "kind": "slow", "seconds": 1.0, "path": "/v2/alert/", "method": "DELETE" }))
        .await?;
    let lost =
        json!({ "kind": "drop", "path": "/v2/alert/", "method": "DELETE", "carried_out": true, "skip": 2 });
    world.fail("ninjaone", lost).await?;
    let cleaned = world.result(&run_now("Clean up stale devices").await?, "Success").await;
    assert_eq!(
        (&cleaned["stale"], &cleaned["alerts_reset"], &cleaned["unmapped"]),
        (&json!(7), &json!(7), &json!([]))
    );
    assert_eq!(cleaned["tickets"].as_object().context("tickets")?.len(), 7);
    assert_eq!(world.seen("halopsa").await?.statuses("POST", "/api/tickets"), [201; 7]);
    let again = world.result(&run_now("Clean up stale devices").await?, "Success").await;
    assert_eq!((&again["tickets"], &again["reported_before"]), (&json!({}), &json!(7)), "{again}");

    let checked = world.result(&run_now("Check tenants").await?, "Success").await;
    assert_eq!((&checked["tenants"], &checked["unreadable"]), (&json!(7), &json!([])), "{checked}");
    let listed = world.run("list_tenants", json!({}), "Success").await;
    let first = &listed["tenants"][0];
    assert_eq!((&first["organization"], &first["is_readable"]), (&json!("Adatum"), &json!(true)), "{listed}");
    Ok(())
}

/// An event that starts the next workflow.
async fn inventory(world: &World) -> Result<()> {
    let topic = json!({ "name": "inventory", "kind": "topic", "topic": "inventory.changed" });
    let topic = world.platform.expect(201, Method::POST, "/api/webhooks", topic).await;
    let path = format!("/api/webhooks/{}/subscriptions", topic["id"].as_str().context("an id")?);
    let subscription = json!({ "workflow_id": "Announce new devices", "mapping": { "new": "/data/new" } });
    world.platform.expect(201, Method::POST, &path, subscription).await;
    world.seen("halopsa").await?;
    let first = world.run("Sync inventory", json!({}), "Success").await;
    assert_eq!((&first["devices"], &first["written"]), (&json!(35), &json!(35)), "{first}");
    let announced = world.started("Announce new devices").await?;
    let announced = world.result(&announced, "Success").await;
    assert_eq!(announced["tickets"].as_object().context("tickets")?.len(), 7, "{announced}");
    assert_eq!(world.seen("halopsa").await?.statuses("POST", "/api/tickets"), [201; 7]);
    let second = world.run("Sync inventory", json!({}), "Success").await;
    assert_eq!(second, json!({ "devices": 35, "written": 0, "new": [], "gone": [] }));

    let tables = world.provider.get("/api/tables").await;
    let counts: BTreeSet<_> = tables["tables"]
        .as_array()
        .context("a list")?
        .iter()
        .map(|one| format!("{} {}", one["name"].as_str().unwrap_or_default(), one["document_count"]))
        .collect();
    let expected = ["device_tickets 35", "devices 35", "offboarded 1", "tenant_status 7"];
    assert_eq!(counts, expected.map(str::to_owned).into());
    Ok(())
}

/// A ticket that HaloPSA tells about, signed, and twice.
async fn triage(world: &World) -> Result<()> {
    let webhook = json!({ "name": "halo", "kind": "generic", "secret": HOOK_SECRET });
    let webhook = world.platform.expect(201, Method::POST, "/api/webhooks", webhook).await;
    let path = format!("/api/webhooks/{}/subscriptions", webhook["id"].as_str().context("an id")?);
    let mapping = json!({
        "ticket_id": "/data/ticket/id", "summary": "/data/ticket/summary", "details": "/data/ticket/details",
        "client_id": "/data/ticket/client_id",
    });
    let subscription = json!({ "workflow_id": "Triage ticket", "mapping": mapping });
    world.platform.expect(201, Method::POST, &path, subscription).await;
    let ticket = json!({ "id": 1001, "summary": "VPN on pc-201 is broken", "details": "since today", "client_id": 12 });
    let body = json!({ "ticket": ticket }).to_string();
    let mut mac = Hmac::<Sha256>::new_from_slice(HOOK_SECRET.as_bytes())?;
    mac.update(body.as_bytes());
    let signature: String = mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    let address = format!("{}{}", world.platform.url(), webhook["path"].as_str().context("a path")?);
    let deliver = async |signature: &str| -> Result<StatusCode> {
        let request = reqwest::Client::new().post(&address).header("content-type", "application/json");
        let request = request.header("x-delivery-id", "halo-1").header("x-signature-256", signature);
        Ok(request.body(body.clone()).send().await?.status())
    };
    // The token is refused before its time: the platform gets another one.
    world.seen("halopsa").await?;
    world.fail("halopsa", json!({ "kind": "expire" })).await?;
    assert_eq!(deliver(&"0".repeat(64)).await?, StatusCode::FORBIDDEN);
    assert_eq!(
        (deliver(&signature).await?, deliver(&signature).await?),
        (StatusCode::ACCEPTED, StatusCode::ACCEPTED)
    );
    let id = world.started("Triage ticket").await?;
    let sorted = world.result(&id, "Success").await;
    let expected =
        json!({ "ticket_id": 1001, "changed": true, "team": "2nd Line", "priority_id": 3, "device_id": 201 });
    assert_eq!(sorted, expected);
    let seen = world.seen("halopsa").await?;
    assert_eq!(seen.statuses("GET", "/api/tickets/1001"), [401, 200]);
    assert_eq!(seen.sign_ins(), 1);
    assert_eq!(seen.statuses("POST", "/api/actions"), [201]);
    let runs = world.platform.get("/api/executions?workflow_name=Triage%20ticket").await;
    assert_eq!(runs["executions"].as_array().map(Vec::len), Some(1), "delivered twice is once: {runs}");
    Ok(())
}

/// What a customer's people see: their own.
async fn as_a_customer(world: &World) -> Result<()> {
    let organizations = world.platform.get("/api/organizations").await;
    let all = organizations["organizations"].as_array().context("a list")?;
    let contoso =
        all.iter().find(|one| one["name"] == CONTOSO).context("Contoso")?["id"].as_str().context("an id")?;
    let ada = world.platform.within(contoso).with_new_key("ada@contoso.example", "org_user").await;
    let found = |client: Client| async move {
        client.run("find_device", json!({ "name": "pc-" })).await["result"].take()
    };
    let names = |list: &Value| -> Vec<String> {
        list.as_array().into_iter().flatten().map(|one| one["name"].to_string()).collect()
    };
    assert_eq!(
        names(&found(ada).await),
        ["PC-201", "PC-202", "PC-203", "PC-204"].map(|name| format!("\"{name}\""))
    );
    assert_eq!(names(&found(world.platform.clone()).await).len(), 10, "the provider sees all, ten at most");
    let other = world.platform.organization("Unmapped").await;
    let eve = world.platform.within(&other).with_new_key("eve@unmapped.example", "org_user").await;
    let refused = eve.submit("find_device", json!({ "name": "pc-" })).await;
    let refused = eve.ended(&refused, PATIENCE).await;
    assert!(refused["error"].to_string().contains("Unmapped is not known at NinjaOne"), "{refused}");

    // Choices, one of which depends on the other.
    let choose = async |provider: &str, input: Value| -> Value {
        let path = format!("/api/data-providers/{provider}/invoke");
        world.platform.expect(200, Method::POST, &path, json!({ "input_data": input })).await["options"]
            .take()
    };
    let choices = choose("NinjaOne%20organizations", json!({ "contains": "cont" })).await;
    assert_eq!(choices, json!([{ "label": "Contoso GmbH", "value": "2" }]));
    assert_eq!(choose("NinjaOne%20devices", json!({})).await, json!([]));
    let devices = choose("NinjaOne%20devices", json!({ "organization_id": choices[0]["value"] })).await;
    assert_eq!(devices[0], json!({ "label": "PC-201", "value": "201" }));
    let customers = choose("Microsoft%20customers", json!({})).await;
    assert_eq!(customers[0]["value"], TENANT);
    let licenses = choose("Microsoft%20licenses", json!({ "tenant": customers[0]["value"] })).await;
    assert_eq!(licenses[1]["value"], "SPB");
    Ok(())
}

/// What a customer's own code does in its tenant, with a token and no secret of the provider's.
const OWN_TENANT: &str = r#"
from bifrost import integrations, workflow
from modules import microsoft_csp
from modules.api_errors import NotConfigured


@workflow
async def own_tenant(other: str) -> dict:
    async with microsoft_csp.Client.connect() as csp:
        data = await integrations.get("Microsoft CSP")
        skus = await csp.subscribed_skus(data.entity_id)
        try:
            await csp.subscribed_skus(other)
            refused = None
        except NotConfigured as error:
            refused = str(error)
    partner = await integrations.get("Microsoft CSP", oauth_scope=microsoft_csp.PARTNER_SCOPE)
    return {
        "entity": data.entity_id,
        "skus": sorted(sku["skuPartNumber"] for sku in skus),
        "refused": refused,
        "has_secret": data.oauth.client_secret is not None,
        "is_another": partner.oauth.access_token != data.oauth.access_token,
    }
"#;

/// The files of a customer's workspace: the modules that its code needs, and that.
fn own_workspace() -> Result<Vec<(String, String)>> {
    let modules = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/modules");
    let mut files = vec![
        ("own.py".to_owned(), OWN_TENANT.to_owned()),
        ("requirements.txt".to_owned(), "httpx==0.28.*\n".to_owned()),
    ];
    for name in ["api_errors.py", "microsoft_csp.py"] {
        files.push((format!("modules/{name}"), std::fs::read_to_string(modules.join(name))?));
    }
    for entry in std::fs::read_dir(modules.join("_rest"))? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "py") {
            let name = path.file_name().and_then(|name| name.to_str()).context("a name")?;
            files.push((format!("modules/_rest/{name}"), std::fs::read_to_string(&path)?));
        }
    }
    Ok(files)
}

/// A customer's own code has the platform's tokens for its own tenant, once the provider has shared them.
async fn own_tenant(world: &World) -> Result<()> {
    let organizations = world.platform.get("/api/organizations").await;
    let all = organizations["organizations"].as_array().context("a list")?;
    let contoso =
        all.iter().find(|one| one["name"] == CONTOSO).context("Contoso")?["id"].as_str().context("an id")?;
    let client = world.platform.within(contoso);
    let files = own_workspace()?;
    let files: Vec<_> = files.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    let deployed = client.deploy(&files).await;
    assert_eq!(deployed["errors"], json!([]), "{deployed}");
    world.seen("microsoft").await?;
    let input = json!({ "other": TENANT });
    let refused = client.submit("own_tenant", input.clone()).await;
    let refused = client.ended(&refused, PATIENCE).await;
    assert_eq!(refused["error_type"], "NotConfigured", "it is not shared: {refused}");

    let share = format!("/api/integrations/Microsoft%20CSP/shares/{contoso}");
    world.platform.expect(204, Method::PUT, &share, Value::Null).await;
    let mut tenant = String::new();
    for _ in 0..2 {
        let found = client.run("own_tenant", input.clone()).await["result"].take();
        assert_eq!(found["skus"], json!(["O365_BUSINESS_PREMIUM", "SPB"]), "{found}");
        assert_eq!((&found["has_secret"], &found["is_another"]), (&json!(false), &json!(true)));
        assert!(found["refused"].as_str().is_some_and(|said| said.contains("only")), "{found}");
        tenant = found["entity"].as_str().context("a tenant")?.to_owned();
    }
    assert_ne!(tenant, TENANT, "that is another customer's");
    let seen = world.seen("microsoft").await?;
    let path = format!("/{tenant}/oauth2/v2.0/token");
    assert_eq!(seen.statuses("POST", &path), [200, 200], "a token for each scope, for both runs");
    assert_eq!(seen.sign_ins(), 2, "and for no other tenant");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_day_of_a_managed_service_provider() -> Result<()> {
    let world = World::start().await?;
    world.fakes.token_lifetime("ninjaone", LIFETIME).await?;
    let begun = Instant::now();
    customers(&world).await?;
    sites(&world).await?;
    licenses(&world).await?;
    people(&world).await?;
    forms(&world).await?;
    reports(&world).await?;
    // What NinjaOne gave at first has ended by now.
    tokio::time::sleep(Duration::from_secs(LIFETIME.into()).saturating_sub(begun.elapsed())).await;
    // The platform may have renewed it before its end.
    let early = world.seen("ninjaone").await?.sign_ins();
    scheduled(&world).await?;
    inventory(&world).await?;
    triage(&world).await?;
    as_a_customer(&world).await?;
    own_tenant(&world).await?;
    let seen = world.seen("ninjaone").await?;
    let refused = seen.0.iter().filter(|call| call["status"] == 401).count();
    let most = begun.elapsed().as_secs() / 10 + 2;
    let sign_ins = early + seen.sign_ins();
    println!("{} calls of NinjaOne with {sign_ins} sign-ins, {refused} refused", seen.0.len());
    assert!(sign_ins >= 1 && sign_ins as u64 <= most, "{sign_ins} sign-ins");
    assert!(refused <= sign_ins, "a token that has ended is used once at most");
    Ok(())
}
