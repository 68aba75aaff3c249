//! A worker's side of a run: claim it, keep it, write its log, end it.

use super::{COLUMNS, read, result_type_name};
use crate::notifications::events;
use crate::sql::Value;
use crate::{Db, Sql, Tx, now, usage};
use bifrost_core::ports::Ticket;
use bifrost_core::*;
use chrono::{DateTime, TimeDelta, Utc};
use std::collections::HashMap;

/// How many workers a run may lose. One that takes its worker down three times is taken
/// to be the reason.
pub const MAX_LOSSES: i32 = 3;
/// Leases in one UPDATE; times two parameters stays far below every engine's limit.
const LEASES: usize = 500;
/// Log lines in one INSERT; times seven parameters stays below every engine's limit.
const LOG_ROWS: usize = 500;

/// What a worker needs for a run it has claimed.
#[derive(Clone, Debug)]
pub struct Claimed {
    /// The run, Running.
    pub execution: Execution,
    /// Proves the lease in [`renew_lease`], [`append_logs`] and [`finish`]; grows with
    /// each claim of this execution.
    pub token: i64,
    /// When the lease ends unless it is renewed.
    pub lease_until: DateTime<Utc>,
    /// Who owns the code; decides what it may see.
    pub workspace: Scope,
    /// [`Source::hash`] of the version it was queued with.
    pub source_hash: String,
    /// Where that source is among the objects.
    pub object_key: String,
    /// The workflow, as the workspace's latest version describes it.
    pub workflow: WorkflowInfo,
    /// What the organization's runs may use.
    pub limits: Limits,
    /// The organization's name.
    pub organization_name: String,
    /// Whether it is the provider's own.
    pub is_of_provider: bool,
    /// Sequence of the next log line: 1, or what follows the last attempt's.
    pub next_sequence: i64,
    /// The trace of whoever asked for the run: a W3C `traceparent`.
    pub trace_parent: Option<String>,
}

/// What became of a lease.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lease {
    /// Held until the new time.
    Held,
    /// Held, and the run is asked to end.
    Cancelling,
    /// Somebody else's, or the run has ended: stop, and write nothing.
    Lost,
}

/// How the token of a write compares with the lease's: an older one changes nothing.
#[cfg(not(feature = "planted-faults"))]
pub(super) fn fence() -> &'static str {
    "="
}

#[cfg(feature = "planted-faults")]
pub(super) use crate::planted::fence;

/// Claims the attempt that a ticket admits; `None` when it was made already, by this
/// or another worker, the run has ended, or its organization is suspended or has as many
/// runs under way as it may: then it waits on, and is admitted again. `lease_secs` from now
/// on nobody else will.
pub async fn claim(db: &Db, ticket: Ticket, worker_id: &str, lease_secs: u32) -> Result<Option<Claimed>> {
    let time = now();
    let until = time + TimeDelta::seconds(lease_secs.into());
    #[cfg(not(feature = "planted-faults"))]
    let waits = "Pending";
    #[cfg(feature = "planted-faults")]
    let waits = crate::planted::admitted(db, ticket).await?;
    let sql = Sql::new(format!(
        "UPDATE executions SET status = 'Running', attempt = $2, lease_token = lease_token + 1, lease_worker = $3,
           lease_until = $4, started_at = COALESCE(started_at, $5), attempt_started_at = $5, attempt_worker = $3
         WHERE id = $1 AND attempt = $2 - 1 AND status = '{waits}' AND (not_before IS NULL OR not_before <= $5)
           AND NOT EXISTS (SELECT 1 FROM organizations o WHERE o.id = executions.organization_id AND NOT o.is_active)
           AND (SELECT COUNT(*) FROM executions r
               WHERE r.organization_id = executions.organization_id AND r.lease_until IS NOT NULL)
             < COALESCE((SELECT CAST(o.limits->>'concurrent_runs' AS NUMERIC) FROM organizations o
               WHERE o.id = executions.organization_id), $6)
         RETURNING {COLUMNS}, lease_token, trace_parent,
           (SELECT v.source_hash FROM versions v WHERE v.id = executions.version_id) AS source_hash,
           (SELECT v.object_key FROM versions v WHERE v.id = executions.version_id) AS object_key,
           (SELECT v.organization_id FROM versions v WHERE v.id = executions.version_id) AS workspace_organization,
           (SELECT w.info FROM workflows w WHERE w.id = executions.workflow_id) AS info,
           (SELECT o.limits FROM organizations o WHERE o.id = executions.organization_id) AS limits,
           (SELECT o.name FROM organizations o WHERE o.id = executions.organization_id) AS organization_name,
           (SELECT o.is_provider FROM organizations o WHERE o.id = executions.organization_id) AS is_of_provider,
           (SELECT COALESCE(MAX(l.sequence), 0) + 1 FROM execution_logs l WHERE l.execution_id = executions.id) AS next_sequence"
    ))
    .bind(ticket.execution)
    .bind(ticket.attempt)
    .bind(worker_id)
    .bind(until)
    .bind(time)
    .bind(i64::try_from(Limits::default().concurrent_runs).unwrap_or(i64::MAX));
    let row = db.system().write(move |tx| Box::pin(async move { tx.optional(sql).await })).await?;
    row.map(|row| {
        Ok(Claimed {
            execution: read(&row)?,
            token: row.get("lease_token")?,
            lease_until: until,
            workspace: row.opt::<OrganizationId>("workspace_organization")?.into(),
            source_hash: row.get("source_hash")?,
            object_key: row.get("object_key")?,
            workflow: row.document("info")?,
            limits: row.document("limits")?,
            organization_name: row.get("organization_name")?,
            is_of_provider: row.get("is_of_provider")?,
            next_sequence: row.get("next_sequence")?,
            trace_parent: row.opt("trace_parent")?,
        })
    })
    .transpose()
}

/// Keeps a lease for `lease_secs` from now on, and tells whether the run is to end.
pub async fn renew_lease(db: &Db, execution: ExecutionId, token: i64, lease_secs: u32) -> Result<Lease> {
    let fence = fence();
    let sql = Sql::new(format!(
        "UPDATE executions SET lease_until = $3 WHERE id = $1 AND lease_token {fence} $2
           AND status IN ('Running', 'Waiting', 'Cancelling') RETURNING status"
    ))
    .bind(execution)
    .bind(token)
    .bind(now() + TimeDelta::seconds(lease_secs.into()));
    let row = db.system().write(move |tx| Box::pin(async move { tx.optional(sql).await })).await?;
    Ok(match row.map(|row| row.parse::<Status>("status")).transpose()? {
        None => Lease::Lost,
        Some(Status::Cancelling) => Lease::Cancelling,
        Some(_) => Lease::Held,
    })
}

/// As [`renew_lease`] for many attempts, each named by its run and token, in few statements.
/// Answers what became of each.
pub async fn renew_leases(
    db: &Db,
    held: &[(ExecutionId, i64)],
    lease_secs: u32,
) -> Result<Vec<(ExecutionId, i64, Lease)>> {
    let mut leases = Vec::with_capacity(held.len());
    for chunk in held.chunks(LEASES) {
        let mut sql = Sql::new("WITH v (execution, token) AS (VALUES ");
        for (index, (execution, token)) in chunk.iter().enumerate() {
            sql.push(if index == 0 { "(" } else { ", (" }).push_bind(*execution);
            sql.push(", ").push_bind(*token).push(")");
        }
        sql.push(") UPDATE executions SET lease_until = ");
        sql.push_bind(now() + TimeDelta::seconds(lease_secs.into()));
        sql.push(" FROM v WHERE id = v.execution AND lease_token ").push(fence());
        sql.push(" v.token AND status IN ('Running', 'Waiting', 'Cancelling') RETURNING id, status");
        let rows = db.system().write(move |tx| Box::pin(async move { tx.all(sql).await })).await?;
        let mut renewed: HashMap<ExecutionId, Status> = HashMap::with_capacity(rows.len());
        for row in rows {
            renewed.insert(row.get("id")?, row.parse("status")?);
        }
        leases.extend(chunk.iter().map(|(execution, token)| {
            let lease = match renewed.get(execution) {
                None => Lease::Lost,
                Some(Status::Cancelling) => Lease::Cancelling,
                Some(_) => Lease::Held,
            };
            (*execution, *token, lease)
        }));
    }
    Ok(leases)
}

/// Ends a run. False, and nothing written, when the token is not the lease's or the
/// run has ended already. An outcome that is not terminal is an error.
pub async fn finish(db: &Db, execution: ExecutionId, token: i64, outcome: Outcome) -> Result<bool> {
    Ok(end(db, execution, token, Ending::of(outcome)).await?.is_some())
}

/// The end of a run, and what is written in the same transaction.
#[derive(Clone, Debug)]
pub struct Ending {
    /// How it ended.
    pub outcome: Outcome,
    /// Objects of result and variables that are too large for the row.
    pub stored: Stored,
    /// The last lines of the log.
    pub lines: Vec<LogLine>,
    /// True when the log is to become an object; see [`super::archive`].
    pub has_long_log: bool,
    /// What it used of its limits.
    pub metering: Option<Metering>,
    /// Its HTTP calls.
    pub calls: HttpCalls,
}

impl Ending {
    /// An end with nothing beside its outcome.
    pub fn of(outcome: Outcome) -> Self {
        Self {
            outcome,
            stored: Stored::default(),
            lines: vec![],
            has_long_log: false,
            metering: None,
            calls: HttpCalls::default(),
        }
    }
}

/// As [`finish`], with all that belongs to the end; tells when the run ended.
pub async fn end(
    db: &Db,
    execution: ExecutionId,
    token: i64,
    ending: Ending,
) -> Result<Option<DateTime<Utc>>> {
    let Ending { outcome, stored, lines, has_long_log, metering, calls } = ending;
    let metering = metering.map(|metering| Value::json(&metering)).transpose()?.unwrap_or(Value::Json(None));
    if !outcome.status.is_terminal() {
        return Err(Error::Internal(anyhow::anyhow!("{:?} is not an end", outcome.status)));
    }
    let time = now();
    let fence = fence();
    let went_wrong = outcome.status != Status::Success && outcome.status != Status::Cancelled;
    let worth = usage::worth(&outcome);
    let sql = Sql::new(format!(
        "UPDATE executions SET status = $3, completed_at = $4, lease_worker = NULL, lease_until = NULL, result_type = $5,
           error_type = $6, error_for_user = $7, fuel_used = $8, memory_peak_bytes = $9, duration_ms = $10, error = $11,
           traceback = $12, roi = $13, result = $14, variables = $15, result_object = $16, variables_object = $17, has_long_log = $18,
           metering = $19
         WHERE id = $1 AND lease_token {fence} $2 AND status IN ('Running', 'Waiting', 'Cancelling')
         RETURNING organization_id"
    ))
    .bind(execution)
    .bind(token)
    .bind(outcome.status.as_str())
    .bind(time)
    .bind(outcome.result_type.map(result_type_name))
    .bind(outcome.error_type)
    .bind(outcome.error_for_user)
    .bind(i64::try_from(outcome.fuel_used).unwrap_or(i64::MAX))
    .bind(i64::try_from(outcome.memory_peak_bytes).unwrap_or(i64::MAX))
    .bind(outcome.duration_ms)
    .bind(outcome.error)
    .bind(outcome.traceback)
    .bind(outcome.roi)
    .bind(outcome.result)
    .bind(outcome.variables)
    .bind(stored.result)
    .bind(stored.variables)
    .bind(has_long_log)
    .bind(metering);
    let ended = db
        .system()
        .write(move |tx| {
            Box::pin(async move {
                let Some(row) = tx.optional(sql).await? else { return Ok(false) };
                insert_lines(tx, execution, row.get("organization_id")?, &lines).await?;
                super::calls::keep_in(tx, execution, &calls).await?;
                if went_wrong {
                    events::run_ended(tx, execution).await?;
                }
                if let Some(roi) = worth {
                    usage::add(tx, execution, roi, time).await?;
                }
                Ok(true)
            })
        })
        .await?;
    Ok(ended.then_some(time))
}

/// Appends to a run's log. False, and nothing written, when the token is not the
/// lease's. Lines that are there already (a call that was repeated) stay as they are.
pub async fn append_logs(db: &Db, execution: ExecutionId, token: i64, lines: Vec<LogLine>) -> Result<bool> {
    db.system().write(move |tx| Box::pin(async move { append_in(tx, execution, token, lines).await })).await
}

pub(super) async fn append_in(
    tx: &mut Tx,
    execution: ExecutionId,
    token: i64,
    lines: Vec<LogLine>,
) -> Result<bool> {
    // Locked, so that the lease cannot be given to another between this and the commit.
    let sql = Sql::new(format!(
        "SELECT organization_id FROM executions WHERE id = $1 AND lease_token {} $2
           AND status IN ('Running', 'Waiting', 'Cancelling'){}",
        fence(),
        tx.engine().for_share()
    ));
    let Some(row) = tx.optional(sql.bind(execution).bind(token)).await? else { return Ok(false) };
    insert_lines(tx, execution, row.get("organization_id")?, &lines).await?;
    Ok(true)
}

async fn insert_lines(
    tx: &mut Tx,
    execution: ExecutionId,
    organization: OrganizationId,
    lines: &[LogLine],
) -> Result<()> {
    for chunk in lines.chunks(LOG_ROWS) {
        let mut sql = Sql::new(
            "INSERT INTO execution_logs (execution_id, sequence, organization_id, timestamp, level, logger, message) VALUES ",
        );
        for (index, line) in chunk.iter().enumerate() {
            sql.push(if index == 0 { "(" } else { ", (" }).push_bind(execution);
            sql.push(", ").push_bind(line.sequence);
            sql.push(", ").push_bind(organization);
            sql.push(", ").push_bind(line.timestamp);
            sql.push(", ").push_bind(super::query::level_rank(line.level));
            sql.push(", ").push_bind(line.logger.as_str());
            sql.push(", ").push_bind(line.message.as_str()).push(")");
        }
        sql.push(" ON CONFLICT (execution_id, sequence) DO NOTHING");
        tx.execute(sql).await?;
    }
    Ok(())
}
