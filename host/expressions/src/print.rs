//! Expressions written out: with the same parentheses and quotes, however somebody wrote them.

use crate::ast::{Kind, Node};
use crate::number;
use crate::parse::{CONTEXT, FIELDS, MATCHES, NOW};
use serde_json::Value;
use std::fmt::{Display, Formatter, Result};

impl Display for Node {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match &self.kind {
            Kind::Literal(Value::Number(number)) => {
                f.write_str(&number::text(crate::evaluate::float(number)))
            }
            Kind::Literal(value) => write!(f, "{value}"),
            Kind::List(nodes) => {
                f.write_str("[")?;
                separated(f, nodes)?;
                f.write_str("]")
            }
            Kind::Object(entries) => {
                f.write_str("{")?;
                for (at, (name, node)) in entries.iter().enumerate() {
                    let comma = if at > 0 { ", " } else { "" };
                    write!(f, "{comma}{}: {node}", quoted(name))?;
                }
                f.write_str("}")
            }
            Kind::Field(name) if is_name(name) => write!(f, "{FIELDS}.{name}"),
            Kind::Field(name) => write!(f, "{FIELDS}[{}]", quoted(name)),
            Kind::Context => f.write_str(CONTEXT),
            Kind::Now => f.write_str(NOW),
            Kind::Local(_, name) => f.write_str(name),
            Kind::Member(object, name) => write!(f, "{}.{name}", Operand(object)),
            Kind::Index(list, index) => write!(f, "{}[{index}]", Operand(list)),
            Kind::Not(operand) => write!(f, "!{}", Operand(operand)),
            Kind::Negate(operand) => write!(f, "-{}", Operand(operand)),
            Kind::Binary(operator, left, right) => {
                write!(f, "{} {} {}", Operand(left), operator.as_str(), Operand(right))
            }
            Kind::Choose(nodes) => {
                let [condition, first, second] = nodes.as_ref();
                write!(f, "{} ? {} : {}", Operand(condition), Operand(first), Operand(second))
            }
            Kind::Call(function, nodes) => {
                write!(f, "{}(", function.name())?;
                separated(f, nodes)?;
                f.write_str(")")
            }
            Kind::Matches(text, pattern) => write!(f, "{MATCHES}({text}, {})", quoted(pattern.0.as_str())),
            Kind::Each(each, list, name, body) => {
                write!(f, "{}.{}({name}, {body})", Operand(list), each.as_str())
            }
        }
    }
}

/// A part that stands beside an operator: in parentheses, if it has operators itself.
struct Operand<'n>(&'n Node);

impl Display for Operand<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match &self.0.kind {
            Kind::Not(_) | Kind::Negate(_) | Kind::Binary(..) | Kind::Choose(_) => write!(f, "({})", self.0),
            _ => write!(f, "{}", self.0),
        }
    }
}

fn separated(f: &mut Formatter<'_>, nodes: &[Node]) -> Result {
    for (at, node) in nodes.iter().enumerate() {
        write!(f, "{}{node}", if at > 0 { ", " } else { "" })?;
    }
    Ok(())
}

/// A text in quotes, with the escapes of JSON.
fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}

/// Whether a name can stand behind a dot.
fn is_name(name: &str) -> bool {
    let mut chars = name.chars();
    chars.next().is_some_and(|first| first.is_alphabetic() || first == '_')
        && chars.all(|other| other.is_alphanumeric() || other == '_')
}
