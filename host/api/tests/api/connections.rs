//! Connections of integrations: made at a real authorization server (`tests/oidc`), and what must
//! not work.

use crate::common::browser::{Browser, PASSWORD, set_password};
use crate::common::idp::{Idp, SECRET};
use crate::common::made::{connection, integration};
use crate::common::web::{FakeWeb, RealWeb};
use crate::common::{Answer, Key, PUBLIC_URL, Platform};
use bifrost_core::{OrganizationId, Scope};
use bifrost_oauth::{Need, OAuth};
use bifrost_store::integrations::{Current, current as store};
use http::Method;
use serde_json::{Value, json};
use std::sync::Arc;
use url::Url;

/// A platform that reaches the servers of this machine.
async fn platform() -> Platform {
    let platform = Platform::new().await;
    let http =
        reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().expect("a client");
    let mut state = platform.state.clone();
    let (db, keys, bus) = (state.db.clone(), state.keyring.clone(), state.bus.clone());
    state.oauth = OAuth::new(db, keys, bus, Arc::new(RealWeb(http)), "test".into());
    platform.with(state)
}

fn definition(idp: &Idp, flow: &str) -> Value {
    json!({
        "name": "CRM",
        "oauth": {
            "flow": flow, "client_id": "bifrost", "scopes": ["openid", "offline_access"],
            "authorization_url": format!("{}/auth", idp.issuer), "token_url": format!("{}/token", idp.issuer),
            "parameters": { "prompt": "consent" },
        },
        "client_secret": SECRET,
    })
}

async fn make(platform: &Platform, definition: Value) -> String {
    let admin = &platform.own.admin;
    let made = platform.post("/api/integrations").key(admin).json(definition).send().await.expect(201);
    assert_eq!(made["kept"]["redirect_uri"], format!("{PUBLIC_URL}/api/oauth/callback"));
    assert!(!made.to_string().contains(SECRET));
    let body = json!({ "integration": made["name"] });
    let made = platform.post("/api/oauth/connections").key(admin).json(body).send().await.expect(201);
    assert_eq!(made["status"], "not_connected");
    format!("/api/oauth/connections/{}", made["id"].as_str().expect("an id"))
}

async fn signed_in<'a>(
    platform: &'a Platform,
    key: &Key,
    organization: OrganizationId,
    email: &str,
) -> Browser<'a> {
    set_password(platform, organization, key.user).await;
    let mut browser = Browser::new(platform);
    browser.password(email, PASSWORD).await.expect(200);
    browser
}

async fn admin(platform: &Platform) -> Browser<'_> {
    signed_in(platform, &platform.own.admin, platform.own.id, "admin@own.example").await
}

/// Begins in a browser; answers the address at the authorization server.
async fn begin(browser: &mut Browser<'_>, path: &str) -> String {
    let begun =
        browser.post(&format!("{path}/authorize"), json!({ "return_to": "/integrations" })).await.expect(200);
    begun["url"].as_str().expect("an address").to_owned()
}

fn state_of(address: &str) -> String {
    let url = Url::parse(PUBLIC_URL).and_then(|base| base.join(address)).expect("an address");
    let state = url.query_pairs().find(|(name, _)| name == "state").expect("a state").1;
    state.into_owned()
}

/// Comes back from the authorization server.
async fn come_back<'a>(browser: &mut Browser<'a>, path: &str) -> Answer {
    let call = browser.platform.get(path);
    browser.send_from("cross-site", call).await
}

async fn current(platform: &Platform, path: &str) -> Current {
    let id = path.rsplit_once('/').expect("a path").1.parse().expect("an id");
    store::get(&platform.state.db.org(platform.own.id), &platform.state.keyring, id).await.expect("there")
}

#[tokio::test]
async fn a_person_agrees_and_the_platform_renews() {
    let (platform, idp) = (platform().await, Idp::start().await);
    let path = make(&platform, definition(&idp, "authorization_code")).await;
    let mut browser = admin(&platform).await;
    let url = begin(&mut browser, &path).await;
    let sent = Url::parse(&url).expect("an address");
    let query: std::collections::BTreeMap<_, _> = sent.query_pairs().into_owned().collect();
    assert_eq!((query["code_challenge_method"].as_str(), query["response_type"].as_str()), ("S256", "code"));
    assert_eq!((query["prompt"].as_str(), query["scope"].as_str()), ("consent", "openid offline_access"));
    let back = idp.visit(&url).await;
    let answer = come_back(&mut browser, &back).await;
    assert_eq!(
        (answer.status.as_u16(), &answer.headers["location"]),
        (303, &"/integrations".parse().expect("a path"))
    );
    assert_eq!(idp.count("authorization_code", "granted").await, 1);
    let made = platform.get(&path).key(&platform.own.admin).send().await.expect(200);
    assert_eq!((&made["status"], &made["renews"]), (&json!("connected"), &json!(true)));
    assert_eq!(made["connected_by"], json!(platform.own.admin.user));
    let first = current(&platform, &path).await.tokens.expect("tokens");
    let secrets =
        [&first.access_token, &first.refresh_token].map(|one| one.as_ref().expect("there").to_string());
    assert!(secrets.iter().all(|secret| !made.to_string().contains(secret)));

    // The same answer again leads nowhere.
    assert_eq!(come_back(&mut browser, &back).await.expect(409)["code"], "expired");

    // Refresh tokens rotate: each renewal has the one of before.
    for round in 1..=3 {
        platform.post(format!("{path}/refresh")).key(&platform.own.admin).send().await.expect(200);
        assert_eq!(idp.count("refresh_token", "granted").await, round);
    }
    let last = current(&platform, &path).await.tokens.expect("tokens");
    assert!(last.refresh_token != first.refresh_token && last.access_token != first.access_token);

    // Many at the moment at which it expires.
    let (id, scope) = (current(&platform, &path).await.connection.id, Scope::Organization(platform.own.id));
    let version = current(&platform, &path).await.connection.version;
    let old = bifrost_store::Sql::new("UPDATE oauth_connections SET refreshed_at = $1, expires_at = $1")
        .bind(bifrost_store::now());
    platform
        .state
        .db
        .org(platform.own.id)
        .write(move |tx| Box::pin(async move { tx.execute(old).await }))
        .await
        .expect("old");
    let all = (0..200).map(|_| platform.state.oauth.access(scope, id, Need::Good));
    for one in futures::future::join_all(all).await {
        assert_eq!(one.expect("renewed").connection.version, version + 1);
    }
    assert_eq!(
        (idp.count("refresh_token", "granted").await, idp.count("refresh_token", "refused").await),
        (4, 0)
    );

    let gone = platform.post(format!("{path}/disconnect")).key(&platform.own.admin).send().await.expect(200);
    assert_eq!(gone["status"], "not_connected");
    let refused = platform.post(format!("{path}/refresh")).key(&platform.own.admin).send().await.expect(409);
    assert!(refused["detail"].as_str().expect("text").contains("nobody has connected it yet"));
    let log: Vec<_> = platform.audited().await.iter().map(|entry| entry["action"].clone()).collect();
    for action in ["authorize", "connect", "refresh", "disconnect"] {
        assert!(log.contains(&json!(format!("oauth_connection.{action}"))), "{action} is not in {log:?}");
    }
    let log = platform.audited().await;
    assert!(
        secrets.iter().all(|secret| !json!(log).to_string().contains(secret))
            && !json!(log).to_string().contains(SECRET)
    );
}

#[tokio::test]
async fn an_answer_is_for_whoever_began() {
    let (platform, idp) = (platform().await, Idp::start().await);
    let path = make(&platform, definition(&idp, "authorization_code")).await;
    let mut browser = admin(&platform).await;
    let url = begin(&mut browser, &path).await;
    let back = idp.visit(&url).await;
    // Nobody, a key, another person, the same person elsewhere: none of them ends it.
    platform.get(&back).send().await.expect(401);
    platform.get(&back).key(&platform.own.admin).send().await.expect(403);
    let mut stranger =
        signed_in(&platform, &platform.foreign.admin, platform.foreign.id, "admin@foreign.example").await;
    assert_eq!(come_back(&mut stranger, &back).await.expect(409)["code"], "expired");
    let mut elsewhere = Browser::new(&platform);
    elsewhere.password("admin@own.example", PASSWORD).await.expect(200);
    assert_eq!(come_back(&mut elsewhere, &back).await.expect(409)["code"], "expired");
    let mut user = signed_in(&platform, &platform.own.user, platform.own.id, "user@own.example").await;
    come_back(&mut user, &back).await.expect(403);
    // A state of one's own with the code of somebody else is nothing: the verifier does not fit.
    let mine = begin(&mut elsewhere, &path).await;
    let (own, foreign) = (state_of(&mine), state_of(&back));
    assert_ne!(own, foreign);
    let mixed = come_back(&mut elsewhere, &back.replace(&foreign, &own)).await.expect(409);
    assert_eq!(mixed["code"], "connection_failed");
    assert_eq!(current(&platform, &path).await.connection.version, 0);
    // What was begun later has ended the first.
    assert_eq!(come_back(&mut browser, &back).await.expect(409)["code"], "expired");
    // Whoever sits before a browser is told where they can go on.
    let call = browser.platform.get(&back).header("accept", "text/html");
    let page = browser.send_from("cross-site", call).await;
    assert_eq!(page.status, 303);
    assert!(
        page.headers["location"]
            .to_str()
            .expect("text")
            .starts_with(&format!("{PUBLIC_URL}/?problem=expired"))
    );

    // A program begins, and the person ends it in their browser; they may also say no.
    let begun = platform
        .post(format!("{path}/authorize"))
        .key(&platform.own.admin)
        .json(json!({}))
        .send()
        .await
        .expect(200);
    let url = begun["url"].as_str().expect("an address").to_owned();
    let back = idp.visit(&url).await;
    assert_eq!(come_back(&mut browser, &back).await.status, 303);
    let url = begin(&mut browser, &path).await;
    let no = format!("/api/oauth/callback?state={}&error=access_denied&error_description=no", state_of(&url));
    let refused = come_back(&mut browser, &no).await.expect(409);
    assert_eq!(refused["code"], "authorization_refused");
    for path in ["https://evil.example", "//evil.example"] {
        let nowhere = format!("/api/oauth/connections/{}/authorize", uuid::Uuid::nil());
        browser.post(&nowhere, json!({ "return_to": path })).await.expect(422);
    }
}

#[tokio::test]
async fn client_credentials_need_nobody() {
    let (platform, idp) = (platform().await, Idp::start().await);
    let mut body = definition(&idp, "client_credentials");
    let oauth = body["oauth"].as_object_mut().expect("an object");
    oauth.remove("authorization_url");
    oauth.remove("parameters");
    oauth.insert("scopes".into(), json!([]));
    let path = make(&platform, body).await;
    let made = platform.post(format!("{path}/refresh")).key(&platform.own.admin).send().await.expect(200);
    assert_eq!((&made["status"], &made["renews"]), (&json!("connected"), &json!(true)));
    assert_eq!(idp.count("client_credentials", "granted").await, 1);
    // A wrong secret is said, and is no reason to try again and again.
    let change = json!({ "client_secret": "wrong" });
    let call = platform.call(Method::PATCH, "/api/integrations/CRM").key(&platform.own.admin);
    call.json(change).send().await.expect(200);
    let refused = platform.post(format!("{path}/refresh")).key(&platform.own.admin).send().await.expect(409);
    assert!(refused["detail"].as_str().expect("text").contains("invalid_client"), "{refused}");
    let shown = platform.get(&path).key(&platform.own.admin).send().await.expect(200);
    assert_eq!((&shown["status"], &shown["refresh_at"]), (&json!("failed"), &Value::Null));
    assert!(shown["error"].as_str().expect("text").contains("invalid_client"));
    let begun = platform
        .post(format!("{path}/authorize"))
        .key(&platform.own.admin)
        .json(json!({}))
        .send()
        .await
        .expect(422);
    assert_eq!(begun["field"], "connection");
}

#[tokio::test]
async fn an_administrator_consents_for_their_tenant() {
    let platform = Platform::new().await;
    let (web, mut state) = (Arc::new(FakeWeb::default()), platform.state.clone());
    let (db, keys, bus) = (state.db.clone(), state.keyring.clone(), state.bus.clone());
    state.oauth = OAuth::new(db, keys, bus, web.clone(), "test".into());
    let platform = platform.with(state);
    let (tenant, other) = ("6f9619ff-8b86-4d01-b42d-00cf4fc964ff", "0d8c1a3e-52f4-4c7b-9a51-7f1b0c2d3e4f");
    let definition = json!({
        "name": "Graph",
        "oauth": {
            "flow": "client_credentials", "client_id": "bifrost",
            "authorization_url": "https://login.microsoftonline.com/{entity_id}/v2.0/adminconsent",
            "token_url": "https://login.microsoftonline.com/{entity_id}/oauth2/v2.0/token",
            "scopes": ["https://graph.microsoft.com/.default"],
        },
        "client_secret": SECRET,
    });
    platform.post("/api/integrations").key(&platform.root).json(definition).send().await.expect(201);
    let mapping = format!("/api/integrations/Graph/mappings/{}", platform.own.id);
    let put = platform.call(Method::PUT, mapping).key(&platform.root).json(json!({ "entity_id": tenant }));
    put.send().await.expect(200);
    let new = json!({ "integration": "Graph" });
    let made =
        platform.post("/api/oauth/connections").key(&platform.own.admin).json(new).send().await.expect(201);
    let path = format!("/api/oauth/connections/{}", made["id"].as_str().expect("an id"));

    let mut browser = admin(&platform).await;
    let url = Url::parse(&begin(&mut browser, &path).await).expect("an address");
    assert_eq!(url.host_str(), Some("login.microsoftonline.com"));
    assert_eq!(url.path(), format!("/{tenant}/v2.0/adminconsent"));
    let query: std::collections::BTreeMap<_, _> = url.query_pairs().into_owned().collect();
    let keys: Vec<_> = query.keys().map(String::as_str).collect();
    assert_eq!(keys, ["client_id", "redirect_uri", "scope", "state"]);
    assert_eq!(query["client_id"], "bifrost");
    assert_eq!(query["redirect_uri"], format!("{PUBLIC_URL}/api/oauth/callback"));
    assert_eq!(query["scope"], "https://graph.microsoft.com/.default");

    // Another tenant's administrator, nobody's, and one who says no: no token is asked for.
    for (answer, said) in [
        (format!("admin_consent=True&tenant={other}"), other),
        ("admin_consent=True".to_owned(), "did not say for which tenant"),
        ("admin_consent=True&tenant=contoso.example".to_owned(), "did not say for which tenant"),
        (format!("error=access_denied&error_description=no&tenant={tenant}"), "access_denied: no"),
    ] {
        let state = state_of(&begin(&mut browser, &path).await);
        let back = format!("/api/oauth/callback?state={state}&{answer}");
        let refused = come_back(&mut browser, &back).await.expect(409);
        assert_eq!(refused["code"], "authorization_refused", "{answer}");
        assert!(refused["detail"].as_str().expect("text").contains(said), "{refused}");
        assert!(web.asked.lock().expect("not poisoned").is_empty(), "{answer}");
        let shown = platform.get(&path).key(&platform.own.admin).send().await.expect(200);
        assert_eq!(shown["status"], "not_connected", "{answer}");
    }

    let state = state_of(&begin(&mut browser, &path).await);
    let back =
        format!("/api/oauth/callback?state={state}&admin_consent=True&tenant={}", tenant.to_uppercase());
    let answer = come_back(&mut browser, &back).await;
    assert_eq!(
        (answer.status.as_u16(), &answer.headers["location"]),
        (303, &"/integrations".parse().expect("a path"))
    );
    let shown = platform.get(&path).key(&platform.own.admin).send().await.expect(200);
    assert_eq!((&shown["status"], &shown["renews"]), (&json!("connected"), &json!(true)));
    let asked = web.asked.lock().expect("not poisoned").clone();
    assert_eq!(asked.len(), 1);
    let (scope, url, form) = &asked[0];
    assert_eq!(*scope, Scope::Organization(platform.own.id));
    assert_eq!(*url, format!("https://login.microsoftonline.com/{tenant}/oauth2/v2.0/token"));
    assert!(form.contains("grant_type=client_credentials") && form.contains("graph.microsoft.com"), "{form}");
}

#[tokio::test]
async fn what_would_lead_secrets_elsewhere_is_refused() {
    let platform = Platform::new().await;
    let create = async |oauth: Value| {
        let body = json!({ "name": "X", "oauth": oauth, "client_secret": "s" });
        platform.post("/api/integrations").key(&platform.own.admin).json(body).send().await.expect(422)["field"].clone()
    };
    for url in [
        "http://169.254.169.254/token",
        "http://login.example/token",
        "https://{entity_id}/token",
        "https://user@login.example/token",
        "file:///etc/passwd",
        "https://login.example/{",
    ] {
        let oauth = json!({ "flow": "client_credentials", "client_id": "c", "token_url": url });
        assert_eq!(create(oauth).await, "oauth.token_url", "{url}");
    }
    let oauth =
        json!({ "flow": "authorization_code", "client_id": "c", "token_url": "https://login.example/token" });
    assert_eq!(create(oauth).await, "oauth.authorization_url");
    // The secret does not go to another address by itself.
    let made = integration(&platform, Scope::Organization(platform.own.id)).await;
    let mut oauth = json!(made.oauth);
    oauth["token_url"] = "https://elsewhere.example/token".into();
    let call =
        platform.call(Method::PATCH, format!("/api/integrations/{}", made.name)).key(&platform.own.admin);
    assert_eq!(call.json(json!({ "oauth": oauth })).send().await.expect(422)["field"], "client_secret");
}

#[tokio::test]
async fn a_mapping_of_the_providers_is_the_providers_to_write() {
    let platform = Platform::new().await;
    let made = integration(&platform, Scope::Global).await;
    let path = |organization| format!("/api/integrations/{}/mappings/{organization}", made.name);
    let body = json!({ "entity_id": "tenant-of-somebody-else" });
    let (own, foreign) = (platform.own.id, platform.foreign.id);
    let put = |path: String| platform.call(Method::PUT, path).json(body.clone());
    put(path(own)).key(&platform.own.admin).send().await.expect(403);
    put(path(foreign)).key(&platform.own.admin).send().await.expect(404);
    for organization in [own, foreign] {
        put(path(organization)).key(&platform.root).send().await.expect(200);
    }
    let list = format!("/api/integrations/{}/mappings", made.name);
    let all = platform.get(&list).key(&platform.root).send().await.expect(200);
    assert_eq!(all["mappings"].as_array().expect("a list").len(), 2);
    let seen = platform.get(&list).key(&platform.own.admin).send().await.expect(200);
    let seen: Vec<_> = seen["mappings"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|one| &one["organization_id"])
        .cloned()
        .collect();
    assert_eq!(seen, [json!(own)]);
    platform.call(Method::DELETE, path(own)).key(&platform.own.admin).send().await.expect(403);
    // A connection of the provider's is nothing that an organization sees.
    let global = connection(&platform, Scope::Global).await;
    let path = format!("/api/oauth/connections/{}", global.id);
    platform.get(&path).key(&platform.own.admin).send().await.expect(404);
    let all = platform.get("/api/oauth/connections").key(&platform.own.admin).send().await.expect(200);
    assert_eq!(all["connections"], json!([]));
}
