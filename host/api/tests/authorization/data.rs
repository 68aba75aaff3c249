//! Rows of what workflows keep: tables, files, the configuration.

use super::{
    ADMINS, ADMINS_CREATE, ID_ADMINS, ID_ADMINS_CREATE, ID_ADMINS_DELETE, ID_ADMINS_SHARED, OPEN, Row,
    change_role, none,
};
use crate::common::target::By;
use bifrost_core::Permission::{
    ManageOrganizations, ReadConfig, ReadFiles, ReadTables, WriteConfig, WriteFiles, WriteTables,
};
use serde_json::{Value, json};

fn value(_: &str) -> Value {
    json!({ "value": 1 })
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

#[rustfmt::skip]
pub const ROWS: &[Row] = &[
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
];
