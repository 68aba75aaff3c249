//! `bifrost schedules`: what starts a workflow, or emits a topic, by the clock.

use crate::admin::{each, print, text};
use crate::client::{Client, Server};
use crate::parameters;
use anyhow::{Context, Result};
use bifrost_core::{CatchUp, Overlap};
use clap::{Args, Subcommand};
use reqwest::Method;
use serde_json::{Value, json};
use std::path::Path;
use std::process::ExitCode;

/// Schedules of the organization.
#[derive(Args)]
pub struct Schedules {
    #[command(subcommand)]
    command: Option<ScheduleCommand>,
    #[command(flatten)]
    server: Server,
    /// Print the answer as JSON.
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Subcommand)]
enum ScheduleCommand {
    /// List all schedules (the default).
    List,
    /// Run a workflow by the clock, or emit a topic.
    Create {
        /// Minute, hour, day, month, weekday, such as `0 9 * * 1`; or a nickname such as `@daily`.
        cron: String,
        /// The workflow's name, its id, or `path::function`.
        #[arg(required_unless_present = "topic", conflicts_with = "topic")]
        workflow: Option<String>,
        /// Emit this topic instead, such as `clock.daily`.
        #[arg(long)]
        topic: Option<String>,
        /// What people call it.
        #[arg(long)]
        name: Option<String>,
        /// IANA name; `UTC` by default.
        #[arg(long, value_name = "ZONE")]
        timezone: Option<String>,
        /// When an earlier run has not ended: `skip`, `queue` or `replace`.
        #[arg(long, value_name = "POLICY", value_parser = |text: &str| text.parse::<Overlap>())]
        overlap: Option<Overlap>,
        /// When its time passed unnoticed: `none`, `last` or `all`.
        #[arg(long, value_name = "POLICY", value_parser = |text: &str| text.parse::<CatchUp>())]
        catch_up: Option<CatchUp>,
        /// A parameter of its runs, or a field of what the topic is told.
        #[arg(long = "param", value_name = "NAME=VALUE")]
        parameters: Vec<String>,
    },
    /// Pause a schedule.
    Pause {
        /// Name or id.
        schedule: String,
    },
    /// End a pause; what its time would have been is not made up for.
    Resume {
        /// Name or id.
        schedule: String,
    },
    /// Run its workflow now, and print the id of the run.
    Run {
        /// Name or id.
        schedule: String,
    },
    /// Delete a schedule; its runs stay.
    Delete {
        /// Name or id.
        schedule: String,
    },
}

fn line(one: &Value) {
    let next = match one["next_run_at"].as_str() {
        _ if one["enabled"] != true => "paused",
        Some(next) => next,
        None => "never",
    };
    let what = match one["topic"].as_str() {
        Some(topic) => format!("topic {topic}"),
        None => text(one, "workflow_name").to_owned(),
    };
    println!(
        "{}  {next:<24} {:<14} {:<20} {} -> {what}",
        text(one, "id"),
        text(one, "cron_expression"),
        text(one, "timezone"),
        text(one, "name"),
    );
}

/// The path of a schedule given by name or id.
async fn find(client: &Client, named: &str) -> Result<String> {
    if named.parse::<uuid::Uuid>().is_ok() {
        return Ok(format!("/api/schedules/{named}"));
    }
    let answer = client.get("/api/schedules").await?;
    let all = answer["schedules"].as_array().map(Vec::as_slice).unwrap_or_default();
    let found: Vec<_> = all.iter().filter(|one| one["name"] == named).collect();
    anyhow::ensure!(found.len() < 2, "several schedules are called `{named}`; give the id");
    let found =
        found.first().with_context(|| format!("there is no schedule `{named}`; see `bifrost schedules`"))?;
    Ok(format!("/api/schedules/{}", text(found, "id")))
}

impl Schedules {
    pub async fn execute(self, data: &Path) -> Result<ExitCode> {
        let client = self.server.connect(data).await?;
        let ask = async |schedule: &str, verb: &str| -> Result<Value> {
            let path = format!("{}/{verb}", find(&client, schedule).await?);
            client.call(Method::POST, &path, None).await
        };
        let answer = match self.command.unwrap_or(ScheduleCommand::List) {
            ScheduleCommand::List => {
                let answer = client.get("/api/schedules").await?;
                return print(&answer, self.json, |all| each(all, "schedules", line));
            }
            ScheduleCommand::Create {
                cron,
                workflow,
                topic,
                name,
                timezone,
                overlap,
                catch_up,
                parameters,
            } => {
                let input = parameters::read(None, &parameters, None)?;
                let body = json!({
                    "workflow_id": workflow, "topic": topic, "name": name, "cron_expression": cron,
                    "timezone": timezone, "overlap_policy": overlap, "catch_up_policy": catch_up, "input_data": input,
                });
                client.post("/api/schedules", body).await?
            }
            ScheduleCommand::Pause { schedule } => ask(&schedule, "pause").await?,
            ScheduleCommand::Resume { schedule } => ask(&schedule, "resume").await?,
            ScheduleCommand::Run { schedule } => {
                let answer = ask(&schedule, "run").await?;
                return print(&answer, self.json, |run| println!("{}", text(run, "execution_id")));
            }
            ScheduleCommand::Delete { schedule } => {
                client.call(Method::DELETE, &find(&client, &schedule).await?, None).await?;
                return Ok(ExitCode::SUCCESS);
            }
        };
        print(&answer, self.json, line)
    }
}
