//! `bifrost up` as a user starts it, what it says, and what it costs.

use crate::folder;
use anyhow::{Context, Result, ensure};
use bifrost_core::Status;
use reqwest::{RequestBuilder, StatusCode};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// `bifrost`, as the build puts it beside the tests.
pub fn program() -> Result<PathBuf> {
    let test = std::env::current_exe()?;
    let mut programs = test.ancestors().skip(1).take(2).map(|folder| folder.join("bifrost"));
    programs.find(|program| program.is_file()).context("run `cargo build -p bifrost` first")
}

/// An embedded server of its own; it ends with the test.
pub struct Platform {
    process: Child,
    url: String,
    key: String,
    client: reqwest::Client,
    data: tempfile::TempDir,
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
        let mut command = Command::new(program()?);
        command.env("BIFROST_DATA", data.path()).args(["up", "--workspace"]).arg(folder(workspace));
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
        let address = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        let process = command.env("BIFROST_LISTEN", address.to_string()).stdout(Stdio::null()).spawn()?;
        let (url, client) = (format!("http://{address}"), reqwest::Client::new());
        let mut platform = Self { process, url, key: String::new(), client, data };
        let ready = format!("{}/health/ready", platform.url);
        let deadline = Instant::now() + Duration::from_secs(60);
        loop {
            if let Some(status) = platform.process.try_wait()? {
                anyhow::bail!("the platform ended with {status}");
            }
            let up =
                platform.client.get(&ready).send().await.is_ok_and(|answer| answer.status().is_success());
            if up && let Ok(text) = std::fs::read_to_string(key) {
                platform.key = text;
                return Ok(platform);
            }
            ensure!(Instant::now() < deadline, "the platform did not start");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Sends a request with the administrator's key; the answer must be JSON.
    pub async fn send(&self, request: RequestBuilder) -> (StatusCode, Value) {
        let answer = request.bearer_auth(&self.key).send().await.expect("an answer");
        let (status, text) = (answer.status(), answer.text().await.expect("a body"));
        let value = serde_json::from_str(&text).unwrap_or_else(|_| panic!("{status}, not JSON: {text}"));
        (status, value)
    }

    /// Asks for this path.
    pub async fn get(&self, path: &str) -> Value {
        self.send(self.client.get(format!("{}{path}", self.url))).await.1
    }

    /// Sends this body to the path.
    pub async fn post(&self, path: &str, body: &Value) -> (StatusCode, Value) {
        self.send(self.client.post(format!("{}{path}", self.url)).json(body)).await
    }

    /// The answer to a body that is announced as `size` bytes, of which only `sent` and a
    /// few come: what a client sees that listens while it sends.
    pub async fn announce(&self, path: &str, size: u64, sent: usize) -> String {
        use tokio::io::{AsyncReadExt, AsyncWriteExt};
        let address = self.url.trim_start_matches("http://");
        let mut stream = tokio::net::TcpStream::connect(address).await.expect("connects");
        let head = format!(
            "POST {path} HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {}\r\n\
             Content-Type: application/json\r\nContent-Length: {size}\r\nConnection: close\r\n\r\n",
            self.key
        );
        // It may answer and close before all is sent.
        let _ = stream.write_all(head.as_bytes()).await;
        let _ = stream.write_all(&vec![b' '; sent + 1]).await;
        let mut answer = vec![];
        let _ = stream.read_to_end(&mut answer).await;
        String::from_utf8_lossy(&answer).into_owned()
    }

    /// Starts a run that has to be accepted; its id.
    pub async fn submit(&self, workflow: &str, input: Value) -> String {
        let body = json!({"workflow_id": workflow, "input_data": input});
        let (status, answer) = self.post("/api/workflows/execute", &body).await;
        assert_eq!(status, StatusCode::ACCEPTED, "{answer}");
        answer["execution_id"].as_str().expect("id").to_owned()
    }

    /// The run, once it has ended; it has `patience` for that.
    pub async fn ended(&self, id: &str, patience: Duration) -> Value {
        let deadline = Instant::now() + patience;
        loop {
            let execution = self.get(&format!("/api/executions/{id}")).await;
            let status: Status = execution["status"].as_str().expect("status").parse().expect("known");
            if status.is_terminal() {
                return execution;
            }
            assert!(Instant::now() < deadline, "still {status:?}: {execution}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Where it serves.
    pub fn url(&self) -> &str {
        &self.url
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
