//! The API against a real store, queue and bus.

mod adapters;
mod audited;
#[path = "../authorization.rs"]
mod authorization;
#[path = "../common/mod.rs"]
mod common;
mod connections;
mod dead_letters;
mod deploys;
mod documents;
mod endpoints;
mod errors;
mod files;
mod forms;
mod forms_defaults;
mod forms_of_workspaces;
mod forms_random;
mod inside;
mod integrations;
mod large;
mod live;
mod notifications;
mod oidc;
mod operations;
mod people;
mod platform_settings;
mod provided;
mod run_page;
mod runs;
mod schedules;
mod sessions;
mod settings;
mod sign_in;
mod sign_in_audited;
mod sign_in_hostile;
mod tables;
mod tenants;
mod webhooks;
