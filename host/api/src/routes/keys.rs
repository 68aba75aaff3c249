//! Keys, and who the caller is.

use crate::auth::{Auth, may};
use crate::extract::{Input, Path};
use crate::problem::ApiResult;
use crate::responses::{Reads, Writes};
use crate::service::people;
use crate::state::ApiState;
use axum::Json;
use axum::extract::State;
use bifrost_core::{Error, KeyId, OrganizationId, Permission, Permissions, Role, UserId};
use bifrost_store::identity::{self, ApiKey, NewKey};
use bifrost_store::organizations;
use bifrost_store::users::{self, Filters, NewUser};
use chrono::{DateTime, Utc};
use http::StatusCode;
use serde::{Deserialize, Serialize};

/// A key, without its text.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct KeyView {
    id: KeyId,
    /// The organization that it opens.
    organization_id: OrganizationId,
    /// In whose name it acts.
    user_id: UserId,
    /// For people.
    name: String,
    /// Its first characters.
    prefix: String,
    /// The most that it is, whatever its holder is.
    role: Role,
    /// What it allows; `null` for everything that its holder may do.
    permissions: Option<Permissions>,
    created_at: DateTime<Utc>,
    /// From when on it is refused.
    expires_at: Option<DateTime<Utc>>,
    /// Since when it is refused.
    revoked_at: Option<DateTime<Utc>>,
    /// Exact to a minute.
    last_used_at: Option<DateTime<Utc>>,
}

/// All keys of the organization, newest first.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct KeyList {
    keys: Vec<KeyView>,
}

/// A new key of the organization.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CreateKey {
    /// In whose name it acts; the user is made if the organization has none with this e-mail.
    email: String,
    /// Name of a user that is made; the e-mail if absent.
    #[serde(default)]
    user_name: Option<String>,
    /// Name of the key, for people.
    name: String,
    /// The most that it is, whatever its holder is. `platform_admin` only within the provider's
    /// organization.
    role: Role,
    /// What it allows; everything that its holder may do if absent.
    #[serde(default)]
    permissions: Option<Permissions>,
    /// From when on it is refused.
    #[serde(default)]
    expires_at: Option<DateTime<Utc>>,
}

/// A new key, with its text: this once.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct CreatedKey {
    #[serde(flatten)]
    details: KeyView,
    /// The key itself. It is not kept and cannot be shown again.
    key: String,
}

/// Who the caller is.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct Me {
    user_id: UserId,
    email: String,
    name: String,
    role: Role,
    /// What the caller may do with this key or session.
    permissions: Permissions,
    /// The organization of the key.
    organization_id: OrganizationId,
    /// Its name.
    organization_name: String,
    /// The organization that this request is about; `null` for global.
    scope: Option<OrganizationId>,
}

impl From<ApiKey> for KeyView {
    fn from(key: ApiKey) -> Self {
        Self {
            id: key.id,
            organization_id: key.organization_id,
            user_id: key.user_id,
            name: key.name,
            prefix: key.prefix,
            role: key.role,
            permissions: key.permissions,
            created_at: key.created_at,
            expires_at: key.expires_at,
            revoked_at: key.revoked_at,
            last_used_at: key.last_used_at,
        }
    }
}

/// Lists the keys of the organization, revoked ones too.
#[utoipa::path(get, path = "/api/keys", operation_id = "list_keys", tag = "keys",
    responses((status = 200, body = KeyList), Reads))]
pub(crate) async fn list(
    State(state): State<ApiState>,
    may::ManageKeys(auth): may::ManageKeys,
) -> ApiResult<Json<KeyList>> {
    let keys = identity::list_keys(&auth.org(&state)).await?;
    Ok(Json(KeyList { keys: keys.into_iter().map(Into::into).collect() }))
}

/// Makes a key in the organization. The answer holds its text, this once. Nobody can give more
/// than they have.
#[utoipa::path(post, path = "/api/keys", operation_id = "create_key", tag = "keys", request_body = CreateKey,
    responses((status = 201, body = CreatedKey), Writes))]
pub(crate) async fn create(
    State(state): State<ApiState>,
    may::ManageKeys(auth): may::ManageKeys,
    Input(body): Input<CreateKey>,
) -> ApiResult<(StatusCode, Json<CreatedKey>)> {
    let org = auth.org(&state);
    let filters = Filters { email: Some(body.email.clone()), ..Filters::default() };
    let user = match users::list(&org, filters).await?.pop() {
        Some(user) => user,
        None => {
            auth.need(Permission::ManageUsers)?;
            people::may_give(&auth, body.role.permissions())?;
            let name = body.user_name.as_deref().unwrap_or_default();
            users::create(&org, NewUser::person(&body.email, name, body.role)).await?
        }
    };
    if body.role > user.role {
        let message = format!("{} is {} and no more", user.email, user.role.as_str());
        return Err(Error::invalid("role", message).into());
    }
    // What the key will allow, now.
    let mut holder = identity::caller(&state.db, user.id).await?.ok_or(Error::NotFound("user"))?;
    if let Some(ceiling) = body.permissions {
        holder = holder.within(ceiling);
    }
    people::may_give(&auth, holder.permissions)?;
    let new = NewKey {
        user: user.id,
        name: body.name,
        role: body.role,
        permissions: body.permissions,
        expires_at: body.expires_at,
    };
    let (details, key) = identity::create_key(&org, new).await?;
    Ok((StatusCode::CREATED, Json(CreatedKey { details: details.into(), key })))
}

/// Revokes a key of the organization.
#[utoipa::path(delete, path = "/api/keys/{id}", operation_id = "delete_key", tag = "keys",
    params(("id" = KeyId, Path)), responses((status = 204, description = "Revoked"), Reads))]
pub(crate) async fn delete(
    State(state): State<ApiState>,
    may::ManageKeys(auth): may::ManageKeys,
    Path(id): Path<KeyId>,
) -> ApiResult<StatusCode> {
    identity::revoke_key(&auth.org(&state), id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Who the caller's key stands for.
#[utoipa::path(get, path = "/api/me", operation_id = "me", tag = "keys",
    responses((status = 200, body = Me), Reads))]
pub(crate) async fn me(State(state): State<ApiState>, auth: Auth) -> ApiResult<Json<Me>> {
    let scope = auth.scope.organization();
    let caller = auth.caller;
    let own = state.db.org(caller.organization);
    let organization = organizations::get(&own, caller.organization).await?;
    Ok(Json(Me {
        user_id: caller.user,
        email: caller.email,
        name: caller.name,
        role: caller.role,
        permissions: caller.permissions,
        organization_id: caller.organization,
        organization_name: organization.name,
        scope,
    }))
}
