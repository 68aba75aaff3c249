//! Runs that fail by themselves are tried again as their author said, also when the database
//! is away at that moment.

use anyhow::{Context, Result, ensure};
use bifrost_test_services::Installation;
use bifrost_tests::process::{data_folder, free_port};
use bifrost_tests::services::{Api, ready, start};
use bifrost_tests::{Door, Platform, folder};
use futures::FutureExt;
use serde_json::{Value, json};
use sqlx::ConnectOptions;
use sqlx::sqlite::SqliteConnectOptions;
use std::panic::{AssertUnwindSafe, resume_unwind};
use std::time::{Duration, Instant};

const TEMPORARY: &str = env!("CARGO_TARGET_TMPDIR");
/// Compiling the base may be part of a start.
const START: Duration = Duration::from_secs(120);
const PATIENCE: Duration = Duration::from_secs(60);

/// Why a run was tried again, as an embedded platform has written it down.
async fn causes(platform: &Platform, id: &str) -> Result<Vec<(i64, String)>> {
    let file = platform.data().join("bifrost.db");
    let mut database = SqliteConnectOptions::new().filename(file).read_only(true).connect().await?;
    let sql = "SELECT attempt, cause FROM execution_attempts WHERE execution_id = $1 ORDER BY attempt";
    let id: uuid::Uuid = id.parse()?;
    Ok(sqlx::query_as(sql).bind(id).fetch_all(&mut database).await?)
}

fn by_error(attempts: std::ops::RangeInclusive<i64>) -> Vec<(i64, String)> {
    attempts.map(|attempt| (attempt, "error:OSError".to_owned())).collect()
}

#[tokio::test]
async fn errors_that_are_listed_are_tried_again_and_others_are_not() -> Result<()> {
    let platform = Platform::start(TEMPORARY, "retries").await?;
    for (workflow, status, attempt, error) in [
        ("flaky", "Success", 3, Value::Null),
        ("wrong", "Failed", 1, json!("ValueError")),
        ("hopeless", "Failed", 4, json!("OSError")),
    ] {
        let id = platform.submit(workflow, json!({})).await;
        let ended = platform.ended(&id, PATIENCE).await;
        let told = (&ended["status"], &ended["attempt"], &ended["error_type"]);
        assert_eq!(told, (&json!(status), &json!(attempt), &error), "{workflow}: {ended}");
        assert_eq!(causes(&platform, &id).await?, by_error(2..=attempt), "{workflow}");
        if status == "Success" {
            assert_eq!(ended["result"], 3, "the workflow knows its attempt: {ended}");
        }
    }
    Ok(())
}

#[tokio::test]
async fn a_policy_that_cannot_be_meant_is_warned_of_when_it_is_deployed() -> Result<()> {
    let platform = Platform::start(TEMPORARY, "retries").await?;
    let flows = std::fs::read_to_string(folder("retries").join("flows.py"))?;
    let deployed = platform.deploy(&[("flows.py", &format!("{flows}\n"))]).await;
    let warnings = deployed["warnings"].as_array().context("warnings")?;
    assert_eq!(warnings.len(), 2, "{deployed}");
    for key in ["`attempts`", "`max_attempts`"] {
        let says = |warning: &Value| {
            let message = warning["message"].as_str().unwrap_or_default();
            warning["path"] == "flows.py" && message.contains("`malformed`") && message.contains(key)
        };
        assert!(warnings.iter().any(says), "{key}: {deployed}");
    }
    Ok(())
}

#[tokio::test]
async fn no_attempt_is_lost_while_the_database_is_away() -> Result<()> {
    let installation = Installation::create("retries").await?;
    let result = AssertUnwindSafe(without_database(&installation)).catch_unwind().await;
    installation.finish().await?;
    result.unwrap_or_else(|panic| resume_unwind(panic))
}

async fn without_database(installation: &Installation) -> Result<()> {
    let data = data_folder(TEMPORARY)?;
    let (mut scheduler, health) = start(installation, "scheduler", data.path(), &[])?;
    scheduler.until(START, || ready(&health)).await?;
    let listen = format!("127.0.0.1:{}", free_port()?);
    let (mut server, health) = start(installation, "api", data.path(), &[("BIFROST_LISTEN", &listen)])?;
    server.until(START, || ready(&health)).await?;
    let api = Api { url: format!("http://{listen}"), data: data.path() };
    let (code, _, error) = api.deploy(&folder("retries"), &["--no-wait"])?;
    ensure!(code == 0, "{error}");

    let (who, place) = installation.database.url().rsplit_once('@').context("a host")?;
    let (host, name) = place.split_once('/').context("a database")?;
    let door = Door::open(&if host.contains(':') { host.to_owned() } else { format!("{host}:5432") }).await?;
    let through = format!("{who}@{}/{name}", door.address);
    let (mut worker, health) = start(installation, "worker", data.path(), &[("DATABASE_URL", &through)])?;
    worker.until(START, || ready(&health)).await?;

    // Its first attempt ends while the worker does not reach the database, and its lease outlasts that.
    let id = api.running("flaky", json!({"seconds": 3.0})).await?;
    let deadline = Instant::now() + PATIENCE;
    let path = format!("/api/executions/{id}");
    while !api.get(&format!("{path}/logs")).await.to_string().contains("attempt 1") {
        ensure!(Instant::now() < deadline, "it does not begin");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    door.shut();
    tokio::time::sleep(Duration::from_secs(6)).await;
    door.reopen();
    let ended = loop {
        let run = api.get(&path).await;
        if !["Pending", "Running"].iter().any(|status| run["status"] == *status) {
            break run;
        }
        ensure!(Instant::now() < deadline, "it does not end: {run}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    };
    assert_eq!((&ended["status"], &ended["attempt"]), (&json!("Success"), &json!(3)), "{ended}");
    let sql = "SELECT attempt, cause FROM execution_attempts WHERE execution_id = $1::uuid ORDER BY attempt";
    let mut observer = installation.database.observe().await?;
    let causes: Vec<(i64, String)> = sqlx::query_as(sql).bind(&id).fetch_all(&mut observer).await?;
    assert_eq!(causes, by_error(2..=3));
    Ok(())
}
