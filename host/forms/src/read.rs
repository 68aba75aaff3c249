//! A definition from its JSON: all that is wrong with its shape at once, each with its place.

use crate::definition::{Access, Asked, Choice, Definition, Field, Input, Kind, Problem, Validation};
use crate::limits::{MAX_CONTENT_BYTES, MAX_FIELDS, MAX_NAME, MAX_OPTIONS, MAX_QUERY_PARAMETERS, MAX_TEXT};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

const FORM: &[&str] = &[
    "name",
    "description",
    "workflow",
    "launch_workflow",
    "launch_parameters",
    "query_parameters",
    "access",
    "fields",
];
const FIELD: &[&str] = &[
    "name",
    "label",
    "type",
    "required",
    "required_expression",
    "help_text",
    "placeholder",
    "default_value",
    "default_expression",
    "default_data_provider",
    "default_data_provider_inputs",
    "visibility_expression",
    "enabled_expression",
    "validation",
    "options",
    "data_provider",
    "data_provider_inputs",
    "auto_fill",
    "content",
    "allow_as_query_param",
    "allowed_types",
    "multiple",
    "max_size_mb",
];
const VALIDATION: &[&str] = &["pattern", "min", "max", "min_length", "max_length", "expression", "message"];

/// Reads values, and keeps what is wrong.
struct Reader {
    problems: Vec<Problem>,
    /// Whether a key that is not known is a problem.
    is_strict: bool,
}

/// Reads a definition; with `is_strict`, keys that it does not have are problems.
///
/// # Errors
/// What is wrong with its shape.
pub(crate) fn read(json: &Value, is_strict: bool) -> Result<Definition, Vec<Problem>> {
    let mut reader = Reader { problems: Vec::new(), is_strict };
    let definition = reader.definition(json);
    match definition {
        Some(definition) if reader.problems.is_empty() => Ok(definition),
        _ => Err(reader.problems),
    }
}

impl Reader {
    fn problem(&mut self, path: impl Into<String>, message: impl Into<String>) {
        self.problems.push(Problem::new(path, message));
    }

    fn object<'a>(&mut self, value: &'a Value, path: &str, known: &[&str]) -> Option<&'a Map<String, Value>> {
        let Value::Object(object) = value else {
            self.problem(path, "expected an object with keys and values");
            return None;
        };
        if self.is_strict && !known.is_empty() {
            for key in object.keys().filter(|key| !known.contains(&key.as_str())) {
                let message = format!("is not known here; known are {}", known.join(", "));
                self.problem(joined(path, key), message);
            }
        }
        Some(object)
    }

    fn text(&mut self, object: &Map<String, Value>, path: &str, key: &str, most: usize) -> Option<String> {
        match object.get(key) {
            None | Some(Value::Null) => None,
            Some(Value::String(text)) if text.chars().count() <= most => Some(text.clone()),
            Some(Value::String(_)) => {
                self.problem(joined(path, key), format!("expected at most {most} characters"));
                None
            }
            Some(_) => {
                self.problem(joined(path, key), "expected a text; write it in quotes");
                None
            }
        }
    }

    /// A text with something in it.
    fn filled(&mut self, object: &Map<String, Value>, path: &str, key: &str, most: usize) -> Option<String> {
        let text = self.text(object, path, key, most)?.trim().to_owned();
        Some(text).filter(|text| !text.is_empty())
    }

    fn needed(&mut self, object: &Map<String, Value>, path: &str, key: &str, most: usize) -> String {
        let known = self.problems.len();
        self.filled(object, path, key, most).unwrap_or_else(|| {
            if self.problems.len() == known {
                self.problem(joined(path, key), "is missing");
            }
            String::new()
        })
    }

    fn flag(&mut self, object: &Map<String, Value>, path: &str, key: &str) -> bool {
        match object.get(key) {
            None | Some(Value::Null) => false,
            Some(Value::Bool(flag)) => *flag,
            Some(_) => {
                self.problem(joined(path, key), "expected true or false");
                false
            }
        }
    }

    fn length(&mut self, object: &Map<String, Value>, path: &str, key: &str) -> Option<u64> {
        let value = object.get(key).filter(|value| !value.is_null())?;
        let whole = value.as_f64().filter(|number| number.fract() == 0.0 && (0.0..=1e9).contains(number));
        if whole.is_none() {
            self.problem(joined(path, key), "expected a whole number of characters, 0 or more");
        }
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is whole and small")]
        whole.map(|number| number as u64)
    }

    fn list<'a>(
        &mut self,
        object: &'a Map<String, Value>,
        path: &str,
        key: &str,
        most: usize,
    ) -> &'a [Value] {
        match object.get(key) {
            None | Some(Value::Null) => &[],
            Some(Value::Array(list)) if list.len() <= most => list,
            Some(Value::Array(_)) => {
                self.problem(joined(path, key), format!("expected at most {most}"));
                &[]
            }
            Some(_) => {
                self.problem(joined(path, key), "expected a list");
                &[]
            }
        }
    }

    fn texts(&mut self, object: &Map<String, Value>, path: &str, key: &str, most: usize) -> Vec<String> {
        let mut texts = Vec::new();
        for (index, value) in self.list(object, path, key, most).iter().enumerate() {
            match value.as_str().filter(|text| text.len() <= MAX_NAME) {
                Some(text) => texts.push(text.trim().to_owned()),
                None => self.problem(
                    format!("{}[{index}]", joined(path, key)),
                    format!("expected a text of at most {MAX_NAME} bytes"),
                ),
            }
        }
        texts
    }

    fn definition(&mut self, json: &Value) -> Option<Definition> {
        let form = self.object(json, "", FORM)?;
        let access = match form.get("access") {
            None | Some(Value::Null) => Access::default(),
            Some(Value::String(name)) if name == "authenticated" => Access::Authenticated,
            Some(Value::String(name)) if name == "granted" || name == "role_based" => Access::Granted,
            Some(_) => {
                self.problem("access", "expected `authenticated` or `granted`");
                Access::default()
            }
        };
        let launch_parameters = match form.get("launch_parameters") {
            None | Some(Value::Null) => Map::new(),
            Some(value) => self.object(value, "launch_parameters", &[]).cloned().unwrap_or_default(),
        };
        let fields = self.list(form, "", "fields", MAX_FIELDS);
        let fields = fields
            .iter()
            .enumerate()
            .filter_map(|(index, field)| self.field(field, &format!("fields[{index}]")))
            .collect();
        Some(Definition {
            name: self.needed(form, "", "name", MAX_NAME),
            description: self.filled(form, "", "description", MAX_TEXT),
            workflow: self.needed(form, "", "workflow", MAX_TEXT),
            launch_workflow: self.filled(form, "", "launch_workflow", MAX_TEXT),
            launch_parameters,
            query_parameters: self.texts(form, "", "query_parameters", MAX_QUERY_PARAMETERS),
            access,
            fields,
        })
    }

    fn field(&mut self, json: &Value, path: &str) -> Option<Field> {
        let field = self.object(json, path, FIELD)?;
        let name = self.needed(field, path, "name", MAX_NAME);
        let kind = self.needed(field, path, "type", MAX_NAME);
        let Some(kind) = Kind::named(&kind) else {
            if !kind.is_empty() {
                let known: Vec<_> = Kind::ALL.iter().map(|kind| kind.as_str()).collect();
                self.problem(joined(path, "type"), format!("`{kind}` is none of {}", known.join(", ")));
            }
            return None;
        };
        let label = match kind.is_content() {
            true => self.filled(field, path, "label", MAX_TEXT),
            false => Some(self.needed(field, path, "label", MAX_TEXT)),
        };
        let max_size_mb = field.get("max_size_mb").filter(|value| !value.is_null());
        let max_size_mb = max_size_mb.and_then(|value| {
            if !value.is_number() {
                self.problem(joined(path, "max_size_mb"), "expected a number of megabytes");
            }
            value.as_f64()
        });
        Some(Field {
            name,
            label,
            kind,
            required: self.flag(field, path, "required"),
            required_expression: self.expression(field, path, "required_expression"),
            help_text: self.filled(field, path, "help_text", MAX_TEXT),
            placeholder: self.filled(field, path, "placeholder", MAX_TEXT),
            default_value: field.get("default_value").filter(|value| !value.is_null()).cloned(),
            default_expression: self.expression(field, path, "default_expression"),
            default_data_provider: self.filled(field, path, Asked::Default.key(), MAX_TEXT),
            default_data_provider_inputs: self.inputs(field, path, Asked::Default),
            visibility_expression: self.expression(field, path, "visibility_expression"),
            enabled_expression: self.expression(field, path, "enabled_expression"),
            validation: self.validation(field, path),
            options: self.options(field, path),
            data_provider: self.filled(field, path, Asked::Options.key(), MAX_TEXT),
            data_provider_inputs: self.inputs(field, path, Asked::Options),
            auto_fill: self.auto_fill(field, path),
            content: self.text(field, path, "content", MAX_CONTENT_BYTES),
            allow_as_query_param: self.flag(field, path, "allow_as_query_param"),
            allowed_types: self.texts(field, path, "allowed_types", MAX_QUERY_PARAMETERS),
            multiple: self.flag(field, path, "multiple"),
            max_size_mb,
        })
    }

    /// The source of an expression; an empty one is none. A YAML file may say `true` for one.
    fn expression(&mut self, object: &Map<String, Value>, path: &str, key: &str) -> Option<String> {
        match object.get(key) {
            Some(Value::Bool(always)) => Some(always.to_string()),
            _ => self.filled(object, path, key, bifrost_expressions::MAX_SOURCE_BYTES),
        }
    }

    fn validation(&mut self, field: &Map<String, Value>, path: &str) -> Option<Validation> {
        let path = joined(path, "validation");
        let json = field.get("validation").filter(|value| !value.is_null())?;
        let rules = self.object(json, &path, VALIDATION)?;
        let bound = |key| rules.get(key).filter(|value: &&Value| !value.is_null()).cloned();
        let pattern = self.text(rules, &path, "pattern", MAX_TEXT).filter(|pattern| !pattern.is_empty());
        let validation = Validation {
            pattern,
            min: bound("min"),
            max: bound("max"),
            min_length: self.length(rules, &path, "min_length"),
            max_length: self.length(rules, &path, "max_length"),
            expression: self.expression(rules, &path, "expression"),
            message: self.filled(rules, &path, "message", MAX_TEXT),
        };
        Some(validation).filter(|validation| *validation != Validation::default())
    }

    fn options(&mut self, field: &Map<String, Value>, path: &str) -> Vec<Choice> {
        let mut options = Vec::new();
        for (index, json) in self.list(field, path, "options", MAX_OPTIONS).iter().enumerate() {
            let path = format!("{path}.options[{index}]");
            let (label, value) = match json {
                Value::Object(option) => {
                    if self.is_strict {
                        self.object(json, &path, &["label", "value"]);
                    }
                    (option.get("label"), option.get("value"))
                }
                // A plain value is its own label.
                plain => (None, Some(plain)),
            };
            let Some(value @ (Value::String(_) | Value::Number(_) | Value::Bool(_))) = value else {
                self.problem(joined(&path, "value"), "expected a text, a number, true or false");
                continue;
            };
            let label = match label {
                None | Some(Value::Null) => crate::values::plain(value),
                Some(label) => crate::values::plain(label),
            };
            options.push(Choice { label, value: value.clone() });
        }
        options
    }

    fn inputs(&mut self, field: &Map<String, Value>, path: &str, asked: Asked) -> BTreeMap<String, Input> {
        let path = joined(path, asked.inputs_key());
        let Some(json) = field.get(asked.inputs_key()).filter(|value| !value.is_null()) else {
            return BTreeMap::new();
        };
        let Some(object) = self.object(json, &path, &[]) else { return BTreeMap::new() };
        let mut inputs = BTreeMap::new();
        for (name, json) in object {
            let path = joined(&path, name);
            let Some(input) = self.object(json, &path, &["mode", "value", "field_name", "expression"]) else {
                continue;
            };
            let read = match input.get("mode").and_then(Value::as_str) {
                Some("static") => Input::Static { value: input.get("value").cloned().unwrap_or(Value::Null) },
                Some("fieldRef") => {
                    Input::FieldRef { field_name: self.needed(input, &path, "field_name", MAX_NAME) }
                }
                Some("expression") => {
                    let most = bifrost_expressions::MAX_SOURCE_BYTES;
                    Input::Expression { expression: self.needed(input, &path, "expression", most) }
                }
                _ => {
                    self.problem(
                        joined(&path, "mode"),
                        "expected `static` with `value`, `fieldRef` with `field_name`, or `expression` with `expression`",
                    );
                    continue;
                }
            };
            inputs.insert(name.clone(), read);
        }
        inputs
    }

    fn auto_fill(&mut self, field: &Map<String, Value>, path: &str) -> BTreeMap<String, String> {
        let path = joined(path, "auto_fill");
        let Some(json) = field.get("auto_fill").filter(|value| !value.is_null()) else {
            return BTreeMap::new();
        };
        let Some(object) = self.object(json, &path, &[]) else { return BTreeMap::new() };
        let object = object.clone();
        let entries = object.keys().map(|name| (name.clone(), self.needed(&object, &path, name, MAX_NAME)));
        entries.collect()
    }
}

pub(crate) fn joined(path: &str, key: &str) -> String {
    if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") }
}
