//! A run from its ticket to its end.

use crate::egress::Egress;
use crate::grants::Grants;
use crate::pool::{Job, JobEvent, Pool};
use crate::protocol::*;
use crate::redact::Redactor;
use async_trait::async_trait;
use bifrost_core::ports::{Bus, Delivery, DraftRequest, Event, Objects, Queue, Worker};
use bifrost_core::*;
use bifrost_store::executions::{self, Claimed, Lease};
use bifrost_store::{Db, Keyring};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::{Notify, Semaphore, mpsc};

/// How a runner takes runs.
#[derive(Clone, Debug)]
pub struct RunnerSettings {
    /// Names this runner in leases.
    pub worker_id: String,
    /// Runs held at the same time.
    pub slots: usize,
    /// How long a lease lasts unless it is renewed, in seconds.
    pub lease_secs: u32,
    /// Shown to workflows as `context.public_url`.
    pub public_url: String,
}

/// Log lines are written together when this many wait, or after [`LOG_DELAY`].
const LOG_BATCH: usize = 500;
/// How long a log line may wait for company.
const LOG_DELAY: Duration = Duration::from_millis(50);
/// Between two looks for lost leases.
const SWEEP: Duration = Duration::from_secs(2);
/// Rest after the queue or the database failed.
const BACKOFF: Duration = Duration::from_millis(500);

/// Takes runs, drives them, ends them.
pub struct Runner {
    db: Db,
    queue: Arc<dyn Queue>,
    bus: Arc<dyn Bus>,
    objects: Arc<dyn Objects>,
    keys: Keyring,
    egress: Egress,
    pool: Pool,
    settings: RunnerSettings,
    active: Mutex<HashMap<ExecutionId, Active>>,
    sources: Mutex<HashMap<String, Arc<Source>>>,
}

/// A run in this runner's hands.
#[derive(Clone)]
struct Active {
    token: i64,
    cancel: Arc<Notify>,
    lost: Arc<Notify>,
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

impl Runner {
    /// A runner over these engines; it takes nothing before [`Self::run`].
    #[expect(clippy::too_many_arguments, reason = "one for each port, all required")]
    pub fn new(
        db: Db,
        queue: Arc<dyn Queue>,
        bus: Arc<dyn Bus>,
        objects: Arc<dyn Objects>,
        keys: Keyring,
        egress: Egress,
        pool: Pool,
        settings: RunnerSettings,
    ) -> Arc<Self> {
        Arc::new(Self {
            db,
            queue,
            bus,
            objects,
            keys,
            egress,
            pool,
            settings,
            active: Mutex::default(),
            sources: Mutex::default(),
        })
    }

    /// Takes and drives runs until it is dropped.
    pub async fn run(self: Arc<Self>) {
        tokio::join!(self.clone().consume(), self.clone().heartbeat(), self.sweep());
    }

    async fn consume(self: Arc<Self>) {
        let slots = Arc::new(Semaphore::new(self.settings.slots));
        loop {
            let Ok(permit) = slots.clone().acquire_owned().await else { return };
            match self.queue.next().await {
                Ok(delivery) => {
                    let runner = self.clone();
                    tokio::spawn(async move {
                        runner.take(delivery).await;
                        drop(permit);
                    });
                }
                Err(error) => {
                    tracing::error!("the queue failed: {error:#}");
                    tokio::time::sleep(BACKOFF).await;
                }
            }
        }
    }

    /// Keeps the leases of all runs in hand, and hears of wishes to cancel.
    async fn heartbeat(self: Arc<Self>) {
        let third = Duration::from_millis(u64::from(self.settings.lease_secs) * 1_000 / 3);
        loop {
            tokio::time::sleep(third).await;
            let held: Vec<_> = lock(&self.active).iter().map(|(id, a)| (*id, a.clone())).collect();
            for (id, active) in held {
                match executions::renew_lease(&self.db, id, active.token, self.settings.lease_secs).await {
                    Ok(Lease::Held) => {}
                    Ok(Lease::Cancelling) => active.cancel.notify_one(),
                    Ok(Lease::Lost) => active.lost.notify_one(),
                    Err(error) => tracing::warn!(execution = %id, "the lease was not renewed: {error:#}"),
                }
            }
        }
    }

    /// Admits runs whose worker is gone.
    async fn sweep(&self) {
        loop {
            tokio::time::sleep(SWEEP).await;
            match executions::expired_leases(&self.db, bifrost_store::now()).await {
                Ok(swept) => {
                    for ticket in swept.tickets {
                        if let Err(error) = self.queue.publish(ticket).await {
                            tracing::error!("a lost run was not published: {error:#}");
                        }
                    }
                    for id in swept.failed.into_iter().chain(swept.cancelled) {
                        self.announce(id).await;
                    }
                }
                Err(error) => tracing::error!("lost leases were not swept: {error:#}"),
            }
        }
    }

    async fn take(self: &Arc<Self>, delivery: Delivery) {
        let ticket = delivery.ticket;
        let claimed = loop {
            match executions::claim(&self.db, ticket, &self.settings.worker_id, self.settings.lease_secs)
                .await
            {
                Ok(claimed) => break claimed,
                Err(error) => {
                    tracing::error!(execution = %ticket.execution, "the run was not claimed: {error:#}");
                    tokio::time::sleep(BACKOFF).await;
                }
            }
        };
        // The lease is committed; from here on it guards the run, not the queue.
        if let Err(error) = delivery.ack().await {
            tracing::warn!("a delivery was not acknowledged; its copy will change nothing: {error:#}");
        }
        let Some(claimed) = claimed else { return };
        let (id, token) = (claimed.execution.id, claimed.token);
        let active = Active { token, cancel: Arc::default(), lost: Arc::default() };
        lock(&self.active).insert(id, active.clone());
        self.announce_update(&claimed.execution, None).await;
        let outcome = self.drive(claimed, &active).await;
        lock(&self.active).remove(&id);
        match outcome {
            Ok(Some(outcome)) => self.finish(id, token, outcome).await,
            // The process died, or the lease is another's: the sweeper decides.
            Ok(None) => {
                if let Err(error) = executions::renew_lease(&self.db, id, token, 0).await {
                    tracing::warn!(execution = %id, "the lease was not let go: {error:#}");
                }
            }
            Err(error) => {
                tracing::error!(execution = %id, "the run could not be made: {error:#}");
                let text =
                    "the platform could not make this run; an administrator finds the reason in its log";
                self.finish(id, token, Outcome::ended(Status::Failed, "platform_error", text)).await;
            }
        }
    }

    async fn finish(&self, id: ExecutionId, token: i64, outcome: Outcome) {
        loop {
            match executions::finish(&self.db, id, token, outcome.clone()).await {
                Ok(_) => break,
                Err(error) => {
                    tracing::error!(execution = %id, "the end was not written: {error:#}");
                    tokio::time::sleep(BACKOFF).await;
                }
            }
        }
        self.announce(id).await;
    }

    /// The end of the run; `None` when its process or its lease was lost.
    async fn drive(self: &Arc<Self>, claimed: Claimed, active: &Active) -> anyhow::Result<Option<Outcome>> {
        let source = self.source(&claimed.source_hash, &claimed.object_key).await?;
        let grants = Arc::new(Grants {
            db: self.db.clone(),
            keys: self.keys.clone(),
            egress: self.egress.clone(),
            organization: claimed.execution.organization_id,
            workspace: claimed.workspace,
            redactor: Redactor::default(),
        });
        let mut limits = claimed.limits.clone();
        let declared = claimed.workflow.defaults.get("timeout_seconds").and_then(Value::as_u64);
        if let Some(seconds) = declared {
            limits.wall_ms = limits.wall_ms.min(seconds.saturating_mul(1_000).max(1));
        }
        let invocation = WireInvocation {
            workflow: claimed.workflow.id.clone(),
            parameters: claimed.execution.parameters.to_string(),
            context: self.context(&claimed).await?.to_string(),
            capture_variables: true,
            limits,
        };
        let work = Work::Run { version: claimed.source_hash.clone(), invocation };
        let job = self.pool.submit(&claimed.source_hash, &source, work).await?;
        let log = Log {
            runner: self.clone(),
            execution: claimed.execution.id,
            token: claimed.token,
            next: claimed.next_sequence,
            waiting: vec![],
        };
        let ended = follow(job, grants, log, active).await?;
        Ok(ended)
    }

    async fn context(&self, claimed: &Claimed) -> anyhow::Result<Value> {
        let execution = &claimed.execution;
        let organization = bifrost_store::organizations::get(
            &self.db.org(execution.organization_id),
            execution.organization_id,
        )
        .await?;
        Ok(json!({
            "user_id": execution.executed_by,
            "email": execution.executed_by_email,
            "name": execution.executed_by_name,
            "scope": execution.organization_id,
            "organization": {
                "id": organization.id,
                "name": organization.name,
                "is_active": organization.is_active,
                "is_provider": organization.is_provider,
            },
            "is_platform_admin": false,
            "is_function_key": false,
            "execution_id": execution.id,
            "workflow_name": execution.workflow_name,
            "is_agent": false,
            "public_url": self.settings.public_url,
            "parameters": execution.parameters,
            "startup": null,
            "event": null,
            "attempt": execution.attempt,
        }))
    }

    async fn source(&self, hash: &str, key: &str) -> anyhow::Result<Arc<Source>> {
        if let Some(source) = lock(&self.sources).get(hash) {
            return Ok(source.clone());
        }
        let bytes = self.objects.get(key).await?;
        let bytes = bytes.ok_or_else(|| anyhow::anyhow!("the source {key} is missing"))?;
        let source: Arc<Source> = Arc::new(postcard::from_bytes(&bytes)?);
        let mut sources = lock(&self.sources);
        if sources.len() >= 64 {
            sources.clear();
        }
        sources.insert(hash.to_owned(), source.clone());
        Ok(source)
    }

    /// Tells whoever watches that a run has changed.
    async fn announce(&self, id: ExecutionId) {
        match executions::get(&self.db.system(), id).await {
            Ok(execution) => self.announce_update(&execution, execution.outcome.as_ref()).await,
            Err(error) => tracing::warn!(execution = %id, "a change was not announced: {error:#}"),
        }
    }

    async fn announce_update(&self, execution: &Execution, outcome: Option<&Outcome>) {
        for event in bifrost_core::events::updates(execution, outcome) {
            self.bus.publish(event).await;
        }
    }
}

/// Collects a run's log: numbered, redacted, sent live at once, written in batches.
struct Log {
    runner: Arc<Runner>,
    execution: ExecutionId,
    token: i64,
    next: i64,
    waiting: Vec<LogLine>,
}

impl Log {
    async fn add(&mut self, level: LogLevel, logger: String, message: String, redactor: &Redactor) {
        let line = LogLine {
            sequence: self.next,
            timestamp: bifrost_store::now(),
            level,
            logger,
            message: redactor.text(message),
        };
        self.next += 1;
        let payload = bifrost_core::events::log_line(self.execution, &line);
        let channel = format!("execution:{}", self.execution);
        self.runner.bus.publish(Event { channel, payload }).await;
        self.waiting.push(line);
    }

    /// Writes what waits. False when the lease is another's.
    async fn flush(&mut self) -> Result<bool> {
        if self.waiting.is_empty() {
            return Ok(true);
        }
        let lines = std::mem::take(&mut self.waiting);
        executions::append_logs(&self.runner.db, self.execution, self.token, lines).await
    }
}

/// Follows a job to its end.
async fn follow(
    mut job: Job,
    grants: Arc<Grants>,
    mut log: Log,
    active: &Active,
) -> anyhow::Result<Option<Outcome>> {
    let mut due: Option<tokio::time::Instant> = None;
    let outcome = loop {
        let flush = async {
            match due {
                Some(at) => tokio::time::sleep_until(at).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = active.cancel.notified() => {
                break Some(Outcome::ended(Status::Cancelled, "cancelled", "the run was cancelled"));
            }
            () = active.lost.notified() => return Ok(None),
            () = flush => {
                due = None;
                if !log.flush().await? {
                    return Ok(None);
                }
            }
            event = job.events.recv() => match event {
                None | Some(JobEvent::Lost) => {
                    log.flush().await?;
                    return Ok(None);
                }
                Some(JobEvent::Message(FromSandbox::Log { level, logger, message, .. })) => {
                    log.add(level, logger, message, &grants.redactor).await;
                    if log.waiting.len() >= LOG_BATCH {
                        due = None;
                        if !log.flush().await? {
                            return Ok(None);
                        }
                    } else {
                        due.get_or_insert_with(|| tokio::time::Instant::now() + LOG_DELAY);
                    }
                }
                Some(JobEvent::Message(FromSandbox::Call { call, request, .. })) => {
                    answer(&job, call, request, grants.clone());
                }
                Some(JobEvent::Message(FromSandbox::Ended { outcome, .. })) => {
                    let outcome = outcome.map_err(|text| anyhow::anyhow!("{text}"))?;
                    break Some(redacted(serde_json::from_slice(&outcome)?, &grants.redactor));
                }
                Some(JobEvent::Message(_)) => {}
            }
        }
    };
    log.flush().await?;
    Ok(outcome)
}

fn answer(job: &Job, call: u64, request: Call, grants: Arc<Grants>) {
    let to = job.replier();
    tokio::spawn(async move {
        let reply = grants.answer(request).await;
        let _ = to.send(ToSandbox::Reply { call, reply }).await;
    });
}

fn redacted(mut outcome: Outcome, redactor: &Redactor) -> Outcome {
    outcome.result = outcome.result.map(|value| redactor.value(value));
    outcome.variables = outcome.variables.map(|value| redactor.value(value));
    outcome.error = outcome.error.map(|text| redactor.text(text));
    outcome.traceback = outcome.traceback.map(|text| redactor.text(text));
    outcome
}

#[async_trait]
impl Worker for Runner {
    async fn build(&self, source: Arc<Source>) -> Result<WorkspaceReport> {
        let hash = source.hash();
        let work = Work::Build { version: hash.clone() };
        let mut job = self.pool.submit(&hash, &source, work).await?;
        loop {
            match job.events.recv().await {
                Some(JobEvent::Message(FromSandbox::Built { report, .. })) => {
                    let report = report.map_err(|text| Error::invalid("files", text))?;
                    return Ok(serde_json::from_slice(&report).map_err(anyhow::Error::from)?);
                }
                Some(JobEvent::Message(FromSandbox::Log { level, message, .. })) => {
                    tracing::info!(level = level.as_str(), "build: {message}");
                }
                Some(JobEvent::Message(_)) => {}
                Some(JobEvent::Lost) | None => {
                    return Err(Error::invalid("files", "loading the workspace ended its sandbox process"));
                }
            }
        }
    }

    async fn draft(&self, request: DraftRequest, logs: mpsc::Sender<LogLine>) -> Result<Outcome> {
        let hash = request.source.hash();
        let grants = Arc::new(Grants::for_caller(
            self.db.clone(),
            self.keys.clone(),
            self.egress.clone(),
            &request.caller,
            request.scope,
        ));
        let context = json!({
            "user_id": request.caller.user,
            "email": request.caller.email,
            "name": request.caller.name,
            "scope": request.scope.organization().map_or("GLOBAL".to_owned(), |id| id.to_string()),
            "organization": null,
            "is_platform_admin": request.caller.is_platform_admin(),
            "execution_id": ExecutionId::new(),
            "workflow_name": request.workflow,
            "public_url": self.settings.public_url,
            "parameters": request.parameters,
            "attempt": 1,
        });
        let invocation = WireInvocation {
            workflow: request.workflow,
            parameters: request.parameters.to_string(),
            context: context.to_string(),
            capture_variables: true,
            limits: request.limits,
        };
        let work = Work::Draft { version: hash.clone(), invocation };
        let mut job = self.pool.submit(&hash, &request.source, work).await?;
        let mut sequence = 0;
        loop {
            match job.events.recv().await {
                Some(JobEvent::Message(FromSandbox::Log { level, logger, message, .. })) => {
                    sequence += 1;
                    let (timestamp, message) = (bifrost_store::now(), grants.redactor.text(message));
                    let line = LogLine { sequence, timestamp, level, logger, message };
                    if logs.send(line).await.is_err() {
                        // Nobody listens any more; dropping the job ends the run.
                        return Ok(Outcome::ended(Status::Cancelled, "cancelled", "the draft was cancelled"));
                    }
                }
                Some(JobEvent::Message(FromSandbox::Call { call, request, .. })) => {
                    answer(&job, call, request, grants.clone());
                }
                Some(JobEvent::Message(FromSandbox::Ended { outcome, .. })) => {
                    let outcome = outcome.map_err(|text| Error::invalid("files", text))?;
                    let outcome = serde_json::from_slice(&outcome).map_err(anyhow::Error::from)?;
                    return Ok(redacted(outcome, &grants.redactor));
                }
                Some(JobEvent::Message(_)) => {}
                Some(JobEvent::Lost) | None => {
                    let text = "the draft ended its sandbox process";
                    return Ok(Outcome::ended(Status::Failed, "worker_lost", text));
                }
            }
        }
    }

    async fn cancel(&self, execution: ExecutionId) {
        if let Some(active) = lock(&self.active).get(&execution) {
            active.cancel.notify_one();
        }
    }
}
