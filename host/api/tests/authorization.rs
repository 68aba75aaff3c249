//! Who may do what, as data: a row for every operation of the API. An operation
//! without a row fails the test.

use crate::common::{Key, Platform, WORKFLOWS, files, key};
use bifrost_core::*;
use bifrost_store::config::{self, NewEntry};
use bifrost_store::executions::{self, NewExecution};
use bifrost_store::identity::{self, NewKey};
use bifrost_store::schedules::{self, NewSchedule};
use bifrost_store::sign_in::providers;
use bifrost_store::users;
use bifrost_store::{Sql, workflows};
use serde_json::{Value, json};
use std::collections::BTreeSet;

#[path = "authorization/sign_in.rs"]
mod sign_in;

/// How a row's target is named.
#[derive(Clone, Copy)]
enum By {
    /// By the scope alone: own without a header, others by `X-Bifrost-Organization`.
    Scope,
    /// By an id in the path; a header is sent only where a platform administrator
    /// needs it to reach the own organization.
    Execution,
    Workflow,
    Provider,
    Config,
    Schedule,
    Organization,
    Key,
    /// Of a run that has ended.
    DeadLetter,
    /// An OpenID provider; of the platform, so that the owner makes no difference.
    IdentityProvider,
    /// Somebody who could sign in.
    Person,
}

/// `expected` has, for each role, the statuses for a target in the caller's own
/// organization, in a foreign one, and in the provider's or global scope.
struct Row {
    method: &'static str,
    path: &'static str,
    by: By,
    body: fn() -> Value,
    expected: [&'static str; 4],
}

const ROLES: [&str; 4] = ["anonymous", "org_user", "org_admin", "platform_admin"];

const OPEN: [&str; 4] = ["200 200 200"; 4];
const ALL: [&str; 4] = ["401 401 401", "200 404 404", "200 404 404", "200 200 200"];
const ADMINS: [&str; 4] = ["401 401 401", "403 404 404", "200 404 404", "200 200 200"];
const PLATFORM: [&str; 4] = ["401 401 401", "403 404 404", "403 404 404", "200 200 200"];
const PLATFORM_CREATES: [&str; 4] = ["401 401 401", "403 404 404", "403 404 404", "201 201 201"];
const ID_ALL: [&str; 4] = ["401 401 401", "200 404 404", "200 404 404", "200 404 200"];
const ID_ALL_ACCEPTED: [&str; 4] = ["401 401 401", "202 404 404", "202 404 404", "202 404 202"];
const ID_ADMINS: [&str; 4] = ["401 401 401", "403 403 403", "200 404 404", "200 404 200"];
/// Global workflows and plain global values are there for everybody.
const ID_SHARED: [&str; 4] = ["401 401 401", "200 404 200", "200 404 200", "200 404 200"];

fn none() -> Value {
    Value::Null
}

fn deploy() -> Value {
    json!({ "files": files(&[("flows.py", WORKFLOWS)]) })
}

fn execute() -> Value {
    json!({ "workflow_id": "hello", "input_data": { "name": "Ada" } })
}

fn draft() -> Value {
    json!({ "workflow": "flows.py::hello", "input_data": { "name": "Ada" } })
}

fn new_schedule() -> Value {
    json!({ "workflow_id": "nightly", "cron_expression": "0 3 * * *" })
}

fn expression() -> Value {
    json!({ "cron_expression": "0 3 * * *" })
}

fn pause() -> Value {
    json!({ "enabled": false })
}

fn value() -> Value {
    json!({ "value": 1 })
}

fn organization() -> Value {
    json!({ "name": "New" })
}

fn new_key() -> Value {
    json!({ "name": "k", "email": "someone@else.example", "role": "org_user" })
}

#[rustfmt::skip]
const ROWS: &[Row] = &[
    Row { method: "GET", path: "/health/live", by: By::Scope, body: none, expected: OPEN },
    Row { method: "GET", path: "/health/ready", by: By::Scope, body: none, expected: OPEN },
    Row { method: "GET", path: "/metrics", by: By::Scope, body: none, expected: PLATFORM },
    Row { method: "GET", path: "/api/version", by: By::Scope, body: none, expected: OPEN },
    Row { method: "GET", path: "/openapi.json", by: By::Scope, body: none, expected: OPEN },
    Row { method: "GET", path: "/api/me", by: By::Scope, body: none, expected: ALL },
    Row { method: "POST", path: "/api/workspace/deploy", by: By::Scope, body: deploy, expected: ADMINS },
    Row { method: "GET", path: "/api/workspace", by: By::Scope, body: none, expected: ADMINS },
    Row { method: "GET", path: "/api/workspace/versions", by: By::Scope, body: none, expected: ADMINS },
    Row { method: "GET", path: "/api/workspace/versions/{number}", by: By::Scope, body: none, expected: ADMINS },
    Row { method: "POST", path: "/api/workspace/versions/{number}/activate", by: By::Scope, body: none, expected: ADMINS },
    Row { method: "GET", path: "/api/workspace/files", by: By::Scope, body: none, expected: ADMINS },
    Row { method: "GET", path: "/api/workspace/files/{path}", by: By::Scope, body: none, expected: ADMINS },
    Row { method: "POST", path: "/api/drafts", by: By::Scope, body: draft, expected: ADMINS },
    Row { method: "GET", path: "/api/workflows", by: By::Scope, body: none, expected: ALL },
    Row { method: "GET", path: "/api/workflows/{id}", by: By::Workflow, body: none, expected: ID_SHARED },
    Row { method: "POST", path: "/api/workflows/execute", by: By::Scope, body: execute,
        expected: ["401 401 401", "202 404 404", "202 404 404", "202 202 202"] },
    Row { method: "POST", path: "/api/data-providers/{id}/invoke", by: By::Provider, body: none,
        expected: ID_SHARED },
    Row { method: "GET", path: "/api/executions", by: By::Scope, body: none, expected: ALL },
    Row { method: "GET", path: "/api/executions/{id}", by: By::Execution, body: none, expected: ID_ALL },
    Row { method: "GET", path: "/api/executions/{id}/result", by: By::Execution, body: none, expected: ID_ALL },
    Row { method: "GET", path: "/api/executions/{id}/logs", by: By::Execution, body: none, expected: ID_ALL },
    Row { method: "GET", path: "/api/executions/{id}/variables", by: By::Execution, body: none, expected: ID_ADMINS },
    Row { method: "POST", path: "/api/executions/{id}/cancel", by: By::Execution, body: none, expected: ID_ALL_ACCEPTED },
    Row { method: "POST", path: "/api/executions/{id}/rerun", by: By::Execution, body: none, expected: ID_ALL_ACCEPTED },
    Row { method: "GET", path: "/api/dead-letters", by: By::Scope, body: none, expected: PLATFORM },
    Row { method: "GET", path: "/api/dead-letters/{id}", by: By::DeadLetter, body: none,
        expected: ["401 401 401", "403 403 403", "403 403 403", "200 200 200"] },
    Row { method: "POST", path: "/api/dead-letters/{id}/replay", by: By::DeadLetter, body: none,
        expected: ["401 401 401", "403 403 403", "403 403 403", "202 202 202"] },
    Row { method: "GET", path: "/api/schedules", by: By::Scope, body: none, expected: ADMINS },
    Row { method: "POST", path: "/api/schedules", by: By::Scope, body: new_schedule,
        expected: ["401 401 401", "403 404 404", "201 404 404", "201 201 201"] },
    Row { method: "POST", path: "/api/schedules/preview", by: By::Scope, body: expression, expected: ADMINS },
    Row { method: "GET", path: "/api/schedules/{id}", by: By::Schedule, body: none, expected: ID_ADMINS },
    Row { method: "PATCH", path: "/api/schedules/{id}", by: By::Schedule, body: pause, expected: ID_ADMINS },
    Row { method: "DELETE", path: "/api/schedules/{id}", by: By::Schedule, body: none,
        expected: ["401 401 401", "403 403 403", "204 404 404", "204 404 204"] },
    Row { method: "POST", path: "/api/schedules/{id}/pause", by: By::Schedule, body: none, expected: ID_ADMINS },
    Row { method: "POST", path: "/api/schedules/{id}/resume", by: By::Schedule, body: none, expected: ID_ADMINS },
    Row { method: "POST", path: "/api/schedules/{id}/run", by: By::Schedule, body: none,
        expected: ["401 401 401", "403 403 403", "202 404 404", "202 404 202"] },
    Row { method: "GET", path: "/api/schedules/{id}/preview", by: By::Schedule, body: none, expected: ID_ADMINS },
    Row { method: "GET", path: "/api/config", by: By::Scope, body: none, expected: ADMINS },
    Row { method: "GET", path: "/api/config/{key}", by: By::Config, body: none,
        expected: ["401 401 401", "403 403 403", "200 404 200", "200 404 200"] },
    // A key that exists elsewhere is a new key here.
    Row { method: "PUT", path: "/api/config/{key}", by: By::Config, body: value,
        expected: ["401 401 401", "403 403 403", "200 200 200", "200 200 200"] },
    Row { method: "DELETE", path: "/api/config/{key}", by: By::Config, body: none,
        expected: ["401 401 401", "403 403 403", "204 404 404", "204 404 204"] },
    Row { method: "GET", path: "/api/organizations", by: By::Scope, body: none, expected: PLATFORM },
    Row { method: "POST", path: "/api/organizations", by: By::Scope, body: organization, expected: PLATFORM_CREATES },
    Row { method: "GET", path: "/api/organizations/{id}", by: By::Organization, body: none,
        expected: ["401 401 401", "403 403 403", "403 403 403", "200 200 200"] },
    Row { method: "PATCH", path: "/api/organizations/{id}", by: By::Organization, body: organization,
        expected: ["401 401 401", "403 403 403", "403 403 403", "200 200 200"] },
    Row { method: "GET", path: "/api/keys", by: By::Scope, body: none, expected: PLATFORM },
    Row { method: "POST", path: "/api/keys", by: By::Scope, body: new_key, expected: PLATFORM_CREATES },
    Row { method: "DELETE", path: "/api/keys/{id}", by: By::Key, body: none,
        expected: ["401 401 401", "403 403 403", "403 403 403", "204 404 204"] },
    // 426: everything is right but that this client cannot switch to WebSocket. Without a
    // key in the headers the first message has to bring it.
    Row { method: "GET", path: "/ws/connect", by: By::Scope, body: none,
        expected: ["426 426 426", "426 404 404", "426 404 404", "426 426 426"] },
    Row { method: "GET", path: "/ws/execution/{id}", by: By::Execution, body: none,
        expected: ["426 426 426", "426 404 404", "426 404 404", "426 404 426"] },
];

fn rows() -> impl Iterator<Item = &'static Row> {
    ROWS.iter().chain(sign_in::ROWS)
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

#[derive(Clone, Copy, Debug, PartialEq)]
enum Owner {
    Own,
    Foreign,
    Global,
}

const OWNERS: [Owner; 3] = [Owner::Own, Owner::Foreign, Owner::Global];

impl Owner {
    fn organization(self, platform: &Platform) -> OrganizationId {
        match self {
            Self::Own => platform.own.id,
            Self::Foreign => platform.foreign.id,
            Self::Global => platform.provider,
        }
    }

    fn scope(self, platform: &Platform) -> Scope {
        match self {
            Self::Global => Scope::Global,
            _ => Scope::Organization(self.organization(platform)),
        }
    }

    /// Whose run it is; the own one is the end user's.
    fn user(self, platform: &Platform) -> UserId {
        match self {
            Self::Own => platform.own.user.user,
            Self::Foreign => platform.foreign.user.user,
            Self::Global => platform.root.user,
        }
    }
}

/// A fresh target of a row, by the id that goes into the path.
async fn target(platform: &Platform, by: By, owner: Owner) -> String {
    let db = &platform.state.db;
    let organization = owner.organization(platform);
    let scope = owner.scope(platform);
    let new_run = async || {
        let workflow = workflows::find(&db.scope(scope), "hello").await.expect("deployed");
        let (user, role) = (owner.user(platform), Role::OrgUser);
        let caller = Caller::of_role(user, "e", organization, role);
        NewExecution::by(&caller, workflow.id, json!({ "name": "Ada" }))
    };
    match by {
        By::Scope => String::new(),
        By::Organization => organization.to_string(),
        By::Workflow => workflows::find(&db.scope(scope), "hello").await.expect("deployed").id.to_string(),
        By::Provider => {
            workflows::find(&db.scope(scope), "choices_of_site").await.expect("deployed").id.to_string()
        }
        By::Execution => {
            let new = new_run().await;
            executions::accept(&db.org(organization), new).await.expect("accepted").execution.id.to_string()
        }
        By::IdentityProvider => {
            let settings = providers::Settings {
                name: "X".into(),
                kind: "oidc".into(),
                issuer: "http://127.0.0.1:1".into(),
                client_id: uuid::Uuid::now_v7().to_string(),
                client_secret: None,
                scopes: vec!["openid".into()],
                domains: vec![],
                creates_users: false,
                is_enabled: true,
            };
            let made = providers::create(db, &platform.state.keyring, settings).await.expect("made");
            made.id.to_string()
        }
        By::Person => {
            let email = format!("{}@x.example", uuid::Uuid::now_v7());
            let new = users::NewUser::person(&email, "Somebody", Role::OrgUser);
            users::create(&db.org(organization), new).await.expect("made").id.to_string()
        }
        By::DeadLetter => {
            // Scheduled, so that nobody takes it before it is cancelled.
            let mut new = new_run().await;
            new.not_before = Some(bifrost_store::now() + chrono::TimeDelta::hours(1));
            let execution = executions::accept(&db.org(organization), new).await.expect("accepted").execution;
            executions::request_cancel(&db.org(organization), execution.id).await.expect("cancelled");
            let id = DeadLetterId::new();
            let sql = Sql::new(
                "INSERT INTO dead_letters (id, execution_id, organization_id, attempt, reason, state, created_at)
                 VALUES ($1, $2, $3, 1, 'delivery_limit', 'retried', $4)",
            );
            let sql = sql.bind(id).bind(execution.id).bind(organization).bind(bifrost_store::now());
            db.system()
                .write(move |tx| Box::pin(async move { tx.execute(sql).await }))
                .await
                .expect("written");
            id.to_string()
        }
        By::Schedule => {
            let new = NewSchedule {
                workflow_id: workflows::find(&db.scope(scope), "nightly").await.expect("deployed").id,
                name: "s".into(),
                cron: "0 3 * * *".into(),
                time_zone: "UTC".into(),
                overlap: Overlap::Skip,
                catch_up: CatchUp::Last,
                is_enabled: true,
                parameters: json!({}),
                created_by: platform.root.user,
            };
            schedules::create(&db.scope(scope), new).await.expect("made").id.to_string()
        }
        By::Config => {
            let name = format!("key-{}", uuid::Uuid::now_v7());
            let entry = NewEntry {
                key: name.clone(),
                value: json!(1),
                is_secret: false,
                description: None,
                updated_by: None,
            };
            config::set(&db.scope(scope), &platform.state.keyring, entry).await.expect("set");
            name
        }
        By::Key => {
            let user = key(db, organization, &format!("{}@x.example", uuid::Uuid::now_v7()), Role::OrgUser)
                .await
                .user;
            let new =
                NewKey { user, name: "k".into(), role: Role::OrgUser, permissions: None, expires_at: None };
            identity::create_key(&db.org(organization), new).await.expect("key").0.id.to_string()
        }
    }
}

async fn status(platform: &Platform, row: &Row, role: usize, owner: Owner) -> u16 {
    let id = target(platform, row.by, owner).await;
    let path = row.path.replace("{number}", "1").replace("{path}", "flows.py");
    let path = path.replace("{id}", &id).replace("{key}", &id).replace("{code}", "BBBB-BBBB");
    let caller: Option<&Key> =
        [None, Some(&platform.own.user), Some(&platform.own.admin), Some(&platform.root)][role];
    let mut call = platform.call(row.method.parse().expect("a method"), path);
    if let Some(key) = caller {
        call = call.key(key);
    }
    let is_root = ROLES[role] == "platform_admin";
    let named = match (row.by, owner) {
        (By::Scope, Owner::Own) => is_root,
        (By::Scope, Owner::Global) => !is_root,
        (By::Scope, Owner::Foreign) => true,
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
    if !(row.body)().is_null() {
        call = call.json((row.body)());
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
