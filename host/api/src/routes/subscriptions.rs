//! What starts a workflow for a delivery of a webhook.

use crate::auth::may;
use crate::extract::{Input, Path};
use crate::problem::ApiResult;
use crate::responses::{Reads, Writes};
use crate::service::run;
use crate::state::ApiState;
use axum::Json;
use axum::extract::State;
use bifrost_core::{Filter, Mapping, OrganizationId, SubscriptionId, UserId, WebhookId, WorkflowId};
use bifrost_store::webhooks::subscriptions::{self, Change, NewSubscription, Subscription};
use bifrost_store::workflows;
use chrono::{DateTime, Utc};
use http::StatusCode;
use serde::{Deserialize, Serialize};

/// A workflow that is started for deliveries.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct SubscriptionView {
    id: SubscriptionId,
    organization_id: OrganizationId,
    webhook_id: WebhookId,
    workflow_id: WorkflowId,
    workflow_name: String,
    /// Conditions of which all have to hold.
    filter: Filter,
    /// Parameters by name.
    mapping: Mapping,
    /// False: paused; what is delivered meanwhile is not made up for.
    enabled: bool,
    created_by: UserId,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

impl From<Subscription> for SubscriptionView {
    fn from(one: Subscription) -> Self {
        Self {
            id: one.id,
            organization_id: one.organization_id,
            webhook_id: one.webhook_id,
            workflow_id: one.workflow_id,
            workflow_name: one.workflow_name,
            filter: one.filter,
            mapping: one.mapping,
            enabled: one.is_enabled,
            created_by: one.created_by,
            created_at: one.created_at,
            updated_at: one.updated_at,
        }
    }
}

/// All subscriptions of a webhook, the oldest first.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct SubscriptionList {
    subscriptions: Vec<SubscriptionView>,
}

/// A subscription to make.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewSubscriptionRequest {
    /// The workflow's id, its name, or `path::function`.
    workflow_id: String,
    /// Conditions of which all have to hold; none for every delivery.
    #[serde(default)]
    filter: Filter,
    /// Parameters by name: a JSON Pointer into the event, or `{"value": …}`.
    #[serde(default)]
    mapping: Mapping,
    /// False: paused from the beginning.
    #[serde(default)]
    enabled: Option<bool>,
}

/// What to change; what is absent stays.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ChangeSubscription {
    filter: Option<Filter>,
    mapping: Option<Mapping>,
    enabled: Option<bool>,
}

/// Lists the subscriptions to a webhook.
#[utoipa::path(get, path = "/api/webhooks/{id}/subscriptions", operation_id = "list_subscriptions", tag = "webhooks",
    params(("id" = WebhookId, Path)), responses((status = 200, body = SubscriptionList), Reads))]
pub(crate) async fn list(
    State(state): State<ApiState>,
    may::ManageWebhooks(auth): may::ManageWebhooks,
    Path(id): Path<WebhookId>,
) -> ApiResult<Json<SubscriptionList>> {
    let all = subscriptions::list(&auth.org(&state), id).await?;
    Ok(Json(SubscriptionList { subscriptions: all.into_iter().map(Into::into).collect() }))
}

/// Starts a workflow for deliveries of a webhook from now on, as the workflow itself.
#[utoipa::path(post, path = "/api/webhooks/{id}/subscriptions", operation_id = "create_subscription", tag = "webhooks",
    params(("id" = WebhookId, Path)), request_body = NewSubscriptionRequest,
    responses((status = 201, body = SubscriptionView), Writes))]
pub(crate) async fn create(
    State(state): State<ApiState>,
    may::ManageWebhooks(auth): may::ManageWebhooks,
    Path(id): Path<WebhookId>,
    Input(body): Input<NewSubscriptionRequest>,
) -> ApiResult<(StatusCode, Json<SubscriptionView>)> {
    let org = auth.org(&state);
    // A source that is not there is named before a workflow that is not.
    bifrost_store::webhooks::sources::get(&org, id).await?;
    let workflow = workflows::find(&org, &body.workflow_id).await?;
    run::allow(&state, &auth, &workflow).await?;
    let new = NewSubscription {
        workflow_id: workflow.id,
        filter: body.filter,
        mapping: body.mapping,
        is_enabled: body.enabled.unwrap_or(true),
        created_by: auth.caller.user,
    };
    Ok((StatusCode::CREATED, Json(subscriptions::create(&org, id, new).await?.into())))
}

/// Changes a subscription; for another workflow, make another subscription.
#[utoipa::path(patch, path = "/api/webhook-subscriptions/{id}", operation_id = "update_subscription", tag = "webhooks",
    params(("id" = SubscriptionId, Path)), request_body = ChangeSubscription,
    responses((status = 200, body = SubscriptionView), Writes))]
pub(crate) async fn update(
    State(state): State<ApiState>,
    may::ManageWebhooks(auth): may::ManageWebhooks,
    Path(id): Path<SubscriptionId>,
    Input(body): Input<ChangeSubscription>,
) -> ApiResult<Json<SubscriptionView>> {
    let change = Change { filter: body.filter, mapping: body.mapping, is_enabled: body.enabled };
    Ok(Json(subscriptions::update(&auth.org(&state), id, change).await?.into()))
}

/// Deletes a subscription; its runs stay.
#[utoipa::path(delete, path = "/api/webhook-subscriptions/{id}", operation_id = "delete_subscription", tag = "webhooks",
    params(("id" = SubscriptionId, Path)), responses((status = 204, description = "Gone"), Writes))]
pub(crate) async fn delete(
    State(state): State<ApiState>,
    may::ManageWebhooks(auth): may::ManageWebhooks,
    Path(id): Path<SubscriptionId>,
) -> ApiResult<StatusCode> {
    subscriptions::delete(&auth.org(&state), id).await?;
    Ok(StatusCode::NO_CONTENT)
}
