//! Egress policies of organizations, and what counts against their quotas.

use crate::audit::{Event, record};
use crate::{Db, Row, Scoped, Sql, Tx, Value, now};
use bifrost_core::{EgressPolicy, OrganizationId, Result, UserId};
use chrono::{DateTime, Utc};

/// An organization's policy.
#[derive(Clone, Debug, PartialEq)]
pub struct Kept {
    /// What it says.
    pub policy: EgressPolicy,
    /// Last change; `None` while it is the default.
    pub updated_at: Option<DateTime<Utc>>,
    /// Who changed it last.
    pub updated_by: Option<UserId>,
}

/// What an organization's runs have used of their quotas, all workers together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Minutes since 1970.
    pub minute: i64,
    /// Requests in that minute.
    pub requests: i64,
    /// Days since 1970, UTC.
    pub day: i64,
    /// Bytes on that day.
    pub bytes: i64,
}

impl Usage {
    /// Nothing, at a time.
    pub fn at(time: DateTime<Utc>) -> Self {
        let minute = time.timestamp().div_euclid(60);
        Self { minute, day: minute.div_euclid(24 * 60), ..Self::default() }
    }

    /// Both together, as far as they are of the later minute and day.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        let sum = |a: (i64, i64), b: (i64, i64)| match a.0.cmp(&b.0) {
            std::cmp::Ordering::Less => b,
            std::cmp::Ordering::Equal => (a.0, a.1.saturating_add(b.1)),
            std::cmp::Ordering::Greater => a,
        };
        let (minute, requests) = sum((self.minute, self.requests), (other.minute, other.requests));
        let (day, bytes) = sum((self.day, self.bytes), (other.day, other.bytes));
        Self { minute, requests, day, bytes }
    }
}

/// The policy of the handle's organization.
pub async fn get(scoped: &Scoped) -> Result<Kept> {
    let organization = scoped.organization()?;
    let sql =
        Sql::new("SELECT policy, updated_at, updated_by FROM egress_policies WHERE organization_id = $1");
    let Some(row) = scoped.read().await?.optional(sql.bind(organization)).await? else {
        return Ok(Kept { policy: EgressPolicy::default(), updated_at: None, updated_by: None });
    };
    Ok(Kept {
        policy: row.document("policy")?,
        updated_at: row.opt("updated_at")?,
        updated_by: row.opt("updated_by")?,
    })
}

/// Sets the policy of an organization that exists. For transactions of the system: no
/// tenant may change its own.
///
/// # Errors
/// `Invalid`, naming the entry at fault.
pub async fn set_in(
    tx: &mut Tx,
    organization: OrganizationId,
    policy: EgressPolicy,
    by: UserId,
) -> Result<EgressPolicy> {
    let policy = policy.checked()?;
    let old = Sql::new("SELECT policy FROM egress_policies WHERE organization_id = $1").bind(organization);
    let old = tx.optional(old).await?.map(|row| row.document("policy")).transpose()?.unwrap_or_default();
    let sql = Sql::new(
        "INSERT INTO egress_policies (organization_id, policy, updated_at, updated_by) VALUES ($1, $2, $3, $4)
         ON CONFLICT (organization_id) DO UPDATE SET policy = excluded.policy,
           updated_at = excluded.updated_at, updated_by = excluded.updated_by",
    );
    tx.execute(sql.bind(organization).bind(Value::json(&policy)?).bind(now()).bind(by)).await?;
    let event = Event::new("egress.set").within(organization).target("organization", organization);
    record(tx, event.change("policy", &old, &policy)).await?;
    Ok(policy)
}

/// Adds to an organization's usage; answers what it then is. What is of an earlier minute
/// or day than was counted last is left out.
pub async fn count(db: &Db, organization: OrganizationId, used: Usage) -> Result<Usage> {
    let sql = Sql::new(
        "INSERT INTO egress_usage (organization_id, minute, requests, day, bytes) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (organization_id) DO UPDATE SET
           requests = CASE WHEN excluded.minute > egress_usage.minute THEN excluded.requests
             WHEN excluded.minute = egress_usage.minute THEN egress_usage.requests + excluded.requests
             ELSE egress_usage.requests END,
           minute = CASE WHEN excluded.minute > egress_usage.minute THEN excluded.minute ELSE egress_usage.minute END,
           bytes = CASE WHEN excluded.day > egress_usage.day THEN excluded.bytes
             WHEN excluded.day = egress_usage.day THEN egress_usage.bytes + excluded.bytes
             ELSE egress_usage.bytes END,
           day = CASE WHEN excluded.day > egress_usage.day THEN excluded.day ELSE egress_usage.day END
         RETURNING minute, requests, day, bytes",
    )
    .bind(organization)
    .bind(used.minute)
    .bind(used.requests)
    .bind(used.day)
    .bind(used.bytes);
    let row = db.org(organization).write(move |tx| Box::pin(async move { tx.one(sql).await })).await?;
    read(&row)
}

/// What the handle's organization has used in the present minute and on the present day. Workers
/// count only where there is a quota.
pub async fn used(scoped: &Scoped) -> Result<Usage> {
    let sql = Sql::new("SELECT minute, requests, day, bytes FROM egress_usage WHERE organization_id = $1");
    let row = scoped.read().await?.optional(sql.bind(scoped.organization()?)).await?;
    let counted = row.as_ref().map(read).transpose()?.unwrap_or_default();
    Ok(Usage::at(now()).plus(counted))
}

fn read(row: &Row) -> Result<Usage> {
    Ok(Usage {
        minute: row.get("minute")?,
        requests: row.get("requests")?,
        day: row.get("day")?,
        bytes: row.get("bytes")?,
    })
}
