//! Requests of runs: the same routes, from within the process. Who sends them is beside the request,
//! where nothing from outside can put it.
//!
//! Runs have no business with what makes credentials, signs people in or runs code under another name:
//! what is not in [`is_open`] is refused, also what a later release adds.

use crate::auth::OfRun;
use crate::state::ApiState;
use async_trait::async_trait;
use axum::Router;
use axum::body::Body;
use bifrost_core::ports::{Api, ApiAnswer, ApiRequest, RunCaller};
use bifrost_core::{Error, Result};
use http::{HeaderName, HeaderValue, Method, Request, Uri, header};
use http_body_util::{BodyExt, Limited};
use std::time::Duration;
use tower::ServiceExt;

/// Largest body of a request, in bytes: what most routes take at all.
const REQUEST_BYTES: usize = 2 << 20;
/// Largest body of an answer, in bytes.
const ANSWER_BYTES: usize = 8 << 20;
/// Longest wait for an answer.
const PATIENCE: Duration = Duration::from_secs(120);
/// Headers of requests that are passed on; the others are left out.
static HEADERS: [HeaderName; 5] =
    [header::ACCEPT, header::CONTENT_TYPE, header::IF_MATCH, header::IF_NONE_MATCH, IDEMPOTENCY_KEY];

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// The API for runs of this process.
pub struct Inside {
    router: Router,
}

impl Inside {
    /// Over these engines.
    pub fn new(state: ApiState) -> Self {
        Self { router: crate::router(state) }
    }
}

/// Whether a path is for runs.
fn is_open(method: &Method, path: &str) -> bool {
    let Some(path) = path.strip_prefix("/api/") else { return false };
    let parts: Vec<&str> = path.split('/').collect();
    // The router takes these as they are; nobody else has to wonder.
    if parts.iter().any(|part| matches!(*part, "" | "." | "..")) {
        return false;
    }
    let reads = method == Method::GET;
    match parts.as_slice() {
        // Whoever has such an address needs no API, and nobody stands behind it.
        ["files", "signed", ..] => false,
        ["config" | "executions" | "files" | "grants" | "integrations" | "notifications", ..] => true,
        ["roles" | "schedules" | "tables" | "usage" | "workflows", ..] => true,
        // Not how somebody signs in.
        ["users"] | ["users", _] => true,
        // Not how an organization is taken out.
        ["organizations"] | ["organizations", _] => true,
        // Code, policies, and what holds secrets is not changed by code.
        ["audit" | "egress" | "me" | "version" | "webhooks"] | ["organizations", _, "egress"] => reads,
        ["egress", "usage"] | ["organizations", _, "usage"] => reads,
        ["audit", _] | ["webhooks", _] | ["webhooks", _, "deliveries" | "subscriptions"] => reads,
        ["webhook-deliveries", _] | ["endpoints"] | ["endpoints", _] => reads,
        ["oauth", "connections"] | ["oauth", "connections", _] => reads,
        ["webhook-adapters"] | ["dead-letters"] | ["dead-letters", _] => reads,
        // Not how somebody fills one in.
        ["forms"] | ["forms", _] | ["data-providers", _, "invoke"] => true,
        ["notification-channels" | "notification-rules", ..] | ["workspace", ..] => reads,
        _ => false,
    }
}

#[async_trait]
impl Api for Inside {
    async fn call(&self, by: RunCaller, request: ApiRequest) -> Result<ApiAnswer> {
        let request = checked(by, request)?;
        let answered = tokio::time::timeout(PATIENCE, self.answer(request)).await;
        answered.unwrap_or(Err(Error::Busy("the API")))
    }
}

impl Inside {
    async fn answer(&self, request: Request<Body>) -> Result<ApiAnswer> {
        // A router cannot fail.
        let Ok(response) = self.router.clone().oneshot(request).await;
        let (parts, body) = response.into_parts();
        let too_large = |_| {
            Error::invalid("path", format!("the answer has more than {ANSWER_BYTES} bytes; ask for less"))
        };
        let body = Limited::new(body, ANSWER_BYTES).collect().await.map_err(too_large)?;
        let shown = parts.headers.iter().filter(|(name, _)| *name != header::SET_COOKIE);
        let headers = shown
            .filter_map(|(name, value)| Some((name.as_str().to_owned(), value.to_str().ok()?.to_owned())))
            .collect();
        Ok(ApiAnswer { status: parts.status.as_u16(), headers, body: body.to_bytes().to_vec() })
    }
}

fn checked(by: RunCaller, request: ApiRequest) -> Result<Request<Body>> {
    let methods = [Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE];
    let method = methods.into_iter().find(|method| method.as_str() == request.method);
    let method =
        method.ok_or_else(|| Error::invalid("method", "expected GET, POST, PUT, PATCH or DELETE"))?;
    let uri: Option<Uri> = request.path.parse().ok();
    let uri = uri.filter(|uri| uri.scheme().is_none() && uri.authority().is_none());
    let uri =
        uri.ok_or_else(|| Error::invalid("path", "expected a path such as /api/executions?limit=10"))?;
    if !is_open(&method, uri.path()) {
        let path = uri.path();
        return Err(Error::Denied(format!(
            "`{method} {path}` is not for workflows; see the guide for what is"
        )));
    }
    if request.body.len() > REQUEST_BYTES {
        return Err(Error::invalid("body", format!("expected at most {REQUEST_BYTES} bytes")));
    }
    let mut checked = Request::new(Body::from(request.body));
    (*checked.method_mut(), *checked.uri_mut()) = (method, uri);
    for (name, value) in request.headers {
        let Some(known) = HEADERS.iter().find(|known| name.eq_ignore_ascii_case(known.as_str())) else {
            continue;
        };
        let value = HeaderValue::from_str(&value).map_err(|_| {
            Error::invalid("headers", format!("the value of {known} has characters that no header has"))
        })?;
        checked.headers_mut().insert(known, value);
    }
    checked.extensions_mut().insert(OfRun(by));
    Ok(checked)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every route, and whether it is for runs. A new one is closed until somebody has thought of it.
    #[test]
    fn every_path_is_open_or_closed_for_a_reason() {
        let api = serde_json::to_value(crate::openapi()).expect("json");
        let mut closed = Vec::new();
        for (path, item) in api["paths"].as_object().expect("paths") {
            for method in item.as_object().expect("an item").keys().map(|method| method.to_uppercase()) {
                let method: Method = method.parse().expect("a method");
                if !is_open(&method, path) {
                    closed.push(format!("{method} {path}"));
                }
            }
        }
        closed.sort_unstable();
        let must = [
            "DELETE /api/keys/{id}",
            "GET /api/files/signed/{token}",
            "GET /api/identity-providers",
            "GET /api/me/sessions",
            "GET /api/oauth/callback",
            "GET /api/offboardings",
            "GET /metrics",
            "GET /ws/connect",
            "POST /api/dead-letters/{id}/replay",
            "POST /api/drafts",
            "POST /api/forms/{id}/execute",
            "POST /api/forms/{id}/open",
            "POST /api/forms/{id}/options",
            "POST /api/forms/{id}/uploads",
            "POST /api/hooks/{id}",
            "POST /api/invitations",
            "POST /api/keys",
            "POST /api/sign-in/password",
            "POST /api/users/{id}/password-link",
            "POST /api/webhook-deliveries/{id}/replay",
            "POST /api/webhooks",
            "POST /api/workspace/deploy",
            "PUT /api/organizations/{id}/egress",
        ];
        for one in must {
            assert!(closed.iter().any(|path| path == one), "{one} is open");
        }
        for (method, path) in [
            (Method::GET, "/api/config"),
            (Method::GET, "/api/executions/x/logs"),
            (Method::GET, "/api/organizations/x/egress"),
            (Method::GET, "/api/organizations/x/usage"),
            (Method::GET, "/api/egress/usage"),
            (Method::GET, "/api/tables/t/documents/d"),
            (Method::GET, "/api/users/x"),
            (Method::POST, "/api/workflows/execute"),
            (Method::GET, "/api/forms"),
            (Method::POST, "/api/forms"),
            (Method::GET, "/api/forms/x"),
            (Method::PUT, "/api/forms/x"),
            (Method::DELETE, "/api/forms/x"),
            (Method::POST, "/api/forms/check"),
            (Method::GET, "/api/forms/schema.json"),
            (Method::POST, "/api/data-providers/x/invoke"),
            (Method::GET, "/api/webhook-adapters"),
            (Method::GET, "/api/dead-letters"),
            (Method::GET, "/api/dead-letters/x"),
        ] {
            assert!(is_open(&method, path), "{method} {path}");
        }
    }

    #[test]
    fn what_only_looks_like_a_path_is_closed() {
        for path in [
            "/api",
            "/api/",
            "/api//keys",
            "/api/%6beys",
            "/api/config/../keys",
            "/API/config",
            "/",
            "/openapi.json",
            "/api/files/signed/x",
            "/api/users/x/sessions",
            "/api/organizations/x/offboarding",
            "/api/endpoints/o/slug",
        ] {
            assert!(!is_open(&Method::GET, path), "{path}");
        }
    }
}
