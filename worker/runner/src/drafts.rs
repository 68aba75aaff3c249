//! What the API asks of a runner directly: builds, drafts, calls, and ending a run at once.

use crate::consumer::{Runner, lock};
use crate::drive::{answer, redacted};
use crate::grants::Grants;
use crate::pool::JobEvent;
use crate::protocol::*;
use crate::redact::{Lines, Redactor};
use async_trait::async_trait;
use bifrost_core::ports::{CallRequest, DraftRequest, Installed, Worker};
use bifrost_core::*;
use bifrost_store::audit::Actor;
use serde_json::json;
use std::sync::Arc;
use tokio::sync::mpsc;

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
                    tracing::debug!(level = level.as_str(), "build: {message}");
                }
                Some(JobEvent::Message(_)) => {}
                Some(JobEvent::Lost) | None => {
                    return Err(Error::invalid("files", "loading the workspace ended its sandbox process"));
                }
            }
        }
    }

    async fn install(&self, source: Arc<Source>) -> Result<Installed> {
        let program = crate::pool::this_program()?;
        let index = &self.settings.package_index;
        let installed = bifrost_builder::install(&program, &source, index, self.pool.wheels()).await?;
        if let Installed::Packages(packages) = &installed {
            self.pool.publish(packages).await?;
        }
        Ok(installed)
    }

    async fn draft(&self, request: DraftRequest, logs: mpsc::Sender<LogLine>) -> Result<Outcome> {
        let hash = request.source.hash();
        let execution = ExecutionId::new();
        let organization = request.scope.organization().unwrap_or(request.caller.organization);
        let grants = Arc::new(Grants {
            db: self.db.by(Arc::new(Actor::of(&request.caller).in_run(execution))),
            keys: self.keys.clone(),
            egress: self.egress.of(organization),
            oauth: self.oauth.clone(),
            organization,
            workspace: request.scope,
            is_confined: false,
            caller: request.caller.clone(),
            children: Lineage { is_confined: request.scope != Scope::Global, ..Lineage::default() },
            objects: self.objects.clone(),
            bus: self.bus.clone(),
            api: self.api(),
            execution,
            rests: Default::default(),
            calls: Default::default(),
            redactor: Redactor::default(),
            told: Default::default(),
        });
        let context = json!({
            "user_id": request.caller.user,
            "email": request.caller.email,
            "name": request.caller.name,
            "scope": request.scope.organization().map_or("GLOBAL".to_owned(), |id| id.to_string()),
            "organization": null,
            "is_platform_admin": request.caller.is_platform_admin(),
            "execution_id": execution,
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
        let (mut sequence, mut lines) = (0, Lines::default());
        loop {
            match job.events.recv().await {
                Some(JobEvent::Message(FromSandbox::Log { level, logger, message, .. })) => {
                    sequence += 1;
                    let timestamp = bifrost_store::now();
                    let message = lines.redact(&grants.redactor, &logger, message);
                    let logger = grants.redactor.text(logger);
                    let line = LogLine { sequence, timestamp, level, logger, message };
                    if logs.send(line).await.is_err() {
                        // Nobody listens any more; dropping the job ends the run.
                        return Ok(Outcome::ended(Status::Cancelled, "cancelled", "the draft was cancelled"));
                    }
                }
                Some(JobEvent::Message(FromSandbox::Call { call, request, .. })) => {
                    answer(&job, call, request, grants.clone());
                }
                Some(JobEvent::Message(FromSandbox::Close { rest, .. })) => grants.rests.close(rest),
                Some(JobEvent::Message(FromSandbox::Ended { outcome, .. })) => {
                    let outcome = outcome.map_err(|text| Error::invalid("files", text))?;
                    let outcome = job.outcome(&outcome)?;
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

    async fn call(&self, request: CallRequest) -> Result<Outcome> {
        self.called(request).await.map_err(|error| error.downcast().unwrap_or_else(Error::Internal))
    }

    async fn cancel(&self, execution: ExecutionId) {
        if let Some(active) = lock(&self.active).get(&execution) {
            active.cancel.notify_one();
        }
    }
}
