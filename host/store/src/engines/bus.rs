//! Live events within one process.

use super::fanout::Fanout;
use async_trait::async_trait;
use bifrost_core::Result;
use bifrost_core::ports::{Bus, Event, subscription};
use std::sync::Arc;

/// Sends events to subscribers of their channel. Clones share one bus.
#[derive(Clone, Default)]
pub struct InProcessBus(Arc<Fanout>);

impl InProcessBus {
    /// A bus without subscribers.
    pub fn new() -> Self {
        Self::default()
    }
}

#[async_trait]
impl Bus for InProcessBus {
    async fn publish(&self, event: Event) {
        self.0.deliver(&event);
    }

    async fn subscribe(&self, channels: Vec<String>) -> Result<subscription::Receiver> {
        Ok(self.0.attach(channels))
    }
}
