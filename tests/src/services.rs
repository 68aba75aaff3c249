//! A platform of several processes over PostgreSQL, RabbitMQ and Redis, as an operator
//! starts it and an administrator uses it.

use crate::process::{Process, free_port, run};
use anyhow::{Context, Result};
use serde_json::{Value, json};
use sqlx::{Connection, Executor, PgConnection};
use std::path::Path;
use std::time::{Duration, Instant};

/// Base64 of 32 bytes.
pub const MASTER_KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
/// Owns the databases; no superuser, so that row-level security holds for it.
pub const ROLE: &str = "bifrost_operations";

fn setting(name: &str, default: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| default.to_owned())
}

async fn admin() -> Result<(PgConnection, String)> {
    let url = setting("DATABASE_URL", "postgres://postgres@127.0.0.1:5432/test");
    Ok((PgConnection::connect(&url).await.context("PostgreSQL")?, url))
}

/// A database and a queue of their own; clones are the same.
#[derive(Clone)]
pub struct Services {
    name: String,
    database: String,
    queue: String,
    amqp: String,
    /// Redis, which is everybody's.
    pub redis: String,
}

impl Services {
    /// Makes them; [`Self::remove`] takes them away.
    pub async fn new() -> Result<Self> {
        let (mut admin, url) = admin().await?;
        let unique = uuid::Uuid::now_v7().simple();
        let name = format!("bifrost_operations_{unique}");
        let role = format!(
            "SELECT pg_advisory_xact_lock(7244);
             DO $$ BEGIN IF NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = '{ROLE}') THEN
               CREATE ROLE {ROLE} LOGIN PASSWORD '{ROLE}-secret' NOSUPERUSER; END IF; END $$;"
        );
        admin.execute(sqlx::raw_sql(&role)).await?;
        admin.execute(format!("CREATE DATABASE {name} OWNER {ROLE}").as_str()).await?;
        let (base, _) = url.rsplit_once('/').context("a database name")?;
        let (_, host) = base.rsplit_once('@').or_else(|| base.rsplit_once("//")).context("a host")?;
        Ok(Self {
            database: format!("postgres://{ROLE}:{ROLE}-secret@{host}/{name}"),
            name,
            queue: format!("bifrost.test.{unique}"),
            amqp: setting("AMQP_URL", "amqp://guest:guest@127.0.0.1:5672"),
            redis: setting("REDIS_URL", "redis://127.0.0.1:6379"),
        })
    }

    /// Starts a command over them, with `more` settings; an empty one takes a setting away.
    /// Tells where its health is.
    pub fn start(&self, command: &str, data: &Path, more: &[(&str, &str)]) -> Result<(Process, String)> {
        let health = format!("127.0.0.1:{}", free_port()?);
        let mut settings = vec![
            ("BIFROST_DATA", data.to_str().context("a path")?),
            ("DATABASE_URL", &self.database),
            ("AMQP_URL", &self.amqp),
            ("BIFROST_QUEUE", &self.queue),
            ("REDIS_URL", &self.redis),
            ("BIFROST_MASTER_KEY", MASTER_KEY),
            ("BIFROST_HEALTH_LISTEN", &health),
        ];
        settings.retain(|(name, _)| more.iter().all(|(other, _)| other != name));
        settings.extend(more.iter().filter(|(_, value)| !value.is_empty()));
        Ok((Process::start(&[command], &settings)?, format!("http://{health}")))
    }

    /// Removes database and queue.
    pub async fn remove(self) -> Result<()> {
        let broker = lapin::Connection::connect(&self.amqp, lapin::ConnectionProperties::default()).await?;
        let channel = broker.create_channel().await?;
        let dead = format!("{}.dead", self.queue);
        for name in [&self.queue, &dead] {
            channel.queue_delete(name.as_str().into(), Default::default()).await?;
        }
        channel.exchange_delete(dead.as_str().into(), Default::default()).await?;
        let (mut admin, _) = admin().await?;
        admin.execute(format!("DROP DATABASE {} WITH (FORCE)", self.name).as_str()).await?;
        Ok(())
    }
}

/// Status and body of an answer; `None` when there is none.
pub async fn status(url: &str) -> Option<(u16, Value)> {
    let answer = reqwest::get(url).await.ok()?;
    let code = answer.status().as_u16();
    Some((code, serde_json::from_str(&answer.text().await.ok()?).unwrap_or_default()))
}

/// True when the process there is ready.
pub async fn ready(url: &str) -> bool {
    status(&format!("{url}/health/ready")).await.is_some_and(|(code, _)| code == 200)
}

/// A metric's value, labels as they are written.
pub async fn metric(url: &str, name: &str) -> Option<f64> {
    let text = reqwest::get(format!("{url}/metrics")).await.ok()?.text().await.ok()?;
    text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' ')?.parse().ok())
}

/// An API, as the first administrator uses it.
pub struct Api<'a> {
    /// Where it is.
    pub url: String,
    /// The data folder, with the administrator's key.
    pub data: &'a Path,
}

impl Api<'_> {
    fn key(&self) -> String {
        std::fs::read_to_string(self.data.join("admin.key")).unwrap_or_default()
    }

    /// Asks for this path.
    pub async fn get(&self, path: &str) -> Value {
        let request = reqwest::Client::new().get(format!("{}{path}", self.url)).bearer_auth(self.key());
        request.send().await.expect("an answer").json().await.expect("JSON")
    }

    /// Sends this body to the path.
    pub async fn post(&self, path: &str, body: &Value) -> Result<Value> {
        let request = reqwest::Client::new().post(format!("{}{path}", self.url));
        Ok(request.bearer_auth(self.key()).json(body).send().await?.json().await?)
    }

    /// `bifrost deploy` of a folder: exit code, and what it wrote.
    pub fn deploy(&self, folder: &Path, more: &[&str]) -> Result<(i32, String, String)> {
        let mut arguments = vec!["deploy", folder.to_str().context("a path")?, "--server", &self.url];
        arguments.extend(more);
        run(&arguments, &[("BIFROST_KEY", self.key().as_str())])
    }

    /// Starts a run that has to be accepted; its id.
    pub async fn submit(&self, workflow: &str, input: Value) -> Result<String> {
        let body = json!({"workflow_id": workflow, "input_data": input});
        let answer = self.post("/api/workflows/execute", &body).await?;
        Ok(answer["execution_id"].as_str().with_context(|| answer.to_string())?.to_owned())
    }

    /// Starts a run and waits until a worker has it.
    pub async fn running(&self, workflow: &str, input: Value) -> Result<String> {
        let id = self.submit(workflow, input).await?;
        let deadline = Instant::now() + Duration::from_secs(60);
        while self.get(&format!("/api/executions/{id}")).await["status"] != "Running" {
            anyhow::ensure!(Instant::now() < deadline, "it does not run");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Ok(id)
    }
}
