//! The workspace as code: imports, data files, generations of decorators, one image for
//! many runs, HTTP.

use bifrost_core::WorkflowKind;
use bifrost_tests::{Lab, Server, succeeded};
use serde_json::{Value, json};
use std::collections::HashSet;

async fn lab() -> Lab {
    Lab::open(env!("CARGO_TARGET_TMPDIR"), "basics", 16).await.expect("deploys")
}

#[tokio::test]
async fn imports_and_data_files() {
    let lab = lab().await;
    let value = lab.value("workflows/imports.py::late_imports", json!({})).await;
    assert_eq!(value, json!({"late": "late", "same": true, "hls": 0.5}));
    let value = lab.value("workflows/imports.py::module_getattr", json!({})).await;
    assert_eq!(
        (&value["name"], &value["other"], &value["missing"]),
        (&json!("widgets"), &json!("gadgets"), &json!(false))
    );
    let value = lab.value("workflows/imports.py::namespace_packages", json!({})).await;
    assert_eq!(value["names"], json!(["area.tools.deep.thing", "area.tools.deep.thing"]));
    assert_eq!(value["file"], Value::Null);
    let value = lab.value("workflows/imports.py::missing_module", json!({})).await;
    assert_eq!(value, "No module named 'there_is_no_such_module'");
    let value = lab.value("workflows/imports.py::standard_library", json!({})).await;
    for (name, found) in value.as_object().expect("object") {
        assert_eq!(found, "ok", "{name}");
    }

    let value = lab.value("workflows/files.py::data_files", json!({})).await;
    assert_eq!(
        value["rows"],
        json!([{"name": "Ä", "amount": "1"}, {"name": "b", "amount": "22"}, {"name": "c", "amount": "333"}])
    );
    assert_eq!(value["settings"], json!({"colour": "green", "numbers": [1, 2, 3]}));
    assert_eq!(value["bytes"], json!([0, 1, 254, 255]));
    assert_eq!(value["exists"], json!([true, false]));
    assert_eq!(value["listdir"], json!(["nested", "settings.json", "table.csv"]));
    assert_eq!((&value["pathlib"], &value["beside_me"]), (&json!(4), &json!("{")));
    let value = lab.value("workflows/files.py::data_file_missing", json!({})).await;
    assert_eq!(value, "FileNotFoundError data/none.csv");
    let value = lab.value("workflows/files.py::data_files_read_only", json!({})).await;
    assert_eq!(value, "PermissionError");
    let value = lab.value("workflows/files.py::scratch", json!({})).await;
    assert_eq!(value, json!({"available": true, "before": [], "text": "written", "after": ["note.txt"]}));
    let value = lab.value("workflows/files.py::home", json!({})).await;
    assert_eq!(value, json!(["/tmp", "/tmp", "/tmp/.config/x"]));
    let value = lab.value("workflows/files.py::other_compressions", json!({})).await;
    for name in ["bz2", "lzma"] {
        let said = value[name].as_str().expect("text");
        assert!(said.starts_with("NotImplementedError") && said.contains("use gzip"), "{name}: {said}");
    }
    assert!(value["tar"].as_str().is_some_and(|said| said.starts_with("ReadError")), "{value}");
}

/// Modules of the library that cannot be imported, with all that is in them, and what
/// they need that there is not: compiled modules, terminals, processes, shared memory,
/// packages that nobody has brought, stand-ins that are there beside one package alone.
const UNAVAILABLE: [(&str, &str); 33] = [
    ("PIL", "PIL"),
    ("_ctypes", "_ctypes"),
    ("_pyrepl.fancy_termios", "termios"),
    ("_pyrepl.readline", "termios"),
    ("_pyrepl.simple_interact", "termios"),
    ("_pyrepl.unix_console", "termios"),
    ("_pyrepl.unix_eventqueue", "termios"),
    ("_pyrepl.windows_console", "_ctypes"),
    ("asyncio.tools", "_remote_debugging"),
    ("asyncio.windows_events", "win32"),
    ("asyncio.windows_utils", "win32"),
    ("compression.zstd", "_zstd"),
    ("concurrent.futures.interpreter", "_interpreters"),
    ("concurrent.interpreters", "_interpreters"),
    ("ctypes", "_ctypes"),
    ("curses", "_curses"),
    ("dbm.gnu", "_gdbm"),
    ("dbm.ndbm", "_dbm"),
    ("encodings.mbcs", "mbcs_encode"),
    ("encodings.oem", "oem_encode"),
    ("multiprocessing.forkserver", "_multiprocessing"),
    ("multiprocessing.heap", "mmap"),
    ("multiprocessing.popen_forkserver", "fds"),
    ("multiprocessing.popen_spawn_win32", "msvcrt"),
    ("multiprocessing.resource_tracker", "_multiprocessing"),
    ("multiprocessing.shared_memory", "mmap"),
    ("multiprocessing.sharedctypes", "_ctypes"),
    ("multiprocessing.synchronize", "_multiprocessing"),
    ("pty", "termios"),
    ("pydantic.mypy", "mypy"),
    ("pydantic.v1._hypothesis_plugin", "hypothesis"),
    ("pydantic.v1.mypy", "mypy"),
    ("tty", "termios"),
];

#[tokio::test]
async fn every_module_of_the_library_can_be_imported() {
    let lab = lab().await;
    let mut problems = vec![];
    let mut refused = HashSet::new();
    for module in bifrost_base::library::modules() {
        let name = module.name;
        let listed = UNAVAILABLE.iter().find(|(prefix, _)| {
            name.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        });
        let (outcome, _) = lab.run("workflows/imports.py::import_one", json!({"name": name})).await;
        let value = outcome.result.clone().unwrap_or_default();
        match listed {
            Some((prefix, reason)) => {
                refused.insert(*prefix);
                if value["refused"].as_str().is_none_or(|message| !message.contains(reason)) {
                    problems.push(format!("{name}: no ImportError about {reason}: {value} {outcome:?}"));
                }
            }
            // Some are known by another name: `_pydecimal` is `decimal`. `xml.parsers` is listed
            // by its package and needs a compiled module.
            // What packages list and do not have, they do not have natively either.
            None if value["imported"].is_string() && (module.is_bundled || value["missing"] == json!([])) => {
            }
            // As natively where there are no processes.
            None if name.starts_with("multiprocessing.popen_")
                && outcome.error_type.as_deref() == Some("AttributeError") => {}
            None if name == "xml" && value["missing"] == json!(["parsers"]) => {}
            None => problems.push(format!("{name}: {value} {:?} {:?}", outcome.error_type, outcome.error)),
        }
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
    assert_eq!(refused.len(), UNAVAILABLE.len(), "each of the list is in the library");
}

#[tokio::test]
async fn the_library_works_where_it_is_imported() {
    let lab = lab().await;
    let value = lab.value("workflows/imports.py::library_at_work", json!({})).await;
    assert_eq!((&value["frames"], &value["tests"], &value["sum"]), (&json!(100), &json!([2, 1]), &json!(3)));
    assert_ne!(value["mail"], "sent");
    assert_eq!(value["file"], "<stdlib>/wave.py");
    assert_eq!(value["source"], "class Error(Exception):\n    pass\n");
    let shows = |name: &str, file: &str, line: &str| {
        let text = value[name].as_str().expect("text");
        assert!(text.contains(file) && text.contains(line), "{text}");
    };
    shows("traceback", "<stdlib>/plistlib.py", "raise InvalidFileException()");
    shows("preloaded", "configparser.py", "raise MissingSectionHeaderError(");
    assert_eq!(lab.value("workflows/imports.py::workspace_first", json!({})).await, "the workspace's");
}

#[tokio::test]
async fn generations_of_decorators() {
    let lab = lab().await;
    let find = |id: &str| {
        let found = lab.built.report.workflows.iter().find(|w| w.id == id);
        found.unwrap_or_else(|| panic!("{id} is not found")).clone()
    };
    let a = find("workflows/generation_a.py::generation_a");
    assert_eq!((a.name.as_str(), a.category.as_str()), ("generation_a", "legacy"));
    assert_eq!(a.tags, ["old"]);
    let names: Vec<_> = a.parameters.iter().map(|p| p.name.as_str()).collect();
    assert_eq!(names, ["user_email", "days"], "the context is no parameter");
    assert!(a.parameters[0].required && !a.parameters[1].required);
    assert_eq!(a.defaults["timeout_seconds"], 60);
    let b = find("workflows/generation_b.py::generation_b");
    assert_eq!(b.defaults["schedule"], "0 9 * * *");
    assert_eq!(find("workflows/generation_b.py::choices").kind, WorkflowKind::DataProvider);
    assert_eq!(find("workflows/generation_b.py::add").kind, WorkflowKind::Tool);

    let value = lab.value("workflows/generation_a.py::generation_a", json!({"user_email": "a@b.c"})).await;
    assert_eq!((&value["email"], &value["days"]), (&json!("a@b.c"), &json!(7)));
    let value = lab.value("workflows/generation_a.py::launch", json!({})).await;
    assert_eq!(value, json!({"is_admin": false, "parameters": {}}));
    let value = lab.value("workflows/generation_b.py::choices", json!({"org_id": "o"})).await;
    assert_eq!(value[2], json!({"label": "o//2", "value": "2"}));
    assert_eq!(lab.value("workflows/generation_b.py::add", json!({"a": "2", "b": 3})).await, 5);
    assert_eq!(lab.value("workflows/generation_b.py::bare", json!({})).await, "bare");
    assert_eq!(lab.value("workflows/generation_b.py::called", json!({})).await, "called");
}

#[tokio::test]
async fn every_run_starts_from_the_image() {
    let lab = lab().await;
    for note in ["one", "two", "three"] {
        let value = lab.value("workflows/memory.py::counter_probe", json!({"note": note})).await;
        assert_eq!(value, json!({"calls": 1, "module": 1, "seen": [note]}));
    }
    let mut seen = HashSet::new();
    for _ in 0..3 {
        let value = lab.value("workflows/randomness.py::randomness", json!({})).await;
        let values = value.as_object().expect("object");
        assert_eq!(values.len(), 11);
        for (name, value) in values {
            assert!(seen.insert((name.clone(), value.to_string())), "{name} repeats: {value}");
        }
    }
    let seeded = "workflows/randomness.py::seeded";
    let value = lab.value(seeded, json!({})).await;
    assert_eq!(value, lab.value(seeded, json!({})).await);
    assert_eq!(value[0], 0.323_832_764_833_162_37, "as native Python draws it");
    assert_eq!(lab.value("workflows/memory.py::allocate", json!({"mib": 64})).await, 64 << 8);
}

#[tokio::test]
async fn http_goes_through_the_host() {
    let (lab, server) = (lab().await, Server::start().await.expect("server"));
    let get = json!({"url": server.url("/echo"), "header": "h"});
    let value = lab.value("workflows/fetch.py::http_get", get).await;
    assert_eq!(value["status"], 200);
    let seen: Value = serde_json::from_str(value["text"].as_str().expect("text")).expect("JSON");
    assert_eq!((&seen["method"], &seen["headers"]["x-probe"]), (&json!("GET"), &json!("h")));
    let value = lab.value("workflows/fetch.py::http_post", json!({"url": server.url("/echo")})).await;
    let seen: Value = serde_json::from_str(value["text"].as_str().expect("text")).expect("JSON");
    let body: Value = serde_json::from_str(seen["body"].as_str().expect("body")).expect("JSON");
    assert_eq!((&seen["method"], body), (&json!("POST"), json!({"a": [1, "ü"]})));
    let uri = seen["uri"].as_str().expect("uri");
    assert!(uri == "/echo?q=a+b%26c&n=1" || uri == "/echo?q=a%20b%26c&n=1", "{uri}");

    let parameters = json!({"url": server.url("/slow"), "calls": 20});
    let (outcome, host) = lab.run("workflows/fetch.py::http_many", parameters).await;
    let value = succeeded("http_many", &outcome);
    assert_eq!(value["statuses"], json!(vec![200; 20]));
    assert_eq!(server.stats.most(), 20, "side by side: {value}");
    assert_eq!(host.calls(), 20);
    assert!(server.stats.most() >= 10, "{}", server.stats.most());

    let error = "workflows/fetch.py::http_error";
    let value = lab.value(error, json!({"url": server.url("/status/503")})).await;
    assert_eq!(value["raised"], true, "{value}");
    assert!(value["message"].as_str().is_some_and(|m| m.contains("503")), "{value}");
    let value = lab.value(error, json!({"url": "http://127.0.0.1:1/"})).await;
    assert_eq!(value["raised"], true, "{value}");
    let value = lab.value(error, json!({"url": server.url("/hang")})).await;
    assert_eq!(value["raised"], true, "{value}");
    assert!(value["type"].as_str().is_some_and(|t| t.contains("Timeout")), "{value}");
}
