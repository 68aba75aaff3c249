//! Runs of code that is not deployed, streamed as lines of JSON while they run.

use crate::auth::may;
use crate::extract::Input;
use crate::layers::NDJSON;
use crate::problem::{self, ApiError, ApiResult};
use crate::responses::Writes;
use crate::service;
use crate::state::ApiState;
use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use bifrost_core::ports::DraftRequest;
use bifrost_core::{Error, LogLine, Outcome, Permission, Scope};
use bifrost_store::audit::{self, Event};
use bifrost_store::{organizations, workspaces};
use bytes::Bytes;
use futures::StreamExt;
use http::{Extensions, header};
use serde::Deserialize;
use serde_json::{Value, json};
use std::convert::Infallible;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tokio_util::task::AbortOnDropHandle;

/// Lines that wait for the client before the draft waits.
const LINES: usize = 256;

/// Code to try.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct DraftBody {
    /// Unsaved files over the active version: path to base64, `null` for a deleted one.
    #[serde(default)]
    #[schema(value_type = std::collections::HashMap<String, Option<String>>)]
    files: service::source::Edits,
    /// `path::function`.
    workflow: String,
    /// Parameters by name.
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    input_data: Option<Value>,
}

enum Item {
    Log(LogLine),
    End(Result<Outcome, Error>),
}

/// Runs code without deploying it. The answer is NDJSON: `{"type":"log",...}` lines as
/// they come, then one `{"type":"outcome",...}`, or `{"type":"error",...}` when the
/// server failed. Closing the connection ends the draft.
#[utoipa::path(post, path = "/api/drafts", operation_id = "run_draft", tag = "workspace", request_body = DraftBody,
    responses((status = 200, description = "Lines of JSON", content_type = "application/x-ndjson", body = String), Writes))]
pub(crate) async fn draft(
    State(state): State<ApiState>,
    may::DraftWorkspace(auth): may::DraftWorkspace,
    extensions: Extensions,
    Input(body): Input<DraftBody>,
) -> ApiResult<Response> {
    let parameters = body.input_data.unwrap_or_else(|| json!({}));
    if !parameters.is_object() {
        return Err(Error::invalid("input_data", "expected an object").into());
    }
    if !body.workflow.contains("::") {
        return Err(Error::invalid("workflow", "expected path::function").into());
    }
    let scoped = auth.scoped(&state);
    let organization = organizations::get(&state.db.system(), auth.organization()).await?;
    if !organization.is_active {
        let message = "this organization is not active".into();
        return Err(Error::Conflict { code: "organization_inactive", message }.into());
    }
    if organization.requires_review && auth.scope != Scope::Global {
        // Otherwise a draft would be the way around the review.
        auth.need(Permission::ReviewWorkspace)?;
    }
    let active = workspaces::active_version(&scoped).await?;
    let mut own = service::source::edited(&state, active.as_ref(), body.files).await?;
    service::packages::settle(&state, &auth, &mut own, false).await?;
    let source = service::shared::whole(&state, &scoped, auth.scope, own).await?.source;
    let limits = service::run::limits(&state, &auth).await?;
    let event = Event::new("draft.run").target("draft", &body.workflow).within(auth.organization());
    audit::note(&auth.db(&state), event).await?;
    let request = DraftRequest {
        source,
        workflow: body.workflow,
        parameters,
        scope: auth.scope,
        caller: auth.caller,
        limits,
    };
    stream(state, request, problem::request_id(&extensions)).await
}

/// Starts the draft; a refusal before the first line is still an error of the request.
async fn stream(state: ApiState, request: DraftRequest, request_id: String) -> ApiResult<Response> {
    let (items, mut received) = mpsc::channel(LINES);
    let task = AbortOnDropHandle::new(tokio::spawn(async move {
        let (logs, mut lines) = mpsc::channel(LINES);
        let ends = items.clone();
        let forward = async move {
            while let Some(line) = lines.recv().await {
                if items.send(Item::Log(line)).await.is_err() {
                    break;
                }
            }
        };
        let (outcome, ()) = tokio::join!(state.worker.draft(request, logs), forward);
        let _ = ends.send(Item::End(outcome)).await;
    }));
    let first = match received.recv().await {
        Some(Item::End(Err(error))) => return Err(error.into()),
        Some(first) => first,
        None => return Err(ApiError::internal(anyhow::anyhow!("a draft ended without an outcome"))),
    };
    let lines = futures::stream::iter([first]).chain(ReceiverStream::new(received)).map(move |item| {
        // The draft lives as long as somebody reads.
        let _alive = &task;
        Ok::<_, Infallible>(line(item, &request_id))
    });
    Ok(([(header::CONTENT_TYPE, NDJSON)], Body::from_stream(lines)).into_response())
}

fn line(item: Item, request_id: &str) -> Bytes {
    let (kind, value) = match item {
        Item::Log(line) => ("log", json!(line)),
        Item::End(Ok(outcome)) => ("outcome", json!(outcome)),
        Item::End(Err(error)) => ("error", json!(ApiError::from(error).problem(request_id))),
    };
    let mut value = value;
    // A problem's own `type` is a URI that says no more than its `code`.
    value["type"] = kind.into();
    let mut text = value.to_string();
    text.push('\n');
    text.into()
}
