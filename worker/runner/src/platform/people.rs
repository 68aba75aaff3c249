//! `users.*` and `roles.*`: the people of an organization, for those who may see them.

use super::{Granted, Scoped, parse};
use crate::grants::Grants;
use bifrost_core::{Error, Operation, OrganizationId, Result, Role, UserId};
use bifrost_store::users::{self, Filters, NewUser, User};
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
struct GetRole {
    role_id: String,
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
            let change = users::UserChange { is_active: Some(false), ..Default::default() };
            user = users::update(&org, user.id, change, caller.role).await?;
        }
        Ok(view(&user))
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

    pub(super) async fn roles_list(&self, arguments: &str) -> Result<Value> {
        let Scoped { scope } = parse(arguments)?;
        let Granted { organization, .. } = self.may(Operation::RolesList, scope.as_deref()).await?;
        Ok(json!(bifrost_store::roles::list(&self.db.org(organization)).await?))
    }

    pub(super) async fn roles_get(&self, arguments: &str) -> Result<Value> {
        let GetRole { role_id, scope } = parse(arguments)?;
        let Granted { organization, .. } = self.may(Operation::RolesGet, scope.as_deref()).await?;
        let id = role_id.parse().map_err(|_| Error::NotFound("role"))?;
        Ok(json!(bifrost_store::roles::get(&self.db.org(organization), id).await?))
    }
}
