//! Settings from files: where the variable `NAME` is not set but `NAME_FILE` is, the value
//! is what that file contains. Secrets then need not be in the environment.

use anyhow::{Context, Result};
use clap::{Arg, Command};

/// The command with the contents of files as defaults of its options.
///
/// # Errors
/// When a file that is named cannot be read.
pub fn resolved(mut command: Command) -> Result<Command> {
    let names: Vec<_> = command.get_arguments().map(|arg| arg.get_id().clone()).collect();
    for name in names {
        let Some(arg) = command.get_arguments().find(|arg| arg.get_id() == &name) else { continue };
        if let Some(value) = from_file(arg)? {
            command = command.mut_arg(name, |arg| arg.default_value(value).hide_default_value(true));
        }
    }
    let subcommands: Vec<_> = command.get_subcommands().map(|one| one.get_name().to_owned()).collect();
    for name in subcommands {
        let Some(subcommand) = command.find_subcommand(&name).cloned() else { continue };
        let subcommand = resolved(subcommand)?;
        command = command.mut_subcommand(name, |_| subcommand);
    }
    Ok(command)
}

fn from_file(arg: &Arg) -> Result<Option<String>> {
    let Some(variable) = arg.get_env() else { return Ok(None) };
    if std::env::var_os(variable).is_some() {
        return Ok(None);
    }
    let mut named = variable.to_owned();
    named.push("_FILE");
    let Some(path) = std::env::var_os(&named) else { return Ok(None) };
    let text = std::fs::read_to_string(&path)
        .with_context(|| format!("cannot read {}, which {} names", path.display(), named.display()))?;
    Ok(Some(text.trim_end_matches(['\r', '\n']).to_owned()))
}
