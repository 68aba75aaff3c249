//! Runs that wait for their time, or for an earlier run of their schedule.

use super::{COLUMNS, read};
use crate::{Db, Sql};
use bifrost_core::*;
use chrono::{DateTime, Utc};

/// True of a run that has not ended; word for word as the index has it.
pub(crate) const OPEN: &str = "status IN ('Scheduled', 'Pending', 'Running', 'Waiting', 'Cancelling')";
/// Ids in one statement.
const IDS: usize = 500;

/// Makes runs Pending whose time has come, at most `limit`. One that waits for an earlier
/// run of its schedule comes after that one's end.
pub async fn promote_due(db: &Db, time: DateTime<Utc>, limit: u32) -> Result<Vec<ExecutionId>> {
    let due = format!(
        "SELECT e.id FROM executions e WHERE e.status = 'Scheduled' AND e.not_before <= $1 AND (e.schedule_id IS NULL
           OR NOT EXISTS (SELECT 1 FROM executions r WHERE r.schedule_id = e.schedule_id AND r.id < e.id AND r.{OPEN}))
         ORDER BY e.not_before LIMIT $2"
    );
    // Most looks find nothing and need no write.
    let sql = Sql::new(due.clone()).bind(time).bind(1);
    if db.system().read().await?.optional(sql).await?.is_none() {
        return Ok(vec![]);
    }
    let sql = Sql::new(format!(
        "UPDATE executions SET status = 'Pending' WHERE status = 'Scheduled' AND id IN ({due}) RETURNING id"
    ));
    let sql = sql.bind(time).bind(limit);
    let rows = db.system().write(move |tx| Box::pin(async move { tx.all(sql).await })).await?;
    rows.iter().map(|row| row.get("id")).collect()
}

/// Runs by id, for those who tell others of them; unknown ids are left out.
pub async fn many(db: &Db, ids: &[ExecutionId]) -> Result<Vec<Execution>> {
    let mut all = Vec::with_capacity(ids.len());
    for chunk in ids.chunks(IDS) {
        let mut sql = Sql::new(format!("SELECT {COLUMNS} FROM executions WHERE id IN ("));
        for (index, id) in chunk.iter().enumerate() {
            sql.push(if index == 0 { "" } else { ", " }).push_bind(*id);
        }
        sql.push(")");
        for row in db.system().read().await?.all(sql).await? {
            all.push(read(&row)?);
        }
    }
    Ok(all)
}
