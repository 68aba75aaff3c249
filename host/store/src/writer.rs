//! SQLite's one writer. A commit costs an fsync, so units of work that wait together
//! are committed together: each runs in its own savepoint (a failure undoes only
//! itself), then one commit makes all of them durable, then all are answered.

use crate::audit::Actor;
use crate::db::Access;
use crate::tx::{Connection, Tx};
use bifrost_core::{Error, Result};
use futures::FutureExt;
use futures::future::BoxFuture;
use sqlx::SqliteConnection;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::{mpsc, oneshot};

/// Units in one commit at most; bounds how long the first of them waits.
const BATCH_UNITS: usize = 256;
/// A batch takes no further unit after this time.
const BATCH_TIME: Duration = Duration::from_millis(8);
/// Units that may wait in line; beyond it callers wait, then hear `Busy`.
const WAITING_UNITS: usize = 4096;

/// Whose data a unit may touch, and who is behind it.
type AsWhom = (Access, Option<Arc<Actor>>);

/// Takes units to the writer task. The task ends when all senders are gone.
#[derive(Clone)]
pub(crate) struct Writer {
    jobs: mpsc::Sender<Box<dyn Job>>,
}

impl Writer {
    pub(crate) fn start(connection: SqliteConnection) -> (Self, tokio::task::JoinHandle<()>) {
        let (jobs, receiver) = mpsc::channel(WAITING_UNITS);
        let connection = Connection::Writer(Box::new(connection));
        let tx = Tx { connection, access: Access::System, actor: None };
        (Self { jobs }, tokio::spawn(run(tx, receiver)))
    }

    /// Runs a unit and answers when it is durable. It runs also when the caller is gone.
    pub(crate) async fn write<T, F>(&self, as_whom: AsWhom, patience: Duration, unit: F) -> Result<T>
    where
        T: Send + 'static,
        F: for<'t> FnOnce(&'t mut Tx) -> BoxFuture<'t, Result<T>> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let job = Unit { as_whom, work: Some(unit), result: None, reply };
        match tokio::time::timeout(patience, self.jobs.send(Box::new(job))).await {
            Ok(Ok(())) => answer.await.unwrap_or_else(|_| Err(closed())),
            Ok(Err(_)) => Err(closed()),
            Err(_) => Err(Error::Busy("database")),
        }
    }
}

fn closed() -> Error {
    Error::Internal(anyhow::anyhow!("the database's writer has ended"))
}

trait Job: Send {
    /// True when it succeeded.
    fn run<'t>(&'t mut self, tx: &'t mut Tx) -> BoxFuture<'t, bool>;
    /// Tells the caller; `Err` when the batch that it was in did not commit.
    fn answer(self: Box<Self>, batch: std::result::Result<(), &Error>);
}

struct Unit<T, F> {
    as_whom: AsWhom,
    work: Option<F>,
    result: Option<Result<T>>,
    reply: oneshot::Sender<Result<T>>,
}

impl<T, F> Job for Unit<T, F>
where
    T: Send + 'static,
    F: for<'t> FnOnce(&'t mut Tx) -> BoxFuture<'t, Result<T>> + Send + 'static,
{
    fn run<'t>(&'t mut self, tx: &'t mut Tx) -> BoxFuture<'t, bool> {
        Box::pin(async move {
            let Some(work) = self.work.take() else { return false };
            (tx.access, tx.actor) = (self.as_whom.0, self.as_whom.1.take());
            let result = AssertUnwindSafe(async { work(tx).await })
                .catch_unwind()
                .await
                .unwrap_or_else(|_| Err(Error::Internal(anyhow::anyhow!("a unit of work panicked"))));
            let succeeded = result.is_ok();
            self.result = Some(result);
            succeeded
        })
    }

    fn answer(self: Box<Self>, batch: std::result::Result<(), &Error>) {
        let result = match (batch, self.result) {
            // A unit's own error is the better answer.
            (_, Some(Err(error))) => Err(error),
            (Ok(()), Some(ok)) => ok,
            (Err(Error::Busy(what)), _) => Err(Error::Busy(what)),
            (Err(why), _) => Err(Error::Internal(anyhow::anyhow!("the write was not committed: {why}"))),
            (Ok(()), None) => Err(closed()),
        };
        // The caller may have left.
        let _ = self.reply.send(result);
    }
}

async fn run(mut tx: Tx, mut jobs: mpsc::Receiver<Box<dyn Job>>) {
    let mut done = Vec::with_capacity(BATCH_UNITS);
    while let Some(first) = jobs.recv().await {
        let outcome = batch(&mut tx, first, &mut jobs, &mut done).await;
        if let Err(error) = &outcome {
            tracing::error!(error = format!("{error:?}"), units = done.len(), "a batch was not committed");
            // Fails when the engine has already rolled back.
            let _ = tx.control("ROLLBACK").await;
        }
        for job in done.drain(..) {
            job.answer(outcome.as_ref().copied());
        }
    }
}

/// Runs what is waiting and commits it. All jobs taken end up in `done`.
async fn batch(
    tx: &mut Tx,
    first: Box<dyn Job>,
    jobs: &mut mpsc::Receiver<Box<dyn Job>>,
    done: &mut Vec<Box<dyn Job>>,
) -> Result<()> {
    let began = Instant::now();
    let mut next = Some(first);
    let mut before = "BEGIN IMMEDIATE; SAVEPOINT unit";
    while let Some(mut job) = next.take() {
        let ready = if before.is_empty() { Ok(()) } else { tx.control(before).await };
        let succeeded = match &ready {
            Ok(()) => job.run(tx).await,
            Err(_) => false,
        };
        done.push(job);
        ready?;
        before = if succeeded {
            "RELEASE unit; SAVEPOINT unit"
        } else {
            // The savepoint stays open, and clean, for the next unit.
            tx.control("ROLLBACK TO unit").await?;
            ""
        };
        if done.len() < BATCH_UNITS && began.elapsed() < BATCH_TIME {
            next = jobs.try_recv().ok();
        }
    }
    tx.control("COMMIT").await
}
