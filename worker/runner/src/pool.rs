//! The sandbox processes: started, watched, replaced when they die.

use crate::protocol::*;
use anyhow::{Context, Result, bail};
use bifrost_core::Source;
use std::collections::HashMap;
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::mpsc;

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

/// Versions that a process keeps loaded.
const VERSIONS: usize = 256;
/// Messages that may wait for a process.
const OUTBOX: usize = 1_024;
/// Rest between two starts of a process that dies.
const RESTART: Duration = Duration::from_millis(200);

/// What happens to a job.
#[derive(Debug)]
pub enum JobEvent {
    /// From the sandbox process; never `Ready`.
    Message(FromSandbox),
    /// The process died; nothing follows.
    Lost,
}

/// A started job.
pub struct Job {
    /// Its name.
    pub id: JobId,
    /// What happens to it, in order.
    pub events: mpsc::UnboundedReceiver<JobEvent>,
    slot: Arc<Slot>,
    to: mpsc::Sender<ToSandbox>,
}

impl Job {
    /// Answers a call of the job.
    pub fn replier(&self) -> mpsc::Sender<ToSandbox> {
        self.to.clone()
    }
}

impl Drop for Job {
    fn drop(&mut self) {
        // Whoever lets go of a job wants it ended, wherever it stands.
        if lock(&self.slot.state).jobs.remove(&self.id).is_some() {
            let (to, job) = (self.to.clone(), self.id);
            if to.try_send(ToSandbox::Cancel { job }).is_err() {
                tokio::spawn(async move { to.send(ToSandbox::Cancel { job }).await });
            }
        }
    }
}

#[derive(Default)]
struct SlotState {
    to: Option<mpsc::Sender<ToSandbox>>,
    jobs: HashMap<JobId, mpsc::UnboundedSender<JobEvent>>,
    /// Versions that the process has, and when each was last used.
    versions: HashMap<String, u64>,
    clock: u64,
}

struct Slot {
    state: Mutex<SlotState>,
    ready: tokio::sync::Notify,
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// All sandbox processes of a runner.
pub struct Pool {
    slots: Vec<Arc<Slot>>,
    next: AtomicU64,
    keepers: Vec<tokio::task::JoinHandle<()>>,
}

impl Pool {
    /// Starts the processes; each is ready a moment later.
    pub fn start(settings: &PoolSettings) -> Self {
        let mut slots = vec![];
        let mut keepers = vec![];
        for _ in 0..settings.processes.max(1) {
            let slot = Arc::new(Slot { state: Mutex::default(), ready: tokio::sync::Notify::new() });
            slots.push(slot.clone());
            keepers.push(tokio::spawn(keep(slot, settings.clone())));
        }
        Self { slots, next: AtomicU64::new(1), keepers }
    }

    /// Begins a job in the process with the fewest, waiting for one to be ready.
    pub async fn submit(&self, hash: &str, source: &Source, work: Work) -> Result<Job> {
        let (slot, to) = self.choose().await;
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        let (sender, events) = mpsc::unbounded_channel();
        let (send_version, forget) = {
            let mut state = lock(&slot.state);
            state.jobs.insert(id, sender);
            state.clock += 1;
            let clock = state.clock;
            let known = state.versions.insert(hash.to_owned(), clock).is_some();
            let mut forget = None;
            if state.versions.len() > VERSIONS {
                forget = state.versions.iter().min_by_key(|(_, used)| **used).map(|(hash, _)| hash.clone());
                if let Some(hash) = &forget {
                    state.versions.remove(hash);
                }
            }
            (!known, forget)
        };
        let job = Job { id, events, slot, to };
        if let Some(hash) = forget {
            job.to.send(ToSandbox::Forget { hash }).await.ok();
        }
        if send_version {
            let version = ToSandbox::Version { hash: hash.to_owned(), source: source.clone() };
            job.to.send(version).await.ok();
        }
        // A send that fails means that the process died; the job's events say so.
        job.to.send(ToSandbox::Start { job: id, work }).await.ok();
        Ok(job)
    }

    async fn choose(&self) -> (Arc<Slot>, mpsc::Sender<ToSandbox>) {
        loop {
            let wait = self.slots[0].ready.notified();
            let best = self
                .slots
                .iter()
                .filter_map(|slot| {
                    let state = lock(&slot.state);
                    Some((state.jobs.len(), slot.clone(), state.to.clone()?))
                })
                .min_by_key(|(jobs, ..)| *jobs);
            if let Some((_, slot, to)) = best {
                return (slot, to);
            }
            let _ = tokio::time::timeout(Duration::from_millis(100), wait).await;
        }
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        for keeper in &self.keepers {
            keeper.abort();
        }
    }
}

/// Keeps one process alive.
async fn keep(slot: Arc<Slot>, settings: PoolSettings) {
    loop {
        if let Err(error) = live(&slot, &settings).await {
            tracing::error!("sandbox process: {error:#}");
        }
        let lost: Vec<_> = {
            let mut state = lock(&slot.state);
            state.to = None;
            state.versions.clear();
            state.jobs.drain().collect()
        };
        for (_, job) in lost {
            let _ = job.send(JobEvent::Lost);
        }
        tokio::time::sleep(RESTART).await;
    }
}

/// One life of a process: returns when it is over.
async fn live(slot: &Arc<Slot>, settings: &PoolSettings) -> Result<()> {
    let (ours, theirs) = std::os::unix::net::UnixStream::pair()?;
    ours.set_nonblocking(true)?;
    let mut child = tokio::process::Command::new(&settings.program)
        .arg("sandbox-process")
        .arg("--cache")
        .arg(&settings.cache)
        .arg("--slots")
        .arg(settings.slots.to_string())
        // Nothing of the runner's environment: it may hold credentials.
        .env_clear()
        .current_dir("/")
        .stdin(Stdio::from(std::os::fd::OwnedFd::from(theirs)))
        .stdout(Stdio::null())
        .stderr(Stdio::inherit())
        .kill_on_drop(true)
        .spawn()
        .with_context(|| format!("cannot start {}", settings.program.display()))?;
    let (read, write) = tokio::net::UnixStream::from_std(ours)?.into_split();
    let (to, messages) = mpsc::channel(OUTBOX);
    tokio::spawn(write_all(write, messages));
    let mut reader = Reader::new(read);
    let mut to = Some(to);
    let result = loop {
        match reader.next::<FromSandbox>().await {
            Ok(Some(FromSandbox::Ready)) => match to.take() {
                Some(to) => {
                    lock(&slot.state).to = Some(to);
                    slot.ready.notify_waiters();
                }
                None => break Err(anyhow::anyhow!("it said twice that it is ready")),
            },
            Ok(Some(message)) => {
                let Some(id) = message.job() else { continue };
                let mut state = lock(&slot.state);
                let last = matches!(message, FromSandbox::Ended { .. } | FromSandbox::Built { .. });
                let known = match if last { state.jobs.remove(&id) } else { state.jobs.get(&id).cloned() } {
                    Some(job) => job.send(JobEvent::Message(message)).is_ok(),
                    // A cancelled job's last words may still be under way; whatever they
                    // are, nobody listens.
                    None => true,
                };
                if !known {
                    state.jobs.remove(&id);
                }
            }
            Ok(None) => break Ok(()),
            Err(error) => break Err(error.context("it sent what is not a message")),
        }
    };
    lock(&slot.state).to = None;
    let _ = child.start_kill();
    let status = child.wait().await?;
    result?;
    bail!("it ended with {status}; its runs are tried again elsewhere")
}
