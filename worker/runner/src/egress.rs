//! The way out: the guest's HTTP, sent by the host under a policy.
//!
//! A name is resolved once, every address is checked, and the connection goes to the
//! checked address. Redirects are the guest's to follow, so that each is checked again.

use crate::observe;
use crate::presence::Presence;
use bifrost_sandbox::{HttpError, HttpRequest, HttpResponse};
use futures::StreamExt;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tracing::Instrument;

/// Where requests may go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// Addresses of the public internet only.
    Public,
    /// Any address: for one's own machine, and for tests.
    Any,
}

/// Longest wait for a connection when the guest says nothing.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(30);
/// Longest wait for the answer when the guest says nothing.
const TIMEOUT: Duration = Duration::from_secs(600);

/// The header that names a trace.
const TRACE_PARENT: &str = "traceparent";

/// Sends requests; one per process, it pools connections.
#[derive(Clone)]
pub struct Egress {
    client: reqwest::Client,
    reach: Reach,
    body_bytes: usize,
    trace_hosts: Arc<[String]>,
    presence: Presence,
}

struct Checked(Reach);

impl Resolve for Checked {
    fn resolve(&self, name: Name) -> Resolving {
        let reach = self.0;
        Box::pin(async move {
            let found: Vec<SocketAddr> = tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            let allowed: Vec<SocketAddr> =
                found.into_iter().filter(|a| reach == Reach::Any || is_global(a.ip())).collect();
            if allowed.is_empty() {
                return Err(format!("`{}` has no address that may be reached", name.as_str()).into());
            }
            Ok(Box::new(allowed.into_iter()) as Addrs)
        })
    }
}

impl Egress {
    /// A way out with this reach; answers are bounded by `body_bytes`.
    ///
    /// # Errors
    /// When TLS cannot be set up.
    pub fn new(reach: Reach, body_bytes: usize) -> anyhow::Result<Self> {
        let builder = || {
            reqwest::Client::builder()
                .redirect(reqwest::redirect::Policy::none())
                .no_proxy()
                .connect_timeout(CONNECT_TIMEOUT)
                .dns_resolver(Arc::new(Checked(reach)))
        };
        let client = builder().build().or_else(|error| {
            tracing::warn!("this machine has no CA certificates; HTTPS will be refused: {error}");
            builder().tls_certs_only([]).build()
        })?;
        Ok(Self { client, reach, body_bytes, trace_hosts: Arc::default(), presence: Presence::default() })
    }

    /// Tells these hosts, and nobody else, which trace a request belongs to. `*.` before a
    /// name means all names below it.
    #[must_use]
    pub fn with_trace_hosts(mut self, hosts: &[String]) -> Self {
        self.trace_hosts = hosts.iter().map(|host| host.trim().to_ascii_lowercase()).collect();
        self
    }

    /// Sends one request and reads its whole answer. `CONNECT` asks whether somebody listens.
    pub async fn send(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let (span, begun) = (observe::request(&request), Instant::now());
        let result = self.exchange(request).instrument(span.clone()).await;
        observe::answered(&span, &result, begun.elapsed());
        result
    }

    async fn exchange(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let protocol = |what: &str| HttpError::Protocol(what.to_owned());
        let url = reqwest::Url::parse(&request.url).map_err(|e| HttpError::Protocol(e.to_string()))?;
        let literal = match url.host() {
            Some(url_host) => url_host.to_string().trim_matches(['[', ']']).parse::<IpAddr>().ok(),
            None => return Err(protocol("the URL has no host")),
        };
        if let Some(address) = literal
            && self.reach == Reach::Public
            && !is_global(address)
        {
            return Err(HttpError::Denied(format!("{address} is not a public address")));
        }
        let method =
            reqwest::Method::from_bytes(request.method.as_bytes()).map_err(|_| protocol("method"))?;
        if request.connects() {
            let patience = request.connect_timeout_ms.map_or(CONNECT_TIMEOUT, Duration::from_millis);
            self.presence.ask(&url, self.reach, patience).await?;
            return Ok(HttpResponse { status: 200, headers: vec![], body: vec![] });
        }
        let parent = url.host_str().filter(|host| is_listed(host, &self.trace_hosts));
        let parent = parent.and_then(|_| bifrost_core::trace::current());
        let own = request.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case(TRACE_PARENT));
        let mut builder = self
            .client
            .request(method, url.clone())
            .timeout(request.timeout_ms.map_or(TIMEOUT, Duration::from_millis))
            .body(request.body);
        for (name, value) in request.headers {
            builder = builder.header(name, value);
        }
        if let Some(parent) = parent.filter(|_| !own) {
            builder = builder.header(TRACE_PARENT, parent);
        }
        let response = builder.send().await.map_err(failure)?;
        self.presence.note(&url);
        let status = response.status().as_u16();
        let headers =
            response.headers().iter().map(|(n, v)| (n.to_string(), v.as_bytes().to_vec())).collect();
        let mut body = vec![];
        let mut chunks = response.bytes_stream();
        while let Some(chunk) = chunks.next().await {
            let chunk = chunk.map_err(failure)?;
            if body.len() + chunk.len() > self.body_bytes {
                return Err(HttpError::Limit(format!("the answer is larger than {} bytes", self.body_bytes)));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(HttpResponse { status, headers, body })
    }
}

fn is_listed(host: &str, list: &[String]) -> bool {
    list.iter().any(|entry| match entry.strip_prefix("*.") {
        Some(domain) => host.strip_suffix(domain).is_some_and(|sub| sub.len() > 1 && sub.ends_with('.')),
        None => entry == host,
    })
}

fn failure(error: reqwest::Error) -> HttpError {
    let mut text = error.to_string();
    let mut source = std::error::Error::source(&error);
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    if error.is_timeout() {
        HttpError::Timeout
    } else if text.contains("may be reached") {
        HttpError::Denied(text)
    } else if text.contains("dns error") || text.contains("lookup") {
        HttpError::Dns
    } else if ["certificate", "tls", "corrupt message"].iter().any(|word| text.contains(word)) {
        HttpError::Tls(text)
    } else if error.is_connect() {
        HttpError::Connection(text)
    } else {
        HttpError::Protocol(text)
    }
}

/// True for addresses of the public internet; every form that hides an IPv4 address in
/// an IPv6 one is judged by the address inside.
pub fn is_global(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => is_global_v4(v4),
        IpAddr::V6(v6) => is_global_v6(v6),
    }
}

fn is_global_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    !(a == 0
        || address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_multicast()
        || address.is_documentation()
        || (a == 100 && (64..128).contains(&b)) // shared address space, RFC 6598
        || (a == 192 && b == 0 && c == 0) // IETF protocol assignments
        || (a == 192 && b == 88 && c == 99) // 6to4 relay
        || (a == 198 && (b == 18 || b == 19)) // benchmarking
        || a >= 240)
}

fn is_global_v6(address: Ipv6Addr) -> bool {
    let s = address.segments();
    let inner = |hi: u16, lo: u16| {
        let ([a, b], [c, d]) = (hi.to_be_bytes(), lo.to_be_bytes());
        Ipv4Addr::new(a, b, c, d)
    };
    if s[..5] == [0; 5] && s[5] == 0xffff || s[..6] == [0; 6] {
        // IPv4-mapped, and the deprecated IPv4-compatible, `::` and `::1` among them.
        return is_global_v4(inner(s[6], s[7])) && s[5] == 0xffff;
    }
    if s[..6] == [0x64, 0xff9b, 0, 0, 0, 0] {
        return is_global_v4(inner(s[6], s[7])); // NAT64
    }
    if s[0] == 0x2002 {
        return is_global_v4(inner(s[1], s[2])); // 6to4
    }
    if s[..2] == [0x2001, 0] {
        return is_global_v4(inner(!s[6], !s[7])); // Teredo, the client's address is inverted
    }
    // Global unicast is 2000::/3; documentation and ORCHID are taken out of it.
    s[0] & 0xe000 == 0x2000
        && !(s[0] == 0x2001 && s[1] == 0xdb8)
        && !(s[0] == 0x3fff && s[1] & 0xf000 == 0)
        && !(s[0] == 0x2001 && (s[1] & 0xfff0 == 0x10 || s[1] & 0xfff0 == 0x20))
        && !(s[0] == 0x2001 && s[1] == 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_public_addresses_are_global() {
        for text in [
            "127.0.0.1",
            "0.0.0.0",
            "10.1.2.3",
            "172.16.0.1",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "198.18.0.1",
            "224.0.0.1",
            "255.255.255.255",
            "192.0.2.1",
            "::",
            "::1",
            "::ffff:127.0.0.1",
            "::ffff:169.254.169.254",
            "::127.0.0.1",
            "64:ff9b::7f00:1",
            "2002:7f00:1::",
            "2001:0:1:2:3:4:80ff:fffe",
            "fe80::1",
            "fc00::1",
            "fd00:ec2::254",
            "ff02::1",
            "2001:db8::1",
        ] {
            assert!(!is_global(text.parse().expect("address")), "{text}");
        }
        for text in ["1.1.1.1", "93.184.216.34", "2606:4700::1111", "::ffff:1.1.1.1", "64:ff9b::101:101"] {
            assert!(is_global(text.parse().expect("address")), "{text}");
        }
    }

    #[test]
    fn only_listed_hosts_hear_of_traces() {
        let list = ["api.example.com".to_owned(), "*.inside.example".to_owned()];
        for host in ["api.example.com", "a.inside.example", "a.b.inside.example"] {
            assert!(is_listed(host, &list), "{host}");
        }
        for host in
            ["example.com", "x.api.example.com", "inside.example", ".inside.example", "ainside.example"]
        {
            assert!(!is_listed(host, &list), "{host}");
        }
        assert!(!is_listed("api.example.com", &[]));
    }

    #[tokio::test]
    async fn the_loopback_is_out_of_public_reach() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("listen");
        let port = listener.local_addr().expect("address").port();
        let request = move |host: &str| HttpRequest {
            method: "GET".to_owned(),
            url: format!("http://{host}:{port}/"),
            headers: vec![],
            body: vec![],
            connect_timeout_ms: None,
            timeout_ms: Some(300),
        };
        let egress = Egress::new(Reach::Public, 1_000).expect("egress");
        for host in ["127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "2130706433", "0x7f.1"] {
            let error = egress.send(request(host)).await.expect_err(host);
            assert!(matches!(error, HttpError::Denied(_)), "{host}: {error:?}");
        }
        // The control: the same request reaches the listener where the policy allows it.
        let egress = Egress::new(Reach::Any, 1_000).expect("egress");
        let sent = tokio::spawn(async move { egress.send(request("127.0.0.1")).await });
        listener.accept().await.expect("the request arrived");
        sent.abort();
    }
}
