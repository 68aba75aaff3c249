//! `bifrost endpoints`: workflows that are reached over plain HTTP.

use crate::admin::{each, print, text};
use crate::client::{Client, Server};
use anyhow::{Context, Result};
use bifrost_core::Verb;
use clap::{Args, Subcommand};
use reqwest::Method;
use serde_json::{Value, json};
use std::path::Path;
use std::process::ExitCode;

/// Endpoints of the organization.
#[derive(Args)]
pub struct Endpoints {
    #[command(subcommand)]
    command: Option<EndpointCommand>,
    #[command(flatten)]
    server: Server,
    /// Print the answer as JSON.
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Subcommand)]
enum EndpointCommand {
    /// List all endpoints (the default).
    List,
    /// Let a workflow be reached at `/api/endpoints/ORGANIZATION/SLUG`, and print that path.
    Create {
        /// The workflow's name, its id, or `path::function`.
        workflow: String,
        /// The last part of the path: a-z, 0-9, `-` and `_`.
        slug: String,
        /// Methods that it takes; `POST` by default.
        #[arg(long = "method", value_name = "METHOD", value_parser = |text: &str| text.parse::<Verb>())]
        methods: Vec<Verb>,
        /// Answer the id of the run instead of what the workflow returns.
        #[arg(long = "async")]
        is_async: bool,
        /// How long an answer waits for the run.
        #[arg(long, value_name = "SECONDS")]
        deadline: Option<u32>,
        /// Let whoever knows the address run it, without a key.
        #[arg(long)]
        public: bool,
        /// Requests per minute.
        #[arg(long, value_name = "NUMBER")]
        rate: Option<u32>,
    },
    /// Take an endpoint out of use.
    Disable {
        /// Slug or id.
        endpoint: String,
    },
    /// Put an endpoint into use again.
    Enable {
        /// Slug or id.
        endpoint: String,
    },
    /// Let whoever knows the address call an endpoint, without a key.
    Publish {
        /// Slug or id.
        endpoint: String,
    },
    /// Ask for a key again.
    Protect {
        /// Slug or id.
        endpoint: String,
    },
    /// Delete an endpoint; its runs stay. One of a decorator can be disabled.
    Delete {
        /// Slug or id.
        endpoint: String,
    },
}

fn line(one: &Value) {
    let who = if one["public"] == true { "public" } else { "key" };
    let state = if one["enabled"] == true { who } else { "disabled" };
    let methods: Vec<_> = one["methods"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    println!(
        "{}  {state:<8} {:<5} {}  {} -> {}",
        text(one, "id"),
        text(one, "mode"),
        methods.join(","),
        text(one, "path"),
        text(one, "workflow_name")
    );
}

/// The id of an endpoint given by slug or id.
async fn find(client: &Client, named: &str) -> Result<String> {
    if named.parse::<uuid::Uuid>().is_ok() {
        return Ok(named.to_owned());
    }
    let answer = client.get("/api/endpoints").await?;
    let all = answer["endpoints"].as_array().map(Vec::as_slice).unwrap_or_default();
    let found = all.iter().find(|one| one["slug"] == named);
    let found = found.with_context(|| format!("there is no endpoint `{named}`; see `bifrost endpoints`"))?;
    Ok(text(found, "id").to_owned())
}

impl Endpoints {
    pub async fn execute(self, data: &Path) -> Result<ExitCode> {
        let client = self.server.connect(data).await?;
        let change = async |endpoint: &str, body: Value| {
            let path = format!("/api/endpoints/{}", find(&client, endpoint).await?);
            client.call(Method::PATCH, &path, Some(body)).await
        };
        let answer = match self.command.unwrap_or(EndpointCommand::List) {
            EndpointCommand::List => {
                let answer = client.get("/api/endpoints").await?;
                return print(&answer, self.json, |all| each(all, "endpoints", line));
            }
            EndpointCommand::Create { workflow, slug, methods, is_async, deadline, public, rate } => {
                let body = json!({
                    "workflow_id": workflow, "slug": slug, "methods": Some(methods).filter(|all| !all.is_empty()),
                    "mode": if is_async { "async" } else { "sync" }, "deadline_seconds": deadline, "public": public,
                    "confirm_public": public, "rate_per_minute": rate,
                });
                let answer = client.post("/api/endpoints", body).await?;
                return print(&answer, self.json, |one| println!("{}", text(one, "path")));
            }
            EndpointCommand::Disable { endpoint } => change(&endpoint, json!({ "enabled": false })).await?,
            EndpointCommand::Enable { endpoint } => change(&endpoint, json!({ "enabled": true })).await?,
            EndpointCommand::Publish { endpoint } => {
                change(&endpoint, json!({ "public": true, "confirm_public": true })).await?
            }
            EndpointCommand::Protect { endpoint } => change(&endpoint, json!({ "public": false })).await?,
            EndpointCommand::Delete { endpoint } => {
                let path = format!("/api/endpoints/{}", find(&client, &endpoint).await?);
                client.call(Method::DELETE, &path, None).await?;
                return Ok(ExitCode::SUCCESS);
            }
        };
        print(&answer, self.json, line)
    }
}
