//! What several routes share: reading runs under the caller's eyes, starting them, forms,
//! and the sources of versions.

pub mod adapters;
pub mod answers;
pub mod diff;
pub mod downloads;
pub mod executions;
pub mod forms;
pub mod inbox;
pub mod packages;
pub mod people;
pub mod providers;
pub mod run;
pub mod shared;
pub mod signatures;
pub mod source;
pub mod turns;
