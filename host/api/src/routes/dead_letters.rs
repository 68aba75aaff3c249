//! Tickets that the queue gave up on, for platform administrators: of all organizations,
//! or of the one that is named.

use super::executions::limit;
use crate::auth::{Auth, may};
use crate::extract::{Path, Query};
use crate::problem::ApiResult;
use crate::responses::{Reads, Writes};
use crate::service::run;
use crate::state::ApiState;
use crate::views::{ExecuteResponse, ExecutionView};
use axum::Json;
use axum::extract::State;
use bifrost_core::{
    DeadLetterId, DeadLetterState, ExecutionId, OrganizationId, Scope, Status, UserId, WorkflowId,
};
use bifrost_store::Scoped;
use bifrost_store::dead_letters::{self, DeadLetter, Filters};
use chrono::{DateTime, Utc};
use http::StatusCode;
use serde::{Deserialize, Serialize};

/// Dead letters of a page, unless the caller says otherwise.
const PAGE: u32 = 50;

/// Most dead letters of a page.
const MAX_PAGE: u32 = 1_000;

/// A ticket that the queue gave up on, and its run.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct DeadLetterView {
    id: DeadLetterId,
    /// The run that the ticket was for.
    execution_id: ExecutionId,
    organization_id: OrganizationId,
    workflow_id: WorkflowId,
    /// The workflow's name when the run was queued.
    workflow_name: String,
    /// Where the run stands now.
    execution_status: Status,
    /// The attempt that no worker managed to take.
    attempt: i32,
    /// Why the queue gave up, in its own word, such as `delivery_limit`.
    reason: String,
    /// What was decided about the run.
    state: DeadLetterState,
    created_at: DateTime<Utc>,
    /// The run that was made in its place; `null` as long as there is none.
    replayed_as: Option<ExecutionId>,
    replayed_by: Option<UserId>,
    replayed_at: Option<DateTime<Utc>>,
}

impl From<DeadLetter> for DeadLetterView {
    fn from(letter: DeadLetter) -> Self {
        let replay = letter.replay;
        Self {
            id: letter.id,
            execution_id: letter.execution_id,
            organization_id: letter.organization_id,
            workflow_id: letter.workflow_id,
            workflow_name: letter.workflow_name,
            execution_status: letter.execution_status,
            attempt: letter.attempt,
            reason: letter.reason,
            state: letter.state,
            created_at: letter.created_at,
            replayed_as: replay.as_ref().map(|replay| replay.execution_id),
            replayed_by: replay.as_ref().map(|replay| replay.replayed_by),
            replayed_at: replay.map(|replay| replay.replayed_at),
        }
    }
}

/// A page of dead letters, newest first.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct DeadLetterPage {
    dead_letters: Vec<DeadLetterView>,
    /// Give it back as `cursor` for the next page; `null` on the last one.
    next_cursor: Option<DeadLetterId>,
}

#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListQuery {
    /// Only those whose run was `retried`, or `failed`.
    state: Option<String>,
    /// Only those that were replayed, or were not.
    replayed: Option<bool>,
    /// Where the last page ended: its `next_cursor`.
    cursor: Option<DeadLetterId>,
    /// Dead letters of this page, at most 1000.
    limit: Option<u32>,
}

/// Lists dead letters, newest first.
#[utoipa::path(get, path = "/api/dead-letters", operation_id = "list_dead_letters", tag = "dead-letters",
    params(ListQuery), responses((status = 200, body = DeadLetterPage), Reads))]
pub(crate) async fn list(
    State(state): State<ApiState>,
    may::OperatePlatform(auth): may::OperatePlatform,
    Query(query): Query<ListQuery>,
) -> ApiResult<Json<DeadLetterPage>> {
    let filters = Filters {
        state: query.state.filter(|s| !s.is_empty()).map(|s| s.parse()).transpose()?,
        replayed: query.replayed,
    };
    let limit = limit(query.limit, PAGE, MAX_PAGE)?;
    let page = dead_letters::list(&reach(&state, &auth), filters, query.cursor, limit).await?;
    let dead_letters = page.items.into_iter().map(Into::into).collect();
    Ok(Json(DeadLetterPage { dead_letters, next_cursor: page.next }))
}

/// One dead letter.
#[utoipa::path(get, path = "/api/dead-letters/{id}", operation_id = "get_dead_letter", tag = "dead-letters",
    params(("id" = DeadLetterId, Path)), responses((status = 200, body = DeadLetterView), Reads))]
pub(crate) async fn get(
    State(state): State<ApiState>,
    may::OperatePlatform(auth): may::OperatePlatform,
    Path(id): Path<DeadLetterId>,
) -> ApiResult<Json<DeadLetterView>> {
    Ok(Json(dead_letters::get(&reach(&state, &auth), id).await?.into()))
}

/// Runs the workflow of a dead letter again, in its deployed version of today, as the
/// caller. 409 `not_finished` while its run goes on, `already_replayed` the second time.
#[utoipa::path(post, path = "/api/dead-letters/{id}/replay", operation_id = "replay_dead_letter",
    tag = "dead-letters", params(("id" = DeadLetterId, Path)),
    responses((status = 202, body = ExecuteResponse), Writes))]
pub(crate) async fn replay(
    State(state): State<ApiState>,
    may::OperatePlatform(auth): may::OperatePlatform,
    Path(id): Path<DeadLetterId>,
) -> ApiResult<(StatusCode, Json<ExecuteResponse>)> {
    let letter = dead_letters::get(&reach(&state, &auth), id).await?;
    let auth = Auth { scope: Scope::Organization(letter.organization_id), ..auth };
    let execution = run::replay(&state, &auth, &letter).await?;
    Ok((StatusCode::ACCEPTED, Json(ExecutionView::new(execution, auth.sees_all_runs()).into())))
}

/// One organization where one is named, else all.
fn reach(state: &ApiState, auth: &Auth) -> Scoped {
    match auth.scope {
        Scope::Organization(id) => auth.db(state).org(id),
        Scope::Global => auth.db(state).system(),
    }
}
