//! `bifrost secrets`: changes the keys that encrypt secrets, while everything runs.

use crate::engines::{DatabaseArgs, KeyArgs};
use anyhow::{Result, bail};
use bifrost_store::keyring::{MASTER_KEY_FILE, MASTER_KEY_VARIABLE};
use bifrost_store::rotation::{self, Progress, Status};
use bifrost_store::{Db, Keyring};
use clap::{Args, Subcommand};
use std::io::{BufRead, IsTerminal, Write};
use std::path::Path;
use std::process::ExitCode;

/// Works on the database itself, so it needs the same database and master keys as the
/// servers.
#[derive(Args)]
pub struct Secrets {
    #[command(subcommand)]
    command: Option<SecretsCommand>,
    #[command(flatten)]
    database: DatabaseArgs,
    #[command(flatten)]
    keys: KeyArgs,
}

#[derive(Subcommand)]
enum SecretsCommand {
    /// Tell which keys are in use, and how far a change of them is (the default).
    Status {
        /// Print it as JSON.
        #[arg(long)]
        json: bool,
    },
    /// Put a new master key first in the file `master.key` of the data folder. Where the
    /// keys come from `BIFROST_MASTER_KEY`, put the new one first there instead.
    AddKey,
    /// Wrap all data keys by the first master key too, beside the one of before. Servers
    /// that have only the one of before go on as ever.
    Rotate {
        /// Make new data keys instead, and encrypt all secrets anew with them. Goes on with
        /// what an earlier call has begun.
        #[arg(long, conflicts_with = "finish")]
        data_keys: bool,
        /// Give up the master keys of before. Servers that do not have the first one cannot
        /// read secrets any more.
        #[arg(long)]
        finish: bool,
        /// Do not ask before giving up keys.
        #[arg(long, requires = "finish")]
        yes: bool,
    },
}

impl Secrets {
    pub async fn execute(self, data: &Path) -> Result<ExitCode> {
        let command = self.command.unwrap_or(SecretsCommand::Status { json: false });
        if let SecretsCommand::AddKey = command {
            if self.keys.master_key.is_some() {
                bail!("the master keys come from {MASTER_KEY_VARIABLE}; put a new one first there");
            }
            let id = Keyring::add_to_file(data)?;
            println!("master key {id} is first in {}", data.join(MASTER_KEY_FILE).display());
            println!("Restart all servers, then run `bifrost secrets rotate`.");
            return Ok(ExitCode::SUCCESS);
        }
        let db = self.database.open(data).await?;
        let keys = self.keys.keyring(data)?;
        let done = run(&db, &keys, command).await;
        db.close().await;
        done.map(|()| ExitCode::SUCCESS)
    }
}

async fn run(db: &Db, keys: &Keyring, command: SecretsCommand) -> Result<()> {
    match command {
        SecretsCommand::Status { json: true } => {
            println!("{}", serde_json::to_string_pretty(&rotation::status(db, keys).await?)?);
        }
        SecretsCommand::Status { json: false } | SecretsCommand::AddKey => {
            print(&rotation::status(db, keys).await?, keys);
        }
        SecretsCommand::Rotate { data_keys: true, .. } => {
            let done = rotation::renew(db, keys, &mut show).await?;
            eprintln!();
            println!("{} new data keys, {} secrets encrypted anew", done.data_keys, done.values);
        }
        SecretsCommand::Rotate { finish: false, .. } => {
            let done = rotation::wrap(db, keys, &mut show).await?;
            eprintln!();
            println!("{} data keys wrapped by master key {}", done.data_keys, keys.first_id());
            println!("When every server has it, run `bifrost secrets rotate --finish`.");
        }
        SecretsCommand::Rotate { finish: true, yes, .. } => {
            if !yes && !is_sure(keys)? {
                bail!("nothing is changed");
            }
            let done = rotation::finish(db, keys, &mut show).await?;
            eprintln!();
            println!("{} data keys are wrapped by master key {} alone", done.data_keys, keys.first_id());
            println!("Take the other keys away from the servers once `bifrost secrets` shows none in use.");
        }
    }
    Ok(())
}

fn show(progress: Progress) {
    let Progress { scopes, of, data_keys, values } = progress;
    // One line that changes, for people only.
    if std::io::stderr().is_terminal() {
        eprint!("\r{scopes} of {of} organizations, {data_keys} data keys, {values} secrets");
    }
}

fn is_sure(keys: &Keyring) -> Result<bool> {
    if !std::io::stdin().is_terminal() {
        bail!(
            "servers without master key {} will not read secrets any more; confirm with --yes",
            keys.first_id()
        );
    }
    print!("Servers without master key {} will not read secrets any more. Go on? [y/N] ", keys.first_id());
    std::io::stdout().flush()?;
    let mut answer = String::new();
    std::io::stdin().lock().read_line(&mut answer)?;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
}

fn print(status: &Status, keys: &Keyring) {
    for (id, used) in &status.master_keys {
        let state = match (id == keys.first_id(), used.is_known) {
            (true, _) => "first",
            (_, true) => "known here",
            (_, false) => "not known here",
        };
        println!(
            "master key {id}  {state:<14}  reads {} data keys, {} of them alone",
            used.data_keys, used.alone
        );
    }
    println!(
        "{} data keys, {} secrets, {} with a data key of before",
        status.data_keys, status.values, status.outdated
    );
    if let Some(since) = status.under_way_since {
        println!("new data keys are under way since {since}; `bifrost secrets rotate --data-keys` goes on");
    } else if let Some(at) = status.data_keys_renewed_at {
        println!("data keys were renewed at {at}");
    }
}
