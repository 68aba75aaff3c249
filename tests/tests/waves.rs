//! A thousand runs that wait at the same time, twice on the same server.

use bifrost_tests::Platform;
use futures::{StreamExt, stream};
use reqwest::StatusCode;
use serde_json::json;
use std::collections::HashSet;
use std::time::{Duration, Instant};

const RUNS: usize = 1_000;
const CANCELLED: usize = 10;
/// From the first submit until the runs go on. A busy machine takes half of it to begin them all.
const WAITING: Duration = Duration::from_secs(30);

/// What the waves may cost, in MiB. These find what goes wrong altogether, in programs
/// that are not optimized and beside other tests; `make bench` measures the figures.
const IDLE_MIB: u64 = 250;
const WAITING_MIB: u64 = 2_000;
const AFTER_MIB: u64 = 600;

/// Memory while all runs waited, in MiB.
async fn wave(platform: &Platform) -> u64 {
    let began = Instant::now();
    let submit = || {
        let seconds = WAITING.saturating_sub(began.elapsed()).as_secs_f64();
        platform.submit("sleep_check", json!({"n": 1_000, "seconds": seconds}))
    };
    let ids: Vec<String> = stream::iter(0..RUNS).map(|_| submit()).buffered(32).collect().await;
    let admitted = began.elapsed();

    // The first one must not end before the last one waits, or the wave was none.
    let last = format!("/api/executions/{}", ids[RUNS - 1]);
    while platform.get(&last).await["status"] == "Pending" {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let running = began.elapsed();
    let first = format!("/api/executions/{}", ids[0]);
    let status = platform.get(&first).await["status"].clone();
    assert_eq!(status, "Running", "{RUNS} runs wait at once; the last began after {running:?}");

    let (some, others) = ids.split_at(CANCELLED);
    for id in some {
        let (status, answer) = platform.post(&format!("/api/executions/{id}/cancel"), &json!({})).await;
        assert!(status.is_success(), "{status} {answer}");
    }
    for id in some {
        assert_eq!(platform.ended(id, Duration::from_secs(5)).await["status"], "Cancelled");
    }
    // Highest when the last has filled its list.
    let mut memory = 0;
    while platform.get(&format!("/api/executions/{}", others[0])).await["status"] == "Running" {
        memory = memory.max(platform.memory_mib());
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    let mut salts = HashSet::new();
    for id in others {
        let execution = platform.ended(id, Duration::from_secs(60)).await;
        assert_eq!(execution["status"], "Success", "{execution}");
        let result = platform.get(&format!("/api/executions/{id}/result")).await;
        assert_eq!((&result["result"]["n"], &result["result"]["intact"]), (&json!(1_000), &json!(true)));
        assert!(
            salts.insert(result["result"]["salt"].to_string()),
            "two runs have the same values: {result}"
        );
    }
    println!(
        "accepted in {admitted:.1?}, all waiting after {running:.1?}, all ended after {:.1?}",
        began.elapsed()
    );
    memory
}

#[tokio::test]
async fn a_thousand_runs_wait_twice() {
    let mut platform = Platform::start(env!("CARGO_TARGET_TMPDIR"), "full_size").await.expect("starts");
    let idle = platform.memory_mib();
    let first = wave(&platform).await;
    let second = wave(&platform).await;
    tokio::time::sleep(Duration::from_secs(10)).await;
    let after = platform.memory_mib();
    println!("MiB: {idle} idle, {first} and {second} with {RUNS} runs waiting, {after} ten seconds after");
    assert!(platform.alive());
    assert!(idle <= IDLE_MIB, "{idle} MiB before the first run");
    assert!(second <= WAITING_MIB, "{second} MiB with {RUNS} runs waiting");
    assert!(after <= AFTER_MIB, "{after} MiB ten seconds after");

    // It is not tired.
    let body = json!({"workflow_id": "beat", "input_data": {"times": 1}, "sync": true});
    let (status, answer) = platform.post("/api/workflows/execute", &body).await;
    assert_eq!((status, &answer["result"]), (StatusCode::OK, &json!(1)), "{answer}");
}
