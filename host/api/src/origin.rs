//! Where a request comes from and who turned out to send it: what the audit log is told,
//! and the one place that tells it of denied access.

use crate::problem::{self, ApiError};
use crate::state::ApiState;
use axum::extract::{ConnectInfo, MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::Response;
use bifrost_core::Caller;
use bifrost_store::audit::{self, Actor, Event, Outcome};
use http::{Extensions, HeaderMap, StatusCode};
use ipnet::IpNet;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, OnceLock};

/// The header in which proxies say whom they speak for.
const FORWARDED_FOR: &str = "x-forwarded-for";

/// Where a request comes from, and what became of it. One per request, shared.
#[derive(Clone, Debug, Default)]
pub struct Origin(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    address: Option<IpAddr>,
    request: Option<String>,
    actor: OnceLock<Arc<Actor>>,
    /// What was refused, where the answer does not say so.
    denied: OnceLock<String>,
}

impl Origin {
    /// That of a request; empty for one that did not come through [`watch`].
    pub fn of(extensions: &Extensions) -> Self {
        extensions.get::<Self>().cloned().unwrap_or_default()
    }

    /// The client's address, as far as trusted proxies tell.
    pub fn address(&self) -> Option<IpAddr> {
        self.0.address
    }

    /// Names the request in the server's log.
    pub fn request(&self) -> Option<String> {
        self.0.request.clone()
    }

    /// Who acts, now that they are known.
    pub fn actor(&self, caller: &Caller) -> Arc<Actor> {
        self.note(Actor::of(caller))
    }

    /// As [`Self::actor`], for somebody who did not become a caller, such as a name whose
    /// password was wrong.
    pub fn note(&self, actor: Actor) -> Arc<Actor> {
        let actor = Arc::new(actor.from(self.0.address, self.0.request.clone()));
        // The first one stays: a request has one sender.
        let _ = self.0.actor.set(actor.clone());
        actor
    }

    /// Something was refused with an answer that does not say so, such as 404 for what is
    /// foreign: written down as denied all the same.
    pub fn deny(&self, what: impl std::fmt::Display) {
        let _ = self.0.denied.set(what.to_string());
    }
}

/// The address behind proxies: from the right, the first that is none of the trusted ones.
fn client(peer: Option<IpAddr>, headers: &HeaderMap, trusted: &[IpNet]) -> Option<IpAddr> {
    let is_trusted = |address: IpAddr| trusted.iter().any(|net| net.contains(&address.to_canonical()));
    let mut address = peer?.to_canonical();
    let values = headers.get_all(FORWARDED_FOR);
    let named: Vec<_> =
        values.iter().filter_map(|value| value.to_str().ok()).flat_map(|v| v.split(',')).collect();
    for name in named.into_iter().rev() {
        if !is_trusted(address) {
            break;
        }
        // What is no address came from somebody who was not trusted to write it.
        match name.trim().parse::<IpAddr>() {
            Ok(next) => address = next.to_canonical(),
            Err(_) => break,
        }
    }
    Some(address)
}

/// Gives every request its origin, and the audit log every access that was denied.
pub async fn watch(State(state): State<ApiState>, mut request: Request, next: Next) -> Response {
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|peer| peer.0.ip());
    let origin = Origin(Arc::new(Inner {
        address: client(peer, request.headers(), &state.operations.trusted_proxies),
        request: Some(problem::request_id(request.extensions())).filter(|id| !id.is_empty()),
        ..Inner::default()
    }));
    request.extensions_mut().insert(origin.clone());
    let path = request.uri().path().to_owned();
    let route = request.extensions().get::<MatchedPath>().map(|route| route.as_str().to_owned());
    let method = request.method().clone();
    let response = next.run(request).await;
    let denied = origin.0.denied.get();
    if response.status() != StatusCode::FORBIDDEN && denied.is_none() {
        return response;
    }
    // Whoever is not known is in nobody's log.
    let Some(actor) = origin.0.actor.get() else { return response };
    let why = response.extensions().get::<ApiError>().map(|error| error.detail().to_owned());
    let event = Event::new("access.denied")
        .within(actor.organization)
        .target("path", path)
        .outcome(Outcome::Denied)
        .detail("method", method.as_str())
        .maybe("route", route)
        .maybe("denied", denied)
        .maybe("why", why);
    if let Err(error) = audit::note(&state.db.by(actor.clone()), event).await {
        tracing::error!(%error, "a denied access was not written down");
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(peer: &str, forwarded: &[&str], trusted: &[&str]) -> String {
        let mut headers = HeaderMap::new();
        for value in forwarded {
            headers.append(FORWARDED_FOR, value.parse().expect("a header"));
        }
        let trusted: Vec<_> = trusted.iter().map(|net| net.parse().expect("a network")).collect();
        client(Some(peer.parse().expect("an address")), &headers, &trusted).expect("an address").to_string()
    }

    #[test]
    fn only_trusted_proxies_are_believed() {
        assert_eq!(seen("203.0.113.9", &["198.51.100.1"], &[]), "203.0.113.9");
        assert_eq!(seen("203.0.113.9", &["198.51.100.1"], &["10.0.0.0/8"]), "203.0.113.9");
        assert_eq!(seen("10.0.0.1", &["198.51.100.1"], &["10.0.0.0/8"]), "198.51.100.1");
        // What the client wrote itself stands left of what the proxy added.
        assert_eq!(seen("10.0.0.1", &["1.1.1.1, 198.51.100.1, 10.0.0.2"], &["10.0.0.0/8"]), "198.51.100.1");
        assert_eq!(seen("10.0.0.1", &["1.1.1.1", "198.51.100.1"], &["10.0.0.0/8"]), "198.51.100.1");
        assert_eq!(seen("10.0.0.1", &["unknown"], &["10.0.0.0/8"]), "10.0.0.1");
        assert_eq!(seen("10.0.0.1", &[], &["10.0.0.0/8"]), "10.0.0.1");
        assert_eq!(seen("::ffff:10.0.0.1", &["2001:db8::1"], &["10.0.0.0/8"]), "2001:db8::1");
    }
}
