//! A run in its sandbox process: what it needs, what it may do, what it says.

use crate::consumer::{Active, BACKOFF, Runner};
use crate::grants::Grants;
use crate::http_calls::Calls;
use crate::log::Log;
use crate::pool::{Job, JobEvent};
use crate::protocol::*;
use crate::redact::Redactor;
use bifrost_core::*;
use bifrost_store::audit::Actor;
use bifrost_store::executions::Claimed;
use bifrost_store::executions::documents::{self, Part};
use bifrost_store::webhooks;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use tracing::Instrument;

/// How long a run waits for an object that is missing.
const MISSING: Duration = Duration::from_secs(5);

impl Runner {
    /// The end of the run; `None` when its process or its lease was lost.
    pub(crate) async fn drive(
        &self,
        mut claimed: Claimed,
        log: &mut Log,
        active: &Active,
        calls: Arc<Calls>,
    ) -> anyhow::Result<Option<Outcome>> {
        // Nothing has happened yet: while an engine is away, the run can wait for it.
        let (source, context) = tokio::select! {
            material = self.patient_material(&mut claimed) => material?,
            () = active.cancel.notified() => return Ok(Some(cancelled())),
            () = active.lost.notified() => return Ok(None),
        };
        let run = &claimed.execution;
        let caller = Caller {
            name: run.executed_by_name.clone(),
            ..Caller::of_role(
                run.executed_by,
                &run.executed_by_email,
                run.organization_id,
                run.executed_by_role,
            )
        }
        .within(run.executed_by_ceiling);
        let grants = Arc::new(Grants {
            db: self.db.by(Arc::new(actor(&claimed.execution))),
            keys: self.keys.clone(),
            egress: self.egress.of(run.organization_id),
            oauth: self.oauth.clone(),
            organization: run.organization_id,
            workspace: claimed.workspace,
            is_confined: run.lineage.is_confined,
            caller,
            children: Lineage::of_child(run, claimed.workspace),
            objects: self.objects.clone(),
            bus: self.bus.clone(),
            api: self.api(),
            execution: run.id,
            rests: Default::default(),
            calls,
            redactor: Redactor::default(),
            told: Default::default(),
        });
        let invocation = WireInvocation {
            workflow: claimed.workflow.id.clone(),
            parameters: claimed.execution.parameters.to_string(),
            context: context.to_string(),
            capture_variables: true,
            limits: limits(&claimed),
        };
        let work = Work::Run { version: claimed.source_hash.clone(), invocation };
        let job = self.pool.submit(&claimed.source_hash, &source, work).await?;
        follow(job, grants, log, active).await
    }

    /// As [`Self::material`], for as long as an engine is away. What is missing may be there
    /// a moment later, at a store that is not consistent.
    async fn patient_material(&self, claimed: &mut Claimed) -> anyhow::Result<(Arc<Source>, Value)> {
        let begun = std::time::Instant::now();
        loop {
            match self.material(claimed).await {
                Err(error) if is_worth_waiting(&error, begun.elapsed()) => {
                    tracing::warn!("a run waits for what it needs: {error:#}");
                    tokio::time::sleep(BACKOFF).await;
                }
                ended => return ended,
            }
        }
    }

    /// What a run needs from elsewhere before it can begin; its parameters are put in their
    /// place.
    async fn material(&self, claimed: &mut Claimed) -> anyhow::Result<(Arc<Source>, Value)> {
        let source = self.sources.get(&claimed.source_hash, &claimed.object_key).await?;
        self.pool.fetch(&source).await?;
        documents::load(self.objects.as_ref(), &mut claimed.execution, Part::Parameters).await?;
        Ok((source, self.context(claimed).await?))
    }

    async fn context(&self, claimed: &Claimed) -> anyhow::Result<Value> {
        let execution = &claimed.execution;
        let event = match execution.delivery_id {
            Some(id) => webhooks::told(&self.db.org(execution.organization_id), id).await?,
            None => None,
        };
        Ok(json!({
            "user_id": execution.executed_by,
            "email": execution.executed_by_email,
            "name": execution.executed_by_name,
            "scope": execution.organization_id,
            "organization": {
                "id": execution.organization_id,
                "name": claimed.organization_name,
                // Nothing of another is claimed.
                "is_active": true,
                "is_provider": claimed.is_of_provider,
            },
            "is_platform_admin": execution.executed_by_role == Role::PlatformAdmin,
            "is_function_key": false,
            "execution_id": execution.id,
            "workflow_name": execution.workflow_name,
            "is_agent": false,
            "public_url": self.settings.public_url,
            "parameters": execution.parameters,
            "startup": execution.startup,
            "event": event,
            "attempt": execution.attempt,
        }))
    }
}

/// What the run may use: its organization's limits, and no more time than its workflow wants.
pub(crate) fn limits(claimed: &Claimed) -> Limits {
    let mut limits = claimed.limits.clone();
    let declared = claimed.workflow.defaults.get("timeout_seconds").and_then(Value::as_u64);
    if let Some(seconds) = declared {
        limits.wall_ms = limits.wall_ms.min(seconds.saturating_mul(1_000).max(1));
    }
    limits
}

/// Whoever asked for the run, by way of it.
fn actor(execution: &Execution) -> Actor {
    let actor = Actor {
        id: Some(execution.executed_by),
        name: execution.executed_by_email.clone(),
        ..Actor::default()
    };
    actor.in_run(execution.id)
}

fn is_worth_waiting(error: &anyhow::Error, waited: Duration) -> bool {
    match error.downcast_ref() {
        Some(Error::Busy(_)) => true,
        Some(Error::Gone(_)) => waited < MISSING,
        _ => false,
    }
}

fn cancelled() -> Outcome {
    Outcome::ended(Status::Cancelled, "cancelled", "the run was cancelled")
}

/// Follows a job to its end.
async fn follow(
    mut job: Job,
    grants: Arc<Grants>,
    log: &mut Log,
    active: &Active,
) -> anyhow::Result<Option<Outcome>> {
    loop {
        tokio::select! {
            () = active.cancel.notified() => {
                return Ok(Some(cancelled()));
            }
            () = active.lost.notified() => return Ok(None),
            () = log.due() => {
                if !log.flush().await {
                    return Ok(None);
                }
            }
            event = job.events.recv() => match event {
                None | Some(JobEvent::Lost) => {
                    log.flush().await;
                    return Ok(None);
                }
                Some(JobEvent::Message(FromSandbox::Log { level, logger, message, .. })) => {
                    if log.add(level, logger, message, &grants.redactor) && !log.flush().await {
                        return Ok(None);
                    }
                }
                Some(JobEvent::Message(FromSandbox::Call { call, request, .. })) => {
                    answer(&job, call, request, grants.clone());
                }
                Some(JobEvent::Message(FromSandbox::Close { rest, .. })) => grants.rests.close(rest),
                Some(JobEvent::Message(FromSandbox::Ended { outcome, .. })) => {
                    let outcome = outcome.map_err(|text| anyhow::anyhow!("{text}"))?;
                    return Ok(Some(redacted(job.outcome(&outcome)?, &grants.redactor)));
                }
                Some(JobEvent::Message(_)) => {}
            }
        }
    }
}

pub(crate) fn answer(job: &Job, call: u64, request: Call, grants: Arc<Grants>) {
    let replier = job.replier(call);
    let reply = async move { grants.answer(request).await };
    tokio::spawn(replier.answer(reply).in_current_span());
}

pub(crate) fn redacted(mut outcome: Outcome, redactor: &Redactor) -> Outcome {
    outcome.result = outcome.result.map(|value| redactor.value(value));
    outcome.variables = outcome.variables.map(|value| redactor.value(value));
    outcome.error = outcome.error.map(|text| redactor.text(text));
    outcome.traceback = outcome.traceback.map(|text| redactor.text(text));
    outcome.error_type = outcome.error_type.map(|text| redactor.text(text));
    outcome.roi = outcome.roi.map(|value| redactor.value(value));
    outcome
}
