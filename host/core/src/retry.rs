//! When a run that failed by itself is tried again.

use crate::{Outcome, Status};
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
}
