//! The platform's own settings: its name and look, its mail, and the second factor that it asks for.

use crate::common::Platform;
use crate::common::browser::{Browser, PASSWORD, add_app, add_passkey, set_password, signed_in};
use bifrost_core::Role;
use http::Method;
use serde_json::{Value, json};

const ADMIN: &str = "admin@own.example";
const USER: &str = "user@own.example";
/// As much of a PNG as tells it from others.
const PNG: &str = "iVBORw0KGgo=";

async fn put(platform: &Platform, path: &str, body: Value) -> crate::common::Answer {
    platform.call(Method::PUT, path.to_owned()).key(&platform.root).json(body).send().await
}

async fn ask_of(platform: &Platform, whom: &str) {
    put(platform, "/api/settings/sign-in", json!({ "second_factor": whom })).await.expect(200);
}

/// Where people of the own organization can sign in.
async fn with_people() -> Platform {
    let platform = Platform::deployed().await;
    for user in [platform.own.admin.user, platform.own.user.user] {
        set_password(&platform, platform.own.id, user).await;
    }
    platform
}

#[tokio::test]
async fn a_name_and_a_colour_are_shown_to_everybody() {
    let platform = with_people().await;
    let shown = async || platform.get("/api/branding").send().await;
    let own = json!({ "product_name": "Bifrost", "accent": null, "logo_url": null });
    let before = shown().await;
    assert_eq!(before.body, own);
    let path = "/api/settings/branding";
    put(&platform, path, json!({ "product_name": " Acme Flow ", "accent": "#336699" })).await.expect(200);
    let after = shown().await;
    assert_eq!(after.body, json!({ "product_name": "Acme Flow", "accent": "#336699", "logo_url": null }));
    let tag = after.headers["etag"].to_str().expect("text").to_owned();
    assert_ne!(before.headers["etag"], after.headers["etag"]);
    let again = platform.get("/api/branding").header("if-none-match", &tag).send().await;
    assert_eq!((again.status.as_u16(), again.text.as_str()), (304, ""));
    for (body, field) in [
        (json!({ "product_name": "x".repeat(41) }), "product_name"),
        (json!({ "accent": "blue" }), "accent"),
        (json!({ "accent": "#12345" }), "accent"),
        (json!({ "colour": "#123456" }), "colour"),
    ] {
        assert_eq!(put(&platform, path, body).await.expect(422)["field"], field);
    }
    assert_eq!(shown().await.body, after.body, "nothing of it was taken");
    // What authenticator apps call it.
    let mut browser = signed_in(&platform, ADMIN).await;
    let begun = browser.post("/api/me/second-factor", Value::Null).await.expect(200);
    assert!(begun["url"].as_str().expect("an address").starts_with("otpauth://totp/Acme%20Flow:"), "{begun}");
    platform.call(Method::DELETE, path).key(&platform.root).send().await.expect(204);
    assert_eq!(shown().await.body, own);
}

#[tokio::test]
async fn a_logo_is_a_picture_and_acts_nowhere() {
    let platform = Platform::new().await;
    let path = "/api/settings/branding/logo";
    platform.get("/api/branding/logo").send().await.expect(404);
    for (content, field) in [
        ("", "logo"),
        // <svg onload="alert(1)"/>
        ("PHN2ZyBvbmxvYWQ9ImFsZXJ0KDEpIi8+", "logo"),
        ("?", "content"),
    ] {
        assert_eq!(put(&platform, path, json!({ "content": content })).await.expect(422)["field"], field);
    }
    let set = put(&platform, path, json!({ "content": PNG })).await.expect(200);
    let url = set["logo_url"].as_str().expect("an address").to_owned();
    assert_eq!(platform.get("/api/branding").send().await.body["logo_url"], url);
    let logo = platform.get(&url).send().await;
    assert_eq!(logo.status, 200);
    assert_eq!(logo.headers["content-type"], "image/png");
    assert_eq!(logo.headers["x-content-type-options"], "nosniff");
    let policy = logo.headers["content-security-policy"].to_str().expect("text");
    assert!(policy.starts_with("sandbox; default-src 'none'"), "{policy}");
    let tag = logo.headers["etag"].to_str().expect("text");
    assert_eq!(platform.get(&url).header("if-none-match", tag).send().await.status, 304);
    platform.call(Method::DELETE, path).key(&platform.root).send().await.expect(204);
    platform.get(&url).send().await.expect(404);
}

#[tokio::test]
async fn changes_stand_in_the_audit_log() {
    let platform = Platform::new().await;
    put(&platform, "/api/settings/branding", json!({ "product_name": "Acme" })).await.expect(200);
    ask_of(&platform, "everyone").await;
    let log = platform.audited().await;
    let of =
        |field: &str| log.iter().find(|entry| !entry["details"][field].is_null()).expect("an entry").clone();
    assert_eq!(of("branding")["details"]["branding"]["to"]["product_name"], "Acme");
    let policy = of("second_factor");
    assert_eq!(policy["details"]["second_factor"], json!({ "from": "off", "to": "everyone" }));
    assert_eq!((&policy["action"], &policy["target"]), (&json!("settings.set"), &json!("settings:platform")));
}

#[tokio::test]
async fn engines_are_for_operators() {
    let platform = Platform::new().await;
    let about = async |key| platform.get("/api/about").key(key).send().await.expect(200);
    let user = about(&platform.own.user).await;
    assert_eq!((&user["license"], &user["engines"]), (&json!("AGPL-3.0-only"), &Value::Null));
    let version = platform.get("/api/version").send().await.expect(200);
    assert_eq!(user["version"], version["version"]);
    let engines = json!({ "database": "SQLite", "queue": null, "bus": "embedded", "objects": "embedded" });
    assert_eq!(about(&platform.root).await["engines"], engines);
}

#[tokio::test]
async fn mail_that_is_not_there_is_said() {
    let platform = Platform::new().await;
    let settings = platform.get("/api/settings").key(&platform.root).send().await.expect(200);
    assert_eq!((&settings["mail"], &settings["second_factor"]), (&Value::Null, &json!("off")));
    let refused = platform.post("/api/settings/mail/test").key(&platform.root).send().await.expect(409);
    assert_eq!(refused["code"], "not_delivered");
    assert!(refused["detail"].as_str().is_some_and(|said| said.contains("BIFROST_SMTP_HOST")), "{refused}");
}

#[tokio::test]
async fn without_a_second_factor_nothing_else_works() {
    let platform = with_people().await;
    // It has begun before anybody asked for more.
    let mut old = signed_in(&platform, ADMIN).await;
    let mut user = signed_in(&platform, USER).await;
    assert!(old.me().await.is_some());
    ask_of(&platform, "administrators").await;
    assert!(user.me().await.is_some(), "of administrators only");
    let mut fresh = signed_in(&platform, ADMIN).await;
    for browser in [&mut old, &mut fresh] {
        for path in ["/api/me", "/api/workflows", "/api/config", "/api/me/sessions", "/api/users", "/metrics"]
        {
            assert_eq!(browser.get(path).await.expect(403)["code"], "second_factor_required", "{path}");
        }
        let key = json!({ "name": "k", "email": ADMIN, "role": "org_admin" });
        let change = json!({ "current_password": PASSWORD, "new_password": "a better password" });
        for call in [
            platform.post("/api/keys").json(key),
            platform.post("/api/device/BBBB-BBBB/approve"),
            platform.post("/api/me/recovery-codes"),
            platform.call(Method::DELETE, "/api/me/second-factor"),
            platform.call(Method::PUT, "/api/me/password").json(change),
            platform.get("/ws/connect").header("connection", "upgrade").header("upgrade", "websocket"),
        ] {
            assert_eq!(browser.send(call).await.expect(403)["code"], "second_factor_required");
        }
        let own = browser.get("/api/me/sign-in").await.expect(200);
        assert_eq!((&own["needs_second_factor"], &own["has_second_factor"]), (&json!(true), &json!(false)));
    }
    add_app(&mut fresh).await;
    assert_eq!(fresh.me().await.as_deref(), Some(ADMIN));
    assert_eq!(fresh.get("/api/me/sign-in").await.expect(200)["needs_second_factor"], false);
    old.get("/api/me").await.expect(401);

    ask_of(&platform, "everyone").await;
    user.get("/api/me").await.expect(403);
    user.post("/api/sign-out", Value::Null).await.expect(204);
    // An invitation is no way around.
    let token = platform.invite("new@own.example", "New", Role::OrgUser).await;
    let body = json!({ "token": token, "password": PASSWORD });
    let mut invited = Browser::new(&platform);
    invited.post("/api/sign-in/invitation", body).await.expect(200);
    invited.get("/api/me").await.expect(403);
    add_passkey(&mut invited).await;
    assert_eq!(invited.me().await.as_deref(), Some("new@own.example"));
    // Keys are for programs, whoever they act for.
    platform.get("/api/me").key(&platform.own.admin).send().await.expect(200);
    ask_of(&platform, "off").await;
    assert!(signed_in(&platform, USER).await.me().await.is_some());
}

#[tokio::test]
async fn a_password_alone_adds_nothing_beside_a_passkey() {
    let platform = with_people().await;
    let mut key = add_passkey(&mut signed_in(&platform, ADMIN).await).await;
    ask_of(&platform, "everyone").await;
    // Whoever has stolen the password.
    let mut thief = signed_in(&platform, ADMIN).await;
    let own = thief.get("/api/me/sign-in").await.expect(200);
    let id = own["passkeys"][0]["id"].as_str().expect("an id");
    for path in ["/api/me/second-factor", "/api/me/passkeys/challenge", "/api/me/passkeys"] {
        let body = json!({ "name": "x", "credential": {} });
        assert_eq!(thief.post(path, body).await.expect(403)["code"], "second_factor_required", "{path}");
    }
    thief.post("/api/me/second-factor/confirm", json!({ "code": "000000" })).await.expect(403);
    thief.delete(&format!("/api/me/passkeys/{id}")).await.expect(403);
    // The owner has it at hand.
    let mut owner = Browser::new(&platform);
    let challenge = owner.post("/api/sign-in/passkey/challenge", Value::Null).await.expect(200);
    owner.post("/api/sign-in/passkey", json!({ "credential": key.get(&challenge) })).await.expect(200);
    assert_eq!(owner.me().await.as_deref(), Some(ADMIN));
    // A changed password keeps what the session was begun with.
    let change = json!({ "current_password": PASSWORD, "new_password": "a better password" });
    owner.send(platform.call(Method::PUT, "/api/me/password").json(change)).await.expect(204);
    assert_eq!(owner.me().await.as_deref(), Some(ADMIN));
    // Who has lost it is helped by an administrator.
    let path = format!("/api/users/{}/password-link", platform.own.admin.user);
    let body = json!({ "reset_second_factor": true });
    let link = platform.post(path).key(&platform.own.admin).json(body).send().await.expect(201);
    let mut helped = Browser::new(&platform);
    let body = json!({ "token": link["token"], "password": PASSWORD });
    helped.post("/api/sign-in/link", body).await.expect(200);
    helped.get("/api/me").await.expect(403);
    add_app(&mut helped).await;
    assert_eq!(helped.me().await.as_deref(), Some(ADMIN));
}

#[tokio::test]
async fn nobody_locks_themselves_out() {
    let platform = Platform::new().await;
    set_password(&platform, platform.provider, platform.root.user).await;
    let mut root = Browser::new(&platform);
    root.password("root@provider.example", PASSWORD).await.expect(200);
    let policy = |whom: &str| {
        platform.call(Method::PUT, "/api/settings/sign-in").json(json!({ "second_factor": whom }))
    };
    for whom in ["administrators", "everyone"] {
        assert_eq!(root.send(policy(whom)).await.expect(409)["code"], "own_second_factor");
    }
    root.send(policy("nobody")).await.expect(422);
    add_app(&mut root).await;
    root.send(policy("everyone")).await.expect(200);
    assert!(root.me().await.is_some());
}
