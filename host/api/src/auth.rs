//! Who sent a request, and for which organization. Scope comes from here and from
//! nowhere else: no body and no id in a path can widen it.

use crate::ApiState;
use crate::problem::ApiError;
use axum::extract::FromRequestParts;
use bifrost_core::{Caller, Error, OrganizationId, Role, Scope};
use bifrost_store::{Scoped, identity, organizations};
use http::request::Parts;
use http::{HeaderMap, header};

/// The header that carries a key, beside `Authorization: Bearer`.
pub const KEY_HEADER: &str = "x-bifrost-key";

/// The header by which a platform administrator names an organization.
pub const ORGANIZATION_HEADER: &str = "x-bifrost-organization";

/// An authenticated request.
#[derive(Clone, Debug)]
pub struct Auth {
    /// Who sent it.
    pub caller: Caller,
    /// The organization that it is about: the caller's own; for a platform
    /// administrator the one that was named, or else global.
    pub scope: Scope,
}

impl Auth {
    /// Authenticates a key and resolves the scope.
    pub async fn of_key(state: &ApiState, key: &str, organization: Option<&str>) -> Result<Self, Error> {
        let caller = identity::authenticate(&state.db, key).await?.ok_or(Error::Unauthenticated)?;
        let own = match caller.role {
            Role::PlatformAdmin => Scope::Global,
            Role::OrgAdmin | Role::OrgUser => Scope::Organization(caller.organization),
        };
        let Some(named) = organization else {
            return Ok(Self { caller, scope: own });
        };
        let named: OrganizationId = named.parse().map_err(|_| Error::NotFound("organization"))?;
        if own == Scope::Organization(named) {
            return Ok(Self { caller, scope: own });
        }
        if !caller.is_platform_admin() {
            return Err(Error::NotFound("organization"));
        }
        organizations::get(&state.db.system(), named).await?;
        Ok(Self { caller, scope: Scope::Organization(named) })
    }

    /// The organization whose runs and data are meant; the provider's own for global.
    pub fn organization(&self) -> OrganizationId {
        self.scope.organization().unwrap_or(self.caller.organization)
    }

    /// The database as far as [`Self::organization`] reaches.
    pub fn org(&self, state: &ApiState) -> Scoped {
        state.db.org(self.organization())
    }

    /// True for those who administrate the scope.
    pub fn is_admin(&self) -> bool {
        self.caller.role != Role::OrgUser
    }
}

/// The key in the headers, where there is one.
pub fn key_of(headers: &HeaderMap) -> Option<&str> {
    let bearer = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()).and_then(|value| {
        let (scheme, key) = value.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then(|| key.trim())
    });
    bearer
        .or_else(|| headers.get(KEY_HEADER).and_then(|value| value.to_str().ok()))
        .filter(|key| !key.is_empty())
}

/// The organization that the headers name, where they do.
pub fn organization_of(headers: &HeaderMap) -> Option<&str> {
    headers.get(ORGANIZATION_HEADER).map(|value| value.to_str().unwrap_or_default())
}

impl FromRequestParts<ApiState> for Auth {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &ApiState) -> Result<Self, ApiError> {
        let key = key_of(&parts.headers).ok_or(Error::Unauthenticated)?;
        Ok(Self::of_key(state, key, organization_of(&parts.headers)).await?)
    }
}

/// A request of an administrator of the scope. Decided before a body is read.
#[derive(Clone, Debug)]
pub struct Admin(pub Auth);

/// A request of a platform administrator. Decided before a body is read.
#[derive(Clone, Debug)]
pub struct PlatformAdmin(pub Auth);

impl FromRequestParts<ApiState> for Admin {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &ApiState) -> Result<Self, ApiError> {
        let auth = Auth::from_request_parts(parts, state).await?;
        if auth.is_admin() {
            return Ok(Self(auth));
        }
        Err(Error::Denied("this needs an administrator of the organization".into()).into())
    }
}

impl FromRequestParts<ApiState> for PlatformAdmin {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &ApiState) -> Result<Self, ApiError> {
        let auth = Auth::from_request_parts(parts, state).await?;
        if auth.caller.is_platform_admin() {
            return Ok(Self(auth));
        }
        Err(Error::Denied("this needs a platform administrator".into()).into())
    }
}
