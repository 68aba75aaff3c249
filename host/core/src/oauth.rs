//! OAuth 2.0 as integrations use it: how a connection is made, where its endpoints are, when its
//! tokens are renewed, and who is told of them.

use crate::{Error, Result, Scope};
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use url::Url;

/// A token whose server does not say how long it is good is renewed after so long, in seconds.
pub const DEFAULT_LIFETIME: u32 = 3_600;
/// Longest such time, in seconds.
pub const MAX_LIFETIME: u32 = 365 * 24 * 3_600;
/// How long somebody may take at the authorization server.
pub const AUTHORIZATION: TimeDelta = TimeDelta::minutes(10);
/// Tokens are renewed so long before their end, or a fifth of their life.
const AHEAD: TimeDelta = TimeDelta::minutes(5);
/// A token that is good for less is not handed out, or for less than a tenth of its life.
const MARGIN: TimeDelta = TimeDelta::seconds(30);
/// Before the second attempt to renew.
const FIRST_PAUSE: TimeDelta = TimeDelta::seconds(10);
/// Longest pause between attempts.
const LONGEST_PAUSE: TimeDelta = TimeDelta::hours(1);
/// Longest URL, in bytes.
const MAX_URL: usize = 2_000;
/// Longest value that is put into a URL, in bytes.
const MAX_PLACE: usize = 200;
/// Longest text of a setting, in bytes.
const MAX_TEXT: usize = 1_000;
/// Most scopes, and most further parameters.
const MAX_ITEMS: usize = 100;
/// Parameters that the platform sets itself.
const RESERVED: [&str; 14] = [
    "client_id",
    "client_secret",
    "code",
    "code_challenge",
    "code_challenge_method",
    "code_verifier",
    "grant_type",
    "redirect_uri",
    "refresh_token",
    "request",
    "request_uri",
    "response_mode",
    "response_type",
    "state",
];

/// How a connection gets its first tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum OAuthFlow {
    /// Somebody signs in at the authorization server and agrees.
    AuthorizationCode,
    /// The platform asks in its own name, where needed after an administrator's consent.
    ClientCredentials,
    /// An administrator enters a refresh token.
    RefreshToken,
}

/// How the platform proves to a token endpoint who it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ClientAuthentication {
    /// HTTP Basic, as RFC 6749 prefers it.
    #[default]
    Basic,
    /// `client_id` and `client_secret` in the form.
    Body,
}

/// What has become of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ConnectionStatus {
    /// It has no tokens yet, or none any more.
    NotConnected,
    /// Its token is good, or can be renewed.
    Connected,
    /// Its token's time is over; renewing it fails at present, or nobody has looked yet.
    Expired,
    /// The authorization server refused to renew it, or gave nothing to renew it with.
    Failed,
}

macro_rules! names {
    ($type:ident, $field:literal: $($variant:ident = $name:literal),+) => {
        impl $type {
            /// Every one of them.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The name on the wire and in the database.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ }
            }
        }

        impl std::str::FromStr for $type {
            type Err = Error;

            fn from_str(text: &str) -> Result<Self> {
                Self::ALL.iter().copied().find(|one| one.as_str() == text).ok_or_else(|| {
                    let names: Vec<_> = Self::ALL.iter().map(|one| one.as_str()).collect();
                    Error::invalid($field, format!("`{text}` is none of {}", names.join(", ")))
                })
            }
        }
    };
}

names!(OAuthFlow, "flow": AuthorizationCode = "authorization_code", ClientCredentials = "client_credentials",
    RefreshToken = "refresh_token");
names!(ConnectionStatus, "status": NotConnected = "not_connected", Connected = "connected", Expired = "expired",
    Failed = "failed");

/// Where an integration's authorization server is, and who the platform is to it. URLs may have
/// places, which each organization fills differently: `{entity_id}`, also called `{tenant}` and
/// `{tenant_id}`, and keys of the configuration.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OAuthSettings {
    /// How a connection is made.
    pub flow: OAuthFlow,
    /// Who the platform is to the server, unless a connection has a client of its own.
    pub client_id: String,
    /// Where people are sent to sign in. With `client_credentials`: where an administrator
    /// consents first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authorization_url: Option<String>,
    /// Where tokens come from.
    pub token_url: String,
    /// What is asked for.
    #[serde(default)]
    pub scopes: Vec<String>,
    /// How the client's secret is sent.
    #[serde(default)]
    pub client_authentication: ClientAuthentication,
    /// What the server wants to be told besides, such as `access_type` or `audience`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub parameters: BTreeMap<String, String>,
    /// How long a token is good when the server does not say so; an hour if absent.
    #[serde(default = "default_lifetime")]
    pub default_lifetime_seconds: u32,
}

fn default_lifetime() -> u32 {
    DEFAULT_LIFETIME
}

impl OAuthSettings {
    /// The settings, if they can be used.
    ///
    /// # Errors
    /// `Invalid`, naming the input at fault.
    pub fn checked(mut self) -> Result<Self> {
        let text = |field: &str, text: &str| {
            let is_plain = !text.is_empty() && text.len() <= MAX_TEXT && !text.chars().any(char::is_control);
            let message = format!("expected 1 to {MAX_TEXT} bytes without control characters");
            is_plain.then_some(()).ok_or_else(|| Error::invalid(format!("oauth.{field}"), message))
        };
        self.client_id = self.client_id.trim().to_owned();
        text("client_id", &self.client_id)?;
        check_template("oauth.token_url", &self.token_url)?;
        match (&self.authorization_url, self.flow) {
            (Some(url), _) => check_template("oauth.authorization_url", url)?,
            (None, OAuthFlow::AuthorizationCode) => {
                let message = "the flow authorization_code needs the address that people sign in at";
                return Err(Error::invalid("oauth.authorization_url", message));
            }
            (None, _) => {}
        }
        let scope = |scope: &String| {
            let plain = |b: u8| b.is_ascii_graphic() && b != b'"' && b != b'\\';
            !scope.is_empty() && scope.len() <= MAX_TEXT && scope.bytes().all(plain)
        };
        if self.scopes.len() > MAX_ITEMS || !self.scopes.iter().all(scope) {
            let message = format!("expected at most {MAX_ITEMS} names without blanks and quotes");
            return Err(Error::invalid("oauth.scopes", message));
        }
        if self.parameters.len() > MAX_ITEMS {
            return Err(Error::invalid("oauth.parameters", format!("expected at most {MAX_ITEMS}")));
        }
        for (name, value) in &self.parameters {
            let field = format!("parameters.{name}");
            text(&field, name)?;
            text(&field, value)?;
            if RESERVED.contains(&name.as_str()) {
                return Err(Error::invalid(format!("oauth.{field}"), "the platform sets this one itself"));
            }
        }
        if !(1..=MAX_LIFETIME).contains(&self.default_lifetime_seconds) {
            let message = format!("expected 1 to {MAX_LIFETIME}");
            return Err(Error::invalid("oauth.default_lifetime_seconds", message));
        }
        Ok(self)
    }

    /// True when each organization has endpoints of its own.
    pub fn is_per_organization(&self) -> bool {
        self.token_url.contains('{')
    }
}

/// A URL with values in the place of `{name}`.
///
/// # Errors
/// `Invalid`, naming `field`: a place is malformed or has no value, a value could lead elsewhere,
/// or the URL is not one that secrets may be sent to.
pub fn expand(field: &str, template: &str, value: impl Fn(&str) -> Option<String>) -> Result<Url> {
    let invalid = |message: String| Error::invalid(field, message);
    let (mut text, mut rest) = (String::with_capacity(template.len()), template);
    while let Some(open) = rest.find(['{', '}']) {
        let (before, place) = rest.split_at(open);
        let closed = place.strip_prefix('{').and_then(|place| place.split_once('}'));
        let (name, after) = closed.ok_or_else(|| invalid("a `{` or `}` stands alone".into()))?;
        if name.is_empty() || !name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_') {
            return Err(invalid(format!("`{{{name}}}` is no place: expected letters, digits and `_`")));
        }
        let value = value(name).ok_or_else(|| {
            invalid(format!("nothing is known for `{{{name}}}`; set it in the organization's mapping"))
        })?;
        let plain = |b: u8| b.is_ascii_alphanumeric() || b"._-".contains(&b);
        let is_dots = value.bytes().all(|b| b == b'.');
        if value.len() > MAX_PLACE || is_dots || !value.bytes().all(plain) {
            let message =
                format!("the value of `{{{name}}}` has more than letters, digits, `.`, `_` and `-`");
            return Err(invalid(message));
        }
        text.push_str(before);
        text.push_str(&value);
        rest = after;
    }
    text.push_str(rest);
    if text.len() > MAX_URL {
        return Err(invalid(format!("more than {MAX_URL} bytes")));
    }
    let url = Url::parse(&text).map_err(|error| invalid(format!("not an address: {error}")))?;
    if !is_secure(&url) {
        return Err(invalid("expected an https address".into()));
    }
    if !url.username().is_empty() || url.password().is_some() || url.fragment().is_some() {
        return Err(invalid("expected an address without a user, a password and a fragment".into()));
    }
    Ok(url)
}

/// Checks a template before there are values. A place in the host's name stands before a domain,
/// which no value changes: `https://{entity_id}.example.com`.
///
/// # Errors
/// As [`expand`].
pub fn check_template(field: &str, template: &str) -> Result<()> {
    expand(field, template, |_| Some("x".into()))?;
    let host = template.split_once("://").map_or(template, |(_, rest)| rest);
    let host = host.split(['/', '?', '\\']).next().unwrap_or_default();
    match host.rsplit_once('}') {
        Some((_, domain)) if !domain.starts_with('.') || domain.matches('.').count() < 2 => {
            let message = "a place in the host's name needs a domain behind it, such as `.example.com`";
            Err(Error::invalid(field, message))
        }
        _ => Ok(()),
    }
}

/// True for addresses that secrets may be sent to: over TLS, or within this machine. Whether
/// this machine can be reached is for the egress policy to say.
fn is_secure(url: &Url) -> bool {
    let is_local = match url.host() {
        Some(url::Host::Domain(name)) => name == "localhost",
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        None => return false,
    };
    url.scheme() == "https" || (url.scheme() == "http" && is_local)
}

/// When a token is renewed that is good from one time to another.
pub fn renewal(from: DateTime<Utc>, until: DateTime<Utc>) -> DateTime<Utc> {
    until - AHEAD.min((until - from).max(TimeDelta::zero()) / 5)
}

/// True while a token can be handed out.
pub fn is_good(from: DateTime<Utc>, until: DateTime<Utc>, now: DateTime<Utc>) -> bool {
    now < until - MARGIN.min((until - from).max(TimeDelta::zero()) / 10)
}

/// How long to wait after so many attempts to renew that came to nothing.
pub fn backoff(failures: i64) -> TimeDelta {
    let doublings = u32::try_from(failures.saturating_sub(1).clamp(0, 20)).unwrap_or(0);
    FIRST_PAUSE.checked_mul(1 << doublings).unwrap_or(LONGEST_PAUSE).min(LONGEST_PAUSE)
}

/// What a run is told of a connection.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Disclosure {
    /// The token that authorizes requests.
    pub access_token: bool,
    /// What renews it.
    pub refresh_token: bool,
    /// The client's secret at the authorization server.
    pub client_secret: bool,
}

/// Whose everything is about a connection that a run asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ownership {
    /// Who owns the run's code.
    pub workspace: Scope,
    /// Whose connection it is.
    pub connection: Scope,
    /// Whose client at the authorization server it uses.
    pub client: Scope,
    /// How it was made.
    pub flow: OAuthFlow,
    /// The provider has shared the integration with the run's organization.
    pub is_shared: bool,
}

impl Ownership {
    /// What is disclosed. The provider's code works with every connection of the organization
    /// that it runs for, and with global ones. What goes beyond the access token is for the
    /// code of whoever owns it alone.
    pub fn disclosure(self) -> Disclosure {
        let is_own = self.workspace == self.connection;
        // Nobody of the organization agreed to it: it is the provider's credential.
        let is_providers = self.connection == Scope::Global
            || (self.client == Scope::Global && self.flow == OAuthFlow::ClientCredentials);
        let access_token =
            self.workspace == Scope::Global || (is_own && !is_providers) || (is_providers && self.is_shared);
        Disclosure {
            access_token,
            refresh_token: access_token && is_own,
            client_secret: access_token && is_own && self.workspace == self.client,
        }
    }
}

#[cfg(test)]
#[path = "oauth_tests.rs"]
mod tests;
