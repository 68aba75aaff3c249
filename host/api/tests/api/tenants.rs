//! Review before a version goes live, folders that the provider shares, and the way out.

use crate::common::{Answer, Key, Platform, files, key};
use bifrost_core::{Permission, Permissions, Role, Scope};
use bifrost_store::identity::{self, NewKey};
use bifrost_store::offboarding;
use serde_json::{Value, json};

async fn deploy(platform: &Platform, key: &Key, all: &[(&str, &str)], more: Value) -> Answer {
    let mut body = json!({ "files": files(all) });
    for (name, value) in more.as_object().into_iter().flatten() {
        body[name] = value.clone();
    }
    platform.post("/api/workspace/deploy").key(key).json(body).send().await
}

async fn require_review(platform: &Platform) {
    let path = format!("/api/organizations/{}", platform.own.id);
    let body = json!({ "requires_review": true });
    let call = platform.call(http::Method::PATCH, path).key(&platform.root).json(body);
    assert_eq!(call.send().await.expect(200)["requires_review"], true);
}

#[tokio::test]
async fn a_version_goes_live_when_somebody_else_approves_it() {
    let platform = Platform::deployed().await;
    require_review(&platform).await;
    let (author, id) = (&platform.own.admin, platform.own.id);
    let reviewer = key(&platform.state.db, id, "reviewer@own.example", Role::OrgAdmin).await;
    let changed =
        [("flows.py", "async def hello(name):\nasync def nightly():\n"), ("new.py", "async def fresh():\n")];
    let proposed = deploy(&platform, author, &changed, json!({ "message": "mine" })).await.expect(200);
    assert_eq!((&proposed["number"], &proposed["state"]), (&json!(2), &json!("proposed")));
    let path = |rest: &str| format!("/api/workspace/versions/2{rest}");
    let version = platform.get(path("")).key(author).send().await.expect(200);
    assert_eq!((&version["state"], &version["is_active"]), (&json!("proposed"), &json!(false)));
    let run = json!({ "workflow_id": "fresh" });
    platform.post("/api/workflows/execute").key(author).json(run.clone()).send().await.expect(404);

    let diff = platform.get(path("/diff")).key(&reviewer).send().await.expect(200);
    assert_eq!((&diff["against"], diff["files"].as_array().map(Vec::len)), (&json!(1), Some(2)));
    assert_eq!(diff["files"][1]["diff"], "--- /dev/null\n+++ b/new.py\n@@ -0,0 +1 @@\n+async def fresh():\n");
    platform.get(path("/diff?against=9")).key(&reviewer).send().await.expect(404);
    platform.get(path("/diff")).key(&platform.foreign.admin).send().await.expect(404);

    let own = platform.post(path("/approve")).key(author).send().await.expect(403);
    assert!(own["detail"].as_str().is_some_and(|text| text.contains("author")), "{own}");
    let user = platform.post(path("/approve")).key(&platform.own.user).send().await;
    user.expect(403);
    let around = platform.post(path("/activate")).key(author).json(json!({ "force": true })).send().await;
    assert_eq!(around.expect(409)["code"], "not_approved");
    let late = json!({ "against": 7 });
    let late = platform.post(path("/approve")).key(&reviewer).json(late).send().await.expect(409);
    assert_eq!(late["code"], "active_changed");
    let body = json!({ "comment": "good", "against": 1, "force": true });
    let done = platform.post(path("/approve")).key(&reviewer).json(body).send().await.expect(200);
    assert_eq!((&done["number"], &done["added"]), (&json!(2), &json!(["new.py::fresh"])));
    let version = platform.get(path("")).key(author).send().await.expect(200);
    assert_eq!((&version["state"], &version["review_comment"]), (&json!("active"), &json!("good")));
    platform.post("/api/workflows/execute").key(author).json(run).send().await.expect(202);

    deploy(&platform, author, &[("flows.py", "async def other():\n")], json!({})).await.expect(200);
    let reject = platform.post("/api/workspace/versions/3/reject").key(&reviewer);
    let rejected = reject.json(json!({ "comment": "why?" })).send().await.expect(200);
    assert_eq!((&rejected["state"], &rejected["review_comment"]), (&json!("rejected"), &json!("why?")));
    // A draft is no way around it: with the permission to deploy alone nobody tries code.
    let draft = json!({ "workflow": "x.py::f", "files": {} });
    platform.post("/api/drafts").key(&platform.own.user).json(draft).send().await.expect(403);
}

#[tokio::test]
async fn what_waits_for_a_review_is_listed_as_far_as_one_may_enter() {
    let platform = Platform::deployed().await;
    require_review(&platform).await;
    let (author, own) = (&platform.own.admin, platform.own.id);
    let reviewer = key(&platform.state.db, own, "reviewer@own.example", Role::OrgAdmin).await;
    let changed = [("flows.py", "async def hello(name):\n")];
    deploy(&platform, author, &changed, json!({ "message": "mine", "force": true })).await.expect(200);
    let list =
        async |key: &Key| platform.get("/api/reviews").key(key).send().await.expect(200)["reviews"].clone();
    let all = list(&platform.root).await;
    let [one] = all.as_array().expect("a list").as_slice() else { panic!("{all}") };
    for (field, expected) in [
        ("organization_id", json!(own)),
        ("organization_name", json!("own")),
        ("author", json!("admin@own.example")),
        ("is_own", json!(false)),
        ("number", json!(2)),
        ("state", json!("proposed")),
        ("message", json!("mine")),
        ("created_by", json!(author.user)),
    ] {
        assert_eq!(one[field], expected, "{field}: {one}");
    }
    assert_eq!(list(&reviewer).await, all);
    assert_eq!(list(author).await[0]["is_own"], true);
    assert_eq!(list(&platform.foreign.admin).await, json!([]));
    let named = platform.get("/api/reviews").key(&platform.root).organization(platform.foreign.id);
    assert_eq!(named.send().await.expect(200)["reviews"], json!([]));
    // Whoever enters no organization sees the provider's own.
    let permissions = Permissions::all().without([Permission::EnterOrganizations].into_iter().collect());
    let (user, name) = (platform.root.user, "stays out".to_owned());
    let (permissions, role) = (Some(permissions), Role::PlatformAdmin);
    let new = NewKey { user, name, role, permissions, expires_at: None };
    let provider = platform.state.db.org(platform.provider);
    let (_, token) = identity::create_key(&provider, new).await.expect("a key");
    assert_eq!(list(&Key { token, user }).await, json!([]));

    let body = json!({ "force": true });
    let path = "/api/workspace/versions/2/approve";
    platform.post(path).key(&platform.root).organization(own).json(body).send().await.expect(200);
    assert_eq!(list(&platform.root).await, json!([]));
}

#[tokio::test]
async fn a_shared_folder_is_in_every_workspace() {
    let platform = Platform::deployed().await;
    let (root, own) = (&platform.root, &platform.own.admin);
    let global = [
        ("flows.py", crate::common::WORKFLOWS),
        ("modules/lib.py", "async def in_lib():\n"),
        ("secret.py", ""),
    ];
    deploy(&platform, root, &global, json!({})).await.expect(200);
    let put =
        |body: Value| platform.call(http::Method::PUT, "/api/workspace/shared").key(root).json(body).send();
    let silent = put(json!({ "folders": ["modules"] })).await.expect(422);
    assert_eq!((&silent["code"], &silent["field"]), (&json!("discloses_source"), &json!("disclose_source")));
    let dry = put(json!({ "folders": ["modules"], "dry_run": true })).await.expect(200);
    assert_eq!(
        (&dry["disclosed"], dry["dependants"].as_array().map(Vec::len)),
        (&json!(["modules/lib.py"]), Some(2))
    );
    assert_eq!(platform.get("/api/workspace/shared").key(own).send().await.expect(200)["folders"], json!([]));
    let done = put(json!({ "folders": ["modules/"], "disclose_source": true })).await.expect(200);
    assert_eq!(done["refreshed"].as_array().map(Vec::len), Some(2));
    let seen = platform.get("/api/workspace/shared").key(own).send().await.expect(200);
    assert_eq!((&seen["folders"], &seen["files"]), (&json!(["modules"]), &json!(["modules/lib.py"])));

    // It is in the organization's version, as the provider's; nothing else of it is.
    let list = platform.get("/api/workspace/files").key(own).send().await.expect(200);
    let paths: Vec<_> =
        list["files"].as_array().expect("files").iter().map(|f| (&f["path"], &f["is_shared"])).collect();
    assert_eq!(paths, [(&json!("flows.py"), &json!(false)), (&json!("modules/lib.py"), &json!(true))]);
    platform.get("/api/workspace/files/secret.py").key(own).send().await.expect(404);
    let all = platform.get("/api/workflows").key(own).send().await.expect(200);
    let of_lib: Vec<_> =
        all["workflows"].as_array().expect("workflows").iter().filter(|w| w["name"] == "in_lib").collect();
    assert_eq!(of_lib.len(), 1, "the provider's, once: {of_lib:?}");
    assert!(of_lib[0]["organization_id"].is_null());

    // The same files again change nothing; what is shared comes with every deploy.
    let same = deploy(&platform, own, &[("flows.py", crate::common::WORKFLOWS)], json!({})).await.expect(200);
    assert_eq!(same["changed"], false);
    let second = [
        ("flows.py", crate::common::WORKFLOWS),
        ("modules/lib.py", "async def in_lib():\nasync def more():\n"),
        ("secret.py", ""),
    ];
    let answer = deploy(&platform, root, &second, json!({})).await.expect(200);
    assert_eq!(answer["dependants"].as_array().map(Vec::len), Some(2));
    let file = platform.get("/api/workspace/files/modules/lib.py").key(own).send().await.expect(200);
    assert_eq!(file["size"], 38);

    // Breakage is told, refused, and can be forced; the way back counts as a change, too.
    let broken =
        [("flows.py", crate::common::WORKFLOWS), ("modules/lib.py", "raise at import"), ("secret.py", "")];
    let dry = deploy(&platform, root, &broken, json!({ "dry_run": true })).await.expect(200);
    assert_eq!(dry["dependants"][0]["errors"][0]["path"], "modules/lib.py");
    let refused = deploy(&platform, root, &broken, json!({})).await.expect(409);
    assert_eq!(refused["code"], "breaks_dependants");
    assert!(refused["detail"].as_str().is_some_and(|text| text.contains("own: modules/lib.py")), "{refused}");
    let before =
        platform.get("/api/workspace").key(own).send().await.expect(200)["version"]["number"].clone();
    deploy(&platform, root, &broken, json!({ "force": true })).await.expect(200);
    let after = platform.get("/api/workspace").key(own).send().await.expect(200);
    assert_ne!(after["version"]["number"], before);
    assert_eq!(after["report"]["errors"][0]["path"], "modules/lib.py");
    let winning = [("flows.py", crate::common::WORKFLOWS), ("modules/lib.py", "async def ours():\n")];
    let done = deploy(&platform, own, &winning, json!({})).await.expect(200);
    assert_eq!((&done["errors"], &done["added"]), (&json!([]), &json!(["modules/lib.py::ours"])));
    platform.post("/api/workspace/versions/3/activate").key(root).send().await.expect(200);
    let foreign = platform.get("/api/workspace").key(&platform.foreign.admin).send().await.expect(200);
    assert_eq!(foreign["report"]["errors"], json!([]));

    for folder in ["/etc", "../x", "a//b", ""] {
        let refused = put(json!({ "folders": [folder], "disclose_source": true })).await.expect(422);
        assert_eq!(refused["field"], "folders");
    }
}

#[tokio::test]
async fn a_crash_after_the_providers_deploy_is_made_up_for() {
    let platform = Platform::deployed().await;
    let global = [("flows.py", crate::common::WORKFLOWS), ("modules/lib.py", "async def in_lib():\n")];
    deploy(&platform, &platform.root, &global, json!({})).await.expect(200);
    let db = &platform.state.db;
    // As far as the switch came, and no farther.
    let active = bifrost_store::workspaces::active_version(&db.scope(Scope::Global))
        .await
        .expect("read")
        .expect("one");
    let mut part = bifrost_core::Source::default();
    part.insert("modules/lib.py", b"async def in_lib():\n".to_vec()).expect("plain");
    bifrost_store::workspaces::set_shared(db, vec!["modules".into()], Some(part.hash()), Some(active.id))
        .await
        .expect("set");
    platform.get("/api/workspace/files/modules/lib.py").key(&platform.own.admin).send().await.expect(404);
    bifrost_api::reconcile(&platform.state).await;
    platform.get("/api/workspace/files/modules/lib.py").key(&platform.own.admin).send().await.expect(200);
}

#[tokio::test]
async fn an_organization_leaves() {
    let platform = Platform::deployed().await;
    let (root, id) = (&platform.root, platform.own.id);
    let path = format!("/api/organizations/{id}/offboarding");
    platform.start(&platform.own.user).await;
    let wrong = platform.post(&path).key(root).json(json!({ "confirm": "OWN" })).send().await.expect(422);
    assert_eq!(wrong["field"], "confirm");
    let begun = platform.post(&path).key(root).json(json!({ "confirm": "own" })).send().await.expect(202);
    assert_eq!(begun["state"], "exporting");
    platform.get("/api/me").key(&platform.own.admin).send().await.expect(401);
    // Nobody writes for it any more, also not in its name.
    let call = platform.call(http::Method::PUT, "/api/config/late").key(root).organization(id);
    assert_eq!(call.json(json!({ "value": 1 })).send().await.expect(409)["code"], "offboarding");
    let early = platform.get(format!("{path}/export")).key(root).send().await.expect(409);
    assert_eq!(early["code"], "offboarding");
    let (db, objects) = (&platform.state.db, platform.state.objects.as_ref());
    while let Some(one) = offboarding::unfinished(db).await.expect("read") {
        offboarding::step(db, objects, platform.state.bus.as_ref(), one).await.expect("a step");
    }
    let done = platform.get(&path).key(root).send().await.expect(200);
    assert_eq!((&done["state"], &done["name"]), (&json!("done"), &json!("own")));
    let scan = done["proof"]["scan"].clone();
    for part in ["rows", "objects", "cache_keys", "tickets"] {
        assert_eq!(scan[part], 0, "{part}");
    }
    // The provider's log says that it was there, and that it is gone.
    let mentions = scan["mentions"].as_object().expect("by table");
    assert!(mentions.keys().eq(["audit_outbox"]), "{scan}");
    let archive = platform.get(format!("{path}/export")).key(root).send().await;
    assert_eq!(
        (archive.status.as_u16(), &archive.headers["content-type"]),
        (200, &"application/x-tar".parse().expect("a header"))
    );
    assert!(archive.text.contains("tables/users.") && archive.text.contains("admin@own.example"));
    assert!(!archive.text.contains("admin@foreign.example"));
    platform.get(format!("/api/organizations/{id}")).key(root).send().await.expect(404);
    let list = async || {
        let all = platform.get("/api/offboardings").key(root).send().await.expect(200);
        assert_eq!(all["offboardings"].as_array().map(Vec::len), Some(1));
        all["offboardings"][0].clone()
    };
    let left = list().await;
    for (field, expected) in [
        ("organization_id", json!(id)),
        ("name", json!("own")),
        ("state", json!("done")),
        ("has_export", json!(true)),
        ("export_bytes", done["proof"]["export"]["bytes"].clone()),
    ] {
        assert_eq!(left[field], expected, "{field}: {left}");
    }
    let call = platform.call(http::Method::DELETE, format!("{path}/export")).key(root);
    assert_eq!(call.send().await.status.as_u16(), 204);
    platform.get(format!("{path}/export")).key(root).send().await.expect(404);
    let deleted = list().await;
    assert_eq!((&deleted["has_export"], &deleted["export_bytes"]), (&json!(false), &left["export_bytes"]));
    assert_eq!(platform.get(&path).key(root).send().await.expect(200)["proof"]["scan"], scan);
    platform.get("/api/me").key(&platform.foreign.admin).send().await.expect(200);
}
