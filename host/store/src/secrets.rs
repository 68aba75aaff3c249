//! Encryption of secrets before they touch the database. The master key wraps one data
//! key per scope; the data key encrypts values. Every ciphertext is bound to its scope,
//! its key's name and the data key's version, so that none can be moved elsewhere.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bifrost_core::{Error, Result};
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{Key, XChaCha20Poly1305, XNonce};
use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use uuid::Uuid;
use zeroize::Zeroizing;

/// Environment variable with the master key: base64 of 32 bytes.
pub const MASTER_KEY_VARIABLE: &str = "BIFROST_MASTER_KEY";
/// File in the data directory that holds the master key otherwise.
pub const MASTER_KEY_FILE: &str = "master.key";
/// Bytes of a key.
const KEY: usize = 32;
/// Bytes of a nonce; random ones never repeat at this length.
const NONCE: usize = 24;

/// The master key, wiped from memory with its last clone.
#[derive(Clone)]
pub struct Keyring(Arc<Zeroizing<[u8; KEY]>>);

/// One scope's data key, wiped when dropped.
pub(crate) struct DataKey {
    pub(crate) version: i64,
    scope: Uuid,
    key: Zeroizing<[u8; KEY]>,
}

impl Keyring {
    /// From [`MASTER_KEY_VARIABLE`], else from [`MASTER_KEY_FILE`] in `data_dir`, which
    /// is made (readable by its owner only) when it is missing.
    pub fn load(data_dir: &Path) -> Result<Self> {
        if let Ok(text) = std::env::var(MASTER_KEY_VARIABLE) {
            return Self::parse(&Zeroizing::new(text), MASTER_KEY_VARIABLE);
        }
        let path = data_dir.join(MASTER_KEY_FILE);
        match std::fs::read_to_string(&path) {
            Ok(text) => Self::parse(&Zeroizing::new(text), &path.display().to_string()),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Self::create(&path),
            Err(error) => Err(Error::Internal(anyhow::anyhow!("{}: {error}", path.display()))),
        }
    }

    /// From base64 of 32 bytes.
    ///
    /// # Errors
    /// When it is not that.
    pub fn of(text: &str) -> Result<Self> {
        Self::parse(text, MASTER_KEY_VARIABLE)
    }

    /// From the key itself.
    pub fn from_bytes(key: [u8; KEY]) -> Self {
        Self(Arc::new(Zeroizing::new(key)))
    }

    fn parse(text: &str, origin: &str) -> Result<Self> {
        let bytes = STANDARD.decode(text.trim()).map(Zeroizing::new).ok();
        let key = bytes.and_then(|b| <[u8; KEY]>::try_from(b.as_slice()).ok());
        key.map(Self::from_bytes)
            .ok_or_else(|| Error::invalid(origin, format!("expected base64 of {KEY} bytes")))
    }

    fn create(path: &Path) -> Result<Self> {
        let key = random::<KEY>()?;
        let text = Zeroizing::new(STANDARD.encode(key.as_slice()));
        let mut options = std::fs::OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let written = options.open(path).and_then(|mut file| {
            file.write_all(text.as_bytes())?;
            file.sync_all()
        });
        written.map_err(|e| Error::Internal(anyhow::anyhow!("{}: {e}", path.display())))?;
        Ok(Self(Arc::new(key)))
    }

    /// A new data key for a scope, and its wrapped form for the database.
    pub(crate) fn new_data_key(&self, scope: Uuid, version: i64) -> Result<(DataKey, Vec<u8>)> {
        let data = DataKey { version, scope, key: random()? };
        let wrapped = seal(&self.0, data.key.as_slice(), &wrap_context(scope, version))?;
        Ok((data, wrapped))
    }

    /// A data key from the database. An error when the master key is not the one that
    /// wrapped it.
    pub(crate) fn unwrap(&self, scope: Uuid, version: i64, wrapped: &[u8]) -> Result<DataKey> {
        let plain = open(&self.0, wrapped, &wrap_context(scope, version))?;
        let key = <[u8; KEY]>::try_from(plain.as_slice()).map(Zeroizing::new);
        let key = key.map_err(|_| Error::Internal(anyhow::anyhow!("a data key has the wrong length")))?;
        Ok(DataKey { version, scope, key })
    }
}

impl DataKey {
    pub(crate) fn encrypt(&self, name: &str, plain: &[u8]) -> Result<Vec<u8>> {
        seal(&self.key, plain, &self.context(name))
    }

    pub(crate) fn decrypt(&self, name: &str, ciphertext: &[u8]) -> Result<Zeroizing<Vec<u8>>> {
        open(&self.key, ciphertext, &self.context(name))
    }

    fn context(&self, name: &str) -> Vec<u8> {
        context(b"bifrost config 1", self.scope, self.version, name)
    }
}

fn wrap_context(scope: Uuid, version: i64) -> Vec<u8> {
    context(b"bifrost data key", scope, version, "")
}

/// Fixed-length parts first, so that no two contexts are the same bytes.
fn context(domain: &[u8; 16], scope: Uuid, version: i64, name: &str) -> Vec<u8> {
    [domain.as_slice(), scope.as_bytes(), &version.to_le_bytes(), name.as_bytes()].concat()
}

fn random<const N: usize>() -> Result<Zeroizing<[u8; N]>> {
    let mut bytes = Zeroizing::new([0u8; N]);
    getrandom::fill(bytes.as_mut_slice())
        .map_err(|e| Error::Internal(anyhow::anyhow!("no randomness: {e}")))?;
    Ok(bytes)
}

fn seal(key: &[u8; KEY], plain: &[u8], context: &[u8]) -> Result<Vec<u8>> {
    let nonce = random::<NONCE>()?;
    let sealed = XChaCha20Poly1305::new(Key::from_slice(key))
        .encrypt(XNonce::from_slice(nonce.as_slice()), Payload { msg: plain, aad: context })
        .map_err(|_| Error::Internal(anyhow::anyhow!("encryption failed")))?;
    Ok([nonce.as_slice(), &sealed].concat())
}

fn open(key: &[u8; KEY], sealed: &[u8], context: &[u8]) -> Result<Zeroizing<Vec<u8>>> {
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
        let (data, wrapped) = keys.new_data_key(scope, 1).expect("key");
        let sealed = data.encrypt("token", b"s3cret").expect("encrypts");
        assert!(!sealed.windows(6).any(|w| w == b"s3cret"));
        let again = keys.unwrap(scope, 1, &wrapped).expect("unwraps");
        assert_eq!(again.decrypt("token", &sealed).expect("decrypts").as_slice(), b"s3cret");
        assert!(again.decrypt("other", &sealed).is_err());
        assert!(keys.unwrap(other, 1, &wrapped).is_err());
        assert!(keys.unwrap(scope, 2, &wrapped).is_err());
        assert!(Keyring::from_bytes([8; KEY]).unwrap(scope, 1, &wrapped).is_err());
        let mut changed = sealed;
        *changed.last_mut().expect("bytes") ^= 1;
        assert!(again.decrypt("token", &changed).is_err());
        assert!(again.decrypt("token", &[1, 2, 3]).is_err());
    }
}
