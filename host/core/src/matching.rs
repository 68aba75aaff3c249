//! Which deliveries a subscription is for, and what of them its workflow gets. Places are JSON
//! Pointers (RFC 6901) into the event: `/data/action`, `/headers/x-github-event`, `/type`.

use crate::{Error, Result};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// Most conditions of a filter, and most parameters of a mapping.
pub const MAX_ENTRIES: usize = 50;
/// Longest pointer, in bytes.
pub const MAX_POINTER: usize = 500;
/// Largest constant in a filter or a mapping, as JSON in bytes.
pub const MAX_CONSTANT: usize = 4 << 10;

/// Conditions of which all have to hold; none holds for every event.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(transparent)]
pub struct Filter(pub Vec<Condition>);

/// One condition: exactly one of `equals` and `exists`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Condition {
    /// A JSON Pointer into the event.
    pub pointer: String,
    /// The value there is this one; a number equals another that is as large.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "given")]
    #[schema(value_type = Option<Object>)]
    pub equals: Option<Value>,
    /// There is something there, `null` too; or there is not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exists: Option<bool>,
}

/// Parameters by name, and where each comes from.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(transparent)]
pub struct Mapping(pub BTreeMap<String, Place>);

/// Where a parameter comes from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(untagged)]
pub enum Place {
    /// A JSON Pointer into the event; where nothing is there, the parameter is left out.
    Pointer(String),
    /// Always the same.
    Constant(Constant),
}

/// A value that is always the same.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Constant {
    /// It.
    #[schema(value_type = Object)]
    pub value: Value,
}

/// `null` that was given is a value, too.
fn given<'de, D: serde::Deserializer<'de>>(deserializer: D) -> std::result::Result<Option<Value>, D::Error> {
    Value::deserialize(deserializer).map(Some)
}

impl Filter {
    /// True when it is for this event.
    pub fn holds(&self, event: &Value) -> bool {
        self.0.iter().all(|condition| condition.holds(event))
    }

    /// Refuses what could never hold, and what is too large.
    ///
    /// # Errors
    /// `Invalid`, naming the place under `filter`.
    pub fn check(&self) -> Result<()> {
        count("filter", self.0.len())?;
        for (index, condition) in self.0.iter().enumerate() {
            let field = format!("filter[{index}]");
            check_pointer(&field, &condition.pointer)?;
            match (&condition.equals, condition.exists) {
                (Some(value), None) => check_constant(&field, value)?,
                (None, Some(_)) => {}
                _ => return Err(Error::invalid(field, "expected one of `equals` and `exists`")),
            }
        }
        Ok(())
    }
}

impl Condition {
    fn holds(&self, event: &Value) -> bool {
        let found = event.pointer(&self.pointer);
        let equal =
            self.equals.as_ref().is_none_or(|wanted| found.is_some_and(|found| is_equal(found, wanted)));
        equal && self.exists.is_none_or(|wanted| wanted == found.is_some())
    }
}

/// `1` and `1.0` are one number to whoever writes a filter.
fn is_equal(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => a == b || a.as_f64() == b.as_f64(),
        _ => a == b,
    }
}

impl Mapping {
    /// What a workflow gets of this event.
    pub fn apply(&self, event: &Value) -> Map<String, Value> {
        let one = |(name, source): (&String, &Place)| {
            let value = match source {
                Place::Pointer(pointer) => event.pointer(pointer)?.clone(),
                Place::Constant(constant) => constant.value.clone(),
            };
            Some((name.clone(), value))
        };
        self.0.iter().filter_map(one).collect()
    }

    /// Refuses what is no pointer, and what is too large.
    ///
    /// # Errors
    /// `Invalid`, naming the parameter under `mapping`.
    pub fn check(&self) -> Result<()> {
        count("mapping", self.0.len())?;
        for (name, source) in &self.0 {
            let field = format!("mapping.{name}");
            match source {
                Place::Pointer(pointer) => check_pointer(&field, pointer)?,
                Place::Constant(constant) => check_constant(&field, &constant.value)?,
            }
        }
        Ok(())
    }
}

fn count(field: &str, entries: usize) -> Result<()> {
    if entries <= MAX_ENTRIES {
        return Ok(());
    }
    Err(Error::invalid(field, format!("expected at most {MAX_ENTRIES}")))
}

fn check_pointer(field: &str, pointer: &str) -> Result<()> {
    let is_pointer = pointer.is_empty() || pointer.starts_with('/');
    let escapes = pointer.split('~').skip(1).all(|rest| rest.starts_with(['0', '1']));
    if is_pointer && escapes && pointer.len() <= MAX_POINTER {
        return Ok(());
    }
    let message = format!(
        "expected a JSON Pointer of at most {MAX_POINTER} bytes, such as /data/action; `~` is written ~0, `/` in a name ~1"
    );
    Err(Error::invalid(field, message))
}

fn check_constant(field: &str, value: &Value) -> Result<()> {
    if value.to_string().len() <= MAX_CONSTANT {
        return Ok(());
    }
    Err(Error::invalid(field, format!("more than {MAX_CONSTANT} bytes of JSON")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn filter(text: Value) -> Filter {
        serde_json::from_value(text).expect("a filter")
    }

    fn mapping(text: Value) -> Mapping {
        serde_json::from_value(text).expect("a mapping")
    }

    #[test]
    fn conditions_look_at_their_place() {
        let event = json!({"type": "issues", "body": {"action": "opened", "n": 1, "none": null, "a/b": [10, {"~x": true}]}});
        for (conditions, expected) in [
            (json!([]), true),
            (json!([{"pointer": "/body/action", "equals": "opened"}]), true),
            (json!([{"pointer": "/body/action", "equals": "closed"}]), false),
            (
                json!([{"pointer": "/body/action", "equals": "opened"}, {"pointer": "/type", "equals": "push"}]),
                false,
            ),
            (json!([{"pointer": "/body/n", "equals": 1.0}]), true),
            (json!([{"pointer": "/body/n", "equals": "1"}]), false),
            (json!([{"pointer": "/body/none", "equals": null}]), true),
            (json!([{"pointer": "/body/nowhere", "equals": null}]), false),
            (json!([{"pointer": "/body/none", "exists": true}]), true),
            (json!([{"pointer": "/body/nowhere", "exists": true}]), false),
            (json!([{"pointer": "/body/nowhere", "exists": false}]), true),
            (json!([{"pointer": "/body/a~1b/1/~0x", "equals": true}]), true),
            (json!([{"pointer": "/body/a~1b/9", "exists": true}]), false),
            (json!([{"pointer": "", "exists": true}]), true),
        ] {
            let filter = filter(conditions.clone());
            filter.check().expect("valid");
            assert_eq!(filter.holds(&event), expected, "{conditions}");
        }
    }

    #[test]
    fn what_is_not_there_is_left_out() {
        let event = json!({"body": {"user": {"name": "Ada"}, "none": null}});
        let mapping = mapping(json!({
            "name": "/body/user/name", "all": "", "none": "/body/none", "gone": "/body/x/y",
            "fixed": {"value": [1]}, "pointer_like": {"value": "/body"},
        }));
        mapping.check().expect("valid");
        let expected = json!({
            "name": "Ada", "all": event, "none": null, "fixed": [1], "pointer_like": "/body",
        });
        assert_eq!(Value::Object(mapping.apply(&event)), expected);
    }

    #[test]
    fn what_cannot_be_is_refused_by_name() {
        for bad in [
            json!([{"pointer": "body", "exists": true}]),
            json!([{"pointer": "/a~2", "exists": true}]),
            json!([{"pointer": "/a~", "exists": true}]),
            json!([{"pointer": "/a"}]),
            json!([{"pointer": "/a", "exists": true, "equals": 1}]),
            json!([{"pointer": "/a", "equals": "x".repeat(MAX_CONSTANT)}]),
        ] {
            let error = filter(bad.clone()).check().expect_err("refused");
            assert!(error.to_string().starts_with("filter[0]"), "{bad}: {error}");
        }
        let error = mapping(json!({"user": "name"})).check().expect_err("refused");
        assert!(error.to_string().starts_with("mapping.user"), "{error}");
        let many: Vec<_> =
            (0..=MAX_ENTRIES).map(|n| json!({"pointer": format!("/{n}"), "exists": true})).collect();
        assert!(filter(json!(many)).check().is_err());
        assert!(serde_json::from_value::<Filter>(json!([{"pointer": "/a", "exist": true}])).is_err());
    }

    fn any_json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            ".{0,8}".prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 32, 6, |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
                proptest::collection::btree_map("[a-c~/0-9]{0,3}", inner, 0..6)
                    .prop_map(|fields| Value::Object(fields.into_iter().collect())),
            ]
        })
    }

    fn any_pointer() -> impl Strategy<Value = String> {
        prop_oneof![
            ".{0,12}",
            "(/[a-c0-9~]{0,3}){0,4}",
            Just("/18446744073709551616".into()),
            Just("/-".into())
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]

        /// Whatever people write and senders send: an answer, and the same one again.
        #[test]
        fn nothing_panics(event in any_json(), pointers in proptest::collection::vec(any_pointer(), 0..6),
                value in any_json(), exists in any::<Option<bool>>()) {
            let conditions = pointers.iter().map(|pointer| Condition {
                pointer: pointer.clone(), equals: exists.is_none().then(|| value.clone()), exists,
            });
            let filter = Filter(conditions.collect());
            let sources = pointers.iter().enumerate().map(|(n, p)| (n.to_string(), Place::Pointer(p.clone())));
            let mapping = Mapping(sources.collect());
            let _ = (filter.check(), mapping.check());
            prop_assert_eq!(filter.holds(&event), filter.holds(&event.clone()));
            let parameters = mapping.apply(&event);
            prop_assert!(parameters.len() <= pointers.len());
            for (name, value) in &parameters {
                let pointer = &pointers[name.parse::<usize>().expect("a number")];
                prop_assert_eq!(event.pointer(pointer), Some(value));
            }
        }

        /// What is stored is read again as it was.
        #[test]
        fn they_survive_the_database(pointer in any_pointer(), value in any_json()) {
            let filter = Filter(vec![Condition { pointer: pointer.clone(), equals: Some(value.clone()), exists: None }]);
            let text = serde_json::to_string(&filter).expect("json");
            prop_assert_eq!(serde_json::from_str::<Filter>(&text).expect("a filter"), filter);
            let both = [("a".into(), Place::Pointer(pointer)), ("b".into(), Place::Constant(Constant { value }))];
            let mapping = Mapping(both.into_iter().collect());
            let text = serde_json::to_string(&mapping).expect("json");
            prop_assert_eq!(serde_json::from_str::<Mapping>(&text).expect("a mapping"), mapping);
        }
    }
}
