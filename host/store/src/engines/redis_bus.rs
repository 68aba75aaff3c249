//! Live events between processes, over Redis pub/sub. Best effort: while Redis is away
//! events are lost, receivers stay open, and nobody waits.

use super::fanout::Fanout;
use super::redis_outbox::Outbox;
use async_trait::async_trait;
use bifrost_core::ports::{Bus, Event, subscription};
use bifrost_core::{Error, Result};
use deadpool_redis::redis::aio::PubSubSink;
use deadpool_redis::redis::{AsyncConnectionConfig, Client, Msg, RedisResult, Value, cmd};
use deadpool_redis::{Manager, Pool, Runtime};
use futures::StreamExt;
use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio::time::{MissedTickBehavior, interval, sleep, timeout};

/// First and longest pause before connecting again.
pub(super) const BACKOFF: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(5));
/// Longest wait for a connection or an answer.
pub(super) const ANSWER: Duration = Duration::from_secs(2);
/// How long [`Bus::subscribe`] waits for Redis to know of the subscription.
const SUBSCRIBE_WAIT: Duration = Duration::from_secs(1);
/// How often the subscriber's connection is tried, to notice one that died in silence.
const PING: Duration = Duration::from_secs(3);
/// Channels per command when all are subscribed again.
const CHANNELS_PER_COMMAND: usize = 500;

/// Keys that Redis looks at for one answer of a search.
const KEYS_PER_SCAN: u32 = 1_000;

/// How to use Redis.
#[derive(Clone, Debug)]
pub struct RedisOptions {
    /// Before the name of every channel and key, so that installations can share one Redis.
    pub prefix: String,
}

impl Default for RedisOptions {
    fn default() -> Self {
        Self { prefix: "bifrost:".into() }
    }
}

/// Events over Redis, with one connection to publish and one to receive for all
/// subscriptions of the process. Clones share one bus.
#[derive(Clone)]
pub struct RedisBus(Arc<Inner>);

struct Inner {
    client: Client,
    fanout: Arc<Fanout>,
    outbox: Arc<Outbox>,
    wishes: mpsc::UnboundedSender<Wish>,
    connected: Arc<AtomicBool>,
    tasks: [JoinHandle<()>; 2],
}

impl Drop for Inner {
    fn drop(&mut self) {
        for task in &self.tasks {
            task.abort();
        }
    }
}

/// Channels whose receivers have changed, and who wants to know when Redis does.
struct Wish {
    channels: Vec<String>,
    done: Option<oneshot::Sender<()>>,
}

impl RedisBus {
    /// A bus over the Redis at `url`, such as `redis://:password@host:6379/0`. Does not
    /// wait for it. Must be called within a Tokio runtime; fails when the URL is not one.
    pub fn open(url: &str, options: RedisOptions) -> Result<Self> {
        let wrong = |error: &dyn std::fmt::Display| Error::invalid("REDIS_URL", error.to_string());
        let client = Client::open(url).map_err(|e| wrong(&e))?;
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(ANSWER))
            .set_response_timeout(Some(ANSWER));
        let manager = Manager::new_with_config(url, config).map_err(|e| wrong(&e))?;
        // One connection keeps the order of events.
        let pool = Pool::builder(manager)
            .max_size(1)
            .runtime(Runtime::Tokio1)
            .create_timeout(Some(ANSWER))
            .recycle_timeout(Some(ANSWER))
            .build()
            .map_err(|e| Error::Internal(e.into()))?;
        let (wishes, wished) = mpsc::unbounded_channel();
        let idle = wishes.clone();
        let fanout = Arc::new(Fanout::with_idle(move |channels| {
            // Fails when the bus is gone, and the subscriptions with it.
            let _ = idle.send(Wish { channels, done: None });
        }));
        let outbox = Arc::new(Outbox::default());
        let connected = Arc::new(AtomicBool::new(false));
        let listener = Listener {
            client: client.clone(),
            prefix: options.prefix.clone(),
            fanout: fanout.clone(),
            wished,
            connected: connected.clone(),
        };
        let tasks =
            [tokio::spawn(outbox.clone().write(pool, options.prefix)), tokio::spawn(listener.listen())];
        Ok(Self(Arc::new(Inner { client, fanout, outbox, wishes, connected, tasks })))
    }
}

#[async_trait]
impl Bus for RedisBus {
    fn engine(&self) -> &'static str {
        "Redis"
    }

    async fn publish(&self, event: Event) {
        self.0.outbox.push(event.channel, event.payload.to_string().into_bytes());
    }

    async fn subscribe(&self, channels: Vec<String>) -> Result<subscription::Receiver> {
        let receiver = self.0.fanout.attach(channels.clone());
        let (done, known) = oneshot::channel();
        if self.0.wishes.send(Wish { channels, done: Some(done) }).is_ok() {
            // Not known in time: Redis is away, and hears of it when it is back.
            let _ = timeout(SUBSCRIBE_WAIT, known).await;
        }
        Ok(receiver)
    }

    async fn forget(&self, text: &str) -> Result<u64> {
        let away = |error: &dyn std::fmt::Display| {
            tracing::warn!("the cache was not searched: {error}");
            Error::Busy("bus")
        };
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(ANSWER))
            .set_response_timeout(Some(ANSWER));
        let connection = self.0.client.get_multiplexed_async_connection_with_config(&config).await;
        let mut connection = connection.map_err(|e| away(&e))?;
        let (mut cursor, mut all) = (0u64, 0);
        loop {
            let mut scan = cmd("SCAN");
            scan.arg(cursor).arg("MATCH").arg(format!("*{text}*")).arg("COUNT").arg(KEYS_PER_SCAN);
            let found: RedisResult<(u64, Vec<Vec<u8>>)> = scan.query_async(&mut connection).await;
            let (next, keys) = found.map_err(|e| away(&e))?;
            if !keys.is_empty() {
                let gone: RedisResult<u64> = cmd("UNLINK").arg(&keys).query_async(&mut connection).await;
                all += gone.map_err(|e| away(&e))?;
            }
            cursor = next;
            if cursor == 0 {
                return Ok(all);
            }
        }
    }

    async fn check(&self) -> Result<()> {
        if self.0.connected.load(Ordering::Relaxed) { Ok(()) } else { Err(Error::Busy("bus")) }
    }
}

/// Keeps one connection subscribed to what the process receives.
struct Listener {
    client: Client,
    prefix: String,
    fanout: Arc<Fanout>,
    wished: mpsc::UnboundedReceiver<Wish>,
    /// Whether Redis answered when it was last asked.
    connected: Arc<AtomicBool>,
}

impl Listener {
    async fn listen(mut self) {
        let mut pause = BACKOFF.0;
        loop {
            match self.connected(&mut pause).await {
                Ok(()) => return,
                Err(error) => tracing::warn!(%error, "live events are not received; connecting again"),
            }
            self.connected.store(false, Ordering::Relaxed);
            self.rest(pause).await;
            pause = (pause * 2).min(BACKOFF.1);
        }
    }

    /// Waits, and lets subscribers in meanwhile: reconnecting subscribes to everything.
    async fn rest(&mut self, pause: Duration) {
        let pause = sleep(pause);
        tokio::pin!(pause);
        loop {
            tokio::select! {
                () = &mut pause => return,
                Some(wish) = self.wished.recv() => drop(wish),
            }
        }
    }

    /// Receives until the connection is lost, or `Ok` when the bus is gone.
    async fn connected(&mut self, pause: &mut Duration) -> anyhow::Result<()> {
        let (mut sink, mut messages) = timeout(ANSWER, self.client.get_async_pubsub()).await??.split();
        let mut active = HashSet::new();
        self.update(&mut sink, &mut active, self.fanout.channels()).await?;
        if *pause > BACKOFF.0 {
            tracing::info!("live events are received again");
        }
        *pause = BACKOFF.0;
        self.connected.store(true, Ordering::Relaxed);
        let mut ping = interval(PING);
        ping.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                message = messages.next() => match message {
                    Some(message) => self.deliver(&message),
                    None => anyhow::bail!("the connection to Redis was closed"),
                },
                wish = self.wished.recv() => {
                    let Some(wish) = wish else { return Ok(()) };
                    let (mut channels, mut done) = (wish.channels, vec![wish.done]);
                    while let Ok(wish) = self.wished.try_recv() {
                        channels.extend(wish.channels);
                        done.push(wish.done);
                    }
                    self.update(&mut sink, &mut active, channels).await?;
                    for done in done.into_iter().flatten() {
                        // The subscriber may have given up waiting.
                        let _ = done.send(());
                    }
                }
                _ = ping.tick() => {
                    answered(sink.ping::<Value>()).await?;
                }
            }
        }
    }

    /// Subscribes to those of the channels that have receivers, leaves the others.
    async fn update(
        &self,
        sink: &mut PubSubSink,
        active: &mut HashSet<String>,
        channels: Vec<String>,
    ) -> anyhow::Result<()> {
        let (mut more, mut less) = (Vec::new(), Vec::new());
        for channel in channels {
            let name = format!("{}{channel}", self.prefix);
            if self.fanout.has(&channel) {
                if active.insert(channel) {
                    more.push(name);
                }
            } else if active.remove(&channel) {
                less.push(name);
            }
        }
        for names in more.chunks(CHANNELS_PER_COMMAND) {
            answered(sink.subscribe(names)).await?;
        }
        for names in less.chunks(CHANNELS_PER_COMMAND) {
            answered(sink.unsubscribe(names)).await?;
        }
        Ok(())
    }

    fn deliver(&self, message: &Msg) {
        let Some(channel) = message.get_channel_name().strip_prefix(&self.prefix) else { return };
        match serde_json::from_slice(message.get_payload_bytes()) {
            Ok(payload) => self.fanout.deliver(&Event { channel: channel.to_owned(), payload }),
            Err(error) => tracing::warn!(%error, channel, "a live event is not JSON; dropped"),
        }
    }
}

async fn answered<T>(answer: impl Future<Output = RedisResult<T>>) -> anyhow::Result<T> {
    Ok(timeout(ANSWER, answer).await.map_err(|_| anyhow::anyhow!("Redis does not answer"))??)
}
