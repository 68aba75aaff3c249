//! The rows of signing in. The callers of the matrix have keys: what is for people who are
//! signed in is nothing for them, and steps of signing in are open to everybody.

use super::{Row, none};
use crate::common::target::By;
use bifrost_core::Permission::{ManageUsers, OperatePlatform};
use serde_json::{Value, json};

/// The same for everybody, whatever they send along.
const fn open(statuses: &'static str) -> [&'static str; 4] {
    [statuses; 4]
}

/// For people who are signed in.
const PEOPLE: [&str; 4] = ["401 401 401", "403 404 404", "403 404 404", "403 403 403"];
const PEOPLE_ANY: [&str; 4] = ["401 401 401", "403 403 403", "403 403 403", "403 403 403"];
/// For whoever runs the platform.
const OPERATORS: [&str; 4] = ["401 401 401", "403 404 404", "403 404 404", "200 200 200"];
const OPERATORS_BY_ID: [&str; 4] = ["401 401 401", "403 403 403", "403 403 403", "200 200 200"];

fn empty(_: &str) -> Value {
    json!({})
}

fn name(_: &str) -> Value {
    json!({ "name": "Other" })
}

/// Its issuer is nowhere: 422 is an answer to somebody who may.
fn provider(_: &str) -> Value {
    json!({ "name": "X", "kind": "oidc", "issuer": "http://127.0.0.1:1", "client_id": "x" })
}

fn password(_: &str) -> Value {
    json!({ "new_password": "correct horse battery" })
}

#[rustfmt::skip]
pub(super) const ROWS: &[Row] = &[
    Row { method: "GET", path: "/api/sign-in", needs: None, by: By::Scope, body: none, expected: open("200 200 200") },
    Row { method: "POST", path: "/api/sign-in/password", needs: None, by: By::Scope, body: empty, expected: open("422 422 422") },
    Row { method: "POST", path: "/api/sign-in/second-factor", needs: None, by: By::Scope, body: empty, expected: open("409 409 409") },
    Row { method: "POST", path: "/api/sign-in/passkey/challenge", needs: None, by: By::Scope, body: none, expected: open("200 200 200") },
    Row { method: "POST", path: "/api/sign-in/passkey", needs: None, by: By::Scope, body: empty, expected: open("422 422 422") },
    Row { method: "POST", path: "/api/sign-in/link", needs: None, by: By::Scope, body: empty, expected: open("422 422 422") },
    Row { method: "POST", path: "/api/sign-in/invitation", needs: None, by: By::Scope, body: empty, expected: open("422 422 422") },
    Row { method: "POST", path: "/api/set-up", needs: None, by: By::Scope, body: empty, expected: open("422 422 422") },
    // 409: the provider of the tests cannot be reached, and there is no sign-in to finish.
    Row { method: "GET", path: "/api/sign-in/providers/{id}", needs: None, by: By::IdentityProvider, body: none, expected: open("409 409 409") },
    Row { method: "GET", path: "/api/sign-in/providers/{id}/callback", needs: None, by: By::IdentityProvider, body: none, expected: open("409 409 409") },
    // 400: no form.
    Row { method: "POST", path: "/api/device/code", needs: None, by: By::Scope, body: none, expected: open("400 400 400") },
    Row { method: "POST", path: "/api/device/token", needs: None, by: By::Scope, body: none, expected: open("400 400 400") },
    // 409: a key does not sign out.
    Row { method: "POST", path: "/api/sign-out", needs: None, by: By::Scope, body: none,
        expected: ["401 401 401", "409 404 404", "409 404 404", "409 409 409"] },
    Row { method: "GET", path: "/api/me/sign-in", needs: None, by: By::Scope, body: none, expected: PEOPLE },
    Row { method: "PUT", path: "/api/me/password", needs: None, by: By::Scope, body: password, expected: PEOPLE },
    Row { method: "POST", path: "/api/me/second-factor", needs: None, by: By::Scope, body: none, expected: PEOPLE },
    Row { method: "DELETE", path: "/api/me/second-factor", needs: None, by: By::Scope, body: none, expected: PEOPLE },
    Row { method: "POST", path: "/api/me/second-factor/confirm", needs: None, by: By::Scope, body: empty, expected: PEOPLE },
    Row { method: "POST", path: "/api/me/recovery-codes", needs: None, by: By::Scope, body: none, expected: PEOPLE },
    Row { method: "POST", path: "/api/me/passkeys/challenge", needs: None, by: By::Scope, body: none, expected: PEOPLE },
    Row { method: "POST", path: "/api/me/passkeys", needs: None, by: By::Scope, body: empty, expected: PEOPLE },
    Row { method: "DELETE", path: "/api/me/passkeys/{id}", needs: None, by: By::Organization, body: none, expected: PEOPLE_ANY },
    Row { method: "GET", path: "/api/me/sessions", needs: None, by: By::Scope, body: none, expected: PEOPLE },
    Row { method: "DELETE", path: "/api/me/sessions", needs: None, by: By::Scope, body: none, expected: PEOPLE },
    Row { method: "DELETE", path: "/api/me/sessions/{id}", needs: None, by: By::Organization, body: none, expected: PEOPLE_ANY },
    Row { method: "GET", path: "/api/device/{code}", needs: None, by: By::Scope, body: none, expected: PEOPLE },
    Row { method: "POST", path: "/api/device/{code}/approve", needs: None, by: By::Scope, body: none, expected: PEOPLE },
    Row { method: "POST", path: "/api/device/{code}/deny", needs: None, by: By::Scope, body: none, expected: PEOPLE },
    Row { method: "POST", path: "/api/users/{id}/password-link", needs: Some(ManageUsers), by: By::User, body: empty,
        expected: ["401 401 401", "403 403 403", "201 404 404", "201 404 201"] },
    Row { method: "DELETE", path: "/api/users/{id}/sessions", needs: Some(ManageUsers), by: By::User, body: none,
        expected: ["401 401 401", "403 403 403", "204 404 404", "204 404 204"] },
    Row { method: "GET", path: "/api/identity-providers", needs: Some(OperatePlatform), by: By::Scope, body: none, expected: OPERATORS },
    Row { method: "POST", path: "/api/identity-providers", needs: Some(OperatePlatform), by: By::Scope, body: provider,
        expected: ["401 401 401", "403 404 404", "403 404 404", "422 422 422"] },
    Row { method: "GET", path: "/api/identity-providers/{id}", needs: Some(OperatePlatform), by: By::IdentityProvider, body: none, expected: OPERATORS_BY_ID },
    Row { method: "PATCH", path: "/api/identity-providers/{id}", needs: Some(OperatePlatform), by: By::IdentityProvider, body: name, expected: OPERATORS_BY_ID },
    Row { method: "DELETE", path: "/api/identity-providers/{id}", needs: Some(OperatePlatform), by: By::IdentityProvider, body: none,
        expected: ["401 401 401", "403 403 403", "403 403 403", "204 204 204"] },
];
