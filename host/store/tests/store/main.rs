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
mod documents_audited;
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
mod integration_renewal;
mod integration_secrets;
mod integrations;
mod integrations_taken;
mod isolation;
mod leaders;
mod migrations;
mod notification_channels;
mod notification_messages;
mod notifications;
mod offboarding;
mod overview;
mod people;
mod platform_settings;
mod property;
mod recovery;
mod retention;
mod rotation;
mod run_page;
mod schedules;
mod sealed;
mod sign_in;
mod table_queries;
mod tables;
mod tenants;
mod usage;
mod warm;
mod webhook_sources;
mod webhooks;
mod workspaces;
