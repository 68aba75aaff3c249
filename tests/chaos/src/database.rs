//! The database as a superuser sees it, past the platform, its row-level security and all
//! proxies; with a trigger that writes down every change of a run's status.

use anyhow::{Context, Result};
use chrono::{DateTime, Utc};
use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions};
use sqlx::{Executor, Row};
use std::net::SocketAddr;
use std::time::Duration;
use uuid::Uuid;

/// Nothing of the platform can see or change this.
const OBSERVER: &str = "
CREATE SCHEMA chaos;
CREATE TABLE chaos.changes (number bigserial PRIMARY KEY, execution uuid NOT NULL, was text NOT NULL, became text NOT NULL,
  attempt bigint NOT NULL, token bigint NOT NULL, at timestamptz NOT NULL DEFAULT clock_timestamp());
CREATE FUNCTION chaos.note() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
  IF NEW.status <> OLD.status OR NEW.lease_token <> OLD.lease_token THEN
    INSERT INTO chaos.changes (execution, was, became, attempt, token)
    VALUES (NEW.id, OLD.status, NEW.status, NEW.attempt, NEW.lease_token);
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER chaos_note AFTER UPDATE ON executions FOR EACH ROW EXECUTE FUNCTION chaos.note();
";

/// A run, as far as the verdict needs it.
#[derive(Clone, Debug)]
pub struct RunRow {
    /// Its id.
    pub id: Uuid,
    /// Where it stands.
    pub status: String,
    /// Attempts made.
    pub attempt: i64,
    /// Attempts that ended with their worker.
    pub losses: i64,
    /// True while somebody holds its lease.
    pub leased: bool,
    /// As the platform keeps it.
    pub key: Option<String>,
    /// Why it failed.
    pub error: Option<String>,
    /// The attempt that its result tells of.
    pub result_attempt: Option<i64>,
    /// Schedule and instant.
    pub scheduled: Option<(Uuid, DateTime<Utc>)>,
}

/// A change of a run's status or lease.
#[derive(Clone, Debug)]
pub struct Change {
    /// Whose.
    pub execution: Uuid,
    /// From.
    pub was: String,
    /// To.
    pub became: String,
    /// Then.
    pub attempt: i64,
}

/// A cause of an attempt.
pub type Cause = (Uuid, i64, String);
/// A line of a log: execution, sequence, message.
pub type Line = (Uuid, i64, String);

/// A superuser's connections.
pub struct Database {
    pool: PgPool,
}

impl Database {
    /// Connects and makes the platform's role and database.
    ///
    /// # Errors
    /// When PostgreSQL refuses.
    pub async fn prepare(address: SocketAddr) -> Result<Self> {
        let options =
            PgConnectOptions::new().host(&address.ip().to_string()).port(address.port()).username("postgres");
        let admin = PgPoolOptions::new().connect_with(options.clone().database("postgres")).await?;
        admin.execute("CREATE ROLE bifrost LOGIN").await?;
        admin.execute("CREATE DATABASE bifrost OWNER bifrost").await?;
        admin.close().await;
        // The database dies and comes back; each use finds out for itself.
        let pool = PgPoolOptions::new()
            .max_connections(2)
            .acquire_timeout(Duration::from_secs(20))
            .connect_lazy_with(options.database("bifrost"));
        Ok(Self { pool })
    }

    /// Begins to write down changes; the platform has made its tables.
    ///
    /// # Errors
    /// When it has not.
    pub async fn observe(&self) -> Result<()> {
        self.pool.execute(OBSERVER).await.context("the trigger")?;
        Ok(())
    }

    /// Runs that have not ended, or are leased.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn open_runs(&self) -> Result<i64> {
        let sql = "SELECT count(*) FROM executions WHERE lease_until IS NOT NULL
                     OR status NOT IN ('Success', 'Failed', 'Timeout', 'CompletedWithErrors', 'Cancelled')";
        Ok(sqlx::query_scalar(sql).fetch_one(&self.pool).await?)
    }

    /// A run of at least `ms` that the worker with this process id is in the middle of, and its attempt.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn long_run_of(&self, pid: u32, ms: u64) -> Result<Option<(Uuid, i64)>> {
        let sql = "SELECT id, attempt FROM executions
                   WHERE status = 'Running' AND split_part(lease_worker, '-', -2) = $1 AND (parameters ->> 'ms')::bigint >= $2
                     AND now() - attempt_started_at BETWEEN (parameters ->> 'ms')::bigint * interval '0.3 ms'
                       AND (parameters ->> 'ms')::bigint * interval '0.8 ms'
                   ORDER BY attempt_started_at LIMIT 1";
        let query = sqlx::query_as(sql).bind(pid.to_string()).bind(i64::try_from(ms)?);
        Ok(query.fetch_optional(&self.pool).await?)
    }

    /// True while an attempt of this run after that one is under way.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn is_overtaken(&self, run: Uuid, attempt: i64) -> Result<bool> {
        let sql = "SELECT status = 'Running' AND attempt > $2 FROM executions WHERE id = $1";
        Ok(sqlx::query_scalar(sql).bind(run).bind(attempt).fetch_one(&self.pool).await?)
    }

    /// Changes so far.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn change_count(&self) -> Result<i64> {
        Ok(sqlx::query_scalar("SELECT count(*) FROM chaos.changes").fetch_one(&self.pool).await?)
    }

    /// All runs.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn runs(&self) -> Result<Vec<RunRow>> {
        let sql = "SELECT id, status, attempt, losses, lease_until IS NOT NULL OR lease_worker IS NOT NULL AS leased,
                     idempotency_key, concat_ws(': ', error_type, error) AS error, (result ->> 'attempt')::bigint AS result_attempt,
                     schedule_id, scheduled_for FROM executions ORDER BY id";
        let rows = sqlx::query(sql).fetch_all(&self.pool).await?;
        rows.iter()
            .map(|row| {
                let schedule: Option<Uuid> = row.try_get("schedule_id")?;
                let instant: Option<DateTime<Utc>> = row.try_get("scheduled_for")?;
                Ok(RunRow {
                    id: row.try_get("id")?,
                    status: row.try_get("status")?,
                    attempt: row.try_get("attempt")?,
                    losses: row.try_get("losses")?,
                    leased: row.try_get("leased")?,
                    key: row.try_get("idempotency_key")?,
                    error: row.try_get("error")?,
                    result_attempt: row.try_get("result_attempt")?,
                    scheduled: schedule.zip(instant),
                })
            })
            .collect()
    }

    /// All changes, the first one first.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn changes(&self) -> Result<Vec<Change>> {
        let sql = "SELECT execution, was, became, attempt FROM chaos.changes ORDER BY number";
        let rows = sqlx::query(sql).fetch_all(&self.pool).await?;
        rows.iter()
            .map(|row| {
                Ok(Change {
                    execution: row.try_get(0)?,
                    was: row.try_get(1)?,
                    became: row.try_get(2)?,
                    attempt: row.try_get(3)?,
                })
            })
            .collect()
    }

    /// All causes of attempts.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn causes(&self) -> Result<Vec<Cause>> {
        let sql =
            "SELECT execution_id, attempt, cause FROM execution_attempts ORDER BY execution_id, attempt";
        Ok(sqlx::query_as(sql).fetch_all(&self.pool).await?)
    }

    /// All lines that the workflow itself wrote.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn lines(&self) -> Result<Vec<Line>> {
        let sql =
            "SELECT execution_id, sequence, message FROM execution_logs ORDER BY execution_id, sequence";
        Ok(sqlx::query_as(sql).fetch_all(&self.pool).await?)
    }
}
