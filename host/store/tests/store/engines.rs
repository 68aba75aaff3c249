//! One conformance suite per port, run on each of its adapters. Redis and RabbitMQ are
//! real ones, reached through a proxy where a test cuts connections.

mod bus;
mod cache;
pub mod objects;
mod proxy;
mod queue;
mod rabbit;

use std::time::Duration;

/// Longest wait for what must come.
const SOON: Duration = Duration::from_secs(20);
/// How long nothing must come.
const NOT_NOW: Duration = Duration::from_millis(300);
