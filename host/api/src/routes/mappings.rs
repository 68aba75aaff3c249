//! What organizations are in an integration, and with whom the provider shares its own. What an
//! organization is in the provider's integration decides whose data the provider's credentials
//! reach: only the provider says it.

use super::shares::ShareList;
use crate::auth::{Auth, may};
use crate::extract::{Input, Path};
use crate::problem::ApiResult;
use crate::responses::{Reads, Writes};
use crate::state::ApiState;
use axum::Json;
use axum::extract::State;
use bifrost_core::integration::{Values, merged};
use bifrost_core::{Error, MappingId, OrganizationId, Permission, Scope};
use bifrost_store::integrations::{Integration, Mapping, NewMapping, definitions, mappings, shares};
use bifrost_store::organizations;
use chrono::{DateTime, Utc};
use http::StatusCode;
use serde::{Deserialize, Serialize};

/// What an organization is in an integration.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct MappingView {
    id: MappingId,
    organization_id: OrganizationId,
    integration: String,
    /// What it is called there.
    entity_id: String,
    entity_name: Option<String>,
    /// What is different for it, and no secret.
    #[schema(value_type = Object)]
    config: Values,
    /// Keys of required values that nobody has set; secrets that are set count as missing for
    /// whoever cannot see that they are.
    missing: Vec<String>,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

impl MappingView {
    fn of(integration: &Integration, mapping: Mapping) -> Self {
        let all = merged([&integration.schema.defaults(), &integration.config, &mapping.config]);
        let missing = integration.schema.missing(&all);
        Self {
            id: mapping.id,
            organization_id: mapping.organization_id,
            integration: integration.name.clone(),
            entity_id: mapping.entity_id,
            entity_name: mapping.entity_name,
            config: mapping.config,
            missing: missing.into_iter().filter(|key| !integration.schema.is_secret(key)).collect(),
            created_at: mapping.created_at,
            updated_at: mapping.updated_at,
        }
    }
}

/// The mappings that the scope sees, by `entity_id`.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct MappingList {
    mappings: Vec<MappingView>,
}

/// What to set.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PutMapping {
    /// What the organization is called in the other system.
    entity_id: String,
    /// The same, for people; what it was if absent, and `""` takes it away.
    #[serde(default)]
    entity_name: Option<String>,
    /// What is different for it, key by key, secrets among them; `null` takes one away.
    #[serde(default)]
    #[schema(value_type = Object)]
    config: Values,
}

/// Lists who is in an integration: the organization itself; for the provider's in the global
/// scope, all organizations.
#[utoipa::path(get, path = "/api/integrations/{name}/mappings", operation_id = "list_integration_mappings",
    tag = "integrations", params(("name" = String, Path)), responses((status = 200, body = MappingList), Reads))]
pub(crate) async fn list(
    State(state): State<ApiState>,
    may::ManageIntegrations(auth): may::ManageIntegrations,
    Path(name): Path<String>,
) -> ApiResult<Json<MappingList>> {
    let integration = definitions::find(&auth.scoped(&state), &name).await?;
    let all = match auth.scope {
        Scope::Global if auth.may(Permission::EnterOrganizations) => {
            mappings::all(&state.db, integration.id).await?
        }
        _ => mappings::get(&auth.org(&state), integration.id).await?.into_iter().collect(),
    };
    let view = |mapping| MappingView::of(&integration, mapping);
    Ok(Json(MappingList { mappings: all.into_iter().map(view).collect() }))
}

/// Says what an organization is in an integration.
#[utoipa::path(put, path = "/api/integrations/{name}/mappings/{organization}", operation_id = "set_integration_mapping",
    tag = "integrations", params(("name" = String, Path), ("organization" = OrganizationId, Path)),
    request_body = PutMapping, responses((status = 200, body = MappingView), Writes))]
pub(crate) async fn put(
    State(state): State<ApiState>,
    may::ManageIntegrations(auth): may::ManageIntegrations,
    Path((name, organization)): Path<(String, OrganizationId)>,
    Input(body): Input<PutMapping>,
) -> ApiResult<Json<MappingView>> {
    let integration = writable(&state, &auth, &name, organization).await?;
    let new = NewMapping { entity_id: body.entity_id, entity_name: body.entity_name, config: body.config };
    let org = auth.db(&state).org(organization);
    let mapping = mappings::set(&org, &state.keyring, integration.id, new).await?;
    Ok(Json(MappingView::of(&integration, mapping)))
}

/// Takes an organization out of an integration; its connection stays.
#[utoipa::path(delete, path = "/api/integrations/{name}/mappings/{organization}",
    operation_id = "delete_integration_mapping", tag = "integrations",
    params(("name" = String, Path), ("organization" = OrganizationId, Path)),
    responses((status = 204, description = "Gone"), Writes))]
pub(crate) async fn delete(
    State(state): State<ApiState>,
    may::ManageIntegrations(auth): may::ManageIntegrations,
    Path((name, organization)): Path<(String, OrganizationId)>,
) -> ApiResult<StatusCode> {
    let integration = writable(&state, &auth, &name, organization).await?;
    match mappings::remove(&auth.db(&state).org(organization), integration.id).await? {
        true => Ok(StatusCode::NO_CONTENT),
        false => Err(Error::NotFound("mapping").into()),
    }
}

/// The integration, if the caller may say what this organization is in it.
async fn writable(
    state: &ApiState,
    auth: &Auth,
    name: &str,
    organization: OrganizationId,
) -> Result<Integration, Error> {
    let is_providers = auth.may(Permission::EnterOrganizations);
    let is_own = auth.scope == Scope::Organization(organization);
    if !(is_own || auth.scope == Scope::Global && is_providers) {
        return Err(Error::NotFound("organization"));
    }
    let integration = definitions::find(&auth.scoped(state), name).await?;
    if integration.scope == Scope::Global && !is_providers {
        let message = "what an organization is in the provider's integration is for the provider to say";
        return Err(Error::Denied(message.into()));
    }
    organizations::get(&state.db.system(), organization).await?;
    Ok(integration)
}

/// Lists with whom the provider shares the secrets and tokens of an integration.
#[utoipa::path(get, path = "/api/integrations/{name}/shares", operation_id = "list_integration_shares",
    tag = "integrations", params(("name" = String, Path)), responses((status = 200, body = ShareList), Reads))]
pub(crate) async fn shares(
    State(state): State<ApiState>,
    may::ManageOrganizations(auth): may::ManageOrganizations,
    Path(name): Path<String>,
) -> ApiResult<Json<ShareList>> {
    Ok(Json(shares::list(&auth.db(&state), &name).await?.into()))
}

/// Shares one of the provider's integrations with an organization: code that its own people wrote
/// can then read its secrets and use its tokens.
#[utoipa::path(put, path = "/api/integrations/{name}/shares/{organization}", operation_id = "share_integration",
    tag = "integrations", params(("name" = String, Path), ("organization" = OrganizationId, Path)),
    responses((status = 204, description = "Shared"), Reads))]
pub(crate) async fn share(
    State(state): State<ApiState>,
    may::ManageOrganizations(auth): may::ManageOrganizations,
    Path((name, organization)): Path<(String, OrganizationId)>,
) -> ApiResult<StatusCode> {
    organizations::get(&state.db.system(), organization).await?;
    shares::add(&auth.db(&state), &name, organization, auth.caller.user).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Takes one of the provider's integrations back from an organization.
#[utoipa::path(delete, path = "/api/integrations/{name}/shares/{organization}", operation_id = "unshare_integration",
    tag = "integrations", params(("name" = String, Path), ("organization" = OrganizationId, Path)),
    responses((status = 204, description = "Not shared any more"), Reads))]
pub(crate) async fn unshare(
    State(state): State<ApiState>,
    may::ManageOrganizations(auth): may::ManageOrganizations,
    Path((name, organization)): Path<(String, OrganizationId)>,
) -> ApiResult<StatusCode> {
    match shares::remove(&auth.db(&state), &name, organization).await? {
        true => Ok(StatusCode::NO_CONTENT),
        false => Err(Error::NotFound("share").into()),
    }
}
