//! What surrounds every route, outermost first: request id, trace, metrics, security headers,
//! compression, problem bodies, panics.

use crate::{metrics, problem};
use axum::Router;
use axum::extract::{DefaultBodyLimit, Request};
use axum::response::Response;
use bifrost_core::trace;
use http::{HeaderName, HeaderValue, header};
use std::time::Duration;
use tower::ServiceBuilder;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::{DefaultPredicate, NotForContentType, Predicate};
use tower_http::request_id::{MakeRequestId, PropagateRequestIdLayer, RequestId, SetRequestIdLayer};
use tower_http::set_header::SetResponseHeaderLayer;
use tower_http::trace::TraceLayer;
use tracing::{Span, field};

/// Largest body of most requests, in bytes.
const BODY_BYTES: usize = 2 << 20;

/// Largest body of a deploy, in bytes: a workspace of 64 MiB in base64, with its paths.
pub const DEPLOY_BODY_BYTES: usize = 100 << 20;

/// Content type of streamed lines; compressing would hold them back.
pub const NDJSON: &str = "application/x-ndjson";

/// Longest request id that is taken over from a proxy, in bytes.
const REQUEST_ID_BYTES: usize = 64;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

#[derive(Clone, Copy)]
struct NewRequestId;

impl MakeRequestId for NewRequestId {
    fn make_request_id<B>(&mut self, _: &http::Request<B>) -> Option<RequestId> {
        HeaderValue::from_str(&uuid::Uuid::now_v7().to_string()).ok().map(RequestId::new)
    }
}

/// A request id from outside goes into logs, so it has to be short and plain.
fn drop_odd_request_id(mut request: Request) -> Request {
    let plain = request.headers().get(REQUEST_ID).is_none_or(|id| {
        let id = id.as_bytes();
        (1..=REQUEST_ID_BYTES).contains(&id.len())
            && id.iter().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(b))
    });
    if !plain {
        request.headers_mut().remove(REQUEST_ID);
    }
    request
}

/// The header that names the trace which a request belongs to.
const TRACE_PARENT: &str = "traceparent";

/// What a path of the log ends with where a token that opens something would follow.
const TOKENS: &str = "/api/files/signed/";

fn logged(path: &str) -> &str {
    if path.starts_with(TOKENS) { TOKENS } else { path }
}

/// The path is logged without its query, and no other header is logged at all.
fn span(request: &Request) -> Span {
    let request_id = problem::request_id(request.extensions());
    if is_probe(request.uri().path()) {
        return tracing::debug_span!("probe", %request_id);
    }
    let (method, route) = (metrics::method(request), metrics::route(request));
    let span = tracing::info_span!(
        "request",
        %request_id,
        method,
        path = logged(request.uri().path()),
        status = field::Empty,
        otel.name = format!("{method} {route}"),
        otel.kind = "server",
        otel.status_code = field::Empty,
    );
    if let Some(Ok(parent)) = request.headers().get(TRACE_PARENT).map(HeaderValue::to_str) {
        trace::follow(&span, parent);
    }
    span
}

/// Probes come every few seconds; their traces would hide all others.
fn is_probe(path: &str) -> bool {
    path.starts_with("/health/") || path == "/metrics"
}

fn answered(response: &Response, took: Duration, span: &Span) {
    let status = response.status();
    span.record("status", status.as_u16());
    if status.is_server_error() {
        span.record("otel.status_code", "ERROR");
    }
    tracing::debug!(status = status.as_u16(), took_ms = took.as_millis(), "answered");
}

fn header(name: HeaderName, value: &'static str) -> SetResponseHeaderLayer<HeaderValue> {
    SetResponseHeaderLayer::if_not_present(name, HeaderValue::from_static(value))
}

/// Puts `router` under what requests need that come from within another: problem bodies, panics.
pub fn inside(router: Router) -> Router {
    let layers = ServiceBuilder::new()
        .layer(axum::middleware::from_fn(problem::finish))
        .layer(CatchPanicLayer::custom(problem::panicked));
    router.layer(layers)
}

/// Puts `router` under all layers.
pub fn apply(router: Router) -> Router {
    let layers = ServiceBuilder::new()
        .map_request(drop_odd_request_id)
        .layer(SetRequestIdLayer::new(REQUEST_ID, NewRequestId))
        .layer(
            TraceLayer::new_for_http()
                .make_span_with(span)
                .on_request(())
                .on_request(())
                .on_response(answered)
                .on_failure(()),
        )
        .layer(axum::middleware::from_fn(metrics::count))
        .layer(PropagateRequestIdLayer::new(REQUEST_ID))
        .layer(header(header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .layer(header(header::X_FRAME_OPTIONS, "DENY"))
        .layer(header(header::REFERRER_POLICY, "no-referrer"))
        .layer(header(header::CACHE_CONTROL, "no-store"))
        .layer(header(header::CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'"))
        .layer(
            CompressionLayer::new()
                .compress_when(DefaultPredicate::new().and(NotForContentType::const_new(NDJSON))),
        );
    inside(router.layer(DefaultBodyLimit::max(BODY_BYTES))).layer(layers)
}
