//! Types of configuration values.

use crate::{Error, Result};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What a configuration value is. It is checked when the value is set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ConfigType {
    /// Text.
    String,
    /// A whole number of 64 bits.
    Int,
    /// True or false.
    Bool,
    /// Any JSON.
    Json,
    /// Any JSON, kept encrypted and never shown again.
    Secret,
}

impl ConfigType {
    /// All of them, in the order in which they are documented.
    pub const ALL: [Self; 5] = [Self::String, Self::Int, Self::Bool, Self::Json, Self::Secret];

    /// The name in the database, in JSON and on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::String => "string",
            Self::Int => "int",
            Self::Bool => "bool",
            Self::Json => "json",
            Self::Secret => "secret",
        }
    }

    /// The narrowest type of a value that is no secret.
    pub fn of(value: &Value) -> Self {
        match value {
            Value::String(_) => Self::String,
            Value::Bool(_) => Self::Bool,
            Value::Number(number) if number.is_i64() => Self::Int,
            _ => Self::Json,
        }
    }

    /// True when a value may be kept under this type.
    pub fn accepts(self, value: &Value) -> bool {
        matches!(self, Self::Json | Self::Secret) || self == Self::of(value)
    }

    /// Checks a value against the type.
    ///
    /// # Errors
    /// `Invalid`, naming what was expected.
    pub fn check(self, value: &Value) -> Result<()> {
        let expected = match self {
            _ if self.accepts(value) => return Ok(()),
            Self::String => "text in quotes",
            Self::Int => "a whole number of 64 bits",
            Self::Bool => "true or false",
            Self::Json | Self::Secret => "JSON",
        };
        Err(Error::invalid("value", format!("expected {expected}, as its type is `{}`", self.as_str())))
    }
}

impl std::str::FromStr for ConfigType {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text).ok_or_else(|| {
            let names = Self::ALL.map(Self::as_str).join(", ");
            Error::invalid("type", format!("`{text}` is none of {names}"))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_value_has_the_type_it_is_checked_against() {
        use ConfigType::{Bool, Int, Json, Secret, String};
        let cases = [
            (json!("1"), String),
            (json!(""), String),
            (json!(1), Int),
            (json!(i64::MIN), Int),
            (json!(u64::MAX), Json),
            (json!(1.0), Json),
            (json!(true), Bool),
            (json!(null), Json),
            (json!({"a": [1]}), Json),
        ];
        for (value, kind) in cases {
            assert_eq!(ConfigType::of(&value), kind, "{value}");
            for other in ConfigType::ALL {
                let may = other == kind || matches!(other, Json | Secret);
                assert_eq!(other.check(&value).is_ok(), may, "{value} as {other:?}");
            }
        }
        for kind in ConfigType::ALL {
            assert_eq!(kind.as_str().parse::<ConfigType>().expect("a name"), kind);
            assert_eq!(json!(kind), kind.as_str());
        }
        assert!("String".parse::<ConfigType>().is_err());
    }
}
