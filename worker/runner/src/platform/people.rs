//! `users.*`: the people of an organization, for those who may see them.

use super::{Granted, parse};
use crate::grants::Grants;
use bifrost_core::{Caller, Error, Operation, OrganizationId, Permissions, Result, Role, UserId};
use bifrost_store::roles;
use bifrost_store::users::{self, Filters, NewUser, User, UserChange};
use serde::Deserialize;
use serde_json::{Value, json};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct List {
    #[serde(default)]
    scope: Option<String>,
    #[serde(default)]
    include_inactive: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Get {
    /// Id or e-mail.
    user: String,
    #[serde(default)]
    scope: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Create {
    email: String,
    name: String,
    #[serde(default)]
    is_superuser: bool,
    #[serde(default)]
    scope: Option<String>,
    #[serde(default = "super::yes")]
    is_active: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Update {
    /// Id or e-mail.
    user: String,
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    is_superuser: Option<bool>,
    #[serde(default)]
    is_active: Option<bool>,
    #[serde(default)]
    scope: Option<String>,
}

fn view(user: &User) -> Value {
    json!({
        "id": user.id,
        "email": user.email,
        "name": user.name,
        "organization_id": user.organization_id,
        "is_active": user.is_active,
        "is_superuser": user.role == Role::PlatformAdmin,
        "role": user.role,
        "created_at": user.created_at,
    })
}

impl Grants {
    pub(super) async fn users_list(&self, arguments: &str) -> Result<Value> {
        let List { scope, include_inactive } = parse(arguments)?;
        let Granted { organization, .. } = self.may(Operation::UsersList, scope.as_deref()).await?;
        let filters = Filters { include_inactive, ..Filters::default() };
        Ok(users::list(&self.db.org(organization), filters).await?.iter().map(view).collect())
    }

    pub(super) async fn users_get(&self, arguments: &str) -> Result<Value> {
        let Get { user, scope } = parse(arguments)?;
        let Granted { organization, .. } = self.may(Operation::UsersGet, scope.as_deref()).await?;
        Ok(view(&self.person(organization, &user).await?))
    }

    pub(super) async fn users_create(&self, arguments: &str) -> Result<Value> {
        let Create { email, name, is_superuser, scope, is_active } = parse(arguments)?;
        let Granted { organization, caller, .. } = self.may(Operation::UsersCreate, scope.as_deref()).await?;
        let role = if is_superuser { Role::PlatformAdmin } else { Role::OrgUser };
        // A key may allow less than its role.
        if role > caller.role || !caller.permissions.covers(role.permissions()) {
            let error = Error::Denied("nobody makes somebody who may do more than themselves".into());
            self.refused(Operation::UsersCreate, scope.as_deref(), &error).await;
            return Err(error);
        }
        let org = self.db.org(organization);
        let mut user = users::create(&org, NewUser::person(&email, &name, role)).await?;
        if !is_active {
            let change = UserChange { is_active: Some(false), ..Default::default() };
            user = users::update(&org, user.id, change, caller.role).await?;
        }
        Ok(view(&user))
    }

    pub(super) async fn users_update(&self, arguments: &str) -> Result<Value> {
        let Update { user, name, is_superuser, is_active, scope } = parse(arguments)?;
        let granted = self.may(Operation::UsersUpdate, scope.as_deref()).await?;
        let old = self.person(granted.organization, &user).await?;
        let role = match is_superuser {
            Some(true) => Some(Role::PlatformAdmin),
            Some(false) if old.role == Role::PlatformAdmin => Some(Role::OrgUser),
            _ => None,
        };
        let given = role.unwrap_or(old.role).permissions();
        self.may_change(Operation::UsersUpdate, scope.as_deref(), &granted, &old, given).await?;
        let change = UserChange { name, role, is_active, ..Default::default() };
        let org = self.db.org(granted.organization);
        Ok(view(&users::update(&org, old.id, change, granted.caller.role).await?))
    }

    /// Refuses a caller who would change somebody who may do more than they, or give somebody
    /// what they do not have.
    pub(super) async fn may_change(
        &self,
        operation: Operation,
        named: Option<&str>,
        granted: &Granted,
        user: &User,
        given: Permissions,
    ) -> Result<()> {
        let own: Vec<_> = user.roles.iter().map(|role| role.id).collect();
        let theirs = roles::permissions(&self.db.org(granted.organization), user.role, &own).await?;
        self.may_give(operation, named, &granted.caller, theirs.or(given)).await
    }

    /// Refuses a caller who would give what they do not have.
    pub(super) async fn may_give(
        &self,
        operation: Operation,
        named: Option<&str>,
        caller: &Caller,
        given: Permissions,
    ) -> Result<()> {
        let missing = given.without(caller.permissions);
        if missing == Permissions::NONE {
            return Ok(());
        }
        let error = Error::Denied(format!("this is about what the caller may not do: {missing}"));
        self.refused(operation, named, &error).await;
        Err(error)
    }

    /// One of the organization's people, by id or e-mail.
    pub(super) async fn person(&self, organization: OrganizationId, named: &str) -> Result<User> {
        let org = self.db.org(organization);
        match named.parse::<UserId>() {
            Ok(id) => users::get(&org, id).await,
            Err(_) => {
                let filters = Filters { include_inactive: true, email: Some(named.to_owned()), kind: None };
                users::list(&org, filters).await?.pop().ok_or(Error::NotFound("user"))
            }
        }
    }
}

#[cfg(test)]
#[path = "people_tests.rs"]
mod tests;
