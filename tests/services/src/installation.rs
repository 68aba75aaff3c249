//! Everything that one installation of the platform keeps outside of its processes.

use crate::{Database, amqp_url, redis_url, s3};
use anyhow::{Context, Result};

/// Base64 of 32 bytes.
const MASTER_KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

/// A database, a queue and an S3 server of its own; Redis is shared.
pub struct Installation {
    /// The database.
    pub database: Database,
    /// The objects.
    pub s3: s3::Server,
    queue: String,
}

impl Installation {
    /// Makes one; `purpose` is part of its names. [`Self::finish`] removes it.
    ///
    /// # Errors
    /// When a service does not answer.
    pub async fn create(purpose: &str) -> Result<Self> {
        let database = Database::create(purpose).await?;
        let queue = format!("bifrost.{purpose}.{}", uuid::Uuid::now_v7().simple());
        Ok(Self { database, s3: s3::Server::start()?, queue })
    }

    /// The queue's name.
    pub fn queue(&self) -> &str {
        &self.queue
    }

    /// What each of its processes has to be told.
    pub fn variables(&self) -> Vec<(&'static str, String)> {
        let mut all = vec![
            ("DATABASE_URL", self.database.url().to_owned()),
            ("AMQP_URL", amqp_url()),
            ("BIFROST_QUEUE", self.queue.clone()),
            ("REDIS_URL", redis_url()),
            ("BIFROST_MASTER_KEY", MASTER_KEY.to_owned()),
        ];
        all.extend(s3::variables(self.s3.address()));
        all
    }

    /// The words in [`Self::variables`] that no log may have.
    pub fn secrets(&self) -> [&str; 3] {
        [self.database.password(), MASTER_KEY, s3::CREDENTIALS.1]
    }

    /// Removes database and queue.
    ///
    /// # Errors
    /// When a service does not answer.
    pub async fn finish(self) -> Result<()> {
        let broker = lapin::Connection::connect(&amqp_url(), Default::default()).await;
        let channel = broker.context("RabbitMQ (AMQP_URL)")?.create_channel().await?;
        let dead = format!("{}.dead", self.queue);
        for name in [&self.queue, &dead] {
            channel.queue_delete(name.as_str().into(), Default::default()).await?;
        }
        channel.exchange_delete(dead.as_str().into(), Default::default()).await?;
        self.database.finish().await
    }
}
