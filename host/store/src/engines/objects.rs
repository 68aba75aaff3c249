//! Objects as files below one directory.

use async_trait::async_trait;
use bifrost_core::ports::{MAX_LIST, Objects};
use bifrost_core::{Error, Result};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use uuid::Uuid;

/// Directory below the root where objects are written before they get their name.
const TEMPORARY: &str = ".tmp";
/// Longest key, in bytes; as S3 has it.
const MAX_KEY: usize = 1024;
/// No object takes so long to be written.
const UNFINISHED: Duration = Duration::from_secs(60 * 60);
/// How long a folder is made again that disappears before its first file is in it.
const RACING: Duration = Duration::from_secs(10);

/// Objects as files: written aside, synced, then renamed into place.
#[derive(Clone)]
pub struct DirectoryObjects {
    root: PathBuf,
}

impl DirectoryObjects {
    /// Below `root`, which is made when it is missing. What a process has left unfinished
    /// long ago is removed; other processes may be writing now.
    pub async fn open(root: impl Into<PathBuf>) -> Result<Self> {
        let root = root.into();
        let temporary = root.join(TEMPORARY);
        tokio::fs::create_dir_all(&temporary).await.map_err(|e| failed(&temporary, &e))?;
        let folder = temporary.clone();
        let tidied = tokio::task::spawn_blocking(move || tidy(&folder)).await;
        tidied.map_err(|e| Error::Internal(e.into()))?.map_err(|e| failed(&temporary, &e))?;
        Ok(Self { root })
    }

    fn path(&self, key: &str) -> Result<PathBuf> {
        Ok(self.root.join(checked(key)?))
    }
}

/// A key is parts joined by `/`; no part is empty, hidden, `.` or `..`.
pub(super) fn checked(key: &str) -> Result<&str> {
    let plain = key.len() <= MAX_KEY
        && !key.contains('\\')
        && !key.chars().any(char::is_control)
        && key.split('/').all(|part| !part.is_empty() && !part.starts_with('.'));
    if !plain {
        return Err(Error::invalid("key", format!("`{}` is not an object's key", key.escape_debug())));
    }
    Ok(key)
}

/// A prefix is empty, or a key with a `/` behind it.
pub(super) fn checked_prefix(prefix: &str) -> Result<&str> {
    match prefix.strip_suffix('/') {
        Some(folder) => checked(folder).map(|_| prefix),
        None if prefix.is_empty() => Ok(prefix),
        None => Err(Error::invalid("prefix", format!("`{}` does not end with /", prefix.escape_debug()))),
    }
}

fn failed(path: &Path, error: &std::io::Error) -> Error {
    Error::Internal(anyhow::anyhow!("{}: {error}", path.display()))
}

#[async_trait]
impl Objects for DirectoryObjects {
    async fn put(&self, key: &str, bytes: Vec<u8>) -> Result<()> {
        let path = self.path(key)?;
        let temporary = self.root.join(TEMPORARY).join(Uuid::now_v7().to_string());
        let root = self.root.clone();
        let put = move || {
            let written = write(&root, &path, &temporary, &bytes);
            if written.is_err() {
                // Nothing may be there; the next start cleans up.
                let _ = std::fs::remove_file(&temporary);
            }
            written.map_err(|e| failed(&path, &e))
        };
        tokio::task::spawn_blocking(put).await.map_err(|e| Error::Internal(e.into()))?
    }

    async fn get(&self, key: &str) -> Result<Option<Vec<u8>>> {
        let path = self.path(key)?;
        match tokio::fs::read(&path).await {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => Ok(None),
            Err(error) => Err(failed(&path, &error)),
        }
    }

    async fn delete(&self, key: &str) -> Result<bool> {
        let path = self.path(key)?;
        match tokio::fs::remove_file(&path).await {
            Ok(()) => {
                let parents = path.ancestors().skip(1).take_while(|folder| *folder != self.root);
                for folder in parents {
                    // Fails where something else is left.
                    if tokio::fs::remove_dir(folder).await.is_err() {
                        break;
                    }
                }
                Ok(true)
            }
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => Ok(false),
            Err(error) => Err(failed(&path, &error)),
        }
    }

    async fn list(&self, prefix: &str, after: Option<&str>, limit: usize) -> Result<Vec<String>> {
        let folder = self.root.join(checked_prefix(prefix)?);
        let (prefix, after) = (prefix.to_owned(), after.unwrap_or_default().to_owned());
        let limit = limit.min(MAX_LIST);
        let list = move || {
            let mut keys = Vec::new();
            walk(&folder, &prefix, &after, limit, &mut keys).map_err(|e| failed(&folder, &e))?;
            Ok(keys)
        };
        tokio::task::spawn_blocking(list).await.map_err(|e| Error::Internal(e.into()))?
    }

    async fn check(&self) -> Result<()> {
        let temporary = self.root.join(TEMPORARY);
        tokio::fs::metadata(&temporary).await.map(drop).map_err(|e| failed(&temporary, &e))
    }
}

fn tidy(temporary: &Path) -> std::io::Result<()> {
    for entry in std::fs::read_dir(temporary)? {
        let entry = entry?;
        // Another process may be quicker at finishing or removing it.
        let age = entry.metadata().and_then(|data| data.modified()).ok().and_then(|at| at.elapsed().ok());
        if age.is_some_and(|age| age > UNFINISHED) {
            let _ = std::fs::remove_file(entry.path());
        }
    }
    Ok(())
}

fn write(root: &Path, path: &Path, temporary: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let mut file = std::fs::OpenOptions::new().write(true).create_new(true).open(temporary)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    drop(file);
    let parent = path.parent().unwrap_or(root);
    let is_new = !parent.is_dir();
    let begun = Instant::now();
    // Deleting a folder's last object takes the folder with it, at any time: also between
    // finding that the folder exists and finding that it is one.
    while let Err(error) = std::fs::create_dir_all(parent).and_then(|()| std::fs::rename(temporary, path)) {
        let may_pass = match error.kind() {
            ErrorKind::NotFound => temporary.exists(),
            ErrorKind::AlreadyExists => !parent.is_file(),
            _ => false,
        };
        if !may_pass || begun.elapsed() > RACING {
            return Err(error);
        }
        std::thread::yield_now();
    }
    // The name is durable when its directory is, and so on upwards for new ones.
    for directory in parent.ancestors() {
        match std::fs::File::open(directory) {
            Ok(folder) => folder.sync_all()?,
            // The object has been deleted by now, and its folder with it.
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
        if !is_new || directory == root {
            break;
        }
    }
    Ok(())
}

/// Adds the keys below a folder that come after `after`, in the order of their bytes, until
/// there are `limit`.
fn walk(
    folder: &Path,
    prefix: &str,
    after: &str,
    limit: usize,
    keys: &mut Vec<String>,
) -> std::io::Result<()> {
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => return Ok(()),
        Err(error) => return Err(error),
    };
    let mut below = Vec::new();
    for entry in entries {
        let entry = entry?;
        let Some(name) = entry.file_name().to_str().filter(|name| !name.starts_with('.')).map(str::to_owned)
        else {
            continue;
        };
        // The `/` takes part in the order: `a.b` comes before `a/b`.
        let slash = if entry.file_type()?.is_dir() { "/" } else { "" };
        let key = format!("{prefix}{name}{slash}");
        if key.as_str() > after || (slash == "/" && after.starts_with(&key)) {
            below.push((key, name));
        }
    }
    below.sort_unstable();
    for (key, name) in below {
        if keys.len() >= limit {
            break;
        }
        if key.ends_with('/') {
            walk(&folder.join(name), &key, after, limit, keys)?;
        } else {
            keys.push(key);
        }
    }
    Ok(())
}
