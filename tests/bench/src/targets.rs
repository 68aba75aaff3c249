//! The keys of the summary: what each is, and what it is measured against.

use serde_json::Value;

/// A bound on a figure.
#[derive(Clone, Copy, Debug)]
pub enum Bound {
    /// The figure may be at most this.
    Most(f64),
    /// The figure must be at least this.
    Least(f64),
    /// The figure times this must be at least 1,000 over the figure of the other key.
    Implied(f64, &'static str),
}

/// One key of the summary.
pub struct Target {
    /// Path in the summary.
    pub key: &'static str,
    /// Below this an issue is due.
    pub must: Option<Bound>,
    /// Where the project is going.
    pub aim: Option<Bound>,
}

const fn most(key: &'static str, must: f64, aim: f64) -> Target {
    Target { key, must: Some(Bound::Most(must)), aim: Some(Bound::Most(aim)) }
}

const fn least(key: &'static str, must: f64, aim: f64) -> Target {
    Target { key, must: Some(Bound::Least(must)), aim: Some(Bound::Least(aim)) }
}

const fn beside(key: &'static str) -> Target {
    Target { key, must: None, aim: None }
}

/// All keys, in the order in which they are printed.
pub const TARGETS: &[Target] = &[
    Target { key: "cold_start.p50_ms", must: None, aim: Some(Bound::Most(0.25)) },
    beside("cold_start.p99_ms"),
    Target { key: "cold_start.ratio", must: Some(Bound::Most(1.0 / 40.0)), aim: None },
    beside("cold_start.native_python_ms"),
    Target {
        key: "cold_start.runs_per_s_per_core",
        must: Some(Bound::Implied(1.1, "cold_start.p50_ms")),
        aim: None,
    },
    beside("libraries.cold_start_ms"),
    Target { key: "libraries.cold_start_ratio", must: Some(Bound::Most(1.3)), aim: None },
    Target { key: "libraries.deploy_s", must: Some(Bound::Most(2.0)), aim: None },
    least("scaling.two_core_speedup", 1.8, 1.95),
    most("save_to_runnable.p50_s", 1.0, 0.25),
    Target { key: "save_to_runnable.ratio", must: Some(Bound::Most(1.0 / 8.0)), aim: None },
    beside("save_to_runnable.componentize_py_s"),
    beside("save_to_runnable.compile_s"),
    most("draft_run.p95_ms", 300.0, 50.0),
    least("durable_runs_per_s.embedded", 600.0, 1_600.0),
    least("durable_runs_per_s.distributed", 300.0, 1_600.0),
    least("durable_runs_per_s.distributed_two_workers", 300.0, 1_600.0),
    beside("durable_runs_per_s.celery_isolated"),
    beside("durable_runs_per_s.celery_prefork"),
    most("latency_ms.embedded.p50", 10.0, 4.0),
    most("latency_ms.embedded.p99", 50.0, 15.0),
    most("latency_ms.distributed.p50", 10.0, 4.0),
    most("latency_ms.distributed.p99", 50.0, 15.0),
    most("latency_ms.distributed_two_workers.p50", 10.0, 4.0),
    most("latency_ms.distributed_two_workers.p99", 50.0, 15.0),
    beside("latency_ms.celery_isolated.p50"),
    beside("latency_ms.celery_isolated.p99"),
    beside("latency_ms.celery_prefork.p50"),
    beside("latency_ms.celery_prefork.p99"),
    Target { key: "data_provider_ms.embedded.p50", must: Some(Bound::Most(10.0)), aim: None },
    Target { key: "data_provider_ms.distributed.p50", must: Some(Bound::Most(10.0)), aim: None },
    Target { key: "data_provider_ms.distributed_two_workers.p50", must: Some(Bound::Most(10.0)), aim: None },
    Target { key: "fairness.b_starts_ms", must: Some(Bound::Most(200.0)), aim: None },
    Target { key: "schedules.load_s", must: Some(Bound::Most(2.0)), aim: None },
    Target { key: "schedules.lag_p99_ms", must: Some(Bound::Most(100.0)), aim: None },
    most("memory.waiting_run_kb", 1_024.0, 512.0),
    most("memory.thousand_waiting_mb", 1_200.0, 600.0),
    most("memory.after_waves_mb", 600.0, 200.0),
    most("memory.idle_embedded_mb", 200.0, 80.0),
    most("memory.idle_worker_mb", 150.0, 60.0),
    most("cpu.fib_ratio", 2.2, 1.5),
    most("cpu.loop_ratio", 5.0, 2.5),
    most("cpu.metering_overhead", 0.45, 0.10),
    Target { key: "ui.first_log_line_ms", must: Some(Bound::Most(150.0)), aim: None },
    Target { key: "ui.first_log_line_at_once_ms", must: Some(Bound::Most(150.0)), aim: None },
    Target { key: "ui.form_50_fields_ms", must: Some(Bound::Most(100.0)), aim: None },
    Target { key: "ui.lighthouse.sign_in_performance", must: Some(Bound::Least(95.0)), aim: None },
    Target { key: "ui.lighthouse.sign_in_accessibility", must: Some(Bound::Least(95.0)), aim: None },
    Target { key: "ui.lighthouse.workflows_performance", must: Some(Bound::Least(95.0)), aim: None },
    Target { key: "ui.lighthouse.workflows_accessibility", must: Some(Bound::Least(95.0)), aim: None },
    Target { key: "ui.lighthouse.run_performance", must: Some(Bound::Least(95.0)), aim: None },
    Target { key: "ui.lighthouse.run_accessibility", must: Some(Bound::Least(95.0)), aim: None },
];

impl Bound {
    /// Whether the figure is within the bound; `None` when that cannot be told.
    pub fn holds(self, figure: f64, all: &Value) -> Option<bool> {
        match self {
            Self::Most(bound) => Some(figure <= bound),
            Self::Least(bound) => Some(figure >= bound),
            Self::Implied(slack, other) => Some(figure * slack >= 1_000.0 / look_up(all, other)?.as_f64()?),
        }
    }
}

impl std::fmt::Display for Bound {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Most(bound) => write!(f, "≤ {bound}"),
            Self::Least(bound) => write!(f, "≥ {bound}"),
            Self::Implied(slack, _) => write!(f, "≥ 1000 / p50 / {slack}"),
        }
    }
}

/// The value at a path such as `latency_ms.embedded.p50`.
pub fn look_up<'v>(all: &'v Value, key: &str) -> Option<&'v Value> {
    key.split('.').try_fold(all, |value, part| value.get(part))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_rate_is_held_against_the_median() {
        let bound = Bound::Implied(1.1, "cold_start.p50_ms");
        let all = json!({"cold_start": {"p50_ms": 0.5}});
        assert_eq!(bound.holds(1_900.0, &all), Some(true));
        assert_eq!(bound.holds(1_500.0, &all), Some(false));
        assert_eq!(bound.holds(1_500.0, &json!({})), None);
    }
}
