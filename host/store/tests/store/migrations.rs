//! A database as the first landed state had it, with rows in all of its tables, is brought up to
//! date, and everything in it goes on from there.

use crate::common::Place;
use crate::common::*;
use bifrost_core::ports::Ticket;
use bifrost_core::*;
use bifrost_store::notifications::rules;
use bifrost_store::{
    Db, Engine, Keyring, Options, Sql, config, executions, identity, migrate, organizations, workflows,
    workspaces,
};
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{Key, XChaCha20Poly1305, XNonce};
use chrono::{DateTime, Utc};
use futures::FutureExt;
use serde_json::{Value, json};
use sqlx::migrate::Migrator;
use sqlx::postgres::PgConnectOptions;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection, Executor};
use std::panic::AssertUnwindSafe;
use std::path::Path;
use std::str::FromStr;
use uuid::Uuid;

const MASTER: [u8; 32] = [9; 32];
const TOKEN: &str = "bfr_of-the-first-state";
// Documents as they were written then.
const LIMITS: &str = r#"{"memory_bytes":268435456,"wall_ms":1800000,"fuel":5400000000000,"log_bytes":10485760,
  "log_line_bytes":65536,"result_bytes":8388608,"parameters_bytes":1048576,"http_calls":1000,"http_concurrent":20,
  "http_body_bytes":33554432,"host_resources":10000}"#;
const INFO: &str = r#"{"id":"a.py::sync","path":"a.py","function":"sync","line":3,"name":"sync","description":"",
  "kind":"workflow","category":"","tags":[],"parameters":[{"name":"n","type":"int","label":"N","required":false}],
  "defaults":{},"accepts_kwargs":false}"#;
const SETTINGS: [(&str, &str, ConfigType); 6] = [
    ("url", r#""https://a.test""#, ConfigType::String),
    ("retries", "-3", ConfigType::Int),
    ("active", "true", ConfigType::Bool),
    ("ratio", "0.5", ConfigType::Json),
    ("map", r#"{"b": 1, "a": [null]}"#, ConfigType::Json),
    ("nothing", "null", ConfigType::Json),
];

/// What was there, by id.
struct Old {
    engine: Engine,
    provider: OrganizationId,
    org: OrganizationId,
    user: UserId,
    key: KeyId,
    workspace: WorkspaceId,
    version: VersionId,
    workflow: WorkflowId,
    /// One in each status, in the order of [`Status::ALL`].
    runs: [ExecutionId; 10],
    at: DateTime<Utc>,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sqlite_database_of_the_first_state_goes_on() {
    on(Place::sqlite(), Engine::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_postgres_database_of_the_first_state_goes_on() {
    on(Place::postgres().await, Engine::Postgres).await;
}

async fn on(place: Place, engine: Engine) {
    let result = AssertUnwindSafe(goes_on(&place.url, engine)).catch_unwind().await;
    place.remove().await;
    if let Err(panic) = result {
        std::panic::resume_unwind(panic);
    }
}

async fn goes_on(url: &str, engine: Engine) {
    let old = Old::new(engine);
    old.write(url).await;
    let plan = migrate::run(url).await.unwrap();
    assert_eq!((plan.from, plan.pending.len() > 10), (1, true), "{plan:?}");
    assert!(migrate::plan(url).await.unwrap().pending.is_empty());

    let db = Db::open(url, Options { connections: 8, ..Options::default() }).await.unwrap();
    old.tenants_are_there(&db).await;
    old.settings_are_there(&db).await;
    old.code_is_there(&db).await;
    old.runs_are_there(&db).await;
    old.runs_go_on(&db).await;
    old.new_things_can_be_made(&db).await;
    db.close().await;
}

impl Old {
    fn new(engine: Engine) -> Self {
        Self {
            engine,
            provider: OrganizationId::new(),
            org: OrganizationId::new(),
            user: UserId::new(),
            key: KeyId::new(),
            workspace: WorkspaceId::new(),
            version: VersionId::new(),
            workflow: WorkflowId::new(),
            runs: std::array::from_fn(|_| ExecutionId::new()),
            at: "2026-01-02T03:04:05.678901Z".parse().unwrap(),
        }
    }

    fn run(&self, status: Status) -> ExecutionId {
        self.runs[Status::ALL.iter().position(|one| *one == status).unwrap()]
    }

    fn id(&self, id: Uuid) -> String {
        match self.engine {
            Engine::Sqlite => format!("x'{}'", id.simple()),
            Engine::Postgres => format!("'{id}'"),
        }
    }

    fn bytes(&self, bytes: &[u8]) -> String {
        let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        match self.engine {
            Engine::Sqlite => format!("x'{hex}'"),
            Engine::Postgres => format!(r"'\x{hex}'"),
        }
    }

    fn time(&self) -> String {
        match self.engine {
            Engine::Sqlite => self.at.timestamp_micros().to_string(),
            Engine::Postgres => format!("'{}'", self.at.to_rfc3339()),
        }
    }

    /// Makes the tables of the first state, by its only migration, and the rows.
    async fn write(&self, url: &str) {
        let engine = if self.engine == Engine::Sqlite { "sqlite" } else { "postgres" };
        let name = "0001_platform.sql";
        let migrations = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../migrations").join(engine);
        let folder = tempfile::tempdir().unwrap();
        std::fs::copy(migrations.join(name), folder.path().join(name)).unwrap();
        let first = Migrator::new(folder.path()).await.unwrap();
        let rows = self.rows();
        match url.strip_prefix("sqlite:") {
            Some(path) => {
                let options = SqliteConnectOptions::new().filename(path).create_if_missing(true);
                let mut connection = options.foreign_keys(true).connect().await.unwrap();
                first.run_direct(&mut connection).await.unwrap();
                connection.execute(sqlx::raw_sql(&rows)).await.unwrap();
                connection.close().await.unwrap();
            }
            None => {
                let mut connection = PgConnectOptions::from_str(url).unwrap().connect().await.unwrap();
                first.run_direct(&mut connection).await.unwrap();
                connection.execute(sqlx::raw_sql("SET bifrost.org = '*'")).await.unwrap();
                connection.execute(sqlx::raw_sql(&rows)).await.unwrap();
                connection.close().await.unwrap();
            }
        }
    }

    fn rows(&self) -> String {
        let [provider, org, user] = [self.provider.0, self.org.0, self.user.0].map(|id| self.id(id));
        let [key, workspace, version, workflow] =
            [self.key.0, self.workspace.0, self.version.0, self.workflow.0].map(|id| self.id(id));
        let (at, hash) = (self.time(), self.bytes(&identity::hash(TOKEN)));
        let mut sql = format!(
            "INSERT INTO organizations (id, name, domain, is_provider, limits, created_at) VALUES
               ({provider}, 'Provider', NULL, true, '{LIMITS}', {at}), ({org}, 'Org', 'org.test', false, '{LIMITS}', {at});
             INSERT INTO users (id, organization_id, email, name, created_at)
               VALUES ({user}, {org}, 'user@org.test', 'User', {at});
             INSERT INTO api_keys (id, organization_id, user_id, name, prefix, hash, role, created_at)
               VALUES ({key}, {org}, {user}, 'first', 'bfr_of-the', {hash}, 'org_admin', {at});
             INSERT INTO workspaces (id, organization_id, active_version_id, created_at)
               VALUES ({workspace}, {org}, {version}, {at});
             INSERT INTO versions (id, workspace_id, organization_id, number, source_hash, object_key, state, message,
                 created_by, created_at, workflow_count, error_count, report)
               VALUES ({version}, {workspace}, {org}, 1, 'h1', 'sources/h1', 'active', 'the first', {user}, {at}, 1, 0,
                 '{{\"workflows\":[{INFO}],\"errors\":[],\"warnings\":[]}}');
             INSERT INTO workflows (id, workspace_id, organization_id, path, function, name, kind, retry_on_loss,
                 created_at, updated_at, info)
               VALUES ({workflow}, {workspace}, {org}, 'a.py', 'sync', 'sync', 'workflow', true, {at}, {at}, '{INFO}');
             INSERT INTO workflow_references (id, workflow_id, organization_id, kind, label, created_at)
               VALUES ({version}, {workflow}, {org}, 'schedule', 'every night', {at});"
        );
        for (key, value, _) in SETTINGS {
            sql += &format!(
                "INSERT INTO config (organization_id, key, is_secret, value, updated_at, updated_by)
                   VALUES ({org}, '{key}', false, '{value}', {at}, {user});"
            );
        }
        let data = [3u8; 32];
        let wrapped = self.bytes(&seal(MASTER, b"bifrost data key", self.org.0, "", &data));
        let sealed = self.bytes(&seal(data, b"bifrost config 1", self.org.0, "token", br#""s3cret""#));
        sql += &format!(
            "INSERT INTO data_keys (organization_id, version, wrapped, created_at) VALUES ({org}, 1, {wrapped}, {at});
             INSERT INTO config (organization_id, key, is_secret, ciphertext, key_version, updated_at)
               VALUES ({org}, 'token', true, {sealed}, 1, {at});"
        );
        Status::ALL.into_iter().for_each(|status| sql += &self.row_of_a_run(status));
        sql
    }

    fn row_of_a_run(&self, status: Status) -> String {
        let [id, org, workflow, version, user] =
            [self.run(status).0, self.org.0, self.workflow.0, self.version.0, self.user.0]
                .map(|id| self.id(id));
        let (at, name) = (self.time(), status.as_str());
        let begun = !matches!(status, Status::Scheduled | Status::Pending);
        let leased = begun && !status.is_terminal();
        let null = || "NULL".to_owned();
        let when = |is: bool| if is { at.clone() } else { null() };
        let (result, kind) =
            if status == Status::Success { (r#"'{"n": 2}'"#, "'json'") } else { ("NULL", "NULL") };
        let (error, error_type) =
            if status == Status::Failed { ("'no such thing'", "'ValueError'") } else { ("NULL", "NULL") };
        let attempt = i32::from(begun);
        let worker = if leased { "'a worker of then'".to_owned() } else { null() };
        let mut sql = format!(
            "INSERT INTO executions (id, organization_id, workflow_id, workflow_name, version_id, status, attempt,
                 retry_on_loss, executed_by, executed_by_email, executed_by_name, created_at, started_at, completed_at,
                 idempotency_key, lease_token, lease_worker, lease_until, result_type, error_type, error, parameters, result)
               VALUES ({id}, {org}, {workflow}, 'sync', {version}, '{name}', {attempt},
                 true, {user}, 'user@org.test', 'User', {at}, {started}, {completed},
                 'key of {name}', {attempt}, {worker}, {until}, {kind}, {error_type}, {error}, '{{\"n\": 1}}', {result});",
            started = when(begun),
            completed = when(status.is_terminal()),
            until = when(leased),
        );
        for sequence in 1..=2 * attempt {
            sql += &format!(
                "INSERT INTO execution_logs (execution_id, sequence, organization_id, timestamp, level, logger, message)
                   VALUES ({id}, {sequence}, {org}, {at}, 20, 'root', 'line {sequence}');"
            );
        }
        sql
    }

    async fn tenants_are_there(&self, db: &Db) {
        let org = organizations::get(&db.org(self.org), self.org).await.unwrap();
        assert_eq!((org.name.as_str(), org.domain.as_deref()), ("Org", Some("org.test")));
        assert_eq!(org.limits, Limits::default(), "fuel is time of the processor now");
        assert!(org.is_active && !org.requires_review && !org.is_offboarding);
        assert_eq!(organizations::provider(db).await.unwrap(), self.provider);
        let caller = identity::authenticate(db, TOKEN).await.unwrap().expect("the key still opens");
        assert_eq!(
            (caller.user, caller.organization, caller.role),
            (self.user, self.org, bifrost_core::Role::OrgAdmin)
        );
        assert_eq!(caller.ceiling, Permissions::all());
        for org in [self.org, self.provider] {
            assert_eq!(rules::list(&db.org(org)).await.unwrap().len(), 5, "rules that all begin with");
        }
    }

    async fn settings_are_there(&self, db: &Db) {
        let (org, keys) = (db.org(self.org), Keyring::from_bytes(MASTER));
        for (key, value, kind) in SETTINGS {
            let entry = config::get(&org, &keys, key, false).await.unwrap().expect(key);
            let value: Value = serde_json::from_str(value).unwrap();
            assert_eq!((entry.kind, entry.value), (kind, Some(value)), "{key}");
        }
        let secret = config::get(&org, &keys, "token", false).await.unwrap().expect("token");
        assert_eq!((secret.kind, secret.value), (ConfigType::Secret, Some(json!("s3cret"))));
        assert_eq!(config::list(&db.org(self.provider)).await.unwrap(), []);
    }

    async fn code_is_there(&self, db: &Db) {
        let org = db.org(self.org);
        let (version, report) = workspaces::version(&org, 1).await.unwrap();
        assert_eq!((version.id, version.own_key.as_str()), (self.version, "sources/h1"));
        assert!(version.is_active && version.review.is_none() && version.shared_hash.is_none());
        let info: WorkflowInfo = serde_json::from_str(INFO).unwrap();
        assert_eq!(report.workflows, std::slice::from_ref(&info));
        let workflow = workflows::find(&org, "sync").await.unwrap();
        assert_eq!((workflow.id, workflow.version_id, workflow.info), (self.workflow, self.version, info));
        let sql = Sql::new("SELECT activated_at FROM versions WHERE id = $1").bind(self.version);
        let row = db.system().read().await.unwrap().one(sql).await.unwrap();
        assert_eq!(row.get::<DateTime<Utc>>("activated_at").unwrap(), self.at);
    }

    async fn runs_are_there(&self, db: &Db) {
        let org = db.org(self.org);
        for status in Status::ALL {
            let run = executions::get(&org, self.run(status)).await.unwrap();
            assert_eq!((run.status, &run.parameters), (status, &json!({"n": 1})));
            assert_eq!((run.executed_by, run.executed_by_role), (self.user, bifrost_core::Role::OrgUser));
            assert_eq!((run.created_at, run.executed_by_ceiling), (self.at, Permissions::all()));
            assert_eq!(run.outcome.is_some(), status.is_terminal());
            let lines = executions::logs(&org, &NoObjects, run.id, 0, 10, None).await.unwrap();
            let texts: Vec<_> = lines.iter().map(|line| line.message.as_str()).collect();
            assert_eq!(texts, ["line 1", "line 2"][..2 * usize::from(run.attempt > 0)], "{status:?}");
            let foreign = executions::get(&db.org(self.provider), run.id).await;
            assert!(matches!(foreign, Err(Error::NotFound("execution"))));
        }
        let done = executions::get(&org, self.run(Status::Success)).await.unwrap().outcome.unwrap();
        assert_eq!((done.result, done.result_type), (Some(json!({"n": 2})), Some(ResultType::Json)));
    }

    async fn runs_go_on(&self, db: &Db) {
        let [pending, running, waiting, cancelling] =
            [Status::Pending, Status::Running, Status::Waiting, Status::Cancelling].map(|one| self.run(one));
        let backlog = executions::backlog(db, 10).await.unwrap();
        let tickets: Vec<_> = backlog.waiting.iter().flat_map(|line| line.tickets.clone()).collect();
        assert_eq!(tickets, [Ticket { execution: pending, attempt: 1 }]);
        self.ends(db, pending, 1, 1).await;

        // Their workers ended with the program of then.
        let mut swept = executions::expired_leases(db, bifrost_store::now()).await.unwrap();
        swept.tickets.sort_by_key(|ticket| ticket.execution);
        let mut again = [running, waiting].map(|execution| Ticket { execution, attempt: 2 });
        again.sort_by_key(|ticket| ticket.execution);
        assert_eq!(
            (swept.tickets, swept.failed, swept.cancelled),
            (again.to_vec(), vec![], vec![cancelling])
        );
        for run in [running, waiting] {
            assert!(
                !executions::finish(db, run, 1, success(json!("late"))).await.unwrap(),
                "a token of then"
            );
            self.ends(db, run, 2, 3).await;
        }
        let scheduled = self.run(Status::Scheduled);
        let cancelled = executions::request_cancel(&db.org(self.org), scheduled).await.unwrap();
        assert_eq!(cancelled, Status::Cancelled);
    }

    /// Claims this attempt of a run, whose log goes on at a sequence, and ends it.
    async fn ends(&self, db: &Db, run: ExecutionId, attempt: i32, sequence: i64) {
        let ticket = Ticket { execution: run, attempt };
        let claimed = executions::claim(db, ticket, "worker", 60).await.unwrap().expect("waits");
        assert_eq!((claimed.source_hash.as_str(), claimed.object_key.as_str()), ("h1", "sources/h1"));
        assert_eq!((claimed.next_sequence, &claimed.limits), (sequence, &Limits::default()));
        assert_eq!(claimed.workspace, Scope::Organization(self.org));
        let lines = vec![line(sequence, LogLevel::Info, "goes on")];
        assert!(executions::append_logs(db, run, claimed.token, lines).await.unwrap());
        assert!(executions::finish(db, run, claimed.token, success(json!(attempt))).await.unwrap());
        let org = db.org(self.org);
        let ended = executions::get(&org, run).await.unwrap();
        assert_eq!((ended.status, ended.outcome.unwrap().result), (Status::Success, Some(json!(attempt))));
        let last = executions::logs(&org, &NoObjects, run, sequence - 1, 10, None).await.unwrap();
        assert_eq!(last.iter().map(|line| line.message.as_str()).collect::<Vec<_>>(), ["goes on"]);
    }

    async fn new_things_can_be_made(&self, db: &Db) {
        let org = db.org(self.org);
        let mut new = new_execution(self.workflow, self.user);
        new.parameters = json!({"n": 1});
        new.idempotency_key = Some("key of Success".into());
        let same = executions::accept(&org, new.clone()).await.unwrap();
        assert_eq!((same.is_new, same.execution.id), (false, self.run(Status::Success)));
        new.idempotency_key = Some("another".into());
        let run = executions::accept(&org, new).await.unwrap().execution;
        self.ends(db, run.id, 1, 1).await;

        let mut second = deployment("h2", vec![info("b.py::other", "other")]);
        let refused = workspaces::deploy(&org, second.clone()).await.unwrap_err();
        assert_eq!(code(refused), "workflow_in_use", "a reference of then still holds");
        second.force = true;
        let deployed = workspaces::deploy(&org, second).await.unwrap();
        assert_eq!((deployed.version.number, deployed.removed), (2, vec!["a.py::sync".to_owned()]));
    }
}

/// As secrets were sealed by the first data key of a scope.
fn seal(key: [u8; 32], domain: &[u8; 16], scope: Uuid, name: &str, plain: &[u8]) -> Vec<u8> {
    let nonce = [7; 24];
    let context = [domain.as_slice(), scope.as_bytes(), &1i64.to_le_bytes(), name.as_bytes()].concat();
    let sealed = XChaCha20Poly1305::new(Key::from_slice(&key))
        .encrypt(XNonce::from_slice(&nonce), Payload { msg: plain, aad: &context })
        .unwrap();
    [nonce.as_slice(), &sealed].concat()
}
