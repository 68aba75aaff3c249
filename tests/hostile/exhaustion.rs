//! Workflows that try to break out, to take everything, or not to end.

use bifrost_core::Limits;
use bifrost_tests::Expect::{Any, Failed, Holds, Limit, Success, Timeout, Value};
use bifrost_tests::{Case, Expect, Lab, case, run_table};
use serde_json::json;

const MIB: u64 = 1 << 20;

async fn hostile(cases: Vec<Case>) {
    let lab = Lab::open(env!("CARGO_TARGET_TMPDIR"), "hostile", 16).await.expect("deploys");
    assert_eq!(lab.built.report.errors, [], "every hostile file is loaded");
    run_table(&lab, cases).await;
}

fn alive() -> Expect {
    Value(json!({"alive": true}))
}

/// Out of memory, as the host sees it or as Python does.
fn no_memory() -> Expect {
    Any(vec![Limit(&["memory_bytes"]), Failed(&["MemoryError"])])
}

#[tokio::test]
async fn work_without_end() {
    let cpu = |id, control| case(id, Limit(&["fuel"]), Value(control));
    hostile(vec![
        cpu("cpu.py::endless_loop", json!({"turns": 1000})),
        cpu("cpu.py::endless_loop_swallowing", json!({"turns": 1000})),
        cpu("cpu.py::endless_power", json!({"bits": 1585})),
        cpu("cpu.py::endless_regex", json!({"matched": false})),
        cpu("cpu.py::endless_comprehension", json!({"kept": 0})),
        cpu("cpu.py::endless_sum", json!({"sum": 499_500})),
        cpu("cpu.py::endless_consume", json!({"done": 1})),
        cpu("cpu.py::endless_sort", json!({"sorted": 10})),
        cpu("cpu.py::endless_decimal", json!({"digits": 846})),
        case(
            "cpu.py::endless_finalizer",
            Holds(|seen| seen.value["made"].as_u64() > Some(900)),
            Value(json!({"made": 100})),
        ),
    ])
    .await;
}

#[tokio::test]
async fn refusing_to_end() {
    let never = |id, control| case(id, Timeout, Value(control)).limits(|l| l.wall_ms = 500);
    hostile(vec![
        never("cancellation.py::swallow_cancellation", json!({"caught": 1})),
        never("cancellation.py::swallow_in_blocking_sleep", json!({"slept": 3})),
        never("cancellation.py::swallow_in_finally", json!({"cleaned": 1})),
        case(
            "cancellation.py::swallow_in_other_task",
            Any(vec![Value(json!({"left": 1})), Timeout, Limit(&["fuel"])]),
            Value(json!({"left": 0})),
        )
        .limits(|l| l.wall_ms = 500),
        case(
            "cancellation.py::returns_late",
            Any(vec![Value(json!({"kept": 2})), Limit(&["fuel"]), Timeout]),
            Value(json!({"kept": 2})),
        ),
        case("tasks.py::tasks_deadlock", Failed(&["DeadlockError"]), Value(json!({"woken": true}))),
        never("clocks.py::clock_sleeps_long", json!(null))
            .control(Holds(|seen| seen.value["slept"].as_f64().is_some_and(|s| s >= 0.01))),
        case("tasks.py::tasks_busy_loop", Any(vec![Limit(&["fuel"]), Timeout]), Value(json!({"turns": 100}))),
        case(
            "tasks.py::tasks_fork_bomb",
            Any(vec![no_memory(), Limit(&["fuel"])]),
            Value(json!({"started": 63})),
        ),
    ])
    .await;
}

#[tokio::test]
async fn memory_without_end() {
    let full =
        |id, control| case(id, no_memory(), Value(control)).limits(|l| l.fuel = 4 * Limits::FUEL_PER_SECOND);
    hostile(vec![
        full("memory.py::memory_list", json!({"items": 1000})),
        full("memory.py::memory_bytes", json!({"bytes": MIB})),
        full("memory.py::memory_chunks", json!({"chunks": 8})),
        full("memory.py::memory_string", json!({"length": 1024})),
        full("memory.py::memory_zip_bomb", json!(null))
            .control(Holds(|seen| seen.value["unpacked"] == json!(4 * MIB))),
        case(
            "memory.py::memory_swallowing",
            Limit(&["fuel", "memory_bytes"]),
            Value(json!({"chunks": 8, "caught": 0})),
        ),
        case(
            "memory.py::memory_recovers",
            Value(json!({"caught": 1, "after": MIB})),
            Value(json!({"caught": 0, "after": MIB})),
        ),
        case(
            "memory.py::memory_random",
            Value(json!({"given": 70 * MIB, "caught": 1})),
            Value(json!({"given": 70 * MIB, "caught": 0})),
        )
        .limits(|l| l.fuel = 4 * Limits::FUEL_PER_SECOND),
        case("memory.py::memory_scratch", no_memory(), Success),
        case("memory.py::memory_scratch_files", Any(vec![no_memory(), Limit(&["fuel"])]), Success),
    ])
    .await;
}

#[tokio::test]
async fn recursion_without_end() {
    // As native Python ends them.
    let deep = |id, control| {
        case(id, Failed(&["RecursionError"]), control).limits(|l| l.fuel = 4 * Limits::FUEL_PER_SECOND)
    };
    let endless = |id, control| case(id, Limit(&["fuel", "memory_bytes"]), Value(control));
    hostile(vec![
        deep("recursion.py::recursion_python", Value(json!({"depth": 20}))),
        endless("recursion.py::recursion_unlimited", json!({"depth": 20})),
        deep("recursion.py::recursion_through_c", Holds(|seen| seen.value["depth"] == 20)),
        deep("recursion.py::recursion_repr", Value(json!({"length": 42}))),
        deep("recursion.py::recursion_json_dump", Value(json!({"length": 42}))),
        deep("recursion.py::recursion_json_load", Value(json!({"items": 1}))),
        case("recursion.py::recursion_compile", Failed(&["MemoryError"]), Value(json!({"parsed": "Module"}))),
        deep("recursion.py::recursion_pickle", Success),
        deep("recursion.py::recursion_compare", Value(json!({"equal": true}))),
        case("recursion.py::recursion_free", Value(json!({"freed": "ok"})), Value(json!({"freed": "ok"}))),
        deep("recursion.py::recursion_result", Success),
        case(
            "recursion.py::recursion_variables",
            Value(json!({"made": "list"})),
            Value(json!({"made": "list"})),
        )
        .limits(|l| l.fuel = 4 * Limits::FUEL_PER_SECOND),
        // Natively the traceback of 200,000 causes is printed, in its time.
        endless("recursion.py::recursion_traceback", json!({"made": "19"})),
        endless("recursion.py::recursion_group", json!({"made": "ExceptionGroup"})),
    ])
    .await;
}

#[tokio::test]
async fn ending_the_interpreter() {
    let exit = |id| case(id, Failed(&["SystemExit"]), alive());
    hostile(vec![
        exit("exits.py::exit_sys"),
        exit("exits.py::exit_os"),
        exit("exits.py::exit_abort"),
        exit("exits.py::exit_signal"),
        exit("exits.py::exit_in_task"),
        exit("exits.py::exit_in_callback"),
        case("exits.py::exit_interrupt", Failed(&["KeyboardInterrupt"]), alive()),
        case("exits.py::exit_base_exception", Failed(&["Bottom"]), alive()),
        case("exits.py::exit_cancelled", Failed(&["CancelledError"]), alive()),
        case("exits.py::exit_stop_loop", Failed(&["CancelledError"]), alive()),
        case("exits.py::exit_close_loop", Failed(&["RuntimeError"]), alive()),
        // An attack on the interpreter itself, which may break it.
        case("exits.py::exit_fatal", Failed(&["SystemError", "crashed"]), alive()),
    ])
    .await;
}

/// Freeing, printing, comparing and calling what is nested very deeply.
#[tokio::test]
async fn depth_of_every_kind() {
    let lab = Lab::open(env!("CARGO_TARGET_TMPDIR"), "hostile", 16).await.expect("deploys");
    let kinds = lab.value("depths.py::kinds", json!({})).await;
    let names = |group: &str| -> Vec<String> {
        let names = kinds[group].as_array().expect("names").iter();
        names.map(|name| name.as_str().expect("name").to_owned()).collect()
    };
    let roomy =
        |case: Case| case.limits(|l| (l.memory_bytes, l.fuel) = (512 * MIB, 8 * Limits::FUEL_PER_SECOND));
    let mut cases = vec![];
    for kind in names("free") {
        let freed = || Value(json!({"freed": kind}));
        cases.push(roomy(case("depths.py::free", freed(), freed()).with(json!({"kind": kind}))));
    }
    for kind in names("use") {
        let native = Any(vec![Success, Failed(&["RecursionError", "MemoryError", "ValueError"])]);
        cases.push(roomy(case("depths.py::use", native, Success).with(json!({"kind": kind}))));
    }
    for kind in names("unguarded") {
        // Natively the process may end: nothing in Python counts this depth.
        let stopped = Any(vec![Success, Limit(&["stack"])]);
        cases.push(roomy(case("depths.py::unguarded", stopped, Success).with(json!({"kind": kind}))));
    }
    assert!(cases.len() > 50, "{kinds}");
    run_table(&lab, cases).await;
}
