//! Runs: lists, one run, its result, log and variables, and the wish to end it.

use crate::auth::{Auth, may};
use crate::events;
use crate::extract::{Path, Query};
use crate::problem::ApiResult;
use crate::responses::{Kept, Reads, Writes};
use crate::service;
use crate::state::ApiState;
use crate::views::{ExecutionSummary, ExecutionView};
use axum::Json;
use axum::extract::State;
use bifrost_core::{
    Error, ExecutionId, LogLevel, LogLine, Permission, ResultType, RunOrigin, ScheduleId, Status, UserId,
    WorkflowId,
};
use bifrost_store::executions::Filters;
use bifrost_store::executions::documents::{self, Part};
use bifrost_store::webhooks;
use chrono::{DateTime, NaiveDate, NaiveDateTime, Utc};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Executions of a page, unless the caller says otherwise.
const PAGE: u32 = 50;

/// Most executions of a page, as the SDK promises.
const MAX_PAGE: u32 = 1_000;

/// Log lines of a page, unless the caller says otherwise.
const LOG_PAGE: u32 = 1_000;

/// Most log lines of a page.
const MAX_LOG_PAGE: u32 = 10_000;

#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListQuery {
    /// Only with this status, or with one of several, separated by commas.
    status: Option<String>,
    /// Only of this workflow.
    workflow_id: Option<WorkflowId>,
    /// Only of workflows with this name.
    workflow_name: Option<String>,
    /// Only those that this schedule asked for.
    schedule_id: Option<ScheduleId>,
    /// Only those that this run started.
    parent_id: Option<ExecutionId>,
    /// Only those that repeat this run.
    rerun_of: Option<ExecutionId>,
    /// Only those that this person or service account asked for.
    executed_by: Option<UserId>,
    /// Only what was asked for in this way.
    #[param(inline)]
    origin: Option<RunOrigin>,
    /// Only those that ended with an error of this type; for those with `executions.read`.
    error_type: Option<String>,
    /// Created at or after; RFC 3339, or a date.
    start_date: Option<String>,
    /// Created before; RFC 3339, or a date.
    end_date: Option<String>,
    /// Where the last page ended: its `next_cursor`.
    cursor: Option<ExecutionId>,
    /// Executions of this page, at most 1000.
    limit: Option<u32>,
}

/// A page of executions, newest first.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct ExecutionPage {
    /// The executions.
    executions: Vec<ExecutionSummary>,
    /// Give it back as `cursor` for the next page; `null` on the last one.
    next_cursor: Option<ExecutionId>,
}

/// What a run returned.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct ExecutionResult {
    execution_id: ExecutionId,
    status: Status,
    /// The returned value; `null` as long as there is none.
    result: Option<Value>,
    result_type: Option<ResultType>,
}

#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct LogQuery {
    /// Only lines after this sequence.
    #[serde(default)]
    after: i64,
    /// Lines of this page, at most 10000.
    limit: Option<u32>,
    /// Only lines at least this serious.
    level: Option<String>,
}

/// A page of a log.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct LogPage {
    /// The lines, in order.
    logs: Vec<LogLine>,
    /// Give it back as `after` for the next page.
    next: i64,
    /// True when the run has ended and this page is the last.
    complete: bool,
}

/// Locals of the workflow function when it ended.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct Variables {
    execution_id: ExecutionId,
    /// By name; `null` as long as there are none.
    variables: Option<Value>,
}

/// Where a run stands.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct ExecutionStatus {
    execution_id: ExecutionId,
    status: Status,
}

/// Lists executions, newest first. End users see their own only.
#[utoipa::path(get, path = "/api/executions", operation_id = "list_executions", tag = "executions",
    params(ListQuery), responses((status = 200, body = ExecutionPage), Reads))]
pub(crate) async fn list(
    State(state): State<ApiState>,
    auth: Auth,
    Query(query): Query<ListQuery>,
) -> ApiResult<Json<ExecutionPage>> {
    let error_type = query.error_type.filter(|kind| !kind.is_empty());
    if error_type.is_some() {
        auth.need(Permission::ReadExecutions)?;
    }
    let filters = Filters {
        statuses: statuses(query.status.as_deref().unwrap_or_default())?,
        workflow_id: query.workflow_id,
        workflow_name: query.workflow_name.filter(|s| !s.is_empty()),
        from: instant("start_date", query.start_date)?,
        to: instant("end_date", query.end_date)?,
        executed_by: auth.sees_only().or(query.executed_by),
        schedule_id: query.schedule_id,
        parent_id: query.parent_id,
        rerun_of: query.rerun_of,
        origin: query.origin,
        error_type,
    };
    let limit = limit(query.limit, PAGE, MAX_PAGE)?;
    if query.executed_by.is_some_and(|user| filters.executed_by != Some(user)) {
        return Ok(Json(ExecutionPage { executions: vec![], next_cursor: None }));
    }
    let page = bifrost_store::executions::list(&auth.org(&state), &filters, query.cursor, limit).await?;
    let executions = page.items.into_iter().map(|e| ExecutionSummary::new(e, auth.sees_all_runs())).collect();
    Ok(Json(ExecutionPage { executions, next_cursor: page.next }))
}

/// One execution.
#[utoipa::path(get, path = "/api/executions/{id}", operation_id = "get_execution", tag = "executions",
    params(("id" = ExecutionId, Path)), responses((status = 200, body = ExecutionView), Reads))]
pub(crate) async fn get(
    State(state): State<ApiState>,
    auth: Auth,
    Path(id): Path<ExecutionId>,
) -> ApiResult<Json<ExecutionView>> {
    let mut execution = service::executions::visible(&state, &auth, id).await?;
    let parts = [Part::Parameters, Part::Result];
    let missing = service::executions::load(&state, &mut execution, &parts).await?;
    let queue_position = service::executions::position(&state, &execution).await?;
    let version_number = service::executions::version_number(&state, &auth, &execution).await?;
    let webhook_id = match execution.delivery_id {
        Some(delivery) => webhooks::deliveries::webhook(&auth.org(&state), delivery).await?,
        None => None,
    };
    let view = ExecutionView::new(execution, auth.sees_all_runs());
    Ok(Json(ExecutionView { missing, queue_position, version_number, webhook_id, ..view }))
}

/// What an execution returned.
#[utoipa::path(get, path = "/api/executions/{id}/result", operation_id = "get_execution_result", tag = "executions",
    params(("id" = ExecutionId, Path)), responses((status = 200, body = ExecutionResult), Reads, Kept))]
pub(crate) async fn result(
    State(state): State<ApiState>,
    auth: Auth,
    Path(id): Path<ExecutionId>,
) -> ApiResult<Json<ExecutionResult>> {
    let mut execution = service::executions::visible(&state, &auth, id).await?;
    documents::load(state.objects.as_ref(), &mut execution, Part::Result).await?;
    let (result, result_type) = execution.outcome.map_or((None, None), |o| (o.result, o.result_type));
    Ok(Json(ExecutionResult { execution_id: id, status: execution.status, result, result_type }))
}

/// An execution's log. End users do not see DEBUG and TRACEBACK.
#[utoipa::path(get, path = "/api/executions/{id}/logs", operation_id = "get_execution_logs", tag = "executions",
    params(("id" = ExecutionId, Path), LogQuery), responses((status = 200, body = LogPage), Reads, Kept))]
pub(crate) async fn logs(
    State(state): State<ApiState>,
    auth: Auth,
    Path(id): Path<ExecutionId>,
    Query(query): Query<LogQuery>,
) -> ApiResult<Json<LogPage>> {
    let limit = limit(query.limit, LOG_PAGE, MAX_LOG_PAGE)?;
    let level = query.level.map(|level| level.parse::<LogLevel>()).transpose()?;
    // The status is read first: lines of a run that has ended are all there.
    let execution = service::executions::visible(&state, &auth, id).await?;
    let least = if auth.sees_all_runs() { level } else { level.max(Some(LogLevel::Info)) };
    let lines = service::executions::logs(&state, auth.organization(), id, query.after, limit, least).await?;
    let complete = execution.status.is_terminal() && lines.len() < limit as usize;
    let next = lines.last().map_or(query.after, |line| line.sequence);
    let logs = lines.into_iter().filter(|line| events::line_visible(line, auth.sees_all_runs())).collect();
    Ok(Json(LogPage { logs, next, complete }))
}

/// Locals of the workflow function when it ended; for administrators.
#[utoipa::path(get, path = "/api/executions/{id}/variables", operation_id = "get_execution_variables",
    tag = "executions", params(("id" = ExecutionId, Path)), responses((status = 200, body = Variables), Reads, Kept))]
pub(crate) async fn variables(
    State(state): State<ApiState>,
    may::ReadExecutions(auth): may::ReadExecutions,
    Path(id): Path<ExecutionId>,
) -> ApiResult<Json<Variables>> {
    let mut execution = service::executions::visible(&state, &auth, id).await?;
    documents::load(state.objects.as_ref(), &mut execution, Part::Variables).await?;
    Ok(Json(Variables { execution_id: id, variables: execution.outcome.and_then(|o| o.variables) }))
}

/// Asks an execution to end. Answers where it stands then; 409 when it has ended.
#[utoipa::path(post, path = "/api/executions/{id}/cancel", operation_id = "cancel_execution", tag = "executions",
    params(("id" = ExecutionId, Path)), responses((status = 202, body = ExecutionStatus), Writes))]
pub(crate) async fn cancel(
    State(state): State<ApiState>,
    auth: Auth,
    Path(id): Path<ExecutionId>,
) -> ApiResult<(StatusCode, Json<ExecutionStatus>)> {
    service::executions::manageable(&state, &auth, id).await?;
    let execution = service::executions::cancel(&state, &auth, id).await?;
    for event in bifrost_core::events::updates(&execution) {
        state.bus.publish(event).await;
    }
    Ok((StatusCode::ACCEPTED, Json(ExecutionStatus { execution_id: id, status: execution.status })))
}

/// Each status of a list once.
fn statuses(list: &str) -> Result<Vec<Status>, Error> {
    let mut all = Vec::new();
    for status in list.split(',').filter(|status| !status.is_empty()) {
        let status: Status = status.parse()?;
        if !all.contains(&status) {
            all.push(status);
        }
    }
    Ok(all)
}

/// The size of a page, within its bounds.
pub(super) fn limit(asked: Option<u32>, default: u32, most: u32) -> Result<u32, Error> {
    match asked.unwrap_or(default) {
        limit if (1..=most).contains(&limit) => Ok(limit),
        _ => Err(Error::invalid("limit", format!("expected 1 to {most}"))),
    }
}

/// Takes what Python's `isoformat` writes, with or without a zone, and plain dates.
pub(super) fn instant(field: &str, text: Option<String>) -> Result<Option<DateTime<Utc>>, Error> {
    let Some(text) = text.filter(|text| !text.is_empty()) else {
        return Ok(None);
    };
    // A `+` that was not escaped in the URL arrives as a space.
    let zoned = DateTime::parse_from_rfc3339(&text.replace(' ', "+")).map(|time| time.to_utc()).ok();
    let plain = || text.parse::<NaiveDateTime>().map(|time| time.and_utc()).ok();
    let date = || {
        text.parse::<NaiveDate>().ok().and_then(|date| date.and_hms_opt(0, 0, 0)).map(|time| time.and_utc())
    };
    zoned
        .or_else(plain)
        .or_else(date)
        .map(Some)
        .ok_or_else(|| Error::invalid(field, "expected a time such as 2026-01-31T12:00:00Z, or a date"))
}
