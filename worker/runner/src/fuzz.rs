//! Whatever a sandbox process or a guest may send: it is refused, or answered within its
//! limits and its scope, and nothing panics. The corpora in `__fuzz__` are always tried;
//! `BOLERO_RANDOM_TEST_TIME_MS` and `BOLERO_RANDOM_ITERATIONS` search for longer.

use crate::guard::{self, Guard};
use crate::protocol::{Call, FromSandbox, MAX_CALL, WireInvocation, Work};
use crate::testing::World;
use bifrost_core::{ExecutionId, Limits};
use bifrost_sandbox::ErrorKind;
use bifrost_store::organizations::{self, NewOrganization};
use serde_json::{Map, Value};
use std::panic::AssertUnwindSafe;

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

const OPERATIONS: [&str; 30] = [
    "context.set_scope",
    "organizations.list",
    "organizations.get",
    "organizations.create",
    "organizations.update",
    "users.list",
    "users.get",
    "users.create",
    "users.update",
    "roles.list",
    "roles.get",
    "roles.create",
    "roles.update",
    "roles.delete",
    "roles.list_users",
    "roles.assign_users",
    "workflows.list",
    "workflows.execute",
    "workflows.cancel",
    "executions.list",
    "executions.get",
    "executions.logs",
    "integrations.list",
    "integrations.get",
    "integrations.refresh",
    "integrations.list_mappings",
    "integrations.get_mapping",
    "integrations.upsert_mapping",
    "integrations.delete_mapping",
    "nothing.at_all",
];

const NAMES: [&str; 29] = [
    "scope",
    "org_id",
    "name",
    "domain",
    "is_active",
    "user_id",
    "email",
    "is_superuser",
    "role_id",
    "workflow",
    "parameters",
    "run_as",
    "org",
    "execution_id",
    "status",
    "start_date",
    "limit",
    "after",
    "include_inactive",
    "workflow_name",
    "entity_id",
    "entity_name",
    "config",
    "version",
    "oauth_scope",
    "user",
    "user_ids",
    "description",
    "permissions",
];

/// Takes choices from random bytes; zero when there are no more.
struct Choices<'a>(std::slice::Iter<'a, u8>);

impl Choices<'_> {
    fn one<T: Clone>(&mut self, of: &[T]) -> T {
        of[usize::from(self.0.next().copied().unwrap_or_default()) % of.len()].clone()
    }

    fn text(&mut self) -> String {
        let length = self.0.next().copied().unwrap_or_default() % 32;
        let bytes: Vec<u8> = (0..length).filter_map(|_| self.0.next().copied()).collect();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    fn value(&mut self, ids: &[String], depth: u8) -> Value {
        match self.0.next().copied().unwrap_or_default() % 8 {
            0 => Value::Null,
            1 => Value::Bool(self.one(&[true, false])),
            2 => self.one(&[0, -1, 1, 100, i64::MAX, i64::MIN]).into(),
            3 => self.text().into(),
            4 if depth < 3 => vec![self.value(ids, depth + 1), self.value(ids, depth + 1)].into(),
            5 if depth < 3 => self.object(ids, depth + 1),
            _ => self.one(ids).into(),
        }
    }

    fn object(&mut self, ids: &[String], depth: u8) -> Value {
        let length = self.0.next().copied().unwrap_or_default() % 5;
        let fields = (0..length).map(|_| (self.one(&NAMES).to_owned(), self.value(ids, depth)));
        fields.collect::<Map<_, _>>().into()
    }
}

/// Calls of the platform by a run of an organization's own code, whose caller is that
/// organization's administrator.
#[test]
fn calls_of_a_guest() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let (world, ids) = runtime.block_on(async {
        let world = World::new().await;
        world.set("own", "own", None).await;
        let new = NewOrganization { name: CANARY.into(), ..NewOrganization::default() };
        let foreign = organizations::create(&world.db, new).await.expect("made").id;
        let ids = [foreign.to_string(), world.organization.to_string(), ExecutionId::new().to_string()];
        let texts = ["global", "", "u@o.test", "a@p.test", "Success", "2026-01-01T00:00:00Z", CANARY, "own"];
        (world, ids.into_iter().chain(texts.map(str::to_owned)).collect::<Vec<_>>())
    });
    let (world, runtime) = (AssertUnwindSafe(world), AssertUnwindSafe(runtime));
    bolero::check!().with_max_len(512).with_iterations(3_000).for_each(|bytes: &[u8]| {
        let mut choices = Choices(bytes.iter());
        let grants = world.run(ExecutionId::new());
        let operation = choices.one(&OPERATIONS);
        let arguments = match choices.0.next() {
            Some(byte) if byte % 8 == 0 => choices.text(),
            _ => choices.object(&ids, 0).to_string(),
        };
        let answer = runtime.block_on(grants.platform(operation, &arguments));
        match answer {
            Ok(text) => {
                serde_json::from_str::<Value>(&text).expect("JSON");
                assert!(
                    !text.contains(CANARY) || arguments.contains(CANARY),
                    "{operation} {arguments}: {text}"
                );
            }
            Err(error) => {
                assert!(error.kind != ErrorKind::Unavailable, "{operation} {arguments}: {}", error.message);
            }
        }
        let (key, scope) = (choices.text(), choices.one(&ids));
        let set = Call::ConfigSet { key: key.clone(), value: choices.text(), kind: None, scope: None };
        for call in [
            set,
            Call::ConfigGet { key, scope: Some(scope.clone()) },
            Call::ConfigList { scope: Some(scope) },
        ] {
            let answer = runtime.block_on(grants.answer(call));
            assert!(!format!("{answer:?}").contains("the platform failed"), "{answer:?}");
        }
    });
}
