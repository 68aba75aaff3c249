//! `integrations.*_mapping`: what organizations are in an integration. Those of an organization's
//! own integration are its own to write; those of the provider's are written by the provider's
//! code, because they decide whose data the provider's credentials reach.

use super::parse;
use crate::grants::Grants;
use bifrost_core::integration::Values;
use bifrost_core::{Error, Operation, Result, Scope};
use bifrost_store::integrations::{Integration, Mapping, NewMapping, definitions, mappings};
use serde::Deserialize;
use serde_json::{Value, json};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct List {
    name: String,
    #[serde(default)]
    scope: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Get {
    name: String,
    #[serde(default)]
    scope: Option<String>,
    #[serde(default)]
    entity_id: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Set {
    name: String,
    #[serde(default)]
    scope: Option<String>,
    entity_id: String,
    #[serde(default)]
    entity_name: Option<String>,
    #[serde(default)]
    config: Option<Values>,
}

fn view(integration: &Integration, mapping: &Mapping) -> Value {
    json!({
        "id": mapping.id,
        "integration_id": mapping.integration_id,
        "integration_name": integration.name,
        "organization_id": mapping.organization_id,
        "entity_id": mapping.entity_id,
        "entity_name": mapping.entity_name,
        "config": mapping.config,
        "created_at": mapping.created_at,
        "updated_at": mapping.updated_at,
    })
}

impl Grants {
    pub(super) async fn mappings_list(&self, arguments: &str) -> Result<Value> {
        let List { name, scope } = parse(arguments)?;
        let (integration, all) = self.mappings_of(&name, scope.as_deref()).await?;
        Ok(all.iter().map(|mapping| view(&integration, mapping)).collect())
    }

    pub(super) async fn mappings_get(&self, arguments: &str) -> Result<Value> {
        let Get { name, scope, entity_id } = parse(arguments)?;
        let (integration, all) = if entity_id.is_some() {
            self.mappings_of(&name, scope.as_deref()).await?
        } else {
            let target = self.scope(Operation::IntegrationsMappings, scope.as_deref()).await?;
            self.mappings_in(&name, target).await?
        };
        let is_meant = |mapping: &&Mapping| entity_id.as_ref().is_none_or(|id| *id == mapping.entity_id);
        let found = all.iter().find(is_meant).ok_or(Error::NotFound("mapping"))?;
        Ok(view(&integration, found))
    }

    pub(super) async fn mappings_set(&self, arguments: &str) -> Result<Value> {
        let Set { name, scope, entity_id, entity_name, config } = parse(arguments)?;
        let (target, integration) = self.writable(&name, scope.as_deref()).await?;
        let new = NewMapping { entity_id, entity_name, config: config.unwrap_or_default() };
        let mapping = mappings::set(&self.db.scope(target), &self.keys, integration.id, new).await?;
        Ok(view(&integration, &mapping))
    }

    pub(super) async fn mappings_delete(&self, arguments: &str) -> Result<Value> {
        let List { name, scope } = parse(arguments)?;
        let (target, integration) = self.writable(&name, scope.as_deref()).await?;
        Ok(mappings::remove(&self.db.scope(target), integration.id).await?.into())
    }

    /// The mappings that are meant. Where no organization is named: all of them, for a run that
    /// may act for all.
    async fn mappings_of(&self, name: &str, named: Option<&str>) -> Result<(Integration, Vec<Mapping>)> {
        let names_one = named.is_some_and(|named| !named.is_empty() && !named.eq_ignore_ascii_case("global"));
        if !names_one {
            // Whoever may not ask for all is told of their own; that is no refusal.
            let all =
                self.standing().await.is_ok_and(|now| self.rights(now.permissions).crosses_organizations());
            if all {
                let own = definitions::find(&self.db.org(self.organization), name).await;
                let integration = match own {
                    Err(Error::NotFound(_)) => definitions::find(&self.db.scope(Scope::Global), name).await?,
                    found => found?,
                };
                let all = mappings::all(&self.db, integration.id).await?;
                return Ok((integration, all));
            }
            return self.mappings_in(name, Scope::Organization(self.organization)).await;
        }
        let target = self.scope(Operation::IntegrationsMappings, named).await?;
        self.mappings_in(name, target).await
    }

    async fn mappings_in(&self, name: &str, target: Scope) -> Result<(Integration, Vec<Mapping>)> {
        let scoped = self.db.scope(target);
        let integration = definitions::find(&scoped, name).await?;
        let mapping = mappings::get(&scoped, integration.id).await?;
        Ok((integration, mapping.into_iter().collect()))
    }

    /// The organization whose mapping the run may write, and the integration.
    async fn writable(&self, name: &str, named: Option<&str>) -> Result<(Scope, Integration)> {
        let target = self.scope(Operation::IntegrationsMap, named).await?;
        if target == Scope::Global {
            let message = "a mapping is an organization's: name its id; what is global has none";
            return Err(Error::invalid("scope", message));
        }
        let integration = definitions::find(&self.db.scope(target), name).await?;
        if integration.scope == Scope::Global {
            self.scope(Operation::IntegrationsMapGlobal, named).await?;
        }
        Ok((target, integration))
    }
}
