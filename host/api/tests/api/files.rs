//! Files over HTTP, with a key and by signed addresses.

use crate::common::{Answer, Call, Key, Platform};
use bifrost_core::files::{Pass, SIGNED_FOR};
use bifrost_store::{Keyring, files};
use chrono::TimeDelta;
use http::Method;
use serde_json::{Value, json};

fn encoded(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

fn content<'a>(platform: &'a Platform, method: Method, location: &str, path: &str) -> Call<'a> {
    let address = format!("/api/files/content?location={}&path={}", encoded(location), encoded(path));
    platform.call(method, address).key(&platform.own.admin)
}

async fn put(platform: &Platform, path: &str, content_type: &str, body: &[u8]) -> Answer {
    content(platform, Method::PUT, "reports", path)
        .header("content-type", content_type)
        .raw(body)
        .send()
        .await
}

async fn signed(platform: &Platform, body: Value) -> String {
    let answer =
        platform.post("/api/files/signed-urls").key(&platform.own.admin).json(body).send().await.expect(200);
    assert_eq!(answer["expires_in"], SIGNED_FOR.num_seconds());
    answer["url"].as_str().expect("an address").to_owned()
}

#[track_caller]
fn acts_on_nothing(answer: &Answer) {
    assert!(answer.headers["content-disposition"].to_str().expect("text").starts_with("attachment;"));
    assert!(answer.headers["content-security-policy"].to_str().expect("text").starts_with("sandbox;"));
    assert_eq!(answer.headers["x-content-type-options"], "nosniff");
    assert_eq!(answer.headers["cache-control"], "no-store");
}

#[tokio::test]
async fn files_are_kept_listed_and_deleted() {
    let platform = Platform::new().await;
    let made = put(&platform, "2026/a b.csv", "text/csv; charset=utf-8", b"n\n1").await.expect(200);
    assert_eq!(
        (&made["size"], &made["content_type"], &made["path"]),
        (&json!(3), &json!("text/csv"), &json!("2026/a b.csv"))
    );
    assert_eq!(made["updated_by"], json!(platform.own.admin.user));
    let read = content(&platform, Method::GET, "reports", "2026/a b.csv").send().await;
    acts_on_nothing(&read);
    assert_eq!((read.status.as_u16(), read.text.as_str()), (200, "n\n1"));
    assert_eq!(read.headers["content-type"], "text/csv");
    for n in 0..3 {
        put(&platform, &format!("2026/{n}"), "text/plain", b"").await.expect(200);
    }
    let list = async |query: &str| {
        let path = format!("/api/files?location=reports&{query}");
        platform.get(path).key(&platform.own.admin).send().await.expect(200)
    };
    let first = list("directory=2026&limit=2").await;
    assert_eq!((&first["files"][1]["path"], &first["next_cursor"]), (&json!("2026/1"), &json!("2026/1")));
    let rest = list("directory=2026/&cursor=2026/1").await;
    assert_eq!((&rest["files"][1]["path"], &rest["next_cursor"]), (&json!("2026/a b.csv"), &Value::Null));
    assert_eq!(list("directory=20").await["files"], json!([]));
    content(&platform, Method::DELETE, "reports", "2026/0").send().await.expect(204);
    content(&platform, Method::DELETE, "reports", "2026/0").send().await.expect(404);
    content(&platform, Method::GET, "uploads", "2026/1").send().await.expect(404);
    let actions: Vec<_> = platform.audited().await.iter().map(|one| one["action"].clone()).collect();
    assert_eq!(actions.iter().filter(|one| *one == "file.write").count(), 4);
    assert_eq!(actions.iter().filter(|one| *one == "file.delete").count(), 1);
}

#[tokio::test]
async fn usage_is_told_by_location() {
    let platform = Platform::new().await;
    let usage = async |key: &Key| platform.get("/api/files/locations").key(key).send().await.expect(200);
    let nothing = usage(&platform.own.admin).await;
    assert_eq!(
        (&nothing["locations"], &nothing["count"], &nothing["used"]),
        (&json!([]), &json!(0), &json!(0))
    );
    for (location, path, body) in [("reports", "a", "12345"), ("reports", "b", "1"), ("uploads", "a", "12")] {
        content(&platform, Method::PUT, location, path).raw(body).send().await.expect(200);
    }
    let told = usage(&platform.own.admin).await;
    let expected = json!([
        { "name": "reports", "count": 2, "bytes": 6 },
        { "name": "uploads", "count": 1, "bytes": 2 },
    ]);
    assert_eq!((&told["locations"], &told["count"], &told["used"]), (&expected, &json!(3), &json!(8)));
    assert_eq!((&told["max_count"], &told["quota"]), (&json!(100_000), &json!(10_i64 << 30)));
    assert_eq!(usage(&platform.foreign.admin).await["locations"], json!([]));
}

#[tokio::test]
async fn no_spelling_of_a_path_leads_elsewhere() {
    let platform = Platform::new().await;
    for path in [
        "..",
        "../a",
        "a/../../b",
        "/etc/passwd",
        "//a",
        "a//b",
        "a/",
        "./a",
        "a/./b",
        "..\\a",
        "a\\b",
        "C:\\a",
        "a\0b",
        "a\r\nb",
        "\u{85}",
        "",
    ] {
        for method in [Method::GET, Method::PUT, Method::DELETE] {
            let refused = content(&platform, method, "reports", path).send().await.expect(422);
            assert_eq!(refused["field"], "path", "{path:?}");
        }
        let body = json!({ "path": path });
        let refused =
            platform.post("/api/files/signed-urls").key(&platform.own.admin).json(body).send().await;
        assert_eq!(refused.expect(422)["field"], "path", "{path:?}");
    }
    for location in ["..", "workspace", "Reports", "a/b", "a_b"] {
        let refused = content(&platform, Method::PUT, location, "a").send().await.expect(422);
        assert_eq!(refused["field"], "location", "{location}");
    }
    // What is decoded once is a name.
    put(&platform, "%2e%2e/x", "text/plain", b"x").await.expect(200);
    let list = platform.get("/api/files?location=reports&directory=..").key(&platform.own.admin).send().await;
    assert_eq!(list.expect(422)["field"], "directory");
    let list = platform.get("/api/files?location=reports").key(&platform.own.admin).send().await.expect(200);
    assert_eq!(list["files"].as_array().expect("a list").len(), 1);
}

#[tokio::test]
async fn a_content_is_what_it_is() {
    let platform = Platform::new().await;
    let refused = put(&platform, "a.png", "image/png", b"<script>alert(1)</script>").await.expect(422);
    assert_eq!(refused["field"], "content_type");
    let kept = put(&platform, "a", "application/octet-stream", b"%PDF-1").await.expect(200);
    assert_eq!(kept["content_type"], "application/pdf");
    // A script is no script from here.
    put(&platform, "a.js", "text/javascript", b"alert(1)").await.expect(200);
    let read = content(&platform, Method::GET, "reports", "a.js").send().await;
    assert_eq!(read.headers["content-type"], "text/plain; charset=utf-8");
    acts_on_nothing(&read);
    let large = vec![b'x'; (32 << 20) + 1];
    assert_eq!(put(&platform, "large", "text/plain", &large).await.expect(413)["code"], "body_too_large");
}

#[tokio::test]
async fn a_signed_address_is_for_one_thing() {
    let platform = Platform::new().await;
    let up = signed(&platform, json!({ "path": "in/a.csv", "content_type": "text/csv" })).await;
    let send = async |method: Method, address: &str, kind: &str| {
        platform.call(method, address).header("content-type", kind).raw("n\n1").send().await
    };
    // Without a key, and with one of somebody else: nothing but the address counts.
    send(Method::GET, &up, "text/csv").await.expect(404);
    send(Method::DELETE, &up, "text/csv").await.expect(405);
    assert_eq!(send(Method::PUT, &up, "text/html").await.expect(422)["field"], "content_type");
    let sent = send(Method::PUT, &up, "text/csv").await.expect(200);
    assert_eq!((&sent["path"], &sent["size"]), (&json!("in/a.csv"), &json!(3)));
    let query =
        platform.call(Method::PUT, format!("{up}?path=other&location=reports")).key(&platform.foreign.admin);
    assert_eq!(query.raw("n").send().await.expect(200)["path"], "in/a.csv");
    let html = signed(&platform, json!({ "path": "b.pdf", "content_type": "application/pdf" })).await;
    assert_eq!(send(Method::PUT, &html, "application/pdf").await.expect(422)["field"], "content_type");

    let down = signed(&platform, json!({ "path": "in/a.csv", "method": "GET" })).await;
    let read = platform.get(&down).send().await;
    acts_on_nothing(&read);
    assert_eq!((read.status.as_u16(), read.text.as_str()), (200, "n"));
    send(Method::PUT, &down, "text/csv").await.expect(404);
    let entry =
        platform.audited().await.into_iter().rfind(|one| one["action"] == "file.write").expect("an entry");
    assert_eq!(
        (&entry["actor"]["id"], &entry["actor"]["name"]),
        (&json!(platform.own.admin.user), &json!("signed address"))
    );

    // Who may not do it does not sign it.
    for method in ["GET", "PUT"] {
        let body = json!({ "path": "a", "method": method });
        platform.post("/api/files/signed-urls").key(&platform.own.user).json(body).send().await.expect(403);
    }
    let body = json!({ "path": "a", "method": "DELETE" });
    let refused = platform.post("/api/files/signed-urls").key(&platform.own.admin).json(body).send().await;
    assert_eq!(refused.expect(422)["field"], "method");
}

#[tokio::test]
async fn forged_and_old_addresses_are_unknown() {
    let platform = Platform::new().await;
    put(&platform, "a", "text/plain", b"secret").await.expect(200);
    let now = bifrost_store::now();
    let pass = |then| Pass::new(platform.own.id, "reports", "a", "GET", "text/plain", then).expect("a pass");
    let keys = &platform.state.keyring;
    let good = files::sign(keys, &pass(now)).expect("a token");
    let address = |token: &str| format!("/api/files/signed/{token}");
    assert_eq!(platform.get(address(&good)).send().await.text, "secret");
    let mut forged = good.clone().into_bytes();
    forged[40] = if forged[40] == b'A' { b'B' } else { b'A' };
    for token in [
        String::from_utf8(forged).expect("text"),
        good[..good.len() - 4].to_owned(),
        format!("{good}AAAA"),
        files::sign(&Keyring::from_bytes([9; 32]), &pass(now)).expect("a token"),
        files::sign(keys, &pass(now - SIGNED_FOR)).expect("a token"),
        files::sign(keys, &pass(now - TimeDelta::days(1))).expect("a token"),
        platform.own.admin.token.clone(),
        "x".into(),
        "%2e%2e".into(),
    ] {
        let answer = platform.get(address(&token)).send().await;
        assert_eq!(answer.expect(404)["code"], "not_found", "{token}");
        let put = platform.call(Method::PUT, address(&token)).raw("x").send().await;
        put.expect(404);
    }
    assert_eq!(content(&platform, Method::GET, "reports", "a").send().await.text, "secret");
}

#[tokio::test]
async fn an_organization_does_not_reach_anothers_file() {
    let platform = Platform::new().await;
    put(&platform, "a", "text/plain", b"own").await.expect(200);
    let eve = &platform.foreign.admin;
    let address = "/api/files/content?location=reports&path=a";
    platform.get(address).key(eve).send().await.expect(404);
    platform.get(address).key(eve).organization(platform.own.id).send().await.expect(404);
    platform.call(Method::DELETE, address).key(eve).send().await.expect(404);
    platform.call(Method::PUT, address).key(eve).raw("x").send().await.expect(200);
    let body = json!({ "path": "a", "location": "reports", "method": "GET" });
    let link = platform.post("/api/files/signed-urls").key(eve).json(body).send().await.expect(200);
    let theirs = platform.get(link["url"].as_str().expect("an address")).send().await;
    assert_eq!(theirs.text, "x", "it is eve's own file of that name");
    assert_eq!(content(&platform, Method::GET, "reports", "a").send().await.text, "own");
}
