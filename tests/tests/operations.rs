//! The platform as its operators see it: processes that start, tell how they are, hand
//! over and end; migrations; the doctor; the log.

use anyhow::{Context, Result};
use bifrost_test_services::{Installation, redis_url};
use bifrost_tests::process::{Process, data_folder, free_port, run};
use bifrost_tests::services::{Api, metric, ready, start, status};
use bifrost_tests::{Door, folder};
use serde_json::{Value, json};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

const TEMPORARY: &str = env!("CARGO_TARGET_TMPDIR");
/// Compiling the base may be part of a start.
const START: Duration = Duration::from_secs(120);

/// `bifrost up` with the basics deployed, and `settings` besides.
async fn up(data: &Path, settings: &[(&str, &str)]) -> Result<(Process, String)> {
    let address = format!("127.0.0.1:{}", free_port()?);
    let basics = folder("basics");
    let mut all = vec![
        ("BIFROST_DATA", data.to_str().context("a path")?),
        ("BIFROST_LISTEN", &address),
        ("BIFROST_WORKSPACE", basics.to_str().context("a path")?),
        ("BIFROST_LOG_FORMAT", "json"),
    ];
    all.extend(settings);
    let mut process = Process::start(&["up"], &all)?;
    let said = process_says(&process, "started");
    process.until(START, said).await?;
    Ok((process, format!("http://{address}")))
}

/// True once the log has an event with this message.
fn process_says(process: &Process, message: &'static str) -> impl Fn() -> std::future::Ready<bool> + use<> {
    let log = process.reader();
    move || std::future::ready(log().iter().any(|line| line.contains(&format!("\"message\":\"{message}\""))))
}

#[tokio::test]
async fn a_second_signal_ends_at_once() -> Result<()> {
    let data = data_folder(TEMPORARY)?;
    let (mut process, url) = up(data.path(), &[]).await?;
    Api { url, data: data.path() }.running("sleep_check", json!({"n": 10, "seconds": 60.0})).await?;
    process.signal("TERM")?;
    let said = process_says(&process, "ends with what it has begun");
    process.until(Duration::from_secs(5), said).await?;
    let asked = Instant::now();
    process.signal("TERM")?;
    assert_eq!(process.ended(Duration::from_secs(5)).await?, 143);
    assert!(asked.elapsed() < Duration::from_secs(2), "{:?}", asked.elapsed());
    Ok(())
}

#[tokio::test]
async fn one_process_drains_and_says_what_is_left() -> Result<()> {
    let data = data_folder(TEMPORARY)?;
    let (mut process, url) = up(data.path(), &[]).await?;
    let api = Api { url: url.clone(), data: data.path() };
    let short = api.running("sleep_check", json!({"n": 10, "seconds": 2.0})).await?;
    process.signal("INT")?;
    assert_eq!(process.ended(Duration::from_secs(20)).await?, 0);
    assert!(reqwest::get(&url).await.is_err(), "it still serves");

    let (mut process, url) = up(data.path(), &[("BIFROST_DRAIN_SECONDS", "1")]).await?;
    let api = Api { url, data: data.path() };
    let run = api.get(&format!("/api/executions/{short}")).await;
    assert_eq!(run["status"], "Success", "the run was in hand when the signal came: {run}");
    api.running("sleep_check", json!({"n": 10, "seconds": 60.0})).await?;
    process.signal("TERM")?;
    let asked = Instant::now();
    assert_eq!(process.ended(Duration::from_secs(20)).await?, 4);
    assert!(asked.elapsed() < Duration::from_secs(8), "{:?}", asked.elapsed());
    Ok(())
}

#[tokio::test]
async fn the_log_is_json_with_request_ids_and_without_secrets() -> Result<()> {
    let data = data_folder(TEMPORARY)?;
    let token = "token-that-nobody-may-read";
    let settings = [("BIFROST_METRICS_TOKEN", token), ("BIFROST_LOG", "debug,sqlx=warn")];
    let (mut process, url) = up(data.path(), &settings).await?;
    let wrong_key = "bf_wrong-key-that-nobody-may-read";
    let request = reqwest::Client::new().get(format!("{url}/api/me?secret=query-that-nobody-may-read"));
    let request = request.header("x-request-id", "seen-by-a-test").bearer_auth(wrong_key);
    let answer = request.send().await?;
    assert_eq!(answer.headers()["x-request-id"], "seen-by-a-test");
    let body: Value = answer.json().await?;
    assert_eq!(body["request_id"], "seen-by-a-test");
    let scrape = reqwest::Client::new().get(format!("{url}/metrics")).bearer_auth(token).send().await?;
    assert_eq!(scrape.status(), 200);
    process.signal("TERM")?;
    assert_eq!(process.ended(Duration::from_secs(20)).await?, 0);

    let log = process.log();
    let events: Vec<Value> = log
        .iter()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("not JSON: {line}")))
        .collect();
    for message in ["started", "leadership changed", "a version was deployed", "ended"] {
        assert!(events.iter().any(|event| event["message"] == message), "no `{message}`: {log:#?}");
    }
    let answered = events
        .iter()
        .find(|event| event["message"] == "answered" && event["spans"][0]["request_id"] == "seen-by-a-test");
    let answered = answered.with_context(|| format!("the request is not in the log: {log:#?}"))?;
    assert_eq!(answered["status"], 401, "{answered}");
    let key = std::fs::read_to_string(data.path().join("admin.key"))?;
    for secret in [token, wrong_key, key.trim(), "query-that-nobody-may-read"] {
        assert!(!log.iter().any(|line| line.contains(secret)), "{secret}: {log:#?}");
    }
    Ok(())
}

#[tokio::test]
async fn processes_tell_how_they_are_and_hand_over() -> Result<()> {
    let installation = Arc::new(Installation::create("operations").await?);
    let result = tokio::spawn(hand_over(installation.clone())).await;
    Arc::into_inner(installation).context("in use")?.finish().await?;
    result?
}

async fn hand_over(installation: Arc<Installation>) -> Result<()> {
    let data = data_folder(TEMPORARY)?;
    let redis = redis_url();
    let start = |command: &str, more: &[(&str, &str)]| start(&installation, command, data.path(), more);
    let (mut first, first_health) = start("scheduler", &[])?;
    first
        .until(START, || async {
            metric(&first_health, r#"bifrost_leader{task="scheduler"}"#).await == Some(1.0)
        })
        .await?;
    let (mut second, second_health) = start("scheduler", &[])?;
    second.until(START, || ready(&second_health)).await?;
    let leads = r#"bifrost_leader{task="scheduler"}"#;
    second.until(START, || async { metric(&second_health, leads).await == Some(0.0) }).await?;

    // The API reaches Redis through a door that can be shut.
    let door = Door::open(redis.trim_start_matches("redis://").split('/').next().context("a host")?).await?;
    let listen = format!("127.0.0.1:{}", free_port()?);
    let through = format!("redis://{}", door.address);
    let (mut api, api_health) = start("api", &[("BIFROST_LISTEN", &listen), ("REDIS_URL", &through)])?;
    api.until(START, || ready(&api_health)).await?;
    let platform = Api { url: format!("http://{listen}"), data: data.path() };
    let (mut worker, worker_health) = start("worker", &[])?;
    worker.until(START, || ready(&worker_health)).await?;
    let (code, ..) =
        run(&["health"], &[("BIFROST_HEALTH_LISTEN", worker_health.trim_start_matches("http://"))])?;
    assert_eq!(code, 0);
    let (code, _, error) = platform.deploy(&folder("basics"), &["--no-wait"])?;
    assert_eq!(code, 0, "{error}");

    // A worker ends with the run that it has.
    let id = platform.running("sleep_check", json!({"n": 10, "seconds": 2.0})).await?;
    assert_eq!(metric(&worker_health, "bifrost_runs_active").await, Some(1.0));
    worker.signal("TERM")?;
    worker
        .until(Duration::from_secs(3), || async {
            let draining = status(&format!("{worker_health}/health/ready")).await;
            draining.is_some_and(|(code, body)| {
                code == 503 && body["detail"].to_string().contains("about to end")
            })
        })
        .await?;
    assert_eq!(worker.ended(Duration::from_secs(15)).await?, 0);
    let execution = platform.get(&format!("/api/executions/{id}")).await;
    assert_eq!((&execution["status"], &execution["attempt"]), (&json!("Success"), &json!(1)), "{execution}");

    // The lead goes over at once; its term alone would take six seconds.
    first.signal("TERM")?;
    assert_eq!(first.ended(Duration::from_secs(5)).await?, 0);
    let asked = Instant::now();
    second
        .until(Duration::from_secs(10), || async { metric(&second_health, leads).await == Some(1.0) })
        .await?;
    assert!(asked.elapsed() < Duration::from_secs(4), "{:?}", asked.elapsed());

    // Without Redis work goes on: everybody stays ready, says what is away, and recovers.
    let (mut late, late_health) = start("worker", &[("REDIS_URL", &through)])?;
    late.until(START, || ready(&late_health)).await?;
    door.shut();
    let without = |what: Value| {
        let both = [format!("{}/health/ready", platform.url), format!("{late_health}/health/ready")];
        move || {
            let (both, what) = (both.clone(), what.clone());
            async move {
                let answers = [status(&both[0]).await, status(&both[1]).await];
                answers
                    .iter()
                    .flatten()
                    .filter(|(code, body)| *code == 200 && body["degraded"] == what)
                    .count()
                    == 2
            }
        }
    };
    api.until(Duration::from_secs(15), without(json!(["bus"]))).await?;
    let (code, out, error) = run(&["health"], &[("BIFROST_LISTEN", listen.as_str())])?;
    assert_eq!((code, out.trim()), (0, "works without: bus"), "{error}");
    let body =
        json!({"workflow_id": "echo", "input_data": {"message": "m"}, "sync": true, "timeout_seconds": 60});
    let answer = platform.post("/api/workflows/execute", &body).await?;
    assert_eq!(
        (&answer["status"], &answer["result"]["message"]),
        (&json!("Success"), &json!("m")),
        "{answer}"
    );
    door.reopen();
    api.until(Duration::from_secs(15), without(Value::Null)).await?;
    late.signal("TERM")?;
    assert_eq!(late.ended(Duration::from_secs(15)).await?, 0);
    api.signal("TERM")?;
    assert_eq!(api.ended(Duration::from_secs(10)).await?, 0);
    let secrets = installation.secrets();
    for process in [&api, &worker, &late, &first, &second] {
        assert!(!process.log().iter().any(|line| secrets.iter().any(|secret| line.contains(secret))));
    }
    Ok(())
}

#[tokio::test]
async fn a_scheduler_that_is_killed_is_replaced_within_ten_seconds() -> Result<()> {
    let installation = Arc::new(Installation::create("takeover").await?);
    let result = tokio::spawn(take_over(installation.clone())).await;
    Arc::into_inner(installation).context("in use")?.finish().await?;
    result?
}

async fn take_over(installation: Arc<Installation>) -> Result<()> {
    let data = data_folder(TEMPORARY)?;
    let start = |command: &str, more: &[(&str, &str)]| start(&installation, command, data.path(), more);
    let leads = r#"bifrost_leader{task="scheduler"}"#;
    let (mut first, first_health) = start("scheduler", &[])?;
    first.until(START, || async { metric(&first_health, leads).await == Some(1.0) }).await?;
    let (mut second, second_health) = start("scheduler", &[])?;
    second.until(START, || async { metric(&second_health, leads).await == Some(0.0) }).await?;
    let listen = format!("127.0.0.1:{}", free_port()?);
    let (mut api, api_health) = start("api", &[("BIFROST_LISTEN", &listen)])?;
    api.until(START, || ready(&api_health)).await?;
    let (mut worker, worker_health) = start("worker", &[])?;
    worker.until(START, || ready(&worker_health)).await?;
    let platform = Api { url: format!("http://{listen}"), data: data.path() };
    let (code, _, error) = platform.deploy(&folder("basics"), &["--no-wait"])?;
    assert_eq!(code, 0, "{error}");
    let short = || platform.submit("sleep_check", json!({"n": 10, "seconds": 0.1}));
    succeeds(&platform, &short().await?, &mut api, START).await?;

    first.signal("KILL")?;
    let died = Instant::now();
    let meanwhile = short().await?;
    second
        .until(Duration::from_secs(10), || async { metric(&second_health, leads).await == Some(1.0) })
        .await?;
    assert!(died.elapsed() < Duration::from_secs(10), "{:?}", died.elapsed());
    for id in [short().await?, meanwhile] {
        succeeds(&platform, &id, &mut api, Duration::from_secs(10)).await?;
    }
    Ok(())
}

#[tokio::test]
async fn an_attempt_that_fails_while_the_database_is_away_is_made_again() -> Result<()> {
    let installation = Arc::new(Installation::create("retries").await?);
    let result = tokio::spawn(fail_without_a_database(installation.clone())).await;
    Arc::into_inner(installation).context("in use")?.finish().await?;
    result?
}

const UNSTEADY: &str = "
import asyncio
from bifrost import context, workflow

@workflow(retry_policy={'max_attempts': 2, 'backoff_seconds': 0.1})
async def unsteady(seconds: float) -> int:
    await asyncio.sleep(seconds)
    if context.attempt == 1:
        raise ConnectionError('the first attempt fails')
    return context.attempt
";

async fn fail_without_a_database(installation: Arc<Installation>) -> Result<()> {
    let (data, workspace) = (data_folder(TEMPORARY)?, tempfile::tempdir()?);
    std::fs::write(workspace.path().join("flows.py"), UNSTEADY)?;
    let start = |command: &str, more: &[(&str, &str)]| start(&installation, command, data.path(), more);
    let listen = format!("127.0.0.1:{}", free_port()?);
    let (mut api, api_health) = start("api", &[("BIFROST_LISTEN", &listen)])?;
    api.until(START, || ready(&api_health)).await?;
    let (mut scheduler, scheduler_health) = start("scheduler", &[])?;
    scheduler.until(START, || ready(&scheduler_health)).await?;
    // The worker reaches the database through a door that can be shut.
    let url = installation.database.url();
    let host = url.rsplit_once('@').and_then(|(_, rest)| rest.split('/').next()).context("a host")?;
    let door = Door::open(host).await?;
    let through = url.replace(host, &door.address.to_string());
    let (mut worker, worker_health) = start("worker", &[("DATABASE_URL", &through)])?;
    worker.until(START, || ready(&worker_health)).await?;
    let platform = Api { url: format!("http://{listen}"), data: data.path() };
    let (code, _, error) = platform.deploy(workspace.path(), &["--no-wait"])?;
    assert_eq!(code, 0, "{error}");

    let id = platform.running("unsteady", json!({"seconds": 2.0})).await?;
    door.shut();
    tokio::time::sleep(Duration::from_secs(4)).await;
    let meanwhile = platform.get(&format!("/api/executions/{id}")).await;
    assert_eq!((&meanwhile["status"], &meanwhile["attempt"]), (&json!("Running"), &json!(1)), "{meanwhile}");
    door.reopen();
    succeeds(&platform, &id, &mut api, Duration::from_secs(30)).await?;
    let execution = platform.get(&format!("/api/executions/{id}")).await;
    assert_eq!(execution["attempt"], 2, "{execution}");
    Ok(())
}

async fn succeeds(platform: &Api<'_>, id: &str, api: &mut Process, patience: Duration) -> Result<()> {
    let path = format!("/api/executions/{id}");
    api.until(patience, || async { platform.get(&path).await["status"] == "Success" }).await
}
