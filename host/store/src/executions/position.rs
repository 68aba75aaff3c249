//! How many runs come before one that waits, as the dispatcher would take them now.

use super::query::within;
use crate::{Scoped, Sql, now};
use bifrost_core::*;
use chrono::{DateTime, Utc};

/// Beyond this nobody needs the number, and counting would cost more than it tells.
pub const MAX_POSITION: i64 = 1_000;

/// The turn of a run that waits for a worker, 1 for the next one, at most [`MAX_POSITION`];
/// `None` for one that does not wait, or not yet again. `NotFound` outside the handle's reach.
///
/// All of a higher priority comes before it, and what is in its own line. Of every other
/// organization of its priority as much comes before it as it has places of its own, because
/// they take turns. What limits of concurrent runs hold back counts as well. The lines are
/// those of all tenants; nothing but the number is told of them.
pub async fn queue_position(scoped: &Scoped, id: ExecutionId) -> Result<Option<i64>> {
    let time = now();
    let mut sql =
        Sql::new("SELECT status, priority, organization_id, not_before FROM executions WHERE id = $1")
            .bind(id);
    within(&mut sql, scoped.access())?;
    let row = scoped.read().await?.optional(sql).await?.ok_or(Error::NotFound("execution"))?;
    let pauses = row.opt::<DateTime<Utc>>("not_before")?.is_some_and(|until| until > time);
    if row.parse::<Status>("status")? != Status::Pending || pauses {
        return Ok(None);
    }
    let priority: i64 = row.get("priority")?;
    let organization: OrganizationId = row.get("organization_id")?;

    let mut tx = scoped.db().system().read().await?;
    let sql = Sql::new(
        "SELECT
           (SELECT COUNT(*) FROM (SELECT 1 AS one FROM executions e
              WHERE e.status = 'Pending' AND e.priority = $1 AND e.organization_id = $2 AND e.id <= $3
                AND (e.not_before IS NULL OR e.not_before <= $4) LIMIT $5) own) AS place,
           (SELECT COUNT(*) FROM (SELECT 1 AS one FROM executions e
              WHERE e.status = 'Pending' AND e.priority < $1 AND (e.not_before IS NULL OR e.not_before <= $4)
                AND EXISTS (SELECT 1 FROM organizations o WHERE o.id = e.organization_id AND o.is_active)
              LIMIT $5) higher) AS sooner",
    );
    let sql = sql.bind(priority).bind(organization).bind(id).bind(time).bind(MAX_POSITION);
    let row = tx.one(sql).await?;
    let (place, sooner): (i64, i64) = (row.get("place")?, row.get("sooner")?);
    if place == 0 {
        // Taken meanwhile.
        return Ok(None);
    }
    // Leaps from line to line, as the dispatcher does, until there is enough.
    let sql = Sql::new(
        "WITH RECURSIVE lines (organization, ahead) AS (
           SELECT (SELECT e.organization_id FROM executions e WHERE e.status = 'Pending' AND e.priority = $1
                   ORDER BY e.organization_id LIMIT 1), $2
           UNION ALL
           SELECT (SELECT e.organization_id FROM executions e WHERE e.status = 'Pending' AND e.priority = $1
                     AND e.organization_id > l.organization ORDER BY e.organization_id LIMIT 1),
             l.ahead + (SELECT COUNT(*) FROM (SELECT 1 AS one FROM executions e
               WHERE e.status = 'Pending' AND e.priority = $1 AND e.organization_id = l.organization
                 AND l.organization <> $3 AND (e.not_before IS NULL OR e.not_before <= $4)
                 AND EXISTS (SELECT 1 FROM organizations o WHERE o.id = l.organization AND o.is_active)
               LIMIT $5) line)
           FROM lines l WHERE l.organization IS NOT NULL AND l.ahead < $6
         )
         SELECT MAX(ahead) AS ahead FROM lines",
    );
    let sql =
        sql.bind(priority).bind(place + sooner).bind(organization).bind(time).bind(place).bind(MAX_POSITION);
    let ahead: i64 = tx.one(sql).await?.get("ahead")?;
    Ok(Some(ahead.min(MAX_POSITION)))
}
