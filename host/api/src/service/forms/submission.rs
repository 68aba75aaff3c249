//! What is submitted: decided here once more, with the options that data providers truly offer and
//! the files that were truly sent.

use super::opened::{self, Opened};
use super::uploads;
use crate::auth::Auth;
use crate::problem::{ApiError, ApiResult, FieldError};
use crate::state::ApiState;
use bifrost_core::UploadId;
use bifrost_forms::{Asked, Filled, State};
use http::StatusCode;
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};

/// Most times that options are asked for anew because others changed what they depend on.
const ROUNDS: usize = 5;

/// What a workflow is started with.
pub struct Submission {
    /// Its parameters.
    pub data: Map<String, Value>,
    /// The files among them.
    pub uploads: Vec<UploadId>,
}

/// Why a form is not submitted.
pub fn refused(errors: Vec<FieldError>) -> ApiError {
    let detail = match errors.first() {
        Some(FieldError { field, message }) => format!("{field}: {message}"),
        None => "what is filled in is not valid".to_owned(),
    };
    ApiError::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid_form", detail).with_fields(errors)
}

fn fault(field: &str, message: impl Into<String>) -> FieldError {
    FieldError { field: field.to_owned(), message: message.into() }
}

/// Checks what is filled in.
///
/// # Errors
/// `invalid_form`, and what keeps data providers from being asked.
pub async fn check(
    state: &ApiState,
    auth: &Auth,
    opened: &Opened,
    values: Map<String, Value>,
) -> ApiResult<Submission> {
    let mut filled = opened.filled(values);
    let decided = decide(state, auth, opened, &mut filled, None).await?;
    let fields = decided.fields.iter();
    let mut errors: Vec<FieldError> =
        fields.filter_map(|(name, field)| Some(fault(name, field.error.clone()?))).collect();
    errors.extend(decided.unknown.iter().map(|name| fault(name, "This form has no such field")));
    if !errors.is_empty() {
        return Err(refused(errors));
    }
    let mut submission = Submission { data: decided.data, uploads: vec![] };
    uploads::put_in_place(state, auth, opened, &mut submission).await?;
    Ok(submission)
}

/// Decides with what data providers answer: the options of every field that has a value, and the
/// default of every field that has none. With `only`, as far as it changes the values of these fields.
/// What one option brings along can change what another data provider is asked with, so it is
/// repeated until nothing changes.
pub async fn decide(
    state: &ApiState,
    auth: &Auth,
    opened: &Opened,
    filled: &mut Filled,
    only: Option<&BTreeSet<String>>,
) -> ApiResult<State> {
    let form = &opened.definition;
    let mut answered: BTreeMap<(&str, Asked), Option<Map<String, Value>>> = BTreeMap::new();
    let mut decided = form.state(filled);
    for _ in 0..ROUNDS {
        let mut is_settled = true;
        for field in &form.definition().fields {
            for asked in Asked::ALL {
                let name = field.name.as_str();
                let Some(provider) = field.provider(asked) else { continue };
                let is_value = asked == Asked::Default || !field.auto_fill.is_empty();
                let matters = only.is_none_or(|names| is_value && names.contains(name));
                if !matters || !is_needed(&decided, name, asked) {
                    continue;
                }
                let question = form.question(name, asked, &decided, filled).map_err(|error| {
                    let message = format!("Its {} cannot be found: {}", asked.as_str(), error.message);
                    refused(vec![fault(name, message)])
                })?;
                let inputs = question.missing.is_empty().then_some(question.inputs);
                if answered.get(&(name, asked)) == Some(&inputs) {
                    continue;
                }
                let options = match &inputs {
                    Some(inputs) => {
                        opened::ask(state, auth, &opened.form, provider, inputs.clone()).await?.to_vec()
                    }
                    None => vec![],
                };
                filled.answer(name, asked, options);
                answered.insert((name, asked), inputs);
                decided = form.state(filled);
                is_settled = false;
            }
        }
        if is_settled {
            return Ok(decided);
        }
    }
    Err(refused(vec![fault("", "Options of this form depend on each other in a circle")]))
}

/// Whether what a data provider answers counts for a field as it is.
fn is_needed(decided: &State, field: &str, asked: Asked) -> bool {
    match asked {
        Asked::Options => decided.data.get(field).is_some_and(|value| *value != Value::Array(vec![])),
        Asked::Default => decided.fields.get(field).is_some_and(|field| field.needs_default),
    }
}
