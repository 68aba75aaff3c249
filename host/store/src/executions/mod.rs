//! Runs: accepted, claimed under a lease with a fencing token, ended exactly once.
//!
//! The database decides every transition: each UPDATE names the statuses it may start
//! from, and whoever changes no row has lost the race. What a worker does carries the
//! token of its lease; an older token changes nothing.

mod accept;
pub mod archive;
mod attempts;
mod backlog;
mod blocks;
mod calls;
mod counts;
mod deferred;
pub mod documents;
mod lease;
mod overview;
mod position;
mod query;
mod recovery;
pub mod retention;
mod spent;

pub use accept::{Accepted, NewExecution, accept};
pub(crate) use accept::{Run, accept_in, bound, count};
pub use attempts::{Attempt, Made, attempts, made, retry};
pub(crate) use attempts::{Taken, record};
pub use backlog::{Backlog, Waiting, backlog, waiting};
pub use calls::{calls, keep_calls};
pub use counts::{Counts, counts_by_organization, counts_by_time};
pub(crate) use deferred::OPEN;
pub use deferred::{many, promote_due};
pub use lease::{
    Claimed, Ending, Lease, MAX_LOSSES, append_logs, claim, end, finish, renew_lease, renew_leases,
};
pub use overview::{Line, Load, Overview, overview};
pub use position::{MAX_POSITION, queue_position};
pub use query::{Filters, Page, Summary, get, list, logs};
pub use recovery::{
    Swept, cancelling, expired_leases, pending_tickets, release_all_leases_of_embedded, request_cancel,
};
pub(crate) use recovery::{cancel_in, cancel_running_in};
pub use spent::{Spent, spent};

use crate::Row;
use bifrost_core::*;

/// All columns of [`Execution`].
const COLUMNS: &str = "id, organization_id, workflow_id, workflow_name, version_id, status, attempt,
   retry_on_loss, executed_by, executed_by_email, executed_by_name, executed_by_role, executed_by_ceiling, created_at, started_at, completed_at,
   rerun_of, not_before, schedule_id, result_type, error_type, error_for_user, fuel_used, memory_peak_bytes, duration_ms, error,
   traceback, roi, parameters, result, variables, parameters_object, result_object, variables_object,
   parent_id, root_id, depth, is_confined, delivery_id, form_id, startup, metering";

fn read(row: &Row) -> Result<Execution> {
    let status: Status = row.parse("status")?;
    let outcome = if status.is_terminal() { Some(outcome(row, status)?) } else { None };
    Ok(Execution {
        id: row.get("id")?,
        organization_id: row.get("organization_id")?,
        workflow_id: row.get("workflow_id")?,
        workflow_name: row.get("workflow_name")?,
        version_id: row.get("version_id")?,
        status,
        parameters: row.document("parameters")?,
        executed_by: row.get("executed_by")?,
        executed_by_email: row.get("executed_by_email")?,
        executed_by_name: row.get("executed_by_name")?,
        executed_by_role: row.parse("executed_by_role")?,
        executed_by_ceiling: row
            .opt("executed_by_ceiling")?
            .map_or_else(Permissions::all, Permissions::from_bits),
        attempt: row.get("attempt")?,
        retry_on_loss: row.get("retry_on_loss")?,
        created_at: row.get("created_at")?,
        started_at: row.opt("started_at")?,
        completed_at: row.opt("completed_at")?,
        outcome,
        rerun_of: row.opt("rerun_of")?,
        not_before: row.opt("not_before")?,
        schedule_id: row.opt("schedule_id")?,
        stored: Stored {
            parameters: row.opt("parameters_object")?,
            result: row.opt("result_object")?,
            variables: row.opt("variables_object")?,
        },
        lineage: Lineage {
            parent: row.opt("parent_id")?,
            root: row.opt("root_id")?,
            depth: row.get("depth")?,
            is_confined: row.get("is_confined")?,
        },
        delivery_id: row.opt("delivery_id")?,
        form_id: row.opt("form_id")?,
        startup: row.opt_document("startup")?,
        metering: row.opt_document("metering")?,
    })
}

fn outcome(row: &Row, status: Status) -> Result<Outcome> {
    let result_type = match row.opt::<String>("result_type")?.as_deref() {
        None => None,
        Some("json") => Some(ResultType::Json),
        Some("text") => Some(ResultType::Text),
        Some("html") => Some(ResultType::Html),
        Some(other) => return Err(Error::Internal(anyhow::anyhow!("unknown result type `{other}`"))),
    };
    Ok(Outcome {
        status,
        result: row.opt_document("result")?,
        result_type,
        error: row.opt("error")?,
        error_type: row.opt("error_type")?,
        error_for_user: row.get("error_for_user")?,
        traceback: row.opt("traceback")?,
        variables: row.opt_document("variables")?,
        roi: row.opt_document("roi")?,
        fuel_used: row.opt::<i64>("fuel_used")?.unwrap_or(0).max(0) as u64,
        memory_peak_bytes: row.opt::<i64>("memory_peak_bytes")?.unwrap_or(0).max(0) as u64,
        duration_ms: row.opt("duration_ms")?.unwrap_or(0),
    })
}

fn result_type_name(kind: ResultType) -> &'static str {
    match kind {
        ResultType::Json => "json",
        ResultType::Text => "text",
        ResultType::Html => "html",
    }
}
