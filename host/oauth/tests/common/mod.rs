//! An organization with a connection, and a server that counts.

use async_trait::async_trait;
use bifrost_core::integration::{Schema, Values};
use bifrost_core::ports::{Answer, Bus, Post, Web};
use bifrost_core::*;
use bifrost_oauth::OAuth;
use bifrost_store::identity::{self, Bootstrap};
use bifrost_store::integrations::connections::{self, NewConnection};
use bifrost_store::integrations::renewal::{self, Fresh};
use bifrost_store::integrations::{Connection, Current, NewIntegration, Tokens, definitions};
use bifrost_store::organizations::{self, NewOrganization};
use bifrost_store::{Db, Keyring, Scoped, Sql};
use chrono::TimeDelta;
use serde_json::{Value, json};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use zeroize::Zeroizing;

const URL: &str = "https://login.example/token";

/// Makes each function `async fn(Db)` a test on SQLite and on PostgreSQL.
macro_rules! on_both {
    ($($name:ident),+ $(,)?) => {
        mod sqlite {$(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                let folder = tempfile::tempdir().unwrap();
                let url = format!("sqlite:{}", folder.path().join("test.db").display());
                super::$name(bifrost_store::Db::open(&url, Default::default()).await.unwrap()).await;
            }
        )+}
        mod postgres {$(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                let database = bifrost_test_services::Database::create("oauth").await.unwrap();
                let db = bifrost_store::Db::open(database.url(), Default::default()).await.unwrap();
                let task = tokio::spawn(super::$name(db.clone())).await;
                db.close().await;
                database.finish().await.unwrap();
                task.unwrap();
            }
        )+}
    };
}
pub(crate) use on_both;

/// A token endpoint.
#[derive(Default)]
pub struct Server {
    /// A refresh token is good once.
    pub rotates: bool,
    /// Before an answer.
    pub pause: Duration,
    /// How often it was asked.
    pub requests: AtomicUsize,
    /// How often with a refresh token of before.
    pub reused: AtomicUsize,
    /// Its next answer is lost on the way.
    pub loses_next: AtomicBool,
    pub latest: AtomicUsize,
    pub instead: Mutex<Option<(u16, Value)>>,
    pub said: Mutex<Vec<String>>,
}

impl Server {
    /// Answers everything with this.
    pub fn answers(&self, status: u16, body: Value) {
        *self.instead.lock().unwrap() = Some((status, body));
    }

    pub fn answers_again(&self) {
        *self.instead.lock().unwrap() = None;
    }

    /// The forms that it got.
    pub fn said(&self) -> Vec<String> {
        self.said.lock().unwrap().clone()
    }

    fn answer(&self, form: &Post) -> (u16, Value) {
        let number = self.requests.fetch_add(1, SeqCst) + 1;
        self.said.lock().unwrap().push(form.body.clone());
        if let Some(instead) = self.instead.lock().unwrap().clone() {
            return instead;
        }
        let known = format!("refresh_token=refresh-{}", self.latest.load(SeqCst));
        if self.rotates && !form.body.split('&').any(|pair| pair == known) {
            self.reused.fetch_add(1, SeqCst);
            return (400, json!({ "error": "invalid_grant" }));
        }
        let mut body = json!({ "access_token": format!("access-{number}"), "token_type": "Bearer", "expires_in": 3_600 });
        if self.rotates {
            self.latest.store(number, SeqCst);
            body["refresh_token"] = format!("refresh-{number}").into();
        }
        (200, body)
    }
}

#[async_trait]
impl Web for Server {
    async fn post(&self, _: Scope, form: Post) -> Result<Answer> {
        assert_eq!(form.url, URL);
        let (status, body) = self.answer(&form);
        if self.loses_next.swap(false, SeqCst) {
            std::future::pending::<()>().await;
        }
        // Time enough for the others to come.
        tokio::time::sleep(self.pause.max(Duration::from_millis(20))).await;
        Ok(Answer { status, body: body.to_string().into_bytes() })
    }
}

pub struct World {
    pub db: Db,
    pub scope: Scope,
    pub id: ConnectionId,
    pub server: Arc<Server>,
}

pub fn keys() -> Keyring {
    Keyring::from_bytes([3; 32])
}

pub fn fresh(access: &str, refresh: Option<&str>) -> Fresh {
    let from = bifrost_store::now();
    let tokens = Tokens {
        token_url: URL.into(),
        access_token: Some(Zeroizing::new(access.into())),
        refresh_token: refresh.map(|token| Zeroizing::new(token.into())),
        scope: None,
    };
    Fresh { tokens, from, until: Some(from + TimeDelta::hours(1)), has_refresh: refresh.is_some() }
}

pub fn access_token(current: &Current) -> String {
    current.tokens.as_ref().unwrap().access_token.as_ref().unwrap().to_string()
}

pub fn code(error: &Error) -> &'static str {
    match error {
        Error::Conflict { code, .. } => code,
        other => panic!("expected a conflict, got {other:?}"),
    }
}

pub fn reason(error: Error) -> String {
    match error {
        Error::Conflict { message, .. } => message,
        other => panic!("expected a conflict, got {other:?}"),
    }
}

impl World {
    /// A connection with the token `access-0` and the refresh token `refresh-0`.
    pub async fn new(db: Db, server: Server) -> Self {
        let world = Self::with_flow(db, server, OAuthFlow::AuthorizationCode).await;
        world.connect(fresh("access-0", Some("refresh-0"))).await;
        world
    }

    /// A connection without tokens, in a new organization.
    pub async fn with_flow(db: Db, server: Server, flow: OAuthFlow) -> Self {
        let first = Bootstrap { organization: "P".into(), email: "a@p.test".into(), name: "A".into() };
        identity::bootstrap(&db, first).await.unwrap();
        let new = NewOrganization { name: "O".into(), ..NewOrganization::default() };
        let organization = organizations::create(&db, new).await.unwrap().id;
        let org = db.org(organization);
        let new = NewIntegration {
            name: "crm".into(),
            description: String::new(),
            schema: Schema::default(),
            config: Values::new(),
            oauth: Some(OAuthSettings {
                flow,
                client_id: "client".into(),
                authorization_url: Some("https://login.example/authorize".into()),
                token_url: URL.into(),
                scopes: vec!["read".into()],
                client_authentication: ClientAuthentication::Body,
                parameters: [].into(),
                default_lifetime_seconds: 3_600,
            }),
            client_secret: Some(Zeroizing::new("secret".into())),
            created_by: UserId::new(),
        };
        definitions::create(&org, &keys(), new).await.unwrap();
        let made = connections::create(&org, &keys(), "crm", NewConnection::default(), UserId::new()).await;
        let id = made.unwrap().id;
        Self { db, scope: Scope::Organization(organization), id, server: Arc::new(server) }
    }

    /// A process of its own over the same database.
    pub fn process(&self, name: &str, bus: Arc<dyn Bus>) -> OAuth {
        OAuth::new(self.db.clone(), keys(), bus, self.server.clone(), name.into())
    }

    fn org(&self) -> Scoped {
        self.db.scope(self.scope)
    }

    pub async fn connect(&self, fresh: Fresh) {
        renewal::connect(&self.org(), &keys(), self.id, fresh, UserId::new()).await.unwrap();
    }

    pub async fn connection(&self) -> Connection {
        connections::get(&self.org(), self.id).await.unwrap()
    }

    async fn set(&self, what: &str, times: &[chrono::DateTime<chrono::Utc>]) {
        let mut sql = Sql::new(format!("UPDATE oauth_connections SET {what} WHERE id = $1")).bind(self.id);
        for time in times {
            sql = sql.bind(*time);
        }
        let changed = self.org().write(move |tx| Box::pin(async move { tx.execute(sql).await })).await;
        assert_eq!(changed.unwrap(), 1);
    }

    /// Now is the moment at which the token expires.
    pub async fn expire(&self) {
        let now = bifrost_store::now();
        self.set("refreshed_at = $2, expires_at = $3", &[now - TimeDelta::hours(1), now]).await;
    }

    /// As if its token had been got so long ago.
    pub async fn age(&self, age: TimeDelta) {
        self.set("refreshed_at = $2", &[bifrost_store::now() - age]).await;
    }

    /// As if the pause after a failure were over.
    pub async fn due(&self) {
        self.set("refresh_at = $2", &[bifrost_store::now()]).await;
    }

    /// As if the time of a lease were over.
    pub async fn end_lease(&self) {
        self.set("lease_until = $2", &[bifrost_store::now() - TimeDelta::seconds(1)]).await;
    }

    /// Events that people are told of about this connection.
    pub async fn broken(&self) -> i64 {
        let sql =
            Sql::new("SELECT COUNT(*) AS n FROM notification_events WHERE kind = $1 AND subject_id = $2");
        let sql = sql.bind("connection_broken").bind(self.id.0);
        self.db.system().read().await.unwrap().one(sql).await.unwrap().get("n").unwrap()
    }

    /// Entries of the audit log about this connection.
    pub async fn audited(&self, action: &str) -> usize {
        let mut tx = self.db.system().read().await.unwrap();
        let rows = tx.all(Sql::new("SELECT entry FROM audit_outbox")).await.unwrap();
        let entries = rows.iter().map(|row| row.get::<String>("entry").unwrap());
        let target = self.id.to_string();
        entries.filter(|entry| entry.contains(action) && entry.contains(&target)).count()
    }
}
