//! Adapters of active versions, with ids that survive deployments.

use crate::workspaces::Version;
use crate::{Row, Scoped, Sql, Tx, Value, now};
use bifrost_core::{
    AdapterId, AdapterInfo, Error, OrganizationId, Result, Scope, WorkspaceId, WorkspaceReport,
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use uuid::Uuid;

/// An adapter as the database has it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Adapter {
    /// Stable over deployments.
    pub id: AdapterId,
    /// Where its code is.
    pub workspace_id: WorkspaceId,
    /// Who owns that.
    pub scope: Scope,
    /// False when the active version does not have it any more.
    pub is_deployed: bool,
    /// What it declares.
    pub info: AdapterInfo,
}

/// The columns of an adapter `a` that [`read`] reads.
pub(super) const COLUMNS: &str =
    "a.id AS adapter_id, a.workspace_id, a.organization_id AS adapter_owner, a.info, a.removed_at";

/// The adapters that a source of the handle's organization can choose, by name: its own, then
/// the provider's.
pub async fn list(org: &Scoped) -> Result<Vec<Adapter>> {
    let mut sql = Sql::new(format!("SELECT {COLUMNS} FROM webhook_adapters a WHERE a.removed_at IS NULL"));
    sql.push(" AND a.scope_id IN (").push_bind(org.access().scope_id()?).push(", ");
    sql.push_bind(Uuid::nil()).push(") ORDER BY a.name, a.scope_id DESC");
    org.read().await?.all(sql).await?.iter().map(read).collect()
}

/// One of them by its id, or by its name: the organization's own first. `NotFound` otherwise.
pub async fn find(org: &Scoped, reference: &str) -> Result<Adapter> {
    find_in(&mut org.read().await?, reference).await
}

pub(super) async fn find_in(tx: &mut Tx, reference: &str) -> Result<Adapter> {
    let mut sql = Sql::new(format!("SELECT {COLUMNS} FROM webhook_adapters a WHERE a.removed_at IS NULL"));
    match Uuid::parse_str(reference) {
        Ok(id) => sql.push(" AND a.id = ").push_bind(id),
        Err(_) => sql.push(" AND a.name = ").push_bind(reference),
    };
    sql.push(" AND a.scope_id IN (").push_bind(tx.access().scope_id()?).push(", ");
    // Global is the nil id, the smallest.
    sql.push_bind(Uuid::nil()).push(") ORDER BY a.scope_id DESC LIMIT 1");
    read(&tx.optional(sql).await?.ok_or(Error::NotFound("adapter"))?)
}

pub(super) fn read(row: &Row) -> Result<Adapter> {
    Ok(Adapter {
        id: row.get("adapter_id")?,
        workspace_id: row.get("workspace_id")?,
        scope: row.opt::<OrganizationId>("adapter_owner")?.into(),
        is_deployed: row.opt::<chrono::DateTime<chrono::Utc>>("removed_at")?.is_none(),
        info: row.document("info")?,
    })
}

/// Brings the adapters of a workspace to what a version that becomes active has. `Conflict` with
/// `adapter_in_use` when a source would lose its adapter and `force` is off.
pub(crate) async fn synchronize(
    tx: &mut Tx,
    version: &Version,
    report: &WorkspaceReport,
    force: bool,
) -> Result<()> {
    let sql =
        Sql::new("SELECT id, name FROM webhook_adapters WHERE workspace_id = $1 AND removed_at IS NULL");
    let mut gone = BTreeMap::new();
    for row in tx.all(sql.bind(version.workspace_id)).await? {
        gone.insert(row.get::<String>("name")?, row.get::<AdapterId>("id")?);
    }
    for info in &report.adapters {
        gone.remove(&info.name);
        upsert(tx, version, info).await?;
    }
    if !force {
        refuse_in_use(tx, &gone).await?;
    }
    for id in gone.into_values() {
        let sql = Sql::new("UPDATE webhook_adapters SET removed_at = $2, updated_at = $2 WHERE id = $1");
        tx.execute(sql.bind(id).bind(now())).await?;
    }
    Ok(())
}

async fn upsert(tx: &mut Tx, version: &Version, info: &AdapterInfo) -> Result<()> {
    let sql = Sql::new(
        "INSERT INTO webhook_adapters (id, workspace_id, organization_id, name, info, updated_at)
         VALUES ($1, $2, $3, $4, $5, $6)
         ON CONFLICT (workspace_id, name) DO UPDATE SET info = excluded.info, updated_at = excluded.updated_at,
           removed_at = NULL",
    )
    .bind(AdapterId::new())
    .bind(version.workspace_id)
    .bind(version.organization_id)
    .bind(info.name.as_str())
    .bind(Value::json(info)?)
    .bind(now());
    tx.execute(sql).await.map(drop)
}

async fn refuse_in_use(tx: &mut Tx, gone: &BTreeMap<String, AdapterId>) -> Result<()> {
    let mut in_use = Vec::new();
    for (name, id) in gone {
        let sql = Sql::new("SELECT source_id FROM adapter_sources WHERE adapter_id = $1 ORDER BY source_id");
        for row in tx.all(sql.bind(*id)).await? {
            in_use.push(format!("{name} (webhook {})", row.get::<bifrost_core::WebhookId>("source_id")?));
        }
    }
    if in_use.is_empty() {
        return Ok(());
    }
    Err(Error::Conflict {
        code: "adapter_in_use",
        message: format!("adapters that are in use but not in this version: {}", in_use.join("; ")),
    })
}
