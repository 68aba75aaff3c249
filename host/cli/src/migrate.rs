//! `bifrost migrate`: brings a database up to date.

use crate::engines::DatabaseArgs;
use anyhow::Result;
use bifrost_store::{db_roles, migrate};
use clap::Args;
use std::path::Path;
use std::process::ExitCode;

/// Runs the migrations that the database is missing. Servers do the same when they start;
/// this is for those who want it done before.
#[derive(Args)]
pub struct Migrate {
    #[command(flatten)]
    database: DatabaseArgs,
    /// Change nothing; exit with 1 when something is to be done.
    #[arg(long)]
    check: bool,
    /// A PostgreSQL role that servers use for tenants' data (in `DATABASE_URL`). It and the
    /// system's role are given their rights after each migration, which their owner runs.
    #[arg(long, env = "BIFROST_TENANT_ROLE", requires = "system_role", value_name = "ROLE")]
    tenant_role: Option<String>,
    /// The role for what concerns all organizations (in `BIFROST_SYSTEM_DATABASE_URL`).
    /// From then on no other role may do that.
    #[arg(long, env = "BIFROST_SYSTEM_ROLE", requires = "tenant_role", value_name = "ROLE")]
    system_role: Option<String>,
}

impl Migrate {
    /// Migrates, or tells what there is to migrate.
    ///
    /// # Errors
    /// When the database cannot be reached, or is newer than this program.
    pub async fn execute(self, data: &Path) -> Result<ExitCode> {
        let url = self.database.url(data);
        if !self.check {
            std::fs::create_dir_all(data)?;
        }
        let plan = if self.check { migrate::plan(&url).await? } else { migrate::run(&url).await? };
        if let (Some(tenants), Some(system)) = (&self.tenant_role, &self.system_role) {
            db_roles::separate(&url, tenants, system).await?;
            println!("`{tenants}` is for tenants' data, `{system}` for the system");
        }
        for (version, name) in &plan.pending {
            println!("{} {version:04} {name}", if self.check { "missing " } else { "migrated" });
        }
        if plan.pending.is_empty() {
            println!("version {}, up to date", plan.to);
            return Ok(ExitCode::SUCCESS);
        }
        println!("from version {} to {}", plan.from, plan.to);
        Ok(if self.check { ExitCode::FAILURE } else { ExitCode::SUCCESS })
    }
}
