//! What goes in the end: runs that ended long ago, and objects that no run needs.
//!
//! A run's objects go before its row: whatever dies in between, the row still names what is
//! left to do, and nothing is left that nobody knows of. Each function does one bounded
//! step; `bifrost-scheduler` decides when.

use super::documents;
use crate::{Db, Row, Sql};
use bifrost_core::*;
use chrono::{DateTime, Utc};
use std::collections::{BTreeMap, HashMap};
use uuid::Uuid;

/// True of a run that has ended.
const ENDED: &str = "status IN ('Success', 'Failed', 'Timeout', 'CompletedWithErrors', 'Cancelled')";
/// Ids in one statement.
const IDS: usize = 500;

/// A run that ended long ago.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expired {
    /// Which.
    pub id: ExecutionId,
    /// Keys of its objects, to be deleted before its row.
    pub objects: Vec<String>,
}

/// Runs that ended before a time, in the order of their ids, at most `limit` after `after`.
pub async fn expired(
    db: &Db,
    before: DateTime<Utc>,
    after: Option<ExecutionId>,
    limit: u32,
) -> Result<Vec<Expired>> {
    // A run is older than its end and ids tell when they were made, so the primary key
    // finds what an index of ends would find, which every run would have to pay for.
    let mut sql = Sql::new(format!(
        "SELECT id, organization_id, parameters_object, result_object, variables_object, log_object
         FROM executions WHERE id < $1 AND completed_at < $2 AND {ENDED}"
    ))
    .bind(first_id(before))
    .bind(before);
    if let Some(after) = after {
        sql.push(" AND id > ").push_bind(after);
    }
    sql.push(" ORDER BY id LIMIT ").push_bind(limit);
    let rows = db.system().read().await?.all(sql).await?;
    let read = |row: &Row| {
        let (id, organization) = (row.get("id")?, row.get("organization_id")?);
        let objects = names(row)?.iter().map(|name| documents::key(organization, id, name)).collect();
        Ok(Expired { id, objects })
    };
    rows.iter().map(read).collect()
}

/// The smallest id that can be made at a time.
pub(super) fn first_id(time: DateTime<Utc>) -> Uuid {
    let milliseconds = u128::from(time.timestamp_millis().max(0).unsigned_abs());
    Uuid::from_u128((milliseconds & 0xffff_ffff_ffff) << 80)
}

fn names(row: &Row) -> Result<Vec<String>> {
    let columns = ["parameters_object", "result_object", "variables_object", "log_object"];
    let names = columns.into_iter().map(|column| row.opt(column)).collect::<Result<Vec<_>>>()?;
    Ok(names.into_iter().flatten().collect())
}

/// Deletes at most `limit` log lines of these runs; fewer means that none are left.
pub async fn delete_lines(db: &Db, runs: &[ExecutionId], limit: u32) -> Result<u64> {
    let mut sql = Sql::new(
        "DELETE FROM execution_logs WHERE (execution_id, sequence) IN
           (SELECT l.execution_id, l.sequence FROM execution_logs l WHERE l.execution_id IN (",
    );
    list(&mut sql, runs);
    sql.push(") LIMIT ").push_bind(limit).push(")");
    db.system().write(move |tx| Box::pin(async move { tx.execute(sql).await })).await
}

/// Deletes these runs, whose objects and lines are gone, why they were tried again, their calls, and
/// their dead letters. A run that has not ended stays. Tells how many went.
pub async fn delete(db: &Db, runs: &[ExecutionId]) -> Result<u64> {
    let theirs = ["execution_attempts", "execution_calls", "dead_letters"].map(|table| {
        let mut sql = Sql::new(format!(
            "DELETE FROM {table} WHERE execution_id IN (SELECT id FROM executions WHERE id IN ("
        ));
        list(&mut sql, runs);
        sql.push(&format!(") AND {ENDED})"));
        sql
    });
    let mut rows = Sql::new("DELETE FROM executions WHERE id IN (");
    list(&mut rows, runs);
    rows.push(&format!(") AND {ENDED}"));
    let unit = db.system();
    unit.write(move |tx| {
        Box::pin(async move {
            for sql in theirs {
                tx.execute(sql).await?;
            }
            tx.execute(rows).await
        })
    })
    .await
}

fn list(sql: &mut Sql, ids: &[ExecutionId]) {
    for (index, id) in ids.iter().enumerate() {
        sql.push(if index == 0 { "" } else { ", " }).push_bind(*id);
    }
}

/// Which of these keys no run needs: written before a time, and not named by their run,
/// which has ended or is gone. Keys that are not of a run's object are left out.
///
/// A run that has not ended may name any of its objects yet. An ended one names no others
/// but its log's, and whoever writes that needs minutes at most.
pub async fn unneeded(db: &Db, keys: Vec<String>, before: DateTime<Utc>) -> Result<Vec<String>> {
    let mut candidates: BTreeMap<ExecutionId, Vec<(String, String)>> = BTreeMap::new();
    for key in keys {
        if let Some((id, name)) = parsed(&key, before) {
            let name = name.to_owned();
            candidates.entry(id).or_default().push((key, name));
        }
    }
    let ids: Vec<_> = candidates.keys().copied().collect();
    let mut known: HashMap<ExecutionId, (Status, Vec<String>)> = HashMap::new();
    for chunk in ids.chunks(IDS) {
        let mut sql = Sql::new(
            "SELECT id, status, parameters_object, result_object, variables_object, log_object
             FROM executions WHERE id IN (",
        );
        list(&mut sql, chunk);
        sql.push(")");
        for row in db.system().read().await?.all(sql).await? {
            known.insert(row.get("id")?, (row.parse("status")?, names(&row)?));
        }
    }
    let unneeded = candidates.into_iter().flat_map(|(id, objects)| {
        let run = known.get(&id);
        let needed = |name: &String| run.is_some_and(|(s, names)| !s.is_terminal() || names.contains(name));
        objects.into_iter().filter(|(_, name)| !needed(name)).map(|(key, _)| key).collect::<Vec<_>>()
    });
    Ok(unneeded.collect())
}

/// The run and the name of an object that was written before a time.
fn parsed(key: &str, before: DateTime<Utc>) -> Option<(ExecutionId, &str)> {
    let mut parts = key.strip_prefix("executions/")?.split('/');
    let (_organization, id, name) = (parts.next()?, parts.next()?.parse().ok()?, parts.next()?);
    let written = Uuid::parse_str(name.split('-').nth(1)?).ok()?;
    (parts.next().is_none() && written < first_id(before)).then_some((id, name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_and_names_tell_their_time() {
        let (before, id) = (crate::now(), ExecutionId::new());
        assert!(first_id(before) <= id.0);
        let later = before + chrono::TimeDelta::seconds(60);
        assert!(id.0 < first_id(later));
        assert_eq!(first_id(DateTime::<Utc>::MIN_UTC), Uuid::nil());
        let key = documents::key(OrganizationId::new(), id, &documents::fresh("result"));
        assert_eq!(parsed(&key, before), None, "too young");
        assert_eq!(parsed(&key, later).map(|(id, _)| id), Some(id));
        for foreign in ["sources/abc", "executions/a/b/c", "executions/a/", &format!("{key}/x")] {
            assert_eq!(parsed(foreign, later), None, "{foreign}");
        }
    }
}
