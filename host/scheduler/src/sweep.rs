//! Finds runs whose worker is gone and lets them go on.

use bifrost_core::ports::{Bus, Event};
use bifrost_core::{ExecutionId, Result};
use bifrost_store::{Db, executions, workers};
use serde_json::Value;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// Between two looks for lost leases.
const SWEEP: Duration = Duration::from_secs(1);

/// Sweeps while this process leads.
pub async fn run(db: Db, bus: Arc<dyn Bus>, mut leads: watch::Receiver<bool>) {
    while leads.wait_for(|leads| *leads).await.is_ok() {
        if let Err(error) = sweep(&db, &bus).await {
            tracing::error!("lost runs were not swept: {error:#}");
        }
        tokio::time::sleep(SWEEP).await;
    }
}

/// Sweeps once.
///
/// # Errors
/// When the database cannot be reached.
pub async fn sweep(db: &Db, bus: &Arc<dyn Bus>) -> Result<()> {
    let swept = executions::expired_leases(db, bifrost_store::now()).await?;
    let lost = swept.tickets.len() + swept.failed.len();
    metrics::counter!("bifrost_runs_lost_total").increment(lost as u64);
    if !swept.tickets.is_empty() {
        tracing::warn!(count = swept.tickets.len(), "runs of lost workers are tried again");
        bus.publish(Event { channel: bifrost_core::events::WAKE.to_owned(), payload: Value::Null }).await;
    }
    let again = swept.tickets.iter().map(|ticket| ticket.execution);
    let changed: Vec<ExecutionId> = again.chain(swept.failed).chain(swept.cancelled).collect();
    for id in changed {
        let execution = executions::get(&db.system(), id).await?;
        for event in bifrost_core::events::updates(&execution) {
            bus.publish(event).await;
        }
    }
    workers::forget_silent(db).await
}
