//! Runs under the caller's eyes.

use crate::auth::Auth;
use crate::state::ApiState;
use bifrost_core::{
    Error, Execution, ExecutionId, LogLevel, LogLine, OrganizationId, Permission, Result, Status,
};
use bifrost_store::executions as store;
use bifrost_store::executions::documents::{self, Part};
use bifrost_store::workspaces;

/// A run that the caller may see: of the organization, for end users only their own.
pub async fn visible(state: &ApiState, auth: &Auth, id: ExecutionId) -> Result<Execution> {
    let execution = store::get(&auth.org(state), id).await?;
    if auth.sees_all_runs() || execution.executed_by == auth.caller.user {
        Ok(execution)
    } else {
        Err(Error::NotFound("execution"))
    }
}

/// A run that the caller may cancel and repeat: their own, or any with the permission.
pub async fn manageable(state: &ApiState, auth: &Auth, id: ExecutionId) -> Result<Execution> {
    let execution = visible(state, auth, id).await?;
    if execution.executed_by != auth.caller.user {
        auth.need(Permission::ManageExecutions)?;
    }
    Ok(execution)
}

/// Puts these parts of a run in their place. Names those that are not kept any more.
pub async fn load(state: &ApiState, execution: &mut Execution, parts: &[Part]) -> Result<Vec<&'static str>> {
    let mut missing = Vec::new();
    for part in parts {
        match documents::load(state.objects.as_ref(), execution, *part).await {
            Err(Error::Gone(name)) => missing.push(name),
            loaded => loaded?,
        }
    }
    Ok(missing)
}

/// A run whose visibility was decided before.
pub async fn find(state: &ApiState, organization: OrganizationId, id: ExecutionId) -> Result<Execution> {
    store::get(&state.db.org(organization), id).await
}

/// The turn of a run whose visibility was decided before, if it waits for a worker.
pub async fn position(state: &ApiState, execution: &Execution) -> Result<Option<i64>> {
    match execution.status {
        Status::Pending => {
            store::queue_position(&state.db.org(execution.organization_id), execution.id).await
        }
        _ => Ok(None),
    }
}

/// The number of a run's code, where the caller's workspace has it.
pub async fn version_number(state: &ApiState, auth: &Auth, execution: &Execution) -> Result<Option<i64>> {
    match workspaces::version_of_id(&auth.scoped(state), execution.version_id).await {
        Ok(version) => Ok(Some(version.number)),
        Err(Error::NotFound(_)) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Log lines after a sequence, in order.
pub async fn logs(
    state: &ApiState,
    organization: OrganizationId,
    id: ExecutionId,
    after: i64,
    limit: u32,
    level: Option<LogLevel>,
) -> Result<Vec<LogLine>> {
    store::logs(&state.db.org(organization), state.objects.as_ref(), id, after, limit, level).await
}

/// Writes down the wish to end and tells the worker of this process.
pub async fn cancel(state: &ApiState, auth: &Auth, id: ExecutionId) -> Result<Execution> {
    store::request_cancel(&auth.org(state), id).await?;
    state.worker.cancel(id).await;
    find(state, auth.organization(), id).await
}
