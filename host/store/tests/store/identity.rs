//! First start, organizations, users and keys.

use crate::common::*;
use bifrost_core::*;
use bifrost_store::identity::{self, Bootstrap, NewKey};
use bifrost_store::organizations::{NewOrganization, OrganizationChange};
use bifrost_store::users::{self, Filters, NewUser};
use bifrost_store::{Db, now, organizations};
use chrono::TimeDelta;

on_both!(the_first_start_happens_once, keys_open_what_they_should, organizations_change);

async fn the_first_start_happens_once(db: Db) {
    let first = || Bootstrap { organization: "P".into(), email: "Admin@P.test".into(), name: "A".into() };
    let made = futures::future::join_all((0..4).map(|_| identity::bootstrap(&db, first()))).await;
    let mut made: Vec<_> = made.into_iter().filter_map(|m| m.unwrap()).collect();
    assert_eq!(made.len(), 1);
    let made = made.remove(0);
    assert!(made.organization.is_provider && made.token.starts_with("bfr_") && made.token.len() == 47);
    let caller = identity::authenticate(&db, &made.token).await.unwrap().expect("known");
    assert_eq!(
        (caller.role, caller.organization, caller.user),
        (Role::PlatformAdmin, made.organization.id, made.user.id)
    );
    assert_eq!(caller.email, "admin@p.test");
    assert!(identity::bootstrap(&db, first()).await.unwrap().is_none());
}

async fn keys_open_what_they_should(db: Db) {
    let w = World::new(db).await;
    let org = w.db.org(w.org.id);
    let new =
        |role, expires_at| NewKey { user: w.user, name: "k".into(), role, permissions: None, expires_at };
    let (key, token) = identity::create_key(&org, new(Role::OrgAdmin, None)).await.unwrap();
    assert!(token.starts_with(&key.prefix));
    let caller = identity::authenticate(&w.db, &token).await.unwrap().expect("known");
    assert_eq!((caller.role, caller.organization), (Role::OrgAdmin, w.org.id));
    for wrong in ["", "bfr_", "bfr_AAAA", &token[1..], &format!("{token}x")] {
        assert!(identity::authenticate(&w.db, wrong).await.unwrap().is_none());
    }
    let past = Some(now() - TimeDelta::seconds(1));
    let (_, expired) = identity::create_key(&org, new(Role::OrgUser, past)).await.unwrap();
    assert!(identity::authenticate(&w.db, &expired).await.unwrap().is_none());
    assert!(matches!(
        identity::create_key(&org, new(Role::PlatformAdmin, None)).await,
        Err(Error::Denied(_))
    ));
    let other = w.db.org(w.other.id);
    assert!(matches!(
        identity::create_key(&other, new(Role::OrgUser, None)).await,
        Err(Error::NotFound("user"))
    ));

    assert_eq!(identity::list_keys(&org).await.unwrap().len(), 2);
    assert_eq!(identity::list_keys(&other).await.unwrap(), []);
    assert!(matches!(identity::revoke_key(&other, key.id).await, Err(Error::NotFound("api key"))));
    identity::revoke_key(&org, key.id).await.unwrap();
    assert!(identity::authenticate(&w.db, &token).await.unwrap().is_none());
    assert!(identity::revoke_key(&org, key.id).await.is_err());
    let listed = identity::list_keys(&org).await.unwrap();
    assert!(listed.iter().any(|k| k.id == key.id && k.revoked_at.is_some()));

    assert_eq!(users::list(&org, Filters::default()).await.unwrap().len(), 1);
    let twice =
        users::create(&org, NewUser::person("USER@org.test", "again", Role::OrgUser)).await.unwrap_err();
    assert_eq!(code(twice), "already_exists");
    assert!(users::create(&org, NewUser::person("no address", "x", Role::OrgUser)).await.is_err());
}

async fn organizations_change(db: Db) {
    let w = World::new(db).await;
    let limits = Limits { wall_ms: 5, ..Default::default() };
    let change = OrganizationChange {
        name: Some("New".into()),
        domain: Some(Some("Org.Test".into())),
        limits: Some(limits.clone()),
        ..Default::default()
    };
    let changed = organizations::update(&w.db, w.org.id, change).await.unwrap();
    assert_eq!((changed.name.as_str(), changed.domain.as_deref()), ("New", Some("org.test")));
    assert_eq!(organizations::get(&w.db.org(w.org.id), w.org.id).await.unwrap(), changed);
    assert!(organizations::get(&w.db.org(w.other.id), w.org.id).await.is_err());
    assert_eq!(organizations::list(&w.db).await.unwrap().len(), 3);
    let id = w.accept().await.id;
    assert_eq!(w.claim(id, 1, 60).await.unwrap().limits, limits);

    let taken = NewOrganization { name: "X".into(), domain: Some("ORG.test".into()), ..Default::default() };
    assert_eq!(code(organizations::create(&w.db, taken).await.unwrap_err()), "already_exists");
    assert!(organizations::create(&w.db, NewOrganization::default()).await.is_err());
    let off = OrganizationChange { is_active: Some(false), ..Default::default() };
    let provider = w.provider.organization.id;
    assert_eq!(code(organizations::update(&w.db, provider, off.clone()).await.unwrap_err()), "provider");
    assert!(identity::authenticate(&w.db, &w.provider.token).await.unwrap().is_some());
    let new =
        NewKey { user: w.user, name: "k".into(), role: Role::OrgUser, permissions: None, expires_at: None };
    let (_, token) = identity::create_key(&w.db.org(w.org.id), new).await.unwrap();
    organizations::update(&w.db, w.org.id, off).await.unwrap();
    assert!(identity::authenticate(&w.db, &token).await.unwrap().is_none());
}
