//! Workspaces and their deployed versions. Deploying is one transaction: a new
//! version, the workflows found in it, and the switch to it. A version that waits for its
//! review is the first without the rest.

mod review;
mod shared;

pub use review::{Pending, Review, ReviewState, approve, pending, reject};
pub use shared::{Dependant, Shared, checked as checked_folders, dependants, set_shared, shared};

use crate::audit::{Event, record};
use crate::webhooks::{adapters, sources};
use crate::{Db, Row, Scoped, Sql, Tx, Value, endpoints, forms, now, schedules};
use bifrost_core::*;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet, HashSet};
use uuid::Uuid;

/// A deployed state of a workspace, without its report.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Version {
    /// Its id.
    pub id: VersionId,
    /// Whose state it is.
    pub workspace_id: WorkspaceId,
    /// Who owns the workspace; `None` for the provider's.
    pub organization_id: Option<OrganizationId>,
    /// Counts from 1 within the workspace.
    pub number: i64,
    /// [`Source::hash`] of what runs: its own files over the shared ones.
    pub source_hash: String,
    /// Where that is among the objects.
    pub object_key: String,
    /// Where its own files are among the objects.
    pub own_key: String,
    /// [`Source::hash`] of the shared files in it; `None` where nothing is shared.
    pub shared_hash: Option<String>,
    /// True for the one that new runs get.
    pub is_active: bool,
    /// What became of its review; `None` when it needed none.
    pub review: Option<Review>,
    /// What its author said about it.
    pub message: Option<String>,
    /// Who deployed it.
    pub created_by: UserId,
    /// When.
    pub created_at: DateTime<Utc>,
    /// How many workflows were found.
    pub workflow_count: i64,
    /// How many files were left out.
    pub error_count: i64,
}

/// What to deploy. The source is stored and built already.
#[derive(Clone, Debug)]
pub struct Deployment {
    /// [`Source::hash`] of what runs.
    pub source_hash: String,
    /// Where that is among the objects.
    pub object_key: String,
    /// Where the files without the shared ones are among the objects.
    pub own_key: String,
    /// [`Source::hash`] of the shared files: of an organization those in it, of the
    /// provider those that others get from it.
    pub shared_hash: Option<String>,
    /// What the build found.
    pub report: WorkspaceReport,
    /// Who deploys.
    pub created_by: UserId,
    /// What they say about it.
    pub message: Option<String>,
    /// Deploys also when workflows that are in use would be gone.
    pub force: bool,
    /// Does not switch to it: it waits for a review.
    pub propose: bool,
    /// The version that is active; `Conflict active_changed` when it is another by now.
    /// `None` for whichever.
    pub instead_of: Option<VersionId>,
}

/// What a deployment did. Lists hold `path::function`, sorted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Deployed {
    /// The version that is active now.
    pub version: Version,
    /// False when that version was active already and nothing was written.
    pub is_new: bool,
    /// Not there before, or there again.
    pub added: Vec<String>,
    /// Described differently than before.
    pub changed: Vec<String>,
    /// Gone.
    pub removed: Vec<String>,
}

const COLUMNS: &str =
    "v.id, v.workspace_id, v.organization_id, v.number, v.source_hash, v.object_key, v.state, v.message,
   v.created_by, v.created_at, v.workflow_count, v.error_count, v.own_key, v.shared_hash, v.review, v.reviewed_by,
   v.reviewed_at, v.review_comment";

/// The folder of a workspace's sources among the objects.
pub fn folder(scope: Scope) -> String {
    match scope {
        Scope::Global => "sources/global/".to_owned(),
        Scope::Organization(id) => format!("sources/{id}/"),
    }
}

/// Which of these hashes of sources no version has.
pub async fn unknown_sources(db: &Db, mut hashes: HashSet<String>) -> Result<HashSet<String>> {
    let mut tx = db.system().read().await?;
    for chunk in hashes.clone().into_iter().collect::<Vec<_>>().chunks(500) {
        let mut sql = Sql::new("SELECT DISTINCT source_hash FROM versions WHERE source_hash IN (");
        for (index, hash) in chunk.iter().enumerate() {
            sql.push(if index == 0 { "" } else { ", " }).push_bind(hash.as_str());
        }
        sql.push(")");
        for row in tx.all(sql).await? {
            hashes.remove(&row.get::<String>("source_hash")?);
        }
    }
    Ok(hashes)
}

/// Deploys to the handle's workspace, which is made at first use.
///
/// The source that is active already changes nothing. `Conflict workflow_in_use`, with
/// names, when a schedule, form or endpoint would lose its workflow and `force` is off; `Conflict
/// adapter_in_use` when a webhook would lose its adapter.
pub async fn deploy(scoped: &Scoped, deployment: Deployment) -> Result<Deployed> {
    let mut ids = BTreeSet::new();
    let mut names = BTreeSet::new();
    for workflow in &deployment.report.workflows {
        if !ids.insert(&workflow.id) {
            return Err(Error::invalid("workflows", format!("`{}` is there twice", workflow.id)));
        }
        if !names.insert(&workflow.name) {
            return Err(Error::invalid("workflows", format!("the name `{}` is there twice", workflow.name)));
        }
    }
    adapter::check_all(&deployment.report.adapters)?;
    scoped.write(move |tx| Box::pin(async move { deploy_in(tx, deployment).await })).await
}

async fn deploy_in(tx: &mut Tx, new: Deployment) -> Result<Deployed> {
    let (workspace, active) = lock_workspace(tx).await?;
    if new.instead_of.is_some_and(|expected| active != Some(expected)) {
        let message = "another version was deployed meanwhile".into();
        return Err(Error::Conflict { code: "active_changed", message });
    }
    if let Some(active) = active {
        let version = version_by_id(tx, active).await?;
        if version.source_hash == new.source_hash {
            // Nothing of what is shared reaches it, whichever that is.
            let sql = Sql::new("UPDATE versions SET shared_hash = $2 WHERE id = $1");
            tx.execute(sql.bind(version.id).bind(new.shared_hash)).await?;
            return Ok(Deployed { version, is_new: false, added: vec![], changed: vec![], removed: vec![] });
        }
    }
    if new.propose
        && let Some(version) = review::proposed(tx, workspace, &new.source_hash).await?
    {
        return Ok(Deployed { version, is_new: false, added: vec![], changed: vec![], removed: vec![] });
    }
    let sql = Sql::new("SELECT COALESCE(MAX(number), 0) + 1 AS next FROM versions WHERE workspace_id = $1")
        .bind(workspace);
    let version = Version {
        id: VersionId::new(),
        workspace_id: workspace,
        organization_id: tx.access().organization(),
        number: tx.one(sql).await?.get("next")?,
        source_hash: new.source_hash,
        object_key: new.object_key,
        own_key: new.own_key,
        shared_hash: new.shared_hash,
        is_active: false,
        review: new.propose.then(Review::proposed),
        message: new.message,
        created_by: new.created_by,
        created_at: now(),
        workflow_count: new.report.workflows.len() as i64,
        error_count: new.report.errors.len() as i64,
    };
    let sql = Sql::new(
        "INSERT INTO versions (id, workspace_id, organization_id, number, source_hash, object_key, state, message,
           created_by, created_at, workflow_count, error_count, report, own_key, shared_hash, review)
         VALUES ($1, $2, $3, $4, $5, $6, 'superseded', $7, $8, $9, $10, $11, $12, $13, $14, $15)",
    )
    .bind(version.id)
    .bind(workspace)
    .bind(version.organization_id)
    .bind(version.number)
    .bind(version.source_hash.as_str())
    .bind(version.object_key.as_str())
    .bind(version.message.clone())
    .bind(version.created_by)
    .bind(version.created_at)
    .bind(version.workflow_count)
    .bind(version.error_count)
    .bind(Value::json(&new.report)?)
    .bind(version.own_key.as_str())
    .bind(version.shared_hash.clone())
    .bind(version.review.as_ref().map(|review| review.state.as_str()));
    tx.execute(sql).await?;
    if new.propose {
        let event = Event::new("workspace.propose")
            .target("version", version.id)
            .detail("number", version.number)
            .maybe("message", version.message.as_deref());
        record(tx, event).await?;
        return Ok(Deployed { version, is_new: true, added: vec![], changed: vec![], removed: vec![] });
    }
    activate(tx, "workspace.deploy", version, &new.report, new.force).await
}

/// Makes an earlier version of the handle's workspace active again; refuses as
/// [`deploy`] does. `NotFound` for a number that the workspace does not have, `Conflict
/// not_approved` for one whose review has not ended well. `shared_hash` is what others get
/// from it, as in [`Deployment`].
pub async fn rollback(
    scoped: &Scoped,
    number: i64,
    force: bool,
    shared_hash: Option<String>,
) -> Result<Deployed> {
    scoped
        .write(move |tx| {
            Box::pin(async move {
                let (workspace, active) = lock_workspace(tx).await?;
                let sql = Sql::new(format!(
                    "SELECT {COLUMNS}, v.report FROM versions v WHERE v.workspace_id = $1 AND v.number = $2"
                ));
                let row =
                    tx.optional(sql.bind(workspace).bind(number)).await?.ok_or(Error::NotFound("version"))?;
                let mut version = read(&row)?;
                review::refuse_unapproved(&version)?;
                if version.organization_id.is_none() {
                    version.shared_hash = shared_hash;
                }
                if active == Some(version.id) {
                    return Ok(Deployed {
                        version,
                        is_new: false,
                        added: vec![],
                        changed: vec![],
                        removed: vec![],
                    });
                }
                activate(tx, "workspace.activate", version, &row.document("report")?, force).await
            })
        })
        .await
}

/// The handle's workspace, made when missing and locked, with its active version.
async fn lock_workspace(tx: &mut Tx) -> Result<(WorkspaceId, Option<VersionId>)> {
    let scope_id = tx.access().scope_id()?;
    let sql = Sql::new(
        "INSERT INTO workspaces (id, organization_id, created_at) VALUES ($1, $2, $3) ON CONFLICT (scope_id) DO NOTHING",
    );
    let organization = tx.access().organization();
    tx.execute(sql.bind(WorkspaceId::new()).bind(organization).bind(now())).await?;
    let lock = tx.engine().for_update();
    let sql = Sql::new(format!("SELECT id, active_version_id FROM workspaces WHERE scope_id = $1{lock}"));
    let row = tx.one(sql.bind(scope_id)).await?;
    Ok((row.get("id")?, row.opt("active_version_id")?))
}

struct Known {
    id: WorkflowId,
    info: WorkflowInfo,
    is_removed: bool,
}

/// Brings the workflows to what `report` says and switches to `version`.
async fn activate(
    tx: &mut Tx,
    action: &'static str,
    mut version: Version,
    report: &WorkspaceReport,
    force: bool,
) -> Result<Deployed> {
    let workspace = version.workspace_id;
    let sql = Sql::new("SELECT id, removed_at, info FROM workflows WHERE workspace_id = $1").bind(workspace);
    let mut known = BTreeMap::new();
    for row in tx.all(sql).await? {
        let info: WorkflowInfo = row.document("info")?;
        let is_removed = row.opt::<DateTime<Utc>>("removed_at")?.is_some();
        known.insert(info.id.clone(), Known { id: row.get("id")?, info, is_removed });
    }
    let (mut added, mut changed, mut removed) = (Vec::new(), Vec::new(), Vec::new());
    for info in &report.workflows {
        match known.remove(&info.id) {
            Some(old) if !old.is_removed && old.info == *info => continue,
            Some(old) if !old.is_removed => {
                // A definition that only moved within its file is not a change to anyone.
                if (WorkflowInfo { line: info.line, ..old.info }) != *info {
                    changed.push(info.id.clone());
                }
            }
            _ => added.push(info.id.clone()),
        }
        upsert(tx, &version, info).await?;
    }
    let gone: Vec<_> = known.into_values().filter(|k| !k.is_removed).collect();
    if !force {
        refuse_in_use(tx, &gone).await?;
    }
    let time = now();
    for old in gone {
        let sql = Sql::new("UPDATE workflows SET removed_at = $2, updated_at = $2 WHERE id = $1")
            .bind(old.id)
            .bind(time);
        tx.execute(sql).await?;
        removed.push(old.info.id);
    }
    schedules::synchronize(tx, &version, report).await?;
    endpoints::synchronize(tx, &version, report).await?;
    adapters::synchronize(tx, &version, report, force).await?;
    let sql = Sql::new(
        "UPDATE versions SET state = CASE WHEN id = $2 THEN 'active' ELSE 'superseded' END,
           activated_at = CASE WHEN id = $2 THEN $3 ELSE activated_at END
         WHERE workspace_id = $1 AND (id = $2 OR state = 'active')",
    );
    tx.execute(sql.bind(workspace).bind(version.id).bind(time)).await?;
    let sql = Sql::new(
        "UPDATE workspaces SET active_version_id = $2, shared_hash = CASE WHEN organization_id IS NULL THEN $3 END
         WHERE id = $1",
    );
    tx.execute(sql.bind(workspace).bind(version.id).bind(version.shared_hash.clone())).await?;
    forms::workspace::synchronize(tx, &version, report).await?;
    version.is_active = true;
    added.sort();
    changed.sort();
    removed.sort();
    let event = Event::new(action)
        .target("version", version.id)
        .detail("number", version.number)
        .detail("source_hash", &version.source_hash)
        .maybe("message", version.message.as_ref())
        .detail("added", &added)
        .detail("changed", &changed)
        .detail("removed", &removed);
    record(tx, event).await?;
    Ok(Deployed { version, is_new: true, added, changed, removed })
}

async fn upsert(tx: &mut Tx, version: &Version, info: &WorkflowInfo) -> Result<()> {
    let retry_on_loss = info.defaults.get("retry_on_loss").and_then(|v| v.as_bool()).unwrap_or(true);
    let sql = Sql::new(
        "INSERT INTO workflows (id, workspace_id, organization_id, path, function, name, kind, retry_on_loss, is_active,
           created_at, updated_at, info)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $10, $11)
         ON CONFLICT (workspace_id, path, function) DO UPDATE SET name = excluded.name, kind = excluded.kind,
           retry_on_loss = excluded.retry_on_loss, updated_at = excluded.updated_at, info = excluded.info, removed_at = NULL",
    )
    .bind(WorkflowId::new())
    .bind(version.workspace_id)
    .bind(version.organization_id)
    .bind(info.path.as_str())
    .bind(info.function.as_str())
    .bind(info.name.as_str())
    .bind(info.kind.as_str())
    .bind(retry_on_loss)
    .bind(true)
    .bind(now())
    .bind(Value::json(info)?);
    tx.execute(sql).await.map(drop)
}

async fn refuse_in_use(tx: &mut Tx, gone: &[Known]) -> Result<()> {
    let mut in_use = Vec::new();
    for old in gone {
        let mut why: Vec<String> = Vec::new();
        if bifrost_core::schedule::decorated(&old.info).is_some_and(|timetable| timetable.is_ok()) {
            why.push("schedule".into());
        }
        let schedules = schedules::of_workflow(tx, old.id).await?;
        why.extend(schedules.into_iter().map(|name| format!("schedule {name}")));
        let endpoints = endpoints::of_workflow(tx, old.id).await?;
        why.extend(endpoints.into_iter().map(|slug| format!("endpoint {slug}")));
        let forms = forms::of_workflow(tx, old.id).await?;
        why.extend(forms.into_iter().map(|name| format!("form {name}")));
        why.extend(sources::of_workflow(tx, old.id).await?);
        let sql = Sql::new(
            "SELECT kind, label FROM workflow_references WHERE workflow_id = $1 ORDER BY kind, label",
        );
        for row in tx.all(sql.bind(old.id)).await? {
            why.push(format!("{} {}", row.get::<String>("kind")?, row.get::<String>("label")?));
        }
        if !why.is_empty() {
            in_use.push(format!("{} ({})", old.info.id, why.join(", ")));
        }
    }
    if in_use.is_empty() {
        return Ok(());
    }
    in_use.sort();
    Err(Error::Conflict {
        code: "workflow_in_use",
        message: format!("in use but not in this version: {}", in_use.join("; ")),
    })
}

/// Notes that something depends on a workflow; noting it twice changes nothing.
/// `kind` is for instance `form`, `label` what people call it.
pub async fn add_reference(scoped: &Scoped, workflow: WorkflowId, kind: &str, label: &str) -> Result<()> {
    let sql = Sql::new(
        "INSERT INTO workflow_references (id, workflow_id, organization_id, kind, label, created_at)
         VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (workflow_id, kind, label) DO NOTHING",
    )
    .bind(Uuid::now_v7())
    .bind(workflow)
    .bind(scoped.access().organization())
    .bind(kind)
    .bind(label)
    .bind(now());
    scoped.write(move |tx| Box::pin(async move { tx.execute(sql).await.map(drop) })).await
}

/// Takes a note of [`add_reference`] back.
pub async fn remove_reference(scoped: &Scoped, workflow: WorkflowId, kind: &str, label: &str) -> Result<()> {
    let sql = Sql::new("DELETE FROM workflow_references WHERE workflow_id = $1 AND kind = $2 AND label = $3")
        .bind(workflow)
        .bind(kind)
        .bind(label);
    scoped.write(move |tx| Box::pin(async move { tx.execute(sql).await.map(drop) })).await
}

/// Versions of the handle's workspace, newest first.
pub async fn list_versions(scoped: &Scoped) -> Result<Vec<Version>> {
    let sql = Sql::new(format!(
        "SELECT {COLUMNS} FROM versions v JOIN workspaces s ON s.id = v.workspace_id
         WHERE s.scope_id = $1 ORDER BY v.number DESC"
    ));
    scoped.read().await?.all(sql.bind(scoped.access().scope_id()?)).await?.iter().map(read).collect()
}

/// The version that new runs of the handle's workspace get.
pub async fn active_version(scoped: &Scoped) -> Result<Option<Version>> {
    let sql = Sql::new(format!(
        "SELECT {COLUMNS} FROM workspaces s JOIN versions v ON v.id = s.active_version_id WHERE s.scope_id = $1"
    ));
    scoped.read().await?.optional(sql.bind(scoped.access().scope_id()?)).await?.as_ref().map(read).transpose()
}

/// One version of the handle's workspace, with what its build found.
pub async fn version(scoped: &Scoped, number: i64) -> Result<(Version, WorkspaceReport)> {
    let sql = Sql::new(format!(
        "SELECT {COLUMNS}, v.report FROM versions v JOIN workspaces s ON s.id = v.workspace_id
         WHERE s.scope_id = $1 AND v.number = $2"
    ));
    let sql = sql.bind(scoped.access().scope_id()?).bind(number);
    let row = scoped.read().await?.optional(sql).await?.ok_or(Error::NotFound("version"))?;
    Ok((read(&row)?, row.document("report")?))
}

/// A version of the handle's workspace by its id, with or without it being active.
pub async fn version_of_id(scoped: &Scoped, id: VersionId) -> Result<Version> {
    let sql = Sql::new(format!(
        "SELECT {COLUMNS} FROM versions v JOIN workspaces s ON s.id = v.workspace_id
         WHERE s.scope_id = $1 AND v.id = $2"
    ));
    let sql = sql.bind(scoped.access().scope_id()?).bind(id);
    read(&scoped.read().await?.optional(sql).await?.ok_or(Error::NotFound("version"))?)
}

async fn version_by_id(tx: &mut Tx, id: VersionId) -> Result<Version> {
    let sql = Sql::new(format!("SELECT {COLUMNS} FROM versions v WHERE v.id = $1")).bind(id);
    read(&tx.one(sql).await?)
}

fn read(row: &Row) -> Result<Version> {
    Ok(Version {
        id: row.get("id")?,
        workspace_id: row.get("workspace_id")?,
        organization_id: row.opt("organization_id")?,
        number: row.get("number")?,
        source_hash: row.get("source_hash")?,
        object_key: row.get("object_key")?,
        own_key: row.opt("own_key")?.map_or_else(|| row.get("object_key"), Ok)?,
        shared_hash: row.opt("shared_hash")?,
        review: review::read(row)?,
        is_active: row.get::<String>("state")? == "active",
        message: row.opt("message")?,
        created_by: row.get("created_by")?,
        created_at: row.get("created_at")?,
        workflow_count: row.get("workflow_count")?,
        error_count: row.get("error_count")?,
    })
}
