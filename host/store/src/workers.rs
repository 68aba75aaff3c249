//! The fleet: which runners there are, as they last said of themselves.

use crate::{Db, Row, Sql, now};
use bifrost_core::Result;
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

/// A worker that was silent for longer does not count any more.
pub(crate) const SILENCE: TimeDelta = TimeDelta::seconds(10);

/// A runner that takes runs from the queue.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WorkerRow {
    /// Names it in leases.
    pub id: String,
    /// The machine.
    pub host: String,
    /// The program's version.
    pub version: String,
    /// Runs that it holds at the same time, at most.
    pub slots: i64,
    /// True when it takes no more runs and ends with its last.
    pub is_draining: bool,
    /// When it started.
    pub started_at: DateTime<Utc>,
    /// When it last said so.
    pub seen_at: DateTime<Utc>,
}

/// A worker as operators see it.
#[derive(Clone, Debug, PartialEq)]
pub struct Member {
    /// What it last said of itself.
    pub worker: WorkerRow,
    /// Runs under its leases.
    pub running: i64,
    /// It was silent for too long, so nothing is expected of it.
    pub is_silent: bool,
}

/// Says that a worker lives.
pub async fn beat(db: &Db, worker: &WorkerRow) -> Result<()> {
    let sql = Sql::new(
        "INSERT INTO workers (id, host, version, slots, is_draining, started_at, seen_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7)
         ON CONFLICT (id) DO UPDATE SET slots = $4, is_draining = $5, seen_at = $7",
    )
    .bind(worker.id.as_str())
    .bind(worker.host.as_str())
    .bind(worker.version.as_str())
    .bind(worker.slots)
    .bind(worker.is_draining)
    .bind(worker.started_at)
    .bind(now());
    db.system().write(move |tx| Box::pin(async move { tx.execute(sql).await })).await.map(drop)
}

/// Takes a worker out that ends; `None` for all, at the start of the embedded server.
pub async fn remove(db: &Db, id: Option<&str>) -> Result<()> {
    let sql = match id {
        Some(id) => Sql::new("DELETE FROM workers WHERE id = $1").bind(id),
        None => Sql::new("DELETE FROM workers"),
    };
    db.system().write(move |tx| Box::pin(async move { tx.execute(sql).await })).await.map(drop)
}

/// Forgets workers that are long gone.
pub async fn forget_silent(db: &Db) -> Result<()> {
    let sql = Sql::new("DELETE FROM workers WHERE seen_at < $1").bind(now() - TimeDelta::hours(1));
    db.system().write(move |tx| Box::pin(async move { tx.execute(sql).await })).await.map(drop)
}

/// The workers that live, and those that went silent and are not forgotten yet; those of a
/// machine together.
pub async fn fleet(db: &Db) -> Result<Vec<Member>> {
    let sql = Sql::new(
        "SELECT w.*, COALESCE(r.running, 0) AS running FROM workers w
         LEFT JOIN (SELECT lease_worker, COUNT(*) AS running FROM executions
                    WHERE lease_until IS NOT NULL GROUP BY lease_worker) r ON r.lease_worker = w.id
         ORDER BY w.host, w.id",
    );
    let since = now() - SILENCE;
    let member = |row: &Row| {
        let worker = read(row)?;
        Ok(Member { running: row.get("running")?, is_silent: worker.seen_at < since, worker })
    };
    db.system().read().await?.all(sql).await?.iter().map(member).collect()
}

fn read(row: &Row) -> Result<WorkerRow> {
    Ok(WorkerRow {
        id: row.get("id")?,
        host: row.get("host")?,
        version: row.get("version")?,
        slots: row.get("slots")?,
        is_draining: row.get("is_draining")?,
        started_at: row.get("started_at")?,
        seen_at: row.get("seen_at")?,
    })
}
