//! Renewing tokens: one process at a time holds the lease and asks the server. What it is given
//! is written over the version that it was made from, and over no other.
//!
//! The version, not the lease, decides who wrote first: somebody whose lease ran out while the
//! server answered has the only good refresh token where those rotate, and must still keep it.

use super::connections::{self, Connection};
use super::current::Tokens;
use super::vault::{self, Name};
use crate::audit::{Event, record};
use crate::keyring::Keyring;
use crate::notifications::events;
use crate::{Db, Scoped, Sql, now};
use bifrost_core::{ConnectionId, OrganizationId, Result, Scope, UserId, oauth};
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

/// How long a holder may take; far longer than a token endpoint.
pub const LEASE: TimeDelta = TimeDelta::seconds(60);
/// Longest reason that is kept, in bytes.
const MAX_REASON: usize = 1_000;

/// The right to renew a connection's tokens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lease {
    /// Who has it; of this one attempt.
    pub holder: String,
    /// The version that is renewed.
    pub version: i64,
    /// The one before was not given back: whoever held it died, or was given up on.
    pub is_taken_over: bool,
}

/// What a server has given.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Fresh {
    /// The tokens.
    pub tokens: Tokens,
    /// Since when they are good.
    pub from: DateTime<Utc>,
    /// Until when; `None` for ever.
    pub until: Option<DateTime<Utc>>,
    /// Whether they can be renewed without a person.
    pub has_refresh: bool,
}

/// Why an attempt came to nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// For people.
    pub reason: String,
    /// The server refused: it would again.
    pub is_final: bool,
}

/// Takes the lease of a connection of the handle's scope, if it is still as it was `seen` (no newer
/// version, no attempt that failed in between) and nobody else renews it.
pub async fn take(scoped: &Scoped, seen: &Connection, holder: String) -> Result<Option<Lease>> {
    let (id, version, failures) = (seen.id, seen.version, seen.failures);
    scoped
        .write(move |tx| {
            Box::pin(async move {
                let time = now();
                let lock = tx.engine().for_update();
                let sql = Sql::new(format!(
                    "SELECT lease_holder FROM oauth_connections WHERE id = $1 AND version = $2
                       AND failures = $4 AND (lease_until IS NULL OR lease_until <= $3){lock}"
                ));
                let sql = sql.bind(id).bind(version).bind(time).bind(failures);
                let free = tx.optional(sql).await?;
                let Some(row) = free else { return Ok(None) };
                let is_taken_over = row.opt::<String>("lease_holder")?.is_some();
                let sql = Sql::new(
                    "UPDATE oauth_connections SET lease_holder = $2, lease_until = $3 WHERE id = $1",
                );
                tx.execute(sql.bind(id).bind(holder.as_str()).bind(time + LEASE)).await?;
                Ok(Some(Lease { holder, version, is_taken_over }))
            })
        })
        .await
}

/// Keeps what the server has given, and ends the lease; false when there is a newer version, and
/// then nothing is changed.
pub async fn commit(
    scoped: &Scoped,
    keys: &Keyring,
    id: ConnectionId,
    version: i64,
    fresh: Fresh,
) -> Result<bool> {
    let keys = keys.clone();
    scoped
        .write(move |tx| {
            Box::pin(async move {
                let mut sql = set(&fresh);
                sql.push(" WHERE id = ").push_bind(id).push(" AND version = ").push_bind(version);
                if tx.execute(sql).await? == 0 {
                    return Ok(false);
                }
                vault::put(tx, &keys, Name::Tokens(id), &fresh.tokens).await?;
                Ok(true)
            })
        })
        .await
}

/// Keeps the first tokens of a connection of the handle's scope, whatever it had before.
pub async fn connect(
    scoped: &Scoped,
    keys: &Keyring,
    id: ConnectionId,
    fresh: Fresh,
    by: UserId,
) -> Result<()> {
    let keys = keys.clone();
    scoped
        .write(move |tx| {
            Box::pin(async move {
                let lock = tx.engine().for_update_of("c");
                let old = connections::find(tx, id, &lock).await?;
                let mut sql = set(&fresh);
                sql.push(", connected_by = ").push_bind(by).push(", connected_at = ").push_bind(fresh.from);
                sql.push(" WHERE id = ").push_bind(id);
                tx.execute(sql).await?;
                vault::put(tx, &keys, Name::Tokens(id), &fresh.tokens).await?;
                let event = Event::new("oauth_connection.connect")
                    .target("oauth_connection", id)
                    .detail("integration", &old.integration_name)
                    .maybe("scope", fresh.tokens.scope.as_ref());
                record(tx, event).await
            })
        })
        .await
}

/// The beginning of a statement that makes a connection one with new tokens.
fn set(fresh: &Fresh) -> Sql {
    // What nothing renews is looked at when it is over, so that somebody hears of it.
    let ahead = |until| if fresh.has_refresh { oauth::renewal(fresh.from, until) } else { until };
    let renewal = fresh.until.map(ahead);
    Sql::new(
        "UPDATE oauth_connections SET status = 'connected', error = NULL, failures = 0, version = version + 1,
           has_refresh = $1, refreshed_at = $2, expires_at = $3, refresh_at = $4, lease_holder = NULL, lease_until = NULL",
    )
    .bind(fresh.has_refresh)
    .bind(fresh.from)
    .bind(fresh.until)
    .bind(renewal)
}

/// Writes down that an attempt came to nothing, and ends the lease; the first one in a row and a
/// final one are in the audit log. False when the lease was another's by then, or the tokens newer.
pub async fn fail(scoped: &Scoped, id: ConnectionId, lease: Lease, failure: Failure) -> Result<bool> {
    scoped
        .write(move |tx| {
            Box::pin(async move {
                let lock = tx.engine().for_update_of("c");
                let old = connections::find(tx, id, &lock).await?;
                let failures = old.failures + 1;
                let reason = &failure.reason[..failure.reason.floor_char_boundary(MAX_REASON)];
                let next = (!failure.is_final).then(|| now() + oauth::backoff(failures));
                let sql = Sql::new(
                    "UPDATE oauth_connections SET status = CASE WHEN $4 THEN 'failed' ELSE status END, error = $5,
                       failures = $6, refresh_at = $7, lease_holder = NULL, lease_until = NULL
                     WHERE id = $1 AND version = $2 AND lease_holder = $3",
                )
                .bind(id)
                .bind(lease.version)
                .bind(lease.holder)
                .bind(failure.is_final)
                .bind(reason)
                .bind(failures)
                .bind(next);
                if tx.execute(sql).await? == 0 {
                    return Ok(false);
                }
                let (name, is_final) = (&old.integration_name, failure.is_final);
                events::renewal_failed(tx, id, name, reason, failures, is_final).await?;
                if failure.is_final || failures == 1 {
                    let event = Event::new("oauth_connection.refresh_failed")
                        .target("oauth_connection", id)
                        .outcome(crate::audit::Outcome::Failed)
                        .detail("integration", &old.integration_name)
                        .detail("reason", reason)
                        .detail("is_final", failure.is_final);
                    record(tx, event).await?;
                }
                Ok(true)
            })
        })
        .await
}

/// Puts off what is still due.
pub async fn postpone(scoped: &Scoped, id: ConnectionId, pause: TimeDelta) -> Result<()> {
    let sql = Sql::new("UPDATE oauth_connections SET refresh_at = $2 WHERE id = $1 AND refresh_at <= $3");
    let sql = sql.bind(id).bind(now() + pause).bind(now());
    scoped.write(move |tx| Box::pin(async move { tx.execute(sql).await })).await.map(drop)
}

/// Connections whose tokens are to be renewed at `time` and that nobody renews, the most urgent
/// first.
pub async fn due(db: &Db, time: DateTime<Utc>, limit: u32) -> Result<Vec<(Scope, ConnectionId)>> {
    let sql = Sql::new(
        "SELECT c.id, c.organization_id FROM oauth_connections c LEFT JOIN organizations o ON o.id = c.organization_id
         WHERE c.refresh_at <= $1 AND (c.lease_until IS NULL OR c.lease_until <= $1)
           AND (c.organization_id IS NULL OR (o.is_active AND NOT o.is_offboarding))
         ORDER BY c.refresh_at, c.id LIMIT $2",
    );
    let rows = db.system().read().await?.all(sql.bind(time).bind(limit)).await?;
    rows.iter()
        .map(|row| Ok((row.opt::<OrganizationId>("organization_id")?.into(), row.get("id")?)))
        .collect()
}
