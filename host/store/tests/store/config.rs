//! Settings and secrets: fallback, who sees what, what lies in the database.

use crate::common::*;
use bifrost_core::*;
use bifrost_store::config::{self, NewEntry};
use bifrost_store::{Db, Keyring, Sql, egress, shares};
use serde_json::{Value, json};

on_both!(
    own_values_come_before_global_ones,
    an_own_value_says_that_it_hides_a_global_one,
    a_global_secret_is_for_the_provider,
    secrets_are_encrypted_at_rest,
    types_are_checked_and_kept,
    a_global_secret_is_for_those_it_is_shared_with,
    usage_of_egress_adds_up,
);

fn keys() -> Keyring {
    Keyring::from_bytes([9; 32])
}

fn entry(key: &str, value: Value, is_secret: bool) -> NewEntry {
    let kind = is_secret.then_some(ConfigType::Secret);
    NewEntry { key: key.into(), value, kind, description: None, updated_by: None }
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

async fn an_own_value_says_that_it_hides_a_global_one(db: Db) {
    let w = World::new(db).await;
    let (org, global) = (w.db.org(w.org.id), w.db.scope(Scope::Global));
    let overrides = async |scoped: &bifrost_store::Scoped, key: &str| {
        let got = config::get(scoped, &keys(), key, false).await.unwrap().map(|entry| entry.overrides);
        let listed = config::list(scoped).await.unwrap().into_iter().find(|entry| entry.key == key);
        assert_eq!(listed.map(|entry| entry.overrides), got);
        got
    };
    config::set(&global, &keys(), entry("url", json!("https://g"), false)).await.unwrap();
    assert_eq!(overrides(&org, "url").await, Some(false), "it is the global one");
    config::set(&org, &keys(), entry("url", json!("https://o"), false)).await.unwrap();
    config::set(&org, &keys(), entry("alone", json!(1), false)).await.unwrap();
    assert_eq!(overrides(&org, "url").await, Some(true));
    assert_eq!(overrides(&org, "alone").await, Some(false));
    assert_eq!(overrides(&global, "url").await, Some(false));
    assert_eq!(overrides(&w.db.org(w.other.id), "url").await, Some(false), "it has none of its own");
    config::delete(&global, "url").await.unwrap();
    assert_eq!(overrides(&org, "url").await, Some(false), "there is nothing behind it any more");
    // What a global secret is called is told to nobody with whom it is not shared.
    config::set(&global, &keys(), entry("token", json!("g-secret"), true)).await.unwrap();
    config::set(&org, &keys(), entry("token", json!("own"), true)).await.unwrap();
    assert_eq!(overrides(&org, "token").await, Some(false));
    let (id, by) = (w.org.id, w.user);
    global.write(move |tx| Box::pin(async move { shares::add_in(tx, "token", id, by).await })).await.unwrap();
    assert_eq!(overrides(&org, "token").await, Some(true));
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
    assert_eq!((listed[0].is_secret(), &listed[0].value), (true, &None));
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
    let kept = config::get(&org, &keys(), "a", false).await.unwrap().unwrap();
    assert_eq!((kept.value, kept.kind), (Some(json!(5)), ConfigType::Secret), "it stays a secret");
}

async fn types_are_checked_and_kept(db: Db) {
    let w = World::new(db).await;
    let org = w.db.org(w.org.id);
    let set = async |key: &str, value: Value, kind: Option<ConfigType>| {
        let new = NewEntry { key: key.into(), value, kind, description: None, updated_by: None };
        config::set(&org, &keys(), new).await
    };
    use ConfigType::{Bool, Int, Json, Secret, String};
    for (value, kind) in [(json!("x"), String), (json!(5), Int), (json!(true), Bool), (json!([1]), Json)] {
        assert_eq!(set(kind.as_str(), value, None).await.unwrap(), kind);
    }
    let error = set("int", json!("5"), Some(Int)).await.unwrap_err();
    assert!(matches!(&error, Error::Invalid { field, .. } if field == "value"), "{error}");
    assert_eq!(set("int", json!(6), None).await.unwrap(), Int);
    assert_eq!(set("json", json!(6), None).await.unwrap(), Json, "what fits keeps its type");
    assert_eq!(set("int", json!("six"), None).await.unwrap(), String, "what does not fit has its own");
    assert_eq!(set("string", json!("x"), Some(Secret)).await.unwrap(), Secret);
    assert_eq!(set("string", json!("y"), None).await.unwrap(), Secret);
    assert_eq!(set("string", json!("y"), Some(String)).await.unwrap(), String, "only when it is said");
    let large = json!("x".repeat(64 << 10));
    assert!(set("large", large.clone(), Some(Secret)).await.is_err());
    assert!(set("large", large, None).await.is_ok());
    let kinds: Vec<_> = config::list(&org).await.unwrap().into_iter().map(|e| (e.key, e.kind)).collect();
    let expected = [("bool", Bool), ("int", String), ("json", Json), ("large", String), ("string", String)];
    assert_eq!(kinds, expected.map(|(key, kind)| (key.to_owned(), kind)));
}

async fn a_global_secret_is_for_those_it_is_shared_with(db: Db) {
    let w = World::new(db).await;
    let (org, other, global) = (w.db.org(w.org.id), w.db.org(w.other.id), w.db.scope(Scope::Global));
    let (id, by) = (w.org.id, w.user);
    let share = |key: &'static str| {
        global.write(move |tx| Box::pin(async move { shares::add_in(tx, key, id, by).await }))
    };
    config::set(&global, &keys(), entry("token", json!("g-secret"), true)).await.unwrap();
    config::set(&global, &keys(), entry("plain", json!("p"), false)).await.unwrap();
    assert!(matches!(share("none").await, Err(Error::NotFound(_))));
    assert!(matches!(share("plain").await, Err(Error::Invalid { .. })));
    assert!(share("token").await.unwrap());
    assert!(!share("token").await.unwrap(), "once is enough");
    let value = async |scoped: &bifrost_store::Scoped| {
        config::get(scoped, &keys(), "token", false).await.unwrap().and_then(|entry| entry.value)
    };
    assert_eq!(value(&org).await, Some(json!("g-secret")));
    assert_eq!(value(&other).await, None);
    let shown = async |scoped: &bifrost_store::Scoped| {
        let listed = config::list(scoped).await.unwrap();
        listed.into_iter().find(|entry| entry.key == "token").map(|entry| (entry.shared, entry.value))
    };
    assert_eq!(shown(&org).await, Some((true, None)));
    assert_eq!(shown(&other).await, None);
    assert_eq!(shown(&global).await, Some((true, None)));
    let given = shares::list(&w.db, "token").await.unwrap();
    assert_eq!(given.iter().map(|share| share.organization_id).collect::<Vec<_>>(), [id]);
    let taken = || global.write(move |tx| Box::pin(async move { shares::remove_in(tx, "token", id).await }));
    assert!(taken().await.unwrap());
    assert!(!taken().await.unwrap());
    assert_eq!((value(&org).await, shown(&global).await), (None, Some((false, None))));
    // A secret that is made later under the same name is another one.
    share("token").await.unwrap();
    config::delete(&global, "token").await.unwrap();
    config::set(&global, &keys(), entry("token", json!("new"), true)).await.unwrap();
    assert_eq!(value(&org).await, None);
    // No tenant shares with itself; SQLite has no policies for that.
    if w.db.engine() == bifrost_store::Engine::Postgres {
        let insert = "INSERT INTO config_shares (key, organization_id, shared_at, shared_by) VALUES ('token', $1, $2, $3)";
        let insert = Sql::new(insert).bind(id).bind(bifrost_store::now()).bind(by);
        assert!(org.write(move |tx| Box::pin(async move { tx.execute(insert).await })).await.is_err());
    }
}

async fn usage_of_egress_adds_up(db: Db) {
    let w = World::new(db).await;
    let count = async |minute: i64, requests: i64, day: i64, bytes: i64| {
        let used = egress::Usage { minute, requests, day, bytes };
        let total = egress::count(&w.db, w.org.id, used).await.unwrap();
        (total.minute, total.requests, total.day, total.bytes)
    };
    assert_eq!(count(10, 1, 1, 100).await, (10, 1, 1, 100));
    assert_eq!(count(10, 2, 1, 50).await, (10, 3, 1, 150));
    assert_eq!(count(11, 1, 1, 1).await, (11, 1, 1, 151), "a new minute");
    assert_eq!(count(10, 9, 1, 1).await, (11, 1, 1, 152), "a late one is left out");
    assert_eq!(count(12, 1, 2, 5).await, (12, 1, 2, 5), "a new day");
    // Of that time nothing counts any more; of now it does.
    let used = async |id| egress::used(&w.db.org(id)).await.unwrap();
    let present = used(w.org.id).await;
    assert_eq!((present.requests, present.bytes), (0, 0));
    assert!(present.day > 20_000, "{present:?}");
    let hour_ahead = present.minute + 60;
    count(hour_ahead, 3, hour_ahead / 1_440, 70).await;
    assert_eq!((used(w.org.id).await.requests, used(w.org.id).await.bytes), (3, 70));
    assert_eq!(used(w.other.id).await.bytes, 0);
    let policy = EgressPolicy { ports: vec![443], ..EgressPolicy::default() };
    let (id, by, asked) = (w.org.id, w.user, policy.clone());
    let set = w.db.system();
    set.write(move |tx| Box::pin(async move { egress::set_in(tx, id, asked, by).await })).await.unwrap();
    assert_eq!(egress::get(&w.db.org(w.org.id)).await.unwrap().policy, policy);
    assert_eq!(egress::get(&w.db.org(w.other.id)).await.unwrap().policy, EgressPolicy::default());
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
