//! The attempts of a run: who made each, and its HTTP calls.

use crate::auth::{Auth, may};
use crate::extract::Path;
use crate::problem::ApiResult;
use crate::responses::Reads;
use crate::service;
use crate::state::ApiState;
use axum::Json;
use axum::extract::State;
use bifrost_core::{ExecutionId, HttpCall};
use bifrost_store::executions::{self, Made};
use chrono::{DateTime, Utc};
use serde::Serialize;

/// The attempts of a run, in order.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct AttemptList {
    attempts: Vec<AttemptView>,
}

/// One attempt of a run.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct AttemptView {
    /// Counts from 1.
    attempt: i32,
    /// Who took it; for administrators.
    #[serde(skip_serializing_if = "Option::is_none")]
    worker: Option<String>,
    /// When a worker took it; absent for a ticket that became a dead letter.
    #[serde(skip_serializing_if = "Option::is_none")]
    started_at: Option<DateTime<Utc>>,
    /// When it ended, or was found lost.
    #[serde(skip_serializing_if = "Option::is_none")]
    ended_at: Option<DateTime<Utc>>,
    /// Why another one followed: `worker_lost`; `dead_letter:` and the queue's reason; or `error:` and the
    /// exception's class, each without what is behind the colon for an end user. Absent for the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    cause: Option<String>,
}

/// The HTTP calls of a run, by attempt.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct CallList {
    /// Those attempts that have ended and made any, in order.
    attempts: Vec<AttemptCalls>,
}

/// The HTTP calls of one attempt.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct AttemptCalls {
    /// Counts from 1.
    attempt: i32,
    /// In the order of their starts, the first 1000.
    calls: Vec<HttpCall>,
    /// How many more there were.
    left_out: u64,
}

impl AttemptView {
    fn new(made: Made, admin: bool) -> Self {
        let told = |cause: String| match cause.split_once(':') {
            Some((kind, _)) if !admin => kind.to_owned(),
            _ => cause,
        };
        Self {
            attempt: made.attempt,
            worker: made.worker.filter(|_| admin),
            started_at: made.started_at,
            ended_at: made.ended_at,
            cause: made.cause.map(told),
        }
    }
}

/// The attempts of an execution, and why each but the last was followed by another.
#[utoipa::path(get, path = "/api/executions/{id}/attempts", operation_id = "get_execution_attempts",
    tag = "executions", params(("id" = ExecutionId, Path)), responses((status = 200, body = AttemptList), Reads))]
pub(crate) async fn list(
    State(state): State<ApiState>,
    auth: Auth,
    Path(id): Path<ExecutionId>,
) -> ApiResult<Json<AttemptList>> {
    service::executions::visible(&state, &auth, id).await?;
    let made = executions::made(&auth.org(&state), id).await?;
    let attempts = made.into_iter().map(|made| AttemptView::new(made, auth.sees_all_runs())).collect();
    Ok(Json(AttemptList { attempts }))
}

/// The HTTP calls of an execution: where to and how long, without path and query; for administrators.
#[utoipa::path(get, path = "/api/executions/{id}/calls", operation_id = "get_execution_calls",
    tag = "executions", params(("id" = ExecutionId, Path)), responses((status = 200, body = CallList), Reads))]
pub(crate) async fn calls(
    State(state): State<ApiState>,
    may::ReadExecutions(auth): may::ReadExecutions,
    Path(id): Path<ExecutionId>,
) -> ApiResult<Json<CallList>> {
    let attempts = executions::calls(&auth.org(&state), id).await?.into_iter();
    let attempts = attempts.map(|(attempt, calls)| AttemptCalls {
        attempt,
        calls: calls.kept,
        left_out: calls.left_out,
    });
    Ok(Json(CallList { attempts: attempts.collect() }))
}
