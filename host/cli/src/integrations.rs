//! `bifrost integrations`: other systems, what organizations are there, and their connections.

use crate::admin::{each, print, text};
use crate::client::{Client, Server};
use anyhow::{Context, Result, bail};
use clap::{Args, Subcommand};
use reqwest::Method;
use serde_json::{Map, Value, json};
use std::io::{IsTerminal, Read};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

/// How long a person may take at the authorization server.
const PATIENCE: Duration = Duration::from_secs(600);
/// Between two looks whether they are back.
const LOOK: Duration = Duration::from_secs(2);

/// Integrations of the organization, and the provider's.
#[derive(Args)]
pub struct Integrations {
    #[command(subcommand)]
    command: Option<IntegrationCommand>,
    #[command(flatten)]
    server: Server,
    /// Print the answer as JSON.
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Subcommand)]
enum IntegrationCommand {
    /// List all integrations (the default).
    List,
    /// Show an integration: what it needs, who is in it, and its connection.
    Show {
        /// Its name.
        name: String,
    },
    /// Make an integration from a JSON file with `name`, `config_schema`, `config`, `oauth`.
    Create {
        /// The file; `-` for standard input.
        file: PathBuf,
        /// Read the secret of its client from standard input.
        #[arg(long)]
        client_secret_stdin: bool,
    },
    /// Say what an organization is in an integration.
    Map {
        /// The integration's name.
        name: String,
        /// The organization's name or id.
        organization: String,
        /// What it is called in the other system.
        entity_id: String,
        /// The same, for people.
        #[arg(long, value_name = "NAME")]
        entity_name: Option<String>,
        /// A value that is different for it, such as `region=eu`; JSON where it is JSON; several are possible.
        #[arg(long = "set", value_name = "KEY=VALUE")]
        config: Vec<String>,
    },
    /// Connect an integration to an account: prints the address to open, and waits.
    Connect {
        /// Its name.
        name: String,
        /// A client of its own at the authorization server.
        #[arg(long, value_name = "ID")]
        client_id: Option<String>,
        /// Read the secret of that client from standard input.
        #[arg(long, requires = "client_id", conflicts_with = "refresh_token_stdin")]
        client_secret_stdin: bool,
        /// Read a refresh token that was got elsewhere from standard input.
        #[arg(long)]
        refresh_token_stdin: bool,
        /// Print the address and do not wait.
        #[arg(long)]
        no_wait: bool,
    },
    /// Renew the token of an integration's connection now.
    Refresh {
        /// Its name.
        name: String,
    },
    /// Take the tokens from an integration's connection.
    Disconnect {
        /// Its name.
        name: String,
    },
}

fn line(one: &Value) {
    let owner = if one["organization_id"].is_null() { "global" } else { "own" };
    let flow = one["oauth"]["flow"].as_str().unwrap_or("-");
    println!("{}  {owner:<6}  {flow:<18}  {}", text(one, "id"), text(one, "name"));
}

fn connection_line(one: &Value) {
    let until = one["expires_at"].as_str().map_or_else(String::new, |until| format!("  until {until}"));
    println!("connection  {}  {}{until}", text(one, "id"), text(one, "status"));
    if let Some(error) = one["error"].as_str() {
        println!("  {error}");
    }
}

fn mapping_line(one: &Value) {
    let name = one["entity_name"].as_str().unwrap_or_default();
    println!("mapping  {}  {}  {name}", text(one, "organization_id"), text(one, "entity_id"));
}

/// A name as a part of a path.
fn segment(name: &str) -> String {
    let mut url = reqwest::Url::parse("http://x/").ok();
    if let Some(Ok(mut segments)) = url.as_mut().map(reqwest::Url::path_segments_mut) {
        segments.pop_if_empty().push(name);
    }
    url.map(|url| url.path().trim_start_matches('/').to_owned()).unwrap_or_default()
}

/// A secret from standard input, without what `echo` and editors add.
fn secret(what: &str) -> Result<String> {
    if std::io::stdin().is_terminal() {
        bail!("no {what}; send it to standard input");
    }
    let mut text = String::new();
    std::io::stdin().read_to_string(&mut text).context("standard input")?;
    Ok(text.trim_end_matches(['\r', '\n']).to_owned())
}

fn values(given: &[String]) -> Result<Map<String, Value>> {
    let one = |text: &String| {
        let (key, value) = text.split_once('=').context("expected KEY=VALUE")?;
        // What is no JSON is a text.
        let value = serde_json::from_str(value).unwrap_or_else(|_| Value::from(value));
        Ok((key.to_owned(), value))
    };
    given.iter().map(one).collect()
}

/// The scope's connection to an integration.
async fn connection(client: &Client, name: &str) -> Result<Option<Value>> {
    let answer = client.get("/api/oauth/connections").await?;
    let all = answer["connections"].as_array().map(Vec::as_slice).unwrap_or_default();
    Ok(all.iter().find(|one| one["integration"] == name).cloned())
}

async fn known(client: &Client, name: &str) -> Result<String> {
    let found = connection(client, name).await?;
    let found =
        found.with_context(|| format!("`{name}` is not connected; see `bifrost integrations connect`"))?;
    Ok(text(&found, "id").to_owned())
}

/// Makes or changes the connection, and gets its first token as its flow has it.
async fn connect(client: &Client, name: &str, settings: Map<String, Value>, no_wait: bool) -> Result<Value> {
    let integration = client.get(&format!("/api/integrations/{}", segment(name))).await?;
    let has_settings = !settings.is_empty();
    let before = match connection(client, name).await? {
        Some(known) if has_settings => {
            let path = format!("/api/oauth/connections/{}", text(&known, "id"));
            client.call(Method::PATCH, &path, Some(Value::Object(settings))).await?
        }
        Some(known) => known,
        None => {
            let mut body = Value::Object(settings);
            body["integration"] = name.into();
            client.post("/api/oauth/connections", body).await?
        }
    };
    let path = format!("/api/oauth/connections/{}", text(&before, "id"));
    let asks = !integration["oauth"]["authorization_url"].is_null()
        && integration["oauth"]["flow"] != "refresh_token";
    if !asks {
        return client.post(&format!("{path}/refresh"), json!({})).await;
    }
    let authorization = client.post(&format!("{path}/authorize"), json!({})).await?;
    println!(
        "Open this address in the browser that you are signed in with:\n{}",
        text(&authorization, "url")
    );
    let until = Instant::now() + PATIENCE;
    while !no_wait && Instant::now() < until {
        tokio::time::sleep(LOOK).await;
        let now = client.get(&path).await?;
        if now["refreshed_at"] != before["refreshed_at"] && now["status"] == "connected" {
            return Ok(now);
        }
    }
    if no_wait { Ok(before) } else { bail!("nobody came back within ten minutes; run this again") }
}

impl Integrations {
    pub async fn execute(self, data: &Path) -> Result<ExitCode> {
        let client = self.server.connect(data).await?;
        let json = self.json;
        match self.command.unwrap_or(IntegrationCommand::List) {
            IntegrationCommand::List => {
                let answer = client.get("/api/integrations").await?;
                print(&answer, json, |all| each(all, "integrations", line))
            }
            IntegrationCommand::Show { name } => {
                let path = format!("/api/integrations/{}", segment(&name));
                let mut answer = client.get(&path).await?;
                answer["mappings"] = client.get(&format!("{path}/mappings")).await?["mappings"].take();
                answer["connections"] = connection(&client, &name).await?.into_iter().collect();
                print(&answer, json, |one| {
                    line(one);
                    each(one, "config_schema", |field| {
                        let needed = if field["required"] == true { "required" } else { "" };
                        println!("field  {}  {}  {needed}", text(field, "key"), text(field, "type"));
                    });
                    if let Some(uri) = one["kept"]["redirect_uri"].as_str() {
                        println!("redirect address  {uri}");
                    }
                    each(one, "mappings", mapping_line);
                    each(one, "connections", connection_line);
                })
            }
            IntegrationCommand::Create { file, client_secret_stdin } => {
                let is_stdin = file.as_os_str() == "-";
                if is_stdin && client_secret_stdin {
                    bail!("standard input is one thing: give the definition as a file");
                }
                let content = if is_stdin {
                    secret("definition")?
                } else {
                    std::fs::read_to_string(&file)
                        .with_context(|| format!("cannot read {}", file.display()))?
                };
                let mut body: Value = serde_json::from_str(&content).context("the definition is not JSON")?;
                if client_secret_stdin {
                    body["client_secret"] = secret("secret")?.into();
                }
                print(&client.post("/api/integrations", body).await?, json, line)
            }
            IntegrationCommand::Map { name, organization, entity_id, entity_name, config } => {
                let organization = client.organization(&organization).await?;
                let path = format!("/api/integrations/{}/mappings/{organization}", segment(&name));
                let body =
                    json!({ "entity_id": entity_id, "entity_name": entity_name, "config": values(&config)? });
                print(&client.call(Method::PUT, &path, Some(body)).await?, json, mapping_line)
            }
            IntegrationCommand::Connect {
                name,
                client_id,
                client_secret_stdin,
                refresh_token_stdin,
                no_wait,
            } => {
                let mut settings = Map::new();
                settings.extend(client_id.map(|id| ("client_id".to_owned(), id.into())));
                if client_secret_stdin {
                    settings.insert("client_secret".into(), secret("secret")?.into());
                }
                if refresh_token_stdin {
                    settings.insert("refresh_token".into(), secret("refresh token")?.into());
                }
                print(&connect(&client, &name, settings, no_wait).await?, json, connection_line)
            }
            IntegrationCommand::Refresh { name } => {
                let path = format!("/api/oauth/connections/{}/refresh", known(&client, &name).await?);
                print(&client.post(&path, json!({})).await?, json, connection_line)
            }
            IntegrationCommand::Disconnect { name } => {
                let path = format!("/api/oauth/connections/{}/disconnect", known(&client, &name).await?);
                print(&client.post(&path, json!({})).await?, json, connection_line)
            }
        }
    }
}
