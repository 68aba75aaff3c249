//! Workflows over plain HTTP: who reaches them, with what, and what their answers can do.

use crate::common::{Answer, Call, Key, Platform, failure, files, success};
use bifrost_core::*;
use bifrost_store::executions;
use serde_json::{Value, json};

/// An endpoint of the own organization; its path.
async fn endpoint(platform: &Platform, change: Value) -> String {
    let mut body = json!({ "workflow_id": "hello", "slug": "hello", "methods": ["GET", "POST"] });
    body.as_object_mut().expect("an object").extend(change.as_object().expect("an object").clone());
    let made = platform.post("/api/endpoints").key(&platform.own.admin).json(body).send().await.expect(201);
    made["path"].as_str().expect("a path").to_owned()
}

/// Sends a request and ends the run that it makes, so.
async fn answered(platform: &Platform, call: Call<'_>, end: Outcome) -> (Answer, Execution) {
    let (answer, run) = tokio::join!(call.send(), async {
        let run = platform.claim().await;
        platform.finish(&run, end, true).await;
        run.execution
    });
    (answer, run)
}

#[tokio::test]
async fn a_key_runs_it_as_its_holder() {
    let platform = Platform::deployed().await;
    let path = endpoint(&platform, json!({})).await;
    let call = platform.post(format!("{path}?name=Query&count=3&tags=a&tags=b")).key(&platform.own.user);
    let (answer, run) =
        answered(&platform, call.json(json!({ "name": "Ada" })), success(json!({ "ok": true }))).await;
    assert_eq!(answer.headers["x-bifrost-execution"], run.id.to_string().as_str());
    assert_eq!(answer.expect(200), json!({ "ok": true }));
    assert_eq!(run.parameters, json!({ "name": "Ada", "count": "3", "tags": ["a", "b"] }));
    assert_eq!((run.executed_by, run.executed_by_role), (platform.own.user.user, Role::OrgUser));
    // The other header of keys, and a form.
    let call = platform.post(&path).header("x-bifrost-key", &platform.own.user.token);
    let call = call.raw("name=Ada+L&count=1").header("content-type", "application/x-www-form-urlencoded");
    let (answer, run) = answered(&platform, call, success(json!("plain"))).await;
    assert_eq!((answer.text.as_str(), &run.parameters["name"]), ("plain", &json!("Ada L")));
    let (answer, _) = answered(
        &platform,
        platform.get(format!("{path}?name=x")).key(&platform.own.user),
        success(json!(1)),
    )
    .await;
    assert_eq!(answer.expect(200), json!(1));
}

#[tokio::test]
async fn its_runs_are_found_by_their_origin() {
    let platform = Platform::deployed().await;
    let path = endpoint(&platform, json!({ "mode": "async" })).await;
    platform.start(&platform.own.user).await;
    let call = platform.post(format!("{path}?name=x")).key(&platform.own.user);
    let called = call.send().await.expect(202)["execution_id"].clone();
    let list = platform.get("/api/executions?origin=endpoint").key(&platform.own.user);
    let page = list.send().await.expect(200);
    assert_eq!(
        (page["executions"].as_array().map(Vec::len), &page["executions"][0]["execution_id"]),
        (Some(1), &called)
    );
}

#[tokio::test]
async fn who_may_run_a_workflow_learns_where_it_answers() {
    let platform = Platform::deployed().await;
    let path = endpoint(&platform, json!({ "mode": "async" })).await;
    let of = async |key| {
        let workflow = platform.get("/api/workflows/hello").key(key).send().await.expect(200);
        workflow.get("endpoints").cloned()
    };
    let told = json!([{ "path": path, "methods": ["GET", "POST"], "mode": "async", "public": false }]);
    assert_eq!(of(&platform.own.user).await, Some(told));
    assert_eq!(of(&platform.foreign.user).await, None);
    let list = platform.get("/api/workflows").key(&platform.own.user).send().await.expect(200);
    assert!(list["workflows"].as_array().expect("a list").iter().all(|one| one.get("endpoints").is_none()));
}

#[tokio::test]
async fn only_who_may_reaches_it() {
    let platform = Platform::deployed().await;
    let path = endpoint(&platform, json!({ "mode": "async" })).await;
    let nowhere = path.replace("hello", "nowhere");
    let send = async |path: &str, key: Option<&Key>| {
        let call = platform.post(format!("{path}?name=x"));
        let call = if let Some(key) = key { call.key(key) } else { call };
        call.send().await.status.as_u16()
    };
    // Whoever shows no key cannot tell what there is.
    assert_eq!((send(&path, None).await, send(&nowhere, None).await), (401, 401));
    for key in [&platform.foreign.user, &platform.foreign.admin] {
        assert_eq!((send(&path, Some(key)).await, send(&nowhere, Some(key)).await), (404, 404));
        // Under the own organization's id there is no such endpoint either.
        let moved = path.replace(&platform.own.id.to_string(), &platform.foreign.id.to_string());
        assert_eq!(send(&moved, Some(key)).await, 404);
    }
    assert_eq!(
        send(&path, Some(&Key { token: "bfr_unknown".into(), ..platform.own.user.clone() })).await,
        401
    );
    for key in [&platform.own.user, &platform.root] {
        assert_eq!(
            (send(&path, Some(key)).await, send(&nowhere, Some(key)).await),
            (202, 404),
            "the control"
        );
    }
    // What a browser adds by itself opens nothing, whoever it is of.
    let cookie = format!(
        "bifrost_session={}; __Host-bifrost_session={}",
        platform.own.user.token, platform.own.user.token
    );
    let with_cookie = platform
        .post(format!("{path}?name=x"))
        .header("cookie", &cookie)
        .header("sec-fetch-site", "same-origin");
    with_cookie.send().await.expect(401);
    let denied = platform.audited().await;
    let denied: Vec<_> = denied.iter().filter(|entry| entry["action"] == "access.denied").collect();
    assert!(
        denied.len() >= 2
            && denied.iter().all(|entry| entry["actor"]["organization"] == json!(platform.foreign.id))
    );
}

#[tokio::test]
async fn public_is_a_choice_and_runs_as_the_workflow() {
    let platform = Platform::deployed().await;
    let body = json!({ "workflow_id": "hello", "slug": "open", "public": true });
    let refused =
        platform.post("/api/endpoints").key(&platform.own.admin).json(body).send().await.expect(422);
    assert_eq!(refused["field"], "confirm_public");
    let path = endpoint(&platform, json!({ "slug": "open", "public": true, "confirm_public": true })).await;
    // A key changes nothing: neither whose run it is, nor for whom.
    for call in [platform.post(&path), platform.post(&path).key(&platform.foreign.admin)] {
        let (answer, run) =
            answered(&platform, call.json(json!({ "name": "x" })), success(json!("hi"))).await;
        assert_eq!((answer.status.as_u16(), answer.text.as_str()), (200, "hi"));
        assert_eq!((run.organization_id, run.executed_by.0), (platform.own.id, run.workflow_id.0));
        assert_eq!(
            (run.executed_by_role, run.executed_by_email.as_str()),
            (Role::OrgUser, endpoint::IDENTITY)
        );
    }
    let list = platform.get("/api/endpoints").key(&platform.own.admin).send().await.expect(200);
    let id = list["endpoints"][0]["id"].as_str().expect("an id");
    let change = |body| {
        platform.call(http::Method::PATCH, format!("/api/endpoints/{id}")).key(&platform.own.admin).json(body)
    };
    change(json!({ "public": false })).send().await.expect(200);
    platform.post(&path).json(json!({ "name": "x" })).send().await.expect(401);
    change(json!({ "public": true })).send().await.expect(422);
    change(json!({ "public": true, "confirm_public": true, "enabled": false })).send().await.expect(200);
    platform.post(&path).json(json!({ "name": "x" })).send().await.expect(401);
    platform.post(&path).key(&platform.own.user).json(json!({ "name": "x" })).send().await.expect(404);
}

#[tokio::test]
async fn a_page_with_a_script_cannot_act_on_the_platform() {
    let platform = Platform::deployed().await;
    let path = endpoint(&platform, json!({ "public": true, "confirm_public": true })).await;
    let script = "<!doctype html><script>fetch('/api/keys',{method:'POST'})</script>";
    let shaped = |status: u16| {
        json!({ "status_code": status, "body": script, "headers": {
            "Content-Type": "text/html", "Content-Security-Policy": "default-src *", "X-Content-Type-Options": "off",
            "Set-Cookie": "__Host-bifrost_session=stolen", "X-Frame-Options": "ALLOWALL",
            "Access-Control-Allow-Credentials": "true", "Service-Worker-Allowed": "/",
        }})
    };
    for (result, status) in [(json!(script), 200), (shaped(200), 200), (shaped(404), 404), (shaped(500), 500)]
    {
        let call = platform.get(format!("{path}?name=x"));
        let (answer, _) = answered(&platform, call, success(result)).await;
        assert_eq!(
            (answer.status.as_u16(), answer.text.as_str()),
            (status, script),
            "the body is the workflow's"
        );
        let header = |name: &str| {
            let all: Vec<_> =
                answer.headers.get_all(name).iter().map(|v| v.to_str().expect("text")).collect();
            assert!(all.len() < 2, "{name}: {all:?}");
            all.first().copied().unwrap_or_default().to_owned()
        };
        let policy = header("content-security-policy");
        let parts: Vec<_> = policy.split(';').map(str::trim).collect();
        // `sandbox` without `allow-scripts` and `allow-same-origin`.
        assert!(parts.contains(&"sandbox") && parts.contains(&"default-src 'none'"), "{policy}");
        assert!(!policy.contains("script-src") && !policy.contains("allow-"), "{policy}");
        assert_eq!(
            (header("x-content-type-options").as_str(), header("x-frame-options").as_str()),
            ("nosniff", "DENY")
        );
        for absent in ["set-cookie", "access-control-allow-credentials", "service-worker-allowed"] {
            assert!(!answer.headers.contains_key(absent), "{absent}");
        }
        assert!(header("content-type").starts_with("text/html"));
    }
    // Nor can a page of the platform be made to load it as its own script.
    let result =
        json!({ "status_code": 200, "body": "alert(1)", "headers": { "content-type": "text/javascript" } });
    let (answer, _) = answered(&platform, platform.get(format!("{path}?name=x")), success(result)).await;
    assert_eq!(answer.headers["content-type"], "text/plain; charset=utf-8");
}

#[tokio::test]
async fn a_deadline_ends_the_wait_and_not_the_run() {
    let platform = Platform::deployed().await;
    let path = endpoint(&platform, json!({ "deadline_seconds": 1 })).await;
    let call = || {
        platform
            .post(&path)
            .key(&platform.own.user)
            .json(json!({ "name": "x" }))
            .header("idempotency-key", "k")
    };
    let accepted = call().send().await.expect(202);
    let id: ExecutionId = accepted["execution_id"].as_str().expect("an id").parse().expect("a uuid");
    let run = platform.claim().await;
    assert_eq!(run.execution.id, id, "it is still there");
    platform.finish(&run, success(json!("late")), true).await;
    // The same key: the same run, whose end is known by now.
    let again = call().send().await;
    assert_eq!((again.status.as_u16(), again.text.as_str()), (200, "late"));
    assert_eq!(again.headers["x-bifrost-execution"], id.to_string().as_str());
    let other = platform
        .post(&path)
        .key(&platform.own.user)
        .json(json!({ "name": "y" }))
        .header("idempotency-key", "k");
    assert_eq!(other.send().await.expect(409)["code"], "idempotency_mismatch");
    // Another holder's key is another one.
    let call = platform
        .post(&path)
        .key(&platform.own.admin)
        .json(json!({ "name": "x" }))
        .header("idempotency-key", "k");
    let (answer, run) = answered(&platform, call, success(json!(2))).await;
    assert_ne!(run.id, id);
    assert_eq!(answer.expect(200), json!(2));
}

#[tokio::test]
async fn what_goes_wrong_has_a_status() {
    let platform = Platform::deployed().await;
    let path = endpoint(&platform, json!({ "public": true, "confirm_public": true })).await;
    let mut shown = Outcome::ended(Status::Failed, "UserError", "no such customer");
    shown.error_for_user = true;
    let timeout = Outcome::ended(Status::Timeout, "limit_exceeded:wall", "it took too long");
    for (end, status, code, detail) in [
        (failure(), 502, "workflow_failed", "An error occurred during execution"),
        (shown, 400, "user_error", "no such customer"),
        (timeout, 504, "workflow_timeout", "it took too long"),
        (
            success(json!({ "status_code": 99 })),
            502,
            "invalid_answer",
            "`status_code` of the workflow's answer is no number from 200 to 599",
        ),
    ] {
        let (answer, run) = answered(&platform, platform.post(&path).json(json!({ "name": "x" })), end).await;
        assert_eq!(answer.headers["x-bifrost-execution"], run.id.to_string().as_str());
        let problem = answer.expect(status);
        assert_eq!((&problem["code"], &problem["detail"]), (&json!(code), &json!(detail)));
    }
    for (body, kind, status) in [
        ("[1]", "application/json", 422),
        ("{", "application/json", 400),
        ("x", "text/plain", 415),
        ("--x", "multipart/form-data; boundary=x", 415),
        ("{}", "application/json", 422),
        (r#"{"name": "x", "tags": 1}"#, "application/json", 422),
    ] {
        let call = platform.post(&path).raw(body).header("content-type", kind);
        assert_eq!(call.send().await.status.as_u16(), status, "{body}");
    }
    let wrong = platform.call(http::Method::DELETE, &path).send().await;
    assert_eq!((wrong.status.as_u16(), wrong.headers["allow"].to_str().expect("text")), (405, "GET, POST"));
    assert_eq!(platform.call(http::Method::HEAD, &path).send().await.status, 405, "a look starts nothing");
    let large =
        platform.post(&path).raw(vec![b' '; (2 << 20) + 1]).header("content-type", "application/json");
    large.send().await.expect(413);
    assert_eq!(executions::pending_tickets(&platform.state.db).await.expect("tickets").len(), 0);
}

#[tokio::test]
async fn a_rate_is_each_endpoints_own() {
    let platform = Platform::deployed().await;
    let change = |slug: &str| json!({ "slug": slug, "public": true, "confirm_public": true, "mode": "async", "rate_per_minute": 2 });
    let (one, two) = (endpoint(&platform, change("one")).await, endpoint(&platform, change("two")).await);
    let send = async |path: &str| platform.post(format!("{path}?name=x")).send().await;
    assert_eq!((send(&one).await.status.as_u16(), send(&one).await.status.as_u16()), (202, 202));
    let limited = send(&one).await;
    assert!(limited.headers.contains_key("retry-after"));
    limited.expect(429);
    send(&two).await.expect(202);
    // Strangers use up nothing of an endpoint with a key.
    let keyed = endpoint(&platform, json!({ "slug": "keyed", "mode": "async", "rate_per_minute": 1 })).await;
    for _ in 0..5 {
        platform.post(format!("{keyed}?name=x")).send().await.expect(401);
        platform.post(format!("{keyed}?name=x")).key(&platform.foreign.user).send().await.expect(404);
    }
    platform.post(format!("{keyed}?name=x")).key(&platform.own.user).send().await.expect(202);
}

#[tokio::test]
async fn a_decorator_brings_an_endpoint_that_asks_for_a_key() {
    let platform = Platform::new().await;
    let (admin, user) = (&platform.own.admin, &platform.own.user);
    let code = "async def orders(number):  # endpoint: {\"allowed_methods\": [\"GET\"], \"public_endpoint\": true}\n\n\
                async def bad():  # endpoint: {\"execution_mode\": \"later\"}\n";
    let deploy = async |dry_run: bool| {
        let body = json!({ "files": files(&[("flows.py", code)]), "dry_run": dry_run });
        platform.post("/api/workspace/deploy").key(admin).json(body).send().await.expect(200)
    };
    for dry_run in [true, false] {
        let deployed = deploy(dry_run).await;
        let warnings = deployed["warnings"].as_array().expect("a list");
        let messages: Vec<_> = warnings.iter().filter_map(|one| one["message"].as_str()).collect();
        assert_eq!((messages.len(), &warnings[0]["line"], &warnings[1]["line"]), (2, &json!(1), &json!(3)));
        assert!(messages[0].starts_with("`orders` asks for a public endpoint"), "{messages:?}");
        assert!(messages[0].contains("bifrost endpoints publish"), "{messages:?}");
        assert!(messages[1].starts_with("`bad` is deployed without its endpoint"), "{messages:?}");
    }
    let list = platform.get("/api/endpoints").key(admin).send().await.expect(200);
    let [found] = &list["endpoints"].as_array().expect("a list")[..] else { panic!("{list}") };
    assert_eq!(
        (&found["source"], &found["slug"], &found["methods"], &found["public"]),
        (&json!("decorator"), &json!("orders"), &json!(["GET"]), &json!(false))
    );
    let path = found["path"].as_str().expect("a path");
    platform.get(format!("{path}?number=7")).send().await.expect(401);
    let call = platform.get(format!("{path}?number=7")).key(user);
    let (answer, run) = answered(&platform, call, success(json!({ "ok": true }))).await;
    assert_eq!((answer.expect(200), run.parameters), (json!({ "ok": true }), json!({ "number": "7" })));

    let id = found["id"].as_str().expect("an id");
    let change = async |body: Value| {
        let call = platform.call(http::Method::PATCH, format!("/api/endpoints/{id}"));
        call.key(admin).json(body).send().await
    };
    for (body, status) in [
        (json!({ "methods": ["POST"] }), 409),
        (json!({ "mode": "async" }), 409),
        (json!({ "methods": ["GET"], "mode": "sync" }), 200),
        (json!({ "public": true }), 422),
        (json!({ "public": true, "confirm_public": true }), 200),
    ] {
        change(body).await.expect(status);
    }
    let gone = platform.call(http::Method::DELETE, format!("/api/endpoints/{id}")).key(admin).send().await;
    assert_eq!(gone.expect(409)["code"], "endpoint_from_code");
    // What was decided survives the next deploy.
    let other = json!({ "files": files(&[("flows.py", code), ("more.py", "async def more():\n")]) });
    platform.post("/api/workspace/deploy").key(admin).json(other).send().await.expect(200);
    let (answer, run) =
        answered(&platform, platform.get(format!("{path}?number=8")), success(json!("hi"))).await;
    assert_eq!((answer.status.as_u16(), run.executed_by.0), (200, run.workflow_id.0));
}
