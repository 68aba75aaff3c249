//! Documents of tables, one by one and in batches.
//!
//! A table that is missing is made by the first document of its name. A write is one entry of the
//! audit log, whatever its size; a document tells its version and who wrote it last.

use crate::auth::may;
use crate::extract::{Input, Path, Query};
use crate::problem::ApiResult;
use crate::responses::{Reads, Writes};
use crate::state::ApiState;
use axum::Json;
use axum::extract::State;
use bifrost_core::{Document, Error};
use bifrost_store::tables::{self, NewDocument};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// Largest body of a batch, in bytes.
pub(crate) const BATCH_BODY_BYTES: usize = 8 << 20;

/// A document to add or to replace.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct WriteDocument {
    /// One is made if absent.
    #[serde(default)]
    id: Option<String>,
    /// At most 256 KiB of JSON.
    #[schema(value_type = Object)]
    data: Map<String, Value>,
    /// Only if the document has this version, 0 if there is none; 409 `version_changed` otherwise.
    #[serde(default)]
    if_version: Option<i64>,
}

impl From<WriteDocument> for NewDocument {
    fn from(new: WriteDocument) -> Self {
        Self { id: new.id, data: new.data, if_version: new.if_version }
    }
}

/// What a document is to hold.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PutDocument {
    /// All of it.
    #[schema(value_type = Object)]
    data: Map<String, Value>,
    /// Only if the document has this version, 0 if there is none; 409 `version_changed` otherwise.
    #[serde(default)]
    if_version: Option<i64>,
}

/// Which document is meant.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct DeleteQuery {
    /// Only if the document has this version; 409 `version_changed` otherwise.
    if_version: Option<i64>,
}

/// Fields to lay over those of a document.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PatchDocument {
    /// Each replaces the field of its name; `null` is a value, too.
    #[schema(value_type = Object)]
    data: Map<String, Value>,
    /// Only if the document has this version; 409 `version_changed` otherwise.
    #[serde(default)]
    if_version: Option<i64>,
}

/// Many documents in one step: all of it is done, or nothing. Exactly one of the three.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Batch {
    /// To add; at most 1,000.
    #[serde(default)]
    insert: Option<Vec<WriteDocument>>,
    /// To add or to replace; at most 1,000, each with its `id`.
    #[serde(default)]
    upsert: Option<Vec<WriteDocument>>,
    /// Ids of those to delete; at most 1,000.
    #[serde(default)]
    delete: Option<Vec<String>>,
}

/// What a batch did.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct BatchDone {
    /// Those that were written, in the order of the request.
    documents: Vec<Document>,
    /// Ids of those that were deleted, sorted.
    deleted_ids: Vec<String>,
    count: usize,
}

/// Adds a document. 409 `already_exists` where its id is taken.
#[utoipa::path(post, path = "/api/tables/{id}/documents", operation_id = "insert_document", tag = "tables",
    params(("id" = String, Path, description = "Id or name of the table; one of this name is made if there is none")),
    request_body = WriteDocument, responses((status = 201, body = Document), Writes))]
pub(crate) async fn insert(
    State(state): State<ApiState>,
    may::WriteTables(auth): may::WriteTables,
    Path(id): Path<String>,
    Input(body): Input<WriteDocument>,
) -> ApiResult<(StatusCode, Json<Document>)> {
    let made = tables::insert(&auth.scoped(&state), &id, vec![body.into()]).await?;
    Ok((StatusCode::CREATED, Json(one(made)?)))
}

/// One document.
#[utoipa::path(get, path = "/api/tables/{id}/documents/{document}", operation_id = "get_document", tag = "tables",
    params(("id" = String, Path, description = "Id or name of the table"), ("document" = String, Path, description = "The document's id")),
    responses((status = 200, body = Document), Reads))]
pub(crate) async fn get(
    State(state): State<ApiState>,
    may::ReadTables(auth): may::ReadTables,
    Path((id, document)): Path<(String, String)>,
) -> ApiResult<Json<Document>> {
    Ok(Json(tables::get_document(&auth.scoped(&state), &id, &document).await?))
}

/// Adds a document, or replaces the one with this id.
#[utoipa::path(put, path = "/api/tables/{id}/documents/{document}", operation_id = "upsert_document", tag = "tables",
    params(("id" = String, Path, description = "Id or name of the table; one of this name is made if there is none"), ("document" = String, Path, description = "The document's id")),
    request_body = PutDocument, responses((status = 200, body = Document), Writes))]
pub(crate) async fn put(
    State(state): State<ApiState>,
    may::WriteTables(auth): may::WriteTables,
    Path((id, document)): Path<(String, String)>,
    Input(body): Input<PutDocument>,
) -> ApiResult<Json<Document>> {
    let new = NewDocument { id: Some(document), data: body.data, if_version: body.if_version };
    Ok(Json(one(tables::upsert(&auth.scoped(&state), &id, vec![new]).await?)?))
}

/// Lays fields over those of a document.
#[utoipa::path(patch, path = "/api/tables/{id}/documents/{document}", operation_id = "update_document", tag = "tables",
    params(("id" = String, Path, description = "Id or name of the table"), ("document" = String, Path, description = "The document's id")),
    request_body = PatchDocument, responses((status = 200, body = Document), Writes))]
pub(crate) async fn patch(
    State(state): State<ApiState>,
    may::WriteTables(auth): may::WriteTables,
    Path((id, document)): Path<(String, String)>,
    Input(body): Input<PatchDocument>,
) -> ApiResult<Json<Document>> {
    let scoped = auth.scoped(&state);
    Ok(Json(tables::update_document(&scoped, &id, &document, body.data, body.if_version).await?))
}

/// Deletes a document.
#[utoipa::path(delete, path = "/api/tables/{id}/documents/{document}", operation_id = "delete_document", tag = "tables",
    params(("id" = String, Path, description = "Id or name of the table"), ("document" = String, Path, description = "The document's id"), DeleteQuery),
    responses((status = 204, description = "Gone"), Writes))]
pub(crate) async fn delete(
    State(state): State<ApiState>,
    may::WriteTables(auth): may::WriteTables,
    Path((id, document)): Path<(String, String)>,
    Query(query): Query<DeleteQuery>,
) -> ApiResult<StatusCode> {
    match tables::delete_document(&auth.scoped(&state), &id, &document, query.if_version).await? {
        true => Ok(StatusCode::NO_CONTENT),
        false => Err(Error::NotFound("document").into()),
    }
}

/// Adds, replaces or deletes many documents in one step.
#[utoipa::path(post, path = "/api/tables/{id}/batch", operation_id = "write_documents", tag = "tables",
    params(("id" = String, Path, description = "Id or name of the table; what adds documents makes one of this name if there is none")),
    request_body = Batch, responses((status = 200, body = BatchDone), Writes))]
pub(crate) async fn batch(
    State(state): State<ApiState>,
    may::WriteTables(auth): may::WriteTables,
    Path(id): Path<String>,
    Input(body): Input<Batch>,
) -> ApiResult<Json<BatchDone>> {
    let scoped = auth.scoped(&state);
    let all = |new: Vec<WriteDocument>| new.into_iter().map(Into::into).collect();
    let (documents, deleted_ids) = match (body.insert, body.upsert, body.delete) {
        (Some(new), None, None) => (tables::insert(&scoped, &id, all(new)).await?, vec![]),
        (None, Some(new), None) => {
            if let Some(index) = new.iter().position(|one| one.id.is_none()) {
                return Err(
                    Error::invalid(format!("upsert[{index}].id"), "expected the document's id").into()
                );
            }
            (tables::upsert(&scoped, &id, all(new)).await?, vec![])
        }
        (None, None, Some(ids)) => (vec![], tables::delete_documents(&scoped, &id, ids).await?),
        _ => return Err(Error::invalid("body", "expected one of `insert`, `upsert` and `delete`").into()),
    };
    let count = documents.len() + deleted_ids.len();
    Ok(Json(BatchDone { documents, deleted_ids, count }))
}

/// The document of a batch of one.
fn one(documents: Vec<Document>) -> Result<Document, Error> {
    documents.into_iter().next().ok_or(Error::NotFound("document"))
}
