//! Who may do what, as data: a row for every operation of the API. An operation
//! without a row fails the test.

use crate::common::target::{By, DOCUMENT, LEAVING, OWNERS, Owner, SLUG, opened, target};
use crate::common::{Key, Platform, WORKFLOWS, files};
use bifrost_core::Permission::{self, *};
use bifrost_core::{Permissions, Role, RoleId};
use bifrost_store::identity::{self, NewKey};
use bifrost_store::roles::{self, NewRole};
use bifrost_store::users::{self, NewUser};
use serde_json::{Value, json};
use std::collections::{BTreeSet, HashMap};

#[path = "authorization/forms.rs"]
mod forms;
#[path = "authorization/integrations.rs"]
mod integrations;
#[path = "authorization/notifications.rs"]
mod notifications;
#[path = "authorization/sign_in.rs"]
mod sign_in;

/// `expected` has, for each role, the statuses for a target in the caller's own
/// organization, in a foreign one, and in the provider's or global scope.
pub struct Row {
    pub method: &'static str,
    pub path: &'static str,
    /// What the caller needs; `None` where everybody has access, if only to their own.
    needs: Option<Permission>,
    by: By,
    /// Given the target's id.
    body: fn(&str) -> Value,
    expected: [&'static str; 4],
}

impl Row {
    /// A fresh target, by the id that goes into the path.
    pub async fn target(&self, platform: &Platform, owner: Owner) -> String {
        target(platform, self.by, owner).await
    }
}

const ROLES: [&str; 4] = ["anonymous", "org_user", "org_admin", "platform_admin"];

const OPEN: [&str; 4] = ["200 200 200"; 4];
const ALL: [&str; 4] = ["401 401 401", "200 404 404", "200 404 404", "200 200 200"];
const ADMINS: [&str; 4] = ["401 401 401", "403 404 404", "200 404 404", "200 200 200"];
const ADMINS_CREATE: [&str; 4] = ["401 401 401", "403 404 404", "201 404 404", "201 201 201"];
const PLATFORM: [&str; 4] = ["401 401 401", "403 404 404", "403 404 404", "200 200 200"];
const PLATFORM_CREATES: [&str; 4] = ["401 401 401", "403 404 404", "403 404 404", "201 201 201"];
const ID_ALL: [&str; 4] = ["401 401 401", "200 404 404", "200 404 404", "200 404 200"];
const ID_ALL_ACCEPTED: [&str; 4] = ["401 401 401", "202 404 404", "202 404 404", "202 404 202"];
const ID_ADMINS: [&str; 4] = ["401 401 401", "403 403 403", "200 404 404", "200 404 200"];
const ID_ADMINS_DELETE: [&str; 4] = ["401 401 401", "403 403 403", "204 404 404", "204 404 204"];
const ID_ADMINS_CREATE: [&str; 4] = ["401 401 401", "403 403 403", "201 404 404", "201 404 201"];
/// A platform administrator may call for every organization, whichever is named elsewhere.
const CALLS: [&str; 4] = ["401 401 401", "202 404 404", "202 404 404", "202 202 202"];
/// Global workflows and plain global values are there for everybody.
const ID_SHARED: [&str; 4] = ["401 401 401", "200 404 200", "200 404 200", "200 404 200"];

const ID_ADMINS_SHARED: [&str; 4] = ["401 401 401", "403 403 403", "200 404 200", "200 404 200"];

fn none(_: &str) -> Value {
    Value::Null
}

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

fn pause(_: &str) -> Value {
    json!({ "enabled": false })
}

fn value(_: &str) -> Value {
    json!({ "value": 1 })
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

fn leaving(_: &str) -> Value {
    json!({ "confirm": LEAVING })
}

fn new_endpoint(_: &str) -> Value {
    json!({ "workflow_id": "nightly", "slug": uuid::Uuid::now_v7().to_string() })
}

fn new_webhook(_: &str) -> Value {
    json!({ "name": uuid::Uuid::now_v7().to_string(), "kind": "generic" })
}

fn new_subscription(_: &str) -> Value {
    json!({ "workflow_id": "nightly" })
}

fn new_table(_: &str) -> Value {
    json!({ "name": format!("t{}", uuid::Uuid::now_v7().simple()) })
}

fn document(_: &str) -> Value {
    json!({ "data": { "n": 1 } })
}

fn batch(_: &str) -> Value {
    json!({ "insert": [{ "data": { "n": 1 } }] })
}

fn query(_: &str) -> Value {
    json!({ "where": { "n": 1 } })
}

fn content(_: &str) -> Value {
    json!({ "n": 1 })
}

fn signing(_: &str) -> Value {
    json!({ "path": "matrix.csv" })
}

fn empty(_: &str) -> Value {
    json!({})
}

fn egress(_: &str) -> Value {
    json!({ "ports": [443] })
}

fn organization(_: &str) -> Value {
    json!({ "name": "New" })
}

fn new_key(_: &str) -> Value {
    json!({ "name": "k", "email": address(), "role": "org_user" })
}

fn address() -> String {
    format!("{}@else.example", uuid::Uuid::now_v7())
}

fn new_user(_: &str) -> Value {
    json!({ "email": address() })
}

fn change_user(_: &str) -> Value {
    json!({ "name": "Ada" })
}

fn new_invitation(_: &str) -> Value {
    json!({ "email": address() })
}

fn new_role(_: &str) -> Value {
    json!({ "name": uuid::Uuid::now_v7().to_string() })
}

fn change_role(_: &str) -> Value {
    json!({ "description": "x" })
}

fn new_grant(user: &str) -> Value {
    json!({ "workflow_id": "hello", "user_id": user })
}

#[rustfmt::skip]
const ROWS: &[Row] = &[
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
    Row { method: "POST", path: "/api/executions/{id}/cancel", needs: None, by: By::Execution, body: none, expected: ID_ALL_ACCEPTED },
    Row { method: "POST", path: "/api/executions/{id}/rerun", needs: None, by: By::Execution, body: none, expected: ID_ALL_ACCEPTED },
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
    Row { method: "GET", path: "/api/endpoints", needs: Some(ManageWebhooks), by: By::Scope, body: none, expected: ADMINS },
    Row { method: "POST", path: "/api/endpoints", needs: Some(ManageWebhooks), by: By::Scope, body: new_endpoint, expected: ADMINS_CREATE },
    Row { method: "GET", path: "/api/endpoints/{id}", needs: Some(ManageWebhooks), by: By::Endpoint, body: none, expected: ID_ADMINS },
    Row { method: "PATCH", path: "/api/endpoints/{id}", needs: Some(ManageWebhooks), by: By::Endpoint, body: pause, expected: ID_ADMINS },
    Row { method: "DELETE", path: "/api/endpoints/{id}", needs: Some(ManageWebhooks), by: By::Endpoint, body: none, expected: ID_ADMINS_DELETE },
    // One that asks for a key.
    Row { method: "GET", path: "/api/endpoints/{id}/{slug}", needs: Some(RunWorkflows), by: By::Slug, body: none, expected: CALLS },
    Row { method: "POST", path: "/api/endpoints/{id}/{slug}", needs: Some(RunWorkflows), by: By::Slug, body: none, expected: CALLS },
    Row { method: "PUT", path: "/api/endpoints/{id}/{slug}", needs: Some(RunWorkflows), by: By::Slug, body: none, expected: CALLS },
    Row { method: "PATCH", path: "/api/endpoints/{id}/{slug}", needs: Some(RunWorkflows), by: By::Slug, body: none, expected: CALLS },
    Row { method: "DELETE", path: "/api/endpoints/{id}/{slug}", needs: Some(RunWorkflows), by: By::Slug, body: none, expected: CALLS },
    Row { method: "GET", path: "/api/webhooks", needs: Some(ManageWebhooks), by: By::Scope, body: none, expected: ADMINS },
    Row { method: "POST", path: "/api/webhooks", needs: Some(ManageWebhooks), by: By::Scope, body: new_webhook, expected: ADMINS_CREATE },
    Row { method: "GET", path: "/api/webhooks/{id}", needs: Some(ManageWebhooks), by: By::Webhook, body: none, expected: ID_ADMINS },
    Row { method: "PATCH", path: "/api/webhooks/{id}", needs: Some(ManageWebhooks), by: By::Webhook, body: pause, expected: ID_ADMINS },
    Row { method: "DELETE", path: "/api/webhooks/{id}", needs: Some(ManageWebhooks), by: By::Webhook, body: none, expected: ID_ADMINS_DELETE },
    Row { method: "POST", path: "/api/webhooks/{id}/secrets", needs: Some(ManageWebhooks), by: By::Webhook, body: empty, expected: ID_ADMINS_CREATE },
    Row { method: "POST", path: "/api/webhooks/{id}/subscribe", needs: Some(ManageWebhooks), by: By::AdapterSource, body: none,
        expected: ["401 401 401", "403 403 403", "202 404 404", "202 404 202"] },
    Row { method: "GET", path: "/api/webhook-adapters", needs: Some(ManageWebhooks), by: By::Scope, body: none, expected: ADMINS },
    Row { method: "DELETE", path: "/api/webhook-secrets/{id}", needs: Some(ManageWebhooks), by: By::WebhookSecret, body: none, expected: ID_ADMINS_DELETE },
    Row { method: "GET", path: "/api/webhooks/{id}/subscriptions", needs: Some(ManageWebhooks), by: By::Webhook, body: none, expected: ID_ADMINS },
    Row { method: "POST", path: "/api/webhooks/{id}/subscriptions", needs: Some(ManageWebhooks), by: By::Webhook, body: new_subscription, expected: ID_ADMINS_CREATE },
    Row { method: "PATCH", path: "/api/webhook-subscriptions/{id}", needs: Some(ManageWebhooks), by: By::Subscription, body: pause, expected: ID_ADMINS },
    Row { method: "DELETE", path: "/api/webhook-subscriptions/{id}", needs: Some(ManageWebhooks), by: By::Subscription, body: none, expected: ID_ADMINS_DELETE },
    Row { method: "GET", path: "/api/webhooks/{id}/deliveries", needs: Some(ManageWebhooks), by: By::Webhook, body: none, expected: ID_ADMINS },
    Row { method: "GET", path: "/api/webhook-deliveries/{id}", needs: Some(ManageWebhooks), by: By::Delivery, body: none, expected: ID_ADMINS },
    Row { method: "POST", path: "/api/webhook-deliveries/{id}/replay", needs: Some(ManageWebhooks), by: By::Delivery, body: none,
        expected: ["401 401 401", "403 403 403", "202 404 404", "202 404 202"] },
    // One that asks for no signature.
    Row { method: "POST", path: "/api/hooks/{id}", needs: None, by: By::Hook, body: none, expected: ["202 202 202"; 4] },
    // Only adapters are asked.
    Row { method: "GET", path: "/api/hooks/{id}", needs: None, by: By::Hook, body: none, expected: ["405 405 405"; 4] },
    Row { method: "GET", path: "/api/tables", needs: Some(ReadTables), by: By::Scope, body: none, expected: ADMINS },
    Row { method: "POST", path: "/api/tables", needs: Some(WriteTables), by: By::Scope, body: new_table, expected: ADMINS_CREATE },
    Row { method: "GET", path: "/api/tables/{id}", needs: Some(ReadTables), by: By::Table, body: none, expected: ID_ADMINS_SHARED },
    Row { method: "PATCH", path: "/api/tables/{id}", needs: Some(WriteTables), by: By::Table, body: change_role, expected: ID_ADMINS },
    Row { method: "DELETE", path: "/api/tables/{id}", needs: Some(WriteTables), by: By::Table, body: none, expected: ID_ADMINS_DELETE },
    Row { method: "POST", path: "/api/tables/{id}/query", needs: Some(ReadTables), by: By::Table, body: query, expected: ID_ADMINS_SHARED },
    Row { method: "POST", path: "/api/tables/{id}/count", needs: Some(ReadTables), by: By::Table, body: query, expected: ID_ADMINS_SHARED },
    Row { method: "POST", path: "/api/tables/{id}/batch", needs: Some(WriteTables), by: By::Table, body: batch, expected: ID_ADMINS },
    Row { method: "POST", path: "/api/tables/{id}/documents", needs: Some(WriteTables), by: By::Table, body: document, expected: ID_ADMINS_CREATE },
    Row { method: "GET", path: "/api/tables/{id}/documents/{document}", needs: Some(ReadTables), by: By::Table, body: none, expected: ID_ADMINS_SHARED },
    Row { method: "PUT", path: "/api/tables/{id}/documents/{document}", needs: Some(WriteTables), by: By::Table, body: document, expected: ID_ADMINS },
    Row { method: "PATCH", path: "/api/tables/{id}/documents/{document}", needs: Some(WriteTables), by: By::Table, body: document, expected: ID_ADMINS },
    Row { method: "DELETE", path: "/api/tables/{id}/documents/{document}", needs: Some(WriteTables), by: By::Table, body: none, expected: ID_ADMINS_DELETE },
    Row { method: "GET", path: "/api/files", needs: Some(ReadFiles), by: By::Scope, body: none, expected: ADMINS },
    Row { method: "GET", path: "/api/files/locations", needs: Some(ReadFiles), by: By::Scope, body: none, expected: ADMINS },
    Row { method: "GET", path: "/api/files/content", needs: Some(ReadFiles), by: By::File, body: none, expected: ID_ADMINS },
    // A path that exists elsewhere is a new path here.
    Row { method: "PUT", path: "/api/files/content", needs: Some(WriteFiles), by: By::File, body: content,
        expected: ["401 401 401", "403 403 403", "200 200 200", "200 200 200"] },
    Row { method: "DELETE", path: "/api/files/content", needs: Some(WriteFiles), by: By::File, body: none, expected: ID_ADMINS_DELETE },
    Row { method: "POST", path: "/api/files/signed-urls", needs: Some(WriteFiles), by: By::Scope, body: signing, expected: ADMINS },
    // Whoever has the address has what it is for, and no more.
    Row { method: "GET", path: "/api/files/signed/{token}", needs: None, by: By::SignedGet, body: none, expected: OPEN },
    Row { method: "PUT", path: "/api/files/signed/{token}", needs: None, by: By::SignedPut, body: content, expected: OPEN },
    Row { method: "GET", path: "/api/config", needs: Some(ReadConfig), by: By::Scope, body: none, expected: ADMINS },
    Row { method: "GET", path: "/api/config/{key}", needs: Some(ReadConfig), by: By::Config, body: none,
        expected: ["401 401 401", "403 403 403", "200 404 200", "200 404 200"] },
    // A key that exists elsewhere is a new key here.
    Row { method: "PUT", path: "/api/config/{key}", needs: Some(WriteConfig), by: By::Config, body: value,
        expected: ["401 401 401", "403 403 403", "200 200 200", "200 200 200"] },
    Row { method: "DELETE", path: "/api/config/{key}", needs: Some(WriteConfig), by: By::Config, body: none,
        expected: ["401 401 401", "403 403 403", "204 404 404", "204 404 204"] },
    Row { method: "GET", path: "/api/config/{key}/shares", needs: Some(ManageOrganizations), by: By::Share, body: none,
        expected: ["401 401 401", "403 403 403", "403 403 403", "200 200 200"] },
    Row { method: "PUT", path: "/api/config/{key}/shares/{organization}", needs: Some(ManageOrganizations), by: By::Share, body: none,
        expected: ["401 401 401", "403 403 403", "403 403 403", "204 204 204"] },
    Row { method: "DELETE", path: "/api/config/{key}/shares/{organization}", needs: Some(ManageOrganizations), by: By::Share, body: none,
        expected: ["401 401 401", "403 403 403", "403 403 403", "204 204 204"] },
    Row { method: "GET", path: "/api/egress", needs: Some(ReadConfig), by: By::Scope, body: none, expected: ADMINS },
    Row { method: "GET", path: "/api/organizations/{id}/egress", needs: Some(ManageOrganizations), by: By::Organization, body: none,
        expected: ["401 401 401", "403 403 403", "403 403 403", "200 200 200"] },
    Row { method: "PUT", path: "/api/organizations/{id}/egress", needs: Some(ManageOrganizations), by: By::Organization, body: egress,
        expected: ["401 401 401", "403 403 403", "403 403 403", "200 200 200"] },
    Row { method: "GET", path: "/api/organizations", needs: Some(ManageOrganizations), by: By::Scope, body: none, expected: PLATFORM },
    Row { method: "POST", path: "/api/organizations", needs: Some(ManageOrganizations), by: By::Scope, body: organization, expected: PLATFORM_CREATES },
    Row { method: "GET", path: "/api/organizations/{id}", needs: Some(ManageOrganizations), by: By::Organization, body: none,
        expected: ["401 401 401", "403 403 403", "403 403 403", "200 200 200"] },
    Row { method: "PATCH", path: "/api/organizations/{id}", needs: Some(ManageOrganizations), by: By::Organization, body: organization,
        expected: ["401 401 401", "403 403 403", "403 403 403", "200 200 200"] },
    Row { method: "POST", path: "/api/organizations/{id}/offboarding", needs: Some(ManageOrganizations), by: By::Leaving, body: leaving,
        expected: ["401 401 401", "403 403 403", "403 403 403", "202 202 202"] },
    Row { method: "GET", path: "/api/organizations/{id}/offboarding", needs: Some(ManageOrganizations), by: By::Left, body: none,
        expected: ["401 401 401", "403 403 403", "403 403 403", "200 200 200"] },
    Row { method: "GET", path: "/api/organizations/{id}/offboarding/export", needs: Some(ManageOrganizations), by: By::Left, body: none,
        expected: ["401 401 401", "403 403 403", "403 403 403", "200 200 200"] },
    Row { method: "DELETE", path: "/api/organizations/{id}/offboarding/export", needs: Some(ManageOrganizations), by: By::Left, body: none,
        expected: ["401 401 401", "403 403 403", "403 403 403", "204 204 204"] },
    Row { method: "GET", path: "/api/keys", needs: Some(ManageKeys), by: By::Scope, body: none, expected: ADMINS },
    Row { method: "POST", path: "/api/keys", needs: Some(ManageKeys), by: By::Scope, body: new_key, expected: ADMINS_CREATE },
    Row { method: "DELETE", path: "/api/keys/{id}", needs: Some(ManageKeys), by: By::Key, body: none, expected: ID_ADMINS_DELETE },
    Row { method: "GET", path: "/api/users", needs: Some(ReadUsers), by: By::Scope, body: none, expected: ADMINS },
    Row { method: "POST", path: "/api/users", needs: Some(ManageUsers), by: By::Scope, body: new_user, expected: ADMINS_CREATE },
    Row { method: "GET", path: "/api/users/{id}", needs: Some(ReadUsers), by: By::User, body: none, expected: ID_ADMINS },
    Row { method: "PATCH", path: "/api/users/{id}", needs: Some(ManageUsers), by: By::User, body: change_user, expected: ID_ADMINS },
    Row { method: "GET", path: "/api/invitations", needs: Some(ManageUsers), by: By::Scope, body: none, expected: ADMINS },
    Row { method: "POST", path: "/api/invitations", needs: Some(ManageUsers), by: By::Scope, body: new_invitation, expected: ADMINS_CREATE },
    Row { method: "DELETE", path: "/api/invitations/{id}", needs: Some(ManageUsers), by: By::Invitation, body: none, expected: ID_ADMINS_DELETE },
    Row { method: "GET", path: "/api/roles", needs: Some(ReadUsers), by: By::Scope, body: none, expected: ADMINS },
    Row { method: "POST", path: "/api/roles", needs: Some(ManageRoles), by: By::Scope, body: new_role, expected: ADMINS_CREATE },
    Row { method: "GET", path: "/api/roles/{id}", needs: Some(ReadUsers), by: By::Role, body: none, expected: ID_ADMINS },
    Row { method: "PATCH", path: "/api/roles/{id}", needs: Some(ManageRoles), by: By::Role, body: change_role, expected: ID_ADMINS },
    Row { method: "DELETE", path: "/api/roles/{id}", needs: Some(ManageRoles), by: By::Role, body: none, expected: ID_ADMINS_DELETE },
    Row { method: "GET", path: "/api/grants", needs: Some(ReadUsers), by: By::Scope, body: none, expected: ADMINS },
    // The body names the target.
    Row { method: "POST", path: "/api/grants", needs: Some(ManageRoles), by: By::User, body: new_grant,
        expected: ["401 401 401", "403 403 403", "201 422 422", "201 422 201"] },
    Row { method: "DELETE", path: "/api/grants/{id}", needs: Some(ManageRoles), by: By::Grant, body: none, expected: ID_ADMINS_DELETE },
    Row { method: "GET", path: "/api/audit", needs: Some(ReadAudit), by: By::Scope, body: none, expected: ADMINS },
    Row { method: "GET", path: "/api/audit/export", needs: Some(ReadAudit), by: By::Scope, body: none, expected: ADMINS },
    Row { method: "GET", path: "/api/audit/verify", needs: Some(ReadAudit), by: By::Scope, body: none, expected: ADMINS },
    // 426: everything is right but that this client cannot switch to WebSocket. Without a
    // key in the headers the first message has to bring it.
    Row { method: "GET", path: "/ws/connect", needs: None, by: By::Scope, body: none,
        expected: ["426 426 426", "426 404 404", "426 404 404", "426 426 426"] },
    Row { method: "GET", path: "/ws/execution/{id}", needs: None, by: By::Execution, body: none,
        expected: ["426 426 426", "426 404 404", "426 404 404", "426 404 426"] },
];

pub fn rows() -> impl Iterator<Item = &'static Row> {
    let own = ROWS.iter().chain(forms::ROWS).chain(integrations::ROWS);
    own.chain(notifications::ROWS).chain(sign_in::ROWS)
}

#[test]
fn every_operation_has_a_row() {
    let api = serde_json::to_value(bifrost_api::openapi()).expect("json");
    let paths = api["paths"].as_object().expect("paths");
    let documented: BTreeSet<_> = paths
        .iter()
        .flat_map(|(path, item)| {
            let methods = item.as_object().expect("an item").keys();
            methods.map(move |method| (method.to_uppercase(), path.clone()))
        })
        .collect();
    let rows: BTreeSet<_> = rows().map(|row| (row.method.to_owned(), row.path.to_owned())).collect();
    assert_eq!(documented, rows, "the left side is the API, the right side this table");
    assert_eq!(rows.len(), self::rows().count(), "a row is there twice");
}

async fn status(platform: &Platform, row: &Row, role: usize, owner: Owner) -> u16 {
    let caller = [None, Some(&platform.own.user), Some(&platform.own.admin), Some(&platform.root)][role];
    send(platform, row, caller, ROLES[role] == "platform_admin", owner).await
}

pub async fn send(platform: &Platform, row: &Row, caller: Option<&Key>, is_root: bool, owner: Owner) -> u16 {
    let id = row.target(platform, owner).await;
    send_to(platform, row, caller, is_root, owner, &id).await
}

/// The same about a target that is there already.
pub async fn send_to(
    platform: &Platform,
    row: &Row,
    caller: Option<&Key>,
    is_root: bool,
    owner: Owner,
    id: &str,
) -> u16 {
    let number = if matches!(row.by, By::Proposal) { id } else { "1" };
    let path = row.path.replace("{number}", number).replace("{path}", "flows.py");
    let path = path
        .replace("{id}", id)
        .replace("{key}", id)
        .replace("{name}", id)
        .replace("{code}", "BBBB-BBBB")
        .replace("{slug}", SLUG)
        .replace("{document}", DOCUMENT)
        .replace("{token}", id);
    let path = path.replace("{organization}", &owner.organization(platform).to_string());
    let path = if matches!(row.by, By::File) { format!("{path}?location=reports&path={id}") } else { path };
    let mut call = platform.call(row.method.parse().expect("a method"), path);
    if let Some(key) = caller {
        call = call.key(key);
    }
    let named = match (row.by, owner) {
        (By::Scope | By::Proposal, Owner::Own) => is_root,
        (By::Scope | By::Proposal, Owner::Global) => !is_root,
        (By::Scope | By::Proposal, Owner::Foreign) => true,
        (_, Owner::Own) => is_root,
        _ => false,
    };
    if named {
        call = call.organization(owner.organization(platform));
    }
    if row.path.starts_with("/ws/") {
        call = call
            .header("connection", "upgrade")
            .header("upgrade", "websocket")
            .header("sec-websocket-version", "13")
            .header("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==");
    }
    let body = (row.body)(id);
    if !body.is_null() {
        let mut body = body.to_string();
        if let (By::OpenedForm | By::OpenedPreview, Some(key)) = (row.by, caller) {
            let organization = if is_root { owner } else { Owner::Own }.organization(platform);
            body = body.replace(forms::SESSION, &opened(platform, id, organization, key).await);
        }
        call = call.json(serde_json::from_str(&body).expect("json"));
    }
    call.send().await.status.as_u16()
}

#[tokio::test]
async fn the_matrix_holds() {
    let platform = Platform::deployed().await;
    let mut wrong = Vec::new();
    let checks = async {
        for row in rows() {
            check(&platform, row, &mut wrong).await;
        }
    };
    tokio::select! {
        () = checks => {}
        () = platform.run_everything() => {}
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

async fn check(platform: &Platform, row: &Row, wrong: &mut Vec<String>) {
    for (role, expected) in row.expected.iter().enumerate() {
        let expected: Vec<u16> =
            expected.split(' ').map(|status| status.parse().expect("a status")).collect();
        for (owner, expected) in OWNERS.into_iter().zip(expected) {
            let got = status(platform, row, role, owner).await;
            if got != expected {
                let name = ROLES[role];
                wrong.push(format!(
                    "{} {} as {name} on {owner:?}: expected {expected}, got {got}",
                    row.method, row.path
                ));
            }
        }
    }
}

/// Roles of the own tenant by what they allow: an organization has two hundred at most.
type Roles = HashMap<Permissions, RoleId>;

/// Somebody of the own tenant with exactly these permissions, by a role of the organization.
async fn with_role(platform: &Platform, known: &mut Roles, permissions: Permissions) -> Key {
    let org = platform.state.db.org(platform.own.id);
    let name = uuid::Uuid::now_v7().to_string();
    let role = match known.get(&permissions) {
        Some(role) => *role,
        None => {
            let new = NewRole { name: name.clone(), description: String::new(), permissions };
            let role = roles::create(&org, new).await.expect("role").id;
            known.insert(permissions, role);
            role
        }
    };
    let person =
        NewUser { roles: vec![role], ..NewUser::person(&format!("{name}@x.example"), "", Role::OrgGuest) };
    let user = users::create(&org, person).await.expect("user").id;
    key(platform, platform.own.id, user, Role::OrgGuest, None).await
}

/// A platform administrator whose key allows exactly these permissions.
async fn with_key(platform: &Platform, permissions: Permissions) -> Key {
    key(platform, platform.provider, platform.root.user, Role::PlatformAdmin, Some(permissions)).await
}

async fn key(
    platform: &Platform,
    organization: bifrost_core::OrganizationId,
    user: bifrost_core::UserId,
    role: Role,
    permissions: Option<Permissions>,
) -> Key {
    let new = NewKey { user, name: "k".into(), role, permissions, expires_at: None };
    let (_, token) = identity::create_key(&platform.state.db.org(organization), new).await.expect("key");
    Key { token, user }
}

/// What a request needs beside the permission of its row, to do what its body says.
fn beside(row: &Row) -> &'static [Permission] {
    match (row.method, row.path) {
        // The user is made with it, as somebody who runs workflows.
        ("POST", "/api/keys") => &[ManageUsers, RunWorkflows],
        ("POST" | "PATCH" | "DELETE", path) if path.starts_with("/api/users") => &[RunWorkflows],
        ("POST", "/api/invitations" | "/api/grants" | "/api/schedules" | "/api/endpoints") => &[RunWorkflows],
        ("POST", "/api/webhooks/{id}/subscriptions") => &[RunWorkflows],
        ("POST", "/api/schedules/{id}/run") => &[RunWorkflows],
        _ => &[],
    }
}

/// Each permission opens its operations, whoever brings it: a role of the organization, or a
/// key. All others together do not.
#[tokio::test]
async fn a_permission_opens_its_operations_and_nothing_else() {
    let platform = Platform::deployed().await;
    let (mut wrong, mut known) = (Vec::new(), Roles::new());
    let checks = async {
        for row in rows() {
            let Some(needed) = row.needs else { continue };
            let enough: Permissions = [needed].into_iter().chain(beside(row).iter().copied()).collect();
            let expected = |role: usize| row.expected[role][..3].parse::<u16>().expect("a status");
            let mut try_as = async |name: &str, key: Key, is_root: bool, expected: u16| {
                let got = send(&platform, row, Some(&key), is_root, Owner::Own).await;
                if got != expected {
                    wrong.push(format!(
                        "{} {} {name} {needed}: expected {expected}, got {got}",
                        row.method, row.path
                    ));
                }
            };
            let entering: Permissions = enough.iter().chain([EnterOrganizations]).collect();
            try_as("by key with", with_key(&platform, entering).await, true, expected(3)).await;
            let all_but = Permissions::all().without([needed].into_iter().collect());
            // What may not be run is not even there.
            let refused = if needed == RunWorkflows { 404 } else { 403 };
            try_as("by key without", with_key(&platform, all_but).await, true, refused).await;
            if !needed.is_of_platform() {
                try_as("by role with", with_role(&platform, &mut known, enough).await, false, expected(2))
                    .await;
                let all_but = all_but.and(Permissions::of_organization());
                try_as("by role without", with_role(&platform, &mut known, all_but).await, false, refused)
                    .await;
            }
        }
    };
    tokio::select! {
        () = checks => {}
        () = platform.run_everything() => {}
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}
