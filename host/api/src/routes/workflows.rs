//! What can be run.

use crate::auth::Auth;
use crate::extract::{Path, Query};
use crate::problem::ApiResult;
use crate::responses::Reads;
use crate::service::run;
use crate::state::ApiState;
use axum::Json;
use axum::extract::State;
use bifrost_core::{
    EndpointMode, OrganizationId, Parameter, Permission, Verb, VersionId, WorkflowId, WorkflowKind,
    parameters_schema,
};
use bifrost_store::endpoints::{self, Endpoint};
use bifrost_store::grants::{self, TargetKind};
use bifrost_store::workflows::{self, Workflow};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListQuery {
    /// Words in the name, the description or a tag; case does not matter.
    search: Option<String>,
    /// Only of this category.
    category: Option<String>,
    /// Only of this kind.
    kind: Option<WorkflowKind>,
}

/// Where a workflow answers plain HTTP.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct WorkflowEndpoint {
    /// Below the platform's address.
    path: String,
    methods: Vec<Verb>,
    /// `sync` answers what the workflow returns, `async` the id of the run.
    mode: EndpointMode,
    /// True: no key is asked for.
    public: bool,
}

/// A workflow, tool or data provider.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct WorkflowView {
    /// Stable over deployments.
    id: WorkflowId,
    /// `path::function`.
    function_id: String,
    /// The owner; `null` for a global one.
    organization_id: Option<OrganizationId>,
    /// The version that runs now.
    version_id: VersionId,
    /// File, relative to the workspace.
    path: String,
    /// Name of the function.
    function: String,
    /// Line of the definition.
    line: u32,
    /// Unique within the workspace.
    name: String,
    /// For people.
    description: String,
    /// What it is for.
    kind: WorkflowKind,
    /// For lists.
    category: String,
    /// For search.
    tags: Vec<String>,
    /// In the order of the signature.
    parameters: Vec<Parameter>,
    /// What it takes as JSON Schema 2020-12, such as forms are drawn from; left out of lists.
    /// `x-data-provider` names where the choices of a parameter come from.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    parameters_schema: Option<Value>,
    /// Where it answers plain HTTP for the organization; left out of lists.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    endpoints: Vec<WorkflowEndpoint>,
    /// What the decorator registered, such as `timeout_seconds`.
    #[schema(value_type = Object)]
    defaults: Map<String, Value>,
    /// False: switched off, it does not start.
    is_active: bool,
    /// First deployed.
    created_at: DateTime<Utc>,
    /// Last changed by a deployment.
    updated_at: DateTime<Utc>,
}

/// All that can be run, by name.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct WorkflowList {
    workflows: Vec<WorkflowView>,
}

impl From<Endpoint> for WorkflowEndpoint {
    fn from(endpoint: Endpoint) -> Self {
        Self {
            path: endpoint.path(),
            methods: endpoint.settings.methods,
            mode: endpoint.settings.mode,
            public: endpoint.settings.is_public,
        }
    }
}

impl From<Workflow> for WorkflowView {
    fn from(workflow: Workflow) -> Self {
        let info = workflow.info;
        Self {
            id: workflow.id,
            function_id: info.id,
            organization_id: workflow.organization_id,
            version_id: workflow.version_id,
            path: info.path,
            function: info.function,
            line: info.line,
            name: info.name,
            description: info.description,
            kind: info.kind,
            category: info.category,
            tags: info.tags,
            parameters: info.parameters,
            parameters_schema: None,
            endpoints: Vec::new(),
            defaults: info.defaults,
            is_active: workflow.is_active,
            created_at: workflow.created_at,
            updated_at: workflow.updated_at,
        }
    }
}

impl ListQuery {
    fn matches(&self, workflow: &Workflow) -> bool {
        let info = &workflow.info;
        let category = self.category.as_deref().unwrap_or_default();
        let text = format!("{} {} {}", info.name, info.description, info.tags.join(" ")).to_lowercase();
        let search = self.search.as_deref().unwrap_or_default().to_lowercase();
        (category.is_empty() || info.category.eq_ignore_ascii_case(category))
            && self.kind.is_none_or(|kind| info.kind == kind)
            && search.split_whitespace().all(|word| text.contains(word))
    }
}

/// Lists what the caller may run: of the organization's own workflows and the global ones.
#[utoipa::path(get, path = "/api/workflows", operation_id = "list_workflows", tag = "workflows",
    params(ListQuery), responses((status = 200, body = WorkflowList), Reads))]
pub(crate) async fn list(
    State(state): State<ApiState>,
    auth: Auth,
    Query(query): Query<ListQuery>,
) -> ApiResult<Json<WorkflowList>> {
    let org = auth.org(&state);
    let mut all = workflows::list(&org).await?;
    if !auth.may(Permission::RunWorkflows) {
        let given = grants::of_caller(&org, &auth.caller, TargetKind::Workflow).await?;
        all.retain(|workflow| given.contains(&workflow.id.0));
    }
    let workflows = all.into_iter().filter(|workflow| query.matches(workflow)).map(Into::into).collect();
    Ok(Json(WorkflowList { workflows }))
}

/// One workflow.
#[utoipa::path(get, path = "/api/workflows/{id}", operation_id = "get_workflow", tag = "workflows",
    params(("id" = String, Path, description = "Id, name, or path::function; percent-encoded")),
    responses((status = 200, body = WorkflowView), Reads))]
pub(crate) async fn get(
    State(state): State<ApiState>,
    auth: Auth,
    Path(id): Path<String>,
) -> ApiResult<Json<WorkflowView>> {
    let workflow = run::resolve(&state, &auth, &id).await?;
    let parameters_schema = Some(parameters_schema::schema(&workflow.info));
    let endpoints = endpoints::enabled_of(&auth.org(&state), workflow.id).await?;
    let endpoints = endpoints.into_iter().map(Into::into).collect();
    Ok(Json(WorkflowView { parameters_schema, endpoints, ..workflow.into() }))
}
