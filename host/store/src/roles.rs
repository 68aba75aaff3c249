//! Roles that an organization writes itself: named sets of permissions, on top of the
//! built-in role that every user has.

use crate::audit::{Event, record};
use crate::{Row, Scoped, Sql, Tx, Value, now};
use bifrost_core::{Error, OrganizationId, Permission, Permissions, Result, Role, RoleId};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// Most roles of one organization.
const MAX_ROLES: i64 = 200;
/// Longest name, in characters.
const MAX_NAME: usize = 100;
/// Longest description, in characters.
const MAX_DESCRIPTION: usize = 1_000;

/// A named set of permissions.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CustomRole {
    /// Its id.
    pub id: RoleId,
    /// Whose it is.
    pub organization_id: OrganizationId,
    /// Unique within the organization.
    pub name: String,
    /// For people.
    pub description: String,
    /// What it allows.
    pub permissions: Permissions,
    /// How many users have it.
    pub users: i64,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// Last change.
    pub updated_at: DateTime<Utc>,
}

/// What a role starts with.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the fields are those of CustomRole")]
pub struct NewRole {
    pub name: String,
    pub description: String,
    pub permissions: Permissions,
}

/// What to change; `None` stays.
#[derive(Clone, Debug, Default)]
#[expect(missing_docs, reason = "the fields are those of CustomRole")]
pub struct RoleChange {
    pub name: Option<String>,
    pub description: Option<String>,
    pub permissions: Option<Permissions>,
}

const SELECT: &str =
    "SELECT r.id, r.organization_id, r.name, r.description, r.permissions, r.created_at, r.updated_at,
   (SELECT COUNT(*) FROM user_roles m WHERE m.role_id = r.id) AS users
 FROM roles r";

/// Writes a role of the handle's organization. `Conflict already_exists` for a name that it has.
pub async fn create(org: &Scoped, new: NewRole) -> Result<CustomRole> {
    let organization = org.organization()?;
    org.write(move |tx| Box::pin(async move { create_in(tx, organization, new).await })).await
}

async fn create_in(tx: &mut Tx, organization: OrganizationId, new: NewRole) -> Result<CustomRole> {
    let (name, description) = (checked_name(&new.name)?, checked_description(&new.description)?);
    let permissions = checked_permissions(new.permissions)?;
    let count = Sql::new("SELECT COUNT(*) AS n FROM roles WHERE organization_id = $1").bind(organization);
    if tx.one(count).await?.get::<i64>("n")? >= MAX_ROLES {
        let message = format!("there are {MAX_ROLES} roles already");
        return Err(Error::Conflict { code: "too_many_roles", message });
    }
    let (id, time) = (RoleId::new(), now());
    let sql = Sql::new(
        "INSERT INTO roles (id, organization_id, name, description, permissions, created_at, updated_at)
         VALUES ($1, $2, $3, $4, $5, $6, $6)",
    )
    .bind(id)
    .bind(organization)
    .bind(name)
    .bind(description)
    .bind(Value::json(&permissions)?)
    .bind(time);
    tx.execute(sql).await?;
    let role = find(tx, organization, id).await?;
    let event = Event::new("role.create")
        .target("role", id)
        .detail("name", &role.name)
        .detail("permissions", role.permissions);
    record(tx, event).await?;
    Ok(role)
}

/// Roles of the handle's organization, by name.
pub async fn list(org: &Scoped) -> Result<Vec<CustomRole>> {
    let sql = Sql::new(format!("{SELECT} WHERE r.organization_id = $1 ORDER BY r.name, r.id"));
    org.read().await?.all(sql.bind(org.organization()?)).await?.iter().map(read).collect()
}

/// One role of the handle's organization.
pub async fn get(org: &Scoped, id: RoleId) -> Result<CustomRole> {
    find(&mut org.read().await?, org.organization()?, id).await
}

async fn find(tx: &mut Tx, organization: OrganizationId, id: RoleId) -> Result<CustomRole> {
    let sql = Sql::new(format!("{SELECT} WHERE r.id = $1 AND r.organization_id = $2"));
    read(&tx.optional(sql.bind(id).bind(organization)).await?.ok_or(Error::NotFound("role"))?)
}

/// Changes a role of the handle's organization: its users have what it allows from their next
/// request on.
pub async fn update(org: &Scoped, id: RoleId, change: RoleChange) -> Result<CustomRole> {
    let organization = org.organization()?;
    org.write(move |tx| Box::pin(async move { update_in(tx, organization, id, change).await })).await
}

async fn update_in(
    tx: &mut Tx,
    organization: OrganizationId,
    id: RoleId,
    change: RoleChange,
) -> Result<CustomRole> {
    let old = find(tx, organization, id).await?;
    let name = checked_name(change.name.as_deref().unwrap_or(&old.name))?;
    let description = checked_description(change.description.as_deref().unwrap_or(&old.description))?;
    let permissions = checked_permissions(change.permissions.unwrap_or(old.permissions))?;
    let sql = Sql::new(
        "UPDATE roles SET name = $2, description = $3, permissions = $4, updated_at = $5 WHERE id = $1",
    )
    .bind(id)
    .bind(name)
    .bind(description)
    .bind(Value::json(&permissions)?)
    .bind(now());
    tx.execute(sql).await?;
    let new = find(tx, organization, id).await?;
    let event = Event::new("role.update")
        .target("role", id)
        .change("name", &old.name, &new.name)
        .change("description", &old.description, &new.description)
        .change("permissions", &old.permissions, &new.permissions);
    record(tx, event).await?;
    Ok(new)
}

/// Deletes a role of the handle's organization, and what was granted to it. Its users lose what
/// it allowed from their next request on.
pub async fn delete(org: &Scoped, id: RoleId) -> Result<()> {
    let organization = org.organization()?;
    org.write(move |tx| {
        Box::pin(async move {
            let old = find(tx, organization, id).await?;
            for text in [
                "DELETE FROM user_roles WHERE role_id = $1",
                "DELETE FROM grants WHERE subject_kind = 'role' AND subject_id = $1",
                "DELETE FROM roles WHERE id = $1",
            ] {
                tx.execute(Sql::new(text).bind(id)).await?;
            }
            let event = Event::new("role.delete")
                .target("role", id)
                .detail("name", &old.name)
                .detail("permissions", old.permissions)
                .detail("users", old.users);
            record(tx, event).await
        })
    })
    .await
}

/// What a built-in role and roles of the handle's organization allow together. `Invalid` names
/// a role that the organization does not have.
pub async fn permissions(org: &Scoped, role: Role, roles: &[RoleId]) -> Result<Permissions> {
    let all = if roles.is_empty() { Vec::new() } else { list(org).await? };
    roles.iter().try_fold(role.permissions(), |sum, id| {
        let role = all.iter().find(|role| role.id == *id);
        let role =
            role.ok_or_else(|| Error::invalid("roles", format!("the organization has no role {id}")))?;
        Ok(sum.or(role.permissions))
    })
}

fn checked_name(text: &str) -> Result<String> {
    let name = text.trim();
    if name.is_empty() || name.chars().count() > MAX_NAME || name.chars().any(char::is_control) {
        let message = format!("expected 1 to {MAX_NAME} characters without control characters");
        return Err(Error::invalid("name", message));
    }
    let built_in = Role::ALL.iter().any(|role| role.as_str() == name);
    if built_in {
        return Err(Error::invalid("name", format!("`{name}` is a built-in role")));
    }
    Ok(name.to_owned())
}

fn checked_description(text: &str) -> Result<String> {
    match text.trim() {
        text if text.chars().count() <= MAX_DESCRIPTION => Ok(text.to_owned()),
        _ => Err(Error::invalid("description", format!("more than {MAX_DESCRIPTION} characters"))),
    }
}

fn checked_permissions(permissions: Permissions) -> Result<Permissions> {
    match permissions.iter().find(|permission: &Permission| permission.is_of_platform()) {
        None => Ok(permissions),
        Some(permission) => {
            Err(Error::invalid("permissions", format!("{permission} comes with platform_admin only")))
        }
    }
}

fn read(row: &Row) -> Result<CustomRole> {
    Ok(CustomRole {
        id: row.get("id")?,
        organization_id: row.get("organization_id")?,
        name: row.get("name")?,
        description: row.get("description")?,
        permissions: Permissions::from_stored(&row.document::<Vec<String>>("permissions")?),
        users: row.get("users")?,
        created_at: row.get("created_at")?,
        updated_at: row.get("updated_at")?,
    })
}
