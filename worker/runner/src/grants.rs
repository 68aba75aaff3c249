//! Answers what a run asks for, within the run's own scope. The scope comes from the
//! run's record; what the guest names can only be refused.

use crate::egress::Egress;
use crate::protocol::{Call, Reply};
use crate::redact::Redactor;
use bifrost_core::{Caller, Error, OrganizationId, Scope};
use bifrost_sandbox::{CapabilityError, ConfigEntry, ErrorKind};
use bifrost_store::audit::{self, Event};
use bifrost_store::{Db, Keyring, config};
use std::collections::HashSet;

/// What one run was given.
pub struct Grants {
    /// The database.
    pub db: Db,
    /// Decrypts secrets.
    pub keys: Keyring,
    /// The way out.
    pub egress: Egress,
    /// The organization that the run belongs to.
    pub organization: OrganizationId,
    /// Who owns the code.
    pub workspace: Scope,
    /// Secrets that were handed out.
    pub(crate) redactor: Redactor,
    /// Their names, once each, as far as the audit log knows.
    pub(crate) told: tokio::sync::Mutex<HashSet<String>>,
}

fn refusal(error: Error) -> CapabilityError {
    let kind = match &error {
        Error::NotFound(_) | Error::Gone(_) => ErrorKind::NotFound,
        Error::Invalid { .. } | Error::Conflict { .. } => ErrorKind::Invalid,
        Error::Unauthenticated | Error::Denied(_) => ErrorKind::Denied,
        Error::Busy(_) => ErrorKind::Unavailable,
        Error::Internal(cause) => {
            tracing::error!("a capability failed: {cause:#}");
            return CapabilityError::new(ErrorKind::Unavailable, "the platform failed; try again");
        }
    };
    CapabilityError::new(kind, error.to_string())
}

impl Grants {
    /// What a draft may reach: the caller's own organization.
    pub fn for_caller(db: Db, keys: Keyring, egress: Egress, caller: &Caller, workspace: Scope) -> Self {
        let organization = workspace.organization().unwrap_or(caller.organization);
        let (redactor, told) = Default::default();
        Self { db, keys, egress, organization, workspace, redactor, told }
    }

    /// Writes down that the run reads a secret: once for each name, before it has it.
    async fn tell(&self, entry: &config::Entry) -> Result<(), CapabilityError> {
        let mut told = self.told.lock().await;
        if told.contains(&entry.key) {
            return Ok(());
        }
        let event = Event::new("secret.read")
            .within(self.organization)
            .target("config", &entry.key)
            .detail("is_global", entry.scope == Scope::Global);
        audit::note(&self.db, event).await.map_err(refusal)?;
        told.insert(entry.key.clone());
        Ok(())
    }

    /// Answers one call.
    pub async fn answer(&self, call: Call) -> Reply {
        match call {
            Call::ConfigGet { key, scope } => Reply::ConfigGet(self.config_get(&key, scope).await),
            Call::ConfigSet { key, value, is_secret, scope } => {
                Reply::ConfigSet(self.config_set(key, &value, is_secret, scope).await)
            }
            Call::ConfigList { scope } => Reply::ConfigList(self.config_list(scope).await),
            Call::ConfigDelete { key, scope } => Reply::ConfigDelete(self.config_delete(&key, scope).await),
            Call::Http(request) => Reply::Http(self.egress.send(request).await),
            Call::Platform { operation, .. } => Reply::Platform(Err(CapabilityError::new(
                ErrorKind::NotFound,
                format!("the platform has no operation `{operation}`"),
            ))),
        }
    }

    /// The scope that the guest named, if it is one the run has.
    fn scope(&self, named: Option<String>) -> Result<Scope, CapabilityError> {
        let own = Scope::Organization(self.organization);
        match named.as_deref() {
            None | Some("") => Ok(own),
            Some(id) if id.parse::<OrganizationId>().is_ok_and(|id| id == self.organization) => Ok(own),
            Some("global" | "GLOBAL") if self.workspace == Scope::Global => Ok(Scope::Global),
            Some(_) => Err(CapabilityError::new(
                ErrorKind::Denied,
                "this run may only use the configuration of its own organization",
            )),
        }
    }

    async fn config_get(
        &self,
        key: &str,
        scope: Option<String>,
    ) -> Result<Option<ConfigEntry>, CapabilityError> {
        let scoped = self.db.scope(self.scope(scope)?);
        let provider_code = self.workspace == Scope::Global;
        let found = config::get(&scoped, &self.keys, key, provider_code).await.map_err(refusal)?;
        if let Some(entry) = found.as_ref().filter(|entry| entry.is_secret) {
            self.tell(entry).await?;
        }
        Ok(found.map(|entry| {
            if entry.is_secret {
                match &entry.value {
                    Some(serde_json::Value::String(text)) => self.redactor.add(text),
                    Some(other) => self.redactor.add(&other.to_string()),
                    None => {}
                }
            }
            let value = entry.value.map(|value| value.to_string());
            ConfigEntry { key: entry.key, value, is_secret: entry.is_secret }
        }))
    }

    async fn config_set(
        &self,
        key: String,
        value: &str,
        is_secret: bool,
        scope: Option<String>,
    ) -> Result<(), CapabilityError> {
        let scoped = self.db.scope(self.scope(scope)?);
        let value = serde_json::from_str(value)
            .map_err(|e| CapabilityError::new(ErrorKind::Invalid, format!("the value is not JSON: {e}")))?;
        let new = config::NewEntry { key, value, is_secret, description: None, updated_by: None };
        config::set(&scoped, &self.keys, new).await.map_err(refusal)
    }

    async fn config_list(&self, scope: Option<String>) -> Result<Vec<ConfigEntry>, CapabilityError> {
        let scoped = self.db.scope(self.scope(scope)?);
        let entries = config::list(&scoped).await.map_err(refusal)?;
        Ok(entries
            .into_iter()
            .map(|entry| ConfigEntry {
                key: entry.key,
                value: entry.value.filter(|_| !entry.is_secret).map(|value| value.to_string()),
                is_secret: entry.is_secret,
            })
            .collect())
    }

    async fn config_delete(&self, key: &str, scope: Option<String>) -> Result<bool, CapabilityError> {
        config::delete(&self.db.scope(self.scope(scope)?), key).await.map_err(refusal)
    }
}
