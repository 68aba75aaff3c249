//! Rows of organizations, their people, and what is known of what these did.

use super::{
    ADMINS, ADMINS_CREATE, ID_ADMINS, ID_ADMINS_DELETE, PLATFORM, PLATFORM_CREATES, Row, change_role, none,
};
use crate::common::target::{By, LEAVING};
use bifrost_core::Permission::{
    ManageKeys, ManageOrganizations, ManageRoles, ManageUsers, ReadAudit, ReadConfig, ReadUsers,
};
use serde_json::{Value, json};

fn leaving(_: &str) -> Value {
    json!({ "confirm": LEAVING })
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

fn new_grant(user: &str) -> Value {
    json!({ "workflow_id": "hello", "user_id": user })
}

#[rustfmt::skip]
pub const ROWS: &[Row] = &[
    Row { method: "GET", path: "/api/egress", needs: Some(ReadConfig), by: By::Scope, body: none, expected: ADMINS },
    Row { method: "GET", path: "/api/egress/usage", needs: Some(ReadConfig), by: By::Scope, body: none, expected: ADMINS },
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
    Row { method: "GET", path: "/api/organizations/{id}/usage", needs: Some(ManageOrganizations), by: By::Organization, body: none,
        expected: ["401 401 401", "403 403 403", "403 403 403", "200 200 200"] },
    Row { method: "GET", path: "/api/offboardings", needs: Some(ManageOrganizations), by: By::Scope, body: none, expected: PLATFORM },
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
];
