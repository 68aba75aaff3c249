//! Attempts after the first: each has a recorded cause.

use super::lease::append_in;
use crate::{Db, Scoped, Sql, Tx, now};
use bifrost_core::ports::Ticket;
use bifrost_core::*;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// Why a run was tried again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempt {
    /// Counts from 2.
    pub attempt: i32,
    /// `worker_lost`; `dead_letter:` and why the queue gave up; or `error:` and the type of
    /// the error that its author wants tried again.
    pub cause: String,
    /// When that was decided.
    pub created_at: DateTime<Utc>,
}

/// Writes down why the attempt of a ticket is made.
pub(crate) async fn record(
    tx: &mut Tx,
    ticket: Ticket,
    organization: OrganizationId,
    cause: &str,
) -> Result<()> {
    let sql = Sql::new(
        "INSERT INTO execution_attempts (execution_id, attempt, organization_id, cause, created_at)
         VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING",
    );
    let sql = sql.bind(ticket.execution).bind(ticket.attempt).bind(organization).bind(cause).bind(now());
    tx.execute(sql).await.map(drop)
}

/// Gives a run back for another attempt, not before a time. False, and nothing written,
/// when the token is not the lease's or the run is asked to end.
pub async fn retry(
    db: &Db,
    execution: ExecutionId,
    token: i64,
    cause: String,
    not_before: DateTime<Utc>,
    lines: Vec<LogLine>,
) -> Result<bool> {
    db.system()
        .write(move |tx| {
            Box::pin(async move { retry_in(tx, execution, token, cause, not_before, lines).await })
        })
        .await
}

async fn retry_in(
    tx: &mut Tx,
    execution: ExecutionId,
    token: i64,
    cause: String,
    not_before: DateTime<Utc>,
    lines: Vec<LogLine>,
) -> Result<bool> {
    if !lines.is_empty() && !append_in(tx, execution, token, lines).await? {
        return Ok(false);
    }
    let sql = Sql::new(
        "UPDATE executions SET status = 'Pending', lease_worker = NULL, lease_until = NULL, not_before = $3
         WHERE id = $1 AND lease_token = $2 AND status IN ('Running', 'Waiting') RETURNING attempt, organization_id",
    );
    let Some(row) = tx.optional(sql.bind(execution).bind(token).bind(not_before)).await? else {
        return Ok(false);
    };
    let ticket = Ticket { execution, attempt: row.get::<i32>("attempt")? + 1 };
    record(tx, ticket, row.get("organization_id")?, &cause).await?;
    Ok(true)
}

/// Why a run was tried again, in order. `NotFound` outside the handle's reach.
pub async fn attempts(scoped: &Scoped, id: ExecutionId) -> Result<Vec<Attempt>> {
    super::get(scoped, id).await?;
    let sql = Sql::new(
        "SELECT attempt, cause, created_at FROM execution_attempts WHERE execution_id = $1 ORDER BY attempt",
    );
    let rows = scoped.read().await?.all(sql.bind(id)).await?;
    let read = |row: &crate::Row| {
        Ok(Attempt {
            attempt: row.get("attempt")?,
            cause: row.get("cause")?,
            created_at: row.get("created_at")?,
        })
    };
    rows.iter().map(read).collect()
}
