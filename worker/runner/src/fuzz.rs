//! Whatever a sandbox process or a guest may send: it is refused, or answered within its
//! limits and its scope, and nothing panics. The corpora in `__fuzz__` are always tried;
//! `BOLERO_RANDOM_TEST_TIME_MS` and `BOLERO_RANDOM_ITERATIONS` search for longer.

use crate::grants::Grants;
use crate::guard::{self, Guard};
use crate::platform::NAMES;
use crate::protocol::{Call, FromSandbox, MAX_CALL, WireInvocation, Work};
use crate::testing::{Planted, World};
use async_trait::async_trait;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use bifrost_core::ports::{Api, ApiAnswer, ApiRequest, RunCaller};
use bifrost_core::{ExecutionId, Limits, OrganizationId, Permission, Result, Scope};
use bifrost_sandbox::{CapabilityError, ErrorKind};
use bifrost_store::organizations::{self, NewOrganization};
use serde_json::{Map, Value, json};
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use tokio::runtime::{Builder, Runtime};

/// Of another organization; no answer may have it.
const CANARY: &str = "c4n4ry-of-another-0123456789abcd";

fn limits() -> Limits {
    Limits { http_calls: 5, http_concurrent: 2, log_bytes: 1_000, result_bytes: 1_000, ..Limits::default() }
}

/// Messages one after the other, as a process that is not itself any more writes them.
#[test]
fn messages_of_a_process() {
    bolero::check!().with_max_len(4_096).with_iterations(20_000).for_each(|bytes: &[u8]| {
        let invocation = WireInvocation {
            workflow: String::new(),
            parameters: String::new(),
            context: String::new(),
            capture_variables: false,
            limits: limits(),
        };
        let mut guard = Guard::new(&Work::Run { version: String::new(), invocation });
        let (mut rest, mut logged, mut calls) = (bytes, 0, 0);
        while let Ok((message, after)) = postcard::take_from_bytes::<FromSandbox>(rest) {
            rest = after;
            if guard.admit(&message).is_err() {
                break;
            }
            match message {
                FromSandbox::Log { message, .. } => logged += message.len() as u64,
                FromSandbox::Call { request: Call::Http(request), .. } if !request.connects() => calls += 1,
                FromSandbox::Call { request, .. } => assert!(request.size() <= MAX_CALL),
                _ => {}
            }
            assert!(logged <= limits().log_bytes && calls <= limits().http_calls);
        }
    });
}

/// The last words about a run.
#[test]
fn ends_of_runs() {
    bolero::check!().with_max_len(4_096).with_iterations(20_000).for_each(|bytes: &[u8]| {
        if let Ok(outcome) = guard::outcome(bytes, &limits()) {
            let large = |value: &Option<Value>| value.as_ref().is_some_and(|v| v.to_string().len() > 1_000);
            assert!(!large(&outcome.result) && !large(&outcome.variables));
            assert!(outcome.status.is_terminal() && outcome.duration_ms >= 0);
        }
    });
}

/// Names within what arguments hold: fields of documents, conditions, and what a guest may hope is
/// looked at.
const FIELDS: [&str; 14] = [
    "n",
    "text",
    "data",
    "id",
    "gte",
    "in",
    "contains",
    "starts_with",
    "is_null",
    "has_key",
    "scope",
    "organization_id",
    "token",
    "a.b",
];

/// Texts of arguments, beside what names things of the other organization. The first are names of
/// what both have.
const TEXTS: [&str; 12] = [
    "things",
    "one",
    "things.txt",
    "uploads",
    "global",
    "",
    "u@o.test",
    "a@p.test",
    "Success",
    "2026-01-01T00:00:00Z",
    "GET",
    "../things.txt",
];

/// The API of a process that serves requests of runs; none is about another organization, or by
/// somebody who may enter one.
struct OwnApi(OrganizationId);

#[async_trait]
impl Api for OwnApi {
    async fn call(&self, by: RunCaller, request: ApiRequest) -> Result<ApiAnswer> {
        assert_eq!(by.scope, Scope::Organization(self.0), "{request:?}");
        assert!(!by.caller.may(Permission::EnterOrganizations), "{request:?}");
        Ok(ApiAnswer { status: 200, headers: vec![], body: vec![] })
    }
}

/// Runs of an organization's own code, whose caller is its administrator, beside another
/// organization that has one of everything under the same names.
struct Guest {
    runtime: Runtime,
    world: World,
    foreign: Planted,
    /// Every operation, and what it takes.
    operations: Vec<(&'static str, Vec<String>)>,
    /// What arguments may be.
    texts: Vec<String>,
}

type Answer = std::result::Result<String, CapabilityError>;

impl Guest {
    fn new() -> Self {
        let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
        let (world, foreign) = runtime.block_on(async {
            let world = World::new().await;
            world.plant(world.organization, "mark-of-its-own").await;
            let new = NewOrganization { name: CANARY.into(), ..NewOrganization::default() };
            let foreign = organizations::create(&world.db, new).await.expect("made").id;
            let foreign = world.plant(foreign, CANARY).await;
            (world, foreign)
        });
        let ids = [world.organization.to_string(), ExecutionId::new().to_string()];
        let texts = TEXTS.iter().map(|text| (*text).to_owned());
        let texts = texts.chain(ids).chain(foreign.ids.iter().cloned()).collect();
        let mut guest = Self { runtime, world, foreign, operations: vec![], texts };
        guest.operations = NAMES.iter().map(|name| (*name, guest.takes(name))).collect();
        guest
    }

    fn run(&self) -> Grants {
        let api = Arc::new(OwnApi(self.world.organization));
        Grants { api: Some(api), ..self.world.run(ExecutionId::new()) }
    }

    fn call(&self, grants: &Grants, operation: &str, arguments: &str) -> Answer {
        self.runtime.block_on(grants.platform(operation, arguments))
    }

    /// The names of an operation's arguments, as it lists them when it refuses another one.
    fn takes(&self, operation: &str) -> Vec<String> {
        match self.call(&self.run(), operation, r#"{"another": 0}"#) {
            Err(error) if error.message.contains("unknown field") => {
                let named = error.message.split('`').skip(1).step_by(2);
                named.filter(|name| *name != "another").map(str::to_owned).collect()
            }
            _ => vec![],
        }
    }

    /// The least that an operation takes: arguments of the right kind for all that it misses.
    fn least(&self, operation: &str) -> Map<String, Value> {
        let (run, mut arguments) = (self.run(), Map::new());
        loop {
            let answer = self.call(&run, operation, &Value::Object(arguments.clone()).to_string());
            let Err(error) = answer else { return arguments };
            let missing = error.message.split_once("missing field `");
            let Some((name, _)) = missing.and_then(|(_, rest)| rest.split_once('`')) else {
                return arguments;
            };
            assert_eq!(arguments.insert(name.to_owned(), fitting(name)), None, "{operation} {name}");
        }
    }

    /// What was asked is answered, or refused with a reason, and nothing of the other organization
    /// is in either.
    fn check(&self, run: &Grants, operation: &str, arguments: &str) {
        match self.call(run, operation, arguments) {
            Ok(text) => {
                serde_json::from_str::<Value>(&text).expect("JSON");
                assert!(!shows(&text), "{operation} {arguments}: {text}");
            }
            Err(error) => {
                let message = &error.message;
                assert!(error.kind != ErrorKind::Unavailable, "{operation} {arguments}: {message}");
                assert!(!shows(message), "{operation} {arguments}: {message}");
            }
        }
    }
}

/// A value of the kind that an argument of this name has.
fn fitting(name: &str) -> Value {
    match name {
        "data" | "where" | "input_data" | "config" => json!({}),
        "documents" => json!([{ "data": {} }]),
        "doc_ids" | "user_ids" | "form_ids" => json!(["one"]),
        "path" => "things.txt".into(),
        "location" => "uploads".into(),
        "doc_id" => "one".into(),
        "content" | "body" => "".into(),
        "method" => "GET".into(),
        _ => "things".into(),
    }
}

/// True where the canary is in a text, also as the content of a file.
fn shows(text: &str) -> bool {
    text.contains(CANARY) || text.contains(&BASE64_STANDARD.encode(&CANARY[..30]))
}

/// Takes choices from random bytes; zero when there are no more.
struct Choices<'a>(std::slice::Iter<'a, u8>);

impl Choices<'_> {
    fn byte(&mut self) -> u8 {
        self.0.next().copied().unwrap_or_default()
    }

    fn one<'b, T>(&mut self, of: &'b [T]) -> &'b T {
        &of[usize::from(self.byte()) % of.len()]
    }

    fn text(&mut self) -> String {
        let length = self.byte() % 32;
        let bytes: Vec<u8> = (0..length).filter_map(|_| self.0.next().copied()).collect();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    fn value(&mut self, texts: &[String], depth: u8) -> Value {
        match self.byte() % 8 {
            0 => Value::Null,
            1 => Value::Bool(*self.one(&[true, false])),
            2 => (*self.one(&[0, -1, 1, 100, i64::MAX, i64::MIN])).into(),
            3 => self.text().into(),
            4 if depth < 3 => vec![self.value(texts, depth + 1), self.value(texts, depth + 1)].into(),
            5 if depth < 3 => self.object(texts, depth + 1),
            _ => self.one(texts).as_str().into(),
        }
    }

    fn object(&mut self, texts: &[String], depth: u8) -> Value {
        let length = self.byte() % 5;
        let fields = (0..length).map(|_| ((*self.one(&FIELDS)).to_owned(), self.value(texts, depth)));
        fields.collect::<Map<_, _>>().into()
    }

    /// Some of an operation's arguments: of the right kind, any text or any value.
    fn arguments(&mut self, takes: &[String], texts: &[String]) -> Value {
        let mut arguments = Map::new();
        for name in takes {
            let value = match self.byte() % 5 {
                0 => continue,
                1 => self.value(texts, 0),
                2 => self.one(texts).as_str().into(),
                3 => self.object(texts, 0),
                _ => fitting(name),
            };
            arguments.insert(name.clone(), value);
        }
        arguments.into()
    }
}

/// Calls of the platform by a run of an organization's own code, whose caller is that
/// organization's administrator.
#[test]
fn calls_of_a_guest() {
    let guest = AssertUnwindSafe(Guest::new());
    bolero::check!().with_max_len(512).with_iterations(3_000).for_each(|bytes: &[u8]| {
        let mut choices = Choices(bytes.iter());
        let (operation, takes) = choices.one(&guest.operations);
        let arguments = match choices.0.next() {
            Some(byte) if byte % 8 == 0 => choices.text(),
            Some(byte) if byte % 8 == 1 => choices.object(&guest.texts, 0).to_string(),
            _ => choices.arguments(takes, &guest.texts).to_string(),
        };
        let run = guest.run();
        guest.check(&run, operation, &arguments);
        let (key, scope) = (choices.text(), choices.one(&guest.texts).clone());
        let set = Call::ConfigSet { key: key.clone(), value: choices.text(), kind: None, scope: None };
        for call in [
            set,
            Call::ConfigGet { key, scope: Some(scope.clone()) },
            Call::ConfigGet { key: "things".into(), scope: Some(scope.clone()) },
            Call::ConfigList { scope: Some(scope) },
        ] {
            let answer = format!("{:?}", guest.runtime.block_on(run.answer(call)));
            assert!(!answer.contains("the platform failed") && !shows(&answer), "{answer}");
        }
    });
}

/// Without chance: each argument of each operation once with everything that names something of
/// another organization.
#[test]
fn no_argument_leads_to_another_organization() {
    let guest = Guest::new();
    for (operation, takes) in &guest.operations {
        let (run, least) = (guest.run(), guest.least(operation));
        for name in takes {
            for id in &guest.foreign.ids {
                for value in [json!(id), json!([id]), json!({ "id": id, "scope": id })] {
                    let mut arguments = least.clone();
                    arguments.insert(name.clone(), value);
                    guest.check(&run, operation, &Value::Object(arguments).to_string());
                }
            }
        }
    }
}

/// Operations that are not looked into would be tried with nothing.
#[test]
fn every_operation_says_what_it_takes() {
    let guest = Guest::new();
    let silent: Vec<_> = guest.operations.iter().filter(|(_, takes)| takes.is_empty()).collect();
    assert!(matches!(silent[..], [("organizations.list", _)]), "{silent:?}");
    let takes_no_scope = |takes: &[String]| !takes.iter().any(|name| name == "scope");
    let scopeless = guest.operations.iter().filter(|(_, takes)| takes_no_scope(takes));
    let scopeless: Vec<_> = scopeless.map(|(name, _)| *name).collect();
    let of_platform = ["list", "get", "create", "update"].map(|name| format!("organizations.{name}"));
    assert_eq!(scopeless, of_platform);
    let refused = guest.call(&guest.run(), "nothing.at_all", "{}").expect_err("there is none");
    assert_eq!(refused.kind, ErrorKind::NotFound);
}

/// The control: the same calls by a run of the organization that has the canary.
#[test]
fn whose_the_canary_is_finds_it() {
    let guest = Guest::new();
    let admin = guest.foreign.admin.clone();
    let (organization, execution) = (admin.organization, guest.foreign.run);
    let workspace = Scope::Organization(organization);
    let own = guest.run();
    let foreign = Grants { organization, workspace, caller: admin, api: None, ..guest.run() };
    for (operation, arguments) in [
        ("tables.query", json!({ "table": "things" })),
        ("tables.get", json!({ "table": "things", "doc_id": "one" })),
        ("files.read", json!({ "path": "things.txt", "location": "uploads" })),
        ("files.read", json!({ "path": "things.txt", "location": "uploads", "offset": 1 })),
        ("forms.list", json!({})),
        ("forms.get", json!({ "form_id": guest.foreign.form })),
        ("integrations.list", json!({})),
        ("integrations.get", json!({ "name": "things" })),
        ("integrations.get_mapping", json!({ "name": "things" })),
        ("roles.list", json!({})),
        ("users.list", json!({})),
        ("executions.get", json!({ "execution_id": execution })),
        ("organizations.get", json!({ "org_id": organization })),
    ] {
        let text = guest.call(&foreign, operation, &arguments.to_string()).expect(operation);
        assert!(shows(&text), "{operation} {arguments}: {text}");
        guest.check(&own, operation, &arguments.to_string());
    }
    let secret = Call::ConfigGet { key: "things".into(), scope: None };
    assert!(shows(&format!("{:?}", guest.runtime.block_on(foreign.answer(secret)))));
}
