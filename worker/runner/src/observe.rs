//! What the runner tells of its work: metrics, and the spans of traces. No name of a
//! tenant, a workflow or a path is in either.

use bifrost_core::{HttpOutcome, Outcome, Status, trace};
use bifrost_sandbox::{HttpError, HttpRequest, HttpResponse};
use bifrost_store::executions::Claimed;
use metrics::{counter, gauge, histogram};
use std::time::Duration;
use tracing::{Span, field};

/// The span of a run, part of the trace of whoever asked for it.
pub(crate) fn run(claimed: &Claimed) -> Span {
    let span = tracing::info_span!(
        "run",
        execution = %claimed.execution.id,
        attempt = claimed.execution.attempt,
        status = field::Empty,
        otel.kind = "consumer",
        otel.status_code = field::Empty,
    );
    if let Some(parent) = &claimed.trace_parent {
        trace::follow(&span, parent);
    }
    span
}

/// A run was taken; the first time, it tells how long it had waited.
pub(crate) fn taken(claimed: &Claimed) {
    let execution = &claimed.execution;
    if execution.attempt == 1 {
        let since = execution.not_before.map_or(execution.created_at, |time| time.max(execution.created_at));
        let waited = bifrost_store::now().signed_duration_since(since).to_std().unwrap_or_default();
        histogram!("bifrost_queue_wait_seconds").record(waited);
    } else {
        counter!("bifrost_attempts_repeated_total").increment(1);
    }
}

/// An attempt is over, whether the run is or not.
pub(crate) fn attempted(outcome: &Outcome, took: Duration) {
    histogram!("bifrost_run_seconds", "status" => outcome.status.as_str()).record(took);
    counter!("bifrost_fuel_used_total").increment(outcome.fuel_used);
    let span = Span::current();
    span.record("status", outcome.status.as_str());
    if !matches!(outcome.status, Status::Success | Status::Cancelled) {
        span.record("otel.status_code", "ERROR");
    }
}

/// A run has its terminal status.
pub(crate) fn ended(status: Status) {
    counter!("bifrost_executions_ended_total", "status" => status.as_str()).increment(1);
}

/// How full the runner is.
pub(crate) fn occupancy(slots: usize, active: usize) {
    gauge!("bifrost_runs_active").set(active as f64);
    gauge!("bifrost_slots_free").set(slots.saturating_sub(active) as f64);
}

/// The span of a guest's request. Paths and queries hold secrets, so only the host is told.
pub(crate) fn request(request: &HttpRequest) -> Span {
    tracing::info_span!(
        "outbound",
        "http.request.method" = request.method,
        "server.address" = host(request),
        "http.response.status_code" = field::Empty,
        otel.kind = "client",
        otel.status_code = field::Empty,
    )
}

/// Where a guest's request goes; empty where that is no URL.
pub(crate) fn host(request: &HttpRequest) -> String {
    let url = url::Url::parse(&request.url).ok();
    url.as_ref().and_then(url::Url::host_str).unwrap_or_default().to_owned()
}

/// What came of a guest's request, by its error.
pub(crate) fn outcome(error: Option<&HttpError>) -> HttpOutcome {
    match error {
        None => HttpOutcome::Answered,
        Some(HttpError::Denied(_)) => HttpOutcome::Denied,
        Some(HttpError::Limit(_)) => HttpOutcome::Limit,
        Some(HttpError::Dns) => HttpOutcome::Dns,
        Some(HttpError::Connection(_) | HttpError::Unanswered) => HttpOutcome::Connection,
        Some(HttpError::Timeout) => HttpOutcome::Timeout,
        Some(HttpError::Tls(_)) => HttpOutcome::Tls,
        Some(HttpError::Protocol(_)) => HttpOutcome::Protocol,
    }
}

/// A guest's request was answered, or was not.
pub(crate) fn answered(span: &Span, result: Result<&HttpResponse, &HttpError>, took: Duration) {
    match result {
        Ok(response) => span.record("http.response.status_code", response.status),
        Err(_) => span.record("otel.status_code", "ERROR"),
    };
    let outcome = outcome(result.err()).as_str();
    counter!("bifrost_outbound_requests_total", "outcome" => outcome).increment(1);
    histogram!("bifrost_outbound_seconds").record(took);
}
