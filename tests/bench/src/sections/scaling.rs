//! Throughput on two cores beside one: the runner's pool with one sandbox process on one
//! core, and with two on two.

use super::one_thread;
use crate::lab::{Lab, context};
use crate::process::pin;
use crate::stats::median;
use crate::{Bench, Summary, workspace};
use anyhow::{Context, Result, bail, ensure};
use bifrost_core::{Limits, Outcome, Source, Status};
use bifrost_runner::pool::JobEvent;
use bifrost_runner::protocol::{FromSandbox, WireInvocation, Work};
use bifrost_runner::{Pool, PoolSettings};
use bifrost_sandbox::Settings;
use serde_json::json;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

const WORKFLOW: &str = "flows.py::trivial";
/// Runs in flight for each sandbox process, so that it never waits for its runner.
const IN_FLIGHT: usize = 4;

/// Load in a process of its own, which prints its runs per second.
#[derive(clap::Args)]
pub struct Load {
    /// The program with the sandbox processes; without it the sandbox is in this process.
    #[arg(long)]
    program: Option<PathBuf>,
    #[arg(long)]
    cache: PathBuf,
    #[arg(long)]
    seconds: f64,
    /// Sandbox processes, each with a core; the runner shares the same cores.
    #[arg(long, value_delimiter = ',')]
    cores: Vec<usize>,
}

/// One and two cores take turns.
pub fn measure(bench: &Bench, summary: &mut Summary) -> Result<()> {
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    if cores < 2 {
        bail!("this machine has one core");
    }
    let seconds = if bench.quick { 1.5 } else { 4.0 };
    let (mut speedups, mut one_core, mut alone) = (vec![], vec![], vec![]);
    // The first round fills caches.
    pool(bench, 1.0, "0,1")?;
    for _ in 0..bench.samples(5, 3) {
        let one = pool(bench, seconds, "0")?;
        let two = pool(bench, seconds, "0,1")?;
        speedups.push(two / one);
        one_core.push(one);
        let single = rates(vec![load(bench, seconds, "0", false)?])?;
        let both = rates(vec![load(bench, seconds, "0", false)?, load(bench, seconds, "1", false)?])?;
        alone.push(both / single);
    }
    summary.set("scaling.two_core_speedup", median(&speedups));
    summary.note("scaling.one_core_runs_per_s", median(&one_core));
    summary.note("scaling.rounds", speedups.len());
    summary.note("scaling.sandboxes_without_runner_speedup", median(&alone));
    Ok(())
}

fn pool(bench: &Bench, seconds: f64, cores: &str) -> Result<f64> {
    rates(vec![load(bench, seconds, cores, true)?])
}

fn load(bench: &Bench, seconds: f64, cores: &str, pool: bool) -> Result<std::process::Child> {
    let mut command = Command::new(std::env::current_exe()?);
    command.arg("load").arg("--cache").arg(bench.cache());
    command.args(["--seconds", &seconds.to_string(), "--cores", cores]);
    if pool {
        command.arg("--program").arg(&bench.program);
    }
    command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().context("a process of load")
}

fn rates(processes: Vec<std::process::Child>) -> Result<f64> {
    let mut sum = 0.0;
    for process in processes {
        let output = process.wait_with_output()?;
        ensure!(output.status.success(), "load: {}", output.status);
        sum += String::from_utf8_lossy(&output.stdout).trim().parse::<f64>()?;
    }
    Ok(sum)
}

impl Load {
    /// Runs as much as it can and prints how much that was.
    pub fn execute(self) -> Result<()> {
        pin(&self.cores)?;
        let rate = match &self.program {
            Some(program) => one_thread()?.block_on(self.through_pool(program.clone()))?,
            None => one_thread()?.block_on(self.in_process())?,
        };
        println!("{rate}");
        Ok(())
    }

    async fn in_process(&self) -> Result<f64> {
        let lab = Lab::open(&self.cache, &Settings::default(), workspace::small()?).await?;
        for _ in 0..100 {
            lab.run(WORKFLOW, &json!({"name": "Ada"})).await?;
        }
        let (began, mut runs) = (Instant::now(), 0u32);
        while began.elapsed().as_secs_f64() < self.seconds {
            lab.run(WORKFLOW, &json!({"name": "Ada"})).await?;
            runs += 1;
        }
        Ok(f64::from(runs) / began.elapsed().as_secs_f64())
    }

    async fn through_pool(&self, program: PathBuf) -> Result<f64> {
        let processes = self.cores.len();
        let settings =
            PoolSettings { program, cache: self.cache.clone(), processes, slots: Settings::default().slots };
        let pool = Arc::new(Pool::start(&settings));
        let source = Arc::new(workspace::small()?);
        let hash = source.hash();
        let warm = self.phase(&pool, &source, &hash, Duration::from_millis(700)).await?;
        ensure!(warm > 0.0, "no run ended");
        self.phase(&pool, &source, &hash, Duration::from_secs_f64(self.seconds)).await
    }

    async fn phase(&self, pool: &Arc<Pool>, source: &Arc<Source>, hash: &str, time: Duration) -> Result<f64> {
        // A process that has just started takes its jobs only when it is ready.
        run(pool, source, hash).await?;
        let began = Instant::now();
        let mut callers = tokio::task::JoinSet::new();
        for _ in 0..self.cores.len() * IN_FLIGHT {
            let (pool, source, hash) = (pool.clone(), source.clone(), hash.to_owned());
            callers.spawn(async move {
                let mut runs = 0u32;
                while began.elapsed() < time {
                    run(&pool, &source, &hash).await?;
                    runs += 1;
                }
                anyhow::Ok(runs)
            });
        }
        let mut runs = 0;
        while let Some(done) = callers.join_next().await {
            runs += done??;
        }
        Ok(f64::from(runs) / began.elapsed().as_secs_f64())
    }
}

/// One run, as the runner drives it.
async fn run(pool: &Pool, source: &Source, hash: &str) -> Result<()> {
    let parameters = json!({"name": "Ada"});
    let invocation = WireInvocation {
        workflow: WORKFLOW.to_owned(),
        parameters: parameters.to_string(),
        context: context(WORKFLOW, &parameters).to_string(),
        capture_variables: true,
        limits: Limits::default(),
    };
    let mut job = pool.submit(hash, source, Work::Run { version: hash.to_owned(), invocation }).await?;
    loop {
        match job.events.recv().await {
            Some(JobEvent::Message(FromSandbox::Ended { outcome, .. })) => {
                let outcome = outcome.map_err(|text| anyhow::anyhow!("{text}"))?;
                let outcome: Outcome = serde_json::from_slice(&outcome)?;
                ensure!(outcome.status == Status::Success, "{:?}", outcome.error);
                return Ok(());
            }
            Some(JobEvent::Message(_)) => {}
            Some(JobEvent::Lost) | None => bail!("a sandbox process died"),
        }
    }
}
