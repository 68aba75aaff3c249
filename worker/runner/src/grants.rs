//! Answers what a run asks for, within the run's own scope. The scope comes from the
//! run's record; what the guest names can only be refused.

use crate::egress::{Egress, Rests};
use crate::http_calls::Calls;
use crate::protocol::{Call, Reply};
use crate::redact::{Redactor, TooMany};
use bifrost_core::ports::{Api, Bus, Objects};
use bifrost_core::{Caller, ConfigType, Error, ExecutionId, Lineage, Operation, OrganizationId, Scope};
use bifrost_oauth::OAuth;
use bifrost_sandbox::{CapabilityError, ConfigEntry, ErrorKind};
use bifrost_store::audit::{self, Event};
use bifrost_store::{Db, Keyring, Scoped, config};
use std::collections::HashSet;
use std::sync::Arc;

/// What one run was given.
pub struct Grants {
    /// The database, in the hands of the run.
    pub db: Db,
    /// Decrypts secrets.
    pub keys: Keyring,
    /// The way out.
    pub egress: Egress,
    /// Connections of integrations.
    pub oauth: OAuth,
    /// The organization that the run belongs to.
    pub organization: OrganizationId,
    /// Who owns the code.
    pub workspace: Scope,
    /// An organization's own code had a part in starting the run.
    pub is_confined: bool,
    /// In whose name it acts, as the record has them.
    pub caller: Caller,
    /// Of the runs that it starts.
    pub children: Lineage,
    /// Large documents of runs.
    pub objects: Arc<dyn Objects>,
    /// Tells others of runs that it starts.
    pub bus: Arc<dyn Bus>,
    /// The platform's own API, where this process has it.
    pub api: Option<Arc<dyn Api>>,
    /// The run.
    pub execution: ExecutionId,
    /// Answers that are not whole yet.
    pub(crate) rests: Rests,
    /// What is remembered of its HTTP calls.
    pub(crate) calls: Arc<Calls>,
    /// Secrets that were handed out.
    pub(crate) redactor: Redactor,
    /// Their names, once each, as far as the audit log knows.
    pub(crate) told: tokio::sync::Mutex<HashSet<String>>,
}

pub(crate) fn refusal(error: Error) -> CapabilityError {
    let kind = match &error {
        Error::NotFound(_) | Error::Gone(_) => ErrorKind::NotFound,
        Error::Invalid { .. } | Error::Conflict { .. } => ErrorKind::Invalid,
        Error::Unauthenticated | Error::SecondFactorRequired | Error::Denied(_) => ErrorKind::Denied,
        Error::Busy(_) | Error::Limited { .. } => ErrorKind::Unavailable,
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
    /// Writes down that the run reads a secret of `kind`: once for each name, before it has it.
    pub(crate) async fn tell(&self, kind: &str, name: &str, is_global: bool) -> bifrost_core::Result<()> {
        let mut told = self.told.lock().await;
        let known = format!("{kind}:{name}");
        if told.contains(&known) {
            return Ok(());
        }
        let event = Event::new("secret.read")
            .within(self.organization)
            .target(kind, name)
            .detail("is_global", is_global);
        audit::note(&self.db, event).await?;
        told.insert(known);
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
            Call::Http(request) => {
                let begun = self.calls.begin(&request, &self.redactor);
                let answer = self.rests.open(&self.egress, request).await;
                self.calls.answered(begun, &answer);
                Reply::Http(answer)
            }
            Call::HttpMore { rest } => {
                let piece = self.rests.more(rest).await;
                self.calls.more(rest, &piece);
                Reply::HttpMore(piece)
            }
            Call::Platform { operation, arguments } => {
                Reply::Platform(self.platform(&operation, &arguments).await)
            }
        }
    }

    async fn scoped(&self, operation: Operation, named: Option<&str>) -> Result<Scoped, CapabilityError> {
        Ok(self.db.scope(self.scope(operation, named).await.map_err(refusal)?))
    }

    async fn config_get(
        &self,
        key: &str,
        scope: Option<String>,
    ) -> Result<Option<ConfigEntry>, CapabilityError> {
        let scoped = self.scoped(Operation::ConfigRead, scope.as_deref()).await?;
        let provider_code = self.workspace == Scope::Global;
        let found = config::get(&scoped, &self.keys, key, provider_code).await.map_err(refusal)?;
        let Some(entry) = found else {
            if !provider_code {
                self.note_withheld(key).await;
            }
            return Ok(None);
        };
        if let Some(secret) = entry.value.as_ref().filter(|_| entry.is_secret()) {
            // What cannot be redacted is not handed out.
            let too_many = |error: TooMany| CapabilityError::new(ErrorKind::Limit, error.to_string());
            self.redactor.add(secret).map_err(too_many)?;
            self.tell("config", &entry.key, entry.scope == Scope::Global).await.map_err(refusal)?;
        }
        Ok(Some(told(entry)))
    }

    /// A global secret answers like a key that does not exist; that it was asked for is
    /// written down.
    async fn note_withheld(&self, key: &str) {
        match config::is_withheld(&self.db, key).await {
            Ok(false) => {}
            Ok(true) => {
                let error = Error::Denied(format!("the global secret `{key}` is not shared"));
                self.refused(Operation::ConfigRead, Some("global"), &error).await;
            }
            Err(error) => tracing::warn!("whether a secret was withheld is not known: {error:#}"),
        }
    }

    async fn config_set(
        &self,
        key: String,
        value: &str,
        kind: Option<ConfigType>,
        scope: Option<String>,
    ) -> Result<(), CapabilityError> {
        let scoped = self.scoped(Operation::ConfigWrite, scope.as_deref()).await?;
        let value = serde_json::from_str(value)
            .map_err(|e| CapabilityError::new(ErrorKind::Invalid, format!("the value is not JSON: {e}")))?;
        let new = config::NewEntry { key, value, kind, description: None, updated_by: None };
        config::set(&scoped, &self.keys, new).await.map(drop).map_err(refusal)
    }

    async fn config_list(&self, scope: Option<String>) -> Result<Vec<ConfigEntry>, CapabilityError> {
        let scoped = self.scoped(Operation::ConfigRead, scope.as_deref()).await?;
        let entries = config::list(&scoped).await.map_err(refusal)?;
        Ok(entries.into_iter().map(told).collect())
    }

    async fn config_delete(&self, key: &str, scope: Option<String>) -> Result<bool, CapabilityError> {
        let scoped = self.scoped(Operation::ConfigWrite, scope.as_deref()).await?;
        config::delete(&scoped, key).await.map_err(refusal)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::World;
    use bifrost_store::audit::{Filters, Order};

    #[tokio::test]
    async fn a_secret_is_noted_once_for_each_run_and_name() {
        let world = World::new().await;
        let secret = Some(ConfigType::Secret);
        for (key, kind) in [("token", secret), ("other", secret), ("host", None)] {
            world.set(key, "v-7f3a", kind).await;
        }
        let ids = [ExecutionId::new(), ExecutionId::new()];
        for id in ids {
            let run = world.run(id);
            let all = ["token", "token", "other", "host", "nothing"].map(|key| run.config_get(key, None));
            futures::future::join_all(all).await.into_iter().for_each(|read| drop(read.expect("read")));
        }
        while audit::append(&world.db).await.expect("appended") > 0 {}
        let filters = Filters { action: Some("secret.read".into()), ..Filters::default() };
        let org = world.db.org(world.organization);
        let found = audit::search(&org, &filters, Order::OldestFirst(0), 100).await.expect("found");
        let mut seen: Vec<_> = found
            .iter()
            .map(|one| (one.entry.actor.execution, one.entry.target.as_deref().unwrap_or_default()))
            .collect();
        seen.sort_unstable();
        let expected = ids.map(|id| [(Some(id), "config:other"), (Some(id), "config:token")]).concat();
        assert_eq!(seen, expected);
        assert!(found.iter().all(|one| !one.text.contains("v-7f3a")));
    }
}
