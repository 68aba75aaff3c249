//! `bifrost up`: the whole platform on one machine.

use crate::remote::Deploy;
use anyhow::{Context, Result};
use bifrost_api::ApiState;
use bifrost_core::Limits;
use bifrost_core::ports::{Bus, Objects, Queue};
use bifrost_runner::egress::{Egress, Reach};
use bifrost_runner::{Pool, PoolSettings, Runner, RunnerSettings};
use bifrost_store::{
    Db, DirectoryObjects, InProcessBus, InProcessQueue, Keyring, Options, RabbitOptions, RabbitQueue,
    executions, identity,
};
use clap::Args;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

/// Starts API, runner and sandbox processes. Data is kept below `--data`.
#[derive(Args)]
pub struct Up {
    /// Deploy this folder as the provider's workspace at start. Nothing happens when it
    /// is deployed already.
    #[arg(short, long, env = "BIFROST_WORKSPACE")]
    workspace: Option<PathBuf>,
    /// Where to listen. The loopback by default: there is no TLS here.
    #[arg(long, env = "BIFROST_LISTEN", default_value = "127.0.0.1:8400")]
    listen: SocketAddr,
    /// The address that people reach the platform at; by default where it listens.
    #[arg(long, env = "BIFROST_PUBLIC_URL")]
    public_url: Option<String>,
    /// The database: `sqlite:PATH` or `postgres://…`; by default a file below `--data`.
    #[arg(long, env = "DATABASE_URL", hide_env_values = true)]
    database: Option<String>,
    /// RabbitMQ; without it the queue is in this process.
    #[arg(long, env = "AMQP_URL", hide_env_values = true)]
    amqp: Option<String>,
    /// Sandbox processes; one per core by default.
    #[arg(long, env = "BIFROST_PROCESSES")]
    processes: Option<usize>,
    /// Let workflows reach private addresses, such as services on this machine.
    #[arg(long, env = "BIFROST_EGRESS_PRIVATE")]
    egress_private: bool,
}

/// Runs alive at the same time in one sandbox process.
const SLOTS: u32 = 1_100;
/// A run whose worker is silent for so long is tried again.
const LEASE_SECS: u32 = 15;

impl Up {
    pub fn execute(self, data: &Path) -> Result<ExitCode> {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        runtime.block_on(self.serve(data))
    }

    async fn serve(self, data: &Path) -> Result<ExitCode> {
        std::fs::create_dir_all(data).with_context(|| format!("cannot create {}", data.display()))?;
        let data = data.canonicalize()?;
        let default = format!("sqlite:{}", data.join("bifrost.db").display());
        let db = Db::open(self.database.as_deref().unwrap_or(&default), Options::default()).await?;
        let keys = Keyring::load(&data)?;
        let listener = tokio::net::TcpListener::bind(self.listen)
            .await
            .with_context(|| format!("cannot listen on {}; choose another with --listen", self.listen))?;
        let address = format!("http://{}", listener.local_addr()?);
        let public_url = self.public_url.clone().unwrap_or_else(|| address.clone());

        let first = identity::Bootstrap {
            organization: "Provider".to_owned(),
            email: "admin@localhost".to_owned(),
            name: "Administrator".to_owned(),
        };
        if let Some(made) = identity::bootstrap(&db, first).await? {
            println!("Administrator's key (shown once): {}", made.token);
            write_private(&data.join("admin.key"), &made.token)?;
            println!("It is also in {}, for the commands of this machine.", data.join("admin.key").display());
        }

        let queue: Arc<dyn Queue> = match &self.amqp {
            Some(url) => Arc::new(RabbitQueue::connect(url, RabbitOptions::default()).await?),
            None => Arc::new(InProcessQueue::new()),
        };
        let bus: Arc<dyn Bus> = Arc::new(InProcessBus::new());
        let objects: Arc<dyn Objects> = Arc::new(DirectoryObjects::open(data.join("objects")).await?);
        let reach = if self.egress_private { Reach::Any } else { Reach::Public };
        let egress = Egress::new(reach, usize::try_from(Limits::default().http_body_bytes)?)?;
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let processes = self.processes.unwrap_or(cores);
        let pool = Pool::start(&PoolSettings {
            program: std::env::current_exe()?,
            cache: data.join("cache"),
            processes,
            slots: SLOTS,
        });
        let runner = Runner::new(
            db.clone(),
            queue.clone(),
            bus.clone(),
            objects.clone(),
            keys.clone(),
            egress,
            pool,
            RunnerSettings {
                worker_id: format!("{}-{}", std::process::id(), uuid::Uuid::now_v7()),
                slots: processes * SLOTS as usize,
                lease_secs: LEASE_SECS,
                public_url,
            },
        );

        recover(&db, &queue, self.amqp.is_none()).await?;
        let state = ApiState { db, keyring: keys, queue, bus, objects, worker: runner.clone() };
        tokio::spawn(runner.run());
        let server = axum::serve(listener, bifrost_api::router(state)).with_graceful_shutdown(stop());
        let server = tokio::spawn(server.into_future());
        if let Some(folder) = self.workspace {
            let key = std::fs::read_to_string(data.join("admin.key"))
                .context("--workspace needs the administrator's key in the data folder")?;
            Deploy::at_start(folder, address.clone(), key).execute(&data).await?;
        }
        println!("Bifrost is at {address}");
        server.await??;
        Ok(ExitCode::SUCCESS)
    }
}

/// Admits again what an earlier process had accepted.
async fn recover(db: &Db, queue: &Arc<dyn Queue>, embedded: bool) -> Result<()> {
    if embedded {
        // A fresh process holds no leases: whatever is leased belongs to one that is gone.
        executions::release_all_leases_of_embedded(db).await?;
    }
    let pending = executions::pending_tickets(db).await?;
    if !pending.is_empty() {
        tracing::info!(count = pending.len(), "admitting runs again");
    }
    for ticket in pending {
        queue.publish(ticket).await?;
    }
    Ok(())
}

async fn stop() {
    let interrupt = tokio::signal::ctrl_c();
    let Ok(mut terminate) = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) else {
        let _ = interrupt.await;
        return;
    };
    tokio::select! {
        _ = interrupt => {}
        _ = terminate.recv() => {}
    }
}

fn write_private(path: &Path, text: &str) -> Result<()> {
    use std::io::Write;
    use std::os::unix::fs::OpenOptionsExt;
    let mut file =
        std::fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)?;
    file.write_all(text.as_bytes())?;
    Ok(())
}
