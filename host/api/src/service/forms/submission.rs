//! What is submitted: decided here once more, with the options that data providers truly offer and
//! the files that were truly sent.

use super::opened::{self, Opened};
use super::uploads;
use crate::auth::Auth;
use crate::problem::{ApiError, ApiResult, FieldError};
use crate::state::ApiState;
use bifrost_core::UploadId;
use bifrost_forms::{Filled, State};
use http::StatusCode;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

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
    let decided = decide(state, auth, opened, &mut filled).await?;
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

/// Decides with the options of every field that has a value. What one option brings along can change
/// what another data provider is asked with, so it is repeated until nothing changes.
async fn decide(state: &ApiState, auth: &Auth, opened: &Opened, filled: &mut Filled) -> ApiResult<State> {
    let mut asked: BTreeMap<String, Option<Map<String, Value>>> = BTreeMap::new();
    for _ in 0..ROUNDS {
        let decided = opened.definition.state(filled);
        let mut is_settled = true;
        for field in &opened.definition.definition().fields {
            let name = field.name.as_str();
            let is_empty = |value: &Value| value.as_array().is_some_and(Vec::is_empty);
            let is_chosen = decided.data.get(name).is_some_and(|value| !is_empty(value));
            let Some(provider) = field.data_provider.as_ref().filter(|_| is_chosen) else { continue };
            let question = opened.definition.question(name, &decided, filled).map_err(|error| {
                refused(vec![fault(name, format!("Its options cannot be found: {}", error.message))])
            })?;
            let inputs = question.missing.is_empty().then_some(question.inputs);
            if asked.get(name) == Some(&inputs) {
                continue;
            }
            let options = match &inputs {
                Some(inputs) => {
                    opened::ask(state, auth, &opened.form, provider, inputs.clone()).await?.to_vec()
                }
                None => vec![],
            };
            filled.options.insert(name.to_owned(), options);
            asked.insert(name.to_owned(), inputs);
            is_settled = false;
        }
        if is_settled {
            return Ok(decided);
        }
    }
    Err(refused(vec![fault("", "Options of this form depend on each other in a circle")]))
}
