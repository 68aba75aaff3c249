//! Users, roles, grants and invitations.

use crate::common::*;
use bifrost_core::*;
use bifrost_store::grants::{self, Subject, TargetKind};
use bifrost_store::identity::{self, NewKey};
use bifrost_store::invitations::{self, NewInvitation};
use bifrost_store::roles::{self, NewRole, RoleChange};
use bifrost_store::users::{self, Filters, NewUser, UserChange, UserKind};
use bifrost_store::{Db, Scoped, now};
use chrono::TimeDelta;

on_both!(
    permissions_come_and_go_with_roles,
    a_key_bounds_its_holder,
    the_last_administrator_stays,
    two_administrators_do_not_remove_each_other,
    grants_reach_users_and_roles,
    an_invitation_is_accepted_once,
    names_are_checked,
);

fn role(name: &str, permissions: &[Permission]) -> NewRole {
    let permissions = permissions.iter().copied().collect();
    NewRole { name: name.into(), description: String::new(), permissions }
}

fn invitation(email: &str, roles: Vec<RoleId>) -> NewInvitation {
    let expires_at = now() + TimeDelta::days(1);
    NewInvitation { email: email.into(), name: "Ada".into(), role: Role::OrgUser, roles, expires_at }
}

/// One of everything, in an organization.
pub async fn everything(org: &Scoped, user: UserId, workflow: WorkflowId) {
    let made = roles::create(org, role("deployer", &[Permission::DeployWorkspace])).await.unwrap();
    let change = UserChange { roles: Some(vec![made.id]), ..Default::default() };
    users::update(org, user, change, Role::OrgAdmin).await.unwrap();
    grants::create(org, Subject::Role(made.id), TargetKind::Workflow, workflow.0).await.unwrap();
    invitations::create(org, invitation("ada@org.test", vec![])).await.unwrap();
}

async fn permissions_come_and_go_with_roles(db: Db) {
    let w = World::new(db).await;
    let org = w.db.org(w.org.id);
    let user = users::create(&org, NewUser::person("u@org.test", "", Role::OrgUser)).await.unwrap();
    assert_eq!((user.name.as_str(), user.kind), ("u@org.test", UserKind::Person));
    let may = async |permission| identity::caller(&w.db, user.id).await.unwrap().unwrap().may(permission);
    assert!(may(Permission::RunWorkflows).await && !may(Permission::DeployWorkspace).await);

    let deployer = roles::create(&org, role("deployer", &[Permission::DeployWorkspace])).await.unwrap();
    let reader = roles::create(&org, role("reader", &[Permission::ReadAudit])).await.unwrap();
    let change = UserChange { roles: Some(vec![deployer.id, reader.id]), ..Default::default() };
    let changed = users::update(&org, user.id, change, Role::OrgAdmin).await.unwrap();
    assert_eq!(changed.roles.iter().map(|r| r.name.as_str()).collect::<Vec<_>>(), ["deployer", "reader"]);
    assert!(may(Permission::DeployWorkspace).await && may(Permission::ReadAudit).await);
    assert_eq!(roles::get(&org, deployer.id).await.unwrap().users, 1);

    let change = RoleChange { permissions: Some(Permissions::NONE), ..Default::default() };
    roles::update(&org, deployer.id, change).await.unwrap();
    assert!(!may(Permission::DeployWorkspace).await && may(Permission::ReadAudit).await);
    roles::delete(&org, reader.id).await.unwrap();
    assert!(!may(Permission::ReadAudit).await && may(Permission::RunWorkflows).await);
    assert!(matches!(roles::get(&org, reader.id).await, Err(Error::NotFound("role"))));

    // Roles of others are not there.
    let other = w.db.org(w.other.id);
    assert!(roles::list(&other).await.unwrap().is_empty());
    assert!(roles::delete(&other, deployer.id).await.is_err());
    let stranger = users::create(&other, NewUser::person("s@other.test", "", Role::OrgUser)).await.unwrap();
    let change = UserChange { roles: Some(vec![deployer.id]), ..Default::default() };
    assert!(matches!(
        users::update(&other, stranger.id, change, Role::OrgAdmin).await,
        Err(Error::Invalid { field, .. }) if field == "roles"
    ));
    assert!(users::get(&other, user.id).await.is_err());

    let off = UserChange { is_active: Some(false), ..Default::default() };
    users::update(&org, user.id, off, Role::OrgAdmin).await.unwrap();
    assert!(identity::caller(&w.db, user.id).await.unwrap().is_none());
    assert_eq!(users::list(&org, Filters::default()).await.unwrap().len(), 1);
    let all = Filters { include_inactive: true, ..Default::default() };
    assert_eq!(users::list(&org, all).await.unwrap().len(), 2);
}

async fn a_key_bounds_its_holder(db: Db) {
    let w = World::new(db).await;
    let org = w.db.org(w.org.id);
    let account = NewUser {
        kind: UserKind::Service,
        email: "Deployer".into(),
        name: String::new(),
        role: Role::OrgAdmin,
        roles: vec![],
    };
    let account = users::create(&org, account).await.unwrap();
    assert_eq!(account.email, "deployer");
    let allowed: Permissions =
        [Permission::DeployWorkspace, Permission::OperatePlatform].into_iter().collect();
    let new = NewKey {
        user: account.id,
        name: "k".into(),
        role: Role::OrgAdmin,
        permissions: Some(allowed),
        expires_at: None,
    };
    let (key, token) = identity::create_key(&org, new).await.unwrap();
    assert_eq!(key.permissions, Some(allowed));
    let caller = identity::authenticate(&w.db, &token).await.unwrap().unwrap();
    assert_eq!(caller.permissions.iter().collect::<Vec<_>>(), [Permission::DeployWorkspace]);
    assert_eq!((caller.ceiling, caller.key), (allowed, Some(key.id)));

    // A run that is asked for with the key remembers its bounds.
    let new = executions_new(&w, &caller);
    let accepted = bifrost_store::executions::accept(&org, new).await.unwrap().execution;
    assert_eq!(w.get(accepted.id).await.executed_by_ceiling, allowed);
    assert_eq!(w.accept().await.executed_by_ceiling, Permissions::all());

    let change = UserChange { role: Some(Role::OrgUser), ..Default::default() };
    users::update(&org, account.id, change, Role::OrgAdmin).await.unwrap();
    let caller = identity::authenticate(&w.db, &token).await.unwrap().unwrap();
    assert_eq!((caller.role, caller.permissions), (Role::OrgUser, Permissions::NONE));
}

fn executions_new(w: &World, caller: &Caller) -> bifrost_store::executions::NewExecution {
    bifrost_store::executions::NewExecution::by(caller, w.workflow, serde_json::json!({}))
}

async fn the_last_administrator_stays(db: Db) {
    let w = World::new(db).await;
    let org = w.db.org(w.org.id);
    let demote = || UserChange { role: Some(Role::OrgUser), ..Default::default() };
    let off = || UserChange { is_active: Some(false), ..Default::default() };
    for change in [demote(), off()] {
        let refused = users::update(&org, w.user, change, Role::OrgAdmin).await.unwrap_err();
        assert_eq!(code(refused), "last_administrator");
    }
    // A service account administrates nothing by itself.
    let robot = NewUser { kind: UserKind::Service, ..NewUser::person("robot", "", Role::OrgAdmin) };
    users::create(&org, robot).await.unwrap();
    assert!(users::update(&org, w.user, demote(), Role::OrgAdmin).await.is_err());
    let second = users::create(&org, NewUser::person("b@org.test", "", Role::OrgAdmin)).await.unwrap();
    users::update(&org, w.user, demote(), Role::OrgAdmin).await.unwrap();
    assert!(users::update(&org, second.id, off(), Role::OrgAdmin).await.is_err());
    // The provider can empty a tenant, never itself.
    users::update(&org, second.id, off(), Role::PlatformAdmin).await.unwrap();
    let provider = w.db.org(w.provider.organization.id);
    let refused = users::update(&provider, w.provider.user.id, off(), Role::PlatformAdmin).await.unwrap_err();
    assert_eq!(code(refused), "last_administrator");
    assert!(matches!(
        users::create(&org, NewUser::person("c@org.test", "", Role::PlatformAdmin)).await,
        Err(Error::Denied(_))
    ));
}

async fn two_administrators_do_not_remove_each_other(db: Db) {
    let w = World::new(db).await;
    let org = w.db.org(w.org.id);
    let second = users::create(&org, NewUser::person("b@org.test", "", Role::OrgAdmin)).await.unwrap().id;
    for _ in 0..5 {
        let off = || UserChange { is_active: Some(false), ..Default::default() };
        let (one, other) = tokio::join!(
            users::update(&org, w.user, off(), Role::OrgAdmin),
            users::update(&org, second, off(), Role::OrgAdmin),
        );
        assert!(one.is_ok() != other.is_ok(), "{one:?} {other:?}");
        for user in [w.user, second] {
            let on = UserChange { is_active: Some(true), ..Default::default() };
            users::update(&org, user, on, Role::OrgAdmin).await.unwrap();
        }
    }
}

async fn grants_reach_users_and_roles(db: Db) {
    let w = World::new(db).await;
    let org = w.db.org(w.org.id);
    let user = users::create(&org, NewUser::person("u@org.test", "", Role::OrgUser)).await.unwrap();
    let group = roles::create(&org, role("group", &[])).await.unwrap();
    let caller = identity::caller(&w.db, user.id).await.unwrap().unwrap();
    let bare = Caller { permissions: Permissions::NONE, ..caller.clone() };
    let may = async |caller: &Caller, id: WorkflowId| {
        grants::may_run(&org, caller, TargetKind::Workflow, id.0).await.unwrap()
    };
    assert!(may(&caller, w.workflow).await && !may(&bare, w.workflow).await);

    let one = grants::create(&org, Subject::User(user.id), TargetKind::Workflow, w.workflow.0).await.unwrap();
    assert!(may(&bare, w.workflow).await && !may(&bare, w.shared).await);
    let twice = grants::create(&org, Subject::User(user.id), TargetKind::Workflow, w.workflow.0).await;
    assert_eq!(code(twice.unwrap_err()), "already_exists");
    // A form with the same id is another thing.
    assert!(!grants::may_run(&org, &bare, TargetKind::Form, w.workflow.0).await.unwrap());
    // In another organization it says nothing.
    let other = w.db.org(w.other.id);
    assert!(!grants::may_run(&other, &bare, TargetKind::Workflow, w.workflow.0).await.unwrap());
    assert!(grants::delete(&other, one.id).await.is_err());
    // A key that does not allow to run anything gains nothing by it.
    let key = bare.clone().within([Permission::ReadConfig].into_iter().collect());
    assert!(!may(&key, w.workflow).await);

    grants::create(&org, Subject::Role(group.id), TargetKind::Workflow, w.shared.0).await.unwrap();
    assert!(!may(&bare, w.shared).await);
    let change = UserChange { roles: Some(vec![group.id]), ..Default::default() };
    users::update(&org, user.id, change, Role::OrgAdmin).await.unwrap();
    assert!(may(&bare, w.shared).await);
    assert_eq!(
        grants::list(&org, Some(Subject::User(user.id)), None).await.unwrap(),
        std::slice::from_ref(&one)
    );
    assert_eq!(grants::list(&org, None, None).await.unwrap().len(), 2);

    grants::delete(&org, one.id).await.unwrap();
    roles::delete(&org, group.id).await.unwrap();
    assert!(!may(&bare, w.workflow).await && !may(&bare, w.shared).await);
    assert_eq!(grants::list(&org, None, None).await.unwrap(), []);
    let nobody = Subject::User(w.provider.user.id);
    assert!(matches!(
        grants::create(&org, nobody, TargetKind::Workflow, w.workflow.0).await,
        Err(Error::Invalid { field, .. }) if field == "subject"
    ));
}

async fn an_invitation_is_accepted_once(db: Db) {
    let w = World::new(db).await;
    let org = w.db.org(w.org.id);
    let deployer = roles::create(&org, role("deployer", &[Permission::DeployWorkspace])).await.unwrap();
    let (made, token) =
        invitations::create(&org, invitation("Ada@Org.test", vec![deployer.id])).await.unwrap();
    assert!(token.starts_with("bfi_") && made.email == "ada@org.test");
    assert_eq!(invitations::find(&w.db, &token).await.unwrap(), Some(made.clone()));
    // The second invitation replaces the first.
    let (again, newer) =
        invitations::create(&org, invitation("ada@org.test", vec![deployer.id])).await.unwrap();
    assert_eq!(invitations::find(&w.db, &token).await.unwrap(), None);
    assert_eq!(invitations::list(&org, false).await.unwrap(), [again]);
    assert_eq!(invitations::list(&org, true).await.unwrap().len(), 2);
    assert_eq!(invitations::list(&w.db.org(w.other.id), true).await.unwrap(), []);

    let accept = |token: String| {
        let db = w.db.clone();
        async move {
            db.system()
                .write(move |tx| Box::pin(async move { invitations::accept_in(tx, &token, "").await }))
                .await
        }
    };
    let (one, two) = tokio::join!(accept(newer.clone()), accept(newer.clone()));
    let accepted: Vec<_> = [one, two].into_iter().filter_map(Result::ok).collect();
    assert_eq!(accepted.len(), 1, "accepted once");
    let user = &accepted[0];
    assert_eq!((user.email.as_str(), user.name.as_str()), ("ada@org.test", "Ada"));
    assert!(identity::caller(&w.db, user.id).await.unwrap().unwrap().may(Permission::DeployWorkspace));
    assert!(accept(newer).await.is_err());
    let twice = invitations::create(&org, invitation("ada@org.test", vec![])).await.unwrap_err();
    assert_eq!(code(twice), "already_exists");

    let (open, token) = invitations::create(&org, invitation("bob@org.test", vec![])).await.unwrap();
    assert!(invitations::revoke(&w.db.org(w.other.id), open.id).await.is_err());
    invitations::revoke(&org, open.id).await.unwrap();
    assert!(accept(token).await.is_err() && invitations::revoke(&org, open.id).await.is_err());
    let late =
        NewInvitation { expires_at: now() - TimeDelta::seconds(1), ..invitation("c@org.test", vec![]) };
    assert!(invitations::create(&org, late).await.is_err());
    let soon = NewInvitation {
        expires_at: now() + TimeDelta::milliseconds(150),
        ..invitation("c@org.test", vec![])
    };
    let (_, token) = invitations::create(&org, soon).await.unwrap();
    tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    assert!(invitations::find(&w.db, &token).await.unwrap().is_none() && accept(token).await.is_err());
}

async fn names_are_checked(db: Db) {
    let w = World::new(db).await;
    let org = w.db.org(w.org.id);
    for email in ["", "@", "a@", "@b", "a b@c", "a@b@c", "a@b\n"] {
        let new = NewUser::person(email, "x", Role::OrgUser);
        let wrong = users::create(&org, new).await;
        assert!(matches!(wrong, Err(Error::Invalid { .. })) || email == "a@b\n", "{email:?} {wrong:?}");
    }
    for wrong in ["a@b", "Schedule", "webhook", "endpoint"] {
        let robot = NewUser { kind: UserKind::Service, ..NewUser::person(wrong, "", Role::OrgUser) };
        assert!(users::create(&org, robot).await.is_err(), "{wrong}");
    }
    for name in ["", " ", "org_admin", "a\u{7}"] {
        assert!(roles::create(&org, role(name, &[])).await.is_err(), "{name:?}");
    }
    assert!(roles::create(&org, role("x", &[Permission::OperatePlatform])).await.is_err());
    roles::create(&org, role("x", &[])).await.unwrap();
    assert_eq!(code(roles::create(&org, role("x", &[])).await.unwrap_err()), "already_exists");
}
