//! What is decided about runs whose ticket the queue gave up on.

use crate::common::*;
use bifrost_core::ports::Ticket;
use bifrost_core::*;
use bifrost_store::dead_letters::{self, DeadLetter, Filters};
use bifrost_store::executions::{Attempt, NewExecution};
use bifrost_store::organizations::OrganizationChange;
use bifrost_store::{Db, executions, now, organizations, workflows, workspaces};
use chrono::TimeDelta;
use futures::future::join_all;
use serde_json::json;

on_both!(
    a_waiting_run_is_tried_again_until_the_bound,
    a_letter_that_nobody_needs_changes_nothing,
    a_run_that_must_not_be_repeated_fails,
    losses_of_all_kinds_count_together,
    of_many_that_decide_one_does,
    a_claim_and_a_decision_exclude_each_other,
    letters_page_and_filter,
    foreign_letters_are_not_found,
    a_letter_is_replayed_once_its_run_has_ended,
    a_replay_that_is_refused_leaves_nothing,
);

async fn dies(w: &World, execution: ExecutionId, attempt: i32) -> Option<DeadLetterState> {
    dead_letters::reconcile(&w.db, Ticket { execution, attempt }, "delivery_limit").await.unwrap()
}

/// Newest first.
async fn letters(w: &World) -> Vec<DeadLetter> {
    dead_letters::list(&w.db.system(), Filters::default(), None, 100).await.unwrap().items
}

async fn causes(w: &World, id: ExecutionId) -> Vec<(i32, String)> {
    let causes = executions::attempts(&w.db.org(w.org.id), id).await.unwrap();
    causes.into_iter().map(|Attempt { attempt, cause, .. }| (attempt, cause)).collect()
}

/// A run whose only letter says that it failed.
async fn failed(w: &World) -> (ExecutionId, DeadLetter) {
    let id = w.accept().await.id;
    for attempt in 1..=3 {
        dies(w, id, attempt).await.expect("it waits");
    }
    (id, letters(w).await.remove(0))
}

fn repeated(w: &World, id: ExecutionId) -> NewExecution {
    NewExecution { rerun_of: Some(id), ..w.new_execution() }
}

async fn a_waiting_run_is_tried_again_until_the_bound(db: Db) {
    let w = World::new(db).await;
    let id = w.accept().await.id;
    for attempt in 1..=2 {
        assert_eq!(dies(&w, id, attempt).await, Some(DeadLetterState::Retried));
        assert_eq!(dies(&w, id, attempt).await, None, "twice in a row");
        let run = w.get(id).await;
        assert_eq!((run.status, run.attempt, run.started_at), (Status::Pending, attempt, None));
        let next = Ticket { execution: id, attempt: attempt + 1 };
        assert_eq!(executions::pending_tickets(&w.db).await.unwrap(), [next], "another ticket");
        assert!(w.claim(id, attempt, 60).await.is_none(), "a copy of the dead ticket is worth nothing");
    }
    let cause = "dead_letter:delivery_limit".to_owned();
    assert_eq!(causes(&w, id).await, [(2, cause.clone()), (3, cause)]);
    assert_eq!(dies(&w, id, 3).await, Some(DeadLetterState::Failed));
    let run = w.get(id).await;
    assert!(run.completed_at.is_some());
    let outcome = run.outcome.unwrap();
    assert_eq!((outcome.status, outcome.error_type.as_deref()), (Status::Failed, Some("dead_letter")));
    assert_eq!(outcome.error.as_deref(), Some("no worker could take this run; tried 3 times"));
    assert!(outcome.error_for_user);
    assert!(w.claim(id, 3, 60).await.is_none() && w.claim(id, 4, 60).await.is_none());

    let kept = letters(&w).await;
    let kept: Vec<_> =
        kept.iter().map(|l| (l.attempt, l.state, l.reason.as_str(), l.execution_status)).collect();
    let expected =
        [(3, DeadLetterState::Failed), (2, DeadLetterState::Retried), (1, DeadLetterState::Retried)];
    assert_eq!(kept, expected.map(|(attempt, state)| (attempt, state, "delivery_limit", Status::Failed)));
}

async fn a_letter_that_nobody_needs_changes_nothing(db: Db) {
    let w = World::new(db).await;
    let org = w.db.org(w.org.id);
    assert_eq!(dies(&w, ExecutionId::new(), 1).await, None, "unknown");
    let accept = async |not_before| {
        let new = NewExecution { not_before, ..w.new_execution() };
        executions::accept(&org, new).await.unwrap().execution.id
    };
    let scheduled = accept(Some(now() + TimeDelta::hours(1))).await;
    let pending = accept(None).await;
    let again = accept(None).await;
    w.claim(again, 1, 0).await.unwrap();
    executions::expired_leases(&w.db, now()).await.unwrap();
    let running = accept(None).await;
    w.claim(running, 1, 3_600).await.unwrap();
    let cancelling = accept(None).await;
    w.claim(cancelling, 1, 3_600).await.unwrap();
    executions::request_cancel(&org, cancelling).await.unwrap();
    let mut all = vec![
        (scheduled, Status::Scheduled, 1),
        (pending, Status::Pending, 0),
        (pending, Status::Pending, 2),
        (pending, Status::Pending, i32::MIN),
        (pending, Status::Pending, i32::MAX),
        (again, Status::Pending, 1),
        (again, Status::Pending, 3),
        (running, Status::Running, 1),
        (running, Status::Running, 2),
        (cancelling, Status::Cancelling, 1),
        (cancelling, Status::Cancelling, 2),
    ];
    for status in Status::ALL.into_iter().filter(|status| status.is_terminal()) {
        let ended = accept(None).await;
        let token = w.claim(ended, 1, 3_600).await.unwrap().token;
        let outcome = Outcome { status, ..success(json!(1)) };
        assert!(executions::finish(&w.db, ended, token, outcome).await.unwrap());
        all.extend([(ended, status, 1), (ended, status, 2)]);
    }
    for (id, status, attempt) in all {
        let before = w.get(id).await;
        assert_eq!(before.status, status);
        assert_eq!(dies(&w, id, attempt).await, None, "{status:?}, ticket {attempt}");
        assert_eq!(w.get(id).await, before);
    }
    assert_eq!(letters(&w).await, []);
    assert_eq!(causes(&w, pending).await, []);
}

async fn a_run_that_must_not_be_repeated_fails(db: Db) {
    let w = World::new(db).await;
    let once = with_default(info("b.py::once", "once"), "retry_on_loss", json!(false));
    let org = w.db.org(w.org.id);
    workspaces::deploy(&org, deployment("h2", vec![info("a.py::sync", "sync"), once])).await.unwrap();
    let workflow_id = workflows::find(&org, "once").await.unwrap().id;
    let new = NewExecution { workflow_id, ..w.new_execution() };
    let id = executions::accept(&org, new).await.unwrap().execution.id;
    assert_eq!(dies(&w, id, 1).await, Some(DeadLetterState::Failed));
    assert_eq!(dies(&w, id, 1).await, None);
    let run = w.get(id).await;
    assert_eq!(run.attempt, 1);
    let outcome = run.outcome.unwrap();
    assert_eq!(outcome.error_type.as_deref(), Some("dead_letter"));
    assert_eq!(outcome.error.as_deref(), Some("no worker could take this run; not repeated"));
    assert_eq!(causes(&w, id).await, []);
    assert_eq!(letters(&w).await.len(), 1);
}

async fn losses_of_all_kinds_count_together(db: Db) {
    let w = World::new(db).await;
    let (first, second) = (w.accept().await.id, w.accept().await.id);
    for id in [first, second] {
        w.claim(id, 1, 0).await.unwrap();
        executions::expired_leases(&w.db, now()).await.unwrap();
        assert_eq!(dies(&w, id, 2).await, Some(DeadLetterState::Retried));
    }
    assert_eq!(dies(&w, first, 3).await, Some(DeadLetterState::Failed));
    w.claim(second, 3, 0).await.unwrap();
    assert_eq!(executions::expired_leases(&w.db, now()).await.unwrap().failed, [second]);
    let expected = [(2, "worker_lost".to_owned()), (3, "dead_letter:delivery_limit".to_owned())];
    assert_eq!(causes(&w, second).await, expected);
}

async fn of_many_that_decide_one_does(db: Db) {
    let w = World::new(db).await;
    let id = w.accept().await.id;
    for attempt in 1..=3 {
        let decided = join_all((0..8).map(|_| dies(&w, id, attempt))).await;
        assert_eq!(decided.iter().flatten().count(), 1, "{decided:?}");
    }
    assert_eq!(letters(&w).await.len(), 3);
    assert_eq!(w.get(id).await.attempt, 3);
}

async fn a_claim_and_a_decision_exclude_each_other(db: Db) {
    let w = World::new(db).await;
    for _ in 0..10 {
        let id = w.accept().await.id;
        let (claimed, decided) = tokio::join!(w.claim(id, 1, 3_600), dies(&w, id, 1));
        assert!(claimed.is_some() != decided.is_some(), "{claimed:?} {decided:?}");
        let expected = if decided.is_some() { Status::Pending } else { Status::Running };
        assert_eq!(w.get(id).await.status, expected);
    }
}

async fn letters_page_and_filter(db: Db) {
    let w = World::new(db).await;
    let (run, letter) = failed(&w).await;
    let other = w.accept().await.id;
    dies(&w, other, 1).await.expect("it waits");
    let org = w.db.org(w.org.id);
    let all = letters(&w).await;
    assert_eq!(all.iter().map(|l| l.execution_id).collect::<Vec<_>>(), [other, run, run, run]);
    assert_eq!((all[1].workflow_id, all[1].workflow_name.as_str()), (w.workflow, "sync"));
    let first = dead_letters::list(&org, Filters::default(), None, 3).await.unwrap();
    let second = dead_letters::list(&org, Filters::default(), first.next, 3).await.unwrap();
    assert_eq!([first.items, second.items].concat(), all);
    assert_eq!(second.next, None);

    dead_letters::replay(&org, &NoObjects, letter.id, repeated(&w, run)).await.unwrap();
    let count = async |state, replayed| {
        dead_letters::list(&org, Filters { state, replayed }, None, 100).await.unwrap().items.len()
    };
    assert_eq!(count(Some(DeadLetterState::Retried), None).await, 3);
    assert_eq!(count(Some(DeadLetterState::Failed), None).await, 1);
    assert_eq!(count(Some(DeadLetterState::Failed), Some(false)).await, 0);
    assert_eq!(count(None, Some(true)).await, 1);
    assert_eq!(count(None, Some(false)).await, 3);
}

async fn foreign_letters_are_not_found(db: Db) {
    let w = World::new(db).await;
    let (run, letter) = failed(&w).await;
    for scoped in [w.db.org(w.other.id), w.db.scope(Scope::Global)] {
        let list = dead_letters::list(&scoped, Filters::default(), None, 100).await.unwrap();
        assert_eq!(list.items, []);
        let error = dead_letters::get(&scoped, letter.id).await.unwrap_err();
        assert!(matches!(error, Error::NotFound("dead letter")));
    }
    let error = dead_letters::replay(&w.db.org(w.other.id), &NoObjects, letter.id, repeated(&w, run))
        .await
        .unwrap_err();
    assert!(matches!(error, Error::NotFound("dead letter")));
    assert_eq!(dead_letters::get(&w.db.org(w.org.id), letter.id).await.unwrap(), letter);
    assert_eq!(dead_letters::get(&w.db.system(), letter.id).await.unwrap(), letter);
}

async fn a_letter_is_replayed_once_its_run_has_ended(db: Db) {
    let w = World::new(db).await;
    let org = w.db.org(w.org.id);
    let id = w.accept().await.id;
    dies(&w, id, 1).await.expect("it waits");
    let letter = letters(&w).await.remove(0);
    let replay = async || dead_letters::replay(&org, &NoObjects, letter.id, repeated(&w, id)).await;
    assert_eq!(code(replay().await.unwrap_err()), "not_finished");
    let token = w.claim(id, 2, 60).await.unwrap().token;
    assert_eq!(code(replay().await.unwrap_err()), "not_finished");
    executions::finish(&w.db, id, token, success(json!(1))).await.unwrap();

    let all = join_all((0..6).map(|_| replay())).await;
    let (made, refused): (Vec<_>, Vec<_>) = all.into_iter().partition(Result::is_ok);
    let made: Vec<_> = made.into_iter().flatten().collect();
    assert_eq!(made.len(), 1, "whoever asks at the same time");
    assert!(refused.into_iter().all(|refused| code(refused.unwrap_err()) == "already_replayed"));
    let run = w.get(made[0].id).await;
    assert_eq!(run, made[0]);
    assert_eq!((run.status, run.attempt, run.rerun_of), (Status::Pending, 0, Some(id)));
    let replayed = dead_letters::get(&org, letter.id).await.unwrap().replay.unwrap();
    assert_eq!((replayed.execution_id, replayed.replayed_by), (run.id, w.user));
    let list = executions::list(&org, &executions::Filters::default(), None, 100).await.unwrap();
    assert_eq!(list.items.len(), 2, "what was refused left no run");
}

async fn a_replay_that_is_refused_leaves_nothing(db: Db) {
    let w = World::new(db).await;
    let (run, letter) = failed(&w).await;
    let org = w.db.org(w.org.id);
    let change = |is_active| OrganizationChange { is_active: Some(is_active), ..Default::default() };
    organizations::update(&w.db, w.org.id, change(false)).await.unwrap();
    let error = dead_letters::replay(&org, &NoObjects, letter.id, repeated(&w, run)).await.unwrap_err();
    assert_eq!(code(error), "organization_inactive");
    assert_eq!(dead_letters::get(&org, letter.id).await.unwrap(), letter);
    organizations::update(&w.db, w.org.id, change(true)).await.unwrap();
    dead_letters::replay(&org, &NoObjects, letter.id, repeated(&w, run)).await.expect("now");
}
