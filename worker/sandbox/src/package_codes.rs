//! Code objects of the files of packages: made once for each content, kept in memory and in
//! the cache, and shared by all workspaces of a process.
//!
//! As with the workspace's own files, each is made by an interpreter that has read nothing but
//! that file (see [`crate::codes`]).

use crate::cache::Cache;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

/// What one process keeps in memory, in bytes; about 200 packages.
const KEPT_BYTES: usize = 96 << 20;

type Code = Arc<[u8]>;

/// Code objects by part (the hash of a wheel) and path. An empty one says that the file has none
/// worth keeping.
pub(crate) struct PackageCodes {
    cache: Cache,
    fingerprint: String,
    parts: Mutex<Parts>,
}

#[derive(Default)]
struct Parts {
    codes: BTreeMap<String, BTreeMap<String, Code>>,
    bytes: usize,
    /// Parts with code objects that the cache does not have.
    changed: BTreeSet<String>,
}

impl PackageCodes {
    /// Code objects for the base with this fingerprint.
    pub fn new(cache: Cache, fingerprint: String) -> Arc<Self> {
        Arc::new(Self { cache, fingerprint, parts: Mutex::default() })
    }

    fn parts(&self) -> std::sync::MutexGuard<'_, Parts> {
        self.parts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The code object of a file, if it was ever made.
    pub fn get(&self, part: &str, path: &str) -> Option<Code> {
        let mut parts = self.parts();
        if !parts.codes.contains_key(part) {
            let read = self.read(part);
            parts.bytes += size(&read);
            if parts.bytes > KEPT_BYTES {
                // What was changed and is not saved is made again.
                *parts = Parts { bytes: size(&read), ..Parts::default() };
            }
            parts.codes.insert(part.to_owned(), read);
        }
        parts.codes.get(part)?.get(path).cloned()
    }

    /// Keeps a code object that was made.
    pub fn put(&self, part: &str, path: &str, code: Code) {
        let mut parts = self.parts();
        parts.bytes += code.len() + path.len();
        parts.changed.insert(part.to_owned());
        parts.codes.entry(part.to_owned()).or_default().insert(path.to_owned(), code);
    }

    /// Writes what was made to the cache. Failing is no harm: it is made again then.
    pub fn save(&self) {
        let changed: Vec<_> = {
            let mut parts = self.parts();
            let changed = std::mem::take(&mut parts.changed);
            changed.into_iter().filter_map(|part| Some((parts.codes.get(&part)?.clone(), part))).collect()
        };
        for (mut codes, part) in changed {
            // Another process may have made others meanwhile.
            for (path, code) in self.read(&part) {
                codes.entry(path).or_insert(code);
            }
            let codes: BTreeMap<&str, &[u8]> =
                codes.iter().map(|(path, code)| (path.as_str(), &**code)).collect();
            let saved = postcard::to_stdvec(&codes).map_err(anyhow::Error::from);
            if let Err(error) = saved.and_then(|bytes| self.cache.put(&self.name(&part), &bytes)) {
                tracing::warn!("code objects of a package were not kept: {error:#}");
            }
        }
    }

    fn read(&self, part: &str) -> BTreeMap<String, Code> {
        let path = self.cache.get(&self.name(part));
        let bytes = path.and_then(|path| std::fs::read(path).ok());
        let codes: Option<BTreeMap<String, Vec<u8>>> =
            bytes.and_then(|bytes| postcard::from_bytes(&bytes).ok());
        codes.unwrap_or_default().into_iter().map(|(path, code)| (path, code.into())).collect()
    }

    fn name(&self, part: &str) -> String {
        format!("codes-{}-{part}", self.fingerprint)
    }
}

fn size(codes: &BTreeMap<String, Code>) -> usize {
    codes.iter().map(|(path, code)| path.len() + code.len()).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_one_process_made_another_finds() {
        let folder = tempfile::tempdir().expect("folder");
        let open = || PackageCodes::new(Cache::open(folder.path()).expect("cache"), "base".into());
        let (one, two) = (open(), open());
        assert_eq!(one.get("part", "a.py"), None);
        one.put("part", "a.py", b"a".as_slice().into());
        one.save();
        two.put("part", "b.py", b"b".as_slice().into());
        two.save();
        let three = open();
        assert_eq!(three.get("part", "a.py").as_deref(), Some(b"a".as_slice()));
        assert_eq!(three.get("part", "b.py").as_deref(), Some(b"b".as_slice()));
        assert_eq!(three.get("other", "a.py"), None);
    }
}
