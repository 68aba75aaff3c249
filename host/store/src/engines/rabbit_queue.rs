//! The queue of the distributed platform: one durable quorum queue of RabbitMQ, 3.10 or
//! later. Connections are made again with backoff; a ticket that is lost on the way is
//! found in the database.

use super::rabbit_consumer::{Consumer, Held, closed};
use super::rabbit_link::{BACKOFF, Broker, Link, RabbitOptions};
use async_trait::async_trait;
use bifrost_core::ports::{DeadLetter, Delivery, Queue, Ticket};
use bifrost_core::{Error, Result};
use lapin::BasicProperties;
use lapin::message::Delivery as Message;
use lapin::options::*;
use lapin::types::{AMQPValue, FieldTable};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Mutex, OnceCell, watch};
use tokio::time::{sleep, timeout};

/// How long a publish tries to get its confirm, over as many connections as it takes.
const PUBLISH: Duration = Duration::from_secs(5);
/// How long one confirm is waited for, before its connection is given up.
const CONFIRM: Duration = Duration::from_secs(3);
/// How long reading dead letters, or counting tickets, may take.
const READ: Duration = Duration::from_secs(5);
/// AMQP's persistent delivery mode.
const PERSISTENT: u8 = 2;

/// Tickets in RabbitMQ. Consumes only once [`Queue::next`] is called.
pub struct RabbitQueue {
    broker: Arc<Broker>,
    publisher: Mutex<Option<Link>>,
    consumer: OnceCell<Consumer>,
    closing: watch::Sender<bool>,
}

impl RabbitQueue {
    /// Connects and declares the queues. Fails when the broker is not there, or has a
    /// queue of that name with other settings.
    pub async fn connect(url: &str, options: RabbitOptions) -> Result<Self> {
        let broker = Arc::new(Broker::new(url, options)?);
        let link = broker.publisher().await?;
        let (closing, _) = watch::channel(false);
        Ok(Self { broker, publisher: Mutex::new(Some(link)), consumer: OnceCell::new(), closing })
    }

    /// The connection to publish on, made again when it is lost.
    async fn link(&self) -> anyhow::Result<Link> {
        let mut publisher = self.publisher.lock().await;
        if let Some(link) = publisher.as_ref()
            && link.channel.status().connected()
        {
            return Ok(link.clone());
        }
        *publisher = None;
        let link = self.broker.publisher().await?;
        Ok(publisher.insert(link).clone())
    }

    /// Gives up the connection, unless somebody has made a new one meanwhile.
    async fn give_up(&self, link: &Link) {
        let mut publisher = self.publisher.lock().await;
        if publisher.as_ref().is_some_and(|held| Arc::ptr_eq(&held.connection, &link.connection)) {
            *publisher = None;
        }
    }

    /// Sends once and waits for the confirm.
    async fn publish_on(&self, link: &Link, payload: &[u8]) -> anyhow::Result<()> {
        let properties = BasicProperties::default()
            .with_delivery_mode(PERSISTENT)
            .with_content_type("application/json".into());
        let options = BasicPublishOptions { mandatory: true, ..Default::default() };
        let queue = self.broker.options.queue.as_str();
        let publish = async {
            link.channel.basic_publish("".into(), queue.into(), options, payload, properties).await?.await
        };
        let confirm =
            timeout(CONFIRM, publish).await.map_err(|_| anyhow::anyhow!("no confirm in time"))??;
        // A mandatory message that no queue took is acknowledged, and returned.
        anyhow::ensure!(confirm.is_ack() && confirm.take_message().is_none(), "the broker did not take it");
        Ok(())
    }

    async fn publish_surely(&self, payload: &[u8]) {
        let mut pause = BACKOFF.0;
        loop {
            let error = match self.link().await {
                Ok(link) => match self.publish_on(&link, payload).await {
                    Ok(()) => return,
                    Err(error) => {
                        self.give_up(&link).await;
                        error
                    }
                },
                Err(error) => error,
            };
            tracing::warn!("a ticket was not published; trying again: {error:#}");
            sleep(pause).await;
            pause = (pause * 2).min(BACKOFF.1);
        }
    }

    async fn count_waiting(&self) -> anyhow::Result<u64> {
        let connection = self.link().await?.connection;
        // Of its own: a queue that is missing closes it.
        let channel = connection.create_channel().await?;
        let passive = QueueDeclareOptions::default().passive();
        let queue = self.broker.options.queue.as_str();
        let queue = channel.queue_declare(queue.into(), passive, FieldTable::default()).await?;
        Ok(queue.message_count().into())
    }

    async fn read_dead_letters(&self, at_most: usize) -> anyhow::Result<Vec<DeadLetter>> {
        let connection = self.link().await?.connection;
        let channel = connection.create_channel().await?;
        let link = Link { connection, channel };
        let mut letters = Vec::new();
        while letters.len() < at_most {
            let dead = self.broker.dead();
            let got = link.channel.basic_get(dead.as_str().into(), BasicGetOptions::default()).await?;
            let Some(message) = got.map(|got| got.delivery) else { break };
            match Held::new(&message, &link) {
                Some(held) => {
                    letters.push(DeadLetter { delivery: held.deliver(), reason: reason(&message) });
                }
                None => {
                    let data = String::from_utf8_lossy(&message.data[..message.data.len().min(200)]);
                    tracing::error!(%data, "a dead letter is no ticket; dropped");
                    message.acker.ack(BasicAckOptions::default()).await?;
                }
            }
        }
        Ok(letters)
    }
}

/// Why the broker gave up, in its own word: `delivery_limit`, `rejected` and others.
fn reason(message: &Message) -> String {
    let headers = message.properties.headers().as_ref();
    match headers.and_then(|headers| headers.inner().get("x-first-death-reason")) {
        Some(AMQPValue::LongString(reason)) => reason.to_string(),
        _ => "unknown".to_owned(),
    }
}

#[async_trait]
impl Queue for RabbitQueue {
    fn engine(&self) -> &'static str {
        "RabbitMQ"
    }

    async fn publish(&self, ticket: Ticket) -> Result<()> {
        let payload = serde_json::to_vec(&ticket).map_err(|e| Error::Internal(e.into()))?;
        timeout(PUBLISH, self.publish_surely(&payload)).await.map_err(|_| Error::Busy("queue"))
    }

    async fn next(&self) -> Result<Delivery> {
        let mut closing = self.closing.subscribe();
        let start = || async { Consumer::start(self.broker.clone(), self.closing.subscribe()) };
        let delivery = tokio::select! {
            biased;
            () = closed(&mut closing) => None,
            delivery = async { self.consumer.get_or_init(start).await.next().await } => delivery,
        };
        delivery.ok_or_else(|| Error::Internal(anyhow::anyhow!("the queue is closed")))
    }

    async fn waiting(&self) -> Result<Option<u64>> {
        let counted = timeout(READ, self.count_waiting()).await;
        counted.map_err(anyhow::Error::from).flatten().map(Some).map_err(|error| {
            tracing::warn!("tickets were not counted: {error:#}");
            Error::Busy("queue")
        })
    }

    async fn dead_letters(&self, at_most: usize) -> Result<Vec<DeadLetter>> {
        let read = timeout(READ, self.read_dead_letters(at_most)).await;
        read.map_err(anyhow::Error::from).flatten().map_err(|error| {
            tracing::warn!("dead letters were not read: {error:#}");
            Error::Busy("queue")
        })
    }

    async fn check(&self) -> Result<()> {
        self.link().await.map(drop).map_err(Error::Internal)
    }

    async fn close(&self) {
        self.closing.send_replace(true);
    }
}
