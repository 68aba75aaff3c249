//! What a schedule does when it is due. All schedules that are due together are fired in
//! one transaction: their next ticks, their runs, and what becomes of earlier runs. A
//! tick makes at most one run, by a unique index; whoever comes second changes nothing.

use super::emitting::{Ticked, emit};
use crate::executions::OPEN;
use crate::notifications::events;
use crate::{Db, Row, Sql, Tx, Value, now};
use bifrost_core::schedule::Plan;
use bifrost_core::*;
use chrono::{DateTime, Utc};
use std::collections::{HashMap, HashSet};

/// Runs of one schedule that may wait for each other.
const MAX_QUEUED: usize = 100;
/// Rows in one statement; times eleven parameters stays below every engine's limit.
const ROWS: usize = 500;

/// A schedule whose time has come.
#[derive(Clone, Debug)]
pub struct Due {
    /// Which.
    pub id: ScheduleId,
    /// The tick.
    pub at: DateTime<Utc>,
    pub(super) organization: OrganizationId,
    starts: Starts,
    pub(super) name: String,
    cron: String,
    time_zone: String,
    overlap: Overlap,
    catch_up: CatchUp,
    priority: BackgroundPriority,
    pub(super) parameters: serde_json::Value,
    /// Why it can start nothing.
    pub(super) obstacle: Option<&'static str>,
}

/// What a firing did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fired {
    /// New runs; most of them Pending, some wait for an earlier one.
    pub runs: Vec<ExecutionId>,
    /// Earlier runs that were asked to end.
    pub replaced: Vec<ExecutionId>,
    /// What topics have been told.
    pub emitted: Vec<DeliveryId>,
    /// Ticks that made nothing.
    pub skipped: usize,
}

/// What one schedule's tick comes to.
struct Decision {
    id: ScheduleId,
    last: Option<(DateTime<Utc>, Option<ExecutionId>)>,
    skips: i64,
    skip: Option<(DateTime<Utc>, &'static str)>,
}

impl Decision {
    fn skip(&mut self, at: DateTime<Utc>, why: &'static str) {
        self.skips += 1;
        self.skip = Some((at, why));
    }
}

/// A run to be made.
struct Run<'d> {
    id: ExecutionId,
    due: &'d Due,
    workflow: WorkflowId,
    status: Status,
    at: DateTime<Utc>,
}

/// Schedules that are due at `time`, the longest overdue first.
pub async fn due(db: &Db, time: DateTime<Utc>, limit: u32) -> Result<Vec<Due>> {
    let sql = Sql::new(
        "SELECT s.id, s.next_at, s.workflow_id, s.topic, s.name, s.cron, s.time_zone, s.overlap, s.catch_up, s.priority,
           s.parameters,
           o.id AS organization_id, o.is_active AS organization_active, w.is_active, w.removed_at
         FROM schedules s LEFT JOIN workflows w ON w.id = s.workflow_id
           JOIN organizations o ON o.id = COALESCE(s.organization_id, (SELECT p.id FROM organizations p WHERE p.is_provider))
         WHERE s.is_enabled AND s.next_at <= $1 ORDER BY s.next_at LIMIT $2",
    );
    let rows = db.system().read().await?.all(sql.bind(time).bind(limit)).await?;
    rows.iter().map(read).collect()
}

fn read(row: &Row) -> Result<Due> {
    let obstacle = if row.opt::<DateTime<Utc>>("removed_at")?.is_some() {
        Some("workflow_removed")
    } else if row.opt::<bool>("is_active")? == Some(false) {
        Some("workflow_inactive")
    } else if !row.get::<bool>("organization_active")? {
        Some("organization_inactive")
    } else {
        None
    };
    let starts = match row.opt("topic")? {
        Some(topic) => Starts::Topic(topic),
        None => Starts::Workflow(row.get("workflow_id")?),
    };
    Ok(Due {
        id: row.get("id")?,
        at: row.get("next_at")?,
        organization: row.get("organization_id")?,
        starts,
        name: row.get("name")?,
        cron: row.get("cron")?,
        time_zone: row.get("time_zone")?,
        overlap: row.parse("overlap")?,
        catch_up: row.parse("catch_up")?,
        priority: row.parse("priority")?,
        parameters: row.document("parameters")?,
        obstacle,
    })
}

/// Fires what [`due`] found, in one transaction. A schedule that was changed, or fired by
/// somebody else, in between is left alone.
pub async fn fire(db: &Db, due: Vec<Due>, time: DateTime<Utc>) -> Result<Fired> {
    if due.is_empty() {
        return Ok(Fired::default());
    }
    let plans: Vec<Plan> = due.iter().map(|due| plan(due, time)).collect();
    db.system().write(move |tx| Box::pin(async move { fire_in(tx, &due, &plans, time).await })).await
}

fn plan(due: &Due, time: DateTime<Utc>) -> Plan {
    match Timetable::parse(&due.cron, &due.time_zone) {
        Ok(timetable) => timetable.plan(due.at, time, due.catch_up),
        // It was valid when it was written, so this release knows less than that one.
        Err(error) => {
            tracing::error!(schedule = %due.id, "this schedule has stopped: {error}");
            Plan { missed: true, ..Plan::default() }
        }
    }
}

async fn fire_in(tx: &mut Tx, due: &[Due], plans: &[Plan], time: DateTime<Utc>) -> Result<Fired> {
    let taken = take(tx, due, plans).await?;
    let mut open = open_runs(tx, &taken).await?;
    let (mut runs, mut decisions, mut replaced, mut emitted) = (vec![], vec![], vec![], vec![]);
    for (due, plan) in due.iter().zip(plans).filter(|(due, _)| taken.contains(&due.id)) {
        let earlier = open.remove(&due.id).unwrap_or_default();
        let mut decision = Decision { id: due.id, last: None, skips: 0, skip: None };
        if plan.missed {
            decision.skip(due.at, "missed");
        }
        let workflow = match &due.starts {
            Starts::Workflow(workflow) => *workflow,
            Starts::Topic(topic) => {
                for at in &plan.run {
                    match emit(tx, due, topic, *at).await? {
                        Ticked::Emitted(delivery) => {
                            emitted.push(delivery);
                            decision.last = Some((*at, None));
                        }
                        Ticked::Known => {}
                        Ticked::Skipped(why) => decision.skip(*at, why),
                    }
                }
                decisions.push(decision);
                continue;
            }
        };
        let first = runs.len();
        decide(due, workflow, plan, &earlier, &mut decision, &mut runs);
        if due.overlap == Overlap::Replace && runs.len() > first {
            replaced.extend(
                earlier.iter().filter(|(_, status)| *status != Status::Cancelling).map(|(id, _)| *id),
            );
        }
        decisions.push(decision);
    }
    for id in &replaced {
        match crate::executions::cancel_in(tx, *id).await {
            // It ended by itself in this moment.
            Ok(_) | Err(Error::Conflict { .. }) => {}
            Err(error) => return Err(error),
        }
    }
    let made = insert(tx, &runs, time).await?;
    for decision in &mut decisions {
        let last = runs.iter().rfind(|run| run.due.id == decision.id && made.contains(&run.id));
        decision.last = last.map(|run| (run.at, Some(run.id))).or(decision.last);
    }
    note(tx, &decisions).await?;
    for (id, why) in decisions.iter().filter_map(|one| Some((one.id, one.skip?.1))) {
        if let Some(of) = due.iter().find(|due| due.id == id) {
            events::schedule_missed(tx, of.organization, id, &of.name, why).await?;
        }
    }
    Ok(Fired {
        runs: runs.iter().map(|run| run.id).filter(|id| made.contains(id)).collect(),
        replaced,
        emitted,
        skipped: decisions.iter().map(|decision| usize::try_from(decision.skips).unwrap_or(0)).sum(),
    })
}

/// Moves the schedules to their next ticks. Those that were moved are this transaction's.
async fn take(tx: &mut Tx, due: &[Due], plans: &[Plan]) -> Result<HashSet<ScheduleId>> {
    let mut taken = HashSet::new();
    let all: Vec<_> = due.iter().zip(plans).collect();
    for chunk in all.chunks(ROWS) {
        let rows = chunk.iter().map(|(due, plan)| [due.id.into(), due.at.into(), plan.next.into()]);
        let mut sql = values("v (schedule, due, next)", rows);
        sql.push(
            " UPDATE schedules SET next_at = v.next FROM v
             WHERE schedules.id = v.schedule AND schedules.next_at = v.due AND schedules.is_enabled RETURNING id",
        );
        for row in tx.all(sql).await? {
            taken.insert(row.get("id")?);
        }
    }
    Ok(taken)
}

/// Runs of these schedules that have not ended.
async fn open_runs(
    tx: &mut Tx,
    schedules: &HashSet<ScheduleId>,
) -> Result<HashMap<ScheduleId, Vec<(ExecutionId, Status)>>> {
    let mut open: HashMap<_, Vec<_>> = HashMap::new();
    let all: Vec<_> = schedules.iter().collect();
    for chunk in all.chunks(ROWS) {
        let mut sql = Sql::new(format!(
            "SELECT id, schedule_id, status FROM executions WHERE {OPEN} AND schedule_id IN ("
        ));
        for (index, id) in chunk.iter().enumerate() {
            sql.push(if index == 0 { "" } else { ", " }).push_bind(**id);
        }
        sql.push(")");
        for row in tx.all(sql).await? {
            open.entry(row.get("schedule_id")?).or_default().push((row.get("id")?, row.parse("status")?));
        }
    }
    Ok(open)
}

/// Which of a plan's instants make runs, beside the runs that have not ended.
fn decide<'d>(
    due: &'d Due,
    workflow: WorkflowId,
    plan: &Plan,
    earlier: &[(ExecutionId, Status)],
    decision: &mut Decision,
    runs: &mut Vec<Run<'d>>,
) {
    let mut open = earlier.len();
    // These must end by themselves; all others end at once when they are replaced.
    let held = earlier.iter().any(|(_, status)| !matches!(status, Status::Scheduled | Status::Pending));
    for (index, at) in plan.run.iter().enumerate() {
        let is_last = index + 1 == plan.run.len();
        let status = match due.overlap {
            _ if due.obstacle.is_some() => Err(due.obstacle.unwrap_or_default()),
            Overlap::Skip if open > 0 => Err("overlap"),
            Overlap::Replace if !is_last => Err("overlap"),
            Overlap::Queue if open >= MAX_QUEUED => Err("queue_full"),
            Overlap::Replace if held => Ok(Status::Scheduled),
            Overlap::Queue if open > 0 => Ok(Status::Scheduled),
            _ => Ok(Status::Pending),
        };
        match status {
            Ok(status) => {
                runs.push(Run { id: ExecutionId::new(), due, workflow, status, at: *at });
                open += 1;
            }
            Err(why) => decision.skip(*at, why),
        }
    }
}

/// Makes the runs; answers those that were not there before.
async fn insert(tx: &mut Tx, runs: &[Run<'_>], time: DateTime<Utc>) -> Result<HashSet<ExecutionId>> {
    let mut made = HashSet::new();
    for chunk in runs.chunks(ROWS) {
        let rows = chunk.iter().map(|run| {
            let not_before = (run.status == Status::Scheduled).then_some(time);
            [
                run.id.into(),
                run.due.id.into(),
                run.due.organization.into(),
                run.workflow.into(),
                run.status.as_str().into(),
                run.due.name.as_str().into(),
                Priority::from(run.due.priority).rank().into(),
                not_before.into(),
                run.at.into(),
                (&run.due.parameters).into(),
            ]
        });
        let header = "v (execution, schedule, organization, workflow, status, name, priority, not_before, instant, parameters)";
        let mut sql = values(header, rows);
        // Nobody asked: the workflow acts for its organization, with the least rights.
        sql.push(
            " INSERT INTO executions (id, organization_id, workflow_id, workflow_name, version_id, status, retry_on_loss,
               executed_by, executed_by_email, executed_by_name, executed_by_role, created_at, priority, not_before,
               schedule_id, scheduled_for, parameters)
             SELECT v.execution, v.organization, w.id, w.name, s.active_version_id, v.status, w.retry_on_loss,
               w.id, ",
        );
        sql.push_bind(schedule::IDENTITY).push(", v.name, ");
        sql.push_bind(Role::OrgUser.as_str()).push(", ").push_bind(now());
        sql.push(
            ", v.priority, v.not_before, v.schedule, v.instant, v.parameters
             FROM v JOIN workflows w ON w.id = v.workflow JOIN workspaces s ON s.id = w.workspace_id
             WHERE s.active_version_id IS NOT NULL
             ON CONFLICT DO NOTHING RETURNING id",
        );
        for row in tx.all(sql).await? {
            made.insert(row.get("id")?);
        }
    }
    Ok(made)
}

/// Writes down at the schedules what became of their ticks.
async fn note(tx: &mut Tx, decisions: &[Decision]) -> Result<()> {
    for chunk in decisions.chunks(ROWS) {
        let rows = chunk.iter().map(|decision| {
            [
                decision.id.into(),
                decision.last.map(|(at, _)| at).into(),
                decision.last.and_then(|(_, id)| id).into(),
                decision.skips.into(),
                decision.skip.map(|(at, _)| at).into(),
                decision.skip.map(|(_, why)| why).into(),
            ]
        });
        let mut sql = values("v (schedule, last_at, execution, skips, skipped_at, reason)", rows);
        sql.push(
            " UPDATE schedules SET last_at = COALESCE(v.last_at, schedules.last_at),
               last_execution = COALESCE(v.execution, schedules.last_execution), skipped = schedules.skipped + v.skips,
               last_skipped_at = COALESCE(v.skipped_at, schedules.last_skipped_at),
               last_skip_reason = COALESCE(v.reason, schedules.last_skip_reason)
             FROM v WHERE schedules.id = v.schedule",
        );
        tx.execute(sql).await?;
    }
    Ok(())
}

/// Begins a statement with rows of parameters under a name.
fn values<const N: usize>(header: &str, rows: impl Iterator<Item = [Value; N]>) -> Sql {
    let mut sql = Sql::new(format!("WITH {header} AS (VALUES "));
    for (index, row) in rows.enumerate() {
        sql.push(if index == 0 { "(" } else { ", (" });
        for (column, value) in row.into_iter().enumerate() {
            sql.push(if column == 0 { "" } else { ", " }).push_bind(value);
        }
        sql.push(")");
    }
    sql.push(")");
    sql
}

/// The earliest time at which there is something to do: a tick, or a deferred run.
pub async fn next_due(db: &Db, time: DateTime<Utc>) -> Result<Option<DateTime<Utc>>> {
    let mut tx = db.system().read().await?;
    let sql = Sql::new("SELECT MIN(next_at) AS at FROM schedules WHERE is_enabled");
    let tick = tx.one(sql).await?.opt("at")?;
    let sql = Sql::new(
        "SELECT MIN(not_before) AS at FROM executions WHERE status = 'Scheduled' AND not_before > $1",
    );
    let run = tx.one(sql.bind(time)).await?.opt("at")?;
    Ok([tick, run].into_iter().flatten().min())
}

/// Computes every tick that lies ahead anew, and tells how many were wrong: after a clock
/// that was wrong, or when a release knows other rules for a time zone.
pub async fn realign(db: &Db, time: DateTime<Utc>) -> Result<usize> {
    let sql = Sql::new(
        "SELECT id, cron, time_zone, next_at FROM schedules WHERE is_enabled AND (next_at > $1 OR next_at IS NULL)",
    );
    let rows = db.system().read().await?.all(sql.bind(time)).await?;
    let mut wrong: Vec<(ScheduleId, Option<DateTime<Utc>>)> = Vec::new();
    for row in rows {
        let (cron, zone): (String, String) = (row.get("cron")?, row.get("time_zone")?);
        let Ok(timetable) = Timetable::parse(&cron, &zone) else { continue };
        let next = timetable.next_after(time);
        if next != row.opt("next_at")? {
            wrong.push((row.get("id")?, next));
        }
    }
    let count = wrong.len();
    for chunk in wrong.chunks(ROWS) {
        let mut sql =
            values("v (schedule, next)", chunk.iter().map(|(id, next)| [(*id).into(), (*next).into()]));
        sql.push(" UPDATE schedules SET next_at = v.next FROM v WHERE schedules.id = v.schedule AND (schedules.next_at > ");
        sql.push_bind(time).push(" OR schedules.next_at IS NULL)");
        db.system().write(move |tx| Box::pin(async move { tx.execute(sql).await })).await?;
    }
    Ok(count)
}
