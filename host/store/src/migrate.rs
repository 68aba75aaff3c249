//! Which migrations a database has, and bringing it up to date.

use crate::dialect::{POSTGRES, SQLITE};
use crate::error::database;
use bifrost_core::{Error, Result};
use sqlx::migrate::{AppliedMigration, Migrate, MigrateError, Migrator};
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{ConnectOptions, Connection, Executor, Row};
use std::path::Path;
use std::str::FromStr;

/// What is to be done to a database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// The version that it has; 0 for an empty one.
    pub from: i64,
    /// The version that this program needs.
    pub to: i64,
    /// Migrations that are missing, in order: version and name.
    pub pending: Vec<(i64, String)>,
}

impl Plan {
    fn new(migrator: &Migrator, applied: &[AppliedMigration]) -> Result<Self> {
        let from = applied.iter().map(|migration| migration.version).max().unwrap_or(0);
        let has = |version| applied.iter().any(|migration| migration.version == version);
        let pending: Vec<_> = migrator.iter().filter(|one| !has(one.version)).collect();
        let to = migrator.iter().map(|one| one.version).max().unwrap_or(0);
        if from > to {
            return Err(newer(from));
        }
        let pending = pending.into_iter().map(|one| (one.version, one.description.to_string())).collect();
        Ok(Self { from, to, pending })
    }
}

fn newer(version: i64) -> Error {
    let text = format!("has version {version}, which this program does not know; use the newer program");
    Error::invalid("database", text)
}

/// The error of a migration, as an operator can use it.
pub(crate) fn failed(error: MigrateError) -> Error {
    match error {
        MigrateError::VersionMissing(version) => newer(version),
        MigrateError::Execute(error) => database(error),
        error => Error::Internal(error.into()),
    }
}

/// What is missing in the database at `url`, which is only read.
///
/// # Errors
/// When it cannot be reached, or is newer than this program.
pub async fn plan(url: &str) -> Result<Plan> {
    match Target::of(url)? {
        Target::Sqlite(path) => {
            if !Path::new(path).exists() {
                return Plan::new(&SQLITE, &[]);
            }
            let mut connection =
                SqliteConnectOptions::new().filename(path).connect().await.map_err(database)?;
            Plan::new(&SQLITE, &applied_sqlite(&mut connection).await?)
        }
        Target::Postgres(options) => plan_postgres(&mut options.connect().await.map_err(database)?).await,
    }
}

/// Brings the database at `url` up to date; tells what was done. On PostgreSQL one
/// process migrates and others wait for it.
///
/// # Errors
/// As [`plan`], and when a migration fails; what it had done is undone.
pub async fn run(url: &str) -> Result<Plan> {
    let plan = plan(url).await?;
    match Target::of(url)? {
        Target::Sqlite(path) => {
            let options = SqliteConnectOptions::new().filename(path).create_if_missing(true);
            let mut connection = options.connect().await.map_err(database)?;
            SQLITE.run_direct(&mut connection).await.map_err(failed)?;
            connection.close().await.map_err(database)?;
        }
        Target::Postgres(options) => {
            let mut connection = options.connect().await.map_err(database)?;
            POSTGRES.run_direct(&mut connection).await.map_err(failed)?;
        }
    }
    Ok(plan)
}

enum Target<'a> {
    Sqlite(&'a str),
    Postgres(Box<PgConnectOptions>),
}

impl<'a> Target<'a> {
    fn of(url: &'a str) -> Result<Self> {
        if let Some(path) = url.strip_prefix("sqlite:") {
            return Ok(Self::Sqlite(path.strip_prefix("//").unwrap_or(path)));
        }
        let options =
            PgConnectOptions::from_str(url).map_err(|e| Error::invalid("database", e.to_string()))?;
        Ok(Self::Postgres(Box::new(options)))
    }
}

async fn applied_sqlite(connection: &mut SqliteConnection) -> Result<Vec<AppliedMigration>> {
    let table = "SELECT name FROM sqlite_master WHERE type = 'table' AND name = '_sqlx_migrations'";
    match connection.fetch_optional(table).await.map_err(database)? {
        Some(_) => connection.list_applied_migrations().await.map_err(failed),
        None => Ok(Vec::new()),
    }
}

/// What is missing in the database of a connection.
pub(crate) async fn plan_postgres(connection: &mut PgConnection) -> Result<Plan> {
    let table = "SELECT to_regclass('_sqlx_migrations') IS NOT NULL AS found";
    let found: bool = connection.fetch_one(table).await.map_err(database)?.get("found");
    let applied =
        if found { connection.list_applied_migrations().await.map_err(failed)? } else { Vec::new() };
    Plan::new(&POSTGRES, &applied)
}
