//! What an organization is in an integration, and what is different for it.

use super::definitions::{self, Integration};
use super::vault::{self, Name};
use crate::audit::{Event, record};
use crate::keyring::Keyring;
use crate::{Db, Row, Scoped, Sql, Tx, Value, now};
use bifrost_core::integration::{Values, changed, checked_entity, merged};
use bifrost_core::{Error, IntegrationId, MappingId, OrganizationId, Result};
use chrono::{DateTime, Utc};

/// A mapping as the database has it, without what is secret.
#[derive(Clone, Debug, PartialEq)]
pub struct Mapping {
    /// Its id.
    pub id: MappingId,
    /// In which integration.
    pub integration_id: IntegrationId,
    /// Which organization.
    pub organization_id: OrganizationId,
    /// What it is called there.
    pub entity_id: String,
    /// The same, for people.
    pub entity_name: Option<String>,
    /// What is different for it, and no secret.
    pub config: Values,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// Last change.
    pub updated_at: DateTime<Utc>,
}

/// What to set.
#[derive(Clone, Debug, Default)]
pub struct NewMapping {
    /// What the organization is called in the other system.
    pub entity_id: String,
    /// The same, for people; `None` leaves it, and an empty one takes it away.
    pub entity_name: Option<String>,
    /// Values, key by key, secrets among them; `null` takes one away.
    pub config: Values,
}

const SELECT: &str =
    "SELECT m.id, m.integration_id, m.organization_id, m.entity_id, m.entity_name, m.config, m.created_at,
   m.updated_at FROM integration_mappings m";

/// Says what the handle's organization is in an integration that it sees: its own, or a global
/// one. Whether it may say that of itself is decided elsewhere.
pub async fn set(
    org: &Scoped,
    keys: &Keyring,
    integration: IntegrationId,
    new: NewMapping,
) -> Result<Mapping> {
    let new = NewMapping {
        entity_id: checked_entity("entity_id", &new.entity_id)?,
        entity_name: new.entity_name.map(|name| checked_name(&name)).transpose()?,
        ..new
    };
    let keys = keys.clone();
    org.write(move |tx| Box::pin(async move { set_in(tx, &keys, integration, new).await })).await
}

/// An empty name stays one: it takes away what there was.
fn checked_name(name: &str) -> Result<String> {
    if name.trim().is_empty() { Ok(String::new()) } else { checked_entity("entity_name", name) }
}

async fn set_in(tx: &mut Tx, keys: &Keyring, integration: IntegrationId, new: NewMapping) -> Result<Mapping> {
    let organization = organization(tx)?;
    let integration = definitions::get_in(tx, integration).await?;
    let old = of(tx, integration.id).await?;
    let id = old.as_ref().map_or_else(MappingId::new, |old| old.id);
    let mut kept = vault::values(tx, keys, Name::Mapping(id)).await?;
    // What was a secret when it was said stays unreadable when the field is none any more.
    kept.retain(|key, _| integration.schema.is_secret(key));
    let before = old.as_ref().map(|old| old.config.clone()).unwrap_or_default();
    let mut values = changed(merged([&before, &kept]), new.config);
    // The schema may have lost fields since.
    values.retain(|key, _| {
        integration.schema.field(key).is_some() || !(before.contains_key(key) || kept.contains_key(key))
    });
    integration.schema.check_values(&values)?;
    let (plain, secret) = integration.schema.split(values);
    let name = new.entity_name.or_else(|| old.as_ref().and_then(|old| old.entity_name.clone()));
    let name = name.filter(|name| !name.is_empty());
    let sql = Sql::new(
        "INSERT INTO integration_mappings (id, organization_id, integration_id, entity_id, entity_name, config, created_at, updated_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $7)
         ON CONFLICT (integration_id, organization_id) DO UPDATE SET entity_id = excluded.entity_id,
           entity_name = excluded.entity_name, config = excluded.config, updated_at = excluded.updated_at
         RETURNING id",
    )
    .bind(id)
    .bind(organization)
    .bind(integration.id)
    .bind(new.entity_id.as_str())
    .bind(name.clone())
    .bind(Value::json(&plain)?)
    .bind(now());
    // Another process may have made it in between.
    let id: MappingId = tx.one(sql).await?.get("id")?;
    vault::put_values(tx, keys, Name::Mapping(id), &secret).await?;
    let entity = old.as_ref().map(|old| old.entity_id.clone());
    let mut event = Event::new("integration_mapping.set")
        .target("integration_mapping", id)
        .detail("integration", &integration.name)
        .change("entity_id", &entity, &Some(new.entity_id))
        .change("entity_name", &old.and_then(|old| old.entity_name), &name)
        .change("config", &before, &plain);
    for key in secret.iter().filter(|(key, value)| kept.get(*key) != Some(*value)).map(|(key, _)| key) {
        event = event.masked(&format!("config.{key}"));
    }
    record(tx, event).await?;
    of(tx, integration.id).await?.ok_or(Error::NotFound("mapping"))
}

/// Takes the handle's organization out of an integration; true when it was in it. Its connection
/// stays.
pub async fn remove(org: &Scoped, integration: IntegrationId) -> Result<bool> {
    org.write(move |tx| {
        Box::pin(async move {
            let integration = definitions::get_in(tx, integration).await?;
            let Some(mapping) = of(tx, integration.id).await? else { return Ok(false) };
            delete_in(tx, &integration, &mapping).await?;
            Ok(true)
        })
    })
    .await
}

pub(super) async fn delete_in(tx: &mut Tx, integration: &Integration, mapping: &Mapping) -> Result<()> {
    vault::remove(tx, Name::Mapping(mapping.id)).await?;
    tx.execute(Sql::new("DELETE FROM integration_mappings WHERE id = $1").bind(mapping.id)).await?;
    let event = Event::new("integration_mapping.delete")
        .target("integration_mapping", mapping.id)
        .detail("integration", &integration.name)
        .detail("entity_id", &mapping.entity_id);
    record(tx, event).await
}

/// What the handle's organization is in an integration; `None` when it is not in it.
pub async fn get(org: &Scoped, integration: IntegrationId) -> Result<Option<Mapping>> {
    of(&mut org.read().await?, integration).await
}

/// The mapping of the transaction's organization; the global scope has none.
pub(super) async fn of(tx: &mut Tx, integration: IntegrationId) -> Result<Option<Mapping>> {
    let Some(organization) = tx.access().organization() else { return Ok(None) };
    let mut sql = Sql::new(SELECT);
    sql.push(" WHERE m.integration_id = ").push_bind(integration);
    sql.push(" AND m.organization_id = ").push_bind(organization);
    tx.optional(sql).await?.as_ref().map(read).transpose()
}

/// All organizations of an integration, by what they are called there. For whoever may see all
/// of them.
pub async fn all(db: &Db, integration: IntegrationId) -> Result<Vec<Mapping>> {
    let mut sql = Sql::new(SELECT);
    sql.push(" WHERE m.integration_id = ").push_bind(integration).push(" ORDER BY m.entity_id, m.id");
    db.system().read().await?.all(sql).await?.iter().map(read).collect()
}

fn organization(tx: &Tx) -> Result<OrganizationId> {
    tx.access().organization().ok_or_else(|| {
        Error::invalid("scope", "a mapping is an organization's: name one; what is global has none")
    })
}

fn read(row: &Row) -> Result<Mapping> {
    Ok(Mapping {
        id: row.get("id")?,
        integration_id: row.get("integration_id")?,
        organization_id: row.get("organization_id")?,
        entity_id: row.get("entity_id")?,
        entity_name: row.opt("entity_name")?,
        config: row.document("config")?,
        created_at: row.get("created_at")?,
        updated_at: row.get("updated_at")?,
    })
}
