//! Memory of a thousand waiting runs, after them, and of nothing at all.

use crate::engines::Engines;
use crate::process::family_pss_mb;
use crate::server::{Observer, Server};
use crate::{Bench, Summary, workspace};
use anyhow::{Result, ensure};
use futures::{StreamExt, TryStreamExt, stream};
use serde_json::json;
use std::time::{Duration, Instant};

const RUNS: usize = 1_000;
/// How long each run waits.
const SECONDS: f64 = 10.0;
/// Rest before memory at rest is read.
const REST: Duration = Duration::from_secs(10);
/// Longest wait for a wave to end.
const PATIENCE: Duration = Duration::from_secs(120);

/// Two waves on one embedded server, of which the second one counts; and a worker at rest.
pub fn measure(bench: &Bench, summary: &mut Summary) -> Result<()> {
    let runtime = tokio::runtime::Runtime::new()?;
    runtime.block_on(async {
        let server = Server::start(bench, Engines::Embedded, &workspace::folder()).await?;
        let measured = waves(&server, summary).await;
        server.stop().await?;
        measured?;
        let server = Server::start(bench, Engines::Distributed, &workspace::folder()).await?;
        let measured = worker(&server, summary).await;
        server.stop().await?;
        measured
    })
}

/// A worker that has nothing to do: before its first run, and after some.
async fn worker(server: &Server, summary: &mut Summary) -> Result<()> {
    let worker = server.pid("worker")?;
    tokio::time::sleep(REST).await;
    summary.set("memory.idle_worker_mb", family_pss_mb(worker));
    for n in 0..100 {
        let body = json!({"workflow_id": "trivial", "input_data": {"name": format!("{n}")}, "sync": true});
        server.post("/api/workflows/execute", &body).await?;
    }
    tokio::time::sleep(REST).await;
    summary.note("memory.idle_worker_after_100_runs_mb", family_pss_mb(worker));
    Ok(())
}

async fn waves(server: &Server, summary: &mut Summary) -> Result<()> {
    let mut observer = Observer::connect(server).await?;
    tokio::time::sleep(REST).await;
    let idle = family_pss_mb(server.pid("up")?);
    summary.set("memory.idle_embedded_mb", idle);
    let first = wave(server, &mut observer).await?;
    summary.note("memory.first_wave_mb", first.most_mb);
    summary.note("memory.first_wave_runs_at_once", first.at_once);
    tokio::time::sleep(REST).await;
    summary.note("memory.between_waves_mb", family_pss_mb(server.pid("up")?));
    let second = wave(server, &mut observer).await?;
    tokio::time::sleep(REST).await;
    summary.set("memory.thousand_waiting_mb", second.most_mb);
    summary.set("memory.waiting_run_kb", (second.most_mb - idle) * 1_024.0 / second.at_once as f64);
    summary.set("memory.after_waves_mb", family_pss_mb(server.pid("up")?));
    summary.note("memory.second_wave_runs_at_once", second.at_once);
    Ok(())
}

struct Wave {
    most_mb: f64,
    /// Runs that had started and not ended when that was read.
    at_once: i64,
}

/// Submits all, reads memory while all wait, and waits for their end.
async fn wave(server: &Server, observer: &mut Observer) -> Result<Wave> {
    const RUNNING: &str = "SELECT count(*) FROM executions WHERE status = 'Running'";
    const OPEN: &str = "SELECT count(*) FROM executions WHERE completed_at IS NULL";
    const FAILED: &str =
        "SELECT count(*) FROM executions WHERE completed_at IS NOT NULL AND status <> 'Success'";
    let began = Instant::now();
    stream::iter(0..RUNS)
        .map(|_| server.submit("wait", json!({"seconds": SECONDS})))
        .buffer_unordered(32)
        .try_collect::<Vec<String>>()
        .await?;
    let mut most = Wave { most_mb: 0.0, at_once: 0 };
    while observer.number(OPEN).await? > 0 {
        let before = observer.number(RUNNING).await?;
        if before >= most.at_once && before > 0 {
            let memory = family_pss_mb(server.pid("up")?);
            let at_once = before.min(observer.number(RUNNING).await?);
            // The more runs at once the better; among equals the largest memory counts.
            if at_once > most.at_once || (at_once == most.at_once && memory > most.most_mb) {
                most = Wave { most_mb: memory, at_once };
            }
        }
        ensure!(began.elapsed() < PATIENCE, "the runs had not ended after {PATIENCE:?}");
        tokio::time::sleep(Duration::from_millis(300)).await;
    }
    let failed = observer.number(FAILED).await?;
    ensure!(failed == 0, "{failed} runs failed");
    ensure!(most.at_once * 10 >= RUNS as i64 * 9, "only {} runs waited at once", most.at_once);
    Ok(most)
}
