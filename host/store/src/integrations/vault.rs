//! Everything of integrations that is secret: one row each, under a name that says what it is
//! and of what, sealed with the data key of the transaction's scope.

use crate::keyring::Keyring;
use crate::secrets::{self, DataKey, INTEGRATIONS, WRAPS};
use crate::{Sql, Tx};
use bifrost_core::integration::Values;
use bifrost_core::{ConnectionId, Error, IntegrationId, MappingId, Result};
use serde::Serialize;
use serde::de::DeserializeOwned;
use zeroize::Zeroizing;

/// Names of secrets.
#[derive(Clone, Copy, Debug)]
pub(super) enum Name {
    /// Secret values of a definition.
    Definition(IntegrationId),
    /// Secret values of a mapping.
    Mapping(MappingId),
    /// The secret of a definition's client at the authorization server.
    Client(IntegrationId),
    /// The same of a connection's own client.
    OwnClient(ConnectionId),
    /// The tokens of a connection.
    Tokens(ConnectionId),
    /// What is kept for other scopes of it.
    Others(ConnectionId),
    /// The verifier of an authorization that is under way.
    Verifier(ConnectionId),
}

impl std::fmt::Display for Name {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Definition(id) => write!(f, "definition:{id}"),
            Self::Mapping(id) => write!(f, "mapping:{id}"),
            Self::Client(id) => write!(f, "client:{id}"),
            Self::OwnClient(id) => write!(f, "own-client:{id}"),
            Self::Tokens(id) => write!(f, "tokens:{id}"),
            Self::Others(id) => write!(f, "others:{id}"),
            Self::Verifier(id) => write!(f, "verifier:{id}"),
        }
    }
}

/// Keeps a secret, in place of the one before.
pub(super) async fn put(tx: &mut Tx, keys: &Keyring, name: Name, value: &impl Serialize) -> Result<()> {
    let plain = Zeroizing::new(serde_json::to_vec(value).map_err(|e| Error::Internal(e.into()))?);
    let name = name.to_string();
    let data = secrets::latest(tx, keys).await?;
    let sql = Sql::new(
        "INSERT INTO integration_secrets (organization_id, sealed_as, ciphertext, key_version)
         VALUES ($1, $2, $3, $4)
         ON CONFLICT (scope_id, sealed_as) DO UPDATE SET ciphertext = excluded.ciphertext, key_version = excluded.key_version",
    )
    .bind(tx.access().organization())
    .bind(name.as_str())
    .bind(data.encrypt(&INTEGRATIONS, &name, &plain)?)
    .bind(data.version);
    tx.execute(sql).await.map(drop)
}

/// A secret of the transaction's scope, where there is one.
pub(super) async fn get<T: DeserializeOwned>(tx: &mut Tx, keys: &Keyring, name: Name) -> Result<Option<T>> {
    let (name, scope) = (name.to_string(), tx.access().scope_id()?);
    let sql = Sql::new(format!(
        "SELECT s.ciphertext, s.key_version, {WRAPS} FROM integration_secrets s
         JOIN data_keys d ON d.scope_id = s.scope_id AND d.version = s.key_version
         WHERE s.scope_id = $1 AND s.sealed_as = $2"
    ));
    let Some(row) = tx.optional(sql.bind(scope).bind(name.as_str())).await? else { return Ok(None) };
    let data = DataKey::read(keys, scope, row.get("key_version")?, &secrets::wraps(&row)?)?;
    let plain = data.decrypt(&INTEGRATIONS, &name, &row.get::<Vec<u8>>("ciphertext")?)?;
    serde_json::from_slice(&plain).map(Some).map_err(|e| Error::Internal(e.into()))
}

/// True when there is such a secret in the transaction's scope.
pub(super) async fn has(tx: &mut Tx, name: Name) -> Result<bool> {
    let sql = Sql::new("SELECT key_version FROM integration_secrets WHERE scope_id = $1 AND sealed_as = $2");
    let sql = sql.bind(tx.access().scope_id()?).bind(name.to_string());
    Ok(tx.optional(sql).await?.is_some())
}

/// Forgets a secret of the transaction's scope.
pub(super) async fn remove(tx: &mut Tx, name: Name) -> Result<()> {
    let sql = Sql::new("DELETE FROM integration_secrets WHERE scope_id = $1 AND sealed_as = $2");
    let sql = sql.bind(tx.access().scope_id()?).bind(name.to_string());
    tx.execute(sql).await.map(drop)
}

/// Secret values; none where nothing is kept.
pub(super) async fn values(tx: &mut Tx, keys: &Keyring, name: Name) -> Result<Values> {
    Ok(get(tx, keys, name).await?.unwrap_or_default())
}

/// Keeps secret values, or forgets them where there are none.
pub(super) async fn put_values(tx: &mut Tx, keys: &Keyring, name: Name, values: &Values) -> Result<()> {
    if values.is_empty() { remove(tx, name).await } else { put(tx, keys, name, values).await }
}
