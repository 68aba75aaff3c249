//! Keys, and who the caller's key stands for.

use crate::auth::{Auth, PlatformAdmin};
use crate::extract::{Input, Path};
use crate::problem::ApiResult;
use crate::responses::{Reads, Writes};
use crate::state::ApiState;
use axum::Json;
use axum::extract::State;
use bifrost_core::{KeyId, OrganizationId, Role, UserId};
use bifrost_store::identity::{self, ApiKey, NewKey};
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
    role: Role,
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
    /// `platform_admin` only within the provider's organization.
    role: Role,
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
    /// The organization of the key.
    organization_id: OrganizationId,
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
    PlatformAdmin(auth): PlatformAdmin,
) -> ApiResult<Json<KeyList>> {
    let keys = identity::list_keys(&auth.org(&state)).await?;
    Ok(Json(KeyList { keys: keys.into_iter().map(Into::into).collect() }))
}

/// Makes a key in the organization. The answer holds its text, this once.
#[utoipa::path(post, path = "/api/keys", operation_id = "create_key", tag = "keys", request_body = CreateKey,
    responses((status = 201, body = CreatedKey), Writes))]
pub(crate) async fn create(
    State(state): State<ApiState>,
    PlatformAdmin(auth): PlatformAdmin,
    Input(body): Input<CreateKey>,
) -> ApiResult<(StatusCode, Json<CreatedKey>)> {
    let org = auth.org(&state);
    let email = body.email.trim().to_lowercase();
    let known = identity::list_users(&org).await?.into_iter().find(|user| user.email == email);
    let user = match known {
        Some(user) => user,
        None => identity::create_user(&org, &email, body.user_name.as_deref().unwrap_or(&email)).await?,
    };
    let new = NewKey { user: user.id, name: body.name, role: body.role, expires_at: body.expires_at };
    let (details, key) = identity::create_key(&org, new).await?;
    Ok((StatusCode::CREATED, Json(CreatedKey { details: details.into(), key })))
}

/// Revokes a key of the organization.
#[utoipa::path(delete, path = "/api/keys/{id}", operation_id = "delete_key", tag = "keys",
    params(("id" = KeyId, Path)), responses((status = 204, description = "Revoked"), Reads))]
pub(crate) async fn delete(
    State(state): State<ApiState>,
    PlatformAdmin(auth): PlatformAdmin,
    Path(id): Path<KeyId>,
) -> ApiResult<StatusCode> {
    identity::revoke_key(&auth.org(&state), id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Who the caller's key stands for.
#[utoipa::path(get, path = "/api/me", operation_id = "me", tag = "keys",
    responses((status = 200, body = Me), Reads))]
pub(crate) async fn me(auth: Auth) -> Json<Me> {
    let scope = auth.scope.organization();
    let caller = auth.caller;
    Json(Me {
        user_id: caller.user,
        email: caller.email,
        name: caller.name,
        role: caller.role,
        organization_id: caller.organization,
        scope,
    })
}
