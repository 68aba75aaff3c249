//! What an operator has to know of the services behind the engines. Each function asks
//! one service and changes nothing that stays.

use bifrost_core::{Error, Result};
use chrono::{DateTime, Utc};
use deadpool_redis::redis;
use lapin::options::*;
use lapin::types::{AMQPValue, FieldTable};
use lapin::{BasicProperties, Connection, ConnectionProperties};
use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions, Executor, Row};
use std::str::FromStr;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use uuid::Uuid;

/// How long a queue that a check made outlives a check that died, in milliseconds.
const QUEUE_EXPIRES_MS: i32 = 60_000;
/// Largest first frame of a broker that is read, in bytes.
const FIRST_FRAME: u64 = 64 << 10;

/// A PostgreSQL server, and the role that the platform has there.
#[derive(Clone, Debug)]
pub struct Postgres {
    /// As the server says it, such as `160004`.
    pub version: i64,
    /// The role's name.
    pub role: String,
    /// The role is a superuser.
    pub is_superuser: bool,
    /// The role bypasses row-level security.
    pub bypasses_rls: bool,
    /// The role may make tables, which migrations need.
    pub may_create: bool,
    /// `fsync`
    pub fsync: String,
    /// `synchronous_commit`
    pub synchronous_commit: String,
    /// Connections that the server takes, those for superusers left out.
    pub connections: i64,
    /// The server's clock.
    pub clock: DateTime<Utc>,
}

fn cause(error: impl Into<anyhow::Error>) -> Error {
    Error::Internal(error.into())
}

/// Asks the PostgreSQL server at `url`.
///
/// # Errors
/// When it cannot be reached or refuses the role.
pub async fn postgres(url: &str) -> Result<Postgres> {
    let options = PgConnectOptions::from_str(url).map_err(cause)?;
    let mut connection = options.connect().await.map_err(cause)?;
    let question = "SELECT current_setting('server_version_num')::bigint AS version, current_user::text AS role,
           r.rolsuper, r.rolbypassrls, has_schema_privilege(current_schema(), 'CREATE') AS may_create,
           current_setting('fsync') AS fsync, current_setting('synchronous_commit') AS synchronous_commit,
           current_setting('max_connections')::bigint - current_setting('superuser_reserved_connections')::bigint
             AS connections
         FROM pg_roles r WHERE r.rolname = current_user";
    let row = connection.fetch_one(question).await.map_err(cause)?;
    // Asked alone and last, so that its time is the answer's.
    let clock = connection.fetch_one("SELECT clock_timestamp() AS clock").await.map_err(cause)?;
    Ok(Postgres {
        version: row.get("version"),
        role: row.get("role"),
        is_superuser: row.get("rolsuper"),
        bypasses_rls: row.get("rolbypassrls"),
        may_create: row.get::<Option<bool>, _>("may_create").unwrap_or(false),
        fsync: row.get("fsync"),
        synchronous_commit: row.get("synchronous_commit"),
        connections: row.get("connections"),
        clock: clock.get("clock"),
    })
}

/// The version of the broker at `url`, as it says in its greeting; `None` over TLS.
///
/// # Errors
/// When it cannot be reached, or does not speak AMQP 0-9-1.
pub async fn rabbit_version(url: &str) -> Result<Option<String>> {
    let uri: lapin::uri::AMQPUri = url.parse().map_err(|e: String| Error::invalid("AMQP_URL", e))?;
    if url.starts_with("amqps:") {
        return Ok(None);
    }
    let address = (uri.authority.host.as_str(), uri.authority.port);
    let mut stream = tokio::net::TcpStream::connect(address).await.map_err(cause)?;
    stream.write_all(b"AMQP\x00\x00\x09\x01").await.map_err(cause)?;
    let mut head = [0; 7];
    stream.read_exact(&mut head).await.map_err(cause)?;
    let size = u32::from_be_bytes([head[3], head[4], head[5], head[6]]);
    let mut frame = Vec::new();
    stream.take(u64::from(size).min(FIRST_FRAME)).read_to_end(&mut frame).await.map_err(cause)?;
    Ok(property(&frame, "version"))
}

/// A text in the table of properties of a greeting.
fn property(frame: &[u8], name: &str) -> Option<String> {
    // The name with its length, `S` for a long string, four bytes of length, the text.
    let mut key = vec![u8::try_from(name.len()).ok()?];
    key.extend_from_slice(name.as_bytes());
    key.push(b'S');
    let start = frame.windows(key.len()).position(|window| window == key)? + key.len();
    let length = u32::from_be_bytes(frame.get(start..start + 4)?.try_into().ok()?);
    let text = frame.get(start + 4..start + 4 + usize::try_from(length).ok()?)?;
    Some(String::from_utf8_lossy(text).into_owned())
}

/// Makes a quorum queue at the broker, publishes with a confirm, and removes it.
///
/// # Errors
/// When the broker refuses any of it.
pub async fn rabbit_quorum(url: &str) -> Result<()> {
    let connection = Connection::connect(url, ConnectionProperties::default()).await.map_err(cause)?;
    let channel = connection.create_channel().await.map_err(cause)?;
    channel.confirm_select(ConfirmSelectOptions::default()).await.map_err(cause)?;
    let name = format!("bifrost.doctor.{}", Uuid::now_v7().simple());
    let mut arguments = FieldTable::default();
    arguments.insert("x-queue-type".into(), AMQPValue::LongString("quorum".into()));
    arguments.insert("x-expires".into(), AMQPValue::LongInt(QUEUE_EXPIRES_MS));
    let queue = name.as_str();
    channel.queue_declare(queue.into(), QueueDeclareOptions::durable(), arguments).await.map_err(cause)?;
    let options = BasicPublishOptions { mandatory: true, ..Default::default() };
    let publish =
        channel.basic_publish("".into(), queue.into(), options, b"1", BasicProperties::default()).await;
    let confirm = publish.map_err(cause)?.await.map_err(cause)?;
    channel.queue_delete(queue.into(), QueueDeleteOptions::default()).await.map_err(cause)?;
    if !confirm.is_ack() || confirm.take_message().is_some() {
        return Err(cause(anyhow::anyhow!("the broker did not confirm a message")));
    }
    Ok(())
}

/// The version of the Redis at `url`.
///
/// # Errors
/// When it cannot be reached or refuses the password.
pub async fn redis_version(url: &str) -> Result<String> {
    let client = redis::Client::open(url).map_err(cause)?;
    let mut connection = client.get_multiplexed_async_connection().await.map_err(cause)?;
    let info: String = redis::cmd("INFO").arg("server").query_async(&mut connection).await.map_err(cause)?;
    let version = info.lines().find_map(|line| line.strip_prefix("redis_version:"));
    Ok(version.unwrap_or("unknown").trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::property;

    #[test]
    fn a_property_is_found_in_a_greeting() {
        let frame = b"\x00\x0a\x00\x0a\x00\x09\x00\x00\x00\x2a\x07productS\x00\x00\x00\x08RabbitMQ\x07versionS\x00\x00\x00\x064.1.3\n";
        assert_eq!(property(frame, "product").as_deref(), Some("RabbitMQ"));
        assert_eq!(property(frame, "version").as_deref(), Some("4.1.3\n"));
        assert_eq!(property(frame, "platform"), None);
        assert_eq!(property(&frame[..30], "version"), None);
    }
}
