//! What the caller is told within the platform.

use crate::auth::Auth;
use crate::extract::{Path, Query};
use crate::problem::ApiResult;
use crate::responses::{Reads, Writes};
use crate::state::ApiState;
use axum::Json;
use axum::extract::State;
use bifrost_core::{Error, ExecutionId, NotificationId, NotificationKind, OrganizationId};
use bifrost_store::notifications::notices::{self, Notice, Reader};
use chrono::{DateTime, Utc};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Entries of a page if the caller says nothing.
const PAGE: u32 = 50;

/// A notification.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct NotificationView {
    id: NotificationId,
    organization_id: OrganizationId,
    /// What happened.
    event: NotificationKind,
    /// To which workflow, connection or schedule.
    subject_id: Uuid,
    /// What that is called.
    name: String,
    /// What happened, in a few words.
    summary: String,
    /// Why, where that is known.
    error: Option<String>,
    /// The run that it is about; the last one of several.
    execution_id: Option<ExecutionId>,
    /// How often it happened.
    count: i64,
    first_at: DateTime<Utc>,
    last_at: DateTime<Utc>,
    /// True when the caller has read it since it last happened.
    read: bool,
}

impl From<Notice> for NotificationView {
    fn from(notice: Notice) -> Self {
        Self {
            id: notice.id,
            organization_id: notice.organization_id,
            event: notice.kind,
            subject_id: notice.subject_id,
            name: notice.details.name,
            summary: notice.details.summary,
            // Who sees the notification may see what went wrong.
            error: notice.details.error,
            execution_id: notice.details.execution_id,
            count: notice.count,
            first_at: notice.first_at,
            last_at: notice.last_at,
            read: notice.is_read,
        }
    }
}

/// A part of the list, the latest first.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct NotificationList {
    notifications: Vec<NotificationView>,
    /// How many the caller has not read, up to 100.
    unread: i64,
    /// For what follows; `null` at the end.
    next_cursor: Option<String>,
}

/// How many are unread.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct UnreadNotifications {
    /// Up to 100.
    unread: i64,
}

#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListQuery {
    /// Only those that the caller has not read.
    #[serde(default)]
    unread: bool,
    /// `next_cursor` of the part before.
    cursor: Option<String>,
    /// 1 to 200; 50 if absent.
    limit: Option<u32>,
}

/// A time in microseconds and an id, as [`cursor`] writes them.
fn position(text: &str) -> Result<(DateTime<Utc>, NotificationId), Error> {
    let parsed = text
        .split_once('.')
        .and_then(|(at, id)| Some((DateTime::from_timestamp_micros(at.parse().ok()?)?, id.parse().ok()?)));
    parsed.ok_or_else(|| Error::invalid("cursor", "expected the `next_cursor` of a list of notifications"))
}

fn cursor((at, id): (DateTime<Utc>, NotificationId)) -> String {
    format!("{}.{id}", at.timestamp_micros())
}

fn reader(auth: &Auth) -> Reader {
    Reader { user: auth.caller.user, permissions: auth.caller.permissions }
}

/// Lists what happened in the organization, as far as the caller may see it: failed runs with
/// `executions.read`, broken connections with `integrations.manage`, missed schedules with
/// `schedules.manage`.
#[utoipa::path(get, path = "/api/notifications", operation_id = "list_notifications", tag = "notifications",
    params(ListQuery), responses((status = 200, body = NotificationList), Reads))]
pub(crate) async fn list(
    State(state): State<ApiState>,
    auth: Auth,
    Query(query): Query<ListQuery>,
) -> ApiResult<Json<NotificationList>> {
    let limit = query.limit.unwrap_or(PAGE);
    if !(1..=200).contains(&limit) {
        return Err(Error::invalid("limit", "expected 1 to 200").into());
    }
    let after = query.cursor.as_deref().map(position).transpose()?;
    let org = auth.org(&state);
    let page = notices::list(&org, reader(&auth), query.unread, after, limit).await?;
    Ok(Json(NotificationList {
        notifications: page.items.into_iter().map(Into::into).collect(),
        unread: notices::unread(&org, reader(&auth)).await?,
        next_cursor: page.next.map(cursor),
    }))
}

/// Counts what the caller has not read.
#[utoipa::path(get, path = "/api/notifications/unread", operation_id = "count_unread_notifications", tag = "notifications",
    responses((status = 200, body = UnreadNotifications), Reads))]
pub(crate) async fn unread(
    State(state): State<ApiState>,
    auth: Auth,
) -> ApiResult<Json<UnreadNotifications>> {
    let unread = notices::unread(&auth.org(&state), reader(&auth)).await?;
    Ok(Json(UnreadNotifications { unread }))
}

/// Marks a notification as read, for the caller.
#[utoipa::path(post, path = "/api/notifications/{id}/read", operation_id = "read_notification", tag = "notifications",
    params(("id" = NotificationId, Path)), responses((status = 204, description = "Read"), Writes))]
pub(crate) async fn read(
    State(state): State<ApiState>,
    auth: Auth,
    Path(id): Path<NotificationId>,
) -> ApiResult<StatusCode> {
    notices::mark(&auth.org(&state), reader(&auth), id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Marks all notifications of the organization as read, for the caller.
#[utoipa::path(post, path = "/api/notifications/read", operation_id = "read_all_notifications", tag = "notifications",
    responses((status = 204, description = "Read"), Writes))]
pub(crate) async fn read_all(State(state): State<ApiState>, auth: Auth) -> ApiResult<StatusCode> {
    notices::mark_all(&auth.org(&state), reader(&auth)).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[cfg(test)]
mod tests {
    use super::{cursor, position};

    #[test]
    fn cursors_survive_the_wire() {
        let at = (bifrost_store::now(), bifrost_core::NotificationId::new());
        assert_eq!(position(&cursor(at)).expect("a position"), at);
        for wrong in ["", ".", "1.", "x.y", &cursor(at)[1..40], "99999999999999999999.0"] {
            assert!(position(wrong).is_err(), "{wrong}");
        }
    }
}
