//! Integrations: who sees what of them, and tokens that are written once, over what they were
//! made from.

use crate::common::*;
use bifrost_core::integration::{Field, Schema, Values};
use bifrost_core::*;
use bifrost_store::integrations::connections::{self, Change, NewConnection};
use bifrost_store::integrations::renewal::{self, Failure, Fresh, Lease};
use bifrost_store::integrations::states::{self, Beginner};
use bifrost_store::integrations::{
    Connection, Integration, NewIntegration, NewMapping, Resolved, Tokens, current, definitions, mappings,
    resolve, shares,
};
use bifrost_store::notifications::{events, notices};
use bifrost_store::organizations::{self, OrganizationChange};
use bifrost_store::{Db, Keyring, Scoped, Sql, audit, rotation};
use chrono::TimeDelta;
use serde_json::{Value, json};
use zeroize::Zeroizing;

on_both!(
    layers_hide_each_other_and_secrets_are_sealed,
    what_is_global_is_told_where_it_is_shared,
    nothing_is_seen_by_another_organization,
    a_connection_is_made_where_nobody_has_to_agree,
    one_of_many_has_the_lease,
    tokens_are_written_over_their_own_version,
    failures_are_written_down,
    a_broken_connection_is_told,
    a_state_is_good_once_and_for_whoever_began_it,
    secrets_do_not_go_elsewhere,
    everything_survives_rotation,
    what_is_used_stays,
    what_is_due_comes_first,
);

fn keys() -> Keyring {
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

async fn map(w: &World, organization: OrganizationId, integration: &Integration, config: Value) {
    let new = NewMapping { entity_id: "tenant-1".into(), entity_name: None, config: object(config) };
    mappings::set(&w.db.org(organization), &keys(), integration.id, new).await.unwrap();
}

async fn seen(w: &World, workspace: Scope, name: &str) -> Resolved {
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
async fn connected(w: &World) -> (Scoped, Connection) {
    let org = w.db.org(w.org.id);
    let made = integration(&org, "crm", OAuthFlow::AuthorizationCode).await;
    map(w, w.org.id, &made, json!({})).await;
    let new = connections::create(&org, &keys(), "crm", NewConnection::default(), w.user).await.unwrap();
    renewal::connect(&org, &keys(), new.id, fresh("access-1", Some("refresh-1")), w.user).await.unwrap();
    let connection = connections::get(&org, new.id).await.unwrap();
    (org, connection)
}

async fn access_token(org: &Scoped, id: ConnectionId) -> Option<String> {
    let current = current::get(org, &keys(), id).await.unwrap();
    current.tokens.and_then(|tokens| tokens.access_token).map(|token| token.to_string())
}

async fn set(org: &Scoped, sql: &'static str, id: ConnectionId, time: chrono::DateTime<chrono::Utc>) {
    let sql = Sql::new(sql).bind(id).bind(time);
    assert_eq!(org.write(move |tx| Box::pin(async move { tx.execute(sql).await })).await.unwrap(), 1);
}

async fn audited(db: &Db, action: &str) -> Vec<Value> {
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

async fn one_of_many_has_the_lease(db: Db) {
    let w = World::new(db).await;
    let (org, connection) = connected(&w).await;
    let id = connection.id;
    let all = (0..20).map(|n| {
        let (org, seen) = (org.clone(), connection.clone());
        tokio::spawn(async move { renewal::take(&org, &seen, format!("process-{n}")).await.unwrap() })
    });
    let all: Vec<_> = futures::future::join_all(all).await.into_iter().map(Result::unwrap).collect();
    let leases: Vec<_> = all.into_iter().flatten().collect();
    assert_eq!(leases.len(), 1);
    assert!(!leases[0].is_taken_over);
    let older = Connection { version: connection.version - 1, ..connection.clone() };
    assert!(renewal::take(&org, &older, "late".into()).await.unwrap().is_none(), "another version");
    // Its holder dies: the lease runs out, and the next one is told.
    let past = bifrost_store::now() - TimeDelta::seconds(1);
    set(&org, "UPDATE oauth_connections SET lease_until = $2 WHERE id = $1", id, past).await;
    let next = renewal::take(&org, &connection, "next".into()).await.unwrap().unwrap();
    assert!(next.is_taken_over);
    // Who has looked before an attempt failed does not make another one at once.
    let failure = Failure { reason: "no answer".into(), is_final: false };
    assert!(renewal::fail(&org, id, next, failure).await.unwrap());
    assert!(renewal::take(&org, &connection, "late".into()).await.unwrap().is_none(), "it has failed since");
    assert!(lease(&org, id, "knows").await.version == connection.version);
}

/// The lease of a connection as it is now.
async fn lease(org: &Scoped, id: ConnectionId, holder: &str) -> Lease {
    let seen = connections::get(org, id).await.unwrap();
    renewal::take(org, &seen, holder.into()).await.unwrap().expect("nobody has it")
}

async fn tokens_are_written_over_their_own_version(db: Db) {
    let w = World::new(db).await;
    let (org, connection) = connected(&w).await;
    let (id, version) = (connection.id, connection.version);
    // The first holder's lease runs out while the server answers; the second one asks too.
    let first = lease(&org, id, "first").await;
    let past = bifrost_store::now() - TimeDelta::seconds(1);
    set(&org, "UPDATE oauth_connections SET lease_until = $2 WHERE id = $1", id, past).await;
    let second = lease(&org, id, "second").await;
    // The answer of the first is the good one where refresh tokens rotate: it is kept.
    let answer = fresh("access-2", Some("refresh-2"));
    assert!(renewal::commit(&org, &keys(), id, first.version, answer).await.unwrap());
    assert_eq!(access_token(&org, id).await.as_deref(), Some("access-2"));
    // The second one was refused, which is no failure any more; nor would its tokens be kept.
    let failure = Failure { reason: "invalid_grant".into(), is_final: true };
    assert!(!renewal::fail(&org, id, second.clone(), failure).await.unwrap());
    let late = fresh("access-3", Some("refresh-3"));
    assert!(!renewal::commit(&org, &keys(), id, second.version, late).await.unwrap());
    let now = connections::get(&org, id).await.unwrap();
    assert_eq!((now.status, now.error, now.version), (ConnectionStatus::Connected, None, version + 1));
    assert_eq!(access_token(&org, id).await.as_deref(), Some("access-2"));
    assert!(now.refresh_at.unwrap() < now.expires_at.unwrap());
    // Whoever was disconnected stays so.
    let lease = lease(&org, id, "third").await;
    connections::disconnect(&org, id).await.unwrap();
    assert!(!renewal::commit(&org, &keys(), id, lease.version, fresh("access-4", None)).await.unwrap());
    assert_eq!(access_token(&org, id).await, None);
}

async fn failures_are_written_down(db: Db) {
    let w = World::new(db).await;
    let (org, connection) = connected(&w).await;
    let (id, version) = (connection.id, connection.version);
    let attempt = async |is_final: bool| {
        let lease = lease(&org, id, "p").await;
        let failure = Failure { reason: format!("no answer ({is_final})"), is_final };
        assert!(renewal::fail(&org, id, lease, failure).await.unwrap());
        connections::get(&org, id).await.unwrap()
    };
    let first = attempt(false).await;
    assert_eq!((first.status, first.failures), (ConnectionStatus::Connected, 1));
    assert_eq!(first.error.as_deref(), Some("no answer (false)"));
    let second = attempt(false).await;
    assert!(second.refresh_at.unwrap() > first.refresh_at.unwrap(), "pauses grow");
    assert_eq!(audited(&w.db, "oauth_connection.refresh_failed").await.len(), 1, "once for a row of them");
    set(&org, "UPDATE oauth_connections SET expires_at = $2 WHERE id = $1", id, bifrost_store::now()).await;
    assert_eq!(connections::get(&org, id).await.unwrap().status, ConnectionStatus::Expired);
    let last = attempt(true).await;
    assert_eq!((last.status, last.refresh_at), (ConnectionStatus::Failed, None));
    let entries = audited(&w.db, "oauth_connection.refresh_failed").await;
    assert_eq!((entries.len(), &entries[1]["details"]["is_final"]), (2, &json!(true)));
    assert_eq!(entries[1]["outcome"], "failed");
    // What comes after it is good again.
    assert!(renewal::commit(&org, &keys(), id, version, fresh("a", Some("r"))).await.unwrap());
    let good = connections::get(&org, id).await.unwrap();
    assert_eq!((good.status, good.error, good.failures), (ConnectionStatus::Connected, None, 0));
    let nobody = Lease { holder: "p".into(), version, is_taken_over: false };
    assert!(!renewal::fail(&org, id, nobody, Failure { reason: "x".into(), is_final: true }).await.unwrap());
}

async fn a_broken_connection_is_told(db: Db) {
    let w = World::new(db).await;
    let (org, connection) = connected(&w).await;
    let id = connection.id;
    let attempt = async |is_final: bool| {
        let lease = lease(&org, id, "p").await;
        let failure = Failure { reason: "invalid_grant".into(), is_final };
        assert!(renewal::fail(&org, id, lease, failure).await.unwrap());
        let sql = Sql::new("SELECT COUNT(*) AS n FROM notification_events");
        w.db.system().read().await.unwrap().one(sql).await.unwrap().get::<i64>("n").unwrap()
    };
    // A server that is away for a moment is nobody's business; after three times in a row it is.
    assert_eq!([attempt(false).await, attempt(false).await], [0, 0]);
    assert_eq!([attempt(false).await, attempt(false).await], [1, 1]);
    assert_eq!(attempt(true).await, 2, "for good");
    assert_eq!(events::process(&w.db, 10).await.unwrap().events, 2);
    let reader = |permissions| notices::Reader { user: w.user, permissions };
    let list =
        async |permissions| notices::list(&org, reader(permissions), false, None, 10).await.unwrap().items;
    let all = list([Permission::ManageIntegrations].into_iter().collect()).await;
    assert_eq!((all.len(), all[0].count, all[0].subject_id), (1, 2, id.0));
    assert_eq!(all[0].details.name, connection.integration_name);
    assert_eq!(all[0].details.error.as_deref(), Some("invalid_grant"));
    assert_eq!(all[0].details.error_for(false), None);
    assert!(
        list(Permissions::all().without([Permission::ManageIntegrations].into_iter().collect()))
            .await
            .is_empty()
    );
}

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

async fn what_is_due_comes_first(db: Db) {
    let w = World::new(db).await;
    let (org, connection) = connected(&w).await;
    let now = bifrost_store::now();
    let due = async |time| renewal::due(&w.db, time, 10).await.unwrap();
    assert!(due(now).await.is_empty());
    let at = connection.refresh_at.unwrap();
    assert_eq!(at, connection.expires_at.unwrap() - TimeDelta::minutes(5));
    let own = Scope::Organization(w.org.id);
    assert_eq!(due(at).await, [(own, connection.id)]);
    lease(&org, connection.id, "p").await;
    assert!(due(now + TimeDelta::seconds(30)).await.is_empty(), "somebody renews it");
    renewal::postpone(&org, connection.id, TimeDelta::minutes(1)).await.unwrap();
    assert_eq!(due(at).await, [(own, connection.id)], "nothing was due that could be put off");
    let change = OrganizationChange { is_active: Some(false), ..Default::default() };
    organizations::update(&w.db, w.org.id, change).await.unwrap();
    assert!(due(at).await.is_empty(), "a suspended organization's tokens are left alone");
    while audit::append(&w.db).await.unwrap() > 0 {}
}
