//! What starts a workflow for a delivery, for which deliveries, and with what.

use super::sources;
use crate::audit::{Event, record};
use crate::{Row, Scoped, Sql, Tx, now};
use bifrost_core::{
    Error, Filter, Mapping, OrganizationId, Result, SubscriptionId, UserId, WebhookId, WorkflowId,
};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Most subscriptions of one source.
pub const MAX_SUBSCRIPTIONS: i64 = 50;

/// A subscription as the database has it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Subscription {
    /// Its id.
    pub id: SubscriptionId,
    /// Whose it is.
    pub organization_id: OrganizationId,
    /// Whose deliveries.
    pub webhook_id: WebhookId,
    /// What it starts.
    pub workflow_id: WorkflowId,
    /// The workflow's name now.
    pub workflow_name: String,
    /// For which deliveries.
    pub filter: Filter,
    /// What the workflow gets.
    pub mapping: Mapping,
    /// False: paused. What is delivered meanwhile is not made up for.
    pub is_enabled: bool,
    /// Who made it.
    pub created_by: UserId,
    /// When.
    pub created_at: DateTime<Utc>,
    /// Last changed by somebody.
    pub updated_at: DateTime<Utc>,
}

/// A subscription to make.
#[derive(Clone, Debug)]
pub struct NewSubscription {
    /// One of the organization's own workflows or a global one.
    pub workflow_id: WorkflowId,
    /// For which deliveries.
    pub filter: Filter,
    /// What the workflow gets.
    pub mapping: Mapping,
    /// False: paused from the beginning.
    pub is_enabled: bool,
    /// Who makes it.
    pub created_by: UserId,
}

/// What to change; `None` stays.
#[derive(Clone, Debug, Default)]
#[expect(missing_docs, reason = "the fields are those of NewSubscription")]
pub struct Change {
    pub filter: Option<Filter>,
    pub mapping: Option<Mapping>,
    pub is_enabled: Option<bool>,
}

const SELECT: &str =
    "SELECT u.id, u.organization_id, u.source_id, u.workflow_id, w.name AS workflow_name, u.filter,
   u.mapping, u.is_enabled, u.created_by, u.created_at, u.updated_at
 FROM webhook_subscriptions u JOIN workflows w ON w.id = u.workflow_id";

/// Makes a subscription to a source of the handle's organization. `NotFound` for a source or a
/// workflow that it does not have, `Conflict` with `too_many_subscriptions`.
pub async fn create(org: &Scoped, webhook: WebhookId, new: NewSubscription) -> Result<Subscription> {
    new.filter.check()?;
    new.mapping.check()?;
    let organization = org.organization()?;
    org.write(move |tx| Box::pin(async move { create_in(tx, organization, webhook, new).await })).await
}

async fn create_in(
    tx: &mut Tx,
    organization: OrganizationId,
    webhook: WebhookId,
    new: NewSubscription,
) -> Result<Subscription> {
    let lock = tx.engine().for_update_of("s");
    sources::find(tx, webhook, &lock).await?;
    let count =
        Sql::new("SELECT COUNT(*) AS n FROM webhook_subscriptions WHERE source_id = $1").bind(webhook);
    if tx.one(count).await?.get::<i64>("n")? >= MAX_SUBSCRIPTIONS {
        let message = format!("there are {MAX_SUBSCRIPTIONS} subscriptions to this webhook already");
        return Err(Error::Conflict { code: "too_many_subscriptions", message });
    }
    let id = SubscriptionId::new();
    let sql = Sql::new(
        "INSERT INTO webhook_subscriptions (id, organization_id, source_id, workflow_id, filter, mapping, is_enabled,
           created_by, created_at, updated_at)
         SELECT $1, $2, $3, w.id, $5, $6, $7, $8, $9, $9 FROM workflows w
         WHERE w.id = $4 AND w.removed_at IS NULL AND w.scope_id IN ($2, $10)",
    )
    .bind(id)
    .bind(organization)
    .bind(webhook)
    .bind(new.workflow_id)
    .bind(crate::Value::json(&new.filter)?)
    .bind(crate::Value::json(&new.mapping)?)
    .bind(new.is_enabled)
    .bind(new.created_by)
    .bind(now())
    .bind(Uuid::nil());
    if tx.execute(sql).await? == 0 {
        return Err(Error::NotFound("workflow"));
    }
    let made = find(tx, id, "").await?;
    let event = Event::new("subscription.create")
        .target("subscription", id)
        .detail("webhook", webhook)
        .detail("workflow", &made.workflow_name)
        .detail("filter", &made.filter)
        .detail("mapping", &made.mapping)
        .detail("is_enabled", made.is_enabled);
    record(tx, event).await?;
    Ok(made)
}

/// Changes a subscription of the handle's organization.
pub async fn update(org: &Scoped, id: SubscriptionId, change: Change) -> Result<Subscription> {
    if let Some(filter) = &change.filter {
        filter.check()?;
    }
    if let Some(mapping) = &change.mapping {
        mapping.check()?;
    }
    org.write(move |tx| Box::pin(async move { update_in(tx, id, change).await })).await
}

async fn update_in(tx: &mut Tx, id: SubscriptionId, change: Change) -> Result<Subscription> {
    let lock = tx.engine().for_update_of("u");
    let old = find(tx, id, &lock).await?;
    let sql = Sql::new(
        "UPDATE webhook_subscriptions SET filter = $2, mapping = $3, is_enabled = $4, updated_at = $5 WHERE id = $1",
    )
    .bind(id)
    .bind(crate::Value::json(change.filter.as_ref().unwrap_or(&old.filter))?)
    .bind(crate::Value::json(change.mapping.as_ref().unwrap_or(&old.mapping))?)
    .bind(change.is_enabled.unwrap_or(old.is_enabled))
    .bind(now());
    tx.execute(sql).await?;
    let new = find(tx, id, "").await?;
    let event = Event::new("subscription.update")
        .target("subscription", id)
        .change("filter", &old.filter, &new.filter)
        .change("mapping", &old.mapping, &new.mapping)
        .change("is_enabled", &old.is_enabled, &new.is_enabled);
    record(tx, event).await?;
    Ok(new)
}

/// Deletes a subscription of the handle's organization; its runs stay.
pub async fn delete(org: &Scoped, id: SubscriptionId) -> Result<()> {
    org.write(move |tx| {
        Box::pin(async move {
            let old = find(tx, id, "").await?;
            tx.execute(Sql::new("DELETE FROM webhook_subscriptions WHERE id = $1").bind(id)).await?;
            let event = Event::new("subscription.delete")
                .target("subscription", id)
                .detail("webhook", old.webhook_id)
                .detail("workflow", &old.workflow_name);
            record(tx, event).await
        })
    })
    .await
}

/// Subscriptions to a source of the handle's organization, the oldest first.
pub async fn list(org: &Scoped, webhook: WebhookId) -> Result<Vec<Subscription>> {
    let mut tx = org.read().await?;
    sources::find(&mut tx, webhook, "").await?;
    of_source(&mut tx, webhook).await
}

/// One subscription of the handle's organization.
pub async fn get(org: &Scoped, id: SubscriptionId) -> Result<Subscription> {
    find(&mut org.read().await?, id, "").await
}

pub(super) async fn of_source(tx: &mut Tx, webhook: WebhookId) -> Result<Vec<Subscription>> {
    let mut sql = Sql::new(SELECT);
    sql.push(" WHERE u.source_id = ").push_bind(webhook);
    sql.push(" AND u.organization_id = ").push_bind(tx.access().scope_id()?).push(" ORDER BY u.id");
    tx.all(sql).await?.iter().map(read).collect()
}

pub(super) async fn of_workflow(tx: &mut Tx, workflow: WorkflowId) -> Result<Vec<SubscriptionId>> {
    let sql =
        Sql::new("SELECT id FROM webhook_subscriptions WHERE workflow_id = $1 ORDER BY id").bind(workflow);
    tx.all(sql).await?.iter().map(|row| row.get("id")).collect()
}

async fn find(tx: &mut Tx, id: SubscriptionId, lock: &str) -> Result<Subscription> {
    let mut sql = Sql::new(SELECT);
    sql.push(" WHERE u.id = ").push_bind(id);
    sql.push(" AND u.organization_id = ").push_bind(tx.access().scope_id()?).push(lock);
    read(&tx.optional(sql).await?.ok_or(Error::NotFound("subscription"))?)
}

fn read(row: &Row) -> Result<Subscription> {
    Ok(Subscription {
        id: row.get("id")?,
        organization_id: row.get("organization_id")?,
        webhook_id: row.get("source_id")?,
        workflow_id: row.get("workflow_id")?,
        workflow_name: row.get("workflow_name")?,
        filter: row.document("filter")?,
        mapping: row.document("mapping")?,
        is_enabled: row.get("is_enabled")?,
        created_by: row.get("created_by")?,
        created_at: row.get("created_at")?,
        updated_at: row.get("updated_at")?,
    })
}
