//! Ordinary Python that needs more than a sandbox has: threads, files, late imports.

use async_trait::async_trait;
use bifrost_builder::read_folder;
use bifrost_core::{Limits, Source, Status};
use bifrost_sandbox::{BuildLimits, Capabilities, HttpError, HttpRequest, HttpResponse, Invocation};
use bifrost_tests::{Lab, Server, folder, succeeded};
use serde_json::json;
use std::fmt::Write;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

async fn lab() -> Lab {
    Lab::open(env!("CARGO_TARGET_TMPDIR"), "basics", 16).await.expect("deploys")
}

#[tokio::test]
async fn threads_have_the_results_of_threads() {
    let lab = lab().await;
    let value = lab.value("workflows/threads.py::thread_features", json!({})).await;
    let expected = json!({
        "got": [0, 1, 2], "squares": [0, 1, 4, 9, 16], "powers": [1, 2, 4, 8, 16], "failure": "ZeroDivisionError",
        "event": true, "names": ["named", "timer", "MainThread"], "consumed": [0, 1, 2, 3, 4, 5],
        "daemons": [0, 1, 2, 3, 4, 5], "beats": true,
    });
    assert_eq!(value, expected);
    let value = lab.value("workflows/threads.py::threads_of_a_loop", json!({})).await;
    assert_eq!(value, json!(["inner", 8, 16, [1, 2, 4]]));
    let (outcome, host) = lab.run("workflows/threads.py::thread_at_the_end", json!({})).await;
    assert_eq!(succeeded("thread_at_the_end", &outcome), "answered");
    assert_eq!(host.messages(), ["ran at the end"]);
}

#[tokio::test]
async fn what_would_wait_without_end_is_an_error() {
    let lab = lab().await;
    let kinds =
        ["lock", "queue", "simple queue", "event", "semaphore", "barrier", "bounded", "thread", "loop"];
    for kind in kinds {
        let started = Instant::now();
        let (outcome, _) = lab.run("workflows/threads.py::deadlock", json!({"kind": kind})).await;
        assert_eq!(outcome.error_type.as_deref(), Some("DeadlockError"), "{kind}: {outcome:?}");
        assert!(started.elapsed() < Duration::from_secs(5), "{kind}");
        let traceback = outcome.traceback.expect("traceback");
        assert!(traceback.contains("workflows/threads.py"), "{traceback}");
    }
}

#[tokio::test]
async fn requests_of_threads_are_answered_with_one_warning() {
    let (lab, server) = (lab().await, Server::start().await.expect("server"));
    let warnings = |calls: u64| {
        let parameters = json!({"url": server.url("/echo"), "calls": calls});
        let lab = &lab;
        async move {
            let (outcome, host) = lab.run("workflows/threads.py::requests_in_threads", parameters).await;
            let statuses = succeeded("requests_in_threads", &outcome);
            assert_eq!(statuses, json!(vec![200; usize::try_from(calls).expect("few")]));
            host.messages().iter().filter(|line| line.contains("one after the other")).count()
        }
    };
    assert_eq!(warnings(1).await, 0);
    assert_eq!(warnings(5).await, 1);
}

#[tokio::test]
async fn files_are_written_and_gone_with_the_run() {
    let lab = lab().await;
    for _ in 0..2 {
        let value = lab.value("workflows/scratch.py::scratch_files", json!({})).await;
        assert_eq!(value["middle"], "34");
        assert_eq!(value["relative"], "first\nü\n");
        let names = [
            "a.txt",
            "c.bin",
            "copied.json",
            "copy",
            "copy/er",
            "copy/er/table.csv",
            "deep",
            "deep/er",
            "deep/er/table.csv",
            "g.gz",
            "t.tar.gz",
            "unzipped",
            "unzipped/table.csv",
            "unzipped/workspace.csv",
            "z.zip",
        ];
        assert_eq!(value["names"], json!(names));
        assert_eq!(value["temporary"], json!(["x", 1, 3, "longer than two", false, false, "q"]));
        let rest = [&value["gone"], &value["null"], &value["left"], &value["workspace"]];
        assert_eq!(rest, [&json!(true), &json!(4), &json!([]), &json!(true)]);

        let value = lab.value("workflows/scratch.py::scratch_databases", json!({})).await;
        assert_eq!(value["rows"], json!([[1], [2]]));
        assert_eq!((&value["copy"], &value["header"]), (&json!([2]), &json!("SQLite format 3")));
        for refusal in value["refused"].as_array().expect("list") {
            let text = refusal.as_str().expect("text");
            assert!(text.starts_with("OperationalError: unable to open database file"), "{text}");
        }
    }
    let value = lab.value("workflows/scratch.py::absent_files", json!({})).await;
    let expected = [
        ("read", "FileNotFoundError", "only files of the workspace"),
        ("folder", "FileNotFoundError", "only files of the workspace"),
        ("write", "PermissionError", "only /tmp can be written to"),
        ("overwrite", "PermissionError", "only /tmp can be written to"),
        ("make", "PermissionError", "only /tmp can be written to"),
        ("remove", "PermissionError", "only /tmp can be written to"),
        ("exists", "FileExistsError", "/tmp/a"),
        ("no folder", "FileNotFoundError", "/tmp/none/a"),
        ("is folder", "IsADirectoryError", "/tmp"),
        ("closed", "OSError", "Bad file descriptor"),
    ];
    for (name, kind, text) in expected {
        let said = value[name].as_str().expect("text");
        assert!(said.starts_with(kind) && said.contains(text), "{name}: {said}");
    }
}

/// A module of 4 MB as a generator of clients writes it: functions with much to read, and a table.
fn generated() -> String {
    let mut text = String::from("TABLE = {\n");
    for number in 0..1_000 {
        writeln!(text, "    'key-{number}': ('a value of the table', {number}),").expect("text");
    }
    text.push_str("}\n");
    let words = "What the service does when it is asked, and what it answers. ".repeat(20);
    let mut number = 0;
    while text.len() < 4 << 20 {
        let head = format!("def function_{number}(first, second=None):");
        let body = format!("if second is None:\n        second = {number}\n    return first + second");
        writeln!(text, "{head}\n    \"\"\"{words}\"\"\"\n    {body}\n").expect("text");
        number += 1;
    }
    text
}

#[tokio::test]
async fn a_large_module_costs_nothing_that_is_not_used() {
    let bare = read_folder(&folder("basics")).expect("source");
    let deploy = |source: Source| async {
        let limits = BuildLimits { file_ms: 60_000, ..BuildLimits::default() };
        Lab::deploy(env!("CARGO_TARGET_TMPDIR"), Arc::new(source), 4, &limits).await.expect("deploys")
    };
    let mut source = bare.clone();
    source.insert("lib/generated.py".to_owned(), generated().into_bytes()).expect("fits");
    let user = "from bifrost import workflow\nfrom lib import generated\n\n@workflow\ndef uses() -> int:\n    return generated.function_7(1) + len(generated.TABLE)\n";
    source.insert("workflows/uses.py".to_owned(), user.into()).expect("fits");
    let (bare, large) = (deploy(bare).await, deploy(source).await);
    assert_eq!(large.built.report.errors, []);
    assert_eq!(large.value("workflows/uses.py::uses", json!({})).await, 1_008);
    let mut least = [Duration::MAX; 2];
    for _ in 0..30 {
        for (lab, least) in [&bare, &large].into_iter().zip(&mut least) {
            let started = Instant::now();
            let (outcome, _) = lab.run("workflows/results.py::result", json!({"kind": "int"})).await;
            assert_eq!(outcome.status, Status::Success);
            *least = started.elapsed().min(*least);
        }
    }
    let [bare, large] = least;
    assert!(large < bare * 2, "{large:?} with 4 MB, {bare:?} without");
}

#[tokio::test]
async fn threads_at_import_are_refused() {
    let mut source = Source::default();
    let code = "import threading\nthreading.Thread(target=print).start()\n";
    source.insert("early.py".to_owned(), code.into()).expect("fits");
    let lab = Lab::deploy(env!("CARGO_TARGET_TMPDIR"), Arc::new(source), 4, &BuildLimits::default()).await;
    let report = &lab.expect("deploys").built.report;
    assert_eq!(report.errors.len(), 1, "{report:?}");
    let error = &report.errors[0];
    assert_eq!((error.line, error.kind.as_str()), (Some(2), "OutsideExecutionError"));
    assert!(error.message.contains("a thread") && error.message.contains("@workflow"), "{}", error.message);
}

/// Some packages make a socket when they are imported, to ask how large its buffers are.
#[tokio::test]
async fn a_socket_that_a_package_only_looked_at_is_closed() {
    let errors = async |flow: &str| {
        let mut source = Source::default();
        for (path, text) in [
            ("probe-1.dist-info/RECORD", "probe/__init__.py,,\n"),
            (
                "probe/__init__.py",
                "import socket\nstream = socket.socket()\nsize = stream.getsockopt(1, 8)\n",
            ),
            ("flow.py", flow),
        ] {
            source.insert(path.to_owned(), text.into()).expect("fits");
        }
        let lab =
            Lab::deploy(env!("CARGO_TARGET_TMPDIR"), Arc::new(source), 4, &BuildLimits::default()).await;
        lab.expect("deploys").built.report.errors.clone()
    };
    assert_eq!(errors("import probe\n").await, []);
    let own = errors("import probe\nimport socket\nown = socket.socket()\n").await;
    assert_eq!(own.len(), 1, "{own:?}");
    assert_eq!((own[0].path.as_str(), own[0].kind.as_str()), ("flow.py", "LeftoverError"));
    assert!(own[0].message.contains("an open socket"), "{own:?}");
}

/// Lets the certificate of one host go unchecked, and keeps what it is asked.
#[derive(Default)]
struct Lenient(Mutex<Vec<HttpRequest>>);

#[async_trait]
impl Capabilities for Lenient {
    async fn http(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let is_let = !request.unverified || request.url.starts_with("https://printer.example/");
        self.0.lock().expect("lock").push(request);
        if is_let { Ok(HttpResponse::empty()) } else { Err(HttpError::Denied("it is checked".to_owned())) }
    }
}

const UNCHECKED: &str = r#"
import ssl
import urllib.error
import urllib.request

from bifrost import workflow


@workflow
def unchecked():
    lax, said = ssl._create_unverified_context(), []
    for url, context in (
        ("https://printer.example/a", lax), ("https://printer.example/b", None), ("https://other.example/c", lax),
    ):
        try:
            with urllib.request.urlopen(url, context=context, timeout=5) as answer:
                said.append(answer.status)
        except urllib.error.URLError as error:
            said.append(str(error))
    return said
"#;

#[tokio::test]
async fn a_certificate_goes_unchecked_where_the_host_lets_it() {
    let mut source = Source::default();
    source.insert("unchecked.py".to_owned(), UNCHECKED.into()).expect("fits");
    let lab = Lab::deploy(env!("CARGO_TARGET_TMPDIR"), Arc::new(source), 4, &BuildLimits::default()).await;
    let (lab, lenient) = (lab.expect("deploys"), Arc::new(Lenient::default()));
    let id = "unchecked.py::unchecked";
    let usual = lab.invocation(id, &json!({}), &Limits::default(), &lab.host());
    let outcome = lab.built.image.run(Invocation { capabilities: lenient.clone(), ..usual }).await;
    let said = succeeded(id, &outcome);
    assert_eq!((&said[0], &said[1]), (&json!(200), &json!(200)));
    for why in ["cannot be switched off", "it is checked"] {
        assert!(said[2].as_str().is_some_and(|text| text.contains(why)), "{said}");
    }
    let asked = lenient.0.lock().expect("lock");
    let of = |unverified: bool| {
        let requests = asked.iter().filter(move |request| request.unverified == unverified);
        requests.map(|request| format!("{} {}", request.method, request.url)).collect::<Vec<_>>()
    };
    let unverified = [
        "CONNECT https://printer.example/",
        "GET https://printer.example/a",
        "CONNECT https://other.example/",
    ];
    assert_eq!(of(true), unverified);
    assert!(of(false).contains(&"GET https://printer.example/b".to_owned()), "{:?}", of(false));
    assert!(!of(false).iter().any(|request| request.ends_with("/c")), "nothing is sent to who is refused");
    let is_told = |request: &HttpRequest| request.headers.iter().any(|(name, _)| name.starts_with("bifrost"));
    assert!(!asked.iter().any(is_told), "how the guest asks is between it and the host");
}

/// Refuses everything, with reasons.
struct Refusing;

const WHY: &str = "the host `a.example` is denied by the organization's egress policy";
const HOW_MUCH: &str = "the organization may send 5 requests in one minute";

#[async_trait]
impl Capabilities for Refusing {
    async fn http(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        if request.url.contains("a.example") {
            return Err(HttpError::Denied(WHY.to_owned()));
        }
        if request.connects() {
            Ok(HttpResponse::empty())
        } else {
            Err(HttpError::Limit(HOW_MUCH.to_owned()))
        }
    }
}

const REFUSED: &str = r#"
import urllib.request

from bifrost import http, workflow


def said(action):
    try:
        return str(action())
    except Exception as error:
        return f"{type(error).__name__}: {error}"


@workflow
def refused():
    return [
        said(lambda: call(f"http://{host}/"))
        for host in ("a.example", "b.example") for call in (http.blocking.get, urllib.request.urlopen)
    ]
"#;

#[tokio::test]
async fn what_is_refused_says_why() {
    let mut source = Source::default();
    source.insert("refused.py".to_owned(), REFUSED.into()).expect("fits");
    let lab = Lab::deploy(env!("CARGO_TARGET_TMPDIR"), Arc::new(source), 4, &BuildLimits::default()).await;
    let (lab, id) = (lab.expect("deploys"), "refused.py::refused");
    let usual = lab.invocation(id, &json!({}), &Limits::default(), &lab.host());
    let outcome = lab.built.image.run(Invocation { capabilities: Arc::new(Refusing), ..usual }).await;
    let said = succeeded(id, &outcome);
    let expected =
        [("HTTPError", WHY), ("URLError", WHY), ("HTTPError", HOW_MUCH), ("ConnectionResetError", HOW_MUCH)];
    for (said, (kind, why)) in said.as_array().expect("four").iter().zip(expected) {
        let text = said.as_str().expect("text");
        assert!(text.starts_with(&format!("{kind}: ")) && text.contains(why), "{said}");
    }
    assert_eq!(said.as_array().map(Vec::len), Some(expected.len()));
}
