//! Review of a version before it goes live: which wait for it, what differs, and the decision.

use super::versions::{Activated, VersionView, announce};
use crate::auth::may;
use crate::extract::{Input, Path, Query};
use crate::problem::ApiResult;
use crate::responses::{Reads, Writes};
use crate::service::diff::{self, FileDiff};
use crate::service::{shared, source};
use crate::state::ApiState;
use anyhow::Context;
use axum::Json;
use axum::extract::State;
use bifrost_core::{Error, OrganizationId, Permission, Scope, Source, UserId};
use bifrost_store::workspaces::{self, Pending};
use serde::{Deserialize, Serialize};

/// A version that waits for a review, and whose it is.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct PendingReview {
    /// Whose workspace; `null` for the provider's, which is there for all.
    organization_id: Option<OrganizationId>,
    organization_name: String,
    /// Who proposed it, by name or else address; `null` when the caller does not see them.
    author: Option<String>,
    /// True for the caller's own, which somebody else decides about.
    is_own: bool,
    #[serde(flatten)]
    version: VersionView,
}

/// Versions that wait for a review, the oldest first; a thousand at most.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct PendingReviews {
    reviews: Vec<PendingReview>,
}

/// With what to compare.
#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct DiffQuery {
    /// Number of the version to compare with; the active one if absent.
    #[serde(default)]
    against: Option<i64>,
}

/// What differs between two versions of a workspace.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct VersionDiff {
    /// The version.
    number: i64,
    /// What it is compared with; `null` for an empty workspace.
    against: Option<i64>,
    /// True when the shared files in it are others; `GET /api/workspace/shared` has those of now.
    shared_changed: bool,
    /// The files of the workspace itself that differ, by path.
    files: Vec<FileDiff>,
}

/// A decision for a version.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Approve {
    /// For the author and the record.
    #[serde(default)]
    comment: Option<String>,
    /// Number of the version that was compared with; refused when another is active by now.
    #[serde(default)]
    against: Option<i64>,
    /// Also when workflows that are in use would be gone.
    #[serde(default)]
    force: bool,
}

/// A decision against a version.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Reject {
    /// What the author has to change.
    comment: String,
}

impl PendingReview {
    fn new(pending: Pending, caller: UserId) -> Self {
        let Pending { version, organization, author } = pending;
        Self {
            organization_id: version.organization_id,
            organization_name: organization,
            author,
            is_own: version.created_by == caller,
            version: version.into(),
        }
    }
}

/// Lists versions that wait for a review: of the organization that is named, or else of all that
/// the caller may enter.
#[utoipa::path(get, path = "/api/reviews", operation_id = "list_reviews", tag = "workspace",
    responses((status = 200, body = PendingReviews), Reads))]
pub(crate) async fn list(
    State(state): State<ApiState>,
    may::ReviewWorkspace(auth): may::ReviewWorkspace,
) -> ApiResult<Json<PendingReviews>> {
    let reach = match auth.scope {
        Scope::Global if auth.may(Permission::EnterOrganizations) => auth.db(&state).system(),
        scope => auth.db(&state).scope(scope),
    };
    let all = workspaces::pending(&reach).await?.into_iter();
    let reviews = all.map(|pending| PendingReview::new(pending, auth.caller.user)).collect();
    Ok(Json(PendingReviews { reviews }))
}

/// A unified diff per file between a version and the active one, or another.
#[utoipa::path(get, path = "/api/workspace/versions/{number}/diff", operation_id = "diff_version", tag = "workspace",
    params(("number" = i64, Path), DiffQuery), responses((status = 200, body = VersionDiff), Reads))]
pub(crate) async fn diff(
    State(state): State<ApiState>,
    may::ReadWorkspace(auth): may::ReadWorkspace,
    Path(number): Path<i64>,
    Query(query): Query<DiffQuery>,
) -> ApiResult<Json<VersionDiff>> {
    let scoped = auth.scoped(&state);
    let (version, _) = workspaces::version(&scoped, number).await?;
    let other = match query.against {
        Some(other) => Some(workspaces::version(&scoped, other).await?.0),
        None => workspaces::active_version(&scoped).await?,
    };
    let new = source::load(&state, &version.own_key).await?;
    let old = match &other {
        Some(other) => source::load(&state, &other.own_key).await?,
        None => Source::default(),
    };
    let task = tokio::task::spawn_blocking(move || diff::between(&old, &new));
    let files = task.await.context("comparing two versions").map_err(Error::from)?;
    Ok(Json(VersionDiff {
        number,
        against: other.as_ref().map(|other| other.number),
        shared_changed: other.is_some_and(|other| other.shared_hash != version.shared_hash),
        files,
    }))
}

/// Approves a proposed version: it goes live. Not for its author.
#[utoipa::path(post, path = "/api/workspace/versions/{number}/approve", operation_id = "approve_version",
    tag = "workspace", params(("number" = i64, Path)), request_body = Approve,
    responses((status = 200, body = Activated), Writes))]
pub(crate) async fn approve(
    State(state): State<ApiState>,
    may::ReviewWorkspace(auth): may::ReviewWorkspace,
    Path(number): Path<i64>,
    Input(body): Input<Approve>,
) -> ApiResult<Json<Activated>> {
    let scoped = auth.scoped(&state);
    let Approve { comment, against, force } = body;
    let done = workspaces::approve(&scoped, number, auth.caller.user, comment, against, force).await?;
    announce(&state, &done.version).await;
    // What is shared may have changed while it waited.
    shared::settle(&state, &auth).await;
    Ok(Json(done.into()))
}

/// Rejects a proposed version for good. Not for its author.
#[utoipa::path(post, path = "/api/workspace/versions/{number}/reject", operation_id = "reject_version",
    tag = "workspace", params(("number" = i64, Path)), request_body = Reject,
    responses((status = 200, body = VersionView), Writes))]
pub(crate) async fn reject(
    State(state): State<ApiState>,
    may::ReviewWorkspace(auth): may::ReviewWorkspace,
    Path(number): Path<i64>,
    Input(body): Input<Reject>,
) -> ApiResult<Json<VersionView>> {
    let version = workspaces::reject(&auth.scoped(&state), number, auth.caller.user, body.comment).await?;
    Ok(Json(version.into()))
}
