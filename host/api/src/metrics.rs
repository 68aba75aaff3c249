//! Metrics, as Prometheus reads them: what there is, and how requests are counted. No
//! label names a tenant, a person or a workflow: names are private, and without number.

use axum::extract::{MatchedPath, Request};
use axum::middleware::Next;
use axum::response::Response;
use bifrost_store::Db;
use http::Method;
use metrics::{Unit, counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

/// The content type of [`render`].
pub const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// How often observations are folded into their histograms when nobody reads them.
const UPKEEP: Duration = Duration::from_secs(5);

/// Upper bounds of histograms, in seconds: from a query to the longest run.
const SECONDS: [f64; 16] = [
    0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 2.5, 10.0, 30.0, 120.0, 600.0, 1_800.0,
];

/// What a metric measures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Only grows.
    Counter,
    /// A state.
    Gauge,
    /// How long something took, in seconds.
    Histogram,
}

/// A metric of the platform.
#[derive(Clone, Copy, Debug)]
pub struct Metric {
    /// Its name, with the unit.
    pub name: &'static str,
    /// What it measures.
    pub kind: Kind,
    /// What it means.
    pub help: &'static str,
}

const fn metric(name: &'static str, kind: Kind, help: &'static str) -> Metric {
    Metric { name, kind, help }
}

/// Every metric, in the order of `docs/operations.md`.
pub const METRICS: &[Metric] = &[
    metric("bifrost_executions_accepted_total", Kind::Counter, "Runs that were asked for and are committed"),
    metric("bifrost_executions_ended_total", Kind::Counter, "Runs that reached a terminal status, by status"),
    metric(
        "bifrost_audit_entries_total",
        Kind::Counter,
        "Entries that were put in the chains of the audit log",
    ),
    metric("bifrost_attempts_repeated_total", Kind::Counter, "Attempts after a run's first"),
    metric("bifrost_runs_lost_total", Kind::Counter, "Runs whose worker went silent"),
    metric("bifrost_dead_letters_total", Kind::Counter, "Tickets that the queue gave up on, by decision"),
    metric("bifrost_tickets_admitted_total", Kind::Counter, "Runs that were given to the queue"),
    metric("bifrost_queue_wait_seconds", Kind::Histogram, "From accepted to first taken by a worker"),
    metric("bifrost_run_seconds", Kind::Histogram, "One attempt, from taken to its outcome, by status"),
    metric("bifrost_backlog", Kind::Gauge, "Accepted runs that wait for a worker, as the leader counts them"),
    metric("bifrost_runs_active", Kind::Gauge, "Runs in this worker's hands"),
    metric("bifrost_slots_free", Kind::Gauge, "Runs that this worker could take now"),
    metric("bifrost_fuel_used_total", Kind::Counter, "Fuel that runs have used"),
    metric("bifrost_log_lines_total", Kind::Counter, "Log lines that runs have written"),
    metric("bifrost_sandbox_processes", Kind::Gauge, "Sandbox processes that are ready"),
    metric("bifrost_sandbox_restarts_total", Kind::Counter, "Sandbox processes that ended and were replaced"),
    metric(
        "bifrost_version_warm_seconds",
        Kind::Histogram,
        "From a version's activation until all sandbox processes of this worker have loaded it",
    ),
    metric(
        "bifrost_cold_runs_total",
        Kind::Counter,
        "Runs whose sandbox process had yet to load their version",
    ),
    metric("bifrost_outbound_requests_total", Kind::Counter, "HTTP requests of runs, by outcome"),
    metric("bifrost_outbound_seconds", Kind::Histogram, "One HTTP request of a run"),
    metric(
        "bifrost_platform_calls_refused_total",
        Kind::Counter,
        "Calls of the platform by runs that were refused, by operation",
    ),
    metric("bifrost_http_requests_total", Kind::Counter, "Requests to the API, by method, route and status"),
    metric(
        "bifrost_http_seconds",
        Kind::Histogram,
        "One request to the API until its answer begins, by route",
    ),
    metric("bifrost_database_wait_seconds", Kind::Histogram, "Waiting for a connection and its transaction"),
    metric("bifrost_database_busy_total", Kind::Counter, "Times that no connection could be had"),
    metric("bifrost_database_connections", Kind::Gauge, "Connections of the pool, by state"),
    metric("bifrost_logs_archived_total", Kind::Counter, "Long logs that became objects"),
    metric("bifrost_runs_expired_total", Kind::Counter, "Runs that were deleted because of their age"),
    metric(
        "bifrost_objects_collected_total",
        Kind::Counter,
        "Objects that were deleted because no run needs them",
    ),
    metric(
        "bifrost_webhooks_received_total",
        Kind::Counter,
        "Requests to webhooks: new, duplicate, or why they were refused",
    ),
    metric(
        "bifrost_oauth_renewals_total",
        Kind::Counter,
        "Attempts to renew tokens of integrations, by outcome",
    ),
    metric("bifrost_notifications_total", Kind::Counter, "Messages to channels, by kind and outcome"),
    metric("bifrost_adapter_calls_total", Kind::Counter, "Calls of webhook adapters, by method and result"),
    metric("bifrost_deliveries_total", Kind::Counter, "Deliveries of webhooks that were settled, by state"),
    metric(
        "bifrost_files_expired_total",
        Kind::Counter,
        "Temporary files that were deleted because of their age",
    ),
    metric(
        "bifrost_deliveries_expired_total",
        Kind::Counter,
        "Deliveries of webhooks that were deleted because of their age",
    ),
    metric("bifrost_leader", Kind::Gauge, "1 while this process leads the task"),
    metric("bifrost_build_info", Kind::Gauge, "Always 1; the label is the program's version"),
];

static EXPORTER: OnceLock<PrometheusHandle> = OnceLock::new();

fn exporter() -> &'static PrometheusHandle {
    EXPORTER.get_or_init(|| {
        let builder = PrometheusBuilder::new();
        // Fails without bounds only.
        let builder = builder
            .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &SECONDS)
            .unwrap_or_else(|_| PrometheusBuilder::new());
        let recorder = builder.build_recorder();
        let handle = recorder.handle();
        if metrics::set_global_recorder(recorder).is_err() {
            tracing::error!("somebody else records metrics; there will be none");
        }
        for metric in METRICS {
            match metric.kind {
                Kind::Counter => describe_counter!(metric.name, metric.help),
                Kind::Gauge => describe_gauge!(metric.name, metric.help),
                Kind::Histogram => describe_histogram!(metric.name, Unit::Seconds, metric.help),
            }
        }
        gauge!("bifrost_build_info", "version" => env!("CARGO_PKG_VERSION")).set(1.0);
        handle
    })
}

/// Records metrics from now on, and keeps them small. Must be called within a tokio runtime.
pub fn install() {
    let exporter = exporter();
    tokio::spawn(async move {
        loop {
            tokio::time::sleep(UPKEEP).await;
            exporter.run_upkeep();
        }
    });
}

/// All metrics of this process, in Prometheus' text format.
pub fn render(db: &Db) -> String {
    let exporter = exporter();
    let (open, idle) = db.connections();
    gauge!("bifrost_database_connections", "state" => "idle").set(idle as f64);
    gauge!("bifrost_database_connections", "state" => "used").set(f64::from(open) - idle as f64);
    exporter.render()
}

/// The route of a request as the API has it, never the path as it was sent.
pub(crate) fn route(request: &Request) -> String {
    let matched = request.extensions().get::<MatchedPath>();
    matched.map_or("none", MatchedPath::as_str).to_owned()
}

/// The method, if it is one that HTTP knows: callers can send any word.
pub(crate) fn method(request: &Request) -> &'static str {
    match *request.method() {
        Method::GET => "GET",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::HEAD => "HEAD",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    }
}

/// Counts a request.
pub(crate) async fn count(request: Request, next: Next) -> Response {
    let (method, route, begun) = (method(&request), route(&request), Instant::now());
    let response = next.run(request).await;
    histogram!("bifrost_http_seconds", "route" => route.clone()).record(begun.elapsed());
    let status = response.status().as_u16().to_string();
    counter!("bifrost_http_requests_total", "method" => method, "route" => route, "status" => status)
        .increment(1);
    response
}

#[cfg(test)]
mod tests {
    use super::{Kind, METRICS};

    #[test]
    fn names_tell_the_kind() {
        for metric in METRICS {
            assert_eq!(metric.name.ends_with("_total"), metric.kind == Kind::Counter, "{}", metric.name);
            assert_eq!(metric.name.ends_with("_seconds"), metric.kind == Kind::Histogram, "{}", metric.name);
        }
    }
}
