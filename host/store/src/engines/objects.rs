//! Objects as files below one directory.

use async_trait::async_trait;
use bifrost_core::ports::Objects;
use bifrost_core::{Error, Result};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use uuid::Uuid;

/// Directory below the root where objects are written before they get their name.
const TEMPORARY: &str = ".tmp";
/// Longest key, in bytes; as S3 has it.
const MAX_KEY: usize = 1024;

/// Objects as files: written aside, synced, then renamed into place.
#[derive(Clone)]
pub struct DirectoryObjects {
    root: PathBuf,
}

impl DirectoryObjects {
    /// Below `root`, which is made when it is missing. What an earlier process had not
    /// finished is removed.
    pub async fn open(root: impl Into<PathBuf>) -> Result<Self> {
        let root = root.into();
        let temporary = root.join(TEMPORARY);
        match tokio::fs::remove_dir_all(&temporary).await {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(failed(&temporary, &error)),
            _ => {}
        }
        tokio::fs::create_dir_all(&temporary).await.map_err(|e| failed(&temporary, &e))?;
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
            Ok(()) => Ok(true),
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => Ok(false),
            Err(error) => Err(failed(&path, &error)),
        }
    }

    async fn check(&self) -> Result<()> {
        let temporary = self.root.join(TEMPORARY);
        tokio::fs::metadata(&temporary).await.map(drop).map_err(|e| failed(&temporary, &e))
    }
}

fn write(root: &Path, path: &Path, temporary: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let mut file = std::fs::OpenOptions::new().write(true).create_new(true).open(temporary)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    drop(file);
    let parent = path.parent().unwrap_or(root);
    let is_new = !parent.is_dir();
    std::fs::create_dir_all(parent)?;
    std::fs::rename(temporary, path)?;
    // The name is durable when its directory is, and so on upwards for new ones.
    for directory in parent.ancestors() {
        std::fs::File::open(directory)?.sync_all()?;
        if !is_new || directory == root {
            break;
        }
    }
    Ok(())
}
