//! Integrations with other systems: definitions of the organization's own, and those of the
//! provider for all.

use crate::auth::{Auth, may};
use crate::extract::{Input, Path, given};
use crate::problem::ApiResult;
use crate::responses::{Reads, Writes};
use crate::state::ApiState;
use axum::Json;
use axum::extract::State;
use bifrost_core::integration::{Field, Schema, Values};
use bifrost_core::{Error, IntegrationId, OAuthSettings, OrganizationId};
use bifrost_oauth::CALLBACK;
use bifrost_store::integrations::definitions::{self, Change, Kept};
use bifrost_store::integrations::{Integration, NewIntegration};
use chrono::{DateTime, Utc};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

/// An integration; what is secret of it is never shown.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct IntegrationView {
    id: IntegrationId,
    /// `null` for the provider's, which all organizations see.
    organization_id: Option<OrganizationId>,
    name: String,
    description: String,
    /// Which values it needs.
    config_schema: Vec<Field>,
    /// Those values that are no secrets.
    #[schema(value_type = Object)]
    config: Values,
    /// Its authorization server.
    oauth: Option<OAuthSettings>,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
    /// What it keeps to itself; left out of lists, and for whoever it does not belong to.
    #[serde(skip_serializing_if = "Option::is_none")]
    kept: Option<KeptView>,
}

/// What an integration keeps to itself.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct KeptView {
    /// Keys of secret values that are set.
    secret_keys: Vec<String>,
    has_client_secret: bool,
    /// To be entered at the authorization server.
    redirect_uri: String,
}

impl From<Integration> for IntegrationView {
    fn from(integration: Integration) -> Self {
        Self {
            id: integration.id,
            organization_id: integration.scope.organization(),
            name: integration.name,
            description: integration.description,
            config_schema: integration.schema.0,
            config: integration.config,
            oauth: integration.oauth,
            created_at: integration.created_at,
            updated_at: integration.updated_at,
            kept: None,
        }
    }
}

/// All that the scope sees, by name.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct IntegrationList {
    integrations: Vec<IntegrationView>,
}

/// An integration to make.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CreateIntegration {
    /// As workflows ask for it; one of a kind within the scope.
    name: String,
    #[serde(default)]
    description: String,
    /// Which values it needs.
    #[serde(default)]
    config_schema: Vec<Field>,
    /// Values for all organizations, secrets among them.
    #[serde(default)]
    #[schema(value_type = Object)]
    config: Values,
    /// Its authorization server.
    #[serde(default)]
    oauth: Option<OAuthSettings>,
    /// Of the client there; kept encrypted, absent for a public client.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    client_secret: Option<Zeroizing<String>>,
}

/// What to change; what is absent stays.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct UpdateIntegration {
    #[serde(default)]
    description: Option<String>,
    #[serde(default)]
    config_schema: Option<Vec<Field>>,
    /// Key by key; `null` takes one away.
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    config: Option<Values>,
    /// Another `token_url` needs the client's secret anew. `null` takes it away with that secret; 409
    /// `integration_in_use` while there are connections.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<OAuthSettings>)]
    oauth: Option<Option<OAuthSettings>>,
    /// `""` takes it away.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    client_secret: Option<Zeroizing<String>>,
}

/// Where authorization servers send people back to.
pub(super) fn redirect_uri(state: &ApiState) -> String {
    format!("{}{CALLBACK}", state.sign_in.public_url().as_str().trim_end_matches('/'))
}

async fn whole(state: &ApiState, auth: &Auth, integration: Integration) -> Result<IntegrationView, Error> {
    let kept = match integration.scope == auth.scope {
        true => Some(definitions::kept(&auth.scoped(state), &state.keyring, &integration).await?),
        false => None,
    };
    let kept = kept.map(|Kept { secret_keys, has_client_secret }| KeptView {
        secret_keys,
        has_client_secret,
        redirect_uri: redirect_uri(state),
    });
    Ok(IntegrationView { kept, ..integration.into() })
}

/// Lists the integrations of the organization, and the provider's that it sees.
#[utoipa::path(get, path = "/api/integrations", operation_id = "list_integrations", tag = "integrations",
    responses((status = 200, body = IntegrationList), Reads))]
pub(crate) async fn list(
    State(state): State<ApiState>,
    may::ManageIntegrations(auth): may::ManageIntegrations,
) -> ApiResult<Json<IntegrationList>> {
    let all = definitions::list(&auth.scoped(&state)).await?;
    Ok(Json(IntegrationList { integrations: all.into_iter().map(Into::into).collect() }))
}

/// Makes an integration.
#[utoipa::path(post, path = "/api/integrations", operation_id = "create_integration", tag = "integrations",
    request_body = CreateIntegration, responses((status = 201, body = IntegrationView), Writes))]
pub(crate) async fn create(
    State(state): State<ApiState>,
    may::ManageIntegrations(auth): may::ManageIntegrations,
    Input(body): Input<CreateIntegration>,
) -> ApiResult<(StatusCode, Json<IntegrationView>)> {
    let new = NewIntegration {
        name: body.name,
        description: body.description,
        schema: Schema(body.config_schema),
        config: body.config,
        oauth: body.oauth,
        client_secret: body.client_secret.filter(|secret| !secret.is_empty()),
        created_by: auth.caller.user,
    };
    let made = definitions::create(&auth.scoped(&state), &state.keyring, new).await?;
    Ok((StatusCode::CREATED, Json(whole(&state, &auth, made).await?)))
}

/// One integration: the organization's own of this name, else the provider's.
#[utoipa::path(get, path = "/api/integrations/{name}", operation_id = "get_integration", tag = "integrations",
    params(("name" = String, Path)), responses((status = 200, body = IntegrationView), Reads))]
pub(crate) async fn get(
    State(state): State<ApiState>,
    may::ManageIntegrations(auth): may::ManageIntegrations,
    Path(name): Path<String>,
) -> ApiResult<Json<IntegrationView>> {
    let found = definitions::find(&auth.scoped(&state), &name).await?;
    Ok(Json(whole(&state, &auth, found).await?))
}

/// Changes an integration of the scope's own.
#[utoipa::path(patch, path = "/api/integrations/{name}", operation_id = "update_integration", tag = "integrations",
    params(("name" = String, Path)), request_body = UpdateIntegration,
    responses((status = 200, body = IntegrationView), Writes))]
pub(crate) async fn update(
    State(state): State<ApiState>,
    may::ManageIntegrations(auth): may::ManageIntegrations,
    Path(name): Path<String>,
    Input(body): Input<UpdateIntegration>,
) -> ApiResult<Json<IntegrationView>> {
    let change = Change {
        description: body.description,
        schema: body.config_schema.map(Schema),
        config: body.config,
        oauth: body.oauth,
        client_secret: body.client_secret.map(|secret| Some(secret).filter(|secret| !secret.is_empty())),
    };
    let changed = definitions::update(&auth.scoped(&state), &state.keyring, &name, change).await?;
    Ok(Json(whole(&state, &auth, changed).await?))
}

/// Deletes an integration of the scope's own with its connection. 409 `integration_in_use` while
/// organizations are mapped or connected to it.
#[utoipa::path(delete, path = "/api/integrations/{name}", operation_id = "delete_integration", tag = "integrations",
    params(("name" = String, Path)), responses((status = 204, description = "Gone"), Writes))]
pub(crate) async fn delete(
    State(state): State<ApiState>,
    may::ManageIntegrations(auth): may::ManageIntegrations,
    Path(name): Path<String>,
) -> ApiResult<StatusCode> {
    definitions::delete(&auth.scoped(&state), &name).await?;
    Ok(StatusCode::NO_CONTENT)
}
