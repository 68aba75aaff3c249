//! Commands for the audit log.

use crate::admin::{each, print, text};
use crate::client::Server;
use crate::engines::DatabaseArgs;
use anyhow::{Context, Result, bail};
use bifrost_core::OrganizationId;
use bifrost_store::audit::{self, Head, Verdict};
use bifrost_store::migrate;
use clap::{Args, Subcommand};
use serde_json::{Value, json};
use std::path::Path;
use std::process::ExitCode;

/// `bifrost audit`
#[derive(Args)]
pub struct Audit {
    #[command(subcommand)]
    command: AuditCommand,
}

#[derive(Subcommand)]
enum AuditCommand {
    /// Print the latest entries of an organization.
    List {
        #[command(flatten)]
        server: Server,
        #[command(flatten)]
        which: Which,
        /// How many, at most 1000.
        #[arg(long, default_value_t = 20)]
        limit: u32,
        /// Print the answer as JSON.
        #[arg(long)]
        json: bool,
    },
    /// Print all entries of an organization as lines of JSON, oldest first.
    Export {
        #[command(flatten)]
        server: Server,
        #[command(flatten)]
        which: Which,
    },
    /// Read the database itself and check that no entry was changed, removed or inserted.
    ///
    /// Exit code: 0 every chain is whole, 1 one is broken, 2 failed.
    Verify {
        #[command(flatten)]
        database: DatabaseArgs,
        /// Only the chain of the organization with this id.
        #[arg(long, value_name = "ID")]
        organization: Option<OrganizationId>,
        /// A place that was printed earlier, `sequence:hash`: the chain has to pass through it.
        #[arg(long, value_name = "PLACE", requires = "organization",
            value_parser = |text: &str| text.parse::<Head>())]
        noted: Vec<Head>,
        /// Print the verdicts as JSON.
        #[arg(long)]
        json: bool,
    },
}

/// Which entries are meant.
#[derive(Args)]
struct Which {
    /// Only of this e-mail address, account name or user id.
    #[arg(long)]
    actor: Option<String>,
    /// Only this action, such as `config.set`; `user.` for all whose names begin so.
    #[arg(long)]
    action: Option<String>,
    /// Only on this target, such as `config:smtp_host`.
    #[arg(long)]
    target: Option<String>,
    /// At or after; RFC 3339, or a date.
    #[arg(long)]
    since: Option<String>,
    /// Before; RFC 3339, or a date.
    #[arg(long)]
    until: Option<String>,
}

impl Which {
    /// As the query of a URL.
    fn query(&self) -> Vec<(&'static str, &str)> {
        [
            ("actor", &self.actor),
            ("action", &self.action),
            ("target", &self.target),
            ("since", &self.since),
            ("until", &self.until),
        ]
        .into_iter()
        .filter_map(|(name, value)| Some((name, value.as_deref()?)))
        .collect()
    }
}

fn line(entry: &Value) {
    let outcome = match text(entry, "outcome") {
        "done" => String::new(),
        other => format!("  {other}"),
    };
    let from = entry["actor"]["address"].as_str().map(|address| format!(" from {address}"));
    println!(
        "{:>8}  {}  {}{}  {}  {}{outcome}",
        entry["sequence"],
        text(entry, "at"),
        text(&entry["actor"], "name"),
        from.unwrap_or_default(),
        text(entry, "action"),
        text(entry, "target"),
    );
}

fn verdict(verdict: &Verdict) {
    let (first, last) = (verdict.first_sequence, verdict.last_sequence);
    let end = format!("{last}:{}", verdict.hash);
    match &verdict.broken {
        None => println!(
            "whole   {}  {} entries from {first}, up to {end}",
            verdict.organization_id, verdict.entries
        ),
        Some(broken) => println!(
            "BROKEN  {}  at {}: {}; whole up to {end}",
            verdict.organization_id, broken.sequence, broken.reason
        ),
    }
}

impl Audit {
    pub async fn execute(self, data: &Path) -> Result<ExitCode> {
        match self.command {
            AuditCommand::List { server, which, limit, json } => {
                let limit = limit.to_string();
                let mut query = which.query();
                query.push(("limit", &limit));
                let answer = server.connect(data).await?.query("/api/audit", &query).await?;
                let answer: Value = serde_json::from_slice(&answer).context("the answer is not JSON")?;
                print(&answer, json, |all| each(all, "entries", line))
            }
            AuditCommand::Export { server, which } => {
                let client = server.connect(data).await?;
                client.copy("/api/audit/export", &which.query(), &mut std::io::stdout().lock()).await?;
                Ok(ExitCode::SUCCESS)
            }
            AuditCommand::Verify { database, organization, noted, json } => {
                verify(&database, data, organization, &noted, json).await
            }
        }
    }
}

async fn verify(
    database: &DatabaseArgs,
    data: &Path,
    organization: Option<OrganizationId>,
    noted: &[Head],
    json: bool,
) -> Result<ExitCode> {
    // Opening would migrate it, and this command only reads.
    let plan = migrate::plan(&database.url(data)).await?;
    if !plan.pending.is_empty() {
        bail!("the database has version {} and needs {}; run `bifrost migrate` first", plan.from, plan.to);
    }
    let db = database.open(data).await.context("the database (DATABASE_URL)")?;
    let organizations = match organization {
        Some(id) => vec![id],
        None => audit::chains(&db).await?.into_iter().map(|chain| chain.organization).collect(),
    };
    let mut verdicts = Vec::new();
    for id in organizations {
        verdicts.push(audit::verify(&db, id, noted).await?);
    }
    db.close().await;
    if json {
        println!("{}", serde_json::to_string_pretty(&json!({ "chains": verdicts }))?);
    } else {
        verdicts.iter().for_each(verdict);
    }
    let whole = verdicts.iter().all(|verdict| verdict.broken.is_none());
    Ok(if whole { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
