//! A browser as far as signing in needs one: it keeps cookies, and says which page sends.

use super::authenticator::Authenticator;
use super::{Answer, Call, PUBLIC_URL, Platform};
use bifrost_store::Db;
use bifrost_store::sign_in::passwords;
use http::header;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// What tests sign in with.
pub const PASSWORD: &str = "correct horse battery";

pub struct Browser<'a> {
    pub platform: &'a Platform,
    pub cookies: BTreeMap<String, String>,
}

impl<'a> Browser<'a> {
    pub fn new(platform: &'a Platform) -> Self {
        Self { platform, cookies: BTreeMap::new() }
    }

    /// A request with the cookies that it has, from a page of the platform.
    pub async fn send(&mut self, call: Call<'a>) -> Answer {
        self.send_from("same-origin", call).await
    }

    /// The same from another page, as the browser says it.
    pub async fn send_from(&mut self, site: &str, mut call: Call<'a>) -> Answer {
        let cookies: Vec<_> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        if !cookies.is_empty() {
            call = call.header("cookie", &cookies.join("; "));
        }
        let answer = call.header("sec-fetch-site", site).send().await;
        for set in answer.headers.get_all(header::SET_COOKIE) {
            let text = set.to_str().expect("text");
            assert!(text.contains("; HttpOnly") && text.contains("; SameSite=Lax"), "{text}");
            let (name, value) = text.split(';').next().and_then(|pair| pair.split_once('=')).expect("a pair");
            if value.is_empty() {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        answer
    }

    pub async fn get(&mut self, path: &str) -> Answer {
        self.send(self.platform.get(path)).await
    }

    pub async fn post(&mut self, path: &str, body: Value) -> Answer {
        self.send(self.platform.post(path).json(body)).await
    }

    pub async fn delete(&mut self, path: &str) -> Answer {
        self.send(self.platform.call(http::Method::DELETE, path.to_owned())).await
    }

    pub async fn password(&mut self, email: &str, password: &str) -> Answer {
        self.post("/api/sign-in/password", json!({ "email": email, "password": password })).await
    }

    pub fn session(&self) -> Option<String> {
        self.cookies.get("bifrost_session").cloned()
    }

    /// Who the platform takes it for.
    pub async fn me(&mut self) -> Option<String> {
        let answer = self.get("/api/me").await;
        (answer.status == 200).then(|| answer.body["email"].as_str().expect("an e-mail").to_owned())
    }
}

/// Somebody who has signed in with the tests' password alone.
pub async fn signed_in<'a>(platform: &'a Platform, email: &str) -> Browser<'a> {
    let mut browser = Browser::new(platform);
    browser.password(email, PASSWORD).await.expect(200);
    browser
}

/// Adds an authenticator app; answers its secret.
pub async fn add_app(browser: &mut Browser<'_>) -> String {
    let begun = browser.post("/api/me/second-factor", Value::Null).await.expect(200);
    let secret = begun["secret"].as_str().expect("a secret").to_owned();
    browser.post("/api/me/second-factor/confirm", json!({ "code": code(&secret) })).await.expect(200);
    secret
}

/// Adds a passkey.
pub async fn add_passkey(browser: &mut Browser<'_>) -> Authenticator {
    let mut key = Authenticator::new(PUBLIC_URL);
    let challenge = browser.post("/api/me/passkeys/challenge", Value::Null).await.expect(200);
    let body = json!({ "name": "Laptop", "credential": key.create(&challenge) });
    browser.post("/api/me/passkeys", body).await.expect(201);
    key
}

/// Gives a user the tests' password.
pub async fn set_password(
    platform: &Platform,
    organization: bifrost_core::OrganizationId,
    user: bifrost_core::UserId,
) {
    let password = zeroize::Zeroizing::new(PASSWORD.to_owned());
    let hash = platform.state.sign_in.hasher().hash(password).await.expect("a hash");
    passwords::set(&platform.state.db.org(organization), user, hash, None).await.expect("set");
}

/// The code that an app shows for a secret.
pub fn code(secret: &str) -> String {
    let secret = totp_rs::Secret::try_from_base32(secret).expect("base32");
    totp_rs::Builder::new().with_secret(secret).build().expect("an app").generate_current().to_string()
}

/// Lets the step of the last code be used again, as if half a minute had passed.
pub async fn next_step(db: &Db) {
    let sql = bifrost_store::Sql::new("UPDATE totp SET last_step = last_step - 2");
    db.system().write(move |tx| Box::pin(async move { tx.execute(sql).await })).await.expect("written");
}
