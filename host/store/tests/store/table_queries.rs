//! Queries of tables: the same on both engines, and the same as in memory.

use crate::common::*;
use crate::tables::{counted, find, new, object, parse};
use bifrost_core::documents::Query;
use bifrost_core::*;
use bifrost_store::tables::{self, NewDocument, Page};
use bifrost_store::{Db, Scoped};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

on_both!(texts_are_never_sql, queries_mean_what_they_mean_in_memory, numbers_at_their_edges_are_kept);

async fn texts_are_never_sql(db: Db) {
    let w = World::new(db).await;
    let org = w.db.org(w.org.id);
    let evil = [
        "'; DROP TABLE documents; --",
        "\" OR 1=1 --",
        "' OR '1'='1",
        "$1",
        "{}",
        "%",
        "_",
        "\\",
        "\\u0027",
        "a'||'b",
        "\u{202e}'",
    ];
    for (index, text) in evil.iter().enumerate() {
        let data = json!({ "value": text, *text: {"list": [text]}, "sub": { *text: 1 } });
        tables::insert(&org, "t", vec![new(text, data), new(&format!("plain{index}"), json!({}))])
            .await
            .unwrap();
    }
    for text in evil {
        for test in [
            json!(text),
            json!({ "in": [text] }),
            json!({ "contains": text, "starts_with": text, "ends_with": text }),
            json!({ "gte": text, "lte": text }),
        ] {
            let filter = json!({ "where": { "value": test } });
            let found = find(&org, "t", filter.clone()).await;
            assert!(found.contains(&text.to_owned()), "{filter}: {found:?}");
            let expected = evil.iter().filter(|one| filter_holds(&filter, one)).count();
            assert_eq!(found.len(), expected, "{filter}");
        }
        assert_eq!(find(&org, "t", json!({"where": {"sub": {"has_key": text}}})).await, [text]);
        assert_eq!(tables::get_document(&org, "t", text).await.unwrap().data["value"], text);
        let fields = object(json!({ text: 1 }));
        if Where::parse(Some(&fields)).is_ok() {
            assert!(text.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-".contains(&b)), "{text}");
        }
        assert!(tables::get(&org, text).await.is_err());
        assert!(tables::insert(&org, text, vec![]).await.is_err() || *text == *"_");
    }
    assert_eq!(
        tables::delete_documents(&org, "t", evil.map(str::to_owned).to_vec()).await.unwrap().len(),
        evil.len()
    );
    assert_eq!(counted(&org, "t").await.0.0, evil.len() as i64);
}

fn filter_holds(filter: &Value, text: &str) -> bool {
    parse(filter.clone()).filter.holds(&object(json!({ "value": text })))
}

/// Values that meet each other: few of each kind.
fn value() -> impl Strategy<Value = Value> {
    let scalar = prop_oneof![
        Just(json!(null)),
        any::<bool>().prop_map(Value::from),
        (-3i64..4).prop_map(Value::from),
        (-6i32..7).prop_map(|n| json!(f64::from(n) / 2.0)),
        prop::sample::select(vec![
            json!(1e18),
            json!(-1e18),
            json!(1e300),
            json!(0.1),
            json!(-0.0),
            json!(u64::MAX),
            json!(i64::MIN),
            json!(10),
            json!(9),
        ]),
        prop::sample::select(vec![
            "",
            "a",
            "A",
            "ab",
            "b",
            "10",
            "9",
            "ä",
            "a\"b",
            "\u{ffff}",
            "\u{10000}",
            "true",
            "null",
            "%",
            "_"
        ])
        .prop_map(Value::from),
    ];
    scalar.prop_recursive(2, 8, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
            prop::collection::btree_map(key(), inner, 0..3)
                .prop_map(|all| Value::Object(all.into_iter().collect())),
        ]
    })
}

fn key() -> impl Strategy<Value = String> {
    prop::sample::select(vec!["a", "b", "0", "x-y", "a.b", "", "ä"]).prop_map(str::to_owned)
}

fn field() -> impl Strategy<Value = String> {
    prop::sample::select(vec!["f", "g", "f.a", "f.0", "g.b.a", "f.x-y", "nowhere"]).prop_map(str::to_owned)
}

fn test() -> impl Strategy<Value = (String, Value)> {
    let operators = vec![
        "eq",
        "ne",
        "contains",
        "starts_with",
        "ends_with",
        "gt",
        "gte",
        "lt",
        "lte",
        "in",
        "is_null",
        "has_key",
    ];
    (prop::sample::select(operators), value(), prop::collection::vec(value(), 0..3), any::<bool>(), key())
        .prop_map(|(operator, value, list, flag, key)| {
            let value = match operator {
                "in" => json!(list),
                "is_null" => json!(flag),
                "has_key" if flag => json!(key),
                "has_key" => json!(value.is_null()),
                _ => value,
            };
            (operator.to_owned(), value)
        })
}

prop_compose! {
    fn question()(
        tests in prop::collection::vec((field(), test()), 0..3),
        order_by in prop::option::of(field()),
        desc: bool,
        limit in 0u32..8,
        offset in 0u32..4,
    ) -> Value {
        let mut filter = Map::new();
        for (field, (operator, value)) in tests {
            filter.insert(field, json!({ operator: value }));
        }
        json!({
            "where": filter, "order_by": order_by, "order_dir": if desc { "desc" } else { "asc" },
            "limit": limit, "offset": offset,
        })
    }
}

fn holdings() -> impl Strategy<Value = Map<String, Value>> {
    let fields = ["f", "g"].map(|name| prop::option::of(value()).prop_map(move |value| (name, value)));
    fields.prop_map(|all| {
        all.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect::<Map<_, _>>()
    })
}

/// What both databases answer is what [`Query::select`] does.
async fn queries_mean_what_they_mean_in_memory(db: Db) {
    let w = World::new(db).await;
    let org = w.db.org(w.org.id);
    let config = ProptestConfig { cases: 60, failure_persistence: None, ..ProptestConfig::default() };
    let cases = (prop::collection::vec(holdings(), 1..12), prop::collection::vec(question(), 1..12));
    let (handle, table) = (tokio::runtime::Handle::current(), std::sync::atomic::AtomicU64::new(0));
    let check = |(documents, questions): (Vec<Map<String, Value>>, Vec<Value>)| {
        let table = format!("t{}", table.fetch_add(1, std::sync::atomic::Ordering::Relaxed));
        handle.block_on(compare(&org, &table, documents, questions))
    };
    tokio::task::block_in_place(|| {
        let mut runner = proptest::test_runner::TestRunner::new(config);
        if let Err(failed) = runner.run(&cases, check) {
            panic!("{failed}");
        }
    });
}

async fn compare(
    org: &Scoped,
    table: &str,
    documents: Vec<Map<String, Value>>,
    questions: Vec<Value>,
) -> std::result::Result<(), TestCaseError> {
    // Ids in another order than that in which they are made.
    let new: Vec<_> = documents
        .into_iter()
        .enumerate()
        .map(|(n, data)| NewDocument { id: Some(format!("{}", (n * 7) % 12)), data, if_version: None })
        .collect();
    let mut kept = Vec::new();
    for one in new {
        kept.extend(tables::insert(org, table, vec![one]).await.unwrap());
    }
    for one in &kept {
        prop_assert_eq!(&tables::get_document(org, table, &one.id).await.unwrap(), one);
    }
    let all: Vec<_> = kept.iter().map(|one| (one.id.as_str(), &one.data)).collect();
    for question in questions {
        let text = object(question.clone());
        let query = Query::parse(
            text["where"].as_object(),
            text["order_by"].as_str(),
            text["order_dir"].as_str(),
            text["limit"].as_u64().map(|n| n as u32),
            text["offset"].as_u64().map(|n| n as u32),
        );
        // Some of them are refused, which does not need a database.
        let Ok(query) = query else { continue };
        let Page { documents, total } = tables::query(org, table, &query).await.unwrap();
        let ids: Vec<_> = documents.iter().map(|one| one.id.as_str()).collect();
        let (expected, count) = query.select(&all);
        prop_assert_eq!((ids, total), (expected, count as i64), "{} over {:?}", question, all);
        prop_assert_eq!(tables::count(org, table, &query.filter).await.unwrap(), count as i64);
    }
    tables::delete(org, table).await.unwrap();
    Ok(())
}

async fn numbers_at_their_edges_are_kept(db: Db) {
    let w = World::new(db).await;
    let org = w.db.org(w.org.id);
    let numbers = [
        json!(0.1),
        json!(1.0),
        json!(1e15),
        json!(1e16),
        json!(1e18),
        json!(1e300),
        json!(5e-324),
        json!(1.7976931348623157e308),
        json!(i64::MIN),
        json!(i64::MAX),
        json!(u64::MAX),
        json!(1e19),
        json!(2e19),
        json!(-1e19),
        json!(9007199254740993i64),
        json!(0.30000000000000004),
    ];
    for (n, number) in numbers.iter().enumerate() {
        let made =
            tables::insert(&org, "t", vec![new(&n.to_string(), json!({ "n": number }))]).await.unwrap();
        let read = tables::get_document(&org, "t", &n.to_string()).await.unwrap();
        assert_eq!(read, made[0], "{number}");
        assert_eq!(read.data["n"].as_f64(), number.as_f64(), "{number}");
        let found = find(&org, "t", json!({"where": {"n": number}})).await;
        assert_eq!(found.last(), Some(&n.to_string()), "{number}");
    }
}
