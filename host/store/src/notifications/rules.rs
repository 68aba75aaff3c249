//! What is told, and where.

use super::channels::{TAKEN, checked_name};
use crate::audit::{Event, record};
use crate::error::taken;
use crate::{Row, Scoped, Sql, Tx, Value, now};
use bifrost_core::notification::{MAX_CHANNELS, MAX_WORKFLOWS};
use bifrost_core::{
    Error, NotificationChannelId, NotificationKind, NotificationRuleId, OrganizationId, Result, UserId,
    WorkflowId,
};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// What an organization begins with: what nobody watches is told within the platform.
const FIRST: [(&str, NotificationKind); 5] = [
    ("Scheduled runs that fail", NotificationKind::RunFailed),
    ("Connections that break", NotificationKind::ConnectionBroken),
    ("Schedules that are missed", NotificationKind::ScheduleMissed),
    ("Deliveries that fail", NotificationKind::DeliveryFailed),
    ("Webhooks that break", NotificationKind::WebhookBroken),
];

/// A rule as the database has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rule {
    /// Its id.
    pub id: NotificationRuleId,
    /// Whose it is.
    pub organization_id: OrganizationId,
    /// What happens.
    pub kind: NotificationKind,
    /// What can be changed.
    pub settings: Settings,
    /// Who made it; `None` where the platform did.
    pub created_by: Option<UserId>,
    /// When.
    pub created_at: DateTime<Utc>,
    /// Last changed by somebody.
    pub updated_at: DateTime<Utc>,
}

/// What a rule is like.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settings {
    /// What people call it; one of a kind within the organization.
    pub name: String,
    /// Of runs: only these workflows; all where empty.
    pub workflows: Vec<WorkflowId>,
    /// Of runs: only those that a schedule asked for.
    pub only_scheduled: bool,
    /// Of runs: also those that ended with errors of their own.
    pub with_errors: bool,
    /// Told within the platform to whoever may know.
    pub in_app: bool,
    /// Where it is told beside.
    pub channels: Vec<NotificationChannelId>,
    /// False: as if it were not there.
    pub is_enabled: bool,
}

impl Settings {
    fn check(mut self, kind: NotificationKind) -> Result<Self> {
        self.name = checked_name(&self.name)?;
        for (field, is_used) in [
            ("workflow_ids", !self.workflows.is_empty()),
            ("only_scheduled", self.only_scheduled),
            ("completed_with_errors", self.with_errors),
        ] {
            if is_used && kind != NotificationKind::RunFailed {
                return Err(Error::invalid(field, "only a rule about run_failed has this"));
            }
        }
        self.workflows.sort_unstable();
        self.workflows.dedup();
        self.channels.sort_unstable();
        self.channels.dedup();
        if self.workflows.len() > MAX_WORKFLOWS {
            return Err(Error::invalid("workflow_ids", format!("expected at most {MAX_WORKFLOWS}")));
        }
        if !self.in_app && self.channels.is_empty() {
            return Err(Error::invalid(
                "channel_ids",
                "a rule tells something somewhere: name a channel, or set in_app",
            ));
        }
        Ok(self)
    }
}

const SELECT: &str =
    "SELECT r.id, r.organization_id, r.name, r.kind, r.workflows, r.only_scheduled, r.with_errors, r.in_app,
   r.channels, r.is_enabled, r.created_by, r.created_at, r.updated_at
 FROM notification_rules r";

/// The rules of a new organization.
pub(crate) async fn first_in(tx: &mut Tx, organization: OrganizationId) -> Result<()> {
    for (name, kind) in FIRST {
        let settings = Settings {
            name: name.to_owned(),
            workflows: vec![],
            only_scheduled: kind == NotificationKind::RunFailed,
            with_errors: false,
            in_app: true,
            channels: vec![],
            is_enabled: true,
        };
        insert(tx, organization, NotificationRuleId::new(), kind, &settings, None).await?;
    }
    Ok(())
}

/// Makes a rule in the handle's organization. `Conflict` with `already_exists` for a name that is
/// taken, or `too_many_rules`; `Invalid` for workflows and channels that it does not have.
pub async fn create(
    org: &Scoped,
    kind: NotificationKind,
    settings: Settings,
    created_by: UserId,
) -> Result<Rule> {
    let (organization, settings) = (org.organization()?, settings.check(kind)?);
    org.write(move |tx| {
        Box::pin(async move {
            let count = Sql::new("SELECT COUNT(*) AS n FROM notification_rules WHERE organization_id = $1");
            if tx.one(count.bind(organization)).await?.get::<i64>("n")? >= MAX_CHANNELS {
                let message = format!("there are {MAX_CHANNELS} rules already");
                return Err(Error::Conflict { code: "too_many_rules", message });
            }
            known(tx, organization, &settings).await?;
            let id = NotificationRuleId::new();
            insert(tx, organization, id, kind, &settings, Some(created_by)).await?;
            let event = Event::new("notification_rule.create")
                .target("notification_rule", id)
                .detail("event", kind)
                .detail("settings", &settings);
            record(tx, event).await?;
            find(tx, id, "").await
        })
    })
    .await
}

async fn insert(
    tx: &mut Tx,
    organization: OrganizationId,
    id: NotificationRuleId,
    kind: NotificationKind,
    settings: &Settings,
    created_by: Option<UserId>,
) -> Result<()> {
    let sql = Sql::new(
        "INSERT INTO notification_rules (id, organization_id, name, kind, workflows, only_scheduled, with_errors, in_app,
           channels, is_enabled, created_by, created_at, updated_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $12)",
    )
    .bind(id)
    .bind(organization)
    .bind(settings.name.as_str())
    .bind(kind.as_str())
    .bind(Value::json(&settings.workflows)?)
    .bind(settings.only_scheduled)
    .bind(settings.with_errors)
    .bind(settings.in_app)
    .bind(Value::json(&settings.channels)?)
    .bind(settings.is_enabled)
    .bind(created_by)
    .bind(now());
    tx.execute(sql).await.map(drop).map_err(taken(TAKEN))
}

/// Refuses workflows and channels that the organization does not have.
async fn known(tx: &mut Tx, organization: OrganizationId, settings: &Settings) -> Result<()> {
    for id in &settings.workflows {
        let sql = Sql::new("SELECT id FROM workflows WHERE id = $1 AND scope_id IN ($2, $3)");
        let sql = sql.bind(*id).bind(organization).bind(Uuid::nil());
        if tx.optional(sql).await?.is_none() {
            return Err(Error::invalid("workflow_ids", format!("there is no workflow {id}")));
        }
    }
    for id in &settings.channels {
        let sql = Sql::new("SELECT id FROM notification_channels WHERE id = $1 AND organization_id = $2");
        if tx.optional(sql.bind(*id).bind(organization)).await?.is_none() {
            return Err(Error::invalid("channel_ids", format!("there is no channel {id}")));
        }
    }
    Ok(())
}

/// Changes a rule of the handle's organization; what it is about stays.
pub async fn update(
    org: &Scoped,
    id: NotificationRuleId,
    change: impl FnOnce(Settings) -> Settings + Send + 'static,
) -> Result<Rule> {
    org.write(move |tx| {
        Box::pin(async move {
            let lock = tx.engine().for_update_of("r");
            let old = find(tx, id, &lock).await?;
            let new = change(old.settings.clone()).check(old.kind)?;
            known(tx, old.organization_id, &new).await?;
            save(tx, id, &new).await?;
            let event = Event::new("notification_rule.update").target("notification_rule", id).change(
                "settings",
                &old.settings,
                &new,
            );
            record(tx, event).await?;
            find(tx, id, "").await
        })
    })
    .await
}

async fn save(tx: &mut Tx, id: NotificationRuleId, settings: &Settings) -> Result<()> {
    let sql = Sql::new(
        "UPDATE notification_rules SET name = $2, workflows = $3, only_scheduled = $4, with_errors = $5, in_app = $6,
           channels = $7, is_enabled = $8, updated_at = $9 WHERE id = $1",
    )
    .bind(id)
    .bind(settings.name.as_str())
    .bind(Value::json(&settings.workflows)?)
    .bind(settings.only_scheduled)
    .bind(settings.with_errors)
    .bind(settings.in_app)
    .bind(Value::json(&settings.channels)?)
    .bind(settings.is_enabled)
    .bind(now());
    tx.execute(sql).await.map(drop).map_err(taken(TAKEN))
}

/// Deletes a rule of the handle's organization.
pub async fn delete(org: &Scoped, id: NotificationRuleId) -> Result<()> {
    org.write(move |tx| {
        Box::pin(async move {
            let lock = tx.engine().for_update_of("r");
            let old = find(tx, id, &lock).await?;
            tx.execute(Sql::new("DELETE FROM notification_rules WHERE id = $1").bind(id)).await?;
            let event = Event::new("notification_rule.delete")
                .target("notification_rule", id)
                .detail("name", &old.settings.name);
            record(tx, event).await
        })
    })
    .await
}

/// Takes a channel that goes out of all rules. One that tells nothing any more is switched off.
pub(super) async fn forget_channel(tx: &mut Tx, channel: NotificationChannelId) -> Result<()> {
    let organization = OrganizationId(tx.access().scope_id()?);
    for Rule { id, mut settings, .. } in all(tx, organization, false).await? {
        if settings.channels.contains(&channel) {
            settings.channels.retain(|one| *one != channel);
            settings.is_enabled &= settings.in_app || !settings.channels.is_empty();
            save(tx, id, &settings).await?;
        }
    }
    Ok(())
}

/// Rules of the handle's organization, by name.
pub async fn list(org: &Scoped) -> Result<Vec<Rule>> {
    let organization = org.organization()?;
    all(&mut org.read().await?, organization, false).await
}

pub(super) async fn all(tx: &mut Tx, organization: OrganizationId, only_enabled: bool) -> Result<Vec<Rule>> {
    let mut sql = Sql::new(SELECT);
    sql.push(" WHERE r.organization_id = ").push_bind(organization);
    sql.push(if only_enabled { " AND r.is_enabled" } else { "" }).push(" ORDER BY r.name");
    tx.all(sql).await?.iter().map(read).collect()
}

/// One rule of the handle's organization.
pub async fn get(org: &Scoped, id: NotificationRuleId) -> Result<Rule> {
    find(&mut org.read().await?, id, "").await
}

async fn find(tx: &mut Tx, id: NotificationRuleId, lock: &str) -> Result<Rule> {
    let mut sql = Sql::new(SELECT);
    sql.push(" WHERE r.id = ").push_bind(id);
    sql.push(" AND r.organization_id = ").push_bind(tx.access().scope_id()?).push(lock);
    read(&tx.optional(sql).await?.ok_or(Error::NotFound("rule"))?)
}

fn read(row: &Row) -> Result<Rule> {
    Ok(Rule {
        id: row.get("id")?,
        organization_id: row.get("organization_id")?,
        kind: row.parse("kind")?,
        settings: Settings {
            name: row.get("name")?,
            workflows: row.document("workflows")?,
            only_scheduled: row.get("only_scheduled")?,
            with_errors: row.get("with_errors")?,
            in_app: row.get("in_app")?,
            channels: row.document("channels")?,
            is_enabled: row.get("is_enabled")?,
        },
        created_by: row.opt("created_by")?,
        created_at: row.get("created_at")?,
        updated_at: row.get("updated_at")?,
    })
}
