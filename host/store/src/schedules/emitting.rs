//! Ticks that emit a topic instead of starting a run. A tick is a delivery with an id of its own,
//! so whoever comes second changes nothing, and filters, mappings and replays are those of events.

use super::firing::Due;
use crate::Tx;
use crate::webhooks::{Received, sources, tell};
use bifrost_core::{DeliveryId, Error, Lineage, Result};
use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Map, Value, json};

/// What came of a tick.
pub(super) enum Ticked {
    /// The topic has been told.
    Emitted(DeliveryId),
    /// It had been told before.
    Known,
    /// Nobody is told, for this reason.
    Skipped(&'static str),
}

/// Emits the tick of a schedule at `at`.
pub(super) async fn emit(tx: &mut Tx, due: &Due, topic: &str, at: DateTime<Utc>) -> Result<Ticked> {
    if let Some(why) = due.obstacle {
        return Ok(Ticked::Skipped(why));
    }
    let Some(source) = sources::of_topic(tx, due.organization, topic).await? else {
        return Ok(Ticked::Skipped("topic_missing"));
    };
    let received = Received {
        same_as: Some(format!("tick:{}:{}", due.id, at.timestamp())),
        headers: headers(due, at),
        ..Received::default()
    };
    match tell(tx, &source, &due.parameters, received, Lineage::default()).await {
        Ok(taken) if taken.is_new => Ok(Ticked::Emitted(taken.id)),
        Ok(_) => Ok(Ticked::Known),
        // The topic takes less than it did when the schedule was written.
        Err(Error::Invalid { .. }) => Ok(Ticked::Skipped("too_large")),
        Err(error) => Err(error),
    }
}

/// What filters and mappings can see of the schedule.
fn headers(due: &Due, at: DateTime<Utc>) -> Map<String, Value> {
    let at = at.to_rfc3339_opts(SecondsFormat::Secs, true);
    [("schedule".to_owned(), json!(due.name)), ("scheduled-for".to_owned(), json!(at))].into_iter().collect()
}
