//! Where notifications are sent: addresses of mail, or a URL with what its requests are signed with.

use super::rules;
use crate::audit::{Event, record};
use crate::error::taken;
use crate::keyring::Keyring;
use crate::secrets::{self, DataKey, NOTIFICATIONS, WRAPS};
use crate::{Row, Scoped, Sql, Tx, Value, now, users};
use bifrost_core::notification::{MAX_ADDRESSES, MAX_CHANNELS, MAX_NAME};
use bifrost_core::webhook::{MAX_SECRET, MIN_SECRET};
use bifrost_core::{Error, NotificationChannelId, NotificationChannelKind, OrganizationId, Result, UserId};
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use url::Url;
use zeroize::Zeroizing;

/// What every secret begins with that the platform makes, so that scanners find leaked ones.
const PREFIX: &str = "nfs_";
/// Longest URL, in bytes.
const MAX_URL: usize = 2_048;
/// Between two tests of one channel.
const BETWEEN_TESTS: TimeDelta = TimeDelta::seconds(5);
/// Said of a name that is taken.
pub(super) const TAKEN: &str = "this name is taken";

/// A channel as the database has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Channel {
    /// Its id.
    pub id: NotificationChannelId,
    /// Whose it is.
    pub organization_id: OrganizationId,
    /// What people call it; one of a kind within the organization.
    pub name: String,
    /// How it is reached.
    pub kind: NotificationChannelKind,
    /// Of mail.
    pub addresses: Vec<String>,
    /// Of a webhook.
    pub url: Option<String>,
    /// Errors that are for developers are told too.
    pub full_errors: bool,
    /// False: nothing is sent, and what happens meanwhile is not made up for.
    pub is_enabled: bool,
    /// When it was last told something.
    pub sent_at: Option<DateTime<Utc>>,
    /// When a message last did not arrive; `None` since one has.
    pub failed_at: Option<DateTime<Utc>>,
    /// Why it did not.
    pub error: Option<String>,
    /// Who made it.
    pub created_by: UserId,
    /// When.
    pub created_at: DateTime<Utc>,
    /// Last changed by somebody.
    pub updated_at: DateTime<Utc>,
}

/// Where a new channel leads.
#[derive(Clone, Debug)]
pub enum Target {
    /// These addresses.
    Email(Vec<String>),
    /// This URL, with what its requests are signed with.
    Webhook {
        /// `https` or `http`.
        url: String,
        /// Of the signature.
        secret: Zeroizing<String>,
    },
}

/// A channel to make.
#[derive(Clone, Debug)]
pub struct NewChannel {
    /// What people call it.
    pub name: String,
    /// Where it leads.
    pub target: Target,
    /// Errors that are for developers are told too.
    pub full_errors: bool,
    /// False: nothing is sent.
    pub is_enabled: bool,
    /// Who makes it.
    pub created_by: UserId,
}

/// What to change; `None` stays.
#[derive(Clone, Debug, Default)]
#[expect(missing_docs, reason = "the fields are those of Channel and Target")]
pub struct Change {
    pub name: Option<String>,
    pub addresses: Option<Vec<String>>,
    pub url: Option<String>,
    pub secret: Option<Zeroizing<String>>,
    pub full_errors: Option<bool>,
    pub is_enabled: Option<bool>,
}

/// A secret that nobody guesses.
pub fn generate_secret() -> Result<Zeroizing<String>> {
    crate::identity::random_token(PREFIX).map(Zeroizing::new)
}

pub(super) fn checked_name(name: &str) -> Result<String> {
    let name = name.trim();
    if (1..=MAX_NAME).contains(&name.chars().count()) && !name.chars().any(char::is_control) {
        return Ok(name.to_owned());
    }
    Err(Error::invalid("name", format!("expected 1 to {MAX_NAME} characters")))
}

fn checked_addresses(addresses: Vec<String>) -> Result<Vec<String>> {
    let mut all = Vec::with_capacity(addresses.len());
    for address in addresses {
        let address = users::checked_email(users::UserKind::Person, &address)
            .map_err(|_| Error::invalid("addresses", "expected name@domain"))?;
        if !all.contains(&address) {
            all.push(address);
        }
    }
    if (1..=MAX_ADDRESSES).contains(&all.len()) {
        return Ok(all);
    }
    Err(Error::invalid("addresses", format!("expected 1 to {MAX_ADDRESSES} addresses")))
}

fn checked_url(text: &str) -> Result<String> {
    let invalid = |message: &str| Error::invalid("url", message);
    let url =
        Url::parse(text.trim()).map_err(|error| Error::invalid("url", format!("not a URL: {error}")))?;
    if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none() {
        return Err(invalid("expected an http or https URL"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(invalid("expected no user and no password in it; requests are signed"));
    }
    if url.as_str().len() > MAX_URL {
        return Err(Error::invalid("url", format!("expected at most {MAX_URL} bytes")));
    }
    Ok(url.into())
}

fn checked_secret(secret: &str) -> Result<()> {
    if (MIN_SECRET..=MAX_SECRET).contains(&secret.len()) {
        return Ok(());
    }
    Err(Error::invalid("secret", format!("expected {MIN_SECRET} to {MAX_SECRET} bytes")))
}

/// Paths of webhooks are secrets with some receivers, so the audit log has the host only.
fn host(url: Option<&String>) -> Option<String> {
    Url::parse(url?).ok()?.host_str().map(str::to_owned)
}

const SELECT: &str = "SELECT c.id, c.organization_id, c.name, c.kind, c.addresses, c.url, c.full_errors, c.is_enabled, c.sent_at,
   c.failed_at, c.error, c.created_by, c.created_at, c.updated_at
 FROM notification_channels c";

/// Makes a channel in the handle's organization. `Conflict` with `already_exists` for a name that
/// is taken, or `too_many_channels`.
pub async fn create(org: &Scoped, keys: &Keyring, new: NewChannel) -> Result<Channel> {
    let (organization, keys, time) = (org.organization()?, keys.clone(), now());
    let (kind, addresses, url, secret) = match new.target {
        Target::Email(addresses) => {
            (NotificationChannelKind::Email, checked_addresses(addresses)?, None, None)
        }
        Target::Webhook { url, secret } => {
            checked_secret(&secret)?;
            (NotificationChannelKind::Webhook, vec![], Some(checked_url(&url)?), Some(secret))
        }
    };
    let channel = Channel {
        id: NotificationChannelId::new(),
        organization_id: organization,
        name: checked_name(&new.name)?,
        kind,
        addresses,
        url,
        full_errors: new.full_errors,
        is_enabled: new.is_enabled,
        sent_at: None,
        failed_at: None,
        error: None,
        created_by: new.created_by,
        created_at: time,
        updated_at: time,
    };
    org.write(move |tx| Box::pin(async move { create_in(tx, &keys, channel, secret).await })).await
}

async fn create_in(
    tx: &mut Tx,
    keys: &Keyring,
    new: Channel,
    secret: Option<Zeroizing<String>>,
) -> Result<Channel> {
    let count = Sql::new("SELECT COUNT(*) AS n FROM notification_channels WHERE organization_id = $1");
    if tx.one(count.bind(new.organization_id)).await?.get::<i64>("n")? >= MAX_CHANNELS {
        let message = format!("there are {MAX_CHANNELS} channels already");
        return Err(Error::Conflict { code: "too_many_channels", message });
    }
    let sql = Sql::new(
        "INSERT INTO notification_channels (id, organization_id, name, kind, addresses, url, full_errors, is_enabled, next_at,
           created_by, created_at, updated_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $9, $9)",
    )
    .bind(new.id)
    .bind(new.organization_id)
    .bind(new.name.as_str())
    .bind(new.kind.as_str())
    .bind(Value::json(&new.addresses)?)
    .bind(new.url.clone())
    .bind(new.full_errors)
    .bind(new.is_enabled)
    .bind(new.created_at)
    .bind(new.created_by);
    tx.execute(sql).await.map_err(taken(TAKEN))?;
    if let Some(secret) = secret {
        put_secret(tx, keys, &new, &secret).await?;
    }
    let event = Event::new("notification_channel.create")
        .target("notification_channel", new.id)
        .detail("name", &new.name)
        .detail("kind", new.kind)
        .detail("addresses", &new.addresses)
        .maybe("host", host(new.url.as_ref()))
        .detail("full_errors", new.full_errors);
    record(tx, event).await?;
    Ok(new)
}

async fn put_secret(tx: &mut Tx, keys: &Keyring, of: &Channel, secret: &str) -> Result<()> {
    let name = of.id.to_string();
    let data = secrets::latest(tx, keys).await?;
    let sql = Sql::new(
        "INSERT INTO notification_secrets (channel_id, organization_id, sealed_as, ciphertext, key_version)
         VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (channel_id) DO UPDATE SET ciphertext = excluded.ciphertext, key_version = excluded.key_version",
    )
    .bind(of.id)
    .bind(of.organization_id)
    .bind(name.as_str())
    .bind(data.encrypt(&NOTIFICATIONS, &name, secret.as_bytes())?)
    .bind(data.version);
    tx.execute(sql).await.map(drop)
}

/// What a webhook of the handle's organization is signed with.
pub async fn secret(org: &Scoped, keys: &Keyring, id: NotificationChannelId) -> Result<Zeroizing<Vec<u8>>> {
    let scope = org.access().scope_id()?;
    let sql = Sql::new(format!(
        "SELECT t.sealed_as, t.ciphertext, t.key_version, {WRAPS} FROM notification_secrets t
         JOIN data_keys d ON d.scope_id = t.scope_id AND d.version = t.key_version
         WHERE t.channel_id = $1 AND t.organization_id = $2"
    ));
    let row = org.read().await?.optional(sql.bind(id).bind(org.organization()?)).await?;
    let row = row.ok_or(Error::NotFound("secret"))?;
    let data = DataKey::read(keys, scope, row.get("key_version")?, &secrets::wraps(&row)?)?;
    data.decrypt(&NOTIFICATIONS, &row.get::<String>("sealed_as")?, &row.get::<Vec<u8>>("ciphertext")?)
}

/// Changes a channel of the handle's organization; its kind stays. Switched off, it forgets what it
/// has not been told yet.
pub async fn update(
    org: &Scoped,
    keys: &Keyring,
    id: NotificationChannelId,
    change: Change,
) -> Result<Channel> {
    let keys = keys.clone();
    org.write(move |tx| Box::pin(async move { update_in(tx, &keys, id, change).await })).await
}

async fn update_in(
    tx: &mut Tx,
    keys: &Keyring,
    id: NotificationChannelId,
    change: Change,
) -> Result<Channel> {
    let lock = tx.engine().for_update_of("c");
    let old = find(tx, id, &lock).await?;
    let mut new = Channel { updated_at: now(), ..old.clone() };
    if let Some(name) = change.name {
        new.name = checked_name(&name)?;
    }
    if let Some(addresses) = change.addresses {
        of_kind(&old, NotificationChannelKind::Email, "addresses")?;
        new.addresses = checked_addresses(addresses)?;
    }
    if let Some(url) = change.url {
        of_kind(&old, NotificationChannelKind::Webhook, "url")?;
        let url = checked_url(&url)?;
        // Whoever may change a URL has not seen the secret.
        if old.url.as_ref() != Some(&url) && change.secret.is_none() {
            return Err(Error::invalid("secret", "another URL needs a secret of its own; give both"));
        }
        new.url = Some(url);
    }
    new.full_errors = change.full_errors.unwrap_or(old.full_errors);
    new.is_enabled = change.is_enabled.unwrap_or(old.is_enabled);
    let sql = Sql::new(
        "UPDATE notification_channels SET name = $2, addresses = $3, url = $4, full_errors = $5, is_enabled = $6, updated_at = $7
         WHERE id = $1",
    )
    .bind(id)
    .bind(new.name.as_str())
    .bind(Value::json(&new.addresses)?)
    .bind(new.url.clone())
    .bind(new.full_errors)
    .bind(new.is_enabled)
    .bind(new.updated_at);
    tx.execute(sql).await.map_err(taken(TAKEN))?;
    let mut event = Event::new("notification_channel.update")
        .target("notification_channel", id)
        .change("name", &old.name, &new.name)
        .change("addresses", &old.addresses, &new.addresses)
        .change("host", &host(old.url.as_ref()), &host(new.url.as_ref()))
        .change("full_errors", &old.full_errors, &new.full_errors)
        .change("is_enabled", &old.is_enabled, &new.is_enabled);
    if let Some(secret) = change.secret {
        of_kind(&old, NotificationChannelKind::Webhook, "secret")?;
        checked_secret(&secret)?;
        put_secret(tx, keys, &new, &secret).await?;
        event = event.masked("secret");
    }
    if !new.is_enabled {
        let waiting = Sql::new("DELETE FROM notification_items WHERE channel_id = $1").bind(id);
        tx.execute(waiting).await?;
    }
    record(tx, event).await?;
    Ok(new)
}

fn of_kind(channel: &Channel, kind: NotificationChannelKind, field: &str) -> Result<()> {
    if channel.kind == kind {
        return Ok(());
    }
    Err(Error::invalid(field, format!("a channel of the kind {} has none", channel.kind.as_str())))
}

/// Deletes a channel of the handle's organization, and takes it out of the rules that name it.
pub async fn delete(org: &Scoped, id: NotificationChannelId) -> Result<()> {
    org.write(move |tx| {
        Box::pin(async move {
            let lock = tx.engine().for_update_of("c");
            let old = find(tx, id, &lock).await?;
            rules::forget_channel(tx, id).await?;
            for table in ["notification_messages", "notification_items", "notification_secrets"] {
                tx.execute(Sql::new(format!("DELETE FROM {table} WHERE channel_id = $1")).bind(id)).await?;
            }
            tx.execute(Sql::new("DELETE FROM notification_channels WHERE id = $1").bind(id)).await?;
            let event = Event::new("notification_channel.delete")
                .target("notification_channel", id)
                .detail("name", &old.name);
            record(tx, event).await
        })
    })
    .await
}

/// Writes down that somebody tries a channel of the handle's organization. `Limited` when it was
/// tried a moment ago.
pub async fn begin_test(org: &Scoped, id: NotificationChannelId) -> Result<Channel> {
    org.write(move |tx| {
        Box::pin(async move {
            let lock = tx.engine().for_update_of("c");
            let channel = find(tx, id, &lock).await?;
            let time = now();
            let sql = Sql::new(
                "UPDATE notification_channels SET tested_at = $2 WHERE id = $1 AND (tested_at IS NULL OR tested_at < $3)",
            );
            if tx.execute(sql.bind(id).bind(time).bind(time - BETWEEN_TESTS)).await? == 0 {
                return Err(Error::Limited { seconds: BETWEEN_TESTS.num_seconds().unsigned_abs() });
            }
            let event = Event::new("notification_channel.test")
                .target("notification_channel", id)
                .detail("name", &channel.name);
            record(tx, event).await?;
            Ok(channel)
        })
    })
    .await
}

/// Channels of the handle's organization, by name.
pub async fn list(org: &Scoped) -> Result<Vec<Channel>> {
    let mut sql = Sql::new(SELECT);
    sql.push(" WHERE c.organization_id = ").push_bind(org.organization()?).push(" ORDER BY c.name");
    org.read().await?.all(sql).await?.iter().map(read).collect()
}

/// One channel of the handle's organization.
pub async fn get(org: &Scoped, id: NotificationChannelId) -> Result<Channel> {
    find(&mut org.read().await?, id, "").await
}

pub(super) async fn find(tx: &mut Tx, id: NotificationChannelId, lock: &str) -> Result<Channel> {
    let mut sql = Sql::new(SELECT);
    sql.push(" WHERE c.id = ").push_bind(id);
    sql.push(" AND c.organization_id = ").push_bind(tx.access().scope_id()?).push(lock);
    read(&tx.optional(sql).await?.ok_or(Error::NotFound("channel"))?)
}

fn read(row: &Row) -> Result<Channel> {
    Ok(Channel {
        id: row.get("id")?,
        organization_id: row.get("organization_id")?,
        name: row.get("name")?,
        kind: row.parse("kind")?,
        addresses: row.document("addresses")?,
        url: row.opt("url")?,
        full_errors: row.get("full_errors")?,
        is_enabled: row.get("is_enabled")?,
        sent_at: row.opt("sent_at")?,
        failed_at: row.opt("failed_at")?,
        error: row.opt("error")?,
        created_by: row.get("created_by")?,
        created_at: row.get("created_at")?,
        updated_at: row.get("updated_at")?,
    })
}
