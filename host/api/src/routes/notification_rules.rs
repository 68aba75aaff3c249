//! What an organization's people and channels are told of.

use crate::auth::may;
use crate::extract::{Input, Path};
use crate::problem::ApiResult;
use crate::responses::{Reads, Writes};
use crate::state::ApiState;
use axum::Json;
use axum::extract::State;
use bifrost_core::{
    NotificationChannelId, NotificationKind, NotificationRuleId, OrganizationId, UserId, WorkflowId,
};
use bifrost_store::notifications::rules::{self, Rule, Settings};
use chrono::{DateTime, Utc};
use http::StatusCode;
use serde::{Deserialize, Serialize};

/// A rule.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct NotificationRuleView {
    id: NotificationRuleId,
    organization_id: OrganizationId,
    name: String,
    /// What happens.
    event: NotificationKind,
    /// Of `run_failed`: only these workflows; all where empty.
    workflow_ids: Vec<WorkflowId>,
    /// Of `run_failed`: only runs that a schedule asked for.
    only_scheduled: bool,
    /// Of `run_failed`: also runs that completed with errors of their own.
    completed_with_errors: bool,
    /// Told within the platform, to those who may see what it is about.
    in_app: bool,
    /// Where it is told beside.
    channel_ids: Vec<NotificationChannelId>,
    /// False: as if it were not there.
    enabled: bool,
    /// `null` for what an organization begins with.
    created_by: Option<UserId>,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

impl From<Rule> for NotificationRuleView {
    fn from(rule: Rule) -> Self {
        let settings = rule.settings;
        Self {
            id: rule.id,
            organization_id: rule.organization_id,
            name: settings.name,
            event: rule.kind,
            workflow_ids: settings.workflows,
            only_scheduled: settings.only_scheduled,
            completed_with_errors: settings.with_errors,
            in_app: settings.in_app,
            channel_ids: settings.channels,
            enabled: settings.is_enabled,
            created_by: rule.created_by,
            created_at: rule.created_at,
            updated_at: rule.updated_at,
        }
    }
}

/// All rules, by name.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct NotificationRuleList {
    rules: Vec<NotificationRuleView>,
}

/// A rule to make.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewNotificationRule {
    /// One of a kind within the organization.
    name: String,
    event: NotificationKind,
    /// Of `run_failed`: only these workflows; all where empty.
    #[serde(default)]
    workflow_ids: Vec<WorkflowId>,
    /// Of `run_failed`: only runs that a schedule asked for.
    #[serde(default)]
    only_scheduled: bool,
    /// Of `run_failed`: also runs that completed with errors of their own.
    #[serde(default)]
    completed_with_errors: bool,
    /// Told within the platform; so it is if absent.
    #[serde(default)]
    in_app: Option<bool>,
    /// Where it is told beside.
    #[serde(default)]
    channel_ids: Vec<NotificationChannelId>,
    /// False: as if it were not there.
    #[serde(default)]
    enabled: Option<bool>,
}

/// What to change; what is absent stays.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ChangeNotificationRule {
    name: Option<String>,
    workflow_ids: Option<Vec<WorkflowId>>,
    only_scheduled: Option<bool>,
    completed_with_errors: Option<bool>,
    in_app: Option<bool>,
    channel_ids: Option<Vec<NotificationChannelId>>,
    enabled: Option<bool>,
}

/// Lists the organization's rules.
#[utoipa::path(get, path = "/api/notification-rules", operation_id = "list_notification_rules", tag = "notifications",
    responses((status = 200, body = NotificationRuleList), Reads))]
pub(crate) async fn list(
    State(state): State<ApiState>,
    may::ManageOrganization(auth): may::ManageOrganization,
) -> ApiResult<Json<NotificationRuleList>> {
    let all = rules::list(&auth.org(&state)).await?;
    Ok(Json(NotificationRuleList { rules: all.into_iter().map(Into::into).collect() }))
}

/// Makes a rule.
#[utoipa::path(post, path = "/api/notification-rules", operation_id = "create_notification_rule", tag = "notifications",
    request_body = NewNotificationRule, responses((status = 201, body = NotificationRuleView), Writes))]
pub(crate) async fn create(
    State(state): State<ApiState>,
    may::ManageOrganization(auth): may::ManageOrganization,
    Input(body): Input<NewNotificationRule>,
) -> ApiResult<(StatusCode, Json<NotificationRuleView>)> {
    let settings = Settings {
        name: body.name,
        workflows: body.workflow_ids,
        only_scheduled: body.only_scheduled,
        with_errors: body.completed_with_errors,
        in_app: body.in_app.unwrap_or(true),
        channels: body.channel_ids,
        is_enabled: body.enabled.unwrap_or(true),
    };
    let rule = rules::create(&auth.org(&state), body.event, settings, auth.caller.user).await?;
    Ok((StatusCode::CREATED, Json(rule.into())))
}

/// One rule.
#[utoipa::path(get, path = "/api/notification-rules/{id}", operation_id = "get_notification_rule", tag = "notifications",
    params(("id" = NotificationRuleId, Path)), responses((status = 200, body = NotificationRuleView), Reads))]
pub(crate) async fn get(
    State(state): State<ApiState>,
    may::ManageOrganization(auth): may::ManageOrganization,
    Path(id): Path<NotificationRuleId>,
) -> ApiResult<Json<NotificationRuleView>> {
    Ok(Json(rules::get(&auth.org(&state), id).await?.into()))
}

/// Changes a rule; what it is about stays.
#[utoipa::path(patch, path = "/api/notification-rules/{id}", operation_id = "update_notification_rule", tag = "notifications",
    params(("id" = NotificationRuleId, Path)), request_body = ChangeNotificationRule,
    responses((status = 200, body = NotificationRuleView), Writes))]
pub(crate) async fn update(
    State(state): State<ApiState>,
    may::ManageOrganization(auth): may::ManageOrganization,
    Path(id): Path<NotificationRuleId>,
    Input(body): Input<ChangeNotificationRule>,
) -> ApiResult<Json<NotificationRuleView>> {
    let change = move |old: Settings| Settings {
        name: body.name.unwrap_or(old.name),
        workflows: body.workflow_ids.unwrap_or(old.workflows),
        only_scheduled: body.only_scheduled.unwrap_or(old.only_scheduled),
        with_errors: body.completed_with_errors.unwrap_or(old.with_errors),
        in_app: body.in_app.unwrap_or(old.in_app),
        channels: body.channel_ids.unwrap_or(old.channels),
        is_enabled: body.enabled.unwrap_or(old.is_enabled),
    };
    Ok(Json(rules::update(&auth.org(&state), id, change).await?.into()))
}

/// Deletes a rule.
#[utoipa::path(delete, path = "/api/notification-rules/{id}", operation_id = "delete_notification_rule", tag = "notifications",
    params(("id" = NotificationRuleId, Path)), responses((status = 204, description = "Gone"), Writes))]
pub(crate) async fn delete(
    State(state): State<ApiState>,
    may::ManageOrganization(auth): may::ManageOrganization,
    Path(id): Path<NotificationRuleId>,
) -> ApiResult<StatusCode> {
    rules::delete(&auth.org(&state), id).await?;
    Ok(StatusCode::NO_CONTENT)
}
