//! The engines that the platform's processes share, chosen by the environment: embedded
//! ones in the data folder, or those of a cluster.

use anyhow::{Context, Result};
use bifrost_api::health::Services;
use bifrost_core::Limits;
use bifrost_core::ports::{Bus, Objects, Queue, SharedCache};
use bifrost_notify::{Notifier, Security, SmtpSettings};
use bifrost_oauth::OAuth;
use bifrost_runner::egress::{Egress, Reach, Service};
use bifrost_runner::{Pool, PoolSettings, Runner, RunnerSettings};
use bifrost_scheduler::SchedulerSettings;
use bifrost_store::{
    Db, DirectoryObjects, InProcessBus, InProcessQueue, Keyring, Options, RabbitOptions, RabbitQueue,
    RedisBus, RedisCache, RedisOptions, S3Objects, S3Options,
};
use chrono::TimeDelta;
use clap::Args;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// Runs alive at the same time in one sandbox process.
const SLOTS: u32 = 1_100;
/// A run whose worker is silent for so long is tried again, in seconds.
const LEASE_SECS: u32 = 15;
/// How long authorization servers may take for what they were asked before the end.
const SETTLE: Duration = Duration::from_secs(5);
/// How long the database may take to close.
const CLOSE: Duration = Duration::from_secs(5);
/// Between two looks at the backlog when the bus tells of every new run.
const IDLE_EMBEDDED: Duration = Duration::from_secs(1);
/// The same when messages may be lost on the way.
const IDLE_DISTRIBUTED: Duration = Duration::from_millis(25);

/// The Python Package Index.
const PACKAGE_INDEX: &str = "https://pypi.org/simple/";

/// A hundred years; whoever wants more wants 0.
const MAX_RETENTION_DAYS: i64 = 36_525;

/// Where the database is.
#[derive(Args, Clone)]
pub struct DatabaseArgs {
    /// The database: `sqlite:PATH` or `postgres://…`; by default a file below `--data`.
    #[arg(long, env = "DATABASE_URL", hide_env_values = true)]
    pub database: Option<String>,
    /// The same PostgreSQL database as another role, for what concerns all organizations:
    /// dispatcher, scheduler, sign-in. See `bifrost migrate --help`.
    #[arg(long, env = "BIFROST_SYSTEM_DATABASE_URL", hide_env_values = true)]
    pub system_database: Option<String>,
}

impl DatabaseArgs {
    /// The database's URL.
    pub fn url(&self, data: &Path) -> String {
        let default = || format!("sqlite:{}", data.join("bifrost.db").display());
        self.database.clone().unwrap_or_else(default)
    }

    /// Opens the database, and migrates it where its role may.
    ///
    /// # Errors
    /// When it cannot be reached.
    pub async fn open(&self, data: &Path) -> Result<Db> {
        let options = Options { system_url: self.system_database.clone(), ..Options::default() };
        Ok(Db::open(&self.url(data), options).await?)
    }
}

/// Where the platform keeps what it knows.
#[derive(Args, Clone)]
pub struct EngineArgs {
    #[command(flatten)]
    pub database: DatabaseArgs,
    /// RabbitMQ; without it the queue is in this process.
    #[arg(long, env = "AMQP_URL", hide_env_values = true)]
    pub amqp: Option<String>,
    /// The queue's name at RabbitMQ; different ones let installations share a broker.
    #[arg(long, env = "BIFROST_QUEUE", default_value = "bifrost.tickets")]
    pub queue: String,
    /// Redis, for live events between processes and sessions that they tell each other of; without it
    /// events stay in this process.
    #[arg(long, env = "REDIS_URL", hide_env_values = true)]
    pub redis: Option<String>,
    #[command(flatten)]
    pub s3: S3Args,
    #[command(flatten)]
    pub keys: KeyArgs,
    #[command(flatten)]
    pub smtp: SmtpArgs,
}

/// What encrypts secrets.
#[derive(Args, Clone)]
pub struct KeyArgs {
    /// Encrypts secrets: base64 of 32 bytes, the same for all processes. Several keys, with
    /// commas or spaces between them, while they change: the first is used, the others still
    /// read. By default a file below `--data`, made when it is missing.
    #[arg(long, env = "BIFROST_MASTER_KEY", hide_env_values = true)]
    pub master_key: Option<String>,
}

impl KeyArgs {
    /// The master keys.
    ///
    /// # Errors
    /// When they are none, or the file cannot be read.
    pub fn keyring(&self, data: &Path) -> Result<Keyring> {
        Ok(match &self.master_key {
            Some(key) => Keyring::of(key)?,
            None => Keyring::load(data)?,
        })
    }
}

/// Where workspaces and what is large of runs are kept, if not in the data folder.
#[derive(Args, Clone)]
pub struct S3Args {
    /// A bucket for workspaces, and for what is large of runs; without it they are files below
    /// `--data`.
    #[arg(long, env = "S3_BUCKET", requires_all = ["s3_access_key_id", "s3_secret_access_key"])]
    pub s3_bucket: Option<String>,
    /// The store's URL; Amazon's by default.
    #[arg(long, env = "S3_ENDPOINT")]
    pub s3_endpoint: Option<String>,
    /// The region that requests are signed for.
    #[arg(long, env = "S3_REGION", default_value = "us-east-1")]
    pub s3_region: String,
    /// Name of the credentials.
    #[arg(long, env = "S3_ACCESS_KEY_ID")]
    pub s3_access_key_id: Option<String>,
    /// Their secret.
    #[arg(long, env = "S3_SECRET_ACCESS_KEY", hide_env_values = true)]
    pub s3_secret_access_key: Option<String>,
}

impl S3Args {
    /// The bucket, where there is one.
    pub fn options(&self) -> Option<S3Options> {
        Some(S3Options {
            bucket: self.s3_bucket.clone()?,
            endpoint: self.s3_endpoint.clone(),
            region: self.s3_region.clone(),
            access_key_id: self.s3_access_key_id.clone()?,
            secret_access_key: self.s3_secret_access_key.clone()?,
        })
    }
}

/// How workflows are run.
#[derive(Args, Clone)]
pub struct WorkerArgs {
    /// Sandbox processes; one per core by default.
    #[arg(long, env = "BIFROST_PROCESSES")]
    pub processes: Option<usize>,
    /// Runs alive at the same time, waiting ones included; 1,100 per sandbox process by
    /// default.
    #[arg(long, env = "BIFROST_SLOTS")]
    pub slots: Option<usize>,
    #[command(flatten)]
    pub egress: EgressArgs,
    #[command(flatten)]
    pub packages: PackageArgs,
}

/// Where requests of workflows, and those that renew their tokens, may go.
#[derive(Args, Clone)]
pub struct EgressArgs {
    /// Let workflows and token endpoints be on private addresses, such as services on this machine.
    #[arg(long, env = "BIFROST_EGRESS_PRIVATE")]
    pub egress_private: bool,
    /// Hosts that are told which trace a workflow's request belongs to, such as
    /// `api.example.com` or `*.example.com`; nobody by default.
    #[arg(long, env = "BIFROST_TRACE_HOSTS", value_delimiter = ',', value_name = "HOST")]
    pub trace_hosts: Vec<String>,
}

impl EgressArgs {
    /// The way out. `listening` is where this process listens itself.
    ///
    /// # Errors
    /// When TLS cannot be set up.
    pub fn egress(
        &self,
        engines: &Engines,
        listening: impl IntoIterator<Item = SocketAddr>,
    ) -> Result<Egress> {
        let reach = if self.egress_private { Reach::Any } else { Reach::Public };
        let egress = Egress::new(reach, usize::try_from(Limits::default().http_body_bytes)?)?;
        let listening = listening.into_iter().map(Service::from);
        Ok(egress
            .with_trace_hosts(&self.trace_hosts)
            .without(engines.services.iter().cloned().chain(listening).collect())
            .with_policies(engines.db.clone()))
    }
}

/// Where packages come from.
#[derive(Args, Clone)]
pub struct PackageArgs {
    /// The index that workspaces' packages come from, and the only one: an address of the simple
    /// API (PEP 691), such as that of a mirror of your own.
    #[arg(long, env = "BIFROST_PACKAGE_INDEX", default_value = PACKAGE_INDEX, hide_env_values = true,
        value_name = "URL")]
    pub package_index: String,
}

/// The server that mail is handed to. Without a host there is no mail.
#[derive(Args, Clone)]
pub struct SmtpArgs {
    /// The mail server's name.
    #[arg(long, env = "BIFROST_SMTP_HOST", requires = "smtp_from")]
    pub smtp_host: Option<String>,
    /// Its port; by default 587, 465 with `tls`, 25 with `none`.
    #[arg(long, env = "BIFROST_SMTP_PORT")]
    pub smtp_port: Option<u16>,
    /// `starttls`, `tls` from the beginning, or `none` for a server on this machine.
    #[arg(long, env = "BIFROST_SMTP_SECURITY", default_value = "starttls", value_name = "SECURITY",
        value_parser = |text: &str| text.parse::<Security>())]
    pub smtp_security: Security,
    /// The name to sign in with, where the server asks for one.
    #[arg(long, env = "BIFROST_SMTP_USER", requires = "smtp_password")]
    pub smtp_user: Option<String>,
    /// The password for it.
    #[arg(long, env = "BIFROST_SMTP_PASSWORD", hide_env_values = true)]
    pub smtp_password: Option<String>,
    /// Who mail is from: an address, or `Name <address>`.
    #[arg(long, env = "BIFROST_SMTP_FROM")]
    pub smtp_from: Option<String>,
}

impl SmtpArgs {
    /// The server, where there is one.
    pub fn settings(&self) -> Option<SmtpSettings> {
        let credentials = self.smtp_user.clone().zip(self.smtp_password.clone().map(Into::into));
        Some(SmtpSettings {
            host: self.smtp_host.clone()?,
            port: self.smtp_port.unwrap_or(self.smtp_security.port()),
            security: self.smtp_security,
            credentials,
            from: self.smtp_from.clone()?,
        })
    }

    /// Where it is; no workflow may reach it.
    fn service(&self) -> Option<Service> {
        let SmtpSettings { host, port, .. } = self.settings()?;
        Some(Service { host, port })
    }
}

/// What is kept, and for how long.
#[derive(Args, Clone, Copy)]
pub struct RetentionArgs {
    /// How many days runs are kept after their end, with their results and logs; 0 for ever.
    #[arg(long, env = "BIFROST_RETENTION_DAYS", default_value_t = 90, value_name = "DAYS",
        value_parser = clap::value_parser!(u32).range(0..=MAX_RETENTION_DAYS))]
    pub retention_days: u32,
    /// How many days entries of the audit log are kept; 0 for ever.
    #[arg(long, env = "BIFROST_AUDIT_RETENTION_DAYS", default_value_t = 365, value_name = "DAYS",
        value_parser = clap::value_parser!(u32).range(0..=MAX_RETENTION_DAYS))]
    pub audit_retention_days: u32,
}

impl RetentionArgs {
    fn keep(self) -> Option<TimeDelta> {
        days(self.retention_days)
    }

    fn keep_audit(self) -> Option<TimeDelta> {
        days(self.audit_retention_days)
    }
}

/// 0 is for ever.
fn days(days: u32) -> Option<TimeDelta> {
    (days > 0).then(|| TimeDelta::days(days.into()))
}

/// Everything behind the ports.
#[derive(Clone)]
pub struct Engines {
    pub db: Db,
    pub keys: Keyring,
    pub queue: Arc<dyn Queue>,
    pub bus: Arc<dyn Bus>,
    /// What processes remember for each other, if they do.
    pub cache: Option<Arc<dyn SharedCache>>,
    pub objects: Arc<dyn Objects>,
    /// True when no other process can take part.
    pub embedded: bool,
    /// Names this process in leases.
    pub name: String,
    /// Where the services are; no workflow may reach them.
    pub services: Vec<Service>,
    /// Where mail is handed over, if anywhere.
    pub smtp: Option<SmtpSettings>,
}

impl EngineArgs {
    /// Opens all engines; the data folder is made where it is missing. `slots` is how many runs
    /// the process takes at the same time, if that was set.
    ///
    /// # Errors
    /// When one of them cannot be reached; the message names it.
    pub async fn open(&self, data: &Path, slots: Option<usize>) -> Result<(Engines, PathBuf)> {
        std::fs::create_dir_all(data).with_context(|| format!("cannot create {}", data.display()))?;
        let data = data.canonicalize()?;
        let url = self.database.url(&data);
        let db = self.database.open(&data).await.context("the database (DATABASE_URL)")?;
        let keys = self.keys.keyring(&data)?;
        let queue: Arc<dyn Queue> = match &self.amqp {
            Some(url) => {
                let mut options = RabbitOptions { queue: self.queue.clone(), ..RabbitOptions::default() };
                if let Some(slots) = slots.and_then(|slots| u16::try_from(slots).ok()) {
                    options.prefetch = options.prefetch.min(slots);
                }
                Arc::new(RabbitQueue::connect(url, options).await.context("RabbitMQ (AMQP_URL)")?)
            }
            None => Arc::new(InProcessQueue::new()),
        };
        let bus: Arc<dyn Bus> = match &self.redis {
            Some(url) => Arc::new(RedisBus::open(url, RedisOptions::default()).context("Redis (REDIS_URL)")?),
            None => Arc::new(InProcessBus::new()),
        };
        let cache: Option<Arc<dyn SharedCache>> = match &self.redis {
            Some(url) => Some(Arc::new(RedisCache::open(url, RedisOptions::default())?)),
            None => None,
        };
        let objects: Arc<dyn Objects> = match self.s3.options() {
            Some(options) => Arc::new(S3Objects::connect(options).await.context("objects (S3_BUCKET)")?),
            None => Arc::new(DirectoryObjects::open(data.join("objects")).await?),
        };
        let name = format!("{}-{}-{}", host(), std::process::id(), uuid::Uuid::now_v7().simple());
        let services = self.services(&url);
        let (embedded, smtp) = (self.amqp.is_none(), self.smtp.settings());
        Ok((Engines { db, keys, queue, bus, cache, objects, embedded, name, services, smtp }, data))
    }

    /// Where everything is that these processes talk to.
    fn services(&self, database: &str) -> Vec<Service> {
        let telemetry = std::env::var("OTEL_EXPORTER_OTLP_ENDPOINT").ok();
        let urls = [
            (Some(database), 5_432),
            (self.database.system_database.as_deref(), 5_432),
            (self.amqp.as_deref(), 5_672),
            (self.redis.as_deref(), 6_379),
            (self.s3.s3_endpoint.as_deref(), 443),
            (telemetry.as_deref(), 4_318),
        ];
        let services = urls.into_iter().filter_map(|(url, port)| Service::of_url(url?, port));
        services.chain(self.smtp.service()).collect()
    }
}

/// The machine's name, for people.
pub fn host() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}

impl WorkerArgs {
    /// Starts sandbox processes and a runner over them; it takes nothing before
    /// [`Runner::run`].
    ///
    /// # Errors
    /// When the program does not know its own path.
    pub fn runner(
        &self,
        engines: &Engines,
        data: &Path,
        public_url: String,
        egress: Egress,
        oauth: OAuth,
    ) -> Result<Arc<Runner>> {
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let processes = self.processes.unwrap_or(cores).max(1);
        let pool = Pool::start(&PoolSettings {
            program: bifrost_runner::sandbox_program()?,
            cache: data.join("cache"),
            processes,
            slots: SLOTS,
        });
        Ok(Runner::new(
            engines.db.clone(),
            engines.queue.clone(),
            engines.bus.clone(),
            engines.objects.clone(),
            engines.keys.clone(),
            egress,
            oauth,
            pool,
            RunnerSettings {
                worker_id: engines.name.clone(),
                host: host(),
                slots: self.slots.unwrap_or(processes * SLOTS as usize),
                lease_secs: LEASE_SECS,
                public_url,
                package_index: self.packages.package_index.clone(),
            },
        ))
    }
}

impl Engines {
    /// The services that health is about, of a process that takes no runs, or not only runs.
    pub fn services(&self) -> Services {
        Services {
            db: self.db.clone(),
            queue: Some(self.queue.clone()),
            objects: self.objects.clone(),
            bus: self.bus.clone(),
            takes_runs: false,
            draining: Arc::default(),
        }
    }

    /// The connections of integrations, over this way out.
    pub fn oauth(&self, egress: &Egress) -> OAuth {
        let web = Arc::new(egress.clone());
        OAuth::new(self.db.clone(), self.keys.clone(), self.bus.clone(), web, self.name.clone())
    }

    /// The way to people outside, over this way out.
    ///
    /// # Errors
    /// When the settings of mail cannot be right.
    pub fn notifier(&self, egress: &Egress, public_url: &str) -> Result<Notifier> {
        let web = Arc::new(egress.clone());
        Ok(Notifier::new(self.db.clone(), self.keys.clone(), web, self.smtp.clone(), public_url)?)
    }

    /// Leads when no other scheduler does, until `stop`.
    pub async fn schedule(
        &self,
        oauth: OAuth,
        notifier: Notifier,
        retention: RetentionArgs,
        stop: impl Future<Output = ()>,
    ) {
        let idle = if self.embedded { IDLE_EMBEDDED } else { IDLE_DISTRIBUTED };
        let settings = SchedulerSettings {
            holder: self.name.clone(),
            idle,
            keep: retention.keep(),
            keep_audit: retention.keep_audit(),
        };
        let (db, queue, bus) = (self.db.clone(), self.queue.clone(), self.bus.clone());
        let objects = self.objects.clone();
        bifrost_scheduler::run(db, queue, bus, objects, oauth, notifier, settings, stop).await;
    }

    /// Lets tokens that are being renewed arrive, and accepted writes finish.
    pub async fn close(&self, oauth: &OAuth) {
        oauth.settle(SETTLE).await;
        if tokio::time::timeout(CLOSE, self.db.close()).await.is_err() {
            tracing::warn!("the database is still in use; its connections are cut");
        }
    }
}
