//! Webhooks as senders and administrators see them: what is taken in, what is refused, and that
//! forgeries leave nothing but a line in the audit log.

use crate::common::{Answer, Call, Platform};
use axum::body::Body;
use axum::extract::ConnectInfo;
use bifrost_core::*;
use bifrost_store::webhooks;
use hmac::{Hmac, Mac};
use http::Request;
use serde_json::{Value, json};
use sha2::Sha256;
use std::net::SocketAddr;
use tower::ServiceExt;

/// A webhook of the own organization.
struct Hook {
    id: String,
    path: String,
    secret: String,
}

async fn hook(platform: &Platform, change: Value) -> Hook {
    let mut body = json!({ "name": uuid::Uuid::now_v7().to_string(), "kind": "github" });
    body.as_object_mut().expect("an object").extend(change.as_object().expect("an object").clone());
    let made = platform.post("/api/webhooks").key(&platform.own.admin).json(body).send().await.expect(201);
    let text = |field: &str| made[field].as_str().unwrap_or_default().to_owned();
    Hook { id: text("id"), path: text("path"), secret: text("secret") }
}

fn signature(secret: &str, body: &[u8]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("a key");
    mac.update(body);
    mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A push as GitHub sends it.
fn push<'p>(platform: &'p Platform, hook: &Hook, id: &str, body: &str) -> Call<'p> {
    let call = platform.post(&hook.path).raw(body).header("content-type", "application/json");
    call.header("x-github-event", "push")
        .header("x-github-delivery", id)
        .header("x-hub-signature-256", &format!("sha256={}", signature(&hook.secret, body.as_bytes())))
}

async fn deliveries(platform: &Platform, hook: &Hook) -> Vec<Value> {
    let path = format!("/api/webhooks/{}/deliveries", hook.id);
    let answer = platform.get(path).key(&platform.own.admin).send().await.expect(200);
    answer["deliveries"].as_array().expect("a list").clone()
}

#[tokio::test]
async fn a_delivery_is_in_the_inbox_before_its_sender_knows() {
    let platform = Platform::deployed().await;
    let (hook, admin) = (hook(&platform, json!({})).await, &platform.own.admin);
    assert!(hook.secret.starts_with("whs_"));
    let subscribe = json!({
        "workflow_id": "hello",
        "filter": [{ "pointer": "/data/ref", "equals": "refs/heads/main" }],
        "mapping": { "name": "/data/pusher/name", "count": { "value": 1 } },
    });
    let path = format!("/api/webhooks/{}/subscriptions", hook.id);
    platform.post(&path).key(admin).json(subscribe).send().await.expect(201);
    let body = r#"{"ref":"refs/heads/main","pusher":{"name":"Ada"}}"#;
    let taken = push(&platform, &hook, "d-1", body)
        .header("authorization", "Basic c2VjcmV0")
        .send()
        .await
        .expect(202);
    assert_eq!(taken["duplicate"], false);
    let again = push(&platform, &hook, "d-1", body).send().await.expect(202);
    assert_eq!((&again["duplicate"], &again["delivery_id"]), (&json!(true), &taken["delivery_id"]));
    let all = deliveries(&platform, &hook).await;
    assert_eq!((all.len(), &all[0]["state"], &all[0]["event_type"]), (1, &json!("pending"), &json!("push")));

    let id: DeliveryId = taken["delivery_id"].as_str().expect("an id").parse().expect("a uuid");
    let objects = platform.state.objects.as_ref();
    let processed =
        webhooks::process(&platform.state.db, objects, platform.own.id, id).await.expect("processed");
    assert_eq!(processed.runs[0].parameters, json!({ "name": "Ada", "count": 1 }));
    let path = format!("/api/webhook-deliveries/{id}");
    let shown = platform.get(&path).key(admin).send().await.expect(200);
    assert_eq!((&shown["state"], &shown["body"]["pusher"]["name"]), (&json!("done"), &json!("Ada")));
    assert_eq!(shown["outcomes"][0]["execution_id"], json!(processed.runs[0].id));
    let run = format!("/api/executions/{}", processed.runs[0].id);
    let run = platform.get(run).key(admin).send().await.expect(200);
    assert_eq!((&run["delivery_id"], &run["webhook_id"]), (&json!(id), &json!(hook.id)));
    for masked in ["authorization", "x-hub-signature-256"] {
        assert_eq!(shown["headers"][masked], "***");
    }
    assert_eq!(shown["headers"]["x-github-delivery"], "d-1");
    assert!(!shown.to_string().contains(&hook.secret));
    let replayed = platform.post(format!("{path}/replay")).key(admin).send().await.expect(202);
    assert_eq!((&replayed["replay_of"], &replayed["state"]), (&json!(id), &json!("pending")));
    assert_eq!(replayed["replayed_by"], json!(admin.user));
    assert_eq!(deliveries(&platform, &hook).await.len(), 2);
    let path = format!("/api/webhooks/{}/deliveries?state=pending&limit=1", hook.id);
    let page = platform.get(path).key(admin).send().await.expect(200);
    assert_eq!((page["deliveries"].as_array().map(Vec::len), &page["next_cursor"]), (Some(1), &Value::Null));
}

#[tokio::test]
async fn forgeries_leave_nothing_but_a_bounded_trace() {
    let platform = Platform::deployed().await;
    let (hook, other) = (hook(&platform, json!({})).await, self::hook(&platform, json!({})).await);
    let body = r#"{"amount":100}"#;
    let good = signature(&hook.secret, body.as_bytes());
    let send = async |signatures: &[String], body: &str| {
        let mut call = platform.post(&hook.path).raw(body).header("x-github-delivery", "forged");
        for signature in signatures {
            call = call.header("x-hub-signature-256", signature);
        }
        call.send().await
    };
    let forgeries: [(&str, Vec<String>, &str); 8] = [
        ("wrong secret", vec![format!("sha256={}", signature("whs_guess", body.as_bytes()))], body),
        ("of another source", vec![format!("sha256={}", signature(&other.secret, body.as_bytes()))], body),
        ("truncated", vec![format!("sha256={}", &good[..32])], body),
        ("another algorithm", vec![format!("sha1={good}")], body),
        ("altered", vec![format!("sha256={good}")], r#"{"amount":101}"#),
        ("twice", vec![format!("sha256={good}"), format!("sha256={good}")], body),
        ("none", vec![], body),
        ("empty secret", vec![format!("sha256={}", signature("", body.as_bytes()))], body),
    ];
    for (name, signatures, body) in &forgeries {
        let refused = send(signatures, body).await.expect(403);
        assert_eq!(refused["code"], "signature_refused", "{name}");
        assert!(!refused["detail"].as_str().expect("text").contains("secret"), "senders learn no more");
    }
    assert!(deliveries(&platform, &hook).await.is_empty(), "none of them is in the inbox");
    // The control, which a forged delivery of the same id did not keep out.
    assert_eq!(send(&[format!("sha256={good}")], body).await.expect(202)["duplicate"], false);
    for _ in 0..40 {
        send(&[], body).await.expect(403);
    }
    let told: Vec<_> = platform.audited().await;
    let told: Vec<_> = told.iter().filter(|entry| entry["action"] == "webhook.refused").collect();
    assert!((1..=6).contains(&told.len()), "{} entries", told.len());
    assert_eq!(
        (&told[0]["outcome"], &told[0]["details"]["reason"]),
        (&json!("denied"), &json!("signature_wrong"))
    );
    assert_eq!(told[0]["target"], json!(format!("webhook:{}", hook.id)));
    // Whoever floods is slowed down.
    let mut statuses = std::collections::BTreeSet::new();
    for _ in 0..200 {
        statuses.insert(send(&[], body).await.status.as_u16());
    }
    assert_eq!(statuses, [403, 429].into());
    assert_eq!(push(&platform, &hook, "still", body).send().await.expect(202)["duplicate"], false);
}

#[tokio::test]
async fn a_signed_time_has_to_be_of_now() {
    let platform = Platform::deployed().await;
    let hook = hook(&platform, json!({ "kind": "timestamped", "secret": "whsec_0123456789" })).await;
    assert_eq!(hook.secret, "", "a secret that was given is not shown");
    let body = r#"{"id":"evt_1","type":"charge.succeeded"}"#;
    let send = async |time: i64| {
        let signed = signature("whsec_0123456789", format!("{time}.{body}").as_bytes());
        let call =
            platform.post(&hook.path).raw(body).header("stripe-signature", &format!("t={time},v1={signed}"));
        call.send().await
    };
    let now = bifrost_store::now().timestamp();
    for stale in [now - 310, now + 310] {
        send(stale).await.expect(403);
    }
    assert_eq!(send(now - 290).await.expect(202)["duplicate"], false);
    // Signed anew, and still the same event.
    assert_eq!(send(now).await.expect(202)["duplicate"], true);
    let all = deliveries(&platform, &hook).await;
    assert_eq!((all.len(), &all[0]["event_type"]), (1, &json!("charge.succeeded")));
}

#[tokio::test]
async fn pings_and_questions_are_answered() {
    let platform = Platform::deployed().await;
    let github = hook(&platform, json!({})).await;
    let ping = |hook: &Hook| {
        let call = platform
            .post(&hook.path)
            .raw("{}")
            .header("x-github-event", "ping")
            .header("x-github-delivery", "p");
        call.header("x-hub-signature-256", &format!("sha256={}", signature(&hook.secret, b"{}")))
    };
    ping(&github).send().await.expect(200);
    assert_eq!(deliveries(&platform, &github).await[0]["state"], "ignored");
    ping(&Hook { secret: "whs_wrong".into(), ..hook(&platform, json!({})).await }).send().await.expect(403);

    let graph = hook(&platform, json!({ "kind": "microsoft_graph", "secret": "client-state-1" })).await;
    let token = "Validation: Testing <script>alert(1)</script> %";
    let asked = |path: &str, token: &str| {
        let query: String = url::form_urlencoded::Serializer::new(String::new())
            .append_pair("validationToken", token)
            .finish();
        platform.post(format!("{path}?{query}"))
    };
    let answer = asked(&graph.path, token).send().await;
    assert_eq!((answer.status.as_u16(), answer.text.as_str()), (200, token));
    assert_eq!(answer.headers["content-type"], "text/plain; charset=utf-8");
    assert_eq!(answer.headers["x-content-type-options"], "nosniff");
    assert!(answer.headers["content-security-policy"].to_str().expect("text").starts_with("sandbox"));
    asked(&graph.path, &"x".repeat(2_049)).send().await.expect(422);
    asked(&graph.path, "").send().await.expect(422);
    // Nobody else repeats what it is sent.
    let other = asked(&github.path, token).send().await;
    assert!(!other.text.contains("alert"));
    other.expect(403);
    let notify = async |state: &str| {
        let body =
            json!({ "value": [{ "clientState": state, "changeType": "updated", "resource": "users/1" }] });
        platform.post(&graph.path).json(body).send().await
    };
    notify("client-state-2").await.expect(403);
    assert_eq!(notify("client-state-1").await.expect(202)["duplicate"], false);
    assert_eq!(
        notify("client-state-1").await.expect(202)["duplicate"],
        true,
        "the same body within ten minutes"
    );
    let id = deliveries(&platform, &graph).await[0]["id"].as_str().expect("an id").to_owned();
    let shown = platform.get(format!("/api/webhook-deliveries/{id}")).key(&platform.own.admin).send().await;
    assert!(shown.text.contains("users/1") && !shown.text.contains("client-state-1"), "{}", shown.text);
}

#[tokio::test]
async fn two_secrets_are_good_while_senders_change() {
    let platform = Platform::deployed().await;
    let (first, admin) = (hook(&platform, json!({})).await, &platform.own.admin);
    let path = format!("/api/webhooks/{}", first.id);
    let added = platform.post(format!("{path}/secrets")).key(admin).json(json!({})).send().await.expect(201);
    let second = Hook {
        secret: added["secret"].as_str().expect("made").into(),
        id: first.id.clone(),
        path: first.path.clone(),
    };
    for (n, hook) in [&first, &second].into_iter().enumerate() {
        push(&platform, hook, &n.to_string(), "{}").send().await.expect(202);
    }
    let third = platform.post(format!("{path}/secrets")).key(admin).json(json!({})).send().await;
    assert_eq!(third.expect(409)["code"], "too_many_secrets");
    let shown = platform.get(&path).key(admin).send().await;
    assert!(!shown.text.contains("whs_"), "a secret is shown once");
    let ids = shown.expect(200)["secrets"].as_array().expect("two").clone();
    let oldest = ids[0]["id"].as_str().expect("an id");
    let delete =
        |id: &str| platform.call(http::Method::DELETE, format!("/api/webhook-secrets/{id}")).key(admin);
    delete(oldest).send().await.expect(204);
    push(&platform, &first, "3", "{}").send().await.expect(403);
    push(&platform, &second, "3", "{}").send().await.expect(202);
    assert_eq!(delete(ids[1]["id"].as_str().expect("an id")).send().await.expect(409)["code"], "last_secret");
}

#[tokio::test]
async fn what_a_webhook_may_be_is_checked() {
    let platform = Platform::deployed().await;
    let make =
        async |body: Value| platform.post("/api/webhooks").key(&platform.own.admin).json(body).send().await;
    for (body, field) in [
        (json!({ "name": "a", "kind": "unsigned" }), "confirm_unsigned"),
        (json!({ "name": "a", "kind": "generic", "secret": "" }), "secret"),
        (json!({ "name": "a", "kind": "generic", "secret": "short" }), "secret"),
        (json!({ "name": "", "kind": "generic" }), "name"),
        (json!({ "name": "a", "kind": "topic" }), "topic"),
        (json!({ "name": "a", "kind": "topic", "topic": "Orders" }), "topic"),
        (json!({ "name": "a", "kind": "generic", "topic": "a.b" }), "topic"),
        (json!({ "name": "a", "kind": "generic", "allowed_networks": ["example.com"] }), "allowed_networks"),
        (json!({ "name": "a", "kind": "generic", "signature_header": "a b" }), "signature_header"),
        (json!({ "name": "a", "kind": "generic", "body_bytes": 3 << 20 }), "body_bytes"),
        (json!({ "name": "a", "kind": "generic", "rate_per_minute": 0 }), "rate_per_minute"),
        (json!({ "name": "a", "kind": "generic", "retention_days": 366 }), "retention_days"),
    ] {
        assert_eq!(make(body.clone()).await.expect(422)["field"], field, "{body}");
    }
    make(json!({ "name": "a", "kind": "unsigned", "confirm_unsigned": true })).await.expect(201);
    assert_eq!(make(json!({ "name": "a", "kind": "generic" })).await.expect(409)["code"], "already_exists");
}

/// A request that comes from an address.
async fn from(platform: &Platform, path: &str, address: &str, body: &[u8]) -> Answer {
    let peer: SocketAddr = format!("{address}:1000").parse().expect("an address");
    let request =
        Request::post(path).extension(ConnectInfo(peer)).body(Body::from(body.to_vec())).expect("a request");
    let response = platform.router.clone().oneshot(request).await.expect("infallible");
    let (parts, body) = response.into_parts();
    let bytes = axum::body::to_bytes(body, usize::MAX).await.expect("a body");
    let text = String::from_utf8_lossy(&bytes).into_owned();
    Answer {
        status: parts.status,
        headers: parts.headers,
        body: serde_json::from_str(&text).unwrap_or_default(),
        text,
    }
}

#[tokio::test]
async fn addresses_sizes_and_rates_are_bounded() {
    let platform = Platform::deployed().await;
    let open = |change: Value| {
        let mut body = json!({ "kind": "unsigned", "confirm_unsigned": true });
        body.as_object_mut().expect("an object").extend(change.as_object().expect("an object").clone());
        body
    };
    let near = hook(&platform, open(json!({ "allowed_networks": ["192.0.2.0/24", "2001:db8::7"] }))).await;
    for address in ["192.0.2.9", "[2001:db8::7]", "[::ffff:192.0.2.1]"] {
        from(&platform, &near.path, address, address.as_bytes()).await.expect(202);
    }
    for address in ["192.0.3.9", "[2001:db8::8]"] {
        assert_eq!(from(&platform, &near.path, address, b"x").await.expect(403)["code"], "address_refused");
    }
    // Where the sender is not known, nobody is near. What it says itself is not believed.
    platform.post(&near.path).header("x-forwarded-for", "192.0.2.9").send().await.expect(403);

    let small = hook(&platform, open(json!({ "body_bytes": 10 }))).await;
    platform.post(&small.path).raw(vec![b'x'; 10]).send().await.expect(202);
    assert_eq!(
        platform.post(&small.path).raw(vec![b'x'; 11]).send().await.expect(413)["code"],
        "body_too_large"
    );

    let slow = hook(&platform, json!({ "rate_per_minute": 2 })).await;
    for _ in 0..10 {
        // Forgeries use up nothing.
        platform.post(&slow.path).raw("x").send().await.expect(403);
    }
    for id in ["1", "2"] {
        push(&platform, &slow, id, "{}").send().await.expect(202);
    }
    let limited = push(&platform, &slow, "3", "{}").send().await;
    assert!(limited.headers.contains_key("retry-after"));
    limited.expect(429);
    assert_eq!(deliveries(&platform, &slow).await.len(), 2);
}

#[tokio::test]
async fn what_is_not_there_takes_nothing() {
    let platform = Platform::deployed().await;
    let admin = &platform.own.admin;
    let made = hook(&platform, json!({})).await;
    for path in
        ["/api/hooks/x", &format!("/api/hooks/{}", uuid::Uuid::new_v4()), &format!("/api/hooks/{}", made.id)]
    {
        platform.post(path).raw("{}").send().await.expect(404);
    }
    let topic = hook(&platform, json!({ "kind": "topic", "topic": "orders.created" })).await;
    assert_eq!((topic.path.as_str(), topic.secret.as_str()), ("", ""), "a topic has no address");
    let change =
        |body| platform.call(http::Method::PATCH, format!("/api/webhooks/{}", made.id)).key(admin).json(body);
    push(&platform, &made, "1", "{}").send().await.expect(202);
    change(json!({ "enabled": false })).send().await.expect(200);
    push(&platform, &made, "2", "{}").send().await.expect(404);
    change(json!({ "enabled": true })).send().await.expect(200);
    push(&platform, &made, "2", "{}").send().await.expect(202);
    let suspend = |is_active: bool| {
        let path = format!("/api/organizations/{}", platform.own.id);
        platform.call(http::Method::PATCH, path).key(&platform.root).json(json!({ "is_active": is_active }))
    };
    suspend(false).send().await.expect(200);
    push(&platform, &made, "3", "{}").send().await.expect(404);
    suspend(true).send().await.expect(200);
    push(&platform, &made, "3", "{}").send().await.expect(202);
    platform
        .call(http::Method::DELETE, format!("/api/webhooks/{}", made.id))
        .key(admin)
        .send()
        .await
        .expect(204);
    push(&platform, &made, "4", "{}").send().await.expect(404);
}
