//! Cutting off the old end of the chains. The hash of the last entry that goes stays, so that
//! what is left can still be verified.

use super::chain::chain_in;
use super::{Event, record};
use crate::{Db, Sql, Tx};
use bifrost_core::{OrganizationId, Result};
use chrono::{DateTime, Utc};

/// Entries of one transaction; bounds how long it holds up other writers.
const BATCH: i64 = 1_000;

/// Deletes entries from before `time`, of one organization at most [`BATCH`]; returns how
/// many. Call again until it is 0.
pub async fn prune(db: &Db, time: DateTime<Utc>) -> Result<usize> {
    let sql = Sql::new(
        "SELECT c.organization_id FROM audit_chains c
         WHERE c.pruned_sequence + 1 < c.sequence AND EXISTS (SELECT 1 FROM audit_log l WHERE l.organization_id = c.organization_id
           AND l.sequence = c.pruned_sequence + 1 AND l.at < $1) LIMIT 1",
    );
    let Some(row) = db.system().read().await?.optional(sql.bind(time)).await? else { return Ok(0) };
    let organization: OrganizationId = row.get("organization_id")?;
    db.system().write(move |tx| Box::pin(async move { prune_in(tx, organization, time).await })).await
}

async fn prune_in(tx: &mut Tx, organization: OrganizationId, time: DateTime<Utc>) -> Result<usize> {
    let chain = chain_in(tx, organization, tx.engine().for_update()).await?;
    let from = chain.pruned.sequence;
    // The newest entry stays, and what is old ends at the first that is not.
    let sql = Sql::new(format!(
        "SELECT sequence, at, hash FROM audit_log WHERE organization_id = $1 AND sequence > $2 AND sequence < $3
         ORDER BY sequence LIMIT {BATCH}"
    ));
    let rows = tx.all(sql.bind(organization).bind(from).bind(chain.head.sequence)).await?;
    let mut last = None;
    for row in &rows {
        if row.get::<DateTime<Utc>>("at")? >= time {
            break;
        }
        last = Some((row.get::<i64>("sequence")?, row.get::<Vec<u8>>("hash")?));
    }
    let Some((sequence, hash)) = last else { return Ok(0) };
    let sql =
        Sql::new("UPDATE audit_chains SET pruned_sequence = $2, pruned_hash = $3 WHERE organization_id = $1");
    tx.execute(sql.bind(organization).bind(sequence).bind(hash)).await?;
    let sql = Sql::new("DELETE FROM audit_log WHERE organization_id = $1 AND sequence <= $2");
    let gone = tx.execute(sql.bind(organization).bind(sequence)).await?;
    let event =
        Event::new("audit.prune").within(organization).detail("through", sequence).detail("older_than", time);
    record(tx, event).await?;
    Ok(usize::try_from(gone).unwrap_or(usize::MAX))
}
