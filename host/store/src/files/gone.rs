//! Files whose time is over, and objects that no file names.

use super::{File, SELECT, discard, read, remove, usage};
use crate::{Db, Sql, Tx};
use bifrost_core::ports::Objects;
use bifrost_core::{OrganizationId, Result};
use chrono::{DateTime, Utc};
use std::collections::{BTreeMap, HashSet};
use uuid::Uuid;

/// Keys in one statement.
const IDS: usize = 500;

/// What one step of [`expire`] did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Expired {
    /// Files that were found.
    pub found: u64,
    /// Files that were deleted; others were written again meanwhile.
    pub deleted: u64,
}

/// Deletes at most `limit` files whose time is over.
pub async fn expire(db: &Db, objects: &dyn Objects, time: DateTime<Utc>, limit: u32) -> Result<Expired> {
    let mut sql = Sql::new(SELECT);
    sql.push(" WHERE f.expires_at < ").push_bind(time);
    sql.push(" ORDER BY f.expires_at LIMIT ").push_bind(limit);
    let rows = db.system().read().await?.all(sql).await?;
    let mut by_organization: BTreeMap<OrganizationId, Vec<File>> = BTreeMap::new();
    for row in &rows {
        let file = read(row)?;
        by_organization.entry(file.organization_id).or_default().push(file);
    }
    let mut deleted = 0;
    for (organization, files) in by_organization {
        let org = db.org(organization);
        let gone = org.write(move |tx| Box::pin(async move { expire_in(tx, files, time).await })).await?;
        deleted += gone.len() as u64;
        for key in gone {
            discard(objects, Some(key)).await;
        }
    }
    Ok(Expired { found: rows.len() as u64, deleted })
}

/// Keys of the objects of those that are still the same.
async fn expire_in(tx: &mut Tx, files: Vec<File>, time: DateTime<Utc>) -> Result<Vec<String>> {
    let mut gone = Vec::new();
    for file in files {
        let usage = usage(tx).await?;
        let now = super::find(tx, &file.location, &file.path).await?;
        if let Some(now) = now.filter(|now| now.expires_at.is_some_and(|at| at < time)) {
            remove(tx, usage, &now).await?;
            gone.push(now.key());
        }
    }
    Ok(gone)
}

/// Which of these keys no file names, and were written before a time. Keys of other kinds are
/// left out.
pub async fn unneeded(db: &Db, keys: Vec<String>, before: DateTime<Utc>) -> Result<Vec<String>> {
    let candidates: Vec<_> =
        keys.into_iter().filter_map(|key| parsed(&key, before).map(|id| (id, key))).collect();
    let mut named: HashSet<Uuid> = HashSet::new();
    for chunk in candidates.chunks(IDS) {
        let mut sql = Sql::new("SELECT object_id FROM files WHERE object_id IN (");
        for (index, (id, _)) in chunk.iter().enumerate() {
            sql.push(if index == 0 { "" } else { ", " }).push_bind(*id);
        }
        sql.push(")");
        for row in db.system().read().await?.all(sql).await? {
            named.insert(row.get("object_id")?);
        }
    }
    Ok(candidates.into_iter().filter(|(id, _)| !named.contains(id)).map(|(_, key)| key).collect())
}

/// The id of an object of a file that was written before a time; ids tell theirs.
fn parsed(key: &str, before: DateTime<Utc>) -> Option<Uuid> {
    let mut parts = key.strip_prefix("files/")?.split('/');
    let (_organization, _location, id) = (parts.next()?, parts.next()?, parts.next()?);
    let id = Uuid::parse_str(id).ok()?;
    let written = id.get_timestamp().map(|time| time.to_unix());
    let (seconds, _) = written.filter(|_| parts.next().is_none())?;
    (i64::try_from(seconds).ok()? < before.timestamp()).then_some(id)
}

#[cfg(test)]
mod tests {
    use super::*;
    use bifrost_core::FileId;

    #[test]
    fn keys_tell_their_time() {
        let (now, id) = (crate::now(), FileId::new());
        let key = super::super::key(OrganizationId::new(), "uploads", id);
        let later = now + chrono::TimeDelta::seconds(60);
        assert_eq!((parsed(&key, now), parsed(&key, later)), (None, Some(id.0)));
        for foreign in ["sources/a/b/c", "files/a/b", "files/a/b/c", &format!("{key}/x")] {
            assert_eq!(parsed(foreign, later), None, "{foreign}");
        }
    }
}
