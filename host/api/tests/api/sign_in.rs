//! Signing in as people do it: with a password, a second factor, a passkey, a link, an
//! invitation, the token of the first start, and from the command line.

use crate::common::authenticator::Authenticator;
use crate::common::browser::{self, Browser, PASSWORD, set_password};
use crate::common::{PUBLIC_URL, Platform};
use bifrost_core::Role;
use bifrost_store::Sql;
use bifrost_store::sign_in::set_up;
use http::Method;
use serde_json::{Value, json};

/// The own organization's administrator, who can sign in.
const ADMIN: &str = "admin@own.example";

async fn platform() -> Platform {
    let platform = Platform::new().await;
    set_password(&platform, platform.own.id, platform.own.admin.user).await;
    platform
}

async fn run(platform: &Platform, sql: &'static str) {
    let write = platform.state.db.system();
    write.write(move |tx| Box::pin(async move { tx.execute(Sql::new(sql)).await })).await.expect("written");
}

#[tokio::test]
async fn whoever_knows_the_password_is_told_of_a_suspension() {
    let platform = platform().await;
    let mut browser = Browser::new(&platform);
    let changes = [
        ("UPDATE users SET is_active = FALSE", "UPDATE users SET is_active = TRUE"),
        ("UPDATE organizations SET is_active = FALSE", "UPDATE organizations SET is_active = TRUE"),
    ];
    for (suspend, resume) in changes {
        run(&platform, suspend).await;
        let told = browser.password(ADMIN, PASSWORD).await.expect(403);
        assert_eq!(told["code"], "account_suspended", "{suspend}");
        let refused = browser.password(ADMIN, "wrong wrong wrong").await.expect(401);
        assert_eq!(refused["code"], "sign_in_failed", "{suspend}");
        assert_eq!(browser.session(), None);
        run(&platform, resume).await;
    }
    browser.password(ADMIN, PASSWORD).await.expect(200);
    let failed = |entry: &&Value| entry["action"] == "session.begin" && entry["outcome"] == "failed";
    assert_eq!(platform.audited().await.iter().filter(failed).count(), 4);
}

#[tokio::test]
async fn a_password_opens_a_session() {
    let platform = platform().await;
    let mut browser = Browser::new(&platform);
    let options = browser.get("/api/sign-in").await.expect(200);
    assert_eq!(options, json!({ "set_up": true, "passkeys": true, "providers": [] }));
    assert_eq!(browser.me().await, None);
    for (email, password) in [(ADMIN, "wrong wrong wrong"), ("nobody@own.example", PASSWORD), (ADMIN, "")] {
        let refused = browser.password(email, password).await.expect(401);
        assert_eq!(refused["code"], "sign_in_failed", "{email}");
    }
    let signed = browser.password("  ADMIN@own.example", PASSWORD).await.expect(200);
    assert_eq!((&signed["status"], &signed["email"]), (&json!("signed_in"), &json!(ADMIN)));
    assert_eq!(browser.me().await.as_deref(), Some(ADMIN));

    let sessions = browser.get("/api/me/sessions").await.expect(200);
    let session = &sessions["sessions"][0];
    assert_eq!((&session["kind"], &session["method"]), (&json!("browser"), &json!("password")));
    assert_eq!(session["is_current"], true);
    let held = browser.session().expect("a cookie");
    browser.post("/api/sign-out", Value::Null).await.expect(204);
    assert_eq!(browser.session(), None, "the cookie is taken away");
    browser.cookies.insert("bifrost_session".into(), held);
    assert_eq!(browser.me().await, None, "and is good for nothing");

    let log = platform.audited().await;
    let of = |action: &str, outcome: &str| {
        log.iter().filter(|e| e["action"] == action && e["outcome"] == outcome).cloned().collect::<Vec<_>>()
    };
    assert_eq!(of("session.begin", "failed").len(), 3);
    assert_eq!(of("session.begin", "done")[0]["actor"]["name"], ADMIN);
    assert_eq!(of("session.end", "done").len(), 1);
    assert!(!format!("{log:?}").contains(PASSWORD));
}

#[tokio::test]
async fn guessing_has_to_wait() {
    let platform = platform().await;
    let mut browser = Browser::new(&platform);
    for _ in 0..5 {
        browser.password(ADMIN, "wrong wrong wrong").await.expect(401);
    }
    let limited = browser.password(ADMIN, PASSWORD).await;
    let wait: u64 = limited.headers["retry-after"].to_str().expect("text").parse().expect("seconds");
    assert!((20..=31).contains(&wait), "{wait}");
    assert_eq!(limited.expect(429)["code"], "too_many_requests");
    // Somebody who is not there is treated alike.
    for _ in 0..5 {
        browser.password("nobody@own.example", "wrong wrong wrong").await.expect(401);
    }
    browser.password("nobody@own.example", "wrong wrong wrong").await.expect(429);
    run(&platform, "UPDATE sign_in_failures SET blocked_until = last_at").await;
    browser.password(ADMIN, PASSWORD).await.expect(200);
    browser.password(ADMIN, "wrong wrong wrong").await.expect(401);
}

#[tokio::test]
async fn a_password_is_changed_by_its_owner() {
    let platform = platform().await;
    let (mut here, mut there) = (Browser::new(&platform), Browser::new(&platform));
    here.password(ADMIN, PASSWORD).await.expect(200);
    there.password(ADMIN, PASSWORD).await.expect(200);
    let before = here.session();
    let mut change = async |current: &str, new: &str| {
        let body = json!({ "current_password": current, "new_password": new });
        here.send(platform.call(Method::PUT, "/api/me/password").json(body)).await
    };
    assert_eq!(
        change("wrong wrong wrong", "a better password").await.expect(422)["field"],
        "current_password"
    );
    for weak in ["short", "Password2026", "1234567890", "admin@own.example"] {
        let refused = change(PASSWORD, weak).await.expect(422);
        assert_eq!(refused["field"], "new_password", "{weak}");
    }
    change(PASSWORD, "a better password").await.expect(204);
    assert_eq!(here.me().await.as_deref(), Some(ADMIN));
    assert_ne!(here.session(), before, "under a new name");
    assert_eq!(there.me().await, None, "other sessions have ended");
    there.password(ADMIN, PASSWORD).await.expect(401);
    there.password(ADMIN, "a better password").await.expect(200);
}

/// Adds a second factor; returns its secret and the recovery codes.
async fn add_second_factor(browser: &mut Browser<'_>) -> (String, Vec<String>) {
    let begun = browser.post("/api/me/second-factor", Value::Null).await.expect(200);
    let secret = begun["secret"].as_str().expect("a secret").to_owned();
    assert!(
        begun["url"].as_str().expect("an address").starts_with("otpauth://totp/Bifrost:admin@own.example?")
    );
    let wrong = json!({ "code": "000000" });
    assert_eq!(browser.post("/api/me/second-factor/confirm", wrong).await.expect(422)["field"], "code");
    let right = json!({ "code": browser::code(&secret) });
    let codes = browser.post("/api/me/second-factor/confirm", right).await.expect(200);
    let codes = codes["recovery_codes"].as_array().expect("codes").iter();
    (secret, codes.map(|code| code.as_str().expect("text").to_owned()).collect())
}

#[tokio::test]
async fn a_second_factor_is_asked_for() {
    let platform = platform().await;
    let (mut browser, mut other) = (Browser::new(&platform), Browser::new(&platform));
    browser.password(ADMIN, PASSWORD).await.expect(200);
    other.password(ADMIN, PASSWORD).await.expect(200);
    let (secret, codes) = add_second_factor(&mut browser).await;
    assert_eq!(codes.len(), 10);
    assert!(browser.me().await.is_some() && other.me().await.is_none(), "other sessions have ended");

    let half = other.password(ADMIN, PASSWORD).await.expect(200);
    assert_eq!(half, json!({ "status": "second_factor" }));
    assert_eq!(other.me().await, None, "half signed in is not signed in");
    let path = "/api/sign-in/second-factor";
    let code = browser::code(&secret);
    other.post(path, json!({ "code": code })).await.expect(401); // It confirmed the app: it is used up.
    browser::next_step(&platform.state.db).await;
    other.post(path, json!({ "code": browser::code(&secret) })).await.expect(200);
    assert_eq!(other.me().await.as_deref(), Some(ADMIN));

    let mut third = Browser::new(&platform);
    third.password(ADMIN, PASSWORD).await.expect(200);
    third.post(path, json!({ "recovery_code": codes[3].to_uppercase() })).await.expect(200);
    third.password(ADMIN, PASSWORD).await.expect(200);
    third.post(path, json!({ "recovery_code": codes[3] })).await.expect(401);
    let own = browser.get("/api/me/sign-in").await.expect(200);
    assert_eq!((&own["has_second_factor"], &own["recovery_codes_left"]), (&json!(true), &json!(9)));
    let fresh = browser.post("/api/me/recovery-codes", Value::Null).await.expect(200);
    third.post(path, json!({ "recovery_code": codes[4] })).await.expect(401);
    third.post(path, json!({ "recovery_code": fresh["recovery_codes"][0] })).await.expect(200);
    browser.delete("/api/me/second-factor").await.expect(204);
    assert_eq!(third.password(ADMIN, PASSWORD).await.expect(200)["status"], "signed_in");
}

#[tokio::test]
async fn a_passkey_signs_in_alone() {
    let platform = platform().await;
    let mut browser = Browser::new(&platform);
    browser.password(ADMIN, PASSWORD).await.expect(200);
    let mut key = Authenticator::new(PUBLIC_URL);
    let challenge = browser.post("/api/me/passkeys/challenge", Value::Null).await.expect(200);
    let selection = &challenge["publicKey"]["authenticatorSelection"];
    assert_eq!(
        (&selection["residentKey"], &selection["userVerification"]),
        (&json!("required"), &json!("required"))
    );
    let body = json!({ "name": "Laptop", "credential": key.create(&challenge) });
    let added = browser.post("/api/me/passkeys", body.clone()).await.expect(201);
    assert_eq!(added["name"], "Laptop");
    assert_eq!(
        browser.post("/api/me/passkeys", body).await.expect(409)["code"],
        "expired",
        "a challenge is good once"
    );
    let own = browser.get("/api/me/sign-in").await.expect(200);
    assert_eq!(own["passkeys"][0]["id"], added["id"]);

    let mut other = Browser::new(&platform);
    let challenge = other.post("/api/sign-in/passkey/challenge", Value::Null).await.expect(200);
    assert_eq!(challenge["publicKey"]["allowCredentials"], json!([]), "it tells nobody who has one");
    let answer = json!({ "credential": key.get(&challenge) });
    assert_eq!(other.post("/api/sign-in/passkey", answer).await.expect(200)["email"], ADMIN);
    assert_eq!(other.me().await.as_deref(), Some(ADMIN));

    let path = format!("/api/me/passkeys/{}", added["id"].as_str().expect("an id"));
    browser.delete(&path).await.expect(204);
    let challenge = other.post("/api/sign-in/passkey/challenge", Value::Null).await.expect(200);
    other.post("/api/sign-in/passkey", json!({ "credential": key.get(&challenge) })).await.expect(401);
}

#[tokio::test]
async fn an_administrator_helps_who_cannot_sign_in() {
    let platform = platform().await;
    let user = platform.own.user.user;
    let path = format!("/api/users/{user}/password-link");
    let make =
        async || platform.post(&path).key(&platform.own.admin).json(json!({})).send().await.expect(201);
    let (void, link) = (make().await, make().await);
    let token = link["token"].as_str().expect("a token");
    assert_eq!(link["url"], format!("{PUBLIC_URL}/sign-in#link={token}"));
    let mut browser = Browser::new(&platform);
    let use_link = |token: &Value, password: &str| json!({ "token": token, "password": password });
    let weak = browser.post("/api/sign-in/link", use_link(&link["token"], "short")).await.expect(422);
    assert_eq!(weak["field"], "password", "and the link is still good");
    assert_eq!(
        browser.post("/api/sign-in/link", use_link(&void["token"], PASSWORD)).await.expect(409)["code"],
        "expired"
    );
    browser.post("/api/sign-in/link", use_link(&link["token"], PASSWORD)).await.expect(200);
    assert_eq!(browser.me().await.as_deref(), Some("user@own.example"));
    browser.post("/api/sign-in/link", use_link(&link["token"], PASSWORD)).await.expect(409);

    platform
        .call(Method::DELETE, format!("/api/users/{user}/sessions"))
        .key(&platform.own.admin)
        .send()
        .await
        .expect(204);
    assert_eq!(browser.me().await, None);
    // Nobody makes a link for somebody who may more.
    let root = format!("/api/users/{}/password-link", platform.root.user);
    let refused = platform.post(&root).key(&platform.own.admin).json(json!({})).send().await;
    refused.expect(404);
}

#[tokio::test]
async fn an_invitation_is_accepted_with_a_password() {
    let platform = platform().await;
    let token = platform.invite("new@own.example", "New", Role::OrgUser).await;
    let mut browser = Browser::new(&platform);
    let body = |password: &str| json!({ "token": token, "password": password });
    browser.post("/api/sign-in/invitation", body("new@own.example")).await.expect(422);
    let signed = browser.post("/api/sign-in/invitation", body(PASSWORD)).await.expect(200);
    assert_eq!((&signed["email"], &signed["name"]), (&json!("new@own.example"), &json!("New")));
    assert_eq!(browser.me().await.as_deref(), Some("new@own.example"));
    browser.post("/api/sign-in/invitation", body(PASSWORD)).await.expect(409);
}

#[tokio::test]
async fn the_first_administrator_has_the_token() {
    let platform = Platform::new().await;
    let mut browser = Browser::new(&platform);
    let token = set_up::offer(&platform.state.db).await.expect("made").expect("nobody can sign in");
    let body = |token: &str| json!({ "token": token, "email": "ada@provider.example", "name": "Ada", "password": PASSWORD });
    browser.post("/api/set-up", body("bff_wrong")).await.expect(403);
    let signed = browser.post("/api/set-up", body(&token)).await.expect(200);
    assert_eq!(signed["role"], "platform_admin");
    browser.get("/api/organizations").await.expect(200);
    assert_eq!(browser.get("/api/sign-in").await.expect(200)["set_up"], false);
    browser.post("/api/set-up", body(&token)).await.expect(403);
}

fn form(fields: &[(&str, &str)]) -> String {
    let pairs: Vec<_> =
        fields.iter().map(|(name, value)| format!("{name}={}", value.replace(':', "%3A"))).collect();
    pairs.join("&")
}

const GRANT: &str = "urn:ietf:params:oauth:grant-type:device_code";

#[tokio::test]
async fn a_command_line_signs_in_by_a_code() {
    let platform = platform().await;
    let mut browser = Browser::new(&platform);
    browser.password(ADMIN, PASSWORD).await.expect(200);
    let ask = async |path: &str, fields: &[(&str, &str)]| {
        let call = platform.post(path).raw(form(fields));
        call.header("content-type", "application/x-www-form-urlencoded").send().await
    };
    let begun = ask("/api/device/code", &[("client_id", "bifrost-cli"), ("description", "ada@laptop")])
        .await
        .expect(200);
    assert_eq!(begun["verification_uri"], format!("{PUBLIC_URL}/device"));
    let (device, user) =
        (begun["device_code"].as_str().expect("a code"), begun["user_code"].as_str().expect("a code"));
    let fields = [("client_id", "bifrost-cli"), ("grant_type", GRANT), ("device_code", device)];
    let pending = ask("/api/device/token", &fields).await;
    assert_eq!(pending.headers["content-type"], "application/json");
    assert_eq!(pending.expect(400)["error"], "authorization_pending");
    assert_eq!(ask("/api/device/token", &fields).await.expect(400)["error"], "slow_down");
    let other = [("client_id", "evil"), ("grant_type", GRANT), ("device_code", device)];
    assert_eq!(ask("/api/device/token", &other).await.expect(400)["error"], "invalid_client");
    assert_eq!(
        ask("/api/device/token", &[("client_id", "bifrost-cli")]).await.expect(400)["error"],
        "invalid_request"
    );

    let seen = browser.get(&format!("/api/device/{user}")).await.expect(200);
    assert_eq!(seen["description"], "ada@laptop");
    browser.post(&format!("/api/device/{}/approve", user.to_lowercase()), Value::Null).await.expect(204);
    let told = ask("/api/device/token", &fields).await.expect(200);
    let token = told["access_token"].as_str().expect("a token");
    let bearer = async |method: Method, path: &str| {
        platform.call(method, path).header("authorization", &format!("Bearer {token}")).send().await
    };
    assert_eq!(bearer(Method::GET, "/api/me").await.expect(200)["email"], ADMIN);
    assert_eq!(ask("/api/device/token", &fields).await.expect(400)["error"], "expired_token", "told once");
    // It makes no further ones, and is no cookie.
    bearer(Method::POST, &format!("/api/device/{user}/approve")).await.expect(403);
    let mut cookie = Browser::new(&platform);
    cookie.cookies.insert("bifrost_session".into(), token.into());
    assert_eq!(cookie.me().await, None);
    bearer(Method::POST, "/api/sign-out").await.expect(204);
    bearer(Method::GET, "/api/me").await.expect(401);
}

#[tokio::test]
async fn sessions_are_listed_and_ended() {
    let platform = platform().await;
    let (mut one, mut two) = (Browser::new(&platform), Browser::new(&platform));
    one.password(ADMIN, PASSWORD).await.expect(200);
    two.password(ADMIN, PASSWORD).await.expect(200);
    let all = one.get("/api/me/sessions").await.expect(200);
    let all = all["sessions"].as_array().expect("a list");
    assert_eq!(all.len(), 2);
    let other = all.iter().find(|session| session["is_current"] == false).expect("the other one");
    one.delete(&format!("/api/me/sessions/{}", other["id"].as_str().expect("an id"))).await.expect(204);
    assert!(one.me().await.is_some() && two.me().await.is_none());
    two.password(ADMIN, PASSWORD).await.expect(200);
    two.delete("/api/me/sessions").await.expect(204);
    assert!(one.me().await.is_none() && two.me().await.is_some());
}

#[tokio::test]
async fn what_is_ended_elsewhere_is_refused_within_five_seconds() {
    let platform = platform().await;
    let mut browser = Browser::new(&platform);
    browser.password(ADMIN, PASSWORD).await.expect(200);
    assert!(browser.me().await.is_some());
    // As another process does it: this one is not told.
    let delete = Sql::new("DELETE FROM sessions");
    let write = platform.state.db.system();
    write.write(move |tx| Box::pin(async move { tx.execute(delete).await })).await.expect("written");
    let begun = std::time::Instant::now();
    while browser.me().await.is_some() {
        assert!(begun.elapsed() < std::time::Duration::from_secs(5), "revocation takes too long");
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn what_matters_asks_for_a_recent_sign_in() {
    let platform = platform().await;
    let mut browser = Browser::new(&platform);
    browser.password(ADMIN, PASSWORD).await.expect(200);
    run(&platform, "UPDATE sessions SET created_at = created_at - 960000000").await;
    for path in ["/api/me/second-factor", "/api/me/passkeys/challenge", "/api/me/recovery-codes"] {
        assert_eq!(browser.post(path, Value::Null).await.expect(403)["code"], "sign_in_again", "{path}");
    }
    assert!(browser.me().await.is_some(), "the session itself is good");
}

async fn statuses<'a>(count: usize, call: impl Fn() -> crate::common::Call<'a>) -> Vec<u16> {
    let mut all = Vec::new();
    for _ in 0..count {
        let answer = call().send().await;
        assert_eq!(answer.status == 429, answer.headers.contains_key("retry-after"));
        all.push(answer.status.as_u16());
    }
    all
}

#[tokio::test]
async fn too_many_requests_are_told_when_to_come_back() {
    let platform = platform().await;
    let rates = bifrost_signin::throttle::Rates { per_key: 3, per_address: 2, sign_in: 4 };
    let settings =
        bifrost_signin::Settings { rates, ..bifrost_signin::Settings::at(PUBLIC_URL).expect("an address") };
    let mut state = platform.state.clone();
    let sign_in = bifrost_signin::SignIn::new(state.db.clone(), state.keyring.clone(), settings, None);
    state.sign_in = sign_in.expect("signing in");
    let platform = platform.with(state);
    let own = statuses(9, || platform.get("/api/me").key(&platform.own.user)).await;
    assert!(own[..6].iter().all(|status| *status == 200) && own.contains(&429), "{own:?}");
    platform.get("/api/me").key(&platform.own.admin).send().await.expect(200);
    let bad = statuses(9, || platform.get("/api/me").header("x-bifrost-key", "bfr_wrong")).await;
    assert!(bad[..4].iter().all(|status| *status == 401) && bad.contains(&429), "{bad:?}");
    platform.get("/api/me").key(&platform.own.admin).send().await.expect(200);
    let wrong = json!({ "email": "x@own.example", "password": "wrong wrong wrong" });
    let steps = statuses(6, || platform.post("/api/sign-in/password").json(wrong.clone())).await;
    assert!(
        steps[..4].iter().all(|status| *status == 401) && steps[4..].iter().all(|status| *status == 429),
        "{steps:?}"
    );
}
