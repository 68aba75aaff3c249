//! Adapters of the ports: queues, objects and the bus of live events.

mod bus;
mod memory_queue;
mod objects;
mod rabbit_queue;

pub use bus::InProcessBus;
pub use memory_queue::InProcessQueue;
pub use objects::DirectoryObjects;
pub use rabbit_queue::{RabbitOptions, RabbitQueue};
