//! Adapters that webhooks can choose, and what goes with one that has chosen.

use crate::auth::may;
use crate::problem::ApiResult;
use crate::responses::Reads;
use crate::state::ApiState;
use axum::Json;
use axum::extract::State;
use bifrost_core::integration::Field;
use bifrost_core::{AdapterId, OrganizationId};
use bifrost_store::webhooks::adapters::{self, Adapter, Choice, Status};
use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::{Map, Value};

/// Code of a workspace that says what requests to a webhook are.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct AdapterView {
    /// Stable over deployments.
    id: AdapterId,
    /// The owner; `null` for one of the provider's.
    organization_id: Option<OrganizationId>,
    /// Unique within the workspace.
    name: String,
    /// For people.
    description: String,
    /// File, relative to the workspace.
    path: String,
    /// Line of the definition.
    line: u32,
    /// The integration whose credentials it subscribes with.
    integration: Option<String>,
    /// What a webhook gives it.
    config_schema: Vec<Field>,
    /// Whether it tells the other system where to deliver.
    subscribes: bool,
}

impl From<Adapter> for AdapterView {
    fn from(adapter: Adapter) -> Self {
        let info = adapter.info;
        Self {
            id: adapter.id,
            organization_id: adapter.scope.organization(),
            name: info.name,
            description: info.description,
            path: info.path,
            line: info.line,
            integration: info.integration,
            config_schema: info.config_schema.0,
            subscribes: info.subscribes,
        }
    }
}

/// All that can be chosen, by name.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct AdapterList {
    adapters: Vec<AdapterView>,
}

/// What a webhook of the kind `adapter` has chosen.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct ChoiceView {
    id: AdapterId,
    name: String,
    /// False: the active version does not have it any more, and requests are answered 503.
    is_deployed: bool,
    /// Values by key, without secrets.
    #[schema(value_type = Object)]
    config: Map<String, Value>,
    /// Keys of secrets that it was given.
    secret_keys: Vec<String>,
    /// Whether there is a subscription at the other system to look after.
    subscribes: bool,
    /// Where that stands.
    status: Status,
    /// When it ends, unless it is renewed.
    expires_at: Option<DateTime<Utc>>,
    /// When it is made, renewed or taken back next.
    next_at: Option<DateTime<Utc>>,
    /// Attempts so far at what is to be done.
    attempts: i64,
    /// Why the last attempt came to nothing.
    last_error: Option<String>,
    failed_at: Option<DateTime<Utc>>,
    /// Why the last request could not be answered that could not.
    last_request_error: Option<String>,
    request_failed_at: Option<DateTime<Utc>>,
}

impl From<Choice> for ChoiceView {
    fn from(choice: Choice) -> Self {
        Self {
            id: choice.adapter.id,
            name: choice.adapter.info.name,
            is_deployed: choice.adapter.is_deployed,
            config: choice.config,
            secret_keys: choice.secret_keys,
            subscribes: choice.adapter.info.subscribes,
            status: choice.status,
            expires_at: choice.expires_at,
            next_at: choice.next_at,
            attempts: choice.attempts,
            last_error: choice.error,
            failed_at: choice.failed_at,
            last_request_error: choice.request_error,
            request_failed_at: choice.request_failed_at,
        }
    }
}

/// Lists the adapters that a webhook of the organization can choose: its own, and the provider's.
#[utoipa::path(get, path = "/api/webhook-adapters", operation_id = "list_webhook_adapters", tag = "webhooks",
    responses((status = 200, body = AdapterList), Reads))]
pub(crate) async fn list(
    State(state): State<ApiState>,
    may::ManageWebhooks(auth): may::ManageWebhooks,
) -> ApiResult<Json<AdapterList>> {
    let all = adapters::list(&auth.org(&state)).await?;
    Ok(Json(AdapterList { adapters: all.into_iter().map(Into::into).collect() }))
}
