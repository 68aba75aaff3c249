//! Definitions: which values an integration needs, the values that all organizations share, and
//! where its authorization server is.

use super::vault::{self, Name};
use crate::audit::{Event, record};
use crate::error::taken;
use crate::keyring::Keyring;
use crate::{Access, Row, Scoped, Sql, Tx, Value, now};
use bifrost_core::integration::{MAX_DESCRIPTION, Schema, Values, changed, checked_name, merged};
use bifrost_core::{Error, IntegrationId, OAuthSettings, OrganizationId, Result, Scope, UserId};
use chrono::{DateTime, Utc};
use uuid::Uuid;
use zeroize::Zeroizing;

/// Most integrations of one organization, and of the provider.
pub const MAX_INTEGRATIONS: i64 = 500;
/// Longest secret of a client, in bytes; a private key fits.
pub const MAX_CLIENT_SECRET: usize = 8 << 10;

/// Most connections that a refusal names.
const NAMED: u32 = 10;
const NO_SERVER: &str = "it is of an authorization server: `oauth` says which";

/// A definition as the database has it, without what is secret.
#[derive(Clone, Debug, PartialEq)]
pub struct Integration {
    /// Its id.
    pub id: IntegrationId,
    /// Whose it is; global for all.
    pub scope: Scope,
    /// One of a kind within its scope.
    pub name: String,
    /// For people.
    pub description: String,
    /// Which values it needs.
    pub schema: Schema,
    /// Those values that are no secrets.
    pub config: Values,
    /// Its authorization server, where it has one.
    pub oauth: Option<OAuthSettings>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// Last change.
    pub updated_at: DateTime<Utc>,
}

/// What a definition keeps to itself, as it can be told.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Kept {
    /// Keys of secret values.
    pub secret_keys: Vec<String>,
    /// Whether the client's secret is there.
    pub has_client_secret: bool,
}

/// A definition to make.
#[derive(Clone, Debug)]
pub struct NewIntegration {
    /// One of a kind within its scope.
    pub name: String,
    /// For people.
    pub description: String,
    /// Which values it needs.
    pub schema: Schema,
    /// Values, secrets among them.
    pub config: Values,
    /// Its authorization server.
    pub oauth: Option<OAuthSettings>,
    /// Of its client there; `None` for a public one.
    pub client_secret: Option<Zeroizing<String>>,
    /// Who makes it.
    pub created_by: UserId,
}

/// What to change; `None` stays.
#[derive(Clone, Debug, Default)]
pub struct Change {
    /// For people.
    pub description: Option<String>,
    /// Which values it needs.
    pub schema: Option<Schema>,
    /// Values, key by key; `null` takes one away.
    pub config: Option<Values>,
    /// `Some(None)` takes the authorization server away.
    pub oauth: Option<Option<OAuthSettings>>,
    /// `Some(None)` takes the secret away.
    pub client_secret: Option<Option<Zeroizing<String>>>,
}

const SELECT: &str =
    "SELECT i.id, i.organization_id, i.name, i.description, i.fields, i.config, i.oauth, i.created_at,
   i.updated_at FROM integrations i";

pub(super) fn check_client_secret(secret: Option<&Zeroizing<String>>) -> Result<()> {
    match secret {
        Some(secret) if !(1..=MAX_CLIENT_SECRET).contains(&secret.len()) => {
            Err(Error::invalid("client_secret", format!("expected 1 to {MAX_CLIENT_SECRET} bytes")))
        }
        _ => Ok(()),
    }
}

fn checked_description(text: &str) -> Result<String> {
    let text = text.trim();
    if text.len() <= MAX_DESCRIPTION {
        return Ok(text.to_owned());
    }
    Err(Error::invalid("description", format!("expected at most {MAX_DESCRIPTION} bytes")))
}

/// Makes a definition in the handle's scope. `Conflict` with `already_exists` for a name that is
/// taken there, or `too_many_integrations`.
pub async fn create(scoped: &Scoped, keys: &Keyring, new: NewIntegration) -> Result<Integration> {
    let new = NewIntegration {
        name: checked_name(&new.name)?,
        description: checked_description(&new.description)?,
        oauth: new.oauth.map(OAuthSettings::checked).transpose()?,
        ..new
    };
    new.schema.check()?;
    new.schema.check_values(&new.config)?;
    check_client_secret(new.client_secret.as_ref())?;
    if new.client_secret.is_some() && new.oauth.is_none() {
        return Err(Error::invalid("client_secret", NO_SERVER));
    }
    let keys = keys.clone();
    scoped.write(move |tx| Box::pin(async move { create_in(tx, &keys, new).await })).await
}

async fn create_in(tx: &mut Tx, keys: &Keyring, new: NewIntegration) -> Result<Integration> {
    let count = Sql::new("SELECT COUNT(*) AS n FROM integrations WHERE scope_id = $1");
    if tx.one(count.bind(tx.access().scope_id()?)).await?.get::<i64>("n")? >= MAX_INTEGRATIONS {
        let message = format!("there are {MAX_INTEGRATIONS} integrations already");
        return Err(Error::Conflict { code: "too_many_integrations", message });
    }
    let (id, (plain, secret)) = (IntegrationId::new(), new.schema.split(new.config));
    let sql = Sql::new(
        "INSERT INTO integrations (id, organization_id, name, description, fields, config, oauth, created_by,
           created_at, updated_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9)",
    )
    .bind(id)
    .bind(tx.access().organization())
    .bind(new.name.as_str())
    .bind(new.description.as_str())
    .bind(Value::json(&new.schema)?)
    .bind(Value::json(&plain)?)
    .bind(oauth_value(new.oauth.as_ref())?)
    .bind(new.created_by)
    .bind(now());
    tx.execute(sql).await.map_err(taken("there is an integration with this name already"))?;
    vault::put_values(tx, keys, Name::Definition(id), &secret).await?;
    if let Some(secret) = &new.client_secret {
        vault::put(tx, keys, Name::Client(id), secret).await?;
    }
    let mut event = Event::new("integration.create")
        .target("integration", id)
        .detail("name", &new.name)
        .detail("config", &plain)
        .maybe("oauth", new.oauth.as_ref());
    for key in secret.keys() {
        event = event.masked(&format!("config.{key}"));
    }
    record(tx, if new.client_secret.is_some() { event.masked("client_secret") } else { event }).await?;
    get_in(tx, id).await
}

fn oauth_value(oauth: Option<&OAuthSettings>) -> Result<Value> {
    oauth.map_or(Ok(Value::Json(None)), Value::json)
}

/// Changes a definition of the handle's own scope. Secrets do not go to another token endpoint by
/// themselves: they have to be entered with its address. `Conflict` with `integration_in_use` where
/// the authorization server is taken away and somebody is connected to it.
pub async fn update(scoped: &Scoped, keys: &Keyring, name: &str, change: Change) -> Result<Integration> {
    let description = change.description.as_deref().map(checked_description).transpose()?;
    let oauth = change.oauth.map(|oauth| oauth.map(OAuthSettings::checked).transpose()).transpose()?;
    check_client_secret(change.client_secret.as_ref().and_then(Option::as_ref))?;
    let change = Change { description, oauth, ..change };
    if change.oauth == Some(None) {
        check_unconnected(scoped, name).await?;
    }
    let (keys, name) = (keys.clone(), name.to_owned());
    scoped.write(move |tx| Box::pin(async move { update_in(tx, &keys, &name, change).await })).await
}

/// Without an authorization server a connection would be nothing. The provider's integrations have
/// connections that only the whole platform sees.
async fn check_unconnected(scoped: &Scoped, name: &str) -> Result<()> {
    let integration = own(&mut scoped.read().await?, name, "").await?;
    let sql = Sql::new(
        "SELECT COALESCE(o.name, '') AS name FROM oauth_connections c LEFT JOIN organizations o ON o.id = c.organization_id
         WHERE c.integration_id = $1 ORDER BY o.name, c.id LIMIT $2",
    );
    let sql = sql.bind(integration.id).bind(NAMED + 1);
    let rows = scoped.db().system().read().await?.all(sql).await?;
    let mut names = rows.iter().map(|row| row.get::<String>("name")).collect::<Result<Vec<_>>>()?;
    if names.is_empty() {
        return Ok(());
    }
    let has_more = names.len() > NAMED as usize;
    names.truncate(NAMED as usize);
    let said = |name: String| if name.is_empty() { "the provider".to_owned() } else { name };
    let names = names.into_iter().map(said).collect::<Vec<_>>().join(", ");
    let more = if has_more { " and others" } else { "" };
    let message = format!("`{name}` is connected for {names}{more}; delete these connections first");
    Err(Error::Conflict { code: "integration_in_use", message })
}

async fn update_in(tx: &mut Tx, keys: &Keyring, name: &str, change: Change) -> Result<Integration> {
    let lock = tx.engine().for_update_of("i");
    let old = own(tx, name, &lock).await?;
    let mut kept = vault::values(tx, keys, Name::Definition(old.id)).await?;
    let had_secret = vault::has(tx, Name::Client(old.id)).await?;
    let schema = change.schema.unwrap_or_else(|| old.schema.clone());
    schema.check()?;
    // A secret does not become readable by being called something else: it has to be said anew.
    kept.retain(|key, _| schema.is_secret(key));
    let mut values = changed(merged([&old.config, &kept]), change.config.unwrap_or_default());
    // What a new schema does not have any more is gone.
    values.retain(|key, _| old.schema.field(key).is_none() || schema.field(key).is_some());
    schema.check_values(&values)?;
    let oauth = change.oauth.unwrap_or_else(|| old.oauth.clone());
    let place = |oauth: &Option<OAuthSettings>| oauth.as_ref().map(|oauth| oauth.token_url.clone());
    let is_elsewhere = oauth.is_some() && place(&oauth) != place(&old.oauth);
    if had_secret && is_elsewhere && change.client_secret.is_none() {
        let message = "another token_url needs the client's secret anew; \"\" for none";
        return Err(Error::invalid("client_secret", message));
    }
    if oauth.is_none() && matches!(change.client_secret, Some(Some(_))) {
        return Err(Error::invalid("client_secret", NO_SERVER));
    }
    let (plain, secret) = schema.split(values);
    let sql = Sql::new(
        "UPDATE integrations SET description = $2, fields = $3, config = $4, oauth = $5, updated_at = $6 WHERE id = $1",
    )
    .bind(old.id)
    .bind(change.description.as_deref().unwrap_or(&old.description))
    .bind(Value::json(&schema)?)
    .bind(Value::json(&plain)?)
    .bind(oauth_value(oauth.as_ref())?)
    .bind(now());
    tx.execute(sql).await?;
    vault::put_values(tx, keys, Name::Definition(old.id), &secret).await?;
    match &change.client_secret {
        Some(Some(secret)) => vault::put(tx, keys, Name::Client(old.id), secret).await?,
        Some(None) => vault::remove(tx, Name::Client(old.id)).await?,
        None if oauth.is_none() => vault::remove(tx, Name::Client(old.id)).await?,
        None => {}
    }
    let new = get_in(tx, old.id).await?;
    let mut event = Event::new("integration.update")
        .target("integration", old.id)
        .detail("name", &old.name)
        .change("description", &old.description, &new.description)
        .change("config_schema", &old.schema, &new.schema)
        .change("config", &old.config, &new.config)
        .change("oauth", &old.oauth, &new.oauth);
    for key in secret.iter().filter(|(key, value)| kept.get(*key) != Some(*value)).map(|(key, _)| key) {
        event = event.masked(&format!("config.{key}"));
    }
    record(tx, if change.client_secret.is_some() { event.masked("client_secret") } else { event }).await?;
    Ok(new)
}

/// Deletes a definition of the handle's own scope with its connection there. `Conflict` with
/// `integration_in_use` while organizations are mapped or connected to it.
pub async fn delete(scoped: &Scoped, name: &str) -> Result<()> {
    let name = name.to_owned();
    scoped.write(move |tx| Box::pin(async move { delete_in(tx, &name).await })).await
}

async fn delete_in(tx: &mut Tx, name: &str) -> Result<()> {
    let lock = tx.engine().for_update_of("i");
    let old = own(tx, name, &lock).await?;
    if let Some(connection) = super::connections::of(tx, old.id).await? {
        super::connections::delete_in(tx, connection.id).await?;
    }
    if let Some(mapping) = super::mappings::of(tx, old.id).await? {
        super::mappings::delete_in(tx, &old, &mapping).await?;
    }
    if tx.access() == Access::Global {
        tx.execute(Sql::new("DELETE FROM integration_shares WHERE integration_id = $1").bind(old.id)).await?;
    }
    vault::remove(tx, Name::Definition(old.id)).await?;
    vault::remove(tx, Name::Client(old.id)).await?;
    let deleted = tx.execute(Sql::new("DELETE FROM integrations WHERE id = $1").bind(old.id)).await;
    deleted.map_err(|error| match error {
        Error::Conflict { code: "reference", .. } => Error::Conflict {
            code: "integration_in_use",
            message: "organizations are mapped or connected to it; take that away first".into(),
        },
        other => other,
    })?;
    let event = Event::new("integration.delete").target("integration", old.id).detail("name", &old.name);
    record(tx, event).await
}

/// What the handle's scope sees, by name: its own definitions, and global ones that none of its
/// own hides.
pub async fn list(scoped: &Scoped) -> Result<Vec<Integration>> {
    let sql = Sql::new(format!(
        "{SELECT} WHERE i.scope_id = $1 OR (i.scope_id = $2 AND NOT EXISTS
           (SELECT 1 FROM integrations o WHERE o.scope_id = $1 AND o.name = i.name))
         ORDER BY i.name"
    ));
    let sql = sql.bind(scoped.access().scope_id()?).bind(Uuid::nil());
    scoped.read().await?.all(sql).await?.iter().map(read).collect()
}

/// The definition of this name that the handle's scope sees: its own, else the global one.
pub async fn find(scoped: &Scoped, name: &str) -> Result<Integration> {
    find_in(&mut scoped.read().await?, name).await
}

pub(super) async fn find_in(tx: &mut Tx, name: &str) -> Result<Integration> {
    let sql = Sql::new(format!(
        "{SELECT} WHERE i.name = $3 AND i.scope_id IN ($1, $2) ORDER BY i.scope_id DESC LIMIT 1"
    ));
    let sql = sql.bind(tx.access().scope_id()?).bind(Uuid::nil()).bind(name);
    read(&tx.optional(sql).await?.ok_or(Error::NotFound("integration"))?)
}

/// A definition that the transaction's scope sees.
pub(super) async fn get_in(tx: &mut Tx, id: IntegrationId) -> Result<Integration> {
    let sql = Sql::new(format!("{SELECT} WHERE i.id = $3 AND i.scope_id IN ($1, $2)"));
    let sql = sql.bind(tx.access().scope_id()?).bind(Uuid::nil()).bind(id);
    read(&tx.optional(sql).await?.ok_or(Error::NotFound("integration"))?)
}

async fn own(tx: &mut Tx, name: &str, lock: &str) -> Result<Integration> {
    let sql = Sql::new(format!("{SELECT} WHERE i.name = $2 AND i.scope_id = $1{lock}"));
    let sql = sql.bind(tx.access().scope_id()?).bind(name);
    read(&tx.optional(sql).await?.ok_or(Error::NotFound("integration"))?)
}

/// What a definition keeps to itself; nothing for whoever it does not belong to.
pub async fn kept(scoped: &Scoped, keys: &Keyring, integration: &Integration) -> Result<Kept> {
    if Access::from(integration.scope) != scoped.access() {
        return Ok(Kept::default());
    }
    let mut tx = scoped.read().await?;
    let values = vault::values(&mut tx, keys, Name::Definition(integration.id)).await?;
    let has_client_secret = vault::has(&mut tx, Name::Client(integration.id)).await?;
    Ok(Kept { secret_keys: values.keys().cloned().collect(), has_client_secret })
}

fn read(row: &Row) -> Result<Integration> {
    Ok(Integration {
        id: row.get("id")?,
        scope: row.opt::<OrganizationId>("organization_id")?.into(),
        name: row.get("name")?,
        description: row.get("description")?,
        schema: row.document("fields")?,
        config: row.document("config")?,
        oauth: row.opt_document("oauth")?,
        created_at: row.get("created_at")?,
        updated_at: row.get("updated_at")?,
    })
}
