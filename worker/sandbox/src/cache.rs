//! Native code on disk. Entries are immutable (written aside, then renamed, because a
//! mapped file that changes is a crash) and authenticated (loading native code that
//! somebody else wrote would be an escape).

use anyhow::{Context, Result};
use std::io::Write;
use std::path::{Path, PathBuf};

/// A folder of compiled modules and components.
#[derive(Clone)]
pub struct Cache {
    folder: PathBuf,
    key: [u8; 32],
}

impl Cache {
    /// Opens or creates the folder and its key, both for this user alone.
    ///
    /// # Errors
    /// When the folder cannot be written or the key file is damaged.
    pub fn open(folder: impl Into<PathBuf>) -> Result<Self> {
        let folder = folder.into();
        std::fs::create_dir_all(&folder).with_context(|| format!("cannot create {}", folder.display()))?;
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(0o700))?;
        }
        let path = folder.join("cache.key");
        if !path.exists() {
            let mut key = [0; 32];
            getrandom::fill(&mut key).map_err(|e| anyhow::anyhow!("no randomness: {e}"))?;
            // Two processes may race here; the first link wins and both read it.
            let mut file = tempfile(&folder)?;
            file.1.write_all(&key)?;
            file.1.sync_all()?;
            let _ = std::fs::hard_link(&file.0, &path);
            std::fs::remove_file(&file.0)?;
        }
        let key = std::fs::read(&path)?;
        let key = key.try_into().ok().with_context(|| format!("{} is damaged; delete it", path.display()))?;
        Ok(Self { folder, key })
    }

    /// The path of an entry whose content is authentic, made with `compile` if need be.
    /// A damaged or forged entry is replaced.
    pub fn entry(&self, name: &str, compile: impl FnOnce() -> Result<Vec<u8>>) -> Result<PathBuf> {
        match self.get(name) {
            Some(path) => Ok(path),
            None => self.put(name, &compile()?),
        }
    }

    /// The path of an entry, if it is there and authentic.
    pub fn get(&self, name: &str) -> Option<PathBuf> {
        let path = self.folder.join(name).with_extension("cwasm");
        let content = std::fs::read(&path).ok()?;
        let sealed = std::fs::read(path.with_extension("seal")).ok()?;
        if self.seal(name, &content) == sealed.as_slice() {
            return Some(path);
        }
        tracing::warn!(entry = name, "cache entry is not authentic; it will be made again");
        None
    }

    /// Writes an entry.
    pub fn put(&self, name: &str, content: &[u8]) -> Result<PathBuf> {
        let path = self.folder.join(name).with_extension("cwasm");
        self.write(&path.with_extension("seal"), &self.seal(name, content))?;
        self.write(&path, content)?;
        Ok(path)
    }

    fn seal(&self, name: &str, content: &[u8]) -> [u8; 32] {
        let mut hasher = blake3::Hasher::new_keyed(&self.key);
        hasher.update(&(name.len() as u64).to_le_bytes());
        hasher.update(name.as_bytes());
        hasher.update(content);
        hasher.finalize().into()
    }

    fn write(&self, path: &Path, content: &[u8]) -> Result<()> {
        let (temporary, mut file) = tempfile(&self.folder)?;
        file.write_all(content)?;
        drop(file);
        std::fs::rename(&temporary, path).with_context(|| format!("cannot write {}", path.display()))
    }
}

fn tempfile(folder: &Path) -> Result<(PathBuf, std::fs::File)> {
    let mut random = [0; 8];
    getrandom::fill(&mut random).map_err(|e| anyhow::anyhow!("no randomness: {e}"))?;
    let path = folder.join(format!(".{:016x}", u64::from_le_bytes(random)));
    let file = std::fs::OpenOptions::new().write(true).create_new(true).open(&path)?;
    Ok((path, file))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_forged_entry_is_compiled_again() {
        let folder = ::tempfile::tempdir().expect("folder");
        let cache = Cache::open(folder.path()).expect("cache");
        let path = cache.entry("code", || Ok(b"native".to_vec())).expect("entry");
        cache.entry("code", || unreachable!("it is cached")).expect("entry");
        std::fs::write(&path, b"forged").expect("write");
        let path = cache.entry("code", || Ok(b"native".to_vec())).expect("entry");
        assert_eq!(std::fs::read(path).expect("read"), b"native");
    }

    #[test]
    fn an_entry_does_not_pass_for_another() {
        let folder = ::tempfile::tempdir().expect("folder");
        let cache = Cache::open(folder.path()).expect("cache");
        let one = cache.entry("one", || Ok(b"1".to_vec())).expect("entry");
        std::fs::copy(&one, one.with_file_name("two.cwasm")).expect("copy");
        std::fs::copy(one.with_extension("seal"), one.with_file_name("two.seal")).expect("copy");
        let two = cache.entry("two", || Ok(b"2".to_vec())).expect("entry");
        assert_eq!(std::fs::read(two).expect("read"), b"2");
    }
}
