//! The database, and the embedded and distributed engines behind the ports.
//!
//! [`Db`] is SQLite or PostgreSQL. Tenant data is reached through a [`Scoped`] handle
//! (`db.org(id)`), platform-wide operations through `db.system()`. The functions are
//! grouped by aggregate: [`organizations`], [`users`], [`identity`], [`workspaces`],
//! [`workflows`], [`schedules`], [`executions`], [`dead_letters`], [`config`], [`integrations`],
//! [`tables`], [`files`], [`forms`], [`notifications`], [`platform_settings`]; what was saved is [`usage`]; the fleet is
//! [`workers`] and [`warm`]; who did what is in [`audit`].
//! Adapters of the ports are in [`engines`].

pub mod audit;
pub mod config;
pub mod db;
pub mod db_roles;
pub mod dead_letters;
pub mod diagnose;
pub mod dialect;
pub mod egress;
pub mod endpoints;
pub mod engines;
mod error;
pub mod executions;
pub mod files;
pub mod forms;
pub mod grants;
pub mod identity;
pub mod integrations;
pub mod invitations;
pub mod keyring;
pub mod leaders;
pub mod migrate;
pub mod notifications;
pub mod offboarding;
pub mod organizations;
#[cfg(feature = "planted-faults")]
pub mod planted;
pub mod platform_settings;
pub mod roles;
pub mod rotation;
pub mod schedules;
pub mod secrets;
pub mod shares;
pub mod sign_in;
pub mod sql;
pub mod tables;
mod tx;
pub mod usage;
pub mod users;
pub mod warm;
pub mod webhooks;
pub mod workers;
pub mod workflows;
pub mod workspaces;
mod writer;

pub use db::{Access, Db, Options, Scoped};
pub use dialect::Engine;
pub use engines::{
    DirectoryObjects, InProcessBus, InProcessQueue, RabbitOptions, RabbitQueue, RedisBus, RedisCache,
    RedisOptions, S3Objects, S3Options,
};
pub use keyring::Keyring;
pub use sql::{Row, Sql, Value};
pub use tx::Tx;

use chrono::{DateTime, SubsecRound, Utc};

/// The current time as both engines can keep it: whole microseconds.
pub fn now() -> DateTime<Utc> {
    Utc::now().trunc_subsecs(6)
}
