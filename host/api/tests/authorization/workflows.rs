//! Rows of what is deployed, what runs, and when; and of the platform itself.

use super::{
    ADMINS, ALL, ID_ADMINS, ID_ALL, ID_ALL_ACCEPTED, ID_SHARED, OPEN, PLATFORM, Row, empty, none, pause,
};
use crate::common::target::By;
use crate::common::{WORKFLOWS, files};
use bifrost_core::Permission::{
    DeployWorkspace, DraftWorkspace, ManageSchedules, OperatePlatform, ReadExecutions, ReadWorkspace,
    ReviewWorkspace, RunWorkflows,
};
use serde_json::{Value, json};

fn deploy(_: &str) -> Value {
    let other = format!("{WORKFLOWS}async def w{}():\n", uuid::Uuid::now_v7().simple());
    json!({ "files": files(&[("flows.py", &other)]) })
}

fn execute(_: &str) -> Value {
    json!({ "workflow_id": "hello", "input_data": { "name": "Ada" } })
}

fn draft(_: &str) -> Value {
    json!({ "workflow": "flows.py::hello", "input_data": { "name": "Ada" } })
}

fn new_schedule(_: &str) -> Value {
    json!({ "workflow_id": "nightly", "cron_expression": "0 3 * * *" })
}

fn expression(_: &str) -> Value {
    json!({ "cron_expression": "0 3 * * *" })
}

fn approval(_: &str) -> Value {
    json!({ "force": true })
}

fn rejection(_: &str) -> Value {
    json!({ "comment": "no" })
}

fn nothing_shared(_: &str) -> Value {
    json!({ "folders": [] })
}

#[rustfmt::skip]
pub const ROWS: &[Row] = &[
    Row { method: "GET", path: "/health/live", needs: None, by: By::Scope, body: none, expected: OPEN },
    Row { method: "GET", path: "/health/ready", needs: None, by: By::Scope, body: none, expected: OPEN },
    Row { method: "GET", path: "/metrics", needs: Some(OperatePlatform), by: By::Scope, body: none, expected: PLATFORM },
    Row { method: "GET", path: "/api/version", needs: None, by: By::Scope, body: none, expected: OPEN },
    Row { method: "GET", path: "/openapi.json", needs: None, by: By::Scope, body: none, expected: OPEN },
    Row { method: "GET", path: "/api/me", needs: None, by: By::Scope, body: none, expected: ALL },
    Row { method: "POST", path: "/api/workspace/deploy", needs: Some(DeployWorkspace), by: By::Scope, body: deploy, expected: ADMINS },
    Row { method: "POST", path: "/api/workspace/check", needs: Some(DraftWorkspace), by: By::Scope, body: empty, expected: ADMINS },
    Row { method: "GET", path: "/api/workspace", needs: Some(ReadWorkspace), by: By::Scope, body: none, expected: ADMINS },
    Row { method: "GET", path: "/api/workspace/versions", needs: Some(ReadWorkspace), by: By::Scope, body: none, expected: ADMINS },
    Row { method: "GET", path: "/api/workspace/versions/{number}", needs: Some(ReadWorkspace), by: By::Scope, body: none, expected: ADMINS },
    Row { method: "POST", path: "/api/workspace/versions/{number}/activate", needs: Some(DeployWorkspace), by: By::Scope, body: none, expected: ADMINS },
    Row { method: "GET", path: "/api/workspace/versions/{number}/diff", needs: Some(ReadWorkspace), by: By::Scope, body: none, expected: ADMINS },
    Row { method: "POST", path: "/api/workspace/versions/{number}/approve", needs: Some(ReviewWorkspace), by: By::Proposal, body: approval, expected: ADMINS },
    Row { method: "POST", path: "/api/workspace/versions/{number}/reject", needs: Some(ReviewWorkspace), by: By::Proposal, body: rejection, expected: ADMINS },
    Row { method: "GET", path: "/api/reviews", needs: Some(ReviewWorkspace), by: By::Scope, body: none, expected: ADMINS },
    Row { method: "GET", path: "/api/workspace/shared", needs: Some(ReadWorkspace), by: By::Scope, body: none, expected: ADMINS },
    // Only the provider shares, and only from its own workspace.
    Row { method: "PUT", path: "/api/workspace/shared", needs: Some(DeployWorkspace), by: By::Scope, body: nothing_shared,
        expected: ["401 401 401", "403 404 404", "409 404 404", "409 409 200"] },
    Row { method: "GET", path: "/api/workspace/files", needs: Some(ReadWorkspace), by: By::Scope, body: none, expected: ADMINS },
    Row { method: "GET", path: "/api/workspace/files/{path}", needs: Some(ReadWorkspace), by: By::Scope, body: none, expected: ADMINS },
    Row { method: "POST", path: "/api/drafts", needs: Some(DraftWorkspace), by: By::Scope, body: draft, expected: ADMINS },
    Row { method: "GET", path: "/api/workflows", needs: None, by: By::Scope, body: none, expected: ALL },
    Row { method: "GET", path: "/api/workflows/{id}", needs: Some(RunWorkflows), by: By::Workflow, body: none, expected: ID_SHARED },
    Row { method: "POST", path: "/api/workflows/execute", needs: Some(RunWorkflows), by: By::Scope, body: execute,
        expected: ["401 401 401", "202 404 404", "202 404 404", "202 202 202"] },
    Row { method: "POST", path: "/api/data-providers/{id}/invoke", needs: Some(RunWorkflows), by: By::Provider, body: none,
        expected: ID_SHARED },
    Row { method: "GET", path: "/api/executions", needs: None, by: By::Scope, body: none, expected: ALL },
    Row { method: "GET", path: "/api/usage/runs", needs: None, by: By::Scope, body: none, expected: ALL },
    Row { method: "GET", path: "/api/executions/{id}", needs: None, by: By::Execution, body: none, expected: ID_ALL },
    Row { method: "GET", path: "/api/executions/{id}/result", needs: None, by: By::Execution, body: none, expected: ID_ALL },
    Row { method: "GET", path: "/api/executions/{id}/logs", needs: None, by: By::Execution, body: none, expected: ID_ALL },
    Row { method: "GET", path: "/api/executions/{id}/variables", needs: Some(ReadExecutions), by: By::Execution, body: none, expected: ID_ADMINS },
    Row { method: "GET", path: "/api/executions/{id}/attempts", needs: None, by: By::Execution, body: none, expected: ID_ALL },
    Row { method: "GET", path: "/api/executions/{id}/calls", needs: Some(ReadExecutions), by: By::Execution, body: none, expected: ID_ADMINS },
    Row { method: "POST", path: "/api/executions/{id}/cancel", needs: None, by: By::Execution, body: none, expected: ID_ALL_ACCEPTED },
    Row { method: "POST", path: "/api/executions/{id}/rerun", needs: None, by: By::Execution, body: none, expected: ID_ALL_ACCEPTED },
    Row { method: "GET", path: "/api/workers", needs: Some(OperatePlatform), by: By::Scope, body: none, expected: PLATFORM },
    Row { method: "GET", path: "/api/queue", needs: Some(OperatePlatform), by: By::Scope, body: none, expected: PLATFORM },
    Row { method: "GET", path: "/api/dead-letters", needs: Some(OperatePlatform), by: By::Scope, body: none, expected: PLATFORM },
    Row { method: "GET", path: "/api/dead-letters/{id}", needs: Some(OperatePlatform), by: By::DeadLetter, body: none,
        expected: ["401 401 401", "403 403 403", "403 403 403", "200 200 200"] },
    Row { method: "POST", path: "/api/dead-letters/{id}/replay", needs: Some(OperatePlatform), by: By::DeadLetter, body: none,
        expected: ["401 401 401", "403 403 403", "403 403 403", "202 202 202"] },
    Row { method: "GET", path: "/api/schedules", needs: Some(ManageSchedules), by: By::Scope, body: none, expected: ADMINS },
    Row { method: "POST", path: "/api/schedules", needs: Some(ManageSchedules), by: By::Scope, body: new_schedule,
        expected: ["401 401 401", "403 404 404", "201 404 404", "201 201 201"] },
    Row { method: "POST", path: "/api/schedules/preview", needs: Some(ManageSchedules), by: By::Scope, body: expression, expected: ADMINS },
    Row { method: "GET", path: "/api/schedules/{id}", needs: Some(ManageSchedules), by: By::Schedule, body: none, expected: ID_ADMINS },
    Row { method: "PATCH", path: "/api/schedules/{id}", needs: Some(ManageSchedules), by: By::Schedule, body: pause, expected: ID_ADMINS },
    Row { method: "DELETE", path: "/api/schedules/{id}", needs: Some(ManageSchedules), by: By::Schedule, body: none,
        expected: ["401 401 401", "403 403 403", "204 404 404", "204 404 204"] },
    Row { method: "POST", path: "/api/schedules/{id}/pause", needs: Some(ManageSchedules), by: By::Schedule, body: none, expected: ID_ADMINS },
    Row { method: "POST", path: "/api/schedules/{id}/resume", needs: Some(ManageSchedules), by: By::Schedule, body: none, expected: ID_ADMINS },
    Row { method: "POST", path: "/api/schedules/{id}/run", needs: Some(ManageSchedules), by: By::Schedule, body: none,
        expected: ["401 401 401", "403 403 403", "202 404 404", "202 404 202"] },
    Row { method: "GET", path: "/api/schedules/{id}/preview", needs: Some(ManageSchedules), by: By::Schedule, body: none, expected: ID_ADMINS },
    // 426: everything is right but that this client cannot switch to WebSocket. Without a
    // key in the headers the first message has to bring it.
    Row { method: "GET", path: "/ws/connect", needs: None, by: By::Scope, body: none,
        expected: ["426 426 426", "426 404 404", "426 404 404", "426 426 426"] },
    Row { method: "GET", path: "/ws/execution/{id}", needs: None, by: By::Execution, body: none,
        expected: ["426 426 426", "426 404 404", "426 404 404", "426 404 426"] },
];
