//! A workspace in which every file but one cannot be deployed: the good one is, and
//! each of the others is reported with what its author needs.

use bifrost_core::{FileError, Source, Status, WorkspaceReport};
use bifrost_sandbox::BuildLimits;
use bifrost_tests::{Lab, source};
use serde_json::json;
use std::time::{Duration, Instant};

/// Path, line, words of which one is in the kind or the message.
type Expected = (&'static str, Option<u32>, &'static [&'static str]);

const EXPECTED: [Expected; 18] = [
    ("config_at_import.py", Some(11), &["workflow function", "@workflow"]),
    ("context_at_import.py", Some(5), &["workflow function", "@workflow"]),
    (
        "deep_recursion.py",
        None,
        &["RecursionError", "MemoryError", "limit_exceeded:memory_bytes", "limit_exceeded:file_ms"],
    ),
    ("duplicate_one.py", None, &["duplicate_two.py", "duplicated"]),
    ("duplicate_two.py", None, &["duplicate_one.py", "duplicated"]),
    ("endless_loop.py", None, &["limit_exceeded:file_ms", "limit_exceeded:fuel"]),
    ("exits.py", Some(5), &["SystemExit"]),
    ("file_left.py", Some(6), &["PermissionError", "read-only"]),
    ("import_error.py", Some(5), &["there_is_no_such_module"]),
    ("import_from_broken.py", Some(5), &["syntax_error"]),
    ("loop_left.py", None, &["event loop"]),
    ("memory_bomb.py", None, &["MemoryError", "limit_exceeded:memory_bytes"]),
    ("network_at_import.py", Some(7), &["workflow function", "@workflow", "event loop"]),
    ("nul_byte.py", None, &["null byte"]),
    ("raises.py", Some(13), &["KeyError"]),
    ("socket_at_import.py", Some(5), &["the network cannot be used while a workspace is loaded"]),
    ("syntax_error.py", Some(6), &["SyntaxError"]),
    ("undecodable.py", None, &["utf-8", "UTF-8"]),
];

fn limits() -> BuildLimits {
    BuildLimits { file_ms: 1_500, ..BuildLimits::default() }
}

fn problem(report: &WorkspaceReport, (path, line, words): Expected) -> Option<String> {
    let errors: Vec<&FileError> = report.errors.iter().filter(|e| e.path == path).collect();
    let [error] = errors.as_slice() else {
        return Some(format!("{path}: reported {} times", errors.len()));
    };
    let text = format!("{} {}", error.kind, error.message);
    if !words.iter().any(|word| text.contains(word)) {
        return Some(format!("{path}: names none of {words:?}: {error:?}"));
    }
    if line.is_some() && error.line != line {
        return Some(format!("{path}: line {:?}, not {line:?}: {error:?}", error.line));
    }
    let runtime = error.traceback.as_deref().unwrap_or("").contains("bifrost_guest");
    runtime.then(|| format!("{path}: shows frames of the runtime: {error:?}"))
}

#[tokio::test]
async fn only_the_good_file_is_deployed() {
    let started = Instant::now();
    let files = source("broken").expect("files");
    let lab = Lab::deploy(env!("CARGO_TARGET_TMPDIR"), files, 8, &limits()).await.expect("deploys");
    let took = started.elapsed();
    let report = &lab.built.report;
    let ids: Vec<&str> = report.workflows.iter().map(|w| w.id.as_str()).collect();
    let mut problems: Vec<String> =
        EXPECTED.into_iter().filter_map(|expected| problem(report, expected)).collect();
    // Which of two files with one name is wrong, nobody can know: both may stay out, or
    // the second is named with the first.
    problems.retain(|p| !p.starts_with("duplicate_one.py: reported 0 times"));
    for error in &report.errors {
        if !EXPECTED.iter().any(|(path, ..)| *path == error.path) {
            problems.push(format!("unexpected: {error:?}"));
        }
    }
    let found: Vec<&&str> = ids.iter().filter(|id| !id.starts_with("duplicate_")).collect();
    if found != [&"good.py::good"] {
        problems.push(format!("deployed: {ids:?}"));
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
    assert!(took < Duration::from_secs(60), "took {took:?}");
    let value = lab.value("good.py::good", json!({"name": "Ada"})).await;
    assert_eq!(value, "good morning, Ada");
}

#[tokio::test]
async fn a_build_that_breaks_too_often_is_given_up() {
    let files = source("broken").expect("files");
    let limits = BuildLimits { broken_files: 0, ..limits() };
    let sandbox = bifrost_tests::sandbox(env!("CARGO_TARGET_TMPDIR"), 8).await.expect("sandbox");
    // Straight at the sandbox: the cache may know this source already.
    let host = std::sync::Arc::new(bifrost_tests::Host::new(None));
    let invocation = bifrost_sandbox::Invocation {
        workflow: String::new(),
        parameters: "{}".to_owned(),
        context: "{}".to_owned(),
        capture_variables: false,
        limits: bifrost_core::Limits::default(),
        source: files,
        packages: std::sync::Arc::new(bifrost_sandbox::NoPackages),
        capabilities: host,
    };
    let error = sandbox.load(invocation, &limits).await.err().expect("given up");
    let text = error.to_string();
    let named = ["endless_loop.py", "memory_bomb.py", "deep_recursion.py"];
    assert!(named.iter().any(|path| text.contains(path)), "{text}");
}

/// Files that did not change are not compiled again; nobody may notice.
#[tokio::test]
async fn loading_again_says_the_same() {
    let sandbox = bifrost_tests::sandbox(env!("CARGO_TARGET_TMPDIR"), 8).await.expect("sandbox");
    let load = async |answer: &str| {
        let mut source = Source::default();
        for (path, text) in [
            ("warns.py", "PATTERN = '\\d'\n".to_owned()),
            ("wrong.py", "def f(:\n".to_owned()),
            ("constants.py", format!("ANSWER = {answer}\n")),
            (
                "flows.py",
                "from bifrost import workflow\nfrom constants import ANSWER\n\n@workflow\nasync def fails(n: int):\n    \
                 raise ValueError(ANSWER)\n"
                    .to_owned(),
            ),
        ] {
            source.insert(path, text.into_bytes()).expect("file");
        }
        let limits = BuildLimits::default();
        // Straight to the sandbox: the cache on disk would answer without loading.
        let source = std::sync::Arc::new(source);
        let host = std::sync::Arc::new(bifrost_tests::Host::new(None));
        let invocation = bifrost_sandbox::Invocation {
            workflow: "flows.py::fails".to_owned(),
            parameters: json!({"n": 1}).to_string(),
            context: bifrost_tests::context("flows.py::fails", &json!({})).to_string(),
            capture_variables: false,
            limits: bifrost_core::Limits::default(),
            source,
            packages: std::sync::Arc::new(bifrost_sandbox::NoPackages),
            capabilities: host,
        };
        let report = sandbox.load(invocation.clone(), &limits).await.expect("loads").report;
        let unread = bifrost_sandbox::Invocation { workflow: "wrong.py::f".to_owned(), ..invocation.clone() };
        let (again, outcome) = sandbox.draft(invocation, &limits).await.expect("runs");
        assert_eq!(
            (&again.workflows, &again.errors),
            (&report.workflows, &vec![]),
            "others are not imported"
        );
        let (again, failed) = sandbox.draft(unread, &limits).await.expect("ends");
        assert_eq!(again.errors, report.errors);
        assert_eq!((failed.status, failed.error_type.as_deref()), (Status::Failed, Some("SyntaxError")));
        assert!(failed.error.is_some_and(|text| text.starts_with("wrong.py, line 1: ")));
        (report, outcome)
    };
    let (first, outcome) = load("41").await;
    assert_eq!(
        first.warnings.iter().map(|w| (w.path.as_str(), w.line)).collect::<Vec<_>>(),
        [("warns.py", Some(1))]
    );
    assert_eq!(first.errors.iter().map(|e| e.path.as_str()).collect::<Vec<_>>(), ["wrong.py"]);
    assert_eq!(outcome.error.as_deref(), Some("41"));
    let traceback = outcome.traceback.unwrap_or_default();
    assert!(traceback.contains("File \"flows.py\", line 6, in fails"), "{traceback}");
    let (second, outcome) = load("42").await;
    assert_eq!(first, second);
    assert_eq!(outcome.error.as_deref(), Some("42"));
}
