//! What every store of objects does, and S3 that goes away and comes back.

use super::proxy::Proxy;
use bifrost_core::Error;
use bifrost_core::ports::Objects;
use bifrost_store::{DirectoryObjects, S3Objects, S3Options};
use bifrost_test_services::s3;
use std::time::Duration;
use tokio::time::{sleep, timeout};

/// Longest time that a store that is away may take to be given up.
const GIVEN_UP: Duration = Duration::from_secs(30);

async fn conforms(store: &dyn Objects) {
    assert_eq!(store.get("a/b/c").await.unwrap(), None);
    assert!(!store.delete("a/b/c").await.unwrap());
    store.put("a/b/c", b"one".to_vec()).await.unwrap();
    store.put("a/b/c", b"two".to_vec()).await.unwrap();
    store.put("a/b/d", vec![7; 3 << 20]).await.unwrap();
    store.put("empty", vec![]).await.unwrap();
    assert_eq!(store.get("a/b/c").await.unwrap().as_deref(), Some(&b"two"[..]), "replaced");
    assert_eq!(store.get("a/b/d").await.unwrap(), Some(vec![7; 3 << 20]));
    assert_eq!(store.get("empty").await.unwrap(), Some(vec![]));
    assert_eq!(store.get("a/b").await.unwrap_or_default(), None, "a prefix is no object");
    assert!(store.delete("a/b/c").await.unwrap());
    assert!(!store.delete("a/b/c").await.unwrap());
    assert_eq!(store.get("a/b/c").await.unwrap(), None);
    assert!(store.get("a/b/d").await.unwrap().is_some(), "others stay");
    keeps_large_objects(store).await;
    keeps_odd_keys_apart(store).await;
    refuses_what_is_no_key(store).await;
    lists_in_order(store).await;
    puts_beside_what_is_deleted(store).await;
    replaces_at_once(store).await;
}

async fn keeps_large_objects(store: &dyn Objects) {
    let large: Vec<u8> = (0..20_u32 << 20).map(|i| (i.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    store.put("large", large.clone()).await.unwrap();
    assert!(store.get("large").await.unwrap().as_ref() == Some(&large), "20 MiB come back as they were");
    assert!(store.delete("large").await.unwrap());
}

async fn keeps_odd_keys_apart(store: &dyn Objects) {
    // The S3 server of these tests keeps a key in one file's name, encoded.
    let long = ["y".repeat(40), "z".repeat(40), "w".repeat(40)].join("/");
    let keys = [
        "with space",
        "with+plus",
        "with%20percent",
        "with%2Fslash",
        "query?a=b&c=d",
        "fragment#x",
        "!$'()*,;:@=~-_",
        "ünï/çødé/日本/🦀",
        "u\u{308}ni",
        "trailing.",
        "UPPER",
        "upper",
        "<xml>&amp;\"",
        &long,
    ];
    for key in keys {
        store.put(key, key.as_bytes().to_vec()).await.unwrap_or_else(|e| panic!("{key}: {e:#}"));
    }
    for key in keys {
        assert_eq!(store.get(key).await.unwrap().as_deref(), Some(key.as_bytes()), "{key}");
    }
    for key in keys {
        assert!(store.delete(key).await.unwrap(), "{key}");
        assert_eq!(store.get(key).await.unwrap(), None, "{key}");
    }
}

async fn lists_in_order(store: &dyn Objects) {
    let keys = ["list/a.b", "list/a/x", "list/a/y/z", "list/a0", "list/b/c/d/e", "list/c", "list/ü"];
    for key in keys.iter().rev().chain(&["lisu/a", "lis/a", "list0/a"]) {
        store.put(key, vec![1]).await.unwrap();
    }
    assert_eq!(store.list("list/", None, 1_000).await.unwrap(), keys);
    for limit in 1..=keys.len() {
        let (mut seen, mut after) = (vec![], None);
        loop {
            let page = store.list("list/", after.as_deref(), limit).await.unwrap();
            assert!(page.len() <= limit);
            after = page.last().cloned();
            if after.is_none() {
                break;
            }
            seen.extend(page);
        }
        assert_eq!(seen, keys, "in pages of {limit}");
    }
    for (after, rest) in [("list/a", &keys[..]), ("list/a/", &keys[1..]), ("list/a/y", &keys[2..])] {
        assert_eq!(store.list("list/", Some(after), 1_000).await.unwrap(), rest, "after {after}");
    }
    assert_eq!(store.list("list/a/", None, 1_000).await.unwrap(), ["list/a/x", "list/a/y/z"]);
    assert_eq!(store.list("list/nothing/", None, 1_000).await.unwrap(), [""; 0]);
    let all = store.list("", None, 1_000).await.unwrap();
    assert!(all.is_sorted() && keys.iter().all(|key| all.iter().any(|found| found == key)), "{all:?}");
    for wrong in ["list", "/", "list//", "../", ".tmp/"] {
        let error = store.list(wrong, None, 1).await.unwrap_err();
        assert!(matches!(error, Error::Invalid { .. }), "{wrong}");
    }
    store.delete("list/b/c/d/e").await.unwrap();
    assert_eq!(store.list("list/b/", None, 1).await.unwrap(), [""; 0]);
}

async fn puts_beside_what_is_deleted(store: &dyn Objects) {
    let back_and_forth = |key: &'static str| async move {
        for _ in 0..50 {
            store.put(key, vec![1]).await.unwrap();
            assert!(store.delete(key).await.unwrap());
        }
    };
    tokio::join!(back_and_forth("deep/er/a"), back_and_forth("deep/er/b"), back_and_forth("deep/c"));
}

async fn refuses_what_is_no_key(store: &dyn Objects) {
    for wrong in ["", "/a", "a/", "a//b", "..", "a/../b", "./a", "a\\b", "a\nb", ".tmp/x", &"x".repeat(2000)]
    {
        let invalid = |result: Option<Error>| matches!(result, Some(Error::Invalid { .. }));
        assert!(invalid(store.put(wrong, vec![]).await.err()), "{wrong}");
        assert!(invalid(store.get(wrong).await.err()), "{wrong}");
        assert!(invalid(store.delete(wrong).await.err()), "{wrong}");
    }
}

async fn replaces_at_once(store: &dyn Objects) {
    const SIZE: usize = 1 << 20;
    store.put("replaced", vec![0; SIZE]).await.unwrap();
    let write = async {
        for version in 1..=20 {
            store.put("replaced", vec![version; SIZE]).await.unwrap();
        }
    };
    let read = async {
        let mut newest = 0;
        while newest < 20 {
            let bytes = store.get("replaced").await.unwrap().expect("always one of them");
            assert!(bytes.len() == SIZE && bytes.iter().all(|byte| *byte == bytes[0]), "always a whole one");
            assert!(bytes[0] >= newest, "never an older one again");
            newest = bytes[0];
        }
    };
    tokio::join!(write, read);
}

#[tokio::test]
async fn in_a_directory() {
    let directory = tempfile::tempdir().unwrap();
    let store = DirectoryObjects::open(directory.path()).await.unwrap();
    conforms(&store).await;
    assert_eq!(store.get("a/b/d/below").await.unwrap(), None, "below an object is nothing");
    let longest = ["y".repeat(255), "z".repeat(255), "w".repeat(255), "v".repeat(255)].join("/");
    store.put(&longest, b"long".to_vec()).await.unwrap();
    assert_eq!(store.get(&longest).await.unwrap().as_deref(), Some(&b"long"[..]));
    assert!(!directory.path().join("deep").exists(), "folders go with what was in them");
    let again = DirectoryObjects::open(directory.path()).await.unwrap();
    assert_eq!(again.get("a/b/d").await.unwrap().unwrap().len(), 3 << 20, "it survives");
}

#[tokio::test]
async fn a_folder_that_comes_and_goes_holds_no_object_up() {
    let directory = tempfile::tempdir().unwrap();
    let store = DirectoryObjects::open(directory.path()).await.unwrap();
    let (folder, (stop, stopped)) = (directory.path().join("deep"), std::sync::mpsc::channel::<()>());
    let flicker = std::thread::spawn(move || {
        while stopped.try_recv() == Err(std::sync::mpsc::TryRecvError::Empty) {
            let _ = std::fs::create_dir(&folder);
            let _ = std::fs::remove_dir(&folder);
        }
    });
    for _ in 0..200 {
        store.put("deep/a", vec![1]).await.unwrap();
        assert!(store.delete("deep/a").await.unwrap());
    }
    drop(stop);
    flicker.join().unwrap();
}

#[tokio::test]
async fn below_an_object_none_is_kept_and_the_refusal_is_immediate() {
    let directory = tempfile::tempdir().unwrap();
    let store = DirectoryObjects::open(directory.path()).await.unwrap();
    store.put("a", vec![1]).await.unwrap();
    let begun = std::time::Instant::now();
    for below in ["a/b", "a/b/c"] {
        store.put(below, vec![2]).await.unwrap_err();
    }
    assert!(begun.elapsed() < Duration::from_secs(5), "it is no race that could pass");
    assert_eq!(store.get("a").await.unwrap(), Some(vec![1]));
}

#[tokio::test]
async fn a_start_leaves_what_another_process_writes() {
    let directory = tempfile::tempdir().unwrap();
    DirectoryObjects::open(directory.path()).await.unwrap();
    let (now, old) = (directory.path().join(".tmp/now"), directory.path().join(".tmp/old"));
    std::fs::write(&now, b"half").unwrap();
    let file = std::fs::File::create(&old).unwrap();
    file.set_modified(std::time::SystemTime::now() - Duration::from_secs(24 * 60 * 60)).unwrap();
    DirectoryObjects::open(directory.path()).await.unwrap();
    assert!(now.exists(), "it may be renamed any moment");
    assert!(!old.exists(), "whoever wrote it is gone");
}

/// A server of the S3 protocol; the proxy before it.
pub struct S3 {
    _server: s3::Server,
    proxy: Proxy,
}

impl S3 {
    pub async fn start() -> Self {
        let server = s3::Server::start().unwrap();
        let proxy = Proxy::to(server.address().to_string()).await;
        Self { _server: server, proxy }
    }

    pub fn options(&self) -> S3Options {
        S3Options {
            endpoint: Some(format!("http://{}", self.proxy.address)),
            bucket: s3::BUCKET.into(),
            region: s3::REGION.into(),
            access_key_id: s3::CREDENTIALS.0.into(),
            secret_access_key: s3::CREDENTIALS.1.into(),
        }
    }
}

#[tokio::test]
async fn in_s3() {
    let s3 = S3::start().await;
    let store = S3Objects::connect(s3.options()).await.unwrap();
    conforms(&store).await;
    let again = S3Objects::connect(s3.options()).await.unwrap();
    assert_eq!(again.get("a/b/d").await.unwrap().unwrap().len(), 3 << 20, "it survives");
}

#[tokio::test]
async fn s3_that_goes_away_for_a_moment_is_asked_again_and_then_given_up() {
    let s3 = S3::start().await;
    let store = S3Objects::connect(s3.options()).await.unwrap();
    store.put("a", b"1".to_vec()).await.unwrap();
    s3.proxy.cut();
    assert_eq!(store.get("a").await.unwrap().as_deref(), Some(&b"1"[..]), "on a new connection");
    s3.proxy.refuse();
    let back = async {
        sleep(Duration::from_millis(200)).await;
        s3.proxy.pass();
    };
    let (put, ()) = tokio::join!(store.put("a", b"2".to_vec()), back);
    put.expect("tried again");
    s3.proxy.refuse();
    let gone = timeout(GIVEN_UP, store.get("a")).await.expect("in bounded time");
    assert!(matches!(gone, Err(Error::Busy("objects"))), "{gone:?}");
    s3.proxy.pass();
    assert_eq!(store.get("a").await.unwrap().as_deref(), Some(&b"2"[..]));
}

#[tokio::test]
async fn wrong_settings_of_s3_are_said_at_the_start() {
    let s3 = S3::start().await;
    let wrong = S3Options { secret_access_key: "hidden".into(), ..s3.options() };
    assert!(!format!("{wrong:?}").contains("hidden"));
    let error = S3Objects::connect(wrong).await.err().expect("wrong secret").to_string();
    assert!(error.contains("credentials are wrong") && !error.contains("hidden"), "{error}");
    let wrong = S3Options { bucket: "no-such-bucket".into(), ..s3.options() };
    let error = S3Objects::connect(wrong).await.err().expect("no bucket").to_string();
    assert!(error.contains("no such bucket"), "{error}");
    s3.proxy.refuse();
    let error = timeout(GIVEN_UP, S3Objects::connect(s3.options())).await.expect("in bounded time");
    let error = error.err().expect("nobody there").to_string();
    assert!(error.contains("does not answer"), "{error}");
}
