//! Answers of the API that come with a document: what its screen asks for at once. The page need not
//! wait for its scripts first, and then for one answer after the other.
//!
//! They are what the page itself would get: asked with its cookie, through the same router. A refusal
//! comes along as well, so that nobody is refused, and noted for it, twice.

use crate::screen;
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::Request;
use futures::future::join_all;
use http::request::Parts;
use http::uri::PathAndQuery;
use http::{HeaderName, HeaderValue, header};
use serde_json::value::{RawValue, to_raw_value};
use std::collections::BTreeMap;
use std::time::Duration;
use tokio::time::timeout;
use tower::ServiceExt;

/// How long a document waits for an answer; the page asks for one that takes longer.
const PATIENCE: Duration = Duration::from_millis(150);

/// Largest answer that is carried, in bytes: more would hold up the scripts.
const MAX_BYTES: usize = 64 << 10;

/// Names the organization that a request is about.
const ORGANIZATION: HeaderName = HeaderName::from_static("x-bifrost-organization");

/// What says who asks, and from where.
const PASSED_ON: [HeaderName; 2] = [header::COOKIE, HeaderName::from_static("x-forwarded-for")];

#[derive(serde::Serialize)]
struct Carried<'a> {
    organization: Option<&'a str>,
    /// By path and query.
    answers: BTreeMap<String, Answer>,
}

#[derive(serde::Serialize)]
struct Answer {
    status: u16,
    body: Box<RawValue>,
}

/// What `api` answers to the first requests of a document, as an element that scripts read.
pub async fn element(api: &Router, document: &Parts) -> String {
    let organization = screen::organization(&document.uri);
    let requests = screen::first_requests(&document.uri);
    let asked = requests.into_iter().map(async |path| {
        let answer = timeout(PATIENCE, ask(api, document, organization, &path)).await.ok().flatten();
        answer.map(|answer| (path.to_string(), answer))
    });
    let answers = join_all(asked).await.into_iter().flatten().collect();
    let json = serde_json::to_string(&Carried { organization, answers }).unwrap_or_default();
    // In JSON this character stands in texts only, and in HTML it could end the element.
    format!(r#"<script type="application/json" id="carried">{}</script>"#, json.replace('<', r"\u003c"))
}

/// An answer that the page can be told as it is: JSON, no failure of the server, and not large.
async fn ask(
    api: &Router,
    document: &Parts,
    organization: Option<&str>,
    path: &PathAndQuery,
) -> Option<Answer> {
    let mut request = Request::new(Body::empty());
    *request.uri_mut() = path.clone().into();
    *request.extensions_mut() = document.extensions.clone();
    for name in PASSED_ON {
        for value in document.headers.get_all(&name) {
            request.headers_mut().append(&name, value.clone());
        }
    }
    if let Some(id) = organization {
        request.headers_mut().insert(ORGANIZATION, HeaderValue::from_str(id).ok()?);
    }
    let response = api.clone().oneshot(request).await.ok()?;
    let status = response.status();
    let kind = response.headers().get(header::CONTENT_TYPE)?.to_str().ok()?;
    if status.is_server_error() || !kind.ends_with("json") {
        return None;
    }
    let body = to_bytes(response.into_body(), MAX_BYTES).await.ok()?;
    let body = to_raw_value(&serde_json::from_slice::<&RawValue>(&body).ok()?).ok()?;
    Some(Answer { status: status.as_u16(), body })
}
