//! Lost workers and restarts.

use crate::common::*;
use bifrost_core::ports::Ticket;
use bifrost_core::*;
use bifrost_store::executions::Lease;
use bifrost_store::{Db, executions, now, workflows, workspaces};
use futures::future::join_all;
use serde_json::json;

on_both!(
    a_lost_run_is_tried_three_times,
    a_run_that_must_not_repeat_fails,
    a_cancelled_run_of_a_lost_worker_ends,
    a_restart_finds_every_run,
    an_expired_lease_is_swept_and_claimed_again,
    many_leases_are_renewed_at_once_under_the_same_fence,
);

async fn a_lost_run_is_tried_three_times(db: Db) {
    let w = World::new(db).await;
    let id = w.accept().await.id;
    for attempt in 1..=2 {
        w.claim(id, attempt, 0).await.expect("admitted");
        let swept = executions::expired_leases(&w.db, now()).await.unwrap();
        assert_eq!(swept.tickets, [Ticket { execution: id, attempt: attempt + 1 }]);
        assert!(swept.failed.is_empty() && swept.cancelled.is_empty());
    }
    w.claim(id, 3, 0).await.expect("admitted");
    let swept = executions::expired_leases(&w.db, now()).await.unwrap();
    assert_eq!((swept.tickets.len(), swept.failed), (0, vec![id]));
    let done = w.get(id).await;
    let outcome = done.outcome.unwrap();
    assert_eq!((outcome.status, outcome.error_type.as_deref()), (Status::Failed, Some("worker_lost")));
    assert_eq!(outcome.error.as_deref(), Some("worker lost; tried 3 times"));
    assert!(w.claim(id, 4, 60).await.is_none());
}

async fn a_run_that_must_not_repeat_fails(db: Db) {
    let w = World::new(db).await;
    let once = with_default(info("b.py::once", "once"), "retry_on_loss", json!(false));
    let org = w.db.org(w.org.id);
    workspaces::deploy(&org, deployment("h2", vec![info("a.py::sync", "sync"), once])).await.unwrap();
    let mut new = w.new_execution();
    new.workflow_id = workflows::find(&org, "once").await.unwrap().id;
    let accepted = executions::accept(&org, new).await.unwrap().execution;
    assert!(!accepted.retry_on_loss);
    w.claim(accepted.id, 1, 0).await.unwrap();
    assert!(w.claim(accepted.id, 2, 60).await.is_none(), "not even with a ticket");
    let swept = executions::expired_leases(&w.db, now()).await.unwrap();
    assert_eq!(swept.failed, [accepted.id]);
    let outcome = w.get(accepted.id).await.outcome.unwrap();
    assert_eq!(outcome.error.as_deref(), Some("worker lost; not repeated"));
}

async fn a_cancelled_run_of_a_lost_worker_ends(db: Db) {
    let w = World::new(db).await;
    let id = w.accept().await.id;
    let claimed = w.claim(id, 1, 0).await.unwrap();
    executions::request_cancel(&w.db.org(w.org.id), id).await.unwrap();
    let swept = executions::expired_leases(&w.db, now()).await.unwrap();
    assert_eq!(swept.cancelled, [id]);
    assert_eq!(w.get(id).await.status, Status::Cancelled);
    assert!(!executions::finish(&w.db, id, claimed.token, success(json!(1))).await.unwrap());
}

async fn a_restart_finds_every_run(db: Db) {
    let w = World::new(db).await;
    let (pending, running, done) = (w.accept().await.id, w.accept().await.id, w.accept().await.id);
    w.claim(running, 1, 3600).await.unwrap();
    let claimed = w.claim(done, 1, 3600).await.unwrap();
    executions::finish(&w.db, done, claimed.token, success(json!(1))).await.unwrap();
    assert_eq!(executions::expired_leases(&w.db, now()).await.unwrap(), Default::default());
    let swept = executions::release_all_leases_of_embedded(&w.db).await.unwrap();
    assert_eq!(swept.tickets, [Ticket { execution: running, attempt: 2 }]);
    let tickets = executions::pending_tickets(&w.db).await.unwrap();
    assert_eq!(
        tickets,
        [Ticket { execution: pending, attempt: 1 }, Ticket { execution: running, attempt: 2 }]
    );
}

async fn an_expired_lease_is_swept_and_claimed_again(db: Db) {
    let w = World::new(db).await;
    let id = w.accept().await.id;
    let first = w.claim(id, 1, 3600).await.unwrap();
    assert!(w.claim(id, 2, 60).await.is_none(), "the lease holds");
    executions::renew_lease(&w.db, id, first.token, 0).await.unwrap();
    assert!(w.claim(id, 2, 60).await.is_none(), "only the sweeper gives it away, with its cause");
    executions::expired_leases(&w.db, now()).await.unwrap();
    let second = w.claim(id, 2, 60).await.expect("the lease has ended");
    assert_eq!(second.execution.started_at, first.execution.started_at);
    assert!(!executions::finish(&w.db, id, first.token, success(json!(1))).await.unwrap());
    assert!(executions::finish(&w.db, id, second.token, success(json!(2))).await.unwrap());
}

async fn many_leases_are_renewed_at_once_under_the_same_fence(db: Db) {
    let w = World::new(db).await;
    let claimed = join_all((0..600).map(|_| async {
        let id = w.accept().await.id;
        (id, w.claim(id, 1, 0).await.unwrap().token)
    }))
    .await;
    let (stale, ended, cancelling) = (claimed[0].0, claimed[1].0, claimed[599].0);
    assert!(executions::finish(&w.db, ended, claimed[1].1, success(json!(1))).await.unwrap());
    executions::request_cancel(&w.db.org(w.org.id), cancelling).await.unwrap();
    let mut held = claimed.clone();
    held[0].1 -= 1;
    let leases = executions::renew_leases(&w.db, &held, 60).await.unwrap();
    assert_eq!(leases.iter().map(|(id, token, _)| (*id, *token)).collect::<Vec<_>>(), held);
    for (id, _, lease) in leases {
        let expected = match id {
            id if id == stale || id == ended => Lease::Lost,
            id if id == cancelling => Lease::Cancelling,
            _ => Lease::Held,
        };
        assert_eq!(lease, expected, "{id}");
    }
    // What was not renewed, and only that, is taken away.
    let swept = executions::expired_leases(&w.db, now()).await.unwrap();
    let tickets = vec![Ticket { execution: stale, attempt: 2 }];
    assert_eq!(swept, executions::Swept { tickets, ..Default::default() });
    assert_eq!(executions::renew_leases(&w.db, &[], 60).await.unwrap(), []);
}
