//! Tickets that the queue gave up on: what is decided about their runs, and replays.
//!
//! A ticket dies when whoever takes it goes away before the lease is committed, as often as
//! the queue allows. So its attempt was never begun, and counts as lost: the run goes on
//! with the next attempt, as after a lost worker, or ends. Every decision names the status
//! and the attempt that it is about, so that a letter which comes twice, or is read by two
//! leaders, changes nothing the second time.

use crate::audit::{Event, record};
use crate::executions::{self, MAX_LOSSES, NewExecution, Page, Run, Taken, documents};
use crate::{Access, Db, Row, Scoped, Sql, Tx, now};
use bifrost_core::ports::{Objects, Ticket};
use bifrost_core::*;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// Most entries of a page.
const MAX_PAGE: u32 = 1_000;
/// Of letters and their runs.
const COLUMNS: &str =
    "d.id, d.execution_id, d.organization_id, e.workflow_id, e.workflow_name, e.status, d.attempt, d.reason,
   d.state, d.created_at, d.replayed_as, d.replayed_by, d.replayed_at";

/// A ticket that the queue gave up on, and its run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeadLetter {
    /// Its id.
    pub id: DeadLetterId,
    /// The run that the ticket was for.
    pub execution_id: ExecutionId,
    /// Whose run it is.
    pub organization_id: OrganizationId,
    /// What runs.
    pub workflow_id: WorkflowId,
    /// The workflow's name when the run was queued.
    pub workflow_name: String,
    /// Where the run stands now.
    pub execution_status: Status,
    /// The attempt that nobody managed to make.
    pub attempt: i32,
    /// Why the queue gave up, in its own word, such as `delivery_limit`.
    pub reason: String,
    /// What was decided about the run.
    pub state: DeadLetterState,
    /// When that was.
    pub created_at: DateTime<Utc>,
    /// What somebody made of it.
    pub replay: Option<Replay>,
}

/// A new run in place of the one whose ticket died.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Replay {
    /// The new run.
    pub execution_id: ExecutionId,
    /// Who asked for it.
    pub replayed_by: UserId,
    /// When.
    pub replayed_at: DateTime<Utc>,
}

impl DeadLetter {
    /// `Conflict` with `already_replayed`, or with `not_finished` while its run goes on.
    pub fn can_be_replayed(&self) -> Result<()> {
        if let Some(replay) = &self.replay {
            let message = format!("this dead letter was replayed as {}", replay.execution_id);
            return Err(Error::Conflict { code: "already_replayed", message });
        }
        if !self.execution_status.is_terminal() {
            let status = self.execution_status.as_str();
            let message = format!("its execution has not ended: {status}; cancel it, or wait for its end");
            return Err(Error::Conflict { code: "not_finished", message });
        }
        Ok(())
    }
}

/// Decides about the run of a ticket that died: another attempt, or the end where a lost
/// worker would end it. `None`, and nothing written, when the run does not wait for this
/// attempt any more. Acknowledge the letter once this has returned.
pub async fn reconcile(db: &Db, ticket: Ticket, reason: &str) -> Result<Option<DeadLetterState>> {
    let reason = reason.to_owned();
    db.system().write(move |tx| Box::pin(async move { reconcile_in(tx, ticket, &reason).await })).await
}

async fn reconcile_in(tx: &mut Tx, ticket: Ticket, reason: &str) -> Result<Option<DeadLetterState>> {
    let (state, organization) = if let Some(organization) = retry(tx, ticket, reason).await? {
        (DeadLetterState::Retried, organization)
    } else if let Some(organization) = fail(tx, ticket).await? {
        crate::notifications::events::run_ended(tx, ticket.execution).await?;
        (DeadLetterState::Failed, organization)
    } else {
        return Ok(None);
    };
    let sql = Sql::new(
        "INSERT INTO dead_letters (id, execution_id, organization_id, attempt, reason, state, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
    )
    .bind(DeadLetterId::new())
    .bind(ticket.execution)
    .bind(organization)
    .bind(ticket.attempt)
    .bind(reason)
    .bind(state.as_str())
    .bind(now());
    tx.execute(sql).await?;
    Ok(Some(state))
}

/// Counts the attempt as lost; the run waits for the next one.
async fn retry(tx: &mut Tx, ticket: Ticket, reason: &str) -> Result<Option<OrganizationId>> {
    let sql = Sql::new(
        "UPDATE executions SET attempt = $2, losses = losses + 1
         WHERE id = $1 AND status = 'Pending' AND attempt = $2 - 1 AND retry_on_loss AND losses + 1 < $3
         RETURNING organization_id",
    );
    let sql = sql.bind(ticket.execution).bind(ticket.attempt).bind(MAX_LOSSES);
    let Some(row) = tx.optional(sql).await? else { return Ok(None) };
    let organization = row.get("organization_id")?;
    let next = Ticket { attempt: ticket.attempt + 1, ..ticket };
    let cause = format!("dead_letter:{reason}");
    executions::record(tx, next, organization, Taken::default(), &cause).await?;
    Ok(Some(organization))
}

/// Ends a run that must not be repeated, or was lost often enough.
async fn fail(tx: &mut Tx, ticket: Ticket) -> Result<Option<OrganizationId>> {
    let sql = Sql::new(
        "UPDATE executions SET attempt = $2, status = 'Failed', error_type = 'dead_letter', error_for_user = true,
           attempt_worker = NULL, attempt_started_at = NULL, completed_at = $4, error = CASE WHEN retry_on_loss THEN 'no worker could take this run; tried ' || $5 || ' times'
             ELSE 'no worker could take this run; not repeated' END
         WHERE id = $1 AND status = 'Pending' AND attempt = $2 - 1 AND (NOT retry_on_loss OR losses + 1 >= $3)
         RETURNING organization_id",
    );
    let sql = sql.bind(ticket.execution).bind(ticket.attempt).bind(MAX_LOSSES);
    let sql = sql.bind(now()).bind(MAX_LOSSES.to_string());
    tx.optional(sql).await?.map(|row| row.get("organization_id")).transpose()
}

/// Which letters to list; what is `None` does not matter.
#[derive(Clone, Copy, Debug, Default)]
pub struct Filters {
    /// What was decided.
    pub state: Option<DeadLetterState>,
    /// Whether somebody replayed it.
    pub replayed: Option<bool>,
}

/// Letters that the handle reaches, newest first, after `cursor`.
pub async fn list(
    scoped: &Scoped,
    filters: Filters,
    cursor: Option<DeadLetterId>,
    limit: u32,
) -> Result<Page<DeadLetter, DeadLetterId>> {
    let limit = limit.clamp(1, MAX_PAGE);
    let mut sql = selected(scoped.access())?;
    if let Some(state) = filters.state {
        sql.push(" AND d.state = ").push_bind(state.as_str());
    }
    if let Some(replayed) = filters.replayed {
        sql.push(if replayed { " AND d.replayed_as IS NOT NULL" } else { " AND d.replayed_as IS NULL" });
    }
    if let Some(cursor) = cursor {
        sql.push(" AND d.id < ").push_bind(cursor);
    }
    sql.push(" ORDER BY d.id DESC LIMIT ").push_bind(i64::from(limit) + 1);
    let mut items = scoped.read().await?.all(sql).await?.iter().map(read).collect::<Result<Vec<_>>>()?;
    let more = items.len() > limit as usize;
    items.truncate(limit as usize);
    let next = if more { items.last().map(|last| last.id) } else { None };
    Ok(Page { items, next })
}

/// One letter. `NotFound` outside the handle's reach.
pub async fn get(scoped: &Scoped, id: DeadLetterId) -> Result<DeadLetter> {
    let mut sql = selected(scoped.access())?;
    sql.push(" AND d.id = ").push_bind(id);
    read(&scoped.read().await?.optional(sql).await?.ok_or(Error::NotFound("dead letter"))?)
}

/// Accepts a new run in place of the letter's, for the handle's organization. Each letter
/// is replayed once, whoever asks at the same time.
///
/// As [`executions::accept`] and [`DeadLetter::can_be_replayed`]; `NotFound` outside the
/// handle's reach.
pub async fn replay(
    org: &Scoped,
    objects: &dyn Objects,
    id: DeadLetterId,
    new: NewExecution,
) -> Result<Execution> {
    let organization = org.organization()?;
    let trace = bifrost_core::trace::current();
    let unit = |execution, new: NewExecution, stored| {
        let run = Run { id: execution, organization, stored, trace };
        org.write(move |tx| Box::pin(async move {
            let mut sql = selected(tx.access())?;
            sql.push(" AND d.id = ").push_bind(id).push(&tx.engine().for_update_of("d"));
            let letter = read(&tx.optional(sql).await?.ok_or(Error::NotFound("dead letter"))?)?;
            letter.can_be_replayed()?;
            let by = new.executed_by;
            let accepted = executions::accept_in(tx, run, new).await?;
            let sql = Sql::new(
                "UPDATE dead_letters SET replayed_as = $2, replayed_by = $3, replayed_at = $4 WHERE id = $1",
            );
            let sql = sql.bind(id).bind(accepted.execution.id).bind(by).bind(now());
            tx.execute(sql).await?;
            let event = Event::new("dead_letter.replay")
                .target("dead_letter", id)
                .detail("execution", accepted.execution.id);
            record(tx, event).await?;
            Ok(accepted)
        }))
    };
    let accepted = documents::accept_by(org, objects, new, unit).await?;
    executions::count();
    Ok(accepted.execution)
}

/// The letters that an access reaches, ready for more conditions.
fn selected(access: Access) -> Result<Sql> {
    let mut sql = Sql::new(format!(
        "SELECT {COLUMNS} FROM dead_letters d JOIN executions e ON e.id = d.execution_id WHERE true"
    ));
    if access != Access::System {
        sql.push(" AND d.organization_id = ").push_bind(access.scope_id()?);
    }
    Ok(sql)
}

fn read(row: &Row) -> Result<DeadLetter> {
    let replay = match row.opt("replayed_as")? {
        Some(execution_id) => Some(Replay {
            execution_id,
            replayed_by: row.get("replayed_by")?,
            replayed_at: row.get("replayed_at")?,
        }),
        None => None,
    };
    Ok(DeadLetter {
        id: row.get("id")?,
        execution_id: row.get("execution_id")?,
        organization_id: row.get("organization_id")?,
        workflow_id: row.get("workflow_id")?,
        workflow_name: row.get("workflow_name")?,
        execution_status: row.parse("status")?,
        attempt: row.get("attempt")?,
        reason: row.get("reason")?,
        state: row.parse("state")?,
        created_at: row.get("created_at")?,
        replay,
    })
}
