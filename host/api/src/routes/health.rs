//! Whether the process lives, whether it can serve, what it is.

use crate::auth::{Auth, organization_of};
use crate::credential::Credential;
use crate::health::{self, Health};
use crate::origin::Origin;
use crate::problem::{ApiResult, Problem};
use crate::responses::{Open, Reads};
use crate::state::ApiState;
use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use bifrost_core::{Error, Permission};
use http::{Extensions, HeaderMap, header};
use serde::Serialize;
use std::sync::LazyLock;

/// What answers.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct VersionInfo {
    /// Always `bifrost`.
    name: &'static str,
    /// Version of the program.
    version: &'static str,
}

/// Answers as long as the process can answer at all.
#[utoipa::path(get, path = "/health/live", operation_id = "health_live", tag = "health",
    responses((status = 200, body = Health), Open))]
pub(crate) async fn live() -> Json<Health> {
    Json(Health::OK)
}

/// Answers 200 when requests can be served, which takes the database; `degraded` names what else does not answer.
#[utoipa::path(get, path = "/health/ready", operation_id = "health_ready", tag = "health",
    responses((status = 200, body = Health), (status = 503, description = "Not ready", body = Problem, content_type = "application/problem+json"), Open))]
pub(crate) async fn ready(State(state): State<ApiState>) -> ApiResult<Json<Health>> {
    state.services().ready().await
}

/// Metrics for Prometheus: for platform administrators, and whoever has the token that the
/// server was started with.
#[utoipa::path(get, path = "/metrics", operation_id = "metrics", tag = "health",
    responses((status = 200, description = "Prometheus' text format", content_type = "text/plain"), Reads))]
pub(crate) async fn metrics(
    State(state): State<ApiState>,
    headers: HeaderMap,
    extensions: Extensions,
) -> ApiResult<Response> {
    let credential = Credential::of(&headers, &state).ok_or(Error::Unauthenticated)?;
    let token = state.operations.metrics_token.as_deref();
    // Hashes are compared in constant time.
    let has_token = match (&credential, token) {
        (Credential::Key(key), Some(token)) => blake3::hash(token.as_bytes()) == blake3::hash(key.as_bytes()),
        _ => false,
    };
    if !has_token {
        let origin = Origin::of(&extensions);
        let auth = Auth::of(&state, &credential, organization_of(&headers), &origin).await?;
        auth.need(Permission::OperatePlatform)?;
    }
    Ok(health::text(&state.db))
}

/// The version of the program.
#[utoipa::path(get, path = "/api/version", operation_id = "version", tag = "health",
    responses((status = 200, body = VersionInfo), Open))]
pub(crate) async fn version() -> Json<VersionInfo> {
    Json(VersionInfo { name: "bifrost", version: env!("CARGO_PKG_VERSION") })
}

/// This document.
#[utoipa::path(get, path = "/openapi.json", operation_id = "openapi", tag = "health",
    responses((status = 200, description = "The OpenAPI document", content_type = "application/json"), Open))]
pub(crate) async fn document() -> impl IntoResponse {
    static DOCUMENT: LazyLock<String> = LazyLock::new(|| crate::openapi().to_json().unwrap_or_default());
    ([(header::CONTENT_TYPE, "application/json")], DOCUMENT.as_str())
}
