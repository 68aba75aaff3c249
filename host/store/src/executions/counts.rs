//! How many runs there were, by time and by organization.

use super::query::within;
use super::retention::first_id;
use crate::{Db, Row, Scoped, Sql};
use bifrost_core::{OrganizationId, Result, Status, UserId};
use chrono::{DateTime, TimeDelta, Utc};
use std::collections::BTreeMap;

/// An id is made at most this long before its run is accepted: what is older than the first of that time is not looked at.
const SLACK: TimeDelta = TimeDelta::hours(1);

/// How many runs stand where.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Ended as their authors wanted.
    pub succeeded: i64,
    /// Failed, ran into their time limit, or ended with errors of their own.
    pub failed: i64,
    /// Ended on request.
    pub cancelled: i64,
    /// Have not ended.
    pub open: i64,
}

impl Counts {
    /// All of them.
    pub fn total(self) -> i64 {
        self.succeeded + self.failed + self.cancelled + self.open
    }

    fn add(&mut self, status: Status, runs: i64) {
        match status {
            Status::Success => self.succeeded += runs,
            Status::Failed | Status::Timeout | Status::CompletedWithErrors => self.failed += runs,
            Status::Cancelled => self.cancelled += runs,
            Status::Scheduled | Status::Pending | Status::Running | Status::Waiting | Status::Cancelling => {
                self.open += runs;
            }
        }
    }
}

impl std::iter::Sum for Counts {
    fn sum<I: Iterator<Item = Self>>(all: I) -> Self {
        all.fold(Self::default(), |sum, one| Self {
            succeeded: sum.succeeded + one.succeeded,
            failed: sum.failed + one.failed,
            cancelled: sum.cancelled + one.cancelled,
            open: sum.open + one.open,
        })
    }
}

/// Runs of the handle's organization that were accepted from `from` until before `to`, by steps that are
/// counted from `from`; without steps in which there were none. `executed_by` counts those of one user.
pub async fn counts_by_time(
    org: &Scoped,
    from: DateTime<Utc>,
    to: DateTime<Utc>,
    step: TimeDelta,
    executed_by: Option<UserId>,
) -> Result<Vec<(DateTime<Utc>, Counts)>> {
    let mut tx = org.read().await?;
    let mut sql = Sql::new(format!(
        "SELECT {} AS step, status, COUNT(*) AS runs FROM executions
         WHERE created_at >= $1 AND created_at < $2 AND id >= $3",
        tx.engine().steps("created_at", "$1", step.num_seconds())
    ))
    .bind(from)
    .bind(to)
    .bind(first_id(from - SLACK));
    within(&mut sql, org.access())?;
    if let Some(user) = executed_by {
        sql.push(" AND executed_by = ").push_bind(user);
    }
    sql.push(" GROUP BY 1, 2");
    let mut steps = BTreeMap::<i64, Counts>::new();
    for row in &tx.all(sql).await? {
        let (status, runs) = counted(row)?;
        steps.entry(row.get("step")?).or_default().add(status, runs);
    }
    let begun = |index: i64| from + TimeDelta::seconds(index * step.num_seconds());
    Ok(steps.into_iter().map(|(index, counts)| (begun(index), counts)).collect())
}

/// The same of all organizations over the whole time, with their names now, the most runs first.
pub async fn counts_by_organization(
    db: &Db,
    from: DateTime<Utc>,
    to: DateTime<Utc>,
) -> Result<Vec<(OrganizationId, String, Counts)>> {
    let sql = Sql::new(
        "SELECT e.organization_id, o.name AS organization_name, e.status, COUNT(*) AS runs
         FROM executions e JOIN organizations o ON o.id = e.organization_id
         WHERE e.created_at >= $1 AND e.created_at < $2 AND e.id >= $3 GROUP BY 1, 2, 3",
    );
    let rows = db.system().read().await?.all(sql.bind(from).bind(to).bind(first_id(from - SLACK))).await?;
    let mut all = BTreeMap::<(String, OrganizationId), Counts>::new();
    for row in &rows {
        let (status, runs) = counted(row)?;
        let whose = (row.get("organization_name")?, row.get("organization_id")?);
        all.entry(whose).or_default().add(status, runs);
    }
    let mut all: Vec<_> = all.into_iter().map(|((name, id), counts)| (id, name, counts)).collect();
    all.sort_by_key(|(_, _, counts)| std::cmp::Reverse(counts.total()));
    Ok(all)
}

fn counted(row: &Row) -> Result<(Status, i64)> {
    Ok((row.parse("status")?, row.get("runs")?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    #[test]
    fn ids_are_after_the_first_of_their_time() {
        let now = crate::now();
        let id = Uuid::now_v7();
        assert!(first_id(now - SLACK) < id && first_id(now + TimeDelta::hours(2) - SLACK) > id);
        assert!(first_id(DateTime::UNIX_EPOCH - SLACK) < id);
    }
}
