//! Retention over a small installation: what goes, in which order, and what is left when it
//! dies in between.

use bifrost_core::ports::{Objects, Ticket};
use bifrost_core::*;
use bifrost_scheduler::{Files, Retention};
use bifrost_store::executions::{self, Ending, NewExecution, documents};
use bifrost_store::organizations::{self, NewOrganization};
use bifrost_store::workspaces::{self, Deployment};
use bifrost_store::{Db, DirectoryObjects, Options, Sql, files, workflows};
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;
use tokio::sync::watch;

/// A store of objects that goes away after some deletions.
struct Mortal {
    files: DirectoryObjects,
    deletions: AtomicI64,
}

#[async_trait::async_trait]
impl Objects for Mortal {
    async fn put(&self, key: &str, bytes: Vec<u8>) -> Result<()> {
        self.files.put(key, bytes).await
    }

    async fn get(&self, key: &str) -> Result<Option<Vec<u8>>> {
        self.files.get(key).await
    }

    async fn delete(&self, key: &str) -> Result<bool> {
        if self.deletions.fetch_sub(1, Ordering::Relaxed) <= 0 {
            return Err(Error::Busy("objects"));
        }
        self.files.delete(key).await
    }

    async fn list(&self, prefix: &str, after: Option<&str>, limit: usize) -> Result<Vec<String>> {
        self.files.list(prefix, after, limit).await
    }
}

struct World {
    db: Db,
    objects: Arc<Mortal>,
    caller: Caller,
    workflow: WorkflowId,
    _folder: tempfile::TempDir,
}

impl World {
    async fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let url = format!("sqlite:{}", folder.path().join("test.db").display());
        let db = Db::open(&url, Options::default()).await.expect("a database");
        let files = DirectoryObjects::open(folder.path().join("objects")).await.expect("objects");
        let objects = Arc::new(Mortal { files, deletions: AtomicI64::new(i64::MAX) });
        let new = NewOrganization { name: "Org".into(), ..Default::default() };
        let organization = organizations::create(&db, new).await.expect("made").id;
        let report = json!({"workflows": [{ "id": "a.py::f", "path": "a.py", "function": "f", "name": "f",
            "kind": "workflow", "parameters": [] }]});
        let user = UserId::new();
        let deployment = Deployment {
            source_hash: "h".into(),
            object_key: "sources/h".into(),
            own_key: "sources/h".into(),
            shared_hash: None,
            propose: false,
            instead_of: None,
            report: serde_json::from_value(report).expect("a report"),
            created_by: user,
            message: None,
            force: false,
        };
        workspaces::deploy(&db.org(organization), deployment).await.expect("deployed");
        let workflow = workflows::find(&db.org(organization), "f").await.expect("found").id;
        let caller = Caller::of_role(user, "e", organization, Role::OrgUser);
        objects.put("sources/h", vec![1]).await.expect("a source");
        Self { db, objects, caller, workflow, _folder: folder }
    }

    fn retention(&self, keep: Option<TimeDelta>) -> Retention {
        Retention::new(self.db.clone(), self.objects.clone(), keep)
    }

    async fn accept(&self, bytes: usize) -> ExecutionId {
        let new = NewExecution::by(&self.caller, self.workflow, json!({ "x": "x".repeat(bytes) }));
        let org = self.db.org(self.caller.organization);
        documents::accept(&org, self.objects.as_ref(), new).await.expect("accepted").execution.id
    }

    /// A run that has ended, with so many bytes in and out and so many lines.
    async fn ended(&self, bytes: usize, lines: i64) -> ExecutionId {
        let id = self.accept(bytes).await;
        let ticket = Ticket { execution: id, attempt: 1 };
        let claimed = executions::claim(&self.db, ticket, "w", 60).await.expect("claim").expect("waits");
        let mut outcome = Outcome::ended(Status::Success, "", "");
        outcome.result = Some(json!("r".repeat(bytes)));
        let stored = documents::offload(self.objects.as_ref(), &claimed.execution, &mut outcome).await;
        let line = |sequence| LogLine {
            sequence,
            timestamp: bifrost_store::now(),
            level: LogLevel::Info,
            logger: "l".into(),
            message: format!("line {sequence}"),
        };
        let lines: Vec<_> = (1..=lines).map(line).collect();
        let has_long_log = lines.len() >= 1_000;
        let ending = Ending { stored, lines, has_long_log, ..Ending::of(outcome) };
        executions::end(&self.db, id, claimed.token, ending).await.expect("written").expect("ended");
        id
    }

    async fn count(&self, table: &str) -> i64 {
        let sql = Sql::new(format!("SELECT COUNT(*) AS n FROM {table}"));
        self.db.system().read().await.expect("read").one(sql).await.expect("a row").get("n").expect("n")
    }

    async fn keys(&self) -> Vec<String> {
        self.objects.list("", None, 1_000).await.expect("a list")
    }
}

fn tomorrow() -> DateTime<Utc> {
    bifrost_store::now() + TimeDelta::days(1)
}

const DAY: Option<TimeDelta> = Some(TimeDelta::hours(23));

#[tokio::test]
async fn old_runs_go_in_batches_with_all_that_is_theirs() {
    let world = World::new().await;
    for _ in 0..210 {
        world.ended(1, 1).await;
    }
    let long = world.ended(1, 2_500).await;
    for _ in 0..3 {
        world.ended(100_000, 1).await;
    }
    let pending = world.accept(100_000).await;
    assert_eq!((world.count("executions").await, world.keys().await.len()), (215, 8));

    assert!(!world.retention(None).expire(tomorrow()).await.expect("0 days: for ever"));
    assert!(!world.retention(DAY).expire(bifrost_store::now()).await.expect("not yet"));
    assert_eq!(world.count("executions").await, 215);

    let mut retention = world.retention(DAY);
    let mut left = vec![];
    loop {
        let more = retention.expire(tomorrow()).await.expect("expired");
        left.push(world.count("executions").await);
        if !more {
            break;
        }
    }
    assert_eq!(left, [115, 15, 1], "a hundred at a time");
    assert_eq!(world.count("execution_logs").await, 0);
    let keys = world.keys().await;
    assert_eq!(keys.len(), 2, "{keys:?}");
    assert!(keys[0].contains(&pending.to_string()) && keys[1] == "sources/h", "{keys:?}");
    assert!(executions::get(&world.db.system(), long).await.is_err());
}

#[tokio::test]
async fn what_died_between_object_and_row_is_finished_later() {
    let world = World::new().await;
    for _ in 0..5 {
        world.ended(100_000, 3).await;
    }
    world.objects.deletions.store(5, Ordering::Relaxed);
    let died = world.retention(DAY).expire(tomorrow()).await;
    assert!(matches!(died, Err(Error::Busy("objects"))), "{died:?}");
    // Half of the objects are gone; every row is there to tell of the others.
    assert_eq!((world.count("executions").await, world.keys().await.len()), (5, 5 + 1));
    assert_eq!(world.count("execution_logs").await, 15);
    world.objects.deletions.store(i64::MAX, Ordering::Relaxed);
    assert!(!world.retention(DAY).expire(tomorrow()).await.expect("finished"));
    assert_eq!((world.count("executions").await, world.count("execution_logs").await), (0, 0));
    assert_eq!(world.keys().await, ["sources/h"]);
}

async fn collect(retention: &mut Retention, time: DateTime<Utc>) {
    while retention.collect(time).await.expect("collected") {}
}

#[tokio::test]
async fn only_objects_that_no_run_needs_are_collected() {
    let world = World::new().await;
    let ended = world.ended(100_000, 1).await;
    world.accept(100_000).await;
    let kept = world.keys().await;
    let organization = world.caller.organization;
    let unnamed = |id| documents::key(organization, id, &format!("result-{}", uuid::Uuid::now_v7().simple()));
    let (of_ended, of_nobody) = (unnamed(ended), unnamed(ExecutionId::new()));
    let foreign = of_nobody.replace(&organization.to_string(), &OrganizationId::new().to_string());
    for key in [&of_ended, &of_nobody, &foreign] {
        world.objects.put(key, vec![1]).await.expect("put");
    }
    let mut retention = world.retention(None);
    collect(&mut retention, bifrost_store::now()).await;
    assert_eq!(world.keys().await.len(), kept.len() + 3, "a day is given to those who write");
    collect(&mut retention, tomorrow() + TimeDelta::hours(1)).await;
    assert_eq!(world.keys().await.len(), kept.len() + 3, "one pass a day");
    collect(&mut world.retention(None), tomorrow() + TimeDelta::hours(1)).await;
    let mut expected = kept;
    expected.push(foreign);
    expected.sort();
    assert_eq!(world.keys().await, expected, "what another installation has is left alone");
}

#[tokio::test]
async fn only_the_leader_works_and_logs_become_objects() {
    let world = World::new().await;
    let long = world.ended(1, 2_500).await;
    world.ended(1, 999).await;
    let (lead, leads) = watch::channel(false);
    let task = tokio::spawn(world.retention(DAY).run(leads));
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert_eq!(world.count("execution_logs").await, 3_499, "others lead");
    lead.send_replace(true);
    let patience = std::time::Instant::now() + Duration::from_secs(20);
    while world.count("execution_logs").await > 999 {
        assert!(std::time::Instant::now() < patience, "the log stays rows");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let objects = world.objects.as_ref();
    let lines =
        executions::logs(&world.db.system(), objects, long, 2_400, 1_000, None).await.expect("a page");
    assert_eq!(
        lines.iter().map(|line| line.sequence).collect::<Vec<_>>(),
        (2_401..=2_500).collect::<Vec<_>>()
    );
    assert_eq!(world.count("executions").await, 2);
    drop(lead);
    tokio::time::timeout(Duration::from_secs(5), task).await.expect("it ends").expect("no panic");
}

#[tokio::test]
async fn temporary_files_go_and_what_no_file_names() {
    let world = World::new().await;
    let (org, objects) = (world.db.org(world.caller.organization), world.objects.as_ref());
    for (location, path) in [("temp", "a"), ("temp", "b/c"), ("uploads", "a")] {
        files::write(&org, objects, location, path, None, b"content".to_vec()).await.expect("written");
    }
    let left = format!("{}uploads/{}", files::folder(world.caller.organization), FileId::new());
    objects.put(&left, vec![1]).await.expect("as after a crash");
    let mut passes = Files::new(world.db.clone(), world.objects.clone());
    passes.expire(bifrost_store::now()).await.expect("looked");
    assert_eq!(world.count("files").await, 3, "nothing before its time");
    // A store that is away costs an object that the next pass finds.
    world.objects.deletions.store(1, Ordering::Relaxed);
    while passes.expire(tomorrow() + TimeDelta::hours(1)).await.expect("looked") {}
    assert_eq!(world.count("files").await, 1);
    assert_eq!(files::used(&org).await.expect("read"), files::Usage { files: 1, bytes: 7 });
    world.objects.deletions.store(i64::MAX, Ordering::Relaxed);
    assert!(passes.collect(bifrost_store::now()).await.expect("looked"), "too young for this pass");
    let mut passes = Files::new(world.db.clone(), world.objects.clone());
    while passes.collect(tomorrow() + TimeDelta::days(1)).await.expect("looked") {}
    let file = files::get(&org, "uploads", "a").await.expect("it stays");
    let keys = objects.list("files/", None, 1_000).await.expect("a list");
    assert_eq!(keys, [file.key()]);
    assert_eq!(files::content(objects, &file).await.expect("content"), b"content");
}
