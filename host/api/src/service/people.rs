//! Nobody gives what they do not have.

use crate::auth::Auth;
use crate::state::ApiState;
use bifrost_core::{Error, Permissions, Result, Role, RoleId};
use bifrost_store::roles;
use bifrost_store::users::User;

/// Refuses a caller who would give somebody more than they have themselves.
pub fn may_give(auth: &Auth, given: Permissions) -> Result<()> {
    let missing = given.without(auth.caller.permissions);
    if missing == Permissions::NONE {
        return Ok(());
    }
    Err(Error::Denied(format!("this would give what you do not have yourself: {missing}")))
}

/// As [`may_give`], for a built-in role and roles of the organization.
pub async fn may_give_roles(state: &ApiState, auth: &Auth, role: Role, roles: &[RoleId]) -> Result<()> {
    may_give(auth, roles::permissions(&auth.org(state), role, roles).await?)
}

/// Refuses a caller who would change somebody who may do more than they.
pub async fn may_change(state: &ApiState, auth: &Auth, user: &User) -> Result<()> {
    let roles: Vec<_> = user.roles.iter().map(|role| role.id).collect();
    let theirs = roles::permissions(&auth.org(state), user.role, &roles).await?;
    let more = theirs.without(auth.caller.permissions);
    if more == Permissions::NONE {
        return Ok(());
    }
    Err(Error::Denied(format!("{} may do what you may not: {more}", user.email)))
}
