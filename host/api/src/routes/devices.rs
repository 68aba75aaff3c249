//! Sign-in of a command line: it shows a code, and a person who is signed in confirms it in a
//! browser. The first two operations are those of RFC 8628, with its names and errors.

use crate::extract::Path;
use crate::me::Me;
use crate::origin::Origin;
use crate::problem::{ApiError, ApiResult};
use crate::responses::{Limited, OAuth, Reads, Writes};
use crate::state::ApiState;
use axum::extract::State;
use axum::extract::rejection::FormRejection;
use axum::{Form, Json};
use bifrost_core::Error;
use bifrost_store::sign_in::devices::{self, INTERVAL_S, LIFETIME, Poll};
use bifrost_store::sign_in::sessions::Kind;
use chrono::{DateTime, Utc};
use http::{Extensions, StatusCode};
use serde::{Deserialize, Serialize};

/// The one client there is.
const CLIENT: &str = "bifrost-cli";
/// What a token is asked for with.
const GRANT: &str = "urn:ietf:params:oauth:grant-type:device_code";
/// Longest text that a command line says of itself, in characters.
const DESCRIPTION: usize = 100;

/// Asks for a code.
#[derive(Deserialize, utoipa::ToSchema)]
pub(crate) struct DeviceRequest {
    /// `bifrost-cli`.
    client_id: String,
    /// What the person is shown, for instance the machine's name.
    #[serde(default)]
    description: String,
}

/// A code.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct DeviceCode {
    /// For the command line.
    device_code: String,
    /// For the person.
    user_code: String,
    /// Where the person enters it.
    verification_uri: String,
    /// The same, with the code in it.
    verification_uri_complete: String,
    /// How long it is good, in seconds.
    expires_in: i64,
    /// Between two questions, in seconds.
    interval: i64,
}

/// Asks whether the person has decided.
#[derive(Deserialize, utoipa::ToSchema)]
pub(crate) struct TokenRequest {
    /// `urn:ietf:params:oauth:grant-type:device_code`.
    grant_type: String,
    device_code: String,
    /// `bifrost-cli`.
    client_id: String,
}

/// A token for `Authorization: Bearer`.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct DeviceToken {
    access_token: String,
    token_type: &'static str,
    /// How long it is good at most, in seconds.
    expires_in: i64,
}

/// A command line that waits.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct WaitingDevice {
    /// What it says of itself.
    description: String,
    /// From where it asked.
    address: Option<String>,
    created_at: DateTime<Utc>,
}

fn form<T>(form: Result<Form<T>, FormRejection>) -> Result<T, ApiError> {
    let form = form.map_err(|error| ApiError::oauth("invalid_request", error.body_text()))?;
    Ok(form.0)
}

fn check_client(client: &str) -> Result<(), ApiError> {
    if client == CLIENT {
        return Ok(());
    }
    Err(ApiError::oauth("invalid_client", format!("the client_id is {CLIENT}")))
}

/// Begins the sign-in of a command line.
#[utoipa::path(post, path = "/api/device/code", operation_id = "device_code", tag = "sign-in",
    request_body(content = DeviceRequest, content_type = "application/x-www-form-urlencoded"),
    responses((status = 200, body = DeviceCode), OAuth, Limited))]
pub(crate) async fn code(
    State(state): State<ApiState>,
    extensions: Extensions,
    body: Result<Form<DeviceRequest>, FormRejection>,
) -> ApiResult<Json<DeviceCode>> {
    let (body, origin) = (form(body)?, Origin::of(&extensions));
    check_client(&body.client_id)?;
    state.sign_in.throttle().sign_in(origin.address())?;
    let description: String =
        body.description.chars().filter(|c| !c.is_control()).take(DESCRIPTION).collect();
    let address = origin.address().map(|address| address.to_string());
    let (device_code, user_code) = devices::begin(&state.db, description, address).await?;
    let page = state.sign_in.page("device");
    let user_code = devices::shown(&user_code);
    Ok(Json(DeviceCode {
        device_code,
        verification_uri_complete: format!("{page}?code={user_code}"),
        verification_uri: page,
        user_code,
        expires_in: LIFETIME.num_seconds(),
        interval: INTERVAL_S,
    }))
}

/// Asks whether the person has decided, and for the token then.
#[utoipa::path(post, path = "/api/device/token", operation_id = "device_token", tag = "sign-in",
    request_body(content = TokenRequest, content_type = "application/x-www-form-urlencoded"),
    responses((status = 200, body = DeviceToken), OAuth, Limited))]
pub(crate) async fn token(
    State(state): State<ApiState>,
    extensions: Extensions,
    body: Result<Form<TokenRequest>, FormRejection>,
) -> ApiResult<Json<DeviceToken>> {
    let (body, origin) = (form(body)?, Origin::of(&extensions));
    check_client(&body.client_id)?;
    if body.grant_type != GRANT {
        return Err(ApiError::oauth("unsupported_grant_type", format!("the grant_type is {GRANT}")));
    }
    state.sign_in.throttle().stranger(origin.address())?;
    let address = origin.address().map(|address| address.to_string());
    let refused = |code, text: &str| Err(ApiError::oauth(code, text.to_owned()));
    match devices::poll(&state.db, &body.device_code, address).await? {
        Poll::Pending => refused("authorization_pending", "nobody has confirmed the code yet"),
        Poll::SlowDown => refused("slow_down", "five seconds more between two questions, please"),
        Poll::Denied => refused("access_denied", "it was refused"),
        Poll::Expired => refused("expired_token", "the code is too old; begin again"),
        Poll::Approved { token, expires_at } => Ok(Json(DeviceToken {
            access_token: token,
            token_type: "Bearer",
            expires_in: (expires_at - Utc::now()).num_seconds(),
        })),
    }
}

/// In a browser only: a token of the command line does not make further ones.
fn check_browser(me: &Me) -> Result<(), Error> {
    if me.signed.kind == Kind::Browser {
        return Ok(());
    }
    Err(Error::Denied("a code is confirmed in a browser".into()))
}

/// What waits under a code; to be shown before it is confirmed.
#[utoipa::path(get, path = "/api/device/{code}", operation_id = "get_device", tag = "sign-in",
    params(("code" = String, Path)), responses((status = 200, body = WaitingDevice), Limited, Reads))]
pub(crate) async fn get(
    State(state): State<ApiState>,
    me: Me,
    extensions: Extensions,
    Path(code): Path<String>,
) -> ApiResult<Json<WaitingDevice>> {
    check_browser(&me)?;
    // Codes are short: nobody tries many.
    state.sign_in.throttle().sign_in(Origin::of(&extensions).address())?;
    let waiting = devices::waiting(&state.db, &code).await?.ok_or(Error::NotFound("code"))?;
    Ok(Json(WaitingDevice {
        description: waiting.client,
        address: waiting.address,
        created_at: waiting.created_at,
    }))
}

/// Signs the command line behind a code in as the caller.
#[utoipa::path(post, path = "/api/device/{code}/approve", operation_id = "approve_device", tag = "sign-in",
    params(("code" = String, Path)), responses((status = 204, description = "Signed in"), Limited, Writes))]
pub(crate) async fn approve(
    State(state): State<ApiState>,
    me: Me,
    extensions: Extensions,
    Path(code): Path<String>,
) -> ApiResult<StatusCode> {
    decide(&state, &me, &extensions, &code, true).await
}

/// Refuses the command line behind a code.
#[utoipa::path(post, path = "/api/device/{code}/deny", operation_id = "deny_device", tag = "sign-in",
    params(("code" = String, Path)), responses((status = 204, description = "Refused"), Limited, Writes))]
pub(crate) async fn deny(
    State(state): State<ApiState>,
    me: Me,
    extensions: Extensions,
    Path(code): Path<String>,
) -> ApiResult<StatusCode> {
    decide(&state, &me, &extensions, &code, false).await
}

async fn decide(
    state: &ApiState,
    me: &Me,
    extensions: &Extensions,
    code: &str,
    approve: bool,
) -> ApiResult<StatusCode> {
    check_browser(me)?;
    state.sign_in.throttle().sign_in(Origin::of(extensions).address())?;
    let person = me.person();
    let (db, is_strong) = (me.auth.db(state), me.signed.is_strong);
    devices::decide(&db, code, person.user, person.organization, is_strong, approve).await?;
    Ok(StatusCode::NO_CONTENT)
}
