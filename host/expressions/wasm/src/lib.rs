//! The evaluator for browsers: JSON in, JSON out, over the memory of the module.
//!
//! The browser asks [`input`] for room, writes a request there, and calls [`check`] or [`evaluate`],
//! which return where the answer is: its address in the high and its length in the low 32 bits. An
//! answer stays until the next call.
//!
//! | function | request | answer |
//! |---|---|---|
//! | `check` | `{"source"}` | `{"fields": […]}`, or `{"error"}` |
//! | `evaluate` | `{"source", "scope"}` | `{"value": …}`, or `{"error"}` |
//!
//! An error has `kind` (`syntax`, `type`, `value`, `limit`, or `request` when the request is not as
//! above), `message`, and `position` and `length` in characters.

#![expect(unsafe_code, reason = "a name that is exported as it is has no other form")]

use bifrost_expressions::{EvalError, Expression, ParseError};
use serde_json::{Value, json};
use std::sync::{Mutex, PoisonError};

static REQUEST: Mutex<Vec<u8>> = Mutex::new(Vec::new());
static ANSWER: Mutex<Vec<u8>> = Mutex::new(Vec::new());

/// Makes room for a request of `length` bytes and returns its address.
// SAFETY: nothing else in the module has this name.
#[unsafe(no_mangle)]
pub extern "C" fn input(length: usize) -> *mut u8 {
    let mut request = REQUEST.lock().unwrap_or_else(PoisonError::into_inner);
    *request = vec![0; length];
    request.as_mut_ptr()
}

/// Reads a source: the fields that it uses, or what is wrong.
// SAFETY: nothing else in the module has this name.
#[unsafe(no_mangle)]
pub extern "C" fn check() -> u64 {
    answer(|source, _| match Expression::parse(source) {
        Ok(expression) => json!({"fields": expression.fields()}),
        Err(error) => syntax(&error),
    })
}

/// Reads a source and evaluates it: its value, or what is wrong.
// SAFETY: nothing else in the module has this name.
#[unsafe(no_mangle)]
pub extern "C" fn evaluate() -> u64 {
    answer(|source, scope| match Expression::parse(source) {
        Ok(expression) => match expression.evaluate(scope) {
            Ok(value) => json!({"value": value}),
            Err(error) => evaluation(&error),
        },
        Err(error) => syntax(&error),
    })
}

/// Answers the request that was written.
fn answer(to: impl Fn(&str, &Value) -> Value) -> u64 {
    let request = std::mem::take(&mut *REQUEST.lock().unwrap_or_else(PoisonError::into_inner));
    let answered = match serde_json::from_slice::<Value>(&request) {
        Ok(request) => match request.get("source").and_then(Value::as_str) {
            Some(source) => to(source, request.get("scope").unwrap_or(&Value::Null)),
            None => failure("request", "the request has no source", 0, 0),
        },
        Err(error) => failure("request", &format!("the request is no JSON that can be read: {error}"), 0, 0),
    };
    let mut answer = ANSWER.lock().unwrap_or_else(PoisonError::into_inner);
    *answer = answered.to_string().into_bytes();
    // Addresses have 32 bits where this runs.
    ((answer.as_ptr() as u64) << 32) | answer.len() as u64
}

fn syntax(error: &ParseError) -> Value {
    failure("syntax", &error.message, error.position.char, error.length)
}

fn evaluation(error: &EvalError) -> Value {
    failure(error.kind.as_str(), &error.message, error.position.char, error.length)
}

fn failure(kind: &str, message: &str, position: usize, length: usize) -> Value {
    json!({"error": {"kind": kind, "message": message, "position": position, "length": length}})
}
