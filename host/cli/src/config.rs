//! `bifrost config`: settings and secrets of a server.

use crate::admin::{each, print, text};
use crate::client::Server;
use anyhow::{Context, Result, bail};
use bifrost_core::ConfigType;
use clap::{Args, Subcommand};
use reqwest::Method;
use serde_json::{Value, json};
use std::io::{IsTerminal, Read};
use std::path::Path;
use std::process::ExitCode;

/// Settings of the organization, or global ones: those of a platform administrator who
/// names none.
#[derive(Args)]
pub struct Config {
    #[command(subcommand)]
    command: Option<ConfigCommand>,
    #[command(flatten)]
    server: Server,
    /// Print the answer as JSON.
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Subcommand)]
enum ConfigCommand {
    /// List settings; secrets without their value (the default).
    List,
    /// Set a value. It is text unless the type says otherwise.
    Set {
        /// Its name.
        key: String,
        /// The value; without it, it is read from standard input, as secrets should be.
        value: Option<String>,
        /// `string`, `int`, `bool`, `json` or `secret`.
        #[arg(long = "type", default_value = "string", value_parser = |text: &str| text.parse::<ConfigType>())]
        kind: ConfigType,
        /// For people.
        #[arg(long)]
        description: Option<String>,
    },
    /// Delete a setting.
    Delete {
        /// Its name.
        key: String,
    },
    /// List with whom a global secret is shared.
    Shares {
        /// Its name.
        key: String,
    },
    /// Let an organization's own workspace read a global secret.
    Share {
        /// Its name.
        key: String,
        /// Name or id of the organization.
        with: String,
    },
    /// Take a global secret back from an organization.
    Unshare {
        /// Its name.
        key: String,
        /// Name or id of the organization.
        with: String,
    },
}

/// A key as a part of a path.
fn part(key: &str) -> String {
    let mut url = reqwest::Url::parse("http://x/").ok();
    if let Some(mut parts) = url.as_mut().and_then(|url| url.path_segments_mut().ok()) {
        parts.pop_if_empty().push(key);
    }
    url.map(|url| url.path().trim_start_matches('/').to_owned()).unwrap_or_default()
}

fn parsed(value: Option<String>, kind: ConfigType) -> Result<Value> {
    let value = match value {
        Some(value) => value,
        None if std::io::stdin().is_terminal() => bail!("no value; give it, or send it to standard input"),
        None => {
            let mut text = String::new();
            std::io::stdin().read_to_string(&mut text).context("standard input")?;
            // What `echo` and editors add.
            text.strip_suffix('\n').map(str::to_owned).unwrap_or(text)
        }
    };
    Ok(match kind {
        ConfigType::String | ConfigType::Secret => Value::String(value),
        _ => serde_json::from_str(&value).with_context(|| format!("`{value}` is no {}", kind.as_str()))?,
    })
}

fn line(entry: &Value) {
    let value = if entry["is_secret"] == true { "(secret)".to_owned() } else { entry["value"].to_string() };
    let owner = match (entry["organization_id"].is_null(), entry["shared"] == true) {
        (false, _) if entry["overrides"] == true => "  (overrides global)",
        (false, _) => "",
        (true, false) => "  (global)",
        (true, true) => "  (global, shared)",
    };
    println!("{}  {:<6}  {value}{owner}", text(entry, "key"), text(entry, "type"));
}

impl Config {
    pub async fn execute(self, data: &Path) -> Result<ExitCode> {
        let client = self.server.connect(data).await?;
        match self.command.unwrap_or(ConfigCommand::List) {
            ConfigCommand::List => {
                let answer = client.get("/api/config").await?;
                print(&answer, self.json, |all| each(all, "config", line))
            }
            ConfigCommand::Set { key, value, kind, description } => {
                let body = json!({"value": parsed(value, kind)?, "type": kind, "description": description});
                let answer =
                    client.call(Method::PUT, &format!("/api/config/{}", part(&key)), Some(body)).await?;
                print(&answer, self.json, line)
            }
            ConfigCommand::Delete { key } => {
                client.call(Method::DELETE, &format!("/api/config/{}", part(&key)), None).await?;
                Ok(ExitCode::SUCCESS)
            }
            ConfigCommand::Shares { key } => {
                let answer = client.get(&format!("/api/config/{}/shares", part(&key))).await?;
                print(&answer, self.json, |all| {
                    each(all, "shares", |one| {
                        println!("{}  {}", text(one, "organization_id"), text(one, "shared_at"))
                    });
                })
            }
            ConfigCommand::Share { key, with } => {
                let id = client.organization(&with).await?;
                client.call(Method::PUT, &format!("/api/config/{}/shares/{id}", part(&key)), None).await?;
                Ok(ExitCode::SUCCESS)
            }
            ConfigCommand::Unshare { key, with } => {
                let id = client.organization(&with).await?;
                client.call(Method::DELETE, &format!("/api/config/{}/shares/{id}", part(&key)), None).await?;
                Ok(ExitCode::SUCCESS)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_read_by_their_type() {
        let value = |text: &str, kind| parsed(Some(text.to_owned()), kind);
        assert_eq!(value("5", ConfigType::String).expect("text"), json!("5"));
        assert_eq!(value("5", ConfigType::Int).expect("a number"), json!(5));
        assert_eq!(value("{\"a\": 1}", ConfigType::Json).expect("JSON"), json!({"a": 1}));
        assert!(value("yes", ConfigType::Bool).is_err());
        assert_eq!(part("a/b c?"), "a%2Fb%20c%3F");
    }
}
