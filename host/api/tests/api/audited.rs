//! Whatever changes something says so in the audit log, in its caller's name.

use crate::authorization::{Row, rows, send, send_to};
use crate::common::browser::{Browser, PASSWORD, set_password};
use crate::common::target::Owner;
use crate::common::{Key, Platform, key};
use bifrost_api::ApiState;
use bifrost_core::*;
use bifrost_store::Sql;
use bifrost_store::audit::{self, Entry, Outcome};
use bifrost_store::identity;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Starts a run, whatever the method.
const CALLED: &str = "/api/endpoints/{id}/{slug}";

/// What changes something with `GET`, and the test that looks for what it leaves behind. All others
/// have to change nothing.
const CHANGED_BY_GET: [(&str, &str); 6] = [
    (CALLED, "audited.rs: every_operation_that_changes_something_writes_an_entry"),
    ("/api/audit/export", "audited.rs: it_is_searched_exported_and_verified"),
    // Only what an adapter remembers.
    ("/api/hooks/{id}", "adapters.rs: a_handshake_is_answered_and_is_never_a_page"),
    ("/api/oauth/callback", "connections.rs: a_person_agrees_and_the_platform_renews"),
    ("/api/sign-in/providers/{id}", "oidc.rs: a_provider_and_whoever_comes_from_there_are_written_down"),
    (
        "/api/sign-in/providers/{id}/callback",
        "oidc.rs: a_provider_and_whoever_comes_from_there_are_written_down",
    ),
];

/// Operations with a method that could change something, and do not.
const UNCHANGING: [(&str, &str); 8] = [
    ("POST", "/api/workspace/check"),
    ("POST", "/api/schedules/preview"),
    ("POST", "/api/forms/check"),
    // The run of the data provider is written down.
    ("POST", "/api/forms/{id}/options"),
    ("POST", "/api/tables/{id}/query"),
    ("POST", "/api/tables/{id}/count"),
    // What is done with the address is written down.
    ("POST", "/api/files/signed-urls"),
    ("POST", "/api/settings/mail/test"),
];

/// What somebody has read is theirs alone.
const OF_READERS: [(&str, &str); 2] =
    [("POST", "/api/notifications/read"), ("POST", "/api/notifications/{id}/read")];

/// What nobody does who is known: the delivery itself is what is written down.
const NOBODYS: [(&str, &str); 1] = [("POST", "/api/hooks/{id}")];

/// What people do for themselves, which no key can: `sign_in_audited.rs` does it and looks. A
/// provider is added only if it answers: `oidc.rs`.
fn is_peoples(method: &str, path: &str) -> bool {
    crate::sign_in_audited::PREFIXES.iter().any(|prefix| path.starts_with(prefix))
        || (method, path) == ("POST", "/api/identity-providers")
}

/// What waits to be chained, and how far it goes.
async fn waiting(state: &ApiState, after: i64) -> (Vec<Entry>, i64) {
    let sql = Sql::new("SELECT id, entry FROM audit_outbox WHERE id > $1 ORDER BY id").bind(after);
    let rows = state.db.system().read().await.expect("a connection").all(sql).await.expect("rows");
    let last = rows.last().map_or(after, |row| row.get("id").expect("an id"));
    let text = |row: &bifrost_store::Row| row.get::<String>("entry").expect("an entry");
    (rows.iter().map(|row| serde_json::from_str(&text(row)).expect("an entry")).collect(), last)
}

fn row(method: &str, path: &str) -> &'static Row {
    let found = rows().find(|row| row.method == method && row.path == path);
    found.unwrap_or_else(|| panic!("{method} {path} has no row in the authorization matrix"))
}

#[tokio::test]
async fn every_operation_that_changes_something_writes_an_entry() {
    let platform = Platform::deployed().await;
    let api = serde_json::to_value(bifrost_api::openapi()).expect("json");
    let mut silent = Vec::new();
    let mut tried = 0;
    for (path, item) in api["paths"].as_object().expect("paths") {
        for method in item.as_object().expect("an item").keys().map(|method| method.to_uppercase()) {
            if (method == "GET" && path != CALLED)
                || UNCHANGING
                    .iter()
                    .chain(&NOBODYS)
                    .chain(&OF_READERS)
                    .any(|one| *one == (method.as_str(), path.as_str()))
                || is_peoples(&method, path)
            {
                continue;
            }
            tried += 1;
            let (_, last) = waiting(&platform.state, 0).await;
            // Only the provider shares.
            let owner = if path == "/api/workspace/shared" { Owner::Global } else { Owner::Own };
            let request = send(&platform, row(&method, path), Some(&platform.root), true, owner);
            let status = if path.starts_with("/api/data-providers") {
                tokio::select! {
                    status = request => status,
                    () = platform.run_everything() => unreachable!("it runs for ever"),
                }
            } else {
                request.await
            };
            assert!((200..300).contains(&status), "{method} {path} answers {status}");
            let (entries, _) = waiting(&platform.state, last).await;
            let said = |entry: &Entry| {
                entry.actor.id == Some(platform.root.user)
                    && entry.outcome == Outcome::Done
                    && entry.actor.request.is_some()
                    && entry.target.is_some()
            };
            if !entries.iter().any(said) {
                silent.push(format!("{method} {path}: {entries:?}"));
            }
        }
    }
    assert!(tried > 20, "only {tried} operations");
    assert!(silent.is_empty(), "\n{}", silent.join("\n"));
}

/// What is in every table, but for when somebody was last seen.
async fn contents(state: &ApiState) -> BTreeMap<String, String> {
    let mut tx = state.db.system().read().await.expect("a connection");
    let text = |row: &bifrost_store::Row, name: &str| row.get::<String>(name).expect("text");
    let columns =
        "SELECT m.name AS name, group_concat('quote(\"' || c.name || '\")', ' || '','' || ') AS held
                   FROM sqlite_schema m JOIN pragma_table_info(m.name) c
                   WHERE m.type = 'table' AND c.name NOT IN ('last_used_at', 'last_seen_at', 'idle_until')
                   GROUP BY m.name";
    let tables = tx.all(Sql::new(columns)).await.expect("the tables");
    let tables = tables.iter().map(|row| {
        let (name, held) = (text(row, "name"), text(row, "held"));
        format!("SELECT '{name}' AS name, COALESCE(group_concat({held}, char(10)), '') AS held FROM {name}")
    });
    let all = tables.collect::<Vec<_>>().join(" UNION ALL ");
    let rows = tx.all(Sql::new(all)).await.expect("their rows");
    rows.iter().map(|row| (text(row, "name"), text(row, "held"))).collect()
}

/// The tables that are not as they were.
fn differing(before: &BTreeMap<String, String>, after: &BTreeMap<String, String>) -> Vec<String> {
    let names = before.keys().filter(|name| before.get(*name) != after.get(*name));
    names.cloned().collect()
}

#[tokio::test]
async fn what_only_reads_changes_nothing() {
    let platform = Platform::deployed().await;
    let admin = &platform.own.admin;
    set_password(&platform, platform.own.id, admin.user).await;
    let mut person = Browser::new(&platform);
    person.password("admin@own.example", PASSWORD).await.expect(200);
    let (_, code) = crate::sign_in_audited::device(&platform).await;
    let mut problems = Vec::new();
    for row in rows().filter(|row| row.method == "GET") {
        if CHANGED_BY_GET.iter().any(|(path, _)| *path == row.path) {
            continue;
        }
        let id = row.target(&platform, Owner::Own).await;
        let before = contents(&platform.state).await;
        // What is people's own, no key can ask for.
        let is_peoples = ["/api/me/", "/api/device/"].iter().any(|begin| row.path.starts_with(begin));
        let status = match is_peoples {
            true => person.get(&row.path.replace("{code}", &code)).await.status.as_u16(),
            false => send_to(&platform, row, Some(&platform.root), true, Owner::Own, &id).await,
        };
        let expected = if row.path.starts_with("/ws/") { 426 } else { 200 };
        let changed = differing(&before, &contents(&platform.state).await);
        if status != expected || !changed.is_empty() {
            problems.push(format!("GET {} answers {status} and changes {changed:?}", row.path));
        }
    }
    assert!(problems.is_empty(), "\n{}", problems.join("\n"));
    // The control: a change is seen.
    let before = contents(&platform.state).await;
    let put = platform.call(http::Method::PUT, "/api/config/size").key(admin).json(json!({ "value": 1 }));
    put.send().await.expect(200);
    let changed = differing(&before, &contents(&platform.state).await);
    assert!(changed.contains(&"config".to_owned()) && changed.contains(&"audit_outbox".to_owned()));
}

#[test]
fn whatever_changes_something_by_get_is_proved_elsewhere() {
    for (path, proof) in CHANGED_BY_GET {
        assert!(rows().any(|row| (row.method, row.path) == ("GET", path)), "there is no GET {path}");
        let (file, test) = proof.split_once(": ").expect("a file and a test");
        let file = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/api").join(file);
        let text = std::fs::read_to_string(&file).expect("a file of tests");
        assert!(text.contains(&format!("async fn {test}() {{")), "{path}: there is no {proof}");
    }
}

async fn entries(platform: &Platform, key: &Key, query: &str) -> Vec<Value> {
    while audit::append(&platform.state.db).await.expect("appended") > 0 {}
    let answer = platform.get(format!("/api/audit?{query}")).key(key).send().await.expect(200);
    answer["entries"].as_array().expect("a list").clone()
}

#[tokio::test]
async fn denied_access_is_written_down_where_the_sender_belongs() {
    let platform = Platform::deployed().await;
    let own = &platform.own;
    platform.get("/api/config").key(&own.user).send().await.expect(403);
    let foreign = platform.get("/api/workflows").key(&own.user).organization(platform.foreign.id);
    foreign.send().await.expect(404);
    // Nothing is denied to whoever names something that is not there.
    platform.get(format!("/api/executions/{}", ExecutionId::new())).key(&own.user).send().await.expect(404);
    let unknown = Key { token: "bfr_unknown".into(), user: own.user.user };
    platform.get("/api/me").key(&unknown).send().await.expect(401);
    let found = entries(&platform, &own.admin, "action=access.denied").await;
    assert_eq!(found.len(), 2, "{found:?}");
    assert_eq!(found[0]["details"]["denied"], format!("organization {}", platform.foreign.id));
    assert_eq!(found[1]["target"], "path:/api/config");
    assert_eq!(found[1]["details"]["why"], "this needs the permission config.read");
    assert!(found.iter().all(|entry| entry["actor"]["name"] == "user@own.example"));
    assert!(found.iter().all(|entry| entry["outcome"] == "denied"));
    let org = platform.state.db.org(own.id);
    for key in identity::list_keys(&org).await.expect("keys").iter().filter(|k| k.user_id == own.user.user) {
        identity::revoke_key(&org, key.id).await.expect("revoked");
    }
    platform.get("/api/me").key(&own.user).send().await.expect(401);
    let last = entries(&platform, &own.admin, "action=access.denied&limit=1").await.remove(0);
    assert_eq!(last["details"]["denied"], "a key that is not good any more");
    // The tenant that was asked about learns nothing.
    assert!(entries(&platform, &platform.foreign.admin, "action=access.denied").await.is_empty());
}

#[tokio::test]
async fn it_is_searched_exported_and_verified() {
    let platform = Platform::new().await;
    let admin = &platform.own.admin;
    for number in 0..3 {
        let body = json!({ "value": number });
        let call = platform.call(http::Method::PUT, "/api/config/size").key(admin).json(body);
        call.header("x-forwarded-for", "198.51.100.7").send().await.expect(200);
    }
    let found = entries(&platform, admin, "target=config:size&limit=2").await;
    assert_eq!(found.len(), 2);
    assert_eq!(found[0]["details"]["value"], json!({ "from": 1, "to": 2 }));
    // There is no trusted proxy, and no peer in this test.
    assert_eq!(found[0]["actor"].get("address"), None);
    let export = platform.get("/api/audit/export?action=config.").key(admin).send().await;
    assert_eq!(export.headers["content-type"], "application/x-ndjson");
    let lines: Vec<Value> =
        export.text.lines().map(|line| serde_json::from_str(line).expect("json")).collect();
    assert_eq!(lines.len(), 3);
    assert_eq!(lines[2]["entry"]["details"]["value"]["to"], 2);
    assert_eq!(lines[2]["sequence"], found[0]["sequence"]);
    assert_eq!(entries(&platform, admin, "action=audit.export").await.len(), 1, "that it was taken, too");
    let verdict = platform.get("/api/audit/verify").key(admin).send().await.expect(200);
    assert_eq!(verdict["broken"], Value::Null);
    let noted = format!("{}:{}", found[1]["sequence"], found[1]["hash"].as_str().expect("a hash"));
    let path = format!("/api/audit/verify?noted={noted}");
    assert_eq!(platform.get(path).key(admin).send().await.expect(200)["broken"], Value::Null);
    let path = format!("/api/audit/verify?noted={}:{}", found[1]["sequence"], "00".repeat(32));
    assert_ne!(platform.get(path).key(admin).send().await.expect(200)["broken"], Value::Null);
    for path in ["/api/audit?since=yesterday", "/api/audit?limit=0", "/api/audit/verify?noted=x"] {
        platform.get(path).key(admin).send().await.expect(422);
    }
}

#[tokio::test]
async fn a_denied_key_of_another_organization_says_who() {
    let platform = Platform::new().await;
    let stranger = key(&platform.state.db, platform.foreign.id, "eve@foreign.example", Role::OrgUser).await;
    let body = json!({ "email": "x@y.example" });
    platform.post("/api/users").key(&stranger).json(body).send().await.expect(403);
    let found = entries(&platform, &platform.foreign.admin, "actor=Eve@foreign.example").await;
    assert_eq!(found[0]["details"]["method"], "POST");
    assert_eq!(found[0]["actor"]["id"], json!(stranger.user));
}
