//! Calls of the platform's own API by a run. Each names its operation and its target; one
//! place decides whether the run may ([`bifrost_core::Rights`]), and what is refused or
//! changed leaves a row in the audit log.

mod api;
mod audit;
mod events;
mod executions;
mod files;
mod forms;
mod integrations;
mod mappings;
mod people;
mod roles;
mod tables;
mod tenants;
mod workflows;

use crate::grants::{Grants, refusal};
use bifrost_core::{Caller, Error, Operation, OrganizationId, Permissions, Result, Rights, Scope};
use bifrost_sandbox::{CapabilityError, ErrorKind};
use bifrost_store::{identity, organizations};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

/// What was decided about a call.
pub(crate) struct Granted {
    /// Whose things are meant.
    pub target: Scope,
    /// The organization whose runs and people are meant; the provider's own for global.
    pub organization: OrganizationId,
    /// Who the caller is now.
    pub caller: Caller,
}

/// What is true where nothing is said.
fn yes() -> bool {
    true
}

/// A scope and nothing else.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Scoped {
    #[serde(default)]
    scope: Option<String>,
}

impl Grants {
    /// Answers `platform.call`: JSON text in, JSON text out.
    pub(crate) async fn platform(
        &self,
        operation: &str,
        arguments: &str,
    ) -> std::result::Result<String, CapabilityError> {
        let answer = match operation {
            "context.set_scope" => self.set_scope(arguments).await,
            "organizations.list" => self.organizations_list().await,
            "organizations.get" => self.organizations_get(arguments).await,
            "organizations.create" => self.organizations_create(arguments).await,
            "organizations.update" => self.organizations_update(arguments).await,
            "users.list" => self.users_list(arguments).await,
            "users.get" => self.users_get(arguments).await,
            "users.create" => self.users_create(arguments).await,
            "users.update" => self.users_update(arguments).await,
            "roles.list" => self.roles_list(arguments).await,
            "roles.get" => self.roles_get(arguments).await,
            "roles.list_forms" => self.roles_list_forms(arguments).await,
            "roles.assign_forms" => self.roles_assign_forms(arguments).await,
            "forms.list" => self.forms_list(arguments).await,
            "forms.get" => self.forms_get(arguments).await,
            "roles.create" => self.roles_create(arguments).await,
            "roles.update" => self.roles_update(arguments).await,
            "roles.delete" => self.roles_delete(arguments).await,
            "roles.list_users" => self.roles_list_users(arguments).await,
            "roles.assign_users" => self.roles_assign_users(arguments).await,
            "workflows.list" => self.workflows_list(arguments).await,
            "workflows.execute" => self.workflows_execute(arguments).await,
            "workflows.cancel" => self.workflows_cancel(arguments).await,
            "api.call" => self.api_call(arguments).await,
            "events.emit" => self.events_emit(arguments).await,
            "executions.list" => self.executions_list(arguments).await,
            "executions.get" => self.executions_get(arguments).await,
            "executions.logs" => self.executions_logs(arguments).await,
            "integrations.list" => self.integrations_list(arguments).await,
            "integrations.get" => self.integrations_get(arguments).await,
            "integrations.refresh" => self.integrations_refresh(arguments).await,
            "integrations.list_mappings" => self.mappings_list(arguments).await,
            "integrations.get_mapping" => self.mappings_get(arguments).await,
            "integrations.upsert_mapping" => self.mappings_set(arguments).await,
            "integrations.delete_mapping" => self.mappings_delete(arguments).await,
            "tables.create" => self.tables_create(arguments).await,
            "tables.list" => self.tables_list(arguments).await,
            "tables.delete" => self.tables_delete(arguments).await,
            "tables.insert" => self.tables_insert(arguments).await,
            "tables.upsert" => self.tables_upsert(arguments).await,
            "tables.get" => self.tables_get(arguments).await,
            "tables.update" => self.tables_update(arguments).await,
            "tables.delete_documents" => self.tables_delete_documents(arguments).await,
            "tables.query" => self.tables_query(arguments).await,
            "tables.count" => self.tables_count(arguments).await,
            "files.read" => self.files_read(arguments).await,
            "files.write" => self.files_write(arguments).await,
            "files.list" => self.files_list(arguments).await,
            "files.exists" => self.files_exists(arguments).await,
            "files.delete" => self.files_delete(arguments).await,
            "files.sign" => self.files_sign(arguments).await,
            _ => {
                let message = format!("the platform has no operation `{}`", operation.escape_debug());
                return Err(CapabilityError::new(ErrorKind::NotFound, message));
            }
        };
        answer.map(|value| value.to_string()).map_err(refusal)
    }

    /// Decides about what belongs to the scope that the guest named, with what the caller may
    /// do now: a right that was taken away while the run went on is gone. A refusal is
    /// audited.
    pub(crate) async fn may(&self, operation: Operation, named: Option<&str>) -> Result<Granted> {
        let decided = match self.standing().await {
            Ok(caller) => self.rights(caller.permissions).decide(operation, named).map(|t| (t, caller)),
            Err(error) => Err(error),
        };
        match decided {
            Ok((target, caller)) => {
                let organization = match target {
                    Scope::Organization(id) => id,
                    Scope::Global => organizations::provider(&self.db).await?,
                };
                Ok(Granted { target, organization, caller })
            }
            Err(error) => {
                if matches!(error, Error::Denied(_)) {
                    self.refused(operation, named, &error).await;
                }
                Err(error)
            }
        }
    }

    /// As [`Self::may`], for what most runs do for themselves: then it does not matter who
    /// the caller is, and nobody is asked.
    pub(crate) async fn scope(&self, operation: Operation, named: Option<&str>) -> Result<Scope> {
        match self.rights(Permissions::NONE).decide(operation, named) {
            Ok(target) => Ok(target),
            Err(_) => Ok(self.may(operation, named).await?.target),
        }
    }

    fn rights(&self, permissions: Permissions) -> Rights {
        Rights {
            organization: self.organization,
            workspace: self.workspace,
            permissions,
            is_confined: self.is_confined,
        }
    }

    /// Who the caller is now, bounded by what the run was asked for with.
    async fn standing(&self) -> Result<Caller> {
        match identity::caller(&self.db, self.caller.user).await? {
            Some(now) => Ok(now.within(self.caller.ceiling)),
            // Nobody asked for it: the workflow's own identity has no account.
            None if self.caller.is_service() => Ok(self.caller.clone()),
            None => Err(Error::Denied("the caller of this run is not active any more".into())),
        }
    }

    async fn set_scope(&self, arguments: &str) -> Result<Value> {
        let Scoped { scope } = parse(arguments)?;
        let granted = self.may(Operation::SetScope, scope.as_deref()).await?;
        organizations::get(&self.db.system(), granted.organization).await?;
        Ok(Value::Null)
    }
}

/// The arguments of an operation.
///
/// # Errors
/// `Invalid`, naming the argument where that is known.
fn parse<T: DeserializeOwned>(arguments: &str) -> Result<T> {
    serde_json::from_str(arguments).map_err(|error| Error::invalid("arguments", error.to_string()))
}

/// A conflict as an answer: `{"conflict": {"code", "message"}}`. The guest's errors have no kind
/// for it, and authors want to tell it from arguments that are wrong.
fn conflicting(result: Result<Value>) -> Result<Value> {
    match result {
        Err(Error::Conflict { code, message }) => {
            Ok(json!({ "conflict": { "code": code, "message": message } }))
        }
        other => other,
    }
}

/// An organization as the SDK has it.
fn organization(one: &organizations::Organization) -> Value {
    json!({
        "id": one.id,
        "name": one.name,
        "domain": one.domain,
        "is_active": one.is_active,
        "is_provider": one.is_provider,
        "created_at": one.created_at,
    })
}
