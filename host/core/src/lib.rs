//! The domain: what a run is, who may see it, what bounds it. No I/O lives here.

pub mod adapter;
pub mod caller;
pub mod config;
mod cron;
pub mod dead_letter;
pub mod document_filter;
pub mod document_schema;
pub mod documents;
pub mod egress;
pub mod endpoint;
pub mod error;
pub mod events;
pub mod execution;
pub mod files;
#[cfg(test)]
mod fuzz;
pub mod http_call;
pub mod id;
pub mod integration;
pub mod limits;
pub mod matching;
pub mod notification;
pub mod oauth;
pub mod parameters_schema;
pub mod permission;
pub mod platform;
pub mod ports;
pub mod retry;
pub mod rights;
pub mod roi;
pub mod schedule;
pub mod source;
pub mod trace;
pub mod validation;
pub mod webhook;
pub mod workspace;

pub use adapter::AdapterInfo;
pub use caller::{Caller, Role, Scope};
pub use config::ConfigType;
pub use dead_letter::DeadLetterState;
pub use document_filter::Where;
pub use documents::Document;
pub use egress::EgressPolicy;
pub use endpoint::{EndpointMode, EndpointSource, Verb};
pub use error::{Error, Result};
pub use execution::{
    BackgroundPriority, Execution, Lineage, LogLevel, LogLine, Outcome, Priority, ResultType, RunOrigin,
    Status, Stored,
};
pub use http_call::{HttpCall, HttpCalls, HttpOutcome};
pub use id::*;
pub use limits::{Limits, MeteredLimits, Metering};
pub use matching::{Condition, Filter, Mapping, Place};
pub use notification::{NotificationChannelKind, NotificationKind};
pub use oauth::{ClientAuthentication, ConnectionStatus, OAuthFlow, OAuthSettings};
pub use permission::{Permission, Permissions};
pub use platform::{Branding, SecondFactorPolicy};
pub use retry::RetryPolicy;
pub use rights::{Operation, Rights};
pub use schedule::{CatchUp, Overlap, ScheduleSource, Starts, Timetable};
pub use source::{Package, Source};
pub use webhook::WebhookKind;
pub use workspace::{FileError, FormFile, Parameter, Warning, WorkflowInfo, WorkflowKind, WorkspaceReport};
