//! Long logs of runs that have ended become objects.
//!
//! In this order, so that lines are never in neither place and never counted twice: the
//! object is written, the row names it, the lines are deleted. From the moment the row names
//! it, readers read the object alone. Whoever comes second, or again after a crash, goes on
//! from where the row says.

use super::{blocks, documents, query};
use crate::{Db, Sql};
use bifrost_core::ports::Objects;
use bifrost_core::*;

/// Logs with fewer lines, and fewer bytes than [`LONG_BYTES`], stay rows: a page of lines
/// costs a reader no more than an object, and retention deletes them with their run.
pub const LONG_LINES: i64 = 1_000;
/// See [`LONG_LINES`]; in bytes of messages.
pub const LONG_BYTES: usize = 256 << 10;
/// True in SQL of a run whose log has [`LONG_LINES`].
pub(super) const LONG_LOG: &str =
    "EXISTS (SELECT 1 FROM execution_logs l WHERE l.execution_id = executions.id AND l.sequence >= 1000)";
/// Lines in one block. A line has up to 64 KiB, which makes 32 MiB at worst.
const BLOCK: i64 = 500;

/// A run that has ended, whose log is long and partly or wholly in rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LongLog {
    /// The run.
    pub execution: ExecutionId,
    /// Its organization.
    pub organization: OrganizationId,
    /// True when it is an object already, and lines are left to be deleted.
    pub is_object: bool,
}

/// Long logs in the order of their runs' ids, at most `limit` after `after`.
pub async fn long_logs(db: &Db, after: Option<ExecutionId>, limit: u32) -> Result<Vec<LongLog>> {
    let mut sql = Sql::new("SELECT id, organization_id, log_object FROM executions WHERE has_long_log");
    if let Some(after) = after {
        sql.push(" AND id > ").push_bind(after);
    }
    sql.push(" ORDER BY id LIMIT ").push_bind(limit);
    let rows = db.system().read().await?.all(sql).await?;
    let read = |row: &crate::Row| {
        Ok(LongLog {
            execution: row.get("id")?,
            organization: row.get("organization_id")?,
            is_object: row.opt::<String>("log_object")?.is_some(),
        })
    };
    rows.iter().map(read).collect()
}

/// Makes a log an object. False when somebody else did.
///
/// # Errors
/// When database or object store are away; nothing has changed then, but for an object
/// that nobody names.
pub async fn archive(db: &Db, objects: &dyn Objects, log: &LongLog) -> Result<bool> {
    let object = encode(db, log.execution).await?;
    let name = documents::fresh("log");
    let key = documents::key(log.organization, log.execution, &name);
    objects.put(&key, object).await?;
    // Whoever deletes lines has named an object before: these were all.
    let sql = Sql::new(
        "UPDATE executions SET log_object = $2 WHERE id = $1 AND log_object IS NULL AND has_long_log",
    );
    let sql = sql.bind(log.execution).bind(name);
    let named = db.system().write(move |tx| Box::pin(async move { tx.execute(sql).await })).await? == 1;
    if !named {
        objects.delete(&key).await?;
    }
    Ok(named)
}

async fn encode(db: &Db, execution: ExecutionId) -> Result<Vec<u8>> {
    let (mut writer, mut last) = (blocks::Writer::default(), 0);
    loop {
        let sql = Sql::new(
            "SELECT sequence, timestamp, level, logger, message FROM execution_logs
             WHERE execution_id = $1 AND sequence > $2 ORDER BY sequence LIMIT $3",
        );
        let rows = db.system().read().await?.all(sql.bind(execution).bind(last).bind(BLOCK)).await?;
        let lines = rows.iter().map(query::line).collect::<Result<Vec<_>>>()?;
        let Some(line) = lines.last() else { return Ok(writer.finish()?) };
        last = line.sequence;
        let add = move || {
            writer.add(&lines)?;
            anyhow::Ok(writer)
        };
        writer = tokio::task::spawn_blocking(add).await.map_err(anyhow::Error::from)??;
    }
}

/// Deletes at most `limit` lines of a log that is an object. True when none are left.
pub async fn delete_lines(db: &Db, execution: ExecutionId, limit: u32) -> Result<bool> {
    let lines = Sql::new(
        "DELETE FROM execution_logs WHERE execution_id = $1
           AND sequence IN (SELECT l.sequence FROM execution_logs l WHERE l.execution_id = $1 ORDER BY l.sequence LIMIT $2)
           AND EXISTS (SELECT 1 FROM executions e WHERE e.id = $1 AND e.log_object IS NOT NULL)",
    );
    let lines = lines.bind(execution).bind(limit);
    let done =
        Sql::new("UPDATE executions SET has_long_log = false WHERE id = $1 AND log_object IS NOT NULL");
    let done = done.bind(execution);
    let unit = db.system();
    unit.write(move |tx| {
        Box::pin(async move {
            let all = tx.execute(lines).await? < u64::from(limit);
            if all {
                tx.execute(done).await?;
            }
            Ok(all)
        })
    })
    .await
}

/// Lines of a log that is an object; as [`super::logs`].
pub(super) async fn read(
    objects: &dyn Objects,
    key: &str,
    after: i64,
    limit: usize,
    level: Option<LogLevel>,
) -> Result<Vec<LogLine>> {
    let Some(object) = objects.get(key).await? else {
        tracing::error!(key, "an object that a run's row names is missing");
        return Err(Error::Gone("log"));
    };
    let read = move || blocks::read(&object, after, limit, level);
    let lines = tokio::task::spawn_blocking(read).await.map_err(anyhow::Error::from)?;
    lines.map_err(|e| Error::Internal(e.context(key.to_owned())))
}

#[cfg(test)]
mod tests {
    #[test]
    fn long_means_the_same_to_the_database() {
        assert!(super::LONG_LOG.contains(&format!("l.sequence >= {})", super::LONG_LINES)));
    }
}
