//! What data providers are asked with while a form is being filled in.

use crate::Form;
use crate::compile::Compiled;
use crate::definition::{Asked, Input};
use crate::state::{Filled, State, scope};
use crate::values;
use bifrost_expressions::{EvalError, Expression};
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};

/// What a data provider is asked with.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Question {
    /// Its inputs.
    pub inputs: Map<String, Value>,
    /// Inputs that are not there yet; it is asked when there are none.
    pub missing: Vec<String>,
}

impl Form {
    /// What the data provider of a field is asked with, once all fields are decided.
    ///
    /// # Errors
    /// When an expression of an input cannot be evaluated.
    pub fn question(
        &self,
        field: &str,
        asked: Asked,
        state: &State,
        filled: &Filled,
    ) -> Result<Question, EvalError> {
        let mut question = Question::default();
        let Some(one) = self.compiled(field) else { return Ok(question) };
        let scope = scope(state.data.clone(), filled);
        for (name, input) in one.field.provider_inputs(asked) {
            let value = match input {
                Input::Static { value } if value.is_null() => continue,
                Input::Static { value } => value.clone(),
                Input::FieldRef { field_name } => state.data.get(field_name).cloned().unwrap_or_default(),
                Input::Expression { .. } => match one.inputs.get(&asked).and_then(|read| read.get(name)) {
                    Some(expression) => expression.evaluate(&scope)?,
                    None => Value::Null,
                },
            };
            if values::is_nothing(&value) && !matches!(input, Input::Static { .. }) {
                question.missing.push(name.clone());
            } else {
                question.inputs.insert(name.clone(), value);
            }
        }
        Ok(question)
    }

    /// The fields whose values decide what the data provider of a field is asked with, however far.
    pub fn dependencies(&self, field: &str, asked: Asked) -> BTreeSet<String> {
        let mut found = BTreeSet::new();
        let mut open = self.compiled(field).map_or(vec![], |one| one.asked_with(asked));
        while let Some(name) = open.pop() {
            if !found.insert(name.clone()) {
                continue;
            }
            open.extend(self.compiled(&name).map_or(vec![], Compiled::depends_on));
            for one in self.fields.iter().filter(|one| one.field.auto_fill.contains_key(&name)) {
                open.push(one.field.name.clone());
                open.extend(one.asked_with(Asked::Options));
            }
        }
        found
    }

    fn compiled(&self, field: &str) -> Option<&Compiled> {
        self.fields.iter().find(|one| one.field.name == field)
    }
}

impl Compiled {
    /// The fields that the inputs of a data provider look at.
    fn asked_with(&self, asked: Asked) -> Vec<String> {
        let referred = self.field.provider_inputs(asked).values().filter_map(|input| match input {
            Input::FieldRef { field_name } => Some(field_name.clone()),
            _ => None,
        });
        let computed = self.inputs.get(&asked).into_iter().flat_map(BTreeMap::values);
        referred.chain(computed.flat_map(Expression::fields)).collect()
    }

    /// The fields that what this one comes to depends on.
    fn depends_on(&self) -> Vec<String> {
        let rules = [&self.visible, &self.enabled, &self.default];
        let looked_at = rules.into_iter().flatten().flat_map(Expression::fields);
        looked_at.chain(self.asked_with(Asked::Default)).collect()
    }
}
