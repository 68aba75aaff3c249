//! People and service accounts.

use crate::audit::{Event, record};
use crate::error::taken;
use crate::{Access, Row, Scoped, Sql, Tx, now};
use bifrost_core::caller::SERVICE_IDENTITIES;
use bifrost_core::{Error, OrganizationId, Result, Role, RoleId, UserId};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeSet, HashMap};

/// Longest name, in characters.
const MAX_NAME: usize = 200;
/// Longest e-mail address, in bytes, as RFC 5321 has it.
const MAX_EMAIL: usize = 254;

/// Who is behind a user.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum UserKind {
    /// Somebody who signs in.
    #[default]
    Person,
    /// A program; it has keys and cannot sign in.
    Service,
}

impl UserKind {
    /// The name in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Person => "person",
            Self::Service => "service",
        }
    }
}

impl std::str::FromStr for UserKind {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        match text {
            "person" => Ok(Self::Person),
            "service" => Ok(Self::Service),
            other => Err(Error::invalid("kind", format!("`{other}` is neither person nor service"))),
        }
    }
}

/// A person or a service account.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct User {
    /// Its id.
    pub id: UserId,
    /// Where it belongs.
    pub organization_id: OrganizationId,
    /// Who is behind it.
    pub kind: UserKind,
    /// Unique within the organization; lower case. The account's name for a service account.
    pub email: String,
    /// For people.
    pub name: String,
    /// What it is.
    pub role: Role,
    /// What its organization has given it beside, by name.
    pub roles: Vec<RoleName>,
    /// False: its keys and sessions are refused.
    pub is_active: bool,
    /// When it was made.
    pub created_at: DateTime<Utc>,
}

/// A role of an organization, as lists of users show it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct RoleName {
    /// Its id.
    pub id: RoleId,
    /// For people.
    pub name: String,
}

/// What a user starts with.
#[derive(Clone, Debug)]
pub struct NewUser {
    /// Who is behind it.
    pub kind: UserKind,
    /// Its e-mail address; for a service account a name without `@`.
    pub email: String,
    /// For people; the e-mail address if empty.
    pub name: String,
    /// What it is. `PlatformAdmin` only within the provider's organization.
    pub role: Role,
    /// Roles of the organization.
    pub roles: Vec<RoleId>,
}

impl NewUser {
    /// A person with a built-in role.
    pub fn person(email: &str, name: &str, role: Role) -> Self {
        let (email, name) = (email.to_owned(), name.to_owned());
        Self { kind: UserKind::Person, email, name, role, roles: Vec::new() }
    }
}

/// What to change; `None` stays.
#[derive(Clone, Debug, Default)]
#[expect(missing_docs, reason = "the fields are those of User")]
pub struct UserChange {
    pub name: Option<String>,
    pub role: Option<Role>,
    pub roles: Option<Vec<RoleId>>,
    pub is_active: Option<bool>,
}

/// Which users are meant.
#[derive(Clone, Debug, Default)]
pub struct Filters {
    /// Also those that are deactivated.
    pub include_inactive: bool,
    /// Only of this kind.
    pub kind: Option<UserKind>,
    /// Only with this address, whatever its case.
    pub email: Option<String>,
}

const SELECT: &str =
    "SELECT u.id, u.organization_id, u.kind, u.email, u.name, u.role, u.is_active, u.created_at,
   r.id AS role_id, r.name AS role_name
 FROM users u LEFT JOIN user_roles m ON m.user_id = u.id LEFT JOIN roles r ON r.id = m.role_id";

/// Makes a user in the handle's organization. `Conflict already_exists` for an e-mail
/// that the organization has.
pub async fn create(org: &Scoped, new: NewUser) -> Result<User> {
    let id = org.organization()?;
    org.write(move |tx| Box::pin(async move { create_in(tx, id, new).await })).await
}

/// As [`create`], as a part of a larger unit of work.
pub async fn create_in(tx: &mut Tx, organization: OrganizationId, new: NewUser) -> Result<User> {
    let email = checked_email(new.kind, &new.email)?;
    let name = checked_name(if new.name.trim().is_empty() { &email } else { &new.name })?;
    fits(tx, organization, new.role).await?;
    let id = UserId::new();
    let sql = Sql::new(
        "INSERT INTO users (id, organization_id, kind, email, name, role, is_active, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, true, $7)",
    )
    .bind(id)
    .bind(organization)
    .bind(new.kind.as_str())
    .bind(email.as_str())
    .bind(name)
    .bind(new.role.as_str())
    .bind(now());
    tx.execute(sql).await.map_err(taken(format!("the organization has a user {email} already")))?;
    set_roles(tx, organization, id, &new.roles).await?;
    let user = find(tx, organization, id).await?;
    let roles: Vec<_> = user.roles.iter().map(|role| role.name.as_str()).collect();
    let event = Event::new("user.create")
        .within(organization)
        .target("user", id)
        .detail("kind", user.kind)
        .detail("email", &user.email)
        .detail("role", user.role)
        .detail("roles", roles);
    record(tx, event).await?;
    Ok(user)
}

/// Users that the handle reaches, by e-mail.
pub async fn list(scoped: &Scoped, filters: Filters) -> Result<Vec<User>> {
    let mut sql = Sql::new(SELECT);
    sql.push(" WHERE true");
    if let Access::Organization(id) = scoped.access() {
        sql.push(" AND u.organization_id = ").push_bind(id);
    }
    if !filters.include_inactive {
        sql.push(" AND u.is_active");
    }
    if let Some(kind) = filters.kind {
        sql.push(" AND u.kind = ").push_bind(kind.as_str());
    }
    if let Some(email) = filters.email {
        sql.push(" AND u.email = ").push_bind(email.trim().to_lowercase());
    }
    sql.push(" ORDER BY u.email, u.id, r.name");
    collect(&scoped.read().await?.all(sql).await?)
}

/// One user of the handle's organization.
pub async fn get(org: &Scoped, id: UserId) -> Result<User> {
    find(&mut org.read().await?, org.organization()?, id).await
}

/// One user as a part of a larger unit of work.
pub(crate) async fn find(tx: &mut Tx, organization: OrganizationId, id: UserId) -> Result<User> {
    let mut sql = Sql::new(SELECT);
    sql.push(" WHERE u.id = ").push_bind(id);
    sql.push(" AND u.organization_id = ").push_bind(organization).push(" ORDER BY r.name");
    collect(&tx.all(sql).await?)?.pop().ok_or(Error::NotFound("user"))
}

/// Changes a user of the handle's organization.
///
/// `Conflict last_administrator` when the organization would be left without one; a platform
/// administrator may do that to a tenant, and nobody to the provider.
pub async fn update(org: &Scoped, id: UserId, change: UserChange, by: Role) -> Result<User> {
    let organization = org.organization()?;
    org.write(move |tx| Box::pin(async move { update_in(tx, organization, id, change, by).await })).await
}

async fn update_in(
    tx: &mut Tx,
    organization: OrganizationId,
    id: UserId,
    change: UserChange,
    by: Role,
) -> Result<User> {
    // One at a time: two administrators must not take away each other's role.
    let provider = lock(tx, organization).await?;
    let old = find(tx, organization, id).await?;
    if let Some(role) = change.role {
        fits(tx, organization, role).await?;
    }
    let name = checked_name(change.name.as_deref().unwrap_or(&old.name))?;
    let sql = Sql::new("UPDATE users SET name = $2, role = $3, is_active = $4 WHERE id = $1")
        .bind(id)
        .bind(name)
        .bind(change.role.unwrap_or(old.role).as_str())
        .bind(change.is_active.unwrap_or(old.is_active));
    tx.execute(sql).await?;
    if let Some(roles) = &change.roles {
        set_roles(tx, organization, id, roles).await?;
    }
    let new = find(tx, organization, id).await?;
    let top = if provider { Role::PlatformAdmin } else { Role::OrgAdmin };
    let counted = |user: &User| user.is_active && user.role >= top && user.kind == UserKind::Person;
    if counted(&old) && !counted(&new) && (provider || by != Role::PlatformAdmin) {
        keep_one(tx, organization, top).await?;
    }
    let names = |user: &User| user.roles.iter().map(|role| role.name.clone()).collect::<Vec<_>>();
    let event = Event::new("user.update")
        .target("user", id)
        .change("name", &old.name, &new.name)
        .change("role", &old.role, &new.role)
        .change("roles", &names(&old), &names(&new))
        .change("is_active", &old.is_active, &new.is_active);
    record(tx, event).await?;
    Ok(new)
}

/// True for the provider's organization. Its administrators' rows are locked until the end of
/// the transaction.
async fn lock(tx: &mut Tx, organization: OrganizationId) -> Result<bool> {
    let sql = Sql::new(format!(
        "SELECT id FROM users WHERE organization_id = $1 AND role IN ('org_admin', 'platform_admin') ORDER BY id{}",
        tx.engine().for_update()
    ));
    tx.all(sql.bind(organization)).await?;
    is_provider(tx, organization).await
}

async fn is_provider(tx: &mut Tx, organization: OrganizationId) -> Result<bool> {
    let sql = Sql::new("SELECT is_provider FROM organizations WHERE id = $1").bind(organization);
    tx.optional(sql).await?.ok_or(Error::NotFound("organization"))?.get("is_provider")
}

async fn keep_one(tx: &mut Tx, organization: OrganizationId, top: Role) -> Result<()> {
    let sql = Sql::new(
        "SELECT id FROM users WHERE organization_id = $1 AND role = $2 AND is_active AND kind = 'person' LIMIT 1",
    );
    match tx.optional(sql.bind(organization).bind(top.as_str())).await? {
        Some(_) => Ok(()),
        None => Err(Error::Conflict {
            code: "last_administrator",
            message: "this is the last administrator; make another one first".into(),
        }),
    }
}

/// `Denied` for a platform administrator outside the provider's organization.
pub(crate) async fn fits(tx: &mut Tx, organization: OrganizationId, role: Role) -> Result<()> {
    if role != Role::PlatformAdmin || is_provider(tx, organization).await? {
        return Ok(());
    }
    Err(Error::Denied("only the provider's organization has platform administrators".into()))
}

/// Gives a user exactly these roles of its organization.
async fn set_roles(tx: &mut Tx, organization: OrganizationId, user: UserId, roles: &[RoleId]) -> Result<()> {
    tx.execute(Sql::new("DELETE FROM user_roles WHERE user_id = $1").bind(user)).await?;
    for role in roles.iter().collect::<BTreeSet<_>>() {
        let sql = Sql::new(
            "INSERT INTO user_roles (user_id, role_id, organization_id)
             SELECT $1, r.id, r.organization_id FROM roles r WHERE r.id = $2 AND r.organization_id = $3",
        );
        if tx.execute(sql.bind(user).bind(*role).bind(organization)).await? == 0 {
            return Err(Error::invalid("roles", format!("the organization has no role {role}")));
        }
    }
    Ok(())
}

pub(crate) fn checked_email(kind: UserKind, text: &str) -> Result<String> {
    let email = text.trim().to_lowercase();
    let is_address = email
        .split_once('@')
        .is_some_and(|(name, domain)| !name.is_empty() && !domain.is_empty() && !domain.contains('@'));
    let is_plain =
        (1..=MAX_EMAIL).contains(&email.len()) && !email.chars().any(|c| c.is_whitespace() || c.is_control());
    match kind {
        UserKind::Person if is_plain && is_address => Ok(email),
        UserKind::Person => Err(Error::invalid("email", "expected name@domain")),
        UserKind::Service if SERVICE_IDENTITIES.contains(&email.as_str()) => {
            Err(Error::invalid("email", format!("`{email}` is what runs are called that nobody asked for")))
        }
        UserKind::Service if is_plain && !email.contains('@') => Ok(email),
        UserKind::Service => {
            Err(Error::invalid("email", "a service account has a name without `@` and blanks"))
        }
    }
}

fn checked_name(text: &str) -> Result<String> {
    let name = text.trim();
    if name.is_empty() || name.chars().count() > MAX_NAME || name.chars().any(char::is_control) {
        let message = format!("expected 1 to {MAX_NAME} characters without control characters");
        return Err(Error::invalid("name", message));
    }
    Ok(name.to_owned())
}

/// Users from rows with one role each, in the order of their first row.
fn collect(rows: &[Row]) -> Result<Vec<User>> {
    let mut users: Vec<User> = Vec::new();
    let mut places: HashMap<UserId, usize> = HashMap::new();
    for row in rows {
        let id = row.get("id")?;
        let place = match places.get(&id) {
            Some(place) => *place,
            None => {
                users.push(read(row)?);
                places.insert(id, users.len() - 1);
                users.len() - 1
            }
        };
        if let Some(role) = row.opt("role_id")? {
            users[place].roles.push(RoleName { id: role, name: row.get("role_name")? });
        }
    }
    Ok(users)
}

fn read(row: &Row) -> Result<User> {
    Ok(User {
        id: row.get("id")?,
        organization_id: row.get("organization_id")?,
        kind: row.parse("kind")?,
        email: row.get("email")?,
        name: row.get("name")?,
        role: row.parse("role")?,
        roles: Vec::new(),
        is_active: row.get("is_active")?,
        created_at: row.get("created_at")?,
    })
}
