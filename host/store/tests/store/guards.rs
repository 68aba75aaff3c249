//! PostgreSQL's row-level security: a forgotten WHERE shows nobody else's rows.

use crate::common::*;
use bifrost_core::*;
use bifrost_store::config::NewEntry;
use bifrost_store::{Access, Db, Keyring, Sql, audit, config, executions};
use serde_json::json;

mod postgres {
    crate::on_one!(postgres, rows_of_others_are_invisible);
    crate::on_one!(postgres, rows_of_others_cannot_be_written);
    crate::on_one!(postgres, every_table_is_guarded);
}

const TABLES: [&str; 72] = [
    "organizations",
    "users",
    "api_keys",
    "workspaces",
    "versions",
    "workflows",
    "workflow_references",
    "executions",
    "execution_logs",
    "config",
    "data_keys",
    "schedules",
    "execution_attempts",
    "execution_calls",
    "dead_letters",
    "leaders",
    "workers",
    "warm_versions",
    "offboardings",
    "roles",
    "user_roles",
    "grants",
    "invitations",
    "audit_outbox",
    "audit_chains",
    "audit_log",
    "config_shares",
    "key_rotations",
    "egress_policies",
    "egress_usage",
    "passwords",
    "totp",
    "recovery_codes",
    "passkeys",
    "identity_providers",
    "identities",
    "sessions",
    "sign_in_flows",
    "device_codes",
    "sign_in_failures",
    "endpoints",
    "webhook_sources",
    "webhook_secrets",
    "webhook_subscriptions",
    "webhook_deliveries",
    "webhook_adapters",
    "adapter_sources",
    "adapter_values",
    "integrations",
    "integration_mappings",
    "integration_shares",
    "oauth_connections",
    "oauth_states",
    "integration_secrets",
    "document_tables",
    "documents",
    "files",
    "file_usage",
    "forms",
    "form_workflows",
    "form_sessions",
    "form_uploads",
    "notification_channels",
    "notification_secrets",
    "notification_rules",
    "notification_events",
    "notification_items",
    "notification_messages",
    "notifications",
    "notification_reads",
    "time_saved",
    "platform_settings",
];

/// Those that do not say whose a row is.
const OF_NOBODY: [&str; 11] = [
    "organizations",
    "workers",
    "warm_versions",
    "leaders",
    "offboardings",
    "key_rotations",
    "identity_providers",
    "platform_settings",
    "sign_in_flows",
    "device_codes",
    "sign_in_failures",
];

async fn filled(db: Db) -> World {
    let w = World::new(db).await;
    let keys = Keyring::from_bytes([1; 32]);
    let id = w.accept().await.id;
    let token = w.claim(id, 1, 60).await.unwrap().token;
    executions::append_logs(&w.db, id, token, vec![line(1, LogLevel::Info, "x")]).await.unwrap();
    executions::keep_calls(&w.db, id, token, &calls(1)).await.unwrap();
    for scoped in [w.db.org(w.org.id), w.db.scope(Scope::Global)] {
        let new = NewEntry {
            key: "s".into(),
            value: json!("x"),
            kind: Some(ConfigType::Secret),
            description: None,
            updated_by: None,
        };
        config::set(&scoped, &keys, new).await.unwrap();
    }
    let ticket = ports::Ticket { execution: w.accept().await.id, attempt: 1 };
    bifrost_store::dead_letters::reconcile(&w.db, ticket, "delivery_limit").await.unwrap();
    let org = w.db.org(w.org.id);
    bifrost_store::schedules::create(&org, crate::schedules::hourly(w.workflow)).await.unwrap();
    bifrost_store::workspaces::add_reference(&org, w.workflow, "form", "f").await.unwrap();
    bifrost_store::identity::create_key(
        &org,
        bifrost_store::identity::NewKey {
            user: w.user,
            name: "k".into(),
            role: Role::OrgUser,
            permissions: None,
            expires_at: None,
        },
    )
    .await
    .unwrap();
    crate::people::everything(&org, w.user, w.workflow).await;
    while audit::append(&w.db).await.unwrap() > 0 {}
    config::delete(&org, "s").await.unwrap();
    crate::warm::worker(&w.db, "worker-1", false).await;
    let version = bifrost_store::workspaces::active_version(&org).await.unwrap().unwrap().id;
    bifrost_store::warm::report(&w.db, "worker-1", version, bifrost_store::now(), 1).await.unwrap();
    w
}

async fn count(db: &Db, access: Access, table: &str) -> i64 {
    let mut tx = db.with(access).read().await.unwrap();
    tx.one(Sql::new(format!("SELECT COUNT(*) AS n FROM {table}"))).await.unwrap().get("n").unwrap()
}

async fn rows_of_others_are_invisible(db: Db) {
    let w = filled(db).await;
    let own = Access::Organization(w.org.id);
    let other = Access::Organization(w.other.id);
    // Table, then rows seen by: system, owner, another tenant, global.
    let seen = [
        ("organizations", [3, 1, 1, 1]),
        ("users", [2, 1, 0, 0]),
        ("api_keys", [2, 1, 0, 0]),
        ("workspaces", [2, 2, 1, 1]),
        ("versions", [2, 2, 1, 1]),
        ("workflows", [2, 2, 1, 1]),
        ("workflow_references", [1, 1, 0, 0]),
        ("executions", [2, 2, 0, 0]),
        ("execution_logs", [1, 1, 0, 0]),
        ("config", [1, 0, 0, 1]),
        ("data_keys", [2, 1, 0, 1]),
        ("schedules", [1, 1, 0, 0]),
        ("execution_attempts", [1, 1, 0, 0]),
        ("execution_calls", [1, 1, 0, 0]),
        ("dead_letters", [1, 1, 0, 0]),
        ("workers", [1, 0, 0, 0]),
        ("warm_versions", [1, 0, 0, 0]),
        ("roles", [1, 1, 0, 0]),
        ("user_roles", [1, 1, 0, 0]),
        ("grants", [1, 1, 0, 0]),
        ("invitations", [1, 1, 0, 0]),
        // Nobody reads what is not chained yet.
        ("audit_outbox", [1, 0, 0, 0]),
        ("audit_chains", [3, 1, 1, 0]),
    ];
    for (table, expected) in seen {
        for (access, rows) in [Access::System, own, other, Access::Global].into_iter().zip(expected) {
            assert_eq!(count(&w.db, access, table).await, rows, "{table} as {access:?}");
        }
    }
}

async fn rows_of_others_cannot_be_written(db: Db) {
    let w = filled(db).await;
    // What the other one begins with is its own.
    let own = Sql::new("DELETE FROM notification_rules WHERE organization_id = $1").bind(w.other.id);
    let other = w.db.org(w.other.id);
    other.write(move |tx| Box::pin(async move { tx.execute(own).await })).await.unwrap();
    for table in TABLES {
        for statement in
            [format!("DELETE FROM {table}"), format!("UPDATE {table} SET organization_id = organization_id")]
        {
            if OF_NOBODY.contains(&table) && statement.starts_with("UPDATE") {
                continue;
            }
            let other = w.db.org(w.other.id);
            let changed =
                other.write(move |tx| Box::pin(async move { tx.execute(Sql::new(statement)).await })).await;
            assert_eq!(changed.unwrap(), 0, "{table}");
        }
    }
    let foreign = w.org.id;
    let insert = Sql::new("INSERT INTO config (organization_id, key, is_secret, value, updated_at) VALUES ($1, 'x', false, $2, $3)")
        .bind(foreign)
        .bind(json!(1))
        .bind(bifrost_store::now());
    let other = w.db.org(w.other.id);
    assert!(other.write(move |tx| Box::pin(async move { tx.execute(insert).await })).await.is_err());
    let forged =
        Sql::new("INSERT INTO audit_outbox (organization_id, entry) VALUES ($1, '{}')").bind(foreign);
    assert!(other.write(move |tx| Box::pin(async move { tx.execute(forged).await })).await.is_err());
    // Nor does a tenant write for all of them; `global_rows.rs` has every table.
    for global in [
        Sql::new("INSERT INTO config (organization_id, key, is_secret, value, updated_at) VALUES (NULL, 'x', false, $1, $2)")
            .bind(json!(1))
            .bind(bifrost_store::now()),
        Sql::new("INSERT INTO audit_outbox (organization_id, entry) VALUES (NULL, '{}')"),
    ] {
        assert!(other.write(move |tx| Box::pin(async move { tx.execute(global).await })).await.is_err());
    }
    let give = Sql::new("UPDATE executions SET organization_id = $1").bind(w.other.id);
    let own = w.db.org(w.org.id);
    assert!(own.write(move |tx| Box::pin(async move { tx.execute(give).await })).await.is_err());
}

async fn every_table_is_guarded(db: Db) {
    let mut tx = db.system().read().await.unwrap();
    let sql = "SELECT rolsuper OR rolbypassrls AS unguarded FROM pg_roles WHERE rolname = current_user";
    assert!(
        !tx.one(Sql::new(sql)).await.unwrap().get::<bool>("unguarded").unwrap(),
        "the test would show nothing"
    );
    let sql = "SELECT relname::text AS name, relrowsecurity AND relforcerowsecurity AS guarded
               FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'";
    let mut names = vec![];
    for row in tx.all(Sql::new(sql)).await.unwrap() {
        let name: String = row.get("name").unwrap();
        if name != "_sqlx_migrations" {
            assert!(row.get::<bool>("guarded").unwrap(), "{name}");
            names.push(name);
        }
    }
    let mut expected = TABLES.map(str::to_owned).to_vec();
    expected.sort();
    names.sort();
    assert_eq!(names, expected);
}
