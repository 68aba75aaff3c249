//! Versions of documents: whoever expects one that is not there changes nothing.

use crate::common::*;
use bifrost_core::documents::Query;
use bifrost_core::*;
use bifrost_store::tables::{self, NewDocument, NewTable};
use bifrost_store::{Db, Scoped};
use proptest::prelude::*;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

on_both!(versions_are_those_of_a_map_in_memory, one_of_many_makes_a_document);

/// Versions of documents by id.
type Versions = BTreeMap<String, i64>;

#[derive(Clone, Copy, Debug)]
enum Kind {
    Insert,
    Upsert,
    Update,
    Delete,
}

/// Which version is expected.
#[derive(Clone, Copy, Debug)]
enum Expected {
    Any,
    Right,
    None,
    Later,
}

impl Expected {
    fn of(self, found: Option<i64>) -> Option<i64> {
        let found = found.unwrap_or(0);
        match self {
            Self::Any => None,
            Self::Right => Some(found),
            Self::None => Some(0),
            Self::Later => Some(found + 1),
        }
    }
}

fn steps() -> impl Strategy<Value = Vec<(Kind, BTreeMap<u8, Expected>)>> {
    let kind = prop::sample::select(vec![Kind::Insert, Kind::Upsert, Kind::Update, Kind::Delete]);
    let expected =
        prop::sample::select(vec![Expected::Any, Expected::Right, Expected::None, Expected::Later]);
    let targets = prop::collection::btree_map(0..4_u8, expected, 1..4);
    prop::collection::vec((kind, targets), 1..16)
}

fn data() -> Map<String, Value> {
    json!({ "n": 1 }).as_object().unwrap().clone()
}

/// What a step is to come to: `None` for a document that is not there, else the code of the conflict.
fn foretold(
    versions: &Versions,
    kind: Kind,
    targets: &[(String, Option<i64>)],
) -> std::result::Result<bool, &'static str> {
    let found = |id: &String| versions.get(id).copied();
    if matches!(kind, Kind::Insert) && targets.iter().any(|(id, _)| found(id).is_some()) {
        return Err("already_exists");
    }
    if matches!(kind, Kind::Update | Kind::Delete) && targets.iter().any(|(id, _)| found(id).is_none()) {
        return Ok(false);
    }
    let fits = |(id, expected): &(String, Option<i64>)| {
        expected.is_none_or(|expected| expected == found(id).unwrap_or(0))
    };
    if targets.iter().all(fits) { Ok(true) } else { Err("version_changed") }
}

/// Takes a step, and tells what became of it.
async fn taken(
    org: &Scoped,
    kind: Kind,
    targets: &[(String, Option<i64>)],
) -> std::result::Result<bool, &'static str> {
    let new = || {
        let one = |(id, if_version): &(String, Option<i64>)| NewDocument {
            id: Some(id.clone()),
            data: data(),
            if_version: *if_version,
        };
        targets.iter().map(one).collect::<Vec<_>>()
    };
    let (id, if_version) = &targets[0];
    let done = match kind {
        Kind::Insert => tables::insert(org, "t", new()).await.map(|_| true),
        Kind::Upsert => tables::upsert(org, "t", new()).await.map(|_| true),
        Kind::Update => tables::update_document(org, "t", id, data(), *if_version).await.map(|_| true),
        Kind::Delete => tables::delete_document(org, "t", id, *if_version).await,
    };
    match done {
        Err(Error::NotFound(_)) => Ok(false),
        done => done.map_err(code),
    }
}

async fn follow(
    org: &Scoped,
    steps: Vec<(Kind, BTreeMap<u8, Expected>)>,
) -> std::result::Result<(), TestCaseError> {
    tables::create(org, NewTable { name: "t".into(), ..NewTable::default() }).await.unwrap();
    let mut versions = Versions::new();
    for (kind, targets) in steps {
        // The last two change one document.
        let most = if matches!(kind, Kind::Update | Kind::Delete) { 1 } else { targets.len() };
        let target = |(n, expected): (u8, Expected)| {
            let id = format!("d{n}");
            let expected = expected.of(versions.get(&id).copied());
            (id, expected)
        };
        let targets: Vec<_> = targets.into_iter().take(most).map(target).collect();
        let expected = foretold(&versions, kind, &targets);
        prop_assert_eq!(
            taken(org, kind, &targets).await,
            expected,
            "{:?} {:?} of {:?}",
            kind,
            targets,
            versions
        );
        if expected != Ok(true) {
            continue;
        }
        for (id, _) in targets {
            match kind {
                Kind::Delete => {
                    versions.remove(&id);
                }
                _ => *versions.entry(id).or_insert(0) += 1,
            }
        }
    }
    let all = Query::parse(None, None, None, None, None).unwrap();
    let kept = tables::query(org, "t", &all).await.unwrap().documents;
    let kept: Versions = kept.into_iter().map(|one| (one.id, one.version)).collect();
    prop_assert_eq!(kept, versions);
    tables::delete(org, "t").await.unwrap();
    Ok(())
}

async fn versions_are_those_of_a_map_in_memory(db: Db) {
    let w = World::new(db).await;
    let org = w.db.org(w.org.id);
    let config = ProptestConfig { cases: 30, failure_persistence: None, ..ProptestConfig::default() };
    let handle = tokio::runtime::Handle::current();
    tokio::task::block_in_place(|| {
        let mut runner = proptest::test_runner::TestRunner::new(config);
        if let Err(failed) = runner.run(&steps(), |steps| handle.block_on(follow(&org, steps))) {
            panic!("{failed}");
        }
    });
}

async fn one_of_many_makes_a_document(db: Db) {
    let w = World::new(db).await;
    let org = w.db.org(w.org.id);
    let all = (0..12).map(|_| {
        let org = org.clone();
        let new = NewDocument { id: Some("a".into()), data: data(), if_version: Some(0) };
        tokio::spawn(async move { tables::upsert(&org, "new", vec![new]).await })
    });
    let mut made = 0;
    for done in futures::future::join_all(all).await {
        match done.unwrap() {
            Ok(all) => made += all.len(),
            Err(error) => assert_eq!(code(error), "version_changed"),
        }
    }
    assert_eq!(made, 1);
    assert_eq!(tables::get_document(&org, "new", "a").await.unwrap().version, 1);
    // What was refused has made no table either.
    let new = NewDocument { id: Some("a".into()), data: data(), if_version: Some(3) };
    assert_eq!(code(tables::upsert(&org, "other", vec![new]).await.unwrap_err()), "version_changed");
    assert!(matches!(tables::get(&org, "other").await, Err(Error::NotFound(_))));
}
