//! Forms: what starts a workflow with what somebody fills in. Filling them in is in
//! [`super::form_sessions`].

use crate::auth::{Auth, may};
use crate::extract::{Input, Path};
use crate::problem::ApiResult;
use crate::responses::{Open, Reads, Writes};
use crate::service::forms as service;
use crate::state::ApiState;
use axum::Json;
use axum::extract::State;
use bifrost_core::{Error, FormId, OrganizationId, Permission, WorkflowId};
use bifrost_forms::{Definition, Problem};
use bifrost_store::Access;
use bifrost_store::forms::{self, Form, Reach, Source};
use chrono::{DateTime, Utc};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A form in a list.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct FormSummary {
    id: FormId,
    /// `null` for a global one.
    organization_id: Option<OrganizationId>,
    name: String,
    description: Option<String>,
    workflow_id: WorkflowId,
    workflow_name: String,
    access: bifrost_forms::Access,
    /// How many fields it has.
    fields: i64,
    source: Source,
    /// True when the caller may change it here.
    may_edit: bool,
    updated_at: DateTime<Utc>,
}

/// Forms, by name.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct FormList {
    forms: Vec<FormSummary>,
}

/// A form.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct FormView {
    id: FormId,
    /// `null` for a global one.
    organization_id: Option<OrganizationId>,
    workflow_id: WorkflowId,
    /// The workflow's name now.
    workflow_name: String,
    source: Source,
    /// The file of the workspace that it is in.
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<String>,
    /// Sent back with a change.
    revision: i64,
    /// True when the caller may change it here.
    may_edit: bool,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
    #[serde(flatten)]
    definition: Definition,
}

/// A form with the revision that a change is of.
#[derive(Deserialize, utoipa::ToSchema)]
pub(crate) struct ChangedForm {
    /// As it was read.
    revision: i64,
    /// Read with the place of each problem.
    #[serde(flatten)]
    #[schema(value_type = Definition)]
    definition: Value,
}

/// What is wrong with a definition.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct FormProblems {
    /// None where it can be saved.
    problems: Vec<Problem>,
}

fn may_edit(auth: &Auth, form: &Form) -> bool {
    auth.may(Permission::ManageForms) && form.scope == auth.scope && form.source == Source::Api
}

fn access(form: &Form) -> bifrost_forms::Access {
    if form.is_granted { bifrost_forms::Access::Granted } else { bifrost_forms::Access::Authenticated }
}

fn view(auth: &Auth, form: Form) -> Result<FormView, Error> {
    let definition = service::saved(&form)?.definition().clone();
    let may_edit = may_edit(auth, &form);
    Ok(FormView {
        id: form.id,
        organization_id: form.scope.organization(),
        workflow_id: form.workflow_id,
        workflow_name: form.workflow_name,
        source: form.source,
        path: form.path,
        revision: form.revision,
        may_edit,
        created_at: form.created_at,
        updated_at: form.updated_at,
        definition,
    })
}

/// Lists the forms that the caller may use; with `forms.manage`, all.
#[utoipa::path(get, path = "/api/forms", operation_id = "list_forms", tag = "forms",
    responses((status = 200, body = FormList), Reads))]
pub(crate) async fn list(State(state): State<ApiState>, auth: Auth) -> ApiResult<Json<FormList>> {
    let reach = Reach::of(&auth.org(&state), &auth.caller).await?;
    let all = forms::list(&auth.scoped(&state)).await?;
    let summary = |form: Form| FormSummary {
        id: form.id,
        organization_id: form.scope.organization(),
        access: access(&form),
        may_edit: may_edit(&auth, &form),
        name: form.name,
        description: form.description,
        workflow_id: form.workflow_id,
        workflow_name: form.workflow_name,
        fields: form.fields,
        source: form.source,
        updated_at: form.updated_at,
    };
    Ok(Json(FormList { forms: all.into_iter().filter(|form| reach.may_use(form)).map(summary).collect() }))
}

/// Makes a form.
#[utoipa::path(post, path = "/api/forms", operation_id = "create_form", tag = "forms",
    request_body = Definition, responses((status = 201, body = FormView), Writes))]
pub(crate) async fn create(
    State(state): State<ApiState>,
    may::ManageForms(auth): may::ManageForms,
    Input(body): Input<Value>,
) -> ApiResult<(StatusCode, Json<FormView>)> {
    let scoped = auth.scoped(&state);
    let new = service::settled(&scoped, &body).await?;
    let made = forms::create(&scoped, new).await?;
    Ok((StatusCode::CREATED, Json(view(&auth, made)?)))
}

/// Says all that is wrong with a definition, and saves nothing.
#[utoipa::path(post, path = "/api/forms/check", operation_id = "check_form", tag = "forms",
    request_body = Definition, responses((status = 200, body = FormProblems), Writes))]
pub(crate) async fn check(
    State(state): State<ApiState>,
    may::ManageForms(auth): may::ManageForms,
    Input(body): Input<Value>,
) -> ApiResult<Json<FormProblems>> {
    let problems = service::read(&auth.scoped(&state), &body).await?.err().unwrap_or_default();
    Ok(Json(FormProblems { problems }))
}

/// The JSON Schema of `forms/*.yaml`, for editors.
#[utoipa::path(get, path = "/api/forms/schema.json", operation_id = "get_form_schema", tag = "forms",
    responses((status = 200, description = "JSON Schema, draft 2020-12", body = Object), Open))]
pub(crate) async fn schema() -> Json<Value> {
    Json(service::files::schema())
}

/// One form.
#[utoipa::path(get, path = "/api/forms/{id}", operation_id = "get_form", tag = "forms",
    params(("id" = FormId, Path)), responses((status = 200, body = FormView), Reads))]
pub(crate) async fn get(
    State(state): State<ApiState>,
    auth: Auth,
    Path(id): Path<FormId>,
) -> ApiResult<Json<FormView>> {
    let form = service::usable(&state, &auth, id).await?;
    Ok(Json(view(&auth, form)?))
}

/// Replaces a form of the scope's own. 409 `changed_meanwhile` where it has another revision, and
/// `form_of_workspace` for a file of the workspace.
#[utoipa::path(put, path = "/api/forms/{id}", operation_id = "update_form", tag = "forms",
    params(("id" = FormId, Path)), request_body = ChangedForm, responses((status = 200, body = FormView), Writes))]
pub(crate) async fn update(
    State(state): State<ApiState>,
    may::ManageForms(auth): may::ManageForms,
    Path(id): Path<FormId>,
    Input(body): Input<ChangedForm>,
) -> ApiResult<Json<FormView>> {
    let scoped = auth.scoped(&state);
    let old = forms::get(&scoped, id).await?;
    if Access::from(old.scope) != scoped.access() {
        return Err(Error::NotFound("form").into());
    }
    let new = service::settled(&scoped, &body.definition).await?;
    let changed = forms::update(&scoped, id, body.revision, new).await?;
    Ok(Json(view(&auth, changed)?))
}

/// Deletes a form of the scope's own; its runs stay.
#[utoipa::path(delete, path = "/api/forms/{id}", operation_id = "delete_form", tag = "forms",
    params(("id" = FormId, Path)), responses((status = 204, description = "Gone"), Writes))]
pub(crate) async fn delete(
    State(state): State<ApiState>,
    may::ManageForms(auth): may::ManageForms,
    Path(id): Path<FormId>,
) -> ApiResult<StatusCode> {
    forms::delete(&auth.scoped(&state), id).await?;
    Ok(StatusCode::NO_CONTENT)
}
