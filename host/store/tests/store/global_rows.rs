//! Rows of the provider's own in tables that tenants have, too, as the tenants' role of PostgreSQL:
//! which ones it reads, and that it changes none of them and makes none.

use crate::isolation::Separated;
use sqlx::{Executor, Row};
use std::collections::BTreeMap;
use uuid::Uuid;

/// What a tenant sees of a table's global rows.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Seen {
    /// All of them.
    All,
    /// What is no secret, and secrets that were shared with it.
    Shared,
    /// None.
    Nothing,
}

/// Every table whose rows may be nobody's.
const TABLES: [(&str, Seen); 18] = [
    ("audit_outbox", Seen::Nothing),
    ("config", Seen::Shared),
    ("data_keys", Seen::Shared),
    ("document_tables", Seen::All),
    ("documents", Seen::All),
    ("form_workflows", Seen::All),
    ("forms", Seen::All),
    ("integration_secrets", Seen::Nothing),
    ("integrations", Seen::All),
    ("notification_events", Seen::Nothing),
    ("oauth_connections", Seen::Nothing),
    ("oauth_states", Seen::Nothing),
    ("schedules", Seen::Nothing),
    ("versions", Seen::All),
    ("webhook_adapters", Seen::All),
    ("workflow_references", Seen::Nothing),
    ("workflows", Seen::All),
    ("workspaces", Seen::All),
];

/// Into this one everybody writes about themselves, and only the system reads it.
const WRITTEN_ONLY: &str = "audit_outbox";

/// With a global row in each of them.
async fn filled() -> Separated {
    let mut separated = Separated::without_constraints().await;
    let sql = "SELECT table_name::text AS name FROM information_schema.columns
               WHERE table_schema = 'public' AND column_name = 'organization_id' AND is_nullable = 'YES'
               ORDER BY table_name::text COLLATE \"C\"";
    let rows = separated.superuser.fetch_all(sql).await.unwrap();
    let found: Vec<String> = rows.iter().map(|row| row.get("name")).collect();
    assert_eq!(
        found,
        TABLES.map(|(table, _)| table),
        "a new table: say what a tenant sees of its global rows"
    );
    for (table, _) in TABLES {
        separated.fill(table, None).await;
    }
    separated
}

/// Every global row as it is.
async fn rows(separated: &mut Separated) -> BTreeMap<&'static str, Vec<String>> {
    let mut all = BTreeMap::new();
    for (table, _) in TABLES {
        let sql = format!("SELECT t::text AS held FROM {table} t WHERE organization_id IS NULL");
        let rows = separated.superuser.fetch_all(sql.as_str()).await.unwrap();
        all.insert(table, rows.iter().map(|row| row.get("held")).collect());
    }
    all
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_tenant_reads_the_global_rows_that_it_should() {
    let mut separated = filled().await;
    let (own, other) = (Uuid::now_v7(), Uuid::now_v7());
    let count = async |separated: &Separated, scope: &str, table: &str| {
        let mut tenant = separated.connect(0, scope).await;
        tenant.fetch_all(format!("SELECT * FROM {table}").as_str()).await.unwrap().len()
    };
    for (table, seen) in TABLES {
        // A data key is for what is encrypted.
        let of_tenant = usize::from(seen == Seen::All || table == "config");
        assert_eq!(count(&separated, &own.to_string(), table).await, of_tenant, "{table}");
        for nobody in ["", "*"] {
            assert_eq!(count(&separated, nobody, table).await, 0, "{table} in the scope `{nobody}`");
        }
        // The control: whose they are sees them.
        let of_owner = usize::from(table != WRITTEN_ONLY);
        assert_eq!(count(&separated, "global", table).await, of_owner, "{table} for the provider");
    }
    // A secret is for whom it was shared with.
    separated.superuser.execute("UPDATE config SET is_secret = true").await.unwrap();
    assert_eq!(count(&separated, &own.to_string(), "config").await, 0);
    separated.fill("config_shares", Some(own)).await;
    separated.superuser.execute("UPDATE config_shares SET key = (SELECT key FROM config)").await.unwrap();
    for (table, seen) in TABLES.into_iter().filter(|(_, seen)| *seen == Seen::Shared) {
        assert_eq!(count(&separated, &own.to_string(), table).await, 1, "{table}, {seen:?}");
        assert_eq!(count(&separated, &other.to_string(), table).await, 0, "{table}, {seen:?}");
    }
    separated.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_tenant_changes_no_global_row_and_makes_none() {
    let mut separated = filled().await;
    let own = Uuid::now_v7();
    let before = rows(&mut separated).await;
    let mut tenant = separated.connect(0, &own.to_string()).await;
    for (table, _) in TABLES {
        for statement in [
            format!("UPDATE {table} SET organization_id = organization_id"),
            // Nor does it take one for its own.
            format!("UPDATE {table} SET organization_id = '{own}'"),
            format!("DELETE FROM {table}"),
        ] {
            let changed = tenant.execute(statement.as_str()).await.unwrap().rows_affected();
            assert_eq!(changed, 0, "{statement}");
        }
        let insertion = separated.insertion(table, None).await;
        let refused = tenant.execute(insertion.as_str()).await.expect_err(&insertion).to_string();
        assert!(refused.contains("row-level security"), "{insertion}: {refused}");
        // Its own row it makes, and does not give away.
        let insertion = separated.insertion(table, Some(own)).await;
        tenant.execute(insertion.as_str()).await.unwrap_or_else(|error| panic!("{insertion}: {error}"));
        let give = format!("UPDATE {table} SET organization_id = NULL WHERE organization_id = '{own}'");
        match tenant.execute(give.as_str()).await {
            Ok(done) => assert!(table == WRITTEN_ONLY && done.rows_affected() == 0, "{give}"),
            Err(error) => assert!(error.to_string().contains("row-level security"), "{give}: {error}"),
        }
    }
    assert_eq!(rows(&mut separated).await, before);
    // The control: whose they are changes and makes them.
    let mut provider = separated.connect(0, "global").await;
    for (table, _) in TABLES.into_iter().filter(|(table, _)| *table != WRITTEN_ONLY) {
        for statement in
            [format!("UPDATE {table} SET organization_id = organization_id"), format!("DELETE FROM {table}")]
        {
            assert_eq!(provider.execute(statement.as_str()).await.unwrap().rows_affected(), 1, "{statement}");
        }
        let insertion = separated.insertion(table, None).await;
        provider.execute(insertion.as_str()).await.unwrap_or_else(|error| panic!("{insertion}: {error}"));
    }
    drop((tenant, provider));
    separated.finish().await;
}
