//! What documents of a table have to look like: the part of JSON Schema that says which fields
//! there are and of what kind.

use crate::{Error, Result};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// Largest schema, in bytes of JSON.
pub const MAX_BYTES: usize = 16 << 10;
/// Deepest nesting of a schema.
const MAX_DEPTH: usize = 16;

/// Keywords that say something to people and nothing about documents.
const NOTES: [&str; 11] = [
    "$comment",
    "$id",
    "$schema",
    "default",
    "deprecated",
    "description",
    "examples",
    "format",
    "readOnly",
    "title",
    "writeOnly",
];
const TYPES: [&str; 7] = ["object", "array", "string", "number", "integer", "boolean", "null"];

/// A checked schema. It has the keywords `type`, `properties`, `required`, `additionalProperties`
/// (true or false), `items` and `enum`, and those that are notes to people.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Schema(Value);

impl Schema {
    /// From what a caller has sent.
    ///
    /// # Errors
    /// `Invalid`, naming the place under `table_schema`: for keywords that are not among those
    /// above, so that nobody relies on what is not looked at.
    pub fn parse(value: Value) -> Result<Self> {
        if value.to_string().len() > MAX_BYTES {
            return Err(Error::invalid("table_schema", format!("more than {MAX_BYTES} bytes of JSON")));
        }
        known("table_schema", &value, 0)?;
        Ok(Self(value))
    }

    /// It, as it was given.
    pub fn value(&self) -> &Value {
        &self.0
    }

    /// Whether a document may be kept.
    ///
    /// # Errors
    /// `Invalid`, naming the field at fault under `field`.
    pub fn check(&self, field: &str, data: &Map<String, Value>) -> Result<()> {
        // The document itself is a dict, whatever is said of its type.
        match &self.0 {
            Value::Object(schema) => {
                if !is_of_type(schema, "object") {
                    return Err(Error::invalid(field, "the table's schema allows no dict at all"));
                }
                one_of(field, schema, &Value::Object(data.clone()))?;
                fields(field, schema, data)
            }
            _ => Ok(()),
        }
    }
}

fn known(place: &str, schema: &Value, depth: usize) -> Result<()> {
    let Value::Object(keywords) = schema else {
        return Err(Error::invalid(place, "expected a dict of keywords, such as {\"type\": \"string\"}"));
    };
    if depth > MAX_DEPTH {
        return Err(Error::invalid(place, format!("nested deeper than {MAX_DEPTH} levels")));
    }
    for (keyword, value) in keywords {
        let place = format!("{place}.{keyword}");
        let wrong = |message: String| Err(Error::invalid(place.clone(), message));
        let text_list = || value.as_array().filter(|list| list.iter().all(Value::is_string));
        match keyword.as_str() {
            "type" => {
                let names: Vec<_> = match value {
                    Value::Array(list) => list.iter().map(Value::as_str).collect(),
                    one => vec![one.as_str()],
                };
                if names.is_empty()
                    || !names.iter().all(|name| name.is_some_and(|name| TYPES.contains(&name)))
                {
                    return wrong(format!("expected some of {}", TYPES.join(", ")));
                }
            }
            "required" if text_list().is_none() => return wrong("expected a list of names".into()),
            "enum" if !value.is_array() => return wrong("expected a list of values".into()),
            "additionalProperties" if !value.is_boolean() => return wrong("expected true or false".into()),
            "required" | "enum" | "additionalProperties" => {}
            "items" => known(&place, value, depth + 1)?,
            "properties" => {
                let Value::Object(all) = value else {
                    return wrong("expected a dict of schemas by name".into());
                };
                for (name, one) in all {
                    known(&format!("{place}.{name}"), one, depth + 1)?;
                }
            }
            note if NOTES.contains(&note) => {}
            _ => {
                return wrong(
                    "this keyword is not looked at here; there are type, properties, required, additionalProperties, items and enum"
                        .into(),
                );
            }
        }
    }
    Ok(())
}

fn check(place: &str, schema: &Value, value: &Value) -> Result<()> {
    let Value::Object(keywords) = schema else { return Ok(()) };
    let is_of_kind = match value {
        Value::Null => is_of_type(keywords, "null"),
        Value::Bool(_) => is_of_type(keywords, "boolean"),
        Value::String(_) => is_of_type(keywords, "string"),
        Value::Array(_) => is_of_type(keywords, "array"),
        Value::Object(_) => is_of_type(keywords, "object"),
        Value::Number(number) => {
            let is_whole = number.as_f64().is_some_and(|number| number.fract() == 0.0);
            is_of_type(keywords, "number") || (is_whole && is_of_type(keywords, "integer"))
        }
    };
    if !is_of_kind {
        let wanted = match &keywords["type"] {
            Value::Array(list) => list.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" or "),
            one => one.as_str().unwrap_or_default().to_owned(),
        };
        return Err(Error::invalid(place, format!("the table's schema wants {wanted} here")));
    }
    one_of(place, keywords, value)?;
    match value {
        Value::Object(data) => fields(place, keywords, data),
        Value::Array(list) => match keywords.get("items") {
            None => Ok(()),
            Some(items) => list
                .iter()
                .enumerate()
                .try_for_each(|(index, one)| check(&format!("{place}[{index}]"), items, one)),
        },
        _ => Ok(()),
    }
}

fn is_of_type(schema: &Map<String, Value>, name: &str) -> bool {
    match schema.get("type") {
        None => true,
        Some(Value::Array(list)) => list.iter().any(|one| one == name),
        Some(one) => one == name,
    }
}

fn one_of(place: &str, schema: &Map<String, Value>, value: &Value) -> Result<()> {
    let same = |one: &Value| match (one, value) {
        (Value::Number(a), Value::Number(b)) => a.as_f64() == b.as_f64(),
        _ => one == value,
    };
    match schema.get("enum").and_then(Value::as_array) {
        Some(allowed) if !allowed.iter().any(same) => {
            Err(Error::invalid(place, "this value is none of those in the table's schema"))
        }
        _ => Ok(()),
    }
}

fn fields(place: &str, schema: &Map<String, Value>, data: &Map<String, Value>) -> Result<()> {
    let required = schema.get("required").and_then(Value::as_array).into_iter().flatten();
    for name in required.filter_map(Value::as_str) {
        if !data.contains_key(name) {
            return Err(Error::invalid(format!("{place}.{name}"), "the table's schema requires this field"));
        }
    }
    let known = schema.get("properties").and_then(Value::as_object);
    let is_closed = schema.get("additionalProperties") == Some(&Value::Bool(false));
    for (name, value) in data {
        let place = format!("{place}.{name}");
        match known.and_then(|known| known.get(name)) {
            Some(one) => check(&place, one, value)?,
            None if is_closed => return Err(Error::invalid(place, "the table's schema has no such field")),
            None => {}
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn customer() -> Schema {
        Schema::parse(json!({
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "title": "Customer",
            "type": "object",
            "required": ["name"],
            "additionalProperties": false,
            "properties": {
                "name": {"type": "string", "description": "As on invoices"},
                "seats": {"type": "integer"},
                "plan": {"enum": ["small", "large", 1]},
                "note": {"type": ["string", "null"]},
                "tags": {"type": "array", "items": {"type": "string"}},
                "address": {"type": "object", "required": ["zip"], "properties": {"zip": {"type": "string"}}},
            },
        }))
        .expect("a schema")
    }

    #[test]
    fn documents_are_as_the_schema_says() {
        let schema = customer();
        for (data, fault) in [
            (json!({"name": "A"}), None),
            (
                json!({"name": "A", "seats": 3.0, "plan": 1.0, "note": null, "tags": ["x"], "address": {"zip": "1", "more": 2}}),
                None,
            ),
            (json!({}), Some("data.name")),
            (json!({"name": 1}), Some("data.name")),
            (json!({"name": "A", "seats": 1.5}), Some("data.seats")),
            (json!({"name": "A", "plan": "huge"}), Some("data.plan")),
            (json!({"name": "A", "note": 1}), Some("data.note")),
            (json!({"name": "A", "tags": ["x", 1]}), Some("data.tags[1]")),
            (json!({"name": "A", "address": {}}), Some("data.address.zip")),
            (json!({"name": "A", "more": 1}), Some("data.more")),
        ] {
            let checked = schema.check("data", data.as_object().expect("an object"));
            let field = match checked {
                Ok(()) => None,
                Err(Error::Invalid { field, .. }) => Some(field),
                Err(other) => panic!("{other:?}"),
            };
            assert_eq!(field.as_deref(), fault, "{data}");
        }
    }

    #[test]
    fn what_is_not_looked_at_is_refused() {
        let mut deep = json!({});
        for _ in 0..=MAX_DEPTH {
            deep = json!({"items": deep});
        }
        for (schema, place) in [
            (json!([]), "table_schema"),
            (json!({"pattern": "^a+$"}), "table_schema.pattern"),
            (json!({"type": "text"}), "table_schema.type"),
            (json!({"type": []}), "table_schema.type"),
            (json!({"required": "name"}), "table_schema.required"),
            (json!({"enum": 1}), "table_schema.enum"),
            (json!({"additionalProperties": {}}), "table_schema.additionalProperties"),
            (json!({"properties": {"a": {"minimum": 1}}}), "table_schema.properties.a.minimum"),
            (json!({"items": []}), "table_schema.items"),
            (json!({"title": "x".repeat(MAX_BYTES)}), "table_schema"),
        ] {
            let error = Schema::parse(schema.clone()).expect_err("refused").to_string();
            assert!(error.starts_with(&format!("{place}: ")), "{schema}: {error}");
        }
        assert!(Schema::parse(deep).is_err());
    }

    #[test]
    fn a_schema_of_another_type_allows_nothing() {
        let schema = Schema::parse(json!({"type": "array"})).expect("a schema");
        assert!(schema.check("data", &Map::new()).is_err());
        assert!(Schema::parse(json!({})).expect("a schema").check("data", &Map::new()).is_ok());
    }
}
