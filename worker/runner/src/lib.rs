//! Takes runs from the queue and drives the sandbox processes.
//!
//! Tenant code runs in processes of their own ([`child`]), one per core, which hold no
//! credentials: whatever a run may reach it asks of this process over a socket
//! ([`protocol`]), and [`grants`] answers within the run's own scope.

pub mod child;
pub mod consumer;
mod drafts;
pub mod egress;
pub mod grants;
pub mod local;
mod log;
pub mod pool;
pub mod protocol;
mod redact;

pub use consumer::{Runner, RunnerSettings};
pub use pool::{Pool, PoolSettings};
