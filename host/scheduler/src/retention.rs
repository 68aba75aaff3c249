//! What goes in the end: long logs become objects, runs that ended long ago are deleted with
//! all that belongs to them, and objects that no run needs are collected.
//!
//! Every transaction has a bounded number of rows, and a rest follows that is longer than
//! it was: whoever serves people passes in between. Each step can be repeated, by this
//! leader or another, so a crash costs nothing but the time until the next look.

use bifrost_core::ports::{MAX_LIST, Objects};
use bifrost_core::{Error, ExecutionId, OrganizationId, Result};
use bifrost_store::executions::{archive, documents, retention};
use bifrost_store::{Db, organizations};
use chrono::{DateTime, TimeDelta, Utc};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::Instant;

/// Between two looks when nothing was left to do.
const LOOK: Duration = Duration::from_secs(5);
/// A rest is this many times as long as the step before it.
const DUTY: u32 = 3;
/// Shortest rest.
const SHORTEST: Duration = Duration::from_millis(5);
/// Longest rest.
const LONGEST: Duration = Duration::from_secs(1);
/// Logs that become objects between two looks at the rest.
const LOGS: u32 = 8;
/// Log lines in one transaction.
const LINES: u32 = 1_000;
/// Runs in one transaction.
const RUNS: u32 = 100;
/// Between two passes over all objects of runs.
const COLLECT: Duration = Duration::from_secs(86_400);
/// A younger object may be named yet; no write takes nearly as long.
const YOUNG: TimeDelta = TimeDelta::days(1);

/// Keeps the database and the object store from growing for ever.
pub struct Retention {
    db: Db,
    objects: Arc<dyn Objects>,
    keep: Option<TimeDelta>,
    /// Where the passes over long logs and over expired runs are.
    log: Option<ExecutionId>,
    run: Option<ExecutionId>,
    /// What is left of the pass over objects.
    organizations: Vec<OrganizationId>,
    key: Option<String>,
    collected: Option<Instant>,
}

impl Retention {
    /// Does nothing before [`Self::run`]. `keep` is how long runs stay after their end;
    /// `None` for ever.
    pub fn new(db: Db, objects: Arc<dyn Objects>, keep: Option<TimeDelta>) -> Self {
        Self { db, objects, keep, log: None, run: None, organizations: vec![], key: None, collected: None }
    }

    /// Works while this process leads.
    pub async fn run(mut self, mut leads: watch::Receiver<bool>) {
        while leads.wait_for(|leads| *leads).await.is_ok() {
            let (begun, time) = (Instant::now(), bifrost_store::now());
            let steps = [
                ("long logs stay rows", self.archive().await),
                ("old runs stay", self.expire(time).await),
                ("objects that nobody needs stay", self.collect(time).await),
            ];
            let mut more = false;
            for (what, step) in steps {
                match step {
                    Ok(left) => more |= left,
                    Err(error) => tracing::warn!("{what} for now: {error:#}"),
                }
            }
            if more {
                rest(begun).await;
            } else {
                let _ = tokio::time::timeout(LOOK, leads.changed()).await;
            }
            // Nobody will tell any more whether this process leads.
            if leads.has_changed().is_err() {
                return;
            }
        }
    }

    /// Makes some long logs of runs that have ended objects; true when there may be more.
    ///
    /// # Errors
    /// When database or object store are away.
    pub async fn archive(&mut self) -> Result<bool> {
        let logs = archive::long_logs(&self.db, self.log, LOGS).await?;
        self.log = None;
        for log in &logs {
            let made = if log.is_object {
                Ok(false)
            } else {
                archive::archive(&self.db, self.objects.as_ref(), log).await
            };
            match made {
                Ok(made) => metrics::counter!("bifrost_logs_archived_total").increment(made.into()),
                Err(error @ Error::Busy(_)) => return Err(error),
                // Those behind it have their turn all the same.
                Err(error) => {
                    tracing::warn!(execution = %log.execution, "a long log stays rows for now: {error:#}");
                    continue;
                }
            }
            loop {
                let begun = Instant::now();
                let all = archive::delete_lines(&self.db, log.execution, LINES).await?;
                rest(begun).await;
                if all {
                    break;
                }
            }
        }
        Ok(self.continues(logs.len(), LOGS, logs.last().map(|log| log.execution), |this| &mut this.log))
    }

    /// Deletes some runs that ended too long before `time`; true when there may be more.
    ///
    /// # Errors
    /// When database or object store are away.
    pub async fn expire(&mut self, time: DateTime<Utc>) -> Result<bool> {
        let Some(before) = self.keep.and_then(|keep| time.checked_sub_signed(keep)) else { return Ok(false) };
        let runs = retention::expired(&self.db, before, self.run, RUNS).await?;
        self.run = None;
        let mut bare = Vec::with_capacity(runs.len());
        for run in &runs {
            if self.strip(run).await? {
                bare.push(run.id);
            }
        }
        if !bare.is_empty() {
            loop {
                let begun = Instant::now();
                let lines = retention::delete_lines(&self.db, &bare, LINES).await?;
                rest(begun).await;
                if lines < u64::from(LINES) {
                    break;
                }
            }
            let deleted = retention::delete(&self.db, &bare).await?;
            metrics::counter!("bifrost_runs_expired_total").increment(deleted);
        }
        Ok(self.continues(runs.len(), RUNS, runs.last().map(|run| run.id), |this| &mut this.run))
    }

    /// Deletes a run's objects. False when one of them stays, and the run with it.
    async fn strip(&self, run: &retention::Expired) -> Result<bool> {
        for key in &run.objects {
            match self.objects.delete(key).await {
                Ok(_) => {}
                Err(error @ Error::Busy(_)) => return Err(error),
                Err(error) => {
                    tracing::warn!(execution = %run.id, key, "an old run stays for now: {error:#}");
                    return Ok(false);
                }
            }
        }
        Ok(true)
    }

    /// Remembers where a pass goes on; at its end it begins anew with the next look.
    fn continues(
        &mut self,
        found: usize,
        limit: u32,
        last: Option<ExecutionId>,
        cursor: impl FnOnce(&mut Self) -> &mut Option<ExecutionId>,
    ) -> bool {
        let more = usize::try_from(limit).is_ok_and(|limit| found >= limit);
        *cursor(self) = last.filter(|_| more);
        more
    }

    /// Looks through some objects of runs for those that no run needs; true when there are
    /// more. All are looked through once a day. Objects of organizations that this database
    /// does not know are another installation's.
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
        let folder = documents::folder(*organization);
        let keys = self.objects.list(&folder, self.key.as_deref(), MAX_LIST).await?;
        self.key = keys.last().cloned();
        if keys.is_empty() {
            self.organizations.pop();
            return Ok(!self.organizations.is_empty());
        }
        for key in retention::unneeded(&self.db, keys, time - YOUNG).await? {
            let deleted = self.objects.delete(&key).await?;
            metrics::counter!("bifrost_objects_collected_total").increment(deleted.into());
        }
        Ok(true)
    }
}

async fn rest(begun: Instant) {
    tokio::time::sleep((begun.elapsed() * DUTY).clamp(SHORTEST, LONGEST)).await;
}
