//! What requests are about: a fresh target of each kind, for the caller's own organization,
//! a foreign one, or the provider.

use super::{Platform, key, made};
use bifrost_core::*;
use bifrost_store::executions::{self, NewExecution};
use bifrost_store::grants::{self, Subject, TargetKind};
use bifrost_store::identity::{self, NewKey};
use bifrost_store::integrations::{self, NewMapping, mappings};
use bifrost_store::invitations::{self, NewInvitation};
use bifrost_store::roles::{self, NewRole};
use bifrost_store::tables::{self, NewDocument};
use bifrost_store::webhooks::adapters::{self, NewChoice};
use bifrost_store::webhooks::{Received, receive, secrets};
use bifrost_store::{platform_settings, workflows};
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
    /// The platform has a logo; the owner makes no difference.
    Logo,
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
        By::DeadLetter => made::dead_letter(platform, organization, new_run().await).await,
        By::Schedule => made::schedule(platform, scope).await,
        By::Endpoint => {
            let slug = uuid::Uuid::now_v7().to_string();
            made::endpoint(platform, owner, &slug).await.expect("made").id.to_string()
        }
        By::Slug => {
            match made::endpoint(platform, owner, SLUG).await {
                Ok(_) | Err(Error::Conflict { .. }) => {}
                Err(error) => panic!("{error:?}"),
            }
            organization.to_string()
        }
        By::Webhook => made::webhook(platform, organization, WebhookKind::Generic).await.id.to_string(),
        By::AdapterSource => {
            let choice = NewChoice { adapter: "Acme".into(), ..NewChoice::default() };
            let settings = made::settings_of_webhook();
            let (org, keys) = (db.org(organization), &platform.state.keyring);
            let made = adapters::create(&org, keys, settings, choice, platform.root.user).await;
            made.expect("made").id.to_string()
        }
        By::WebhookSecret => {
            let (org, made) =
                (db.org(organization), made::webhook(platform, organization, WebhookKind::Github).await);
            let next = secrets::generate().expect("a secret");
            secrets::add(&org, &platform.state.keyring, made.id, next).await.expect("added");
            secrets::list(&org, made.id).await.expect("secrets")[0].id.to_string()
        }
        By::Subscription => made::subscription(platform, organization, scope).await,
        By::Delivery => {
            let made = made::webhook(platform, organization, WebhookKind::Unsigned).await;
            let settled = Received { is_settled: true, ..Received::default() };
            receive(&db.org(organization), &made, settled).await.expect("received").id.to_string()
        }
        By::Integration => made::integration(platform, scope).await.name,
        By::Mapping => {
            let made = made::integration(platform, scope).await;
            let new = NewMapping { entity_id: "e".into(), ..NewMapping::default() };
            let org = db.org(organization);
            mappings::set(&org, &platform.state.keyring, made.id, new).await.expect("mapped");
            made.name
        }
        By::IntegrationShare => {
            let made = made::integration(platform, Scope::Global).await;
            integrations::shares::add(db, &made.name, organization, platform.root.user)
                .await
                .expect("shared");
            made.name
        }
        By::Connection => made::connection(platform, scope).await.id.to_string(),
        By::Hook => made::webhook(platform, organization, WebhookKind::Unsigned).await.hook_id.to_string(),
        By::Form | By::OpenedForm => made::form(platform, scope).await.id.to_string(),
        By::OpenedPreview => made::draft(platform, scope).await.id.to_string(),
        By::Table => {
            let name = format!("t{}", uuid::Uuid::now_v7().simple());
            let data = json!({ "n": 1 }).as_object().expect("an object").clone();
            let new = NewDocument { id: Some(DOCUMENT.into()), data, ..NewDocument::default() };
            tables::insert(&db.scope(scope), &name, vec![new]).await.expect("made")[0].table_id.to_string()
        }
        By::File => made::file(platform, organization).await,
        By::SignedGet => made::signed(platform, organization, "GET").await,
        By::SignedPut => made::signed(platform, organization, "PUT").await,
        By::Config => made::setting(platform, scope).await,
        By::Share => made::shared_secret(platform, organization).await,
        By::Key => {
            let user = key(db, organization, &format!("{}@x.example", uuid::Uuid::now_v7()), Role::OrgUser)
                .await
                .user;
            let new =
                NewKey { user, name: "k".into(), role: Role::OrgUser, permissions: None, expires_at: None };
            identity::create_key(&db.org(organization), new).await.expect("key").0.id.to_string()
        }
        By::NotificationChannel => made::channel(platform, organization).await.id.to_string(),
        By::NotificationRule => made::rule(platform, organization).await,
        By::Notification => made::notification(platform, organization).await,
        By::IdentityProvider => made::identity_provider(platform).await,
        By::Logo => {
            let made = platform_settings::set_logo(db, b"\x89PNG\r\n\x1a\n".to_vec()).await;
            made.expect("a logo").logo_hash.expect("its hash")
        }
        By::User => made::someone(platform, organization).await.to_string(),
        By::Role => {
            let name = format!("role {}", uuid::Uuid::now_v7());
            let new = NewRole { name, description: String::new(), permissions: Permissions::NONE };
            roles::create(&db.org(organization), new).await.expect("role").id.to_string()
        }
        By::Grant => {
            let user = Subject::User(made::someone(platform, organization).await);
            let workflow = workflows::find(&db.scope(scope), "hello").await.expect("deployed").id.0;
            let made = grants::create(&db.org(organization), user, TargetKind::Workflow, workflow).await;
            made.expect("grant").id.to_string()
        }
        By::Proposal => made::proposal(platform, scope).await,
        By::Leaving => made::leaving(platform).await.to_string(),
        By::Left => made::left(platform).await.to_string(),
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
