//! How the caller signs in: password, second factor, passkeys and sessions. For people who
//! are signed in; what changes who can sign in asks for a sign-in of the last minutes.

use super::sign_in::{Challenge, SecondFactor, Step};
use crate::cookies::Cookie;
use crate::credential::Credential;
use crate::extract::{Input, Path};
use crate::me::{AddingMe, EnteringMe, Me, RecentMe};
use crate::origin::Origin;
use crate::problem::ApiResult;
use crate::responses::{Limited, Reads, Writes};
use crate::state::ApiState;
use axum::Json;
use axum::extract::State;
use bifrost_core::{Error, PasskeyId, SessionId};
use bifrost_signin::second_factor;
use bifrost_store::platform_settings;
use bifrost_store::sign_in::flows::{self, Kind};
use bifrost_store::sign_in::passkeys::{self, Passkey};
use bifrost_store::sign_in::{passwords, sessions, totp};
use chrono::{DateTime, Utc};
use http::{Extensions, HeaderMap, StatusCode};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use zeroize::Zeroizing;

/// Longest name of a passkey, in characters.
const NAME: usize = 100;

/// How the caller can sign in.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct OwnSignIn {
    has_password: bool,
    has_second_factor: bool,
    /// Recovery codes that were not used yet.
    recovery_codes_left: i64,
    passkeys: Vec<PasskeyView>,
    /// True when nothing else works until a second factor or a passkey is added, or the caller
    /// signs in with the one that is there.
    needs_second_factor: bool,
}

/// A passkey.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct PasskeyView {
    id: PasskeyId,
    name: String,
    created_at: DateTime<Utc>,
    last_used_at: Option<DateTime<Utc>>,
}

/// A session.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct SessionView {
    id: SessionId,
    /// `browser` or `command_line`.
    kind: &'static str,
    /// How the person signed in.
    method: String,
    address: Option<String>,
    /// The program, as it calls itself.
    agent: Option<String>,
    created_at: DateTime<Utc>,
    /// Exact to a minute.
    last_seen_at: DateTime<Utc>,
    expires_at: DateTime<Utc>,
    /// The one that this request came with.
    is_current: bool,
}

/// The caller's sessions, newest first.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct SessionList {
    sessions: Vec<SessionView>,
}

/// The old password and the new one.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ChangePassword {
    /// Not needed by whoever has none yet.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    current_password: Option<Zeroizing<String>>,
    #[schema(value_type = String)]
    new_password: Zeroizing<String>,
}

/// What an authenticator app is set up with; shown this once.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct NewSecondFactor {
    /// To type in.
    secret: String,
    /// To show as a QR code.
    url: String,
}

/// New recovery codes; each is good once, and they are shown this once.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct RecoveryCodes {
    recovery_codes: Vec<String>,
}

/// A new passkey.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AddPasskey {
    /// For its owner.
    name: String,
    /// The authenticator's answer, as `PublicKeyCredential.toJSON()` writes it.
    #[schema(value_type = Object)]
    credential: Value,
}

impl From<Passkey> for PasskeyView {
    fn from(passkey: Passkey) -> Self {
        Self {
            id: passkey.id,
            name: passkey.name,
            created_at: passkey.created_at,
            last_used_at: passkey.last_used_at,
        }
    }
}

/// How the caller can sign in.
#[utoipa::path(get, path = "/api/me/sign-in", operation_id = "get_own_sign_in", tag = "sign-in",
    responses((status = 200, body = OwnSignIn), Reads))]
pub(crate) async fn overview(
    State(state): State<ApiState>,
    EnteringMe(me): EnteringMe,
) -> ApiResult<Json<OwnSignIn>> {
    let (org, person) = (me.org(&state), me.person());
    let passkeys = passkeys::list(&org, person.user).await?;
    Ok(Json(OwnSignIn {
        has_password: passwords::get(&org, person.user).await?.is_some(),
        has_second_factor: state.sign_in.has_second_factor(person).await?,
        recovery_codes_left: totp::codes_left(&org, person.user).await?,
        passkeys: passkeys.into_iter().map(Into::into).collect(),
        needs_second_factor: me.signed.lacks_second_factor,
    }))
}

/// Changes the caller's password. All other sessions end, and this one goes on under a new
/// name.
#[utoipa::path(put, path = "/api/me/password", operation_id = "change_password", tag = "sign-in",
    request_body = ChangePassword, responses((status = 204, description = "Changed"), Limited, Writes))]
pub(crate) async fn password(
    State(state): State<ApiState>,
    me: Me,
    headers: HeaderMap,
    extensions: Extensions,
    Input(body): Input<ChangePassword>,
) -> ApiResult<(StatusCode, HeaderMap)> {
    let (org, person) = (me.org(&state), me.person());
    let caller = &me.auth.caller;
    match body.current_password {
        Some(current) => {
            if !state.sign_in.own_password(person, &caller.email, current).await? {
                return Err(Error::invalid("current_password", "this is not your password").into());
            }
        }
        None if passwords::get(&org, person.user).await?.is_some() => {
            return Err(Error::invalid("current_password", "your password is needed to change it").into());
        }
        None => me.check_recent()?,
    }
    let about = [caller.email.as_str(), caller.name.as_str()];
    let hash = state.sign_in.hasher().accept("new_password", body.new_password, &about).await?;
    let ended = passwords::set(&org, person.user, hash, Some(me.signed.id)).await?;
    state.sign_in.forget_sessions(&ended).await;
    let mut answer = HeaderMap::new();
    if me.signed.kind == sessions::Kind::Browser {
        let step = Step { state: &state, headers: &headers, origin: Origin::of(&extensions) };
        (_, answer) = step.session(person, "password_change", me.signed.is_strong).await?;
    }
    Ok((StatusCode::NO_CONTENT, answer))
}

/// Begins a second factor: what an authenticator app is set up with. It is asked for once a
/// code has confirmed it.
#[utoipa::path(post, path = "/api/me/second-factor", operation_id = "begin_second_factor", tag = "sign-in",
    responses((status = 200, body = NewSecondFactor), Writes))]
pub(crate) async fn begin_second_factor(
    State(state): State<ApiState>,
    AddingMe(me): AddingMe,
) -> ApiResult<Json<NewSecondFactor>> {
    let secret = second_factor::new_secret()?;
    let settings = platform_settings::get(&state.db).await?;
    let (text, url) = second_factor::shown(&secret, settings.product_name(), &me.auth.caller.email);
    totp::begin(&me.org(&state), &state.keyring, me.person().user, secret).await?;
    Ok(Json(NewSecondFactor { secret: text.to_string(), url: url.to_string() }))
}

/// Confirms the second factor with a code of the app. All other sessions end.
#[utoipa::path(post, path = "/api/me/second-factor/confirm", operation_id = "confirm_second_factor", tag = "sign-in",
    request_body = SecondFactor, responses((status = 200, body = RecoveryCodes), Limited, Writes))]
pub(crate) async fn confirm_second_factor(
    State(state): State<ApiState>,
    AddingMe(me): AddingMe,
    headers: HeaderMap,
    Input(body): Input<SecondFactor>,
) -> ApiResult<Json<RecoveryCodes>> {
    let (db, person) = (me.auth.db(&state), me.person());
    let Some(code) = body.code.as_deref().filter(|_| body.recovery_code.is_none()) else {
        return Err(Error::invalid("code", "expected the six digits of the app").into());
    };
    if !state.sign_in.code(&db, person, Ok(code)).await? {
        let text = "this is not the app's code; is the clock of the device right?";
        return Err(Error::invalid("code", text).into());
    }
    let (codes, kept) = second_factor::new_codes()?;
    let ended = totp::confirm(&me.org(&state), person.user, kept, Some(me.signed.id)).await?;
    renew(&state, &headers).await;
    state.sign_in.forget_sessions(&ended).await;
    Ok(Json(RecoveryCodes { recovery_codes: codes }))
}

/// Takes the second factor away, with its recovery codes.
#[utoipa::path(delete, path = "/api/me/second-factor", operation_id = "remove_second_factor", tag = "sign-in",
    responses((status = 204, description = "Taken away"), Reads))]
pub(crate) async fn remove_second_factor(
    State(state): State<ApiState>,
    RecentMe(me): RecentMe,
) -> ApiResult<StatusCode> {
    totp::remove(&me.org(&state), me.person().user).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Makes new recovery codes; the old ones are void.
#[utoipa::path(post, path = "/api/me/recovery-codes", operation_id = "replace_recovery_codes", tag = "sign-in",
    responses((status = 200, body = RecoveryCodes), Writes))]
pub(crate) async fn recovery_codes(
    State(state): State<ApiState>,
    RecentMe(me): RecentMe,
) -> ApiResult<Json<RecoveryCodes>> {
    if !state.sign_in.has_second_factor(me.person()).await? {
        return Err(Error::NotFound("second factor").into());
    }
    let (codes, kept) = second_factor::new_codes()?;
    totp::replace_codes(&me.org(&state), me.person().user, kept).await?;
    Ok(Json(RecoveryCodes { recovery_codes: codes }))
}

/// A challenge for an authenticator that is to be added.
#[utoipa::path(post, path = "/api/me/passkeys/challenge", operation_id = "passkey_challenge", tag = "sign-in",
    responses((status = 200, body = Challenge), Writes))]
pub(crate) async fn passkey_challenge(
    State(state): State<ApiState>,
    AddingMe(me): AddingMe,
) -> ApiResult<(HeaderMap, Json<Challenge>)> {
    let (org, caller) = (me.org(&state), &me.auth.caller);
    let known = passkeys::list(&org, caller.user).await?;
    let passkeys = state.sign_in.passkeys();
    let (challenge, adding) = passkeys.begin_adding(caller.user, &caller.email, &caller.name, &known)?;
    let (kind, user) = (Kind::PasskeyRegistration, Some(caller.user));
    let token = flows::begin(&state.db, kind, user, &adding, bifrost_signin::STEP).await?;
    let mut headers = HeaderMap::new();
    Cookie::Step.set(&mut headers, state.sign_in.public_url(), &token);
    Ok((headers, Json(challenge.into())))
}

/// Adds a passkey with the authenticator's answer to the challenge.
#[utoipa::path(post, path = "/api/me/passkeys", operation_id = "add_passkey", tag = "sign-in",
    request_body = AddPasskey, responses((status = 201, body = PasskeyView), Writes))]
pub(crate) async fn add_passkey(
    State(state): State<ApiState>,
    AddingMe(me): AddingMe,
    headers: HeaderMap,
    Input(body): Input<AddPasskey>,
) -> ApiResult<(StatusCode, Json<PasskeyView>)> {
    let name = body.name.trim();
    if name.is_empty() || name.chars().count() > NAME || name.chars().any(char::is_control) {
        let text = format!("expected 1 to {NAME} characters without control characters");
        return Err(Error::invalid("name", text).into());
    }
    let person = me.person();
    let token = Cookie::Step.get(&headers, state.sign_in.public_url()).ok_or_else(flows::expired)?;
    let flow = flows::take(&state.db, Kind::PasskeyRegistration, &token).await?;
    let flow = flow.filter(|flow| flow.user == Some(person.user)).ok_or_else(flows::expired)?;
    let (id, credential) = state.sign_in.passkeys().finish_adding(&body.credential, &flow.state)?;
    let new = Passkey {
        id: PasskeyId::new(),
        user: person.user,
        organization: person.organization,
        name: name.to_owned(),
        credential,
        created_at: bifrost_store::now(),
        last_used_at: None,
    };
    passkeys::add(&me.org(&state), new.clone(), id, Some(me.signed.id)).await?;
    renew(&state, &headers).await;
    Ok((StatusCode::CREATED, Json(new.into())))
}

/// Takes a passkey of the caller away.
#[utoipa::path(delete, path = "/api/me/passkeys/{id}", operation_id = "remove_passkey", tag = "sign-in",
    params(("id" = PasskeyId, Path)), responses((status = 204, description = "Taken away"), Reads))]
pub(crate) async fn remove_passkey(
    State(state): State<ApiState>,
    RecentMe(me): RecentMe,
    Path(id): Path<PasskeyId>,
) -> ApiResult<StatusCode> {
    passkeys::remove(&me.org(&state), me.person().user, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The caller's sessions.
#[utoipa::path(get, path = "/api/me/sessions", operation_id = "list_sessions", tag = "sign-in",
    responses((status = 200, body = SessionList), Reads))]
pub(crate) async fn sessions(State(state): State<ApiState>, me: Me) -> ApiResult<Json<SessionList>> {
    let all = sessions::list(&me.org(&state), me.person().user).await?;
    let view = |session: sessions::Session| SessionView {
        id: session.id,
        kind: session.kind.as_str(),
        method: session.method,
        address: session.address,
        agent: session.agent,
        created_at: session.created_at,
        last_seen_at: session.last_seen_at,
        expires_at: session.expires_at,
        is_current: session.id == me.signed.id,
    };
    Ok(Json(SessionList { sessions: all.into_iter().map(view).collect() }))
}

/// Ends one session of the caller, within five seconds everywhere.
#[utoipa::path(delete, path = "/api/me/sessions/{id}", operation_id = "end_session", tag = "sign-in",
    params(("id" = SessionId, Path)), responses((status = 204, description = "Ended"), Reads))]
pub(crate) async fn end_session(
    State(state): State<ApiState>,
    me: Me,
    Path(id): Path<SessionId>,
) -> ApiResult<StatusCode> {
    let ended = sessions::end(&me.org(&state), me.person().user, id).await?;
    state.sign_in.forget_sessions(&ended).await;
    Ok(StatusCode::NO_CONTENT)
}

/// Ends all sessions of the caller but the one of this request.
#[utoipa::path(delete, path = "/api/me/sessions", operation_id = "end_other_sessions", tag = "sign-in",
    responses((status = 204, description = "Ended"), Reads))]
pub(crate) async fn end_other_sessions(State(state): State<ApiState>, me: Me) -> ApiResult<StatusCode> {
    let ended = sessions::end_all(&me.org(&state), me.person().user, Some(me.signed.id)).await?;
    state.sign_in.forget_sessions(&ended).await;
    Ok(StatusCode::NO_CONTENT)
}

/// The session of a request counts for more from now on.
async fn renew(state: &ApiState, headers: &HeaderMap) {
    if let Some(Credential::Session(token, _)) = Credential::of(headers, state) {
        state.sign_in.renew_session(&token).await;
    }
}
