//! HTTP libraries from PyPI, unmodified, in a workspace. `make libraries` unpacks them.

use bifrost_builder::read_folder;
use bifrost_core::Source;
use bifrost_sandbox::BuildLimits;
use bifrost_tests::{Lab, Server, Troubles, folder};
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
    raised(&value, "no tls", &["SSLError"], "TLS");
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

/// The result of a run with default limits whose 50 calls of a second each are made at the same time. One after
/// another they would take 50; what they take on a quiet machine is measured, not tested.
async fn gathered(lab: &Lab, id: &str) -> Value {
    let server = Server::start().await.expect("server");
    let value = lab.value(id, json!({"url": server.url("")})).await;
    assert_eq!(value["statuses"], true);
    assert_eq!(server.stats.most(), 50, "at the same time");
    let seconds = value["seconds"].as_f64().expect("seconds");
    assert!((1.0..20.0).contains(&seconds), "{seconds} s");
    value
}

#[tokio::test]
async fn libraries_of_asyncio() {
    let lab = lab().await;
    let value = gathered(&lab, "gathered.py::gather_httpx").await;
    assert_eq!((&value["streamed"], &value["generated"]), (&json!(1_000_000), &json!("onetwo")));
    raised(&value, "refused", &["ConnectError"], "");
    raised(&value, "slow", &["ReadTimeout"], "");
    raised(&value, "cancelled", &["TimeoutError"], "");
    assert_eq!(value["after"], 200);

    let value = gathered(&lab, "gathered.py::gather_aiohttp").await;
    assert_eq!(value["posted"], json!(["{\"a\": 1}", "s"]));
    assert_eq!(value["followed"], json!([200, 1, "a=1; b=2"]));
    assert_eq!((&value["streamed"], &value["unpacked"]), (&json!(1_000_000), &json!({"packed": true})));
    raised(&value, "refused", &["ClientConnectorError", "OSError"], "refused");
    raised(&value, "slow", &["TimeoutError"], "");
    raised(&value, "status", &["ClientResponseError"], "404");
    raised(&value, "unverified", &["ClientConnectorError"], "cannot be switched off");
    raised(&value, "web socket", &["ClientError"], "web sockets");
}

/// The libraries of `failures.py`, in the order of the table.
const LIBRARIES: [&str; 6] = ["requests", "httpx", "httpx, async", "urllib.request", "urllib3", "aiohttp"];

/// What each library raises where a request comes to nothing, as it does natively (CPython 3.13 with the
/// versions of `tests/libraries`), but for two: natively aiohttp has a `ClientConnectorDNSError` for a name that is
/// not known, which is one of these, and a handshake that is broken off is an `SSLEOFError`, which is an `SSLError`.
#[tokio::test]
async fn what_comes_to_nothing_raises_what_it_raises_natively() {
    let (lab, server) = (lab().await, Server::start().await.expect("server"));
    let troubles = Troubles::start().await.expect("troubles");
    let Troubles { closed, full, silent, self_made, mute, .. } = &troubles;
    let refused = [
        "ConnectionError",
        "ConnectError",
        "ConnectError",
        "URLError(ConnectionRefusedError)",
        "NewConnectionError",
        "ClientConnectorError",
    ];
    let unknown = [
        "ConnectionError",
        "ConnectError",
        "ConnectError",
        "URLError(gaierror)",
        "NameResolutionError",
        "ClientConnectorError",
    ];
    let no_connection = [
        "ConnectTimeout",
        "ConnectTimeout",
        "ConnectTimeout",
        "URLError(TimeoutError)",
        "ConnectTimeoutError",
        "ConnectionTimeoutError",
    ];
    let no_handshake = [
        "ReadTimeout",
        "ConnectTimeout",
        "ConnectTimeout",
        "URLError(TimeoutError)",
        "ReadTimeoutError",
        "ConnectionTimeoutError",
    ];
    let no_answer = [
        "ReadTimeout",
        "ReadTimeout",
        "ReadTimeout",
        "TimeoutError",
        "ReadTimeoutError",
        "SocketTimeoutError",
    ];
    let unanswered = [
        "ConnectionError",
        "RemoteProtocolError",
        "RemoteProtocolError",
        "RemoteDisconnected",
        "ProtocolError",
        "ServerDisconnectedError",
    ];
    let certificate = [
        "SSLError",
        "ConnectError",
        "ConnectError",
        "URLError(SSLCertVerificationError)",
        "SSLError",
        "ClientConnectorCertificateError",
    ];
    let handshake = [
        "SSLError",
        "ConnectError",
        "ConnectError",
        "URLError(SSLError)",
        "SSLError",
        "ClientConnectorSSLError",
    ];
    // Natively there is no such thing: an error of connecting, as of a firewall.
    let denied = [
        "ConnectionError",
        "ConnectError",
        "ConnectError",
        "URLError(PermissionError)",
        "NewConnectionError",
        "ClientConnectorError",
    ];
    let (brief, long) = (0.4, 60.0);
    for (url, timeout, kinds, text) in [
        (format!("http://{closed}/"), long, refused, "refused"),
        (format!("https://{closed}/"), long, refused, "refused"),
        ("http://nobody.invalid/".to_owned(), long, unknown, "not known"),
        ("https://nobody.invalid/".to_owned(), long, unknown, "not known"),
        (format!("http://{full}/"), brief, no_connection, ""),
        (format!("https://{full}/"), brief, no_connection, ""),
        (format!("https://{silent}/"), brief, no_handshake, ""),
        (format!("http://{silent}/"), brief, no_answer, ""),
        (server.url("/hang"), brief, no_answer, ""),
        (format!("http://{mute}/"), long, unanswered, ""),
        (format!("https://{mute}/"), long, handshake, "broke off the TLS handshake"),
        (format!("https://{self_made}/"), long, certificate, "CERTIFICATE_VERIFY_FAILED"),
        (server.url("/").replace("http:", "https:"), long, handshake, "TLS failed"),
        ("http://169.254.169.254/".to_owned(), long, denied, "`169.254.169.254` is link-local"),
        ("https://169.254.169.254/".to_owned(), long, denied, "no workflow may reach it"),
    ] {
        let found = lab.value("failures.py::failures", json!({"url": url, "timeout": timeout})).await;
        for (library, kind) in LIBRARIES.into_iter().zip(kinds) {
            let (raised, said) = (&found[library][0], found[library][1].as_str().unwrap_or_default());
            assert_eq!(raised, kind, "{library}: {url}: {said}");
            assert!(said.contains(text), "{library}: {url}: no `{text}` in {said}");
        }
    }
}

#[tokio::test]
async fn packages_are_in_the_snapshot_with_their_data() {
    let lab = lab().await;
    let value = lab.value("packaged.py::packaged", json!({})).await;
    assert_eq!(value["requests"], value["requests_module"]);
    assert_eq!((&value["certificates"], &value["vendored"]), (&json!(true), &json!("vendored")));
    assert_eq!(value["late"], json!([]), "what a client needs at its first use was imported before");
}
