//! SQL where a query of documents has names, conditions, values and an order: what is found is
//! counted here by what the texts are, and nothing of another organization is among it.

use crate::inputs::{CANARY, SQL, encode, tenant, victim};
use anyhow::Result;
use bifrost_tests::{Client, Platform};
use reqwest::Method;
use serde_json::{Value, json};

const TEMPORARY: &str = env!("CARGO_TARGET_TMPDIR");

/// A table with a document for each of the texts, under an id and with a key that are the text, too.
async fn filled(own: &Client) {
    let document = |(number, sql): (usize, &&str)| {
        let data = json!({ "text": sql, "number": number, "keys": { *sql: true } });
        json!({ "id": sql, "data": data })
    };
    let all: Vec<Value> = SQL.iter().enumerate().map(document).collect();
    own.expect(200, Method::POST, "/api/tables/texts/batch", json!({ "insert": all })).await;
}

/// How many documents a query finds; what it answers is as many, and counting comes to the same.
async fn found(own: &Client, filter: Value) -> usize {
    let page = own.expect(200, Method::POST, "/api/tables/texts/query", json!({ "where": filter })).await;
    let documents = page["documents"].as_array().expect("documents").len();
    let counted = own.expect(200, Method::POST, "/api/tables/texts/count", json!({ "where": filter })).await;
    assert_eq!((&page["total"], &counted["count"]), (&json!(documents), &json!(documents)), "{page}");
    assert!(!page.to_string().contains(CANARY), "{page}");
    documents
}

#[tokio::test]
async fn no_text_of_a_query_becomes_sql() -> Result<()> {
    let platform = Platform::start(TEMPORARY, "tenants").await?;
    // The victim has a table of the same name.
    let (victim, attacker) = (victim(&platform).await, tenant(&platform, "Attacker").await);
    let control = victim.expect(200, Method::POST, "/api/tables/texts/query", json!({})).await;
    assert!(control.to_string().contains(CANARY), "who may sees it: {control}");
    filled(&attacker).await;
    assert_eq!(found(&attacker, json!({})).await, SQL.len());
    let among = |holds: &dyn Fn(&str) -> bool| SQL.iter().filter(|text| holds(text)).count();
    for sql in SQL {
        let expected = [
            (json!(sql), 1),
            (json!({ "eq": sql }), 1),
            (json!({ "ne": sql }), SQL.len() - 1),
            (json!({ "in": [sql, "nothing"] }), 1),
            (json!({ "contains": sql }), among(&|text| text.contains(sql))),
            (json!({ "starts_with": sql }), among(&|text| text.starts_with(sql))),
            (json!({ "ends_with": sql }), among(&|text| text.ends_with(sql))),
            (json!({ "gt": sql }), among(&|text| text > sql)),
            (json!({ "lte": sql }), among(&|text| text <= sql)),
        ];
        for (condition, count) in expected {
            assert_eq!(found(&attacker, json!({ "text": condition })).await, count, "{condition}");
        }
        assert_eq!(found(&attacker, json!({ "keys": { "has_key": sql } })).await, 1, "{sql}");
        let refused = [
            ("query", json!({ "order_by": sql })),
            ("query", json!({ "order_by": "text", "order_dir": sql })),
            ("query", json!({ "where": { sql: 1 } })),
            ("query", json!({ "where": { "text": { sql: 1 } } })),
            ("count", json!({ "where": { sql: 1 } })),
            ("count", json!({ "where": { "text": { sql: 1 } } })),
        ];
        for (what, body) in refused {
            let (status, answer) = attacker.post(&format!("/api/tables/texts/{what}"), &body).await;
            assert_eq!(status.as_u16(), 422, "{body}: {answer}");
        }
        for what in ["query", "count"] {
            let path = format!("/api/tables/{}/{what}", encode(sql));
            let (status, answer) = attacker.post(&path, &json!({})).await;
            assert!(matches!(status.as_u16(), 404 | 422), "{path}: {status} {answer}");
            assert!(!answer.to_string().contains(CANARY), "{path}: {answer}");
        }
    }
    let ordered = json!({ "order_by": "text", "order_dir": "desc" });
    let ordered = attacker.expect(200, Method::POST, "/api/tables/texts/query", ordered).await;
    let ordered = ordered["documents"].as_array().expect("documents").iter();
    let mut texts = SQL;
    texts.sort_unstable_by(|a, b| b.cmp(a));
    assert_eq!(ordered.map(|one| one["data"]["text"].clone()).collect::<Vec<_>>(), texts);
    Ok(())
}
