//! Schedules: how long ten thousand of them take to load, and how late they fire.

use crate::engines::Engines;
use crate::server::{Observer, Server};
use crate::stats::{median, percentile};
use crate::{Bench, Summary, workspace};
use anyhow::{Result, ensure};
use futures::{StreamExt, TryStreamExt, stream};
use serde_json::json;
use std::time::{Duration, Instant};

const SCHEDULES: usize = 10_000;
/// Each may have 1,000 schedules.
const ORGANIZATIONS: usize = 10;
/// Ticks a second.
const RATE: usize = 100;
const ZONES: [&str; 4] = ["UTC", "Europe/Berlin", "America/New_York", "Asia/Tokyo"];
/// Longest wait for the scheduler, or for the last run.
const PATIENCE: Duration = Duration::from_secs(60);

/// An API, a worker and a scheduler; the scheduler is started again to see it load.
pub fn measure(bench: &Bench, summary: &mut Summary) -> Result<()> {
    let runtime = tokio::runtime::Runtime::new()?;
    runtime.block_on(async {
        let mut server = Server::start(bench, Engines::Distributed, &workspace::folder()).await?;
        let measured = schedules(&mut server, summary, bench.samples(20, 5) * RATE).await;
        server.stop().await?;
        measured
    })
}

async fn schedules(server: &mut Server, summary: &mut Summary, ticks: usize) -> Result<()> {
    let mut clients = vec![];
    for n in 0..ORGANIZATIONS {
        clients.push(server.organization(&format!("Organization {n}")).await?);
    }
    stream::iter(0..SCHEDULES)
        .map(|n| {
            // A time of its own for almost each of them, none of them soon again.
            let (minute, hour, day, month) = (n % 60, n / 60 % 24, 1 + n % 28, 1 + n % 12);
            let body = json!({
                "workflow_id": "trivial",
                "name": format!("schedule {n}"),
                "cron_expression": format!("{minute} {hour} {day} {month} *"),
                "timezone": ZONES[n % ZONES.len()],
                "overlap_policy": "queue",
                "input_data": {"name": format!("{n}")},
            });
            let client = &clients[n % ORGANIZATIONS];
            async move { client.post("/api/schedules", &body).await }
        })
        .buffer_unordered(32)
        .try_for_each(|_| async { Ok(()) })
        .await?;
    let mut observer = Observer::connect(server).await?;
    summary.set("schedules.load_s", load(server, &mut observer).await?);
    fire(&mut observer, ticks).await?;
    let (started, made) = lags(&mut observer).await?;
    ensure!(started.len() >= ticks, "{} of {ticks} ticks made a run", started.len());
    summary.set("schedules.lag_p99_ms", percentile(&started, 0.99));
    summary.note("schedules.lag_p50_ms", median(&started));
    summary.note("schedules.lag_most_ms", percentile(&started, 1.0));
    summary.note("schedules.until_written_p99_ms", percentile(&made, 0.99));
    summary.note("schedules.ticks", started.len());
    summary.note("schedules.ticks_per_s", RATE);
    Ok(())
}

/// Seconds from the start of a scheduler until it has computed all next ticks anew.
async fn load(server: &mut Server, observer: &mut Observer) -> Result<f64> {
    const WRONG: &str = "SELECT COUNT(*) FROM schedules WHERE next_at > now() + interval '50 years'";
    server.end("scheduler").await?;
    observer.change("UPDATE schedules SET next_at = next_at + interval '100 years'").await?;
    let wrong = observer.number(WRONG).await?;
    ensure!(usize::try_from(wrong)? == SCHEDULES, "{wrong} schedules are there");
    let began = Instant::now();
    server.launch("scheduler")?;
    while observer.number(WRONG).await? > 0 {
        ensure!(began.elapsed() < PATIENCE, "the schedules were not loaded after {PATIENCE:?}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    Ok(began.elapsed().as_secs_f64())
}

/// Makes schedules due one after the other, and waits for their runs.
async fn fire(observer: &mut Observer, ticks: usize) -> Result<()> {
    const ENDED: &str =
        "SELECT COUNT(*) FROM executions WHERE schedule_id IS NOT NULL AND completed_at IS NOT NULL";
    let sql = format!(
        "UPDATE schedules SET next_at = now() + interval '4 seconds' + numbered.n * interval '1 second' / {RATE}
         FROM (SELECT id, row_number() OVER (ORDER BY id) AS n FROM schedules ORDER BY id LIMIT {ticks}) AS numbered
         WHERE schedules.id = numbered.id"
    );
    let changed = observer.change(&sql).await?;
    ensure!(usize::try_from(changed)? == ticks, "{changed} schedules are due");
    let deadline = Instant::now() + Duration::from_secs(4 + (ticks / RATE) as u64) + PATIENCE;
    while usize::try_from(observer.number(ENDED).await?)? < ticks {
        ensure!(Instant::now() < deadline, "not all ticks made a run");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    Ok(())
}

/// Milliseconds from each tick to the start of its run, and to its row.
async fn lags(observer: &mut Observer) -> Result<(Vec<f64>, Vec<f64>)> {
    let mut since = async |column: &str| {
        let sql = format!(
            "SELECT (extract(epoch FROM {column} - scheduled_for) * 1000)::float8
             FROM executions WHERE schedule_id IS NOT NULL AND started_at IS NOT NULL"
        );
        observer.figures(&sql).await
    };
    Ok((since("started_at").await?, since("created_at").await?))
}
