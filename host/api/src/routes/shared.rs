//! Folders of the provider's workspace that organizations import. Sharing a folder discloses
//! its source, so the switch has to be told that this is meant.

use crate::auth::may;
use crate::extract::Input;
use crate::problem::{ApiError, ApiResult};
use crate::responses::{Reads, Writes};
use crate::service::shared::{self, Impact};
use crate::service::source;
use crate::state::ApiState;
use axum::Json;
use axum::extract::State;
use bifrost_core::{Error, OrganizationId, Scope, Source};
use bifrost_store::workspaces;
use http::StatusCode;
use serde::{Deserialize, Serialize};

/// What is shared.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct SharedView {
    /// Folders of the provider's workspace.
    folders: Vec<String>,
    /// Their files: what every organization can import, and everybody who may read its
    /// workspace can read.
    files: Vec<String>,
    /// Identity of these files; `null` when there are none.
    hash: Option<String>,
}

/// What to share.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SetShared {
    /// All folders to share, such as `modules`; relative to the provider's workspace.
    folders: Vec<String>,
    /// Must be true to share a folder that is not shared yet: its source is disclosed to every
    /// organization, for good. A version that contains it can be read later, too.
    #[serde(default)]
    disclose_source: bool,
    /// Also when workspaces of organizations break by it.
    #[serde(default)]
    force: bool,
    /// Only tell what it would do.
    #[serde(default)]
    dry_run: bool,
}

/// What the switch did, or would do.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct SharedAnswer {
    #[serde(flatten)]
    shared: SharedView,
    /// Files that are disclosed by it and were not before.
    disclosed: Vec<String>,
    /// What it does to the workspaces of organizations.
    dependants: Vec<Impact>,
    /// Organizations that got a new version by it.
    refreshed: Vec<OrganizationId>,
}

/// What the provider shares; for everybody who may read a workspace.
#[utoipa::path(get, path = "/api/workspace/shared", operation_id = "get_shared_folders", tag = "workspace",
    responses((status = 200, body = SharedView), Reads))]
pub(crate) async fn get(
    State(state): State<ApiState>,
    may::ReadWorkspace(auth): may::ReadWorkspace,
) -> ApiResult<Json<SharedView>> {
    let shared = workspaces::shared(&auth.scoped(&state)).await?;
    let files = shared::files(&state, &shared).await?;
    let files = files.files().keys().cloned().collect();
    Ok(Json(SharedView { folders: shared.folders, files, hash: shared.hash }))
}

/// Sets which folders of the provider's workspace organizations can import. This discloses
/// the source of these folders to all of them. An organization's own file wins over a shared
/// one with the same path. All workspaces are built with the change before it goes live.
#[utoipa::path(put, path = "/api/workspace/shared", operation_id = "set_shared_folders", tag = "workspace",
    request_body = SetShared, responses((status = 200, body = SharedAnswer), Writes))]
pub(crate) async fn put(
    State(state): State<ApiState>,
    may::DeployWorkspace(auth): may::DeployWorkspace,
    Input(body): Input<SetShared>,
) -> ApiResult<Json<SharedAnswer>> {
    if auth.scope != Scope::Global {
        let message = "only folders of the provider's workspace can be shared".into();
        return Err(Error::Conflict { code: "not_the_provider", message }.into());
    }
    let old = workspaces::shared(&auth.scoped(&state)).await?;
    let folders = workspaces::checked_folders(body.folders)?;
    let added = folders.iter().any(|folder| !old.folders.contains(folder));
    if added && !body.disclose_source && !body.dry_run {
        let detail = "sharing discloses the source of these folders to every organization; \
            confirm it with `disclose_source: true`";
        return Err(ApiError::new(StatusCode::UNPROCESSABLE_ENTITY, "discloses_source", detail)
            .with_field("disclose_source"));
    }
    let source = match &old.version {
        Some(version) => source::load(&state, &version.own_key).await?,
        None => Source::default(),
    };
    let (before, after) = (source.part(&old.folders), source.part(&folders));
    let hash = shared::hash_of(&source, &folders);
    let disclosed =
        after.files().keys().filter(|path| !before.files().contains_key(*path)).cloned().collect();
    let dependants = if hash == old.hash { vec![] } else { shared::rehearse(&state, &after).await? };
    let mut refreshed = vec![];
    if !body.dry_run {
        if !body.force {
            shared::refuse_breakage(&dependants)?;
        }
        let active = old.version.as_ref().map(|version| version.id);
        workspaces::set_shared(&auth.db(&state), folders.clone(), hash.clone(), active).await?;
        refreshed = shared::settle(&state, &auth).await;
    }
    let shared = SharedView { folders, files: after.files().keys().cloned().collect(), hash };
    Ok(Json(SharedAnswer { shared, disclosed, dependants, refreshed }))
}
