//! What happens between two requests of one sign-in: a second factor that is still to come,
//! a challenge, a provider's answer, a link that was sent. Known by what the browser or the
//! link holds, good once, and not for long.

use crate::identity::{hash, random_token};
use crate::{Db, Row, Sql, Tx, Value, now};
use bifrost_core::{Error, Result, UserId};
use chrono::TimeDelta;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// What every flow's token begins with.
pub const FLOW_PREFIX: &str = "bff_";

/// Which step a flow waits for. A token of one kind opens no other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The first platform administrator.
    SetUp,
    /// A new password, by an administrator's link.
    PasswordLink,
    /// The second factor after a password.
    SecondFactor,
    /// The answer of an identity provider.
    Provider,
    /// The answer of an authenticator that is added.
    PasskeyRegistration,
    /// The answer of an authenticator that signs in.
    PasskeySignIn,
}

impl Kind {
    fn as_str(self) -> &'static str {
        match self {
            Self::SetUp => "set_up",
            Self::PasswordLink => "password_link",
            Self::SecondFactor => "second_factor",
            Self::Provider => "provider",
            Self::PasskeyRegistration => "passkey_registration",
            Self::PasskeySignIn => "passkey_sign_in",
        }
    }
}

/// A flow that is under way.
#[derive(Clone, Debug)]
pub struct Flow<T> {
    /// Whose it is, where that is known.
    pub user: Option<UserId>,
    /// What was kept of the step before.
    pub state: T,
}

/// Begins a flow; what is returned opens it.
pub async fn begin(
    db: &Db,
    kind: Kind,
    user: Option<UserId>,
    state: &impl Serialize,
    lifetime: TimeDelta,
) -> Result<String> {
    let state = Value::json(state)?;
    db.system()
        .write(move |tx| Box::pin(async move { begin_in(tx, kind, user, state, lifetime).await }))
        .await
}

pub(crate) async fn begin_in(
    tx: &mut Tx,
    kind: Kind,
    user: Option<UserId>,
    state: Value,
    lifetime: TimeDelta,
) -> Result<String> {
    let (token, time) = (random_token(FLOW_PREFIX)?, now());
    tx.execute(Sql::new("DELETE FROM sign_in_flows WHERE expires_at <= $1").bind(time)).await?;
    let sql = Sql::new(
        "INSERT INTO sign_in_flows (hash, kind, user_id, state, created_at, expires_at)
         VALUES ($1, $2, $3, $4, $5, $6)",
    )
    .bind(hash(&token))
    .bind(kind.as_str())
    .bind(user)
    .bind(state)
    .bind(time)
    .bind(time + lifetime);
    tx.execute(sql).await?;
    Ok(token)
}

/// A flow that is still open, and stays so.
pub async fn peek<T: DeserializeOwned>(db: &Db, kind: Kind, token: &str) -> Result<Option<Flow<T>>> {
    let sql = Sql::new(
        "SELECT user_id, state FROM sign_in_flows WHERE hash = $1 AND kind = $2 AND expires_at > $3",
    )
    .bind(hash(token))
    .bind(kind.as_str())
    .bind(now());
    db.system().read().await?.optional(sql).await?.as_ref().map(read).transpose()
}

/// Ends a flow and returns it; `None` for whoever comes second.
pub async fn take<T: DeserializeOwned + Send + 'static>(
    db: &Db,
    kind: Kind,
    token: &str,
) -> Result<Option<Flow<T>>> {
    let hash = hash(token);
    db.system().write(move |tx| Box::pin(async move { take_in(tx, kind, hash).await })).await
}

pub(crate) async fn take_in<T: DeserializeOwned>(
    tx: &mut Tx,
    kind: Kind,
    hash: Vec<u8>,
) -> Result<Option<Flow<T>>> {
    let sql = Sql::new(
        "DELETE FROM sign_in_flows WHERE hash = $1 AND kind = $2 AND expires_at > $3 RETURNING user_id, state",
    )
    .bind(hash)
    .bind(kind.as_str())
    .bind(now());
    tx.optional(sql).await?.as_ref().map(read).transpose()
}

/// Ends all flows of a kind that are a user's; of nobody's for `None`.
pub(crate) async fn cancel_in(tx: &mut Tx, kind: Kind, user: Option<UserId>) -> Result<()> {
    let mut sql = Sql::new("DELETE FROM sign_in_flows WHERE kind = $1").bind(kind.as_str());
    match user {
        Some(user) => sql.push(" AND user_id = ").push_bind(user),
        None => sql.push(" AND user_id IS NULL"),
    };
    tx.execute(sql).await.map(drop)
}

fn read<T: DeserializeOwned>(row: &Row) -> Result<Flow<T>> {
    Ok(Flow { user: row.opt("user_id")?, state: row.document("state")? })
}

/// The error for a token that opens nothing.
pub fn expired() -> Error {
    Error::Conflict {
        code: "expired",
        message: "this step was done already, or took too long; begin again".into(),
    }
}
