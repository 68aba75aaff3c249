//! OAuth connections: what authorizes requests to integrations. Made here, agreed to at the
//! authorization server by somebody who comes back to [`callback`], and renewed by the platform.

use super::integrations::redirect_uri;
use crate::auth::may;
use crate::extract::{Input, Path, Query};
use crate::me::Me;
use crate::problem::{ApiError, ApiResult};
use crate::responses::{Reads, Writes};
use crate::state::ApiState;
use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use bifrost_core::{
    ConnectionId, ConnectionStatus, Error, IntegrationId, OrganizationId, Permission, UserId,
};
use bifrost_oauth::{Begin, Need, Returning};
use bifrost_signin::oidc::checked_return;
use bifrost_store::audit::{self, Event};
use bifrost_store::integrations::Connection;
use bifrost_store::integrations::connections::{self, Change, NewConnection};
use bifrost_store::integrations::states::Beginner;
use bifrost_store::sign_in::sessions::Kind;
use chrono::{DateTime, Utc};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde::{Deserialize, Serialize};
use url::Url;
use zeroize::Zeroizing;

/// A connection; its tokens and its client's secret are never shown.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct ConnectionView {
    id: ConnectionId,
    /// `null` for the provider's.
    organization_id: Option<OrganizationId>,
    integration_id: IntegrationId,
    integration: String,
    /// Its own client at the authorization server; `null` for the integration's.
    client_id: Option<String>,
    status: ConnectionStatus,
    /// Why the last attempt to renew its token came to nothing.
    error: Option<String>,
    /// How many such attempts there were in a row.
    failures: i64,
    /// Whether its token is renewed without a person.
    renews: bool,
    connected_by: Option<UserId>,
    connected_at: Option<DateTime<Utc>>,
    /// Since when its token is good.
    refreshed_at: Option<DateTime<Utc>>,
    /// Until when; `null` for ever, or there is none.
    expires_at: Option<DateTime<Utc>>,
    /// When it is renewed next.
    refresh_at: Option<DateTime<Utc>>,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

impl From<Connection> for ConnectionView {
    fn from(one: Connection) -> Self {
        Self {
            id: one.id,
            organization_id: one.scope.organization(),
            integration_id: one.integration_id,
            integration: one.integration_name,
            client_id: one.client_id,
            status: one.status,
            error: one.error,
            failures: one.failures,
            renews: one.has_refresh,
            connected_by: one.connected_by,
            connected_at: one.connected_at,
            refreshed_at: one.refreshed_at,
            expires_at: one.expires_at,
            refresh_at: one.refresh_at,
            created_at: one.created_at,
            updated_at: one.updated_at,
        }
    }
}

/// All connections of the scope, by integration.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct ConnectionList {
    connections: Vec<ConnectionView>,
}

/// A connection to make.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CreateConnection {
    /// The integration's name.
    integration: String,
    /// A client of its own at the authorization server; the integration's if absent.
    #[serde(default)]
    client_id: Option<String>,
    /// Of that client; kept encrypted.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    client_secret: Option<Zeroizing<String>>,
    /// One that was got elsewhere; it is renewed at once.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    refresh_token: Option<Zeroizing<String>>,
}

/// What to change; what is absent stays.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct UpdateConnection {
    /// Another client needs connecting anew; `""` for the integration's.
    #[serde(default)]
    client_id: Option<String>,
    /// `""` takes it away.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    client_secret: Option<Zeroizing<String>>,
    /// One that was got elsewhere; it is renewed at once.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    refresh_token: Option<Zeroizing<String>>,
}

/// Where to go afterwards.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Authorize {
    /// A path of this platform; `/` if absent.
    #[serde(default)]
    return_to: Option<String>,
}

/// Where to send the person.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct Authorization {
    /// To be opened in the browser of whoever asked for it, within ten minutes.
    url: String,
}

/// What an authorization server sends the browser back with.
#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct ReturnQuery {
    code: Option<String>,
    state: Option<String>,
    error: Option<String>,
    error_description: Option<String>,
    /// Microsoft's word for which tenant an administrator has consented.
    tenant: Option<String>,
}

/// Lists the connections of the scope.
#[utoipa::path(get, path = "/api/oauth/connections", operation_id = "list_connections", tag = "integrations",
    responses((status = 200, body = ConnectionList), Reads))]
pub(crate) async fn list(
    State(state): State<ApiState>,
    may::ManageIntegrations(auth): may::ManageIntegrations,
) -> ApiResult<Json<ConnectionList>> {
    let all = connections::list(&auth.scoped(&state)).await?;
    Ok(Json(ConnectionList { connections: all.into_iter().map(Into::into).collect() }))
}

/// Makes the scope's connection to an integration: its own, or the provider's. With client
/// credentials or a refresh token it is connected at its first use, or by `refresh`.
#[utoipa::path(post, path = "/api/oauth/connections", operation_id = "create_connection", tag = "integrations",
    request_body = CreateConnection, responses((status = 201, body = ConnectionView), Writes))]
pub(crate) async fn create(
    State(state): State<ApiState>,
    may::ManageIntegrations(auth): may::ManageIntegrations,
    Input(body): Input<CreateConnection>,
) -> ApiResult<(StatusCode, Json<ConnectionView>)> {
    let new = NewConnection {
        client_id: body.client_id.filter(|id| !id.is_empty()),
        client_secret: body.client_secret.filter(|secret| !secret.is_empty()),
        refresh_token: body.refresh_token.filter(|token| !token.is_empty()),
    };
    let (scoped, by) = (auth.scoped(&state), auth.caller.user);
    let made = connections::create(&scoped, &state.keyring, &body.integration, new, by).await?;
    Ok((StatusCode::CREATED, Json(made.into())))
}

/// One connection.
#[utoipa::path(get, path = "/api/oauth/connections/{id}", operation_id = "get_connection", tag = "integrations",
    params(("id" = ConnectionId, Path)), responses((status = 200, body = ConnectionView), Reads))]
pub(crate) async fn get(
    State(state): State<ApiState>,
    may::ManageIntegrations(auth): may::ManageIntegrations,
    Path(id): Path<ConnectionId>,
) -> ApiResult<Json<ConnectionView>> {
    Ok(Json(connections::get(&auth.scoped(&state), id).await?.into()))
}

/// Changes a connection's own client, or gives it a refresh token.
#[utoipa::path(patch, path = "/api/oauth/connections/{id}", operation_id = "update_connection", tag = "integrations",
    params(("id" = ConnectionId, Path)), request_body = UpdateConnection,
    responses((status = 200, body = ConnectionView), Writes))]
pub(crate) async fn update(
    State(state): State<ApiState>,
    may::ManageIntegrations(auth): may::ManageIntegrations,
    Path(id): Path<ConnectionId>,
    Input(body): Input<UpdateConnection>,
) -> ApiResult<Json<ConnectionView>> {
    let change = Change {
        client_id: body.client_id.map(|id| Some(id).filter(|id| !id.is_empty())),
        client_secret: body.client_secret.map(|secret| Some(secret).filter(|secret| !secret.is_empty())),
        refresh_token: body.refresh_token.filter(|token| !token.is_empty()),
    };
    let (scoped, by) = (auth.scoped(&state), auth.caller.user);
    Ok(Json(connections::update(&scoped, &state.keyring, id, change, by).await?.into()))
}

/// Deletes a connection with its tokens.
#[utoipa::path(delete, path = "/api/oauth/connections/{id}", operation_id = "delete_connection", tag = "integrations",
    params(("id" = ConnectionId, Path)), responses((status = 204, description = "Gone"), Writes))]
pub(crate) async fn delete(
    State(state): State<ApiState>,
    may::ManageIntegrations(auth): may::ManageIntegrations,
    Path(id): Path<ConnectionId>,
) -> ApiResult<StatusCode> {
    connections::delete(&auth.scoped(&state), id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Begins to authorize a connection: answers where to send the person who agrees. They have to
/// come back as whoever asked for this, and in the same browser where a browser asked.
#[utoipa::path(post, path = "/api/oauth/connections/{id}/authorize", operation_id = "authorize_connection",
    tag = "integrations", params(("id" = ConnectionId, Path)), request_body = Authorize,
    responses((status = 200, body = Authorization), Writes))]
pub(crate) async fn authorize(
    State(state): State<ApiState>,
    may::ManageIntegrations(auth): may::ManageIntegrations,
    Path(id): Path<ConnectionId>,
    Input(body): Input<Authorize>,
) -> ApiResult<Json<Authorization>> {
    let session = auth.signed.filter(|signed| signed.kind == Kind::Browser).map(|signed| signed.id);
    let begin = Begin {
        scope: auth.scope,
        connection: id,
        beginner: Beginner { user: auth.caller.user, session },
        return_to: checked_return(body.return_to.as_deref().unwrap_or("/"))?,
        redirect: redirect_uri(&state),
    };
    let url = state.oauth.begin(&auth.db(&state), begin).await?;
    Ok(Json(Authorization { url }))
}

/// Where an authorization server sends the browser back to.
#[utoipa::path(get, path = "/api/oauth/callback", operation_id = "oauth_callback", tag = "integrations",
    params(ReturnQuery), responses((status = 303, description = "Connected"), Writes))]
pub(crate) async fn callback(
    State(state): State<ApiState>,
    me: Result<Me, ApiError>,
    headers: HeaderMap,
    Query(query): Query<ReturnQuery>,
) -> ApiResult<Response> {
    let ended = match me {
        Ok(me) => end(&state, me, query).await,
        Err(error) => Err(error),
    };
    match ended {
        Ok(return_to) => redirect(&return_to),
        // Whoever sits before a browser reads what is wrong where they can go on.
        Err(error) if bifrost_ui::is_navigation(&headers) => {
            let mut page = Url::parse(&state.sign_in.page("")).map_err(|e| Error::Internal(e.into()))?;
            page.query_pairs_mut().append_pair("problem", error.code()).append_pair("detail", error.detail());
            redirect(page.as_str())
        }
        Err(error) => Err(error),
    }
}

async fn end(state: &ApiState, me: Me, query: ReturnQuery) -> ApiResult<String> {
    let auth = me.auth;
    // They may have lost it since.
    auth.need(Permission::ManageIntegrations)?;
    let ReturnQuery { code, state: given, error, error_description, tenant } = query;
    let returning = Returning { code, state: given, error, error_description, tenant };
    let (db, user) = (auth.db(state), auth.caller.user);
    let redirect = redirect_uri(state);
    let connected = state.oauth.finish(&db, returning, user, me.signed.id, &redirect).await?;
    Ok(connected.return_to)
}

fn redirect(to: &str) -> ApiResult<Response> {
    let to = HeaderValue::from_str(to).map_err(|e| Error::Internal(e.into()))?;
    Ok((StatusCode::SEE_OTHER, [(header::LOCATION, to)]).into_response())
}

/// Renews a connection's token now, whatever it has; also where the server has refused before.
#[utoipa::path(post, path = "/api/oauth/connections/{id}/refresh", operation_id = "refresh_connection",
    tag = "integrations", params(("id" = ConnectionId, Path)),
    responses((status = 200, body = ConnectionView), Writes))]
pub(crate) async fn refresh(
    State(state): State<ApiState>,
    may::ManageIntegrations(auth): may::ManageIntegrations,
    Path(id): Path<ConnectionId>,
) -> ApiResult<Json<ConnectionView>> {
    let scoped = auth.scoped(&state);
    let before = connections::get(&scoped, id).await?;
    let event = Event::new("oauth_connection.refresh").within(auth.scope.organization());
    let event = event.target("oauth_connection", id).detail("integration", &before.integration_name);
    audit::note(&auth.db(&state), event).await?;
    state.oauth.access(auth.scope, id, Need::Again(before.version)).await?;
    Ok(Json(connections::get(&scoped, id).await?.into()))
}

/// Takes its tokens from a connection.
#[utoipa::path(post, path = "/api/oauth/connections/{id}/disconnect", operation_id = "disconnect_connection",
    tag = "integrations", params(("id" = ConnectionId, Path)),
    responses((status = 200, body = ConnectionView), Writes))]
pub(crate) async fn disconnect(
    State(state): State<ApiState>,
    may::ManageIntegrations(auth): may::ManageIntegrations,
    Path(id): Path<ConnectionId>,
) -> ApiResult<Json<ConnectionView>> {
    Ok(Json(connections::disconnect(&auth.scoped(&state), id).await?.into()))
}
