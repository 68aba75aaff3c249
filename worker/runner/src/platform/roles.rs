//! `roles.*`: sets of permissions that an organization writes itself, and who has them.

use super::{Granted, Scoped, parse};
use crate::grants::Grants;
use bifrost_core::{Error, Operation, Permissions, Result, RoleId};
use bifrost_store::roles::{self, NewRole, RoleChange};
use bifrost_store::users::{self, Filters, UserChange};
use serde::Deserialize;
use serde_json::{Value, json};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Named {
    role_id: String,
    #[serde(default)]
    scope: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Create {
    name: String,
    #[serde(default)]
    description: String,
    #[serde(default)]
    permissions: Permissions,
    #[serde(default)]
    scope: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Update {
    role_id: String,
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    description: Option<String>,
    #[serde(default)]
    permissions: Option<Permissions>,
    #[serde(default)]
    scope: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Assign {
    role_id: String,
    /// Ids or e-mails.
    user_ids: Vec<String>,
    #[serde(default)]
    scope: Option<String>,
}

/// What is no id is nobody's.
fn id(text: &str) -> Result<RoleId> {
    text.parse().map_err(|_| Error::NotFound("role"))
}

impl Grants {
    pub(super) async fn roles_list(&self, arguments: &str) -> Result<Value> {
        let Scoped { scope } = parse(arguments)?;
        let Granted { organization, .. } = self.may(Operation::RolesList, scope.as_deref()).await?;
        Ok(json!(roles::list(&self.db.org(organization)).await?))
    }

    pub(super) async fn roles_get(&self, arguments: &str) -> Result<Value> {
        let Named { role_id, scope } = parse(arguments)?;
        let Granted { organization, .. } = self.may(Operation::RolesGet, scope.as_deref()).await?;
        Ok(json!(roles::get(&self.db.org(organization), id(&role_id)?).await?))
    }

    pub(super) async fn roles_create(&self, arguments: &str) -> Result<Value> {
        let Create { name, description, permissions, scope } = parse(arguments)?;
        let named = scope.as_deref();
        let Granted { organization, caller, .. } = self.may(Operation::RolesWrite, named).await?;
        self.may_give(Operation::RolesWrite, named, &caller, permissions).await?;
        let new = NewRole { name, description, permissions };
        Ok(json!(roles::create(&self.db.org(organization), new).await?))
    }

    pub(super) async fn roles_update(&self, arguments: &str) -> Result<Value> {
        let Update { role_id, name, description, permissions, scope } = parse(arguments)?;
        let named = scope.as_deref();
        let Granted { organization, caller, .. } = self.may(Operation::RolesWrite, named).await?;
        let org = self.db.org(organization);
        let old = roles::get(&org, id(&role_id)?).await?;
        let given = old.permissions.or(permissions.unwrap_or_default());
        self.may_give(Operation::RolesWrite, named, &caller, given).await?;
        let change = RoleChange { name, description, permissions };
        Ok(json!(roles::update(&org, old.id, change).await?))
    }

    pub(super) async fn roles_delete(&self, arguments: &str) -> Result<Value> {
        let Named { role_id, scope } = parse(arguments)?;
        let named = scope.as_deref();
        let Granted { organization, caller, .. } = self.may(Operation::RolesWrite, named).await?;
        let org = self.db.org(organization);
        let old = roles::get(&org, id(&role_id)?).await?;
        self.may_give(Operation::RolesWrite, named, &caller, old.permissions).await?;
        roles::delete(&org, old.id).await?;
        Ok(Value::Null)
    }

    /// Ids of those who have a role, also of those who are not active.
    pub(super) async fn roles_list_users(&self, arguments: &str) -> Result<Value> {
        let Named { role_id, scope } = parse(arguments)?;
        let Granted { organization, .. } = self.may(Operation::UsersList, scope.as_deref()).await?;
        let org = self.db.org(organization);
        let role = roles::get(&org, id(&role_id)?).await?;
        let filters = Filters { include_inactive: true, ..Filters::default() };
        let all = users::list(&org, filters).await?;
        let have = all.iter().filter(|user| user.roles.iter().any(|one| one.id == role.id));
        Ok(have.map(|user| json!(user.id)).collect())
    }

    /// Gives a role to people who keep those that they have; answers their ids.
    pub(super) async fn roles_assign_users(&self, arguments: &str) -> Result<Value> {
        let Assign { role_id, user_ids, scope } = parse(arguments)?;
        let named = scope.as_deref();
        let granted = self.may(Operation::UsersUpdate, named).await?;
        let org = self.db.org(granted.organization);
        let role = roles::get(&org, id(&role_id)?).await?;
        let mut people = vec![];
        for user in &user_ids {
            let user = self.person(granted.organization, user).await?;
            self.may_change(Operation::UsersUpdate, named, &granted, &user, role.permissions).await?;
            people.push(user);
        }
        let mut assigned = vec![];
        for user in people {
            let mut have: Vec<_> = user.roles.iter().map(|one| one.id).collect();
            if !have.contains(&role.id) {
                have.push(role.id);
                let change = UserChange { roles: Some(have), ..Default::default() };
                users::update(&org, user.id, change, granted.caller.role).await?;
            }
            assigned.push(json!(user.id));
        }
        Ok(assigned.into())
    }
}
