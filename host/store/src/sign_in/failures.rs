//! Wrong attempts to sign in, by account and by address. An attempt on an account is counted
//! before it is checked, so that many at once are no way around the limit.

use crate::{Db, Sql, now};
use bifrost_core::Result;
use chrono::{DateTime, TimeDelta, Utc};
use sha2::{Digest, Sha256};

/// What is guessed at, or who guesses; kept as a hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject<'a> {
    /// An e-mail, whether there is such an account or not.
    Account(&'a str),
    /// The second factor of a user.
    SecondFactor(bifrost_core::UserId),
    /// A client's address.
    Address(std::net::IpAddr),
}

/// When attempts have to wait, and how long.
#[derive(Clone, Copy, Debug)]
pub struct Policy {
    /// Wrong attempts before the first wait.
    pub free: i64,
    /// The first wait; each further wrong attempt doubles it.
    pub first: TimeDelta,
    /// No wait is longer, so that nobody can lock a person out for good.
    pub longest: TimeDelta,
    /// After this time without an attempt all is forgotten.
    pub memory: TimeDelta,
}

impl Policy {
    /// How long the next attempt has to wait after so many wrong ones.
    pub fn wait(&self, failures: i64) -> TimeDelta {
        if failures < self.free {
            return TimeDelta::zero();
        }
        let doubled = u32::try_from(failures - self.free).unwrap_or(u32::MAX).min(30);
        let factor = 2i32.saturating_pow(doubled);
        self.first.checked_mul(factor).unwrap_or(self.longest).min(self.longest)
    }
}

impl Subject<'_> {
    fn hash(self) -> Vec<u8> {
        let text = match self {
            Self::Account(email) => format!("account\0{}", email.trim().to_lowercase()),
            Self::SecondFactor(user) => format!("second factor\0{user}"),
            Self::Address(address) => format!("address\0{}", network(address)),
        };
        Sha256::digest(text.as_bytes()).to_vec()
    }
}

/// Who has one IPv6 address has the /64 around it.
pub fn network(address: std::net::IpAddr) -> std::net::IpAddr {
    match address.to_canonical() {
        std::net::IpAddr::V6(v6) => {
            let [a, b, c, d, ..] = v6.segments();
            std::net::Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).into()
        }
        v4 => v4,
    }
}

/// How long this subject still has to wait, if it has to.
pub async fn blocked(db: &Db, subject: Subject<'_>) -> Result<Option<TimeDelta>> {
    let sql = Sql::new("SELECT blocked_until FROM sign_in_failures WHERE subject = $1").bind(subject.hash());
    let row = db.system().read().await?.optional(sql).await?;
    let until = row.map(|row| row.opt::<DateTime<Utc>>("blocked_until")).transpose()?.flatten();
    Ok(until.map(|until| until - now()).filter(|left| *left > TimeDelta::zero()))
}

/// Counts an attempt, unless it has to wait: then how long.
pub async fn count(db: &Db, subject: Subject<'_>, policy: Policy) -> Result<Option<TimeDelta>> {
    let subject = subject.hash();
    db.system()
        .write(move |tx| {
            Box::pin(async move {
                let time = now();
                // Takes the row's lock, also where it is new.
                let sql = Sql::new(
                    "INSERT INTO sign_in_failures (subject, failures, last_at) VALUES ($1, 0, $2)
                     ON CONFLICT (subject) DO UPDATE SET subject = excluded.subject
                     RETURNING failures, last_at, blocked_until",
                );
                let row = tx.one(sql.bind(subject.clone()).bind(time)).await?;
                let until: Option<DateTime<Utc>> = row.opt("blocked_until")?;
                if let Some(left) = until.map(|until| until - time).filter(|left| *left > TimeDelta::zero()) {
                    return Ok(Some(left));
                }
                let before: i64 =
                    if time - row.get::<DateTime<Utc>>("last_at")? > policy.memory { 0 } else { row.get("failures")? };
                let failures = before + 1;
                let wait = policy.wait(failures);
                let sql = Sql::new(
                    "UPDATE sign_in_failures SET failures = $2, last_at = $3, blocked_until = $4 WHERE subject = $1",
                )
                .bind(subject)
                .bind(failures)
                .bind(time)
                .bind((wait > TimeDelta::zero()).then(|| time + wait));
                tx.execute(sql).await?;
                let sql = Sql::new(
                    "DELETE FROM sign_in_failures WHERE last_at < $1 AND (blocked_until IS NULL OR blocked_until < $2)",
                );
                tx.execute(sql.bind(time - policy.memory).bind(time)).await?;
                Ok(None)
            })
        })
        .await
}

/// Forgets wrong attempts after a right one.
pub async fn forget(db: &Db, subject: Subject<'_>) -> Result<()> {
    let sql = Sql::new("DELETE FROM sign_in_failures WHERE subject = $1").bind(subject.hash());
    db.system().write(move |tx| Box::pin(async move { tx.execute(sql).await })).await.map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    const POLICY: Policy = Policy {
        free: 5,
        first: TimeDelta::seconds(30),
        longest: TimeDelta::minutes(15),
        memory: TimeDelta::hours(24),
    };

    #[test]
    fn waits_double_and_end_somewhere() {
        let waits: Vec<_> = (1..=12).map(|failures| POLICY.wait(failures).num_seconds()).collect();
        assert_eq!(waits, [0, 0, 0, 0, 30, 60, 120, 240, 480, 900, 900, 900]);
        assert_eq!(POLICY.wait(i64::MAX), POLICY.longest);
    }

    #[test]
    fn an_address_stands_for_its_network() {
        let same = |a: &str, b: &str| {
            let of = |text: &str| Subject::Address(text.parse().expect("an address")).hash();
            of(a) == of(b)
        };
        assert!(same("2001:db8::1", "2001:db8::ffff:1"));
        assert!(!same("2001:db8::1", "2001:db8:0:1::1"));
        assert!(same("::ffff:192.0.2.1", "192.0.2.1"));
        assert!(!same("192.0.2.1", "192.0.2.2"));
    }
}
