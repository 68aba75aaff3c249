//! The way out: everything of one organization is in the archive, then nowhere else, and
//! nothing of another one is touched, wherever a crash was in between.

use crate::common::*;
use bifrost_core::ports::Objects;
use bifrost_core::*;
use bifrost_store::config::NewEntry;
use bifrost_store::executions::documents;
use bifrost_store::identity::NewKey;
use bifrost_store::offboarding::{self, Offboarding, State};
use bifrost_store::organizations::OrganizationChange;
use bifrost_store::{
    Db, DirectoryObjects, InProcessBus, Keyring, Sql, audit, config, executions, identity, organizations,
    workspaces,
};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io::Read;

on_both!(
    everything_is_exported_and_then_gone,
    a_table_of_a_later_release_is_covered,
    every_table_is_a_tenants_or_the_platforms,
    a_mistake_changes_nothing,
);

/// Tables without rows of organizations. A new one must be covered by the catalogue, or be
/// here for a reason.
const PLATFORM: [&str; 7] = [
    "identity_providers",
    "key_rotations",
    "leaders",
    "offboardings",
    "platform_settings",
    "sign_in_failures",
    "workers",
];

async fn filled(w: &World, org: OrganizationId, objects: &dyn Objects, mark: &str) {
    let keys = Keyring::from_bytes([1; 32]);
    let scoped = w.db.org(org);
    for (key, kind) in [("plain", None), ("secret", Some(bifrost_core::ConfigType::Secret))] {
        let value = json!(format!("{mark}-{key}"));
        let new = NewEntry { key: key.into(), value, kind, description: None, updated_by: None };
        config::set(&scoped, &keys, new).await.unwrap();
    }
    let person =
        bifrost_store::users::NewUser::person(&format!("{mark}@x.test"), mark, bifrost_core::Role::OrgAdmin);
    let user = bifrost_store::users::create(&scoped, person).await.unwrap().id;
    let key = NewKey {
        user,
        name: mark.into(),
        role: bifrost_core::Role::OrgUser,
        permissions: None,
        expires_at: None,
    };
    identity::create_key(&scoped, key).await.unwrap();
    let new = deployment(
        &format!("hash-{mark}"),
        vec![info("a.py::sync", "sync"), info("m.py::mine", &format!("mine-{mark}"))],
    );
    workspaces::deploy(&scoped, workspaces::Deployment { force: true, ..new }).await.unwrap();
    let workflow = bifrost_store::workflows::find(&scoped, &format!("mine-{mark}")).await.unwrap().id;
    workspaces::add_reference(&scoped, workflow, "form", "f").await.unwrap();
    bifrost_store::schedules::create(&scoped, crate::schedules::hourly(workflow)).await.unwrap();
    let hook = crate::webhooks::source(w, &scoped).await;
    bifrost_store::webhooks::receive(&scoped, &hook, crate::webhooks::received("1", json!({ "mark": mark })))
        .await
        .unwrap();
    crate::integrations::filled(&scoped, user, mark).await;
    crate::forms::filled(&scoped, user, workflow, mark).await;
    crate::notifications::filled(&scoped, &keys, user, mark).await;
    let data = json!({ "mark": mark }).as_object().unwrap().clone();
    let document = bifrost_store::tables::NewDocument { data, ..Default::default() };
    bifrost_store::tables::insert(&scoped, "marks", vec![document]).await.unwrap();
    bifrost_store::files::write(&scoped, objects, "uploads", "mark", None, mark.into()).await.unwrap();
    for size in [10, 100_000] {
        let parameters = json!({ "mark": mark, "x": "x".repeat(size) });
        let new = executions::NewExecution { workflow_id: workflow, parameters, ..w.new_execution() };
        let run = documents::accept(&scoped, objects, new).await.unwrap().execution;
        let ticket = ports::Ticket { execution: run.id, attempt: 1 };
        let claimed = executions::claim(&w.db, ticket, "worker", 60).await.unwrap().unwrap();
        executions::append_logs(&w.db, run.id, claimed.token, vec![line(1, LogLevel::Info, mark)])
            .await
            .unwrap();
        executions::keep_calls(&w.db, run.id, claimed.token, &calls(1)).await.unwrap();
        executions::finish(&w.db, run.id, claimed.token, success(json!({ "mark": mark }))).await.unwrap();
    }
    objects
        .put(&format!("{}source", workspaces::folder(Scope::Organization(org))), mark.into())
        .await
        .unwrap();
    // Chained, as the scheduler does.
    while audit::append(&w.db).await.unwrap() > 0 {}
}

async fn unfinished(db: &Db) -> Option<Offboarding> {
    offboarding::unfinished(db).await.unwrap()
}

fn archive(bytes: &[u8]) -> BTreeMap<String, Vec<u8>> {
    let mut all = BTreeMap::new();
    for entry in tar::Archive::new(bytes).entries().unwrap() {
        let mut entry = entry.unwrap();
        let name = entry.path().unwrap().to_str().unwrap().to_owned();
        let mut content = Vec::new();
        entry.read_to_end(&mut content).unwrap();
        assert!(all.insert(name, content).is_none());
    }
    all
}

async fn dump(db: &Db, organization: OrganizationId) -> BTreeMap<String, i64> {
    let mut tx = db.system().read().await.unwrap();
    let mut all = BTreeMap::new();
    for table in offboarding::plan(&mut tx).await.unwrap() {
        let sql = format!("SELECT COUNT(*) AS n FROM {} WHERE {}", table.name, table.owned);
        let count = tx.one(Sql::new(sql).bind(organization)).await.unwrap().get("n").unwrap();
        all.insert(table.name, count);
    }
    all
}

async fn everything_is_exported_and_then_gone(db: Db) {
    let w = World::new(db).await;
    let folder = tempfile::tempdir().unwrap();
    let objects = DirectoryObjects::open(folder.path()).await.unwrap();
    let bus = InProcessBus::new();
    filled(&w, w.org.id, &objects, "canary-of-org").await;
    filled(&w, w.other.id, &objects, "canary-of-other").await;
    let others = dump(&w.db, w.other.id).await;
    let (key, value) = ("tenants".to_owned(), json!({ "ids": [w.org.id] }));
    let named = NewEntry { key, value, kind: None, description: None, updated_by: None };
    config::set(&w.db.scope(Scope::Global), &Keyring::from_bytes([1; 32]), named).await.unwrap();
    let waiting = w.accept().await.id;
    let held = w.accept().await.id;
    let token = w.claim(held, 1, 60).await.unwrap().token;

    offboarding::request(&w.db, w.org.id, "Org", w.provider.user.id).await.unwrap();
    let again = offboarding::request(&w.db, w.org.id, "whatever", w.user).await.unwrap();
    assert_eq!(again.requested_by, w.provider.user.id, "asking again changes nothing");
    assert_eq!(executions::get(&w.db.org(w.org.id), waiting).await.unwrap().status, Status::Cancelled);
    let change = OrganizationChange { is_active: Some(true), ..Default::default() };
    assert_eq!(code(organizations::update(&w.db, w.org.id, change).await.unwrap_err()), "offboarding");
    // It waits for the run that a worker still has.
    let one = unfinished(&w.db).await.unwrap();
    assert!(!offboarding::step(&w.db, &objects, &bus, one).await.unwrap());
    let end = Outcome::ended(Status::Cancelled, "cancelled", "x");
    assert!(executions::finish(&w.db, held, token, end).await.unwrap());
    while audit::append(&w.db).await.unwrap() > 0 {}

    // Each piece is done twice, as after a crash between its work and its note.
    while let Some(one) = unfinished(&w.db).await {
        if one.state == State::Exporting {
            let before = objects.list("exports/", None, 100).await.unwrap().len();
            offboarding::step(&w.db, &objects, &bus, one.clone()).await.unwrap();
            let after = objects.list("exports/", None, 100).await.unwrap().len();
            offboarding::step(&w.db, &objects, &bus, one).await.unwrap();
            assert_eq!(objects.list("exports/", None, 100).await.unwrap().len(), after.max(before));
        } else {
            offboarding::step(&w.db, &objects, &bus, one).await.unwrap();
        }
    }
    let done = offboarding::get(&w.db, w.org.id).await.unwrap();
    let proof = done.proof();
    let scan = proof.scan.clone().unwrap();
    assert!(done.state == State::Done && scan.is_clean(), "{scan:?}");
    // What the provider wrote down about it is told, and stays.
    let ours = ["audit_log", "audit_outbox", "config"];
    assert!(scan.mentions.keys().all(|table| ours.contains(&table.as_str())), "{scan:?}");
    assert!(scan.mentions["config"] == 1 && scan.mentions["audit_log"] > 0, "{scan:?}");
    // A ticket that the queue still has comes to nothing.
    for (execution, attempt) in [(waiting, 1), (held, 1), (held, 2)] {
        let ticket = ports::Ticket { execution, attempt };
        assert!(executions::claim(&w.db, ticket, "worker-1", 60).await.unwrap().is_none());
    }
    for (name, table) in &proof.tables {
        assert_eq!(table.after, 0, "{name}");
        assert!(table.exported >= table.before || name == "audit_outbox", "{name}: {table:?}");
    }
    let before = |name: &str| proof.tables[name].before;
    assert_eq!(
        (before("executions"), before("users"), before("config"), before("organizations")),
        (4, 2, 2, 1)
    );
    assert!(
        before("audit_log") > 5
            && before("execution_logs") == 2
            && before("execution_calls") == 2
            && before("schedules") == 1
    );
    assert!(dump(&w.db, w.org.id).await.values().all(|count| *count == 0));
    assert_eq!(dump(&w.db, w.other.id).await, others, "nothing of another organization is touched");
    assert!(objects.list(&documents::folder(w.org.id), None, 10).await.unwrap().is_empty());
    assert_eq!(objects.list(&documents::folder(w.other.id), None, 10).await.unwrap().len(), 1);
    assert!(objects.list(&bifrost_store::files::folder(w.org.id), None, 10).await.unwrap().is_empty());

    let mut bytes = Vec::new();
    for part in offboarding::export::parts(&done).unwrap().iter() {
        bytes.extend(objects.get(part).await.unwrap().unwrap());
    }
    let hash: String = {
        use sha2::Digest;
        sha2::Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect()
    };
    assert_eq!(
        (proof.export.sha256.as_deref(), proof.export.bytes),
        (Some(hash.as_str()), bytes.len() as u64)
    );
    let files = archive(&bytes);
    let text = String::from_utf8_lossy(&bytes);
    assert!(text.contains("canary-of-org") && !text.contains("canary-of-other"));
    assert!(!text.contains("canary-of-org-secret"), "secrets are not in an export");
    let lines = |table: &str| -> Vec<Value> {
        let prefix = format!("tables/{table}.");
        let matching = files.iter().filter(|(name, _)| name.starts_with(&prefix));
        matching
            .flat_map(|(_, content)| std::str::from_utf8(content).unwrap().lines())
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    };
    for (name, table) in &proof.tables {
        assert_eq!(lines(name).len() as u64, table.exported, "{name}");
    }
    let delivery = &lines("webhook_deliveries")[0];
    assert!(
        delivery["body"].is_string() && lines("webhook_secrets")[0].get("ciphertext").is_none(),
        "{delivery}"
    );
    let organization = &lines("organizations")[0];
    assert_eq!((&organization["id"], &organization["name"]), (&json!(w.org.id), &json!("Org")));
    assert!(lines("users").iter().any(|user| user["email"] == "canary-of-org@x.test"));
    assert!(lines("api_keys").iter().all(|key| key.get("hash").is_none()));
    assert!(lines("audit_log").iter().all(|entry| entry["hash"].as_str().is_some_and(|h| h.len() == 64)));
    let time = lines("executions")[0]["created_at"].as_str().unwrap().to_owned();
    assert!(chrono::DateTime::parse_from_rfc3339(&time).is_ok(), "{time}");
    let kept: Vec<_> = files.keys().filter(|name| name.starts_with("objects/")).collect();
    assert_eq!(kept.len() as u64, proof.objects.exported);
    assert_eq!((proof.objects.before, proof.objects.exported), (3, 3));
    assert!(lines("documents")[0]["data"].to_string().contains("canary-of-org"));
    assert_eq!(lines("files")[0]["path"], "mark");
    let manifest: Value = serde_json::from_slice(&files["manifest.json"]).unwrap();
    assert_eq!(manifest["organization"]["id"], json!(w.org.id));

    offboarding::delete_export(&w.db, &objects, w.org.id).await.unwrap();
    assert!(objects.list("exports/", None, 10).await.unwrap().is_empty());
    let kept = offboarding::get(&w.db, w.org.id).await.unwrap();
    assert_eq!(kept.proof().export.sha256, proof.export.sha256, "the proof stays");
    assert!(offboarding::export::parts(&kept).is_err());
    assert_eq!(offboarding::list(&w.db).await.unwrap(), [kept]);
}

async fn a_table_of_a_later_release_is_covered(db: Db) {
    let w = World::new(db).await;
    let folder = tempfile::tempdir().unwrap();
    let objects = DirectoryObjects::open(folder.path()).await.unwrap();
    let id = if w.db.engine() == bifrost_store::Engine::Sqlite { "BLOB" } else { "uuid" };
    let statements = [
        format!(
            "CREATE TABLE later_things (id {id} PRIMARY KEY, organization_id {id} NOT NULL, client_secret text)"
        ),
        format!("CREATE TABLE later_parts (thing_id {id} NOT NULL REFERENCES later_things (id), name text)"),
    ];
    for statement in statements {
        let sql = Sql::new(statement);
        w.db.system().write(move |tx| Box::pin(async move { tx.execute(sql).await })).await.unwrap();
    }
    for org in [w.org.id, w.other.id] {
        let thing = uuid::Uuid::now_v7();
        let rows = [
            Sql::new(
                "INSERT INTO later_things (id, organization_id, client_secret) VALUES ($1, $2, 'hidden')",
            )
            .bind(thing)
            .bind(org),
            Sql::new("INSERT INTO later_parts (thing_id, name) VALUES ($1, 'shown')").bind(thing),
        ];
        for sql in rows {
            w.db.system().write(move |tx| Box::pin(async move { tx.execute(sql).await })).await.unwrap();
        }
    }
    offboarding::request(&w.db, w.org.id, "Org", w.user).await.unwrap();
    while let Some(one) = unfinished(&w.db).await {
        offboarding::step(&w.db, &objects, &InProcessBus::new(), one).await.unwrap();
    }
    let proof = offboarding::get(&w.db, w.org.id).await.unwrap().proof().clone();
    for table in ["later_things", "later_parts"] {
        let table = &proof.tables[table];
        assert_eq!((table.before, table.exported, table.after), (1, 1, 0), "{table:?}");
    }
    assert_eq!(proof.tables["later_things"].left_out, ["client_secret"]);
    assert_eq!(proof.tables["passwords"].left_out, ["hash"]);
    let part = objects.get(&proof.export.parts[0]).await.unwrap().unwrap();
    let text = String::from_utf8_lossy(&part);
    assert!(text.contains("shown") && !text.contains("hidden"));
    let left = dump(&w.db, w.other.id).await;
    assert_eq!((left["later_things"], left["later_parts"]), (1, 1));
}

async fn every_table_is_a_tenants_or_the_platforms(db: Db) {
    let mut tx = db.system().read().await.unwrap();
    let covered: Vec<_> =
        offboarding::plan(&mut tx).await.unwrap().into_iter().map(|table| table.name).collect();
    let open: Vec<_> = offboarding::tables(&mut tx)
        .await
        .unwrap()
        .into_iter()
        .filter(|name| !covered.contains(name))
        .collect();
    assert_eq!(open, PLATFORM, "a table is new: give it an `organization_id`, or say here why it needs none");
    assert_eq!(covered.last().map(String::as_str), Some("organizations"));
}

async fn a_mistake_changes_nothing(db: Db) {
    let w = World::new(db).await;
    let wrong = offboarding::request(&w.db, w.org.id, "org", w.user).await;
    assert!(matches!(wrong, Err(Error::Invalid { field, .. }) if field == "confirm"));
    let provider = offboarding::request(&w.db, w.provider.organization.id, "Provider", w.user).await;
    assert_eq!(code(provider.unwrap_err()), "provider");
    let nobody = offboarding::request(&w.db, OrganizationId::new(), "x", w.user).await;
    assert!(matches!(nobody, Err(Error::NotFound("organization"))));
    assert!(unfinished(&w.db).await.is_none());
    assert!(organizations::get(&w.db.system(), w.org.id).await.unwrap().is_active);
}
