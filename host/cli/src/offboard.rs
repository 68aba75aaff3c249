//! `bifrost organizations offboard`: asks, waits, saves the export and shows the proof.

use crate::admin::{print, text};
use crate::client::Client;
use anyhow::{Context, Result, bail};
use clap::Args;
use serde_json::{Value, json};
use std::io::{BufWriter, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

/// Between two looks at how far it is.
const LOOK: Duration = Duration::from_millis(500);

/// Which organization, and what to do with the export.
#[derive(Args)]
pub struct Offboard {
    /// Name or id.
    name: String,
    /// The organization's name, exactly: the confirmation, where nobody can be asked.
    #[arg(long, value_name = "NAME")]
    confirm: Option<String>,
    /// Save the export here, a tar archive.
    #[arg(long, value_name = "FILE")]
    export: Option<PathBuf>,
    /// Do not wait for the end; it goes on by itself.
    #[arg(long, conflicts_with = "export")]
    no_wait: bool,
}

impl Offboard {
    pub async fn execute(self, client: &Client, json: bool) -> Result<ExitCode> {
        // Afterwards only the id finds it.
        let id = client.organization(&self.name).await?;
        let path = format!("/api/organizations/{id}/offboarding");
        let confirm = match self.confirm {
            Some(confirm) => confirm,
            None => ask(&self.name)?,
        };
        let mut answer = client.post(&path, json!({ "confirm": confirm })).await?;
        while !self.no_wait && text(&answer, "state") != "done" {
            tokio::time::sleep(LOOK).await;
            answer = client.get(&path).await?;
        }
        if let Some(file) = &self.export {
            save(client, &format!("{path}/export"), file).await?;
        }
        print(&answer, json, |one| show(one, self.export.as_deref()))
    }
}

fn ask(name: &str) -> Result<String> {
    if !std::io::stdin().is_terminal() {
        bail!("everything of `{name}` would be deleted for good; confirm it with --confirm and its name");
    }
    eprint!("Everything of this organization is exported, then deleted for good. Type its name to go on: ");
    std::io::stderr().flush()?;
    let mut line = String::new();
    std::io::stdin().read_line(&mut line)?;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}

async fn save(client: &Client, path: &str, file: &Path) -> Result<()> {
    let made =
        std::fs::File::create_new(file).with_context(|| format!("cannot create {}", file.display()))?;
    let mut writer = BufWriter::new(made);
    client.copy(path, &[], &mut writer).await?;
    writer.flush().with_context(|| format!("cannot write {}", file.display()))
}

fn show(one: &Value, file: Option<&Path>) {
    println!("{}  {}  {}", text(one, "organization_id"), text(one, "state"), text(one, "name"));
    let proof = &one["proof"];
    for (name, table) in proof["tables"].as_object().into_iter().flatten() {
        if table["before"] != 0 {
            println!(
                "  {name:<24} {} rows, {} exported, {} left",
                table["before"], table["exported"], table["after"]
            );
        }
    }
    let objects = &proof["objects"];
    println!("  {:<24} {}, {} exported", "objects", objects["before"], objects["exported"]);
    if let Some(hash) = proof["export"]["sha256"].as_str() {
        println!("  export: {} bytes, sha256 {hash}", proof["export"]["bytes"]);
    }
    if let Some(scan) = proof["scan"].as_object() {
        println!(
            "  left: {} rows, {} objects, {} keys in the cache, {} tickets",
            scan["rows"], scan["objects"], scan["cache_keys"], scan["tickets"]
        );
        for (table, rows) in scan["mentions"].as_object().into_iter().flatten() {
            println!("  {table:<24} {rows} rows of others with its id in a text; they stay");
        }
    }
    if let Some(file) = file {
        println!("  saved as {}", file.display());
    }
}
