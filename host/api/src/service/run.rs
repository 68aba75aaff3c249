//! From a request to a durable run with a ticket in the queue, and, for those who
//! wait, to its end.

use super::executions;
use crate::auth::Auth;
use crate::events;
use crate::state::ApiState;
use bifrost_core::ports::Ticket;
use bifrost_core::ports::subscription::Receiver;
use bifrost_core::{Error, Execution, ExecutionId, Limits, Parameter, Result, Status};
use bifrost_store::executions::{self as store, NewExecution};
use bifrost_store::organizations;
use bifrost_store::workflows::{self, Workflow};
use serde_json::{Map, Value};
use std::time::Duration;
use tokio::time::{Instant, timeout_at};

/// How often a waiting request asks the database, for when the bus lost the end.
const POLL: Duration = Duration::from_secs(1);

/// What is asked for, beside the workflow.
pub struct Request {
    /// Parameters by name; `None` for none.
    pub input_data: Option<Value>,
    /// A request with the same key answers with the same execution.
    pub idempotency_key: Option<String>,
    /// The run that is repeated.
    pub rerun_of: Option<ExecutionId>,
}

/// Finds what the caller may run: by id, name or `path::function`, own before global.
pub async fn resolve(state: &ApiState, auth: &Auth, reference: &str) -> Result<Workflow> {
    workflows::find(&auth.org(state), reference).await
}

/// What the runs of the caller's organization may use.
pub async fn limits(state: &ApiState, auth: &Auth) -> Result<Limits> {
    Ok(organizations::get(&auth.org(state), auth.organization()).await?.limits)
}

/// Accepts a run: committed, and its ticket in the queue.
pub async fn start(
    state: &ApiState,
    auth: &Auth,
    workflow: &Workflow,
    request: Request,
) -> Result<Execution> {
    let repeatable = request.idempotency_key.is_some();
    let execution = accept(state, auth, workflow, request).await?;
    publish(state, &execution, repeatable).await?;
    Ok(execution)
}

/// Accepts a run and waits for its end, or for `patience`.
pub async fn start_and_wait(
    state: &ApiState,
    auth: &Auth,
    workflow: &Workflow,
    request: Request,
    patience: Duration,
) -> Result<Execution> {
    let until = Instant::now() + patience;
    let repeatable = request.idempotency_key.is_some();
    let execution = accept(state, auth, workflow, request).await?;
    // Before the ticket, so that the end cannot come before the subscription.
    let events = state.bus.subscribe(vec![format!("execution:{}", execution.id)]).await?;
    publish(state, &execution, repeatable).await?;
    wait(state, execution, events, until).await
}

async fn wait(
    state: &ApiState,
    mut execution: Execution,
    mut events: Receiver,
    until: Instant,
) -> Result<Execution> {
    let mut live = true;
    loop {
        if execution.status.is_terminal() || Instant::now() >= until {
            return Ok(execution);
        }
        let next_poll = until.min(Instant::now() + POLL);
        loop {
            if !live {
                tokio::time::sleep_until(next_poll).await;
                break;
            }
            match timeout_at(next_poll, events.recv()).await {
                Ok(Some(event))
                    if event.payload["type"] == "execution_update" && events::is_terminal(&event.payload) =>
                {
                    break;
                }
                Ok(Some(_)) => {}
                Ok(None) => live = false,
                Err(_) => break,
            }
        }
        execution = executions::find(state, execution.organization_id, execution.id).await?;
    }
}

async fn accept(state: &ApiState, auth: &Auth, workflow: &Workflow, request: Request) -> Result<Execution> {
    let input = match request.input_data {
        None | Some(Value::Null) => Map::new(),
        Some(Value::Object(input)) => input,
        Some(_) => return Err(Error::invalid("input_data", "expected an object")),
    };
    check(&workflow.info.parameters, &input)?;
    let most = limits(state, auth).await?.parameters_bytes;
    let parameters = Value::Object(input);
    if parameters.to_string().len() as u64 > most {
        return Err(Error::invalid(
            "input_data",
            format!("more than {most} bytes of JSON; larger data belongs in files"),
        ));
    }
    let mut new = NewExecution::by(&auth.caller, workflow.id, parameters);
    // One user's key never leads to another user's run.
    new.idempotency_key = request.idempotency_key.map(|key| format!("{}:{key}", auth.caller.user));
    new.rerun_of = request.rerun_of;
    Ok(store::accept(&auth.org(state), new).await?.execution)
}

/// Puts the first ticket into the queue and tells those who watch. A repeated request
/// does so again while the run is pending: the first one may have died in between, and
/// a ticket too many changes nothing.
async fn publish(state: &ApiState, execution: &Execution, repeatable: bool) -> Result<()> {
    if execution.status != Status::Pending || execution.attempt > 0 {
        return Ok(());
    }
    if let Err(error) = state.queue.publish(Ticket { execution: execution.id, attempt: 1 }).await {
        // The caller hears an error, so it must not run later; with a key the caller asks again.
        if !repeatable {
            let undone = executions::cancel(state, execution.organization_id, execution.id).await;
            if let Err(error) = undone {
                tracing::error!(execution = %execution.id, error = format!("{error:#}"), "a refused run may still start");
            }
        }
        return Err(error);
    }
    for event in bifrost_core::events::history(execution) {
        state.bus.publish(event).await;
    }
    Ok(())
}

/// Refuses what cannot be right; everything else is for the guest, which coerces.
fn check(parameters: &[Parameter], input: &Map<String, Value>) -> Result<()> {
    for parameter in parameters {
        let field = || format!("input_data.{}", parameter.name);
        match input.get(&parameter.name) {
            None if parameter.required => {
                return Err(Error::invalid(field(), "required parameter is missing"));
            }
            Some(Value::Object(_) | Value::Array(_))
                if matches!(parameter.kind.as_str(), "int" | "float" | "bool") =>
            {
                return Err(Error::invalid(field(), format!("expected {}", parameter.kind)));
            }
            Some(Value::Object(_) | Value::Bool(_) | Value::Number(_)) if parameter.kind == "list" => {
                return Err(Error::invalid(field(), "expected list"));
            }
            _ => {}
        }
    }
    Ok(())
}
