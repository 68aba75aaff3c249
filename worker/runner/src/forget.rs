//! Takes away what this machine keeps of sources that nobody has any more: snapshots in the
//! cache and sources in memory. Offboarding announces them; what was missed while this
//! process was away is found at its start.

use crate::consumer::Runner;
use bifrost_core::Result;
use bifrost_core::events::OFFBOARDED;
use bifrost_store::workspaces;
use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// A younger snapshot may be of a version that is about to be deployed.
const YOUNG: Duration = Duration::from_secs(86_400);
/// Between two tries to hear of offboardings.
const BACKOFF: Duration = Duration::from_secs(5);
/// Length of a source's hash in hexadecimal.
const HASH: usize = 64;

impl Runner {
    /// Forgets what it is told to, until it drains.
    pub(crate) async fn forget_sources(&self) {
        let mut draining = self.draining.subscribe();
        tokio::select! {
            _ = draining.wait_for(|draining| *draining) => {}
            () = self.forget() => {}
        }
    }

    async fn forget(&self) {
        if let Err(error) = self.tidy().await {
            tracing::warn!("snapshots that nobody needs stay for now: {error:#}");
        }
        loop {
            let Ok(mut events) = self.bus.subscribe(vec![OFFBOARDED.to_owned()]).await else {
                tokio::time::sleep(BACKOFF).await;
                continue;
            };
            while let Some(event) = events.recv().await {
                let hashes = event.payload["sources"].as_array().into_iter().flatten();
                let hashes: HashSet<_> = hashes.filter_map(|hash| hash.as_str().map(str::to_owned)).collect();
                for hash in &hashes {
                    self.sources.forget(hash);
                }
                remove(files(self.pool.cache()), |hash, _| hashes.contains(hash));
            }
        }
    }

    /// Compares the cache with the versions that there are.
    async fn tidy(&self) -> Result<()> {
        let files = files(self.pool.cache());
        let hashes: HashSet<_> = files.iter().map(|(hash, _)| hash.clone()).collect();
        let unknown = workspaces::unknown_sources(&self.db, hashes).await?;
        remove(files, |hash, age| unknown.contains(hash) && age > YOUNG);
        Ok(())
    }
}

/// Files of snapshots and their reports, with the hash of the source that they are of.
fn files(cache: &Path) -> Vec<(String, PathBuf)> {
    let entries = std::fs::read_dir(cache).into_iter().flatten().flatten();
    let of_source = |entry: std::fs::DirEntry| {
        let name = entry.file_name().into_string().ok()?;
        let stem = name.split('.').next()?;
        let is_one = stem.starts_with("snapshot-") || stem.starts_with("report-");
        let hash = stem.rsplit('-').next().filter(|hash| is_one && hash.len() == HASH)?;
        Some((hash.to_owned(), entry.path()))
    };
    entries.filter_map(of_source).collect()
}

/// Other runners of this machine may be at the same files.
fn remove(files: Vec<(String, PathBuf)>, is_gone: impl Fn(&str, Duration) -> bool) {
    for (hash, path) in files {
        let age = path.metadata().and_then(|data| data.modified()).ok();
        let age = age.and_then(|time| time.elapsed().ok()).unwrap_or_default();
        if is_gone(&hash, age)
            && let Err(error) = std::fs::remove_file(&path)
            && error.kind() != std::io::ErrorKind::NotFound
        {
            tracing::warn!("{} stays: {error}", path.display());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_snapshots_of_the_source_go() {
        let folder = tempfile::tempdir().expect("a folder");
        let (gone, kept) = ("a".repeat(HASH), "b".repeat(HASH));
        let names = [
            format!("snapshot-f00-{gone}.cwasm"),
            format!("snapshot-f00-{gone}.seal"),
            format!("report-f00-{gone}.cwasm"),
            format!("snapshot-f00-{kept}.cwasm"),
            format!("base-{gone}.cwasm"),
            "cache.key".to_owned(),
        ];
        for name in &names {
            std::fs::write(folder.path().join(name), b"x").expect("written");
        }
        remove(files(folder.path()), |hash, _| hash == gone);
        let left: Vec<_> = names.iter().filter(|name| folder.path().join(name).exists()).collect();
        assert_eq!(left, [&names[3], &names[4], &names[5]]);
    }
}
