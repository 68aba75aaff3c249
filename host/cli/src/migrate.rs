//! `bifrost migrate`: brings a database up to date.

use crate::engines::DatabaseArgs;
use anyhow::Result;
use bifrost_store::migrate;
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
