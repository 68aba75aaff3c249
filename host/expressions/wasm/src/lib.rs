//! The evaluator for browsers: JSON in, JSON out, over the memory of the module.
//!
//! The browser asks [`input`] for room, writes a request there, and calls [`check`], [`evaluate`]
//! or [`form`], which return where the answer is: its address in the high and its length in the low 32 bits. An
//! answer stays until the next call.
//!
//! | function | request | answer |
//! |---|---|---|
//! | `check` | `{"source"}` | `{"fields": […]}`, or `{"error"}` |
//! | `evaluate` | `{"source", "scope"}` | `{"value": …}`, or `{"error"}` |
//! | `form` | `{"definition", "input"}` | `{"state": …}`, or `{"error"}` |
//!
//! An error has `kind` (`syntax`, `type`, `value`, `limit`, or `request` when the request is not as
//! above or its definition is none), `message`, and `position` and `length` in characters.

#![expect(unsafe_code, reason = "a name that is exported as it is has no other form")]

use bifrost_expressions::{EvalError, Expression, ParseError};
use bifrost_forms::{Filled, Form};
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
    answer(|request| {
        let Some(source) = source(request) else { return no_source() };
        match Expression::parse(source) {
            Ok(expression) => json!({"fields": expression.fields()}),
            Err(error) => syntax(&error),
        }
    })
}

/// Reads a source and evaluates it: its value, or what is wrong.
// SAFETY: nothing else in the module has this name.
#[unsafe(no_mangle)]
pub extern "C" fn evaluate() -> u64 {
    answer(|request| {
        let Some(source) = source(request) else { return no_source() };
        match Expression::parse(source) {
            Ok(expression) => match expression.evaluate(part(request, "scope")) {
                Ok(value) => json!({"value": value}),
                Err(error) => evaluation(&error),
            },
            Err(error) => syntax(&error),
        }
    })
}

/// Reads a form and what is filled in: what is true of it, or what is wrong.
// SAFETY: nothing else in the module has this name.
#[unsafe(no_mangle)]
pub extern "C" fn form() -> u64 {
    answer(|request| {
        let form = Form::read_saved(part(request, "definition"));
        match (form, Filled::read(part(request, "input"))) {
            (Ok(form), Ok(filled)) => json!({"state": form.state(&filled).json()}),
            (Err(problems), _) => {
                let problem = problems.first();
                let text = problem.map(|problem| format!("{}: {}", problem.path, problem.message));
                failure("request", &format!("the form cannot be read: {}", text.unwrap_or_default()), 0, 0)
            }
            (_, Err(message)) => failure("request", &message, 0, 0),
        }
    })
}

/// Answers the request that was written.
fn answer(to: impl Fn(&Value) -> Value) -> u64 {
    let request = std::mem::take(&mut *REQUEST.lock().unwrap_or_else(PoisonError::into_inner));
    let answered = match serde_json::from_slice::<Value>(&request) {
        Ok(request) => to(&request),
        Err(error) => failure("request", &format!("the request is no JSON that can be read: {error}"), 0, 0),
    };
    let mut answer = ANSWER.lock().unwrap_or_else(PoisonError::into_inner);
    *answer = answered.to_string().into_bytes();
    // Addresses have 32 bits where this runs.
    ((answer.as_ptr() as u64) << 32) | answer.len() as u64
}

fn part<'a>(request: &'a Value, name: &str) -> &'a Value {
    request.get(name).unwrap_or(&Value::Null)
}

fn source(request: &Value) -> Option<&str> {
    request.get("source").and_then(Value::as_str)
}

fn no_source() -> Value {
    failure("request", "the request has no source", 0, 0)
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
