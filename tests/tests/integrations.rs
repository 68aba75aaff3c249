//! Connections on a real platform of several processes, at a real authorization server
//! (`tests/oidc`): a thousand runs renew a token once, and a process that dies with the answer in
//! hand is noticed.

use anyhow::{Context, Result, ensure};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use bifrost_test_services::Installation;
use bifrost_tests::process::{Process, data_folder, free_port, run};
use bifrost_tests::{Client, folder};
use futures::{FutureExt, StreamExt};
use reqwest::Method;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use sqlx::{Executor, Row};
use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader};
use std::panic::AssertUnwindSafe;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const TEMPORARY: &str = env!("CARGO_TARGET_TMPDIR");
/// Compiling the base may be part of a start.
const START: Duration = Duration::from_secs(120);
/// A thousand runs, on a machine that others use.
const END: Duration = Duration::from_secs(180);
/// Runs that want the token when it expires.
const RUNS: usize = 1_000;
const SECRET: &str = "client-secret-canary-0123456789";
/// Nobody listens there; the code is read from the address.
const ELSEWHERE: &str = "http://localhost:9/elsewhere";

/// An authorization server whose refresh tokens are good once.
struct Server {
    process: Child,
    url: String,
    http: reqwest::Client,
}

impl Server {
    fn start() -> Result<Self> {
        let settings = json!({
            "redirect_prefix": "http://localhost",
            "account": "ada",
            "accounts": { "ada": { "email": "ada@example.com", "email_verified": true } },
            "clients": [{
                "client_id": "bifrost", "client_secret": SECRET, "redirect_uris": [ELSEWHERE],
                "grant_types": ["authorization_code", "refresh_token", "client_credentials"],
            }],
            "configuration": { "rotateRefreshToken": true },
        });
        let mut process = Command::new("node")
            .args(["provider.js", &settings.to_string()])
            .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/oidc"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .context("node; `make test` installs what the server needs")?;
        let mut lines = BufReader::new(process.stdout.take().context("its output")?).lines();
        let url = loop {
            let line = lines.next().context("run `npm ci` in tests/oidc first")??;
            if line.starts_with("http://") {
                break line;
            }
        };
        // It may go on writing.
        std::thread::spawn(move || lines.for_each(drop));
        let http = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build()?;
        Ok(Self { process, url, http })
    }

    async fn tell(&self, path: &str) -> Result<()> {
        self.http.get(format!("{}{path}", self.url)).send().await?.error_for_status()?;
        Ok(())
    }

    async fn count(&self, what: &str) -> Result<u64> {
        let counts: Value = self.http.get(format!("{}/counts", self.url)).send().await?.json().await?;
        Ok(counts[what].as_u64().unwrap_or(0))
    }

    /// A refresh token, as somebody gets it who agrees elsewhere.
    async fn refresh_token(&self) -> Result<String> {
        let verifier = "v".repeat(43);
        let challenge = BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.as_bytes()));
        let query = [
            ("client_id", "bifrost"),
            ("response_type", "code"),
            ("scope", "openid offline_access"),
            ("prompt", "consent"),
            ("redirect_uri", ELSEWHERE),
            ("state", "s"),
            ("code_challenge", &challenge),
            ("code_challenge_method", "S256"),
        ];
        let mut url = reqwest::Url::parse_with_params(&format!("{}/auth", self.url), &query)?;
        let mut cookies = BTreeMap::new();
        while !url.as_str().starts_with(ELSEWHERE) {
            let sent: Vec<_> = cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
            let answer = self.http.get(url.clone()).header("cookie", sent.join("; ")).send().await?;
            for set in answer.headers().get_all("set-cookie") {
                let pair = set.to_str()?.split(';').next().and_then(|pair| pair.split_once('='));
                let (name, value) = pair.context("a cookie")?;
                cookies.insert(name.to_owned(), value.to_owned());
            }
            let next = answer.headers().get("location").context("it leads nowhere")?.to_str()?.to_owned();
            url = url.join(&next)?;
        }
        let code = url.query_pairs().find(|(name, _)| name == "code").context("a code")?.1.into_owned();
        let form = [
            ("grant_type", "authorization_code"),
            ("code", &code),
            ("code_verifier", &verifier),
            ("redirect_uri", ELSEWHERE),
        ];
        let body = reqwest::Url::parse_with_params("http://x", &form)?.query().unwrap_or_default().to_owned();
        let request = self.http.post(format!("{}/token", self.url)).basic_auth("bifrost", Some(SECRET));
        let request = request.header("content-type", "application/x-www-form-urlencoded").body(body);
        let answer: Value = request.send().await?.json().await?;
        Ok(answer["refresh_token"].as_str().with_context(|| answer.to_string())?.to_owned())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// One process of the platform, with a data folder of its own.
struct Part {
    _data: tempfile::TempDir,
    process: Option<Process>,
}

struct World {
    parts: Vec<Part>,
    server: Server,
    client: Client,
    installation: Installation,
}

impl World {
    /// An API process, two workers and a scheduler.
    async fn start() -> Result<Self> {
        let installation = Installation::create("integrations").await?;
        let address = format!("127.0.0.1:{}", free_port()?);
        let mut settings = installation.variables();
        settings.extend([
            ("BIFROST_PROCESSES", "1".to_owned()),
            ("BIFROST_EGRESS_PRIVATE", "true".to_owned()),
            ("BIFROST_LISTEN", address.clone()),
            ("BIFROST_RATE_KEY", "0".to_owned()),
        ]);
        let mut parts = vec![];
        let mut key = None;
        for command in ["api", "worker", "worker", "scheduler"] {
            let data = data_folder(TEMPORARY)?;
            let own = [("BIFROST_DATA", data.path().to_str().context("a path")?)];
            let all: Vec<_> =
                settings.iter().map(|(name, value)| (*name, value.as_str())).chain(own).collect();
            let mut process = Process::start(&[command], &all)?;
            if command == "api" {
                // It migrates the database, and makes the administrator.
                let file = data.path().join("admin.key");
                let ready = format!("http://{address}/health/ready");
                let serves = || async {
                    file.is_file()
                        && reqwest::get(&ready).await.is_ok_and(|answer| answer.status().is_success())
                };
                process.until(START, serves).await?;
                key = Some(std::fs::read_to_string(file)?);
            }
            parts.push(Part { _data: data, process: Some(process) });
        }
        let client = Client::new(format!("http://{address}"), key.context("an administrator")?);
        let workspace = folder("integrations");
        let deploy = ["deploy", workspace.to_str().context("a path")?, "--server", client.url()];
        let (code, _, error) = run(&deploy, &[("BIFROST_KEY", client.key())])?;
        ensure!(code == 0, "{error}");
        Ok(Self { parts, server: Server::start()?, client, installation })
    }

    /// A connection of the provider's with a refresh token of this server.
    async fn connect(&self) -> Result<String> {
        let definition = json!({
            "name": "CRM",
            "config_schema": [{ "key": "region", "type": "string" }, { "key": "api_key", "type": "secret" }],
            "config": { "region": "eu", "api_key": "canary-of-the-definition" },
            "oauth": {
                "flow": "refresh_token", "client_id": "bifrost", "scopes": [],
                "token_url": format!("{}/token", self.server.url),
            },
            "client_secret": SECRET,
        });
        self.client.expect(201, Method::POST, "/api/integrations", definition).await;
        let body = json!({ "integration": "CRM", "refresh_token": self.server.refresh_token().await? });
        let made = self.client.expect(201, Method::POST, "/api/oauth/connections", body).await;
        Ok(format!("/api/oauth/connections/{}", made["id"].as_str().context("an id")?))
    }

    async fn sql(&self, sql: &str) -> Result<()> {
        let mut database = self.installation.database.observe().await?;
        database.execute(sql).await?;
        Ok(())
    }

    /// Of the tokens of the only connection.
    async fn version(&self) -> Result<i64> {
        let mut database = self.installation.database.observe().await?;
        Ok(database.fetch_one("SELECT version FROM oauth_connections").await?.get("version"))
    }

    /// Starts this many runs.
    async fn start_runs(&self, workflow: &str, count: usize) -> Vec<String> {
        let all = futures::stream::iter(0..count).map(|_| self.client.submit(workflow, json!({})));
        all.buffer_unordered(16).collect().await
    }

    async fn until(&self, what: &str, count: u64) -> Result<()> {
        let deadline = Instant::now() + END;
        while self.server.count(what).await? < count {
            ensure!(Instant::now() < deadline, "{what} did not become {count}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Ok(())
    }
}

/// Everything at the moment at which the token expires.
const EXPIRE: &str =
    "UPDATE oauth_connections SET refreshed_at = now() - interval '1 hour', expires_at = now()";
/// The scheduler is not interested.
const LATER: &str = "UPDATE oauth_connections SET refresh_at = now() + interval '1 hour'";

async fn a_thousand_renew_once(world: &World, connection: &str) -> Result<()> {
    let server = &world.server;
    // The scheduler has got the first token, or the first run does.
    let first = world.client.run("use", json!({})).await;
    ensure!(first["result"]["owner"] == json!([true, true]), "the provider owns it: {first}");
    let before = server.count("refresh_token granted").await?;
    assert_eq!(before, 1);
    // All wait for an answer that does not come, beside the scheduler and an administrator.
    server.tell("/hold").await?;
    world.sql(EXPIRE).await?;
    world.sql("UPDATE oauth_connections SET refresh_at = now()").await?;
    let begun = Instant::now();
    let (started, all) = tokio::sync::oneshot::channel();
    let starting = async {
        let ids = world.start_runs("use", RUNS).await;
        let _ = started.send(());
        ids
    };
    let refresh = format!("{connection}/refresh");
    let asking = world.client.post(&refresh, &Value::Null);
    let releasing = async {
        world.until("waiting", 1).await?;
        // A request is given up after 20 s, and another one is right then: a slow machine's last runs come later.
        let _ = tokio::time::timeout(Duration::from_secs(12), all).await;
        tokio::time::sleep(Duration::from_secs(2)).await;
        assert_eq!(server.count("waiting").await?, 1, "one request is under way");
        server.tell("/release").await
    };
    let (ids, asked, released) = tokio::join!(starting, asking, releasing);
    released?;
    assert_eq!(asked.0.as_u16(), 200, "{}", asked.1);
    let mut tokens = BTreeSet::new();
    for id in &ids {
        let ended = world.client.ended(id, END).await;
        assert_eq!(ended["status"], "Success", "{ended}");
        tokens.insert(
            world.client.get(&format!("/api/executions/{id}/result")).await["result"]["token"].to_string(),
        );
    }
    println!("{RUNS} runs with one token request in {:?}", begun.elapsed());
    assert_eq!(tokens.len(), 1, "all have the same token");
    assert!(!tokens.contains(&first["result"]["token"].to_string()), "a new one");
    assert_eq!(server.count("refresh_token granted").await?, before + 1, "the server was asked exactly once");
    assert_eq!(server.count("refresh_token refused").await?, 0);
    Ok(())
}

async fn the_scheduler_renews_ahead(world: &World, connection: &str) -> Result<()> {
    let granted = world.server.count("refresh_token granted").await?;
    let version = world.version().await?;
    // Nobody needs another token: the one that is there is good for an hour.
    world
        .sql("UPDATE oauth_connections SET expires_at = now() + interval '1 hour', refresh_at = now()")
        .await?;
    world.until("refresh_token granted", granted + 1).await?;
    let deadline = Instant::now() + Duration::from_secs(20);
    while world.version().await? == version {
        ensure!(Instant::now() < deadline, "the new token was not kept");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(world.version().await?, version + 1);
    assert_eq!(world.client.get(connection).await["status"], "connected");
    assert_eq!(world.server.count("refresh_token granted").await?, granted + 1, "asked once");
    Ok(())
}

async fn what_a_run_has_of_it(world: &World) -> Result<()> {
    let renewed = world.client.run("renew", json!({})).await;
    // The token was seconds old, or minutes on a slow machine.
    assert!(renewed["result"]["is_text"] == true && renewed["result"]["after"].is_string(), "{renewed}");
    let id = world.client.submit("leak", json!({})).await;
    assert_eq!(world.client.ended(&id, END).await["status"], "Success");
    let result = world.client.get(&format!("/api/executions/{id}/result")).await;
    assert_eq!(result["result"], "[redacted] [redacted] [redacted]");
    let logs = world.client.get(&format!("/api/executions/{id}/logs")).await.to_string();
    assert!(logs.contains("the token is [redacted]"), "{logs}");

    let organization = world.client.organization("Contoso").await;
    let synced =
        world.client.run("map_it", json!({ "organization": organization, "entity": "contoso-1" })).await;
    let expected = json!({
        "made": "contoso-1", "listed": ["contoso-1"], "region": "us", "entity": "contoso-1", "gone": true,
        "after": null, "nothing": null,
    });
    assert_eq!(synced["result"], expected);

    // An organization's own code has nothing of the provider's.
    let tenant = world.client.within(&organization).with_new_key("admin@contoso.example", "org_admin").await;
    let own = r#"
from bifrost import integrations, workflow

@workflow
async def own() -> list:
    crm = await integrations.get("CRM")
    refused = []
    for attempt in [
        lambda: integrations.upsert_mapping("CRM", scope=None, entity_id="somebody-else"),
        lambda: integrations.get("CRM", scope="global"),
    ]:
        try:
            await attempt()
        except PermissionError:
            refused.append(True)
    return [crm.oauth is None, crm.config, refused]
"#;
    tenant.deploy(&[("flows.py", own)]).await;
    let ended = tenant.run("own", json!({})).await;
    assert_eq!(ended["result"], json!([true, { "region": "eu" }, [true, true]]));
    Ok(())
}

async fn a_death_with_the_answer_in_hand(world: &mut World, connection: &str) -> Result<()> {
    world.sql(EXPIRE).await?;
    world.sql(LATER).await?;
    world.server.tell("/hold").await?;
    let granted = world.server.count("refresh_token granted").await?;
    let ids = world.start_runs("use", 20).await;
    world.until("waiting", 1).await?;
    // Whoever asks will not be able to write.
    let mut database = world.installation.database.observe().await?;
    database.execute("BEGIN").await?;
    let row = database.fetch_one("SELECT lease_holder FROM oauth_connections FOR UPDATE").await?;
    let holder: String = row.get("lease_holder");
    world.server.tell("/release").await?;
    world.until("refresh_token granted", granted + 1).await?;
    tokio::time::sleep(Duration::from_secs(1)).await;
    let holds = |part: &&mut Part| {
        part.process.as_ref().is_some_and(|process| holder.contains(&format!("-{}-", process.id())))
    };
    let victim = world.parts.iter_mut().find(holds).context("a process of this test")?;
    victim.process = None;
    database.execute("ROLLBACK").await?;
    // Its lease runs out by itself; here at once.
    world.sql("UPDATE oauth_connections SET lease_until = now() WHERE lease_until IS NOT NULL").await?;
    for id in &ids {
        let ended = world.client.ended(id, END).await;
        assert_eq!(
            (&ended["status"], &ended["error_type"]),
            (&json!("Failed"), &json!("IntegrationError")),
            "{ended}"
        );
    }
    assert_eq!(
        world.server.count("refresh_token refused").await?,
        1,
        "asked once more, with the token of before"
    );
    let shown = world.client.get(connection).await;
    assert_eq!(shown["status"], "failed");
    let error = shown["error"].as_str().context("a reason")?;
    assert!(
        error.contains("invalid_grant") && error.contains("cut off") && error.contains("connect it again"),
        "{error}"
    );
    let said = world.client.run("reason", json!({})).await;
    assert!(
        said["result"].as_str().is_some_and(|said| said.contains("`CRM`") && said.contains("cut off")),
        "{said}"
    );
    let deadline = Instant::now() + Duration::from_secs(20);
    let log = loop {
        let log = world.client.get("/api/audit?action=oauth_connection.refresh_failed").await;
        if log["entries"].as_array().is_some_and(|entries| !entries.is_empty()) || Instant::now() > deadline {
            break log;
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    };
    assert_eq!(log["entries"][0]["details"]["is_final"], true, "{log}");

    // Connecting again is enough.
    let token = world.server.refresh_token().await?;
    world.client.expect(200, Method::PATCH, connection, json!({ "refresh_token": token })).await;
    world.client.run("use", json!({})).await;
    assert_eq!(world.client.get(connection).await["status"], "connected");
    Ok(())
}

#[tokio::test]
async fn tokens_are_renewed_once() -> Result<()> {
    let mut world = World::start().await?;
    let told = async {
        let connection = world.connect().await?;
        a_thousand_renew_once(&world, &connection).await?;
        the_scheduler_renews_ahead(&world, &connection).await?;
        what_a_run_has_of_it(&world).await?;
        a_death_with_the_answer_in_hand(&mut world, &connection).await
    };
    // What was made is removed, also when the story fails.
    let told = AssertUnwindSafe(told).catch_unwind().await;
    let World { parts, server, installation, .. } = world;
    drop((parts, server));
    installation.finish().await?;
    told.unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}
