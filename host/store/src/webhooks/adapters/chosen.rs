//! Sources that have chosen an adapter: what they were given, where their subscription stands, and
//! taking in what the adapter says was delivered.

use super::values::{self, Kept};
use super::{Adapter, cut, deployed};
use crate::audit::{Event, record};
use crate::keyring::Keyring;
use crate::webhooks::sources::{self, Settings, Webhook};
use crate::webhooks::{Received, Reception, inbox};
use crate::{Row, Scoped, Sql, Tx, Value, now};
use bifrost_core::adapter::State;
use bifrost_core::integration::{Values, changed, merged};
use bifrost_core::{Error, Lineage, Result, UserId, WebhookId, WebhookKind};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;

/// What goes with a source.
pub(in crate::webhooks) const TABLES: [&str; 2] = ["adapter_values", "adapter_sources"];

/// Where a source's subscription at the other system stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = AdapterStatus)]
pub enum Status {
    /// It is to be made, or changed.
    Pending,
    /// It is there, or none is needed.
    Active,
    /// It could not be made or renewed, and is not tried again by itself.
    Failed,
    /// It is to be taken back, and the source goes with it.
    Ending,
}

impl Status {
    /// The name on the wire and in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Active => "active",
            Self::Failed => "failed",
            Self::Ending => "ending",
        }
    }
}

impl std::str::FromStr for Status {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        [Self::Pending, Self::Active, Self::Failed, Self::Ending]
            .into_iter()
            .find(|status| status.as_str() == text)
            .ok_or_else(|| Error::invalid("status", format!("unknown `{text}`")))
    }
}

/// What a source has chosen.
#[derive(Clone, Debug, PartialEq)]
pub struct Choice {
    /// The adapter.
    pub adapter: Adapter,
    /// What it was given, as far as that can be shown.
    pub config: Values,
    /// The names of the rest.
    pub secret_keys: Vec<String>,
    /// Where its subscription stands.
    pub status: Status,
    /// Whether somebody over there was told of it.
    pub is_subscribed: bool,
    /// When the subscription ends, unless it is renewed.
    pub expires_at: Option<DateTime<Utc>>,
    /// When there is something to do next.
    pub next_at: Option<DateTime<Utc>>,
    /// So far at what is to do next.
    pub attempts: i64,
    /// Why the last of them came to nothing.
    pub error: Option<String>,
    /// When that was.
    pub failed_at: Option<DateTime<Utc>>,
    /// Why the last request could not be answered that could not.
    pub request_error: Option<String>,
    /// When that was.
    pub request_failed_at: Option<DateTime<Utc>>,
}

/// What a source is to choose.
#[derive(Clone, Debug, Default)]
pub struct NewChoice {
    /// The adapter's id or name.
    pub adapter: String,
    /// Values by key, secrets among them.
    pub config: Values,
}

fn select() -> Sql {
    Sql::new(format!(
        "SELECT c.source_id, c.config, c.secret_keys, c.status, c.is_subscribed, c.expires_at, c.next_at, c.attempts,
           c.error, c.failed_at, c.request_error, c.request_failed_at, {}
         FROM adapter_sources c JOIN webhook_adapters a ON a.id = c.adapter_id",
        deployed::COLUMNS
    ))
}

fn read(row: &Row) -> Result<Choice> {
    Ok(Choice {
        adapter: deployed::read(row)?,
        config: row.document("config")?,
        secret_keys: row.document("secret_keys")?,
        status: row.parse("status")?,
        is_subscribed: row.get("is_subscribed")?,
        expires_at: row.opt("expires_at")?,
        next_at: row.opt("next_at")?,
        attempts: row.get("attempts")?,
        error: row.opt("error")?,
        failed_at: row.opt("failed_at")?,
        request_error: row.opt("request_error")?,
        request_failed_at: row.opt("request_failed_at")?,
    })
}

/// Makes a source of the kind `adapter` in the handle's organization. `NotFound` for an adapter
/// that is not there, else as [`sources::create`].
pub async fn create(
    org: &Scoped,
    keys: &Keyring,
    settings: Settings,
    choice: NewChoice,
    created_by: UserId,
) -> Result<Webhook> {
    let webhook = sources::fresh(org, WebhookKind::Adapter, settings, created_by)?;
    let keys = keys.clone();
    org.write(move |tx| Box::pin(async move { create_in(tx, &keys, webhook, choice).await })).await
}

async fn create_in(tx: &mut Tx, keys: &Keyring, new: Webhook, choice: NewChoice) -> Result<Webhook> {
    let adapter = deployed::find_in(tx, &choice.adapter).await?;
    let (config, secrets) = checked(&adapter, choice.config)?;
    let webhook = sources::create_in(tx, keys, new, None).await?;
    let subscribes = adapter.info.subscribes;
    let sql = Sql::new(
        "INSERT INTO adapter_sources (source_id, organization_id, adapter_id, config, secret_keys, status, next_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
    )
    .bind(webhook.id)
    .bind(webhook.organization_id)
    .bind(adapter.id)
    .bind(Value::json(&config)?)
    .bind(Value::json(&names(&secrets))?)
    .bind(if subscribes { Status::Pending } else { Status::Active }.as_str())
    .bind(subscribes.then(now));
    tx.execute(sql).await?;
    let event = Event::new("webhook.configure")
        .target("webhook", webhook.id)
        .detail("adapter", &adapter.info.name)
        .detail("config", &config)
        .detail("secrets", names(&secrets));
    record(tx, event).await?;
    values::insert(tx, keys, webhook.id, &Kept { secrets, state: State::new() }).await?;
    Ok(webhook)
}

fn names(values: &Values) -> Vec<&str> {
    values.keys().map(String::as_str).collect()
}

/// Values as they are kept: what can be shown, and secrets.
fn checked(adapter: &Adapter, config: Values) -> Result<(Values, Values)> {
    let schema = &adapter.info.config_schema;
    schema.check_values(&config)?;
    let defaults = schema.defaults();
    if let Some(key) = schema.missing(&merged([&defaults, &config])).first() {
        return Err(Error::invalid(format!("config.{key}"), "the adapter needs it"));
    }
    Ok(schema.split(config))
}

/// Changes what a source of the handle's organization was given, key by key; `null` takes one
/// away. Its subscription is made or renewed with that.
pub async fn configure(org: &Scoped, keys: &Keyring, id: WebhookId, change: Values) -> Result<()> {
    let keys = keys.clone();
    org.write(move |tx| Box::pin(async move { configure_in(tx, &keys, id, change).await })).await
}

async fn configure_in(tx: &mut Tx, keys: &Keyring, id: WebhookId, change: Values) -> Result<()> {
    let old = locked(tx, id).await?;
    if old.status == Status::Ending {
        return Err(ending());
    }
    let (kept, revision) = values::read(tx, keys, id).await?;
    let schema = &old.adapter.info.config_schema;
    let touched: Vec<_> = change.keys().filter(|key| schema.is_secret(key)).cloned().collect();
    let (config, secrets) = checked(&old.adapter, changed(merged([&old.config, &kept.secrets]), change))?;
    let sql = Sql::new("UPDATE adapter_sources SET config = $2, secret_keys = $3 WHERE source_id = $1")
        .bind(id)
        .bind(Value::json(&config)?)
        .bind(Value::json(&names(&secrets))?);
    tx.execute(sql).await?;
    let event = Event::new("webhook.configure")
        .target("webhook", id)
        .change("config", &old.config, &config)
        .detail("secrets", touched);
    record(tx, event).await?;
    if !values::write(tx, keys, id, &Kept { secrets, state: kept.state }, revision).await? {
        return Err(Error::Busy("this webhook"));
    }
    if old.adapter.info.subscribes { start(tx, id, Status::Pending).await } else { Ok(()) }
}

/// Makes or renews the subscription of a source of the handle's organization now, whatever became
/// of it. `Invalid` for an adapter without.
pub async fn again(org: &Scoped, id: WebhookId) -> Result<()> {
    org.write(move |tx| {
        Box::pin(async move {
            let old = locked(tx, id).await?;
            if old.status == Status::Ending {
                return Err(ending());
            }
            if !old.adapter.info.subscribes {
                return Err(Error::invalid("adapter", "this adapter has nothing to subscribe to"));
            }
            start(tx, id, Status::Pending).await?;
            record(tx, Event::new("webhook.subscribe").target("webhook", id)).await
        })
    })
    .await
}

fn ending() -> Error {
    Error::Conflict { code: "ending", message: "this webhook is being deleted".into() }
}

/// Has something done at the other system at once.
async fn start(tx: &mut Tx, id: WebhookId, status: Status) -> Result<()> {
    let sql = Sql::new(
        "UPDATE adapter_sources SET status = $2, next_at = $3, attempts = 0, error = NULL, failed_at = NULL
         WHERE source_id = $1",
    );
    tx.execute(sql.bind(id).bind(status.as_str()).bind(now())).await.map(drop)
}

/// Begins to delete a source of the handle's organization: it takes nothing any more, and is gone
/// once its subscription is taken back. False when there is nothing to take back.
pub async fn end(org: &Scoped, id: WebhookId) -> Result<bool> {
    org.write(move |tx| {
        Box::pin(async move {
            let old = locked(tx, id).await?;
            let was_told = old.is_subscribed || old.attempts > 0;
            if !(was_told && old.adapter.info.subscribes && old.adapter.is_deployed) {
                return Ok(false);
            }
            if old.status == Status::Ending {
                return Ok(true);
            }
            let sql =
                Sql::new("UPDATE webhook_sources SET is_enabled = false, updated_at = $2 WHERE id = $1");
            tx.execute(sql.bind(id).bind(now())).await?;
            start(tx, id, Status::Ending).await?;
            record(tx, Event::new("webhook.end").target("webhook", id)).await?;
            Ok(true)
        })
    })
    .await
}

/// What a source of the handle's organization has chosen; `None` for one of another kind.
pub async fn of(org: &Scoped, id: WebhookId) -> Result<Option<Choice>> {
    find(&mut org.read().await?, id, "").await
}

/// The same with what is secret, for calling the adapter: the document, and its revision.
pub async fn open(org: &Scoped, keys: &Keyring, id: WebhookId) -> Result<(Choice, Kept, i64)> {
    let mut tx = org.read().await?;
    let choice = find(&mut tx, id, "").await?.ok_or(Error::NotFound("webhook"))?;
    let (kept, revision) = values::read(&mut tx, keys, id).await?;
    Ok((choice, kept, revision))
}

/// All choices of the handle's organization.
pub async fn all(org: &Scoped) -> Result<HashMap<WebhookId, Choice>> {
    let mut sql = select();
    sql.push(" WHERE c.organization_id = ").push_bind(org.organization()?);
    let rows = org.read().await?.all(sql).await?;
    rows.iter().map(|row| Ok((row.get("source_id")?, read(row)?))).collect()
}

pub(super) async fn locked(tx: &mut Tx, id: WebhookId) -> Result<Choice> {
    let lock = tx.engine().for_update_of("c");
    find(tx, id, &lock).await?.ok_or(Error::NotFound("webhook"))
}

async fn find(tx: &mut Tx, id: WebhookId, lock: &str) -> Result<Option<Choice>> {
    let mut sql = select();
    sql.push(" WHERE c.source_id = ").push_bind(id);
    sql.push(" AND c.organization_id = ").push_bind(tx.access().scope_id()?).push(lock);
    tx.optional(sql).await?.as_ref().map(read).transpose()
}

/// Takes in what an adapter says was delivered, and keeps its new state with it; all of it, or
/// nothing: `None` when the state was changed since `revision`.
pub async fn take(
    org: &Scoped,
    keys: &Keyring,
    webhook: &Webhook,
    events: Vec<Received>,
    state: Option<(Kept, i64)>,
) -> Result<Option<Vec<Reception>>> {
    let (webhook, keys) = (webhook.clone(), keys.clone());
    let taken = org.write(move |tx| {
        Box::pin(async move {
            if let Some((kept, revision)) = state
                && !values::write(tx, &keys, webhook.id, &kept, revision).await?
            {
                return Err(state_changed());
            }
            let mut taken = Vec::new();
            for event in events {
                taken.push(inbox::insert(tx, &webhook, event, Lineage::default()).await?);
            }
            Ok(taken)
        })
    });
    match taken.await {
        Ok(taken) => Ok(Some(taken)),
        Err(Error::Conflict { code: STATE_CHANGED, .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

const STATE_CHANGED: &str = "state_changed";

fn state_changed() -> Error {
    Error::Conflict { code: STATE_CHANGED, message: "the adapter's state was changed meanwhile".into() }
}

/// Writes down why a request could not be answered.
pub async fn note_failure(org: &Scoped, id: WebhookId, reason: &str) -> Result<()> {
    let sql = Sql::new(
        "UPDATE adapter_sources SET request_error = $2, request_failed_at = $3
         WHERE source_id = $1 AND organization_id = $4",
    );
    let sql = sql.bind(id).bind(cut(reason)).bind(now()).bind(org.organization()?);
    org.write(move |tx| Box::pin(async move { tx.execute(sql).await })).await.map(drop)
}
