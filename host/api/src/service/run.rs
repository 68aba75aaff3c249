//! From a request to a durable run, and, for those who wait, to its end. The dispatcher
//! admits it from the database.

use super::executions;
use crate::auth::Auth;
use crate::events;
use crate::state::ApiState;
use bifrost_core::events::WAKE;
use bifrost_core::ports::Event;
use bifrost_core::ports::subscription::Receiver;
use bifrost_core::{
    BackgroundPriority, EndpointId, Error, Execution, ExecutionId, FormId, Limits, Priority, Result,
    ScheduleId, Status, schedule,
};
use bifrost_store::dead_letters::{self, DeadLetter};
use bifrost_store::executions::NewExecution;
use bifrost_store::executions::documents::{self, Part};
use bifrost_store::grants::{self, TargetKind};
use bifrost_store::organizations;
use bifrost_store::workflows::{self, Workflow};
use chrono::{DateTime, Utc};
use serde_json::{Map, Value};
use std::time::Duration;
use tokio::time::{Instant, timeout_at};

/// How often a waiting request asks the database, for when the bus lost the end.
const POLL: Duration = Duration::from_secs(1);

/// What is asked for, beside the workflow.
#[derive(Default)]
pub struct Request {
    /// Parameters by name; `None` for none.
    pub input_data: Option<Value>,
    /// A request with the same key answers with the same execution.
    pub idempotency_key: Option<String>,
    /// The same for whoever of the organization asks, where there is no `idempotency_key`.
    pub shared_key: Option<String>,
    /// The run that is repeated.
    pub rerun_of: Option<ExecutionId>,
    /// Not earlier; `None`, or what is past, for now.
    pub not_before: Option<DateTime<Utc>>,
    /// When its turn comes, if nobody waits for it.
    pub priority: BackgroundPriority,
    /// The schedule that is started by hand.
    pub schedule_id: Option<ScheduleId>,
    /// The form that it is started through.
    pub form_id: Option<FormId>,
    /// What the form's launch workflow has returned.
    pub startup: Option<Value>,
    /// The endpoint that was called for it.
    pub endpoint_id: Option<EndpointId>,
}

/// Finds what the caller may run: by id, name or `path::function`, own before global.
pub async fn resolve(state: &ApiState, auth: &Auth, reference: &str) -> Result<Workflow> {
    let workflow = workflows::find(&auth.org(state), reference).await?;
    allow(state, auth, &workflow).await?;
    Ok(workflow)
}

/// Hides a workflow from a caller who may neither run all nor was given this one.
pub async fn allow(state: &ApiState, auth: &Auth, workflow: &Workflow) -> Result<()> {
    if grants::may_run(&auth.org(state), &auth.caller, TargetKind::Workflow, workflow.id.0).await? {
        return Ok(());
    }
    auth.origin.deny(format_args!("workflow {}", workflow.id));
    Err(Error::NotFound("workflow"))
}

/// What the runs of the caller's organization may use.
pub async fn limits(state: &ApiState, auth: &Auth) -> Result<Limits> {
    Ok(organizations::get(&auth.org(state), auth.organization()).await?.limits)
}

/// Accepts a run: committed, so that it will be admitted whatever happens.
pub async fn start(
    state: &ApiState,
    auth: &Auth,
    workflow: &Workflow,
    request: Request,
) -> Result<Execution> {
    let priority = request.priority.into();
    let mut execution = accept(state, auth, workflow, request, priority).await?;
    announce(state, &execution).await;
    // An idempotency key may have led to a run that has ended.
    documents::load(state.objects.as_ref(), &mut execution, Part::Result).await?;
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
    let execution = accept(state, auth, workflow, request, Priority::Interactive).await?;
    // Before the dispatcher knows, so that the end cannot come before the subscription.
    let events = state.bus.subscribe(vec![format!("execution:{}", execution.id)]).await?;
    announce(state, &execution).await;
    let mut execution = wait(state, execution, events, until).await?;
    documents::load(state.objects.as_ref(), &mut execution, Part::Result).await?;
    Ok(execution)
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

/// Accepts a run in place of the one whose ticket became a dead letter, within the letter's
/// organization. `Conflict` as [`DeadLetter::can_be_replayed`].
pub async fn replay(state: &ApiState, auth: &Auth, letter: &DeadLetter) -> Result<Execution> {
    letter.can_be_replayed()?;
    let mut old = executions::find(state, letter.organization_id, letter.execution_id).await?;
    documents::load(state.objects.as_ref(), &mut old, Part::Parameters).await?;
    // Whoever settles what the queue gave up on need not be allowed to run everything.
    let workflow = workflows::find(&auth.org(state), &old.workflow_id.to_string()).await?;
    let request = Request { input_data: Some(old.parameters), rerun_of: Some(old.id), ..Request::default() };
    let new = prepare(state, auth, &workflow, request, Priority::Normal).await?;
    let execution = dead_letters::replay(&auth.org(state), state.objects.as_ref(), letter.id, new).await?;
    #[cfg(feature = "planted-faults")]
    bifrost_store::planted::relay(execution.id, true).await?;
    announce(state, &execution).await;
    Ok(execution)
}

async fn accept(
    state: &ApiState,
    auth: &Auth,
    workflow: &Workflow,
    request: Request,
    priority: Priority,
) -> Result<Execution> {
    let new = prepare(state, auth, workflow, request, priority).await?;
    let accepted = documents::accept(&auth.org(state), state.objects.as_ref(), new).await?;
    #[cfg(feature = "planted-faults")]
    bifrost_store::planted::relay(accepted.execution.id, accepted.is_new).await?;
    Ok(accepted.execution)
}

async fn prepare(
    state: &ApiState,
    auth: &Auth,
    workflow: &Workflow,
    request: Request,
    priority: Priority,
) -> Result<NewExecution> {
    let parameters = parameters(state, auth, workflow, request.input_data).await?;
    let mut new = NewExecution::by(&auth.caller, workflow.id, parameters);
    // One user's key never leads to another user's run.
    let own_key = request.idempotency_key.map(|key| format!("{}:{key}", auth.caller.user));
    new.idempotency_key = own_key.or(request.shared_key);
    new.rerun_of = request.rerun_of;
    new.priority = priority;
    new.not_before = request.not_before;
    new.schedule_id = request.schedule_id;
    new.form_id = request.form_id;
    new.startup = request.startup;
    new.endpoint_id = request.endpoint_id;
    new.lineage = auth.children;
    Ok(new)
}

/// Parameters that a workflow may be run with, now or later.
pub async fn parameters(
    state: &ApiState,
    auth: &Auth,
    workflow: &Workflow,
    input: Option<Value>,
) -> Result<Value> {
    bounded(state, auth, checked(workflow, input)?).await
}

/// Parameters that fit a workflow, however large they are.
pub fn checked(workflow: &Workflow, input: Option<Value>) -> Result<Map<String, Value>> {
    let input = object(input)?;
    workflow.info.check_input(&input)?;
    Ok(input)
}

/// Data of a topic as it is kept.
pub async fn data(state: &ApiState, auth: &Auth, input: Option<Value>) -> Result<Value> {
    bounded(state, auth, object(input)?).await
}

fn object(input: Option<Value>) -> Result<Map<String, Value>> {
    match input {
        None | Some(Value::Null) => Ok(Map::new()),
        Some(Value::Object(input)) => Ok(input),
        Some(_) => Err(Error::invalid("input_data", "expected an object")),
    }
}

async fn bounded(state: &ApiState, auth: &Auth, input: Map<String, Value>) -> Result<Value> {
    let most = limits(state, auth).await?.parameters_bytes;
    let parameters = Value::Object(input);
    if parameters.to_string().len() as u64 > most {
        return Err(Error::invalid(
            "input_data",
            format!("more than {most} bytes of JSON; larger data belongs in files"),
        ));
    }
    Ok(parameters)
}

/// Tells the dispatcher or the scheduler, and those who watch, of a run that is new.
async fn announce(state: &ApiState, execution: &Execution) {
    if execution.attempt > 0 {
        return;
    }
    let channel = if execution.status == Status::Scheduled { schedule::WAKE } else { WAKE };
    state.bus.publish(Event { channel: channel.to_owned(), payload: Value::Null }).await;
    for event in bifrost_core::events::history(execution) {
        state.bus.publish(event).await;
    }
}
