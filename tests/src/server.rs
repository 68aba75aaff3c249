//! A web server on the loopback that counts what it sees.

use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Json, Response};
use axum::{Router, routing::any};
use bytes::Bytes;
use futures::StreamExt;
use serde_json::{Map, Value, json};
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::time::Duration;
use tokio::sync::Notify;

/// What the server has seen.
#[derive(Default)]
pub struct Stats {
    requests: AtomicU64,
    now: AtomicU64,
    most: AtomicU64,
    injected: AtomicU64,
    turn: Notify,
}

impl Stats {
    /// Requests so far.
    pub fn requests(&self) -> u64 {
        self.requests.load(SeqCst)
    }

    /// Requests under way now.
    pub fn now(&self) -> u64 {
        self.now.load(SeqCst)
    }

    /// The largest number of requests at the same time.
    pub fn most(&self) -> u64 {
        self.most.load(SeqCst)
    }

    /// Requests that carried a header which nobody could set honestly.
    pub fn injected(&self) -> u64 {
        self.injected.load(SeqCst)
    }
}

/// A running server; it ends with the test.
pub struct Server {
    address: SocketAddr,
    /// What it has seen.
    pub stats: Arc<Stats>,
}

impl Server {
    /// Starts one. Paths: `/` a short text, `/echo` the request as JSON, `/slow` after
    /// 100 ms, `/slower` after a second, `/hang` never, `/endless` a body without end, `/status/N`; `/redirect` to
    /// `/echo` with two cookies, `/gzip` compressed, `/chunks` in pieces, `/big` 1 MB;
    /// `/turns` three lines, the second and the third each after a request of `/turn`, `/cut`
    /// a body that breaks off.
    pub async fn start() -> std::io::Result<Self> {
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        let stats = Arc::new(Stats::default());
        let router = Router::new()
            .route("/echo", any(echo))
            .route("/slow", any(slow))
            .route("/slower", any(slower))
            .route("/hang", any(std::future::pending::<()>))
            .route("/endless", any(endless))
            .route("/status/{status}", any(status))
            .route("/redirect", any(redirect))
            .route("/gzip", any(|| async { ([("content-encoding", "gzip")], GZIPPED) }))
            .route("/chunks", any(chunks))
            .route("/turns", any(turns))
            .route("/turn", any(|State(stats): State<Arc<Stats>>| async move { stats.turn.notify_one() }))
            .route("/cut", any(cut))
            .route("/big", any(|| async { vec![b'b'; 1_000_000] }))
            .fallback(|| async { "ok" })
            .layer(axum::middleware::from_fn_with_state(stats.clone(), count))
            .layer(axum::extract::DefaultBodyLimit::disable())
            .with_state(stats.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        Ok(Self { address, stats })
    }

    /// Where it listens.
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// The URL of a path.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }
}

/// Counts down when the request ends, also when the client goes away.
struct Open(Arc<Stats>);

impl Drop for Open {
    fn drop(&mut self) {
        self.0.now.fetch_sub(1, SeqCst);
    }
}

async fn count(State(stats): State<Arc<Stats>>, request: Request, next: axum::middleware::Next) -> Response {
    stats.requests.fetch_add(1, SeqCst);
    let now = stats.now.fetch_add(1, SeqCst) + 1;
    stats.most.fetch_max(now, SeqCst);
    let open = Open(stats.clone());
    if request.headers().contains_key("x-injected") || request.uri().path().contains("second") {
        stats.injected.fetch_add(1, SeqCst);
    }
    let response = next.run(request).await;
    if axum::body::HttpBody::size_hint(response.body()).exact().is_some() {
        return response;
    }
    let (head, body) = response.into_parts();
    // Under way until the whole body is sent, or dropped.
    let body = body.into_data_stream().inspect(move |_| {
        let _ = &open;
    });
    Response::from_parts(head, Body::from_stream(body))
}

async fn echo(request: Request) -> Json<Value> {
    let headers: Map<String, Value> = request
        .headers()
        .iter()
        .map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into()))
        .collect();
    let (method, uri) = (request.method().to_string(), request.uri().to_string());
    let body = axum::body::to_bytes(request.into_body(), usize::MAX).await.unwrap_or_default();
    Json(json!({
        "method": method,
        "uri": uri,
        "headers": headers,
        "body": String::from_utf8_lossy(&body),
    }))
}

async fn slow() -> &'static str {
    tokio::time::sleep(Duration::from_millis(100)).await;
    "slow"
}

async fn slower() -> &'static str {
    tokio::time::sleep(Duration::from_secs(1)).await;
    "slower"
}

async fn endless() -> Response {
    let chunk = Bytes::from(vec![b'e'; 64 << 10]);
    let chunks = futures::stream::repeat_with(move || Ok::<_, Infallible>(chunk.clone()));
    Body::from_stream(chunks).into_response()
}

async fn status(axum::extract::Path(status): axum::extract::Path<u16>) -> Response {
    let status = axum::http::StatusCode::from_u16(status).unwrap_or_default();
    (status, "as asked").into_response()
}

/// `{"packed": true}` as `gzip` writes it.
const GZIPPED: &[u8] = &[
    31, 139, 8, 0, 0, 0, 0, 0, 2, 3, 171, 86, 42, 72, 76, 206, 78, 77, 81, 178, 82, 40, 41, 42, 77, 173, 5,
    0, 185, 208, 187, 115, 16, 0, 0, 0,
];

async fn redirect() -> Response {
    let cookies = [("set-cookie", "a=1"), ("set-cookie", "b=2; Path=/"), ("location", "/echo")];
    (axum::http::StatusCode::FOUND, axum::response::AppendHeaders(cookies)).into_response()
}

async fn turns(State(stats): State<Arc<Stats>>) -> Response {
    let lines = futures::stream::iter(["one\n", "two\n", "three\n"]).then(move |line| {
        let stats = stats.clone();
        async move {
            if line != "one\n" {
                stats.turn.notified().await;
            }
            Ok::<_, Infallible>(Bytes::from(line))
        }
    });
    Body::from_stream(lines).into_response()
}

async fn cut() -> Response {
    let pieces = futures::stream::iter([Ok(Bytes::from("some")), Err(std::io::Error::other("cut"))]);
    // Otherwise the server might cut the connection before the head is out.
    let slow = pieces.then(|piece| async move {
        tokio::time::sleep(Duration::from_millis(50)).await;
        piece
    });
    ([("content-length", "100")], Body::from_stream(slow)).into_response()
}

async fn chunks() -> Response {
    let pieces = ["one ", "two ", "three"].map(|piece| Ok::<_, Infallible>(Bytes::from(piece)));
    Body::from_stream(futures::stream::iter(pieces)).into_response()
}
