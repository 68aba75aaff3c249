//! Webhooks with an adapter as senders and administrators see them. What authors' code does is
//! played; how it is called in a sandbox is tested where there is one.

use crate::common::{Call, PUBLIC_URL, Platform, files};
use bifrost_api::ApiState;
use bifrost_core::{Role, Scope};
use bifrost_signin::throttle::Rates;
use bifrost_signin::{Settings, SignIn};
use bifrost_store::webhooks::adapters::{self, Settled};
use http::Method;
use serde_json::{Value, json};
use std::sync::{Arc, Barrier};

struct Hook {
    id: String,
    path: String,
}

async fn hook(platform: &Platform, change: Value) -> Hook {
    let name = uuid::Uuid::now_v7().to_string();
    let mut body = json!({ "name": name, "kind": "adapter", "adapter": "Plain", "config": { "secret": "s3cret-canary" } });
    body.as_object_mut().expect("an object").extend(change.as_object().expect("an object").clone());
    let made = platform.post("/api/webhooks").key(&platform.own.admin).json(body).send().await.expect(201);
    assert!(made["secret"].is_null() && !made.to_string().contains("canary"), "{made}");
    let text = |field: &str| made[field].as_str().unwrap_or_default().to_owned();
    Hook { id: text("id"), path: text("path") }
}

fn send<'p>(platform: &'p Platform, hook: &Hook, body: &str) -> Call<'p> {
    platform.post(&hook.path).raw(body)
}

async fn shown(platform: &Platform, hook: &Hook) -> Value {
    let answer = platform.get(format!("/api/webhooks/{}", hook.id)).key(&platform.own.admin).send().await;
    answer.expect(200)["adapter"].clone()
}

async fn deliveries(platform: &Platform, hook: &Hook) -> Vec<Value> {
    let path = format!("/api/webhooks/{}/deliveries", hook.id);
    let answer = platform.get(path).key(&platform.own.admin).send().await.expect(200);
    answer["deliveries"].as_array().expect("a list").clone()
}

fn answers(
    platform: &Platform,
    with: impl Fn(&Value) -> Result<Value, (&'static str, &'static str)> + Send + Sync + 'static,
) {
    *platform.worker.answers.lock().expect("not poisoned") = Some(Arc::new(with));
}

fn deliver(events: Value, state: Value) -> Value {
    json!({ "answer": "deliver", "events": events, "state": state })
}

#[tokio::test]
async fn adapters_are_listed_and_chosen() {
    let platform = Platform::deployed().await;
    let admin = &platform.own.admin;
    let listed = platform.get("/api/webhook-adapters").key(admin).send().await.expect(200);
    let all = listed["adapters"].as_array().expect("a list");
    assert_eq!(all.len(), 4, "two own and two of the provider's");
    assert_eq!(all[0]["config_schema"][0], json!({ "key": "secret", "type": "secret", "required": false }));
    assert_eq!((&all[0]["name"], &all[0]["organization_id"]), (&json!("Acme"), &json!(platform.own.id)));
    assert_eq!(all[1]["organization_id"], Value::Null);
    let made = hook(&platform, json!({ "adapter": all[1]["id"] })).await;
    let one = shown(&platform, &made).await;
    assert_eq!(
        (&one["id"], &one["status"], &one["subscribes"]),
        (&all[1]["id"], &json!("pending"), &json!(true))
    );
    assert_eq!((&one["secret_keys"], &one["config"]), (&json!(["secret"]), &json!({})));
    let path = format!("/api/webhooks/{}", made.id);
    let changed = json!({ "config": { "place": "x", "secret": null }, "rate_per_minute": 10 });
    let answer = platform.call(Method::PATCH, &path).key(admin).json(changed).send().await.expect(200);
    assert_eq!(
        (&answer["adapter"]["config"], &answer["adapter"]["secret_keys"]),
        (&json!({ "place": "x" }), &json!([]))
    );
    let list = platform.get("/api/webhooks").key(admin).send().await.expect(200);
    assert_eq!(list["webhooks"][0]["adapter"]["name"], "Acme");
    for (body, field) in [
        (json!({ "adapter": "Plain", "config": { "other": 1 } }), "config.other"),
        (json!({ "adapter": "Plain", "config": { "place": 1 } }), "config.place"),
        (json!({ "adapter": "Plain", "secret": "a secret" }), "secret"),
        (json!({ "adapter": "Plain", "rate_per_minute": 6_001 }), "rate_per_minute"),
        (json!({}), "adapter"),
        (json!({ "kind": "generic", "adapter": "Plain" }), "adapter"),
        (json!({ "kind": "generic", "config": { "a": 1 } }), "config"),
    ] {
        let mut new = json!({ "name": "bad", "kind": "adapter" });
        new.as_object_mut().expect("an object").extend(body.as_object().expect("an object").clone());
        let refused = platform.post("/api/webhooks").key(admin).json(new).send().await.expect(422);
        assert_eq!(refused["field"], field, "{body}");
    }
    let nobody = json!({ "name": "bad", "kind": "adapter", "adapter": "Nobody" });
    platform.post("/api/webhooks").key(admin).json(nobody).send().await.expect(404);
    // A workspace that would lose one in use is not deployed.
    let own = hook(&platform, json!({})).await;
    let without = json!({ "files": files(&[("flows.py", "async def hello(name):\n")]) });
    let refused = platform.post("/api/workspace/deploy").key(admin).json(without).send().await.expect(409);
    assert_eq!(refused["code"], "adapter_in_use");
    assert!(refused["detail"].as_str().expect("text").contains(&own.id));
}

#[tokio::test]
async fn what_an_adapter_delivers_is_in_the_inbox_before_its_sender_knows() {
    let platform = Platform::deployed().await;
    let hook = hook(&platform, json!({})).await;
    answers(&platform, |given| {
        let request = &given["arguments"]["request"];
        assert_eq!((&given["method"], &request["method"]), (&json!("handle_request"), &json!("POST")));
        assert_eq!((&request["headers"]["x-proof"], &request["query"]["a"]), (&json!("p"), &json!("1")));
        assert_eq!(
            (&request["body"], &given["arguments"]["config"]),
            (&json!("/wA="), &json!({ "secret": "s3cret-canary" }))
        );
        Ok(deliver(
            json!([
                { "id": "1", "type": "made", "data": { "n": 1 } },
                { "id": "2", "type": "made", "data": { "n": 2 } },
                { "data": { "n": 3 } },
            ]),
            Value::Null,
        ))
    });
    let call = || platform.post(format!("{}?a=1&b=2", hook.path)).raw([0xff, 0]).header("X-Proof", "p");
    assert_eq!(call().send().await.expect(202), json!({ "accepted": 3, "duplicates": 0 }));
    assert_eq!(call().send().await.expect(202), json!({ "accepted": 0, "duplicates": 3 }));
    let all = deliveries(&platform, &hook).await;
    assert_eq!((all.len(), &all[2]["event_type"], &all[2]["state"]), (3, &json!("made"), &json!("pending")));
    let path = format!("/api/webhook-deliveries/{}", all[2]["id"].as_str().expect("an id"));
    let one = platform.get(path).key(&platform.own.admin).send().await.expect(200);
    assert_eq!((&one["body"], &one["headers"]), (&json!({ "n": 1 }), &json!({})), "no header is kept");
    // In the name of the source, with no permission, and with limits of its own.
    let called = platform.worker.called.lock().expect("not poisoned").remove(0);
    assert_eq!((called.caller.email.as_str(), called.caller.role), ("webhook", Role::OrgGuest));
    assert_eq!(
        (called.caller.user.to_string(), called.caller.organization),
        (hook.id.clone(), platform.own.id)
    );
    assert_eq!(
        (called.function.as_str(), called.scope),
        ("flows.py::Plain", Scope::Organization(platform.own.id))
    );
    assert!(called.limits.wall_ms <= 5_000 && called.limits.http_calls <= 10);
    assert_eq!(called.secrets, json!({ "secret": "s3cret-canary" }));
    // Nothing at all is an answer, too.
    answers(&platform, |_| Ok(deliver(json!([]), Value::Null)));
    assert_eq!(send(&platform, &hook, "").send().await.expect(202)["accepted"], 0);
}

#[tokio::test]
async fn a_handshake_is_answered_and_is_never_a_page() {
    let platform = Platform::deployed().await;
    let hook = hook(&platform, json!({})).await;
    answers(&platform, |given| {
        let request = &given["arguments"]["request"];
        Ok(json!({
            "answer": "validation", "status": 200, "headers": { "x-hook-secret": "h" }, "is_json": false,
            "body": request["query"]["challenge"], "state": { "method": request["method"] },
        }))
    });
    let page = "<script>alert(1)</script>";
    let asked = "%3Cscript%3Ealert(1)%3C/script%3E";
    let answer = platform.get(format!("{}?challenge={asked}", hook.path)).send().await;
    let header = |name: &str| answer.headers[name].to_str().expect("text").to_owned();
    assert_eq!((answer.status.as_u16(), answer.text.as_str()), (200, page));
    assert_eq!(header("content-type"), "text/plain; charset=utf-8");
    assert_eq!(
        (header("x-content-type-options").as_str(), header("x-hook-secret").as_str()),
        ("nosniff", "h")
    );
    assert!(header("content-security-policy").contains("sandbox"), "{:?}", answer.headers);
    let org = platform.state.db.org(platform.own.id);
    let id = hook.id.parse().expect("a uuid");
    let (_, kept, revision) = adapters::open(&org, &platform.state.keyring, id).await.expect("opened");
    assert_eq!((kept.state["method"].clone(), revision), (json!("GET"), 1));
    // What is the same is not written again.
    platform.get(format!("{}?challenge=x", hook.path)).send().await;
    assert_eq!(adapters::open(&org, &platform.state.keyring, id).await.expect("opened").2, 1);
    assert!(deliveries(&platform, &hook).await.is_empty());
    // A webhook without an adapter takes POST only.
    let other = json!({ "name": "other", "kind": "unsigned", "confirm_unsigned": true });
    let other = platform.post("/api/webhooks").key(&platform.own.admin).json(other).send().await.expect(201);
    let refused = platform.get(other["path"].as_str().expect("a path")).send().await;
    assert_eq!((refused.status.as_u16(), refused.headers["allow"].as_bytes()), (405, b"POST".as_slice()));
}

#[tokio::test]
async fn forgeries_that_an_adapter_refuses_leave_a_bounded_trace() {
    let platform = Platform::deployed().await;
    let hook = hook(&platform, json!({ "rate_per_minute": 6_000 })).await;
    answers(&platform, |given| match given["arguments"]["request"]["headers"]["x-good"].is_null() {
        true => Ok(json!({ "answer": "rejected", "status": 401, "reason": "no signature" })),
        false => Ok(deliver(json!([{ "id": "1", "data": 1 }]), Value::Null)),
    });
    for _ in 0..40 {
        let refused = send(&platform, &hook, "{}").send().await.expect(401);
        assert_eq!(refused["code"], "request_refused");
        assert!(!refused.to_string().contains("no signature"), "senders learn no more");
    }
    let told: Vec<_> = platform.audited().await;
    let told: Vec<_> = told.iter().filter(|entry| entry["action"] == "webhook.refused").collect();
    assert!((1..=6).contains(&told.len()), "{} entries", told.len());
    assert_eq!(
        (&told[0]["details"]["reason"], &told[0]["details"]["said"], &told[0]["outcome"]),
        (&json!("adapter"), &json!("no signature"), &json!("denied"))
    );
    assert!(deliveries(&platform, &hook).await.is_empty());
    let good = send(&platform, &hook, "{}").header("x-good", "1").send().await.expect(202);
    assert_eq!(good["accepted"], 1, "the control");
    // Whoever floods is slowed down, be it by one request in a second.
    let rates = Rates { per_address: 1, sign_in: 0, ..Rates::default() };
    let settings = Settings { rates, ..Settings::at(PUBLIC_URL).expect("an address") };
    let state = platform.state.clone();
    let sign_in = SignIn::new(state.db.clone(), state.keyring.clone(), settings, None).expect("signing in");
    let platform = platform.with(ApiState { sign_in, ..state });
    let mut statuses = vec![];
    for _ in 0..20 {
        statuses.push(send(&platform, &hook, "{}").send().await.status.as_u16());
    }
    assert!(statuses.contains(&429), "{statuses:?}");
    send(&platform, &hook, "{}").header("x-good", "1").send().await.expect(202);
}

#[tokio::test]
async fn an_adapter_that_fails_has_its_sender_come_back() {
    let platform = Platform::deployed().await;
    let hook = hook(&platform, json!({ "rate_per_minute": 1_000 })).await;
    let failing = async |what: &str| {
        let answer = send(&platform, &hook, "{}").send().await;
        assert_eq!((answer.status.as_u16(), &answer.body["code"]), (503, &json!("adapter_failed")), "{what}");
        assert!(answer.headers["retry-after"].to_str().is_ok_and(|text| text.parse::<u64>().is_ok()));
        assert!(!answer.text.contains(what), "senders learn no more: {}", answer.text);
        let one = shown(&platform, &hook).await;
        let seen = one["last_request_error"].as_str().unwrap_or_default().to_owned();
        assert!(
            seen.contains(what) && one["request_failed_at"].is_string() && one["status"] == "active",
            "{seen}"
        );
    };
    answers(&platform, |_| Err(("KeyError", "'signature'")));
    failing("KeyError: 'signature'").await;
    answers(&platform, |_| Err(("limit_exceeded:wall_ms", "the run took longer than its limit of 5 s")));
    failing("limit_exceeded:wall_ms").await;
    for (answer, what) in [
        (json!("no answer"), "answer: "),
        (deliver(json!([{ "id": 7 }]), Value::Null), "answer: "),
        (deliver(json!(vec![json!({}); 101]), Value::Null), "answer.events: "),
        (deliver(json!([]), json!({ "a": "x".repeat(17 << 10) })), "answer.state: "),
        (
            json!({ "answer": "validation", "status": 302, "headers": {}, "body": "", "is_json": false, "state": null }),
            "answer.status: ",
        ),
        (
            json!({ "answer": "validation", "status": 200, "headers": { "set-cookie": "a=b" }, "body": "", "is_json": false, "state": null }),
            "answer.headers.set-cookie: ",
        ),
    ] {
        answers(&platform, move |_| Ok(answer.clone()));
        failing(what).await;
    }
    assert!(deliveries(&platform, &hook).await.is_empty());
    answers(&platform, |_| Ok(deliver(json!([{ "id": "1" }]), Value::Null)));
    assert_eq!(send(&platform, &hook, "{}").send().await.expect(202)["accepted"], 1, "the control");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_state_that_others_change_meanwhile_is_looked_at_again() {
    let platform = Platform::deployed().await;
    let hook = hook(&platform, json!({})).await;
    // Both read the same state before either writes.
    let both = Arc::new(Barrier::new(2));
    answers(&platform, move |given| {
        let seen = given["arguments"]["state"]["n"].as_i64().unwrap_or(0);
        if seen == 0 {
            both.wait();
        }
        Ok(deliver(json!([{ "id": format!("{seen}"), "data": seen }]), json!({ "n": seen + 1 })))
    });
    let (one, two) = tokio::join!(
        tokio::spawn(from_elsewhere(&platform, &hook)),
        tokio::spawn(from_elsewhere(&platform, &hook))
    );
    assert_eq!((one.expect("joined"), two.expect("joined")), (202, 202));
    let org = platform.state.db.org(platform.own.id);
    let id = hook.id.parse().expect("a uuid");
    let (_, kept, revision) = adapters::open(&org, &platform.state.keyring, id).await.expect("opened");
    assert_eq!((kept.state["n"].clone(), revision), (json!(2), 2), "both count");
    assert_eq!(deliveries(&platform, &hook).await.len(), 2, "each event once");
}

/// A request without a body, from another task; its status.
fn from_elsewhere(platform: &Platform, hook: &Hook) -> impl Future<Output = u16> + Send + use<> {
    let request = http::Request::post(&hook.path).body(axum::body::Body::empty()).expect("a request");
    let router = platform.router.clone();
    async move { tower::ServiceExt::oneshot(router, request).await.expect("infallible").status().as_u16() }
}

#[tokio::test]
async fn requests_are_bounded_before_any_code_sees_them() {
    let platform = Platform::deployed().await;
    let hook =
        hook(&platform, json!({ "rate_per_minute": 3, "body_bytes": 10, "allowed_networks": [] })).await;
    send(&platform, &hook, "12345678901").send().await.expect(413);
    platform.get(format!("{}?{}", hook.path, "q".repeat(9_000))).send().await.expect(414);
    send(&platform, &hook, "").header("x-long", &"v".repeat(33 << 10)).send().await.expect(431);
    assert!(platform.worker.called.lock().expect("not poisoned").is_empty());
    for expected in [202, 202, 202, 429] {
        send(&platform, &hook, "1").send().await.expect(expected);
    }
    assert_eq!(platform.worker.called.lock().expect("not poisoned").len(), 3);
    let path = format!("/api/webhooks/{}", hook.id);
    let change = json!({ "allowed_networks": ["192.0.2.0/24"] });
    platform.call(Method::PATCH, &path).key(&platform.own.admin).json(change).send().await.expect(200);
    assert_eq!(send(&platform, &hook, "1").send().await.expect(403)["code"], "address_refused");
}

#[tokio::test]
async fn a_subscription_is_looked_after_and_taken_back() {
    let platform = Platform::deployed().await;
    let (hook, admin) = (hook(&platform, json!({ "adapter": "Acme" })).await, &platform.own.admin);
    let (org, keys) = (platform.state.db.org(platform.own.id), &platform.state.keyring);
    let id = hook.id.parse().expect("a uuid");
    let path = format!("/api/webhooks/{}", hook.id);
    // As the process that leads does it.
    let attempt = async || {
        let work = adapters::claim(&org, keys, id).await.expect("claimed").expect("due");
        let method = work.task.method();
        let (db, worker) = (&platform.state.db, platform.state.worker.as_ref());
        let called = adapters::call(db, worker, &work.webhook, &work.choice, &work.kept, method, None);
        let called = called.await.expect("called");
        (method.as_str(), adapters::settle(&org, keys, work, called).await.expect("settled"))
    };
    let callback = hook.path.clone();
    answers(&platform, move |given| {
        assert_eq!(given["arguments"]["callback_path"], json!(callback));
        match given["method"].as_str() {
            Some("subscribe") => Err(("IntegrationError", "s3cret is wrong")),
            Some("unsubscribe") => Ok(Value::Null),
            _ => panic!("{given}"),
        }
    });
    assert_eq!(attempt().await, ("subscribe", Settled::Later));
    let one = shown(&platform, &hook).await;
    assert_eq!((&one["status"], &one["attempts"]), (&json!("pending"), &json!(1)));
    assert_eq!(one["last_error"], "IntegrationError: s3cret is wrong");
    answers(&platform, |given| match given["method"].as_str() {
        Some("subscribe") => Ok(json!({ "state": { "id": 7 }, "expires_at": null })),
        Some("unsubscribe") if given["arguments"]["state"] == json!({ "id": 7 }) => Ok(Value::Null),
        _ => panic!("{given}"),
    });
    let answer = platform.post(format!("{path}/subscribe")).key(admin).send().await.expect(202);
    assert_eq!(answer["adapter"]["last_error"], Value::Null);
    assert_eq!(attempt().await, ("subscribe", Settled::Done));
    assert_eq!(shown(&platform, &hook).await["status"], "active");
    platform.call(Method::DELETE, &path).key(admin).send().await.expect(202);
    assert_eq!(shown(&platform, &hook).await["status"], "ending");
    send(&platform, &hook, "{}").send().await.expect(404);
    assert_eq!(attempt().await, ("unsubscribe", Settled::Done));
    platform.get(&path).key(admin).send().await.expect(404);

    // At once, when it has to be.
    let hook = self::hook(&platform, json!({ "adapter": "Acme" })).await;
    let work =
        adapters::claim(&org, keys, hook.id.parse().expect("a uuid")).await.expect("claimed").expect("due");
    let told = Ok(Some(json!({ "state": null, "expires_at": null })));
    adapters::settle(&org, keys, work, told).await.expect("settled");
    let path = format!("/api/webhooks/{}?force=true", hook.id);
    platform.call(Method::DELETE, path).key(admin).send().await.expect(204);
    let plain = self::hook(&platform, json!({})).await;
    let path = format!("/api/webhooks/{}/subscribe", plain.id);
    assert_eq!(platform.post(path).key(admin).send().await.expect(422)["field"], "adapter");
}
