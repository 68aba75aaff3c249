//! Deploying a workspace, and reading what is deployed.

use super::versions::{VersionView, WarmView, announce};
use crate::auth::{Auth, may};
use crate::extract::{Input, Path, Query};
use crate::problem::{ApiError, ApiResult};
use crate::responses::{Reads, Writes};
use crate::service::shared::{self, Impact, Whole};
use crate::service::{packages, source};
use crate::state::ApiState;
use anyhow::Context;
use axum::Json;
use axum::extract::State;
use bifrost_core::{
    Error, FileError, Package, Scope, Source, VersionId, Warning, WorkflowInfo, WorkspaceReport,
};
use bifrost_store::organizations;
use bifrost_store::workspaces::{self, Deployed, Deployment, Version};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::time::Instant;

/// Longest message of a deploy, in bytes.
const MESSAGE_BYTES: usize = 4 << 10;

/// The whole workspace, or what changes in it.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct DeployRequest {
    /// Path to content in base64: all files, not only the changed ones.
    #[serde(default)]
    #[schema(value_type = Option<std::collections::HashMap<String, String>>)]
    files: Option<source::Files>,
    /// In place of `files`, the changed ones only: path to base64, `null` for a deleted one. Needs
    /// `against`.
    #[serde(default)]
    #[schema(value_type = Option<std::collections::HashMap<String, Option<String>>>)]
    edits: Option<source::Edits>,
    /// Number of the version that this was made from, 0 for none; refused when another is active
    /// by now.
    #[serde(default)]
    against: Option<i64>,
    /// What to say about this version.
    #[serde(default)]
    message: Option<String>,
    /// Also when no file loads, when workflows that are in use would be gone, or when workspaces
    /// that import the shared folders break.
    #[serde(default)]
    force: bool,
    /// Choose packages anew, also where the requirements have not changed.
    #[serde(default)]
    upgrade: bool,
    /// Only build and report.
    #[serde(default)]
    dry_run: bool,
}

/// What a deploy did. Lists hold `path::function`.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct DeployResponse {
    /// The version that is active now, or was proposed; `null` after a dry run.
    version: Option<VersionId>,
    /// Its number within the workspace.
    number: Option<i64>,
    /// `active`, or `proposed` where somebody else has to approve it; `null` after a dry run.
    state: Option<&'static str>,
    /// False when nothing was different.
    changed: bool,
    added: Vec<String>,
    updated: Vec<String>,
    removed: Vec<String>,
    /// Files that are left out, and why.
    errors: Vec<FileError>,
    /// What was accepted but looks wrong.
    warnings: Vec<Warning>,
    /// How many workflows were found.
    workflows: usize,
    /// The packages that it is built with.
    packages: Vec<Package>,
    /// Of the provider's workspace: what the change does to organizations that import its
    /// shared folders. Without `force` nothing is deployed when one of them breaks.
    dependants: Vec<Impact>,
    duration_ms: u64,
}

/// What is deployed.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct WorkspaceView {
    /// `null` before the first deploy.
    version: Option<VersionView>,
    /// Where it is loaded; `null` before the first deploy.
    warm: Option<WarmView>,
    /// What was found in it.
    report: WorkspaceReport,
}

/// A file in a list.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct FileEntry {
    path: String,
    /// True when it is the provider's, from a shared folder.
    is_shared: bool,
    /// In bytes.
    size: usize,
    /// In base64, where it was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    content: Option<String>,
}

/// What to list.
#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct FilesQuery {
    /// Also the content of files that are no larger, in bytes.
    #[serde(default)]
    content_up_to: Option<usize>,
    /// Of this version of the workspace, in place of the active one.
    version: Option<VersionId>,
}

/// Which version of a file.
#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct FileQuery {
    /// Of this version of the workspace, in place of the active one.
    version: Option<VersionId>,
}

/// All files, by path.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct FileList {
    files: Vec<FileEntry>,
}

/// A file.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct FileContent {
    path: String,
    /// In bytes.
    size: usize,
    /// In base64.
    content: String,
}

/// Deploys a workspace: builds it, then makes it the version that new runs get. Files
/// that do not load are left out and reported.
#[utoipa::path(post, path = "/api/workspace/deploy", operation_id = "deploy_workspace", tag = "workspace",
    request_body = DeployRequest, responses((status = 200, body = DeployResponse), Writes))]
pub(crate) async fn deploy(
    State(state): State<ApiState>,
    may::DeployWorkspace(auth): may::DeployWorkspace,
    Input(body): Input<DeployRequest>,
) -> ApiResult<Json<DeployResponse>> {
    let start = Instant::now();
    if body.message.as_ref().is_some_and(|message| message.len() > MESSAGE_BYTES) {
        return Err(Error::invalid("message", format!("more than {MESSAGE_BYTES} bytes")).into());
    }
    let scope = auth.scoped(&state);
    let active = match workspaces::active_version(&scope).await? {
        Some(version) => Some(workspaces::version(&scope, version.number).await?),
        None => None,
    };
    let base = active.as_ref().map(|(version, _)| version);
    let instead_of = based_on(base, body.against, body.edits.is_some())?;
    let mut own = match (body.files, body.edits) {
        (Some(files), None) => source::decode(files).await?.0,
        (None, Some(edits)) => source::edited(&state, base, edits).await?,
        _ => return Err(Error::invalid("files", "expected either `files` or `edits`").into()),
    };
    packages::settle(&state, &auth, &mut own, body.upgrade).await?;
    let whole = shared::whole(&state, &scope, auth.scope, own).await?;
    if let Some((version, report)) = &active
        && version.source_hash == whole.hash
    {
        return Ok(Json(unchanged(version, report.clone(), start)));
    }
    let report = shared::build(&state, &whole).await?;
    if !body.force && nothing_loads(&whole.source, &report) {
        let detail = "no file of this workspace loads; `errors` says why, `force` deploys all the same";
        return Err(ApiError::new(StatusCode::UNPROCESSABLE_ENTITY, "nothing_loads", detail)
            .with_field("files")
            .with_errors(report.errors));
    }
    let dependants = impacts(&state, &auth, &whole).await?;
    let (errors, warnings, workflows) =
        (report.errors.clone(), report.warnings.clone(), report.workflows.len());
    let packages = report.packages.clone();
    let done = if body.dry_run {
        let known = active.map(|(_, report)| report.workflows).unwrap_or_default();
        let (added, updated, removed) = compare(known, report.workflows);
        DeployResponse {
            version: None,
            number: None,
            state: None,
            changed: true,
            added,
            updated,
            removed,
            errors,
            warnings,
            workflows,
            packages,
            dependants,
            duration_ms: 0,
        }
    } else {
        if !body.force {
            shared::refuse_breakage(&dependants)?;
        }
        let organization = organizations::get(&state.db.system(), auth.organization()).await?;
        let (object_key, own_key) = whole.keep(&state).await?;
        let deployment = Deployment {
            source_hash: whole.hash.clone(),
            object_key,
            own_key,
            shared_hash: whole.shared_hash.clone(),
            report,
            created_by: auth.caller.user,
            message: body.message,
            force: body.force,
            propose: organization.requires_review && auth.scope != Scope::Global,
            instead_of,
        };
        let Deployed { version, is_new, added, changed, removed } =
            workspaces::deploy(&scope, deployment).await?;
        if version.is_active {
            announce(&state, &version).await;
            // Whoever imports the shared folders gets what is in them now; also this workspace,
            // when they changed a moment ago.
            shared::settle(&state, &auth).await;
        }
        tracing::info!(organization = %auth.organization(), number = version.number, workflows, "a version was deployed");
        DeployResponse {
            version: Some(version.id),
            number: Some(version.number),
            state: Some(if version.is_active { "active" } else { "proposed" }),
            changed: is_new,
            added,
            updated: changed,
            removed,
            errors,
            warnings,
            workflows,
            packages,
            dependants,
            duration_ms: 0,
        }
    };
    Ok(Json(DeployResponse { duration_ms: start.elapsed().as_millis() as u64, ..done }))
}

/// The version that a deploy replaces, where the caller named it. Edits make no sense without.
fn based_on(
    active: Option<&Version>,
    against: Option<i64>,
    is_needed: bool,
) -> Result<Option<VersionId>, Error> {
    let Some(against) = against else {
        if is_needed {
            let message = "edits need the number of the version that they were made from; 0 for none";
            return Err(Error::invalid("against", message));
        }
        return Ok(None);
    };
    let number = active.map_or(0, |version| version.number);
    if number != against {
        let message = format!("version {number} is active by now; this was made from version {against}");
        return Err(Error::Conflict { code: "active_changed", message });
    }
    Ok(active.map(|version| version.id))
}

/// What this deploy does to workspaces that import what it shares.
async fn impacts(state: &ApiState, auth: &Auth, whole: &Whole) -> Result<Vec<Impact>, Error> {
    if auth.scope != Scope::Global {
        return Ok(vec![]);
    }
    let shared = workspaces::shared(&auth.scoped(state)).await?;
    if shared.hash == whole.shared_hash {
        return Ok(vec![]);
    }
    shared::rehearse(state, &whole.source.part(&shared.folders)).await
}

fn unchanged(version: &Version, report: WorkspaceReport, start: Instant) -> DeployResponse {
    DeployResponse {
        version: Some(version.id),
        number: Some(version.number),
        state: Some("active"),
        changed: false,
        added: Vec::new(),
        updated: Vec::new(),
        removed: Vec::new(),
        workflows: report.workflows.len(),
        errors: report.errors,
        warnings: report.warnings,
        packages: report.packages,
        dependants: Vec::new(),
        duration_ms: start.elapsed().as_millis() as u64,
    }
}

/// True when every Python file has an error: a version that could run nothing.
fn nothing_loads(source: &Source, report: &WorkspaceReport) -> bool {
    !report.errors.is_empty()
        && report.workflows.is_empty()
        && source
            .files()
            .keys()
            .filter(|path| path.ends_with(".py"))
            .all(|path| report.errors.iter().any(|error| &error.path == path))
}

/// The workflows that are added, updated and removed.
pub(super) fn compare(
    old: Vec<WorkflowInfo>,
    new: Vec<WorkflowInfo>,
) -> (Vec<String>, Vec<String>, Vec<String>) {
    let mut old: BTreeMap<_, _> = old.into_iter().map(|info| (info.id.clone(), info)).collect();
    let (mut added, mut updated) = (Vec::new(), Vec::new());
    for info in new {
        match old.remove(&info.id) {
            None => added.push(info.id),
            // A definition that only moved within its file is not a change to anyone.
            Some(mut old) => {
                old.line = info.line;
                if old != info {
                    updated.push(info.id);
                }
            }
        }
    }
    added.sort();
    updated.sort();
    (added, updated, old.into_keys().collect())
}

/// The active version and what was found in it.
#[utoipa::path(get, path = "/api/workspace", operation_id = "get_workspace", tag = "workspace",
    responses((status = 200, body = WorkspaceView), Reads))]
pub(crate) async fn active(
    State(state): State<ApiState>,
    may::ReadWorkspace(auth): may::ReadWorkspace,
) -> ApiResult<Json<WorkspaceView>> {
    let scope = auth.scoped(&state);
    let Some(version) = workspaces::active_version(&scope).await? else {
        return Ok(Json(WorkspaceView { version: None, warm: None, report: WorkspaceReport::default() }));
    };
    let (version, report) = workspaces::version(&scope, version.number).await?;
    let warm = Some(WarmView::of(&state, version.id).await?);
    Ok(Json(WorkspaceView { version: Some(version.into()), warm, report }))
}

/// Lists the files of the active version, or of another one.
#[utoipa::path(get, path = "/api/workspace/files", operation_id = "list_files", tag = "workspace",
    params(FilesQuery), responses((status = 200, body = FileList), Reads))]
pub(crate) async fn files(
    State(state): State<ApiState>,
    may::ReadWorkspace(auth): may::ReadWorkspace,
    Query(query): Query<FilesQuery>,
) -> ApiResult<Json<FileList>> {
    let (source, own) = source_of(&state, &auth, query.version).await?;
    let task = tokio::task::spawn_blocking(move || {
        let is_asked = |content: &[u8]| query.content_up_to.is_some_and(|most| content.len() <= most);
        let entry = |(path, content): (&String, &Vec<u8>)| FileEntry {
            path: path.clone(),
            is_shared: !own.files().contains_key(path),
            size: content.len(),
            content: is_asked(content).then(|| source::encode(content)),
        };
        source.files().iter().map(entry).collect()
    });
    Ok(Json(FileList { files: task.await.context("listing files").map_err(Error::from)? }))
}

/// One file of the active version, or of another one.
#[utoipa::path(get, path = "/api/workspace/files/{*path}", operation_id = "get_file", tag = "workspace",
    params(("path" = String, Path, description = "Relative to the workspace"), FileQuery),
    responses((status = 200, body = FileContent), Reads))]
pub(crate) async fn file(
    State(state): State<ApiState>,
    may::ReadWorkspace(auth): may::ReadWorkspace,
    Path(path): Path<String>,
    Query(query): Query<FileQuery>,
) -> ApiResult<Json<FileContent>> {
    let (source, _) = source_of(&state, &auth, query.version).await?;
    let content = source.files().get(&path).ok_or(Error::NotFound("file"))?;
    Ok(Json(FileContent { size: content.len(), content: source::encode(content), path }))
}

/// What a version runs, and the workspace's own files of it; the active one unless another is named.
/// Nothing deployed is an empty workspace.
async fn source_of(
    state: &ApiState,
    auth: &Auth,
    version: Option<VersionId>,
) -> Result<(Source, Source), Error> {
    let scoped = auth.scoped(state);
    let version = match version {
        Some(id) => Some(workspaces::version_of_id(&scoped, id).await?),
        None => workspaces::active_version(&scoped).await?,
    };
    let Some(version) = version else {
        return Ok((Source::default(), Source::default()));
    };
    let whole = source::load(state, &version.object_key).await?;
    let own = if version.own_key == version.object_key {
        whole.clone()
    } else {
        source::load(state, &version.own_key).await?
    };
    Ok((whole, own))
}
