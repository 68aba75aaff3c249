//! Requests of runs: with the rights of the run, and no more, whatever they say of themselves.

use crate::common::{Platform, success};
use bifrost_api::Inside;
use bifrost_core::ports::{Api, ApiAnswer, ApiRequest, RunCaller};
use bifrost_core::*;
use serde_json::{Value, json};

/// A run of the own organization, for its administrator, with these permissions.
fn run(platform: &Platform, permissions: Permissions) -> RunCaller {
    let own = &platform.own;
    let caller = Caller::of_role(own.admin.user, "admin@own.example", own.id, Role::OrgAdmin);
    RunCaller {
        caller: Caller { permissions, ..caller },
        scope: Scope::Organization(own.id),
        execution: ExecutionId::new(),
        children: Lineage { depth: 3, root: Some(ExecutionId::new()), is_confined: true, parent: None },
    }
}

fn request(method: &str, path: &str, body: Value) -> ApiRequest {
    let headers = vec![("Content-Type".to_owned(), "application/json".to_owned())];
    let body = if body.is_null() { vec![] } else { body.to_string().into_bytes() };
    ApiRequest { method: method.into(), path: path.into(), headers, body }
}

fn json_of(answer: &ApiAnswer) -> Value {
    serde_json::from_slice(&answer.body).unwrap_or(Value::Null)
}

#[tokio::test]
async fn a_run_asks_as_itself() {
    let platform = Platform::deployed().await;
    let inside = Inside::new(platform.state.clone());
    let by = run(&platform, Role::OrgAdmin.permissions());
    let body = json!({ "value": 5 });
    let answer = inside.call(by.clone(), request("PUT", "/api/config/size", body)).await.expect("answered");
    assert_eq!(answer.status, 200, "{}", json_of(&answer));
    let answer =
        inside.call(by.clone(), request("GET", "/api/config/size", Value::Null)).await.expect("answered");
    assert_eq!(json_of(&answer)["value"], 5);
    // In the audit log it is the run's.
    let entry = platform.audited().await.into_iter().rfind(|entry| entry["action"] == "config.set");
    let actor = entry.expect("audited")["actor"].clone();
    assert_eq!(actor["execution"], json!(by.execution));
    assert_eq!(actor["id"], json!(platform.own.admin.user));
    // What it is not allowed is answered as to everybody else.
    let less = run(&platform, Permissions::NONE);
    let answer = inside.call(less, request("GET", "/api/config", Value::Null)).await.expect("answered");
    assert_eq!((answer.status, &json_of(&answer)["code"]), (403, &json!("denied")));
    let answer =
        inside.call(by, request("GET", "/api/executions/nothing", Value::Null)).await.expect("answered");
    assert_eq!(answer.status, 404);
    assert!(answer.headers.iter().any(|(name, _)| name == "x-request-id"), "{:?}", answer.headers);
}

#[tokio::test]
async fn nothing_in_a_request_widens_it() {
    let platform = Platform::deployed().await;
    let inside = Inside::new(platform.state.clone());
    let by = run(&platform, [Permission::ReadConfig].into_iter().collect());
    let mut ask = request("GET", "/api/config", Value::Null);
    // A good key of an administrator of everything, and another organization.
    ask.headers.push(("Authorization".into(), format!("Bearer {}", platform.root.token)));
    ask.headers.push(("X-Bifrost-Organization".into(), platform.foreign.id.to_string()));
    ask.headers.push(("X-Bifrost-Key".into(), platform.root.token.clone()));
    let admin = &platform.foreign.admin;
    let body = json!({ "value": "canary" });
    platform.call(http::Method::PUT, "/api/config/theirs").key(admin).json(body).send().await.expect(200);
    let answer = inside.call(by.clone(), ask.clone()).await.expect("answered");
    assert_eq!(answer.status, 200);
    assert!(!String::from_utf8_lossy(&answer.body).contains("canary"));
    ask.path = "/api/organizations".into();
    assert_eq!(inside.call(by.clone(), ask).await.expect("answered").status, 403);
    for (method, path) in [
        ("POST", "/api/keys"),
        ("GET", "/api/keys"),
        ("POST", "/api/sign-in/password"),
        ("POST", "/api/invitations"),
        ("POST", "/api/workspace/deploy"),
        ("POST", "/api/drafts"),
        ("GET", "/metrics"),
        ("GET", "/ws/connect"),
        ("GET", "/api/../metrics"),
        ("POST", "/api/hooks/x"),
    ] {
        let refused = inside.call(by.clone(), request(method, path, Value::Null)).await;
        assert!(matches!(refused, Err(Error::Denied(_))), "{method} {path}: {refused:?}");
    }
    for (method, path, field) in [
        ("CONNECT", "/api/config", "method"),
        ("get", "/api/config", "method"),
        ("GET", "http://else.example/api/config", "path"),
        ("GET", "a b", "path"),
        ("GET", "", "path"),
    ] {
        let refused = inside.call(by.clone(), request(method, path, Value::Null)).await;
        assert!(
            matches!(&refused, Err(Error::Invalid { field: named, .. }) if named == field),
            "{path}: {refused:?}"
        );
    }
    let large =
        ApiRequest { body: vec![b' '; (2 << 20) + 1], ..request("PUT", "/api/config/x", Value::Null) };
    assert!(
        matches!(inside.call(by.clone(), large).await, Err(Error::Invalid { field, .. }) if field == "body")
    );
    let odd = ("Idempotency-Key".to_owned(), "a\nb".to_owned());
    let odd = ApiRequest { headers: vec![odd], ..request("GET", "/api/config", Value::Null) };
    assert!(matches!(inside.call(by, odd).await, Err(Error::Invalid { field, .. }) if field == "headers"));
}

#[tokio::test]
async fn runs_that_a_run_starts_are_its_children() {
    let platform = Platform::deployed().await;
    let inside = Inside::new(platform.state.clone());
    let by = run(&platform, [Permission::RunWorkflows].into_iter().collect());
    let body = json!({ "workflow_id": "hello", "input_data": { "name": "Ada" } });
    let answer =
        inside.call(by.clone(), request("POST", "/api/workflows/execute", body)).await.expect("answered");
    assert_eq!(answer.status, 202, "{}", json_of(&answer));
    let child = platform.claim().await;
    assert_eq!(child.execution.lineage, by.children, "bounded and confined as its family");
    platform.finish(&child, success(json!(1)), false).await;
    let path = format!("/api/executions/{}/rerun", child.execution.id);
    let answer = inside.call(by.clone(), request("POST", &path, json!({}))).await.expect("answered");
    assert_eq!(answer.status, 202, "{}", json_of(&answer));
    assert_eq!(platform.claim().await.execution.lineage, by.children);
    // A family has an end.
    let deep = RunCaller {
        children: Lineage { depth: Lineage::MAX_DEPTH + 1, parent: Some(by.execution), ..by.children },
        ..by
    };
    let body = json!({ "workflow_id": "hello", "input_data": { "name": "Ada" } });
    let answer = inside.call(deep, request("POST", "/api/workflows/execute", body)).await.expect("answered");
    assert!((400..500).contains(&answer.status), "{}", json_of(&answer));
}

#[tokio::test]
async fn an_organizations_own_code_uses_forms_and_makes_none() {
    let platform = Platform::deployed().await;
    let inside = Inside::new(platform.state.clone());
    let rights = Rights {
        organization: platform.own.id,
        workspace: Scope::Organization(platform.own.id),
        permissions: Role::OrgAdmin.permissions(),
        is_confined: false,
    };
    let own = run(&platform, rights.over_api());
    let trusted = run(&platform, Rights { workspace: Scope::Global, ..rights }.over_api());
    let ask = async |by: &RunCaller, method: &str, path: &str, body: Value| {
        inside.call(by.clone(), request(method, path, body)).await.expect("answered")
    };
    let definition = json!({ "name": "Order", "workflow": "hello", "fields": [
        { "name": "name", "label": "Name", "type": "text", "required": true },
    ] });
    for (method, path) in [("POST", "/api/forms"), ("POST", "/api/forms/check")] {
        let answer = ask(&own, method, path, definition.clone()).await;
        assert_eq!(answer.status, 403, "{method} {path}: {}", json_of(&answer));
    }
    let made = ask(&trusted, "POST", "/api/forms", definition.clone()).await;
    assert_eq!(made.status, 201, "{}", json_of(&made));
    let path = format!("/api/forms/{}", json_of(&made)["id"].as_str().expect("an id"));
    for path in ["/api/forms", path.as_str(), "/api/forms/schema.json"] {
        assert_eq!(ask(&own, "GET", path, Value::Null).await.status, 200, "{path}");
    }
    let mut changed = definition;
    changed["revision"] = json!(1);
    assert_eq!(ask(&own, "PUT", &path, changed.clone()).await.status, 403);
    assert_eq!(ask(&own, "DELETE", &path, Value::Null).await.status, 403);
    for path in ["/api/webhook-adapters", "/api/dead-letters"] {
        assert_eq!(ask(&own, "GET", path, Value::Null).await.status, 403, "{path}");
    }
    assert_eq!(ask(&trusted, "GET", "/api/webhook-adapters", Value::Null).await.status, 200);
    let everything = run(&platform, Permissions::all());
    assert_eq!(ask(&everything, "GET", "/api/dead-letters", Value::Null).await.status, 200);
    let options = async { ask(&own, "POST", "/api/data-providers/choices_of_site/invoke", json!({})).await };
    let answer = tokio::select! {
        answer = options => answer,
        () = platform.run_everything() => unreachable!("it runs for ever"),
    };
    assert_eq!(answer.status, 200, "{}", json_of(&answer));
    assert_eq!(json_of(&answer)["options"][0]["value"], "a");
    assert_eq!(ask(&trusted, "PUT", &path, changed).await.status, 200);
    assert_eq!(ask(&trusted, "DELETE", &path, Value::Null).await.status, 204);
    // What is filled in is filled in by people.
    for rest in ["open", "options", "uploads", "execute"] {
        let refused =
            inside.call(trusted.clone(), request("POST", &format!("{path}/{rest}"), json!({}))).await;
        assert!(matches!(refused, Err(Error::Denied(_))), "{rest}: {refused:?}");
    }
}
