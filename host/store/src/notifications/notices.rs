//! What people are told within the platform. A notification is its organization's; who sees it is
//! decided with each look, and whether it is read is each person's own.

use crate::executions::Page;
use crate::{Db, Row, Scoped, Sql};
use bifrost_core::notification::Details;
use bifrost_core::{Error, NotificationId, NotificationKind, OrganizationId, Permissions, Result, UserId};
use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

/// Most entries of a page.
const MAX_PAGE: u32 = 200;
/// Unread ones are counted so far.
pub const MAX_COUNT: i64 = 100;
/// How long notifications are kept.
const KEEP: TimeDelta = TimeDelta::days(90);

/// A notification, as one person has it.
#[derive(Clone, Debug, PartialEq)]
pub struct Notice {
    /// Its id.
    pub id: NotificationId,
    /// Where it happened.
    pub organization_id: OrganizationId,
    /// What.
    pub kind: NotificationKind,
    /// To which workflow, connection or schedule.
    pub subject_id: Uuid,
    /// How often.
    pub count: i64,
    /// When for the first time.
    pub first_at: DateTime<Utc>,
    /// When for the last time.
    pub last_at: DateTime<Utc>,
    /// Of the last time.
    pub details: Details,
    /// Not since it last happened.
    pub is_read: bool,
}

/// Who reads.
#[derive(Clone, Copy, Debug)]
pub struct Reader {
    /// Whose marks count.
    pub user: UserId,
    /// What they may see.
    pub permissions: Permissions,
}

impl Reader {
    /// Begins a condition that is true of what the reader may see in an organization. `$1` is the user.
    fn visible(self, what: &str, organization: OrganizationId) -> Sql {
        let mut sql = Sql::new(format!(
            "{what} FROM notifications n LEFT JOIN notification_reads r ON r.notification_id = n.id AND r.user_id = $1"
        ))
        .bind(self.user);
        sql.push(" WHERE n.organization_id = ").push_bind(organization).push(" AND n.kind IN (''");
        for kind in NotificationKind::ALL.into_iter().filter(|kind| self.permissions.has(kind.needs())) {
            sql.push(", ").push_bind(kind.as_str());
        }
        sql.push(")");
        sql
    }
}

/// True of what a reader has not read since it last happened.
const UNREAD: &str = " AND (r.read_at IS NULL OR r.read_at < n.last_at)";

const COLUMNS: &str =
    "SELECT n.id, n.organization_id, n.kind, n.subject_id, n.count, n.first_at, n.last_at, n.details,
   r.read_at";

/// Notifications of the handle's organization that the reader may see, the latest first, after
/// `cursor`: the last of the page before.
pub async fn list(
    org: &Scoped,
    reader: Reader,
    only_unread: bool,
    cursor: Option<(DateTime<Utc>, NotificationId)>,
    limit: u32,
) -> Result<Page<Notice, (DateTime<Utc>, NotificationId)>> {
    let limit = limit.clamp(1, MAX_PAGE);
    let mut sql = reader.visible(COLUMNS, org.organization()?);
    sql.push(if only_unread { UNREAD } else { "" });
    if let Some((at, id)) = cursor {
        sql.push(" AND (n.last_at, n.id) < (").push_bind(at).push(", ").push_bind(id).push(")");
    }
    sql.push(" ORDER BY n.last_at DESC, n.id DESC LIMIT ").push_bind(i64::from(limit) + 1);
    let mut items = org.read().await?.all(sql).await?.iter().map(read).collect::<Result<Vec<_>>>()?;
    let more = items.len() > limit as usize;
    items.truncate(limit as usize);
    let next = if more { items.last().map(|last| (last.last_at, last.id)) } else { None };
    Ok(Page { items, next })
}

/// How many the reader has not read, up to [`MAX_COUNT`].
pub async fn unread(org: &Scoped, reader: Reader) -> Result<i64> {
    let mut inner = reader.visible("SELECT COUNT(*) AS n FROM (SELECT n.id", org.organization()?);
    inner.push(UNREAD).push(" LIMIT ").push_bind(MAX_COUNT).push(") AS unread");
    org.read().await?.one(inner).await?.get("n")
}

/// Marks one as read. `NotFound` for what the reader may not see.
pub async fn mark(org: &Scoped, reader: Reader, id: NotificationId) -> Result<()> {
    let mut sql = reader.visible(MARK, org.organization()?);
    sql.push(" AND n.id = ").push_bind(id).push(MARKED);
    match org.write(move |tx| Box::pin(async move { tx.execute(sql).await })).await? {
        0 => Err(Error::NotFound("notification")),
        _ => Ok(()),
    }
}

/// Marks all as read that the reader may see; tells how many.
pub async fn mark_all(org: &Scoped, reader: Reader) -> Result<u64> {
    let mut sql = reader.visible(MARK, org.organization()?);
    sql.push(UNREAD).push(MARKED);
    org.write(move |tx| Box::pin(async move { tx.execute(sql).await })).await
}

/// Begins to mark what a reader may see: as read until it last happened.
const MARK: &str = "INSERT INTO notification_reads (notification_id, user_id, organization_id, read_at)
   SELECT n.id, $1, n.organization_id, n.last_at";

const MARKED: &str = " ON CONFLICT (notification_id, user_id) DO UPDATE SET read_at = excluded.read_at";

/// Deletes at most `limit` old notifications.
pub async fn expire(db: &Db, time: DateTime<Utc>, limit: u32) -> Result<u64> {
    let sql = Sql::new(
        "DELETE FROM notifications WHERE id IN (SELECT n.id FROM notifications n WHERE n.last_at < $1 LIMIT $2)",
    );
    let sql = sql.bind(time - KEEP).bind(limit);
    db.system().write(move |tx| Box::pin(async move { tx.execute(sql).await })).await
}

fn read(row: &Row) -> Result<Notice> {
    let last_at: DateTime<Utc> = row.get("last_at")?;
    Ok(Notice {
        id: row.get("id")?,
        organization_id: row.get("organization_id")?,
        kind: row.parse("kind")?,
        subject_id: row.get("subject_id")?,
        count: row.get("count")?,
        first_at: row.get("first_at")?,
        last_at,
        details: row.document("details")?,
        is_read: row.opt::<DateTime<Utc>>("read_at")?.is_some_and(|at| at >= last_at),
    })
}
