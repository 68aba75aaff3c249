//! A run from its ticket to its end.

use crate::drive::limits;
use crate::egress::Egress;
use crate::http_calls::Calls;
use crate::log::Log;
use crate::observe;
use crate::pool::Pool;
use crate::sources::Sources;
use bifrost_core::ports::{Api, Bus, Delivery, Objects, Queue};
use bifrost_core::*;
use bifrost_oauth::OAuth;
use bifrost_store::executions::{self, Claimed, Ending, documents};
use bifrost_store::workers;
use bifrost_store::{Db, Keyring};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock, Weak};
use std::time::Duration;
use tokio::sync::{Notify, Semaphore, watch};
use tracing::Instrument;

/// How a runner takes runs.
#[derive(Clone, Debug)]
pub struct RunnerSettings {
    /// Names this runner in leases.
    pub worker_id: String,
    /// The machine, for people.
    pub host: String,
    /// Runs held at the same time.
    pub slots: usize,
    /// How long a lease lasts unless it is renewed, in seconds.
    pub lease_secs: u32,
    /// Shown to workflows as `context.public_url`.
    pub public_url: String,
    /// Address of the package index.
    pub package_index: String,
}

/// Rest after the queue or the database failed.
pub(crate) const BACKOFF: Duration = Duration::from_millis(500);

/// Takes runs, drives them, ends them.
pub struct Runner {
    pub(crate) db: Db,
    queue: Arc<dyn Queue>,
    pub(crate) bus: Arc<dyn Bus>,
    pub(crate) sources: Sources,
    pub(crate) objects: Arc<dyn Objects>,
    pub(crate) keys: Keyring,
    pub(crate) egress: Egress,
    pub(crate) oauth: OAuth,
    pub(crate) pool: Pool,
    pub(crate) settings: RunnerSettings,
    pub(crate) active: Mutex<HashMap<ExecutionId, Active>>,
    pub(crate) draining: watch::Sender<bool>,
    slots: Arc<Semaphore>,
    /// Not held by this: it holds this.
    api: OnceLock<Weak<dyn Api>>,
}

/// A run in this runner's hands.
#[derive(Clone)]
pub(crate) struct Active {
    pub(crate) token: i64,
    pub(crate) cancel: Arc<Notify>,
    pub(crate) lost: Arc<Notify>,
}

pub(crate) fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
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
        oauth: OAuth,
        pool: Pool,
        settings: RunnerSettings,
    ) -> Arc<Self> {
        Arc::new(Self {
            db,
            queue,
            bus,
            sources: Sources::new(objects.clone()),
            keys,
            egress,
            oauth,
            pool: pool.with_objects(objects.clone()),
            objects,
            slots: Arc::new(Semaphore::new(settings.slots)),
            settings,
            active: Mutex::default(),
            draining: watch::Sender::new(false),
            api: OnceLock::new(),
        })
    }

    /// Lets runs call the platform's own API, as long as somebody holds it; the first one counts.
    pub fn offer(&self, api: &Arc<dyn Api>) {
        let _ = self.api.set(Arc::downgrade(api));
    }

    pub(crate) fn api(&self) -> Option<Arc<dyn Api>> {
        self.api.get().and_then(Weak::upgrade)
    }

    /// Takes and drives runs until it is dropped, or has drained.
    pub async fn run(self: Arc<Self>) {
        tokio::join!(
            self.clone().consume(),
            self.heartbeat(),
            self.beat(),
            self.keep_warm(),
            self.forget_sources()
        );
    }

    async fn consume(self: Arc<Self>) {
        observe::occupancy(self.settings.slots, 0);
        loop {
            let mut draining = self.draining.subscribe();
            let taken = async {
                let permit = self.slots.clone().acquire_owned().await.map_err(anyhow::Error::from)?;
                Ok::<_, Error>((permit, self.queue.next().await?))
            };
            let taken = tokio::select! {
                biased;
                _ = draining.wait_for(|draining| *draining) => return,
                taken = taken => taken,
            };
            match taken {
                Ok((permit, delivery)) => {
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

    /// Takes no more runs, and waits until the last one has ended or `patience` is over;
    /// tells how many are left. Their leases end with this worker, and they are tried
    /// again elsewhere.
    pub async fn drain(&self, patience: Duration) -> usize {
        self.draining.send_replace(true);
        // What this process was handed and has not taken goes to others now.
        self.queue.close().await;
        let until = tokio::time::Instant::now() + patience;
        // A slot is free once the end of its run is written.
        while self.slots.available_permits() < self.settings.slots && tokio::time::Instant::now() < until {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        if let Err(error) = workers::remove(&self.db, Some(&self.settings.worker_id)).await {
            tracing::debug!("this worker is forgotten later: {error:#}");
        }
        let left: Vec<_> = lock(&self.active).iter().map(|(id, active)| (*id, active.token)).collect();
        // Let go at once, so that nobody waits for the leases to end.
        let _ = executions::renew_leases(&self.db, &left, 0).await;
        left.len()
    }

    async fn take(self: &Arc<Self>, delivery: Delivery) {
        let ticket = delivery.ticket;
        #[cfg(feature = "planted-faults")]
        let delivery = bifrost_store::planted::acknowledged(delivery).await;
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
        let span = observe::run(&claimed);
        self.make(claimed).instrument(span).await;
    }

    /// Makes a run that is claimed.
    async fn make(self: &Arc<Self>, claimed: Claimed) {
        observe::taken(&claimed);
        let begun = std::time::Instant::now();
        let (mut execution, token) = (claimed.execution.clone(), claimed.token);
        let id = execution.id;
        let active = Active { token, cancel: Arc::default(), lost: Arc::default() };
        self.hold(id, active.clone());
        self.announce(&execution).await;
        let mut log = Log::new(self.db.clone(), self.bus.clone(), id, token, claimed.next_sequence);
        let policy = RetryPolicy::from_defaults(&claimed.workflow.defaults);
        let declared = roi::declared(&claimed.workflow.defaults);
        let limits = MeteredLimits::from(&limits(&claimed));
        let calls = Arc::new(Calls::default());
        let outcome = self.drive(claimed, &mut log, &active, calls.clone()).await;
        let calls = calls.take();
        let mut outcome = match outcome {
            Ok(Some(outcome)) => outcome,
            // The process died, or the lease is another's: the sweeper decides.
            Ok(None) => {
                self.keep_calls(id, token, &calls).await;
                self.let_go(id, token);
                if let Err(error) = executions::renew_lease(&self.db, id, token, 0).await {
                    tracing::warn!(execution = %id, "the lease was not let go: {error:#}");
                }
                return;
            }
            Err(error) => {
                tracing::error!(execution = %id, "the run could not be made: {error:#}");
                Outcome::ended(Status::Failed, "platform_error", reason(&error))
            }
        };
        if outcome.status == Status::Success && outcome.roi.is_none() {
            outcome.roi = declared;
        }
        observe::attempted(&outcome, begun.elapsed());
        let lines = log.take();
        let chance = uuid::Uuid::new_v4().as_u128() as f64 / u128::MAX as f64;
        let pause = policy.and_then(|policy| policy.pause(execution.attempt, &outcome, chance));
        if let Some(pause) = pause {
            self.keep_calls(id, token, &calls).await;
            // Whoever takes it next may be this runner.
            self.let_go(id, token);
            if self.again(&execution, token, &outcome, pause, &lines).await {
                log.announce(&lines).await;
                return;
            }
        }
        let stored = documents::offload(self.objects.as_ref(), &execution, &mut outcome).await;
        self.let_go(id, token);
        let ending = Ending {
            outcome: outcome.clone(),
            stored,
            lines: lines.clone(),
            has_long_log: log.is_long(),
            metering: Some(Metering { http_calls: calls.made(), log_bytes: log.counted(), limits }),
            calls,
        };
        let ended = loop {
            match executions::end(&self.db, id, token, ending.clone()).await {
                Ok(ended) => break ended,
                Err(error) => {
                    tracing::error!(execution = %id, "the end was not written: {error:#}");
                    tokio::time::sleep(BACKOFF).await;
                }
            }
        };
        if ended.is_some() {
            observe::ended(outcome.status);
            log.announce(&lines).await;
            (execution.status, execution.completed_at) = (outcome.status, ended);
            execution.outcome = Some(outcome);
            self.announce(&execution).await;
        }
    }

    /// Remembers a run in hand.
    fn hold(&self, id: ExecutionId, run: Active) {
        let mut active = lock(&self.active);
        active.insert(id, run);
        observe::occupancy(self.settings.slots, active.len());
    }

    /// Forgets an attempt. A later one of the same run may be in hand by then.
    fn let_go(&self, id: ExecutionId, token: i64) {
        let mut active = lock(&self.active);
        if active.get(&id).is_some_and(|run| run.token == token) {
            active.remove(&id);
        }
        observe::occupancy(self.settings.slots, active.len());
    }

    /// Keeps the calls of an attempt that another one may follow. They are told of where they can be, and
    /// nothing waits for them.
    async fn keep_calls(&self, id: ExecutionId, token: i64, calls: &HttpCalls) {
        if calls.kept.is_empty() {
            return;
        }
        if let Err(error) = executions::keep_calls(&self.db, id, token, calls).await {
            tracing::warn!(execution = %id, "the HTTP calls of an attempt were not kept: {error:#}");
        }
    }

    /// Gives a failed run back for another attempt, however long the database is away; false
    /// when its end stands.
    async fn again(
        &self,
        execution: &Execution,
        token: i64,
        outcome: &Outcome,
        pause: Duration,
        lines: &[LogLine],
    ) -> bool {
        let cause = format!("error:{}", outcome.error_type.as_deref().unwrap_or("unknown"));
        let not_before = bifrost_store::now() + pause;
        let given = loop {
            let (cause, lines) = (cause.clone(), lines.to_vec());
            match executions::retry(&self.db, execution.id, token, cause, not_before, lines).await {
                Ok(given) => break given,
                // The end must not stand for it, so it waits for the database as an end does.
                Err(error) => {
                    tracing::error!(execution = %execution.id, "not given back: {error:#}");
                    tokio::time::sleep(BACKOFF).await;
                }
            }
        };
        if given {
            let execution = Execution { status: Status::Pending, ..execution.clone() };
            self.announce(&execution).await;
        }
        given
    }

    /// Tells whoever watches that a run has changed.
    async fn announce(&self, execution: &Execution) {
        for event in bifrost_core::events::updates(execution) {
            self.bus.publish(event).await;
        }
    }
}

/// Why a run could not be made, for the one who asked for it.
fn reason(error: &anyhow::Error) -> String {
    match error.downcast_ref() {
        Some(gone @ Error::Gone(_)) => gone.to_string(),
        _ => "the platform could not make this run; an administrator finds the reason in its log".to_owned(),
    }
}
