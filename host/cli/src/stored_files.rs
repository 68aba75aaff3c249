//! `bifrost files`: what workflows and people keep.

use crate::admin::{each, print, text};
use crate::client::Server;
use anyhow::{Context, Result};
use clap::{Args, Subcommand};
use reqwest::Method;
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

const FILES: &str = "/api/files";
const CONTENT: &str = "/api/files/content";
const LOCATIONS: &str = "/api/files/locations";

/// Files of the organization.
#[derive(Args)]
pub struct Files {
    #[command(subcommand)]
    command: FileCommand,
    #[command(flatten)]
    server: Server,
    /// Where they are: `uploads`, `temp` (for 24 hours), or a name of your own.
    #[arg(long, global = true, default_value = "uploads")]
    location: String,
    /// Print the answer as JSON.
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Subcommand)]
enum FileCommand {
    /// List files in a folder and below.
    Ls {
        /// All files by default.
        #[arg(default_value = "")]
        directory: String,
    },
    /// Write a file's content to standard output, or to a file.
    Get {
        /// Its path.
        path: String,
        #[arg(long, short, value_name = "FILE")]
        output: Option<PathBuf>,
    },
    /// Send a file; one that is there is replaced.
    Put {
        /// What to send; `-` for standard input.
        file: PathBuf,
        /// Its path there.
        path: String,
        /// What it is, such as `text/csv`; found out from the content by default.
        #[arg(long = "type", value_name = "TYPE")]
        content_type: Option<String>,
    },
    /// Show where files are, how many and how large, and what there may be.
    Usage,
    /// Delete a file.
    Rm {
        /// Its path.
        path: String,
    },
}

fn line(one: &Value) {
    println!(
        "{:>12}  {}  {:<24} {}",
        one["size"],
        text(one, "updated_at"),
        text(one, "content_type"),
        text(one, "path")
    );
}

fn usage(all: &Value) {
    each(all, "locations", |one| {
        let (files, bytes) = (one["count"].to_string(), one["bytes"].to_string());
        println!("{:<24} {files:>8} files {bytes:>14} bytes", text(one, "name"));
    });
    println!(
        "in all: {} of {} files, {} of {} bytes",
        all["count"], all["max_count"], all["used"], all["quota"]
    );
}

fn content(file: &Path) -> Result<Vec<u8>> {
    if file == Path::new("-") {
        let mut bytes = Vec::new();
        std::io::stdin().read_to_end(&mut bytes).context("standard input")?;
        return Ok(bytes);
    }
    std::fs::read(file).with_context(|| format!("cannot read {}", file.display()))
}

impl Files {
    pub async fn execute(self, data: &Path) -> Result<ExitCode> {
        let client = self.server.connect(data).await?;
        let location = self.location.as_str();
        match self.command {
            FileCommand::Ls { directory } => {
                let (mut files, mut cursor) = (Vec::new(), String::new());
                loop {
                    let mut query =
                        vec![("location", location), ("directory", directory.as_str()), ("limit", "1000")];
                    if !cursor.is_empty() {
                        query.push(("cursor", cursor.as_str()));
                    }
                    let bytes = client.query(FILES, &query).await?;
                    let mut page: Value = serde_json::from_slice(&bytes).context("the answer is no JSON")?;
                    files.extend(page["files"].as_array_mut().map(std::mem::take).unwrap_or_default());
                    match page["next_cursor"].as_str() {
                        Some(next) => cursor = next.to_owned(),
                        None => break,
                    }
                }
                print(&json!({ "files": files }), self.json, |all| each(all, "files", line))
            }
            FileCommand::Get { path, output } => {
                let bytes = client.query(CONTENT, &[("location", location), ("path", &path)]).await?;
                match output {
                    Some(file) => {
                        std::fs::write(&file, bytes)
                            .with_context(|| format!("cannot write {}", file.display()))?;
                    }
                    None => std::io::stdout().lock().write_all(&bytes)?,
                }
                Ok(ExitCode::SUCCESS)
            }
            FileCommand::Put { file, path, content_type } => {
                let bytes = content(&file)?;
                let query = [("location", location), ("path", path.as_str())];
                let answer =
                    client.send(Method::PUT, CONTENT, &query, content_type.as_deref(), bytes).await?;
                print(&answer, self.json, line)
            }
            FileCommand::Usage => print(&client.get(LOCATIONS).await?, self.json, usage),
            FileCommand::Rm { path } => {
                let query = [("location", location), ("path", path.as_str())];
                client.send(Method::DELETE, CONTENT, &query, None, Vec::new()).await?;
                Ok(ExitCode::SUCCESS)
            }
        }
    }
}
