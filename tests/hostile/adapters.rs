//! Webhook adapters of an author who wants everything, and senders who are not who they say: each
//! request has a sandbox of its own, small limits, and an answer that says nothing.

use anyhow::Result;
use bifrost_tests::Platform;
use reqwest::{Method, Response, StatusCode};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

const TEMPORARY: &str = env!("CARGO_TARGET_TMPDIR");
const SECRET: &str = "the-secret-of-this-source";
/// What a request may take, on a machine that others use: its limit of 5 s, and loading.
const LONGEST: Duration = Duration::from_secs(20);

/// What an adapter tries, and how the request is said to have failed.
const FAILING: [(&str, &[&str]); 17] = [
    ("loop", &["limit_exceeded:fuel", "limit_exceeded:wall_ms"]),
    ("wait", &["limit_exceeded:wall_ms"]),
    ("memory", &["MemoryError", "limit_exceeded:memory_bytes"]),
    ("recursion", &["RecursionError", "limit_exceeded:stack"]),
    ("exit", &["SystemExit"]),
    ("raise", &["RuntimeError: the secret is [redacted]"]),
    ("nothing", &["TypeError: handle_request answers"]),
    ("pretend", &["TypeError: handle_request answers"]),
    ("events", &["answer.events: "]),
    ("large", &["answer.events[0].data: "]),
    ("larger", &["limit_exceeded:result_bytes"]),
    ("state", &["answer.state: "]),
    ("redirect", &["answer.status: "]),
    ("location", &["answer.headers.location: "]),
    ("cookie", &["answer.headers.set-cookie: "]),
    ("split", &["answer.headers.x-hook-secret: "]),
    ("html", &["answer.headers.content-type: "]),
];

struct Hook {
    url: String,
    id: String,
    http: reqwest::Client,
}

impl Hook {
    async fn new(platform: &Platform, name: &str) -> Self {
        let new = json!({ "name": name, "kind": "adapter", "adapter": "Hostile", "rate_per_minute": 6_000,
            "config": { "secret": SECRET } });
        let made = platform.expect(201, Method::POST, "/api/webhooks", new).await;
        let text = |field: &str| made[field].as_str().expect("text").to_owned();
        let http = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build();
        Self {
            url: format!("{}{}", platform.url(), text("path")),
            id: text("id"),
            http: http.expect("a client"),
        }
    }

    async fn send(&self, what: &str) -> Result<Response> {
        Ok(self.http.post(&self.url).body(what.to_owned()).send().await?)
    }

    async fn is_honest(&self) -> Result<()> {
        let answer = self.send("honest").await?;
        let (status, text) = (answer.status(), answer.text().await?);
        assert_eq!(status, StatusCode::ACCEPTED, "{text}");
        Ok(())
    }
}

#[tokio::test]
async fn an_adapter_takes_no_more_than_its_request_may() -> Result<()> {
    let platform = Platform::start(TEMPORARY, "adapters").await?;
    let hook = Hook::new(&platform, "hostile").await;
    hook.is_honest().await?;
    for (what, expected) in FAILING {
        let begun = Instant::now();
        let answer = hook.send(what).await?;
        assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE, "{what}");
        assert!(answer.headers().contains_key("retry-after"), "{what}");
        for name in ["location", "set-cookie", "x-hook-secret"] {
            assert!(!answer.headers().contains_key(name), "{what} has {name}");
        }
        let answer: Value = answer.json().await?;
        assert_eq!(answer["code"], "adapter_failed", "{what}");
        assert!(!answer.to_string().contains("Error") && !answer.to_string().contains(SECRET), "{answer}");
        let one = platform.get(&format!("/api/webhooks/{}", hook.id)).await["adapter"].clone();
        let seen = one["last_request_error"].as_str().unwrap_or_default();
        assert!(expected.iter().any(|text| seen.contains(text)), "{what}: {seen}");
        assert!(begun.elapsed() < LONGEST, "{what} took {:?}", begun.elapsed());
        // The control: the next request is one like any other.
        hook.is_honest().await?;
    }
    let listed = platform.get(&format!("/api/webhooks/{}/deliveries", hook.id)).await;
    assert_eq!(listed["deliveries"].as_array().map(Vec::len), Some(1), "what failed has delivered nothing");
    Ok(())
}

#[tokio::test]
async fn an_adapter_tells_its_sender_nothing() -> Result<()> {
    let platform = Platform::start(TEMPORARY, "adapters").await?;
    let secret = json!({ "value": "the-secret-of-the-organization", "is_secret": true });
    platform.expect(200, Method::PUT, "/api/config/own_secret", secret).await;
    let hook = Hook::new(&platform, "hostile").await;
    let answer = hook.send("page").await?;
    let header = |name: &str| answer.headers()[name].to_str().unwrap_or_default().to_owned();
    assert_eq!(
        (answer.status(), header("content-type").as_str()),
        (StatusCode::OK, "text/plain; charset=utf-8")
    );
    assert_eq!(header("x-content-type-options"), "nosniff");
    assert!(header("content-security-policy").starts_with("sandbox;"));
    // Secrets that it was given, and that it has read, are masked.
    let text = hook.send("echo").await?.text().await?;
    assert_eq!(text, "[redacted] and [redacted]");
    // What one request leaves behind is not there for the next.
    assert_eq!(hook.send("left").await?.status(), StatusCode::ACCEPTED);
    hook.is_honest().await?;
    // Requests out are few, and not to this machine.
    let answer = hook.send("flood").await?;
    assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
    let one = platform.get(&format!("/api/webhooks/{}", hook.id)).await["adapter"].clone();
    let seen = one["last_request_error"].as_str().unwrap_or_default();
    assert!(seen.contains("limit_exceeded:http_calls") || seen.contains("denied"), "{seen}");
    Ok(())
}

#[tokio::test]
async fn a_flood_of_requests_leaves_room_for_others() -> Result<()> {
    let platform = Platform::start(TEMPORARY, "adapters").await?;
    let (flooded, quiet) = (Hook::new(&platform, "flooded").await, Hook::new(&platform, "quiet").await);
    quiet.is_honest().await?;
    let flood = futures::future::join_all((0..40).map(|_| flooded.send("wait")));
    let meanwhile = async {
        tokio::time::sleep(Duration::from_millis(500)).await;
        let begun = Instant::now();
        quiet.is_honest().await?;
        anyhow::Ok(begun.elapsed())
    };
    let (flood, meanwhile) = tokio::join!(flood, meanwhile);
    let mut statuses = vec![];
    for answer in flood {
        statuses.push(answer?.status());
    }
    assert!(statuses.iter().all(|status| *status == StatusCode::SERVICE_UNAVAILABLE), "{statuses:?}");
    assert!(meanwhile? < Duration::from_secs(5), "another source waits for them");
    flooded.is_honest().await?;
    // A source that has its rate used up is slow, and no other.
    let slow = json!({ "rate_per_minute": 5 });
    platform.expect(200, Method::PATCH, &format!("/api/webhooks/{}", flooded.id), slow).await;
    let mut statuses = vec![];
    for _ in 0..10 {
        statuses.push(flooded.send("honest").await?.status().as_u16());
    }
    assert_eq!(statuses, [[202; 5], [429; 5]].concat());
    quiet.is_honest().await
}
