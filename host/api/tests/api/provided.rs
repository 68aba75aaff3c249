//! Options of data providers in several API processes: one run answers all of them.

use crate::common::{Platform, failure, files, success};
use bifrost_api::{ApiState, Operations};
use http::Method;
use serde_json::{Value, json};

/// Another process: what it has to know is in the database.
fn another(platform: Platform) -> Platform {
    let state = ApiState { operations: Operations::default(), ..platform.state.clone() };
    platform.with(state)
}

async fn ask(platform: &Platform, site: &str) -> crate::common::Answer {
    let body = json!({ "input_data": { "site": site } });
    let path = "/api/data-providers/choices/invoke";
    platform.call(Method::POST, path).key(&platform.own.user).json(body).send().await
}

/// Ends one run with this, and tells which site it was asked for.
async fn answer(platform: &Platform, outcome: bifrost_core::Outcome) -> Value {
    let run = platform.claim().await;
    platform.finish(&run, outcome, true).await;
    run.execution.parameters["site"].clone()
}

#[tokio::test]
async fn what_one_process_was_answered_another_one_takes() {
    let platform = Platform::new().await;
    let body = json!({ "files": files(&[("flows.py", "async def choices(site):\n")]), "message": "first" });
    platform.post("/api/workspace/deploy").key(&platform.own.admin).json(body).send().await.expect(200);
    let (first, site) = tokio::join!(ask(&platform, "ulm"), answer(&platform, success(json!(["a"]))));
    assert_eq!((&first.expect(200)["options"][0]["value"], site), (&json!("a"), json!("ulm")));
    let (failed, _) = tokio::join!(ask(&platform, "down"), answer(&platform, failure()));
    failed.expect(502);
    let (useless, _) = tokio::join!(ask(&platform, "odd"), answer(&platform, success(json!({}))));
    useless.expect(502);

    // Nobody runs anything now.
    let platform = another(platform);
    assert_eq!(ask(&platform, "ulm").await.expect(200)["options"][0]["value"], "a");
    // Other inputs, what had failed, and what was no list of options, are asked for.
    for site in ["bonn", "down", "odd"] {
        let (asked, given) = tokio::join!(ask(&platform, site), answer(&platform, success(json!(["b"]))));
        assert_eq!((&asked.expect(200)["options"][0]["value"], given), (&json!("b"), json!(site)));
    }
    let list = platform.get("/api/executions?workflow_name=choices").key(&platform.own.admin);
    assert_eq!(list.send().await.expect(200)["executions"].as_array().expect("runs").len(), 6);
}
