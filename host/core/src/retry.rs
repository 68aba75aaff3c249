//! When a run that failed by itself is tried again.

use crate::{Outcome, Status, Warning, WorkspaceReport};
use serde_json::{Map, Value};
use std::time::Duration;

/// Most attempts that a workflow can ask for.
const MAX_ATTEMPTS: i64 = 20;
/// Longest pause between two attempts, in seconds.
const MAX_PAUSE: f64 = 86_400.0;

/// What the decorator's `retry_policy` says, such as
/// `{"max_attempts": 5, "backoff_seconds": 2, "errors": ["TimeoutError"]}`.
#[derive(Clone, Debug, PartialEq)]
pub struct RetryPolicy {
    /// Attempts in all.
    pub max_attempts: i32,
    /// Pause before the second attempt, in seconds; twice as long before each further one.
    pub backoff_seconds: f64,
    /// Longest pause, in seconds.
    pub max_backoff_seconds: f64,
    /// Types of errors that are worth another attempt; empty for all but [`Self::NEVER`].
    pub errors: Vec<String>,
}

impl RetryPolicy {
    /// What another attempt cannot change.
    const NEVER: [&str; 3] = ["UserError", "platform_error", "invalid_result"];

    /// The policy among a workflow's registration defaults; `None` for one attempt only.
    /// Numbers out of range are brought into it.
    pub fn from_defaults(defaults: &Map<String, Value>) -> Option<Self> {
        let policy = defaults.get("retry_policy")?.as_object()?;
        let number = |name: &str, default: f64| policy.get(name).and_then(Value::as_f64).unwrap_or(default);
        let attempts = policy.get("max_attempts").and_then(Value::as_i64).unwrap_or(3).clamp(1, MAX_ATTEMPTS);
        let errors = policy.get("errors").and_then(Value::as_array).cloned().unwrap_or_default();
        Some(Self {
            max_attempts: i32::try_from(attempts).unwrap_or(1),
            backoff_seconds: number("backoff_seconds", 2.0).clamp(0.0, MAX_PAUSE),
            max_backoff_seconds: number("max_backoff_seconds", 3_600.0).clamp(0.0, MAX_PAUSE),
            errors: errors.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        })
    }

    /// The pause before another attempt, or `None` when this end stands. `random` is
    /// between 0 and 1: a pause is half fixed and half chance, so that runs which failed
    /// together do not come back together.
    pub fn pause(&self, attempt: i32, outcome: &Outcome, random: f64) -> Option<Duration> {
        let kind = outcome.error_type.as_deref().unwrap_or_default();
        let listed = self.errors.iter().any(|error| error == kind);
        let all =
            self.errors.is_empty() && !Self::NEVER.contains(&kind) && !kind.starts_with("limit_exceeded:");
        let failed = matches!(outcome.status, Status::Failed | Status::Timeout);
        if !failed || attempt >= self.max_attempts || !(listed || all) {
            return None;
        }
        let doubled = self.backoff_seconds * 2f64.powi(attempt.saturating_sub(1).clamp(0, 30));
        let whole = doubled.min(self.max_backoff_seconds);
        Some(Duration::from_secs_f64(whole * (0.5 + 0.5 * random.clamp(0.0, 1.0))))
    }
}

/// Warns of decorators whose policy is taken otherwise than it was written.
pub fn check(report: &mut WorkspaceReport) {
    for info in &report.workflows {
        for wrong in info.defaults.get("retry_policy").map(complaints).unwrap_or_default() {
            report.warnings.push(Warning {
                path: info.path.clone(),
                line: (info.line > 0).then_some(info.line),
                message: format!("the retry_policy of `{}`: {wrong}", info.function),
            });
        }
    }
}

/// What of a policy cannot be meant.
fn complaints(policy: &Value) -> Vec<String> {
    let policy = match policy {
        Value::Null => return vec![],
        Value::Object(policy) => policy,
        _ => return vec!["expected a dict; there is one attempt only".to_owned()],
    };
    let mut wrong = vec![];
    for (key, value) in policy.iter().filter(|(_, value)| !value.is_null()) {
        let (fits, expected) = match key.as_str() {
            "max_attempts" => (
                value.as_i64().is_some_and(|attempts| (1..=MAX_ATTEMPTS).contains(&attempts)),
                format!("a whole number from 1 to {MAX_ATTEMPTS}"),
            ),
            "backoff_seconds" | "max_backoff_seconds" => (
                value.as_f64().is_some_and(|pause| (0.0..=MAX_PAUSE).contains(&pause)),
                format!("a number from 0 to {MAX_PAUSE}"),
            ),
            "errors" => (
                value.as_array().is_some_and(|errors| errors.iter().all(Value::is_string)),
                "a list of names of errors".to_owned(),
            ),
            _ => {
                wrong.push(format!("`{key}` is unknown"));
                continue;
            }
        };
        if !fits {
            wrong.push(format!("`{key}` is not {expected}; the nearest that is one, or the default, counts"));
        }
    }
    wrong
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn policy(value: Value) -> RetryPolicy {
        let defaults = json!({"retry_policy": value});
        RetryPolicy::from_defaults(defaults.as_object().expect("object")).expect("a policy")
    }

    fn failed(kind: &str) -> Outcome {
        Outcome::ended(Status::Failed, kind, "")
    }

    #[test]
    fn pauses_double_up_to_the_longest_and_end_with_the_attempts() {
        let policy = policy(json!({"max_attempts": 4, "backoff_seconds": 10, "max_backoff_seconds": 25}));
        let pause =
            |attempt, random| policy.pause(attempt, &failed("OSError"), random).map(|d| d.as_secs_f64());
        assert_eq!(
            [pause(1, 1.0), pause(2, 1.0), pause(3, 1.0), pause(4, 1.0)],
            [Some(10.0), Some(20.0), Some(25.0), None]
        );
        assert_eq!(pause(1, 0.0), Some(5.0));
    }

    #[test]
    fn only_errors_that_are_meant_are_tried_again() {
        let listed = policy(json!({"errors": ["TimeoutError", "limit_exceeded:wall_ms"]}));
        assert!(listed.pause(1, &failed("TimeoutError"), 0.5).is_some());
        assert!(listed.pause(1, &failed("ValueError"), 0.5).is_none());
        let timeout = Outcome::ended(Status::Timeout, "limit_exceeded:wall_ms", "");
        assert!(listed.pause(1, &timeout, 0.5).is_some());
        let all = policy(json!({}));
        assert!(all.pause(1, &failed("ValueError"), 0.5).is_some());
        for kind in ["UserError", "limit_exceeded:fuel"] {
            assert!(all.pause(1, &failed(kind), 0.5).is_none(), "{kind}");
        }
        assert!(all.pause(1, &Outcome::ended(Status::Cancelled, "cancelled", ""), 0.5).is_none());
    }

    #[test]
    fn nonsense_is_brought_into_range() {
        let odd = policy(json!({"max_attempts": 1e30 as i64, "backoff_seconds": -1e300, "errors": "x"}));
        assert_eq!(odd.max_attempts, 20);
        assert_eq!(odd.pause(19, &failed("E"), 2.0), Some(Duration::ZERO));
    }

    #[test]
    fn what_is_taken_otherwise_is_warned_of() {
        let warnings = |policy: Value| {
            let workflow = json!({
                "id": "a.py::f", "path": "a.py", "function": "f", "line": 7, "name": "f", "kind": "workflow",
                "parameters": [], "defaults": {"retry_policy": policy},
            });
            let mut report: WorkspaceReport =
                serde_json::from_value(json!({"workflows": [workflow]})).expect("a report");
            check(&mut report);
            assert!(report.warnings.iter().all(|warning| warning.path == "a.py" && warning.line == Some(7)));
            report.warnings.into_iter().map(|warning| warning.message).collect::<Vec<_>>()
        };
        for good in [
            json!(null),
            json!({}),
            json!({"max_attempts": 20, "backoff_seconds": 0, "max_backoff_seconds": 86_400, "errors": []}),
            json!({"max_attempts": null, "errors": ["OSError"]}),
        ] {
            assert_eq!(warnings(good.clone()), Vec::<String>::new(), "{good}");
        }
        for (bad, part) in [
            (json!(3), "a dict"),
            (json!({"max_attempts": 21}), "`max_attempts`"),
            (json!({"max_attempts": 2.5}), "`max_attempts`"),
            (json!({"backoff_seconds": "2"}), "from 0 to 86400"),
            (json!({"max_backoff_seconds": -1}), "`max_backoff_seconds`"),
            (json!({"errors": "OSError"}), "a list"),
            (json!({"attempts": 3}), "`attempts` is unknown"),
        ] {
            let said = warnings(bad.clone());
            assert!(said.len() == 1 && said[0].contains(part), "{bad}: {said:?}");
        }
        assert_eq!(warnings(json!({"max_attempts": 0, "tries": 1, "errors": [1]})).len(), 3);
    }
}
