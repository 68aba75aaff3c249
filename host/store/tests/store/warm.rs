//! Which workers have loaded what.

use crate::common::*;
use bifrost_core::*;
use bifrost_store::warm::{self, Spread};
use bifrost_store::workers::{self, WorkerRow};
use bifrost_store::{Db, Sql, workspaces};
use chrono::TimeDelta;

on_both!(
    what_became_active_last_comes_first,
    a_version_is_warm_when_all_workers_say_so,
    reports_go_with_their_workers_and_activations,
);

/// A worker that lives.
pub async fn worker(db: &Db, id: &str, is_draining: bool) {
    let time = bifrost_store::now();
    let row = WorkerRow {
        id: id.into(),
        host: "h".into(),
        version: "1".into(),
        slots: 1,
        is_draining,
        started_at: time,
        seen_at: time,
    };
    workers::beat(db, &row).await.unwrap();
}

async fn report(db: &Db, worker: &str, version: VersionId, took_ms: i64) {
    warm::report(db, worker, version, bifrost_store::now(), took_ms).await.unwrap();
}

fn spread(workers: i64, of: i64, took_ms: Option<i64>) -> Spread {
    Spread { workers, of, took_ms }
}

async fn execute(db: &Db, sql: Sql) {
    db.system().write(move |tx| Box::pin(async move { tx.execute(sql).await })).await.unwrap();
}

async fn what_became_active_last_comes_first(db: Db) {
    assert_eq!(warm::newest(&db, "one", 10).await.unwrap(), []);
    let w = World::new(db).await;
    let org = w.db.org(w.org.id);
    let second = workspaces::deploy(&org, deployment("h2", vec![])).await.unwrap().version;
    let hashes = async |most| {
        let newest = warm::newest(&w.db, "one", most).await.unwrap();
        newest.into_iter().map(|version| version.source_hash).collect::<Vec<_>>()
    };
    assert_eq!(hashes(10).await, ["h2", "g1"], "of all workspaces, the active ones alone");
    let other = workspaces::deploy(&w.db.org(w.other.id), deployment("o1", vec![])).await.unwrap();
    assert_eq!(hashes(10).await, ["o1", "h2", "g1"]);
    assert_eq!(hashes(2).await, ["o1", "h2"]);
    // It is as old as it was, but became active now.
    workspaces::rollback(&org, 1, true, None).await.unwrap();
    assert_eq!(hashes(10).await, ["h1", "o1", "g1"]);
    workspaces::rollback(&org, second.number, true, None).await.unwrap();
    assert_eq!(hashes(1).await, ["h2"]);
    let newest = warm::newest(&w.db, "one", 10).await.unwrap();
    assert_eq!((newest[0].id, newest[1].id), (second.id, other.version.id));
    assert_eq!(newest[0].object_key, "sources/h2");
}

async fn a_version_is_warm_when_all_workers_say_so(db: Db) {
    let w = World::new(db).await;
    let version = workspaces::active_version(&w.db.org(w.org.id)).await.unwrap().unwrap().id;
    let now = async || warm::spread(&w.db, version).await.unwrap();
    assert_eq!(now().await, spread(0, 0, None), "without workers");
    worker(&w.db, "one", false).await;
    worker(&w.db, "two", false).await;
    worker(&w.db, "ends", true).await;
    report(&w.db, "one", version, 30).await;
    report(&w.db, "one", version, 20).await;
    report(&w.db, "ends", version, 900).await;
    assert_eq!(now().await, spread(1, 2, None));
    let reported = async |id| {
        let newest = warm::newest(&w.db, id, 10).await.unwrap();
        newest.iter().map(|version| version.is_reported).collect::<Vec<_>>()
    };
    assert_eq!((reported("one").await, reported("two").await), (vec![true, false], vec![false, false]));
    report(&w.db, "two", version, 10).await;
    assert_eq!(now().await, spread(2, 2, Some(20)), "as long as the slower of the two");
    warm::retract(&w.db, "one", version).await.unwrap();
    assert_eq!(now().await, spread(1, 2, None));
}

async fn reports_go_with_their_workers_and_activations(db: Db) {
    let w = World::new(db).await;
    let org = w.db.org(w.org.id);
    let first = workspaces::active_version(&org).await.unwrap().unwrap().id;
    report(&w.db, "nobody", first, 1).await;
    for id in ["one", "two", "silent", "nobody"] {
        worker(&w.db, id, false).await;
    }
    assert_eq!(warm::spread(&w.db, first).await.unwrap().workers, 0, "it was not known when it reported");
    for id in ["one", "two", "silent"] {
        report(&w.db, id, first, 1).await;
    }
    report(&w.db, "one", VersionId::new(), 1).await;
    let ago = |seconds| bifrost_store::now() - TimeDelta::seconds(seconds);
    let silent = |time| Sql::new("UPDATE workers SET seen_at = $1 WHERE id = 'silent'").bind(time);
    execute(&w.db, silent(ago(60))).await;
    assert_eq!(warm::spread(&w.db, first).await.unwrap(), spread(2, 3, None));

    let rows = async || {
        let mut tx = w.db.system().read().await.unwrap();
        tx.one(Sql::new("SELECT COUNT(*) AS n FROM warm_versions")).await.unwrap().get::<i64>("n").unwrap()
    };
    assert_eq!(rows().await, 3);
    execute(&w.db, silent(ago(7_200))).await;
    workers::forget_silent(&w.db).await.unwrap();
    assert_eq!(rows().await, 2);
    workers::remove(&w.db, Some("two")).await.unwrap();
    workers::remove(&w.db, Some("nobody")).await.unwrap();
    assert_eq!((rows().await, warm::spread(&w.db, first).await.unwrap()), (1, spread(1, 1, Some(1))));

    // What was said of an earlier activation does not count for this one.
    workspaces::deploy(&org, deployment("h2", vec![])).await.unwrap();
    workspaces::rollback(&org, 1, true, None).await.unwrap();
    assert_eq!(warm::spread(&w.db, first).await.unwrap(), spread(0, 1, None));
    assert!(!warm::newest(&w.db, "one", 1).await.unwrap()[0].is_reported);
    report(&w.db, "one", first, 5).await;
    assert_eq!(warm::spread(&w.db, first).await.unwrap(), spread(1, 1, Some(5)));
    workers::remove(&w.db, None).await.unwrap();
    assert_eq!(rows().await, 0);
}
