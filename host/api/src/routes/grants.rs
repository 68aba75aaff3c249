//! Grants: one workflow or form for one user or role, without the permission for all.

use crate::auth::may;
use crate::extract::{Input, Path, Query};
use crate::problem::ApiResult;
use crate::responses::{Reads, Writes};
use crate::state::ApiState;
use axum::Json;
use axum::extract::State;
use bifrost_core::{Error, FormId, GrantId, OrganizationId, RoleId, UserId};
use bifrost_store::forms::{self, Reach};
use bifrost_store::grants::{self, Grant, Subject, TargetKind};
use bifrost_store::workflows;
use chrono::{DateTime, Utc};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// What lets somebody run one workflow or form.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct GrantView {
    id: GrantId,
    organization_id: OrganizationId,
    /// The user, if it is for one.
    user_id: Option<UserId>,
    /// The role, if it is for everybody who has it.
    role_id: Option<RoleId>,
    kind: TargetKind,
    /// The workflow or form.
    target_id: Uuid,
    created_by: Option<UserId>,
    created_at: DateTime<Utc>,
}

/// Grants, newest first.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct GrantList {
    grants: Vec<GrantView>,
}

#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListQuery {
    /// Only to this user; not what it has by its roles.
    user_id: Option<UserId>,
    /// Only to this role.
    role_id: Option<RoleId>,
    /// Only of this workflow or form.
    target_id: Option<Uuid>,
}

/// What to give, and to whom: to a user or to a role.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CreateGrant {
    #[serde(default)]
    user_id: Option<UserId>,
    #[serde(default)]
    role_id: Option<RoleId>,
    /// The workflow's id, its name, or `path::function`.
    #[serde(default)]
    workflow_id: Option<String>,
    /// The form, instead of a workflow.
    #[serde(default)]
    form_id: Option<FormId>,
}

impl From<Grant> for GrantView {
    fn from(grant: Grant) -> Self {
        let (user_id, role_id) = match grant.subject {
            Subject::User(id) => (Some(id), None),
            Subject::Role(id) => (None, Some(id)),
        };
        Self {
            id: grant.id,
            organization_id: grant.organization_id,
            user_id,
            role_id,
            kind: grant.kind,
            target_id: grant.target,
            created_by: grant.created_by,
            created_at: grant.created_at,
        }
    }
}

fn subject(user: Option<UserId>, role: Option<RoleId>) -> Result<Option<Subject>, Error> {
    match (user, role) {
        (Some(_), Some(_)) => Err(Error::invalid("role_id", "give either `user_id` or `role_id`")),
        (user, role) => Ok(user.map(Subject::User).or(role.map(Subject::Role))),
    }
}

/// Lists what was granted in the organization.
#[utoipa::path(get, path = "/api/grants", operation_id = "list_grants", tag = "roles", params(ListQuery),
    responses((status = 200, body = GrantList), Reads))]
pub(crate) async fn list(
    State(state): State<ApiState>,
    may::ReadUsers(auth): may::ReadUsers,
    Query(query): Query<ListQuery>,
) -> ApiResult<Json<GrantList>> {
    let subject = subject(query.user_id, query.role_id)?;
    let grants = grants::list(&auth.org(&state), subject, query.target_id).await?;
    Ok(Json(GrantList { grants: grants.into_iter().map(Into::into).collect() }))
}

/// Lets a user, or everybody with a role, run one workflow or use one form. Nobody can give what
/// they may not run or use themselves.
#[utoipa::path(post, path = "/api/grants", operation_id = "create_grant", tag = "roles",
    request_body = CreateGrant, responses((status = 201, body = GrantView), Writes))]
pub(crate) async fn create(
    State(state): State<ApiState>,
    may::ManageRoles(auth): may::ManageRoles,
    Input(body): Input<CreateGrant>,
) -> ApiResult<(StatusCode, Json<GrantView>)> {
    let subject = subject(body.user_id, body.role_id)?
        .ok_or_else(|| Error::invalid("user_id", "give either `user_id` or `role_id`"))?;
    let org = auth.org(&state);
    let (kind, target, is_theirs) = match (body.workflow_id, body.form_id) {
        (Some(workflow), None) => {
            let target = workflows::find(&org, &workflow).await?.id.0;
            let may = grants::may_run(&org, &auth.caller, TargetKind::Workflow, target).await?;
            (TargetKind::Workflow, target, may)
        }
        (None, Some(form)) => {
            let form = forms::get(&org, form).await?;
            (TargetKind::Form, form.id.0, Reach::of(&org, &auth.caller).await?.may_use(&form))
        }
        _ => return Err(Error::invalid("workflow_id", "give either `workflow_id` or `form_id`").into()),
    };
    if !is_theirs {
        return Err(Error::Denied("this would give what you may not run yourself".into()).into());
    }
    let grant = grants::create(&org, subject, kind, target).await?;
    Ok((StatusCode::CREATED, Json(grant.into())))
}

/// Takes a grant back, from the next request on.
#[utoipa::path(delete, path = "/api/grants/{id}", operation_id = "delete_grant", tag = "roles",
    params(("id" = GrantId, Path)), responses((status = 204, description = "Gone"), Reads))]
pub(crate) async fn delete(
    State(state): State<ApiState>,
    may::ManageRoles(auth): may::ManageRoles,
    Path(id): Path<GrantId>,
) -> ApiResult<StatusCode> {
    grants::delete(&auth.org(&state), id).await?;
    Ok(StatusCode::NO_CONTENT)
}
