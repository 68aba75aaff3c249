//! Tokens for other scopes than a connection asks for, which a server gives to clients again at any
//! time. A few are kept, so that all processes know them; whoever asks has the connection's lease.

use super::connections::{self, Connection};
use super::renewal::{Failure, Fresh, Lease};
use super::vault::{self, Name};
use crate::audit::{self, Event, record};
use crate::keyring::Keyring;
use crate::notifications::events;
use crate::{Scoped, Sql, Tx, now};
use bifrost_core::{ConnectionId, Result};
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

/// Most that are kept of a connection; the one that was got first goes first.
const MOST: usize = 32;
/// Failures of a connection are in the audit log once in this time, whatever code asks for.
const AGAIN: TimeDelta = TimeDelta::minutes(1);
/// Longest reason that is kept, in bytes.
const MAX_REASON: usize = 500;

/// What they were asked for with: another client or endpoint is another key.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Key {
    /// The client.
    pub client_id: String,
    /// The token endpoint.
    pub token_url: String,
    /// The scopes, separated by blanks.
    pub scopes: String,
}

/// What came of asking last.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Other {
    key: Key,
    /// What the server gave.
    pub fresh: Option<Fresh>,
    /// Why it gave nothing.
    pub error: Option<String>,
    /// Failures in a row.
    failures: i64,
    /// When it was asked.
    pub at: DateTime<Utc>,
}

/// What is known of a connection of the handle's scope.
pub async fn get(scoped: &Scoped, keys: &Keyring, id: ConnectionId, key: &Key) -> Result<Option<Other>> {
    let all = all(&mut scoped.read().await?, keys, id).await?;
    Ok(all.into_iter().find(|one| one.key == *key))
}

async fn all(tx: &mut Tx, keys: &Keyring, id: ConnectionId) -> Result<Vec<Other>> {
    Ok(vault::get(tx, keys, Name::Others(id)).await?.unwrap_or_default())
}

/// Gives a lease back that was not needed.
pub async fn release(scoped: &Scoped, id: ConnectionId, lease: Lease) -> Result<()> {
    scoped.write(move |tx| Box::pin(async move { end(tx, id, lease).await.map(drop) })).await
}

async fn end(tx: &mut Tx, id: ConnectionId, lease: Lease) -> Result<bool> {
    let sql = Sql::new(
        "UPDATE oauth_connections SET lease_holder = NULL, lease_until = NULL WHERE id = $1 AND lease_holder = $2",
    );
    Ok(tx.execute(sql.bind(id).bind(lease.holder)).await? == 1)
}

/// Writes down what came of asking, tells of failures, and ends the lease. Nothing is written
/// where the lease was another's by then.
pub async fn keep(
    scoped: &Scoped,
    keys: &Keyring,
    id: ConnectionId,
    lease: Lease,
    key: Key,
    outcome: Result<Fresh, Failure>,
) -> Result<()> {
    let keys = keys.clone();
    scoped
        .write(move |tx| {
            Box::pin(async move {
                let lock = tx.engine().for_update_of("c");
                let connection = connections::find(tx, id, &lock).await?;
                if !end(tx, id, lease).await? {
                    return Ok(());
                }
                let mut kept = all(tx, &keys, id).await?;
                let before = kept.iter().position(|one| one.key == key).map(|place| kept.remove(place));
                let time = now();
                let other = match outcome {
                    Ok(fresh) => Other { key, fresh: Some(fresh), error: None, failures: 0, at: time },
                    Err(failure) => {
                        let failures = before.map_or(0, |one| one.failures) + 1;
                        let reason =
                            failure.reason[..failure.reason.floor_char_boundary(MAX_REASON)].to_owned();
                        let is_new = !kept.iter().any(|one| one.error.is_some() && time - one.at < AGAIN);
                        tell(tx, &connection, &key, &reason, failures, is_new).await?;
                        Other { key, fresh: None, error: Some(reason), failures, at: time }
                    }
                };
                kept.push(other);
                kept.drain(..kept.len().saturating_sub(MOST));
                vault::put(tx, &keys, Name::Others(id), &kept).await
            })
        })
        .await
}

/// The connection itself is as good as before, so nobody has to connect it anew.
async fn tell(
    tx: &mut Tx,
    connection: &Connection,
    key: &Key,
    reason: &str,
    failures: i64,
    is_new: bool,
) -> Result<()> {
    let scopes = &key.scopes[..key.scopes.floor_char_boundary(MAX_REASON)];
    let name = &connection.integration_name;
    let said = format!("for `{scopes}`: {reason}");
    events::renewal_failed(tx, connection.id, name, &said, failures, false).await?;
    if failures > 1 || !is_new {
        return Ok(());
    }
    let event = Event::new("oauth_connection.refresh_failed")
        .target("oauth_connection", connection.id)
        .outcome(audit::Outcome::Failed)
        .detail("integration", name)
        .detail("oauth_scope", scopes)
        .detail("reason", reason)
        .detail("is_final", false);
    record(tx, event).await
}
