//! Durable runs per second: submitted over HTTP as fast as the API takes them, run, their
//! results stored.

use crate::engines::Engines;
use crate::server::{Observer, Server};
use crate::{Bench, Summary, workspace};
use anyhow::{Result, ensure};
use futures::{StreamExt, TryStreamExt, stream};
use serde_json::json;
use std::time::{Duration, Instant};

/// Requests in flight.
const CALLERS: usize = 32;
/// Between two looks into the database.
const POLL: Duration = Duration::from_millis(50);
/// Longest wait for the last run.
const PATIENCE: Duration = Duration::from_secs(180);

/// Default settings on each set of engines.
pub fn measure(bench: &Bench, summary: &mut Summary) -> Result<()> {
    let runtime = tokio::runtime::Runtime::new()?;
    for engines in Engines::ALL {
        let count = bench.samples(6_000, 1_500);
        let name = engines.name();
        runtime.block_on(async {
            let server = Server::start(bench, engines, &workspace::folder()).await?;
            let rates = rates(&server, count).await;
            server.stop().await?;
            let (rate, accepted, waiting) = rates?;
            summary.set(&format!("durable_runs_per_s.{name}"), rate);
            summary.note(&format!("durable_runs_per_s.{name}.runs"), count);
            summary.note(&format!("durable_runs_per_s.{name}.accepted_per_s"), accepted);
            summary.note(&format!("durable_runs_per_s.{name}.callers_that_wait_per_s"), waiting);
            anyhow::Ok(())
        })?;
    }
    Ok(())
}

/// Runs per second to the last result, submits per second, and runs per second of
/// callers that wait for each result.
async fn rates(server: &Server, count: usize) -> Result<(f64, f64, f64)> {
    let mut observer = Observer::connect(server).await?;
    flood(server, &mut observer, count / 6).await?;
    let (rate, accepted) = flood(server, &mut observer, count).await?;
    let began = Instant::now();
    let waiting = count / 3;
    stream::iter(0..waiting)
        .map(|n| async move {
            let name = format!("caller {n}");
            let body = json!({"workflow_id": "trivial", "input_data": {"name": name}, "sync": true});
            let answer: serde_json::Value =
                server.post("/api/workflows/execute", &body).await?.json().await?;
            ensure!(answer["result"]["greeting"] == format!("Hello, {name}."), "{answer}");
            Ok(())
        })
        .buffer_unordered(CALLERS)
        .try_collect::<Vec<()>>()
        .await?;
    Ok((rate, accepted, waiting as f64 / began.elapsed().as_secs_f64()))
}

async fn flood(server: &Server, observer: &mut Observer, count: usize) -> Result<(f64, f64)> {
    const DONE: &str = "SELECT count(*) FROM executions WHERE status = 'Success' AND result IS NOT NULL";
    const ENDED: &str = "SELECT count(*) FROM executions WHERE completed_at IS NOT NULL";
    let before = observer.number(DONE).await?;
    let target = before + i64::try_from(count)?;
    let began = Instant::now();
    stream::iter(0..count)
        .map(|n| server.submit("trivial", json!({"name": format!("caller {n}")})))
        .buffer_unordered(CALLERS)
        .try_collect::<Vec<String>>()
        .await?;
    let accepted = count as f64 / began.elapsed().as_secs_f64();
    while observer.number(ENDED).await? < target {
        ensure!(began.elapsed() < PATIENCE, "{count} runs were not done after {PATIENCE:?}");
        tokio::time::sleep(POLL).await;
    }
    let seconds = began.elapsed().as_secs_f64();
    let done = observer.number(DONE).await?;
    ensure!(done == target, "{} of {count} runs did not succeed", target - done);
    Ok((count as f64 / seconds, accepted))
}
