//! What of a source is secret: values that it was given, and what its adapter keeps. One sealed
//! document, replaced as a whole.

use crate::keyring::Keyring;
use crate::secrets::{self, ADAPTERS, DataKey, WRAPS};
use crate::{Sql, Tx};
use bifrost_core::adapter::State;
use bifrost_core::integration::Values;
use bifrost_core::{Error, Result, WebhookId};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

/// The document.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Kept {
    /// Values of the configuration that are secret.
    pub secrets: Values,
    /// The adapter's own.
    pub state: State,
}

impl Kept {
    fn plain(&self) -> Result<Zeroizing<Vec<u8>>> {
        serde_json::to_vec(self).map(Zeroizing::new).map_err(|e| Error::Internal(e.into()))
    }
}

/// Begins a source's document, in its transaction's organization.
pub(super) async fn insert(tx: &mut Tx, keys: &Keyring, source: WebhookId, kept: &Kept) -> Result<()> {
    let name = source.to_string();
    let data = secrets::latest(tx, keys).await?;
    let sql = Sql::new(
        "INSERT INTO adapter_values (source_id, organization_id, sealed_as, ciphertext, key_version)
         VALUES ($1, $2, $3, $4, $5)",
    )
    .bind(source)
    .bind(tx.access().organization())
    .bind(name.as_str())
    .bind(data.encrypt(&ADAPTERS, &name, &kept.plain()?)?)
    .bind(data.version);
    tx.execute(sql).await.map(drop)
}

/// A source's document of the transaction's organization, and which revision it is.
pub(super) async fn read(tx: &mut Tx, keys: &Keyring, source: WebhookId) -> Result<(Kept, i64)> {
    let scope = tx.access().scope_id()?;
    let sql = Sql::new(format!(
        "SELECT v.sealed_as, v.ciphertext, v.key_version, v.revision, {WRAPS} FROM adapter_values v
         JOIN data_keys d ON d.scope_id = v.scope_id AND d.version = v.key_version
         WHERE v.source_id = $1 AND v.scope_id = $2"
    ));
    let row = tx.optional(sql.bind(source).bind(scope)).await?.ok_or(Error::NotFound("webhook"))?;
    let data = DataKey::read(keys, scope, row.get("key_version")?, &secrets::wraps(&row)?)?;
    let plain =
        data.decrypt(&ADAPTERS, &row.get::<String>("sealed_as")?, &row.get::<Vec<u8>>("ciphertext")?)?;
    let kept = serde_json::from_slice(&plain).map_err(|e| Error::Internal(e.into()))?;
    Ok((kept, row.get("revision")?))
}

/// Writes a document over this revision; false when there is a newer one, and then nothing is
/// changed.
pub(super) async fn write(
    tx: &mut Tx,
    keys: &Keyring,
    source: WebhookId,
    kept: &Kept,
    revision: i64,
) -> Result<bool> {
    let data = secrets::latest(tx, keys).await?;
    let sql = Sql::new(
        "UPDATE adapter_values SET ciphertext = $3, key_version = $4, revision = revision + 1
         WHERE source_id = $1 AND revision = $2 AND scope_id = $5",
    )
    .bind(source)
    .bind(revision)
    .bind(data.encrypt(&ADAPTERS, &source.to_string(), &kept.plain()?)?)
    .bind(data.version)
    .bind(tx.access().scope_id()?);
    Ok(tx.execute(sql).await? == 1)
}
