//! Schedules: what starts a workflow, or emits a topic, by the clock. Some are written by people, others
//! stand in the workspace's code and follow its deployments.

mod decorated;
mod emitting;
mod firing;

pub(crate) use decorated::{of_workflow, synchronize};
pub use firing::{Due, Fired, due, fire, next_due, realign};

use crate::audit::{Event, record};
use crate::{Row, Scoped, Sql, Tx, now};
use bifrost_core::webhook::check_topic;
use bifrost_core::*;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Most schedules that people can write within one organization.
pub const MAX_SCHEDULES: i64 = 1_000;
/// Longest name, in bytes.
const MAX_NAME: usize = 200;

/// A schedule as the database has it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Schedule {
    /// Its id.
    pub id: ScheduleId,
    /// For whom its runs are; `None` for the provider's own.
    pub organization_id: Option<OrganizationId>,
    /// What it starts; `None` where it emits a topic.
    pub workflow_id: Option<WorkflowId>,
    /// The workflow's name now.
    pub workflow_name: Option<String>,
    /// What it emits; `None` where it starts a workflow.
    pub topic: Option<String>,
    /// Who wrote it.
    pub source: ScheduleSource,
    /// What people call it.
    pub name: String,
    /// Five fields, or a nickname.
    pub cron: String,
    /// IANA name.
    pub time_zone: String,
    /// When an earlier run has not ended.
    pub overlap: Overlap,
    /// When nobody noticed a tick in time.
    pub catch_up: CatchUp,
    /// When the turn of its runs comes.
    pub priority: BackgroundPriority,
    /// False: paused.
    pub is_enabled: bool,
    /// What its runs get, or the topic is told.
    pub parameters: Value,
    /// The next tick; `None` when there is none any more.
    pub next_at: Option<DateTime<Utc>>,
    /// The last tick that made a run, or emitted its topic.
    pub last_at: Option<DateTime<Utc>>,
    /// The run that it made last.
    pub last_execution: Option<ExecutionId>,
    /// Ticks that made nothing.
    pub skipped: i64,
    /// The last of those.
    pub last_skipped_at: Option<DateTime<Utc>>,
    /// `overlap`, `queue_full`, `missed`, `workflow_removed`, `workflow_inactive`, `topic_missing`,
    /// `too_large` or `organization_inactive`.
    pub last_skip_reason: Option<String>,
    /// Who wrote it, or deployed it.
    pub created_by: UserId,
    /// When.
    pub created_at: DateTime<Utc>,
    /// Last changed by somebody.
    pub updated_at: DateTime<Utc>,
}

/// A schedule to write.
#[derive(Clone, Debug)]
pub struct NewSchedule {
    /// One of the scope's own workflows or a global one, or a topic of the organization.
    pub starts: Starts,
    /// What people call it.
    pub name: String,
    /// Five fields, or a nickname.
    pub cron: String,
    /// IANA name.
    pub time_zone: String,
    /// When an earlier run has not ended.
    pub overlap: Overlap,
    /// When nobody noticed a tick in time.
    pub catch_up: CatchUp,
    /// When the turn of its runs comes.
    pub priority: BackgroundPriority,
    /// False: paused from the beginning.
    pub is_enabled: bool,
    /// A JSON object.
    pub parameters: Value,
    /// Who writes it.
    pub created_by: UserId,
}

/// What to change; `None` stays.
#[derive(Clone, Debug, Default)]
#[expect(missing_docs, reason = "the fields are those of NewSchedule")]
pub struct ScheduleChange {
    pub name: Option<String>,
    pub cron: Option<String>,
    pub time_zone: Option<String>,
    pub overlap: Option<Overlap>,
    pub catch_up: Option<CatchUp>,
    pub priority: Option<BackgroundPriority>,
    pub is_enabled: Option<bool>,
    pub parameters: Option<Value>,
}

impl ScheduleChange {
    /// True when it touches what a decorator says.
    fn is_of_code(&self) -> bool {
        self.name.is_some() || self.cron.is_some() || self.time_zone.is_some() || self.parameters.is_some()
    }
}

const SELECT: &str =
    "SELECT s.id, s.organization_id, s.workflow_id, w.name AS workflow_name, s.topic, s.source, s.name, s.cron,
   s.time_zone, s.overlap, s.catch_up, s.is_enabled, s.next_at, s.last_at, s.last_execution, s.skipped,
   s.last_skipped_at, s.last_skip_reason, s.created_by, s.created_at, s.updated_at, s.parameters, s.priority
 FROM schedules s LEFT JOIN workflows w ON w.id = s.workflow_id";

/// Writes a schedule for the handle's scope. `Invalid` names `name`, `cron_expression` or
/// `timezone`, or `topic` for what is no name of one; `NotFound` for a workflow that the scope does not have; `Conflict
/// too_many_schedules` beyond [`MAX_SCHEDULES`].
pub async fn create(scoped: &Scoped, new: NewSchedule) -> Result<Schedule> {
    let scope = scoped.access().scope_id()?;
    let timetable = Timetable::parse(&new.cron, &new.time_zone)?;
    let name = name(&new.name)?;
    let (id, time) = (ScheduleId::new(), now());
    let count =
        Sql::new("SELECT COUNT(*) AS n FROM schedules WHERE scope_id = $1 AND source = 'api'").bind(scope);
    let (workflow, topic) = match new.starts {
        Starts::Workflow(workflow) => (Some(workflow), None),
        Starts::Topic(topic) => (None, Some(topic)),
    };
    let what = match &topic {
        Some(topic) => {
            check_topic(topic)?;
            "VALUES ($1, $2, $3, $4, 'api', $5, $6, $7, $8, $9, $10, $11, $12, $13, $13, $14, $15)"
        }
        None => {
            "SELECT $1, $2, w.id, $4, 'api', $5, $6, $7, $8, $9, $10, $11, $12, $13, $13, $14, $15 FROM workflows w
             WHERE w.id = $3 AND w.removed_at IS NULL AND w.scope_id IN ($16, $17)"
        }
    };
    let mut sql = Sql::new(format!(
        "INSERT INTO schedules (id, organization_id, workflow_id, topic, source, name, cron, time_zone, overlap, catch_up,
           is_enabled, next_at, created_by, created_at, updated_at, parameters, priority) {what}"
    ))
    .bind(id)
    .bind(scoped.access().organization())
    .bind(workflow)
    .bind(topic)
    .bind(name)
    .bind(new.cron.trim())
    .bind(new.time_zone)
    .bind(new.overlap.as_str())
    .bind(new.catch_up.as_str())
    .bind(new.is_enabled)
    .bind(timetable.next_after(time))
    .bind(new.created_by)
    .bind(time)
    .bind(new.parameters)
    .bind(new.priority.as_str());
    if workflow.is_some() {
        sql = sql.bind(scope).bind(uuid::Uuid::nil());
    }
    scoped.write(move |tx| Box::pin(async move { create_in(tx, id, count, sql).await })).await
}

async fn create_in(tx: &mut Tx, id: ScheduleId, count: Sql, insert: Sql) -> Result<Schedule> {
    if tx.one(count).await?.get::<i64>("n")? >= MAX_SCHEDULES {
        let message = format!("there are {MAX_SCHEDULES} schedules already");
        return Err(Error::Conflict { code: "too_many_schedules", message });
    }
    if tx.execute(insert).await? == 0 {
        return Err(Error::NotFound("workflow"));
    }
    let made = find(tx, id, "").await?;
    let event = Event::new("schedule.create")
        .target("schedule", id)
        .maybe("workflow", made.workflow_name.as_ref())
        .maybe("topic", made.topic.as_ref())
        .detail("name", &made.name)
        .detail("cron", &made.cron)
        .detail("time_zone", &made.time_zone)
        .detail("is_enabled", made.is_enabled);
    record(tx, event).await?;
    Ok(made)
}

/// Schedules of the handle's scope, by name; those of one workflow only, if it is named.
pub async fn list(scoped: &Scoped, workflow: Option<WorkflowId>) -> Result<Vec<Schedule>> {
    let mut sql = Sql::new(SELECT);
    sql.push(" WHERE s.scope_id = ").push_bind(scoped.access().scope_id()?);
    if let Some(workflow) = workflow {
        sql.push(" AND s.workflow_id = ").push_bind(workflow);
    }
    sql.push(" ORDER BY s.name, s.id");
    scoped.read().await?.all(sql).await?.iter().map(read).collect()
}

/// One schedule of the handle's scope.
pub async fn get(scoped: &Scoped, id: ScheduleId) -> Result<Schedule> {
    find(&mut scoped.read().await?, id, "").await
}

/// Changes a schedule of the handle's scope. Another expression, another time zone and
/// the end of a pause begin anew from now on: what lies before is not made up for.
///
/// `Conflict schedule_from_code` for what the decorator says.
pub async fn update(scoped: &Scoped, id: ScheduleId, change: ScheduleChange) -> Result<Schedule> {
    scoped.write(move |tx| Box::pin(async move { update_in(tx, id, change).await })).await
}

async fn update_in(tx: &mut Tx, id: ScheduleId, change: ScheduleChange) -> Result<Schedule> {
    let lock = tx.engine().for_update_of("s");
    let old = find(tx, id, &lock).await?;
    let before = old.clone();
    if old.source == ScheduleSource::Decorator && change.is_of_code() {
        return Err(from_code());
    }
    let is_resumed = change.is_enabled == Some(true) && !old.is_enabled;
    let is_other = change.cron.is_some() || change.time_zone.is_some();
    let name = name(&change.name.unwrap_or(old.name))?;
    let cron = change.cron.unwrap_or(old.cron);
    let time_zone = change.time_zone.unwrap_or(old.time_zone);
    let timetable = Timetable::parse(&cron, &time_zone)?;
    let next = if is_resumed || is_other { timetable.next_after(now()) } else { old.next_at };
    let sql = Sql::new(
        "UPDATE schedules SET name = $2, cron = $3, time_zone = $4, overlap = $5, catch_up = $6, is_enabled = $7,
           parameters = $8, next_at = $9, updated_at = $10, priority = $11 WHERE id = $1",
    )
    .bind(id)
    .bind(name)
    .bind(cron.trim())
    .bind(time_zone)
    .bind(change.overlap.unwrap_or(old.overlap).as_str())
    .bind(change.catch_up.unwrap_or(old.catch_up).as_str())
    .bind(change.is_enabled.unwrap_or(old.is_enabled))
    .bind(change.parameters.unwrap_or(old.parameters))
    .bind(next)
    .bind(now())
    .bind(change.priority.unwrap_or(old.priority).as_str());
    tx.execute(sql).await?;
    let new = find(tx, id, "").await?;
    let event = Event::new("schedule.update")
        .target("schedule", id)
        .change("name", &before.name, &new.name)
        .change("cron", &before.cron, &new.cron)
        .change("time_zone", &before.time_zone, &new.time_zone)
        .change("overlap", &before.overlap, &new.overlap)
        .change("catch_up", &before.catch_up, &new.catch_up)
        .change("priority", &before.priority, &new.priority)
        .change("is_enabled", &before.is_enabled, &new.is_enabled);
    let event = if before.parameters == new.parameters { event } else { event.masked("parameters") };
    record(tx, event).await?;
    Ok(new)
}

/// Deletes a schedule of the handle's scope; its runs stay. `Conflict schedule_from_code`
/// for one that the next deployment would bring back.
pub async fn delete(scoped: &Scoped, id: ScheduleId) -> Result<()> {
    scoped.write(move |tx| Box::pin(async move { delete_in(tx, id).await })).await
}

async fn delete_in(tx: &mut Tx, id: ScheduleId) -> Result<()> {
    let old = find(tx, id, "").await?;
    if old.source == ScheduleSource::Decorator {
        return Err(from_code());
    }
    tx.execute(Sql::new("DELETE FROM schedules WHERE id = $1").bind(id)).await?;
    let event = Event::new("schedule.delete")
        .target("schedule", id)
        .maybe("workflow", old.workflow_name.as_ref())
        .maybe("topic", old.topic.as_ref())
        .detail("name", &old.name)
        .detail("cron", &old.cron);
    record(tx, event).await
}

/// Notes the run that somebody started by hand.
pub async fn started(scoped: &Scoped, id: ScheduleId, execution: ExecutionId) -> Result<()> {
    let sql = Sql::new("UPDATE schedules SET last_execution = $2 WHERE id = $1 AND scope_id = $3")
        .bind(id)
        .bind(execution)
        .bind(scoped.access().scope_id()?);
    scoped.write(move |tx| Box::pin(async move { tx.execute(sql).await.map(drop) })).await
}

fn from_code() -> Error {
    let message = "this schedule stands in the workspace's code: change its decorator, or pause it".into();
    Error::Conflict { code: "schedule_from_code", message }
}

fn name(text: &str) -> Result<String> {
    match text.trim() {
        name if (1..=MAX_NAME).contains(&name.len()) => Ok(name.to_owned()),
        _ => Err(Error::invalid("name", format!("expected 1 to {MAX_NAME} bytes"))),
    }
}

async fn find(tx: &mut Tx, id: ScheduleId, lock: &str) -> Result<Schedule> {
    let mut sql = Sql::new(SELECT);
    sql.push(" WHERE s.id = ").push_bind(id);
    sql.push(" AND s.scope_id = ").push_bind(tx.access().scope_id()?).push(lock);
    read(&tx.optional(sql).await?.ok_or(Error::NotFound("schedule"))?)
}

fn read(row: &Row) -> Result<Schedule> {
    Ok(Schedule {
        id: row.get("id")?,
        organization_id: row.opt("organization_id")?,
        workflow_id: row.opt("workflow_id")?,
        workflow_name: row.opt("workflow_name")?,
        topic: row.opt("topic")?,
        source: row.parse("source")?,
        name: row.get("name")?,
        cron: row.get("cron")?,
        time_zone: row.get("time_zone")?,
        overlap: row.parse("overlap")?,
        catch_up: row.parse("catch_up")?,
        priority: row.parse("priority")?,
        is_enabled: row.get("is_enabled")?,
        parameters: row.document("parameters")?,
        next_at: row.opt("next_at")?,
        last_at: row.opt("last_at")?,
        last_execution: row.opt("last_execution")?,
        skipped: row.get("skipped")?,
        last_skipped_at: row.opt("last_skipped_at")?,
        last_skip_reason: row.opt("last_skip_reason")?,
        created_by: row.get("created_by")?,
        created_at: row.get("created_at")?,
        updated_at: row.get("updated_at")?,
    })
}
