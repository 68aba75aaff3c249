//! PostgreSQL with one role for tenants and one for the system, both made by the test: what
//! neither can do, whatever the program forgets.

use crate::common::*;
use bifrost_core::*;
use bifrost_store::config::{self, NewEntry};
use bifrost_store::sign_in::{passwords, totp};
use bifrost_store::{
    Access, Db, DirectoryObjects, InProcessBus, Keyring, Options, Sql, db_roles, executions, offboarding,
    rotation, shares,
};
use bifrost_test_services::Database;
use serde_json::json;
use sqlx::{Connection, Executor, PgConnection, Row};
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

/// Tables of the platform itself. All others have to belong to an organization.
const OF_NOBODY: [&str; 11] = [
    "_sqlx_migrations",
    "device_codes",
    "identity_providers",
    "key_rotations",
    "leaders",
    "offboardings",
    "platform_settings",
    "sign_in_failures",
    "sign_in_flows",
    "warm_versions",
    "workers",
];
const PASSWORD: &str = "isolation-test";

pub struct Separated {
    database: Database,
    pub superuser: PgConnection,
    roles: [String; 2],
    urls: [String; 2],
}

impl Separated {
    pub async fn new() -> Self {
        let database = Database::create("isolation").await.unwrap();
        let mut superuser = database.observe().await.unwrap();
        let unique = Uuid::now_v7().simple().to_string();
        let roles = ["tenants", "system"].map(|name| format!("bifrost_{name}_{unique}"));
        for role in &roles {
            let sql = format!("CREATE ROLE {role} LOGIN PASSWORD '{PASSWORD}'");
            superuser.execute(sql.as_str()).await.unwrap();
        }
        bifrost_store::migrate::run(database.url()).await.unwrap();
        db_roles::separate(database.url(), &roles[0], &roles[1]).await.unwrap();
        let (_, place) = database.url().rsplit_once('@').unwrap();
        let urls = [0, 1].map(|n| format!("postgres://{}:{PASSWORD}@{place}", roles[n]));
        Self { database, superuser, roles, urls }
    }

    async fn open(&self) -> Db {
        let options =
            Options { connections: 4, system_url: Some(self.urls[1].clone()), ..Options::default() };
        Db::open(&self.urls[0], options).await.unwrap()
    }

    /// Without rules about what a row may hold: that is not the question here; who sees it is.
    pub async fn without_constraints() -> Self {
        let mut separated = Self::new().await;
        let sql = "DO $$ DECLARE c record; BEGIN
          FOR c IN SELECT conrelid::regclass AS t, conname FROM pg_constraint
                   WHERE contype IN ('c', 'f') AND connamespace = 'public'::regnamespace LOOP
            EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', c.t, c.conname);
          END LOOP; END $$";
        separated.superuser.execute(sql).await.unwrap();
        separated
    }

    /// As one of the roles, in the scope that `bifrost.org` says.
    pub async fn connect(&self, role: usize, scope: &str) -> PgConnection {
        let mut connection = PgConnection::connect(&self.urls[role]).await.unwrap();
        sqlx::query("SELECT set_config('bifrost.org', $1, false)")
            .bind(scope)
            .execute(&mut connection)
            .await
            .unwrap();
        connection
    }

    pub async fn finish(mut self) {
        for role in &self.roles {
            self.superuser.execute(format!("DROP OWNED BY {role}").as_str()).await.unwrap();
            self.superuser.execute(format!("DROP ROLE {role}").as_str()).await.unwrap();
        }
        drop(self.superuser);
        self.database.finish().await.unwrap();
    }

    /// Every table, and whether its rows belong to an organization.
    async fn tables(&mut self) -> BTreeMap<String, bool> {
        let sql = "SELECT c.relname::text AS name, EXISTS (SELECT 1 FROM pg_attribute a WHERE a.attrelid = c.oid
                     AND a.attname = 'organization_id' AND NOT a.attisdropped) OR c.relname = 'organizations' AS owned
                   FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')";
        let rows = self.superuser.fetch_all(sql).await.unwrap();
        rows.iter().map(|row| (row.get("name"), row.get("owned"))).collect()
    }

    /// A row of an organization in a table, whatever its columns are; `None` for a global one.
    pub async fn fill(&mut self, table: &str, organization: Option<Uuid>) {
        let sql = self.insertion(table, organization).await;
        self.superuser.execute(sql.as_str()).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
    }

    /// The statement that adds such a row.
    pub async fn insertion(&mut self, table: &str, organization: Option<Uuid>) -> String {
        let sql = "SELECT column_name::text AS name, udt_name::text AS kind FROM information_schema.columns
                   WHERE table_schema = 'public' AND table_name = $1 AND is_nullable = 'NO'
                     AND is_generated = 'NEVER' AND is_identity = 'NO' AND column_default IS NULL";
        let columns = sqlx::query(sql).bind(table).fetch_all(&mut self.superuser).await.unwrap();
        let owner = if table == "organizations" { "id" } else { "organization_id" };
        let organization = organization.map_or("NULL".to_owned(), |id| format!("'{id}'"));
        let mut values = BTreeMap::from([(owner.to_owned(), organization)]);
        for column in columns {
            let (name, kind): (String, String) = (column.get("name"), column.get("kind"));
            let value = match kind.as_str() {
                "uuid" => "gen_random_uuid()",
                "text" | "varchar" => "gen_random_uuid()::text",
                "json" | "jsonb" => "'{}'",
                "timestamptz" => "now()",
                "bool" => "false",
                "bytea" => "gen_random_uuid()::text::bytea",
                "int8" | "int4" | "int2" => "1",
                other => panic!("{table}.{name} is of the new type {other}; say what a value of it is"),
            };
            values.entry(name).or_insert_with(|| value.to_owned());
        }
        let names: Vec<_> = values.keys().map(String::as_str).collect();
        let list: Vec<_> = values.values().map(String::as_str).collect();
        format!("INSERT INTO {table} ({}) VALUES ({})", names.join(", "), list.join(", "))
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn neither_role_goes_around_policies() {
    let separated = Separated::new().await;
    for role in 0..2 {
        let mut connection = separated.connect(role, "").await;
        let sql = "SELECT rolsuper, rolbypassrls, rolcreaterole, rolcreatedb FROM pg_roles WHERE rolname = current_user";
        let row = connection.fetch_one(sql).await.unwrap();
        for flag in ["rolsuper", "rolbypassrls", "rolcreaterole", "rolcreatedb"] {
            assert!(!row.get::<bool, _>(flag), "{flag}");
        }
        for statement in [
            "ALTER TABLE config DISABLE ROW LEVEL SECURITY",
            "CREATE POLICY mine ON config USING (true)",
            "CREATE TABLE mine (id uuid)",
            "CREATE OR REPLACE FUNCTION bifrost_is_system() RETURNS boolean LANGUAGE sql AS 'SELECT true'",
            "TRUNCATE executions",
            "SET ROLE postgres",
        ] {
            assert!(connection.execute(statement).await.is_err(), "{statement}");
        }
    }
    separated.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_table_shows_a_foreign_row() {
    let mut separated = Separated::without_constraints().await;
    let tables = separated.tables().await;
    let of_nobody: BTreeSet<_> =
        tables.iter().filter(|(_, owned)| !**owned).map(|(name, _)| name.as_str()).collect();
    assert_eq!(
        of_nobody,
        BTreeSet::from(OF_NOBODY),
        "a new table belongs to an organization, or to this list"
    );
    let granted: BTreeSet<_> = db_roles::TABLES.iter().map(|(name, ..)| *name).collect();
    assert_eq!(granted, tables.keys().map(String::as_str).collect(), "the left side is `db_roles::TABLES`");

    let (foreign, own) = (Uuid::now_v7(), Uuid::now_v7());
    let owned: Vec<_> = tables.iter().filter(|(_, owned)| **owned).map(|(name, _)| name.clone()).collect();
    for table in &owned {
        separated.fill(table, Some(foreign)).await;
    }
    for scope in ["", &own.to_string(), "global", "*"] {
        let mut tenant = separated.connect(0, scope).await;
        for table in &owned {
            if ["config_shares", "integration_shares"].contains(&table.as_str()) && scope == "global" {
                // The provider's own: with whom it shares its secrets.
                continue;
            }
            // Without WHERE. Refused is as good as empty.
            let seen = tenant.fetch_all(format!("SELECT * FROM {table}").as_str()).await;
            assert_eq!(seen.map_or(0, |rows| rows.len()), 0, "{table} in the scope `{scope}`");
            let column = if table == "organizations" { "id" } else { "organization_id" };
            for statement in
                [format!("DELETE FROM {table}"), format!("UPDATE {table} SET {column} = '{own}'")]
            {
                let changed = tenant.execute(statement.as_str()).await.map_or(0, |done| done.rows_affected());
                assert_eq!(changed, 0, "{statement} in the scope `{scope}`");
            }
        }
        // Providers of sign-in are the global scope's.
        let unseen = ["_sqlx_migrations", "identity_providers"];
        for table in OF_NOBODY.into_iter().filter(|table| !unseen.contains(table)) {
            assert!(tenant.fetch_all(format!("SELECT * FROM {table}").as_str()).await.is_err(), "{table}");
        }
    }
    // The control: their owner sees them, and so does the system where it was given them.
    let mut owner = separated.connect(0, &foreign.to_string()).await;
    let mut system = separated.connect(1, "*").await;
    let mut refused = BTreeSet::new();
    for table in &owned {
        let count = format!("SELECT COUNT(*) AS n FROM {table}");
        if table != "audit_outbox" {
            let row =
                owner.fetch_one(count.as_str()).await.unwrap_or_else(|error| panic!("{table}: {error}"));
            assert_eq!(row.get::<i64, _>("n"), 1, "{table} for its owner");
        }
        match system.fetch_all(format!("SELECT * FROM {table}").as_str()).await {
            Ok(rows) => assert_eq!(rows.len(), 1, "{table} for the system"),
            Err(_) => assert!(refused.insert(table.as_str())),
        }
    }
    assert_eq!(
        refused,
        BTreeSet::from([
            "adapter_values",
            "config",
            "config_shares",
            "data_keys",
            "egress_usage",
            "integration_secrets",
            "notification_secrets",
            "totp",
            "webhook_secrets",
        ])
    );
    // Without its word the system is nobody.
    let mut silent = separated.connect(1, "").await;
    assert_eq!(silent.fetch_all("SELECT * FROM executions").await.unwrap().len(), 0);
    drop((owner, system, silent));
    separated.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_platform_works_with_two_roles() {
    let separated = Separated::new().await;
    let db = separated.open().await;
    let w = World::new(db.clone()).await;
    let id = w.accept().await.id;
    let token = w.claim(id, 1, 60).await.unwrap().token;
    executions::append_logs(&w.db, id, token, vec![line(1, LogLevel::Info, "x")]).await.unwrap();
    let ending = executions::Ending { calls: calls(1), ..executions::Ending::of(success(json!(1))) };
    assert!(executions::end(&w.db, id, token, ending).await.unwrap().is_some());
    let (keys, org) = (Keyring::from_bytes([1; 32]), w.db.org(w.org.id));
    for scoped in [&org, &w.db.scope(Scope::Global)] {
        let kind = Some(ConfigType::Secret);
        let new = NewEntry { key: "s".into(), value: json!("x"), kind, description: None, updated_by: None };
        config::set(scoped, &keys, new).await.unwrap();
    }
    assert!(config::get(&w.db.org(w.other.id), &keys, "s", false).await.unwrap().is_none());
    assert!(config::get(&w.db.org(w.other.id), &keys, "s", true).await.unwrap().is_some());
    let next = Keyring::from_bytes([2; 32]).with_previous(&keys);
    rotation::wrap(&w.db, &next, &mut |_| ()).await.unwrap();
    rotation::renew(&w.db, &next, &mut |_| ()).await.unwrap();
    rotation::finish(&w.db, &next, &mut |_| ()).await.unwrap();
    assert!(config::get(&org, &next, "s", false).await.unwrap().is_some());
    bifrost_store::schedules::create(&org, crate::schedules::hourly(w.workflow)).await.unwrap();
    crate::webhooks::works_with_two_roles(&w, &next).await;
    crate::adapters::works_with_two_roles(&w, &next).await;
    crate::integrations::works_with_two_roles(&w, &next).await;
    crate::notifications::works_with_two_roles(&w, &next).await;
    crate::tables::works_with_two_roles(&w).await;
    let folder = tempfile::tempdir().unwrap();
    let objects = DirectoryObjects::open(folder.path()).await.unwrap();
    crate::files::works_with_two_roles(&w, &objects).await;
    crate::forms::works_with_two_roles(&w, &objects).await;
    crate::warm::worker(&w.db, "worker-1", false).await;
    bifrost_store::audit::append(&w.db).await.unwrap();
    assert!(config::is_withheld(&w.db, "s").await.unwrap());
    assert!(bifrost_store::sign_in::passwords::candidates(&w.db, "a@b.test", None).await.unwrap().is_empty());
    // Even the program itself cannot ask the system for a secret.
    let secrets = Sql::new("SELECT key FROM config");
    assert!(db.with(Access::System).read().await.unwrap().all(secrets).await.is_err());
    db.close().await;
    drop(w);
    separated.finish().await;
}

/// What the system may not see it can still end: second factors, and whole organizations.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn secrets_end_with_two_roles() {
    let separated = Separated::new().await;
    let w = World::new(separated.open().await).await;
    let (keys, org) = (Keyring::from_bytes([1; 32]), w.db.org(w.org.id));
    let factor = async || {
        totp::begin(&org, &keys, w.user, b"a secret of twenty b".to_vec().into()).await.unwrap();
        totp::confirm(&org, w.user, vec![b"code".to_vec()], None).await.unwrap();
    };
    factor().await;
    let link = passwords::make_link(&org, w.user, true).await.unwrap();
    passwords::use_link(&w.db, &link, "hash".into()).await.unwrap();
    assert!(totp::get(&org, &keys, w.user).await.unwrap().is_none());

    factor().await;
    for scoped in [&org, &w.db.org(w.other.id), &w.db.scope(Scope::Global)] {
        let kind = Some(ConfigType::Secret);
        let new = NewEntry { key: "s".into(), value: json!("x"), kind, description: None, updated_by: None };
        config::set(scoped, &keys, new).await.unwrap();
    }
    let global = w.db.scope(Scope::Global);
    for (organization, by) in [(w.org.id, w.user), (w.other.id, w.user)] {
        let share = global.write(move |tx| Box::pin(shares::add_in(tx, "s", organization, by)));
        assert!(share.await.unwrap());
    }
    let folder = tempfile::tempdir().unwrap();
    let (objects, bus) = (DirectoryObjects::open(folder.path()).await.unwrap(), InProcessBus::new());
    offboarding::request(&w.db, w.org.id, &w.org.name, w.user).await.unwrap();
    while let Some(of) = offboarding::unfinished(&w.db).await.unwrap() {
        assert!(offboarding::step(&w.db, &objects, &bus, of).await.unwrap());
    }
    let done = offboarding::get(&w.db, w.org.id).await.unwrap();
    let exported = |table: &str| done.proof().tables[table].exported;
    assert_eq!(["config", "config_shares", "data_keys", "totp"].map(exported), [1, 1, 1, 1]);
    assert!(done.proof().scan.as_ref().is_some_and(offboarding::Scan::is_clean), "{:?}", done.proof().scan);
    // Seen by nobody's rules: nothing of it is left, and all of the others.
    let mut all = separated.database.observe().await.unwrap();
    for (table, left) in [("config", 2), ("config_shares", 1), ("data_keys", 2), ("totp", 0)] {
        let row = all.fetch_one(format!("SELECT COUNT(*) AS n FROM {table}").as_str()).await.unwrap();
        assert_eq!(row.get::<i64, _>("n"), left, "{table}");
    }
    all.close().await.unwrap();
    drop(w);
    separated.finish().await;
}
