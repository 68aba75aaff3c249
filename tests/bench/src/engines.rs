//! Which engines a server runs on, and what is made for it alone.

use crate::python::output;
use anyhow::{Context, Result};
use bifrost_test_services::{Database, amqp_url, redis_url};
use std::process::Command;

/// Which engines and processes make up a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engines {
    /// `bifrost up` with SQLite and the queue in the process.
    Embedded,
    /// PostgreSQL, RabbitMQ and Redis; an API, a scheduler and one worker as processes.
    Distributed,
    /// The same with two workers.
    DistributedTwoWorkers,
}

impl Engines {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Embedded, Self::Distributed, Self::DistributedTwoWorkers];

    /// The name in keys.
    pub fn name(self) -> &'static str {
        match self {
            Self::Embedded => "embedded",
            Self::Distributed => "distributed",
            Self::DistributedTwoWorkers => "distributed_two_workers",
        }
    }

    /// The commands of its processes; the first one serves the API.
    pub fn commands(self) -> &'static [&'static str] {
        match self {
            Self::Embedded => &["up"],
            Self::Distributed => &["api", "worker", "scheduler"],
            Self::DistributedTwoWorkers => &["api", "worker", "worker", "scheduler"],
        }
    }
}

/// The services' side of a distributed server; nobody else uses it.
pub struct Cluster {
    /// Its database.
    pub database: Database,
    broker: VirtualHost,
}

impl Cluster {
    /// Makes one.
    ///
    /// # Errors
    /// When a service is not there.
    pub async fn create() -> Result<Self> {
        Ok(Self { broker: VirtualHost::create("server")?, database: Database::create("bench").await? })
    }

    /// What each process has to be told.
    pub fn variables(&self) -> Vec<(&'static str, String)> {
        vec![
            ("DATABASE_URL", self.database.url().to_owned()),
            ("AMQP_URL", self.broker.url.clone()),
            ("REDIS_URL", redis_url()),
        ]
    }
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
