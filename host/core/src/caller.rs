//! Who asks, for which organization, and what they may do there.

use crate::{
    KeyId, OrganizationId, Permission, Permissions, UserId, WebhookId, WorkflowId, endpoint, schedule,
    webhook,
};
use serde::{Deserialize, Serialize};

/// What everybody has; roles that an organization writes itself come on top.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Runs what was granted to it within its own organization.
    OrgGuest,
    /// Runs workflows within its own organization.
    OrgUser,
    /// Deploys and configures within its own organization.
    OrgAdmin,
    /// Runs the platform: all organizations, and the global workspace.
    PlatformAdmin,
}

impl Role {
    /// Every built-in role, the least first.
    pub const ALL: [Self; 4] = [Self::OrgGuest, Self::OrgUser, Self::OrgAdmin, Self::PlatformAdmin];

    /// The name used in the database, in tokens and on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::PlatformAdmin => "platform_admin",
            Self::OrgAdmin => "org_admin",
            Self::OrgUser => "org_user",
            Self::OrgGuest => "org_guest",
        }
    }

    /// What it allows.
    pub fn permissions(self) -> Permissions {
        match self {
            Self::OrgGuest => Permissions::NONE,
            Self::OrgUser => [Permission::RunWorkflows].into_iter().collect(),
            Self::OrgAdmin => Permissions::of_organization(),
            Self::PlatformAdmin => Permissions::all(),
        }
    }
}

impl std::str::FromStr for Role {
    type Err = crate::Error;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|role| role.as_str() == text).ok_or_else(|| {
            let names: Vec<_> = Self::ALL.iter().map(|role| role.as_str()).collect();
            crate::Error::invalid("role", format!("`{text}` is none of {}", names.join(", ")))
        })
    }
}

/// The authenticated sender of a request. Scope comes from here, never from a body; it is written
/// and read only where it is sealed.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Caller {
    /// The person or service account behind the key.
    pub user: UserId,
    /// Shown in executions and in the audit log.
    pub email: String,
    /// Shown to people.
    pub name: String,
    /// The organization that the key belongs to.
    pub organization: OrganizationId,
    /// What the key's holder is.
    pub role: Role,
    /// What the caller may do now: of its role and its organization's roles, what the key allows.
    pub permissions: Permissions,
    /// What the key allows, whatever its holder may do; everything for a session.
    pub ceiling: Permissions,
    /// The key that was used; `None` for a session.
    pub key: Option<KeyId>,
}

/// What stands in the place of an e-mail address for runs that nobody asked for; no account may
/// have such a name.
pub const SERVICE_IDENTITIES: [&str; 3] = [schedule::IDENTITY, webhook::IDENTITY, endpoint::IDENTITY];

impl Caller {
    /// A caller with what a role gives, and nothing else.
    pub fn of_role(user: UserId, email: &str, organization: OrganizationId, role: Role) -> Self {
        Self {
            user,
            email: email.to_owned(),
            name: email.to_owned(),
            organization,
            role,
            permissions: role.permissions(),
            ceiling: Permissions::all(),
            key: None,
        }
    }

    /// Nobody asked: the workflow acts for its organization, with the least rights. `identity`
    /// says what started it, such as [`webhook::IDENTITY`]; `name` says which.
    pub fn service(workflow: WorkflowId, organization: OrganizationId, identity: &str, name: &str) -> Self {
        let name = name.to_owned();
        Self { name, ..Self::of_role(UserId(workflow.0), identity, organization, Role::OrgUser) }
    }

    /// A source of deliveries acts for its organization, through its adapter: it has no
    /// permission, only what all code of the organization has.
    pub fn source(webhook: WebhookId, organization: OrganizationId, name: &str) -> Self {
        let name = name.to_owned();
        Self { name, ..Self::of_role(UserId(webhook.0), webhook::IDENTITY, organization, Role::OrgGuest) }
    }

    /// True for what [`Self::service`] and [`Self::source`] make: there is no account behind it.
    pub fn is_service(&self) -> bool {
        SERVICE_IDENTITIES.contains(&self.email.as_str())
    }

    /// True for callers who belong to the platform rather than to one tenant.
    pub fn is_platform_admin(&self) -> bool {
        self.role == Role::PlatformAdmin
    }

    /// True when this is theirs to do.
    pub fn may(&self, permission: Permission) -> bool {
        self.permissions.has(permission)
    }

    /// The same caller through something that allows less, such as the key that a run
    /// was asked for with.
    #[must_use]
    pub fn within(mut self, ceiling: Permissions) -> Self {
        self.ceiling = self.ceiling.and(ceiling);
        self.permissions = self.permissions.and(ceiling);
        self
    }
}

/// The organization whose data an operation touches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Scope {
    /// The provider's own, visible to every organization where the rules say so.
    Global,
    /// One tenant.
    Organization(OrganizationId),
}

impl Scope {
    /// The organization's id; `None` for global.
    pub fn organization(self) -> Option<OrganizationId> {
        match self {
            Self::Global => None,
            Self::Organization(id) => Some(id),
        }
    }
}

impl From<Option<OrganizationId>> for Scope {
    fn from(id: Option<OrganizationId>) -> Self {
        id.map_or(Self::Global, Self::Organization)
    }
}
