//! Forms that are files of a workspace.

use super::{NewForm, needs, write};
use crate::workflows;
use crate::workspaces::Version;
use crate::{Sql, Tx, now};
use bifrost_core::{Error, FormFile, FormId, Result, WorkflowId, WorkspaceReport};
use serde_json::Value;
use std::collections::{BTreeSet, HashMap};

/// Brings the forms of the workspace to what a version says; its workflows are there already. A
/// form that is there again is the same one, with what was granted of it.
pub(crate) async fn synchronize(tx: &mut Tx, version: &Version, report: &WorkspaceReport) -> Result<()> {
    let scope = tx.access().scope_id()?;
    let sql = Sql::new("SELECT id, path, definition FROM forms WHERE scope_id = $1 AND source = 'workspace'");
    let mut known: HashMap<String, (FormId, Value)> = HashMap::new();
    for row in tx.all(sql.bind(scope)).await? {
        known.insert(row.get("path")?, (row.get("id")?, row.document("definition")?));
    }
    if known.is_empty() && report.forms.is_empty() {
        return Ok(());
    }
    // Two files may exchange their names.
    let sql = Sql::new(
        "UPDATE forms SET removed_at = $2 WHERE scope_id = $1 AND source = 'workspace' AND removed_at IS NULL",
    );
    tx.execute(sql.bind(scope).bind(now())).await?;
    for file in &report.forms {
        let sql = Sql::new("SELECT id FROM forms WHERE scope_id = $1 AND name = $2 AND removed_at IS NULL");
        let is_taken = tx.optional(sql.bind(scope).bind(file.name.as_str())).await?.is_some();
        // Either was told when the version was built, and has come about since.
        let Some(form) = resolved(tx, file).await?.filter(|_| !is_taken) else {
            tracing::warn!(path = file.path, "a form of a workspace is left out: its name or a workflow");
            continue;
        };
        match known.get(&file.path) {
            Some((id, definition)) if *definition == form.definition => {
                let sql = Sql::new(
                    "UPDATE forms SET removed_at = NULL, workflow_id = $2, launch_workflow_id = $3 WHERE id = $1",
                );
                tx.execute(sql.bind(*id).bind(form.workflow_id).bind(form.launch_workflow_id)).await?;
                needs(tx, *id, &form).await?;
            }
            Some((id, _)) => write(tx, *id, &form).await?,
            None => insert(tx, version, &file.path, &form).await?,
        }
    }
    Ok(())
}

async fn insert(tx: &mut Tx, version: &Version, path: &str, form: &NewForm) -> Result<()> {
    let id = FormId::new();
    let sql = Sql::new(
        "INSERT INTO forms (id, organization_id, name, description, workflow_id, launch_workflow_id, access, source,
           path, fields, revision, created_by, created_at, updated_at, definition)
         VALUES ($1, $2, $3, $4, $5, $6, $7, 'workspace', $8, $9, 1, $10, $11, $11, $12)",
    )
    .bind(id)
    .bind(version.organization_id)
    .bind(form.name.as_str())
    .bind(form.description.clone())
    .bind(form.workflow_id)
    .bind(form.launch_workflow_id)
    .bind(super::access(form.is_granted))
    .bind(path)
    .bind(form.fields)
    .bind(version.created_by)
    .bind(now())
    .bind(&form.definition);
    tx.execute(sql).await?;
    needs(tx, id, form).await
}

/// A form with the workflows that it names; `None` where one is not there.
async fn resolved(tx: &mut Tx, file: &FormFile) -> Result<Option<NewForm>> {
    let Some(workflow_id) = id(tx, &file.workflow).await? else { return Ok(None) };
    let mut launch_workflow_id = None;
    if let Some(launch) = &file.launch_workflow {
        launch_workflow_id = id(tx, launch).await?;
        if launch_workflow_id.is_none() {
            return Ok(None);
        }
    }
    let mut data_providers = BTreeSet::new();
    for provider in &file.data_providers {
        let Some(id) = id(tx, provider).await? else { return Ok(None) };
        data_providers.insert(id);
    }
    Ok(Some(NewForm {
        name: file.name.clone(),
        description: file.description.clone(),
        workflow_id,
        launch_workflow_id,
        data_providers,
        is_granted: file.is_granted,
        fields: i64::try_from(file.fields).unwrap_or_default(),
        definition: file.definition.clone(),
    }))
}

async fn id(tx: &mut Tx, reference: &str) -> Result<Option<WorkflowId>> {
    match workflows::find_in(tx, reference).await {
        Ok(workflow) => Ok(Some(workflow.id)),
        Err(Error::NotFound(_)) => Ok(None),
        Err(error) => Err(error),
    }
}
