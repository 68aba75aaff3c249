//! What is true of a form that is being filled in.

use crate::Form;
use crate::compile::Compiled;
use crate::definition::{Asked, Field, Validation};
use crate::values;
use bifrost_expressions::{EvalError, Expression};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// What is filled in, and what is around it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Filled {
    /// By the names of fields. What is not in it has its default; nothing (null) has not.
    pub values: Map<String, Value>,
    /// `user`, `organization`, `query` and `workflow`.
    pub context: Value,
    /// The time, as `2026-11-26T08:39:00+01:00`.
    pub now: String,
    /// What can be chosen in fields whose options a data provider says: values, or objects with
    /// `value` and perhaps `metadata`. Where nothing is given, every value may be one of them.
    pub options: BTreeMap<String, Vec<Value>>,
    /// What the data providers of defaults have answered, as options; the first one counts.
    pub defaults: BTreeMap<String, Vec<Value>>,
}

impl Filled {
    /// From JSON with these keys.
    ///
    /// # Errors
    /// Which key is wrong.
    pub fn read(json: &Value) -> Result<Self, String> {
        let object = |key: &str| match json.get(key) {
            None | Some(Value::Null) => Ok(Map::new()),
            Some(Value::Object(object)) => Ok(object.clone()),
            Some(_) => Err(format!("`{key}`: expected an object")),
        };
        let lists = |key: &str| {
            let lists = object(key)?.into_iter().map(|(name, list)| match list {
                Value::Array(list) => Ok((name, list)),
                _ => Err(format!("`{key}`: expected a list for `{name}`")),
            });
            lists.collect::<Result<BTreeMap<_, _>, String>>()
        };
        Ok(Self {
            values: object("values")?,
            context: Value::Object(object("context")?),
            now: json.get("now").and_then(Value::as_str).unwrap_or_default().to_owned(),
            options: lists("options")?,
            defaults: lists("defaults")?,
        })
    }

    /// Takes what the data provider of a field has answered.
    pub fn answer(&mut self, field: &str, asked: Asked, options: Vec<Value>) {
        let answers = match asked {
            Asked::Options => &mut self.options,
            Asked::Default => &mut self.defaults,
        };
        answers.insert(field.to_owned(), options);
    }
}

/// What is true of one field.
#[derive(Clone, Debug, PartialEq)]
pub struct FieldState {
    /// Shown.
    pub visible: bool,
    /// Can be changed; what cannot has its default.
    pub enabled: bool,
    /// Has to be filled in.
    pub required: bool,
    /// There at first.
    pub default: Value,
    /// True: it has its default, and that is what the data provider of its default says.
    pub needs_default: bool,
    /// What keeps it from being submitted.
    pub error: Option<String>,
}

/// What is true of a form.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct State {
    /// Of each field.
    pub fields: BTreeMap<String, FieldState>,
    /// What would be submitted: values that are there, of fields that are shown.
    pub data: Map<String, Value>,
    /// Names of values that no field has.
    pub unknown: Vec<String>,
}

impl State {
    /// True when it can be submitted.
    pub fn is_valid(&self) -> bool {
        self.unknown.is_empty() && self.fields.values().all(|field| field.error.is_none())
    }

    /// As the browser has it.
    pub fn json(&self) -> Value {
        let fields = self.fields.iter().map(|(name, field)| {
            let FieldState { visible, enabled, required, default, needs_default, error } = field;
            let field = json!({
                "visible": visible, "enabled": enabled, "required": required, "default": default,
                "needs_default": needs_default, "error": error,
            });
            (name.clone(), field)
        });
        json!({
            "fields": fields.collect::<Map<_, _>>(), "data": self.data, "unknown": self.unknown,
            "is_valid": self.is_valid(),
        })
    }
}

/// What is there at first in a field.
struct AtFirst {
    value: Value,
    /// Whether a data provider says it, or is to say it.
    is_asked: bool,
    /// Why it cannot be told.
    failure: Option<String>,
}

/// What rules look at, and what went wrong first with the rules of one field.
struct Deciding<'a> {
    filled: &'a Filled,
    scope: Value,
    error: Option<String>,
}

impl Form {
    /// What is true for what is filled in. Fields are decided one after the other: a rule sees of
    /// fields before it what they came to, and of its own and those behind it what is filled in.
    pub fn state(&self, filled: &Filled) -> State {
        let mut state = State::default();
        let is_unknown = |name: &&String| {
            !self.fields.iter().any(|one| one.field.name == **name && !one.field.kind.is_content())
        };
        state.unknown = filled.values.keys().filter(is_unknown).cloned().collect();
        let mut fields = Map::new();
        for Compiled { field, .. } in &self.fields {
            if let Some(value) = filled.values.get(&field.name) {
                fields.insert(field.name.clone(), values::normal(field, value.clone()));
            }
        }
        let scope = scope(fields, filled);
        let mut deciding = Deciding { filled, scope, error: None };
        for one in &self.fields {
            let (field, value) = deciding.field(self, one);
            if !value.is_null() {
                state.data.insert(one.field.name.clone(), value);
            }
            state.fields.insert(one.field.name.clone(), field);
        }
        state
    }
}

/// What rules look at.
pub(crate) fn scope(fields: Map<String, Value>, filled: &Filled) -> Value {
    let context = ("context".to_owned(), filled.context.clone());
    let now = ("now".to_owned(), Value::from(filled.now.as_str()));
    Value::Object([("fields".to_owned(), Value::Object(fields)), context, now].into_iter().collect())
}

impl Deciding<'_> {
    /// What a field comes to: its state, and the value that is submitted or nothing.
    fn field(&mut self, form: &Form, one: &Compiled) -> (FieldState, Value) {
        self.error = None;
        let field = &one.field;
        let visible = self.holds(one.visible.as_ref(), true, "when this is shown");
        if !visible || field.kind.is_content() {
            self.set(&field.name, Value::Null);
            let error = self.error.take();
            let (default, needs_default) = (Value::Null, false);
            let state = FieldState { visible, enabled: true, required: false, default, needs_default, error };
            return (state, Value::Null);
        }
        let enabled = self.holds(one.enabled.as_ref(), true, "when this can be changed");
        let sent = self.filled.values.get(&field.name).filter(|_| enabled);
        let AtFirst { value: default, is_asked, failure } = self.default(form, one);
        let needs_default = is_asked && sent.is_none();
        let value = match sent {
            Some(value) => values::normal(field, value.clone()),
            None => {
                self.fail(failure);
                default.clone()
            }
        };
        self.set(&field.name, value.clone());
        // What nobody can fill in need not be filled in.
        let required = enabled
            && (field.required
                || (one.required.is_some()
                    && self.holds(one.required.as_ref(), true, "when this has to be filled in")));
        let fault = self.fault(one, &value, required);
        self.fail(fault);
        let error = self.error.take();
        (FieldState { visible, enabled, required, default, needs_default, error }, value)
    }

    /// Keeps what went wrong first.
    fn fail(&mut self, error: Option<String>) {
        if self.error.is_none() {
            self.error = error;
        }
    }

    fn set(&mut self, name: &str, value: Value) {
        if let Some(fields) = self.scope.get_mut("fields").and_then(Value::as_object_mut) {
            fields.insert(name.to_owned(), value);
        }
    }

    /// Whether a condition holds: `otherwise` where there is none, or where it cannot be told.
    fn holds(&mut self, condition: Option<&Expression>, otherwise: bool, what: &str) -> bool {
        let Some(condition) = condition else { return otherwise };
        match condition.evaluate_bool(&self.scope) {
            Ok(holds) => holds,
            Err(error) => {
                self.fail(Some(unknown(what, &error)));
                otherwise
            }
        }
    }

    /// What is there at first.
    fn default(&self, form: &Form, one: &Compiled) -> AtFirst {
        let field = &one.field;
        let given = self.chosen_elsewhere(form, &field.name).or_else(|| {
            let query = self.filled.context.get("query")?.get(&field.name)?.as_str()?;
            (field.allow_as_query_param && !query.is_empty()).then(|| values::of_text(field, query)).flatten()
        });
        let mut failure = None;
        let given = given.or_else(|| match one.default.as_ref()?.evaluate(&self.scope) {
            Ok(value) => Some(value).filter(|value| !value.is_null()),
            Err(error) => {
                failure = Some(unknown("what is there at first", &error));
                Some(Value::Null)
            }
        });
        let is_asked = given.is_none() && field.default_data_provider.is_some();
        let value = given.or_else(|| self.offered_first(field).filter(|_| is_asked).cloned());
        let value = value.or_else(|| field.default_value.clone()).unwrap_or_default();
        AtFirst { value: values::normal(field, values::meant(field, value)), is_asked, failure }
    }

    /// What the data provider of a default offers first.
    fn offered_first(&self, field: &Field) -> Option<&Value> {
        let first = self.filled.defaults.get(&field.name)?.first()?;
        Some(offered(first)).filter(|value| !value.is_null())
    }

    /// What the option that is chosen in another field brings for this one.
    fn chosen_elsewhere(&self, form: &Form, name: &str) -> Option<Value> {
        form.fields.iter().find_map(|one| {
            let key = one.field.auto_fill.get(name)?;
            let chosen = self.scope.get("fields")?.get(&one.field.name)?;
            let options = self.filled.options.get(&one.field.name)?;
            let option = options.iter().find(|option| values::same(offered(option), chosen))?;
            option.get("metadata")?.get(key).filter(|value| !value.is_null()).cloned()
        })
    }

    /// What is wrong with the value of a field that is shown.
    fn fault(&self, one: &Compiled, value: &Value, required: bool) -> Option<String> {
        let field = &one.field;
        if !values::is_nothing(value)
            && let Some(error) = values::wrong_kind(field, value)
        {
            return Some(error.to_owned());
        }
        if required && values::is_missing(field, value) {
            return Some(values::missing(field.kind).to_owned());
        }
        if !values::is_nothing(value) && field.kind.is_choice() && !self.is_offered(one, value) {
            return Some("This is none of the options; choose again".to_owned());
        }
        self.broken_rule(one, field.validation.as_ref()?, value)
    }

    fn is_offered(&self, one: &Compiled, value: &Value) -> bool {
        let given = self.filled.options.get(&one.field.name);
        let is_one = |value: &Value| match (&one.field.data_provider, given) {
            (Some(_), Some(options)) => options.iter().any(|option| values::same(offered(option), value)),
            (Some(_), None) => true,
            (None, _) => one.field.options.iter().any(|option| values::same(&option.value, value)),
        };
        match value {
            Value::Array(chosen) => chosen.iter().all(is_one),
            one => is_one(one),
        }
    }

    fn broken_rule(&self, one: &Compiled, rules: &Validation, value: &Value) -> Option<String> {
        let told = |default: &str| rules.message.clone().unwrap_or_else(|| default.to_owned());
        if !values::is_nothing(value) {
            if let Some(error) = values::out_of_bounds(&one.field, rules, value) {
                return Some(told(&error));
            }
            match one.pattern.as_ref().map(|pattern| pattern.evaluate_bool(&self.scope)) {
                None | Some(Ok(true)) => {}
                Some(Ok(false)) => return Some(told("This does not have the form that is asked for")),
                Some(Err(_)) => return Some("This text is too long".to_owned()),
            }
        }
        match one.rule.as_ref()?.evaluate_bool(&self.scope) {
            Ok(true) => None,
            Ok(false) => Some(told("This is not valid")),
            Err(error) => Some(unknown("what is valid", &error)),
        }
    }
}

/// The value of an option, which may be one itself.
fn offered(option: &Value) -> &Value {
    option.get("value").unwrap_or(option)
}

fn unknown(what: &str, error: &EvalError) -> String {
    format!("The rule for {what} cannot be evaluated: {}", error.message)
}
