//! Roles: named sets of permissions that an organization writes itself.

use crate::auth::may;
use crate::extract::{Input, Path};
use crate::problem::ApiResult;
use crate::responses::{Reads, Writes};
use crate::service::people;
use crate::state::ApiState;
use axum::Json;
use axum::extract::State;
use bifrost_core::{OrganizationId, Permission, Permissions, Role, RoleId};
use bifrost_store::roles::{self, CustomRole, NewRole, RoleChange};
use chrono::{DateTime, Utc};
use http::StatusCode;
use serde::{Deserialize, Serialize};

/// A role of the organization.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct RoleView {
    id: RoleId,
    organization_id: OrganizationId,
    /// Unique within the organization.
    name: String,
    /// For people.
    description: String,
    permissions: Permissions,
    /// How many users have it.
    users: i64,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

/// A role that every organization has.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct BuiltInRole {
    name: Role,
    permissions: Permissions,
}

/// A permission.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct PermissionView {
    name: Permission,
    /// For people.
    description: &'static str,
    /// True for what no role of an organization can hold.
    is_of_platform: bool,
}

/// What can be given.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct RoleList {
    /// Roles of the organization, by name.
    roles: Vec<RoleView>,
    /// Every user has one of these.
    built_in: Vec<BuiltInRole>,
    /// Every permission there is.
    permissions: Vec<PermissionView>,
}

/// A new role.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CreateRole {
    /// Unique within the organization.
    name: String,
    /// For people.
    #[serde(default)]
    description: String,
    #[serde(default)]
    permissions: Permissions,
}

/// What to change; what is absent stays.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct UpdateRole {
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    description: Option<String>,
    /// Exactly these.
    #[serde(default)]
    permissions: Option<Permissions>,
}

impl From<CustomRole> for RoleView {
    fn from(role: CustomRole) -> Self {
        Self {
            id: role.id,
            organization_id: role.organization_id,
            name: role.name,
            description: role.description,
            permissions: role.permissions,
            users: role.users,
            created_at: role.created_at,
            updated_at: role.updated_at,
        }
    }
}

/// Lists the organization's roles, the built-in ones, and all permissions.
#[utoipa::path(get, path = "/api/roles", operation_id = "list_roles", tag = "roles",
    responses((status = 200, body = RoleList), Reads))]
pub(crate) async fn list(
    State(state): State<ApiState>,
    may::ReadUsers(auth): may::ReadUsers,
) -> ApiResult<Json<RoleList>> {
    let built_in = |name: &Role| BuiltInRole { name: *name, permissions: name.permissions() };
    let permission = |name: &Permission| PermissionView {
        name: *name,
        description: name.description(),
        is_of_platform: name.is_of_platform(),
    };
    Ok(Json(RoleList {
        roles: roles::list(&auth.org(&state)).await?.into_iter().map(Into::into).collect(),
        built_in: Role::ALL.iter().map(built_in).collect(),
        permissions: Permission::ALL.iter().map(permission).collect(),
    }))
}

/// Writes a role. Nobody can give more than they have.
#[utoipa::path(post, path = "/api/roles", operation_id = "create_role", tag = "roles", request_body = CreateRole,
    responses((status = 201, body = RoleView), Writes))]
pub(crate) async fn create(
    State(state): State<ApiState>,
    may::ManageRoles(auth): may::ManageRoles,
    Input(body): Input<CreateRole>,
) -> ApiResult<(StatusCode, Json<RoleView>)> {
    people::may_give(&auth, body.permissions)?;
    let new = NewRole { name: body.name, description: body.description, permissions: body.permissions };
    Ok((StatusCode::CREATED, Json(roles::create(&auth.org(&state), new).await?.into())))
}

/// One role.
#[utoipa::path(get, path = "/api/roles/{id}", operation_id = "get_role", tag = "roles",
    params(("id" = RoleId, Path)), responses((status = 200, body = RoleView), Reads))]
pub(crate) async fn get(
    State(state): State<ApiState>,
    may::ReadUsers(auth): may::ReadUsers,
    Path(id): Path<RoleId>,
) -> ApiResult<Json<RoleView>> {
    Ok(Json(roles::get(&auth.org(&state), id).await?.into()))
}

/// Changes a role: for its users from their next request on.
#[utoipa::path(patch, path = "/api/roles/{id}", operation_id = "update_role", tag = "roles",
    params(("id" = RoleId, Path)), request_body = UpdateRole,
    responses((status = 200, body = RoleView), Writes))]
pub(crate) async fn update(
    State(state): State<ApiState>,
    may::ManageRoles(auth): may::ManageRoles,
    Path(id): Path<RoleId>,
    Input(body): Input<UpdateRole>,
) -> ApiResult<Json<RoleView>> {
    let org = auth.org(&state);
    let old = roles::get(&org, id).await?;
    people::may_give(&auth, old.permissions.or(body.permissions.unwrap_or_default()))?;
    let change = RoleChange { name: body.name, description: body.description, permissions: body.permissions };
    Ok(Json(roles::update(&org, id, change).await?.into()))
}

/// Deletes a role, and what was granted to it.
#[utoipa::path(delete, path = "/api/roles/{id}", operation_id = "delete_role", tag = "roles",
    params(("id" = RoleId, Path)), responses((status = 204, description = "Gone"), Reads))]
pub(crate) async fn delete(
    State(state): State<ApiState>,
    may::ManageRoles(auth): may::ManageRoles,
    Path(id): Path<RoleId>,
) -> ApiResult<StatusCode> {
    let org = auth.org(&state);
    people::may_give(&auth, roles::get(&org, id).await?.permissions)?;
    roles::delete(&org, id).await?;
    Ok(StatusCode::NO_CONTENT)
}
