//! Attempts: who made each and when, and why another one followed.

use super::lease::append_in;
use super::query::within;
use crate::{Db, Row, Scoped, Sql, Tx, now};
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

/// An attempt, as far as it is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Made {
    /// Counts from 1.
    pub attempt: i32,
    /// Who took it; `None` for a ticket that became a dead letter.
    pub worker: Option<String>,
    /// When it was taken.
    pub started_at: Option<DateTime<Utc>>,
    /// When it ended, or was found lost.
    pub ended_at: Option<DateTime<Utc>>,
    /// Why another one followed, as [`Attempt::cause`]; `None` for the last one.
    pub cause: Option<String>,
}

/// Who took an attempt, and when.
#[derive(Default)]
pub(crate) struct Taken {
    worker: Option<String>,
    started_at: Option<DateTime<Utc>>,
}

impl Taken {
    /// The columns of it, of a run.
    pub const COLUMNS: &'static str = "attempt_worker, attempt_started_at";

    /// From a row with [`Self::COLUMNS`].
    pub fn read(row: &Row) -> Result<Self> {
        Ok(Self { worker: row.opt("attempt_worker")?, started_at: row.opt("attempt_started_at")? })
    }
}

/// Writes down why the attempt of a ticket is made, and by whom the one before was.
pub(crate) async fn record(
    tx: &mut Tx,
    ticket: Ticket,
    organization: OrganizationId,
    before: Taken,
    cause: &str,
) -> Result<()> {
    let sql = Sql::new(
        "INSERT INTO execution_attempts (execution_id, attempt, organization_id, cause, created_at, worker, started_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING",
    );
    let sql = sql.bind(ticket.execution).bind(ticket.attempt).bind(organization).bind(cause).bind(now());
    tx.execute(sql.bind(before.worker).bind(before.started_at)).await.map(drop)
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
    let sql = Sql::new(format!(
        "UPDATE executions SET status = 'Pending', lease_worker = NULL, lease_until = NULL, not_before = $3
         WHERE id = $1 AND lease_token = $2 AND status IN ('Running', 'Waiting')
         RETURNING attempt, organization_id, {}",
        Taken::COLUMNS
    ));
    let Some(row) = tx.optional(sql.bind(execution).bind(token).bind(not_before)).await? else {
        return Ok(false);
    };
    let ticket = Ticket { execution, attempt: row.get::<i32>("attempt")? + 1 };
    record(tx, ticket, row.get("organization_id")?, Taken::read(&row)?, &cause).await?;
    Ok(true)
}

/// Why a run was tried again, in order. `NotFound` outside the handle's reach.
pub async fn attempts(scoped: &Scoped, id: ExecutionId) -> Result<Vec<Attempt>> {
    super::get(scoped, id).await?;
    let sql = Sql::new(
        "SELECT attempt, cause, created_at FROM execution_attempts WHERE execution_id = $1 ORDER BY attempt",
    );
    let rows = scoped.read().await?.all(sql.bind(id)).await?;
    let read = |row: &Row| {
        Ok(Attempt {
            attempt: row.get("attempt")?,
            cause: row.get("cause")?,
            created_at: row.get("created_at")?,
        })
    };
    rows.iter().map(read).collect()
}

/// The attempts of a run, in order. `NotFound` outside the handle's reach.
pub async fn made(scoped: &Scoped, id: ExecutionId) -> Result<Vec<Made>> {
    let mut sql =
        Sql::new(format!("SELECT attempt, completed_at, {} FROM executions WHERE id = $1", Taken::COLUMNS));
    sql = sql.bind(id);
    within(&mut sql, scoped.access())?;
    let mut tx = scoped.read().await?;
    let run = tx.optional(sql).await?.ok_or(Error::NotFound("execution"))?;
    let attempt: i32 = run.get("attempt")?;
    let sql = Sql::new(
        "SELECT attempt, worker, started_at, created_at, cause FROM execution_attempts
         WHERE execution_id = $1 ORDER BY attempt",
    );
    let before = |row: &Row| {
        Ok(Made {
            attempt: row.get::<i32>("attempt")? - 1,
            worker: row.opt("worker")?,
            started_at: row.opt("started_at")?,
            ended_at: Some(row.get("created_at")?),
            cause: Some(row.get("cause")?),
        })
    };
    let mut made = tx.all(sql.bind(id)).await?.iter().map(before).collect::<Result<Vec<_>>>()?;
    if attempt > made.last().map_or(0, |last| last.attempt) {
        let Taken { worker, started_at } = Taken::read(&run)?;
        made.push(Made { attempt, worker, started_at, ended_at: run.opt("completed_at")?, cause: None });
    }
    Ok(made)
}
