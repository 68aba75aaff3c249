//! The SDK as authors meet it: values in and out, errors, logs, waiting.

use bifrost_core::{LogLevel, ResultType, Status};
use bifrost_tests::{Lab, ORGANIZATION, succeeded};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

async fn lab() -> Lab {
    let lab = Lab::open(env!("CARGO_TARGET_TMPDIR"), "basics", 16).await.expect("deploys");
    assert_eq!(lab.built.report.errors, [], "every file is loaded");
    lab
}

#[tokio::test]
async fn parameters_are_converted_and_checked() {
    let lab = lab().await;
    let echo = "workflows/params.py::echo";
    let value = lab.value(echo, json!({})).await;
    assert_eq!(value, json!({"message": "hello", "extra": null}));
    let value = lab.value(echo, json!({"message": "ü 🎈", "extra": {"a": [1]}})).await;
    assert_eq!(value, json!({"message": "ü 🎈", "extra": {"a": [1]}}));

    let typed = "workflows/params.py::typed";
    let texts = json!({"text": "t", "count": "3", "ratio": "1.25", "flag": "true", "items": ["a"], "data": {"k": 1}, "colour": "green"});
    let value = lab.value(typed, texts).await;
    let shown = |name: &str| (value[name]["value"].clone(), value[name]["type"].clone());
    assert_eq!(shown("text"), (json!("t"), json!("str")));
    assert_eq!(shown("count"), (json!(3), json!("int")));
    assert_eq!(shown("ratio"), (json!(1.25), json!("float")));
    assert_eq!(shown("flag"), (json!(true), json!("bool")));
    assert_eq!(shown("items"), (json!(["a"]), json!("list")));
    assert_eq!(shown("data"), (json!({"k": 1}), json!("dict")));
    assert_eq!(shown("colour"), (json!("green"), json!("str")));
    assert_eq!(shown("untyped"), (json!("x"), json!("str")));

    for bad in [json!({}), json!({"text": "t", "count": "three"})] {
        let (outcome, _) = lab.run(typed, bad.clone()).await;
        assert_eq!(outcome.status, Status::Failed, "{bad}: {:?}", outcome.result);
        let text = outcome.error.expect("a message");
        assert!(text.contains("text") || text.contains("count"), "{bad}: {text}");
    }

    let value = lab.value("workflows/params.py::keywords", json!({"first": 1, "other": "x"})).await;
    assert_eq!(value, json!({"first": 1, "rest": {"other": "x"}}));
    let value = lab.value("workflows/params.py::undeclared", json!({"known": "k", "more": 2})).await;
    assert_eq!(value["known"], "k");
    assert_eq!(value["all"]["more"], 2);
    let value = lab.value("workflows/annotations.py::future_annotations", json!({"count": "3"})).await;
    assert_eq!((&value["count"], &value["type"]), (&json!(3), &json!("int")));
    let value = lab.value("workflows/annotations.py::future_context", json!({"count": "2"})).await;
    assert_eq!(value["count"], 2);
    let value = lab.value("workflows/annotations.py::unresolvable", json!({"count": "2"})).await;
    assert_eq!((&value["count"], &value["type"]), (&json!(2), &json!("int")));
}

#[tokio::test]
async fn results_of_every_kind() {
    let lab = lab().await;
    let kinds = [
        ("text", json!("plain"), ResultType::Text),
        ("html", json!("  <p>html</p>"), ResultType::Html),
        ("empty", json!(""), ResultType::Text),
        ("int", json!(42), ResultType::Json),
        ("float", json!(1.5), ResultType::Json),
        ("bool", json!(true), ResultType::Json),
        ("list", json!([1, "two", null]), ResultType::Json),
        ("nested", json!({"a": {"b": [{"c": "ü 🎈 \u{2028}"}]}}), ResultType::Json),
        ("tuple", json!([1, 2]), ResultType::Json),
        ("int_keys", json!({"1": "one"}), ResultType::Json),
    ];
    for (kind, value, shown) in kinds {
        let (outcome, _) = lab.run("workflows/results.py::result", json!({"kind": kind})).await;
        assert_eq!(succeeded(kind, &outcome), value, "{kind}");
        assert_eq!(outcome.result_type, Some(shown), "{kind}");
    }
    let (outcome, _) = lab.run("workflows/results.py::result", json!({"kind": "none"})).await;
    assert_eq!(succeeded("none", &outcome), Value::Null);
    // What JSON cannot say either becomes text or is an error that names the type.
    for kind in ["big_int", "set", "bytes", "nan", "datetime", "decimal", "object"] {
        let (outcome, _) = lab.run("workflows/results.py::result", json!({"kind": kind})).await;
        let said = outcome.status == Status::Success
            || (outcome.status == Status::Failed && outcome.error.is_some_and(|e| !e.is_empty()));
        assert!(said, "{kind}");
        assert_ne!(outcome.error_type.as_deref(), Some("crashed"), "{kind}");
    }

    let (outcome, _) = lab.run("workflows/results.py::unsuccessful", json!({})).await;
    assert_eq!(outcome.status, Status::CompletedWithErrors);
    assert_eq!(outcome.result.expect("kept")["done"], 3);
    let (outcome, _) = lab.run("workflows/results.py::circular", json!({})).await;
    assert_ne!(outcome.error_type.as_deref(), Some("crashed"));
    let (outcome, _) = lab.run("workflows/results.py::roi", json!({})).await;
    let roi = outcome.roi.expect("roi");
    assert_eq!((roi["time_saved"].as_f64(), roi["value"].as_f64()), (Some(15.0), Some(12.5)));
    assert_eq!(lab.value("workflows/synchronous.py::synchronous", json!({"count": 4})).await, 5);
}

#[tokio::test]
async fn errors_read_as_in_native_python() {
    let lab = lab().await;
    let kinds = [
        ("user_error", "UserError", "Please choose another name."),
        ("value_error", "ValueError", "bad value"),
        ("chained_error", "RemoteError", "not a number: seven"),
        ("error_while_handling", "TypeError", "second"),
        ("group_error", "ExceptionGroup", "2 sub-exceptions"),
        ("syntax_error_in_eval", "SyntaxError", "invalid syntax"),
        ("system_exit", "SystemExit", "3"),
    ];
    for (function, kind, message) in kinds {
        let (outcome, _) = lab.run(&format!("workflows/errors.py::{function}"), json!({})).await;
        assert_eq!(outcome.status, Status::Failed, "{function}");
        assert_eq!(outcome.error_type.as_deref(), Some(kind), "{function}");
        let error = outcome.error.unwrap_or_default();
        assert!(error.contains(message), "{function}: {error}");
        assert_eq!(outcome.error_for_user, kind == "UserError", "{function}");
        let traceback = outcome.traceback.unwrap_or_default();
        for hidden in ["bifrost_guest", "wit_world", "componentize_py", "asyncio/"] {
            assert!(!traceback.contains(hidden), "{function}: {traceback}");
        }
        assert!(traceback.contains("workflows/errors.py\", line "), "{function}: {traceback}");
        assert!(traceback.contains(kind), "{function}: {traceback}");
    }
    let (outcome, _) = lab.run("workflows/errors.py::chained_error", json!({})).await;
    let traceback = outcome.traceback.expect("traceback");
    let parts = [
        "Traceback (most recent call last):\n  File \"lib/chain.py\", line 11, in parse\n    return int(text)",
        "ValueError: invalid literal for int() with base 10: 'seven'",
        "The above exception was the direct cause of the following exception:",
        "lib.chain.RemoteError: not a number: seven",
    ];
    for part in parts {
        assert!(traceback.contains(part), "{part}\nis not in\n{traceback}");
    }
    let (outcome, _) = lab.run("workflows/errors.py::error_while_handling", json!({})).await;
    let traceback = outcome.traceback.expect("traceback");
    assert!(traceback.contains("During handling of the above exception, another exception occurred:"));
    let (outcome, _) = lab.run("workflows/errors.py::group_error", json!({})).await;
    let traceback = outcome.traceback.expect("traceback");
    for part in [
        "  + Exception Group Traceback (most recent call last):\n  |   File \"workflows/errors.py\", line ",
        "  | ExceptionGroup: unhandled errors in a TaskGroup (2 sub-exceptions)\n",
        "  +-+---------------- 1 ----------------\n    | Traceback (most recent call last):\n",
        "    | ValueError: one\n    +---------------- 2 ----------------\n",
        "    | TypeError: two\n    +------------------------------------",
    ] {
        assert!(traceback.contains(part), "{part}\nis not in\n{traceback}");
    }
}

#[tokio::test]
async fn variables_are_kept() {
    let lab = lab().await;
    let (outcome, _) = lab.run("workflows/captured.py::variables_on_return", json!({})).await;
    let variables = outcome.variables.expect("variables");
    assert_eq!(variables["numbers"], json!([0, 1, 2]), "{variables}");
    assert_eq!(variables["count"], 3);
    assert!(variables.get("hidden").is_none(), "{variables}");
    assert!(variables.to_string().len() < 60_000, "large values are cut");
    let (outcome, _) = lab.run("workflows/captured.py::variables_on_error", json!({})).await;
    let variables = outcome.variables.expect("variables");
    assert_eq!((&variables["step"], &variables["number"]), (&json!("at 2"), &json!(2)));
}

#[tokio::test]
async fn logs_have_levels_and_order() {
    let lab = lab().await;
    let (outcome, host) = lab.run("workflows/logs.py::log_levels", json!({})).await;
    succeeded("log_levels", &outcome);
    let lines = host.lines();
    let expected = [
        (LogLevel::Debug, "debug 1"),
        (LogLevel::Info, "info two"),
        (LogLevel::Warning, "warning"),
        (LogLevel::Error, "error"),
        (LogLevel::Critical, "critical"),
        (LogLevel::Error, "with traceback"),
    ];
    for (line, (level, message)) in lines.iter().zip(expected) {
        assert_eq!((line.level, line.logger.as_str()), (level, "basics.logs"));
        assert!(line.message.starts_with(message), "{line:?}");
    }
    let text = host.messages().join("\n");
    assert!(text.contains("ZeroDivisionError: division by zero"), "{text}");
    assert_eq!(lines.last().map(|l| l.message.as_str()), Some("root logger"));

    let (outcome, host) = lab.run("workflows/logs.py::log_prints", json!({})).await;
    succeeded("log_prints", &outcome);
    let messages = host.messages();
    let at = |text: &str| {
        messages.iter().position(|m| m == text).unwrap_or_else(|| panic!("{text:?} is not in {messages:?}"))
    };
    let order =
        ["one line", "two", "lines", "to stderr", "first half, second half", "ü 🎈", "never finished"]
            .map(at);
    assert!(order.is_sorted(), "{messages:?}");
    assert!(messages.iter().any(|m| m.contains("take care")), "{messages:?}");
    let error = host.lines().into_iter().find(|l| l.message == "to stderr").expect("line");
    assert_eq!(error.logger, "stderr");

    let (_, host) = lab.run("workflows/logs.py::log_library_noise", json!({})).await;
    assert_eq!(host.messages(), ["kept"]);
    let (_, host) = lab.run("workflows/logs.py::log_many", json!({"lines": 2000})).await;
    let messages = host.messages();
    assert_eq!(messages.len(), 2000);
    assert!(messages.is_sorted());
}

#[tokio::test]
async fn waiting_really_waits() {
    let lab = lab().await;
    let started = Instant::now();
    let (outcome, host) = lab.run("workflows/timing.py::blocking_sleep", json!({"seconds": 0.4})).await;
    let ended = Instant::now();
    let value = succeeded("blocking_sleep", &outcome);
    assert!(ended - started >= Duration::from_millis(400));
    assert!(value["slept"].as_f64() >= Some(0.4), "{value}");
    let line = &host.lines()[0];
    assert!(ended - line.at > Duration::from_millis(200), "lines come while it waits");
    assert!(outcome.fuel_used < bifrost_core::Limits::FUEL_PER_SECOND / 10);

    let value = lab.value("workflows/timing.py::sleep_check", json!({"n": 1000, "seconds": 0.3})).await;
    assert_eq!((&value["n"], &value["intact"]), (&json!(1000), &json!(true)));
    assert!(value["waited"].as_f64() >= Some(0.3), "{value}");
    assert_eq!(lab.value("workflows/timing.py::clocks", json!({})).await["ordered"], true);
    let times = lab.value("workflows/aio.py::asyncio_features", json!({})).await;
    assert_eq!(times.as_object().map(serde_json::Map::len), Some(15), "{times}");
    assert_eq!(lab.value("workflows/aio.py::asyncio_left_behind", json!({})).await, "ended");
}

#[tokio::test]
async fn config_and_context() {
    let lab = lab().await;
    let get = "workflows/settings.py::config_get";
    assert_eq!(lab.value(get, json!({})).await, "green");
    assert_eq!(lab.value(get, json!({"key": "none", "default": "d"})).await, "d");
    let host = lab.host();
    let outcome = lab.run_on(&host, "workflows/settings.py::config_round_trip", json!({})).await;
    let value = succeeded("config_round_trip", &outcome);
    assert_eq!(value["read"], json!(["text", 7, 1.5, true, null, {"a": [1, "ü"]}, [1, 2]]));
    assert_eq!((&value["listed"], &value["absent"]), (&json!([1, 2]), &Value::Null));
    assert_eq!((&value["deleted"], &value["after"]), (&json!([true, false]), &json!("gone")));
    assert!(!host.config().contains_key("round_trip"));
    let value = lab.value("workflows/settings.py::config_scopes", json!({"scope": ORGANIZATION})).await;
    assert_eq!(value, json!({"scope": "green", "org_id": "green", "own": "green"}));

    let value = lab.value("workflows/caller.py::context_fields", json!({"note": "n"})).await;
    let expected = json!({
        "user_id": "user-1", "email": "ada@example.com", "name": "Ada", "org_id": ORGANIZATION, "org_name": "Example",
        "is_platform_admin": false, "is_function_key": false, "is_global_scope": false, "workflow_name": "context_fields",
        "is_agent": false, "public_url": "http://localhost:8000", "parameters": {"note": "n"}, "startup": null,
        "executed_by": "user-1", "executed_by_email": "ada@example.com", "executed_by_name": "Ada",
    });
    for (name, expected) in expected.as_object().expect("object") {
        assert_eq!(&value[name], expected, "{name}");
    }
    assert_eq!(lab.value("workflows/caller.py::context_in_tasks", json!({})).await, true);
    let value = lab.value("workflows/caller.py::context_set_scope", json!({"org_id": "other"})).await;
    assert_eq!(value["allowed"], false, "{value}");
}
