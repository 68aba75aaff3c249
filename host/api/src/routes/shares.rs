//! Sharing the provider's global secrets with organizations, whose own workspaces can then
//! read them.

use crate::auth::may;
use crate::extract::Path;
use crate::problem::ApiResult;
use crate::responses::Reads;
use crate::state::ApiState;
use axum::Json;
use axum::extract::State;
use bifrost_core::{Error, OrganizationId, Scope, UserId};
use bifrost_store::organizations;
use bifrost_store::shares::{self, Share};
use chrono::{DateTime, Utc};
use http::StatusCode;
use serde::Serialize;

/// An organization that was given a global secret.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct ShareView {
    organization_id: OrganizationId,
    shared_at: DateTime<Utc>,
    shared_by: UserId,
}

/// Everybody that was, the oldest first.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct ShareList {
    shares: Vec<ShareView>,
}

impl From<Vec<Share>> for ShareList {
    fn from(shares: Vec<Share>) -> Self {
        Self { shares: shares.into_iter().map(Into::into).collect() }
    }
}

impl From<Share> for ShareView {
    fn from(share: Share) -> Self {
        let Share { organization_id, shared_at, shared_by } = share;
        Self { organization_id, shared_at, shared_by }
    }
}

/// Lists with whom a global secret is shared.
#[utoipa::path(get, path = "/api/config/{key}/shares", operation_id = "list_config_shares", tag = "config",
    params(("key" = String, Path)), responses((status = 200, body = ShareList), Reads))]
pub(crate) async fn list(
    State(state): State<ApiState>,
    may::ManageOrganizations(auth): may::ManageOrganizations,
    Path(key): Path<String>,
) -> ApiResult<Json<ShareList>> {
    Ok(Json(shares::list(&auth.db(&state), &key).await?.into()))
}

/// Shares a global secret with an organization: code that its own people wrote can then
/// read it.
#[utoipa::path(put, path = "/api/config/{key}/shares/{organization}", operation_id = "share_config", tag = "config",
    params(("key" = String, Path), ("organization" = OrganizationId, Path)),
    responses((status = 204, description = "Shared"), Reads))]
pub(crate) async fn add(
    State(state): State<ApiState>,
    may::ManageOrganizations(auth): may::ManageOrganizations,
    Path((key, organization)): Path<(String, OrganizationId)>,
) -> ApiResult<StatusCode> {
    organizations::get(&state.db.system(), organization).await?;
    let by = auth.caller.user;
    let unit = auth.db(&state).scope(Scope::Global);
    unit.write(move |tx| Box::pin(async move { shares::add_in(tx, &key, organization, by).await })).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Takes a global secret back from an organization.
#[utoipa::path(delete, path = "/api/config/{key}/shares/{organization}", operation_id = "unshare_config",
    tag = "config", params(("key" = String, Path), ("organization" = OrganizationId, Path)),
    responses((status = 204, description = "Not shared any more"), Reads))]
pub(crate) async fn remove(
    State(state): State<ApiState>,
    may::ManageOrganizations(auth): may::ManageOrganizations,
    Path((key, organization)): Path<(String, OrganizationId)>,
) -> ApiResult<StatusCode> {
    let unit = auth.db(&state).scope(Scope::Global);
    let removed =
        unit.write(move |tx| Box::pin(async move { shares::remove_in(tx, &key, organization).await }));
    if removed.await? { Ok(StatusCode::NO_CONTENT) } else { Err(Error::NotFound("share").into()) }
}
