//! Transactions: units undo only themselves, survive a restart, and types round-trip.

use crate::common::*;
use bifrost_core::Error;
use bifrost_store::{Db, Options, Sql, Tx, Value, now};
use chrono::{DateTime, Utc};
use futures::future::join_all;
use uuid::Uuid;

on_both!(
    a_failing_unit_undoes_only_itself,
    every_type_comes_back,
    readers_cannot_write,
    a_reader_sees_one_state,
);

fn insert(id: Uuid, name: &str) -> Sql {
    Sql::new(
        "INSERT INTO organizations (id, name, is_provider, limits, created_at) VALUES ($1, $2, $3, $4, $5)",
    )
    .bind(id)
    .bind(name)
    .bind(false)
    .bind(Value::Json(Some("{}".into())))
    .bind(now())
}

async fn a_failing_unit_undoes_only_itself(db: Db) {
    let units = (0..60).map(|n| {
        let db = db.clone();
        async move {
            let unit = async move {
                db.system()
                    .write(move |tx| {
                        Box::pin(async move {
                            let id = Uuid::now_v7();
                            tx.execute(insert(id, "kept")).await?;
                            match n % 5 {
                                1 => return Err(Error::NotFound("nothing")),
                                2 => drop(tx.execute(insert(id, "twice")).await?),
                                3 => panic!("on purpose"),
                                _ => {}
                            }
                            Ok(id)
                        })
                    })
                    .await
            };
            match n % 5 {
                // On PostgreSQL the unit runs in the caller's task.
                3 => {
                    tokio::spawn(unit).await.unwrap_or_else(|_| Err(Error::NotFound("panic"))).map_err(|_| ())
                }
                _ => unit.await.map_err(|_| ()),
            }
        }
    });
    let kept = join_all(units).await.into_iter().filter(Result::is_ok).count();
    assert_eq!(kept, 24);
    let mut tx = db.system().read().await.unwrap();
    let row = tx.one(Sql::new("SELECT COUNT(*) AS n FROM organizations")).await.unwrap();
    assert_eq!(row.get::<i64>("n").unwrap(), 24);
}

async fn every_type_comes_back(db: Db) {
    let (id, time) = (Uuid::now_v7(), now());
    let sql = Sql::new("INSERT INTO config (organization_id, key, is_secret, value, updated_at, updated_by) VALUES ($1, $2, $3, $4, $5, $6)
         RETURNING *")
        .bind(None::<Uuid>)
        .bind("k\u{1F600}")
        .bind(false)
        .bind(serde_json::json!({"n": 1e300}))
        .bind(time)
        .bind(id);
    let row = db.system().write(move |tx| Box::pin(async move { tx.one(sql).await })).await.unwrap();
    assert_eq!(row.get::<String>("key").unwrap(), "k\u{1F600}");
    assert!(!row.get::<bool>("is_secret").unwrap());
    assert_eq!(row.get::<DateTime<Utc>>("updated_at").unwrap(), time);
    assert_eq!(row.get::<Uuid>("updated_by").unwrap(), id);
    assert_eq!(row.get::<Uuid>("scope_id").unwrap(), Uuid::nil());
    assert_eq!(row.opt::<Vec<u8>>("ciphertext").unwrap(), None);
    assert_eq!(row.opt::<i64>("key_version").unwrap(), None);
    assert_eq!(row.document::<serde_json::Value>("value").unwrap(), serde_json::json!({"n": 1e300}));
    assert!(row.get::<Uuid>("organization_id").is_err(), "NULL is an error where it is not expected");
}

async fn readers_cannot_write(db: Db) {
    let mut tx = db.system().read().await.unwrap();
    assert!(tx.execute(insert(Uuid::now_v7(), "x")).await.is_err());
}

async fn a_reader_sees_one_state(db: Db) {
    let count = async |tx: &mut Tx| {
        tx.one(Sql::new("SELECT COUNT(*) AS n FROM organizations")).await.unwrap().get::<i64>("n").unwrap()
    };
    let mut tx = db.system().read().await.unwrap();
    assert_eq!(count(&mut tx).await, 0);
    let sql = insert(Uuid::now_v7(), "written meanwhile");
    db.system().write(move |tx| Box::pin(async move { tx.execute(sql).await })).await.unwrap();
    assert_eq!(count(&mut tx).await, 0);
    drop(tx);
    assert_eq!(count(&mut db.system().read().await.unwrap()).await, 1);
}

#[tokio::test]
async fn sqlite_keeps_what_was_answered() {
    let directory = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", directory.path().join("b.db").display());
    let db = Db::open(&url, Options::default()).await.unwrap();
    let w = World::new(db.clone()).await;
    let execution = w.accept().await;
    db.close().await;
    assert!(matches!(db.ping().await, Err(Error::Busy(_))));
    let db = Db::open(&url, Options::default()).await.unwrap();
    let tickets = bifrost_store::executions::pending_tickets(&db).await.unwrap();
    assert_eq!(tickets[0].execution, execution.id);
    let mut tx = db.system().read().await.unwrap();
    let row = tx.one(Sql::new("SELECT journal_mode FROM pragma_journal_mode")).await.unwrap();
    assert_eq!(row.get::<String>("journal_mode").unwrap(), "wal");
    let row = tx.one(Sql::new("SELECT synchronous FROM pragma_synchronous")).await.unwrap();
    assert_eq!(row.get::<i64>("synchronous").unwrap(), 2, "FULL");
}

#[tokio::test]
async fn a_full_pool_answers_busy() {
    let directory = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", directory.path().join("b.db").display());
    let options = Options {
        connections: 1,
        acquire_timeout: std::time::Duration::from_millis(50),
        ..Options::default()
    };
    let db = Db::open(&url, options).await.unwrap();
    let _held = db.system().read().await.unwrap();
    assert!(matches!(db.system().read().await, Err(Error::Busy("database"))));
    assert!(Db::open("mysql://x", Options::default()).await.is_err());
    assert!(Db::open("sqlite::memory:", Options::default()).await.is_err());
}

/// A caller that goes away while its transaction begins leaves no transaction behind.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_abandoned_begin_leaves_a_clean_connection() {
    let test = TestDb::postgres().await;
    for microseconds in (0..400).step_by(2) {
        let (system, db) = (test.db.system(), test.db.clone());
        let wait = std::time::Duration::from_micros(microseconds);
        let _ = tokio::time::timeout(wait, system.read()).await;
        let id = Uuid::now_v7();
        let unit = db.system();
        unit.write(move |tx| Box::pin(async move { tx.execute(insert(id, "written")).await })).await.unwrap();
    }
    test.remove().await;
}
