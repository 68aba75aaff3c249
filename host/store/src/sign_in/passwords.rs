//! Passwords, as hashes of a slow function, and who may be meant by an e-mail.

use super::sessions::{self, Ended};
use super::{flows, passkeys, totp};
use crate::audit::{Event, record};
use crate::users::{self, UserKind};
use crate::{Db, Scoped, Sql, Tx, Value, invitations, now};
use bifrost_core::{Error, OrganizationId, Result, SessionId, UserId};
use chrono::TimeDelta;
use serde::{Deserialize, Serialize};

/// How long a link for a new password is good.
pub const LINK_LIFETIME: TimeDelta = TimeDelta::hours(24);

/// Accounts of one e-mail that a sign-in tries at most; each costs a slow hash.
const MAX_CANDIDATES: i64 = 4;

/// An account that an e-mail may mean.
#[derive(Clone, Debug)]
pub struct Candidate {
    /// The user.
    pub user: UserId,
    /// The user's organization.
    pub organization: OrganizationId,
    /// Its name.
    pub organization_name: String,
    /// In PHC format.
    pub hash: String,
    /// Neither the account nor its organization is suspended.
    pub is_active: bool,
}

/// People with this e-mail and a password, active ones first; of the organization with this name or
/// domain, where one is given.
pub async fn candidates(db: &Db, email: &str, organization: Option<&str>) -> Result<Vec<Candidate>> {
    let mut sql = Sql::new(
        "SELECT u.id, u.organization_id, o.name, p.hash, u.is_active AND o.is_active AS is_active
         FROM users u JOIN organizations o ON o.id = u.organization_id JOIN passwords p ON p.user_id = u.id
         WHERE u.email = $1 AND u.kind = 'person'",
    )
    .bind(email.trim().to_lowercase());
    if let Some(named) = organization {
        sql.push(" AND (o.name = ").push_bind(named.trim());
        sql.push(" OR o.domain = ").push_bind(named.trim().to_lowercase()).push(")");
    }
    sql.push(" ORDER BY is_active DESC, u.id LIMIT ").push_bind(MAX_CANDIDATES);
    let rows = db.system().read().await?.all(sql).await?;
    let read = |row: &crate::Row| {
        Ok(Candidate {
            user: row.get("id")?,
            organization: row.get("organization_id")?,
            organization_name: row.get("name")?,
            hash: row.get("hash")?,
            is_active: row.get("is_active")?,
        })
    };
    rows.iter().map(read).collect()
}

/// A user's password, as a hash in PHC format.
pub async fn get(org: &Scoped, user: UserId) -> Result<Option<String>> {
    let sql = Sql::new("SELECT hash FROM passwords WHERE user_id = $1 AND organization_id = $2");
    let row = org.read().await?.optional(sql.bind(user).bind(org.organization()?)).await?;
    row.map(|row| row.get("hash")).transpose()
}

/// Sets a user's password.
pub(crate) async fn set_in(
    tx: &mut Tx,
    user: UserId,
    organization: OrganizationId,
    hash: String,
) -> Result<()> {
    let sql = Sql::new(
        "INSERT INTO passwords (user_id, organization_id, hash, changed_at) VALUES ($1, $2, $3, $4)
         ON CONFLICT (user_id) DO UPDATE SET hash = excluded.hash, changed_at = excluded.changed_at",
    );
    tx.execute(sql.bind(user).bind(organization).bind(hash).bind(now())).await.map(drop)
}

/// Sets a user's own password: all other sessions end, and links for a new one are void.
pub async fn set(org: &Scoped, user: UserId, hash: String, keep: Option<SessionId>) -> Result<Ended> {
    let organization = org.organization()?;
    org.db()
        .system()
        .write(move |tx| Box::pin(async move { replace_in(tx, user, organization, hash, keep).await }))
        .await
}

async fn replace_in(
    tx: &mut Tx,
    user: UserId,
    organization: OrganizationId,
    hash: String,
    keep: Option<SessionId>,
) -> Result<Ended> {
    set_in(tx, user, organization, hash).await?;
    let ended = sessions::end_all_in(tx, user, keep).await?;
    flows::cancel_in(tx, flows::Kind::PasswordLink, Some(user)).await?;
    flows::cancel_in(tx, flows::Kind::SecondFactor, Some(user)).await?;
    record(tx, Event::new("password.set").within(organization).target("user", user)).await?;
    Ok(ended)
}

/// What an administrator's link does.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Link {
    /// The user's organization.
    pub organization: OrganizationId,
    /// Takes the second factor and the passkeys away too.
    pub reset_second_factor: bool,
}

/// Makes a link for a new password of a person of the handle's organization; earlier ones
/// are void.
pub async fn make_link(org: &Scoped, user: UserId, reset_second_factor: bool) -> Result<String> {
    let organization = org.organization()?;
    org.db()
        .system()
        .write(move |tx| {
            Box::pin(async move {
                let found = users::find(tx, organization, user).await?;
                if found.kind != UserKind::Person || !found.is_active {
                    return Err(Error::Conflict {
                        code: "cannot_sign_in",
                        message: "only an active person can sign in; a service account has keys".into(),
                    });
                }
                flows::cancel_in(tx, flows::Kind::PasswordLink, Some(user)).await?;
                let link = Value::json(&Link { organization, reset_second_factor })?;
                let token =
                    flows::begin_in(tx, flows::Kind::PasswordLink, Some(user), link, LINK_LIFETIME).await?;
                let event = Event::new("password.link")
                    .within(organization)
                    .target("user", user)
                    .detail("reset_second_factor", reset_second_factor);
                record(tx, event).await?;
                Ok(token)
            })
        })
        .await
}

/// Sets the password of whoever a link was made for, and ends all of their sessions.
pub async fn use_link(db: &Db, token: &str, hash: String) -> Result<(UserId, OrganizationId, Ended)> {
    let token = super::hash(token);
    db.system()
        .write(move |tx| {
            Box::pin(async move {
                let flow = flows::take_in::<Link>(tx, flows::Kind::PasswordLink, token).await?;
                let Some(flows::Flow { user: Some(user), state: link }) = flow else {
                    return Err(flows::expired());
                };
                if !users::find(tx, link.organization, user).await?.is_active {
                    return Err(flows::expired());
                }
                let ended = replace_in(tx, user, link.organization, hash, None).await?;
                if link.reset_second_factor {
                    let removed = [
                        ("second_factor.remove", totp::remove_in(tx, user).await?),
                        ("passkey.remove_all", passkeys::remove_all_in(tx, user).await?),
                    ];
                    for (action, _) in removed.into_iter().filter(|(_, had)| *had) {
                        let event = Event::new(action).within(link.organization);
                        record(tx, event.target("user", user)).await?;
                    }
                }
                Ok((user, link.organization, ended))
            })
        })
        .await
}

/// Makes a user of an invitation, with a password.
pub async fn accept_invitation(
    db: &Db,
    token: String,
    name: String,
    hash: String,
) -> Result<(UserId, OrganizationId)> {
    db.system()
        .write(move |tx| {
            Box::pin(async move {
                let user = invitations::accept_in(tx, &token, &name).await?;
                set_in(tx, user.id, user.organization_id, hash).await?;
                let event = Event::new("password.set").within(user.organization_id);
                record(tx, event.target("user", user.id)).await?;
                Ok((user.id, user.organization_id))
            })
        })
        .await
}
