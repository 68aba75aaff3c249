//! Tenants, and the provider's own organization.

use crate::audit::{Event, record};
use crate::{Db, Row, Scoped, Sql, Value, executions, now};
use bifrost_core::{Error, Limits, OrganizationId, Result};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// An organization.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Organization {
    /// Its id.
    pub id: OrganizationId,
    /// For people.
    pub name: String,
    /// E-mail domain whose people belong to it; unique.
    pub domain: Option<String>,
    /// True for the one that runs the platform.
    pub is_provider: bool,
    /// False: its keys are refused, its workflows do not start, and its runs wait.
    pub is_active: bool,
    /// True: what is deployed to its workspace waits for somebody else's approval.
    pub requires_review: bool,
    /// It is being exported and deleted; nothing brings it back.
    pub is_offboarding: bool,
    /// What its runs may use.
    pub limits: Limits,
    /// When it was made.
    pub created_at: DateTime<Utc>,
}

/// What an organization starts with.
#[derive(Clone, Debug, Default)]
pub struct NewOrganization {
    /// For people; not empty.
    pub name: String,
    /// E-mail domain; unique where given.
    pub domain: Option<String>,
    /// What its runs may use.
    pub limits: Limits,
}

/// What to change; `None` leaves a field as it is.
#[derive(Clone, Debug, Default)]
pub struct OrganizationChange {
    /// For people; not empty.
    pub name: Option<String>,
    /// `Some(None)` takes the domain away.
    pub domain: Option<Option<String>>,
    /// Whether it may do anything.
    pub is_active: Option<bool>,
    /// Whether versions of its workspace need a review.
    pub requires_review: Option<bool>,
    /// What its runs may use.
    pub limits: Option<Limits>,
}

const COLUMNS: &str =
    "id, name, domain, is_provider, is_active, limits, created_at, requires_review, is_offboarding";

/// Longest name, in characters.
const MAX_NAME: usize = 200;

/// Makes an organization. `Conflict already_exists` when the domain is taken.
pub async fn create(db: &Db, new: NewOrganization) -> Result<Organization> {
    let organization = prepare(new, false)?;
    db.system().write(move |tx| Box::pin(async move { insert(tx, organization).await })).await
}

pub(crate) fn prepare(new: NewOrganization, is_provider: bool) -> Result<Organization> {
    Ok(Organization {
        id: OrganizationId::new(),
        name: checked_name(new.name)?,
        domain: new.domain.map(|d| d.to_ascii_lowercase()),
        is_provider,
        is_active: true,
        requires_review: false,
        is_offboarding: false,
        limits: new.limits,
        created_at: now(),
    })
}

pub(crate) async fn insert(tx: &mut crate::Tx, new: Organization) -> Result<Organization> {
    let sql = Sql::new(
        "INSERT INTO organizations (id, name, domain, is_provider, is_active, limits, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
    )
    .bind(new.id)
    .bind(new.name.as_str())
    .bind(new.domain.clone())
    .bind(new.is_provider)
    .bind(new.is_active)
    .bind(Value::json(&new.limits)?)
    .bind(new.created_at);
    tx.execute(sql).await?;
    let event = Event::new("organization.create")
        .within(new.id)
        .target("organization", new.id)
        .detail("name", &new.name)
        .maybe("domain", new.domain.as_ref())
        .detail("limits", &new.limits);
    record(tx, event).await?;
    crate::notifications::rules::first_in(tx, new.id).await?;
    Ok(new)
}

fn checked_name(name: String) -> Result<String> {
    let name = name.trim().to_owned();
    if name.is_empty() || name.chars().count() > MAX_NAME {
        return Err(Error::invalid("name", format!("expected 1 to {MAX_NAME} characters")));
    }
    Ok(name)
}

/// One organization, as far as the handle reaches.
pub async fn get(scoped: &Scoped, id: OrganizationId) -> Result<Organization> {
    if scoped.access().organization().is_some_and(|own| own != id) {
        return Err(Error::NotFound("organization"));
    }
    let sql = Sql::new(format!("SELECT {COLUMNS} FROM organizations WHERE id = $1")).bind(id);
    let row = scoped.read().await?.optional(sql).await?.ok_or(Error::NotFound("organization"))?;
    read(&row)
}

/// The provider's own organization.
pub async fn provider(db: &Db) -> Result<OrganizationId> {
    provider_in(&mut db.system().read().await?).await
}

pub(crate) async fn provider_in(tx: &mut crate::Tx) -> Result<OrganizationId> {
    tx.one(Sql::new("SELECT id FROM organizations WHERE is_provider")).await?.get("id")
}

/// One organization, locked until the end of the transaction.
pub(crate) async fn lock(tx: &mut crate::Tx, id: OrganizationId) -> Result<Organization> {
    let lock = tx.engine().for_update();
    let sql = Sql::new(format!("SELECT {COLUMNS} FROM organizations WHERE id = $1{lock}")).bind(id);
    read(&tx.optional(sql).await?.ok_or(Error::NotFound("organization"))?)
}

/// All organizations by name; for the provider.
pub async fn list(db: &Db) -> Result<Vec<Organization>> {
    let sql = Sql::new(format!("SELECT {COLUMNS} FROM organizations ORDER BY name, id"));
    db.system().read().await?.all(sql).await?.iter().map(read).collect()
}

/// Changes an organization; for the provider. The provider itself cannot be deactivated,
/// and one that is being offboarded cannot be changed. What runs in one that is deactivated is
/// asked to end; what waits goes on waiting.
pub async fn update(db: &Db, id: OrganizationId, change: OrganizationChange) -> Result<Organization> {
    let name = change.name.map(checked_name).transpose()?;
    let limits = match change.limits {
        Some(limits) => Value::json(&limits)?,
        None => Value::Json(None),
    };
    let sql = Sql::new(format!(
        "UPDATE organizations SET name = COALESCE($2, name),
           domain = CASE WHEN $3 THEN $4 ELSE domain END,
           is_active = COALESCE($5, is_active), limits = COALESCE($6, limits),
           requires_review = COALESCE($7, requires_review)
         WHERE id = $1 RETURNING {COLUMNS}"
    ))
    .bind(id)
    .bind(name)
    .bind(change.domain.is_some())
    .bind(change.domain.flatten().map(|d| d.to_ascii_lowercase()))
    .bind(change.is_active)
    .bind(limits)
    .bind(change.requires_review);
    db.system()
        .write(move |tx| {
            Box::pin(async move {
                let old = lock(tx, id).await?;
                let organization = read(&tx.one(sql).await?)?;
                if organization.is_provider && !organization.is_active {
                    let message = "the provider's organization cannot be deactivated".into();
                    return Err(Error::Conflict { code: "provider", message });
                }
                refuse_offboarding(&organization)?;
                if !organization.is_active {
                    executions::cancel_running_in(tx, id).await?;
                }
                let event = Event::new("organization.update")
                    .within(id)
                    .target("organization", id)
                    .change("name", &old.name, &organization.name)
                    .change("domain", &old.domain, &organization.domain)
                    .change("is_active", &old.is_active, &organization.is_active)
                    .change("requires_review", &old.requires_review, &organization.requires_review)
                    .change("limits", &old.limits, &organization.limits);
                record(tx, event).await?;
                Ok(organization)
            })
        })
        .await
}

/// Refuses whatever would write for an organization that is being deleted.
///
/// # Errors
/// `Conflict offboarding`.
pub fn refuse_offboarding(organization: &Organization) -> Result<()> {
    if organization.is_offboarding {
        let message = "this organization is being offboarded; it can only be exported and deleted".into();
        return Err(Error::Conflict { code: "offboarding", message });
    }
    Ok(())
}

fn read(row: &Row) -> Result<Organization> {
    Ok(Organization {
        id: row.get("id")?,
        name: row.get("name")?,
        domain: row.opt("domain")?,
        is_provider: row.get("is_provider")?,
        is_active: row.get("is_active")?,
        requires_review: row.get("requires_review")?,
        is_offboarding: row.get("is_offboarding")?,
        limits: row.document("limits")?,
        created_at: row.get("created_at")?,
    })
}
