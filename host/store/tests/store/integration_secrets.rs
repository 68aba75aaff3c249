//! What integrations keep secret goes nowhere else.

use crate::common::*;
use crate::integrations::{access_token, audited, connected, keys, map, oauth, seen, set};
use bifrost_core::*;
use bifrost_store::integrations::connections::{self, Change};
use bifrost_store::integrations::states::{self, Beginner};
use bifrost_store::integrations::{NewMapping, current, definitions, mappings};
use bifrost_store::{Db, rotation};
use serde_json::json;
use zeroize::Zeroizing;

on_both!(
    a_state_is_good_once_and_for_whoever_began_it,
    secrets_do_not_go_elsewhere,
    everything_survives_rotation,
);

async fn a_state_is_good_once_and_for_whoever_began_it(db: Db) {
    let w = World::new(db).await;
    let (org, connection) = connected(&w).await;
    let session = SessionId::new();
    let begin = async |session: Option<SessionId>| {
        let beginner = Beginner { user: w.user, session };
        let verifier = Zeroizing::new("canary-verifier".to_owned());
        states::begin(&org, &keys(), connection.id, beginner, verifier, "/x".into()).await.unwrap()
    };
    let take = async |state: &str, user: UserId, session: SessionId| {
        states::take(&w.db, &keys(), state, user, session).await
    };
    let state = begin(Some(session)).await;
    for (state, user, session) in [
        ("bfo_other", w.user, session),
        (state.as_str(), UserId::new(), session),
        (state.as_str(), w.user, SessionId::new()),
    ] {
        assert_eq!(code(take(state, user, session).await.err().unwrap()), "expired");
    }
    let back = take(&state, w.user, session).await.ok().unwrap();
    assert_eq!(
        (back.connection, back.verifier.as_str(), back.return_to.as_str()),
        (connection.id, "canary-verifier", "/x")
    );
    assert_eq!(code(take(&state, w.user, session).await.err().unwrap()), "expired", "twice");
    // A program began it: any session of the same person ends it.
    let state = begin(None).await;
    assert!(take(&state, w.user, SessionId::new()).await.is_ok());
    // What is begun again ends what was begun before.
    let (old, new) = (begin(Some(session)).await, begin(Some(session)).await);
    assert!(take(&old, w.user, session).await.is_err());
    let past = bifrost_store::now();
    set(&org, "UPDATE oauth_states SET expires_at = $2 WHERE connection_id = $1", connection.id, past).await;
    assert!(take(&new, w.user, session).await.is_err(), "too late");
}

async fn secrets_do_not_go_elsewhere(db: Db) {
    let w = World::new(db).await;
    let (org, connection) = connected(&w).await;
    let elsewhere = || Some(Some(oauth(OAuthFlow::AuthorizationCode, "https://elsewhere.example/token")));
    let change = definitions::Change { oauth: elsewhere(), ..Default::default() };
    let error = definitions::update(&org, &keys(), "crm", change).await.unwrap_err();
    assert!(error.to_string().starts_with("client_secret"), "{error}");
    let secret = Some(Some(Zeroizing::new("another".to_owned())));
    let change = definitions::Change { oauth: elsewhere(), client_secret: secret, ..Default::default() };
    definitions::update(&org, &keys(), "crm", change).await.unwrap();
    // Tokens of the old endpoint are neither sent to the new one, nor used.
    assert_eq!(access_token(&org, connection.id).await, None);
    let back = Some(Some(oauth(OAuthFlow::AuthorizationCode, "https://login.example/{entity_id}/token")));
    let secret = Some(Some(Zeroizing::new("canary-client".to_owned())));
    let change = definitions::Change { oauth: back, client_secret: secret, ..Default::default() };
    definitions::update(&org, &keys(), "crm", change).await.unwrap();
    assert_eq!(access_token(&org, connection.id).await.as_deref(), Some("access-1"));
    // Nor are those of one tenant those of another.
    let integration = definitions::find(&org, "crm").await.unwrap();
    let new = NewMapping { entity_id: "tenant-2".into(), ..NewMapping::default() };
    mappings::set(&org, &keys(), integration.id, new).await.unwrap();
    assert_eq!(access_token(&org, connection.id).await, None);
    map(&w, w.org.id, &integration, json!({})).await;

    // Another client is another connection.
    let change = Change {
        client_id: Some(Some("own".into())),
        client_secret: Some(Some(Zeroizing::new("canary-own".to_owned()))),
        refresh_token: None,
    };
    let changed = connections::update(&org, &keys(), connection.id, change, w.user).await.unwrap();
    assert_eq!(changed.status, ConnectionStatus::NotConnected);
    let current = current::get(&org, &keys(), connection.id).await.unwrap();
    assert_eq!(current.settings.client_id, "own");
    assert_eq!(current.client_secret(&w.db, &keys()).await.unwrap().unwrap().as_str(), "canary-own");
    let elsewhere = oauth(OAuthFlow::AuthorizationCode, "https://elsewhere.example/token");
    let there = definitions::Change {
        oauth: Some(Some(elsewhere)),
        client_secret: Some(Some(Zeroizing::new("canary-client".to_owned()))),
        ..Default::default()
    };
    definitions::update(&org, &keys(), "crm", there).await.unwrap();
    let current = current::get(&org, &keys(), connection.id).await.unwrap();
    assert!(current.client_secret(&w.db, &keys()).await.unwrap().is_none(), "it was not given for there");
    let change = Change { client_id: Some(None), ..Change::default() };
    connections::update(&org, &keys(), connection.id, change, w.user).await.unwrap();
    let current = current::get(&org, &keys(), connection.id).await.unwrap();
    assert_eq!(current.client_secret(&w.db, &keys()).await.unwrap().unwrap().as_str(), "canary-client");
    assert!(audited(&w.db, "oauth_connection.update").await.len() == 2);
}

async fn everything_survives_rotation(db: Db) {
    let w = World::new(db).await;
    let (org, connection) = connected(&w).await;
    map(&w, w.org.id, &definitions::find(&org, "crm").await.unwrap(), json!({ "api_key": "of-mapping" }))
        .await;
    let done = rotation::renew(&w.db, &keys(), &mut |_| ()).await.unwrap();
    assert_eq!((done.data_keys, done.values), (1, 4), "definition, client, mapping, tokens");
    assert_eq!(access_token(&org, connection.id).await.as_deref(), Some("access-1"));
    let own = Scope::Organization(w.org.id);
    assert_eq!(seen(&w, own, "crm").await.config["api_key"], "of-mapping");
    let current = current::get(&org, &keys(), connection.id).await.unwrap();
    assert_eq!(current.client_secret(&w.db, &keys()).await.unwrap().unwrap().as_str(), "canary-client");
}
