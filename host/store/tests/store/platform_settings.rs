//! Settings of the whole platform: one row, defaults without it, and sessions that are strong.

use crate::common::*;
use bifrost_core::{Branding, Error, SecondFactorPolicy};
use bifrost_store::platform_settings::{self, PlatformSettings};
use bifrost_store::sign_in::sessions::{self, Kind, NewSession};
use bifrost_store::sign_in::totp;
use bifrost_store::{Db, Keyring};
use zeroize::Zeroizing;

on_both!(what_is_not_set_has_its_default, a_logo_is_kept_and_taken_away, sessions_become_strong);

const PNG: &[u8] = b"\x89PNG\r\n\x1a\n and more";

async fn what_is_not_set_has_its_default(db: Db) {
    let now = async || platform_settings::get(&db).await.unwrap();
    assert_eq!(now().await, PlatformSettings::default());
    assert_eq!(now().await.product_name(), "Bifrost");
    // A reset of nothing is none.
    assert_eq!(platform_settings::reset_branding(&db).await.unwrap(), PlatformSettings::default());
    platform_settings::set_second_factor(&db, SecondFactorPolicy::Administrators).await.unwrap();
    let branding = Branding { product_name: Some(" Acme ".into()), accent: Some("#ABCDEF".into()) };
    let set = platform_settings::set_branding(&db, branding).await.unwrap();
    assert_eq!((set.product_name(), set.branding.accent.as_deref()), ("Acme", Some("#abcdef")));
    assert_eq!((&now().await, set.second_factor), (&set, SecondFactorPolicy::Administrators));
    let wrong = Branding { accent: Some("red".into()), ..Branding::default() };
    let refused = platform_settings::set_branding(&db, wrong).await;
    assert!(matches!(refused, Err(Error::Invalid { field, .. }) if field == "accent"));
    assert_eq!(now().await, set);
    let reset = platform_settings::reset_branding(&db).await.unwrap();
    assert_eq!((reset.product_name(), reset.second_factor), ("Bifrost", SecondFactorPolicy::Administrators));
}

async fn a_logo_is_kept_and_taken_away(db: Db) {
    assert_eq!(platform_settings::logo(&db).await.unwrap(), None);
    assert!(platform_settings::set_logo(&db, b"<svg/>".to_vec()).await.is_err());
    let set = platform_settings::set_logo(&db, PNG.to_vec()).await.unwrap();
    let logo = platform_settings::logo(&db).await.unwrap().unwrap();
    assert_eq!((logo.content.as_slice(), logo.content_type.as_str()), (PNG, "image/png"));
    assert_eq!(Some(&logo.hash), set.logo_hash.as_ref());
    // A name leaves it as it is.
    let named = Branding { product_name: Some("Acme".into()), accent: None };
    assert_eq!(platform_settings::set_branding(&db, named).await.unwrap().logo_hash, set.logo_hash);
    assert_eq!(platform_settings::remove_logo(&db).await.unwrap().logo_hash, None);
    assert_eq!(platform_settings::logo(&db).await.unwrap(), None);
    assert_eq!(platform_settings::get(&db).await.unwrap().product_name(), "Acme");
}

async fn sessions_become_strong(db: Db) {
    let w = World::new(db).await;
    let org = w.db.org(w.org.id);
    let begin = async |is_strong| {
        let new = NewSession {
            user: w.user,
            organization: w.org.id,
            kind: Kind::Browser,
            method: "password",
            is_strong,
            address: None,
            agent: None,
        };
        sessions::begin(&w.db, new, None).await.unwrap()
    };
    let is_strong = async |token: &str| {
        sessions::find(&w.db, token, Kind::Browser).await.unwrap().map(|held| held.is_strong)
    };
    let ((weak, token), (_, strong)) = (begin(false).await, begin(true).await);
    assert_eq!((is_strong(&token).await, is_strong(&strong).await), (Some(false), Some(true)));
    let secret = Zeroizing::new(vec![7; 20]);
    totp::begin(&org, &Keyring::from_bytes([3; 32]), w.user, secret).await.unwrap();
    assert_eq!(is_strong(&token).await, Some(false), "it is not confirmed yet");
    totp::confirm(&org, w.user, vec![vec![1]], Some(weak.id)).await.unwrap();
    assert_eq!((is_strong(&token).await, is_strong(&strong).await), (Some(true), None));
}
