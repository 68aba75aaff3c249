//! Puts what was done in the chains of the audit log, and cuts off what is too old. The
//! leader's task: two writers would only wait for each other.

use bifrost_core::Result;
use bifrost_store::{Db, audit};
use chrono::TimeDelta;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::Instant;

/// Between two looks when nothing was left to do: how old an entry is before it is found.
const LOOK: Duration = Duration::from_millis(500);
/// Between two batches; whoever serves people passes in between.
const REST: Duration = Duration::from_millis(20);
/// Between two looks at what is too old.
const PRUNE: Duration = Duration::from_secs(60);

/// Works while this process leads. `keep` is how long entries stay; `None` for ever.
pub async fn run(db: Db, keep: Option<TimeDelta>, mut leads: watch::Receiver<bool>) {
    let mut pruned: Option<Instant> = None;
    while leads.wait_for(|leads| *leads).await.is_ok() {
        let mut more = false;
        match audit::append(&db).await {
            Ok(written) => {
                more |= written >= audit::BATCH as usize;
                metrics::counter!("bifrost_audit_entries_total").increment(written as u64);
            }
            Err(error) => tracing::warn!("the audit log is not continued for now: {error:#}"),
        }
        if pruned.is_none_or(|at| at.elapsed() >= PRUNE) {
            match prune(&db, keep).await {
                Ok(true) => more = true,
                Ok(false) => pruned = Some(Instant::now()),
                Err(error) => tracing::warn!("old entries of the audit log stay for now: {error:#}"),
            }
        }
        let pause = if more { REST } else { LOOK };
        let _ = tokio::time::timeout(pause, leads.changed()).await;
        // Nobody will tell any more whether this process leads.
        if leads.has_changed().is_err() {
            return;
        }
    }
}

/// True when there may be more.
async fn prune(db: &Db, keep: Option<TimeDelta>) -> Result<bool> {
    let Some(before) = keep.and_then(|keep| bifrost_store::now().checked_sub_signed(keep)) else {
        return Ok(false);
    };
    Ok(audit::prune(db, before).await? > 0)
}
