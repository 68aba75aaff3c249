//! Every bound over how much there may be: the last one that fits is taken, and the next one is
//! refused by its name. What is far away is filled by copies in the database.

use anyhow::Result;
use bifrost_core::documents::{MAX_BATCH, MAX_DOCUMENT, MAX_DOCUMENTS, MAX_TABLE_BYTES, MAX_TABLES};
use bifrost_core::files::{MAX_BYTES, MAX_FILES};
use bifrost_core::notification::MAX_CHANNELS;
use bifrost_tests::{Client, Platform, folder};
use reqwest::Method;
use serde_json::{Value, json};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Row, SqliteConnection};
use std::time::{Duration, Instant};

mod runs;

const TEMPORARY: &str = env!("CARGO_TARGET_TMPDIR");
const PATIENCE: Duration = Duration::from_secs(60);
/// Runs that wait a little, and one that fails.
const FLOWS: &str = "\
import asyncio
from bifrost import workflow

@workflow
async def waits() -> None:
    await asyncio.sleep(0.3)

@workflow
async def waits_elsewhere() -> None:
    await asyncio.sleep(0.3)

@workflow
async def fails() -> None:
    raise ValueError('x')
";

async fn database(platform: &Platform) -> SqliteConnection {
    let file = platform.data().join("bifrost.db");
    SqliteConnectOptions::new().filename(file).connect().await.expect("the database")
}

async fn number(database: &mut SqliteConnection, sql: &str) -> i64 {
    sqlx::query(sql).fetch_one(database).await.expect("a row").get(0)
}

async fn set(database: &mut SqliteConnection, sql: String) {
    let done = sqlx::query(&sql).execute(database).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
    assert!(done.rows_affected() > 0, "{sql}");
}

/// Something of which an organization has a bounded number.
struct Bound {
    table: &'static str,
    /// Columns besides `id` that are one of a kind, and whether they are texts.
    unique: &'static [(&'static str, bool)],
    most: i64,
    code: &'static str,
    path: String,
    body: Box<dyn Fn(i64) -> Value>,
}

fn bound(
    table: &'static str,
    unique: &'static [(&'static str, bool)],
    most: i64,
    code: &'static str,
    path: &str,
    body: fn(i64) -> Value,
) -> Bound {
    Bound { table, unique, most, code, path: path.to_owned(), body: Box::new(body) }
}

impl Bound {
    /// Makes one; fills its table up with copies of that but for one; makes the last, and one more.
    async fn check(&self, own: &Client, database: &mut SqliteConnection) {
        let Self { table, most, code, path, body, .. } = self;
        let made = own.expect(201, Method::POST, path, body(0)).await;
        let newest = format!("SELECT * FROM {table} ORDER BY created_at DESC LIMIT 1");
        let own_rows = format!("organization_id = (SELECT organization_id FROM ({newest}))");
        let there = number(database, &format!("SELECT COUNT(*) FROM {table} WHERE {own_rows}")).await;
        let (columns, copied) = copied(database, table, self.unique).await;
        let copies = most - 1 - there;
        assert!(copies > 0, "{table}: {there} rows");
        set(
            database,
            format!(
                "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {copies})
                 INSERT INTO {table} ({columns}) SELECT {copied} FROM n, ({newest}) o"
            ),
        )
        .await;
        own.expect(201, Method::POST, path, body(1)).await;
        let refused = own.expect(409, Method::POST, path, body(2)).await;
        assert_eq!(refused["code"], *code, "{table}: {refused}, after {made}");
    }
}

/// The columns of a table, and how a copy of a row has them.
async fn copied(database: &mut SqliteConnection, table: &str, unique: &[(&str, bool)]) -> (String, String) {
    let sql = format!("SELECT name FROM pragma_table_info('{table}')");
    let rows = sqlx::query(&sql).fetch_all(database).await.expect("the columns");
    let names: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
    let copy = |name: &String| match unique.iter().find(|(unique, _)| unique == name) {
        Some((_, true)) => "'t' || lower(hex(randomblob(12)))".to_owned(),
        Some((_, false)) => "randomblob(16)".to_owned(),
        None if name == "id" => "randomblob(16)".to_owned(),
        None => format!("o.{name}"),
    };
    let copied: Vec<_> = names.iter().map(copy).collect();
    (names.join(", "), copied.join(", "))
}

fn id(made: &Value) -> String {
    made["id"].as_str().expect("an id").to_owned()
}

/// An organization with the workflows of the tests.
async fn organization(platform: &Platform) -> Result<Client> {
    let own = platform.within(&platform.organization("Own").await);
    let quiet = std::fs::read_to_string(folder("tenants").join("flows.py"))?;
    own.deploy(&[("flows.py", &quiet), ("waits.py", FLOWS)]).await;
    Ok(own)
}

#[tokio::test]
async fn there_are_so_many_and_no_more() -> Result<()> {
    let platform = Platform::start(TEMPORARY, "tenants").await?;
    let own = organization(&platform).await?;
    let mut database = database(&platform).await;
    let hook = json!({ "name": "hook", "kind": "unsigned", "confirm_unsigned": true });
    let hook = id(&own.expect(201, Method::POST, "/api/webhooks", hook).await);
    let mut people = vec![];
    for n in 0..3 {
        let person = json!({ "email": format!("p{n}@own.example") });
        people.push(id(&own.expect(201, Method::POST, "/api/users", person).await));
    }
    let name: &[_] = &[("name", true)];
    let subscriptions = format!("/api/webhooks/{hook}/subscriptions");
    for bound in [
        bound(
            "document_tables",
            name,
            MAX_TABLES,
            "too_many_tables",
            "/api/tables",
            |n| json!({ "name": format!("t{n}") }),
        ),
        bound("forms", name, 1_000, "too_many_forms", "/api/forms", |n| {
            let field = json!({ "name": "note", "label": "Note", "type": "text" });
            json!({ "name": format!("t{n}"), "workflow": "quiet", "fields": [field] })
        }),
        bound(
            "schedules",
            &[],
            1_000,
            "too_many_schedules",
            "/api/schedules",
            |_| json!({ "workflow_id": "quiet", "cron_expression": "0 3 1 1 *" }),
        ),
        bound(
            "endpoints",
            &[("slug", true)],
            1_000,
            "too_many_endpoints",
            "/api/endpoints",
            |n| json!({ "workflow_id": "quiet", "slug": format!("t{n}") }),
        ),
        bound(
            "webhook_sources",
            &[("name", true), ("hook_id", false)],
            1_000,
            "too_many_webhooks",
            "/api/webhooks",
            |n| json!({ "name": format!("t{n}"), "kind": "unsigned", "confirm_unsigned": true }),
        ),
        bound(
            "webhook_subscriptions",
            &[],
            50,
            "too_many_subscriptions",
            &subscriptions,
            |_| json!({ "workflow_id": "quiet" }),
        ),
        bound("integrations", name, 500, "too_many_integrations", "/api/integrations", |n| {
            let region = json!({ "key": "region", "type": "string" });
            json!({ "name": format!("t{n}"), "config_schema": [region], "config": { "region": "eu" } })
        }),
        bound(
            "notification_channels",
            name,
            MAX_CHANNELS,
            "too_many_channels",
            "/api/notification-channels",
            |n| json!({ "name": format!("t{n}"), "kind": "email", "addresses": ["a@own.example"] }),
        ),
        bound(
            "notification_rules",
            name,
            MAX_CHANNELS,
            "too_many_rules",
            "/api/notification-rules",
            |n| json!({ "name": format!("t{n}"), "event": "connection_broken" }),
        ),
        bound(
            "roles",
            name,
            200,
            "too_many_roles",
            "/api/roles",
            |n| json!({ "name": format!("t{n}"), "permissions": [] }),
        ),
        bound(
            "invitations",
            &[("email", true), ("token_hash", false)],
            1_000,
            "too_many_invitations",
            "/api/invitations",
            |n| json!({ "email": format!("t{n}@own.example") }),
        ),
        Bound {
            body: Box::new(move |n: i64| json!({ "workflow_id": "quiet", "user_id": people[n as usize] })),
            ..bound("grants", &[("target_id", false)], 10_000, "too_many_grants", "/api/grants", |_| {
                Value::Null
            })
        },
    ] {
        bound.check(&own, &mut database).await;
    }
    Ok(())
}

#[tokio::test]
async fn an_opened_form_is_bounded() -> Result<()> {
    let platform = Platform::start(TEMPORARY, "tenants").await?;
    let own = organization(&platform).await?;
    let mut database = database(&platform).await;
    let field = json!({ "name": "paper", "label": "Paper", "type": "file" });
    let form = json!({ "name": "Papers", "workflow": "quiet", "fields": [field] });
    let form = id(&own.expect(201, Method::POST, "/api/forms", form).await);
    let (open, uploads) = (format!("/api/forms/{form}/open"), format!("/api/forms/{form}/uploads"));
    let session = own.expect(200, Method::POST, &open, json!({})).await["session_id"].clone();
    let upload = json!({
        "session_id": session, "field": "paper", "name": "a.csv", "content_type": "text/csv", "size": 1,
    });
    own.expect(201, Method::POST, &uploads, upload.clone()).await;
    for (table, most) in [("form_uploads", 200), ("form_sessions", 500)] {
        let (columns, copied) = copied(&mut database, table, &[]).await;
        let copies = most - 2;
        let sql = format!(
            "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {copies})
             INSERT INTO {table} ({columns}) SELECT {copied} FROM n, {table} o"
        );
        set(&mut database, sql).await;
    }
    own.expect(201, Method::POST, &uploads, upload.clone()).await;
    let refused = own.expect(409, Method::POST, &uploads, upload).await;
    assert_eq!(refused["code"], "too_many_uploads", "{refused}");
    own.expect(200, Method::POST, &open, json!({})).await;
    let refused = own.expect(409, Method::POST, &open, json!({})).await;
    assert_eq!(refused["code"], "too_many_sessions", "{refused}");
    Ok(())
}

#[tokio::test]
async fn documents_are_bounded_by_number_and_size() -> Result<()> {
    let platform = Platform::start(TEMPORARY, "tenants").await?;
    let own = organization(&platform).await?;
    let mut database = database(&platform).await;
    let documents = "/api/tables/t/documents";
    let of_size = |size: usize| {
        let text = "x".repeat(size - r#"{"x":""}"#.len());
        json!({ "data": { "x": text } })
    };
    let insert = async |status: u16, body: Value| own.expect(status, Method::POST, documents, body).await;
    insert(201, of_size(100)).await;
    assert_eq!(number(&mut database, "SELECT bytes FROM document_tables WHERE name = 't'").await, 100);
    insert(201, of_size(MAX_DOCUMENT)).await;
    insert(422, of_size(MAX_DOCUMENT + 1)).await;
    // All of a table, by its counts, which each write keeps.
    let count =
        |column: &str, value: i64| format!("UPDATE document_tables SET {column} = {value} WHERE name = 't'");
    set(&mut database, count("bytes", MAX_TABLE_BYTES - 100)).await;
    insert(201, of_size(100)).await;
    assert_eq!(insert(409, of_size(10)).await["code"], "table_full");
    set(&mut database, count("bytes", 1_000)).await;
    set(&mut database, count("documents", MAX_DOCUMENTS - 1)).await;
    insert(201, of_size(10)).await;
    assert_eq!(insert(409, of_size(10)).await["code"], "table_full");
    // A batch.
    set(&mut database, count("documents", 10)).await;
    let batch = |size: usize| json!({ "insert": vec![json!({ "data": {} }); size] });
    own.expect(422, Method::POST, "/api/tables/t/batch", batch(MAX_BATCH + 1)).await;
    own.expect(200, Method::POST, "/api/tables/t/batch", batch(MAX_BATCH)).await;
    let there = number(&mut database, "SELECT documents FROM document_tables WHERE name = 't'").await;
    assert_eq!(there, 10 + MAX_BATCH as i64);
    Ok(())
}

#[tokio::test]
async fn files_are_bounded_by_number_and_size() -> Result<()> {
    let platform = Platform::start(TEMPORARY, "tenants").await?;
    let own = organization(&platform).await?;
    let mut database = database(&platform).await;
    let http = reqwest::Client::new();
    let put = async |name: &str| {
        let url = format!("{}/api/files/content?location=reports&path={name}", own.url());
        let (status, answer) = own.send(http.put(url).header("content-type", "text/plain").body("x")).await;
        (status.as_u16(), answer["code"].as_str().unwrap_or_default().to_owned())
    };
    let full = (409, "files_full".to_owned());
    let taken = (200, String::new());
    assert_eq!(put("a").await, taken);
    for (column, most, value) in [("files", MAX_FILES, 1), ("bytes", MAX_BYTES, 1)] {
        set(&mut database, format!("UPDATE file_usage SET {column} = {}", most - 1)).await;
        assert_eq!(put(&format!("last-{column}")).await, taken);
        assert_eq!(put(&format!("more-{column}")).await, full);
        // In the place of one of its size there is room.
        assert_eq!(put("a").await, taken);
        set(&mut database, format!("UPDATE file_usage SET {column} = {value}")).await;
    }
    Ok(())
}

#[tokio::test]
async fn a_flood_of_deliveries_and_of_notifications_is_bounded() -> Result<()> {
    let platform = Platform::start(TEMPORARY, "tenants").await?;
    let own = organization(&platform).await?;
    let mut database = database(&platform).await;
    let hook = json!({ "name": "h", "kind": "unsigned", "confirm_unsigned": true, "rate_per_minute": 3 });
    let hook = own.expect(201, Method::POST, "/api/webhooks", hook).await;
    let path = hook["path"].as_str().expect("a path");
    let mut answers = vec![];
    for n in 0..5 {
        answers.push(own.call(Method::POST, path, &json!({ "n": n })).await.0.as_u16());
    }
    assert_eq!(answers, [202, 202, 202, 429, 429]);
    assert_eq!(number(&mut database, "SELECT COUNT(*) FROM webhook_deliveries").await, 3);

    let channel = json!({ "name": "c", "kind": "email", "addresses": ["ops@own.example"] });
    let channel = id(&own.expect(201, Method::POST, "/api/notification-channels", channel).await);
    let rule = json!({ "name": "all", "event": "run_failed", "channel_ids": [channel] });
    own.expect(201, Method::POST, "/api/notification-rules", rule).await;
    for _ in 0..30 {
        own.submit("fails", json!({})).await;
    }
    let deadline = Instant::now() + PATIENCE;
    let told = loop {
        let list = own.get("/api/notifications").await;
        let told = list["notifications"].as_array().expect("a list").clone();
        let failures: Vec<_> = told.into_iter().filter(|one| one["event"] == "run_failed").collect();
        if failures.iter().filter_map(|one| one["count"].as_i64()).sum::<i64>() == 30 {
            break failures;
        }
        assert!(Instant::now() < deadline, "{list}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    };
    assert_eq!(told.len(), 1, "one for the workflow, however often: {told:?}");
    let lines = number(&mut database, "SELECT COUNT(*) FROM notification_items").await;
    let messages = number(&mut database, "SELECT COUNT(*) FROM notification_messages").await;
    assert!(lines <= 1 && messages <= 1, "{lines} lines and {messages} messages for a channel");
    Ok(())
}
