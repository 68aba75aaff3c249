//! The master keys of a process. The first one wraps data keys; the others are there to
//! read what was wrapped before, while all processes change over to the first.

use crate::audit::hex;
use crate::secrets::{KEY, open, random, seal};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use bifrost_core::{Error, Result};
use sha2::{Digest, Sha256};
use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use zeroize::Zeroizing;

/// Environment variable with the master keys, each base64 of 32 bytes, the one that is to
/// be used first; separated by commas or white space.
pub const MASTER_KEY_VARIABLE: &str = "BIFROST_MASTER_KEY";
/// File in the data directory that holds the master keys otherwise, one a line.
pub const MASTER_KEY_FILE: &str = "master.key";

/// Master keys, wiped from memory with their last clone.
#[derive(Clone)]
pub struct Keyring(Arc<[MasterKey]>);

struct MasterKey {
    /// Names the key in the database and in status; tells nothing of it.
    id: String,
    key: Zeroizing<[u8; KEY]>,
}

impl MasterKey {
    fn new(key: Zeroizing<[u8; KEY]>) -> Self {
        let hash = Sha256::new().chain_update(b"bifrost master key ").chain_update(key.as_slice()).finalize();
        Self { id: hex(&hash[..8]), key }
    }
}

/// A data key as it is kept: wrapped by a master key, and during a change by the next one
/// too, so that processes with either can read it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Wraps {
    /// The first, and the id of its master key where it is known.
    pub first: (Vec<u8>, Option<String>),
    /// The second.
    pub next: Option<(Vec<u8>, String)>,
}

impl Wraps {
    /// True when the key of this id is enough to read it.
    pub fn has(&self, id: &str) -> bool {
        self.first.1.as_deref() == Some(id) || self.next.as_ref().is_some_and(|(_, next)| next == id)
    }
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
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                let key = random()?;
                write(&path, &text_of(&key))?;
                Ok(Self(Arc::new([MasterKey::new(key)])))
            }
            Err(error) => Err(failed(&path, &error)),
        }
    }

    /// From one or more keys in base64.
    ///
    /// # Errors
    /// When it is not that.
    pub fn of(text: &str) -> Result<Self> {
        Self::parse(text, MASTER_KEY_VARIABLE)
    }

    /// From one key itself.
    pub fn from_bytes(key: [u8; KEY]) -> Self {
        Self(Arc::new([MasterKey::new(Zeroizing::new(key))]))
    }

    /// This keyring with another's keys behind its own.
    #[must_use]
    pub fn with_previous(&self, previous: &Self) -> Self {
        let keys = self.0.iter().chain(previous.0.iter());
        Self(keys.map(|one| MasterKey::new(one.key.clone())).collect())
    }

    /// Puts a new key first in the file of `data_dir`; answers its id.
    ///
    /// # Errors
    /// When there is no such file: keys from the environment are changed there.
    pub fn add_to_file(data_dir: &Path) -> Result<String> {
        let path = data_dir.join(MASTER_KEY_FILE);
        let old = std::fs::read_to_string(&path).map(Zeroizing::new);
        let old = old.map_err(|error| Error::invalid(path.display().to_string(), error.to_string()))?;
        Self::parse(&old, &path.display().to_string())?;
        let key = random()?;
        let both = Zeroizing::new(format!("{}\n{}", text_of(&key).as_str(), old.as_str()));
        let next = path.with_extension("key.new");
        // What an earlier attempt may have left.
        let _ = std::fs::remove_file(&next);
        write(&next, &both)?;
        std::fs::rename(&next, &path).map_err(|e| failed(&path, &e))?;
        Ok(MasterKey::new(key).id)
    }

    /// The ids of all keys; the first is in use.
    pub fn ids(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|key| key.id.as_str())
    }

    /// The id of the key that is in use.
    pub fn first_id(&self) -> &str {
        &self.0[0].id
    }

    fn parse(text: &str, origin: &str) -> Result<Self> {
        let wrong = || Error::invalid(origin, format!("expected base64 of {KEY} bytes, once for each key"));
        let one = |text: &str| {
            let bytes = STANDARD.decode(text).map(Zeroizing::new).map_err(|_| wrong())?;
            let key = <[u8; KEY]>::try_from(bytes.as_slice()).map_err(|_| wrong())?;
            Ok(MasterKey::new(Zeroizing::new(key)))
        };
        let parts = text.split(|c: char| c == ',' || c.is_whitespace()).filter(|part| !part.is_empty());
        let keys: Arc<[MasterKey]> = parts.map(one).collect::<Result<_>>()?;
        if keys.is_empty() { Err(wrong()) } else { Ok(Self(keys)) }
    }

    /// Seals a text for this installation's processes, as one that can stand in an address. Of two
    /// keys the older one does it: a process that has not heard of the newer one can then read it.
    pub(crate) fn seal_token(&self, plain: &[u8], context: &[u8]) -> Result<String> {
        let key = self.0.get(1).unwrap_or(&self.0[0]);
        Ok(URL_SAFE_NO_PAD.encode(seal(&key.key, plain, context)?))
    }

    /// What was sealed by one of these keys in this context; `None` for everything else.
    pub(crate) fn open_token(&self, token: &str, context: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        let sealed = URL_SAFE_NO_PAD.decode(token).ok()?;
        self.0.iter().find_map(|key| open(&key.key, &sealed, context).ok())
    }

    /// Wraps a data key by the key in use, and by the one before it while there is one: a
    /// process that has not heard of the new key can then read it.
    pub(crate) fn wrap(&self, data: &[u8], context: &[u8]) -> Result<Wraps> {
        let one = |key: &MasterKey| Ok::<_, Error>((seal(&key.key, data, context)?, key.id.clone()));
        let newest = one(&self.0[0])?;
        match self.0.get(1) {
            None => Ok(Wraps { first: (newest.0, Some(newest.1)), next: None }),
            Some(before) => {
                let (wrapped, id) = one(before)?;
                Ok(Wraps { first: (wrapped, Some(id)), next: Some(newest) })
            }
        }
    }

    /// A data key as it was before it was wrapped. An error when none of this process's
    /// keys wrapped it, or the row was changed.
    pub(crate) fn unwrap(&self, wraps: &Wraps, context: &[u8]) -> Result<Zeroizing<Vec<u8>>> {
        let (first, next) = (&wraps.first, wraps.next.as_ref());
        let kept =
            [Some((&first.0, first.1.as_deref())), next.map(|(wrapped, id)| (wrapped, Some(id.as_str())))];
        for (wrapped, id) in kept.into_iter().flatten() {
            for key in self.0.iter().filter(|key| id.is_none_or(|id| id == key.id)) {
                if let Ok(data) = open(&key.key, wrapped, context) {
                    return Ok(data);
                }
            }
        }
        let known: Vec<_> = self.ids().collect();
        Err(Error::Internal(anyhow::anyhow!(
            "a data key cannot be read: wrapped by master key {}, this process has {}; or its row was changed",
            wraps.next.as_ref().map(|(_, id)| id).or(first.1.as_ref()).map_or("unknown", String::as_str),
            known.join(", ")
        )))
    }
}

fn text_of(key: &Zeroizing<[u8; KEY]>) -> Zeroizing<String> {
    Zeroizing::new(STANDARD.encode(key.as_slice()))
}

fn failed(path: &Path, error: &std::io::Error) -> Error {
    Error::Internal(anyhow::anyhow!("{}: {error}", path.display()))
}

/// Writes a file that is new and readable by its owner only, and waits until it is durable.
fn write(path: &Path, text: &str) -> Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let written = options.open(path).and_then(|mut file| {
        file.write_all(text.as_bytes())?;
        file.sync_all()
    });
    written.map_err(|error| failed(path, &error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_of_a_change_reads_what_is_wrapped_during_it() {
        let (old, new) = (Keyring::from_bytes([1; KEY]), Keyring::from_bytes([2; KEY]));
        let both = new.with_previous(&old);
        assert_eq!(both.first_id(), new.first_id());
        assert_ne!(old.first_id(), new.first_id());
        let wraps = both.wrap(b"data", b"here").expect("wraps");
        for ring in [&old, &new, &both] {
            assert_eq!(ring.unwrap(&wraps, b"here").expect("unwraps").as_slice(), b"data");
            assert!(ring.unwrap(&wraps, b"there").is_err());
        }
        let error = Keyring::from_bytes([3; KEY]).unwrap(&wraps, b"here").expect_err("another key");
        assert!(format!("{error:#}").contains(new.first_id()), "{error:#}");
        // A row of before keys had ids.
        let mut unnamed = old.wrap(b"data", b"here").expect("wraps");
        unnamed.first.1 = None;
        assert!(both.unwrap(&unnamed, b"here").is_ok());
        assert!(new.unwrap(&unnamed, b"here").is_err());
    }

    #[test]
    fn keys_are_read_from_text() {
        let text = |byte: u8| STANDARD.encode([byte; KEY]);
        let two = Keyring::of(&format!(" {}\n{}\n", text(2), text(1))).expect("two");
        assert_eq!(two.ids().count(), 2);
        assert_eq!(two.first_id(), Keyring::from_bytes([2; KEY]).first_id());
        assert_eq!(Keyring::of(&[text(1), text(2)].join(",")).expect("two").ids().count(), 2);
        for wrong in ["", " ", "short", &format!("{} short", text(1))] {
            assert!(Keyring::of(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_new_key_comes_first_in_the_file() {
        let folder = tempfile::tempdir().expect("folder");
        assert!(Keyring::add_to_file(folder.path()).is_err(), "there is no file");
        let old = Keyring::load(folder.path()).expect("made");
        let id = Keyring::add_to_file(folder.path()).expect("added");
        let both = Keyring::load(folder.path()).expect("read");
        assert_eq!(both.ids().collect::<Vec<_>>(), [id.as_str(), old.first_id()]);
    }
}
