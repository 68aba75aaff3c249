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

/// Every operation by its name and what answers it: the dispatch, and the list that tests go
/// through, cannot differ.
macro_rules! operations {
    ($($name:literal => $answers:ident,)+) => {
        /// Names of all operations.
        #[cfg(test)]
        pub(crate) const NAMES: &[&str] = &[$($name),+];

        impl Grants {
            /// The answer of an operation; `None` where there is none of this name.
            async fn dispatch(&self, operation: &str, arguments: &str) -> Option<Result<Value>> {
                Some(match operation {
                    $($name => self.$answers(arguments).await,)+
                    _ => return None,
                })
            }
        }
    };
}

operations! {
    "context.set_scope" => set_scope,
    "organizations.list" => organizations_list,
    "organizations.get" => organizations_get,
    "organizations.create" => organizations_create,
    "organizations.update" => organizations_update,
    "users.list" => users_list,
    "users.get" => users_get,
    "users.create" => users_create,
    "users.update" => users_update,
    "roles.list" => roles_list,
    "roles.get" => roles_get,
    "roles.list_forms" => roles_list_forms,
    "roles.assign_forms" => roles_assign_forms,
    "forms.list" => forms_list,
    "forms.get" => forms_get,
    "roles.create" => roles_create,
    "roles.update" => roles_update,
    "roles.delete" => roles_delete,
    "roles.list_users" => roles_list_users,
    "roles.assign_users" => roles_assign_users,
    "workflows.list" => workflows_list,
    "workflows.execute" => workflows_execute,
    "workflows.cancel" => workflows_cancel,
    "api.call" => api_call,
    "events.emit" => events_emit,
    "executions.list" => executions_list,
    "executions.get" => executions_get,
    "executions.logs" => executions_logs,
    "integrations.list" => integrations_list,
    "integrations.get" => integrations_get,
    "integrations.refresh" => integrations_refresh,
    "integrations.list_mappings" => mappings_list,
    "integrations.get_mapping" => mappings_get,
    "integrations.upsert_mapping" => mappings_set,
    "integrations.delete_mapping" => mappings_delete,
    "tables.create" => tables_create,
    "tables.list" => tables_list,
    "tables.delete" => tables_delete,
    "tables.insert" => tables_insert,
    "tables.upsert" => tables_upsert,
    "tables.get" => tables_get,
    "tables.update" => tables_update,
    "tables.delete_documents" => tables_delete_documents,
    "tables.query" => tables_query,
    "tables.count" => tables_count,
    "files.read" => files_read,
    "files.write" => files_write,
    "files.list" => files_list,
    "files.exists" => files_exists,
    "files.delete" => files_delete,
    "files.sign" => files_sign,
}

impl Grants {
    /// Answers `platform.call`: JSON text in, JSON text out.
    pub(crate) async fn platform(
        &self,
        operation: &str,
        arguments: &str,
    ) -> std::result::Result<String, CapabilityError> {
        match self.dispatch(operation, arguments).await {
            Some(answer) => answer.map(|value| value.to_string()).map_err(refusal),
            None => {
                let message = format!("the platform has no operation `{}`", operation.escape_debug());
                Err(CapabilityError::new(ErrorKind::NotFound, message))
            }
        }
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
