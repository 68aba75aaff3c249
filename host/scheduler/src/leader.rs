//! One scheduler leads, others stand by. Leading twice for a moment does no harm, since
//! every step is decided by the database; it only wastes work.

use bifrost_store::{Db, leaders};
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// How long leadership lasts unless it is renewed.
const TERM: Duration = Duration::from_secs(6);
/// Between two renewals, or two attempts to take over.
const RENEWAL: Duration = Duration::from_secs(2);

/// Tries to lead `task` for as long as the returned receiver lives; it tells whether
/// this process leads now. The task ends once the lead is let go.
pub fn campaign(db: Db, task: &'static str, holder: String) -> (watch::Receiver<bool>, JoinHandle<()>) {
    let (sender, receiver) = watch::channel(false);
    let campaign = tokio::spawn(async move {
        let mut held_until = tokio::time::Instant::now();
        while !sender.is_closed() {
            let asked = tokio::time::Instant::now();
            match leaders::hold(&db, task, &holder, TERM).await {
                Ok(true) => held_until = asked + TERM,
                Ok(false) => held_until = asked,
                Err(error) => tracing::warn!(task, "leadership was not renewed: {error:#}"),
            }
            let leads = tokio::time::Instant::now() < held_until;
            metrics::gauge!("bifrost_leader", "task" => task).set(f64::from(u8::from(leads)));
            if sender.send_replace(leads) != leads {
                tracing::info!(task, leads, "leadership changed");
            }
            // Whoever lets go wants a successor at once.
            let _ = tokio::time::timeout(RENEWAL, sender.closed()).await;
        }
        if let Err(error) = leaders::release(&db, task, &holder).await {
            tracing::debug!(task, "leadership runs out by itself: {error:#}");
        }
    });
    (receiver, campaign)
}
