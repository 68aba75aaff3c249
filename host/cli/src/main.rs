//! The `bifrost` program.

mod admin;
mod client;
mod local;
mod parameters;
mod remote;
mod sandbox;
mod up;

use anyhow::Result;
use clap::{CommandFactory, Parser, Subcommand};
use std::path::PathBuf;
use std::process::ExitCode;

/// Runs Python workflows, each in a sandbox of its own.
#[derive(Parser)]
#[command(name = "bifrost", version, propagate_version = true, max_term_width = 100)]
struct Cli {
    /// Where compiled code and local data are kept.
    #[arg(long, global = true, env = "BIFROST_DATA", default_value_os_t = default_data())]
    data: PathBuf,

    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run a workflow of a local folder; its log goes to standard error, its result to
    /// standard output.
    ///
    /// Exit code: 0 success, 1 failed, 2 wrong use, 3 completed with errors, 124 timeout.
    Run(local::Run),
    /// List the workflows of a local folder, and what keeps files from loading.
    Workflows(local::Workflows),
    /// Start the platform on this machine: API, scheduler and sandboxes in one command.
    Up(up::Up),
    /// Deploy a folder to a server.
    Deploy(remote::Deploy),
    /// List the latest executions of a server.
    Executions(remote::Executions),
    /// Print an execution's log.
    Logs(remote::Logs),
    /// List, make, limit and suspend organizations.
    Organizations(admin::Organizations),
    /// List, make and revoke API keys.
    Keys(admin::Keys),
    /// Print the version.
    Version,
    /// Print a completion script for a shell.
    Completions {
        /// For instance `bash` or `zsh`.
        shell: clap_complete::Shell,
    },
    /// Inside of a sandbox process.
    #[command(hide = true)]
    SandboxProcess(sandbox::SandboxProcess),
}

fn default_data() -> PathBuf {
    let home = || std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".local/share"));
    let base = std::env::var_os("XDG_DATA_HOME").map(PathBuf::from).or_else(home);
    base.map_or_else(|| PathBuf::from(".bifrost"), |base| base.join("bifrost"))
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let filter = tracing_subscriber::EnvFilter::try_from_env("BIFROST_LOG").unwrap_or_else(|_| "warn".into());
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
    match dispatch(cli) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(2)
        }
    }
}

fn dispatch(cli: Cli) -> Result<ExitCode> {
    match cli.command {
        Command::Run(run) => block_on(run.execute(&cli.data)),
        Command::Workflows(list) => block_on(list.execute(&cli.data)),
        Command::Up(up) => up.execute(&cli.data),
        Command::Deploy(deploy) => block_on(deploy.execute(&cli.data)),
        Command::Executions(list) => block_on(list.execute(&cli.data)),
        Command::Logs(logs) => block_on(logs.execute(&cli.data)),
        Command::Organizations(organizations) => block_on(organizations.execute(&cli.data)),
        Command::Keys(keys) => block_on(keys.execute(&cli.data)),
        Command::SandboxProcess(process) => process.execute(),
        Command::Version => {
            println!("bifrost {}", env!("CARGO_PKG_VERSION"));
            Ok(ExitCode::SUCCESS)
        }
        Command::Completions { shell } => {
            clap_complete::generate(shell, &mut Cli::command(), "bifrost", &mut std::io::stdout());
            Ok(ExitCode::SUCCESS)
        }
    }
}

fn block_on(future: impl Future<Output = Result<ExitCode>>) -> Result<ExitCode> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(future)
}
