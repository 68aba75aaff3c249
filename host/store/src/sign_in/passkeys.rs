//! Passkeys: public keys of authenticators, by which a person signs in without a password.

use super::sessions;
use crate::audit::{Event, record};
use crate::{Db, Row, Scoped, Sql, Tx, now};
use bifrost_core::{Error, OrganizationId, PasskeyId, Result, SessionId, UserId};
use chrono::{DateTime, Utc};

/// A passkey as it is kept.
#[derive(Clone, Debug)]
pub struct Passkey {
    /// Its id.
    pub id: PasskeyId,
    /// Whose it is.
    pub user: UserId,
    /// The user's organization.
    pub organization: OrganizationId,
    /// For people.
    pub name: String,
    /// Public key, counter and flags, as the library serializes them.
    pub credential: serde_json::Value,
    /// When it was added.
    pub created_at: DateTime<Utc>,
    /// When somebody last signed in with it.
    pub last_used_at: Option<DateTime<Utc>>,
}

const COLUMNS: &str =
    "p.id, p.user_id, p.organization_id, p.name, p.credential, p.created_at, p.last_used_at";

/// Adds a passkey in a session, which counts as begun with it; `Conflict already_exists` when
/// somebody has the credential already.
pub async fn add(
    org: &Scoped,
    new: Passkey,
    credential_id: Vec<u8>,
    session: Option<SessionId>,
) -> Result<()> {
    let event = Event::new("passkey.add")
        .target("user", new.user)
        .detail("passkey", new.id)
        .detail("name", &new.name);
    let sql = Sql::new(
        "INSERT INTO passkeys (id, user_id, organization_id, credential_id, name, credential, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
    )
    .bind(new.id)
    .bind(new.user)
    .bind(new.organization)
    .bind(credential_id)
    .bind(new.name)
    .bind(new.credential)
    .bind(new.created_at);
    org.write(move |tx| {
        Box::pin(async move {
            tx.execute(sql).await?;
            if let Some(session) = session {
                sessions::strengthen_in(tx, session).await?;
            }
            record(tx, event).await
        })
    })
    .await
}

/// A user's passkeys, oldest first.
pub async fn list(org: &Scoped, user: UserId) -> Result<Vec<Passkey>> {
    let sql = Sql::new(format!(
        "SELECT {COLUMNS} FROM passkeys p WHERE p.user_id = $1 AND p.organization_id = $2 ORDER BY p.id"
    ));
    let sql = sql.bind(user).bind(org.organization()?);
    org.read().await?.all(sql).await?.iter().map(read).collect()
}

/// The passkey of a credential and a user handle, where both are active.
pub async fn find(db: &Db, credential_id: Vec<u8>, user: UserId) -> Result<Option<Passkey>> {
    let sql = Sql::new(format!(
        "SELECT {COLUMNS} FROM passkeys p JOIN users u ON u.id = p.user_id
         JOIN organizations o ON o.id = p.organization_id
         WHERE p.credential_id = $1 AND p.user_id = $2 AND u.is_active AND o.is_active"
    ));
    let sql = sql.bind(credential_id).bind(user);
    db.system().read().await?.optional(sql).await?.as_ref().map(read).transpose()
}

/// Notes a use, with the new counter.
pub async fn used(org: &Scoped, id: PasskeyId, credential: serde_json::Value) -> Result<()> {
    let sql = Sql::new("UPDATE passkeys SET credential = $2, last_used_at = $3 WHERE id = $1");
    let sql = sql.bind(id).bind(credential).bind(now());
    org.write(move |tx| Box::pin(async move { tx.execute(sql).await })).await.map(drop)
}

/// Takes a passkey away; `NotFound` when it is not the user's.
pub async fn remove(org: &Scoped, user: UserId, id: PasskeyId) -> Result<()> {
    org.write(move |tx| {
        Box::pin(async move {
            let sql = Sql::new("DELETE FROM passkeys WHERE id = $1 AND user_id = $2 RETURNING name");
            let row = tx.optional(sql.bind(id).bind(user)).await?.ok_or(Error::NotFound("passkey"))?;
            let event = Event::new("passkey.remove").target("user", user).detail("passkey", id);
            record(tx, event.detail("name", row.get::<String>("name")?)).await
        })
    })
    .await
}

/// Takes all passkeys of a user away; whether there were any.
pub(crate) async fn remove_all_in(tx: &mut Tx, user: UserId) -> Result<bool> {
    Ok(tx.execute(Sql::new("DELETE FROM passkeys WHERE user_id = $1").bind(user)).await? > 0)
}

fn read(row: &Row) -> Result<Passkey> {
    Ok(Passkey {
        id: row.get("id")?,
        user: row.get("user_id")?,
        organization: row.get("organization_id")?,
        name: row.get("name")?,
        credential: row.document("credential")?,
        created_at: row.get("created_at")?,
        last_used_at: row.opt("last_used_at")?,
    })
}
