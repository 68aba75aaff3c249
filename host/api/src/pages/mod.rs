//! The page where people sign in, make the first administrator, follow a link or an
//! invitation, and confirm a command line's code. Plain files without outside parts.

use crate::state::ApiState;
use axum::Router;
use axum::http::{HeaderName, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;

/// Nothing from elsewhere, nothing inline, in nobody's frame.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; \
    form-action 'none'; base-uri 'none'; frame-ancestors 'none'";

const PAGE: &str = include_str!("sign_in.html");
const SCRIPT: &str = include_str!("sign_in.js");
const STYLE: &str = include_str!("sign_in.css");

/// The pages' routes; not a part of the API's document.
pub(crate) fn routes() -> Router<ApiState> {
    let page = || async { file("text/html; charset=utf-8", PAGE) };
    Router::new()
        .route("/sign-in", get(page))
        .route("/device", get(page))
        .route("/sign-in.js", get(|| async { file("text/javascript; charset=utf-8", SCRIPT) }))
        .route("/sign-in.css", get(|| async { file("text/css; charset=utf-8", STYLE) }))
}

fn file(content_type: &'static str, text: &'static str) -> Response {
    let headers: [(HeaderName, HeaderValue); 2] = [
        (header::CONTENT_TYPE, HeaderValue::from_static(content_type)),
        (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY)),
    ];
    (headers, text).into_response()
}
