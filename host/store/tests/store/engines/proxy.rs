//! A TCP proxy whose connections a test can cut, refuse or stall.

use std::net::SocketAddr;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

#[derive(Clone, Copy, PartialEq)]
enum Mode {
    Pass,
    Refuse,
    Stall,
}

#[derive(Clone, Copy)]
struct Control {
    mode: Mode,
    cuts: u64,
}

/// Listens on the loopback until it is dropped.
pub struct Proxy {
    pub address: SocketAddr,
    control: watch::Sender<Control>,
}

impl Proxy {
    pub async fn to(target: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (control, watched) = watch::channel(Control { mode: Mode::Pass, cuts: 0 });
        tokio::spawn(async move {
            while watched.has_changed().is_ok() {
                let (client, _) = listener.accept().await.unwrap();
                tokio::spawn(carry(client, target.clone(), watched.clone()));
            }
        });
        Self { address, control }
    }

    /// The URL with the proxy in the place of its host, which the proxy leads to.
    pub async fn before(url: &str, default_port: u16) -> (Self, String) {
        let (scheme, rest) = url.split_once("://").unwrap();
        let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let (user, host) = authority.rsplit_once('@').map_or(("", authority), |(user, host)| (user, host));
        let target = if host.contains(':') { host.to_owned() } else { format!("{host}:{default_port}") };
        let proxy = Self::to(target).await;
        let at = if user.is_empty() { "" } else { "@" };
        let url = format!("{scheme}://{user}{at}{}{path}", proxy.address);
        (proxy, url)
    }

    /// Cuts all connections; new ones pass.
    pub fn cut(&self) {
        self.control.send_modify(|control| control.cuts += 1);
    }

    /// Cuts all connections and refuses new ones.
    pub fn refuse(&self) {
        self.control.send_modify(|control| *control = Control { mode: Mode::Refuse, cuts: control.cuts + 1 });
    }

    /// Keeps connections and moves nothing.
    pub fn stall(&self) {
        self.control.send_modify(|control| control.mode = Mode::Stall);
    }

    /// Everything passes again.
    pub fn pass(&self) {
        self.control.send_modify(|control| control.mode = Mode::Pass);
    }
}

async fn carry(client: TcpStream, target: String, mut control: watch::Receiver<Control>) {
    let born = *control.borrow();
    if born.mode == Mode::Refuse {
        return;
    }
    let server = TcpStream::connect(target).await.unwrap();
    let ((from_client, to_client), (from_server, to_server)) = (client.into_split(), server.into_split());
    tokio::select! {
        () = pump(from_client, to_server, control.clone()) => {}
        () = pump(from_server, to_client, control.clone()) => {}
        _ = control.wait_for(|control| control.cuts != born.cuts) => {}
    }
}

async fn pump(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, mut control: watch::Receiver<Control>) {
    let mut buffer = vec![0; 64 << 10];
    while let Ok(read) = from.read(&mut buffer).await {
        let open = control.wait_for(|control| control.mode != Mode::Stall).await.is_ok();
        if read == 0 || !open || to.write_all(&buffer[..read]).await.is_err() {
            return;
        }
    }
}
