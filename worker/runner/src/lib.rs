//! Takes runs from the queue and drives the sandbox processes.
//!
//! Tenant code runs in processes of their own ([`child`]), one per core, which hold no
//! credentials: whatever a run may reach it asks of this process over a socket
//! ([`protocol`]), and [`grants`] answers within the run's own scope.

mod calls;
pub mod child;
pub mod consumer;
mod drafts;
mod drive;
pub mod egress;
mod forget;
#[cfg(test)]
mod fuzz;
pub mod grants;
mod guard;
mod heartbeat;
mod http_calls;
mod inbox;
pub mod local;
pub mod lockdown;
mod log;
mod observe;
mod platform;
pub mod pool;
mod process;
pub mod protocol;
mod recent;
mod redact;
mod sources;
#[cfg(test)]
mod testing;
mod warm;
mod wheels;
pub mod wire;

pub use consumer::{Runner, RunnerSettings};
pub use pool::{Patience, Pool, PoolSettings, sandbox_program, this_program};
