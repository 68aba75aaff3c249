//! Functions. Each may be called in two ways: `size(list)` is `list.size()`.

use crate::ast::Node;
use crate::date::Date;
use crate::error::{ErrorKind, EvalError};
use crate::evaluate::{Evaluator, Held, NOTHING, float, truth};
use crate::number;
use serde_json::Value;
use std::borrow::Cow;
use std::cmp::Ordering;

/// A function whose values are all evaluated before it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Function {
    Has,
    Empty,
    Coalesce,
    Size,
    Contains,
    StartsWith,
    EndsWith,
    Lower,
    Upper,
    Trim,
    Text,
    Number,
    Round,
    Floor,
    Ceil,
    Abs,
    Min,
    Max,
    Sum,
    Date,
    AddDays,
    DaysBetween,
    YearsBetween,
    Weekday,
}

use Function::{
    Abs, AddDays, Ceil, Coalesce, Contains, DaysBetween, Empty, EndsWith, Floor, Has, Lower, Max, Min, Round,
    Size, StartsWith, Sum, Trim, Upper, Weekday, YearsBetween,
};

/// All functions, as people see them, with the fewest and the most values they take.
const FUNCTIONS: [(Function, &str, usize, usize); 24] = [
    (Has, "has(value)", 1, 1),
    (Empty, "empty(value)", 1, 1),
    (Coalesce, "coalesce(value, other, …)", 1, usize::MAX),
    (Size, "size(text, list or object)", 1, 1),
    (Contains, "contains(text or list, part)", 2, 2),
    (StartsWith, "startsWith(text, beginning)", 2, 2),
    (EndsWith, "endsWith(text, end)", 2, 2),
    (Lower, "lower(text)", 1, 1),
    (Upper, "upper(text)", 1, 1),
    (Trim, "trim(text)", 1, 1),
    (Function::Text, "text(value)", 1, 1),
    (Function::Number, "number(text)", 1, 1),
    (Round, "round(number, digits)", 1, 2),
    (Floor, "floor(number)", 1, 1),
    (Ceil, "ceil(number)", 1, 1),
    (Abs, "abs(number)", 1, 1),
    (Min, "min(list) or min(value, other, …)", 1, usize::MAX),
    (Max, "max(list) or max(value, other, …)", 1, usize::MAX),
    (Sum, "sum(list)", 1, 1),
    (Function::Date, "date(text)", 1, 1),
    (AddDays, "addDays(date, days)", 2, 2),
    (DaysBetween, "daysBetween(first, last)", 2, 2),
    (YearsBetween, "yearsBetween(first, last)", 2, 2),
    (Weekday, "weekday(date)", 1, 1),
];

/// More digits than this do not change a number.
const MAX_DIGITS: f64 = 20.0;

impl Function {
    pub(crate) fn find(name: &str) -> Option<Self> {
        FUNCTIONS.iter().find(|(function, ..)| function.name() == name).map(|(function, ..)| *function)
    }

    /// The names of all.
    pub(crate) fn names() -> impl Iterator<Item = &'static str> {
        FUNCTIONS.iter().map(|(function, ..)| function.name())
    }

    fn row(self) -> (&'static str, usize, usize) {
        FUNCTIONS
            .iter()
            .find(|(function, ..)| *function == self)
            .map_or(("", 0, 0), |(_, signature, fewest, most)| (*signature, *fewest, *most))
    }

    /// How it is called.
    pub(crate) fn signature(self) -> &'static str {
        self.row().0
    }

    pub(crate) fn name(self) -> &'static str {
        self.signature().split('(').next().unwrap_or_default()
    }

    /// Whether it can be called with that many values.
    pub(crate) fn takes(self, count: usize) -> bool {
        let (_, fewest, most) = self.row();
        (fewest..=most).contains(&count)
    }
}

impl<'a> Evaluator<'a> {
    /// Calls a function; the parser has counted its values.
    pub(crate) fn call(
        &mut self,
        node: &'a Node,
        function: Function,
        nodes: &'a [Node],
    ) -> Result<Held<'a>, EvalError> {
        match (function, nodes) {
            (Coalesce, _) => {
                for one in nodes {
                    let value = self.eval(one)?;
                    if !value.is_null() {
                        return Ok(value);
                    }
                }
                Ok(NOTHING)
            }
            (Min | Max, [list]) => match self.eval(list)? {
                Cow::Borrowed(Value::Array(items)) => {
                    self.furthest(node, function, items.iter().map(Cow::Borrowed))
                }
                Cow::Owned(Value::Array(items)) => {
                    self.furthest(node, function, items.into_iter().map(Cow::Owned))
                }
                other => self.furthest(node, function, std::iter::once(other)),
            },
            (Min | Max, _) => {
                let mut values = Vec::with_capacity(nodes.len());
                for one in nodes {
                    values.push(self.eval(one)?);
                }
                self.furthest(node, function, values.into_iter())
            }
            (_, [first]) => {
                let value = self.eval(first)?;
                self.call_one(node, function, first, value)
            }
            (_, [first, second]) => {
                let values = (self.eval(first)?, self.eval(second)?);
                self.call_two(node, function, (first, &values.0), (second, &values.1))
            }
            _ => Ok(NOTHING),
        }
    }

    fn call_one(
        &mut self,
        node: &'a Node,
        function: Function,
        first: &'a Node,
        value: Held<'a>,
    ) -> Result<Held<'a>, EvalError> {
        let name = function.name();
        Ok(match function {
            Has => truth(!value.is_null()),
            Empty => truth(match value.as_ref() {
                Value::Null => true,
                Value::String(text) => text.is_empty(),
                Value::Array(items) => items.is_empty(),
                Value::Object(entries) => entries.is_empty(),
                Value::Bool(_) | Value::Number(_) => false,
            }),
            Size => whole(match value.as_ref() {
                Value::Null => 0,
                Value::String(text) => {
                    self.spend_bytes(node, text.len())?;
                    text.chars().count()
                }
                Value::Array(items) => items.len(),
                Value::Object(entries) => entries.len(),
                other => return Err(self.wrong(first, other, name, "a text, a list or an object", "")),
            }),
            Lower | Upper | Trim => match self.text_of(first, &value, name)? {
                None => NOTHING,
                Some(text) => {
                    self.spend_bytes(node, text.len())?;
                    Cow::Owned(Value::String(match function {
                        Lower => text.to_lowercase(),
                        Upper => text.to_uppercase(),
                        _ => text.trim().to_owned(),
                    }))
                }
            },
            Function::Text => match value.as_ref() {
                Value::Null | Value::String(_) => value,
                Value::Bool(holds) => Cow::Owned(Value::String(holds.to_string())),
                Value::Number(number) => {
                    let text = number::text(float(number));
                    self.spend_bytes(node, text.len())?;
                    Cow::Owned(Value::String(text))
                }
                other => return Err(self.wrong(first, other, name, "a number, a text, true or false", "")),
            },
            Function::Number => match value.as_ref() {
                Value::Null | Value::Number(_) => value,
                Value::String(text) => {
                    self.spend_bytes(node, text.len())?;
                    match number::parse(text) {
                        Some(number) => Cow::Owned(number::json(number)),
                        None if text.trim().is_empty() => NOTHING,
                        None => {
                            let message = format!(
                                "the text of `{}` is no number; numbers are written as in 1234.5",
                                self.part(first)
                            );
                            return Err(self.error(first, ErrorKind::Value, message));
                        }
                    }
                }
                other => return Err(self.wrong(first, other, name, "a text or a number", "")),
            },
            Sum => {
                let Value::Array(items) = value.as_ref() else {
                    return if value.is_null() {
                        Ok(whole(0))
                    } else {
                        Err(self.wrong(first, &value, name, "a list", ""))
                    };
                };
                let mut sum = 0.0;
                for item in items {
                    self.spend(node, 1)?;
                    sum += match item {
                        Value::Number(number) => float(number),
                        Value::Null => 0.0,
                        _ => return Err(self.wrong(first, &value, name, "a list of numbers", "")),
                    };
                }
                self.finite(node, sum)?
            }
            Function::Date => self
                .date_of(first, &value, name)?
                .map_or(NOTHING, |date| Cow::Owned(Value::String(date.to_string()))),
            Weekday => self.date_of(first, &value, name)?.map_or(NOTHING, |date| days(date.weekday())),
            _ => match self.number_of(first, &value, name)? {
                None => NOTHING,
                Some(number) => Cow::Owned(number::json(match function {
                    Floor => number.floor(),
                    Ceil => number.ceil(),
                    Abs => number.abs(),
                    _ => number.round(),
                })),
            },
        })
    }

    fn call_two(
        &mut self,
        node: &'a Node,
        function: Function,
        (first, value): (&'a Node, &Value),
        (second, other): (&'a Node, &Value),
    ) -> Result<Held<'a>, EvalError> {
        let name = function.name();
        match function {
            Contains if value.is_array() => return Ok(truth(self.is_in(node, other, value)?)),
            Contains | StartsWith | EndsWith => {
                let text = self.text_of(first, value, name)?;
                let part = self.text_of(second, other, name)?;
                let (Some(text), Some(part)) = (text, part) else { return Ok(truth(false)) };
                self.spend_bytes(node, text.len() + part.len())?;
                return Ok(truth(match function {
                    StartsWith => text.starts_with(part),
                    EndsWith => text.ends_with(part),
                    _ => text.contains(part),
                }));
            }
            Round => {
                let number = self.number_of(first, value, name)?;
                let digits = self.whole_of(second, other, name)?;
                let (Some(number), Some(digits)) = (number, digits) else { return Ok(NOTHING) };
                #[expect(clippy::cast_possible_truncation, reason = "it is whole, and at most 20")]
                let digits = digits.clamp(-MAX_DIGITS, MAX_DIGITS) as i32;
                return Ok(Cow::Owned(number::json(number::round(number, digits))));
            }
            _ => {}
        }
        let Some(from) = self.date_of(first, value, name)? else {
            return Ok(NOTHING);
        };
        if function == AddDays {
            let Some(count) = self.whole_of(second, other, name)? else { return Ok(NOTHING) };
            #[expect(
                clippy::cast_possible_truncation,
                reason = "what is too large is too large afterwards too"
            )]
            let date = from.days().checked_add(count as i64).and_then(Date::from_days);
            return match date {
                Some(date) => Ok(Cow::Owned(Value::String(date.to_string()))),
                None => {
                    let message = format!("`{}` is outside of the years 1 to 9999", self.part(node));
                    Err(self.error(node, ErrorKind::Value, message))
                }
            };
        }
        let Some(to) = self.date_of(second, other, name)? else { return Ok(NOTHING) };
        Ok(days(if function == DaysBetween { to.days() - from.days() } else { from.years_until(to) }))
    }

    /// The smallest or the largest of some values; what is nothing does not count.
    fn furthest(
        &mut self,
        node: &'a Node,
        function: Function,
        values: impl Iterator<Item = Held<'a>>,
    ) -> Result<Held<'a>, EvalError> {
        let wanted = if function == Min { Ordering::Less } else { Ordering::Greater };
        let mut furthest = NOTHING;
        for value in values {
            self.spend(node, 1)?;
            // Compared with itself at first, so that what has no order is refused even alone.
            let against = if furthest.is_null() { &value } else { &furthest };
            let order = self.compare(node, &value, against)?;
            if order.is_some() && (furthest.is_null() || order == Some(wanted)) {
                furthest = value;
            }
        }
        Ok(furthest)
    }

    /// A day, or none where there is nothing, not even a character.
    fn date_of(&mut self, node: &Node, value: &Value, by: &str) -> Result<Option<Date>, EvalError> {
        let text = match value {
            Value::Null => return Ok(None),
            Value::String(text) if text.is_empty() => return Ok(None),
            Value::String(text) => text,
            other => return Err(self.wrong(node, other, by, "a date, which is a text", "")),
        };
        self.spend_bytes(node, text.len())?;
        Date::parse(text).map(Some).ok_or_else(|| {
            let message =
                format!("the text of `{}` is no date; dates are written as in 2026-01-31", self.part(node));
            self.error(node, ErrorKind::Value, message)
        })
    }

    /// A number without a fraction, or none where there is nothing.
    fn whole_of(&self, node: &Node, value: &Value, by: &str) -> Result<Option<f64>, EvalError> {
        let number = self.number_of(node, value, by)?;
        if number.is_some_and(|number| number.fract() != 0.0) {
            let message = format!("`{}` is no whole number, and `{by}` needs one", self.part(node));
            return Err(self.error(node, ErrorKind::Value, message));
        }
        Ok(number)
    }
}

fn whole(count: usize) -> Held<'static> {
    Cow::Owned(Value::from(count))
}

fn days(count: i64) -> Held<'static> {
    Cow::Owned(Value::from(count))
}
