use super::*;
use crate::testing::World;
use bifrost_core::{ExecutionId, Permission, Scope};
use bifrost_sandbox::{CapabilityError, ErrorKind};
use bifrost_store::identity;
use bifrost_store::roles::NewRole;

async fn call(
    run: &Grants,
    operation: &str,
    arguments: Value,
) -> std::result::Result<Value, CapabilityError> {
    let answer = run.platform(operation, &arguments.to_string()).await?;
    Ok(serde_json::from_str(&answer).expect("JSON"))
}

/// A run of the provider's code for somebody who manages people and roles and may do little else.
async fn for_a_clerk(world: &World) -> (Grants, UserId) {
    let org = world.db.org(world.organization);
    let permissions = [Permission::ReadUsers, Permission::ManageUsers, Permission::ManageRoles];
    let role = NewRole {
        name: "clerk".into(),
        description: String::new(),
        permissions: permissions.into_iter().collect(),
    };
    let role = roles::create(&org, role).await.expect("a role").id;
    let new = NewUser { roles: vec![role], ..NewUser::person("clerk@o.test", "C", Role::OrgUser) };
    let clerk = users::create(&org, new).await.expect("a user").id;
    let caller = identity::caller(&world.db, clerk).await.expect("asked").expect("active");
    (Grants { workspace: Scope::Global, caller, ..world.run(ExecutionId::new()) }, clerk)
}

#[tokio::test]
async fn roles_are_written_and_given() {
    let world = World::new().await;
    let (run, clerk) = for_a_clerk(&world).await;
    let made = call(&run, "roles.create", json!({ "name": "helpers" })).await.expect("made");
    let id = made["id"].clone();
    let changed = call(&run, "roles.update", json!({ "role_id": id, "description": "They help" })).await;
    assert_eq!(changed.expect("changed")["description"], "They help");
    let assign = json!({ "role_id": id, "user_ids": ["clerk@o.test", clerk] });
    assert_eq!(call(&run, "roles.assign_users", assign).await.expect("given"), json!([clerk, clerk]));
    let have = call(&run, "roles.list_users", json!({ "role_id": id })).await.expect("listed");
    assert_eq!(have, json!([clerk]));
    let user = users::get(&world.db.org(world.organization), clerk).await.expect("there");
    assert_eq!(user.roles.len(), 2, "the other one stays");
    call(&run, "roles.delete", json!({ "role_id": id })).await.expect("deleted");
    let gone = call(&run, "roles.list_users", json!({ "role_id": id })).await;
    assert_eq!(gone.expect_err("nobody").kind, ErrorKind::NotFound);
}

#[tokio::test]
async fn people_are_changed_and_deactivated() {
    let world = World::new().await;
    let (run, _) = for_a_clerk(&world).await;
    let made =
        call(&run, "users.create", json!({ "email": "ada@o.test", "name": "Ada" })).await.expect("made");
    let change = json!({ "user": "ADA@o.test", "name": "Ada L.", "is_active": false });
    let changed = call(&run, "users.update", change).await.expect("changed");
    assert_eq!((&changed["name"], &changed["is_active"]), (&json!("Ada L."), &json!(false)));
    assert_eq!(changed["id"], made["id"]);
    let nobody = call(&run, "users.update", json!({ "user": "eve@o.test" })).await;
    assert_eq!(nobody.expect_err("nobody").kind, ErrorKind::NotFound);
    let unknown = call(&run, "users.update", json!({ "user": "ada@o.test", "email": "x@o.test" })).await;
    assert_eq!(unknown.expect_err("an e-mail stays").kind, ErrorKind::Invalid);
}

#[tokio::test]
async fn nobody_gives_what_they_do_not_have() {
    let world = World::new().await;
    let (run, clerk) = for_a_clerk(&world).await;
    let made = call(&run, "roles.create", json!({ "name": "helpers" })).await.expect("made");
    let id = made["id"].clone();
    let org = world.db.org(world.organization);
    let powerful = NewRole {
        name: "powerful".into(),
        description: String::new(),
        permissions: [Permission::ReadExecutions].into_iter().collect(),
    };
    let powerful = roles::create(&org, powerful).await.expect("a role").id;
    for (operation, arguments) in [
        ("roles.create", json!({ "name": "x", "permissions": ["executions.read"] })),
        ("roles.update", json!({ "role_id": id, "permissions": ["executions.read"] })),
        ("roles.update", json!({ "role_id": powerful, "name": "x" })),
        ("roles.delete", json!({ "role_id": powerful })),
        ("roles.assign_users", json!({ "role_id": powerful, "user_ids": [clerk] })),
        // The last one is an administrator: then nobody gets it.
        ("roles.assign_users", json!({ "role_id": id, "user_ids": [clerk, "u@o.test"] })),
        ("users.update", json!({ "user": "u@o.test", "is_active": false })),
        ("users.update", json!({ "user": clerk, "is_superuser": true })),
    ] {
        let refused = call(&run, operation, arguments.clone()).await;
        assert_eq!(refused.expect_err("refused").kind, ErrorKind::Denied, "{operation} {arguments}");
    }
    let have = call(&run, "roles.list_users", json!({ "role_id": id })).await.expect("listed");
    assert_eq!(have, json!([]));

    // An organization's own code has no part in it, also for its administrator.
    let own = world.run(ExecutionId::new());
    for (operation, arguments) in [
        ("users.update", json!({ "user": clerk, "name": "x" })),
        ("roles.create", json!({ "name": "x" })),
        ("roles.update", json!({ "role_id": id, "name": "x" })),
        ("roles.delete", json!({ "role_id": id })),
        ("roles.assign_users", json!({ "role_id": id, "user_ids": [clerk] })),
    ] {
        let refused = call(&own, operation, arguments).await;
        assert_eq!(refused.expect_err("refused").kind, ErrorKind::Denied, "{operation}");
    }
}
