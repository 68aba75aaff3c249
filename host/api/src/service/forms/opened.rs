//! Opening a form, and the options of its fields.

use super::submission;
use crate::auth::Auth;
use crate::problem::{ApiError, ApiResult};
use crate::service::{executions, run};
use crate::state::ApiState;
use crate::views::ExecutionView;
use bifrost_core::{Error, ExecutionId, FormId, FormSessionId, Result, Status};
use bifrost_forms::{Asked, Filled};
use bifrost_store::forms::Form;
use bifrost_store::forms::sessions::{self, MAX_STARTUP, NewSession, Session};
use bifrost_store::{organizations, workflows};
use chrono::SecondsFormat;
use http::StatusCode;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// How long an opened form waits for its launch workflow.
const PATIENCE: Duration = Duration::from_secs(30);
/// Longest value of a query parameter, in bytes.
const MAX_QUERY: usize = 2_000;

/// A form that the caller has opened.
pub struct Opened {
    /// The form as it is now.
    pub form: Form,
    /// The same, to be decided.
    pub definition: bifrost_forms::Form,
    /// Since it was opened.
    pub session: Session,
    /// `user`, `organization`, `query` and `workflow`.
    pub context: Value,
}

impl Opened {
    /// What is filled in, before the options of data providers.
    pub fn filled(&self, values: Map<String, Value>) -> Filled {
        Filled { values, context: self.context.clone(), now: now(), ..Filled::default() }
    }
}

/// The time as rules see it.
pub fn now() -> String {
    bifrost_store::now().to_rfc3339_opts(SecondsFormat::Secs, false)
}

/// Opens a form: its launch workflow runs, and what it returns stays here.
///
/// # Errors
/// `launch_workflow_failed` and `launch_workflow_timeout`, and what keeps it from being run.
pub async fn open(
    state: &ApiState,
    auth: &Auth,
    id: FormId,
    given: BTreeMap<String, String>,
) -> ApiResult<Opened> {
    begin(state, auth, super::usable(state, auth, id).await?, given).await
}

/// The same for a form that the caller may open.
///
/// # Errors
/// As [`open`].
pub async fn begin(
    state: &ApiState,
    auth: &Auth,
    form: Form,
    given: BTreeMap<String, String>,
) -> ApiResult<Opened> {
    let definition = super::saved(&form)?;
    let query = query(&definition, given)?;
    let (startup, launched) = launch(state, auth, &form, &definition, &query).await?;
    let new = NewSession { form_id: form.id, user_id: auth.caller.user, query, startup, launched };
    let session = sessions::open(&auth.org(state), new).await?;
    let context = context(state, auth, &session).await?;
    Ok(Opened { form, definition, session, context })
}

/// A form that the caller has opened before.
pub async fn find(state: &ApiState, auth: &Auth, id: FormId, session: FormSessionId) -> Result<Opened> {
    of(state, auth, super::usable(state, auth, id).await?, session).await
}

/// The same for a form that the caller may fill in.
pub async fn of(state: &ApiState, auth: &Auth, form: Form, session: FormSessionId) -> Result<Opened> {
    let session = sessions::get(&auth.org(state), session, form.id, auth.caller.user).await?;
    let definition = super::saved(&form)?;
    let context = context(state, auth, &session).await?;
    Ok(Opened { form, definition, session, context })
}

async fn context(state: &ApiState, auth: &Auth, session: &Session) -> Result<Value> {
    let organization = organizations::get(&auth.org(state), session.organization_id).await?;
    Ok(json!({
        "user": { "id": auth.caller.user, "email": auth.caller.email, "name": auth.caller.name },
        "organization": { "id": organization.id, "name": organization.name },
        "query": session.query,
        "workflow": session.startup,
    }))
}

/// What a form takes of what its address brings.
fn query(form: &bifrost_forms::Form, given: BTreeMap<String, String>) -> Result<Map<String, Value>> {
    let definition = form.definition();
    let mut query = Map::new();
    for (name, text) in given {
        let is_taken = definition.query_parameters.contains(&name)
            || form.field(&name).is_some_and(|field| field.allow_as_query_param);
        if !is_taken {
            continue;
        }
        if text.len() > MAX_QUERY {
            return Err(Error::invalid(
                format!("query.{name}"),
                format!("expected at most {MAX_QUERY} bytes"),
            ));
        }
        query.insert(name, Value::String(text));
    }
    Ok(query)
}

async fn launch(
    state: &ApiState,
    auth: &Auth,
    form: &Form,
    definition: &bifrost_forms::Form,
    query: &Map<String, Value>,
) -> ApiResult<(Option<Value>, Option<ExecutionId>)> {
    let Some(workflow) = form.launch_workflow_id else { return Ok((None, None)) };
    let workflow = workflows::find(&auth.org(state), &workflow.to_string()).await?;
    let mut parameters = definition.definition().launch_parameters.clone();
    let declared = &definition.definition().query_parameters;
    let brought = query.iter().filter(|(name, _)| declared.contains(name));
    parameters.extend(brought.map(|(name, value)| (name.clone(), value.clone())));
    let request = run::Request {
        input_data: Some(Value::Object(parameters)),
        form_id: Some(form.id),
        ..run::Request::default()
    };
    let execution = run::start_and_wait(state, auth, &workflow, request, PATIENCE).await?;
    let (id, name) = (execution.id, &workflow.info.name);
    if !execution.status.is_terminal() {
        executions::cancel(state, auth, id).await?;
        let detail = format!("`{name}` took longer than {} s", PATIENCE.as_secs());
        return Err(ApiError::new(StatusCode::GATEWAY_TIMEOUT, "launch_workflow_timeout", detail));
    }
    let failed = |detail: String| ApiError::new(StatusCode::BAD_GATEWAY, "launch_workflow_failed", detail);
    let status = execution.status;
    let view = ExecutionView::new(execution, auth.sees_all_runs());
    if status != Status::Success {
        let ended = || format!("`{name}` ended as {}", status.as_str());
        return Err(failed(view.error.unwrap_or_else(ended)));
    }
    match view.result {
        Some(Value::Object(result)) => {
            let result = Value::Object(result);
            if result.to_string().len() > MAX_STARTUP {
                return Err(failed(format!("`{name}` returned more than {MAX_STARTUP} bytes of JSON")));
            }
            Ok((Some(result), Some(id)))
        }
        None | Some(Value::Null) => Ok((None, Some(id))),
        Some(_) => Err(failed(format!("`{name}` returned no object"))),
    }
}

/// What can be chosen in a field or is there at first, and which inputs of its data provider are not
/// there yet.
pub async fn options(
    state: &ApiState,
    auth: &Auth,
    opened: &Opened,
    field: &str,
    asked: Asked,
    values: Map<String, Value>,
) -> ApiResult<(Arc<[Value]>, Vec<String>)> {
    let Some(provider) = opened.definition.field(field).and_then(|field| field.provider(asked)) else {
        let what = asked.as_str();
        let message = format!("`{field}` is no field of this form whose {what} a data provider says");
        return Err(Error::invalid("field", message).into());
    };
    let mut filled = opened.filled(values);
    let needed = opened.definition.dependencies(field, asked);
    let decided = submission::decide(state, auth, opened, &mut filled, Some(&needed)).await?;
    let question = opened.definition.question(field, asked, &decided, &filled);
    let question = question.map_err(|error| {
        Error::invalid("values", format!("the inputs of `{field}` cannot be evaluated: {}", error.message))
    })?;
    if !question.missing.is_empty() {
        return Ok((Arc::default(), question.missing));
    }
    Ok((ask(state, auth, &opened.form, provider, question.inputs).await?, vec![]))
}

/// Asks a data provider that a form names: the form's own, else a global one.
pub async fn ask(
    state: &ApiState,
    auth: &Auth,
    form: &Form,
    provider: &str,
    inputs: Map<String, Value>,
) -> ApiResult<Arc<[Value]>> {
    let workflow = workflows::find(&auth.db(state).scope(form.scope), provider).await?;
    let providers = &state.operations.providers;
    providers.options(state, auth, &workflow, Some(Value::Object(inputs)), false).await
}
