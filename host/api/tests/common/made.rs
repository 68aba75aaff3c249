//! What requests are about, each of it new.

use super::target::{LEAVING, Owner};
use super::{Key, Platform, key};
use bifrost_core::files::{BYTES, Pass};
use bifrost_core::integration::{Schema, Values};
use bifrost_core::*;
use bifrost_store::config::{self, NewEntry};
use bifrost_store::executions::{self, NewExecution};
use bifrost_store::forms::{self, Form, NewForm, NewSession, sessions};
use bifrost_store::integrations::connections::{self, NewConnection};
use bifrost_store::integrations::{Connection, Integration, NewIntegration, definitions};
use bifrost_store::notifications::{Channel, NewChannel, Target, channels, rules};
use bifrost_store::organizations::{self, NewOrganization};
use bifrost_store::schedules::{self, NewSchedule};
use bifrost_store::sign_in::providers;
use bifrost_store::webhooks::sources::{self, Webhook};
use bifrost_store::webhooks::subscriptions::{self, NewSubscription};
use bifrost_store::webhooks::{Settings, secrets};
use bifrost_store::workspaces::{self, Deployment};
use bifrost_store::{Sql, endpoints, files, offboarding, shares, workflows};
use serde_json::json;

/// The dead letter of a run that has ended.
pub async fn dead_letter(platform: &Platform, organization: OrganizationId, mut new: NewExecution) -> String {
    let db = &platform.state.db;
    // Scheduled, so that nobody takes it before it is cancelled.
    new.not_before = Some(bifrost_store::now() + chrono::TimeDelta::hours(1));
    let execution = executions::accept(&db.org(organization), new).await.expect("accepted").execution;
    executions::request_cancel(&db.org(organization), execution.id).await.expect("cancelled");
    let id = DeadLetterId::new();
    let sql = Sql::new(
        "INSERT INTO dead_letters (id, execution_id, organization_id, attempt, reason, state, created_at)
         VALUES ($1, $2, $3, 1, 'delivery_limit', 'retried', $4)",
    );
    let sql = sql.bind(id).bind(execution.id).bind(organization).bind(bifrost_store::now());
    db.system().write(move |tx| Box::pin(async move { tx.execute(sql).await })).await.expect("written");
    id.to_string()
}

/// A schedule of every night.
pub async fn schedule(platform: &Platform, scope: Scope) -> String {
    let db = &platform.state.db;
    let nightly = workflows::find(&db.scope(scope), "nightly").await.expect("deployed").id;
    let new = NewSchedule {
        starts: Starts::Workflow(nightly),
        name: "s".into(),
        cron: "0 3 * * *".into(),
        time_zone: "UTC".into(),
        overlap: Overlap::Skip,
        catch_up: CatchUp::Last,
        priority: BackgroundPriority::Normal,
        is_enabled: true,
        parameters: json!({}),
        created_by: platform.root.user,
    };
    schedules::create(&db.scope(scope), new).await.expect("made").id.to_string()
}

/// An endpoint that takes every method and does not wait.
pub async fn endpoint(platform: &Platform, owner: Owner, slug: &str) -> Result<endpoints::Endpoint> {
    let (db, organization) = (&platform.state.db, owner.organization(platform));
    let workflow = workflows::find(&db.scope(owner.scope(platform)), "nightly").await?.id;
    let settings = endpoints::Settings {
        slug: slug.into(),
        methods: Verb::ALL.to_vec(),
        mode: EndpointMode::Async,
        deadline_seconds: 30,
        is_public: false,
        rate_per_minute: 600,
        is_enabled: true,
    };
    endpoints::create(&db.org(organization), workflow, settings, platform.root.user).await
}

/// What a new webhook is like.
pub fn settings_of_webhook() -> Settings {
    Settings {
        name: uuid::Uuid::now_v7().to_string(),
        topic: None,
        signature_header: None,
        delivery_header: None,
        tolerance_seconds: 300,
        networks: vec![],
        rate_per_minute: 600,
        body_bytes: 1 << 20,
        retention_days: 30,
        is_enabled: true,
    }
}

/// A new webhook.
pub async fn webhook(platform: &Platform, organization: OrganizationId, kind: WebhookKind) -> Webhook {
    let settings = settings_of_webhook();
    let secret = kind.has_secret().then(|| secrets::generate().expect("a secret"));
    let org = platform.state.db.org(organization);
    let made =
        sources::create(&org, &platform.state.keyring, kind, settings, secret, platform.root.user).await;
    made.expect("a webhook")
}

/// A subscription of a webhook that is not signed.
pub async fn subscription(platform: &Platform, organization: OrganizationId, scope: Scope) -> String {
    let db = &platform.state.db;
    let made = webhook(platform, organization, WebhookKind::Unsigned).await;
    let new = NewSubscription {
        workflow_id: workflows::find(&db.scope(scope), "nightly").await.expect("deployed").id,
        filter: Filter::default(),
        mapping: Mapping::default(),
        is_enabled: true,
        created_by: platform.root.user,
    };
    subscriptions::create(&db.org(organization), made.id, new).await.expect("made").id.to_string()
}

/// A file of `reports`, by its path.
pub async fn file(platform: &Platform, organization: OrganizationId) -> String {
    let (path, objects) = (uuid::Uuid::now_v7().to_string(), platform.state.objects.as_ref());
    let org = platform.state.db.org(organization);
    files::write(&org, objects, "reports", &path, None, b"x".to_vec()).await.expect("written");
    path
}

/// An address of a new file that the platform administrator has signed, by its token.
pub async fn signed(platform: &Platform, organization: OrganizationId, method: &str) -> String {
    let path = file(platform, organization).await;
    let now = bifrost_store::now();
    let pass = Pass::new(organization, "reports", &path, method, BYTES, now).expect("a pass");
    let pass = Pass { signed_by: Some(platform.root.user), ..pass };
    files::sign(&platform.state.keyring, &pass).expect("a token")
}

/// A value of the configuration, by its key.
pub async fn setting(platform: &Platform, scope: Scope) -> String {
    let db = &platform.state.db;
    let name = format!("key-{}", uuid::Uuid::now_v7());
    let entry =
        NewEntry { key: name.clone(), value: json!(1), kind: None, description: None, updated_by: None };
    config::set(&db.scope(scope), &platform.state.keyring, entry).await.expect("set");
    name
}

/// A global secret that is shared with an organization, by its key.
pub async fn shared_secret(platform: &Platform, organization: OrganizationId) -> String {
    let db = &platform.state.db;
    let name = format!("key-{}", uuid::Uuid::now_v7());
    let kind = Some(ConfigType::Secret);
    let entry = NewEntry { key: name.clone(), value: json!(1), kind, description: None, updated_by: None };
    let global = db.scope(Scope::Global);
    config::set(&global, &platform.state.keyring, entry).await.expect("set");
    let (key, by) = (name.clone(), platform.root.user);
    global
        .write(move |tx| Box::pin(async move { shares::add_in(tx, &key, organization, by).await }))
        .await
        .expect("shared");
    name
}

/// A new channel to a webhook. An organization has so many at most.
pub async fn channel(platform: &Platform, organization: OrganizationId) -> Channel {
    let org = platform.state.db.org(organization);
    for old in channels::list(&org).await.expect("channels") {
        channels::delete(&org, old.id).await.expect("deleted");
    }
    let secret = channels::generate_secret().expect("a secret");
    let new = NewChannel {
        name: uuid::Uuid::now_v7().to_string(),
        target: Target::Webhook { url: "https://hooks.example/x".into(), secret },
        full_errors: false,
        is_enabled: true,
        created_by: platform.root.user,
    };
    channels::create(&org, &platform.state.keyring, new).await.expect("a channel")
}

/// A rule that tells of failed runs.
pub async fn rule(platform: &Platform, organization: OrganizationId) -> String {
    let db = &platform.state.db;
    let settings = rules::Settings {
        name: uuid::Uuid::now_v7().to_string(),
        workflows: vec![],
        only_scheduled: false,
        with_errors: false,
        in_app: true,
        channels: vec![],
        is_enabled: true,
    };
    let (org, kind) = (db.org(organization), NotificationKind::RunFailed);
    let made = rules::create(&org, kind, settings, platform.root.user).await.expect("made");
    let id = made.id.to_string();
    // An organization has so many at most.
    for old in rules::list(&org).await.expect("rules").iter().filter(|old| old.id != made.id) {
        rules::delete(&org, old.id).await.expect("deleted");
    }
    id
}

/// A failed run, as people are told of it.
pub async fn notification(platform: &Platform, organization: OrganizationId) -> String {
    let db = &platform.state.db;
    let (id, details) = (NotificationId::new(), json!({ "name": "hello", "summary": "A run failed" }));
    let sql = Sql::new(
        "INSERT INTO notifications (id, organization_id, kind, subject_id, count, first_at, last_at, details)
         VALUES ($1, $2, 'run_failed', $1, 1, $3, $3, $4)",
    );
    let sql = sql.bind(id).bind(organization).bind(bifrost_store::now()).bind(details);
    db.system().write(move |tx| Box::pin(async move { tx.execute(sql).await })).await.expect("written");
    id.to_string()
}

/// An OpenID provider that nobody reaches.
pub async fn identity_provider(platform: &Platform) -> String {
    let db = &platform.state.db;
    let settings = providers::Settings {
        name: "X".into(),
        kind: "oidc".into(),
        issuer: "http://127.0.0.1:1".into(),
        client_id: uuid::Uuid::now_v7().to_string(),
        client_secret: None,
        scopes: vec!["openid".into()],
        domains: vec![],
        creates_users: false,
        is_enabled: true,
    };
    let made = providers::create(db, &platform.state.keyring, settings).await.expect("made");
    made.id.to_string()
}

/// A new integration, whose authorization server is nowhere.
pub async fn integration(platform: &Platform, scope: Scope) -> Integration {
    let new = NewIntegration {
        name: uuid::Uuid::now_v7().to_string(),
        description: String::new(),
        schema: Schema::default(),
        config: Values::new(),
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
        client_secret: Some("client-secret-canary".to_owned().into()),
        created_by: platform.root.user,
    };
    let made = definitions::create(&platform.state.db.scope(scope), &platform.state.keyring, new).await;
    made.expect("an integration")
}

/// A new connection, with a refresh token.
pub async fn connection(platform: &Platform, scope: Scope) -> Connection {
    let name = integration(platform, scope).await.name;
    let new =
        NewConnection { refresh_token: Some("refresh-canary".to_owned().into()), ..NewConnection::default() };
    let scoped = platform.state.db.scope(scope);
    let made = connections::create(&scoped, &platform.state.keyring, &name, new, platform.root.user).await;
    made.expect("a connection")
}

/// A new form.
pub async fn form(platform: &Platform, scope: Scope) -> Form {
    let new = new_form(platform, scope).await;
    forms::create(&platform.state.db.scope(scope), new).await.expect("a form")
}

/// A form that is only tried.
pub async fn draft(platform: &Platform, scope: Scope) -> Form {
    let new = new_form(platform, scope).await;
    forms::drafts::create(&platform.state.db.scope(scope), new).await.expect("a draft")
}

async fn new_form(platform: &Platform, scope: Scope) -> NewForm {
    let scoped = platform.state.db.scope(scope);
    let workflow = async |name: &str| workflows::find(&scoped, name).await.expect("deployed").id;
    let name = uuid::Uuid::now_v7().to_string();
    let definition = json!({ "name": name, "workflow": "hello", "fields": [
        { "name": "name", "label": "Name", "type": "text", "required": true },
        { "name": "site", "label": "Site", "type": "select", "data_provider": "choices_of_site" },
        { "name": "paper", "label": "Paper", "type": "file" },
    ] });
    NewForm {
        name,
        description: None,
        workflow_id: workflow("hello").await,
        launch_workflow_id: None,
        data_providers: [workflow("choices_of_site").await].into(),
        is_granted: false,
        fields: 3,
        definition,
    }
}

/// A session of a form, for somebody in an organization.
pub async fn opened(platform: &Platform, form: &str, organization: OrganizationId, key: &Key) -> String {
    let new = NewSession {
        form_id: form.parse().expect("an id"),
        user_id: key.user,
        query: serde_json::Map::new(),
        startup: None,
        launched: None,
    };
    sessions::open(&platform.state.db.org(organization), new).await.expect("opened").id.to_string()
}

/// A new end user.
pub async fn someone(platform: &Platform, organization: OrganizationId) -> UserId {
    let email = format!("{}@x.example", uuid::Uuid::now_v7());
    key(&platform.state.db, organization, &email, Role::OrgUser).await.user
}

/// A version that waits for a review, by its number.
pub async fn proposal(platform: &Platform, scope: Scope) -> String {
    let db = &platform.state.db;
    let scoped = db.scope(scope);
    let active = workspaces::active_version(&scoped).await.expect("read").expect("deployed");
    let report = workspaces::version(&scoped, active.number).await.expect("its report").1;
    let proposal = Deployment {
        source_hash: uuid::Uuid::now_v7().to_string(),
        object_key: active.object_key,
        own_key: active.own_key,
        shared_hash: active.shared_hash,
        report,
        created_by: UserId::new(),
        message: None,
        force: false,
        propose: true,
        instead_of: None,
    };
    workspaces::deploy(&scoped, proposal).await.expect("proposed").version.number.to_string()
}

/// An organization that nobody needs.
pub async fn leaving(platform: &Platform) -> OrganizationId {
    let new = NewOrganization { name: LEAVING.into(), ..Default::default() };
    organizations::create(&platform.state.db, new).await.expect("organization").id
}

/// One that is gone, and has left its export.
pub async fn left(platform: &Platform) -> OrganizationId {
    let (db, id) = (&platform.state.db, leaving(platform).await);
    let begun = offboarding::request(db, id, LEAVING, platform.root.user).await;
    let mut one = Some(begun.expect("begun"));
    while let Some(next) = one.filter(|one| one.state != offboarding::State::Done) {
        let (objects, bus) = (platform.state.objects.as_ref(), platform.state.bus.as_ref());
        offboarding::step(db, objects, bus, next).await.expect("a step");
        one = Some(offboarding::get(db, id).await.expect("read"));
    }
    id
}
