//! Takes organizations out, piece by piece, while this process leads. What was asked for is
//! in the database, so another leader goes on where this one stopped.

use bifrost_core::ports::{Bus, Objects};
use bifrost_store::{Db, offboarding};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// Between two looks when there is nothing to do, or runs have to end first.
const LOOK: Duration = Duration::from_secs(1);
/// Rest after a piece, so that whoever serves people passes in between.
const REST: Duration = Duration::from_millis(20);
/// Rest after an engine failed.
const BACKOFF: Duration = Duration::from_secs(5);

pub(crate) async fn run(
    db: Db,
    objects: Arc<dyn Objects>,
    bus: Arc<dyn Bus>,
    mut leads: watch::Receiver<bool>,
) {
    while leads.wait_for(|leads| *leads).await.is_ok() {
        let pause = match piece(&db, objects.as_ref(), bus.as_ref()).await {
            Ok(true) => REST,
            Ok(false) => LOOK,
            Err(error) => {
                tracing::error!("an offboarding does not go on for now: {error:#}");
                BACKOFF
            }
        };
        let _ = tokio::time::timeout(pause, leads.changed()).await;
        // Nobody will tell any more whether this process leads.
        if leads.has_changed().is_err() {
            return;
        }
    }
}

async fn piece(db: &Db, objects: &dyn Objects, bus: &dyn Bus) -> bifrost_core::Result<bool> {
    match offboarding::unfinished(db).await? {
        Some(one) => offboarding::step(db, objects, bus, one).await,
        None => Ok(false),
    }
}
