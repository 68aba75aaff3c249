//! With which organizations the provider shares the secrets and the tokens of its integrations.
//! Their own workspaces can then use them; the provider's code can anyway.

use super::definitions::{self, Integration};
use crate::audit::{Event, record};
use crate::shares::Share;
use crate::{Db, Row, Sql, Tx, now};
use bifrost_core::{IntegrationId, OrganizationId, Result, Scope, UserId};

/// With whom a global integration is shared, the oldest first. `NotFound` when there is none.
pub async fn list(db: &Db, name: &str) -> Result<Vec<Share>> {
    let mut tx = db.scope(Scope::Global).read().await?;
    let integration = definitions::find_in(&mut tx, name).await?;
    let sql = Sql::new(
        "SELECT organization_id, shared_at, shared_by FROM integration_shares WHERE integration_id = $1
         ORDER BY shared_at, organization_id",
    );
    let read = |row: &Row| {
        Ok(Share {
            organization_id: row.get("organization_id")?,
            shared_at: row.get("shared_at")?,
            shared_by: row.get("shared_by")?,
        })
    };
    tx.all(sql.bind(integration.id)).await?.iter().map(read).collect()
}

/// Shares a global integration with an organization that exists; true when it was not before.
/// `NotFound` when there is no such integration.
pub async fn add(db: &Db, name: &str, organization: OrganizationId, by: UserId) -> Result<bool> {
    let name = name.to_owned();
    let unit = db.scope(Scope::Global);
    unit.write(move |tx| {
        Box::pin(async move {
            let integration = definitions::find_in(tx, &name).await?;
            let sql = Sql::new(
                "INSERT INTO integration_shares (integration_id, organization_id, shared_at, shared_by)
                 VALUES ($1, $2, $3, $4) ON CONFLICT (integration_id, organization_id) DO NOTHING",
            );
            let sql = sql.bind(integration.id).bind(organization).bind(now()).bind(by);
            let is_new = tx.execute(sql).await? == 1;
            record(tx, event("integration.share", &integration, organization)).await?;
            Ok(is_new)
        })
    })
    .await
}

/// Takes an integration back; true when it was shared. Runs that have read something keep it.
pub async fn remove(db: &Db, name: &str, organization: OrganizationId) -> Result<bool> {
    let name = name.to_owned();
    let unit = db.scope(Scope::Global);
    unit.write(move |tx| {
        Box::pin(async move {
            let integration = definitions::find_in(tx, &name).await?;
            let sql =
                Sql::new("DELETE FROM integration_shares WHERE integration_id = $1 AND organization_id = $2");
            let was_shared = tx.execute(sql.bind(integration.id).bind(organization)).await? == 1;
            if was_shared {
                record(tx, event("integration.unshare", &integration, organization)).await?;
            }
            Ok(was_shared)
        })
    })
    .await
}

fn event(action: &'static str, integration: &Integration, organization: OrganizationId) -> Event {
    let event = Event::new(action).target("integration", integration.id);
    event.detail("name", &integration.name).detail("with", organization)
}

/// True when an integration is shared with the transaction's organization.
pub(super) async fn has(tx: &mut Tx, integration: IntegrationId) -> Result<bool> {
    let Some(organization) = tx.access().organization() else { return Ok(false) };
    let sql = Sql::new(
        "SELECT shared_at FROM integration_shares WHERE integration_id = $1 AND organization_id = $2",
    );
    Ok(tx.optional(sql.bind(integration).bind(organization)).await?.is_some())
}
