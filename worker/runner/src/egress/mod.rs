//! The way out: the guest's HTTP, sent by the host under its organization's policy.
//!
//! A name is resolved once, every address is checked, and the connection goes to the
//! checked address. Redirects are the guest's to follow, so that each is checked again.

mod address;
mod dial;
mod headers;
mod own;
mod policy;
mod presence;
mod rests;
mod shares;
mod unverified;
mod web;

pub use own::Service;
pub use rests::Rests;

use crate::observe;
use bifrost_core::OrganizationId;
use bifrost_core::egress::{matches_host, normal_host};
use bifrost_sandbox::{HttpError, HttpRequest, HttpResponse};
use bifrost_store::Db;
use bytes::Bytes;
use dial::{Dial, DialError, Way};
use http_body_util::{BodyExt, Full};
use ipnet::IpNet;
use own::Own;
use policy::Policies;
use presence::{Layer, Place, Presence};
use rests::Rest;
use rustls::ClientConfig;
use rustls_platform_verifier::BuilderVerifierExt;
use shares::Shares;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tracing::Instrument;
use url::Url;

/// Where requests may go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// Addresses of the public internet only.
    Public,
    /// Any address but the platform's own services and what machines are told of
    /// themselves: for one's own machine, and for tests.
    Any,
}

/// Longest wait for the answer when the guest says nothing.
const TIMEOUT: Duration = Duration::from_secs(600);
/// The header that names a trace.
const TRACE_PARENT: &str = "traceparent";

/// Sends requests; one per process, it pools connections.
#[derive(Clone)]
pub struct Egress {
    tls: Arc<ClientConfig>,
    /// For hosts whose certificates a policy leaves unchecked.
    unverified_tls: Arc<ClientConfig>,
    way: Way,
    presence: Presence,
    shares: Shares,
    body_bytes: usize,
    trace_hosts: Arc<[String]>,
    policies: Option<Arc<Policies>>,
    organization: Option<OrganizationId>,
}

impl Egress {
    /// A way out with this reach; answers are bounded by `body_bytes`.
    ///
    /// # Errors
    /// When TLS cannot be set up.
    pub fn new(reach: Reach, body_bytes: usize) -> anyhow::Result<Self> {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let builder =
            || ClientConfig::builder_with_provider(provider.clone()).with_safe_default_protocol_versions();
        let tls = builder()?.with_platform_verifier().map(|builder| builder.with_no_client_auth());
        let tls = tls.or_else(|error| {
            tracing::warn!("this machine has no CA certificates; HTTPS will be refused: {error}");
            let nobody = rustls::RootCertStore::empty();
            builder().map(|builder| builder.with_root_certificates(nobody).with_no_client_auth())
        })?;
        let way = Dial::new(reach, Arc::new(Own::default())).way(&tls);
        Ok(Self {
            tls: Arc::new(tls),
            unverified_tls: Arc::new(unverified::config(&provider)?),
            way,
            presence: Presence::default(),
            shares: Shares::default(),
            body_bytes,
            trace_hosts: Arc::default(),
            policies: None,
            organization: None,
        })
    }

    /// Tells these hosts, and nobody else, which trace a request belongs to. `*.` before a
    /// name means all names below it.
    #[must_use]
    pub fn with_trace_hosts(mut self, hosts: &[String]) -> Self {
        self.trace_hosts = hosts.iter().filter_map(|host| normal_host(host)).collect();
        self
    }

    /// Never reaches these services of the platform itself, wherever they are.
    #[must_use]
    pub fn without(mut self, services: Vec<Service>) -> Self {
        self.way = self.way.dial.without(Arc::new(Own::new(services))).way(&self.tls);
        self
    }

    /// Knows the policies of organizations; see [`Self::of`].
    #[must_use]
    pub fn with_policies(mut self, db: Db) -> Self {
        self.policies = Some(Arc::new(Policies::new(db)));
        self
    }

    /// The way out for the runs of one organization.
    #[must_use]
    pub fn of(&self, organization: OrganizationId) -> Self {
        Self { organization: Some(organization), ..self.clone() }
    }

    /// Sends one request and reads its whole answer. `CONNECT` asks whether somebody listens.
    pub async fn send(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let (mut response, mut rest) = self.open(request).await?;
        while let Some(more) = &mut rest {
            let piece = more.next().await?;
            response.body.extend(piece.bytes);
            rest = rest.filter(|_| !piece.is_last);
        }
        Ok(response)
    }

    /// Sends one request and reads the beginning of its answer; the whole when it comes at once.
    async fn open(&self, request: HttpRequest) -> Result<(HttpResponse, Option<Rest>), HttpError> {
        let (span, begun) = (observe::request(&request), Instant::now());
        let limit = request.timeout_ms.map_or(TIMEOUT, Duration::from_millis);
        let exchange = tokio::time::timeout(limit, self.exchange(request));
        let result = exchange.instrument(span.clone()).await.unwrap_or(Err(HttpError::Timeout));
        observe::answered(&span, result.as_ref().map(|(response, _)| response), begun.elapsed());
        result
    }

    async fn exchange(&self, request: HttpRequest) -> Result<(HttpResponse, Option<Rest>), HttpError> {
        let protocol = |what: String| HttpError::Protocol(what);
        let mut url = Url::parse(&request.url).map_err(|e| protocol(format!("the URL: {e}")))?;
        let port = match (url.scheme(), url.port_or_known_default()) {
            ("http" | "https", Some(port)) => port,
            (scheme, _) => return Err(protocol(format!("`{scheme}` is neither http nor https"))),
        };
        let host = url.host_str().ok_or_else(|| protocol("the URL has no host".to_owned()))?.to_owned();
        let method = http::Method::from_bytes(request.method.as_bytes());
        let method = method.map_err(|_| protocol(format!("`{}` is no method", request.method)))?;
        let connects = request.connects();
        if request.unverified {
            self.check_unverified(&host).await?;
        }
        let mut headers = headers::checked(request.headers, &url, request.body.len())?;
        headers::credentials(&mut url, &mut headers)?;
        if let Some(parent) = bifrost_core::trace::current().filter(|_| self.hears_of_traces(&host))
            && !headers.contains_key(TRACE_PARENT)
            && let Ok(value) = parent.parse()
        {
            headers.insert(TRACE_PARENT, value);
        }
        let own_way = match (&self.policies, self.organization) {
            (Some(policies), Some(organization)) => {
                let method = (!connects).then_some(method.as_str());
                let asked = policy::Asked { method, host: &host, port, bytes: request.body.len() };
                policies.admit(organization, asked, |networks| self.way_to(networks)).await?
            }
            _ => None,
        };
        let way = own_way.as_ref().unwrap_or(&self.way);
        let share = self.shares.take(self.organization).await?;
        // Shared with nobody: a kept connection would serve who wants the certificate checked.
        let alone = request.unverified.then(|| way.dial.clone().way(&self.unverified_tls));
        let way = alone.as_ref().unwrap_or(way);
        let layer = match url.scheme() {
            "http" => Layer::Tcp,
            _ if request.unverified => Layer::Unverified,
            _ => Layer::Tls,
        };
        let place = Place { organization: self.organization, host, port, layer };
        let uri: http::Uri = url.as_str().parse().map_err(|e| protocol(format!("the URL: {e}")))?;
        if connects {
            self.presence.ask(place, way, uri, request.connect_timeout_ms).await?;
            return Ok((HttpResponse::empty(), None));
        }
        let mut outgoing = http::Request::new(Full::new(Bytes::from(request.body)));
        *outgoing.method_mut() = method;
        *outgoing.uri_mut() = uri;
        *outgoing.headers_mut() = headers;
        let response = way.client.request(outgoing).await;
        let response = response.map_err(|error| failure(&error, error.is_connect()))?;
        // Who speaks TLS listens, too.
        self.presence.note(Place { layer: Layer::Tcp, ..place.clone() });
        self.presence.note(place);
        let (head, body) = response.into_parts();
        let body = body.map_err(|error| HttpError::Connection(error.to_string())).boxed_unsync();
        let account = self.policies.clone().zip(self.organization);
        let mut rest = Rest::new(body, self.body_bytes, account, share);
        let first = rest.early().await;
        let headers = head.headers.iter().map(|(n, v)| (n.to_string(), v.as_bytes().to_vec())).collect();
        let response = HttpResponse { status: head.status.as_u16(), headers, body: first.bytes, rest: None };
        Ok((response, (!first.is_last).then_some(rest)))
    }

    fn way_to(&self, networks: &[IpNet]) -> Way {
        self.way.dial.with_networks(networks).way(&self.tls)
    }

    /// Whether the policy lets this host's certificate go unchecked.
    async fn check_unverified(&self, host: &str) -> Result<(), HttpError> {
        let is_left = match (&self.policies, self.organization) {
            (Some(policies), Some(organization)) => {
                policies.leaves_unverified(organization, host, |networks| self.way_to(networks)).await?
            }
            _ => false,
        };
        if is_left {
            return Ok(());
        }
        let why = format!("the organization's egress policy has the certificate of `{host}` checked");
        Err(HttpError::Denied(why))
    }

    fn hears_of_traces(&self, host: &str) -> bool {
        self.trace_hosts.iter().any(|pattern| matches_host(pattern, host))
    }
}

impl From<&DialError> for HttpError {
    fn from(error: &DialError) -> Self {
        match error {
            DialError::Refused(why) => Self::Denied(why.clone()),
            DialError::Unknown(_) => Self::Dns,
            DialError::Unreachable(why) => Self::Connection(why.to_string()),
            DialError::Slow => Self::Timeout,
        }
    }
}

/// The first cause that somebody can do something about. `is_connect` says that there was no
/// connection yet.
fn failure(error: &(dyn std::error::Error + 'static), is_connect: bool) -> HttpError {
    let mut texts = vec![];
    let mut next = Some(error);
    while let Some(cause) = next {
        if let Some(dial) = cause.downcast_ref::<DialError>() {
            return dial.into();
        }
        if cause.downcast_ref::<hyper::Error>().is_some_and(hyper::Error::is_incomplete_message) {
            return HttpError::Unanswered;
        }
        // The connector puts one error of input and output into another.
        let mut io = cause.downcast_ref::<std::io::Error>();
        while let Some(inner) = io.and_then(std::io::Error::get_ref) {
            if let Some(tls) = inner.downcast_ref::<rustls::Error>() {
                return HttpError::Tls(format!("TLS failed: {tls}"));
            }
            io = inner.downcast_ref();
            if io.is_some_and(|io| io.kind() == std::io::ErrorKind::UnexpectedEof) {
                return HttpError::Tls("the other side broke off the TLS handshake".to_owned());
            }
        }
        texts.push(cause.to_string());
        next = cause.source();
    }
    let text = texts.join(": ");
    if is_connect { HttpError::Connection(text) } else { HttpError::Protocol(text) }
}

#[cfg(test)]
mod tests;
