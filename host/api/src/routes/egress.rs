//! Where organizations' workflows may send requests. Administrators of an organization see
//! its policy; only the provider's change it.

use crate::auth::may;
use crate::extract::{Input, Path};
use crate::problem::ApiResult;
use crate::responses::{Reads, Writes};
use crate::state::ApiState;
use axum::Json;
use axum::extract::State;
use bifrost_core::{EgressPolicy, Error, OrganizationId, UserId};
use bifrost_store::egress::{self, Kept};
use bifrost_store::{Scoped, organizations};
use chrono::{DateTime, Utc};
use serde::Serialize;

/// An organization's egress policy. It holds for new requests within five seconds.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct EgressView {
    organization_id: OrganizationId,
    #[serde(flatten)]
    policy: EgressPolicy,
    /// `null` while it is the default.
    updated_at: Option<DateTime<Utc>>,
    updated_by: Option<UserId>,
}

impl EgressView {
    fn new(organization_id: OrganizationId, kept: Kept) -> Self {
        let Kept { policy, updated_at, updated_by } = kept;
        Self { organization_id, policy, updated_at, updated_by }
    }
}

/// How much of something is used.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct QuotaUsage {
    used: i64,
    /// How much there may be; `null` where nothing says.
    quota: Option<i64>,
}

impl QuotaUsage {
    pub(crate) fn new(used: i64, quota: Option<u64>) -> Self {
        Self { used, quota: quota.map(|quota| i64::try_from(quota).unwrap_or(i64::MAX)) }
    }
}

/// What an organization's runs have used of its egress policy's quotas, all workers together.
/// `null` where there is no quota: then nothing is counted.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct EgressUsage {
    /// Requests in the present minute.
    requests_this_minute: Option<QuotaUsage>,
    /// Bytes of bodies, sent and received, on the present day of UTC.
    bytes_today: Option<QuotaUsage>,
}

impl EgressUsage {
    pub(crate) async fn of(org: &Scoped) -> Result<Self, Error> {
        let policy = egress::get(org).await?.policy;
        let used = egress::used(org).await?;
        let of = |used: i64, quota: Option<u64>| quota.map(|_| QuotaUsage::new(used, quota));
        Ok(Self {
            requests_this_minute: of(used.requests, policy.requests_per_minute),
            bytes_today: of(used.bytes, policy.bytes_per_day),
        })
    }
}

/// The policy of the caller's organization.
#[utoipa::path(get, path = "/api/egress", operation_id = "own_egress", tag = "egress",
    responses((status = 200, body = EgressView), Reads))]
pub(crate) async fn own(
    State(state): State<ApiState>,
    may::ReadConfig(auth): may::ReadConfig,
) -> ApiResult<Json<EgressView>> {
    let kept = egress::get(&auth.org(&state)).await?;
    Ok(Json(EgressView::new(auth.organization(), kept)))
}

/// What the caller's organization has used of its policy's quotas.
#[utoipa::path(get, path = "/api/egress/usage", operation_id = "own_egress_usage", tag = "egress",
    responses((status = 200, body = EgressUsage), Reads))]
pub(crate) async fn usage(
    State(state): State<ApiState>,
    may::ReadConfig(auth): may::ReadConfig,
) -> ApiResult<Json<EgressUsage>> {
    Ok(Json(EgressUsage::of(&auth.org(&state)).await?))
}

/// The policy of an organization.
#[utoipa::path(get, path = "/api/organizations/{id}/egress", operation_id = "get_egress", tag = "egress",
    params(("id" = OrganizationId, Path)), responses((status = 200, body = EgressView), Reads))]
pub(crate) async fn get(
    State(state): State<ApiState>,
    _: may::ManageOrganizations,
    Path(id): Path<OrganizationId>,
) -> ApiResult<Json<EgressView>> {
    organizations::get(&state.db.system(), id).await?;
    Ok(Json(EgressView::new(id, egress::get(&state.db.org(id)).await?)))
}

/// Replaces the policy of an organization; what is absent has its default.
#[utoipa::path(put, path = "/api/organizations/{id}/egress", operation_id = "set_egress", tag = "egress",
    params(("id" = OrganizationId, Path)), request_body = EgressPolicy,
    responses((status = 200, body = EgressView), Writes))]
pub(crate) async fn set(
    State(state): State<ApiState>,
    may::ManageOrganizations(auth): may::ManageOrganizations,
    Path(id): Path<OrganizationId>,
    Input(policy): Input<EgressPolicy>,
) -> ApiResult<Json<EgressView>> {
    organizations::get(&state.db.system(), id).await?;
    let by = auth.caller.user;
    let unit = auth.db(&state).system();
    unit.write(move |tx| Box::pin(async move { egress::set_in(tx, id, policy, by).await })).await?;
    Ok(Json(EgressView::new(id, egress::get(&state.db.org(id)).await?)))
}
