//! Calls that are no runs: a function of a deployed version, in a fresh sandbox, of which nothing is
//! kept but what it returns.

use crate::consumer::Runner;
use crate::drive::{answer, redacted};
use crate::grants::Grants;
use crate::pool::JobEvent;
use crate::protocol::*;
use crate::redact::Redactor;
use anyhow::{Context, Result};
use bifrost_core::ports::CallRequest;
use bifrost_core::*;
use bifrost_store::audit::Actor;
use serde_json::json;
use std::sync::Arc;

impl Runner {
    /// Makes a call; dropping the future ends it.
    pub(crate) async fn called(&self, request: CallRequest) -> Result<Outcome> {
        let source = self.sources.get(&request.source_hash, &request.object_key).await?;
        self.pool.fetch(&source).await?;
        let organization = request.caller.organization;
        let redactor = Redactor::default();
        redactor.add(&request.secrets).map_err(|error| anyhow::anyhow!("{error}"))?;
        let name = format!("webhook {}", request.caller.name);
        let actor = Actor { name, organization: Some(organization), ..Actor::default() };
        let execution = ExecutionId::new();
        let grants = Arc::new(Grants {
            db: self.db.by(Arc::new(actor)),
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
            // There is nothing of it that somebody without an account may ask for.
            api: None,
            execution,
            rests: Default::default(),
            calls: Default::default(),
            redactor,
            told: Default::default(),
        });
        let invocation = WireInvocation {
            context: self.context_of(&request, execution).await?.to_string(),
            workflow: request.function,
            parameters: request.parameters.to_string(),
            capture_variables: false,
            limits: request.limits,
        };
        let work = Work::Run { version: request.source_hash.clone(), invocation };
        let mut job = self.pool.submit(&request.source_hash, &source, work).await?;
        loop {
            match job.events.recv().await {
                Some(JobEvent::Message(FromSandbox::Call { call, request, .. })) => {
                    answer(&job, call, request, grants.clone());
                }
                Some(JobEvent::Message(FromSandbox::Close { rest, .. })) => grants.rests.close(rest),
                Some(JobEvent::Message(FromSandbox::Ended { outcome, .. })) => {
                    let outcome = outcome.map_err(|text| anyhow::anyhow!("{text}"))?;
                    return Ok(redacted(job.outcome(&outcome)?, &grants.redactor));
                }
                // Nobody reads its log.
                Some(JobEvent::Message(_)) => {}
                Some(JobEvent::Lost) | None => return Err(Error::Busy("sandboxes").into()),
            }
        }
    }

    async fn context_of(&self, request: &CallRequest, call: ExecutionId) -> Result<serde_json::Value> {
        let (caller, id) = (&request.caller, request.caller.organization);
        let organization = bifrost_store::organizations::get(&self.db.org(id), id).await;
        let organization = organization.context("the organization of a call")?;
        Ok(json!({
            "user_id": caller.user,
            "email": caller.email,
            "name": caller.name,
            "scope": id,
            "organization": {
                "id": organization.id,
                "name": organization.name,
                "is_active": organization.is_active,
                "is_provider": organization.is_provider,
            },
            "is_platform_admin": false,
            "execution_id": call,
            "workflow_name": request.function,
            "public_url": self.settings.public_url,
            "attempt": 1,
        }))
    }
}
