//! Authorizations that are under way: somebody is at the authorization server. Known by the hash
//! of what they come back with, good once, and not for long.

use super::connections;
use super::vault::{self, Name};
use crate::audit::{Event, record};
use crate::identity::{hash, random_token};
use crate::keyring::Keyring;
use crate::{Db, Scoped, Sql, now};
use bifrost_core::{ConnectionId, Error, OrganizationId, Result, Scope, SessionId, UserId, oauth};
use zeroize::Zeroizing;

/// What every state begins with.
const PREFIX: &str = "bfo_";

/// Who began an authorization.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Beginner {
    /// The person.
    pub user: UserId,
    /// Their browser's session; `None` for a program: then any of their sessions ends it.
    pub session: Option<SessionId>,
}

/// An authorization that was under way.
#[derive(Clone)]
pub struct Returned {
    /// Whose connection.
    pub scope: Scope,
    /// Which.
    pub connection: ConnectionId,
    /// Proves that whoever began it ends it (RFC 7636).
    pub verifier: Zeroizing<String>,
    /// Where the person wants to be afterwards; a path of this platform.
    pub return_to: String,
}

/// Begins to authorize a connection of the handle's scope; answers the state. What was begun for
/// it before is over.
pub async fn begin(
    scoped: &Scoped,
    keys: &Keyring,
    id: ConnectionId,
    beginner: Beginner,
    verifier: Zeroizing<String>,
    return_to: String,
) -> Result<String> {
    let (state, keys) = (random_token(PREFIX)?, keys.clone());
    let hash = hash(&state);
    scoped
        .write(move |tx| {
            Box::pin(async move {
                let connection = connections::find(tx, id, "").await?;
                tx.execute(Sql::new("DELETE FROM oauth_states WHERE connection_id = $1").bind(id)).await?;
                let sql = Sql::new(
                    "INSERT INTO oauth_states (connection_id, organization_id, hash, user_id, session_id, return_to, expires_at)
                     VALUES ($1, $2, $3, $4, $5, $6, $7)",
                )
                .bind(id)
                .bind(tx.access().organization())
                .bind(hash)
                .bind(beginner.user)
                .bind(beginner.session)
                .bind(return_to)
                .bind(now() + oauth::AUTHORIZATION);
                tx.execute(sql).await?;
                vault::put(tx, &keys, Name::Verifier(id), &verifier).await?;
                let event = Event::new("oauth_connection.authorize").target("oauth_connection", id);
                record(tx, event.detail("integration", &connection.integration_name)).await
            })
        })
        .await?;
    Ok(state)
}

/// Ends the authorization that has this state, for whoever began it. The same error for everybody
/// else, for who comes twice, and for who comes too late; it does not end for them.
pub async fn take(
    db: &Db,
    keys: &Keyring,
    state: &str,
    user: UserId,
    session: SessionId,
) -> Result<Returned> {
    let sql = Sql::new(
        "DELETE FROM oauth_states WHERE hash = $1 AND expires_at > $2 AND user_id = $3
           AND (session_id IS NULL OR session_id = $4)
         RETURNING connection_id, organization_id, return_to",
    )
    .bind(hash(state))
    .bind(now())
    .bind(user)
    .bind(session);
    let row = db.system().write(move |tx| Box::pin(async move { tx.optional(sql).await })).await?;
    let row = row.ok_or_else(expired)?;
    let connection: ConnectionId = row.get("connection_id")?;
    let scope: Scope = row.opt::<OrganizationId>("organization_id")?.into();
    let keys = keys.clone();
    let verifier = db
        .scope(scope)
        .write(move |tx| {
            Box::pin(async move {
                let verifier = vault::get(tx, &keys, Name::Verifier(connection)).await?;
                vault::remove(tx, Name::Verifier(connection)).await?;
                Ok(verifier)
            })
        })
        .await?;
    let verifier: Zeroizing<String> = verifier.ok_or_else(expired)?;
    Ok(Returned { scope, connection, verifier, return_to: row.get("return_to")? })
}

fn expired() -> Error {
    Error::Conflict {
        code: "expired",
        message:
            "this authorization was ended already, took too long, or was begun by somebody else; begin again"
                .into(),
    }
}
