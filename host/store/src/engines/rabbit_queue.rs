//! The queue of the distributed platform: one durable quorum queue of RabbitMQ.
//! Connections are made again with backoff; a ticket that is lost on the way is found
//! in the database.

use async_trait::async_trait;
use bifrost_core::ports::{Delivery, Queue, Ticket};
use bifrost_core::{Error, Result};
use futures::StreamExt;
use lapin::options::*;
use lapin::types::{AMQPValue, FieldTable};
use lapin::{Acker, BasicProperties, Channel, Connection, ConnectionProperties};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Mutex, OnceCell};

/// First and longest pause before connecting again.
const BACKOFF: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(10));
/// Connections tried for one publish before the caller hears `Busy`.
const PUBLISH_TRIES: u32 = 4;
/// How long a publish waits for its confirm, in all.
const CONFIRM_TIMEOUT: Duration = Duration::from_secs(10);
/// AMQP's persistent delivery mode.
const PERSISTENT: u8 = 2;

/// How to use the broker.
#[derive(Clone, Debug)]
pub struct RabbitOptions {
    /// The queue's name.
    pub queue: String,
    /// Deliveries that one process holds unacknowledged.
    pub prefetch: u16,
}

impl Default for RabbitOptions {
    fn default() -> Self {
        Self { queue: "bifrost.executions".into(), prefetch: 16 }
    }
}

/// Tickets in RabbitMQ. Consumes only once [`Queue::next`] is called.
pub struct RabbitQueue {
    broker: Arc<Broker>,
    publisher: Mutex<Option<Link>>,
    consumer: OnceCell<Consumer>,
}

struct Broker {
    url: String,
    options: RabbitOptions,
}

/// A channel and the connection that it lives on.
#[derive(Clone)]
struct Link {
    _connection: Arc<Connection>,
    channel: Channel,
}

struct Consumer {
    deliveries: async_channel::Receiver<(Ticket, Held)>,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for Consumer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl RabbitQueue {
    /// Connects and declares the queue. `Busy` when the broker is not there.
    pub async fn connect(url: &str, options: RabbitOptions) -> Result<Self> {
        let broker = Arc::new(Broker { url: url.to_owned(), options });
        let link = broker.publisher().await.map_err(unavailable)?;
        Ok(Self { broker, publisher: Mutex::new(Some(link)), consumer: OnceCell::new() })
    }

    async fn channel(&self) -> lapin::Result<Channel> {
        let mut publisher = self.publisher.lock().await;
        if let Some(link) = publisher.as_ref()
            && link.channel.status().connected()
        {
            return Ok(link.channel.clone());
        }
        let link = self.broker.publisher().await?;
        Ok(publisher.insert(link).channel.clone())
    }

    /// Sends once and waits for the confirm; false when the broker refused.
    async fn publish_once(&self, payload: &[u8]) -> lapin::Result<bool> {
        let channel = self.channel().await?;
        let properties = BasicProperties::default()
            .with_delivery_mode(PERSISTENT)
            .with_content_type("application/json".into());
        let options = BasicPublishOptions { mandatory: true, ..Default::default() };
        let queue = self.broker.options.queue.as_str();
        let confirm =
            channel.basic_publish("".into(), queue.into(), options, payload, properties).await?.await?;
        // A mandatory message that no queue took is acknowledged, and returned.
        Ok(confirm.is_ack() && confirm.take_message().is_none())
    }

    async fn publish_surely(&self, payload: &[u8]) -> Result<()> {
        let mut pause = BACKOFF.0;
        for attempt in 1..=PUBLISH_TRIES {
            match self.publish_once(payload).await {
                Ok(true) => return Ok(()),
                Ok(false) => tracing::warn!(attempt, "the broker did not take a ticket"),
                Err(error) => tracing::warn!(%error, attempt, "publishing a ticket failed"),
            }
            *self.publisher.lock().await = None;
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(BACKOFF.1);
        }
        Err(Error::Busy("queue"))
    }
}

fn unavailable(error: lapin::Error) -> Error {
    tracing::warn!(%error, "broker not available");
    Error::Busy("queue")
}

#[async_trait]
impl Queue for RabbitQueue {
    async fn publish(&self, ticket: Ticket) -> Result<()> {
        let payload = serde_json::to_vec(&ticket).map_err(|e| Error::Internal(e.into()))?;
        tokio::time::timeout(CONFIRM_TIMEOUT, self.publish_surely(&payload))
            .await
            .unwrap_or(Err(Error::Busy("queue")))
    }

    async fn next(&self) -> Result<Delivery> {
        let broker = &self.broker;
        let consumer = self
            .consumer
            .get_or_init(|| async {
                // What waits here is bounded by the prefetch.
                let (sender, deliveries) = async_channel::unbounded();
                Consumer { deliveries, task: tokio::spawn(consume(broker.clone(), sender)) }
            })
            .await;
        let (ticket, held) = consumer
            .deliveries
            .recv()
            .await
            .map_err(|_| Error::Internal(anyhow::anyhow!("the consumer has ended")))?;
        Ok(Delivery::new(ticket, move || Box::pin(held.ack())))
    }
}

impl Broker {
    async fn link(&self) -> lapin::Result<Link> {
        let connection = Connection::connect(&self.url, ConnectionProperties::default()).await?;
        let channel = connection.create_channel().await?;
        let mut arguments = FieldTable::default();
        arguments.insert("x-queue-type".into(), AMQPValue::LongString("quorum".into()));
        channel
            .queue_declare(self.options.queue.as_str().into(), QueueDeclareOptions::durable(), arguments)
            .await?;
        Ok(Link { _connection: Arc::new(connection), channel })
    }

    async fn publisher(&self) -> lapin::Result<Link> {
        let link = self.link().await?;
        link.channel.confirm_select(ConfirmSelectOptions::default()).await?;
        Ok(link)
    }
}

/// Forwards deliveries, over as many connections as it takes.
async fn consume(broker: Arc<Broker>, sender: async_channel::Sender<(Ticket, Held)>) {
    let mut pause = BACKOFF.0;
    loop {
        match consume_once(&broker, &sender, &mut pause).await {
            Ok(()) => tracing::warn!("the broker ended the consumer"),
            Err(error) => tracing::warn!(%error, "consuming failed"),
        }
        if sender.is_closed() {
            return;
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(BACKOFF.1);
    }
}

async fn consume_once(
    broker: &Broker,
    sender: &async_channel::Sender<(Ticket, Held)>,
    pause: &mut Duration,
) -> lapin::Result<()> {
    let link = broker.link().await?;
    link.channel.basic_qos(broker.options.prefetch, BasicQosOptions::default()).await?;
    let queue = broker.options.queue.as_str();
    let mut consumer = link
        .channel
        .basic_consume(queue.into(), "".into(), BasicConsumeOptions::default(), FieldTable::default())
        .await?;
    *pause = BACKOFF.0;
    while let Some(delivery) = consumer.next().await {
        let delivery = delivery?;
        let held = Held { acker: Some(delivery.acker) };
        match serde_json::from_slice(&delivery.data) {
            // Fails when the process ends; dropped, the delivery goes back.
            Ok(ticket) => drop(sender.send((ticket, held)).await),
            Err(error) => {
                tracing::error!(%error, "a message is no ticket; dropped");
                drop(held.ack().await);
            }
        }
    }
    Ok(())
}

/// An unacknowledged delivery; dropped, the broker gives it to a worker again.
struct Held {
    acker: Option<Acker>,
}

impl Held {
    async fn ack(mut self) -> Result<()> {
        let Some(acker) = self.acker.take() else { return Ok(()) };
        acker.ack(BasicAckOptions::default()).await.map(drop).map_err(unavailable)
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let Some(acker) = self.acker.take() else { return };
        // Without a runtime the connection is gone as well, and with it the delivery.
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        runtime.spawn(async move {
            let options = BasicNackOptions { requeue: true, ..Default::default() };
            if let Err(error) = acker.nack(options).await {
                tracing::debug!(%error, "a delivery goes back when its channel closes");
            }
        });
    }
}
