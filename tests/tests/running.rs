//! Many runs at once, cancelled runs, and the builder's cache.

use bifrost_builder::build;
use bifrost_core::{Limits, Source, Status};
use bifrost_sandbox::BuildLimits;
use bifrost_tests::{Lab, Server, sandbox, succeeded};
use futures::future::join_all;
use serde_json::json;
use std::sync::Arc;
use std::time::{Duration, Instant};

const TEMPORARY: &str = env!("CARGO_TARGET_TMPDIR");

async fn lab(workspace: &str, slots: u32) -> Lab {
    Lab::open(TEMPORARY, workspace, slots).await.expect("deploys")
}

#[tokio::test]
async fn dropping_a_run_ends_it() {
    let (lab, server) = (lab("basics", 16).await, Server::start().await.expect("server"));
    let hostile = self::lab("hostile", 16).await;
    let sleep = json!({"seconds": 60.0});
    let get = json!({"url": server.url("/hang")});
    let cases = [
        (&hostile, "cpu.py::endless_loop", json!({"armed": true})),
        (&hostile, "cpu.py::endless_sum", json!({"armed": true})),
        (&hostile, "cancellation.py::swallow_cancellation", json!({"armed": true})),
        (&lab, "workflows/timing.py::blocking_sleep", sleep),
        (&lab, "workflows/fetch.py::http_get", get),
    ];
    for (lab, id, parameters) in cases {
        let started = Instant::now();
        let run = lab.run(id, parameters);
        let ended = tokio::time::timeout(Duration::from_millis(200), run).await;
        assert!(ended.is_err(), "{id} ended by itself");
        assert!(started.elapsed() < Duration::from_secs(10), "{id}: {:?}", started.elapsed());
        let value = lab_is_whole(lab).await;
        assert!(value, "after {id}");
    }
}

async fn lab_is_whole(lab: &Lab) -> bool {
    let id = &lab.built.report.workflows[0].id;
    let (outcome, _) = lab.run(id, json!({"armed": false, "message": "m"})).await;
    outcome.error_type.as_deref() != Some("crashed")
}

#[tokio::test]
async fn two_hundred_runs_wait_side_by_side() {
    let lab = lab("basics", 256).await;
    let id = "workflows/timing.py::sleep_check";
    let started = Instant::now();
    let runs = (0..200).map(|number| {
        let run = lab.run(id, json!({"n": 1000 + number, "seconds": 2.0}));
        let patience = if number % 10 == 0 { 700 } else { 60_000 };
        tokio::time::timeout(Duration::from_millis(patience), run)
    });
    let outcomes = join_all(runs).await;
    let mut cancelled = 0;
    for (number, ended) in outcomes.into_iter().enumerate() {
        let Ok((outcome, _)) = ended else {
            cancelled += 1;
            continue;
        };
        let value = succeeded("sleep_check", &outcome);
        assert_eq!(value["n"], 1000 + number);
        assert_eq!(value["intact"], true, "run {number}");
    }
    assert_eq!(cancelled, 20);
    assert!(started.elapsed() < Duration::from_secs(30), "{:?}", started.elapsed());
    // All slots are free again, those of the cancelled runs too.
    let again = join_all((0..250).map(|_| lab.run(id, json!({"n": 10, "seconds": 0.5})))).await;
    for (outcome, _) in again {
        assert_eq!(succeeded("again", &outcome)["intact"], true);
    }
}

#[tokio::test]
async fn a_hundred_thousand_tasks() {
    let lab = lab("hostile", 16).await;
    let sum: u64 = (0..100_000).sum();
    for (id, expected) in [
        ("tasks.py::tasks_many", json!({"tasks": 100_000, "sum": sum})),
        ("tasks.py::tasks_distinct_timers", json!({"timers": 100_000, "fired": 100_000})),
    ] {
        let control = lab.value(id, json!({"armed": false})).await;
        assert!(control.to_string().contains("100"), "{control}");
        let change = |limits: &mut Limits| (limits.memory_bytes, limits.host_resources) = (512 << 20, 100);
        let (outcome, _) = lab.limited(id, json!({"armed": true}), change).await;
        assert_eq!(succeeded(id, &outcome), expected);
    }
}

#[tokio::test]
async fn a_busy_run_does_not_hold_up_others() {
    let (busy, quick) = (lab("hostile", 16).await, lab("basics", 16).await);
    let change = |limits: &mut Limits| limits.fuel = Limits::FUEL_PER_SECOND;
    let endless = async {
        let (outcome, _) = busy.limited("cpu.py::endless_sum", json!({"armed": true}), change).await;
        (outcome.status, Instant::now())
    };
    let quick = async {
        tokio::time::sleep(Duration::from_millis(50)).await;
        quick.value("workflows/params.py::echo", json!({})).await;
        Instant::now()
    };
    // One thread, so that only yielding lets the other run in.
    let ((status, ended), answered) = tokio::join!(endless, quick);
    assert_eq!(status, Status::Failed);
    assert!(answered < ended, "it waited {:?} for the other's end", answered - ended);
}

fn one_file(text: &str) -> Arc<Source> {
    let code =
        format!("from bifrost import workflow\n\n@workflow\nasync def hello():\n    return {text:?}\n");
    let mut source = Source::default();
    source.insert("hello.py", code.into_bytes()).expect("a plain path");
    Arc::new(source)
}

#[tokio::test]
async fn the_second_build_of_a_source_is_found() {
    let folder = tempfile::tempdir_in(TEMPORARY).expect("folder");
    let shared = sandbox(TEMPORARY, 8).await.expect("sandbox");
    let entries = || {
        let names = std::fs::read_dir(std::path::Path::new(TEMPORARY).join("cache")).expect("cache");
        names
            .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
            .filter(|name| name.starts_with("snapshot-") && name.ends_with(".cwasm"))
            .collect::<std::collections::BTreeSet<_>>()
    };
    let unique = |word: &str| one_file(&format!("{word} {}", folder.path().display()));
    let (one, two) = (unique("one"), unique("two"));
    let output: bifrost_builder::Output = Arc::new(|_, _| {});
    let limits = BuildLimits::default();
    let before = entries();
    let made = build(&shared, &one, &Arc::default(), &limits, output.clone()).await.expect("builds");
    let first: Vec<String> =
        entries().difference(&before).filter(|n| n.contains(&one.hash())).cloned().collect();
    assert_eq!(first.len(), 1);
    let path = std::path::Path::new(TEMPORARY).join("cache").join(&first[0]);
    let time = || std::fs::metadata(&path).and_then(|m| m.modified()).expect("entry");
    let written = time();
    let found = build(&shared, &one, &Arc::default(), &limits, output.clone()).await.expect("builds");
    assert_eq!(time(), written, "the second build is a hit");
    assert_eq!(*made.report, *found.report);
    let other = build(&shared, &two, &Arc::default(), &limits, output).await.expect("builds");
    assert!(entries().iter().any(|n| n.contains(&two.hash())), "another source is a miss");
    assert_eq!(other.report.workflows.len(), 1);
    for source in [&one, &two] {
        for name in entries().iter().filter(|n| n.contains(&source.hash())) {
            let path = std::path::Path::new(TEMPORARY).join("cache").join(name);
            std::fs::remove_file(path).expect("removed");
        }
    }
}

/// How busy the machine was says nothing of the file.
#[tokio::test]
async fn a_file_that_took_too_long_is_tried_again_by_the_next_build() {
    let folder = tempfile::tempdir_in(TEMPORARY).expect("folder");
    let shared = sandbox(TEMPORARY, 8).await.expect("sandbox");
    let code = format!(
        "import time\nfrom bifrost import workflow\n\nend = time.monotonic() + 1.5\nwhile time.monotonic() < end:\n    \
         pass\n\n@workflow\nasync def hello():\n    return {:?}\n",
        folder.path().display().to_string()
    );
    let mut source = Source::default();
    source.insert("hello.py", code.into_bytes()).expect("a plain path");
    let source = Arc::new(source);
    let output: bifrost_builder::Output = Arc::new(|_, _| {});
    let short = BuildLimits { file_ms: 300, ..BuildLimits::default() };
    for _ in 0..2 {
        let built = build(&shared, &source, &Arc::default(), &short, output.clone()).await.expect("builds");
        let kinds: Vec<_> = built.report.errors.iter().map(|error| error.kind.as_str()).collect();
        assert_eq!(kinds, [bifrost_sandbox::TOOK_TOO_LONG]);
        assert!(!built.is_lasting());
    }
    let ample = BuildLimits { file_ms: 60_000, ..BuildLimits::default() };
    let built = build(&shared, &source, &Arc::default(), &ample, output.clone()).await.expect("builds");
    assert_eq!(built.report.errors, []);
    assert!(built.is_lasting());
    let started = Instant::now();
    let found = build(&shared, &source, &Arc::default(), &short, output).await.expect("is found");
    assert!(found.report.errors.is_empty() && started.elapsed() < Duration::from_millis(1_400), "it is kept");
}
