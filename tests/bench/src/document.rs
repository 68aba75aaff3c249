//! `docs/benchmarks.md`: what the keys mean, and the last figures.

use crate::summary::Summary;
use serde_json::Value;

const HEAD: &str = "\
# Benchmarks

`make bench` writes this page and `target/bench/summary.json`. It builds the release
profile, then measures the platform and what it is compared with in one run on one
machine, taking turns where that is possible. `must` is what an issue is measured against,
`aim` is where the project is going. Sections can be measured alone:

    target/release/bifrost-bench --only cold_start,cpu --quick

";

const KEYS: &str = "
## How each key is measured

Times are medians (`p50`) unless they say otherwise. The native baseline is the fastest of
the CPythons found on the machine: `python3` of the path behind any launcher, the system's,
`python3.14`, and those of `BIFROST_BENCH_PYTHONS`. The guest's is 3.14.

A short run (`--quick`) takes fewer samples and floods with 1,500 runs instead of 6,000. Sizes that
a figure is about are the same in both: 10,000 runs queued, 10,000 schedules at 100 ticks a second,
workspaces of 100 files, waves of 1,000 runs.

- `cold_start`: a fresh sandbox runs a workflow that returns a greeting, with all host
  interfaces and HTTP linked and limits on, one after the other on one thread. Counted from
  making the invocation (parameters and context as JSON) to the parsed outcome, the end of
  the sandbox included. `runs_per_s_per_core` is the rate of the same closed loop;
  `native_python_ms` is `python3 -c pass` from start to end, between blocks of runs;
  `ratio` is one over the other.
- `libraries`: `cold_start_ms` is a cold start as above, with a file that imports httpx, requests and pydantic beside it;
  `cold_start_ratio` is that over the bare one, both measured in turns. `deploy_s`: one file of
  that workspace changes; importing it, taking and storing the snapshot.
- `scaling.two_core_speedup`: runs per second of the runner's pool with two sandbox
  processes on two cores, over the same with one on one core. The runner shares the cores.
- `save_to_runnable`: one of 100 files changes; `p50_s` is importing the workspace, taking
  and storing the snapshot, ready to run (each version is then run as a check).
  `componentize_py_s` makes a component of the same files with the SDK, `compile_s`
  compiles that to native code on all cores; `ratio` is ours over both.
- `draft_run.p95_ms`: `POST /api/drafts` with one changed file over a deployed workspace of
  100, to the first line of its log.
- `durable_runs_per_s`: one server with default settings; 32 connections submit as fast as
  the API takes them; counted from the first submit until all results are in the database.
  `embedded` is one process with SQLite, `distributed` an API, a scheduler and one worker as
  processes of their own over PostgreSQL (with a role for which row-level security holds),
  RabbitMQ and Redis, `distributed_two_workers` the same with a second worker.
  `celery_isolated` is the
  same function as a Celery task with a process for each task (`--max-tasks-per-child=1`,
  two at once), `celery_prefork` with Celery's defaults: same broker, results in Redis,
  from the first submit until the caller has all results. Load and services share the
  machine in all of them. Celery runs as it comes: no publisher confirms, results in memory.
- `data_provider_ms`: one request at a time for the options of a data provider, which are asked for
  anew; from sending the request to the parsed answer.
- `latency_ms`: from sending the submit to the first line of the workflow's log on a live
  connection that subscribes when the run's id is known; one run at a time. `celery_isolated`
  and `celery_prefork` are the same workers as above: from sending a task to its result, one at a
  time.
- `fairness.b_starts_ms`: one worker with four slots; organization A has asked for 10,000 runs
  of 100 ms. From sending organization B's submit to the start of its run, the slowest of
  some, each submitted after the one before had ended; the worse of the embedded and the
  distributed engines.
- `schedules`: 10,000 schedules of ten organizations, distributed. `load_s`: all next ticks
  are wrong; from the start of the process `bifrost scheduler` until each of them is right
  in the database.
  `lag_p99_ms`: 100 schedules are due each second, 10 ms apart; from that instant to the
  start of the run at its worker.
- `memory`: proportional set size of the server and all its processes, embedded.
  `idle_embedded_mb` after ten seconds with a small workspace deployed and no run yet.
  A wave is 1,000 runs which each make a list of 1,000 strings of their own, sleep ten
  seconds and check it; `thousand_waiting_mb` is read in the second wave while they wait,
  `waiting_run_kb` is what that is above idle for each run that had started,
  `after_waves_mb` is read ten seconds after its end.
  `idle_worker_mb` is a separate `bifrost worker` and its sandbox processes ten seconds
  after its start, before its first run.
- `cpu`: `fib(27)` and a loop of 1,000,000 rounds of integer arithmetic
  (`tests/bench/workspace/compute.py`), timed by Python's own clock after a warm-up; the
  sandbox with limits, without, and native CPython take turns. `metering_overhead` is the
  larger of the two slow-downs by limits.
- `ui`: the release program's own UI in headless Chromium, measured by `client/bench` with a server
  and an administrator of its own; 95th percentiles. `first_log_line_ms`: from the time that a
  workflow writes into its first line until the frame with that line is painted on the run's page,
  by the machine's clock; it prints a second after Run was pressed on the workflow's page.
  `first_log_line_at_once_ms`: the same where it prints as soon as it starts, so that opening the
  run's page is in it. `form_50_fields_ms`: from pressing a key in the first of 50 fields, most of
  which have rules, until the frame is painted that has its validation and the visibility of the
  last one. `lighthouse`: scores from 0 to 100 of the pages of signing in, of all workflows and of a
  run, with Lighthouse's default settings (a phone with slow 4G and a quarter of the processor's
  speed); the median of performance, the least of accessibility.

The keys of `details` in the summary hold sample counts and what else was seen.
";

/// The whole page.
pub fn render(summary: &Summary) -> String {
    let all = summary.document();
    let settings = &all["settings"];
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let mut page = HEAD.to_owned();
    page.push_str(&format!(
        "## Last figures\n\n{}, commit {}{}.\n\n",
        text(&settings["date"]),
        text(&settings["commit"]),
        if settings["quick"] == true { ", short run" } else { "" }
    ));
    page.push_str("| key | figure | must | aim |\n|---|---|---|---|\n");
    for [key, figure, must, aim] in summary.rows() {
        page.push_str(&format!("| `{key}` | {figure} | {must} | {aim} |\n"));
    }
    for (key, why) in summary.all_missing() {
        page.push_str(&format!("\nNot measured: {key}: {}\n", text(why)));
    }
    page.push_str("\n## Settings\n\n");
    page.push_str(&format!(
        "- {} cores of {}, {} MB of memory, Linux {}; load of others at the start {}\n",
        settings["cores"],
        text(&settings["cpu"]),
        settings["memory_mb"],
        text(&settings["kernel"]),
        settings["load_at_start"]
    ));
    let pythons: Vec<String> = settings["native_python"].as_array().into_iter().flatten().map(text).collect();
    page.push_str(&format!("- native CPython: {}\n", pythons.join(", ")));
    for (title, key) in [
        ("SQLite", "sqlite"),
        ("PostgreSQL", "postgresql"),
        ("RabbitMQ", "rabbitmq"),
        ("Redis", "redis"),
        ("sandbox", "sandbox"),
    ] {
        page.push_str(&format!("- {title}: {}\n", inline(&settings[key])));
    }
    page.push_str(&format!("- limits: {}\n", inline(&settings["sandbox"]["limits"])));
    page.push_str(KEYS);
    page
}

/// `name value, …` of an object's plain values.
fn inline(value: &Value) -> String {
    match value {
        Value::Object(fields) => {
            let plain = fields.iter().filter(|(_, value)| !value.is_object());
            let words = plain.map(|(name, value)| match value.as_str() {
                Some(text) => format!("`{name}` {text}"),
                None => format!("`{name}` {value}"),
            });
            words.collect::<Vec<_>>().join(", ")
        }
        other => other.as_str().unwrap_or_default().to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::targets::TARGETS;

    #[test]
    fn every_key_is_explained() {
        for target in TARGETS {
            let (section, key) = target.key.split_once('.').expect("a section");
            let leaf = key.split('.').next().expect("a part");
            let mentioned = KEYS.contains(section)
                && (KEYS.contains(leaf) || ["p50_ms", "p99_ms", "fib_ratio", "loop_ratio"].contains(&leaf));
            assert!(mentioned, "{} is not explained", target.key);
        }
    }
}
