//! What an operator sets for the whole platform: its name and its look, and whom it asks for a
//! second factor.

use crate::audit::{Event, hex, record};
use crate::{Db, Sql, Tx};
use bifrost_core::platform::{PRODUCT_NAME, logo_type};
use bifrost_core::{Branding, Result, SecondFactorPolicy};
use sha2::{Digest, Sha256};

/// All of them; where nothing was set, the defaults.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PlatformSettings {
    /// The name and the colour.
    pub branding: Branding,
    /// Of the logo; tells one from another. `None` while it is the product's own.
    pub logo_hash: Option<String>,
    /// Of whom a second factor is asked.
    pub second_factor: SecondFactorPolicy,
}

impl PlatformSettings {
    /// What the product is called.
    pub fn product_name(&self) -> &str {
        self.branding.product_name.as_deref().unwrap_or(PRODUCT_NAME)
    }
}

/// A picture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Logo {
    /// `image/png` or `image/webp`.
    pub content_type: String,
    /// Tells one from another.
    pub hash: String,
    /// The file.
    pub content: Vec<u8>,
}

/// The settings as they are now.
pub async fn get(db: &Db) -> Result<PlatformSettings> {
    let mut tx = db.system().read().await?;
    get_in(&mut tx).await
}

async fn get_in(tx: &mut Tx) -> Result<PlatformSettings> {
    let sql = Sql::new("SELECT product_name, accent, logo_hash, second_factor FROM platform_settings");
    let Some(row) = tx.optional(sql).await? else { return Ok(PlatformSettings::default()) };
    Ok(PlatformSettings {
        branding: Branding { product_name: row.opt("product_name")?, accent: row.opt("accent")? },
        logo_hash: row.opt("logo_hash")?,
        second_factor: row.parse("second_factor")?,
    })
}

/// The logo, where there is one.
pub async fn logo(db: &Db) -> Result<Option<Logo>> {
    let sql =
        Sql::new("SELECT logo, logo_type, logo_hash FROM platform_settings WHERE logo_hash IS NOT NULL");
    let Some(row) = db.system().read().await?.optional(sql).await? else { return Ok(None) };
    Ok(Some(Logo {
        content_type: row.get("logo_type")?,
        hash: row.get("logo_hash")?,
        content: row.get("logo")?,
    }))
}

/// Sets the name and the colour; what is absent has its default.
///
/// # Errors
/// `Invalid`, naming the field.
pub async fn set_branding(db: &Db, branding: Branding) -> Result<PlatformSettings> {
    let branding = branding.checked()?;
    let sql = Sql::new(
        "INSERT INTO platform_settings (id, product_name, accent) VALUES (1, $1, $2)
         ON CONFLICT (id) DO UPDATE SET product_name = excluded.product_name, accent = excluded.accent",
    )
    .bind(branding.product_name.clone())
    .bind(branding.accent.clone());
    change(db, sql, "settings.set", move |event, old| event.change("branding", &old.branding, &branding))
        .await
}

/// Sets the logo.
///
/// # Errors
/// `Invalid` when it is no picture that may be one.
pub async fn set_logo(db: &Db, content: Vec<u8>) -> Result<PlatformSettings> {
    let kind = logo_type(&content)?;
    let hash = hex(&Sha256::digest(&content));
    let sql = Sql::new(
        "INSERT INTO platform_settings (id, logo, logo_type, logo_hash) VALUES (1, $1, $2, $3)
         ON CONFLICT (id) DO UPDATE SET logo = excluded.logo, logo_type = excluded.logo_type,
           logo_hash = excluded.logo_hash",
    )
    .bind(content)
    .bind(kind)
    .bind(hash.as_str());
    change(db, sql, "settings.set", move |event, old| event.change("logo", &old.logo_hash, &Some(hash))).await
}

/// Takes the logo away.
pub async fn remove_logo(db: &Db) -> Result<PlatformSettings> {
    let sql = Sql::new("UPDATE platform_settings SET logo = NULL, logo_type = NULL, logo_hash = NULL");
    change(db, sql, "settings.set", |event, old| event.change("logo", &old.logo_hash, &None)).await
}

/// Name, colour and logo are the product's own again.
pub async fn reset_branding(db: &Db) -> Result<PlatformSettings> {
    let sql = Sql::new(
        "UPDATE platform_settings SET product_name = NULL, accent = NULL, logo = NULL, logo_type = NULL,
           logo_hash = NULL",
    );
    change(db, sql, "settings.reset", |event, old| event.detail("branding", &old.branding)).await
}

/// Sets of whom a second factor is asked.
pub async fn set_second_factor(db: &Db, policy: SecondFactorPolicy) -> Result<PlatformSettings> {
    let sql = Sql::new(
        "INSERT INTO platform_settings (id, second_factor) VALUES (1, $1)
         ON CONFLICT (id) DO UPDATE SET second_factor = excluded.second_factor",
    );
    let sql = sql.bind(policy.as_str());
    change(db, sql, "settings.set", move |event, old| {
        event.change("second_factor", &old.second_factor, &policy)
    })
    .await
}

/// Runs a statement, and writes down what `noted` makes of the settings before.
async fn change(
    db: &Db,
    sql: Sql,
    action: &'static str,
    noted: impl FnOnce(Event, &PlatformSettings) -> Event + Send + 'static,
) -> Result<PlatformSettings> {
    db.system()
        .write(move |tx| {
            Box::pin(async move {
                let old = get_in(tx).await?;
                tx.execute(sql).await?;
                let event = Event::new(action).target("settings", "platform");
                record(tx, noted(event, &old)).await?;
                get_in(tx).await
            })
        })
        .await
}
