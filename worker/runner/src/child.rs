//! Inside of a sandbox process. Its standard input is the socket to its runner, and the
//! only thing it holds.

use crate::protocol::*;
use crate::wheels::Wheels;
use crate::wire::{Outbox, Reader};
use crate::{guard, lockdown};
use anyhow::{Context, Result, anyhow, bail};
use async_trait::async_trait;
use bifrost_builder::Installed;
use bifrost_core::{ConfigType, LogLevel, Source};
use bifrost_sandbox::*;
use std::collections::HashMap;
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::{Mutex as AsyncMutex, oneshot};

/// After so much rest, memory that many runs have left behind goes back to the system.
const REST: Duration = Duration::from_secs(1);
/// So many runs leave enough behind to be worth it.
const MANY_RUNS: u64 = 64;

struct Version {
    source: Arc<Source>,
    /// Or why they cannot be had.
    packages: Result<Arc<Installed>, String>,
    built: AsyncMutex<Option<bifrost_builder::Built>>,
}

impl Version {
    fn packages(&self) -> Result<Arc<Installed>> {
        self.packages.clone().map_err(|reason| anyhow!("{reason}"))
    }
}

struct Child {
    sandbox: Sandbox,
    limits: BuildLimits,
    versions: Mutex<HashMap<String, Arc<Version>>>,
    wheels: Mutex<Wheels>,
    /// Each with what cancels it.
    jobs: Mutex<HashMap<JobId, oneshot::Sender<()>>>,
    calls: Mutex<HashMap<u64, oneshot::Sender<Reply>>>,
    next_call: AtomicU64,
    /// Jobs that ended since memory was last given back.
    ended: AtomicU64,
    out: Outbox<FromSandbox>,
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// Serves the runner behind standard input until it goes away.
///
/// # Errors
/// When standard input is not a socket, or the runner speaks another language.
pub fn serve(cache: &Path, settings: &Settings) -> Result<()> {
    let socket: OwnedFd = std::io::stdin().as_fd().try_clone_to_owned()?;
    let socket = std::os::unix::net::UnixStream::from(socket);
    socket.set_nonblocking(true).context("standard input is not a socket")?;
    let cache = &lockdown::leave_root(cache);
    let opened = Cache::open(cache)?;
    // It has no thread of its own, but a pair of sockets.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    // Before the first thread is started: each inherits it.
    lockdown::enter(cache);
    runtime.block_on(async {
        let sandbox = Sandbox::new(settings, opened).await?;
        let (read, write) = tokio::net::UnixStream::from_std(socket)?.into_split();
        let (out, mut writer) = Outbox::open(write);
        out.send(&FromSandbox::Ready).await?;
        let child = Arc::new(Child {
            sandbox,
            limits: BuildLimits::default(),
            versions: Mutex::default(),
            wheels: Mutex::default(),
            jobs: Mutex::default(),
            calls: Mutex::default(),
            next_call: AtomicU64::new(0),
            ended: AtomicU64::new(0),
            out,
        });
        let mut reader = Reader::new(read);
        loop {
            // Both branches but a message are the end, so none is read in part.
            let message = tokio::select! {
                message = reader.next::<ToSandbox>() => message?,
                _ = &mut writer => bail!("the runner does not read any more"),
            };
            match message {
                Some(message) => child.handle(message),
                None => return Ok(()),
            }
        }
    })
}

impl Child {
    fn handle(self: &Arc<Self>, message: ToSandbox) {
        match message {
            ToSandbox::Wheel { sha256, bytes } => lock(&self.wheels).add(sha256, bytes),
            ToSandbox::Version { hash, source } => {
                let packages = lock(&self.wheels).install(source.packages()).map_err(|e| format!("{e:#}"));
                let version = Version { source: Arc::new(source), packages, built: AsyncMutex::default() };
                lock(&self.versions).insert(hash, Arc::new(version));
            }
            ToSandbox::Forget { hash } => {
                lock(&self.versions).remove(&hash);
            }
            ToSandbox::Start { job, work } => self.start(job, work),
            ToSandbox::Cancel { job } => {
                if let Some(cancel) = lock(&self.jobs).remove(&job) {
                    let _ = cancel.send(());
                }
            }
            ToSandbox::Reply { call, reply } => {
                if let Some(waiting) = lock(&self.calls).remove(&call) {
                    let _ = waiting.send(reply);
                }
            }
        }
    }

    fn start(self: &Arc<Self>, job: JobId, work: Work) {
        // Looked up now: the version may be forgotten before the job is first polled.
        let version = self.version(work.version());
        let (cancel, cancelled) = oneshot::channel();
        lock(&self.jobs).insert(job, cancel);
        let child = self.clone();
        tokio::spawn(async move {
            // Whichever it is, nothing of the run is left when the answer is sent.
            let answer = tokio::select! {
                biased;
                Ok(()) = cancelled => FromSandbox::Cancelled { job },
                answer = child.work(job, version, work) => answer,
            };
            lock(&child.jobs).remove(&job);
            if child.out.send(&answer).await.is_err() {
                let why = "the run's end is too large to be told".to_owned();
                let _ = child.out.send(&FromSandbox::Ended { job, outcome: Err(why) }).await;
            }
            child.tidy();
        });
    }

    /// Gives memory back when many runs have ended and no other begins.
    fn tidy(self: &Arc<Self>) {
        let ended = self.ended.fetch_add(1, Ordering::Relaxed) + 1;
        if ended < MANY_RUNS || !lock(&self.jobs).is_empty() {
            return;
        }
        let child = self.clone();
        tokio::spawn(async move {
            tokio::time::sleep(REST).await;
            let idle = lock(&child.jobs).is_empty() && child.ended.load(Ordering::Relaxed) == ended;
            if idle {
                child.ended.store(0, Ordering::Relaxed);
                give_back();
            }
        });
    }

    async fn work(self: &Arc<Self>, job: JobId, version: Result<Arc<Version>>, work: Work) -> FromSandbox {
        match work {
            Work::Build { .. } => {
                let report = match self.build(job, version).await {
                    Ok(built) => serde_json::to_vec(&*built.report).map_err(|e| e.to_string()),
                    Err(error) => Err(format!("{error:#}")),
                };
                FromSandbox::Built { job, report }
            }
            Work::Warm { .. } => {
                let result = self.warm(version).await;
                FromSandbox::Warmed { job, result: result.map_err(|e| guard::reason(format!("{e:#}"))) }
            }
            Work::Run { invocation, .. } => {
                let outcome = self.run(job, version, invocation).await;
                FromSandbox::Ended { job, outcome: encode(outcome) }
            }
            Work::Draft { invocation, .. } => {
                let outcome = self.draft(job, version, invocation).await;
                FromSandbox::Ended { job, outcome: encode(outcome) }
            }
        }
    }

    fn version(&self, hash: &str) -> Result<Arc<Version>> {
        lock(&self.versions).get(hash).cloned().ok_or_else(|| anyhow!("version {hash} was never sent"))
    }

    async fn build(
        self: &Arc<Self>,
        job: JobId,
        version: Result<Arc<Version>>,
    ) -> Result<bifrost_builder::Built> {
        let out = self.out.clone();
        let output = move |level: LogLevel, line: &str| {
            let (message, logger) = (line.to_owned(), "build".to_owned());
            // Does not wait for room: a build's log is bounded, and there are few builds.
            let _ = out.post(&FromSandbox::Log { job, level, logger, message });
        };
        let version = version?;
        self.built(&version, Arc::new(output), true).await
    }

    async fn warm(&self, version: Result<Arc<Version>>) -> Result<()> {
        self.built(&*version?, silent(), false).await.map(drop)
    }

    /// What a version was built to. Runs take what is there; `again` makes once more what may
    /// come out better.
    async fn built(
        &self,
        version: &Version,
        output: bifrost_builder::Output,
        again: bool,
    ) -> Result<bifrost_builder::Built> {
        let mut kept = version.built.lock().await;
        if let Some(built) = kept.as_ref().filter(|built| !again || built.is_lasting()) {
            return Ok(built.clone());
        }
        let packages = version.packages()?;
        let built =
            bifrost_builder::build(&self.sandbox, &version.source, &packages, &self.limits, output).await?;
        Ok(kept.insert(built).clone())
    }

    fn invocation(
        self: &Arc<Self>,
        job: JobId,
        version: &Version,
        wire: WireInvocation,
    ) -> Result<Invocation> {
        Ok(Invocation {
            workflow: wire.workflow,
            parameters: wire.parameters,
            context: wire.context,
            capture_variables: wire.capture_variables,
            limits: wire.limits,
            source: version.source.clone(),
            packages: version.packages()?,
            capabilities: Arc::new(Remote { job, child: self.clone() }),
        })
    }

    async fn run(
        self: &Arc<Self>,
        job: JobId,
        version: Result<Arc<Version>>,
        wire: WireInvocation,
    ) -> Result<bifrost_core::Outcome> {
        let version = version?;
        // What its version prints while it is imported is no part of a run's log.
        let built = self.built(&version, silent(), false).await?;
        Ok(built.image.run(self.invocation(job, &version, wire)?).await)
    }

    async fn draft(
        self: &Arc<Self>,
        job: JobId,
        version: Result<Arc<Version>>,
        wire: WireInvocation,
    ) -> Result<bifrost_core::Outcome> {
        let invocation = self.invocation(job, &*version?, wire)?;
        let (_, outcome) = self.sandbox.draft(invocation, &self.limits).await?;
        Ok(outcome)
    }
}

/// Nobody reads what a version prints while it is imported.
fn silent() -> bifrost_builder::Output {
    Arc::new(|_, _| {})
}

/// Memory that runs have used stays with the allocator, in pieces between what lives.
fn give_back() {
    #[cfg(target_env = "gnu")]
    {
        #[expect(unsafe_code, reason = "the allocator has no other interface")]
        // SAFETY: any thread may call it at any time; it only returns unused pages.
        unsafe {
            libc::malloc_trim(0);
        }
    }
}

fn encode(outcome: Result<bifrost_core::Outcome>) -> Result<Vec<u8>, String> {
    let mut outcome = outcome.map_err(|error| format!("{error:#}"))?;
    guard::trim(&mut outcome);
    serde_json::to_vec(&outcome).map_err(|error| error.to_string())
}

/// Capabilities that ask the runner.
struct Remote {
    job: JobId,
    child: Arc<Child>,
}

impl Remote {
    async fn call(&self, request: Call) -> Option<Reply> {
        let call = self.child.next_call.fetch_add(1, Ordering::Relaxed);
        let (sender, receiver) = oneshot::channel();
        // A run that is dropped while it waits must not leave its place behind.
        let mut pending = Pending { job: self.job, call, child: &self.child, sent: false };
        lock(&self.child.calls).insert(call, sender);
        self.child.out.send(&FromSandbox::Call { job: self.job, call, request }).await.ok()?;
        pending.sent = true;
        let reply = receiver.await.ok();
        pending.sent = false;
        reply
    }
}

/// A call that has no reply yet.
struct Pending<'c> {
    job: JobId,
    call: u64,
    child: &'c Child,
    sent: bool,
}

impl Drop for Pending<'_> {
    fn drop(&mut self) {
        lock(&self.child.calls).remove(&self.call);
        if self.sent {
            let _ = self.child.out.post(&FromSandbox::Abandon { job: self.job, call: self.call });
        }
    }
}

fn large(request: &Call) -> Option<CapabilityError> {
    let text = || format!("a call may have {} MiB", MAX_CALL >> 20);
    (request.size() > MAX_CALL).then(|| CapabilityError::new(ErrorKind::Limit, text()))
}

fn gone() -> CapabilityError {
    CapabilityError::new(ErrorKind::Unavailable, "the platform did not answer")
}

#[async_trait]
impl Capabilities for Remote {
    async fn config_get(
        &self,
        key: &str,
        scope: Option<&str>,
    ) -> Result<Option<ConfigEntry>, CapabilityError> {
        let request = Call::ConfigGet { key: key.to_owned(), scope: scope.map(str::to_owned) };
        if let Some(error) = large(&request) {
            return Err(error);
        }
        match self.call(request).await {
            Some(Reply::ConfigGet(answer)) => answer,
            _ => Err(gone()),
        }
    }

    async fn config_set(
        &self,
        key: &str,
        value: &str,
        kind: Option<ConfigType>,
        scope: Option<&str>,
    ) -> Result<(), CapabilityError> {
        let (key, value, scope) = (key.to_owned(), value.to_owned(), scope.map(str::to_owned));
        let request = Call::ConfigSet { key, value, kind, scope };
        if let Some(error) = large(&request) {
            return Err(error);
        }
        match self.call(request).await {
            Some(Reply::ConfigSet(answer)) => answer,
            _ => Err(gone()),
        }
    }

    async fn config_list(&self, scope: Option<&str>) -> Result<Vec<ConfigEntry>, CapabilityError> {
        let request = Call::ConfigList { scope: scope.map(str::to_owned) };
        if let Some(error) = large(&request) {
            return Err(error);
        }
        match self.call(request).await {
            Some(Reply::ConfigList(answer)) => answer,
            _ => Err(gone()),
        }
    }

    async fn config_delete(&self, key: &str, scope: Option<&str>) -> Result<bool, CapabilityError> {
        let request = Call::ConfigDelete { key: key.to_owned(), scope: scope.map(str::to_owned) };
        if let Some(error) = large(&request) {
            return Err(error);
        }
        match self.call(request).await {
            Some(Reply::ConfigDelete(answer)) => answer,
            _ => Err(gone()),
        }
    }

    async fn log(&self, level: LogLevel, logger: String, message: String) {
        let _ = self.child.out.send(&FromSandbox::Log { job: self.job, level, logger, message }).await;
    }

    async fn http(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        match self.call(Call::Http(request)).await {
            Some(Reply::Http(answer)) => answer,
            _ => Err(HttpError::Connection("the platform did not answer".to_owned())),
        }
    }

    async fn http_more(&self, rest: u64) -> Result<HttpPiece, HttpError> {
        match self.call(Call::HttpMore { rest }).await {
            Some(Reply::HttpMore(piece)) => piece,
            _ => Err(HttpError::Connection("the platform did not answer".to_owned())),
        }
    }

    fn http_close(&self, rest: u64) {
        let _ = self.child.out.post(&FromSandbox::Close { job: self.job, rest });
    }

    async fn platform(&self, operation: &str, arguments: &str) -> Result<String, CapabilityError> {
        let (operation, arguments) = (operation.to_owned(), arguments.to_owned());
        let request = Call::Platform { operation, arguments };
        if let Some(error) = large(&request) {
            return Err(error);
        }
        match self.call(request).await {
            Some(Reply::Platform(answer)) => answer,
            _ => Err(gone()),
        }
    }
}
