//! What is sent to channels. One message at a time for each: whatever happens until it has arrived,
//! and for a minute after, shares the next one.

use super::channels::{self, Channel};
use crate::webhooks::{MAX_ATTEMPTS, backoff};
use crate::{Db, Row, Sql, Tx, Value, now};
use bifrost_core::notification::{DIGEST, GAP, Item, MAX_SUBJECTS, bounded};
use bifrost_core::{NotificationChannelId, OrganizationId, Result};
use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

/// How long messages are kept that have ended, and what is known of subjects.
const KEEP: TimeDelta = TimeDelta::days(30);

/// A message that waits to be sent.
#[derive(Clone, Debug, PartialEq)]
pub struct Message {
    /// Its id; the same with each attempt.
    pub id: Uuid,
    /// Where it goes.
    pub channel: Channel,
    /// What it tells, the oldest first.
    pub items: Vec<Item>,
    /// Attempts so far.
    pub attempts: i64,
    /// When it was made.
    pub created_at: DateTime<Utc>,
}

/// Makes the messages that are due at `time`, at most one for each of `limit` channels; tells how
/// many.
pub async fn make(db: &Db, time: DateTime<Utc>, limit: u32) -> Result<usize> {
    let sql = Sql::new(
        "SELECT DISTINCT c.id FROM notification_items i JOIN notification_channels c ON c.id = i.channel_id
           JOIN organizations o ON o.id = c.organization_id
         WHERE i.count > 0 AND i.next_at <= $1 AND c.next_at <= $1 AND c.is_enabled AND o.is_active AND NOT EXISTS
           (SELECT 1 FROM notification_messages m WHERE m.channel_id = c.id AND m.state = 'pending')
         LIMIT $2",
    );
    let rows = db.system().read().await?.all(sql.bind(time).bind(limit)).await?;
    let mut made = 0;
    for row in &rows {
        let channel: NotificationChannelId = row.get("id")?;
        let unit = db.system();
        made += usize::from(
            unit.write(move |tx| Box::pin(async move { make_in(tx, channel, time).await })).await?,
        );
    }
    Ok(made)
}

async fn make_in(tx: &mut Tx, channel: NotificationChannelId, time: DateTime<Utc>) -> Result<bool> {
    // Whoever comes second finds that its time has moved.
    let sql = Sql::new(
        "UPDATE notification_channels SET next_at = $3 WHERE id = $1 AND next_at <= $2 AND is_enabled
         RETURNING organization_id",
    );
    let Some(row) = tx.optional(sql.bind(channel).bind(time).bind(time + GAP)).await? else {
        return Ok(false);
    };
    let organization: OrganizationId = row.get("organization_id")?;
    let sql = Sql::new(
        "SELECT kind, subject_id, count, first_at, last_at, details FROM notification_items
         WHERE channel_id = $1 AND count > 0 AND next_at <= $2 ORDER BY first_at, subject_id LIMIT $3",
    );
    let rows = tx.all(sql.bind(channel).bind(time).bind(MAX_SUBJECTS)).await?;
    let items = rows.iter().map(item).collect::<Result<Vec<_>>>()?;
    if items.is_empty() {
        return Ok(false);
    }
    for item in &items {
        let sql = Sql::new(
            "UPDATE notification_items SET count = 0, next_at = $4 WHERE channel_id = $1 AND kind = $2 AND subject_id = $3",
        );
        let sql = sql.bind(channel).bind(item.kind.as_str()).bind(item.subject_id).bind(time + DIGEST);
        tx.execute(sql).await?;
    }
    let sql = Sql::new(
        "INSERT INTO notification_messages (id, channel_id, organization_id, items, state, next_at, created_at)
         VALUES ($1, $2, $3, $4, 'pending', $5, $5)",
    )
    .bind(Uuid::now_v7())
    .bind(channel)
    .bind(organization)
    .bind(Value::json(&items)?)
    .bind(time);
    tx.execute(sql).await?;
    Ok(true)
}

fn item(row: &Row) -> Result<Item> {
    Ok(Item {
        kind: row.parse("kind")?,
        subject_id: row.get("subject_id")?,
        count: row.get("count")?,
        first_at: row.get("first_at")?,
        last_at: row.get("last_at")?,
        details: row.document("details")?,
    })
}

/// Messages whose next attempt is due at `time`, the oldest first.
pub async fn due(db: &Db, time: DateTime<Utc>, limit: u32) -> Result<Vec<Message>> {
    let sql = Sql::new(
        "SELECT id, channel_id, organization_id, items, attempts, created_at FROM notification_messages
         WHERE state = 'pending' AND next_at <= $1 ORDER BY next_at, id LIMIT $2",
    );
    let rows = db.system().read().await?.all(sql.bind(time).bind(limit)).await?;
    let mut all = Vec::with_capacity(rows.len());
    for row in &rows {
        let organization: OrganizationId = row.get("organization_id")?;
        let channel = match channels::get(&db.org(organization), row.get("channel_id")?).await {
            Ok(channel) => channel,
            // Deleted meanwhile, and the message with it.
            Err(bifrost_core::Error::NotFound(_)) => continue,
            Err(error) => return Err(error),
        };
        all.push(Message {
            id: row.get("id")?,
            channel,
            items: row.document("items")?,
            attempts: row.get("attempts")?,
            created_at: row.get("created_at")?,
        });
    }
    Ok(all)
}

/// Writes down that a message has arrived.
pub async fn sent(db: &Db, message: &Message) -> Result<()> {
    let (id, channel, time) = (message.id, message.channel.id, now());
    db.system()
        .write(move |tx| {
            Box::pin(async move {
                let sql = Sql::new(
                    "UPDATE notification_messages SET state = 'sent', attempts = attempts + 1, error = NULL, ended_at = $2
                     WHERE id = $1 AND state = 'pending'",
                );
                tx.execute(sql.bind(id).bind(time)).await?;
                let sql = Sql::new(
                    "UPDATE notification_channels SET sent_at = $2, failed_at = NULL, error = NULL WHERE id = $1",
                );
                tx.execute(sql.bind(channel).bind(time)).await.map(drop)
            })
        })
        .await
}

/// Writes down that an attempt came to nothing. The next one waits; after the last one, or where
/// `is_final`, the message has failed. True when that is so.
pub async fn failed(db: &Db, message: &Message, reason: &str, is_final: bool) -> Result<bool> {
    let (id, channel, time, reason) = (message.id, message.channel.id, now(), bounded(reason));
    let attempts = message.attempts + 1;
    let is_last = is_final || attempts >= MAX_ATTEMPTS;
    db.system()
        .write(move |tx| {
            Box::pin(async move {
                let sql = Sql::new(
                    "UPDATE notification_messages SET attempts = $2, error = $3, next_at = $4, state = $5, ended_at = $6
                     WHERE id = $1 AND state = 'pending'",
                )
                .bind(id)
                .bind(attempts)
                .bind(reason.as_str())
                .bind(time + backoff(attempts))
                .bind(if is_last { "failed" } else { "pending" })
                .bind(is_last.then_some(time));
                if tx.execute(sql).await? == 0 {
                    return Ok(false);
                }
                let sql =
                    Sql::new("UPDATE notification_channels SET failed_at = $2, error = $3 WHERE id = $1");
                tx.execute(sql.bind(channel).bind(time).bind(reason)).await?;
                Ok(is_last)
            })
        })
        .await
}

/// Deletes at most `limit` old messages, and what was last told of subjects long ago.
pub async fn expire(db: &Db, time: DateTime<Utc>, limit: u32) -> Result<u64> {
    let messages = Sql::new(
        "DELETE FROM notification_messages WHERE id IN
           (SELECT m.id FROM notification_messages m WHERE m.state <> 'pending' AND m.ended_at < $1 LIMIT $2)",
    );
    let items = Sql::new(
        "DELETE FROM notification_items WHERE (channel_id, kind, subject_id) IN (SELECT i.channel_id, i.kind, i.subject_id
           FROM notification_items i WHERE i.count = 0 AND i.next_at < $1 LIMIT $2)",
    );
    let [messages, items] = [messages, items].map(|sql| sql.bind(time - KEEP).bind(limit));
    db.system()
        .write(move |tx| Box::pin(async move { Ok(tx.execute(messages).await? + tx.execute(items).await?) }))
        .await
}
