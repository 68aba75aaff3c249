//! With which organizations the provider shares its global secrets. Their own workspaces
//! can then read them; the provider's code can anyway.

use crate::audit::{Event, record};
use crate::{Db, Sql, Tx, now};
use bifrost_core::{Error, OrganizationId, Result, Scope, UserId};
use chrono::{DateTime, Utc};

/// One organization that was given a secret.
#[derive(Clone, Debug, PartialEq)]
pub struct Share {
    /// The organization.
    pub organization_id: OrganizationId,
    /// Since when.
    pub shared_at: DateTime<Utc>,
    /// By whom.
    pub shared_by: UserId,
}

/// With whom a global secret is shared, the oldest first.
///
/// # Errors
/// `NotFound` when there is no such global secret.
pub async fn list(db: &Db, key: &str) -> Result<Vec<Share>> {
    let mut tx = db.scope(Scope::Global).read().await?;
    secret(&mut tx, key).await?;
    let sql = Sql::new(
        "SELECT organization_id, shared_at, shared_by FROM config_shares WHERE key = $1
         ORDER BY shared_at, organization_id",
    );
    let rows = tx.all(sql.bind(key)).await?;
    let read = |row: &crate::Row| {
        Ok(Share {
            organization_id: row.get("organization_id")?,
            shared_at: row.get("shared_at")?,
            shared_by: row.get("shared_by")?,
        })
    };
    rows.iter().map(read).collect()
}

/// Shares a global secret with an organization that exists; true when it was not before.
/// For transactions of the global scope.
///
/// # Errors
/// `NotFound` when there is no such global key, `Invalid` when it is no secret.
pub async fn add_in(tx: &mut Tx, key: &str, organization: OrganizationId, by: UserId) -> Result<bool> {
    secret(tx, key).await?;
    let sql = Sql::new(
        "INSERT INTO config_shares (key, organization_id, shared_at, shared_by) VALUES ($1, $2, $3, $4)
         ON CONFLICT (key, organization_id) DO NOTHING",
    );
    let is_new = tx.execute(sql.bind(key).bind(organization).bind(now()).bind(by)).await? == 1;
    record(tx, Event::new("config.share").target("config", key).detail("with", organization)).await?;
    Ok(is_new)
}

/// Takes a secret back; true when it was shared. Runs that have read it keep it.
pub async fn remove_in(tx: &mut Tx, key: &str, organization: OrganizationId) -> Result<bool> {
    let sql = Sql::new("DELETE FROM config_shares WHERE key = $1 AND organization_id = $2");
    let was_shared = tx.execute(sql.bind(key).bind(organization)).await? == 1;
    if was_shared {
        record(tx, Event::new("config.unshare").target("config", key).detail("with", organization)).await?;
    }
    Ok(was_shared)
}

async fn secret(tx: &mut Tx, key: &str) -> Result<()> {
    let sql = Sql::new("SELECT is_secret FROM config WHERE scope_id = $1 AND key = $2");
    let row = tx.optional(sql.bind(uuid::Uuid::nil()).bind(key)).await?;
    if row.ok_or(Error::NotFound("config key"))?.get("is_secret")? {
        return Ok(());
    }
    Err(Error::invalid("key", "it is no secret: every organization sees its value already"))
}
