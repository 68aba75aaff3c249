//! Webhooks of an organization, and the secrets that their senders sign with.

use super::adapters::ChoiceView;
use crate::auth::{Auth, may};
use crate::extract::{Input, Path, Query};
use crate::problem::ApiResult;
use crate::responses::{Reads, Writes};
use crate::state::ApiState;
use axum::Json;
use axum::extract::State;
use bifrost_core::ports::Event;
use bifrost_core::webhook::MAX_BODY_BYTES;
use bifrost_core::{Error, OrganizationId, UserId, WebhookId, WebhookKind, WebhookSecretId, adapter};
use bifrost_store::webhooks::adapters::{self, NewChoice};
use bifrost_store::webhooks::{Settings, Webhook, secrets, sources};
use chrono::{DateTime, Utc};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use zeroize::Zeroizing;

/// What a webhook has, unless it says otherwise.
const TOLERANCE_SECONDS: u32 = 300;
const RATE_PER_MINUTE: u32 = 600;
const BODY_BYTES: u32 = 1 << 20;
const RETENTION_DAYS: u32 = 30;

/// A source of deliveries.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct WebhookView {
    id: WebhookId,
    organization_id: OrganizationId,
    name: String,
    /// How its sender proves that it is the one; `topic` is emitted by workflows.
    kind: WebhookKind,
    /// Where it is delivered, below the platform's address; `null` for a topic.
    path: Option<String>,
    /// Of the kind `topic`.
    topic: Option<String>,
    /// The header with the signature.
    signature_header: Option<String>,
    /// The header with the sender's id of a delivery; `null` for what its kind says.
    delivery_header: Option<String>,
    /// How far a signed time may be from now.
    tolerance_seconds: u32,
    /// From where it may send; from everywhere where empty.
    allowed_networks: Vec<String>,
    rate_per_minute: u32,
    /// Largest body.
    body_bytes: u32,
    /// How long deliveries are kept.
    retention_days: u32,
    /// False: as if it were not there.
    enabled: bool,
    created_by: UserId,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
    /// Its secrets, without what they are; left out of lists.
    #[serde(skip_serializing_if = "Option::is_none")]
    secrets: Option<Vec<WebhookSecretView>>,
    /// Of the kind `adapter`: which one, and how that goes.
    #[serde(skip_serializing_if = "Option::is_none")]
    adapter: Option<ChoiceView>,
}

impl From<Webhook> for WebhookView {
    fn from(webhook: Webhook) -> Self {
        let settings = webhook.settings;
        let is_topic = webhook.kind == WebhookKind::Topic;
        Self {
            id: webhook.id,
            organization_id: webhook.organization_id,
            name: settings.name,
            kind: webhook.kind,
            path: (!is_topic).then(|| format!("/api/hooks/{}", webhook.hook_id)),
            topic: settings.topic,
            signature_header: settings.signature_header.or(webhook.kind.default_header().map(str::to_owned)),
            delivery_header: settings.delivery_header,
            tolerance_seconds: settings.tolerance_seconds,
            allowed_networks: settings.networks,
            rate_per_minute: settings.rate_per_minute,
            body_bytes: settings.body_bytes,
            retention_days: settings.retention_days,
            enabled: settings.is_enabled,
            created_by: webhook.created_by,
            created_at: webhook.created_at,
            updated_at: webhook.updated_at,
            secrets: None,
            adapter: None,
        }
    }
}

/// A secret, without what it is.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct WebhookSecretView {
    id: WebhookSecretId,
    created_at: DateTime<Utc>,
}

/// All webhooks, by name.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct WebhookList {
    webhooks: Vec<WebhookView>,
}

/// A webhook that was made.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct CreatedWebhook {
    #[serde(flatten)]
    webhook: WebhookView,
    /// The secret that was made for it, this once; `null` where it was given, or none is needed.
    #[schema(value_type = Option<String>)]
    secret: Option<Zeroizing<String>>,
}

/// A secret that was added.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct CreatedSecret {
    id: WebhookSecretId,
    /// The secret that was made, this once; `null` where it was given.
    #[schema(value_type = Option<String>)]
    secret: Option<Zeroizing<String>>,
}

/// A webhook to make.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewWebhook {
    /// What people call it; one of a kind within the organization.
    name: String,
    kind: WebhookKind,
    /// Of the kind `topic`: words with dots between them, such as `orders.created`.
    #[serde(default)]
    topic: Option<String>,
    /// What the sender signs with; for `microsoft_graph` the `clientState`. One is made if absent.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    secret: Option<Zeroizing<String>>,
    /// Says that `unsigned` is meant: whoever knows the address can send.
    #[serde(default)]
    confirm_unsigned: bool,
    /// The header with the signature, if not that of the kind.
    #[serde(default)]
    signature_header: Option<String>,
    /// The header with the sender's id of a delivery, if not that of the kind.
    #[serde(default)]
    delivery_header: Option<String>,
    /// At most 3600; 300 if absent.
    #[serde(default)]
    tolerance_seconds: Option<u32>,
    /// Networks in CIDR notation from which it may send; from everywhere if empty.
    #[serde(default)]
    allowed_networks: Vec<String>,
    /// At most 60,000; 600 if absent.
    #[serde(default)]
    rate_per_minute: Option<u32>,
    /// At most 2 MiB; 1 MiB if absent.
    #[serde(default)]
    body_bytes: Option<u32>,
    /// At most 365; 30 if absent.
    #[serde(default)]
    retention_days: Option<u32>,
    /// False: not yet.
    #[serde(default)]
    enabled: Option<bool>,
    /// Of the kind `adapter`: which one, by its id or its name.
    #[serde(default)]
    adapter: Option<String>,
    /// What the adapter is given, by the keys of its schema.
    #[serde(default)]
    #[schema(value_type = Object)]
    config: Map<String, Value>,
}

/// What to change; what is absent stays.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ChangeWebhook {
    name: Option<String>,
    topic: Option<String>,
    /// An empty text for that of the kind.
    signature_header: Option<String>,
    /// An empty text for that of the kind.
    delivery_header: Option<String>,
    tolerance_seconds: Option<u32>,
    allowed_networks: Option<Vec<String>>,
    rate_per_minute: Option<u32>,
    body_bytes: Option<u32>,
    retention_days: Option<u32>,
    enabled: Option<bool>,
    /// What the adapter is given, key by key; `null` takes one away.
    #[schema(value_type = Option<Object>)]
    config: Option<Map<String, Value>>,
}

/// How to delete.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct HowToDelete {
    /// At once, also when the other system still delivers.
    #[serde(default)]
    force: bool,
}

/// The next secret of a webhook.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewSecret {
    /// One is made if absent.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    secret: Option<Zeroizing<String>>,
}

/// Lists the webhooks and topics of the organization.
#[utoipa::path(get, path = "/api/webhooks", operation_id = "list_webhooks", tag = "webhooks",
    responses((status = 200, body = WebhookList), Reads))]
pub(crate) async fn list(
    State(state): State<ApiState>,
    may::ManageWebhooks(auth): may::ManageWebhooks,
) -> ApiResult<Json<WebhookList>> {
    let org = auth.org(&state);
    let (all, mut choices) = (sources::list(&org).await?, adapters::all(&org).await?);
    let view = |webhook: Webhook| {
        let adapter = choices.remove(&webhook.id).map(Into::into);
        WebhookView { adapter, ..webhook.into() }
    };
    Ok(Json(WebhookList { webhooks: all.into_iter().map(view).collect() }))
}

/// Makes a webhook, or a topic that workflows of the organization emit.
#[utoipa::path(post, path = "/api/webhooks", operation_id = "create_webhook", tag = "webhooks",
    request_body = NewWebhook, responses((status = 201, body = CreatedWebhook), Writes))]
pub(crate) async fn create(
    State(state): State<ApiState>,
    may::ManageWebhooks(auth): may::ManageWebhooks,
    Input(body): Input<NewWebhook>,
) -> ApiResult<(StatusCode, Json<CreatedWebhook>)> {
    if body.kind == WebhookKind::Unsigned && !body.confirm_unsigned {
        let message = "whoever knows the address of an unsigned webhook can start workflows: say `confirm_unsigned: true`";
        return Err(Error::invalid("confirm_unsigned", message).into());
    }
    let is_adapter = body.kind == WebhookKind::Adapter;
    let made = match &body.secret {
        None if body.kind.has_secret() => Some(secrets::generate()?),
        _ => None,
    };
    let secret = body.secret.or_else(|| made.clone());
    let settings = Settings {
        name: body.name,
        topic: body.topic,
        signature_header: body.signature_header,
        delivery_header: body.delivery_header,
        tolerance_seconds: body.tolerance_seconds.unwrap_or(TOLERANCE_SECONDS),
        networks: body.allowed_networks,
        rate_per_minute: body.rate_per_minute.unwrap_or(match is_adapter {
            true => adapter::RATE_PER_MINUTE,
            false => RATE_PER_MINUTE,
        }),
        body_bytes: body.body_bytes.unwrap_or(BODY_BYTES.min(MAX_BODY_BYTES)),
        retention_days: body.retention_days.unwrap_or(RETENTION_DAYS),
        is_enabled: body.enabled.unwrap_or(true),
    };
    let org = auth.org(&state);
    let (keys, by) = (&state.keyring, auth.caller.user);
    let webhook = match body.adapter {
        Some(adapter) if is_adapter => {
            if secret.is_some() {
                return Err(Error::invalid("secret", "what an adapter needs is in its `config`").into());
            }
            let choice = NewChoice { adapter, config: body.config };
            let webhook = adapters::create(&org, keys, settings, choice, by).await?;
            wake(&state).await;
            webhook
        }
        Some(_) => return Err(only_adapters("adapter").into()),
        None if !is_adapter && !body.config.is_empty() => return Err(only_adapters("config").into()),
        None => sources::create(&org, keys, body.kind, settings, secret, by).await?,
    };
    let webhook = with_secrets(&state, &auth, webhook).await?;
    Ok((StatusCode::CREATED, Json(CreatedWebhook { webhook, secret: made })))
}

/// One webhook.
#[utoipa::path(get, path = "/api/webhooks/{id}", operation_id = "get_webhook", tag = "webhooks",
    params(("id" = WebhookId, Path)), responses((status = 200, body = WebhookView), Reads))]
pub(crate) async fn get(
    State(state): State<ApiState>,
    may::ManageWebhooks(auth): may::ManageWebhooks,
    Path(id): Path<WebhookId>,
) -> ApiResult<Json<WebhookView>> {
    let webhook = sources::get(&auth.org(&state), id).await?;
    Ok(Json(with_secrets(&state, &auth, webhook).await?))
}

/// Changes a webhook; its kind stays.
#[utoipa::path(patch, path = "/api/webhooks/{id}", operation_id = "update_webhook", tag = "webhooks",
    params(("id" = WebhookId, Path)), request_body = ChangeWebhook,
    responses((status = 200, body = WebhookView), Writes))]
pub(crate) async fn update(
    State(state): State<ApiState>,
    may::ManageWebhooks(auth): may::ManageWebhooks,
    Path(id): Path<WebhookId>,
    Input(body): Input<ChangeWebhook>,
) -> ApiResult<Json<WebhookView>> {
    let org = auth.org(&state);
    if let Some(config) = body.config {
        if sources::get(&org, id).await?.kind != WebhookKind::Adapter {
            return Err(only_adapters("config").into());
        }
        adapters::configure(&org, &state.keyring, id, config).await?;
        wake(&state).await;
    }
    let header = |new: Option<String>, old: Option<String>| match new {
        None => old,
        Some(name) => Some(name).filter(|name| !name.is_empty()),
    };
    let change = move |old: Settings| Settings {
        name: body.name.unwrap_or(old.name),
        topic: body.topic.or(old.topic),
        signature_header: header(body.signature_header, old.signature_header),
        delivery_header: header(body.delivery_header, old.delivery_header),
        tolerance_seconds: body.tolerance_seconds.unwrap_or(old.tolerance_seconds),
        networks: body.allowed_networks.unwrap_or(old.networks),
        rate_per_minute: body.rate_per_minute.unwrap_or(old.rate_per_minute),
        body_bytes: body.body_bytes.unwrap_or(old.body_bytes),
        retention_days: body.retention_days.unwrap_or(old.retention_days),
        is_enabled: body.enabled.unwrap_or(old.is_enabled),
    };
    let webhook = sources::update(&org, id, change).await?;
    Ok(Json(with_secrets(&state, &auth, webhook).await?))
}

/// Deletes a webhook with its secrets, subscriptions and deliveries; the runs stay. One whose adapter
/// has told another system of it takes nothing any more, and is gone once that is taken back.
#[utoipa::path(delete, path = "/api/webhooks/{id}", operation_id = "delete_webhook", tag = "webhooks",
    params(("id" = WebhookId, Path), HowToDelete),
    responses((status = 204, description = "Gone"), (status = 202, description = "It goes"), Writes))]
pub(crate) async fn delete(
    State(state): State<ApiState>,
    may::ManageWebhooks(auth): may::ManageWebhooks,
    Path(id): Path<WebhookId>,
    Query(how): Query<HowToDelete>,
) -> ApiResult<StatusCode> {
    let org = auth.org(&state);
    let is_adapter = sources::get(&org, id).await?.kind == WebhookKind::Adapter;
    if is_adapter && !how.force && adapters::end(&org, id).await? {
        wake(&state).await;
        return Ok(StatusCode::ACCEPTED);
    }
    sources::delete(&org, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Has an adapter subscribe now, or renew, for instance after what kept it from that is mended.
#[utoipa::path(post, path = "/api/webhooks/{id}/subscribe", operation_id = "subscribe_webhook", tag = "webhooks",
    params(("id" = WebhookId, Path)), responses((status = 202, body = WebhookView), Writes))]
pub(crate) async fn subscribe(
    State(state): State<ApiState>,
    may::ManageWebhooks(auth): may::ManageWebhooks,
    Path(id): Path<WebhookId>,
) -> ApiResult<(StatusCode, Json<WebhookView>)> {
    let org = auth.org(&state);
    let webhook = sources::get(&org, id).await?;
    if webhook.kind != WebhookKind::Adapter {
        return Err(only_adapters("kind").into());
    }
    adapters::again(&org, id).await?;
    wake(&state).await;
    Ok((StatusCode::ACCEPTED, Json(with_secrets(&state, &auth, webhook).await?)))
}

fn only_adapters(field: &str) -> Error {
    Error::invalid(field, "only a source of the kind adapter has one")
}

/// Tells whoever looks after subscriptions.
async fn wake(state: &ApiState) {
    state.bus.publish(Event { channel: adapter::WAKE.to_owned(), payload: Value::Null }).await;
}

/// Adds the next secret. Both are good until one is removed; there can be two.
#[utoipa::path(post, path = "/api/webhooks/{id}/secrets", operation_id = "add_webhook_secret", tag = "webhooks",
    params(("id" = WebhookId, Path)), request_body = NewSecret,
    responses((status = 201, body = CreatedSecret), Writes))]
pub(crate) async fn add_secret(
    State(state): State<ApiState>,
    may::ManageWebhooks(auth): may::ManageWebhooks,
    Path(id): Path<WebhookId>,
    Input(body): Input<NewSecret>,
) -> ApiResult<(StatusCode, Json<CreatedSecret>)> {
    let (secret, made) = match body.secret {
        Some(given) => (given, None),
        None => {
            let made = secrets::generate()?;
            (made.clone(), Some(made))
        }
    };
    let id = secrets::add(&auth.org(&state), &state.keyring, id, secret).await?;
    Ok((StatusCode::CREATED, Json(CreatedSecret { id, secret: made })))
}

/// Removes a secret: what is signed with it is refused from now on. 409 `last_secret` for the only one.
#[utoipa::path(delete, path = "/api/webhook-secrets/{id}", operation_id = "remove_webhook_secret", tag = "webhooks",
    params(("id" = WebhookSecretId, Path)), responses((status = 204, description = "Gone"), Writes))]
pub(crate) async fn remove_secret(
    State(state): State<ApiState>,
    may::ManageWebhooks(auth): may::ManageWebhooks,
    Path(id): Path<WebhookSecretId>,
) -> ApiResult<StatusCode> {
    secrets::remove(&auth.org(&state), id).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn with_secrets(state: &ApiState, auth: &Auth, webhook: Webhook) -> Result<WebhookView, Error> {
    let org = auth.org(state);
    let all = secrets::list(&org, webhook.id).await?;
    let shown = all.into_iter().map(|one| WebhookSecretView { id: one.id, created_at: one.created_at });
    let adapter = adapters::of(&org, webhook.id).await?.map(Into::into);
    Ok(WebhookView { secrets: Some(shown.collect()), adapter, ..webhook.into() })
}
