//! A connection with all that renewing it takes: its integration's authorization server with the
//! organization's values in place, and its tokens.

use super::connections::{self, Connection};
use super::definitions::{self, Integration};
use super::mappings;
use super::vault::{self, Name};
use crate::keyring::Keyring;
use crate::{Db, Scoped, Tx};
use bifrost_core::integration::merged;
use bifrost_core::{ConnectionId, Error, OAuthSettings, Result, Scope, oauth};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use zeroize::Zeroizing;

/// What a token endpoint has given.
#[derive(Clone, Serialize, Deserialize)]
pub struct Tokens {
    /// Where they are from, and the only place where the refresh token goes.
    pub token_url: String,
    /// Authorizes requests.
    pub access_token: Option<Zeroizing<String>>,
    /// Renews both.
    pub refresh_token: Option<Zeroizing<String>>,
    /// What was granted, where the server says it.
    pub scope: Option<String>,
}

/// Without what is secret.
impl std::fmt::Debug for Tokens {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tokens").field("token_url", &self.token_url).finish_non_exhaustive()
    }
}

/// The secret of a connection's own client, and where it was meant to go: whoever writes the
/// integration may be somebody else.
#[derive(Serialize, Deserialize)]
pub(super) struct OwnClient {
    pub secret: Zeroizing<String>,
    /// As the integration had it.
    pub token_url: String,
}

/// A connection with all that renewing it takes, but for its client's secret.
#[derive(Debug)]
pub struct Current {
    /// The connection.
    pub connection: Connection,
    /// Its integration.
    pub integration: Integration,
    /// The integration's authorization server, as this connection uses it.
    pub settings: OAuthSettings,
    /// Whose client it uses.
    pub client: Scope,
    /// Its token endpoint, or why there is none.
    pub token_url: Result<String>,
    /// Its authorization endpoint, where there is one, or why there is none.
    pub authorization_url: Option<Result<String>>,
    /// What it has; nothing that is of another token endpoint.
    pub tokens: Option<Tokens>,
}

/// A connection of the handle's scope with all that renewing it takes.
pub async fn get(scoped: &Scoped, keys: &Keyring, id: ConnectionId) -> Result<Current> {
    let mut tx = scoped.read().await?;
    let connection = connections::find(&mut tx, id, "").await?;
    get_in(&mut tx, keys, connection).await
}

pub(super) async fn get_in(tx: &mut Tx, keys: &Keyring, connection: Connection) -> Result<Current> {
    let integration = definitions::get_in(tx, connection.integration_id).await?;
    let mapping = mappings::of(tx, integration.id).await?;
    let mut settings = integration.oauth.clone().ok_or_else(|| Error::Conflict {
        code: "connection_failed",
        message: format!("`{}` has no authorization server any more", integration.name),
    })?;
    let client = if let Some(own) = &connection.client_id {
        settings.client_id = own.clone();
        connection.scope
    } else {
        integration.scope
    };
    let empty = Default::default();
    let config = mapping.as_ref().map_or(&empty, |mapping| &mapping.config);
    let values = merged([&integration.schema.defaults(), &integration.config, config]);
    let entity = mapping.as_ref().map(|mapping| mapping.entity_id.clone());
    let place = |name: &str| match values.get(name) {
        _ if name == "entity_id" => entity.clone(),
        Some(Value::String(text)) => Some(text.clone()),
        Some(Value::Number(number)) => Some(number.to_string()),
        // Other words for the same.
        None if matches!(name, "tenant" | "tenant_id") => entity.clone(),
        _ => None,
    };
    let expanded = |field: &str, template: &str| oauth::expand(field, template, place).map(String::from);
    let token_url = expanded("token_url", &settings.token_url);
    let authorization_url = settings.authorization_url.as_ref();
    let authorization_url = authorization_url.map(|template| expanded("authorization_url", template));
    let tokens: Option<Tokens> = vault::get(tx, keys, Name::Tokens(connection.id)).await?;
    let tokens = tokens.filter(|tokens| token_url.as_ref().is_ok_and(|url| *url == tokens.token_url));
    Ok(Current { connection, integration, settings, client, token_url, authorization_url, tokens })
}

impl Current {
    /// The secret of the client that the connection uses; `None` for a public one, and for one whose
    /// secret was given for another token endpoint.
    pub async fn client_secret(&self, db: &Db, keys: &Keyring) -> Result<Option<Zeroizing<String>>> {
        if self.connection.client_id.is_none() {
            let mut tx = db.scope(self.integration.scope).read().await?;
            return vault::get(&mut tx, keys, Name::Client(self.integration.id)).await;
        }
        let mut tx = db.scope(self.connection.scope).read().await?;
        let own: Option<OwnClient> = vault::get(&mut tx, keys, Name::OwnClient(self.connection.id)).await?;
        Ok(own.filter(|own| own.token_url == self.settings.token_url).map(|own| own.secret))
    }
}
