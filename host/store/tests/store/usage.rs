//! Time saved: each run once, and longer than the runs; and what runs and tables take.

use crate::common::*;
use bifrost_core::roi::Roi;
use bifrost_core::*;
use bifrost_store::executions::Spent;
use bifrost_store::tables::{self, NewDocument, NewTable};
use bifrost_store::usage::{self, By, Month};
use bifrost_store::{Db, executions, now};
use chrono::TimeDelta;
use serde_json::{Value, json};

on_both!(
    each_run_counts_once,
    sums_outlive_their_runs,
    an_organization_sees_its_own,
    what_runs_take_is_summed,
);

fn worth(roi: Value) -> Outcome {
    Outcome { roi: Some(roi), ..success(json!(1)) }
}

async fn run(w: &World, outcome: Outcome) -> ExecutionId {
    let id = w.accept().await.id;
    let token = w.claim(id, 1, 60).await.unwrap().token;
    assert!(executions::finish(&w.db, id, token, outcome).await.unwrap());
    id
}

async fn total(w: &World, organization: OrganizationId) -> (i64, Roi) {
    // A month may end within the test.
    let (from, to) = (Month::of(now() - TimeDelta::days(2)), Month::of(now()));
    let all = usage::time_saved(&w.db.org(organization), &from, &to, By::Month).await.unwrap();
    let roi = Roi {
        seconds: all.iter().map(|one| one.roi.seconds).sum(),
        value: all.iter().map(|one| one.roi.value).sum(),
    };
    (all.iter().map(|one| one.runs).sum(), roi)
}

async fn each_run_counts_once(db: Db) {
    let w = World::new(db).await;
    let id = w.accept().await.id;
    let token = w.claim(id, 1, 60).await.unwrap().token;
    let outcome = worth(json!({ "time_saved": 5, "value": 1.5 }));
    assert!(!executions::finish(&w.db, id, token - 1, outcome.clone()).await.unwrap());
    assert_eq!(total(&w, w.org.id).await.0, 0, "it was given up on");
    assert!(executions::finish(&w.db, id, token, outcome.clone()).await.unwrap());
    for _ in 0..3 {
        assert!(!executions::finish(&w.db, id, token, outcome.clone()).await.unwrap());
    }
    assert_eq!(total(&w, w.org.id).await, (1, Roi { seconds: 300, value: 1_500 }));
    // Many at the same time.
    let many = (0..20).map(|_| async { run(&w, worth(json!({ "time_saved": 1 }))).await });
    futures::future::join_all(many).await;
    assert_eq!(total(&w, w.org.id).await, (21, Roi { seconds: 1_500, value: 1_500 }));
    // What failed has saved nothing, and what is worth nothing is not counted.
    run(&w, Outcome { status: Status::Failed, ..worth(json!({ "time_saved": 5 })) }).await;
    run(&w, worth(json!({ "time_saved": 0, "value": 0 }))).await;
    run(&w, worth(json!({ "time_saved": "much" }))).await;
    assert_eq!(total(&w, w.org.id).await.0, 21);
    run(&w, Outcome { status: Status::CompletedWithErrors, ..worth(json!({ "time_saved": 5 })) }).await;
    assert_eq!(total(&w, w.org.id).await.0, 22);
}

async fn sums_outlive_their_runs(db: Db) {
    let w = World::new(db).await;
    let id = run(&w, worth(json!({ "time_saved": 5 }))).await;
    assert_eq!(executions::retention::delete(&w.db, &[id]).await.unwrap(), 1);
    assert_eq!(total(&w, w.org.id).await, (1, Roi { seconds: 300, value: 0 }));
}

async fn an_organization_sees_its_own(db: Db) {
    let w = World::new(db).await;
    run(&w, worth(json!({ "time_saved": 5 }))).await;
    let shared = executions::NewExecution { workflow_id: w.shared, ..w.new_execution() };
    let id = executions::accept(&w.db.org(w.org.id), shared).await.unwrap().execution.id;
    let token = w.claim(id, 1, 60).await.unwrap().token;
    executions::finish(&w.db, id, token, worth(json!({ "time_saved": 7 }))).await.unwrap();
    assert_eq!(total(&w, w.other.id).await.0, 0);
    let (from, to) = (Month::of(now() - TimeDelta::days(2)), Month::of(now()));
    let all = usage::time_saved(&w.db.org(w.org.id), &from, &to, By::Workflow).await.unwrap();
    let names: Vec<_> = all.iter().map(|one| one.workflow.as_ref().unwrap().1.as_str()).collect();
    assert_eq!(names, ["shared", "sync"], "the most first");
    let all = usage::time_saved_by_all(&w.db, &from, &to).await.unwrap();
    assert_eq!(all.len(), 1);
    assert_eq!(all[0].organization, Some((w.org.id, "Org".into())));
    assert_eq!((all[0].runs, all[0].roi.seconds), (2, 720));
    let before: Month = "2020-01".parse().unwrap();
    assert!(usage::time_saved_by_all(&w.db, &before, &before).await.unwrap().is_empty());
}

async fn what_runs_take_is_summed(db: Db) {
    let w = World::new(db).await;
    let begun = now();
    let spent = async |id, since| executions::spent(&w.db.org(id), since).await.unwrap();
    let nothing = Spent { running: 0, runs: 0, computing_ms: 0 };
    assert_eq!(spent(w.org.id, begun).await, nothing);
    for fuel_used in [5_000_000, 7_999_999] {
        run(&w, Outcome { fuel_used, ..success(json!(1)) }).await;
    }
    let held = w.accept().await.id;
    w.claim(held, 1, 60).await.unwrap();
    w.accept().await;
    assert_eq!(spent(w.org.id, begun).await, Spent { running: 1, runs: 4, computing_ms: 12 });
    assert_eq!(spent(w.other.id, begun).await, nothing);
    let later = spent(w.org.id, now() + TimeDelta::minutes(1)).await;
    assert_eq!(later, Spent { running: 1, ..nothing }, "what runs now is not of that time");

    let org = w.db.org(w.org.id);
    assert_eq!(tables::used(&org).await.unwrap(), tables::Usage::default());
    for name in ["a", "b"] {
        let data = json!({ "n": 1 }).as_object().unwrap().clone();
        tables::create(&org, NewTable { name: name.into(), ..NewTable::default() }).await.unwrap();
        let document = NewDocument { id: None, data, if_version: None };
        tables::insert(&org, name, vec![document]).await.unwrap();
    }
    let size = tables::get(&org, "a").await.unwrap().bytes;
    assert!(size > 0);
    assert_eq!(tables::used(&org).await.unwrap(), tables::Usage { tables: 2, bytes: 2 * size });
    assert_eq!(tables::used(&w.db.org(w.other.id)).await.unwrap().tables, 0);
}
