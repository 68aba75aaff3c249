//! One leads a task at a time; the lead goes over when its holder is silent or lets go.

use bifrost_store::{Db, Sql, leaders};
use futures::future::join_all;
use std::time::Duration;

on_both!(
    one_of_many_gets_the_lead,
    the_lead_of_a_silent_holder_goes_over,
    a_lead_that_was_let_go_is_free_at_once,
);

/// Longer than a test.
const TERM: Duration = Duration::from_secs(60);

async fn hold(db: &Db, holder: &str, term: Duration) -> bool {
    leaders::hold(db, "task", holder, term).await.unwrap()
}

async fn token(db: &Db) -> i64 {
    let sql = Sql::new("SELECT token FROM leaders WHERE task = 'task'");
    db.system().read().await.unwrap().one(sql).await.unwrap().get("token").unwrap()
}

async fn one_of_many_gets_the_lead(db: Db) {
    let names: Vec<_> = (0..8).map(|n| format!("process {n}")).collect();
    let held = join_all(names.iter().map(|name| hold(&db, name, TERM))).await;
    assert_eq!(held.iter().filter(|held| **held).count(), 1, "{held:?}");
    let again = join_all(names.iter().map(|name| hold(&db, name, TERM))).await;
    assert_eq!(again, held, "who has it keeps it");
    assert_eq!(token(&db).await, 1);
    assert!(leaders::hold(&db, "another task", "process 8", TERM).await.unwrap());
}

async fn the_lead_of_a_silent_holder_goes_over(db: Db) {
    assert!(hold(&db, "first", TERM).await);
    assert!(!hold(&db, "second", TERM).await);
    assert!(hold(&db, "first", Duration::from_millis(50)).await);
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert!(hold(&db, "second", TERM).await);
    assert_eq!(token(&db).await, 2, "the token grows with a change of hands");
    assert!(!hold(&db, "first", TERM).await, "it comes back and still thinks that it leads");
    leaders::release(&db, "task", "first").await.unwrap();
    assert!(!hold(&db, "first", TERM).await, "and cannot let go what it has lost");
}

async fn a_lead_that_was_let_go_is_free_at_once(db: Db) {
    assert!(hold(&db, "first", TERM).await);
    leaders::release(&db, "task", "first").await.unwrap();
    tokio::time::sleep(Duration::from_millis(1)).await;
    assert!(hold(&db, "second", TERM).await);
}
