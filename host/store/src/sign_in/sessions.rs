//! What a person holds after signing in: a cookie in a browser, or a token of the command
//! line. Each is made anew at sign-in, and only its hash is kept.

use crate::audit::{Event, record};
use crate::identity::{hash, random_token};
use crate::{Db, Row, Scoped, Sql, Tx, now};
use bifrost_core::{Error, OrganizationId, Result, SessionId, UserId};
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

/// What every session's token begins with.
pub const SESSION_PREFIX: &str = "bfs_";
/// `last_seen_at` is exact to this; a write for every request would cost more.
const SEEN_STEP: TimeDelta = TimeDelta::seconds(60);

/// Where a session is held; it is good nowhere else.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// In a browser's cookie.
    Browser,
    /// In a file of the command line.
    CommandLine,
}

impl Kind {
    /// The name in the database and in answers.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Browser => "browser",
            Self::CommandLine => "command_line",
        }
    }

    /// The end, whatever happens, and the end when it is not used.
    fn lifetime(self) -> (TimeDelta, TimeDelta) {
        match self {
            Self::Browser => (TimeDelta::days(7), TimeDelta::days(1)),
            Self::CommandLine => (TimeDelta::days(90), TimeDelta::days(30)),
        }
    }
}

impl std::str::FromStr for Kind {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        match text {
            "browser" => Ok(Self::Browser),
            "command_line" => Ok(Self::CommandLine),
            other => Err(Error::Internal(anyhow::anyhow!("a session is of kind `{other}`"))),
        }
    }
}

/// What is kept of the tokens of sessions that have ended, so that caches forget them.
pub type Ended = Vec<Vec<u8>>;

/// A session as its holder sees it.
#[derive(Clone, Debug)]
pub struct Session {
    /// Its id.
    pub id: SessionId,
    /// Whose it is.
    pub user: UserId,
    /// Where it is held.
    pub kind: Kind,
    /// How the person signed in.
    pub method: String,
    /// From where.
    pub address: Option<String>,
    /// With which program, as it said itself.
    pub agent: Option<String>,
    /// Since when.
    pub created_at: DateTime<Utc>,
    /// Last use, exact to a minute.
    pub last_seen_at: DateTime<Utc>,
    /// The end, whatever happens.
    pub expires_at: DateTime<Utc>,
}

/// What a session starts with.
#[derive(Clone, Debug)]
pub struct NewSession {
    /// Whose it is.
    pub user: UserId,
    /// The user's organization.
    pub organization: OrganizationId,
    /// Where it is held.
    pub kind: Kind,
    /// How the person signed in.
    pub method: &'static str,
    /// With a second factor or a passkey, or by an identity provider, whose matter that is.
    pub is_strong: bool,
    /// From where.
    pub address: Option<String>,
    /// With which program, as it said itself.
    pub agent: Option<String>,
}

/// As [`begin`], as a part of a larger unit of work; `replaces` is a hash.
pub(crate) async fn begin_in(
    tx: &mut Tx,
    new: NewSession,
    replaces: Option<Vec<u8>>,
) -> Result<(Session, String)> {
    let (token, time) = (random_token(SESSION_PREFIX)?, now());
    let (longest, idle) = new.kind.lifetime();
    if let Some(before) = replaces {
        tx.execute(Sql::new("DELETE FROM sessions WHERE hash = $1").bind(before)).await?;
    }
    let sql = Sql::new("DELETE FROM sessions WHERE expires_at <= $1 OR (user_id = $2 AND idle_until <= $1)");
    tx.execute(sql.bind(time).bind(new.user)).await?;
    let session = Session {
        id: SessionId::new(),
        user: new.user,
        kind: new.kind,
        method: new.method.to_owned(),
        address: new.address,
        agent: new.agent,
        created_at: time,
        last_seen_at: time,
        expires_at: time + longest,
    };
    let sql = Sql::new(
        "INSERT INTO sessions (id, user_id, organization_id, hash, kind, method, address, agent, created_at,
           last_seen_at, expires_at, idle_until, is_strong)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
    )
    .bind(session.id)
    .bind(session.user)
    .bind(new.organization)
    .bind(hash(&token))
    .bind(session.kind.as_str())
    .bind(session.method.as_str())
    .bind(session.address.clone())
    .bind(session.agent.clone())
    .bind(session.created_at)
    .bind(session.last_seen_at)
    .bind(session.expires_at)
    .bind(time + idle)
    .bind(new.is_strong);
    tx.execute(sql).await?;
    let event = Event::new("session.begin")
        .within(new.organization)
        .target("session", session.id)
        .detail("user", session.user)
        .detail("kind", session.kind.as_str())
        .detail("method", &session.method);
    record(tx, event).await?;
    Ok((session, token))
}

/// Begins a session. `replaces` is the token that the browser held before: its session ends,
/// so that nobody can have planted it.
pub async fn begin(db: &Db, new: NewSession, replaces: Option<&str>) -> Result<(Session, String)> {
    let replaces = replaces.map(hash);
    db.system().write(move |tx| Box::pin(async move { begin_in(tx, new, replaces).await })).await
}

/// A session that is good now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Held {
    /// Its id.
    pub id: SessionId,
    /// Whose it is.
    pub user: UserId,
    /// The user's organization.
    pub organization: OrganizationId,
    /// Since when.
    pub since: DateTime<Utc>,
    /// Begun with a second factor or a passkey, or by an identity provider; or one was added in it.
    pub is_strong: bool,
}

/// The session that a token opens; `None` when it is unknown, ended or of another kind, or
/// when its user or organization is not active.
pub async fn find(db: &Db, token: &str, kind: Kind) -> Result<Option<Held>> {
    if !token.starts_with(SESSION_PREFIX) {
        return Ok(None);
    }
    let time = now();
    let sql = Sql::new(
        "SELECT s.id, s.user_id, s.organization_id, s.created_at, s.last_seen_at, s.is_strong
         FROM sessions s JOIN users u ON u.id = s.user_id JOIN organizations o ON o.id = s.organization_id
         WHERE s.hash = $1 AND s.kind = $2 AND s.expires_at > $3 AND s.idle_until > $3 AND u.is_active AND o.is_active",
    );
    let sql = sql.bind(hash(token)).bind(kind.as_str()).bind(time);
    let Some(row) = db.system().read().await?.optional(sql).await? else { return Ok(None) };
    let id = row.get("id")?;
    if time - row.get::<DateTime<Utc>>("last_seen_at")? > SEEN_STEP {
        touch(db.clone(), id, kind, time);
    }
    Ok(Some(Held {
        id,
        user: row.get("user_id")?,
        organization: row.get("organization_id")?,
        since: row.get("created_at")?,
        is_strong: row.get("is_strong")?,
    }))
}

fn touch(db: Db, id: SessionId, kind: Kind, time: DateTime<Utc>) {
    tokio::spawn(async move {
        let (_, idle) = kind.lifetime();
        let sql = Sql::new(
            "UPDATE sessions SET last_seen_at = $2, idle_until = $3 WHERE id = $1 AND last_seen_at < $4",
        )
        .bind(id)
        .bind(time)
        .bind(time + idle)
        .bind(time - SEEN_STEP);
        let noted = db.system().write(move |tx| Box::pin(async move { tx.execute(sql).await })).await;
        if let Err(error) = noted {
            tracing::debug!(%error, "use of a session was not noted");
        }
    });
}

/// A user's sessions that are good now, newest first.
pub async fn list(org: &Scoped, user: UserId) -> Result<Vec<Session>> {
    let sql = Sql::new(
        "SELECT id, user_id, kind, method, address, agent, created_at, last_seen_at, expires_at FROM sessions
         WHERE user_id = $1 AND organization_id = $2 AND expires_at > $3 AND idle_until > $3 ORDER BY id DESC",
    );
    let sql = sql.bind(user).bind(org.organization()?).bind(now());
    org.read().await?.all(sql).await?.iter().map(read).collect()
}

fn read(row: &Row) -> Result<Session> {
    Ok(Session {
        id: row.get("id")?,
        user: row.get("user_id")?,
        kind: row.parse("kind")?,
        method: row.get("method")?,
        address: row.opt("address")?,
        agent: row.opt("agent")?,
        created_at: row.get("created_at")?,
        last_seen_at: row.get("last_seen_at")?,
        expires_at: row.get("expires_at")?,
    })
}

/// A second factor was added in a session, so it counts as begun with one.
pub(crate) async fn strengthen_in(tx: &mut Tx, id: SessionId) -> Result<()> {
    let sql = Sql::new("UPDATE sessions SET is_strong = true WHERE id = $1").bind(id);
    tx.execute(sql).await.map(drop)
}

/// Ends all sessions of a user but one.
pub async fn end_all(org: &Scoped, user: UserId, but: Option<SessionId>) -> Result<Ended> {
    org.write(move |tx| {
        Box::pin(async move {
            let ended = end_all_in(tx, user, but).await?;
            let event = Event::new("session.end_all").target("user", user).detail("sessions", ended.len());
            record(tx, event).await?;
            Ok(ended)
        })
    })
    .await
}

pub(crate) async fn end_all_in(tx: &mut Tx, user: UserId, but: Option<SessionId>) -> Result<Ended> {
    let mut sql = Sql::new("DELETE FROM sessions WHERE user_id = $1").bind(user);
    if let Some(but) = but {
        sql.push(" AND id <> ").push_bind(but);
    }
    sql.push(" RETURNING hash");
    tx.all(sql).await?.iter().map(|row| row.get("hash")).collect()
}

/// Ends one session of a user; `NotFound` when it is not theirs or has ended.
pub async fn end(org: &Scoped, user: UserId, id: SessionId) -> Result<Ended> {
    org.write(move |tx| {
        Box::pin(async move {
            let sql = Sql::new("DELETE FROM sessions WHERE id = $1 AND user_id = $2 RETURNING hash");
            let row = tx.optional(sql.bind(id).bind(user)).await?.ok_or(Error::NotFound("session"))?;
            record(tx, Event::new("session.end").target("session", id)).await?;
            Ok(vec![row.get("hash")?])
        })
    })
    .await
}
