//! Which documents a query is for: `{"status": "open", "amount": {"gte": 100, "lt": 1000}}`.

use crate::documents::{Field, compare, rank};
use crate::{Error, Result};
use serde_json::{Map, Number, Value};
use std::cmp::Ordering;

/// Most conditions of one filter; each is looked at for every document of a table.
pub const MAX_CONDITIONS: usize = 50;
/// Most values of one `in`.
pub const MAX_VALUES: usize = 100;
/// Longest text in a condition, in bytes.
pub const MAX_TEXT: usize = 4 << 10;

/// Conditions of which all have to hold; none holds for every document.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Where(Vec<(Field, Test)>);

/// What has to be true of a field. Where nothing is there it is as if `null` were.
#[derive(Clone, Debug, PartialEq)]
pub enum Test {
    /// The same value; numbers as 64-bit floats.
    Equal(Scalar),
    /// Any other value, or another kind of value.
    NotEqual(Scalar),
    /// Any of these.
    In(Vec<Scalar>),
    /// A number on this side of another one, or a text by code points. No other kind of value.
    Than(Side, Bound),
    /// A text with this in it, or a list with this as one of its values.
    Contains(Scalar),
    /// A text that begins so.
    StartsWith(String),
    /// A text that ends so.
    EndsWith(String),
    /// `null` or nothing; or something.
    IsNull(bool),
    /// A dict with this key.
    HasKey(String),
    /// The field is there, `null` too; or it is not.
    Exists(bool),
}

/// A value without values in it.
#[derive(Clone, Debug, PartialEq)]
#[expect(missing_docs, reason = "the names are JSON's")]
pub enum Scalar {
    Null,
    Bool(bool),
    Number(Number),
    Text(String),
}

/// What numbers and texts are compared with.
#[derive(Clone, Debug, PartialEq)]
#[expect(missing_docs, reason = "the names are JSON's")]
pub enum Bound {
    Number(Number),
    Text(String),
}

/// Which side of a bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the operators say it")]
pub enum Side {
    Greater,
    GreaterOrEqual,
    Less,
    LessOrEqual,
}

impl Side {
    /// The operator in SQL.
    pub fn operator(self) -> &'static str {
        match self {
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
            Self::Less => "<",
            Self::LessOrEqual => "<=",
        }
    }

    fn has(self, order: Ordering) -> bool {
        match self {
            Self::Greater => order.is_gt(),
            Self::GreaterOrEqual => order.is_ge(),
            Self::Less => order.is_lt(),
            Self::LessOrEqual => order.is_le(),
        }
    }
}

impl Scalar {
    fn parse(input: &str, value: &Value) -> Result<Self> {
        Ok(match value {
            Value::Null => Self::Null,
            Value::Bool(flag) => Self::Bool(*flag),
            Value::Number(number) => Self::Number(number.clone()),
            Value::String(_) => Self::Text(text(input, value)?),
            Value::Array(_) | Value::Object(_) => {
                let message = "expected a text, a number, true, false or null; compare fields within dicts by their names with dots";
                return Err(Error::invalid(input, message));
            }
        })
    }

    fn value(&self) -> Value {
        match self {
            Self::Null => Value::Null,
            Self::Bool(flag) => Value::Bool(*flag),
            Self::Number(number) => Value::Number(number.clone()),
            Self::Text(text) => Value::String(text.clone()),
        }
    }

    fn equals(&self, found: Option<&Value>) -> bool {
        let own = self.value();
        // What is ranked last is never equal to a scalar.
        rank(found) == rank(Some(&own)) && compare(found, Some(&own)).is_eq()
    }
}

impl Bound {
    fn parse(input: &str, value: &Value) -> Result<Self> {
        match value {
            Value::Number(number) => Ok(Self::Number(number.clone())),
            Value::String(_) => Ok(Self::Text(text(input, value)?)),
            _ => Err(Error::invalid(input, "expected a number or a text")),
        }
    }

    fn order(&self, found: Option<&Value>) -> Option<Ordering> {
        match (self, found?) {
            (Self::Number(bound), Value::Number(number)) => number.as_f64().partial_cmp(&bound.as_f64()),
            (Self::Text(bound), Value::String(text)) => Some(text.cmp(bound)),
            _ => None,
        }
    }
}

fn text(input: &str, value: &Value) -> Result<String> {
    let text = value.as_str().ok_or_else(|| Error::invalid(input, "expected a text"))?;
    if text.len() > MAX_TEXT || text.contains('\0') {
        let message = format!("expected at most {MAX_TEXT} bytes without U+0000");
        return Err(Error::invalid(input, message));
    }
    Ok(text.to_owned())
}

fn flag(input: &str, value: &Value) -> Result<bool> {
    value.as_bool().ok_or_else(|| Error::invalid(input, "expected true or false"))
}

impl Test {
    fn parse(input: &str, operator: &str, value: &Value) -> Result<Self> {
        let than = |side| Ok(Self::Than(side, Bound::parse(input, value)?));
        match operator {
            "eq" => Scalar::parse(input, value).map(Self::Equal),
            "ne" => Scalar::parse(input, value).map(Self::NotEqual),
            "contains" => Scalar::parse(input, value).map(Self::Contains),
            "starts_with" => text(input, value).map(Self::StartsWith),
            "ends_with" => text(input, value).map(Self::EndsWith),
            "gt" => than(Side::Greater),
            "gte" => than(Side::GreaterOrEqual),
            "lt" => than(Side::Less),
            "lte" => than(Side::LessOrEqual),
            "in" | "in_" => {
                let list = value.as_array().filter(|list| list.len() <= MAX_VALUES);
                let list = list.ok_or_else(|| {
                    Error::invalid(input, format!("expected a list of at most {MAX_VALUES} values"))
                })?;
                Ok(Self::In(list.iter().map(|one| Scalar::parse(input, one)).collect::<Result<_>>()?))
            }
            "is_null" => flag(input, value).map(Self::IsNull),
            "has_key" if value.is_boolean() => flag(input, value).map(Self::Exists),
            "has_key" => text(input, value).map(Self::HasKey),
            other => {
                let shown: String = other.chars().take(40).collect();
                let message = format!(
                    "`{}` is none of eq, ne, contains, starts_with, ends_with, gt, gte, lt, lte, in, is_null, has_key",
                    shown.escape_debug()
                );
                Err(Error::invalid(input, message))
            }
        }
    }

    /// Whether it is true of what is there.
    pub fn holds(&self, found: Option<&Value>) -> bool {
        match self {
            Self::Equal(value) => value.equals(found),
            Self::NotEqual(value) => !value.equals(found),
            Self::In(values) => values.iter().any(|value| value.equals(found)),
            Self::Than(side, bound) => bound.order(found).is_some_and(|order| side.has(order)),
            Self::Contains(value) => match (value, found) {
                (Scalar::Text(part), Some(Value::String(text))) => text.contains(part.as_str()),
                (_, Some(Value::Array(list))) => list.iter().any(|one| value.equals(Some(one))),
                _ => false,
            },
            Self::StartsWith(part) => {
                found.and_then(Value::as_str).is_some_and(|text| text.starts_with(part))
            }
            Self::EndsWith(part) => found.and_then(Value::as_str).is_some_and(|text| text.ends_with(part)),
            Self::IsNull(wanted) => found.is_none_or(Value::is_null) == *wanted,
            Self::HasKey(key) => {
                found.and_then(Value::as_object).is_some_and(|fields| fields.contains_key(key))
            }
            Self::Exists(wanted) => found.is_some() == *wanted,
        }
    }
}

impl Where {
    /// From what a caller has sent: for each field a value that it equals, or a dict of operators
    /// and what they take.
    ///
    /// # Errors
    /// `Invalid`, naming the field under `where`.
    pub fn parse(filter: Option<&Map<String, Value>>) -> Result<Self> {
        let mut all = Vec::new();
        for (name, wanted) in filter.into_iter().flatten() {
            let field = Field::parse("where", name)?;
            let input = format!("where.{name}");
            match wanted {
                Value::Object(tests) if tests.is_empty() => {
                    return Err(Error::invalid(input, "expected an operator, such as {\"gte\": 100}"));
                }
                Value::Object(tests) => {
                    for (operator, value) in tests {
                        all.push((
                            field.clone(),
                            Test::parse(&format!("{input}.{operator}"), operator, value)?,
                        ));
                    }
                }
                value => all.push((field, Test::Equal(Scalar::parse(&input, value)?))),
            }
        }
        if all.len() > MAX_CONDITIONS {
            return Err(Error::invalid("where", format!("expected at most {MAX_CONDITIONS} conditions")));
        }
        Ok(Self(all))
    }

    /// The conditions.
    pub fn conditions(&self) -> &[(Field, Test)] {
        &self.0
    }

    /// True for a document that it is for.
    pub fn holds(&self, data: &Map<String, Value>) -> bool {
        self.0.iter().all(|(field, test)| test.holds(field.of(data)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn parse(filter: &Value) -> Result<Where> {
        Where::parse(filter.as_object())
    }

    fn holds(filter: &Value, data: &Value) -> bool {
        parse(filter).expect("a filter").holds(data.as_object().expect("an object"))
    }

    #[test]
    fn each_operator_says_what_it_is() {
        let data = json!({
            "text": "Grüße", "n": 10, "half": 0.5, "yes": true, "none": null, "list": ["a", 1, null],
            "sub": {"key": null, "n": 2}, "digits": "9",
        });
        for (filter, expected) in [
            (json!({}), true),
            (json!({"text": "Grüße"}), true),
            (json!({"text": {"eq": "grüße"}}), false),
            (json!({"n": 10.0}), true),
            (json!({"n": "10"}), false),
            (json!({"yes": true, "n": {"ne": 9}}), true),
            (json!({"yes": 1}), false),
            (json!({"none": null}), true),
            (json!({"nowhere": null}), true),
            (json!({"nowhere": {"ne": 1}}), true),
            (json!({"nowhere": {"ne": null}}), false),
            (json!({"list": {"ne": "a"}}), true),
            (json!({"n": {"gt": 9.5, "lte": 10}}), true),
            (json!({"n": {"gt": "9"}}), false),
            (json!({"digits": {"gt": "10"}}), true),
            (json!({"digits": {"gt": 1}}), false),
            (json!({"yes": {"gte": 0}}), false),
            (json!({"nowhere": {"lt": 1}}), false),
            (json!({"text": {"contains": "üß"}}), true),
            (json!({"text": {"contains": ""}}), true),
            (json!({"text": {"contains": "ÜSS"}}), false),
            (json!({"list": {"contains": 1.0}}), true),
            (json!({"list": {"contains": null}}), true),
            (json!({"list": {"contains": "b"}}), false),
            (json!({"n": {"contains": 1}}), false),
            (json!({"text": {"starts_with": "Gr", "ends_with": "ße"}}), true),
            (json!({"text": {"starts_with": "", "ends_with": ""}}), true),
            (json!({"n": {"starts_with": "1"}}), false),
            (json!({"n": {"in": [1, 10]}}), true),
            (json!({"nowhere": {"in_": [null]}}), true),
            (json!({"n": {"in": []}}), false),
            (json!({"none": {"is_null": true}, "n": {"is_null": false}}), true),
            (json!({"nowhere": {"is_null": false}}), false),
            (json!({"sub": {"has_key": "key"}}), true),
            (json!({"sub": {"has_key": "n.x"}}), false),
            (json!({"list": {"has_key": "a"}}), false),
            (json!({"none": {"has_key": true}, "nowhere": {"has_key": false}}), true),
            (json!({"sub.n": {"gte": 2}}), true),
        ] {
            assert_eq!(holds(&filter, &data), expected, "{filter}");
        }
    }

    #[test]
    fn what_cannot_be_is_refused_by_name() {
        let many: Map<String, Value> = (0..=MAX_CONDITIONS).map(|n| (format!("f{n}"), json!(n))).collect();
        for (filter, input) in [
            (json!({"a": {}}), "where.a"),
            (json!({"a": [1]}), "where.a"),
            (json!({"a": {"like": "x"}}), "where.a.like"),
            (json!({"a": {"gt": true}}), "where.a.gt"),
            (json!({"a": {"eq": {"b": 1}}}), "where.a.eq"),
            (json!({"a": {"in": "b"}}), "where.a.in"),
            (json!({"a": {"in": vec![1; MAX_VALUES + 1]}}), "where.a.in"),
            (json!({"a": {"in": [[1]]}}), "where.a.in"),
            (json!({"a": {"is_null": 1}}), "where.a.is_null"),
            (json!({"a": {"has_key": 1}}), "where.a.has_key"),
            (json!({"a": {"starts_with": 1}}), "where.a.starts_with"),
            (json!({"a": "x\0"}), "where.a"),
            (json!({"a": "x".repeat(MAX_TEXT + 1)}), "where.a"),
            (json!({"a' OR 1=1 --": 1}), "where"),
            (json!({"a\"]": 1}), "where"),
            (json!(many), "where"),
        ] {
            let error = parse(&filter).expect_err("refused").to_string();
            assert!(error.starts_with(&format!("{input}: ")), "{filter}: {error}");
        }
    }

    fn value() -> impl Strategy<Value = Value> {
        prop_oneof![
            Just(json!(null)),
            any::<bool>().prop_map(Value::from),
            (-5i32..5).prop_map(|n| json!(f64::from(n) / 2.0)),
            "[ab]{0,3}".prop_map(Value::from),
            Just(json!(["a", 1])),
            Just(json!({"a": 1})),
        ]
    }

    proptest! {
        /// What is in none of the three sides is of another kind than the bound.
        #[test]
        fn sides_part_what_can_be_compared(found in value(), bound in value()) {
            let data = json!({ "f": found });
            if let Ok(less) = parse(&json!({"f": {"lt": bound}})) {
                let fields = data.as_object().expect("an object");
                let less = less.holds(fields);
                let greater = holds(&json!({"f": {"gt": bound}}), &data);
                let equal = holds(&json!({"f": bound}), &data);
                let kinds = rank(Some(&data["f"])) == rank(Some(&bound));
                prop_assert_eq!(u8::from(less) + u8::from(equal) + u8::from(greater), u8::from(kinds));
                prop_assert_eq!(holds(&json!({"f": {"lte": bound}}), &data), less || equal);
                prop_assert_eq!(holds(&json!({"f": {"gte": bound}}), &data), greater || equal);
            }
        }

        #[test]
        fn ne_is_the_opposite_of_eq(found in value(), wanted in value()) {
            if parse(&json!({"f": {"eq": wanted}})).is_ok() {
                for data in [json!({ "f": found }), json!({})] {
                    let equal = holds(&json!({"f": {"eq": wanted}}), &data);
                    prop_assert_eq!(holds(&json!({"f": {"ne": wanted}}), &data), !equal);
                    prop_assert_eq!(holds(&json!({"f": {"in": [wanted]}}), &data), equal);
                }
            }
        }
    }
}
