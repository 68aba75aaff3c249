//! Organizations; for platform administrators.

use crate::auth::may;
use crate::extract::{Input, Path};
use crate::problem::ApiResult;
use crate::responses::{Reads, Writes};
use crate::state::ApiState;
use axum::Json;
use axum::extract::State;
use bifrost_core::{Error, Limits, OrganizationId};
use bifrost_store::organizations::{self, NewOrganization, Organization, OrganizationChange};
use chrono::{DateTime, Utc};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// A tenant.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct OrganizationView {
    id: OrganizationId,
    name: String,
    /// E-mail domain whose people belong to it.
    domain: Option<String>,
    /// True for the one that runs the platform.
    is_provider: bool,
    /// False: its keys are refused, its workflows do not start, and its runs wait.
    is_active: bool,
    /// True: a version of its workspace goes live when somebody else has approved it.
    requires_review: bool,
    /// True: it is being exported and deleted.
    is_offboarding: bool,
    /// What its runs may use.
    limits: Limits,
    created_at: DateTime<Utc>,
}

/// All tenants, by name.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct OrganizationList {
    organizations: Vec<OrganizationView>,
}

/// A new tenant.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CreateOrganization {
    name: String,
    /// E-mail domain whose people belong to it.
    #[serde(default)]
    domain: Option<String>,
    /// Limits that differ from the defaults, by name.
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    limits: Map<String, Value>,
}

/// What to change; what is absent stays.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct UpdateOrganization {
    #[serde(default)]
    name: Option<String>,
    /// `""` takes it away.
    #[serde(default)]
    domain: Option<String>,
    #[serde(default)]
    is_active: Option<bool>,
    /// Whether a version of its workspace needs somebody else's approval to go live.
    #[serde(default)]
    requires_review: Option<bool>,
    /// Limits to change, by name.
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    limits: Map<String, Value>,
}

impl From<Organization> for OrganizationView {
    fn from(organization: Organization) -> Self {
        Self {
            id: organization.id,
            name: organization.name,
            domain: organization.domain,
            is_provider: organization.is_provider,
            is_active: organization.is_active,
            requires_review: organization.requires_review,
            is_offboarding: organization.is_offboarding,
            limits: organization.limits,
            created_at: organization.created_at,
        }
    }
}

/// Changes limits by name; an unknown name or a value that is no whole number is refused.
fn with_changes(limits: &Limits, changes: Map<String, Value>) -> Result<Limits, Error> {
    let mut all = serde_json::to_value(limits).map_err(|error| Error::Internal(error.into()))?;
    for (name, value) in changes {
        let field = format!("limits.{name}");
        if all.get(&name).is_none() {
            return Err(Error::invalid(field, "there is no such limit"));
        }
        if value.as_u64().is_none_or(|value| i64::try_from(value).is_err()) {
            return Err(Error::invalid(field, "expected a whole number, not negative"));
        }
        all[name] = value;
    }
    serde_json::from_value(all).map_err(|error| Error::invalid("limits", error.to_string()))
}

/// Lists all organizations.
#[utoipa::path(get, path = "/api/organizations", operation_id = "list_organizations", tag = "organizations",
    responses((status = 200, body = OrganizationList), Reads))]
pub(crate) async fn list(
    State(state): State<ApiState>,
    _: may::ManageOrganizations,
) -> ApiResult<Json<OrganizationList>> {
    let organizations = organizations::list(&state.db).await?;
    Ok(Json(OrganizationList { organizations: organizations.into_iter().map(Into::into).collect() }))
}

/// Makes an organization.
#[utoipa::path(post, path = "/api/organizations", operation_id = "create_organization", tag = "organizations",
    request_body = CreateOrganization, responses((status = 201, body = OrganizationView), Writes))]
pub(crate) async fn create(
    State(state): State<ApiState>,
    may::ManageOrganizations(auth): may::ManageOrganizations,
    Input(body): Input<CreateOrganization>,
) -> ApiResult<(StatusCode, Json<OrganizationView>)> {
    let limits = with_changes(&Limits::default(), body.limits)?;
    let domain = body.domain.filter(|domain| !domain.is_empty());
    let new = NewOrganization { name: body.name, domain, limits };
    let made = organizations::create(&auth.db(&state), new).await?;
    Ok((StatusCode::CREATED, Json(made.into())))
}

/// One organization.
#[utoipa::path(get, path = "/api/organizations/{id}", operation_id = "get_organization", tag = "organizations",
    params(("id" = OrganizationId, Path)), responses((status = 200, body = OrganizationView), Reads))]
pub(crate) async fn get(
    State(state): State<ApiState>,
    _: may::ManageOrganizations,
    Path(id): Path<OrganizationId>,
) -> ApiResult<Json<OrganizationView>> {
    Ok(Json(organizations::get(&state.db.system(), id).await?.into()))
}

/// Changes an organization.
#[utoipa::path(patch, path = "/api/organizations/{id}", operation_id = "update_organization", tag = "organizations",
    params(("id" = OrganizationId, Path)), request_body = UpdateOrganization,
    responses((status = 200, body = OrganizationView), Writes))]
pub(crate) async fn update(
    State(state): State<ApiState>,
    may::ManageOrganizations(auth): may::ManageOrganizations,
    Path(id): Path<OrganizationId>,
    Input(body): Input<UpdateOrganization>,
) -> ApiResult<Json<OrganizationView>> {
    let limits = if body.limits.is_empty() {
        None
    } else {
        let current = organizations::get(&state.db.system(), id).await?;
        Some(with_changes(&current.limits, body.limits)?)
    };
    let change = OrganizationChange {
        name: body.name,
        domain: body.domain.map(|domain| Some(domain).filter(|domain| !domain.is_empty())),
        is_active: body.is_active,
        requires_review: body.requires_review,
        limits,
    };
    Ok(Json(organizations::update(&auth.db(&state), id, change).await?.into()))
}
