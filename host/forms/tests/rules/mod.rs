//! The rules of a definition in words of their own, beside those of the crate.

use bifrost_expressions::Expression;
use serde_json::{Map, Value, json};

/// A rule of a definition that a submission breaks.
pub fn broken(form: &Value, input: &Value, data: &Map<String, Value>) -> Option<String> {
    let mut now: Map<String, Value> = Map::new();
    let fields = form["fields"].as_array().expect("fields");
    let values = input["values"].as_object().expect("values");
    for (name, value) in values {
        let field = fields.iter().find(|field| field["name"] == **name);
        let Some(field) = field else { return Some(format!("{name}: there is no such field")) };
        let nothing = match field["type"].as_str().expect("a type") {
            "markdown" | "html" => return Some(format!("{name}: it has no value")),
            "checkbox" => json!(false),
            "multi_select" => json!([]),
            "file" if field["multiple"] == true => json!([]),
            _ => Value::Null,
        };
        let is_nothing = [json!(null), json!(""), json!([])].contains(value);
        now.insert(name.clone(), if is_nothing { nothing } else { value.clone() });
    }
    for field in fields {
        let name = field["name"].as_str().expect("a name");
        let kind = field["type"].as_str().expect("a type");
        let value = data.get(name).cloned().unwrap_or(Value::Null);
        let holds = |key: &Value, fields: &Map<String, Value>| {
            let scope = json!({"fields": fields, "context": input["context"], "now": input["now"]});
            let source = key.as_str().expect("a source");
            Expression::parse(source).expect("it was read").evaluate_bool(&scope)
        };
        let shown = match field.get("visibility_expression") {
            Some(rule) => match holds(rule, &now) {
                Ok(shown) => shown,
                Err(error) => return Some(format!("{name}: {error}")),
            },
            None => true,
        };
        if !shown || ["markdown", "html"].contains(&kind) {
            if data.contains_key(name) {
                return Some(format!("{name}: it is hidden, and submitted"));
            }
            now.insert(name.to_owned(), Value::Null);
            continue;
        }
        let enabled = match field.get("enabled_expression") {
            Some(rule) => match holds(rule, &now) {
                Ok(enabled) => enabled,
                Err(error) => return Some(format!("{name}: {error}")),
            },
            None => true,
        };
        if enabled && values.contains_key(name) && now[name] != value {
            return Some(format!("{name}: {} was sent, {value} is submitted", now[name]));
        }
        now.insert(name.to_owned(), value.clone());
        let mut required = field["required"] == true;
        if let Some(rule) = field.get("required_expression").filter(|_| enabled && !required) {
            match holds(rule, &now) {
                Ok(holds) => required = holds,
                Err(error) => return Some(format!("{name}: {error}")),
            }
        }
        let text = value.as_str();
        let is_nothing = value.is_null() || value == json!([]);
        let is_blank = is_nothing
            || text.is_some_and(|text| text.trim().is_empty())
            || (kind == "checkbox" && value == false);
        if required && enabled && is_blank {
            return Some(format!("{name}: it is required"));
        }
        let rules = &field["validation"];
        if !is_nothing {
            let is_kind = match kind {
                "text" | "textarea" => value.is_string(),
                "email" => text.is_some_and(|text| text.matches('@').count() == 1 && text.contains('.')),
                "number" => value.is_number(),
                "checkbox" => value.is_boolean(),
                "date" => {
                    text.is_some_and(|text| text.len() == 10 && bifrost_expressions::days(text).is_some())
                }
                "datetime" => text.is_some_and(|text| text.len() >= 16 && text[10..].starts_with('T')),
                "multi_select" | "file" => value.is_array(),
                _ => !value.is_array(),
            };
            if !is_kind {
                return Some(format!("{name}: {value} is no {kind}"));
            }
            let offered = match field.get("data_provider") {
                Some(_) => input["options"].get(name).map(|_| json!(["b", 3, "a"])),
                None => Some(json!(["a", "b", 3, true])),
            };
            if let (Some(offered), "select" | "radio" | "multi_select") = (offered, kind) {
                let chosen = value.as_array().cloned().unwrap_or_else(|| vec![value.clone()]);
                let is_offered = |one: &Value| {
                    offered
                        .as_array()
                        .expect("a list")
                        .iter()
                        .any(|other| one == other || (one.is_number() && one.as_f64() == other.as_f64()))
                };
                if !chosen.iter().all(is_offered) {
                    return Some(format!("{name}: {value} is not offered"));
                }
            }
            if kind == "file"
                && value.as_array().is_some_and(|files| files.len() > 1)
                && field["multiple"] != true
            {
                return Some(format!("{name}: more than one file"));
            }
            let number = |key: &str| rules[key].as_f64();
            if let Some(value) = value.as_f64()
                && (number("min").is_some_and(|min| value < min)
                    || number("max").is_some_and(|max| value > max))
            {
                return Some(format!("{name}: {value} is out of range"));
            }
            if let Some(text) = text {
                let length = text.chars().count() as f64;
                if number("min_length").is_some_and(|min| length < min)
                    || number("max_length").is_some_and(|max| length > max)
                {
                    return Some(format!("{name}: {text} is too short or too long"));
                }
                let day = text.get(..10).unwrap_or(text);
                if rules["min"].as_str().is_some_and(|min| day < min)
                    || rules["max"].as_str().is_some_and(|max| day > max)
                {
                    return Some(format!("{name}: {text} is too early or too late"));
                }
                if let Some(pattern) = rules["pattern"].as_str() {
                    let source = format!("'x' == 'x' && fields.{name}.matches(r\"{pattern}\")");
                    if holds(&json!(source), &now) != Ok(true) {
                        return Some(format!("{name}: {text} does not match {pattern}"));
                    }
                }
            }
        }
        if let Some(rule) = rules.get("expression")
            && holds(rule, &now) != Ok(true)
        {
            return Some(format!("{name}: {rule} does not hold"));
        }
    }
    None
}
