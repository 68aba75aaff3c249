//! What requests are about: a fresh target of each kind, for the caller's own organization,
//! a foreign one, or the provider.

use super::{Key, Platform, key};
use bifrost_core::files::{BYTES, Pass};
use bifrost_core::integration::{Schema, Values};
use bifrost_core::*;
use bifrost_store::config::{self, NewEntry};
use bifrost_store::executions::{self, NewExecution};
use bifrost_store::forms::{self, NewForm, NewSession, sessions};
use bifrost_store::grants::{self, Subject, TargetKind};
use bifrost_store::identity::{self, NewKey};
use bifrost_store::integrations::connections::{self, NewConnection};
use bifrost_store::integrations::{
    self, Connection, Integration, NewIntegration, NewMapping, definitions, mappings,
};
use bifrost_store::invitations::{self, NewInvitation};
use bifrost_store::notifications::{Channel, NewChannel, Target, channels, rules};
use bifrost_store::organizations::{self, NewOrganization};
use bifrost_store::roles::{self, NewRole};
use bifrost_store::schedules::{self, NewSchedule};
use bifrost_store::sign_in::providers;
use bifrost_store::tables::{self, NewDocument};
use bifrost_store::webhooks::adapters::{self, NewChoice};
use bifrost_store::webhooks::sources::{self, Webhook};
use bifrost_store::webhooks::subscriptions::{self, NewSubscription};
use bifrost_store::webhooks::{Received, Settings, receive, secrets};
use bifrost_store::workspaces::{self, Deployment};
use bifrost_store::{Sql, endpoints, files, offboarding, shares, workflows};
use serde_json::json;

/// How a row's target is named.
#[derive(Clone, Copy)]
pub enum By {
    /// By the scope alone: own without a header, others by `X-Bifrost-Organization`.
    Scope,
    /// By an id in the path; a header is sent only where a platform administrator
    /// needs it to reach the own organization.
    Execution,
    Workflow,
    Provider,
    Config,
    /// A global secret, shared with the owner.
    Share,
    Schedule,
    Organization,
    Key,
    /// Of a run that has ended.
    DeadLetter,
    User,
    Role,
    Grant,
    Invitation,
    /// A version that waits for a review, by its number; the scope as with [`Self::Scope`].
    Proposal,
    /// An organization that nobody needs, called [`LEAVING`].
    Leaving,
    /// One that is gone, and has left its export.
    Left,
    Endpoint,
    /// An endpoint by its organization; its slug is [`SLUG`].
    Slug,
    Webhook,
    /// A webhook that has chosen an adapter.
    AdapterSource,
    /// The first of two.
    WebhookSecret,
    Subscription,
    /// One that is settled.
    Delivery,
    /// The id in the address of a webhook that is not signed.
    Hook,
    /// An integration of the owner, by its name.
    Integration,
    /// The same, which the owner is in.
    Mapping,
    /// One of the provider's, which is shared with the owner.
    IntegrationShare,
    /// A connection of the owner that can be renewed.
    Connection,
    /// A form for everybody: a name, a choice of a data provider and a file.
    Form,
    /// The same; a session of whoever asks is put into the body.
    OpenedForm,
    /// A draft of a form; a session as above.
    OpenedPreview,
    /// One with the document [`DOCUMENT`] in it.
    Table,
    /// A file of `reports`, by its path.
    File,
    /// A signed address to read from, by its token; the platform administrator has signed it.
    SignedGet,
    /// The same to write to.
    SignedPut,
    /// A webhook that notifications are sent to.
    NotificationChannel,
    /// A rule that tells it of failed runs.
    NotificationRule,
    /// A failed run, as people are told of it.
    Notification,
    /// An OpenID provider; of the platform, so that the owner makes no difference.
    IdentityProvider,
}

/// The name of organizations that leave.
pub const LEAVING: &str = "Leaving";

/// The slug of endpoints that are called.
pub const SLUG: &str = "matrix";

/// The id of documents.
pub const DOCUMENT: &str = "matrix";

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Owner {
    Own,
    Foreign,
    Global,
}

pub const OWNERS: [Owner; 3] = [Owner::Own, Owner::Foreign, Owner::Global];

impl Owner {
    pub fn organization(self, platform: &Platform) -> OrganizationId {
        match self {
            Self::Own => platform.own.id,
            Self::Foreign => platform.foreign.id,
            Self::Global => platform.provider,
        }
    }

    pub fn scope(self, platform: &Platform) -> Scope {
        match self {
            Self::Global => Scope::Global,
            _ => Scope::Organization(self.organization(platform)),
        }
    }

    /// Whose run it is; the own one is the end user's.
    pub fn user(self, platform: &Platform) -> UserId {
        match self {
            Self::Own => platform.own.user.user,
            Self::Foreign => platform.foreign.user.user,
            Self::Global => platform.root.user,
        }
    }
}

/// A fresh target of a row, by the id that goes into the path.
pub async fn target(platform: &Platform, by: By, owner: Owner) -> String {
    let db = &platform.state.db;
    let organization = owner.organization(platform);
    let scope = owner.scope(platform);
    let new_run = async || {
        let workflow = workflows::find(&db.scope(scope), "hello").await.expect("deployed");
        let (user, role) = (owner.user(platform), Role::OrgUser);
        let caller = Caller::of_role(user, "e", organization, role);
        NewExecution::by(&caller, workflow.id, json!({ "name": "Ada" }))
    };
    match by {
        By::Scope => String::new(),
        By::Organization => organization.to_string(),
        By::Workflow => workflows::find(&db.scope(scope), "hello").await.expect("deployed").id.to_string(),
        By::Provider => {
            workflows::find(&db.scope(scope), "choices_of_site").await.expect("deployed").id.to_string()
        }
        By::Execution => {
            let new = new_run().await;
            executions::accept(&db.org(organization), new).await.expect("accepted").execution.id.to_string()
        }
        By::DeadLetter => {
            // Scheduled, so that nobody takes it before it is cancelled.
            let mut new = new_run().await;
            new.not_before = Some(bifrost_store::now() + chrono::TimeDelta::hours(1));
            let execution = executions::accept(&db.org(organization), new).await.expect("accepted").execution;
            executions::request_cancel(&db.org(organization), execution.id).await.expect("cancelled");
            let id = DeadLetterId::new();
            let sql = Sql::new(
                "INSERT INTO dead_letters (id, execution_id, organization_id, attempt, reason, state, created_at)
                 VALUES ($1, $2, $3, 1, 'delivery_limit', 'retried', $4)",
            );
            let sql = sql.bind(id).bind(execution.id).bind(organization).bind(bifrost_store::now());
            db.system()
                .write(move |tx| Box::pin(async move { tx.execute(sql).await }))
                .await
                .expect("written");
            id.to_string()
        }
        By::Schedule => {
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
        By::Endpoint => {
            let slug = uuid::Uuid::now_v7().to_string();
            endpoint(platform, owner, &slug).await.expect("made").id.to_string()
        }
        By::Slug => {
            match endpoint(platform, owner, SLUG).await {
                Ok(_) | Err(Error::Conflict { .. }) => {}
                Err(error) => panic!("{error:?}"),
            }
            organization.to_string()
        }
        By::Webhook => webhook(platform, organization, WebhookKind::Generic).await.id.to_string(),
        By::AdapterSource => {
            let choice = NewChoice { adapter: "Acme".into(), ..NewChoice::default() };
            let settings = settings_of_webhook();
            let (org, keys) = (db.org(organization), &platform.state.keyring);
            let made = adapters::create(&org, keys, settings, choice, platform.root.user).await;
            made.expect("made").id.to_string()
        }
        By::WebhookSecret => {
            let (org, made) =
                (db.org(organization), webhook(platform, organization, WebhookKind::Github).await);
            let next = secrets::generate().expect("a secret");
            secrets::add(&org, &platform.state.keyring, made.id, next).await.expect("added");
            secrets::list(&org, made.id).await.expect("secrets")[0].id.to_string()
        }
        By::Subscription => {
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
        By::Delivery => {
            let made = webhook(platform, organization, WebhookKind::Unsigned).await;
            let settled = Received { is_settled: true, ..Received::default() };
            receive(&db.org(organization), &made, settled).await.expect("received").id.to_string()
        }
        By::Integration => integration(platform, scope).await.name,
        By::Mapping => {
            let made = integration(platform, scope).await;
            let new = NewMapping { entity_id: "e".into(), ..NewMapping::default() };
            let org = db.org(organization);
            mappings::set(&org, &platform.state.keyring, made.id, new).await.expect("mapped");
            made.name
        }
        By::IntegrationShare => {
            let made = integration(platform, Scope::Global).await;
            integrations::shares::add(db, &made.name, organization, platform.root.user)
                .await
                .expect("shared");
            made.name
        }
        By::Connection => connection(platform, scope).await.id.to_string(),
        By::Hook => webhook(platform, organization, WebhookKind::Unsigned).await.hook_id.to_string(),
        By::Form | By::OpenedForm => {
            let new = new_form(platform, scope).await;
            forms::create(&db.scope(scope), new).await.expect("a form").id.to_string()
        }
        By::OpenedPreview => {
            let new = new_form(platform, scope).await;
            forms::drafts::create(&db.scope(scope), new).await.expect("a draft").id.to_string()
        }
        By::Table => {
            let name = format!("t{}", uuid::Uuid::now_v7().simple());
            let data = json!({ "n": 1 }).as_object().expect("an object").clone();
            let new = NewDocument { id: Some(DOCUMENT.into()), data, ..NewDocument::default() };
            tables::insert(&db.scope(scope), &name, vec![new]).await.expect("made")[0].table_id.to_string()
        }
        By::File | By::SignedGet | By::SignedPut => {
            let (path, objects) = (uuid::Uuid::now_v7().to_string(), platform.state.objects.as_ref());
            let org = db.org(organization);
            files::write(&org, objects, "reports", &path, None, b"x".to_vec()).await.expect("written");
            if matches!(by, By::File) {
                return path;
            }
            let method = if matches!(by, By::SignedPut) { "PUT" } else { "GET" };
            let now = bifrost_store::now();
            let pass = Pass::new(organization, "reports", &path, method, BYTES, now).expect("a pass");
            let pass = Pass { signed_by: Some(platform.root.user), ..pass };
            files::sign(&platform.state.keyring, &pass).expect("a token")
        }
        By::Config => {
            let name = format!("key-{}", uuid::Uuid::now_v7());
            let entry = NewEntry {
                key: name.clone(),
                value: json!(1),
                kind: None,
                description: None,
                updated_by: None,
            };
            config::set(&db.scope(scope), &platform.state.keyring, entry).await.expect("set");
            name
        }
        By::Share => {
            let name = format!("key-{}", uuid::Uuid::now_v7());
            let kind = Some(ConfigType::Secret);
            let entry =
                NewEntry { key: name.clone(), value: json!(1), kind, description: None, updated_by: None };
            let global = db.scope(Scope::Global);
            config::set(&global, &platform.state.keyring, entry).await.expect("set");
            let (key, by) = (name.clone(), platform.root.user);
            global
                .write(move |tx| Box::pin(async move { shares::add_in(tx, &key, organization, by).await }))
                .await
                .expect("shared");
            name
        }
        By::Key => {
            let user = key(db, organization, &format!("{}@x.example", uuid::Uuid::now_v7()), Role::OrgUser)
                .await
                .user;
            let new =
                NewKey { user, name: "k".into(), role: Role::OrgUser, permissions: None, expires_at: None };
            identity::create_key(&db.org(organization), new).await.expect("key").0.id.to_string()
        }
        By::NotificationChannel => channel(platform, organization).await.id.to_string(),
        By::NotificationRule => {
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
        By::Notification => {
            let (id, details) =
                (NotificationId::new(), json!({ "name": "hello", "summary": "A run failed" }));
            let sql = Sql::new(
                "INSERT INTO notifications (id, organization_id, kind, subject_id, count, first_at, last_at, details)
                 VALUES ($1, $2, 'run_failed', $1, 1, $3, $3, $4)",
            );
            let sql = sql.bind(id).bind(organization).bind(bifrost_store::now()).bind(details);
            db.system()
                .write(move |tx| Box::pin(async move { tx.execute(sql).await }))
                .await
                .expect("written");
            id.to_string()
        }
        By::IdentityProvider => {
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
        By::User => someone(platform, organization).await.to_string(),
        By::Role => {
            let name = format!("role {}", uuid::Uuid::now_v7());
            let new = NewRole { name, description: String::new(), permissions: Permissions::NONE };
            roles::create(&db.org(organization), new).await.expect("role").id.to_string()
        }
        By::Grant => {
            let user = Subject::User(someone(platform, organization).await);
            let workflow = workflows::find(&db.scope(scope), "hello").await.expect("deployed").id.0;
            let made = grants::create(&db.org(organization), user, TargetKind::Workflow, workflow).await;
            made.expect("grant").id.to_string()
        }
        By::Proposal => {
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
        By::Leaving | By::Left => {
            let new = NewOrganization { name: LEAVING.into(), ..Default::default() };
            let id = organizations::create(db, new).await.expect("organization").id;
            if matches!(by, By::Left) {
                let begun = offboarding::request(db, id, LEAVING, platform.root.user).await;
                let mut one = Some(begun.expect("begun"));
                while let Some(next) = one.filter(|one| one.state != offboarding::State::Done) {
                    let (objects, bus) = (platform.state.objects.as_ref(), platform.state.bus.as_ref());
                    offboarding::step(db, objects, bus, next).await.expect("a step");
                    one = Some(offboarding::get(db, id).await.expect("read"));
                }
            }
            id.to_string()
        }
        By::Invitation => {
            let new = NewInvitation {
                email: format!("{}@x.example", uuid::Uuid::now_v7()),
                name: String::new(),
                role: Role::OrgUser,
                roles: vec![],
                expires_at: bifrost_store::now() + chrono::TimeDelta::hours(1),
            };
            invitations::create(&db.org(organization), new).await.expect("invitation").0.id.to_string()
        }
    }
}

/// An endpoint that takes every method and does not wait.
async fn endpoint(platform: &Platform, owner: Owner, slug: &str) -> Result<endpoints::Endpoint> {
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

/// A new webhook.
fn settings_of_webhook() -> Settings {
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

async fn webhook(platform: &Platform, organization: OrganizationId, kind: WebhookKind) -> Webhook {
    let settings = settings_of_webhook();
    let secret = kind.has_secret().then(|| secrets::generate().expect("a secret"));
    let org = platform.state.db.org(organization);
    let made =
        sources::create(&org, &platform.state.keyring, kind, settings, secret, platform.root.user).await;
    made.expect("a webhook")
}

/// A new channel to a webhook. An organization has so many at most.
async fn channel(platform: &Platform, organization: OrganizationId) -> Channel {
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
async fn someone(platform: &Platform, organization: OrganizationId) -> UserId {
    let email = format!("{}@x.example", uuid::Uuid::now_v7());
    key(&platform.state.db, organization, &email, Role::OrgUser).await.user
}
