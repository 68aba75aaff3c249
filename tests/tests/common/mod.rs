//! The platform on several processes: a database and a queue of its own, its commands, and
//! its API as an administrator uses it.

use anyhow::{Context, Result};
use bifrost_tests::folder;
use bifrost_tests::process::{Process, free_port, run};
use serde_json::{Value, json};
use sqlx::{Connection, Executor, PgConnection};
use std::path::Path;
use std::time::Duration;

pub const TEMPORARY: &str = env!("CARGO_TARGET_TMPDIR");
/// Compiling the base may be part of a start.
pub const START: Duration = Duration::from_secs(120);
/// Base64 of 32 bytes.
pub const MASTER_KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
/// No superuser, so that row-level security holds for it.
pub const ROLE: &str = "bifrost_operations";

pub fn setting(name: &str, default: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| default.to_owned())
}

pub fn database_url() -> String {
    setting("DATABASE_URL", "postgres://postgres@127.0.0.1:5432/test")
}

pub fn amqp_url() -> String {
    setting("AMQP_URL", "amqp://guest:guest@127.0.0.1:5672")
}

pub fn redis_url() -> String {
    setting("REDIS_URL", "redis://127.0.0.1:6379")
}

/// A database of its own at PostgreSQL, and the name of a queue; `finish` removes both.
pub struct Services {
    admin: PgConnection,
    pub database: String,
    pub queue: String,
    url: String,
}

impl Services {
    pub async fn new() -> Result<Self> {
        let url = database_url();
        let mut admin = PgConnection::connect(&url).await.context("PostgreSQL")?;
        let id = uuid::Uuid::now_v7().simple();
        let (database, queue) = (format!("bifrost_operations_{id}"), format!("bifrost.test.{id}"));
        let role = format!(
            "SELECT pg_advisory_xact_lock(7244);
             DO $$ BEGIN IF NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = '{ROLE}') THEN
               CREATE ROLE {ROLE} LOGIN PASSWORD '{ROLE}-secret' NOSUPERUSER; END IF; END $$;"
        );
        admin.execute(sqlx::raw_sql(&role)).await?;
        admin.execute(format!("CREATE DATABASE {database} OWNER {ROLE}").as_str()).await?;
        let (base, _) = url.rsplit_once('/').context("a database name")?;
        let (_, host) = base.rsplit_once('@').or_else(|| base.rsplit_once("//")).context("a host")?;
        let url = format!("postgres://{ROLE}:{ROLE}-secret@{host}/{database}");
        Ok(Self { admin, database, queue, url })
    }

    /// How the platform's processes reach them.
    pub fn settings(&self) -> Settings {
        Settings { database: self.url.clone(), queue: self.queue.clone() }
    }

    pub async fn finish(mut self) -> Result<()> {
        let broker = lapin::Connection::connect(&amqp_url(), lapin::ConnectionProperties::default()).await?;
        let channel = broker.create_channel().await?;
        let dead = format!("{}.dead", self.queue);
        for name in [&self.queue, &dead] {
            channel.queue_delete(name.as_str().into(), Default::default()).await?;
        }
        channel.exchange_delete(dead.as_str().into(), Default::default()).await?;
        self.admin.execute(format!("DROP DATABASE {} WITH (FORCE)", self.database).as_str()).await?;
        Ok(())
    }
}

/// What the processes of one platform have in common.
pub struct Settings {
    database: String,
    queue: String,
}

impl Settings {
    /// Starts a command of the platform; also tells where its health is served.
    pub fn start(&self, command: &str, data: &Path, more: &[(&str, &str)]) -> Result<(Process, String)> {
        let health = format!("127.0.0.1:{}", free_port()?);
        let (redis, amqp) = (redis_url(), amqp_url());
        let mut settings = vec![
            ("BIFROST_DATA", data.to_str().context("a path")?),
            ("DATABASE_URL", self.database.as_str()),
            ("AMQP_URL", amqp.as_str()),
            ("BIFROST_QUEUE", self.queue.as_str()),
            ("REDIS_URL", redis.as_str()),
            ("BIFROST_MASTER_KEY", MASTER_KEY),
            ("BIFROST_HEALTH_LISTEN", health.as_str()),
            ("BIFROST_PROCESSES", "1"),
        ];
        settings.extend(more);
        Ok((Process::start(&[command], &settings)?, format!("http://{health}")))
    }
}

pub async fn status(url: &str) -> Option<(u16, Value)> {
    let answer = reqwest::get(url).await.ok()?;
    let code = answer.status().as_u16();
    Some((code, serde_json::from_str(&answer.text().await.ok()?).unwrap_or_default()))
}

pub async fn ready(url: &str) -> bool {
    status(&format!("{url}/health/ready")).await.is_some_and(|(code, _)| code == 200)
}

/// A metric's value, labels as they are written.
pub async fn metric(url: &str, name: &str) -> Option<f64> {
    let text = reqwest::get(format!("{url}/metrics")).await.ok()?.text().await.ok()?;
    text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' ')?.parse().ok())
}

/// An API, as an administrator uses it.
pub struct Api<'a> {
    pub url: String,
    pub data: &'a Path,
}

impl Api<'_> {
    pub fn key(&self) -> String {
        std::fs::read_to_string(self.data.join("admin.key")).unwrap_or_default()
    }

    pub async fn get(&self, path: &str) -> Value {
        let request = reqwest::Client::new().get(format!("{}{path}", self.url)).bearer_auth(self.key());
        request.send().await.expect("an answer").json().await.expect("JSON")
    }

    pub fn deploy(&self) -> Result<()> {
        let basics = folder("basics");
        let arguments = ["deploy", basics.to_str().context("a path")?, "--server", &self.url];
        let (code, _, error) = run(&arguments, &[("BIFROST_KEY", self.key().as_str())])?;
        anyhow::ensure!(code == 0, "{error}");
        Ok(())
    }

    /// Starts a run; its id.
    pub async fn submit(&self, workflow: &str, input: Value) -> Result<String> {
        let body = json!({"workflow_id": workflow, "input_data": input});
        let request = reqwest::Client::new().post(format!("{}/api/workflows/execute", self.url));
        let answer: Value = request.bearer_auth(self.key()).json(&body).send().await?.json().await?;
        Ok(answer["execution_id"].as_str().with_context(|| answer.to_string())?.to_owned())
    }
}
