//! Workflows, tools and data providers: found in deployed workspaces, with ids that
//! survive deployments.

use crate::audit::{Event, record};
use crate::{Access, Row, Scoped, Sql, Tx};
use bifrost_core::*;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// A workflow of an active version.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Workflow {
    /// Stable over deployments.
    pub id: WorkflowId,
    /// Where its code is.
    pub workspace_id: WorkspaceId,
    /// Who owns it; `None` for the provider's global workspace.
    pub organization_id: Option<OrganizationId>,
    /// The version that is active now.
    pub version_id: VersionId,
    /// False: switched off by an administrator.
    pub is_active: bool,
    /// When it was first deployed.
    pub created_at: DateTime<Utc>,
    /// When a deployment last changed it.
    pub updated_at: DateTime<Utc>,
    /// Name, kind, parameters, defaults.
    pub info: WorkflowInfo,
}

const SELECT: &str =
    "SELECT w.id, w.workspace_id, w.organization_id, w.is_active, w.created_at, w.updated_at, w.info,
   s.active_version_id AS version_id
 FROM workflows w JOIN workspaces s ON s.id = w.workspace_id
 WHERE w.removed_at IS NULL AND s.active_version_id IS NOT NULL";

/// The handle's own workflows and the global ones (for the system: all), by name.
pub async fn list(scoped: &Scoped) -> Result<Vec<Workflow>> {
    let mut sql = Sql::new(SELECT);
    visible(&mut sql, scoped.access());
    sql.push(" ORDER BY w.name, w.scope_id DESC, w.path, w.function");
    scoped.read().await?.all(sql).await?.iter().map(read).collect()
}

/// One workflow by id, by `path::function` or by name: the handle's own first, then a
/// global one. The system finds by id only. `NotFound` otherwise.
pub async fn find(scoped: &Scoped, reference: &str) -> Result<Workflow> {
    find_in(&mut scoped.read().await?, reference).await
}

pub(crate) async fn find_in(tx: &mut Tx, reference: &str) -> Result<Workflow> {
    let access = tx.access();
    let mut sql = Sql::new(SELECT);
    if let Ok(id) = Uuid::parse_str(reference) {
        sql.push(" AND w.id = ").push_bind(id);
    } else {
        access.scope_id()?;
        match reference.rsplit_once("::") {
            Some((path, function)) => {
                sql.push(" AND w.path = ").push_bind(path).push(" AND w.function = ").push_bind(function);
            }
            None => {
                sql.push(" AND w.name = ").push_bind(reference);
            }
        }
    }
    visible(&mut sql, access);
    // Global is the nil id, the smallest.
    sql.push(" ORDER BY w.scope_id DESC LIMIT 1");
    read(&tx.optional(sql).await?.ok_or(Error::NotFound("workflow"))?)
}

/// Switches one of the handle's own workflows on or off; off, it does not start.
pub async fn set_active(scoped: &Scoped, id: WorkflowId, is_active: bool) -> Result<()> {
    let mut sql = Sql::new("UPDATE workflows SET is_active = $2 WHERE id = $1 AND removed_at IS NULL")
        .bind(id)
        .bind(is_active);
    if scoped.access() != Access::System {
        sql.push(" AND scope_id = ").push_bind(scoped.access().scope_id()?);
    }
    sql.push(" RETURNING organization_id");
    scoped
        .write(move |tx| {
            Box::pin(async move {
                let row = tx.optional(sql).await?.ok_or(Error::NotFound("workflow"))?;
                let event = Event::new("workflow.update")
                    .within(row.opt::<OrganizationId>("organization_id")?)
                    .target("workflow", id)
                    .detail("is_active", is_active);
                record(tx, event).await
            })
        })
        .await
}

fn visible(sql: &mut Sql, access: Access) {
    match access {
        Access::System => {}
        Access::Global => {
            sql.push(" AND w.scope_id = ").push_bind(Uuid::nil());
        }
        Access::Organization(id) => {
            sql.push(" AND w.scope_id IN (").push_bind(id).push(", ").push_bind(Uuid::nil()).push(")");
        }
    }
}

fn read(row: &Row) -> Result<Workflow> {
    Ok(Workflow {
        id: row.get("id")?,
        workspace_id: row.get("workspace_id")?,
        organization_id: row.opt("organization_id")?,
        version_id: row.get("version_id")?,
        is_active: row.get("is_active")?,
        created_at: row.get("created_at")?,
        updated_at: row.get("updated_at")?,
        info: row.document("info")?,
    })
}
