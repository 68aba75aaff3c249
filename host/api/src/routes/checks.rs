//! What is wrong with code that is not deployed: the build of a deploy, and nothing else of it.

use super::workspace::compare;
use crate::auth::may;
use crate::extract::Input;
use crate::problem::ApiResult;
use crate::responses::{Limited, Writes};
use crate::service::{packages, shared, source};
use crate::state::ApiState;
use axum::Json;
use axum::extract::State;
use bifrost_core::{FileError, Package, Warning, WorkflowInfo};
use bifrost_store::workspaces;
use serde::{Deserialize, Serialize};
use std::time::Instant;

/// Code to look at.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CheckRequest {
    /// Unsaved files over the active version: path to base64, `null` for a deleted one.
    #[serde(default)]
    #[schema(value_type = std::collections::HashMap<String, Option<String>>)]
    files: source::Edits,
}

/// What a deploy would find. Lists of workflows hold `path::function`.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct CheckResponse {
    /// Files that do not load, and why.
    errors: Vec<FileError>,
    /// What is accepted but looks wrong.
    warnings: Vec<Warning>,
    /// All that are found, with their parameters.
    workflows: Vec<WorkflowInfo>,
    /// What a deploy would do to those of the active version.
    added: Vec<String>,
    updated: Vec<String>,
    removed: Vec<String>,
    /// The packages that it is built with.
    packages: Vec<Package>,
    duration_ms: u64,
}

/// Builds unsaved files as a deploy does, and tells what is found. Changes nothing. One check of
/// an organization runs at a time; others wait in a short line.
#[utoipa::path(post, path = "/api/workspace/check", operation_id = "check_workspace", tag = "workspace",
    request_body = CheckRequest, responses((status = 200, body = CheckResponse), Writes, Limited))]
pub(crate) async fn check(
    State(state): State<ApiState>,
    may::DraftWorkspace(auth): may::DraftWorkspace,
    Input(body): Input<CheckRequest>,
) -> ApiResult<Json<CheckResponse>> {
    let start = Instant::now();
    let _turn = state.operations.checks.take(auth.organization()).await?;
    let scope = auth.scoped(&state);
    let active = match workspaces::active_version(&scope).await? {
        Some(version) => Some(workspaces::version(&scope, version.number).await?),
        None => None,
    };
    let mut own = source::edited(&state, active.as_ref().map(|(version, _)| version), body.files).await?;
    packages::settle(&state, &auth, &mut own, false).await?;
    let whole = shared::whole(&state, &scope, auth.scope, own).await?;
    let report = match &active {
        // What is deployed is known.
        Some((version, report)) if version.source_hash == whole.hash => report.clone(),
        _ => shared::build(&state, &whole).await?,
    };
    let known = active.map(|(_, report)| report.workflows).unwrap_or_default();
    let (added, updated, removed) = compare(known, report.workflows.clone());
    Ok(Json(CheckResponse {
        errors: report.errors,
        warnings: report.warnings,
        workflows: report.workflows,
        added,
        updated,
        removed,
        packages: report.packages,
        duration_ms: start.elapsed().as_millis() as u64,
    }))
}
