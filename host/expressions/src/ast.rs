//! What an expression is made of.

use crate::functions::Function;
use crate::limits::{MAX_PATTERN_BYTES, MAX_PATTERN_PROGRAM_BYTES};
use regex_lite::{Regex, RegexBuilder};
use serde_json::Value;

/// A part of an expression, and where it stands.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub kind: Kind,
    /// First byte in the source.
    pub start: usize,
    /// The byte after the last.
    pub end: usize,
    /// Levels below and with this one, at most [`crate::MAX_DEPTH`].
    pub height: usize,
}

#[derive(Clone, Debug)]
pub(crate) enum Kind {
    /// Nothing, a truth value, a number or a text, as it is written.
    Literal(Value),
    List(Vec<Node>),
    /// In the order in which it is written.
    Object(Vec<(String, Node)>),
    /// A field of the form.
    Field(String),
    /// Who fills in the form, and where.
    Context,
    /// The time at which the form is filled in.
    Now,
    /// A name of [`Kind::Each`], by how many of them stand around it.
    Local(usize, String),
    Member(Box<Node>, String),
    Index(Box<Node>, Box<Node>),
    Not(Box<Node>),
    Negate(Box<Node>),
    Binary(Operator, Box<Node>, Box<Node>),
    /// `condition ? first : second`
    Choose(Box<[Node; 3]>),
    Call(Function, Vec<Node>),
    Matches(Box<Node>, Pattern),
    Each(Each, Box<Node>, String, Box<Node>),
}

/// An operator between two values.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Operator {
    Or,
    And,
    Equal,
    Differ,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    In,
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
}

/// All of them as they are written, with how strongly they bind.
const OPERATORS: [(Operator, &str, u8); 14] = [
    (Operator::Or, "||", 2),
    (Operator::And, "&&", 3),
    (Operator::Equal, "==", 4),
    (Operator::Differ, "!=", 4),
    (Operator::Less, "<", 4),
    (Operator::LessOrEqual, "<=", 4),
    (Operator::Greater, ">", 4),
    (Operator::GreaterOrEqual, ">=", 4),
    (Operator::In, "in", 4),
    (Operator::Add, "+", 5),
    (Operator::Subtract, "-", 5),
    (Operator::Multiply, "*", 6),
    (Operator::Divide, "/", 6),
    (Operator::Remainder, "%", 6),
];

/// How strongly `? :` binds: least of all.
pub(crate) const CHOOSE: u8 = 1;
/// How strongly comparisons bind.
pub(crate) const COMPARISON: u8 = 4;
/// How strongly the operators before a value bind.
pub(crate) const PREFIX: u8 = 7;

impl Operator {
    pub(crate) fn find(written: &str) -> Option<Self> {
        OPERATORS.iter().find(|(_, text, _)| *text == written).map(|(operator, ..)| *operator)
    }

    fn row(self) -> (&'static str, u8) {
        OPERATORS
            .iter()
            .find(|(one, ..)| *one == self)
            .map_or(("", 0), |(_, text, binding)| (*text, *binding))
    }

    pub(crate) fn as_str(self) -> &'static str {
        self.row().0
    }

    pub(crate) fn binding(self) -> u8 {
        self.row().1
    }
}

/// What is done with each item of a list.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Each {
    /// Whether a condition holds for all items.
    All,
    /// Whether it holds for at least one.
    Exists,
    /// The items for which it holds.
    Filter,
    /// Another value for each.
    Map,
}

impl Each {
    pub(crate) const ALL: [(Self, &str); 4] =
        [(Self::All, "all"), (Self::Exists, "exists"), (Self::Filter, "filter"), (Self::Map, "map")];

    pub(crate) fn as_str(self) -> &'static str {
        Self::ALL.iter().find(|(each, _)| *each == self).map_or("", |(_, name)| name)
    }
}

/// A regular expression, compiled when its expression is parsed.
#[derive(Clone, Debug)]
pub(crate) struct Pattern(pub Regex);

impl Pattern {
    /// Fails with what is wrong with the pattern.
    pub(crate) fn parse(source: &str) -> Result<Self, String> {
        if source.len() > MAX_PATTERN_BYTES {
            return Err(format!(
                "this pattern has {} bytes, {MAX_PATTERN_BYTES} are allowed; use several",
                source.len()
            ));
        }
        let built = RegexBuilder::new(source).size_limit(MAX_PATTERN_PROGRAM_BYTES).build();
        built.map(Self).map_err(|error| match error.to_string() {
            large if large.contains("size limit") => {
                "this pattern is too large: repeat less, as in `{1,20}`".to_owned()
            }
            error => format!("this is no pattern: {error}"),
        })
    }
}
