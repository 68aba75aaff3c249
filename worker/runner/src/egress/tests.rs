//! Requests to a server on the loopback, which only an explicit setting opens.

use super::*;
use bifrost_core::ports::{FORM, Post, Web};
use bifrost_core::{EgressPolicy, Error, Scope, UserId};
use bifrost_store::organizations::{self, NewOrganization};
use bifrost_store::{Options, egress};
use std::net::SocketAddr;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

mod certificates;
mod dns;

/// A server that answers every request with what it was sent, or with a redirect.
async fn server() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("listen");
    let address = listener.local_addr().expect("address");
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut head = vec![0; 64 << 10];
                while let Ok(size @ 1..) = socket.read(&mut head).await {
                    let text = String::from_utf8_lossy(&head[..size]).into_owned();
                    let to = text.split_whitespace().nth(1).and_then(|path| path.strip_prefix("/to/"));
                    let answer = match to {
                        Some(to) => format!(
                            "HTTP/1.1 302 Found\r\nlocation: http://{to}/\r\ncontent-length: 0\r\n\r\n"
                        ),
                        None => format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{text}", text.len()),
                    };
                    if socket.write_all(answer.as_bytes()).await.is_err() {
                        return;
                    }
                }
            });
        }
    });
    address
}

fn request(method: &str, url: &str) -> HttpRequest {
    HttpRequest {
        method: method.to_owned(),
        url: url.to_owned(),
        headers: vec![],
        body: vec![],
        connect_timeout_ms: None,
        timeout_ms: Some(5_000),
        unverified: false,
    }
}

fn get(url: impl AsRef<str>) -> HttpRequest {
    request("GET", url.as_ref())
}

fn open(reach: Reach) -> Egress {
    Egress::new(reach, 100_000).expect("egress")
}

#[tokio::test]
async fn the_loopback_is_out_of_public_reach_however_it_is_written() {
    let port = server().await.port();
    let (public, any) = (open(Reach::Public), open(Reach::Any));
    for host in [
        "127.0.0.1",
        "127.1",
        "2130706433",
        "0x7f.1",
        "0x7f000001",
        "0177.0.0.1",
        "017700000001",
        "127.0.0.1.",
        "１２７.0.0.1",
        "127。0。0。1",
        "%31%32%37.0.0.1",
        "0.0.0.0",
        "0",
        "localhost",
        "LOCALHOST",
        "localhost.",
        "[::1]",
        "[::]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[0:0:0:0:0:ffff:127.0.0.1]",
        "user@127.0.0.1",
        "1.1.1.1@127.0.0.1",
    ] {
        let error = public.send(get(format!("http://{host}:{port}/"))).await.expect_err(host);
        // Not every resolver knows `localhost` with a dot behind it.
        let is_unknown = host == "localhost." && error == HttpError::Dns;
        assert!(is_unknown || matches!(error, HttpError::Denied(_)), "{host}: {error:?}");
    }
    // The control: the same probes arrive where the policy lets them.
    for host in [
        "127.0.0.1",
        "2130706433",
        "0x7f.1",
        "0177.0.0.1",
        "１２７.0.0.1",
        "0.0.0.0",
        "localhost",
        "[::ffff:127.0.0.1]",
    ] {
        let answer = any.send(get(format!("http://{host}:{port}/"))).await.expect(host);
        assert_eq!(answer.status, 200, "{host}");
    }
    for url in ["file:///etc/passwd", "gopher://127.0.0.1/", "//127.0.0.1", "javascript:1", ""] {
        assert!(matches!(public.send(get(url)).await, Err(HttpError::Protocol(_))), "{url}");
    }
}

#[tokio::test]
async fn a_redirect_is_checked_like_any_request() {
    let own = server().await;
    let egress = open(Reach::Any).without(vec![]);
    for target in
        ["169.254.169.254", "[fd00:ec2::254]", "metadata.google.internal", "[::ffff:169.254.169.254]"]
    {
        let answer = egress.send(get(format!("http://{own}/to/{target}"))).await.expect("answered");
        assert_eq!(answer.status, 302, "the host follows nothing");
        let (_, location) = answer.headers.iter().find(|(name, _)| name == "location").expect("a location");
        let error = egress.send(get(String::from_utf8_lossy(location))).await.expect_err(target);
        let right =
            matches!(error, HttpError::Denied(_)) || (target.starts_with('m') && error == HttpError::Dns);
        assert!(right, "{target}: {error:?}");
    }
}

#[tokio::test]
async fn the_platform_s_own_services_are_out_of_every_reach() {
    let (service, other) = (server().await, server().await);
    let egress = open(Reach::Any).without(vec![Service::from(service)]);
    for host in ["127.0.0.1", "127.0.0.2", "localhost", "0.0.0.0", "[::ffff:127.0.0.1]"] {
        let error = egress.send(get(format!("http://{host}:{}/", service.port()))).await.expect_err(host);
        assert!(matches!(error, HttpError::Denied(_)), "{host}: {error:?}");
    }
    assert_eq!(egress.send(get(format!("http://{other}/"))).await.expect("another service").status, 200);
}

#[tokio::test]
async fn a_grant_opens_its_network_and_nothing_else() {
    let service = Service { host: "10.1.0.9".into(), port: 5432 };
    let networks = ["10.1.0.0/16".parse().expect("a network")];
    let dial = Dial::new(Reach::Public, Arc::new(Own::new(vec![service]))).with_networks(&networks);
    let refusal = async |text: &str| dial.refusal(text.parse().expect("an address")).await;
    for text in ["10.1.2.3:80", "[::ffff:10.1.2.3]:80", "10.1.0.9:80", "1.1.1.1:443"] {
        assert_eq!(refusal(text).await, None, "{text}");
    }
    for text in [
        "10.2.0.1:80",
        "127.0.0.1:80",
        "169.254.169.254:80",
        "10.1.0.9:5432",
        "[::ffff:10.1.0.9]:5432",
        "[fd00::1]:80",
    ] {
        assert!(refusal(text).await.is_some(), "{text}");
    }
}

#[tokio::test]
async fn of_what_is_not_public_nobody_learns_whose_it_is() {
    let service = Service { host: "10.1.0.9".into(), port: 5432 };
    let dial = Dial::new(Reach::Public, Arc::new(Own::new(vec![service])));
    let refusal = async |text: &str| dial.refusal(text.parse().expect("an address")).await;
    let own = refusal("10.1.0.9:5432").await;
    assert!(own.is_some_and(|why| why.contains("administrator of the platform")), "whom to ask: {own:?}");
    assert_eq!(own, refusal("10.1.0.9:5433").await);
}

#[tokio::test]
async fn headers_reach_the_server_as_they_were_given() {
    let own = server().await;
    let mut sent = get(format!("http://u:p@{own}/a?b=c#d"));
    sent.headers = vec![("x-a".into(), b"1".to_vec()), ("x-a".into(), b"2".to_vec())];
    let answer = open(Reach::Any).send(sent).await.expect("answered");
    let text = String::from_utf8(answer.body).expect("text");
    assert!(text.starts_with("GET /a?b=c HTTP/1.1\r\n"), "{text}");
    for line in ["x-a: 1\r\n", "x-a: 2\r\n", "authorization: Basic dTpw\r\n", &format!("host: {own}\r\n")] {
        assert!(text.contains(line), "{line} in {text}");
    }
    let mut smuggled = get(format!("http://{own}/"));
    smuggled.headers = vec![("x-a".into(), b"1\r\nx-b: 2".to_vec())];
    assert!(matches!(open(Reach::Any).send(smuggled).await, Err(HttpError::Protocol(_))));
}

#[tokio::test]
async fn answers_are_bounded_and_failures_have_names() {
    let own = server().await;
    let small = Egress::new(Reach::Any, 10).expect("egress");
    assert!(matches!(small.send(get(format!("http://{own}/"))).await, Err(HttpError::Limit(_))));
    let any = open(Reach::Any);
    assert_eq!(any.send(get("http://no-such-host.invalid/")).await.expect_err("no name"), HttpError::Dns);
    let closed = TcpListener::bind("127.0.0.1:0").await.expect("listen").local_addr().expect("address");
    assert!(matches!(any.send(get(format!("http://{closed}/"))).await, Err(HttpError::Connection(_))));
    let mute = TcpListener::bind("127.0.0.1:0").await.expect("listen");
    let url = format!("http://{}/", mute.local_addr().expect("address"));
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = mute.accept().await {
            while let Ok(1..) = socket.read(&mut [0; 4_096]).await {
                let _ = socket.shutdown().await;
            }
        }
    });
    assert_eq!(any.send(get(url)).await.expect_err("closed instead"), HttpError::Unanswered);
    let tls = any.send(get(format!("https://{own}/"))).await.expect_err("no TLS there");
    assert!(matches!(tls, HttpError::Tls(_)), "{tls:?}");
    let silent = TcpListener::bind("127.0.0.1:0").await.expect("listen");
    let mut patient = get(format!("http://{}/", silent.local_addr().expect("address")));
    patient.timeout_ms = Some(50);
    assert_eq!(any.send(patient).await.expect_err("no answer"), HttpError::Timeout);
}

struct World {
    _folder: tempfile::TempDir,
    db: Db,
    organization: OrganizationId,
}

impl World {
    async fn new() -> Self {
        let folder = tempfile::tempdir().expect("folder");
        let url = format!("sqlite:{}", folder.path().join("x.db").display());
        let db = Db::open(&url, Options::default()).await.expect("database");
        let new = NewOrganization { name: "Own".into(), ..Default::default() };
        let organization = organizations::create(&db, new).await.expect("made").id;
        Self { _folder: folder, db, organization }
    }

    async fn set(&self, policy: EgressPolicy) {
        let id = self.organization;
        let system = self.db.system();
        let unit = system
            .write(move |tx| Box::pin(async move { egress::set_in(tx, id, policy, UserId::new()).await }));
        unit.await.expect("set");
    }

    fn egress(&self) -> Egress {
        open(Reach::Any).with_policies(self.db.clone()).of(self.organization)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_policy_is_obeyed_and_its_change_is_heard_of() {
    let (world, own) = (World::new().await, server().await);
    let url = format!("http://{own}/");
    let egress = world.egress();
    assert_eq!(egress.send(get(&url)).await.expect("no policy").status, 200);
    let methods = vec!["GET".to_owned()];
    world.set(EgressPolicy { methods, deny_hosts: vec!["localhost".into()], ..Default::default() }).await;
    tokio::time::sleep(Duration::from_millis(5_100)).await;
    assert_eq!(egress.send(get(&url)).await.expect("allowed").status, 200);
    for refused in [request("POST", &url), get(format!("http://localhost:{}/", own.port()))] {
        let error = egress.send(refused).await.expect_err("refused");
        assert!(matches!(&error, HttpError::Denied(why) if why.contains("egress policy")), "{error:?}");
    }
    // Another organization has its own.
    let other = open(Reach::Any).with_policies(world.db.clone()).of(OrganizationId::new());
    assert_eq!(other.send(request("POST", &url)).await.expect("no policy").status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn quotas_count_all_workers_together() {
    let (world, own) = (World::new().await, server().await);
    let url = format!("http://{own}/");
    world.set(EgressPolicy { bytes_per_day: Some(2_000), ..Default::default() }).await;
    let mut large = request("POST", &url);
    large.body = vec![b'x'; 1_500];
    let first = world.egress();
    first.send(large).await.expect("within the quota");
    let error = first.send(get(&url)).await.expect_err("sent and received are more");
    assert!(matches!(error, HttpError::Limit(_)), "{error:?}");
    tokio::time::sleep(Duration::from_millis(2_500)).await;
    let second = world.egress();
    let error = second.send(get(&url)).await.expect_err("another worker knows of it");
    assert!(matches!(error, HttpError::Limit(_)), "{error:?}");
}

fn form(url: impl Into<String>) -> Post {
    let headers = vec![("authorization", "Basic eDp5".to_owned())];
    let (url, body) = (url.into(), "grant_type=x".into());
    Post { url, content_type: FORM, headers, body, patience: Duration::from_secs(5) }
}

#[tokio::test]
async fn token_endpoints_are_no_way_around() {
    let port = server().await.port();
    let refused = async |egress: &Egress, url: &str| {
        let outcome = egress.post(Scope::Global, form(url)).await;
        assert!(matches!(outcome, Err(Error::Denied(_))), "{url}");
    };
    let public = open(Reach::Public);
    for url in [
        "http://169.254.169.254/latest/meta-data",
        "https://169.254.169.254/token",
        "https://[fd00:ec2::254]/token",
        "https://localhost/token",
        "https://10.0.0.1/token",
        "https://[::ffff:127.0.0.1]/token",
        &format!("http://127.0.0.1:{port}/token"),
    ] {
        refused(&public, url).await;
    }
    // Services of the platform itself also where private addresses are open.
    let any = open(Reach::Any);
    let own = any.without(vec![Service { host: "127.0.0.1".into(), port }]);
    refused(&own, &format!("http://localhost:{port}/token")).await;
    refused(&own, "http://169.254.169.254/token").await;

    let any = open(Reach::Any);
    let answer =
        any.post(Scope::Global, form(format!("http://127.0.0.1:{port}/token"))).await.expect("an answer");
    let said = String::from_utf8(answer.body).expect("text");
    assert!(
        answer.status == 200 && said.starts_with("POST /token ") && said.contains("Basic eDp5"),
        "{said}"
    );
    // A redirect would take the secrets along.
    let answer = any.post(Scope::Global, form(format!("http://127.0.0.1:{port}/to/127.0.0.1:{port}"))).await;
    assert_eq!(answer.expect("an answer").status, 302);
    let closed = any.post(Scope::Global, form("http://127.0.0.1:1/token")).await;
    assert!(matches!(closed, Err(Error::Conflict { code: "unreachable", .. })));
}
