//! Renews the tokens of connections before they expire.
//!
//! Whoever leads does it, and each renewal takes the connection's lease: a run that wants the same
//! at this moment, or a leader of before, waits for the result.

use bifrost_core::{ConnectionId, Error, Result, Scope};
use bifrost_oauth::OAuth;
use bifrost_store::Db;
use bifrost_store::integrations::renewal;
use chrono::TimeDelta;
use futures::StreamExt;
use std::time::Duration;
use tokio::sync::watch;

/// Between two looks.
const LOOK: Duration = Duration::from_secs(5);
/// Connections of one look.
const BATCH: u32 = 200;
/// Servers that are asked at the same time.
const AT_ONCE: usize = 8;
/// Until a connection is looked at again that could not even be asked for.
const PAUSE: TimeDelta = TimeDelta::minutes(1);

/// Renews while this process leads.
pub async fn run(db: Db, oauth: OAuth, mut leads: watch::Receiver<bool>) {
    while leads.wait_for(|leads| *leads).await.is_ok() {
        match step(&db, &oauth).await {
            // A full look has more behind it.
            Ok(true) => continue,
            Ok(false) => {}
            Err(error) => tracing::warn!("tokens were not looked after: {error:#}"),
        }
        tokio::time::sleep(LOOK).await;
    }
}

/// Renews what is due now, at most one batch; true when there may be more.
///
/// # Errors
/// When the connections cannot be read. What is wrong with one is written down at it.
pub async fn step(db: &Db, oauth: &OAuth) -> Result<bool> {
    let due = renewal::due(db, bifrost_store::now(), BATCH).await?;
    let full = usize::try_from(BATCH).is_ok_and(|batch| due.len() == batch);
    let all = futures::stream::iter(due).map(|(scope, id)| one(db, oauth, scope, id));
    all.buffer_unordered(AT_ONCE).for_each(|()| std::future::ready(())).await;
    Ok(full)
}

async fn one(db: &Db, oauth: &OAuth, scope: Scope, id: ConnectionId) {
    match oauth.ahead(scope, id).await {
        // Deleted meanwhile.
        Ok(()) | Err(Error::NotFound(_)) => return,
        // Written down at the connection, with its next time.
        Err(Error::Conflict { .. }) => {}
        Err(error) => tracing::warn!(connection = %id, "tokens were not renewed: {error:#}"),
    }
    // Whatever it was, others come first now.
    if let Err(error) = renewal::postpone(&db.scope(scope), id, PAUSE).await {
        tracing::warn!(connection = %id, "a connection stays due: {error:#}");
    }
}
