//! Channels, rules and notifications as their operations have them, and time saved.

use crate::common::{Key, Platform, failure, success};
use bifrost_core::Permission::{ManageOrganization, ReadExecutions};
use bifrost_core::*;
use bifrost_store::identity::{self, NewKey};
use bifrost_store::notifications::events;
use chrono::Datelike;
use serde_json::{Value, json};

const CHANNELS: &str = "/api/notification-channels";
const RULES: &str = "/api/notification-rules";

/// A key of the own administrator with these permissions only.
async fn only(platform: &Platform, permissions: &[Permission]) -> Key {
    let permissions = Some(permissions.iter().copied().collect());
    let user = platform.own.admin.user;
    let new = NewKey { user, name: "k".into(), role: Role::OrgAdmin, permissions, expires_at: None };
    let (_, token) = identity::create_key(&platform.state.db.org(platform.own.id), new).await.expect("key");
    Key { token, user }
}

async fn webhook(platform: &Platform) -> Value {
    let body = json!({ "name": "hook", "kind": "webhook", "url": "https://hooks.example/x" });
    platform.post(CHANNELS).key(&platform.own.admin).json(body).send().await.expect(201)
}

#[tokio::test]
async fn a_channel_shows_its_secret_once() {
    let platform = Platform::new().await;
    let admin = &platform.own.admin;
    let made = webhook(&platform).await;
    let secret = made["secret"].as_str().expect("a secret").to_owned();
    assert!(secret.starts_with("nfs_"));
    let path = format!("{CHANNELS}/{}", made["id"].as_str().expect("an id"));
    let read = platform.get(&path).key(admin).send().await;
    assert!(!read.text.contains(&secret));
    let list = platform.get(CHANNELS).key(admin).send().await.expect(200);
    assert_eq!((list["channels"].as_array().map(Vec::len), &list["has_mail"]), (Some(1), &json!(false)));
    // Another URL has another secret, and says it.
    let call = platform.call(http::Method::PATCH, &path).key(admin);
    let changed = call.json(json!({ "url": "https://else.example/" })).send().await.expect(200);
    assert!(changed["secret"].as_str().is_some_and(|new| new != secret));
    let call = platform.call(http::Method::PATCH, &path).key(admin);
    let changed = call.json(json!({ "name": "other" })).send().await.expect(200);
    assert_eq!((&changed["name"], changed.get("secret")), (&json!("other"), None));
    for (wrong, field) in [
        (json!({ "name": "x", "kind": "webhook" }), "url"),
        (json!({ "name": "x", "kind": "webhook", "url": "ftp://x" }), "url"),
        (
            json!({ "name": "x", "kind": "webhook", "url": "https://x.example/", "addresses": ["a@x.example"] }),
            "addresses",
        ),
        (json!({ "name": "x", "kind": "email" }), "addresses"),
        (
            json!({ "name": "x", "kind": "email", "addresses": ["a@x.example"], "url": "https://x.example/" }),
            "url",
        ),
        (json!({ "name": "", "kind": "email", "addresses": ["a@x.example"] }), "name"),
        (json!({ "name": "x", "kind": "pigeon" }), "kind"),
    ] {
        let answer = platform.post(CHANNELS).key(admin).json(wrong.clone()).send().await.expect(422);
        assert_eq!(answer["field"], field, "{wrong}");
    }
}

#[tokio::test]
async fn a_test_says_what_the_other_side_answered() {
    let platform = Platform::new().await;
    let admin = &platform.own.admin;
    let made = webhook(&platform).await;
    let path = format!("{CHANNELS}/{}/test", made["id"].as_str().expect("an id"));
    let answer = platform.post(&path).key(admin).send().await.expect(200);
    assert!(answer["answer"].as_str().is_some_and(|said| said.starts_with("200 ")), "{answer}");
    // Not at once again.
    platform.post(&path).key(admin).send().await.expect(429);
    let body = json!({ "name": "mail", "kind": "email", "addresses": ["a@x.example"] });
    let mail = platform.post(CHANNELS).key(admin).json(body).send().await.expect(201);
    let path = format!("{CHANNELS}/{}/test", mail["id"].as_str().expect("an id"));
    let answer = platform.post(&path).key(admin).send().await.expect(409);
    assert_eq!(answer["code"], "not_delivered");
    assert!(answer["detail"].as_str().is_some_and(|said| said.contains("BIFROST_SMTP_HOST")), "{answer}");
}

#[tokio::test]
async fn errors_of_developers_go_nowhere_through_those_who_may_not_read_them() {
    let platform = Platform::new().await;
    let (may, may_not) = (
        only(&platform, &[ManageOrganization, ReadExecutions]).await,
        only(&platform, &[ManageOrganization]).await,
    );
    let body = json!({ "name": "all", "kind": "email", "addresses": ["a@x.example"], "full_errors": true });
    platform.post(CHANNELS).key(&may_not).json(body.clone()).send().await.expect(403);
    let made = platform.post(CHANNELS).key(&may).json(body).send().await.expect(201);
    let path = format!("{CHANNELS}/{}", made["id"].as_str().expect("an id"));
    let patch = async |key: &Key, body: Value| {
        platform.call(http::Method::PATCH, &path).key(key).json(body).send().await.status.as_u16()
    };
    assert_eq!(patch(&may_not, json!({ "addresses": ["me@x.example"] })).await, 403, "a way around");
    assert_eq!(patch(&may_not, json!({ "enabled": false })).await, 200);
    assert_eq!(patch(&may_not, json!({ "addresses": ["me@x.example"], "full_errors": false })).await, 200);
    assert_eq!(patch(&may_not, json!({ "full_errors": true })).await, 403);
    assert_eq!(patch(&may, json!({ "full_errors": true })).await, 200);
}

#[tokio::test]
async fn a_failed_run_is_read_by_who_may() {
    let platform = Platform::deployed().await;
    let (admin, user) = (&platform.own.admin, &platform.own.user);
    platform.start(user).await;
    let run = platform.claim().await;
    let id = run.execution.workflow_id;
    let body = json!({ "name": "hello fails", "event": "run_failed", "workflow_ids": [id] });
    let rule = platform.post(RULES).key(admin).json(body).send().await.expect(201);
    assert_eq!((&rule["in_app"], &rule["enabled"]), (&json!(true), &json!(true)));
    platform.finish(&run, failure(), false).await;
    events::process(&platform.state.db, 10).await.expect("processed");
    let list = platform.get("/api/notifications").key(admin).send().await.expect(200);
    assert_eq!(list["unread"], 1);
    let one = &list["notifications"][0];
    assert_eq!(
        (&one["event"], &one["name"], &one["count"]),
        (&json!("run_failed"), &json!("hello"), &json!(1))
    );
    assert_eq!((&one["error"], &one["read"]), (&json!("KeyError: 'customer_table'"), &json!(false)));
    assert_eq!(one["execution_id"], json!(run.execution.id));
    let theirs = platform.get("/api/notifications").key(user).send().await;
    assert!(!theirs.text.contains("customer_table"), "{}", theirs.text);
    assert_eq!(theirs.expect(200)["unread"], 0);
    let foreign = platform.get("/api/notifications").key(&platform.foreign.admin).send().await.expect(200);
    assert_eq!(foreign["notifications"], json!([]));
    // A platform administrator sees what they look at.
    let root = platform.get("/api/notifications/unread").key(&platform.root);
    assert_eq!(root.organization(platform.own.id).send().await.expect(200)["unread"], 1);
    let path = format!("/api/notifications/{}/read", one["id"].as_str().expect("an id"));
    platform.post(&path).key(user).send().await.expect(404);
    platform.post(&path).key(admin).send().await.expect(204);
    let unread = platform.get("/api/notifications?unread=true").key(admin).send().await.expect(200);
    assert_eq!((&unread["notifications"], &unread["unread"]), (&json!([]), &json!(0)));
    platform.get("/api/notifications?cursor=x").key(admin).send().await.expect(422);
    platform.get("/api/notifications?limit=0").key(admin).send().await.expect(422);
    for (wrong, field) in [
        (json!({ "name": "x", "event": "rain" }), "event"),
        (json!({ "name": "x", "event": "run_failed", "in_app": false }), "channel_ids"),
        (json!({ "name": "x", "event": "schedule_missed", "only_scheduled": true }), "only_scheduled"),
        (json!({ "name": "x", "event": "run_failed", "workflow_ids": [WorkflowId::new()] }), "workflow_ids"),
    ] {
        let answer = platform.post(RULES).key(admin).json(wrong.clone()).send().await.expect(422);
        assert_eq!(answer["field"], field, "{wrong}");
    }
}

#[tokio::test]
async fn time_saved_is_summed_by_month() {
    let platform = Platform::deployed().await;
    let (admin, user) = (&platform.own.admin, &platform.own.user);
    for minutes in [5, 7] {
        platform.start(user).await;
        let run = platform.claim().await;
        let roi = Some(json!({ "time_saved": minutes, "value": 0.5 }));
        platform.finish(&run, Outcome { roi, ..success(json!(1)) }, false).await;
    }
    let year = bifrost_store::now().year();
    let path = format!("/api/usage/time-saved?from={}-12&to={}-01", year - 1, year + 1);
    let all = platform.get(&path).key(admin).send().await.expect(200);
    assert_eq!(all["total"], json!({ "runs": 2, "minutes": 12.0, "value": 1.0 }));
    let by = platform.get(format!("{path}&by=workflow")).key(admin).send().await.expect(200);
    let entry = &by["entries"][0];
    assert_eq!((&entry["workflow_name"], &entry["runs"]), (&json!("hello"), &json!(2)));
    assert_eq!(
        platform.get("/api/usage/time-saved").key(&platform.foreign.admin).send().await.expect(200)["entries"],
        json!([])
    );
    platform.get(&path).key(user).send().await.expect(403);
    platform.get(format!("{path}&by=organization")).key(admin).send().await.expect(403);
    let root = platform.get(format!("{path}&by=organization")).key(&platform.root).send().await.expect(200);
    assert_eq!(root["entries"][0]["organization_name"], "own");
    for (wrong, field) in [("from=2026", "from"), ("to=2026-13", "to"), ("from=2026-02&to=2026-01", "from")] {
        let answer =
            platform.get(format!("/api/usage/time-saved?{wrong}")).key(admin).send().await.expect(422);
        assert_eq!(answer["field"], field, "{wrong}");
    }
}
