//! What goes, what stays, and that nothing is left over.

use crate::common::*;
use bifrost_core::*;
use bifrost_store::executions::documents::{self, Part};
use bifrost_store::executions::{self, Ending, NewExecution, retention};
use bifrost_store::{Db, Sql};
use chrono::TimeDelta;
use serde_json::json;
use std::time::Duration;

on_both!(only_what_ended_long_ago_goes, lines_and_runs_go_in_batches, objects_that_no_run_needs_are_found);

async fn ended(w: &World, id: ExecutionId, count: i64) {
    let token = w.claim(id, 1, 60).await.expect("pending").token;
    let lines = (1..=count).map(|n| line(n, LogLevel::Info, "x")).collect();
    let ending = Ending { lines, ..Ending::of(success(json!(1))) };
    executions::end(&w.db, id, token, ending).await.unwrap().expect("ended");
}

async fn count(db: &Db, table: &str) -> i64 {
    let sql = Sql::new(format!("SELECT COUNT(*) AS n FROM {table}"));
    db.system().read().await.unwrap().one(sql).await.unwrap().get("n").unwrap()
}

/// Ids tell milliseconds.
async fn pass_time() -> chrono::DateTime<chrono::Utc> {
    tokio::time::sleep(Duration::from_millis(3)).await;
    let time = bifrost_store::now();
    tokio::time::sleep(Duration::from_millis(3)).await;
    time
}

async fn only_what_ended_long_ago_goes(db: Db) {
    let w = World::new(db).await;
    let mut old = vec![];
    for _ in 0..3 {
        let id = w.accept().await.id;
        ended(&w, id, 2).await;
        old.push(id);
    }
    let cancelled = w.accept().await.id;
    executions::request_cancel(&w.db.org(w.org.id), cancelled).await.unwrap();
    old.push(cancelled);
    let pending = w.accept().await.id;
    let running = w.accept().await.id;
    w.claim(running, 1, 60).await.unwrap();
    let deferred =
        NewExecution { not_before: Some(bifrost_store::now() + TimeDelta::days(1)), ..w.new_execution() };
    let deferred = executions::accept(&w.db.org(w.org.id), deferred).await.unwrap().execution.id;
    let late = w.accept().await.id;
    let before = pass_time().await;
    ended(&w, late, 2).await;
    let young = w.accept().await.id;
    ended(&w, young, 2).await;

    let found = retention::expired(&w.db, before, None, 100).await.unwrap();
    assert_eq!(found.iter().map(|run| run.id).collect::<Vec<_>>(), old);
    assert!(found.iter().all(|run| run.objects.is_empty()));
    let page = retention::expired(&w.db, before, Some(old[0]), 2).await.unwrap();
    assert_eq!(page.iter().map(|run| run.id).collect::<Vec<_>>(), old[1..3]);

    let stay = [pending, running, deferred, late, young];
    let mut all = old.clone();
    all.extend([pending, running, deferred]);
    retention::delete_lines(&w.db, &old, 1_000).await.unwrap();
    assert_eq!(retention::delete(&w.db, &all).await.unwrap(), 4, "what has not ended stays");
    for id in old {
        let gone = executions::get(&w.db.org(w.org.id), id).await;
        assert!(matches!(gone, Err(Error::NotFound("execution"))));
    }
    for id in stay {
        w.get(id).await;
    }
    assert_eq!((count(&w.db, "executions").await, count(&w.db, "execution_logs").await), (5, 4));
    assert_eq!(retention::expired(&w.db, before, None, 100).await.unwrap(), []);
}

async fn lines_and_runs_go_in_batches(db: Db) {
    let w = World::new(db).await;
    let mut ids = vec![];
    for lines in [0, 7, 1, 12] {
        let id = w.accept().await.id;
        // Its first attempt was lost.
        w.claim(id, 1, 0).await.unwrap();
        executions::expired_leases(&w.db, bifrost_store::now()).await.unwrap();
        let token = w.claim(id, 2, 60).await.unwrap().token;
        let lines = (1..=lines).map(|n| line(n, LogLevel::Info, "x")).collect();
        let ending = Ending { lines, calls: calls(2), ..Ending::of(success(json!(1))) };
        executions::end(&w.db, id, token, ending).await.unwrap().expect("ended");
        ids.push(id);
    }
    let other = w.accept().await.id;
    ended(&w, other, 5).await;
    let mut batches = vec![];
    loop {
        let lines = retention::delete_lines(&w.db, &ids, 6).await.unwrap();
        batches.push(lines);
        if lines < 6 {
            break;
        }
    }
    assert_eq!(batches, [6, 6, 6, 2]);
    assert_eq!((count(&w.db, "execution_logs").await, count(&w.db, "execution_attempts").await), (5, 4));
    assert_eq!(retention::delete(&w.db, &ids[..2]).await.unwrap(), 2);
    assert_eq!((count(&w.db, "executions").await, count(&w.db, "execution_attempts").await), (3, 2));
    assert_eq!(count(&w.db, "execution_calls").await, 2);
    assert_eq!(retention::delete(&w.db, &ids).await.unwrap(), 2, "again, after a crash");
    assert_eq!((count(&w.db, "executions").await, count(&w.db, "execution_attempts").await), (1, 0));
    assert_eq!(count(&w.db, "execution_calls").await, 0);
}

async fn objects_that_no_run_needs_are_found(db: Db) {
    let w = World::new(db).await;
    let org = w.db.org(w.org.id);
    let (objects, _alive) = stores().await.swap_remove(0);
    let objects = objects.as_ref();
    let large = || NewExecution { parameters: json!({"x": "x".repeat(100_000)}), ..w.new_execution() };
    let pending = documents::accept(&org, objects, large()).await.unwrap().execution.id;
    let done = documents::accept(&org, objects, large()).await.unwrap().execution.id;
    // Two attempts write their results, one of them is lost.
    let claimed = w.claim(done, 1, 60).await.unwrap();
    let mut lost = success(json!("l".repeat(100_000)));
    let lost = documents::offload(objects, &claimed.execution, &mut lost).await;
    let mut outcome = success(json!("r".repeat(100_000)));
    let stored = documents::offload(objects, &claimed.execution, &mut outcome).await;
    let ending = Ending { stored, ..Ending::of(outcome) };
    let unneeded = async |after: TimeDelta| {
        let before = bifrost_store::now() + after;
        retention::unneeded(&w.db, keys(objects).await, before).await.unwrap()
    };
    assert_eq!(unneeded(TimeDelta::days(2)).await, [""; 0], "a run that has not ended may name both");
    executions::end(&w.db, done, claimed.token, ending).await.unwrap().expect("ended");
    let lost = documents::key(w.org.id, done, &lost.result.unwrap());
    assert_eq!(unneeded(TimeDelta::days(2)).await, [lost.as_str()]);
    assert_eq!(unneeded(TimeDelta::zero() - TimeDelta::days(1)).await, [""; 0], "too young to tell");

    // A request that died between object and row, and files of other kinds.
    let mut orphan = w.get(pending).await;
    orphan.id = ExecutionId::new();
    let mut outcome = success(json!("o".repeat(100_000)));
    let name = documents::offload(objects, &orphan, &mut outcome).await.result.unwrap();
    let orphan = documents::key(w.org.id, orphan.id, &name);
    objects.put(&format!("executions/{}/readme", w.org.id), vec![]).await.unwrap();
    objects.put(&format!("executions/{}/{done}/readme", w.org.id), vec![]).await.unwrap();
    assert_eq!(unneeded(TimeDelta::days(2)).await, [lost, orphan]);

    let expired =
        retention::expired(&w.db, bifrost_store::now() + TimeDelta::days(1), None, 9).await.unwrap();
    assert_eq!(expired.len(), 1);
    assert_eq!(expired[0].objects.len(), 2);
    for key in &expired[0].objects {
        assert!(objects.delete(key).await.unwrap(), "{key}");
    }
    let mut stripped = w.get(done).await;
    let gone = documents::load(objects, &mut stripped, Part::Result).await;
    assert!(matches!(gone, Err(Error::Gone("result"))), "between object and row");
    let again = retention::expired(&w.db, bifrost_store::now() + TimeDelta::days(1), None, 9).await.unwrap();
    assert_eq!(again, expired, "the row still names what is to be done");
}
