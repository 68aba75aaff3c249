//! Two organizations with the same names for everything, and a canary in all that either of
//! them writes: after a thousand mixed runs at once nothing of one is found where the other
//! looks, in no answer, row, object, key of Redis, log or file of the cache.

use anyhow::{Context, Result, ensure};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use bifrost_test_services::{Installation, redis_url};
use bifrost_tests::Client;
use bifrost_tests::process::{Process, data_folder, free_port};
use deadpool_redis::redis::{self, cmd};
use futures::stream::{self, StreamExt, TryStreamExt};
use reqwest::Method;
use serde_json::json;
use sqlx::{Connection, Row};
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

const TEMPORARY: &str = env!("CARGO_TARGET_TMPDIR");
const RUNS: usize = 1_000;
/// Requests at the same time.
const AT_ONCE: usize = 64;
/// A machine that others use, too.
const PATIENCE: Duration = Duration::from_secs(300);
/// Every run has one of these kinds.
const KINDS: [&str; 8] = ["echo", "config", "secret", "log", "fail", "large", "child", "list"];

const FLOWS: &str = r#"
import logging
from bifrost import UserError, config, context, executions, workflow, workflows

CANARY = "@CANARY@"
seen = []

@workflow
async def mixed(kind: str, text: str):
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
    return answer
"#;

/// An organization, its administrator, and what only it may ever see.
struct Tenant {
    id: String,
    client: Client,
    canary: String,
}

impl Tenant {
    async fn make(root: &Client, name: &str, canary: &str) -> Result<Self> {
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
        Ok(Self { id, client, canary: canary.to_owned() })
    }

    /// Starts one of the runs; its id.
    async fn submit(&self, number: usize) -> Result<String> {
        let input = json!({ "kind": KINDS[number % KINDS.len()], "text": self.canary });
        let body = json!({ "workflow_id": "mixed", "input_data": input, "idempotency_key": format!("same-{number}") });
        let (status, answer) = self.client.post("/api/workflows/execute", &body).await;
        ensure!(status == 202, "{answer}");
        Ok(answer["execution_id"].as_str().context("an id")?.to_owned())
    }
}

/// Where a canary was found that has no business there.
#[derive(Default)]
struct Findings(Vec<String>);

impl Findings {
    fn look(&mut self, place: &str, content: &[u8], foreign: &Tenant) {
        if contains(content, &foreign.canary) {
            self.0.push(place.to_owned());
        }
    }
}

/// Every file below a folder.
pub(crate) fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

fn contains(content: &[u8], text: &str) -> bool {
    content.windows(text.len()).any(|window| window == text.as_bytes())
}

async fn all_runs(tenants: &[Tenant; 2]) -> Result<()> {
    let jobs = (0..RUNS).map(|number| (&tenants[number % 2], number / 2));
    let ids: Vec<_> = stream::iter(jobs)
        .map(|(tenant, number)| async move { anyhow::Ok((tenant, tenant.submit(number).await?)) })
        .buffer_unordered(AT_ONCE)
        .try_collect()
        .await?;
    let deadline = Instant::now() + PATIENCE;
    for (tenant, id) in &ids {
        loop {
            let run = tenant.client.get(&format!("/api/executions/{id}")).await;
            if run["completed_at"].is_string() {
                ensure!(matches!(run["status"].as_str(), Some("Success" | "Failed")), "{run}");
                break;
            }
            ensure!(Instant::now() < deadline, "the runs did not end: {run}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
    Ok(())
}

/// Everything that an organization can read.
async fn answers(tenant: &Tenant, foreign: &Tenant, findings: &mut Findings) -> Result<usize> {
    let mut runs: Vec<String> = vec![];
    let mut cursor = String::new();
    loop {
        let page = tenant.client.get(&format!("/api/executions?limit=500{cursor}")).await;
        findings.look("a list of runs", page.to_string().as_bytes(), foreign);
        runs.extend(
            page["executions"]
                .as_array()
                .context("runs")?
                .iter()
                .filter_map(|run| run["execution_id"].as_str().map(str::to_owned)),
        );
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    let found: Vec<_> = stream::iter(&runs)
        .map(|id| async move {
            let mut text = String::new();
            for part in ["", "/logs", "/variables"] {
                text.push_str(&tenant.client.get(&format!("/api/executions/{id}{part}")).await.to_string());
            }
            (id.clone(), text)
        })
        .buffer_unordered(AT_ONCE)
        .collect()
        .await;
    let mut own = 0;
    for (id, text) in found {
        findings.look(&format!("an answer about run {id}"), text.as_bytes(), foreign);
        own += usize::from(text.contains(&tenant.canary));
    }
    for path in [
        "/api/config",
        "/api/workflows",
        "/api/workspace",
        "/api/workspace/versions",
        "/api/audit?limit=1000",
    ] {
        findings.look(path, tenant.client.get(path).await.to_string().as_bytes(), foreign);
    }
    Ok(own)
}

/// Every row, by whose it is.
async fn rows(installation: &Installation, tenants: &[Tenant; 2], findings: &mut Findings) -> Result<usize> {
    let mut database = installation.database.observe().await?;
    let tables: Vec<String> = sqlx::query_scalar(
        "SELECT c.table_name::text FROM information_schema.columns c JOIN information_schema.tables t USING (table_schema, table_name)
         WHERE c.table_schema = 'public' AND t.table_type = 'BASE TABLE' AND c.column_name = 'organization_id'",
    )
    .fetch_all(&mut database)
    .await?;
    let mut own = 0;
    for table in tables {
        let sql =
            format!("SELECT organization_id::text AS owner, row_to_json(t)::text AS document FROM {table} t");
        for row in sqlx::query(&sql).fetch_all(&mut database).await? {
            let (owner, document): (Option<String>, String) = (row.get("owner"), row.get("document"));
            for tenant in tenants {
                if owner.as_deref() == Some(&tenant.id) {
                    own += usize::from(document.contains(&tenant.canary));
                } else {
                    findings.look(&format!("a row of {table} of {owner:?}"), document.as_bytes(), tenant);
                }
            }
        }
    }
    database.close().await?;
    Ok(own)
}

/// Every object and every file of the cache, by whose it is.
async fn stored(
    installation: &Installation,
    cache: &Path,
    tenants: &[Tenant; 2],
    findings: &mut Findings,
) -> Result<[usize; 2]> {
    let mut own = [0, 0];
    for file in files(&installation.s3.bucket()) {
        let (name, content) = (file.display().to_string(), std::fs::read(&file)?);
        for tenant in tenants {
            if name.contains(&tenant.id) {
                own[0] += usize::from(contains(&content, &tenant.canary));
            } else {
                findings.look(&format!("the object {name}"), &content, tenant);
            }
        }
    }
    let mut database = installation.database.observe().await?;
    let versions = sqlx::query("SELECT source_hash, organization_id::text AS owner FROM versions")
        .fetch_all(&mut database)
        .await?;
    let owners: HashMap<String, Option<String>> =
        versions.iter().map(|row| (row.get("source_hash"), row.get("owner"))).collect();
    database.close().await?;
    for file in files(cache) {
        let (name, content) = (file.display().to_string(), std::fs::read(&file)?);
        let owner = owners
            .iter()
            .find(|(hash, _)| name.contains(hash.as_str()))
            .and_then(|(_, owner)| owner.as_deref());
        for tenant in tenants {
            if owner == Some(&tenant.id) {
                own[1] += usize::from(contains(&content, &tenant.canary));
            } else {
                findings.look(&format!("the cached file {name}"), &content, tenant);
            }
        }
    }
    Ok(own)
}

/// Keys of Redis, and what is in them.
async fn in_redis(tenants: &[Tenant; 2], findings: &mut Findings) -> Result<()> {
    let client = deadpool_redis::redis::Client::open(redis_url())?;
    let mut connection = client.get_multiplexed_async_connection().await?;
    let keys: Vec<Vec<u8>> = cmd("KEYS").arg("*").query_async(&mut connection).await?;
    for key in keys {
        let kind: String = cmd("TYPE").arg(&key).query_async(&mut connection).await?;
        let value: redis::Value = match kind.as_str() {
            "string" => cmd("GET").arg(&key).query_async(&mut connection).await?,
            "hash" => cmd("HGETALL").arg(&key).query_async(&mut connection).await?,
            "list" => cmd("LRANGE").arg(&key).arg(0).arg(-1).query_async(&mut connection).await?,
            "set" => cmd("SMEMBERS").arg(&key).query_async(&mut connection).await?,
            "zset" => cmd("ZRANGE").arg(&key).arg(0).arg(-1).query_async(&mut connection).await?,
            "stream" => cmd("XRANGE").arg(&key).arg("-").arg("+").query_async(&mut connection).await?,
            _ => redis::Value::Nil,
        };
        for tenant in tenants {
            findings.look("a key of Redis", &key, tenant);
            findings.look("a value of Redis", format!("{value:?}").as_bytes(), tenant);
        }
    }
    Ok(())
}

async fn story(installation: &Installation) -> Result<()> {
    let data = data_folder(TEMPORARY)?;
    let cache = data.path().join("own-cache");
    std::fs::remove_file(data.path().join("cache"))?;
    std::fs::create_dir(&cache)?;
    // What is compiled already is the same for all; what this test adds is its own.
    for file in files(&Path::new(TEMPORARY).join("cache")) {
        let name = file.file_name().context("a name")?;
        let text = name.to_string_lossy();
        if !text.starts_with("snapshot-") && !text.starts_with("report-") {
            std::fs::copy(&file, cache.join(name))?;
        }
    }
    std::os::unix::fs::symlink(&cache, data.path().join("cache"))?;
    let address = format!("127.0.0.1:{}", free_port()?);
    let variables = installation.variables();
    let mut settings: Vec<_> = variables.iter().map(|(name, value)| (*name, value.as_str())).collect();
    settings.extend([
        ("BIFROST_DATA", data.path().to_str().context("a path")?),
        ("BIFROST_LISTEN", address.as_str()),
        ("BIFROST_LOG", "debug"),
    ]);
    let mut process = Process::start(&["up"], &settings)?;
    let url = format!("http://{address}");
    let key = data.path().join("admin.key");
    let root = || Client::new(url.clone(), std::fs::read_to_string(&key).unwrap_or_default());
    process.until(PATIENCE, || async { root().has_workflow("none").await.is_ok() }).await?;
    let root = root();
    let tenants = [
        Tenant::make(&root, "Same", "canary-of-the-first-0123456789ab").await?,
        Tenant::make(&root, "Same", "canary-of-the-second-123456789ab").await?,
    ];
    assert!(tenants.iter().all(|tenant| tenant.canary.len() == 32));
    all_runs(&tenants).await?;

    let mut findings = Findings::default();
    // Each place has the owner's own canary: the check could find a foreign one there.
    for (tenant, foreign) in [(&tenants[0], &tenants[1]), (&tenants[1], &tenants[0])] {
        let own = answers(tenant, foreign, &mut findings).await?;
        assert!(own >= RUNS / 2, "{own} answers have the own canary");
    }
    let own = rows(installation, &tenants, &mut findings).await?;
    assert!(own >= RUNS, "{own} rows have the own canary");
    let [objects, cached] = stored(installation, &cache, &tenants, &mut findings).await?;
    assert!(objects >= 2 + RUNS / KINDS.len(), "{objects} objects have the own canary");
    assert!(cached >= 2, "{cached} cached files have the own canary");
    in_redis(&tenants, &mut findings).await?;
    let log = process.log().join("\n");
    for tenant in &tenants {
        findings.look("the server's log", log.as_bytes(), tenant);
    }
    assert!(
        findings.0.is_empty(),
        "{} places, such as {:?}",
        findings.0.len(),
        &findings.0[..findings.0.len().min(5)]
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_of_one_organization_is_where_the_other_looks() -> Result<()> {
    let installation = Installation::create("canaries").await?;
    let told = story(&installation).await;
    installation.finish().await?;
    told
}
