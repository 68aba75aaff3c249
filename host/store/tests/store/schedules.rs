//! Schedules: written, fired once per tick, in step with deployments; deferred runs.

use crate::common::*;
use bifrost_core::*;
use bifrost_store::executions::{self, promote_due};
use bifrost_store::organizations::{self, OrganizationChange};
use bifrost_store::schedules::{self, Fired, NewSchedule, Schedule, ScheduleChange};
use bifrost_store::{Db, Scoped, Sql, now, workflows, workspaces};
use chrono::{DateTime, TimeDelta, Timelike, Utc};
use futures::future::join_all;
use serde_json::json;

on_both!(
    schedules_are_written_read_and_deleted,
    a_tick_makes_one_run,
    runs_have_the_priority_of_their_schedule,
    overlapping_ticks_follow_the_policy,
    missed_ticks_follow_the_policy,
    what_cannot_run_is_skipped_with_its_reason,
    decorators_follow_deployments,
    a_workflow_with_a_schedule_is_in_use,
    ticks_ahead_are_computed_anew,
    the_provider_has_schedules_of_its_own,
    many_schedules_fire_together,
    deferred_runs_wait_for_their_time,
);

pub fn hourly(workflow: WorkflowId) -> NewSchedule {
    NewSchedule {
        starts: Starts::Workflow(workflow),
        name: "Hourly".into(),
        cron: "0 * * * *".into(),
        time_zone: "Europe/Berlin".into(),
        overlap: Overlap::Skip,
        catch_up: CatchUp::Last,
        priority: BackgroundPriority::Normal,
        is_enabled: true,
        parameters: json!({ "full": true }),
        created_by: UserId::new(),
    }
}

/// The last full hour.
pub fn hour() -> DateTime<Utc> {
    let time = now();
    time.with_minute(0).and_then(|t| t.with_second(0)).and_then(|t| t.with_nanosecond(0)).unwrap()
}

/// Makes a schedule due as of `time`.
pub async fn set_next(db: &Db, id: ScheduleId, time: DateTime<Utc>) {
    let sql = Sql::new("UPDATE schedules SET next_at = $2 WHERE id = $1").bind(id).bind(time);
    db.system().write(move |tx| Box::pin(async move { tx.execute(sql).await })).await.unwrap();
}

pub async fn fire(db: &Db, time: DateTime<Utc>) -> Fired {
    let due = schedules::due(db, time, 1000).await.unwrap();
    schedules::fire(db, due, time).await.unwrap()
}

/// Fires `id` for one tick at `at`, looked at half a second later.
async fn tick(db: &Db, id: ScheduleId, at: DateTime<Utc>) -> Fired {
    set_next(db, id, at).await;
    fire(db, at + TimeDelta::milliseconds(500)).await
}

async fn status(w: &World, id: ExecutionId) -> Status {
    w.get(id).await.status
}

async fn end(w: &World, id: ExecutionId) {
    let attempt = w.get(id).await.attempt + 1;
    let token = w.claim(id, attempt, 60).await.expect("pending").token;
    assert!(executions::finish(&w.db, id, token, success(json!(1))).await.unwrap());
}

async fn schedules_are_written_read_and_deleted(db: Db) {
    let w = World::new(db).await;
    let (org, other) = (w.db.org(w.org.id), w.db.org(w.other.id));
    let made = schedules::create(&org, hourly(w.workflow)).await.unwrap();
    assert_eq!((made.workflow_name.as_deref(), made.source), (Some("sync"), ScheduleSource::Api));
    assert!(made.next_at.is_some_and(|next| next > now() && next <= now() + TimeDelta::hours(1)));
    assert_eq!(schedules::get(&org, made.id).await.unwrap(), made);
    let shared = schedules::create(&org, NewSchedule { name: "A".into(), ..hourly(w.shared) }).await.unwrap();
    assert_eq!(schedules::list(&org, None).await.unwrap(), [shared, made.clone()]);
    assert_eq!(schedules::list(&org, Some(w.workflow)).await.unwrap(), std::slice::from_ref(&made));

    assert_eq!(schedules::list(&other, None).await.unwrap(), []);
    assert!(matches!(schedules::get(&other, made.id).await, Err(Error::NotFound("schedule"))));
    assert!(schedules::update(&other, made.id, ScheduleChange::default()).await.is_err());
    assert!(matches!(schedules::delete(&other, made.id).await, Err(Error::NotFound("schedule"))));
    let foreign = schedules::create(&other, hourly(w.workflow)).await.unwrap_err();
    assert!(matches!(foreign, Error::NotFound("workflow")));

    let change = ScheduleChange {
        cron: Some(" 30 4 * * * ".into()),
        overlap: Some(Overlap::Queue),
        ..Default::default()
    };
    let changed = schedules::update(&org, made.id, change).await.unwrap();
    assert_eq!(
        (changed.cron.as_str(), changed.overlap, changed.name.as_str()),
        ("30 4 * * *", Overlap::Queue, "Hourly")
    );
    assert_eq!(changed.next_at.map(|next| next.minute()), Some(30));
    for (change, field) in [
        (ScheduleChange { cron: Some("nope".into()), ..Default::default() }, "cron_expression"),
        (ScheduleChange { time_zone: Some("Mars".into()), ..Default::default() }, "timezone"),
        (ScheduleChange { name: Some("  ".into()), ..Default::default() }, "name"),
    ] {
        match schedules::update(&org, made.id, change).await {
            Err(Error::Invalid { field: found, .. }) => assert_eq!(found, field),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(schedules::get(&org, made.id).await.unwrap(), changed);
    schedules::delete(&org, made.id).await.unwrap();
    assert!(matches!(schedules::get(&org, made.id).await, Err(Error::NotFound("schedule"))));
}

async fn runs_have_the_priority_of_their_schedule(db: Db) {
    let w = World::new(db).await;
    let org = w.db.org(w.org.id);
    let new = NewSchedule { priority: BackgroundPriority::Bulk, ..hourly(w.workflow) };
    let made = schedules::create(&org, new).await.unwrap();
    assert_eq!(made.priority, BackgroundPriority::Bulk);
    let priorities = async || {
        let waiting = executions::backlog(&w.db, 10).await.unwrap().waiting;
        waiting.iter().map(|line| (line.priority, line.tickets.len())).collect::<Vec<_>>()
    };
    assert_eq!(tick(&w.db, made.id, hour()).await.runs.len(), 1);
    assert_eq!(priorities().await, [(Priority::Bulk.rank(), 1)]);
    let change = ScheduleChange {
        priority: Some(BackgroundPriority::Normal),
        overlap: Some(Overlap::Queue),
        ..Default::default()
    };
    assert_eq!(schedules::update(&org, made.id, change).await.unwrap().priority, BackgroundPriority::Normal);
    let first = executions::backlog(&w.db, 10).await.unwrap().waiting[0].tickets[0];
    let claimed = w.claim(first.execution, 1, 60).await.unwrap();
    executions::finish(&w.db, first.execution, claimed.token, success(json!(1))).await.unwrap();
    assert_eq!(tick(&w.db, made.id, hour() + TimeDelta::hours(1)).await.runs.len(), 1);
    assert_eq!(priorities().await, [(Priority::Normal.rank(), 1)]);
}

async fn a_tick_makes_one_run(db: Db) {
    let w = World::new(db).await;
    let org = w.db.org(w.org.id);
    let id = schedules::create(&org, hourly(w.workflow)).await.unwrap().id;
    assert_eq!(fire(&w.db, now()).await, Fired::default(), "not due yet");
    let at = hour();
    set_next(&w.db, id, at).await;
    let time = at + TimeDelta::milliseconds(20);
    assert_eq!(schedules::next_due(&w.db, time).await.unwrap(), Some(at));
    let due = schedules::due(&w.db, time, 10).await.unwrap();
    assert_eq!(due.iter().map(|due| (due.id, due.at)).collect::<Vec<_>>(), [(id, at)]);
    let all = join_all((0..4).map(|_| schedules::fire(&w.db, due.clone(), time))).await;
    let runs: Vec<_> = all.into_iter().flat_map(|fired| fired.unwrap().runs).collect();
    assert_eq!(runs.len(), 1, "one of all who saw it");

    let run = w.get(runs[0]).await;
    assert_eq!((run.status, run.attempt, run.schedule_id), (Status::Pending, 0, Some(id)));
    assert_eq!((run.workflow_name.as_str(), run.parameters), ("sync", json!({ "full": true })));
    assert_eq!((run.executed_by.0, run.executed_by_name.as_str()), (w.workflow.0, "Hourly"));
    assert_eq!(run.executed_by_role, Role::OrgUser);
    let schedule = schedules::get(&org, id).await.unwrap();
    assert_eq!((schedule.last_at, schedule.last_execution, schedule.skipped), (Some(at), Some(run.id), 0));
    assert_eq!(schedule.next_at, Some(at + TimeDelta::hours(1)));

    // A clock that goes back meets the same tick again.
    end(&w, run.id).await;
    assert_eq!(tick(&w.db, id, at).await.runs, []);
    assert_eq!(executions::list(&org, &Default::default(), None, 10).await.unwrap().items.len(), 1);
    // What was changed after it was seen is left alone.
    set_next(&w.db, id, at - TimeDelta::hours(1)).await;
    let due = schedules::due(&w.db, time, 10).await.unwrap();
    let pause = ScheduleChange { is_enabled: Some(false), ..Default::default() };
    schedules::update(&org, id, pause).await.unwrap();
    assert_eq!(schedules::fire(&w.db, due, time).await.unwrap(), Fired::default());
    assert!(schedules::due(&w.db, now() + TimeDelta::days(9), 10).await.unwrap().is_empty(), "paused");
    let resume = ScheduleChange { is_enabled: Some(true), ..Default::default() };
    let resumed = schedules::update(&org, id, resume).await.unwrap();
    assert!(resumed.next_at.is_some_and(|next| next > now()), "the pause is not made up for");
}

async fn with_overlap(w: &World, org: &Scoped, overlap: Overlap) -> ScheduleId {
    schedules::create(org, NewSchedule { overlap, ..hourly(w.workflow) }).await.unwrap().id
}

async fn overlapping_ticks_follow_the_policy(db: Db) {
    let w = World::new(db).await;
    let org = w.db.org(w.org.id);
    let hours = |n: i64| hour() - TimeDelta::hours(10 - n);

    let skip = with_overlap(&w, &org, Overlap::Skip).await;
    let first = tick(&w.db, skip, hours(0)).await.runs[0];
    w.claim(first, 1, 60).await.unwrap();
    assert_eq!(tick(&w.db, skip, hours(1)).await, Fired { skipped: 1, ..Default::default() });
    let schedule = schedules::get(&org, skip).await.unwrap();
    assert_eq!((schedule.skipped, schedule.last_skip_reason.as_deref()), (1, Some("overlap")));
    assert_eq!((schedule.last_skipped_at, schedule.last_execution), (Some(hours(1)), Some(first)));
    schedules::delete(&org, skip).await.unwrap();

    let queue = with_overlap(&w, &org, Overlap::Queue).await;
    let first = tick(&w.db, queue, hours(0)).await.runs[0];
    let second = tick(&w.db, queue, hours(1)).await.runs[0];
    let third = tick(&w.db, queue, hours(2)).await.runs[0];
    assert_eq!((status(&w, first).await, status(&w, second).await), (Status::Pending, Status::Scheduled));
    assert_eq!(promote_due(&w.db, now(), 10).await.unwrap(), []);
    end(&w, first).await;
    assert_eq!(promote_due(&w.db, now(), 10).await.unwrap(), [second], "one after the other");
    executions::request_cancel(&org, second).await.unwrap();
    assert_eq!(promote_due(&w.db, now(), 10).await.unwrap(), [third]);
    end(&w, third).await;
    schedules::delete(&org, queue).await.unwrap();

    let replace = with_overlap(&w, &org, Overlap::Replace).await;
    let first = tick(&w.db, replace, hours(0)).await.runs[0];
    let fired = tick(&w.db, replace, hours(1)).await;
    assert_eq!((fired.replaced.as_slice(), status(&w, first).await), ([first].as_slice(), Status::Cancelled));
    let second = fired.runs[0];
    let token = w.claim(second, 1, 60).await.expect("pending at once").token;
    let fired = tick(&w.db, replace, hours(2)).await;
    assert_eq!(
        (fired.replaced.as_slice(), status(&w, second).await),
        ([second].as_slice(), Status::Cancelling)
    );
    let third = fired.runs[0];
    assert_eq!(status(&w, third).await, Status::Scheduled, "not beside the one that is ending");
    assert_eq!(promote_due(&w.db, now(), 10).await.unwrap(), []);
    let cancelled = Outcome::ended(Status::Cancelled, "cancelled", "cancelled");
    assert!(executions::finish(&w.db, second, token, cancelled).await.unwrap());
    assert_eq!(promote_due(&w.db, now(), 10).await.unwrap(), [third]);
}

async fn missed_ticks_follow_the_policy(db: Db) {
    let w = World::new(db).await;
    let org = w.db.org(w.org.id);
    let due = hour() - TimeDelta::hours(5);
    let late = due + TimeDelta::minutes(190);
    for (catch_up, overlap, runs, skipped) in [
        (CatchUp::None, Overlap::Queue, 0, 1),
        (CatchUp::Last, Overlap::Queue, 1, 1),
        (CatchUp::All, Overlap::Queue, 4, 0),
        (CatchUp::All, Overlap::Skip, 1, 3),
        (CatchUp::All, Overlap::Replace, 1, 3),
    ] {
        let new = NewSchedule { catch_up, overlap, ..hourly(w.workflow) };
        let id = schedules::create(&org, new).await.unwrap().id;
        set_next(&w.db, id, due).await;
        let fired = fire(&w.db, late).await;
        assert_eq!((fired.runs.len(), fired.skipped), (runs, skipped), "{catch_up:?} {overlap:?}");
        let schedule = schedules::get(&org, id).await.unwrap();
        assert_eq!(schedule.skipped, skipped as i64);
        assert_eq!(schedule.next_at, Some(due + TimeDelta::hours(4)));
        if runs > 0 {
            assert_eq!(schedule.last_execution, fired.runs.last().copied());
        }
        schedules::delete(&org, id).await.unwrap();
    }
    let pending = executions::pending_tickets(&w.db).await.unwrap().len();
    assert_eq!(pending, 4, "the queue's followers wait");
}

async fn what_cannot_run_is_skipped_with_its_reason(db: Db) {
    let w = World::new(db).await;
    let org = w.db.org(w.org.id);
    let id = schedules::create(&org, hourly(w.workflow)).await.unwrap().id;
    let reason = async || schedules::get(&org, id).await.unwrap().last_skip_reason;
    workflows::set_active(&org, w.workflow, false).await.unwrap();
    assert_eq!(tick(&w.db, id, hour()).await, Fired { skipped: 1, ..Default::default() });
    assert_eq!(reason().await.as_deref(), Some("workflow_inactive"));
    workflows::set_active(&org, w.workflow, true).await.unwrap();
    let change = OrganizationChange { is_active: Some(false), ..Default::default() };
    organizations::update(&w.db, w.org.id, change).await.unwrap();
    assert_eq!(tick(&w.db, id, hour()).await.runs, []);
    assert_eq!(reason().await.as_deref(), Some("organization_inactive"));
    let change = OrganizationChange { is_active: Some(true), ..Default::default() };
    organizations::update(&w.db, w.org.id, change).await.unwrap();
    let mut empty = deployment("h9", vec![]);
    empty.force = true;
    workspaces::deploy(&org, empty).await.unwrap();
    assert_eq!(tick(&w.db, id, hour()).await.runs, []);
    assert_eq!(reason().await.as_deref(), Some("workflow_removed"));
    assert!(schedules::get(&org, id).await.unwrap().next_at.is_some_and(|next| next > hour()));
}

fn scheduled(cron: &str) -> WorkflowInfo {
    let info = with_default(info("n.py::nightly", "nightly"), "schedule", json!(cron));
    with_default(info, "timezone", json!("America/New_York"))
}

async fn only(org: &Scoped) -> Schedule {
    let mut all = schedules::list(org, None).await.unwrap();
    assert_eq!(all.len(), 1);
    all.remove(0)
}

async fn decorators_follow_deployments(db: Db) {
    let w = World::new(db).await;
    let org = w.db.org(w.org.id);
    let deploy = async |hash: &str, workflows| {
        let deployment = workspaces::Deployment { force: true, ..deployment(hash, workflows) };
        workspaces::deploy(&org, deployment).await.unwrap();
    };
    deploy("h2", vec![scheduled("0 3 * * *"), info("a.py::sync", "sync")]).await;
    let first = only(&org).await;
    assert_eq!(
        (first.source, first.name.as_str(), first.cron.as_str()),
        (ScheduleSource::Decorator, "nightly", "0 3 * * *")
    );
    assert_eq!((first.time_zone.as_str(), first.is_enabled), ("America/New_York", true));
    assert!(first.next_at.is_some_and(|next| next > now()));

    let change = ScheduleChange { cron: Some("* * * * *".into()), ..Default::default() };
    assert_eq!(code(schedules::update(&org, first.id, change).await.unwrap_err()), "schedule_from_code");
    assert_eq!(code(schedules::delete(&org, first.id).await.unwrap_err()), "schedule_from_code");
    let pause =
        ScheduleChange { is_enabled: Some(false), overlap: Some(Overlap::Queue), ..Default::default() };
    let paused = schedules::update(&org, first.id, pause).await.unwrap();

    deploy("h3", vec![scheduled("0 3 * * *")]).await;
    let same = only(&org).await;
    assert_eq!(Schedule { updated_at: paused.updated_at, ..same }, paused, "what people decided stays");
    deploy("h4", vec![scheduled("15 4 * * *")]).await;
    let other = only(&org).await;
    assert_eq!((other.id, other.cron.as_str(), other.is_enabled), (first.id, "15 4 * * *", false));
    assert_ne!(other.next_at, first.next_at);
    for (hash, workflows) in
        [("h5", vec![scheduled("at night")]), ("h6", vec![info("n.py::nightly", "nightly")])]
    {
        deploy(hash, workflows).await;
        assert_eq!(schedules::list(&org, None).await.unwrap(), []);
        workspaces::rollback(&org, 4, true, None).await.unwrap();
        assert_eq!(only(&org).await.cron, "15 4 * * *", "an earlier version brings its own back");
    }
}

async fn a_workflow_with_a_schedule_is_in_use(db: Db) {
    let w = World::new(db).await;
    let org = w.db.org(w.org.id);
    let id = schedules::create(&org, hourly(w.workflow)).await.unwrap().id;
    match workspaces::deploy(&org, deployment("h2", vec![])).await.unwrap_err() {
        Error::Conflict { code: "workflow_in_use", message } => {
            assert_eq!(message, "in use but not in this version: a.py::sync (schedule Hourly)");
        }
        other => panic!("{other:?}"),
    }
    schedules::delete(&org, id).await.unwrap();
    workspaces::deploy(&org, deployment("h2", vec![])).await.unwrap();
    // The provider is told about the schedules of tenants.
    schedules::create(&org, hourly(w.shared)).await.unwrap();
    let global = w.db.scope(Scope::Global);
    let refused = workspaces::deploy(&global, deployment("g2", vec![])).await.unwrap_err();
    assert!(refused.to_string().ends_with("lib/shared.py::shared (schedule Hourly)"), "{refused}");
    assert_eq!(schedules::list(&global, None).await.unwrap(), [], "but has them not among its own");
}

async fn ticks_ahead_are_computed_anew(db: Db) {
    let w = World::new(db).await;
    let org = w.db.org(w.org.id);
    let ids = [
        schedules::create(&org, hourly(w.workflow)).await.unwrap().id,
        schedules::create(&org, hourly(w.workflow)).await.unwrap().id,
    ];
    assert_eq!(schedules::realign(&w.db, now()).await.unwrap(), 0);
    set_next(&w.db, ids[0], now() + TimeDelta::days(4000)).await;
    set_next(&w.db, ids[1], hour()).await;
    assert_eq!(schedules::realign(&w.db, now()).await.unwrap(), 1);
    assert_eq!(schedules::get(&org, ids[0]).await.unwrap().next_at, Some(hour() + TimeDelta::hours(1)));
    assert_eq!(schedules::get(&org, ids[1]).await.unwrap().next_at, Some(hour()), "what is due stays due");
}

async fn the_provider_has_schedules_of_its_own(db: Db) {
    let w = World::new(db).await;
    let global = w.db.scope(Scope::Global);
    let id = schedules::create(&global, hourly(w.shared)).await.unwrap().id;
    assert_eq!(schedules::list(&w.db.org(w.org.id), None).await.unwrap(), []);
    let run = tick(&w.db, id, hour()).await.runs[0];
    let run = executions::get(&w.db.system(), run).await.unwrap();
    assert_eq!(run.organization_id, w.provider.organization.id);
}

async fn many_schedules_fire_together(db: Db) {
    let w = World::new(db).await;
    let org = w.db.org(w.org.id);
    let at = hour();
    let mut ids = Vec::new();
    for _ in 0..700 {
        ids.push(
            schedules::create(&org, NewSchedule { overlap: Overlap::Queue, ..hourly(w.workflow) })
                .await
                .unwrap()
                .id,
        );
    }
    let sql = Sql::new("UPDATE schedules SET next_at = $1").bind(at);
    w.db.system().write(move |tx| Box::pin(async move { tx.execute(sql).await })).await.unwrap();
    let fired = fire(&w.db, at + TimeDelta::seconds(1)).await;
    assert_eq!(fired.runs.len(), 700, "more than fit into one statement");
    let runs = executions::many(&w.db, &fired.runs).await.unwrap();
    let mut of: Vec<_> = runs.iter().filter_map(|run| run.schedule_id).collect();
    of.sort();
    ids.sort();
    assert_eq!(of, ids);
    assert_eq!(fire(&w.db, at + TimeDelta::seconds(1)).await, Fired::default());
}

async fn deferred_runs_wait_for_their_time(db: Db) {
    let w = World::new(db).await;
    let org = w.db.org(w.org.id);
    let deferred = async |seconds: i64| {
        let mut new = w.new_execution();
        new.not_before = Some(now() + TimeDelta::seconds(seconds));
        executions::accept(&org, new).await.unwrap().execution
    };
    let (soon, later, past) = (deferred(60).await, deferred(3600).await, deferred(-5).await);
    assert_eq!(
        (soon.status, later.status, past.status),
        (Status::Scheduled, Status::Scheduled, Status::Pending)
    );
    assert_eq!((w.get(soon.id).await, past.not_before), (soon.clone(), None));
    assert!(w.claim(soon.id, 1, 60).await.is_none(), "not before its time");
    assert_eq!(schedules::next_due(&w.db, now()).await.unwrap(), soon.not_before);
    assert_eq!(promote_due(&w.db, now(), 10).await.unwrap(), []);

    assert_eq!(executions::request_cancel(&org, later.id).await.unwrap(), Status::Cancelled);
    let time = now() + TimeDelta::hours(2);
    let both = [promote_due(&w.db, time, 10), promote_due(&w.db, time, 10)];
    let promoted: Vec<_> = join_all(both).await.into_iter().flat_map(Result::unwrap).collect();
    assert_eq!(promoted, [soon.id], "once, and not what was cancelled");
    assert_eq!(status(&w, soon.id).await, Status::Pending);
    assert_eq!(schedules::next_due(&w.db, now()).await.unwrap(), None);
    let ids = [soon.id, deferred(60).await.id, deferred(50).await.id];
    assert_eq!(promote_due(&w.db, time, 1).await.unwrap(), [ids[2]], "the longest overdue first");
    let unknown = ExecutionId::new();
    assert_eq!(executions::many(&w.db, &[ids[0], unknown]).await.unwrap().len(), 1);
}
