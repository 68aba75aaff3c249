//! `bifrost up`: the whole platform on one machine.

use crate::engines::{EgressArgs, EngineArgs, Engines, RetentionArgs, WorkerArgs};
use crate::health::HealthArgs;
use crate::remote::Deploy;
use crate::set_up;
use crate::stop::Stop;
use anyhow::{Context, Result};
use axum::serve::ListenerExt;
use bifrost_api::health::Services;
use bifrost_api::{ApiState, Inside, Operations, metrics};
use bifrost_core::ports::{self, Worker};
use bifrost_notify::Notifier;
use bifrost_oauth::OAuth;
use bifrost_runner::Runner;
use bifrost_scheduler::Adapters;
use bifrost_signin::throttle::Rates;
use bifrost_signin::{Settings, SignIn};
use bifrost_store::{executions, identity, workers};
use clap::Args;
use ipnet::IpNet;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::net::TcpListener;

/// Starts API, scheduler, runner and sandbox processes. Data is kept below `--data`.
#[derive(Args)]
pub struct Up {
    /// Deploy this folder as the provider's workspace at start. Nothing happens when it
    /// is deployed already.
    #[arg(short, long, env = "BIFROST_WORKSPACE")]
    workspace: Option<PathBuf>,
    #[command(flatten)]
    listen: ListenArgs,
    #[command(flatten)]
    engines: EngineArgs,
    #[command(flatten)]
    worker: WorkerArgs,
    #[command(flatten)]
    retention: RetentionArgs,
    #[command(flatten)]
    health: HealthArgs,
    /// How long runs and requests may go on after the signal to end, in seconds.
    #[arg(long, env = "BIFROST_DRAIN_SECONDS", default_value_t = DRAIN_SECONDS)]
    drain: u64,
}

/// Serves the REST API and the live channel, and looks after subscriptions of webhook adapters; runs
/// are made by `bifrost worker`.
#[derive(Args)]
pub struct Api {
    #[command(flatten)]
    listen: ListenArgs,
    #[command(flatten)]
    engines: EngineArgs,
    #[command(flatten)]
    worker: WorkerArgs,
    #[command(flatten)]
    health: HealthArgs,
    /// How long requests may go on after the signal to end, in seconds.
    #[arg(long, env = "BIFROST_DRAIN_SECONDS", default_value_t = DRAIN_SECONDS)]
    drain: u64,
}

/// Takes runs from the queue and drives them in sandbox processes.
#[derive(Args)]
pub struct Work {
    #[command(flatten)]
    engines: EngineArgs,
    #[command(flatten)]
    worker: WorkerArgs,
    #[command(flatten)]
    health: HealthArgs,
    /// The address that people reach the platform at, as workflows see it.
    #[arg(long, env = "BIFROST_PUBLIC_URL", default_value = "http://127.0.0.1:8400")]
    public_url: String,
    /// How long runs may go on after the signal to end, in seconds.
    #[arg(long, env = "BIFROST_DRAIN_SECONDS", default_value_t = DRAIN_SECONDS)]
    drain: u64,
}

/// Admits runs, fires schedules, renews tokens, notifies people, deletes what is old. Several may run; one of them
/// leads.
#[derive(Args)]
pub struct Schedule {
    #[command(flatten)]
    engines: EngineArgs,
    #[command(flatten)]
    egress: EgressArgs,
    #[command(flatten)]
    retention: RetentionArgs,
    #[command(flatten)]
    health: HealthArgs,
    /// The address that people reach the platform at, for links in notifications.
    #[arg(long, env = "BIFROST_PUBLIC_URL", default_value = "http://127.0.0.1:8400")]
    public_url: String,
}

/// How the API is reached.
#[derive(Args)]
struct ListenArgs {
    /// Where to listen. The loopback by default: there is no TLS here.
    #[arg(long, env = "BIFROST_LISTEN", default_value = "127.0.0.1:8400")]
    listen: SocketAddr,
    /// The address that people reach the platform at; by default where it listens.
    #[arg(long, env = "BIFROST_PUBLIC_URL")]
    public_url: Option<String>,
    /// Opens `/metrics` to whoever sends this as a key; else it is for platform
    /// administrators only.
    #[arg(long, env = "BIFROST_METRICS_TOKEN", hide_env_values = true)]
    metrics_token: Option<String>,
    /// Proxies that are believed when `X-Forwarded-For` says whom they speak for: addresses or
    /// networks such as `10.0.0.0/8`; nobody by default.
    #[arg(long, env = "BIFROST_TRUSTED_PROXIES", value_delimiter = ',', value_name = "NETWORK",
        value_parser = network)]
    trusted_proxies: Vec<IpNet>,
    #[command(flatten)]
    rates: RateArgs,
}

/// How often requests may come; what is more is answered 429.
#[derive(Args)]
struct RateArgs {
    /// Requests per second with one key or session, twice as many at once; 0 for no limit.
    #[arg(long, env = "BIFROST_RATE_KEY", default_value_t = Rates::default().per_key)]
    rate_key: u32,
    /// Requests per second from one address with a key or session that is not good, twice as
    /// many at once; 0 for no limit.
    #[arg(long, env = "BIFROST_RATE_ADDRESS", default_value_t = Rates::default().per_address)]
    rate_address: u32,
    /// Steps of signing in per minute from one address; 0 for no limit.
    #[arg(long, env = "BIFROST_RATE_SIGN_IN", default_value_t = Rates::default().sign_in)]
    rate_sign_in: u32,
}

/// A network, or one address.
fn network(text: &str) -> Result<IpNet, String> {
    let text = text.trim();
    let address = text.parse::<IpAddr>().map(IpNet::from);
    text.parse().or(address).map_err(|_| "expected an address or a network such as 10.0.0.0/8".to_owned())
}

/// How long runs may go on after the signal to end.
const DRAIN_SECONDS: u64 = 25;
/// Exit code when runs did not end in time.
const RUNS_LEFT: u8 = 4;

fn runtime() -> Result<tokio::runtime::Runtime> {
    Ok(tokio::runtime::Builder::new_multi_thread().enable_all().build()?)
}

impl ListenArgs {
    /// How people sign in, and what operators need.
    fn settings(self, engines: &Engines, public_url: &str) -> Result<(Settings, Operations)> {
        let RateArgs { rate_key: per_key, rate_address: per_address, rate_sign_in: sign_in } = self.rates;
        let rates = Rates { per_key, per_address, sign_in };
        let settings = Settings { rates, ..Settings::at(public_url)? };
        warn_of_plain_http(&settings);
        let operations = Operations {
            queue: Some(engines.queue.clone()),
            metrics_token: self.metrics_token.map(Into::into),
            trusted_proxies: self.trusted_proxies.into(),
            ..Operations::default()
        };
        Ok((settings, operations))
    }

    async fn bind(&self) -> Result<(TcpListener, String)> {
        let listener = TcpListener::bind(self.listen)
            .await
            .with_context(|| format!("cannot listen on {}; choose another with --listen", self.listen))?;
        let address = format!("http://{}", listener.local_addr()?);
        Ok((listener, address))
    }
}

/// Makes the first administrator, once.
async fn bootstrap(engines: &Engines, data: &Path, public_url: &str) -> Result<()> {
    let first = identity::Bootstrap {
        organization: "Provider".to_owned(),
        email: "admin@localhost".to_owned(),
        name: "Administrator".to_owned(),
    };
    if let Some(made) = identity::bootstrap(&engines.db, first).await? {
        let file = data.join("admin.key");
        write_private(&file, &made.token)?;
        println!("Administrator's key (shown once): {}", made.token);
        println!("It is also in {}, for the commands of this machine.", file.display());
        set_up::print(&engines.db, public_url).await?;
    }
    Ok(())
}

fn state(
    engines: &Engines,
    worker: Arc<dyn Worker>,
    oauth: OAuth,
    notifier: Notifier,
    settings: Settings,
    operations: Operations,
) -> Result<ApiState> {
    Ok(ApiState {
        sign_in: SignIn::new(engines.db.clone(), engines.keys.clone(), settings, engines.cache.clone())?,
        db: engines.db.clone(),
        keyring: engines.keys.clone(),
        bus: engines.bus.clone(),
        objects: engines.objects.clone(),
        worker,
        oauth,
        notifier,
        operations,
    })
}

/// Lets workflows of this process call the API, as long as the answer is held.
fn offer(runner: &Runner, state: &ApiState) -> Arc<dyn ports::Api> {
    let inside: Arc<dyn ports::Api> = Arc::new(Inside::new(state.clone()));
    runner.offer(&inside);
    inside
}

/// What looks after subscriptions of webhook adapters: the processes that have sandboxes.
fn adapters(engines: &Engines, worker: Arc<dyn Worker>) -> Adapters {
    let (db, keys, bus) = (engines.db.clone(), engines.keys.clone(), engines.bus.clone());
    Adapters { db, keys, worker, bus }
}

/// Over plain HTTP everybody on the way can take a session over.
fn warn_of_plain_http(settings: &Settings) {
    let url = &settings.public_url;
    let local = match url.host_str() {
        Some("localhost") => true,
        Some(host) => host.trim_matches(['[', ']']).parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback()),
        None => false,
    };
    if url.scheme() == "http" && !local {
        tracing::warn!(%url, "people sign in over plain HTTP; put TLS in front and set --public-url to https://");
    }
}

/// Serves until the end is wanted and every request is answered, or patience is over.
async fn serve(listener: TcpListener, state: ApiState, stop: Stop, patience: Duration) -> Result<()> {
    let reconciled = state.clone();
    tokio::spawn(async move { bifrost_api::reconcile(&reconciled).await });
    let router = bifrost_api::router(state);
    // Small answers go out at once instead of waiting for an acknowledgement.
    let listener = listener.tap_io(|connection| drop(connection.set_nodelay(true)));
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    let server = axum::serve(listener, service).with_graceful_shutdown(stop.clone().wanted());
    tokio::select! {
        served = server.into_future() => served?,
        () = stop.overdue(patience) => tracing::warn!("requests are still under way; they are cut"),
    }
    Ok(())
}

/// Lets the runs in hand end; tells a supervisor when some did not.
async fn drain(runner: &Runner, patience: Duration) -> ExitCode {
    match runner.drain(patience).await {
        0 => ExitCode::SUCCESS,
        left => {
            tracing::warn!(left, "runs did not end in time; they are tried again");
            ExitCode::from(RUNS_LEFT)
        }
    }
}

impl Up {
    pub fn execute(self, data: &Path) -> Result<ExitCode> {
        runtime()?.block_on(self.serve(data))
    }

    async fn serve(self, data: &Path) -> Result<ExitCode> {
        let stop = Stop::listen()?;
        metrics::install();
        let (engines, data) = self.engines.open(data, self.worker.slots).await?;
        let (listener, address) = self.listen.bind().await?;
        let public_url = self.listen.public_url.clone().unwrap_or_else(|| address.clone());
        bootstrap(&engines, &data, &public_url).await?;
        let listening = [listener.local_addr()?].into_iter().chain(self.health.address());
        let egress = self.worker.egress.egress(&engines, listening)?;
        let oauth = engines.oauth(&egress);
        let notifier = engines.notifier(&egress, &public_url)?;
        let runner = self.worker.runner(&engines, &data, public_url.clone(), egress, oauth.clone())?;
        if engines.embedded {
            // A fresh process holds no leases: whatever is leased belongs to one that is gone.
            executions::release_all_leases_of_embedded(&engines.db).await?;
            workers::remove(&engines.db, None).await?;
        }
        let services = engines.services();
        self.health.serve(services.clone()).await?;
        let patience = Duration::from_secs(self.drain);
        let (settings, operations) = self.listen.settings(&engines, &public_url)?;
        let state = state(&engines, runner.clone(), oauth.clone(), notifier.clone(), settings, operations)?;
        let _inside = offer(&runner, &state);
        let runs = tokio::spawn(runner.clone().run());
        let adapters = adapters(&engines, runner.clone());
        let adapters = tokio::spawn(adapters.run(engines.name.clone(), stop.clone().wanted()));
        let (scheduling, renewing, until) = (engines.clone(), oauth.clone(), stop.clone());
        let scheduler = tokio::spawn(async move {
            scheduling.schedule(renewing, notifier, self.retention, until.wanted()).await;
        });
        let server = tokio::spawn(serve(listener, state, stop.clone(), patience));
        let deploy = async {
            if let Some(folder) = self.workspace {
                let key = std::fs::read_to_string(data.join("admin.key"))
                    .context("--workspace needs the administrator's key in the data folder")?;
                Deploy::at_start(folder, address.clone(), key).execute(&data).await?;
            }
            println!("Bifrost is at {address}");
            tracing::info!(
                address,
                version = env!("CARGO_PKG_VERSION"),
                embedded = engines.embedded,
                "started"
            );
            std::future::pending::<Result<()>>().await
        };
        tokio::select! {
            failed = deploy => failed?,
            () = stop.wanted() => {}
        }
        services.draining.store(true, Ordering::Relaxed);
        // All at once: who waits for a run's answer hears it while runs end.
        let (code, served, _, _) = tokio::join!(drain(&runner, patience), server, scheduler, adapters);
        runs.abort();
        engines.close(&oauth).await;
        served??;
        tracing::info!("ended");
        Ok(code)
    }
}

impl Api {
    pub fn execute(self, data: &Path) -> Result<ExitCode> {
        runtime()?.block_on(async {
            let stop = Stop::listen()?;
            metrics::install();
            let (engines, data) = self.engines.open(data, self.worker.slots).await?;
            let (listener, address) = self.listen.bind().await?;
            let public_url = self.listen.public_url.clone().unwrap_or_else(|| address.clone());
            bootstrap(&engines, &data, &public_url).await?;
            // Builds and drafts; it takes no runs.
            let listening = [listener.local_addr()?].into_iter().chain(self.health.address());
            let egress = self.worker.egress.egress(&engines, listening)?;
            let oauth = engines.oauth(&egress);
            let notifier = engines.notifier(&egress, &public_url)?;
            let runner = self.worker.runner(&engines, &data, public_url.clone(), egress, oauth.clone())?;
            self.health.serve(engines.services()).await?;
            println!("Bifrost is at {address}");
            tracing::info!(address, version = env!("CARGO_PKG_VERSION"), "started");
            let adapters = adapters(&engines, runner.clone());
            let adapters = tokio::spawn(adapters.run(engines.name.clone(), stop.clone().wanted()));
            let (settings, operations) = self.listen.settings(&engines, &public_url)?;
            let state = state(&engines, runner.clone(), oauth.clone(), notifier, settings, operations)?;
            let _inside = offer(&runner, &state);
            serve(listener, state, stop, Duration::from_secs(self.drain)).await?;
            let _ = adapters.await;
            engines.close(&oauth).await;
            tracing::info!("ended");
            Ok(ExitCode::SUCCESS)
        })
    }
}

impl Work {
    pub fn execute(self, data: &Path) -> Result<ExitCode> {
        runtime()?.block_on(async {
            let stop = Stop::listen()?;
            metrics::install();
            let (engines, data) = self.engines.open(data, self.worker.slots).await?;
            let egress = self.worker.egress.egress(&engines, self.health.address())?;
            let oauth = engines.oauth(&egress);
            let notifier = engines.notifier(&egress, &self.public_url)?;
            let settings = Settings::at(&self.public_url)?;
            let runner = self.worker.runner(&engines, &data, self.public_url, egress, oauth.clone())?;
            // For what workflows ask of the API; nobody else reaches it here.
            let state =
                state(&engines, runner.clone(), oauth.clone(), notifier, settings, Operations::default())?;
            let _inside = offer(&runner, &state);
            let services = Services { takes_runs: true, ..engines.services() };
            self.health.serve(services.clone()).await?;
            let runs = tokio::spawn(runner.clone().run());
            println!("Worker {} takes runs", engines.name);
            tracing::info!(worker = engines.name, version = env!("CARGO_PKG_VERSION"), "started");
            stop.wanted().await;
            services.draining.store(true, Ordering::Relaxed);
            let code = drain(&runner, Duration::from_secs(self.drain)).await;
            runs.abort();
            engines.close(&oauth).await;
            tracing::info!("ended");
            Ok(code)
        })
    }
}

impl Schedule {
    pub fn execute(self, data: &Path) -> Result<ExitCode> {
        runtime()?.block_on(async {
            let stop = Stop::listen()?;
            metrics::install();
            let (engines, _) = self.engines.open(data, None).await?;
            let egress = self.egress.egress(&engines, self.health.address())?;
            let oauth = engines.oauth(&egress);
            let notifier = engines.notifier(&egress, &self.public_url)?;
            self.health.serve(engines.services()).await?;
            println!("Scheduler {} stands by", engines.name);
            tracing::info!(scheduler = engines.name, version = env!("CARGO_PKG_VERSION"), "started");
            engines.schedule(oauth.clone(), notifier, self.retention, stop.wanted()).await;
            engines.close(&oauth).await;
            tracing::info!("ended");
            Ok(ExitCode::SUCCESS)
        })
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
