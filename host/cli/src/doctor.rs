//! `bifrost doctor`: checks what the platform needs, and says in one line how to mend what
//! is wrong.

mod machine;
mod services;

use crate::engines::EngineArgs;
use anyhow::Result;
use clap::Args;
use serde::Serialize;
use std::path::Path;
use std::process::ExitCode;

/// `bifrost doctor`
#[derive(Args)]
pub struct Doctor {
    #[command(flatten)]
    engines: EngineArgs,
    /// Print the checks as JSON.
    #[arg(long)]
    json: bool,
}

/// How a check went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// As it should be.
    Ok,
    /// It works, with something that is weaker than it should be.
    Warn,
    /// It does not work.
    Fail,
}

/// One check.
#[derive(Debug, Serialize)]
pub struct Check {
    /// What was checked; stable, for programs.
    name: &'static str,
    level: Level,
    /// What was found.
    found: String,
    /// What to do about it, in one line.
    #[serde(skip_serializing_if = "Option::is_none")]
    fix: Option<&'static str>,
}

impl Check {
    fn ok(name: &'static str, found: impl Into<String>) -> Self {
        Self { name, level: Level::Ok, found: found.into(), fix: None }
    }

    fn warn(name: &'static str, found: impl Into<String>, fix: &'static str) -> Self {
        Self { name, level: Level::Warn, found: found.into(), fix: Some(fix) }
    }

    fn fail(name: &'static str, found: impl Into<String>, fix: &'static str) -> Self {
        Self { name, level: Level::Fail, found: found.into(), fix: Some(fix) }
    }
}

impl Doctor {
    /// Makes all checks.
    ///
    /// # Errors
    /// When the answer cannot be written.
    pub async fn execute(self, data: &Path) -> Result<ExitCode> {
        let mut checks = machine::check(data);
        checks.extend(services::check(&self.engines, data).await);
        if self.json {
            println!("{}", serde_json::to_string_pretty(&checks)?);
        } else {
            checks.iter().for_each(print);
        }
        let failed = checks.iter().any(|check| check.level == Level::Fail);
        Ok(if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
    }
}

fn print(check: &Check) {
    let level = match check.level {
        Level::Ok => "ok",
        Level::Warn => "warn",
        Level::Fail => "FAIL",
    };
    println!("{level:<5} {:<24} {}", check.name, check.found);
    if let Some(fix) = check.fix {
        println!("{:30} {fix}", "");
    }
}
