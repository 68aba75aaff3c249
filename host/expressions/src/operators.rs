//! Operators between two values.

use crate::ast::{Node, Operator};
use crate::error::{ErrorKind, EvalError};
use crate::evaluate::{Evaluator, Held, NOTHING, float, name_of, truth};
use crate::number;
use serde_json::Value;
use std::borrow::Cow;
use std::cmp::Ordering;

impl<'a> Evaluator<'a> {
    pub(crate) fn binary(
        &mut self,
        node: &'a Node,
        operator: Operator,
        left: &'a Node,
        right: &'a Node,
    ) -> Result<Held<'a>, EvalError> {
        match operator {
            Operator::And => return Ok(truth(self.condition(left)? && self.condition(right)?)),
            Operator::Or => return Ok(truth(self.condition(left)? || self.condition(right)?)),
            _ => {}
        }
        let first = self.eval(left)?;
        let second = self.eval(right)?;
        Ok(match operator {
            Operator::Equal => truth(self.same(node, &first, &second)?),
            Operator::Differ => truth(!self.same(node, &first, &second)?),
            Operator::Less => truth(self.compare(node, &first, &second)? == Some(Ordering::Less)),
            Operator::Greater => truth(self.compare(node, &first, &second)? == Some(Ordering::Greater)),
            Operator::LessOrEqual => truth(self.compare(node, &first, &second)?.is_some_and(Ordering::is_le)),
            Operator::GreaterOrEqual => {
                truth(self.compare(node, &first, &second)?.is_some_and(Ordering::is_ge))
            }
            Operator::In => truth(self.is_in(node, &first, &second)?),
            Operator::Add if !is_number(&first) || !is_number(&second) => self.join(node, first, second)?,
            _ => {
                let sign = operator.as_str();
                let first = self.number_of(left, &first, sign)?;
                let second = self.number_of(right, &second, sign)?;
                match (first, second) {
                    (Some(first), Some(second)) => self.arithmetic(node, operator, first, second)?,
                    _ => NOTHING,
                }
            }
        })
    }

    fn arithmetic(
        &self,
        node: &Node,
        operator: Operator,
        first: f64,
        second: f64,
    ) -> Result<Held<'a>, EvalError> {
        if second == 0.0 && matches!(operator, Operator::Divide | Operator::Remainder) {
            let message = format!("`{}` divides by zero; test for that before", self.part(node));
            return Err(self.error(node, ErrorKind::Value, message));
        }
        let result = match operator {
            Operator::Add => first + second,
            Operator::Subtract => first - second,
            Operator::Multiply => first * second,
            Operator::Divide => first / second,
            _ => first % second,
        };
        self.finite(node, result)
    }

    /// A number, unless it has become too large to be one.
    pub(crate) fn finite(&self, node: &Node, number: f64) -> Result<Held<'a>, EvalError> {
        if number.is_finite() {
            return Ok(Cow::Owned(number::json(number)));
        }
        let message = format!("`{}` is larger than numbers can be (1.8e308)", self.part(node));
        Err(self.error(node, ErrorKind::Value, message))
    }

    /// `+` of what are not two numbers: texts and lists one after the other.
    fn join(&mut self, node: &'a Node, first: Held<'a>, second: Held<'a>) -> Result<Held<'a>, EvalError> {
        match (first, second) {
            (first, second) if first.is_null() || second.is_null() => Ok(NOTHING),
            (first, second)
                if first.is_string() && second.is_string() || first.is_array() && second.is_array() =>
            {
                self.spend_for(node, &first)?;
                self.spend_for(node, &second)?;
                Ok(Cow::Owned(match (first.into_owned(), second.into_owned()) {
                    (Value::String(first), Value::String(second)) => Value::String(first + &second),
                    (Value::Array(mut first), Value::Array(second)) => {
                        first.extend(second);
                        Value::Array(first)
                    }
                    _ => Value::Null,
                }))
            }
            (first, second) => {
                let message = format!(
                    "`{}` adds {} and {}; `text(…)` and `number(…)` make one of the other",
                    self.part(node),
                    name_of(&first),
                    name_of(&second)
                );
                Err(self.error(node, ErrorKind::Type, message))
            }
        }
    }

    /// The order of two numbers or two texts; none when one of them is nothing.
    pub(crate) fn compare(
        &mut self,
        node: &'a Node,
        first: &Value,
        second: &Value,
    ) -> Result<Option<Ordering>, EvalError> {
        match (first, second) {
            (Value::Null, _) | (_, Value::Null) => Ok(None),
            (Value::Number(first), Value::Number(second)) => Ok(float(first).partial_cmp(&float(second))),
            (Value::String(first), Value::String(second)) => {
                self.spend_bytes(node, first.len().min(second.len()))?;
                Ok(Some(first.cmp(second)))
            }
            _ => {
                let advice = match (first, second) {
                    (Value::String(_), Value::Number(_)) | (Value::Number(_), Value::String(_)) => {
                        "; `number(…)` makes a number of a text"
                    }
                    _ => "; numbers and texts have an order",
                };
                let message = format!(
                    "`{}` compares {} with {}{advice}",
                    self.part(node),
                    name_of(first),
                    name_of(second)
                );
                Err(self.error(node, ErrorKind::Type, message))
            }
        }
    }

    /// Whether two values are equal. Values of different types are not, and that is no error.
    fn same(&mut self, node: &'a Node, first: &Value, second: &Value) -> Result<bool, EvalError> {
        if std::mem::discriminant(first) != std::mem::discriminant(second) {
            return Ok(false);
        }
        if matches!(first, Value::String(_) | Value::Array(_) | Value::Object(_)) {
            self.spend_for(node, first)?;
            self.spend_for(node, second)?;
        }
        Ok(same(first, second))
    }

    /// Whether a value is an item of a list, or a text the name of an object's member.
    pub(crate) fn is_in(&mut self, node: &'a Node, item: &Value, list: &Value) -> Result<bool, EvalError> {
        match (item, list) {
            (_, Value::Null) => Ok(false),
            (_, Value::Array(items)) => {
                for one in items {
                    self.spend(node, 1)?;
                    if self.same(node, item, one)? {
                        return Ok(true);
                    }
                }
                Ok(false)
            }
            (Value::String(name), Value::Object(entries)) => {
                self.spend_bytes(node, name.len())?;
                Ok(entries.contains_key(name))
            }
            _ => {
                let message = format!(
                    "`{}` looks for {} in {}; parts of texts are found by `contains(text, part)`",
                    self.part(node),
                    name_of(item),
                    name_of(list)
                );
                Err(self.error(node, ErrorKind::Type, message))
            }
        }
    }
}

fn is_number(value: &Value) -> bool {
    value.is_number() || value.is_null()
}

/// Numbers are equal by their value, so that 1 is 1.0.
fn same(first: &Value, second: &Value) -> bool {
    match (first, second) {
        (Value::Number(first), Value::Number(second)) => float(first) == float(second),
        (Value::Array(first), Value::Array(second)) => {
            first.len() == second.len() && first.iter().zip(second).all(|(first, second)| same(first, second))
        }
        (Value::Object(first), Value::Object(second)) => {
            first.len() == second.len()
                && first
                    .iter()
                    .all(|(name, first)| second.get(name).is_some_and(|second| same(first, second)))
        }
        _ => first == second,
    }
}
