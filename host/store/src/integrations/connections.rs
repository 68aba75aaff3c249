//! OAuth connections: one for each integration and scope. A connection uses the client of its
//! integration, or one of its own.

use super::current::{self, OwnClient, Tokens};
use super::definitions::{self, Integration, check_client_secret};
use super::vault::{self, Name};
use crate::audit::{Event, record};
use crate::error::taken;
use crate::keyring::Keyring;
use crate::{Row, Scoped, Sql, Tx, now};
use bifrost_core::{
    ConnectionId, ConnectionStatus, Error, IntegrationId, OrganizationId, Result, Scope, UserId,
};
use chrono::{DateTime, Utc};
use zeroize::Zeroizing;

/// Longest refresh token, in bytes.
const MAX_TOKEN: usize = 16 << 10;

/// A connection as the database has it, without what is secret.
#[derive(Clone, Debug, PartialEq)]
pub struct Connection {
    /// Its id.
    pub id: ConnectionId,
    /// Whose it is.
    pub scope: Scope,
    /// To which integration.
    pub integration_id: IntegrationId,
    /// That one's name.
    pub integration_name: String,
    /// Its own client at the authorization server; `None`: the integration's.
    pub client_id: Option<String>,
    /// What has become of it.
    pub status: ConnectionStatus,
    /// Why the last attempt to renew its tokens came to nothing.
    pub error: Option<String>,
    /// How many such attempts there were in a row.
    pub failures: i64,
    /// Grows with each set of tokens.
    pub version: i64,
    /// Whether its token can be renewed without a person.
    pub has_refresh: bool,
    /// Who connected it.
    pub connected_by: Option<UserId>,
    /// When.
    pub connected_at: Option<DateTime<Utc>>,
    /// Since when its token is good.
    pub refreshed_at: Option<DateTime<Utc>>,
    /// Until when; `None`: for ever, or there is none.
    pub expires_at: Option<DateTime<Utc>>,
    /// When its tokens are renewed next.
    pub refresh_at: Option<DateTime<Utc>>,
    /// Until when somebody is renewing them, unless they have died.
    pub lease_until: Option<DateTime<Utc>>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// Last changed by somebody.
    pub updated_at: DateTime<Utc>,
}

/// A connection to make.
#[derive(Clone, Default)]
pub struct NewConnection {
    /// Its own client at the authorization server; `None`: the integration's.
    pub client_id: Option<String>,
    /// Of its own client.
    pub client_secret: Option<Zeroizing<String>>,
    /// What somebody got elsewhere.
    pub refresh_token: Option<Zeroizing<String>>,
}

/// What to change; `None` stays.
#[derive(Clone, Default)]
pub struct Change {
    /// `Some(None)`: the integration's.
    pub client_id: Option<Option<String>>,
    /// `Some(None)` takes it away.
    pub client_secret: Option<Option<Zeroizing<String>>>,
    /// What somebody got elsewhere.
    pub refresh_token: Option<Zeroizing<String>>,
}

const SELECT: &str = "SELECT c.id, c.organization_id, c.integration_id, i.name AS integration_name, c.client_id, c.status,
   c.error, c.failures, c.version, c.has_refresh, c.connected_by, c.connected_at, c.refreshed_at, c.expires_at, c.refresh_at,
   c.lease_until, c.created_at, c.updated_at
 FROM oauth_connections c JOIN integrations i ON i.id = c.integration_id";

fn check(
    client_id: Option<&String>,
    client_secret: Option<&Zeroizing<String>>,
    refresh_token: Option<&Zeroizing<String>>,
) -> Result<()> {
    if client_id.is_some_and(|id| id.is_empty() || id.len() > 1_000 || id.chars().any(char::is_control)) {
        return Err(Error::invalid("client_id", "expected 1 to 1000 bytes without control characters"));
    }
    check_client_secret(client_secret)?;
    match refresh_token {
        Some(token) if token.is_empty() || token.len() > MAX_TOKEN => {
            Err(Error::invalid("refresh_token", format!("expected 1 to {MAX_TOKEN} bytes")))
        }
        _ => Ok(()),
    }
}

/// Makes the connection of the handle's scope to an integration that it sees. `Conflict` with
/// `already_exists` where there is one.
pub async fn create(
    scoped: &Scoped,
    keys: &Keyring,
    integration: &str,
    new: NewConnection,
    by: UserId,
) -> Result<Connection> {
    check(new.client_id.as_ref(), new.client_secret.as_ref(), new.refresh_token.as_ref())?;
    if new.client_secret.is_some() && new.client_id.is_none() {
        return Err(Error::invalid("client_id", "a client's secret needs its id"));
    }
    let (keys, integration) = (keys.clone(), integration.to_owned());
    scoped.write(move |tx| Box::pin(async move { create_in(tx, &keys, &integration, new, by).await })).await
}

async fn create_in(
    tx: &mut Tx,
    keys: &Keyring,
    integration: &str,
    new: NewConnection,
    by: UserId,
) -> Result<Connection> {
    let integration = definitions::find_in(tx, integration).await?;
    if integration.oauth.is_none() {
        let message = format!("`{}` has no authorization server; set its `oauth`", integration.name);
        return Err(Error::invalid("integration", message));
    }
    let id = ConnectionId::new();
    let sql = insert(tx, id, integration.id, new.client_id.clone(), Some(by));
    let message = format!("there is a connection to `{}` already", integration.name);
    tx.execute(sql).await.map_err(taken(message))?;
    if let Some(secret) = new.client_secret.clone() {
        keep_client(tx, keys, id, &integration, secret).await?;
    }
    let mut event = Event::new("oauth_connection.create")
        .target("oauth_connection", id)
        .detail("integration", &integration.name)
        .maybe("client_id", new.client_id.as_ref());
    if new.client_secret.is_some() {
        event = event.masked("client_secret");
    }
    if let Some(token) = new.refresh_token {
        given(tx, keys, id, token, by).await?;
        event = event.masked("refresh_token");
    }
    record(tx, event).await?;
    find(tx, id, "").await
}

fn insert(
    tx: &Tx,
    id: ConnectionId,
    integration: IntegrationId,
    client: Option<String>,
    by: Option<UserId>,
) -> Sql {
    let sql = "INSERT INTO oauth_connections (id, organization_id, integration_id, client_id, status, created_by, created_at, updated_at)
         VALUES ($1, $2, $3, $4, 'not_connected', $5, $6, $6)";
    let sql = Sql::new(sql).bind(id).bind(tx.access().organization()).bind(integration);
    sql.bind(client).bind(by).bind(now())
}

/// Keeps the secret of a connection's own client, for the token endpoint of now.
async fn keep_client(
    tx: &mut Tx,
    keys: &Keyring,
    id: ConnectionId,
    integration: &Integration,
    secret: Zeroizing<String>,
) -> Result<()> {
    let token_url = integration.oauth.as_ref().map(|oauth| oauth.token_url.clone()).unwrap_or_default();
    vault::put(tx, keys, Name::OwnClient(id), &OwnClient { secret, token_url }).await
}

/// A refresh token that somebody got elsewhere: the first token is asked for at once.
async fn given(
    tx: &mut Tx,
    keys: &Keyring,
    id: ConnectionId,
    token: Zeroizing<String>,
    by: UserId,
) -> Result<()> {
    let connection = find(tx, id, "").await?;
    let current = current::get_in(tx, keys, connection).await?;
    let tokens =
        Tokens { token_url: current.token_url?, access_token: None, refresh_token: Some(token), scope: None };
    let sql = Sql::new(
        "UPDATE oauth_connections SET status = 'connected', error = NULL, failures = 0, version = version + 1,
           has_refresh = true, connected_by = $2, connected_at = $3, refreshed_at = $3, expires_at = $3, refresh_at = $3,
           lease_holder = NULL, lease_until = NULL WHERE id = $1",
    );
    tx.execute(sql.bind(id).bind(by).bind(now())).await?;
    vault::put(tx, keys, Name::Tokens(id), &tokens).await
}

/// The connection of the handle's scope to an integration that it sees; made where there is none.
pub async fn ensure(scoped: &Scoped, integration: IntegrationId) -> Result<Connection> {
    scoped
        .write(move |tx| {
            Box::pin(async move {
                let definition = definitions::get_in(tx, integration).await?;
                if let Some(known) = of(tx, integration).await? {
                    return Ok(known);
                }
                let id = ConnectionId::new();
                let mut sql = insert(tx, id, integration, None, None);
                sql.push(" ON CONFLICT (integration_id, scope_id) DO NOTHING");
                if tx.execute(sql).await? == 1 {
                    let event = Event::new("oauth_connection.create").target("oauth_connection", id);
                    record(tx, event.detail("integration", &definition.name)).await?;
                }
                of(tx, integration).await?.ok_or(Error::NotFound("connection"))
            })
        })
        .await
}

/// Changes a connection of the handle's scope. Another client needs connecting anew.
pub async fn update(
    scoped: &Scoped,
    keys: &Keyring,
    id: ConnectionId,
    change: Change,
    by: UserId,
) -> Result<Connection> {
    let client_id = change.client_id.as_ref().and_then(Option::as_ref);
    let client_secret = change.client_secret.as_ref().and_then(Option::as_ref);
    check(client_id, client_secret, change.refresh_token.as_ref())?;
    let keys = keys.clone();
    scoped.write(move |tx| Box::pin(async move { update_in(tx, &keys, id, change, by).await })).await
}

async fn update_in(
    tx: &mut Tx,
    keys: &Keyring,
    id: ConnectionId,
    change: Change,
    by: UserId,
) -> Result<Connection> {
    let lock = tx.engine().for_update_of("c");
    let old = find(tx, id, &lock).await?;
    let client_id = change.client_id.unwrap_or_else(|| old.client_id.clone());
    let is_other = client_id != old.client_id;
    let sql = Sql::new("UPDATE oauth_connections SET client_id = $2, updated_at = $3 WHERE id = $1");
    tx.execute(sql.bind(id).bind(client_id.clone()).bind(now())).await?;
    match &change.client_secret {
        Some(Some(_)) if client_id.is_none() => {
            return Err(Error::invalid("client_id", "a client's secret needs its id"));
        }
        Some(Some(secret)) => {
            let integration = definitions::get_in(tx, old.integration_id).await?;
            keep_client(tx, keys, id, &integration, secret.clone()).await?;
        }
        Some(None) => vault::remove(tx, Name::OwnClient(id)).await?,
        // The secret was given for another client.
        None if is_other => vault::remove(tx, Name::OwnClient(id)).await?,
        None => {}
    }
    if is_other {
        forget(tx, id).await?;
    } else if change.client_secret.is_some() {
        // What was refused with the secret of before is tried again.
        let sql = Sql::new(
            "UPDATE oauth_connections SET status = 'connected', failures = 0, refresh_at = $2
             WHERE id = $1 AND status = 'failed' AND has_refresh",
        );
        tx.execute(sql.bind(id).bind(now())).await?;
    }
    let mut event = Event::new("oauth_connection.update")
        .target("oauth_connection", id)
        .detail("integration", &old.integration_name)
        .change("client_id", &old.client_id, &client_id);
    if change.client_secret.is_some() {
        event = event.masked("client_secret");
    }
    if let Some(token) = change.refresh_token {
        given(tx, keys, id, token, by).await?;
        event = event.masked("refresh_token");
    }
    record(tx, event).await?;
    find(tx, id, "").await
}

/// Takes its tokens from a connection of the handle's scope. They stay good at the authorization
/// server until they expire there, or somebody revokes them.
pub async fn disconnect(scoped: &Scoped, id: ConnectionId) -> Result<Connection> {
    scoped
        .write(move |tx| {
            Box::pin(async move {
                let lock = tx.engine().for_update_of("c");
                let old = find(tx, id, &lock).await?;
                forget(tx, id).await?;
                let event = Event::new("oauth_connection.disconnect").target("oauth_connection", id);
                record(tx, event.detail("integration", &old.integration_name)).await?;
                find(tx, id, "").await
            })
        })
        .await
}

/// A version of its own: whoever renews the tokens at this moment comes too late.
async fn forget(tx: &mut Tx, id: ConnectionId) -> Result<()> {
    let sql = Sql::new(
        "UPDATE oauth_connections SET status = 'not_connected', error = NULL, failures = 0, version = version + 1,
           has_refresh = false, connected_by = NULL, connected_at = NULL, refreshed_at = NULL, expires_at = NULL,
           refresh_at = NULL, lease_holder = NULL, lease_until = NULL, updated_at = $2 WHERE id = $1",
    );
    tx.execute(sql.bind(id).bind(now())).await?;
    vault::remove(tx, Name::Others(id)).await?;
    vault::remove(tx, Name::Tokens(id)).await
}

/// Deletes a connection of the handle's scope with its tokens.
pub async fn delete(scoped: &Scoped, id: ConnectionId) -> Result<()> {
    scoped.write(move |tx| Box::pin(async move { delete_in(tx, id).await })).await
}

pub(super) async fn delete_in(tx: &mut Tx, id: ConnectionId) -> Result<()> {
    let old = find(tx, id, "").await?;
    for name in [Name::Tokens(id), Name::Others(id), Name::OwnClient(id), Name::Verifier(id)] {
        vault::remove(tx, name).await?;
    }
    tx.execute(Sql::new("DELETE FROM oauth_states WHERE connection_id = $1").bind(id)).await?;
    tx.execute(Sql::new("DELETE FROM oauth_connections WHERE id = $1").bind(id)).await?;
    let event = Event::new("oauth_connection.delete").target("oauth_connection", id);
    record(tx, event.detail("integration", &old.integration_name)).await
}

/// The connections of the handle's scope, by the name of their integration.
pub async fn list(scoped: &Scoped) -> Result<Vec<Connection>> {
    let mut sql = Sql::new(SELECT);
    sql.push(" WHERE c.scope_id = ").push_bind(scoped.access().scope_id()?).push(" ORDER BY i.name, c.id");
    scoped.read().await?.all(sql).await?.iter().map(read).collect()
}

/// One connection of the handle's scope.
pub async fn get(scoped: &Scoped, id: ConnectionId) -> Result<Connection> {
    find(&mut scoped.read().await?, id, "").await
}

pub(super) async fn find(tx: &mut Tx, id: ConnectionId, lock: &str) -> Result<Connection> {
    let mut sql = Sql::new(SELECT);
    sql.push(" WHERE c.id = ").push_bind(id);
    sql.push(" AND c.scope_id = ").push_bind(tx.access().scope_id()?).push(lock);
    read(&tx.optional(sql).await?.ok_or(Error::NotFound("connection"))?)
}

/// The connection of the transaction's scope to an integration.
pub(super) async fn of(tx: &mut Tx, integration: IntegrationId) -> Result<Option<Connection>> {
    let mut sql = Sql::new(SELECT);
    sql.push(" WHERE c.integration_id = ").push_bind(integration);
    sql.push(" AND c.scope_id = ").push_bind(tx.access().scope_id()?);
    tx.optional(sql).await?.as_ref().map(read).transpose()
}

fn read(row: &Row) -> Result<Connection> {
    let (has_refresh, failures) = (row.get::<bool>("has_refresh")?, row.get::<i64>("failures")?);
    let expires_at: Option<DateTime<Utc>> = row.opt("expires_at")?;
    let is_over = expires_at.is_some_and(|at| at <= now()) && (!has_refresh || failures > 0);
    let status = match row.parse::<ConnectionStatus>("status")? {
        ConnectionStatus::Connected if is_over => ConnectionStatus::Expired,
        status => status,
    };
    Ok(Connection {
        id: row.get("id")?,
        scope: row.opt::<OrganizationId>("organization_id")?.into(),
        integration_id: row.get("integration_id")?,
        integration_name: row.get("integration_name")?,
        client_id: row.opt("client_id")?,
        status,
        error: row.opt("error")?,
        failures,
        version: row.get("version")?,
        has_refresh,
        connected_by: row.opt("connected_by")?,
        connected_at: row.opt("connected_at")?,
        refreshed_at: row.opt("refreshed_at")?,
        expires_at,
        refresh_at: row.opt("refresh_at")?,
        lease_until: row.opt("lease_until")?,
        created_at: row.get("created_at")?,
        updated_at: row.get("updated_at")?,
    })
}
