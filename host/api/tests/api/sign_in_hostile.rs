//! Attacks on signing in. Each has a control beside it: the same request succeeds where what
//! is attacked is missing.

use crate::common::authenticator::Authenticator;
use crate::common::browser::{Browser, PASSWORD, add_app, add_passkey, set_password, signed_in};
use crate::common::{PUBLIC_URL, Platform};
use bifrost_store::Sql;
use http::Method;
use serde_json::{Value, json};

const ADMIN: &str = "admin@own.example";
const USER: &str = "user@own.example";

async fn platform() -> Platform {
    let platform = Platform::new().await;
    set_password(&platform, platform.own.id, platform.own.admin.user).await;
    set_password(&platform, platform.own.id, platform.own.user.user).await;
    platform
}

/// CSRF: a foreign page makes the browser send its cookie along.
#[tokio::test]
async fn a_foreign_page_changes_nothing() {
    let platform = platform().await;
    let mut browser = signed_in(&platform, ADMIN).await;
    let set = |value: &str| platform.call(Method::PUT, "/api/config/canary").json(json!({ "value": value }));
    for site in ["cross-site", "same-site"] {
        let refused = browser.send_from(site, set("stolen")).await.expect(403);
        assert_eq!(refused["code"], "cross_site");
    }
    let cookie = format!("bifrost_session={}", browser.session().expect("a cookie"));
    // An old browser says only which page it was, and some say nothing.
    for origin in [Some("https://evil.example"), Some("null"), Some("http://localhost:8401"), None] {
        let call = set("stolen").header("cookie", &cookie);
        let call = match origin {
            Some(origin) => call.header("origin", origin),
            None => call,
        };
        assert_eq!(call.send().await.expect(403)["code"], "cross_site", "{origin:?}");
    }
    // A form cannot send JSON, and what it can send is refused before it is read.
    let form = platform.post("/api/sign-out").raw("x=1").header("content-type", "text/plain");
    browser.send_from("cross-site", form).await.expect(403);
    browser.get("/api/config/canary").await.expect(404);
    assert!(browser.me().await.is_some());

    set("own").header("cookie", &cookie).header("origin", PUBLIC_URL).send().await.expect(200);
    browser.send(set("own")).await.expect(200);
    // A program's key needs no page.
    set("key").key(&platform.own.admin).header("origin", "https://evil.example").send().await.expect(200);
}

#[tokio::test]
async fn a_foreign_page_does_not_listen() {
    let platform = platform().await;
    let browser = signed_in(&platform, ADMIN).await;
    let cookie = format!("bifrost_session={}", browser.session().expect("a cookie"));
    let upgrade = |origin: &str| {
        let call = platform.get("/ws/connect").header("cookie", &cookie).header("origin", origin);
        call.header("connection", "upgrade")
            .header("upgrade", "websocket")
            .header("sec-websocket-version", "13")
            .header("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==")
    };
    assert_eq!(upgrade("https://evil.example").send().await.expect(403)["code"], "cross_site");
    // 426: everything is right but that this client cannot switch.
    upgrade(PUBLIC_URL).send().await.expect(426);
}

/// Login CSRF: a foreign page signs the browser in as somebody else.
#[tokio::test]
async fn a_foreign_page_signs_nobody_in() {
    let platform = platform().await;
    let mut browser = Browser::new(&platform);
    let sign_in =
        || platform.post("/api/sign-in/password").json(json!({ "email": USER, "password": PASSWORD }));
    assert_eq!(browser.send_from("cross-site", sign_in()).await.expect(403)["code"], "cross_site");
    assert!(browser.cookies.is_empty());
    browser.send(sign_in()).await.expect(200);
    assert_eq!(browser.me().await.as_deref(), Some(USER));
}

/// Fixation: the attacker knows the cookie that the victim signs in over.
#[tokio::test]
async fn a_planted_session_is_not_the_victims() {
    let platform = platform().await;
    let attacker = signed_in(&platform, USER).await;
    let theirs = attacker.session().expect("a cookie");
    for planted in [theirs, "bfs_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA".to_owned()] {
        let mut victim = Browser::new(&platform);
        victim.cookies.insert("bifrost_session".into(), planted.clone());
        victim.password(ADMIN, PASSWORD).await.expect(200);
        assert_ne!(victim.session().as_deref(), Some(planted.as_str()));
        assert_eq!(victim.me().await.as_deref(), Some(ADMIN), "the new one is theirs");
        let mut attacker = Browser::new(&platform);
        attacker.cookies.insert("bifrost_session".into(), planted);
        assert_eq!(attacker.me().await, None, "the planted one is nobody's");
    }
}

/// A step of one browser is worth nothing in another, and a step is no session.
#[tokio::test]
async fn a_step_is_bound_to_its_browser() {
    let platform = platform().await;
    let mut browser = signed_in(&platform, ADMIN).await;
    let secret = add_app(&mut browser).await;
    crate::common::browser::next_step(&platform.state.db).await;

    let mut half = Browser::new(&platform);
    half.password(ADMIN, PASSWORD).await.expect(200);
    let step = half.cookies["bifrost_sign_in"].clone();
    let code = json!({ "code": crate::common::browser::code(&secret) });
    let mut other = Browser::new(&platform);
    assert_eq!(other.post("/api/sign-in/second-factor", code.clone()).await.expect(409)["code"], "expired");
    other.cookies.insert("bifrost_session".into(), step.clone());
    assert_eq!(other.me().await, None);
    // The step of a passkey is none of a second factor.
    other.post("/api/sign-in/passkey/challenge", Value::Null).await.expect(200);
    other.post("/api/sign-in/second-factor", code.clone()).await.expect(409);
    half.post("/api/sign-in/second-factor", code.clone()).await.expect(200);
    other.cookies.insert("bifrost_sign_in".into(), step);
    other.post("/api/sign-in/second-factor", code).await.expect(409);
}

#[tokio::test]
async fn codes_cannot_be_tried_through() {
    let platform = platform().await;
    let mut browser = signed_in(&platform, ADMIN).await;
    let secret = add_app(&mut browser).await;
    let right = || json!({ "code": crate::common::browser::code(&secret) });
    crate::common::browser::next_step(&platform.state.db).await;
    let mut guesser = Browser::new(&platform);
    let path = "/api/sign-in/second-factor";
    for _ in 0..5 {
        // A new step each time does not help.
        guesser.password(ADMIN, PASSWORD).await.expect(200);
        guesser.post(path, json!({ "code": "000000" })).await.expect(401);
    }
    guesser.post(path, right()).await.expect(429);
    let unblock = Sql::new("DELETE FROM sign_in_failures");
    let write = platform.state.db.system();
    write.write(move |tx| Box::pin(async move { tx.execute(unblock).await })).await.expect("written");
    guesser.post(path, right()).await.expect(200);
}

/// What an authenticator must not get away with.
#[tokio::test]
async fn a_passkey_answers_this_page_and_this_challenge() {
    let platform = platform().await;
    let mut browser = signed_in(&platform, ADMIN).await;
    let mut key = add_passkey(&mut browser).await;

    let mut other = Browser::new(&platform);
    let path = "/api/sign-in/passkey";
    let old = other.post("/api/sign-in/passkey/challenge", Value::Null).await.expect(200);
    let replayed = json!({ "credential": key.get(&old) });
    other.post(path, replayed.clone()).await.expect(200);
    other.cookies.clear();
    type Attack = fn(&mut Authenticator);
    let attacks: [(&str, Attack); 4] = [
        ("another page", |key| key.origin = "https://evil.example".into()),
        ("another host", |key| key.host = "evil.example".into()),
        ("nobody verified", |key| key.verifies = false),
        ("a copy", |key| key.counter = 0),
    ];
    for (attack, harm) in attacks {
        let challenge = other.post("/api/sign-in/passkey/challenge", Value::Null).await.expect(200);
        let kept = (key.origin.clone(), key.host.clone(), key.counter);
        harm(&mut key);
        other.post(path, json!({ "credential": key.get(&challenge) })).await.expect(401);
        (key.origin, key.host, key.verifies) = (kept.0, kept.1, true);
        key.counter = key.counter.max(kept.2);
        assert_eq!(other.me().await, None, "{attack}");
    }
    other.post("/api/sign-in/passkey/challenge", Value::Null).await.expect(200);
    other.post(path, replayed).await.expect(401);
    let challenge = other.post("/api/sign-in/passkey/challenge", Value::Null).await.expect(200);
    let stranger = Authenticator::new(PUBLIC_URL).get(&challenge);
    other.post(path, json!({ "credential": stranger })).await.expect(422);
    let challenge = other.post("/api/sign-in/passkey/challenge", Value::Null).await.expect(200);
    other.post(path, json!({ "credential": key.get(&challenge) })).await.expect(200);
    assert_eq!(other.me().await.as_deref(), Some(ADMIN));
}

#[tokio::test]
async fn odd_inputs_are_refused_with_their_name() {
    let platform = platform().await;
    let mut browser = Browser::new(&platform);
    let long = "x".repeat(100_000);
    for body in [json!({}), json!({ "email": 1, "password": "x" }), json!({ "email": ADMIN }), json!([])] {
        browser.post("/api/sign-in/password", body).await.expect(422);
    }
    browser.post("/api/sign-in/password", json!({ "email": long, "password": long })).await.expect(401);
    browser
        .post("/api/sign-in/password", json!({ "email": "a\0b@\u{1F4A9}", "password": "\0" }))
        .await
        .expect(401);
    browser.post("/api/sign-in/passkey/challenge", Value::Null).await.expect(200);
    for credential in [json!(null), json!({}), json!({ "id": "x", "rawId": "!" }), json!({ "rawId": long })] {
        browser.post("/api/sign-in/passkey/challenge", Value::Null).await.expect(200);
        let refused = browser.post("/api/sign-in/passkey", json!({ "credential": credential })).await;
        assert_eq!(refused.expect(422)["field"], "credential");
    }
    for path in ["/api/sign-in/link", "/api/sign-in/invitation"] {
        let body = json!({ "token": long, "password": PASSWORD });
        assert_eq!(browser.post(path, body).await.expect(409)["code"], "expired", "{path}");
    }
    for cookie in
        ["bifrost_session=", "bifrost_session=\u{e9}", "bifrost_session=a; bifrost_session=b", ";;;=;"]
    {
        platform.get("/api/me").header("cookie", cookie).send().await.expect(401);
    }
}
