//! Writes of documents in the audit log: one entry for each, in the transaction of the write, without
//! what documents hold.

use crate::common::*;
use bifrost_core::documents::MAX_DOCUMENTS;
use bifrost_core::*;
use bifrost_store::audit::{Actor, Entry};
use bifrost_store::tables::{self, NewDocument};
use bifrost_store::{Db, Sql};
use serde_json::{Map, Value, json};
use std::sync::Arc;

on_both!(a_write_is_one_entry, what_is_not_written_is_no_entry, a_table_is_deleted_with_its_documents);

const CANARY: &str = "canary-51c7e09b";

fn data() -> Map<String, Value> {
    Map::from_iter([("held".to_owned(), json!(CANARY))])
}

fn new(id: &str, if_version: Option<i64>) -> NewDocument {
    NewDocument { id: Some(id.into()), data: data(), if_version }
}

fn many(count: usize) -> Vec<NewDocument> {
    (0..count).map(|n| new(&format!("n{n}"), None)).collect()
}

/// What was done to documents, oldest first.
async fn entries(db: &Db) -> Vec<Entry> {
    let sql = Sql::new("SELECT entry FROM audit_outbox ORDER BY id");
    let rows = db.system().read().await.unwrap().all(sql).await.unwrap();
    let texts: Vec<String> = rows.iter().map(|row| row.get("entry").unwrap()).collect();
    assert!(!texts.iter().any(|text| text.contains(CANARY)), "{texts:?}");
    let all = texts.iter().map(|text| serde_json::from_str::<Entry>(text).unwrap());
    all.filter(|entry| entry.action.starts_with("document.")).collect()
}

/// Their actions and details.
async fn told(db: &Db) -> Vec<(String, Value)> {
    entries(db).await.into_iter().map(|entry| (entry.action, Value::Object(entry.details))).collect()
}

fn entry(action: &str, details: Value) -> (String, Value) {
    (format!("document.{action}"), details)
}

async fn a_write_is_one_entry(db: Db) {
    let w = World::new(db).await;
    let actor = Actor { id: Some(w.user), name: "user@org.test".into(), ..Actor::default() };
    let actor = actor.in_run(ExecutionId::new());
    let org = w.db.by(Arc::new(actor.clone())).org(w.org.id);
    tables::insert(&org, "t", vec![new("a", None), new("b", None)]).await.unwrap();
    tables::upsert(&org, "t", vec![new("b", None), new("c", None)]).await.unwrap();
    tables::update_document(&org, "t", "a", data(), Some(1)).await.unwrap();
    tables::insert(&org, "t", many(20)).await.unwrap();
    tables::upsert(&org, "t", many(21)).await.unwrap();
    assert!(tables::delete_document(&org, "t", "a", Some(2)).await.unwrap());
    tables::delete_documents(&org, "t", vec!["c".into(), "b".into(), "x".into()]).await.unwrap();
    let ids: Vec<_> = (0..20).map(|n| format!("n{n}")).collect();
    assert_eq!(
        told(&w.db).await,
        [
            entry("insert", json!({"name": "t", "ids": ["a", "b"], "inserted": 2})),
            entry("upsert", json!({"name": "t", "ids": ["b", "c"], "inserted": 1, "updated": 1})),
            entry("update", json!({"name": "t", "ids": ["a"], "updated": 1})),
            entry("insert", json!({"name": "t", "ids": ids, "inserted": 20})),
            entry("upsert", json!({"name": "t", "inserted": 1, "updated": 20})),
            entry("delete", json!({"name": "t", "ids": ["a"], "deleted": 1})),
            entry("delete", json!({"name": "t", "ids": ["b", "c"], "deleted": 2})),
        ]
    );
    let table = tables::get(&org, "t").await.unwrap().id;
    for entry in entries(&w.db).await {
        assert_eq!((entry.actor, entry.target), (actor.clone(), Some(format!("table:{table}"))));
    }
}

async fn what_is_not_written_is_no_entry(db: Db) {
    let w = World::new(db).await;
    let org = w.db.org(w.org.id);
    let table = tables::insert(&org, "t", vec![new("a", None)]).await.unwrap()[0].table_id;
    let before = told(&w.db).await;
    assert_eq!(before.len(), 1);
    let stale = [
        tables::insert(&org, "t", vec![new("b", Some(1))]).await.map(drop),
        tables::upsert(&org, "t", vec![new("c", None), new("a", Some(2))]).await.map(drop),
        tables::update_document(&org, "t", "a", data(), Some(2)).await.map(drop),
        tables::delete_document(&org, "t", "a", Some(2)).await.map(drop),
    ];
    for stale in stale {
        assert_eq!(code(stale.unwrap_err()), "version_changed");
    }
    assert_eq!(code(tables::insert(&org, "t", vec![new("a", None)]).await.unwrap_err()), "already_exists");
    assert!(!tables::delete_document(&org, "t", "x", None).await.unwrap());
    assert!(tables::delete_documents(&org, "t", vec!["x".into()]).await.unwrap().is_empty());
    assert!(tables::insert(&org, "t", vec![]).await.unwrap().is_empty());
    // What is undone after it was written.
    let full = Sql::new("UPDATE document_tables SET documents = $2 WHERE id = $1");
    let full = full.bind(table).bind(MAX_DOCUMENTS);
    org.write(move |tx| Box::pin(async move { tx.execute(full).await })).await.unwrap();
    assert_eq!(code(tables::insert(&org, "t", vec![new("b", None)]).await.unwrap_err()), "table_full");
    assert_eq!(told(&w.db).await, before);
}

async fn a_table_is_deleted_with_its_documents(db: Db) {
    let w = World::new(db).await;
    let org = w.db.org(w.org.id);
    tables::insert(&org, "t", many(3)).await.unwrap();
    tables::delete(&org, "t").await.unwrap();
    let last = told(&w.db).await.pop();
    assert_eq!(last, Some(entry("delete", json!({"name": "t", "deleted": 3}))));
}
