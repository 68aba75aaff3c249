//! Tokens for other scopes than a connection asks for: with client credentials a server gives one
//! for each, and they are had again at any time. All processes know those that were got last; the
//! connection's lease decides who asks for one.

use crate::endpoint::{self, Grant};
use crate::{Inner, LOOK, OAuth, PATIENCE, RECENT, REST, failed, hidden};
use bifrost_core::{ConnectionId, ConnectionStatus, Error, OAuthFlow, Result, Scope, oauth};
use bifrost_store::integrations::others::{self, Key};
use bifrost_store::integrations::renewal::{self, Failure, Fresh};
use bifrost_store::integrations::{Current, current};
use bifrost_store::{Scoped, now};
use moka::sync::Cache;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// Most such tokens in a process.
const TOKENS: u64 = 10_000;
/// Longest time that one is kept there.
const KEPT: Duration = Duration::from_secs(3_600);
/// Longest list of scopes, in bytes.
const MAX_WANTED: usize = 2_000;

type Slot = Arc<tokio::sync::Mutex<Option<Arc<Fresh>>>>;
pub(crate) type Others = Cache<(ConnectionId, Key), Slot>;

pub(crate) fn cache() -> Others {
    Cache::builder().max_capacity(TOKENS).time_to_live(KEPT).build()
}

impl OAuth {
    /// A token of a connection for other scopes, separated by blanks; a new one where `renew` says
    /// that the last one did not do. However many ask, the server is asked once.
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
        check(&current, wanted)?;
        let key = key(&current, wanted)?;
        // Who asks for the same meanwhile waits for the same.
        let slot = inner.others.get_with((id, key), Slot::default);
        let mut slot = slot.lock().await;
        if let Some(known) = slot.as_ref().filter(|known| is_good(known, renew)) {
            return Ok(known.clone());
        }
        let (inner, wanted) = (inner.clone(), wanted.to_owned());
        // A task of its own: a run that is cancelled leaves no lease behind.
        let task = tokio::spawn(async move { inner.fly_for(current, &wanted, renew).await });
        let fresh = task.await.map_err(|lost| Error::Internal(lost.into()))??;
        *slot = Some(fresh.clone());
        Ok(fresh)
    }
}

fn check(current: &Current, wanted: &str) -> Result<()> {
    let connection = &current.connection;
    if current.settings.flow != OAuthFlow::ClientCredentials {
        let message = format!(
            "`{wanted}` has to be agreed to when the connection is made; add it to `oauth.scopes` of `{}`, and connect it again",
            connection.integration_name
        );
        return Err(Error::invalid("oauth_scope", message));
    }
    if wanted.len() > MAX_WANTED || wanted.chars().any(char::is_control) {
        return Err(Error::invalid("oauth_scope", format!("expected at most {MAX_WANTED} bytes of names")));
    }
    if connection.status == ConnectionStatus::Failed {
        return Err(failed(connection, connection.error.as_deref().unwrap_or("it was refused")));
    }
    Ok(())
}

fn key(current: &Current, wanted: &str) -> Result<Key> {
    let url = current.token_url.as_ref().map_err(|error| failed(&current.connection, &error.to_string()))?;
    Ok(Key {
        client_id: current.settings.client_id.clone(),
        token_url: url.clone(),
        scopes: wanted.to_owned(),
    })
}

fn is_good(known: &Fresh, renew: bool) -> bool {
    let lasts = known.until.is_none_or(|until| oauth::is_good(known.from, until, now()));
    lasts && !(renew && now() - known.from >= RECENT)
}

impl Inner {
    /// Asks the server, unless another process does or did.
    async fn fly_for(&self, mut current: Current, wanted: &str, renew: bool) -> Result<Arc<Fresh>> {
        let (scope, id) = (current.connection.scope, current.connection.id);
        let scoped = self.db.scope(scope);
        let until = Instant::now() + PATIENCE;
        loop {
            let key = key(&current, wanted)?;
            if let Some(fresh) = self.known(&scoped, &current, &key, renew).await? {
                return Ok(fresh);
            }
            let holder = format!("{}/{}", self.name, uuid::Uuid::now_v7());
            if let Some(lease) = renewal::take(&scoped, &current.connection, holder).await? {
                // Somebody may have ended between the look and the lease.
                return match self.known(&scoped, &current, &key, renew).await {
                    Ok(None) => self.get_for(&scoped, &current, lease, key).await,
                    known => {
                        others::release(&scoped, id, lease).await?;
                        known?.ok_or(Error::Busy("a connection"))
                    }
                };
            }
            if Instant::now() >= until {
                return Err(Error::Busy("a connection that another process renews"));
            }
            tokio::time::sleep(LOOK).await;
            current = current::get(&scoped, &self.keys, id).await?;
            check(&current, wanted)?;
        }
    }

    /// What a process has got that does; an error where one has failed a moment ago.
    async fn known(
        &self,
        scoped: &Scoped,
        current: &Current,
        key: &Key,
        renew: bool,
    ) -> Result<Option<Arc<Fresh>>> {
        let connection = &current.connection;
        let Some(known) = others::get(scoped, &self.keys, connection.id, key).await? else { return Ok(None) };
        match (known.fresh, known.error) {
            (Some(fresh), _) if is_good(&fresh, renew) => Ok(Some(Arc::new(fresh))),
            (None, Some(reason)) if now() - known.at < REST => Err(failed(connection, &reason)),
            _ => Ok(None),
        }
    }

    /// Asks the server, and lets the other processes know.
    async fn get_for(
        &self,
        scoped: &Scoped,
        current: &Current,
        lease: renewal::Lease,
        key: Key,
    ) -> Result<Arc<Fresh>> {
        let connection = &current.connection;
        let outcome = self.ask_for(current, &key).await;
        let kept = others::keep(scoped, &self.keys, connection.id, lease, key, outcome.clone()).await;
        if let Err(error) = kept {
            // It is good all the same; another process will ask for its own.
            tracing::warn!(connection = %connection.id, "a token for other scopes is not kept: {error:#}");
        }
        self.tell(connection).await;
        outcome.map(Arc::new).map_err(|failure| failed(connection, &failure.reason))
    }

    async fn ask_for(&self, current: &Current, key: &Key) -> Result<Fresh, Failure> {
        let secret = current.client_secret(&self.db, &self.keys).await.map_err(|error| hidden(&error))?;
        let secret = secret.as_ref().map(|secret| secret.as_str());
        let scopes: Vec<String> = key.scopes.split_whitespace().map(str::to_owned).collect();
        let url = &key.token_url;
        let form = endpoint::form(&current.settings, secret, url, Grant::Client(&scopes));
        let asked = now();
        let answer = self.web.post(current.connection.scope, form).await.map_err(|error| hidden(&error))?;
        endpoint::read(&answer, &current.settings, url, None, asked)
    }
}
