//! Wheels on disk, by what they hash to: written once, never changed, shared by all workspaces.

use crate::index::hex;
use sha2::{Digest, Sha256};
use std::io::Write;
use std::path::{Path, PathBuf};

/// A folder of wheels.
#[derive(Clone, Debug)]
pub struct Store {
    folder: PathBuf,
}

impl Store {
    /// Over this folder, which is made when it is first written to.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self { folder: folder.into() }
    }

    /// The wheels beside what else is kept in this folder of caches.
    pub fn beside(cache: &Path) -> Self {
        Self::new(cache.join("wheels"))
    }

    /// Where it is.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// A wheel with this hash. One that is damaged is not there.
    pub fn get(&self, sha256: &str) -> Option<Vec<u8>> {
        let bytes = std::fs::read(self.path(sha256)?).ok()?;
        (hex(&Sha256::digest(&bytes)) == sha256).then_some(bytes)
    }

    /// True when there is a file for this hash.
    pub fn has(&self, sha256: &str) -> bool {
        self.path(sha256).is_some_and(|path| path.exists())
    }

    /// Keeps a wheel under its hash.
    ///
    /// # Errors
    /// When the folder cannot be written, or this is not the content's hash.
    pub fn put(&self, sha256: &str, bytes: &[u8]) -> anyhow::Result<()> {
        let path = self.path(sha256).filter(|_| hex(&Sha256::digest(bytes)) == sha256);
        let path =
            path.ok_or_else(|| anyhow::anyhow!("`{}` is not the hash of the wheel", sha256.escape_debug()))?;
        std::fs::create_dir_all(&self.folder)?;
        let mut file = tempfile::NamedTempFile::new_in(&self.folder)?;
        file.write_all(bytes)?;
        file.as_file().sync_data()?;
        file.persist(path)?;
        Ok(())
    }

    fn path(&self, sha256: &str) -> Option<PathBuf> {
        let is_hash =
            sha256.len() == 64 && sha256.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        is_hash.then(|| self.folder.join(format!("{sha256}.whl")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wheel_is_what_its_hash_says() {
        let folder = tempfile::tempdir().expect("folder");
        let store = Store::new(folder.path().join("wheels"));
        let hash = hex(&Sha256::digest(b"wheel"));
        assert_eq!(store.get(&hash), None);
        store.put(&hash, b"wheel").expect("put");
        store.put(&hash, b"wheel").expect("again");
        assert_eq!(store.get(&hash).as_deref(), Some(&b"wheel"[..]));
        assert!(store.put(&hash, b"another").is_err());
        for name in ["", "../../etc/passwd", &hash.to_uppercase()] {
            assert!(
                store.put(name, b"wheel").is_err() && store.get(name).is_none() && !store.has(name),
                "{name}"
            );
        }
        std::fs::write(store.folder().join(format!("{hash}.whl")), b"forged").expect("write");
        assert_eq!(store.get(&hash), None, "what was changed is not there");
    }
}
