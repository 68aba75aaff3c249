//! What operators see of workers and of what waits for them.

use crate::common::*;
use crate::warm::worker;
use bifrost_core::*;
use bifrost_store::executions::{self, Load, NewExecution};
use bifrost_store::organizations::{self, OrganizationChange};
use bifrost_store::{Db, Sql, dead_letters, now, workers};
use chrono::TimeDelta;
use serde_json::json;

on_both!(
    a_worker_tells_what_it_has_in_hand,
    what_waits_is_counted_by_organization_and_priority,
    dead_letters_count_until_they_are_replayed,
);

async fn accept(w: &World, organization: OrganizationId, workflow_id: WorkflowId, priority: Priority) {
    let new = NewExecution { workflow_id, priority, ..w.new_execution() };
    executions::accept(&w.db.org(organization), new).await.unwrap();
}

async fn loads(w: &World) -> Vec<Load> {
    executions::overview(&w.db).await.unwrap().organizations
}

async fn a_worker_tells_what_it_has_in_hand(db: Db) {
    let w = World::new(db).await;
    assert_eq!(workers::fleet(&w.db).await.unwrap(), []);
    for id in ["worker-1", "worker-2", "worker-3"] {
        worker(&w.db, id, id == "worker-2").await;
    }
    let ids = [w.accept().await.id, w.accept().await.id];
    let first = w.claim(ids[0], 1, 60).await.unwrap();
    w.claim(ids[1], 1, 60).await.unwrap();
    let silent = Sql::new("UPDATE workers SET seen_at = $1 WHERE id = 'worker-3'");
    let silent = silent.bind(now() - TimeDelta::seconds(60));
    w.db.system().write(move |tx| Box::pin(async move { tx.execute(silent).await })).await.unwrap();
    let fleet = async || {
        let all = workers::fleet(&w.db).await.unwrap().into_iter();
        all.map(|one| (one.worker.id, one.running, one.worker.is_draining, one.is_silent)).collect::<Vec<_>>()
    };
    let expected = |running: i64| {
        [
            ("worker-1".to_owned(), running, false, false),
            ("worker-2".to_owned(), 0, true, false),
            ("worker-3".to_owned(), 0, false, true),
        ]
    };
    assert_eq!(fleet().await, expected(2));
    assert!(executions::finish(&w.db, ids[0], first.token, success(json!(1))).await.unwrap());
    assert_eq!(fleet().await, expected(1));
}

async fn what_waits_is_counted_by_organization_and_priority(db: Db) {
    let w = World::new(db).await;
    assert_eq!(loads(&w).await, []);
    let before = now();
    let run = w.accept().await.id;
    accept(&w, w.org.id, w.workflow, Priority::Bulk).await;
    accept(&w, w.org.id, w.workflow, Priority::Bulk).await;
    accept(&w, w.other.id, w.shared, Priority::Interactive).await;
    let claimed = w.claim(run, 1, 60).await.unwrap();
    let change = OrganizationChange {
        limits: Some(Limits { concurrent_runs: 7, ..Limits::default() }),
        is_active: Some(false),
        ..Default::default()
    };
    organizations::update(&w.db, w.other.id, change).await.unwrap();

    let all = loads(&w).await;
    let names: Vec<_> = all.iter().map(|load| load.name.as_str()).collect();
    assert_eq!(names, ["Org", "Other"], "the provider has nothing");
    assert_eq!((all[0].running, all[0].is_active), (1, true));
    assert_eq!((all[1].running, all[1].is_active, all[1].concurrent_runs), (0, false, 7));
    let counts = |load: &Load| {
        let lines = load.lines.iter();
        lines.map(|line| (line.priority, line.waiting, line.resting)).collect::<Vec<_>>()
    };
    assert_eq!(counts(&all[0]), [(Priority::Bulk, 2, 0)]);
    assert_eq!(counts(&all[1]), [(Priority::Interactive, 1, 0)]);
    let since = all[0].lines[0].waiting_since.unwrap();
    assert!(since >= before && since <= now(), "{since}");

    // It rests before its second attempt, and waits for nothing until then.
    let later = now() + TimeDelta::hours(1);
    assert!(executions::retry(&w.db, run, claimed.token, "error:X".into(), later, vec![]).await.unwrap());
    let all = loads(&w).await;
    assert_eq!(counts(&all[0]), [(Priority::Normal, 0, 1), (Priority::Bulk, 2, 0)]);
    assert_eq!((all[0].running, all[0].lines[0].waiting_since), (0, None));
}

async fn dead_letters_count_until_they_are_replayed(db: Db) {
    let w = World::new(db).await;
    let count = async || executions::overview(&w.db).await.unwrap().dead_letters;
    let id = w.accept().await.id;
    for attempt in 1..=3 {
        assert_eq!(count().await, 0, "its run goes on");
        let ticket = ports::Ticket { execution: id, attempt };
        dead_letters::reconcile(&w.db, ticket, "delivery_limit").await.unwrap();
    }
    assert_eq!(count().await, 1);
    let replayed =
        Sql::new("UPDATE dead_letters SET replayed_as = id, replayed_by = id, replayed_at = created_at");
    w.db.system().write(move |tx| Box::pin(async move { tx.execute(replayed).await })).await.unwrap();
    assert_eq!(count().await, 0);
}
