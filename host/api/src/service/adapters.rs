//! Requests to webhooks whose adapter says what they are. Nobody knows who sends them until an
//! author's code has looked, so each costs a sandbox: how many there are in a minute and at the same
//! time is bounded, and so is what a request may be and what an answer may say.

use crate::problem::{ApiError, ApiResult};
use crate::service::inbox;
use crate::state::ApiState;
use axum::body::Body;
use axum::response::Response;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use bifrost_core::adapter::{Answer, Event, State};
use bifrost_core::{Error, OrganizationId, Result, WebhookId};
use bifrost_store::webhooks::adapters::{self, Kept, Method};
use bifrost_store::webhooks::{Reception, Webhook};
use bytes::Bytes;
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use serde_json::{Map, Value, json};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use uuid::Uuid;

/// Requests of one source that are looked at at the same time.
const AT_ONCE: usize = 8;
/// The same for all sources of one organization.
const AT_ONCE_OF_ORGANIZATION: usize = 16;
/// The same for all organizations, in this process.
const AT_ONCE_IN_ALL: usize = 64;
/// Longest wait for an answer, loading the adapter's version included.
const PATIENCE: Duration = Duration::from_secs(15);
/// Attempts when the adapter's state was changed by another request.
const ATTEMPTS: usize = 3;
/// When the sender is asked to come back after a failure.
const RETRY_AFTER_SECONDS: u64 = 10;
/// All headers of a request together, in bytes.
const MAX_HEADERS: usize = 32 << 10;
/// Longest query, in bytes.
const MAX_QUERY: usize = 8 << 10;

/// Requests that are being looked at by this process: how many of each source and organization.
#[derive(Default)]
pub struct Places {
    taken: Mutex<HashMap<Uuid, usize>>,
}

/// One of them, until it is dropped.
struct Place {
    places: Arc<Places>,
    of: [Uuid; 2],
}

impl Places {
    /// A place for a request of a source; `None` when all are taken.
    fn take(self: &Arc<Self>, source: WebhookId, organization: OrganizationId) -> Option<Place> {
        let of = [source.0, organization.0];
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        // Each has one of a source and one of an organization.
        let is_full = taken.values().sum::<usize>() >= 2 * AT_ONCE_IN_ALL;
        let has = |id: &Uuid, most: usize| taken.get(id).is_some_and(|count| *count >= most);
        if is_full || has(&of[0], AT_ONCE) || has(&of[1], AT_ONCE_OF_ORGANIZATION) {
            return None;
        }
        for id in of {
            *taken.entry(id).or_default() += 1;
        }
        Some(Place { places: self.clone(), of })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.places.taken.lock().unwrap_or_else(PoisonError::into_inner);
        for id in self.of {
            if let Some(count) = taken.get_mut(&id) {
                *count -= 1;
                if *count == 0 {
                    taken.remove(&id);
                }
            }
        }
    }
}

/// What became of a request.
pub enum Handled {
    /// These are in the inbox.
    Taken(Vec<Reception>),
    /// A handshake's answer.
    Answered(Box<Response>),
    /// It is not genuine: the status for its sender, the reason for the audit log.
    Rejected(StatusCode, String),
}

/// Has a source's adapter look at a request, and keeps what it says before this returns.
///
/// # Errors
/// 503 when the adapter fails, so that the sender tries again; it is written down at the source.
pub async fn handle(state: &ApiState, webhook: &Webhook, parts: &Parts, body: &Bytes) -> ApiResult<Handled> {
    let request = request(parts, body)?;
    state.operations.rates.take(webhook.id.0, webhook.settings.rate_per_minute)?;
    let Some(place) = state.operations.places.take(webhook.id, webhook.organization_id) else {
        count("busy");
        return Err(unavailable("more requests at the same time than this webhook takes"));
    };
    // In a task of its own: when the sender gives up, a version that is being loaded is loaded.
    let (of_task, source) = (state.clone(), webhook.clone());
    let task = tokio::spawn(async move {
        let _place = place;
        look(&of_task, &source, &request).await
    });
    let reason = match tokio::time::timeout(PATIENCE, task).await {
        Ok(Ok(Ok(Ok(handled)))) => {
            count("done");
            return Ok(handled);
        }
        Ok(Ok(Ok(Err(reason)))) => reason,
        // Deleted meanwhile.
        Ok(Ok(Err(error @ Error::NotFound(_)))) => return Err(error.into()),
        Ok(Ok(Err(error))) => own_fault(webhook, error),
        Ok(Err(lost)) => own_fault(webhook, lost),
        Err(_) => format!("no answer within {} s", PATIENCE.as_secs()),
    };
    count("failed");
    let org = state.db.org(webhook.organization_id);
    if let Err(error) = adapters::note_failure(&org, webhook.id, &reason).await {
        tracing::warn!(webhook = %webhook.id, "a failed adapter was not written down: {error:#}");
    }
    Err(unavailable("this webhook could not look at the request"))
}

fn own_fault(webhook: &Webhook, error: impl std::fmt::Display) -> String {
    tracing::warn!(webhook = %webhook.id, "an adapter could not be called: {error:#}");
    "the platform could not call the adapter; its log has the cause".to_owned()
}

/// Looks until nobody has changed the adapter's state meanwhile; a text when the adapter is at fault.
async fn look(
    state: &ApiState,
    webhook: &Webhook,
    request: &Value,
) -> Result<std::result::Result<Handled, String>> {
    for _ in 0..ATTEMPTS {
        match attempt(state, webhook, request).await? {
            Ok(Some(handled)) => return Ok(Ok(handled)),
            Ok(None) => {}
            Err(reason) => return Ok(Err(reason)),
        }
    }
    Ok(Err("its state was changed by other requests all the time".to_owned()))
}

fn count(result: &'static str) {
    metrics::counter!("bifrost_adapter_calls_total", "method" => "handle_request", "result" => result)
        .increment(1);
}

fn unavailable(detail: &'static str) -> ApiError {
    ApiError::new(StatusCode::SERVICE_UNAVAILABLE, "adapter_failed", detail)
        .with_retry_after(RETRY_AFTER_SECONDS)
}

/// One look; `None` when the state was changed meanwhile, a text when the adapter is at fault.
async fn attempt(
    state: &ApiState,
    webhook: &Webhook,
    request: &Value,
) -> Result<std::result::Result<Option<Handled>, String>> {
    let org = state.db.org(webhook.organization_id);
    let (choice, kept, revision) = adapters::open(&org, &state.keyring, webhook.id).await?;
    let (worker, request) = (state.worker.as_ref(), Some(request.clone()));
    let method = Method::HandleRequest;
    let answer = match adapters::call(&state.db, worker, webhook, &choice, &kept, method, request).await? {
        Ok(answer) => answer,
        Err(reason) => return Ok(Err(reason)),
    };
    let (events, new, response) = match Answer::read(answer, webhook.settings.body_bytes) {
        Err(error) => return Ok(Err(error.to_string())),
        Ok(Answer::Rejected { status, reason }) => {
            let status = StatusCode::from_u16(status).unwrap_or(StatusCode::FORBIDDEN);
            return Ok(Ok(Some(Handled::Rejected(status, reason))));
        }
        Ok(Answer::Deliver { events, state }) => (events, state, None),
        Ok(Answer::Validation { status, headers, body, is_json, state }) => {
            (vec![], state, Some(response(status, &headers, body, is_json)))
        }
    };
    let taken = keep(state, webhook, events, changed(kept, new, revision)).await?;
    Ok(Ok(taken.map(|taken| match response {
        Some(response) => Handled::Answered(Box::new(response)),
        None => Handled::Taken(taken),
    })))
}

/// The document to write, if the state is another one.
fn changed(kept: Kept, new: Option<State>, revision: i64) -> Option<(Kept, i64)> {
    let new = new.filter(|new| *new != kept.state)?;
    Some((Kept { state: new, ..kept }, revision))
}

async fn keep(
    state: &ApiState,
    webhook: &Webhook,
    events: Vec<Event>,
    changed: Option<(Kept, i64)>,
) -> Result<Option<Vec<Reception>>> {
    if events.is_empty() && changed.is_none() {
        return Ok(Some(vec![]));
    }
    let org = state.db.org(webhook.organization_id);
    let received = events.into_iter().map(inbox::of_adapter).collect();
    adapters::take(&org, &state.keyring, webhook, received, changed).await
}

/// The answer to a sender that asks whether the address is right: never a page.
fn response(status: u16, headers: &Map<String, Value>, body: String, is_json: bool) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::OK);
    let body = if status == StatusCode::NO_CONTENT { String::new() } else { body };
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    let to = response.headers_mut();
    for (name, value) in headers {
        let pair = HeaderName::from_bytes(name.as_bytes()).ok().zip(value.as_str());
        if let Some((name, value)) = pair
            && let Ok(value) = HeaderValue::from_str(value)
        {
            to.insert(name, value);
        }
    }
    let kind = if is_json { "application/json" } else { "text/plain; charset=utf-8" };
    to.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    to.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    to.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    let policy = HeaderValue::from_static("sandbox; default-src 'none'");
    to.insert(header::CONTENT_SECURITY_POLICY, policy);
    response
}

/// A request as adapters see it.
fn request(parts: &Parts, body: &Bytes) -> ApiResult<Value> {
    let query = parts.uri.query().unwrap_or_default();
    if query.len() > MAX_QUERY {
        let detail = format!("this webhook takes a query of at most {MAX_QUERY} bytes");
        return Err(ApiError::new(StatusCode::URI_TOO_LONG, "query_too_long", detail));
    }
    let mut fields = Map::new();
    for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
        fields.entry(name).or_insert_with(|| value.into_owned().into());
    }
    Ok(json!({
        "method": parts.method.as_str(),
        "headers": headers(&parts.headers)?,
        "query": fields,
        "query_string": query,
        "body": BASE64_STANDARD.encode(body),
    }))
}

fn headers(headers: &HeaderMap) -> ApiResult<Map<String, Value>> {
    let (mut all, mut bytes) = (Map::new(), 0);
    for name in headers.keys() {
        let values = headers.get_all(name).iter().map(|value| String::from_utf8_lossy(value.as_bytes()));
        let value = values.collect::<Vec<_>>().join(", ");
        bytes += name.as_str().len() + value.len();
        if bytes > MAX_HEADERS {
            let detail = format!("this webhook takes headers of at most {MAX_HEADERS} bytes together");
            let status = StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE;
            return Err(ApiError::new(status, "headers_too_large", detail));
        }
        all.insert(name.as_str().to_owned(), value.into());
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::Request;

    fn parts(uri: &str, headers: &[(&str, &str)]) -> Parts {
        let request =
            headers.iter().fold(Request::builder().uri(uri), |r, (name, value)| r.header(*name, *value));
        request.body(()).expect("a request").into_parts().0
    }

    #[test]
    fn a_request_is_told_as_it_came() {
        let parts =
            parts("/api/hooks/1?a=1&a=2&b=x%20y", &[("X-One", "1"), ("accept", "a"), ("accept", "b")]);
        let told = request(&parts, &Bytes::from_static(&[0xff, 0])).expect("told");
        let expected = json!({
            "method": "GET", "headers": {"x-one": "1", "accept": "a, b"}, "query": {"a": "1", "b": "x y"},
            "query_string": "a=1&a=2&b=x%20y", "body": "/wA=",
        });
        assert_eq!(told, expected);
    }

    #[test]
    fn a_request_has_bounds() {
        let long = "v".repeat(MAX_HEADERS);
        let refused = request(&parts("/", &[("x-long", &long)]), &Bytes::new()).expect_err("too large");
        assert_eq!(refused.status(), StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE);
        let refused = request(&parts(&format!("/?{}", "q".repeat(MAX_QUERY + 1)), &[]), &Bytes::new());
        assert_eq!(refused.expect_err("too long").status(), StatusCode::URI_TOO_LONG);
    }

    #[test]
    fn places_are_given_back() {
        let places = Arc::<Places>::default();
        let take = |source: u128, organization: u128| {
            places.take(WebhookId(Uuid::from_u128(source)), OrganizationId(Uuid::from_u128(organization)))
        };
        let mut held: Vec<_> = (0..AT_ONCE).map(|_| take(1, 1_000).expect("a place")).collect();
        assert!(take(1, 1_000).is_none(), "one source has its share");
        held.extend((0..AT_ONCE_OF_ORGANIZATION - AT_ONCE).map(|_| take(2, 1_000).expect("a place")));
        assert!(take(3, 1_000).is_none(), "one organization has its share");
        while held.len() < AT_ONCE_IN_ALL {
            let n = held.len() as u128;
            held.push(take(10 + n, 2_000 + n).expect("a place"));
        }
        assert!(take(4, 4_000).is_none(), "and all have theirs");
        drop(held);
        assert!(take(1, 1_000).is_some() && places.taken.lock().expect("a lock").is_empty());
    }

    #[test]
    fn a_handshake_is_never_a_page() {
        let headers = Map::from_iter([("x-hook-secret".to_owned(), json!("s"))]);
        let answer = response(200, &headers, "<script>alert(1)</script>".into(), false);
        let header = |name: &str| answer.headers()[name].to_str().expect("text").to_owned();
        assert_eq!(header("content-type"), "text/plain; charset=utf-8");
        assert_eq!(
            (header("x-content-type-options"), header("x-hook-secret")),
            ("nosniff".into(), "s".into())
        );
        assert_eq!(header("content-security-policy"), "sandbox; default-src 'none'");
        assert_eq!(
            response(200, &Map::new(), "{}".into(), true).headers()["content-type"],
            "application/json"
        );
    }
}
