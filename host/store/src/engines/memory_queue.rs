//! The queue of the embedded server: a channel. What is in it dies with the process
//! and is admitted again from the database.

use async_trait::async_trait;
use bifrost_core::ports::{Delivery, Queue, Ticket};
use bifrost_core::{Error, Result};

/// Tickets in memory, first in, first out. Clones share one queue.
#[derive(Clone)]
pub struct InProcessQueue {
    sender: async_channel::Sender<Ticket>,
    receiver: async_channel::Receiver<Ticket>,
}

impl InProcessQueue {
    /// An empty queue. It has no bound: a ticket is 20 bytes, and the runs behind the
    /// tickets are bounded where they are accepted.
    pub fn new() -> Self {
        let (sender, receiver) = async_channel::unbounded();
        Self { sender, receiver }
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
        self.sender.try_send(ticket).map_err(|_| closed())
    }

    async fn next(&self) -> Result<Delivery> {
        let ticket = self.receiver.recv().await.map_err(|_| closed())?;
        let held = Held { ticket: Some(ticket), sender: self.sender.clone() };
        Ok(Delivery::new(ticket, move || {
            held.forget();
            Box::pin(std::future::ready(Ok(())))
        }))
    }
}

fn closed() -> Error {
    Error::Internal(anyhow::anyhow!("the queue is closed"))
}

/// Puts the ticket back when it is dropped unacknowledged.
struct Held {
    ticket: Option<Ticket>,
    sender: async_channel::Sender<Ticket>,
}

impl Held {
    fn forget(mut self) {
        self.ticket = None;
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        if let Some(ticket) = self.ticket.take() {
            // Closed only when the process ends.
            let _ = self.sender.try_send(ticket);
        }
    }
}
