//! Filling in a form: opening it, the options of its fields, its files, and submitting it.

use super::execute::idempotency_key;
use crate::auth::Auth;
use crate::extract::{Input, Path};
use crate::problem::{ApiError, ApiResult, FieldError, Problem};
use crate::responses::{Kept, Writes};
use crate::service::forms::opened::{self, Opened};
use crate::service::forms::{submission, uploads};
use crate::service::run::{self, Request};
use crate::state::ApiState;
use crate::views::{ExecuteResponse, ExecutionView};
use axum::Json;
use axum::extract::State;
use bifrost_core::files::{BYTES, MAX_PART, Pass, UPLOADS, essence};
use bifrost_core::{Error, FormId, FormSessionId, UploadId, schedule};
use bifrost_forms::{Asked, Kind};
use bifrost_store::forms::sessions;
use bifrost_store::{files, workflows};
use chrono::{DateTime, Utc};
use http::{HeaderMap, StatusCode};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::sync::Arc;

/// What the form's address has brought.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct OpenForm {
    /// Texts by name; what the form does not take is left out.
    #[serde(default)]
    query: BTreeMap<String, String>,
}

/// An opened form.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct OpenedForm {
    session_id: FormSessionId,
    /// What rules see: `user`, `organization`, `query`, and as `workflow` what the launch workflow
    /// returned.
    #[schema(value_type = Object)]
    context: Value,
    /// The time, as rules see it.
    now: String,
    /// Until then it can be submitted.
    expires_at: DateTime<Utc>,
}

impl From<Opened> for OpenedForm {
    fn from(opened: Opened) -> Self {
        Self {
            session_id: opened.session.id,
            context: opened.context,
            now: opened::now(),
            expires_at: opened.session.expires_at,
        }
    }
}

/// Which options, for what is filled in so far.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct FieldOptionsRequest {
    session_id: FormSessionId,
    /// The field.
    field: String,
    /// True: what is there at first, of the field's `default_data_provider`; one option at most.
    #[serde(default)]
    for_default: bool,
    /// By the names of fields.
    #[serde(default)]
    #[schema(value_type = Object)]
    values: Map<String, Value>,
}

/// What can be chosen in a field, or is there at first.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct FieldOptions {
    /// Objects with `label` and `value`, and perhaps `description` and `metadata`.
    #[schema(value_type = Vec<Object>)]
    options: Arc<[Value]>,
    /// Inputs of the data provider that are not there yet; it is not asked before.
    missing: Vec<String>,
}

/// A file that is going to be sent.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewUpload {
    pub(super) session_id: FormSessionId,
    /// The field.
    field: String,
    /// What the file is called.
    name: String,
    /// What it is; `application/octet-stream` where nobody knows.
    content_type: String,
    /// In bytes.
    size: u64,
}

/// Where to send a file.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct UploadView {
    /// The value of the field, once the file was sent.
    upload_id: UploadId,
    /// The address, below the platform's own.
    url: String,
    /// `PUT`.
    method: &'static str,
    /// To be sent as `Content-Type`.
    content_type: String,
    max_bytes: u64,
    /// Good until then.
    expires_at: DateTime<Utc>,
}

/// What is filled in.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SubmitForm {
    session_id: FormSessionId,
    /// By the names of fields. What is not in it has its default; `null` is nothing.
    #[serde(default)]
    #[schema(value_type = Object)]
    values: Map<String, Value>,
    /// Runs then, RFC 3339, at most a year ahead; what is past means now.
    #[serde(default)]
    #[schema(value_type = Option<DateTime<Utc>>)]
    scheduled_at: Option<String>,
    /// Runs so much later, at most a year; not with `scheduled_at`.
    #[serde(default)]
    delay_seconds: Option<u64>,
    /// A request with the same key answers with the same execution. Also the header `Idempotency-Key`.
    #[serde(default)]
    idempotency_key: Option<String>,
}

/// Opens a form for a day. Its launch workflow runs, and what it returns stays here for the run.
#[utoipa::path(post, path = "/api/forms/{id}/open", operation_id = "open_form", tag = "forms",
    params(("id" = FormId, Path)), request_body = OpenForm,
    responses((status = 200, body = OpenedForm),
        (status = 502, description = "The launch workflow failed", body = Problem, content_type = "application/problem+json"),
        (status = 504, description = "The launch workflow took too long", body = Problem, content_type = "application/problem+json"), Writes, Kept))]
pub(crate) async fn open(
    State(state): State<ApiState>,
    auth: Auth,
    Path(id): Path<FormId>,
    Input(body): Input<OpenForm>,
) -> ApiResult<Json<OpenedForm>> {
    Ok(Json(opened::open(&state, &auth, id, body.query).await?.into()))
}

/// What can be chosen in a field, or is there at first, where a data provider says it.
#[utoipa::path(post, path = "/api/forms/{id}/options", operation_id = "list_form_options", tag = "forms",
    params(("id" = FormId, Path)), request_body = FieldOptionsRequest,
    responses((status = 200, body = FieldOptions),
        (status = 502, description = "The data provider failed", body = Problem, content_type = "application/problem+json"),
        (status = 504, description = "The data provider took too long", body = Problem, content_type = "application/problem+json"), Writes, Kept))]
pub(crate) async fn options(
    State(state): State<ApiState>,
    auth: Auth,
    Path(id): Path<FormId>,
    Input(body): Input<FieldOptionsRequest>,
) -> ApiResult<Json<FieldOptions>> {
    let opened = opened::find(&state, &auth, id, body.session_id).await?;
    let asked = if body.for_default { Asked::Default } else { Asked::Options };
    let (options, missing) = opened::options(&state, &auth, &opened, &body.field, asked, body.values).await?;
    let options = if body.for_default { options.iter().take(1).cloned().collect() } else { options };
    Ok(Json(FieldOptions { options, missing }))
}

/// Signs an address at which one file of a form can be sent for ten minutes.
#[utoipa::path(post, path = "/api/forms/{id}/uploads", operation_id = "create_form_upload", tag = "forms",
    params(("id" = FormId, Path)), request_body = NewUpload, responses((status = 201, body = UploadView), Writes))]
pub(crate) async fn upload(
    State(state): State<ApiState>,
    auth: Auth,
    Path(id): Path<FormId>,
    Input(body): Input<NewUpload>,
) -> ApiResult<(StatusCode, Json<UploadView>)> {
    let opened = opened::find(&state, &auth, id, body.session_id).await?;
    Ok((StatusCode::CREATED, Json(slot(&state, &auth, &opened, body).await?)))
}

/// Where a file of an opened form is sent.
pub(super) async fn slot(
    state: &ApiState,
    auth: &Auth,
    opened: &Opened,
    body: NewUpload,
) -> ApiResult<UploadView> {
    let field = opened.definition.field(&body.field).filter(|field| field.kind == Kind::File);
    let field = field.ok_or_else(|| {
        Error::invalid("field", format!("`{}` is no field of this form that takes files", body.field))
    })?;
    let content_type = essence(if body.content_type.is_empty() { BYTES } else { &body.content_type })?;
    // What is sent without a type has the one that its content says.
    if content_type != BYTES && !uploads::takes(field, &content_type) {
        let message = format!("`{}` takes {}", body.field, field.allowed_types.join(", "));
        return Err(Error::invalid("content_type", message).into());
    }
    let max_bytes = uploads::most_bytes(field);
    if body.size > max_bytes {
        return Err(Error::invalid(
            "size",
            format!("a file of `{}` has at most {max_bytes} bytes", body.field),
        )
        .into());
    }
    let name = plain_name(&body.name)?;
    let upload = sessions::add_upload(&auth.org(state), &opened.session, &body.field, name).await?;
    let now = bifrost_store::now();
    let pass = Pass::new(auth.organization(), UPLOADS, &upload.path, "PUT", &content_type, now)?;
    let expires_at = pass.expires_at.min(opened.session.expires_at);
    let pass = Pass { max_bytes, expires_at, signed_by: Some(auth.caller.user), ..pass };
    let url = format!("{}{}", super::signed_files::PATH, files::sign(&state.keyring, &pass)?);
    Ok(UploadView { upload_id: upload.id, url, method: "PUT", content_type, max_bytes, expires_at })
}

/// A name that is one part of a path.
fn plain_name(name: &str) -> Result<&str, Error> {
    let name = name.rsplit(['/', '\\']).next().unwrap_or_default().trim();
    let is_plain = !name.is_empty() && name != "." && name != ".." && name.len() <= MAX_PART;
    if is_plain && !name.chars().any(char::is_control) {
        return Ok(name);
    }
    Err(Error::invalid("name", format!("expected the name of a file, at most {MAX_PART} bytes")))
}

/// Submits a form: what is filled in is checked by all its rules, and its workflow starts. 422
/// `invalid_form` names the fields at fault in `errors`.
#[utoipa::path(post, path = "/api/forms/{id}/execute", operation_id = "submit_form", tag = "forms",
    params(("id" = FormId, Path),
        ("Idempotency-Key" = Option<String>, Header, description = "Same key, same execution")),
    request_body = SubmitForm,
    responses((status = 202, description = "Accepted", body = ExecuteResponse),
        (status = 502, description = "A data provider failed", body = Problem, content_type = "application/problem+json"),
        (status = 504, description = "A data provider took too long", body = Problem, content_type = "application/problem+json"), Writes, Kept))]
pub(crate) async fn execute(
    State(state): State<ApiState>,
    auth: Auth,
    headers: HeaderMap,
    Path(id): Path<FormId>,
    Input(body): Input<SubmitForm>,
) -> ApiResult<(StatusCode, Json<ExecuteResponse>)> {
    let not_before =
        schedule::deferral(bifrost_store::now(), body.scheduled_at.as_deref(), body.delay_seconds)?;
    let idempotency_key = idempotency_key(&headers, body.idempotency_key)?;
    let opened = opened::find(&state, &auth, id, body.session_id).await?;
    let request = Request { idempotency_key, not_before, ..Request::default() };
    Ok((StatusCode::ACCEPTED, Json(submit(&state, &auth, opened, body.values, request).await?)))
}

/// Checks what is filled in, and starts the workflow with it.
pub(super) async fn submit(
    state: &ApiState,
    auth: &Auth,
    opened: Opened,
    values: Map<String, Value>,
    request: Request,
) -> ApiResult<ExecuteResponse> {
    let submitted = submission::check(state, auth, &opened, values).await?;
    let org = auth.org(state);
    let workflow = workflows::find(&org, &opened.form.workflow_id.to_string()).await?;
    workflow.info.check_input(&submitted.data).map_err(of_a_field)?;
    if !submitted.uploads.is_empty() {
        sessions::use_uploads(&org, opened.session.id, submitted.uploads).await?;
    }
    let request = Request {
        input_data: Some(Value::Object(submitted.data)),
        form_id: Some(opened.form.id),
        startup: opened.session.startup,
        ..request
    };
    let execution = run::start(state, auth, &workflow, request).await?;
    Ok(ExecutionView::new(execution, auth.sees_all_runs()).into())
}

/// What a workflow cannot take is a fault of the field that it came from.
fn of_a_field(error: Error) -> ApiError {
    match error {
        Error::Invalid { field, message } => {
            let field = field.strip_prefix("input_data.").unwrap_or(&field).to_owned();
            submission::refused(vec![FieldError { field, message }])
        }
        other => other.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_one_part_of_a_path() {
        assert_eq!(plain_name("C:\\fake\\a b.pdf").expect("a name"), "a b.pdf");
        assert_eq!(plain_name("../../etc/passwd").expect("a name"), "passwd");
        for bad in ["", "/", "..", "a/..", " ", "a\0b", "a\nb", &"x".repeat(MAX_PART + 1)] {
            assert!(plain_name(bad).is_err(), "{bad:?}");
        }
    }
}
