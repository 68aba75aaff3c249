use super::*;
use crate::testing::World;
use async_trait::async_trait;
use bifrost_core::integration::{Field, Schema};
use bifrost_core::ports::{Answer, Post, Web};
use bifrost_core::{ClientAuthentication, ConfigType, ExecutionId, UserId};
use bifrost_sandbox::{CapabilityError, ErrorKind};
use bifrost_store::integrations::connections::{self, NewConnection};
use bifrost_store::integrations::{NewIntegration, NewMapping, Tokens, mappings, renewal, shares};
use bifrost_store::{Sql, now};
use chrono::TimeDelta;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

/// Gives a new token for everything.
#[derive(Default)]
struct Server(AtomicUsize);

#[async_trait]
impl Web for Server {
    async fn post(&self, _: Scope, _: Post) -> Result<Answer> {
        let number = self.0.fetch_add(1, SeqCst) + 1;
        let body = json!({ "access_token": format!("canary-access-{number}"), "expires_in": 3_600 });
        Ok(Answer { status: 200, body: body.to_string().into_bytes() })
    }
}

async fn world() -> (World, Arc<Server>) {
    let (mut world, server) = (World::new().await, Arc::new(Server::default()));
    world.web = server.clone();
    (world, server)
}

/// An integration of a scope, with a connection that has tokens.
async fn connected(world: &World, scope: Scope, name: &str) {
    let field =
        |key: &str, kind| Field { key: key.into(), kind, required: false, default: None, description: None };
    let new = NewIntegration {
        name: name.into(),
        description: String::new(),
        schema: Schema(vec![field("region", ConfigType::String), field("api_key", ConfigType::Secret)]),
        config: json!({ "region": "eu", "api_key": "canary-key" }).as_object().expect("an object").clone(),
        oauth: Some(OAuthSettings {
            flow: OAuthFlow::AuthorizationCode,
            client_id: "client".into(),
            authorization_url: Some("https://login.example/authorize".into()),
            token_url: "https://login.example/token".into(),
            scopes: vec!["read".into()],
            client_authentication: ClientAuthentication::Basic,
            parameters: [].into(),
            default_lifetime_seconds: 3_600,
        }),
        client_secret: Some(Zeroizing::new("canary-client".into())),
        created_by: UserId::new(),
    };
    let scoped = world.db.scope(scope);
    definitions::create(&scoped, &world.keys, new).await.expect("made");
    let by = UserId::new();
    let made =
        connections::create(&scoped, &world.keys, name, NewConnection::default(), by).await.expect("made");
    let secret = |text: &str| Some(Zeroizing::new(text.to_owned()));
    let tokens = Tokens {
        token_url: "https://login.example/token".into(),
        access_token: secret("canary-access-0"),
        refresh_token: secret("canary-refresh"),
        scope: None,
    };
    let from = now() - TimeDelta::minutes(1);
    let fresh = renewal::Fresh { tokens, from, until: Some(from + TimeDelta::hours(1)), has_refresh: true };
    renewal::connect(&scoped, &world.keys, made.id, fresh, by).await.expect("connected");
}

async fn call(
    run: &Grants,
    operation: &str,
    arguments: Value,
) -> std::result::Result<Value, CapabilityError> {
    let answer = run.platform(operation, &arguments.to_string()).await?;
    Ok(serde_json::from_str(&answer).expect("JSON"))
}

/// A run of the organization's own code, or of the provider's.
fn run(world: &World, workspace: Scope) -> Grants {
    Grants { workspace, ..world.run(ExecutionId::new()) }
}

async fn log(world: &World, action: &str) -> Vec<String> {
    let mut tx = world.db.system().read().await.expect("a reader");
    let rows = tx.all(Sql::new("SELECT entry FROM audit_outbox ORDER BY id")).await.expect("rows");
    let all = rows.iter().map(|row| row.get::<String>("entry").expect("text"));
    all.filter(|entry| entry.contains(&format!("\"{action}\""))).collect()
}

#[tokio::test]
async fn secrets_stay_with_whoever_owns_the_connection() {
    let (world, server) = world().await;
    let own = Scope::Organization(world.organization);
    connected(&world, own, "crm").await;
    for (workspace, is_owner) in [(own, true), (Scope::Global, false)] {
        let run = run(&world, workspace);
        let data = call(&run, "integrations.get", json!({ "name": "crm" })).await.expect("there");
        let oauth = &data["oauth"];
        assert_eq!(
            (&oauth["access_token"], &oauth["client_id"]),
            (&json!("canary-access-0"), &json!("client"))
        );
        assert_eq!(oauth["refresh_token"] == "canary-refresh", is_owner);
        assert_eq!(oauth["client_secret"] == "canary-client", is_owner);
        assert_eq!(
            (&data["config"]["api_key"], &data["config_secret_keys"]),
            (&json!("canary-key"), &json!(["api_key"]))
        );
        // Nothing of it leaves the run in a log or a result.
        let shown = run.redactor.value(json!({ "text": data.to_string() }));
        assert!(!shown.to_string().contains("canary"), "{shown}");
        call(&run, "integrations.get", json!({ "name": "crm" })).await.expect("again");
    }
    let read = log(&world, "secret.read").await;
    assert_eq!(read.len(), 2, "once for each run: {read:?}");
    assert!(read.iter().all(|entry| entry.contains("integration:crm") && !entry.contains("canary")));
    assert_eq!(server.0.load(SeqCst), 0, "the token is good");

    // The one that the run has did not do.
    let run = run(&world, own);
    let version =
        call(&run, "integrations.get", json!({ "name": "crm" })).await.expect("there")["oauth"]["version"]
            .clone();
    for _ in 0..3 {
        let fresh = call(&run, "integrations.refresh", json!({ "name": "crm", "version": version }))
            .await
            .expect("new");
        assert_eq!(fresh["access_token"], "canary-access-1");
    }
    assert_eq!(server.0.load(SeqCst), 1);
    assert!(!run.redactor.text("canary-access-1".into()).contains("canary"));
}

#[tokio::test]
async fn what_the_provider_has_not_shared_is_held_back() {
    let (world, _) = world().await;
    let own = Scope::Organization(world.organization);
    connected(&world, Scope::Global, "psa").await;
    let held_back =
        call(&run(&world, own), "integrations.get", json!({ "name": "psa" })).await.expect("there");
    assert_eq!((&held_back["oauth"], &held_back["config"]), (&Value::Null, &json!({ "region": "eu" })));
    assert!(call(&run(&world, own), "integrations.refresh", json!({ "name": "psa" })).await.is_err());
    let refused = log(&world, "integrations.get").await;
    assert!(refused.len() == 2 && refused.iter().all(|entry| entry.contains("denied")), "{refused:?}");

    let provider =
        call(&run(&world, Scope::Global), "integrations.get", json!({ "name": "psa" })).await.expect("there");
    assert_eq!(provider["config"]["api_key"], "canary-key");
    assert_eq!(
        (&provider["oauth"]["refresh_token"], &provider["oauth"]["client_secret"]),
        (&json!("canary-refresh"), &json!("canary-client"))
    );
    // Also where it says that it means the provider's.
    let global = json!({ "name": "psa", "scope": "global" });
    assert!(call(&run(&world, Scope::Global), "integrations.get", global.clone()).await.is_ok());
    let refused = call(&run(&world, own), "integrations.get", global).await.expect_err("not its own");
    assert_eq!(refused.kind, ErrorKind::Denied);

    shares::add(&world.db, "psa", world.organization, UserId::new()).await.expect("shared");
    let shared = call(&run(&world, own), "integrations.get", json!({ "name": "psa" })).await.expect("there");
    assert_eq!(shared["oauth"]["access_token"], "canary-access-0");
    assert_eq!(
        (&shared["oauth"]["refresh_token"], &shared["oauth"]["client_secret"]),
        (&Value::Null, &Value::Null)
    );
    assert_eq!(shared["config"]["api_key"], "canary-key");
}

#[tokio::test]
async fn mappings_are_written_by_whoever_owns_the_integration() {
    let (world, _) = world().await;
    let own = Scope::Organization(world.organization);
    connected(&world, own, "crm").await;
    connected(&world, Scope::Global, "psa").await;
    let set = |name: &str| json!({ "name": name, "scope": world.organization, "entity_id": "tenant-7", "entity_name": "Seven" });
    let made = call(&run(&world, own), "integrations.upsert_mapping", set("crm")).await.expect("its own");
    assert_eq!((&made["entity_id"], &made["entity_name"]), (&json!("tenant-7"), &json!("Seven")));
    // What an organization is in the provider's integration it does not say itself, not even by
    // having the provider's code started.
    let confined = Grants { is_confined: true, ..run(&world, Scope::Global) };
    for run in [run(&world, own), confined] {
        for operation in ["integrations.upsert_mapping", "integrations.delete_mapping"] {
            let mut arguments = set("psa");
            if operation.contains("delete") {
                arguments = json!({ "name": "psa", "scope": world.organization });
            }
            let refused = call(&run, operation, arguments).await.expect_err("the provider's");
            assert_eq!(refused.kind, ErrorKind::Denied, "{operation}");
        }
    }
    call(&run(&world, Scope::Global), "integrations.upsert_mapping", set("psa"))
        .await
        .expect("the provider's code");
    let found =
        call(&run(&world, own), "integrations.get_mapping", json!({ "name": "psa" })).await.expect("there");
    assert_eq!(found["organization_id"], json!(world.organization));
    let found =
        call(&run(&world, own), "integrations.get_mapping", json!({ "name": "psa", "entity_id": "other" }))
            .await;
    assert_eq!(found.expect_err("nobody").kind, ErrorKind::NotFound);
    let data = call(&run(&world, own), "integrations.get", json!({ "name": "psa" })).await.expect("there");
    assert_eq!((&data["entity_id"], &data["entity_name"]), (&json!("tenant-7"), &json!("Seven")));
    let global = json!({ "name": "psa", "scope": "global", "entity_id": "x" });
    assert!(call(&run(&world, Scope::Global), "integrations.upsert_mapping", global).await.is_err());

    // A foreign organization's is not there, and cannot be named.
    let new = bifrost_store::organizations::NewOrganization { name: "F".into(), ..Default::default() };
    let foreign = bifrost_store::organizations::create(&world.db, new).await.expect("organization").id;
    let psa = definitions::find(&world.db.org(foreign), "psa").await.expect("global");
    let new = NewMapping { entity_id: "foreign-tenant".into(), ..NewMapping::default() };
    mappings::set(&world.db.org(foreign), &world.keys, psa.id, new).await.expect("mapped");
    for scope in [json!(null), json!("global")] {
        let all =
            call(&run(&world, own), "integrations.list_mappings", json!({ "name": "psa", "scope": scope }))
                .await;
        assert!(!all.expect("its own").to_string().contains("foreign-tenant"));
    }
    for operation in ["get", "list_mappings", "get_mapping", "delete_mapping", "refresh"] {
        let arguments = json!({ "name": "psa", "scope": foreign });
        for workspace in [own, Scope::Global] {
            let refused =
                call(&run(&world, workspace), &format!("integrations.{operation}"), arguments.clone()).await;
            assert_eq!(refused.expect_err("foreign").kind, ErrorKind::Denied, "{operation}");
        }
    }
    let deleted = json!({ "name": "crm", "scope": world.organization });
    assert_eq!(
        call(&run(&world, own), "integrations.delete_mapping", deleted.clone()).await.expect("gone"),
        json!(true)
    );
    assert_eq!(
        call(&run(&world, own), "integrations.delete_mapping", deleted).await.expect("gone"),
        json!(false)
    );
    let all = call(&run(&world, own), "integrations.list", json!({})).await.expect("a list");
    let names: Vec<_> = all.as_array().expect("a list").iter().map(|one| one["name"].clone()).collect();
    assert_eq!(names, [json!("crm"), json!("psa")]);
}
