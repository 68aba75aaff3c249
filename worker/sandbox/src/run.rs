//! One run: instantiate, call, judge how it ended, throw away.

use crate::bindings::{self, ResultType as GuestResultType, Status as GuestStatus};
use crate::engine::Image;
use crate::meter::{Meter, Metered, OutOfFuel};
use crate::{Capabilities, Packages, host::State};
use bifrost_core::{Limits, Outcome, ResultType, Source, Status};
use serde_json::Value;
use std::sync::Arc;
use std::time::{Duration, Instant};
use wasmtime::Store;

/// Largest `context.roi` that is kept, in bytes of JSON: two numbers and their names.
const ROI_BYTES: usize = 1 << 10;

/// What to run, with what, for whom.
#[derive(Clone)]
pub struct Invocation {
    /// `path::function`.
    pub workflow: String,
    /// A JSON object.
    pub parameters: String,
    /// A JSON object: the fields of `context`.
    pub context: String,
    /// Keep the workflow function's locals.
    pub capture_variables: bool,
    /// What it may use.
    pub limits: Limits,
    /// The version's files, for late imports and data.
    pub source: Arc<Source>,
    /// The version's packages, the same way.
    pub packages: Arc<dyn Packages>,
    /// What it may reach.
    pub capabilities: Arc<dyn Capabilities>,
}

impl Image {
    /// Runs a workflow to its end. Dropping the future cancels the run.
    ///
    /// Never fails: whatever happens inside is an [`Outcome`].
    pub async fn run(&self, invocation: Invocation) -> Outcome {
        let started = Instant::now();
        let wall = Duration::from_millis(invocation.limits.wall_ms);
        let mut store = new_store(self, &invocation, false);
        let meter = store.data().meter.clone();
        let call = async {
            let instance = self.pre.instantiate_async(&mut store).await?;
            instance.call_run(&mut store, &guest_invocation(&invocation)).await
        };
        let result = tokio::time::timeout(wall, Metered::new(meter, call)).await;
        judge(&store, &invocation.limits, result, started)
    }
}

pub(crate) fn new_store(image: &Image, invocation: &Invocation, loading: bool) -> Store<State> {
    let state = State::new(
        invocation.capabilities.clone(),
        invocation.source.clone(),
        invocation.packages.clone(),
        image.package_codes.clone(),
        invocation.limits.clone(),
        Meter::new(invocation.limits.fuel, image.ticker.clone()),
        loading,
    );
    let mut store = Store::new(image.pre.engine(), state);
    store.limiter(|state| state);
    if image.metered {
        store.set_epoch_deadline(1);
        store.epoch_deadline_callback(|context| context.data().meter.tick());
    }
    store
}

pub(crate) fn guest_invocation(invocation: &Invocation) -> bindings::Invocation {
    bindings::Invocation {
        workflow: invocation.workflow.clone(),
        parameters: invocation.parameters.clone(),
        context: invocation.context.clone(),
        capture_variables: invocation.capture_variables,
    }
}

type Called = Result<wasmtime::Result<bindings::Outcome>, tokio::time::error::Elapsed>;

/// Turns how the call ended into an outcome.
pub(crate) fn judge(store: &Store<State>, limits: &Limits, result: Called, started: Instant) -> Outcome {
    let exceeded = store.data().exceeded.get();
    let mut outcome = match result {
        Err(_) => Outcome::ended(
            Status::Timeout,
            "limit_exceeded:wall_ms",
            format!("the run took longer than its limit of {} s", limits.wall_ms as f64 / 1000.0),
        ),
        Ok(Err(trap)) => trapped(limits, exceeded, &trap),
        Ok(Ok(outcome)) => returned(limits, exceeded, outcome),
    };
    outcome.fuel_used = store.data().meter.used();
    outcome.memory_peak_bytes = store.data().memory_peak();
    outcome.duration_ms = i64::try_from(started.elapsed().as_millis()).unwrap_or(i64::MAX);
    outcome
}

/// The error of a run that a limit ended.
fn limit(name: &str, limits: &Limits) -> Outcome {
    let message = match name {
        "memory_bytes" => format!("the run needed more than {} MiB of memory", limits.memory_bytes >> 20),
        "fuel" => "the run used up its processor time".to_owned(),
        "log_bytes" => format!("the run logged more than {} bytes", limits.log_bytes),
        "result_bytes" => format!("the result is larger than {} bytes", limits.result_bytes),
        "http_calls" => format!("the run made more than {} HTTP calls", limits.http_calls),
        "host_resources" => {
            format!("the run held more than {} timers, streams and requests at once", limits.host_resources)
        }
        "stack" => "the run called too deeply".to_owned(),
        other => format!("the run reached the limit `{other}`"),
    };
    Outcome::ended(Status::Failed, format!("limit_exceeded:{name}"), message)
}

fn trapped(limits: &Limits, exceeded: Option<&'static str>, error: &wasmtime::Error) -> Outcome {
    if error.is::<OutOfFuel>() {
        return limit("fuel", limits);
    }
    match error.downcast_ref::<wasmtime::Trap>() {
        Some(wasmtime::Trap::StackOverflow) => limit("stack", limits),
        trap => {
            if let Some(name) = exceeded {
                return limit(name, limits);
            }
            if error.chain().any(|cause| {
                matches!(
                    cause.downcast_ref::<wasmtime::component::ResourceTableError>(),
                    Some(wasmtime::component::ResourceTableError::Full)
                )
            }) {
                return limit("host_resources", limits);
            }
            if let Some(exit) = error.downcast_ref::<wasmtime_wasi::I32Exit>() {
                return Outcome::ended(
                    Status::Failed,
                    "SystemExit",
                    format!("the run ended its process with code {}", exit.0),
                );
            }
            tracing::warn!(%error, ?trap, "a run crashed its interpreter");
            tracing::debug!("{error:?}");
            Outcome::ended(Status::Failed, "crashed", "the run crashed its interpreter")
        }
    }
}

fn returned(limits: &Limits, exceeded: Option<&'static str>, guest: bindings::Outcome) -> Outcome {
    // A limit that the guest was told of ends the run whatever it made of it. Memory is
    // the exception: Python may catch MemoryError, let go, and finish well.
    let caught = exceeded == Some("memory_bytes")
        && guest.failure.as_ref().is_none_or(|failure| failure.error_type != "MemoryError");
    if let Some(name) = exceeded.filter(|_| !caught) {
        return limit(name, limits);
    }
    if guest.value.as_ref().is_some_and(|value| value.len() as u64 > limits.result_bytes) {
        return limit("result_bytes", limits);
    }
    let variables = guest.variables.filter(|json| json.len() as u64 <= limits.result_bytes);
    let roi = guest.roi.filter(|json| json.len() <= ROI_BYTES);
    let parse = |json: Option<String>| json.map(|text| serde_json::from_str::<Value>(&text)).transpose();
    let (Ok(result), Ok(variables), Ok(roi)) = (parse(guest.value), parse(variables), parse(roi)) else {
        return Outcome::ended(Status::Failed, "invalid_result", "the run's result is not valid JSON");
    };
    let mut outcome = Outcome::ended(Status::Success, "", "");
    outcome.status = match guest.status {
        GuestStatus::Success => Status::Success,
        GuestStatus::CompletedWithErrors => Status::CompletedWithErrors,
        GuestStatus::Failed => Status::Failed,
    };
    outcome.result = result;
    outcome.result_type = Some(match guest.result_type {
        GuestResultType::Json => ResultType::Json,
        GuestResultType::Text => ResultType::Text,
        GuestResultType::Html => ResultType::Html,
    });
    outcome.variables = variables;
    outcome.roi = roi;
    (outcome.error, outcome.error_type, outcome.error_for_user) = (None, None, false);
    if let Some(failure) = guest.failure {
        outcome.status = Status::Failed;
        outcome.result_type = None;
        outcome.error = Some(failure.message);
        outcome.error_type = Some(failure.error_type);
        outcome.error_for_user = failure.for_user;
        outcome.traceback = Some(failure.traceback);
    }
    outcome
}
