//! What is deployed is loaded on every worker before its first run: when the announcement
//! comes, when it is lost, when a sandbox process is replaced, when a worker starts.

use anyhow::{Context, Result, ensure};
use bifrost_test_services::Installation;
use bifrost_tests::children;
use bifrost_tests::process::{Process, data_folder, free_port, sandbox_cache};
use bifrost_tests::services::{Api, metric, ready, start};
use serde_json::{Value, json};
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

const TEMPORARY: &str = env!("CARGO_TARGET_TMPDIR");
/// Compiling the base may be part of a start.
const START: Duration = Duration::from_secs(120);
/// Several looks of a worker that heard nothing.
const SOON: Duration = Duration::from_secs(20);

const LOADED: &str = "a sandbox process has loaded a version";
const NAP: &str = "import asyncio\nfrom bifrost import workflow\n\n\n\
                   @workflow\nasync def nap(seconds: float = 0.0):\n    await asyncio.sleep(seconds)\n";

/// Puts a workspace into the folder; every version is another.
fn version(folder: &Path, number: u32) -> Result<()> {
    Ok(std::fs::write(folder.join("flows.py"), format!("{NAP}    return {number}\n"))?)
}

fn said(log: &[String], message: &str) -> usize {
    let message = format!("\"message\":\"{message}\"");
    log.iter().filter(|line| line.contains(&message)).count()
}

/// A worker and where its health is.
struct Worker {
    process: Process,
    health: String,
}

impl Worker {
    fn start(installation: &Installation, data: &Path, processes: &str) -> Result<Self> {
        let log = ("BIFROST_LOG", "info,bifrost_runner=debug");
        let settings = [log, ("BIFROST_LOG_FORMAT", "json"), ("BIFROST_PROCESSES", processes)];
        let (process, health) = start(installation, "worker", data, &settings)?;
        Ok(Self { process, health })
    }

    async fn ready(&mut self) -> Result<()> {
        let health = self.health.clone();
        self.process.until(START, || ready(&health)).await
    }

    /// How often its log says so.
    fn said(&self, message: &str) -> usize {
        said(&self.process.log(), message)
    }

    /// Waits until its log has said so often enough.
    async fn says(&mut self, message: &str, times: usize) -> Result<()> {
        let log = self.process.reader();
        self.process.until(SOON, || std::future::ready(said(&log(), message) >= times)).await
    }

    /// Loads that were no run's own.
    fn loads(&self) -> usize {
        self.said(LOADED)
    }

    async fn count(&self, name: &str) -> f64 {
        metric(&self.health, name).await.unwrap_or(0.0)
    }

    async fn stop(mut self) -> Result<()> {
        self.process.signal("TERM")?;
        assert_eq!(self.process.ended(SOON).await?, 0);
        Ok(())
    }
}

/// Waits until the active version is warm on so many workers of as many.
async fn warm(api: &Api<'_>, workers: u32) -> Result<Value> {
    let deadline = Instant::now() + SOON;
    loop {
        let warm = api.get("/api/workspace").await["warm"].clone();
        if warm["workers"] == workers && warm["of"] == workers && warm["since_ms"].is_u64() {
            return Ok(warm);
        }
        ensure!(Instant::now() < deadline, "not warm on {workers}: {warm}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Waits for the end of a run and its result.
async fn ended(api: &Api<'_>, id: &str) -> Result<Value> {
    let deadline = Instant::now() + SOON;
    loop {
        let run = api.get(&format!("/api/executions/{id}")).await;
        if run["completed_at"].is_string() {
            ensure!(run["status"] == "Success", "{run}");
            return Ok(api.get(&format!("/api/executions/{id}/result")).await["result"].clone());
        }
        ensure!(Instant::now() < deadline, "it does not end: {run}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn what_is_deployed_is_loaded_everywhere_before_it_runs() -> Result<()> {
    let installation = Arc::new(Installation::create("warm").await?);
    let result = tokio::spawn(everywhere(installation.clone())).await;
    Arc::into_inner(installation).context("in use")?.finish().await?;
    result?
}

async fn everywhere(installation: Arc<Installation>) -> Result<()> {
    let data = data_folder(TEMPORARY)?;
    let (_scheduler, _) = start(&installation, "scheduler", data.path(), &[])?;
    let start_api = async |settings: &[(&str, &str)]| {
        let listen = format!("127.0.0.1:{}", free_port()?);
        let own = [("BIFROST_LISTEN", listen.as_str()), ("BIFROST_PROCESSES", "1")];
        let (mut process, health) = start(&installation, "api", data.path(), &[&own, settings].concat())?;
        process.until(START, || ready(&health)).await?;
        anyhow::Ok((process, Api { url: format!("http://{listen}"), data: data.path() }))
    };
    let (_api, api) = start_api(&[]).await?;
    let workspace = tempfile::tempdir()?;
    let folder = workspace.path();

    // Nothing is deployed, and nothing is wrong with that.
    let mut one = Worker::start(&installation, data.path(), "2")?;
    one.ready().await?;
    assert_eq!(api.get("/api/workspace").await["warm"], Value::Null);
    version(folder, 1)?;
    let (code, _, error) = api.deploy(folder, &["--no-wait"])?;
    ensure!(code == 0, "{error}");
    warm(&api, 1).await?;
    let mut two = Worker::start(&installation, data.path(), "1")?;
    two.ready().await?;
    warm(&api, 2).await?;
    assert_eq!((one.loads(), two.loads()), (2, 1), "each process, once");

    // A deploy reaches both, and no run has to load anything.
    version(folder, 2)?;
    let (code, said, error) = api.deploy(folder, &["--json"])?;
    ensure!(code == 0, "{error}");
    let said: Value = serde_json::from_str(&said)?;
    assert_eq!((&said["warm"]["workers"], &said["warm"]["of"]), (&json!(2), &json!(2)), "{said}");
    let deployed = warm(&api, 2).await?;
    assert_eq!(said["warm"], deployed);
    let number = format!("/api/workspace/versions/{}", said["number"]);
    assert_eq!(api.get(&number).await["warm"], deployed);
    for worker in [&one, &two] {
        assert_eq!(worker.count("bifrost_version_warm_seconds_count").await, 2.0);
    }
    let taken = async || {
        (
            one.count("bifrost_queue_wait_seconds_count").await,
            two.count("bifrost_queue_wait_seconds_count").await,
        )
    };
    for round in 0.. {
        let mut runs = vec![];
        for _ in 0..8 {
            runs.push(api.submit("nap", json!({"seconds": 0.2})).await?);
        }
        for run in &runs {
            assert_eq!(ended(&api, run).await?, 2);
        }
        if let (2.0.., 1.0..) = taken().await {
            break;
        }
        ensure!(round < 20, "one worker takes all runs: {:?}", taken().await);
    }
    for worker in [&one, &two] {
        assert_eq!(worker.count("bifrost_cold_runs_total").await, 0.0);
    }

    // A sandbox process that is replaced gets what is deployed.
    let loads = one.loads();
    let victim = children(one.process.id())[0].to_string();
    assert!(Command::new("kill").args(["-9", &victim]).status()?.success());
    one.says("a version is not warm any more", 1).await?;
    assert_eq!(warm(&api, 2).await?, deployed, "the time from the activation is what it was");
    assert_eq!(one.loads(), loads + 1, "only in the new one");

    // An announcement that reaches nobody: this API's bus ends with its process.
    let (_deaf, deaf) = start_api(&[("REDIS_URL", "")]).await?;
    version(folder, 3)?;
    let (code, said, error) = deaf.deploy(folder, &[])?;
    ensure!(code == 0, "{error}");
    assert!(said.contains("\nwarm on 2 of 2 workers after "), "{said}");

    // In which nothing loads is loaded as well, once.
    let organization = api.post("/api/organizations", &json!({"name": "Broken"})).await?;
    std::fs::write(folder.join("flows.py"), "raise RuntimeError('at import')\n")?;
    let loads = (one.loads(), two.loads());
    let (code, said, error) = api.deploy(folder, &["--force", "--organization", "Broken"])?;
    assert_eq!(code, 1, "{error}");
    assert!(said.contains("\nwarm on 2 of 2 workers after "), "{organization}: {said}");
    version(folder, 4)?;
    let (code, said, error) = api.deploy(folder, &[])?;
    ensure!(code == 0, "{error}");
    assert!(said.contains("\nwarm on 2 of 2 workers after "), "{said}");
    assert_eq!((one.loads(), two.loads()), (loads.0 + 4, loads.1 + 2), "two versions in each process");
    assert_eq!(
        (one.said("a version was not loaded ahead of its runs"), one.said("a version is warm")),
        (0, 6)
    );

    // A worker that starts later, on a machine of its own, takes its own snapshots.
    let other = other_machine(data.path())?;
    let mut three = Worker::start(&installation, other.path(), "1")?;
    three.ready().await?;
    warm(&api, 3).await?;
    // What is active in other workspaces as well.
    three.says(LOADED, 2).await?;
    assert_eq!((three.loads(), snapshots(other.path())?), (2, 2));

    // Workers that end do not count. Without any, a deploy says so.
    for worker in [one, two, three] {
        worker.stop().await?;
    }
    let old = api.submit("nap", json!({})).await?;
    version(folder, 5)?;
    let (code, said, error) = api.deploy(folder, &[])?;
    ensure!(code == 0, "{error}");
    assert!(said.contains("\nno worker takes runs"), "{said}");

    // Control: a run that waited with an older version is cold, and counted.
    let mut four = Worker::start(&installation, data.path(), "1")?;
    four.ready().await?;
    assert_eq!(ended(&api, &old).await?, 4);
    warm(&api, 1).await?;
    assert_eq!(ended(&api, &api.submit("nap", json!({})).await?).await?, 5);
    assert_eq!(four.count("bifrost_cold_runs_total").await, 1.0);
    four.stop().await
}

/// A data folder with the same objects, and a cache of its own in which no workspace is.
fn other_machine(data: &Path) -> Result<tempfile::TempDir> {
    let other = tempfile::tempdir()?;
    std::os::unix::fs::symlink(data.join("objects"), other.path().join("objects"))?;
    let cache = sandbox_cache(other.path());
    std::fs::create_dir_all(&cache)?;
    for entry in std::fs::read_dir(sandbox_cache(data))? {
        let entry = entry?;
        let name = entry.file_name().into_string().ok().context("a name")?;
        let own = ["code-", "wrapper-", "probe-", "image-", "cache.key"];
        if own.iter().any(|prefix| name.starts_with(prefix)) {
            std::fs::copy(entry.path(), cache.join(name))?;
        }
    }
    Ok(other)
}

/// How many workspaces are in the cache of a data folder.
fn snapshots(data: &Path) -> Result<usize> {
    let names = std::fs::read_dir(sandbox_cache(data))?.flatten().map(|entry| entry.file_name());
    let is_snapshot = |name: &String| name.starts_with("snapshot-") && name.ends_with(".cwasm");
    Ok(names.filter_map(|name| name.into_string().ok()).filter(is_snapshot).count())
}
