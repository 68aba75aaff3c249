//! One open transaction on either engine: runs a statement, returns rows.

use crate::audit::Actor;
use crate::db::Access;
use crate::dialect::Engine;
use crate::error::database;
use crate::sql::{Row, Sql};
use bifrost_core::{Error, Result};
use futures::future::BoxFuture;
use sqlx::{Executor, Postgres, Sqlite, SqliteConnection, Transaction};
use std::sync::Arc;

/// An open transaction with its scope. Dropped without commit, it is rolled back.
pub struct Tx {
    pub(crate) connection: Connection,
    pub(crate) access: Access,
    pub(crate) actor: Option<Arc<Actor>>,
}

pub(crate) enum Connection {
    /// The one writer of SQLite; the writer task begins and commits around it.
    Writer(Box<SqliteConnection>),
    Reader(Transaction<'static, Sqlite>),
    Postgres(Transaction<'static, Postgres>),
}

impl Tx {
    /// Whose data this transaction may touch.
    pub fn access(&self) -> Access {
        self.access
    }

    /// Who is behind what this transaction writes; `None` for the platform itself.
    pub fn actor(&self) -> Option<&Actor> {
        self.actor.as_deref()
    }

    /// For the few statements that differ; see [`crate::dialect`].
    pub fn engine(&self) -> Engine {
        match self.connection {
            Connection::Writer(_) | Connection::Reader(_) => Engine::Sqlite,
            Connection::Postgres(_) => Engine::Postgres,
        }
    }

    /// All rows.
    pub fn all(&mut self, sql: Sql) -> BoxFuture<'_, Result<Vec<Row>>> {
        Box::pin(async move {
            match &mut self.connection {
                Connection::Writer(c) => sqlite_rows(c, sql).await,
                Connection::Reader(c) => sqlite_rows(c, sql).await,
                Connection::Postgres(c) => {
                    let (text, args) = sql.into_postgres()?;
                    let rows = sqlx::query_with(&text, args).fetch_all(&mut **c).await.map_err(database)?;
                    Ok(rows.into_iter().map(Row::Postgres).collect())
                }
            }
        })
    }

    /// The first row, if there is one.
    pub async fn optional(&mut self, sql: Sql) -> Result<Option<Row>> {
        Ok(self.all(sql).await?.into_iter().next())
    }

    /// The first row of a statement that always has one.
    pub async fn one(&mut self, sql: Sql) -> Result<Row> {
        self.optional(sql).await?.ok_or_else(|| Error::Internal(anyhow::anyhow!("a row was expected")))
    }

    /// Runs a statement; returns how many rows it changed.
    pub fn execute(&mut self, sql: Sql) -> BoxFuture<'_, Result<u64>> {
        Box::pin(async move {
            match &mut self.connection {
                Connection::Writer(c) => sqlite_execute(c, sql).await,
                Connection::Reader(c) => sqlite_execute(c, sql).await,
                Connection::Postgres(c) => {
                    let (text, args) = sql.into_postgres()?;
                    let done = sqlx::query_with(&text, args).execute(&mut **c).await.map_err(database)?;
                    Ok(done.rows_affected())
                }
            }
        })
    }

    /// Runs one of the writer's own control statements.
    pub(crate) async fn control(&mut self, text: &'static str) -> Result<()> {
        match &mut self.connection {
            Connection::Writer(c) => c.execute(sqlx::query(text)).await.map(drop).map_err(database),
            _ => Err(Error::Internal(anyhow::anyhow!("only the writer controls its transactions"))),
        }
    }

    pub(crate) async fn commit(self) -> Result<()> {
        match self.connection {
            Connection::Writer(_) => Ok(()),
            Connection::Reader(tx) => tx.commit().await.map_err(database),
            Connection::Postgres(tx) => tx.commit().await.map_err(database),
        }
    }
}

async fn sqlite_rows(connection: &mut SqliteConnection, sql: Sql) -> Result<Vec<Row>> {
    let (text, args) = sql.into_sqlite()?;
    let rows = sqlx::query_with(&text, args).fetch_all(connection).await.map_err(database)?;
    Ok(rows.into_iter().map(Row::Sqlite).collect())
}

async fn sqlite_execute(connection: &mut SqliteConnection, sql: Sql) -> Result<u64> {
    let (text, args) = sql.into_sqlite()?;
    let done = sqlx::query_with(&text, args).execute(connection).await.map_err(database)?;
    Ok(done.rows_affected())
}
