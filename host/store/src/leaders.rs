//! Who leads a task among several processes.

use crate::{Db, Sql, now};
use bifrost_core::Result;
use chrono::TimeDelta;
use std::time::Duration;

/// Takes or keeps the lead of `task` for `term`; false when somebody else has it.
pub async fn hold(db: &Db, task: &str, holder: &str, term: Duration) -> Result<bool> {
    let time = now();
    let until = time + TimeDelta::from_std(term).unwrap_or_default();
    let sql = Sql::new(
        "INSERT INTO leaders (task, holder, token, held_until) VALUES ($1, $2, 1, $3)
         ON CONFLICT (task) DO UPDATE SET
           token = CASE WHEN leaders.holder = $2 THEN leaders.token ELSE leaders.token + 1 END,
           holder = $2, held_until = $3
         WHERE leaders.holder = $2 OR leaders.held_until < $4
         RETURNING token",
    )
    .bind(task)
    .bind(holder)
    .bind(until)
    .bind(time);
    let row = db.system().write(move |tx| Box::pin(async move { tx.optional(sql).await })).await?;
    Ok(row.is_some())
}

/// Lets go of the lead, so that the next one need not wait for its end.
pub async fn release(db: &Db, task: &str, holder: &str) -> Result<()> {
    let sql = Sql::new("UPDATE leaders SET held_until = $3 WHERE task = $1 AND holder = $2")
        .bind(task)
        .bind(holder)
        .bind(now());
    db.system().write(move |tx| Box::pin(async move { tx.execute(sql).await })).await.map(drop)
}
