//! Large documents of runs: where they are, and that nobody notices.

use crate::common::*;
use bifrost_core::ports::Objects;
use bifrost_core::*;
use bifrost_store::executions::documents::{self, LARGE, Part};
use bifrost_store::executions::{self, Claimed, Ending, NewExecution};
use bifrost_store::{Db, Sql};
use futures::future::join_all;
use serde_json::{Value, json};

on_both!(
    large_documents_are_objects,
    small_documents_are_not,
    accepting_large_ones_is_idempotent_by_key,
    two_attempts_never_meet,
    a_store_that_is_away_costs_only_room,
    what_is_missing_is_gone,
);

/// A document of about so many bytes of JSON.
fn document(bytes: usize) -> Value {
    json!({"text": "ü\u{1F600}\0\"\n".repeat(bytes / 16), "numbers": [1, 2.5, u64::MAX, -1e300], "z": null, "a": {}})
}

fn large(w: &World, bytes: usize) -> NewExecution {
    NewExecution { parameters: document(bytes), ..w.new_execution() }
}

/// As a runner ends a run. True when it could.
async fn end(w: &World, objects: &dyn Objects, claimed: &Claimed, mut outcome: Outcome) -> bool {
    let stored = documents::offload(objects, &claimed.execution, &mut outcome).await;
    let ending = Ending { stored, ..Ending::of(outcome) };
    executions::end(&w.db, claimed.execution.id, claimed.token, ending).await.unwrap().is_some()
}

/// Bytes of a row's documents.
async fn width(db: &Db, id: ExecutionId) -> i64 {
    let length = |column: &str| format!("COALESCE(length(CAST({column} AS text)), 0)");
    let all = ["parameters", "result", "variables"].map(length).join(" + ");
    let sql = Sql::new(format!("SELECT CAST({all} AS bigint) AS n FROM executions WHERE id = $1")).bind(id);
    db.system().read().await.unwrap().one(sql).await.unwrap().get("n").unwrap()
}

async fn loaded(w: &World, objects: &dyn Objects, id: ExecutionId) -> Execution {
    let mut execution = w.get(id).await;
    for part in [Part::Parameters, Part::Result, Part::Variables] {
        documents::load(objects, &mut execution, part).await.unwrap();
    }
    execution
}

async fn large_documents_are_objects(db: Db) {
    let w = World::new(db).await;
    for (objects, _alive) in stores().await {
        let objects = objects.as_ref();
        let new = large(&w, 1 << 20);
        let accepted =
            executions::documents::accept(&w.db.org(w.org.id), objects, new.clone()).await.unwrap();
        let id = accepted.execution.id;
        assert!(accepted.is_new && accepted.execution.parameters == new.parameters);
        assert!(w.get(id).await.parameters.is_null());

        let mut claimed = w.claim(id, 1, 60).await.expect("pending");
        documents::load(objects, &mut claimed.execution, Part::Parameters).await.unwrap();
        assert!(claimed.execution.parameters == new.parameters, "as submitted");

        let outcome = Outcome { variables: Some(document(200_000)), ..success(document(2 << 20)) };
        assert!(end(&w, objects, &claimed, outcome.clone()).await);
        let row = w.get(id).await;
        assert_eq!(row.outcome.as_ref().map(|o| (&o.result, &o.variables)), Some((&None, &None)));
        assert!(width(&w.db, id).await < 10, "the row has none of it");
        let execution = loaded(&w, objects, id).await;
        assert!(execution.parameters == new.parameters && execution.outcome == Some(outcome));
        let keys = keys(objects).await;
        let own = format!("executions/{}/{id}/", w.org.id);
        assert_eq!(keys.len(), 3);
        assert!(keys.iter().all(|key| key.starts_with(&own)), "{keys:?}");

        let page = executions::list(&w.db.org(w.org.id), &Default::default(), None, 1).await.unwrap();
        assert_eq!(page.items[0].id, id, "lists need no objects");
    }
}

async fn small_documents_are_not(db: Db) {
    let w = World::new(db).await;
    let new = NewExecution { parameters: json!({"x": "x".repeat(LARGE - 8)}), ..w.new_execution() };
    assert_eq!(new.parameters.to_string().len(), LARGE);
    let accepted = documents::accept(&w.db.org(w.org.id), &NoObjects, new.clone()).await.unwrap();
    let mut claimed = w.claim(accepted.execution.id, 1, 60).await.expect("pending");
    documents::load(&NoObjects, &mut claimed.execution, Part::Parameters).await.unwrap();
    assert_eq!(claimed.execution.parameters, new.parameters);
    let outcome = success(json!("x".repeat(LARGE - 2)));
    assert!(end(&w, &NoObjects, &claimed, outcome.clone()).await);
    assert_eq!(loaded(&w, &NoObjects, accepted.execution.id).await.outcome, Some(outcome));
}

async fn accepting_large_ones_is_idempotent_by_key(db: Db) {
    let w = World::new(db).await;
    for (number, (objects, _alive)) in stores().await.into_iter().enumerate() {
        let objects = objects.as_ref();
        let org = w.db.org(w.org.id);
        let mut new = large(&w, 100_000);
        new.idempotency_key = Some(format!("k{number}"));
        let all = join_all((0..6).map(|_| documents::accept(&org, objects, new.clone()))).await;
        let all: Vec<_> = all.into_iter().map(Result::unwrap).collect();
        assert_eq!(all.iter().filter(|a| a.is_new).count(), 1);
        assert!(all.iter().all(|a| a.execution.id == all[0].execution.id));
        let again = documents::accept(&org, &AwayObjects, new.clone()).await.unwrap();
        assert!(!again.is_new, "although these are compared from memory");
        assert_eq!(keys(objects).await.len(), 1, "nothing is left of the others");
        for other in [document(100_016), json!({}), json!({"text": document(100_000)["text"]})] {
            new.parameters = other;
            let error = documents::accept(&org, objects, new.clone()).await.unwrap_err();
            assert_eq!(code(error), "idempotency_mismatch");
        }

        let mut in_row = large(&w, 100_000);
        in_row.idempotency_key = Some(format!("r{number}"));
        let first = documents::accept(&org, &AwayObjects, in_row.clone()).await.unwrap();
        let again = documents::accept(&org, objects, in_row).await.unwrap();
        assert_eq!((again.is_new, again.execution.id), (false, first.execution.id));
    }
}

async fn two_attempts_never_meet(db: Db) {
    let w = World::new(db).await;
    let (objects, _alive) = stores().await.swap_remove(0);
    let objects = objects.as_ref();
    let id = w.accept().await.id;
    let first = w.claim(id, 1, 0).await.unwrap();
    let mut lost = success(document(100_000));
    let stored = documents::offload(objects, &first.execution, &mut lost).await;
    executions::expired_leases(&w.db, bifrost_store::now()).await.unwrap();
    let second = w.claim(id, 2, 60).await.unwrap();
    let outcome = success(document(200_000));
    assert!(end(&w, objects, &second, outcome.clone()).await);
    let late = Ending { stored, ..Ending::of(lost) };
    assert_eq!(executions::end(&w.db, id, first.token, late).await.unwrap(), None);
    assert!(loaded(&w, objects, id).await.outcome == Some(outcome));
    assert_eq!(keys(objects).await.len(), 2, "one of each attempt");
}

async fn a_store_that_is_away_costs_only_room(db: Db) {
    let w = World::new(db).await;
    let new = large(&w, 100_000);
    let accepted = documents::accept(&w.db.org(w.org.id), &AwayObjects, new.clone()).await.unwrap();
    let claimed = w.claim(accepted.execution.id, 1, 60).await.unwrap();
    let outcome = success(document(100_000));
    assert!(end(&w, &AwayObjects, &claimed, outcome.clone()).await);
    let execution = loaded(&w, &NoObjects, accepted.execution.id).await;
    assert!(execution.parameters == new.parameters && execution.outcome == Some(outcome));
    assert_eq!(execution.stored, Stored::default());
}

async fn what_is_missing_is_gone(db: Db) {
    let w = World::new(db).await;
    let (objects, _alive) = stores().await.swap_remove(1);
    let objects = objects.as_ref();
    let accepted = documents::accept(&w.db.org(w.org.id), objects, large(&w, 100_000)).await.unwrap();
    let mut execution = w.get(accepted.execution.id).await;
    let away = documents::load(&AwayObjects, &mut execution, Part::Parameters).await;
    assert!(matches!(away, Err(Error::Busy("objects"))), "{away:?}");
    for key in keys(objects).await {
        objects.delete(&key).await.unwrap();
    }
    let gone = documents::load(objects, &mut execution, Part::Parameters).await;
    assert!(matches!(gone, Err(Error::Gone("parameters"))), "{gone:?}");
    documents::load(objects, &mut execution, Part::Result).await.expect("there is none to be missed");
}
