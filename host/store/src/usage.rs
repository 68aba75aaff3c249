//! The time that workflows have saved, by organization, workflow and month. Kept when the runs are
//! gone.

use crate::{Db, Row, Scoped, Sql, Tx};
use bifrost_core::roi::Roi;
use bifrost_core::{Error, ExecutionId, OrganizationId, Outcome, Result, Status, WorkflowId};
use chrono::{DateTime, Datelike, NaiveDate, NaiveTime, TimeDelta, Utc};

/// A month of UTC, such as `2026-01`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Month(String);

impl Month {
    /// The month of a time.
    pub fn of(time: DateTime<Utc>) -> Self {
        Self(time.format("%Y-%m").to_string())
    }

    /// When the month of a time began.
    pub fn began(time: DateTime<Utc>) -> DateTime<Utc> {
        time - (time.time() - NaiveTime::MIN) - TimeDelta::days(time.day0().into())
    }

    /// As it is written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::str::FromStr for Month {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let first = (text.len() == 7).then(|| NaiveDate::parse_from_str(&format!("{text}-01"), "%Y-%m-%d"));
        match first {
            Some(Ok(date)) => Ok(Self(date.format("%Y-%m").to_string())),
            _ => Err(Error::invalid("month", "expected a year and a month, such as 2026-01")),
        }
    }
}

/// How sums are split, beside by month.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// Not at all.
    Month,
    /// By workflow.
    Workflow,
}

/// What runs have saved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Saved {
    /// When.
    pub month: String,
    /// Which workflow's runs, and its name now; `None` for those of all.
    pub workflow: Option<(WorkflowId, String)>,
    /// Whose, and its name now; `None` where only one is meant.
    pub organization: Option<(OrganizationId, String)>,
    /// Runs that were worth something.
    pub runs: i64,
    /// What they were worth.
    pub roi: Roi,
}

/// What a run that ends so counts for.
pub(crate) fn worth(outcome: &Outcome) -> Option<Roi> {
    let is_good = matches!(outcome.status, Status::Success | Status::CompletedWithErrors);
    outcome.roi.as_ref().filter(|_| is_good).and_then(Roi::read)
}

/// Adds what a run was worth: part of the transaction that ends it.
pub(crate) async fn add(tx: &mut Tx, id: ExecutionId, roi: Roi, time: DateTime<Utc>) -> Result<()> {
    let sql = Sql::new(
        "INSERT INTO time_saved AS t (organization_id, workflow_id, month, runs, seconds, value_thousandths)
         SELECT e.organization_id, e.workflow_id, $2, 1, $3, $4 FROM executions e WHERE e.id = $1
         ON CONFLICT (organization_id, month, workflow_id) DO UPDATE SET runs = t.runs + 1,
           seconds = t.seconds + excluded.seconds, value_thousandths = t.value_thousandths + excluded.value_thousandths",
    )
    .bind(id)
    .bind(Month::of(time).as_str())
    .bind(roi.seconds)
    .bind(roi.value);
    tx.execute(sql).await.map(drop)
}

/// What the runs of the handle's organization have saved from one month to another, both included.
pub async fn time_saved(org: &Scoped, from: &Month, to: &Month, by: By) -> Result<Vec<Saved>> {
    let (columns, groups) = match by {
        By::Month => ("", ""),
        By::Workflow => (", t.workflow_id, w.name AS workflow_name", ", t.workflow_id, w.name"),
    };
    let sql = Sql::new(format!(
        "SELECT t.month{columns}, {SUMS} FROM time_saved t JOIN workflows w ON w.id = t.workflow_id
         WHERE t.organization_id = $1 AND t.month >= $2 AND t.month <= $3
         GROUP BY t.month{groups} ORDER BY t.month, seconds DESC, value_thousandths DESC"
    ));
    let sql = sql.bind(org.organization()?).bind(from.as_str()).bind(to.as_str());
    let rows = org.read().await?.all(sql).await?;
    rows.iter()
        .map(|row| {
            let workflow = match by {
                By::Month => None,
                By::Workflow => Some((row.get("workflow_id")?, row.get("workflow_name")?)),
            };
            Ok(Saved { workflow, ..read(row)? })
        })
        .collect()
}

/// The same of all organizations, by organization.
pub async fn time_saved_by_all(db: &Db, from: &Month, to: &Month) -> Result<Vec<Saved>> {
    let sql = Sql::new(format!(
        "SELECT t.month, t.organization_id, o.name AS organization_name, {SUMS}
         FROM time_saved t JOIN organizations o ON o.id = t.organization_id WHERE t.month >= $1 AND t.month <= $2
         GROUP BY t.month, t.organization_id, o.name ORDER BY t.month, seconds DESC, value_thousandths DESC"
    ));
    let rows = db.system().read().await?.all(sql.bind(from.as_str()).bind(to.as_str())).await?;
    rows.iter()
        .map(|row| {
            let organization = Some((row.get("organization_id")?, row.get("organization_name")?));
            Ok(Saved { organization, ..read(row)? })
        })
        .collect()
}

/// Sums of integers are of a type of their own on PostgreSQL.
const SUMS: &str = "CAST(SUM(t.runs) AS bigint) AS runs, CAST(SUM(t.seconds) AS bigint) AS seconds,
   CAST(SUM(t.value_thousandths) AS bigint) AS value_thousandths";

fn read(row: &Row) -> Result<Saved> {
    Ok(Saved {
        month: row.get("month")?,
        workflow: None,
        organization: None,
        runs: row.get("runs")?,
        roi: Roi { seconds: row.get("seconds")?, value: row.get("value_thousandths")? },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_month_is_a_year_and_a_month() {
        assert_eq!("2026-01".parse::<Month>().expect("a month").as_str(), "2026-01");
        for wrong in ["", "2026", "2026-1", "2026-13", "2026-00", "26-01", "2026-01-01", "x026-01", "2026/01"]
        {
            assert!(wrong.parse::<Month>().is_err(), "{wrong}");
        }
        let time = "2026-02-28T23:59:59Z".parse().expect("a time");
        assert_eq!(Month::of(time).as_str(), "2026-02");
        let first = "2026-02-01T00:00:00Z".parse::<DateTime<Utc>>().expect("a time");
        assert_eq!((Month::began(time), Month::began(first)), (first, first));
    }
}
