//! What operators see: a full pool, health, and metrics that are documented.

use crate::common::web::FakeWeb;
use crate::common::worker::FakeWorker;
use crate::common::{Call, Key, Platform};
use axum::Router;
use axum::body::Body;
use bifrost_api::health::{self, Services};
use bifrost_api::metrics::{Kind, METRICS};
use bifrost_api::{ApiState, Operations};
use bifrost_core::Result;
use bifrost_core::ports::{Delivery, Queue, Ticket};
use bifrost_notify::Notifier;
use bifrost_oauth::OAuth;
use bifrost_store::identity::{self, Bootstrap};
use bifrost_store::workers::{self, WorkerRow};
use bifrost_store::{Db, DirectoryObjects, InProcessBus, InProcessQueue, Keyring, Options};
use http::{Method, Request, StatusCode};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tower::ServiceExt;

/// How long a caller waits for a connection in these tests.
const WAIT: Duration = Duration::from_millis(400);

/// The API over a database with one connection.
async fn small(url: &str) -> (Router, Db, String, tempfile::TempDir) {
    let db = Db::open(url, Options { connections: 1, acquire_timeout: WAIT, ..Options::default() })
        .await
        .expect("a database");
    let first = Bootstrap {
        organization: "Provider".into(),
        email: "root@provider.example".into(),
        name: "Root".into(),
    };
    let token = identity::bootstrap(&db, first).await.expect("bootstrap").expect("an empty database").token;
    let dir = tempfile::tempdir().expect("a directory");
    let keyring = Keyring::from_bytes([7; 32]);
    let settings = bifrost_signin::Settings::at("http://127.0.0.1:8400").expect("an address");
    let (bus, web) = (Arc::new(InProcessBus::new()), Arc::new(FakeWeb::default()));
    let oauth = OAuth::new(db.clone(), keyring.clone(), bus.clone(), web.clone(), "test".into());
    let notifier =
        Notifier::new(db.clone(), keyring.clone(), web, None, "http://127.0.0.1:8400").expect("a notifier");
    let state = ApiState {
        db: db.clone(),
        sign_in: bifrost_signin::SignIn::new(db.clone(), keyring.clone(), settings, None)
            .expect("signing in"),
        keyring,
        bus,
        oauth,
        notifier,
        objects: Arc::new(DirectoryObjects::open(dir.path().join("objects")).await.expect("objects")),
        worker: Arc::new(FakeWorker::default()),
        operations: Operations::default(),
    };
    (bifrost_api::router(state), db, token, dir)
}

async fn ask(
    router: &Router,
    method: Method,
    path: &str,
    token: &str,
) -> (StatusCode, Option<String>, Value) {
    let request = Request::builder().method(method).uri(path).header("x-bifrost-key", token);
    let request = request.header("content-type", "application/json");
    let body = json!({ "workflow_id": "none", "name": "New" }).to_string();
    let response = router.clone().oneshot(request.body(Body::from(body)).expect("a request")).await;
    let (parts, body) = response.expect("infallible").into_parts();
    let retry = parts.headers.get("retry-after").map(|value| value.to_str().expect("text").to_owned());
    let body = body.collect().await.expect("a whole body").to_bytes();
    (parts.status, retry, serde_json::from_slice(&body).unwrap_or_default())
}

async fn a_full_pool(url: &str) {
    let (router, db, token, _dir) = small(url).await;
    let (status, ..) = ask(&router, Method::GET, "/api/me", &token).await;
    assert_eq!(status, 200, "the control: with a free connection");

    let held = db.system().read().await.expect("the only connection");
    for (method, path) in [
        (Method::GET, "/api/me"),
        (Method::GET, "/api/executions"),
        (Method::POST, "/api/workflows/execute"),
        (Method::POST, "/api/organizations"),
    ] {
        let begun = Instant::now();
        let (status, retry, body) = ask(&router, method, path, &token).await;
        assert_eq!((status.as_u16(), &body["code"]), (503, &json!("busy")), "{path}: {body}");
        assert!(retry.is_some_and(|seconds| seconds.parse::<u64>().is_ok_and(|s| s > 0)), "{path}");
        assert!(begun.elapsed() >= WAIT, "{path} did not wait: {:?}", begun.elapsed());
        assert!(begun.elapsed() < WAIT * 4, "{path}: {:?}", begun.elapsed());
    }
    let (status, retry, body) = ask(&router, Method::GET, "/health/ready", &token).await;
    assert_eq!((status.as_u16(), &body["code"]), (503, &json!("not_ready")), "{body}");
    assert!(
        retry.is_some() && body["detail"].as_str().is_some_and(|text| text.contains("database")),
        "{body}"
    );

    // Whoever waits is served as soon as the connection is free.
    let waiting = tokio::spawn({
        let (router, token) = (router.clone(), token.clone());
        async move { ask(&router, Method::GET, "/api/me", &token).await.0 }
    });
    tokio::time::sleep(WAIT / 4).await;
    drop(held);
    assert_eq!(waiting.await.expect("an answer"), 200);
    db.close().await;
}

#[tokio::test]
async fn a_full_pool_of_sqlite_is_waited_for_and_then_busy() {
    let dir = tempfile::tempdir().expect("a directory");
    a_full_pool(&format!("sqlite:{}", dir.path().join("test.db").display())).await;
}

#[tokio::test]
async fn a_full_pool_of_postgres_is_waited_for_and_then_busy() {
    use sqlx::{Connection, Executor};
    let database = std::env::var("DATABASE_URL").unwrap_or("postgres://postgres@127.0.0.1:5432/test".into());
    let name = format!("bifrost_full_{}", uuid::Uuid::now_v7().simple());
    let mut admin = sqlx::PgConnection::connect(&database).await.expect("PostgreSQL");
    admin.execute(format!("CREATE DATABASE {name}").as_str()).await.expect("create");
    let (base, _) = database.rsplit_once('/').expect("a database name");
    let test = tokio::spawn({
        let url = format!("{base}/{name}");
        async move { a_full_pool(&url).await }
    });
    let result = test.await;
    admin.execute(format!("DROP DATABASE {name} WITH (FORCE)").as_str()).await.expect("drop");
    result.expect("the test");
}

/// A queue that is away.
struct Away;

#[async_trait::async_trait]
impl Queue for Away {
    async fn publish(&self, _: Ticket) -> Result<()> {
        Err(bifrost_core::Error::Busy("queue"))
    }

    async fn next(&self) -> Result<Delivery> {
        std::future::pending().await
    }

    async fn check(&self) -> Result<()> {
        Err(anyhow::anyhow!("connection to broker.internal:5672 refused").into())
    }
}

#[tokio::test]
async fn readiness_names_what_fails_and_nothing_else() {
    let platform = Platform::new().await;
    let worker = async |queue: Arc<dyn Queue>| {
        let services = Services { queue: Some(queue), takes_runs: true, ..platform.state.services() };
        self::ask(&health::router(services), Method::GET, "/health/ready", "").await
    };
    let (status, _, body) = worker(Arc::new(InProcessQueue::new())).await;
    assert_eq!((status.as_u16(), body), (200, json!({ "status": "ok" })));
    let (status, _, body) = worker(Arc::new(Away)).await;
    assert_eq!(status, 503);
    assert_eq!(body["detail"], "no answer from: queue");
    assert!(!body.to_string().contains("broker.internal"), "{body}");
}

#[tokio::test]
async fn an_api_is_ready_without_what_its_work_goes_on_without() {
    let platform = Platform::new().await;
    let mut state = platform.state.clone();
    state.operations.queue = Some(Arc::new(Away));
    let router = bifrost_api::router(state);
    let (status, _, body) = self::ask(&router, Method::GET, "/health/ready", "").await;
    assert_eq!((status.as_u16(), body), (200, json!({ "status": "ok", "degraded": ["queue"] })));
}

#[tokio::test]
async fn metrics_are_for_operators() {
    let platform = Platform::new().await;
    let mut state = platform.state.clone();
    state.operations.metrics_token = Some("a-token-for-prometheus".into());
    let router = bifrost_api::router(state);
    let status = async |token: &str| ask(&router, Method::GET, "/metrics", token).await.0.as_u16();
    assert_eq!(status("a-token-for-prometheus").await, 200);
    assert_eq!(status("a-token-for-prometheu").await, 401);
    assert_eq!(status(&platform.root.token).await, 200);
    assert_eq!(status(&platform.own.admin.token).await, 403);
    // Where no token is set, none fits.
    let call = |key: &str| -> Call<'_> {
        platform.get("/metrics").header("authorization", &format!("Bearer {key}"))
    };
    assert_eq!(call("").send().await.status, 401);
    assert_eq!(call("a-token-for-prometheus").send().await.status, 401);
    let root: &Key = &platform.root;
    let answer = platform.get("/metrics").key(root).send().await;
    assert_eq!(answer.status, 200);
    for line in ["bifrost_build_info{version=", "bifrost_database_connections{state=\"idle\"}"] {
        assert!(answer.text.contains(line), "{}", answer.text);
    }
}

#[tokio::test]
async fn requests_are_counted_by_their_route() {
    bifrost_api::metrics::install();
    let platform = Platform::new().await;
    let secret = uuid::Uuid::now_v7();
    platform.get(format!("/api/executions/{secret}")).key(&platform.root).send().await.expect(404);
    platform.get(format!("/nothing/{secret}")).send().await.expect(404);
    let method = Method::from_bytes(format!("M{}", secret.simple()).as_bytes()).expect("a method");
    platform.call(method, "/api/me").send().await.expect(405);
    let text = platform.get("/metrics").key(&platform.root).send().await.text;
    let counted = |labels: &str| text.contains(&format!("bifrost_http_requests_total{{{labels}}}"));
    assert!(counted(r#"method="GET",route="/api/executions/{id}",status="404""#), "{text}");
    assert!(counted(r#"method="GET",route="none",status="404""#), "{text}");
    assert!(counted(r#"method="other",route="/api/me",status="405""#), "{text}");
    assert!(!text.contains(&secret.to_string()) && !text.contains(&secret.simple().to_string()));
}

#[tokio::test]
async fn workers_are_seen_from_every_process() {
    let platform = Platform::deployed().await;
    let list = async || platform.get("/api/workers").key(&platform.root).send().await.expect(200);
    assert_eq!(list().await, json!({ "workers": [] }));
    // `claim` takes runs as the worker `test`.
    for (id, host, is_draining) in [("test", "b", false), ("leaves", "a", true)] {
        let (id, host, time) = (id.to_owned(), host.to_owned(), bifrost_store::now());
        let row = WorkerRow {
            id,
            host,
            version: "1.2.3".into(),
            slots: 4,
            is_draining,
            started_at: time,
            seen_at: time,
        };
        workers::beat(&platform.state.db, &row).await.expect("beat");
    }
    platform.start(&platform.own.user).await;
    platform.claim().await;
    let found = list().await;
    let found = found["workers"].as_array().expect("a list");
    let ids: Vec<_> = found.iter().map(|worker| &worker["id"]).collect();
    assert_eq!(ids, ["leaves", "test"], "by machine");
    for (worker, host, running, free, is_draining) in
        [(&found[0], "a", 0, 0, true), (&found[1], "b", 1, 3, false)]
    {
        for (field, expected) in [
            ("host", json!(host)),
            ("version", json!("1.2.3")),
            ("slots", json!(4)),
            ("running", json!(running)),
            ("free", json!(free)),
            ("is_draining", json!(is_draining)),
            ("is_silent", json!(false)),
        ] {
            assert_eq!(worker[field], expected, "{field}: {worker}");
        }
        assert!(worker["started_at"].is_string() && worker["seen_at"].is_string(), "{worker}");
    }
}

#[tokio::test]
async fn what_waits_is_counted_by_priority_and_by_organization() {
    let platform = Platform::deployed().await;
    let queue = Arc::new(InProcessQueue::new());
    let mut state = platform.state.clone();
    state.operations.queue = Some(queue.clone());
    let platform = platform.with(state);
    let ask = async || platform.get("/api/queue").key(&platform.root).send().await.expect(200);
    let nothing = ask().await;
    assert_eq!((&nothing["organizations"], &nothing["admitted"]), (&json!([]), &json!(0)));
    let names = |found: &Value| {
        let all = found["priorities"].as_array().expect("a list").iter();
        all.map(|one| (one["priority"].clone(), one["waiting"].clone())).collect::<Vec<_>>()
    };
    let counts = |waiting: i64| {
        let all = [("interactive", 0), ("normal", waiting), ("bulk", 0)];
        all.map(|(name, waiting)| (json!(name), json!(waiting))).to_vec()
    };
    assert_eq!(names(&nothing), counts(0), "all of them, the first one first");

    platform.start(&platform.own.user).await;
    platform.claim().await;
    platform.start(&platform.own.user).await;
    let execution = platform.start(&platform.foreign.user).await;
    queue.publish(Ticket { execution, attempt: 1 }).await.expect("published");
    let found = ask().await;
    assert_eq!(
        (names(&found), &found["admitted"], &found["dead_letters"]),
        (counts(2), &json!(1), &json!(0))
    );
    let [foreign, own] = found["organizations"].as_array().expect("a list").as_slice() else {
        panic!("{found}");
    };
    for (one, id, name, running) in
        [(foreign, platform.foreign.id, "foreign", 0), (own, platform.own.id, "own", 1)]
    {
        for (field, expected) in [
            ("organization_id", json!(id)),
            ("organization_name", json!(name)),
            ("is_active", json!(true)),
            ("concurrent_runs", json!(bifrost_core::Limits::default().concurrent_runs)),
            ("running", json!(running)),
            ("waiting", json!(1)),
            ("resting", json!(0)),
        ] {
            assert_eq!(one[field], expected, "{field}: {one}");
        }
        assert!(one["waiting_since"].is_string(), "{one}");
    }
    // What is away is not needed for the rest.
    let mut state = platform.state.clone();
    state.operations.queue = None;
    let platform = platform.with(state);
    let found = platform.get("/api/queue").key(&platform.root).send().await.expect(200);
    assert_eq!((&found["admitted"], names(&found)), (&Value::Null, counts(2)));
}

#[test]
fn every_metric_is_in_the_documentation() {
    let text = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/operations.md"));
    let text = text.expect("docs/operations.md");
    let documented: BTreeSet<_> = text
        .lines()
        .filter_map(|line| line.strip_prefix("| `bifrost_")?.split_once('`'))
        .map(|(name, rest)| {
            let kind = rest.split('|').nth(1).expect("a kind").trim();
            (format!("bifrost_{name}"), kind.to_owned())
        })
        .collect();
    let kind = |kind| match kind {
        Kind::Counter => "counter",
        Kind::Gauge => "gauge",
        Kind::Histogram => "histogram",
    };
    let known: BTreeSet<_> =
        METRICS.iter().map(|metric| (metric.name.to_owned(), kind(metric.kind).to_owned())).collect();
    assert_eq!(documented, known, "the left side is docs/operations.md, the right side the code");
}
