//! Forms over HTTP: who may use them, what is refused, and what the run gets.

use crate::common::{Answer, Key, Platform, failure, success};
use bifrost_core::ExecutionId;
use bifrost_store::executions;
use http::Method;
use serde_json::{Value, json};

async fn send(platform: &Platform, key: &Key, method: Method, path: String, body: Value) -> Answer {
    platform.call(method, path).key(key).json(body).send().await
}

async fn post(platform: &Platform, key: &Key, path: impl Into<String>, body: Value) -> Answer {
    send(platform, key, Method::POST, path.into(), body).await
}

fn order() -> Value {
    json!({
        "name": "Order", "workflow": "flows.py::hello", "query_parameters": ["ref"], "fields": [
            { "name": "name", "label": "Name", "type": "text", "required": true, "validation": { "pattern": "^[A-Z]" } },
            { "name": "count", "label": "Count", "type": "number", "validation": { "min": 1, "max": 10 },
                "visibility_expression": "fields.name != 'Nobody'", "allow_as_query_param": true },
        ],
    })
}

/// Makes a form as the own administrator; answers its path.
async fn made(platform: &Platform, definition: Value) -> String {
    let form = post(platform, &platform.own.admin, "/api/forms", definition).await.expect(201);
    format!("/api/forms/{}", form["id"].as_str().expect("an id"))
}

async fn opened(platform: &Platform, key: &Key, form: &str) -> Value {
    post(platform, key, format!("{form}/open"), json!({})).await.expect(200)
}

async fn submit(platform: &Platform, key: &Key, form: &str, session: &Value, values: Value) -> Answer {
    let body = json!({ "session_id": session["session_id"], "values": values });
    post(platform, key, format!("{form}/execute"), body).await
}

/// Who is at fault in a refused submission, and why.
fn faults(answer: Answer) -> Vec<(String, String)> {
    let problem = answer.expect(422);
    assert_eq!(problem["code"], "invalid_form", "{problem}");
    let text = |error: &Value, key: &str| error[key].as_str().expect("a text").to_owned();
    let errors = problem["errors"].as_array().expect("a list");
    errors.iter().map(|error| (text(error, "field"), text(error, "message"))).collect()
}

/// Ends the oldest run, so that the next one that is claimed is another.
async fn end_one(platform: &Platform) {
    let run = platform.claim().await;
    platform.finish(&run, success(json!(null)), true).await;
}

async fn run_of(platform: &Platform, answer: &Value) -> bifrost_core::Execution {
    let id: ExecutionId = answer["execution_id"].as_str().expect("an id").parse().expect("an id");
    executions::get(&platform.state.db.org(platform.own.id), id).await.expect("a run")
}

#[tokio::test]
async fn what_is_filled_in_is_checked_and_run() {
    let platform = Platform::deployed().await;
    let user = &platform.own.user;
    let form = made(&platform, order()).await;
    let view = platform.get(&form).key(user).send().await.expect(200);
    assert_eq!(
        (&view["workflow_name"], &view["source"], &view["revision"]),
        (&json!("hello"), &json!("api"), &json!(1))
    );
    assert_eq!((&view["may_edit"], &view["fields"][0]["type"]), (&json!(false), &json!("text")));
    let all = platform.get("/api/forms").key(user).send().await.expect(200);
    assert_eq!((&all["forms"][0]["name"], &all["forms"][0]["fields"]), (&json!("Order"), &json!(2)));

    let query = json!({ "query": { "count": "4", "ref": "x", "secret": "y" } });
    let session = post(&platform, user, format!("{form}/open"), query).await.expect(200);
    assert_eq!(session["context"]["query"], json!({ "count": "4", "ref": "x" }));
    assert_eq!(session["context"]["user"]["email"], "user@own.example");
    assert_eq!(session["context"]["organization"]["name"], "own");
    for (values, field, part) in [
        (json!({}), "name", "Fill this in"),
        (json!({ "name": "ada" }), "name", "form"),
        (json!({ "name": "Ada", "count": 11 }), "count", "between 1 and 10"),
        (json!({ "name": "Ada", "count": "1" }), "count", "number"),
        (json!({ "name": "Ada", "tags": [] }), "tags", "no such field"),
    ] {
        let faults = faults(submit(&platform, user, &form, &session, values.clone()).await);
        assert!(
            faults.iter().any(|(at, message)| at == field && message.contains(part)),
            "{values}: {faults:?}"
        );
    }
    let done = submit(&platform, user, &form, &session, json!({ "name": "Ada" })).await.expect(202);
    let run = run_of(&platform, &done).await;
    // What was not touched has its default, from the address.
    assert_eq!(run.parameters, json!({ "name": "Ada", "count": 4 }));
    assert_eq!(run.form_id.map(|id| format!("/api/forms/{id}")), Some(form.clone()));
    let seen = platform.get(format!("/api/executions/{}", run.id)).key(user).send().await.expect(200);
    assert_eq!(format!("/api/forms/{}", seen["form_id"].as_str().expect("an id")), form);
    let done =
        submit(&platform, user, &form, &session, json!({ "name": "Nobody", "count": 99 })).await.expect(202);
    assert_eq!(
        run_of(&platform, &done).await.parameters,
        json!({ "name": "Nobody" }),
        "what is hidden is not there"
    );

    let body = json!({ "session_id": session["session_id"], "values": { "name": "Ada" }, "delay_seconds": 60, "idempotency_key": "k" });
    let later = post(&platform, user, format!("{form}/execute"), body.clone()).await.expect(202);
    assert_eq!(later["status"], "Scheduled");
    assert_eq!(
        post(&platform, user, format!("{form}/execute"), body).await.expect(202)["execution_id"],
        later["execution_id"]
    );
    // A session is its own user's, and of one form.
    submit(&platform, &platform.own.admin, &form, &session, json!({ "name": "Ada" })).await.expect(404);
    let other = made(&platform, json!({ "name": "Other", "workflow": "nightly" })).await;
    submit(&platform, user, &other, &session, json!({})).await.expect(404);
}

#[tokio::test]
async fn what_the_launch_workflow_returns_stays_on_the_server() {
    let platform = Platform::deployed().await;
    let user = &platform.own.user;
    let mut definition = order();
    definition["launch_workflow"] = json!("nightly");
    definition["launch_parameters"] = json!({ "ref": "none", "more": 1 });
    definition["fields"][1]["visibility_expression"] = json!("context.workflow.vip");
    let form = made(&platform, definition).await;
    let open = async |outcome| {
        let query = json!({ "query": { "ref": "mail" } });
        let request = post(&platform, user, format!("{form}/open"), query);
        let launch = async {
            let run = platform.claim().await;
            let parameters = run.execution.parameters.clone();
            platform.finish(&run, outcome, true).await;
            parameters
        };
        tokio::join!(request, launch)
    };
    let (answer, parameters) = open(success(json!({ "vip": true, "seats": 3 }))).await;
    assert_eq!(parameters, json!({ "ref": "mail", "more": 1 }));
    let session = answer.expect(200);
    assert_eq!(session["context"]["workflow"], json!({ "vip": true, "seats": 3 }));
    let body = json!({ "session_id": session["session_id"], "values": { "name": "Ada", "count": 2 }, "startup": { "vip": false } });
    post(&platform, user, format!("{form}/execute"), body).await.expect(422);
    let done =
        submit(&platform, user, &form, &session, json!({ "name": "Ada", "count": 2 })).await.expect(202);
    let run = run_of(&platform, &done).await;
    end_one(&platform).await;
    assert_eq!(
        (run.startup, run.parameters),
        (Some(json!({ "vip": true, "seats": 3 })), json!({ "name": "Ada", "count": 2 }))
    );

    let (answer, _) = open(success(json!(null))).await;
    let session = answer.expect(200);
    let done =
        submit(&platform, user, &form, &session, json!({ "name": "Ada", "count": 2 })).await.expect(202);
    assert_eq!(run_of(&platform, &done).await.parameters, json!({ "name": "Ada" }));
    end_one(&platform).await;
    for (outcome, part) in [
        (failure(), "An error occurred"),
        (success(json!([1])), "no object"),
        (success(json!({ "x": "x".repeat(70_000) })), "more than"),
    ] {
        let problem = open(outcome).await.0.expect(502);
        assert_eq!(problem["code"], "launch_workflow_failed");
        assert!(problem["detail"].as_str().expect("text").contains(part), "{problem}");
    }
}

#[tokio::test]
async fn options_are_those_that_the_data_provider_offers() {
    let platform = Platform::deployed().await;
    let user = &platform.own.user;
    let definition = json!({ "name": "Sites", "workflow": "hello", "fields": [
        { "name": "site", "label": "Site", "type": "select", "data_provider": "choices_of_site", "auto_fill": { "name": "town" } },
        { "name": "name", "label": "Name", "type": "text", "enabled_expression": "empty(fields.site)" },
    ] });
    let form = made(&platform, definition).await;
    let session = opened(&platform, user, &form).await;
    let offered = json!([{ "label": "One", "value": "s1", "metadata": { "town": "Ulm" } }, { "label": "Two", "value": "s2" }]);
    let ask = json!({ "session_id": session["session_id"], "field": "site" });
    let answer = async {
        let run = platform.claim().await;
        platform.finish(&run, success(offered.clone()), true).await;
    };
    let (options, ()) = tokio::join!(post(&platform, user, format!("{form}/options"), ask.clone()), answer);
    assert_eq!(options.expect(200), json!({ "options": offered, "missing": [] }));
    // The cache answers from now on.
    let faults = faults(submit(&platform, user, &form, &session, json!({ "site": "s3" })).await);
    assert_eq!(faults, [("site".into(), "This is none of the options; choose again".into())]);
    let done =
        submit(&platform, user, &form, &session, json!({ "site": "s1", "name": "Rome" })).await.expect(202);
    assert_eq!(run_of(&platform, &done).await.parameters, json!({ "site": "s1", "name": "Ulm" }));
    let wrong = json!({ "session_id": session["session_id"], "field": "name" });
    assert_eq!(post(&platform, user, format!("{form}/options"), wrong).await.expect(422)["field"], "field");
}

#[tokio::test]
async fn files_are_what_the_form_asks_for_by_their_content() {
    let platform = Platform::deployed().await;
    let user = &platform.own.user;
    let definition = json!({ "name": "Papers", "workflow": "hello", "fields": [
        { "name": "name", "label": "Name", "type": "file", "required": true, "allowed_types": ["image/*", "text/csv"], "max_size_mb": 0.001 },
        { "name": "tags", "label": "Tags", "type": "file", "multiple": true },
    ] });
    let form = made(&platform, definition).await;
    let session = opened(&platform, user, &form).await;
    let begin = async |field: &str, kind: &str, size: u64| {
        let body = json!({ "session_id": session["session_id"], "field": field, "name": "../a b.dat", "content_type": kind, "size": size });
        post(&platform, user, format!("{form}/uploads"), body).await
    };
    let put = async |upload: &Value, content: &[u8]| {
        let url = upload["url"].as_str().expect("an address").to_owned();
        platform
            .call(Method::PUT, url)
            .header("content-type", upload["content_type"].as_str().expect("text"))
            .raw(content)
            .send()
            .await
    };
    assert_eq!(begin("name", "application/pdf", 1).await.expect(422)["field"], "content_type");
    assert_eq!(begin("name", "image/png", 5_000).await.expect(422)["field"], "size");
    assert_eq!(begin("none", "image/png", 1).await.expect(422)["field"], "field");

    let image = begin("name", "image/png", 20).await.expect(201);
    assert_eq!((&image["method"], &image["max_bytes"]), (&json!("PUT"), &json!(1_048)));
    let values = json!({ "name": [image["upload_id"]] });
    let not_there = faults(submit(&platform, user, &form, &session, values.clone()).await);
    assert!(not_there[0].1.contains("not there"), "{not_there:?}");
    put(&image, b"<script>alert(1)</script>".as_slice()).await.expect(422);
    put(&image, [b'x'; 2_000].as_slice()).await.expect(413);
    put(&image, b"\x89PNG\r\n\x1a\nrest".as_slice()).await.expect(200);
    let more = begin("tags", "application/octet-stream", 1).await.expect(201);
    put(&more, b"hello".as_slice()).await.expect(200);
    // A file of one field is none of another.
    let swapped =
        faults(submit(&platform, user, &form, &session, json!({ "name": [more["upload_id"]] })).await);
    assert!(swapped[0].1.contains("not there"), "{swapped:?}");
    let values = json!({ "name": [image["upload_id"]], "tags": [more["upload_id"]] });
    let done = submit(&platform, user, &form, &session, values).await.expect(202);
    let parameters = run_of(&platform, &done).await.parameters;
    let id = form.rsplit('/').next().expect("an id");
    let path = |upload: &Value| format!("{id}/{}/a b.dat", upload["upload_id"].as_str().expect("an id"));
    assert_eq!(parameters, json!({ "name": path(&image), "tags": [path(&more)] }));

    // A text has to be one, and what nobody declared is what its content says.
    for (kind, content, part) in [
        ("text/csv", b"\xff\xfe\x00".as_slice(), "no text"),
        ("application/octet-stream", b"%PDF-1".as_slice(), "is application/pdf"),
    ] {
        let upload = begin("name", kind, 3).await.expect(201);
        put(&upload, content).await.expect(200);
        let refused =
            faults(submit(&platform, user, &form, &session, json!({ "name": [upload["upload_id"]] })).await);
        assert!(refused[0].1.contains(part), "{refused:?}");
    }
    // Another session has its own files.
    let other = opened(&platform, user, &form).await;
    let foreign =
        faults(submit(&platform, user, &form, &other, json!({ "name": [image["upload_id"]] })).await);
    assert!(foreign[0].1.contains("not there"), "{foreign:?}");
}

#[tokio::test]
async fn a_form_is_tried_before_it_is_saved_with_all_its_checks() {
    let platform = Platform::deployed().await;
    let admin = &platform.own.admin;
    let mut definition = order();
    definition["launch_workflow"] = json!("nightly");
    definition["fields"][1] = json!({ "name": "tags", "label": "Tags", "type": "file", "multiple": true });
    let body = json!({ "definition": definition, "query": { "ref": "x", "secret": "y" } });
    let launch = async {
        let run = platform.claim().await;
        platform.finish(&run, success(json!({ "vip": true })), true).await;
    };
    let (opened, ()) = tokio::join!(post(&platform, admin, "/api/forms/preview/open", body), launch);
    let opened = opened.expect(200);
    assert_eq!(opened["context"]["query"], json!({ "ref": "x" }));
    assert_eq!(opened["context"]["workflow"], json!({ "vip": true }));
    let (form, session) = (opened["form_id"].as_str().expect("an id"), &opened["session_id"]);
    let preview = format!("/api/forms/preview/{form}");
    let submit = async |key: &Key, definition: &Value, values: Value| {
        let body = json!({ "session_id": session, "definition": definition, "values": values });
        post(&platform, key, format!("{preview}/execute"), body).await
    };
    let errors = faults(submit(admin, &definition, json!({ "name": "ada" })).await);
    assert_eq!(errors[0].0, "name");

    let upload = json!({ "session_id": session, "field": "tags", "name": "a.txt", "content_type": "text/plain", "size": 1 });
    let body = json!({ "definition": definition, "upload": upload });
    let slot = post(&platform, admin, format!("{preview}/uploads"), body).await.expect(201);
    let url = slot["url"].as_str().expect("an address").to_owned();
    platform.call(Method::PUT, url).header("content-type", "text/plain").raw("x").send().await.expect(200);
    let values = json!({ "name": "Ada", "tags": [slot["upload_id"]] });
    let run = run_of(&platform, &submit(admin, &definition, values.clone()).await.expect(202)).await;
    assert_eq!(run.form_id.map(|id| id.to_string()).as_deref(), Some(form));
    assert_eq!(run.startup, Some(json!({ "vip": true })));
    let path = run.parameters["tags"][0].as_str().expect("a path");
    assert!(path.starts_with(form) && path.ends_with("/a.txt"), "{path}");

    // What it is comes with each request; it may have changed.
    let mut changed = definition.clone();
    changed["fields"][0]["validation"] = json!({ "pattern": "^[a-z]" });
    submit(admin, &changed, json!({ "name": "ada" })).await.expect(202);
    changed["workflow"] = json!("nowhere");
    assert_eq!(submit(admin, &changed, json!({})).await.expect(422)["field"], "workflow");
    // Nobody else has it, and it is no form.
    submit(&platform.own.user, &definition, values.clone()).await.expect(403);
    submit(&platform.foreign.admin, &definition, values).await.expect(404);
    platform.get(format!("/api/forms/{form}")).key(admin).send().await.expect(404);
    assert_eq!(platform.get("/api/forms").key(admin).send().await.expect(200)["forms"], json!([]));
    // A saved form is not submitted as something else.
    let saved = made(&platform, order()).await;
    let other = self::opened(&platform, admin, &saved).await;
    let id = saved.rsplit('/').next().expect("an id");
    let body =
        json!({ "session_id": other["session_id"], "definition": definition, "values": { "name": "Ada" } });
    post(&platform, admin, format!("/api/forms/preview/{id}/execute"), body).await.expect(404);
}

#[tokio::test]
async fn a_form_for_some_is_hidden_from_others() {
    let platform = Platform::deployed().await;
    let (user, admin) = (&platform.own.user, &platform.own.admin);
    let mut definition = order();
    definition["access"] = json!("role_based");
    let form = made(&platform, definition).await;
    assert_eq!(platform.get(&form).key(admin).send().await.expect(200)["access"], "granted");
    platform.get(&form).key(user).send().await.expect(404);
    post(&platform, user, format!("{form}/open"), json!({})).await.expect(404);
    assert_eq!(platform.get("/api/forms").key(user).send().await.expect(200)["forms"], json!([]));
    let id = form.rsplit('/').next().expect("an id").to_owned();
    let role = post(&platform, admin, "/api/roles", json!({ "name": "Sales" })).await.expect(201);
    let change = json!({ "roles": [role["id"]] });
    send(&platform, admin, Method::PATCH, format!("/api/users/{}", user.user), change).await.expect(200);
    let grant = json!({ "role_id": role["id"], "form_id": id });
    let given = post(&platform, admin, "/api/grants", grant).await.expect(201);
    assert_eq!((&given["kind"], &given["target_id"]), (&json!("form"), &json!(id)));
    let session = opened(&platform, user, &form).await;
    submit(&platform, user, &form, &session, json!({ "name": "Ada" })).await.expect(202);
    let grant = format!("/api/grants/{}", given["id"].as_str().expect("an id"));
    send(&platform, admin, Method::DELETE, grant, Value::Null).await.expect(204);
    submit(&platform, user, &form, &session, json!({ "name": "Ada" })).await.expect(404);
    for body in [
        json!({ "user_id": user.user }),
        json!({ "user_id": user.user, "form_id": id, "workflow_id": "hello" }),
    ] {
        assert_eq!(post(&platform, admin, "/api/grants", body).await.expect(422)["field"], "workflow_id");
    }
    // Who may not run workflows at all still may what was granted; a key that forbids it may not.
    let guest = crate::common::key(
        &platform.state.db,
        platform.own.id,
        "guest@own.example",
        bifrost_core::Role::OrgGuest,
    )
    .await;
    let open = made(&platform, json!({ "name": "Open", "workflow": "nightly" })).await;
    let session = opened(&platform, &guest, &open).await;
    submit(&platform, &guest, &open, &session, json!({})).await.expect(202);
    post(&platform, &guest, "/api/workflows/execute", json!({ "workflow_id": "nightly" })).await.expect(404);
    let new = bifrost_store::identity::NewKey {
        user: guest.user,
        name: "narrow".into(),
        role: bifrost_core::Role::OrgGuest,
        permissions: Some([bifrost_core::Permission::ReadConfig].into_iter().collect()),
        expires_at: None,
    };
    let (_, token) =
        bifrost_store::identity::create_key(&platform.state.db.org(platform.own.id), new).await.expect("key");
    platform.get(&open).key(&Key { token, user: guest.user }).send().await.expect(404);
}

#[tokio::test]
async fn changes_meet_and_problems_have_their_place() {
    let platform = Platform::deployed().await;
    let admin = &platform.own.admin;
    let form = made(&platform, order()).await;
    let mut changed = order();
    changed["description"] = json!("Everything");
    changed["revision"] = json!(1);
    let view = send(&platform, admin, Method::PUT, form.clone(), changed.clone()).await.expect(200);
    assert_eq!((&view["revision"], &view["description"]), (&json!(2), &json!("Everything")));
    let stale = send(&platform, admin, Method::PUT, form.clone(), changed).await.expect(409);
    assert_eq!(stale["code"], "changed_meanwhile");
    assert_eq!(post(&platform, admin, "/api/forms", order()).await.expect(409)["code"], "already_exists");

    let wrong = json!({ "name": "W", "workflow": "nowhere", "launch_workflow": "choices_of_site", "fields": [
        { "name": "a", "label": "A", "type": "select", "data_provider": "hello" },
        { "name": "b", "label": "B", "type": "select", "data_provider": "choices_of_site", "data_provider_inputs": { "x": { "mode": "static", "value": 1 } } },
    ] });
    let checked = post(&platform, admin, "/api/forms/check", wrong.clone()).await.expect(200);
    let paths: Vec<_> = checked["problems"]
        .as_array()
        .expect("a list")
        .iter()
        .filter_map(|one| one["path"].as_str())
        .collect();
    assert_eq!(
        paths,
        ["workflow", "launch_workflow", "fields[0].data_provider", "fields[1].data_provider_inputs.x"]
    );
    assert_eq!(post(&platform, admin, "/api/forms", wrong).await.expect(422)["field"], "workflow");
    let missing = json!({ "name": "W", "workflow": "hello" });
    let checked = post(&platform, admin, "/api/forms/check", missing).await.expect(200);
    assert!(
        checked["problems"][0]["message"].as_str().expect("text").contains("parameter `name`"),
        "{checked}"
    );
    assert_eq!(
        post(&platform, admin, "/api/forms/check", order()).await.expect(200),
        json!({ "problems": [] })
    );
    let schema = platform.get("/api/forms/schema.json").send().await.expect(200);
    assert!(schema["$defs"]["FormDefinition"]["properties"]["fields"].is_object(), "{schema}");
    assert!(!schema.to_string().contains("#/components"), "{schema}");
    for reference in ["FormField", "FormValidation", "FormOption", "FormProviderInput"] {
        assert!(schema["$defs"][reference].is_object(), "{reference}");
    }

    send(&platform, admin, Method::DELETE, form.clone(), Value::Null).await.expect(204);
    platform.get(&form).key(admin).send().await.expect(404);
    // Its name is free again.
    made(&platform, order()).await;
}
