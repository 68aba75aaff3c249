//! Files of an organization. A row says where a file is and what it is; its content is an object
//! with a name that was never used before.
//!
//! An object is written before the row that names it, and deleted after it is named no more. So a
//! row leads to its content whenever it is read, and what a crash leaves over is an object that
//! no row names, which [`unneeded`] finds. No name that a caller gives is a part of an object's
//! key but the location, which is letters, digits and `-`.

mod gone;
mod passes;
mod usage;

pub use gone::{Expired, expire, unneeded};
pub use passes::{open, sign};
pub use usage::{Location, locations, used};

use crate::audit::{Event, hex, record};
use crate::{Row, Scoped, Sql, Tx, now};
use bifrost_core::files::{
    MAX_BYTES, MAX_FILE, MAX_FILES, TEMP, TEMP_FOR, check_location, check_path, settle_type,
};
use bifrost_core::ports::Objects;
use bifrost_core::{Error, FileId, OrganizationId, Result, UserId};
use chrono::{DateTime, Utc};
use sha2::{Digest, Sha256};

/// A file, without its content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// Whose it is.
    pub organization_id: OrganizationId,
    /// Where it is.
    pub location: String,
    /// What it is called there.
    pub path: String,
    /// The object with its content; another one with every write.
    pub object_id: FileId,
    /// In bytes.
    pub size: i64,
    /// Of the content, in hexadecimal.
    pub sha256: String,
    /// What it is.
    pub content_type: String,
    /// When it was first written.
    pub created_at: DateTime<Utc>,
    /// When it was last written.
    pub updated_at: DateTime<Utc>,
    /// By whom; `None` for the platform itself.
    pub updated_by: Option<UserId>,
    /// Deleted then; `None` for a file that stays.
    pub expires_at: Option<DateTime<Utc>>,
}

impl File {
    /// The key of the object with its content.
    pub fn key(&self) -> String {
        key(self.organization_id, &self.location, self.object_id)
    }
}

/// The folder of an organization's files among the objects.
pub fn folder(organization: OrganizationId) -> String {
    format!("files/{organization}/")
}

fn key(organization: OrganizationId, location: &str, object: FileId) -> String {
    format!("{}{location}/{object}", folder(organization))
}

const SELECT: &str =
    "SELECT f.organization_id, f.location, f.path, f.object_id, f.size, f.sha256, f.content_type,
   f.created_at, f.updated_at, f.updated_by, f.expires_at
 FROM files f";

/// Writes a file of the handle's organization; one that is there is replaced. `Invalid`, naming
/// `content` or `content_type`, for a content that is too large or is not of the type that its
/// sender says; `Conflict` with `files_full` beyond the organization's quota.
pub async fn write(
    org: &Scoped,
    objects: &dyn Objects,
    location: &str,
    path: &str,
    content_type: Option<&str>,
    content: Vec<u8>,
) -> Result<File> {
    check_location(location)?;
    check_path(path)?;
    if content.len() > MAX_FILE {
        let message = format!("{} bytes; a file has at most {MAX_FILE}", content.len());
        return Err(Error::invalid("content", message));
    }
    let time = now();
    let file = File {
        organization_id: org.organization()?,
        location: location.to_owned(),
        path: path.to_owned(),
        object_id: FileId::new(),
        size: content.len() as i64,
        sha256: hex(&Sha256::digest(&content)),
        content_type: settle_type(content_type, &content)?,
        created_at: time,
        updated_at: time,
        updated_by: None,
        expires_at: (location == TEMP).then(|| time + TEMP_FOR),
    };
    let key = file.key();
    objects.put(&key, content).await?;
    let written = org.write(move |tx| Box::pin(async move { write_in(tx, file).await })).await;
    match written {
        Ok((file, old)) => {
            discard(objects, old.as_ref().map(File::key)).await;
            Ok(file)
        }
        Err(error) => {
            // After other errors it is unknown what was committed.
            let is_unused = matches!(error, Error::Conflict { .. } | Error::Invalid { .. });
            discard(objects, Some(key).filter(|_| is_unused)).await;
            Err(error)
        }
    }
}

/// Deletes an object that no row names; what stays is collected later.
async fn discard(objects: &dyn Objects, key: Option<String>) {
    let Some(key) = key else { return };
    if let Err(error) = objects.delete(&key).await {
        tracing::debug!(key, "collected later: {error:#}");
    }
}

/// The file as it is now, and as it was.
async fn write_in(tx: &mut Tx, mut new: File) -> Result<(File, Option<File>)> {
    let usage = usage(tx).await?;
    let old = find(tx, &new.location, &new.path).await?;
    new.created_at = old.as_ref().map_or(new.created_at, |old| old.created_at);
    new.updated_by = tx.actor().and_then(|actor| actor.id);
    let before = old.as_ref().map_or(0, |old| old.size);
    let usage =
        Usage { files: usage.files + i64::from(old.is_none()), bytes: usage.bytes + new.size - before };
    usage.check(new.size > before || old.is_none())?;
    let sql = Sql::new(
        "INSERT INTO files (organization_id, location, path, object_id, size, sha256, content_type, created_at, updated_at,
           updated_by, expires_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
         ON CONFLICT (organization_id, location, path) DO UPDATE SET object_id = excluded.object_id, size = excluded.size,
           sha256 = excluded.sha256, content_type = excluded.content_type, updated_at = excluded.updated_at,
           updated_by = excluded.updated_by, expires_at = excluded.expires_at",
    )
    .bind(new.organization_id)
    .bind(new.location.as_str())
    .bind(new.path.as_str())
    .bind(new.object_id)
    .bind(new.size)
    .bind(new.sha256.as_str())
    .bind(new.content_type.as_str())
    .bind(new.created_at)
    .bind(new.updated_at)
    .bind(new.updated_by)
    .bind(new.expires_at);
    tx.execute(sql).await?;
    usage.keep(tx, new.organization_id).await?;
    let event = Event::new("file.write")
        .target("file", format_args!("{}/{}", new.location, new.path))
        .detail("size", new.size)
        .detail("sha256", &new.sha256)
        .detail("content_type", &new.content_type)
        .detail("replaced", old.is_some());
    record(tx, event).await?;
    Ok((new, old))
}

/// What an organization has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Files.
    pub files: i64,
    /// Of all of them.
    pub bytes: i64,
}

impl Usage {
    fn check(self, grows: bool) -> Result<()> {
        let Self { files, bytes } = self;
        if !grows || (files <= MAX_FILES && bytes <= MAX_BYTES) {
            return Ok(());
        }
        let message = format!(
            "an organization has at most {MAX_FILES} files of {MAX_BYTES} bytes in all; with this one it would have {files} of {bytes}"
        );
        Err(Error::Conflict { code: "files_full", message })
    }

    async fn keep(self, tx: &mut Tx, organization: OrganizationId) -> Result<()> {
        let sql = Sql::new("UPDATE file_usage SET files = $2, bytes = $3 WHERE organization_id = $1");
        tx.execute(sql.bind(organization).bind(self.files).bind(self.bytes)).await.map(drop)
    }
}

/// What the transaction's organization has. Until the transaction ends nobody else writes files
/// of it, so that the counts are exact.
async fn usage(tx: &mut Tx) -> Result<Usage> {
    let sql = Sql::new(
        "INSERT INTO file_usage (organization_id, files, bytes) VALUES ($1, 0, 0)
         ON CONFLICT (organization_id) DO UPDATE SET files = file_usage.files RETURNING files, bytes",
    );
    let row = tx.one(sql.bind(tx.access().scope_id()?)).await?;
    Ok(Usage { files: row.get("files")?, bytes: row.get("bytes")? })
}

async fn find(tx: &mut Tx, location: &str, path: &str) -> Result<Option<File>> {
    let mut sql = Sql::new(SELECT);
    sql.push(" WHERE f.organization_id = ").push_bind(tx.access().scope_id()?);
    sql.push(" AND f.location = ").push_bind(location).push(" AND f.path = ").push_bind(path);
    tx.optional(sql).await?.as_ref().map(read).transpose()
}

/// A file of the handle's organization, without its content.
pub async fn get(org: &Scoped, location: &str, path: &str) -> Result<File> {
    check_location(location)?;
    check_path(path)?;
    find(&mut org.read().await?, location, path).await?.ok_or(Error::NotFound("file"))
}

/// A file's content. `Gone` where the store of objects has lost it.
pub async fn content(objects: &dyn Objects, file: &File) -> Result<Vec<u8>> {
    objects.get(&file.key()).await?.ok_or(Error::Gone("content of this file"))
}

/// A file of the handle's organization with its content, also when it is replaced meanwhile.
pub async fn read_whole(
    org: &Scoped,
    objects: &dyn Objects,
    location: &str,
    path: &str,
) -> Result<(File, Vec<u8>)> {
    let file = get(org, location, path).await?;
    match content(objects, &file).await {
        Err(Error::Gone(_)) => {
            // Its next content was written between the two reads.
            let file = get(org, location, path).await?;
            let content = content(objects, &file).await?;
            Ok((file, content))
        }
        read => Ok((file, read?)),
    }
}

/// Files of the handle's organization in a location whose paths begin with `folder` and come after
/// `after`, by path; at most `limit`.
pub async fn list(
    org: &Scoped,
    location: &str,
    folder: &str,
    after: Option<&str>,
    limit: u32,
) -> Result<Vec<File>> {
    check_location(location)?;
    let mut sql = Sql::new(SELECT);
    sql.push(" WHERE f.organization_id = ").push_bind(org.organization()?);
    sql.push(" AND f.location = ").push_bind(location);
    if !folder.is_empty() {
        // What begins so, in the order of code points; `0` is what comes after `/`.
        let end = format!("{}0", folder.trim_end_matches('/'));
        sql.push(" AND f.path >= ").push_bind(folder).push(" AND f.path < ").push_bind(end);
    }
    if let Some(after) = after {
        sql.push(" AND f.path > ").push_bind(after);
    }
    sql.push(" ORDER BY f.path LIMIT ").push_bind(limit);
    org.read().await?.all(sql).await?.iter().map(read).collect()
}

/// Deletes a file of the handle's organization; true when there was one.
pub async fn delete(org: &Scoped, objects: &dyn Objects, location: &str, path: &str) -> Result<bool> {
    check_location(location)?;
    check_path(path)?;
    let (location, path) = (location.to_owned(), path.to_owned());
    let old = org.write(move |tx| Box::pin(async move { delete_in(tx, &location, &path).await })).await?;
    let is_gone = old.is_some();
    discard(objects, old.map(|old| old.key())).await;
    Ok(is_gone)
}

async fn delete_in(tx: &mut Tx, location: &str, path: &str) -> Result<Option<File>> {
    let usage = usage(tx).await?;
    let Some(old) = find(tx, location, path).await? else { return Ok(None) };
    remove(tx, usage, &old).await?;
    let event = Event::new("file.delete")
        .target("file", format_args!("{location}/{path}"))
        .detail("size", old.size)
        .detail("sha256", &old.sha256);
    record(tx, event).await?;
    Ok(Some(old))
}

async fn remove(tx: &mut Tx, usage: Usage, old: &File) -> Result<()> {
    let sql = Sql::new("DELETE FROM files WHERE organization_id = $1 AND location = $2 AND path = $3")
        .bind(old.organization_id)
        .bind(old.location.as_str())
        .bind(old.path.as_str());
    tx.execute(sql).await?;
    Usage { files: usage.files - 1, bytes: usage.bytes - old.size }.keep(tx, old.organization_id).await
}

fn read(row: &Row) -> Result<File> {
    Ok(File {
        organization_id: row.get("organization_id")?,
        location: row.get("location")?,
        path: row.get("path")?,
        object_id: row.get("object_id")?,
        size: row.get("size")?,
        sha256: row.get("sha256")?,
        content_type: row.get("content_type")?,
        created_at: row.get("created_at")?,
        updated_at: row.get("updated_at")?,
        updated_by: row.opt("updated_by")?,
        expires_at: row.opt("expires_at")?,
    })
}
