//! Commands that talk to a server.

use crate::client::{Client, Server};
use anyhow::{Context, Result};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use bifrost_builder::read_folder;
use bifrost_core::Status;
use clap::Args;
use serde_json::{Map, Value, json};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

/// `bifrost deploy`
#[derive(Args)]
pub struct Deploy {
    /// The workspace's folder.
    #[arg(default_value = ".")]
    folder: PathBuf,
    #[command(flatten)]
    server: Server,
    /// Kept with the version.
    #[arg(short, long)]
    message: Option<String>,
    /// Deploy although workflows that are in use would disappear, or workspaces that import
    /// shared folders would break.
    #[arg(long)]
    force: bool,
    /// Choose packages anew, also where the requirements have not changed.
    #[arg(long)]
    upgrade: bool,
    /// Only say what would change.
    #[arg(long)]
    dry_run: bool,
    /// Do not wait until workers have loaded the version, which takes some seconds at most.
    #[arg(long)]
    no_wait: bool,
    /// Print the answer as JSON.
    #[arg(long)]
    json: bool,
}

/// `bifrost executions`
#[derive(Args)]
pub struct Executions {
    #[command(flatten)]
    server: Server,
    /// Only those with this status, for instance `Failed`.
    #[arg(long)]
    status: Option<String>,
    /// How many.
    #[arg(long, default_value_t = 20)]
    limit: u32,
    /// Print the answer as JSON.
    #[arg(long)]
    json: bool,
}

/// `bifrost logs`
#[derive(Args)]
pub struct Logs {
    /// Id of the execution.
    execution: String,
    #[command(flatten)]
    server: Server,
    /// Go on until the run ends.
    #[arg(short, long)]
    follow: bool,
}

/// How long `deploy` waits until all workers have loaded the version.
const WARM: Duration = Duration::from_secs(10);
/// Between two looks at how many have.
const WARM_LOOK: Duration = Duration::from_millis(100);

fn names(answer: &Value, field: &str) -> Vec<String> {
    let items = answer[field].as_array().map(Vec::as_slice).unwrap_or_default();
    items.iter().map(|item| item.as_str().map_or_else(|| item.to_string(), str::to_owned)).collect()
}

impl Deploy {
    /// What `bifrost up --workspace` does.
    pub fn at_start(folder: PathBuf, server: String, key: String) -> Self {
        let server = Server { server, key: Some(key), organization: None };
        Self {
            folder,
            server,
            message: None,
            force: false,
            upgrade: false,
            dry_run: false,
            no_wait: true,
            json: false,
        }
    }

    pub async fn execute(self, data: &Path) -> Result<ExitCode> {
        let client = self.server.connect(data).await?;
        let source = read_folder(&self.folder)?;
        let files: Map<String, Value> = source
            .files()
            .iter()
            .map(|(path, content)| (path.clone(), BASE64_STANDARD.encode(content).into()))
            .collect();
        let body = json!({
            "files": files, "message": self.message, "force": self.force, "dry_run": self.dry_run,
            "upgrade": self.upgrade,
        });
        let mut answer = client.post("/api/workspace/deploy", body).await?;
        if self.json {
            if !self.no_wait {
                answer["warm"] = client.warm(&answer["number"]).await;
            }
            println!("{}", serde_json::to_string_pretty(&answer)?);
        } else {
            for (sign, field) in [("+", "added"), ("~", "updated"), ("-", "removed")] {
                for name in names(&answer, field) {
                    println!("{sign} {name}");
                }
            }
            let packages: Vec<_> = answer["packages"].as_array().into_iter().flatten().collect();
            if !packages.is_empty() {
                let named = |package: &&Value| {
                    let text = |field: &str| package[field].as_str().unwrap_or_default().to_owned();
                    format!("{} {}", text("name"), text("version"))
                };
                println!("packages: {}", packages.iter().map(named).collect::<Vec<_>>().join(", "));
            }
            for error in answer["errors"].as_array().into_iter().flatten() {
                let line = error["line"].as_u64().map_or_else(String::new, |line| format!(":{line}"));
                let text = |field: &str| error[field].as_str().unwrap_or_default().to_owned();
                eprintln!("{}{line}: {}: {}", text("path"), text("type"), text("message"));
            }
            for one in answer["dependants"].as_array().into_iter().flatten() {
                println!("{}", impact(one));
            }
            println!("version {}, {} workflows", answer["number"], answer["workflows"]);
            if answer["state"] == "proposed" {
                println!("it goes live when somebody else has approved it");
            } else if !self.no_wait
                && let Some(text) = warmth(&client.warm(&answer["number"]).await)
            {
                println!("{text}");
            }
        }
        let clean = answer["errors"].as_array().is_none_or(Vec::is_empty);
        Ok(if clean { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}

/// What a change of shared folders does to one organization, for people.
fn impact(one: &Value) -> String {
    let name = one["name"].as_str().unwrap_or_default();
    let errors = one["errors"].as_array().into_iter().flatten();
    let broken: Vec<_> = errors.filter_map(|error| error["path"].as_str()).map(str::to_owned).collect();
    let gone = names(one, "removed");
    if broken.is_empty() && gone.is_empty() {
        return format!("{name}: as before");
    }
    let all: Vec<_> = broken.into_iter().chain(gone).collect();
    format!("{name}: breaks {}", all.join(", "))
}

/// How many workers have loaded a version, for people.
fn warmth(warm: &Value) -> Option<String> {
    let (workers, of) = (warm["workers"].as_u64()?, warm["of"].as_u64()?);
    Some(match warm["since_ms"].as_f64() {
        _ if of == 0 => "no worker takes runs; each loads it when it starts".to_owned(),
        Some(ms) => format!("warm on {workers} of {of} workers after {:.2} s", ms / 1000.0),
        None => {
            format!("warm on {workers} of {of} workers; the others load it at its first run, if not before")
        }
    })
}

impl Executions {
    pub async fn execute(self, data: &Path) -> Result<ExitCode> {
        let client = self.server.connect(data).await?;
        let mut path = format!("/api/executions?limit={}", self.limit);
        if let Some(status) = &self.status {
            path.push_str(&format!("&status={status}"));
        }
        let answer = client.get(&path).await?;
        if self.json {
            println!("{}", serde_json::to_string_pretty(&answer)?);
            return Ok(ExitCode::SUCCESS);
        }
        let list = answer["executions"].as_array().or(answer["items"].as_array());
        for execution in list.into_iter().flatten() {
            let text = |field: &str| execution[field].as_str().unwrap_or_default().to_owned();
            let id = [text("execution_id"), text("id")].concat();
            println!("{id}  {:<20} {}  {}", text("status"), text("created_at"), text("workflow_name"));
        }
        Ok(ExitCode::SUCCESS)
    }
}

impl Logs {
    pub async fn execute(self, data: &Path) -> Result<ExitCode> {
        let client = self.server.connect(data).await?;
        client.follow(&self.execution, self.follow, |line| println!("{line}")).await?;
        Ok(ExitCode::SUCCESS)
    }
}

impl Client {
    /// How many workers have loaded a version: all of them, or as many as have when patience
    /// is over. Null for no version, and when it cannot be told.
    async fn warm(&self, number: &Value) -> Value {
        if number.is_null() {
            return Value::Null;
        }
        let deadline = Instant::now() + WARM;
        loop {
            let found = match self.get(&format!("/api/workspace/versions/{number}")).await {
                Ok(found) => found,
                Err(error) => {
                    eprintln!("it is deployed; how many workers have loaded it is not known: {error:#}");
                    return Value::Null;
                }
            };
            let warm = &found["warm"];
            let waits = found["is_active"] == true && warm["of"] != 0 && warm["since_ms"].is_null();
            if !waits || Instant::now() > deadline {
                return warm.clone();
            }
            tokio::time::sleep(WARM_LOOK).await;
        }
    }

    /// Prints an execution's log, to its end or to where it is now; returns the execution.
    async fn follow(&self, execution: &str, to_the_end: bool, print: impl Fn(String)) -> Result<Value> {
        let mut after = 0;
        loop {
            let path = format!("/api/executions/{execution}");
            // Ask for the status first: lines written before it are then all there.
            let found = self.get(&path).await?;
            let path = format!("{path}/logs?after={after}&limit=1000");
            let answer = self.get(&path).await?;
            let lines = answer["logs"].as_array().map(Vec::as_slice).unwrap_or_default();
            for line in lines {
                let text = |field: &str| line[field].as_str().unwrap_or_default();
                let time = text("timestamp").get(11..23).unwrap_or_default();
                print(format!("{time} {:<8} {}: {}", text("level"), text("logger"), text("message")));
                after = line["sequence"].as_i64().unwrap_or(after);
            }
            let status = found["status"].as_str().and_then(|s| s.parse::<Status>().ok());
            if lines.is_empty() && (!to_the_end || status.is_none_or(Status::is_terminal)) {
                return Ok(found);
            }
            if lines.is_empty() {
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }

    /// Runs a workflow on the server: its log to standard error, its result to standard
    /// output.
    pub async fn run(&self, name: &str, parameters: Value, whole: bool) -> Result<ExitCode> {
        let body = json!({"workflow_id": name, "input_data": parameters});
        let started = self.post("/api/workflows/execute", body).await?;
        let id = started["execution_id"].as_str().context("the server named no execution")?;
        let execution = self.follow(id, true, |line| eprintln!("{line}")).await?;
        let mut out = std::io::stdout().lock();
        if whole {
            writeln!(out, "{}", serde_json::to_string_pretty(&execution)?)?;
        } else {
            if let Some(error) = execution["error"].as_str() {
                let kind = execution["error_type"].as_str().unwrap_or("error");
                eprintln!("{}", execution["traceback"].as_str().filter(|t| !t.is_empty()).unwrap_or(kind));
                eprintln!("{kind}: {error}");
            }
            match &execution["result"] {
                Value::Null => {}
                Value::String(text) => writeln!(out, "{text}")?,
                value => writeln!(out, "{}", serde_json::to_string_pretty(value)?)?,
            }
        }
        let status = execution["status"].as_str().and_then(|s| s.parse().ok()).unwrap_or(Status::Failed);
        Ok(exit_code(status))
    }
}

/// The exit code that tells a script how a run ended.
pub fn exit_code(status: Status) -> ExitCode {
    ExitCode::from(match status {
        Status::Success => 0,
        Status::CompletedWithErrors => 3,
        Status::Timeout => 124,
        _ => 1,
    })
}
