//! The sandbox processes of a runner, and the jobs that it has in them.

use crate::guard::{self, Abandoned, Guard};
use crate::inbox::Inbox;
use crate::process::{Life, keep};
use crate::protocol::*;
use crate::wire::Outbox;
use anyhow::{Context, Result};
use bifrost_core::{Limits, Outcome, Source};
use std::collections::{HashMap, HashSet};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, Weak};
use std::time::Duration;
use tokio::time::Instant;

/// How sandbox processes are started.
#[derive(Clone, Debug)]
pub struct PoolSettings {
    /// The program that understands `sandbox-process`.
    pub program: PathBuf,
    /// Where compiled code is cached.
    pub cache: PathBuf,
    /// How many processes; one per core.
    pub processes: usize,
    /// Runs alive at the same time in each.
    pub slots: u32,
}

/// How long a process may take beyond what a run may. One that is late is replaced.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// From its start until it is ready; the base may have to be compiled.
    pub ready: Duration,
    /// For a job, besides its wall limit: its version may have to be loaded first.
    pub job: Duration,
    /// For its messages to be taken, when more wait than there is room for.
    pub taken: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        let seconds = Duration::from_secs;
        Self { ready: seconds(180), job: seconds(180), taken: seconds(10) }
    }
}

/// Versions that a process keeps loaded.
const VERSIONS: usize = 256;

/// What is started as a sandbox process: this program itself, or the one that
/// `BIFROST_SANDBOX_PROGRAM` names, such as a wrapper that puts walls of its own around it.
/// Where there is no `/proc`, this program is found by the absolute path it was started with.
///
/// # Errors
/// When it is not known where this program is.
pub fn sandbox_program() -> Result<PathBuf> {
    if let Some(program) = std::env::var_os("BIFROST_SANDBOX_PROGRAM") {
        return Ok(program.into());
    }
    std::env::current_exe().or_else(|error| {
        let path = std::env::args_os().next().map(PathBuf::from).filter(|path| path.is_absolute());
        path.ok_or(error).context("without /proc, start the program by its absolute path")
    })
}

/// What happens to a job.
#[derive(Debug)]
pub enum JobEvent {
    /// From the sandbox process; a log line, a call, or the end.
    Message(FromSandbox),
    /// The process died; nothing follows.
    Lost,
}

/// What happens to a job, in order.
pub struct Events {
    inbox: Arc<Inbox>,
    life: Arc<Life>,
    deadline: Option<Instant>,
}

impl Events {
    /// The next event; `None` when there will be none. Cancel safe.
    pub async fn recv(&mut self) -> Option<JobEvent> {
        let Some(deadline) = self.deadline else { return self.inbox.next().await };
        match tokio::time::timeout_at(deadline, self.inbox.next()).await {
            Ok(event) => event,
            Err(_) => {
                self.life.end("it did not end a job in time");
                Some(JobEvent::Lost)
            }
        }
    }
}

/// A started job. Dropping it ends it, wherever it stands.
pub struct Job {
    /// Its name.
    pub id: JobId,
    /// What happens to it.
    pub events: Events,
    limits: Limits,
    slot: Arc<Slot>,
}

impl Job {
    /// Whoever answers a call of the job.
    pub fn replier(&self, call: u64) -> Replier {
        let mut state = lock(&self.slot.state);
        let abandoned = state.jobs.get_mut(&self.id).and_then(|entry| entry.guard.take(call));
        Replier { job: self.id, call, abandoned, slot: self.slot.clone(), life: self.events.life.clone() }
    }

    /// The outcome in a process's last words.
    ///
    /// # Errors
    /// When a run cannot end like that; the process is ended.
    pub fn outcome(&self, json: &[u8]) -> Result<Outcome> {
        guard::outcome(json, &self.limits).inspect_err(|error| {
            self.events.life.end(format!("it gave an outcome that is none: {error:#}"));
        })
    }
}

impl Drop for Job {
    fn drop(&mut self) {
        let mut state = lock(&self.slot.state);
        if state.jobs.remove(&self.id).is_some() {
            state.dismissed.insert(self.id);
            // Fails when the process is gone, and the job with it.
            let _ = self.events.life.out.post(&ToSandbox::Cancel { job: self.id });
        }
    }
}

/// Answers one call.
pub struct Replier {
    job: JobId,
    call: u64,
    abandoned: Option<Abandoned>,
    slot: Arc<Slot>,
    life: Arc<Life>,
}

impl Replier {
    /// Waits for the reply and sends it; drops it as soon as nobody waits for it any more.
    pub async fn answer(self, reply: impl Future<Output = Reply>) {
        let Some(abandoned) = self.abandoned else { return };
        let reply = tokio::select! {
            _ = abandoned => return,
            reply = reply => reply,
        };
        // Before the process hears of it: its next call may follow at once.
        if let Some(entry) = lock(&self.slot.state).jobs.get_mut(&self.job) {
            entry.guard.answered(self.call);
        }
        let (call, small) = (self.call, reply.too_large());
        if self.life.out.send(&ToSandbox::Reply { call, reply }).await.is_err() {
            // Too large for a frame; or the process is gone, and nothing matters.
            let _ = self.life.out.send(&ToSandbox::Reply { call, reply: small }).await;
        }
    }
}

pub(crate) struct Entry {
    pub inbox: Arc<Inbox>,
    pub guard: Guard,
}

#[derive(Default)]
pub(crate) struct SlotState {
    /// `None` as long as the process is not ready.
    pub life: Option<Arc<Life>>,
    pub jobs: HashMap<JobId, Entry>,
    /// Cancelled jobs whose last message is still under way.
    pub dismissed: HashSet<JobId>,
    /// Of all jobs that somebody still follows, ended or not.
    pub inboxes: Vec<Weak<Inbox>>,
}

/// The place of one process.
pub(crate) struct Slot {
    pub state: Mutex<SlotState>,
    pub ready: Arc<tokio::sync::Notify>,
    pub patience: Patience,
}

pub(crate) fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

impl Slot {
    /// Puts a job in, unless that life is over.
    fn admit(&self, id: JobId, life: &Arc<Life>, work: &Work) -> Option<Arc<Inbox>> {
        let mut state = lock(&self.state);
        state.life.as_ref().filter(|current| Arc::ptr_eq(current, life) && !life.is_over())?;
        let inbox = Arc::new(Inbox::default());
        if state.inboxes.len() > 2 * state.jobs.len() + 64 {
            state.inboxes.retain(|inbox| inbox.strong_count() > 0);
        }
        state.inboxes.push(Arc::downgrade(&inbox));
        state.jobs.insert(id, Entry { inbox: inbox.clone(), guard: Guard::new(work) });
        Some(inbox)
    }
}

/// All sandbox processes of a runner.
pub struct Pool {
    slots: Vec<Arc<Slot>>,
    ready: Arc<tokio::sync::Notify>,
    next: AtomicU64,
    keepers: Vec<tokio::task::JoinHandle<()>>,
    patience: Patience,
}

impl Pool {
    /// Starts the processes; each is ready a moment later.
    pub fn start(settings: &PoolSettings) -> Self {
        Self::start_with(settings, Patience::default())
    }

    /// Starts the processes with another patience.
    pub fn start_with(settings: &PoolSettings, patience: Patience) -> Self {
        let ready = Arc::new(tokio::sync::Notify::new());
        let mut slots = vec![];
        let mut keepers = vec![];
        for _ in 0..settings.processes.max(1) {
            let slot = Arc::new(Slot { state: Mutex::default(), ready: ready.clone(), patience });
            slots.push(slot.clone());
            keepers.push(tokio::spawn(keep(slot, settings.clone())));
        }
        Self { slots, ready, next: AtomicU64::new(1), keepers, patience }
    }

    /// Begins a job in the process with the fewest, waiting for one to be ready.
    ///
    /// # Errors
    /// When the job is too large to be sent.
    pub async fn submit(&self, hash: &str, source: &Source, work: Work) -> Result<Job> {
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        let (limits, wall) = match &work {
            Work::Build { .. } => (Limits::default(), 0),
            Work::Run { invocation, .. } | Work::Draft { invocation, .. } => {
                (invocation.limits.clone(), invocation.limits.wall_ms)
            }
        };
        let job = loop {
            let (slot, life) = self.choose().await;
            if let Some(inbox) = slot.admit(id, &life, &work) {
                let deadline = Instant::now().checked_add(Duration::from_millis(wall));
                let deadline = deadline.and_then(|deadline| deadline.checked_add(self.patience.job));
                break Job { id, events: Events { inbox, life, deadline }, limits, slot };
            }
        };
        let out = &job.events.life.out;
        // A send that fails means that the process is gone, which the job's events say,
        // or that what is sent is too large, which nothing else would.
        keep_version(&job.events.life, out, hash, source).await?;
        out.send(&ToSandbox::Start { job: id, work }).await.or_else(|error| job.events.life.gone(error))?;
        Ok(job)
    }

    async fn choose(&self) -> (Arc<Slot>, Arc<Life>) {
        loop {
            let wait = self.ready.notified();
            let best = self
                .slots
                .iter()
                .filter_map(|slot| {
                    let state = lock(&slot.state);
                    let life = state.life.clone().filter(|life| !life.is_over())?;
                    Some((state.jobs.len(), slot.clone(), life))
                })
                .min_by_key(|(jobs, ..)| *jobs);
            if let Some((_, slot, life)) = best {
                return (slot, life);
            }
            let _ = tokio::time::timeout(Duration::from_millis(100), wait).await;
        }
    }
}

/// Sees to it that the process has a version before a job of it is started.
async fn keep_version(life: &Life, out: &Outbox<ToSandbox>, hash: &str, source: &Source) -> Result<()> {
    // Held while it is sent: whoever finds it known sends its job after it.
    let mut versions = life.versions.lock().await;
    versions.clock += 1;
    let clock = versions.clock;
    if let Some(used) = versions.used.get_mut(hash) {
        *used = clock;
        return Ok(());
    }
    if versions.used.len() >= VERSIONS {
        let oldest = versions.used.iter().min_by_key(|(_, used)| **used).map(|(hash, _)| hash.clone());
        if let Some(hash) = oldest {
            versions.used.remove(&hash);
            out.send(&ToSandbox::Forget { hash }).await.or_else(|error| life.gone(error))?;
        }
    }
    let version = ToSandbox::Version { hash: hash.to_owned(), source: source.clone() };
    out.send(&version).await.or_else(|error| life.gone(error))?;
    versions.used.insert(hash.to_owned(), clock);
    Ok(())
}

impl Drop for Pool {
    fn drop(&mut self) {
        for keeper in &self.keepers {
            keeper.abort();
        }
    }
}
