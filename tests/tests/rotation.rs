//! Both levels of keys change while the whole platform runs workflows that read and write
//! secrets: an API, a worker that is restarted with both keys, and one that has heard of
//! the old key only. No run fails, no value is lost. PostgreSQL has one role for tenants
//! and one for the system.

use anyhow::{Context, Result, ensure};
use bifrost_test_services::Installation;
use bifrost_tests::folder;
use bifrost_tests::process::{data_folder, free_port, run};
use bifrost_tests::services::{Api, ready, start};
use serde_json::json;
use sqlx::Executor;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

const TEMPORARY: &str = env!("CARGO_TARGET_TMPDIR");
const START: Duration = Duration::from_secs(120);
/// Base64 of 32 bytes.
const NEW_KEY: &str = "ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8=";
/// Runs that are under way at the same time.
const WRITERS: usize = 6;
/// A secret of the settings, and one of an integration.
const SECRETS: [&str; 2] = ["the-key-of-22-letters!", "the-key-of-an-integration"];

/// Two roles of the database, as an operator makes them.
struct Roles([String; 2]);

impl Roles {
    async fn create(installation: &Installation) -> Result<Self> {
        let unique = uuid::Uuid::now_v7().simple().to_string();
        let roles = ["tenants", "system"].map(|name| format!("bifrost_{name}_{unique}"));
        let mut superuser = installation.database.observe().await?;
        for role in &roles {
            superuser.execute(format!("CREATE ROLE {role} LOGIN PASSWORD 'rotation-test'").as_str()).await?;
        }
        let owner = [("DATABASE_URL", installation.database.url())];
        let arguments = ["migrate", "--tenant-role", &roles[0], "--system-role", &roles[1]];
        let (code, out, error) = run(&arguments, &owner)?;
        ensure!(code == 0, "{out}{error}");
        Ok(Self(roles))
    }

    fn variables(&self, installation: &Installation) -> Result<Vec<(&'static str, String)>> {
        let (_, place) = installation.database.url().rsplit_once('@').context("a host")?;
        let url = |role: &str| format!("postgres://{role}:rotation-test@{place}");
        Ok(vec![("DATABASE_URL", url(&self.0[0])), ("BIFROST_SYSTEM_DATABASE_URL", url(&self.0[1]))])
    }

    async fn drop(&self, installation: &Installation) -> Result<()> {
        let mut superuser = installation.database.observe().await?;
        for role in &self.0 {
            superuser.execute(format!("DROP OWNED BY {role}").as_str()).await?;
            superuser.execute(format!("DROP ROLE {role}").as_str()).await?;
        }
        Ok(())
    }
}

/// Runs a workflow for each of [`SECRETS`], which has to read it.
async fn read(api: &Api<'_>) -> Result<()> {
    for (workflow, secret) in ["secret_leak", "integration_leak"].into_iter().zip(SECRETS) {
        let body = json!({"workflow_id": workflow, "sync": true, "timeout_seconds": 60});
        let answer = api.post("/api/workflows/execute", &body).await?;
        ensure!(answer["status"] == "Success" && answer["result"]["length"] == secret.len(), "{answer}");
    }
    Ok(())
}

/// Runs workflows that set a secret and read it back, one after the other, until told to
/// stop; each has to succeed.
async fn load(api: &Api<'_>, writer: usize, stop: &AtomicBool, runs: &AtomicUsize) -> Result<()> {
    while !stop.load(Ordering::Relaxed) {
        let value = format!("secret-{writer}-{}", runs.fetch_add(1, Ordering::Relaxed));
        let input = json!({"key": format!("by-run-{writer}"), "value": value});
        let body =
            json!({"workflow_id": "secret_set", "input_data": input, "sync": true, "timeout_seconds": 60});
        let answer = api.post("/api/workflows/execute", &body).await?;
        ensure!(answer["status"] == "Success" && answer["result"] == "[redacted]", "{answer}");
        read(api).await?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn both_keys_change_under_load() -> Result<()> {
    let installation = Installation::create("rotation").await?;
    let (data, worker_data) = (data_folder(TEMPORARY)?, data_folder(TEMPORARY)?);
    let roles = Roles::create(&installation).await?;
    let mut variables = installation.variables();
    variables.retain(|(name, _)| *name != "DATABASE_URL");
    variables.extend(roles.variables(&installation)?);
    let value = |name: &str| variables.iter().find(|(one, _)| *one == name).map(|(_, value)| value.clone());
    let old_key = value("BIFROST_MASTER_KEY").context("a key")?;
    let both = format!("{NEW_KEY},{old_key}");
    let mut settings: Vec<_> = variables.iter().map(|(name, value)| (*name, value.as_str())).collect();
    settings.push(("BIFROST_DATA", data.path().to_str().context("a path")?));
    settings.retain(|(name, _)| *name != "BIFROST_MASTER_KEY");
    let secrets = |arguments: &[&str], key: &str| {
        let all: Vec<_> = ["secrets"].iter().chain(arguments).copied().collect();
        let settings: Vec<_> = settings.iter().copied().chain([("BIFROST_MASTER_KEY", key)]).collect();
        let (code, out, error) = run(&all, &settings)?;
        ensure!(code == 0, "bifrost secrets {arguments:?}: {out}{error}");
        anyhow::Ok(out)
    };

    let listen = format!("127.0.0.1:{}", free_port()?);
    let two_roles: Vec<_> = roles.variables(&installation)?;
    let start = |command: &str, data: &Path, more: &[(&str, &str)]| {
        let roles = two_roles.iter().map(|(name, value)| (*name, value.as_str()));
        start(&installation, command, data, &roles.chain(more.iter().copied()).collect::<Vec<_>>())
    };
    let (mut server, health) = start("api", data.path(), &[("BIFROST_LISTEN", &listen)])?;
    server.until(START, || ready(&health)).await?;
    let (scheduler, _) = start("scheduler", data.path(), &[])?;
    let (mut worker, health) = start("worker", worker_data.path(), &[])?;
    worker.until(START, || ready(&health)).await?;
    let api = Api { url: format!("http://{listen}"), data: data.path() };
    let (code, _, error) = api.deploy(&folder("basics"), &[])?;
    ensure!(code == 0, "{error}");
    let set = run(
        &["config", "--server", &api.url, "set", "api_key", SECRETS[0], "--type", "secret"],
        &[("BIFROST_KEY", api.key().as_str())],
    )?;
    ensure!(set.0 == 0, "{}", set.2);
    let integration = json!({
        "name": "crm", "config_schema": [{"key": "api_key", "type": "secret"}], "config": {"api_key": SECRETS[1]},
    });
    let made = api.post("/api/integrations", &integration).await?;
    ensure!(made["name"] == "crm", "{made}");

    let (stop, runs) = (AtomicBool::new(false), AtomicUsize::new(0));
    let writers = futures::future::join_all((0..WRITERS).map(|writer| load(&api, writer, &stop, &runs)));
    let rotate = async {
        let more = async |count: usize| {
            let from = runs.load(Ordering::Relaxed);
            while runs.load(Ordering::Relaxed) < from + count {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        more(WRITERS).await;
        // Another worker comes with both keys; API and first worker have the old one only.
        let second = data_folder(TEMPORARY)?;
        let (mut late, health) = start("worker", second.path(), &[("BIFROST_MASTER_KEY", both.as_str())])?;
        late.until(START, || ready(&health)).await?;
        secrets(&["rotate"], &both)?;
        more(WRITERS).await;
        for _ in 0..2 {
            secrets(&["rotate", "--data-keys"], &both)?;
            more(WRITERS).await;
        }
        // The first worker hands over to one with both keys.
        worker.signal("TERM")?;
        ensure!(worker.ended(Duration::from_secs(60)).await? == 0, "it ended what it had begun");
        more(WRITERS).await;
        stop.store(true, Ordering::Relaxed);
        anyhow::Ok((late, second))
    };
    let (ended, rotated) = tokio::join!(writers, rotate);
    stop.store(true, Ordering::Relaxed);
    for writer in ended {
        writer?;
    }
    let (late, _second) = rotated?;
    let status = secrets(&["status", "--json"], &both)?;
    let status: serde_json::Value = serde_json::from_str(&status)?;
    ensure!(status["values"] == WRITERS + SECRETS.len(), "{status}");

    // The old key is given up: who has the new one alone reads everything.
    secrets(&["rotate", "--finish", "--yes"], &both)?;
    secrets(&["rotate", "--data-keys"], NEW_KEY)?;
    let status: serde_json::Value = serde_json::from_str(&secrets(&["status", "--json"], NEW_KEY)?)?;
    ensure!(
        status["outdated"] == 0 && status["master_keys"].as_object().map(|all| all.len()) == Some(1),
        "{status}"
    );
    read(&api).await?;
    drop((server, scheduler.signal("KILL"), late));
    roles.drop(&installation).await?;
    installation.finish().await
}
