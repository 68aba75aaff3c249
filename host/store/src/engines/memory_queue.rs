//! The queue of the embedded server: a channel. What is in it dies with the process
//! and is admitted again from the database.

use async_trait::async_trait;
use bifrost_core::ports::{DeadLetter, Delivery, Queue, Ticket};
use bifrost_core::{Error, Result};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::watch;

/// How often a ticket comes again before it becomes a dead letter.
const DELIVERY_LIMIT: u16 = 20;
/// Dead letters that are kept; then the oldest is forgotten.
const DEAD_KEPT: usize = 10_000;

/// Tickets in memory, first in, first out. Clones share one queue.
#[derive(Clone)]
pub struct InProcessQueue {
    shared: Arc<Shared>,
    receiver: async_channel::Receiver<Waiting>,
}

struct Shared {
    sender: async_channel::Sender<Waiting>,
    dead: Mutex<VecDeque<Ticket>>,
    closed: watch::Sender<bool>,
    delivery_limit: u16,
}

/// A ticket, and how often it has come back.
#[derive(Clone, Copy)]
struct Waiting {
    ticket: Ticket,
    returned: u16,
}

impl Shared {
    fn dead(&self) -> MutexGuard<'_, VecDeque<Ticket>> {
        self.dead.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl InProcessQueue {
    /// An empty queue. It has no bound: a ticket is 20 bytes, and the runs behind the
    /// tickets are bounded where they are accepted.
    pub fn new() -> Self {
        Self::with_delivery_limit(DELIVERY_LIMIT)
    }

    /// One whose tickets become dead letters after coming back this often.
    pub fn with_delivery_limit(delivery_limit: u16) -> Self {
        let (sender, receiver) = async_channel::unbounded();
        let (closed, _) = watch::channel(false);
        let shared = Shared { sender, dead: Mutex::default(), closed, delivery_limit };
        Self { shared: Arc::new(shared), receiver }
    }

    /// Tickets that wait.
    pub fn len(&self) -> usize {
        self.receiver.len()
    }

    /// True when none waits.
    pub fn is_empty(&self) -> bool {
        self.receiver.is_empty()
    }
}

impl Default for InProcessQueue {
    fn default() -> Self {
        Self::new()
    }
}

#[async_trait]
impl Queue for InProcessQueue {
    async fn publish(&self, ticket: Ticket) -> Result<()> {
        self.shared.sender.try_send(Waiting { ticket, returned: 0 }).map_err(|_| closed())
    }

    async fn next(&self) -> Result<Delivery> {
        let mut closing = self.shared.closed.subscribe();
        tokio::select! {
            biased;
            _ = closing.wait_for(|closed| *closed) => Err(closed()),
            waiting = self.receiver.recv() => {
                let waiting = waiting.map_err(|_| closed())?;
                Ok(Held::delivery(&self.shared, waiting.ticket, Back::Queue(waiting)))
            }
        }
    }

    async fn waiting(&self) -> Result<Option<u64>> {
        Ok(Some(self.len() as u64))
    }

    async fn dead_letters(&self, at_most: usize) -> Result<Vec<DeadLetter>> {
        let mut dead = self.shared.dead();
        let most = at_most.min(dead.len());
        let letter = |ticket| DeadLetter {
            delivery: Held::delivery(&self.shared, ticket, Back::Dead(ticket)),
            reason: "delivery_limit".to_owned(),
        };
        Ok(dead.drain(..most).map(letter).collect())
    }

    async fn close(&self) {
        self.shared.closed.send_replace(true);
    }
}

fn closed() -> Error {
    Error::Internal(anyhow::anyhow!("the queue is closed"))
}

/// Where a ticket goes when it is dropped unacknowledged.
#[derive(Clone, Copy)]
enum Back {
    Queue(Waiting),
    Dead(Ticket),
}

struct Held {
    back: Option<Back>,
    shared: Arc<Shared>,
}

impl Held {
    fn delivery(shared: &Arc<Shared>, ticket: Ticket, back: Back) -> Delivery {
        let held = Self { back: Some(back), shared: shared.clone() };
        Delivery::new(ticket, move || {
            held.forget();
            Box::pin(std::future::ready(Ok(())))
        })
    }

    fn forget(mut self) {
        self.back = None;
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        match self.back.take() {
            Some(Back::Queue(Waiting { ticket, returned })) if returned < self.shared.delivery_limit => {
                let waiting = Waiting { ticket, returned: returned + 1 };
                // Closed only when the process ends.
                let _ = self.shared.sender.try_send(waiting);
            }
            Some(Back::Queue(Waiting { ticket, .. }) | Back::Dead(ticket)) => {
                let mut dead = self.shared.dead();
                if dead.len() == DEAD_KEPT {
                    dead.pop_front();
                }
                dead.push_back(ticket);
            }
            None => {}
        }
    }
}
