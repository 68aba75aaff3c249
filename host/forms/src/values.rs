//! Values: when one is nothing, what a text stands for, and what is wrong with one.

use crate::dates::{self, Moment};
use crate::definition::{Field, Kind, Validation};
use crate::limits::{MAX_CHOSEN, MAX_FILES, MAX_VALUE_BYTES};
use serde_json::{Number, Value};
use std::cmp::Ordering;

/// Longest e-mail address, in bytes, and longest part before its `@`.
const EMAIL_BYTES: (usize, usize) = (254, 64);

/// A plain value as people read it.
pub(crate) fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// Equal as JSON is: 1 is 1.0.
pub(crate) fn same(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Number(one), Value::Number(other)) => one.as_f64() == other.as_f64(),
        _ => one == other,
    }
}

/// True for what is not filled in: nothing, an empty text, an empty list.
pub(crate) fn is_nothing(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(list) => list.is_empty(),
        _ => false,
    }
}

/// A value as it is kept: an empty text is nothing, a box that nobody ticked is false, and nothing
/// chosen of many is an empty list.
pub(crate) fn normal(field: &Field, value: Value) -> Value {
    if !is_nothing(&value) {
        return value;
    }
    match field.kind {
        Kind::Checkbox => Value::Bool(false),
        Kind::MultiSelect => Value::Array(Vec::new()),
        Kind::File if field.multiple => Value::Array(Vec::new()),
        _ => Value::Null,
    }
}

/// What a default stands for: a text for a number, a box or a list is read as one.
pub(crate) fn meant(field: &Field, value: Value) -> Value {
    match &value {
        Value::String(text) => of_text(field, text).unwrap_or(value),
        _ => value,
    }
}

/// What a text stands for in a field, as an address brings it.
pub(crate) fn of_text(field: &Field, text: &str) -> Option<Value> {
    match field.kind {
        Kind::Number => number(text),
        Kind::Checkbox => match text.trim().to_ascii_lowercase().as_str() {
            "true" | "1" | "yes" | "on" => Some(Value::Bool(true)),
            "false" | "0" | "no" | "off" => Some(Value::Bool(false)),
            _ => None,
        },
        Kind::MultiSelect => {
            let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
            Some(parts.map(|part| option_named(field, part)).collect())
        }
        Kind::Select | Kind::Radio => Some(option_named(field, text)),
        _ => Some(Value::from(text)),
    }
}

fn option_named(field: &Field, text: &str) -> Value {
    let found = field.options.iter().find(|option| plain(&option.value) == text);
    found.map_or_else(|| Value::from(text), |option| option.value.clone())
}

fn number(text: &str) -> Option<Value> {
    let text = text.trim();
    let is_plain = text.bytes().all(|byte| byte.is_ascii_digit() || b"+-.eE".contains(&byte));
    let number = text.parse::<f64>().ok().filter(|number| is_plain && number.is_finite())?;
    if let Ok(whole) = text.parse::<i64>() {
        return Some(Value::from(whole));
    }
    Number::from_f64(number).map(Value::Number)
}

/// What keeps a value from being of its field's kind; it is not nothing.
pub(crate) fn wrong_kind(field: &Field, value: &Value) -> Option<&'static str> {
    let short = |text: &str| text.len() <= MAX_VALUE_BYTES && !text.contains('\0');
    match (field.kind, value) {
        (Kind::Text | Kind::Textarea, Value::String(text)) => {
            (!short(text)).then_some("This text is too long")
        }
        (Kind::Text | Kind::Textarea, _) => Some("Enter a text"),
        (Kind::Email, Value::String(text)) if is_email(text) => None,
        (Kind::Email, _) => Some("Enter an e-mail address, such as ada@example.com"),
        (Kind::Number, Value::Number(number)) if number.as_f64().is_some_and(f64::is_finite) => None,
        (Kind::Number, _) => Some("Enter a number"),
        (Kind::Checkbox, Value::Bool(_)) => None,
        (Kind::Checkbox, _) => Some("Tick this or leave it"),
        (Kind::Date, Value::String(text)) if dates::day(text).is_some() => None,
        (Kind::Date, _) => Some("Enter a date as in 2026-01-31"),
        (Kind::Datetime, Value::String(text)) if Moment::parse(text).is_some() => None,
        (Kind::Datetime, _) => Some("Enter a date and a time as in 2026-01-31T08:30"),
        (Kind::Select | Kind::Radio, Value::String(text)) if short(text) => None,
        (Kind::Select | Kind::Radio, Value::Number(_) | Value::Bool(_) | Value::Object(_)) => None,
        (Kind::Select | Kind::Radio, _) => Some("Choose one of the options"),
        (Kind::MultiSelect, Value::Array(list)) if list.len() <= MAX_CHOSEN => {
            let twice = list.iter().enumerate().any(|(at, value)| {
                value.is_null() || value.is_array() || list.iter().take(at).any(|other| same(other, value))
            });
            twice.then_some("Choose each option once")
        }
        (Kind::MultiSelect, Value::Array(_)) => Some("Choose fewer options"),
        (Kind::MultiSelect, _) => Some("Choose among the options"),
        (Kind::File, Value::Array(list)) => {
            let most = if field.multiple { MAX_FILES } else { 1 };
            let is_id = |id: &Value| id.as_str().is_some_and(|id| (1..=64).contains(&id.len()));
            let twice = list.iter().enumerate().any(|(at, id)| list.iter().take(at).any(|other| other == id));
            match list.len() {
                count if count > most && field.multiple => Some("Send at most 20 files"),
                count if count > most => Some("Send one file"),
                _ if twice => Some("Send each file once"),
                _ => (!list.iter().all(is_id)).then_some("Send the file again"),
            }
        }
        (Kind::File, _) => Some("Send the file again"),
        (Kind::Markdown | Kind::Html, _) => None,
    }
}

/// What to do about a field in which nothing is.
pub(crate) fn missing(kind: Kind) -> &'static str {
    match kind {
        Kind::Checkbox => "Tick this to go on",
        Kind::Select | Kind::Radio => "Choose one of the options",
        Kind::MultiSelect => "Choose at least one of the options",
        Kind::File => "Add a file",
        _ => "Fill this in",
    }
}

/// True where a field that has to be filled in is not: a box has to be ticked, and blanks are no text.
pub(crate) fn is_missing(field: &Field, value: &Value) -> bool {
    match value {
        Value::Bool(ticked) => field.kind == Kind::Checkbox && !ticked,
        Value::String(text) => text.trim().is_empty(),
        other => is_nothing(other),
    }
}

/// Which range or length a value of the right kind breaks.
pub(crate) fn out_of_bounds(field: &Field, rules: &Validation, value: &Value) -> Option<String> {
    match value {
        Value::Number(number) if field.kind == Kind::Number => {
            let number = number.as_f64()?;
            let bound = |bound: &Option<Value>| bound.as_ref().and_then(Value::as_f64);
            let (min, max) = (bound(&rules.min), bound(&rules.max));
            let is_within = min.is_none_or(|min| number >= min) && max.is_none_or(|max| number <= max);
            (!is_within).then(|| between("a number", min, max, "of at least", "of at most"))
        }
        Value::String(text) if field.kind.is_date() => {
            let bound = |bound: &Option<Value>| bound.as_ref().and_then(Value::as_str).map(str::to_owned);
            let (min, max) = (bound(&rules.min), bound(&rules.max));
            let is_in_order = |bound: &str, wrong: Ordering| dates::compared(text, bound) != Some(wrong);
            let is_within = min.as_deref().is_none_or(|min| is_in_order(min, Ordering::Less))
                && max.as_deref().is_none_or(|max| is_in_order(max, Ordering::Greater));
            let what = if field.kind == Kind::Date { "a date" } else { "a time" };
            (!is_within).then(|| between(what, min, max, "not before", "not after"))
        }
        Value::String(text) if field.kind.is_text() => {
            let length = text.chars().count() as u64;
            let (min, max) = (rules.min_length, rules.max_length);
            let is_within = min.is_none_or(|min| length >= min) && max.is_none_or(|max| length <= max);
            (!is_within).then(|| match (min, max) {
                (Some(min), Some(max)) => format!("Enter {min} to {max} characters"),
                (Some(min), None) => format!("Enter at least {min} characters"),
                (None, max) => format!("Enter at most {} characters", max.unwrap_or_default()),
            })
        }
        _ => None,
    }
}

fn between<T: std::fmt::Display>(
    what: &str,
    min: Option<T>,
    max: Option<T>,
    least: &str,
    most: &str,
) -> String {
    match (min, max) {
        (Some(min), Some(max)) => format!("Enter {what} between {min} and {max}"),
        (Some(min), None) => format!("Enter {what} {least} {min}"),
        (None, Some(max)) => format!("Enter {what} {most} {max}"),
        (None, None) => format!("Enter {what}"),
    }
}

fn is_email(text: &str) -> bool {
    let Some((local, domain)) = text.split_once('@') else { return false };
    let is_local = |c: char| !c.is_whitespace() && !c.is_control() && !"@\"(),:;<>[\\]".contains(c);
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.chars().all(|c| c.is_alphanumeric() || c == '-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    text.len() <= EMAIL_BYTES.0
        && (1..=EMAIL_BYTES.1).contains(&local.len())
        && local.chars().all(is_local)
        && domain.contains('.')
        && domain.split('.').all(is_label)
}
