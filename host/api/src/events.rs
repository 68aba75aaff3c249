//! The messages on the bus and on the live connection, and what of them an end user sees.

use crate::views::GENERIC_ERROR;
use bifrost_core::{Execution, LogLevel, LogLine, NotificationKind, Permissions, Status, events};
use serde_json::{Value, json};

/// What only administrators see.
const FOR_ADMINS: [&str; 3] = ["traceback", "variables", "result"];

/// A run's status, as the role may see it.
pub fn execution_update(execution: &Execution, admin: bool) -> Value {
    for_role(events::update(execution), admin)
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
    if admin {
        return payload;
    }
    let shown = payload["error_for_user"] == Value::Bool(true);
    if let Some(fields) = payload.as_object_mut() {
        if let Some(error) = fields.get_mut("error").filter(|error| !error.is_null() && !shown) {
            *error = GENERIC_ERROR.into();
            fields.remove("error_type");
        }
        fields.retain(|name, _| !FOR_ADMINS.contains(&name.as_str()));
    }
    payload
}

/// Whether an event is for somebody with these permissions: a notification is for those who may see
/// what it is about.
pub fn concerns(payload: &Value, permissions: Permissions) -> bool {
    if payload["type"] != "notification" {
        return true;
    }
    let kind = payload["event"].as_str().and_then(|kind| kind.parse::<NotificationKind>().ok());
    kind.is_some_and(|kind| permissions.has(kind.needs()))
}

/// End users see what a workflow says, not how it failed.
pub fn line_visible(line: &LogLine, admin: bool) -> bool {
    admin || !matches!(line.level, LogLevel::Debug | LogLevel::Traceback)
}
