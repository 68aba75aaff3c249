//! Running workflows: in the background, or waiting for the end.

use crate::auth::Auth;
use crate::extract::{Input, Path};
use crate::problem::{ApiError, ApiResult, Problem};
use crate::responses::{Kept, Writes};
use crate::service;
use crate::service::run::{self, Request};
use crate::state::ApiState;
use crate::views::{ExecuteResponse, ExecutionView};
use axum::Json;
use axum::extract::State;
use bifrost_core::{BackgroundPriority, Error, ExecutionId, WorkflowKind, schedule};
use bifrost_store::executions::documents::{self, Part};

use http::{HeaderMap, StatusCode};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::time::Duration;

/// How long a `sync` request waits, unless it says otherwise.
const SYNC_SECONDS: u64 = 60;

/// Longest that a `sync` request may wait; proxies give up not much later.
const MAX_SYNC_SECONDS: u64 = 600;

/// The header that carries an idempotency key.
const IDEMPOTENCY_HEADER: &str = "idempotency-key";

/// Longest idempotency key, in bytes.
const IDEMPOTENCY_BYTES: usize = 200;

/// What to run.
#[derive(Deserialize, utoipa::ToSchema)]
pub(crate) struct ExecuteRequest {
    /// The workflow's id, its name, or `path::function`.
    workflow_id: String,
    /// Parameters by name.
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    input_data: Option<Value>,
    /// True to wait for the end of the run.
    #[serde(default)]
    sync: bool,
    /// How long to wait with `sync`, at most 600; then the answer is 202. Default 60.
    #[serde(default)]
    timeout_seconds: Option<u64>,
    /// A request with the same key answers with the same execution. Also the header `Idempotency-Key`.
    #[serde(default)]
    idempotency_key: Option<String>,
    /// Runs then, RFC 3339, at most a year ahead; what is past means now. Not with `sync`.
    #[serde(default)]
    #[schema(value_type = Option<DateTime<Utc>>)]
    scheduled_at: Option<String>,
    /// Runs so much later, at most a year; not with `scheduled_at`.
    #[serde(default)]
    delay_seconds: Option<u64>,
    /// `bulk` for what may wait until nothing else does; `normal` if absent. Not with `sync`, which
    /// comes before both.
    #[serde(default)]
    priority: Option<BackgroundPriority>,
    /// Taken for compatibility: every run has its place in the history.
    #[serde(default)]
    #[expect(dead_code, reason = "accepted from clients that send it")]
    transient: Option<bool>,
    /// What this version does not know must not be ignored silently.
    #[serde(flatten)]
    #[schema(ignore)]
    unknown: Map<String, Value>,
}

/// Parameters of a data provider.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct InvokeRequest {
    /// Parameters by name.
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    input_data: Option<Value>,
    /// True to ask the data provider although its options are kept.
    #[serde(default)]
    refresh: bool,
}

/// Choices for a form field.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct Options {
    /// Objects with `label` and `value`, and perhaps `description` and `metadata`.
    #[schema(value_type = Vec<Object>)]
    options: std::sync::Arc<[Value]>,
}

/// What to change in a repetition.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RerunRequest {
    /// Other parameters; those of the repeated run if absent.
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    input_data: Option<Value>,
}

/// Runs a workflow. Without `sync` the answer is 202 once the run can no longer be lost.
#[utoipa::path(post, path = "/api/workflows/execute", operation_id = "execute_workflow", tag = "workflows",
    request_body = ExecuteRequest,
    params(("Idempotency-Key" = Option<String>, Header, description = "Same key, same execution")),
    responses((status = 200, description = "Ended", body = ExecuteResponse),
        (status = 202, description = "Accepted", body = ExecuteResponse), Writes, Kept))]
pub(crate) async fn execute(
    State(state): State<ApiState>,
    auth: Auth,
    headers: HeaderMap,
    Input(body): Input<ExecuteRequest>,
) -> ApiResult<(StatusCode, Json<ExecuteResponse>)> {
    if let Some((name, _)) = body.unknown.iter().find(|(_, value)| !value.is_null()) {
        return Err(Error::invalid(name, "this server does not know this field").into());
    }
    let seconds = body.timeout_seconds.unwrap_or(SYNC_SECONDS);
    if !(1..=MAX_SYNC_SECONDS).contains(&seconds) {
        return Err(Error::invalid("timeout_seconds", format!("expected 1 to {MAX_SYNC_SECONDS}")).into());
    }
    let not_before =
        schedule::deferral(bifrost_store::now(), body.scheduled_at.as_deref(), body.delay_seconds)?;
    if body.sync && not_before.is_some() {
        let detail = "`sync` waits for the end of a run, so the run cannot be for later";
        return Err(ApiError::new(StatusCode::BAD_REQUEST, "bad_request", detail).with_field("sync"));
    }
    if body.sync && body.priority.is_some() {
        let detail = "`sync` waits for the end of a run, so the run comes before all that have a priority";
        return Err(ApiError::new(StatusCode::BAD_REQUEST, "bad_request", detail).with_field("priority"));
    }
    let workflow = run::resolve(&state, &auth, &body.workflow_id).await?;
    let request = Request {
        priority: body.priority.unwrap_or_default(),
        input_data: body.input_data,
        idempotency_key: idempotency_key(&headers, body.idempotency_key)?,
        not_before,
        ..Request::default()
    };
    if !body.sync {
        let execution = run::start(&state, &auth, &workflow, request).await?;
        return Ok((StatusCode::ACCEPTED, Json(ExecutionView::new(execution, auth.sees_all_runs()).into())));
    }
    let execution =
        run::start_and_wait(&state, &auth, &workflow, request, Duration::from_secs(seconds)).await?;
    let status = if execution.status.is_terminal() { StatusCode::OK } else { StatusCode::ACCEPTED };
    Ok((status, Json(ExecutionView::new(execution, auth.sees_all_runs()).into())))
}

/// The options of a data provider. They are kept for its `cache_ttl_seconds` (300 unless it says
/// otherwise, 0 for not at all), for the organization and these inputs.
#[utoipa::path(post, path = "/api/data-providers/{id}/invoke", operation_id = "invoke_data_provider",
    tag = "workflows", params(("id" = String, Path, description = "Id, name, or path::function; percent-encoded")),
    request_body = InvokeRequest,
    responses((status = 200, body = Options), (status = 502, description = "The data provider failed", body = Problem, content_type = "application/problem+json"),
        (status = 504, description = "The data provider took too long", body = Problem, content_type = "application/problem+json"), Writes, Kept))]
pub(crate) async fn invoke(
    State(state): State<ApiState>,
    auth: Auth,
    Path(id): Path<String>,
    Input(body): Input<InvokeRequest>,
) -> ApiResult<Json<Options>> {
    let workflow = run::resolve(&state, &auth, &id).await?;
    if workflow.info.kind != WorkflowKind::DataProvider {
        return Err(Error::NotFound("data provider").into());
    }
    let providers = &state.operations.providers;
    let options = providers.options(&state, &auth, &workflow, body.input_data, body.refresh).await?;
    Ok(Json(Options { options }))
}

/// Runs the workflow of an execution again, in its deployed version of today.
#[utoipa::path(post, path = "/api/executions/{id}/rerun", operation_id = "rerun_execution", tag = "executions",
    params(("id" = ExecutionId, Path)), request_body = RerunRequest,
    responses((status = 202, body = ExecuteResponse), Writes, Kept))]
pub(crate) async fn rerun(
    State(state): State<ApiState>,
    auth: Auth,
    Path(id): Path<ExecutionId>,
    Input(body): Input<RerunRequest>,
) -> ApiResult<(StatusCode, Json<ExecuteResponse>)> {
    let mut old = service::executions::manageable(&state, &auth, id).await?;
    let workflow = run::resolve(&state, &auth, &old.workflow_id.to_string()).await?;
    if body.input_data.is_none() {
        documents::load(state.objects.as_ref(), &mut old, Part::Parameters).await?;
    }
    let request = Request {
        input_data: Some(body.input_data.unwrap_or(old.parameters)),
        rerun_of: Some(id),
        ..Request::default()
    };
    let execution = run::start(&state, &auth, &workflow, request).await?;
    Ok((StatusCode::ACCEPTED, Json(ExecutionView::new(execution, auth.sees_all_runs()).into())))
}

pub(super) fn idempotency_key(headers: &HeaderMap, body: Option<String>) -> Result<Option<String>, Error> {
    let header = match headers.get(IDEMPOTENCY_HEADER) {
        Some(value) => {
            Some(value.to_str().map_err(|_| Error::invalid(IDEMPOTENCY_HEADER, "expected ASCII"))?.to_owned())
        }
        None => None,
    };
    let key = match (header, body) {
        (Some(header), Some(body)) if header != body => {
            return Err(Error::invalid("idempotency_key", "differs from the header Idempotency-Key"));
        }
        (header, body) => header.or(body),
    };
    match key {
        Some(key) if key.is_empty() || key.len() > IDEMPOTENCY_BYTES => {
            Err(Error::invalid("idempotency_key", format!("expected 1 to {IDEMPOTENCY_BYTES} bytes")))
        }
        key => Ok(key),
    }
}
