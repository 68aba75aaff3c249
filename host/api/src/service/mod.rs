//! What several routes share: reading runs under the caller's eyes, starting them,
//! and the sources of versions.

pub mod executions;
pub mod people;
pub mod run;
pub mod source;
