//! Who asks, and for which organization.

use crate::{OrganizationId, UserId};
use serde::{Deserialize, Serialize};

/// What a caller may do, before grants per form and workflow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Runs the platform: all organizations, and the global workspace.
    PlatformAdmin,
    /// Deploys and configures within its own organization.
    OrgAdmin,
    /// Runs workflows within its own organization.
    OrgUser,
}

impl Role {
    /// The name used in the database, in tokens and on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::PlatformAdmin => "platform_admin",
            Self::OrgAdmin => "org_admin",
            Self::OrgUser => "org_user",
        }
    }
}

impl std::str::FromStr for Role {
    type Err = crate::Error;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "platform_admin" => Ok(Self::PlatformAdmin),
            "org_admin" => Ok(Self::OrgAdmin),
            "org_user" => Ok(Self::OrgUser),
            other => Err(crate::Error::invalid(
                "role",
                format!("`{other}` is none of platform_admin, org_admin, org_user"),
            )),
        }
    }
}

/// The authenticated sender of a request. Scope comes from here, never from a body.
#[derive(Clone, Debug)]
pub struct Caller {
    /// The person or service account behind the key.
    pub user: UserId,
    /// Shown in executions and in the audit log.
    pub email: String,
    /// Shown to people.
    pub name: String,
    /// The organization that the key belongs to.
    pub organization: OrganizationId,
    /// What the key may do.
    pub role: Role,
}

impl Caller {
    /// True for callers who act across organizations.
    pub fn is_platform_admin(&self) -> bool {
        self.role == Role::PlatformAdmin
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
