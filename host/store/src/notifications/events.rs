//! What has happened, from its transaction to those who are told.
//!
//! An event is committed with what caused it. Whoever leads takes events away in the transaction
//! that writes down who is to be told of them, so each is told of once.

use super::rules::{self, Rule};
use crate::{Db, Row, Sql, Tx, Value, now, organizations};
use bifrost_core::notification::{Details, FAILED_RENEWALS, SAME, bounded};
use bifrost_core::{
    ConnectionId, Error, ExecutionId, NotificationChannelId, NotificationId, NotificationKind,
    OrganizationId, Result, ScheduleId, Status, WebhookId,
};
use chrono::{DateTime, Utc};
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

/// Longest list of ids in one statement.
const IDS: usize = 500;

/// Notes that a run has ended badly, where somebody may want to know.
pub(crate) async fn run_ended(tx: &mut Tx, id: ExecutionId) -> Result<()> {
    let sql = Sql::new(
        "INSERT INTO notification_events (id, organization_id, kind, subject_id, execution_id, created_at)
         SELECT $2, e.organization_id, 'run_failed', e.workflow_id, e.id, $3 FROM executions e
         WHERE e.id = $1 AND e.status IN ('Failed', 'Timeout', 'CompletedWithErrors') AND EXISTS
           (SELECT 1 FROM notification_rules r WHERE r.organization_id = e.organization_id AND r.kind = 'run_failed'
              AND r.is_enabled AND (r.with_errors OR e.status <> 'CompletedWithErrors')
              AND (e.schedule_id IS NOT NULL OR NOT r.only_scheduled))",
    );
    tx.execute(sql.bind(id).bind(Uuid::now_v7()).bind(now())).await.map(drop)
}

/// Notes that tokens were not renewed, where that is more than a moment's weakness of a server:
/// `failures` counts those in a row.
pub(crate) async fn renewal_failed(
    tx: &mut Tx,
    id: ConnectionId,
    integration: &str,
    reason: &str,
    failures: i64,
    is_final: bool,
) -> Result<()> {
    if !is_final && failures != FAILED_RENEWALS {
        return Ok(());
    }
    let summary = if is_final {
        "The connection has failed; connect it again".to_owned()
    } else {
        format!("Its tokens could not be renewed {failures} times in a row; it is tried again")
    };
    let details = Details {
        name: integration.to_owned(),
        summary,
        error: Some(bounded(reason)),
        error_for_user: false,
        execution_id: None,
    };
    let organization = tx.access().organization();
    insert(tx, organization, NotificationKind::ConnectionBroken, id.0, &details).await
}

/// Notes that a schedule's time came and made no run, for a reason that somebody has to look at.
pub(crate) async fn schedule_missed(
    tx: &mut Tx,
    organization: OrganizationId,
    id: ScheduleId,
    name: &str,
    reason: &str,
) -> Result<()> {
    let summary = match reason {
        "missed" => "Its time passed while nothing could be started",
        "queue_full" => "Too many of its runs wait for each other already",
        "workflow_removed" => "Its workflow is no longer in the workspace",
        "workflow_inactive" => "Its workflow is switched off",
        "topic_missing" => "There is no such topic, or it is switched off",
        "too_large" => "Its topic does not take that much data",
        // As it was asked for, or nobody is there to be told.
        _ => return Ok(()),
    };
    let details = Details {
        name: name.to_owned(),
        summary: summary.to_owned(),
        error: None,
        error_for_user: true,
        execution_id: None,
    };
    insert(tx, Some(organization), NotificationKind::ScheduleMissed, id.0, &details).await
}

/// Notes that something which a webhook was sent is not tried again, and why. Its subject is the
/// webhook: what is wrong with one delivery is often wrong with the next.
pub(crate) async fn delivery_failed(
    tx: &mut Tx,
    id: WebhookId,
    webhook: &str,
    summary: String,
    reason: &str,
) -> Result<()> {
    of_webhook(tx, NotificationKind::DeliveryFailed, id, webhook, summary, reason).await
}

/// Notes that the subscription of a webhook's adapter was given up.
pub(crate) async fn webhook_broken(
    tx: &mut Tx,
    id: WebhookId,
    webhook: &str,
    summary: &str,
    reason: &str,
) -> Result<()> {
    of_webhook(tx, NotificationKind::WebhookBroken, id, webhook, summary.to_owned(), reason).await
}

async fn of_webhook(
    tx: &mut Tx,
    kind: NotificationKind,
    id: WebhookId,
    webhook: &str,
    summary: String,
    reason: &str,
) -> Result<()> {
    let details = Details {
        name: webhook.to_owned(),
        summary,
        error: Some(bounded(reason)),
        error_for_user: false,
        execution_id: None,
    };
    let organization = tx.access().organization();
    insert(tx, organization, kind, id.0, &details).await
}

async fn insert(
    tx: &mut Tx,
    organization: Option<OrganizationId>,
    kind: NotificationKind,
    subject: Uuid,
    details: &Details,
) -> Result<()> {
    let sql = Sql::new(
        "INSERT INTO notification_events (id, organization_id, kind, subject_id, details, created_at)
         VALUES ($1, $2, $3, $4, $5, $6)",
    )
    .bind(Uuid::now_v7())
    .bind(organization)
    .bind(kind.as_str())
    .bind(subject)
    .bind(Value::json(details)?)
    .bind(now());
    tx.execute(sql).await.map(drop)
}

/// Something that has happened and nobody has been told of.
struct Happened {
    id: Uuid,
    organization: Option<OrganizationId>,
    kind: NotificationKind,
    subject: Uuid,
    at: DateTime<Utc>,
    details: Details,
    status: Option<Status>,
    is_scheduled: bool,
}

/// The same thing, as often as it happened.
struct Sum {
    count: i64,
    first_at: DateTime<Utc>,
    last_at: DateTime<Utc>,
    details: Details,
}

/// What processing events did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Processed {
    /// Events that are done with.
    pub events: usize,
    /// Who has something new to read, and of which kind.
    pub told: BTreeSet<(OrganizationId, NotificationKind)>,
}

/// Turns at most `limit` events into what people and channels are told.
pub async fn process(db: &Db, limit: u32) -> Result<Processed> {
    let sql = Sql::new(
        "SELECT v.id, v.organization_id, v.kind, v.subject_id, v.details, v.created_at, e.workflow_name, e.status,
           e.schedule_id, e.error, e.error_type, e.error_for_user, e.id AS execution_id
         FROM notification_events v LEFT JOIN executions e ON e.id = v.execution_id ORDER BY v.id LIMIT $1",
    );
    let rows = db.system().read().await?.all(sql.bind(limit)).await?;
    let mut by_organization: BTreeMap<_, Vec<Happened>> = BTreeMap::new();
    for row in &rows {
        let event = read(row)?;
        by_organization.entry(event.organization).or_default().push(event);
    }
    let mut processed = Processed::default();
    for (organization, events) in by_organization {
        processed.events += events.len();
        let unit = db.system();
        let told =
            unit.write(move |tx| Box::pin(async move { process_in(tx, organization, events).await })).await?;
        processed.told.extend(told);
    }
    Ok(processed)
}

async fn process_in(
    tx: &mut Tx,
    organization: Option<OrganizationId>,
    events: Vec<Happened>,
) -> Result<BTreeSet<(OrganizationId, NotificationKind)>> {
    let mut taken: BTreeSet<Uuid> = BTreeSet::new();
    for chunk in events.chunks(IDS) {
        let mut sql = Sql::new("DELETE FROM notification_events WHERE id IN (");
        for (index, event) in chunk.iter().enumerate() {
            sql.push(if index == 0 { "" } else { ", " }).push_bind(event.id);
        }
        sql.push(") RETURNING id");
        for row in tx.all(sql).await? {
            taken.insert(row.get("id")?);
        }
    }
    let organization = match organization {
        Some(organization) => organization,
        None => organizations::provider_in(tx).await?,
    };
    let rules = rules::all(tx, organization, true).await?;
    let channels = enabled_channels(tx, organization).await?;
    let mut notices: BTreeMap<(NotificationKind, Uuid), Sum> = BTreeMap::new();
    let mut items: BTreeMap<(NotificationChannelId, NotificationKind, Uuid), Sum> = BTreeMap::new();
    for event in events.iter().filter(|event| taken.contains(&event.id)) {
        let matching: Vec<_> = rules.iter().filter(|rule| matches(rule, event)).collect();
        if matching.iter().any(|rule| rule.settings.in_app) {
            add(&mut notices, (event.kind, event.subject), event);
        }
        let named: BTreeSet<_> = matching.iter().flat_map(|rule| &rule.settings.channels).collect();
        for channel in named.into_iter().filter(|channel| channels.contains(*channel)) {
            add(&mut items, (*channel, event.kind, event.subject), event);
        }
    }
    for ((kind, subject), sum) in &notices {
        notice(tx, organization, *kind, *subject, sum).await?;
    }
    for ((channel, kind, subject), sum) in &items {
        item(tx, organization, *channel, *kind, *subject, sum).await?;
    }
    Ok(notices.keys().map(|(kind, _)| (organization, *kind)).collect())
}

fn matches(rule: &Rule, event: &Happened) -> bool {
    let settings = &rule.settings;
    rule.kind == event.kind
        && (settings.workflows.is_empty() || settings.workflows.iter().any(|id| id.0 == event.subject))
        && (event.is_scheduled || !settings.only_scheduled)
        && (settings.with_errors || event.status != Some(Status::CompletedWithErrors))
}

fn add<K: Ord>(sums: &mut BTreeMap<K, Sum>, key: K, event: &Happened) {
    let sum = sums.entry(key).or_insert_with(|| Sum {
        count: 0,
        first_at: event.at,
        last_at: event.at,
        details: event.details.clone(),
    });
    sum.count += 1;
    sum.first_at = sum.first_at.min(event.at);
    if event.at >= sum.last_at {
        sum.last_at = event.at;
        sum.details = event.details.clone();
    }
}

async fn enabled_channels(
    tx: &mut Tx,
    organization: OrganizationId,
) -> Result<BTreeSet<NotificationChannelId>> {
    let sql = Sql::new("SELECT id FROM notification_channels WHERE organization_id = $1 AND is_enabled");
    tx.all(sql.bind(organization)).await?.iter().map(|row| row.get("id")).collect()
}

/// What happened again a short time after is the same notification, and unread again.
async fn notice(
    tx: &mut Tx,
    organization: OrganizationId,
    kind: NotificationKind,
    subject: Uuid,
    sum: &Sum,
) -> Result<()> {
    let sql = Sql::new(
        "UPDATE notifications SET count = count + $4, last_at = $5, details = $6
         WHERE organization_id = $1 AND kind = $2 AND subject_id = $3 AND last_at > $7",
    )
    .bind(organization)
    .bind(kind.as_str())
    .bind(subject)
    .bind(sum.count)
    .bind(sum.last_at)
    .bind(Value::json(&sum.details)?)
    .bind(sum.first_at - SAME);
    if tx.execute(sql).await? > 0 {
        return Ok(());
    }
    let sql = Sql::new(
        "INSERT INTO notifications (id, organization_id, kind, subject_id, count, first_at, last_at, details)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
    )
    .bind(NotificationId::new())
    .bind(organization)
    .bind(kind.as_str())
    .bind(subject)
    .bind(sum.count)
    .bind(sum.first_at)
    .bind(sum.last_at)
    .bind(Value::json(&sum.details)?);
    tx.execute(sql).await.map(drop)
}

/// Adds to what a channel has not been told. Its `next_at` stays: until then it waits.
async fn item(
    tx: &mut Tx,
    organization: OrganizationId,
    channel: NotificationChannelId,
    kind: NotificationKind,
    subject: Uuid,
    sum: &Sum,
) -> Result<()> {
    let sql = Sql::new(
        "INSERT INTO notification_items AS i (channel_id, kind, subject_id, organization_id, count, first_at, last_at, details,
           next_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
         ON CONFLICT (channel_id, kind, subject_id) DO UPDATE SET count = i.count + excluded.count,
           first_at = CASE WHEN i.count = 0 THEN excluded.first_at ELSE i.first_at END,
           last_at = excluded.last_at, details = excluded.details",
    )
    .bind(channel)
    .bind(kind.as_str())
    .bind(subject)
    .bind(organization)
    .bind(sum.count)
    .bind(sum.first_at)
    .bind(sum.last_at)
    .bind(Value::json(&sum.details)?)
    .bind(sum.first_at);
    tx.execute(sql).await.map(drop)
}

fn read(row: &Row) -> Result<Happened> {
    let kind: NotificationKind = row.parse("kind")?;
    let execution: Option<ExecutionId> = row.opt("execution_id")?;
    let status = row
        .opt::<String>("status")?
        .map(|text| text.parse::<Status>())
        .transpose()
        .map_err(|_| Error::Internal(anyhow::anyhow!("a run has an unknown status")))?;
    let details = match (row.opt_document("details")?, status) {
        (Some(details), _) => details,
        (None, Some(status)) => run(row, status, execution)?,
        // Its run was deleted with its organization's data or by retention.
        (None, None) => Details {
            name: "a run".to_owned(),
            summary: "It failed, and is no longer kept".to_owned(),
            error: None,
            error_for_user: false,
            execution_id: None,
        },
    };
    Ok(Happened {
        id: row.get("id")?,
        organization: row.opt("organization_id")?,
        kind,
        subject: row.get("subject_id")?,
        at: row.get("created_at")?,
        details,
        status,
        is_scheduled: row.opt::<ScheduleId>("schedule_id")?.is_some(),
    })
}

fn run(row: &Row, status: Status, execution_id: Option<ExecutionId>) -> Result<Details> {
    let by = if row.opt::<ScheduleId>("schedule_id")?.is_some() { "A scheduled run" } else { "A run" };
    let how = match status {
        Status::Timeout => "took too long",
        Status::CompletedWithErrors => "completed with errors",
        _ => "failed",
    };
    let error = match (row.opt::<String>("error_type")?, row.opt::<String>("error")?) {
        (Some(kind), Some(text)) => Some(bounded(&format!("{kind}: {text}"))),
        (None, text) | (text, None) => text.as_deref().map(bounded),
    };
    let error_for_user = row.get("error_for_user")?;
    // An end user reads what the workflow says, not what kind of exception that is.
    let error = if error_for_user { row.opt::<String>("error")?.as_deref().map(bounded) } else { error };
    Ok(Details {
        name: row.get("workflow_name")?,
        summary: format!("{by} {how}"),
        error,
        error_for_user,
        execution_id,
    })
}
