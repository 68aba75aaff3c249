//! A definition whose expressions are read, and what is wrong with one.

use crate::Form;
use crate::dates::{self, Moment};
use crate::definition::{Asked, Definition, Field, Input, Kind, Problem, Validation};
use crate::limits::{MAX_CHOSEN, MAX_DEFINITION_BYTES, MAX_FIELD_NAME, MAX_FILE_MB};
use crate::read::{joined, read};
use crate::values;
use bifrost_expressions::{Expression, ParseError};
use serde_json::Value;
use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

/// A field with what its expressions were read to.
#[derive(Clone, Debug)]
pub(crate) struct Compiled {
    pub(crate) field: Field,
    pub(crate) visible: Option<Expression>,
    pub(crate) enabled: Option<Expression>,
    pub(crate) required: Option<Expression>,
    pub(crate) default: Option<Expression>,
    pub(crate) rule: Option<Expression>,
    pub(crate) pattern: Option<Expression>,
    /// Those of inputs of data providers, by name.
    pub(crate) inputs: BTreeMap<Asked, BTreeMap<String, Expression>>,
}

impl Form {
    /// Reads the JSON of a definition, from an author: what it does not know is a problem.
    ///
    /// # Errors
    /// All that is wrong, each with its place.
    pub fn read(json: &Value) -> Result<Self, Vec<Problem>> {
        if json.to_string().len() > MAX_DEFINITION_BYTES {
            let message = format!("a form has at most {MAX_DEFINITION_BYTES} bytes of JSON");
            return Err(vec![Problem::new("", message)]);
        }
        Self::compile(read(json, true)?)
    }

    /// Reads the JSON of a definition that was saved, with what else is told of it.
    ///
    /// # Errors
    /// As [`Self::read`].
    pub fn read_saved(json: &Value) -> Result<Self, Vec<Problem>> {
        Self::compile(read(json, false)?)
    }

    fn compile(definition: Definition) -> Result<Self, Vec<Problem>> {
        let mut compiler =
            Compiler { problems: Vec::new(), names: BTreeMap::new(), earlier: BTreeSet::new() };
        let fields = compiler.definition(&definition);
        if compiler.problems.is_empty() { Ok(Self { definition, fields }) } else { Err(compiler.problems) }
    }
}

/// What is wrong with the JSON of a definition: nothing, or each thing with its place.
pub fn check(json: &Value) -> Vec<Problem> {
    Form::read(json).err().unwrap_or_default()
}

struct Compiler {
    problems: Vec<Problem>,
    /// The fields that have values, and their kinds.
    names: BTreeMap<String, Kind>,
    /// Those before the one that is read.
    earlier: BTreeSet<String>,
}

impl Compiler {
    fn problem(&mut self, path: impl Into<String>, message: impl Into<String>) {
        self.problems.push(Problem::new(path, message));
    }

    fn definition(&mut self, form: &Definition) -> Vec<Compiled> {
        let mut seen = BTreeSet::new();
        for (index, name) in form.query_parameters.iter().enumerate() {
            let path = format!("query_parameters[{index}]");
            self.name(name, &path);
            if !seen.insert(name) {
                self.problem(path, format!("`{name}` is there twice"));
            }
        }
        let mut seen = BTreeSet::new();
        for (index, field) in form.fields.iter().enumerate() {
            let path = format!("fields[{index}].name");
            self.name(&field.name, &path);
            if !seen.insert(&field.name) {
                self.problem(path, format!("another field is called `{}` as well", field.name));
            }
            if !field.kind.is_content() {
                self.names.insert(field.name.clone(), field.kind);
            }
        }
        let fields = form.fields.iter().enumerate();
        fields.map(|(index, field)| self.field(field, &format!("fields[{index}]"))).collect()
    }

    fn name(&mut self, name: &str, path: &str) {
        let is_known = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let begins = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
        if !begins || !name.chars().all(is_known) || name.len() > MAX_FIELD_NAME {
            let message = format!(
                "expected at most {MAX_FIELD_NAME} of A-Z, a-z, 0-9 and _, the first of them no digit"
            );
            self.problem(path, message);
        }
    }

    fn field(&mut self, field: &Field, path: &str) -> Compiled {
        self.fits_its_kind(field, path);
        self.choices(field, path);
        self.default(field, path);
        let rules = field.validation.as_ref();
        if let Some(rules) = rules {
            self.validation(field, rules, &joined(path, "validation"));
        }
        let inputs = Asked::ALL.map(|asked| (asked, self.inputs(field, asked, path))).into_iter().collect();
        if !field.kind.is_content() {
            self.earlier.insert(field.name.clone());
        }
        let mut optional = |source: &Option<String>, key: &str| {
            source.as_ref().and_then(|source| self.expression(source, &joined(path, key)))
        };
        Compiled {
            visible: optional(&field.visibility_expression, "visibility_expression"),
            enabled: optional(&field.enabled_expression, "enabled_expression"),
            required: optional(&field.required_expression, "required_expression"),
            default: optional(&field.default_expression, "default_expression"),
            rule: rules.and_then(|rules| optional(&rules.expression, "validation.expression")),
            pattern: rules.and_then(|rules| self.pattern(field, rules, path)),
            inputs,
            field: field.clone(),
        }
    }

    /// The expressions among the inputs of a data provider. A default is decided with its field, so
    /// what it is asked with has to be decided before.
    fn inputs(&mut self, field: &Field, asked: Asked, path: &str) -> BTreeMap<String, Expression> {
        let mut inputs = BTreeMap::new();
        for (name, input) in field.provider_inputs(asked) {
            let path = format!("{path}.{}.{name}", asked.inputs_key());
            match input {
                Input::Static { .. } => {}
                Input::FieldRef { field_name } => {
                    let path = joined(&path, "field_name");
                    if *field_name == field.name || !self.names.contains_key(field_name) {
                        self.problem(path, format!("`{field_name}` is no other field of this form"));
                    } else {
                        self.must_be_before(field_name, asked, &path);
                    }
                }
                Input::Expression { expression } => {
                    let path = joined(&path, "expression");
                    if let Some(read) = self.expression(expression, &path) {
                        for name in read.fields() {
                            self.must_be_before(&name, asked, &path);
                        }
                        inputs.insert(name.clone(), read);
                    }
                }
            }
        }
        inputs
    }

    fn must_be_before(&mut self, name: &str, asked: Asked, path: &str) {
        if asked == Asked::Default && self.names.contains_key(name) && !self.earlier.contains(name) {
            self.problem(path, format!("`{name}` is no field before this one"));
        }
    }

    fn expression(&mut self, source: &str, path: &str) -> Option<Expression> {
        match Expression::parse(source) {
            Ok(expression) => {
                for name in expression.fields() {
                    if !self.names.contains_key(&name) {
                        self.problem(path, format!("`fields.{name}`: this form has no field `{name}`"));
                    }
                }
                Some(expression)
            }
            Err(error) => {
                self.problems.push(faulty(path, source, &error));
                None
            }
        }
    }

    /// The pattern as the expression that it stands for: the same limits hold for both.
    fn pattern(&mut self, field: &Field, rules: &Validation, path: &str) -> Option<Expression> {
        let pattern = rules.pattern.as_ref()?;
        let [name, quoted] = [&field.name, pattern].map(|text| Value::from(text.as_str()).to_string());
        match Expression::parse(&format!("fields[{name}].matches({quoted})")) {
            Ok(expression) => Some(expression),
            Err(error) => {
                self.problem(joined(path, "validation.pattern"), error.message);
                None
            }
        }
    }

    /// Keys that mean nothing for what is filled in.
    fn fits_its_kind(&mut self, field: &Field, path: &str) {
        let kind = field.kind;
        let is_shown = kind.is_content();
        if is_shown && field.content.as_deref().is_none_or(|content| content.trim().is_empty()) {
            self.problem(joined(path, "content"), "is missing: it is what is shown");
        }
        let is_file = kind == Kind::File;
        let without_value = [
            ("required", field.required),
            ("required_expression", field.required_expression.is_some()),
            ("enabled_expression", field.enabled_expression.is_some()),
            ("default_value", field.default_value.is_some()),
            ("default_expression", field.default_expression.is_some()),
            ("default_data_provider", field.default_data_provider.is_some()),
            ("validation", field.validation.is_some()),
            ("allow_as_query_param", field.allow_as_query_param),
        ];
        for (key, is_there) in without_value {
            let of_files = key.starts_with("default_") || key == "allow_as_query_param";
            if is_there && (is_shown || (is_file && of_files)) {
                let message = format!("means nothing for a field of type `{}`", kind.as_str());
                self.problem(joined(path, key), message);
            }
        }
        let others = [
            ("content", field.content.is_some() && !is_shown),
            ("options", !field.options.is_empty() && !kind.is_choice()),
            ("data_provider", field.data_provider.is_some() && !kind.is_choice()),
            ("data_provider_inputs", !field.data_provider_inputs.is_empty() && field.data_provider.is_none()),
            (
                "default_data_provider_inputs",
                !field.default_data_provider_inputs.is_empty() && field.default_data_provider.is_none(),
            ),
            ("auto_fill", !field.auto_fill.is_empty() && field.data_provider.is_none()),
            ("auto_fill", !field.auto_fill.is_empty() && kind == Kind::MultiSelect),
            ("allowed_types", !field.allowed_types.is_empty() && !is_file),
            ("multiple", field.multiple && !is_file),
            ("max_size_mb", field.max_size_mb.is_some() && !is_file),
        ];
        for (key, is_wrong) in others {
            if is_wrong {
                let message = match key {
                    "data_provider_inputs" | "auto_fill" => {
                        "means something only for one choice of a data provider"
                    }
                    "default_data_provider_inputs" => "means something only with `default_data_provider`",
                    _ => "means nothing for a field of this type",
                };
                self.problem(joined(path, key), message);
            }
        }
        if field.max_size_mb.is_some_and(|size| !(size > 0.0 && size <= MAX_FILE_MB)) {
            self.problem(
                joined(path, "max_size_mb"),
                format!("expected more than 0 and at most {MAX_FILE_MB}"),
            );
        }
        for (index, name) in field.allowed_types.iter().enumerate() {
            let is_part = |part: &str| {
                !part.is_empty() && part.chars().all(|c| c.is_ascii_alphanumeric() || "!#$&-^_.+".contains(c))
            };
            let fits =
                name.split_once('/').is_some_and(|(kind, sub)| is_part(kind) && (sub == "*" || is_part(sub)));
            if !fits {
                let path = format!("{path}.allowed_types[{index}]");
                self.problem(path, "expected a type such as `application/pdf` or `image/*`");
            }
        }
    }

    fn choices(&mut self, field: &Field, path: &str) {
        if field.kind.is_choice() && field.options.is_empty() == field.data_provider.is_none() {
            let message = "give either `options` or a `data_provider`: what can be chosen";
            self.problem(joined(path, "options"), message);
        }
        for (index, option) in field.options.iter().enumerate() {
            let path = format!("{path}.options[{index}]");
            let before = || field.options.iter().take(index);
            if before().any(|other| values::same(&other.value, &option.value)) {
                self.problem(joined(&path, "value"), "is the value of another option as well");
            }
            if before().any(|other| other.label == option.label) {
                self.problem(joined(&path, "label"), "is the label of another option as well");
            }
            if values::is_nothing(&option.value) {
                self.problem(joined(&path, "value"), "is empty, which is the same as nothing chosen");
            }
        }
        for name in field.auto_fill.keys() {
            if *name == field.name || !self.names.contains_key(name) {
                let path = format!("{path}.auto_fill.{name}");
                self.problem(path, format!("`{name}` is no other field of this form"));
            }
        }
    }

    fn default(&mut self, field: &Field, path: &str) {
        let Some(value) = &field.default_value else { return };
        let value = values::normal(field, values::meant(field, value.clone()));
        if field.kind.is_content() || values::is_nothing(&value) {
            return;
        }
        let path = joined(path, "default_value");
        if let Some(wrong) = values::wrong_kind(field, &value) {
            let what = field.kind.as_str();
            self.problem(path, format!("is nothing that a field of type `{what}` can have: {wrong}"));
            return;
        }
        let chosen = value.as_array().map_or(std::slice::from_ref(&value), Vec::as_slice);
        let is_offered =
            |value: &Value| field.options.iter().any(|option| values::same(&option.value, value));
        if !field.options.is_empty() && !chosen.iter().take(MAX_CHOSEN).all(is_offered) {
            self.problem(path, "is none of the options");
        }
    }

    fn validation(&mut self, field: &Field, rules: &Validation, path: &str) {
        let kind = field.kind;
        let wrong = "means nothing for a field of this type; `expression` can look at every value";
        for (key, is_there, fits) in [
            ("pattern", rules.pattern.is_some(), kind.is_text()),
            ("min_length", rules.min_length.is_some(), kind.is_text()),
            ("max_length", rules.max_length.is_some(), kind.is_text()),
            ("min", rules.min.is_some(), kind == Kind::Number || kind.is_date()),
            ("max", rules.max.is_some(), kind == Kind::Number || kind.is_date()),
        ] {
            if is_there && !fits {
                self.problem(joined(path, key), wrong);
            }
        }
        for (key, bound) in [("min", &rules.min), ("max", &rules.max)] {
            let Some(bound) = bound else { continue };
            let is_time = |text: &str| dates::day(text).is_some() || Moment::parse(text).is_some();
            match kind {
                Kind::Number if !bound.is_number() => self.problem(joined(path, key), "expected a number"),
                Kind::Date if bound.as_str().is_none_or(|text| dates::day(text).is_none()) => {
                    self.problem(joined(path, key), "expected a date as in \"2026-01-31\"");
                }
                Kind::Datetime if !bound.as_str().is_some_and(is_time) => {
                    let message =
                        "expected a date as in \"2026-01-31\", or with a time as in \"2026-01-31T08:30\"";
                    self.problem(joined(path, key), message);
                }
                _ => {}
            }
        }
        let number = |value: &Option<Value>| value.as_ref().and_then(Value::as_f64);
        let text = |value: &Option<Value>| value.as_ref().and_then(Value::as_str).map(str::to_owned);
        let is_reversed = match (number(&rules.min), number(&rules.max), text(&rules.min), text(&rules.max)) {
            (Some(min), Some(max), ..) => min > max,
            (_, _, Some(min), Some(max)) => dates::compared(&min, &max) == Some(Ordering::Greater),
            _ => false,
        };
        if is_reversed {
            self.problem(joined(path, "max"), "is less than `min`");
        }
        if rules.min_length.zip(rules.max_length).is_some_and(|(min, max)| min > max) {
            self.problem(joined(path, "max_length"), "is less than `min_length`");
        }
    }
}

/// The problem of a source that is no expression.
fn faulty(path: &str, source: &str, error: &ParseError) -> Problem {
    let from = source.get(..error.position.byte).unwrap_or_default();
    let part = source.get(error.position.byte..).unwrap_or_default().chars().take(error.length);
    let from = from.encode_utf16().count();
    let to = from + part.map(char::len_utf16).sum::<usize>();
    Problem { from: Some(from), to: Some(to), ..Problem::new(path, error.message.clone()) }
}
