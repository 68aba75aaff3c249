//! Starts what is due by the clock: ticks of schedules, and runs that were deferred.
//!
//! Nothing is kept in memory: every look asks the database what is due and what comes
//! next. A lost wake-up, a failed write or another leader costs a moment, never a run.

use bifrost_core::events::{WAKE, updates};
use bifrost_core::ports::{Bus, Event};
use bifrost_core::{ExecutionId, Result, schedule, webhook};
use bifrost_store::{Db, executions, schedules};
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::Instant;

/// Longest time between two looks: what a lost wake-up costs.
const LONGEST: Duration = Duration::from_secs(1);
/// Shortest time between two looks, so that ticks which come close together share one.
const SHORTEST: Duration = Duration::from_millis(5);
/// Schedules, or deferred runs, in one transaction.
const BATCH: u32 = 500;
/// Rest after the first failure in a row; doubles up to [`MAX_BACKOFF`].
const BACKOFF: Duration = Duration::from_millis(100);
/// Longest rest while the database is away.
const MAX_BACKOFF: Duration = Duration::from_secs(10);
/// A wall clock that goes back by more than this was wrong before.
const JUMP: TimeDelta = TimeDelta::seconds(30);

/// Works while this process leads.
pub async fn run(db: Db, bus: Arc<dyn Bus>, mut leads: watch::Receiver<bool>) {
    let mut failures = 0;
    while leads.wait_for(|leads| *leads).await.is_ok() {
        let Ok(mut wake) = bus.subscribe(vec![schedule::WAKE.to_owned()]).await else {
            tokio::time::sleep(rest(&mut failures)).await;
            continue;
        };
        let mut clock = Clock::new(bifrost_store::now());
        // Another leader's clock, or release, may have been wrong about what lies ahead.
        let mut align = true;
        while *leads.borrow() {
            while wake.try_recv().is_ok() {}
            let time = bifrost_store::now();
            align |= clock.went_back(time);
            let pause = match look(&db, &bus, time, align).await {
                Ok(pause) => {
                    (failures, align) = (0, false);
                    pause
                }
                Err(error) => {
                    tracing::error!("nothing was started by the clock: {error:#}");
                    rest(&mut failures)
                }
            };
            let closed = wake.is_closed();
            tokio::select! {
                _ = wake.recv(), if !closed => {}
                () = tokio::time::sleep(pause) => {}
                changed = leads.changed() => if changed.is_err() { return },
            }
            // A wake-up that came early shares the next look with those right behind it.
            tokio::time::sleep(SHORTEST).await;
            if closed {
                break;
            }
        }
    }
}

/// One look: starts what is due and answers how long to rest.
async fn look(db: &Db, bus: &Arc<dyn Bus>, time: DateTime<Utc>, align: bool) -> Result<Duration> {
    if align {
        let wrong = schedules::realign(db, time).await?;
        if wrong > 0 {
            tracing::warn!(wrong, "schedules had a wrong next time");
        }
    }
    if step(db, bus, time).await? {
        return Ok(Duration::ZERO);
    }
    let next = schedules::next_due(db, time).await?;
    let until = next.map(|next| (next - bifrost_store::now()).to_std().unwrap_or_default());
    Ok(until.unwrap_or(LONGEST).min(LONGEST))
}

/// Starts what is due at `time`, at most one batch of each kind; true when there may be more.
///
/// # Errors
/// When the database cannot be reached.
pub async fn step(db: &Db, bus: &Arc<dyn Bus>, time: DateTime<Utc>) -> Result<bool> {
    let due = schedules::due(db, time, BATCH).await?;
    let ticks = due.len();
    let fired = schedules::fire(db, due, time).await?;
    if fired.skipped > 0 {
        tracing::info!(skipped = fired.skipped, "ticks made nothing");
    }
    if !fired.emitted.is_empty() {
        bus.publish(Event { channel: webhook::WAKE.to_owned(), payload: Value::Null }).await;
    }
    let promoted = executions::promote_due(db, time, BATCH).await?;
    let full = usize::try_from(BATCH).is_ok_and(|batch| ticks == batch || promoted.len() == batch);
    let changed: Vec<ExecutionId> = fired.runs.into_iter().chain(fired.replaced).chain(promoted).collect();
    if changed.is_empty() {
        return Ok(full);
    }
    bus.publish(Event { channel: WAKE.to_owned(), payload: Value::Null }).await;
    // Those who watch may hear of it a moment later than the dispatcher.
    let (db, bus) = (db.clone(), bus.clone());
    tokio::spawn(async move {
        match executions::many(&db, &changed).await {
            Ok(runs) => {
                for event in runs.iter().flat_map(updates) {
                    bus.publish(event).await;
                }
            }
            Err(error) => tracing::warn!("nobody was told of what was started: {error:#}"),
        }
    });
    Ok(full)
}

fn rest(failures: &mut u32) -> Duration {
    let pause = BACKOFF.saturating_mul(1 << (*failures).min(10)).min(MAX_BACKOFF);
    *failures = failures.saturating_add(1);
    pause
}

/// Compares the wall clock with one that only goes forward.
struct Clock {
    wall: DateTime<Utc>,
    steady: Instant,
}

impl Clock {
    fn new(wall: DateTime<Utc>) -> Self {
        Self { wall, steady: Instant::now() }
    }

    /// True when the wall clock went back since the last call.
    fn went_back(&mut self, wall: DateTime<Utc>) -> bool {
        let passed = TimeDelta::from_std(self.steady.elapsed()).unwrap_or_default();
        let back = self.wall + passed - wall > JUMP;
        *self = Self::new(wall);
        back
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use bifrost_core::{
        BackgroundPriority, Caller, CatchUp, Overlap, Role, Starts, Status, UserId, WorkflowInfo,
        WorkspaceReport,
    };
    use bifrost_store::executions::NewExecution;
    use bifrost_store::organizations::NewOrganization;
    use bifrost_store::schedules::NewSchedule;
    use bifrost_store::workspaces::Deployment;
    use bifrost_store::{InProcessBus, Options, Sql, organizations, workflows, workspaces};
    use serde_json::json;

    /// One organization with one workflow, and who asks for runs of it.
    pub(crate) async fn world(directory: &std::path::Path) -> (Db, Caller, bifrost_core::WorkflowId) {
        let url = format!("sqlite:{}", directory.join("test.db").display());
        let db = Db::open(&url, Options::default()).await.expect("a database");
        let new = NewOrganization { name: "Org".into(), ..Default::default() };
        let organization = organizations::create(&db, new).await.expect("made").id;
        let info = json!({ "id": "a.py::f", "path": "a.py", "function": "f", "name": "f", "kind": "workflow", "parameters": [] });
        let info: WorkflowInfo = serde_json::from_value(info).expect("an info");
        let user = UserId::new();
        let deployment = Deployment {
            source_hash: "h".into(),
            object_key: "k".into(),
            own_key: "k".into(),
            shared_hash: None,
            propose: false,
            instead_of: None,
            report: WorkspaceReport { workflows: vec![info], ..Default::default() },
            created_by: user,
            message: None,
            force: false,
        };
        workspaces::deploy(&db.org(organization), deployment).await.expect("deployed");
        let workflow = workflows::find(&db.org(organization), "f").await.expect("found").id;
        let caller = Caller::of_role(user, "e", organization, Role::OrgUser);
        (db, caller, workflow)
    }

    async fn statuses(db: &Db) -> Vec<Status> {
        let page = executions::list(&db.system(), &Default::default(), None, 10).await.expect("a list");
        page.items.iter().map(|run| run.status).collect()
    }

    async fn until(what: &str, db: &Db, expected: &[Status]) {
        let patience = Instant::now() + Duration::from_secs(10);
        while statuses(db).await != expected {
            assert!(Instant::now() < patience, "{what}: {:?}", statuses(db).await);
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    #[tokio::test]
    async fn the_leader_starts_what_is_due_and_hears_of_more() {
        let directory = tempfile::tempdir().expect("a directory");
        let (db, caller, workflow) = world(directory.path()).await;
        let org = db.org(caller.organization);
        let new = NewSchedule {
            starts: Starts::Workflow(workflow),
            name: "s".into(),
            cron: "0 0 1 1 *".into(),
            time_zone: "UTC".into(),
            overlap: Overlap::Queue,
            catch_up: CatchUp::Last,
            priority: BackgroundPriority::Normal,
            is_enabled: true,
            parameters: json!({}),
            created_by: caller.user,
        };
        let id = schedules::create(&org, new).await.expect("made").id;
        let sql = Sql::new("UPDATE schedules SET next_at = $1").bind(bifrost_store::now());
        db.system().write(move |tx| Box::pin(async move { tx.execute(sql).await })).await.expect("set");

        let bus: Arc<dyn Bus> = Arc::new(InProcessBus::new());
        let mut dispatcher = bus.subscribe(vec![WAKE.to_owned()]).await.expect("subscribed");
        let (lead, leads) = watch::channel(false);
        let task = tokio::spawn(run(db.clone(), bus.clone(), leads));
        tokio::time::sleep(Duration::from_millis(100)).await;
        assert_eq!(statuses(&db).await, [], "others lead");
        lead.send_replace(true);
        until("the tick", &db, &[Status::Pending]).await;
        dispatcher.recv().await.expect("the dispatcher is told");
        let next = schedules::get(&org, id).await.expect("there").next_at;
        assert!(next.is_some_and(|next| next > bifrost_store::now()));

        let mut deferred = NewExecution::by(&caller, workflow, json!({}));
        deferred.not_before = Some(bifrost_store::now() + TimeDelta::milliseconds(300));
        let made = executions::accept(&org, deferred).await.expect("accepted").execution;
        bus.publish(Event { channel: schedule::WAKE.to_owned(), payload: Value::Null }).await;
        until("deferred", &db, &[Status::Scheduled, Status::Pending]).await;
        until("promoted", &db, &[Status::Pending, Status::Pending]).await;
        let late = bifrost_store::now() - made.not_before.expect("deferred");
        assert!(late > TimeDelta::zero(), "{late}");

        lead.send_replace(false);
        drop(lead);
        tokio::time::timeout(Duration::from_secs(5), task).await.expect("it ends").expect("no panic");
    }

    #[test]
    fn the_rest_grows_and_is_bounded() {
        let mut failures = 0;
        let rests: Vec<_> = (0..40).map(|_| rest(&mut failures)).collect();
        assert_eq!((rests[0], rests[1], rests[39]), (BACKOFF, BACKOFF * 2, MAX_BACKOFF));
        assert!(rests.is_sorted());
    }

    #[test]
    fn only_a_clock_that_goes_back_is_noticed() {
        let start = bifrost_store::now();
        let mut clock = Clock::new(start);
        assert!(!clock.went_back(start + TimeDelta::hours(3)), "what was missed is found by itself");
        assert!(!clock.went_back(start + TimeDelta::hours(3) - TimeDelta::seconds(5)));
        assert!(clock.went_back(start));
        assert!(!clock.went_back(start + TimeDelta::milliseconds(5)));
    }
}
