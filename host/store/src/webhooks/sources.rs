//! Where deliveries come from: webhooks of others, and topics of the organization's own.

use super::{adapters, secrets, subscriptions};
use crate::audit::{Event, record};
use crate::error::taken;
use crate::keyring::Keyring;
use crate::{Db, Row, Scoped, Sql, Tx, now};
use bifrost_core::adapter;
use bifrost_core::endpoint::check_rate;
use bifrost_core::webhook::{MAX_BODY_BYTES, MAX_RETENTION_DAYS, check_topic, networks};
use bifrost_core::{Error, OrganizationId, Result, UserId, WebhookId, WebhookKind};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use zeroize::Zeroizing;

/// Most sources of one organization.
pub const MAX_WEBHOOKS: i64 = 1_000;
/// Longest name, in bytes.
const MAX_NAME: usize = 200;
/// Longest name of a header, in bytes.
const MAX_HEADER: usize = 100;
/// Longest tolerance of a signed time, in seconds.
const MAX_TOLERANCE: u32 = 3_600;
/// Deliveries that are deleted in one transaction.
const DELIVERIES: u32 = 1_000;
/// Said of a name or a topic that is taken.
const TAKEN: &str = "the organization has a webhook with this name or topic already";

/// A source as the database has it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Webhook {
    /// Its id.
    pub id: WebhookId,
    /// Whose it is.
    pub organization_id: OrganizationId,
    /// In the address that senders are given.
    pub hook_id: Uuid,
    /// How it proves that it is the one.
    pub kind: WebhookKind,
    /// What can be changed.
    pub settings: Settings,
    /// Who made it.
    pub created_by: UserId,
    /// When.
    pub created_at: DateTime<Utc>,
    /// Last changed by somebody.
    pub updated_at: DateTime<Utc>,
}

/// What a source is like.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settings {
    /// What people call it; one of a kind within the organization.
    pub name: String,
    /// Of [`WebhookKind::Topic`] only.
    pub topic: Option<String>,
    /// The header with the signature, where it is not the kind's own.
    pub signature_header: Option<String>,
    /// The header with the sender's id of a delivery.
    pub delivery_header: Option<String>,
    /// How far a signed time may be from now.
    pub tolerance_seconds: u32,
    /// From where it may send; from everywhere where empty.
    pub networks: Vec<String>,
    /// Deliveries per minute.
    pub rate_per_minute: u32,
    /// Largest body.
    pub body_bytes: u32,
    /// How long deliveries are kept.
    pub retention_days: u32,
    /// False: as if it were not there.
    pub is_enabled: bool,
}

impl Settings {
    fn check(mut self, kind: WebhookKind) -> Result<Self> {
        let range = |field: &str, value: u32, most: u32| match (1..=most).contains(&value) {
            true => Ok(()),
            false => Err(Error::invalid(field, format!("expected 1 to {most}"))),
        };
        self.name = self.name.trim().to_owned();
        if !(1..=MAX_NAME).contains(&self.name.len()) {
            return Err(Error::invalid("name", format!("expected 1 to {MAX_NAME} bytes")));
        }
        match (&self.topic, kind) {
            (Some(topic), WebhookKind::Topic) => check_topic(topic)?,
            (None, WebhookKind::Topic) => {
                return Err(Error::invalid(
                    "topic",
                    "a source of the kind topic needs one, such as orders.created",
                ));
            }
            (Some(_), _) => return Err(Error::invalid("topic", "only a source of the kind topic has one")),
            (None, _) => {}
        }
        self.signature_header = header("signature_header", self.signature_header)?;
        self.delivery_header = header("delivery_header", self.delivery_header)?;
        self.networks = networks(&self.networks)?.iter().map(ToString::to_string).collect();
        range("tolerance_seconds", self.tolerance_seconds, MAX_TOLERANCE)?;
        range("body_bytes", self.body_bytes, MAX_BODY_BYTES)?;
        range("retention_days", self.retention_days, MAX_RETENTION_DAYS)?;
        check_rate(self.rate_per_minute)?;
        if kind == WebhookKind::Adapter {
            range("rate_per_minute", self.rate_per_minute, adapter::MAX_RATE_PER_MINUTE)?;
        }
        Ok(self)
    }
}

fn header(field: &str, name: Option<String>) -> Result<Option<String>> {
    let Some(name) = name else { return Ok(None) };
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-_".contains(&b);
    if (1..=MAX_HEADER).contains(&name.len()) && name.bytes().all(plain) {
        return Ok(Some(name.to_ascii_lowercase()));
    }
    Err(Error::invalid(field, format!("expected the name of a header, at most {MAX_HEADER} bytes")))
}

const SELECT: &str = "SELECT s.id, s.organization_id, s.hook_id, s.name, s.kind, s.topic, s.signature_header,
   s.delivery_header, s.tolerance_seconds, s.networks, s.rate_per_minute, s.body_bytes, s.retention_days, s.is_enabled,
   s.created_by, s.created_at, s.updated_at
 FROM webhook_sources s";

/// Makes a source in the handle's organization, with its first secret where its kind needs one.
/// `Conflict` with `already_exists` for a name or a topic that is taken, or `too_many_webhooks`.
pub async fn create(
    org: &Scoped,
    keys: &Keyring,
    kind: WebhookKind,
    settings: Settings,
    secret: Option<Zeroizing<String>>,
    created_by: UserId,
) -> Result<Webhook> {
    let (webhook, keys) = (fresh(org, kind, settings, created_by)?, keys.clone());
    if kind == WebhookKind::Adapter {
        return Err(Error::invalid("adapter", "a source of the kind adapter has to choose one"));
    }
    match (&secret, kind.has_secret()) {
        (Some(secret), true) => secrets::check(secret)?,
        (None, true) => {
            return Err(Error::invalid("secret", format!("the kind {} needs one", kind.as_str())));
        }
        (Some(_), false) => {
            return Err(Error::invalid("secret", format!("the kind {} has none", kind.as_str())));
        }
        (None, false) => {}
    }
    org.write(move |tx| Box::pin(async move { create_in(tx, &keys, webhook, secret).await })).await
}

/// A source that is not in the database yet.
pub(super) fn fresh(
    org: &Scoped,
    kind: WebhookKind,
    settings: Settings,
    created_by: UserId,
) -> Result<Webhook> {
    let created_at = now();
    Ok(Webhook {
        id: WebhookId::new(),
        organization_id: org.organization()?,
        hook_id: Uuid::new_v4(),
        kind,
        settings: settings.check(kind)?,
        created_by,
        created_at,
        updated_at: created_at,
    })
}

pub(super) async fn create_in(
    tx: &mut Tx,
    keys: &Keyring,
    new: Webhook,
    secret: Option<Zeroizing<String>>,
) -> Result<Webhook> {
    let count = Sql::new("SELECT COUNT(*) AS n FROM webhook_sources WHERE organization_id = $1");
    if tx.one(count.bind(new.organization_id)).await?.get::<i64>("n")? >= MAX_WEBHOOKS {
        let message = format!("there are {MAX_WEBHOOKS} webhooks already");
        return Err(Error::Conflict { code: "too_many_webhooks", message });
    }
    let sql = Sql::new(
        "INSERT INTO webhook_sources (id, organization_id, hook_id, kind, created_by, created_at, updated_at, name, topic,
           signature_header, delivery_header, tolerance_seconds, networks, rate_per_minute, body_bytes, retention_days,
           is_enabled)
         VALUES ($1, $2, $3, $4, $5, $6, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)",
    )
    .bind(new.id)
    .bind(new.organization_id)
    .bind(new.hook_id)
    .bind(new.kind.as_str())
    .bind(new.created_by)
    .bind(new.created_at);
    tx.execute(bind(sql, &new.settings)?).await.map_err(taken(TAKEN))?;
    if let Some(secret) = secret {
        secrets::insert(tx, keys, new.organization_id, new.id, &secret).await?;
    }
    let event = Event::new("webhook.create")
        .target("webhook", new.id)
        .detail("name", &new.settings.name)
        .detail("kind", new.kind)
        .maybe("topic", new.settings.topic.as_ref())
        .detail("networks", &new.settings.networks);
    record(tx, if new.kind.has_secret() { event.masked("secret") } else { event }).await?;
    Ok(new)
}

/// What can be changed, in the order of both statements.
fn bind(sql: Sql, settings: &Settings) -> Result<Sql> {
    Ok(sql
        .bind(settings.name.as_str())
        .bind(settings.topic.clone())
        .bind(settings.signature_header.clone())
        .bind(settings.delivery_header.clone())
        .bind(settings.tolerance_seconds)
        .bind(crate::Value::json(&settings.networks)?)
        .bind(settings.rate_per_minute)
        .bind(settings.body_bytes)
        .bind(settings.retention_days)
        .bind(settings.is_enabled))
}

/// Changes a source of the handle's organization to what `change` makes of its settings.
pub async fn update(
    org: &Scoped,
    id: WebhookId,
    change: impl FnOnce(Settings) -> Settings + Send + 'static,
) -> Result<Webhook> {
    org.write(move |tx| Box::pin(async move { update_in(tx, id, change).await })).await
}

async fn update_in(
    tx: &mut Tx,
    id: WebhookId,
    change: impl FnOnce(Settings) -> Settings + Send,
) -> Result<Webhook> {
    let lock = tx.engine().for_update_of("s");
    let webhook = find(tx, id, &lock).await?;
    let old = webhook.settings;
    let new = change(old.clone()).check(webhook.kind)?;
    let sql = Sql::new(
        "UPDATE webhook_sources SET name = $3, topic = $4, signature_header = $5, delivery_header = $6,
           tolerance_seconds = $7, networks = $8, rate_per_minute = $9, body_bytes = $10, retention_days = $11,
           is_enabled = $12, updated_at = $2 WHERE id = $1",
    );
    tx.execute(bind(sql.bind(id).bind(now()), &new)?).await.map_err(taken(TAKEN))?;
    let event = Event::new("webhook.update")
        .target("webhook", id)
        .change("name", &old.name, &new.name)
        .change("topic", &old.topic, &new.topic)
        .change("signature_header", &old.signature_header, &new.signature_header)
        .change("delivery_header", &old.delivery_header, &new.delivery_header)
        .change("tolerance_seconds", &old.tolerance_seconds, &new.tolerance_seconds)
        .change("networks", &old.networks, &new.networks)
        .change("rate_per_minute", &old.rate_per_minute, &new.rate_per_minute)
        .change("body_bytes", &old.body_bytes, &new.body_bytes)
        .change("retention_days", &old.retention_days, &new.retention_days)
        .change("is_enabled", &old.is_enabled, &new.is_enabled);
    record(tx, event).await?;
    find(tx, id, "").await
}

/// Deletes a source of the handle's organization with all that it has delivered; the runs stay.
/// From the beginning nothing is taken from it any more.
pub async fn delete(org: &Scoped, id: WebhookId) -> Result<()> {
    let close =
        Sql::new("UPDATE webhook_sources SET is_enabled = false WHERE id = $1 AND organization_id = $2")
            .bind(id)
            .bind(org.organization()?);
    if org.write(move |tx| Box::pin(async move { tx.execute(close).await })).await? == 0 {
        return Err(Error::NotFound("webhook"));
    }
    // An inbox may be large, and others write in between.
    loop {
        let some = Sql::new(
            "DELETE FROM webhook_deliveries WHERE id IN
               (SELECT d.id FROM webhook_deliveries d WHERE d.source_id = $1 LIMIT $2)",
        );
        let some = some.bind(id).bind(DELIVERIES);
        if org.write(move |tx| Box::pin(async move { tx.execute(some).await })).await? < u64::from(DELIVERIES)
        {
            break;
        }
    }
    org.write(move |tx| Box::pin(async move { delete_in(tx, id).await })).await
}

async fn delete_in(tx: &mut Tx, id: WebhookId) -> Result<()> {
    let lock = tx.engine().for_update_of("s");
    let old = find(tx, id, &lock).await?;
    let own = ["webhook_deliveries", "webhook_secrets", "webhook_subscriptions"];
    for table in own.into_iter().chain(adapters::TABLES) {
        tx.execute(Sql::new(format!("DELETE FROM {table} WHERE source_id = $1")).bind(id)).await?;
    }
    tx.execute(Sql::new("DELETE FROM webhook_sources WHERE id = $1").bind(id)).await?;
    let event = Event::new("webhook.delete")
        .target("webhook", id)
        .detail("name", &old.settings.name)
        .detail("kind", old.kind);
    record(tx, event).await
}

/// Sources of the handle's organization, by name.
pub async fn list(org: &Scoped) -> Result<Vec<Webhook>> {
    let mut sql = Sql::new(SELECT);
    sql.push(" WHERE s.organization_id = ").push_bind(org.organization()?).push(" ORDER BY s.name");
    org.read().await?.all(sql).await?.iter().map(read).collect()
}

/// One source of the handle's organization.
pub async fn get(org: &Scoped, id: WebhookId) -> Result<Webhook> {
    find(&mut org.read().await?, id, "").await
}

/// The source whose address has this id, if it and its organization are active. Topics have no
/// address.
pub async fn at(db: &Db, hook: Uuid) -> Result<Option<Webhook>> {
    let mut sql = Sql::new(SELECT);
    sql.push(" JOIN organizations o ON o.id = s.organization_id WHERE o.is_active AND s.is_enabled");
    sql.push(" AND s.kind <> 'topic' AND s.hook_id = ").push_bind(hook);
    db.system().read().await?.optional(sql).await?.as_ref().map(read).transpose()
}

/// The source of a topic of the organization, if it is switched on.
/// A topic of an organization, where that has it and it is in use.
pub(crate) async fn of_topic(
    tx: &mut Tx,
    organization: OrganizationId,
    topic: &str,
) -> Result<Option<Webhook>> {
    let mut sql = Sql::new(SELECT);
    sql.push(" WHERE s.is_enabled AND s.organization_id = ").push_bind(organization);
    sql.push(" AND s.topic = ").push_bind(topic);
    tx.optional(sql).await?.as_ref().map(read).transpose()
}

pub(super) async fn find(tx: &mut Tx, id: WebhookId, lock: &str) -> Result<Webhook> {
    let mut sql = Sql::new(SELECT);
    sql.push(" WHERE s.id = ").push_bind(id);
    sql.push(" AND s.organization_id = ").push_bind(tx.access().scope_id()?).push(lock);
    read(&tx.optional(sql).await?.ok_or(Error::NotFound("webhook"))?)
}

/// What depends on a workflow here, for people.
pub(crate) async fn of_workflow(tx: &mut Tx, workflow: bifrost_core::WorkflowId) -> Result<Vec<String>> {
    let ids = subscriptions::of_workflow(tx, workflow).await?;
    Ok(ids.into_iter().map(|id| format!("webhook subscription {id}")).collect())
}

fn read(row: &Row) -> Result<Webhook> {
    Ok(Webhook {
        id: row.get("id")?,
        organization_id: row.get("organization_id")?,
        hook_id: row.get("hook_id")?,
        kind: row.parse("kind")?,
        settings: Settings {
            name: row.get("name")?,
            topic: row.opt("topic")?,
            signature_header: row.opt("signature_header")?,
            delivery_header: row.opt("delivery_header")?,
            tolerance_seconds: row.get("tolerance_seconds")?,
            networks: row.document("networks")?,
            rate_per_minute: row.get("rate_per_minute")?,
            body_bytes: row.get("body_bytes")?,
            retention_days: row.get("retention_days")?,
            is_enabled: row.get("is_enabled")?,
        },
        created_by: row.get("created_by")?,
        created_at: row.get("created_at")?,
        updated_at: row.get("updated_at")?,
    })
}
