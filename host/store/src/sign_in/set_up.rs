//! The first platform administrator who can sign in: whoever has the token that the first
//! start has printed.

use super::{flows, hash, passwords};
use crate::audit::{Event, record};
use crate::users::{self, NewUser, User};
use crate::{Db, Sql, Tx, Value};
use bifrost_core::{Error, OrganizationId, Result, Role};
use chrono::TimeDelta;

/// How long a token is good; `bifrost set-up` makes another, as long as one is needed.
const LIFETIME: TimeDelta = TimeDelta::hours(24);

/// True as long as no platform administrator can sign in.
pub async fn is_open(db: &Db) -> Result<bool> {
    let mut tx = db.system().read().await?;
    is_open_in(&mut tx).await
}

async fn is_open_in(tx: &mut Tx) -> Result<bool> {
    let sql = Sql::new(
        "SELECT u.id FROM users u WHERE u.role = $1 AND u.is_active AND (
           EXISTS (SELECT 1 FROM passwords p WHERE p.user_id = u.id) OR
           EXISTS (SELECT 1 FROM passkeys k WHERE k.user_id = u.id) OR
           EXISTS (SELECT 1 FROM identities i WHERE i.user_id = u.id)) LIMIT 1",
    );
    Ok(tx.optional(sql.bind(Role::PlatformAdmin.as_str())).await?.is_none())
}

/// A token for the first administrator; `None` when there is one.
pub async fn offer(db: &Db) -> Result<Option<String>> {
    db.system()
        .write(move |tx| {
            Box::pin(async move {
                if !is_open_in(tx).await? {
                    return Ok(None);
                }
                let state = Value::json(&())?;
                flows::begin_in(tx, flows::Kind::SetUp, None, state, LIFETIME).await.map(Some)
            })
        })
        .await
}

/// Makes the first administrator. All tokens are void then.
pub async fn complete(db: &Db, token: &str, email: &str, name: &str, password: String) -> Result<User> {
    let (token, new) = (hash(token), NewUser::person(email, name, Role::PlatformAdmin));
    db.system()
        .write(move |tx| {
            Box::pin(async move {
                // Two at once: the second one waits here, and finds the token gone.
                let lock = tx.engine().for_update();
                let sql = Sql::new(format!("SELECT id FROM organizations WHERE is_provider{lock}"));
                let provider: OrganizationId = tx.one(sql).await?.get("id")?;
                if flows::take_in::<()>(tx, flows::Kind::SetUp, token).await?.is_none()
                    || !is_open_in(tx).await?
                {
                    return Err(Error::Denied(
                        "the token is not good; `bifrost set-up` prints a new one as long as no platform \
                         administrator can sign in"
                            .into(),
                    ));
                }
                let user = users::create_in(tx, provider, new).await?;
                passwords::set_in(tx, user.id, provider, password).await?;
                flows::cancel_in(tx, flows::Kind::SetUp, None).await?;
                record(tx, Event::new("set_up.complete").within(provider).target("user", user.id)).await?;
                Ok(user)
            })
        })
        .await
}
