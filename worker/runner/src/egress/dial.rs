//! Connections: a name is resolved once, its addresses are checked, and only one of those
//! that passed is connected to.

use super::Reach;
use super::address::{canonical, is_global, is_metadata};
use super::own::Own;
use async_trait::async_trait;
use bytes::Bytes;
use futures::future::BoxFuture;
use futures::stream::{FuturesUnordered, StreamExt};
use http::Uri;
use http_body_util::Full;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use ipnet::IpNet;
use rustls::ClientConfig;
use std::net::SocketAddr;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::net::TcpStream;

/// Longest wait for a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(30);
/// Head start of one address before the next is tried too.
const HEAD_START: Duration = Duration::from_millis(250);
/// Idle connections are kept for so long.
const IDLE: Duration = Duration::from_secs(90);

/// A client over checked connections. What it pools may be used by whoever may use it, so
/// each set of private networks has a client of its own.
pub(super) type Http = Client<HttpsConnector<Dial>, Full<Bytes>>;

/// How to get to where one policy lets requests go.
#[derive(Clone)]
pub(super) struct Way {
    /// Opens connections.
    pub dial: Dial,
    /// Opens them, and speaks TLS where the URL says so.
    pub connector: HttpsConnector<Dial>,
    /// Sends over them, and keeps them.
    pub client: Http,
}

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
pub(super) enum DialError {
    /// The name has no address that may be reached.
    #[error("{0}")]
    Refused(String),
    /// The name does not resolve.
    #[error("the name does not resolve: {0}")]
    Unknown(std::io::Error),
    /// Nobody answers at the last address.
    #[error("{0}")]
    Unreachable(std::io::Error),
    /// No answer in time.
    #[error("no connection in time")]
    Slow,
}

/// Finds the addresses of names.
#[async_trait]
pub(super) trait Resolve: Send + Sync {
    /// All of them; an address in the place of a name is its own.
    async fn addresses(&self, host: &str, port: u16) -> std::io::Result<Vec<SocketAddr>>;
}

/// As this machine finds them.
struct System;

#[async_trait]
impl Resolve for System {
    async fn addresses(&self, host: &str, port: u16) -> std::io::Result<Vec<SocketAddr>> {
        Ok(tokio::net::lookup_host((host, port)).await?.collect())
    }
}

/// Connects under the rules of a reach.
#[derive(Clone)]
pub(super) struct Dial {
    reach: Reach,
    networks: Arc<[IpNet]>,
    own: Arc<Own>,
    resolver: Arc<dyn Resolve>,
}

impl Dial {
    pub fn new(reach: Reach, own: Arc<Own>) -> Self {
        Self { reach, networks: Arc::default(), own, resolver: Arc::new(System) }
    }

    #[cfg(test)]
    pub fn resolving_by(&self, resolver: Arc<dyn Resolve>) -> Self {
        Self { resolver, ..self.clone() }
    }

    pub fn without(&self, own: Arc<Own>) -> Self {
        Self { own, ..self.clone() }
    }

    /// The same, and these private networks.
    pub fn with_networks(&self, networks: &[IpNet]) -> Self {
        Self { networks: networks.into(), ..self.clone() }
    }

    pub fn way(self, tls: &ClientConfig) -> Way {
        let connector =
            HttpsConnectorBuilder::new().with_tls_config(tls.clone()).https_or_http().enable_http1();
        let connector = connector.wrap_connector(self.clone());
        let client = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(IDLE)
            .build(connector.clone());
        Way { dial: self, connector, client }
    }

    /// Why an address may not be reached; `None` when it may. Tenants read it, so of what is
    /// neither public nor granted nobody learns whether it is the platform's.
    pub async fn refusal(&self, address: SocketAddr) -> Option<&'static str> {
        let ip = canonical(address.ip());
        if is_metadata(ip) {
            return Some("is link-local, or where clouds keep credentials: no workflow may reach it");
        }
        let open = self.reach == Reach::Any || is_global(address.ip());
        if !open && !self.networks.iter().any(|network| network.contains(&ip)) {
            return Some(
                "is not a public address, nor granted by the organization's egress policy, which an \
                 administrator of the platform sets",
            );
        }
        self.own.has(address).await.then_some("is the platform's own: no workflow may reach it")
    }

    pub async fn connect(self, uri: Uri) -> Result<TokioIo<TcpStream>, DialError> {
        let host = uri.host().unwrap_or_default().trim_matches(['[', ']']);
        let port = uri.port_u16().unwrap_or(if uri.scheme_str() == Some("https") { 443 } else { 80 });
        let found = self.resolver.addresses(host, port).await.map_err(DialError::Unknown)?;
        let (mut allowed, mut why) = (vec![], "has no address");
        for address in found {
            match self.refusal(address).await {
                None => allowed.push(address),
                Some(refused) => why = refused,
            }
        }
        if allowed.is_empty() {
            return Err(DialError::Refused(format!("`{host}` {why}")));
        }
        let stream =
            tokio::time::timeout(CONNECT_TIMEOUT, first(allowed)).await.map_err(|_| DialError::Slow)?;
        let stream = stream.map_err(DialError::Unreachable)?;
        // Small requests go out at once.
        let _ = stream.set_nodelay(true);
        Ok(TokioIo::new(stream))
    }
}

/// The first address that answers; each gets a head start before the next.
async fn first(addresses: Vec<SocketAddr>) -> std::io::Result<TcpStream> {
    let mut waiting = addresses.into_iter();
    let mut trying = FuturesUnordered::new();
    let mut last = std::io::Error::from(std::io::ErrorKind::AddrNotAvailable);
    loop {
        match waiting.next() {
            Some(address) => trying.push(TcpStream::connect(address)),
            None if trying.is_empty() => return Err(last),
            None => {}
        }
        let answer = if waiting.len() == 0 {
            trying.next().await
        } else {
            tokio::time::timeout(HEAD_START, trying.next()).await.unwrap_or(None)
        };
        match answer {
            Some(Ok(stream)) => return Ok(stream),
            Some(Err(error)) => last = error,
            None => {}
        }
    }
}

impl tower::Service<Uri> for Dial {
    type Response = TokioIo<TcpStream>;
    type Error = DialError;
    type Future = BoxFuture<'static, Result<Self::Response, DialError>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), DialError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        Box::pin(self.clone().connect(uri))
    }
}
