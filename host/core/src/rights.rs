//! What a run may do on the platform: what its caller may and what its workspace may,
//! both. The one place that decides it, from the run's record alone.

use crate::{Error, OrganizationId, Permission, Permissions, Result, Scope};

/// Where a run's rights come from: its record, and what its caller may do now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rights {
    /// The organization that the run belongs to.
    pub organization: OrganizationId,
    /// Who owns the code: the provider (global), or the organization itself.
    pub workspace: Scope,
    /// What the caller may do, bounded by what the run was asked for with.
    pub permissions: Permissions,
    /// An organization's own code had a part in starting the run: it stays in that
    /// organization, also where the provider's code goes on.
    pub is_confined: bool,
}

/// What a run asks of the platform.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the names are the SDK's; see `Operation::as_str`")]
pub enum Operation {
    ConfigRead,
    ConfigWrite,
    SetScope,
    OrganizationsGet,
    OrganizationsList,
    OrganizationsCreate,
    OrganizationsUpdate,
    UsersList,
    UsersGet,
    UsersCreate,
    UsersUpdate,
    RolesList,
    RolesGet,
    RolesWrite,
    WorkflowsList,
    WorkflowsExecute,
    WorkflowsExecuteAs,
    WorkflowsCancel,
    FormsRead,
    FormsGranted,
    FormsGrant,
    EventsEmit,
    ExecutionsList,
    ExecutionsGet,
    ExecutionsLogs,
    IntegrationsGet,
    IntegrationsMappings,
    IntegrationsMap,
    IntegrationsMapGlobal,
    TablesRead,
    TablesWrite,
    FilesRead,
    FilesWrite,
    ApiCall,
}

/// What an operation needs beside a target that is the run's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Demand {
    /// Nothing: it is what workflows are for.
    Nothing,
    /// The provider's code, whoever the caller is.
    ProviderCode,
    /// The caller's permission.
    May(Permission),
    /// The caller's permission, through the provider's code: people must not be made by
    /// code that an organization can change by itself.
    Trusted(Permission),
    /// As above, by a caller who may act in every organization.
    Everywhere(Permission),
}

impl Operation {
    /// Every operation.
    pub const ALL: [Self; 34] = [
        Self::ConfigRead,
        Self::ConfigWrite,
        Self::SetScope,
        Self::OrganizationsGet,
        Self::OrganizationsList,
        Self::OrganizationsCreate,
        Self::OrganizationsUpdate,
        Self::UsersList,
        Self::UsersGet,
        Self::UsersCreate,
        Self::UsersUpdate,
        Self::RolesList,
        Self::RolesGet,
        Self::RolesWrite,
        Self::WorkflowsList,
        Self::WorkflowsExecute,
        Self::WorkflowsExecuteAs,
        Self::WorkflowsCancel,
        Self::FormsRead,
        Self::FormsGranted,
        Self::FormsGrant,
        Self::EventsEmit,
        Self::ExecutionsList,
        Self::ExecutionsGet,
        Self::ExecutionsLogs,
        Self::IntegrationsGet,
        Self::IntegrationsMappings,
        Self::IntegrationsMap,
        Self::IntegrationsMapGlobal,
        Self::TablesRead,
        Self::TablesWrite,
        Self::FilesRead,
        Self::FilesWrite,
        Self::ApiCall,
    ];

    /// The name in the SDK and in the audit log.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ConfigRead => "config.get",
            Self::ConfigWrite => "config.set",
            Self::SetScope => "context.set_scope",
            Self::OrganizationsGet => "organizations.get",
            Self::OrganizationsList => "organizations.list",
            Self::OrganizationsCreate => "organizations.create",
            Self::OrganizationsUpdate => "organizations.update",
            Self::UsersList => "users.list",
            Self::UsersGet => "users.get",
            Self::UsersCreate => "users.create",
            Self::UsersUpdate => "users.update",
            Self::RolesList => "roles.list",
            Self::RolesGet => "roles.get",
            Self::RolesWrite => "roles.write",
            Self::WorkflowsList => "workflows.list",
            Self::WorkflowsExecute => "workflows.execute",
            Self::WorkflowsExecuteAs => "workflows.execute_as",
            Self::WorkflowsCancel => "workflows.cancel",
            Self::FormsRead => "forms.get",
            Self::FormsGranted => "roles.list_forms",
            Self::FormsGrant => "roles.assign_forms",
            Self::EventsEmit => "events.emit",
            Self::ExecutionsList => "executions.list",
            Self::ExecutionsGet => "executions.get",
            Self::ExecutionsLogs => "executions.logs",
            Self::IntegrationsGet => "integrations.get",
            Self::IntegrationsMappings => "integrations.list_mappings",
            Self::IntegrationsMap => "integrations.upsert_mapping",
            Self::IntegrationsMapGlobal => "integrations.upsert_global_mapping",
            Self::TablesRead => "tables.read",
            Self::TablesWrite => "tables.write",
            Self::FilesRead => "files.read",
            Self::FilesWrite => "files.write",
            Self::ApiCall => "api.call",
        }
    }

    fn demand(self) -> Demand {
        match self {
            Self::ConfigRead
            | Self::ConfigWrite
            | Self::SetScope
            | Self::OrganizationsGet
            | Self::WorkflowsList
            | Self::WorkflowsExecute
            | Self::WorkflowsCancel
            | Self::FormsRead
            | Self::EventsEmit
            | Self::ExecutionsList
            | Self::ExecutionsGet
            | Self::ExecutionsLogs
            | Self::IntegrationsGet
            | Self::IntegrationsMappings
            | Self::IntegrationsMap
            | Self::TablesRead
            | Self::TablesWrite
            | Self::FilesRead
            | Self::FilesWrite
            // What it may do there is decided with each request; see `Rights::over_api`.
            | Self::ApiCall => Demand::Nothing,
            // What an organization is in the provider's integration decides whose data the
            // provider's credentials reach: nobody says that of themselves.
            Self::IntegrationsMapGlobal => Demand::ProviderCode,
            Self::UsersList | Self::UsersGet | Self::RolesList | Self::RolesGet | Self::FormsGranted => {
                Demand::May(Permission::ReadUsers)
            }
            Self::UsersCreate | Self::UsersUpdate => Demand::Trusted(Permission::ManageUsers),
            Self::FormsGrant | Self::RolesWrite => Demand::Trusted(Permission::ManageRoles),
            Self::OrganizationsList | Self::OrganizationsCreate | Self::OrganizationsUpdate => {
                Demand::Everywhere(Permission::ManageOrganizations)
            }
            Self::WorkflowsExecuteAs => Demand::Everywhere(Permission::ManageUsers),
        }
    }
}

/// What code may do of what its caller may that an organization can change by itself, when it
/// calls the API: what the SDK's modules do for it anyway. Not: people, roles, keys, code, policies,
/// webhooks and connections; whoever deploys would have what the next caller has.
const OF_ANY_CODE: [Permission; 12] = [
    Permission::RunWorkflows,
    Permission::ReadWorkspace,
    Permission::ReadExecutions,
    Permission::ManageExecutions,
    Permission::ManageSchedules,
    Permission::ReadConfig,
    Permission::WriteConfig,
    Permission::ReadUsers,
    Permission::ReadTables,
    Permission::WriteTables,
    Permission::ReadFiles,
    Permission::WriteFiles,
];

impl Rights {
    /// What the run may do through the API: what its caller may, and its code.
    pub fn over_api(&self) -> Permissions {
        if self.is_trusted() {
            return self.permissions;
        }
        self.permissions.and(OF_ANY_CODE.into_iter().collect())
    }

    /// True for the provider's code.
    pub fn is_provider_code(&self) -> bool {
        self.workspace == Scope::Global
    }

    /// True when the run may act for every organization: the provider's code, for a caller
    /// who may enter them all, and nobody else's code in between.
    pub fn crosses_organizations(&self) -> bool {
        self.is_trusted() && self.permissions.has(Permission::EnterOrganizations)
    }

    fn is_trusted(&self) -> bool {
        self.is_provider_code() && !self.is_confined
    }

    /// The scope that a guest names; its own organization when it names none.
    ///
    /// # Errors
    /// `Denied` for what is no organization: a guest learns nothing about foreign ids.
    pub fn target(&self, named: Option<&str>) -> Result<Scope> {
        match named {
            None | Some("") => Ok(Scope::Organization(self.organization)),
            Some(name) if name.eq_ignore_ascii_case("global") => Ok(Scope::Global),
            Some(id) => id.parse().map(Scope::Organization).map_err(|_| self.foreign()),
        }
    }

    /// [`Self::target`] and [`Self::check`] in one.
    ///
    /// # Errors
    /// `Denied`, with the reason for the author of the workflow.
    pub fn decide(&self, operation: Operation, named: Option<&str>) -> Result<Scope> {
        let target = self.target(named)?;
        self.check(operation, target).map(|()| target)
    }

    /// Whether the run may do this to what belongs to `target`.
    ///
    /// # Errors
    /// `Denied`, with the reason for the author of the workflow.
    pub fn check(&self, operation: Operation, target: Scope) -> Result<()> {
        // The provider's code reads what is global for everybody it works for.
        let reads =
            matches!(operation, Operation::ConfigRead | Operation::IntegrationsGet | Operation::TablesRead);
        let reads_global = reads && self.is_provider_code();
        let is_own = target == Scope::Organization(self.organization);
        let is_visible = is_own || (target == Scope::Global && reads_global);
        if !is_visible && !self.crosses_organizations() {
            return Err(self.foreign());
        }
        let (is_enough, permission) = match operation.demand() {
            Demand::Nothing => return Ok(()),
            Demand::ProviderCode if self.is_trusted() => return Ok(()),
            Demand::ProviderCode => return Err(self.reserved(operation)),
            Demand::May(permission) => (true, permission),
            Demand::Trusted(permission) => (self.is_trusted(), permission),
            Demand::Everywhere(permission) => (self.crosses_organizations(), permission),
        };
        if !is_enough {
            return Err(self.reserved(operation));
        }
        if !self.permissions.has(permission) {
            let name = operation.as_str();
            return Err(Error::Denied(format!("`{name}` needs the permission {permission} of the caller")));
        }
        Ok(())
    }

    fn foreign(&self) -> Error {
        let why = if !self.is_provider_code() {
            "code of an organization's own workspace acts for that organization only, whoever starts it"
        } else if self.is_confined {
            "an organization's own code started this run, so it acts for that organization only"
        } else {
            "this run's caller may not act for another organization"
        };
        Error::Denied(why.into())
    }

    fn reserved(&self, operation: Operation) -> Error {
        let name = operation.as_str();
        Error::Denied(if !self.is_provider_code() {
            format!("`{name}` is for the provider's workspace; this code is an organization's own")
        } else if self.is_confined {
            format!("`{name}` is not for runs that an organization's own code started")
        } else {
            format!("`{name}` needs more than this run's caller may do")
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn organization(n: u128) -> OrganizationId {
        OrganizationId(uuid::Uuid::from_u128(n))
    }

    fn scope() -> impl Strategy<Value = Scope> {
        prop_oneof![Just(Scope::Global), (1u128..4).prop_map(|n| Scope::Organization(organization(n)))]
    }

    fn permissions() -> impl Strategy<Value = Permissions> {
        prop_oneof![
            proptest::collection::vec(proptest::sample::select(Permission::ALL), 0..8)
                .prop_map(|some| some.into_iter().collect()),
            Just(Permissions::all()),
            Just(Permissions::of_organization()),
        ]
    }

    fn operation() -> impl Strategy<Value = Operation> {
        proptest::sample::select(Operation::ALL.to_vec())
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4_000))]

        #[test]
        fn own_code_never_leaves_its_organization(
            permissions in permissions(), is_confined: bool, operation in operation(), target in scope(),
        ) {
            let organization = organization(1);
            let workspace = Scope::Organization(organization);
            let rights = Rights { organization, workspace, permissions, is_confined };
            if rights.check(operation, target).is_ok() {
                prop_assert_eq!(target, workspace);
                let demand = operation.demand();
                prop_assert!(matches!(demand, Demand::Nothing | Demand::May(_)), "{demand:?}");
            }
        }

        #[test]
        fn without_the_right_to_enter_others_only_what_is_global_is_read(
            permissions in permissions(), is_confined: bool, operation in operation(), target in scope(),
        ) {
            let organization = organization(1);
            let rights = Rights { organization, workspace: Scope::Global, permissions, is_confined };
            let crosses = permissions.has(Permission::EnterOrganizations) && !is_confined;
            if rights.check(operation, target).is_ok() && target != Scope::Organization(organization) && !crosses {
                prop_assert_eq!(target, Scope::Global);
                let reads = [Operation::ConfigRead, Operation::IntegrationsGet, Operation::TablesRead];
                prop_assert!(reads.contains(&operation));
            }
        }

        /// Less of anything never allows more: fewer permissions, code of an organization
        /// instead of the provider's, a run that is confined.
        #[test]
        fn rights_only_shrink(
            permissions in permissions(), fewer in permissions(), is_confined: bool,
            operation in operation(), target in scope(),
        ) {
            let organization = organization(1);
            let full = Rights { organization, workspace: Scope::Global, permissions, is_confined };
            for less in [
                Rights { permissions: permissions.and(fewer), ..full },
                Rights { workspace: Scope::Organization(organization), ..full },
                Rights { is_confined: true, ..full },
            ] {
                if less.check(operation, target).is_ok() {
                    prop_assert!(full.check(operation, target).is_ok(), "{full:?} has less than {less:?}");
                }
            }
        }

        #[test]
        fn who_may_everything_may_do_everything_through_the_providers_code(
            operation in operation(), target in scope(),
        ) {
            let permissions = Permissions::all();
            let (organization, workspace) = (organization(1), Scope::Global);
            let rights = Rights { organization, workspace, permissions, is_confined: false };
            prop_assert!(rights.check(operation, target).is_ok());
        }

        #[test]
        fn what_a_guest_names_is_an_organization_or_refused(named in ".*") {
            let organization = organization(1);
            let workspace = Scope::Organization(organization);
            let permissions = Permissions::all();
            let rights = Rights { organization, workspace, permissions, is_confined: false };
            if let Ok(Scope::Organization(id)) = rights.target(Some(&named)) {
                prop_assert!(named.is_empty() || named.parse::<uuid::Uuid>() == Ok(id.0));
            }
        }
    }

    #[test]
    fn every_operation_has_a_name_of_its_own() {
        let names: std::collections::BTreeSet<_> = Operation::ALL.iter().map(|o| o.as_str()).collect();
        assert_eq!(names.len(), Operation::ALL.len());
    }
}
