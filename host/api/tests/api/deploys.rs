//! Deploying, going back, and trying without deploying.

use crate::common::{Answer, Key, Platform, files};
use bifrost_core::events::ACTIVATED;
use bifrost_store::warm;
use bifrost_store::workers::{self, WorkerRow};
use serde_json::{Value, json};

async fn deploy(platform: &Platform, key: &Key, body: Value) -> Answer {
    platform.post("/api/workspace/deploy").key(key).json(body).send().await
}

#[tokio::test]
async fn versions_go_forward_and_back() {
    let platform = Platform::new().await;
    let admin = &platform.own.admin;
    let empty = platform.get("/api/workspace").key(admin).send().await.expect(200);
    assert_eq!((&empty["version"], &empty["report"]["workflows"]), (&Value::Null, &json!([])));

    let first =
        json!({ "files": files(&[("a.py", "async def one():\nasync def two():\n")]), "message": "first" });
    let done = deploy(&platform, admin, first.clone()).await.expect(200);
    assert_eq!((&done["number"], &done["changed"], &done["workflows"]), (&json!(1), &json!(true), &json!(2)));
    assert_eq!(done["added"], json!(["a.py::one", "a.py::two"]));
    let again = deploy(&platform, admin, first).await.expect(200);
    assert_eq!((&again["number"], &again["changed"]), (&json!(1), &json!(false)));

    let second = files(&[
        ("a.py", "async def one(x):\n"),
        ("b.py", "raise at import"),
        ("c.py", "async def three():\n"),
    ]);
    let dry = deploy(&platform, admin, json!({ "files": second, "dry_run": true })).await.expect(200);
    assert_eq!((&dry["version"], &dry["number"]), (&Value::Null, &Value::Null));
    let done = deploy(&platform, admin, json!({ "files": second })).await.expect(200);
    for answer in [&dry, &done] {
        assert_eq!(answer["added"], json!(["c.py::three"]));
        assert_eq!(answer["updated"], json!(["a.py::one"]));
        assert_eq!(answer["removed"], json!(["a.py::two"]));
        assert_eq!(answer["errors"][0]["path"], "b.py");
    }
    assert_eq!(done["number"], 2);

    let back = platform.post("/api/workspace/versions/1/activate").key(admin).send().await.expect(200);
    assert_eq!((&back["number"], &back["added"]), (&json!(1), &json!(["a.py::two"])));
    let versions = platform.get("/api/workspace/versions").key(admin).send().await.expect(200);
    let active: Vec<_> =
        versions["versions"].as_array().expect("a list").iter().map(|v| &v["is_active"]).collect();
    assert_eq!(active, [&json!(false), &json!(true)]);
    let detail = platform.get("/api/workspace/versions/2").key(admin).send().await.expect(200);
    assert_eq!((&detail["number"], &detail["report"]["errors"][0]["path"]), (&json!(2), &json!("b.py")));
    platform.get("/api/workspace/versions/3").key(admin).send().await.expect(404);
}

#[tokio::test]
async fn versions_are_found_by_the_file_that_they_changed() {
    let platform = Platform::new().await;
    let admin = &platform.own.admin;
    let (one, other) = ("async def one():\n", "async def one(x):\n");
    for (a, b) in [
        (Some(one), None),
        (Some(one), Some("1")),
        (Some(other), Some("1")),
        (Some(other), None),
        (None, Some("2")),
    ] {
        let mut all = vec![("c.py", "async def three():\n")];
        all.extend(a.map(|text| ("a.py", text)));
        all.extend(b.map(|text| ("data/b.txt", text)));
        deploy(&platform, admin, json!({ "files": files(&all) })).await.expect(200);
    }
    for (path, expected) in [
        ("a.py", vec![5, 3, 1]),
        ("data/b.txt", vec![5, 4, 2]),
        ("c.py", vec![1]),
        ("nothing.py", vec![]),
        ("", vec![5, 4, 3, 2, 1]),
    ] {
        let call = platform.get(format!("/api/workspace/versions?path={path}")).key(admin);
        let list = call.send().await.expect(200);
        let numbers: Vec<_> = list["versions"]
            .as_array()
            .expect("a list")
            .iter()
            .filter_map(|one| one["number"].as_i64())
            .collect();
        assert_eq!(numbers, expected, "{path}");
    }
}

#[tokio::test]
async fn a_workspace_in_which_nothing_loads_needs_force() {
    let platform = Platform::new().await;
    let admin = &platform.own.admin;
    let broken = files(&[("a.py", "raise at import"), ("README.md", "text")]);
    let refused = deploy(&platform, admin, json!({ "files": broken })).await.expect(422);
    assert_eq!((&refused["code"], &refused["errors"][0]["path"]), (&json!("nothing_loads"), &json!("a.py")));
    let forced = deploy(&platform, admin, json!({ "files": broken, "force": true })).await.expect(200);
    assert_eq!((&forced["number"], &forced["workflows"]), (&json!(1), &json!(0)));
}

#[tokio::test]
async fn a_version_that_becomes_active_is_announced_and_tells_where_it_is_loaded() {
    let platform = Platform::new().await;
    let (admin, db) = (&platform.own.admin, &platform.state.db);
    let mut announced = platform.state.bus.subscribe(vec![ACTIVATED.into()]).await.expect("subscribed");
    let empty = platform.get("/api/workspace").key(admin).send().await.expect(200);
    assert_eq!(empty["warm"], Value::Null);

    let (first, second) =
        (files(&[("a.py", "async def one():\n")]), files(&[("b.py", "async def two():\n")]));
    deploy(&platform, admin, json!({ "files": first, "dry_run": true })).await.expect(200);
    let mut versions = vec![];
    for files in [&first, &second] {
        versions
            .push(deploy(&platform, admin, json!({ "files": files })).await.expect(200)["version"].clone());
    }
    platform.post("/api/workspace/versions/1/activate").key(admin).send().await.expect(200);
    let root = deploy(&platform, &platform.root, json!({ "files": second })).await.expect(200);
    let own = json!(platform.own.id);
    let expected =
        [(&versions[0], &own), (&versions[1], &own), (&versions[0], &own), (&root["version"], &Value::Null)];
    for (version, organization) in expected {
        let event = announced.recv().await.expect("an event").payload;
        assert_eq!((&event["version_id"], &event["organization_id"]), (version, organization), "{event}");
    }
    assert!(announced.try_recv().is_err(), "a dry run is no activation");

    let time = bifrost_store::now();
    for id in ["one", "two"] {
        let (id, host, version) = (id.to_owned(), "h".to_owned(), "1".to_owned());
        let row =
            WorkerRow { id, host, version, slots: 1, is_draining: false, started_at: time, seen_at: time };
        workers::beat(db, &row).await.expect("beat");
    }
    let active = serde_json::from_value(versions[0].clone()).expect("an id");
    for (id, warmth) in [
        ("one", json!({ "workers": 1, "of": 2, "since_ms": null })),
        ("two", json!({ "workers": 2, "of": 2, "since_ms": 250 })),
    ] {
        warm::report(db, id, active, bifrost_store::now(), 250).await.expect("reported");
        let found = platform.get("/api/workspace").key(admin).send().await.expect(200);
        assert_eq!((&found["warm"], &found["version"]["number"]), (&warmth, &json!(1)));
        let found = platform.get("/api/workspace/versions/1").key(admin).send().await.expect(200);
        assert_eq!((&found["warm"], &found["is_active"]), (&warmth, &json!(true)));
    }
    let found = platform.get("/api/workspace/versions/2").key(admin).send().await.expect(200);
    assert_eq!(found["warm"], json!({ "workers": 0, "of": 2, "since_ms": null }));
}

#[tokio::test]
async fn files_can_be_read_back() {
    let platform = Platform::new().await;
    let admin = &platform.own.admin;
    let body = json!({ "files": files(&[("lib/a.py", "async def one():\n"), ("notes.txt", "hi")]) });
    deploy(&platform, admin, body).await.expect(200);
    let list = platform.get("/api/workspace/files").key(admin).send().await.expect(200);
    assert_eq!(
        list["files"],
        json!([
            { "path": "lib/a.py", "size": 17, "is_shared": false },
            { "path": "notes.txt", "size": 2, "is_shared": false },
        ])
    );
    let file = platform.get("/api/workspace/files/notes.txt").key(admin).send().await.expect(200);
    assert_eq!(file, json!({ "path": "notes.txt", "size": 2, "content": "aGk=" }));
    platform.get("/api/workspace/files/lib/b.py").key(admin).send().await.expect(404);
}

#[tokio::test]
async fn the_contents_of_small_files_come_with_the_list() {
    let platform = Platform::new().await;
    let admin = &platform.own.admin;
    let body = json!({ "files": files(&[("large.txt", "a larger one"), ("small.txt", "hi")]) });
    deploy(&platform, admin, body).await.expect(200);
    let list = platform.get("/api/workspace/files?content_up_to=2").key(admin).send().await.expect(200);
    assert_eq!(
        list["files"],
        json!([
            { "path": "large.txt", "size": 12, "is_shared": false },
            { "path": "small.txt", "size": 2, "is_shared": false, "content": "aGk=" },
        ])
    );
}

#[tokio::test]
async fn edits_are_deployed_over_the_version_that_they_were_made_from() {
    let platform = Platform::new().await;
    let admin = &platform.own.admin;
    let edits = files(&[("a.py", "async def one():\n"), ("b.py", "async def two():\n")]);
    let unnamed = deploy(&platform, admin, json!({ "edits": edits })).await.expect(422);
    assert_eq!(unnamed["field"], "against");
    let both = json!({ "files": edits, "edits": edits, "against": 0 });
    for body in [both, json!({})] {
        let refused = deploy(&platform, admin, body).await.expect(422);
        assert_eq!(refused["field"], "files");
    }
    let first = deploy(&platform, admin, json!({ "edits": edits, "against": 0 })).await.expect(200);
    assert_eq!((&first["number"], &first["workflows"]), (&json!(1), &json!(2)));

    let mut edits = files(&[("c.py", "async def three():\n")]);
    edits["a.py"] = Value::Null;
    for (body, status) in [
        (json!({ "edits": edits, "against": 0 }), 409),
        (json!({ "edits": edits, "against": 2 }), 409),
        (json!({ "files": edits, "against": 1 }), 422),
        (json!({ "edits": edits, "against": 1, "dry_run": true }), 200),
        (json!({ "edits": edits, "against": 1 }), 200),
        (json!({ "edits": edits, "against": 1 }), 409),
    ] {
        let answer = deploy(&platform, admin, body).await.expect(status);
        match status {
            409 => assert_eq!(answer["code"], "active_changed"),
            200 => assert_eq!(
                (&answer["added"], &answer["removed"]),
                (&json!(["c.py::three"]), &json!(["a.py::one"]))
            ),
            _ => {}
        }
    }
    let list = platform.get("/api/workspace/files").key(admin).send().await.expect(200);
    let paths: Vec<_> = list["files"].as_array().expect("a list").iter().map(|f| &f["path"]).collect();
    assert_eq!(paths, [&json!("b.py"), &json!("c.py")]);
}

#[tokio::test]
async fn a_check_finds_what_a_deploy_would_and_changes_nothing() {
    let platform = Platform::new().await;
    let admin = &platform.own.admin;
    let check = |files: Value| {
        platform.post("/api/workspace/check").key(admin).json(json!({ "files": files })).send()
    };
    let empty = check(json!({})).await.expect(200);
    assert_eq!((&empty["errors"], &empty["workflows"]), (&json!([]), &json!([])));
    let body = json!({ "files": files(&[("a.py", "async def one(x: int):\n")]) });
    deploy(&platform, admin, body).await.expect(200);
    let known = check(json!({})).await.expect(200);
    assert_eq!((&known["added"], &known["workflows"][0]["id"]), (&json!([]), &json!("a.py::one")));

    let mut edits = files(&[("b.py", "raise at import"), ("c.py", "async def three(n: int?):\n")]);
    edits["a.py"] = Value::Null;
    let found = check(edits).await.expect(200);
    assert_eq!((&found["added"], &found["removed"]), (&json!(["c.py::three"]), &json!(["a.py::one"])));
    assert_eq!((&found["errors"][0]["path"], &found["errors"][0]["line"]), (&json!("b.py"), &json!(1)));
    assert_eq!(found["workflows"][0]["parameters"][0]["type"], "int");
    let refused = check(files(&[("requirements.txt", "fine\nrefused")])).await.expect(422);
    assert_eq!(
        (&refused["code"], &refused["errors"][0]["line"]),
        (&json!("requirements_refused"), &json!(2))
    );
    let bad = check(json!({ "../a.py": "" })).await.expect(422);
    assert_eq!(bad["field"], "files");

    let list = platform.get("/api/workspace/versions").key(admin).send().await.expect(200);
    assert_eq!(list["versions"].as_array().map(Vec::len), Some(1));
}

#[tokio::test]
async fn own_workflows_come_before_global_ones() {
    let platform = Platform::deployed().await;
    let user = &platform.own.user;
    let list = platform.get("/api/workflows?search=HELLO").key(user).send().await.expect(200);
    let owners: Vec<_> =
        list["workflows"].as_array().expect("a list").iter().map(|w| &w["organization_id"]).collect();
    assert_eq!(owners, [&json!(platform.own.id), &Value::Null]);
    let providers = platform.get("/api/workflows?kind=data_provider").key(user).send().await.expect(200);
    assert_eq!(providers["workflows"].as_array().map(Vec::len), Some(2));
    let none = platform.get("/api/workflows?category=Other").key(user).send().await.expect(200);
    assert_eq!(none["workflows"], json!([]));
    for reference in ["hello", "flows.py%3A%3Ahello"] {
        let found = platform.get(format!("/api/workflows/{reference}")).key(user).send().await.expect(200);
        assert_eq!(found["organization_id"], json!(platform.own.id));
    }
}

#[tokio::test]
async fn a_draft_streams_its_log_and_its_end() {
    let platform = Platform::deployed().await;
    let admin = &platform.own.admin;
    let edited = files(&[("new.py", "async def fresh(a):\n")]);
    let body = json!({ "files": edited, "workflow": "new.py::fresh", "input_data": { "a": 1 } });
    let answer =
        platform.post("/api/drafts").key(admin).header("accept-encoding", "gzip").json(body).send().await;
    assert_eq!(
        (answer.status.as_u16(), &answer.headers["content-type"]),
        (200, &"application/x-ndjson".parse().expect("a value"))
    );
    let lines: Vec<Value> =
        answer.text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let kinds: Vec<_> = lines.iter().map(|line| line["type"].as_str().expect("a type")).collect();
    assert_eq!(kinds, ["log", "log", "outcome"]);
    assert_eq!(
        (&lines[0]["message"], &lines[2]["status"], &lines[2]["result"]),
        (&json!("line 1"), &json!("Success"), &json!({ "a": 1 }))
    );

    let removed = json!({ "files": { "flows.py": null }, "workflow": "flows.py::hello" });
    platform.post("/api/drafts").key(admin).json(removed).send().await.expect(404);
    let list = platform.get("/api/workspace/versions").key(admin).send().await.expect(200);
    assert_eq!(list["versions"].as_array().map(Vec::len), Some(1), "a draft leaves nothing behind");
}
