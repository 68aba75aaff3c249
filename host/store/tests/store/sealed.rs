//! A secret in each place that has ciphertexts, and all that reads them.

use crate::adapters::{adapter, with};
use crate::common::*;
use crate::integrations::{fresh, new_integration};
use crate::webhooks::settings;
use bifrost_core::*;
use bifrost_store::config::{self, NewEntry};
use bifrost_store::integrations::connections::{self, NewConnection};
use bifrost_store::integrations::{NewMapping, current, definitions, mappings, renewal, resolve};
use bifrost_store::notifications::{NewChannel, Target, channels};
use bifrost_store::sign_in::{providers, totp};
use bifrost_store::webhooks::adapters::{self, Kept, NewChoice};
use bifrost_store::webhooks::{secrets, sources};
use bifrost_store::{Db, Keyring, Scoped, workspaces};
use serde_json::{Map, Value, json};
use zeroize::Zeroizing;

/// The tables that [`Sealed::read`] reads, by name.
pub const TABLES: [&str; 7] = [
    "adapter_values",
    "config",
    "identity_providers",
    "integration_secrets",
    "notification_secrets",
    "totp",
    "webhook_secrets",
];
/// Values that [`Sealed::plant`] encrypts: four of them are of the integration.
pub const VALUES: u64 = 10;

/// Where the secrets are.
#[derive(Clone)]
pub struct Sealed {
    db: Db,
    org: Scoped,
    organization: OrganizationId,
    user: UserId,
    provider: IdentityProviderId,
    webhook: WebhookId,
    channel: NotificationChannelId,
    adapted: WebhookId,
    connection: ConnectionId,
}

fn text(text: &str) -> Zeroizing<String> {
    Zeroizing::new(text.to_owned())
}

fn object(value: Value) -> Map<String, Value> {
    value.as_object().unwrap().clone()
}

impl Sealed {
    pub async fn plant(w: &World, keys: &Keyring) -> Self {
        let org = w.db.org(w.org.id);
        let entry = NewEntry {
            key: "sealed".into(),
            value: json!("of config"),
            kind: Some(ConfigType::Secret),
            description: None,
            updated_by: None,
        };
        config::set(&org, keys, entry).await.unwrap();
        totp::begin(&org, keys, w.user, Zeroizing::new(vec![7; 20])).await.unwrap();
        let provider = providers::Settings {
            name: "Example".into(),
            kind: "oidc".into(),
            issuer: "https://login.example".into(),
            client_id: "bifrost".into(),
            client_secret: Some(Some(text("of provider"))),
            scopes: vec!["openid".into()],
            domains: vec![],
            creates_users: false,
            is_enabled: true,
        };
        let provider = providers::create(&w.db, keys, provider).await.unwrap().id;
        let secret = Some(text("of webhook"));
        let webhook =
            sources::create(&org, keys, WebhookKind::Generic, settings("sealed"), secret, w.user).await;
        let channel = NewChannel {
            name: "sealed".into(),
            target: Target::Webhook { url: "https://hooks.example/x".into(), secret: text("of channel") },
            full_errors: false,
            is_enabled: true,
            created_by: w.user,
        };
        let channel = channels::create(&org, keys, channel).await.unwrap().id;
        Self {
            db: w.db.clone(),
            organization: w.org.id,
            user: w.user,
            provider,
            webhook: webhook.unwrap().id,
            channel,
            adapted: adapted(w, &org, keys).await,
            connection: connected(w, &org, keys).await,
            org,
        }
    }

    /// Reads every secret as the platform does; each has to be what was kept.
    pub async fn read(&self, keys: &Keyring) {
        let Self { db, org, .. } = self;
        let entry = config::get(org, keys, "sealed", false).await.unwrap().unwrap();
        assert_eq!(entry.value, Some(json!("of config")));
        let factor = totp::get(org, keys, self.user).await.unwrap().unwrap();
        assert_eq!(*factor.secret, [7; 20]);
        let secret = providers::secret(db, keys, self.provider).await.unwrap().unwrap();
        assert_eq!(*secret, "of provider");
        assert_eq!(secrets::of(org, keys, self.webhook).await.unwrap()[0].as_slice(), b"of webhook");
        let secret = channels::secret(org, keys, self.channel).await.unwrap();
        assert_eq!(secret.as_slice(), b"of channel");
        let (_, kept, _) = adapters::open(org, keys, self.adapted).await.unwrap();
        assert_eq!((&kept.secrets["secret"], &kept.state["n"]), (&json!("of adapter"), &json!(7)));
        let own = Scope::Organization(self.organization);
        let resolved = resolve(db, keys, own, own, "sealed").await.unwrap();
        assert_eq!(resolved.config["api_key"], "canary-definition");
        assert_eq!(resolved.config["of_mapping"], "of mapping");
        let current = current::get(org, keys, self.connection).await.unwrap();
        let client = current.client_secret(db, keys).await.unwrap().unwrap();
        assert_eq!(*client, "canary-client");
        let tokens = current.tokens.unwrap();
        assert_eq!(tokens.access_token.as_deref().map(String::as_str), Some("access-1"));
        assert_eq!(tokens.refresh_token.as_deref().map(String::as_str), Some("refresh-1"));
    }
}

/// A source with an adapter that was given a secret and keeps a state.
async fn adapted(w: &World, org: &Scoped, keys: &Keyring) -> WebhookId {
    workspaces::deploy(org, with("sealed", vec![adapter("Acme", false)])).await.unwrap();
    let choice = NewChoice { adapter: "Acme".into(), config: object(json!({ "secret": "of adapter" })) };
    let source = adapters::create(org, keys, settings("adapted"), choice, w.user).await.unwrap();
    let (_, kept, revision) = adapters::open(org, keys, source.id).await.unwrap();
    let kept = Kept { state: object(json!({ "n": 7 })), ..kept };
    adapters::take(org, keys, &source, vec![], Some((kept, revision))).await.unwrap().unwrap();
    source.id
}

/// A connection with tokens; definition, mapping and client have secrets, too.
async fn connected(w: &World, org: &Scoped, keys: &Keyring) -> ConnectionId {
    let mut new = new_integration("sealed", OAuthFlow::AuthorizationCode, w.user);
    let of_mapping = integration::Field { key: "of_mapping".into(), ..new.schema.0[2].clone() };
    new.schema.0.push(of_mapping);
    let made = definitions::create(org, keys, new).await.unwrap();
    let config = object(json!({ "of_mapping": "of mapping" }));
    let mapping = NewMapping { entity_id: "tenant-1".into(), entity_name: None, config };
    mappings::set(org, keys, made.id, mapping).await.unwrap();
    let id = connections::create(org, keys, "sealed", NewConnection::default(), w.user).await.unwrap().id;
    renewal::connect(org, keys, id, fresh("access-1", Some("refresh-1")), w.user).await.unwrap();
    id
}
