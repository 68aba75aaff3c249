//! Runs, from the request to their end.

use crate::common::{Platform, failure, key, line, success};
use bifrost_core::{ExecutionId, LogLevel, Outcome, Role, Status};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

fn hello(extra: Value) -> Value {
    let mut body = json!({ "workflow_id": "hello", "input_data": { "name": "Ada" } });
    body.as_object_mut().expect("an object").extend(extra.as_object().expect("an object").clone());
    body
}

#[tokio::test]
async fn an_accepted_run_waits_in_the_queue_and_ends() {
    let platform = Platform::deployed().await;
    let user = &platform.own.user;
    let accepted =
        platform.post("/api/workflows/execute").key(user).json(hello(json!({}))).send().await.expect(202);
    assert_eq!((&accepted["status"], &accepted["workflow_name"]), (&json!("Pending"), &json!("hello")));
    let path = format!("/api/executions/{}", accepted["execution_id"].as_str().expect("an id"));
    let run = platform.claim().await;
    assert_eq!(json!(run.execution.id), accepted["execution_id"]);
    assert_eq!(platform.get(&path).key(user).send().await.expect(200)["status"], "Running");
    platform.finish(&run, success(json!({ "greeting": "hi" })), true).await;
    let execution = platform.get(&path).key(user).send().await.expect(200);
    assert_eq!((&execution["status"], &execution["duration_ms"]), (&json!("Success"), &json!(12)));
    assert_eq!(execution["input_data"], json!({ "name": "Ada" }));
    let result = platform.get(format!("{path}/result")).key(user).send().await.expect(200);
    assert_eq!((&result["result"], &result["result_type"]), (&json!({ "greeting": "hi" }), &json!("json")));
}

#[tokio::test]
async fn a_sync_request_waits_for_the_end() {
    let platform = Platform::deployed().await;
    // Without the bus the database is asked once a second.
    for (live, most) in [(true, Duration::from_millis(900)), (false, Duration::from_secs(5))] {
        let start = Instant::now();
        let call = platform
            .post("/api/workflows/execute")
            .key(&platform.own.user)
            .json(hello(json!({ "sync": true })));
        let run = async {
            let run = platform.claim().await;
            platform.finish(&run, success(json!([1, 2])), live).await;
        };
        let (answer, ()) = tokio::join!(call.send(), run);
        let body = answer.expect(200);
        assert_eq!(
            (&body["status"], &body["result"], &body["duration_ms"]),
            (&json!("Success"), &json!([1, 2]), &json!(12))
        );
        assert!(start.elapsed() < most, "{:?}", start.elapsed());
    }
}

#[tokio::test]
async fn a_sync_request_gives_up_waiting_but_not_the_run() {
    let platform = Platform::deployed().await;
    let body = hello(json!({ "sync": true, "timeout_seconds": 1 }));
    let answer =
        platform.post("/api/workflows/execute").key(&platform.own.user).json(body).send().await.expect(202);
    assert_eq!(answer["status"], "Pending");
    assert_eq!(json!(platform.claim().await.execution.id), answer["execution_id"]);
}

#[tokio::test]
async fn a_run_that_waits_tells_its_turn_and_nothing_of_others() {
    let platform = Platform::deployed().await;
    let read = async |key, id: ExecutionId| {
        platform.get(format!("/api/executions/{id}")).key(key).send().await.expect(200)
    };
    let mut own = vec![];
    for _ in 0..3 {
        own.push(platform.start(&platform.own.user).await);
    }
    let foreign = platform.start(&platform.foreign.user).await;
    let waits = read(&platform.foreign.user, foreign).await;
    assert_eq!(waits["queue_position"], 2, "tenants take turns: {waits}");
    assert_eq!(read(&platform.own.user, own[2]).await["queue_position"], 4);
    assert_eq!(json!(platform.claim().await.execution.id), json!(own[0]));
    assert_eq!(read(&platform.own.user, own[0]).await.get("queue_position"), None);
    assert_eq!(read(&platform.own.user, own[2]).await["queue_position"], 3);
}

#[tokio::test]
async fn bulk_comes_last_and_what_somebody_waits_for_first() {
    let platform = Platform::deployed().await;
    let user = &platform.own.user;
    let execute =
        async |more| platform.post("/api/workflows/execute").key(user).json(hello(more)).send().await;
    let bulk = execute(json!({ "priority": "bulk" })).await.expect(202);
    let normal = execute(json!({ "priority": "normal" })).await.expect(202);
    let default = execute(json!({ "priority": null })).await.expect(202);
    execute(json!({ "sync": true, "timeout_seconds": 1 })).await.expect(202);
    for (run, turn) in [(&normal, 2), (&default, 3), (&bulk, 4)] {
        let path = format!("/api/executions/{}", run["execution_id"].as_str().expect("an id"));
        let seen = platform.get(path).key(user).send().await.expect(200);
        assert_eq!(seen["queue_position"], turn, "{seen}");
    }
    for (more, status) in [
        (json!({ "priority": "interactive" }), 422),
        (json!({ "priority": 2 }), 422),
        (json!({ "priority": "bulk", "sync": true }), 400),
    ] {
        let answer = execute(more.clone()).await;
        assert_eq!((answer.status.as_u16(), &answer.body["field"]), (status, &json!("priority")), "{more}");
    }
}

#[tokio::test]
async fn the_same_key_is_the_same_run() {
    let platform = Platform::deployed().await;
    let colleague = key(&platform.state.db, platform.own.id, "colleague@own.example", Role::OrgUser).await;
    let send = |key, body| {
        let call = platform.post("/api/workflows/execute").key(key);
        async move { call.header("idempotency-key", "order-7").json(body).send().await }
    };
    let first = send(&platform.own.user, hello(json!({}))).await.expect(202);
    let again = send(&platform.own.user, hello(json!({ "idempotency_key": "order-7" }))).await.expect(202);
    assert_eq!(first["execution_id"], again["execution_id"]);
    let other = send(&colleague, hello(json!({}))).await.expect(202);
    assert_ne!(first["execution_id"], other["execution_id"], "keys of two people do not meet");
    let changed = json!({ "workflow_id": "hello", "input_data": { "name": "Bob" } });
    assert_eq!(send(&platform.own.user, changed).await.expect(409)["code"], "idempotency_mismatch");
    assert_eq!(
        send(&platform.own.user, hello(json!({ "idempotency_key": "x" }))).await.expect(422)["field"],
        "idempotency_key"
    );
}

#[tokio::test]
async fn parameters_that_cannot_be_right_are_refused() {
    let platform = Platform::deployed().await;
    let cases = [
        (json!({}), Some("input_data.name")),
        (json!({ "name": "Ada", "count": [1] }), Some("input_data.count")),
        (json!({ "name": "Ada", "tags": 7 }), Some("input_data.tags")),
        (json!([1]), Some("input_data")),
        (json!({ "name": null, "count": "7", "tags": "a,b", "more": {} }), None),
    ];
    for (input, field) in cases {
        let body = json!({ "workflow_id": "hello", "input_data": input });
        let answer = platform.post("/api/workflows/execute").key(&platform.own.user).json(body).send().await;
        match field {
            Some(field) => assert_eq!(answer.expect(422)["field"], field),
            None => assert_eq!(answer.expect(202)["status"], "Pending"),
        }
    }
}

#[tokio::test]
async fn end_users_do_not_see_how_it_failed() {
    let platform = Platform::deployed().await;
    let id = platform.start(&platform.own.user).await;
    let run = platform.claim().await;
    let lines = vec![line(1, LogLevel::Debug), line(2, LogLevel::Info), line(3, LogLevel::Traceback)];
    platform.log(&run, lines, false).await;
    platform.finish(&run, failure(), true).await;

    let read =
        async |key, path: &str| platform.get(format!("/api/executions/{id}{path}")).key(key).send().await;
    let user = read(&platform.own.user, "").await;
    assert!(
        !user.text.contains("customer_table")
            && !user.text.contains("KeyError")
            && !user.text.contains("Traceback")
    );
    assert_eq!(user.expect(200)["error"], "An error occurred during execution");
    let admin = read(&platform.own.admin, "").await.expect(200);
    assert_eq!((&admin["error"], &admin["error_type"]), (&json!("'customer_table'"), &json!("KeyError")));
    assert!(admin["traceback"].is_string());

    let sequences = |page: &Value| -> Vec<Value> {
        page["logs"].as_array().expect("lines").iter().map(|line| line["sequence"].clone()).collect()
    };
    let page = read(&platform.own.user, "/logs").await.expect(200);
    assert_eq!((sequences(&page), &page["complete"]), (vec![json!(2)], &json!(true)));
    let page = read(&platform.own.admin, "/logs?limit=2").await.expect(200);
    assert_eq!(
        (sequences(&page), &page["next"], &page["complete"]),
        (vec![json!(1), json!(2)], &json!(2), &json!(false))
    );
    let page = read(&platform.own.admin, "/logs?after=2").await.expect(200);
    assert_eq!((sequences(&page), &page["complete"]), (vec![json!(3)], &json!(true)));
    let page = read(&platform.own.admin, "/logs?level=error").await.expect(200);
    assert_eq!(sequences(&page), [json!(3)]);
    assert_eq!(
        read(&platform.own.admin, "/variables").await.expect(200)["variables"],
        json!({ "token": "abc" })
    );
    let list = platform.get("/api/executions").key(&platform.own.user).send().await;
    assert!(!list.text.contains("KeyError"));
}

#[tokio::test]
async fn end_users_see_what_was_meant_for_them_and_only_their_own() {
    let platform = Platform::deployed().await;
    let colleague = key(&platform.state.db, platform.own.id, "colleague@own.example", Role::OrgUser).await;
    let id = platform.start(&platform.own.user).await;
    let run = platform.claim().await;
    platform.finish(&run, Outcome::ended(Status::Failed, "UserError", "no such customer"), true).await;
    let execution =
        platform.get(format!("/api/executions/{id}")).key(&platform.own.user).send().await.expect(200);
    assert_eq!(execution["error"], "no such customer");
    for path in ["", "/result", "/logs"] {
        platform.get(format!("/api/executions/{id}{path}")).key(&colleague).send().await.expect(404);
    }
    let count = async |key| {
        let list = platform.get("/api/executions").key(key).send().await.expect(200);
        list["executions"].as_array().map(Vec::len)
    };
    assert_eq!((count(&colleague).await, count(&platform.own.admin).await), (Some(0), Some(1)));
    assert_eq!(count(&platform.foreign.admin).await, Some(0));
}

#[tokio::test]
async fn lists_have_filters_and_pages() {
    let platform = Platform::deployed().await;
    let user = &platform.own.user;
    let mut ids = Vec::new();
    for _ in 0..3 {
        ids.push(json!(platform.start(user).await));
    }
    ids.reverse();
    let page = platform
        .get("/api/executions?limit=2&status=Pending&workflow_name=hello")
        .key(user)
        .send()
        .await
        .expect(200);
    let found = |page: &Value| -> Vec<Value> {
        page["executions"].as_array().expect("a list").iter().map(|e| e["execution_id"].clone()).collect()
    };
    assert_eq!(found(&page), ids[..2]);
    let cursor = page["next_cursor"].as_str().expect("more");
    let rest =
        platform.get(format!("/api/executions?limit=2&cursor={cursor}")).key(user).send().await.expect(200);
    assert_eq!((found(&rest), &rest["next_cursor"]), (ids[2..].to_vec(), &Value::Null));
    for (query, expected) in [
        ("start_date=2020-01-01", 3),
        ("end_date=2020-01-01T00:00:00", 0),
        ("start_date=2020-01-01T00:00:00%2B02:00&end_date=2999-01-01T00:00:00Z", 3),
        ("status=Success", 0),
        ("status=Success,Pending", 3),
        ("status=Pending,Pending,", 3),
        ("origin=person", 3),
        ("origin=schedule", 0),
    ] {
        let page = platform.get(format!("/api/executions?{query}")).key(user).send().await.expect(200);
        assert_eq!(found(&page).len(), expected, "{query}");
    }
    assert_eq!(
        platform.get("/api/executions?start_date=soon").key(user).send().await.expect(422)["field"],
        "start_date"
    );
}

#[tokio::test]
async fn lists_filter_by_person_and_error_for_those_who_may() {
    let platform = Platform::deployed().await;
    let (user, admin) = (&platform.own.user, &platform.own.admin);
    let failed = platform.start(user).await;
    let run = platform.claim().await;
    platform.finish(&run, failure(), true).await;
    let other = platform.start(admin).await;
    let list =
        async |key, query: String| platform.get(format!("/api/executions?{query}")).key(key).send().await;
    let found = |page: Value| -> Vec<Value> {
        page["executions"].as_array().expect("a list").iter().map(|e| e["execution_id"].clone()).collect()
    };
    for (query, expected) in [
        (format!("executed_by={}", user.user), failed),
        (format!("executed_by={}", admin.user), other),
        ("error_type=KeyError".to_owned(), failed),
        ("status=Failed,Timeout&origin=person".to_owned(), failed),
    ] {
        assert_eq!(found(list(admin, query.clone()).await.expect(200)), [json!(expected)], "{query}");
    }
    // End users see their own, whoever they ask for, and learn of no error's type.
    assert_eq!(found(list(user, format!("executed_by={}", user.user)).await.expect(200)), [json!(failed)]);
    assert!(found(list(user, format!("executed_by={}", admin.user)).await.expect(200)).is_empty());
    list(user, "error_type=KeyError".into()).await.expect(403);
    for (query, field) in [("status=Pending,Nothing", "status"), ("origin=nowhere", "origin")] {
        assert_eq!(list(admin, query.into()).await.expect(422)["field"], field, "{query}");
    }
}

#[tokio::test]
async fn runs_are_counted_for_who_may_see_them() {
    let platform = Platform::deployed().await;
    let (own, foreign) = (&platform.own, &platform.foreign);
    platform.start(&own.user).await;
    let run = platform.claim().await;
    platform.finish(&run, failure(), true).await;
    platform.start(&own.admin).await;
    platform.start(&foreign.user).await;
    let count =
        async |key, query: &str| platform.get(format!("/api/usage/runs?{query}")).key(key).send().await;
    let total = |body: Value| ["runs", "failed", "open"].map(|name| body["total"][name].clone());
    assert_eq!(total(count(&own.admin, "").await.expect(200)), [json!(2), json!(1), json!(1)]);
    assert_eq!(total(count(&own.user, "by=day").await.expect(200)), [json!(1), json!(1), json!(0)]);
    let body = count(&platform.root, "by=organization").await.expect(200);
    assert_eq!(total(body.clone()), [json!(3), json!(1), json!(2)]);
    let first = &body["entries"][0];
    assert_eq!((&first["organization_id"], &first["runs"]), (&json!(own.id), &json!(2)), "{body}");
    count(&own.admin, "by=organization").await.expect(403);
    for wrong in [
        "from=2026-01-02&to=2026-01-01",
        "from=2026-01-01&to=2026-02-02",
        "from=2026-01-01&to=2027-01-03&by=day",
        "from=soon",
    ] {
        assert_eq!(count(&own.admin, wrong).await.expect(422)["field"], "from", "{wrong}");
    }
}

#[tokio::test]
async fn cancelling_reaches_database_and_worker() {
    let platform = Platform::deployed().await;
    let user = &platform.own.user;
    let waiting = platform.start(user).await;
    let cancelled =
        platform.post(format!("/api/executions/{waiting}/cancel")).key(user).send().await.expect(202);
    assert_eq!(cancelled["status"], "Cancelled");

    let running = platform.start(user).await;
    platform.claim().await;
    let cancelling =
        platform.post(format!("/api/executions/{running}/cancel")).key(user).send().await.expect(202);
    assert_eq!(cancelling["status"], "Cancelling");
    assert_eq!(*platform.worker.cancelled.lock().expect("not poisoned"), [waiting, running]);
}

#[tokio::test]
async fn a_rerun_repeats_with_the_same_or_other_parameters() {
    let platform = Platform::deployed().await;
    let user = &platform.own.user;
    let id = platform.start(user).await;
    let path = format!("/api/executions/{id}/rerun");
    for (body, expected) in [
        (json!({}), json!({ "name": "Ada" })),
        (json!({ "input_data": { "name": "Bob" } }), json!({ "name": "Bob" })),
    ] {
        let again = platform.post(&path).key(user).json(body).send().await.expect(202);
        let new = again["execution_id"].as_str().expect("an id");
        let execution = platform.get(format!("/api/executions/{new}")).key(user).send().await.expect(200);
        assert_eq!((&execution["rerun_of"], &execution["input_data"]), (&json!(id), &expected));
    }
}

#[tokio::test]
async fn a_data_provider_answers_options() {
    let platform = Platform::deployed().await;
    let invoke =
        |name: &str| platform.post(format!("/api/data-providers/{name}/invoke")).key(&platform.own.user);
    let answer = tokio::select! {
        answer = invoke("choices_of_site").send() => answer,
        () = platform.run_everything() => unreachable!(),
    };
    let options = json!([{ "label": "a", "value": "a" }, { "label": "B", "value": 2 }]);
    assert_eq!(answer.expect(200)["options"], options);
    invoke("hello").send().await.expect(404);

    // Nobody runs anything now: it is kept, for the people of this organization.
    assert_eq!(invoke("choices_of_site").send().await.expect(200)["options"], options);
    let admin = platform.post("/api/data-providers/choices_of_site/invoke").key(&platform.own.admin);
    assert_eq!(admin.send().await.expect(200)["options"], options);
    let runs = async || {
        let list = platform.get("/api/executions?workflow_name=choices_of_site").key(&platform.own.admin);
        list.send().await.expect(200)["executions"].as_array().expect("runs").len()
    };
    assert_eq!(runs().await, 1);
    let refresh = || invoke("choices_of_site").json(json!({ "refresh": true })).send();
    let again = async {
        let run = platform.claim().await;
        // Whoever comes meanwhile waits for the same run.
        let late = invoke("choices_of_site").send();
        let finish = async {
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
            platform.finish(&run, success(json!(["new"])), true).await;
        };
        tokio::join!(late, finish).0.expect(200)
    };
    let (first, late) = tokio::join!(refresh(), again);
    let options = json!([{ "label": "new", "value": "new" }]);
    assert_eq!((&first.expect(200)["options"], &late["options"]), (&options, &options));
    assert_eq!(runs().await, 2);

    let fail = async {
        let run = platform.claim().await;
        platform.finish(&run, failure(), true).await;
    };
    let (answer, ()) = tokio::join!(refresh(), fail);
    let body = answer.expect(502);
    assert_eq!(
        (&body["code"], &body["detail"]),
        (&json!("data_provider_failed"), &json!("An error occurred during execution"))
    );
}
