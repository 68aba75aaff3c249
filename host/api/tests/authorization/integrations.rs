//! The rows of integrations and their connections.

use super::{ADMINS, ADMINS_CREATE, ID_ADMINS, ID_ADMINS_DELETE, Row, empty, none};
use crate::common::target::By;
use bifrost_core::Permission::{ManageIntegrations, ManageOrganizations};
use serde_json::{Value, json};

fn new_integration(_: &str) -> Value {
    json!({ "name": uuid::Uuid::now_v7().to_string() })
}

fn description(_: &str) -> Value {
    json!({ "description": "x" })
}

fn entity(_: &str) -> Value {
    json!({ "entity_id": "e" })
}

fn new_connection(integration: &str) -> Value {
    json!({ "integration": integration })
}

fn client(_: &str) -> Value {
    json!({ "client_id": "other" })
}

#[rustfmt::skip]
pub(super) const ROWS: &[Row] = &[
    Row { method: "GET", path: "/api/integrations", needs: Some(ManageIntegrations), by: By::Scope, body: none, expected: ADMINS },
    Row { method: "POST", path: "/api/integrations", needs: Some(ManageIntegrations), by: By::Scope, body: new_integration, expected: ADMINS_CREATE },
    // Everybody sees what the provider has, and only the provider changes it.
    Row { method: "GET", path: "/api/integrations/{name}", needs: Some(ManageIntegrations), by: By::Integration, body: none,
        expected: ["401 401 401", "403 403 403", "200 404 200", "200 404 200"] },
    Row { method: "PATCH", path: "/api/integrations/{name}", needs: Some(ManageIntegrations), by: By::Integration, body: description, expected: ID_ADMINS },
    Row { method: "DELETE", path: "/api/integrations/{name}", needs: Some(ManageIntegrations), by: By::Integration, body: none, expected: ID_ADMINS_DELETE },
    Row { method: "GET", path: "/api/integrations/{name}/mappings", needs: Some(ManageIntegrations), by: By::Mapping, body: none,
        expected: ["401 401 401", "403 403 403", "200 404 200", "200 404 200"] },
    Row { method: "PUT", path: "/api/integrations/{name}/mappings/{organization}", needs: Some(ManageIntegrations), by: By::Integration, body: entity, expected: ID_ADMINS },
    Row { method: "DELETE", path: "/api/integrations/{name}/mappings/{organization}", needs: Some(ManageIntegrations), by: By::Mapping, body: none, expected: ID_ADMINS_DELETE },
    Row { method: "GET", path: "/api/integrations/{name}/shares", needs: Some(ManageOrganizations), by: By::IntegrationShare, body: none,
        expected: ["401 401 401", "403 403 403", "403 403 403", "200 200 200"] },
    Row { method: "PUT", path: "/api/integrations/{name}/shares/{organization}", needs: Some(ManageOrganizations), by: By::IntegrationShare, body: none,
        expected: ["401 401 401", "403 403 403", "403 403 403", "204 204 204"] },
    Row { method: "DELETE", path: "/api/integrations/{name}/shares/{organization}", needs: Some(ManageOrganizations), by: By::IntegrationShare, body: none,
        expected: ["401 401 401", "403 403 403", "403 403 403", "204 204 204"] },
    Row { method: "GET", path: "/api/oauth/connections", needs: Some(ManageIntegrations), by: By::Scope, body: none, expected: ADMINS },
    // An organization connects itself to the provider's integrations too.
    Row { method: "POST", path: "/api/oauth/connections", needs: Some(ManageIntegrations), by: By::Integration, body: new_connection,
        expected: ["401 401 401", "403 403 403", "201 404 201", "201 404 201"] },
    Row { method: "GET", path: "/api/oauth/connections/{id}", needs: Some(ManageIntegrations), by: By::Connection, body: none, expected: ID_ADMINS },
    Row { method: "PATCH", path: "/api/oauth/connections/{id}", needs: Some(ManageIntegrations), by: By::Connection, body: client, expected: ID_ADMINS },
    Row { method: "DELETE", path: "/api/oauth/connections/{id}", needs: Some(ManageIntegrations), by: By::Connection, body: none, expected: ID_ADMINS_DELETE },
    Row { method: "POST", path: "/api/oauth/connections/{id}/authorize", needs: Some(ManageIntegrations), by: By::Connection, body: empty, expected: ID_ADMINS },
    Row { method: "POST", path: "/api/oauth/connections/{id}/refresh", needs: Some(ManageIntegrations), by: By::Connection, body: none, expected: ID_ADMINS },
    Row { method: "POST", path: "/api/oauth/connections/{id}/disconnect", needs: Some(ManageIntegrations), by: By::Connection, body: none, expected: ID_ADMINS },
    // For whoever is signed in and began it; no key is.
    Row { method: "GET", path: "/api/oauth/callback", needs: None, by: By::Scope, body: none,
        expected: ["401 401 401", "403 404 404", "403 404 404", "403 403 403"] },
];
