//! Encryption of secrets before they touch the database. A master key wraps one data
//! key per scope; the data key encrypts values. Every ciphertext is bound to its scope,
//! its name and the data key's version, so that none can be moved elsewhere.

use crate::keyring::{Keyring, Wraps};
use crate::{Row, Sql, Tx, now};
use bifrost_core::{Error, Result};
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{Key, XChaCha20Poly1305, XNonce};
use uuid::Uuid;
use zeroize::Zeroizing;

/// Bytes of a key.
pub(crate) const KEY: usize = 32;
/// Bytes of a nonce; random ones never repeat at this length.
const NONCE: usize = 24;
/// How often the latest data key is looked up when it is replaced meanwhile.
const ATTEMPTS: usize = 5;

/// A table whose rows hold values that data keys encrypt; it has `scope_id`.
pub(crate) struct Sealed {
    pub table: &'static str,
    /// The column that names a row within its scope, as text.
    pub name: &'static str,
    pub ciphertext: &'static str,
    /// The column with the data key's version; NULL where nothing is encrypted.
    pub version: &'static str,
    /// Binds a ciphertext to this table.
    pub domain: &'static [u8; 16],
}

/// Settings of the type `secret`.
pub(crate) const CONFIG: Sealed = Sealed {
    table: "config",
    name: "key",
    ciphertext: "ciphertext",
    version: "key_version",
    domain: b"bifrost config 1",
};

/// The shared secret of a second factor.
pub(crate) const TOTP: Sealed = Sealed {
    table: "totp",
    name: "sealed_as",
    ciphertext: "ciphertext",
    version: "key_version",
    domain: b"bifrost totp   1",
};

/// Client secrets of OpenID providers.
pub(crate) const IDENTITY_PROVIDERS: Sealed = Sealed {
    table: "identity_providers",
    name: "sealed_as",
    ciphertext: "ciphertext",
    version: "key_version",
    domain: b"bifrost openid 1",
};

/// What senders of webhooks sign with.
pub(crate) const WEBHOOKS: Sealed = Sealed {
    table: "webhook_secrets",
    name: "sealed_as",
    ciphertext: "ciphertext",
    version: "key_version",
    domain: b"bifrost webhook1",
};

/// Secrets of integrations, and the tokens of their connections.
pub(crate) const INTEGRATIONS: Sealed = Sealed {
    table: "integration_secrets",
    name: "sealed_as",
    ciphertext: "ciphertext",
    version: "key_version",
    domain: b"bifrost integr 1",
};

/// What webhooks of notifications are signed with.
pub(crate) const NOTIFICATIONS: Sealed = Sealed {
    table: "notification_secrets",
    name: "sealed_as",
    ciphertext: "ciphertext",
    version: "key_version",
    domain: b"bifrost notify 1",
};

/// What adapters of webhooks were given and keep.
pub(crate) const ADAPTERS: Sealed = Sealed {
    table: "adapter_values",
    name: "sealed_as",
    ciphertext: "ciphertext",
    version: "key_version",
    domain: b"bifrost adapter1",
};

/// Every such table. Rotation re-encrypts what is listed here; a test compares it with
/// the database.
pub(crate) const SEALED: &[Sealed] =
    &[CONFIG, TOTP, IDENTITY_PROVIDERS, WEBHOOKS, INTEGRATIONS, NOTIFICATIONS, ADAPTERS];

/// The columns of a data key `d` that [`Wraps`] are read from.
pub(crate) const WRAPS: &str = "d.wrapped, d.key_id, d.next_wrapped, d.next_key_id";

/// One scope's data key, wiped when dropped.
pub(crate) struct DataKey {
    pub version: i64,
    scope: Uuid,
    key: Zeroizing<[u8; KEY]>,
}

impl DataKey {
    /// A new key for a scope, and its wrapped form for the database.
    pub fn generate(keys: &Keyring, scope: Uuid, version: i64) -> Result<(Self, Wraps)> {
        let data = Self { version, scope, key: random()? };
        let wraps = data.wrap(keys)?;
        Ok((data, wraps))
    }

    /// A key from the database. An error when this process has no master key that wrapped it.
    pub fn read(keys: &Keyring, scope: Uuid, version: i64, wraps: &Wraps) -> Result<Self> {
        let plain = keys.unwrap(wraps, &wrap_context(scope, version))?;
        let key = <[u8; KEY]>::try_from(plain.as_slice()).map(Zeroizing::new);
        let key = key.map_err(|_| Error::Internal(anyhow::anyhow!("a data key has the wrong length")))?;
        Ok(Self { version, scope, key })
    }

    /// Its wrapped form for the database, by the master keys of today.
    pub fn wrap(&self, keys: &Keyring) -> Result<Wraps> {
        keys.wrap(self.key.as_slice(), &wrap_context(self.scope, self.version))
    }

    pub fn encrypt(&self, place: &Sealed, name: &str, plain: &[u8]) -> Result<Vec<u8>> {
        seal(&self.key, plain, &self.context(place, name))
    }

    pub fn decrypt(&self, place: &Sealed, name: &str, ciphertext: &[u8]) -> Result<Zeroizing<Vec<u8>>> {
        open(&self.key, ciphertext, &self.context(place, name))
    }

    fn context(&self, place: &Sealed, name: &str) -> Vec<u8> {
        context(place.domain, self.scope, self.version, name)
    }
}

/// The [`Wraps`] in a row that has the columns of [`WRAPS`].
pub(crate) fn wraps(row: &Row) -> Result<Wraps> {
    let next = row.opt("next_wrapped")?.zip(row.opt("next_key_id")?);
    Ok(Wraps { first: (row.get("wrapped")?, row.opt("key_id")?), next })
}

/// The latest data key of the transaction's scope, made at first use. Until the
/// transaction ends, rotation does not take it away.
pub(crate) async fn latest(tx: &mut Tx, keys: &Keyring) -> Result<DataKey> {
    let scope = tx.access().scope_id()?;
    let latest = Sql::new(format!(
        "SELECT d.version, {WRAPS} FROM data_keys d WHERE d.scope_id = $1 ORDER BY d.version DESC LIMIT 1{}",
        tx.engine().for_share()
    ))
    .bind(scope);
    for _ in 0..ATTEMPTS {
        if let Some(row) = tx.optional(latest.clone()).await? {
            return DataKey::read(keys, scope, row.get("version")?, &wraps(&row)?);
        }
        // None yet; or the latest was replaced and deleted before it could be locked.
        let found = Sql::new("SELECT COUNT(*) AS n FROM data_keys WHERE scope_id = $1").bind(scope);
        if tx.one(found).await?.get::<i64>("n")? == 0 {
            insert(tx, &DataKey::generate(keys, scope, 1)?).await?;
        }
    }
    Err(Error::Busy("data keys"))
}

/// Adds a data key to the transaction's scope, unless another transaction was first.
pub(crate) async fn insert(tx: &mut Tx, (data, wraps): &(DataKey, Wraps)) -> Result<()> {
    let (next_wrapped, next_id) = wraps.next.clone().unzip();
    let sql = Sql::new(
        "INSERT INTO data_keys (organization_id, version, wrapped, key_id, next_wrapped, next_key_id, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (scope_id, version) DO NOTHING",
    )
    .bind(tx.access().organization())
    .bind(data.version)
    .bind(wraps.first.0.clone())
    .bind(wraps.first.1.clone())
    .bind(next_wrapped)
    .bind(next_id)
    .bind(now());
    tx.execute(sql).await.map(drop)
}

fn wrap_context(scope: Uuid, version: i64) -> Vec<u8> {
    context(b"bifrost data key", scope, version, "")
}

/// Fixed-length parts first, so that no two contexts are the same bytes.
fn context(domain: &[u8; 16], scope: Uuid, version: i64, name: &str) -> Vec<u8> {
    [domain.as_slice(), scope.as_bytes(), &version.to_le_bytes(), name.as_bytes()].concat()
}

pub(crate) fn random<const N: usize>() -> Result<Zeroizing<[u8; N]>> {
    let mut bytes = Zeroizing::new([0u8; N]);
    getrandom::fill(bytes.as_mut_slice())
        .map_err(|e| Error::Internal(anyhow::anyhow!("no randomness: {e}")))?;
    Ok(bytes)
}

pub(crate) fn seal(key: &[u8; KEY], plain: &[u8], context: &[u8]) -> Result<Vec<u8>> {
    let nonce = random::<NONCE>()?;
    let sealed = XChaCha20Poly1305::new(Key::from_slice(key))
        .encrypt(XNonce::from_slice(nonce.as_slice()), Payload { msg: plain, aad: context })
        .map_err(|_| Error::Internal(anyhow::anyhow!("encryption failed")))?;
    Ok([nonce.as_slice(), &sealed].concat())
}

pub(crate) fn open(key: &[u8; KEY], sealed: &[u8], context: &[u8]) -> Result<Zeroizing<Vec<u8>>> {
    let opened = sealed.split_at_checked(NONCE).and_then(|(nonce, body)| {
        XChaCha20Poly1305::new(Key::from_slice(key))
            .decrypt(XNonce::from_slice(nonce), Payload { msg: body, aad: context })
            .ok()
    });
    opened.map(Zeroizing::new).ok_or_else(|| {
        Error::Internal(anyhow::anyhow!("a secret cannot be decrypted: another master key, or a changed row"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ciphertext_is_bound_to_its_place() {
        let keys = Keyring::from_bytes([7; KEY]);
        let (scope, other) = (Uuid::now_v7(), Uuid::now_v7());
        let (data, wraps) = DataKey::generate(&keys, scope, 1).expect("key");
        let sealed = data.encrypt(&CONFIG, "token", b"s3cret").expect("encrypts");
        assert!(!sealed.windows(6).any(|w| w == b"s3cret"));
        let again = DataKey::read(&keys, scope, 1, &wraps).expect("unwraps");
        assert_eq!(again.decrypt(&CONFIG, "token", &sealed).expect("decrypts").as_slice(), b"s3cret");
        assert!(again.decrypt(&CONFIG, "other", &sealed).is_err());
        let elsewhere = Sealed { domain: b"another table 1 ", ..CONFIG };
        assert!(again.decrypt(&elsewhere, "token", &sealed).is_err());
        assert!(DataKey::read(&keys, other, 1, &wraps).is_err());
        assert!(DataKey::read(&keys, scope, 2, &wraps).is_err());
        assert!(DataKey::read(&Keyring::from_bytes([8; KEY]), scope, 1, &wraps).is_err());
        let mut changed = sealed;
        *changed.last_mut().expect("bytes") ^= 1;
        assert!(again.decrypt(&CONFIG, "token", &changed).is_err());
        assert!(again.decrypt(&CONFIG, "token", &[1, 2, 3]).is_err());
    }
}
