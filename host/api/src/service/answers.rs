//! What a run's end is as an HTTP response. The workflow decides about status, headers and body;
//! what could act on the platform's own origin is held back.

use crate::problem::{ApiError, Verbatim};
use crate::views::ExecutionView;
use axum::body::Body;
use axum::response::{IntoResponse, Response};
use bifrost_core::{Execution, ExecutionId, Status};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use serde_json::{Map, Value, json};

/// Names the run that an answer comes from.
pub const EXECUTION: HeaderName = HeaderName::from_static("x-bifrost-execution");
/// Names the headers of a workflow that were held back.
const REFUSED: HeaderName = HeaderName::from_static("x-bifrost-refused-headers");
/// A page of a workflow is of no origin: no scripts, no forms, no cookies, no frames around it.
const POLICY: HeaderValue = HeaderValue::from_static(
    "sandbox; default-src 'none'; img-src https: data:; font-src https: data:; style-src 'unsafe-inline'; \
     form-action 'none'; base-uri 'none'; frame-ancestors 'none'",
);
/// Most headers of an answer, and their longest values in bytes.
const MAX_HEADERS: usize = 64;
const MAX_VALUE: usize = 4 << 10;

/// Headers that a workflow may set. None concerns the connection, cookies or credentials.
const ALLOWED: [&str; 18] = [
    "access-control-allow-headers",
    "access-control-allow-methods",
    "access-control-allow-origin",
    "access-control-expose-headers",
    "access-control-max-age",
    "cache-control",
    "content-disposition",
    "content-language",
    "content-type",
    "deprecation",
    "etag",
    "expires",
    "last-modified",
    "link",
    "location",
    "retry-after",
    "sunset",
    "vary",
];
/// Others begin with `x-`, but not so: browsers, proxies and the platform itself listen to these.
const NOT_FOR_WORKFLOWS: [&str; 13] = [
    "x-accel-",
    "x-bifrost-",
    "x-content-type-options",
    "x-csrf-",
    "x-dns-prefetch-control",
    "x-forwarded-",
    "x-frame-options",
    "x-lighttpd-",
    "x-permitted-",
    "x-real-ip",
    "x-reproxy-",
    "x-request-id",
    "x-sendfile",
];

/// The run is accepted and has not ended.
pub fn accepted(execution: &Execution) -> Response {
    let body = json!({ "execution_id": execution.id, "status": execution.status });
    let mut response = (StatusCode::ACCEPTED, axum::Json(body)).into_response();
    response.headers_mut().insert(EXECUTION, id(execution.id));
    response
}

/// The run has ended: what it returned, or what went wrong.
pub fn ended(execution: Execution) -> Response {
    let execution_id = execution.id;
    let view = ExecutionView::new(execution, false);
    let mut response = match view.status {
        Status::Success | Status::CompletedWithErrors => {
            returned(view.result).unwrap_or_else(|wrong| failed("invalid_answer", wrong).into_response())
        }
        _ => failure(view).into_response(),
    };
    response.headers_mut().insert(EXECUTION, id(execution_id));
    response
}

fn id(execution: ExecutionId) -> HeaderValue {
    HeaderValue::try_from(execution.to_string()).unwrap_or(HeaderValue::from_static("unknown"))
}

fn failed(code: &'static str, detail: String) -> ApiError {
    ApiError::new(StatusCode::BAD_GATEWAY, code, detail)
}

fn failure(view: ExecutionView) -> ApiError {
    let detail = view.error.unwrap_or_else(|| format!("the workflow ended as {}", view.status.as_str()));
    match view.status {
        // Its author wrote this for whoever called it.
        Status::Failed if view.error_type.as_deref() == Some("UserError") => {
            ApiError::new(StatusCode::BAD_REQUEST, "user_error", detail)
        }
        Status::Timeout => ApiError::new(StatusCode::GATEWAY_TIMEOUT, "workflow_timeout", detail),
        _ => failed("workflow_failed", detail),
    }
}

/// A returned value as a response. An object with `status_code` says what status, `headers` and
/// `body` are; everything else is the body.
fn returned(result: Option<Value>) -> Result<Response, String> {
    match result {
        Some(Value::Object(fields)) if is_response(&fields) => written(fields),
        other => Ok(respond(StatusCode::OK, HeaderMap::new(), &[], other.unwrap_or_default())),
    }
}

fn is_response(fields: &Map<String, Value>) -> bool {
    fields.contains_key("status_code")
        && fields.keys().all(|key| ["status_code", "headers", "body"].contains(&key.as_str()))
}

fn written(mut fields: Map<String, Value>) -> Result<Response, String> {
    let status = fields.get("status_code").and_then(Value::as_u64).and_then(|code| u16::try_from(code).ok());
    let status =
        status.filter(|code| (200..600).contains(code)).and_then(|code| StatusCode::from_u16(code).ok());
    let status = status.ok_or("`status_code` of the workflow's answer is no number from 200 to 599")?;
    let (mut headers, mut refused) = (HeaderMap::new(), Vec::new());
    match fields.remove("headers") {
        None | Some(Value::Null) => {}
        Some(Value::Object(given)) => {
            if given.len() > MAX_HEADERS {
                return Err(format!("the workflow's answer has more than {MAX_HEADERS} headers"));
            }
            for (name, value) in given {
                let wrong =
                    || format!("the header `{}` of the workflow's answer is none", name.escape_debug());
                let name = HeaderName::try_from(&name).map_err(|_| wrong())?;
                let value = HeaderValue::try_from(text(&value).ok_or_else(wrong)?).map_err(|_| wrong())?;
                if may_set(&name) && value.len() <= MAX_VALUE {
                    headers.insert(name, value);
                } else {
                    refused.push(name.to_string());
                }
            }
        }
        Some(_) => return Err("`headers` of the workflow's answer is no dict of names and texts".into()),
    }
    Ok(respond(status, headers, &refused, fields.remove("body").unwrap_or_default()))
}

/// The value of a header: a text, or what has one obvious text.
fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        _ => None,
    }
}

fn may_set(name: &HeaderName) -> bool {
    let name = name.as_str();
    ALLOWED.contains(&name)
        || (name.starts_with("x-") && !NOT_FOR_WORKFLOWS.iter().any(|prefix| name.starts_with(prefix)))
}

fn respond(status: StatusCode, mut headers: HeaderMap, refused: &[String], body: Value) -> Response {
    let has_no_body =
        matches!(status, StatusCode::NO_CONTENT | StatusCode::RESET_CONTENT | StatusCode::NOT_MODIFIED);
    let (kind, bytes) = match body {
        Value::Null => ("text/plain; charset=utf-8", Vec::new()),
        Value::String(text) if text.trim_start().starts_with('<') => {
            ("text/html; charset=utf-8", text.into_bytes())
        }
        Value::String(text) => ("text/plain; charset=utf-8", text.into_bytes()),
        other => ("application/json", other.to_string().into_bytes()),
    };
    let kind = HeaderValue::from_static(kind);
    let given = headers.entry(header::CONTENT_TYPE).or_insert(kind);
    if is_script(given) {
        *given = HeaderValue::from_static("text/plain; charset=utf-8");
    }
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::CONTENT_SECURITY_POLICY, POLICY);
    if let Ok(names) = HeaderValue::try_from(refused.join(", "))
        && !refused.is_empty()
    {
        headers.insert(REFUSED, names);
    }
    let mut response = Response::new(if has_no_body { Body::empty() } else { Body::from(bytes) });
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    response.extensions_mut().insert(Verbatim);
    response
}

/// What a page of the platform could load as a script: its policy allows those of its own origin.
pub fn is_script(content_type: &HeaderValue) -> bool {
    let text = content_type.to_str().unwrap_or_default().to_ascii_lowercase();
    ["javascript", "ecmascript", "jscript", "livescript", "wasm"].iter().any(|name| text.contains(name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use http_body_util::BodyExt;

    async fn shown(result: Value) -> (u16, HeaderMap, String) {
        let response = returned(Some(result)).expect("an answer");
        let (parts, body) = response.into_parts();
        let bytes = body.collect().await.expect("a body").to_bytes();
        (parts.status.as_u16(), parts.headers, String::from_utf8_lossy(&bytes).into_owned())
    }

    #[tokio::test]
    async fn a_value_is_the_body() {
        for (value, kind, body) in [
            (json!({"a": 1}), "application/json", r#"{"a":1}"#),
            (json!([1, null]), "application/json", "[1,null]"),
            (json!("hello"), "text/plain; charset=utf-8", "hello"),
            (json!(" <p>x"), "text/html; charset=utf-8", " <p>x"),
            (json!(null), "text/plain; charset=utf-8", ""),
            // Not the documented shape: a document of the workflow's own.
            (json!({"status_code": 201, "more": 1}), "application/json", r#"{"more":1,"status_code":201}"#),
            (json!({"body": 1}), "application/json", r#"{"body":1}"#),
        ] {
            let (status, headers, text) = shown(value.clone()).await;
            assert_eq!(
                (status, headers["content-type"].to_str().expect("text"), text.as_str()),
                (200, kind, body),
                "{value}"
            );
            assert_eq!(headers["x-content-type-options"], "nosniff");
            assert!(headers["content-security-policy"].to_str().expect("text").starts_with("sandbox;"));
        }
    }

    #[tokio::test]
    async fn a_workflow_says_status_headers_and_body() {
        let (status, headers, body) = shown(json!({
            "status_code": 404,
            "headers": {"Content-Type": "application/xml", "X-Order": 7, "Cache-Control": "max-age=60", "ETag": "\"a\""},
            "body": "<none/>",
        }))
        .await;
        assert_eq!((status, body.as_str()), (404, "<none/>"));
        for (name, value) in
            [("content-type", "application/xml"), ("x-order", "7"), ("cache-control", "max-age=60")]
        {
            assert_eq!(headers[name], value);
        }
        let (status, headers, body) = shown(json!({"status_code": 204, "body": "ignored"})).await;
        assert_eq!((status, body.as_str()), (204, ""));
        assert!(!headers.contains_key(REFUSED));
    }

    #[tokio::test]
    async fn what_acts_on_the_platform_is_held_back() {
        let bad = [
            "Set-Cookie",
            "Connection",
            "Transfer-Encoding",
            "Content-Length",
            "Content-Encoding",
            "Upgrade",
            "Trailer",
            "Keep-Alive",
            "Proxy-Authenticate",
            "WWW-Authenticate",
            "Access-Control-Allow-Credentials",
            "Content-Security-Policy",
            "Content-Security-Policy-Report-Only",
            "X-Frame-Options",
            "X-Content-Type-Options",
            "Strict-Transport-Security",
            "Clear-Site-Data",
            "Service-Worker-Allowed",
            "Refresh",
            "Alt-Svc",
            "Public-Key-Pins",
            "X-Accel-Redirect",
            "X-Sendfile",
            "X-Request-Id",
            "X-Bifrost-Execution",
            "Server",
            "Date",
            "Cross-Origin-Opener-Policy",
            "Reporting-Endpoints",
            "NEL",
            "SourceMap",
            "Age",
        ];
        for name in bad {
            let (_, headers, _) =
                shown(json!({"status_code": 200, "headers": {name: "x"}, "body": "b"})).await;
            assert_eq!(headers[REFUSED], name.to_ascii_lowercase().as_str());
            let got = headers.get(name).map(|value| value.to_str().unwrap_or_default());
            assert_ne!(got, Some("x"), "{name}");
        }
        for kind in [
            "text/javascript",
            "application/JavaScript; charset=utf-8",
            "text/ecmascript",
            "application/wasm",
        ] {
            let (_, headers, _) =
                shown(json!({"status_code": 200, "headers": {"content-type": kind}, "body": "alert(1)"}))
                    .await;
            assert_eq!(headers["content-type"], "text/plain; charset=utf-8", "{kind}");
        }
    }

    #[test]
    fn what_is_no_answer_is_refused_with_a_reason() {
        for (fields, reason) in [
            (json!({"status_code": 99}), "status_code"),
            (json!({"status_code": 101}), "status_code"),
            (json!({"status_code": 600}), "status_code"),
            (json!({"status_code": "200"}), "status_code"),
            (json!({"status_code": -1}), "status_code"),
            (json!({"status_code": 200.5}), "status_code"),
            (json!({"status_code": 200, "headers": []}), "headers"),
            (json!({"status_code": 200, "headers": {"a b": "x"}}), "`a b`"),
            (json!({"status_code": 200, "headers": {"x-a": "1\r\nSet-Cookie: a=b"}}), "`x-a`"),
            (json!({"status_code": 200, "headers": {"x-a": []}}), "`x-a`"),
        ] {
            let wrong = returned(Some(fields.clone())).err().unwrap_or_else(|| panic!("{fields}"));
            assert!(wrong.contains(reason), "{fields}: {wrong}");
        }
    }
}
