//! What an organization's runs have taken.

use super::retention::first_id;
use crate::{Scoped, Sql};
use bifrost_core::Result;
use chrono::{DateTime, Utc};

/// What runs have taken, those that are deleted left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spent {
    /// Runs under a lease now.
    pub running: i64,
    /// Runs that were accepted.
    pub runs: i64,
    /// Processor time of their last attempts that have ended, in milliseconds.
    pub computing_ms: i64,
}

/// What runs of the handle's organization have taken that were accepted since a time.
pub async fn spent(org: &Scoped, since: DateTime<Utc>) -> Result<Spent> {
    // Ids tell when they were made, so the index of an organization's runs finds the first.
    let sql = Sql::new(
        "SELECT COUNT(*) AS runs, CAST(COALESCE(SUM(fuel_used / 1000000), 0) AS bigint) AS computing_ms,
           (SELECT COUNT(*) FROM executions r WHERE r.organization_id = $1 AND r.lease_until IS NOT NULL) AS running
         FROM executions WHERE organization_id = $1 AND id >= $2",
    );
    let sql = sql.bind(org.organization()?).bind(first_id(since));
    let row = org.read().await?.one(sql).await?;
    Ok(Spent { running: row.get("running")?, runs: row.get("runs")?, computing_ms: row.get("computing_ms")? })
}
