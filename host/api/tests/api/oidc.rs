//! Sign-in at a real OpenID provider (`tests/oidc`), and what must not work there.

use crate::common::browser::Browser;
use crate::common::idp::{Idp, SECRET};
use crate::common::{PUBLIC_URL, Platform};
use bifrost_store::organizations::{self, OrganizationChange};
use bifrost_store::users;
use serde_json::{Value, json};

async fn platform() -> Platform {
    let platform = Platform::new().await;
    let change = OrganizationChange { domain: Some(Some("own.example".into())), ..Default::default() };
    organizations::update(&platform.state.db, platform.own.id, change).await.expect("changed");
    platform
}

/// Adds the provider; returns its id.
async fn add(platform: &Platform, idp: &Idp, changes: Value) -> String {
    let mut body = json!({
        "name": "Example", "kind": "oidc", "issuer": idp.issuer, "client_id": "bifrost",
        "client_secret": SECRET, "creates_users": true,
    });
    body.as_object_mut().expect("an object").extend(changes.as_object().expect("an object").clone());
    let call = platform.post("/api/identity-providers").key(&platform.root).json(body);
    let made = call.send().await.expect(201);
    assert_eq!(made["has_client_secret"], true);
    assert!(!made.to_string().contains(SECRET));
    made["id"].as_str().expect("an id").to_owned()
}

fn location(answer: &crate::common::Answer) -> String {
    assert_eq!(answer.status, 303, "{}", answer.text);
    answer.headers["location"].to_str().expect("text").to_owned()
}

/// Leads a browser to the provider; returns the address there.
async fn leave(browser: &mut Browser<'_>, id: &str, query: &str) -> String {
    location(&browser.get(&format!("/api/sign-in/providers/{id}{query}")).await)
}

/// The whole way; returns the answer of the callback.
async fn go(browser: &mut Browser<'_>, idp: &Idp, id: &str, query: &str) -> crate::common::Answer {
    let there = leave(browser, id, query).await;
    let back = idp.visit(&there).await;
    let call = browser.platform.get(&back);
    browser.send_from("cross-site", call).await
}

#[tokio::test]
async fn people_sign_in_at_a_provider() {
    let (platform, idp) = (platform().await, Idp::start().await);
    let id = add(&platform, &idp, json!({})).await;
    let mut browser = Browser::new(&platform);
    let there = leave(&mut browser, &id, "").await;
    for part in
        ["code_challenge_method=S256", "nonce=", "state=", "scope=openid+email+profile", "response_type=code"]
    {
        assert!(there.contains(part), "{part} in {there}");
    }
    let answer = go(&mut browser, &idp, &id, "?return_to=/executions%3Fx%3D1").await;
    assert_eq!(location(&answer), "/executions?x=1");
    assert_eq!(
        browser.me().await.as_deref(),
        Some("ada@own.example"),
        "made, in the organization of the domain"
    );
    let again = go(&mut Browser::new(&platform), &idp, &id, "").await;
    assert_eq!(location(&again), "/");
    let org = platform.state.db.org(platform.own.id);
    let all = users::list(&org, users::Filters::default()).await.expect("listed");
    assert_eq!(all.iter().filter(|user| user.name == "Ada Lovelace").count(), 1, "made once");

    // Somebody who is there already is linked.
    idp.become_account("admin").await;
    let mut admin = Browser::new(&platform);
    location(&go(&mut admin, &idp, &id, "").await);
    assert_eq!(admin.me().await.as_deref(), Some("admin@own.example"));

    let off = platform.call(http::Method::PATCH, format!("/api/identity-providers/{id}")).key(&platform.root);
    off.json(json!({ "is_enabled": false })).send().await.expect(200);
    browser.get(&format!("/api/sign-in/providers/{id}")).await.expect(404);
    assert!(admin.me().await.is_some(), "sessions go on");
}

#[tokio::test]
async fn an_invitation_is_accepted_at_a_provider() {
    let (platform, idp) = (platform().await, Idp::start().await);
    let id = add(&platform, &idp, json!({ "creates_users": false })).await;
    let invite = |email| platform.invite(email, "Invited", bifrost_core::Role::OrgAdmin);
    let mut browser = Browser::new(&platform);
    // Without one nobody is made, and one for somebody else does not count.
    go(&mut browser, &idp, &id, "").await.expect(403);
    let other = invite("other@own.example").await;
    go(&mut browser, &idp, &id, &format!("?invitation={other}")).await.expect(403);
    assert_eq!(browser.me().await, None);
    let token = invite("ada@own.example").await;
    location(&go(&mut browser, &idp, &id, &format!("?invitation={token}")).await);
    assert_eq!(browser.get("/api/me").await.expect(200)["role"], "org_admin");
    location(&go(&mut Browser::new(&platform), &idp, &id, "").await);
}

#[tokio::test]
async fn a_provider_vouches_for_what_it_verified() {
    let (platform, idp) = (platform().await, Idp::start().await);
    let id = add(&platform, &idp, json!({})).await;
    for account in ["liar", "stranger", "silent"] {
        idp.become_account(account).await;
        let mut browser = Browser::new(&platform);
        go(&mut browser, &idp, &id, "").await.expect(403);
        assert_eq!(browser.me().await, None, "{account}");
    }
    let patch = async |body: Value| {
        let call = platform.call(http::Method::PATCH, format!("/api/identity-providers/{id}"));
        call.key(&platform.root).json(body).send().await.expect(200)
    };
    // Domains that an administrator entered are the provider's to vouch for.
    patch(json!({ "domains": ["own.example"] })).await;
    let mut silent = Browser::new(&platform);
    location(&go(&mut silent, &idp, &id, "").await);
    assert_eq!(silent.me().await.as_deref(), Some("silent@own.example"));
    idp.become_account("liar").await;
    go(&mut Browser::new(&platform), &idp, &id, "").await.expect(403);
    idp.become_account("ada").await;
    patch(json!({ "domains": ["elsewhere.example"] })).await;
    go(&mut Browser::new(&platform), &idp, &id, "").await.expect(403);
    patch(json!({ "domains": [] })).await;
    location(&go(&mut Browser::new(&platform), &idp, &id, "").await);
}

/// State mix-up: an answer that belongs to another browser, another sign-in or another
/// provider.
#[tokio::test]
async fn answers_are_bound_to_browser_and_provider() {
    let (platform, idp) = (platform().await, Idp::start().await);
    let other_idp = Idp::start().await;
    let id = add(&platform, &idp, json!({})).await;
    let other = add(&platform, &other_idp, json!({ "name": "Other" })).await;

    // The attacker stops before the callback, and sends the victim there.
    let mut attacker = Browser::new(&platform);
    let there = leave(&mut attacker, &id, "").await;
    let theirs = idp.visit(&there).await;
    let mut victim = Browser::new(&platform);
    assert_eq!(victim.get(&theirs).await.expect(409)["code"], "expired", "without a sign-in of its own");
    let there = leave(&mut victim, &id, "").await;
    assert_eq!(victim.get(&theirs).await.expect(409)["code"], "wrong_answer", "over one of its own");
    assert_eq!(victim.me().await, None);
    let own = idp.visit(&there).await;
    assert_eq!(victim.get(&own).await.expect(409)["code"], "expired", "which is over then");

    // The attacker's code under the victim's own state: PKCE and nonce do not fit.
    let there = leave(&mut victim, &id, "").await;
    let own = idp.visit(&there).await;
    let state = own.split("state=").nth(1).and_then(|rest| rest.split('&').next()).expect("a state");
    let mut again = Browser::new(&platform);
    let there = leave(&mut again, &id, "").await;
    let theirs = idp.visit(&there).await;
    let code = theirs.split("code=").nth(1).and_then(|rest| rest.split('&').next()).expect("a code");
    let path = format!("/api/sign-in/providers/{id}/callback");
    assert_eq!(
        victim.get(&format!("{path}?code={code}&state={state}")).await.expect(409)["code"],
        "provider_failed"
    );
    assert_eq!(victim.me().await, None);

    // One provider's answer at the other's address, and one that names another issuer.
    let there = leave(&mut victim, &id, "").await;
    let own = idp.visit(&there).await;
    victim.get(&own.replace(&id, &other)).await.expect(409);
    let there = leave(&mut victim, &id, "").await;
    let own = idp.visit(&there).await;
    let mixed = own.split("&iss=").next().expect("text").to_owned() + "&iss=https://evil.example";
    assert_eq!(victim.get(&mixed).await.expect(409)["code"], "wrong_answer");
    let refused = format!("{path}?error=access_denied&state=x");
    leave(&mut victim, &id, "").await;
    victim.get(&refused).await.expect(409);
    assert_eq!(victim.me().await, None);

    // The control: the same steps with what belongs together. A second time they are over.
    let there = leave(&mut victim, &id, "").await;
    let own = idp.visit(&there).await;
    assert_eq!(location(&victim.get(&own).await), "/");
    assert_eq!(victim.me().await.as_deref(), Some("ada@own.example"));
    assert_eq!(victim.get(&own).await.expect(409)["code"], "expired");
}

#[tokio::test]
async fn nobody_is_sent_elsewhere() {
    let (platform, idp) = (platform().await, Idp::start().await);
    let id = add(&platform, &idp, json!({})).await;
    let mut browser = Browser::new(&platform);
    for elsewhere in [
        "https://evil.example",
        "//evil.example",
        "/\\evil.example",
        "/%09/evil.example",
        "https:evil.example",
        "/.//evil.example",
        "javascript:alert(1)",
    ] {
        let escaped: String = elsewhere.bytes().map(|byte| format!("%{byte:02X}")).collect();
        let refused = browser.get(&format!("/api/sign-in/providers/{id}?return_to={escaped}")).await;
        if elsewhere == "/%09/evil.example" {
            // Twice escaped, it is an odd path and nothing more.
            assert_eq!(refused.status, 303);
            continue;
        }
        assert_eq!(refused.expect(422)["field"], "return_to", "{elsewhere}");
    }
    let answer = go(&mut browser, &idp, &id, "?return_to=/forms").await;
    assert_eq!(location(&answer), "/forms");
}

#[tokio::test]
async fn providers_are_checked_when_they_are_entered() {
    let (platform, idp) = (platform().await, Idp::start().await);
    let create = async |changes: Value| {
        let mut body = json!({ "name": "X", "kind": "oidc", "issuer": idp.issuer, "client_id": "bifrost" });
        body.as_object_mut().expect("an object").extend(changes.as_object().expect("an object").clone());
        platform.post("/api/identity-providers").key(&platform.root).json(body).send().await
    };
    let shared = "https://login.microsoftonline.com/common/v2.0";
    let tenant = "https://login.microsoftonline.com/11111111-1111-1111-1111-111111111111/v2.0";
    for (changes, field) in [
        (json!({ "issuer": "http://10.0.0.1" }), "issuer"),
        (json!({ "issuer": "ftp://127.0.0.1" }), "issuer"),
        (json!({ "issuer": "nonsense" }), "issuer"),
        (json!({ "issuer": format!("{}/other", idp.issuer) }), "issuer"),
        (json!({ "issuer": "http://127.0.0.1:1" }), "issuer"),
        (json!({ "kind": "google" }), "issuer"),
        (json!({ "kind": "microsoft", "issuer": shared, "domains": ["own.example"] }), "issuer"),
        (json!({ "kind": "microsoft", "issuer": tenant }), "domains"),
        (json!({ "scopes": ["email"] }), "scopes"),
        (json!({ "scopes": ["openid", "a b"] }), "scopes"),
        (json!({ "domains": ["@own.example"] }), "domains"),
        (json!({ "name": " " }), "name"),
    ] {
        assert_eq!(create(changes.clone()).await.expect(422)["field"], field, "{changes}");
    }
    let made = create(json!({ "client_secret": SECRET })).await.expect(201);
    let id = made["id"].as_str().expect("an id");
    assert_eq!(made["redirect_uri"], format!("{PUBLIC_URL}/api/sign-in/providers/{id}/callback"));
    create(json!({})).await.expect(409);
    let other = Idp::start().await;
    let patch =
        platform.call(http::Method::PATCH, format!("/api/identity-providers/{id}")).key(&platform.root);
    let moved = patch.json(json!({ "issuer": other.issuer })).send().await.expect(422);
    assert_eq!(moved["field"], "client_secret", "a secret does not go to another place by itself");
    for entry in platform.audited().await {
        assert!(!entry.to_string().contains(SECRET));
    }
}

#[tokio::test]
async fn whoever_sits_before_a_browser_reads_what_is_wrong_on_the_sign_in_page() {
    let platform = Platform::new().await;
    let path = format!("/api/sign-in/providers/{}/callback?code=x&state=y", uuid::Uuid::now_v7());
    let program = platform.get(&*path).send().await;
    let code = program.expect(409)["code"].as_str().expect("a code").to_owned();
    let page = platform.get(path).header("accept", "text/html").send().await;
    assert_eq!(page.headers["location"], format!("{PUBLIC_URL}/sign-in?problem={code}"));
    page.expect(303);
}

#[tokio::test]
async fn a_provider_and_whoever_comes_from_there_are_written_down() {
    let (platform, idp) = (platform().await, Idp::start().await);
    let said = async |action: &str| {
        let done = |entry: &Value| {
            entry["action"] == action && entry["outcome"] == "done" && entry["target"].is_string()
        };
        platform.audited().await.into_iter().filter(done).collect::<Vec<_>>()
    };
    let id = add(&platform, &idp, json!({})).await;
    let made = said("identity_provider.create").await;
    assert_eq!(made.len(), 1, "{made:?}");
    assert_eq!(made[0]["target"], format!("identity_provider:{id}"));
    assert_eq!(made[0]["actor"]["id"], json!(platform.root.user));
    let body = json!({ "name": "X", "kind": "oidc", "issuer": idp.issuer, "client_id": "other" });
    let refused = platform.post("/api/identity-providers").key(&platform.own.admin).json(body);
    refused.send().await.expect(403);
    assert_eq!(said("identity_provider.create").await.len(), 1);

    let mut browser = Browser::new(&platform);
    let there = leave(&mut browser, &id, "").await;
    assert!(said("session.begin").await.is_empty(), "nobody has come back");
    let back = idp.visit(&there).await;
    assert_eq!(location(&browser.send_from("cross-site", platform.get(&back)).await), "/");
    let org = platform.state.db.org(platform.own.id);
    let people = users::list(&org, users::Filters::default()).await.expect("listed");
    let ada = people.iter().find(|user| user.email == "ada@own.example").expect("made");
    for action in ["user.create", "identity.link"] {
        let target = format!("user:{}", ada.id);
        assert_eq!(
            said(action).await.iter().filter(|entry| entry["target"] == target).count(),
            1,
            "{action}"
        );
    }
    let begun = said("session.begin").await;
    assert_eq!(begun.len(), 1, "{begun:?}");
    let details = &begun[0]["details"];
    assert_eq!((&details["user"], &details["method"]), (&json!(ada.id), &json!("oidc")), "{begun:?}");
    // The same answer again begins nothing.
    browser.get(&back).await.expect(409);
    assert_eq!(said("session.begin").await.len(), 1);
}
