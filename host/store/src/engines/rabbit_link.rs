//! Connections to RabbitMQ, and what is declared there: the queue of tickets, and the
//! one for tickets that nobody managed to take.

use bifrost_core::{Error, Result};
use lapin::options::*;
use lapin::types::{AMQPValue, FieldTable};
use lapin::uri::AMQPUri;
use lapin::{Channel, Connection, ConnectionProperties, ExchangeKind};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::timeout;

/// First and longest pause before connecting again.
pub(super) const BACKOFF: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(5));
/// Longest wait for a connection with everything declared.
const CONNECT: Duration = Duration::from_secs(5);
/// Seconds between heartbeats: a connection that died in silence is noticed after two.
const HEARTBEAT_SECS: u16 = 10;
/// Dead letters wait until the reconciler is done with them, however often it tries.
/// Without a limit of its own, RabbitMQ 4 would drop them after 20 tries.
const DEAD_LETTER_LIMIT: i64 = 1_000_000;

/// How to use the broker.
#[derive(Clone, Debug)]
pub struct RabbitOptions {
    /// The queue's name; dead letters are in the queue of this name with `.dead`.
    pub queue: String,
    /// Tickets that one process holds unacknowledged: no more than it has slots for, else
    /// they wait here while another process is idle.
    pub prefetch: u16,
    /// A ticket that the process had no slot for in this time, or twice of it, is acknowledged
    /// all the same: its run is in the database, from where it is admitted again. Far below the
    /// broker's consumer timeout, which would end the channel with all that is held.
    pub hold: Duration,
    /// How often a ticket comes again before it becomes a dead letter. A far backstop
    /// against tickets that kill whoever takes them; every lost connection counts.
    pub delivery_limit: u16,
}

impl Default for RabbitOptions {
    fn default() -> Self {
        Self {
            queue: "bifrost.tickets".into(),
            prefetch: 16,
            hold: Duration::from_secs(30),
            delivery_limit: 20,
        }
    }
}

/// Where the broker is, and what is used there.
pub(super) struct Broker {
    uri: AMQPUri,
    pub(super) options: RabbitOptions,
}

/// A channel and the connection that it lives on.
#[derive(Clone)]
pub(super) struct Link {
    pub(super) connection: Arc<Connection>,
    pub(super) channel: Channel,
}

impl Broker {
    pub(super) fn new(url: &str, options: RabbitOptions) -> Result<Self> {
        let mut uri: AMQPUri = url.parse().map_err(|e: String| Error::invalid("AMQP_URL", e))?;
        uri.query.heartbeat.get_or_insert(HEARTBEAT_SECS);
        Ok(Self { uri, options })
    }

    /// Host and port, for messages.
    pub(super) fn address(&self) -> String {
        format!("{}:{}", self.uri.authority.host, self.uri.authority.port)
    }

    pub(super) fn dead(&self) -> String {
        format!("{}.dead", self.options.queue)
    }

    /// A new connection with the queues declared.
    pub(super) async fn link(&self) -> anyhow::Result<Link> {
        timeout(CONNECT, self.declared())
            .await
            .map_err(|_| anyhow::anyhow!("RabbitMQ at {} does not answer", self.address()))?
            .map_err(|e| anyhow::anyhow!("RabbitMQ at {}: {e}", self.address()))
    }

    /// The same, for publishing with confirms.
    pub(super) async fn publisher(&self) -> anyhow::Result<Link> {
        let link = self.link().await?;
        timeout(CONNECT, link.channel.confirm_select(ConfirmSelectOptions::default())).await??;
        Ok(link)
    }

    async fn declared(&self) -> lapin::Result<Link> {
        let properties = ConnectionProperties::default().with_connection_name("bifrost".into());
        let connection = Connection::connect_uri(self.uri.clone(), properties).await?;
        let channel = connection.create_channel().await?;
        let dead = self.dead();
        let durable = ExchangeDeclareOptions { durable: true, ..Default::default() };
        channel
            .exchange_declare(dead.as_str().into(), ExchangeKind::Fanout, durable, FieldTable::default())
            .await?;
        let limit = DEAD_LETTER_LIMIT;
        channel.queue_declare(dead.as_str().into(), QueueDeclareOptions::durable(), quorum(limit)).await?;
        let bound = QueueBindOptions::default();
        channel
            .queue_bind(dead.as_str().into(), dead.as_str().into(), "".into(), bound, FieldTable::default())
            .await?;
        let mut arguments = quorum(self.options.delivery_limit.into());
        arguments.insert("x-dead-letter-exchange".into(), AMQPValue::LongString(dead.into()));
        let queue = self.options.queue.as_str();
        channel.queue_declare(queue.into(), QueueDeclareOptions::durable(), arguments).await?;
        Ok(Link { connection: Arc::new(connection), channel })
    }
}

fn quorum(delivery_limit: i64) -> FieldTable {
    let mut arguments = FieldTable::default();
    arguments.insert("x-queue-type".into(), AMQPValue::LongString("quorum".into()));
    arguments.insert("x-delivery-limit".into(), AMQPValue::LongLongInt(delivery_limit));
    arguments
}
