//! The value of an expression for an input.

use crate::ast::{Each, Kind, Node};
use crate::error::{ErrorKind, EvalError, Position};
use crate::limits::{BYTES_PER_STEP, MAX_RESULT_BYTES, MAX_STEPS, MAX_VALUE_DEPTH, STEPS_PER_MATCHED_BYTE};
use crate::number;
use crate::parse::{CONTEXT, FIELDS, MATCHES, NOW};
use serde_json::{Map, Value};
use std::borrow::Cow;

/// A value, of the input or the expression where it is one of theirs.
pub(crate) type Held<'a> = Cow<'a, Value>;

/// What is not there.
pub(crate) const NOTHING: Held<'static> = Cow::Borrowed(&Value::Null);

/// Most characters of an expression that are repeated in a message.
const EXCERPT_CHARS: usize = 40;

/// One evaluation.
pub(crate) struct Evaluator<'a> {
    source: &'a str,
    scope: &'a Value,
    steps_left: usize,
    /// Items that `all`, `exists`, `filter` and `map` look at, the innermost last.
    locals: Vec<Held<'a>>,
}

impl<'a> Evaluator<'a> {
    pub(crate) fn new(source: &'a str, scope: &'a Value) -> Self {
        Self { source, scope, steps_left: MAX_STEPS, locals: Vec::new() }
    }

    /// The value of a whole expression.
    pub(crate) fn run(&mut self, root: &'a Node) -> Result<Value, EvalError> {
        let value = self.eval(root)?;
        if bytes_left(&value, MAX_RESULT_BYTES, MAX_VALUE_DEPTH).is_none() {
            let message =
                format!("the result has more than {MAX_RESULT_BYTES} bytes or {MAX_VALUE_DEPTH} levels");
            return Err(self.error(root, ErrorKind::Limit, message));
        }
        Ok(value.into_owned())
    }

    /// Steps that were taken.
    #[cfg(test)]
    pub(crate) fn steps(&self) -> usize {
        MAX_STEPS - self.steps_left
    }

    pub(crate) fn eval(&mut self, node: &'a Node) -> Result<Held<'a>, EvalError> {
        self.spend(node, 1)?;
        match &node.kind {
            Kind::Literal(value) => Ok(Cow::Borrowed(value)),
            Kind::Field(name) => Ok(of_scope(self.scope, FIELDS).get(name).map_or(NOTHING, Cow::Borrowed)),
            Kind::Context => Ok(Cow::Borrowed(of_scope(self.scope, CONTEXT))),
            Kind::Now => Ok(Cow::Borrowed(of_scope(self.scope, NOW))),
            Kind::Local(slot, _) => {
                let value = self.locals.get(*slot).cloned().unwrap_or(NOTHING);
                if matches!(value, Cow::Owned(_)) {
                    self.spend_for(node, &value)?;
                }
                Ok(value)
            }
            Kind::List(nodes) => {
                let mut items = Vec::with_capacity(nodes.len());
                for one in nodes {
                    items.push(self.owned(one)?);
                }
                Ok(Cow::Owned(Value::Array(items)))
            }
            Kind::Object(entries) => {
                let mut object = Map::new();
                for (name, one) in entries {
                    self.spend_bytes(one, name.len())?;
                    let value = self.owned(one)?;
                    object.insert(name.clone(), value);
                }
                Ok(Cow::Owned(Value::Object(object)))
            }
            Kind::Member(object, name) => {
                let value = self.eval(object)?;
                self.member(object, value, name)
            }
            Kind::Index(list, index) => self.index(list, index),
            Kind::Not(operand) => Ok(truth(!self.condition(operand)?)),
            Kind::Negate(operand) => {
                let value = self.eval(operand)?;
                Ok(self
                    .number_of(operand, &value, "-")?
                    .map_or(NOTHING, |number| Cow::Owned(number::json(-number))))
            }
            Kind::Binary(operator, left, right) => self.binary(node, *operator, left, right),
            Kind::Choose(nodes) => {
                let [condition, first, second] = nodes.as_ref();
                if self.condition(condition)? { self.eval(first) } else { self.eval(second) }
            }
            Kind::Call(function, nodes) => self.call(node, *function, nodes),
            Kind::Matches(operand, pattern) => {
                let value = self.eval(operand)?;
                let Some(text) = self.text_of(operand, &value, MATCHES)? else { return Ok(truth(false)) };
                self.spend(node, text.len().saturating_mul(STEPS_PER_MATCHED_BYTE))?;
                Ok(truth(pattern.0.is_match(text)))
            }
            Kind::Each(each, list, _, body) => self.each(*each, list, body),
        }
    }

    /// The value of a part, as one that can be kept: what belongs to the input is copied.
    fn owned(&mut self, node: &'a Node) -> Result<Value, EvalError> {
        match self.eval(node)? {
            Cow::Owned(value) => Ok(value),
            Cow::Borrowed(value) => {
                self.spend_for(node, value)?;
                Ok(value.clone())
            }
        }
    }

    /// Whether a condition holds. Nothing does not: a box that nobody has ticked is not there.
    pub(crate) fn condition(&mut self, node: &'a Node) -> Result<bool, EvalError> {
        match self.eval(node)?.as_ref() {
            Value::Bool(holds) => Ok(*holds),
            Value::Null => Ok(false),
            other => {
                let advice = match other {
                    Value::Number(_) => "compare it, as in `> 0`",
                    Value::Bool(_) | Value::Null => "",
                    _ => "write `!empty(…)` for whether there is something in it",
                };
                let message = format!(
                    "`{}` is {}, and a condition is true or false; {advice}",
                    self.part(node),
                    name_of(other)
                );
                Err(self.error(node, ErrorKind::Type, message))
            }
        }
    }

    fn member(&self, object: &Node, value: Held<'a>, name: &str) -> Result<Held<'a>, EvalError> {
        match value {
            Cow::Borrowed(Value::Object(entries)) => Ok(entries.get(name).map_or(NOTHING, Cow::Borrowed)),
            Cow::Owned(Value::Object(mut entries)) => Ok(entries.remove(name).map_or(NOTHING, Cow::Owned)),
            other if other.is_null() => Ok(NOTHING),
            other => {
                let message =
                    format!("`{}` is {}, which has no member `{name}`", self.part(object), name_of(&other));
                Err(self.error(object, ErrorKind::Type, message))
            }
        }
    }

    fn index(&mut self, list: &'a Node, index: &'a Node) -> Result<Held<'a>, EvalError> {
        let value = self.eval(list)?;
        let key = self.eval(index)?;
        match (value, key.as_ref()) {
            (value, _) if value.is_null() => Ok(NOTHING),
            (_, Value::Null) => Ok(NOTHING),
            (value, Value::String(name)) if value.is_object() => {
                self.spend_bytes(index, name.len())?;
                self.member(list, value, name)
            }
            (value, Value::Number(position)) if value.is_array() => {
                let position = float(position);
                if position.fract() != 0.0 {
                    let message =
                        format!("`{}` is no whole number, and entries are counted from 0", self.part(index));
                    return Err(self.error(index, ErrorKind::Value, message));
                }
                if position < 0.0 {
                    return Ok(NOTHING);
                }
                #[expect(
                    clippy::cast_possible_truncation,
                    clippy::cast_sign_loss,
                    reason = "whole and not negative; what is too large is behind the end as well"
                )]
                let position = position as usize;
                match value {
                    Cow::Borrowed(list) => Ok(list.get(position).map_or(NOTHING, Cow::Borrowed)),
                    Cow::Owned(Value::Array(mut list)) if position < list.len() => {
                        Ok(Cow::Owned(list.swap_remove(position)))
                    }
                    Cow::Owned(_) => Ok(NOTHING),
                }
            }
            (value, key) => {
                let message = format!(
                    "`{}` is {} and `{}` is {}; lists have numbers for their entries, objects have texts",
                    self.part(list),
                    name_of(&value),
                    self.part(index),
                    name_of(key)
                );
                Err(self.error(index, ErrorKind::Type, message))
            }
        }
    }

    fn each(&mut self, each: Each, list: &'a Node, body: &'a Node) -> Result<Held<'a>, EvalError> {
        let items: Vec<Held<'a>> = match self.eval(list)? {
            Cow::Borrowed(Value::Array(items)) => {
                self.spend(list, items.len())?;
                items.iter().map(Cow::Borrowed).collect()
            }
            Cow::Owned(Value::Array(items)) => items.into_iter().map(Cow::Owned).collect(),
            other if other.is_null() => Vec::new(),
            other => return Err(self.wrong(list, &other, each.as_str(), "a list", "")),
        };
        let mut kept = Vec::new();
        for item in items {
            self.locals.push(item);
            let outcome = match each {
                Each::Map => Some(self.owned(body)?),
                Each::All if !self.condition(body)? => return Ok(self.leave(truth(false))),
                Each::Exists if self.condition(body)? => return Ok(self.leave(truth(true))),
                Each::Filter if self.condition(body)? => {
                    let item = self.locals.last().cloned().unwrap_or(NOTHING);
                    self.spend_for(list, &item)?;
                    Some(item.into_owned())
                }
                Each::All | Each::Exists | Each::Filter => None,
            };
            kept.extend(outcome);
            self.locals.pop();
        }
        Ok(match each {
            Each::All => truth(true),
            Each::Exists => truth(false),
            Each::Filter | Each::Map => Cow::Owned(Value::Array(kept)),
        })
    }

    /// Ends before the last item; the innermost name means nothing any more.
    fn leave(&mut self, value: Held<'a>) -> Held<'a> {
        self.locals.pop();
        value
    }

    /// A text, or none where there is nothing.
    pub(crate) fn text_of<'v>(
        &self,
        node: &Node,
        value: &'v Value,
        by: &str,
    ) -> Result<Option<&'v str>, EvalError> {
        match value {
            Value::Null => Ok(None),
            Value::String(text) => Ok(Some(text)),
            other => {
                let advice = if other.is_number() { "; `text(…)` makes one of it" } else { "" };
                Err(self.wrong(node, other, by, "a text", advice))
            }
        }
    }

    /// A number, or none where there is nothing.
    pub(crate) fn number_of(&self, node: &Node, value: &Value, by: &str) -> Result<Option<f64>, EvalError> {
        match value {
            Value::Null => Ok(None),
            Value::Number(number) => Ok(Some(float(number))),
            other => {
                let advice = if other.is_string() { "; `number(…)` makes one of it" } else { "" };
                Err(self.wrong(node, other, by, "a number", advice))
            }
        }
    }

    /// Takes steps, if they are left.
    pub(crate) fn spend(&mut self, node: &Node, steps: usize) -> Result<(), EvalError> {
        match self.steps_left.checked_sub(steps) {
            Some(left) => {
                self.steps_left = left;
                Ok(())
            }
            None => {
                self.steps_left = 0;
                let message = format!(
                    "the expression takes more than {MAX_STEPS} steps for this input; look at shorter lists and texts"
                );
                Err(self.error(node, ErrorKind::Limit, message))
            }
        }
    }

    /// Takes the steps for bytes that are read or made.
    pub(crate) fn spend_bytes(&mut self, node: &Node, bytes: usize) -> Result<(), EvalError> {
        self.spend(node, bytes.div_ceil(BYTES_PER_STEP))
    }

    /// Takes the steps for all of a value to be read or copied.
    pub(crate) fn spend_for(&mut self, node: &Node, value: &Value) -> Result<(), EvalError> {
        let budget = self.steps_left.saturating_mul(BYTES_PER_STEP);
        let steps = match bytes_left(value, budget, MAX_VALUE_DEPTH) {
            Some(left) => (budget - left).div_ceil(BYTES_PER_STEP),
            None => self.steps_left.saturating_add(1),
        };
        self.spend(node, steps)
    }

    /// The error of a value that is of the wrong type for a function or an operator.
    pub(crate) fn wrong(
        &self,
        node: &Node,
        value: &Value,
        by: &str,
        wanted: &str,
        advice: &str,
    ) -> EvalError {
        let message =
            format!("`{}` is {}, and `{by}` needs {wanted}{advice}", self.part(node), name_of(value));
        self.error(node, ErrorKind::Type, message)
    }

    pub(crate) fn error(&self, node: &Node, kind: ErrorKind, message: String) -> EvalError {
        let (position, length) = Position::of(self.source, node.start, node.end);
        EvalError { kind, message, position, length }
    }

    /// A part as it is written, for messages.
    pub(crate) fn part(&self, node: &Node) -> String {
        let written = self.source.get(node.start..node.end).unwrap_or_default();
        match written.char_indices().nth(EXCERPT_CHARS) {
            Some((end, _)) => format!("{}…", written.get(..end).unwrap_or_default()),
            None => written.to_owned(),
        }
    }
}

pub(crate) fn truth(holds: bool) -> Held<'static> {
    Cow::Owned(Value::Bool(holds))
}

fn of_scope<'a>(scope: &'a Value, name: &str) -> &'a Value {
    scope.get(name).unwrap_or(&Value::Null)
}

/// Numbers of JSON that are no doubles cannot be read, unless another crate changes what JSON is.
pub(crate) fn float(number: &serde_json::Number) -> f64 {
    number.as_f64().unwrap_or_default()
}

/// What a value is, in a message.
pub(crate) fn name_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "nothing",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

/// What is left of a number of bytes after a value: those of its texts, and 8 for every value in it.
/// None when it has more, or more levels.
fn bytes_left(value: &Value, bytes: usize, levels: usize) -> Option<usize> {
    let left = bytes.checked_sub(8)?;
    match value {
        Value::String(text) => left.checked_sub(text.len()),
        Value::Array(items) => {
            let levels = levels.checked_sub(1)?;
            items.iter().try_fold(left, |left, item| bytes_left(item, left, levels))
        }
        Value::Object(entries) => {
            let levels = levels.checked_sub(1)?;
            entries.iter().try_fold(left, |left, (name, value)| {
                bytes_left(value, left.checked_sub(name.len())?, levels)
            })
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => Some(left),
    }
}
