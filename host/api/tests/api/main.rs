//! The API against a real store, queue and bus.

mod audited;
#[path = "../authorization.rs"]
mod authorization;
#[path = "../common/mod.rs"]
mod common;
mod dead_letters;
mod deploys;
mod documents;
mod errors;
mod large;
mod live;
mod operations;
mod people;
mod runs;
mod schedules;
mod settings;
