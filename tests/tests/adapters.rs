//! Webhook adapters on a real platform: an author's code subscribes at another system, says what
//! its requests are before they are answered, and takes its subscription back.

use anyhow::{Context, Result, ensure};
use axum::extract::{Request, State};
use axum::{Json, Router, routing::any};
use bifrost_tests::Platform;
use hmac::{Hmac, Mac};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use sha2::Sha256;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

const TEMPORARY: &str = env!("CARGO_TARGET_TMPDIR");
const PATIENCE: Duration = Duration::from_secs(120);
const API_KEY: &str = "acme-api-key-canary";

/// The other system: what it was told, in order.
#[derive(Clone, Default)]
struct Acme {
    told: Arc<Mutex<Vec<Value>>>,
    /// Requests that it refuses before it takes one.
    refuses: Arc<Mutex<usize>>,
}

impl Acme {
    async fn start(&self) -> Result<String> {
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        let router = Router::new().route("/echo", any(echo)).with_state(self.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        Ok(format!("http://{address}"))
    }

    fn told(&self) -> Vec<Value> {
        self.told.lock().expect("a lock").clone()
    }

    async fn until_told(&self, count: usize) -> Result<Vec<Value>> {
        let deadline = Instant::now() + PATIENCE;
        while self.told().len() < count {
            ensure!(Instant::now() < deadline, "told {} of {count} times", self.told().len());
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        Ok(self.told())
    }
}

async fn echo(State(acme): State<Acme>, request: Request) -> (StatusCode, Json<Value>) {
    let (method, uri) = (request.method().to_string(), request.uri().to_string());
    let key = request.headers().get("x-api-key").and_then(|key| key.to_str().ok()).map(str::to_owned);
    let body = axum::body::to_bytes(request.into_body(), 1 << 20).await.unwrap_or_default();
    let told = json!({
        "method": method, "uri": uri, "key": key,
        "body": serde_json::from_slice::<Value>(&body).unwrap_or_default(),
    });
    let mut refuses = acme.refuses.lock().expect("a lock");
    if *refuses > 0 {
        *refuses -= 1;
        return (StatusCode::SERVICE_UNAVAILABLE, Json(told));
    }
    acme.told.lock().expect("a lock").push(told.clone());
    (StatusCode::OK, Json(told))
}

fn text(value: &Value, field: &str) -> String {
    value[field].as_str().unwrap_or_else(|| panic!("{field} of {value}")).to_owned()
}

async fn send(url: &str, secret: &str, body: &str) -> Result<(StatusCode, Value)> {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes())?;
    mac.update(body.as_bytes());
    let signature: String = mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    let request = reqwest::Client::new().post(url).header("x-acme-signature", format!("sha256={signature}"));
    let answer = request.body(body.to_owned()).send().await?;
    Ok((answer.status(), answer.json().await?))
}

/// The adapter of a webhook, once it is as it has to be.
async fn until(platform: &Platform, id: &str, good: impl Fn(&Value) -> bool) -> Result<Value> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let adapter = platform.get(&format!("/api/webhooks/{id}")).await["adapter"].clone();
        if good(&adapter) {
            return Ok(adapter);
        }
        ensure!(Instant::now() < deadline, "{adapter}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn a_source_from_its_subscription_to_its_end() -> Result<()> {
    let acme = Acme::default();
    let address = acme.start().await?;
    let platform = Platform::configure(TEMPORARY, "adapters", |command| {
        command.env("BIFROST_EGRESS_PRIVATE", "true");
    })
    .await?;
    let listed = platform.get("/api/webhook-adapters").await;
    let names: Vec<_> =
        listed["adapters"].as_array().context("a list")?.iter().map(|one| text(one, "name")).collect();
    assert_eq!(names, ["Acme", "Hostile"]);
    assert_eq!(listed["adapters"][0]["description"], "Orders of Acme, which are signed.");

    // The other system is away at first.
    *acme.refuses.lock().expect("a lock") = 1;
    let new = json!({ "name": "orders", "kind": "adapter", "adapter": "Acme",
        "config": { "address": address, "api_key": API_KEY } });
    let made = platform.expect(201, Method::POST, "/api/webhooks", new).await;
    let (id, path) = (text(&made, "id"), text(&made, "path"));
    let adapter = until(&platform, &id, |one| one["status"] == "active").await?;
    assert_eq!((&adapter["last_error"], &adapter["secret_keys"]), (&Value::Null, &json!(["api_key"])));
    assert!(adapter["expires_at"].is_string() && adapter["next_at"].is_string(), "{adapter}");
    let told = acme.until_told(1).await?;
    assert_eq!(
        (told.len(), text(&told[0], "method"), text(&told[0], "key")),
        (1, "POST".into(), API_KEY.into())
    );
    let url = text(&told[0]["body"], "url");
    assert!(url.ends_with(&path) && url.starts_with("http"), "{url}");
    let secret = text(&told[0]["body"], "secret");

    let subscription = json!({ "workflow_id": "note", "mapping": { "n": "/data/n" },
        "filter": [{ "pointer": "/type", "equals": "order" }] });
    platform.expect(201, Method::POST, &format!("/api/webhooks/{id}/subscriptions"), subscription).await;
    // Somebody else, then the other system, twice.
    let url = format!("{}{path}", platform.url());
    let (status, refused) = send(&url, "a guess", r#"[{"n": 1}]"#).await?;
    assert_eq!((status, &refused["code"]), (StatusCode::FORBIDDEN, &json!("request_refused")));
    for expected in [json!({ "accepted": 2, "duplicates": 0 }), json!({ "accepted": 0, "duplicates": 2 })] {
        let (status, answer) = send(&url, &secret, r#"[{"n": 1}, {"n": 2}]"#).await?;
        assert_eq!((status, answer), (StatusCode::ACCEPTED, expected));
    }
    let asked = reqwest::get(format!("{url}?challenge=%3Cb%3E")).await?;
    assert_eq!(asked.headers()["content-type"], "text/plain; charset=utf-8");
    assert_eq!(asked.text().await?, "<b>");
    let deadline = Instant::now() + PATIENCE;
    let runs = loop {
        let listed = platform.get("/api/executions?limit=100").await;
        let all = listed["executions"].as_array().context("a list")?.clone();
        if all.len() >= 2 && all.iter().all(|run| run["status"] == "Success") {
            break all;
        }
        ensure!(Instant::now() < deadline, "{listed}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    };
    assert_eq!(runs.len(), 2, "each event once, although it was sent twice");
    let run = platform.get(&format!("/api/executions/{}", text(&runs[0], "execution_id"))).await;
    let n = run["result"]["n"].as_i64().context("a number")?;
    assert_eq!(run["result"], json!({ "n": n, "event": n, "type": "order", "by": "webhook" }));

    // Another address of the other system: it is told again, and the new secret counts.
    let change = json!({ "config": { "address": format!("{address}") } });
    platform.expect(200, Method::PATCH, &format!("/api/webhooks/{id}"), change).await;
    let told = acme.until_told(2).await?;
    assert_eq!(text(&told[1], "method"), "PUT");
    until(&platform, &id, |one| one["status"] == "active").await?;
    let newer = text(&told[1]["body"], "secret");
    assert_eq!(send(&url, &secret, "[]").await?.0, StatusCode::FORBIDDEN);
    assert_eq!(send(&url, &newer, "[]").await?.0, StatusCode::ACCEPTED);

    // Nothing of what is secret is where it can be read.
    for place in [
        format!("/api/webhooks/{id}"),
        "/api/webhooks".into(),
        "/api/audit?limit=1000".into(),
        format!("/api/webhooks/{id}/deliveries"),
    ] {
        let (_, shown) = platform.text(&place).await;
        for canary in [API_KEY, &secret, &newer] {
            assert!(!shown.contains(canary), "{place} shows {canary}");
        }
    }
    let request = reqwest::Client::new().delete(format!("{}/api/webhooks/{id}", platform.url()));
    assert_eq!(request.bearer_auth(platform.key()).send().await?.status(), StatusCode::ACCEPTED);
    let told = acme.until_told(3).await?;
    assert_eq!(text(&told[2], "method"), "DELETE");
    assert!(text(&told[2], "uri").ends_with(&newer), "it is told which");
    let deadline = Instant::now() + PATIENCE;
    while platform.call(Method::GET, &format!("/api/webhooks/{id}"), &Value::Null).await.0
        != StatusCode::NOT_FOUND
    {
        ensure!(Instant::now() < deadline, "it is still there");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    Ok(())
}
