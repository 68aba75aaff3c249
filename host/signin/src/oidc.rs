//! Sign-in at an OpenID provider: the authorization code flow with PKCE. Nonce, state and
//! verifier are kept on this side, bound to the browser; each provider has a redirect address
//! of its own, so that one's answer is never taken for another's.

use anyhow::anyhow;
use bifrost_core::{Error, IdentityProviderId, Result};
use bifrost_store::sign_in::providers::{Provider, Subject};
use moka::future::Cache;
use openidconnect::core::{
    CoreAuthDisplay, CoreAuthPrompt, CoreErrorResponseType, CoreGenderClaim, CoreJsonWebKey,
    CoreJweContentEncryptionAlgorithm, CoreJwsSigningAlgorithm, CoreProviderMetadata, CoreResponseType,
    CoreRevocableToken, CoreRevocationErrorResponse, CoreTokenIntrospectionResponse, CoreTokenType,
};
use openidconnect::{
    AdditionalClaims, AsyncHttpClient, AuthenticationFlow, AuthorizationCode, Client, ClientId, ClientSecret,
    CsrfToken, EmptyExtraTokenFields, EndpointMaybeSet, EndpointNotSet, EndpointSet, HttpRequest,
    HttpResponse, IdTokenClaims, IdTokenFields, IssuerUrl, Nonce, PkceCodeChallenge, PkceCodeVerifier,
    RedirectUrl, Scope, StandardErrorResponse, StandardTokenResponse, TokenResponse,
};
use serde::{Deserialize, Serialize};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;
use subtle::ConstantTimeEq;
use url::Url;
use zeroize::Zeroizing;

/// How long a discovery document and the keys of a provider are kept.
const KEPT: Duration = Duration::from_secs(300);
/// Providers whose documents are kept.
const PROVIDERS: u64 = 100;
/// How long a provider may take for one answer.
const PATIENCE: Duration = Duration::from_secs(10);
/// Largest answer of a provider, in bytes.
const ANSWER_BYTES: usize = 1 << 20;
/// Longest address to return to, in bytes.
const RETURN_BYTES: usize = 2_000;
/// Signatures that are accepted; `none` and shared secrets are not.
const ALGORITHMS: [CoreJwsSigningAlgorithm; 6] = [
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha256,
    CoreJwsSigningAlgorithm::RsaSsaPssSha256,
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha384,
    CoreJwsSigningAlgorithm::EcdsaP256Sha256,
    CoreJwsSigningAlgorithm::EcdsaP384Sha384,
    CoreJwsSigningAlgorithm::EdDsa,
];

/// Microsoft's word for a verified domain of an e-mail; it does not send `email_verified`.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
struct Extra {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    xms_edov: Option<serde_json::Value>,
}

impl AdditionalClaims for Extra {}

type Fields = IdTokenFields<
    Extra,
    EmptyExtraTokenFields,
    CoreGenderClaim,
    CoreJweContentEncryptionAlgorithm,
    CoreJwsSigningAlgorithm,
>;
type Tokens = StandardTokenResponse<Fields, CoreTokenType>;
type Claims = IdTokenClaims<Extra, CoreGenderClaim>;
type Discovered = Client<
    Extra,
    CoreAuthDisplay,
    CoreGenderClaim,
    CoreJweContentEncryptionAlgorithm,
    CoreJsonWebKey,
    CoreAuthPrompt,
    StandardErrorResponse<CoreErrorResponseType>,
    Tokens,
    CoreTokenIntrospectionResponse,
    CoreRevocableToken,
    CoreRevocationErrorResponse,
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointMaybeSet,
    EndpointMaybeSet,
>;

/// What is kept of a sign-in while the person is at the provider.
#[derive(Serialize, Deserialize)]
pub struct Away {
    /// Where they went.
    pub provider: IdentityProviderId,
    state: String,
    nonce: String,
    verifier: String,
    /// Where they want to be afterwards; a path of this platform.
    pub return_to: String,
    /// An invitation that they accept by this.
    pub invitation: Option<String>,
}

/// What the provider has sent the browser back with.
#[derive(Debug, Default, Deserialize)]
pub struct Answer {
    /// To be exchanged for tokens.
    pub code: Option<String>,
    /// As it was sent.
    pub state: Option<String>,
    /// Who answers (RFC 9207).
    pub iss: Option<String>,
    /// Why there is no code.
    pub error: Option<String>,
}

/// Talks to providers.
pub struct Oidc {
    http: Http,
    public_url: Url,
    documents: Cache<(IdentityProviderId, String), Arc<CoreProviderMetadata>>,
}

/// The host's HTTP client, as the protocol's library calls it.
struct Http(reqwest::Client);

impl<'c> AsyncHttpClient<'c> for Http {
    type Error = HttpError;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, HttpError>> + Send + 'c>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(send(&self.0, request))
    }
}

#[derive(Debug, thiserror::Error)]
enum HttpError {
    #[error(transparent)]
    Http(#[from] reqwest::Error),
    #[error("the answer is longer than {ANSWER_BYTES} bytes")]
    TooLong,
    #[error("the address is neither https nor on this machine")]
    NotSecure,
    #[error(transparent)]
    Answer(#[from] http::Error),
}

/// True for addresses that secrets may be sent to: over TLS, or within this machine.
fn is_secure(url: &Url) -> bool {
    match url.scheme() {
        "https" => true,
        "http" => match url.host() {
            Some(url::Host::Domain(name)) => name == "localhost",
            Some(url::Host::Ipv4(address)) => address.is_loopback(),
            Some(url::Host::Ipv6(address)) => address.is_loopback(),
            None => false,
        },
        _ => false,
    }
}

async fn send(http: &reqwest::Client, request: HttpRequest) -> Result<HttpResponse, HttpError> {
    let url = request.uri().to_string();
    if !Url::parse(&url).is_ok_and(|url| is_secure(&url)) {
        return Err(HttpError::NotSecure);
    }
    let (parts, body) = request.into_parts();
    let mut answer = http.request(parts.method, url).headers(parts.headers).body(body).send().await?;
    let mut response = http::Response::builder().status(answer.status());
    if let Some(kind) = answer.headers().get(http::header::CONTENT_TYPE) {
        response = response.header(http::header::CONTENT_TYPE, kind);
    }
    let mut bytes = Vec::new();
    while let Some(chunk) = answer.chunk().await? {
        if bytes.len() + chunk.len() > ANSWER_BYTES {
            return Err(HttpError::TooLong);
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(response.body(bytes)?)
}

/// A provider that does not answer as it should; the log has the details.
fn unavailable(what: &'static str, error: impl std::fmt::Display) -> Error {
    tracing::warn!(error = %error, "{what}");
    Error::Conflict { code: "provider_failed", message: format!("{what}; ask whoever runs the platform") }
}

fn refused(code: &'static str, message: &str) -> Error {
    Error::Conflict { code, message: message.to_owned() }
}

/// Checks where somebody wants to be afterwards: a path of this platform, and nothing that a
/// browser would take for another host.
///
/// # Errors
/// `Invalid` for anything else.
pub fn checked_return(path: &str) -> Result<String> {
    let error = || Error::invalid("return_to", "expected a path of this platform, such as /executions");
    let plain = path.len() <= RETURN_BYTES
        && path.starts_with('/')
        && !path[1..].starts_with(['/', '\\'])
        && !path.contains('\\')
        && path.bytes().all(|byte| byte.is_ascii_graphic());
    if !plain {
        return Err(error());
    }
    // As a browser reads it.
    let base = Url::parse("https://platform.invalid").map_err(|_| error())?;
    let read = base.join(path).map_err(|_| error())?;
    if read.origin() != base.origin() {
        return Err(error());
    }
    let query = read.query().map(|query| format!("?{query}")).unwrap_or_default();
    let path = read.path();
    // Dots may have left two slashes in front.
    if path.starts_with("//") { Err(error()) } else { Ok(format!("{path}{query}")) }
}

impl Oidc {
    /// For a platform that people reach at this address.
    ///
    /// # Errors
    /// When there is no HTTP client.
    pub fn new(public_url: Url) -> Result<Self> {
        // A provider's address leads to it, and nowhere else.
        let builder =
            || reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).timeout(PATIENCE);
        // Without CA certificates a provider on this machine can still be reached.
        let http = builder().build().or_else(|_| builder().tls_certs_only([]).build());
        let http = http.map_err(|e| Error::Internal(e.into()))?;
        let documents = Cache::builder().max_capacity(PROVIDERS).time_to_live(KEPT).build();
        Ok(Self { http: Http(http), public_url, documents })
    }

    /// Where a provider sends people back to; to be entered there.
    pub fn redirect_url(&self, id: IdentityProviderId) -> String {
        let base = self.public_url.as_str().trim_end_matches('/');
        format!("{base}/api/sign-in/providers/{id}/callback")
    }

    /// Checks that an issuer can be reached and is what it says.
    ///
    /// # Errors
    /// `Invalid` with the reason.
    pub async fn check_issuer(&self, issuer: &str) -> Result<()> {
        let invalid = |text: String| Error::invalid("issuer", text);
        let url = Url::parse(issuer).map_err(|e| invalid(format!("not an address: {e}")))?;
        if !is_secure(&url) {
            return Err(invalid("expected an https address".into()));
        }
        self.discover(issuer).await.map(drop).map_err(|error| match error {
            Error::Conflict { message, .. } => invalid(message),
            other => other,
        })
    }

    async fn discover(&self, issuer: &str) -> Result<CoreProviderMetadata> {
        let issuer =
            IssuerUrl::new(issuer.to_owned()).map_err(|e| unavailable("the issuer is no address", e))?;
        CoreProviderMetadata::discover_async(issuer, &self.http).await.map_err(|error| {
            let error = anyhow::Error::new(error);
            unavailable(
                "the identity provider's discovery document or keys cannot be read",
                format!("{error:#}"),
            )
        })
    }

    async fn client(&self, provider: &Provider, secret: Option<&Zeroizing<String>>) -> Result<Discovered> {
        let key = (provider.id, provider.issuer.clone());
        let document = match self.documents.get(&key).await {
            Some(document) => document,
            None => {
                let document = Arc::new(self.discover(&provider.issuer).await?);
                self.documents.insert(key, document.clone()).await;
                document
            }
        };
        let secret = secret.map(|secret| ClientSecret::new(secret.to_string()));
        let id = ClientId::new(provider.client_id.clone());
        let redirect = RedirectUrl::new(self.redirect_url(provider.id));
        let redirect = redirect.map_err(|e| Error::Internal(e.into()))?;
        let client = Discovered::from_provider_metadata((*document).clone(), id, secret);
        Ok(client.set_redirect_uri(redirect))
    }

    /// Where to send the browser, and what to keep until it is back.
    pub async fn begin(
        &self,
        provider: &Provider,
        return_to: String,
        invitation: Option<String>,
    ) -> Result<(String, Away)> {
        let client = self.client(provider, None).await?;
        let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
        let request = client
            .authorize_url(
                AuthenticationFlow::<CoreResponseType>::AuthorizationCode,
                CsrfToken::new_random,
                Nonce::new_random,
            )
            // The library asks for `openid` itself.
            .add_scopes(provider.scopes.iter().filter(|scope| *scope != "openid").cloned().map(Scope::new))
            .set_pkce_challenge(challenge);
        let (url, state, nonce) = request.url();
        let away = Away {
            provider: provider.id,
            state: state.secret().clone(),
            nonce: nonce.secret().clone(),
            verifier: verifier.secret().clone(),
            return_to,
            invitation,
        };
        Ok((url.into(), away))
    }

    /// Who the provider says that it is, from what the browser came back with. `away` is what
    /// this browser was sent away with.
    pub async fn finish(
        &self,
        provider: &Provider,
        secret: Option<Zeroizing<String>>,
        away: &Away,
        answer: &Answer,
    ) -> Result<Subject> {
        let mix_up = || refused("wrong_answer", "this answer does not belong to this sign-in; begin again");
        let state = answer.state.as_deref().unwrap_or_default();
        if !bool::from(state.as_bytes().ct_eq(away.state.as_bytes())) || away.provider != provider.id {
            return Err(mix_up());
        }
        if answer.iss.as_ref().is_some_and(|iss| *iss != provider.issuer) {
            return Err(mix_up());
        }
        let Some(code) = answer.code.clone().filter(|_| answer.error.is_none()) else {
            tracing::info!(error = answer.error, "an identity provider refused");
            return Err(refused("provider_refused", "the identity provider did not sign you in"));
        };
        let client = self.client(provider, secret.as_ref()).await?;
        let tokens = client
            .exchange_code(AuthorizationCode::new(code))
            .map_err(|e| unavailable("the identity provider has no token endpoint", e))?
            .set_pkce_verifier(PkceCodeVerifier::new(away.verifier.clone()))
            .request_async(&self.http)
            .await
            .map_err(|error| {
                let error = anyhow::Error::new(error);
                unavailable("the identity provider did not accept the code", format!("{error:#}"))
            })?;
        let nonce = Nonce::new(away.nonce.clone());
        let claims = match self.claims(&client, &tokens, &nonce) {
            Ok(claims) => claims,
            // Its keys may be new.
            Err(_) => {
                self.documents.invalidate(&(provider.id, provider.issuer.clone())).await;
                let client = self.client(provider, secret.as_ref()).await?;
                self.claims(&client, &tokens, &nonce)
                    .map_err(|e| unavailable("the identity provider's token is not good", e))?
            }
        };
        Ok(subject(provider, &claims))
    }

    fn claims(&self, client: &Discovered, tokens: &Tokens, nonce: &Nonce) -> anyhow::Result<Claims> {
        let token = tokens.id_token().ok_or_else(|| anyhow!("there is no ID token"))?;
        let verifier = client.id_token_verifier().set_allowed_algs(ALGORITHMS);
        Ok(token.claims(&verifier, nonce)?.clone())
    }
}

/// Who it is, with the address only where the provider vouches for it: it says itself that
/// the address is verified, or an administrator has entered the domain as the provider's and
/// it does not say the contrary.
fn subject(provider: &Provider, claims: &Claims) -> Subject {
    let said = claims.email_verified().or(match &claims.additional_claims().xms_edov {
        Some(serde_json::Value::Bool(verified)) => Some(*verified),
        Some(serde_json::Value::String(text)) => Some(text == "1" || text == "true"),
        Some(serde_json::Value::Number(number)) => Some(number.as_i64() == Some(1)),
        _ => None,
    });
    let email = claims.email().map(|email| email.trim().to_lowercase()).filter(|email| {
        let domain = email.rsplit_once('@').map(|(_, domain)| domain).unwrap_or_default();
        let listed = provider.domains.iter().any(|one| one == domain);
        match said {
            Some(verified) => verified && (listed || provider.domains.is_empty()),
            None => listed,
        }
    });
    let name = claims.name().and_then(|name| name.get(None)).map(|name| name.to_string());
    Subject {
        provider: provider.id,
        subject: claims.subject().to_string(),
        name: name.or_else(|| email.clone()).unwrap_or_default(),
        email,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_return_to_this_platform_only() {
        for good in ["/", "/executions", "/a/b?x=1&y=%2F", "/a/../b", "/?next=https://elsewhere.example"] {
            assert!(checked_return(good).is_ok(), "{good}");
        }
        for bad in [
            "",
            "executions",
            "//elsewhere.example",
            "/\\elsewhere.example",
            "\\\\elsewhere.example",
            "https://elsewhere.example",
            "/\t/elsewhere.example",
            "/\n/elsewhere.example",
            "/.//elsewhere.example",
            "/a/..//elsewhere.example",
            "/%09/../..//elsewhere.example",
            "javascript:alert(1)",
            "/a b",
            "/ü",
            &format!("/{}", "a".repeat(RETURN_BYTES)),
        ] {
            assert!(checked_return(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn secrets_go_over_tls_or_stay_here() {
        let secure = |text: &str| is_secure(&Url::parse(text).expect("an address"));
        assert!(secure("https://login.example"));
        assert!(secure("http://127.0.0.1:1234") && secure("http://localhost:1") && secure("http://[::1]:1"));
        assert!(!secure("http://login.example") && !secure("http://10.0.0.1") && !secure("ftp://localhost"));
    }
}
