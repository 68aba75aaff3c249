//! Two roles on PostgreSQL: one for tenants' data, which row-level security holds to one
//! tenant at a time, and one for what concerns all of them (dispatcher, scheduler,
//! sign-in), which has rights on named tables only and reads no secret. Neither owns a
//! table, so neither can change a policy.

use crate::error::database;
use bifrost_core::{Error, Result};
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{ConnectOptions, Connection, Executor, Row};
use std::str::FromStr;

/// What a role may do with a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rights {
    /// Nothing.
    None,
    /// Delete rows by whose they are, and see nothing else of them.
    Remove,
    /// See rows.
    Read,
    /// See, add, change and delete rows.
    Write,
}

/// Each table, and what the tenants' and the system's role may do with it. Row-level
/// security narrows both.
pub const TABLES: &[(&str, Rights, Rights)] = {
    use Rights::{None, Read, Remove, Write};
    &[
        ("adapter_sources", Write, Write),
        ("adapter_values", Write, None),
        ("api_keys", Write, Write),
        ("audit_chains", Read, Write),
        ("audit_log", Read, Write),
        ("audit_outbox", Write, Write),
        ("config", Write, None),
        ("config_shares", Write, None),
        ("data_keys", Write, None),
        ("dead_letters", Write, Write),
        ("device_codes", None, Write),
        ("document_tables", Write, Write),
        ("documents", Write, Write),
        ("egress_policies", Read, Write),
        ("egress_usage", Write, None),
        ("endpoints", Write, Write),
        ("execution_attempts", Write, Write),
        ("execution_calls", Write, Write),
        ("execution_logs", Write, Write),
        ("executions", Write, Write),
        ("file_usage", Write, Write),
        ("files", Write, Write),
        ("form_sessions", Write, Write),
        ("form_uploads", Write, Write),
        ("form_workflows", Write, Write),
        ("forms", Write, Write),
        ("grants", Write, Write),
        ("identities", Write, Write),
        ("identity_providers", Write, Write),
        ("integration_mappings", Write, Write),
        ("integration_secrets", Write, None),
        ("integration_shares", Write, Write),
        ("integrations", Write, Write),
        ("invitations", Write, Write),
        ("key_rotations", None, Write),
        ("leaders", None, Write),
        ("notification_channels", Write, Write),
        ("notification_events", Write, Write),
        ("notification_items", Write, Write),
        ("notification_messages", Write, Write),
        ("notification_reads", Write, Write),
        ("notification_rules", Write, Write),
        ("notification_secrets", Write, None),
        ("notifications", Write, Write),
        ("oauth_connections", Write, Write),
        ("oauth_states", Write, Write),
        ("offboardings", None, Write),
        ("organizations", Read, Write),
        ("passkeys", Write, Write),
        ("passwords", Write, Write),
        ("platform_settings", None, Write),
        ("recovery_codes", Write, Write),
        ("roles", Write, Write),
        ("schedules", Write, Write),
        ("sessions", Write, Write),
        ("sign_in_failures", None, Write),
        ("sign_in_flows", None, Write),
        ("time_saved", Write, Write),
        ("totp", Write, Remove),
        ("user_roles", Write, Write),
        ("users", Write, Write),
        ("versions", Write, Write),
        ("warm_versions", None, Write),
        ("webhook_adapters", Write, Write),
        ("webhook_deliveries", Write, Write),
        ("webhook_secrets", Write, None),
        ("webhook_sources", Write, Write),
        ("webhook_subscriptions", Write, Write),
        ("workers", None, Write),
        ("workflow_references", Write, Write),
        ("workflows", Write, Write),
        ("workspaces", Write, Write),
        ("_sqlx_migrations", Read, Read),
    ]
};

/// Whether the system's role sees the rows of a table.
pub fn is_for_system(table: &str) -> bool {
    TABLES.iter().any(|(name, _, system)| *name == table && matches!(system, Rights::Read | Rights::Write))
}

/// Gives two roles that exist their rights on the database at `url`, whose owner is asked;
/// afterwards only the second one and the owner pass for the system. To be repeated after
/// every migration.
///
/// # Errors
/// When a role is missing, is the owner, or bypasses row-level security.
pub async fn separate(url: &str, tenants: &str, system: &str) -> Result<()> {
    let options = PgConnectOptions::from_str(url).map_err(|e| Error::invalid("database", e.to_string()))?;
    let mut connection = options.connect().await.map_err(database)?;
    let result = separate_in(&mut connection, tenants, system).await;
    connection.close().await.map_err(database)?;
    result
}

async fn separate_in(connection: &mut PgConnection, tenants: &str, system: &str) -> Result<()> {
    if tenants == system {
        return Err(Error::invalid("system-role", "expected another role than that of tenants"));
    }
    for (field, role) in [("tenant-role", tenants), ("system-role", system)] {
        check(connection, field, role).await?;
    }
    let mut script = String::from("BEGIN;\n");
    let (quoted_tenants, quoted_system) = (quoted(tenants), quoted(system));
    script += &format!("GRANT USAGE ON SCHEMA public TO {quoted_tenants}, {quoted_system};\n");
    for (table, for_tenants, for_system) in TABLES {
        for (role, rights) in [(&quoted_tenants, for_tenants), (&quoted_system, for_system)] {
            script += &format!("REVOKE ALL ON {table} FROM {role};\n");
            let rights = match rights {
                Rights::None => continue,
                Rights::Remove => "SELECT (user_id, organization_id), DELETE",
                Rights::Read => "SELECT",
                Rights::Write => "SELECT, INSERT, UPDATE, DELETE",
            };
            script += &format!("GRANT {rights} ON {table} TO {role};\n");
        }
    }
    // The owner migrates, and is no role of a process.
    script += &format!(
        "CREATE OR REPLACE FUNCTION bifrost_is_system() RETURNS boolean LANGUAGE sql STABLE PARALLEL SAFE
           AS $f$ SELECT coalesce(current_setting('bifrost.org', true), '') = '*'
             AND current_user IN ({}, {}) $f$;\nCOMMIT;",
        literal(system),
        literal(&owner(connection).await?)
    );
    connection.execute(sqlx::raw_sql(&script)).await.map(drop).map_err(database)
}

async fn owner(connection: &mut PgConnection) -> Result<String> {
    let sql =
        "SELECT pg_get_userbyid(relowner)::text AS owner FROM pg_class WHERE oid = 'organizations'::regclass";
    Ok(connection.fetch_one(sql).await.map_err(database)?.get("owner"))
}

/// A role has to exist, and policies have to hold for it.
async fn check(connection: &mut PgConnection, field: &str, role: &str) -> Result<()> {
    let row = sqlx::query("SELECT rolsuper OR rolbypassrls AS unguarded FROM pg_roles WHERE rolname = $1")
        .bind(role)
        .fetch_optional(&mut *connection)
        .await
        .map_err(database)?;
    let row = row.ok_or_else(|| {
        Error::invalid(
            field,
            format!("there is no role `{role}`; make it with CREATE ROLE \"{role}\" LOGIN PASSWORD '…'"),
        )
    })?;
    if row.get("unguarded") {
        return Err(Error::invalid(field, format!("`{role}` is a superuser or has BYPASSRLS")));
    }
    if owner(connection).await? == role {
        return Err(Error::invalid(
            field,
            format!("`{role}` owns the tables; use another role for processes"),
        ));
    }
    Ok(())
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}
