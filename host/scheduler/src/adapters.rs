//! Looks after the subscriptions of webhook adapters: makes them, renews them before they end, and
//! takes them back when a source is deleted.
//!
//! It calls authors' code, so it runs in processes that have sandboxes; of those one leads. What is
//! to be done is claimed in the database, so leading twice for a moment does no harm.

use crate::leader;
use bifrost_core::ports::{Bus, Worker};
use bifrost_core::{Error, OrganizationId, Result, WebhookId, adapter};
use bifrost_store::webhooks::adapters::{self, Settled};
use bifrost_store::{Db, Keyring};
use futures::StreamExt;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// Between two looks when nobody says that there is something.
const LOOK: Duration = Duration::from_secs(5);
/// Sources of one look.
const BATCH: u32 = 100;
/// Calls at the same time.
const AT_ONCE: usize = 4;
/// Longest wait for one call, loading its version included.
const PATIENCE: Duration = Duration::from_secs(120);

/// What is needed to look after subscriptions. Cheap to clone.
#[derive(Clone)]
pub struct Adapters {
    /// Where they are written down.
    pub db: Db,
    /// Opens what adapters keep.
    pub keys: Keyring,
    /// Calls their code.
    pub worker: Arc<dyn Worker>,
    /// Tells that there is something to do.
    pub bus: Arc<dyn Bus>,
}

impl Adapters {
    /// Looks after subscriptions when no other process does, until `stop`; then lets go of the lead.
    pub async fn run(self, holder: String, stop: impl Future<Output = ()>) {
        let (leads, campaign) = leader::campaign(self.db.clone(), "adapters", holder);
        tokio::select! {
            () = self.look(leads) => {}
            () = stop => {}
        }
        // Fails when it panicked; then the lead runs out by itself.
        let _ = campaign.await;
    }

    async fn look(self, mut leads: watch::Receiver<bool>) {
        let mut wake = self.bus.subscribe(vec![adapter::WAKE.to_owned()]).await.ok();
        while leads.wait_for(|leads| *leads).await.is_ok() {
            match self.step().await {
                // A full look has more behind it.
                Ok(true) => continue,
                Ok(false) => {}
                Err(error) => tracing::warn!("subscriptions were not looked after: {error:#}"),
            }
            let heard = async {
                match &mut wake {
                    Some(wake) => wake.recv().await.is_some(),
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = tokio::time::sleep(LOOK) => {}
                changed = leads.changed() => if changed.is_err() { return },
                open = heard => if !open { wake = None },
            }
        }
    }

    /// Does what is due now, at most one batch; true when there may be more.
    ///
    /// # Errors
    /// When it cannot be read what is due. What is wrong with one is written down at it.
    pub async fn step(&self) -> Result<bool> {
        let due = adapters::due(&self.db, bifrost_store::now(), BATCH).await?;
        let full = usize::try_from(BATCH).is_ok_and(|batch| due.len() == batch);
        let all = futures::stream::iter(due).map(|(organization, id)| self.one(organization, id));
        all.buffer_unordered(AT_ONCE).for_each(|()| std::future::ready(())).await;
        Ok(full)
    }

    async fn one(&self, organization: OrganizationId, id: WebhookId) {
        match self.attempt(organization, id).await {
            Ok(None | Some(Settled::Done | Settled::Overtaken)) => {}
            Ok(Some(Settled::Later)) => tracing::warn!(webhook = %id, "a subscription is tried again"),
            Ok(Some(Settled::GivenUp)) => {
                tracing::error!(webhook = %id, "a subscription was given up on");
            }
            // Deleted meanwhile.
            Err(Error::NotFound(_)) => {}
            // The claim runs out, and somebody tries again.
            Err(error) => tracing::warn!(webhook = %id, "a subscription was not looked after: {error:#}"),
        }
    }

    async fn attempt(&self, organization: OrganizationId, id: WebhookId) -> Result<Option<Settled>> {
        let org = self.db.org(organization);
        let Some(work) = adapters::claim(&org, &self.keys, id).await? else { return Ok(None) };
        let method = work.task.method();
        let call = adapters::call(
            &self.db,
            self.worker.as_ref(),
            &work.webhook,
            &work.choice,
            &work.kept,
            method,
            None,
        );
        let called = match tokio::time::timeout(PATIENCE, call).await {
            Ok(Ok(called)) => called,
            Ok(Err(error @ Error::NotFound(_))) => return Err(error),
            Ok(Err(error)) => {
                tracing::warn!(webhook = %id, "an adapter could not be called: {error:#}");
                Err("the platform could not call the adapter; its log has the cause".to_owned())
            }
            Err(_) => Err(format!("it took longer than {} s", PATIENCE.as_secs())),
        };
        let result = if called.is_ok() { "done" } else { "failed" };
        metrics::counter!("bifrost_adapter_calls_total", "method" => method.as_str(), "result" => result)
            .increment(1);
        adapters::settle(&org, &self.keys, work, called).await.map(Some)
    }
}
