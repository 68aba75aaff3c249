//! Who did what in an organization: search, export, and the proof that nothing was changed.

use super::executions::{instant, limit};
use crate::auth::may;
use crate::extract::Query;
use crate::layers::NDJSON;
use crate::problem::ApiResult;
use crate::responses::Reads;
use crate::state::ApiState;
use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use bifrost_core::{AuditId, Error, ExecutionId, KeyId, OrganizationId, UserId};
use bifrost_store::Scoped;
use bifrost_store::audit::{self, Event, Filters, Head, Logged, Order, Outcome, Verdict, hex};
use bytes::Bytes;
use chrono::{DateTime, Utc};
use futures::stream::{self, Stream};
use http::header;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

/// Entries of a page, unless the caller says otherwise.
const PAGE: u32 = 50;

/// Most entries of a page, and those of an export that are read at a time.
const MAX_PAGE: u32 = 1_000;

/// Who did something, and from where; what is absent is not known or does not apply.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct AuditActor {
    /// The person or service account.
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<UserId>,
    /// E-mail address or account name; `system` for the platform itself.
    name: String,
    /// Where they belong.
    #[serde(skip_serializing_if = "Option::is_none")]
    organization_id: Option<OrganizationId>,
    /// The key that was used.
    #[serde(skip_serializing_if = "Option::is_none")]
    key_id: Option<KeyId>,
    /// The run that acted for them.
    #[serde(skip_serializing_if = "Option::is_none")]
    execution_id: Option<ExecutionId>,
    /// The client's address.
    #[serde(skip_serializing_if = "Option::is_none")]
    address: Option<String>,
    /// Names the request in the server's log.
    #[serde(skip_serializing_if = "Option::is_none")]
    request_id: Option<String>,
}

/// An entry of the audit log.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct AuditEntry {
    /// Its place in the organization's chain, counted from 1.
    sequence: i64,
    id: AuditId,
    at: DateTime<Utc>,
    actor: AuditActor,
    /// Such as `config.set`.
    action: String,
    /// Kind and id, such as `config:smtp_host`.
    target: Option<String>,
    outcome: Outcome,
    /// What changed; secrets are masked.
    #[schema(value_type = Object)]
    details: Map<String, Value>,
    /// Binds the entry to all that came before, in hexadecimal.
    hash: String,
}

/// A page of the audit log.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct AuditPage {
    /// The entries, newest first.
    entries: Vec<AuditEntry>,
    /// Give it back as `cursor` for the next page; `null` on the last one.
    next_cursor: Option<i64>,
}

#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct SearchQuery {
    /// Only of this e-mail address, account name or user id.
    actor: Option<String>,
    /// Only this action; `user.` for all whose names begin so.
    action: Option<String>,
    /// Only on this target, such as `config:smtp_host`.
    target: Option<String>,
    /// At or after; RFC 3339, or a date.
    since: Option<String>,
    /// Before; RFC 3339, or a date.
    until: Option<String>,
    /// Where the last page ended: its `next_cursor`.
    cursor: Option<i64>,
    /// Entries of this page, at most 1000.
    limit: Option<u32>,
}

#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ExportQuery {
    /// Only of this e-mail address, account name or user id.
    actor: Option<String>,
    /// Only this action; `user.` for all whose names begin so.
    action: Option<String>,
    /// Only on this target, such as `config:smtp_host`.
    target: Option<String>,
    /// At or after; RFC 3339, or a date.
    since: Option<String>,
    /// Before; RFC 3339, or a date.
    until: Option<String>,
    /// Only entries after this place.
    #[serde(default)]
    after: i64,
}

#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct VerifyQuery {
    /// A place that was noted earlier: `sequence:hash`. The chain has to pass through it.
    noted: Option<String>,
}

/// A line of an export; `entry` is the text that was hashed.
#[derive(Serialize)]
struct Line<'a> {
    organization_id: OrganizationId,
    sequence: i64,
    hash: String,
    entry: &'a RawValue,
}

impl From<Logged> for AuditEntry {
    fn from(logged: Logged) -> Self {
        let entry = logged.entry;
        let actor = entry.actor;
        Self {
            sequence: logged.sequence,
            id: entry.id,
            at: entry.at,
            actor: AuditActor {
                id: actor.id,
                name: actor.name,
                organization_id: actor.organization,
                key_id: actor.key,
                execution_id: actor.execution,
                address: actor.address.map(|address| address.to_string()),
                request_id: actor.request,
            },
            action: entry.action,
            target: entry.target,
            outcome: entry.outcome,
            details: entry.details,
            hash: hex(&logged.hash),
        }
    }
}

fn filters(
    actor: Option<String>,
    action: Option<String>,
    target: Option<String>,
    since: Option<String>,
    until: Option<String>,
) -> Result<Filters, Error> {
    let given = |text: Option<String>| text.filter(|text| !text.is_empty());
    let actor = given(actor);
    let actor_id = actor.as_deref().and_then(|actor| actor.parse().ok());
    Ok(Filters {
        actor_id,
        actor: actor.filter(|_| actor_id.is_none()).map(|actor| actor.to_lowercase()),
        action: given(action),
        target: given(target),
        since: instant("since", since)?,
        until: instant("until", until)?,
    })
}

/// Searches the organization's audit log, newest first. What was done is found within about a
/// second.
#[utoipa::path(get, path = "/api/audit", operation_id = "search_audit", tag = "audit", params(SearchQuery),
    responses((status = 200, body = AuditPage), Reads))]
pub(crate) async fn search(
    State(state): State<ApiState>,
    may::ReadAudit(auth): may::ReadAudit,
    Query(query): Query<SearchQuery>,
) -> ApiResult<Json<AuditPage>> {
    let filters = filters(query.actor, query.action, query.target, query.since, query.until)?;
    let limit = limit(query.limit, PAGE, MAX_PAGE)?;
    let order = Order::NewestFirst(query.cursor);
    let mut found = audit::search(&auth.org(&state), &filters, order, limit + 1).await?;
    let more = found.len() > limit as usize;
    found.truncate(limit as usize);
    let next_cursor = found.last().filter(|_| more).map(|last| last.sequence);
    Ok(Json(AuditPage { entries: found.into_iter().map(Into::into).collect(), next_cursor }))
}

/// The organization's audit log as lines of JSON, oldest first: place, hash, and the entry as
/// it was hashed.
#[utoipa::path(get, path = "/api/audit/export", operation_id = "export_audit", tag = "audit", params(ExportQuery),
    responses((status = 200, description = "Lines of JSON", content_type = "application/x-ndjson", body = String), Reads))]
pub(crate) async fn export(
    State(state): State<ApiState>,
    may::ReadAudit(auth): may::ReadAudit,
    Query(query): Query<ExportQuery>,
) -> ApiResult<Response> {
    let filters = filters(query.actor, query.action, query.target, query.since, query.until)?;
    let event = Event::new("audit.export").within(auth.organization()).detail("after", query.after);
    audit::note(&auth.db(&state), event).await?;
    let lines = lines(auth.org(&state), auth.organization(), filters, query.after);
    Ok(([(header::CONTENT_TYPE, NDJSON)], Body::from_stream(lines)).into_response())
}

/// Page after page. An error cuts the answer off: the client sees that it is not whole.
fn lines(
    org: Scoped,
    organization_id: OrganizationId,
    filters: Filters,
    after: i64,
) -> impl Stream<Item = Result<Bytes, Error>> {
    stream::try_unfold(Some(after), move |after| {
        let (org, filters) = (org.clone(), filters.clone());
        async move {
            let Some(after) = after else { return Ok(None) };
            let found = audit::search(&org, &filters, Order::OldestFirst(after), MAX_PAGE).await?;
            let Some(last) = found.last().map(|last| last.sequence) else { return Ok(None) };
            let mut text = Vec::new();
            for logged in &found {
                let entry =
                    serde_json::from_str(&logged.text).map_err(|error| Error::Internal(error.into()))?;
                let line =
                    Line { organization_id, sequence: logged.sequence, hash: hex(&logged.hash), entry };
                serde_json::to_writer(&mut text, &line).map_err(|error| Error::Internal(error.into()))?;
                text.push(b'\n');
            }
            let next = (found.len() == MAX_PAGE as usize).then_some(last);
            Ok(Some((Bytes::from(text), next)))
        }
    })
}

/// Walks the organization's whole chain, and tells where it is broken, if it is.
#[utoipa::path(get, path = "/api/audit/verify", operation_id = "verify_audit", tag = "audit", params(VerifyQuery),
    responses((status = 200, body = Verdict), Reads))]
pub(crate) async fn verify(
    State(state): State<ApiState>,
    may::ReadAudit(auth): may::ReadAudit,
    Query(query): Query<VerifyQuery>,
) -> ApiResult<Json<Verdict>> {
    let noted = query.noted.as_deref().map(str::parse::<Head>).transpose()?;
    Ok(Json(audit::verify(&state.db, auth.organization(), noted.as_slice()).await?))
}
