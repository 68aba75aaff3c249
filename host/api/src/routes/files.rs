//! Files of an organization, by location and path. Both are in the query, where nothing between
//! here and the sender shortens `..` or a double slash to something else.

use crate::auth::may;
use crate::extract::{Input, Query, body_error};
use crate::problem::ApiResult;
use crate::responses::{Kept, Reads, Writes};
use crate::service::downloads;
use crate::state::ApiState;
use axum::Json;
use axum::extract::{FromRequest, Request, State};
use axum::response::Response;
use bifrost_core::files::{BYTES, MAX_BYTES, MAX_FILES, MAX_LIST, Pass, UPLOADS, folder};
use bifrost_core::{Error, OrganizationId, Permission, UserId};
use bifrost_store::files::{self, File};
use bytes::Bytes;
use chrono::{DateTime, Utc};
use http::{HeaderMap, StatusCode, header};
use serde::{Deserialize, Serialize};

/// Files of a page, unless the caller says otherwise.
const PAGE: u32 = 100;

/// A file, without its content.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct FileView {
    organization_id: OrganizationId,
    location: String,
    path: String,
    /// In bytes.
    size: i64,
    /// Of the content, in hexadecimal.
    sha256: String,
    content_type: String,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
    updated_by: Option<UserId>,
    /// Deleted then; `null` for a file that stays.
    expires_at: Option<DateTime<Utc>>,
}

impl From<File> for FileView {
    fn from(file: File) -> Self {
        Self {
            organization_id: file.organization_id,
            location: file.location,
            path: file.path,
            size: file.size,
            sha256: file.sha256,
            content_type: file.content_type,
            created_at: file.created_at,
            updated_at: file.updated_at,
            updated_by: file.updated_by,
            expires_at: file.expires_at,
        }
    }
}

/// A page of files, by path.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct StoredFiles {
    files: Vec<FileView>,
    /// Give it back as `cursor` for the next page; `null` on the last one.
    next_cursor: Option<String>,
}

#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListQuery {
    /// `uploads` if absent.
    location: Option<String>,
    /// Only files in this folder and below.
    directory: Option<String>,
    /// Where the last page ended: its `next_cursor`.
    cursor: Option<String>,
    /// Files of this page, at most 1000.
    limit: Option<u32>,
}

#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct FileQuery {
    /// `uploads` if absent.
    location: Option<String>,
    /// Relative, with `/` between its parts.
    path: String,
}

impl FileQuery {
    fn location(&self) -> &str {
        self.location.as_deref().unwrap_or(UPLOADS)
    }
}

/// What an organization keeps, and how much it may.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct FileUsage {
    /// The first 1,000 that have files, by name.
    locations: Vec<LocationUsage>,
    /// Files in all locations.
    count: i64,
    /// How many there may be.
    max_count: i64,
    /// Bytes of all of them.
    used: i64,
    /// Bytes that there may be.
    quota: i64,
}

/// What an organization keeps in one location.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct LocationUsage {
    name: String,
    /// Files.
    count: i64,
    /// Of all of them.
    bytes: i64,
}

/// What an address is to be signed for.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SignFile {
    /// Relative, with `/` between its parts.
    path: String,
    /// `uploads` if absent.
    #[serde(default)]
    location: Option<String>,
    /// `PUT` or `GET`; `PUT` if absent.
    #[serde(default)]
    method: Option<String>,
    /// Of what will be sent; any if absent.
    #[serde(default)]
    content_type: Option<String>,
}

/// An address that needs no key.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct SignedFile {
    /// Below the platform's address. Whoever has it can do this one thing until it expires.
    url: String,
    path: String,
    /// In seconds.
    expires_in: i64,
}

/// Lists files of a location, by path.
#[utoipa::path(get, path = "/api/files", operation_id = "list_stored_files", tag = "files",
    params(ListQuery), responses((status = 200, body = StoredFiles), Reads))]
pub(crate) async fn list(
    State(state): State<ApiState>,
    may::ReadFiles(auth): may::ReadFiles,
    Query(query): Query<ListQuery>,
) -> ApiResult<Json<StoredFiles>> {
    let limit = super::executions::limit(query.limit, PAGE, MAX_LIST)?;
    let folder = folder(query.directory.as_deref().unwrap_or_default())?;
    let location = query.location.as_deref().unwrap_or(UPLOADS);
    let org = auth.org(&state);
    let mut all = files::list(&org, location, &folder, query.cursor.as_deref(), limit + 1).await?;
    let more = usize::try_from(limit).is_ok_and(|limit| all.len() > limit);
    if more {
        all.pop();
    }
    let next_cursor = all.last().map(|last| last.path.clone()).filter(|_| more);
    Ok(Json(StoredFiles { files: all.into_iter().map(Into::into).collect(), next_cursor }))
}

/// Where the organization has files, how many and how large, and what it may have.
#[utoipa::path(get, path = "/api/files/locations", operation_id = "list_file_locations", tag = "files",
    responses((status = 200, body = FileUsage), Reads))]
pub(crate) async fn locations(
    State(state): State<ApiState>,
    may::ReadFiles(auth): may::ReadFiles,
) -> ApiResult<Json<FileUsage>> {
    let (all, locations) = files::locations(&auth.org(&state)).await?;
    let view = |one: files::Location| LocationUsage {
        name: one.location,
        count: one.usage.files,
        bytes: one.usage.bytes,
    };
    Ok(Json(FileUsage {
        locations: locations.into_iter().map(view).collect(),
        count: all.files,
        max_count: MAX_FILES,
        used: all.bytes,
        quota: MAX_BYTES,
    }))
}

/// The content of a file, to be saved.
#[utoipa::path(get, path = "/api/files/content", operation_id = "read_file", tag = "files", params(FileQuery),
    responses((status = 200, description = "The content", content_type = "application/octet-stream", body = Vec<u8>), Reads, Kept))]
pub(crate) async fn read(
    State(state): State<ApiState>,
    may::ReadFiles(auth): may::ReadFiles,
    Query(query): Query<FileQuery>,
) -> ApiResult<Response> {
    let org = auth.org(&state);
    let (file, content) =
        files::read_whole(&org, state.objects.as_ref(), query.location(), &query.path).await?;
    Ok(downloads::answer(&file, content))
}

/// Writes a file: the body is its content. One that is there is replaced.
#[utoipa::path(put, path = "/api/files/content", operation_id = "write_file", tag = "files", params(FileQuery),
    request_body(content = Vec<u8>, description = "At most 32 MiB", content_type = "application/octet-stream"),
    responses((status = 200, body = FileView), Writes))]
pub(crate) async fn write(
    State(state): State<ApiState>,
    may::WriteFiles(auth): may::WriteFiles,
    Query(query): Query<FileQuery>,
    request: Request,
) -> ApiResult<Json<FileView>> {
    let declared = declared(request.headers());
    let content = Bytes::from_request(request, &state).await.map_err(body_error)?;
    let org = auth.org(&state);
    let (location, objects) = (query.location(), state.objects.as_ref());
    let file =
        files::write(&org, objects, location, &query.path, declared.as_deref(), content.into()).await?;
    Ok(Json(file.into()))
}

/// The type that a request says its body is of.
pub(crate) fn declared(headers: &HeaderMap) -> Option<String> {
    headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).map(str::to_owned)
}

/// Deletes a file.
#[utoipa::path(delete, path = "/api/files/content", operation_id = "delete_file", tag = "files", params(FileQuery),
    responses((status = 204, description = "Gone"), Writes))]
pub(crate) async fn delete(
    State(state): State<ApiState>,
    may::WriteFiles(auth): may::WriteFiles,
    Query(query): Query<FileQuery>,
) -> ApiResult<StatusCode> {
    let org = auth.org(&state);
    if !files::delete(&org, state.objects.as_ref(), query.location(), &query.path).await? {
        return Err(Error::NotFound("file").into());
    }
    Ok(StatusCode::NO_CONTENT)
}

/// Signs an address at which one file can be sent or read for ten minutes, without a key. To read
/// needs `files.read`, to send `files.write`.
#[utoipa::path(post, path = "/api/files/signed-urls", operation_id = "sign_file", tag = "files",
    request_body = SignFile, responses((status = 200, body = SignedFile), Writes))]
pub(crate) async fn sign(
    State(state): State<ApiState>,
    auth: crate::auth::Auth,
    Input(body): Input<SignFile>,
) -> ApiResult<Json<SignedFile>> {
    let method = body.method.as_deref().unwrap_or("PUT");
    auth.need(if method == "GET" { Permission::ReadFiles } else { Permission::WriteFiles })?;
    let location = body.location.as_deref().unwrap_or(UPLOADS);
    let content_type = body.content_type.as_deref().unwrap_or(BYTES);
    let now = bifrost_store::now();
    let pass = Pass {
        signed_by: Some(auth.caller.user),
        ..Pass::new(auth.organization(), location, &body.path, method, content_type, now)?
    };
    let url = format!("{}{}", super::signed_files::PATH, files::sign(&state.keyring, &pass)?);
    Ok(Json(SignedFile { url, path: pass.path, expires_in: (pass.expires_at - now).num_seconds() }))
}
