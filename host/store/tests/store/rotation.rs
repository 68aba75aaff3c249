//! Keys change while secrets are read and written, also by processes that have heard of
//! nothing; and every interruption can be gone on from.

use crate::common::*;
use crate::sealed::{self, Sealed};
use bifrost_core::*;
use bifrost_store::config::{self, NewEntry};
use bifrost_store::rotation::{self, Progress};
use bifrost_store::{Db, Keyring, Scoped, Sql};
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

on_both!(
    both_levels_change_under_load,
    a_rotation_is_gone_on_with,
    a_key_that_is_missing_is_named,
    every_encrypted_column_is_rotated,
);

fn old() -> Keyring {
    Keyring::from_bytes([1; 32])
}

fn new() -> Keyring {
    Keyring::from_bytes([2; 32])
}

fn secret(key: &str, value: Value) -> NewEntry {
    NewEntry { key: key.into(), value, kind: Some(ConfigType::Secret), description: None, updated_by: None }
}

async fn value(scoped: &Scoped, keys: &Keyring, key: &str) -> Option<Value> {
    config::get(scoped, keys, key, false).await.unwrap().and_then(|entry| entry.value)
}

fn quiet(_: Progress) {}

/// Reads and writes until told to stop, with the keys that a process has; counts what it did.
fn process(
    scoped: Scoped,
    keys: Keyring,
    name: &'static str,
    stop: Arc<AtomicBool>,
) -> tokio::task::JoinHandle<u64> {
    tokio::spawn(async move {
        let mut round = 0;
        while !stop.load(Ordering::Relaxed) {
            round += 1;
            config::set(&scoped, &keys, secret(name, json!(round))).await.unwrap();
            assert_eq!(value(&scoped, &keys, name).await, Some(json!(round)), "{name} is lost");
            let fixed = round % 300;
            assert_eq!(value(&scoped, &keys, &format!("fixed-{fixed}")).await, Some(json!(fixed)));
        }
        round
    })
}

/// Reads a secret of every place until told to stop, with the keys that a process has; counts how
/// often.
fn reader(sealed: Sealed, keys: Keyring, stop: Arc<AtomicBool>) -> tokio::task::JoinHandle<u64> {
    tokio::spawn(async move {
        let mut round = 0;
        while !stop.load(Ordering::Relaxed) {
            sealed.read(&keys).await;
            round += 1;
        }
        round
    })
}

async fn both_levels_change_under_load(db: Db) {
    let w = World::new(db).await;
    let sealed = Sealed::plant(&w, &old()).await;
    let (org, other) = (w.db.org(w.org.id), w.db.org(w.other.id));
    for n in 0..300 {
        config::set(&org, &old(), secret(&format!("fixed-{n}"), json!(n))).await.unwrap();
    }
    config::set(&w.db.scope(Scope::Global), &old(), secret("global", json!("g"))).await.unwrap();
    let both = new().with_previous(&old());
    let stop = Arc::new(AtomicBool::new(false));
    let running = [
        process(org.clone(), old(), "by-old", stop.clone()),
        process(org.clone(), both.clone(), "by-both", stop.clone()),
        reader(sealed.clone(), old(), stop.clone()),
        reader(sealed.clone(), both.clone(), stop.clone()),
    ];
    assert!(rotation::wrap(&w.db, &both, &mut quiet).await.unwrap().data_keys >= 2);
    // Now also some that have only the new key; and data keys change twice while all go on.
    let late =
        [process(org.clone(), new(), "by-new", stop.clone()), reader(sealed.clone(), new(), stop.clone())];
    for _ in 0..2 {
        assert!(rotation::renew(&w.db, &both, &mut quiet).await.unwrap().values >= 300);
    }
    // A scope whose first secret is made in the middle of it.
    config::set(&other, &both, secret("first", json!(1))).await.unwrap();
    assert_eq!(value(&other, &old(), "first").await, Some(json!(1)));
    assert_eq!(value(&other, &new(), "first").await, Some(json!(1)));
    stop.store(true, Ordering::Relaxed);
    for process in running.into_iter().chain(late) {
        assert!(process.await.expect("no read and no write failed") > 0);
    }
    let done = rotation::renew(&w.db, &both, &mut quiet).await.unwrap();
    assert!(done.values >= 304 + sealed::VALUES, "{done:?}");
    let status = rotation::status(&w.db, &both).await.unwrap();
    assert_eq!((status.outdated, status.data_keys), (0, 3), "old versions are gone: {status:?}");
    rotation::finish(&w.db, &both, &mut quiet).await.unwrap();
    let status = rotation::status(&w.db, &both).await.unwrap();
    assert_eq!(status.master_keys[new().first_id()].alone, 3);
    assert_eq!(status.master_keys[old().first_id()].data_keys, 0);
    for n in 0..300 {
        assert_eq!(value(&org, &new(), &format!("fixed-{n}")).await, Some(json!(n)));
    }
    assert_eq!(value(&w.db.scope(Scope::Global), &new(), "global").await, Some(json!("g")));
    sealed.read(&new()).await;
    assert!(config::get(&org, &old(), "fixed-1", false).await.is_err(), "the old key opens nothing any more");
}

async fn a_rotation_is_gone_on_with(db: Db) {
    let w = World::new(db).await;
    let org = w.db.org(w.org.id);
    for n in 0..5 {
        config::set(&org, &old(), secret(&format!("k{n}"), json!(n))).await.unwrap();
        config::set(&w.db.org(w.other.id), &old(), secret(&format!("k{n}"), json!(n))).await.unwrap();
    }
    // Cut off after some scope: what the first call began is gone on with, not begun again.
    let scopes = AtomicU64::new(0);
    let mut count = |progress: Progress| {
        scopes.store(progress.scopes as u64, Ordering::Relaxed);
        assert!(progress.values == 0, "cut off");
    };
    let (db, keys) = (w.db.clone(), old());
    let cut = std::panic::AssertUnwindSafe(async { rotation::renew(&db, &keys, &mut count).await });
    assert!(futures::FutureExt::catch_unwind(cut).await.is_err());
    let status = rotation::status(&w.db, &old()).await.unwrap();
    assert!(status.under_way_since.is_some());
    assert_eq!(status.outdated, 0, "one scope is done, the other has its first version");
    let rest = rotation::renew(&w.db, &old(), &mut quiet).await.unwrap();
    assert_eq!((rest.data_keys, rest.values), (1, 5), "only the other scope");
    let status = rotation::status(&w.db, &old()).await.unwrap();
    assert!(status.under_way_since.is_none() && status.data_keys_renewed_at.is_some());
    let again = rotation::renew(&w.db, &old(), &mut quiet).await.unwrap();
    assert_eq!((again.data_keys, again.values), (2, 10), "a new rotation is one of all");
}

async fn a_key_that_is_missing_is_named(db: Db) {
    let w = World::new(db).await;
    let org = w.db.org(w.org.id);
    config::set(&org, &old(), secret("k", json!(1))).await.unwrap();
    for refused in [
        rotation::wrap(&w.db, &new(), &mut quiet).await,
        rotation::finish(&w.db, &new(), &mut quiet).await,
        rotation::renew(&w.db, &new(), &mut quiet).await,
    ] {
        let error = refused.expect_err("it cannot read the data key");
        assert!(format!("{error:#}").contains(old().first_id()), "{error:#}");
    }
    let status = rotation::status(&w.db, &new()).await.unwrap();
    let used = &status.master_keys[old().first_id()];
    assert_eq!((used.is_known, used.data_keys, used.alone), (false, 1, 1));
    assert_eq!(value(&org, &old(), "k").await, Some(json!(1)), "nothing is lost");
    // A row that was written before keys had ids.
    let forget = Sql::new("UPDATE data_keys SET key_id = NULL");
    org.write(move |tx| Box::pin(async move { tx.execute(forget).await })).await.unwrap();
    let both = new().with_previous(&old());
    assert_eq!(rotation::wrap(&w.db, &both, &mut quiet).await.unwrap().data_keys, 1);
    assert_eq!(value(&org, &new(), "k").await, Some(json!(1)));
    assert_eq!(rotation::finish(&w.db, &both, &mut quiet).await.unwrap().data_keys, 1);
    assert_eq!(rotation::finish(&w.db, &both, &mut quiet).await.unwrap().data_keys, 0);
}

/// A table with a column for a data key's version is one that rotation has to know.
async fn every_encrypted_column_is_rotated(db: Db) {
    let mut tx = db.system().read().await.unwrap();
    let sql = match db.engine() {
        bifrost_store::Engine::Sqlite => {
            "SELECT m.name AS name FROM sqlite_master m JOIN pragma_table_info(m.name) c
             WHERE m.type = 'table' AND c.name = 'key_version' ORDER BY m.name"
        }
        bifrost_store::Engine::Postgres => {
            "SELECT table_name::text AS name FROM information_schema.columns
             WHERE table_schema = 'public' AND column_name = 'key_version' ORDER BY table_name"
        }
    };
    let rows = tx.all(Sql::new(sql)).await.unwrap();
    let found: Vec<String> = rows.iter().map(|row| row.get("name").unwrap()).collect();
    assert_eq!(found, rotation::tables(), "see `SEALED` in secrets.rs");
    assert_eq!(found, sealed::TABLES, "a secret of each is read while keys change");
}
