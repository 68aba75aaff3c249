//! People and service accounts of an organization.

use crate::auth::may;
use crate::extract::{Input, Path, Query};
use crate::problem::ApiResult;
use crate::responses::{Reads, Writes};
use crate::service::people;
use crate::state::ApiState;
use axum::Json;
use axum::extract::State;
use bifrost_core::{OrganizationId, Role, RoleId, UserId};
use bifrost_store::users::{self, Filters, NewUser, RoleName, User, UserChange, UserKind};
use chrono::{DateTime, Utc};
use http::StatusCode;
use serde::{Deserialize, Serialize};

/// A person or a service account.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct UserView {
    id: UserId,
    organization_id: OrganizationId,
    kind: UserKind,
    /// The account's name for a service account.
    email: String,
    /// For people.
    name: String,
    role: Role,
    /// Roles of the organization, on top.
    roles: Vec<RoleName>,
    /// False: keys and sessions are refused.
    is_active: bool,
    created_at: DateTime<Utc>,
}

/// Users, by e-mail.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct UserList {
    users: Vec<UserView>,
}

#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListQuery {
    /// Also those that are deactivated.
    #[serde(default)]
    include_inactive: bool,
    /// Only people, or only service accounts.
    kind: Option<UserKind>,
    /// Only with this address.
    email: Option<String>,
}

/// A new person or service account.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CreateUser {
    /// For a service account its name, without `@`.
    email: String,
    /// For people; the e-mail if absent.
    #[serde(default)]
    name: String,
    #[serde(default)]
    kind: UserKind,
    /// `org_user` if absent; `platform_admin` only within the provider's organization.
    #[serde(default)]
    role: Option<Role>,
    /// Roles of the organization, on top.
    #[serde(default)]
    roles: Vec<RoleId>,
}

/// What to change; what is absent stays.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct UpdateUser {
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    role: Option<Role>,
    /// Exactly these roles of the organization.
    #[serde(default)]
    roles: Option<Vec<RoleId>>,
    /// False: keys and sessions are refused from now on.
    #[serde(default)]
    is_active: Option<bool>,
}

impl From<User> for UserView {
    fn from(user: User) -> Self {
        Self {
            id: user.id,
            organization_id: user.organization_id,
            kind: user.kind,
            email: user.email,
            name: user.name,
            role: user.role,
            roles: user.roles,
            is_active: user.is_active,
            created_at: user.created_at,
        }
    }
}

/// Lists the organization's people and service accounts.
#[utoipa::path(get, path = "/api/users", operation_id = "list_users", tag = "users", params(ListQuery),
    responses((status = 200, body = UserList), Reads))]
pub(crate) async fn list(
    State(state): State<ApiState>,
    may::ReadUsers(auth): may::ReadUsers,
    Query(query): Query<ListQuery>,
) -> ApiResult<Json<UserList>> {
    let filters = Filters { include_inactive: query.include_inactive, kind: query.kind, email: query.email };
    let users = users::list(&auth.org(&state), filters).await?;
    Ok(Json(UserList { users: users.into_iter().map(Into::into).collect() }))
}

/// Makes a person or a service account. Nobody can give more than they have.
#[utoipa::path(post, path = "/api/users", operation_id = "create_user", tag = "users", request_body = CreateUser,
    responses((status = 201, body = UserView), Writes))]
pub(crate) async fn create(
    State(state): State<ApiState>,
    may::ManageUsers(auth): may::ManageUsers,
    Input(body): Input<CreateUser>,
) -> ApiResult<(StatusCode, Json<UserView>)> {
    let role = body.role.unwrap_or(Role::OrgUser);
    people::may_give_roles(&state, &auth, role, &body.roles).await?;
    let new = NewUser { kind: body.kind, email: body.email, name: body.name, role, roles: body.roles };
    Ok((StatusCode::CREATED, Json(users::create(&auth.org(&state), new).await?.into())))
}

/// One user.
#[utoipa::path(get, path = "/api/users/{id}", operation_id = "get_user", tag = "users",
    params(("id" = UserId, Path)), responses((status = 200, body = UserView), Reads))]
pub(crate) async fn get(
    State(state): State<ApiState>,
    may::ReadUsers(auth): may::ReadUsers,
    Path(id): Path<UserId>,
) -> ApiResult<Json<UserView>> {
    Ok(Json(users::get(&auth.org(&state), id).await?.into()))
}

/// Changes a user: from its next request on. 409 `last_administrator` when the organization
/// would be left without one.
#[utoipa::path(patch, path = "/api/users/{id}", operation_id = "update_user", tag = "users",
    params(("id" = UserId, Path)), request_body = UpdateUser,
    responses((status = 200, body = UserView), Writes))]
pub(crate) async fn update(
    State(state): State<ApiState>,
    may::ManageUsers(auth): may::ManageUsers,
    Path(id): Path<UserId>,
    Input(body): Input<UpdateUser>,
) -> ApiResult<Json<UserView>> {
    let org = auth.org(&state);
    let user = users::get(&org, id).await?;
    people::may_change(&state, &auth, &user).await?;
    if body.role.is_some() || body.roles.is_some() {
        let roles = body.roles.clone().unwrap_or_else(|| user.roles.iter().map(|role| role.id).collect());
        people::may_give_roles(&state, &auth, body.role.unwrap_or(user.role), &roles).await?;
    }
    let change =
        UserChange { name: body.name, role: body.role, roles: body.roles, is_active: body.is_active };
    Ok(Json(users::update(&org, id, change, auth.caller.role).await?.into()))
}
