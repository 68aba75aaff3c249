//! Settings and secrets. A secret can be written, deleted and shared, never read.

use crate::auth::{Auth, may};
use crate::extract::{Input, Path};
use crate::problem::ApiResult;
use crate::responses::{Reads, Writes};
use crate::state::ApiState;
use axum::Json;
use axum::extract::State;
use bifrost_core::{ConfigType, Error, OrganizationId, UserId};
use bifrost_store::config::{self, Entry, NewEntry};
use chrono::{DateTime, Utc};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A setting.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct ConfigEntry {
    key: String,
    /// Always `null` for a secret.
    value: Option<Value>,
    #[serde(rename = "type")]
    kind: ConfigType,
    is_secret: bool,
    /// True for a global secret that an organization's own workspace may read: this one,
    /// or in the global scope any.
    shared: bool,
    /// True for an own value that hides a global one, which is in force again once this one
    /// is deleted.
    overrides: bool,
    /// For people.
    description: Option<String>,
    /// The owner; `null` for a global one, which is the fallback for all.
    organization_id: Option<OrganizationId>,
    updated_at: DateTime<Utc>,
    updated_by: Option<UserId>,
}

/// All settings, by key.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct ConfigList {
    config: Vec<ConfigEntry>,
}

/// What to set.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SetConfig {
    /// Any JSON that the type allows.
    value: Value,
    /// If absent: as it was where the value fits, and a secret stays one; else the
    /// narrowest type of the value.
    #[serde(default, rename = "type")]
    kind: Option<ConfigType>,
    /// The same as the type `secret`: keeps it encrypted, and never shows it again.
    #[serde(default)]
    is_secret: bool,
    /// For people.
    #[serde(default)]
    description: Option<String>,
}

impl SetConfig {
    fn kind(&self) -> Result<Option<ConfigType>, Error> {
        match (self.is_secret, self.kind) {
            (true, None | Some(ConfigType::Secret)) => Ok(Some(ConfigType::Secret)),
            (true, Some(_)) => Err(Error::invalid("type", "`is_secret` says that it is a secret")),
            (false, kind) => Ok(kind),
        }
    }
}

impl From<Entry> for ConfigEntry {
    fn from(entry: Entry) -> Self {
        let is_secret = entry.is_secret();
        Self {
            key: entry.key,
            value: entry.value.filter(|_| !is_secret),
            kind: entry.kind,
            is_secret,
            shared: entry.shared,
            overrides: entry.overrides,
            description: entry.description,
            organization_id: entry.scope.organization(),
            updated_at: entry.updated_at,
            updated_by: entry.updated_by,
        }
    }
}

/// Lists settings: the scope's own, and global ones that they do not hide.
#[utoipa::path(get, path = "/api/config", operation_id = "list_config", tag = "config",
    responses((status = 200, body = ConfigList), Reads))]
pub(crate) async fn list(
    State(state): State<ApiState>,
    may::ReadConfig(auth): may::ReadConfig,
) -> ApiResult<Json<ConfigList>> {
    let entries = config::list(&auth.scoped(&state)).await?;
    Ok(Json(ConfigList { config: entries.into_iter().map(Into::into).collect() }))
}

/// One setting.
#[utoipa::path(get, path = "/api/config/{key}", operation_id = "get_config", tag = "config",
    params(("key" = String, Path)), responses((status = 200, body = ConfigEntry), Reads))]
pub(crate) async fn get(
    State(state): State<ApiState>,
    may::ReadConfig(auth): may::ReadConfig,
    Path(key): Path<String>,
) -> ApiResult<Json<ConfigEntry>> {
    Ok(Json(find(&state, &auth, &key).await?))
}

/// Sets a value or a secret of the scope.
#[utoipa::path(put, path = "/api/config/{key}", operation_id = "set_config", tag = "config",
    params(("key" = String, Path)), request_body = SetConfig, responses((status = 200, body = ConfigEntry), Writes))]
pub(crate) async fn put(
    State(state): State<ApiState>,
    may::WriteConfig(auth): may::WriteConfig,
    Path(key): Path<String>,
    Input(body): Input<SetConfig>,
) -> ApiResult<Json<ConfigEntry>> {
    let entry = NewEntry {
        key: key.clone(),
        kind: body.kind()?,
        value: body.value,
        description: body.description,
        updated_by: Some(auth.caller.user),
    };
    config::set(&auth.scoped(&state), &state.keyring, entry).await?;
    Ok(Json(find(&state, &auth, &key).await?))
}

/// Deletes a setting of the scope; of a global secret also whom it was shared with.
#[utoipa::path(delete, path = "/api/config/{key}", operation_id = "delete_config", tag = "config",
    params(("key" = String, Path)), responses((status = 204, description = "Gone"), Reads))]
pub(crate) async fn delete(
    State(state): State<ApiState>,
    may::WriteConfig(auth): may::WriteConfig,
    Path(key): Path<String>,
) -> ApiResult<StatusCode> {
    if !config::delete(&auth.scoped(&state), &key).await? {
        return Err(Error::NotFound("config key").into());
    }
    Ok(StatusCode::NO_CONTENT)
}

/// By way of the list, which never decrypts anything.
async fn find(state: &ApiState, auth: &Auth, key: &str) -> Result<ConfigEntry, Error> {
    let entries = config::list(&auth.scoped(state)).await?;
    entries.into_iter().find(|entry| entry.key == key).map(Into::into).ok_or(Error::NotFound("config key"))
}
