//! The platform's own settings, and what everybody sees of them.

use super::{ALL, OPEN, PLATFORM, Row, none};
use crate::common::target::By;
use bifrost_core::Permission::OperatePlatform;
use serde_json::{Value, json};

const PLATFORM_DELETE: [&str; 4] = ["401 401 401", "403 404 404", "403 404 404", "204 204 204"];

fn branding(_: &str) -> Value {
    json!({ "product_name": "Acme", "accent": "#336699" })
}

/// As much of a PNG as tells it from others.
fn logo(_: &str) -> Value {
    json!({ "content": "iVBORw0KGgo=" })
}

fn policy(_: &str) -> Value {
    json!({ "second_factor": "off" })
}

#[rustfmt::skip]
pub(super) const ROWS: &[Row] = &[
    Row { method: "GET", path: "/api/about", needs: None, by: By::Scope, body: none, expected: ALL },
    Row { method: "GET", path: "/api/branding", needs: None, by: By::Scope, body: none, expected: OPEN },
    Row { method: "GET", path: "/api/branding/logo", needs: None, by: By::Logo, body: none, expected: OPEN },
    Row { method: "GET", path: "/api/settings", needs: Some(OperatePlatform), by: By::Scope, body: none, expected: PLATFORM },
    Row { method: "PUT", path: "/api/settings/branding", needs: Some(OperatePlatform), by: By::Scope, body: branding, expected: PLATFORM },
    Row { method: "DELETE", path: "/api/settings/branding", needs: Some(OperatePlatform), by: By::Scope, body: none, expected: PLATFORM_DELETE },
    Row { method: "PUT", path: "/api/settings/branding/logo", needs: Some(OperatePlatform), by: By::Scope, body: logo, expected: PLATFORM },
    Row { method: "DELETE", path: "/api/settings/branding/logo", needs: Some(OperatePlatform), by: By::Scope, body: none, expected: PLATFORM_DELETE },
    // 409: there is no mail in the tests.
    Row { method: "POST", path: "/api/settings/mail/test", needs: Some(OperatePlatform), by: By::Scope, body: none,
        expected: ["401 401 401", "403 404 404", "403 404 404", "409 409 409"] },
    Row { method: "PUT", path: "/api/settings/sign-in", needs: Some(OperatePlatform), by: By::Scope, body: policy, expected: PLATFORM },
];
