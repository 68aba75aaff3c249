//! Settings and secrets by key: an organization's own, and global ones as a fallback.

use crate::audit::{Event, record};
use crate::secrets::{DataKey, Keyring};
use crate::{Row, Scoped, Sql, Tx, now};
use bifrost_core::{Error, OrganizationId, Result, Scope, UserId};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

/// Longest key, in bytes.
const MAX_KEY: usize = 255;

/// A setting.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// Its name within the scope.
    pub key: String,
    /// `None` for a secret in a list.
    pub value: Option<Value>,
    /// True when it is kept encrypted.
    pub is_secret: bool,
    /// For people.
    pub description: Option<String>,
    /// Whose it is; global where it is a fallback.
    pub scope: Scope,
    /// Last change.
    pub updated_at: DateTime<Utc>,
    /// Who changed it last.
    pub updated_by: Option<UserId>,
}

/// What to set.
#[derive(Clone, Debug)]
pub struct NewEntry {
    /// 1 to 255 bytes.
    pub key: String,
    /// Any JSON.
    pub value: Value,
    /// Keeps it encrypted.
    pub is_secret: bool,
    /// For people.
    pub description: Option<String>,
    /// Who changes it.
    pub updated_by: Option<UserId>,
}

const COLUMNS: &str =
    "c.key, c.value, c.is_secret, c.description, c.organization_id, c.updated_at, c.updated_by";

/// The value that the handle's scope sees: its own, else the global one. A global
/// secret is given only to the provider's code; others see no such key.
pub async fn get(scoped: &Scoped, keys: &Keyring, key: &str, provider_code: bool) -> Result<Option<Entry>> {
    let own = scoped.access().scope_id()?;
    // With a tenant's scope the database itself holds global secrets back.
    let reader = if provider_code { scoped.db().system() } else { scoped.clone() };
    let sql = Sql::new(format!(
        "SELECT {COLUMNS}, c.scope_id, c.ciphertext, c.key_version, d.wrapped
         FROM config c LEFT JOIN data_keys d ON d.scope_id = c.scope_id AND d.version = c.key_version
         WHERE c.key = $1 AND (c.scope_id = $2 OR (c.scope_id = $3 AND ($4 OR NOT c.is_secret)))
         ORDER BY c.scope_id DESC LIMIT 1"
    ))
    .bind(key)
    .bind(own)
    .bind(Uuid::nil())
    .bind(provider_code || own.is_nil());
    let Some(row) = reader.read().await?.optional(sql).await? else { return Ok(None) };
    let mut entry = read(&row)?;
    if entry.is_secret {
        let wrapped: Vec<u8> = row.get("wrapped")?;
        let data = keys.unwrap(row.get("scope_id")?, row.get("key_version")?, &wrapped)?;
        let plain = data.decrypt(key, &row.get::<Vec<u8>>("ciphertext")?)?;
        entry.value = Some(serde_json::from_slice(&plain).map_err(|e| Error::Internal(e.into()))?);
    }
    Ok(Some(entry))
}

/// What the handle's scope sees, by key, without the values of secrets. An own entry
/// hides the global one of the same key; global secrets are listed for the global
/// scope only.
pub async fn list(scoped: &Scoped) -> Result<Vec<Entry>> {
    let own = scoped.access().scope_id()?;
    let sql = Sql::new(format!(
        "SELECT {COLUMNS} FROM config c
         WHERE c.scope_id = $1 OR (c.scope_id = $2 AND NOT c.is_secret AND NOT EXISTS
           (SELECT 1 FROM config o WHERE o.scope_id = $1 AND o.key = c.key))
         ORDER BY c.key"
    ));
    scoped.read().await?.all(sql.bind(own).bind(Uuid::nil())).await?.iter().map(read).collect()
}

/// Sets a key in the handle's own scope.
pub async fn set(scoped: &Scoped, keys: &Keyring, new: NewEntry) -> Result<()> {
    if new.key.is_empty() || new.key.len() > MAX_KEY || new.key.chars().any(char::is_control) {
        return Err(Error::invalid(
            "key",
            format!("expected 1 to {MAX_KEY} bytes without control characters"),
        ));
    }
    scoped.access().scope_id()?;
    let keys = keys.clone();
    scoped.write(move |tx| Box::pin(async move { set_in(tx, &keys, new).await })).await
}

async fn set_in(tx: &mut Tx, keys: &Keyring, new: NewEntry) -> Result<()> {
    let old = own(tx, &new.key).await?;
    let (mut value, mut ciphertext, mut version) = (Some(&new.value), None, None);
    if new.is_secret {
        let data = data_key(tx, keys).await?;
        let plain =
            zeroize::Zeroizing::new(serde_json::to_vec(&new.value).map_err(|e| Error::Internal(e.into()))?);
        ciphertext = Some(data.encrypt(&new.key, &plain)?);
        version = Some(data.version);
        value = None;
    }
    let sql = Sql::new(
        "INSERT INTO config (organization_id, key, is_secret, value, ciphertext, key_version, description, updated_at, updated_by)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
         ON CONFLICT (scope_id, key) DO UPDATE SET is_secret = excluded.is_secret, value = excluded.value,
           ciphertext = excluded.ciphertext, key_version = excluded.key_version, description = excluded.description,
           updated_at = excluded.updated_at, updated_by = excluded.updated_by",
    )
    .bind(tx.access().organization())
    .bind(new.key.as_str())
    .bind(new.is_secret)
    .bind(value)
    .bind(ciphertext)
    .bind(version)
    .bind(new.description)
    .bind(now())
    .bind(new.updated_by);
    tx.execute(sql).await?;
    let event = Event::new("config.set").target("config", &new.key).detail("is_secret", new.is_secret);
    let was_secret = old.as_ref().is_some_and(|old| old.is_secret);
    let event = if new.is_secret || was_secret {
        event.masked("value")
    } else {
        event.change("value", &old.and_then(|old| old.value), &Some(new.value))
    };
    record(tx, event).await
}

/// The transaction's own entry, without a secret's value.
async fn own(tx: &mut Tx, key: &str) -> Result<Option<Entry>> {
    let sql = Sql::new(format!("SELECT {COLUMNS} FROM config c WHERE c.scope_id = $1 AND c.key = $2"));
    let sql = sql.bind(tx.access().scope_id()?).bind(key);
    tx.optional(sql).await?.as_ref().map(read).transpose()
}

/// The scope's latest data key, made at first use.
pub(crate) async fn data_key(tx: &mut Tx, keys: &Keyring) -> Result<DataKey> {
    let scope = tx.access().scope_id()?;
    let latest =
        Sql::new("SELECT version, wrapped FROM data_keys WHERE scope_id = $1 ORDER BY version DESC LIMIT 1")
            .bind(scope);
    if tx.optional(latest.clone()).await?.is_none() {
        let (_, wrapped) = keys.new_data_key(scope, 1)?;
        let sql = Sql::new(
            "INSERT INTO data_keys (organization_id, version, wrapped, created_at) VALUES ($1, 1, $2, $3)
             ON CONFLICT (scope_id, version) DO NOTHING",
        );
        let organization = tx.access().organization();
        tx.execute(sql.bind(organization).bind(wrapped).bind(now())).await?;
    }
    // Read again: another transaction may have been first.
    let row = tx.one(latest).await?;
    keys.unwrap(scope, row.get("version")?, &row.get::<Vec<u8>>("wrapped")?)
}

/// Deletes a key of the handle's own scope; true when there was one.
pub async fn delete(scoped: &Scoped, key: &str) -> Result<bool> {
    let (scope, key) = (scoped.access().scope_id()?, key.to_owned());
    scoped
        .write(move |tx| {
            Box::pin(async move {
                let Some(old) = own(tx, &key).await? else { return Ok(false) };
                let sql = Sql::new("DELETE FROM config WHERE scope_id = $1 AND key = $2");
                tx.execute(sql.bind(scope).bind(key.as_str())).await?;
                let event =
                    Event::new("config.delete").target("config", key).detail("is_secret", old.is_secret);
                record(tx, event.maybe("value", old.value)).await?;
                Ok(true)
            })
        })
        .await
}

fn read(row: &Row) -> Result<Entry> {
    Ok(Entry {
        key: row.get("key")?,
        value: row.opt_document("value")?,
        is_secret: row.get("is_secret")?,
        description: row.opt("description")?,
        scope: row.opt::<OrganizationId>("organization_id")?.into(),
        updated_at: row.get("updated_at")?,
        updated_by: row.opt("updated_by")?,
    })
}
