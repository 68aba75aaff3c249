//! HTTP calls of runs: one document for each attempt that made any, written with its end, or just before another
//! one follows.

use super::lease::fence;
use crate::sql::Value;
use crate::{Db, Scoped, Sql, Tx};
use bifrost_core::*;

/// Keeps the calls of an attempt that another one follows. False, and nothing written, when the token is
/// not the lease's.
pub async fn keep_calls(db: &Db, execution: ExecutionId, token: i64, calls: &HttpCalls) -> Result<bool> {
    let mut sql = insertion(execution, calls)?;
    sql.push(" AND lease_token ").push(fence()).push(" ").push_bind(token);
    sql.push(" AND status IN ('Running', 'Waiting', 'Cancelling') ON CONFLICT DO NOTHING");
    db.system().write(move |tx| Box::pin(async move { Ok(tx.execute(sql).await? > 0) })).await
}

/// Keeps the calls of a run's last attempt. Whoever asks has seen that it is theirs.
pub(super) async fn keep_in(tx: &mut Tx, execution: ExecutionId, calls: &HttpCalls) -> Result<()> {
    if calls.kept.is_empty() {
        return Ok(());
    }
    let mut sql = insertion(execution, calls)?;
    sql.push(" ON CONFLICT DO NOTHING");
    tx.execute(sql).await.map(drop)
}

fn insertion(execution: ExecutionId, calls: &HttpCalls) -> Result<Sql> {
    let sql = Sql::new(
        "INSERT INTO execution_calls (execution_id, attempt, organization_id, calls, left_out)
         SELECT id, attempt, organization_id, $2, $3 FROM executions WHERE id = $1",
    );
    let left_out = i64::try_from(calls.left_out).unwrap_or(i64::MAX);
    Ok(sql.bind(execution).bind(Value::json(&calls.kept)?).bind(left_out))
}

/// The calls of a run by attempt, in order. Those of an attempt are there once it has ended. `NotFound`
/// outside the handle's reach.
pub async fn calls(scoped: &Scoped, id: ExecutionId) -> Result<Vec<(i32, HttpCalls)>> {
    super::get(scoped, id).await?;
    let sql = Sql::new(
        "SELECT attempt, calls, left_out FROM execution_calls WHERE execution_id = $1 ORDER BY attempt",
    );
    let rows = scoped.read().await?.all(sql.bind(id)).await?;
    let read = |row: &crate::Row| {
        let left_out = row.get::<i64>("left_out")?.unsigned_abs();
        Ok((row.get("attempt")?, HttpCalls { kept: row.document("calls")?, left_out }))
    };
    rows.iter().map(read).collect()
}
