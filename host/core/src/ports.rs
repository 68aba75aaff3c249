//! The ports to engines. Each has an embedded and a distributed implementation and
//! one conformance suite. The database is the truth for every run; what crosses
//! these ports can be lost without losing a run.

use crate::{ExecutionId, Result};
use async_trait::async_trait;
use serde::{Deserialize, Serialize};

/// What travels through the queue: an execution and which attempt is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ticket {
    /// The run.
    pub execution: ExecutionId,
    /// The attempt that this ticket admits, counted from 1. A ticket for an attempt
    /// that was already made changes nothing.
    pub attempt: i32,
}

/// Carries tickets to workers, at least once, in no promised order.
#[async_trait]
pub trait Queue: Send + Sync + 'static {
    /// Returns when the queue has taken responsibility (in process: at once;
    /// RabbitMQ: when the publisher confirm arrived).
    async fn publish(&self, ticket: Ticket) -> Result<()>;

    /// Waits for the next ticket. Cancel safe. The delivery is acknowledged with
    /// [`Delivery::ack`] once the lease row is committed; dropped unacknowledged, it
    /// comes again.
    async fn next(&self) -> Result<Delivery>;
}

/// A ticket in the hands of a worker.
pub struct Delivery {
    /// What was delivered.
    pub ticket: Ticket,
    ack: Option<Box<dyn FnOnce() -> futures_ack::AckFuture + Send>>,
}

/// The type of an acknowledgement's future.
pub mod futures_ack {
    /// Resolves when the queue has forgotten the delivery.
    pub type AckFuture = std::pin::Pin<Box<dyn Future<Output = crate::Result<()>> + Send>>;
}

impl Delivery {
    /// A delivery whose queue forgets it when `ack` has run.
    pub fn new(ticket: Ticket, ack: impl FnOnce() -> futures_ack::AckFuture + Send + 'static) -> Self {
        Self { ticket, ack: Some(Box::new(ack)) }
    }

    /// A delivery that its queue has already forgotten.
    pub fn taken(ticket: Ticket) -> Self {
        Self { ticket, ack: None }
    }

    /// Tells the queue to forget the delivery.
    pub async fn ack(mut self) -> Result<()> {
        match self.ack.take() {
            Some(ack) => ack().await,
            None => Ok(()),
        }
    }
}

/// Immutable objects by key: workspace sources, large results.
#[async_trait]
pub trait Objects: Send + Sync + 'static {
    /// Writes the whole object or nothing; an existing key is replaced atomically.
    async fn put(&self, key: &str, bytes: Vec<u8>) -> Result<()>;
    /// `None` when there is no such key.
    async fn get(&self, key: &str) -> Result<Option<Vec<u8>>>;
    /// True when there was something to delete.
    async fn delete(&self, key: &str) -> Result<bool>;
}
