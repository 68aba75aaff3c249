//! What a run's page tells beside the run itself: calls, attempts, use of limits, the runs around it.

use crate::common::*;
use bifrost_core::*;
use bifrost_store::executions::{self, Ending, Filters, Made, NewExecution};
use bifrost_store::{Db, Scoped, dead_letters, now, workspaces};
use serde_json::json;

on_both!(
    calls_are_of_their_attempt,
    only_so_many_calls_are_kept,
    attempts_tell_who_made_them,
    a_ticket_that_nobody_took_is_an_attempt_of_nobody,
    what_was_used_is_told_with_its_limits,
    runs_are_found_by_what_led_to_them,
    versions_are_of_their_workspace,
);

async fn calls_are_of_their_attempt(db: Db) {
    let w = World::new(db).await;
    let id = w.accept().await.id;
    let token = w.claim(id, 1, 60).await.unwrap().token;
    assert!(!executions::keep_calls(&w.db, id, token - 1, &calls(1)).await.unwrap(), "a stale token");
    assert!(executions::keep_calls(&w.db, id, token, &calls(2)).await.unwrap());
    assert!(executions::retry(&w.db, id, token, "error:E".into(), now(), vec![]).await.unwrap());
    assert!(!executions::keep_calls(&w.db, id, token, &calls(9)).await.unwrap(), "it is nobody's by now");
    let token = w.claim(id, 2, 60).await.unwrap().token;
    let last = calls(3);
    let ending = Ending { calls: last.clone(), ..Ending::of(success(json!(1))) };
    executions::end(&w.db, id, token, ending).await.unwrap().unwrap();
    let kept = executions::calls(&w.db.org(w.org.id), id).await.unwrap();
    let counts: Vec<_> = kept.iter().map(|(attempt, calls)| (*attempt, calls.kept.len())).collect();
    assert_eq!(counts, [(1, 2), (2, 3)]);
    assert_eq!(kept[1].1, last);
    let foreign = executions::calls(&w.db.org(w.other.id), id).await;
    assert!(matches!(foreign, Err(Error::NotFound("execution"))));
    // A run without calls has no row.
    let quiet = w.accept().await.id;
    let token = w.claim(quiet, 1, 60).await.unwrap().token;
    executions::finish(&w.db, quiet, token, success(json!(1))).await.unwrap();
    assert_eq!(executions::calls(&w.db.org(w.org.id), quiet).await.unwrap(), []);
}

async fn only_so_many_calls_are_kept(db: Db) {
    let w = World::new(db).await;
    let id = w.accept().await.id;
    let token = w.claim(id, 1, 60).await.unwrap().token;
    let many = calls(HttpCalls::MAX + 5);
    assert_eq!((many.kept.len(), many.left_out, many.made()), (HttpCalls::MAX, 5, 1_005));
    let ending = Ending { calls: many.clone(), ..Ending::of(success(json!(1))) };
    executions::end(&w.db, id, token, ending).await.unwrap().unwrap();
    assert_eq!(executions::calls(&w.db.org(w.org.id), id).await.unwrap(), [(1, many)]);
}

async fn made(w: &World, id: ExecutionId) -> Vec<Made> {
    executions::made(&w.db.org(w.org.id), id).await.unwrap()
}

async fn attempts_tell_who_made_them(db: Db) {
    let w = World::new(db).await;
    let id = w.accept().await.id;
    assert_eq!(made(&w, id).await, []);
    let first = w.claim(id, 1, 0).await.unwrap();
    executions::expired_leases(&w.db, now()).await.unwrap();
    let one = made(&w, id).await;
    assert_eq!((one.len(), one[0].attempt, one[0].cause.as_deref()), (1, 1, Some("worker_lost")));
    assert_eq!(one[0].worker.as_deref(), Some("worker-1"));
    assert_eq!(one[0].started_at, first.execution.started_at);
    assert!(one[0].ended_at > one[0].started_at);

    let ticket = ports::Ticket { execution: id, attempt: 2 };
    let second = executions::claim(&w.db, ticket, "worker-2", 60).await.unwrap().unwrap();
    let two = made(&w, id).await;
    assert_eq!((two.len(), &two[0]), (2, &one[0]));
    assert_eq!((two[1].worker.as_deref(), two[1].ended_at, &two[1].cause), (Some("worker-2"), None, &None));
    assert!(two[1].started_at > one[0].started_at, "of its own, not the run's");

    assert!(executions::retry(&w.db, id, second.token, "error:Flaky".into(), now(), vec![]).await.unwrap());
    let third = w.claim(id, 3, 60).await.unwrap();
    executions::finish(&w.db, id, third.token, success(json!(1))).await.unwrap();
    let all = made(&w, id).await;
    let causes: Vec<_> = all.iter().map(|made| (made.attempt, made.cause.as_deref())).collect();
    assert_eq!(causes, [(1, Some("worker_lost")), (2, Some("error:Flaky")), (3, None)]);
    assert_eq!(all[2].ended_at, w.get(id).await.completed_at);
    let foreign = executions::made(&w.db.org(w.other.id), id).await;
    assert!(matches!(foreign, Err(Error::NotFound("execution"))));
}

async fn a_ticket_that_nobody_took_is_an_attempt_of_nobody(db: Db) {
    let w = World::new(db).await;
    let id = w.accept().await.id;
    w.claim(id, 1, 0).await.unwrap();
    executions::expired_leases(&w.db, now()).await.unwrap();
    for attempt in 2..=3 {
        let ticket = ports::Ticket { execution: id, attempt };
        dead_letters::reconcile(&w.db, ticket, "delivery_limit").await.unwrap();
    }
    assert_eq!(w.get(id).await.status, Status::Failed);
    let all = made(&w, id).await;
    let workers: Vec<_> = all.iter().map(|made| (made.attempt, made.worker.as_deref())).collect();
    assert_eq!(workers, [(1, Some("worker-1")), (2, None), (3, None)]);
    assert_eq!(all[1].cause.as_deref(), Some("dead_letter:delivery_limit"));
    assert_eq!((all[2].started_at, &all[2].cause), (None, &None));
}

async fn what_was_used_is_told_with_its_limits(db: Db) {
    let w = World::new(db).await;
    let id = w.accept().await.id;
    let claimed = w.claim(id, 1, 60).await.unwrap();
    assert_eq!(claimed.execution.metering, None);
    let limits = MeteredLimits::from(&claimed.limits);
    let metering = Some(Metering { http_calls: 7, log_bytes: 1_234, limits });
    let ending = Ending { metering, ..Ending::of(success(json!(1))) };
    executions::end(&w.db, id, claimed.token, ending).await.unwrap().unwrap();
    assert_eq!(w.get(id).await.metering, metering);
    // An end that no worker wrote tells of none.
    let cancelled = w.accept().await.id;
    executions::request_cancel(&w.db.org(w.org.id), cancelled).await.unwrap();
    assert_eq!(w.get(cancelled).await.metering, None);
}

async fn runs_are_found_by_what_led_to_them(db: Db) {
    let w = World::new(db).await;
    let org = w.db.org(w.org.id);
    let first = w.accept().await;
    let workspace = Scope::Organization(w.org.id);
    let lineage = Lineage::of_child(&first, workspace);
    let mut children = vec![];
    for _ in 0..3 {
        let new = NewExecution { lineage, ..w.new_execution() };
        children.push(executions::accept(&org, new).await.unwrap().execution.id);
    }
    let again = NewExecution { rerun_of: Some(first.id), ..w.new_execution() };
    let again = executions::accept(&org, again).await.unwrap().execution.id;
    let found = async |filters: Filters, scoped: Scoped| {
        let page = executions::list(&scoped, &filters, None, 10).await.unwrap();
        page.items.into_iter().map(|run| run.id).collect::<Vec<_>>()
    };
    let by_parent = || Filters { parent_id: Some(first.id), ..Filters::default() };
    children.reverse();
    assert_eq!(found(by_parent(), org.clone()).await, children);
    assert!(found(by_parent(), w.db.org(w.other.id)).await.is_empty());
    let by_repeat = Filters { rerun_of: Some(first.id), ..Filters::default() };
    assert_eq!(found(by_repeat, org.clone()).await, [again]);
    assert_eq!(w.get(children[0]).await.lineage.parent, Some(first.id));
}

async fn versions_are_of_their_workspace(db: Db) {
    let w = World::new(db).await;
    let org = w.db.org(w.org.id);
    let first = workspaces::active_version(&org).await.unwrap().unwrap();
    workspaces::deploy(&org, deployment("h2", vec![info("a.py::sync", "sync")])).await.unwrap();
    let found = workspaces::version_of_id(&org, first.id).await.unwrap();
    assert_eq!((found.number, found.source_hash.as_str(), found.is_active), (1, "h1", false));
    let global = workspaces::active_version(&w.db.scope(Scope::Global)).await.unwrap().unwrap();
    for (scoped, id) in [(&org, global.id), (&w.db.org(w.other.id), first.id)] {
        let foreign = workspaces::version_of_id(scoped, id).await;
        assert!(matches!(foreign, Err(Error::NotFound("version"))));
    }
}
