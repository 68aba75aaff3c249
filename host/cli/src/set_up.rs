//! `bifrost set-up`: the token that makes the first administrator who signs in.

use crate::engines::DatabaseArgs;
use anyhow::Result;
use bifrost_store::Db;
use bifrost_store::sign_in::set_up;
use clap::Args;
use std::path::Path;
use std::process::ExitCode;

/// Print a token for the first platform administrator, as the first start does. Needed once
/// that token is lost; whoever has an administrator's key can also make people with it.
///
/// Exit code: 0 printed, 1 there is an administrator already, 2 failed.
#[derive(Args)]
pub struct SetUp {
    #[command(flatten)]
    database: DatabaseArgs,
    /// The address that people reach the platform at.
    #[arg(long, env = "BIFROST_PUBLIC_URL", default_value = "http://127.0.0.1:8400")]
    public_url: String,
}

impl SetUp {
    pub async fn execute(self, data: &Path) -> Result<ExitCode> {
        let db = self.database.open(data).await?;
        let printed = print(&db, &self.public_url).await;
        db.close().await;
        if printed? {
            return Ok(ExitCode::SUCCESS);
        }
        eprintln!("a platform administrator can sign in already; ask them for a link to a new password");
        Ok(ExitCode::FAILURE)
    }
}

/// Prints where the first administrator is made; false when there is one.
pub async fn print(db: &Db, public_url: &str) -> Result<bool> {
    let Some(token) = set_up::offer(db).await? else { return Ok(false) };
    let page = format!("{}/sign-in", public_url.trim_end_matches('/'));
    println!("To sign in as the first administrator, open within 24 hours: {page}#set-up={token}");
    Ok(true)
}
