//! Commands for tickets that the queue gave up on.

use crate::admin::{each, print, text};
use crate::client::Server;
use anyhow::Result;
use bifrost_core::{DeadLetterId, DeadLetterState};
use clap::{Args, Subcommand};
use serde_json::{Value, json};
use std::path::Path;
use std::process::ExitCode;

/// `bifrost dead-letters`
#[derive(Args)]
pub struct DeadLetters {
    #[command(subcommand)]
    command: Option<DeadLetterCommand>,
    #[command(flatten)]
    server: Server,
    /// Print the answer as JSON.
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Subcommand)]
enum DeadLetterCommand {
    /// List the latest (the default).
    List {
        /// Only those whose run was `retried`, or `failed`.
        #[arg(long, value_parser = |text: &str| text.parse::<DeadLetterState>())]
        state: Option<DeadLetterState>,
        /// Only those that nobody has replayed.
        #[arg(long)]
        open: bool,
        /// How many.
        #[arg(long, default_value_t = LIMIT)]
        limit: u32,
    },
    /// Start a new run in place of one that has ended, and print its id.
    Replay {
        /// The dead letter's id.
        id: DeadLetterId,
    },
}

/// Letters of a list, unless the command says otherwise.
const LIMIT: u32 = 20;

impl DeadLetters {
    pub async fn execute(self, data: &Path) -> Result<ExitCode> {
        let client = self.server.connect(data).await?;
        let list = DeadLetterCommand::List { state: None, open: false, limit: LIMIT };
        match self.command.unwrap_or(list) {
            DeadLetterCommand::List { state, open, limit } => {
                let mut path = format!("/api/dead-letters?limit={limit}");
                if let Some(state) = state {
                    path.push_str(&format!("&state={}", state.as_str()));
                }
                if open {
                    path.push_str("&replayed=false");
                }
                let answer = client.get(&path).await?;
                print(&answer, self.json, |all| each(all, "dead_letters", line))
            }
            DeadLetterCommand::Replay { id } => {
                let answer = client.post(&format!("/api/dead-letters/{id}/replay"), json!({})).await?;
                print(&answer, self.json, |run| println!("{}", text(run, "execution_id")))
            }
        }
    }
}

fn line(letter: &Value) {
    let state = if letter["replayed_as"].is_null() { text(letter, "state") } else { "replayed" };
    println!(
        "{}  {state:<8} {}  {}  attempt {} of {}",
        text(letter, "id"),
        text(letter, "created_at"),
        text(letter, "workflow_name"),
        letter["attempt"],
        text(letter, "execution_id")
    );
}
