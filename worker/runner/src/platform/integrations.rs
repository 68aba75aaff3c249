//! `integrations.*`: other systems, as the run's organization has them, with what authorizes
//! requests there. Tokens are renewed here, in the host: what renews them, and the client's
//! secret, are for the code of whoever owns the connection alone.

use super::{Scoped, parse};
use crate::grants::Grants;
use bifrost_core::oauth::Disclosure;
use bifrost_core::{
    ConnectionId, ConnectionStatus, Error, OAuthFlow, OAuthSettings, Operation, Result, Scope,
};
use bifrost_oauth::Need;
use bifrost_store::integrations::{Connection, Current, Resolved, current, definitions, resolve};
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
    #[serde(default)]
    oauth_scope: Option<String>,
    /// Of the tokens that the run has.
    #[serde(default)]
    version: Option<i64>,
}

/// Which token is wanted.
struct Wanted {
    need: Need,
    /// Others than the connection asks for, separated by blanks.
    scopes: Option<String>,
}

/// Scopes that are not those which the connection asks for anyway.
fn other(resolved: &Resolved, wanted: Option<String>) -> Option<String> {
    let asks: Vec<_> = resolved.integration.oauth.iter().flat_map(|oauth| &oauth.scopes).collect();
    let is_other =
        |wanted: &String| !wanted.split_whitespace().all(|one| asks.iter().any(|scope| *scope == one));
    wanted.filter(is_other)
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
        let oauth = match &resolved.connection {
            Some((connection, disclosure)) => {
                let wanted = Wanted { need: Need::Good, scopes: other(&resolved, oauth_scope) };
                Some(self.credentials(&resolved, connection, *disclosure, wanted).await?)
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
        let Refresh { name, scope, oauth_scope, version } = parse(arguments)?;
        let resolved = self.resolved(&name, scope.as_deref()).await?;
        let (connection, disclosure) = resolved.connection.clone().ok_or(Error::NotFound("connection"))?;
        let need = Need::NewerThan(version.unwrap_or(connection.version));
        let wanted = Wanted { need, scopes: other(&resolved, oauth_scope) };
        self.credentials(&resolved, &connection, disclosure, wanted).await
    }

    /// An integration as the run may see it. What was held back is written down.
    async fn resolved(&self, name: &str, named: Option<&str>) -> Result<Resolved> {
        let target = self.scope(Operation::IntegrationsGet, named).await?;
        let resolved = resolve(&self.db, &self.keys, target, self.workspace, name).await?;
        if resolved.is_withheld {
            let error =
                Error::Denied(format!("the secrets of the global integration `{name}` are not shared"));
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
        wanted: Wanted,
    ) -> Result<Value> {
        let (scope, id) = (connection.scope, connection.id);
        let oauth = resolved.integration.oauth.as_ref();
        let is_new = connection.status == ConnectionStatus::NotConnected
            && oauth.is_some_and(|oauth| oauth.flow != OAuthFlow::ClientCredentials);
        let is_nowhere = resolved.mapping.is_none() && oauth.is_some_and(OAuthSettings::is_per_organization);
        let waits = is_new || is_nowhere;
        let mut fresh = None;
        let asked = match &wanted.scopes {
            // Nobody has agreed yet, or nobody has said which organization it is.
            _ if waits => Ok(None),
            None => self.oauth.access(scope, id, wanted.need).await.map(Some),
            Some(scopes) => {
                let renew = wanted.need != Need::Good;
                let other = self.oauth.other(scope, id, scopes, renew).await;
                other.map(|other| fresh = Some(other)).map(|()| None)
            }
        };
        let (current, error) = match asked {
            Ok(Some(current)) => (current, None),
            Ok(None) => (self.as_it_is(scope, id).await?, None),
            // For the workflow, as an error of the integration.
            Err(Error::Conflict { message, .. }) => (self.as_it_is(scope, id).await?, Some(message)),
            Err(other) => return Err(other),
        };
        let tokens = current.tokens.as_ref().filter(|_| error.is_none());
        let given = fresh.as_ref().map(|fresh| &fresh.tokens).or(tokens);
        let access_token = given.and_then(|tokens| tokens.access_token.as_ref());
        let expires_at = fresh.as_ref().map_or(current.connection.expires_at, |fresh| fresh.until);
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
        // A place that is not filled is for the workflow to see.
        let token_url = current.token_url.as_ref().unwrap_or(&current.settings.token_url);
        let authorization_url = current.authorization_url.as_ref().and_then(|url| url.as_ref().ok());
        Ok(json!({
            "connection_name": resolved.integration.name,
            "client_id": current.settings.client_id,
            "client_secret": text(client_secret.as_ref()),
            "authorization_url": authorization_url,
            "token_url": token_url,
            "scopes": wanted.scopes.unwrap_or_else(|| current.settings.scopes.join(" ")),
            "access_token": text(access_token),
            "refresh_token": text(refresh_token),
            "expires_at": expires_at,
            "version": current.connection.version,
            "error": error,
        }))
    }

    async fn as_it_is(&self, scope: Scope, id: ConnectionId) -> Result<Arc<Current>> {
        current::get(&self.db.scope(scope), &self.keys, id).await.map(Arc::new)
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

#[cfg(test)]
#[path = "integrations_tests.rs"]
mod tests;
