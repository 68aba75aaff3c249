//! Forms: what starts a workflow with what somebody fills in. One belongs to an organization, or
//! to the provider, and then every organization may use it.
//!
//! A form that is deleted, or whose file is not in the active version, is kept until nobody fills
//! it in any more. What it asks for is not decided here: `bifrost_forms` does.

pub mod drafts;
mod reach;
pub mod sessions;
pub(crate) mod workspace;

pub use reach::Reach;
pub use sessions::{NewSession, Session, Upload};

use crate::audit::{Event, record};
use crate::error::taken;
use crate::{Row, Scoped, Sql, Tx, now};
use bifrost_core::{Error, FormId, OrganizationId, Result, Scope, WorkflowId};
use chrono::{DateTime, Utc};
use serde_json::Value;
use std::collections::BTreeSet;
use uuid::Uuid;

/// Most forms of one organization, and of the provider.
pub const MAX_FORMS: i64 = 1_000;
/// Said of a name that is taken.
const TAKEN: &str = "there is a form with this name already";

/// Where a form is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = FormSource)]
pub enum Source {
    /// In the platform itself.
    Api,
    /// In a file of the workspace; follows deployments.
    Workspace,
}

/// A form as the database has it.
#[derive(Clone, Debug, PartialEq)]
pub struct Form {
    /// Its id.
    pub id: FormId,
    /// Whose it is; global for all.
    pub scope: Scope,
    /// One of a kind within its scope.
    pub name: String,
    /// For people.
    pub description: Option<String>,
    /// What it starts.
    pub workflow_id: WorkflowId,
    /// The workflow's name now.
    pub workflow_name: String,
    /// What runs when it is opened.
    pub launch_workflow_id: Option<WorkflowId>,
    /// True: only for whom it was granted to.
    pub is_granted: bool,
    /// Where it is written.
    pub source: Source,
    /// The file that it is in.
    pub path: Option<String>,
    /// How many fields it has.
    pub fields: i64,
    /// Grows with each change.
    pub revision: i64,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// Last change.
    pub updated_at: DateTime<Utc>,
    /// The whole definition.
    pub definition: Value,
}

/// What a form is to be. Whether the definition is one, and which workflows it needs, is for the
/// caller to know.
#[derive(Clone, Debug)]
pub struct NewForm {
    /// One of a kind within its scope.
    pub name: String,
    /// For people.
    pub description: Option<String>,
    /// What it starts.
    pub workflow_id: WorkflowId,
    /// What runs when it is opened.
    pub launch_workflow_id: Option<WorkflowId>,
    /// Data providers that it asks.
    pub data_providers: BTreeSet<WorkflowId>,
    /// True: only for whom it was granted to.
    pub is_granted: bool,
    /// How many fields it has.
    pub fields: i64,
    /// The whole definition.
    pub definition: Value,
}

const FROM: &str = "SELECT f.id, f.organization_id, f.name, f.description, f.workflow_id, w.name AS workflow_name,
   f.launch_workflow_id, f.access, f.source, f.path, f.fields, f.revision, f.created_at, f.updated_at, f.definition
 FROM forms f JOIN workflows w ON w.id = f.workflow_id";

fn access(is_granted: bool) -> &'static str {
    if is_granted { "granted" } else { "authenticated" }
}

/// Makes a form in the handle's scope. `Conflict` with `already_exists` for a name that is taken
/// there, or `too_many_forms`.
pub async fn create(scoped: &Scoped, new: NewForm) -> Result<Form> {
    scoped.write(move |tx| Box::pin(async move { create_in(tx, new).await })).await
}

async fn create_in(tx: &mut Tx, new: NewForm) -> Result<Form> {
    let count = Sql::new("SELECT COUNT(*) AS n FROM forms WHERE scope_id = $1 AND removed_at IS NULL");
    if tx.one(count.bind(tx.access().scope_id()?)).await?.get::<i64>("n")? >= MAX_FORMS {
        let message = format!("there are {MAX_FORMS} forms already");
        return Err(Error::Conflict { code: "too_many_forms", message });
    }
    let id = FormId::new();
    insert(tx, id, &new, 1, None).await.map_err(taken(TAKEN))?;
    needs(tx, id, &new).await?;
    let event = Event::new("form.create")
        .target("form", id)
        .detail("name", &new.name)
        .detail("workflow", new.workflow_id)
        .detail("access", access(new.is_granted));
    record(tx, event).await?;
    own(tx, id, "").await
}

async fn insert(
    tx: &mut Tx,
    id: FormId,
    new: &NewForm,
    revision: i64,
    removed_at: Option<DateTime<Utc>>,
) -> Result<()> {
    let sql = Sql::new(
        "INSERT INTO forms (id, organization_id, name, description, workflow_id, launch_workflow_id, access, source,
           fields, revision, created_by, created_at, updated_at, definition, removed_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, 'api', $8, $12, $9, $10, $10, $11, $13)",
    )
    .bind(id)
    .bind(tx.access().organization())
    .bind(new.name.as_str())
    .bind(new.description.clone())
    .bind(new.workflow_id)
    .bind(new.launch_workflow_id)
    .bind(access(new.is_granted))
    .bind(new.fields)
    .bind(tx.actor().and_then(|actor| actor.id))
    .bind(now())
    .bind(&new.definition)
    .bind(revision)
    .bind(removed_at);
    tx.execute(sql).await.map(drop)
}

/// Notes which workflows a form needs.
async fn needs(tx: &mut Tx, id: FormId, form: &NewForm) -> Result<()> {
    tx.execute(Sql::new("DELETE FROM form_workflows WHERE form_id = $1").bind(id)).await?;
    let mut all = form.data_providers.clone();
    all.extend([Some(form.workflow_id), form.launch_workflow_id].into_iter().flatten());
    for workflow in all {
        let sql = Sql::new(
            "INSERT INTO form_workflows (form_id, workflow_id, organization_id) VALUES ($1, $2, $3)",
        );
        tx.execute(sql.bind(id).bind(workflow).bind(tx.access().organization())).await?;
    }
    Ok(())
}

/// Changes a form of the handle's own scope. `Conflict` with `changed_meanwhile` where `revision` is
/// not the latest, and with `form_of_workspace` for one that is a file.
pub async fn update(scoped: &Scoped, id: FormId, revision: i64, new: NewForm) -> Result<Form> {
    scoped.write(move |tx| Box::pin(async move { update_in(tx, id, revision, new).await })).await
}

async fn update_in(tx: &mut Tx, id: FormId, revision: i64, new: NewForm) -> Result<Form> {
    let lock = tx.engine().for_update_of("f");
    let old = own(tx, id, &lock).await?;
    refuse_file(&old)?;
    if old.revision != revision {
        let message = format!(
            "this form was changed meanwhile: it has revision {}, and the change is of {revision}; read it again",
            old.revision
        );
        return Err(Error::Conflict { code: "changed_meanwhile", message });
    }
    write(tx, id, &new).await.map_err(taken(TAKEN))?;
    let event = Event::new("form.update")
        .target("form", id)
        .change("name", &old.name, &new.name)
        .change("workflow", &old.workflow_id, &new.workflow_id)
        .change("access", &access(old.is_granted), &access(new.is_granted))
        .detail("revision", revision + 1);
    record(tx, event).await?;
    own(tx, id, "").await
}

/// Brings a form to what it is to be.
async fn write(tx: &mut Tx, id: FormId, new: &NewForm) -> Result<()> {
    let sql = Sql::new(
        "UPDATE forms SET name = $2, description = $3, workflow_id = $4, launch_workflow_id = $5, access = $6,
           fields = $7, definition = $8, updated_at = $9, revision = revision + 1, removed_at = NULL WHERE id = $1",
    )
    .bind(id)
    .bind(new.name.as_str())
    .bind(new.description.clone())
    .bind(new.workflow_id)
    .bind(new.launch_workflow_id)
    .bind(access(new.is_granted))
    .bind(new.fields)
    .bind(&new.definition)
    .bind(now());
    tx.execute(sql).await?;
    needs(tx, id, new).await
}

fn refuse_file(form: &Form) -> Result<()> {
    match (form.source, &form.path) {
        (Source::Workspace, path) => {
            let path = path.as_deref().unwrap_or_default();
            let message =
                format!("this form is the file `{path}` of the workspace; change it there and deploy");
            Err(Error::Conflict { code: "form_of_workspace", message })
        }
        (Source::Api, _) => Ok(()),
    }
}

/// Deletes a form of the handle's own scope, with what was granted of it there. Whoever is filling
/// it in cannot submit it any more; runs stay. `Conflict` with `form_of_workspace` for a file.
pub async fn delete(scoped: &Scoped, id: FormId) -> Result<()> {
    scoped.write(move |tx| Box::pin(async move { delete_in(tx, id).await })).await
}

async fn delete_in(tx: &mut Tx, id: FormId) -> Result<()> {
    let lock = tx.engine().for_update_of("f");
    let old = own(tx, id, &lock).await?;
    refuse_file(&old)?;
    let sql = Sql::new("UPDATE forms SET removed_at = $2 WHERE id = $1");
    tx.execute(sql.bind(id).bind(now())).await?;
    tx.execute(Sql::new("DELETE FROM grants WHERE kind = 'form' AND target_id = $1").bind(id)).await?;
    record(tx, Event::new("form.delete").target("form", id).detail("name", &old.name)).await
}

/// What the handle's scope sees, by name: its own forms, and global ones that none of its own hides.
pub async fn list(scoped: &Scoped) -> Result<Vec<Form>> {
    let sql = Sql::new(format!(
        "{FROM} WHERE f.removed_at IS NULL AND (f.scope_id = $1 OR (f.scope_id = $2 AND NOT EXISTS (SELECT 1 FROM forms o
           WHERE o.scope_id = $1 AND o.name = f.name AND o.removed_at IS NULL)))
         ORDER BY f.name"
    ));
    let sql = sql.bind(scoped.access().scope_id()?).bind(Uuid::nil());
    scoped.read().await?.all(sql).await?.iter().map(read).collect()
}

/// One form that the handle's scope sees: its own, or a global one.
pub async fn get(scoped: &Scoped, id: FormId) -> Result<Form> {
    let sql = Sql::new(format!("{FROM} WHERE f.removed_at IS NULL AND f.id = $3 AND f.scope_id IN ($1, $2)"));
    let sql = sql.bind(scoped.access().scope_id()?).bind(Uuid::nil()).bind(id);
    read(&scoped.read().await?.optional(sql).await?.ok_or(Error::NotFound("form"))?)
}

async fn own(tx: &mut Tx, id: FormId, lock: &str) -> Result<Form> {
    let sql = Sql::new(format!("{FROM} WHERE f.removed_at IS NULL AND f.id = $2 AND f.scope_id = $1{lock}"));
    let sql = sql.bind(tx.access().scope_id()?).bind(id);
    read(&tx.optional(sql).await?.ok_or(Error::NotFound("form"))?)
}

/// What people call the forms that would lose this workflow. Files of the transaction's own
/// workspace come and go with it.
pub(crate) async fn of_workflow(tx: &mut Tx, workflow: WorkflowId) -> Result<Vec<String>> {
    let sql = Sql::new(
        "SELECT f.name FROM form_workflows u JOIN forms f ON f.id = u.form_id
         WHERE u.workflow_id = $1 AND f.removed_at IS NULL AND (f.source = 'api' OR f.scope_id <> $2) ORDER BY f.name",
    );
    let sql = sql.bind(workflow).bind(tx.access().scope_id()?);
    tx.all(sql).await?.iter().map(|row| row.get("name")).collect()
}

fn read(row: &Row) -> Result<Form> {
    Ok(Form {
        id: row.get("id")?,
        scope: row.opt::<OrganizationId>("organization_id")?.into(),
        name: row.get("name")?,
        description: row.opt("description")?,
        workflow_id: row.get("workflow_id")?,
        workflow_name: row.get("workflow_name")?,
        launch_workflow_id: row.opt("launch_workflow_id")?,
        is_granted: row.get::<String>("access")? == access(true),
        source: if row.get::<String>("source")? == "api" { Source::Api } else { Source::Workspace },
        path: row.opt("path")?,
        fields: row.get("fields")?,
        revision: row.get("revision")?,
        created_at: row.get("created_at")?,
        updated_at: row.get("updated_at")?,
        definition: row.document("definition")?,
    })
}
