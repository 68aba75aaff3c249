//! What a run's request to the API is allowed with: what its caller and its code may do, both.

use crate::grants::Grants;
use crate::testing::World;
use async_trait::async_trait;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use bifrost_core::ports::{Api, ApiAnswer, ApiRequest, RunCaller};
use bifrost_core::*;
use bifrost_sandbox::ErrorKind;
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};

/// Remembers what came.
#[derive(Default)]
struct Ear(Mutex<Vec<(RunCaller, ApiRequest)>>);

#[async_trait]
impl Api for Ear {
    async fn call(&self, by: RunCaller, request: ApiRequest) -> Result<ApiAnswer> {
        self.0.lock().expect("not poisoned").push((by, request));
        let headers = vec![("content-type".to_owned(), "text/plain".to_owned())];
        Ok(ApiAnswer { status: 418, headers, body: b"\x00tea".to_vec() })
    }
}

struct Heard {
    world: World,
    ear: Arc<Ear>,
}

impl Heard {
    async fn new() -> Self {
        Self { world: World::new().await, ear: Arc::default() }
    }

    fn run(&self) -> Grants {
        Grants { api: Some(self.ear.clone()), ..self.world.run(ExecutionId::new()) }
    }

    /// Who the API took the request for.
    async fn by(&self, run: &Grants, arguments: Value) -> RunCaller {
        run.platform("api.call", &arguments.to_string()).await.expect("answered");
        self.ear.0.lock().expect("not poisoned").last().expect("heard").0.clone()
    }
}

fn get() -> Value {
    json!({ "method": "GET", "path": "/api/config" })
}

#[tokio::test]
async fn an_organizations_code_has_a_part_of_what_its_caller_may() {
    let heard = Heard::new().await;
    let run = heard.run();
    let by = heard.by(&run, get()).await;
    assert_eq!(by.scope, Scope::Organization(heard.world.organization));
    assert_eq!(by.execution, run.execution);
    for denied in [
        Permission::ManageUsers,
        Permission::ManageRoles,
        Permission::ManageKeys,
        Permission::DeployWorkspace,
        Permission::ReviewWorkspace,
        Permission::ManageOrganization,
        Permission::ManageWebhooks,
        Permission::ManageForms,
        Permission::ManageIntegrations,
        Permission::ReadAudit,
    ] {
        assert!(!by.caller.may(denied), "{denied}");
    }
    assert!(by.caller.may(Permission::ReadExecutions) && by.caller.may(Permission::WriteTables));
    // The provider's code may all that its caller may; not where other code has started it.
    let provider = Grants { workspace: Scope::Global, ..heard.run() };
    assert!(heard.by(&provider, get()).await.caller.may(Permission::ManageUsers));
    let confined = Grants { is_confined: true, workspace: Scope::Global, ..heard.run() };
    assert!(!heard.by(&confined, get()).await.caller.may(Permission::ManageUsers));
}

#[tokio::test]
async fn another_organization_is_for_those_who_may_enter_it() {
    let heard = Heard::new().await;
    let foreign = OrganizationId::new();
    let named = [
        json!({ "method": "GET", "path": "/api/config", "scope": foreign }),
        json!({ "method": "GET", "path": "/api/config", "scope": "global" }),
        json!({ "method": "GET", "path": "/api/config", "headers": [["X-BIFROST-Organization", foreign]] }),
    ];
    let root = &heard.world.root;
    let as_root =
        |workspace, is_confined| Grants { caller: root.clone(), workspace, is_confined, ..heard.run() };
    let own = Scope::Organization(heard.world.organization);
    for run in [heard.run(), as_root(own, false), as_root(Scope::Global, true)] {
        for arguments in &named {
            let refused = run.platform("api.call", &arguments.to_string()).await.expect_err("refused");
            assert_eq!(refused.kind, ErrorKind::Denied, "{arguments}");
        }
    }
    let by = heard.by(&as_root(Scope::Global, false), named[0].clone()).await;
    assert_eq!(by.scope, Scope::Organization(foreign));
    let by = heard.by(&as_root(Scope::Global, false), named[1].clone()).await;
    assert_eq!(by.scope, Scope::Global);
    // An administrator of the platform who runs an organization's code is not more than it is there.
    let by = heard.by(&as_root(own, false), get()).await;
    assert!(!by.caller.may(Permission::EnterOrganizations) && by.scope == own);
}

#[tokio::test]
async fn requests_and_answers_are_bytes() {
    let heard = Heard::new().await;
    let run = heard.run();
    let body = BASE64_STANDARD.encode(b"\xff\x00");
    let arguments =
        json!({ "method": "PUT", "path": "/api/files/content", "headers": [["A", "b"]], "body": body });
    let answer = run.platform("api.call", &arguments.to_string()).await.expect("answered");
    let answer: Value = serde_json::from_str(&answer).expect("json");
    assert_eq!(answer["status"], 418);
    assert_eq!(answer["headers"], json!([["content-type", "text/plain"]]));
    assert_eq!(BASE64_STANDARD.decode(answer["body"].as_str().expect("text")).expect("base64"), b"\x00tea");
    assert_eq!(heard.ear.0.lock().expect("not poisoned")[0].1.body, b"\xff\x00");
    let wrong = json!({ "method": "GET", "path": "/api/config", "body": "?" });
    let refused = run.platform("api.call", &wrong.to_string()).await.expect_err("no base64");
    assert_eq!(refused.kind, ErrorKind::Invalid);
    let away = Grants { api: None, ..heard.run() };
    let refused = away.platform("api.call", &get().to_string()).await.expect_err("there is none");
    assert_eq!(refused.kind, ErrorKind::Unavailable);
}
