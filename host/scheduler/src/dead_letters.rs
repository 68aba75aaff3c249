//! Decides about runs whose ticket the queue gave up on, so that they end as all others.

use bifrost_core::events::{WAKE, updates};
use bifrost_core::ports::{Bus, DeadLetter, Event, Queue};
use bifrost_core::{DeadLetterState, ExecutionId, Result};
use bifrost_store::{Db, dead_letters, executions};
use serde_json::Value;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// Between two looks.
const LOOK: Duration = Duration::from_secs(3);
/// Dead letters in hand at the same time.
const BATCH: usize = 100;

/// Reconciles while this process leads.
pub async fn run(db: Db, queue: Arc<dyn Queue>, bus: Arc<dyn Bus>, mut leads: watch::Receiver<bool>) {
    while leads.wait_for(|leads| *leads).await.is_ok() {
        if let Err(error) = reconcile(&db, &queue, &bus).await {
            tracing::warn!("dead letters were not reconciled: {error:#}");
        }
        tokio::time::sleep(LOOK).await;
    }
}

/// Decides about all dead letters that are there now. A letter is acknowledged once its
/// decision is committed; until then it stays.
///
/// # Errors
/// When the queue or the database cannot be reached. What was decided before stands.
pub async fn reconcile(db: &Db, queue: &Arc<dyn Queue>, bus: &Arc<dyn Bus>) -> Result<()> {
    loop {
        let letters = queue.dead_letters(BATCH).await?;
        let full = letters.len() == BATCH;
        let mut changed = vec![];
        let mut failure = None;
        for letter in letters {
            match decide(db, letter).await {
                Ok(decided) => changed.extend(decided),
                Err(error) => failure = Some(error),
            }
        }
        announce(db, bus, &changed).await;
        if let Some(error) = failure {
            return Err(error);
        }
        if !full {
            return Ok(());
        }
    }
}

/// Tells which run was changed, if it was.
async fn decide(db: &Db, letter: DeadLetter) -> Result<Option<ExecutionId>> {
    let (ticket, reason) = (letter.delivery.ticket, letter.reason);
    let (execution, attempt) = (ticket.execution, ticket.attempt);
    let decided = dead_letters::reconcile(db, ticket, &reason).await?;
    match decided {
        Some(DeadLetterState::Retried) => {
            tracing::warn!(%execution, attempt, reason, "the run of a dead letter is tried again");
        }
        Some(DeadLetterState::Failed) => {
            tracing::error!(%execution, attempt, reason, "the run of a dead letter failed");
        }
        None => tracing::info!(%execution, attempt, reason, "a dead letter was no longer needed"),
    }
    let state = decided.map_or("stale", DeadLetterState::as_str);
    metrics::counter!("bifrost_dead_letters_total", "state" => state).increment(1);
    if let Err(error) = letter.delivery.ack().await {
        tracing::warn!(%execution, "a dead letter comes again and will change nothing: {error:#}");
    }
    Ok(decided.map(|_| execution))
}

/// Wakes the dispatcher, and tells those who watch.
async fn announce(db: &Db, bus: &Arc<dyn Bus>, changed: &[ExecutionId]) {
    if changed.is_empty() {
        return;
    }
    bus.publish(Event { channel: WAKE.to_owned(), payload: Value::Null }).await;
    match executions::many(db, changed).await {
        Ok(runs) => {
            for event in runs.iter().flat_map(updates) {
                bus.publish(event).await;
            }
        }
        Err(error) => tracing::warn!("nobody was told of the runs of dead letters: {error:#}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schedules::tests::world;
    use bifrost_core::Status;
    use bifrost_core::ports::Ticket;
    use bifrost_store::executions::NewExecution;
    use bifrost_store::{InProcessBus, InProcessQueue, Options};
    use serde_json::json;

    /// Gives this ticket out until the queue gives it up.
    async fn die(queue: &Arc<dyn Queue>, ticket: Ticket) {
        queue.publish(ticket).await.expect("published");
        drop(queue.next().await.expect("a delivery"));
    }

    #[tokio::test]
    async fn a_letter_stays_until_its_decision_is_committed_and_all_are_told() {
        let directory = tempfile::tempdir().expect("a directory");
        let (db, caller, workflow) = world(directory.path()).await;
        let org = db.org(caller.organization);
        let new = NewExecution::by(&caller, workflow, json!({}));
        let execution = executions::accept(&org, new).await.expect("accepted").execution.id;
        let queue: Arc<dyn Queue> = Arc::new(InProcessQueue::with_delivery_limit(0));
        let bus: Arc<dyn Bus> = Arc::new(InProcessBus::new());
        let channels = vec![WAKE.to_owned(), format!("execution:{execution}")];
        let mut events = bus.subscribe(channels).await.expect("subscribed");

        die(&queue, Ticket { execution, attempt: 1 }).await;
        let url = format!("sqlite:{}", directory.path().join("away.db").display());
        let away = Db::open(&url, Options::default()).await.expect("a database");
        away.close().await;
        assert!(reconcile(&away, &queue, &bus).await.is_err());
        assert!(events.try_recv().is_err(), "nothing has changed");
        let letters = queue.dead_letters(10).await.expect("letters");
        assert_eq!(letters.len(), 1, "not decided, it stays");
        drop(letters);

        for (attempt, status) in [(1, Status::Pending), (2, Status::Pending), (3, Status::Failed)] {
            if attempt > 1 {
                die(&queue, Ticket { execution, attempt }).await;
            }
            reconcile(&db, &queue, &bus).await.expect("reconciled");
            assert!(queue.dead_letters(10).await.expect("letters").is_empty(), "decided, it is gone");
            assert_eq!(events.recv().await.expect("an event").channel, WAKE);
            let update = events.recv().await.expect("an event").payload;
            assert_eq!((&update["status"], &update["attempt"]), (&json!(status), &json!(attempt)));
        }
        die(&queue, Ticket { execution, attempt: 3 }).await;
        reconcile(&db, &queue, &bus).await.expect("reconciled");
        assert!(queue.dead_letters(10).await.expect("letters").is_empty(), "stale, it is gone");
        assert!(events.try_recv().is_err(), "an end is told once");
    }
}
