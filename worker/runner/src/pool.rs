//! The sandbox processes of a runner, and the jobs that it has in them.

use crate::guard::{self, Abandoned, Guard};
use crate::inbox::Inbox;
use crate::process::{Kept, Life, keep};
use crate::protocol::*;
use crate::wheels::Shelf;
use anyhow::{Context, Result, anyhow, bail};
use bifrost_core::ports::Objects;
use bifrost_core::{Limits, Outcome, Package, Source};
use bifrost_packages::Store;
use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, Weak};
use std::time::Duration;
use tokio::sync::watch;
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

/// Versions that a process keeps; a loaded one is a mapping and an open file there.
pub(crate) const VERSIONS: usize = 256;
/// Bytes of their sources and packages together, which it has in its memory.
pub(crate) const VERSION_BYTES: usize = 256 << 20;

/// What is started as a sandbox process: this program itself, or the one that
/// `BIFROST_SANDBOX_PROGRAM` names, such as a wrapper that puts walls of its own around it.
///
/// # Errors
/// When it is not known where this program is.
pub fn sandbox_program() -> Result<PathBuf> {
    if let Some(program) = std::env::var_os("BIFROST_SANDBOX_PROGRAM") {
        return Ok(program.into());
    }
    this_program()
}

/// Where this program is. Without `/proc` it is found by the absolute path it was started with.
///
/// # Errors
/// When that is not known.
pub fn this_program() -> Result<PathBuf> {
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
    /// Told when a process is ready, and when one is gone.
    pub changes: watch::Sender<()>,
    pub patience: Patience,
}

pub(crate) fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// A process that takes jobs.
pub(crate) struct Place {
    slot: Arc<Slot>,
    life: Arc<Life>,
    /// How many it has.
    jobs: usize,
}

/// The processes in which a version is not ready for its runs.
pub(crate) struct Cold {
    /// Those that take jobs, the least busy first.
    pub ready: Vec<Place>,
    /// How many others are about to.
    pub starting: usize,
}

impl Slot {
    /// The process that is there, if it takes jobs.
    fn place(self: &Arc<Self>) -> Option<Place> {
        let state = lock(&self.state);
        let life = state.life.clone().filter(|life| !life.is_over())?;
        Some(Place { slot: self.clone(), life, jobs: state.jobs.len() })
    }

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
    changes: watch::Sender<()>,
    next: AtomicU64,
    keepers: Vec<tokio::task::JoinHandle<()>>,
    patience: Patience,
    cache: PathBuf,
    shelf: Shelf,
}

impl Pool {
    /// Starts the processes; each is ready a moment later.
    pub fn start(settings: &PoolSettings) -> Self {
        Self::start_with(settings, Patience::default())
    }

    /// Starts the processes with another patience.
    pub fn start_with(settings: &PoolSettings, patience: Patience) -> Self {
        let changes = watch::Sender::new(());
        let mut slots = vec![];
        let mut keepers = vec![];
        for _ in 0..settings.processes.max(1) {
            let slot = Arc::new(Slot { state: Mutex::default(), changes: changes.clone(), patience });
            slots.push(slot.clone());
            keepers.push(tokio::spawn(keep(slot, settings.clone())));
        }
        let cache = settings.cache.clone();
        let shelf = Shelf::new(&cache);
        Self { slots, changes, next: AtomicU64::new(1), keepers, patience, cache, shelf }
    }

    /// Fetches wheels that are missing on this machine from here.
    pub fn with_objects(mut self, objects: Arc<dyn Objects>) -> Self {
        self.shelf.fetch_from(objects);
        self
    }

    /// The wheels of this machine.
    pub(crate) fn wheels(&self) -> &Store {
        self.shelf.store()
    }

    /// Puts wheels that are here where every worker finds them.
    pub(crate) async fn publish(&self, packages: &[Package]) -> Result<()> {
        self.shelf.publish(packages).await
    }

    /// Sees to it that the wheels of a source are here.
    pub(crate) async fn fetch(&self, source: &Source) -> Result<()> {
        self.shelf.fetch(source).await
    }

    /// Where compiled code is cached.
    pub(crate) fn cache(&self) -> &Path {
        &self.cache
    }

    /// Begins a job in the process with the fewest, waiting for one to be ready.
    ///
    /// # Errors
    /// When the job is too large to be sent.
    pub async fn submit(&self, hash: &str, source: &Source, work: Work) -> Result<Job> {
        let job = loop {
            if let Some(job) = self.admit(self.choose().await, &work) {
                break job;
            }
        };
        self.begin(&job, hash, source, work).await?;
        Ok(job)
    }

    /// The processes in which a version is not ready for its runs; it counts as used in
    /// the others.
    pub(crate) async fn cold(&self, hash: &str) -> Cold {
        let (mut ready, mut starting) = (vec![], 0);
        for slot in &self.slots {
            let Some(place) = slot.place() else {
                starting += 1;
                continue;
            };
            if !place.life.versions.lock().await.get(hash).is_some_and(|kept| kept.is_ready) {
                ready.push(place);
            }
        }
        ready.sort_by_key(|place| place.jobs);
        Cold { ready, starting }
    }

    /// Makes a version ready for its runs in one process, unless that is gone.
    ///
    /// # Errors
    /// When it cannot be, or when the process ended over it.
    pub(crate) async fn load(&self, place: Place, hash: &str, source: &Source) -> Result<()> {
        let (life, work) = (place.life.clone(), Work::Warm { version: hash.to_owned() });
        let Some(mut job) = self.admit(place, &work) else { return Ok(()) };
        self.begin(&job, hash, source, work).await?;
        while let Some(event) = job.events.recv().await {
            match event {
                JobEvent::Message(FromSandbox::Warmed { result, .. }) => {
                    result.map_err(|reason| anyhow!("{reason}"))?;
                    if let Some(kept) = life.versions.lock().await.get(hash) {
                        kept.is_ready = true;
                    }
                    return Ok(());
                }
                JobEvent::Message(_) => {}
                JobEvent::Lost => break,
            }
        }
        bail!("its sandbox process ended")
    }

    /// Told when a process is ready, and when one is gone.
    pub(crate) fn changes(&self) -> watch::Receiver<()> {
        self.changes.subscribe()
    }

    /// Puts a job in, unless the process is gone.
    fn admit(&self, place: Place, work: &Work) -> Option<Job> {
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        let (limits, wall) = match work {
            Work::Build { .. } | Work::Warm { .. } => (Limits::default(), 0),
            Work::Run { invocation, .. } | Work::Draft { invocation, .. } => {
                (invocation.limits.clone(), invocation.limits.wall_ms)
            }
        };
        let Place { slot, life, .. } = place;
        let inbox = slot.admit(id, &life, work)?;
        let deadline = Instant::now().checked_add(Duration::from_millis(wall));
        let deadline = deadline.and_then(|deadline| deadline.checked_add(self.patience.job));
        Some(Job { id, events: Events { inbox, life, deadline }, limits, slot })
    }

    async fn choose(&self) -> Place {
        let mut changes = self.changes.subscribe();
        loop {
            let places = self.slots.iter().filter_map(Slot::place);
            if let Some(place) = places.min_by_key(|place| place.jobs) {
                return place;
            }
            let _ = tokio::time::timeout(Duration::from_millis(100), changes.changed()).await;
        }
    }

    /// Sends a job that was put in.
    async fn begin(&self, job: &Job, hash: &str, source: &Source, work: Work) -> Result<()> {
        let life = &job.events.life;
        // A send that fails means that the process is gone, which the job's events say,
        // or that what is sent is too large, which nothing else would.
        let is_first = self.keep_version(life, hash, source).await?;
        if is_first && matches!(work, Work::Run { .. }) {
            metrics::counter!("bifrost_cold_runs_total").increment(1);
        }
        life.out.send(&ToSandbox::Start { job: job.id, work }).await.or_else(|error| life.gone(error))
    }

    /// Sees to it that the process has a version before a job of it is started; true when it
    /// did not have it.
    async fn keep_version(&self, life: &Life, hash: &str, source: &Source) -> Result<bool> {
        // Held while it is sent: whoever finds it known sends its job after it.
        let mut versions = life.versions.lock().await;
        if versions.get(hash).is_some() {
            return Ok(false);
        }
        for hash in versions.make_room(source.weight()) {
            life.out.send(&ToSandbox::Forget { hash }).await.or_else(|error| life.gone(error))?;
        }
        let wheels: Vec<_> = source.packages().iter().map(|package| package.sha256.clone()).collect();
        for sha256 in &wheels {
            if !versions.values().any(|kept| kept.wheels.contains(sha256)) {
                let wheel = ToSandbox::Wheel { sha256: sha256.clone(), bytes: self.shelf.get(sha256).await? };
                life.out.send(&wheel).await.or_else(|error| life.gone(error))?;
            }
        }
        let version = ToSandbox::Version { hash: hash.to_owned(), source: source.clone() };
        life.out.send(&version).await.or_else(|error| life.gone(error))?;
        versions.insert(hash.to_owned(), source.weight(), Kept { is_ready: false, wheels });
        Ok(true)
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        for keeper in &self.keepers {
            keeper.abort();
        }
    }
}
