//! Which workers have which versions loaded, so that the first run of one need not wait.

use crate::{Db, Row, Sql, now, workers};
use bifrost_core::{Result, VersionId};
use chrono::{DateTime, Utc};

/// An active version, as a worker sees it that is to load it.
#[derive(Clone, Debug, PartialEq)]
pub struct ActiveVersion {
    /// Its id.
    pub id: VersionId,
    /// [`bifrost_core::Source::hash`].
    pub source_hash: String,
    /// Where the source is among the objects.
    pub object_key: String,
    /// When it became active, the last time.
    pub activated_at: DateTime<Utc>,
    /// True when the worker has reported it since.
    pub is_reported: bool,
}

/// How many workers have a version loaded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spread {
    /// Of those below, the ones that have it in all their sandbox processes.
    pub workers: i64,
    /// Workers that live and take runs.
    pub of: i64,
    /// How long the last of them took, in milliseconds; `None` until all have it.
    pub took_ms: Option<i64>,
}

/// The versions of all workspaces that became active last, the newest first.
pub async fn newest(db: &Db, worker: &str, at_most: u32) -> Result<Vec<ActiveVersion>> {
    let sql = Sql::new(
        "SELECT v.id, v.source_hash, v.object_key, v.activated_at, w.worker_id IS NOT NULL AS is_reported
         FROM versions v
         LEFT JOIN warm_versions w ON w.version_id = v.id AND w.worker_id = $1 AND w.warm_at >= v.activated_at
         WHERE v.state = 'active' ORDER BY v.activated_at DESC, v.id DESC LIMIT $2",
    );
    let sql = sql.bind(worker).bind(at_most);
    db.system().read().await?.all(sql).await?.iter().map(read).collect()
}

/// Says that a worker has a version in all its sandbox processes, and how long that took
/// in milliseconds. Changes nothing when either is not known.
pub async fn report(
    db: &Db,
    worker: &str,
    version: VersionId,
    warm_at: DateTime<Utc>,
    took_ms: i64,
) -> Result<()> {
    let sql = Sql::new(
        "INSERT INTO warm_versions (version_id, worker_id, warm_at, took_ms)
         SELECT v.id, f.id, $3, $4 FROM versions v, workers f WHERE v.id = $1 AND f.id = $2
         ON CONFLICT (version_id, worker_id) DO UPDATE SET warm_at = excluded.warm_at, took_ms = excluded.took_ms",
    );
    let sql = sql.bind(version).bind(worker).bind(warm_at).bind(took_ms);
    db.system().write(move |tx| Box::pin(async move { tx.execute(sql).await })).await.map(drop)
}

/// Takes [`report`] back.
pub async fn retract(db: &Db, worker: &str, version: VersionId) -> Result<()> {
    let sql = Sql::new("DELETE FROM warm_versions WHERE version_id = $1 AND worker_id = $2");
    let sql = sql.bind(version).bind(worker);
    db.system().write(move |tx| Box::pin(async move { tx.execute(sql).await })).await.map(drop)
}

/// How far a version has come. Whoever asks may see that version already.
pub async fn spread(db: &Db, version: VersionId) -> Result<Spread> {
    let sql = Sql::new(
        "SELECT COUNT(*) AS fleet, COUNT(w.worker_id) AS warm, MAX(w.took_ms) AS took_ms
         FROM workers f
         LEFT JOIN (SELECT r.worker_id, r.took_ms FROM warm_versions r JOIN versions v ON v.id = r.version_id
                    WHERE v.id = $1 AND r.warm_at >= v.activated_at) w ON w.worker_id = f.id
         WHERE f.seen_at >= $2 AND NOT f.is_draining",
    );
    let row = db.system().read().await?.one(sql.bind(version).bind(now() - workers::SILENCE)).await?;
    let (workers, of): (i64, i64) = (row.get("warm")?, row.get("fleet")?);
    let took_ms: Option<i64> = row.opt("took_ms")?;
    Ok(Spread { workers, of, took_ms: took_ms.filter(|_| workers == of) })
}

fn read(row: &Row) -> Result<ActiveVersion> {
    Ok(ActiveVersion {
        id: row.get("id")?,
        source_hash: row.get("source_hash")?,
        object_key: row.get("object_key")?,
        activated_at: row.get("activated_at")?,
        is_reported: row.get("is_reported")?,
    })
}
