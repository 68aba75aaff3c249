//! Tables of documents: what is written, by whom, and how much of it.

use crate::common::*;
use bifrost_core::document_schema::Schema;
use bifrost_core::documents::{MAX_ANSWER, MAX_BATCH, MAX_DOCUMENT, MAX_DOCUMENTS, MAX_TABLES, Query};
use bifrost_core::*;
use bifrost_store::audit::Actor;
use bifrost_store::tables::{self, Change, NewDocument, NewTable};
use bifrost_store::{Db, Scoped, Sql};
use serde_json::{Map, Value, json};
use std::sync::Arc;

on_both!(
    documents_are_written_and_read,
    a_batch_is_done_or_not,
    versions_keep_writers_apart,
    schemas_are_held,
    quotas_are_exact,
    an_answer_has_a_bound,
    global_tables_are_read_by_all_and_written_by_none,
    nothing_is_seen_or_changed_by_another_organization,
);

pub fn object(value: Value) -> Map<String, Value> {
    value.as_object().unwrap().clone()
}

pub fn new(id: &str, data: Value) -> NewDocument {
    NewDocument { id: Some(id.into()), data: object(data), if_version: None }
}

pub fn parse(text: Value) -> Query {
    let text = object(text);
    let number = |name: &str| text.get(name).and_then(Value::as_u64).map(|n| n as u32);
    Query::parse(
        text.get("where").and_then(Value::as_object),
        text.get("order_by").and_then(Value::as_str),
        text.get("order_dir").and_then(Value::as_str),
        number("limit"),
        number("offset"),
    )
    .unwrap()
}

pub async fn find(scoped: &Scoped, table: &str, query: Value) -> Vec<String> {
    let page = tables::query(scoped, table, &parse(query)).await.unwrap();
    page.documents.into_iter().map(|document| document.id).collect()
}

/// Count and bytes of a table, as it says and as they are.
pub async fn counted(scoped: &Scoped, table: &str) -> ((i64, i64), (i64, i64)) {
    let table = tables::get(scoped, table).await.unwrap();
    let sql = Sql::new(
        "SELECT COUNT(*) AS n, CAST(COALESCE(SUM(bytes), 0) AS bigint) AS b FROM documents WHERE table_id = $1",
    );
    let row = scoped.read().await.unwrap().one(sql.bind(table.id)).await.unwrap();
    ((table.documents, table.bytes), (row.get("n").unwrap(), row.get("b").unwrap()))
}

/// The way through all that writes and reads, with whatever rights the database gives.
pub async fn works_with_two_roles(w: &World) {
    for scoped in [w.db.org(w.org.id), w.db.scope(Scope::Global)] {
        tables::insert(&scoped, "two_roles", vec![new("a", json!({"n": 1}))]).await.unwrap();
        tables::upsert(&scoped, "two_roles", vec![new("a", json!({"n": 2}))]).await.unwrap();
        tables::update_document(&scoped, "two_roles", "a", object(json!({"m": 1})), Some(2)).await.unwrap();
        assert_eq!(find(&scoped, "two_roles", json!({"where": {"n": 2}})).await, ["a"]);
        assert_eq!(tables::delete_documents(&scoped, "two_roles", vec!["a".into()]).await.unwrap(), ["a"]);
    }
    tables::delete(&w.db.org(w.org.id), "two_roles").await.unwrap();
    assert!(tables::get(&w.db.org(w.org.id), "two_roles").await.unwrap().organization_id.is_none());
}

async fn documents_are_written_and_read(db: Db) {
    let w = World::new(db).await;
    let actor = Actor { id: Some(w.user), name: "user".into(), ..Actor::default() };
    let org = w.db.by(Arc::new(actor)).org(w.org.id);
    let made =
        tables::insert(&org, "things", vec![new("a/b@c 'ä", json!({"n": 1, "deep": {"x": [1, null]}}))]);
    let made = made.await.unwrap().remove(0);
    assert_eq!((made.version, made.created_by, made.updated_by), (1, Some(w.user), Some(w.user)));
    assert_eq!(tables::get_document(&org, "things", "a/b@c 'ä").await.unwrap(), made);
    let table = tables::get(&org, "things").await.unwrap();
    assert_eq!((table.id, table.created_by, table.documents), (made.table_id, Some(w.user), 1));
    assert_eq!(tables::get(&org, &table.id.to_string()).await.unwrap(), table, "by id, too");

    let by = w.db.org(w.org.id);
    let replaced =
        tables::upsert(&by, "things", vec![new(&made.id, json!({"m": 2}))]).await.unwrap().remove(0);
    assert_eq!((replaced.version, replaced.created_by, replaced.updated_by), (2, Some(w.user), None));
    assert_eq!((replaced.created_at, &replaced.data), (made.created_at, &object(json!({"m": 2}))));
    assert_eq!(tables::get_document(&org, "things", &made.id).await.unwrap(), replaced);

    let merged =
        tables::update_document(&org, "things", &made.id, object(json!({"n": null, "m": {"k": 1}})), None);
    let merged = merged.await.unwrap();
    assert_eq!((merged.version, &merged.data), (3, &object(json!({"m": {"k": 1}, "n": null}))));
    assert_eq!(tables::get_document(&org, "things", &made.id).await.unwrap(), merged);

    // Without an id they are in the order of time.
    let nameless =
        (0..20).map(|n| NewDocument { data: object(json!({ "n": n })), ..Default::default() }).collect();
    let ids: Vec<_> =
        tables::insert(&org, "others", nameless).await.unwrap().into_iter().map(|one| one.id).collect();
    assert_eq!(find(&org, "others", json!({})).await, ids);
    let backwards: Vec<_> = ids.iter().rev().cloned().collect();
    assert_eq!(find(&org, "others", json!({"order_dir": "desc"})).await, backwards);
    assert_eq!(find(&org, "others", json!({"limit": 3, "offset": 2})).await, ids[2..5]);

    assert_eq!(
        tables::delete_documents(&org, "things", vec![made.id.clone(), "x".into()]).await.unwrap(),
        [made.id]
    );
    let (told, is) = counted(&org, "things").await;
    assert_eq!((told, is), ((0, 0), (0, 0)));
    for error in [
        tables::get_document(&org, "things", "x").await.map(drop).unwrap_err(),
        tables::get_document(&org, "nothing", "x").await.map(drop).unwrap_err(),
        tables::query(&org, "nothing", &parse(json!({}))).await.map(drop).unwrap_err(),
        tables::update_document(&org, "things", "x", Map::new(), None).await.map(drop).unwrap_err(),
        tables::delete_documents(&org, "nothing", vec!["x".into()]).await.map(drop).unwrap_err(),
        tables::delete(&org, "nothing").await.unwrap_err(),
        tables::insert(&org, &TableId::new().to_string(), vec![]).await.map(drop).unwrap_err(),
    ] {
        assert!(matches!(error, Error::NotFound(_)), "{error:?}");
    }
    let names: Vec<_> = tables::list(&org).await.unwrap().into_iter().map(|table| table.name).collect();
    assert_eq!(names, ["others", "things"]);
    tables::delete(&org, "others").await.unwrap();
    assert!(matches!(tables::get(&org, "others").await, Err(Error::NotFound(_))));
}

async fn a_batch_is_done_or_not(db: Db) {
    let w = World::new(db).await;
    let org = w.db.org(w.org.id);
    let many =
        |count: usize| (0..count).map(|n| new(&format!("{n:04}"), json!({ "n": n }))).collect::<Vec<_>>();
    let refused = tables::insert(&org, "t", many(MAX_BATCH + 1)).await.unwrap_err().to_string();
    assert!(refused.starts_with("documents: 1001 documents"), "{refused}");
    assert!(tables::get(&org, "t").await.is_err(), "nothing was made");
    assert_eq!(tables::insert(&org, "t", many(MAX_BATCH)).await.unwrap().len(), MAX_BATCH);
    // One of many is taken: none is written.
    let mut some = many(10);
    some.iter_mut().for_each(|one| one.id = one.id.as_ref().map(|id| format!("x{id}")));
    some.push(new("0500", json!({})));
    assert_eq!(code(tables::insert(&org, "t", some.clone()).await.unwrap_err()), "already_exists");
    assert_eq!(counted(&org, "t").await.0.0, 1_000);
    let upserted = tables::upsert(&org, "t", some.clone()).await.unwrap();
    assert_eq!(
        upserted.iter().map(|one| one.version).collect::<Vec<_>>(),
        [[1; 10].as_slice(), &[2]].concat()
    );
    let (told, is) = counted(&org, "t").await;
    assert_eq!((told, told.0), (is, 1_010));
    // One of many is wrong.
    for (bad, field) in [
        (new("y", json!({"a": "x".repeat(MAX_DOCUMENT)})), "documents[11].data"),
        (new("y", json!({"a": "\0"})), "documents[11].data"),
        (new("", json!({})), "documents[11].id"),
        (new("x0001", json!({})), "documents[11].id"),
    ] {
        let batch = some.iter().cloned().chain([bad]).collect();
        let error = tables::upsert(&org, "t", batch).await.unwrap_err().to_string();
        assert!(error.starts_with(&format!("{field}: ")), "{error}");
    }
    assert!(tables::delete_documents(&org, "t", vec![String::new(); MAX_BATCH + 1]).await.is_err());
    let all: Vec<_> = (0..MAX_BATCH).map(|n| format!("{n:04}")).collect();
    assert_eq!(tables::delete_documents(&org, "t", all).await.unwrap().len(), MAX_BATCH);
    let (told, is) = counted(&org, "t").await;
    assert_eq!((told, told.0), (is, 10));
    assert!(tables::insert(&org, "t", vec![]).await.unwrap().is_empty());
}

async fn versions_keep_writers_apart(db: Db) {
    let w = World::new(db).await;
    let org = w.db.org(w.org.id);
    tables::insert(&org, "t", vec![new("a", json!({"n": 0}))]).await.unwrap();
    // Each counts once: who was second reads again.
    let count = |org: Scoped| async move {
        loop {
            let read = tables::get_document(&org, "t", "a").await.unwrap();
            let next = object(json!({ "n": read.data["n"].as_i64().unwrap() + 1 }));
            match tables::update_document(&org, "t", "a", next, Some(read.version)).await {
                Ok(_) => break,
                Err(error) => assert_eq!(code(error), "version_changed"),
            }
        }
    };
    let all = (0..12).map(|_| tokio::spawn(count(org.clone())));
    futures::future::join_all(all).await.into_iter().for_each(|done| done.unwrap());
    let read = tables::get_document(&org, "t", "a").await.unwrap();
    assert_eq!((&read.data["n"], read.version), (&json!(12), 13));
    // Everybody makes the same table, and it is one.
    let all = (0..8).map(|n| {
        let org = org.clone();
        tokio::spawn(async move { tables::insert(&org, "new", vec![new(&n.to_string(), json!({}))]).await })
    });
    for made in futures::future::join_all(all).await {
        made.unwrap().unwrap();
    }
    let (told, is) = counted(&org, "new").await;
    assert_eq!((told, told.0), (is, 8));
}

async fn schemas_are_held(db: Db) {
    let w = World::new(db).await;
    let org = w.db.org(w.org.id);
    let schema =
        Schema::parse(json!({"required": ["name"], "properties": {"name": {"type": "string"}}})).unwrap();
    let table =
        NewTable { name: "people".into(), description: Some("Who".into()), schema: Some(schema.clone()) };
    let made = tables::create(&org, table.clone()).await.unwrap();
    assert_eq!((made.schema, made.description.as_deref()), (Some(schema), Some("Who")));
    assert_eq!(code(tables::create(&org, table).await.unwrap_err()), "already_exists");
    tables::insert(&org, "people", vec![new("a", json!({"name": "Ada"}))]).await.unwrap();
    let wrong = [
        tables::insert(&org, "people", vec![new("b", json!({}))]).await.map(drop),
        tables::upsert(&org, "people", vec![new("a", json!({"name": 1}))]).await.map(drop),
        tables::update_document(&org, "people", "a", object(json!({"name": null})), None).await.map(drop),
    ];
    for wrong in wrong {
        let error = wrong.unwrap_err().to_string();
        assert!(error.starts_with("data.name: "), "{error}");
    }
    assert_eq!(tables::get_document(&org, "people", "a").await.unwrap().version, 1);
    let change = Change { schema: Some(None), description: Some(None) };
    let changed = tables::update(&org, "people", change).await.unwrap();
    assert_eq!((changed.schema, changed.description, changed.documents), (None, None, 1));
    tables::insert(&org, "people", vec![new("b", json!({}))]).await.unwrap();
}

async fn quotas_are_exact(db: Db) {
    let w = World::new(db).await;
    let org = w.db.org(w.org.id);
    let table = tables::insert(&org, "t", vec![new("a", json!({"n": 1}))]).await.unwrap()[0].table_id;
    let set = async |column: &str, value: i64| {
        let sql = Sql::new(format!("UPDATE document_tables SET {column} = $2 WHERE id = $1"))
            .bind(table)
            .bind(value);
        org.write(move |tx| Box::pin(async move { tx.execute(sql).await })).await.unwrap();
    };
    set("documents", MAX_DOCUMENTS).await;
    assert_eq!(code(tables::insert(&org, "t", vec![new("b", json!({}))]).await.unwrap_err()), "table_full");
    // What is there can be replaced, changed and deleted.
    tables::upsert(&org, "t", vec![new("a", json!({"n": 2}))]).await.unwrap();
    tables::update_document(&org, "t", "a", object(json!({"n": 3})), None).await.unwrap();
    set("bytes", documents::MAX_TABLE_BYTES).await;
    let grown = tables::update_document(&org, "t", "a", object(json!({"more": "x"})), None).await;
    assert_eq!(code(grown.unwrap_err()), "table_full");
    let shrunk = tables::upsert(&org, "t", vec![new("a", json!({}))]).await.unwrap();
    assert_eq!(shrunk[0].version, 4, "what was refused is not there");
    tables::delete_documents(&org, "t", vec!["a".into()]).await.unwrap();
    for n in 1..MAX_TABLES {
        tables::create(&org, NewTable { name: format!("t{n}"), ..NewTable::default() }).await.unwrap();
    }
    let one_more = NewTable { name: "more".into(), ..NewTable::default() };
    assert_eq!(code(tables::create(&org, one_more.clone()).await.unwrap_err()), "too_many_tables");
    assert_eq!(code(tables::insert(&org, "more", vec![]).await.unwrap_err()), "too_many_tables");
    tables::create(&w.db.org(w.other.id), one_more).await.unwrap();
}

async fn an_answer_has_a_bound(db: Db) {
    let w = World::new(db).await;
    let org = w.db.org(w.org.id);
    let large = "x".repeat(MAX_DOCUMENT - 100);
    let count = MAX_ANSWER as usize / large.len() + 1;
    for n in 0..count {
        tables::insert(&org, "t", vec![new(&n.to_string(), json!({ "x": large }))]).await.unwrap();
    }
    let error = tables::query(&org, "t", &parse(json!({"limit": count}))).await.unwrap_err().to_string();
    assert!(error.starts_with("limit: ") && error.contains("ask for fewer"), "{error}");
    assert_eq!(find(&org, "t", json!({"limit": 10})).await.len(), 10);
}

async fn global_tables_are_read_by_all_and_written_by_none(db: Db) {
    let w = World::new(db).await;
    let (global, org) = (w.db.scope(Scope::Global), w.db.org(w.org.id));
    tables::insert(&global, "shared", vec![new("a", json!({"n": 1}))]).await.unwrap();
    let table = tables::get(&org, "shared").await.unwrap();
    assert_eq!((table.organization_id, table.documents), (None, 1));
    for named in ["shared", &table.id.to_string()] {
        assert_eq!(find(&org, named, json!({"where": {"n": 1}})).await, ["a"]);
        assert_eq!(tables::count(&org, named, &Where::default()).await.unwrap(), 1);
        assert_eq!(tables::get_document(&org, named, "a").await.unwrap().version, 1);
        // To change it is another matter.
        assert!(tables::update_document(&org, named, "a", Map::new(), None).await.is_err());
        assert!(tables::delete_documents(&org, named, vec!["a".into()]).await.is_err());
        assert!(tables::update(&org, named, Change::default()).await.is_err());
        assert!(tables::delete(&org, named).await.is_err());
    }
    assert!(tables::insert(&org, &table.id.to_string(), vec![new("b", json!({}))]).await.is_err());
    // An own table of that name hides it.
    tables::insert(&org, "shared", vec![new("own", json!({}))]).await.unwrap();
    assert_eq!(find(&org, "shared", json!({})).await, ["own"]);
    assert_eq!(tables::list(&org).await.unwrap().len(), 1);
    assert_eq!(find(&w.db.org(w.other.id), "shared", json!({})).await, ["a"]);
    assert_eq!(find(&global, "shared", json!({})).await, ["a"]);
    assert_eq!(tables::list(&global).await.unwrap().len(), 1);
}

async fn nothing_is_seen_or_changed_by_another_organization(db: Db) {
    let w = World::new(db).await;
    let (org, other) = (w.db.org(w.org.id), w.db.org(w.other.id));
    let id =
        tables::insert(&org, "t", vec![new("a", json!({"n": 1}))]).await.unwrap()[0].table_id.to_string();
    for named in ["t", &id] {
        for foreign in [&other, &w.db.scope(Scope::Global)] {
            assert!(tables::get(foreign, named).await.is_err());
            assert!(tables::get_document(foreign, named, "a").await.is_err());
            assert!(tables::query(foreign, named, &parse(json!({}))).await.is_err());
            assert!(tables::count(foreign, named, &Where::default()).await.is_err());
            assert!(tables::update_document(foreign, named, "a", Map::new(), None).await.is_err());
            assert!(tables::delete_documents(foreign, named, vec!["a".into()]).await.is_err());
            assert!(tables::update(foreign, named, Change::default()).await.is_err());
            assert!(tables::delete(foreign, named).await.is_err());
            assert!(tables::list(foreign).await.unwrap().is_empty());
        }
    }
    assert!(tables::upsert(&other, &id, vec![new("a", json!({}))]).await.is_err());
    tables::upsert(&other, "t", vec![new("a", json!({"n": 2}))]).await.unwrap();
    assert_eq!(tables::get_document(&org, "t", "a").await.unwrap().data["n"], 1);
    assert_eq!(tables::get_document(&other, "t", "a").await.unwrap().data["n"], 2);
}
