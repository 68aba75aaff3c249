//! Integrations: what workflows have to know of another system, and what is different for each
//! organization.

use crate::{ConfigType, Error, Result};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// Longest name of an integration, in bytes.
pub const MAX_NAME: usize = 200;
/// Longest description, in bytes.
pub const MAX_DESCRIPTION: usize = 2_000;
/// Most fields of a schema.
pub const MAX_FIELDS: usize = 100;
/// Longest key of a field, in bytes.
pub const MAX_KEY: usize = 100;
/// Longest id or name of an organization in the other system, in bytes.
pub const MAX_ENTITY: usize = 500;
/// Largest configuration of an integration or of a mapping as JSON, in bytes.
pub const MAX_VALUES: usize = 64 << 10;

/// Configuration by key.
pub type Values = Map<String, Value>;

/// One value that an integration needs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = IntegrationField)]
pub struct Field {
    /// Its name; letters, digits, `_`, `-` and `.`.
    pub key: String,
    /// What it is. A `secret` is kept encrypted and never shown again.
    #[serde(rename = "type")]
    pub kind: ConfigType,
    /// Workflows cannot do without it.
    #[serde(default)]
    pub required: bool,
    /// Where nothing else is said; a secret has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Value>)]
    pub default: Option<Value>,
    /// For people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
}

/// The values that an integration needs, in the order in which they are shown.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Schema(pub Vec<Field>);

impl Schema {
    /// Checks the fields themselves.
    ///
    /// # Errors
    /// `Invalid`, naming the field at fault.
    pub fn check(&self) -> Result<()> {
        if self.0.len() > MAX_FIELDS {
            return Err(Error::invalid("config_schema", format!("expected at most {MAX_FIELDS} fields")));
        }
        for (index, field) in self.0.iter().enumerate() {
            let named = |message: String| Error::invalid(format!("config_schema.{}", field.key), message);
            let plain = |b: u8| b.is_ascii_alphanumeric() || b"_-.".contains(&b);
            if !(1..=MAX_KEY).contains(&field.key.len()) || !field.key.bytes().all(plain) {
                let message = format!("expected 1 to {MAX_KEY} letters, digits, `_`, `-` or `.` as key");
                return Err(named(message));
            }
            if self.0[..index].iter().any(|other| other.key == field.key) {
                return Err(named("this key is there twice".into()));
            }
            match &field.default {
                Some(_) if field.kind == ConfigType::Secret => {
                    return Err(named("a secret has no default: everybody would see it".into()));
                }
                Some(default) => field.kind.check(default).map_err(|error| named(error.to_string()))?,
                None => {}
            }
        }
        Ok(())
    }

    /// The field of a key.
    pub fn field(&self, key: &str) -> Option<&Field> {
        self.0.iter().find(|field| field.key == key)
    }

    /// True for keys whose values are kept encrypted.
    pub fn is_secret(&self, key: &str) -> bool {
        self.field(key).is_some_and(|field| field.kind == ConfigType::Secret)
    }

    /// Checks values against their types.
    ///
    /// # Errors
    /// `Invalid`, naming the key at fault.
    pub fn check_values(&self, values: &Values) -> Result<()> {
        for (key, value) in values {
            let Some(field) = self.field(key) else {
                let keys: Vec<_> = self.0.iter().map(|field| field.key.as_str()).collect();
                let known = if keys.is_empty() { "none".to_owned() } else { keys.join(", ") };
                let message = format!("the schema has no such key; it has: {known}");
                return Err(Error::invalid(format!("config.{key}"), message));
            };
            field.kind.check(value).map_err(|error| match error {
                Error::Invalid { message, .. } => Error::invalid(format!("config.{key}"), message),
                other => other,
            })?;
        }
        if Value::Object(values.clone()).to_string().len() > MAX_VALUES {
            return Err(Error::invalid("config", format!("more than {MAX_VALUES} bytes of JSON")));
        }
        Ok(())
    }

    /// Values apart: those that can be shown, and secrets.
    pub fn split(&self, values: Values) -> (Values, Values) {
        values.into_iter().partition(|(key, _)| !self.is_secret(key))
    }

    /// The defaults of all fields that have one.
    pub fn defaults(&self) -> Values {
        let one = |field: &Field| Some((field.key.clone(), field.default.clone()?));
        self.0.iter().filter_map(one).collect()
    }

    /// Keys of required fields that have no value.
    pub fn missing(&self, values: &Values) -> Vec<String> {
        let is_missing = |field: &&Field| field.required && !values.contains_key(&field.key);
        self.0.iter().filter(is_missing).map(|field| field.key.clone()).collect()
    }
}

/// What one organization's workflows see: the later of these layers hides the earlier ones, key
/// by key.
pub fn merged<'a>(layers: impl IntoIterator<Item = &'a Values>) -> Values {
    let mut all = Values::new();
    for layer in layers {
        all.extend(layer.iter().map(|(key, value)| (key.clone(), value.clone())));
    }
    all
}

/// Values after a change: `null` takes a key away.
pub fn changed(mut values: Values, change: Values) -> Values {
    for (key, value) in change {
        match value {
            Value::Null => drop(values.remove(&key)),
            value => drop(values.insert(key, value)),
        }
    }
    values
}

/// A name in its normal form.
///
/// # Errors
/// `Invalid`, naming `name`.
pub fn checked_name(name: &str) -> Result<String> {
    let name = name.trim();
    if (1..=MAX_NAME).contains(&name.len()) && !name.chars().any(|c| c.is_control() || c == '/') {
        return Ok(name.to_owned());
    }
    let message = format!("expected 1 to {MAX_NAME} bytes without `/` and control characters");
    Err(Error::invalid("name", message))
}

/// The id or the name of an organization in the other system.
///
/// # Errors
/// `Invalid`, naming the field.
pub fn checked_entity(field: &str, text: &str) -> Result<String> {
    let text = text.trim();
    if (1..=MAX_ENTITY).contains(&text.len()) && !text.chars().any(char::is_control) {
        return Ok(text.to_owned());
    }
    Err(Error::invalid(field, format!("expected 1 to {MAX_ENTITY} bytes without control characters")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn field(key: &str, kind: ConfigType) -> Field {
        Field { key: key.into(), kind, required: false, default: None, description: None }
    }

    fn values() -> impl Strategy<Value = Values> {
        proptest::collection::btree_map("[a-e]", 0i64..100, 0..5)
            .prop_map(|map| map.into_iter().map(|(key, value)| (key, json!(value))).collect())
    }

    proptest! {
        /// Every key has the value of the last layer that has it, and no other keys are there.
        #[test]
        fn the_last_layer_wins(defaults in values(), definition in values(), mapping in values()) {
            let all = merged([&defaults, &definition, &mapping]);
            for key in ["a", "b", "c", "d", "e"] {
                let expected = mapping.get(key).or(definition.get(key)).or(defaults.get(key));
                prop_assert_eq!(all.get(key), expected);
            }
            // Merging what is merged changes nothing, and neither does an empty layer.
            prop_assert_eq!(&merged([&all, &all]), &all);
            prop_assert_eq!(&merged([&all, &Values::new()]), &all);
            let inner = merged([&definition, &mapping]);
            prop_assert_eq!(&merged([&defaults, &inner]), &all);
        }

        /// What is split is whole again when it is merged, and no secret is on the plain side.
        #[test]
        fn secrets_are_kept_apart(values in values(), secrets in proptest::collection::btree_set("[a-e]", 0..5)) {
            let kind = |key: &str| if secrets.contains(key) { ConfigType::Secret } else { ConfigType::Json };
            let schema = Schema(["a", "b", "c", "d", "e"].map(|key| field(key, kind(key))).to_vec());
            let (plain, secret) = schema.split(values.clone());
            prop_assert!(plain.keys().all(|key| !secrets.contains(key)));
            prop_assert!(secret.keys().all(|key| secrets.contains(key)));
            prop_assert_eq!(merged([&plain, &secret]), values);
        }

        #[test]
        fn null_takes_away(values in values(), change in values()) {
            let gone: Values = values.keys().map(|key| (key.clone(), Value::Null)).collect();
            prop_assert!(changed(values.clone(), gone).is_empty());
            prop_assert_eq!(changed(values.clone(), change.clone()), merged([&values, &change]));
        }
    }

    #[test]
    fn fields_and_values_at_fault_are_named() {
        let schema = Schema(vec![
            Field {
                default: Some(json!("https://api.example.com")),
                ..field("base_url", ConfigType::String)
            },
            Field { required: true, ..field("api_key", ConfigType::Secret) },
            field("limit", ConfigType::Int),
        ]);
        schema.check().expect("a good schema");
        assert_eq!(schema.missing(&schema.defaults()), ["api_key"]);
        let checked = |value: Value| schema.check_values(value.as_object().expect("an object"));
        assert!(checked(json!({ "limit": 5, "api_key": "k" })).is_ok());
        let error = checked(json!({ "limit": "5" })).expect_err("a text");
        assert!(error.to_string().starts_with("config.limit"), "{error}");
        let error = checked(json!({ "other": 1 })).expect_err("unknown");
        assert!(error.to_string().contains("base_url, api_key, limit"), "{error}");
        for bad in [
            vec![field("", ConfigType::Int)],
            vec![field("a b", ConfigType::Int)],
            vec![field("a", ConfigType::Int), field("a", ConfigType::Bool)],
            vec![Field { default: Some(json!("x")), ..field("a", ConfigType::Int) }],
            vec![Field { default: Some(json!("x")), ..field("a", ConfigType::Secret) }],
            vec![field("a", ConfigType::Int); MAX_FIELDS + 1],
        ] {
            assert!(Schema(bad.clone()).check().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn names() {
        assert_eq!(checked_name(" Datto RMM ").expect("a name"), "Datto RMM");
        for bad in ["", "  ", "a/b", "a\nb", &"x".repeat(MAX_NAME + 1)] {
            assert!(checked_name(bad).is_err(), "{bad:?}");
        }
    }
}
