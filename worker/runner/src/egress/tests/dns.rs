//! Names whose answers change, are mixed, or hide what they lead to. What stands for a public address
//! is one of the loopback that a grant opens; what must not be reached is another one.

use super::*;
use crate::egress::dial::Resolve;
use async_trait::async_trait;
use std::net::IpAddr;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

const NAME: &str = "name.example";
/// May be reached.
const OPEN: &str = "127.0.0.2";
/// Must not.
const CLOSED: &str = "127.0.0.1";

/// Gives one answer after the other, and the last one from then on.
struct Script {
    answers: Vec<Vec<IpAddr>>,
    asked: AtomicUsize,
}

impl Script {
    fn new(answers: &[&[&str]]) -> Arc<Self> {
        let address = |text: &&str| text.parse().expect("an address");
        let answers = answers.iter().map(|answer| answer.iter().map(address).collect()).collect();
        Arc::new(Self { answers, asked: AtomicUsize::new(0) })
    }

    fn asked(&self) -> usize {
        self.asked.load(SeqCst)
    }
}

#[async_trait]
impl Resolve for Script {
    async fn addresses(&self, host: &str, port: u16) -> std::io::Result<Vec<SocketAddr>> {
        assert_eq!(host, NAME);
        let number = self.asked.fetch_add(1, SeqCst).min(self.answers.len() - 1);
        Ok(self.answers[number].iter().map(|ip| SocketAddr::new(*ip, port)).collect())
    }
}

/// Two servers at one port: at the open address and at the closed one. Each counts its connections
/// and answers with its own address.
struct Servers {
    port: u16,
    reached: [Arc<AtomicUsize>; 2],
}

impl Servers {
    async fn start() -> Self {
        let (port, open, closed) = loop {
            let open = TcpListener::bind((OPEN, 0)).await.expect("listen");
            let port = open.local_addr().expect("address").port();
            // Somebody else may have it there.
            if let Ok(closed) = TcpListener::bind((CLOSED, port)).await {
                break (port, open, closed);
            }
        };
        let reached = [open, closed].map(|listener| {
            let count = Arc::new(AtomicUsize::new(0));
            tokio::spawn(answer(listener, count.clone()));
            count
        });
        Self { port, reached }
    }

    fn url(&self) -> String {
        format!("http://{NAME}:{}/", self.port)
    }

    /// Connections to the open address, and to the closed one.
    fn reached(&self) -> [usize; 2] {
        self.reached.each_ref().map(|count| count.load(SeqCst))
    }
}

async fn answer(listener: TcpListener, count: Arc<AtomicUsize>) {
    while let Ok((mut socket, _)) = listener.accept().await {
        count.fetch_add(1, SeqCst);
        tokio::spawn(async move {
            let text = socket.local_addr().expect("address").ip().to_string();
            let answer = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{text}", text.len());
            let mut head = [0; 4_096];
            while let Ok(1..) = socket.read(&mut head).await {
                if socket.write_all(answer.as_bytes()).await.is_err() {
                    return;
                }
            }
        });
    }
}

/// Where names are found by a script, the open address may be reached, and nothing is pooled yet.
fn scripted(reach: Reach, script: &Arc<Script>) -> Egress {
    let egress = open(reach);
    let grant = [format!("{OPEN}/32").parse().expect("a network")];
    let dial = egress.way.dial.resolving_by(script.clone()).with_networks(&grant);
    Egress { way: dial.way(&egress.tls), ..egress }
}

async fn body(egress: &Egress, url: &str) -> String {
    let answer = egress.send(get(url)).await.expect("answered");
    String::from_utf8(answer.body).expect("text")
}

async fn denied(egress: &Egress, url: &str) {
    for method in ["GET", "CONNECT"] {
        let error = egress.send(request(method, url)).await.expect_err("refused");
        let HttpError::Denied(why) = &error else { panic!("{method}: {error:?}") };
        // The tenant reads it: the name is its own, what that resolved to is not.
        assert!(why.starts_with(&format!("`{NAME}` is ")), "{why}");
        assert!(!why.contains("127.0.0.") && !why.contains("169.254."), "{why}");
    }
}

/// The same, without what it has pooled and seen.
fn anew(egress: &Egress) -> Egress {
    let way = egress.way.dial.clone().way(&egress.tls);
    Egress { way, presence: Presence::default(), ..egress.clone() }
}

#[tokio::test]
async fn a_name_that_turns_to_the_loopback_is_asked_once_and_then_refused() {
    let servers = Servers::start().await;
    let script = Script::new(&[&[OPEN], &[CLOSED]]);
    let egress = scripted(Reach::Public, &script);
    // The address that was checked is the one that is connected to.
    assert_eq!(body(&egress, &servers.url()).await, OPEN);
    assert_eq!((script.asked(), servers.reached()), (1, [1, 0]));
    // A new connection is a new question, and its answer is checked anew.
    denied(&anew(&egress), &servers.url()).await;
    assert_eq!((script.asked(), servers.reached()), (3, [1, 0]));
    // The control: the second answer does lead there.
    let any = scripted(Reach::Any, &Script::new(&[&[OPEN], &[CLOSED]]));
    assert_eq!(body(&any, &servers.url()).await, OPEN);
    assert_eq!(body(&anew(&any), &servers.url()).await, CLOSED);
    assert_eq!(servers.reached(), [2, 1]);
}

#[tokio::test]
async fn of_mixed_answers_only_what_may_be_reached_is() {
    let servers = Servers::start().await;
    for answer in [&[CLOSED, OPEN][..], &[OPEN, CLOSED], &["10.0.0.1", CLOSED, "169.254.169.254", OPEN]] {
        let egress = scripted(Reach::Public, &Script::new(&[answer]));
        assert_eq!(body(&egress, &servers.url()).await, OPEN, "{answer:?}");
    }
    assert_eq!(servers.reached(), [3, 0]);
    let nobody = Script::new(&[&[CLOSED, "10.0.0.1"], &["127.0.0.3", CLOSED]]);
    denied(&scripted(Reach::Public, &nobody), &servers.url()).await;
    assert_eq!(servers.reached(), [3, 0]);
    // The control: the first of them is taken where both may be reached.
    let any = scripted(Reach::Any, &Script::new(&[&[CLOSED, OPEN]]));
    assert_eq!(body(&any, &servers.url()).await, CLOSED);
}

#[tokio::test]
async fn a_name_hides_no_private_address_in_another_form() {
    let servers = Servers::start().await;
    for form in [
        "::1",
        "::ffff:127.0.0.1",
        "::127.0.0.1",
        "::ffff:0:127.0.0.1",
        "64:ff9b::7f00:1",
        "64:ff9b:1::7f00:1",
        "2002:7f00:1::1",
        "2001:0:1:2:3:4:80ff:fffe",
        "2400:cb00::5efe:7f00:1",
        "2400:cb00::200:5efe:7f00:1",
        "fe80::1",
        "fd00::1",
        "0.0.0.0",
        "::",
    ] {
        denied(&scripted(Reach::Public, &Script::new(&[&[form]])), &servers.url()).await;
    }
    // What machines are told of themselves nobody reaches, whatever else is open.
    for form in ["169.254.169.254", "::ffff:169.254.169.254", "64:ff9b::a9fe:a9fe", "2002:a9fe:a9fe::1"] {
        denied(&scripted(Reach::Any, &Script::new(&[&[form]])), &servers.url()).await;
    }
    assert_eq!(servers.reached(), [0, 0]);
    // The control: a form that the system knows leads there.
    let any = scripted(Reach::Any, &Script::new(&[&["::ffff:127.0.0.1"]]));
    assert_eq!(body(&any, &servers.url()).await, CLOSED);
}
