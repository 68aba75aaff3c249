//! Takes secrets out of what leaves a run. Protects from accidents, not from the code
//! that was given the secret.

use serde_json::Value;
use std::sync::Mutex;

/// Shorter values would blacken ordinary text.
const SHORTEST: usize = 4;
const MASK: &str = "[redacted]";

/// The secrets that one run was given.
#[derive(Default)]
pub struct Redactor(Mutex<Vec<String>>);

impl Redactor {
    /// Remembers a secret.
    pub fn add(&self, secret: &str) {
        let mut secrets = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if secret.len() >= SHORTEST && !secrets.iter().any(|known| known == secret) {
            secrets.push(secret.to_owned());
            // The longest first, so that no part of one survives another.
            secrets.sort_by_key(|s| std::cmp::Reverse(s.len()));
        }
    }

    /// The text without any of the secrets.
    pub fn text(&self, text: String) -> String {
        let secrets = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        secrets.iter().fold(text, |text, secret| {
            if text.contains(secret.as_str()) { text.replace(secret.as_str(), MASK) } else { text }
        })
    }

    /// A JSON value without any of the secrets, keys included.
    pub fn value(&self, value: Value) -> Value {
        match value {
            Value::String(text) => Value::String(self.text(text)),
            Value::Array(items) => items.into_iter().map(|item| self.value(item)).collect(),
            Value::Object(map) => map.into_iter().map(|(k, v)| (self.text(k), self.value(v))).collect(),
            other => other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_leave_nothing_behind() {
        let redactor = Redactor::default();
        redactor.add("hunter22");
        redactor.add("hunter22-long");
        redactor.add("abc");
        let value = serde_json::json!({"hunter22": ["x hunter22-long y", 5], "abc": "abc"});
        let expected = serde_json::json!({"[redacted]": ["x [redacted] y", 5], "abc": "abc"});
        assert_eq!(redactor.value(value), expected);
    }
}
