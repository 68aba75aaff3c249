//! Executions as callers see them.

use bifrost_core::{
    DeliveryId, Execution, ExecutionId, FormId, Metering, OrganizationId, ResultType, ScheduleId, Status,
    UserId, VersionId, WebhookId, WorkflowId,
};
use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::Value;

/// What an end user reads in place of an error that was not meant for them.
pub const GENERIC_ERROR: &str = "An error occurred during execution";

/// One run.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct ExecutionView {
    /// Its id.
    pub execution_id: ExecutionId,
    /// The organization whose data it may touch.
    pub organization_id: OrganizationId,
    /// What runs.
    pub workflow_id: WorkflowId,
    /// The workflow's name when it was queued.
    pub workflow_name: String,
    /// The code it was queued with.
    pub version_id: VersionId,
    /// Where it stands.
    pub status: Status,
    /// As submitted.
    pub input_data: Value,
    /// Who asked for it.
    pub executed_by: UserId,
    /// Their e-mail when they asked.
    pub executed_by_email: String,
    /// Their name when they asked.
    pub executed_by_name: String,
    /// Attempts so far: how many times a worker has taken it, or its ticket became a dead letter.
    pub attempt: i32,
    /// Accepted.
    pub created_at: DateTime<Utc>,
    /// First taken by a worker.
    pub started_at: Option<DateTime<Utc>>,
    /// Reached a terminal status.
    pub completed_at: Option<DateTime<Utc>>,
    /// The execution this one repeats.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rerun_of: Option<ExecutionId>,
    /// The execution that started it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parent_id: Option<ExecutionId>,
    /// The number of its code, where that is of the organization's own workspace. For one run only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version_number: Option<i64>,
    /// When it starts, as long as it is Scheduled.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scheduled_at: Option<DateTime<Utc>>,
    /// Its turn as long as it waits for a worker, 1 for the next one; 1000 is that or more. For one run only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub queue_position: Option<i64>,
    /// The schedule that asked for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub schedule_id: Option<ScheduleId>,
    /// The form that it was started through.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub form_id: Option<FormId>,
    /// The delivery that it was started for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delivery_id: Option<DeliveryId>,
    /// The webhook that took this delivery, as long as it is kept. For one run only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub webhook_id: Option<WebhookId>,
    /// The returned value.
    pub result: Option<Value>,
    /// How to show it.
    pub result_type: Option<ResultType>,
    /// What went wrong; for an end user only if it was meant for them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// The exception's class, or `limit_exceeded:<name>`, `worker_lost`, `dead_letter`, `cancelled`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error_type: Option<String>,
    /// As native Python prints it; for administrators.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub traceback: Option<String>,
    /// From start to end, in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub duration_ms: Option<i64>,
    /// `{time_saved, value}` when the workflow set it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub roi: Option<Value>,
    /// Fuel used; about nanoseconds of one core.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fuel_used: Option<u64>,
    /// Largest linear memory, in bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory_peak_bytes: Option<u64>,
    /// What else it used of its limits, and these limits; absent when no worker wrote its end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metering: Option<Metering>,
    /// Of `parameters` and `result`, what is not kept any more; it is `null` above.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub missing: Vec<&'static str>,
}

impl ExecutionView {
    /// A run as an administrator or an end user sees it.
    pub fn new(execution: Execution, admin: bool) -> Self {
        let mut view = Self {
            execution_id: execution.id,
            organization_id: execution.organization_id,
            workflow_id: execution.workflow_id,
            workflow_name: execution.workflow_name,
            version_id: execution.version_id,
            status: execution.status,
            input_data: execution.parameters,
            executed_by: execution.executed_by,
            executed_by_email: execution.executed_by_email,
            executed_by_name: execution.executed_by_name,
            attempt: execution.attempt,
            created_at: execution.created_at,
            started_at: execution.started_at,
            completed_at: execution.completed_at,
            rerun_of: execution.rerun_of,
            parent_id: execution.lineage.parent,
            version_number: None,
            scheduled_at: execution.not_before.filter(|_| execution.status == Status::Scheduled),
            queue_position: None,
            schedule_id: execution.schedule_id,
            form_id: execution.form_id,
            delivery_id: execution.delivery_id,
            webhook_id: None,
            result: None,
            result_type: None,
            error: None,
            error_type: None,
            traceback: None,
            duration_ms: None,
            roi: None,
            fuel_used: None,
            memory_peak_bytes: None,
            metering: execution.metering,
            missing: Vec::new(),
        };
        if let Some(outcome) = execution.outcome {
            view.result = outcome.result;
            view.result_type = outcome.result_type;
            view.duration_ms = Some(outcome.duration_ms);
            view.roi = outcome.roi;
            view.fuel_used = Some(outcome.fuel_used);
            view.memory_peak_bytes = Some(outcome.memory_peak_bytes);
            if admin || outcome.error_for_user {
                view.error = outcome.error;
                view.error_type = outcome.error_type;
            } else if outcome.error.is_some() {
                view.error = Some(GENERIC_ERROR.to_owned());
            }
            if admin {
                view.traceback = outcome.traceback;
            }
        }
        view
    }
}

/// The answer to a request to run something.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct ExecuteResponse {
    /// The run.
    pub execution_id: ExecutionId,
    /// What runs.
    pub workflow_id: WorkflowId,
    /// The workflow's name.
    pub workflow_name: String,
    /// Where it stands; terminal after a `sync` request that was answered 200.
    pub status: Status,
    /// When it starts, as long as it is Scheduled.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scheduled_at: Option<DateTime<Utc>>,
    /// The returned value.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub result: Option<Value>,
    /// What went wrong; for an end user only if it was meant for them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// The exception's class, or `limit_exceeded:<name>`, `worker_lost`, `dead_letter`, `cancelled`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error_type: Option<String>,
    /// From start to end, in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub duration_ms: Option<i64>,
}

impl From<ExecutionView> for ExecuteResponse {
    fn from(view: ExecutionView) -> Self {
        Self {
            execution_id: view.execution_id,
            workflow_id: view.workflow_id,
            workflow_name: view.workflow_name,
            status: view.status,
            scheduled_at: view.scheduled_at,
            result: view.result,
            error: view.error,
            error_type: view.error_type,
            duration_ms: view.duration_ms,
        }
    }
}

/// A run in a list; the fields are those of [`ExecutionView`].
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct ExecutionSummary {
    pub execution_id: ExecutionId,
    pub organization_id: OrganizationId,
    pub workflow_id: WorkflowId,
    pub workflow_name: String,
    pub version_id: VersionId,
    pub status: Status,
    pub executed_by: UserId,
    pub executed_by_email: String,
    pub executed_by_name: String,
    pub attempt: i32,
    pub created_at: DateTime<Utc>,
    pub started_at: Option<DateTime<Utc>>,
    pub completed_at: Option<DateTime<Utc>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error_type: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub duration_ms: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rerun_of: Option<ExecutionId>,
}

impl ExecutionSummary {
    /// A run as an administrator or an end user sees it.
    pub fn new(summary: bifrost_store::executions::Summary, admin: bool) -> Self {
        Self {
            execution_id: summary.id,
            organization_id: summary.organization_id,
            workflow_id: summary.workflow_id,
            workflow_name: summary.workflow_name,
            version_id: summary.version_id,
            status: summary.status,
            executed_by: summary.executed_by,
            executed_by_email: summary.executed_by_email,
            executed_by_name: summary.executed_by_name,
            attempt: summary.attempt,
            created_at: summary.created_at,
            started_at: summary.started_at,
            completed_at: summary.completed_at,
            error_type: summary.error_type.filter(|_| admin),
            duration_ms: summary.duration_ms,
            rerun_of: summary.rerun_of,
        }
    }
}
