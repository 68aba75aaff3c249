//! HTTP libraries from PyPI, unmodified, in a workspace. `make libraries` unpacks them.

use bifrost_builder::read_folder;
use bifrost_core::Source;
use bifrost_sandbox::BuildLimits;
use bifrost_tests::{Lab, Server, folder, succeeded};
use serde_json::{Value, json};
use std::path::Path;
use std::sync::Arc;

fn source() -> Source {
    let unpacked = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/libraries");
    let mut source = read_folder(&unpacked).expect("`make libraries` has unpacked the libraries");
    for (path, content) in read_folder(&folder("libraries")).expect("workspace").files() {
        source.insert(path.clone(), content.clone()).expect("a place of its own");
    }
    source
}

async fn lab() -> Lab {
    let limits = BuildLimits { file_ms: 120_000, total_ms: 240_000, ..BuildLimits::default() };
    let lab =
        Lab::deploy(env!("CARGO_TARGET_TMPDIR"), Arc::new(source()), 16, &limits).await.expect("deploys");
    assert_eq!(lab.built.report.errors, [], "only the workspace's own files are imported");
    lab
}

/// The exception is of this kind, or derived from it; this is in its text.
#[track_caller]
fn raised(value: &Value, name: &str, kinds: &[&str], text: &str) {
    let said: Vec<&str> =
        value[name].as_array().expect("raised").iter().map(|v| v.as_str().expect("text")).collect();
    assert!(said[0].contains(text), "{name}: {said:?}");
    for kind in kinds {
        assert!(said[1..].contains(kind), "{name}: no {kind}: {said:?}");
    }
}

#[tokio::test]
async fn what_has_come_of_an_answer_is_read_before_the_rest() {
    let (lab, server) = (lab().await, Server::start().await.expect("server"));
    for (id, cut) in [
        ("streams.py::stream_requests", "ChunkedEncodingError"),
        ("streams.py::stream_httpx", "ReadError"),
        ("streams.py::stream_aiohttp", "ClientPayloadError"),
    ] {
        let value = lab.value(id, json!({"url": server.url("")})).await;
        assert_eq!((&value["lines"], &value["cut"]), (&json!(["one", "two", "three"]), &json!(cut)), "{id}");
        let is_some = |read: &Value| read.as_u64().is_some_and(|read| (400_000..=501_000).contains(&read));
        assert!(value.get("endless").is_none_or(is_some), "{id}: {value}");
    }
    // What nobody reads to its end is closed with the run at the latest.
    for _ in 0..100 {
        if server.stats.now() == 0 {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    panic!("{} answers are still being sent", server.stats.now());
}

#[tokio::test]
async fn blocking_libraries() {
    let (lab, server) = (lab().await, Server::start().await.expect("server"));
    let parameters = json!({"url": server.url("")});
    let value = lab.value("blocking.py::with_requests", parameters.clone()).await;
    let expected = json!({
        "followed": [200, true, [302]], "cookies": [{"a": "1", "b": "2"}, "a=1; b=2"], "header": "s",
        "json": "{\"a\": [1, \"\\u00fc\"]}", "form": "/echo?q=x+y", "uploaded": true, "generated": "onetwo",
        "streamed": 1_000_000, "unpacked": {"packed": true}, "pieces": "one two three", "head": ["1000000", true],
        "auth": "Basic dXNlcjpwYXNz", "retried": "RetryError", "no content": true, "certificates": true,
    });
    assert_eq!(value, expected);
    let value = lab.value("blocking.py::requests_errors", parameters.clone()).await;
    raised(&value, "refused", &["ConnectionError", "RequestException"], "connection refused");
    raised(&value, "unknown", &["ConnectionError"], "NameResolutionError");
    raised(&value, "slow", &["ReadTimeout", "Timeout"], "timed out");
    raised(&value, "status", &["HTTPError"], "404");
    raised(&value, "no tls", &["SSLError"], "tls");
    raised(&value, "unverified", &["SSLError"], "cannot be switched off");
    raised(&value, "proxy", &["ConnectionError"], "no use for HTTP proxies");
    raised(&value, "host", &["ConnectionError"], "does not name the host");
    raised(&value, "scheme", &["InvalidSchema"], "ftp");

    let value = lab.value("blocking.py::with_httpx", parameters.clone()).await;
    assert_eq!(value["followed"], json!([200, true, "HTTP/1.1"]));
    assert_eq!((&value["streamed"], &value["generated"]), (&json!(1_000_000), &json!("onetwo")));
    assert_eq!((&value["unpacked"], &value["seen"][0]), (&json!({"packed": true}), &json!("302")));
    raised(&value, "refused", &["ConnectError", "HTTPError"], "");
    raised(&value, "unknown", &["ConnectError"], "not known");
    raised(&value, "slow", &["ReadTimeout"], "timed out");
    raised(&value, "status", &["HTTPStatusError"], "500");
    raised(&value, "unverified", &["ConnectError"], "cannot be switched off");

    let value = lab.value("blocking.py::with_the_library", parameters.clone()).await;
    assert_eq!(value["opened"], json!([200, "/echo?a=1"]));
    assert_eq!(value["kept"], json!(["", "one", "twothree"]));
    let rest = [&value["size"], &value["code"], &value["connections"]];
    assert_eq!(rest, [&json!(1_000_000), &json!(418), &json!(1)]);
    raised(&value, "refused", &["URLError"], "refused");

    let before = server.stats.requests();
    let value = lab.value("blocking.py::other_protocols", parameters).await;
    for name in ["mail", "binary", "text"] {
        raised(&value, name, &["OSError"], "HTTP/1.1 only");
    }
    raised(&value, "tunnel", &["OSError"], "no use for HTTP proxies");
    raised(&value, "foreign", &["OSError"], "does not name the host");
    raised(&value, "upgrade", &["OSError"], "web sockets");
    raised(&value, "datagram", &["OSError"], "Only TCP");
    raised(&value, "server", &["OSError"], "No server");
    raised(&value, "name", &["gaierror"], "by the platform");
    assert_eq!(server.stats.requests(), before, "nothing of that reaches anybody");
}

/// The result of a run whose 50 calls of 0.1 s, 5 s one after the other, take the time of one.
async fn gathered(lab: &Lab, id: &str, parameters: &Value) -> Value {
    let (outcome, _) = lab.limited(id, parameters.clone(), |limits| limits.http_concurrent = 50).await;
    let value = succeeded(id, &outcome);
    assert_eq!(value["statuses"], true);
    assert!(value["seconds"].as_f64() < Some(2.5), "{value}");
    value
}

#[tokio::test]
async fn libraries_of_asyncio() {
    let (lab, server) = (lab().await, Server::start().await.expect("server"));
    let parameters = json!({"url": server.url("")});
    // 50 calls of 0.1 s each, as many at once as an organization may be given.
    let value = gathered(&lab, "gathered.py::gather_httpx", &parameters).await;
    assert!(server.stats.most() > 40, "{} at once", server.stats.most());
    assert_eq!((&value["streamed"], &value["generated"]), (&json!(1_000_000), &json!("onetwo")));
    raised(&value, "refused", &["ConnectError"], "");
    raised(&value, "slow", &["ReadTimeout"], "");
    raised(&value, "cancelled", &["TimeoutError"], "");
    assert_eq!(value["after"], 200);

    let value = gathered(&lab, "gathered.py::gather_aiohttp", &parameters).await;
    assert_eq!(value["posted"], json!(["{\"a\": 1}", "s"]));
    assert_eq!(value["followed"], json!([200, 1, "a=1; b=2"]));
    assert_eq!((&value["streamed"], &value["unpacked"]), (&json!(1_000_000), &json!({"packed": true})));
    raised(&value, "refused", &["ClientConnectorError", "OSError"], "refused");
    raised(&value, "slow", &["TimeoutError"], "");
    raised(&value, "status", &["ClientResponseError"], "404");
    raised(&value, "unverified", &["ClientConnectorError"], "cannot be switched off");
    raised(&value, "web socket", &["ClientError"], "web sockets");
}

#[tokio::test]
async fn packages_are_in_the_snapshot_with_their_data() {
    let lab = lab().await;
    let value = lab.value("packaged.py::packaged", json!({})).await;
    assert_eq!(value["requests"], value["requests_module"]);
    assert_eq!((&value["certificates"], &value["vendored"]), (&json!(true), &json!("vendored")));
    assert_eq!(value["late"], json!([]), "what a client needs at its first use was imported before");
}
