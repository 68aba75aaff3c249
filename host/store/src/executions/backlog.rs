//! What waits, as the dispatcher reads it.

use crate::{Db, Row, Sql, Tx, now};
use bifrost_core::ports::Ticket;
use bifrost_core::*;
use std::collections::HashMap;

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
    /// Lines that are not empty, of organizations that are not suspended.
    pub waiting: Vec<Waiting>,
    /// Runs under a lease, by organization that waits.
    pub running: HashMap<OrganizationId, usize>,
    /// Runs under a lease of all organizations.
    pub running_of_all: usize,
    /// How many runs of an organization that waits may be under way at the same time.
    pub limits: HashMap<OrganizationId, usize>,
    /// Slots of all workers that live and do not drain.
    pub slots: usize,
}

/// Reads the heads of all lines, at most `depth` tickets of each.
pub async fn backlog(db: &Db, depth: u32) -> Result<Backlog> {
    let mut tx = db.system().read().await?;
    let mut backlog = Backlog::default();
    for line in lines(&mut tx).await? {
        let (priority, organization) = (line.get("priority")?, line.get("organization_id")?);
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
        if tickets.is_empty() {
            continue;
        }
        backlog.waiting.push(Waiting { priority, organization, tickets });
        let limits: Limits = line.document("limits")?;
        let most = usize::try_from(limits.concurrent_runs).unwrap_or(usize::MAX);
        backlog.limits.insert(organization, most);
        backlog.running.insert(organization, number(&line, "running")?);
        backlog.running_of_all = number(&line, "running_of_all")?;
        backlog.slots = number(&line, "slots")?;
    }
    Ok(backlog)
}

fn number(row: &Row, column: &str) -> Result<usize> {
    Ok(usize::try_from(row.get::<i64>(column)?).unwrap_or(0))
}

/// The lines, and what is decided by beside their tickets. They are found by leaps through the index
/// instead of a walk over all that wait, and all in one round trip: every run waits for this.
async fn lines(tx: &mut Tx) -> Result<Vec<Row>> {
    let leap = |priority: &str, after: &str| {
        format!(
            "SELECT {priority}, (SELECT e.organization_id FROM executions e
               WHERE e.status = 'Pending' AND e.priority = {priority}{after} ORDER BY e.organization_id LIMIT 1)"
        )
    };
    let first = Priority::ALL.map(|priority| leap(&priority.rank().to_string(), ""));
    let next = leap("l.priority", " AND e.organization_id > l.organization_id");
    let sql = Sql::new(format!(
        "WITH RECURSIVE heads (priority, organization_id) AS ({}),
           lines (priority, organization_id) AS (
             SELECT priority, organization_id FROM heads
             UNION ALL {next} FROM lines l WHERE l.organization_id IS NOT NULL)
         SELECT CAST(l.priority AS BIGINT) AS priority, l.organization_id, o.limits,
           (SELECT COUNT(*) FROM executions r WHERE r.organization_id = o.id AND r.lease_until IS NOT NULL) AS running,
           (SELECT COUNT(*) FROM executions WHERE lease_until IS NOT NULL) AS running_of_all,
           (SELECT CAST(COALESCE(SUM(slots), 0) AS BIGINT) FROM workers WHERE seen_at >= $1 AND NOT is_draining) AS slots
         FROM lines l JOIN organizations o ON o.id = l.organization_id AND o.is_active
         ORDER BY l.priority, l.organization_id",
        first.join(" UNION ALL ")
    ));
    tx.all(sql.bind(now() - crate::workers::SILENCE)).await
}

/// How many accepted runs wait for a worker.
pub async fn waiting(db: &Db) -> Result<u64> {
    let sql = Sql::new("SELECT COUNT(*) AS runs FROM executions WHERE status = 'Pending'");
    let runs: i64 = db.system().read().await?.one(sql).await?.get("runs")?;
    Ok(runs.unsigned_abs())
}
