//! Who may do what, as data: a row for every operation of the API, by areas. An operation
//! without a row fails the test.

use crate::common::made::opened;
use crate::common::target::{By, DOCUMENT, OWNERS, Owner, SLUG, target};
use crate::common::{Key, Platform};
use bifrost_core::Permission::{self, *};
use bifrost_core::{Permissions, Role, RoleId};
use bifrost_store::identity::{self, NewKey};
use bifrost_store::roles::{self, NewRole};
use bifrost_store::users::{self, NewUser};
use serde_json::{Value, json};
use std::collections::{BTreeSet, HashMap};

#[path = "authorization/data.rs"]
mod data;
#[path = "authorization/forms.rs"]
mod forms;
#[path = "authorization/integrations.rs"]
mod integrations;
#[path = "authorization/notifications.rs"]
mod notifications;
#[path = "authorization/organizations.rs"]
mod organizations;
#[path = "authorization/settings.rs"]
mod settings;
#[path = "authorization/sign_in.rs"]
mod sign_in;
#[path = "authorization/webhooks.rs"]
mod webhooks;
#[path = "authorization/workflows.rs"]
mod workflows;

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

fn pause(_: &str) -> Value {
    json!({ "enabled": false })
}

fn empty(_: &str) -> Value {
    json!({})
}

fn change_role(_: &str) -> Value {
    json!({ "description": "x" })
}

pub fn rows() -> impl Iterator<Item = &'static Row> {
    let areas = [
        workflows::ROWS,
        webhooks::ROWS,
        data::ROWS,
        organizations::ROWS,
        forms::ROWS,
        integrations::ROWS,
        notifications::ROWS,
        settings::ROWS,
        sign_in::ROWS,
    ];
    areas.into_iter().flatten()
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
