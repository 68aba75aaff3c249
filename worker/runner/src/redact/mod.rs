//! Takes secrets out of what leaves a run: as they are, and in the encodings that
//! programs put them into without thinking. Protects from accidents, not from the code
//! that was given the secret.

mod lines;
mod matcher;
mod patterns;
#[cfg(test)]
mod properties;
mod views;

pub(crate) use lines::Lines;

use matcher::Matcher;
use serde_json::Value;
use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use zeroize::Zeroize;

/// Shorter values would blacken ordinary text, in bytes.
const SHORTEST: usize = 4;
/// From so many bytes on, encodings of a secret are recognized too, and each of its lines.
const SHORTEST_ENCODED: usize = 8;
/// Secrets of one run that are looked for, in bytes together; some hundred certificates.
const MOST_BYTES: usize = 1 << 20;
/// How many they may be: each new one makes the automaton anew.
const MOST: usize = 2_000;
const MASK: &str = "[redacted]";

/// The secrets that one run was given. Costs nothing until there is one.
#[derive(Default)]
pub struct Redactor {
    has_secrets: AtomicBool,
    known: Mutex<Known>,
}

/// A secret, wiped from memory with the run.
#[derive(PartialEq, Eq, Hash)]
struct Secret(String);

impl Drop for Secret {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

#[derive(Default)]
struct Known {
    secrets: HashSet<Secret>,
    bytes: usize,
    /// Made at the first use after a secret was added.
    matcher: Option<Arc<Matcher>>,
}

/// The run has read more secrets than can be looked for.
#[derive(Debug)]
pub struct TooMany;

impl std::fmt::Display for TooMany {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "one run may read {MOST} secrets of {MOST_BYTES} bytes together")
    }
}

impl Redactor {
    /// Remembers a secret: a text, or every text and number within a document.
    ///
    /// # Errors
    /// When the run would know more than can be looked for; it must not be told this one.
    pub fn add(&self, secret: &Value) -> Result<(), TooMany> {
        let mut parts = Vec::new();
        collect(secret, &mut parts);
        let mut known = self.known();
        for part in parts {
            if part.0.len() < SHORTEST || known.secrets.contains(&part) {
                continue;
            }
            if known.bytes + part.0.len() > MOST_BYTES || known.secrets.len() >= MOST {
                return Err(TooMany);
            }
            known.bytes += part.0.len();
            known.secrets.insert(part);
            known.matcher = None;
            self.has_secrets.store(true, Ordering::Release);
        }
        Ok(())
    }

    /// The text without any of the secrets.
    pub fn text(&self, text: String) -> String {
        match self.matcher() {
            Some(matcher) => masked(text, &matcher),
            None => text,
        }
    }

    /// A JSON value without any of the secrets, keys and numbers included.
    pub fn value(&self, value: Value) -> Value {
        match self.matcher() {
            Some(matcher) => masked_value(value, &matcher),
            None => value,
        }
    }

    fn matcher(&self) -> Option<Arc<Matcher>> {
        if !self.has_secrets.load(Ordering::Acquire) {
            return None;
        }
        let mut known = self.known();
        if known.matcher.is_none() {
            let secrets = known.secrets.iter().map(|secret| secret.0.as_str());
            known.matcher = Some(Arc::new(Matcher::new(secrets)));
        }
        known.matcher.clone()
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What of a value is secret; the value as a whole is too, should it be printed so.
fn collect(value: &Value, parts: &mut Vec<Secret>) {
    match value {
        Value::String(text) => parts.push(Secret(text.clone())),
        Value::Number(number) => parts.push(Secret(number.to_string())),
        Value::Array(items) => items.iter().for_each(|item| collect(item, parts)),
        Value::Object(map) => map.values().for_each(|item| collect(item, parts)),
        Value::Bool(_) | Value::Null => {}
    }
}

fn masked(text: String, matcher: &Matcher) -> String {
    let spans = matcher.spans(&text);
    if spans.is_empty() { text } else { replace(&text, &spans) }
}

fn masked_value(value: Value, matcher: &Matcher) -> Value {
    match value {
        Value::String(text) => Value::String(masked(text, matcher)),
        Value::Array(items) => items.into_iter().map(|item| masked_value(item, matcher)).collect(),
        Value::Object(map) => {
            map.into_iter().map(|(key, item)| (masked(key, matcher), masked_value(item, matcher))).collect()
        }
        Value::Number(number) => match masked(number.to_string(), matcher) {
            text if text.contains(MASK) => Value::String(text),
            _ => Value::Number(number),
        },
        other => other,
    }
}

/// The text with a mask in place of each span; spans are in order and apart.
fn replace(text: &str, spans: &[std::ops::Range<usize>]) -> String {
    let mut out = String::with_capacity(text.len());
    let mut from = 0;
    for span in spans {
        out.push_str(&text[from..span.start]);
        out.push_str(MASK);
        from = span.end;
    }
    out.push_str(&text[from..]);
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn secrets_leave_nothing_behind() {
        let redactor = Redactor::default();
        for secret in ["hunter22", "hunter22-long", "abc"] {
            redactor.add(&json!(secret)).expect("few");
        }
        let value = json!({"hunter22": ["x hunter22-long y", 5], "abc": "abc"});
        let expected = json!({"[redacted]": ["x [redacted] y", 5], "abc": "abc"});
        assert_eq!(redactor.value(value), expected);
    }

    #[test]
    fn what_overlaps_is_one_and_documents_are_taken_apart() {
        let redactor = Redactor::default();
        redactor.add(&json!({"user": ["abcdef", 123_456], "on": true})).expect("few");
        redactor.add(&json!("defghi")).expect("few");
        assert_eq!(redactor.text("1 abcdefghi 2".into()), "1 [redacted] 2");
        assert_eq!(
            redactor.value(json!({"pin": 123_456, "on": true, "n": 12})),
            json!({"pin": "[redacted]", "on": true, "n": 12})
        );
    }

    #[test]
    fn each_line_of_a_long_secret_is_one() {
        let redactor = Redactor::default();
        let key = "-----BEGIN KEY-----\r\nMIIEvQIBADANBgkqhkiG\r\nshort\r\n-----END KEY-----\n";
        redactor.add(&json!(key)).expect("few");
        assert_eq!(redactor.text(key.into()), "[redacted]");
        assert_eq!(redactor.text("> MIIEvQIBADANBgkqhkiG".into()), "> [redacted]");
        assert_eq!(redactor.text("a short one".into()), "a short one");
    }

    #[test]
    fn what_was_cut_shows_no_half_of_a_secret() {
        let redactor = Redactor::default();
        redactor.add(&json!("correct-horse-battery")).expect("few");
        let cut = "it is correct-hor… [9 characters left out] …battery, yes";
        assert_eq!(redactor.text(cut.into()), "it is [redacted]… [9 characters left out] …[redacted], yes");
        assert_eq!(redactor.text("it is cor… (truncated)".into()), "it is cor… (truncated)");
    }

    #[test]
    fn a_run_cannot_know_more_than_is_looked_for() {
        let redactor = Redactor::default();
        let secret = |n: usize| json!(format!("{n:08}").repeat(8_192));
        for n in 0..16 {
            redactor.add(&secret(n)).expect("within the limit");
            redactor.add(&secret(n)).expect("known already");
        }
        assert!(redactor.add(&secret(16)).is_err());
        let text = format!("<{}>", "00000007".repeat(8_192));
        assert_eq!(redactor.text(text), "<[redacted]>");
    }

    #[test]
    fn without_secrets_text_is_not_even_looked_at() {
        let text = "x".repeat(100);
        let place = text.as_ptr();
        let shown = Redactor::default().text(text);
        assert_eq!(shown.as_ptr(), place);
    }
}
