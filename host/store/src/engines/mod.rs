//! Adapters of the ports: queues, objects, the bus of live events and the shared cache.

mod bus;
mod fanout;
mod memory_queue;
mod objects;
mod rabbit_consumer;
mod rabbit_link;
mod rabbit_queue;
mod redis_bus;
mod redis_cache;
mod redis_outbox;
mod s3_http;
mod s3_objects;

pub use bus::InProcessBus;
pub use memory_queue::InProcessQueue;
pub use objects::DirectoryObjects;
pub use rabbit_link::RabbitOptions;
pub use rabbit_queue::RabbitQueue;
pub use redis_bus::{RedisBus, RedisOptions};
pub use redis_cache::RedisCache;
pub use s3_objects::{S3Objects, S3Options};
