//! Who sent a request, and for which organization. Scope comes from here and from
//! nowhere else: no body and no id in a path can widen it.

use crate::ApiState;
use crate::credential::{Credential, Signed};
use crate::origin::Origin;
use crate::problem::ApiError;
use axum::extract::FromRequestParts;
use bifrost_core::ports::RunCaller;
use bifrost_core::{Caller, Error, Lineage, OrganizationId, Permission, Role, Scope, UserId};
use bifrost_store::audit::Actor;
use bifrost_store::{Db, Scoped, organizations};
use http::HeaderMap;
use http::request::Parts;
use std::sync::Arc;

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
    /// Who acts and from where, for the audit log.
    pub actor: Arc<Actor>,
    /// Where the request came from.
    pub origin: Origin,
    /// The session behind it; `None` for a key.
    pub signed: Option<Signed>,
    /// Of the runs that it starts: a run's request has the run above them.
    pub children: Lineage,
}

/// The run behind a request, which came from within this process: nothing that comes over a network
/// has one.
#[derive(Clone, Debug)]
pub(crate) struct OfRun(pub RunCaller);

impl Auth {
    /// Authenticates a key or a session, and resolves the scope.
    ///
    /// # Errors
    /// `SecondFactorRequired` for a session that is good for adding one only.
    pub async fn of(
        state: &ApiState,
        credential: &Credential,
        organization: Option<&str>,
        origin: &Origin,
    ) -> Result<Self, Error> {
        Self::of_entering(state, credential, organization, origin).await?.with_second_factor()
    }

    /// As [`Self::of`], and also of a session that lacks a second factor.
    async fn of_entering(
        state: &ApiState,
        credential: &Credential,
        organization: Option<&str>,
        origin: &Origin,
    ) -> Result<Self, Error> {
        let (caller, signed) = credential.caller(state, origin).await?;
        Ok(Self { signed, ..Self::of_caller(state, caller, organization, origin).await? })
    }

    /// Refuses a session that is good for adding a second factor only.
    fn with_second_factor(self) -> Result<Self, Error> {
        match self.signed {
            Some(signed) if signed.lacks_second_factor => Err(Error::SecondFactorRequired),
            _ => Ok(self),
        }
    }

    /// Resolves the scope of somebody who is authenticated.
    pub async fn of_caller(
        state: &ApiState,
        caller: Caller,
        organization: Option<&str>,
        origin: &Origin,
    ) -> Result<Self, Error> {
        let actor = origin.actor(&caller);
        let own = match caller.role {
            Role::PlatformAdmin => Scope::Global,
            Role::OrgAdmin | Role::OrgUser | Role::OrgGuest => Scope::Organization(caller.organization),
        };
        let Some(named) = organization else {
            return Ok(Self::new(caller, own, actor, origin));
        };
        let named: OrganizationId = named.parse().map_err(|_| Error::NotFound("organization"))?;
        if named != caller.organization {
            if !caller.may(Permission::EnterOrganizations) {
                origin.deny(format_args!("organization {named}"));
                return Err(Error::NotFound("organization"));
            }
            let organization = organizations::get(&state.db.system(), named).await?;
            organizations::refuse_offboarding(&organization)?;
        }
        Ok(Self::new(caller, Scope::Organization(named), actor, origin))
    }

    /// Somebody whose scope is decided.
    pub fn new(caller: Caller, scope: Scope, actor: Arc<Actor>, origin: &Origin) -> Self {
        Self { caller, scope, actor, origin: origin.clone(), signed: None, children: Lineage::default() }
    }

    /// A run, whose rights were decided where it runs.
    fn of_run(state: &ApiState, by: &RunCaller, origin: &Origin) -> Result<Self, Error> {
        state.sign_in.throttle().key(by.execution.0)?;
        let actor = origin.note(Actor::of(&by.caller).in_run(by.execution));
        Ok(Self { children: by.children, ..Self::new(by.caller.clone(), by.scope, actor, origin) })
    }

    /// The organization whose runs and data are meant; the provider's own for global.
    pub fn organization(&self) -> OrganizationId {
        self.scope.organization().unwrap_or(self.caller.organization)
    }

    /// The database in the caller's hands: what is written through it is theirs in the
    /// audit log.
    pub fn db(&self, state: &ApiState) -> Db {
        state.db.by(self.actor.clone())
    }

    /// The database as far as [`Self::organization`] reaches.
    pub fn org(&self, state: &ApiState) -> Scoped {
        self.db(state).org(self.organization())
    }

    /// The database as far as [`Self::scope`] reaches.
    pub fn scoped(&self, state: &ApiState) -> Scoped {
        self.db(state).scope(self.scope)
    }

    /// True when this is the caller's to do.
    pub fn may(&self, permission: Permission) -> bool {
        self.caller.may(permission)
    }

    /// Refuses what is not the caller's to do.
    pub fn need(&self, permission: Permission) -> Result<(), Error> {
        if self.may(permission) {
            return Ok(());
        }
        Err(Error::Denied(format!("this needs the permission {permission}")))
    }

    /// True for those who see the runs of others, and what went wrong in them.
    pub fn sees_all_runs(&self) -> bool {
        self.may(Permission::ReadExecutions)
    }

    /// Whose runs they see, where it is not those of all.
    pub fn sees_only(&self) -> Option<UserId> {
        (!self.sees_all_runs()).then_some(self.caller.user)
    }
}

/// The organization that the headers name, where they do.
pub fn organization_of(headers: &HeaderMap) -> Option<&str> {
    headers.get(ORGANIZATION_HEADER).map(|value| value.to_str().unwrap_or_default())
}

/// As [`Auth`], and also from somebody who has to add a second factor before anything else.
pub(crate) struct Entering(pub(crate) Auth);

impl FromRequestParts<ApiState> for Entering {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &ApiState) -> Result<Self, ApiError> {
        let origin = Origin::of(&parts.extensions);
        if let Some(OfRun(by)) = parts.extensions.get::<OfRun>() {
            return Ok(Self(Auth::of_run(state, by, &origin)?));
        }
        let credential = Credential::of(&parts.headers, state).ok_or(Error::Unauthenticated)?;
        let organization = organization_of(&parts.headers);
        let auth = Auth::of_entering(state, &credential, organization, &origin).await?;
        credential.check_sender(&parts.method, false, &parts.headers, state)?;
        Ok(Self(auth))
    }
}

impl FromRequestParts<ApiState> for Auth {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &ApiState) -> Result<Self, ApiError> {
        let Entering(auth) = Entering::from_request_parts(parts, state).await?;
        Ok(auth.with_second_factor()?)
    }
}

/// Requests of those who may. One extractor for each permission, of the same name; decided
/// before a body is read.
pub mod may {
    use super::{ApiError, ApiState, Auth, FromRequestParts, Parts, Permission};

    macro_rules! may {
        ($($name:ident)+) => {$(
            #[doc = concat!("A request of somebody with [`Permission::", stringify!($name), "`].")]
            #[derive(Clone, Debug)]
            pub struct $name(pub Auth);

            impl FromRequestParts<ApiState> for $name {
                type Rejection = ApiError;

                async fn from_request_parts(parts: &mut Parts, state: &ApiState) -> Result<Self, ApiError> {
                    let auth = Auth::from_request_parts(parts, state).await?;
                    auth.need(Permission::$name)?;
                    Ok(Self(auth))
                }
            }
        )+};
    }

    may! {
        ReadWorkspace DraftWorkspace DeployWorkspace ReviewWorkspace ReadExecutions ManageSchedules ReadConfig
        WriteConfig ReadUsers ManageUsers ManageRoles ManageKeys ReadAudit ManageOrganization ManageWebhooks
        ManageIntegrations ManageForms ReadTables WriteTables ReadFiles WriteFiles ManageOrganizations OperatePlatform
    }
}
