//! Forms that somebody opened and did not come back to: they go after a day, with the files that
//! were sent and no submission has.

use bifrost_core::Result;
use bifrost_core::ports::Objects;
use bifrost_store::Db;
use bifrost_store::forms::sessions;
use chrono::{DateTime, Utc};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// Between two looks when nothing was left to do.
const LOOK: Duration = Duration::from_secs(60);
/// Between two steps when there was.
const REST: Duration = Duration::from_millis(100);
/// Opened forms of one step.
const BATCH: u32 = 100;

/// Works while this process leads.
pub async fn run(db: Db, objects: Arc<dyn Objects>, mut leads: watch::Receiver<bool>) {
    while leads.wait_for(|leads| *leads).await.is_ok() {
        match step(&db, objects.as_ref(), bifrost_store::now()).await {
            Ok(true) => tokio::time::sleep(REST).await,
            Ok(false) => {
                let _ = tokio::time::timeout(LOOK, leads.changed()).await;
            }
            Err(error) => {
                tracing::warn!("forms that were opened stay for now: {error:#}");
                let _ = tokio::time::timeout(LOOK, leads.changed()).await;
            }
        }
        // Nobody will tell any more whether this process leads.
        if leads.has_changed().is_err() {
            return;
        }
    }
}

/// Takes away some of what is over at `time`; true when there may be more.
///
/// # Errors
/// When database or object store are away.
pub async fn step(db: &Db, objects: &dyn Objects, time: DateTime<Utc>) -> Result<bool> {
    let gone = sessions::expire(db, objects, time, BATCH).await?;
    metrics::counter!("bifrost_form_sessions_expired_total").increment(gone);
    Ok(gone == u64::from(BATCH))
}
