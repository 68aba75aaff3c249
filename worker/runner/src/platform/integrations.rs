//! `integrations.*`: other systems, as the run's organization has them, with what authorizes
//! requests there. Tokens are renewed here, in the host: what renews them, and the client's
//! secret, are for the code of whoever owns the connection alone.

use super::{Scoped, parse};
use crate::grants::Grants;
use bifrost_core::oauth::Disclosure;
use bifrost_core::{ConnectionId, ConnectionStatus, Error, OAuthFlow, Operation, Result, Scope};
use bifrost_oauth::Need;
use bifrost_store::integrations::{Connection, Current, Resolved, connections, definitions, resolve};
use serde::Deserialize;
use serde_json::{Value, json};
use std::sync::Arc;
use zeroize::Zeroizing;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Get {
    name: String,
    #[serde(default)]
    scope: Option<String>,
    #[serde(default)]
    oauth_scope: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Refresh {
    name: String,
    #[serde(default)]
    scope: Option<String>,
    /// Of the tokens that the run has.
    #[serde(default)]
    version: Option<i64>,
}

impl Grants {
    pub(super) async fn integrations_list(&self, arguments: &str) -> Result<Value> {
        let Scoped { scope } = parse(arguments)?;
        let target = self.scope(Operation::IntegrationsGet, scope.as_deref()).await?;
        let all = definitions::list(&self.db.scope(target)).await?;
        let line = |one: definitions::Integration| {
            json!({
                "integration_id": one.id,
                "name": one.name,
                "description": one.description,
                "has_oauth": one.oauth.is_some(),
                "organization_id": one.scope.organization(),
            })
        };
        Ok(all.into_iter().map(line).collect())
    }

    pub(super) async fn integrations_get(&self, arguments: &str) -> Result<Value> {
        let Get { name, scope, oauth_scope } = parse(arguments)?;
        let resolved = self.resolved(&name, scope.as_deref()).await?;
        if let Some(wanted) = oauth_scope.filter(|wanted| !wanted.is_empty()) {
            let oauth = resolved.integration.oauth.as_ref();
            let has = |one: &str| oauth.is_some_and(|oauth| oauth.scopes.iter().any(|scope| scope == one));
            if !wanted.split(' ').all(has) {
                let message = format!("`{name}` does not ask for `{wanted}`; add it to the integration's `oauth.scopes`");
                return Err(Error::invalid("oauth_scope", message));
            }
        }
        let oauth = match &resolved.connection {
            Some((connection, disclosure)) => {
                Some(self.credentials(&resolved, connection, *disclosure, Need::Good).await?)
            }
            None => None,
        };
        if !resolved.secret_keys.is_empty() {
            for key in &resolved.secret_keys {
                self.hide(&resolved.config[key])?;
            }
            self.tell_of(&resolved).await?;
        }
        let mapping = resolved.mapping.as_ref();
        Ok(json!({
            "integration_id": resolved.integration.id,
            "entity_id": mapping.map(|mapping| &mapping.entity_id),
            "entity_name": mapping.and_then(|mapping| mapping.entity_name.as_ref()),
            "config": resolved.config,
            "oauth": oauth,
            "config_secret_keys": resolved.secret_keys,
        }))
    }

    pub(super) async fn integrations_refresh(&self, arguments: &str) -> Result<Value> {
        let Refresh { name, scope, version } = parse(arguments)?;
        let resolved = self.resolved(&name, scope.as_deref()).await?;
        let (connection, disclosure) = resolved.connection.clone().ok_or(Error::NotFound("connection"))?;
        let need = Need::NewerThan(version.unwrap_or(connection.version));
        self.credentials(&resolved, &connection, disclosure, need).await
    }

    /// An integration as the run may see it. What was held back is written down.
    async fn resolved(&self, name: &str, named: Option<&str>) -> Result<Resolved> {
        let target = self.scope(Operation::IntegrationsGet, named).await?;
        let resolved = resolve(&self.db, &self.keys, target, self.workspace, name).await?;
        if resolved.is_withheld {
            let error = Error::Denied(format!("the secrets of the global integration `{name}` are not shared"));
            self.refused(Operation::IntegrationsGet, Some("global"), &error).await;
        }
        Ok(resolved)
    }

    /// A connection's credentials, as far as the run may have them.
    async fn credentials(
        &self,
        resolved: &Resolved,
        connection: &Connection,
        disclosure: Disclosure,
        need: Need,
    ) -> Result<Value> {
        let (scope, id) = (connection.scope, connection.id);
        let flow = resolved.integration.oauth.as_ref().map(|oauth| oauth.flow);
        let waits = connection.status == ConnectionStatus::NotConnected
            && flow != Some(OAuthFlow::ClientCredentials);
        let (current, error) = if waits {
            // Nobody has agreed yet; there is nothing to renew.
            (self.as_it_is(scope, id).await?, None)
        } else {
            match self.oauth.access(scope, id, need).await {
                Ok(current) => (current, None),
                // For the workflow, as an error of the integration.
                Err(Error::Conflict { message, .. }) => (self.as_it_is(scope, id).await?, Some(message)),
                Err(other) => return Err(other),
            }
        };
        let tokens = current.tokens.as_ref().filter(|_| error.is_none());
        let access_token = tokens.and_then(|tokens| tokens.access_token.as_ref());
        let refresh_token = tokens.and_then(|tokens| tokens.refresh_token.as_ref());
        let refresh_token = refresh_token.filter(|_| disclosure.refresh_token);
        let client_secret = match disclosure.client_secret {
            true => current.client_secret(&self.db, &self.keys).await?,
            false => None,
        };
        let secrets = [access_token, refresh_token, client_secret.as_ref()];
        for secret in secrets.into_iter().flatten() {
            self.hide(&Value::String(secret.to_string()))?;
        }
        if secrets.iter().any(Option::is_some) {
            self.tell_of(resolved).await?;
        }
        let text = |secret: Option<&Zeroizing<String>>| secret.map(|secret| secret.as_str().to_owned());
        let authorization_url = current.authorization_url.as_ref().and_then(|url| url.as_ref().ok());
        Ok(json!({
            "connection_name": resolved.integration.name,
            "client_id": current.settings.client_id,
            "client_secret": text(client_secret.as_ref()),
            "authorization_url": authorization_url,
            "token_url": current.token_url.as_ref().ok(),
            "scopes": current.settings.scopes.join(" "),
            "access_token": text(access_token),
            "refresh_token": text(refresh_token),
            "expires_at": current.connection.expires_at,
            "version": current.connection.version,
            "error": error,
        }))
    }

    async fn as_it_is(&self, scope: Scope, id: ConnectionId) -> Result<Arc<Current>> {
        connections::current(&self.db.scope(scope), &self.keys, id).await.map(Arc::new)
    }

    /// What cannot be redacted is not handed out.
    fn hide(&self, secret: &Value) -> Result<()> {
        let too_many = |error: crate::redact::TooMany| Error::Conflict {
            code: "too_many_secrets",
            message: error.to_string(),
        };
        self.redactor.add(secret).map_err(too_many)
    }

    async fn tell_of(&self, resolved: &Resolved) -> Result<()> {
        let integration = &resolved.integration;
        self.tell("integration", &integration.name, integration.scope == Scope::Global).await
    }
}
