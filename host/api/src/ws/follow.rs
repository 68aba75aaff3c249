//! Follows one execution: lines from the database first, live lines after, each once
//! and in order. The bus may lose events; the database fills what is missing.

use crate::events;
use crate::service;
use crate::state::ApiState;
use bifrost_core::ports::subscription::Receiver;
use bifrost_core::{ExecutionId, LogLine, OrganizationId, Result};
use serde_json::Value;
use std::collections::BTreeMap;
use std::time::Duration;
use tokio::sync::mpsc::Sender;
use tokio::time::{Instant, sleep, timeout};

/// How often the database is asked whether the run has ended, for when the bus lost it.
const POLL: Duration = Duration::from_secs(5);

/// How often the database is asked for lines that the bus lost.
const GAP_POLL: Duration = Duration::from_millis(250);

/// After this a gap is taken for lines that never reached the database.
const GAP_PATIENCE: Duration = Duration::from_secs(3);

/// So many failures of an engine in a row, with so much time between: a busy database is no reason to leave
/// a listener without the end of its run.
const FAILURES: u32 = 5;
const AGAIN: Duration = Duration::from_secs(1);

/// What went well for so long has failed for the first time.
const CALM: Duration = Duration::from_secs(60);

/// Lines per read.
const PAGE: u32 = 1_000;

/// What to follow, and for whom.
pub struct Follow {
    /// The engines.
    pub state: ApiState,
    /// The run's organization.
    pub organization: OrganizationId,
    /// The run.
    pub execution: ExecutionId,
    /// True when the listener is an administrator, who sees everything.
    pub admin: bool,
    /// Replay lines after this sequence; `None` for live lines only.
    pub after: Option<i64>,
    /// Where messages go.
    pub out: Sender<Value>,
}

/// The listener went away.
struct Gone;

struct Follower {
    follow: Follow,
    /// Sequence of the last line that was sent.
    last: Option<i64>,
    /// Live lines that wait for earlier ones.
    early: BTreeMap<i64, LogLine>,
    gap_since: Option<Instant>,
}

/// Runs until the execution has ended or the listener is gone. `events` must have
/// been subscribed before, so that nothing falls between database and bus.
pub async fn follow(follow: Follow, mut events: Receiver) {
    let last = follow.after;
    let mut follower = Follower { follow, last, early: BTreeMap::new(), gap_since: None };
    let mut failures = 0;
    while failures < FAILURES {
        if failures > 0 {
            sleep(AGAIN).await;
        }
        let begun = Instant::now();
        let Err(error) = follower.run(&mut events).await else { return };
        tracing::warn!(execution = %follower.follow.execution, error = format!("{error:#}"), "live log interrupted");
        failures = if begun.elapsed() > CALM { 1 } else { failures + 1 };
    }
    let interrupted = events::error("internal", "the live log was interrupted; subscribe again", None);
    let _ = follower.follow.out.send(interrupted).await;
}

impl Follower {
    async fn run(&mut self, events: &mut Receiver) -> Result<()> {
        if self.last.is_some() && self.catch_up().await?.is_err() {
            return Ok(());
        }
        if self.status().await? != Ok(false) {
            return Ok(());
        }
        loop {
            let wait = if self.early.is_empty() { POLL } else { GAP_POLL };
            let step = match timeout(wait, events.recv()).await {
                Ok(Some(event)) => self.event(event.payload).await?,
                Ok(None) => return Ok(()),
                Err(_) if self.early.is_empty() => self.poll().await?,
                Err(_) => self.drain().await?.map(|()| false),
            };
            if step != Ok(false) {
                return Ok(());
            }
        }
    }

    /// Handles a live event; true when the run has ended.
    async fn event(&mut self, payload: Value) -> Result<Step> {
        match payload["type"].as_str() {
            Some("execution_log") => {
                let Ok(line) = serde_json::from_value::<LogLine>(payload) else {
                    return Ok(Ok(false));
                };
                let last = *self.last.get_or_insert(line.sequence - 1);
                if line.sequence > last {
                    self.early.insert(line.sequence, line);
                }
                Ok(self.drain().await?.map(|()| false))
            }
            Some("execution_update") if events::is_terminal(&payload) => self.poll().await,
            _ => Ok(self.send(events::for_role(payload, self.follow.admin)).await.map(|()| false)),
        }
    }

    /// Sends lines that are next in order; asks the database for what is missing.
    async fn drain(&mut self) -> Result<Result<(), Gone>> {
        if self.send_early().await.is_err() {
            return Ok(Err(Gone));
        }
        if self.early.is_empty() {
            self.gap_since = None;
            return Ok(Ok(()));
        }
        if self.catch_up().await?.is_err() || self.send_early().await.is_err() {
            return Ok(Err(Gone));
        }
        let since = *self.gap_since.get_or_insert_with(Instant::now);
        if !self.early.is_empty() && since.elapsed() > GAP_PATIENCE {
            self.last = self.early.keys().next().map(|first| first - 1);
            if self.send_early().await.is_err() {
                return Ok(Err(Gone));
            }
        }
        if self.early.is_empty() {
            self.gap_since = None;
        }
        Ok(Ok(()))
    }

    async fn send_early(&mut self) -> Result<(), Gone> {
        let next = |last: Option<i64>| last.map_or(1, |last| last + 1);
        while let Some(line) = self.early.remove(&next(self.last)) {
            self.send_line(line).await?;
        }
        Ok(())
    }

    /// Sends what the database has after the last line.
    async fn catch_up(&mut self) -> Result<Result<(), Gone>> {
        loop {
            let after = self.last.unwrap_or(0);
            let Follow { state, organization, execution, .. } = &self.follow;
            let lines =
                service::executions::logs(state, *organization, *execution, after, PAGE, None).await?;
            if lines.is_empty() {
                return Ok(Ok(()));
            }
            for line in lines {
                if self.send_line(line).await.is_err() {
                    return Ok(Err(Gone));
                }
            }
            let last = self.last.unwrap_or(0);
            self.early = self.early.split_off(&(last + 1));
        }
    }

    /// Ends when the database says so: the rest of the log first, then the status.
    async fn poll(&mut self) -> Result<Step> {
        let Follow { state, organization, execution, .. } = &self.follow;
        let found = service::executions::find(state, *organization, *execution).await?;
        if !found.status.is_terminal() {
            return Ok(Ok(false));
        }
        // Without a first live line it is unknown where the listener wanted to begin.
        if self.last.is_some() && self.catch_up().await?.is_err() {
            return Ok(Err(Gone));
        }
        while let Some((_, line)) = self.early.pop_first() {
            if self.send_line(line).await.is_err() {
                return Ok(Err(Gone));
            }
        }
        let update = events::execution_update(&found, self.follow.admin);
        Ok(self.send(update).await.map(|()| true))
    }

    /// Tells where the run stands now; true when it has ended.
    async fn status(&mut self) -> Result<Step> {
        let Follow { state, organization, execution, .. } = &self.follow;
        let found = service::executions::find(state, *organization, *execution).await?;
        if found.status.is_terminal() {
            return self.poll().await;
        }
        let update = events::execution_update(&found, self.follow.admin);
        Ok(self.send(update).await.map(|()| false))
    }

    async fn send_line(&mut self, line: LogLine) -> Result<(), Gone> {
        self.last = Some(line.sequence);
        if !events::line_visible(&line, self.follow.admin) {
            return Ok(());
        }
        self.send(bifrost_core::events::log_line(self.follow.execution, &line)).await
    }

    async fn send(&self, message: Value) -> Result<(), Gone> {
        self.follow.out.send(message).await.map_err(|_| Gone)
    }
}

/// Whether the run has ended, unless the listener is gone.
type Step = Result<bool, Gone>;

impl PartialEq for Gone {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}
