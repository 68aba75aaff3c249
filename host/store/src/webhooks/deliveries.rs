//! What was delivered: for people to look at and to repeat, until it is deleted.

use crate::audit::{Event, record};
use crate::{Db, Row, Scoped, Sql, Tx, now};
use bifrost_core::{
    DeliveryId, Error, ExecutionId, Lineage, OrganizationId, Result, SubscriptionId, UserId, WebhookId,
    WorkflowId,
};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

/// What has become of a delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = DeliveryState)]
pub enum State {
    /// It waits, or is tried again.
    Pending,
    /// Every subscription that it is for has its run.
    Done,
    /// It is for no subscription.
    Ignored,
    /// A subscription has no run; see what became of each.
    Failed,
}

impl State {
    /// The name on the wire and in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Done => "done",
            Self::Ignored => "ignored",
            Self::Failed => "failed",
        }
    }
}

impl std::str::FromStr for State {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        [Self::Pending, Self::Done, Self::Ignored, Self::Failed]
            .into_iter()
            .find(|state| state.as_str() == text)
            .ok_or_else(|| {
                Error::invalid("state", format!("`{text}` is none of pending, done, ignored, failed"))
            })
    }
}

/// What became of a delivery for one subscription.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = DeliveryOutcome)]
pub struct Outcome {
    /// The subscription.
    pub subscription_id: SubscriptionId,
    /// Its workflow.
    pub workflow_id: WorkflowId,
    /// The run; `null` where there is none.
    pub execution_id: Option<ExecutionId>,
    /// Why there is none: `filtered`, or what is wrong.
    pub reason: Option<String>,
}

/// Something that a source has sent.
#[derive(Clone, Debug, PartialEq)]
pub struct Delivery {
    /// Its id.
    pub id: DeliveryId,
    /// Whose it is.
    pub organization_id: OrganizationId,
    /// Who has sent it.
    pub webhook_id: WebhookId,
    /// What the sender calls it.
    pub event_type: Option<String>,
    /// Without what is secret.
    pub headers: Map<String, Value>,
    /// Of the body, as the sender says.
    pub content_type: Option<String>,
    /// As it was sent; empty in a list.
    pub body: Vec<u8>,
    /// How long the body is.
    pub body_bytes: i64,
    /// What has become of it.
    pub state: State,
    /// For each subscription, once it is settled.
    pub outcomes: Vec<Outcome>,
    /// Attempts to process it so far.
    pub attempts: i64,
    /// Why the last attempt came to nothing.
    pub error: Option<String>,
    /// Not processed before.
    pub next_at: DateTime<Utc>,
    /// When it came.
    pub received_at: DateTime<Utc>,
    /// When it was settled.
    pub processed_at: Option<DateTime<Utc>>,
    /// Deleted then.
    pub expires_at: DateTime<Utc>,
    /// The delivery that this one repeats.
    pub replay_of: Option<DeliveryId>,
    /// Who has repeated it.
    pub replayed_by: Option<UserId>,
    /// Of the runs that it leads to.
    pub lineage: Lineage,
}

fn select(body: &str) -> Sql {
    Sql::new(format!(
        "SELECT id, organization_id, source_id, event_type, headers, content_type, {body} AS body, CAST(length(body) AS bigint) AS body_bytes,
           state, outcomes, attempts, error, next_at, received_at, processed_at, expires_at, replay_of, replayed_by,
           parent_id, root_id, depth, is_confined
         FROM webhook_deliveries"
    ))
}

/// Deliveries of a source of the handle's organization, newest first and without their bodies:
/// those before `cursor`, at most `limit`.
pub async fn list(
    org: &Scoped,
    webhook: WebhookId,
    state: Option<State>,
    cursor: Option<DeliveryId>,
    limit: u32,
) -> Result<Vec<Delivery>> {
    let mut tx = org.read().await?;
    super::sources::find(&mut tx, webhook, "").await?;
    let mut sql = select("CAST(NULL AS bytea)");
    sql.push(" WHERE source_id = ").push_bind(webhook);
    if let Some(state) = state {
        sql.push(" AND state = ").push_bind(state.as_str());
    }
    if let Some(cursor) = cursor {
        sql.push(" AND id < ").push_bind(cursor);
    }
    sql.push(" ORDER BY id DESC LIMIT ").push_bind(limit);
    tx.all(sql).await?.iter().map(read).collect()
}

/// One delivery of the handle's organization, with its body.
pub async fn get(org: &Scoped, id: DeliveryId) -> Result<Delivery> {
    find(&mut org.read().await?, id).await
}

/// The webhook of a delivery, as long as that is kept.
pub async fn webhook(org: &Scoped, id: DeliveryId) -> Result<Option<WebhookId>> {
    let sql = Sql::new("SELECT source_id FROM webhook_deliveries WHERE id = $1 AND organization_id = $2");
    let sql = sql.bind(id).bind(org.access().scope_id()?);
    org.read().await?.optional(sql).await?.map(|row| row.get("source_id")).transpose()
}

pub(super) async fn find(tx: &mut Tx, id: DeliveryId) -> Result<Delivery> {
    let mut sql = select("body");
    sql.push(" WHERE id = ").push_bind(id);
    sql.push(" AND organization_id = ").push_bind(tx.access().scope_id()?);
    read(&tx.optional(sql).await?.ok_or(Error::NotFound("delivery"))?)
}

/// Puts the same into the inbox once more, linked to the delivery of before. `Conflict` with
/// `not_finished` for one that is pending.
pub async fn replay(org: &Scoped, id: DeliveryId) -> Result<Delivery> {
    org.write(move |tx| Box::pin(async move { replay_in(tx, id).await })).await
}

async fn replay_in(tx: &mut Tx, id: DeliveryId) -> Result<Delivery> {
    let old = find(tx, id).await?;
    if old.state == State::Pending {
        let message = "this delivery has not been processed yet".into();
        return Err(Error::Conflict { code: "not_finished", message });
    }
    let (new, time) = (DeliveryId::new(), now());
    let by = tx.actor().and_then(|actor| actor.id);
    let sql = Sql::new(
        "INSERT INTO webhook_deliveries (id, organization_id, source_id, event_type, headers, content_type, body, state,
           outcomes, next_at, received_at, expires_at, replay_of, replayed_by, parent_id, root_id, depth, is_confined)
         SELECT $1, organization_id, source_id, event_type, headers, content_type, body, 'pending', $3, $4, $4, $5, id, $6,
           parent_id, root_id, depth, is_confined
         FROM webhook_deliveries WHERE id = $2",
    )
    .bind(new)
    .bind(id)
    .bind(json!([]))
    .bind(time)
    // Kept as long as the first one was to be.
    .bind(time + (old.expires_at - old.received_at))
    .bind(by);
    tx.execute(sql).await?;
    let event = Event::new("delivery.replay")
        .target("delivery", id)
        .detail("webhook", old.webhook_id)
        .detail("replayed_as", new);
    record(tx, event).await?;
    find(tx, new).await
}

/// Deletes at most `limit` deliveries whose time is over; tells how many.
pub async fn expire(db: &Db, time: DateTime<Utc>, limit: u32) -> Result<u64> {
    let sql = Sql::new(
        "DELETE FROM webhook_deliveries WHERE id IN
           (SELECT d.id FROM webhook_deliveries d WHERE d.state <> 'pending' AND d.expires_at < $1 LIMIT $2)",
    );
    let sql = sql.bind(time).bind(limit);
    db.system().write(move |tx| Box::pin(async move { tx.execute(sql).await })).await
}

fn read(row: &Row) -> Result<Delivery> {
    Ok(Delivery {
        id: row.get("id")?,
        organization_id: row.get("organization_id")?,
        webhook_id: row.get("source_id")?,
        event_type: row.opt("event_type")?,
        headers: row.document("headers")?,
        content_type: row.opt("content_type")?,
        body: row.opt("body")?.unwrap_or_default(),
        body_bytes: row.get("body_bytes")?,
        state: row.parse("state")?,
        outcomes: row.document("outcomes")?,
        attempts: row.get("attempts")?,
        error: row.opt("error")?,
        next_at: row.get("next_at")?,
        received_at: row.get("received_at")?,
        processed_at: row.opt("processed_at")?,
        expires_at: row.get("expires_at")?,
        replay_of: row.opt("replay_of")?,
        replayed_by: row.opt("replayed_by")?,
        lineage: Lineage {
            parent: row.opt("parent_id")?,
            root: row.opt("root_id")?,
            depth: row.get("depth")?,
            is_confined: row.get("is_confined")?,
        },
    })
}
