//! Trying a form before it is saved: what it is comes with each request, and is checked as if it were saved.

use super::form_sessions::{self, NewUpload, OpenedForm, UploadView};
use crate::auth::{Auth, may};
use crate::extract::{Input, Path};
use crate::problem::{ApiResult, Problem};
use crate::responses::{Kept, Writes};
use crate::service::forms as service;
use crate::service::forms::opened::{self, Opened};
use crate::service::run::Request;
use crate::state::ApiState;
use crate::views::ExecuteResponse;
use axum::Json;
use axum::extract::State;
use bifrost_core::{FormId, FormSessionId};
use bifrost_forms::Definition;
use bifrost_store::forms::{Form, drafts};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// A form to try.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PreviewForm {
    #[schema(value_type = Definition)]
    definition: Value,
    /// What its address would bring.
    #[serde(default)]
    query: BTreeMap<String, String>,
}

/// A form that is tried.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct OpenedPreview {
    /// Of its draft, which its runs have as their form.
    form_id: FormId,
    #[serde(flatten)]
    opened: OpenedForm,
}

/// A file of a form that is tried.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PreviewUpload {
    #[schema(value_type = Definition)]
    definition: Value,
    upload: NewUpload,
}

/// What is filled in, in a form that is tried.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SubmitPreview {
    session_id: FormSessionId,
    #[schema(value_type = Definition)]
    definition: Value,
    /// By the names of fields.
    #[serde(default)]
    #[schema(value_type = Object)]
    values: Map<String, Value>,
}

/// A draft that the caller has opened, as it is by now.
async fn found(
    state: &ApiState,
    auth: &Auth,
    id: FormId,
    session: FormSessionId,
    definition: &Value,
) -> ApiResult<Opened> {
    let scoped = auth.scoped(state);
    let new = service::settled(&scoped, definition).await?;
    let draft = drafts::get(&scoped, id).await?;
    let form = Form { workflow_id: new.workflow_id, definition: new.definition, ..draft };
    Ok(opened::of(state, auth, form, session).await?)
}

/// Opens a form that is not saved, as its people would. Its launch workflow runs.
#[utoipa::path(post, path = "/api/forms/preview/open", operation_id = "open_form_preview", tag = "forms",
    request_body = PreviewForm,
    responses((status = 200, body = OpenedPreview),
        (status = 502, description = "The launch workflow failed", body = Problem, content_type = "application/problem+json"),
        (status = 504, description = "The launch workflow took too long", body = Problem, content_type = "application/problem+json"), Writes, Kept))]
pub(crate) async fn open(
    State(state): State<ApiState>,
    may::ManageForms(auth): may::ManageForms,
    Input(body): Input<PreviewForm>,
) -> ApiResult<Json<OpenedPreview>> {
    let scoped = auth.scoped(&state);
    let draft = drafts::create(&scoped, service::settled(&scoped, &body.definition).await?).await?;
    let form_id = draft.id;
    let opened = opened::begin(&state, &auth, draft, body.query).await?.into();
    Ok(Json(OpenedPreview { form_id, opened }))
}

/// Signs an address at which one file of a form that is tried can be sent for ten minutes.
#[utoipa::path(post, path = "/api/forms/preview/{id}/uploads", operation_id = "create_form_preview_upload", tag = "forms",
    params(("id" = FormId, Path)), request_body = PreviewUpload, responses((status = 201, body = UploadView), Writes))]
pub(crate) async fn upload(
    State(state): State<ApiState>,
    may::ManageForms(auth): may::ManageForms,
    Path(id): Path<FormId>,
    Input(body): Input<PreviewUpload>,
) -> ApiResult<(StatusCode, Json<UploadView>)> {
    let opened = found(&state, &auth, id, body.upload.session_id, &body.definition).await?;
    Ok((StatusCode::CREATED, Json(form_sessions::slot(&state, &auth, &opened, body.upload).await?)))
}

/// Submits a form that is tried: everything is checked as if it were saved, and its workflow starts for real.
#[utoipa::path(post, path = "/api/forms/preview/{id}/execute", operation_id = "submit_form_preview", tag = "forms",
    params(("id" = FormId, Path)), request_body = SubmitPreview,
    responses((status = 202, description = "Accepted", body = ExecuteResponse),
        (status = 502, description = "A data provider failed", body = Problem, content_type = "application/problem+json"),
        (status = 504, description = "A data provider took too long", body = Problem, content_type = "application/problem+json"), Writes, Kept))]
pub(crate) async fn execute(
    State(state): State<ApiState>,
    may::ManageForms(auth): may::ManageForms,
    Path(id): Path<FormId>,
    Input(body): Input<SubmitPreview>,
) -> ApiResult<(StatusCode, Json<ExecuteResponse>)> {
    let opened = found(&state, &auth, id, body.session_id, &body.definition).await?;
    let run = form_sessions::submit(&state, &auth, opened, body.values, Request::default()).await?;
    Ok((StatusCode::ACCEPTED, Json(run)))
}
