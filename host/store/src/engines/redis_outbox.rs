//! What waits to be published to Redis: bounded, and written by one task.

use super::redis_bus::{ANSWER, BACKOFF};
use deadpool_redis::{Connection, Pool, redis};
use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::Notify;
use tokio::time::{sleep, timeout};

/// Events that wait for Redis at most, in number and in bytes; then the oldest is lost.
const KEPT: (usize, usize) = (8_192, 32 << 20);
/// An event that waited longer is not published any more.
const STALE: Duration = Duration::from_secs(5);
/// A connection that was used within this time is not tried with a PING before its next use: an event to whoever waits
/// for a run would pay for it. One that broke meanwhile loses the events of one round trip.
const TRUSTED: Duration = Duration::from_secs(1);
/// Events per round trip.
const BATCH: usize = 512;

/// Events on their way to Redis.
#[derive(Default)]
pub(super) struct Outbox {
    waiting: Mutex<Waiting>,
    arrived: Notify,
}

#[derive(Default)]
struct Waiting {
    messages: VecDeque<Message>,
    bytes: usize,
}

struct Message {
    channel: String,
    payload: Vec<u8>,
    since: Instant,
}

impl Waiting {
    fn pop(&mut self) -> Option<Message> {
        let message = self.messages.pop_front()?;
        self.bytes -= message.payload.len();
        Some(message)
    }
}

impl Outbox {
    /// Takes an event without waiting.
    pub(super) fn push(&self, channel: String, payload: Vec<u8>) {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.bytes += payload.len();
        waiting.messages.push_back(Message { channel, payload, since: Instant::now() });
        while waiting.messages.len() > KEPT.0 || (waiting.bytes > KEPT.1 && waiting.messages.len() > 1) {
            waiting.pop();
        }
        drop(waiting);
        self.arrived.notify_one();
    }

    /// The oldest that are not stale.
    fn take(&self) -> Vec<Message> {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let fresh = std::iter::from_fn(|| waiting.pop()).filter(|message| message.since.elapsed() < STALE);
        fresh.take(BATCH).collect()
    }

    fn is_empty(&self) -> bool {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner).messages.is_empty()
    }

    /// Publishes what arrives, in order, until it is aborted. What was on its way when a
    /// connection broke is lost: it may have been received already.
    pub(super) async fn write(self: std::sync::Arc<Self>, pool: Pool, prefix: String) {
        let mut pause = BACKOFF.0;
        let mut used = None;
        loop {
            if self.is_empty() {
                self.arrived.notified().await;
                continue;
            }
            match self.write_once(&pool, &prefix, &mut used).await {
                Ok(()) => pause = BACKOFF.0,
                Err(error) => {
                    tracing::warn!(%error, "live events are not published; connecting again");
                    sleep(pause).await;
                    pause = (pause * 2).min(BACKOFF.1);
                }
            }
        }
    }

    async fn write_once(
        &self,
        pool: &Pool,
        prefix: &str,
        used: &mut Option<(Connection, Instant)>,
    ) -> anyhow::Result<()> {
        let trusted = used.take().filter(|(_, since)| since.elapsed() < TRUSTED);
        let mut connection = match trusted {
            Some((connection, _)) => connection,
            // Tried with a PING before it is given out.
            None => pool.get().await?,
        };
        let messages = self.take();
        if messages.is_empty() {
            return Ok(());
        }
        let mut pipe = redis::pipe();
        for message in &messages {
            pipe.publish(format!("{prefix}{}", message.channel), &message.payload).ignore();
        }
        let sent = timeout(ANSWER, pipe.query_async::<()>(&mut connection)).await;
        if matches!(sent, Ok(Ok(()))) {
            *used = Some((connection, Instant::now()));
        } else {
            // Not back into the pool.
            drop(Connection::take(connection));
        }
        Ok(sent.map_err(|_| anyhow::anyhow!("Redis does not answer"))??)
    }
}
