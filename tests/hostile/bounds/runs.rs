//! Bounds of runs: what one may use, and how many there are at once.

use super::{PATIENCE, TEMPORARY, database, id, number, organization};
use crate::table::missing;
use anyhow::Result;
use bifrost_core::Limits;
use bifrost_tests::{Lab, Platform, Server};
use reqwest::Method;
use serde_json::{Value, json};
use std::path::Path;

#[tokio::test]
async fn runs_are_bounded_by_their_organization() -> Result<()> {
    let platform = Platform::start(TEMPORARY, "tenants").await?;
    let own = organization(&platform).await?;
    let mut database = database(&platform).await;
    let organizations = platform.get("/api/organizations").await;
    let all = organizations["organizations"].as_array().expect("a list");
    let path = format!("/api/organizations/{}", id(all.iter().find(|one| one["name"] == "Own").expect("it")));
    let limit = async |limits: Value| {
        platform.expect(200, Method::PATCH, &path, json!({ "limits": limits })).await;
    };
    // The most that were under way when one of them began.
    let together = |workflow: &str| {
        format!(
            "SELECT MAX((SELECT COUNT(*) FROM executions b WHERE b.workflow_name = a.workflow_name
               AND b.started_at <= a.started_at AND b.completed_at > a.started_at))
             FROM executions a WHERE a.workflow_name = '{workflow}'"
        )
    };
    // The control: nothing else keeps them from running together.
    for (workflow, most) in [("waits_elsewhere", 100), ("waits", 1)] {
        limit(json!({ "concurrent_runs": most })).await;
        let mut runs = vec![];
        for _ in 0..4 {
            runs.push(own.submit(workflow, json!({})).await);
        }
        for run in runs {
            assert_eq!(own.ended(&run, PATIENCE).await["status"], "Success");
        }
        let seen = number(&mut database, &together(workflow)).await;
        assert!(if most == 1 { seen == 1 } else { seen > 1 }, "{seen} runs of {workflow} at once");
    }
    limit(json!({ "parameters_bytes": 40 })).await;
    let execute = |size: usize| {
        let text = "x".repeat(size - r#"{"x":""}"#.len());
        json!({ "workflow_id": "quiet", "input_data": { "x": text } })
    };
    own.expect(202, Method::POST, "/api/workflows/execute", execute(40)).await;
    let refused = own.expect(422, Method::POST, "/api/workflows/execute", execute(41)).await;
    assert_eq!(refused["field"], "input_data", "{refused}");
    Ok(())
}

/// What can be met exactly, met exactly.
#[tokio::test]
async fn the_last_byte_of_a_run_fits() {
    let lab = Lab::open(TEMPORARY, "hostile", 16).await.expect("deploys");
    let server = Server::start().await.expect("server");
    let ended = async |id: &str, parameters: Value, change: fn(&mut Limits)| {
        let (outcome, host) = lab.limited(id, parameters, change).await;
        (outcome.error_type.unwrap_or_default(), host)
    };
    // A text and its quotes.
    for (bytes, kind) in [(998, ""), (999, "limit_exceeded:result_bytes")] {
        let text = json!({ "armed": true, "bytes": bytes });
        assert_eq!(ended("results.py::result_giant", text, |l| l.result_bytes = 1_000).await.0, kind);
    }
    for (calls, kind) in [(5, ""), (6, "limit_exceeded:http_calls")] {
        let asked = json!({ "armed": true, "url": server.url("/"), "calls": calls });
        let (seen, host) = ended("calls.py::http_many", asked, |l| l.http_calls = 5).await;
        assert_eq!((seen.as_str(), host.calls()), (kind, 5));
    }
    // Three lines of 1,000 bytes, each with the name of its logger and 16 bytes for itself.
    let flood = || json!({ "armed": true, "bytes": 3_000 });
    let fits = ended("logs.py::log_flood", flood(), |l| l.log_bytes = 3 * (1_000 + 7 + 16)).await;
    assert_eq!((fits.0.as_str(), fits.1.lines().len()), ("", 3));
    let over = ended("logs.py::log_flood", flood(), |l| l.log_bytes = 3 * (1_000 + 7 + 16) - 1).await;
    assert_eq!((over.0.as_str(), over.1.lines().len()), ("limit_exceeded:log_bytes", 2));
    let line = async |change: fn(&mut Limits)| {
        ended("logs.py::log_giant_line", json!({}), change).await.1.messages()
    };
    assert_eq!(line(|l| l.log_line_bytes = 100).await, ["y".repeat(100)]);
    let cut = format!("{}… [1 bytes left out]", "y".repeat(99));
    assert_eq!(line(|l| l.log_line_bytes = 99).await, [cut]);
}

/// A limit that is new does not compile before it has a case.
#[test]
fn every_limit_of_a_run_has_a_case() {
    let Limits {
        memory_bytes,
        wall_ms,
        fuel,
        log_bytes,
        log_line_bytes,
        result_bytes,
        parameters_bytes,
        http_calls,
        http_concurrent,
        http_body_bytes,
        host_resources,
        concurrent_runs,
    } = Limits::default();
    let cases = [
        (memory_bytes, "exhaustion.rs: memory_without_end"),
        (wall_ms, "exhaustion.rs: refusing_to_end"),
        (fuel, "exhaustion.rs: work_without_end"),
        (log_bytes, "bounds/runs.rs: the_last_byte_of_a_run_fits"),
        (log_line_bytes, "bounds/runs.rs: the_last_byte_of_a_run_fits"),
        (result_bytes, "bounds/runs.rs: the_last_byte_of_a_run_fits"),
        (parameters_bytes, "bounds/runs.rs: runs_are_bounded_by_their_organization"),
        (http_calls, "bounds/runs.rs: the_last_byte_of_a_run_fits"),
        (http_concurrent, "reach.rs: requests_are_not_smuggled_and_are_bounded_at_once"),
        (http_body_bytes, "reach.rs: the_network"),
        (host_resources, "reach.rs: tampering"),
        (concurrent_runs, "bounds/runs.rs: runs_are_bounded_by_their_organization"),
    ];
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("hostile");
    for (default, case) in cases {
        assert!(default > 0 && missing(&folder, case).is_none(), "{:?}", missing(&folder, case));
    }
}
