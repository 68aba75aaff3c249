//! Notifications, and what workflows were good for.

use super::{ADMINS, ADMINS_CREATE, ALL, ID_ADMINS, ID_ADMINS_DELETE, Row, none, pause};
use crate::common::target::By;
use bifrost_core::Permission::{ManageOrganization, ReadExecutions};
use serde_json::{Value, json};

fn new_channel(_: &str) -> Value {
    json!({ "name": uuid::Uuid::now_v7().to_string(), "kind": "email", "addresses": ["a@x.example"] })
}

fn new_rule(_: &str) -> Value {
    json!({ "name": uuid::Uuid::now_v7().to_string(), "event": "connection_broken" })
}

#[rustfmt::skip]
pub const ROWS: &[Row] = &[
    Row { method: "GET", path: "/api/notification-channels", needs: Some(ManageOrganization), by: By::Scope, body: none, expected: ADMINS },
    Row { method: "POST", path: "/api/notification-channels", needs: Some(ManageOrganization), by: By::Scope, body: new_channel, expected: ADMINS_CREATE },
    Row { method: "GET", path: "/api/notification-channels/{id}", needs: Some(ManageOrganization), by: By::NotificationChannel, body: none, expected: ID_ADMINS },
    Row { method: "PATCH", path: "/api/notification-channels/{id}", needs: Some(ManageOrganization), by: By::NotificationChannel, body: pause, expected: ID_ADMINS },
    Row { method: "DELETE", path: "/api/notification-channels/{id}", needs: Some(ManageOrganization), by: By::NotificationChannel, body: none, expected: ID_ADMINS_DELETE },
    Row { method: "POST", path: "/api/notification-channels/{id}/test", needs: Some(ManageOrganization), by: By::NotificationChannel, body: none, expected: ID_ADMINS },
    Row { method: "GET", path: "/api/notification-rules", needs: Some(ManageOrganization), by: By::Scope, body: none, expected: ADMINS },
    Row { method: "POST", path: "/api/notification-rules", needs: Some(ManageOrganization), by: By::Scope, body: new_rule, expected: ADMINS_CREATE },
    Row { method: "GET", path: "/api/notification-rules/{id}", needs: Some(ManageOrganization), by: By::NotificationRule, body: none, expected: ID_ADMINS },
    Row { method: "PATCH", path: "/api/notification-rules/{id}", needs: Some(ManageOrganization), by: By::NotificationRule, body: pause, expected: ID_ADMINS },
    Row { method: "DELETE", path: "/api/notification-rules/{id}", needs: Some(ManageOrganization), by: By::NotificationRule, body: none, expected: ID_ADMINS_DELETE },
    Row { method: "GET", path: "/api/notifications", needs: None, by: By::Scope, body: none, expected: ALL },
    Row { method: "GET", path: "/api/notifications/unread", needs: None, by: By::Scope, body: none, expected: ALL },
    Row { method: "POST", path: "/api/notifications/read", needs: None, by: By::Scope, body: none,
        expected: ["401 401 401", "204 404 404", "204 404 404", "204 204 204"] },
    // Of a failed run, which is for those who see the runs of others.
    Row { method: "POST", path: "/api/notifications/{id}/read", needs: None, by: By::Notification, body: none,
        expected: ["401 401 401", "404 404 404", "204 404 404", "204 404 204"] },
    Row { method: "GET", path: "/api/usage/time-saved", needs: Some(ReadExecutions), by: By::Scope, body: none, expected: ADMINS },
];
