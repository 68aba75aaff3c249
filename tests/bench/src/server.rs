//! The platform as a user starts it, on any set of engines.

use crate::Bench;
use crate::client::Client;
use crate::engines::{Cluster, Engines};
use crate::process::without_settings;
use crate::python::output;
use anyhow::{Context, Result, bail, ensure};
use sqlx::{Connection, Executor, Row};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Longest wait for a server to be ready; it compiles the base when the cache is empty.
const START: Duration = Duration::from_secs(60);
/// Longest wait for a process that was asked to end.
const END: Duration = Duration::from_secs(40);

/// A server with data of its own, and its administrator. It ends when it is dropped.
pub struct Server {
    processes: Vec<(&'static str, Child)>,
    program: std::path::PathBuf,
    log: std::path::PathBuf,
    variables: Vec<(&'static str, String)>,
    data: tempfile::TempDir,
    client: Client,
    cluster: Option<Cluster>,
}

impl std::ops::Deref for Server {
    type Target = Client;

    fn deref(&self) -> &Client {
        &self.client
    }
}

impl Server {
    /// Starts one with default settings and deploys a folder.
    ///
    /// # Errors
    /// When it does not serve in time, or the services are not there.
    pub async fn start(bench: &Bench, engines: Engines, workspace: &Path) -> Result<Self> {
        Self::configure(bench, engines, workspace, &[]).await
    }

    /// As [`Self::start`], with these variables for all processes.
    ///
    /// # Errors
    /// When it does not serve in time, or the services are not there.
    pub async fn configure(
        bench: &Bench,
        engines: Engines,
        workspace: &Path,
        more: &[(&'static str, &str)],
    ) -> Result<Self> {
        let data = tempfile::tempdir_in(&bench.out)?;
        // The compiled base is the same for all.
        std::os::unix::fs::symlink(bench.cache(), data.path().join("cache"))?;
        let address = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        let mut variables = vec![
            ("BIFROST_DATA", data.path().display().to_string()),
            ("BIFROST_LISTEN", address.to_string()),
        ];
        let cluster = if engines == Engines::Embedded { None } else { Some(Cluster::create().await?) };
        variables.extend(cluster.iter().flat_map(Cluster::variables));
        variables.extend(more.iter().map(|(name, value)| (*name, (*value).to_owned())));
        let client = Client::new(format!("http://{address}"), String::new())?;
        let (program, log) = (bench.program.clone(), bench.out.join("server.log"));
        let mut server = Self { processes: vec![], program, log, variables, data, client, cluster };
        let ready = server.begin(engines.commands(), workspace).await;
        match ready {
            Ok(()) => Ok(server),
            Err(error) => {
                server.stop().await?;
                Err(error)
            }
        }
    }

    async fn begin(&mut self, commands: &[&'static str], workspace: &Path) -> Result<()> {
        let (first, others) = commands.split_first().context("no command")?;
        // It makes the tables, the administrator and the master key.
        self.launch(first)?;
        self.wait_until_serving().await?;
        for command in others {
            self.launch(command)?;
        }
        output(
            Command::new(&self.program)
                .arg("deploy")
                .arg(workspace)
                .env("BIFROST_URL", &self.client.url)
                .env("BIFROST_KEY", &self.client.key)
                .env("BIFROST_DATA", self.data.path()),
        )?;
        Ok(())
    }

    /// Starts one more process of this kind, such as `worker`.
    ///
    /// # Errors
    /// When the program is missing.
    pub fn launch(&mut self, command: &'static str) -> Result<()> {
        let log = std::fs::File::options().create(true).append(true).open(&self.log)?;
        let mut process = Command::new(&self.program);
        without_settings(&mut process);
        process.arg(command).envs(self.variables.iter().map(|(name, value)| (*name, value.as_str())));
        process.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
        let child = process.spawn().with_context(|| format!("bifrost {command}"))?;
        self.processes.push((command, child));
        Ok(())
    }

    /// Asks the last process of this kind to end, and waits until it has.
    ///
    /// # Errors
    /// When there is none, or it does not end.
    pub async fn end(&mut self, command: &str) -> Result<()> {
        let index = self.processes.iter().rposition(|(name, _)| *name == command);
        let (_, mut child) = self.processes.remove(index.with_context(|| format!("no {command}"))?);
        output(Command::new("kill").arg(child.id().to_string()))?;
        let deadline = Instant::now() + END;
        while child.try_wait()?.is_none() {
            ensure!(Instant::now() < deadline, "`bifrost {command}` did not end");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        Ok(())
    }

    async fn wait_until_serving(&mut self) -> Result<()> {
        let deadline = Instant::now() + START;
        loop {
            for (command, child) in &mut self.processes {
                if let Some(status) = child.try_wait()? {
                    bail!("`bifrost {command}` ended with {status}; see {}", self.log.display());
                }
            }
            let key = std::fs::read_to_string(self.data.path().join("admin.key")).unwrap_or_default();
            self.client = Client::new(self.client.url.clone(), key)?;
            let answer = self.client.get("/api/workflows").await;
            if answer.is_ok() {
                return Ok(());
            }
            ensure!(Instant::now() < deadline, "the server was not ready after {START:?}: {answer:?}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// The first process of this kind.
    ///
    /// # Errors
    /// When there is none.
    pub fn pid(&self, command: &str) -> Result<u32> {
        let found = self.processes.iter().find(|(name, _)| *name == command);
        Ok(found.with_context(|| format!("no {command}"))?.1.id())
    }

    /// Ends the server and removes what was made for it.
    ///
    /// # Errors
    /// When the database cannot be dropped.
    pub async fn stop(mut self) -> Result<()> {
        self.kill();
        if let Some(cluster) = self.cluster.take() {
            cluster.database.finish().await?;
        }
        Ok(())
    }

    fn kill(&mut self) {
        for (_, child) in &mut self.processes {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
    }
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
        Ok(match &server.cluster {
            Some(cluster) => Self::Postgres(cluster.database.observe().await?),
            None => {
                let file = server.data.path().join("bifrost.db");
                let options = sqlx::sqlite::SqliteConnectOptions::new().filename(file).read_only(true);
                Self::Sqlite(sqlx::SqliteConnection::connect_with(&options).await?)
            }
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

    /// The figures in the only column that a query answers.
    ///
    /// # Errors
    /// When the query fails.
    pub async fn figures(&mut self, sql: &str) -> Result<Vec<f64>> {
        Ok(match self {
            Self::Sqlite(connection) => sqlx::query_scalar(sql).fetch_all(connection).await?,
            Self::Postgres(connection) => sqlx::query_scalar(sql).fetch_all(connection).await?,
        })
    }

    /// Changes rows of a distributed server's database; how many.
    ///
    /// # Errors
    /// When the query fails, or the server is embedded.
    pub async fn change(&mut self, sql: &str) -> Result<u64> {
        match self {
            Self::Sqlite(_) => bail!("an embedded server's database has one writer"),
            Self::Postgres(connection) => Ok(connection.execute(sql).await?.rows_affected()),
        }
    }
}
