//! Changing keys while everything runs. Data keys are wrapped by a new master key beside
//! the old one; values are encrypted anew with new data keys. Every step is one small
//! transaction and can be repeated, so whatever ends a rotation, the next call goes on.

use crate::audit::{Event, note};
use crate::keyring::Keyring;
use crate::secrets::{self, DataKey, SEALED, Sealed, WRAPS};
use crate::{Access, Db, Scoped, Sql, Tx, now, organizations};
use bifrost_core::{Error, Result};
use chrono::{DateTime, Utc};
use serde::Serialize;
use std::collections::BTreeMap;
use uuid::Uuid;

/// Values that are encrypted anew in one transaction.
const BATCH: i64 = 100;
/// How often the values of a scope are gone through: others may still write with the key
/// of before.
const PASSES: usize = 20;

/// How far a rotation is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Organizations (and the global scope) that are done.
    pub scopes: usize,
    /// Of how many.
    pub of: usize,
    /// Data keys that were wrapped, made or given up a master key.
    pub data_keys: u64,
    /// Values that were encrypted anew.
    pub values: u64,
}

/// What one master key is needed for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Use {
    /// True when this process has it.
    pub is_known: bool,
    /// Data keys that it can read.
    pub data_keys: usize,
    /// Data keys that no other master key can read.
    pub alone: usize,
}

/// Where things stand.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Status {
    /// By the id of the master key. Data keys of before there were ids are under `unknown`.
    pub master_keys: BTreeMap<String, Use>,
    /// Data keys of all scopes and versions.
    pub data_keys: usize,
    /// Encrypted values.
    pub values: i64,
    /// Those of them that are not encrypted with the latest data key of their scope.
    pub outdated: i64,
    /// When the rotation of data keys began that has not ended.
    pub under_way_since: Option<DateTime<Utc>>,
    /// When the last one ended.
    pub data_keys_renewed_at: Option<DateTime<Utc>>,
}

/// One version of one scope's data key, as the database has it.
struct Kept {
    version: i64,
    wraps: crate::keyring::Wraps,
}

/// The tables whose values are encrypted anew, by name.
pub fn tables() -> Vec<&'static str> {
    let mut names: Vec<_> = SEALED.iter().map(|place| place.table).collect();
    names.sort_unstable();
    names
}

/// Every scope that may have secrets; each is then looked at with its own rights.
async fn scopes(db: &Db) -> Result<Vec<Scoped>> {
    let organizations = organizations::list(db).await?;
    let own = organizations.into_iter().map(|one| db.org(one.id));
    Ok(std::iter::once(db.with(Access::Global)).chain(own).collect())
}

async fn kept(tx: &mut Tx) -> Result<Vec<Kept>> {
    let sql = Sql::new(format!(
        "SELECT d.version, {WRAPS} FROM data_keys d WHERE d.scope_id = $1 ORDER BY d.version{}",
        tx.engine().for_update()
    ));
    let rows = tx.all(sql.bind(tx.access().scope_id()?)).await?;
    rows.iter().map(|row| Ok(Kept { version: row.get("version")?, wraps: secrets::wraps(row)? })).collect()
}

/// Tells where things stand.
pub async fn status(db: &Db, keys: &Keyring) -> Result<Status> {
    let mut status = Status::default();
    for id in keys.ids() {
        status.master_keys.insert(id.to_owned(), Use { is_known: true, ..Use::default() });
    }
    for scoped in scopes(db).await? {
        let mut tx = scoped.read().await?;
        let scope = scoped.access().scope_id()?;
        let sql = Sql::new(format!("SELECT {WRAPS} FROM data_keys d WHERE d.scope_id = $1")).bind(scope);
        for row in tx.all(sql).await? {
            let wraps = secrets::wraps(&row)?;
            let first = wraps.first.1.unwrap_or_else(|| "unknown".to_owned());
            let ids: Vec<_> = std::iter::once(first).chain(wraps.next.map(|(_, id)| id)).collect();
            for id in &ids {
                let one = status.master_keys.entry(id.clone()).or_default();
                one.data_keys += 1;
                one.alone += usize::from(ids.len() == 1);
            }
            status.data_keys += 1;
        }
        for place in SEALED {
            let (table, version) = (place.table, place.version);
            let sql = Sql::new(format!(
                "SELECT COUNT(*) AS n, COUNT(CASE WHEN v.{version} <
                   (SELECT MAX(d.version) FROM data_keys d WHERE d.scope_id = $1) THEN 1 END) AS outdated
                 FROM {table} v WHERE v.scope_id = $1 AND v.{version} IS NOT NULL"
            ));
            let row = tx.one(sql.bind(scope)).await?;
            status.values += row.get::<i64>("n")?;
            status.outdated += row.get::<i64>("outdated")?;
        }
    }
    let mut tx = db.system().read().await?;
    let sql = "SELECT started_at, finished_at FROM key_rotations ORDER BY started_at DESC LIMIT 2";
    for row in tx.all(Sql::new(sql)).await? {
        match row.opt("finished_at")? {
            Some(finished) => status.data_keys_renewed_at = status.data_keys_renewed_at.or(Some(finished)),
            None => status.under_way_since = Some(row.get("started_at")?),
        }
    }
    Ok(status)
}

/// Wraps every data key by the first master key too. Processes that have only the one of
/// before read them as ever.
///
/// # Errors
/// When this process lacks the master key of one of them.
pub async fn wrap(db: &Db, keys: &Keyring, progress: &mut dyn FnMut(Progress)) -> Result<Progress> {
    let done = each_scope(db, progress, async |scoped| {
        let keys = keys.clone();
        let wrapped = scoped.write(move |tx| Box::pin(async move { wrap_in(tx, &keys).await })).await?;
        Ok((wrapped, 0))
    });
    tell(db, keys, "secrets.wrap", done.await?).await
}

async fn wrap_in(tx: &mut Tx, keys: &Keyring) -> Result<u64> {
    let scope = tx.access().scope_id()?;
    let mut wrapped = 0;
    for kept in kept(tx).await? {
        if kept.wraps.has(keys.first_id()) {
            continue;
        }
        let (next, id) = newest(&DataKey::read(keys, scope, kept.version, &kept.wraps)?, keys)?;
        let sql = Sql::new(
            "UPDATE data_keys SET next_wrapped = $3, next_key_id = $4 WHERE scope_id = $1 AND version = $2",
        );
        wrapped += tx.execute(sql.bind(scope).bind(kept.version).bind(next).bind(id)).await?;
    }
    Ok(wrapped)
}

/// The data key wrapped by the first master key alone.
fn newest(data: &DataKey, keys: &Keyring) -> Result<(Vec<u8>, String)> {
    let wraps = data.wrap(keys)?;
    Ok(match wraps.next {
        Some(next) => next,
        None => (wraps.first.0, keys.first_id().to_owned()),
    })
}

/// Gives up every master key but the first one. Processes that do not have it cannot read
/// secrets any more.
///
/// # Errors
/// As [`wrap`].
pub async fn finish(db: &Db, keys: &Keyring, progress: &mut dyn FnMut(Progress)) -> Result<Progress> {
    let done = each_scope(db, progress, async |scoped| {
        let keys = keys.clone();
        let changed = scoped.write(move |tx| Box::pin(async move { finish_in(tx, &keys).await })).await?;
        Ok((changed, 0))
    });
    tell(db, keys, "secrets.finish", done.await?).await
}

async fn finish_in(tx: &mut Tx, keys: &Keyring) -> Result<u64> {
    let scope = tx.access().scope_id()?;
    let mut changed = 0;
    for kept in kept(tx).await? {
        let first = keys.first_id();
        if kept.wraps.first.1.as_deref() == Some(first) && kept.wraps.next.is_none() {
            continue;
        }
        // Read and wrapped again: what replaces all others is known to work.
        let (wrapped, id) = newest(&DataKey::read(keys, scope, kept.version, &kept.wraps)?, keys)?;
        let sql = Sql::new(
            "UPDATE data_keys SET wrapped = $3, key_id = $4, next_wrapped = NULL, next_key_id = NULL
             WHERE scope_id = $1 AND version = $2",
        );
        changed += tx.execute(sql.bind(scope).bind(kept.version).bind(wrapped).bind(id)).await?;
    }
    Ok(changed)
}

/// Makes a new data key for every scope that has one, and encrypts all values anew. When
/// an earlier call did not come to its end, this one goes on with it.
///
/// # Errors
/// As [`wrap`]; and when values are written with a data key of before all the time.
pub async fn renew(db: &Db, keys: &Keyring, progress: &mut dyn FnMut(Progress)) -> Result<Progress> {
    let began = begin(db).await?;
    let done = each_scope(db, progress, async |scoped| renew_scope(scoped, keys, began).await).await?;
    let sql = Sql::new("UPDATE key_rotations SET finished_at = $1 WHERE finished_at IS NULL").bind(now());
    db.system().write(move |tx| Box::pin(async move { tx.execute(sql).await })).await?;
    tell(db, keys, "secrets.renew_data_keys", done).await
}

/// When the rotation that is under way began; one begins where there is none.
async fn begin(db: &Db) -> Result<DateTime<Utc>> {
    let insert = Sql::new(
        "INSERT INTO key_rotations (id, started_at) SELECT $1, $2
         WHERE NOT EXISTS (SELECT 1 FROM key_rotations WHERE finished_at IS NULL)",
    );
    let insert = insert.bind(Uuid::now_v7()).bind(now());
    let open = Sql::new("SELECT MIN(started_at) AS began FROM key_rotations WHERE finished_at IS NULL");
    db.system()
        .write(move |tx| {
            Box::pin(async move {
                tx.execute(insert).await?;
                tx.one(open).await?.get("began")
            })
        })
        .await
}

async fn renew_scope(scoped: &Scoped, keys: &Keyring, began: DateTime<Utc>) -> Result<(u64, u64)> {
    let ring = keys.clone();
    let made = scoped.write(move |tx| Box::pin(async move { make_version(tx, &ring, began).await })).await?;
    let mut values = 0;
    for _ in 0..PASSES {
        for place in SEALED {
            loop {
                let ring = keys.clone();
                let unit = scoped.write(move |tx| Box::pin(async move { reseal(tx, &ring, place).await }));
                match unit.await? {
                    0 => break,
                    some => values += some,
                }
            }
        }
        match scoped.write(|tx| Box::pin(async move { forget_versions(tx).await })).await {
            Ok(0) => return Ok((made, values)),
            // Somebody still wrote with an old key.
            Ok(_) | Err(Error::Internal(_) | Error::Conflict { .. }) => {}
            Err(error) => return Err(error),
        }
    }
    Err(Error::Busy("secrets: they are written with an old data key all the time"))
}

/// A new version unless the scope has none at all, or one of this rotation.
async fn make_version(tx: &mut Tx, keys: &Keyring, began: DateTime<Utc>) -> Result<u64> {
    let scope = tx.access().scope_id()?;
    let sql = Sql::new(format!(
        "SELECT d.version, d.created_at, {WRAPS} FROM data_keys d WHERE d.scope_id = $1 ORDER BY d.version DESC LIMIT 1"
    ));
    let Some(row) = tx.optional(sql.bind(scope)).await? else { return Ok(0) };
    let version: i64 = row.get("version")?;
    // Whoever cannot read the key of before must not make one that the others cannot read.
    DataKey::read(keys, scope, version, &secrets::wraps(&row)?)?;
    if row.get::<DateTime<Utc>>("created_at")? >= began {
        return Ok(0);
    }
    let next = DataKey::generate(keys, scope, version + 1)?;
    secrets::insert(tx, &next).await?;
    Ok(1)
}

/// Encrypts some values of a table anew; tells how many.
async fn reseal(tx: &mut Tx, keys: &Keyring, place: &'static Sealed) -> Result<u64> {
    let scope = tx.access().scope_id()?;
    let Sealed { table, name, ciphertext, version, .. } = place;
    let outdated = Sql::new(format!(
        "SELECT v.{name} AS name, v.{ciphertext} AS ciphertext, d.version AS version, {WRAPS}
         FROM {table} v JOIN data_keys d ON d.scope_id = v.scope_id AND d.version = v.{version}
         WHERE v.scope_id = $1 AND v.{version} < (SELECT MAX(l.version) FROM data_keys l WHERE l.scope_id = $1)
         ORDER BY v.{name} LIMIT $2{}",
        tx.engine().for_update_of("v")
    ));
    let rows = tx.all(outdated.bind(scope).bind(BATCH)).await?;
    if rows.is_empty() {
        return Ok(0);
    }
    let latest = secrets::latest(tx, keys).await?;
    let mut read: BTreeMap<i64, DataKey> = BTreeMap::new();
    for row in &rows {
        let before = match read.entry(row.get("version")?) {
            std::collections::btree_map::Entry::Occupied(known) => known.into_mut(),
            std::collections::btree_map::Entry::Vacant(place) => {
                place.insert(DataKey::read(keys, scope, row.get("version")?, &secrets::wraps(row)?)?)
            }
        };
        let named: String = row.get("name")?;
        let plain = before.decrypt(place, &named, &row.get::<Vec<u8>>("ciphertext")?)?;
        let sql = Sql::new(format!(
            "UPDATE {table} SET {ciphertext} = $3, {version} = $4 WHERE scope_id = $1 AND {name} = $2"
        ));
        let sealed = latest.encrypt(place, &named, &plain)?;
        tx.execute(sql.bind(scope).bind(named).bind(sealed).bind(latest.version)).await?;
    }
    Ok(rows.len() as u64)
}

/// Deletes data keys that encrypt nothing any more; tells how many of before are left.
async fn forget_versions(tx: &mut Tx) -> Result<i64> {
    let scope = tx.access().scope_id()?;
    let old = "scope_id = $1 AND version < (SELECT MAX(l.version) FROM data_keys l WHERE l.scope_id = $1)";
    let unused = SEALED.iter().map(|place| {
        let Sealed { table, version, .. } = place;
        format!(" AND NOT EXISTS (SELECT 1 FROM {table} v WHERE v.scope_id = $1 AND v.{version} = data_keys.version)")
    });
    let unused: String = unused.collect();
    tx.execute(Sql::new(format!("DELETE FROM data_keys WHERE {old}{unused}")).bind(scope)).await?;
    let left = Sql::new(format!("SELECT COUNT(*) AS n FROM data_keys WHERE {old}")).bind(scope);
    tx.one(left).await?.get("n")
}

/// Notes in the provider's log what was done.
async fn tell(db: &Db, keys: &Keyring, action: &'static str, done: Progress) -> Result<Progress> {
    let event = Event::new(action).target("master_key", keys.first_id());
    note(db, event.detail("data_keys", done.data_keys).detail("values", done.values)).await?;
    Ok(done)
}

async fn each_scope(
    db: &Db,
    progress: &mut dyn FnMut(Progress),
    work: impl AsyncFn(&Scoped) -> Result<(u64, u64)>,
) -> Result<Progress> {
    let scopes = scopes(db).await?;
    let mut done = Progress { of: scopes.len(), ..Progress::default() };
    for scoped in &scopes {
        let (data_keys, values) = work(scoped).await?;
        done.data_keys += data_keys;
        done.values += values;
        done.scopes += 1;
        progress(done);
    }
    Ok(done)
}
