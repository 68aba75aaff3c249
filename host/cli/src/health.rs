//! Health and metrics of a process on an address of its own, and the command that asks.

use anyhow::{Context, Result, bail};
use bifrost_api::health::{Services, router};
use clap::Args;
use serde_json::Value;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::process::ExitCode;
use std::time::Duration;
use tokio::net::TcpListener;

/// How long an answer may take; above the patience of the process itself.
const PATIENCE: Duration = Duration::from_secs(4);

/// Where a process tells how it is.
#[derive(Args, Clone)]
pub struct HealthArgs {
    /// Serve `/health/live`, `/health/ready` and `/metrics` here as well, without
    /// authentication: an address that only operators reach.
    #[arg(long, env = "BIFROST_HEALTH_LISTEN", value_name = "ADDRESS")]
    health_listen: Option<SocketAddr>,
}

impl HealthArgs {
    /// The address, where there is one.
    pub fn address(&self) -> Option<SocketAddr> {
        self.health_listen
    }

    /// Serves until the process ends, if an address was given.
    ///
    /// # Errors
    /// When the address is taken.
    pub async fn serve(&self, services: Services) -> Result<()> {
        let Some(address) = self.health_listen else { return Ok(()) };
        let listener = TcpListener::bind(address)
            .await
            .with_context(|| format!("cannot listen on {address}; choose another with --health-listen"))?;
        tracing::info!(address = %listener.local_addr()?, "health and metrics are served");
        tokio::spawn(axum::serve(listener, router(services)).into_future());
        Ok(())
    }
}

/// `bifrost health`: asks a process of this machine; for health checks of containers.
#[derive(Args)]
pub struct Health {
    #[command(flatten)]
    health: HealthArgs,
    /// Where the API listens; asked when there is no address for health.
    #[arg(long, env = "BIFROST_LISTEN", default_value = "127.0.0.1:8400")]
    listen: SocketAddr,
    /// Ask only whether the process lives, not whether it can serve.
    #[arg(long)]
    live: bool,
}

impl Health {
    /// Succeeds when the process is healthy.
    ///
    /// # Errors
    /// When it is not, with what it says of itself.
    pub async fn execute(self) -> Result<ExitCode> {
        let mut address = self.health.health_listen.unwrap_or(self.listen);
        if address.ip().is_unspecified() {
            let loopback: IpAddr =
                if address.is_ipv4() { Ipv4Addr::LOCALHOST.into() } else { Ipv6Addr::LOCALHOST.into() };
            address.set_ip(loopback);
        }
        let path = if self.live { "live" } else { "ready" };
        let client = reqwest::Client::builder().no_proxy().timeout(PATIENCE).build()?;
        let request = client.get(format!("http://{address}/health/{path}"));
        let answer = request.send().await.with_context(|| format!("cannot reach {address}"))?;
        let (status, body) = (answer.status(), answer.text().await.unwrap_or_default());
        let body: Value = serde_json::from_str(&body).unwrap_or_default();
        if !status.is_success() {
            bail!("{}", body["detail"].as_str().unwrap_or(status.as_str()));
        }
        for service in body["degraded"].as_array().into_iter().flatten().filter_map(Value::as_str) {
            println!("works without: {service}");
        }
        Ok(ExitCode::SUCCESS)
    }
}
