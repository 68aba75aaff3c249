//! Tables of hostile workflows: each is run armed, and harmless as its own control.

use crate::{Host, Lab, Server};
use bifrost_core::{Limits, Outcome, Status};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How a run has to end.
pub enum Expect {
    /// Failed by one of these limits.
    Limit(&'static [&'static str]),
    /// Ended by the wall limit.
    Timeout,
    /// Failed with one of these error types.
    Failed(&'static [&'static str]),
    /// Failed, however, with an error that has a name; `crashed` is none.
    AnyFailure,
    /// Failed, and this holds.
    Fails(fn(&Seen<'_>) -> bool),
    /// Success with this value.
    Value(Value),
    /// Success, whatever the value.
    Success,
    /// Success; `reached` in the result names nothing but these.
    Reaches(&'static [&'static str]),
    /// Success, and this holds.
    Holds(fn(&Seen<'_>) -> bool),
    /// One of these.
    Any(Vec<Expect>),
}

/// What there is to look at after a run.
pub struct Seen<'a> {
    /// How it ended.
    pub outcome: &'a Outcome,
    /// What the host was asked.
    pub host: &'a Host,
    /// Its result, or null.
    pub value: &'a Value,
}

impl Expect {
    fn holds(&self, seen: &Seen<'_>) -> bool {
        let outcome = seen.outcome;
        let kind = outcome.error_type.as_deref().unwrap_or("");
        let success = outcome.status == Status::Success;
        match self {
            Self::Limit(names) => {
                let name = kind.strip_prefix("limit_exceeded:");
                outcome.status == Status::Failed && name.is_some_and(|n| names.contains(&n))
            }
            Self::Timeout => outcome.status == Status::Timeout,
            Self::Failed(kinds) => outcome.status == Status::Failed && kinds.contains(&kind),
            Self::AnyFailure => outcome.status == Status::Failed && !kind.is_empty() && kind != "crashed",
            Self::Fails(check) => outcome.status == Status::Failed && check(seen),
            Self::Value(value) => success && seen.value == value,
            Self::Success => success,
            Self::Reaches(allowed) => {
                let names = seen.value["reached"].as_array();
                let allowed = |name: &Value| name.as_str().is_some_and(|n| allowed.contains(&n));
                success && names.is_some_and(|names| names.iter().all(allowed))
            }
            Self::Holds(check) => success && check(seen),
            Self::Any(options) => options.iter().any(|option| option.holds(seen)),
        }
    }
}

/// One workflow of the hostile workspace.
pub struct Case {
    id: &'static str,
    arguments: Value,
    limits: Limits,
    armed: Expect,
    control: Expect,
    after: fn(&Seen<'_>) -> bool,
    longest: Duration,
}

/// A case with small limits; see the methods for more.
pub fn case(id: &'static str, armed: Expect, control: Expect) -> Case {
    let limits = Limits {
        memory_bytes: 128 << 20,
        wall_ms: 10_000,
        fuel: Limits::FUEL_PER_SECOND,
        log_bytes: 1 << 20,
        result_bytes: 1 << 20,
        http_calls: 50,
        http_concurrent: 5,
        http_body_bytes: 1 << 20,
        host_resources: 2_000,
        ..Limits::default()
    };
    Case {
        id,
        arguments: json!({}),
        limits,
        armed,
        control,
        after: |_| true,
        longest: Duration::from_secs(30),
    }
}

impl Case {
    /// More arguments. In texts, `{url}` and in numbers -1 stand for the test's server.
    pub fn with(mut self, arguments: Value) -> Self {
        self.arguments = arguments;
        self
    }

    /// Other limits.
    pub fn limits(mut self, change: fn(&mut Limits)) -> Self {
        change(&mut self.limits);
        self
    }

    /// Another expectation for the control.
    pub fn control(mut self, control: Expect) -> Self {
        self.control = control;
        self
    }

    /// Has to hold after the armed run, however it ended.
    pub fn after(mut self, check: fn(&Seen<'_>) -> bool) -> Self {
        self.after = check;
        self
    }

    fn name(&self) -> String {
        if self.arguments == json!({}) {
            self.id.to_owned()
        } else {
            format!("{} {}", self.id, self.arguments)
        }
    }

    fn parameters(&self, armed: bool, server: &Server) -> Value {
        let mut parameters = self.arguments.clone();
        if let Some(fields) = parameters.as_object_mut() {
            for value in fields.values_mut() {
                if let Some(path) = value.as_str().and_then(|t| t.strip_prefix("{url}")) {
                    *value = server.url(path).into();
                } else if *value == json!(-1) {
                    *value = server.port().into();
                }
            }
            fields.insert("armed".to_owned(), armed.into());
        }
        parameters
    }

    async fn problems(&self, lab: &Lab, server: &Server, armed: bool) -> Vec<String> {
        let host = lab.host();
        let parameters = self.parameters(armed, server);
        let started = Instant::now();
        let invocation = lab.invocation(self.id, &parameters, &self.limits, &host);
        let outcome = lab.built.image.run(invocation).await;
        let took = started.elapsed();
        let value = outcome.result.clone().unwrap_or(Value::Null);
        let seen = Seen { outcome: &outcome, host: &host, value: &value };
        let expected = if armed { &self.armed } else { &self.control };
        let mut problems = vec![];
        if !expected.holds(&seen) {
            problems.push("ended otherwise".to_owned());
        }
        if armed && !(self.after)(&seen) {
            problems.push("what has to hold afterwards does not".to_owned());
        }
        if took > self.longest {
            problems.push(format!("took {took:?}"));
        }
        if outcome.memory_peak_bytes > self.limits.memory_bytes {
            problems.push(format!("used {} bytes", outcome.memory_peak_bytes));
        }
        if host.log_bytes() as u64 > self.limits.log_bytes {
            problems.push(format!("logged {} bytes", host.log_bytes()));
        }
        let name = if armed { "armed" } else { "control" };
        if std::env::var_os("BIFROST_TESTS_VERBOSE").is_some() {
            eprintln!("{} {name} {took:?}: {}", self.name(), shown(&outcome));
        }
        problems
            .into_iter()
            .map(|problem| format!("{} ({name}): {problem}: {}", self.name(), shown(&outcome)))
            .collect()
    }
}

fn shown(outcome: &Outcome) -> String {
    let short = |text: String| text.chars().take(900).collect::<String>();
    let tail = |text: &str| {
        let lines: Vec<_> = text.lines().rev().take(4).collect();
        lines.into_iter().rev().collect::<Vec<_>>().join(" / ")
    };
    format!(
        "{:?} {} {} {} {}",
        outcome.status,
        outcome.error_type.as_deref().unwrap_or(""),
        short(outcome.error.clone().unwrap_or_default()),
        short(outcome.result.as_ref().map(Value::to_string).unwrap_or_default()),
        short(tail(outcome.traceback.as_deref().unwrap_or(""))),
    )
}

/// Runs the cases, each armed and as its control, with a trivial run after each armed
/// one; panics with all failures at once.
pub async fn run_table(lab: &Lab, cases: Vec<Case>) {
    let server = Server::start().await.expect("server");
    let trivial = json!({"armed": false});
    let mut failures = vec![];
    for case in &cases {
        let mut problems = case.problems(lab, &server, false).await;
        problems.extend(case.problems(lab, &server, true).await);
        failures.extend(problems);
        let (next, _) = lab.run("exits.py::exit_sys", trivial.clone()).await;
        if next.result != Some(json!({"alive": true})) {
            failures.push(format!("{}: the next run: {}", case.name(), shown(&next)));
        }
    }
    assert!(failures.is_empty(), "{} of {} cases:\n{}", failures.len(), cases.len(), failures.join("\n"));
}

/// Runs one workflow of a table's kind alone.
impl Lab {
    /// Runs with these limits on a host of its own.
    pub async fn limited(
        &self,
        id: &str,
        parameters: Value,
        change: fn(&mut Limits),
    ) -> (Outcome, Arc<Host>) {
        let (host, mut limits) = (self.host(), Limits::default());
        change(&mut limits);
        let invocation = self.invocation(id, &parameters, &limits, &host);
        (self.built.image.run(invocation).await, host)
    }
}
