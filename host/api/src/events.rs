//! The messages on the bus and on the live connection, and what of them an end user sees.

use crate::views::GENERIC_ERROR;
use bifrost_core::ports::Event;
use bifrost_core::{Execution, ExecutionId, LogLevel, LogLine, Status};
use serde_json::{Value, json};

/// What only administrators see of an event that somebody else wrote.
const FOR_ADMINS: [&str; 5] = ["error", "error_type", "traceback", "variables", "result"];

/// A run's status, as its channel carries it.
pub fn execution_update(execution: &Execution, admin: bool) -> Value {
    let mut update = json!({
        "type": "execution_update",
        "execution_id": execution.id,
        "workflow_id": execution.workflow_id,
        "workflow_name": execution.workflow_name,
        "status": execution.status,
        "attempt": execution.attempt,
        "created_at": execution.created_at,
        "started_at": execution.started_at,
        "completed_at": execution.completed_at,
    });
    if let Some(outcome) = &execution.outcome {
        update["duration_ms"] = outcome.duration_ms.into();
        update["result_type"] = json!(outcome.result_type);
        if let Some(error) = &outcome.error {
            let shown = admin || outcome.error_for_user;
            update["error"] = if shown { error.as_str() } else { GENERIC_ERROR }.into();
            if shown {
                update["error_type"] = json!(outcome.error_type);
            }
        }
    }
    update
}

/// One line, as its run's channel carries it.
pub fn execution_log(execution: ExecutionId, line: &LogLine) -> Value {
    json!({
        "type": "execution_log",
        "execution_id": execution,
        "sequence": line.sequence,
        "timestamp": line.timestamp,
        "level": line.level,
        "logger": line.logger,
        "message": line.message,
    })
}

/// A change in a history, for all channels that show it.
pub fn history(execution: &Execution) -> Vec<Event> {
    let payload = json!({
        "type": "history_update",
        "execution_id": execution.id,
        "organization_id": execution.organization_id,
        "workflow_id": execution.workflow_id,
        "workflow_name": execution.workflow_name,
        "status": execution.status,
        "executed_by": execution.executed_by,
        "executed_by_name": execution.executed_by_name,
        "created_at": execution.created_at,
        "started_at": execution.started_at,
        "completed_at": execution.completed_at,
    });
    let channels = [
        format!("history:user:{}", execution.executed_by),
        format!("organization:{}", execution.organization_id),
        "history:GLOBAL".to_owned(),
    ];
    channels.into_iter().map(|channel| Event { channel, payload: payload.clone() }).collect()
}

/// A refusal on the live connection.
pub fn error(code: &str, message: &str, channel: Option<&str>) -> Value {
    let mut error = json!({ "type": "error", "code": code, "message": message });
    if let Some(channel) = channel {
        error["channel"] = channel.into();
    }
    error
}

/// True for an update after which nothing follows.
pub fn is_terminal(payload: &Value) -> bool {
    payload["status"]
        .as_str()
        .and_then(|status| status.parse::<Status>().ok())
        .is_some_and(Status::is_terminal)
}

/// An event as the role may see it.
pub fn for_role(mut payload: Value, admin: bool) -> Value {
    if !admin && let Some(fields) = payload.as_object_mut() {
        fields.retain(|name, _| !FOR_ADMINS.contains(&name.as_str()));
    }
    payload
}

/// End users see what a workflow says, not how it failed.
pub fn line_visible(line: &LogLine, admin: bool) -> bool {
    admin || !matches!(line.level, LogLevel::Debug | LogLevel::Traceback)
}
