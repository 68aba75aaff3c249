//! What is taken away from integrations, and what has to go first.

use crate::common::*;
use crate::integrations::new_integration;
use bifrost_core::*;
use bifrost_store::integrations::connections::{self, NewConnection};
use bifrost_store::integrations::{NewMapping, definitions, mappings};
use bifrost_store::{Db, Keyring};
use zeroize::Zeroizing;

on_both!(a_server_goes_when_nobody_is_connected, the_name_of_an_entity_is_taken_away);

fn keys() -> Keyring {
    Keyring::from_bytes([1; 32])
}

async fn a_server_goes_when_nobody_is_connected(db: Db) {
    let w = World::new(db).await;
    let global = w.db.scope(Scope::Global);
    let new = new_integration("psa", OAuthFlow::AuthorizationCode, w.user);
    definitions::create(&global, &keys(), new).await.unwrap();
    let mut connected = vec![];
    for scope in [Scope::Organization(w.org.id), Scope::Organization(w.other.id), Scope::Global] {
        let scoped = w.db.scope(scope);
        let made = connections::create(&scoped, &keys(), "psa", NewConnection::default(), w.user).await;
        connected.push((scoped, made.unwrap().id));
    }
    let take = || definitions::Change { oauth: Some(None), ..Default::default() };
    let error = definitions::update(&global, &keys(), "psa", take()).await.unwrap_err();
    let Error::Conflict { code, message } = error else { panic!("a conflict, not {error:?}") };
    assert_eq!(code, "integration_in_use");
    for name in ["Org", "Other", "the provider"] {
        assert!(message.contains(name), "{message}");
    }
    assert!(definitions::find(&global, "psa").await.unwrap().oauth.is_some());
    for (scoped, id) in connected {
        connections::delete(&scoped, id).await.unwrap();
    }
    let changed = definitions::update(&global, &keys(), "psa", take()).await.unwrap();
    assert_eq!(changed.oauth, None);
    assert!(!definitions::kept(&global, &keys(), &changed).await.unwrap().has_client_secret);
    let secret = Some(Some(Zeroizing::new("of nobody".to_owned())));
    let change = definitions::Change { client_secret: secret, ..Default::default() };
    let error = definitions::update(&global, &keys(), "psa", change).await.unwrap_err();
    assert!(error.to_string().starts_with("client_secret"), "{error}");
}

async fn the_name_of_an_entity_is_taken_away(db: Db) {
    let w = World::new(db).await;
    let org = w.db.org(w.org.id);
    let new = new_integration("crm", OAuthFlow::AuthorizationCode, w.user);
    let made = definitions::create(&org, &keys(), new).await.unwrap();
    let set = async |name: Option<&str>| {
        let entity_name = name.map(str::to_owned);
        let new = NewMapping { entity_id: "tenant-1".into(), entity_name, ..NewMapping::default() };
        mappings::set(&org, &keys(), made.id, new).await.map(|mapping| mapping.entity_name)
    };
    assert_eq!(set(Some(" Contoso ")).await.unwrap().as_deref(), Some("Contoso"));
    assert_eq!(set(None).await.unwrap().as_deref(), Some("Contoso"), "what is not said stays");
    assert_eq!(set(Some("")).await.unwrap(), None);
    assert_eq!(set(None).await.unwrap(), None);
    assert!(set(Some("two\nlines")).await.is_err());
}
