//! Inputs of a request. Each rejection is a problem that names the input at fault.

use crate::problem::ApiError;
use axum::extract::rejection::{BytesRejection, PathRejection, QueryRejection};
use axum::extract::{FromRequest, FromRequestParts, Request};
use bytes::Bytes;
use http::request::Parts;
use http::{StatusCode, header};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};

/// A JSON body. No body is the same as `{}`, so that the first missing field is named.
pub struct Input<T>(pub T);

/// Parameters in the path; what cannot be an id is not found.
pub struct Path<T>(pub T);

/// Parameters in the query.
pub struct Query<T>(pub T);

/// Bodies above this are parsed off the event loop, in bytes; about 5 ms of work.
const LARGE: usize = 1 << 20;

impl<T: DeserializeOwned + Send + 'static, S: Send + Sync> FromRequest<S> for Input<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        let json = is_json(request.headers());
        let body = Bytes::from_request(request, state).await.map_err(body_error)?;
        if body.is_empty() {
            return parse(b"{}").map(Self);
        }
        if !json {
            return Err(ApiError::new(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "not_json",
                "the body must be JSON, with Content-Type: application/json",
            ));
        }
        if body.len() <= LARGE {
            return parse(&body).map(Self);
        }
        let parsed = tokio::task::spawn_blocking(move || parse(&body)).await;
        parsed.map_err(|error| ApiError::internal(error.into()))?.map(Self)
    }
}

/// Tells `null`, which takes something away, from what is absent, with
/// `#[serde(default, deserialize_with = "given")]`.
///
/// # Errors
/// Those of the value.
pub fn given<'de, D, T>(deserializer: D) -> Result<Option<Option<T>>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    Option::deserialize(deserializer).map(Some)
}

fn is_json(headers: &http::HeaderMap) -> bool {
    headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split(';').next())
        .is_some_and(|value| value.trim().eq_ignore_ascii_case("application/json"))
}

pub(crate) fn body_error(rejection: BytesRejection) -> ApiError {
    match rejection.status() {
        StatusCode::PAYLOAD_TOO_LARGE => ApiError::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "body_too_large",
            "the body is larger than this path takes",
        ),
        _ => ApiError::new(StatusCode::BAD_REQUEST, "body_incomplete", "the body ended early"),
    }
}

fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, ApiError> {
    let mut deserializer = serde_json::Deserializer::from_slice(body);
    let value = serde_path_to_error::deserialize(&mut deserializer).map_err(|error| {
        let path = error.path().to_string();
        let inner = error.into_inner();
        let message = inner.to_string();
        // A number where a name is expected is called bad syntax by the parser of names.
        if !inner.is_data() && serde_json::from_slice::<serde::de::IgnoredAny>(body).is_err() {
            return ApiError::new(
                StatusCode::BAD_REQUEST,
                "not_json",
                format!("the body is not JSON: {message}"),
            );
        }
        let message = message.split(" at line ").next().unwrap_or_default().to_owned();
        invalid(field_of(&path, &message), message)
    })?;
    deserializer.end().map_err(|error| {
        ApiError::new(StatusCode::BAD_REQUEST, "not_json", format!("the body is not JSON: {error}"))
    })?;
    Ok(value)
}

/// The path of the value at fault; serde names a missing or unknown field only in its message.
fn field_of(path: &str, message: &str) -> String {
    let named = ["missing field `", "unknown field `", "duplicate field `"]
        .iter()
        .find_map(|prefix| message.strip_prefix(prefix))
        .and_then(|rest| rest.split('`').next());
    match (path, named) {
        (".", Some(name)) => name.to_owned(),
        (".", None) => "body".to_owned(),
        (path, Some(name)) if path != name && !path.ends_with(&format!(".{name}")) => {
            format!("{path}.{name}")
        }
        (path, _) => path.to_owned(),
    }
}

fn invalid(field: impl Into<String>, message: impl Into<String>) -> ApiError {
    bifrost_core::Error::invalid(field, message).into()
}

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for Path<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        axum::extract::Path::from_request_parts(parts, state).await.map(|path| Self(path.0)).map_err(
            |_: PathRejection| {
                ApiError::new(StatusCode::NOT_FOUND, "not_found", "the path holds no valid id")
            },
        )
    }
}

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Query<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        axum::extract::Query::from_request_parts(parts, state).await.map(|query| Self(query.0)).map_err(
            |rejection: QueryRejection| {
                let text = rejection.body_text();
                let text = text.strip_prefix("Failed to deserialize query string: ").unwrap_or(&text);
                match text.split_once(": ") {
                    Some((field, message)) if !field.contains(' ') => {
                        invalid(field_of(field, message), message)
                    }
                    _ => invalid(field_of(".", text).replace("body", "query"), text),
                }
            },
        )
    }
}
