//! What SQLite and PostgreSQL cannot have in common: connecting, how a transaction
//! begins and carries its scope, and row locks. Everything else is written once.

use crate::db::{Access, Options};
use crate::error::database;
use crate::migrate;
use bifrost_core::{Error, Result};
use sqlx::migrate::Migrator;
use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions};
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};
use sqlx::{ConnectOptions, Row, SqliteConnection};
use std::str::FromStr;
use std::time::Duration;

pub(crate) static SQLITE: Migrator = sqlx::migrate!("../../migrations/sqlite");
pub(crate) static POSTGRES: Migrator = sqlx::migrate!("../../migrations/postgres");

/// How long SQLite waits for another process's lock before it answers busy.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// Prepared statements kept per connection; far above the number of distinct queries.
const STATEMENTS: usize = 512;
/// Page cache per SQLite connection in KiB (negative means KiB to SQLite).
const SQLITE_CACHE: &str = "-8192";

/// Which database is behind a [`crate::Db`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    /// One file, in this process.
    Sqlite,
    /// A server, shared by processes.
    Postgres,
}

impl Engine {
    /// What people call it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Sqlite => "SQLite",
            Self::Postgres => "PostgreSQL",
        }
    }

    /// Ends a SELECT so that the rows stay as they are until commit. SQLite has one
    /// writer, so its write transactions need nothing.
    pub fn for_update(self) -> &'static str {
        match self {
            Self::Sqlite => "",
            Self::Postgres => " FOR UPDATE",
        }
    }

    /// As [`Self::for_update`], for the rows of one table of a join.
    pub fn for_update_of(self, alias: &str) -> String {
        match self {
            Self::Sqlite => String::new(),
            Self::Postgres => format!(" FOR UPDATE OF {alias}"),
        }
    }

    /// How many whole steps of so many seconds a column of times is after another time; a bigint.
    pub fn steps(self, column: &str, from: &str, seconds: i64) -> String {
        match self {
            Self::Sqlite => format!("({column} - {from}) / {}", seconds * 1_000_000),
            Self::Postgres => {
                format!("CAST(FLOOR(EXTRACT(EPOCH FROM ({column} - {from})) / {seconds}) AS bigint)")
            }
        }
    }

    /// As [`Self::for_update`], but readers with the same lock do not wait for each other.
    pub fn for_share(self) -> &'static str {
        match self {
            Self::Sqlite => "",
            Self::Postgres => " FOR SHARE",
        }
    }
}

/// Begins a PostgreSQL transaction and sets its scope in the same round trip. The
/// scope is a uuid or a constant, so there is nothing to escape. What only reads sees one
/// state, as with SQLite; it cannot fail to be serialized, because it writes nothing.
pub(crate) fn begin_postgres(access: Access, read_only: bool) -> String {
    let mode = if read_only { " ISOLATION LEVEL REPEATABLE READ, READ ONLY" } else { "" };
    format!("BEGIN{mode}; SELECT set_config('bifrost.org', '{}', true)", access.setting())
}

fn sqlite_options(path: &str) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .busy_timeout(BUSY_TIMEOUT)
        .foreign_keys(true)
        .pragma("cache_size", SQLITE_CACHE)
        .pragma("temp_store", "memory")
        .statement_cache_capacity(STATEMENTS)
        .disable_statement_logging()
}

/// Opens the file, migrates it, and returns the writer's connection and the readers.
pub(crate) async fn open_sqlite(path: &str, options: &Options) -> Result<(SqliteConnection, SqlitePool)> {
    if path.is_empty() || path.contains(":memory:") {
        return Err(Error::invalid("database", "SQLite needs a file: readers and the writer share it"));
    }
    let mut writer = sqlite_options(path).connect().await.map_err(database)?;
    SQLITE.run_direct(&mut writer).await.map_err(migrate::failed)?;
    let readers = SqlitePoolOptions::new()
        .max_connections(options.connections)
        .acquire_timeout(options.acquire_timeout)
        .test_before_acquire(false)
        .connect_with(sqlite_options(path).pragma("query_only", "on"))
        .await
        .map_err(database)?;
    Ok((writer, readers))
}

/// Connects, migrates, and warns of settings that would weaken a promise.
pub(crate) async fn open_postgres(url: &str, options: &Options) -> Result<PgPool> {
    let connect = PgConnectOptions::from_str(url)
        .map_err(|e| Error::invalid("database", e.to_string()))?
        .statement_cache_capacity(STATEMENTS)
        .disable_statement_logging();
    let pool = PgPoolOptions::new()
        .max_connections(options.connections)
        .acquire_timeout(options.acquire_timeout)
        .test_before_acquire(false)
        .connect_with(connect)
        .await
        .map_err(database)?;
    let plan = migrate::plan_postgres(&mut *pool.acquire().await.map_err(database)?).await?;
    // A role that may not change tables can use a database that is up to date.
    if !plan.pending.is_empty() {
        tracing::info!(from = plan.from, to = plan.to, "the database is migrated");
        POSTGRES.run(&pool).await.map_err(migrate::failed)?;
    }
    let row = sqlx::query(
        "SELECT current_setting('fsync') AS fsync, current_setting('synchronous_commit') AS synchronous_commit,
                r.rolsuper OR r.rolbypassrls AS unguarded
         FROM pg_roles r WHERE r.rolname = current_user",
    )
    .fetch_one(&pool)
    .await
    .map_err(database)?;
    let (fsync, commit): (String, String) = (row.get("fsync"), row.get("synchronous_commit"));
    if fsync != "on" || commit == "off" {
        tracing::warn!(fsync, synchronous_commit = commit, "accepted runs can be lost on power failure");
    }
    if row.get::<bool, _>("unguarded") {
        tracing::warn!("this database role bypasses row-level security; use one that is no superuser");
    }
    Ok(pool)
}
