//! Versions of a workspace, and the way back to one.

use crate::auth::may;
use crate::extract::{Input, Path, Query};
use crate::problem::ApiResult;
use crate::responses::{Reads, Writes};
use crate::service::{shared, source};
use crate::state::ApiState;
use axum::Json;
use axum::extract::State;
use bifrost_core::{Scope, UserId, VersionId, WorkspaceReport, events};
use bifrost_store::warm;
use bifrost_store::workspaces::{self, Deployed, ReviewState, Version};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// A deployed state of a workspace.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct VersionView {
    version: VersionId,
    /// Counts from 1 within the workspace.
    number: i64,
    /// BLAKE3 of the files.
    source_hash: String,
    /// True for the one that new runs get.
    is_active: bool,
    /// `active`, `superseded`, or, of a version that needs a review, `proposed` or `rejected`.
    state: &'static str,
    /// Who decided about it, when it needed a review.
    #[serde(skip_serializing_if = "Option::is_none")]
    reviewed_by: Option<UserId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reviewed_at: Option<DateTime<Utc>>,
    /// What they said about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    review_comment: Option<String>,
    /// Identity of the shared files in it; `null` for none.
    shared_hash: Option<String>,
    /// What its author said about it.
    message: Option<String>,
    created_by: UserId,
    created_at: DateTime<Utc>,
    /// How many workflows were found.
    workflow_count: i64,
    /// How many files were left out.
    error_count: i64,
}

/// How many workers have a version loaded, so that its next run starts at once.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct WarmView {
    /// Of those below, the ones that have it in all their sandbox processes.
    workers: i64,
    /// Workers that live and take runs.
    of: i64,
    /// From its activation until the last of them had it, in milliseconds; `null` until all have it.
    since_ms: Option<i64>,
}

/// All versions, newest first.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct VersionList {
    versions: Vec<VersionView>,
}

#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListQuery {
    /// Only those that changed, added or took away this file, among the last 50.
    path: Option<String>,
}

/// A version and what was found in it.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct VersionDetail {
    #[serde(flatten)]
    version: VersionView,
    warm: WarmView,
    report: WorkspaceReport,
}

/// How to switch.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ActivateRequest {
    /// Also when workflows that are in use would be gone.
    #[serde(default)]
    force: bool,
}

/// What the switch did. Lists hold `path::function`.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct Activated {
    version: VersionId,
    number: i64,
    /// False when it was active already.
    changed: bool,
    added: Vec<String>,
    updated: Vec<String>,
    removed: Vec<String>,
}

impl From<Version> for VersionView {
    fn from(version: Version) -> Self {
        let state = match &version.review {
            _ if version.is_active => "active",
            Some(review) if review.state != ReviewState::Approved => review.state.as_str(),
            _ => "superseded",
        };
        let review = version.review;
        Self {
            state,
            reviewed_by: review.as_ref().and_then(|review| review.by),
            reviewed_at: review.as_ref().and_then(|review| review.at),
            review_comment: review.and_then(|review| review.comment),
            shared_hash: version.shared_hash,
            version: version.id,
            number: version.number,
            source_hash: version.source_hash,
            is_active: version.is_active,
            message: version.message,
            created_by: version.created_by,
            created_at: version.created_at,
            workflow_count: version.workflow_count,
            error_count: version.error_count,
        }
    }
}

impl WarmView {
    /// For a version that the caller may see.
    pub(crate) async fn of(state: &ApiState, version: VersionId) -> ApiResult<Self> {
        let spread = warm::spread(&state.db, version).await?;
        Ok(Self { workers: spread.workers, of: spread.of, since_ms: spread.took_ms })
    }
}

/// Tells all workers that this version is what new runs get now.
pub(crate) async fn announce(state: &ApiState, version: &Version) {
    state.bus.publish(events::activated(version.id, version.organization_id)).await;
}

/// Lists the versions of the workspace, newest first.
#[utoipa::path(get, path = "/api/workspace/versions", operation_id = "list_versions", tag = "workspace",
    params(ListQuery), responses((status = 200, body = VersionList), Reads))]
pub(crate) async fn list(
    State(state): State<ApiState>,
    may::ReadWorkspace(auth): may::ReadWorkspace,
    Query(query): Query<ListQuery>,
) -> ApiResult<Json<VersionList>> {
    let mut versions = workspaces::list_versions(&auth.scoped(&state)).await?;
    if let Some(path) = query.path.filter(|path| !path.is_empty()) {
        versions = source::touching(&state, versions, &path).await?;
    }
    Ok(Json(VersionList { versions: versions.into_iter().map(Into::into).collect() }))
}

/// One version of the workspace, with what was found in it.
#[utoipa::path(get, path = "/api/workspace/versions/{number}", operation_id = "get_version", tag = "workspace",
    params(("number" = i64, Path)), responses((status = 200, body = VersionDetail), Reads))]
pub(crate) async fn get(
    State(state): State<ApiState>,
    may::ReadWorkspace(auth): may::ReadWorkspace,
    Path(number): Path<i64>,
) -> ApiResult<Json<VersionDetail>> {
    let (version, report) = workspaces::version(&auth.scoped(&state), number).await?;
    let warm = WarmView::of(&state, version.id).await?;
    Ok(Json(VersionDetail { version: version.into(), warm, report }))
}

/// Makes a version the one that new runs get. Runs that wait keep theirs. With `force` also
/// when workspaces of organizations that import the shared folders break by it.
#[utoipa::path(post, path = "/api/workspace/versions/{number}/activate", operation_id = "activate_version",
    tag = "workspace", params(("number" = i64, Path)), request_body = ActivateRequest,
    responses((status = 200, body = Activated), Writes))]
pub(crate) async fn activate(
    State(state): State<ApiState>,
    may::DeployWorkspace(auth): may::DeployWorkspace,
    Path(number): Path<i64>,
    Input(body): Input<ActivateRequest>,
) -> ApiResult<Json<Activated>> {
    let scoped = auth.scoped(&state);
    let mut shared_hash = None;
    if auth.scope == Scope::Global {
        // What organizations import goes back with it.
        let (version, _) = workspaces::version(&scoped, number).await?;
        let source = source::load(&state, &version.own_key).await?;
        let shared = workspaces::shared(&scoped).await?;
        shared_hash = shared::hash_of(&source, &shared.folders);
        if shared_hash != shared.hash && !body.force {
            shared::refuse_breakage(&shared::rehearse(&state, &source.part(&shared.folders)).await?)?;
        }
    }
    let done = workspaces::rollback(&scoped, number, body.force, shared_hash).await?;
    announce(&state, &done.version).await;
    if auth.scope == Scope::Global {
        shared::settle(&state, &auth).await;
    }
    tracing::info!(organization = %auth.organization(), number = done.version.number, "a version was activated");
    Ok(Json(done.into()))
}

impl From<Deployed> for Activated {
    fn from(done: Deployed) -> Self {
        Self {
            version: done.version.id,
            number: done.version.number,
            changed: done.is_new,
            added: done.added,
            updated: done.changed,
            removed: done.removed,
        }
    }
}
