//! A fresh database per test, and a small world to put in it.

use bifrost_core::ports::Objects;
use bifrost_core::*;
use bifrost_store::executions::{Accepted, Claimed, NewExecution};
use bifrost_store::identity::{Bootstrap, Bootstrapped};
use bifrost_store::organizations::{NewOrganization, Organization};
use bifrost_store::users::{self, NewUser};
use bifrost_store::workspaces::Deployment;
use bifrost_store::{
    Db, DirectoryObjects, Options, S3Objects, executions, identity, organizations, workspaces,
};
use serde_json::{Map, Value, json};
use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions, Connection, Executor};
use std::str::FromStr;
use uuid::Uuid;

/// A role that owns the test databases and is no superuser, so that row-level security
/// holds for it.
const ROLE: &str = "bifrost_test";

/// An empty database, which nobody has opened yet.
pub struct Place {
    pub url: String,
    directory: Option<tempfile::TempDir>,
    postgres: Option<(PgConnectOptions, String)>,
}

pub struct TestDb {
    pub db: Db,
    place: Place,
}

pub fn database_url() -> String {
    std::env::var("DATABASE_URL").unwrap_or_else(|_| "postgres://127.0.0.1:5432/test".into())
}

impl Place {
    pub fn sqlite() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", directory.path().join("bifrost.db").display());
        Self { url, directory: Some(directory), postgres: None }
    }

    pub async fn postgres() -> Self {
        let admin = PgConnectOptions::from_str(&database_url()).unwrap().disable_statement_logging();
        let name = format!("bifrost_test_{}", Uuid::now_v7().simple());
        let mut connection = admin.connect().await.expect("PostgreSQL at DATABASE_URL");
        // Roles are the server's, and tests run at the same time. These statements are one transaction.
        let role = format!(
            "SELECT pg_advisory_xact_lock(7243);
             DO $$ BEGIN IF NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = '{ROLE}') THEN
               CREATE ROLE {ROLE} LOGIN PASSWORD '{ROLE}' NOSUPERUSER; END IF; END $$;"
        );
        connection.execute(sqlx::raw_sql(&role)).await.unwrap();
        connection.execute(sqlx::raw_sql(&format!("CREATE DATABASE {name} OWNER {ROLE}"))).await.unwrap();
        connection.close().await.unwrap();
        let url = format!("postgres://{ROLE}:{ROLE}@{}:{}/{name}", admin.get_host(), admin.get_port());
        Self { url, directory: None, postgres: Some((admin, name)) }
    }

    pub async fn remove(self) {
        drop(self.directory);
        if let Some((admin, name)) = self.postgres {
            let mut connection = admin.connect().await.unwrap();
            connection.execute(sqlx::raw_sql(&format!("DROP DATABASE {name} WITH (FORCE)"))).await.unwrap();
        }
    }
}

impl TestDb {
    pub async fn sqlite() -> Self {
        let place = Place::sqlite();
        let db = Db::open(&place.url, Options::default()).await.unwrap();
        Self { db, place }
    }

    pub async fn postgres() -> Self {
        let place = Place::postgres().await;
        let db = Db::open(&place.url, Options { connections: 8, ..Options::default() }).await.unwrap();
        Self { db, place }
    }

    pub async fn remove(self) {
        self.db.close().await;
        self.place.remove().await;
    }
}

/// Makes each function `async fn(Db)` a test on SQLite and on PostgreSQL.
macro_rules! on_both {
    ($($name:ident),+ $(,)?) => {
        mod sqlite { $(crate::on_one!(sqlite, $name);)+ }
        mod postgres { $(crate::on_one!(postgres, $name);)+ }
    };
}

#[macro_export]
macro_rules! on_one {
    ($engine:ident, $name:ident) => {
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $name() {
            use futures::FutureExt;
            let test = $crate::common::TestDb::$engine().await;
            let body = std::panic::AssertUnwindSafe(super::$name(test.db.clone()));
            let result = body.catch_unwind().await;
            test.remove().await;
            if let Err(panic) = result {
                std::panic::resume_unwind(panic);
            }
        }
    };
}

/// A provider with a global workflow `shared`, and two tenants: the first has a
/// workflow `sync`.
pub struct World {
    pub db: Db,
    pub provider: Bootstrapped,
    pub org: Organization,
    pub other: Organization,
    pub user: UserId,
    pub workflow: WorkflowId,
    pub shared: WorkflowId,
}

pub fn info(id: &str, name: &str) -> WorkflowInfo {
    let (path, function) = id.split_once("::").unwrap();
    WorkflowInfo {
        id: id.into(),
        path: path.into(),
        function: function.into(),
        line: 1,
        name: name.into(),
        description: String::new(),
        kind: WorkflowKind::Workflow,
        category: String::new(),
        tags: vec![],
        parameters: vec![],
        defaults: Map::new(),
        accepts_kwargs: false,
    }
}

pub fn with_default(mut info: WorkflowInfo, key: &str, value: Value) -> WorkflowInfo {
    info.defaults.insert(key.into(), value);
    info
}

pub fn deployment(hash: &str, workflows: Vec<WorkflowInfo>) -> Deployment {
    Deployment {
        source_hash: hash.into(),
        object_key: format!("sources/{hash}"),
        own_key: format!("sources/{hash}"),
        shared_hash: None,
        propose: false,
        instead_of: None,
        report: WorkspaceReport { workflows, ..Default::default() },
        created_by: UserId::new(),
        message: None,
        force: false,
    }
}

/// What a user of the tests asks for.
pub fn new_execution(workflow: WorkflowId, user: UserId) -> NewExecution {
    NewExecution {
        workflow_id: workflow,
        version_id: None,
        parameters: json!({"z": 1, "a": [null, "\0"]}),
        executed_by: user,
        executed_by_email: "user@org.test".into(),
        executed_by_name: "User".into(),
        executed_by_role: bifrost_core::Role::OrgUser,
        executed_by_ceiling: bifrost_core::Permissions::all(),
        idempotency_key: None,
        rerun_of: None,
        priority: bifrost_core::Priority::Normal,
        not_before: None,
        schedule_id: None,
        lineage: Lineage::default(),
        delivery_id: None,
        form_id: None,
        startup: None,
        endpoint_id: None,
    }
}

impl World {
    pub async fn new(db: Db) -> Self {
        let first = Bootstrap {
            organization: "Provider".into(),
            email: "admin@provider.test".into(),
            name: "Admin".into(),
        };
        let provider = identity::bootstrap(&db, first).await.unwrap().expect("first start");
        let named = |name: &str| NewOrganization { name: name.into(), ..Default::default() };
        let org = organizations::create(&db, named("Org")).await.unwrap();
        let other = organizations::create(&db, named("Other")).await.unwrap();
        let person = NewUser::person("user@org.test", "User", bifrost_core::Role::OrgAdmin);
        let user = users::create(&db.org(org.id), person).await.unwrap().id;
        let global = deployment("g1", vec![info("lib/shared.py::shared", "shared")]);
        workspaces::deploy(&db.scope(Scope::Global), global).await.unwrap();
        workspaces::deploy(&db.org(org.id), deployment("h1", vec![info("a.py::sync", "sync")]))
            .await
            .unwrap();
        let workflow = bifrost_store::workflows::find(&db.org(org.id), "sync").await.unwrap().id;
        let shared = bifrost_store::workflows::find(&db.org(org.id), "shared").await.unwrap().id;
        Self { db, provider, org, other, user, workflow, shared }
    }

    pub fn new_execution(&self) -> NewExecution {
        new_execution(self.workflow, self.user)
    }

    pub async fn accept(&self) -> Execution {
        let Accepted { execution, is_new } =
            executions::accept(&self.db.org(self.org.id), self.new_execution()).await.unwrap();
        assert!(is_new);
        execution
    }

    pub async fn claim(&self, id: ExecutionId, attempt: i32, lease_secs: u32) -> Option<Claimed> {
        let ticket = ports::Ticket { execution: id, attempt };
        executions::claim(&self.db, ticket, "worker-1", lease_secs).await.unwrap()
    }

    pub async fn get(&self, id: ExecutionId) -> Execution {
        executions::get(&self.db.org(self.org.id), id).await.unwrap()
    }
}

pub fn success(result: Value) -> Outcome {
    Outcome {
        status: Status::Success,
        result: Some(result),
        result_type: Some(ResultType::Json),
        error: None,
        error_type: None,
        error_for_user: false,
        traceback: None,
        variables: Some(json!({"x": 1})),
        roi: Some(json!({"time_saved": 5})),
        fuel_used: 12_345,
        memory_peak_bytes: 1 << 24,
        duration_ms: 7,
    }
}

/// So many HTTP calls.
pub fn calls(many: usize) -> HttpCalls {
    let mut calls = HttpCalls::default();
    for n in 0..many {
        calls.keep(HttpCall {
            method: "GET".into(),
            host: format!("{n}.example.com"),
            started_at: bifrost_store::now(),
            duration_ms: Some(12),
            outcome: HttpOutcome::Answered,
            status: Some(200),
            sent_bytes: 0,
            received_bytes: 345,
        });
    }
    calls
}

/// A store of objects that nothing may need.
pub struct NoObjects;

#[async_trait::async_trait]
impl Objects for NoObjects {
    async fn put(&self, key: &str, _: Vec<u8>) -> Result<()> {
        panic!("{key} is written")
    }

    async fn get(&self, key: &str) -> Result<Option<Vec<u8>>> {
        panic!("{key} is read")
    }

    async fn delete(&self, key: &str) -> Result<bool> {
        panic!("{key} is deleted")
    }

    async fn list(&self, prefix: &str, _: Option<&str>, _: usize) -> Result<Vec<String>> {
        panic!("{prefix} is listed")
    }
}

/// A store of objects that does not answer.
pub struct AwayObjects;

#[async_trait::async_trait]
impl Objects for AwayObjects {
    async fn put(&self, _: &str, _: Vec<u8>) -> Result<()> {
        Err(Error::Busy("objects"))
    }

    async fn get(&self, _: &str) -> Result<Option<Vec<u8>>> {
        Err(Error::Busy("objects"))
    }

    async fn delete(&self, _: &str) -> Result<bool> {
        Err(Error::Busy("objects"))
    }

    async fn list(&self, _: &str, _: Option<&str>, _: usize) -> Result<Vec<String>> {
        Err(Error::Busy("objects"))
    }
}

/// Every store of objects, with what keeps it alive.
pub async fn stores() -> Vec<(Box<dyn Objects>, Box<dyn std::any::Any + Send>)> {
    let directory = tempfile::tempdir().unwrap();
    let files = DirectoryObjects::open(directory.path()).await.unwrap();
    let s3 = crate::engines::objects::S3::start().await;
    let bucket = S3Objects::connect(s3.options()).await.unwrap();
    vec![(Box::new(files), Box::new(directory)), (Box::new(bucket), Box::new(s3))]
}

/// The keys of all objects of runs.
pub async fn keys(objects: &dyn Objects) -> Vec<String> {
    objects.list("executions/", None, 1_000).await.unwrap()
}

pub fn code(error: Error) -> &'static str {
    match error {
        Error::Conflict { code, .. } => code,
        other => panic!("expected a conflict, got {other:?}"),
    }
}

pub fn line(sequence: i64, level: LogLevel, message: &str) -> LogLine {
    LogLine {
        sequence,
        timestamp: bifrost_store::now(),
        level,
        logger: "root".into(),
        message: message.into(),
    }
}
