//! The domain: what a run is, who may see it, what bounds it. No I/O lives here.

pub mod caller;
pub mod config;
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
pub mod id;
pub mod limits;
pub mod matching;
pub mod permission;
pub mod ports;
pub mod retry;
pub mod rights;
pub mod schedule;
pub mod source;
pub mod trace;
pub mod webhook;
pub mod workspace;

pub use caller::{Caller, Role, Scope};
pub use config::ConfigType;
pub use dead_letter::DeadLetterState;
pub use document_filter::Where;
pub use documents::Document;
pub use egress::EgressPolicy;
pub use endpoint::{EndpointMode, Verb};
pub use error::{Error, Result};
pub use execution::{Execution, Lineage, LogLevel, LogLine, Outcome, Priority, ResultType, Status, Stored};
pub use id::*;
pub use limits::Limits;
pub use matching::{Condition, Filter, Mapping, Place};
pub use permission::{Permission, Permissions};
pub use retry::RetryPolicy;
pub use rights::{Operation, Rights};
pub use schedule::{CatchUp, Overlap, ScheduleSource, Timetable};
pub use source::{Package, Source};
pub use webhook::WebhookKind;
pub use workspace::{FileError, Parameter, Warning, WorkflowInfo, WorkflowKind, WorkspaceReport};
