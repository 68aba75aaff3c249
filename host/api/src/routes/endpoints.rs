//! Which workflows are reached over plain HTTP, and by whom.

use crate::auth::may;
use crate::extract::{Input, Path};
use crate::problem::ApiResult;
use crate::responses::{Reads, Writes};
use crate::service::run;
use crate::state::ApiState;
use axum::Json;
use axum::extract::State;
use bifrost_core::endpoint::{DEADLINE_SECONDS, RATE_PER_MINUTE};
use bifrost_core::{
    EndpointId, EndpointMode, EndpointSource, Error, OrganizationId, UserId, Verb, WorkflowId,
};
use bifrost_store::endpoints::{self, Endpoint, Settings};
use bifrost_store::workflows;
use chrono::{DateTime, Utc};
use http::StatusCode;
use serde::{Deserialize, Serialize};

/// A path at which a workflow answers plain HTTP.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct EndpointView {
    id: EndpointId,
    organization_id: OrganizationId,
    workflow_id: WorkflowId,
    workflow_name: String,
    /// `decorator` follows the workspace's code, which says its methods and its mode; everything
    /// else is for people to decide.
    source: EndpointSource,
    slug: String,
    /// Where it is reached, below the platform's address.
    path: String,
    methods: Vec<Verb>,
    /// `sync` answers what the workflow returns, `async` the id of the run.
    mode: EndpointMode,
    /// With `sync`: how long an answer waits for the run; then it is 202, and the run goes on.
    deadline_seconds: u32,
    /// True: no key is asked for.
    public: bool,
    rate_per_minute: u32,
    /// False: as if it were not there.
    enabled: bool,
    created_by: UserId,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

impl From<Endpoint> for EndpointView {
    fn from(endpoint: Endpoint) -> Self {
        let path = endpoint.path();
        let settings = endpoint.settings;
        Self {
            id: endpoint.id,
            organization_id: endpoint.organization_id,
            workflow_id: endpoint.workflow_id,
            workflow_name: endpoint.workflow_name,
            source: endpoint.source,
            path,
            slug: settings.slug,
            methods: settings.methods,
            mode: settings.mode,
            deadline_seconds: settings.deadline_seconds,
            public: settings.is_public,
            rate_per_minute: settings.rate_per_minute,
            enabled: settings.is_enabled,
            created_by: endpoint.created_by,
            created_at: endpoint.created_at,
            updated_at: endpoint.updated_at,
        }
    }
}

/// All endpoints, by slug.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct EndpointList {
    endpoints: Vec<EndpointView>,
}

/// An endpoint to make.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewEndpoint {
    /// The workflow's id, its name, or `path::function`.
    workflow_id: String,
    /// The last part of its path: a-z, 0-9, `-` and `_`.
    slug: String,
    /// `POST` if absent.
    #[serde(default)]
    methods: Option<Vec<Verb>>,
    /// `sync` if absent.
    #[serde(default)]
    mode: Option<EndpointMode>,
    /// At most 600; 30 if absent.
    #[serde(default)]
    deadline_seconds: Option<u32>,
    /// True: whoever knows the address may call it. Then `confirm_public` has to be true as well.
    #[serde(default)]
    public: bool,
    /// Says that `public` is meant.
    #[serde(default)]
    confirm_public: bool,
    /// At most 60,000; 600 if absent.
    #[serde(default)]
    rate_per_minute: Option<u32>,
    /// False: not yet.
    #[serde(default)]
    enabled: Option<bool>,
}

/// What to change; what is absent stays.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ChangeEndpoint {
    slug: Option<String>,
    methods: Option<Vec<Verb>>,
    mode: Option<EndpointMode>,
    deadline_seconds: Option<u32>,
    /// True: whoever knows the address may call it. Then `confirm_public` has to be true as well.
    public: Option<bool>,
    /// Says that `public` is meant.
    #[serde(default)]
    confirm_public: bool,
    rate_per_minute: Option<u32>,
    enabled: Option<bool>,
}

/// Lists the endpoints of the organization.
#[utoipa::path(get, path = "/api/endpoints", operation_id = "list_endpoints", tag = "endpoints",
    responses((status = 200, body = EndpointList), Reads))]
pub(crate) async fn list(
    State(state): State<ApiState>,
    may::ManageWebhooks(auth): may::ManageWebhooks,
) -> ApiResult<Json<EndpointList>> {
    let all = endpoints::list(&auth.org(&state)).await?;
    Ok(Json(EndpointList { endpoints: all.into_iter().map(Into::into).collect() }))
}

/// Lets a workflow be reached at a path of the organization.
#[utoipa::path(post, path = "/api/endpoints", operation_id = "create_endpoint", tag = "endpoints",
    request_body = NewEndpoint, responses((status = 201, body = EndpointView), Writes))]
pub(crate) async fn create(
    State(state): State<ApiState>,
    may::ManageWebhooks(auth): may::ManageWebhooks,
    Input(body): Input<NewEndpoint>,
) -> ApiResult<(StatusCode, Json<EndpointView>)> {
    confirmed(body.public, body.confirm_public)?;
    let org = auth.org(&state);
    let workflow = workflows::find(&org, &body.workflow_id).await?;
    run::allow(&state, &auth, &workflow).await?;
    let settings = Settings {
        slug: body.slug,
        methods: body.methods.unwrap_or_else(|| vec![Verb::Post]),
        mode: body.mode.unwrap_or(EndpointMode::Sync),
        deadline_seconds: body.deadline_seconds.unwrap_or(DEADLINE_SECONDS),
        is_public: body.public,
        rate_per_minute: body.rate_per_minute.unwrap_or(RATE_PER_MINUTE),
        is_enabled: body.enabled.unwrap_or(true),
    };
    let made = endpoints::create(&org, workflow.id, settings, auth.caller.user).await?;
    Ok((StatusCode::CREATED, Json(made.into())))
}

/// One endpoint.
#[utoipa::path(get, path = "/api/endpoints/{id}", operation_id = "get_endpoint", tag = "endpoints",
    params(("id" = EndpointId, Path)), responses((status = 200, body = EndpointView), Reads))]
pub(crate) async fn get(
    State(state): State<ApiState>,
    may::ManageWebhooks(auth): may::ManageWebhooks,
    Path(id): Path<EndpointId>,
) -> ApiResult<Json<EndpointView>> {
    Ok(Json(endpoints::get(&auth.org(&state), id).await?.into()))
}

/// Changes an endpoint; for another workflow, make another. 409 `endpoint_from_code` for what code says.
#[utoipa::path(patch, path = "/api/endpoints/{id}", operation_id = "update_endpoint", tag = "endpoints",
    params(("id" = EndpointId, Path)), request_body = ChangeEndpoint,
    responses((status = 200, body = EndpointView), Writes))]
pub(crate) async fn update(
    State(state): State<ApiState>,
    may::ManageWebhooks(auth): may::ManageWebhooks,
    Path(id): Path<EndpointId>,
    Input(body): Input<ChangeEndpoint>,
) -> ApiResult<Json<EndpointView>> {
    confirmed(body.public == Some(true), body.confirm_public)?;
    let change = move |old: Settings| Settings {
        slug: body.slug.unwrap_or(old.slug),
        methods: body.methods.unwrap_or(old.methods),
        mode: body.mode.unwrap_or(old.mode),
        deadline_seconds: body.deadline_seconds.unwrap_or(old.deadline_seconds),
        is_public: body.public.unwrap_or(old.is_public),
        rate_per_minute: body.rate_per_minute.unwrap_or(old.rate_per_minute),
        is_enabled: body.enabled.unwrap_or(old.is_enabled),
    };
    Ok(Json(endpoints::update(&auth.org(&state), id, change).await?.into()))
}

/// Takes an endpoint away; its runs stay. 409 `endpoint_from_code` for one from a decorator.
#[utoipa::path(delete, path = "/api/endpoints/{id}", operation_id = "delete_endpoint", tag = "endpoints",
    params(("id" = EndpointId, Path)), responses((status = 204, description = "Gone"), Writes))]
pub(crate) async fn delete(
    State(state): State<ApiState>,
    may::ManageWebhooks(auth): may::ManageWebhooks,
    Path(id): Path<EndpointId>,
) -> ApiResult<StatusCode> {
    endpoints::delete(&auth.org(&state), id).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn confirmed(is_public: bool, is_meant: bool) -> Result<(), Error> {
    if !is_public || is_meant {
        return Ok(());
    }
    let message =
        "a public endpoint runs its workflow for whoever knows the address: say `confirm_public: true`";
    Err(Error::invalid("confirm_public", message))
}
