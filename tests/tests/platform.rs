//! The whole platform as a user starts it: `bifrost up`, REST, sandbox processes, and
//! what is left after `kill -9`. The same test runs on the embedded engines and on
//! PostgreSQL with RabbitMQ.

use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// `bifrost`, as the build puts it beside the tests.
fn program() -> PathBuf {
    let test = std::env::current_exe().expect("test program");
    let folder = test.ancestors().nth(2).expect("target folder");
    let program = folder.join("bifrost");
    assert!(program.exists(), "{} is missing; run `cargo build -p bifrost` first", program.display());
    program
}

struct Platform {
    data: tempfile::TempDir,
    engines: Vec<(&'static str, String)>,
    process: Option<Child>,
    url: String,
    client: reqwest::Client,
}

impl Platform {
    fn new(engines: Vec<(&'static str, String)>) -> Self {
        let data = tempfile::tempdir().expect("data folder");
        // The compiled base is the same for all; keep it between tests.
        let cache = Path::new(env!("CARGO_TARGET_TMPDIR")).join("cache");
        std::fs::create_dir_all(&cache).expect("cache");
        std::os::unix::fs::symlink(cache, data.path().join("cache")).expect("link");
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("address");
        Self {
            data,
            engines,
            process: None,
            url: format!("http://{address}"),
            client: reqwest::Client::new(),
        }
    }

    async fn start(&mut self) {
        let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("workspaces/basics");
        let child = Command::new(program())
            .args(["up", "--listen", self.url.trim_start_matches("http://"), "--workspace"])
            .arg(workspace)
            .env("BIFROST_DATA", self.data.path())
            .envs(self.engines.iter().map(|(name, value)| (*name, value.as_str())))
            .stdout(Stdio::null())
            .spawn()
            .expect("bifrost starts");
        self.process = Some(child);
        let deadline = Instant::now() + Duration::from_secs(120);
        while !self.deployed().await {
            assert!(Instant::now() < deadline, "the platform did not start");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    fn key(&self) -> String {
        std::fs::read_to_string(self.data.path().join("admin.key")).unwrap_or_default()
    }

    async fn deployed(&self) -> bool {
        let request = self.client.get(format!("{}/api/workflows", self.url)).bearer_auth(self.key());
        match request.send().await {
            Ok(answer) => answer.text().await.is_ok_and(|text| text.contains("workflows/params.py::echo")),
            Err(_) => false,
        }
    }

    fn kill(&mut self) {
        if let Some(mut child) = self.process.take() {
            child.kill().expect("kill -9");
            child.wait().expect("gone");
        }
    }

    async fn get(&self, path: &str) -> Value {
        let request = self.client.get(format!("{}{path}", self.url)).bearer_auth(self.key());
        request.send().await.expect("answer").json().await.expect("JSON")
    }

    async fn post(&self, path: &str, body: Value) -> (u16, Value) {
        let request = self.client.post(format!("{}{path}", self.url)).bearer_auth(self.key()).json(&body);
        let answer = request.send().await.expect("answer");
        (answer.status().as_u16(), answer.json().await.expect("JSON"))
    }

    async fn submit(&self, workflow: &str, input: Value) -> String {
        let body = json!({"workflow_id": workflow, "input_data": input});
        let (status, answer) = self.post("/api/workflows/execute", body).await;
        assert_eq!(status, 202, "{answer}");
        answer["execution_id"].as_str().expect("id").to_owned()
    }

    async fn ended(&self, id: &str) -> Value {
        let deadline = Instant::now() + Duration::from_secs(60);
        loop {
            let execution = self.get(&format!("/api/executions/{id}")).await;
            let status: bifrost_core::Status =
                execution["status"].as_str().expect("status").parse().expect("known status");
            if status.is_terminal() {
                return execution;
            }
            assert!(Instant::now() < deadline, "still {status:?}: {execution}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

impl Drop for Platform {
    fn drop(&mut self) {
        self.kill();
    }
}

async fn the_whole_way(engines: Vec<(&'static str, String)>) {
    let mut platform = Platform::new(engines);
    platform.start().await;

    let body = json!({"workflow_id": "echo", "input_data": {"message": "hi"}, "sync": true});
    let (status, answer) = platform.post("/api/workflows/execute", body.clone()).await;
    assert_eq!((status, &answer["status"]), (200, &json!("Success")), "{answer}");
    assert!(answer["result"].to_string().contains("hi"), "{answer}");

    let stranger = platform.client.post(format!("{}/api/workflows/execute", platform.url)).json(&body);
    assert_eq!(stranger.send().await.expect("answer").status(), 401);

    let id = platform.submit("log_levels", json!({})).await;
    platform.ended(&id).await;
    let logs = platform.get(&format!("/api/executions/{id}/logs")).await;
    let levels = logs.to_string();
    for level in ["INFO", "WARNING", "ERROR"] {
        assert!(levels.contains(level), "{logs}");
    }

    // Cancelling a run that waits inside of a host call.
    let id = platform.submit("blocking_sleep", json!({"seconds": 60})).await;
    while platform.get(&format!("/api/executions/{id}")).await["status"] != "Running" {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let asked = Instant::now();
    platform.post(&format!("/api/executions/{id}/cancel"), json!({})).await;
    assert_eq!(platform.ended(&id).await["status"], "Cancelled");
    assert!(asked.elapsed() < Duration::from_secs(5), "{:?}", asked.elapsed());

    // Power is cut in the middle of 200 runs; every accepted one still ends, once.
    let mut ids = vec![];
    for _ in 0..200 {
        ids.push(platform.submit("blocking_sleep", json!({"seconds": 0.3})).await);
    }
    platform.kill();
    platform.start().await;
    for id in &ids {
        let execution = platform.ended(id).await;
        assert_eq!(execution["status"], "Success", "{execution}");
    }

    // One sandbox process dies in the middle of its runs; they are made again elsewhere.
    let mut ids = vec![];
    for _ in 0..50 {
        ids.push(platform.submit("blocking_sleep", json!({"seconds": 1})).await);
    }
    let server = platform.process.as_ref().expect("running").id().to_string();
    let victim = Command::new("pgrep").args(["-P", &server]).output().expect("pgrep").stdout;
    let victim = String::from_utf8_lossy(&victim).lines().next().expect("a sandbox process").to_owned();
    assert!(Command::new("kill").args(["-9", &victim]).status().expect("kill").success());
    for id in &ids {
        let execution = platform.ended(id).await;
        assert_eq!(execution["status"], "Success", "{execution}");
    }
}

#[tokio::test]
async fn embedded() {
    the_whole_way(vec![]).await;
}

#[tokio::test]
async fn postgres_and_rabbitmq() {
    let database = std::env::var("DATABASE_URL").unwrap_or("postgres://postgres@127.0.0.1:5432/test".into());
    let amqp = std::env::var("AMQP_URL").unwrap_or("amqp://guest:guest@127.0.0.1:5672".into());
    let name = format!("bifrost_platform_{}", std::process::id());
    use sqlx::{Connection, Executor};
    let mut admin = sqlx::PgConnection::connect(&database).await.expect("PostgreSQL");
    admin.execute(format!("CREATE DATABASE {name}").as_str()).await.expect("create");
    let (base, _) = database.rsplit_once('/').expect("a database name");
    the_whole_way(vec![("DATABASE_URL", format!("{base}/{name}")), ("AMQP_URL", amqp)]).await;
    admin.execute(format!("DROP DATABASE {name} WITH (FORCE)").as_str()).await.expect("drop");
}
