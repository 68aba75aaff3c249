//! Tables of JSON documents: an organization's own, and global ones that all of them read.

use crate::auth::may;
use crate::extract::{Input, Path};
use crate::problem::ApiResult;
use crate::responses::{Reads, Writes};
use crate::state::ApiState;
use axum::Json;
use axum::extract::State;
use bifrost_core::document_schema::Schema;
use bifrost_core::documents::Query;
use bifrost_core::{Document, OrganizationId, Result, TableId, UserId, Where};
use bifrost_store::tables::{self, Change, NewTable, Table};
use chrono::{DateTime, Utc};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// A table.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct TableView {
    id: TableId,
    /// One of a kind within its scope.
    name: String,
    /// For people.
    description: Option<String>,
    /// What its documents have to look like, in a part of JSON Schema.
    #[schema(value_type = Option<Object>)]
    table_schema: Option<Value>,
    /// The owner; `null` for a global one, which every organization reads.
    organization_id: Option<OrganizationId>,
    /// How many documents it has; at most 100,000.
    document_count: i64,
    /// JSON of all of them, in bytes; at most 256 MiB.
    bytes: i64,
    created_by: Option<UserId>,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

impl From<Table> for TableView {
    fn from(table: Table) -> Self {
        Self {
            id: table.id,
            name: table.name,
            description: table.description,
            table_schema: table.schema.map(|schema| schema.value().clone()),
            organization_id: table.organization_id,
            document_count: table.documents,
            bytes: table.bytes,
            created_by: table.created_by,
            created_at: table.created_at,
            updated_at: table.updated_at,
        }
    }
}

/// All tables, by name.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct TableList {
    tables: Vec<TableView>,
}

/// A table to make.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CreateTable {
    /// A letter, then letters, digits, `_` and `-`; at most 100 bytes.
    name: String,
    /// For people.
    #[serde(default)]
    description: Option<String>,
    /// JSON Schema with `type`, `properties`, `required`, `additionalProperties`, `items` and `enum`.
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    table_schema: Option<Value>,
}

/// What to change; what is absent stays. Documents that are there are not looked at.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ChangeTable {
    /// An empty text for none.
    description: Option<String>,
    /// An empty object for none.
    #[schema(value_type = Option<Object>)]
    table_schema: Option<Value>,
}

/// Which documents.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct QueryTable {
    /// For each field (`status`, `address.city`) a value that it equals, or an object of operators:
    /// `eq`, `ne`, `contains`, `starts_with`, `ends_with`, `gt`, `gte`, `lt`, `lte`, `in`, `is_null`, `has_key`.
    #[serde(default, rename = "where")]
    #[schema(value_type = Option<Object>)]
    filter: Option<Map<String, Value>>,
    /// A field; if absent, the order in which documents were made.
    #[serde(default)]
    order_by: Option<String>,
    /// `asc` or `desc`; `asc` if absent.
    #[serde(default)]
    order_dir: Option<String>,
    /// At most 1,000; 100 if absent.
    #[serde(default)]
    limit: Option<u32>,
    /// Documents that are left out before those of this page.
    #[serde(default)]
    offset: Option<u32>,
}

/// Which documents are counted.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CountTable {
    /// As in a query.
    #[serde(default, rename = "where")]
    #[schema(value_type = Option<Object>)]
    filter: Option<Map<String, Value>>,
}

/// A page of documents.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct DocumentList {
    documents: Vec<Document>,
    /// How many there are on all pages.
    total: i64,
    limit: u32,
    offset: u32,
}

/// How many there are.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct DocumentCount {
    count: i64,
}

/// An empty schema is none.
fn schema(given: Value) -> Result<Option<Schema>> {
    Ok(Some(Schema::parse(given)?)
        .filter(|schema| schema.value().as_object().is_none_or(|all| !all.is_empty())))
}

/// Lists tables: the scope's own, and global ones that they do not hide.
#[utoipa::path(get, path = "/api/tables", operation_id = "list_tables", tag = "tables",
    responses((status = 200, body = TableList), Reads))]
pub(crate) async fn list(
    State(state): State<ApiState>,
    may::ReadTables(auth): may::ReadTables,
) -> ApiResult<Json<TableList>> {
    let all = tables::list(&auth.scoped(&state)).await?;
    Ok(Json(TableList { tables: all.into_iter().map(Into::into).collect() }))
}

/// Makes a table in the scope.
#[utoipa::path(post, path = "/api/tables", operation_id = "create_table", tag = "tables",
    request_body = CreateTable, responses((status = 201, body = TableView), Writes))]
pub(crate) async fn create(
    State(state): State<ApiState>,
    may::WriteTables(auth): may::WriteTables,
    Input(body): Input<CreateTable>,
) -> ApiResult<(StatusCode, Json<TableView>)> {
    let schema = body.table_schema.map(schema).transpose()?.flatten();
    let new = NewTable { name: body.name, description: body.description, schema };
    let table = tables::create(&auth.scoped(&state), new).await?;
    Ok((StatusCode::CREATED, Json(table.into())))
}

/// One table, by id or name.
#[utoipa::path(get, path = "/api/tables/{id}", operation_id = "get_table", tag = "tables",
    params(("id" = String, Path, description = "Id or name")), responses((status = 200, body = TableView), Reads))]
pub(crate) async fn get(
    State(state): State<ApiState>,
    may::ReadTables(auth): may::ReadTables,
    Path(id): Path<String>,
) -> ApiResult<Json<TableView>> {
    Ok(Json(tables::get(&auth.scoped(&state), &id).await?.into()))
}

/// Changes a table of the scope; its name stays.
#[utoipa::path(patch, path = "/api/tables/{id}", operation_id = "update_table", tag = "tables",
    params(("id" = String, Path, description = "Id or name")), request_body = ChangeTable,
    responses((status = 200, body = TableView), Writes))]
pub(crate) async fn update(
    State(state): State<ApiState>,
    may::WriteTables(auth): may::WriteTables,
    Path(id): Path<String>,
    Input(body): Input<ChangeTable>,
) -> ApiResult<Json<TableView>> {
    let change = Change {
        description: body.description.map(|text| Some(text).filter(|text| !text.is_empty())),
        schema: body.table_schema.map(schema).transpose()?,
    };
    Ok(Json(tables::update(&auth.scoped(&state), &id, change).await?.into()))
}

/// Deletes a table of the scope with its documents.
#[utoipa::path(delete, path = "/api/tables/{id}", operation_id = "delete_table", tag = "tables",
    params(("id" = String, Path, description = "Id or name")),
    responses((status = 204, description = "Gone"), Writes))]
pub(crate) async fn delete(
    State(state): State<ApiState>,
    may::WriteTables(auth): may::WriteTables,
    Path(id): Path<String>,
) -> ApiResult<StatusCode> {
    tables::delete(&auth.scoped(&state), &id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Finds documents of a table.
#[utoipa::path(post, path = "/api/tables/{id}/query", operation_id = "query_table", tag = "tables",
    params(("id" = String, Path, description = "Id or name")), request_body = QueryTable,
    responses((status = 200, body = DocumentList), Writes))]
pub(crate) async fn query(
    State(state): State<ApiState>,
    may::ReadTables(auth): may::ReadTables,
    Path(id): Path<String>,
    Input(body): Input<QueryTable>,
) -> ApiResult<Json<DocumentList>> {
    let query = Query::parse(
        body.filter.as_ref(),
        body.order_by.as_deref(),
        body.order_dir.as_deref(),
        body.limit,
        body.offset,
    )?;
    let page = tables::query(&auth.scoped(&state), &id, &query).await?;
    let (limit, offset) = (query.limit, query.offset);
    Ok(Json(DocumentList { documents: page.documents, total: page.total, limit, offset }))
}

/// Counts documents of a table.
#[utoipa::path(post, path = "/api/tables/{id}/count", operation_id = "count_documents", tag = "tables",
    params(("id" = String, Path, description = "Id or name")), request_body = CountTable,
    responses((status = 200, body = DocumentCount), Writes))]
pub(crate) async fn count(
    State(state): State<ApiState>,
    may::ReadTables(auth): may::ReadTables,
    Path(id): Path<String>,
    Input(body): Input<CountTable>,
) -> ApiResult<Json<DocumentCount>> {
    let filter = Where::parse(body.filter.as_ref())?;
    Ok(Json(DocumentCount { count: tables::count(&auth.scoped(&state), &id, &filter).await? }))
}
