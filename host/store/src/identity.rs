//! People and their API keys. A key is shown once; only its hash is kept.

use crate::organizations::{self, NewOrganization, Organization};
use crate::{Db, Row, Scoped, Sql, Tx, now};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bifrost_core::{Caller, Error, KeyId, OrganizationId, Result, Role, UserId};
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// What every key begins with, so that scanners find leaked ones.
pub const KEY_PREFIX: &str = "bfr_";
/// Random bytes in a key.
const KEY_BYTES: usize = 32;
/// Characters of a key that are kept for people to recognize it.
const SHOWN: usize = 10;
/// `last_used_at` is exact to this; a write for every request would cost more.
const LAST_USED_STEP: TimeDelta = TimeDelta::seconds(60);

/// A person or a service account.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct User {
    /// Its id.
    pub id: UserId,
    /// Where it belongs.
    pub organization_id: OrganizationId,
    /// Unique within the organization; lower case.
    pub email: String,
    /// For people.
    pub name: String,
    /// False: its keys are refused.
    pub is_active: bool,
    /// When it was made.
    pub created_at: DateTime<Utc>,
}

/// A key as it can be shown again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ApiKey {
    /// Its id.
    pub id: KeyId,
    /// The organization it opens.
    pub organization_id: OrganizationId,
    /// In whose name it acts.
    pub user_id: UserId,
    /// For people.
    pub name: String,
    /// Its first characters.
    pub prefix: String,
    /// What it may do.
    pub role: Role,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// From when on it is refused.
    pub expires_at: Option<DateTime<Utc>>,
    /// Since when it is refused.
    pub revoked_at: Option<DateTime<Utc>>,
    /// Last use, exact to a minute.
    pub last_used_at: Option<DateTime<Utc>>,
}

/// What a key starts with.
#[derive(Clone, Debug)]
pub struct NewKey {
    /// In whose name it acts; a user of the handle's organization.
    pub user: UserId,
    /// For people.
    pub name: String,
    /// What it may do. `PlatformAdmin` only within the provider's organization.
    pub role: Role,
    /// From when on it is refused.
    pub expires_at: Option<DateTime<Utc>>,
}

/// What the first start makes.
#[derive(Clone, Debug)]
pub struct Bootstrap {
    /// Name of the provider's organization.
    pub organization: String,
    /// The administrator's e-mail.
    pub email: String,
    /// The administrator's name.
    pub name: String,
}

/// What the first start has made.
#[derive(Clone, Debug)]
pub struct Bootstrapped {
    /// The provider.
    pub organization: Organization,
    /// The administrator.
    pub user: User,
    /// The administrator's key. Never to be seen again.
    pub token: String,
}

/// Makes the provider's organization, its administrator and a key. `None` when there
/// is a provider already.
pub async fn bootstrap(db: &Db, first: Bootstrap) -> Result<Option<Bootstrapped>> {
    let organization =
        organizations::prepare(NewOrganization { name: first.organization, ..Default::default() }, true)?;
    let made = db
        .system()
        .write(move |tx| {
            Box::pin(async move {
                let sql = Sql::new("SELECT id FROM organizations WHERE is_provider");
                if tx.optional(sql).await?.is_some() {
                    return Ok(None);
                }
                let organization = organizations::insert(tx, organization).await?;
                let user = insert_user(tx, organization.id, first.email, first.name).await?;
                let new = NewKey {
                    user: user.id,
                    name: "bootstrap".into(),
                    role: Role::PlatformAdmin,
                    expires_at: None,
                };
                let (_, token) = insert_key(tx, organization.id, new).await?;
                Ok(Some(Bootstrapped { organization, user, token }))
            })
        })
        .await;
    match made {
        // Another process was first.
        Err(Error::Conflict { code: "already_exists", .. }) => Ok(None),
        other => other,
    }
}

/// Makes a user in the handle's organization. `Conflict already_exists` for an e-mail
/// that the organization has.
pub async fn create_user(org: &Scoped, email: &str, name: &str) -> Result<User> {
    let (id, email, name) = (org.organization()?, email.to_owned(), name.to_owned());
    org.write(move |tx| Box::pin(async move { insert_user(tx, id, email, name).await })).await
}

/// Users that the handle reaches, by e-mail.
pub async fn list_users(scoped: &Scoped) -> Result<Vec<User>> {
    let mut sql = Sql::new("SELECT id, organization_id, email, name, is_active, created_at FROM users");
    if let Some(id) = scoped.access().organization() {
        sql.push(" WHERE organization_id = ").push_bind(id);
    }
    sql.push(" ORDER BY email, id");
    scoped.read().await?.all(sql).await?.iter().map(read_user).collect()
}

async fn insert_user(
    tx: &mut Tx,
    organization_id: OrganizationId,
    email: String,
    name: String,
) -> Result<User> {
    let email = email.trim().to_lowercase();
    if !email.contains('@') || email.chars().any(|c| c.is_whitespace() || c.is_control()) {
        return Err(Error::invalid("email", "expected name@domain"));
    }
    let user = User { id: UserId::new(), organization_id, email, name, is_active: true, created_at: now() };
    let sql = Sql::new(
        "INSERT INTO users (id, organization_id, email, name, is_active, created_at) VALUES ($1, $2, $3, $4, $5, $6)",
    )
    .bind(user.id)
    .bind(user.organization_id)
    .bind(user.email.as_str())
    .bind(user.name.as_str())
    .bind(user.is_active)
    .bind(user.created_at);
    tx.execute(sql).await?;
    Ok(user)
}

/// Makes a key in the handle's organization; the text is returned this once.
pub async fn create_key(org: &Scoped, new: NewKey) -> Result<(ApiKey, String)> {
    let id = org.organization()?;
    org.write(move |tx| Box::pin(async move { insert_key(tx, id, new).await })).await
}

async fn insert_key(tx: &mut Tx, organization_id: OrganizationId, new: NewKey) -> Result<(ApiKey, String)> {
    let sql = Sql::new(
        "SELECT o.is_provider FROM users u JOIN organizations o ON o.id = u.organization_id
         WHERE u.id = $1 AND u.organization_id = $2",
    );
    let row = tx.optional(sql.bind(new.user).bind(organization_id)).await?.ok_or(Error::NotFound("user"))?;
    if new.role == Role::PlatformAdmin && !row.get::<bool>("is_provider")? {
        return Err(Error::Denied("only the provider's organization has platform administrators".into()));
    }
    let token = new_token()?;
    let key = ApiKey {
        id: KeyId::new(),
        organization_id,
        user_id: new.user,
        name: new.name,
        prefix: token.chars().take(SHOWN).collect(),
        role: new.role,
        created_at: now(),
        expires_at: new.expires_at,
        revoked_at: None,
        last_used_at: None,
    };
    let sql = Sql::new(
        "INSERT INTO api_keys (id, organization_id, user_id, name, prefix, hash, role, created_at, expires_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
    )
    .bind(key.id)
    .bind(key.organization_id)
    .bind(key.user_id)
    .bind(key.name.as_str())
    .bind(key.prefix.as_str())
    .bind(hash(&token))
    .bind(key.role.as_str())
    .bind(key.created_at)
    .bind(key.expires_at);
    tx.execute(sql).await?;
    Ok((key, token))
}

fn new_token() -> Result<String> {
    let mut bytes = [0u8; KEY_BYTES];
    getrandom::fill(&mut bytes).map_err(|e| Error::Internal(anyhow::anyhow!("no randomness: {e}")))?;
    Ok(format!("{KEY_PREFIX}{}", URL_SAFE_NO_PAD.encode(bytes)))
}

/// 32 random bytes need no slow hash and no salt.
fn hash(token: &str) -> Vec<u8> {
    Sha256::digest(token.as_bytes()).to_vec()
}

/// Who a key stands for; `None` for a key that is unknown, expired or revoked, or whose
/// user or organization is not active.
pub async fn authenticate(db: &Db, token: &str) -> Result<Option<Caller>> {
    if !token.starts_with(KEY_PREFIX) {
        return Ok(None);
    }
    let time = now();
    let sql = Sql::new(
        "SELECT k.id, k.organization_id, k.user_id, k.role, k.last_used_at, u.email, u.name
         FROM api_keys k JOIN users u ON u.id = k.user_id JOIN organizations o ON o.id = k.organization_id
         WHERE k.hash = $1 AND k.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > $2)
           AND u.is_active AND o.is_active",
    );
    let Some(row) = db.system().read().await?.optional(sql.bind(hash(token)).bind(time)).await? else {
        return Ok(None);
    };
    let last: Option<DateTime<Utc>> = row.opt("last_used_at")?;
    if last.is_none_or(|last| time - last > LAST_USED_STEP) {
        touch(db.clone(), row.get("id")?, time);
    }
    Ok(Some(Caller {
        user: row.get("user_id")?,
        email: row.get("email")?,
        name: row.get("name")?,
        organization: row.get("organization_id")?,
        role: row.parse("role")?,
    }))
}

/// Notes the use in the background: the request does not wait for it.
fn touch(db: Db, key: KeyId, time: DateTime<Utc>) {
    tokio::spawn(async move {
        let sql = Sql::new("UPDATE api_keys SET last_used_at = $2 WHERE id = $1 AND (last_used_at IS NULL OR last_used_at < $3)")
            .bind(key)
            .bind(time)
            .bind(time - LAST_USED_STEP);
        let noted = db.system().write(move |tx| Box::pin(async move { tx.execute(sql).await })).await;
        if let Err(error) = noted {
            tracing::debug!(%error, "use of a key was not noted");
        }
    });
}

/// Keys that the handle reaches, newest first; revoked ones too.
pub async fn list_keys(scoped: &Scoped) -> Result<Vec<ApiKey>> {
    let mut sql = Sql::new(
        "SELECT id, organization_id, user_id, name, prefix, role, created_at, expires_at, revoked_at, last_used_at
         FROM api_keys",
    );
    if let Some(id) = scoped.access().organization() {
        sql.push(" WHERE organization_id = ").push_bind(id);
    }
    sql.push(" ORDER BY id DESC");
    scoped.read().await?.all(sql).await?.iter().map(read_key).collect()
}

/// Revokes a key; `NotFound` when it is not the handle's or already revoked.
pub async fn revoke_key(scoped: &Scoped, id: KeyId) -> Result<()> {
    let mut sql = Sql::new("UPDATE api_keys SET revoked_at = $2 WHERE id = $1 AND revoked_at IS NULL")
        .bind(id)
        .bind(now());
    if let Some(organization) = scoped.access().organization() {
        sql.push(" AND organization_id = ").push_bind(organization);
    }
    match scoped.write(move |tx| Box::pin(async move { tx.execute(sql).await })).await? {
        0 => Err(Error::NotFound("api key")),
        _ => Ok(()),
    }
}

fn read_user(row: &Row) -> Result<User> {
    Ok(User {
        id: row.get("id")?,
        organization_id: row.get("organization_id")?,
        email: row.get("email")?,
        name: row.get("name")?,
        is_active: row.get("is_active")?,
        created_at: row.get("created_at")?,
    })
}

fn read_key(row: &Row) -> Result<ApiKey> {
    Ok(ApiKey {
        id: row.get("id")?,
        organization_id: row.get("organization_id")?,
        user_id: row.get("user_id")?,
        name: row.get("name")?,
        prefix: row.get("prefix")?,
        role: row.parse("role")?,
        created_at: row.get("created_at")?,
        expires_at: row.opt("expires_at")?,
        revoked_at: row.opt("revoked_at")?,
        last_used_at: row.opt("last_used_at")?,
    })
}
