//! What waits, as the dispatcher reads it.

use crate::{Db, Sql, Tx, now};
use bifrost_core::ports::Ticket;
use bifrost_core::*;
use std::collections::{HashMap, HashSet};

/// The line of one organization at one priority.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// 0 before 1 before 2.
    pub priority: i64,
    /// Whose runs.
    pub organization: OrganizationId,
    /// The oldest of them, oldest first.
    pub tickets: Vec<Ticket>,
}

/// What is there to decide on, in one consistent state.
#[derive(Clone, Debug, Default)]
pub struct Backlog {
    /// Lines that are not empty.
    pub waiting: Vec<Waiting>,
    /// Runs under a lease, by organization.
    pub running: HashMap<OrganizationId, usize>,
    /// How many runs of an organization may be under way at the same time.
    pub limits: HashMap<OrganizationId, usize>,
    /// Slots of all workers that live and do not drain.
    pub slots: usize,
}

/// Reads the heads of all lines, at most `depth` tickets of each.
pub async fn backlog(db: &Db, depth: u32) -> Result<Backlog> {
    let mut tx = db.system().read().await?;
    let mut backlog = Backlog::default();
    let suspended = suspended(&mut tx).await?;
    for (priority, organization) in lines(&mut tx).await? {
        // Its runs wait, in their order, until it may run again.
        if suspended.contains(&organization) {
            continue;
        }
        #[cfg(not(feature = "planted-faults"))]
        let left_out = "";
        #[cfg(feature = "planted-faults")]
        let left_out = crate::planted::not_relayed();
        let sql = Sql::new(format!(
            "SELECT id, attempt FROM executions
             WHERE status = 'Pending'{left_out} AND priority = $1 AND organization_id = $2 AND (not_before IS NULL OR not_before <= $3)
             ORDER BY id LIMIT $4"
        ));
        let sql = sql.bind(priority).bind(organization).bind(now()).bind(depth);
        let tickets = tx
            .all(sql)
            .await?
            .iter()
            .map(|row| Ok(Ticket { execution: row.get("id")?, attempt: row.get::<i32>("attempt")? + 1 }))
            .collect::<Result<Vec<_>>>()?;
        if !tickets.is_empty() {
            backlog.waiting.push(Waiting { priority, organization, tickets });
        }
    }
    if backlog.waiting.is_empty() {
        return Ok(backlog);
    }
    let running = running(&mut tx).await?.into_iter();
    backlog.running = running.map(|(whose, runs)| (whose, usize::try_from(runs).unwrap_or(0))).collect();
    for line in &backlog.waiting {
        if backlog.limits.contains_key(&line.organization) {
            continue;
        }
        let sql = Sql::new("SELECT limits FROM organizations WHERE id = $1").bind(line.organization);
        let limits: Limits = tx.one(sql).await?.document("limits")?;
        let most = usize::try_from(limits.concurrent_runs).unwrap_or(usize::MAX);
        backlog.limits.insert(line.organization, most);
    }
    let workers = crate::workers::list_in(&mut tx).await?;
    let slots: i64 = workers.iter().filter(|worker| !worker.is_draining).map(|worker| worker.slots).sum();
    backlog.slots = usize::try_from(slots).unwrap_or(0);
    Ok(backlog)
}

/// Runs under a lease, by organization.
pub(super) async fn running(tx: &mut Tx) -> Result<HashMap<OrganizationId, i64>> {
    let sql = Sql::new(
        "SELECT organization_id, COUNT(*) AS runs FROM executions WHERE lease_until IS NOT NULL GROUP BY organization_id",
    );
    tx.all(sql).await?.iter().map(|row| Ok((row.get("organization_id")?, row.get("runs")?))).collect()
}

async fn suspended(tx: &mut Tx) -> Result<HashSet<OrganizationId>> {
    let rows = tx.all(Sql::new("SELECT id FROM organizations WHERE NOT is_active")).await?;
    rows.iter().map(|row| row.get("id")).collect()
}

/// The lines, found by leaps through the index instead of a walk over all that wait.
async fn lines(tx: &mut Tx) -> Result<Vec<(i64, OrganizationId)>> {
    let mut lines = vec![];
    for priority in Priority::ALL {
        let priority = priority.rank();
        let mut last: Option<OrganizationId> = None;
        loop {
            let mut sql =
                Sql::new("SELECT organization_id FROM executions WHERE status = 'Pending' AND priority = ");
            sql.push_bind(priority);
            if let Some(last) = last {
                sql.push(" AND organization_id > ").push_bind(last);
            }
            sql.push(" ORDER BY organization_id LIMIT 1");
            let Some(row) = tx.optional(sql).await? else { break };
            let organization = row.get("organization_id")?;
            lines.push((priority, organization));
            last = Some(organization);
        }
    }
    Ok(lines)
}

/// How many accepted runs wait for a worker.
pub async fn waiting(db: &Db) -> Result<u64> {
    let sql = Sql::new("SELECT COUNT(*) AS runs FROM executions WHERE status = 'Pending'");
    let runs: i64 = db.system().read().await?.one(sql).await?.get("runs")?;
    Ok(runs.unsigned_abs())
}
