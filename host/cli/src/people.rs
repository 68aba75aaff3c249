//! Commands for people, service accounts and roles.

use crate::admin::{each, print, text};
use crate::client::{Client, Server};
use anyhow::{Context, Result, bail};
use bifrost_core::{Permission, Role};
use chrono::{TimeDelta, Utc};
use clap::{Args, Subcommand};
use reqwest::Method;
use serde_json::{Map, Value, json};
use std::path::Path;
use std::process::ExitCode;

/// `bifrost users`
#[derive(Args)]
pub struct Users {
    #[command(subcommand)]
    command: Option<UserCommand>,
    #[command(flatten)]
    server: Server,
    /// Print the answer as JSON.
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Args)]
struct Given {
    /// `org_guest`, `org_user`, `org_admin` or `platform_admin`.
    #[arg(long, value_parser = |text: &str| text.parse::<Role>())]
    role: Option<Role>,
    /// A role of the organization on top, by name or id; several are possible.
    #[arg(long = "with", value_name = "ROLE")]
    roles: Vec<String>,
}

#[derive(Subcommand)]
enum UserCommand {
    /// List people and service accounts (the default).
    List {
        /// Also those that are deactivated.
        #[arg(long)]
        all: bool,
    },
    /// Make a person, or a service account.
    Create {
        /// The e-mail address; for a service account its name, without `@`.
        email: String,
        /// For people.
        #[arg(long, default_value = "")]
        name: String,
        /// A program, which has keys and cannot sign in.
        #[arg(long)]
        service: bool,
        #[command(flatten)]
        given: Given,
    },
    /// Change what somebody is called or may do; what is not given stays.
    Update {
        /// E-mail address, account name or id.
        user: String,
        /// For people.
        #[arg(long)]
        name: Option<String>,
        #[command(flatten)]
        given: Given,
        /// Take all roles of the organization away.
        #[arg(long, conflicts_with = "roles")]
        without: bool,
    },
    /// Refuse somebody's keys and sessions from now on.
    Deactivate {
        /// E-mail address, account name or id.
        user: String,
    },
    /// Take a deactivation back.
    Activate {
        /// E-mail address, account name or id.
        user: String,
    },
    /// Invite somebody and print the token; it cannot be shown again.
    Invite {
        /// The e-mail address.
        email: String,
        /// For people.
        #[arg(long, default_value = "")]
        name: String,
        #[command(flatten)]
        given: Given,
        /// Days until it is refused, at most 30.
        #[arg(long, default_value_t = 7, value_name = "DAYS")]
        expires: u32,
    },
    /// List open invitations.
    Invitations,
    /// Take an invitation back.
    Uninvite {
        /// The invitation's id.
        id: String,
    },
}

/// `bifrost roles`
#[derive(Args)]
pub struct Roles {
    #[command(subcommand)]
    command: Option<RoleCommand>,
    #[command(flatten)]
    server: Server,
    /// Print the answer as JSON.
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Subcommand)]
enum RoleCommand {
    /// List roles with what they allow (the default).
    List,
    /// List every permission.
    Permissions,
    /// Write a role.
    Create {
        /// Its name.
        name: String,
        /// For people.
        #[arg(long, default_value = "")]
        description: String,
        /// What it allows, such as `workspace.deploy`; see `bifrost roles permissions`.
        #[arg(value_name = "PERMISSION", value_parser = |text: &str| text.parse::<Permission>())]
        permissions: Vec<Permission>,
    },
    /// Change what a role allows, for everybody who has it.
    Update {
        /// Name or id.
        role: String,
        /// Another name.
        #[arg(long)]
        name: Option<String>,
        /// Exactly these permissions.
        #[arg(value_name = "PERMISSION", value_parser = |text: &str| text.parse::<Permission>())]
        permissions: Vec<Permission>,
    },
    /// Delete a role, and what was granted to it.
    Delete {
        /// Name or id.
        role: String,
        /// Do not ask.
        #[arg(long)]
        yes: bool,
    },
    /// List what was granted.
    Grants,
    /// Let somebody run one workflow without the permission for all.
    Grant {
        /// The workflow's id, its name, or `path::function`.
        workflow: String,
        /// To this user: e-mail address, account name or id.
        #[arg(long, required_unless_present = "role", conflicts_with = "role")]
        user: Option<String>,
        /// To everybody with this role: name or id.
        #[arg(long)]
        role: Option<String>,
    },
    /// Take a grant back.
    Ungrant {
        /// The grant's id.
        id: String,
    },
}

/// The id of a user given by e-mail, account name or id.
async fn user_id(client: &Client, named: &str) -> Result<String> {
    if named.parse::<uuid::Uuid>().is_ok() {
        return Ok(named.to_owned());
    }
    let answer = client.get("/api/users?include_inactive=true").await?;
    let wanted = named.to_lowercase();
    let all = answer["users"].as_array().into_iter().flatten();
    let found = all.into_iter().find(|user| text(user, "email") == wanted);
    found.map(|user| text(user, "id").to_owned()).with_context(|| format!("there is no user `{named}`"))
}

/// The id of a role of the organization given by name or id.
async fn role_id(client: &Client, named: &str) -> Result<String> {
    if named.parse::<uuid::Uuid>().is_ok() {
        return Ok(named.to_owned());
    }
    let answer = client.get("/api/roles").await?;
    let all = answer["roles"].as_array().into_iter().flatten();
    let found = all.into_iter().find(|role| text(role, "name") == named);
    found
        .map(|role| text(role, "id").to_owned())
        .with_context(|| format!("there is no role `{named}`; see `bifrost roles`"))
}

async fn role_ids(client: &Client, named: &[String]) -> Result<Vec<String>> {
    let mut ids = Vec::new();
    for name in named {
        ids.push(role_id(client, name).await?);
    }
    Ok(ids)
}

fn user_line(user: &Value) {
    let state = if user["is_active"] == true { text(user, "role") } else { "deactivated" };
    let roles: Vec<_> =
        user["roles"].as_array().into_iter().flatten().map(|role| text(role, "name")).collect();
    println!("{}  {state:<15} {}  {}", text(user, "id"), text(user, "email"), roles.join(", "));
}

fn role_line(role: &Value) {
    let permissions: Vec<_> =
        role["permissions"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let id = role["id"].as_str().unwrap_or("built-in");
    println!("{id:<36}  {:<20} {}", text(role, "name"), permissions.join(" "));
}

fn invitation_line(invitation: &Value) {
    println!(
        "{}  {:<15} {}  until {}",
        text(invitation, "id"),
        text(invitation, "role"),
        text(invitation, "email"),
        text(invitation, "expires_at")
    );
}

fn grant_line(grant: &Value) {
    let (kind, id) = match grant["user_id"].as_str() {
        Some(id) => ("user", id),
        None => ("role", text(grant, "role_id")),
    };
    println!("{}  {} {}  to {kind} {id}", text(grant, "id"), text(grant, "kind"), text(grant, "target_id"));
}

impl Users {
    pub async fn execute(self, data: &Path) -> Result<ExitCode> {
        let client = self.server.connect(data).await?;
        let json = self.json;
        match self.command.unwrap_or(UserCommand::List { all: false }) {
            UserCommand::List { all } => {
                let answer = client.get(&format!("/api/users?include_inactive={all}")).await?;
                print(&answer, json, |all| each(all, "users", user_line))
            }
            UserCommand::Create { email, name, service, given } => {
                let kind = if service { "service" } else { "person" };
                let roles = role_ids(&client, &given.roles).await?;
                let body =
                    json!({"email": email, "name": name, "kind": kind, "role": given.role, "roles": roles});
                print(&client.post("/api/users", body).await?, json, user_line)
            }
            UserCommand::Update { user, name, given, without } => {
                let mut change = Map::new();
                if let Some(name) = name {
                    change.insert("name".into(), name.into());
                }
                if let Some(role) = given.role {
                    change.insert("role".into(), role.as_str().into());
                }
                if without || !given.roles.is_empty() {
                    change.insert("roles".into(), role_ids(&client, &given.roles).await?.into());
                }
                update(&client, &user, change.into(), json).await
            }
            UserCommand::Deactivate { user } => {
                update(&client, &user, json!({"is_active": false}), json).await
            }
            UserCommand::Activate { user } => update(&client, &user, json!({"is_active": true}), json).await,
            UserCommand::Invite { email, name, given, expires } => {
                let roles = role_ids(&client, &given.roles).await?;
                let expires = Utc::now() + TimeDelta::days(expires.into());
                let body = json!({
                    "email": email, "name": name, "role": given.role, "roles": roles, "expires_at": expires,
                });
                let answer = client.post("/api/invitations", body).await?;
                print(&answer, json, |invitation| {
                    println!("{}", text(invitation, "token"));
                    if invitation["mailed"] == true {
                        eprintln!("sent to {email}");
                    } else if let Some(reason) = invitation["mail_error"].as_str() {
                        eprintln!("not sent to {email}: {reason}; give the token to them yourself");
                    }
                })
            }
            UserCommand::Invitations => {
                let answer = client.get("/api/invitations").await?;
                print(&answer, json, |all| each(all, "invitations", invitation_line))
            }
            UserCommand::Uninvite { id } => {
                client.call(Method::DELETE, &format!("/api/invitations/{id}"), None).await?;
                Ok(ExitCode::SUCCESS)
            }
        }
    }
}

async fn update(client: &Client, user: &str, change: Value, json: bool) -> Result<ExitCode> {
    let id = user_id(client, user).await?;
    let answer = client.call(Method::PATCH, &format!("/api/users/{id}"), Some(change)).await?;
    print(&answer, json, user_line)
}

impl Roles {
    pub async fn execute(self, data: &Path) -> Result<ExitCode> {
        let client = self.server.connect(data).await?;
        let json = self.json;
        match self.command.unwrap_or(RoleCommand::List) {
            RoleCommand::List => print(&client.get("/api/roles").await?, json, |all| {
                each(all, "built_in", role_line);
                each(all, "roles", role_line);
            }),
            RoleCommand::Permissions => {
                let answer = client.get("/api/roles").await?;
                print(&answer["permissions"], json, |all| {
                    for one in all.as_array().into_iter().flatten() {
                        println!("{:<24} {}", text(one, "name"), text(one, "description"));
                    }
                })
            }
            RoleCommand::Create { name, description, permissions } => {
                let body = json!({"name": name, "description": description, "permissions": permissions});
                print(&client.post("/api/roles", body).await?, json, role_line)
            }
            RoleCommand::Update { role, name, permissions } => {
                if name.is_none() && permissions.is_empty() {
                    bail!("nothing to change; give permissions or --name");
                }
                let id = role_id(&client, &role).await?;
                let permissions = Some(permissions).filter(|all| !all.is_empty());
                let change = json!({"name": name, "permissions": permissions});
                let answer = client.call(Method::PATCH, &format!("/api/roles/{id}"), Some(change)).await?;
                print(&answer, json, role_line)
            }
            RoleCommand::Delete { role, yes } => {
                let id = role_id(&client, &role).await?;
                let users = client.get(&format!("/api/roles/{id}")).await?["users"].as_i64().unwrap_or(0);
                if users > 0 && !yes {
                    bail!(
                        "{users} users would lose what `{role}` allows; give --yes to delete it all the same"
                    );
                }
                client.call(Method::DELETE, &format!("/api/roles/{id}"), None).await?;
                Ok(ExitCode::SUCCESS)
            }
            RoleCommand::Grants => {
                print(&client.get("/api/grants").await?, json, |all| each(all, "grants", grant_line))
            }
            RoleCommand::Grant { workflow, user, role } => {
                let mut body = json!({"workflow_id": workflow});
                if let Some(user) = user {
                    body["user_id"] = user_id(&client, &user).await?.into();
                }
                if let Some(role) = role {
                    body["role_id"] = role_id(&client, &role).await?.into();
                }
                print(&client.post("/api/grants", body).await?, json, grant_line)
            }
            RoleCommand::Ungrant { id } => {
                client.call(Method::DELETE, &format!("/api/grants/{id}"), None).await?;
                Ok(ExitCode::SUCCESS)
            }
        }
    }
}
