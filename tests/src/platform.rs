//! `bifrost up` as a user starts it, what it says, and what it costs.

use crate::process::{bifrost, free_port};
use crate::{Client, folder};
use anyhow::{Context, Result, ensure};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// `bifrost`, as the build puts it beside the tests.
pub fn program() -> Result<PathBuf> {
    let test = std::env::current_exe()?;
    let mut programs = test.ancestors().skip(1).take(2).map(|folder| folder.join("bifrost"));
    programs.find(|program| program.is_file()).context("run `cargo build -p bifrost` first")
}

/// An embedded server of its own, and its administrator; it ends with the test.
pub struct Platform {
    process: Child,
    command: Command,
    client: Client,
    data: tempfile::TempDir,
}

impl std::ops::Deref for Platform {
    type Target = Client;

    fn deref(&self) -> &Client {
        &self.client
    }
}

impl Platform {
    /// Starts one with a workspace of this crate, and waits until that is deployed.
    /// `temporary` is `env!("CARGO_TARGET_TMPDIR")`.
    pub async fn start(temporary: &str, workspace: &str) -> Result<Self> {
        Self::configure(temporary, workspace, |_| {}).await
    }

    /// As [`Self::start`], with whatever `configure` does to the command.
    pub async fn configure(
        temporary: &str,
        workspace: &str,
        configure: impl FnOnce(&mut Command),
    ) -> Result<Self> {
        let data = tempfile::tempdir()?;
        // The compiled base is the same for all; keep it between tests.
        let cache = Path::new(temporary).join("cache");
        std::fs::create_dir_all(&cache)?;
        std::os::unix::fs::symlink(cache, data.path().join("cache"))?;
        let mut command = bifrost(&["up", "--workspace"], &[])?;
        command.arg(folder(workspace)).env("BIFROST_DATA", data.path());
        configure(&mut command);
        let key = data.path().join("admin.key");
        let platform = Self::serve(command, &key, data).await?;
        let deadline = Instant::now() + Duration::from_secs(120);
        while platform.get("/api/workflows").await["workflows"].as_array().is_none_or(Vec::is_empty) {
            ensure!(Instant::now() < deadline, "the workspace was not deployed");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        Ok(platform)
    }

    /// Starts this command, which is `bifrost up`, and waits until it serves and its
    /// administrator's key is in the file `key`.
    pub async fn serve(mut command: Command, key: &Path, data: tempfile::TempDir) -> Result<Self> {
        let address = format!("127.0.0.1:{}", free_port()?);
        let process = command.env("BIFROST_LISTEN", &address).stdout(Stdio::null()).spawn()?;
        let url = format!("http://{address}");
        let client = Client::new(url.clone(), String::new());
        let mut platform = Self { process, command, client, data };
        platform.until_ready(|| key.is_file()).await?;
        platform.client = Client::new(url, std::fs::read_to_string(key)?);
        Ok(platform)
    }

    /// Kills the server, which has no time to do anything about it, and starts it again over the
    /// same data.
    pub async fn crash(&mut self) -> Result<()> {
        self.process.kill()?;
        self.process.wait()?;
        self.process = self.command.spawn()?;
        self.until_ready(|| true).await
    }

    async fn until_ready(&mut self, is_complete: impl Fn() -> bool) -> Result<()> {
        let ready = format!("{}/health/ready", self.client.url());
        let deadline = Instant::now() + Duration::from_secs(60);
        loop {
            if let Some(status) = self.process.try_wait()? {
                anyhow::bail!("the platform ended with {status}");
            }
            let up = reqwest::get(&ready).await.is_ok_and(|answer| answer.status().is_success());
            if up && is_complete() {
                return Ok(());
            }
            ensure!(Instant::now() < deadline, "the platform did not start");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// The folder that it was started with.
    pub fn data(&self) -> &Path {
        self.data.path()
    }

    /// Whether the server itself still runs.
    pub fn alive(&mut self) -> bool {
        matches!(self.process.try_wait(), Ok(None))
    }

    /// Process ids of the sandbox processes.
    pub fn sandboxes(&self) -> Vec<u32> {
        children(self.process.id())
    }

    /// Proportional share of memory of all our processes, in MiB.
    pub fn memory_mib(&self) -> u64 {
        let all = std::iter::once(self.process.id()).chain(self.sandboxes());
        all.map(pss_kib).sum::<u64>() >> 10
    }
}

impl Drop for Platform {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Process ids of a process's children.
pub fn children(parent: u32) -> Vec<u32> {
    let tasks = std::fs::read_dir(format!("/proc/{parent}/task")).into_iter().flatten().flatten();
    let lists = tasks.filter_map(|task| std::fs::read_to_string(task.path().join("children")).ok());
    lists
        .flat_map(|list| list.split_whitespace().filter_map(|id| id.parse().ok()).collect::<Vec<_>>())
        .collect()
}

/// Zero for a process that is gone.
fn pss_kib(process: u32) -> u64 {
    let rollup = std::fs::read_to_string(format!("/proc/{process}/smaps_rollup")).unwrap_or_default();
    let line = rollup.lines().find_map(|line| line.strip_prefix("Pss:"));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(0)
}
