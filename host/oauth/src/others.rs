//! Tokens for other scopes than a connection asks for: with client credentials a server gives one
//! for each, and they are had again at any time. So they are kept in this process only.

use crate::endpoint::{self, Grant};
use crate::{Inner, OAuth, RECENT, failed, hidden};
use bifrost_core::{ConnectionId, ConnectionStatus, Error, OAuthFlow, Result, Scope, oauth};
use bifrost_store::integrations::renewal::Fresh;
use bifrost_store::integrations::{Current, current};
use bifrost_store::now;
use moka::sync::Cache;
use std::sync::Arc;
use std::time::Duration;

/// Most such tokens.
const TOKENS: u64 = 10_000;
/// Longest time that one is kept.
const KEPT: Duration = Duration::from_secs(3_600);
/// Longest list of scopes, in bytes.
const MAX_WANTED: usize = 2_000;

/// A connection as it was, and what was asked for: another client or endpoint is another key.
type Key = (ConnectionId, String, String, String);
type Slot = Arc<tokio::sync::Mutex<Option<Arc<Fresh>>>>;
pub(crate) type Others = Cache<Key, Slot>;

pub(crate) fn cache() -> Others {
    Cache::builder().max_capacity(TOKENS).time_to_live(KEPT).build()
}

impl OAuth {
    /// A token of a connection for other scopes, separated by blanks; a new one where `renew` says
    /// that the last one did not do.
    ///
    /// # Errors
    /// `Invalid` for a flow in which scopes are agreed to beforehand, `Conflict` with
    /// `connection_failed` when there is none to be had.
    pub async fn other(
        &self,
        scope: Scope,
        id: ConnectionId,
        wanted: &str,
        renew: bool,
    ) -> Result<Arc<Fresh>> {
        let inner = &self.inner;
        let current = current::get(&inner.db.scope(scope), &inner.keys, id).await?;
        let connection = &current.connection;
        if current.settings.flow != OAuthFlow::ClientCredentials {
            let message = format!(
                "`{wanted}` has to be agreed to when the connection is made; add it to `oauth.scopes` of `{}`, and connect it again",
                connection.integration_name
            );
            return Err(Error::invalid("oauth_scope", message));
        }
        if wanted.len() > MAX_WANTED || wanted.chars().any(char::is_control) {
            return Err(Error::invalid(
                "oauth_scope",
                format!("expected at most {MAX_WANTED} bytes of names"),
            ));
        }
        if connection.status == ConnectionStatus::Failed {
            return Err(failed(connection, connection.error.as_deref().unwrap_or("it was refused")));
        }
        let url = current.token_url.as_ref().map_err(|error| failed(connection, &error.to_string()))?;
        let key = (id, current.settings.client_id.clone(), url.clone(), wanted.to_owned());
        // Who asks for the same meanwhile waits for the same.
        let slot = inner.others.get_with(key, Slot::default);
        let mut slot = slot.lock().await;
        if let Some(known) = slot.as_ref() {
            let is_good = known.until.is_none_or(|until| oauth::is_good(known.from, until, now()));
            if is_good && !(renew && now() - known.from >= RECENT) {
                return Ok(known.clone());
            }
        }
        let fresh = inner.ask_other(&current, url, wanted).await?;
        *slot = Some(fresh.clone());
        Ok(fresh)
    }
}

impl Inner {
    async fn ask_other(&self, current: &Current, url: &str, wanted: &str) -> Result<Arc<Fresh>> {
        let connection = &current.connection;
        let secret = current.client_secret(&self.db, &self.keys).await?;
        let secret = secret.as_ref().map(|secret| secret.as_str());
        let scopes: Vec<String> = wanted.split_whitespace().map(str::to_owned).collect();
        let form = endpoint::form(&current.settings, secret, url, Grant::Client(&scopes));
        let asked = now();
        let answer = self.web.post(connection.scope, form).await;
        let answer = answer.map_err(|error| failed(connection, &hidden(&error).reason))?;
        let fresh = endpoint::read(&answer, &current.settings, url, None, asked);
        Ok(Arc::new(fresh.map_err(|failure| failed(connection, &failure.reason))?))
    }
}
