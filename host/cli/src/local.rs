//! Commands on a local folder: no server, no database.

use crate::client::Server;
use crate::engines::PackageArgs;
use crate::locks;
use crate::parameters;
use crate::remote::exit_code;
use anyhow::{Context, Result, bail};
use bifrost_builder::{Built, Installed, Part, build, read_folder};
use bifrost_core::{Limits, LogLevel, Source, WorkflowInfo, WorkspaceReport};
use bifrost_packages::Store;
use bifrost_runner::egress::{Egress, Reach};
use bifrost_runner::local::Local;
use bifrost_sandbox::{BuildLimits, Cache, Invocation, Sandbox, Settings};
use clap::Args;
use serde_json::{Map, Value, json};
use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Instant;

/// A folder of Python files.
#[derive(Args)]
pub struct Workspace {
    /// The workspace's folder.
    #[arg(short, long, default_value = ".", env = "BIFROST_WORKSPACE")]
    workspace: PathBuf,
    /// Choose packages anew, also where the requirements have not changed.
    #[arg(long)]
    upgrade: bool,
    #[command(flatten)]
    packages: PackageArgs,
}

/// `bifrost workflows`
#[derive(Args)]
pub struct Workflows {
    #[command(flatten)]
    workspace: Workspace,
    /// Print the whole report as JSON.
    #[arg(long)]
    json: bool,
}

/// `bifrost run`
#[derive(Args)]
pub struct Run {
    /// Name of the workflow, or `path::function`.
    name: String,
    #[command(flatten)]
    workspace: Workspace,
    /// A parameter; may be repeated.
    #[arg(short, long = "param", value_name = "NAME=VALUE")]
    params: Vec<String>,
    /// All parameters as one JSON object.
    #[arg(long, value_name = "OBJECT")]
    json: Option<String>,
    /// A JSON file with configuration values for `config.get`.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Print the whole outcome as JSON instead of the result alone.
    #[arg(long)]
    outcome: bool,
    /// Run on this server, on what is deployed there, instead of the local folder.
    #[arg(long, env = "BIFROST_URL", value_name = "URL")]
    server: Option<String>,
    /// An API key of the server.
    #[arg(long, env = "BIFROST_KEY", hide_env_values = true)]
    key: Option<String>,
    /// Act in this organization (name or id) of the server; for platform administrators.
    #[arg(long, env = "BIFROST_ORGANIZATION", value_name = "NAME")]
    organization: Option<String>,
    /// Longest time the run may take, in seconds.
    #[arg(long, value_name = "SECONDS")]
    timeout: Option<f64>,
}

struct Opened {
    source: Arc<Source>,
    packages: Arc<Installed>,
    built: Built,
}

/// Says what takes long, when somebody watches.
fn progress(text: &str) {
    if std::io::stderr().is_terminal() {
        eprintln!("{text}");
    }
}

impl Workspace {
    async fn open(&self, data: &Path) -> Result<Opened> {
        let mut source = read_folder(&self.workspace)?;
        let cache = data.join("cache");
        let store = Store::beside(&cache);
        locks::settle(&mut source, &cache, &self.packages.package_index, self.upgrade).await?;
        let source = Arc::new(source);
        let packages = Installed::of(source.packages(), |sha256| {
            Part::open(sha256, store.get(sha256).context("its wheel is missing; run again with --upgrade")?)
        })?;
        if !cache.exists() {
            progress("Compiling the interpreter (once per machine) …");
        }
        let settings = Settings { slots: 16, ..Settings::default() };
        let sandbox = Sandbox::new(&settings, Cache::open(cache)?).await?;
        let started = Instant::now();
        let output =
            Arc::new(|level: LogLevel, line: &str| eprintln!("[build] {:<8} {line}", level.as_str()));
        let built = build(&sandbox, &source, &packages, &BuildLimits::default(), output).await?;
        progress(&format!(
            "{} workflows from {} files in {:.0} ms",
            built.report.workflows.len(),
            source.files().len(),
            started.elapsed().as_secs_f64() * 1000.0
        ));
        Ok(Opened { source, packages, built })
    }
}

fn print_problems(report: &WorkspaceReport) {
    for error in &report.errors {
        let line = error.line.map_or_else(String::new, |line| format!(":{line}"));
        eprintln!("{}{line}: {}: {}", error.path, error.kind, error.message);
    }
    for warning in &report.warnings {
        let line = warning.line.map_or_else(String::new, |line| format!(":{line}"));
        eprintln!("{}{line}: warning: {}", warning.path, warning.message);
    }
}

impl Workflows {
    pub async fn execute(self, data: &Path) -> Result<ExitCode> {
        let opened = self.workspace.open(data).await?;
        let report = &opened.built.report;
        let mut out = std::io::stdout().lock();
        if self.json {
            writeln!(out, "{}", serde_json::to_string_pretty(&**report)?)?;
        } else {
            let width = report.workflows.iter().map(|w| w.name.chars().count()).max().unwrap_or(0);
            for workflow in &report.workflows {
                let name = &workflow.name;
                writeln!(out, "{name:<width$}  {}  {}", workflow.id, workflow.description)?;
            }
            if report.workflows.is_empty() {
                eprintln!("no workflows; decorate an async function with @workflow");
            }
            print_problems(report);
        }
        Ok(if report.errors.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}

fn find<'r>(report: &'r WorkspaceReport, name: &str) -> Result<&'r WorkflowInfo> {
    if let Some(found) =
        report.workflows.iter().find(|w| w.name == name || w.id == name || w.function == name)
    {
        return Ok(found);
    }
    print_problems(report);
    let names: Vec<_> = report.workflows.iter().map(|w| w.name.as_str()).collect();
    if names.is_empty() {
        bail!("the workspace has no workflows");
    }
    bail!("no workflow `{name}`; there are: {}", names.join(", "))
}

fn read_config(path: Option<&Path>) -> Result<Map<String, Value>> {
    let Some(path) = path else {
        return Ok(Map::new());
    };
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    serde_json::from_str(&text).with_context(|| format!("{} is not a JSON object", path.display()))
}

impl Run {
    pub async fn execute(self, data: &Path) -> Result<ExitCode> {
        if let Some(server) = self.server {
            let parameters = parameters::read(self.json.as_deref(), &self.params, None)?;
            let server = Server { server, key: self.key, organization: self.organization };
            return server
                .connect(data)
                .await?
                .run(&self.name, Value::Object(parameters), self.outcome)
                .await;
        }
        let opened = self.workspace.open(data).await?;
        let report = &opened.built.report;
        let workflow = find(report, &self.name)?;
        let parameters = parameters::read(self.json.as_deref(), &self.params, Some(workflow))?;
        let mut limits = Limits::default();
        let declared = workflow.defaults.get("timeout_seconds").and_then(Value::as_f64);
        if let Some(seconds) = self.timeout.or(declared) {
            if !(seconds > 0.0 && seconds < 1e9) {
                bail!("--timeout {seconds}: must be above 0");
            }
            limits.wall_ms = (seconds * 1000.0) as u64;
        }
        let body = usize::try_from(limits.http_body_bytes)?;
        let log = |level: LogLevel, logger: &str, line: &str| {
            let time = chrono::Utc::now().format("%H:%M:%S%.3f");
            eprintln!("{time} {:<8} {logger}: {line}", level.as_str());
        };
        let config = read_config(self.config.as_deref())?;
        let capabilities = Local::new(config, Egress::new(Reach::Any, body)?, Box::new(log));
        let outcome = opened
            .built
            .image
            .run(Invocation {
                workflow: workflow.id.clone(),
                context: context(workflow, &parameters).to_string(),
                parameters: Value::Object(parameters).to_string(),
                capture_variables: self.outcome,
                limits,
                source: opened.source,
                packages: opened.packages,
                capabilities: Arc::new(capabilities),
            })
            .await;
        self.print(&outcome)?;
        Ok(exit_code(outcome.status))
    }

    fn print(&self, outcome: &bifrost_core::Outcome) -> Result<()> {
        let mut out = std::io::stdout().lock();
        if self.outcome {
            writeln!(out, "{}", serde_json::to_string_pretty(outcome)?)?;
            return Ok(());
        }
        if let Some(traceback) = outcome.traceback.as_ref().filter(|_| !outcome.error_for_user) {
            eprintln!("{}", traceback.trim_end());
        } else if let Some(error) = &outcome.error {
            eprintln!("{}: {error}", outcome.error_type.as_deref().unwrap_or("error"));
        }
        match &outcome.result {
            Some(Value::String(text)) => writeln!(out, "{text}")?,
            Some(value) => writeln!(out, "{}", serde_json::to_string_pretty(value)?)?,
            None => {}
        }
        Ok(())
    }
}

/// The context of a run on one's own machine.
fn context(workflow: &WorkflowInfo, parameters: &Map<String, Value>) -> Value {
    let user = std::env::var("USER").unwrap_or_else(|_| "local".to_owned());
    json!({
        "user_id": "local",
        "email": format!("{user}@localhost"),
        "name": user,
        "scope": "GLOBAL",
        "organization": null,
        "is_platform_admin": true,
        "is_function_key": false,
        "execution_id": uuid::Uuid::now_v7(),
        "workflow_name": workflow.name,
        "is_agent": false,
        "public_url": "http://localhost",
        "parameters": parameters,
        "startup": null,
        "event": null,
        "attempt": 1,
    })
}
