//! Calls of endpoints. With a key a run is its holder's; at a public endpoint it is the
//! workflow's own, with the least rights. A cookie counts for nothing here.

use super::execute::idempotency_key;
use crate::auth::Auth;
use crate::credential::Credential;
use crate::extract::Path;
use crate::origin::Origin;
use crate::problem::{ApiError, ApiResult, Problem};
use crate::responses::{Kept, Limited, Writes};
use crate::service::answers;
use crate::service::run::{self, Request as Run};
use crate::state::ApiState;
use axum::body::Bytes;
use axum::extract::{FromRequest, Request, State};
use axum::response::{IntoResponse, Response};
use bifrost_core::endpoint::IDENTITY;
use bifrost_core::{Caller, EndpointMode, Error, OrganizationId, Scope, Verb};
use bifrost_store::endpoints::{self, Endpoint};
use bifrost_store::webhooks::fields;
use bifrost_store::workflows::{self, Workflow};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde::Serialize;
use serde_json::{Map, Value};
use std::time::Duration;

/// A run that goes on.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct EndpointAccepted {
    execution_id: bifrost_core::ExecutionId,
    status: bifrost_core::Status,
}

/// One operation for each method; they are one to axum and five to the document.
macro_rules! calls {
    ($($name:ident $method:ident $id:literal)+) => {$(
        /// Runs the workflow of an endpoint. Query, JSON object or form are its parameters; what it
        /// returns is the answer.
        #[utoipa::path($method, path = "/api/endpoints/{id}/{slug}", operation_id = $id, tag = "endpoints",
            params(("id" = OrganizationId, Path, description = "The organization"), ("slug" = String, Path),
                ("Idempotency-Key" = Option<String>, Header, description = "Same key, same execution")),
            responses((status = 200, description = "What the workflow returned; status, headers and body are its own", body = Value),
                (status = 202, description = "The run goes on", body = EndpointAccepted),
                (status = 405, description = "Not a method of this endpoint; see `Allow`", body = Problem, content_type = "application/problem+json"),
                (status = 502, description = "The workflow failed", body = Problem, content_type = "application/problem+json"),
                (status = 504, description = "The workflow ran into its time limit", body = Problem, content_type = "application/problem+json"),
                Writes, Kept, Limited))]
        pub(crate) async fn $name(
            State(state): State<ApiState>,
            Path((id, slug)): Path<(OrganizationId, String)>,
            request: Request,
        ) -> ApiResult<Response> {
            call(state, id, slug, request).await
        }
    )+};
}

calls! {
    get get "get_from_endpoint"
    post post "post_to_endpoint"
    put put "put_to_endpoint"
    patch patch "patch_at_endpoint"
    delete delete "delete_at_endpoint"
}

async fn call(state: ApiState, id: OrganizationId, slug: String, request: Request) -> ApiResult<Response> {
    let origin = Origin::of(request.extensions());
    let (auth, endpoint, workflow) = admit(&state, id, &slug, &origin, request.headers()).await?;
    state.operations.rates.take(endpoint.id.0, endpoint.settings.rate_per_minute)?;
    if !request.method().as_str().parse::<Verb>().is_ok_and(|verb| endpoint.settings.methods.contains(&verb))
    {
        return Ok(wrong_method(&endpoint));
    }
    let key = idempotency_key(request.headers(), None)?.map(|key| format!("endpoint:{}:{key}", endpoint.id));
    let input = parameters(request, &state).await?;
    let run = Run {
        input_data: Some(Value::Object(input)),
        idempotency_key: key,
        endpoint_id: Some(endpoint.id),
        ..Run::default()
    };
    if endpoint.settings.mode == EndpointMode::Async {
        return Ok(answers::accepted(&run::start(&state, &auth, &workflow, run).await?));
    }
    let patience = Duration::from_secs(endpoint.settings.deadline_seconds.into());
    let execution = run::start_and_wait(&state, &auth, &workflow, run, patience).await?;
    Ok(if execution.status.is_terminal() { answers::ended(execution) } else { answers::accepted(&execution) })
}

/// Who calls which endpoint. Whoever shows no key learns nothing of endpoints that are not public.
async fn admit(
    state: &ApiState,
    organization: OrganizationId,
    slug: &str,
    origin: &Origin,
    headers: &HeaderMap,
) -> ApiResult<(Auth, Endpoint, Workflow)> {
    let org = state.db.org(organization);
    let endpoint = endpoints::at(&org, slug).await?;
    if let Some(endpoint) = endpoint.as_ref().filter(|endpoint| endpoint.settings.is_public) {
        let workflow = workflows::find(&org, &endpoint.workflow_id.to_string()).await?;
        let caller = Caller::service(workflow.id, organization, IDENTITY, slug);
        let actor = origin.actor(&caller);
        let scope = Scope::Organization(organization);
        let auth = Auth::new(caller, scope, actor, origin);
        return Ok((auth, endpoint.clone(), workflow));
    }
    let credential = match Credential::of(headers, state) {
        Some(key @ Credential::Key(_)) => key,
        _ => {
            state.sign_in.throttle().stranger(origin.address())?;
            return Err(Error::Unauthenticated.into());
        }
    };
    let auth = Auth::of(state, &credential, Some(&organization.to_string()), origin).await?;
    let endpoint = endpoint.ok_or(Error::NotFound("endpoint"))?;
    let workflow = workflows::find(&org, &endpoint.workflow_id.to_string()).await?;
    run::allow(state, &auth, &workflow).await?;
    Ok((auth, endpoint, workflow))
}

fn wrong_method(endpoint: &Endpoint) -> Response {
    let names: Vec<_> = endpoint.settings.methods.iter().map(|verb| verb.as_str()).collect();
    let detail = format!("this endpoint takes {}", names.join(", "));
    let error = ApiError::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", detail);
    let mut response = error.into_response();
    if let Ok(allow) = HeaderValue::try_from(names.join(", ")) {
        response.headers_mut().insert(header::ALLOW, allow);
    }
    response
}

/// The query's fields, and the body's over them.
async fn parameters(request: Request, state: &ApiState) -> ApiResult<Map<String, Value>> {
    let (parts, body) = request.into_parts();
    let mut all = fields(url::form_urlencoded::parse(parts.uri.query().unwrap_or_default().as_bytes()));
    let kind = content_type(&parts);
    let body = Bytes::from_request(Request::from_parts(parts, body), state)
        .await
        .map_err(crate::extract::body_error)?;
    if body.is_empty() {
        return Ok(all);
    }
    let given = match kind.as_str() {
        "application/x-www-form-urlencoded" => fields(url::form_urlencoded::parse(&body)),
        "application/json" => match serde_json::from_slice(&body) {
            Ok(Value::Object(given)) => given,
            Ok(_) => return Err(Error::invalid("body", "expected a JSON object of parameters").into()),
            Err(error) => {
                let detail = format!("the body is not JSON: {error}");
                return Err(ApiError::new(StatusCode::BAD_REQUEST, "not_json", detail));
            }
        },
        _ => {
            let detail = "the body must be application/json or application/x-www-form-urlencoded";
            return Err(ApiError::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "not_json", detail));
        }
    };
    all.extend(given);
    Ok(all)
}

fn content_type(parts: &Parts) -> String {
    let text =
        parts.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    text.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}
