//! Deferred runs, and schedules as people write them.

use crate::common::{Key, Platform, files};
use bifrost_core::{CatchUp, Overlap, Priority};
use bifrost_store::{executions, now, schedules};
use chrono::{DateTime, TimeDelta, Utc};
use http::Method;
use serde_json::{Value, json};

fn hello(more: Value) -> Value {
    let mut body = json!({ "workflow_id": "hello", "input_data": { "name": "Ada" } });
    for (key, value) in more.as_object().expect("an object") {
        body[key] = value.clone();
    }
    body
}

fn time(value: &Value) -> DateTime<Utc> {
    value.as_str().and_then(|text| text.parse().ok()).unwrap_or_else(|| panic!("{value} is no time"))
}

#[tokio::test]
async fn a_deferred_run_is_scheduled_until_it_is_cancelled_or_due() {
    let platform = Platform::deployed().await;
    let user = &platform.own.user;
    let execute =
        async |more| platform.post("/api/workflows/execute").key(user).json(hello(more)).send().await;
    let later = execute(json!({ "delay_seconds": 3600 })).await.expect(202);
    assert_eq!(later["status"], "Scheduled");
    let wait = time(&later["scheduled_at"]) - now();
    assert!(wait > TimeDelta::minutes(59) && wait <= TimeDelta::hours(1), "{wait}");
    let at = (now() + TimeDelta::days(300)).to_rfc3339();
    let far = execute(json!({ "scheduled_at": at })).await.expect(202);
    assert_eq!((&far["status"], time(&far["scheduled_at"]).to_rfc3339()), (&json!("Scheduled"), at));
    for past in [json!({ "scheduled_at": "2020-01-31T12:00:00+02:00" }), json!({ "delay_seconds": 0 })] {
        let body = execute(past).await.expect(202);
        assert_eq!((&body["status"], body.get("scheduled_at")), (&json!("Pending"), None));
    }
    let path = format!("/api/executions/{}", later["execution_id"].as_str().expect("an id"));
    let seen = platform.get(&path).key(user).send().await.expect(200);
    assert_eq!(seen["scheduled_at"], later["scheduled_at"]);
    let due =
        executions::promote_due(&platform.state.db, now() + TimeDelta::hours(2), 10).await.expect("promoted");
    assert_eq!(json!(due), json!([later["execution_id"]]));
    let cancel = format!("/api/executions/{}/cancel", far["execution_id"].as_str().expect("an id"));
    assert_eq!(platform.post(cancel).key(user).send().await.expect(202)["status"], "Cancelled");
}

#[tokio::test]
async fn what_cannot_be_deferred_is_refused() {
    let platform = Platform::deployed().await;
    for (more, status, field) in [
        (json!({ "delay_seconds": 5, "sync": true }), 400, "sync"),
        (json!({ "delay_seconds": 5, "scheduled_at": "2030-01-01T00:00:00Z" }), 422, "delay_seconds"),
        (json!({ "delay_seconds": 40_000_000 }), 422, "delay_seconds"),
        (json!({ "delay_seconds": u64::MAX }), 422, "delay_seconds"),
        (json!({ "delay_seconds": -1 }), 422, "delay_seconds"),
        (json!({ "scheduled_at": "2999-01-01T00:00:00Z" }), 422, "scheduled_at"),
        (json!({ "scheduled_at": "tomorrow" }), 422, "scheduled_at"),
        (json!({ "scheduled_at": "2030-01-01T00:00:00" }), 422, "scheduled_at"),
    ] {
        let call = platform.post("/api/workflows/execute").key(&platform.own.user).json(hello(more.clone()));
        let answer = call.send().await;
        assert_eq!((answer.status.as_u16(), &answer.body["field"]), (status, &json!(field)), "{more}");
    }
    let list = platform.get("/api/executions").key(&platform.own.user).send().await.expect(200);
    assert_eq!(list["executions"], json!([]));
}

fn nightly(more: Value) -> Value {
    let mut body =
        json!({ "workflow_id": "nightly", "cron_expression": "30 2 * * *", "timezone": "Europe/Berlin" });
    for (key, value) in more.as_object().expect("an object") {
        body[key] = value.clone();
    }
    body
}

async fn made(platform: &Platform, key: &Key, more: Value) -> Value {
    platform.post("/api/schedules").key(key).json(nightly(more)).send().await.expect(201)
}

#[tokio::test]
async fn a_schedule_from_beginning_to_end() {
    let platform = Platform::deployed().await;
    let admin = &platform.own.admin;
    let schedule = made(&platform, admin, json!({})).await;
    assert_eq!(
        (&schedule["name"], &schedule["source"], &schedule["enabled"]),
        (&json!("nightly"), &json!("api"), &json!(true))
    );
    assert_eq!(
        (&schedule["overlap_policy"], &schedule["catch_up_policy"]),
        (&json!(Overlap::Skip), &json!(CatchUp::Last))
    );
    assert_eq!(schedule["priority"], "normal");
    assert!(time(&schedule["next_run_at"]) > now());
    let path = format!("/api/schedules/{}", schedule["id"].as_str().expect("an id"));
    let call = |method, end: &str| platform.call(method, format!("{path}{end}")).key(admin);
    assert_eq!(call(Method::GET, "").send().await.expect(200), schedule);
    let list = platform.get("/api/schedules").key(admin).send().await.expect(200);
    assert_eq!(list["schedules"], json!([schedule]));

    let change = json!({ "name": "At night", "overlap_policy": "replace", "input_data": { "full": true } });
    let changed = call(Method::PATCH, "").json(change).send().await.expect(200);
    assert_eq!((&changed["name"], &changed["overlap_policy"]), (&json!("At night"), &json!("replace")));
    assert_eq!(
        (&changed["cron_expression"], &changed["input_data"]),
        (&json!("30 2 * * *"), &json!({ "full": true }))
    );

    let bulk = call(Method::PATCH, "").json(json!({ "priority": "bulk" })).send().await.expect(200);
    assert_eq!((&bulk["priority"], &bulk["name"]), (&json!("bulk"), &json!("At night")));

    let paused = call(Method::POST, "/pause").send().await.expect(200);
    assert_eq!((&paused["enabled"], &paused["next_run_at"]), (&json!(false), &Value::Null));
    let preview = call(Method::GET, "/preview?count=2").send().await.expect(200);
    assert_eq!(
        (preview["next"].as_array().map(Vec::len), &preview["timezone"]),
        (Some(2), &json!("Europe/Berlin"))
    );
    let resumed = call(Method::POST, "/resume").send().await.expect(200);
    assert_eq!(resumed["next_run_at"], preview["next"][0]["at"]);

    let run = call(Method::POST, "/run").send().await.expect(202);
    assert_eq!((&run["status"], &run["workflow_name"]), (&json!("Pending"), &json!("nightly")));
    let execution = platform.get(format!("/api/executions/{}", run["execution_id"].as_str().expect("an id")));
    let execution = execution.key(admin).send().await.expect(200);
    assert_eq!(
        (&execution["schedule_id"], &execution["input_data"]),
        (&schedule["id"], &json!({ "full": true }))
    );
    assert_eq!(execution["executed_by"], json!(platform.own.admin.user));
    let waiting = executions::backlog(&platform.state.db, 10).await.expect("a backlog").waiting;
    assert_eq!(waiting[0].priority, Priority::Bulk.rank(), "started by hand as by the clock");
    for (id, count) in [(&schedule["id"], 1), (&run["execution_id"], 0)] {
        let path = format!("/api/executions?schedule_id={}", id.as_str().expect("an id"));
        let list = platform.get(path).key(admin).send().await.expect(200);
        assert_eq!(list["executions"].as_array().map(Vec::len), Some(count));
    }
    let after = call(Method::GET, "").send().await.expect(200);
    assert_eq!((&after["last_execution_id"], &after["last_run_at"]), (&run["execution_id"], &Value::Null));

    call(Method::DELETE, "").send().await.expect(204);
    call(Method::GET, "").send().await.expect(404);
}

#[tokio::test]
async fn the_field_at_fault_is_named() {
    let platform = Platform::deployed().await;
    let admin = &platform.own.admin;
    for (more, field) in [
        (json!({ "cron_expression": "0 25 * * *" }), "cron_expression"),
        (json!({ "cron_expression": "0 0 30 2 *" }), "cron_expression"),
        (json!({ "timezone": "Berlin" }), "timezone"),
        (json!({ "name": " " }), "name"),
        (json!({ "overlap_policy": "ignore" }), "overlap_policy"),
        (json!({ "priority": "interactive" }), "priority"),
        (json!({ "workflow_id": "hello" }), "input_data.name"),
        (json!({ "input_data": [1] }), "input_data"),
        (json!({ "jitter": 5 }), "jitter"),
    ] {
        let answer = platform.post("/api/schedules").key(admin).json(nightly(more.clone())).send().await;
        assert_eq!(answer.expect(422)["field"], field, "{more}");
    }
    let unknown = nightly(json!({ "workflow_id": "goodbye" }));
    platform.post("/api/schedules").key(admin).json(unknown).send().await.expect(404);
    let none = json!({ "workflow_id": "nightly" });
    assert_eq!(
        platform.post("/api/schedules").key(admin).json(none).send().await.expect(422)["field"],
        "cron_expression"
    );
    let path =
        format!("/api/schedules/{}", made(&platform, admin, json!({})).await["id"].as_str().expect("an id"));
    for (body, field) in
        [(json!({ "timezone": "Berlin" }), "timezone"), (json!({ "input_data": 5 }), "input_data")]
    {
        let answer = platform.call(Method::PATCH, &path).key(admin).json(body).send().await;
        assert_eq!(answer.expect(422)["field"], field);
    }
    let count = platform.get(format!("{path}/preview?count=101")).key(admin).send().await;
    assert_eq!(count.expect(422)["field"], "count");
}

#[tokio::test]
async fn a_schedule_emits_a_topic_instead_of_starting_a_workflow() {
    let platform = Platform::deployed().await;
    let admin = &platform.own.admin;
    let ask = async |body: Value| platform.post("/api/schedules").key(admin).json(body).send().await;
    let topic = |more: Value| {
        let mut body = json!({ "topic": "clock.nightly", "cron_expression": "30 2 * * *" });
        body.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
        body
    };
    for (body, field) in [
        (topic(json!({ "workflow_id": "nightly" })), "workflow_id"),
        (json!({ "cron_expression": "30 2 * * *" }), "workflow_id"),
        (topic(json!({ "topic": "Nightly" })), "topic"),
        (topic(json!({ "input_data": [1] })), "input_data"),
    ] {
        assert_eq!(ask(body).await.expect(422)["field"], field);
    }
    let made = ask(topic(json!({ "input_data": { "full": true } }))).await.expect(201);
    assert_eq!(
        (&made["topic"], &made["name"], &made["workflow_id"], &made["workflow_name"]),
        (&json!("clock.nightly"), &json!("clock.nightly"), &Value::Null, &Value::Null)
    );
    let path = format!("/api/schedules/{}", made["id"].as_str().expect("an id"));
    let call = |method, end: &str| platform.call(method, format!("{path}{end}")).key(admin);
    let changed = call(Method::PATCH, "").json(json!({ "input_data": { "full": false } })).send().await;
    assert_eq!(changed.expect(200)["input_data"], json!({ "full": false }));
    assert_eq!(call(Method::POST, "/run").send().await.expect(409)["code"], "emits_a_topic");

    let source = json!({ "name": "nights", "kind": "topic", "topic": "clock.nightly" });
    let source = platform.post("/api/webhooks").key(admin).json(source).send().await.expect(201);
    let time = time(&made["next_run_at"]) + TimeDelta::seconds(1);
    let due = schedules::due(&platform.state.db, time, 10).await.expect("read");
    let fired = schedules::fire(&platform.state.db, due, time).await.expect("fired");
    assert_eq!((fired.emitted.len(), fired.runs.len()), (1, 0));
    let list = format!("/api/webhooks/{}/deliveries", source["id"].as_str().expect("an id"));
    let list = platform.get(list).key(admin).send().await.expect(200);
    let [delivery] = &list["deliveries"].as_array().expect("a list")[..] else { panic!("{list}") };
    assert_eq!(
        (&delivery["id"], &delivery["event_type"]),
        (&json!(fired.emitted[0]), &json!("clock.nightly"))
    );
    assert_eq!(delivery["emitted_by"], Value::Null);
    let seen = call(Method::GET, "").send().await.expect(200);
    assert_eq!((&seen["last_run_at"], &seen["last_execution_id"]), (&made["next_run_at"], &Value::Null));
    assert_eq!(call(Method::DELETE, "").send().await.status, 204);
}

#[tokio::test]
async fn an_expression_is_previewed_over_a_change_of_the_clock() {
    let platform = Platform::new().await;
    let body = json!({ "cron_expression": "30 2 * * *", "timezone": "Europe/Berlin", "count": 3, "after": "2026-03-28T00:00:00Z" });
    let preview =
        platform.post("/api/schedules/preview").key(&platform.own.admin).json(body).send().await.expect(200);
    let local: Vec<_> =
        preview["next"].as_array().expect("a list").iter().map(|next| &next["local"]).collect();
    assert_eq!(
        local,
        ["2026-03-28T02:30:00+01:00", "2026-03-29T03:00:00+02:00", "2026-03-30T02:30:00+02:00"]
    );
    assert_eq!(preview["next"][1]["at"], "2026-03-29T01:00:00Z");
    for (wrong, why) in [
        ("at night", "`at night` has 2 fields; expected minute, hour, day, month and weekday"),
        ("75 * * * *", "minute 75 is out of range: 0 to 59 (in \"75 * * * *\")"),
    ] {
        let wrong = json!({ "cron_expression": wrong });
        let answer =
            platform.post("/api/schedules/preview").key(&platform.own.admin).json(wrong).send().await;
        let refused = answer.expect(422);
        assert_eq!((&refused["field"], &refused["detail"]), (&json!("cron_expression"), &json!(why)));
    }
}

#[tokio::test]
async fn a_decorator_brings_its_schedule_or_a_warning() {
    let platform = Platform::new().await;
    let admin = &platform.own.admin;
    let code = "async def good():  # schedule: 0 9 * * *\n\nasync def bad():  # schedule: 0 25 * * *\n";
    for dry_run in [true, false] {
        let body = json!({ "files": files(&[("flows.py", code)]), "dry_run": dry_run });
        let deployed = platform.post("/api/workspace/deploy").key(admin).json(body).send().await.expect(200);
        assert_eq!((&deployed["workflows"], &deployed["errors"]), (&json!(2), &json!([])));
        let warnings = deployed["warnings"].as_array().expect("a list");
        assert_eq!(
            (warnings.len(), &warnings[0]["path"], &warnings[0]["line"]),
            (1, &json!("flows.py"), &json!(3))
        );
        let message = warnings[0]["message"].as_str().expect("text");
        let why = "`bad` is deployed without its schedule: hour 25 is out of range: 0 to 23";
        assert!(message.starts_with(why), "{message}");
    }
    let list = platform.get("/api/schedules").key(admin).send().await.expect(200);
    let found = &list["schedules"][0];
    assert_eq!((list["schedules"].as_array().map(Vec::len), &found["name"]), (Some(1), &json!("good")));
    assert_eq!((&found["source"], &found["timezone"]), (&json!("decorator"), &json!("UTC")));
    let path = format!("/api/schedules/{}", found["id"].as_str().expect("an id"));
    let refused = platform.call(Method::DELETE, &path).key(admin).send().await.expect(409);
    assert_eq!(refused["code"], "schedule_from_code");
    let report = platform.get("/api/workspace").key(admin).send().await.expect(200);
    assert_eq!(report["report"]["warnings"].as_array().map(Vec::len), Some(1), "kept with the version");
}

#[tokio::test]
async fn a_schedule_keeps_its_workflow_in_the_workspace() {
    let platform = Platform::deployed().await;
    let admin = &platform.own.admin;
    made(&platform, admin, json!({ "name": "Cleaning" })).await;
    let body = json!({ "files": files(&[("other.py", "async def other():\n")]) });
    let refused =
        platform.post("/api/workspace/deploy").key(admin).json(body.clone()).send().await.expect(409);
    assert_eq!(refused["code"], "workflow_in_use");
    assert!(
        refused["detail"].as_str().is_some_and(|detail| detail.contains("nightly (schedule Cleaning)")),
        "{refused}"
    );
    let mut forced = body;
    forced["force"] = true.into();
    platform.post("/api/workspace/deploy").key(admin).json(forced).send().await.expect(200);
    let list = schedules::list(&platform.state.db.org(platform.own.id), None).await.expect("a list");
    assert_eq!(list.len(), 1, "people decide what becomes of it");
}
