//! Commands for organizations and keys.

use crate::client::{Client, Server};
use anyhow::{Context, Result};
use bifrost_core::{Permission, Role};
use chrono::{TimeDelta, Utc};
use clap::{Args, Subcommand};
use serde_json::{Map, Value, json};
use std::path::Path;
use std::process::ExitCode;

/// `bifrost organizations`
#[derive(Args)]
pub struct Organizations {
    #[command(subcommand)]
    command: Option<OrganizationCommand>,
    #[command(flatten)]
    server: Server,
    /// Print the answer as JSON.
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Subcommand)]
enum OrganizationCommand {
    /// List all organizations (the default).
    List,
    /// Make an organization.
    Create {
        /// Its name.
        name: String,
        /// E-mail domain whose people belong to it.
        #[arg(long)]
        domain: Option<String>,
        /// A limit that differs from the default, for instance `memory_bytes=536870912`.
        #[arg(long = "limit", value_name = "NAME=NUMBER")]
        limits: Vec<String>,
    },
    /// Change limits.
    Limit {
        /// Name or id.
        name: String,
        /// For instance `wall_ms=600000`.
        #[arg(required = true, value_name = "NAME=NUMBER")]
        limits: Vec<String>,
    },
    /// Refuse its keys and start none of its workflows any more.
    Suspend {
        /// Name or id.
        name: String,
    },
    /// Take back a suspension.
    Resume {
        /// Name or id.
        name: String,
    },
}

/// `bifrost keys`
#[derive(Args)]
pub struct Keys {
    #[command(subcommand)]
    command: Option<KeyCommand>,
    #[command(flatten)]
    server: Server,
    /// Print the answer as JSON.
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Subcommand)]
enum KeyCommand {
    /// List the organization's keys (the default).
    List,
    /// Make a key and print it; it cannot be shown again.
    Create {
        /// In whose name it acts; the user is made where there is none with this e-mail.
        #[arg(long)]
        email: String,
        /// `org_guest`, `org_user`, `org_admin` or `platform_admin`.
        #[arg(long, default_value = "org_user", value_parser = |text: &str| text.parse::<Role>())]
        role: Role,
        /// For people.
        #[arg(long, default_value = "command line")]
        name: String,
        /// Days until it is refused; for ever by default.
        #[arg(long, value_name = "DAYS")]
        expires: Option<u32>,
        /// All that it allows, such as `workflows.run`; several are possible. By default everything
        /// that its holder may do.
        #[arg(long = "allow", value_name = "PERMISSION", value_parser = |text: &str| text.parse::<Permission>())]
        allow: Vec<Permission>,
    },
    /// Refuse a key from now on.
    Revoke {
        /// The key's id.
        id: String,
    },
}

/// A field's text; empty where there is none.
pub(crate) fn text<'a>(value: &'a Value, field: &str) -> &'a str {
    value[field].as_str().unwrap_or_default()
}

fn limits(given: &[String]) -> Result<Map<String, Value>> {
    let one = |text: &String| {
        let (name, value) = text.split_once('=').context("expected NAME=NUMBER")?;
        Ok((name.to_owned(), value.parse::<u64>().with_context(|| format!("`{value}` is no number"))?.into()))
    };
    given.iter().map(one).collect()
}

/// The answer as JSON, or as lines.
pub(crate) fn print(answer: &Value, json: bool, lines: impl Fn(&Value)) -> Result<ExitCode> {
    if json {
        println!("{}", serde_json::to_string_pretty(answer)?);
    } else {
        lines(answer);
    }
    Ok(ExitCode::SUCCESS)
}

/// A line for each entry of a field.
pub(crate) fn each(answer: &Value, field: &str, line: impl Fn(&Value)) {
    answer[field].as_array().into_iter().flatten().for_each(line);
}

fn organization_line(one: &Value) {
    let state = match (one["is_provider"] == true, one["is_active"] == true) {
        (true, _) => "provider",
        (_, true) => "active",
        (_, false) => "suspended",
    };
    println!("{}  {state:<10} {}", text(one, "id"), text(one, "name"));
}

impl Organizations {
    pub async fn execute(self, data: &Path) -> Result<ExitCode> {
        let client = self.server.connect(data).await?;
        let answer = match self.command.unwrap_or(OrganizationCommand::List) {
            OrganizationCommand::List => {
                let answer = client.get("/api/organizations").await?;
                return print(&answer, self.json, |all| each(all, "organizations", organization_line));
            }
            OrganizationCommand::Create { name, domain, limits: given } => {
                let body = json!({"name": name, "domain": domain, "limits": limits(&given)?});
                client.post("/api/organizations", body).await?
            }
            OrganizationCommand::Limit { name, limits: given } => {
                update(&client, &name, json!({"limits": limits(&given)?})).await?
            }
            OrganizationCommand::Suspend { name } => {
                update(&client, &name, json!({"is_active": false})).await?
            }
            OrganizationCommand::Resume { name } => {
                update(&client, &name, json!({"is_active": true})).await?
            }
        };
        print(&answer, self.json, organization_line)
    }
}

async fn update(client: &Client, name: &str, change: Value) -> Result<Value> {
    let id = client.organization(name).await?;
    client.call(reqwest::Method::PATCH, &format!("/api/organizations/{id}"), Some(change)).await
}

impl Keys {
    pub async fn execute(self, data: &Path) -> Result<ExitCode> {
        let client = self.server.connect(data).await?;
        match self.command.unwrap_or(KeyCommand::List) {
            KeyCommand::List => {
                let answer = client.get("/api/keys").await?;
                print(&answer, self.json, |all| {
                    each(all, "keys", |key| {
                        let state = if key["revoked_at"].is_null() { text(key, "role") } else { "revoked" };
                        println!(
                            "{}  {state:<15} {}  {}",
                            text(key, "id"),
                            text(key, "prefix"),
                            text(key, "name")
                        );
                    });
                })
            }
            KeyCommand::Create { email, role, name, expires, allow } => {
                let expires = expires.map(|days| Utc::now() + TimeDelta::days(days.into()));
                let allow = Some(allow).filter(|all| !all.is_empty());
                let body = json!({
                    "email": email, "role": role, "name": name, "expires_at": expires, "permissions": allow,
                });
                let answer = client.post("/api/keys", body).await?;
                print(&answer, self.json, |key| println!("{}", text(key, "key")))
            }
            KeyCommand::Revoke { id } => {
                client.call(reqwest::Method::DELETE, &format!("/api/keys/{id}"), None).await?;
                Ok(ExitCode::SUCCESS)
            }
        }
    }
}
