//! What processes remember for each other, in Redis. While Redis is away or slow nothing is
//! remembered, and nobody waits longer than [`PATIENCE`] for it.

use super::redis_bus::{ANSWER, RedisOptions};
use async_trait::async_trait;
use bifrost_core::ports::SharedCache;
use bifrost_core::{Error, Result};
use deadpool_redis::redis::aio::MultiplexedConnection;
use deadpool_redis::redis::{Client, FromRedisValue, Pipeline, pipe};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::{sleep, timeout};

/// Longest wait for an answer.
const PATIENCE: Duration = Duration::from_millis(100);
/// Pause before connecting again.
const PAUSE: Duration = Duration::from_millis(500);

/// Entries in Redis, over one connection for all of a process. Clones share it.
#[derive(Clone)]
pub struct RedisCache(Arc<Inner>);

struct Inner {
    client: Client,
    prefix: String,
    link: Mutex<Link>,
}

enum Link {
    Away,
    Connecting,
    Up(MultiplexedConnection),
}

impl RedisCache {
    /// A cache in the Redis at `url`; it is connected to when somebody asks. Fails when the URL is not
    /// one.
    pub fn open(url: &str, options: RedisOptions) -> Result<Self> {
        let client = Client::open(url).map_err(|error| Error::invalid("REDIS_URL", error.to_string()))?;
        Ok(Self(Arc::new(Inner { client, prefix: options.prefix, link: Mutex::new(Link::Away) })))
    }

    fn link(&self) -> MutexGuard<'_, Link> {
        self.0.link.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn named(&self, key: &str) -> String {
        format!("{}{key}", self.0.prefix)
    }

    /// The connection, if there is one; else it is made for those who ask later.
    fn connection(&self) -> Option<MultiplexedConnection> {
        let mut link = self.link();
        match &*link {
            Link::Up(connection) => Some(connection.clone()),
            Link::Connecting => None,
            Link::Away => {
                *link = Link::Connecting;
                tokio::spawn(self.clone().connect());
                None
            }
        }
    }

    async fn connect(self) {
        let connected = timeout(ANSWER, self.0.client.get_multiplexed_async_connection()).await;
        let next = match connected {
            Ok(Ok(connection)) => Link::Up(connection),
            Ok(Err(_)) | Err(_) => {
                sleep(PAUSE).await;
                Link::Away
            }
        };
        *self.link() = next;
    }

    /// `None` for whatever goes wrong.
    async fn ask<T: FromRedisValue>(&self, pipe: &Pipeline) -> Option<T> {
        let mut connection = self.connection()?;
        if let Ok(Ok(answer)) = timeout(PATIENCE, pipe.query_async::<T>(&mut connection)).await {
            return Some(answer);
        }
        tracing::debug!("the shared cache does not answer; connecting again");
        let mut link = self.link();
        if matches!(&*link, Link::Up(_)) {
            *link = Link::Away;
        }
        None
    }
}

#[async_trait]
impl SharedCache for RedisCache {
    async fn get(&self, key: &str) -> Option<(Vec<u8>, Duration)> {
        let key = self.named(key);
        let mut pipe = pipe();
        pipe.cmd("GET").arg(&key).cmd("PTTL").arg(&key);
        let (value, left) = self.ask::<(Option<Vec<u8>>, i64)>(&pipe).await?;
        // Negative for what is not there, and for what would stay for ever.
        Some((value?, Duration::from_millis(u64::try_from(left).ok()?)))
    }

    async fn set(&self, key: &str, value: Vec<u8>, lasts: Duration) {
        let Some(lasts) = u64::try_from(lasts.as_millis()).ok().filter(|lasts| *lasts > 0) else { return };
        let mut pipe = pipe();
        pipe.cmd("SET").arg(self.named(key)).arg(value).arg("PX").arg(lasts).ignore();
        self.ask::<()>(&pipe).await;
    }

    async fn delete(&self, keys: Vec<String>) {
        if keys.is_empty() {
            return;
        }
        let keys: Vec<_> = keys.iter().map(|key| self.named(key)).collect();
        let mut pipe = pipe();
        pipe.cmd("UNLINK").arg(keys).ignore();
        self.ask::<()>(&pipe).await;
    }
}
