//! The web UI: its files are built from `client/` and embedded here. All pages are one document,
//! whose script shows what the path asks for. What belongs to the API stays the API's.

mod assets;
mod carried;
mod policy;
mod screen;

use assets::Asset;
use axum::Router;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Method, header};
use screen::Screen;

/// The document of every page.
const DOCUMENT: &str = "index.html";

/// Where its head ends.
const HEAD_END: &str = "</head>";

/// Where its body ends.
const BODY_END: &str = "</body>";

/// Paths that are never pages: a program that mistypes one does not want HTML.
const NO_PAGES: [&str; 5] = ["api", "ws", "health", "metrics", "openapi.json"];

/// Files in this folder never change: their names are made of their contents.
const HASHED: &str = "assets/";

/// Answers requests for the UI and passes all others on. It is a layer, so that the API keeps
/// its own answer to what does not exist. `api` is asked for what documents carry.
pub async fn serve(State(api): State<Router>, request: Request, next: Next) -> Response {
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return next.run(request).await;
    }
    let path = request.uri().path().trim_start_matches('/');
    match Asset::find(path).filter(|asset| asset.path != DOCUMENT) {
        Some(asset) => file(asset, request.headers()),
        None if is_page(path, request.headers()) => page(&api, &request.into_parts().0).await,
        None => next.run(request).await,
    }
}

fn is_page(path: &str, headers: &HeaderMap) -> bool {
    let first = path.split('/').next().unwrap_or_default();
    !NO_PAGES.contains(&first) && !path.starts_with(HASHED) && is_navigation(headers)
}

/// True where a browser goes to, and not its scripts: the `Accept` of a navigation names HTML.
pub fn is_navigation(headers: &HeaderMap) -> bool {
    let accept = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok());
    accept.is_some_and(|accept| accept.contains("text/html"))
}

/// The document, with a nonce of its own, and what its screen begins with.
async fn page(api: &Router, request: &Parts) -> Response {
    let nonce = policy::nonce();
    let scripts = Screen::find(request.uri.path()).map_or("", |(screen, _)| screen.scripts);
    let carried =
        if request.method == Method::GET { carried::element(api, request).await } else { String::new() };
    // What tenants wrote comes last: nothing in it is replaced.
    let html = String::from_utf8_lossy(Asset::find(DOCUMENT).map_or(&[], |document| document.plain))
        .replace(policy::NONCE, &nonce)
        .replacen(HEAD_END, &format!("{scripts}{HEAD_END}"), 1)
        .replacen(BODY_END, &format!("{carried}{BODY_END}"), 1);
    let mut response = html.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::CONTENT_SECURITY_POLICY, policy::document(&nonce));
    response
}

/// A file, compressed as the browser takes it.
fn file(asset: &'static Asset, request: &HeaderMap) -> Response {
    let (bytes, encoding) = asset.encoded(request);
    let mut response = bytes.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, asset.content_type());
    let caching =
        if asset.path.starts_with(HASHED) { "public, max-age=31536000, immutable" } else { "no-cache" };
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(caching));
    headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    if let Some(encoding) = encoding {
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static(encoding));
    }
    if asset.path == policy::RESULT {
        headers.insert(header::CONTENT_SECURITY_POLICY, policy::result());
        headers.insert(header::X_FRAME_OPTIONS, HeaderValue::from_static("SAMEORIGIN"));
    }
    response
}
