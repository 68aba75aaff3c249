//! The whole platform as it is operated: REST, sandbox processes, and what is left after
//! `kill -9`. The same story is told on the embedded engines, by one process over
//! PostgreSQL, RabbitMQ, Redis and S3, and by several processes over the same.

use anyhow::{Context, Result, ensure};
use bifrost_core::Status;
use bifrost_test_services::{Installation, redis_url};
use bifrost_tests::process::{Process, data_folder, free_port, run};
use bifrost_tests::{Client, children, folder};
use futures::FutureExt;
use serde_json::json;
use std::panic::AssertUnwindSafe;
use std::path::PathBuf;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

const TEMPORARY: &str = env!("CARGO_TARGET_TMPDIR");
/// Compiling the base may be part of a start.
const START: Duration = Duration::from_secs(120);
/// A lease of 15 s runs out, then all that waited is made on a machine that others use.
const END: Duration = Duration::from_secs(90);
/// Runs in whose middle something dies.
const RUNS: usize = 200;
const WORKFLOW: &str = "workflows/params.py::echo";

/// One process of the platform, with a data folder of its own.
struct Part {
    command: &'static str,
    data: tempfile::TempDir,
    process: Option<Process>,
}

/// All of them.
struct Platform {
    parts: Vec<Part>,
    settings: Vec<(&'static str, String)>,
    address: String,
}

impl Platform {
    fn new(commands: &[&'static str], settings: Vec<(&'static str, String)>) -> Result<Self> {
        let part = |command: &&'static str| {
            anyhow::Ok(Part { command, data: data_folder(TEMPORARY)?, process: None })
        };
        let parts = commands.iter().map(part).collect::<Result<_>>()?;
        Ok(Self { parts, settings, address: format!("127.0.0.1:{}", free_port()?) })
    }

    /// Starts all at once, waits for the API, and deploys the basics where they are not.
    async fn start(&mut self) -> Result<Client> {
        for part in &mut self.parts {
            let data = part.data.path().to_str().context("a path")?;
            let mut settings = vec![("BIFROST_DATA", data)];
            settings.extend(self.settings.iter().map(|(name, value)| (*name, value.as_str())));
            if matches!(part.command, "up" | "api") {
                settings.push(("BIFROST_LISTEN", &self.address));
            }
            part.process = Some(Process::start(&[part.command], &settings)?);
        }
        let (url, key) = (format!("http://{}", self.address), self.key());
        let client = || Client::new(url.clone(), std::fs::read_to_string(&key).unwrap_or_default());
        let serves = || async { client().has_workflow(WORKFLOW).await.is_ok() };
        self.parts[0].process.as_mut().context("started")?.until(START, serves).await?;
        let client = self.client();
        if !client.has_workflow(WORKFLOW).await? {
            let basics = folder("basics");
            let arguments = ["deploy", basics.to_str().context("a path")?, "--server", &url];
            let (code, _, error) = run(&arguments, &[("BIFROST_KEY", client.key())])?;
            ensure!(code == 0, "{error}");
        }
        Ok(client)
    }

    /// The first one has the API, and made the administrator.
    fn key(&self) -> PathBuf {
        self.parts[0].data.path().join("admin.key")
    }

    fn client(&self) -> Client {
        let key = std::fs::read_to_string(self.key()).unwrap_or_default();
        Client::new(format!("http://{}", self.address), key)
    }

    /// `kill -9` for all processes.
    fn lose_power(&mut self) {
        self.parts.iter_mut().for_each(|part| part.process = None);
    }

    /// The ids of the sandbox processes that runs are in.
    fn sandboxes(&self) -> Vec<u32> {
        let workers = self.parts.iter().filter(|part| matches!(part.command, "up" | "worker"));
        workers.flat_map(|part| &part.process).flat_map(|process| children(process.id())).collect()
    }
}

async fn the_whole_way(platform: &mut Platform) -> Result<()> {
    let client = platform.start().await?;

    let body = json!({"workflow_id": "echo", "input_data": {"message": "hi"}, "sync": true});
    let (status, answer) = client.post("/api/workflows/execute", &body).await;
    assert_eq!((status.as_u16(), &answer["status"]), (200, &json!("Success")), "{answer}");
    assert!(answer["result"].to_string().contains("hi"), "{answer}");

    let stranger = Client::new(client.url().to_owned(), "bf_nobody".to_owned());
    assert_eq!(stranger.post("/api/workflows/execute", &body).await.0, 401);

    let id = client.submit("log_levels", json!({})).await;
    client.ended(&id, END).await;
    let logs = client.get(&format!("/api/executions/{id}/logs")).await;
    for level in ["INFO", "WARNING", "ERROR"] {
        assert!(logs.to_string().contains(level), "{logs}");
    }

    // Cancelling a run that waits inside of a host call.
    let id = client.submit("blocking_sleep", json!({"seconds": 60})).await;
    client.running(&id, END).await;
    let asked = Instant::now();
    client.post(&format!("/api/executions/{id}/cancel"), &json!({})).await;
    assert_eq!(client.ended(&id, END).await["status"], "Cancelled");
    assert!(asked.elapsed() < Duration::from_secs(5), "{:?}", asked.elapsed());

    // Power is cut in the middle of 200 runs.
    let ids = flood(&client).await;
    platform.lose_power();
    let client = platform.start().await?;
    assert!(all_succeed(&client, &ids).await > 0, "no run was under way when the power was cut");

    // One sandbox process dies in the middle of 200 runs; they are made again elsewhere.
    let ids = flood(&client).await;
    let victim = *platform.sandboxes().first().context("a sandbox process")?;
    let killed = std::process::Command::new("kill").args(["-9", &victim.to_string()]).status()?;
    assert!(killed.success());
    let again = all_succeed(&client, &ids).await;
    assert!(again > 0, "the process that died had no run");
    Ok(())
}

/// Many runs, the last of which has just begun.
async fn flood(client: &Client) -> Vec<String> {
    let mut ids = vec![];
    for _ in 0..RUNS {
        ids.push(client.submit("blocking_sleep", json!({"seconds": 2})).await);
    }
    client.running(&ids[RUNS - 1], END).await;
    ids
}

/// Every accepted run ends, once; how many of them needed another attempt.
async fn all_succeed(client: &Client, ids: &[String]) -> usize {
    let mut again = 0;
    for id in ids {
        let execution = client.ended(id, END).await;
        let status: Status = execution["status"].as_str().expect("status").parse().expect("known");
        assert_eq!(status, Status::Success, "{execution}");
        again += usize::from(execution["attempt"].as_i64() > Some(1));
    }
    again
}

#[tokio::test]
async fn embedded() -> Result<()> {
    the_whole_way(&mut Platform::new(&["up"], vec![])?).await
}

#[tokio::test]
async fn one_process_over_services() -> Result<()> {
    over_services("platform_up", &["up"]).await
}

#[tokio::test]
async fn separate_processes_over_services() -> Result<()> {
    over_services("platform", &["api", "worker", "worker", "scheduler"]).await
}

/// Nothing is shared but the services, and all of them are used.
async fn over_services(purpose: &str, commands: &[&'static str]) -> Result<()> {
    let installation = Installation::create(purpose).await?;
    let mut settings = installation.variables();
    settings.push(("BIFROST_PROCESSES", "1".to_owned()));
    let mut platform = Platform::new(commands, settings)?;
    let told = async {
        the_whole_way(&mut platform).await?;
        the_bus_carries_logs(&platform.client()).await?;
        ensure!(installation.s3.objects()? > 0, "nothing was stored in S3");
        for part in &platform.parts {
            for unwanted in ["bifrost.db", "objects", "master.key"] {
                ensure!(!part.data.path().join(unwanted).exists(), "{} has {unwanted}", part.command);
            }
        }
        Ok(())
    };
    // What was made is removed, also when the story fails.
    let told = AssertUnwindSafe(told).catch_unwind().await;
    drop(platform);
    installation.finish().await?;
    told.unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}

async fn the_bus_carries_logs(client: &Client) -> Result<()> {
    let url = redis_url();
    let address = url.trim_start_matches("redis://").split('/').next().context("a host")?;
    let mut redis = tokio::net::TcpStream::connect(address).await?;
    redis.write_all(b"PSUBSCRIBE bifrost:execution:*\r\n").await?;
    let mut chunk = vec![0; 64 << 10];
    ensure!(redis.read(&mut chunk).await? > 0, "Redis closed the connection");
    let id = client.submit("log_levels", json!({})).await;
    let mut heard = String::new();
    let listening = async {
        let line = format!("\"execution_id\":\"{id}\"");
        while !heard.lines().any(|text| text.contains(&line) && text.contains("\"execution_log\"")) {
            let count = redis.read(&mut chunk).await?;
            ensure!(count > 0, "Redis closed the connection");
            heard.push_str(&String::from_utf8_lossy(&chunk[..count]));
        }
        Ok(())
    };
    tokio::time::timeout(END, listening).await.context("no line of the log came over Redis")?
}
