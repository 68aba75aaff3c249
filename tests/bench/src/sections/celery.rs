//! The same trivial function as a Celery task: one process for each task, which is what
//! isolates tasks there, and the default of long-lived processes.

use crate::engines::VirtualHost;
use crate::python::{environment, output};
use crate::stats::percentile;
use crate::{Bench, Summary};
use anyhow::{Context, Result, ensure};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// Submitting and waiting for all results, by one caller; then one task at a time.
pub fn measure(bench: &Bench, summary: &mut Summary) -> Result<()> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("celery");
    let tools = environment(&bench.out.join("celery"), &folder.join("requirements.txt"))?;
    let broker = VirtualHost::create("celery")?;
    let queue = format!("bifrost-bench-{}", std::process::id());
    let celery = Celery { tools, folder, broker: broker.url.clone(), queue };
    let isolated = ["--concurrency=2", "--max-tasks-per-child=1"];
    let samples = [bench.samples(120, 40), bench.samples(100, 30)];
    celery.measure(summary, "celery_isolated", &isolated, samples)?;
    let samples = [bench.samples(6_000, 1_500), bench.samples(500, 100)];
    celery.measure(summary, "celery_prefork", &[], samples)
}

struct Celery {
    tools: PathBuf,
    folder: PathBuf,
    broker: String,
    queue: String,
}

/// A worker; it ends when dropped.
struct Worker(Child);

impl Celery {
    /// A worker with these options, given so many tasks at once and then so many in turn.
    fn measure(
        &self,
        summary: &mut Summary,
        name: &str,
        options: &[&str],
        [many, single]: [usize; 2],
    ) -> Result<()> {
        let worker = Worker(
            self.command("celery")
                .args(["--app", "tasks", "worker", "--pool", "prefork", "--loglevel", "ERROR"])
                .args(options)
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .spawn()
                .context("celery")?,
        );
        let mut submit = self.command("python");
        let said = output(submit.arg("submit.py").args([many, single].map(|count| count.to_string())));
        drop(worker);
        let said: Value = serde_json::from_str(&said?).context("what submit.py says")?;
        let seconds = said["seconds"].as_f64().context("seconds")?;
        ensure!(seconds > 0.0, "the tasks took no time");
        let times = said["latencies_ms"].as_array().context("latencies")?;
        let times: Vec<f64> = times.iter().filter_map(Value::as_f64).collect();
        summary.set(&format!("durable_runs_per_s.{name}"), many as f64 / seconds);
        summary.set(&format!("latency_ms.{name}.p50"), percentile(&times, 0.5));
        summary.set(&format!("latency_ms.{name}.p99"), percentile(&times, 0.99));
        summary.note(&format!("latency_ms.{name}.runs"), times.len());
        Ok(())
    }

    fn command(&self, tool: &str) -> Command {
        let results = std::env::var("REDIS_URL").unwrap_or("redis://127.0.0.1:6379/0".into());
        let mut command = Command::new(self.tools.join(tool));
        command
            .current_dir(&self.folder)
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .env("C_FORCE_ROOT", "1")
            .env("PYTHONWARNINGS", "ignore")
            .env("BENCH_BROKER", &self.broker)
            .env("BENCH_RESULTS", results)
            .env("BENCH_QUEUE", &self.queue);
        command
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        // A warm shutdown takes its processes along.
        let _ = Command::new("kill").arg(self.0.id().to_string()).status();
        let _ = self.0.wait();
    }
}
