//! `bifrost webhooks`: what others deliver, and which workflows that starts.

use crate::admin::{each, print, text};
use crate::client::{Client, Server};
use anyhow::{Context, Result, bail};
use bifrost_core::{DeliveryId, SubscriptionId, WebhookKind, WebhookSecretId};
use clap::{Args, Subcommand};
use reqwest::Method;
use serde_json::{Map, Value, json};
use std::io::{IsTerminal, Read};
use std::path::Path;
use std::process::ExitCode;

/// Webhooks and topics of the organization.
#[derive(Args)]
pub struct Webhooks {
    #[command(subcommand)]
    command: Option<WebhookCommand>,
    #[command(flatten)]
    server: Server,
    /// Print the answer as JSON.
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Subcommand)]
enum WebhookCommand {
    /// List all webhooks and topics (the default).
    List,
    /// Make a webhook; prints its path and, where one is made, its secret, which cannot be shown again.
    Create {
        /// What people call it.
        name: String,
        /// `generic` (the default), `github`, `timestamped`, `microsoft_graph`, `unsigned`, `topic`, or
        /// `adapter` with --adapter.
        #[arg(long, value_parser = |text: &str| text.parse::<WebhookKind>())]
        kind: Option<WebhookKind>,
        /// The adapter that says what requests are, by its name or id; see `bifrost webhooks adapters`.
        #[arg(long, value_name = "NAME")]
        adapter: Option<String>,
        #[command(flatten)]
        config: Config,
        /// Read the secret from standard input instead of making one.
        #[arg(long)]
        secret_stdin: bool,
        /// Of the kind `topic`, such as `orders.created`.
        #[arg(long)]
        topic: Option<String>,
        /// The header with the signature, if not that of the kind.
        #[arg(long, value_name = "HEADER")]
        signature_header: Option<String>,
        /// The header with the sender's id of a delivery, if not that of the kind.
        #[arg(long, value_name = "HEADER")]
        delivery_header: Option<String>,
        /// Networks from which it may send, such as `192.0.2.0/24`; several are possible.
        #[arg(long = "allow", value_name = "CIDR")]
        networks: Vec<String>,
        /// Deliveries per minute.
        #[arg(long, value_name = "NUMBER")]
        rate: Option<u32>,
    },
    /// Print a webhook, and how its adapter is doing, as JSON.
    Show {
        /// Name or id.
        webhook: String,
    },
    /// List the adapters that a webhook can have.
    Adapters,
    /// Change what a webhook's adapter is given.
    Configure {
        /// Name or id.
        webhook: String,
        #[command(flatten)]
        config: Config,
    },
    /// Have a webhook's adapter subscribe at the other system now, or renew.
    Renew {
        /// Name or id.
        webhook: String,
    },
    /// Delete a webhook with its subscriptions and deliveries; the runs stay.
    Delete {
        /// Name or id.
        webhook: String,
        /// At once, also when an adapter has not told the other system to stop.
        #[arg(long)]
        force: bool,
    },
    /// Add the next secret and print it where one is made; both are good until one is removed.
    AddSecret {
        /// Name or id.
        webhook: String,
        /// Read it from standard input instead of making one.
        #[arg(long)]
        secret_stdin: bool,
    },
    /// List the ids of a webhook's secrets, the oldest first.
    Secrets {
        /// Name or id.
        webhook: String,
    },
    /// Refuse what is signed with a secret from now on.
    RemoveSecret {
        /// The secret's id.
        id: WebhookSecretId,
    },
    /// List which workflows a webhook starts.
    Subscriptions {
        /// Name or id.
        webhook: String,
    },
    /// Start a workflow for deliveries of a webhook.
    Subscribe {
        /// Name or id.
        webhook: String,
        /// The workflow's name, its id, or `path::function`.
        workflow: String,
        /// Only where a value of the event is this one, such as `/data/action=opened`; several are possible.
        #[arg(long = "where", value_name = "POINTER=VALUE")]
        filter: Vec<String>,
        /// A parameter from the event, such as `number=/data/issue/number`; several are possible.
        #[arg(long = "map", value_name = "PARAMETER=POINTER")]
        mapping: Vec<String>,
    },
    /// Start a workflow for deliveries no more.
    Unsubscribe {
        /// The subscription's id.
        id: SubscriptionId,
    },
    /// List the latest deliveries of a webhook.
    Deliveries {
        /// Name or id.
        webhook: String,
        /// Only those that are `pending`, `done`, `ignored` or `failed`.
        #[arg(long)]
        state: Option<String>,
        /// How many.
        #[arg(long, default_value_t = 20)]
        limit: u32,
    },
    /// Print a delivery with its headers and its body, as JSON.
    Delivery {
        /// The delivery's id.
        id: DeliveryId,
    },
    /// Process a delivery once more, and print the id of the new one.
    Replay {
        /// The delivery's id.
        id: DeliveryId,
    },
}

/// What an adapter is given.
#[derive(Args)]
struct Config {
    /// A value for the adapter, such as `limit=5`; several are possible, `null` takes one away.
    #[arg(long = "config", value_name = "KEY=VALUE")]
    pairs: Vec<String>,
    /// Read more of them from standard input as a JSON object: secrets belong there.
    #[arg(long)]
    config_stdin: bool,
}

impl Config {
    fn read(&self) -> Result<Map<String, Value>> {
        let mut all = match secret(self.config_stdin)?.as_deref().map(serde_json::from_str) {
            None => Map::new(),
            Some(Ok(Value::Object(all))) => all,
            Some(_) => bail!("standard input: expected a JSON object such as {{\"secret\": \"…\"}}"),
        };
        for pair in &self.pairs {
            let (key, value) = pair.split_once('=').context("expected KEY=VALUE")?;
            // What is no JSON is a text.
            let value = serde_json::from_str(value).unwrap_or_else(|_| Value::from(value));
            all.insert(key.to_owned(), value);
        }
        Ok(all)
    }
}

fn adapter_line(one: &Value) {
    let owner = if one["organization_id"].is_null() { "global" } else { "own" };
    println!("{}  {owner:<6}  {}  {}", text(one, "id"), text(one, "name"), text(one, "description"));
}

fn webhook_line(one: &Value) {
    let state = match (&one["adapter"]["status"], one["enabled"] == true) {
        (Value::String(status), _) if status != "active" => status.as_str(),
        (_, true) => text(one, "kind"),
        (_, false) => "disabled",
    };
    let place = if one["path"].is_null() { text(one, "topic") } else { text(one, "path") };
    println!("{}  {state:<15} {place}  {}", text(one, "id"), text(one, "name"));
}

fn delivery_line(one: &Value) {
    let runs = one["outcomes"].as_array().into_iter().flatten();
    let runs = runs.filter(|outcome| outcome["execution_id"].is_string()).count();
    println!(
        "{}  {:<8} {}  {} runs  {}",
        text(one, "id"),
        text(one, "state"),
        text(one, "received_at"),
        runs,
        text(one, "event_type")
    );
}

fn subscription_line(one: &Value) {
    let state = if one["enabled"] == true { "active" } else { "paused" };
    println!("{}  {state}  {}  where {}", text(one, "id"), text(one, "workflow_name"), one["filter"]);
}

fn made(answer: &Value) {
    for field in ["path", "secret"] {
        if let Some(value) = answer[field].as_str() {
            println!("{value}");
        }
    }
}

/// The id of a webhook given by name or id.
async fn find(client: &Client, named: &str) -> Result<String> {
    if named.parse::<uuid::Uuid>().is_ok() {
        return Ok(named.to_owned());
    }
    let answer = client.get("/api/webhooks").await?;
    let all = answer["webhooks"].as_array().map(Vec::as_slice).unwrap_or_default();
    let found = all.iter().find(|one| one["name"] == named);
    let found = found.with_context(|| format!("there is no webhook `{named}`; see `bifrost webhooks`"))?;
    Ok(text(found, "id").to_owned())
}

/// A secret from standard input, without what `echo` and editors add.
fn secret(is_given: bool) -> Result<Option<String>> {
    if !is_given {
        return Ok(None);
    }
    if std::io::stdin().is_terminal() {
        bail!("no secret; send it to standard input");
    }
    let mut text = String::new();
    std::io::stdin().read_to_string(&mut text).context("standard input")?;
    Ok(Some(text.trim_end_matches(['\r', '\n']).to_owned()))
}

fn conditions(given: &[String]) -> Result<Vec<Value>> {
    let one = |text: &String| {
        let (pointer, value) = text.split_once('=').context("expected POINTER=VALUE")?;
        // What is no JSON is a text.
        let value = serde_json::from_str(value).unwrap_or_else(|_| Value::from(value));
        Ok(json!({ "pointer": pointer, "equals": value }))
    };
    given.iter().map(one).collect()
}

fn mapping(given: &[String]) -> Result<Map<String, Value>> {
    let one = |text: &String| {
        let (name, pointer) = text.split_once('=').context("expected PARAMETER=POINTER")?;
        Ok((name.to_owned(), pointer.into()))
    };
    given.iter().map(one).collect()
}

impl Webhooks {
    pub async fn execute(self, data: &Path) -> Result<ExitCode> {
        let client = self.server.connect(data).await?;
        let json = self.json;
        match self.command.unwrap_or(WebhookCommand::List) {
            WebhookCommand::List => {
                let answer = client.get("/api/webhooks").await?;
                print(&answer, json, |all| each(all, "webhooks", webhook_line))
            }
            WebhookCommand::Create {
                name,
                kind,
                secret_stdin,
                topic,
                signature_header,
                delivery_header,
                networks,
                rate,
                adapter,
                config,
            } => {
                let of_adapter = adapter.as_ref().map_or(WebhookKind::Generic, |_| WebhookKind::Adapter);
                let kind = kind.unwrap_or(of_adapter);
                let body = json!({
                    "adapter": adapter, "config": config.read()?,
                    "name": name, "kind": kind, "secret": secret(secret_stdin)?, "topic": topic,
                    "confirm_unsigned": kind == WebhookKind::Unsigned, "signature_header": signature_header,
                    "delivery_header": delivery_header, "allowed_networks": networks, "rate_per_minute": rate,
                });
                print(&client.post("/api/webhooks", body).await?, json, made)
            }
            WebhookCommand::Show { webhook } => {
                let path = format!("/api/webhooks/{}", find(&client, &webhook).await?);
                print(&client.get(&path).await?, true, |_| ())
            }
            WebhookCommand::Adapters => {
                let answer = client.get("/api/webhook-adapters").await?;
                print(&answer, json, |all| each(all, "adapters", adapter_line))
            }
            WebhookCommand::Configure { webhook, config } => {
                let path = format!("/api/webhooks/{}", find(&client, &webhook).await?);
                let body = json!({ "config": config.read()? });
                let answer = client.call(Method::PATCH, &path, Some(body)).await?;
                print(&answer, json, webhook_line)
            }
            WebhookCommand::Renew { webhook } => {
                let path = format!("/api/webhooks/{}/subscribe", find(&client, &webhook).await?);
                print(&client.post(&path, json!({})).await?, json, webhook_line)
            }
            WebhookCommand::Delete { webhook, force } => {
                let query = if force { "?force=true" } else { "" };
                let path = format!("/api/webhooks/{}{query}", find(&client, &webhook).await?);
                client.call(Method::DELETE, &path, None).await?;
                Ok(ExitCode::SUCCESS)
            }
            WebhookCommand::AddSecret { webhook, secret_stdin } => {
                let path = format!("/api/webhooks/{}/secrets", find(&client, &webhook).await?);
                let answer = client.post(&path, json!({ "secret": secret(secret_stdin)? })).await?;
                print(&answer, json, made)
            }
            WebhookCommand::Secrets { webhook } => {
                let answer = client.get(&format!("/api/webhooks/{}", find(&client, &webhook).await?)).await?;
                print(&answer, json, |one| {
                    each(one, "secrets", |secret| {
                        println!("{}  {}", text(secret, "id"), text(secret, "created_at"))
                    });
                })
            }
            WebhookCommand::RemoveSecret { id } => {
                client.call(Method::DELETE, &format!("/api/webhook-secrets/{id}"), None).await?;
                Ok(ExitCode::SUCCESS)
            }
            WebhookCommand::Subscriptions { webhook } => {
                let path = format!("/api/webhooks/{}/subscriptions", find(&client, &webhook).await?);
                print(&client.get(&path).await?, json, |all| each(all, "subscriptions", subscription_line))
            }
            WebhookCommand::Subscribe { webhook, workflow, filter, mapping: given } => {
                let path = format!("/api/webhooks/{}/subscriptions", find(&client, &webhook).await?);
                let body = json!({
                    "workflow_id": workflow, "filter": conditions(&filter)?, "mapping": mapping(&given)?,
                });
                print(&client.post(&path, body).await?, json, |one| println!("{}", text(one, "id")))
            }
            WebhookCommand::Unsubscribe { id } => {
                client.call(Method::DELETE, &format!("/api/webhook-subscriptions/{id}"), None).await?;
                Ok(ExitCode::SUCCESS)
            }
            WebhookCommand::Deliveries { webhook, state, limit } => {
                let path =
                    format!("/api/webhooks/{}/deliveries?limit={limit}", find(&client, &webhook).await?);
                let path = state.map_or_else(|| path.clone(), |state| format!("{path}&state={state}"));
                print(&client.get(&path).await?, json, |all| each(all, "deliveries", delivery_line))
            }
            WebhookCommand::Delivery { id } => {
                print(&client.get(&format!("/api/webhook-deliveries/{id}")).await?, true, |_| ())
            }
            WebhookCommand::Replay { id } => {
                let answer = client.post(&format!("/api/webhook-deliveries/{id}/replay"), json!({})).await?;
                print(&answer, json, |one| println!("{}", text(one, "id")))
            }
        }
    }
}
