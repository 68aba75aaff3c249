//! What a version of a workspace is made of: its files and its locked packages, and their
//! identity by content.

use crate::{Error, Result};
use anyhow::Context;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A package of a version: the wheel that it was built with, and is built with again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Package {
    /// Its name, normalized.
    pub name: String,
    /// Its version.
    pub version: String,
    /// SHA-256 of its wheel, in hex.
    pub sha256: String,
    /// Size of its wheel, in bytes.
    pub size: u64,
}

/// The files of a workspace, and the packages that it is locked to.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Source {
    /// Path relative to the workspace, `/` between parts, to content.
    files: BTreeMap<String, Vec<u8>>,
    bytes: usize,
    /// By name.
    packages: Vec<Package>,
}

impl Source {
    /// Largest number of files. A generated SDK has some thousand.
    pub const MAX_FILES: usize = 20_000;
    /// Largest size of all files together, in bytes.
    pub const MAX_BYTES: usize = 64 << 20;
    /// Largest length of a path, in bytes.
    pub const MAX_PATH: usize = 512;

    /// Adds a file. The path must be relative and plain: no `..`, no empty part, no
    /// backslash, no control character.
    pub fn insert(&mut self, path: impl Into<String>, content: Vec<u8>) -> Result<()> {
        let path = path.into();
        let plain = !path.is_empty()
            && path.len() <= Self::MAX_PATH
            && !path.contains('\\')
            && !path.chars().any(char::is_control)
            && path.split('/').all(|part| !part.is_empty() && part != "." && part != "..");
        if !plain {
            return Err(Error::invalid(
                "files",
                format!(
                    "`{}` is not a plain relative path of at most {} bytes",
                    path.escape_debug(),
                    Self::MAX_PATH
                ),
            ));
        }
        self.bytes += content.len();
        self.bytes -= self.files.insert(path, content).map_or(0, |old| old.len());
        if self.files.len() > Self::MAX_FILES {
            return Err(Error::invalid("files", format!("more than {} files", Self::MAX_FILES)));
        }
        if self.bytes > Self::MAX_BYTES {
            return Err(Error::invalid("files", format!("more than {} bytes in all", Self::MAX_BYTES)));
        }
        Ok(())
    }

    /// All files by path.
    pub fn files(&self) -> &BTreeMap<String, Vec<u8>> {
        &self.files
    }

    /// Size of all files together, in bytes.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// The packages that it is locked to, by name.
    pub fn packages(&self) -> &[Package] {
        &self.packages
    }

    /// Locks it to these packages.
    pub fn lock(&mut self, mut packages: Vec<Package>) {
        packages.sort_by(|a, b| a.name.cmp(&b.name));
        self.packages = packages;
    }

    /// Size of its files and of the wheels of its packages, in bytes.
    pub fn weight(&self) -> usize {
        let wheels = self.packages.iter().map(|package| usize::try_from(package.size).unwrap_or(usize::MAX));
        wheels.fold(self.bytes, usize::saturating_add)
    }

    /// As it is stored.
    ///
    /// # Errors
    /// None that is known.
    pub fn encode(&self) -> Result<Vec<u8>> {
        let mut bytes = postcard::to_stdvec(&(&self.files, self.bytes)).context("encoding a source")?;
        if !self.packages.is_empty() {
            bytes.extend(postcard::to_stdvec(&self.packages).context("encoding a lock")?);
        }
        Ok(bytes)
    }

    /// Reads what [`Self::encode`] wrote, now or when there were no packages.
    ///
    /// # Errors
    /// When it is damaged.
    pub fn decode(bytes: &[u8]) -> Result<Self> {
        let ((files, bytes), rest) = postcard::take_from_bytes(bytes).context("decoding a source")?;
        let packages = match rest {
            [] => vec![],
            rest => postcard::from_bytes(rest).context("decoding a lock")?,
        };
        Ok(Self { files, bytes, packages })
    }

    /// Takes a file out; true when it was there.
    pub fn remove(&mut self, path: &str) -> bool {
        let old = self.files.remove(path);
        self.bytes -= old.as_ref().map_or(0, Vec::len);
        old.is_some()
    }

    /// The files in these folders, by their whole paths.
    pub fn part(&self, folders: &[String]) -> Self {
        let mut part = Self::default();
        for (path, content) in &self.files {
            let is_in =
                |folder: &String| path.strip_prefix(folder.as_str()).is_some_and(|r| r.starts_with('/'));
            if folders.iter().any(is_in) {
                part.bytes += content.len();
                part.files.insert(path.clone(), content.clone());
            }
        }
        part
    }

    /// These files over the ones of `shared`: the own file wins. The packages are its own.
    ///
    /// # Errors
    /// `Invalid` when both together are too many or too large.
    pub fn over(&self, shared: &Self) -> Result<Self> {
        let mut all = shared.clone();
        for (path, content) in &self.files {
            all.insert(path.clone(), content.clone())?;
        }
        all.packages.clone_from(&self.packages);
        Ok(all)
    }

    /// The content's identity: BLAKE3 over paths, lengths and bytes in path order, then over the
    /// hashes of the packages, in hex.
    pub fn hash(&self) -> String {
        let mut hasher = blake3::Hasher::new();
        for (path, content) in &self.files {
            hasher.update(&(path.len() as u64).to_le_bytes());
            hasher.update(path.as_bytes());
            hasher.update(&(content.len() as u64).to_le_bytes());
            hasher.update(content);
        }
        for package in &self.packages {
            // A path may be longer, but no file has this length.
            hasher.update(&u64::MAX.to_le_bytes());
            hasher.update(package.sha256.as_bytes());
        }
        hasher.finalize().to_hex().to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(files: &[(&str, &str)]) -> Source {
        let mut source = Source::default();
        for (path, text) in files {
            source.insert(*path, text.as_bytes().to_vec()).expect("a plain path");
        }
        source
    }

    #[test]
    fn a_folder_is_shared_as_a_whole_and_nothing_beside_it() {
        let all =
            source(&[("modules/a.py", "1"), ("modules/x/b.py", "2"), ("modules.py", "3"), ("m.py", "4")]);
        let part = all.part(&["modules".into()]);
        assert_eq!(part, source(&[("modules/a.py", "1"), ("modules/x/b.py", "2")]));
        assert_eq!(part.bytes(), 2);
    }

    #[test]
    fn the_own_file_wins() {
        let own = source(&[("modules/a.py", "own"), ("f.py", "f")]);
        let shared = source(&[("modules/a.py", "shared"), ("modules/b.py", "b")]);
        let all = own.over(&shared).expect("small");
        assert_eq!(all, source(&[("modules/a.py", "own"), ("modules/b.py", "b"), ("f.py", "f")]));
    }

    #[test]
    fn packages_are_part_of_what_a_version_is() {
        let mut locked = source(&[("a.py", "1")]);
        let (plain, hash) = (locked.encode().expect("bytes"), locked.hash());
        assert_eq!(plain, postcard::to_stdvec(&(&locked.files, locked.bytes)).expect("bytes"), "as ever");
        let package = |name: &str, digit: &str| Package {
            name: name.into(),
            version: "1.0".into(),
            sha256: digit.repeat(64),
            size: 100,
        };
        locked.lock(vec![package("b", "b"), package("a", "a")]);
        assert_eq!(locked.packages()[0].name, "a");
        assert_eq!(locked.weight(), 201);
        assert_ne!(locked.hash(), hash);
        assert_eq!(Source::decode(&locked.encode().expect("bytes")).expect("source"), locked);
        assert_eq!(Source::decode(&plain).expect("source").hash(), hash);
        assert!(Source::decode(&plain[1..]).is_err());
        let all = locked.over(&source(&[("modules/b.py", "b")])).expect("small");
        assert_eq!(all.packages(), locked.packages());
    }
}
