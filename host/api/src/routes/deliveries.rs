//! What webhooks have delivered, what became of it, and doing it again.

use super::executions::limit;
use crate::auth::may;
use crate::extract::{Path, Query};
use crate::problem::ApiResult;
use crate::responses::{Reads, Writes};
use crate::state::ApiState;
use axum::Json;
use axum::extract::State;
use bifrost_core::ports::Event;
use bifrost_core::{DeliveryId, ExecutionId, OrganizationId, UserId, WebhookId, webhook};
use bifrost_store::webhooks::deliveries::{self, Delivery, Outcome};
use bifrost_store::webhooks::{State as DeliveryState, parsed};
use chrono::{DateTime, Utc};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// Deliveries of a page, unless the caller says otherwise.
const PAGE: u32 = 50;
/// Most deliveries of a page.
const MAX_PAGE: u32 = 1_000;
/// Longest body that is shown, in bytes.
const SHOWN: usize = 256 << 10;

/// Something that a webhook has delivered.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct DeliveryView {
    id: DeliveryId,
    organization_id: OrganizationId,
    webhook_id: WebhookId,
    /// What the sender calls it.
    event_type: Option<String>,
    state: DeliveryState,
    /// For each subscription, once it is settled.
    outcomes: Vec<Outcome>,
    /// Attempts to process it so far.
    attempts: i64,
    /// Why the last attempt came to nothing.
    error: Option<String>,
    /// While it is pending: not processed before.
    next_attempt_at: Option<DateTime<Utc>>,
    received_at: DateTime<Utc>,
    processed_at: Option<DateTime<Utc>>,
    /// Deleted then.
    expires_at: DateTime<Utc>,
    /// How long the body is.
    body_bytes: i64,
    /// The delivery that this one repeats.
    replay_of: Option<DeliveryId>,
    replayed_by: Option<UserId>,
    /// The run that has emitted it.
    emitted_by: Option<ExecutionId>,
}

impl From<Delivery> for DeliveryView {
    fn from(delivery: Delivery) -> Self {
        Self {
            id: delivery.id,
            organization_id: delivery.organization_id,
            webhook_id: delivery.webhook_id,
            event_type: delivery.event_type,
            state: delivery.state,
            outcomes: delivery.outcomes,
            attempts: delivery.attempts,
            error: delivery.error,
            next_attempt_at: (delivery.state == DeliveryState::Pending).then_some(delivery.next_at),
            received_at: delivery.received_at,
            processed_at: delivery.processed_at,
            expires_at: delivery.expires_at,
            body_bytes: delivery.body_bytes,
            replay_of: delivery.replay_of,
            replayed_by: delivery.replayed_by,
            emitted_by: delivery.lineage.parent,
        }
    }
}

/// A delivery with what was sent.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct DeliveryDetails {
    #[serde(flatten)]
    delivery: DeliveryView,
    /// As they came; what is secret reads `***`.
    #[schema(value_type = Object)]
    headers: Map<String, Value>,
    content_type: Option<String>,
    /// What was sent: JSON or a form as such, else text, else `{"base64": …}`. `null` for more than 256 KiB.
    #[schema(value_type = Object)]
    body: Value,
}

/// A page of deliveries, newest first.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct DeliveryPage {
    deliveries: Vec<DeliveryView>,
    /// Give it back as `cursor` for the next page; `null` on the last one.
    next_cursor: Option<DeliveryId>,
}

#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListQuery {
    /// Only those that are `pending`, `done`, `ignored` or `failed`.
    state: Option<String>,
    /// Where the last page ended: its `next_cursor`.
    cursor: Option<DeliveryId>,
    /// Deliveries of this page, at most 1000.
    limit: Option<u32>,
}

/// Lists what a webhook has delivered, newest first.
#[utoipa::path(get, path = "/api/webhooks/{id}/deliveries", operation_id = "list_deliveries", tag = "webhooks",
    params(("id" = WebhookId, Path), ListQuery), responses((status = 200, body = DeliveryPage), Reads))]
pub(crate) async fn list(
    State(state): State<ApiState>,
    may::ManageWebhooks(auth): may::ManageWebhooks,
    Path(id): Path<WebhookId>,
    Query(query): Query<ListQuery>,
) -> ApiResult<Json<DeliveryPage>> {
    let limit = limit(query.limit, PAGE, MAX_PAGE)?;
    let only = query.state.filter(|s| !s.is_empty()).map(|s| s.parse()).transpose()?;
    let mut all = deliveries::list(&auth.org(&state), id, only, query.cursor, limit + 1).await?;
    let more = usize::try_from(limit).is_ok_and(|limit| all.len() > limit);
    if more {
        all.pop();
    }
    let next_cursor = all.last().map(|last| last.id).filter(|_| more);
    Ok(Json(DeliveryPage { deliveries: all.into_iter().map(Into::into).collect(), next_cursor }))
}

/// One delivery, with its headers and its body.
#[utoipa::path(get, path = "/api/webhook-deliveries/{id}", operation_id = "get_delivery", tag = "webhooks",
    params(("id" = DeliveryId, Path)), responses((status = 200, body = DeliveryDetails), Reads))]
pub(crate) async fn get(
    State(state): State<ApiState>,
    may::ManageWebhooks(auth): may::ManageWebhooks,
    Path(id): Path<DeliveryId>,
) -> ApiResult<Json<DeliveryDetails>> {
    let mut delivery = deliveries::get(&auth.org(&state), id).await?;
    let (headers, content_type) = (std::mem::take(&mut delivery.headers), delivery.content_type.take());
    let body = match delivery.body.len() <= SHOWN {
        true => parsed(content_type.as_deref(), &delivery.body),
        false => Value::Null,
    };
    Ok(Json(DeliveryDetails { delivery: delivery.into(), headers, content_type, body }))
}

/// Processes a delivery once more, as a new one: for the subscriptions of now.
#[utoipa::path(post, path = "/api/webhook-deliveries/{id}/replay", operation_id = "replay_delivery", tag = "webhooks",
    params(("id" = DeliveryId, Path)), responses((status = 202, body = DeliveryView), Writes))]
pub(crate) async fn replay(
    State(state): State<ApiState>,
    may::ManageWebhooks(auth): may::ManageWebhooks,
    Path(id): Path<DeliveryId>,
) -> ApiResult<(StatusCode, Json<DeliveryView>)> {
    let again = deliveries::replay(&auth.org(&state), id).await?;
    state.bus.publish(Event { channel: webhook::WAKE.to_owned(), payload: Value::Null }).await;
    Ok((StatusCode::ACCEPTED, Json(again.into())))
}
