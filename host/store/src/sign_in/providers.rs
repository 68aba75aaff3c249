//! OpenID providers that people sign in with, configured at run time, and which of their
//! subjects is which user.

use crate::audit::{Event, record};
use crate::keyring::Keyring;
use crate::secrets::{self, DataKey, IDENTITY_PROVIDERS, WRAPS};
use crate::users::{self, NewUser};
use crate::{Db, Row, Sql, Tx, Value, invitations, now};
use bifrost_core::{Error, IdentityProviderId, OrganizationId, Result, Role, Scope, UserId};
use chrono::{DateTime, Utc};
use zeroize::Zeroizing;

/// A provider as it can be shown.
#[derive(Clone, Debug)]
pub struct Provider {
    /// Its id.
    pub id: IdentityProviderId,
    /// On the button.
    pub name: String,
    /// `microsoft`, `google` or `oidc`.
    pub kind: String,
    /// Where its discovery document is.
    pub issuer: String,
    /// Who the platform is to it.
    pub client_id: String,
    /// Whether a client secret is kept.
    pub has_secret: bool,
    /// What is asked for.
    pub scopes: Vec<String>,
    /// Domains whose addresses it vouches for; empty for all that it calls verified.
    pub domains: Vec<String>,
    /// Whether people of a known domain become users when they first come.
    pub creates_users: bool,
    /// Whether people can sign in with it.
    pub is_enabled: bool,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// Last change.
    pub updated_at: DateTime<Utc>,
}

/// What a provider is set to.
#[derive(Clone, Debug)]
pub struct Settings {
    /// On the button.
    pub name: String,
    /// `microsoft`, `google` or `oidc`.
    pub kind: String,
    /// Where its discovery document is.
    pub issuer: String,
    /// Who the platform is to it.
    pub client_id: String,
    /// `Some(None)` takes the secret away; `None` leaves it.
    pub client_secret: Option<Option<Zeroizing<String>>>,
    /// What is asked for.
    pub scopes: Vec<String>,
    /// Domains whose addresses it vouches for.
    pub domains: Vec<String>,
    /// Whether people of a known domain become users.
    pub creates_users: bool,
    /// Whether people can sign in with it.
    pub is_enabled: bool,
}

const COLUMNS: &str =
    "id, name, kind, issuer, client_id, ciphertext IS NOT NULL AS has_secret, scopes, domains,
    creates_users, is_enabled, created_at, updated_at";

fn sealed_name(id: IdentityProviderId) -> String {
    id.to_string()
}

/// Makes a provider. `Conflict already_exists` for a client that there is at its issuer.
pub async fn create(db: &Db, keys: &Keyring, settings: Settings) -> Result<Provider> {
    save(db, keys, IdentityProviderId::new(), settings, true).await
}

/// Sets a provider anew.
pub async fn update(db: &Db, keys: &Keyring, id: IdentityProviderId, settings: Settings) -> Result<Provider> {
    save(db, keys, id, settings, false).await
}

async fn save(
    db: &Db,
    keys: &Keyring,
    id: IdentityProviderId,
    settings: Settings,
    is_new: bool,
) -> Result<Provider> {
    let keys = keys.clone();
    let global = db.scope(Scope::Global);
    global.write(move |tx| Box::pin(async move { save_in(tx, &keys, id, settings, is_new).await })).await
}

async fn save_in(
    tx: &mut Tx,
    keys: &Keyring,
    id: IdentityProviderId,
    settings: Settings,
    is_new: bool,
) -> Result<Provider> {
    let (mut ciphertext, mut version) = (None, None);
    if let Some(Some(secret)) = &settings.client_secret {
        let data = secrets::latest(tx, keys).await?;
        ciphertext = Some(data.encrypt(&IDENTITY_PROVIDERS, &sealed_name(id), secret.as_bytes())?);
        version = Some(data.version);
    }
    let text = if is_new {
        "INSERT INTO identity_providers (id, name, kind, issuer, client_id, ciphertext, key_version, scopes, domains,
           creates_users, is_enabled, created_at, updated_at, sealed_as)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $12, $13)"
    } else {
        "UPDATE identity_providers SET name = $2, kind = $3, issuer = $4, client_id = $5,
           ciphertext = CASE WHEN $13 THEN $6 ELSE ciphertext END,
           key_version = CASE WHEN $13 THEN $7 ELSE key_version END,
           scopes = $8, domains = $9, creates_users = $10, is_enabled = $11, updated_at = $12
         WHERE id = $1"
    };
    let mut sql = Sql::new(format!("{text} RETURNING {COLUMNS}"))
        .bind(id)
        .bind(settings.name)
        .bind(settings.kind)
        .bind(settings.issuer)
        .bind(settings.client_id)
        .bind(ciphertext)
        .bind(version)
        .bind(Value::json(&settings.scopes)?)
        .bind(Value::json(&settings.domains)?)
        .bind(settings.creates_users)
        .bind(settings.is_enabled)
        .bind(now());
    sql = if is_new { sql.bind(sealed_name(id)) } else { sql.bind(settings.client_secret.is_some()) };
    let provider = read(&tx.optional(sql).await?.ok_or(Error::NotFound("identity provider"))?)?;
    let action = if is_new { "identity_provider.create" } else { "identity_provider.update" };
    let mut event = Event::new(action)
        .target("identity_provider", id)
        .detail("name", &provider.name)
        .detail("issuer", &provider.issuer)
        .detail("client_id", &provider.client_id)
        .detail("domains", &provider.domains)
        .detail("creates_users", provider.creates_users)
        .detail("is_enabled", provider.is_enabled);
    if settings.client_secret.is_some() {
        event = event.masked("client_secret");
    }
    record(tx, event).await?;
    Ok(provider)
}

/// All providers, by name.
pub async fn list(db: &Db) -> Result<Vec<Provider>> {
    let sql = Sql::new(format!("SELECT {COLUMNS} FROM identity_providers ORDER BY name, id"));
    db.system().read().await?.all(sql).await?.iter().map(read).collect()
}

/// One provider.
pub async fn get(db: &Db, id: IdentityProviderId) -> Result<Provider> {
    let sql = Sql::new(format!("SELECT {COLUMNS} FROM identity_providers WHERE id = $1")).bind(id);
    let row = db.system().read().await?.optional(sql).await?;
    read(&row.ok_or(Error::NotFound("identity provider"))?)
}

/// The client secret of a provider, where it has one.
pub async fn secret(db: &Db, keys: &Keyring, id: IdentityProviderId) -> Result<Option<Zeroizing<String>>> {
    let sql = Sql::new(format!(
        "SELECT p.ciphertext, p.key_version, p.scope_id, {WRAPS} FROM identity_providers p
         JOIN data_keys d ON d.scope_id = p.scope_id AND d.version = p.key_version WHERE p.id = $1"
    ));
    let sql = sql.bind(id);
    let Some(row) = db.scope(Scope::Global).read().await?.optional(sql).await? else { return Ok(None) };
    let data = DataKey::read(keys, row.get("scope_id")?, row.get("key_version")?, &secrets::wraps(&row)?)?;
    let plain = data.decrypt(&IDENTITY_PROVIDERS, &sealed_name(id), &row.get::<Vec<u8>>("ciphertext")?)?;
    let text = std::str::from_utf8(&plain).map_err(|e| Error::Internal(e.into()))?;
    Ok(Some(Zeroizing::new(text.to_owned())))
}

/// Deletes a provider and what links its subjects to users. Sessions go on.
pub async fn delete(db: &Db, id: IdentityProviderId) -> Result<()> {
    db.system()
        .write(move |tx| {
            Box::pin(async move {
                let sql = Sql::new("DELETE FROM identity_providers WHERE id = $1 RETURNING name").bind(id);
                let row = tx.optional(sql).await?.ok_or(Error::NotFound("identity provider"))?;
                let event = Event::new("identity_provider.delete").target("identity_provider", id);
                record(tx, event.detail("name", row.get::<String>("name")?)).await
            })
        })
        .await
}

fn read(row: &Row) -> Result<Provider> {
    Ok(Provider {
        id: row.get("id")?,
        name: row.get("name")?,
        kind: row.get("kind")?,
        issuer: row.get("issuer")?,
        client_id: row.get("client_id")?,
        has_secret: row.get("has_secret")?,
        scopes: row.document("scopes")?,
        domains: row.document("domains")?,
        creates_users: row.get("creates_users")?,
        is_enabled: row.get("is_enabled")?,
        created_at: row.get("created_at")?,
        updated_at: row.get("updated_at")?,
    })
}

/// Who a provider says that somebody is.
#[derive(Clone, Debug)]
pub struct Subject {
    /// The provider.
    pub provider: IdentityProviderId,
    /// Its own, stable name of the person.
    pub subject: String,
    /// An address that it has verified; `None` where it has not.
    pub email: Option<String>,
    /// For people.
    pub name: String,
}

/// The user of a subject that has signed in before, active or not.
async fn linked_in(tx: &mut Tx, subject: &Subject) -> Result<Option<(UserId, OrganizationId)>> {
    let sql = Sql::new(
        "UPDATE identities SET last_used_at = $3 WHERE provider_id = $1 AND subject = $2
         RETURNING user_id, organization_id",
    );
    let sql = sql.bind(subject.provider).bind(subject.subject.as_str()).bind(now());
    let row = tx.optional(sql).await?;
    row.map(|row| Ok((row.get("user_id")?, row.get("organization_id")?))).transpose()
}

/// Links a subject with a user.
async fn link_in(tx: &mut Tx, subject: &Subject, user: UserId, organization: OrganizationId) -> Result<()> {
    let time = now();
    let sql = Sql::new(
        "INSERT INTO identities (provider_id, subject, user_id, organization_id, email, created_at, last_used_at)
         VALUES ($1, $2, $3, $4, $5, $6, $6)",
    )
    .bind(subject.provider)
    .bind(subject.subject.as_str())
    .bind(user)
    .bind(organization)
    .bind(subject.email.clone().unwrap_or_default())
    .bind(time);
    tx.execute(sql).await.map(drop)
}

/// The user of a subject: the one that it is linked with, or else the one whose address the
/// provider vouches for, in the organization that has the address's domain. An invitation,
/// where one is given, makes the user.
///
/// # Errors
/// `Denied` when there is no such user and none is to be made.
pub async fn sign_in(
    db: &Db,
    provider: Provider,
    subject: Subject,
    invitation: Option<String>,
) -> Result<(UserId, OrganizationId)> {
    let invited = match &invitation {
        Some(token) => Some(invitations::find(db, token).await?.ok_or(Error::NotFound("invitation"))?),
        None => None,
    };
    db.system()
        .write(move |tx| {
            Box::pin(async move {
                let linked = linked_in(tx, &subject).await?;
                if let (Some(known), None) = (linked, &invitation) {
                    return Ok(known);
                }
                let denied = |text: &str| Err(Error::Denied(text.to_owned()));
                if linked.is_some() {
                    return denied("this identity belongs to a user already; sign in without the invitation");
                }
                let Some(email) = subject.email.clone() else {
                    return denied("the identity provider does not vouch for your e-mail address");
                };
                let (user, organization) = match (invited, invitation) {
                    (Some(invited), Some(token)) => {
                        if invited.email != email {
                            return denied("the invitation is for another e-mail address");
                        }
                        let user = invitations::accept_in(tx, &token, &subject.name).await?;
                        (user.id, user.organization_id)
                    }
                    _ => by_domain_in(tx, &provider, &subject, &email).await?,
                };
                link_in(tx, &subject, user, organization).await?;
                let event = Event::new("identity.link").within(organization).target("user", user);
                record(tx, event.detail("provider", provider.name).detail("email", email)).await?;
                Ok((user, organization))
            })
        })
        .await
}

async fn by_domain_in(
    tx: &mut Tx,
    provider: &Provider,
    subject: &Subject,
    email: &str,
) -> Result<(UserId, OrganizationId)> {
    let unknown = || {
        Error::Denied(
            "you are no user of an organization here; ask its administrator for an invitation".into(),
        )
    };
    let domain = email.rsplit_once('@').map(|(_, domain)| domain.to_owned()).unwrap_or_default();
    let sql = Sql::new("SELECT id FROM organizations WHERE domain = $1 AND is_active");
    let organization = tx.optional(sql.bind(domain)).await?.ok_or_else(unknown)?.get("id")?;
    let sql = Sql::new("SELECT id, kind, is_active FROM users WHERE organization_id = $1 AND email = $2");
    match tx.optional(sql.bind(organization).bind(email)).await? {
        Some(row) if row.get::<bool>("is_active")? && row.get::<String>("kind")? == "person" => {
            Ok((row.get("id")?, organization))
        }
        None if provider.creates_users => {
            let new = NewUser::person(email, &subject.name, Role::OrgUser);
            Ok((users::create_in(tx, organization, new).await?.id, organization))
        }
        _ => Err(unknown()),
    }
}
