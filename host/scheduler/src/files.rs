//! Files that go: those of `temp` when their time is over, and once a day what of files is in the
//! store of objects and no file names, such as the content of a write that was cut off.
//!
//! Every step is bounded and can be repeated, by this leader or another.

use bifrost_core::ports::{MAX_LIST, Objects};
use bifrost_core::{OrganizationId, Result};
use bifrost_store::{Db, files, organizations};
use chrono::{DateTime, TimeDelta, Utc};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::Instant;

/// Between two looks when nothing was left to do.
const LOOK: Duration = Duration::from_secs(30);
/// Between two steps when there was.
const REST: Duration = Duration::from_millis(100);
/// Files of one step.
const FILES: u32 = 100;
/// Between two passes over all objects of files.
const COLLECT: Duration = Duration::from_secs(86_400);
/// A younger object may be named yet; no write takes nearly as long.
const YOUNG: TimeDelta = TimeDelta::days(1);

/// Keeps files from staying for ever.
pub struct Files {
    db: Db,
    objects: Arc<dyn Objects>,
    /// What is left of the pass over objects.
    organizations: Vec<OrganizationId>,
    key: Option<String>,
    collected: Option<Instant>,
}

impl Files {
    /// Does nothing before [`Self::run`].
    pub fn new(db: Db, objects: Arc<dyn Objects>) -> Self {
        Self { db, objects, organizations: vec![], key: None, collected: None }
    }

    /// Works while this process leads.
    pub async fn run(mut self, mut leads: watch::Receiver<bool>) {
        while leads.wait_for(|leads| *leads).await.is_ok() {
            let time = bifrost_store::now();
            let steps = [
                ("old files stay", self.expire(time).await),
                ("objects that no file names stay", self.collect(time).await),
            ];
            let mut more = false;
            for (what, step) in steps {
                match step {
                    Ok(left) => more |= left,
                    Err(error) => tracing::warn!("{what} for now: {error:#}"),
                }
            }
            if more {
                tokio::time::sleep(REST).await;
            } else {
                let _ = tokio::time::timeout(LOOK, leads.changed()).await;
            }
            // Nobody will tell any more whether this process leads.
            if leads.has_changed().is_err() {
                return;
            }
        }
    }

    /// Deletes some files whose time was over before `time`; true when there may be more.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn expire(&mut self, time: DateTime<Utc>) -> Result<bool> {
        let expired = files::expire(&self.db, self.objects.as_ref(), time, FILES).await?;
        metrics::counter!("bifrost_files_expired_total").increment(expired.deleted);
        Ok(expired.deleted > 0 && expired.found == u64::from(FILES))
    }

    /// Looks through some objects of files for those that no file names; true when there are more.
    /// All are looked through once a day. Objects of organizations that this database does not
    /// know are another installation's.
    ///
    /// # Errors
    /// When database or object store are away.
    pub async fn collect(&mut self, time: DateTime<Utc>) -> Result<bool> {
        if self.organizations.is_empty() {
            if self.collected.is_some_and(|at| at.elapsed() < COLLECT) {
                return Ok(false);
            }
            self.organizations = organizations::list(&self.db).await?.iter().map(|one| one.id).collect();
            self.collected = Some(Instant::now());
        }
        let Some(organization) = self.organizations.last() else { return Ok(false) };
        let folder = files::folder(*organization);
        let keys = self.objects.list(&folder, self.key.as_deref(), MAX_LIST).await?;
        self.key = keys.last().cloned();
        if keys.is_empty() {
            self.organizations.pop();
            return Ok(!self.organizations.is_empty());
        }
        for key in files::unneeded(&self.db, keys, time - YOUNG).await? {
            let deleted = self.objects.delete(&key).await?;
            metrics::counter!("bifrost_objects_collected_total").increment(deleted.into());
        }
        Ok(true)
    }
}
