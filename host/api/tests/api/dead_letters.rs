//! Dead letters, as platform administrators inspect and replay them.

use crate::common::{Key, Platform, success};
use bifrost_core::ports::Ticket;
use bifrost_core::{ExecutionId, Status};
use bifrost_store::dead_letters;
use serde_json::{Value, json};

/// A run of `hello` whose ticket died `times`; three end it.
async fn dead(platform: &Platform, key: &Key, times: i32) -> ExecutionId {
    let execution = platform.start(key).await;
    for attempt in 1..=times {
        let ticket = Ticket { execution, attempt };
        let decided = dead_letters::reconcile(&platform.state.db, ticket, "delivery_limit").await;
        assert!(decided.expect("decided").is_some());
    }
    execution
}

async fn list(platform: &Platform, query: &str) -> Vec<Value> {
    let path = format!("/api/dead-letters?{query}");
    let answer = platform.get(path).key(&platform.root).send().await.expect(200);
    answer["dead_letters"].as_array().expect("a list").clone()
}

fn path(letter: &Value) -> String {
    format!("/api/dead-letters/{}", letter["id"].as_str().expect("an id"))
}

#[tokio::test]
async fn letters_of_all_organizations_are_listed_and_filtered() {
    let platform = Platform::deployed().await;
    let own = dead(&platform, &platform.own.user, 3).await;
    let foreign = dead(&platform, &platform.foreign.user, 1).await;
    let all = list(&platform, "").await;
    let runs: Vec<_> = all.iter().map(|letter| letter["execution_id"].clone()).collect();
    assert_eq!(runs, [foreign, own, own, own].map(|id| json!(id)), "newest first");
    assert_eq!(platform.get(path(&all[1])).key(&platform.root).send().await.expect(200), all[1]);
    let letter = &all[1];
    for (field, expected) in [
        ("organization_id", json!(platform.own.id)),
        ("workflow_name", json!("hello")),
        ("execution_status", json!("Failed")),
        ("attempt", json!(3)),
        ("reason", json!("delivery_limit")),
        ("state", json!("failed")),
        ("replayed_as", Value::Null),
        ("replayed_by", Value::Null),
        ("replayed_at", Value::Null),
    ] {
        assert_eq!(letter[field], expected, "{field}: {letter}");
    }
    assert_eq!(list(&platform, "state=retried").await.len(), 3);
    assert_eq!(list(&platform, "state=failed&replayed=false").await.len(), 1);
    assert_eq!(list(&platform, "replayed=true").await.len(), 0);

    let first = platform.get("/api/dead-letters?limit=3").key(&platform.root).send().await.expect(200);
    let next = first["next_cursor"].as_str().expect("more");
    assert_eq!(list(&platform, &format!("limit=3&cursor={next}")).await, all[3..]);
    for (query, field) in [("state=lost", "state"), ("limit=0", "limit"), ("replayed=maybe", "replayed")] {
        let call = platform.get(format!("/api/dead-letters?{query}")).key(&platform.root);
        assert_eq!(call.send().await.expect(422)["field"], field);
    }

    // A named organization narrows what is reached.
    let named = |path: String| platform.get(path).key(&platform.root).organization(platform.foreign.id);
    let narrowed = named("/api/dead-letters".into()).send().await.expect(200);
    assert_eq!(narrowed["dead_letters"], json!([all[0]]));
    named(path(letter)).send().await.expect(404);
}

#[tokio::test]
async fn a_replay_is_a_new_run_linked_to_the_old() {
    let platform = Platform::deployed().await;
    let old = dead(&platform, &platform.own.user, 3).await;
    let letter = list(&platform, "state=failed").await.remove(0);
    let replay = || platform.post(format!("{}/replay", path(&letter))).key(&platform.root).send();
    let answer = replay().await.expect(202);
    assert_eq!((&answer["status"], &answer["workflow_name"]), (&json!("Pending"), &json!("hello")));
    let run = format!("/api/executions/{}", answer["execution_id"].as_str().expect("an id"));
    // The tenant's own people see it.
    let new = platform.get(&run).key(&platform.own.admin).send().await.expect(200);
    assert_eq!((&new["rerun_of"], &new["input_data"]), (&json!(old), &json!({ "name": "Ada" })));
    assert_eq!(new["organization_id"], json!(platform.own.id));
    assert_eq!(new["executed_by"], json!(platform.root.user));
    let claimed = platform.claim().await;
    platform.finish(&claimed, success(json!("hi")), true).await;
    assert_eq!(platform.get(&run).key(&platform.own.admin).send().await.expect(200)["status"], "Success");

    let again = replay().await.expect(409);
    assert_eq!(again["code"], "already_replayed");
    assert!(
        again["detail"].as_str().expect("a text").contains(answer["execution_id"].as_str().expect("an id"))
    );
    let letter = platform.get(path(&letter)).key(&platform.root).send().await.expect(200);
    assert_eq!(letter["replayed_as"], answer["execution_id"]);
    assert_eq!(letter["replayed_by"], json!(platform.root.user));
    assert!(letter["replayed_at"].is_string());
    let old = platform.get(format!("/api/executions/{old}")).key(&platform.own.user).send().await.expect(200);
    assert_eq!((&old["status"], &old["error_type"]), (&json!("Failed"), &json!("dead_letter")));
    assert_eq!(old["error"], "no worker could take this run; tried 3 times", "also for end users");
}

#[tokio::test]
async fn a_run_that_has_not_ended_is_not_replayed() {
    let platform = Platform::deployed().await;
    dead(&platform, &platform.own.user, 1).await;
    let letter = list(&platform, "").await.remove(0);
    let replay = || platform.post(format!("{}/replay", path(&letter))).key(&platform.root).send();
    let refused = replay().await.expect(409);
    assert_eq!(refused["code"], "not_finished");
    assert!(refused["detail"].as_str().expect("a text").contains(Status::Pending.as_str()));
    let claimed = platform.claim().await;
    assert_eq!(claimed.execution.attempt, 2);
    assert_eq!(replay().await.expect(409)["code"], "not_finished");
    platform.finish(&claimed, success(json!("hi")), true).await;
    replay().await.expect(202);
}

#[tokio::test]
async fn a_replay_needs_its_workflow() {
    let platform = Platform::deployed().await;
    dead(&platform, &platform.own.user, 3).await;
    let letter = list(&platform, "state=failed").await.remove(0);
    let body =
        json!({ "files": crate::common::files(&[("flows.py", "async def other():\n")]), "force": true });
    platform.post("/api/workspace/deploy").key(&platform.own.admin).json(body).send().await.expect(200);
    let replay = platform.post(format!("{}/replay", path(&letter))).key(&platform.root).send().await;
    assert_eq!(replay.expect(404)["detail"], "workflow not found");
    assert_eq!(list(&platform, "state=failed&replayed=false").await.len(), 1);
}
