//! `bifrost up` as a user starts it, on either set of engines, and a client of its API.

use crate::Bench;
use crate::python::output;
use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};
use sqlx::{Connection, Executor, Row};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Longest wait for a server to be ready; it compiles the base when the cache is empty.
const START: Duration = Duration::from_secs(60);

/// Which engines the server runs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engines {
    /// SQLite and the queue in the process.
    Embedded,
    /// PostgreSQL and RabbitMQ.
    Distributed,
}

impl Engines {
    /// The name in keys.
    pub fn name(self) -> &'static str {
        match self {
            Self::Embedded => "embedded",
            Self::Distributed => "distributed",
        }
    }
}

/// `DATABASE_URL` or the loopback's default.
pub fn database_url() -> String {
    std::env::var("DATABASE_URL").unwrap_or("postgres://postgres@127.0.0.1:5432/test".into())
}

/// `AMQP_URL` or the loopback's default.
pub fn amqp_url() -> String {
    std::env::var("AMQP_URL").unwrap_or("amqp://guest:guest@127.0.0.1:5672".into())
}

/// A virtual host of the broker for this run of the benchmark alone; removed when dropped.
pub struct VirtualHost {
    name: String,
    /// The broker's address with it.
    pub url: String,
}

impl VirtualHost {
    /// Makes one.
    ///
    /// # Errors
    /// When `rabbitmqctl` is not there or may not; then set `BIFROST_BENCH_AMQP_URL` to
    /// the address of a virtual host that nobody else uses.
    pub fn create(purpose: &str) -> Result<Self> {
        if let Ok(url) = std::env::var("BIFROST_BENCH_AMQP_URL") {
            return Ok(Self { name: String::new(), url });
        }
        let name = format!("bifrost_bench_{purpose}_{}", std::process::id());
        let base = amqp_url();
        let (scheme, rest) = base.split_once("://").context("AMQP_URL has no scheme")?;
        let authority = rest.split('/').next().unwrap_or(rest);
        let user = authority.split([':', '@']).next().unwrap_or("guest");
        output(Command::new("rabbitmqctl").args(["--quiet", "add_vhost", &name]))
            .context("set BIFROST_BENCH_AMQP_URL to a virtual host of its own")?;
        let host = Self { url: format!("{scheme}://{authority}/{name}"), name };
        let permissions = ["--quiet", "set_permissions", "-p", &host.name, user, ".*", ".*", ".*"];
        output(Command::new("rabbitmqctl").args(permissions))?;
        Ok(host)
    }
}

impl Drop for VirtualHost {
    fn drop(&mut self) {
        if !self.name.is_empty() {
            let _ = output(Command::new("rabbitmqctl").args(["--quiet", "delete_vhost", &self.name]));
        }
    }
}

/// A server of its own, with a database of its own.
pub struct Server {
    process: Child,
    data: tempfile::TempDir,
    /// Where it listens, without a slash at the end.
    pub url: String,
    /// The administrator's key.
    pub key: String,
    client: reqwest::Client,
    database: String,
    created: Option<String>,
    _host: Option<VirtualHost>,
}

impl Server {
    /// Starts one and deploys a folder.
    ///
    /// # Errors
    /// When it does not serve in time, or the engines are not there.
    pub async fn start(bench: &Bench, engines: Engines, workspace: &Path) -> Result<Self> {
        let data = tempfile::tempdir_in(&bench.out)?;
        // The compiled base is the same for all.
        std::os::unix::fs::symlink(bench.cache(), data.path().join("cache"))?;
        let address = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        let mut command = Command::new(&bench.program);
        command
            .args(["up", "--listen", &address.to_string(), "--workspace"])
            .arg(workspace)
            .env_remove("DATABASE_URL")
            .env_remove("AMQP_URL")
            .env("BIFROST_DATA", data.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null());
        let (mut created, mut host) = (None, None);
        let database = match engines {
            Engines::Embedded => format!("sqlite:{}", data.path().join("bifrost.db").display()),
            Engines::Distributed => {
                let broker = VirtualHost::create("server")?;
                let name = format!("bifrost_bench_{}_{}", std::process::id(), address.port());
                let url = create_database(&name).await?;
                command.env("DATABASE_URL", &url).env("AMQP_URL", &broker.url);
                (created, host) = (Some(name), Some(broker));
                url
            }
        };
        let process = command.spawn().context("bifrost up")?;
        let client = reqwest::Client::builder().pool_max_idle_per_host(256).build()?;
        let url = format!("http://{address}");
        let mut server =
            Self { process, data, url, key: String::new(), client, database, created, _host: host };
        match server.wait_until_deployed().await {
            Ok(()) => Ok(server),
            Err(error) => {
                server.stop().await?;
                Err(error)
            }
        }
    }

    async fn wait_until_deployed(&mut self) -> Result<()> {
        let deadline = Instant::now() + START;
        loop {
            if let Some(status) = self.process.try_wait()? {
                bail!("the server ended: {status}");
            }
            self.key = std::fs::read_to_string(self.data.path().join("admin.key")).unwrap_or_default();
            let answer = self.get("/api/workflows").await;
            if let Ok(answer) = &answer
                && answer["workflows"].as_array().is_some_and(|list| !list.is_empty())
            {
                return Ok(());
            }
            ensure!(Instant::now() < deadline, "the server was not ready after {START:?}: {answer:?}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Its process.
    pub fn pid(&self) -> u32 {
        self.process.id()
    }

    /// The database, as the server was told.
    pub fn database(&self) -> &str {
        &self.database
    }

    /// The JSON of an answer.
    ///
    /// # Errors
    /// When there is none.
    pub async fn get(&self, path: &str) -> Result<Value> {
        let request = self.client.get(format!("{}{path}", self.url)).bearer_auth(&self.key);
        Ok(request.send().await?.error_for_status()?.json().await?)
    }

    /// Posts JSON.
    ///
    /// # Errors
    /// When the server refuses.
    pub async fn post(&self, path: &str, body: &Value) -> Result<reqwest::Response> {
        let request = self.client.post(format!("{}{path}", self.url)).bearer_auth(&self.key).json(body);
        Ok(request.send().await?.error_for_status()?)
    }

    /// Submits a run; its id once it is accepted.
    ///
    /// # Errors
    /// When it is refused.
    pub async fn submit(&self, workflow: &str, input: Value) -> Result<String> {
        let body = json!({"workflow_id": workflow, "input_data": input});
        let answer: Value = self.post("/api/workflows/execute", &body).await?.json().await?;
        Ok(answer["execution_id"].as_str().context("an id")?.to_owned())
    }

    /// Ends the server and removes what was made for it.
    ///
    /// # Errors
    /// When the database cannot be dropped.
    pub async fn stop(mut self) -> Result<()> {
        self.kill();
        if let Some(name) = self.created.take() {
            let mut admin = sqlx::PgConnection::connect(&database_url()).await?;
            admin.execute(format!("DROP DATABASE {name} WITH (FORCE)").as_str()).await?;
        }
        Ok(())
    }

    fn kill(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
    }
}

async fn create_database(name: &str) -> Result<String> {
    let url = database_url();
    let mut admin = sqlx::PgConnection::connect(&url).await.context("PostgreSQL")?;
    admin.execute(format!("CREATE DATABASE {name}").as_str()).await?;
    let (base, _) = url.rsplit_once('/').context("DATABASE_URL names no database")?;
    Ok(format!("{base}/{name}"))
}

/// Looks into the server's database, beside the server.
pub enum Observer {
    /// The embedded server's file.
    Sqlite(sqlx::SqliteConnection),
    /// The distributed server's database.
    Postgres(sqlx::PgConnection),
}

impl Observer {
    /// Connects.
    ///
    /// # Errors
    /// When it cannot.
    pub async fn connect(server: &Server) -> Result<Self> {
        let url = server.database();
        Ok(match url.strip_prefix("sqlite:") {
            Some(path) => {
                let options = sqlx::sqlite::SqliteConnectOptions::new().filename(path).read_only(true);
                Self::Sqlite(sqlx::SqliteConnection::connect_with(&options).await?)
            }
            None => Self::Postgres(sqlx::PgConnection::connect(url).await?),
        })
    }

    /// The single number that a query answers.
    ///
    /// # Errors
    /// When the query fails.
    pub async fn number(&mut self, sql: &str) -> Result<i64> {
        Ok(match self {
            Self::Sqlite(connection) => connection.fetch_one(sql).await?.try_get(0)?,
            Self::Postgres(connection) => connection.fetch_one(sql).await?.try_get(0)?,
        })
    }
}
