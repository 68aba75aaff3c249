//! Loads what is deployed before its first run comes: in every sandbox process of this
//! worker, one after the other, the version that became active last before all others.
//!
//! Activations announce themselves on the bus. Announcements can be lost and processes be
//! replaced, so what is missing is looked for whenever something may have changed, and
//! from time to time.
//!
//! Runs come first: one version at a time in one process at a time, the least busy one
//! before the others; while it loads, a process counts as busier by one. The first makes
//! the snapshot, the others of this machine find it in the cache.

use crate::consumer::Runner;
use crate::pool::Place;
use bifrost_core::events::ACTIVATED;
use bifrost_core::{Result, VersionId};
use bifrost_store::now;
use bifrost_store::warm::{self, ActiveVersion};
use chrono::{DateTime, Utc};
use std::collections::HashMap;
use std::time::Duration;
use tokio::time::Instant;

/// Between two looks when nothing is announced.
const LOOK: Duration = Duration::from_secs(3);
/// Longest pause before a version that could not be loaded is tried again.
const LONGEST_PAUSE: Duration = Duration::from_mins(10);
/// Versions that are kept warm. A process keeps four times as many: three quarters are left
/// to versions that only wait for their last runs, to drafts, and to whoever comes first
/// after a long time.
const VERSIONS: u32 = 64;
/// Bytes of their sources and packages together; a process keeps twice as many.
const BYTES: usize = 128 << 20;

/// What this worker knows of a version.
struct Known {
    activated_at: DateTime<Utc>,
    /// Size of its source and packages, once that was read.
    bytes: Option<usize>,
    /// When it was first in all processes, and how many milliseconds that took.
    warm: Option<(DateTime<Utc>, i64)>,
    failures: u32,
    not_before: Instant,
}

impl Known {
    fn new(version: &ActiveVersion) -> Self {
        let activated_at = version.activated_at;
        Self { activated_at, bytes: None, warm: None, failures: 0, not_before: Instant::now() }
    }

    /// It could not be loaded; every time, the pause before the next try is twice as long.
    fn failed(&mut self, at: Instant) {
        self.not_before = at + LOOK.saturating_mul(1 << self.failures.min(16)).min(LONGEST_PAUSE);
        self.failures += 1;
    }
}

impl Runner {
    /// Keeps what is deployed loaded, until it drains.
    pub(crate) async fn keep_warm(&self) {
        let mut draining = self.draining.subscribe();
        tokio::select! {
            _ = draining.wait_for(|draining| *draining) => {}
            () = self.warm() => {}
        }
    }

    async fn warm(&self) {
        let started = now();
        let mut known = HashMap::new();
        let mut processes = self.pool.changes();
        let mut activated = None;
        loop {
            if activated.is_none() {
                activated = self.bus.subscribe(vec![ACTIVATED.to_owned()]).await.ok();
            }
            // What came before this look is part of it.
            processes.mark_unchanged();
            while activated.as_mut().is_some_and(|activated| activated.try_recv().is_ok()) {}
            match self.look(started, &mut known).await {
                Ok(true) => continue,
                Ok(false) => {}
                Err(error) => tracing::warn!("versions are not loaded ahead of their runs: {error:#}"),
            }
            let heard = async {
                match &mut activated {
                    Some(activated) => activated.recv().await.is_some(),
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                open = heard => if !open {
                    activated = None;
                    tokio::time::sleep(LOOK).await;
                },
                // Fails when there will be no more processes.
                changed = processes.changed() => if changed.is_err() { return },
                () = tokio::time::sleep(LOOK) => {}
            }
        }
    }

    /// Loads the first version that some process lacks; false when there is none that can
    /// be loaded now.
    async fn look(&self, started: DateTime<Utc>, known: &mut HashMap<VersionId, Known>) -> Result<bool> {
        let worker = &self.settings.worker_id;
        let versions = warm::newest(&self.db, worker, VERSIONS).await?;
        let gone: Vec<_> = known.keys().filter(|id| versions.iter().all(|v| v.id != **id)).copied().collect();
        for id in gone {
            warm::retract(&self.db, worker, id).await?;
            known.remove(&id);
        }
        let mut room = BYTES;
        for version in &versions {
            let known = known.entry(version.id).or_insert_with(|| Known::new(version));
            if known.activated_at != version.activated_at {
                *known = Known { bytes: known.bytes, ..Known::new(version) };
            }
            let cold = self.pool.cold(&version.source_hash).await;
            let is_warm = cold.ready.is_empty() && cold.starting == 0;
            if is_warm {
                self.tell(started, version, known).await?;
            } else if version.is_reported {
                warm::retract(&self.db, worker, version.id).await?;
                tracing::info!(version = %version.id, "a version is not warm any more");
            }
            let Some(left) = room.checked_sub(known.bytes.unwrap_or(0)) else { continue };
            room = left;
            if !cold.ready.is_empty() && known.not_before <= Instant::now() {
                self.load(version, known, room, cold.ready).await;
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Loads a version in these processes, unless its source turns out to have no room.
    async fn load(&self, version: &ActiveVersion, known: &mut Known, room: usize, places: Vec<Place>) {
        let loading = async {
            let source = self.sources.get(&version.source_hash, &version.object_key).await?;
            if known.bytes.replace(source.weight()).is_none() && source.weight() > room {
                return Ok(());
            }
            self.pool.fetch(&source).await?;
            for place in places {
                self.pool.load(place, &version.source_hash, &source).await?;
                tracing::debug!(version = %version.id, "a sandbox process has loaded a version");
            }
            anyhow::Ok(())
        };
        match loading.await {
            Ok(()) => known.failures = 0,
            Err(error) => {
                known.failed(Instant::now());
                tracing::warn!(version = %version.id, "a version was not loaded ahead of its runs: {error:#}");
            }
        }
    }

    /// Reports that a version is warm. After a process was replaced the first time counts.
    async fn tell(&self, started: DateTime<Utc>, version: &ActiveVersion, known: &mut Known) -> Result<()> {
        let (warm_at, took_ms) = *known.warm.get_or_insert_with(|| {
            let warm_at = now().max(version.activated_at);
            let took = (warm_at - version.activated_at.max(started)).to_std().unwrap_or_default();
            metrics::histogram!("bifrost_version_warm_seconds").record(took);
            (warm_at, i64::try_from(took.as_millis()).unwrap_or(i64::MAX))
        });
        if !version.is_reported {
            warm::report(&self.db, &self.settings.worker_id, version.id, warm_at, took_ms).await?;
            tracing::info!(version = %version.id, took_ms, "a version is warm");
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_that_cannot_be_loaded_is_tried_ever_more_rarely() {
        let version = ActiveVersion {
            id: VersionId::new(),
            source_hash: String::new(),
            object_key: String::new(),
            activated_at: now(),
            is_reported: false,
        };
        let mut known = Known::new(&version);
        let mut at = known.not_before;
        let mut pauses = vec![];
        for _ in 0..100 {
            known.failed(at);
            pauses.push((known.not_before - at).as_secs());
            at = known.not_before;
        }
        assert_eq!(pauses[..9], [3, 6, 12, 24, 48, 96, 192, 384, 600]);
        assert_eq!(pauses[99], 600);
    }
}
