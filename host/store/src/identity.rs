//! API keys, and who they stand for. A key is shown once; only its hash is kept.

use crate::audit::{Actor, Event, record};
use crate::organizations::{self, NewOrganization, Organization};
use crate::users::{self, NewUser, User};
use crate::{Db, Row, Scoped, Sql, Tx, Value, now};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bifrost_core::{Caller, Error, KeyId, OrganizationId, Permissions, Result, Role, UserId};
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// What every key begins with, so that scanners find leaked ones.
pub const KEY_PREFIX: &str = "bfr_";
/// Random bytes in a token.
const TOKEN_BYTES: usize = 32;
/// Characters of a key that are kept for people to recognize it.
const SHOWN: usize = 10;
/// `last_used_at` is exact to this; a write for every request would cost more.
const LAST_USED_STEP: TimeDelta = TimeDelta::seconds(60);

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
    /// The most that it is, whatever its holder is.
    pub role: Role,
    /// What it allows; `None` for everything that its holder may do.
    pub permissions: Option<Permissions>,
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
    /// The most that it is, whatever its holder is. `PlatformAdmin` only within the provider's
    /// organization.
    pub role: Role,
    /// What it allows; `None` for everything that its holder may do.
    pub permissions: Option<Permissions>,
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
                let new = NewUser::person(&first.email, &first.name, Role::PlatformAdmin);
                let user = users::create_in(tx, organization.id, new).await?;
                let new = NewKey {
                    user: user.id,
                    name: "bootstrap".into(),
                    role: Role::PlatformAdmin,
                    permissions: None,
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

/// Makes a key in the handle's organization; the text is returned this once.
pub async fn create_key(org: &Scoped, new: NewKey) -> Result<(ApiKey, String)> {
    let id = org.organization()?;
    org.write(move |tx| Box::pin(async move { insert_key(tx, id, new).await })).await
}

async fn insert_key(tx: &mut Tx, organization_id: OrganizationId, new: NewKey) -> Result<(ApiKey, String)> {
    let user = users::find(tx, organization_id, new.user).await?;
    users::fits(tx, organization_id, new.role).await?;
    let token = random_token(KEY_PREFIX)?;
    let key = ApiKey {
        id: KeyId::new(),
        organization_id,
        user_id: new.user,
        name: new.name,
        prefix: token.chars().take(SHOWN).collect(),
        role: new.role,
        permissions: new.permissions,
        created_at: now(),
        expires_at: new.expires_at,
        revoked_at: None,
        last_used_at: None,
    };
    let sql = Sql::new(
        "INSERT INTO api_keys (id, organization_id, user_id, name, prefix, hash, role, created_at, expires_at, permissions)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
    )
    .bind(key.id)
    .bind(key.organization_id)
    .bind(key.user_id)
    .bind(key.name.as_str())
    .bind(key.prefix.as_str())
    .bind(hash(&token))
    .bind(key.role.as_str())
    .bind(key.created_at)
    .bind(key.expires_at)
    .bind(match &key.permissions {
        Some(permissions) => Value::json(permissions)?,
        None => Value::Json(None),
    });
    tx.execute(sql).await?;
    let event = Event::new("key.create")
        .within(organization_id)
        .target("key", key.id)
        .detail("name", &key.name)
        .detail("user", &user.email)
        .detail("role", key.role)
        .maybe("permissions", key.permissions)
        .maybe("expires_at", key.expires_at);
    record(tx, event).await?;
    Ok((key, token))
}

/// A text that nobody guesses, after a prefix.
pub(crate) fn random_token(prefix: &str) -> Result<String> {
    let bytes = crate::secrets::random::<TOKEN_BYTES>()?;
    Ok(format!("{prefix}{}", URL_SAFE_NO_PAD.encode(bytes.as_slice())))
}

/// What is kept of a token. 32 random bytes need no slow hash and no salt.
pub fn hash(token: &str) -> Vec<u8> {
    Sha256::digest(token.as_bytes()).to_vec()
}

/// Who a key stands for; `None` for a key that is unknown, expired or revoked, or whose
/// user or organization is not active.
pub async fn authenticate(db: &Db, token: &str) -> Result<Option<Caller>> {
    if !token.starts_with(KEY_PREFIX) {
        return Ok(None);
    }
    let time = now();
    let sql = Sql::new(format!(
        "SELECT {CALLER}, k.id AS key_id, k.role AS key_role, k.permissions AS key_permissions, k.last_used_at
         FROM api_keys k JOIN users u ON u.id = k.user_id {JOINED}
         WHERE k.hash = $1 AND k.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > $2)
           AND u.is_active AND o.is_active"
    ));
    let rows = db.system().read().await?.all(sql.bind(hash(token)).bind(time)).await?;
    let Some(row) = rows.first() else { return Ok(None) };
    let last: Option<DateTime<Utc>> = row.opt("last_used_at")?;
    if last.is_none_or(|last| time - last > LAST_USED_STEP) {
        touch(db.clone(), row.get("key_id")?, time);
    }
    let ceiling = row.opt_document::<Vec<String>>("key_permissions")?;
    let mut caller = of_rows(&rows, row.parse("key_role")?)?;
    caller.key = row.opt("key_id")?;
    Ok(Some(match ceiling {
        Some(names) => caller.within(Permissions::from_stored(&names)),
        None => caller,
    }))
}

/// Whose a key was that is refused now; `None` for one that was never there.
pub async fn holder(db: &Db, token: &str) -> Result<Option<Actor>> {
    let sql = Sql::new(
        "SELECT k.id, k.organization_id, k.user_id, u.email FROM api_keys k JOIN users u ON u.id = k.user_id
         WHERE k.hash = $1",
    );
    let Some(row) = db.system().read().await?.optional(sql.bind(hash(token))).await? else { return Ok(None) };
    Ok(Some(Actor {
        id: row.opt("user_id")?,
        name: row.get("email")?,
        organization: row.opt("organization_id")?,
        key: row.opt("id")?,
        ..Actor::default()
    }))
}

/// Who a user is now, as behind a session or a run; `None` when it, or its organization, is
/// not active or is gone.
pub async fn caller(db: &Db, user: UserId) -> Result<Option<Caller>> {
    let sql = Sql::new(format!(
        "SELECT {CALLER} FROM users u {JOINED} WHERE u.id = $1 AND u.is_active AND o.is_active"
    ));
    let rows = db.system().read().await?.all(sql.bind(user)).await?;
    if rows.is_empty() { Ok(None) } else { of_rows(&rows, Role::PlatformAdmin).map(Some) }
}

/// What makes a caller; a row for each role of the organization.
const CALLER: &str =
    "u.id AS user_id, u.organization_id, u.email, u.name, u.role, o.is_provider, r.permissions AS granted";
const JOINED: &str = "JOIN organizations o ON o.id = u.organization_id
   LEFT JOIN user_roles m ON m.user_id = u.id LEFT JOIN roles r ON r.id = m.role_id";

/// The caller of rows that are all of one user, as no more than `at_most`.
fn of_rows(rows: &[Row], at_most: Role) -> Result<Caller> {
    let row = rows.first().ok_or(Error::Unauthenticated)?;
    let most = if row.get("is_provider")? { Role::PlatformAdmin } else { Role::OrgAdmin };
    let role = row.parse::<Role>("role")?.min(at_most).min(most);
    let email: String = row.get("email")?;
    let mut caller = Caller::of_role(row.get("user_id")?, &email, row.get("organization_id")?, role);
    caller.name = row.get("name")?;
    for row in rows {
        let names = row.opt_document::<Vec<String>>("granted")?.unwrap_or_default();
        let granted = Permissions::from_stored(&names).and(Permissions::of_organization());
        caller.permissions = caller.permissions.or(granted);
    }
    Ok(caller)
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
        "SELECT id, organization_id, user_id, name, prefix, role, permissions, created_at, expires_at, revoked_at, last_used_at
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
    sql.push(" RETURNING organization_id, name");
    scoped
        .write(move |tx| {
            Box::pin(async move {
                let row = tx.optional(sql).await?.ok_or(Error::NotFound("api key"))?;
                let event = Event::new("key.revoke")
                    .within(row.get::<OrganizationId>("organization_id")?)
                    .target("key", id)
                    .detail("name", row.get::<String>("name")?);
                record(tx, event).await
            })
        })
        .await
}

fn read_key(row: &Row) -> Result<ApiKey> {
    Ok(ApiKey {
        id: row.get("id")?,
        organization_id: row.get("organization_id")?,
        user_id: row.get("user_id")?,
        name: row.get("name")?,
        prefix: row.get("prefix")?,
        role: row.parse("role")?,
        permissions: row
            .opt_document::<Vec<String>>("permissions")?
            .map(|names| Permissions::from_stored(&names)),
        created_at: row.get("created_at")?,
        expires_at: row.opt("expires_at")?,
        revoked_at: row.opt("revoked_at")?,
        last_used_at: row.opt("last_used_at")?,
    })
}
