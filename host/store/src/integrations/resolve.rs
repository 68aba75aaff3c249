//! What a run sees of an integration: the definition, what is different for its organization, and
//! the connection, each as far as it may have it.

use super::connections::{self, Connection};
use super::definitions::{self, Integration};
use super::mappings::{self, Mapping};
use super::shares;
use super::vault::{self, Name};
use crate::keyring::Keyring;
use crate::{Access, Db};
use bifrost_core::integration::{Values, merged};
use bifrost_core::oauth::{Disclosure, Ownership};
use bifrost_core::{OAuthFlow, Result, Scope};

/// An integration as a run sees it.
#[derive(Clone)]
pub struct Resolved {
    /// The definition.
    pub integration: Integration,
    /// What the organization is in it.
    pub mapping: Option<Mapping>,
    /// The values of all layers, with those secrets that the run may have.
    pub config: Values,
    /// Keys of the secrets among them.
    pub secret_keys: Vec<String>,
    /// The connection, where the run may use one, and what it is told of it.
    pub connection: Option<(Connection, Disclosure)>,
    /// Something was held back that the provider has not shared.
    pub is_withheld: bool,
}

/// The integration `name` for code of `workspace` that acts for `target`. `NotFound` when neither
/// the target nor the provider has one.
pub async fn resolve(
    db: &Db,
    keys: &Keyring,
    target: Scope,
    workspace: Scope,
    name: &str,
) -> Result<Resolved> {
    let scoped = db.scope(target);
    let mut tx = scoped.read().await?;
    let integration = definitions::find_in(&mut tx, name).await?;
    let mapping = mappings::of(&mut tx, integration.id).await?;
    let is_shared = shares::has(&mut tx, integration.id).await?;
    let own = connections::of(&mut tx, integration.id).await?;
    let of_mapping = match &mapping {
        Some(mapping) => vault::values(&mut tx, keys, Name::Mapping(mapping.id)).await?,
        None => Values::new(),
    };
    drop(tx);
    let is_global = integration.scope == Scope::Global;
    // The definition's secrets are its owner's; the provider's code is the owner of global ones.
    let has_secrets = !is_global || workspace == Scope::Global || is_shared;
    let of_definition = if has_secrets {
        let owner = db.with(Access::from(integration.scope));
        vault::values(&mut owner.read().await?, keys, Name::Definition(integration.id)).await?
    } else {
        Values::new()
    };
    let plain = Values::new();
    let own_config = mapping.as_ref().map_or(&plain, |mapping| &mapping.config);
    let defaults = integration.schema.defaults();
    let config = merged([&defaults, &integration.config, &of_definition, own_config, &of_mapping]);
    let is_secret = |key: &&String| {
        integration.schema.is_secret(key) || of_definition.contains_key(*key) || of_mapping.contains_key(*key)
    };
    let secret_keys = config.keys().filter(is_secret).cloned().collect();
    let mut is_withheld =
        !has_secrets && integration.schema.0.iter().any(|field| integration.schema.is_secret(&field.key));
    let connection = match (own, by_itself(&integration, mapping.is_some())) {
        (Some(own), _) => Some(own),
        (None, _) if !has_secrets => {
            is_withheld |= integration.oauth.is_some();
            None
        }
        // The provider's, where it owns the integration; made where that needs nobody's consent.
        (None, Some(true)) => Some(connections::ensure(&scoped, integration.id).await?),
        (None, Some(false)) => Some(connections::ensure(&db.scope(integration.scope), integration.id).await?),
        (None, None) if integration.scope != target => {
            connections::of(&mut db.scope(integration.scope).read().await?, integration.id).await?
        }
        (None, None) => None,
    };
    let connection = connection.and_then(|connection| {
        let flow = integration.oauth.as_ref()?.flow;
        let client = if connection.client_id.is_some() { connection.scope } else { integration.scope };
        let ownership = Ownership { workspace, connection: connection.scope, client, flow, is_shared };
        let disclosure = ownership.disclosure();
        is_withheld |= !disclosure.access_token;
        disclosure.access_token.then_some((connection, disclosure))
    });
    Ok(Resolved { integration, mapping, config, secret_keys, connection, is_withheld })
}

/// Where a connection is made without anybody's consent: for the organization that asks, where
/// each has endpoints of its own, else for whoever owns the integration. `None` where it is not.
fn by_itself(integration: &Integration, is_mapped: bool) -> Option<bool> {
    let oauth = integration.oauth.as_ref()?;
    let needs_nobody = oauth.flow == OAuthFlow::ClientCredentials;
    needs_nobody.then(|| oauth.is_per_organization() && is_mapped)
}
