//! What somebody may do, as a closed set of names. Roles are sets of them; keys bound them.

use crate::{Error, Result};
use serde::{Deserialize, Serialize};

macro_rules! permissions {
    ($($(#[doc = $doc:literal])+ $variant:ident = $bit:literal $name:tt,)+) => {
        /// One thing that a caller may do. The number is its bit in the database and is
        /// never used again for another.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema)]
        pub enum Permission {
            $($(#[doc = $doc])+ #[serde(rename = $name)] $variant = $bit,)+
        }

        impl Permission {
            /// Every permission; those of the platform last.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The name on the wire and in the database.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ }
            }

            /// What it allows, for people.
            pub fn description(self) -> &'static str {
                match self { $(Self::$variant => concat!($($doc),+).trim_ascii(),)+ }
            }
        }
    };
}

permissions! {
    /// Start every workflow of the organization and the global ones; without it, those that were granted.
    RunWorkflows = 0 "workflows.run",
    /// Read the workspace's files and versions.
    ReadWorkspace = 1 "workspace.read",
    /// Try code that is not deployed. Such code can read every setting, secrets too.
    DraftWorkspace = 2 "workspace.draft",
    /// Deploy the workspace. Such code can read every setting, secrets too.
    DeployWorkspace = 3 "workspace.deploy",
    /// Approve what others want to deploy.
    ReviewWorkspace = 4 "workspace.review",
    /// See the runs of others, with their errors and variables.
    ReadExecutions = 5 "executions.read",
    /// Cancel and repeat the runs of others.
    ManageExecutions = 6 "executions.manage",
    /// Read and write schedules.
    ManageSchedules = 7 "schedules.manage",
    /// Read settings; never a secret's value.
    ReadConfig = 8 "config.read",
    /// Write and delete settings and secrets.
    WriteConfig = 9 "config.write",
    /// See people, service accounts, roles and grants.
    ReadUsers = 10 "users.read",
    /// Invite, make, change and deactivate people and service accounts.
    ManageUsers = 11 "users.manage",
    /// Write roles, and grant workflows and forms.
    ManageRoles = 12 "roles.manage",
    /// Make and revoke the keys of the organization.
    ManageKeys = 13 "keys.manage",
    /// Read, export and verify the audit log.
    ReadAudit = 14 "audit.read",
    /// Change the organization's own policies.
    ManageOrganization = 15 "organization.manage",
    /// Write endpoints, webhooks and subscriptions, and read and repeat what was delivered.
    ManageWebhooks = 16 "webhooks.manage",
    /// Write integrations with other systems, and connect them to accounts there.
    ManageIntegrations = 17 "integrations.manage",
    /// Write forms, and use each of them.
    ManageForms = 18 "forms.manage",
    /// Read tables and their documents.
    ReadTables = 20 "tables.read",
    /// Make and delete tables, and write their documents.
    WriteTables = 21 "tables.write",
    /// Read files, and sign addresses that files are read from.
    ReadFiles = 22 "files.read",
    /// Write and delete files, and sign addresses that files are sent to.
    WriteFiles = 23 "files.write",
    /// Make, limit and suspend organizations.
    ManageOrganizations = 32 "platform.organizations",
    /// Act within any organization.
    EnterOrganizations = 33 "platform.enter",
    /// See the platform's health in numbers, and settle what the queue gave up on.
    OperatePlatform = 34 "platform.operate",
}

/// The first bit of what concerns the platform, not one organization.
const PLATFORM: u8 = 32;

impl Permission {
    /// True for what no role of an organization can hold.
    pub fn is_of_platform(self) -> bool {
        self as u8 >= PLATFORM
    }
}

impl std::fmt::Display for Permission {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

impl std::str::FromStr for Permission {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Self::ALL.iter().copied().find(|permission| permission.as_str() == text).ok_or_else(|| {
            let names: Vec<_> = Self::ALL.iter().map(|permission| permission.as_str()).collect();
            Error::invalid("permissions", format!("`{text}` is none of {}", names.join(", ")))
        })
    }
}

/// A set of permissions; a list of names on the wire, bits in a run's row.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Permissions(u64);

impl Permissions {
    /// Nothing.
    pub const NONE: Self = Self(0);

    /// Everything within one organization.
    pub fn of_organization() -> Self {
        Permission::ALL.iter().copied().filter(|permission| !permission.is_of_platform()).collect()
    }

    /// Everything.
    pub fn all() -> Self {
        Permission::ALL.iter().copied().collect()
    }

    /// True when `permission` is among them.
    pub fn has(self, permission: Permission) -> bool {
        self.0 & (1 << permission as u8) != 0
    }

    /// True when all of `other` are among them.
    pub fn covers(self, other: Self) -> bool {
        other.0 & !self.0 == 0
    }

    /// What is in either.
    pub fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// What is in both.
    pub fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// What is here and not in `other`.
    pub fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// One after the other, in the order of [`Permission::ALL`].
    pub fn iter(self) -> impl Iterator<Item = Permission> {
        Permission::ALL.iter().copied().filter(move |permission| self.has(*permission))
    }

    /// For the database.
    pub fn bits(self) -> i64 {
        // No permission has the sign's bit.
        self.0.cast_signed()
    }

    /// From the database; bits that no permission has are dropped.
    pub fn from_bits(bits: i64) -> Self {
        Self(bits.cast_unsigned()).and(Self::all())
    }

    /// From names that are stored; those that this version does not know give nothing.
    pub fn from_stored(names: &[String]) -> Self {
        names.iter().filter_map(|name| name.parse().ok()).collect()
    }
}

impl FromIterator<Permission> for Permissions {
    fn from_iter<I: IntoIterator<Item = Permission>>(permissions: I) -> Self {
        Self(permissions.into_iter().fold(0, |bits, permission| bits | 1 << permission as u8))
    }
}

impl std::fmt::Debug for Permissions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.iter().map(Permission::as_str)).finish()
    }
}

impl std::fmt::Display for Permissions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (index, permission) in self.iter().enumerate() {
            let comma = if index == 0 { "" } else { ", " };
            write!(f, "{comma}{permission}")?;
        }
        Ok(())
    }
}

impl Serialize for Permissions {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter())
    }
}

impl<'de> Deserialize<'de> for Permissions {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        Ok(Vec::<Permission>::deserialize(deserializer)?.into_iter().collect())
    }
}

impl utoipa::PartialSchema for Permissions {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        <Vec<Permission> as utoipa::PartialSchema>::schema()
    }
}

impl utoipa::ToSchema for Permissions {
    fn schemas(schemas: &mut Vec<(String, utoipa::openapi::RefOr<utoipa::openapi::schema::Schema>)>) {
        schemas.push(("Permission".into(), <Permission as utoipa::PartialSchema>::schema()));
        <Permission as utoipa::ToSchema>::schemas(schemas);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_and_bit_is_there_once() {
        let names: std::collections::BTreeSet<_> = Permission::ALL.iter().map(|p| p.as_str()).collect();
        let bits: std::collections::BTreeSet<_> = Permission::ALL.iter().map(|p| *p as u8).collect();
        assert_eq!((names.len(), bits.len()), (Permission::ALL.len(), Permission::ALL.len()));
        assert!(bits.iter().all(|bit| *bit < 63));
        for permission in Permission::ALL {
            assert_eq!(permission.as_str().parse::<Permission>().expect("known"), *permission);
            assert!(!permission.description().is_empty());
        }
    }

    proptest::proptest! {
        /// Whatever a key or a role says, it is never more than both sides have.
        #[test]
        fn bounds_only_narrow(holder: i64, key: i64, more: i64) {
            let [holder, key, more] = [holder, key, more].map(Permissions::from_bits);
            let (both, either) = (holder.and(key), holder.or(key));
            proptest::prop_assert!(holder.covers(both) && key.covers(both) && either.covers(holder));
            proptest::prop_assert_eq!(both.and(more), holder.and(key.and(more)));
            proptest::prop_assert_eq!(holder.without(key).and(key), Permissions::NONE);
            proptest::prop_assert_eq!(holder.covers(key), key.without(holder) == Permissions::NONE);
            proptest::prop_assert_eq!(holder.iter().collect::<Permissions>(), holder);
            let text = serde_json::to_string(&holder).expect("json");
            proptest::prop_assert_eq!(serde_json::from_str::<Permissions>(&text).expect("a set"), holder);
        }
    }

    #[test]
    fn a_set_is_a_list_of_names_and_bits() {
        let set: Permissions = [Permission::ReadAudit, Permission::RunWorkflows].into_iter().collect();
        assert_eq!(serde_json::to_string(&set).expect("json"), r#"["workflows.run","audit.read"]"#);
        assert_eq!(
            serde_json::from_str::<Permissions>(r#"["audit.read","workflows.run"]"#).expect("a set"),
            set
        );
        assert!(serde_json::from_str::<Permissions>(r#"["all"]"#).is_err());
        assert_eq!(Permissions::from_bits(set.bits()), set);
        assert_eq!(Permissions::from_bits(-1), Permissions::all());
        assert!(Permissions::all().covers(set) && !set.covers(Permissions::all()));
        assert_eq!(set.without(set), Permissions::NONE);
        assert!(!Permissions::of_organization().has(Permission::EnterOrganizations));
    }
}
