//! `bifrost sandbox-process`: started by a runner, never by hand.

use anyhow::Result;
use bifrost_sandbox::Settings;
use clap::Args;
use std::path::PathBuf;
use std::process::ExitCode;

/// Runs tenant code for the runner behind standard input.
#[derive(Args)]
pub struct SandboxProcess {
    /// Where compiled code is cached.
    #[arg(long)]
    cache: PathBuf,
    /// Runs alive at the same time.
    #[arg(long)]
    slots: u32,
}

impl SandboxProcess {
    pub fn execute(self) -> Result<ExitCode> {
        bifrost_runner::child::serve(&self.cache, &Settings { slots: self.slots, ..Settings::default() })?;
        Ok(ExitCode::SUCCESS)
    }
}
