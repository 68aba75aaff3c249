//! The `bifrost` program.

mod admin;
mod audit;
mod client;
mod config;
mod dead_letters;
mod doctor;
mod egress;
mod endpoints;
mod engines;
mod files;
mod health;
mod integrations;
mod local;
mod locks;
mod login;
mod migrate;
mod offboard;
mod parameters;
mod people;
mod remote;
mod sandbox;
mod schedules;
mod secrets;
mod set_up;
mod stop;
mod stored_files;
mod tables;
mod telemetry;
mod up;
mod webhooks;

use anyhow::Result;
use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};
use std::path::PathBuf;
use std::process::ExitCode;

/// Runs Python workflows, each in a sandbox of its own.
#[derive(Parser)]
#[command(name = "bifrost", version, propagate_version = true, max_term_width = 100)]
struct Cli {
    /// Where compiled code and local data are kept.
    #[arg(long, global = true, env = "BIFROST_DATA", default_value_os_t = default_data())]
    data: PathBuf,

    #[command(flatten)]
    log: telemetry::LogArgs,

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
    /// Serve the API of a platform that runs on several processes or machines.
    Api(up::Api),
    /// Run workflows for such a platform.
    Worker(up::Work),
    /// Admit runs and fire schedules for such a platform.
    Scheduler(up::Schedule),
    SetUp(set_up::SetUp),
    /// Bring the database up to date, or check whether it is.
    ///
    /// Exit code: 0 up to date, 1 with `--check` when something is to be done, 2 failed.
    Migrate(migrate::Migrate),
    /// Check everything that the platform needs of this machine and of other services.
    ///
    /// Exit code: 0 nothing failed, 1 a check failed, 2 wrong use.
    Doctor(doctor::Doctor),
    /// Ask a process of this machine whether it is healthy.
    Health(health::Health),
    Login(login::Login),
    Logout(login::Logout),
    /// Deploy a folder to a server.
    Deploy(remote::Deploy),
    /// List the latest executions of a server.
    Executions(remote::Executions),
    /// Print an execution's log.
    Logs(remote::Logs),
    /// List tickets that the queue gave up on, and replay their runs.
    DeadLetters(dead_letters::DeadLetters),
    /// List, make, limit, suspend and offboard organizations.
    Organizations(admin::Organizations),
    /// List, make and revoke API keys.
    Keys(admin::Keys),
    /// List, make, change and invite people and service accounts.
    Users(people::Users),
    /// List and write roles, and grant workflows.
    Roles(people::Roles),
    /// Search, export and verify the log of who did what.
    Audit(audit::Audit),
    /// List, set, delete and share settings and secrets.
    Config(config::Config),
    /// Show and set where an organization's workflows may send requests.
    Egress(egress::Egress),
    /// List, make and delete endpoints: workflows that are reached over plain HTTP.
    Endpoints(endpoints::Endpoints),
    /// List, make, pause and delete schedules: what starts by the clock.
    Schedules(schedules::Schedules),
    /// List and make webhooks, see what they have delivered, and process it again.
    Webhooks(webhooks::Webhooks),
    /// List, make, map and connect integrations with other systems.
    Integrations(integrations::Integrations),
    /// List tables, and query, export and import their documents.
    Tables(tables::Tables),
    /// List, read, send and delete files.
    Files(stored_files::Files),
    /// Change the keys that encrypt secrets, while everything runs.
    Secrets(secrets::Secrets),
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
    /// Inside of a process that chooses packages.
    #[command(hide = true, name = bifrost_packages::SUBCOMMAND)]
    PackagesProcess,
}

fn default_data() -> PathBuf {
    let home = || std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".local/share"));
    let base = std::env::var_os("XDG_DATA_HOME").map(PathBuf::from).or_else(home);
    base.map_or_else(|| PathBuf::from(".bifrost"), |base| base.join("bifrost"))
}

fn main() -> ExitCode {
    let matches = match files::resolved(Cli::command()) {
        Ok(command) => command.get_matches(),
        Err(error) => return failed(&error),
    };
    let cli = Cli::from_arg_matches(&matches).unwrap_or_else(|error| error.exit());
    let telemetry = cli.log.start(cli.command.server());
    let code = dispatch(cli).unwrap_or_else(|error| failed(&error));
    telemetry.finish();
    code
}

fn failed(error: &anyhow::Error) -> ExitCode {
    eprintln!("error: {error:#}");
    ExitCode::from(2)
}

impl Command {
    /// The name of a process that serves.
    fn server(&self) -> Option<&'static str> {
        match self {
            Self::Up(_) => Some("up"),
            Self::Api(_) => Some("api"),
            Self::Worker(_) => Some("worker"),
            Self::Scheduler(_) => Some("scheduler"),
            _ => None,
        }
    }
}

fn dispatch(cli: Cli) -> Result<ExitCode> {
    match cli.command {
        Command::Run(run) => block_on(run.execute(&cli.data)),
        Command::Workflows(list) => block_on(list.execute(&cli.data)),
        Command::Up(up) => up.execute(&cli.data),
        Command::Api(api) => api.execute(&cli.data),
        Command::Worker(worker) => worker.execute(&cli.data),
        Command::Scheduler(scheduler) => scheduler.execute(&cli.data),
        Command::Migrate(migrate) => block_on(migrate.execute(&cli.data)),
        Command::Doctor(doctor) => block_on(doctor.execute(&cli.data)),
        Command::Health(health) => block_on(health.execute()),
        Command::SetUp(set_up) => block_on(set_up.execute(&cli.data)),
        Command::Login(login) => block_on(login.execute(&cli.data)),
        Command::Logout(logout) => block_on(logout.execute(&cli.data)),
        Command::Deploy(deploy) => block_on(deploy.execute(&cli.data)),
        Command::Executions(list) => block_on(list.execute(&cli.data)),
        Command::Logs(logs) => block_on(logs.execute(&cli.data)),
        Command::DeadLetters(letters) => block_on(letters.execute(&cli.data)),
        Command::Organizations(organizations) => block_on(organizations.execute(&cli.data)),
        Command::Keys(keys) => block_on(keys.execute(&cli.data)),
        Command::Users(users) => block_on(users.execute(&cli.data)),
        Command::Roles(roles) => block_on(roles.execute(&cli.data)),
        Command::Audit(audit) => block_on(audit.execute(&cli.data)),
        Command::Config(config) => block_on(config.execute(&cli.data)),
        Command::Egress(egress) => block_on(egress.execute(&cli.data)),
        Command::Endpoints(endpoints) => block_on(endpoints.execute(&cli.data)),
        Command::Schedules(schedules) => block_on(schedules.execute(&cli.data)),
        Command::Webhooks(webhooks) => block_on(webhooks.execute(&cli.data)),
        Command::Integrations(integrations) => block_on(integrations.execute(&cli.data)),
        Command::Tables(tables) => block_on(tables.execute(&cli.data)),
        Command::Files(files) => block_on(files.execute(&cli.data)),
        Command::Secrets(secrets) => block_on(secrets.execute(&cli.data)),
        Command::SandboxProcess(process) => process.execute(),
        Command::PackagesProcess => {
            bifrost_packages::serve()?;
            Ok(ExitCode::SUCCESS)
        }
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
