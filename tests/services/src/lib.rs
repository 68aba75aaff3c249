//! What tests, benchmarks and the chaos harness need of services: where they listen, and
//! a database, a queue, an S3 server, a mail server and a receiver of requests that nobody
//! else uses.

mod database;
pub mod hooks;
mod installation;
pub mod mail;
mod ports;
pub mod s3;

pub use database::Database;
pub use installation::Installation;
pub use ports::free_port;

fn setting(name: &str, default: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| default.to_owned())
}

/// PostgreSQL, as a superuser: `DATABASE_URL`, or the loopback's default.
pub fn database_url() -> String {
    setting("DATABASE_URL", "postgres://postgres@127.0.0.1:5432/test")
}

/// RabbitMQ: `AMQP_URL`, or the loopback's default.
pub fn amqp_url() -> String {
    setting("AMQP_URL", "amqp://guest:guest@127.0.0.1:5672")
}

/// Redis: `REDIS_URL`, or the loopback's default.
pub fn redis_url() -> String {
    setting("REDIS_URL", "redis://127.0.0.1:6379")
}
