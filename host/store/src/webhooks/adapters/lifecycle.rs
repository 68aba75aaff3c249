//! Subscriptions at other systems: made, renewed before they end, and taken back, by whoever claims
//! that first. A claim runs out, and what it did is written down only while it is the last one.
//!
//! Somebody who dies between the other system's answer and the write leaves a subscription that
//! nobody knows; the next attempt makes or renews one all the same.

use super::calls::told;
use super::chosen::{Choice, Status, locked};
use super::values::{self, Kept};
use super::{Method, cut};
use crate::audit::{Event, Outcome, record};
use crate::keyring::Keyring;
use crate::notifications::events;
use crate::webhooks::processing::backoff;
use crate::webhooks::sources::{self, Webhook};
use crate::{Db, Scoped, Sql, Tx, now};
use bifrost_core::adapter::{Subscribed, renewal};
use bifrost_core::{OrganizationId, Result, WebhookId};
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;

/// Attempts at one thing; with their pauses the last one comes after about two hours.
pub const MAX_ATTEMPTS: i64 = 20;
/// How long a claim lasts; far longer than a call.
const CLAIM: TimeDelta = TimeDelta::minutes(5);

/// What is to be done at the other system.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Task {
    /// Nobody there was told of the source.
    Subscribe,
    /// The subscription ends soon, or its configuration was changed.
    Renew,
    /// The source is to go.
    Unsubscribe,
}

impl Task {
    /// What of the adapter does it.
    pub fn method(self) -> Method {
        match self {
            Self::Subscribe => Method::Subscribe,
            Self::Renew => Method::Renew,
            Self::Unsubscribe => Method::Unsubscribe,
        }
    }

    /// What people are told when it is not tried again.
    fn given_up(self) -> &'static str {
        match self {
            Self::Subscribe => "It could not subscribe at the other system; subscribe it again",
            Self::Renew => "Its subscription at the other system could not be renewed; subscribe it again",
            Self::Unsubscribe => {
                "It is deleted, and its subscription at the other system could not be taken back"
            }
        }
    }
}

/// Something that was claimed.
#[derive(Clone, Debug)]
pub struct Work {
    /// What to do.
    pub task: Task,
    /// For which source.
    pub webhook: Webhook,
    /// What it has chosen.
    pub choice: Choice,
    /// What is secret of it.
    pub kept: Kept,
    revision: i64,
    attempt: i64,
}

/// What has become of a claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Settled {
    /// Done.
    Done,
    /// It is tried again.
    Later,
    /// It is not.
    GivenUp,
    /// Somebody has changed what is to be done.
    Overtaken,
}

/// Sources for which there is something to do at `time`, the most urgent first.
pub async fn due(db: &Db, time: DateTime<Utc>, limit: u32) -> Result<Vec<(OrganizationId, WebhookId)>> {
    let sql = Sql::new(
        "SELECT c.source_id, c.organization_id FROM adapter_sources c JOIN organizations o ON o.id = c.organization_id
         WHERE c.next_at <= $1 AND o.is_active AND NOT o.is_offboarding ORDER BY c.next_at, c.source_id LIMIT $2",
    );
    let rows = db.system().read().await?.all(sql.bind(time).bind(limit)).await?;
    rows.iter().map(|row| Ok((row.get("organization_id")?, row.get("source_id")?))).collect()
}

/// Takes what is due for a source of the handle's organization; `None` when somebody else has.
pub async fn claim(org: &Scoped, keys: &Keyring, id: WebhookId) -> Result<Option<Work>> {
    let keys = keys.clone();
    org.write(move |tx| Box::pin(async move { claim_in(tx, &keys, id).await })).await
}

async fn claim_in(tx: &mut Tx, keys: &Keyring, id: WebhookId) -> Result<Option<Work>> {
    let choice = locked(tx, id).await?;
    let time = now();
    if choice.next_at.is_none_or(|at| at > time) {
        return Ok(None);
    }
    let task = match choice.status {
        Status::Ending => Task::Unsubscribe,
        _ if choice.is_subscribed => Task::Renew,
        _ => Task::Subscribe,
    };
    let attempt = choice.attempts + 1;
    let sql = Sql::new("UPDATE adapter_sources SET attempts = $2, next_at = $3 WHERE source_id = $1");
    tx.execute(sql.bind(id).bind(attempt).bind(time + CLAIM)).await?;
    let (kept, revision) = values::read(tx, keys, id).await?;
    let webhook = sources::find(tx, id, "").await?;
    Ok(Some(Work { task, webhook, choice, kept, revision, attempt }))
}

/// Writes down what came of a claim. A source whose subscription was taken back, or could not be
/// for too long, is deleted.
pub async fn settle(org: &Scoped, keys: &Keyring, work: Work, called: super::Called) -> Result<Settled> {
    let (id, task) = (work.webhook.id, work.task);
    let (keys, read) = (keys.clone(), read(task, called));
    let settled = org
        .write(move |tx| {
            Box::pin(async move {
                match read {
                    Ok(subscribed) => done(tx, &keys, &work, subscribed).await,
                    Err(reason) => failed(tx, &work, &reason).await,
                }
            })
        })
        .await?;
    if task == Task::Unsubscribe && matches!(settled, Settled::Done | Settled::GivenUp) {
        sources::delete(org, id).await?;
    }
    Ok(settled)
}

fn read(task: Task, called: super::Called) -> std::result::Result<Subscribed, String> {
    let answer: Option<Value> = called?;
    match task {
        Task::Unsubscribe => Ok(Subscribed::default()),
        Task::Subscribe | Task::Renew => Subscribed::read(answer).map_err(|error| told(&error)),
    }
}

async fn done(tx: &mut Tx, keys: &Keyring, work: &Work, subscribed: Subscribed) -> Result<Settled> {
    let (id, time) = (work.webhook.id, now());
    let current = locked(tx, id).await?;
    if work.task == Task::Unsubscribe {
        return Ok(if current.attempts == work.attempt { Settled::Done } else { Settled::Overtaken });
    }
    if let Some(state) = subscribed.state {
        // A new subscription begins anew; a renewal was made from what was there.
        let (now_kept, revision) = values::read(tx, keys, id).await?;
        let from = if work.task == Task::Renew { work.revision } else { revision };
        if !values::write(tx, keys, id, &Kept { state, ..now_kept }, from).await? {
            return failed(tx, work, "the adapter's state was changed while it was renewed").await;
        }
    }
    let sql = Sql::new("UPDATE adapter_sources SET is_subscribed = true WHERE source_id = $1").bind(id);
    tx.execute(sql).await?;
    let sql = Sql::new(
        "UPDATE adapter_sources SET status = 'active', expires_at = $3, next_at = $4, attempts = 0, error = NULL,
           failed_at = NULL WHERE source_id = $1 AND attempts = $2",
    )
    .bind(id)
    .bind(work.attempt)
    .bind(subscribed.expires_at)
    .bind(subscribed.expires_at.map(|until| renewal(time, until)));
    if tx.execute(sql).await? == 0 {
        return Ok(Settled::Overtaken);
    }
    let event = Event::new("webhook.subscribed")
        .target("webhook", id)
        .detail("adapter", &work.choice.adapter.info.name)
        .maybe("expires_at", subscribed.expires_at);
    record(tx, event).await?;
    Ok(Settled::Done)
}

async fn failed(tx: &mut Tx, work: &Work, reason: &str) -> Result<Settled> {
    let (id, time) = (work.webhook.id, now());
    let is_last = work.attempt >= MAX_ATTEMPTS;
    let sql = Sql::new(
        "UPDATE adapter_sources SET error = $3, failed_at = $4, next_at = $5,
           status = CASE WHEN $6 AND status <> 'ending' THEN 'failed' ELSE status END
         WHERE source_id = $1 AND attempts = $2",
    )
    .bind(id)
    .bind(work.attempt)
    .bind(cut(reason))
    .bind(time)
    .bind((!is_last).then(|| time + backoff(work.attempt)))
    .bind(is_last);
    if tx.execute(sql).await? == 0 {
        return Ok(Settled::Overtaken);
    }
    if is_last || work.attempt == 1 {
        let event = Event::new("webhook.subscribe_failed")
            .target("webhook", id)
            .outcome(Outcome::Failed)
            .detail("method", work.task.method().as_str())
            .detail("reason", cut(reason))
            .detail("is_final", is_last);
        record(tx, event).await?;
    }
    if is_last {
        let name = &work.webhook.settings.name;
        events::webhook_broken(tx, id, name, work.task.given_up(), reason).await?;
    }
    Ok(if is_last { Settled::GivenUp } else { Settled::Later })
}
