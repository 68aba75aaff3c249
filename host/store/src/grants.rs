//! What somebody may run without the permission for all: one workflow or form, given to a user
//! or to a role.

use crate::audit::{Event, record};
use crate::{Row, Scoped, Sql, Tx, now};
use bifrost_core::{Caller, Error, GrantId, OrganizationId, Permission, Result, RoleId, UserId};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use std::collections::HashSet;
use uuid::Uuid;

/// Most grants of one organization.
const MAX_GRANTS: i64 = 10_000;

/// Who is given something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(tag = "kind", content = "id", rename_all = "snake_case")]
pub enum Subject {
    /// One user.
    User(UserId),
    /// Everybody with a role of the organization.
    Role(RoleId),
}

/// What is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum TargetKind {
    /// A workflow, tool or data provider.
    Workflow,
    /// A form.
    Form,
}

impl TargetKind {
    /// The name in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Workflow => "workflow",
            Self::Form => "form",
        }
    }
}

impl std::str::FromStr for TargetKind {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        match text {
            "workflow" => Ok(Self::Workflow),
            "form" => Ok(Self::Form),
            other => Err(Error::invalid("kind", format!("`{other}` is neither workflow nor form"))),
        }
    }
}

/// Lets a subject run a target.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Grant {
    /// Its id.
    pub id: GrantId,
    /// Whose it is.
    pub organization_id: OrganizationId,
    /// Who may.
    pub subject: Subject,
    /// What kind of thing.
    pub kind: TargetKind,
    /// The thing.
    pub target: Uuid,
    /// Who gave it.
    pub created_by: Option<UserId>,
    /// When.
    pub created_at: DateTime<Utc>,
}

const SELECT: &str = "SELECT id, organization_id, subject_kind, subject_id, kind, target_id, created_by, created_at FROM grants";

/// Gives something in the handle's organization. Whether there is such a target is for the
/// caller to know. `Conflict already_exists` for what was given before, `Invalid` for a subject
/// that the organization does not have.
pub async fn create(org: &Scoped, subject: Subject, kind: TargetKind, target: Uuid) -> Result<Grant> {
    let organization = org.organization()?;
    org.write(move |tx| Box::pin(async move { create_in(tx, organization, subject, kind, target).await }))
        .await
}

async fn create_in(
    tx: &mut Tx,
    organization: OrganizationId,
    subject: Subject,
    kind: TargetKind,
    target: Uuid,
) -> Result<Grant> {
    let (subject_kind, subject_id, table) = parts(subject);
    let sql = Sql::new(format!("SELECT id FROM {table} WHERE id = $1 AND organization_id = $2"));
    if tx.optional(sql.bind(subject_id).bind(organization)).await?.is_none() {
        return Err(Error::invalid(
            "subject",
            format!("the organization has no {subject_kind} {subject_id}"),
        ));
    }
    let count = Sql::new("SELECT COUNT(*) AS n FROM grants WHERE organization_id = $1").bind(organization);
    if tx.one(count).await?.get::<i64>("n")? >= MAX_GRANTS {
        let message = format!("there are {MAX_GRANTS} grants already; give them to roles instead of people");
        return Err(Error::Conflict { code: "too_many_grants", message });
    }
    let created_by = tx.actor().and_then(|actor| actor.id);
    let grant = Grant {
        id: GrantId::new(),
        organization_id: organization,
        subject,
        kind,
        target,
        created_by,
        created_at: now(),
    };
    let sql = Sql::new(
        "INSERT INTO grants (id, organization_id, subject_kind, subject_id, kind, target_id, created_by, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
    )
    .bind(grant.id)
    .bind(organization)
    .bind(subject_kind)
    .bind(subject_id)
    .bind(kind.as_str())
    .bind(target)
    .bind(created_by)
    .bind(grant.created_at);
    tx.execute(sql).await?;
    record(tx, event("grant.create", &grant)).await?;
    Ok(grant)
}

/// Takes something away in the handle's organization, from the next request on.
pub async fn delete(org: &Scoped, id: GrantId) -> Result<()> {
    let sql = Sql::new(
        "DELETE FROM grants WHERE id = $1 AND organization_id = $2
         RETURNING id, organization_id, subject_kind, subject_id, kind, target_id, created_by, created_at",
    );
    let sql = sql.bind(id).bind(org.organization()?);
    org.write(move |tx| {
        Box::pin(async move {
            let grant = read(&tx.optional(sql).await?.ok_or(Error::NotFound("grant"))?)?;
            record(tx, event("grant.delete", &grant)).await
        })
    })
    .await
}

fn event(action: &'static str, grant: &Grant) -> Event {
    let (kind, id, _) = parts(grant.subject);
    Event::new(action)
        .target(grant.kind.as_str(), grant.target)
        .detail("grant", grant.id)
        .detail("to", format!("{kind}:{id}"))
}

/// Grants of the handle's organization, newest first; only of one subject or target where it
/// is named.
pub async fn list(org: &Scoped, subject: Option<Subject>, target: Option<Uuid>) -> Result<Vec<Grant>> {
    let mut sql = Sql::new(SELECT);
    sql.push(" WHERE organization_id = ").push_bind(org.organization()?);
    if let Some(subject) = subject {
        let (kind, id, _) = parts(subject);
        sql.push(" AND subject_kind = ").push_bind(kind).push(" AND subject_id = ").push_bind(id);
    }
    if let Some(target) = target {
        sql.push(" AND target_id = ").push_bind(target);
    }
    sql.push(" ORDER BY id DESC");
    org.read().await?.all(sql).await?.iter().map(read).collect()
}

/// What of one kind was given to the caller in the handle's organization. Nothing for a key
/// that does not allow to run workflows.
pub async fn of_caller(org: &Scoped, caller: &Caller, kind: TargetKind) -> Result<HashSet<Uuid>> {
    if !caller.ceiling.has(Permission::RunWorkflows) {
        return Ok(HashSet::new());
    }
    let sql = Sql::new(
        "SELECT g.target_id FROM grants g WHERE g.organization_id = $1 AND g.kind = $2
           AND ((g.subject_kind = 'user' AND g.subject_id = $3) OR (g.subject_kind = 'role'
             AND g.subject_id IN (SELECT m.role_id FROM user_roles m WHERE m.user_id = $3)))",
    );
    let sql = sql.bind(org.organization()?).bind(kind.as_str()).bind(caller.user);
    org.read().await?.all(sql).await?.iter().map(|row| row.get("target_id")).collect()
}

/// True when the caller may run this in the handle's organization: by permission for all, or
/// because it was given to them.
pub async fn may_run(org: &Scoped, caller: &Caller, kind: TargetKind, target: Uuid) -> Result<bool> {
    if caller.may(Permission::RunWorkflows) {
        return Ok(true);
    }
    Ok(of_caller(org, caller, kind).await?.contains(&target))
}

/// The subject's kind, id and table.
fn parts(subject: Subject) -> (&'static str, Uuid, &'static str) {
    match subject {
        Subject::User(id) => ("user", id.0, "users"),
        Subject::Role(id) => ("role", id.0, "roles"),
    }
}

fn read(row: &Row) -> Result<Grant> {
    let id: Uuid = row.get("subject_id")?;
    let subject = match row.get::<String>("subject_kind")?.as_str() {
        "user" => Subject::User(id.into()),
        _ => Subject::Role(id.into()),
    };
    Ok(Grant {
        id: row.get("id")?,
        organization_id: row.get("organization_id")?,
        subject,
        kind: row.parse("kind")?,
        target: row.get("target_id")?,
        created_by: row.opt("created_by")?,
        created_at: row.get("created_at")?,
    })
}
