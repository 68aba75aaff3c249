//! OpenID providers: configured by the platform's operators, and used by people who sign in.

use super::sign_in::Step;
use crate::auth::may;
use crate::cookies::Cookie;
use crate::extract::{Input, Path, Query};
use crate::origin::Origin;
use crate::problem::ApiResult;
use crate::responses::{Reads, SigningIn, Writes};
use crate::state::ApiState;
use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use bifrost_core::{Error, IdentityProviderId};
use bifrost_signin::Person;
use bifrost_signin::oidc::{self, Away};
use bifrost_store::audit::Actor;
use bifrost_store::sign_in::flows::{self, Kind};
use bifrost_store::sign_in::providers::{self, Provider, Settings};
use chrono::{DateTime, Utc};
use http::{Extensions, HeaderMap, HeaderValue, StatusCode, header};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

/// Longest text of a setting, in bytes.
const TEXT: usize = 500;
/// Most scopes and domains.
const ITEMS: usize = 100;
/// Google's issuer.
const GOOGLE: &str = "https://accounts.google.com";
/// What Microsoft's issuers begin with; the tenant's id follows.
const MICROSOFT: &str = "https://login.microsoftonline.com/";
/// Microsoft's issuers that anybody's tenant can sign in at, with any address.
const MICROSOFT_SHARED: [&str; 3] = ["common", "organizations", "consumers"];
/// What is asked for, unless it is said.
const SCOPES: [&str; 3] = ["openid", "email", "profile"];

/// Whose conventions a provider has.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, PartialEq, Eq, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ProviderKind {
    Microsoft,
    Google,
    Oidc,
}

impl ProviderKind {
    fn as_str(self) -> &'static str {
        match self {
            Self::Microsoft => "microsoft",
            Self::Google => "google",
            Self::Oidc => "oidc",
        }
    }
}

/// An identity provider; its client secret is never shown.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct ProviderView {
    id: IdentityProviderId,
    name: String,
    /// `microsoft`, `google` or `oidc`.
    kind: String,
    issuer: String,
    client_id: String,
    has_client_secret: bool,
    scopes: Vec<String>,
    /// Domains whose addresses it vouches for; empty for all that it calls verified.
    domains: Vec<String>,
    /// Whether people whose domain belongs to an organization become its users when they
    /// first come.
    creates_users: bool,
    is_enabled: bool,
    /// To be entered at the provider.
    redirect_uri: String,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

/// All identity providers, by name.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct ProviderList {
    providers: Vec<ProviderView>,
}

/// A new identity provider.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CreateProvider {
    /// On the button.
    name: String,
    kind: ProviderKind,
    /// Where its discovery document is, without `/.well-known/…`. Google's is known.
    #[serde(default)]
    issuer: Option<String>,
    client_id: String,
    /// Kept encrypted; absent for a public client.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    client_secret: Option<Zeroizing<String>>,
    /// `openid`, `email` and `profile` if absent.
    #[serde(default)]
    scopes: Option<Vec<String>>,
    #[serde(default)]
    domains: Vec<String>,
    #[serde(default)]
    creates_users: bool,
    #[serde(default = "yes")]
    is_enabled: bool,
}

/// What to change; what is absent stays.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct UpdateProvider {
    #[serde(default)]
    name: Option<String>,
    /// Another issuer needs its client secret anew.
    #[serde(default)]
    issuer: Option<String>,
    #[serde(default)]
    client_id: Option<String>,
    /// `""` takes it away.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    client_secret: Option<Zeroizing<String>>,
    #[serde(default)]
    scopes: Option<Vec<String>>,
    #[serde(default)]
    domains: Option<Vec<String>>,
    #[serde(default)]
    creates_users: Option<bool>,
    #[serde(default)]
    is_enabled: Option<bool>,
}

fn yes() -> bool {
    true
}

/// Where to go afterwards.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct BeginQuery {
    /// A path of this platform; `/` if absent.
    #[serde(default)]
    return_to: Option<String>,
    /// The token of an invitation to accept by this.
    #[serde(default)]
    invitation: Option<String>,
}

/// What a provider sends the browser back with.
#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct CallbackQuery {
    code: Option<String>,
    state: Option<String>,
    /// Who answers (RFC 9207).
    iss: Option<String>,
    error: Option<String>,
}

fn view(state: &ApiState, provider: Provider) -> ProviderView {
    ProviderView {
        redirect_uri: state.sign_in.oidc().redirect_url(provider.id),
        id: provider.id,
        name: provider.name,
        kind: provider.kind,
        issuer: provider.issuer,
        client_id: provider.client_id,
        has_client_secret: provider.has_secret,
        scopes: provider.scopes,
        domains: provider.domains,
        creates_users: provider.creates_users,
        is_enabled: provider.is_enabled,
        created_at: provider.created_at,
        updated_at: provider.updated_at,
    }
}

fn text(field: &'static str, value: &str) -> Result<String, Error> {
    let value = value.trim();
    if value.is_empty() || value.len() > TEXT || value.chars().any(char::is_control) {
        return Err(Error::invalid(field, format!("expected 1 to {TEXT} bytes without control characters")));
    }
    Ok(value.to_owned())
}

fn scopes(scopes: Vec<String>) -> Result<Vec<String>, Error> {
    let plain = |scope: &String| {
        !scope.is_empty()
            && scope.len() <= TEXT
            && scope.bytes().all(|b| b.is_ascii_graphic() && b != b'"' && b != b'\\')
    };
    if scopes.len() > ITEMS || !scopes.iter().all(plain) || !scopes.iter().any(|scope| scope == "openid") {
        return Err(Error::invalid("scopes", "expected names without blanks, `openid` among them"));
    }
    Ok(scopes)
}

fn domains(domains: Vec<String>) -> Result<Vec<String>, Error> {
    let plain = |domain: &String| {
        domain.contains('.')
            && domain.len() <= TEXT
            && domain.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'.' || b == b'-')
    };
    let domains: Vec<String> = domains.into_iter().map(|domain| domain.trim().to_ascii_lowercase()).collect();
    if domains.len() > ITEMS || !domains.iter().all(plain) {
        return Err(Error::invalid("domains", "expected e-mail domains, such as example.com"));
    }
    Ok(domains)
}

/// Settings as they are kept, if they are good.
fn checked(settings: Settings) -> Result<Settings, Error> {
    let settings = Settings {
        name: text("name", &settings.name)?,
        issuer: text("issuer", &settings.issuer)?,
        client_id: text("client_id", &settings.client_id)?,
        scopes: scopes(settings.scopes)?,
        domains: domains(settings.domains)?,
        ..settings
    };
    check_kind(&settings.kind, &settings.issuer, &settings.domains)?;
    Ok(settings)
}

/// Checks what only holds together. Microsoft's shared issuers let anybody in with any
/// address, and its own do not say which addresses are verified.
fn check_kind(kind: &str, issuer: &str, domains: &[String]) -> Result<(), Error> {
    if kind == ProviderKind::Google.as_str() && issuer != GOOGLE {
        return Err(Error::invalid("issuer", format!("Google's is {GOOGLE}")));
    }
    if kind != ProviderKind::Microsoft.as_str() {
        return Ok(());
    }
    let tenant = issuer.strip_prefix(MICROSOFT).and_then(|rest| rest.strip_suffix("/v2.0"));
    if tenant.is_none_or(|tenant| tenant.contains('/') || MICROSOFT_SHARED.contains(&tenant)) {
        return Err(Error::invalid("issuer", format!("expected {MICROSOFT}TENANT-ID/v2.0, of one tenant")));
    }
    if domains.is_empty() {
        let text = "Microsoft does not say which addresses are verified; name the tenant's domains";
        return Err(Error::invalid("domains", text));
    }
    Ok(())
}

/// Lists the identity providers.
#[utoipa::path(get, path = "/api/identity-providers", operation_id = "list_identity_providers",
    tag = "identity providers", responses((status = 200, body = ProviderList), Reads))]
pub(crate) async fn list(
    State(state): State<ApiState>,
    _: may::OperatePlatform,
) -> ApiResult<Json<ProviderList>> {
    let all = providers::list(&state.db).await?;
    Ok(Json(ProviderList { providers: all.into_iter().map(|provider| view(&state, provider)).collect() }))
}

/// Adds an identity provider. Its discovery document is read to check the issuer.
#[utoipa::path(post, path = "/api/identity-providers", operation_id = "create_identity_provider",
    tag = "identity providers", request_body = CreateProvider,
    responses((status = 201, body = ProviderView), Writes))]
pub(crate) async fn create(
    State(state): State<ApiState>,
    may::OperatePlatform(auth): may::OperatePlatform,
    Input(body): Input<CreateProvider>,
) -> ApiResult<(StatusCode, Json<ProviderView>)> {
    let google = (body.kind == ProviderKind::Google).then(|| GOOGLE.to_owned());
    let issuer =
        body.issuer.or(google).ok_or_else(|| Error::invalid("issuer", "it is needed for this kind"))?;
    let settings = checked(Settings {
        name: body.name,
        kind: body.kind.as_str().to_owned(),
        issuer,
        client_id: body.client_id,
        client_secret: Some(body.client_secret.filter(|secret| !secret.is_empty())),
        scopes: body.scopes.unwrap_or_else(|| SCOPES.map(str::to_owned).to_vec()),
        domains: body.domains,
        creates_users: body.creates_users,
        is_enabled: body.is_enabled,
    })?;
    state.sign_in.oidc().check_issuer(&settings.issuer).await?;
    let made = providers::create(&auth.db(&state), &state.keyring, settings).await?;
    Ok((StatusCode::CREATED, Json(view(&state, made))))
}

/// One identity provider.
#[utoipa::path(get, path = "/api/identity-providers/{id}", operation_id = "get_identity_provider",
    tag = "identity providers", params(("id" = IdentityProviderId, Path)),
    responses((status = 200, body = ProviderView), Reads))]
pub(crate) async fn get(
    State(state): State<ApiState>,
    _: may::OperatePlatform,
    Path(id): Path<IdentityProviderId>,
) -> ApiResult<Json<ProviderView>> {
    Ok(Json(view(&state, providers::get(&state.db, id).await?)))
}

/// Changes an identity provider.
#[utoipa::path(patch, path = "/api/identity-providers/{id}", operation_id = "update_identity_provider",
    tag = "identity providers", params(("id" = IdentityProviderId, Path)), request_body = UpdateProvider,
    responses((status = 200, body = ProviderView), Writes))]
pub(crate) async fn update(
    State(state): State<ApiState>,
    may::OperatePlatform(auth): may::OperatePlatform,
    Path(id): Path<IdentityProviderId>,
    Input(body): Input<UpdateProvider>,
) -> ApiResult<Json<ProviderView>> {
    let old = providers::get(&state.db, id).await?;
    let settings = checked(Settings {
        name: body.name.unwrap_or(old.name),
        issuer: body.issuer.unwrap_or_else(|| old.issuer.clone()),
        client_id: body.client_id.unwrap_or(old.client_id),
        client_secret: body.client_secret.map(|secret| Some(secret).filter(|secret| !secret.is_empty())),
        scopes: body.scopes.unwrap_or(old.scopes),
        domains: body.domains.unwrap_or(old.domains),
        creates_users: body.creates_users.unwrap_or(old.creates_users),
        is_enabled: body.is_enabled.unwrap_or(old.is_enabled),
        kind: old.kind,
    })?;
    if settings.issuer != old.issuer {
        // The secret was given for another place; it does not go there by itself.
        if old.has_secret && settings.client_secret.is_none() {
            let text = "another issuer needs its client secret anew; \"\" for none";
            return Err(Error::invalid("client_secret", text).into());
        }
        state.sign_in.oidc().check_issuer(&settings.issuer).await?;
    }
    let changed = providers::update(&auth.db(&state), &state.keyring, id, settings).await?;
    Ok(Json(view(&state, changed)))
}

/// Deletes an identity provider. Whoever signed in with it needs another way to sign in;
/// sessions go on.
#[utoipa::path(delete, path = "/api/identity-providers/{id}", operation_id = "delete_identity_provider",
    tag = "identity providers", params(("id" = IdentityProviderId, Path)),
    responses((status = 204, description = "Deleted"), Reads))]
pub(crate) async fn delete(
    State(state): State<ApiState>,
    may::OperatePlatform(auth): may::OperatePlatform,
    Path(id): Path<IdentityProviderId>,
) -> ApiResult<StatusCode> {
    providers::delete(&auth.db(&state), id).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn enabled(state: &ApiState, id: IdentityProviderId) -> Result<Provider, Error> {
    let provider = providers::get(&state.db, id).await?;
    if provider.is_enabled { Ok(provider) } else { Err(Error::NotFound("identity provider")) }
}

fn redirect(headers: HeaderMap, to: &str) -> Result<Response, Error> {
    let to = HeaderValue::from_str(to).map_err(|e| Error::Internal(e.into()))?;
    let mut answer = (StatusCode::SEE_OTHER, headers).into_response();
    answer.headers_mut().insert(header::LOCATION, to);
    Ok(answer)
}

/// Leads the browser to an identity provider.
#[utoipa::path(get, path = "/api/sign-in/providers/{id}", operation_id = "sign_in_provider", tag = "sign-in",
    params(("id" = IdentityProviderId, Path), BeginQuery),
    responses((status = 303, description = "To the provider"), SigningIn))]
pub(crate) async fn begin(
    State(state): State<ApiState>,
    extensions: Extensions,
    Path(id): Path<IdentityProviderId>,
    Query(query): Query<BeginQuery>,
) -> ApiResult<Response> {
    state.sign_in.throttle().sign_in(Origin::of(&extensions).address())?;
    let return_to = oidc::checked_return(query.return_to.as_deref().unwrap_or("/"))?;
    let provider = enabled(&state, id).await?;
    let (url, away) = state.sign_in.oidc().begin(&provider, return_to, query.invitation).await?;
    let token = flows::begin(&state.db, Kind::Provider, None, &away, bifrost_signin::STEP).await?;
    let mut headers = HeaderMap::new();
    Cookie::Step.set(&mut headers, state.sign_in.public_url(), &token);
    Ok(redirect(headers, &url)?)
}

/// Where an identity provider sends the browser back to.
#[utoipa::path(get, path = "/api/sign-in/providers/{id}/callback", operation_id = "sign_in_callback",
    tag = "sign-in", params(("id" = IdentityProviderId, Path), CallbackQuery),
    responses((status = 303, description = "Signed in"), SigningIn))]
pub(crate) async fn callback(
    State(state): State<ApiState>,
    headers: HeaderMap,
    extensions: Extensions,
    Path(id): Path<IdentityProviderId>,
    Query(query): Query<CallbackQuery>,
) -> ApiResult<Response> {
    match finish(&state, &headers, &extensions, id, query).await {
        // Whoever sits before a browser reads what is wrong where they can go on.
        Err(error) if bifrost_ui::is_navigation(&headers) => {
            let page = format!("{}?problem={}", state.sign_in.page("sign-in"), error.code());
            Ok(redirect(HeaderMap::new(), &page)?)
        }
        other => other,
    }
}

async fn finish(
    state: &ApiState,
    headers: &HeaderMap,
    extensions: &Extensions,
    id: IdentityProviderId,
    query: CallbackQuery,
) -> ApiResult<Response> {
    // Sent by the provider's page: what it may do is bound to the browser by the cookie.
    let step = Step { state, headers, origin: Origin::of(extensions) };
    step.throttle()?;
    let flow = flows::take::<Away>(&state.db, Kind::Provider, &step.token()?).await?;
    let away = flow.ok_or_else(flows::expired)?.state;
    let provider = enabled(state, id).await?;
    let secret = providers::secret(&state.db, &state.keyring, id).await?;
    let answer = oidc::Answer { code: query.code, state: query.state, iss: query.iss, error: query.error };
    let subject = match state.sign_in.oidc().finish(&provider, secret, &away, &answer).await {
        Ok(subject) => subject,
        Err(error) => {
            // Written down as a failed sign-in; the answer says what is wrong.
            step.failed(&provider.name, None, "oidc").await;
            return Err(error.into());
        }
    };
    let who = subject.email.clone().unwrap_or_else(|| subject.subject.clone());
    let db = state.db.by(step.origin.note(Actor::unknown(&who)));
    let signed = providers::sign_in(&db, provider, subject, away.invitation).await;
    let (user, organization) = match signed {
        Ok(known) => known,
        Err(error) => {
            step.failed(&who, None, "oidc").await;
            return Err(error.into());
        }
    };
    let (_, cookies) = step.session(Person { user, organization }, "oidc", true).await?;
    Ok(redirect(cookies, &away.return_to)?)
}
