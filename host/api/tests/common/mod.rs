//! A platform to test against: real store, queue, bus and objects; only the worker is
//! a stand-in. Two tenants, and the provider.

pub mod authenticator;
pub mod browser;
pub mod idp;
pub mod made;
pub mod target;
pub mod web;
pub mod worker;

use axum::Router;
use axum::body::Body;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use bifrost_api::ApiState;
use bifrost_core::ports::Event;
use bifrost_core::*;
use bifrost_notify::Notifier;
use bifrost_oauth::OAuth;
use bifrost_signin::throttle::Rates;
use bifrost_signin::{Settings, SignIn};
use bifrost_store::executions::{self, Claimed, Ending, documents};
use bifrost_store::identity::{self, Bootstrap, NewKey};
use bifrost_store::invitations::{self, NewInvitation};
use bifrost_store::organizations::{self, NewOrganization};
use bifrost_store::users::{self, NewUser};
use bifrost_store::{Db, DirectoryObjects, InProcessBus, Keyring, Options, Sql};
use http::{HeaderMap, Method, Request, StatusCode};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use tower::ServiceExt;
use web::FakeWeb;
use worker::FakeWorker;

/// Where browsers see the platform.
pub const PUBLIC_URL: &str = "http://localhost:8400";

/// What every scope has deployed.
pub const WORKFLOWS: &str = "async def hello(name, count: int?, tags: list?):\nasync def choices_of_site():\nasync def nightly():\n\
     class Acme(WebhookAdapter): # subscribes\nclass Plain(WebhookAdapter):\n";

/// A key and whose it is.
#[derive(Clone)]
pub struct Key {
    pub token: String,
    pub user: UserId,
}

/// A tenant with its people.
pub struct Tenant {
    pub id: OrganizationId,
    pub user: Key,
    pub admin: Key,
}

/// Everything behind one router.
pub struct Platform {
    pub router: Router,
    pub state: ApiState,
    pub worker: Arc<FakeWorker>,
    pub provider: OrganizationId,
    pub root: Key,
    pub own: Tenant,
    pub foreign: Tenant,
    _dir: tempfile::TempDir,
}

/// An answer, with its body as JSON where it is.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub text: String,
    pub body: Value,
}

/// A request in the making.
pub struct Call<'a> {
    platform: &'a Platform,
    method: Method,
    path: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Call<'_> {
    pub fn key(self, key: &Key) -> Self {
        let token = format!("Bearer {}", key.token);
        self.header("authorization", &token)
    }

    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    pub fn organization(self, id: OrganizationId) -> Self {
        self.header("x-bifrost-organization", &id.to_string())
    }

    pub fn json(self, body: Value) -> Self {
        self.raw(body.to_string()).header("content-type", "application/json")
    }

    pub fn raw(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self
    }

    pub async fn send(self) -> Answer {
        let mut request = Request::builder().method(self.method).uri(self.path);
        for (name, value) in self.headers {
            request = request.header(name, value);
        }
        let request = request.body(Body::from(self.body)).expect("a valid request");
        let response = self.platform.router.clone().oneshot(request).await.expect("infallible");
        let (parts, body) = response.into_parts();
        let bytes = body.collect().await.expect("a whole body").to_bytes();
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let body = serde_json::from_str(&text).unwrap_or(Value::Null);
        Answer { status: parts.status, headers: parts.headers, text, body }
    }
}

impl Answer {
    /// The body of an answer with this status; fails with the body otherwise.
    #[track_caller]
    pub fn expect(self, status: u16) -> Value {
        assert_eq!(self.status.as_u16(), status, "{}", self.text);
        self.body
    }
}

/// The files of a deploy.
pub fn files(files: &[(&str, &str)]) -> Value {
    files.iter().map(|(path, text)| ((*path).to_owned(), json!(BASE64_STANDARD.encode(text)))).collect()
}

async fn tenant(db: &Db, name: &str) -> Tenant {
    let new = NewOrganization { name: name.into(), ..Default::default() };
    let id = organizations::create(db, new).await.expect("organization").id;
    let user = key(db, id, &format!("user@{name}.example"), Role::OrgUser).await;
    let admin = key(db, id, &format!("admin@{name}.example"), Role::OrgAdmin).await;
    Tenant { id, user, admin }
}

/// A new user with a key.
pub async fn key(db: &Db, organization: OrganizationId, email: &str, role: Role) -> Key {
    let org = db.org(organization);
    let user = users::create(&org, NewUser::person(email, "", role)).await.expect("user").id;
    let new = NewKey { user, name: "test".into(), role, permissions: None, expires_at: None };
    let (_, token) = identity::create_key(&org, new).await.expect("key");
    Key { token, user }
}

impl Platform {
    /// What waits to be put into the audit log's chains, oldest first.
    pub async fn audited(&self) -> Vec<Value> {
        let mut tx = self.state.db.system().read().await.expect("a reader");
        let rows = tx.all(Sql::new("SELECT entry FROM audit_outbox ORDER BY id")).await.expect("rows");
        let text = |row: &bifrost_store::Row| row.get::<String>("entry").expect("text");
        rows.iter().map(|row| serde_json::from_str(&text(row)).expect("json")).collect()
    }

    /// Invites somebody into the own organization; answers the token.
    pub async fn invite(&self, email: &str, name: &str, role: Role) -> String {
        let new = NewInvitation {
            email: email.into(),
            name: name.into(),
            role,
            roles: vec![],
            expires_at: bifrost_store::now() + invitations::DEFAULT_LIFE,
        };
        invitations::create(&self.state.db.org(self.own.id), new).await.expect("invited").1
    }

    /// Empty but for its people.
    pub async fn new() -> Self {
        let dir = tempfile::tempdir().expect("a directory");
        let url = format!("sqlite:{}", dir.path().join("test.db").display());
        let db = Db::open(&url, Options::default()).await.expect("a database");
        let first = Bootstrap {
            organization: "Provider".into(),
            email: "root@provider.example".into(),
            name: "Root".into(),
        };
        let first = identity::bootstrap(&db, first).await.expect("bootstrap").expect("an empty database");
        let (own, foreign) = (tenant(&db, "own").await, tenant(&db, "foreign").await);
        let worker = Arc::new(FakeWorker::default());
        let keyring = Keyring::from_bytes([7; 32]);
        // Tests ask faster than people.
        let rates = Rates { sign_in: 0, ..Rates::default() };
        let settings = Settings { rates, ..Settings::at(PUBLIC_URL).expect("an address") };
        let (bus, web) = (Arc::new(InProcessBus::new()), Arc::new(FakeWeb::default()));
        let oauth = OAuth::new(db.clone(), keyring.clone(), bus.clone(), web.clone(), "test".into());
        let notifier = Notifier::new(db.clone(), keyring.clone(), web, None, PUBLIC_URL).expect("a notifier");
        let state = ApiState {
            sign_in: SignIn::new(db.clone(), keyring.clone(), settings, None).expect("signing in"),
            db,
            keyring,
            bus,
            oauth,
            notifier,
            objects: Arc::new(DirectoryObjects::open(dir.path().join("objects")).await.expect("objects")),
            worker: worker.clone(),
            operations: bifrost_api::Operations::default(),
        };
        Self {
            router: bifrost_api::router(state.clone()),
            state,
            worker,
            provider: first.organization.id,
            root: Key { token: first.token, user: first.user.id },
            own,
            foreign,
            _dir: dir,
        }
    }

    /// The same with other parts behind it.
    pub fn with(self, state: ApiState) -> Self {
        Self { router: bifrost_api::router(state.clone()), state, ..self }
    }

    /// With [`WORKFLOWS`] deployed for both tenants and globally.
    pub async fn deployed() -> Self {
        let platform = Self::new().await;
        let body = json!({ "files": files(&[("flows.py", WORKFLOWS)]), "message": "first" });
        for key in [&platform.own.admin, &platform.foreign.admin, &platform.root] {
            platform.post("/api/workspace/deploy").key(key).json(body.clone()).send().await.expect(200);
        }
        platform
    }

    pub fn call(&self, method: Method, path: impl Into<String>) -> Call<'_> {
        Call { platform: self, method, path: path.into(), headers: Vec::new(), body: Vec::new() }
    }

    pub fn get(&self, path: impl Into<String>) -> Call<'_> {
        self.call(Method::GET, path)
    }

    pub fn post(&self, path: impl Into<String>) -> Call<'_> {
        self.call(Method::POST, path)
    }

    /// Starts `hello` and answers its id.
    pub async fn start(&self, key: &Key) -> ExecutionId {
        let body = json!({ "workflow_id": "hello", "input_data": { "name": "Ada" } });
        let answer = self.post("/api/workflows/execute").key(key).json(body).send().await.expect(202);
        answer["execution_id"].as_str().expect("an id").parse().expect("a uuid")
    }

    /// Claims the oldest run that waits, as dispatcher and worker do.
    pub async fn claim(&self) -> Claimed {
        loop {
            let tickets = executions::pending_tickets(&self.state.db).await.expect("tickets");
            // One whose organization has as many as it may, or that was cancelled, is refused.
            for ticket in tickets {
                let claimed = executions::claim(&self.state.db, ticket, "test", 60).await.expect("claim");
                if let Some(claimed) = claimed {
                    return claimed;
                }
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }

    /// Ends every run at once with a list, for ever.
    pub async fn run_everything(&self) {
        loop {
            let run = self.claim().await;
            self.finish(&run, success(json!(["a", { "label": "B", "value": 2 }])), true).await;
        }
    }

    /// Writes log lines down and, if asked, onto the bus.
    pub async fn log(&self, run: &Claimed, lines: Vec<LogLine>, live: bool) {
        executions::append_logs(&self.state.db, run.execution.id, run.token, lines.clone())
            .await
            .expect("logs");
        if live {
            for line in lines {
                self.publish_line(run, &line).await;
            }
        }
    }

    /// A line on the bus only.
    pub async fn publish_line(&self, run: &Claimed, line: &LogLine) {
        let mut payload = json!(line);
        payload["type"] = "execution_log".into();
        payload["execution_id"] = json!(run.execution.id);
        self.publish(run, payload).await;
    }

    /// Ends a run as a runner does and, if asked, says so on the bus.
    pub async fn finish(&self, run: &Claimed, outcome: Outcome, live: bool) {
        let (status, mut outcome) = (outcome.status, outcome);
        let stored = documents::offload(self.state.objects.as_ref(), &run.execution, &mut outcome).await;
        let ending = Ending { stored, ..Ending::of(outcome) };
        let done =
            executions::end(&self.state.db, run.execution.id, run.token, ending).await.expect("finish");
        assert!(done.is_some(), "the lease was lost");
        if live {
            let id = run.execution.id;
            self.publish(run, json!({ "type": "execution_update", "execution_id": id, "status": status }))
                .await;
        }
    }

    async fn publish(&self, run: &Claimed, payload: Value) {
        self.state.bus.publish(Event { channel: format!("execution:{}", run.execution.id), payload }).await;
    }
}

/// A good end.
pub fn success(result: Value) -> Outcome {
    let mut outcome = Outcome::ended(Status::Success, "", "");
    outcome.error = None;
    outcome.error_type = None;
    outcome.result = Some(result);
    outcome.result_type = Some(ResultType::Json);
    outcome.duration_ms = 12;
    outcome
}

/// An exception that was not meant for users.
pub fn failure() -> Outcome {
    let mut outcome = Outcome::ended(Status::Failed, "KeyError", "'customer_table'");
    outcome.error_for_user = false;
    outcome.traceback = Some("Traceback (most recent call last):".into());
    outcome.variables = Some(json!({ "token": "abc" }));
    outcome
}

/// A line of a log.
pub fn line(sequence: i64, level: LogLevel) -> LogLine {
    LogLine {
        sequence,
        timestamp: bifrost_store::now(),
        level,
        logger: "flows".into(),
        message: format!("line {sequence}"),
    }
}
