//! The platform's own processes: two APIs, two workers, two schedulers, each reaching each
//! service over a link of its own.

use crate::plan::PROCESSES;
use crate::process::Process;
use crate::proxy::{Link, Way};
use crate::services::{Service, Services};
use anyhow::{Context, Result, ensure};
use bifrost_test_services::{free_port, s3};
use serde_json::Value;
use std::collections::HashMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How long the first API may take: it compiles the base.
const FIRST: Duration = Duration::from_secs(240);
/// Runs that one worker holds; few, so that work also waits in the database.
const SLOTS: &str = "16";

/// How to start the platform.
pub struct Settings {
    /// The `bifrost` program.
    pub program: PathBuf,
    /// Below it is all data.
    pub data: PathBuf,
    /// Compiled code, kept between runs of the harness.
    pub cache: PathBuf,
    /// Where logs go.
    pub logs: PathBuf,
    /// The fault that is compiled in and switched on.
    pub planted: Option<String>,
}

/// All processes and links.
pub struct Platform {
    processes: HashMap<&'static str, Arc<Process>>,
    links: HashMap<(&'static str, Service), Link>,
    clients: HashMap<&'static str, Link>,
    key: String,
    http: reqwest::Client,
}

impl Platform {
    /// Starts all, deploys the workspace, and waits until both APIs have it.
    ///
    /// # Errors
    /// When a process does not come up.
    pub async fn start(settings: &Settings, services: &Services, workspace: &Path) -> Result<Self> {
        let data = settings.data.join("bifrost");
        std::fs::create_dir_all(&data)?;
        std::fs::create_dir_all(&settings.cache)?;
        std::os::unix::fs::symlink(&settings.cache, data.join("cache"))?;
        let (mut processes, mut links, mut clients) = (HashMap::new(), HashMap::new(), HashMap::new());
        for name in PROCESSES {
            for service in Service::ALL {
                links.insert((name, service), Link::start(services.get(service).address).await?);
            }
            let listen = SocketAddr::from(([127, 0, 0, 1], free_port()?));
            if name.starts_with("api") {
                clients.insert(name, Link::start(listen).await?);
            }
            let role = name.trim_end_matches(|c: char| !c.is_alphabetic()).to_owned();
            let variables = variables(settings, &data, name, listen, &links);
            let program = settings.program.clone();
            let log = settings.logs.join(format!("{name}.log"));
            let process = Process::new(name, log, move || {
                let mut command = Command::new(&program);
                command.arg(&role).envs(variables.iter().map(|(name, value)| (*name, value.as_str())));
                command
            });
            processes.insert(name, process);
        }
        let http = reqwest::Client::builder().no_proxy().pool_max_idle_per_host(0).build()?;
        let mut platform = Self { processes, links, clients, key: String::new(), http };
        // The first one makes the database's tables and the administrator.
        platform.process("api-1").start()?;
        platform.ready("api-1").await?;
        platform.key = std::fs::read_to_string(data.join("admin.key"))?.trim().to_owned();
        for name in PROCESSES {
            platform.process(name).start()?;
        }
        platform.ready("api-2").await?;
        let deployed = Command::new(&settings.program)
            .arg("deploy")
            .arg(workspace)
            .env("BIFROST_URL", platform.url("api-1"))
            .env("BIFROST_KEY", &platform.key)
            .env("BIFROST_DATA", &data)
            .output()?;
        ensure!(deployed.status.success(), "deploy: {}", String::from_utf8_lossy(&deployed.stderr));
        Ok(platform)
    }

    /// One of [`PROCESSES`].
    pub fn process(&self, name: &str) -> &Arc<Process> {
        &self.processes[name]
    }

    /// Where clients reach an API.
    pub fn url(&self, api: &str) -> String {
        format!("http://{}", self.clients[api].address())
    }

    /// The link between a process and a service.
    pub fn link(&self, process: &'static str, service: Service) -> &Link {
        &self.links[&(process, service)]
    }

    /// All links to a service.
    pub fn links_to(&self, service: Service) -> impl Iterator<Item = &Link> {
        self.links.iter().filter(move |((_, to), _)| *to == service).map(|(_, link)| link)
    }

    /// The link between clients and an API.
    pub fn client_link(&self, api: &str) -> &Link {
        &self.clients[api]
    }

    /// Opens all links, continues and starts all processes.
    ///
    /// # Errors
    /// When a process cannot be started.
    pub fn heal(&self) -> Result<()> {
        self.links.values().chain(self.clients.values()).for_each(|link| link.set(Way::Open));
        for process in self.processes.values() {
            process.freeze(false);
            process.start()?;
        }
        Ok(())
    }

    /// Restarts what ended by itself.
    pub fn tend(&self) {
        self.processes.values().for_each(|process| process.tend());
    }

    async fn ready(&self, api: &str) -> Result<()> {
        let until = Instant::now() + FIRST;
        loop {
            self.tend();
            let asked = self.http.get(format!("{}/health/ready", self.url(api))).send().await;
            if asked.is_ok_and(|answer| answer.status().is_success()) {
                return Ok(());
            }
            ensure!(Instant::now() < until, "{api} does not answer; see its log");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// Sends a request to an API; the status and the JSON that it answered.
    ///
    /// # Errors
    /// When there was no whole answer.
    pub async fn send(
        &self,
        api: &str,
        method: reqwest::Method,
        path: &str,
        body: Option<&Value>,
        patience: Duration,
    ) -> Result<(u16, Value)> {
        let mut request = self.http.request(method, format!("{}{path}", self.url(api)));
        request = request.bearer_auth(&self.key).timeout(patience);
        if let Some(body) = body {
            request = request.json(body);
        }
        let answer = request.send().await?;
        let status = answer.status().as_u16();
        let text = answer.text().await?;
        Ok((status, serde_json::from_str(&text).with_context(|| format!("{status}: {text}"))?))
    }
}

/// What a process is told by its environment.
fn variables(
    settings: &Settings,
    data: &Path,
    name: &'static str,
    listen: SocketAddr,
    links: &HashMap<(&'static str, Service), Link>,
) -> Vec<(&'static str, String)> {
    let to = |service| links[&(name, service)].address();
    let mut all = vec![
        ("DATABASE_URL", format!("postgres://bifrost@{}/bifrost", to(Service::Postgres))),
        ("AMQP_URL", format!("amqp://guest:guest@{}", to(Service::Rabbitmq))),
        ("REDIS_URL", format!("redis://{}", to(Service::Redis))),
        ("BIFROST_DATA", data.display().to_string()),
        ("BIFROST_LISTEN", listen.to_string()),
        ("BIFROST_LOG", "info,lapin=error".to_owned()),
        ("BIFROST_PROCESSES", "1".to_owned()),
        ("BIFROST_SLOTS", SLOTS.to_owned()),
        ("BIFROST_EGRESS_PRIVATE", "true".to_owned()),
        ("NO_COLOR", "1".to_owned()),
    ];
    all.extend(s3::variables(to(Service::S3)));
    all.extend(settings.planted.clone().map(|planted| ("BIFROST_PLANTED", planted)));
    all
}
