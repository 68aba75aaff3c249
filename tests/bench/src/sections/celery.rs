//! The same trivial function as a Celery task: one process for each task, which is what
//! isolates tasks there, and the default of long-lived processes.

use crate::engines::VirtualHost;
use crate::python::{environment, output};
use crate::{Bench, Summary};
use anyhow::{Context, Result, bail};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// Submitting and waiting for all results, by one caller.
pub fn measure(bench: &Bench, summary: &mut Summary) -> Result<()> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("celery");
    let tools = environment(&bench.out.join("celery"), &folder.join("requirements.txt"))?;
    let broker = VirtualHost::create("celery")?;
    let queue = format!("bifrost-bench-{}", std::process::id());
    let celery = Celery { tools, folder, broker: broker.url.clone(), queue };
    let isolated = ["--concurrency=2", "--max-tasks-per-child=1"];
    let rate = celery.rate(&isolated, bench.samples(120, 40))?;
    summary.set("durable_runs_per_s.celery_isolated", rate);
    let rate = celery.rate(&[], bench.samples(6_000, 1_500))?;
    summary.set("durable_runs_per_s.celery_prefork", rate);
    Ok(())
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
    /// Tasks per second of a worker with these options.
    fn rate(&self, options: &[&str], tasks: usize) -> Result<f64> {
        let worker = Worker(
            self.command("celery")
                .args(["--app", "tasks", "worker", "--pool", "prefork", "--loglevel", "ERROR"])
                .args(options)
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .spawn()
                .context("celery")?,
        );
        let seconds = output(self.command("python").arg("submit.py").arg(tasks.to_string()));
        drop(worker);
        let seconds: f64 = seconds?.trim().parse().context("seconds")?;
        if seconds <= 0.0 {
            bail!("the tasks took no time");
        }
        Ok(tasks as f64 / seconds)
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
