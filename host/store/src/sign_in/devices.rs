//! Sign-in of a command line by a code that a person confirms in a browser, as RFC 8628
//! describes it.

use super::sessions::{self, NewSession};
use crate::audit::{Event, record};
use crate::identity::{hash, random_token};
use crate::{Db, Row, Sql, Tx, now};
use bifrost_core::{Error, OrganizationId, Result, UserId};
use chrono::{DateTime, TimeDelta, Utc};

/// What every device code begins with.
pub const DEVICE_PREFIX: &str = "bfd_";
/// How long a person has.
pub const LIFETIME: TimeDelta = TimeDelta::minutes(10);
/// Between two questions of the command line, in seconds.
pub const INTERVAL_S: i64 = 5;
/// Added to it for whoever asks too often, in seconds.
const SLOW_DOWN_S: i64 = 5;
/// Letters of a user code: no vowels, so that no words come about (RFC 8628, 6.1).
const LETTERS: &[u8; 20] = b"BCDFGHJKLMNPQRSTVWXZ";
/// Their number; 20^8 are 34 bits.
const CODE_LETTERS: usize = 8;

/// A sign-in that waits for a person.
#[derive(Clone, Debug)]
pub struct Waiting {
    /// What the command line says of itself.
    pub client: String,
    /// From where it asked.
    pub address: Option<String>,
    /// When.
    pub created_at: DateTime<Utc>,
}

/// What the command line hears.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Poll {
    /// Nobody has decided yet.
    Pending,
    /// Nobody has, and it asks too often.
    SlowDown,
    /// A person has refused.
    Denied,
    /// Unknown, used, or too old.
    Expired,
    /// A person has agreed.
    Approved {
        /// What the command line holds from now on.
        token: String,
        /// Until when.
        expires_at: DateTime<Utc>,
    },
}

/// Begins one; returns what the command line keeps and what the person types.
pub async fn begin(db: &Db, client: String, address: Option<String>) -> Result<(String, String)> {
    let (device, user) = (random_token(DEVICE_PREFIX)?, user_code()?);
    let time = now();
    let sql = Sql::new(
        "INSERT INTO device_codes (hash, user_code, client, address, state, interval_s, created_at, expires_at)
         VALUES ($1, $2, $3, $4, 'pending', $5, $6, $7)",
    )
    .bind(hash(&device))
    .bind(user.as_str())
    .bind(client)
    .bind(address)
    .bind(INTERVAL_S)
    .bind(time)
    .bind(time + LIFETIME);
    db.system()
        .write(move |tx| {
            Box::pin(async move {
                tx.execute(Sql::new("DELETE FROM device_codes WHERE expires_at <= $1").bind(time)).await?;
                tx.execute(sql).await
            })
        })
        .await?;
    Ok((device, user))
}

fn user_code() -> Result<String> {
    let mut code = String::with_capacity(CODE_LETTERS + 1);
    while code.len() < CODE_LETTERS {
        let [byte] = *crate::secrets::random::<1>()?;
        // 240 is a multiple of 20: each letter is as likely.
        if byte < 240 {
            code.push(char::from(LETTERS[usize::from(byte) % LETTERS.len()]));
        }
    }
    Ok(code)
}

/// A code as people type it: any case, dashes and blanks as they like.
pub fn normalized(code: &str) -> String {
    code.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_uppercase()).collect()
}

/// A code as it is shown.
pub fn shown(code: &str) -> String {
    match code.split_at_checked(CODE_LETTERS / 2) {
        Some((first, second)) => format!("{first}-{second}"),
        None => code.to_owned(),
    }
}

/// The sign-in that waits under a user code.
pub async fn waiting(db: &Db, user_code: &str) -> Result<Option<Waiting>> {
    let sql = Sql::new(
        "SELECT client, address, created_at FROM device_codes
         WHERE user_code = $1 AND state = 'pending' AND expires_at > $2",
    );
    let row = db.system().read().await?.optional(sql.bind(normalized(user_code)).bind(now())).await?;
    row.as_ref().map(read).transpose()
}

fn read(row: &Row) -> Result<Waiting> {
    Ok(Waiting {
        client: row.get("client")?,
        address: row.opt("address")?,
        created_at: row.get("created_at")?,
    })
}

/// A person decides, in a session that is strong or not, as the command line's will be; `NotFound`
/// when nothing waits under the code.
pub async fn decide(
    db: &Db,
    user_code: &str,
    user: UserId,
    organization: OrganizationId,
    is_strong: bool,
    approve: bool,
) -> Result<()> {
    let sql = Sql::new(
        "UPDATE device_codes SET state = $2, user_id = $3, is_strong = $5
         WHERE user_code = $1 AND state = 'pending' AND expires_at > $4 RETURNING client, address, created_at",
    )
    .bind(normalized(user_code))
    .bind(if approve { "approved" } else { "denied" })
    .bind(user)
    .bind(now())
    .bind(is_strong);
    db.system()
        .write(move |tx| {
            Box::pin(async move {
                let waiting = read(&tx.optional(sql).await?.ok_or(Error::NotFound("code"))?)?;
                let action = if approve { "device.approve" } else { "device.deny" };
                let event = Event::new(action).within(organization).target("user", user);
                record(tx, event.detail("client", waiting.client)).await
            })
        })
        .await
}

/// The command line asks. What was decided is told once: an approval is a session.
pub async fn poll(db: &Db, device_code: &str, address: Option<String>) -> Result<Poll> {
    let device_code = hash(device_code);
    db.system().write(move |tx| Box::pin(async move { poll_in(tx, device_code, address).await })).await
}

async fn poll_in(tx: &mut Tx, device_code: Vec<u8>, address: Option<String>) -> Result<Poll> {
    let lock = tx.engine().for_update();
    let sql = Sql::new(format!(
        "SELECT state, client, user_id, interval_s, polled_at, is_strong FROM device_codes
         WHERE hash = $1 AND expires_at > $2{lock}"
    ));
    let time = now();
    let Some(row) = tx.optional(sql.bind(device_code.clone()).bind(time)).await? else {
        return Ok(Poll::Expired);
    };
    let state: String = row.get("state")?;
    if state == "pending" {
        let interval: i64 = row.get("interval_s")?;
        let early = row
            .opt::<DateTime<Utc>>("polled_at")?
            .is_some_and(|polled| time - polled < TimeDelta::seconds(interval));
        let interval = if early { interval + SLOW_DOWN_S } else { interval };
        let sql = Sql::new("UPDATE device_codes SET polled_at = $2, interval_s = $3 WHERE hash = $1");
        tx.execute(sql.bind(device_code).bind(time).bind(interval)).await?;
        return Ok(if early { Poll::SlowDown } else { Poll::Pending });
    }
    tx.execute(Sql::new("DELETE FROM device_codes WHERE hash = $1").bind(device_code)).await?;
    let Some(user) = row.opt::<UserId>("user_id")?.filter(|_| state == "approved") else {
        return Ok(Poll::Denied);
    };
    // Whoever has agreed may have been deactivated since.
    let sql = Sql::new(
        "SELECT u.organization_id FROM users u JOIN organizations o ON o.id = u.organization_id
         WHERE u.id = $1 AND u.is_active AND o.is_active",
    );
    let Some(found) = tx.optional(sql.bind(user)).await? else { return Ok(Poll::Denied) };
    let new = NewSession {
        user,
        organization: found.get("organization_id")?,
        kind: sessions::Kind::CommandLine,
        method: "device",
        is_strong: row.get("is_strong")?,
        address,
        agent: Some(row.get("client")?),
    };
    let (session, token) = sessions::begin_in(tx, new, None).await?;
    Ok(Poll::Approved { token, expires_at: session.expires_at })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_typed_as_people_like() {
        let code = user_code().expect("random");
        assert_eq!(code.len(), CODE_LETTERS);
        assert!(code.bytes().all(|letter| LETTERS.contains(&letter)));
        assert_eq!(normalized(&shown(&code)), code);
        assert_eq!(normalized(&format!(" {} ", shown(&code).to_lowercase())), code);
        assert_ne!(code, user_code().expect("random"));
    }
}
