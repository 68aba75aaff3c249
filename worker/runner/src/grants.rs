//! Answers what a run asks for, within the run's own scope. The scope comes from the
//! run's record; what the guest names can only be refused.

use crate::egress::Egress;
use crate::protocol::{Call, Reply};
use crate::redact::{Redactor, TooMany};
use bifrost_core::{Caller, ConfigType, Error, OrganizationId, Scope};
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

/// An entry as the guest sees it; a list has no values of secrets.
fn told(entry: config::Entry) -> ConfigEntry {
    ConfigEntry { key: entry.key, value: entry.value.map(|value| value.to_string()), kind: entry.kind }
}

impl Grants {
    /// What a draft may reach: the caller's own organization.
    pub fn for_caller(db: Db, keys: Keyring, egress: Egress, caller: &Caller, workspace: Scope) -> Self {
        let organization = workspace.organization().unwrap_or(caller.organization);
        let egress = egress.of(organization);
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
            Call::ConfigSet { key, value, kind, scope } => {
                Reply::ConfigSet(self.config_set(key, &value, kind, scope).await)
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
        let Some(entry) = found else { return Ok(None) };
        if let Some(secret) = entry.value.as_ref().filter(|_| entry.is_secret()) {
            // What cannot be redacted is not handed out.
            let too_many = |error: TooMany| CapabilityError::new(ErrorKind::Limit, error.to_string());
            self.redactor.add(secret).map_err(too_many)?;
            self.tell(&entry).await?;
        }
        Ok(Some(told(entry)))
    }

    async fn config_set(
        &self,
        key: String,
        value: &str,
        kind: Option<ConfigType>,
        scope: Option<String>,
    ) -> Result<(), CapabilityError> {
        let scoped = self.db.scope(self.scope(scope)?);
        let value = serde_json::from_str(value)
            .map_err(|e| CapabilityError::new(ErrorKind::Invalid, format!("the value is not JSON: {e}")))?;
        let new = config::NewEntry { key, value, kind, description: None, updated_by: None };
        config::set(&scoped, &self.keys, new).await.map(drop).map_err(refusal)
    }

    async fn config_list(&self, scope: Option<String>) -> Result<Vec<ConfigEntry>, CapabilityError> {
        let scoped = self.db.scope(self.scope(scope)?);
        let entries = config::list(&scoped).await.map_err(refusal)?;
        Ok(entries.into_iter().map(told).collect())
    }

    async fn config_delete(&self, key: &str, scope: Option<String>) -> Result<bool, CapabilityError> {
        config::delete(&self.db.scope(self.scope(scope)?), key).await.map_err(refusal)
    }
}
