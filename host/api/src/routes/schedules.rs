//! Workflows that start, and topics that are emitted, by the clock.

use crate::auth::{Auth, may};
use crate::extract::{Input, Path, Query};
use crate::problem::ApiResult;
use crate::responses::{Reads, Writes};
use crate::service::run::{self, Request};
use crate::state::ApiState;
use crate::views::{ExecuteResponse, ExecutionView};
use axum::Json;
use axum::extract::State;
use bifrost_core::ports::Event;
use bifrost_core::{
    BackgroundPriority, CatchUp, Error, ExecutionId, OrganizationId, Overlap, ScheduleId, ScheduleSource,
    Starts, Timetable, UserId, WorkflowId, schedule,
};
use bifrost_store::schedules::{self, NewSchedule, Schedule, ScheduleChange};
use bifrost_store::{Scoped, workflows};
use chrono::{DateTime, Utc};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// Instants of a preview, unless the caller says otherwise.
const PREVIEW: u32 = 5;

/// Most instants of a preview.
const MAX_PREVIEW: u32 = 100;

/// A schedule.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct ScheduleView {
    id: ScheduleId,
    /// For whom it runs; `null` for the provider's own.
    organization_id: Option<OrganizationId>,
    /// What it starts; `null` where it emits a topic.
    workflow_id: Option<WorkflowId>,
    workflow_name: Option<String>,
    /// What it emits; `null` where it starts a workflow.
    topic: Option<String>,
    /// `decorator` follows the workspace's code; people can pause it, set its priority and say what to
    /// do with overlapping and missed ticks, everything else stands in the code.
    source: ScheduleSource,
    /// What people call it.
    name: String,
    /// Minute, hour, day, month, weekday; or a nickname such as `@daily`.
    cron_expression: String,
    /// IANA name.
    timezone: String,
    overlap_policy: Overlap,
    catch_up_policy: CatchUp,
    /// When the turn of its runs comes.
    priority: BackgroundPriority,
    /// False: paused.
    enabled: bool,
    /// What its runs get, or the topic is told.
    #[schema(value_type = Object)]
    input_data: Value,
    /// The next tick; `null` while it is paused.
    next_run_at: Option<DateTime<Utc>>,
    /// The last tick that made a run, or emitted the topic.
    last_run_at: Option<DateTime<Utc>>,
    /// The run that was made last, by a tick or by hand.
    last_execution_id: Option<ExecutionId>,
    /// Ticks that made nothing.
    skipped: i64,
    last_skipped_at: Option<DateTime<Utc>>,
    /// `overlap`, `queue_full`, `missed`, `workflow_removed`, `workflow_inactive`, `topic_missing`, `too_large` or
    /// `organization_inactive`.
    last_skip_reason: Option<String>,
    created_by: UserId,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

impl From<Schedule> for ScheduleView {
    fn from(schedule: Schedule) -> Self {
        Self {
            id: schedule.id,
            organization_id: schedule.organization_id,
            workflow_id: schedule.workflow_id,
            workflow_name: schedule.workflow_name,
            topic: schedule.topic,
            source: schedule.source,
            name: schedule.name,
            cron_expression: schedule.cron,
            timezone: schedule.time_zone,
            overlap_policy: schedule.overlap,
            catch_up_policy: schedule.catch_up,
            priority: schedule.priority,
            enabled: schedule.is_enabled,
            input_data: schedule.parameters,
            next_run_at: schedule.next_at.filter(|_| schedule.is_enabled),
            last_run_at: schedule.last_at,
            last_execution_id: schedule.last_execution,
            skipped: schedule.skipped,
            last_skipped_at: schedule.last_skipped_at,
            last_skip_reason: schedule.last_skip_reason,
            created_by: schedule.created_by,
            created_at: schedule.created_at,
            updated_at: schedule.updated_at,
        }
    }
}

/// All schedules, by name.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct ScheduleList {
    schedules: Vec<ScheduleView>,
}

#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListQuery {
    /// Only of this workflow.
    workflow_id: Option<WorkflowId>,
}

/// A schedule to write.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewScheduleRequest {
    /// The workflow's id, its name, or `path::function`. Either this or `topic`.
    #[serde(default)]
    workflow_id: Option<String>,
    /// A topic of the organization to emit, whose subscriptions say what that starts.
    #[serde(default)]
    topic: Option<String>,
    /// What people call it; the workflow's name, or the topic, if absent.
    #[serde(default)]
    name: Option<String>,
    /// Minute, hour, day, month, weekday; or a nickname such as `@daily`.
    cron_expression: String,
    /// IANA name; `UTC` if absent.
    #[serde(default)]
    timezone: Option<String>,
    /// When an earlier run has not ended; `skip` if absent. Of no meaning for a topic.
    #[serde(default)]
    overlap_policy: Option<Overlap>,
    /// When ticks passed unnoticed; `last` if absent.
    #[serde(default)]
    catch_up_policy: Option<CatchUp>,
    /// When the turn of its runs comes; `normal` if absent.
    #[serde(default)]
    priority: Option<BackgroundPriority>,
    /// False: paused from the beginning.
    #[serde(default)]
    enabled: Option<bool>,
    /// Parameters by name, or the data that the topic is told.
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    input_data: Option<Value>,
}

/// What to change; what is absent stays.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ChangeScheduleRequest {
    name: Option<String>,
    /// Begins anew from now on.
    cron_expression: Option<String>,
    /// Begins anew from now on.
    timezone: Option<String>,
    overlap_policy: Option<Overlap>,
    catch_up_policy: Option<CatchUp>,
    priority: Option<BackgroundPriority>,
    /// False pauses; ticks of a pause are not made up for.
    enabled: Option<bool>,
    #[schema(value_type = Option<Object>)]
    input_data: Option<Value>,
}

/// An expression that is not saved yet.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SchedulePreviewRequest {
    /// Minute, hour, day, month, weekday; or a nickname such as `@daily`.
    cron_expression: String,
    /// IANA name; `UTC` if absent.
    #[serde(default)]
    timezone: Option<String>,
    /// How many instants, at most 100; 5 if absent.
    #[serde(default)]
    count: Option<u32>,
    /// Instants after this time; after now if absent.
    #[serde(default)]
    after: Option<DateTime<Utc>>,
}

#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct PreviewQuery {
    /// How many instants, at most 100; 5 if absent.
    count: Option<u32>,
}

/// When a schedule comes.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct SchedulePreview {
    timezone: String,
    /// In order; fewer than asked for when the schedule ends.
    next: Vec<Tick>,
}

/// One tick.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct Tick {
    at: DateTime<Utc>,
    /// As the clock on the wall shows it, with its distance from UTC.
    local: String,
}

/// Lists the schedules of the scope.
#[utoipa::path(get, path = "/api/schedules", operation_id = "list_schedules", tag = "schedules",
    params(ListQuery), responses((status = 200, body = ScheduleList), Reads))]
pub(crate) async fn list(
    State(state): State<ApiState>,
    may::ManageSchedules(auth): may::ManageSchedules,
    Query(query): Query<ListQuery>,
) -> ApiResult<Json<ScheduleList>> {
    let all = schedules::list(&scope(&state, &auth), query.workflow_id).await?;
    Ok(Json(ScheduleList { schedules: all.into_iter().map(Into::into).collect() }))
}

/// Writes a schedule.
#[utoipa::path(post, path = "/api/schedules", operation_id = "create_schedule", tag = "schedules",
    request_body = NewScheduleRequest, responses((status = 201, body = ScheduleView), Writes))]
pub(crate) async fn create(
    State(state): State<ApiState>,
    may::ManageSchedules(auth): may::ManageSchedules,
    Input(body): Input<NewScheduleRequest>,
) -> ApiResult<(StatusCode, Json<ScheduleView>)> {
    let scope = scope(&state, &auth);
    let (starts, name, parameters) = match (body.workflow_id, body.topic) {
        (Some(reference), None) => {
            let workflow = workflows::find(&scope, &reference).await?;
            run::allow(&state, &auth, &workflow).await?;
            let parameters = run::parameters(&state, &auth, &workflow, body.input_data).await?;
            (Starts::Workflow(workflow.id), workflow.info.name, parameters)
        }
        (None, Some(topic)) => {
            let data = run::data(&state, &auth, body.input_data).await?;
            (Starts::Topic(topic.clone()), topic, data)
        }
        _ => return Err(Error::invalid("workflow_id", "give either `workflow_id` or `topic`").into()),
    };
    let new = NewSchedule {
        starts,
        name: body.name.unwrap_or(name),
        cron: body.cron_expression,
        time_zone: body.timezone.unwrap_or_else(|| "UTC".into()),
        overlap: body.overlap_policy.unwrap_or(Overlap::Skip),
        catch_up: body.catch_up_policy.unwrap_or(CatchUp::Last),
        priority: body.priority.unwrap_or_default(),
        is_enabled: body.enabled.unwrap_or(true),
        parameters,
        created_by: auth.caller.user,
    };
    let made = schedules::create(&scope, new).await?;
    wake(&state).await;
    Ok((StatusCode::CREATED, Json(made.into())))
}

/// One schedule.
#[utoipa::path(get, path = "/api/schedules/{id}", operation_id = "get_schedule", tag = "schedules",
    params(("id" = ScheduleId, Path)), responses((status = 200, body = ScheduleView), Reads))]
pub(crate) async fn get(
    State(state): State<ApiState>,
    may::ManageSchedules(auth): may::ManageSchedules,
    Path(id): Path<ScheduleId>,
) -> ApiResult<Json<ScheduleView>> {
    Ok(Json(schedules::get(&scope(&state, &auth), id).await?.into()))
}

/// Changes a schedule; 409 `schedule_from_code` for what its decorator says.
#[utoipa::path(patch, path = "/api/schedules/{id}", operation_id = "update_schedule", tag = "schedules",
    params(("id" = ScheduleId, Path)), request_body = ChangeScheduleRequest,
    responses((status = 200, body = ScheduleView), Writes))]
pub(crate) async fn update(
    State(state): State<ApiState>,
    may::ManageSchedules(auth): may::ManageSchedules,
    Path(id): Path<ScheduleId>,
    Input(body): Input<ChangeScheduleRequest>,
) -> ApiResult<Json<ScheduleView>> {
    let scope = scope(&state, &auth);
    let old = schedules::get(&scope, id).await?;
    let parameters = match (body.input_data, old.workflow_id) {
        (Some(input), Some(id)) => {
            let workflow = workflows::find(&scope, &id.to_string()).await?;
            Some(run::parameters(&state, &auth, &workflow, Some(input)).await?)
        }
        (Some(data), None) => Some(run::data(&state, &auth, Some(data)).await?),
        (None, _) => None,
    };
    let change = ScheduleChange {
        name: body.name,
        cron: body.cron_expression,
        time_zone: body.timezone,
        overlap: body.overlap_policy,
        catch_up: body.catch_up_policy,
        priority: body.priority,
        is_enabled: body.enabled,
        parameters,
    };
    Ok(Json(apply(&state, &scope, id, change).await?))
}

/// Deletes a schedule; its runs stay. 409 `schedule_from_code` for one from a decorator.
#[utoipa::path(delete, path = "/api/schedules/{id}", operation_id = "delete_schedule", tag = "schedules",
    params(("id" = ScheduleId, Path)), responses((status = 204, description = "Gone"), Writes))]
pub(crate) async fn delete(
    State(state): State<ApiState>,
    may::ManageSchedules(auth): may::ManageSchedules,
    Path(id): Path<ScheduleId>,
) -> ApiResult<StatusCode> {
    schedules::delete(&scope(&state, &auth), id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Pauses a schedule.
#[utoipa::path(post, path = "/api/schedules/{id}/pause", operation_id = "pause_schedule", tag = "schedules",
    params(("id" = ScheduleId, Path)), responses((status = 200, body = ScheduleView), Reads))]
pub(crate) async fn pause(
    State(state): State<ApiState>,
    may::ManageSchedules(auth): may::ManageSchedules,
    Path(id): Path<ScheduleId>,
) -> ApiResult<Json<ScheduleView>> {
    let change = ScheduleChange { is_enabled: Some(false), ..Default::default() };
    Ok(Json(apply(&state, &scope(&state, &auth), id, change).await?))
}

/// Ends a pause. Ticks that passed meanwhile are not made up for.
#[utoipa::path(post, path = "/api/schedules/{id}/resume", operation_id = "resume_schedule", tag = "schedules",
    params(("id" = ScheduleId, Path)), responses((status = 200, body = ScheduleView), Reads))]
pub(crate) async fn resume(
    State(state): State<ApiState>,
    may::ManageSchedules(auth): may::ManageSchedules,
    Path(id): Path<ScheduleId>,
) -> ApiResult<Json<ScheduleView>> {
    let change = ScheduleChange { is_enabled: Some(true), ..Default::default() };
    Ok(Json(apply(&state, &scope(&state, &auth), id, change).await?))
}

/// Runs a schedule's workflow now with its parameters, as the caller. 409 `emits_a_topic` for one without.
#[utoipa::path(post, path = "/api/schedules/{id}/run", operation_id = "run_schedule", tag = "schedules",
    params(("id" = ScheduleId, Path)), responses((status = 202, body = ExecuteResponse), Writes))]
pub(crate) async fn run_now(
    State(state): State<ApiState>,
    may::ManageSchedules(auth): may::ManageSchedules,
    Path(id): Path<ScheduleId>,
) -> ApiResult<(StatusCode, Json<ExecuteResponse>)> {
    let scope = scope(&state, &auth);
    let schedule = schedules::get(&scope, id).await?;
    let Some(workflow) = schedule.workflow_id else {
        let message = "this schedule emits a topic: there is no workflow to run".into();
        return Err(Error::Conflict { code: "emits_a_topic", message }.into());
    };
    let workflow = workflows::find(&scope, &workflow.to_string()).await?;
    run::allow(&state, &auth, &workflow).await?;
    let request = Request {
        input_data: Some(schedule.parameters),
        schedule_id: Some(id),
        priority: schedule.priority,
        ..Request::default()
    };
    let execution = run::start(&state, &auth, &workflow, request).await?;
    schedules::started(&scope, id, execution.id).await?;
    Ok((StatusCode::ACCEPTED, Json(ExecutionView::new(execution, auth.sees_all_runs()).into())))
}

/// When a schedule comes next, also while it is paused.
#[utoipa::path(get, path = "/api/schedules/{id}/preview", operation_id = "preview_schedule", tag = "schedules",
    params(("id" = ScheduleId, Path), PreviewQuery), responses((status = 200, body = SchedulePreview), Reads))]
pub(crate) async fn preview(
    State(state): State<ApiState>,
    may::ManageSchedules(auth): may::ManageSchedules,
    Path(id): Path<ScheduleId>,
    Query(query): Query<PreviewQuery>,
) -> ApiResult<Json<SchedulePreview>> {
    let schedule = schedules::get(&scope(&state, &auth), id).await?;
    Ok(Json(instants(&schedule.cron, &schedule.time_zone, query.count, None)?))
}

/// When an expression would come, without saving it.
#[utoipa::path(post, path = "/api/schedules/preview", operation_id = "preview_expression", tag = "schedules",
    request_body = SchedulePreviewRequest, responses((status = 200, body = SchedulePreview), Writes))]
pub(crate) async fn preview_unsaved(
    _: may::ManageSchedules,
    Input(body): Input<SchedulePreviewRequest>,
) -> ApiResult<Json<SchedulePreview>> {
    let zone = body.timezone.as_deref().unwrap_or("UTC");
    Ok(Json(instants(&body.cron_expression, zone, body.count, body.after)?))
}

fn scope(state: &ApiState, auth: &Auth) -> Scoped {
    auth.scoped(state)
}

async fn apply(
    state: &ApiState,
    scope: &Scoped,
    id: ScheduleId,
    change: ScheduleChange,
) -> Result<ScheduleView, Error> {
    let changed = schedules::update(scope, id, change).await?;
    wake(state).await;
    Ok(changed.into())
}

/// Tells the scheduler that there may be something new.
async fn wake(state: &ApiState) {
    state.bus.publish(Event { channel: schedule::WAKE.to_owned(), payload: json!(null) }).await;
}

fn instants(
    cron: &str,
    zone: &str,
    count: Option<u32>,
    after: Option<DateTime<Utc>>,
) -> Result<SchedulePreview, Error> {
    let count = count.unwrap_or(PREVIEW);
    if !(1..=MAX_PREVIEW).contains(&count) {
        return Err(Error::invalid("count", format!("expected 1 to {MAX_PREVIEW}")));
    }
    let timetable = Timetable::parse(cron, zone)?;
    let after = after.unwrap_or_else(bifrost_store::now);
    let next = timetable
        .after(after)
        .take(count as usize)
        .map(|at| Tick { at, local: at.with_timezone(&timetable.zone()).to_rfc3339() })
        .collect();
    Ok(SchedulePreview { timezone: timetable.zone().name().to_owned(), next })
}
