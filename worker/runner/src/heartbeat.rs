//! Signs of life: of the worker to the fleet, and of each run in its hands to the lease.

use crate::consumer::{Runner, lock};
use bifrost_core::ExecutionId;
use bifrost_store::executions::{self, Lease};
use bifrost_store::workers::{self, WorkerRow};
use std::time::Duration;

/// Between two signs of life.
const BEAT: Duration = Duration::from_secs(2);

impl Runner {
    /// Keeps the leases of all runs in hand, and hears of wishes to cancel.
    pub(crate) async fn heartbeat(&self) {
        let third = Duration::from_millis(u64::from(self.settings.lease_secs) * 1_000 / 3);
        loop {
            tokio::time::sleep(third).await;
            let held: Vec<_> = lock(&self.active).iter().map(|(id, run)| (*id, run.token)).collect();
            match executions::renew_leases(&self.db, &held, self.settings.lease_secs).await {
                Ok(leases) => {
                    for (id, token, lease) in leases {
                        self.hear(id, token, lease);
                    }
                }
                Err(error) => {
                    tracing::warn!(runs = held.len(), "leases were not renewed: {error:#}");
                }
            }
        }
    }

    /// Tells an attempt what became of its lease. A later one of the same run may be in hand by then.
    fn hear(&self, id: ExecutionId, token: i64, lease: Lease) {
        let active = lock(&self.active);
        let Some(run) = active.get(&id).filter(|run| run.token == token) else { return };
        match lease {
            Lease::Held => {}
            Lease::Cancelling => run.cancel.notify_one(),
            Lease::Lost => run.lost.notify_one(),
        }
    }

    /// Says that this worker lives, and how much it can take.
    pub(crate) async fn beat(&self) {
        let mut row = WorkerRow {
            id: self.settings.worker_id.clone(),
            host: self.settings.host.clone(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            slots: i64::try_from(self.settings.slots).unwrap_or(i64::MAX),
            is_draining: false,
            started_at: bifrost_store::now(),
            seen_at: bifrost_store::now(),
        };
        let mut draining = self.draining.subscribe();
        loop {
            row.is_draining = *draining.borrow_and_update();
            if let Err(error) = workers::beat(&self.db, &row).await {
                tracing::warn!("the fleet did not hear of this worker: {error:#}");
            }
            let _ = tokio::time::timeout(BEAT, draining.changed()).await;
        }
    }
}
