//! What a run's page shows beside the run: calls, attempts, limits, the runs around it, its code.

use crate::common::{Platform, failure, files, success};
use bifrost_core::*;
use bifrost_store::executions::{self, Ending, NewExecution};
use serde_json::{Value, json};

fn call(host: &str, outcome: HttpOutcome) -> HttpCall {
    HttpCall {
        method: "GET".into(),
        host: host.into(),
        started_at: bifrost_store::now(),
        duration_ms: Some(40),
        outcome,
        status: (outcome == HttpOutcome::Answered).then_some(200),
        sent_bytes: 1,
        received_bytes: 2,
    }
}

fn calls(all: Vec<HttpCall>) -> HttpCalls {
    HttpCalls { kept: all, left_out: 0 }
}

#[tokio::test]
async fn calls_and_attempts_are_told_to_who_may_see_them() {
    let platform = Platform::deployed().await;
    let (user, admin, db) = (&platform.own.user, &platform.own.admin, &platform.state.db);
    let id = platform.start(user).await;
    let get = async |key, what: &str| {
        platform.get(format!("/api/executions/{id}{what}")).key(key).send().await.expect(200)
    };
    assert_eq!(get(admin, "/attempts").await, json!({ "attempts": [] }));

    let first = platform.claim().await;
    let denied = calls(vec![call("b.example.com", HttpOutcome::Denied)]);
    assert!(executions::keep_calls(db, id, first.token, &denied).await.expect("kept"));
    let cause = "error:KeyError".to_owned();
    assert!(
        executions::retry(db, id, first.token, cause, bifrost_store::now(), vec![]).await.expect("retried")
    );
    let second = platform.claim().await;
    let limits = MeteredLimits::from(&second.limits);
    let ending = Ending {
        metering: Some(Metering { http_calls: 1, log_bytes: 99, limits }),
        calls: calls(vec![call("a.example.com", HttpOutcome::Answered)]),
        ..Ending::of(failure())
    };
    executions::end(db, id, second.token, ending).await.expect("written").expect("its lease");

    let told = get(admin, "/calls").await;
    assert_eq!(told["attempts"].as_array().map(Vec::len), Some(2));
    assert_eq!(told["attempts"][0]["calls"][0]["outcome"], "denied");
    let last = &told["attempts"][1];
    assert_eq!((&last["attempt"], &last["left_out"]), (&json!(2), &json!(0)));
    let one = &last["calls"][0];
    assert_eq!(
        (&one["host"], &one["status"], &one["duration_ms"]),
        (&json!("a.example.com"), &json!(200), &json!(40))
    );
    platform.get(format!("/api/executions/{id}/calls")).key(user).send().await.expect(403);

    let told = get(admin, "/attempts").await;
    let attempt = |n: usize, field: &str| told["attempts"][n][field].clone();
    assert_eq!((attempt(0, "worker"), attempt(0, "cause")), (json!("test"), json!("error:KeyError")));
    assert_eq!((attempt(1, "attempt"), attempt(1, "cause")), (json!(2), Value::Null));
    assert!(attempt(0, "ended_at").is_string() && attempt(1, "started_at").is_string());
    let told = get(user, "/attempts").await;
    let first = &told["attempts"][0];
    assert_eq!((&first["cause"], first.get("worker")), (&json!("error"), None), "not what only authors see");

    for key in [user, admin] {
        let run = get(key, "").await;
        assert_eq!((&run["metering"]["http_calls"], &run["metering"]["log_bytes"]), (&json!(1), &json!(99)));
        assert_eq!(run["metering"]["limits"]["fuel"], json!(second.limits.fuel));
        assert_eq!(run["version_number"], 1);
    }
}

#[tokio::test]
async fn a_run_leads_to_those_it_started_and_those_that_repeat_it() {
    let platform = Platform::deployed().await;
    let (user, admin) = (&platform.own.user, &platform.own.admin);
    let parent = platform.start(user).await;
    let run = platform.claim().await;
    let org = platform.state.db.org(platform.own.id);
    let caller = Caller::of_role(user.user, "e", platform.own.id, Role::OrgUser);
    let lineage = Lineage::of_child(&run.execution, Scope::Organization(platform.own.id));
    let new = NewExecution {
        lineage,
        ..NewExecution::by(&caller, run.execution.workflow_id, json!({ "name": "Ada" }))
    };
    let child = executions::accept(&org, new).await.expect("accepted").execution.id;
    platform.finish(&run, success(json!(1)), false).await;
    let path = format!("/api/executions/{parent}/rerun");
    let again = platform.post(path).key(user).json(json!({})).send().await.expect(202);

    let shown = platform.get(format!("/api/executions/{child}")).key(user).send().await.expect(200);
    assert_eq!(shown["parent_id"], json!(parent));
    let found = async |key, query: &str| -> Vec<Value> {
        let page =
            platform.get(format!("/api/executions?{query}={parent}")).key(key).send().await.expect(200);
        let runs = page["executions"].as_array().expect("a list").iter();
        runs.map(|run| run["execution_id"].clone()).collect()
    };
    assert_eq!(found(user, "parent_id").await, [json!(child)]);
    assert_eq!(found(admin, "rerun_of").await, [again["execution_id"].clone()]);
    assert!(found(&platform.foreign.admin, "parent_id").await.is_empty());
}

#[tokio::test]
async fn files_are_read_as_a_run_had_them() {
    let platform = Platform::deployed().await;
    let admin = &platform.own.admin;
    let first = platform.get("/api/workspace").key(admin).send().await.expect(200);
    let first = first["version"]["version"].as_str().expect("an id").to_owned();
    let next = json!({ "files": files(&[("flows.py", "async def other():\n")]) });
    platform.post("/api/workspace/deploy").key(admin).json(next).send().await.expect(200);
    let read = async |key, query: &str| {
        platform.get(format!("/api/workspace/files/flows.py{query}")).key(key).send().await
    };
    let of_first = format!("?version={first}");
    let now = read(admin, "").await.expect(200);
    let then = read(admin, &of_first).await.expect(200);
    assert_ne!(now["content"], then["content"]);
    assert!(then["size"].as_u64() > now["size"].as_u64());
    let listed = platform.get(format!("/api/workspace/files{of_first}")).key(admin).send().await.expect(200);
    assert_eq!(listed["files"][0]["size"], then["size"]);
    read(&platform.foreign.admin, &of_first).await.expect(404);
    read(admin, "?version=1").await.expect(422);
}
