//! Workflows that try what the host offers: files, network, log, results, bindings.

use bifrost_core::{Limits, Outcome};
use bifrost_tests::Expect::{Any, AnyFailure, Failed, Fails, Holds, Limit, Reaches, Success, Timeout, Value};
use bifrost_tests::{Case, Expect, Lab, Server, case, run_table};
use serde_json::{Value as Json, json};

const MIB: u64 = 1 << 20;
const FOREIGN: &str = "00000000-0000-7000-8000-000000000000";

async fn lab() -> Lab {
    let lab = Lab::open(env!("CARGO_TARGET_TMPDIR"), "hostile", 16).await.expect("deploys");
    assert_eq!(lab.built.report.errors, [], "every hostile file is loaded");
    lab
}

async fn hostile(cases: Vec<Case>) {
    run_table(&lab().await, cases).await;
}

/// Nothing is reached; the control reaches something.
fn wall(id: &'static str, harmless: &'static [&'static str]) -> Case {
    let control = Holds(|seen| seen.value["reached"].as_array().is_some_and(|r| !r.is_empty()));
    case(id, Reaches(harmless), control)
}

fn error_is_short(outcome: &Outcome) -> bool {
    let length = |text: &Option<String>| text.as_ref().map_or(0, String::len) as u64;
    length(&outcome.error) + length(&outcome.traceback) + length(&outcome.error_type) < 2 * MIB
}

#[tokio::test]
async fn files_processes_and_native_code() {
    hostile(vec![
        wall("files.py::file_read", &[]),
        wall("files.py::file_read_fd", &[]),
        case(
            "files.py::file_list",
            Holds(|seen| {
                // The workspace is the whole file system, so its own names are seen.
                let host = ["etc", "usr", "proc", "root", "bin", "passwd", "work"];
                let text = seen.value["listed"].to_string();
                host.iter().all(|name| !text.contains(&format!("\"{name}\""))) || !text.contains("[\"")
            }),
            Holds(|seen| seen.value["listed"]["data"] == json!(["public.txt"])),
        ),
        wall("files.py::file_write", &["chmod"]),
        wall("files.py::file_links", &[]),
        case(
            "files.py::environment",
            Holds(|seen| {
                let text = seen.value.to_string();
                let host = std::env::var("PATH").unwrap_or_default();
                !text.contains(&host)
                    && !text.contains(env!("CARGO_MANIFEST_DIR"))
                    && !seen.value["environ"].to_string().contains("CARGO")
            }),
            Value(json!({"environ": {"PROBE": "1"}})),
        ),
        wall("processes.py::spawn", &["_posixsubprocess"]),
        wall("processes.py::native_code", &["mmap", "_testcapi", "_testinternalcapi"]),
        // Threads and pools run within the run.
        wall("processes.py::threads", &["interpreters", "signal.alarm", "threading", "ThreadPoolExecutor"]),
    ])
    .await;
}

#[tokio::test]
async fn the_network() {
    let at = json!({"port": -1});
    let url = json!({"url": "{url}/"});
    hostile(vec![
        // A connection is only looked for, under the egress policy; no byte of a guest goes over it.
        wall("sockets.py::raw_sockets", &["tcp", "getaddrinfo"]).with(at.clone()),
        wall("sockets.py::asyncio_sockets", &["open_connection"]).with(at),
        case("calls.py::http_many", Limit(&["http_calls"]), Value(json!({"done": 3})))
            .with(json!({"url": "{url}/", "calls": 200}))
            .after(|seen| seen.host.calls() == 50),
        case(
            "calls.py::http_many_swallowing",
            Limit(&["http_calls"]),
            Value(json!({"reached": 3, "refused": 0})),
        )
        .with(json!({"url": "{url}/", "calls": 200}))
        .after(|seen| seen.host.calls() == 50),
        case(
            "calls.py::http_at_once",
            Value(json!({"answered": 40, "failed": 0, "first": null})),
            Value(json!({"answered": 3, "failed": 0, "first": null})),
        )
        .with(json!({"url": "{url}/slow", "calls": 40})),
        case("calls.py::http_abandoned", Value(json!({"abandoned": 300})), Value(json!({"abandoned": 3})))
            .with(json!({"url": "{url}/hang", "calls": 300}))
            .limits(|l| l.http_calls = 1_000),
        case("calls.py::http_giant_request", Failed(&["HTTPError"]), Value(json!({"status": 200})))
            .with(url)
            .limits(|l| (l.memory_bytes, l.fuel) = (512 * MIB, 5 * Limits::FUEL_PER_SECOND))
            .after(|seen| seen.host.calls() == 0),
        case("calls.py::http_giant_response", Failed(&["HTTPError"]), Failed(&["HTTPError"]))
            .with(json!({"url": "{url}/endless"})),
    ])
    .await;
}

#[tokio::test]
async fn requests_are_not_smuggled_and_are_bounded_at_once() {
    let (lab, server) = (lab().await, Server::start().await.expect("server"));
    for armed in [false, true] {
        let before = server.stats.requests();
        let parameters = json!({"armed": armed, "url": server.url("/")});
        let (outcome, host) = lab.run("sockets.py::http_injection", parameters).await;
        let seen = server.stats.requests() - before;
        assert!(seen <= host.calls(), "{seen} requests of {} calls: {outcome:?}", host.calls());
        assert_eq!(server.stats.injected(), 0, "{outcome:?}");
        assert!(armed || seen == 1, "{outcome:?}");
    }
    let parameters = json!({"armed": true, "url": server.url("/slow"), "calls": 30});
    let (outcome, _) = lab.limited("calls.py::http_at_once", parameters, |l| l.http_concurrent = 5).await;
    assert_eq!(outcome.result.expect("answers")["answered"], 30);
    assert_eq!(server.stats.most(), 5);
    let parameters = json!({"url": server.url("/"), "armed": false});
    let value = lab.value("calls.py::http_giant_response", parameters).await;
    assert_eq!(value, json!({"bytes": 2}));
}

#[tokio::test]
async fn logs() {
    let flood = |id, control: Json| case(id, Limit(&["log_bytes"]), Value(control)).limits(|l| l.fuel *= 4);
    let line = |id, control: Json, armed: Json| {
        case(id, Value(armed), Value(control))
            .after(|seen| seen.host.lines().iter().all(|l| l.message.len() < 66_000))
            .limits(|l| l.fuel *= 2)
    };
    hostile(vec![
        flood("logs.py::log_flood", json!({"lines": 10})),
        flood("logs.py::log_flood_print", json!({"lines": 10})),
        flood("logs.py::log_empty_lines", json!({"lines": 10})),
        flood("logs.py::log_never_ending_line", json!({"written": 10_000})),
        case("logs.py::log_line_ends", Limit(&["log_bytes"]), Value(json!({"records": 1, "count": 10})))
            .limits(|l| l.memory_bytes = 256 * MIB),
        line("logs.py::log_giant_line", json!({"size": 100}), json!({"size": MIB})),
        line("logs.py::log_over_all_limits_at_once", json!({"size": 100}), json!({"size": 32 * MIB}))
            .limits(|l| l.memory_bytes = 256 * MIB),
        case("logs.py::log_control_characters", Success, Value(json!({"length": 5}))),
        case("logs.py::log_giant_logger_name", Value(json!({"size": MIB})), Value(json!({"size": 10})))
            .after(|seen| seen.host.lines().iter().all(|l| l.logger.len() < 1_000)),
    ])
    .await;
}

#[tokio::test]
async fn results() {
    let bounded = |id, armed: Expect, control: Expect| {
        case(id, armed, control)
            .after(|seen| error_is_short(seen.outcome))
            // Its fuel ends it; a busy machine may take long to give it that.
            .limits(|l| {
                (l.memory_bytes, l.fuel, l.wall_ms) = (384 * MIB, 3 * Limits::FUEL_PER_SECOND, 60_000)
            })
    };
    let large = || Limit(&["result_bytes", "memory_bytes", "fuel"]);
    hostile(vec![
        bounded("results.py::result_giant", Limit(&["result_bytes"]), Success),
        bounded("results.py::result_many_items", large(), Success),
        bounded("results.py::result_grows_encoded", Limit(&["result_bytes"]), Success),
        bounded("results.py::result_endless_dict", large(), Success),
        bounded("results.py::result_endless_list", large(), Success),
        bounded("results.py::result_lying_string", Value(json!("text")), Value(json!("text"))),
        bounded(
            "results.py::result_evil_exception",
            Fails(|seen| {
                let kind = seen.outcome.error_type.as_deref().unwrap_or("");
                let message = seen.outcome.error.as_deref().unwrap_or("");
                kind.starts_with("EvilEvil") && kind.len() < 300 && message.contains("could not be made")
            }),
            Value(json!({"raised": 0})),
        ),
        bounded(
            "results.py::result_giant_exception",
            Fails(|seen| {
                let message = seen.outcome.error.as_deref().unwrap_or("");
                let traceback = seen.outcome.traceback.as_deref().unwrap_or("");
                seen.outcome.error_type.as_deref() == Some("ValueError")
                    && message.starts_with("mmm")
                    && message.contains("characters left out")
                    && traceback.contains("in result_giant_exception")
            }),
            Value(json!({"raised": 0})),
        ),
        bounded("results.py::result_giant_variables", Success, Value(json!({"counted": 41}))).after(|seen| {
            let kept = seen.outcome.variables.as_ref();
            kept.is_some_and(|v| v["shy"] == "<Shy>" && v.to_string().len() < 200 << 10)
        }),
        bounded("results.py::result_giant_roi", Value(json!({"set": 1})), Value(json!({"set": 1})))
            .after(|seen| seen.outcome.roi.is_none()),
    ])
    .await;
}

#[tokio::test]
async fn text_that_is_not_unicode() {
    hostile(vec![
        case("text.py::text_result", Value(json!("bad ? ? end")), Value(json!("good ü 🎈 \u{2028} end"))),
        case("text.py::text_json", Value(json!({"bad ? ? end": ["bad ? ? end"]})), Success),
        case("text.py::text_exception", Failed(&["ValueError"]), Failed(&["ValueError"])),
        case("text.py::text_exception_name", Failed(&["UnicodeEncodeError"]), Failed(&["GütName"])),
        case("text.py::text_log", Success, Success).after(|seen| {
            let escaped = "bad \\ud800 \\udfff end";
            let lines = seen.host.lines();
            lines.iter().filter(|l| l.message == escaped).count() == 2
                && lines.iter().any(|l| l.logger == escaped)
        }),
        case("text.py::text_variables", Success, Success),
        case("text.py::text_config", Reaches(&["set value", "giant value"]), Success)
            .limits(|l| (l.memory_bytes, l.fuel) = (512 * MIB, 4 * Limits::FUEL_PER_SECOND))
            .after(|seen| {
                let named = |kind: &str| {
                    let message = &seen.value["details"][kind]["message"];
                    message.as_str().is_some_and(|m| m.contains("lone surrogate, U+D800 at position 4"))
                };
                !seen.host.config().contains_key("a\0b")
                    && ["get", "set key", "scope", "delete"].into_iter().all(named)
            }),
        wall("text.py::text_elsewhere", &[]),
    ])
    .await;
}

#[tokio::test]
async fn tampering() {
    let own = |id, armed: Expect| {
        case(id, armed, Success)
            .limits(|l| (l.memory_bytes, l.fuel) = (512 * MIB, 4 * Limits::FUEL_PER_SECOND))
            .after(|seen| !seen.host.config().keys().any(|key| key == "planted"))
    };
    // What replaces the runtime or forges its handles may break its own interpreter.
    let survives = || Any(vec![Failed(&["crashed"]), AnyFailure, Success]);
    let handles = || Any(vec![Failed(&["crashed"]), AnyFailure, Holds(|seen| seen.value["forged"] == 0)]);
    hostile(vec![
        own("tamper.py::tamper_monkeypatch", survives()),
        own("tamper.py::tamper_exports", survives()),
        own("tamper.py::tamper_builtins", Any(vec![AnyFailure, Success])),
        own("tamper.py::tamper_load_again", Reaches(&[])),
        own(
            "tamper.py::tamper_context",
            Holds(|seen| {
                // An unknown organization reads as "no value".
                let foreign = &seen.value["foreign"];
                foreign["reached"] == false || foreign["value"] == "None"
            }),
        )
        .with(json!({"foreign": FOREIGN})),
        own("tamper.py::tamper_handles_many", Limit(&["host_resources"])),
        own("tamper.py::tamper_handles_forged", handles()),
        own(
            "tamper.py::tamper_handles_reused",
            Any(vec![Failed(&["crashed"]), AnyFailure, Holds(|seen| seen.value["again"] == false)]),
        ),
        own(
            "tamper.py::tamper_inspect",
            Holds(|seen| {
                let text = seen.value.to_string();
                !text.contains("cache.key") && !text.contains(env!("CARGO_MANIFEST_DIR"))
            }),
        ),
        case("clocks.py::clock_tricks", Reaches(&["tzset", "async negative"]), Success),
        case(
            "clocks.py::clock_order",
            Value(json!({"after_import": true, "ordered": true})),
            Value(json!({"after_import": true, "ordered": true})),
        ),
        case("clocks.py::clock_fake", Any(vec![Success, Timeout]), Success).limits(|l| l.wall_ms = 1_000),
    ])
    .await;
}

/// Forgeries that hand a binding an argument of the wrong kind: they end the interpreter,
/// which is what they attack, and nothing else.
const BREAKING: [(&str, &str); 18] = [
    ("config", "key number"),
    ("config", "key none"),
    ("config", "key surrogate"),
    ("config", "scope number"),
    ("config", "flag text"),
    ("log", "level number"),
    ("log", "level negative"),
    ("log", "level none"),
    ("log", "surrogate"),
    ("modules", "path number"),
    ("modules", "name surrogate"),
    ("platform", "operation number"),
    ("random", "huge"),
    ("random", "beyond memory"),
    ("random", "negative"),
    ("random", "beyond u64"),
    ("signing", "algorithm number"),
    ("signing", "key text"),
];

/// Forgeries that reach what is their own, or what any line of the log may do.
const HARMLESS: [(&str, &str); 3] = [("log", "huge message"), ("log", "huge logger"), ("log", "line ends")];

#[tokio::test]
async fn forged_calls_of_the_bindings() {
    let lab = lab().await;
    let kinds = lab.value("forge.py::forgeries_by_group", json!({})).await;
    let mut cases = vec![];
    for (group, kinds) in kinds.as_object().expect("groups") {
        for kind in kinds.as_array().expect("kinds") {
            let kind = kind.as_str().expect("kind");
            let is = |(g, k): &(&str, &str)| g == group && *k == kind;
            let armed = if BREAKING.iter().any(is) {
                Failed(&["crashed"])
            } else if HARMLESS.iter().any(is) {
                Holds(|seen| seen.value["reached"].as_array().is_some_and(|r| r.len() == 1))
            } else {
                Reaches(&[])
            };
            let control = Holds(|seen| seen.value["reached"].as_array().is_some_and(|r| r.len() == 1));
            let arguments = json!({"group": group, "kind": kind, "foreign": FOREIGN});
            cases.push(
                case("forge.py::forge", armed, control)
                    .with(arguments)
                    .limits(|l| (l.memory_bytes, l.fuel) = (512 * MIB, 4 * Limits::FUEL_PER_SECOND))
                    .after(|seen| {
                        let short =
                            |l: &bifrost_tests::Line| l.message.len() < 66_000 && l.logger.len() < 1_000;
                        seen.host.lines().iter().all(short)
                            && !seen.host.config().keys().any(|key| key == "planted")
                    }),
            );
        }
    }
    assert!(cases.len() > 60, "{}", cases.len());
    run_table(&lab, cases).await;
}

#[tokio::test]
async fn nothing_is_left_for_the_next_run() {
    let lab = lab().await;
    let control = lab.value("leftovers.py::search", json!({"armed": false})).await;
    assert!(control["found"]["hoard"].as_u64() > Some(0), "{control}");
    assert!(control["found"]["gc"].as_u64() > Some(0), "{control}");
    for _ in 0..3 {
        let planted = lab.value("leftovers.py::plant", json!({"armed": true})).await;
        assert_eq!(planted, json!({"planted": 2000}));
        let found = lab.value("leftovers.py::search", json!({"armed": true})).await;
        assert_eq!(found["found"], json!({}), "{found}");
        assert_eq!(found["hoard"], 0);
    }
}
