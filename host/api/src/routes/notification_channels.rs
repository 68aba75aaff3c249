//! Where an organization's notifications are sent.

use crate::auth::{Auth, may};
use crate::extract::{Input, Path};
use crate::problem::ApiResult;
use crate::responses::{Reads, Writes};
use crate::state::ApiState;
use axum::Json;
use axum::extract::State;
use bifrost_core::{
    Error, NotificationChannelId, NotificationChannelKind, OrganizationId, Permission, UserId,
};
use bifrost_store::notifications::channels::{self, Change, Channel, NewChannel, Target};
use chrono::{DateTime, Utc};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

/// A channel, without what it signs with.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct NotificationChannelView {
    id: NotificationChannelId,
    organization_id: OrganizationId,
    name: String,
    kind: NotificationChannelKind,
    /// Of the kind `email`.
    addresses: Vec<String>,
    /// Of the kind `webhook`.
    url: Option<String>,
    /// True when it is told errors that are for developers, too.
    full_errors: bool,
    /// False: nothing is sent, and what happens meanwhile is not made up for.
    enabled: bool,
    /// When it was last told something.
    sent_at: Option<DateTime<Utc>>,
    /// When a message last did not arrive; `null` since one has.
    failed_at: Option<DateTime<Utc>>,
    /// Why it did not: what the other side answered.
    error: Option<String>,
    created_by: UserId,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

impl From<Channel> for NotificationChannelView {
    fn from(channel: Channel) -> Self {
        Self {
            id: channel.id,
            organization_id: channel.organization_id,
            name: channel.name,
            kind: channel.kind,
            addresses: channel.addresses,
            url: channel.url,
            full_errors: channel.full_errors,
            enabled: channel.is_enabled,
            sent_at: channel.sent_at,
            failed_at: channel.failed_at,
            error: channel.error,
            created_by: channel.created_by,
            created_at: channel.created_at,
            updated_at: channel.updated_at,
        }
    }
}

/// All channels, by name.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct NotificationChannelList {
    channels: Vec<NotificationChannelView>,
    /// False: an operator has not set mail up yet.
    has_mail: bool,
}

/// A channel, with the secret that was made for it: this once.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct CreatedNotificationChannel {
    #[serde(flatten)]
    channel: NotificationChannelView,
    /// What requests are signed with, where none was given. It cannot be shown again.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    secret: Option<Zeroizing<String>>,
}

/// A channel to make.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewNotificationChannel {
    /// One of a kind within the organization.
    name: String,
    kind: NotificationChannelKind,
    /// Of the kind `email`: 1 to 20.
    #[serde(default)]
    addresses: Vec<String>,
    /// Of the kind `webhook`. Requests go where the organization's workflows may go.
    #[serde(default)]
    url: Option<String>,
    /// Of the kind `webhook`: what requests are signed with, 8 to 4,096 bytes; made if absent.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    secret: Option<Zeroizing<String>>,
    /// Tell errors that are for developers, too. Needs `executions.read` beside.
    #[serde(default)]
    full_errors: bool,
    /// False: nothing is sent.
    #[serde(default)]
    enabled: Option<bool>,
}

/// What to change; what is absent stays.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ChangeNotificationChannel {
    name: Option<String>,
    addresses: Option<Vec<String>>,
    /// Another URL has another secret: the one that is given, or a new one.
    url: Option<String>,
    /// What requests are signed with from now on.
    #[schema(value_type = Option<String>)]
    secret: Option<Zeroizing<String>>,
    /// Telling more needs `executions.read` beside.
    full_errors: Option<bool>,
    enabled: Option<bool>,
}

/// What became of a test.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct NotificationTest {
    /// What the mail server or the receiver answered.
    answer: String,
}

/// Who may not read errors that are for developers sends them nowhere.
fn may_tell(auth: &Auth, full_errors: bool) -> Result<(), Error> {
    if full_errors { auth.need(Permission::ReadExecutions) } else { Ok(()) }
}

/// Lists the organization's channels.
#[utoipa::path(get, path = "/api/notification-channels", operation_id = "list_notification_channels", tag = "notifications",
    responses((status = 200, body = NotificationChannelList), Reads))]
pub(crate) async fn list(
    State(state): State<ApiState>,
    may::ManageOrganization(auth): may::ManageOrganization,
) -> ApiResult<Json<NotificationChannelList>> {
    let all = channels::list(&auth.org(&state)).await?;
    let channels = all.into_iter().map(Into::into).collect();
    Ok(Json(NotificationChannelList { channels, has_mail: state.notifier.has_mail() }))
}

/// Makes a channel. What it is told, rules say.
#[utoipa::path(post, path = "/api/notification-channels", operation_id = "create_notification_channel", tag = "notifications",
    request_body = NewNotificationChannel, responses((status = 201, body = CreatedNotificationChannel), Writes))]
pub(crate) async fn create(
    State(state): State<ApiState>,
    may::ManageOrganization(auth): may::ManageOrganization,
    Input(body): Input<NewNotificationChannel>,
) -> ApiResult<(StatusCode, Json<CreatedNotificationChannel>)> {
    may_tell(&auth, body.full_errors)?;
    let of_others =
        |field: &str| Error::invalid(field, format!("a channel of the kind {} has none", body.kind.as_str()));
    let (target, made) = match body.kind {
        NotificationChannelKind::Email if body.url.is_some() => return Err(of_others("url").into()),
        NotificationChannelKind::Email if body.secret.is_some() => return Err(of_others("secret").into()),
        NotificationChannelKind::Email => (Target::Email(body.addresses), None),
        NotificationChannelKind::Webhook if !body.addresses.is_empty() => {
            return Err(of_others("addresses").into());
        }
        NotificationChannelKind::Webhook => {
            let url = body.url.ok_or_else(|| Error::invalid("url", "a webhook needs one"))?;
            match body.secret {
                Some(secret) => (Target::Webhook { url, secret }, None),
                None => {
                    let secret = channels::generate_secret()?;
                    (Target::Webhook { url, secret: secret.clone() }, Some(secret))
                }
            }
        }
    };
    let new = NewChannel {
        name: body.name,
        target,
        full_errors: body.full_errors,
        is_enabled: body.enabled.unwrap_or(true),
        created_by: auth.caller.user,
    };
    let channel = channels::create(&auth.org(&state), &state.keyring, new).await?.into();
    Ok((StatusCode::CREATED, Json(CreatedNotificationChannel { channel, secret: made })))
}

/// One channel.
#[utoipa::path(get, path = "/api/notification-channels/{id}", operation_id = "get_notification_channel", tag = "notifications",
    params(("id" = NotificationChannelId, Path)), responses((status = 200, body = NotificationChannelView), Reads))]
pub(crate) async fn get(
    State(state): State<ApiState>,
    may::ManageOrganization(auth): may::ManageOrganization,
    Path(id): Path<NotificationChannelId>,
) -> ApiResult<Json<NotificationChannelView>> {
    Ok(Json(channels::get(&auth.org(&state), id).await?.into()))
}

/// Changes a channel; its kind stays.
#[utoipa::path(patch, path = "/api/notification-channels/{id}", operation_id = "update_notification_channel", tag = "notifications",
    params(("id" = NotificationChannelId, Path)), request_body = ChangeNotificationChannel,
    responses((status = 200, body = CreatedNotificationChannel), Writes))]
pub(crate) async fn update(
    State(state): State<ApiState>,
    may::ManageOrganization(auth): may::ManageOrganization,
    Path(id): Path<NotificationChannelId>,
    Input(body): Input<ChangeNotificationChannel>,
) -> ApiResult<Json<CreatedNotificationChannel>> {
    let org = auth.org(&state);
    let old = channels::get(&org, id).await?;
    if !old.full_errors {
        may_tell(&auth, body.full_errors.unwrap_or(false))?;
    }
    if old.full_errors && (body.url.is_some() || body.addresses.is_some()) {
        may_tell(&auth, body.full_errors.unwrap_or(true))?;
    }
    let is_elsewhere = body.url.is_some() && body.url != old.url;
    let made = match &body.secret {
        None if is_elsewhere && old.kind == NotificationChannelKind::Webhook => {
            Some(channels::generate_secret()?)
        }
        _ => None,
    };
    let change = Change {
        name: body.name,
        addresses: body.addresses,
        url: body.url,
        secret: body.secret.or_else(|| made.clone()),
        full_errors: body.full_errors,
        is_enabled: body.enabled,
    };
    let channel = channels::update(&org, &state.keyring, id, change).await?.into();
    Ok(Json(CreatedNotificationChannel { channel, secret: made }))
}

/// Deletes a channel. Rules that name it go on without it.
#[utoipa::path(delete, path = "/api/notification-channels/{id}", operation_id = "delete_notification_channel", tag = "notifications",
    params(("id" = NotificationChannelId, Path)), responses((status = 204, description = "Gone"), Writes))]
pub(crate) async fn delete(
    State(state): State<ApiState>,
    may::ManageOrganization(auth): may::ManageOrganization,
    Path(id): Path<NotificationChannelId>,
) -> ApiResult<StatusCode> {
    channels::delete(&auth.org(&state), id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Sends a test, and waits for the answer. 409 `not_delivered` says why it did not arrive.
#[utoipa::path(post, path = "/api/notification-channels/{id}/test", operation_id = "test_notification_channel", tag = "notifications",
    params(("id" = NotificationChannelId, Path)), responses((status = 200, body = NotificationTest), Writes))]
pub(crate) async fn test(
    State(state): State<ApiState>,
    may::ManageOrganization(auth): may::ManageOrganization,
    Path(id): Path<NotificationChannelId>,
) -> ApiResult<Json<NotificationTest>> {
    let channel = channels::begin_test(&auth.org(&state), id).await?;
    let answer = state.notifier.test(&channel).await;
    let answer =
        answer.map_err(|failure| Error::Conflict { code: "not_delivered", message: failure.reason })?;
    Ok(Json(NotificationTest { answer }))
}
