//! `bifrost egress`: where an organization's workflows may send requests.

use crate::admin::print;
use crate::client::Server;
use anyhow::Result;
use clap::{Args, Subcommand};
use reqwest::Method;
use serde_json::{Value, json};
use std::path::Path;
use std::process::ExitCode;

/// Shows and sets egress policies. Without a command: shows that of the own organization.
#[derive(Args)]
pub struct Egress {
    #[command(subcommand)]
    command: Option<EgressCommand>,
    #[command(flatten)]
    server: Server,
    /// Print the answer as JSON.
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Subcommand)]
enum EgressCommand {
    /// Show an organization's policy.
    Show {
        /// Name or id.
        name: String,
    },
    /// Change an organization's policy. A list that is given replaces the one of before;
    /// what is not given stays as it is.
    Set {
        /// Name or id.
        name: String,
        #[command(flatten)]
        change: Change,
    },
    /// Let an organization reach the whole public internet again, and nothing private.
    Reset {
        /// Name or id.
        name: String,
    },
}

#[derive(Args)]
struct Change {
    /// Only these hosts, such as `api.example.com,*.example.org`; `""` for all.
    #[arg(long, value_delimiter = ',', value_name = "HOST")]
    allow_hosts: Option<Vec<String>>,
    /// None of these hosts; `""` for no exception.
    #[arg(long, value_delimiter = ',', value_name = "HOST")]
    deny_hosts: Option<Vec<String>>,
    /// Only these methods, such as `GET,HEAD`; `""` for all.
    #[arg(long, value_delimiter = ',', value_name = "METHOD")]
    methods: Option<Vec<String>>,
    /// Only these ports, such as `443`; `""` for all.
    #[arg(long, value_delimiter = ',', value_name = "PORT")]
    ports: Option<Vec<String>>,
    /// Private networks that may be reached, such as `10.1.0.0/16`; `""` for none.
    #[arg(long, value_delimiter = ',', value_name = "CIDR")]
    private_networks: Option<Vec<String>>,
    /// Hosts whose certificates are not checked where a workflow asks for that; `""` for none.
    #[arg(long, value_delimiter = ',', value_name = "HOST")]
    unverified_hosts: Option<Vec<String>>,
    /// Requests in one minute; 0 for as many as they like.
    #[arg(long, value_name = "NUMBER")]
    requests_per_minute: Option<u64>,
    /// Bytes of bodies sent and received in one day; 0 for as many as they like.
    #[arg(long, value_name = "BYTES")]
    bytes_per_day: Option<u64>,
}

impl Change {
    fn apply(self, policy: &mut Value) -> Result<()> {
        let lists = [
            ("allow_hosts", self.allow_hosts),
            ("deny_hosts", self.deny_hosts),
            ("methods", self.methods),
            ("private_networks", self.private_networks),
            ("unverified_hosts", self.unverified_hosts),
        ];
        let filled = |list: Vec<String>| list.into_iter().filter(|one| !one.is_empty()).collect::<Vec<_>>();
        for (name, list) in lists {
            if let Some(list) = list {
                policy[name] = json!(filled(list));
            }
        }
        if let Some(ports) = self.ports {
            policy["ports"] =
                filled(ports).iter().map(|port| Ok(json!(port.parse::<u16>()?))).collect::<Result<_>>()?;
        }
        let quotas =
            [("requests_per_minute", self.requests_per_minute), ("bytes_per_day", self.bytes_per_day)];
        for (name, quota) in quotas {
            if let Some(quota) = quota {
                policy[name] = json!((quota > 0).then_some(quota));
            }
        }
        Ok(())
    }
}

/// What of an answer is the policy itself.
fn policy_of(answer: &Value) -> Value {
    let mut policy = answer.clone();
    if let Some(fields) = policy.as_object_mut() {
        fields.retain(|name, _| !["organization_id", "updated_at", "updated_by"].contains(&name.as_str()));
    }
    policy
}

fn lines(answer: &Value) {
    let policy = policy_of(answer);
    for (name, value) in policy.as_object().into_iter().flatten() {
        let shown = match value {
            Value::Array(items) if items.is_empty() => "-".to_owned(),
            Value::Array(items) => {
                let texts =
                    items.iter().map(|item| item.as_str().map_or_else(|| item.to_string(), str::to_owned));
                texts.collect::<Vec<_>>().join(", ")
            }
            Value::Null => "-".to_owned(),
            other => other.to_string(),
        };
        println!("{name:<20} {shown}");
    }
}

impl Egress {
    pub async fn execute(self, data: &Path) -> Result<ExitCode> {
        let client = self.server.connect(data).await?;
        let path = |id: &str| format!("/api/organizations/{id}/egress");
        let answer = match self.command {
            None => client.get("/api/egress").await?,
            Some(EgressCommand::Show { name }) => {
                client.get(&path(&client.organization(&name).await?)).await?
            }
            Some(EgressCommand::Set { name, change }) => {
                let path = path(&client.organization(&name).await?);
                let mut policy = policy_of(&client.get(&path).await?);
                change.apply(&mut policy)?;
                client.call(Method::PUT, &path, Some(policy)).await?
            }
            Some(EgressCommand::Reset { name }) => {
                let path = path(&client.organization(&name).await?);
                client.call(Method::PUT, &path, Some(json!({}))).await?
            }
        };
        print(&answer, self.json, lines)
    }
}
