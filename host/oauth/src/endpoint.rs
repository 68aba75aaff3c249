//! A token endpoint: what is asked of it, and what its answer means (RFC 6749, 4.1.3 to 6).

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use bifrost_core::ports::{Answer, FORM, Post};
use bifrost_core::{ClientAuthentication, OAuthSettings};
use bifrost_store::integrations::Tokens;
use bifrost_store::integrations::renewal::{Failure, Fresh};
use chrono::{DateTime, TimeDelta, Utc};
use serde::Deserialize;
use serde_json::Value;
use std::time::Duration;
use url::form_urlencoded;
use zeroize::Zeroizing;

/// How long a server may take for one answer. The lease lasts longer by far.
const PATIENCE: Duration = Duration::from_secs(20);
/// Longest text of a server that is shown to people, in characters.
const MAX_SAID: usize = 300;
/// Errors that pass.
const PASSING: [&str; 3] = ["temporarily_unavailable", "server_error", "slow_down"];
/// Longest life of a token that is believed.
const MAX_LIFE: i64 = 100 * 365 * 24 * 3_600;

/// What is given for tokens.
pub(crate) enum Grant<'a> {
    /// The code that somebody came back with.
    Code { code: &'a str, verifier: &'a str, redirect: &'a str },
    /// The last refresh token.
    Refresh(&'a str),
    /// The client's own word, for these scopes.
    Client(&'a [String]),
}

/// The form that asks for tokens.
pub(crate) fn form(settings: &OAuthSettings, secret: Option<&str>, url: &str, grant: Grant<'_>) -> Post {
    let mut body = form_urlencoded::Serializer::new(String::new());
    match grant {
        Grant::Code { code, verifier, redirect } => {
            body.append_pair("grant_type", "authorization_code");
            body.append_pair("code", code);
            body.append_pair("code_verifier", verifier);
            body.append_pair("redirect_uri", redirect);
        }
        Grant::Refresh(token) => {
            body.append_pair("grant_type", "refresh_token");
            body.append_pair("refresh_token", token);
        }
        Grant::Client(scopes) => {
            body.append_pair("grant_type", "client_credentials");
            if !scopes.is_empty() {
                body.append_pair("scope", &scopes.join(" "));
            }
            for (name, value) in &settings.parameters {
                body.append_pair(name, value);
            }
        }
    }
    let mut headers = vec![];
    match (secret, settings.client_authentication) {
        (Some(secret), ClientAuthentication::Basic) => {
            let encoded = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
            let pair = Zeroizing::new(format!("{}:{}", encoded(&settings.client_id), encoded(secret)));
            headers.push(("authorization", format!("Basic {}", BASE64_STANDARD.encode(pair.as_bytes()))));
        }
        (Some(secret), ClientAuthentication::Body) => {
            body.append_pair("client_id", &settings.client_id);
            body.append_pair("client_secret", secret);
        }
        // A public client says who it is, and proves nothing.
        (None, _) => {
            body.append_pair("client_id", &settings.client_id);
        }
    }
    Post { url: url.to_owned(), content_type: FORM, headers, body: body.finish(), patience: PATIENCE }
}

/// An answer, as servers write it: with times as numbers or texts.
#[derive(Deserialize)]
struct Said {
    access_token: Option<Zeroizing<String>>,
    refresh_token: Option<Zeroizing<String>>,
    token_type: Option<String>,
    expires_in: Option<Value>,
    scope: Option<String>,
    error: Option<Value>,
    error_description: Option<String>,
}

/// What an answer gives. `before` is the refresh token that was sent: it stays good where no new
/// one comes.
///
/// # Errors
/// What the server said, and whether it would say it again.
pub(crate) fn read(
    answer: &Answer,
    settings: &OAuthSettings,
    url: &str,
    before: Option<Zeroizing<String>>,
    now: DateTime<Utc>,
) -> Result<Fresh, Failure> {
    let status = answer.status;
    let passes = status >= 500 || status == 429 || status == 408;
    let failure = |reason: String, is_final: bool| Failure { reason, is_final };
    let Ok(said) = serde_json::from_slice::<Said>(&answer.body) else {
        let is_final = (400..500).contains(&status) && !passes;
        let what =
            if (200..300).contains(&status) { "with something else than JSON" } else { "without a reason" };
        return Err(failure(format!("the token endpoint answered {status} {what}"), is_final));
    };
    if let Some(error) = &said.error {
        let error = error.as_str().unwrap_or("error");
        let said =
            said.error_description.as_deref().map_or_else(String::new, |text| format!(": {}", plain(text)));
        let is_final = !passes && !PASSING.contains(&error);
        return Err(failure(format!("the token endpoint refused with `{}`{said}", plain(error)), is_final));
    }
    let access_token = said.access_token.filter(|token| !token.is_empty());
    let Some(access_token) = access_token.filter(|_| (200..300).contains(&status)) else {
        let is_final = (400..500).contains(&status) && !passes;
        return Err(failure(format!("the token endpoint answered {status} without a token"), is_final));
    };
    if let Some(kind) = said.token_type.filter(|kind| !kind.eq_ignore_ascii_case("bearer")) {
        let reason = format!(
            "the token endpoint gave a token of the type `{}`; only `Bearer` is understood",
            plain(&kind)
        );
        return Err(failure(reason, true));
    }
    let refresh_token = said.refresh_token.filter(|token| !token.is_empty()).or(before);
    let has_refresh = refresh_token.is_some() || settings.flow == bifrost_core::OAuthFlow::ClientCredentials;
    let life = said.expires_in.as_ref().and_then(seconds);
    // What cannot be renewed and has no end is taken to have none.
    let life = life.or_else(|| has_refresh.then_some(i64::from(settings.default_lifetime_seconds)));
    Ok(Fresh {
        tokens: Tokens {
            token_url: url.to_owned(),
            access_token: Some(access_token),
            refresh_token,
            scope: said.scope.map(|scope| plain(&scope)),
        },
        from: now,
        until: life.map(|life| now + TimeDelta::seconds(life.min(MAX_LIFE))),
        has_refresh,
    })
}

/// Seconds as a number or a text; not what is no time.
fn seconds(value: &Value) -> Option<i64> {
    let number = match value {
        Value::Number(number) => number.as_i64().or_else(|| number.as_f64().map(|n| n as i64)),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    };
    number.filter(|number| *number > 0)
}

/// A server's text, for one line of a log.
fn plain(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(MAX_SAID).collect()
}

#[cfg(test)]
#[path = "endpoint_tests.rs"]
mod tests;
