//! A PostgreSQL database of its own, for a role that is no superuser.

use anyhow::{Context, Result};
use sqlx::{Connection, Executor, PgConnection};

/// No superuser, so that row-level security holds for it.
const ROLE: &str = "bifrost_tests";
const PASSWORD: &str = "bifrost-tests-secret";

/// A database of its own; [`Self::finish`] removes it.
pub struct Database {
    admin: PgConnection,
    name: String,
    url: String,
}

impl Database {
    /// Creates an empty one; `purpose` is part of its name.
    ///
    /// # Errors
    /// When PostgreSQL cannot be reached as a superuser.
    pub async fn create(purpose: &str) -> Result<Self> {
        let address = crate::database_url();
        let mut admin = PgConnection::connect(&address).await.context("PostgreSQL (DATABASE_URL)")?;
        let name = format!("bifrost_{purpose}_{}", uuid::Uuid::now_v7().simple());
        let role = format!(
            "SELECT pg_advisory_xact_lock(7244);
             DO $$ BEGIN IF NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = '{ROLE}') THEN
               CREATE ROLE {ROLE} LOGIN PASSWORD '{PASSWORD}' NOSUPERUSER; END IF; END $$;"
        );
        admin.execute(sqlx::raw_sql(&role)).await?;
        admin.execute(format!("CREATE DATABASE {name} OWNER {ROLE}").as_str()).await?;
        let (base, _) = address.rsplit_once('/').context("DATABASE_URL names no database")?;
        let (_, host) =
            base.rsplit_once('@').or_else(|| base.rsplit_once("//")).context("DATABASE_URL names no host")?;
        let url = format!("postgres://{ROLE}:{PASSWORD}@{host}/{name}");
        Ok(Self { admin, name, url })
    }

    /// Its address, for the role that owns it.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The password in [`Self::url`].
    pub fn password(&self) -> &'static str {
        PASSWORD
    }

    /// Connects as a superuser, for whom no row is hidden.
    ///
    /// # Errors
    /// When PostgreSQL refuses.
    pub async fn observe(&self) -> Result<PgConnection> {
        let address = crate::database_url();
        let (base, _) = address.rsplit_once('/').context("DATABASE_URL names no database")?;
        Ok(PgConnection::connect(&format!("{base}/{}", self.name)).await?)
    }

    /// Removes it, whoever is still connected.
    ///
    /// # Errors
    /// When PostgreSQL refuses.
    pub async fn finish(mut self) -> Result<()> {
        self.admin.execute(format!("DROP DATABASE {} WITH (FORCE)", self.name).as_str()).await?;
        Ok(())
    }
}
