//! The language of forms: rules for what is shown, what is required, what is valid and what is
//! there at first.
//!
//! ```
//! use bifrost_expressions::Expression;
//! use serde_json::json;
//!
//! let rule = Expression::parse("fields.country == 'DE' && size(fields.users) > 3")?;
//! let scope = json!({"fields": {"country": "DE", "users": ["a", "b", "c", "d"]}});
//! assert_eq!(rule.evaluate_bool(&scope), Ok(true));
//! # Ok::<(), bifrost_expressions::ParseError>(())
//! ```
//!
//! An expression looks at JSON and makes JSON: it reads no clock and changes nothing, so its value
//! depends on its input alone. The browser evaluates it with this same code, compiled to
//! WebAssembly. What each operator and function does stands in `docs/guide/expressions.md`, and as
//! cases in `conformance.json`.

mod ast;
mod date;
mod error;
mod evaluate;
mod functions;
mod limits;
mod number;
mod operators;
mod parse;
mod print;
#[cfg(test)]
mod tests;
mod token;

pub use error::{ErrorKind, EvalError, ParseError, Position};
pub use limits::*;

use evaluate::Evaluator;
use serde_json::Value;
use std::collections::BTreeSet;
use std::fmt;

/// The day that a date, or a time as `2026-11-26T08:39:00+01:00`, is written with, as days since
/// 1970-01-01; none where a text is neither.
pub fn days(text: &str) -> Option<i64> {
    date::Date::parse(text).map(date::Date::days)
}

/// An expression that can be evaluated. It is displayed in one form, however it was written.
#[derive(Clone, Debug)]
pub struct Expression {
    source: String,
    root: ast::Node,
    fields: BTreeSet<String>,
}

impl Expression {
    /// Reads an expression of at most [`MAX_SOURCE_BYTES`] and [`MAX_DEPTH`] levels. Its patterns are
    /// compiled, and the functions that it calls are known afterwards.
    ///
    /// # Errors
    /// The first thing that is wrong, where it stands, and what to write instead.
    pub fn parse(source: &str) -> Result<Self, ParseError> {
        let (root, fields) = parse::parse(source)?;
        Ok(Self { source: source.to_owned(), root, fields })
    }

    /// The value for an input: an object with `fields` (the values of the form), `context` and `now`
    /// (a date or time as text), where what is missing is nothing (null). It takes at most
    /// [`MAX_STEPS`] steps and has at most [`MAX_RESULT_BYTES`].
    ///
    /// # Errors
    /// When a value has the wrong type, cannot be used, or is too much work.
    pub fn evaluate(&self, scope: &Value) -> Result<Value, EvalError> {
        Evaluator::new(&self.source, scope).run(&self.root)
    }

    /// Whether a condition holds; nothing (null) does not.
    ///
    /// # Errors
    /// As [`Self::evaluate`], and when the value is neither true, false nor nothing.
    pub fn evaluate_bool(&self, scope: &Value) -> Result<bool, EvalError> {
        Evaluator::new(&self.source, scope).condition(&self.root)
    }

    /// The names of all fields that the value may depend on.
    pub fn fields(&self) -> BTreeSet<String> {
        self.fields.clone()
    }
}

impl fmt::Display for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.root.fmt(f)
    }
}
