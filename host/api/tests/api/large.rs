//! Runs with large documents and long logs: callers see them as they see small ones.

use crate::common::{Platform, failure, line, success};
use bifrost_core::{ExecutionId, LogLevel, LogLine};
use bifrost_store::Sql;
use bifrost_store::executions::{archive, documents};
use serde_json::{Value, json};

/// A mebibyte and more, of all that JSON has.
fn large() -> Value {
    let row = |n: u64| json!({ "id": n, "name": "ü \" \\ \u{1F600} \u{0}", "ratio": n as f64 / 4.0, "none": null, "list": [[], {}] });
    (0..14_000).map(row).collect()
}

async fn keys(platform: &Platform) -> Vec<String> {
    platform.state.objects.list("executions/", None, 1_000).await.expect("a list")
}

async fn lose(platform: &Platform, what: &str) {
    for key in keys(platform).await.iter().filter(|key| key.contains(what)) {
        platform.state.objects.delete(key).await.expect("deleted");
    }
}

/// Bytes of documents in a run's row.
async fn width(platform: &Platform, id: &Value) -> i64 {
    let id: ExecutionId = id.as_str().expect("an id").parse().expect("a uuid");
    let sql = Sql::new(
        "SELECT length(parameters) + COALESCE(length(result), 0) + COALESCE(length(variables), 0) AS n
         FROM executions WHERE id = $1",
    );
    let mut tx = platform.state.db.system().read().await.expect("read");
    tx.one(sql.bind(id)).await.expect("a row").get("n").expect("a number")
}

#[tokio::test]
async fn a_large_result_comes_back_whole() {
    let platform = Platform::deployed().await;
    let (user, result) = (&platform.own.user, large());
    assert!(result.to_string().len() > 1 << 20);
    let body = json!({ "workflow_id": "hello", "input_data": { "name": "Ada" }, "sync": true });
    let call =
        platform.post("/api/workflows/execute").key(user).header("idempotency-key", "k").json(body.clone());
    let run = async {
        let run = platform.claim().await;
        platform.finish(&run, success(result.clone()), true).await;
    };
    let (answer, ()) = tokio::join!(call.send(), run);
    let answer = answer.expect(200);
    assert!(answer["result"] == result, "the answer that waited");
    let path = format!("/api/executions/{}", answer["execution_id"].as_str().expect("an id"));
    for path in [path.clone(), format!("{path}/result")] {
        let found = platform.get(&path).key(user).send().await.expect(200);
        assert!(found["result"] == result, "{path}");
        assert_eq!(found["missing"], Value::Null);
    }
    for sync in [true, false] {
        let body = json!({ "workflow_id": "hello", "input_data": { "name": "Ada" }, "sync": sync });
        let again =
            platform.post("/api/workflows/execute").key(user).header("idempotency-key", "k").json(body);
        let again = again.send().await;
        assert!(again.status.is_success() && again.body["result"] == result, "the same run, sync: {sync}");
    }
    assert!(width(&platform, &answer["execution_id"]).await < 100);
    assert_eq!(keys(&platform).await.len(), 1);
}

#[tokio::test]
async fn large_parameters_reach_the_run_and_its_repetition() {
    let platform = Platform::deployed().await;
    let user = &platform.own.user;
    let input = json!({ "name": "Ada", "more": "m".repeat(1_000_000) });
    let body = json!({ "workflow_id": "hello", "input_data": input });
    let send = async |body: &Value| {
        let call = platform.post("/api/workflows/execute").key(user).header("idempotency-key", "order");
        call.json(body.clone()).send().await
    };
    let first = send(&body).await.expect(202);
    let id = &first["execution_id"];
    assert_eq!(send(&body).await.expect(202)["execution_id"], *id);
    let changed = json!({ "workflow_id": "hello", "input_data": { "name": "Bob", "more": input["more"] } });
    assert_eq!(send(&changed).await.expect(409)["code"], "idempotency_mismatch");
    assert_eq!(keys(&platform).await.len(), 1, "what was not accepted leaves nothing");
    assert!(width(&platform, id).await < 100);

    let mut run = platform.claim().await;
    documents::load(platform.state.objects.as_ref(), &mut run.execution, documents::Part::Parameters)
        .await
        .expect("loaded");
    assert!(run.execution.parameters == input, "what the run gets");
    platform.finish(&run, success(json!(1)), true).await;
    let path = format!("/api/executions/{}", id.as_str().expect("an id"));
    assert!(platform.get(&path).key(user).send().await.expect(200)["input_data"] == input);

    let rerun = || platform.post(format!("{path}/rerun")).key(user);
    let again = rerun().json(json!({})).send().await.expect(202);
    let again = format!("/api/executions/{}", again["execution_id"].as_str().expect("an id"));
    assert!(platform.get(&again).key(user).send().await.expect(200)["input_data"] == input);

    lose(&platform, id.as_str().expect("an id")).await;
    let execution = platform.get(&path).key(user).send().await.expect(200);
    assert_eq!((&execution["missing"], &execution["input_data"]), (&json!(["parameters"]), &Value::Null));
    assert_eq!(execution["result"], 1);
    let gone = rerun().json(json!({})).send().await.expect(410);
    assert_eq!(
        (&gone["code"], &gone["detail"]),
        (&json!("gone"), &json!("the parameters of this run cannot be had any more"))
    );
    rerun().json(json!({ "input_data": { "name": "Bob" } })).send().await.expect(202);
    assert!(platform.get(&again).key(user).send().await.expect(200)["input_data"] == input, "its own copy");
}

#[tokio::test]
async fn what_was_lost_is_said() {
    let platform = Platform::deployed().await;
    let id = platform.start(&platform.own.user).await;
    let run = platform.claim().await;
    let mut outcome = failure();
    outcome.result = Some(large());
    outcome.variables = Some(large());
    platform.finish(&run, outcome, true).await;
    let admin = &platform.own.admin;
    let path = format!("/api/executions/{id}");
    let variables = platform.get(format!("{path}/variables")).key(admin).send().await.expect(200);
    assert!(variables["variables"] == large());
    lose(&platform, "/").await;
    for part in ["result", "variables"] {
        let gone = platform.get(format!("{path}/{part}")).key(admin).send().await.expect(410);
        assert_eq!(gone["code"], "gone");
    }
    let execution = platform.get(&path).key(admin).send().await.expect(200);
    assert_eq!((&execution["missing"], &execution["status"]), (&json!(["result"]), &json!("Failed")));
}

#[tokio::test]
async fn a_log_reads_the_same_as_rows_and_as_an_object() {
    let platform = Platform::deployed().await;
    let (user, admin) = (&platform.own.user, &platform.own.admin);
    let id = platform.start(user).await;
    let run = platform.claim().await;
    let level = |n| match n % 10 {
        3 => LogLevel::Debug,
        7 => LogLevel::Traceback,
        _ => LogLevel::Info,
    };
    let lines: Vec<LogLine> = (1..=1_500).map(|n| line(n, level(n))).collect();
    platform.log(&run, lines, false).await;
    let db = &platform.state.db;
    platform.finish(&run, success(json!(1)), true).await;

    let pages = async || {
        let mut pages = vec![];
        for key in [user, admin] {
            for query in
                ["", "?after=1000", "?after=1&limit=3", "?level=warning", "?after=1499", "?after=1500"]
            {
                let page = platform.get(format!("/api/executions/{id}/logs{query}")).key(key).send().await;
                pages.push(page.expect(200));
            }
        }
        pages
    };
    let before = pages().await;
    let set = Sql::new("UPDATE executions SET has_long_log = true");
    db.system().write(move |tx| Box::pin(async move { tx.execute(set).await })).await.expect("set");
    let log = archive::long_logs(db, None, 1).await.expect("logs").remove(0);
    assert!(archive::archive(db, platform.state.objects.as_ref(), &log).await.expect("archived"));
    assert_eq!(pages().await, before);
    assert!(archive::delete_lines(db, id, 10_000).await.expect("deleted"));
    assert_eq!(pages().await, before);

    lose(&platform, "log").await;
    let gone = platform.get(format!("/api/executions/{id}/logs")).key(user).send().await.expect(410);
    assert_eq!(gone["detail"], "the log of this run cannot be had any more");
}
