//! How long one organization's run waits while another's ten thousand are queued.

use crate::client::Client;
use crate::engines::Engines;
use crate::server::{Observer, Server};
use crate::stats::{median, percentile};
use crate::{Bench, Summary, workspace};
use anyhow::{Context, Result, ensure};
use chrono::{DateTime, Utc};
use futures::{StreamExt, TryStreamExt, stream};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// Of the only worker.
const SLOTS: &str = "4";
/// Runs that A asks for.
const QUEUED: usize = 10_000;
/// Length of each run of A, in seconds.
const SECONDS: f64 = 0.1;
/// Between two runs of B; no multiple of a run of A, so that B comes at any moment of it.
const REST: Duration = Duration::from_millis(137);
/// Longest wait for a run of B.
const PATIENCE: Duration = Duration::from_secs(60);

/// On one process, and on several.
pub fn measure(bench: &Bench, summary: &mut Summary) -> Result<()> {
    let runtime = tokio::runtime::Runtime::new()?;
    let mut slowest = 0.0f64;
    for engines in [Engines::Embedded, Engines::Distributed] {
        let name = engines.name();
        let turns = bench.samples(30, 8);
        let times = runtime.block_on(async {
            let settings = [("BIFROST_SLOTS", SLOTS)];
            let server = Server::configure(bench, engines, &workspace::folder(), &settings).await?;
            let times = starts(&server, turns).await;
            server.stop().await?;
            times
        })?;
        summary.note(&format!("fairness.{name}.p50_ms"), median(&times));
        summary.note(&format!("fairness.{name}.most_ms"), percentile(&times, 1.0));
        summary.note(&format!("fairness.{name}.queued_before"), QUEUED);
        summary.note(&format!("fairness.{name}.runs"), times.len());
        slowest = slowest.max(percentile(&times, 1.0));
    }
    summary.set("fairness.b_starts_ms", slowest);
    Ok(())
}

/// Milliseconds from sending each submit of B to the start of its run.
async fn starts(server: &Server, turns: usize) -> Result<Vec<f64>> {
    let (a, b) = (server.organization("A").await?, server.organization("B").await?);
    stream::iter(0..QUEUED)
        .map(|_| a.submit("wait", json!({"seconds": SECONDS})))
        .buffer_unordered(32)
        .try_collect::<Vec<String>>()
        .await?;
    let mut times = vec![];
    for _ in 0..turns {
        let sent = Utc::now();
        let id = b.submit("trivial", json!({})).await?;
        let execution = ended(&b, &id).await?;
        let started: DateTime<Utc> = execution["started_at"].as_str().context("started")?.parse()?;
        times.push((started - sent).num_microseconds().context("a short time")? as f64 / 1_000.0);
        tokio::time::sleep(REST).await;
    }
    // A has to have been in the way to the end.
    let waiting = "SELECT COUNT(*) FROM executions WHERE status = 'Pending'";
    let left = Observer::connect(server).await?.number(waiting).await?;
    ensure!(left > 0, "all runs of A had ended");
    Ok(times)
}

async fn ended(client: &Client, id: &str) -> Result<Value> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let execution = client.get(&format!("/api/executions/{id}")).await?;
        match execution["status"].as_str() {
            Some("Success") => return Ok(execution),
            Some("Pending" | "Running") => {}
            _ => anyhow::bail!("{execution}"),
        }
        ensure!(Instant::now() < deadline, "a run of B had not ended after {PATIENCE:?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
