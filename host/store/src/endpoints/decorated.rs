//! Endpoints that stand in a workspace's code.

use crate::audit::hex;
use crate::workspaces::Version;
use crate::{Row, Sql, Tx, Value, now};
use bifrost_core::endpoint::{DEADLINE_SECONDS, Decorated, RATE_PER_MINUTE, decorated, stem};
use bifrost_core::{
    EndpointId, EndpointMode, Error, OrganizationId, Result, Verb, WorkflowInfo, WorkspaceReport,
};
use sha2::{Digest, Sha256};
use std::collections::HashMap;

/// One that is there already.
struct Known {
    id: EndpointId,
    methods: Vec<Verb>,
    mode: EndpointMode,
}

/// Brings the endpoints from decorators to what a version says. What an administrator decided
/// about one (its slug, public, disabled, rate, deadline) stays. A new one asks for a key.
pub(crate) async fn synchronize(tx: &mut Tx, version: &Version, report: &WorkspaceReport) -> Result<()> {
    let mut known = known(tx, version).await?;
    let mut new = Vec::new();
    for info in &report.workflows {
        // One that cannot be was warned of when the workspace was built.
        let Some(Ok(wanted)) = decorated(info) else { continue };
        match known.remove(&(info.path.clone(), info.function.clone())) {
            Some(old) => change(tx, old, &wanted).await?,
            None => new.push((info, wanted)),
        }
    }
    // Before the new ones: their slugs become free.
    for gone in known.into_values() {
        tx.execute(Sql::new("DELETE FROM endpoints WHERE id = $1").bind(gone.id)).await?;
    }
    if new.is_empty() {
        return Ok(());
    }
    let organization = match version.organization_id {
        Some(organization) => organization,
        None => tx.one(Sql::new("SELECT id FROM organizations WHERE is_provider")).await?.get("id")?,
    };
    for (info, wanted) in new {
        insert(tx, version, organization, info, &wanted).await?;
    }
    Ok(())
}

/// By path and function of the workflow.
async fn known(tx: &mut Tx, version: &Version) -> Result<HashMap<(String, String), Known>> {
    let sql = Sql::new(
        "SELECT e.id, e.methods, e.mode, w.path, w.function FROM endpoints e JOIN workflows w ON w.id = e.workflow_id
         WHERE e.source = 'decorator' AND w.workspace_id = $1",
    );
    let read = |row: &Row| -> Result<_> {
        let known = Known { id: row.get("id")?, methods: row.document("methods")?, mode: row.parse("mode")? };
        let workflow: (String, String) = (row.get("path")?, row.get("function")?);
        Ok((workflow, known))
    };
    tx.all(sql.bind(version.workspace_id)).await?.iter().map(read).collect()
}

async fn change(tx: &mut Tx, old: Known, wanted: &Decorated) -> Result<()> {
    if old.methods == wanted.methods && old.mode == wanted.mode {
        return Ok(());
    }
    let sql = Sql::new("UPDATE endpoints SET methods = $2, mode = $3, updated_at = $4 WHERE id = $1")
        .bind(old.id)
        .bind(Value::json(&wanted.methods)?)
        .bind(wanted.mode.as_str())
        .bind(now());
    tx.execute(sql).await.map(drop)
}

async fn insert(
    tx: &mut Tx,
    version: &Version,
    organization: OrganizationId,
    info: &WorkflowInfo,
    wanted: &Decorated,
) -> Result<()> {
    for slug in slugs(info) {
        let sql = Sql::new(
            "INSERT INTO endpoints (id, organization_id, workflow_id, source, slug, methods, mode, deadline_seconds,
               is_public, rate_per_minute, is_enabled, created_by, created_at, updated_at)
             SELECT $1, $2, w.id, 'decorator', $6, $7, $8, $9, $10, $11, $12, $13, $14, $14 FROM workflows w
             WHERE w.workspace_id = $3 AND w.path = $4 AND w.function = $5
             ON CONFLICT (organization_id, slug) DO NOTHING RETURNING id",
        )
        .bind(EndpointId::new())
        .bind(organization)
        .bind(version.workspace_id)
        .bind(info.path.as_str())
        .bind(info.function.as_str())
        .bind(slug)
        .bind(Value::json(&wanted.methods)?)
        .bind(wanted.mode.as_str())
        .bind(DEADLINE_SECONDS)
        .bind(false)
        .bind(RATE_PER_MINUTE)
        .bind(true)
        .bind(version.created_by)
        .bind(now());
        if tx.optional(sql).await?.is_some() {
            return Ok(());
        }
    }
    let message = format!("other endpoints have every slug that `{}` could have", info.function);
    Err(Error::Conflict { code: "already_exists", message })
}

/// The function's name, and what is tried where another endpoint has that.
fn slugs(info: &WorkflowInfo) -> [String; 3] {
    let stem = stem(&info.function);
    let hash = hex(&Sha256::digest(format!("{}::{}", info.path, info.function)));
    [stem.clone(), format!("{stem}-{}", &hash[..8]), format!("{stem}-{}", &hash[..32])]
}
