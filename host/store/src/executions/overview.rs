//! What waits and what is under way, as operators see it.

use crate::{Db, Sql, Tx, now};
use bifrost_core::*;
use chrono::{DateTime, Utc};
use std::collections::HashMap;

/// All of it, in one consistent state.
#[derive(Clone, Debug)]
pub struct Overview {
    /// Organizations of which something waits or is under way, by name.
    pub organizations: Vec<Load>,
    /// Dead letters whose run ended, and that nobody has replayed.
    pub dead_letters: i64,
}

/// What there is of one organization.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Load {
    /// Which.
    pub organization: OrganizationId,
    /// Its name.
    pub name: String,
    /// False: its runs wait until it may run again.
    pub is_active: bool,
    /// How many of its runs may be under way at the same time.
    pub concurrent_runs: u64,
    /// Runs under a lease.
    pub running: i64,
    /// What waits, by priority.
    pub lines: Vec<Line>,
}

/// What waits at one priority.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Its turn.
    pub priority: Priority,
    /// Runs that a worker could take now.
    pub waiting: i64,
    /// Runs that rest before another attempt.
    pub resting: i64,
    /// Since when the first of those that wait could be taken.
    pub waiting_since: Option<DateTime<Utc>>,
}

/// Counts what waits and what is under way.
pub async fn overview(db: &Db) -> Result<Overview> {
    let mut tx = db.system().read().await?;
    let mut lines = lines(&mut tx).await?;
    let running = running(&mut tx).await?;
    let mut organizations = vec![];
    let sql = Sql::new("SELECT id, name, is_active, limits FROM organizations ORDER BY name, id");
    for row in tx.all(sql).await? {
        let organization: OrganizationId = row.get("id")?;
        let lines = lines.remove(&organization).unwrap_or_default();
        let running = running.get(&organization).copied().unwrap_or(0);
        if lines.is_empty() && running == 0 {
            continue;
        }
        let limits: Limits = row.document("limits")?;
        organizations.push(Load {
            organization,
            name: row.get("name")?,
            is_active: row.get("is_active")?,
            concurrent_runs: limits.concurrent_runs,
            running,
            lines,
        });
    }
    let sql =
        Sql::new("SELECT COUNT(*) AS n FROM dead_letters WHERE state = 'failed' AND replayed_as IS NULL");
    Ok(Overview { organizations, dead_letters: tx.one(sql).await?.get("n")? })
}

async fn lines(tx: &mut Tx) -> Result<HashMap<OrganizationId, Vec<Line>>> {
    let sql = Sql::new(
        "SELECT organization_id, priority,
           COUNT(CASE WHEN not_before IS NULL OR not_before <= $1 THEN 1 END) AS waiting,
           COUNT(CASE WHEN not_before > $1 THEN 1 END) AS resting,
           MIN(CASE WHEN not_before IS NULL OR not_before <= $1 THEN COALESCE(not_before, created_at) END) AS since
         FROM executions WHERE status = 'Pending' GROUP BY organization_id, priority ORDER BY priority",
    );
    let mut lines: HashMap<OrganizationId, Vec<Line>> = HashMap::new();
    for row in tx.all(sql.bind(now())).await? {
        let rank: i64 = row.get("priority")?;
        let Some(priority) = Priority::ALL.into_iter().find(|priority| priority.rank() == rank) else {
            return Err(Error::Internal(anyhow::anyhow!("there is no priority {rank}")));
        };
        lines.entry(row.get("organization_id")?).or_default().push(Line {
            priority,
            waiting: row.get("waiting")?,
            resting: row.get("resting")?,
            waiting_since: row.opt("since")?,
        });
    }
    Ok(lines)
}

async fn running(tx: &mut Tx) -> Result<HashMap<OrganizationId, i64>> {
    let sql = Sql::new(
        "SELECT organization_id, COUNT(*) AS runs FROM executions WHERE lease_until IS NOT NULL GROUP BY organization_id",
    );
    tx.all(sql).await?.iter().map(|row| Ok((row.get("organization_id")?, row.get("runs")?))).collect()
}
