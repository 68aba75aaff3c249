//! What senders sign with: encrypted like every secret, and two at once while senders change
//! from one to the next.

use super::sources;
use crate::audit::{Event, record};
use crate::keyring::Keyring;
use crate::secrets::{self, DataKey, WEBHOOKS, WRAPS};
use crate::{Scoped, Sql, Tx, now};
use bifrost_core::webhook::{MAX_SECRET, MAX_SECRETS, MIN_SECRET};
use bifrost_core::{Error, OrganizationId, Result, WebhookId, WebhookSecretId};
use chrono::{DateTime, Utc};
use zeroize::Zeroizing;

/// What every secret begins with that the platform makes, so that scanners find leaked ones.
const PREFIX: &str = "whs_";

/// A secret as it can be shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    /// Its id.
    pub id: WebhookSecretId,
    /// When it was added.
    pub created_at: DateTime<Utc>,
}

/// A secret that nobody guesses.
pub fn generate() -> Result<Zeroizing<String>> {
    crate::identity::random_token(PREFIX).map(Zeroizing::new)
}

pub(super) fn check(secret: &str) -> Result<()> {
    if (MIN_SECRET..=MAX_SECRET).contains(&secret.len()) {
        return Ok(());
    }
    Err(Error::invalid("secret", format!("expected {MIN_SECRET} to {MAX_SECRET} bytes")))
}

/// Adds the next secret to a source of the handle's organization. `Conflict` with
/// `too_many_secrets` when it has two.
pub async fn add(
    org: &Scoped,
    keys: &Keyring,
    webhook: WebhookId,
    secret: Zeroizing<String>,
) -> Result<WebhookSecretId> {
    check(&secret)?;
    let keys = keys.clone();
    org.write(move |tx| Box::pin(async move { add_in(tx, &keys, webhook, secret).await })).await
}

async fn add_in(
    tx: &mut Tx,
    keys: &Keyring,
    webhook: WebhookId,
    secret: Zeroizing<String>,
) -> Result<WebhookSecretId> {
    let lock = tx.engine().for_update_of("s");
    let source = sources::find(tx, webhook, &lock).await?;
    if !source.kind.has_secret() {
        return Err(Error::invalid("secret", format!("the kind {} has none", source.kind.as_str())));
    }
    let count = Sql::new("SELECT COUNT(*) AS n FROM webhook_secrets WHERE source_id = $1").bind(webhook);
    if tx.one(count).await?.get::<i64>("n")? >= i64::try_from(MAX_SECRETS).unwrap_or(i64::MAX) {
        let message = format!("there are {MAX_SECRETS} secrets already; remove the older one first");
        return Err(Error::Conflict { code: "too_many_secrets", message });
    }
    let id = insert(tx, keys, source.organization_id, webhook, &secret).await?;
    let event = Event::new("webhook_secret.add").target("webhook", webhook).detail("secret_id", id);
    record(tx, event).await?;
    Ok(id)
}

pub(super) async fn insert(
    tx: &mut Tx,
    keys: &Keyring,
    organization: OrganizationId,
    webhook: WebhookId,
    secret: &str,
) -> Result<WebhookSecretId> {
    let id = WebhookSecretId::new();
    let name = id.to_string();
    let data = secrets::latest(tx, keys).await?;
    let sql = Sql::new(
        "INSERT INTO webhook_secrets (id, organization_id, source_id, sealed_as, ciphertext, key_version, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
    )
    .bind(id)
    .bind(organization)
    .bind(webhook)
    .bind(name.as_str())
    .bind(data.encrypt(&WEBHOOKS, &name, secret.as_bytes())?)
    .bind(data.version)
    .bind(now());
    tx.execute(sql).await?;
    Ok(id)
}

/// Removes a secret of the handle's organization: what is signed with it is refused from now on.
/// `Conflict` with `last_secret` for the only one of its source.
pub async fn remove(org: &Scoped, id: WebhookSecretId) -> Result<()> {
    let organization = org.organization()?;
    org.write(move |tx| {
        Box::pin(async move {
            let sql =
                Sql::new("SELECT source_id FROM webhook_secrets WHERE id = $1 AND organization_id = $2");
            let row = tx.optional(sql.bind(id).bind(organization)).await?;
            let webhook: WebhookId = row.ok_or(Error::NotFound("secret"))?.get("source_id")?;
            let lock = tx.engine().for_update_of("s");
            sources::find(tx, webhook, &lock).await?;
            let sql = Sql::new(
                "DELETE FROM webhook_secrets WHERE id = $1
                   AND EXISTS (SELECT 1 FROM webhook_secrets o WHERE o.source_id = $2 AND o.id <> $1)",
            );
            if tx.execute(sql.bind(id).bind(webhook)).await? == 0 {
                let message =
                    "a webhook without a secret could not take anything; add the next one first".into();
                return Err(Error::Conflict { code: "last_secret", message });
            }
            let event =
                Event::new("webhook_secret.remove").target("webhook", webhook).detail("secret_id", id);
            record(tx, event).await
        })
    })
    .await
}

/// The secrets of a source of the handle's organization, the oldest first, without what they are.
pub async fn list(org: &Scoped, webhook: WebhookId) -> Result<Vec<Shown>> {
    let sql = Sql::new(
        "SELECT id, created_at FROM webhook_secrets WHERE source_id = $1 AND organization_id = $2 ORDER BY id",
    );
    let rows = org.read().await?.all(sql.bind(webhook).bind(org.organization()?)).await?;
    rows.iter().map(|row| Ok(Shown { id: row.get("id")?, created_at: row.get("created_at")? })).collect()
}

/// The secrets of a source of the handle's organization, for checking a signature.
pub async fn of(org: &Scoped, keys: &Keyring, webhook: WebhookId) -> Result<Vec<Zeroizing<Vec<u8>>>> {
    let sql = Sql::new(format!(
        "SELECT t.sealed_as, t.ciphertext, t.key_version, t.scope_id, {WRAPS} FROM webhook_secrets t
         JOIN data_keys d ON d.scope_id = t.scope_id AND d.version = t.key_version
         WHERE t.source_id = $1 AND t.organization_id = $2 ORDER BY t.id"
    ));
    let rows = org.read().await?.all(sql.bind(webhook).bind(org.organization()?)).await?;
    let one = |row: &crate::Row| {
        let data = DataKey::read(keys, row.get("scope_id")?, row.get("key_version")?, &secrets::wraps(row)?)?;
        data.decrypt(&WEBHOOKS, &row.get::<String>("sealed_as")?, &row.get::<Vec<u8>>("ciphertext")?)
    };
    rows.iter().map(one).collect()
}
