//! Tables over HTTP: shapes, codes, and what is refused.

use crate::common::{Answer, Platform};
use http::Method;
use serde_json::{Value, json};

fn path(table: &str, rest: &str) -> String {
    format!("/api/tables/{table}{rest}")
}

async fn send(platform: &Platform, method: Method, path: String, body: Value) -> Answer {
    platform.call(method, path).key(&platform.own.admin).json(body).send().await
}

async fn post(platform: &Platform, path: String, body: Value) -> Answer {
    send(platform, Method::POST, path, body).await
}

#[tokio::test]
async fn documents_are_kept_and_found() {
    let platform = Platform::new().await;
    let new = json!({ "name": "orders", "description": "Sold", "table_schema": { "required": ["n"] } });
    let table = post(&platform, "/api/tables".into(), new.clone()).await.expect(201);
    assert_eq!(
        (&table["table_schema"], &table["document_count"]),
        (&json!({ "required": ["n"] }), &json!(0))
    );
    assert_eq!(post(&platform, "/api/tables".into(), new).await.expect(409)["code"], "already_exists");

    let batch: Vec<_> = (0..5).map(|n| json!({ "id": format!("o{n}"), "data": { "n": n } })).collect();
    let done = post(&platform, path("orders", "/batch"), json!({ "insert": batch })).await.expect(200);
    assert_eq!((&done["count"], &done["documents"][4]["id"]), (&json!(5), &json!("o4")));
    let ask = json!({ "where": { "n": { "gte": 1 } }, "order_by": "n", "order_dir": "desc", "limit": 2, "offset": 1 });
    let page = post(&platform, path("orders", "/query"), ask).await.expect(200);
    let ids: Vec<_> =
        page["documents"].as_array().expect("a list").iter().filter_map(|one| one["id"].as_str()).collect();
    assert_eq!((ids, &page["total"]), (vec!["o3", "o2"], &json!(4)));
    let count = post(&platform, path("orders", "/count"), json!({ "where": { "n": 0 } })).await.expect(200);
    assert_eq!(count, json!({ "count": 1 }));

    // An id is whatever its author says.
    let odd = path("orders", "/documents/a%2Fb%20%40c");
    let made = send(&platform, Method::PUT, odd.clone(), json!({ "data": { "n": 7 } })).await.expect(200);
    assert_eq!((&made["id"], &made["version"]), (&json!("a/b @c"), &json!(1)));
    let merged =
        send(&platform, Method::PATCH, odd.clone(), json!({ "data": { "m": 1 }, "if_version": 1 })).await;
    assert_eq!(merged.expect(200)["data"], json!({ "n": 7, "m": 1 }));
    let stale =
        send(&platform, Method::PATCH, odd.clone(), json!({ "data": {}, "if_version": 1 })).await.expect(409);
    assert_eq!(stale["code"], "version_changed");
    for (method, rest, body) in [
        (Method::PUT, "/documents/a%2Fb%20%40c", json!({ "data": { "n": 8 }, "if_version": 0 })),
        (Method::PUT, "/documents/a%2Fb%20%40c", json!({ "data": { "n": 8 }, "if_version": 1 })),
        (Method::DELETE, "/documents/a%2Fb%20%40c?if_version=1", Value::Null),
        (Method::POST, "/documents", json!({ "id": "x", "data": { "n": 8 }, "if_version": 1 })),
        (
            Method::POST,
            "/batch",
            json!({ "upsert": [{ "id": "new", "data": { "n": 8 }, "if_version": 0 },
            { "id": "a/b @c", "data": { "n": 8 }, "if_version": 1 }] }),
        ),
    ] {
        let stale = send(&platform, method, path("orders", rest), body.clone()).await.expect(409);
        assert_eq!(stale["code"], "version_changed", "{rest} {body}");
    }
    let count = post(&platform, path("orders", "/count"), json!({ "where": { "n": 8 } })).await.expect(200);
    assert_eq!(count, json!({ "count": 0 }), "of a batch nothing is written");
    let put = json!({ "data": { "n": 7 }, "if_version": 2 });
    assert_eq!(send(&platform, Method::PUT, odd.clone(), put).await.expect(200)["version"], 3);
    send(&platform, Method::DELETE, format!("{odd}?if_version=3"), Value::Null).await.expect(204);
    send(&platform, Method::PUT, odd.clone(), json!({ "data": { "n": 7 }, "if_version": 0 }))
        .await
        .expect(200);
    send(&platform, Method::DELETE, odd.clone(), Value::Null).await.expect(204);
    send(&platform, Method::DELETE, odd, Value::Null).await.expect(404);

    let change = json!({ "table_schema": {}, "description": "" });
    let changed = send(&platform, Method::PATCH, path("orders", ""), change).await.expect(200);
    assert_eq!((&changed["table_schema"], &changed["description"]), (&Value::Null, &Value::Null));
    let gone = post(&platform, path("orders", "/batch"), json!({ "delete": ["o1", "x"] })).await.expect(200);
    assert_eq!(gone["deleted_ids"], json!(["o1"]));
    // The first document makes a table.
    let made = post(&platform, path("auto", "/documents"), json!({ "data": {} })).await.expect(201);
    assert_eq!(made["created_by"], json!(platform.own.admin.user));
    let all = platform.get("/api/tables").key(&platform.own.admin).send().await.expect(200);
    let names: Vec<_> =
        all["tables"].as_array().expect("a list").iter().filter_map(|one| one["name"].as_str()).collect();
    assert_eq!(names, ["auto", "orders"]);
}

#[tokio::test]
async fn what_cannot_be_is_refused_by_name() {
    let platform = Platform::new().await;
    post(&platform, path("t", "/documents"), json!({ "id": "a", "data": { "n": 1 } })).await.expect(201);
    let many: Vec<_> = (0..1_001).map(|n| json!({ "data": { "n": n } })).collect();
    for (rest, body, field) in [
        ("/documents", json!({ "data": [] }), "data"),
        ("/documents", json!({ "id": "", "data": {} }), "id"),
        ("/documents", json!({ "data": { "a": "x".repeat(256 << 10) } }), "data"),
        ("/documents", json!({ "data": {}, "organization_id": platform.foreign.id }), "organization_id"),
        ("/batch", json!({ "insert": many }), "documents"),
        ("/batch", json!({ "upsert": [{ "data": {} }] }), "upsert[0].id"),
        ("/batch", json!({ "insert": [], "delete": [] }), "body"),
        ("/batch", json!({}), "body"),
        ("/query", json!({ "limit": 1_001 }), "limit"),
        ("/query", json!({ "order_by": "n; DROP TABLE documents" }), "order_by"),
        ("/query", json!({ "order_dir": "asc; --" }), "order_dir"),
        ("/query", json!({ "where": { "n' OR 1=1 --": 1 } }), "where"),
        ("/query", json!({ "where": { "n": { "like": "%" } } }), "where.n.like"),
        ("/query", json!({ "where": [] }), "where"),
        ("/count", json!({ "where": { "n": { "gt": [] } } }), "where.n.gt"),
    ] {
        let refused = post(&platform, path("t", rest), body.clone()).await.expect(422);
        assert_eq!(refused["field"], field, "{rest} {body}: {refused}");
    }
    for name in ["", "1", "a b", "a.b", "x';--"] {
        let refused = post(&platform, "/api/tables".into(), json!({ "name": name })).await.expect(422);
        assert_eq!(refused["field"], "name", "{name}");
    }
    let schema = json!({ "name": "s", "table_schema": { "properties": { "a": { "pattern": "x" } } } });
    let refused = post(&platform, "/api/tables".into(), schema).await.expect(422);
    assert_eq!(refused["field"], "table_schema.properties.a.pattern");
    assert_eq!(post(&platform, path("t", "/count"), json!({})).await.expect(200)["count"], 1);
}

#[tokio::test]
async fn an_organization_does_not_reach_anothers_table() {
    let platform = Platform::new().await;
    let made = post(&platform, path("t", "/documents"), json!({ "id": "a", "data": {} })).await.expect(201);
    let id = made["table_id"].as_str().expect("an id");
    let eve = &platform.foreign.admin;
    for table in [id, "t"] {
        for call in [
            platform.get(path(table, "")).key(eve),
            platform.get(path(table, "/documents/a")).key(eve),
            platform.post(path(table, "/query")).key(eve).json(json!({})),
            platform.post(path(table, "/batch")).key(eve).json(json!({ "delete": ["a"] })),
            platform.call(Method::DELETE, path(table, "")).key(eve),
            platform.get(path(table, "")).key(eve).organization(platform.own.id),
        ] {
            call.send().await.expect(404);
        }
    }
    let put = platform.call(Method::PUT, path(id, "/documents/a")).key(eve).json(json!({ "data": {} }));
    put.send().await.expect(404);
}

#[tokio::test]
async fn the_providers_global_tables_are_there_for_all() {
    let platform = Platform::new().await;
    let new = json!({ "id": "a", "data": { "n": 1 } });
    platform.post(path("shared", "/documents")).key(&platform.root).json(new).send().await.expect(201);
    let read = platform.get(path("shared", "/documents/a")).key(&platform.own.admin).send().await.expect(200);
    assert_eq!(read["data"], json!({ "n": 1 }));
    let table = platform.get(path("shared", "")).key(&platform.own.admin).send().await.expect(200);
    assert_eq!(table["organization_id"], Value::Null);
    let patch = json!({ "data": { "n": 2 } });
    send(&platform, Method::PATCH, path("shared", "/documents/a"), patch).await.expect(404);
    send(&platform, Method::DELETE, path("shared", ""), Value::Null).await.expect(404);
}
