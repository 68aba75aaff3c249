//! The second factor by a code: a secret that is kept encrypted, the time step of the last
//! code, and recovery codes that are good once.

use super::sessions::{self, Ended};
use crate::audit::{Event, record};
use crate::keyring::Keyring;
use crate::secrets::{self, DataKey, TOTP, WRAPS};
use crate::{Scoped, Sql, Tx, now};
use bifrost_core::{Error, Result, SessionId, UserId};
use chrono::{DateTime, Utc};
use zeroize::Zeroizing;

/// A person's second factor.
pub struct Totp {
    /// The shared secret.
    pub secret: Zeroizing<Vec<u8>>,
    /// Whether it is asked for.
    pub is_confirmed: bool,
}

/// The name that binds a ciphertext to its user.
fn sealed_name(user: UserId) -> String {
    user.to_string()
}

/// Keeps a new secret that is not asked for yet. `Conflict` when the user has one that is.
pub async fn begin(org: &Scoped, keys: &Keyring, user: UserId, secret: Zeroizing<Vec<u8>>) -> Result<()> {
    let (organization, keys) = (org.organization()?, keys.clone());
    org.write(move |tx| {
        Box::pin(async move {
            let data = secrets::latest(tx, &keys).await?;
            let sql = Sql::new(
                "INSERT INTO totp (user_id, organization_id, ciphertext, key_version, sealed_as) VALUES ($1, $2, $3, $4, $5)
                 ON CONFLICT (user_id) DO UPDATE SET ciphertext = excluded.ciphertext,
                   key_version = excluded.key_version, last_step = 0 WHERE totp.confirmed_at IS NULL",
            )
            .bind(user)
            .bind(organization)
            .bind(data.encrypt(&TOTP, &sealed_name(user), &secret)?)
            .bind(data.version)
            .bind(sealed_name(user));
            match tx.execute(sql).await? {
                0 => Err(Error::Conflict {
                    code: "already_exists",
                    message: "there is a second factor already; take it away first".into(),
                }),
                _ => Ok(()),
            }
        })
    })
    .await
}

/// A user's second factor, confirmed or not.
pub async fn get(org: &Scoped, keys: &Keyring, user: UserId) -> Result<Option<Totp>> {
    let sql = Sql::new(format!(
        "SELECT t.ciphertext, t.key_version, t.confirmed_at, t.scope_id, {WRAPS} FROM totp t
         JOIN data_keys d ON d.scope_id = t.scope_id AND d.version = t.key_version
         WHERE t.user_id = $1 AND t.organization_id = $2"
    ));
    let sql = sql.bind(user).bind(org.organization()?);
    let Some(row) = org.read().await?.optional(sql).await? else { return Ok(None) };
    let data = DataKey::read(keys, row.get("scope_id")?, row.get("key_version")?, &secrets::wraps(&row)?)?;
    let secret = data.decrypt(&TOTP, &sealed_name(user), &row.get::<Vec<u8>>("ciphertext")?)?;
    Ok(Some(Totp { secret, is_confirmed: row.opt::<DateTime<Utc>>("confirmed_at")?.is_some() }))
}

/// Uses up a time step; false when it, or a later one, was used before.
pub async fn use_step(org: &Scoped, user: UserId, step: i64) -> Result<bool> {
    let sql = Sql::new("UPDATE totp SET last_step = $2 WHERE user_id = $1 AND last_step < $2");
    let sql = sql.bind(user).bind(step);
    Ok(org.write(move |tx| Box::pin(async move { tx.execute(sql).await })).await? == 1)
}

/// From now on the code is asked for. Replaces the recovery codes, and ends all sessions but
/// the one that this came with, which counts as begun with it.
pub async fn confirm(
    org: &Scoped,
    user: UserId,
    codes: Vec<Vec<u8>>,
    keep: Option<SessionId>,
) -> Result<Ended> {
    let organization = org.organization()?;
    org.write(move |tx| {
        Box::pin(async move {
            let sql =
                Sql::new("UPDATE totp SET confirmed_at = $2 WHERE user_id = $1 AND confirmed_at IS NULL");
            if tx.execute(sql.bind(user).bind(now())).await? == 0 {
                return Err(Error::NotFound("second factor to confirm"));
            }
            replace_codes_in(tx, organization, user, codes).await?;
            let ended = sessions::end_all_in(tx, user, keep).await?;
            if let Some(session) = keep {
                sessions::strengthen_in(tx, session).await?;
            }
            record(tx, Event::new("second_factor.add").target("user", user)).await?;
            Ok(ended)
        })
    })
    .await
}

/// Replaces a user's recovery codes by others, given as hashes.
pub async fn replace_codes(org: &Scoped, user: UserId, codes: Vec<Vec<u8>>) -> Result<()> {
    let organization = org.organization()?;
    org.write(move |tx| {
        Box::pin(async move {
            replace_codes_in(tx, organization, user, codes).await?;
            record(tx, Event::new("recovery_codes.replace").target("user", user)).await
        })
    })
    .await
}

async fn replace_codes_in(
    tx: &mut Tx,
    organization: bifrost_core::OrganizationId,
    user: UserId,
    codes: Vec<Vec<u8>>,
) -> Result<()> {
    tx.execute(Sql::new("DELETE FROM recovery_codes WHERE user_id = $1").bind(user)).await?;
    for code in codes {
        let sql = Sql::new("INSERT INTO recovery_codes (user_id, organization_id, hash) VALUES ($1, $2, $3)");
        tx.execute(sql.bind(user).bind(organization).bind(code)).await?;
    }
    Ok(())
}

/// Uses a recovery code up; false when there is none such.
pub async fn use_code(org: &Scoped, user: UserId, code: Vec<u8>) -> Result<bool> {
    org.write(move |tx| {
        Box::pin(async move {
            let sql = Sql::new("DELETE FROM recovery_codes WHERE user_id = $1 AND hash = $2");
            let used = tx.execute(sql.bind(user).bind(code)).await? == 1;
            if used {
                record(tx, Event::new("recovery_codes.use").target("user", user)).await?;
            }
            Ok(used)
        })
    })
    .await
}

/// How many recovery codes a user has left.
pub async fn codes_left(org: &Scoped, user: UserId) -> Result<i64> {
    let sql = Sql::new("SELECT COUNT(*) AS n FROM recovery_codes WHERE user_id = $1").bind(user);
    org.read().await?.one(sql).await?.get("n")
}

/// Takes a user's second factor and recovery codes away; `NotFound` when there was none.
pub async fn remove(org: &Scoped, user: UserId) -> Result<()> {
    org.write(move |tx| {
        Box::pin(async move {
            if !remove_in(tx, user).await? {
                return Err(Error::NotFound("second factor"));
            }
            record(tx, Event::new("second_factor.remove").target("user", user)).await
        })
    })
    .await
}

pub(crate) async fn remove_in(tx: &mut Tx, user: UserId) -> Result<bool> {
    tx.execute(Sql::new("DELETE FROM recovery_codes WHERE user_id = $1").bind(user)).await?;
    Ok(tx.execute(Sql::new("DELETE FROM totp WHERE user_id = $1").bind(user)).await? == 1)
}
