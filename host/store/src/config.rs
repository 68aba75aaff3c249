//! Settings and secrets by key: an organization's own, and global ones as a fallback.

use crate::audit::{Event, record};
use crate::keyring::Keyring;
use crate::secrets::{self, CONFIG, DataKey, WRAPS};
use crate::{Access, Db, Row, Scoped, Sql, Tx, now};
use bifrost_core::{ConfigType, Error, OrganizationId, Result, Scope, UserId};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;
use zeroize::Zeroizing;

/// Longest key, in bytes.
const MAX_KEY: usize = 255;
/// Largest secret as JSON, in bytes; a chain of certificates and its key fit.
const MAX_SECRET: usize = 64 << 10;

/// A setting.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// Its name within the scope.
    pub key: String,
    /// `None` for a secret in a list.
    pub value: Option<Value>,
    /// What it is.
    pub kind: ConfigType,
    /// True for a global secret that organizations' own workspaces may read: the handle's
    /// organization, or for the global scope any.
    pub shared: bool,
    /// True for an own value that hides a global one, which is in force again once this one
    /// is deleted. A global secret counts only for those with whom it is shared.
    pub overrides: bool,
    /// For people.
    pub description: Option<String>,
    /// Whose it is; global where it is a fallback.
    pub scope: Scope,
    /// Last change.
    pub updated_at: DateTime<Utc>,
    /// Who changed it last.
    pub updated_by: Option<UserId>,
}

impl Entry {
    /// True when it is kept encrypted.
    pub fn is_secret(&self) -> bool {
        self.kind == ConfigType::Secret
    }
}

/// What to set.
#[derive(Clone, Debug)]
pub struct NewEntry {
    /// 1 to 255 bytes.
    pub key: String,
    /// Must be of the type.
    pub value: Value,
    /// `None`: as it was where the value still fits, and a secret stays one; else the
    /// narrowest type of the value.
    pub kind: Option<ConfigType>,
    /// For people.
    pub description: Option<String>,
    /// Who changes it.
    pub updated_by: Option<UserId>,
}

/// `$1` is the handle's own scope, `$2` the global one.
const COLUMNS: &str = "c.key, c.value, c.type, c.description, c.organization_id, c.updated_at, c.updated_by,
    (c.is_secret AND c.scope_id = $2 AND EXISTS (SELECT 1 FROM config_shares s
       WHERE s.key = c.key AND (s.organization_id = $1 OR $1 = $2))) AS shared,
    (c.scope_id <> $2 AND EXISTS (SELECT 1 FROM config g WHERE g.scope_id = $2 AND g.key = c.key
       AND (NOT g.is_secret OR EXISTS (SELECT 1 FROM config_shares s
         WHERE s.key = g.key AND s.organization_id = $1)))) AS overrides";

/// What an organization sees of the global scope.
const VISIBLE: &str = "(NOT c.is_secret OR EXISTS (SELECT 1 FROM config_shares s
    WHERE s.key = c.key AND s.organization_id = $1))";

/// The value that the handle's scope sees: its own, else the global one. A global secret
/// is given to the provider's code, and to an organization's own where it was shared with
/// it; others see no such key.
pub async fn get(scoped: &Scoped, keys: &Keyring, key: &str, provider_code: bool) -> Result<Option<Entry>> {
    match find(scoped, keys, key).await? {
        // With a tenant's scope the database itself holds global secrets back.
        None if provider_code && scoped.access() != Access::Global => {
            find(&scoped.db().scope(Scope::Global), keys, key).await
        }
        found => Ok(found),
    }
}

async fn find(scoped: &Scoped, keys: &Keyring, key: &str) -> Result<Option<Entry>> {
    let sql = Sql::new(format!(
        "SELECT {COLUMNS}, c.scope_id, c.ciphertext, c.key_version, {WRAPS}
         FROM config c LEFT JOIN data_keys d ON d.scope_id = c.scope_id AND d.version = c.key_version
         WHERE c.key = $3 AND (c.scope_id = $1 OR (c.scope_id = $2 AND {VISIBLE}))
         ORDER BY c.scope_id DESC LIMIT 1"
    ))
    .bind(scoped.access().scope_id()?)
    .bind(Uuid::nil())
    .bind(key);
    let Some(row) = scoped.read().await?.optional(sql).await? else { return Ok(None) };
    let mut entry = read(&row)?;
    if entry.is_secret() {
        let wraps = secrets::wraps(&row)?;
        let data = DataKey::read(keys, row.get("scope_id")?, row.get("key_version")?, &wraps)?;
        let plain = data.decrypt(&CONFIG, key, &row.get::<Vec<u8>>("ciphertext")?)?;
        entry.value = Some(serde_json::from_slice(&plain).map_err(|e| Error::Internal(e.into()))?);
    }
    Ok(Some(entry))
}

/// True when there is a global secret of this name, which only the provider's code gets.
pub async fn is_withheld(db: &Db, key: &str) -> Result<bool> {
    let sql = Sql::new("SELECT key FROM config WHERE scope_id = $1 AND key = $2 AND is_secret");
    Ok(db.scope(Scope::Global).read().await?.optional(sql.bind(Uuid::nil()).bind(key)).await?.is_some())
}

/// What the handle's scope sees, by key, without the values of secrets. An own entry
/// hides the global one of the same key; global secrets are listed for the global scope,
/// and for those with whom they are shared.
pub async fn list(scoped: &Scoped) -> Result<Vec<Entry>> {
    let sql = Sql::new(format!(
        "SELECT {COLUMNS} FROM config c
         WHERE c.scope_id = $1 OR (c.scope_id = $2 AND {VISIBLE} AND NOT EXISTS
           (SELECT 1 FROM config o WHERE o.scope_id = $1 AND o.key = c.key))
         ORDER BY c.key"
    ));
    let sql = sql.bind(scoped.access().scope_id()?).bind(Uuid::nil());
    scoped.read().await?.all(sql).await?.iter().map(read).collect()
}

/// Sets a key in the handle's own scope; answers its type.
pub async fn set(scoped: &Scoped, keys: &Keyring, new: NewEntry) -> Result<ConfigType> {
    let keys = keys.clone();
    scoped.write(move |tx| Box::pin(async move { set_in(tx, &keys, new).await })).await
}

/// As [`set`], within a transaction.
pub async fn set_in(tx: &mut Tx, keys: &Keyring, new: NewEntry) -> Result<ConfigType> {
    if new.key.is_empty() || new.key.len() > MAX_KEY || new.key.chars().any(char::is_control) {
        return Err(Error::invalid(
            "key",
            format!("expected 1 to {MAX_KEY} bytes without control characters"),
        ));
    }
    let old = own(tx, &new.key).await?;
    let before = old.as_ref().map(|old| old.kind);
    let kind = new.kind.or(before.filter(|kind| kind.accepts(&new.value)));
    let kind = kind.unwrap_or_else(|| ConfigType::of(&new.value));
    kind.check(&new.value)?;
    let is_secret = kind == ConfigType::Secret;
    let (mut value, mut ciphertext, mut version) = (Some(&new.value), None, None);
    if is_secret {
        let plain = serde_json::to_vec(&new.value).map_err(|e| Error::Internal(e.into()))?;
        let plain = Zeroizing::new(plain);
        if plain.len() > MAX_SECRET {
            return Err(Error::invalid("value", format!("a secret has at most {MAX_SECRET} bytes")));
        }
        let data = secrets::latest(tx, keys).await?;
        ciphertext = Some(data.encrypt(&CONFIG, &new.key, &plain)?);
        version = Some(data.version);
        value = None;
    }
    let sql = Sql::new(
        "INSERT INTO config (organization_id, key, type, is_secret, value, ciphertext, key_version, description, updated_at, updated_by)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
         ON CONFLICT (scope_id, key) DO UPDATE SET type = excluded.type, is_secret = excluded.is_secret,
           value = excluded.value, ciphertext = excluded.ciphertext, key_version = excluded.key_version,
           description = excluded.description, updated_at = excluded.updated_at, updated_by = excluded.updated_by",
    )
    .bind(tx.access().organization())
    .bind(new.key.as_str())
    .bind(kind.as_str())
    .bind(is_secret)
    .bind(value)
    .bind(ciphertext)
    .bind(version)
    .bind(new.description)
    .bind(now())
    .bind(new.updated_by);
    tx.execute(sql).await?;
    if !is_secret {
        forget_shares(tx, &new.key).await?;
    }
    let event = Event::new("config.set").target("config", &new.key).change("type", &before, &Some(kind));
    let event = if is_secret || before == Some(ConfigType::Secret) {
        event.masked("value")
    } else {
        event.change("value", &old.and_then(|old| old.value), &Some(new.value))
    };
    record(tx, event).await?;
    Ok(kind)
}

/// Deletes a key of the handle's own scope; true when there was one.
pub async fn delete(scoped: &Scoped, key: &str) -> Result<bool> {
    let key = key.to_owned();
    scoped.write(move |tx| Box::pin(async move { delete_in(tx, &key).await })).await
}

/// As [`delete`], within a transaction.
pub async fn delete_in(tx: &mut Tx, key: &str) -> Result<bool> {
    let Some(old) = own(tx, key).await? else { return Ok(false) };
    let sql = Sql::new("DELETE FROM config WHERE scope_id = $1 AND key = $2");
    tx.execute(sql.bind(tx.access().scope_id()?).bind(key)).await?;
    forget_shares(tx, key).await?;
    let event = Event::new("config.delete").target("config", key).detail("type", old.kind);
    record(tx, event.maybe("value", old.value)).await?;
    Ok(true)
}

/// The transaction's own entry, without a secret's value.
async fn own(tx: &mut Tx, key: &str) -> Result<Option<Entry>> {
    let sql = Sql::new(format!("SELECT {COLUMNS} FROM config c WHERE c.scope_id = $1 AND c.key = $3"));
    let sql = sql.bind(tx.access().scope_id()?).bind(Uuid::nil()).bind(key);
    tx.optional(sql).await?.as_ref().map(read).transpose()
}

/// A secret of the same name that is made later is another one.
async fn forget_shares(tx: &mut Tx, key: &str) -> Result<()> {
    if tx.access() == Access::Global {
        tx.execute(Sql::new("DELETE FROM config_shares WHERE key = $1").bind(key)).await?;
    }
    Ok(())
}

fn read(row: &Row) -> Result<Entry> {
    Ok(Entry {
        key: row.get("key")?,
        value: row.opt_document("value")?,
        kind: row.parse("type")?,
        shared: row.get("shared")?,
        overrides: row.get("overrides")?,
        description: row.opt("description")?,
        scope: row.opt::<OrganizationId>("organization_id")?.into(),
        updated_at: row.get("updated_at")?,
        updated_by: row.opt("updated_by")?,
    })
}
