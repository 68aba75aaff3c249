//! Accept, claim, log, finish, cancel, list.

use crate::common::*;
use bifrost_core::*;
use bifrost_store::executions::{self, Counts, Filters, Lease, NewExecution};
use bifrost_store::organizations::{Organization, OrganizationChange};
use bifrost_store::{Db, Sql, organizations, workflows};
use chrono::TimeDelta;
use futures::future::join_all;
use serde_json::json;

on_both!(
    a_run_from_accept_to_finish,
    accepting_is_idempotent_by_key,
    what_cannot_run_is_refused,
    a_stale_token_changes_nothing,
    one_of_many_claims_wins,
    logs_are_ordered_filtered_and_resumable,
    cancelling_before_and_while_running,
    lists_page_and_filter,
    lists_tell_what_asked,
    lists_tell_what_went_wrong,
    runs_are_counted_by_time,
    runs_are_counted_by_organization,
    foreign_runs_are_not_found,
    documents_keep_their_text,
    no_organization_has_more_runs_than_it_may,
    positions_follow_the_dispatcher,
    positions_are_counted_only_so_far,
);

async fn a_run_from_accept_to_finish(db: Db) {
    let w = World::new(db).await;
    let accepted = w.accept().await;
    assert_eq!((accepted.status, accepted.attempt), (Status::Pending, 0));
    assert_eq!(w.get(accepted.id).await, accepted);
    assert_eq!(executions::queue_position(&w.db.org(w.org.id), accepted.id).await.unwrap(), Some(1));

    let claimed = w.claim(accepted.id, 1, 60).await.expect("pending");
    assert_eq!((claimed.execution.status, claimed.execution.attempt), (Status::Running, 1));
    assert_eq!((claimed.source_hash.as_str(), claimed.object_key.as_str()), ("h1", "sources/h1"));
    assert_eq!(claimed.workspace, Scope::Organization(w.org.id));
    assert_eq!((claimed.workflow.name.as_str(), claimed.next_sequence), ("sync", 1));
    assert_eq!(claimed.limits, Limits::default());
    assert!(w.claim(accepted.id, 1, 60).await.is_none(), "a duplicate delivery changes nothing");
    assert_eq!(executions::queue_position(&w.db.org(w.org.id), accepted.id).await.unwrap(), None);

    let outcome = success(json!({"b": 1, "a": 2}));
    assert!(executions::finish(&w.db, accepted.id, claimed.token, outcome.clone()).await.unwrap());
    let done = w.get(accepted.id).await;
    assert_eq!(done.outcome.as_ref(), Some(&outcome));
    assert_eq!(done.started_at, claimed.execution.started_at);
    assert!(done.completed_at.is_some());
    assert!(!executions::finish(&w.db, accepted.id, claimed.token, outcome).await.unwrap(), "only once");
    assert_eq!(w.get(accepted.id).await, done);
}

async fn accepting_is_idempotent_by_key(db: Db) {
    let w = World::new(db).await;
    let mut new = w.new_execution();
    new.idempotency_key = Some("k".into());
    let all = join_all((0..8).map(|_| {
        let (db, new) = (w.db.clone(), new.clone());
        let org = w.org.id;
        async move { executions::accept(&db.org(org), new).await.unwrap() }
    }))
    .await;
    assert_eq!(all.iter().filter(|a| a.is_new).count(), 1);
    assert!(all.iter().all(|a| a.execution == all[0].execution));
    new.parameters = json!({});
    let error = executions::accept(&w.db.org(w.org.id), new.clone()).await.unwrap_err();
    assert_eq!(code(error), "idempotency_mismatch");
    new.workflow_id = w.shared;
    let foreign = executions::accept(&w.db.org(w.other.id), new).await.unwrap();
    assert!(foreign.is_new, "keys are per organization");
}

async fn what_cannot_run_is_refused(db: Db) {
    let w = World::new(db).await;
    let foreign = executions::accept(&w.db.org(w.other.id), w.new_execution()).await.unwrap_err();
    assert!(matches!(foreign, Error::NotFound("workflow")));
    let mut version = w.new_execution();
    version.version_id = Some(workflows::find(&w.db.org(w.org.id), "shared").await.unwrap().version_id);
    let error = executions::accept(&w.db.org(w.org.id), version).await.unwrap_err();
    assert!(matches!(error, Error::NotFound("version")), "a version of another workspace");

    workflows::set_active(&w.db.org(w.org.id), w.workflow, false).await.unwrap();
    let error = executions::accept(&w.db.org(w.org.id), w.new_execution()).await.unwrap_err();
    assert_eq!(code(error), "workflow_inactive");
    workflows::set_active(&w.db.org(w.org.id), w.workflow, true).await.unwrap();
    assert!(
        workflows::set_active(&w.db.org(w.org.id), w.shared, false).await.is_err(),
        "global is not theirs"
    );

    let change = OrganizationChange { is_active: Some(false), ..Default::default() };
    organizations::update(&w.db, w.org.id, change).await.unwrap();
    let error = executions::accept(&w.db.org(w.org.id), w.new_execution()).await.unwrap_err();
    assert_eq!(code(error), "organization_inactive");
}

async fn a_stale_token_changes_nothing(db: Db) {
    let w = World::new(db).await;
    let id = w.accept().await.id;
    let first = w.claim(id, 1, 0).await.unwrap();
    let swept = executions::expired_leases(&w.db, bifrost_store::now()).await.unwrap();
    assert_eq!(swept.tickets.len(), 1);
    let between = w.get(id).await;
    assert_eq!(between.status, Status::Pending);
    assert!(!executions::finish(&w.db, id, first.token, success(json!(1))).await.unwrap());
    let second = w.claim(id, 2, 60).await.unwrap();
    assert!(second.token > first.token);
    let before = w.get(id).await;
    assert!(!executions::finish(&w.db, id, first.token, success(json!(1))).await.unwrap());
    assert!(
        !executions::append_logs(&w.db, id, first.token, vec![line(1, LogLevel::Info, "late")])
            .await
            .unwrap()
    );
    assert_eq!(executions::renew_lease(&w.db, id, first.token, 60).await.unwrap(), Lease::Lost);
    assert_eq!(w.get(id).await, before);
    assert_eq!(executions::renew_lease(&w.db, id, second.token, 60).await.unwrap(), Lease::Held);
    assert!(executions::finish(&w.db, id, second.token, success(json!(2))).await.unwrap());
}

async fn one_of_many_claims_wins(db: Db) {
    let w = World::new(db).await;
    for _ in 0..5 {
        let id = w.accept().await.id;
        let claims = join_all((0..16).map(|_| w.claim(id, 1, 60))).await;
        assert_eq!(claims.iter().flatten().count(), 1);
        let token = claims.into_iter().flatten().next().unwrap().token;
        let ends = join_all((0..8).map(|n| executions::finish(&w.db, id, token, success(json!(n))))).await;
        assert_eq!(ends.into_iter().filter(|end| *end.as_ref().unwrap()).count(), 1);
    }
}

async fn no_organization_has_more_runs_than_it_may(db: Db) {
    let w = World::new(db).await;
    let limits = Limits { concurrent_runs: 2, ..Limits::default() };
    let change = OrganizationChange { limits: Some(limits), ..Default::default() };
    organizations::update(&w.db, w.org.id, change).await.unwrap();
    let ids = [w.accept().await.id, w.accept().await.id, w.accept().await.id];
    let first = w.claim(ids[0], 1, 60).await.expect("the first of two");
    let second = w.claim(ids[1], 1, 60).await.expect("the second of two");
    executions::request_cancel(&w.db.org(w.org.id), ids[1]).await.unwrap();
    assert!(w.claim(ids[2], 1, 60).await.is_none(), "one that is about to end is under way too");
    assert_eq!(w.get(ids[2]).await.status, Status::Pending, "it waits on");
    let new = NewExecution { workflow_id: w.shared, ..w.new_execution() };
    let other = executions::accept(&w.db.org(w.other.id), new).await.unwrap().execution.id;
    assert!(w.claim(other, 1, 60).await.is_some(), "nobody else has less for it");
    executions::finish(&w.db, ids[0], first.token, success(json!(1))).await.unwrap();
    assert!(w.claim(ids[2], 1, 60).await.is_some());
    executions::finish(&w.db, ids[1], second.token, success(json!(1))).await.unwrap();

    // Limits that were written before there was this one have its default.
    let sql = Sql::new("UPDATE organizations SET limits = $2 WHERE id = $1").bind(w.org.id).bind(json!({}));
    w.db.system().write(move |tx| Box::pin(async move { tx.execute(sql).await })).await.unwrap();
    for _ in 0..3 {
        let id = w.accept().await.id;
        assert!(w.claim(id, 1, 60).await.is_some());
    }
}

async fn logs_are_ordered_filtered_and_resumable(db: Db) {
    let w = World::new(db).await;
    let id = w.accept().await.id;
    let claimed = w.claim(id, 1, 0).await.unwrap();
    let lines: Vec<_> = (1..=1201)
        .map(|n| line(n, if n % 100 == 0 { LogLevel::Error } else { LogLevel::Info }, &format!("line {n}")))
        .collect();
    assert!(executions::append_logs(&w.db, id, claimed.token, lines.clone()).await.unwrap());
    assert!(
        executions::append_logs(&w.db, id, claimed.token, lines[1190..].to_vec()).await.unwrap(),
        "repeated"
    );
    let org = w.db.org(w.org.id);
    assert_eq!(executions::logs(&org, &NoObjects, id, 0, 5000, None).await.unwrap(), lines);
    assert_eq!(executions::logs(&org, &NoObjects, id, 1000, 3, None).await.unwrap(), lines[1000..1003]);
    let errors = executions::logs(&org, &NoObjects, id, 0, 5000, Some(LogLevel::Warning)).await.unwrap();
    assert_eq!(errors.len(), 12);
    executions::expired_leases(&w.db, bifrost_store::now()).await.unwrap();
    assert_eq!(w.claim(id, 2, 60).await.unwrap().next_sequence, 1202, "counts over all attempts");
}

async fn cancelling_before_and_while_running(db: Db) {
    let w = World::new(db).await;
    let org = w.db.org(w.org.id);
    let waiting = w.accept().await.id;
    assert_eq!(executions::request_cancel(&org, waiting).await.unwrap(), Status::Cancelled);
    assert!(w.claim(waiting, 1, 60).await.is_none());
    let done = w.get(waiting).await;
    assert_eq!(done.outcome.unwrap().error_type.as_deref(), Some("cancelled"));
    assert_eq!(
        executions::request_cancel(&org, waiting).await.unwrap(),
        Status::Cancelled,
        "twice is no error"
    );

    let running = w.accept().await.id;
    let claimed = w.claim(running, 1, 60).await.unwrap();
    assert_eq!(executions::request_cancel(&org, running).await.unwrap(), Status::Cancelling);
    assert_eq!(executions::request_cancel(&org, running).await.unwrap(), Status::Cancelling);
    assert_eq!(executions::cancelling(&w.db, "worker-1").await.unwrap(), [running]);
    assert_eq!(executions::cancelling(&w.db, "worker-2").await.unwrap(), []);
    assert_eq!(executions::renew_lease(&w.db, running, claimed.token, 60).await.unwrap(), Lease::Cancelling);
    let end = Outcome::ended(Status::Cancelled, "cancelled", "cancelled");
    assert!(executions::finish(&w.db, running, claimed.token, end).await.unwrap());

    let finished = w.accept().await.id;
    let claimed = w.claim(finished, 1, 60).await.unwrap();
    executions::finish(&w.db, finished, claimed.token, success(json!(1))).await.unwrap();
    assert_eq!(code(executions::request_cancel(&org, finished).await.unwrap_err()), "already_finished");
}

async fn lists_page_and_filter(db: Db) {
    let w = World::new(db).await;
    let mut ids = vec![];
    for _ in 0..7 {
        ids.push(w.accept().await.id);
    }
    ids.reverse();
    let org = w.db.org(w.org.id);
    let none = Filters::default();
    let first = executions::list(&org, &none, None, 3).await.unwrap();
    let second = executions::list(&org, &none, first.next, 3).await.unwrap();
    let third = executions::list(&org, &none, second.next, 3).await.unwrap();
    let seen: Vec<_> = [&first, &second, &third].iter().flat_map(|p| p.items.iter().map(|i| i.id)).collect();
    assert_eq!(seen, ids);
    assert_eq!(third.next, None);

    w.claim(ids[0], 1, 60).await.unwrap();
    let count =
        async |filters: Filters| executions::list(&org, &filters, None, 100).await.unwrap().items.len();
    assert_eq!(count(Filters { statuses: vec![Status::Running], ..none.clone() }).await, 1);
    let several = vec![Status::Running, Status::Pending, Status::Failed];
    assert_eq!(count(Filters { statuses: several, ..none.clone() }).await, 7);
    assert_eq!(count(Filters { workflow_id: Some(w.workflow), ..none.clone() }).await, 7);
    assert_eq!(count(Filters { workflow_id: Some(w.shared), ..none.clone() }).await, 0);
    assert_eq!(count(Filters { workflow_name: Some("sync".into()), ..none.clone() }).await, 7);
    assert_eq!(count(Filters { executed_by: Some(UserId::new()), ..none.clone() }).await, 0);
    let middle = w.get(ids[3]).await.created_at;
    assert_eq!(count(Filters { from: Some(middle), ..none.clone() }).await, 4);
    assert_eq!(count(Filters { to: Some(middle), ..none.clone() }).await, 3);
    assert_eq!(executions::list(&w.db.org(w.other.id), &none, None, 100).await.unwrap().items, []);
    assert_eq!(executions::list(&w.db.system(), &none, None, 100).await.unwrap().items.len(), 7);
}

async fn lists_tell_what_asked(db: Db) {
    let w = World::new(db).await;
    let org = w.db.org(w.org.id);
    let new = w.new_execution();
    let above = ExecutionId::new();
    let asked = [
        (RunOrigin::Person, new.clone()),
        (RunOrigin::Schedule, NewExecution { schedule_id: Some(ScheduleId::new()), ..new.clone() }),
        (RunOrigin::Webhook, NewExecution { delivery_id: Some(DeliveryId::new()), ..new.clone() }),
        (RunOrigin::Form, NewExecution { form_id: Some(FormId::new()), ..new.clone() }),
        (RunOrigin::Endpoint, NewExecution { endpoint_id: Some(EndpointId::new()), ..new.clone() }),
        (
            RunOrigin::Workflow,
            NewExecution {
                lineage: Lineage { parent: Some(above), root: Some(above), depth: 1, is_confined: false },
                ..new
            },
        ),
    ];
    for (origin, new) in asked {
        let id = executions::accept(&org, new).await.unwrap().execution.id;
        let filters = Filters { origin: Some(origin), ..Filters::default() };
        let found = executions::list(&org, &filters, None, 100).await.unwrap().items;
        assert_eq!(found.iter().map(|run| run.id).collect::<Vec<_>>(), [id], "{origin:?}");
    }
}

async fn lists_tell_what_went_wrong(db: Db) {
    let w = World::new(db).await;
    let id = w.accept().await.id;
    w.accept().await;
    let token = w.claim(id, 1, 60).await.unwrap().token;
    let outcome = Outcome::ended(Status::Failed, "KeyError", "'a'");
    assert!(executions::finish(&w.db, id, token, outcome).await.unwrap());
    for (kind, expected) in [("KeyError", 1), ("keyerror", 0), ("ValueError", 0)] {
        let filters = Filters { error_type: Some(kind.into()), ..Filters::default() };
        let found = executions::list(&w.db.org(w.org.id), &filters, None, 100).await.unwrap();
        assert_eq!(found.items.len(), expected, "{kind}");
    }
}

/// Ends a new run so.
async fn ended(w: &World, status: Status) -> ExecutionId {
    let id = w.accept().await.id;
    let token = w.claim(id, 1, 60).await.unwrap().token;
    assert!(executions::finish(&w.db, id, token, Outcome { status, ..success(json!(1)) }).await.unwrap());
    id
}

async fn runs_are_counted_by_time(db: Db) {
    let w = World::new(db).await;
    let org = w.db.org(w.org.id);
    for status in [Status::Success, Status::Failed, Status::Timeout, Status::CompletedWithErrors] {
        ended(&w, status).await;
    }
    let late = w.accept().await;
    executions::request_cancel(&org, w.accept().await.id).await.unwrap();
    let all = Counts { succeeded: 1, failed: 3, cancelled: 1, open: 1 };
    let hour = TimeDelta::hours(1);
    let from = late.created_at - hour * 2 - TimeDelta::minutes(30);
    let to = late.created_at + TimeDelta::minutes(30);
    let count = async |from, to, user| executions::counts_by_time(&org, from, to, hour, user).await.unwrap();
    assert_eq!(count(from, to, None).await, [(from + hour * 2, all)], "steps begin at `from`");
    assert_eq!(count(from, from + hour, None).await, []);
    assert_eq!(count(from, to, Some(w.user)).await.len(), 1);
    assert_eq!(count(from, to, Some(UserId::new())).await, []);
    // A run at `to` is of the next span.
    let steps = count(from, late.created_at, None).await;
    assert_eq!(steps.iter().map(|(_, counts)| counts.open).sum::<i64>(), 0);
    let foreign = executions::counts_by_time(&w.db.org(w.other.id), from, to, hour, None).await.unwrap();
    assert_eq!(foreign, []);
}

async fn runs_are_counted_by_organization(db: Db) {
    let w = World::new(db).await;
    ended(&w, Status::Failed).await;
    let shared = || NewExecution { workflow_id: w.shared, ..w.new_execution() };
    for _ in 0..2 {
        executions::accept(&w.db.org(w.other.id), shared()).await.unwrap();
    }
    let now = bifrost_store::now();
    let (from, to) = (now - TimeDelta::hours(1), now + TimeDelta::hours(1));
    let all = executions::counts_by_organization(&w.db, from, to).await.unwrap();
    let expected = [
        (w.other.id, "Other".to_owned(), Counts { open: 2, ..Counts::default() }),
        (w.org.id, "Org".to_owned(), Counts { failed: 1, ..Counts::default() }),
    ];
    assert_eq!(all, expected, "the most first");
    assert_eq!(
        executions::counts_by_organization(&w.db, from - TimeDelta::hours(1), from).await.unwrap(),
        []
    );
}

async fn foreign_runs_are_not_found(db: Db) {
    let w = World::new(db).await;
    let id = w.accept().await.id;
    let other = w.db.org(w.other.id);
    assert!(matches!(executions::get(&other, id).await, Err(Error::NotFound("execution"))));
    assert!(matches!(
        executions::logs(&other, &NoObjects, id, 0, 10, None).await,
        Err(Error::NotFound("execution"))
    ));
    assert!(matches!(executions::request_cancel(&other, id).await, Err(Error::NotFound("execution"))));
    assert!(matches!(executions::queue_position(&other, id).await, Err(Error::NotFound("execution"))));
    assert_eq!(w.get(id).await.status, Status::Pending);
    assert!(executions::get(&w.db.system(), id).await.is_ok());
}

async fn documents_keep_their_text(db: Db) {
    let w = World::new(db).await;
    let id = w.accept().await.id;
    let claimed = w.claim(id, 1, 60).await.unwrap();
    assert_eq!(claimed.execution.parameters, json!({"z": 1, "a": [null, "\0"]}), "also NUL within JSON");
    let mut outcome = success(json!({"zeta": 1.5, "alpha": u64::MAX, "text": "\u{1F600}\0"}));
    outcome.error = Some("nul \0 here".into());
    executions::finish(&w.db, id, claimed.token, outcome.clone()).await.unwrap();
    let kept = w.get(id).await.outcome.unwrap();
    assert_eq!(kept.result, outcome.result);
    assert_eq!(kept.error.as_deref(), Some("nul \u{FFFD} here"));
}

async fn positions_follow_the_dispatcher(db: Db) {
    let w = World::new(db).await;
    let accept = async |org: &Organization, priority| {
        let new = NewExecution { workflow_id: w.shared, priority, ..w.new_execution() };
        executions::accept(&w.db.org(org.id), new).await.unwrap().execution.id
    };
    let position = async |id| executions::queue_position(&w.db.system(), id).await.unwrap();
    let mut long = vec![];
    for _ in 0..5 {
        long.push(accept(&w.org, Priority::Normal).await);
    }
    let short = accept(&w.other, Priority::Normal).await;
    assert_eq!(position(short).await, Some(2), "one of the long line comes before the short one's first");
    assert_eq!(position(long[0]).await, Some(2));
    assert_eq!(position(long[4]).await, Some(6), "the short line has one only");

    let urgent = accept(&w.other, Priority::Interactive).await;
    assert_eq!(position(urgent).await, Some(1));
    assert_eq!((position(short).await, position(long[4]).await), (Some(3), Some(7)));
    let bulk = accept(&w.org, Priority::Bulk).await;
    assert_eq!(position(bulk).await, Some(8), "after all others");

    // What pauses before its next attempt is in no line.
    let run = w.claim(urgent, 1, 60).await.unwrap();
    let later = bifrost_store::now() + chrono::TimeDelta::hours(1);
    assert!(executions::retry(&w.db, urgent, run.token, "error:E".into(), later, vec![]).await.unwrap());
    assert_eq!((position(urgent).await, position(short).await), (None, Some(2)));
    // Neither is what waits until its organization may run again.
    let change = OrganizationChange { is_active: Some(false), ..Default::default() };
    organizations::update(&w.db, w.other.id, change).await.unwrap();
    assert_eq!((position(long[4]).await, position(bulk).await), (Some(5), Some(6)));
}

async fn positions_are_counted_only_so_far(db: Db) {
    let w = World::new(db).await;
    join_all((0..executions::MAX_POSITION).map(|_| w.accept())).await;
    let last = w.accept().await.id;
    let new = NewExecution { workflow_id: w.shared, ..w.new_execution() };
    let other = executions::accept(&w.db.org(w.other.id), new).await.unwrap().execution.id;
    let position = async |id| executions::queue_position(&w.db.system(), id).await.unwrap();
    assert_eq!(position(last).await, Some(executions::MAX_POSITION));
    assert_eq!(position(other).await, Some(2));
}
