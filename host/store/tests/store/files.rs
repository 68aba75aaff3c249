//! Files: rows and objects that fit each other, whatever is written at the same time.

use crate::common::*;
use bifrost_core::files::{MAX_BYTES, MAX_FILE, MAX_FILES, Pass};
use bifrost_core::ports::Objects;
use bifrost_core::*;
use bifrost_store::files::{self, File, Usage};
use bifrost_store::organizations::OrganizationChange;
use bifrost_store::{Db, DirectoryObjects, Keyring, Scoped, Sql, organizations};
use chrono::TimeDelta;

on_both!(
    files_are_written_and_read,
    quotas_are_exact,
    nothing_is_seen_by_another_organization,
    a_store_that_is_away_changes_nothing,
    names_stay_in_their_place,
    signed_addresses_end,
);

async fn world(db: Db) -> (World, DirectoryObjects, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let objects = DirectoryObjects::open(folder.path()).await.unwrap();
    (World::new(db).await, objects, folder)
}

async fn write(org: &Scoped, objects: &dyn Objects, path: &str, content: &[u8]) -> Result<File> {
    files::write(org, objects, "reports", path, None, content.to_vec()).await
}

async fn paths(org: &Scoped, folder: &str, after: Option<&str>, limit: u32) -> Vec<String> {
    let files = files::list(org, "reports", folder, after, limit).await.unwrap();
    files.into_iter().map(|file| file.path).collect()
}

/// The way through all that writes and reads, with whatever rights the database gives.
pub async fn works_with_two_roles(w: &World, objects: &dyn Objects) {
    let org = w.db.org(w.org.id);
    write(&org, objects, "a", b"a").await.unwrap();
    files::write(&org, objects, "temp", "a", None, b"a".to_vec()).await.unwrap();
    assert_eq!(files::read_whole(&org, objects, "reports", "a").await.unwrap().1, b"a");
    assert!(files::delete(&org, objects, "reports", "a").await.unwrap());
    let later = bifrost_store::now() + TimeDelta::hours(25);
    assert_eq!(files::expire(&w.db, objects, later, 10).await.unwrap().deleted, 1);
    assert_eq!(files::unneeded(&w.db, vec![], later).await.unwrap(), Vec::<String>::new());
    assert_eq!(files::used(&org).await.unwrap(), Usage::default());
}

async fn files_are_written_and_read(db: Db) {
    let (w, objects, _folder) = world(db).await;
    let org = w.db.org(w.org.id);
    let first = write(&org, &objects, "a/b.txt", b"hello").await.unwrap();
    assert_eq!((first.size, first.content_type.as_str(), first.expires_at), (5, "text/plain", None));
    assert_eq!(first.sha256, "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824");
    let second = write(&org, &objects, "a/b.txt", b"%PDF-1").await.unwrap();
    assert_eq!((second.created_at, second.content_type.as_str()), (first.created_at, "application/pdf"));
    assert_ne!(second.object_id, first.object_id);
    assert_eq!(
        files::read_whole(&org, &objects, "reports", "a/b.txt").await.unwrap(),
        (second.clone(), b"%PDF-1".to_vec())
    );
    assert_eq!(objects.get(&first.key()).await.unwrap(), None, "what was replaced is gone");
    // Whoever has read the row before is told, and may read again.
    assert!(matches!(files::content(&objects, &first).await, Err(Error::Gone(_))));

    for path in ["a", "a.b", "a/c", "a0", "b/a", "ä"] {
        write(&org, &objects, path, b"").await.unwrap();
    }
    assert_eq!(paths(&org, "", None, 100).await, ["a", "a.b", "a/b.txt", "a/c", "a0", "b/a", "ä"]);
    assert_eq!(paths(&org, "a/", None, 100).await, ["a/b.txt", "a/c"]);
    assert_eq!(paths(&org, "", Some("a/b.txt"), 2).await, ["a/c", "a0"]);
    assert_eq!(files::used(&org).await.unwrap(), Usage { files: 7, bytes: 6 });
    files::write(&org, &objects, "uploads", "x", None, b"123".to_vec()).await.unwrap();
    let (all, locations) = files::locations(&org).await.unwrap();
    let locations: Vec<_> = locations.iter().map(|one| (one.location.as_str(), one.usage)).collect();
    assert_eq!(all, Usage { files: 8, bytes: 9 });
    let expected = [("reports", Usage { files: 7, bytes: 6 }), ("uploads", Usage { files: 1, bytes: 3 })];
    assert_eq!(locations, expected);
    let nothing = files::locations(&w.db.org(w.other.id)).await.unwrap();
    assert_eq!(nothing, (Usage::default(), vec![]));
    assert!(files::delete(&org, &objects, "uploads", "x").await.unwrap());
    assert!(files::delete(&org, &objects, "reports", "a/b.txt").await.unwrap());
    assert!(!files::delete(&org, &objects, "reports", "a/b.txt").await.unwrap());
    assert!(matches!(files::get(&org, "reports", "a/b.txt").await, Err(Error::NotFound(_))));
    assert_eq!(files::used(&org).await.unwrap(), Usage { files: 6, bytes: 0 });

    // Many at the same time, some of them the same one: counts and objects fit.
    let writes = (0..24).map(|n| {
        let (org, objects) = (org.clone(), objects.clone());
        tokio::spawn(async move {
            write(&org, &objects, &format!("many/{}", n % 6), &vec![b'x'; n]).await.unwrap()
        })
    });
    futures::future::join_all(writes).await.into_iter().for_each(|one| drop(one.unwrap()));
    let all = files::list(&org, "reports", "", None, 100).await.unwrap();
    let bytes = all.iter().map(|file| file.size).sum();
    assert_eq!(files::used(&org).await.unwrap(), Usage { files: all.len() as i64, bytes });
    let mut keys: Vec<_> = all.iter().map(File::key).collect();
    keys.sort_unstable();
    assert_eq!(objects.list(&files::folder(w.org.id), None, 100).await.unwrap(), keys);
}

async fn quotas_are_exact(db: Db) {
    let (w, objects, _folder) = world(db).await;
    let org = w.db.org(w.org.id);
    write(&org, &objects, "a", b"12345").await.unwrap();
    let set = async |files: i64, bytes: i64| {
        let sql = Sql::new("UPDATE file_usage SET files = $1, bytes = $2").bind(files).bind(bytes);
        org.write(move |tx| Box::pin(async move { tx.execute(sql).await })).await.unwrap();
    };
    set(MAX_FILES, 5).await;
    assert_eq!(code(write(&org, &objects, "b", b"").await.unwrap_err()), "files_full");
    write(&org, &objects, "a", b"123456").await.unwrap();
    set(1, MAX_BYTES).await;
    assert_eq!(code(write(&org, &objects, "a", b"1234567").await.unwrap_err()), "files_full");
    write(&org, &objects, "a", b"12345").await.unwrap();
    // What was refused has left nothing.
    assert_eq!(objects.list("files/", None, 100).await.unwrap().len(), 1);
    let error = write(&org, &objects, "c", &vec![0; MAX_FILE + 1]).await.unwrap_err().to_string();
    assert!(error.starts_with("content: 33554433 bytes"), "{error}");
    write(&w.db.org(w.other.id), &objects, "b", b"x").await.unwrap();
}

async fn nothing_is_seen_by_another_organization(db: Db) {
    let (w, objects, _folder) = world(db).await;
    let (org, other) = (w.db.org(w.org.id), w.db.org(w.other.id));
    write(&org, &objects, "a", b"own").await.unwrap();
    assert!(matches!(files::get(&other, "reports", "a").await, Err(Error::NotFound(_))));
    assert!(files::read_whole(&other, &objects, "reports", "a").await.is_err());
    assert!(!files::delete(&other, &objects, "reports", "a").await.unwrap());
    assert!(files::list(&other, "reports", "", None, 100).await.unwrap().is_empty());
    write(&other, &objects, "a", b"other").await.unwrap();
    assert_eq!(files::read_whole(&org, &objects, "reports", "a").await.unwrap().1, b"own");
}

async fn a_store_that_is_away_changes_nothing(db: Db) {
    let (w, objects, _folder) = world(db).await;
    let org = w.db.org(w.org.id);
    let first = write(&org, &objects, "a", b"first").await.unwrap();
    assert!(matches!(write(&org, &AwayObjects, "a", b"second").await, Err(Error::Busy(_))));
    assert_eq!(files::read_whole(&org, &objects, "reports", "a").await.unwrap().1, b"first");
    assert!(matches!(files::read_whole(&org, &AwayObjects, "reports", "a").await, Err(Error::Busy(_))));
    // A file is gone when its row is; its object is found by its age.
    assert!(files::delete(&org, &AwayObjects, "reports", "a").await.unwrap());
    let keys = objects.list("files/", None, 100).await.unwrap();
    assert_eq!(keys, [first.key()]);
    let (young, old) = (bifrost_store::now(), bifrost_store::now() + TimeDelta::seconds(5));
    assert!(files::unneeded(&w.db, keys.clone(), young - TimeDelta::seconds(5)).await.unwrap().is_empty());
    assert_eq!(files::unneeded(&w.db, keys.clone(), old).await.unwrap(), keys);
    let kept = write(&org, &objects, "b", b"").await.unwrap().key();
    assert!(files::unneeded(&w.db, vec![kept], old).await.unwrap().is_empty());
}

async fn names_stay_in_their_place(db: Db) {
    let (w, objects, folder) = world(db).await;
    let org = w.db.org(w.org.id);
    for path in ["../a", "/a", "a/../../b", "..", "a//b", "a\\..\\b", "a\0", "a\nb", ""] {
        let error = write(&org, &objects, path, b"").await.unwrap_err();
        assert!(error.to_string().starts_with("path: "), "{path:?}: {error}");
        assert!(files::get(&org, "reports", path).await.is_err());
        assert!(files::delete(&org, &objects, "reports", path).await.is_err());
    }
    for location in ["..", "a/b", "workspace", "UP", ""] {
        let error = files::write(&org, &objects, location, "a", None, vec![]).await.unwrap_err();
        assert!(error.to_string().starts_with("location: "), "{location:?}: {error}");
    }
    // Odd names are names: no part of them is on the disk.
    let odd = [
        "%2e%2e/%2e%2e/etc/passwd",
        "..a",
        ".tmp/x",
        ".hidden",
        "con",
        "a;b",
        "$(x)",
        "'; DROP TABLE files; --",
        "\u{202e}txt.exe",
    ];
    for path in odd {
        write(&org, &objects, path, path.as_bytes()).await.unwrap();
        assert_eq!(files::read_whole(&org, &objects, "reports", path).await.unwrap().1, path.as_bytes());
    }
    let place = folder.path().join("files").join(w.org.id.to_string()).join("reports");
    let names: Vec<_> = std::fs::read_dir(place)
        .unwrap()
        .map(|one| one.unwrap().file_name().into_string().unwrap())
        .collect();
    assert_eq!(names.len(), odd.len());
    assert!(names.iter().all(|name| name.parse::<uuid::Uuid>().is_ok()), "{names:?}");
}

async fn signed_addresses_end(db: Db) {
    let w = World::new(db).await;
    let (keys, now) = (Keyring::from_bytes([1; 32]), bifrost_store::now());
    let pass = Pass::new(w.org.id, "uploads", "a", "PUT", "text/csv", now).unwrap();
    let token = files::sign(&keys, &pass).unwrap();
    assert_eq!(files::open(&w.db, &keys, &token, true, now).await.unwrap(), pass);
    let unknown = |result: Result<Pass>| assert!(matches!(result, Err(Error::NotFound(_))), "{result:?}");
    unknown(files::open(&w.db, &keys, &token, false, now).await);
    unknown(files::open(&w.db, &keys, &token, true, pass.expires_at).await);
    unknown(files::open(&w.db, &Keyring::from_bytes([2; 32]), &token, true, now).await);
    let change = OrganizationChange { is_active: Some(false), ..Default::default() };
    organizations::update(&w.db, w.org.id, change).await.unwrap();
    unknown(files::open(&w.db, &keys, &token, true, now).await);
}
