//! A ticket that is let go of until RabbitMQ gives it up: its run still ends exactly once,
//! and an administrator can replay it.

use anyhow::{Context, Result, ensure};
use bifrost_test_services::{Installation, amqp_url};
use bifrost_tests::folder;
use bifrost_tests::process::{Process, data_folder, free_port, run};
use bifrost_tests::services::{Api, metric, ready, start};
use futures::FutureExt;
use lapin::options::{BasicGetOptions, BasicNackOptions};
use serde_json::{Value, json};
use sqlx::{Executor, PgConnection, Row};
use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, resume_unwind};
use std::path::Path;
use std::time::{Duration, Instant};
use tokio::task::JoinHandle;

const TEMPORARY: &str = env!("CARGO_TARGET_TMPDIR");
/// Compiling the base may be part of a start.
const START: Duration = Duration::from_secs(120);
/// How long a run may take to end; three looks of the scheduler and some more.
const PATIENCE: Duration = Duration::from_secs(60);
/// How often a ticket is delivered before RabbitMQ gives it up: the first time, and as
/// often as the limit says.
const DELIVERIES: usize = 21;

/// Nothing of the platform can see or change this.
const OBSERVER: &str = "
CREATE SCHEMA observer;
CREATE TABLE observer.changes (number bigserial PRIMARY KEY, execution text NOT NULL, was text NOT NULL,
  became text NOT NULL, attempt bigint NOT NULL);
CREATE FUNCTION observer.note() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
  IF NEW.status <> OLD.status THEN
    INSERT INTO observer.changes (execution, was, became, attempt)
    VALUES (NEW.id::text, OLD.status, NEW.status, NEW.attempt);
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER observe AFTER UPDATE ON executions FOR EACH ROW EXECUTE FUNCTION observer.note();
";

/// The platform's database as a superuser sees it.
struct Observer(PgConnection);

impl Observer {
    async fn start(installation: &Installation) -> Result<Self> {
        let mut connection = installation.database.observe().await?;
        connection.execute(OBSERVER).await?;
        Ok(Self(connection))
    }

    /// Says that a worker lives which has room for runs, so that tickets are admitted.
    async fn pretend_worker(&mut self) -> Result<()> {
        let sql = "INSERT INTO workers (id, host, version, slots, started_at, seen_at)
                   VALUES ('pretended', 'h', '1', 4, now(), now() + interval '1 hour')";
        self.0.execute(sql).await?;
        Ok(())
    }

    async fn forget_worker(&mut self) -> Result<()> {
        self.0.execute("DELETE FROM workers WHERE id = 'pretended'").await?;
        Ok(())
    }

    /// What a run became, in order, and at which attempt.
    async fn changes(&mut self, execution: &str) -> Result<Vec<(String, i64)>> {
        let sql = "SELECT became, attempt FROM observer.changes WHERE execution = $1 ORDER BY number";
        Ok(sqlx::query_as(sql).bind(execution).fetch_all(&mut self.0).await?)
    }

    async fn causes(&mut self, execution: &str) -> Result<Vec<(i64, String)>> {
        let sql =
            "SELECT attempt, cause FROM execution_attempts WHERE execution_id = $1::uuid ORDER BY attempt";
        let rows = sqlx::query(sql).bind(execution).fetch_all(&mut self.0).await?;
        rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?))).collect()
    }
}

/// A worker that takes tickets and is gone before it holds their runs, over and over. Ends
/// when it is told to, and tells how often it got each ticket.
struct Dying {
    stop: tokio::sync::watch::Sender<bool>,
    task: JoinHandle<Result<HashMap<Vec<u8>, usize>>>,
}

impl Dying {
    async fn start(queue: String) -> Result<Self> {
        let connection =
            lapin::Connection::connect(&amqp_url(), lapin::ConnectionProperties::default()).await?;
        let channel = connection.create_channel().await?;
        let (stop, stopped) = tokio::sync::watch::channel(false);
        let task = tokio::spawn(async move {
            let _connection = connection;
            let mut taken: HashMap<Vec<u8>, usize> = HashMap::new();
            while !*stopped.borrow() {
                let got = channel.basic_get(queue.as_str().into(), BasicGetOptions::default()).await?;
                let Some(message) = got.map(|got| got.delivery) else {
                    tokio::time::sleep(Duration::from_millis(5)).await;
                    continue;
                };
                message.acker.nack(BasicNackOptions { requeue: true, ..Default::default() }).await?;
                *taken.entry(message.data.to_vec()).or_default() += 1;
            }
            Ok(taken)
        });
        Ok(Self { stop, task })
    }

    async fn stop(self) -> Result<HashMap<Vec<u8>, usize>> {
        self.stop.send_replace(true);
        self.task.await?
    }
}

async fn until(what: &str, mut condition: impl AsyncFnMut() -> bool) -> Result<()> {
    let deadline = Instant::now() + PATIENCE;
    while !condition().await {
        ensure!(Instant::now() < deadline, "it took too long until {what}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    Ok(())
}

/// The run, once it has this status.
async fn reaches(api: &Api<'_>, id: &str, status: &str) -> Result<Value> {
    let path = format!("/api/executions/{id}");
    until(&format!("{id} is {status}"), async || api.get(&path).await["status"] == status).await?;
    Ok(api.get(&path).await)
}

/// The letters of a run, the first one first.
async fn letters(api: &Api<'_>, execution: &str) -> Vec<Value> {
    let answer = api.get("/api/dead-letters").await;
    let all = answer["dead_letters"].as_array().cloned().unwrap_or_default();
    all.into_iter().filter(|letter| letter["execution_id"] == execution).rev().collect()
}

/// `bifrost dead-letters` with these arguments.
fn command(api: &Api<'_>, arguments: &[&str]) -> Result<(i32, String, String)> {
    let arguments = [&["dead-letters", "--server", api.url.as_str()][..], arguments].concat();
    run(&arguments, &[("BIFROST_KEY", api.key().as_str())])
}

#[tokio::test]
async fn a_run_whose_ticket_dies_ends_once_and_can_be_replayed() -> Result<()> {
    let installation = Installation::create("dead").await?;
    let result = AssertUnwindSafe(tickets_die(&installation)).catch_unwind().await;
    installation.finish().await?;
    result.unwrap_or_else(|panic| resume_unwind(panic))
}

async fn tickets_die(installation: &Installation) -> Result<()> {
    let queue = installation.queue().to_owned();
    let data = data_folder(TEMPORARY)?;
    let (mut scheduler, scheduler_health) = start(installation, "scheduler", data.path(), &[])?;
    scheduler.until(START, || ready(&scheduler_health)).await?;
    let (_api, platform) = api(installation, data.path()).await?;
    let mut observer = Observer::start(installation).await?;
    observer.pretend_worker().await?;

    // Whoever takes it dies, attempt after attempt.
    let dying = Dying::start(queue.clone()).await?;
    let lost = platform.submit("echo", json!({"message": "lost"})).await?;
    let run = reaches(&platform, &lost, "Failed").await?;
    assert_eq!((&run["error_type"], &run["attempt"]), (&json!("dead_letter"), &json!(3)), "{run}");
    let letters = letters(&platform, &lost).await;
    let told: Vec<_> = letters.iter().map(|l| (&l["attempt"], &l["state"], &l["reason"])).collect();
    let (retried, failed, reason) = (json!("retried"), json!("failed"), json!("delivery_limit"));
    assert_eq!(
        told,
        [(&json!(1), &retried, &reason), (&json!(2), &retried, &reason), (&json!(3), &failed, &reason)]
    );
    let taken = dying.stop().await?;
    assert_eq!(taken.len(), 3, "each attempt has a ticket of its own");
    // More where the dispatcher has admitted the attempt again meanwhile.
    assert!(taken.values().all(|count| *count >= DELIVERIES), "{:?}", taken.values());
    assert_eq!(observer.changes(&lost).await?, [("Failed".to_owned(), 3)], "never begun, ended once");

    // The first attempt dies; then there is a worker that lives.
    let dying = Dying::start(queue).await?;
    let saved = platform.submit("echo", json!({"message": "saved"})).await?;
    until("the ticket is dead", async || !self::letters(&platform, &saved).await.is_empty()).await?;
    dying.stop().await?;
    observer.forget_worker().await?;
    let (mut worker, worker_health) = start(installation, "worker", data.path(), &[])?;
    worker.until(START, || ready(&worker_health)).await?;
    let run = reaches(&platform, &saved, "Success").await?;
    let attempt = run["attempt"].as_i64().context("an attempt")?;
    assert!(attempt > 1, "{run}");
    let expected = [("Running".to_owned(), attempt), ("Success".to_owned(), attempt)];
    assert_eq!(observer.changes(&saved).await?, expected, "begun once, ended once");
    let expected: Vec<_> = (2..=attempt).map(|n| (n, "dead_letter:delivery_limit".to_owned())).collect();
    assert_eq!(observer.causes(&saved).await?, expected);

    // An administrator looks after what failed.
    let (code, out, error) = command(&platform, &["list", "--state", "failed", "--open"])?;
    let letter = letters[2]["id"].as_str().context("an id")?;
    assert_eq!((code, out.lines().count()), (0, 1), "{out}{error}");
    assert!(out.starts_with(letter) && out.contains(&lost) && out.contains("echo"), "{out}");
    let (code, out, error) = command(&platform, &["replay", letter])?;
    assert_eq!(code, 0, "{error}");
    let replayed = reaches(&platform, out.trim(), "Success").await?;
    assert_eq!(replayed["rerun_of"], lost, "{replayed}");
    assert_eq!(replayed["result"]["message"], "lost", "{replayed}");
    let (code, _, error) = command(&platform, &["replay", letter])?;
    assert_eq!(code, 2);
    assert!(error.contains(out.trim()), "{error}");
    let (_, out, _) = command(&platform, &["--json"])?;
    let listed: Value = serde_json::from_str(&out)?;
    let replays = listed["dead_letters"].as_array().context("a list")?.iter();
    let replays: Vec<_> = replays.filter(|one| !one["replayed_as"].is_null()).collect();
    assert_eq!((replays.len(), &replays[0]["id"]), (1, &json!(letter)), "{listed}");

    assert_eq!(observer.changes(&lost).await?.len(), 1, "an end is never changed");
    let counted = metric(&scheduler_health, r#"bifrost_dead_letters_total{state="failed"}"#).await;
    assert_eq!(counted, Some(1.0));
    Ok(())
}

async fn api<'a>(installation: &Installation, data: &'a Path) -> Result<(Process, Api<'a>)> {
    let listen = format!("127.0.0.1:{}", free_port()?);
    let (mut process, health) = start(installation, "api", data, &[("BIFROST_LISTEN", &listen)])?;
    process.until(START, || ready(&health)).await?;
    let platform = Api { url: format!("http://{listen}"), data };
    let (code, _, error) = platform.deploy(&folder("basics"), &["--no-wait"])?;
    ensure!(code == 0, "{error}");
    Ok((process, platform))
}
