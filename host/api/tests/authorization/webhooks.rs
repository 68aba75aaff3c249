//! Rows of what lets others in: endpoints and webhooks.

use super::{
    ADMINS, ADMINS_CREATE, CALLS, ID_ADMINS, ID_ADMINS_CREATE, ID_ADMINS_DELETE, Row, empty, none, pause,
};
use crate::common::target::By;
use bifrost_core::Permission::{ManageWebhooks, RunWorkflows};
use serde_json::{Value, json};

fn new_endpoint(_: &str) -> Value {
    json!({ "workflow_id": "nightly", "slug": uuid::Uuid::now_v7().to_string() })
}

fn new_webhook(_: &str) -> Value {
    json!({ "name": uuid::Uuid::now_v7().to_string(), "kind": "generic" })
}

fn new_subscription(_: &str) -> Value {
    json!({ "workflow_id": "nightly" })
}

#[rustfmt::skip]
pub const ROWS: &[Row] = &[
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
];
