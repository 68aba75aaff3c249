//! The database, and the handles through which tenant data is reached.

use crate::audit::Actor;
use crate::dialect::{self, Engine};
use crate::error::database;
use crate::tx::{Connection, Tx};
use crate::writer::Writer;
use bifrost_core::{Error, OrganizationId, Result, Scope};
use futures::future::BoxFuture;
use sqlx::{PgPool, SqlitePool};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use uuid::Uuid;

/// How to open a database.
#[derive(Clone)]
pub struct Options {
    /// Connections of the pool (SQLite: readers; the writer is one more).
    pub connections: u32,
    /// How long a caller waits for a connection before it hears `Busy`.
    pub acquire_timeout: Duration,
    /// The same PostgreSQL database as another role, for [`Access::System`]. See
    /// [`crate::db_roles`].
    pub system_url: Option<String>,
}

impl Default for Options {
    fn default() -> Self {
        Self { connections: 16, acquire_timeout: Duration::from_secs(10), system_url: None }
    }
}

/// SQLite or PostgreSQL, migrated, in the hands of somebody. Cheap to clone.
#[derive(Clone)]
pub struct Db {
    inner: Arc<Inner>,
    /// Who is behind what is written; the platform itself if nobody.
    actor: Option<Arc<Actor>>,
}

struct Inner {
    backend: Backend,
    options: Options,
}

enum Backend {
    Sqlite {
        readers: SqlitePool,
        writer: Mutex<Option<Writer>>,
        task: Mutex<Option<tokio::task::JoinHandle<()>>>,
    },
    Postgres {
        tenants: PgPool,
        /// Of another role, or the same pool.
        system: PgPool,
    },
}

/// Whose data a transaction may touch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Everything: claiming, sweeping, authentication, administration.
    System,
    /// What belongs to the provider itself, with no organization.
    Global,
    /// One tenant, and what is global and visible to it.
    Organization(OrganizationId),
}

impl Access {
    /// The value of `bifrost.org` that row-level security reads.
    pub(crate) fn setting(self) -> String {
        match self {
            Self::System => "*".into(),
            Self::Global => "global".into(),
            Self::Organization(id) => id.to_string(),
        }
    }

    /// The `scope_id` of rows that belong to this access: nil for global. The system
    /// owns nothing itself.
    pub fn scope_id(self) -> Result<Uuid> {
        match self {
            Self::System => Err(Error::Internal(anyhow::anyhow!("this needs one scope, not the system's"))),
            Self::Global => Ok(Uuid::nil()),
            Self::Organization(id) => Ok(id.0),
        }
    }

    /// The organization, where there is one.
    pub fn organization(self) -> Option<OrganizationId> {
        match self {
            Self::Organization(id) => Some(id),
            _ => None,
        }
    }
}

impl From<Scope> for Access {
    fn from(scope: Scope) -> Self {
        scope.organization().map_or(Self::Global, Self::Organization)
    }
}

impl Db {
    /// Opens `sqlite:path`, `postgres://…` or `postgresql://…` and migrates it.
    ///
    /// Must be called within a tokio runtime, which the SQLite writer then lives in.
    pub async fn open(url: &str, options: Options) -> Result<Self> {
        let backend = if let Some(path) = url.strip_prefix("sqlite:") {
            let path = path.strip_prefix("//").unwrap_or(path);
            let (connection, readers) = dialect::open_sqlite(path, &options).await?;
            let (writer, task) = Writer::start(connection);
            Backend::Sqlite { readers, writer: Mutex::new(Some(writer)), task: Mutex::new(Some(task)) }
        } else if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            let tenants = dialect::open_postgres(url, &options).await?;
            let system = match &options.system_url {
                Some(url) => dialect::open_postgres(url, &options).await?,
                None => tenants.clone(),
            };
            Backend::Postgres { tenants, system }
        } else {
            return Err(Error::invalid("database", "expected sqlite:path or postgres://user@host/database"));
        };
        Ok(Self { inner: Arc::new(Inner { backend, options }), actor: None })
    }

    /// The same database in the hands of `actor`: the audit log names them for whatever is
    /// written through it.
    #[must_use]
    pub fn by(&self, actor: Arc<Actor>) -> Self {
        Self { inner: self.inner.clone(), actor: Some(actor) }
    }

    /// Which engine this is.
    pub fn engine(&self) -> Engine {
        match self.inner.backend {
            Backend::Sqlite { .. } => Engine::Sqlite,
            Backend::Postgres { .. } => Engine::Postgres,
        }
    }

    /// The handle for one tenant's data.
    pub fn org(&self, organization: OrganizationId) -> Scoped {
        self.with(Access::Organization(organization))
    }

    /// The handle for an organization's or the provider's global data.
    pub fn scope(&self, scope: Scope) -> Scoped {
        self.with(scope.into())
    }

    /// The handle for platform-wide operations. Whoever takes it has already decided
    /// that the caller may see every tenant.
    pub fn system(&self) -> Scoped {
        self.with(Access::System)
    }

    /// A handle for an access decided elsewhere.
    pub fn with(&self, access: Access) -> Scoped {
        Scoped { db: self.clone(), access }
    }

    /// Answers when the database does; for health checks.
    pub async fn ping(&self) -> Result<()> {
        self.system().read().await?.one(crate::Sql::new("SELECT 1 AS one")).await.map(drop)
    }

    /// Connections of the pool: those that are open, and those that nobody uses.
    pub fn connections(&self) -> (u32, usize) {
        match &self.inner.backend {
            Backend::Sqlite { readers, .. } => (readers.size(), readers.num_idle()),
            Backend::Postgres { tenants, .. } if self.inner.options.system_url.is_none() => {
                (tenants.size(), tenants.num_idle())
            }
            Backend::Postgres { tenants, system } => {
                (tenants.size() + system.size(), tenants.num_idle() + system.num_idle())
            }
        }
    }

    /// Lets accepted writes finish and closes all connections.
    pub async fn close(&self) {
        match &self.inner.backend {
            Backend::Sqlite { readers, writer, task } => {
                drop(lock(writer).take());
                let task = lock(task).take();
                if let Some(task) = task {
                    // A panic of the task was already reported.
                    let _ = task.await;
                }
                readers.close().await;
            }
            Backend::Postgres { tenants, system } => {
                tenants.close().await;
                system.close().await;
            }
        }
    }
}

impl Backend {
    /// The connections of PostgreSQL that an access may use.
    fn pool<'a>(tenants: &'a PgPool, system: &'a PgPool, access: Access) -> &'a PgPool {
        if access == Access::System { system } else { tenants }
    }
}

/// Waits for a connection and its transaction, and tells how long that took.
async fn timed<T>(begin: impl Future<Output = sqlx::Result<T>>) -> Result<T> {
    let begun = Instant::now();
    let result = begin.await.map_err(database);
    metrics::histogram!("bifrost_database_wait_seconds").record(begun.elapsed());
    result
}

/// Begins a transaction to the end, also when the caller loses interest: half begun, a
/// connection would go back to the pool with a transaction that nobody knows of.
async fn begun(
    pool: &sqlx::PgPool,
    begin: String,
) -> sqlx::Result<sqlx::Transaction<'static, sqlx::Postgres>> {
    let pool = pool.clone();
    let task = tokio::spawn(async move { pool.begin_with(begin).await });
    task.await.unwrap_or_else(|lost| Err(sqlx::Error::Protocol(format!("beginning a transaction: {lost}"))))
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// A database seen from one scope: the only way to open a transaction.
#[derive(Clone)]
pub struct Scoped {
    db: Db,
    access: Access,
}

impl Scoped {
    /// Whose data this handle reaches.
    pub fn access(&self) -> Access {
        self.access
    }

    /// The database behind it.
    pub fn db(&self) -> &Db {
        &self.db
    }

    /// The tenant of this handle; an internal error for any other.
    pub(crate) fn organization(&self) -> Result<OrganizationId> {
        self.access
            .organization()
            .ok_or_else(|| Error::Internal(anyhow::anyhow!("this needs an organization's handle")))
    }

    /// Opens a read-only transaction: one consistent state, ended by dropping it.
    /// `Busy` when no connection became free in time. Boxed, as all that waits for the
    /// database is: what awaits it is compiled in a fraction of the time.
    pub fn read(&self) -> BoxFuture<'_, Result<Tx>> {
        Box::pin(async move {
            let connection = match &self.db.inner.backend {
                Backend::Sqlite { readers, .. } => Connection::Reader(timed(readers.begin()).await?),
                Backend::Postgres { tenants, system } => {
                    let begin = dialect::begin_postgres(self.access, true);
                    let pool = Backend::pool(tenants, system, self.access);
                    Connection::Postgres(timed(begun(pool, begin)).await?)
                }
            };
            Ok(Tx { connection, access: self.access, actor: None })
        })
    }

    /// Runs a unit of work and answers when it is durable; an error undoes all of it.
    ///
    /// On SQLite units run one after the other and share commits, so a unit does
    /// nothing but SQL. When the caller drops the future, the unit may still be
    /// committed. `Busy` when the line is too long.
    pub fn write<T, F>(&self, unit: F) -> BoxFuture<'_, Result<T>>
    where
        T: Send + 'static,
        F: for<'t> FnOnce(&'t mut Tx) -> BoxFuture<'t, Result<T>> + Send + 'static,
    {
        Box::pin(async move {
            match &self.db.inner.backend {
                Backend::Sqlite { writer, .. } => {
                    let writer = lock(writer).clone().ok_or(Error::Busy("database"))?;
                    let as_whom = (self.access, self.db.actor.clone());
                    writer.write(as_whom, self.db.inner.options.acquire_timeout, unit).await
                }
                Backend::Postgres { tenants, system } => {
                    let begin = dialect::begin_postgres(self.access, false);
                    let pool = Backend::pool(tenants, system, self.access);
                    let connection = Connection::Postgres(timed(begun(pool, begin)).await?);
                    let mut tx = Tx { connection, access: self.access, actor: self.db.actor.clone() };
                    let value = unit(&mut tx).await?;
                    tx.commit().await?;
                    Ok(value)
                }
            }
        })
    }
}
