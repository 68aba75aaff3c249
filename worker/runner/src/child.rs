//! Inside of a sandbox process. Its standard input is the socket to its runner, and the
//! only thing it holds.

use crate::protocol::*;
use anyhow::{Context, Result, anyhow};
use async_trait::async_trait;
use bifrost_core::{LogLevel, Source};
use bifrost_sandbox::*;
use std::collections::HashMap;
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use tokio::sync::{OnceCell, mpsc, oneshot};

/// Messages that may wait for the socket before a guest has to wait with its next.
const OUTBOX: usize = 1_024;

struct Version {
    source: Arc<Source>,
    built: OnceCell<bifrost_builder::Built>,
}

struct Child {
    sandbox: Sandbox,
    limits: BuildLimits,
    versions: Mutex<HashMap<String, Arc<Version>>>,
    jobs: Mutex<HashMap<JobId, tokio::task::AbortHandle>>,
    calls: Mutex<HashMap<u64, oneshot::Sender<Reply>>>,
    next_call: AtomicU64,
    out: mpsc::Sender<FromSandbox>,
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
    let sandbox = Sandbox::new(settings, Cache::open(cache)?)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let (read, write) = tokio::net::UnixStream::from_std(socket)?.into_split();
        let (out, messages) = mpsc::channel(OUTBOX);
        tokio::spawn(write_all(write, messages));
        out.send(FromSandbox::Ready).await?;
        let child = Arc::new(Child {
            sandbox,
            limits: BuildLimits::default(),
            versions: Mutex::default(),
            jobs: Mutex::default(),
            calls: Mutex::default(),
            next_call: AtomicU64::new(0),
            out,
        });
        let mut reader = Reader::new(read);
        while let Some(message) = reader.next::<ToSandbox>().await? {
            child.handle(message);
        }
        Ok(())
    })
}

impl Child {
    fn handle(self: &Arc<Self>, message: ToSandbox) {
        match message {
            ToSandbox::Version { hash, source } => {
                let version = Version { source: Arc::new(source), built: OnceCell::new() };
                lock(&self.versions).insert(hash, Arc::new(version));
            }
            ToSandbox::Forget { hash } => {
                lock(&self.versions).remove(&hash);
            }
            ToSandbox::Start { job, work } => {
                let child = self.clone();
                let task = tokio::spawn(async move {
                    let answer = child.work(job, work).await;
                    lock(&child.jobs).remove(&job);
                    let _ = child.out.send(answer).await;
                });
                if !task.is_finished() {
                    lock(&self.jobs).insert(job, task.abort_handle());
                }
            }
            ToSandbox::Cancel { job } => {
                if let Some(task) = lock(&self.jobs).remove(&job) {
                    task.abort();
                }
            }
            ToSandbox::Reply { call, reply } => {
                if let Some(waiting) = lock(&self.calls).remove(&call) {
                    let _ = waiting.send(reply);
                }
            }
        }
    }

    async fn work(self: &Arc<Self>, job: JobId, work: Work) -> FromSandbox {
        match work {
            Work::Build { version } => {
                let report = match self.built(job, &version).await {
                    Ok(built) => serde_json::to_vec(&*built.report).map_err(|e| e.to_string()),
                    Err(error) => Err(format!("{error:#}")),
                };
                FromSandbox::Built { job, report }
            }
            Work::Run { version, invocation } => {
                let outcome = self.run(job, &version, invocation).await;
                FromSandbox::Ended { job, outcome: encode(outcome) }
            }
            Work::Draft { version, invocation } => {
                let outcome = self.draft(job, &version, invocation).await;
                FromSandbox::Ended { job, outcome: encode(outcome) }
            }
        }
    }

    fn version(&self, hash: &str) -> Result<Arc<Version>> {
        lock(&self.versions).get(hash).cloned().ok_or_else(|| anyhow!("version {hash} was never sent"))
    }

    async fn built(self: &Arc<Self>, job: JobId, hash: &str) -> Result<bifrost_builder::Built> {
        let version = self.version(hash)?;
        let built = version.built.get_or_try_init(|| {
            let out = self.out.clone();
            let output = Arc::new(move |level: LogLevel, line: &str| {
                let message = line.to_owned();
                let logger = "build".to_owned();
                let _ = out.try_send(FromSandbox::Log { job, level, logger, message });
            });
            bifrost_builder::build(&self.sandbox, &version.source, &self.limits, output)
        });
        Ok(built.await?.clone())
    }

    fn invocation(self: &Arc<Self>, job: JobId, source: Arc<Source>, wire: WireInvocation) -> Invocation {
        Invocation {
            workflow: wire.workflow,
            parameters: wire.parameters,
            context: wire.context,
            capture_variables: wire.capture_variables,
            limits: wire.limits,
            source,
            capabilities: Arc::new(Remote { job, child: self.clone() }),
        }
    }

    async fn run(
        self: &Arc<Self>,
        job: JobId,
        hash: &str,
        wire: WireInvocation,
    ) -> Result<bifrost_core::Outcome> {
        let built = self.built(job, hash).await?;
        let source = self.version(hash)?.source.clone();
        Ok(built.image.run(self.invocation(job, source, wire)).await)
    }

    async fn draft(
        self: &Arc<Self>,
        job: JobId,
        hash: &str,
        wire: WireInvocation,
    ) -> Result<bifrost_core::Outcome> {
        let source = self.version(hash)?.source.clone();
        let (_, outcome) = self.sandbox.draft(self.invocation(job, source, wire), &self.limits).await?;
        Ok(outcome)
    }
}

fn encode(outcome: Result<bifrost_core::Outcome>) -> Result<Vec<u8>, String> {
    let outcome = outcome.map_err(|error| format!("{error:#}"))?;
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
        lock(&self.child.calls).insert(call, sender);
        // A run that is dropped while it waits must not leave its place behind.
        let _forget = Forget { call, child: &self.child };
        self.child.out.send(FromSandbox::Call { job: self.job, call, request }).await.ok()?;
        receiver.await.ok()
    }
}

struct Forget<'c> {
    call: u64,
    child: &'c Child,
}

impl Drop for Forget<'_> {
    fn drop(&mut self) {
        lock(&self.child.calls).remove(&self.call);
    }
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
        match self.call(Call::ConfigGet { key: key.to_owned(), scope: scope.map(str::to_owned) }).await {
            Some(Reply::ConfigGet(answer)) => answer,
            _ => Err(gone()),
        }
    }

    async fn config_set(
        &self,
        key: &str,
        value: &str,
        is_secret: bool,
        scope: Option<&str>,
    ) -> Result<(), CapabilityError> {
        let (key, value, scope) = (key.to_owned(), value.to_owned(), scope.map(str::to_owned));
        match self.call(Call::ConfigSet { key, value, is_secret, scope }).await {
            Some(Reply::ConfigSet(answer)) => answer,
            _ => Err(gone()),
        }
    }

    async fn config_list(&self, scope: Option<&str>) -> Result<Vec<ConfigEntry>, CapabilityError> {
        match self.call(Call::ConfigList { scope: scope.map(str::to_owned) }).await {
            Some(Reply::ConfigList(answer)) => answer,
            _ => Err(gone()),
        }
    }

    async fn config_delete(&self, key: &str, scope: Option<&str>) -> Result<bool, CapabilityError> {
        match self.call(Call::ConfigDelete { key: key.to_owned(), scope: scope.map(str::to_owned) }).await {
            Some(Reply::ConfigDelete(answer)) => answer,
            _ => Err(gone()),
        }
    }

    async fn log(&self, level: LogLevel, logger: String, message: String) {
        let _ = self.child.out.send(FromSandbox::Log { job: self.job, level, logger, message }).await;
    }

    async fn http(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        match self.call(Call::Http(request)).await {
            Some(Reply::Http(answer)) => answer,
            _ => Err(HttpError::Connection("the platform did not answer".to_owned())),
        }
    }

    async fn platform(&self, operation: &str, arguments: &str) -> Result<String, CapabilityError> {
        let (operation, arguments) = (operation.to_owned(), arguments.to_owned());
        match self.call(Call::Platform { operation, arguments }).await {
            Some(Reply::Platform(answer)) => answer,
            _ => Err(gone()),
        }
    }
}
