//! Webhooks and endpoints on a real platform: every delivery that was answered makes each of its
//! runs once, although senders repeat themselves and the server is killed in between.

use anyhow::{Context, Result, ensure};
use bifrost_tests::Platform;
use futures::StreamExt;
use hmac::{Hmac, Mac};
use reqwest::StatusCode;
use serde_json::{Value, json};
use sha2::Sha256;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Row};
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::time::{Duration, Instant};

const TEMPORARY: &str = env!("CARGO_TARGET_TMPDIR");
/// Deliveries of the fast form.
const FEW: u64 = 500;
/// Deliveries of the long form, unless `BIFROST_TEST_DELIVERIES` says otherwise.
const MANY: u64 = 10_000;
/// Requests at the same time.
const AT_ONCE: usize = 16;
/// Until a sender tries again.
const PAUSE: Duration = Duration::from_millis(50);
const SECRET: &str = "a secret of the sender";

async fn made(platform: &Platform, path: &str, body: Value) -> Value {
    let (status, answer) = platform.post(path, &body).await;
    assert_eq!(status, StatusCode::CREATED, "{answer}");
    answer
}

fn text(value: &Value, field: &str) -> String {
    value[field].as_str().unwrap_or_else(|| panic!("{field} of {value}")).to_owned()
}

fn signature(body: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).expect("a key");
    mac.update(body.as_bytes());
    mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect()
}

async fn rows(platform: &Platform, sql: &str) -> Result<Vec<(String, i64, i64)>> {
    let file = platform.data().join("bifrost.db");
    let mut database = SqliteConnectOptions::new().filename(file).read_only(true).connect().await?;
    let rows = sqlx::query(sql).fetch_all(&mut database).await?;
    Ok(rows.iter().map(|row| (row.get(0), row.get(1), row.get(2))).collect())
}

/// The order in which deliveries come: mixed, and most of them more than once.
fn attempts(deliveries: u64) -> Vec<u64> {
    let mut all: Vec<u64> =
        (0..deliveries).flat_map(|n| std::iter::repeat_n(n, 1 + (n % 3) as usize)).collect();
    // Fisher and Yates, with a generator that needs no crate.
    let mut state: u64 = 0x9e37_79b9_7f4a_7c15;
    for place in (1..all.len()).rev() {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        all.swap(place, (state >> 33) as usize % (place + 1));
    }
    all
}

/// Sends one until somebody has it, as every sender does that means it.
async fn deliver(http: &reqwest::Client, url: &str, n: u64) -> Result<()> {
    let body = json!({ "n": n, "even": n.is_multiple_of(2) }).to_string();
    let deadline = Instant::now() + Duration::from_secs(120);
    loop {
        let request = http
            .post(url)
            .header("content-type", "application/json")
            .header("x-delivery-id", format!("d-{n}"));
        let sent = request.header("x-signature-256", signature(&body)).body(body.clone()).send().await;
        match sent.map(|answer| answer.status()) {
            Ok(StatusCode::ACCEPTED) => return Ok(()),
            Ok(status) if status.is_client_error() => anyhow::bail!("{n} was refused: {status}"),
            _ => {}
        }
        ensure!(Instant::now() < deadline, "{n} was not taken");
        tokio::time::sleep(PAUSE).await;
    }
}

/// Every run exactly once, over this many deliveries and kills of the server.
async fn storm(deliveries: u64, kills: u64) -> Result<()> {
    let mut platform = Platform::start(TEMPORARY, "webhooks").await?;
    let new = json!({ "name": "storm", "kind": "generic", "secret": SECRET, "rate_per_minute": 60_000 });
    let webhook = made(&platform, "/api/webhooks", new).await;
    let subscriptions = format!("/api/webhooks/{}/subscriptions", text(&webhook, "id"));
    let mapping = json!({ "n": "/data/n" });
    made(&platform, &subscriptions, json!({ "workflow_id": "note", "mapping": mapping })).await;
    let filter = json!([{ "pointer": "/data/even", "equals": true }]);
    made(&platform, &subscriptions, json!({ "workflow_id": "even", "mapping": mapping, "filter": filter }))
        .await;

    let (begun, all, taken) = (Instant::now(), attempts(deliveries), AtomicU64::new(0));
    let url = format!("{}{}", platform.url(), text(&webhook, "path"));
    let (http, total) = (reqwest::Client::new(), all.len() as u64);
    let sending = futures::stream::iter(all)
        .map(|n| {
            let (http, url, taken) = (&http, &url, &taken);
            async move { deliver(http, url, n).await.map(|()| taken.fetch_add(1, SeqCst)) }
        })
        .buffer_unordered(AT_ONCE)
        .collect::<Vec<_>>();
    let killing = async {
        for kill in 1..=kills {
            while taken.load(SeqCst) < total * kill / (kills + 1) {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            platform.crash().await?;
        }
        anyhow::Ok(())
    };
    let (sent, killed) = tokio::join!(sending, killing);
    killed?;
    sent.into_iter().collect::<Result<Vec<_>>>()?;
    let sent_in = begun.elapsed();

    let unsettled = "SELECT 'x', COUNT(*), (SELECT COUNT(*) FROM executions WHERE completed_at IS NULL)
      FROM webhook_deliveries WHERE state = 'pending'";
    let deadline = Instant::now() + Duration::from_secs(60 + deliveries / 10);
    loop {
        let (_, pending, open) = rows(&platform, unsettled).await?.remove(0);
        if (pending, open) == (0, 0) {
            break;
        }
        ensure!(Instant::now() < deadline, "{pending} deliveries and {open} runs are left");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    println!(
        "{deliveries} deliveries in {total} requests: sent in {sent_in:?}, all ended after {:?}",
        begun.elapsed()
    );

    let deliveries = i64::try_from(deliveries)?;
    let states = rows(
        &platform,
        "SELECT state, COUNT(*), COUNT(DISTINCT same_as) FROM webhook_deliveries GROUP BY state",
    )
    .await?;
    assert_eq!(states, [("done".to_owned(), deliveries, deliveries)]);
    let runs =
        "SELECT workflow_name, COUNT(*), COUNT(DISTINCT json_extract(parameters, '$.n')) FROM executions
      GROUP BY workflow_name ORDER BY workflow_name";
    let half = (deliveries + 1) / 2;
    let expected = [("even".to_owned(), half, half), ("note".to_owned(), deliveries, deliveries)];
    assert_eq!(rows(&platform, runs).await?, expected, "each run once");
    let failed =
        "SELECT status, COUNT(*), MIN(json_extract(parameters, '$.n')) FROM executions GROUP BY status";
    let statuses = rows(&platform, failed).await?;
    assert_eq!(statuses.len(), 1, "{statuses:?}");
    assert_eq!((statuses[0].0.as_str(), statuses[0].1), ("Success", deliveries + half));
    let wrong = "SELECT workflow_name, COUNT(*), 0 FROM executions WHERE workflow_name = 'note'
      AND (json_extract(result, '$.event') <> json_extract(parameters, '$.n') OR json_extract(result, '$.by') <> 'webhook')
      GROUP BY workflow_name";
    assert_eq!(rows(&platform, wrong).await?, [], "each is told of its own event");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_delivery_makes_its_runs_once_although_the_server_dies() -> Result<()> {
    storm(FEW, 2).await
}

/// `make webhooks-long`; `BIFROST_TEST_DELIVERIES` says how many.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes minutes"]
async fn so_do_many() -> Result<()> {
    let many = std::env::var("BIFROST_TEST_DELIVERIES").ok().map(|text| text.parse()).transpose()?;
    storm(many.unwrap_or(MANY), 5).await
}

#[tokio::test]
async fn endpoints_and_topics_start_workflows() -> Result<()> {
    let platform = Platform::start(TEMPORARY, "webhooks").await?;
    let http = reqwest::Client::new();
    let new = json!({ "workflow_id": "page", "slug": "page", "methods": ["GET"], "public": true, "confirm_public": true });
    let url = format!("{}{}", platform.url(), text(&made(&platform, "/api/endpoints", new).await, "path"));
    let answer = http.get(format!("{url}?name=x")).send().await?;
    let headers = answer.headers().clone();
    assert_eq!(
        (answer.status(), answer.text().await?.as_str()),
        (StatusCode::CREATED, "<script>alert('x')</script>")
    );
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    assert!(header("content-security-policy").starts_with("sandbox;"), "{headers:?}");
    assert_eq!(
        (header("x-content-type-options"), header("x-made-by"), header("set-cookie")),
        ("nosniff", "flows", "")
    );
    assert_eq!(header("x-bifrost-refused-headers"), "set-cookie");
    let run = platform.get(&format!("/api/executions/{}", header("x-bifrost-execution"))).await;
    assert_eq!((&run["executed_by_email"], &run["status"]), (&json!("endpoint"), &json!("Success")), "{run}");

    let new = json!({ "workflow_id": "refuse", "slug": "refuse", "public": true, "confirm_public": true });
    let url = format!("{}{}", platform.url(), text(&made(&platform, "/api/endpoints", new).await, "path"));
    let answer = http.post(&url).send().await?;
    assert_eq!(answer.status(), StatusCode::BAD_REQUEST);
    let problem: Value = answer.json().await?;
    assert_eq!((&problem["code"], &problem["detail"]), (&json!("user_error"), &json!("no such customer")));

    // A chain of events as long as it wants to be, and one that wants to be endless.
    let topic =
        made(&platform, "/api/webhooks", json!({ "name": "steps", "kind": "topic", "topic": "steps.done" }))
            .await;
    let path = format!("/api/webhooks/{}/subscriptions", text(&topic, "id"));
    made(&platform, &path, json!({ "workflow_id": "again", "mapping": { "left": "/data/left" } })).await;
    let first = platform.submit("again", json!({ "left": 3 })).await;
    let run = platform.ended(&first, Duration::from_secs(60)).await;
    assert_eq!(
        (&run["status"], &run["result"]["subscribers_notified"]),
        (&json!("Success"), &json!(1)),
        "{run}"
    );
    let count = async |status: &str| -> Result<i64> {
        let sql = format!(
            "SELECT 'x', COUNT(*), COALESCE(MAX(depth), 0) FROM executions WHERE workflow_name = 'again' AND status = '{status}'"
        );
        Ok(rows(&platform, &sql).await?.remove(0).1)
    };
    let deadline = Instant::now() + Duration::from_secs(60);
    while count("Success").await? < 4 {
        ensure!(Instant::now() < deadline, "the chain stops early");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    platform.submit("again", json!({ "left": 1_000 })).await;
    while count("Failed").await? < 1 {
        ensure!(Instant::now() < deadline, "the chain does not end");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    tokio::time::sleep(Duration::from_secs(2)).await;
    // The first run, sixteen below it, of which the last one cannot emit any more.
    assert_eq!((count("Success").await?, count("Failed").await?), (4 + 16, 1));
    let listed = platform.get(&format!("/api/webhooks/{}/deliveries?limit=100", text(&topic, "id"))).await;
    let deliveries = listed["deliveries"].as_array().context("a list")?;
    assert!(
        deliveries.len() == 3 + 16 && deliveries.iter().all(|one| one["emitted_by"].is_string()),
        "{listed}"
    );
    Ok(())
}
