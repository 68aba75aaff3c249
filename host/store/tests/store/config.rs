//! Settings and secrets: fallback, who sees what, what lies in the database.

use crate::common::*;
use bifrost_core::*;
use bifrost_store::config::{self, NewEntry};
use bifrost_store::{Db, Keyring, Sql};
use serde_json::{Value, json};

on_both!(
    own_values_come_before_global_ones,
    a_global_secret_is_for_the_provider,
    secrets_are_encrypted_at_rest
);

fn keys() -> Keyring {
    Keyring::from_bytes([9; 32])
}

fn entry(key: &str, value: Value, is_secret: bool) -> NewEntry {
    NewEntry { key: key.into(), value, is_secret, description: None, updated_by: None }
}

async fn own_values_come_before_global_ones(db: Db) {
    let w = World::new(db).await;
    let (org, global) = (w.db.org(w.org.id), w.db.scope(Scope::Global));
    let value = async |scoped: &bifrost_store::Scoped, key: &str| {
        config::get(scoped, &keys(), key, false).await.unwrap().map(|e| (e.value.unwrap(), e.scope))
    };
    config::set(&global, &keys(), entry("url", json!("https://g"), false)).await.unwrap();
    assert_eq!(value(&org, "url").await, Some((json!("https://g"), Scope::Global)));
    config::set(&org, &keys(), entry("url", json!({"b": 1, "a": 2}), false)).await.unwrap();
    config::set(&org, &keys(), entry("url", json!({"z": 1, "a": 3}), false)).await.unwrap();
    assert_eq!(value(&org, "url").await, Some((json!({"z": 1, "a": 3}), Scope::Organization(w.org.id))));
    assert_eq!(value(&w.db.org(w.other.id), "url").await, Some((json!("https://g"), Scope::Global)));
    assert_eq!(config::list(&org).await.unwrap().len(), 1);
    assert_eq!(config::list(&w.db.org(w.other.id)).await.unwrap()[0].scope, Scope::Global);
    assert!(config::delete(&org, "url").await.unwrap());
    assert!(!config::delete(&org, "url").await.unwrap(), "the global one is not theirs");
    assert_eq!(value(&org, "url").await, Some((json!("https://g"), Scope::Global)));
    assert_eq!(value(&org, "none").await, None);
    assert!(config::set(&org, &keys(), entry("", json!(1), false)).await.is_err());
}

async fn a_global_secret_is_for_the_provider(db: Db) {
    let w = World::new(db).await;
    let (org, global) = (w.db.org(w.org.id), w.db.scope(Scope::Global));
    config::set(&global, &keys(), entry("token", json!("g-secret"), true)).await.unwrap();
    assert!(config::get(&org, &keys(), "token", false).await.unwrap().is_none());
    assert_eq!(config::list(&org).await.unwrap(), []);
    let given = config::get(&org, &keys(), "token", true).await.unwrap().unwrap();
    assert_eq!((given.value, given.scope), (Some(json!("g-secret")), Scope::Global));
    let listed = config::list(&global).await.unwrap();
    assert_eq!((listed[0].is_secret, &listed[0].value), (true, &None));
    assert!(config::get(&global, &keys(), "token", false).await.unwrap().is_some());

    config::set(&org, &keys(), entry("token", json!("own"), true)).await.unwrap();
    for provider_code in [false, true] {
        let own = config::get(&org, &keys(), "token", provider_code).await.unwrap().unwrap();
        assert_eq!(own.value, Some(json!("own")));
    }
    assert!(config::get(&w.db.org(w.other.id), &keys(), "token", false).await.unwrap().is_none());
}

async fn secrets_are_encrypted_at_rest(db: Db) {
    let w = World::new(db).await;
    let org = w.db.org(w.org.id);
    config::set(&org, &keys(), entry("a", json!("find-me"), true)).await.unwrap();
    config::set(&org, &keys(), entry("b", json!("other"), true)).await.unwrap();
    let mut tx = w.db.system().read().await.unwrap();
    let row = tx.one(Sql::new("SELECT value, ciphertext FROM config WHERE key = 'a'")).await.unwrap();
    assert_eq!(row.opt_document::<Value>("value").unwrap(), None);
    let bytes: Vec<u8> = row.get("ciphertext").unwrap();
    assert!(!bytes.windows(7).any(|part| part == b"find-me"));
    drop(tx);
    let wrong = Keyring::from_bytes([8; 32]);
    assert!(matches!(config::get(&org, &wrong, "a", false).await, Err(Error::Internal(_))));
    // A ciphertext that was put under another name does not open.
    let swap =
        "UPDATE config SET ciphertext = (SELECT ciphertext FROM config WHERE key = 'a') WHERE key = 'b'";
    w.db.system().write(move |tx| Box::pin(async move { tx.execute(Sql::new(swap)).await })).await.unwrap();
    assert!(config::get(&org, &keys(), "b", false).await.is_err());
    config::set(&org, &keys(), entry("a", json!(5), false)).await.unwrap();
    assert_eq!(config::get(&org, &keys(), "a", false).await.unwrap().unwrap().value, Some(json!(5)));
}

#[test]
fn the_master_key_is_made_once_and_kept() {
    let directory = tempfile::tempdir().unwrap();
    Keyring::load(directory.path()).unwrap();
    let path = directory.path().join("master.key");
    let text = std::fs::read_to_string(&path).unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }
    Keyring::load(directory.path()).unwrap();
    assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
    std::fs::write(&path, "short").unwrap();
    assert!(Keyring::load(directory.path()).is_err());
}
