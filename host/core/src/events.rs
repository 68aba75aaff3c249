//! The live events of a run, as every channel carries them. What a role may not see is
//! taken out where the event leaves the platform.

use crate::ports::Event;
use crate::{Execution, ExecutionId, LogLine, OrganizationId, VersionId};
use serde_json::{Value, json};

/// The channel on which the dispatcher hears that there is work.
pub const WAKE: &str = "dispatch";

/// The channel on which workers hear of versions that have become active.
pub const ACTIVATED: &str = "versions";

/// The channel on which workers hear of organizations that are gone.
pub const OFFBOARDED: &str = "offboarded";

/// A version has become active: workers load it before its first run comes.
pub fn activated(version: VersionId, organization: Option<OrganizationId>) -> Event {
    let payload =
        json!({ "type": "version_activated", "version_id": version, "organization_id": organization });
    Event { channel: ACTIVATED.to_owned(), payload }
}

/// An organization is gone: workers drop what they keep of sources that only it had.
pub fn offboarded(organization: OrganizationId, sources: &[String]) -> Event {
    let payload =
        json!({ "type": "organization_offboarded", "organization_id": organization, "sources": sources });
    Event { channel: OFFBOARDED.to_owned(), payload }
}

/// A run's change, for its own channel and for every history that shows it.
pub fn updates(execution: &Execution) -> Vec<Event> {
    let own = Event { channel: format!("execution:{}", execution.id), payload: update(execution) };
    std::iter::once(own).chain(history(execution)).collect()
}

/// A run's status, as its channel carries it.
pub fn update(execution: &Execution) -> Value {
    let mut update = summary("execution_update", execution);
    if let Some(outcome) = &execution.outcome {
        update["duration_ms"] = outcome.duration_ms.into();
        update["result_type"] = json!(outcome.result_type);
        update["error_for_user"] = outcome.error_for_user.into();
        update["error"] = json!(outcome.error);
        update["error_type"] = json!(outcome.error_type);
    }
    update
}

/// A change in a history, for all channels that show it.
pub fn history(execution: &Execution) -> Vec<Event> {
    let payload = summary("history_update", execution);
    let channels = [
        format!("history:user:{}", execution.executed_by),
        format!("organization:{}", execution.organization_id),
        "history:GLOBAL".to_owned(),
    ];
    channels.into_iter().map(|channel| Event { channel, payload: payload.clone() }).collect()
}

fn summary(kind: &str, execution: &Execution) -> Value {
    json!({
        "type": kind,
        "execution_id": execution.id,
        "organization_id": execution.organization_id,
        "workflow_id": execution.workflow_id,
        "workflow_name": execution.workflow_name,
        "status": execution.status,
        "attempt": execution.attempt,
        "executed_by": execution.executed_by,
        "executed_by_name": execution.executed_by_name,
        "created_at": execution.created_at,
        "started_at": execution.started_at,
        "completed_at": execution.completed_at,
    })
}

/// One line, as its run's channel carries it.
pub fn log_line(execution: ExecutionId, line: &LogLine) -> Value {
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
