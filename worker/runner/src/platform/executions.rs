//! `executions.*`: runs of an organization, as their caller may see them.

use super::{Granted, parse};
use crate::grants::Grants;
use bifrost_core::{Caller, Error, Execution, ExecutionId, Operation, Permission, Result};
use bifrost_store::executions::documents::{self, Part};
use bifrost_store::executions::{self as store, Filters};
use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::{Value, json};

/// Runs in one answer unless it is asked for fewer or more.
const LIMIT: u32 = 50;
/// Most runs, or log lines, in one answer.
const MAX_LIMIT: u32 = 1_000;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct List {
    #[serde(default)]
    workflow_name: Option<String>,
    #[serde(default)]
    status: Option<String>,
    #[serde(default)]
    start_date: Option<DateTime<Utc>>,
    #[serde(default)]
    end_date: Option<DateTime<Utc>>,
    #[serde(default)]
    limit: Option<u32>,
    #[serde(default)]
    scope: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Named {
    pub execution_id: String,
    #[serde(default)]
    pub scope: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Logs {
    execution_id: String,
    #[serde(default)]
    after: i64,
    #[serde(default)]
    limit: Option<u32>,
    #[serde(default)]
    scope: Option<String>,
}

impl Grants {
    pub(super) async fn executions_list(&self, arguments: &str) -> Result<Value> {
        let List { workflow_name, status, start_date, end_date, limit, scope } = parse(arguments)?;
        let granted = self.may(Operation::ExecutionsList, scope.as_deref()).await?;
        let filters = Filters {
            statuses: status.map(|status| status.parse()).transpose()?.into_iter().collect(),
            workflow_name,
            from: start_date,
            to: end_date,
            executed_by: (!granted.caller.may(Permission::ReadExecutions)).then_some(self.caller.user),
            ..Filters::default()
        };
        let organization = granted.organization;
        let limit = limit.unwrap_or(LIMIT).min(MAX_LIMIT);
        let page = store::list(&self.db.org(organization), &filters, None, limit).await?;
        let line = |run: store::Summary| {
            json!({
                "execution_id": run.id,
                "organization_id": run.organization_id,
                "workflow_id": run.workflow_id,
                "workflow_name": run.workflow_name,
                "status": run.status,
                "executed_by": run.executed_by,
                "executed_by_email": run.executed_by_email,
                "executed_by_name": run.executed_by_name,
                "created_at": run.created_at,
                "started_at": run.started_at,
                "completed_at": run.completed_at,
                "error_type": run.error_type,
                "duration_ms": run.duration_ms,
            })
        };
        Ok(page.items.into_iter().map(line).collect())
    }

    pub(super) async fn executions_get(&self, arguments: &str) -> Result<Value> {
        let Named { execution_id, scope } = parse(arguments)?;
        let (mut run, caller) = self.visible(Operation::ExecutionsGet, &execution_id, scope).await?;
        for part in [Part::Parameters, Part::Result] {
            match documents::load(self.objects.as_ref(), &mut run, part).await {
                // It is not kept any more; the rest of the run is.
                Err(Error::Gone(_)) => {}
                loaded => loaded?,
            }
        }
        let sees_all = caller.may(Permission::ReadExecutions);
        let outcome = run.outcome.as_ref();
        let error = outcome.and_then(|o| o.error.as_ref().filter(|_| sees_all || o.error_for_user));
        Ok(json!({
            "execution_id": run.id,
            "organization_id": run.organization_id,
            "workflow_id": run.workflow_id,
            "workflow_name": run.workflow_name,
            "status": run.status,
            "input_data": run.parameters,
            "executed_by": run.executed_by,
            "executed_by_email": run.executed_by_email,
            "executed_by_name": run.executed_by_name,
            "created_at": run.created_at,
            "started_at": run.started_at,
            "completed_at": run.completed_at,
            "parent_id": run.lineage.parent,
            "result": outcome.and_then(|o| o.result.as_ref()),
            "result_type": outcome.and_then(|o| o.result_type),
            "error": error,
            "error_type": outcome.and_then(|o| o.error_type.as_ref().filter(|_| sees_all)),
            "duration_ms": outcome.map(|o| o.duration_ms),
        }))
    }

    pub(super) async fn executions_logs(&self, arguments: &str) -> Result<Value> {
        let Logs { execution_id, after, limit, scope } = parse(arguments)?;
        let (run, _) = self.visible(Operation::ExecutionsLogs, &execution_id, scope).await?;
        let limit = limit.unwrap_or(LIMIT).clamp(1, MAX_LIMIT);
        let org = self.db.org(run.organization_id);
        let lines = store::logs(&org, self.objects.as_ref(), run.id, after, limit, None).await?;
        let line = |line: bifrost_core::LogLine| {
            json!({
                "id": line.sequence.to_string(),
                "execution_id": run.id,
                "level": line.level,
                "message": line.message,
                "timestamp": line.timestamp,
            })
        };
        Ok(lines.into_iter().map(line).collect())
    }

    /// A run that the caller may see (only their own without the permission for those of
    /// others), and who the caller is now.
    pub(super) async fn visible(
        &self,
        operation: Operation,
        id: &str,
        scope: Option<String>,
    ) -> Result<(Execution, Caller)> {
        let Granted { organization, caller, .. } = self.may(operation, scope.as_deref()).await?;
        let id: ExecutionId = id.parse().map_err(|_| Error::NotFound("execution"))?;
        let run = store::get(&self.db.org(organization), id).await?;
        if run.executed_by != self.caller.user && !caller.may(Permission::ReadExecutions) {
            return Err(Error::NotFound("execution"));
        }
        Ok((run, caller))
    }
}
