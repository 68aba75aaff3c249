//! Signed addresses of files. The token in the path is all that counts: no key, no cookie, and
//! nothing else that the request says.

use super::files::declared;
use crate::extract::{Path, body_error};
use crate::origin::Origin;
use crate::problem::{ApiError, ApiResult, Problem};
use crate::responses::Open;
use crate::service::downloads;
use crate::state::ApiState;
use axum::extract::{FromRequest, Request, State};
use axum::response::{IntoResponse, Response};
use bifrost_core::Error;
use bifrost_core::files::{BYTES, Pass, essence};
use bifrost_store::audit::Actor;
use bifrost_store::{Scoped, files};
use bytes::Bytes;
use http::StatusCode;
use serde::Serialize;

/// Before the token.
pub(crate) const PATH: &str = "/api/files/signed/";

/// What was sent.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct SentFile {
    path: String,
    /// In bytes.
    size: i64,
    /// Of the content, in hexadecimal.
    sha256: String,
}

/// Reads the file of a signed address.
#[utoipa::path(get, path = "/api/files/signed/{token}", operation_id = "read_signed_file", tag = "files",
    params(("token" = String, Path, description = "From `POST /api/files/signed-urls`, or a workflow")),
    responses((status = 200, description = "The content", content_type = "application/octet-stream", body = Vec<u8>),
        (status = 404, description = "No such address, or not any more, or not for this method; or no such file", body = Problem, content_type = "application/problem+json"),
        (status = 410, description = "It was there, and is not kept any more", body = Problem, content_type = "application/problem+json"), Open))]
pub(crate) async fn read(
    State(state): State<ApiState>,
    Path(token): Path<String>,
    request: Request,
) -> ApiResult<Response> {
    let origin = Origin::of(request.extensions());
    let (pass, org) = opened(&state, &token, false, &origin).await?;
    let (file, content) = files::read_whole(&org, state.objects.as_ref(), &pass.location, &pass.path).await?;
    Ok(downloads::answer(&file, content))
}

/// Writes the file of a signed address: the body is its content.
#[utoipa::path(put, path = "/api/files/signed/{token}", operation_id = "write_signed_file", tag = "files",
    params(("token" = String, Path, description = "From `POST /api/files/signed-urls`, or a workflow")),
    request_body(content = Vec<u8>, description = "At most 32 MiB, of the type that was signed", content_type = "application/octet-stream"),
    responses((status = 200, body = SentFile),
        (status = 404, description = "No such address, or not any more, or not for this method", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "`files_full`: the organization has no room", body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "The body is too large", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "Not of the type that was signed", body = Problem, content_type = "application/problem+json"), Open))]
pub(crate) async fn write(
    State(state): State<ApiState>,
    Path(token): Path<String>,
    request: Request,
) -> ApiResult<Response> {
    let origin = Origin::of(request.extensions());
    let (pass, org) = opened(&state, &token, true, &origin).await?;
    let declared = type_of(&pass, declared(request.headers()))?;
    let content = Bytes::from_request(request, &state).await.map_err(body_error)?;
    if content.len() as u64 > pass.max_bytes {
        let detail = format!("this address takes at most {} bytes", pass.max_bytes);
        return Err(ApiError::new(StatusCode::PAYLOAD_TOO_LARGE, "body_too_large", detail));
    }
    let objects = state.objects.as_ref();
    let file =
        files::write(&org, objects, &pass.location, &pass.path, declared.as_deref(), content.into()).await?;
    let sent = SentFile { path: file.path, size: file.size, sha256: file.sha256 };
    Ok(axum::Json(sent).into_response())
}

/// What a token is good for, and the organization in the hands of who has signed it.
async fn opened(state: &ApiState, token: &str, writes: bool, origin: &Origin) -> ApiResult<(Pass, Scoped)> {
    let pass = match files::open(&state.db, &state.keyring, token, writes, bifrost_store::now()).await {
        Ok(pass) => pass,
        Err(error @ Error::NotFound(_)) => {
            state.sign_in.throttle().stranger(origin.address())?;
            return Err(error.into());
        }
        Err(error) => return Err(error.into()),
    };
    let actor = Actor {
        id: pass.signed_by,
        name: "signed address".into(),
        organization: Some(pass.organization),
        ..Actor::default()
    };
    let org = state.db.by(origin.note(actor)).org(pass.organization);
    Ok((pass, org))
}

/// The type that a body has to be of; `None` for any.
fn type_of(pass: &Pass, declared: Option<String>) -> Result<Option<String>, Error> {
    if pass.content_type == BYTES {
        return Ok(declared);
    }
    match declared.as_deref().map(essence).transpose()? {
        Some(other) if other != pass.content_type => {
            let message = format!("this address takes {}, not {other}", pass.content_type);
            Err(Error::invalid("content_type", message))
        }
        _ => Ok(Some(pass.content_type.clone())),
    }
}
