//! The services that the platform needs, each of the harness' own: PostgreSQL, RabbitMQ,
//! Redis and an S3 server, on free ports, with their data in one temporary folder.

use crate::process::Process;
use anyhow::{Context, Result, bail, ensure};
use bifrost_test_services::free_port;
use std::net::{Ipv4Addr, SocketAddr};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// How long a service may take to answer.
const READY: Duration = Duration::from_secs(60);

/// Which service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Service {
    /// The database.
    Postgres,
    /// The queue.
    Rabbitmq,
    /// The bus.
    Redis,
    /// The objects.
    S3,
}

impl Service {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Postgres, Self::Rabbitmq, Self::Redis, Self::S3];

    /// Its name in logs and reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Postgres => "postgres",
            Self::Rabbitmq => "rabbitmq",
            Self::Redis => "redis",
            Self::S3 => "s3",
        }
    }
}

/// A running service.
pub struct Running {
    /// Which.
    pub service: Service,
    /// Where it listens itself, behind no proxy.
    pub address: SocketAddr,
    /// Its process.
    pub process: Arc<Process>,
}

/// All services, and what they need.
pub struct Services {
    /// In the order of [`Service::ALL`].
    pub all: Vec<Running>,
    /// Erlang's name server; never harmed, since no part of the platform talks to it.
    epmd: Arc<Process>,
}

fn loopback(port: u16) -> SocketAddr {
    SocketAddr::from((Ipv4Addr::LOCALHOST, port))
}

impl Services {
    /// Starts all with data below `data` and logs below `logs`, and waits for them.
    ///
    /// # Errors
    /// When a program is missing or a service does not answer in time.
    pub async fn start(data: &Path, logs: &Path) -> Result<Self> {
        let log = |name: &str| logs.join(format!("{name}.log"));
        let epmd_port = free_port()?;
        let epmd = Process::new("epmd", log("epmd"), move || {
            let mut command = Command::new("epmd");
            command.args(["-port", &epmd_port.to_string(), "-address", "127.0.0.1"]);
            command
        });
        epmd.start()?;
        let mut all = vec![];
        for service in Service::ALL {
            let folder = data.join(service.name());
            std::fs::create_dir_all(&folder)?;
            let port = free_port()?;
            let log = log(service.name());
            let process = match service {
                Service::Postgres => postgres(&folder, port, log)?,
                Service::Rabbitmq => rabbitmq(folder, port, epmd_port, log)?,
                Service::Redis => redis(folder, port, log),
                Service::S3 => s3(folder, port, log)?,
            };
            process.start()?;
            all.push(Running { service, address: loopback(port), process });
        }
        let services = Self { all, epmd };
        for running in &services.all {
            running.ready().await?;
        }
        Ok(services)
    }

    /// One of them.
    pub fn get(&self, service: Service) -> &Running {
        &self.all[service as usize]
    }

    /// Restarts what ended by itself.
    pub fn tend(&self) {
        self.epmd.tend();
        self.all.iter().for_each(|running| running.process.tend());
    }
}

impl Running {
    /// Waits until it answers.
    ///
    /// # Errors
    /// When it does not in time.
    pub async fn ready(&self) -> Result<()> {
        let until = Instant::now() + READY;
        loop {
            self.process.tend();
            let asked = tokio::time::timeout(Duration::from_secs(2), self.answers()).await;
            if matches!(asked, Ok(Ok(()))) {
                return Ok(());
            }
            ensure!(Instant::now() < until, "{} does not answer; see its log", self.process.name);
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    async fn answers(&self) -> Result<()> {
        let mut socket = tokio::net::TcpStream::connect(self.address).await?;
        let (question, answer): (&[u8], &[u8]) = match self.service {
            // An SSL request, refused.
            Service::Postgres => (&[0, 0, 0, 8, 4, 210, 22, 47], b"N"),
            // Connection.Start on channel 0.
            Service::Rabbitmq => (b"AMQP\0\0\x09\x01", &[1, 0, 0]),
            Service::Redis => (b"PING\r\n", b"+PONG"),
            Service::S3 => (b"GET / HTTP/1.0\r\n\r\n", b"HTTP/1."),
        };
        socket.write_all(question).await?;
        let mut got = vec![0; answer.len()];
        socket.read_exact(&mut got).await?;
        ensure!(got == answer, "an answer, but not the expected one");
        Ok(())
    }
}

/// The user and group that PostgreSQL runs as, when this process is root.
fn unprivileged() -> Result<Option<(u32, u32)>> {
    let me = std::fs::metadata("/proc/self")?;
    if std::os::unix::fs::MetadataExt::uid(&me) != 0 {
        return Ok(None);
    }
    let users = std::fs::read_to_string("/etc/passwd")?;
    for wanted in ["postgres", "nobody"] {
        let mut fields = users.lines().map(|line| line.split(':').collect::<Vec<_>>());
        if let Some(user) = fields.find(|fields| fields.first() == Some(&wanted) && fields.len() > 3) {
            return Ok(Some((user[2].parse()?, user[3].parse()?)));
        }
    }
    bail!("PostgreSQL does not run as root, and there is no user `postgres` or `nobody`")
}

/// Where Debian keeps the server's programs; the search path elsewhere.
fn postgres_program(name: &str) -> PathBuf {
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut found: Vec<_> =
        versions.map(|v| v.path().join("bin").join(name)).filter(|p| p.exists()).collect();
    found.sort();
    found.pop().unwrap_or_else(|| name.into())
}

fn postgres(folder: &Path, port: u16, log: PathBuf) -> Result<Arc<Process>> {
    let user = unprivileged()?;
    let as_user = move |program: &str| {
        let mut command = Command::new(postgres_program(program));
        if let Some((user, group)) = user {
            command.uid(user).gid(group);
        }
        command.current_dir("/").env_remove("PGDATA");
        command
    };
    if let Some((user, group)) = user {
        std::os::unix::fs::chown(folder, Some(user), Some(group))?;
    }
    let data = folder.join("data");
    let made = as_user("initdb")
        .args(["--username=postgres", "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync", "-D"])
        .arg(&data)
        .output()
        .context("initdb (PostgreSQL's server programs)")?;
    ensure!(made.status.success(), "initdb: {}", String::from_utf8_lossy(&made.stderr));
    Ok(Process::new("postgres", log, move || {
        let mut command = as_user("postgres");
        command.arg("-D").arg(&data).args(["-p", &port.to_string()]);
        let settings = ["listen_addresses=127.0.0.1", "unix_socket_directories=", "max_connections=200"];
        for setting in settings {
            command.args(["-c", setting]);
        }
        command
    }))
}

fn rabbitmq(folder: PathBuf, port: u16, epmd: u16, log: PathBuf) -> Result<Arc<Process>> {
    // Debian's command of this name changes to a user who cannot read our folder.
    let debian = Path::new("/usr/lib/rabbitmq/bin/rabbitmq-server");
    let program = if debian.exists() { debian } else { Path::new("rabbitmq-server") };
    let distribution = free_port()?;
    std::fs::write(folder.join("plugins"), "[].\n")?;
    std::fs::write(folder.join("env.conf"), "")?;
    std::fs::write(folder.join("rabbitmq.conf"), format!("listeners.tcp.1 = 127.0.0.1:{port}\n"))?;
    let cookie = folder.join(".erlang.cookie");
    std::fs::write(&cookie, format!("chaos{port}x{distribution}"))?;
    std::fs::set_permissions(&cookie, std::fs::Permissions::from_mode(0o400))?;
    let node = format!("chaos{port}@localhost");
    Ok(Process::new("rabbitmq", log, move || {
        let mut command = Command::new(program);
        command
            .env("HOME", &folder)
            .env("ERL_EPMD_PORT", epmd.to_string())
            .env("ERL_EPMD_ADDRESS", "127.0.0.1")
            .env("RABBITMQ_NODENAME", &node)
            .env("RABBITMQ_DIST_PORT", distribution.to_string())
            .env("RABBITMQ_CONF_ENV_FILE", folder.join("env.conf"))
            .env("RABBITMQ_CONFIG_FILE", folder.join("rabbitmq.conf"))
            .env("RABBITMQ_ENABLED_PLUGINS_FILE", folder.join("plugins"))
            .env("RABBITMQ_MNESIA_BASE", folder.join("data"))
            .env("RABBITMQ_LOG_BASE", folder.join("logs"))
            .env("RABBITMQ_LOGS", "-")
            .env("RABBITMQ_PID_FILE", folder.join("pid"))
            // The node takes the place of its script, and gets its signals.
            .env("RUNNING_UNDER_SYSTEMD", "true")
            .current_dir(&folder);
        command
    }))
}

fn redis(folder: PathBuf, port: u16, log: PathBuf) -> Arc<Process> {
    Process::new("redis", log, move || {
        let mut command = Command::new("redis-server");
        command
            .args(["--port", &port.to_string(), "--bind", "127.0.0.1", "--save", "", "--dir"])
            .arg(&folder);
        command
    })
}

/// A process of its own, so that it can be killed.
fn s3(folder: PathBuf, port: u16, log: PathBuf) -> Result<Arc<Process>> {
    let program = std::env::current_exe()?;
    Ok(Process::new("s3", log, move || {
        let mut command = Command::new(&program);
        command.arg("serve-s3").arg(&folder).arg(loopback(port).to_string());
        command
    }))
}
