//! Signing in and out: by password and second factor, by passkey, by a link, and the first
//! administrator. Each ends with a fresh session in a cookie.

use crate::auth::Entering;
use crate::cookies::{self, Cookie};
use crate::credential::Credential;
use crate::extract::Input;
use crate::origin::Origin;
use crate::problem::{ApiError, ApiResult};
use crate::responses::{Open, SigningIn, Writes};
use crate::state::ApiState;
use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use bifrost_core::{Error, IdentityProviderId, OrganizationId, Role, UserId};
use bifrost_signin::{Checked, Person};
use bifrost_store::audit::{self, Actor, Event, Outcome};
use bifrost_store::sign_in::flows::{self, Kind};
use bifrost_store::sign_in::passwords;
use bifrost_store::sign_in::sessions::{self, NewSession};
use bifrost_store::sign_in::{hash, passkeys, providers, set_up};
use bifrost_store::{identity, invitations};
use http::{Extensions, HeaderMap, StatusCode, header};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use zeroize::Zeroizing;

/// Longest name that a browser gives itself and that is kept, in bytes.
const AGENT_BYTES: usize = 200;

/// What a sign-in page offers.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct SignInOptions {
    /// True as long as no platform administrator can sign in: the token of the first start
    /// makes one.
    set_up: bool,
    /// False where browsers allow none, because the platform has no host name.
    passkeys: bool,
    /// Identity providers, by name.
    providers: Vec<ProviderButton>,
}

/// An identity provider to choose; `GET /api/sign-in/providers/{id}` leads there.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct ProviderButton {
    id: IdentityProviderId,
    name: String,
    /// `microsoft`, `google` or `oidc`.
    kind: String,
}

/// An e-mail and its password.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PasswordSignIn {
    email: String,
    #[schema(value_type = String)]
    password: Zeroizing<String>,
    /// Name or e-mail domain of the organization; only where the e-mail belongs to several.
    #[serde(default)]
    organization: Option<String>,
}

/// One of the two.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SecondFactor {
    /// Six digits of the authenticator app.
    #[serde(default)]
    pub(crate) code: Option<String>,
    /// One of the codes that were shown when the second factor was added; good once.
    #[serde(default)]
    pub(crate) recovery_code: Option<String>,
}

/// An authenticator's answer to a challenge, as `PublicKeyCredential.toJSON()` writes it.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PasskeyAnswer {
    #[schema(value_type = Object)]
    credential: Value,
}

/// A link that an administrator has made, and a new password.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct LinkSignIn {
    token: String,
    #[schema(value_type = String)]
    password: Zeroizing<String>,
}

/// An invitation, and a password for the new user.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct InvitationSignIn {
    token: String,
    /// For people; what the invitation says if absent.
    #[serde(default)]
    name: Option<String>,
    #[schema(value_type = String)]
    password: Zeroizing<String>,
}

/// The first platform administrator.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SetUp {
    /// As the first start has printed it.
    token: String,
    email: String,
    name: String,
    #[schema(value_type = String)]
    password: Zeroizing<String>,
}

/// How far a sign-in is.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(tag = "status", rename_all = "snake_case")]
pub(crate) enum SignInState {
    /// A session's cookie is set.
    SignedIn { user_id: UserId, email: String, name: String, role: Role, organization_id: OrganizationId },
    /// The password is right; `POST /api/sign-in/second-factor` comes next.
    SecondFactor,
}

/// For `navigator.credentials`, as `parseCreationOptionsFromJSON` and
/// `parseRequestOptionsFromJSON` read it.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct Challenge {
    #[serde(rename = "publicKey")]
    #[schema(value_type = Object)]
    pub(crate) public_key: Value,
}

impl From<Value> for Challenge {
    fn from(mut challenge: Value) -> Self {
        Self { public_key: challenge["publicKey"].take() }
    }
}

/// What a step of signing in knows of its request.
pub(crate) struct Step<'a> {
    pub(crate) state: &'a ApiState,
    pub(crate) headers: &'a HeaderMap,
    pub(crate) origin: Origin,
}

impl<'a> Step<'a> {
    /// Refuses what another site's page has sent, and what comes too often.
    pub(crate) fn begin(
        state: &'a ApiState,
        headers: &'a HeaderMap,
        extensions: &Extensions,
    ) -> Result<Self, ApiError> {
        let step = Self { state, headers, origin: Origin::of(extensions) };
        cookies::check_not_foreign(headers, state.sign_in.public_url())?;
        step.throttle()?;
        Ok(step)
    }

    pub(crate) fn throttle(&self) -> Result<(), Error> {
        self.state.sign_in.throttle().sign_in(self.origin.address())
    }

    /// The token of the step before.
    pub(crate) fn token(&self) -> Result<String, Error> {
        Cookie::Step.get(self.headers, self.state.sign_in.public_url()).ok_or_else(flows::expired)
    }

    /// Writes down that somebody has not signed in, and is the error for it.
    pub(crate) async fn failed(&self, who: &str, person: Option<Person>, method: &str) -> ApiError {
        match self.note_failure(who, person, method).await {
            Err(error) => error.into(),
            Ok(()) => ApiError::new(
                StatusCode::UNAUTHORIZED,
                "sign_in_failed",
                "what you entered is wrong, or there is no such account",
            ),
        }
    }

    async fn note_failure(&self, who: &str, person: Option<Person>, method: &str) -> Result<(), Error> {
        let actor = match person {
            Some(person) => Actor { id: Some(person.user), ..Actor::unknown(who) },
            None => Actor::unknown(who),
        };
        let event = Event::new("session.begin")
            .within(person.map(|person| person.organization))
            .outcome(Outcome::Failed)
            .detail("method", method);
        audit::note(&self.state.db.by(self.origin.note(actor)), event).await
    }

    /// Begins a session, in place of the one that the browser held. It is strong with a second
    /// factor or a passkey, or by an identity provider.
    pub(crate) async fn session(
        &self,
        person: Person,
        method: &'static str,
        is_strong: bool,
    ) -> Result<(SignInState, HeaderMap), Error> {
        let url = self.state.sign_in.public_url();
        let caller = identity::caller(&self.state.db, person.user).await?.ok_or(Error::Unauthenticated)?;
        let db = self.state.db.by(self.origin.actor(&caller));
        let agent = self.headers.get(header::USER_AGENT).and_then(|agent| agent.to_str().ok());
        let new = NewSession {
            user: person.user,
            organization: person.organization,
            kind: sessions::Kind::Browser,
            method,
            is_strong,
            address: self.origin.address().map(|address| address.to_string()),
            agent: agent.map(|agent| agent[..agent.len().min(AGENT_BYTES)].to_owned()),
        };
        let before = Cookie::Session.get(self.headers, url);
        let (_, token) = sessions::begin(&db, new, before.as_deref()).await?;
        let ended = before.iter().map(|before| hash(before)).collect();
        self.state.sign_in.forget_sessions(&ended).await;
        let mut headers = HeaderMap::new();
        Cookie::Session.set(&mut headers, url, &token);
        Cookie::Step.clear(&mut headers, url);
        let state = SignInState::SignedIn {
            user_id: caller.user,
            email: caller.email,
            name: caller.name,
            role: caller.role,
            organization_id: caller.organization,
        };
        Ok((state, headers))
    }

    /// Signs in, or asks for the second factor.
    async fn after(&self, checked: Checked, who: &str, method: &'static str) -> ApiResult<Response> {
        match checked {
            Checked::SignedIn(person) => Ok(answer(self.session(person, method, false).await?)),
            Checked::SecondFactor(_, token) => {
                let mut headers = HeaderMap::new();
                Cookie::Step.set(&mut headers, self.state.sign_in.public_url(), &token);
                Ok((headers, Json(SignInState::SecondFactor)).into_response())
            }
            Checked::Wrong => Err(self.failed(who, None, method).await),
            Checked::Suspended(person) => {
                self.note_failure(who, Some(person), method).await?;
                Err(ApiError::new(
                    StatusCode::FORBIDDEN,
                    "account_suspended",
                    "your account is deactivated, or your organization is suspended",
                ))
            }
            Checked::Several(names) => Err(ApiError::new(
                StatusCode::CONFLICT,
                "several_accounts",
                format!("name the organization that you mean: {}", names.join(", ")),
            )
            .with_field("organization")),
        }
    }
}

fn answer((state, headers): (SignInState, HeaderMap)) -> Response {
    (headers, Json(state)).into_response()
}

/// What a sign-in page offers.
#[utoipa::path(get, path = "/api/sign-in", operation_id = "sign_in_options", tag = "sign-in",
    responses((status = 200, body = SignInOptions), Open))]
pub(crate) async fn options(State(state): State<ApiState>) -> ApiResult<Json<SignInOptions>> {
    let providers = providers::list(&state.db).await?.into_iter().filter(|provider| provider.is_enabled);
    Ok(Json(SignInOptions {
        set_up: set_up::is_open(&state.db).await?,
        passkeys: state.sign_in.passkeys().are_available(),
        providers: providers
            .map(|provider| ProviderButton { id: provider.id, name: provider.name, kind: provider.kind })
            .collect(),
    }))
}

/// Signs in with a password. Where a second factor is set up, it comes next.
#[utoipa::path(post, path = "/api/sign-in/password", operation_id = "sign_in_password", tag = "sign-in",
    request_body = PasswordSignIn, responses((status = 200, body = SignInState), SigningIn))]
pub(crate) async fn password(
    State(state): State<ApiState>,
    headers: HeaderMap,
    extensions: Extensions,
    Input(body): Input<PasswordSignIn>,
) -> ApiResult<Response> {
    let step = Step::begin(&state, &headers, &extensions)?;
    let (organization, address) = (body.organization.as_deref(), step.origin.address());
    let checked = state.sign_in.password(&body.email, organization, body.password, address).await?;
    step.after(checked, &body.email, "password").await
}

/// Finishes a sign-in with the second factor.
#[utoipa::path(post, path = "/api/sign-in/second-factor", operation_id = "sign_in_second_factor", tag = "sign-in",
    request_body = SecondFactor, responses((status = 200, body = SignInState), SigningIn))]
pub(crate) async fn second_factor(
    State(state): State<ApiState>,
    headers: HeaderMap,
    extensions: Extensions,
    Input(body): Input<SecondFactor>,
) -> ApiResult<Response> {
    let step = Step::begin(&state, &headers, &extensions)?;
    let token = step.token()?;
    let person = state.sign_in.half_signed_in(&token).await?;
    let caller = identity::caller(&state.db, person.user).await?.ok_or(Error::Unauthenticated)?;
    let code = body.code()?;
    let method = if code.is_ok() { "password+totp" } else { "password+recovery_code" };
    let db = state.db.by(step.origin.actor(&caller));
    let address = step.origin.address();
    if !state.sign_in.second_factor(&db, &token, person, code, address).await? {
        return Err(step.failed(&caller.email, Some(person), method).await);
    }
    Ok(answer(step.session(person, method, true).await?))
}

impl SecondFactor {
    /// A code of the app, or else a recovery code.
    pub(crate) fn code(&self) -> Result<Result<&str, &str>, Error> {
        match (self.code.as_deref(), self.recovery_code.as_deref()) {
            (Some(code), None) => Ok(Ok(code)),
            (None, Some(code)) => Ok(Err(code)),
            _ => Err(Error::invalid("code", "expected either `code` or `recovery_code`")),
        }
    }
}

/// A challenge for a passkey.
#[utoipa::path(post, path = "/api/sign-in/passkey/challenge", operation_id = "sign_in_passkey_challenge",
    tag = "sign-in", responses((status = 200, body = Challenge), SigningIn))]
pub(crate) async fn passkey_challenge(
    State(state): State<ApiState>,
    headers: HeaderMap,
    extensions: Extensions,
) -> ApiResult<(HeaderMap, Json<Challenge>)> {
    Step::begin(&state, &headers, &extensions)?;
    let (challenge, proving) = state.sign_in.passkeys().begin_proving()?;
    let token = flows::begin(&state.db, Kind::PasskeySignIn, None, &proving, bifrost_signin::STEP).await?;
    let mut headers = HeaderMap::new();
    Cookie::Step.set(&mut headers, state.sign_in.public_url(), &token);
    Ok((headers, Json(challenge.into())))
}

/// Signs in with a passkey's answer to the challenge.
#[utoipa::path(post, path = "/api/sign-in/passkey", operation_id = "sign_in_passkey", tag = "sign-in",
    request_body = PasskeyAnswer, responses((status = 200, body = SignInState), SigningIn))]
pub(crate) async fn passkey(
    State(state): State<ApiState>,
    headers: HeaderMap,
    extensions: Extensions,
    Input(body): Input<PasskeyAnswer>,
) -> ApiResult<Response> {
    let step = Step::begin(&state, &headers, &extensions)?;
    let token = step.token()?;
    // A challenge is good for one answer, right or wrong.
    let flow = flows::take(&state.db, Kind::PasskeySignIn, &token).await?.ok_or_else(flows::expired)?;
    let (credential, user) = state.sign_in.passkeys().claimed(&body.credential)?;
    let Some(kept) = passkeys::find(&state.db, credential, user).await? else {
        return Err(step.failed("passkey", None, "passkey").await);
    };
    let person = Person { user: kept.user, organization: kept.organization };
    let Some(credential) = state.sign_in.passkeys().finish_proving(&body.credential, flow.state, &kept)?
    else {
        return Err(step.failed("passkey", Some(person), "passkey").await);
    };
    passkeys::used(&state.db.org(person.organization), kept.id, credential).await?;
    Ok(answer(step.session(person, "passkey", true).await?))
}

/// Sets a new password by an administrator's link, and signs in with it.
#[utoipa::path(post, path = "/api/sign-in/link", operation_id = "sign_in_link", tag = "sign-in",
    request_body = LinkSignIn, responses((status = 200, body = SignInState), SigningIn))]
pub(crate) async fn link(
    State(state): State<ApiState>,
    headers: HeaderMap,
    extensions: Extensions,
    Input(body): Input<LinkSignIn>,
) -> ApiResult<Response> {
    let step = Step::begin(&state, &headers, &extensions)?;
    let flow = flows::peek::<passwords::Link>(&state.db, Kind::PasswordLink, &body.token).await?;
    let user = flow.ok_or_else(flows::expired)?.user.ok_or_else(flows::expired)?;
    let caller = identity::caller(&state.db, user).await?.ok_or_else(flows::expired)?;
    let about = [caller.email.as_str(), caller.name.as_str()];
    let hash = state.sign_in.hasher().accept("password", body.password, &about).await?;
    let db = state.db.by(step.origin.actor(&caller));
    let (user, organization, ended) = passwords::use_link(&db, &body.token, hash).await?;
    state.sign_in.forget_sessions(&ended).await;
    let person = Person { user, organization };
    let second = state.sign_in.has_second_factor(person).await?;
    let checked = state.sign_in.first_factor(person, second).await?;
    step.after(checked, &caller.email, "password_link").await
}

/// Accepts an invitation with a password, and signs the new user in.
#[utoipa::path(post, path = "/api/sign-in/invitation", operation_id = "sign_in_invitation", tag = "sign-in",
    request_body = InvitationSignIn, responses((status = 200, body = SignInState), SigningIn))]
pub(crate) async fn invitation(
    State(state): State<ApiState>,
    headers: HeaderMap,
    extensions: Extensions,
    Input(body): Input<InvitationSignIn>,
) -> ApiResult<Response> {
    let step = Step::begin(&state, &headers, &extensions)?;
    let invited = invitations::find(&state.db, &body.token).await?.ok_or_else(flows::expired)?;
    let name = body.name.unwrap_or_else(|| invited.name.clone());
    let about = [invited.email.as_str(), name.as_str()];
    let hash = state.sign_in.hasher().accept("password", body.password, &about).await?;
    let db = state.db.by(step.origin.note(Actor::unknown(&invited.email)));
    let (user, organization) = passwords::accept_invitation(&db, body.token, name, hash).await?;
    Ok(answer(step.session(Person { user, organization }, "invitation", false).await?))
}

/// Makes the first platform administrator with the token that the first start has printed,
/// and signs in.
#[utoipa::path(post, path = "/api/set-up", operation_id = "set_up", tag = "sign-in", request_body = SetUp,
    responses((status = 200, body = SignInState), SigningIn))]
pub(crate) async fn first(
    State(state): State<ApiState>,
    headers: HeaderMap,
    extensions: Extensions,
    Input(body): Input<SetUp>,
) -> ApiResult<Response> {
    let step = Step::begin(&state, &headers, &extensions)?;
    let about = [body.email.as_str(), body.name.as_str()];
    let hash = state.sign_in.hasher().accept("password", body.password, &about).await?;
    let db = state.db.by(step.origin.note(Actor::unknown(&body.email)));
    let user = set_up::complete(&db, &body.token, &body.email, &body.name, hash).await?;
    let person = Person { user: user.id, organization: user.organization_id };
    Ok(answer(step.session(person, "set_up", false).await?))
}

/// Ends the session that the request comes with.
#[utoipa::path(post, path = "/api/sign-out", operation_id = "sign_out", tag = "sign-in",
    responses((status = 204, description = "Signed out"), Writes))]
pub(crate) async fn out(
    State(state): State<ApiState>,
    Entering(auth): Entering,
    headers: HeaderMap,
) -> ApiResult<Response> {
    let signed = auth.signed.ok_or_else(|| {
        let text = "an API key does not sign out; revoke it";
        ApiError::from(Error::Conflict { code: "no_session", message: text.into() })
    })?;
    let own = auth.db(&state).org(auth.caller.organization);
    let ended = sessions::end(&own, auth.caller.user, signed.id).await?;
    state.sign_in.forget_sessions(&ended).await;
    let mut answer = HeaderMap::new();
    if matches!(Credential::of(&headers, &state), Some(Credential::Session(_, sessions::Kind::Browser))) {
        Cookie::Session.clear(&mut answer, state.sign_in.public_url());
    }
    Ok((StatusCode::NO_CONTENT, answer).into_response())
}
