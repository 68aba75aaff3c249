//! People, roles and grants as callers meet them: nobody gives what they do not have, and what
//! is taken away is gone with the next request.

use crate::common::{Answer, Call, Key, Platform};
use http::Method;
use serde_json::{Value, json};

fn patch<'a>(platform: &'a Platform, path: &str, id: &Value) -> Call<'a> {
    platform.call(Method::PATCH, format!("{path}/{}", id.as_str().expect("an id")))
}

/// A role of the own tenant.
async fn role(platform: &Platform, name: &str, permissions: &[&str]) -> Value {
    let body = json!({ "name": name, "permissions": permissions });
    platform.post("/api/roles").key(&platform.own.admin).json(body).send().await.expect(201)["id"].clone()
}

/// Somebody of the own tenant with these roles, and their key.
async fn person(platform: &Platform, name: &str, role: &str, roles: &[&Value]) -> (Value, Key) {
    let email = format!("{name}@own.example");
    let body = json!({ "email": email, "role": role, "roles": roles });
    let admin = &platform.own.admin;
    let user = platform.post("/api/users").key(admin).json(body).send().await.expect(201);
    let body = json!({ "email": email, "name": "k", "role": role });
    let key = platform.post("/api/keys").key(admin).json(body).send().await.expect(201);
    let token = key["key"].as_str().expect("a key").to_owned();
    let id: bifrost_core::UserId = user["id"].as_str().expect("an id").parse().expect("an id");
    (user["id"].clone(), Key { token, user: id })
}

async fn run(platform: &Platform, key: &Key) -> Answer {
    let body = json!({ "workflow_id": "hello", "input_data": { "name": "Ada" } });
    platform.post("/api/workflows/execute").key(key).json(body).send().await
}

#[tokio::test]
async fn what_is_taken_away_is_gone_with_the_next_request() {
    let platform = Platform::deployed().await;
    let admin = &platform.own.admin;
    let settings = role(&platform, "settings", &["config.read"]).await;
    let (user, key) = person(&platform, "ada", "org_user", &[&settings]).await;
    let config = async || platform.get("/api/config").key(&key).send().await.status.as_u16();
    assert_eq!(config().await, 200);
    let me = platform.get("/api/me").key(&key).send().await.expect(200);
    assert_eq!(me["permissions"], json!(["workflows.run", "config.read"]));

    patch(&platform, "/api/roles", &settings)
        .key(admin)
        .json(json!({ "permissions": [] }))
        .send()
        .await
        .expect(200);
    assert_eq!(config().await, 403);
    let back = json!({ "permissions": ["config.read"] });
    patch(&platform, "/api/roles", &settings).key(admin).json(back).send().await.expect(200);
    assert_eq!(config().await, 200);
    patch(&platform, "/api/users", &user).key(admin).json(json!({ "roles": [] })).send().await.expect(200);
    assert_eq!(config().await, 403);
    assert_eq!(run(&platform, &key).await.status.as_u16(), 202);
    patch(&platform, "/api/users", &user)
        .key(admin)
        .json(json!({ "is_active": false }))
        .send()
        .await
        .expect(200);
    assert_eq!(run(&platform, &key).await.status.as_u16(), 401);
}

#[tokio::test]
async fn nobody_gives_what_they_do_not_have() {
    let platform = Platform::deployed().await;
    let helpdesk =
        role(&platform, "helpdesk", &["users.read", "users.manage", "roles.manage", "keys.manage"]).await;
    let deployer = role(&platform, "deployer", &["workspace.deploy"]).await;
    let (user, key) = person(&platform, "help", "org_guest", &[&helpdesk]).await;
    let send = async |method: Method, path: &str, body: Value| {
        platform.call(method, path).key(&key).json(body).send().await.status.as_u16()
    };
    let me = format!("/api/users/{}", user.as_str().expect("an id"));
    let admin = format!("/api/users/{}", platform.own.admin.user);
    let mail = platform.own.admin.user.to_string();
    for (method, path, body) in [
        (Method::PATCH, me.as_str(), json!({ "role": "org_admin" })),
        (Method::PATCH, &me, json!({ "roles": [helpdesk, deployer] })),
        (Method::PATCH, &admin, json!({ "is_active": false })),
        (Method::PATCH, &admin, json!({ "name": mail })),
        (Method::POST, "/api/users", json!({ "email": "x@own.example", "role": "org_admin" })),
        (
            Method::POST,
            "/api/users",
            json!({ "email": "x@own.example", "role": "org_guest", "roles": [deployer] }),
        ),
        (Method::POST, "/api/invitations", json!({ "email": "x@own.example", "role": "org_admin" })),
        (Method::POST, "/api/roles", json!({ "name": "x", "permissions": ["workspace.deploy"] })),
        (
            Method::POST,
            "/api/keys",
            json!({ "name": "x", "email": "admin@own.example", "role": "org_admin" }),
        ),
    ] {
        assert_eq!(send(method.clone(), path, body.clone()).await, 403, "{method} {path} {body}");
    }
    let role = format!("/api/roles/{}", helpdesk.as_str().expect("an id"));
    let more = json!({ "permissions": ["users.read", "workspace.deploy"] });
    assert_eq!(send(Method::PATCH, &role, more).await, 403);
    // What they have they can give.
    assert_eq!(
        send(
            Method::POST,
            "/api/users",
            json!({ "email": "y@own.example", "role": "org_guest", "roles": [helpdesk] })
        )
        .await,
        201
    );
    // Of the platform nobody within a tenant gives anything.
    let platform_role = json!({ "name": "x", "permissions": ["platform.operate"] });
    let refused = platform.post("/api/roles").key(&platform.own.admin).json(platform_role).send().await;
    assert_eq!(refused.status.as_u16(), 403);
    let root = json!({ "email": "z@own.example", "role": "platform_admin" });
    platform.post("/api/users").key(&platform.own.admin).json(root.clone()).send().await.expect(403);
    let call = platform.post("/api/users").key(&platform.root).organization(platform.own.id);
    call.json(root).send().await.expect(403);
}

#[tokio::test]
async fn a_grant_opens_one_workflow() {
    let platform = Platform::deployed().await;
    let admin = &platform.own.admin;
    let (user, key) = person(&platform, "ada", "org_guest", &[]).await;
    assert_eq!(run(&platform, &key).await.status.as_u16(), 404);
    let listed = platform.get("/api/workflows").key(&key).send().await.expect(200);
    assert_eq!(listed["workflows"], json!([]));
    let body = json!({ "workflow_id": "hello", "user_id": user });
    let made = platform.post("/api/grants").key(admin).json(body.clone()).send().await.expect(201);
    assert_eq!(run(&platform, &key).await.status.as_u16(), 202);
    let listed = platform.get("/api/workflows").key(&key).send().await.expect(200);
    assert_eq!(listed["workflows"].as_array().expect("a list").len(), 1);
    // Not the others.
    let nightly = json!({ "workflow_id": "nightly" });
    platform.post("/api/workflows/execute").key(&key).json(nightly.clone()).send().await.expect(404);
    let group = role(&platform, "group", &[]).await;
    let given = json!({ "workflow_id": "nightly", "role_id": group });
    platform.post("/api/grants").key(admin).json(given).send().await.expect(201);
    let change = json!({ "roles": [group] });
    patch(&platform, "/api/users", &user).key(admin).json(change).send().await.expect(200);
    platform.post("/api/workflows/execute").key(&key).json(nightly).send().await.expect(202);
    platform.post("/api/grants").key(admin).json(body).send().await.expect(409);
    for wrong in [
        json!({ "workflow_id": "hello" }),
        json!({ "workflow_id": "hello", "user_id": user, "role_id": user }),
    ] {
        platform.post("/api/grants").key(admin).json(wrong).send().await.expect(422);
    }
    let unknown = json!({ "workflow_id": "nothing", "user_id": user });
    platform.post("/api/grants").key(admin).json(unknown).send().await.expect(404);
    let path = format!("/api/grants/{}", made["id"].as_str().expect("an id"));
    platform.call(Method::DELETE, path.as_str()).key(admin).send().await.expect(204);
    assert_eq!(run(&platform, &key).await.status.as_u16(), 404);
    platform.call(Method::DELETE, path).key(admin).send().await.expect(404);
}

#[tokio::test]
async fn a_key_cannot_be_more_than_its_holder() {
    let platform = Platform::deployed().await;
    let admin = &platform.own.admin;
    let body = json!({ "email": "user@own.example", "name": "k", "role": "org_admin" });
    let refused = platform.post("/api/keys").key(admin).json(body).send().await.expect(422);
    assert_eq!(refused["field"], "role");
    let body = json!({ "email": "robot", "kind": "service", "role": "org_admin" });
    platform.post("/api/users").key(admin).json(body).send().await.expect(201);
    let body =
        json!({ "email": "robot", "name": "ci", "role": "org_admin", "permissions": ["workspace.read"] });
    let made = platform.post("/api/keys").key(admin).json(body).send().await.expect(201);
    let key = Key { token: made["key"].as_str().expect("a key").into(), user: admin.user };
    platform.get("/api/workspace").key(&key).send().await.expect(200);
    platform.get("/api/config").key(&key).send().await.expect(403);
    assert_eq!(run(&platform, &key).await.status.as_u16(), 404);
    let body = json!({ "email": "robot", "name": "k", "role": "org_admin", "permissions": ["everything"] });
    platform.post("/api/keys").key(admin).json(body).send().await.expect(422);
}

#[tokio::test]
async fn the_last_administrator_is_not_locked_out() {
    let platform = Platform::new().await;
    let admin = json!(platform.own.admin.user);
    for change in [json!({ "role": "org_user" }), json!({ "is_active": false })] {
        let call = patch(&platform, "/api/users", &admin).key(&platform.own.admin);
        let refused = call.json(change).send().await.expect(409);
        assert_eq!(refused["code"], "last_administrator");
    }
    let root = json!(platform.root.user);
    let call = patch(&platform, "/api/users", &root).key(&platform.root);
    assert_eq!(
        call.json(json!({ "role": "org_user" })).send().await.expect(409)["code"],
        "last_administrator"
    );
}
