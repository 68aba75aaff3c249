//! Whether the process lives, whether it can serve, what it is.

use crate::problem::{ApiError, ApiResult, Problem};
use crate::responses::Open;
use crate::state::ApiState;
use axum::Json;
use axum::extract::State;
use axum::response::IntoResponse;
use http::{StatusCode, header};
use serde::Serialize;
use std::sync::LazyLock;

/// A healthy process.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct Health {
    /// Always `ok`; anything else is an error status.
    status: &'static str,
}

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
    Json(Health { status: "ok" })
}

/// Answers 200 when requests can be served: the database answers.
#[utoipa::path(get, path = "/health/ready", operation_id = "health_ready", tag = "health",
    responses((status = 200, body = Health), (status = 503, description = "Not ready", body = Problem, content_type = "application/problem+json"), Open))]
pub(crate) async fn ready(State(state): State<ApiState>) -> ApiResult<Json<Health>> {
    state.db.ping().await.map_err(|error| {
        tracing::warn!(error = format!("{error:#}"), "not ready");
        ApiError::new(StatusCode::SERVICE_UNAVAILABLE, "not_ready", "the database does not answer")
    })?;
    Ok(Json(Health { status: "ok" }))
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
