//! Turns what was delivered into runs, and deletes deliveries whose time is over.
//!
//! Whoever leads does it. A delivery stays in the inbox until its runs are committed, so a
//! leader that dies leaves it to the next one; a run is made once, however often it is tried.

use bifrost_core::events::{WAKE, history};
use bifrost_core::ports::{Bus, Event, Objects};
use bifrost_core::{DeliveryId, Error, OrganizationId, Result, webhook};
use bifrost_store::Db;
use bifrost_store::webhooks::{self, deliveries};
use futures::StreamExt;
use serde_json::Value;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::Instant;

/// Between two looks at the inbox when nobody says that there is something.
const LOOK: Duration = Duration::from_secs(1);
/// Deliveries of one look.
const BATCH: u32 = 200;
/// Deliveries that are processed at the same time; their commits share one write to disk.
const AT_ONCE: usize = 16;
/// Between two looks for deliveries whose time is over.
const EXPIRY: Duration = Duration::from_secs(30);
/// Deliveries that are deleted in one transaction.
const EXPIRED: u32 = 500;
/// After a failure of the database.
const PAUSE: Duration = Duration::from_secs(1);

/// Processes deliveries while this process leads.
pub async fn run(db: Db, objects: Arc<dyn Objects>, bus: Arc<dyn Bus>, mut leads: watch::Receiver<bool>) {
    let mut wake = match bus.subscribe(vec![webhook::WAKE.to_owned()]).await {
        Ok(wake) => Some(wake),
        Err(error) => {
            tracing::warn!("deliveries are noticed within a second only: {error:#}");
            None
        }
    };
    let mut expired: Option<Instant> = None;
    while leads.wait_for(|leads| *leads).await.is_ok() {
        let more = match step(&db, &objects, &bus).await {
            Ok(more) => more,
            Err(error) => {
                tracing::warn!("the inbox could not be read: {error:#}");
                tokio::time::sleep(PAUSE).await;
                continue;
            }
        };
        if expired.is_none_or(|at| at.elapsed() >= EXPIRY) {
            match deliveries::expire(&db, bifrost_store::now(), EXPIRED).await {
                Ok(deleted) => {
                    metrics::counter!("bifrost_deliveries_expired_total").increment(deleted);
                    // A full step has more behind it.
                    expired = (deleted < u64::from(EXPIRED)).then(Instant::now);
                }
                Err(error) => tracing::warn!("old deliveries stay for now: {error:#}"),
            }
        }
        if more {
            continue;
        }
        tokio::select! {
            () = tokio::time::sleep(LOOK) => {}
            changed = leads.changed() => if changed.is_err() { return },
            told = heard(&mut wake) => if told.is_none() { wake = None },
        }
    }
}

/// The next wake-up; never, where there is no bus to hear it from.
async fn heard(wake: &mut Option<bifrost_core::ports::subscription::Receiver>) -> Option<Event> {
    match wake {
        Some(wake) => wake.recv().await,
        None => std::future::pending().await,
    }
}

/// Processes what is due now, at most one batch; true when there may be more.
///
/// # Errors
/// When the inbox cannot be read. What is wrong with one delivery is written down at it.
pub async fn step(db: &Db, objects: &Arc<dyn Objects>, bus: &Arc<dyn Bus>) -> Result<bool> {
    let due = webhooks::due(db, bifrost_store::now(), BATCH).await?;
    let full = usize::try_from(BATCH).is_ok_and(|batch| due.len() == batch);
    let all = futures::stream::iter(due).map(|(organization, id)| one(db, objects, bus, organization, id));
    let settled = all.buffer_unordered(AT_ONCE).filter(|settled| std::future::ready(*settled)).count().await;
    // When nothing can be settled the next attempts wait for their time.
    Ok(full && settled > 0)
}

/// Processes one delivery; false when it has to be tried again.
async fn one(
    db: &Db,
    objects: &Arc<dyn Objects>,
    bus: &Arc<dyn Bus>,
    organization: OrganizationId,
    id: DeliveryId,
) -> bool {
    // In a task of its own, so that one that panics is one that failed.
    let (handle, store) = (db.clone(), objects.clone());
    let task =
        tokio::spawn(async move { webhooks::process(&handle, store.as_ref(), organization, id).await });
    let processed = task.await.unwrap_or_else(|lost| Err(Error::Internal(lost.into())));
    let error = match processed {
        Ok(processed) => {
            if let Some(state) = processed.state {
                metrics::counter!("bifrost_deliveries_total", "state" => state.as_str()).increment(1);
            }
            if !processed.runs.is_empty() {
                bus.publish(Event { channel: WAKE.to_owned(), payload: Value::Null }).await;
            }
            for event in processed.runs.iter().flat_map(history) {
                bus.publish(event).await;
            }
            return true;
        }
        // Its source was deleted meanwhile, and it with that.
        Err(Error::NotFound(_)) => return true,
        Err(error) => error,
    };
    tracing::warn!(delivery = %id, "a delivery is tried again: {error:#}");
    match webhooks::postpone(db, organization, id, &error).await {
        Ok(true) => {
            metrics::counter!("bifrost_deliveries_total", "state" => "failed").increment(1);
            tracing::error!(delivery = %id, "a delivery has failed for good");
            true
        }
        Ok(false) | Err(_) => false,
    }
}
