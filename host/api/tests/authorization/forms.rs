//! The rows of forms.

use super::{
    ADMINS, ADMINS_CREATE, ALL, ID_ADMINS, ID_ADMINS_CREATE, ID_ADMINS_DELETE, ID_SHARED, OPEN, Row, empty,
    none,
};
use crate::common::target::By;
use bifrost_core::Permission::ManageForms;
use serde_json::{Value, json};

/// In the place of a session of whoever asks.
pub(super) const SESSION: &str = "{session}";

fn new_form(_: &str) -> Value {
    json!({ "name": uuid::Uuid::now_v7().to_string(), "workflow": "hello", "fields": [
        { "name": "name", "label": "Name", "type": "text" },
    ] })
}

fn changed(_: &str) -> Value {
    let mut form = new_form("");
    form["revision"] = json!(1);
    form
}

fn options(_: &str) -> Value {
    json!({ "session_id": SESSION, "field": "site" })
}

fn upload(_: &str) -> Value {
    json!({ "session_id": SESSION, "field": "paper", "name": "a.txt", "content_type": "text/plain", "size": 1 })
}

fn submit(_: &str) -> Value {
    json!({ "session_id": SESSION, "values": { "name": "Ada" } })
}

fn tried() -> Value {
    json!({ "name": "Tried", "workflow": "hello", "fields": [
        { "name": "name", "label": "Name", "type": "text" },
        { "name": "paper", "label": "Paper", "type": "file" },
    ] })
}

fn preview(_: &str) -> Value {
    json!({ "definition": tried() })
}

fn preview_upload(id: &str) -> Value {
    json!({ "definition": tried(), "upload": upload(id) })
}

fn preview_submit(id: &str) -> Value {
    let mut body = submit(id);
    body["definition"] = tried();
    body
}

#[rustfmt::skip]
pub(super) const ROWS: &[Row] = &[
    Row { method: "GET", path: "/api/forms", needs: None, by: By::Scope, body: none, expected: ALL },
    Row { method: "POST", path: "/api/forms", needs: Some(ManageForms), by: By::Scope, body: new_form, expected: ADMINS_CREATE },
    Row { method: "POST", path: "/api/forms/check", needs: Some(ManageForms), by: By::Scope, body: new_form, expected: ADMINS },
    Row { method: "POST", path: "/api/forms/preview/open", needs: Some(ManageForms), by: By::Scope, body: preview, expected: ADMINS },
    Row { method: "POST", path: "/api/forms/preview/{id}/uploads", needs: Some(ManageForms), by: By::OpenedPreview, body: preview_upload,
        expected: ID_ADMINS_CREATE },
    Row { method: "POST", path: "/api/forms/preview/{id}/execute", needs: Some(ManageForms), by: By::OpenedPreview, body: preview_submit,
        expected: ["401 401 401", "403 403 403", "202 404 404", "202 404 202"] },
    Row { method: "GET", path: "/api/forms/schema.json", needs: None, by: By::Scope, body: none, expected: OPEN },
    // Everybody of an organization uses its forms and the provider's, where they are not for some only.
    Row { method: "GET", path: "/api/forms/{id}", needs: None, by: By::Form, body: none, expected: ID_SHARED },
    Row { method: "PUT", path: "/api/forms/{id}", needs: Some(ManageForms), by: By::Form, body: changed, expected: ID_ADMINS },
    Row { method: "DELETE", path: "/api/forms/{id}", needs: Some(ManageForms), by: By::Form, body: none, expected: ID_ADMINS_DELETE },
    Row { method: "POST", path: "/api/forms/{id}/open", needs: None, by: By::Form, body: empty, expected: ID_SHARED },
    Row { method: "POST", path: "/api/forms/{id}/options", needs: None, by: By::OpenedForm, body: options, expected: ID_SHARED },
    Row { method: "POST", path: "/api/forms/{id}/uploads", needs: None, by: By::OpenedForm, body: upload,
        expected: ["401 401 401", "201 404 201", "201 404 201", "201 404 201"] },
    Row { method: "POST", path: "/api/forms/{id}/execute", needs: None, by: By::OpenedForm, body: submit,
        expected: ["401 401 401", "202 404 202", "202 404 202", "202 404 202"] },
];
