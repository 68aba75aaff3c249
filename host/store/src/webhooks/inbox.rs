//! Taking deliveries in: once each, and committed when this returns.

use super::{Webhook, sources, subscriptions};
use crate::{Scoped, Sql, Tx, now};
use bifrost_core::webhook::check_topic;
use bifrost_core::{DeliveryId, Error, Lineage, OrganizationId, Result};
use chrono::TimeDelta;
use serde_json::{Map, Value, json};

/// Something that was sent, and that its sender has proved to be the sender of.
#[derive(Clone, Debug, Default)]
pub struct Received {
    /// The sender's id of it, or its body's hash: what has the same is the same delivery.
    pub same_as: Option<String>,
    /// How long that holds; `None` for as long as the delivery is kept.
    pub same_for: Option<TimeDelta>,
    /// What the sender calls it, such as `push`.
    pub event_type: Option<String>,
    /// Without what is secret.
    pub headers: Map<String, Value>,
    /// Of the body, as the sender says.
    pub content_type: Option<String>,
    /// As it was sent.
    pub body: Vec<u8>,
    /// True for what starts nothing, such as a ping.
    pub is_settled: bool,
}

/// A delivery that is in the inbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reception {
    /// Which.
    pub id: DeliveryId,
    /// False when it had been there before.
    pub is_new: bool,
}

/// An event that a run has emitted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Emitted {
    /// Its id.
    pub id: DeliveryId,
    /// Subscriptions that it is for.
    pub subscribers: usize,
}

/// Takes a delivery in for a source of the handle's organization. When this returns, power loss
/// cannot undo it. `NotFound` when the source is gone.
pub async fn receive(org: &Scoped, webhook: &Webhook, received: Received) -> Result<Reception> {
    let webhook = webhook.clone();
    org.write(move |tx| Box::pin(async move { insert(tx, &webhook, received, Lineage::default()).await }))
        .await
}

/// Takes an event in that a run of the handle's organization has emitted; `lineage` is that of
/// the runs which it leads to. Where the organization has no such topic, nobody is told.
///
/// `Conflict` with `run_too_deep` or `too_many_runs` for a family of runs that goes on without
/// end.
pub async fn emit(org: &Scoped, topic: &str, data: Value, lineage: Lineage) -> Result<Emitted> {
    check_topic(topic)?;
    let (organization, topic) = (org.organization()?, topic.to_owned());
    org.write(move |tx| Box::pin(async move { emit_in(tx, organization, topic, data, lineage).await })).await
}

async fn emit_in(
    tx: &mut Tx,
    organization: OrganizationId,
    topic: String,
    data: Value,
    lineage: Lineage,
) -> Result<Emitted> {
    crate::executions::bound(tx, lineage).await?;
    let Some(webhook) = sources::of_topic(tx, organization, &topic).await? else {
        return Ok(Emitted { id: DeliveryId::new(), subscribers: 0 });
    };
    if let Some(root) = lineage.root {
        let sql = Sql::new("SELECT COUNT(*) AS n FROM webhook_deliveries WHERE root_id = $1").bind(root);
        if tx.one(sql).await?.get::<i64>("n")? >= Lineage::MAX_FAMILY {
            let message = format!("these runs have emitted {} events already", Lineage::MAX_FAMILY);
            return Err(Error::Conflict { code: "too_many_runs", message });
        }
    }
    let event = json!({ "type": topic, "source": webhook.settings.name, "data": data, "headers": {} });
    let all = subscriptions::of_source(tx, webhook.id).await?;
    let subscribers = all.iter().filter(|one| one.is_enabled && one.filter.holds(&event)).count();
    let id = tell(tx, &webhook, &data, Received::default(), lineage).await?.id;
    Ok(Emitted { id, subscribers })
}

/// Takes data in for a topic, with what else `received` has.
pub(crate) async fn tell(
    tx: &mut Tx,
    topic: &Webhook,
    data: &Value,
    received: Received,
    lineage: Lineage,
) -> Result<Reception> {
    let body = data.to_string().into_bytes();
    let most = topic.settings.body_bytes;
    if body.len() as u64 > u64::from(most) {
        return Err(Error::invalid(
            "data",
            format!("more than {most} bytes of JSON; larger data belongs in files"),
        ));
    }
    let received = Received {
        event_type: topic.settings.topic.clone(),
        content_type: Some("application/json".into()),
        body,
        ..received
    };
    insert(tx, topic, received, lineage).await
}

pub(super) async fn insert(
    tx: &mut Tx,
    webhook: &Webhook,
    received: Received,
    lineage: Lineage,
) -> Result<Reception> {
    let (id, time) = (DeliveryId::new(), now());
    if let (Some(same), Some(window)) = (&received.same_as, received.same_for) {
        let sql = Sql::new(
            "UPDATE webhook_deliveries SET same_as = NULL WHERE source_id = $1 AND same_as = $2 AND received_at < $3",
        );
        tx.execute(sql.bind(webhook.id).bind(same.as_str()).bind(time - window)).await?;
    }
    let state = if received.is_settled { "ignored" } else { "pending" };
    let sql = Sql::new(
        "INSERT INTO webhook_deliveries (id, organization_id, source_id, same_as, event_type, headers, content_type, body,
           state, outcomes, next_at, received_at, processed_at, expires_at, parent_id, root_id, depth, is_confined)
         SELECT $1, s.organization_id, s.id, $3, $4, $5, $6, $7, $8, $9, $10, $10, $11, $12, $13, $14, $15, $16
         FROM webhook_sources s WHERE s.id = $2
         ON CONFLICT (source_id, same_as) DO NOTHING RETURNING id",
    )
    .bind(id)
    .bind(webhook.id)
    .bind(received.same_as.clone())
    .bind(received.event_type)
    .bind(Value::Object(received.headers))
    .bind(received.content_type)
    .bind(received.body)
    .bind(state)
    .bind(json!([]))
    .bind(time)
    .bind(received.is_settled.then_some(time))
    .bind(time + TimeDelta::days(webhook.settings.retention_days.into()))
    .bind(lineage.parent)
    .bind(lineage.root)
    .bind(lineage.depth)
    .bind(lineage.is_confined);
    if tx.optional(sql).await?.is_some() {
        return Ok(Reception { id, is_new: true });
    }
    let sql = Sql::new("SELECT id FROM webhook_deliveries WHERE source_id = $1 AND same_as = $2");
    let row = tx.optional(sql.bind(webhook.id).bind(received.same_as)).await?;
    Ok(Reception { id: row.ok_or(Error::NotFound("webhook"))?.get("id")?, is_new: false })
}
