//! Tells people of what has happened: turns events into notifications, and sends what is due.
//!
//! Whoever leads does it. Events and messages stay in the database until they are done with, so a
//! leader that dies leaves them to the next one. A message may arrive twice then, under one id.

use bifrost_core::Result;
use bifrost_core::notification::told;
use bifrost_core::ports::Bus;
use bifrost_notify::Notifier;
use bifrost_store::notifications::{Message, events, messages, notices};
use bifrost_store::{Db, now};
use futures::StreamExt;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::Instant;

/// Between two looks.
const LOOK: Duration = Duration::from_secs(1);
/// Events of one look.
const EVENTS: u32 = 500;
/// Messages of one look.
const MESSAGES: u32 = 100;
/// Messages that are sent at the same time.
const AT_ONCE: usize = 8;
/// Between two looks for what is old.
const EXPIRY: Duration = Duration::from_secs(60);
/// What is old and deleted in one transaction.
const EXPIRED: u32 = 500;

/// Works while this process leads.
pub async fn run(db: Db, bus: Arc<dyn Bus>, notifier: Notifier, leads: watch::Receiver<bool>) {
    // A mail server that does not answer keeps nobody here from hearing.
    tokio::join!(tell(db.clone(), bus, leads.clone()), send(db, notifier, leads));
}

async fn tell(db: Db, bus: Arc<dyn Bus>, mut leads: watch::Receiver<bool>) {
    while leads.wait_for(|leads| *leads).await.is_ok() {
        match process(&db, &bus).await {
            // A full look has more behind it.
            Ok(true) => continue,
            Ok(false) => {}
            Err(error) => tracing::warn!("nobody was told of what has happened: {error:#}"),
        }
        tokio::time::sleep(LOOK).await;
    }
}

/// Turns what has happened into notifications, at most one batch; true when there may be more.
///
/// # Errors
/// When the database cannot be reached.
pub async fn process(db: &Db, bus: &Arc<dyn Bus>) -> Result<bool> {
    let processed = events::process(db, EVENTS).await?;
    for (organization, kind) in &processed.told {
        bus.publish(told(*organization, *kind)).await;
    }
    Ok(usize::try_from(EVENTS).is_ok_and(|most| processed.events >= most))
}

async fn send(db: Db, notifier: Notifier, mut leads: watch::Receiver<bool>) {
    let mut expired: Option<Instant> = None;
    while leads.wait_for(|leads| *leads).await.is_ok() {
        if let Err(error) = deliver(&db, &notifier).await {
            tracing::warn!("notifications were not sent: {error:#}");
        }
        if expired.is_none_or(|at| at.elapsed() >= EXPIRY) {
            match expire(&db).await {
                // A full step has more behind it.
                Ok(more) => expired = (!more).then(Instant::now),
                Err(error) => tracing::warn!("old notifications stay for now: {error:#}"),
            }
        }
        tokio::time::sleep(LOOK).await;
    }
}

/// Makes the messages that are due, and sends those whose time has come.
///
/// # Errors
/// When the database cannot be reached. What is wrong with one message is written down at it.
pub async fn deliver(db: &Db, notifier: &Notifier) -> Result<()> {
    messages::make(db, now(), MESSAGES).await?;
    let due = messages::due(db, now(), MESSAGES).await?;
    let all = futures::stream::iter(due).map(|message| one(db, notifier, message));
    all.buffer_unordered(AT_ONCE).for_each(|()| std::future::ready(())).await;
    Ok(())
}

async fn one(db: &Db, notifier: &Notifier, message: Message) {
    let (kind, channel) = (message.channel.kind.as_str(), message.channel.id);
    let (outcome, written) = match notifier.send(&message).await {
        Ok(_) => ("sent", messages::sent(db, &message).await),
        Err(failure) => {
            let reason = &failure.reason;
            match messages::failed(db, &message, reason, failure.is_final).await {
                Ok(true) => {
                    tracing::error!(%channel, reason, "a notification did not arrive, and is given up");
                    ("failed", Ok(()))
                }
                Ok(false) => {
                    tracing::warn!(%channel, reason, "a notification did not arrive; it is tried again");
                    ("postponed", Ok(()))
                }
                Err(error) => ("postponed", Err(error)),
            }
        }
    };
    metrics::counter!("bifrost_notifications_total", "kind" => kind, "outcome" => outcome).increment(1);
    if let Err(error) = written {
        tracing::warn!(%channel, "what became of a notification was not written down: {error:#}");
    }
}

async fn expire(db: &Db) -> Result<bool> {
    let time = now();
    let most = u64::from(EXPIRED);
    let (messages, notices) =
        (messages::expire(db, time, EXPIRED).await?, notices::expire(db, time, EXPIRED).await?);
    Ok(messages >= most || notices >= most)
}
