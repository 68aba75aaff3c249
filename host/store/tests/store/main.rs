//! Every function of the store on both engines, and every adapter against its port's
//! conformance test. PostgreSQL, RabbitMQ and Redis are taken from `DATABASE_URL`,
//! `AMQP_URL` and `REDIS_URL`, else from their usual ports on loopback.
#![expect(clippy::unwrap_used, missing_docs, reason = "a test that fails should stop")]

#[macro_use]
mod common;
mod adapters;
mod archive;
mod audit;
mod config;
mod database;
mod dead_letters;
mod document_versions;
mod documents;
mod emitting;
mod endpoints;
mod engines;
mod executions;
mod failed_deliveries;
mod files;
mod forms;
mod global_rows;
mod guards;
mod identity;
mod integrations;
mod integrations_taken;
mod isolation;
mod leaders;
mod migrations;
mod notifications;
mod offboarding;
mod people;
mod platform_settings;
mod property;
mod recovery;
mod retention;
mod rotation;
mod schedules;
mod sealed;
mod sign_in;
mod tables;
mod tenants;
mod usage;
mod warm;
mod webhooks;
mod workspaces;
