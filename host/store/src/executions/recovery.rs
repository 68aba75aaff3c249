//! What keeps the promise that every run ends: cancelling, lost workers, restarts.

use crate::audit::{Event, record};
use crate::{Access, Db, Scoped, Sql, Tx, now};
use bifrost_core::ports::Ticket;
use bifrost_core::*;
use chrono::{DateTime, Utc};

use super::archive::LONG_LOG;
use super::attempts::{Taken, record as record_attempt};
use super::lease::MAX_LOSSES;

/// What a sweep over lost leases did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Swept {
    /// Pending again: publish these.
    pub tickets: Vec<Ticket>,
    /// Failed with `worker_lost`.
    pub failed: Vec<ExecutionId>,
    /// Cancelled: the wish was older than the loss.
    pub cancelled: Vec<ExecutionId>,
}

/// Asks a run to end and tells where it stands now: `Cancelled` at once when no worker
/// had it, `Cancelling` while one has. Asking twice is no error.
///
/// `NotFound` outside the handle's reach, `Conflict already_finished` for a run that
/// ended otherwise.
pub async fn request_cancel(scoped: &Scoped, id: ExecutionId) -> Result<Status> {
    scoped
        .write(move |tx| {
            Box::pin(async move {
                let status = cancel_in(tx, id).await?;
                let event = Event::new("execution.cancel").target("execution", id).detail("status", status);
                record(tx, event).await?;
                Ok(status)
            })
        })
        .await
}

pub(crate) async fn cancel_in(tx: &mut Tx, id: ExecutionId) -> Result<Status> {
    let access = tx.access();
    let mut sql = Sql::new(format!(
        "UPDATE executions SET status = CASE WHEN status IN ('Scheduled', 'Pending') THEN 'Cancelled' ELSE 'Cancelling' END,
           completed_at = CASE WHEN status IN ('Scheduled', 'Pending') THEN $2 ELSE completed_at END,
           error_type = CASE WHEN status IN ('Scheduled', 'Pending') THEN 'cancelled' ELSE error_type END,
           error = CASE WHEN status IN ('Scheduled', 'Pending') THEN 'cancelled before it started' ELSE error END,
           error_for_user = CASE WHEN status IN ('Scheduled', 'Pending') THEN true ELSE error_for_user END,
           has_long_log = status IN ('Scheduled', 'Pending') AND {LONG_LOG}
         WHERE id = $1 AND status IN ('Scheduled', 'Pending', 'Running', 'Waiting')"
    ))
    .bind(id)
    .bind(now());
    within(&mut sql, access)?;
    sql.push(" RETURNING status");
    if let Some(row) = tx.optional(sql).await? {
        return row.parse("status");
    }
    let mut sql = Sql::new("SELECT status FROM executions WHERE id = $1").bind(id);
    within(&mut sql, access)?;
    let row = tx.optional(sql).await?.ok_or(Error::NotFound("execution"))?;
    match row.parse::<Status>("status")? {
        status @ (Status::Cancelling | Status::Cancelled) => Ok(status),
        status => Err(Error::Conflict {
            code: "already_finished",
            message: format!("this execution has ended: {}", status.as_str()),
        }),
    }
}

/// Asks all runs of an organization to end that a worker has; it hears of that with its next
/// heartbeat.
pub(crate) async fn cancel_running_in(tx: &mut Tx, organization: OrganizationId) -> Result<()> {
    let sql = Sql::new(
        "UPDATE executions SET status = 'Cancelling' WHERE organization_id = $1 AND status IN ('Running', 'Waiting')",
    );
    tx.execute(sql.bind(organization)).await.map(drop)
}

fn within(sql: &mut Sql, access: Access) -> Result<()> {
    if access != Access::System {
        sql.push(" AND organization_id = ").push_bind(access.scope_id()?);
    }
    Ok(())
}

/// Runs of one worker that are asked to end.
pub async fn cancelling(db: &Db, worker_id: &str) -> Result<Vec<ExecutionId>> {
    let sql = Sql::new(
        "SELECT id FROM executions WHERE lease_until IS NOT NULL AND status = 'Cancelling' AND lease_worker = $1 ORDER BY id",
    );
    db.system().read().await?.all(sql.bind(worker_id)).await?.iter().map(|row| row.get("id")).collect()
}

/// Takes runs from workers whose lease ended before `time`: each is Pending again, or
/// Failed with `worker_lost` when it must not be repeated or was tried often enough,
/// or Cancelled when it was asked to end.
pub async fn expired_leases(db: &Db, time: DateTime<Utc>) -> Result<Swept> {
    // Most sweeps find nothing and need no write.
    let sql =
        Sql::new("SELECT id FROM executions WHERE lease_until IS NOT NULL AND lease_until < $1 LIMIT 1")
            .bind(time);
    if db.system().read().await?.optional(sql).await?.is_none() {
        return Ok(Swept::default());
    }
    db.system().write(move |tx| Box::pin(async move { sweep(tx, Some(time)).await })).await
}

/// As [`expired_leases`] for all leases, expired or not. For the start of the embedded
/// server: it is the only worker, and a fresh process holds no lease.
pub async fn release_all_leases_of_embedded(db: &Db) -> Result<Swept> {
    db.system().write(|tx| Box::pin(async move { sweep(tx, None).await })).await
}

async fn sweep(tx: &mut Tx, before: Option<DateTime<Utc>>) -> Result<Swept> {
    let mut swept = Swept::default();
    let sql = Sql::new(
        "UPDATE executions SET status = 'Pending', lease_worker = NULL, lease_until = NULL, losses = losses + 1
         WHERE lease_until IS NOT NULL AND status IN ('Running', 'Waiting') AND retry_on_loss AND losses + 1 < $1",
    );
    let returning = format!(" RETURNING id, attempt, organization_id, {}", Taken::COLUMNS);
    for row in tx.all(lost(sql.bind(MAX_LOSSES), before, &returning)).await? {
        let ticket = Ticket { execution: row.get("id")?, attempt: row.get::<i32>("attempt")? + 1 };
        record_attempt(tx, ticket, row.get("organization_id")?, Taken::read(&row)?, "worker_lost").await?;
        swept.tickets.push(ticket);
    }
    let sql = Sql::new(format!(
        "UPDATE executions SET status = 'Failed', error_type = 'worker_lost', error_for_user = true, completed_at = $2,
           error = CASE WHEN retry_on_loss THEN 'worker lost; tried ' || $1 || ' times' ELSE 'worker lost; not repeated' END,
           lease_worker = NULL, lease_until = NULL, has_long_log = {LONG_LOG}
         WHERE lease_until IS NOT NULL AND status IN ('Running', 'Waiting') AND (NOT retry_on_loss OR losses + 1 >= $3)"
    ));
    let sql = sql.bind(MAX_LOSSES.to_string()).bind(now()).bind(MAX_LOSSES);
    for row in tx.all(lost(sql, before, " RETURNING id")).await? {
        let id = row.get("id")?;
        crate::notifications::events::run_ended(tx, id).await?;
        swept.failed.push(id);
    }
    let sql = Sql::new(format!(
        "UPDATE executions SET status = 'Cancelled', error_type = 'cancelled', error_for_user = true, completed_at = $1,
           error = 'cancelled', lease_worker = NULL, lease_until = NULL, has_long_log = {LONG_LOG}
         WHERE lease_until IS NOT NULL AND status = 'Cancelling'"
    ));
    for row in tx.all(lost(sql.bind(now()), before, " RETURNING id")).await? {
        swept.cancelled.push(row.get("id")?);
    }
    Ok(swept)
}

fn lost(mut sql: Sql, before: Option<DateTime<Utc>>, returning: &str) -> Sql {
    if let Some(time) = before {
        sql.push(" AND lease_until < ").push_bind(time);
    }
    sql.push(returning);
    sql
}

/// The tickets of all Pending runs, oldest first: what the in-process queue is filled
/// with at start.
pub async fn pending_tickets(db: &Db) -> Result<Vec<Ticket>> {
    let sql = Sql::new("SELECT id, attempt FROM executions WHERE status = 'Pending' ORDER BY id");
    let rows = db.system().read().await?.all(sql).await?;
    rows.iter()
        .map(|row| Ok(Ticket { execution: row.get("id")?, attempt: row.get::<i32>("attempt")? + 1 }))
        .collect()
}
