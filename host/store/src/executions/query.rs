//! Reading runs: one, a page of a list without its wide columns, the log.

use super::{COLUMNS, archive, documents, read};
use crate::{Access, Row, Scoped, Sql};
use bifrost_core::ports::Objects;
use bifrost_core::*;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// Most entries of a page.
const MAX_PAGE: u32 = 1_000;

/// Which runs to list; what is `None` does not matter.
#[derive(Clone, Debug, Default)]
pub struct Filters {
    /// Where it stands: one of these, or anywhere where there is none.
    pub statuses: Vec<Status>,
    /// By id.
    pub workflow_id: Option<WorkflowId>,
    /// By the name it had when it was queued.
    pub workflow_name: Option<String>,
    /// Accepted at this time or later.
    pub from: Option<DateTime<Utc>>,
    /// Accepted before this time.
    pub to: Option<DateTime<Utc>>,
    /// Who asked for it.
    pub executed_by: Option<UserId>,
    /// The schedule that asked for it.
    pub schedule_id: Option<ScheduleId>,
    /// The run that started it.
    pub parent_id: Option<ExecutionId>,
    /// The run that it repeats.
    pub rerun_of: Option<ExecutionId>,
    /// What kind of thing asked for it.
    pub origin: Option<RunOrigin>,
    /// What went wrong.
    pub error_type: Option<String>,
}

/// A run in a list.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the fields are those of Execution and Outcome")]
pub struct Summary {
    pub id: ExecutionId,
    pub organization_id: OrganizationId,
    pub workflow_id: WorkflowId,
    pub workflow_name: String,
    pub version_id: VersionId,
    pub status: Status,
    pub executed_by: UserId,
    pub executed_by_email: String,
    pub executed_by_name: String,
    pub attempt: i32,
    pub created_at: DateTime<Utc>,
    pub started_at: Option<DateTime<Utc>>,
    pub completed_at: Option<DateTime<Utc>>,
    pub error_type: Option<String>,
    pub duration_ms: Option<i64>,
    pub rerun_of: Option<ExecutionId>,
}

/// A part of a list.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Page<T, C = ExecutionId> {
    /// Newest first.
    pub items: Vec<T>,
    /// Cursor for what follows; `None` at the end.
    pub next: Option<C>,
}

/// Runs that the handle reaches, newest first, after `cursor`.
pub async fn list(
    scoped: &Scoped,
    filters: &Filters,
    cursor: Option<ExecutionId>,
    limit: u32,
) -> Result<Page<Summary>> {
    let limit = limit.clamp(1, MAX_PAGE);
    let mut sql = Sql::new(
        "SELECT id, organization_id, workflow_id, workflow_name, version_id, status, executed_by, executed_by_email,
           executed_by_name, attempt, created_at, started_at, completed_at, error_type, duration_ms, rerun_of
         FROM executions WHERE true",
    );
    within(&mut sql, scoped.access())?;
    among(&mut sql, &filters.statuses);
    if let Some(id) = filters.workflow_id {
        sql.push(" AND workflow_id = ").push_bind(id);
    }
    if let Some(name) = &filters.workflow_name {
        sql.push(" AND workflow_name = ").push_bind(name.as_str());
    }
    if let Some(time) = filters.from {
        sql.push(" AND created_at >= ").push_bind(time);
    }
    if let Some(time) = filters.to {
        sql.push(" AND created_at < ").push_bind(time);
    }
    if let Some(user) = filters.executed_by {
        sql.push(" AND executed_by = ").push_bind(user);
    }
    if let Some(schedule) = filters.schedule_id {
        sql.push(" AND schedule_id = ").push_bind(schedule);
    }
    if let Some(parent) = filters.parent_id {
        sql.push(" AND parent_id = ").push_bind(parent);
    }
    if let Some(repeated) = filters.rerun_of {
        sql.push(" AND rerun_of = ").push_bind(repeated);
    }
    if let Some(origin) = filters.origin {
        sql.push(asked_by(origin));
    }
    if let Some(kind) = &filters.error_type {
        sql.push(" AND error_type = ").push_bind(kind.as_str());
    }
    if let Some(cursor) = cursor {
        sql.push(" AND id < ").push_bind(cursor);
    }
    sql.push(" ORDER BY id DESC LIMIT ").push_bind(i64::from(limit) + 1);
    let mut items = scoped.read().await?.all(sql).await?.iter().map(summary).collect::<Result<Vec<_>>>()?;
    let more = items.len() > limit as usize;
    items.truncate(limit as usize);
    let next = if more { items.last().map(|last| last.id) } else { None };
    Ok(Page { items, next })
}

/// One run as its row has it; see [`documents::load`] for the rest. `NotFound` outside the
/// handle's reach.
pub async fn get(scoped: &Scoped, id: ExecutionId) -> Result<Execution> {
    let mut sql = Sql::new(format!("SELECT {COLUMNS} FROM executions WHERE id = "));
    sql.push_bind(id);
    within(&mut sql, scoped.access())?;
    let row = scoped.read().await?.optional(sql).await?.ok_or(Error::NotFound("execution"))?;
    read(&row)
}

/// A run's log after a sequence (0 for all), at most `limit` lines of at least `level`,
/// wherever the lines are. `NotFound` outside the handle's reach, `Gone` when the log was
/// an object that is missing.
pub async fn logs(
    scoped: &Scoped,
    objects: &dyn Objects,
    id: ExecutionId,
    after_sequence: i64,
    limit: u32,
    level: Option<LogLevel>,
) -> Result<Vec<LogLine>> {
    // One statement, so that lines cannot become an object between two.
    let mut sql = Sql::new(
        "SELECT e.organization_id, e.log_object, l.sequence, l.timestamp, l.level, l.logger, l.message
         FROM executions e LEFT JOIN execution_logs l
           ON l.execution_id = e.id AND e.log_object IS NULL AND l.sequence > $2 AND l.level >= $3
         WHERE e.id = $1",
    )
    .bind(id)
    .bind(after_sequence)
    .bind(level.map_or(0, level_rank));
    if scoped.access() != Access::System {
        sql.push(" AND e.organization_id = ").push_bind(scoped.access().scope_id()?);
    }
    sql.push(" ORDER BY l.sequence LIMIT ").push_bind(i64::from(limit.max(1)));
    let rows = scoped.read().await?.all(sql).await?;
    let first = rows.first().ok_or(Error::NotFound("execution"))?;
    if let Some(name) = first.opt::<String>("log_object")? {
        let key = documents::key(first.get("organization_id")?, id, &name);
        return archive::read(objects, &key, after_sequence, limit as usize, level).await;
    }
    if first.opt::<i64>("sequence")?.is_none() {
        return Ok(vec![]);
    }
    rows.iter().map(line).collect()
}

pub(super) fn within(sql: &mut Sql, access: Access) -> Result<()> {
    if access != Access::System {
        sql.push(" AND organization_id = ").push_bind(access.scope_id()?);
    }
    Ok(())
}

fn among(sql: &mut Sql, statuses: &[Status]) {
    for (index, status) in statuses.iter().enumerate() {
        sql.push(if index == 0 { " AND status IN (" } else { ", " }).push_bind(status.as_str());
    }
    if !statuses.is_empty() {
        sql.push(")");
    }
}

fn asked_by(origin: RunOrigin) -> &'static str {
    match origin {
        RunOrigin::Person => {
            " AND schedule_id IS NULL AND delivery_id IS NULL AND form_id IS NULL AND endpoint_id IS NULL
             AND parent_id IS NULL"
        }
        RunOrigin::Schedule => " AND schedule_id IS NOT NULL",
        RunOrigin::Webhook => " AND delivery_id IS NOT NULL",
        RunOrigin::Form => " AND form_id IS NOT NULL",
        RunOrigin::Endpoint => " AND endpoint_id IS NOT NULL",
        RunOrigin::Workflow => " AND parent_id IS NOT NULL",
    }
}

/// The order of levels, as the database compares them.
pub(super) fn level_rank(level: LogLevel) -> i64 {
    match level {
        LogLevel::Debug => 10,
        LogLevel::Info => 20,
        LogLevel::Warning => 30,
        LogLevel::Error => 40,
        LogLevel::Critical => 50,
        LogLevel::Traceback => 60,
    }
}

pub(super) fn line(row: &Row) -> Result<LogLine> {
    let rank: i64 = row.get("level")?;
    let level = [
        LogLevel::Debug,
        LogLevel::Info,
        LogLevel::Warning,
        LogLevel::Error,
        LogLevel::Critical,
        LogLevel::Traceback,
    ]
    .into_iter()
    .find(|level| level_rank(*level) == rank)
    .ok_or_else(|| Error::Internal(anyhow::anyhow!("unknown log level {rank}")))?;
    Ok(LogLine {
        sequence: row.get("sequence")?,
        timestamp: row.get("timestamp")?,
        level,
        logger: row.get("logger")?,
        message: row.get("message")?,
    })
}

fn summary(row: &Row) -> Result<Summary> {
    Ok(Summary {
        id: row.get("id")?,
        organization_id: row.get("organization_id")?,
        workflow_id: row.get("workflow_id")?,
        workflow_name: row.get("workflow_name")?,
        version_id: row.get("version_id")?,
        status: row.parse("status")?,
        executed_by: row.get("executed_by")?,
        executed_by_email: row.get("executed_by_email")?,
        executed_by_name: row.get("executed_by_name")?,
        attempt: row.get("attempt")?,
        created_at: row.get("created_at")?,
        started_at: row.opt("started_at")?,
        completed_at: row.opt("completed_at")?,
        error_type: row.opt("error_type")?,
        duration_ms: row.opt("duration_ms")?,
        rerun_of: row.opt("rerun_of")?,
    })
}
