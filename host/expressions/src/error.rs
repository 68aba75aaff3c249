//! What is wrong with an expression, and where.

use std::fmt;

/// Where something is in a source.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Position {
    /// Bytes of UTF-8 before it.
    pub byte: usize,
    /// Characters (Unicode code points) before it.
    pub char: usize,
}

impl Position {
    /// The position and the length, in characters, of a range of bytes.
    pub(crate) fn of(source: &str, start: usize, end: usize) -> (Self, usize) {
        let chars = |from: usize, to: usize| source.get(from..to).map_or(0, |part| part.chars().count());
        (Self { byte: start, char: chars(0, start) }, chars(start, end))
    }
}

/// Why a source is no expression.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ParseError {
    /// What is wrong, and what to write instead.
    pub message: String,
    /// Where the part at fault begins.
    pub position: Position,
    /// Its length in characters; 0 where something is missing at the end.
    pub length: usize,
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (at character {})", self.message, self.position.char + 1)
    }
}

impl std::error::Error for ParseError {}

/// What kind of thing goes wrong when an expression is evaluated.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum ErrorKind {
    /// A value is of another type than its use needs.
    Type,
    /// The type is right, and this value cannot be used: a division by zero, a text that is no date.
    Value,
    /// More steps, or a larger result, than an expression may have.
    Limit,
}

impl ErrorKind {
    /// Its name in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Type => "type",
            Self::Value => "value",
            Self::Limit => "limit",
        }
    }
}

/// Why an expression has no value for its input. Values of the input are not in it, as they may be secret.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct EvalError {
    /// What kind of error it is.
    pub kind: ErrorKind,
    /// Which part of the expression cannot be evaluated, why, and what to do.
    pub message: String,
    /// Where that part begins.
    pub position: Position,
    /// Its length in characters.
    pub length: usize,
}

impl fmt::Display for EvalError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (at character {})", self.message, self.position.char + 1)
    }
}

impl std::error::Error for EvalError {}
