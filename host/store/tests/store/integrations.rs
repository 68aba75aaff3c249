//! Integrations: who sees what of them.

use crate::common::*;
use bifrost_core::integration::{Field, Schema, Values};
use bifrost_core::*;
use bifrost_store::integrations::connections::{self, Change, NewConnection};
use bifrost_store::integrations::renewal::{self, Fresh};
use bifrost_store::integrations::states::{self, Beginner};
use bifrost_store::integrations::{
    Connection, Integration, NewIntegration, NewMapping, Resolved, Tokens, current, definitions, mappings,
    resolve, shares,
};
use bifrost_store::{Db, Keyring, Scoped, Sql};
use chrono::TimeDelta;
use serde_json::{Value, json};
use zeroize::Zeroizing;

on_both!(
    layers_hide_each_other_and_secrets_are_sealed,
    what_is_global_is_told_where_it_is_shared,
    nothing_is_seen_by_another_organization,
    a_connection_is_made_where_nobody_has_to_agree,
    what_is_used_stays,
);

pub fn keys() -> Keyring {
    Keyring::from_bytes([1; 32])
}

fn field(key: &str, kind: ConfigType, default: Option<Value>) -> Field {
    Field { key: key.into(), kind, required: false, default, description: None }
}

pub fn oauth(flow: OAuthFlow, token_url: &str) -> OAuthSettings {
    OAuthSettings {
        flow,
        client_id: "client".into(),
        authorization_url: Some("https://login.example/authorize".into()),
        token_url: token_url.into(),
        scopes: vec![],
        client_authentication: ClientAuthentication::Basic,
        parameters: [].into(),
        default_lifetime_seconds: 3_600,
    }
}

pub fn new_integration(name: &str, flow: OAuthFlow, by: UserId) -> NewIntegration {
    NewIntegration {
        name: name.into(),
        description: String::new(),
        schema: Schema(vec![
            field("base_url", ConfigType::String, Some(json!("https://default.example"))),
            field("region", ConfigType::String, None),
            field("api_key", ConfigType::Secret, None),
        ]),
        config: object(json!({ "region": "eu", "api_key": "canary-definition" })),
        oauth: Some(oauth(flow, "https://login.example/{entity_id}/token")),
        client_secret: Some(Zeroizing::new("canary-client".into())),
        created_by: by,
    }
}

fn object(value: Value) -> Values {
    value.as_object().unwrap().clone()
}

async fn integration(scoped: &Scoped, name: &str, flow: OAuthFlow) -> Integration {
    definitions::create(scoped, &keys(), new_integration(name, flow, UserId::new())).await.unwrap()
}

pub async fn map(w: &World, organization: OrganizationId, integration: &Integration, config: Value) {
    let new = NewMapping { entity_id: "tenant-1".into(), entity_name: None, config: object(config) };
    mappings::set(&w.db.org(organization), &keys(), integration.id, new).await.unwrap();
}

pub async fn seen(w: &World, workspace: Scope, name: &str) -> Resolved {
    resolve(&w.db, &keys(), Scope::Organization(w.org.id), workspace, name).await.unwrap()
}

pub fn fresh(access: &str, refresh: Option<&str>) -> Fresh {
    let from = bifrost_store::now();
    Fresh {
        tokens: Tokens {
            token_url: "https://login.example/tenant-1/token".into(),
            access_token: Some(Zeroizing::new(access.into())),
            refresh_token: refresh.map(|token| Zeroizing::new(token.into())),
            scope: None,
        },
        from,
        until: Some(from + TimeDelta::hours(1)),
        has_refresh: refresh.is_some(),
    }
}

/// An integration of the organization with a connection that has tokens.
pub async fn connected(w: &World) -> (Scoped, Connection) {
    let org = w.db.org(w.org.id);
    let made = integration(&org, "crm", OAuthFlow::AuthorizationCode).await;
    map(w, w.org.id, &made, json!({})).await;
    let new = connections::create(&org, &keys(), "crm", NewConnection::default(), w.user).await.unwrap();
    renewal::connect(&org, &keys(), new.id, fresh("access-1", Some("refresh-1")), w.user).await.unwrap();
    let connection = connections::get(&org, new.id).await.unwrap();
    (org, connection)
}

pub async fn access_token(org: &Scoped, id: ConnectionId) -> Option<String> {
    let current = current::get(org, &keys(), id).await.unwrap();
    current.tokens.and_then(|tokens| tokens.access_token).map(|token| token.to_string())
}

pub async fn set(org: &Scoped, sql: &'static str, id: ConnectionId, time: chrono::DateTime<chrono::Utc>) {
    let sql = Sql::new(sql).bind(id).bind(time);
    assert_eq!(org.write(move |tx| Box::pin(async move { tx.execute(sql).await })).await.unwrap(), 1);
}

pub async fn audited(db: &Db, action: &str) -> Vec<Value> {
    let mut tx = db.system().read().await.unwrap();
    let rows = tx.all(Sql::new("SELECT entry FROM audit_outbox ORDER BY id")).await.unwrap();
    let all = rows.iter().map(|row| row.get::<String>("entry").unwrap());
    let all: Vec<Value> = all
        .inspect(|text| assert!(!text.contains("canary"), "a secret is in the audit log: {text}"))
        .map(|text| serde_json::from_str(&text).unwrap())
        .collect();
    all.into_iter().filter(|entry| entry["action"] == action).collect()
}

/// Everything once, with whatever rights the database gives.
pub async fn works_with_two_roles(w: &World, keys: &Keyring) {
    let (org, global) = (w.db.org(w.org.id), w.db.scope(Scope::Global));
    let new = new_integration("roles", OAuthFlow::AuthorizationCode, w.user);
    let made = definitions::create(&global, keys, new).await.unwrap();
    let new = NewMapping { entity_id: "tenant-1".into(), ..NewMapping::default() };
    mappings::set(&org, keys, made.id, new).await.unwrap();
    assert_eq!(mappings::all(&w.db, made.id).await.unwrap().len(), 1);
    shares::add(&w.db, "roles", w.org.id, w.user).await.unwrap();
    let connection =
        connections::create(&org, keys, "roles", NewConnection::default(), w.user).await.unwrap();
    let session = SessionId::new();
    let beginner = Beginner { user: w.user, session: Some(session) };
    let verifier = Zeroizing::new("verifier".to_owned());
    let state = states::begin(&org, keys, connection.id, beginner, verifier, "/".into()).await.unwrap();
    states::take(&w.db, keys, &state, w.user, session).await.unwrap();
    renewal::connect(&org, keys, connection.id, fresh("a", Some("r")), w.user).await.unwrap();
    let later = bifrost_store::now() + TimeDelta::hours(1);
    assert_eq!(
        renewal::due(&w.db, later, 10).await.unwrap(),
        [(Scope::Organization(w.org.id), connection.id)]
    );
    let own = Scope::Organization(w.org.id);
    for workspace in [Scope::Global, own] {
        let resolved = resolve(&w.db, keys, own, workspace, "roles").await.unwrap();
        assert!(resolved.connection.is_some() && resolved.config.contains_key("api_key"));
    }
}

/// A row in every table.
pub async fn filled(org: &Scoped, user: UserId, mark: &str) {
    let new = new_integration(mark, OAuthFlow::AuthorizationCode, user);
    let made = definitions::create(org, &keys(), new).await.unwrap();
    let new = NewMapping { entity_id: mark.into(), ..NewMapping::default() };
    mappings::set(org, &keys(), made.id, new).await.unwrap();
    let connection = connections::create(org, &keys(), mark, NewConnection::default(), user).await.unwrap();
    renewal::connect(org, &keys(), connection.id, fresh("a", Some("r")), user).await.unwrap();
    let beginner = Beginner { user, session: None };
    let verifier = Zeroizing::new(String::new());
    states::begin(org, &keys(), connection.id, beginner, verifier, "/".into()).await.unwrap();
    let new = new_integration(&uuid::Uuid::now_v7().to_string(), OAuthFlow::AuthorizationCode, user);
    let shared = definitions::create(&org.db().scope(Scope::Global), &keys(), new).await.unwrap().name;
    shares::add(org.db(), &shared, org.access().organization().unwrap(), user).await.unwrap();
}

async fn layers_hide_each_other_and_secrets_are_sealed(db: Db) {
    let w = World::new(db).await;
    let (org, own) = (w.db.org(w.org.id), Scope::Organization(w.org.id));
    let made = integration(&org, "crm", OAuthFlow::AuthorizationCode).await;
    assert_eq!((made.scope, &made.config), (own, &object(json!({ "region": "eu" }))));
    let kept = definitions::kept(&org, &keys(), &made).await.unwrap();
    assert_eq!((kept.secret_keys, kept.has_client_secret), (vec!["api_key".to_owned()], true));

    let all = seen(&w, own, "crm").await;
    let expected =
        json!({ "base_url": "https://default.example", "region": "eu", "api_key": "canary-definition" });
    assert_eq!(Value::Object(all.config), expected);
    assert_eq!((all.secret_keys, all.mapping), (vec!["api_key".to_owned()], None));

    map(&w, w.org.id, &made, json!({ "region": "us", "api_key": "canary-mapping" })).await;
    let all = seen(&w, own, "crm").await;
    assert_eq!((&all.config["region"], &all.config["api_key"]), (&json!("us"), &json!("canary-mapping")));
    assert_eq!(all.mapping.unwrap().config, object(json!({ "region": "us" })));
    // What is taken away again shows what is below it.
    map(&w, w.org.id, &made, json!({ "region": null, "api_key": null })).await;
    let all = seen(&w, own, "crm").await;
    assert_eq!((&all.config["region"], &all.config["api_key"]), (&json!("eu"), &json!("canary-definition")));

    let unknown =
        NewMapping { entity_id: "x".into(), entity_name: None, config: object(json!({ "other": 1 })) };
    let error = mappings::set(&org, &keys(), made.id, unknown).await.unwrap_err();
    assert!(error.to_string().contains("base_url, region, api_key"));
    // What was said as a secret is not readable because its field is no secret any more; the other
    // way round a value becomes one.
    map(&w, w.org.id, &made, json!({ "api_key": "canary-mapping" })).await;
    let schema =
        Schema(vec![field("region", ConfigType::Secret, None), field("api_key", ConfigType::String, None)]);
    let change = definitions::Change { schema: Some(schema), ..Default::default() };
    let changed = definitions::update(&org, &keys(), "crm", change).await.unwrap();
    assert_eq!(changed.config, object(json!({})));
    map(&w, w.org.id, &made, json!({})).await;
    let all = seen(&w, own, "crm").await;
    assert_eq!(all.mapping.unwrap().config, object(json!({})));
    assert_eq!((all.secret_keys, all.config.get("api_key")), (vec!["region".to_owned()], None));

    let again = new_integration("crm", OAuthFlow::AuthorizationCode, w.user);
    assert_eq!(code(definitions::create(&org, &keys(), again).await.unwrap_err()), "already_exists");
}

async fn what_is_global_is_told_where_it_is_shared(db: Db) {
    let w = World::new(db).await;
    let (own, global) = (Scope::Organization(w.org.id), w.db.scope(Scope::Global));
    let made = integration(&global, "psa", OAuthFlow::AuthorizationCode).await;
    let connection =
        connections::create(&global, &keys(), "psa", NewConnection::default(), w.user).await.unwrap();
    map(&w, w.org.id, &made, json!({ "api_key": "canary-of-org" })).await;

    let provider = seen(&w, Scope::Global, "psa").await;
    assert_eq!(provider.config["api_key"], "canary-of-org");
    let (found, told) = provider.connection.unwrap();
    assert_eq!(found.id, connection.id);
    assert!(told.access_token && told.refresh_token && told.client_secret && !provider.is_withheld);

    let held_back = seen(&w, own, "psa").await;
    assert!(held_back.is_withheld && held_back.connection.is_none());
    // What is the organization's own in it is told.
    assert_eq!(
        (&held_back.config["api_key"], &held_back.config["region"]),
        (&json!("canary-of-org"), &json!("eu"))
    );
    mappings::remove(&w.db.org(w.org.id), made.id).await.unwrap();
    let held_back = seen(&w, own, "psa").await;
    assert_eq!((held_back.config.get("api_key"), held_back.secret_keys.len()), (None, 0));

    assert!(shares::add(&w.db, "psa", w.org.id, w.user).await.unwrap());
    assert!(!shares::add(&w.db, "psa", w.org.id, w.user).await.unwrap());
    let shared = seen(&w, own, "psa").await;
    assert_eq!(shared.config["api_key"], "canary-definition");
    let told = shared.connection.unwrap().1;
    assert!(told.access_token && !told.refresh_token && !told.client_secret && !shared.is_withheld);
    // Others have nothing of that.
    let other = Scope::Organization(w.other.id);
    let nothing = resolve(&w.db, &keys(), other, other, "psa").await.unwrap();
    assert!(nothing.is_withheld && nothing.connection.is_none() && nothing.config.get("api_key").is_none());
    assert!(shares::remove(&w.db, "psa", w.org.id).await.unwrap());
    assert!(seen(&w, own, "psa").await.connection.is_none());
}

async fn nothing_is_seen_by_another_organization(db: Db) {
    let w = World::new(db).await;
    let (org, connection) = connected(&w).await;
    let made = definitions::find(&org, "crm").await.unwrap();
    let foreign = w.db.org(w.other.id);
    let not_found = |error: Error| assert!(matches!(error, Error::NotFound(_)), "{error:?}");
    for scoped in [&foreign, &w.db.scope(Scope::Global)] {
        not_found(definitions::find(scoped, "crm").await.unwrap_err());
        not_found(definitions::update(scoped, &keys(), "crm", Default::default()).await.unwrap_err());
        not_found(definitions::delete(scoped, "crm").await.unwrap_err());
        not_found(connections::get(scoped, connection.id).await.unwrap_err());
        not_found(current::get(scoped, &keys(), connection.id).await.unwrap_err());
        not_found(connections::disconnect(scoped, connection.id).await.unwrap_err());
        not_found(connections::delete(scoped, connection.id).await.unwrap_err());
        not_found(
            connections::update(scoped, &keys(), connection.id, Change::default(), w.user).await.unwrap_err(),
        );
        assert_eq!(mappings::get(scoped, made.id).await.unwrap(), None);
        assert_eq!(definitions::kept(scoped, &keys(), &made).await.unwrap(), Default::default());
        assert!(definitions::list(scoped).await.unwrap().is_empty());
        assert!(connections::list(scoped).await.unwrap().is_empty());
    }
    let new = NewMapping { entity_id: "tenant-1".into(), ..NewMapping::default() };
    not_found(mappings::set(&foreign, &keys(), made.id, new).await.unwrap_err());
    assert!(connections::ensure(&foreign, made.id).await.is_err());
    // A lease is not another scope's to take; it would answer as if somebody had it.
    let other = Scope::Organization(w.other.id);
    assert!(resolve(&w.db, &keys(), other, other, "crm").await.is_err());
}

async fn a_connection_is_made_where_nobody_has_to_agree(db: Db) {
    let w = World::new(db).await;
    let (own, global) = (Scope::Organization(w.org.id), w.db.scope(Scope::Global));
    let made = integration(&global, "graph", OAuthFlow::ClientCredentials).await;
    map(&w, w.org.id, &made, json!({})).await;
    // The organization's own code neither has it, nor makes it.
    assert!(seen(&w, own, "graph").await.connection.is_none());
    let provider = seen(&w, Scope::Global, "graph").await;
    let (connection, told) = provider.connection.unwrap();
    assert_eq!((connection.scope, connection.status), (own, ConnectionStatus::NotConnected));
    assert!(told.access_token && !told.client_secret && !told.refresh_token);
    let current = current::get(&w.db.org(w.org.id), &keys(), connection.id).await.unwrap();
    assert_eq!(current.token_url.as_deref().unwrap(), "https://login.example/tenant-1/token");
    assert_eq!(current.client_secret(&w.db, &keys()).await.unwrap().unwrap().as_str(), "canary-client");
    assert_eq!(seen(&w, Scope::Global, "graph").await.connection.unwrap().0.id, connection.id, "made once");
    // It is the provider's credential: the organization's own code needs it shared.
    assert!(seen(&w, own, "graph").await.connection.is_none());
    shares::add(&w.db, "graph", w.org.id, w.user).await.unwrap();
    let told = seen(&w, own, "graph").await.connection.unwrap().1;
    assert!(told.access_token && !told.client_secret);
    // Without a mapping there is one for the provider only.
    let all = resolve(&w.db, &keys(), Scope::Global, Scope::Global, "graph").await.unwrap();
    let (connection, told) = all.connection.unwrap();
    assert!(connection.scope == Scope::Global && told.client_secret);
}

async fn what_is_used_stays(db: Db) {
    let w = World::new(db).await;
    let (org, global) = (w.db.org(w.org.id), w.db.scope(Scope::Global));
    let made = integration(&global, "psa", OAuthFlow::AuthorizationCode).await;
    map(&w, w.org.id, &made, json!({})).await;
    assert_eq!(code(definitions::delete(&global, "psa").await.unwrap_err()), "integration_in_use");
    mappings::remove(&org, made.id).await.unwrap();
    let connection =
        connections::create(&org, &keys(), "psa", NewConnection::default(), w.user).await.unwrap();
    assert_eq!(code(definitions::delete(&global, "psa").await.unwrap_err()), "integration_in_use");
    connections::delete(&org, connection.id).await.unwrap();
    shares::add(&w.db, "psa", w.org.id, w.user).await.unwrap();
    definitions::delete(&global, "psa").await.unwrap();
    // One's own goes with all that it has.
    connected(&w).await;
    definitions::delete(&org, "crm").await.unwrap();
    let mut tx = org.read().await.unwrap();
    for table in ["integrations", "integration_mappings", "integration_secrets", "oauth_connections"] {
        let row = tx.one(Sql::new(format!("SELECT COUNT(*) AS n FROM {table}"))).await.unwrap();
        assert_eq!(row.get::<i64>("n").unwrap(), 0, "{table}");
    }
}
