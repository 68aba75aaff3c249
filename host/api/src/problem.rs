//! Errors as callers see them: RFC 9457 `application/problem+json`. A handler returns
//! an [`ApiError`]; the [`finish`] layer writes the body, because only it knows the
//! request's id, and it does so for every error, also those of axum itself.

use axum::extract::Request;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use bifrost_core::{Error, FileError};
use http::{HeaderValue, StatusCode, header};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::sync::Arc;
use tower_http::request_id::RequestId;

/// The content type of every error.
pub const CONTENT_TYPE: &str = "application/problem+json";

/// Seconds after which a caller may come back when the platform is busy.
const RETRY_AFTER_SECONDS: u32 = 1;

/// The result of a handler.
pub type ApiResult<T> = Result<T, ApiError>;

/// The body of every error.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Problem {
    /// A URI that names the kind of problem; ends in `code`.
    #[serde(rename = "type")]
    pub kind: String,
    /// The HTTP status in words.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// For people: what is wrong and what would be right.
    pub detail: String,
    /// For programs: stable over versions.
    pub code: String,
    /// The input at fault, as the caller named it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// Files at fault, when a deploy was refused for them; fields, when a form was.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<Fault>,
    /// `code` once more, where RFC 6749 has it under this name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// Names this request in the server's log.
    pub request_id: String,
}

/// One of several things at fault.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(untagged)]
pub enum Fault {
    /// A file of a workspace.
    File(FileError),
    /// A field of a form.
    Field(FieldError),
}

/// Why a form cannot be submitted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct FieldError {
    /// The field.
    pub field: String,
    /// For whoever fills it in.
    pub message: String,
}

/// Marks a response whose body stays as it is, whatever its status: a workflow wrote it.
#[derive(Clone, Copy, Debug)]
pub struct Verbatim;

/// An error on its way to the [`finish`] layer.
#[derive(Clone, Debug)]
pub struct ApiError {
    status: StatusCode,
    code: Cow<'static, str>,
    detail: Cow<'static, str>,
    field: Option<String>,
    errors: Box<[Fault]>,
    retry_after: Option<u64>,
    is_oauth: bool,
    cause: Option<Arc<anyhow::Error>>,
}

impl ApiError {
    /// An error with a status, a stable code and a text for people.
    pub fn new(
        status: StatusCode,
        code: impl Into<Cow<'static, str>>,
        detail: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self {
            status,
            code: code.into(),
            detail: detail.into(),
            field: None,
            errors: Box::default(),
            retry_after: None,
            is_oauth: false,
            cause: None,
        }
    }

    /// An error of an OAuth operation: 400, and `code` is also called `error`.
    pub fn oauth(code: &'static str, detail: impl Into<Cow<'static, str>>) -> Self {
        Self { is_oauth: true, ..Self::new(StatusCode::BAD_REQUEST, code, detail) }
    }

    /// The stable code.
    pub fn code(&self) -> &str {
        &self.code
    }

    /// Names the input at fault.
    pub fn with_field(mut self, field: impl Into<String>) -> Self {
        self.field = Some(field.into());
        self
    }

    /// Says when to come back.
    pub fn with_retry_after(mut self, seconds: u64) -> Self {
        self.retry_after = Some(seconds);
        self
    }

    /// Names the files at fault.
    pub fn with_errors(mut self, errors: Vec<FileError>) -> Self {
        self.errors = errors.into_iter().map(Fault::File).collect();
        self
    }

    /// Names the fields at fault.
    pub fn with_fields(mut self, errors: Vec<FieldError>) -> Self {
        self.errors = errors.into_iter().map(Fault::Field).collect();
        self
    }

    /// A bug or a failed engine: `cause` is logged, the caller sees none of it.
    pub fn internal(cause: anyhow::Error) -> Self {
        let mut error = Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "internal",
            "the server failed; its log names the cause under this request_id",
        );
        error.cause = Some(Arc::new(cause));
        error
    }

    /// What the status says, for errors that no handler wrote.
    fn of_status(status: StatusCode) -> Self {
        let (code, detail) = match status {
            StatusCode::NOT_FOUND => ("not_found", "there is nothing at this path"),
            StatusCode::METHOD_NOT_ALLOWED => {
                ("method_not_allowed", "this path does not take this method; see Allow")
            }
            StatusCode::PAYLOAD_TOO_LARGE => ("body_too_large", "the body is larger than this path takes"),
            StatusCode::UPGRADE_REQUIRED => {
                ("upgrade_required", "this path takes WebSocket connections only")
            }
            status if status.is_server_error() => ("internal", "the server failed"),
            _ => ("bad_request", "the request is malformed"),
        };
        Self::new(status, code, detail)
    }

    /// For people: what is wrong.
    pub fn detail(&self) -> &str {
        &self.detail
    }

    /// The HTTP status.
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// The body, under the id of the request. Logs the cause, if there is one.
    pub fn problem(&self, request_id: &str) -> Problem {
        if let Some(cause) = &self.cause {
            tracing::error!(request_id, error = format!("{cause:#}"), "internal error");
        }
        Problem {
            kind: format!("urn:bifrost:problem:{}", self.code),
            title: self.status.canonical_reason().unwrap_or("Error").to_owned(),
            status: self.status.as_u16(),
            detail: self.detail.to_string(),
            code: self.code.to_string(),
            field: self.field.clone(),
            errors: self.errors.to_vec(),
            error: self.is_oauth.then(|| self.code.to_string()),
            request_id: request_id.to_owned(),
        }
    }
}

impl From<Error> for ApiError {
    fn from(error: Error) -> Self {
        let detail = error.to_string();
        match error {
            Error::NotFound(_) => Self::new(StatusCode::NOT_FOUND, "not_found", detail),
            Error::Invalid { field, message } => {
                Self::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid", message).with_field(field)
            }
            Error::Unauthenticated => Self::new(StatusCode::UNAUTHORIZED, "unauthenticated", detail),
            Error::SecondFactorRequired => Self::new(StatusCode::FORBIDDEN, "second_factor_required", detail),
            Error::Denied(_) => Self::new(StatusCode::FORBIDDEN, "denied", detail),
            Error::Conflict { code, message } => Self::new(StatusCode::CONFLICT, code, message),
            Error::Gone(_) => Self::new(StatusCode::GONE, "gone", detail),
            Error::Busy(_) => Self::new(StatusCode::SERVICE_UNAVAILABLE, "busy", detail),
            Error::Limited { seconds } => Self {
                retry_after: Some(seconds),
                ..Self::new(StatusCode::TOO_MANY_REQUESTS, "too_many_requests", detail)
            },
            Error::Internal(cause) => Self::internal(cause),
        }
    }
}

impl From<anyhow::Error> for ApiError {
    fn from(cause: anyhow::Error) -> Self {
        Self::internal(cause)
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let mut response = self.status.into_response();
        response.extensions_mut().insert(self);
        response
    }
}

/// The answer to a panic in a handler; its text goes to the log.
pub fn panicked(panic: Box<dyn std::any::Any + Send>) -> Response {
    let text = panic
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("unknown");
    ApiError::internal(anyhow::anyhow!("panic: {text}")).into_response()
}

/// The id of a request, as the outermost layer set it.
pub fn request_id(extensions: &http::Extensions) -> String {
    extensions
        .get::<RequestId>()
        .and_then(|id| id.header_value().to_str().ok())
        .unwrap_or_default()
        .to_owned()
}

/// Gives every error its body.
pub async fn finish(request: Request, next: Next) -> Response {
    let request_id = request_id(request.extensions());
    let mut response = next.run(request).await;
    let status = response.status();
    let is_error = status.is_client_error() || status.is_server_error();
    if !is_error || response.extensions().get::<Verbatim>().is_some() {
        return response;
    }
    let error = response.extensions_mut().remove::<ApiError>().unwrap_or_else(|| ApiError::of_status(status));
    let body = serde_json::to_vec(&error.problem(&request_id)).unwrap_or_default();
    let (mut parts, _) = response.into_parts();
    parts.headers.remove(header::CONTENT_LENGTH);
    let content_type = if error.is_oauth { "application/json" } else { CONTENT_TYPE };
    parts.headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    if status == StatusCode::UNAUTHORIZED {
        parts.headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    if status == StatusCode::SERVICE_UNAVAILABLE {
        parts.headers.insert(header::RETRY_AFTER, HeaderValue::from(RETRY_AFTER_SECONDS));
    }
    if let Some(seconds) = error.retry_after {
        parts.headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    Response::from_parts(parts, body.into())
}
