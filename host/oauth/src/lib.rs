//! OAuth connections of integrations: authorizing them, and renewing their tokens once, whoever
//! asks and however many at the same time.
//!
//! Three things make it once. Within a process all who ask for a connection's tokens wait for one
//! flight. Between processes the flight takes the connection's lease, and who does not get it
//! waits for the new version. And what a server has given is written over the version that it was
//! made from, and over no other (`bifrost_store::integrations::renewal`).

mod authorize;
mod endpoint;
mod flight;
mod others;

pub use authorize::{Begin, CALLBACK, Connected, Returning};

use bifrost_core::ports::{Bus, Event, Web};
use bifrost_core::{ConnectionId, ConnectionStatus, Error, OAuthFlow, Result, Scope, oauth};
use bifrost_store::integrations::{Connection, Current, current, renewal};
use bifrost_store::{Db, Keyring, Scoped, now};
use chrono::{DateTime, TimeDelta, Utc};
use endpoint::Grant;
use flight::Flights;
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// Between two looks whether somebody else has the new tokens.
const LOOK: Duration = Duration::from_millis(250);
/// Longest wait for them: a holder that dies has its lease until then.
const PATIENCE: Duration = Duration::from_secs(90);
/// Whoever wants newer tokens than these gets them again: they are as new as can be.
const RECENT: TimeDelta = TimeDelta::seconds(10);
/// So long after a failed attempt nobody tries again who does not have to.
const REST: TimeDelta = TimeDelta::seconds(10);
/// Between two attempts to keep what a server has given.
const KEEP: Duration = Duration::from_millis(500);
/// How long that is tried.
const KEEPING: Duration = Duration::from_secs(120);
/// How often somebody joins the flights of others before they hear that it is busy.
const FLIGHTS: usize = 4;

/// What tokens are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// Those that are good now; new ones otherwise.
    Good,
    /// Newer than this version, which did not do.
    NewerThan(i64),
    /// As the scheduler has it: new ones if it is time.
    Ahead,
    /// New ones, also where the server has refused before: an administrator wants to know.
    Again(i64),
}

/// The connections of this process's platform. Cheap to clone.
#[derive(Clone)]
pub struct OAuth {
    inner: Arc<Inner>,
}

struct Inner {
    db: Db,
    keys: Keyring,
    bus: Arc<dyn Bus>,
    web: Arc<dyn Web>,
    /// Names this process in leases.
    name: String,
    flights: Flights,
    others: others::Others,
}

/// The channel on which waiting processes hear that a connection has changed.
fn channel(id: ConnectionId) -> String {
    format!("oauth:{id}")
}

/// Why there is no token, and what to do.
fn failed(connection: &Connection, reason: &str) -> Error {
    let name = &connection.integration_name;
    Error::Conflict {
        code: "connection_failed",
        message: format!("the connection to `{name}` failed: {reason}"),
    }
}

impl Need {
    fn is_met(self, current: &Current, now: DateTime<Utc>) -> bool {
        let connection = &current.connection;
        let from = connection.refreshed_at;
        let has_token = current.tokens.as_ref().is_some_and(|tokens| tokens.access_token.is_some());
        let is_good = has_token
            && match (from, connection.expires_at) {
                (Some(from), Some(until)) => oauth::is_good(from, until, now),
                (_, None) => true,
                (None, Some(until)) => now < until,
            };
        match self {
            Self::Good => is_good,
            Self::NewerThan(version) => {
                let is_recent = from.is_some_and(|from| now - from < RECENT);
                is_good && (connection.version > version || is_recent)
            }
            Self::Ahead => connection.refresh_at.is_none_or(|at| at > now),
            Self::Again(version) => connection.version > version,
        }
    }

    /// Whether it is worth asking the server.
    fn check(self, current: &Current) -> Result<()> {
        let connection = &current.connection;
        if connection.status == ConnectionStatus::Failed && !matches!(self, Self::Again(_)) {
            return Err(failed(connection, connection.error.as_deref().unwrap_or("it was refused")));
        }
        let rests = connection.failures > 0
            && connection
                .refresh_at
                .is_some_and(|at| now() < at - oauth::backoff(connection.failures) + REST);
        if rests && !matches!(self, Self::Again(_)) {
            return Err(failed(connection, connection.error.as_deref().unwrap_or("it did not answer")));
        }
        let has_refresh = current.tokens.as_ref().is_some_and(|tokens| tokens.refresh_token.is_some());
        let reason = match current.settings.flow {
            OAuthFlow::ClientCredentials => return Ok(()),
            _ if has_refresh => return Ok(()),
            // So that it is written down.
            _ if self == Self::Ahead => return Ok(()),
            _ if connection.status == ConnectionStatus::NotConnected => "nobody has connected it yet",
            _ if current.tokens.is_none() => "its token endpoint was changed; connect it again",
            _ => "its token has expired and the server gave nothing to renew it with; connect it again",
        };
        Err(failed(connection, reason))
    }
}

impl OAuth {
    /// Over these engines; `web` is the way to authorization servers, `name` names the process.
    pub fn new(db: Db, keys: Keyring, bus: Arc<dyn Bus>, web: Arc<dyn Web>, name: String) -> Self {
        Self {
            inner: Arc::new(Inner {
                db,
                keys,
                bus,
                web,
                name,
                flights: Flights::default(),
                others: others::cache(),
            }),
        }
    }

    /// A connection of a scope with tokens as they are needed. However many ask, the server is
    /// asked once; and what it gives is committed before anybody has it.
    ///
    /// # Errors
    /// `Conflict` with `connection_failed` and the reason, when there are none to be had.
    pub async fn access(&self, scope: Scope, id: ConnectionId, need: Need) -> Result<Arc<Current>> {
        let mut last = Error::Busy("a connection");
        for _ in 0..FLIGHTS {
            let (flight, is_own) = self.inner.flights.join(id, || {
                let inner = self.inner.clone();
                async move { inner.fly(scope, id, need).await }
            });
            match flight.await {
                Ok(current) if is_own || need.is_met(&current, now()) => return Ok(current),
                // Another's flight, for less than this needs.
                Ok(_) => {}
                Err(error) if is_own => return Err(flight::again(&error)),
                // Another's flight, for more than this needs.
                Err(error) => last = flight::again(&error),
            }
        }
        Err(last)
    }

    /// Renews a connection's tokens if it is time.
    ///
    /// # Errors
    /// As [`Self::access`].
    pub async fn ahead(&self, scope: Scope, id: ConnectionId) -> Result<()> {
        self.access(scope, id, Need::Ahead).await.map(drop)
    }

    /// Waits until no flight is under way, for a process that ends: what a server gives is kept.
    pub async fn settle(&self, patience: Duration) {
        let until = Instant::now() + patience;
        while !self.inner.flights.is_empty() && Instant::now() < until {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

impl Inner {
    /// Sees to it that a connection's tokens are as they are needed.
    async fn fly(&self, scope: Scope, id: ConnectionId, need: Need) -> Result<Current> {
        let scoped = self.db.scope(scope);
        let until = Instant::now() + PATIENCE;
        let mut notices: Option<bifrost_core::ports::subscription::Receiver> = None;
        loop {
            let current = current::get(&scoped, &self.keys, id).await?;
            if need.is_met(&current, now()) {
                return Ok(current);
            }
            need.check(&current)?;
            let holder = format!("{}/{}", self.name, uuid::Uuid::now_v7());
            let version = current.connection.version;
            if let Some(lease) = renewal::take(&scoped, &current.connection, holder).await? {
                self.renew(&current, lease).await?;
                let renewed = current::get(&scoped, &self.keys, id).await?;
                let has_token = renewed.tokens.as_ref().is_some_and(|tokens| tokens.access_token.is_some());
                // Also where it is good for a moment only: asking again would give no better one.
                if has_token && renewed.connection.version > version {
                    return Ok(renewed);
                }
                continue;
            }
            if Instant::now() >= until {
                return Err(Error::Busy("a connection that another process renews"));
            }
            let is_first = notices.is_none();
            if let Some(heard) = &mut notices
                && !matches!(tokio::time::timeout(LOOK, heard.recv()).await, Ok(None))
            {
                continue;
            }
            // Before the next look, so that nothing is missed in between.
            notices = self.bus.subscribe(vec![channel(id)]).await.ok();
            if notices.is_none() || !is_first {
                tokio::time::sleep(LOOK).await;
            }
        }
    }

    /// Asks the server, and keeps what it gives. That there is a newer version by then is no
    /// error: the next look finds it.
    async fn renew(&self, current: &Current, lease: renewal::Lease) -> Result<()> {
        let connection = &current.connection;
        let scoped = self.db.scope(connection.scope);
        let id = connection.id;
        let outcome = match self.ask(current).await {
            Ok(fresh) => Ok(self.keep(&scoped, id, lease.version, fresh).await?),
            Err(mut failure) => {
                if failure.is_final && lease.is_taken_over {
                    failure.reason += "; an earlier renewal was cut off before its answer was kept, so the server may know a newer refresh token: connect it again";
                }
                let is_written = renewal::fail(&scoped, id, lease, failure.clone()).await?;
                Err((failure, is_written))
            }
        };
        self.tell(connection).await;
        let count = |outcome: &'static str| {
            metrics::counter!("bifrost_oauth_renewals_total", "outcome" => outcome).increment(1);
        };
        match outcome {
            Ok(true) => count("renewed"),
            Ok(false) => count("superseded"),
            Err((_, false)) => count("superseded"),
            Err((failure, true)) => {
                count(if failure.is_final { "refused" } else { "failed" });
                let (integration, reason) = (&connection.integration_name, &failure.reason);
                if failure.is_final {
                    tracing::error!(connection = %id, integration, reason, "a connection has failed");
                } else {
                    tracing::warn!(connection = %id, integration, reason, "tokens were not renewed");
                }
                return Err(failed(connection, reason));
            }
        }
        Ok(())
    }

    /// Commits what a server has given, also where the database is away for a while: it may be the
    /// only refresh token that is still good.
    async fn keep(
        &self,
        scoped: &Scoped,
        id: ConnectionId,
        version: i64,
        fresh: renewal::Fresh,
    ) -> Result<bool> {
        let until = Instant::now() + KEEPING;
        loop {
            match renewal::commit(scoped, &self.keys, id, version, fresh.clone()).await {
                Err(error) if Instant::now() < until && !matches!(error, Error::NotFound(_)) => {
                    tracing::error!(connection = %id, "new tokens are not kept yet: {error:#}");
                    tokio::time::sleep(KEEP).await;
                }
                kept => return kept,
            }
        }
    }

    async fn ask(&self, current: &Current) -> Result<renewal::Fresh, renewal::Failure> {
        let passing = |error: &Error| renewal::Failure { reason: error.to_string(), is_final: false };
        let url = current.token_url.as_ref().map_err(passing)?;
        let secret = current.client_secret(&self.db, &self.keys).await.map_err(|error| hidden(&error))?;
        let refresh = current.tokens.as_ref().and_then(|tokens| tokens.refresh_token.clone());
        let grant = match (&refresh, current.settings.flow) {
            (_, OAuthFlow::ClientCredentials) => Grant::Client(&current.settings.scopes),
            (Some(token), _) => Grant::Refresh(token),
            (None, _) => {
                let reason =
                    "its token has expired and the server gave nothing to renew it with; connect it again"
                        .to_owned();
                return Err(renewal::Failure { reason, is_final: true });
            }
        };
        let kept = if matches!(grant, Grant::Refresh(_)) { refresh.clone() } else { None };
        let secret = secret.as_ref().map(|secret| secret.as_str());
        let form = endpoint::form(&current.settings, secret, url, grant);
        let asked = now();
        let answer = self.web.post(current.connection.scope, form).await.map_err(|error| hidden(&error))?;
        endpoint::read(&answer, &current.settings, url, kept, asked)
    }

    /// Tells the processes that wait.
    async fn tell(&self, connection: &Connection) {
        let payload = json!({ "type": "oauth_connection", "connection_id": connection.id });
        self.bus.publish(Event { channel: channel(connection.id), payload }).await;
    }
}

/// A failure that people read: a fault of the platform is for its log.
fn hidden(error: &Error) -> renewal::Failure {
    let reason = match error {
        Error::Internal(cause) => {
            tracing::error!("tokens could not be asked for: {cause:#}");
            "the platform failed; its log has the cause".to_owned()
        }
        other => other.to_string(),
    };
    renewal::Failure { reason, is_final: false }
}
