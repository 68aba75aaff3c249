//! Taking an organization out: an export first, then everything is deleted. The proof and the
//! export stay with the provider.

use crate::auth::may;
use crate::extract::{Input, Path};
use crate::problem::ApiResult;
use crate::responses::{Kept, Reads, Writes};
use crate::state::ApiState;
use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use bifrost_core::{Error, OrganizationId, UserId};
use bifrost_store::offboarding::{self, Offboarding, Proof};
use chrono::{DateTime, Utc};
use futures::StreamExt;
use http::{StatusCode, header};
use serde::{Deserialize, Serialize};

/// What is needed to begin.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct OffboardRequest {
    /// The organization's name, exactly as it is written: everything of it is deleted for good.
    confirm: String,
}

/// How far it is, and the proof.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct OffboardingView {
    /// The organization, which may be gone.
    organization_id: OrganizationId,
    /// Its name.
    name: String,
    /// `exporting`, `deleting` or `done`.
    state: offboarding::State,
    requested_by: UserId,
    requested_at: DateTime<Utc>,
    /// When nothing was left.
    finished_at: Option<DateTime<Utc>>,
    /// Rows and objects before, in the export, and after; the export's hash; a last look.
    proof: Proof,
}

/// How far it is, without the proof.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct OffboardingSummary {
    /// The organization, which may be gone.
    organization_id: OrganizationId,
    /// Its name.
    name: String,
    /// `exporting`, `deleting` or `done`.
    state: offboarding::State,
    requested_at: DateTime<Utc>,
    /// When nothing was left.
    finished_at: Option<DateTime<Utc>>,
    /// False when the export was deleted, or is not begun.
    has_export: bool,
    /// Its size, also when it was deleted.
    export_bytes: u64,
}

/// All offboardings, newest first.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct OffboardingList {
    offboardings: Vec<OffboardingSummary>,
}

impl From<Offboarding> for OffboardingSummary {
    fn from(one: Offboarding) -> Self {
        let export = &one.proof().export;
        Self {
            has_export: !export.parts.is_empty(),
            export_bytes: export.bytes,
            organization_id: one.organization,
            name: one.name,
            state: one.state,
            requested_at: one.created_at,
            finished_at: one.finished_at,
        }
    }
}

impl From<Offboarding> for OffboardingView {
    fn from(one: Offboarding) -> Self {
        Self {
            organization_id: one.organization,
            proof: one.proof().clone(),
            name: one.name,
            state: one.state,
            requested_by: one.requested_by,
            requested_at: one.created_at,
            finished_at: one.finished_at,
        }
    }
}

/// Begins to export and then delete an organization: database, objects, cache and queue. There
/// is no way back. It goes on in the background, also after a restart; asking again answers how
/// far it is.
#[utoipa::path(post, path = "/api/organizations/{id}/offboarding", operation_id = "offboard_organization",
    tag = "organizations", params(("id" = OrganizationId, Path)), request_body = OffboardRequest,
    responses((status = 202, body = OffboardingView), Writes))]
pub(crate) async fn request(
    State(state): State<ApiState>,
    may::ManageOrganizations(auth): may::ManageOrganizations,
    Path(id): Path<OrganizationId>,
    Input(body): Input<OffboardRequest>,
) -> ApiResult<(StatusCode, Json<OffboardingView>)> {
    let one = offboarding::request(&auth.db(&state), id, &body.confirm, auth.caller.user).await?;
    tracing::info!(organization = %id, "an organization is offboarded");
    Ok((StatusCode::ACCEPTED, Json(one.into())))
}

/// Lists organizations that are being taken out, and those that are gone.
#[utoipa::path(get, path = "/api/offboardings", operation_id = "list_offboardings", tag = "organizations",
    responses((status = 200, body = OffboardingList), Reads))]
pub(crate) async fn list(
    State(state): State<ApiState>,
    _: may::ManageOrganizations,
) -> ApiResult<Json<OffboardingList>> {
    let all = offboarding::list(&state.db).await?;
    Ok(Json(OffboardingList { offboardings: all.into_iter().map(Into::into).collect() }))
}

/// How far an offboarding is; after its end, the proof.
#[utoipa::path(get, path = "/api/organizations/{id}/offboarding", operation_id = "get_offboarding",
    tag = "organizations", params(("id" = OrganizationId, Path)),
    responses((status = 200, body = OffboardingView), Reads))]
pub(crate) async fn get(
    State(state): State<ApiState>,
    _: may::ManageOrganizations,
    Path(id): Path<OrganizationId>,
) -> ApiResult<Json<OffboardingView>> {
    Ok(Json(offboarding::get(&state.db, id).await?.into()))
}

/// The export: a tar archive of rows (`tables/*.ndjson`) and objects.
#[utoipa::path(get, path = "/api/organizations/{id}/offboarding/export", operation_id = "download_export",
    tag = "organizations", params(("id" = OrganizationId, Path)),
    responses((status = 200, description = "A tar archive", content_type = "application/x-tar", body = Vec<u8>), Reads, Kept))]
pub(crate) async fn export(
    State(state): State<ApiState>,
    _: may::ManageOrganizations,
    Path(id): Path<OrganizationId>,
) -> ApiResult<Response> {
    let one = offboarding::get(&state.db, id).await?;
    let parts = offboarding::export::parts(&one)?;
    let objects = state.objects.clone();
    let bytes = futures::stream::iter(parts.to_vec()).then(move |part| {
        let objects = objects.clone();
        async move { objects.get(&part).await?.ok_or(Error::NotFound("part of the export")) }
    });
    let headers = [
        (header::CONTENT_TYPE, "application/x-tar".to_owned()),
        (header::CONTENT_LENGTH, one.proof().export.bytes.to_string()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"{id}.tar\"")),
    ];
    Ok((headers, Body::from_stream(bytes)).into_response())
}

/// Deletes the export of an organization that is gone. The proof stays.
#[utoipa::path(delete, path = "/api/organizations/{id}/offboarding/export", operation_id = "delete_export",
    tag = "organizations", params(("id" = OrganizationId, Path)),
    responses((status = 204, description = "Deleted"), Writes))]
pub(crate) async fn delete_export(
    State(state): State<ApiState>,
    may::ManageOrganizations(auth): may::ManageOrganizations,
    Path(id): Path<OrganizationId>,
) -> ApiResult<StatusCode> {
    offboarding::delete_export(&auth.db(&state), state.objects.as_ref(), id).await?;
    Ok(StatusCode::NO_CONTENT)
}
