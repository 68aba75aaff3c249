//! Whatever people change in how they sign in stands in the audit log. Every operation for
//! them that could change something is a step of this test.

use crate::common::authenticator::Authenticator;
use crate::common::browser::{self, Browser, PASSWORD, set_password};
use crate::common::{Answer, Call, PUBLIC_URL, Platform};
use bifrost_core::Role;
use bifrost_store::sign_in::set_up;
use http::Method;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// Where the operations are that people do for themselves.
pub const PREFIXES: [&str; 4] = ["/api/sign-", "/api/set-up", "/api/me/", "/api/device/"];

/// Operations that only begin a step: what they keep is for the next one, and opens nothing.
const BEGINNINGS: [(&str, &str); 4] = [
    ("POST", "/api/device/code"),
    ("POST", "/api/me/passkeys/challenge"),
    ("POST", "/api/me/second-factor"),
    ("POST", "/api/sign-in/passkey/challenge"),
];

struct Steps<'a> {
    platform: &'a Platform,
    done: BTreeSet<(String, String)>,
}

impl<'a> Steps<'a> {
    /// One operation: it succeeds, and the log has this action then.
    async fn step(
        &mut self,
        browser: &mut Browser<'a>,
        operation: (&str, &str),
        call: Call<'a>,
        action: &str,
    ) -> Answer {
        let before = self.platform.audited().await.len();
        let answer = browser.send(call).await;
        assert!(answer.status.is_success(), "{operation:?}: {} {}", answer.status, answer.text);
        let after = self.platform.audited().await;
        let said = |entry: &&Value| {
            entry["action"] == action && entry["outcome"] == "done" && entry["target"].is_string()
        };
        assert!(after[before..].iter().any(|entry| said(&entry)), "{operation:?}: {:?}", &after[before..]);
        self.done.insert((operation.0.to_owned(), operation.1.to_owned()));
        answer
    }

    async fn post(&mut self, browser: &mut Browser<'a>, path: &str, body: Value, action: &str) -> Answer {
        self.step(browser, ("POST", path), self.platform.post(path).json(body), action).await
    }
}

fn form<'a>(platform: &'a Platform, path: &'static str, body: String) -> Call<'a> {
    platform.post(path).raw(body).header("content-type", "application/x-www-form-urlencoded")
}

/// The codes of a command line that waits to be signed in: its own, and the one that people type.
pub async fn device(platform: &Platform) -> (String, String) {
    let code = form(platform, "/api/device/code", "client_id=bifrost-cli".into()).send().await.expect(200);
    let text = |field: &str| code[field].as_str().expect("text").to_owned();
    (text("device_code"), text("user_code"))
}

#[tokio::test]
async fn every_step_that_changes_something_writes_an_entry() {
    let platform = Platform::new().await;
    set_password(&platform, platform.own.id, platform.own.admin.user).await;
    let mut steps = Steps { platform: &platform, done: BTreeSet::new() };
    let (mut here, mut there) = (Browser::new(&platform), Browser::new(&platform));

    let token = set_up::offer(&platform.state.db).await.expect("made").expect("nobody can sign in");
    let first = json!({ "token": token, "email": "ada@p.example", "name": "Ada", "password": PASSWORD });
    steps.post(&mut there, "/api/set-up", first, "set_up.complete").await;
    let password = || json!({ "email": "admin@own.example", "password": PASSWORD });
    steps.post(&mut here, "/api/sign-in/password", password(), "session.begin").await;

    let begun = here.post("/api/me/second-factor", Value::Null).await.expect(200);
    let secret = begun["secret"].as_str().expect("a secret");
    let code = || json!({ "code": browser::code(secret) });
    steps.post(&mut here, "/api/me/second-factor/confirm", code(), "second_factor.add").await;
    browser::next_step(&platform.state.db).await;
    there.post("/api/sign-in/password", password()).await.expect(200);
    steps.post(&mut there, "/api/sign-in/second-factor", code(), "session.begin").await;
    steps.post(&mut here, "/api/me/recovery-codes", json!({}), "recovery_codes.replace").await;

    let mut key = Authenticator::new(PUBLIC_URL);
    let challenge = here.post("/api/me/passkeys/challenge", Value::Null).await.expect(200);
    let body = json!({ "name": "Laptop", "credential": key.create(&challenge) });
    let added = steps.post(&mut here, "/api/me/passkeys", body, "passkey.add").await;
    let challenge = there.post("/api/sign-in/passkey/challenge", Value::Null).await.expect(200);
    let body = json!({ "credential": key.get(&challenge) });
    steps.post(&mut there, "/api/sign-in/passkey", body, "session.begin").await;
    let path = format!("/api/me/passkeys/{}", added.body["id"].as_str().expect("an id"));
    let operation = ("DELETE", "/api/me/passkeys/{id}");
    steps.step(&mut here, operation, platform.call(Method::DELETE, path), "passkey.remove").await;
    let operation = ("DELETE", "/api/me/second-factor");
    let call = platform.call(Method::DELETE, operation.1);
    steps.step(&mut here, operation, call, "second_factor.remove").await;

    let (code, user_code) = device(&platform).await;
    let call = platform.post(format!("/api/device/{user_code}/approve"));
    steps.step(&mut here, ("POST", "/api/device/{code}/approve"), call, "device.approve").await;
    let grant = "urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Adevice_code";
    let body = format!("client_id=bifrost-cli&grant_type={grant}&device_code={code}");
    let call = form(&platform, "/api/device/token", body);
    steps.step(&mut Browser::new(&platform), ("POST", "/api/device/token"), call, "session.begin").await;
    let (_, user_code) = device(&platform).await;
    let call = platform.post(format!("/api/device/{user_code}/deny"));
    steps.step(&mut here, ("POST", "/api/device/{code}/deny"), call, "device.deny").await;

    let sessions = here.get("/api/me/sessions").await.expect(200);
    let other =
        sessions["sessions"].as_array().expect("a list").iter().find(|one| one["is_current"] == false);
    let path = format!("/api/me/sessions/{}", other.expect("another")["id"].as_str().expect("an id"));
    let operation = ("DELETE", "/api/me/sessions/{id}");
    steps.step(&mut here, operation, platform.call(Method::DELETE, path), "session.end").await;
    let operation = ("DELETE", "/api/me/sessions");
    let call = platform.call(Method::DELETE, operation.1);
    steps.step(&mut here, operation, call, "session.end_all").await;
    let operation = ("PUT", "/api/me/password");
    let body = json!({ "current_password": PASSWORD, "new_password": "a better password" });
    let call = platform.call(Method::PUT, operation.1).json(body);
    steps.step(&mut here, operation, call, "password.set").await;
    steps.post(&mut here, "/api/sign-out", Value::Null, "session.end").await;

    let link = format!("/api/users/{}/password-link", platform.own.user.user);
    let link = platform.post(link).key(&platform.own.admin).json(json!({})).send().await.expect(201);
    let body = json!({ "token": link["token"], "password": PASSWORD });
    steps.post(&mut here, "/api/sign-in/link", body, "password.set").await;
    let token = platform.invite("new@own.example", "New", Role::OrgUser).await;
    let body = json!({ "token": token, "password": PASSWORD });
    steps.post(&mut here, "/api/sign-in/invitation", body, "invitation.accept").await;

    let api = serde_json::to_value(bifrost_api::openapi()).expect("json");
    let mut all = BTreeSet::new();
    for (path, item) in api["paths"].as_object().expect("paths") {
        if PREFIXES.iter().any(|prefix| path.starts_with(prefix)) {
            let methods = item.as_object().expect("an item").keys().map(|method| method.to_uppercase());
            all.extend(methods.filter(|method| method != "GET").map(|method| (method, path.clone())));
        }
    }
    all.retain(|(method, path)| !BEGINNINGS.contains(&(method.as_str(), path.as_str())));
    assert_eq!(all, steps.done, "the left side is the API, the right side what was tried");
    let log = format!("{:?}", platform.audited().await);
    for hidden in [PASSWORD, "a better password", secret, &token] {
        assert!(!log.contains(hidden), "the log tells {hidden}");
    }
}
