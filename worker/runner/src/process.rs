//! One sandbox process: started, listened to, ended when it says what it must not, and
//! replaced.

use crate::inbox::Inbox;
use crate::pool::{JobEvent, PoolSettings, Slot, VERSION_BYTES, VERSIONS, lock};
use crate::protocol::*;
use crate::recent::Recent;
use crate::wire::{Outbox, Reader};
use anyhow::{Context, Result, anyhow, bail, ensure};
use std::os::fd::{AsFd, OwnedFd};
use std::process::Stdio;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, Weak};
use std::time::Duration;
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};

/// Rest between two starts of a process that dies.
const RESTART: Duration = Duration::from_millis(200);
/// Bytes that a process may have said and nobody has taken yet.
const ROOM: usize = 64 << 20;
/// What a process may know of how to write its log.
const LOG_VARIABLES: [&str; 2] = ["BIFROST_LOG", "BIFROST_LOG_FORMAT"];
/// Cancelled jobs of which a process may still owe the last message.
const DISMISSED: usize = 20_000;

/// A version that a process has.
#[derive(Default)]
pub(crate) struct Kept {
    /// It is ready for its runs.
    pub is_ready: bool,
    /// Hashes of the wheels that it needs.
    pub wheels: Vec<String>,
}

/// One life of a process, from ready to gone.
pub(crate) struct Life {
    pub out: Outbox<ToSandbox>,
    /// The versions that it has.
    pub versions: tokio::sync::Mutex<Recent<Kept>>,
    over: AtomicBool,
    doomed: Notify,
    reason: Mutex<String>,
}

impl Life {
    /// Ends the process; its jobs are lost.
    pub fn end(&self, reason: impl Into<String>) {
        *lock(&self.reason) = reason.into();
        self.over.store(true, Ordering::SeqCst);
        self.doomed.notify_one();
    }

    /// True when no job should begin any more.
    pub fn is_over(&self) -> bool {
        self.over.load(Ordering::SeqCst)
    }

    /// Nothing is wrong with a message that was not sent because the life is over.
    pub fn gone(&self, error: anyhow::Error) -> Result<()> {
        if self.is_over() || self.out.is_closed() { Ok(()) } else { Err(error) }
    }
}

/// Keeps one process alive.
pub(crate) async fn keep(slot: Arc<Slot>, settings: PoolSettings) {
    loop {
        if let Err(error) = live(&slot, &settings).await {
            tracing::error!("sandbox process: {error:#}");
            metrics::counter!("bifrost_sandbox_restarts_total").increment(1);
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
        // Nothing else of the runner's environment: it may hold credentials.
        .env_clear()
        .envs(LOG_VARIABLES.into_iter().filter_map(|name| Some((name, std::env::var_os(name)?))))
        .current_dir("/")
        .stdin(Stdio::from(OwnedFd::from(theirs)))
        // Not /dev/null: there may be no /dev.
        .stdout(Stdio::from(std::io::stderr().as_fd().try_clone_to_owned()?))
        .stderr(Stdio::inherit())
        .kill_on_drop(true)
        .spawn()
        .with_context(|| format!("cannot start {}", settings.program.display()))?;
    let (read, write) = tokio::net::UnixStream::from_std(ours)?.into_split();
    let (out, writer) = Outbox::open(write);
    let life = Arc::new(Life {
        out,
        versions: tokio::sync::Mutex::new(Recent::new(VERSIONS, VERSION_BYTES)),
        over: AtomicBool::new(false),
        doomed: Notify::new(),
        reason: Mutex::default(),
    });
    let result = listen(slot, &life, Reader::new(read), writer).await;
    life.over.store(true, Ordering::SeqCst);
    let lost: Vec<_> = {
        let mut state = lock(&slot.state);
        if state.life.take().is_some() {
            metrics::gauge!("bifrost_sandbox_processes").decrement(1);
        }
        state.dismissed.clear();
        state.jobs.drain().collect()
    };
    slot.changes.send_replace(());
    for (_, entry) in lost {
        entry.inbox.put(JobEvent::Lost, None);
        entry.inbox.close();
    }
    let _ = child.start_kill();
    let status = child.wait().await?;
    result.context("it was ended")?;
    bail!("it ended with {status}; its runs are tried again elsewhere")
}

/// Listens until the process is gone, or says what it must not.
async fn listen(
    slot: &Slot,
    life: &Arc<Life>,
    mut reader: Reader,
    mut writer: tokio::task::JoinHandle<()>,
) -> Result<()> {
    let room = Arc::new(Semaphore::new(ROOM));
    let late = tokio::time::sleep(slot.patience.ready);
    tokio::pin!(late);
    let mut ready = false;
    loop {
        // Every branch but the first is the end, so a message is never read in part.
        let message = tokio::select! {
            message = reader.next::<FromSandbox>() => message.context("it sent what is not a message")?,
            () = life.doomed.notified() => bail!("{}", lock(&life.reason)),
            _ = &mut writer => bail!("it does not read any more"),
            () = &mut late, if !ready => bail!("it was not ready in time"),
        };
        let Some(message) = message else { return Ok(()) };
        if let FromSandbox::Ready = message {
            ensure!(!ready, "it said twice that it is ready");
            ready = true;
            lock(&slot.state).life = Some(life.clone());
            metrics::gauge!("bifrost_sandbox_processes").increment(1);
            slot.changes.send_replace(());
        } else {
            ensure!(ready, "it spoke before it was ready");
            let permit = tokio::select! {
                permit = take_room(slot, &room, message.size()) => permit?,
                () = life.doomed.notified() => bail!("{}", lock(&life.reason)),
            };
            deliver(slot, message, permit)?;
        }
    }
}

/// Waits until those who follow jobs have taken enough of what was said before. When
/// nobody takes anything, whoever has left most lying loses it, and the job with it.
async fn take_room(slot: &Slot, room: &Arc<Semaphore>, size: usize) -> Result<OwnedSemaphorePermit> {
    let size = u32::try_from(size.min(ROOM))?;
    loop {
        let permit = room.clone().acquire_many_owned(size);
        if let Ok(permit) = tokio::time::timeout(slot.patience.taken, permit).await {
            return Ok(permit?);
        }
        let inboxes: Vec<_> = lock(&slot.state).inboxes.iter().filter_map(Weak::upgrade).collect();
        let fullest = inboxes.into_iter().max_by_key(|inbox: &Arc<Inbox>| inbox.bytes());
        if let Some(inbox) = fullest.filter(|inbox| inbox.bytes() > 0) {
            tracing::warn!(bytes = inbox.bytes(), "nobody takes what a run says; it is given up");
            inbox.clear(JobEvent::Lost);
        }
    }
}

/// Gives a message to whoever follows its job.
fn deliver(slot: &Slot, message: FromSandbox, room: OwnedSemaphorePermit) -> Result<()> {
    let id = message.job().ok_or_else(|| anyhow!("a message about no job"))?;
    let mut state = lock(&slot.state);
    let Some(entry) = state.jobs.get_mut(&id) else {
        ensure!(state.dismissed.contains(&id), "it spoke of a job that it does not have");
        // Nobody listens to what a cancelled job still says; its last word is one.
        if message.is_last() {
            state.dismissed.remove(&id);
        }
        ensure!(state.dismissed.len() <= DISMISSED, "it does not end what is cancelled");
        return Ok(());
    };
    entry.guard.admit(&message)?;
    match message {
        FromSandbox::Abandon { .. } => {}
        FromSandbox::Cancelled { .. } => bail!("it cancelled a job by itself"),
        message if message.is_last() => {
            if let Some(entry) = state.jobs.remove(&id) {
                entry.inbox.put(JobEvent::Message(message), Some(room));
                entry.inbox.close();
            }
        }
        message => entry.inbox.put(JobEvent::Message(message), Some(room)),
    }
    Ok(())
}
