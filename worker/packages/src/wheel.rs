//! A wheel, read where it lies: it is checked once, and never unpacked to disk.

use crate::target::{is_compiled_for_our_python, is_pure};
use pep440_rs::Version;
use pep508_rs::PackageName;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::io::{Cursor, Read};
use std::str::FromStr;
use std::sync::Arc;
use zip::read::{ArchiveOffset, Config};
use zip::{CompressionMethod, ZipArchive};

/// Largest wheel, in bytes.
pub const MAX_WHEEL: usize = 64 << 20;
/// Most files in a wheel.
pub const MAX_FILES: usize = 20_000;
/// Largest size of all its files together, in bytes.
pub const MAX_UNPACKED: u64 = 256 << 20;
/// A file above `RATIO_FROM` bytes may be so many times as large as what it is packed in; text
/// reaches 20, tables 100, bombs 1,000.
pub const MAX_RATIO: u64 = 200;
const RATIO_FROM: u64 = 1 << 20;
/// Longest path within a wheel, in bytes; as for files of a workspace.
const MAX_PATH: usize = 512;
/// Names of modules that a package must not take, besides the standard library's.
const OURS: [&str; 6] = [
    "bifrost",
    "bifrost_guest",
    "wit_world",
    "componentize_py_types",
    "componentize_py_runtime",
    "componentize_py_async_support",
];

/// Modules of the standard library, of which none can be shadowed.
static STDLIB: &str = include_str!("stdlib.txt");

/// Why a wheel is refused; reads as the end of a sentence that begins with its name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct WheelError(String);

fn refuse<T>(reason: impl Into<String>) -> Result<T, WheelError> {
    Err(WheelError(reason.into()))
}

/// The file name of a wheel, taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WheelName {
    /// The package.
    pub package: PackageName,
    /// Its version.
    pub version: Version,
    tags: [String; 3],
}

impl WheelName {
    /// `None` for what is not the name of a wheel.
    pub fn parse(filename: &str) -> Option<Self> {
        let parts: Vec<_> = filename.strip_suffix(".whl")?.split('-').collect();
        let (head, tags) = parts.split_at_checked(parts.len().checked_sub(3)?)?;
        let (name, version) = match head {
            [name, version] => (name, version),
            [name, version, build] if build.starts_with(|c: char| c.is_ascii_digit()) => (name, version),
            _ => return None,
        };
        let tags: [&str; 3] = tags.try_into().ok()?;
        Some(Self {
            package: PackageName::new((*name).to_owned()).ok()?,
            version: Version::from_str(&version.replace('_', "-")).ok()?,
            tags: tags.map(str::to_owned),
        })
    }

    /// True when it has no compiled part, and is for the guest's Python.
    pub fn is_pure(&self) -> bool {
        let [python, abi, platform] = &self.tags;
        is_pure(python, abi, platform)
    }

    /// True when it has a compiled part that is for the guest's Python, but for another machine.
    pub fn is_compiled_for_our_python(&self) -> bool {
        let [python, abi, platform] = &self.tags;
        is_compiled_for_our_python(python, abi, platform)
    }
}

impl fmt::Display for WheelName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` {}", self.package, self.version)
    }
}

type Archive = ZipArchive<Cursor<Arc<[u8]>>>;

/// An open wheel.
pub struct Wheel {
    archive: Archive,
    /// Path as it is installed, to its place in the archive and its size in bytes.
    files: BTreeMap<String, (usize, u64)>,
}

impl Wheel {
    /// Opens a wheel, and checks what its table of contents says.
    ///
    /// # Errors
    /// When it is not an archive, or has in it what no wheel may have.
    pub fn open(bytes: impl Into<Arc<[u8]>>) -> Result<Self, WheelError> {
        let config = Config { archive_offset: ArchiveOffset::Known(0) };
        let broken = |error: zip::result::ZipError| {
            WheelError(format!("is not an archive that can be read ({error})"))
        };
        let bytes: Arc<[u8]> = bytes.into();
        let mut archive = ZipArchive::with_config(config, Cursor::new(bytes.clone())).map_err(broken)?;
        if archive.len() > MAX_FILES {
            return refuse(format!("has more than {MAX_FILES} files"));
        }
        // Of two files of one name the archive has kept one.
        if listed(&bytes, archive.central_directory_start()) != archive.len() {
            return refuse("has two files of the same name");
        }
        let (mut files, mut total) = (BTreeMap::new(), 0_u64);
        for index in 0..archive.len() {
            let entry = archive.by_index_raw(index).map_err(broken)?;
            let name = entry.name().to_owned();
            let shown = name.escape_debug();
            if entry.is_symlink() {
                return refuse(format!("has a symbolic link, `{shown}`"));
            }
            let is_folder = name.ends_with('/');
            if !is_plain(name.strip_suffix('/').unwrap_or(&name)) {
                return refuse(format!(
                    "has a file that would leave its folder or has no plain name, `{shown}`"
                ));
            }
            if is_folder {
                continue;
            }
            if entry.encrypted()
                || !matches!(entry.compression(), CompressionMethod::Stored | CompressionMethod::Deflated)
            {
                return refuse(format!(
                    "has a file that is encrypted or packed in another way than wheels are, `{shown}`"
                ));
            }
            let (size, packed) = (entry.size(), entry.compressed_size());
            total = total.saturating_add(size);
            if total > MAX_UNPACKED {
                return refuse(format!("has more than {} MiB of files", MAX_UNPACKED >> 20));
            }
            if size > RATIO_FROM && size / packed.max(1) > MAX_RATIO {
                return refuse(format!("has a file that is packed more than {MAX_RATIO}-fold, `{shown}`"));
            }
            if let Some(path) = installed(&name)
                && files.insert(path.to_owned(), (index, size)).is_some()
            {
                return refuse(format!("has two files of the same name, `{shown}`"));
            }
        }
        if archive.has_overlapping_files().map_err(broken)? {
            return refuse("has files that lie over each other");
        }
        Ok(Self { archive, files })
    }

    /// Checks everything else: that each file is whole, that the wheel is what its name says, and
    /// that it takes no name that is not its own. Reads it once as a whole.
    ///
    /// # Errors
    /// Why it cannot be installed.
    pub fn check(&self, name: &WheelName) -> Result<(), WheelError> {
        let mut archive = self.archive.clone();
        for (path, (index, size)) in &self.files {
            let unpacked = archive
                .by_index(*index)
                .map_err(std::io::Error::from)
                .and_then(|file| std::io::copy(&mut file.take(size + 1), &mut std::io::sink()));
            if unpacked.as_ref().ok() != Some(size) {
                return refuse(format!("has a file that is damaged, `{}`", path.escape_debug()));
            }
        }
        for module in self.modules() {
            if is_reserved(module) {
                let whose = if OURS.contains(&module) { "the platform" } else { "the standard library" };
                return refuse(format!("has a module `{module}`, which would hide that of {whose}"));
            }
        }
        let metadata = crate::metadata::Metadata::parse(&self.metadata()?).map_err(WheelError)?;
        if metadata.name != name.package || metadata.version != name.version {
            return refuse(format!(
                "says in its metadata that it is `{}` {}",
                metadata.name, metadata.version
            ));
        }
        Ok(())
    }

    /// The names that can be imported from it at the top.
    fn modules(&self) -> BTreeSet<&str> {
        let modules = self.files.keys().filter_map(|path| match path.split_once('/') {
            Some((folder, _)) => (!folder.contains('.')).then_some(folder),
            None => path.strip_suffix(".py"),
        });
        modules.collect()
    }

    /// The content of its `METADATA`.
    ///
    /// # Errors
    /// When it has none, or several.
    pub fn metadata(&self) -> Result<Vec<u8>, WheelError> {
        let is_metadata = |path: &&String| {
            path.split_once('/')
                .is_some_and(|(folder, file)| folder.ends_with(".dist-info") && file == "METADATA")
        };
        let mut found = self.files.keys().filter(is_metadata);
        match (found.next(), found.next()) {
            (Some(path), None) => {
                self.read(path).ok_or_else(|| WheelError("has metadata that is damaged".into()))
            }
            (None, _) => refuse("has no metadata"),
            _ => refuse("has the metadata of two packages"),
        }
    }

    /// Paths of its files as they are installed, in order.
    pub fn files(&self) -> impl Iterator<Item = &str> {
        self.files.keys().map(String::as_str)
    }

    /// True when it has this file.
    pub fn has(&self, path: &str) -> bool {
        self.files.contains_key(path)
    }

    /// Names in a folder, in order; folders end in `/`. Empty when there is none.
    pub fn list(&self, folder: &str) -> Vec<String> {
        let prefix = if folder.is_empty() { String::new() } else { format!("{folder}/") };
        let mut names: Vec<String> = vec![];
        let below = self.files.range(prefix.clone()..).map_while(|(path, _)| path.strip_prefix(&prefix));
        for rest in below {
            let name = match rest.split_once('/') {
                Some((folder, _)) => format!("{folder}/"),
                None => rest.to_owned(),
            };
            if names.last() != Some(&name) {
                names.push(name);
            }
        }
        names
    }

    /// Size of all its files together, in bytes.
    pub fn unpacked(&self) -> u64 {
        self.files.values().map(|(_, size)| size).sum()
    }

    /// The content of a file; `None` when there is none, or it is damaged.
    pub fn read(&self, path: &str) -> Option<Vec<u8>> {
        let (index, size) = *self.files.get(path)?;
        let mut archive = self.archive.clone();
        let mut content = Vec::with_capacity(usize::try_from(size).ok()?);
        archive.by_index(index).ok()?.take(size).read_to_end(&mut content).ok()?;
        (content.len() as u64 == size).then_some(content)
    }
}

/// How many files a table of contents lists that begins at `start`.
fn listed(bytes: &[u8], start: u64) -> usize {
    const HEADER: usize = 46;
    let mut rest = usize::try_from(start).ok().and_then(|start| bytes.get(start..)).unwrap_or_default();
    let mut count = 0;
    while rest.len() >= HEADER && rest.starts_with(b"PK\x01\x02") {
        let length = |at: usize| usize::from(u16::from_le_bytes([rest[at], rest[at + 1]]));
        let whole = HEADER + length(28) + length(30) + length(32);
        rest = rest.get(whole..).unwrap_or_default();
        count += 1;
    }
    count
}

/// The metadata in the bytes of a wheel.
pub(crate) fn metadata(bytes: Vec<u8>) -> Result<Vec<u8>, WheelError> {
    Wheel::open(bytes)?.metadata()
}

/// True for the name of a module that no package may have.
pub fn is_reserved(module: &str) -> bool {
    OURS.contains(&module) || STDLIB.lines().any(|name| name == module)
}

fn is_plain(path: &str) -> bool {
    !path.is_empty()
        && path.len() <= MAX_PATH
        && !path.contains(['\\', ':'])
        && !path.chars().any(char::is_control)
        && path.split('/').all(|part| !part.is_empty() && part != "." && part != "..")
}

/// Where a file of the archive is installed; scripts, headers and what is compiled for other
/// machines are not.
fn installed(name: &str) -> Option<&str> {
    let extension = name.rsplit('.').next().unwrap_or_default();
    if matches!(extension, "so" | "pyd" | "dll" | "dylib") {
        return None;
    }
    match name.split_once('/') {
        Some((folder, rest)) if folder.ends_with(".data") => {
            rest.strip_prefix("purelib/").or_else(|| rest.strip_prefix("platlib/"))
        }
        _ => Some(name),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_wheels_are_taken_apart() {
        let name = WheelName::parse("Zope.Interface-7.0.1-1-py2.py3-none-any.whl").expect("a wheel");
        assert_eq!(
            (name.package.to_string(), name.version.to_string()),
            ("zope-interface".into(), "7.0.1".into())
        );
        assert!(name.is_pure());
        assert!(
            !WheelName::parse("lxml-5.0-cp314-cp314-manylinux_2_17_x86_64.whl").expect("a wheel").is_pure()
        );
        for other in
            ["a-1.tar.gz", "a.whl", "a-1-py3-none.whl", "a-1-x-py3-none-any.whl", "-1-py3-none-any.whl", ""]
        {
            assert!(WheelName::parse(other).is_none(), "{other}");
        }
    }

    #[test]
    fn only_plain_paths_are_paths() {
        for path in ["a.py", "a/b.py", "a/.b", "a/...", "ä/b"] {
            assert!(is_plain(path), "{path}");
        }
        for path in
            ["", "/a", "../a", "a/../b", "a//b", "./a", "a\\b", "C:a", "a\nb", "a/..", &"a".repeat(513)]
        {
            assert!(!is_plain(path), "{path}");
        }
    }
}
