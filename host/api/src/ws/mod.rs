//! The live connection: a client subscribes to channels and receives their events.
//! Authenticated by the headers of the upgrade, or by the first message, never by the
//! URL, which ends up in logs.

mod channel;
mod follow;
mod session;

pub use channel::Channel;

use crate::auth::{self, Auth};
use crate::credential::Credential;
use crate::extract::{Path, Query};
use crate::origin::Origin;
use crate::problem::ApiResult;
use crate::responses::Reads;
use crate::state::ApiState;
use axum::extract::State;
use axum::extract::ws::WebSocketUpgrade;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::response::{IntoResponse, Response};
use bifrost_core::ExecutionId;
use http::{Extensions, HeaderMap, Method};
use serde::Deserialize;
use session::Start;

/// Largest message of a client, in bytes; a list of channels is short.
const MESSAGE_BYTES: usize = 64 << 10;

#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ConnectQuery {
    /// Channels to begin with, separated by commas.
    #[serde(default)]
    channels: String,
    /// Replay log lines after this sequence on the execution channels named here.
    after: Option<i64>,
    /// As the header `X-Bifrost-Organization`, which the script of a page cannot send here.
    organization: Option<String>,
}

#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct FollowQuery {
    /// Replay log lines after this sequence; 0 for all.
    #[serde(default)]
    after: i64,
}

type Upgrade = Result<WebSocketUpgrade, WebSocketUpgradeRejection>;

/// Opens the live connection. See `docs/api.md` for its messages and channels.
#[utoipa::path(get, path = "/ws/connect", operation_id = "ws_connect", tag = "live", params(ConnectQuery),
    responses((status = 101, description = "Switched to WebSocket"), Reads))]
pub(crate) async fn connect(
    State(state): State<ApiState>,
    headers: HeaderMap,
    extensions: Extensions,
    Query(query): Query<ConnectQuery>,
    upgrade: Upgrade,
) -> ApiResult<Response> {
    let origin = Origin::of(&extensions);
    let organization = query.organization.as_deref().or(auth::organization_of(&headers));
    let login = login(&state, &headers, organization, &origin).await?;
    let channels =
        query.channels.split(',').map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned);
    let start = Start { login, channels: channels.collect(), after: query.after, only: None, origin };
    Ok(switch(upgrade, state, start))
}

/// Follows one execution; the connection closes after its last message.
#[utoipa::path(get, path = "/ws/execution/{id}", operation_id = "ws_execution", tag = "live",
    params(("id" = ExecutionId, Path, description = "The execution"), FollowQuery),
    responses((status = 101, description = "Switched to WebSocket"), Reads))]
pub(crate) async fn execution(
    State(state): State<ApiState>,
    headers: HeaderMap,
    extensions: Extensions,
    Path(id): Path<ExecutionId>,
    Query(query): Query<FollowQuery>,
    upgrade: Upgrade,
) -> ApiResult<Response> {
    let origin = Origin::of(&extensions);
    let login = login(&state, &headers, auth::organization_of(&headers), &origin).await?;
    let channel = Channel::Execution(id);
    if let Some(login) = &login {
        channel.authorize(&state, &login.auth).await?;
    }
    let start = Start { login, channels: Vec::new(), after: Some(query.after), only: Some(channel), origin };
    Ok(switch(upgrade, state, start))
}

/// Who the headers say it is. A cookie counts only for a page of this platform: a live
/// connection reads across sites otherwise.
async fn login(
    state: &ApiState,
    headers: &HeaderMap,
    organization: Option<&str>,
    origin: &Origin,
) -> ApiResult<Option<session::Login>> {
    let Some(credential) = Credential::of(headers, state) else {
        return Ok(None);
    };
    let auth = Auth::of(state, &credential, organization, origin).await?;
    credential.check_sender(&Method::GET, true, headers, state)?;
    Ok(Some(session::Login { credential, organization: organization.map(str::to_owned), auth }))
}

fn switch(upgrade: Upgrade, state: ApiState, start: Start) -> Response {
    match upgrade {
        Ok(upgrade) => upgrade
            .max_message_size(MESSAGE_BYTES)
            .max_frame_size(MESSAGE_BYTES)
            .on_upgrade(move |socket| session::serve(socket, state, start)),
        Err(rejection) => rejection.into_response(),
    }
}
