//! How much work there is, for whoever decides how many workers there should be.

use bifrost_store::{Db, executions};
use std::time::Duration;
use tokio::sync::watch;

/// Between two looks.
const LOOK: Duration = Duration::from_secs(5);

/// Counts while this process leads, so that the fleet's sum counts each run once.
pub async fn run(db: Db, mut leads: watch::Receiver<bool>) {
    while leads.wait_for(|leads| *leads).await.is_ok() {
        match executions::waiting(&db).await {
            Ok(waiting) => metrics::gauge!("bifrost_backlog").set(waiting as f64),
            Err(error) => tracing::warn!("the backlog was not counted: {error:#}"),
        }
        let changed = tokio::time::timeout(LOOK, leads.changed()).await;
        if changed.is_ok() && !*leads.borrow() {
            metrics::gauge!("bifrost_backlog").set(0.0);
        }
    }
}
