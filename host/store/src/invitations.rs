//! Invitations: a token that makes its bearer a user, once, within its time. Only its hash is
//! kept.

use crate::audit::{Event, record};
use crate::identity::{hash, random_token};
use crate::users::{self, NewUser, User, UserKind};
use crate::{Db, Row, Scoped, Sql, Tx, Value, now};
use bifrost_core::{Error, InvitationId, OrganizationId, Result, Role, RoleId, UserId};
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

/// What every token begins with, so that scanners find leaked ones.
pub const TOKEN_PREFIX: &str = "bfi_";
/// How long an invitation is good, unless its author says otherwise.
pub const DEFAULT_LIFE: TimeDelta = TimeDelta::days(7);
/// Longest that an invitation can be good.
pub const MAX_LIFE: TimeDelta = TimeDelta::days(30);
/// Most that are open at the same time in one organization.
const MAX_OPEN: i64 = 1_000;

/// An invitation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Invitation {
    /// Its id.
    pub id: InvitationId,
    /// Where its bearer will belong.
    pub organization_id: OrganizationId,
    /// Whom it is for; lower case.
    pub email: String,
    /// Their name, if it is known.
    pub name: String,
    /// What they will be.
    pub role: Role,
    /// What they will have beside.
    pub roles: Vec<RoleId>,
    /// Who invited them.
    pub invited_by: Option<UserId>,
    /// When.
    pub created_at: DateTime<Utc>,
    /// From when on it is refused.
    pub expires_at: DateTime<Utc>,
    /// When it was taken back.
    pub revoked_at: Option<DateTime<Utc>>,
    /// When it was accepted.
    pub accepted_at: Option<DateTime<Utc>>,
    /// Who has become a user by it.
    pub accepted_by: Option<UserId>,
}

/// An invitation to write.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the fields are those of Invitation")]
pub struct NewInvitation {
    pub email: String,
    pub name: String,
    pub role: Role,
    pub roles: Vec<RoleId>,
    pub expires_at: DateTime<Utc>,
}

const COLUMNS: &str =
    "id, organization_id, email, name, role, roles, invited_by, created_at, expires_at, revoked_at,
   accepted_at, accepted_by";

/// Invites somebody into the handle's organization; the token is returned this once. An
/// invitation of the same address that is still open is replaced.
///
/// `Conflict already_exists` when they are a user already.
pub async fn create(org: &Scoped, new: NewInvitation) -> Result<(Invitation, String)> {
    let organization = org.organization()?;
    org.write(move |tx| Box::pin(async move { create_in(tx, organization, new).await })).await
}

async fn create_in(
    tx: &mut Tx,
    organization: OrganizationId,
    new: NewInvitation,
) -> Result<(Invitation, String)> {
    let email = users::checked_email(UserKind::Person, &new.email)?;
    let time = now();
    if new.expires_at <= time || new.expires_at > time + MAX_LIFE {
        let message = format!("expected a time within the next {} days", MAX_LIFE.num_days());
        return Err(Error::invalid("expires_at", message));
    }
    users::fits(tx, organization, new.role).await?;
    let sql = Sql::new("SELECT id FROM users WHERE organization_id = $1 AND email = $2");
    if tx.optional(sql.bind(organization).bind(email.as_str())).await?.is_some() {
        let message = format!("the organization has a user {email} already");
        return Err(Error::Conflict { code: "already_exists", message });
    }
    let sql = Sql::new(
        "UPDATE invitations SET revoked_at = $3
         WHERE organization_id = $1 AND email = $2 AND revoked_at IS NULL AND accepted_at IS NULL",
    );
    tx.execute(sql.bind(organization).bind(email.as_str()).bind(time)).await?;
    let sql = Sql::new(
        "SELECT COUNT(*) AS n FROM invitations
         WHERE organization_id = $1 AND revoked_at IS NULL AND accepted_at IS NULL AND expires_at > $2",
    );
    if tx.one(sql.bind(organization).bind(time)).await?.get::<i64>("n")? >= MAX_OPEN {
        let message = format!("{MAX_OPEN} invitations are open already");
        return Err(Error::Conflict { code: "too_many_invitations", message });
    }
    let token = random_token(TOKEN_PREFIX)?;
    let id = InvitationId::new();
    let sql = Sql::new(format!(
        "INSERT INTO invitations (id, organization_id, email, name, role, roles, token_hash, invited_by, created_at, expires_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) RETURNING {COLUMNS}"
    ))
    .bind(id)
    .bind(organization)
    .bind(email)
    .bind(new.name.trim())
    .bind(new.role.as_str())
    .bind(Value::json(&new.roles)?)
    .bind(hash(&token))
    .bind(tx.actor().and_then(|actor| actor.id))
    .bind(time)
    .bind(new.expires_at);
    let invitation = read(&tx.one(sql).await?)?;
    record(tx, about("invitation.create", &invitation).detail("expires_at", invitation.expires_at)).await?;
    Ok((invitation, token))
}

fn about(action: &'static str, invitation: &Invitation) -> Event {
    Event::new(action)
        .within(invitation.organization_id)
        .target("invitation", invitation.id)
        .detail("email", &invitation.email)
        .detail("role", invitation.role)
        .detail("roles", &invitation.roles)
}

/// Invitations of the handle's organization, newest first; only open ones unless `all`.
pub async fn list(org: &Scoped, all: bool) -> Result<Vec<Invitation>> {
    let mut sql = Sql::new(format!("SELECT {COLUMNS} FROM invitations WHERE organization_id = "));
    sql.push_bind(org.organization()?);
    if !all {
        sql.push(" AND revoked_at IS NULL AND accepted_at IS NULL AND expires_at > ").push_bind(now());
    }
    sql.push(" ORDER BY id DESC");
    org.read().await?.all(sql).await?.iter().map(read).collect()
}

/// Takes an open invitation of the handle's organization back.
pub async fn revoke(org: &Scoped, id: InvitationId) -> Result<()> {
    let sql = Sql::new(format!(
        "UPDATE invitations SET revoked_at = $3 WHERE id = $1 AND organization_id = $2
           AND revoked_at IS NULL AND accepted_at IS NULL RETURNING {COLUMNS}"
    ));
    let sql = sql.bind(id).bind(org.organization()?).bind(now());
    org.write(move |tx| {
        Box::pin(async move {
            let invitation = read(&tx.optional(sql).await?.ok_or(Error::NotFound("invitation"))?)?;
            record(tx, about("invitation.revoke", &invitation)).await
        })
    })
    .await
}

/// The invitation behind a token; `None` for one that is unknown, expired, taken back or
/// accepted, or whose organization is not active.
pub async fn find(db: &Db, token: &str) -> Result<Option<Invitation>> {
    find_in(&mut db.system().read().await?, token, "").await
}

async fn find_in(tx: &mut Tx, token: &str, lock: &str) -> Result<Option<Invitation>> {
    if !token.starts_with(TOKEN_PREFIX) {
        return Ok(None);
    }
    let sql = Sql::new(format!(
        "SELECT {COLUMNS} FROM invitations WHERE token_hash = $1 AND revoked_at IS NULL AND accepted_at IS NULL
           AND expires_at > $2 AND organization_id IN (SELECT o.id FROM organizations o WHERE o.is_active){lock}"
    ));
    tx.optional(sql.bind(hash(token)).bind(now())).await?.as_ref().map(read).transpose()
}

/// Makes the bearer of a token a user, as a part of a larger unit of work that also writes
/// down how they sign in. For the system's handle. `NotFound` as [`find`]; two that accept at
/// once do not both succeed.
pub async fn accept_in(tx: &mut Tx, token: &str, name: &str) -> Result<User> {
    let lock = tx.engine().for_update();
    let invitation = find_in(tx, token, lock).await?.ok_or(Error::NotFound("invitation"))?;
    let name = if name.trim().is_empty() { invitation.name.clone() } else { name.to_owned() };
    // A role that was deleted meanwhile gives nothing any more.
    let known = Sql::new("SELECT id FROM roles WHERE organization_id = $1").bind(invitation.organization_id);
    let known = tx.all(known).await?.iter().map(|row| row.get("id")).collect::<Result<Vec<RoleId>>>()?;
    let roles = invitation.roles.iter().copied().filter(|role| known.contains(role)).collect();
    let new = NewUser {
        kind: UserKind::Person,
        email: invitation.email.clone(),
        name,
        role: invitation.role,
        roles,
    };
    let user = users::create_in(tx, invitation.organization_id, new).await?;
    let sql = Sql::new("UPDATE invitations SET accepted_at = $2, accepted_by = $3 WHERE id = $1");
    tx.execute(sql.bind(invitation.id).bind(now()).bind(user.id)).await?;
    record(tx, about("invitation.accept", &invitation).detail("user", user.id)).await?;
    Ok(user)
}

fn read(row: &Row) -> Result<Invitation> {
    Ok(Invitation {
        id: row.get("id")?,
        organization_id: row.get("organization_id")?,
        email: row.get("email")?,
        name: row.get("name")?,
        role: row.parse("role")?,
        roles: row.document("roles")?,
        invited_by: row.opt("invited_by")?,
        created_at: row.get("created_at")?,
        expires_at: row.get("expires_at")?,
        revoked_at: row.opt("revoked_at")?,
        accepted_at: row.opt("accepted_at")?,
        accepted_by: row.opt("accepted_by")?,
    })
}
