//! Authorizing a connection: somebody is sent to the authorization server and comes back with a
//! code, or with an administrator's consent. State, verifier and who it was are kept on this side.

use crate::endpoint::{self, Grant};
use crate::{Need, OAuth, failed, hidden};
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use bifrost_core::{ConnectionId, Error, OAuthFlow, Result, Scope, SessionId, UserId};
use bifrost_store::integrations::states::{self, Beginner};
use bifrost_store::integrations::{Connection, Current, connections, current, mappings, renewal};
use bifrost_store::{Db, now};
use serde::Deserialize;
use sha2::{Digest, Sha256};
use url::Url;
use zeroize::Zeroizing;

/// Where authorization servers send people back to, below the platform's address.
pub const CALLBACK: &str = "/api/oauth/callback";
/// Places of an address that the mapping fills.
const TENANTS: [&str; 3] = ["{entity_id}", "{tenant}", "{tenant_id}"];
/// Random bytes of a verifier.
const VERIFIER: usize = 32;

/// An authorization to begin.
pub struct Begin {
    /// Whose connection.
    pub scope: Scope,
    /// Which.
    pub connection: ConnectionId,
    /// Who begins it.
    pub beginner: Beginner,
    /// Where the person wants to be afterwards; a path of this platform.
    pub return_to: String,
    /// The platform's address of [`CALLBACK`].
    pub redirect: String,
}

/// What somebody came back with.
#[derive(Debug, Default, Deserialize)]
pub struct Returning {
    /// To be exchanged for tokens.
    pub code: Option<String>,
    /// As it was sent.
    pub state: Option<String>,
    /// Why there is no code.
    pub error: Option<String>,
    /// The same, for people.
    pub error_description: Option<String>,
    /// Microsoft's word for which tenant an administrator has consented.
    pub tenant: Option<String>,
}

/// A connection that was authorized.
#[derive(Debug)]
pub struct Connected {
    /// As it is now.
    pub connection: Connection,
    /// Where the person wants to be.
    pub return_to: String,
}

/// What nobody guesses.
fn verifier() -> Result<Zeroizing<String>> {
    let mut bytes = Zeroizing::new([0u8; VERIFIER]);
    getrandom::fill(bytes.as_mut_slice())
        .map_err(|error| Error::Internal(anyhow::anyhow!("no randomness: {error}")))?;
    Ok(Zeroizing::new(BASE64_URL_SAFE_NO_PAD.encode(bytes.as_slice())))
}

/// What of a verifier may be seen (RFC 7636, `S256`).
fn challenge(verifier: &str) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.as_bytes()))
}

/// Where to send the person.
fn address(current: &Current, url: &str, redirect: &str, state: &str, verifier: &str) -> Result<String> {
    let settings = &current.settings;
    let mut url = Url::parse(url).map_err(|error| Error::Internal(error.into()))?;
    {
        let mut query = url.query_pairs_mut();
        query.append_pair("client_id", &settings.client_id);
        query.append_pair("redirect_uri", redirect);
        query.append_pair("state", state);
        if !settings.scopes.is_empty() {
            query.append_pair("scope", &settings.scopes.join(" "));
        }
        if settings.flow == OAuthFlow::AuthorizationCode {
            query.append_pair("response_type", "code");
            query.append_pair("code_challenge", &challenge(verifier));
            query.append_pair("code_challenge_method", "S256");
            for (name, value) in &settings.parameters {
                query.append_pair(name, value);
            }
        }
    }
    Ok(url.into())
}

fn refused(text: String) -> Error {
    Error::Conflict { code: "authorization_refused", message: text }
}

impl OAuth {
    /// Begins an authorization in the hands of `db`'s actor; answers where to send the person.
    ///
    /// # Errors
    /// `Invalid` when the integration has no page to send people to, or its address is not whole.
    pub async fn begin(&self, db: &Db, begin: Begin) -> Result<String> {
        let (scoped, keys) = (db.scope(begin.scope), &self.inner.keys);
        let mut current = current::get(&scoped, keys, begin.connection).await?;
        let url = current.authorization_url.take().transpose()?;
        let url = url.filter(|_| current.settings.flow != OAuthFlow::RefreshToken).ok_or_else(|| {
            let flow = current.settings.flow.as_str();
            let message = format!("with the flow {flow} and without an authorization_url nobody has to agree; refresh it instead");
            Error::invalid("connection", message)
        })?;
        // Whoever agrees shall not have done so for nothing.
        if let Err(error) = &current.token_url {
            return Err(Error::invalid("connection", error.to_string()));
        }
        let verifier = verifier()?;
        let return_to = begin.return_to;
        let state =
            states::begin(&scoped, keys, begin.connection, begin.beginner, verifier.clone(), return_to)
                .await?;
        address(&current, &url, &begin.redirect, &state, &verifier)
    }

    /// Ends an authorization, for the person and the session that began it, in the hands of
    /// `db`'s actor. `redirect` is as in [`Begin`].
    ///
    /// # Errors
    /// `Conflict`: `expired` for a state that is nobody's, another's, or used; else
    /// `authorization_refused` or `connection_failed` with the reason.
    pub async fn finish(
        &self,
        db: &Db,
        returning: Returning,
        user: UserId,
        session: SessionId,
        redirect: &str,
    ) -> Result<Connected> {
        let keys = &self.inner.keys;
        let state = returning.state.as_deref().unwrap_or_default();
        let returned = states::take(db, keys, state, user, session).await?;
        let scoped = db.scope(returned.scope);
        let current = current::get(&scoped, keys, returned.connection).await?;
        if let Some(error) = &returning.error {
            let said = returning.error_description.as_deref().unwrap_or_default();
            let said: String =
                format!("{error}: {said}").chars().filter(|c| !c.is_control()).take(300).collect();
            return Err(refused(format!("the authorization server did not authorize this ({said})")));
        }
        match current.settings.flow {
            OAuthFlow::AuthorizationCode => {
                let code = returning.code.as_deref();
                let code = code.ok_or_else(|| refused("the authorization server sent no code".into()))?;
                self.exchange(db, &current, code, &returned.verifier, user, redirect).await?;
            }
            OAuthFlow::ClientCredentials | OAuthFlow::RefreshToken => {
                self.check_tenant(db, &current, returning.tenant.as_deref()).await?;
                let version = current.connection.version;
                self.access(returned.scope, returned.connection, Need::Again(version)).await?;
            }
        }
        let connection = connections::get(&scoped, returned.connection).await?;
        Ok(Connected { connection, return_to: returned.return_to })
    }

    async fn exchange(
        &self,
        db: &Db,
        current: &Current,
        code: &str,
        verifier: &str,
        user: UserId,
        redirect: &str,
    ) -> Result<()> {
        let connection = &current.connection;
        let url = current.token_url.as_ref().map_err(|error| failed(connection, &error.to_string()))?;
        let secret = current.client_secret(&self.inner.db, &self.inner.keys).await?;
        let secret = secret.as_ref().map(|secret| secret.as_str());
        let form = endpoint::form(&current.settings, secret, url, Grant::Code { code, verifier, redirect });
        let asked = now();
        let answer = self.inner.web.post(connection.scope, form).await;
        let answer = answer.map_err(|error| failed(connection, &hidden(&error).reason))?;
        let fresh = endpoint::read(&answer, &current.settings, url, None, asked);
        let fresh = fresh.map_err(|failure| failed(connection, &failure.reason))?;
        let scoped = db.scope(connection.scope);
        renewal::connect(&scoped, &self.inner.keys, connection.id, fresh, user).await?;
        self.inner.tell(connection).await;
        Ok(())
    }

    /// An administrator has consented for the tenant that the organization is mapped to, where
    /// that has an id. Where it is part of the address, the answer has to name it.
    async fn check_tenant(&self, db: &Db, current: &Current, tenant: Option<&str>) -> Result<()> {
        let tenant = tenant.and_then(|tenant| tenant.parse::<uuid::Uuid>().ok());
        let Some(organization) = current.connection.scope.organization() else { return Ok(()) };
        let mapping = mappings::get(&db.org(organization), current.integration.id).await?;
        let mapped = mapping.and_then(|mapping| mapping.entity_id.parse::<uuid::Uuid>().ok());
        let Some(mapped) = mapped else { return Ok(()) };
        let template = current.settings.authorization_url.as_deref().unwrap_or_default();
        match tenant {
            Some(tenant) if tenant != mapped => Err(refused(format!(
                "the consent is for the tenant {tenant}, but the organization is mapped to {mapped}"
            ))),
            None if TENANTS.iter().any(|place| template.contains(place)) => Err(refused(format!(
                "the authorization server did not say for which tenant the consent is; the organization is mapped to {mapped}"
            ))),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Appendix B of RFC 7636.
    #[test]
    fn the_challenge_is_that_of_the_standard() {
        let verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
        assert_eq!(challenge(verifier), "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
        let (one, two) = (super::verifier().expect("one"), super::verifier().expect("two"));
        assert!(one.len() == 43 && *one != *two);
    }
}
