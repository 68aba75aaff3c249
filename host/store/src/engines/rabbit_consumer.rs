//! Takes tickets from RabbitMQ, over as many connections as it takes.

use super::rabbit_link::{BACKOFF, Broker, Link};
use bifrost_core::ports::{Delivery, Ticket};
use bifrost_core::{Error, Result};
use futures::StreamExt;
use lapin::Acker;
use lapin::message::Delivery as Message;
use lapin::options::*;
use lapin::types::FieldTable;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep, timeout};

/// How long deliveries that are still on their way are waited for when closing.
const DRAIN: Duration = Duration::from_secs(2);

/// The consuming side of a queue; a task that ends with it.
pub(super) struct Consumer {
    held: async_channel::Receiver<Held>,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for Consumer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Consumer {
    /// Consumes until `closing` turns true.
    pub(super) fn start(broker: Arc<Broker>, closing: watch::Receiver<bool>) -> Self {
        // What waits here is bounded by the prefetch.
        let (sender, held) = async_channel::unbounded();
        let task = Task { broker, sender, waiting: held.clone(), closing };
        Self { held, task: tokio::spawn(task.run()) }
    }

    /// The next delivery; `None` when closed.
    pub(super) async fn next(&self) -> Option<Delivery> {
        self.held.recv().await.ok().map(Held::deliver)
    }
}

struct Task {
    broker: Arc<Broker>,
    sender: async_channel::Sender<Held>,
    waiting: async_channel::Receiver<Held>,
    closing: watch::Receiver<bool>,
}

impl Task {
    async fn run(mut self) {
        let mut pause = BACKOFF.0;
        loop {
            let ended = self.consume(&mut pause).await;
            // The broker has taken these back already, or does so now.
            while let Ok(held) = self.waiting.try_recv() {
                drop(held);
            }
            match ended {
                Ok(()) if *self.closing.borrow() => {
                    self.waiting.close();
                    return;
                }
                Ok(()) => tracing::warn!("the broker ended the consumer; consuming again"),
                Err(error) => tracing::warn!("tickets are not consumed; trying again: {error:#}"),
            }
            tokio::select! {
                () = sleep(pause) => {}
                () = closed(&mut self.closing) => {}
            }
            pause = (pause * 2).min(BACKOFF.1);
        }
    }

    /// Forwards deliveries of one connection, until it is lost or the queue is closed.
    async fn consume(&mut self, pause: &mut Duration) -> anyhow::Result<()> {
        if *self.closing.borrow() {
            return Ok(());
        }
        let link = self.broker.link().await?;
        let options = &self.broker.options;
        link.channel.basic_qos(options.prefetch.max(1), BasicQosOptions::default()).await?;
        let (queue, consume) = (options.queue.as_str(), BasicConsumeOptions::default());
        let mut messages =
            link.channel.basic_consume(queue.into(), "".into(), consume, FieldTable::default()).await?;
        *pause = BACKOFF.0;
        let mut look = interval(self.broker.options.hold);
        look.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                _ = look.tick() => self.let_go().await,
                message = messages.next() => {
                    let Some(message) = message else { return Ok(()) };
                    let message = message?;
                    match Held::new(&message, &link) {
                        // Fails when the process ends; dropped, the delivery goes back.
                        Some(held) => drop(self.sender.send(held).await),
                        None => reject(&message).await?,
                    }
                }
                () = closed(&mut self.closing) => break,
            }
        }
        let tag = messages.tag();
        let drained = timeout(DRAIN, async {
            link.channel.basic_cancel(tag, BasicCancelOptions::default()).await?;
            while let Some(message) = messages.next().await {
                drop(Held::new(&message?, &link));
            }
            lapin::Result::Ok(())
        });
        Ok(drained.await??)
    }

    /// Acknowledges what has waited too long for somebody to take it.
    async fn let_go(&self) {
        // Whatever is younger goes to the end of the line, in which no order is promised.
        for _ in 0..self.waiting.len() {
            let Ok(held) = self.waiting.try_recv() else { return };
            if held.since.elapsed() < self.broker.options.hold {
                // Fails when the process ends; dropped, the delivery goes back.
                drop(self.sender.send(held).await);
                continue;
            }
            let execution = held.ticket.execution;
            if held.ack().await.is_ok() {
                tracing::debug!(%execution, "a ticket was let go, for want of a slot");
            }
        }
    }
}

/// Resolves when the queue is closed, or gone.
pub(super) async fn closed(closing: &mut watch::Receiver<bool>) {
    let _ = closing.wait_for(|closing| *closing).await;
}

/// To the dead letters, where it can be looked at.
async fn reject(message: &Message) -> lapin::Result<()> {
    tracing::error!(bytes = message.data.len(), "a message in the queue is no ticket");
    message.acker.reject(BasicRejectOptions { requeue: false }).await.map(drop)
}

/// An unacknowledged delivery; dropped, the broker gives it to a worker again. It keeps
/// its channel open.
pub(super) struct Held {
    ticket: Ticket,
    since: Instant,
    open: Option<(Acker, Link)>,
}

impl Held {
    /// `None` when the message is no ticket.
    pub(super) fn new(message: &Message, link: &Link) -> Option<Self> {
        let ticket = serde_json::from_slice(&message.data).ok()?;
        Some(Self { ticket, since: Instant::now(), open: Some((message.acker.clone(), link.clone())) })
    }

    pub(super) fn deliver(self) -> Delivery {
        Delivery::new(self.ticket, move || Box::pin(self.ack()))
    }

    async fn ack(mut self) -> Result<()> {
        let Some((acker, _link)) = self.open.take() else { return Ok(()) };
        match acker.ack(BasicAckOptions::default()).await {
            Ok(true) => Ok(()),
            Ok(false) => {
                tracing::warn!("a ticket was not acknowledged: its connection is gone");
                Err(Error::Busy("queue"))
            }
            Err(error) => {
                tracing::warn!(%error, "a ticket was not acknowledged");
                Err(Error::Busy("queue"))
            }
        }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let Some((acker, link)) = self.open.take() else { return };
        // Without a runtime the connection is gone as well, and with it the delivery.
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        runtime.spawn(async move {
            let options = BasicNackOptions { requeue: true, ..Default::default() };
            if let Err(error) = acker.nack(options).await {
                tracing::debug!(%error, "a delivery goes back when its channel closes");
            }
            drop(link);
        });
    }
}
