//! What an operator sets for the whole platform.

use super::branding::logo_url;
use crate::auth::may;
use crate::extract::Input;
use crate::problem::ApiResult;
use crate::responses::{Reads, Writes};
use crate::state::ApiState;
use axum::Json;
use axum::extract::State;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use bifrost_core::{Branding, Error, SecondFactorPolicy};
use bifrost_notify::MailServer;
use bifrost_store::platform_settings::{self, PlatformSettings};
use http::StatusCode;
use serde::{Deserialize, Serialize};

/// All of them.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct PlatformSettingsView {
    branding: BrandingSettings,
    /// `null`: an operator has not set mail up yet.
    mail: Option<MailServerView>,
    /// Of whom a second factor is asked when they sign in by password.
    second_factor: SecondFactorPolicy,
}

/// What was set; `null` is the default.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct BrandingSettings {
    product_name: Option<String>,
    /// As `#rrggbb`.
    accent: Option<String>,
    logo_url: Option<String>,
}

/// The server that mail is handed to, as the program was started with it.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct MailServerView {
    host: String,
    port: u16,
    /// `starttls`, `tls` or `none`.
    security: &'static str,
    /// Who the platform signs in as there; `null`: nobody.
    user: Option<String>,
    /// Who mail is from.
    from: String,
}

/// A picture as PNG or WebP, at most 256 KiB.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewLogo {
    /// The file in base64.
    content: String,
}

/// Of whom a second factor is asked.
#[derive(Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SignInPolicy {
    second_factor: SecondFactorPolicy,
}

/// What became of a test.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct MailTest {
    /// Where it was sent.
    to: String,
    /// What the mail server answered.
    answer: String,
}

impl From<PlatformSettings> for BrandingSettings {
    fn from(settings: PlatformSettings) -> Self {
        let logo_url = logo_url(&settings);
        let Branding { product_name, accent } = settings.branding;
        Self { product_name, accent, logo_url }
    }
}

impl From<&MailServer> for MailServerView {
    fn from(server: &MailServer) -> Self {
        let MailServer { host, port, security, user, from } = server.clone();
        Self { host, port, security: security.as_str(), user, from }
    }
}

/// The settings of the platform.
#[utoipa::path(get, path = "/api/settings", operation_id = "get_settings", tag = "settings",
    responses((status = 200, body = PlatformSettingsView), Reads))]
pub(crate) async fn get(
    State(state): State<ApiState>,
    _: may::OperatePlatform,
) -> ApiResult<Json<PlatformSettingsView>> {
    let settings = platform_settings::get(&state.db).await?;
    Ok(Json(PlatformSettingsView {
        mail: state.notifier.mail_server().map(Into::into),
        second_factor: settings.second_factor,
        branding: settings.into(),
    }))
}

/// Sets name and colour; what is absent has its default. The logo stays.
#[utoipa::path(put, path = "/api/settings/branding", operation_id = "set_branding", tag = "settings",
    request_body = Branding, responses((status = 200, body = BrandingSettings), Writes))]
pub(crate) async fn set_branding(
    State(state): State<ApiState>,
    may::OperatePlatform(auth): may::OperatePlatform,
    Input(branding): Input<Branding>,
) -> ApiResult<Json<BrandingSettings>> {
    Ok(Json(platform_settings::set_branding(&auth.db(&state), branding).await?.into()))
}

/// Name, colour and logo are the product's own again.
#[utoipa::path(delete, path = "/api/settings/branding", operation_id = "reset_branding", tag = "settings",
    responses((status = 204, description = "Reset"), Reads))]
pub(crate) async fn reset_branding(
    State(state): State<ApiState>,
    may::OperatePlatform(auth): may::OperatePlatform,
) -> ApiResult<StatusCode> {
    platform_settings::reset_branding(&auth.db(&state)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Sets the logo.
#[utoipa::path(put, path = "/api/settings/branding/logo", operation_id = "set_logo", tag = "settings",
    request_body = NewLogo, responses((status = 200, body = BrandingSettings), Writes))]
pub(crate) async fn set_logo(
    State(state): State<ApiState>,
    may::OperatePlatform(auth): may::OperatePlatform,
    Input(new): Input<NewLogo>,
) -> ApiResult<Json<BrandingSettings>> {
    let content = BASE64_STANDARD.decode(new.content);
    let content = content.map_err(|error| Error::invalid("content", format!("no base64: {error}")))?;
    Ok(Json(platform_settings::set_logo(&auth.db(&state), content).await?.into()))
}

/// Takes the logo away: the product's own is shown.
#[utoipa::path(delete, path = "/api/settings/branding/logo", operation_id = "remove_logo", tag = "settings",
    responses((status = 204, description = "Taken away"), Reads))]
pub(crate) async fn remove_logo(
    State(state): State<ApiState>,
    may::OperatePlatform(auth): may::OperatePlatform,
) -> ApiResult<StatusCode> {
    platform_settings::remove_logo(&auth.db(&state)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Sends a mail to the caller, and waits for the server's answer. 409 `not_delivered` says why it did not arrive.
#[utoipa::path(post, path = "/api/settings/mail/test", operation_id = "test_mail", tag = "settings",
    responses((status = 200, body = MailTest), Writes))]
pub(crate) async fn test_mail(
    State(state): State<ApiState>,
    may::OperatePlatform(auth): may::OperatePlatform,
) -> ApiResult<Json<MailTest>> {
    let to = auth.caller.email;
    let answer = state.notifier.test_mail(&to).await;
    let answer =
        answer.map_err(|failure| Error::Conflict { code: "not_delivered", message: failure.reason })?;
    Ok(Json(MailTest { to, answer }))
}

/// Sets of whom a second factor is asked. It holds within five seconds, for sessions that have begun
/// already, too: one that was begun with a password alone is good for adding a second factor only.
/// 409 `own_second_factor` where that would be the caller's own.
#[utoipa::path(put, path = "/api/settings/sign-in", operation_id = "set_sign_in_policy", tag = "settings",
    request_body = SignInPolicy, responses((status = 200, body = SignInPolicy), Writes))]
pub(crate) async fn set_sign_in(
    State(state): State<ApiState>,
    may::OperatePlatform(auth): may::OperatePlatform,
    Input(SignInPolicy { second_factor }): Input<SignInPolicy>,
) -> ApiResult<Json<SignInPolicy>> {
    let is_weak = auth.signed.is_some_and(|signed| !signed.is_strong);
    if is_weak && second_factor.asks(auth.caller.role) {
        let message =
            "you are signed in with a password alone; add a second factor, or sign in with it, first";
        return Err(Error::Conflict { code: "own_second_factor", message: message.into() }.into());
    }
    platform_settings::set_second_factor(&auth.db(&state), second_factor).await?;
    state.sign_in.forget_all_sessions();
    Ok(Json(SignInPolicy { second_factor }))
}
