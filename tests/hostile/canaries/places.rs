//! Where somebody could look for what another organization has.

use super::tenant::Tenant;
use super::{AT_ONCE, files};
use crate::inputs::readers;
use anyhow::{Context, Result, ensure};
use bifrost_test_services::{Installation, redis_url};
use deadpool_redis::redis::{self, cmd};
use futures::stream::{self, StreamExt};
use reqwest::Method;
use serde_json::json;
use sqlx::{Connection, Row};
use std::collections::{BTreeSet, HashMap};
use std::path::Path;

/// Where a canary was found that has no business there.
#[derive(Default)]
pub(super) struct Findings(pub Vec<String>);

impl Findings {
    pub fn look(&mut self, place: &str, content: &[u8], foreign: &Tenant) {
        if contains(content, &foreign.canary) {
            self.0.push(place.to_owned());
        }
    }
}

fn contains(content: &[u8], text: &str) -> bool {
    content.windows(text.len()).any(|window| window == text.as_bytes())
}

/// What is said of each run; how many say the own canary.
pub(super) async fn runs(tenant: &Tenant, foreign: &Tenant, findings: &mut Findings) -> Result<usize> {
    let mut runs: Vec<String> = vec![];
    let mut cursor = String::new();
    loop {
        let page = tenant.client.get(&format!("/api/executions?limit=500{cursor}")).await;
        findings.look("a list of runs", page.to_string().as_bytes(), foreign);
        runs.extend(
            page["executions"]
                .as_array()
                .context("runs")?
                .iter()
                .filter_map(|run| run["execution_id"].as_str().map(str::to_owned)),
        );
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    let found: Vec<_> = stream::iter(&runs)
        .map(|id| async move {
            let mut text = String::new();
            for part in ["", "/logs", "/variables"] {
                text.push_str(&tenant.client.get(&format!("/api/executions/{id}{part}")).await.to_string());
            }
            (id.clone(), text)
        })
        .buffer_unordered(AT_ONCE)
        .collect()
        .await;
    let mut own = 0;
    for (id, text) in found {
        findings.look(&format!("an answer about run {id}"), text.as_bytes(), foreign);
        own += usize::from(text.contains(&tenant.canary));
    }
    Ok(own)
}

/// Every `GET` that needs no parameter, and what there is of each kind under the same name; how
/// many answers have the own canary.
pub(super) async fn answers(tenant: &Tenant, foreign: &Tenant, findings: &mut Findings) -> Result<usize> {
    let client = &tenant.client;
    let mut paths: Vec<String> = readers(client).await.into_iter().map(|(path, _)| path).collect();
    paths.retain(|path| !path.contains('{'));
    ensure!(paths.len() > 20, "{paths:?}");
    let webhook = tenant.webhook["id"].as_str().context("an id")?;
    paths.extend([
        "/api/audit?limit=1000".to_owned(),
        "/api/notifications?limit=200".to_owned(),
        "/api/config/same_name".to_owned(),
        "/api/integrations/same_integration".to_owned(),
        "/api/integrations/same_integration/mappings".to_owned(),
        "/api/tables/same_table".to_owned(),
        "/api/tables/same_table/documents/same".to_owned(),
        tenant.form.clone(),
        format!("/api/webhooks/{webhook}"),
        format!("/api/webhooks/{webhook}/deliveries?limit=1000"),
    ]);
    let stored = client.get("/api/files?location=same&limit=1000").await;
    for file in stored["files"].as_array().context("files")? {
        let path = file["path"].as_str().context("a path")?;
        paths.push(format!("/api/files/content?location=same&path={path}"));
    }
    let deliveries = client.get(&format!("/api/webhooks/{webhook}/deliveries?limit=1000")).await;
    for delivery in deliveries["deliveries"].as_array().context("deliveries")? {
        paths.push(format!("/api/webhook-deliveries/{}", delivery["id"].as_str().context("an id")?));
    }
    let mut own = 0;
    for path in paths {
        let (_, text) = client.text(&path).await;
        findings.look(&path, text.as_bytes(), foreign);
        own += usize::from(text.contains(&tenant.canary));
    }
    let query = json!({ "limit": 1_000 });
    let found = client.expect(200, Method::POST, "/api/tables/same_table/query", query).await;
    for document in found["documents"].as_array().context("documents")? {
        let text = document.to_string();
        findings.look("a document", text.as_bytes(), foreign);
        own += usize::from(text.contains(&tenant.canary));
    }
    Ok(own)
}

/// Every row of every table, by whose it is: how many have the own canary, and the tables that have
/// some. What belongs to the provider or to nobody at all (who leads, who works, who failed to sign
/// in, how the keys were changed) has no canary of anybody, so there is no exception.
pub(super) async fn rows(
    installation: &Installation,
    tenants: &[Tenant; 2],
    findings: &mut Findings,
) -> Result<(usize, BTreeSet<String>)> {
    let mut database = installation.database.observe().await?;
    let tables = sqlx::query(
        "SELECT t.table_name::text AS name, bool_or(c.column_name = 'organization_id') AS is_owned
         FROM information_schema.tables t JOIN information_schema.columns c USING (table_schema, table_name)
         WHERE t.table_schema = 'public' AND t.table_type = 'BASE TABLE' GROUP BY t.table_name",
    )
    .fetch_all(&mut database)
    .await?;
    let (mut own, mut with_own, mut of_nobody) = (0, BTreeSet::new(), 0);
    for table in tables {
        let (table, is_owned): (String, bool) = (table.get("name"), table.get("is_owned"));
        let owner = match table.as_str() {
            "organizations" => "id",
            _ if is_owned => "organization_id",
            _ => "NULL",
        };
        of_nobody += usize::from(owner == "NULL");
        let sql = format!("SELECT {owner}::text AS owner, row_to_json(t)::text AS document FROM {table} t");
        for row in sqlx::query(&sql).fetch_all(&mut database).await? {
            let (owner, document): (Option<String>, String) = (row.get("owner"), row.get("document"));
            for tenant in tenants.iter().filter(|tenant| tenant.is_in(&document)) {
                if owner.as_deref() == Some(tenant.id.as_str()) {
                    own += 1;
                    with_own.insert(table.clone());
                } else {
                    findings.0.push(format!("a row of {table} of {owner:?}"));
                }
            }
        }
    }
    ensure!(of_nobody > 5, "{of_nobody} tables of nobody");
    database.close().await?;
    Ok((own, with_own))
}

/// Every object and every file of the cache, by whose it is.
pub(super) async fn stored(
    installation: &Installation,
    cache: &Path,
    tenants: &[Tenant; 2],
    findings: &mut Findings,
) -> Result<[usize; 2]> {
    let mut own = [0, 0];
    for file in files(&installation.s3.bucket()) {
        let (name, content) = (file.display().to_string(), std::fs::read(&file)?);
        for tenant in tenants {
            if name.contains(&tenant.id) {
                own[0] += usize::from(contains(&content, &tenant.canary));
            } else {
                findings.look(&format!("the object {name}"), &content, tenant);
            }
        }
    }
    let mut database = installation.database.observe().await?;
    let versions = sqlx::query("SELECT source_hash, organization_id::text AS owner FROM versions")
        .fetch_all(&mut database)
        .await?;
    let owners: HashMap<String, Option<String>> =
        versions.iter().map(|row| (row.get("source_hash"), row.get("owner"))).collect();
    database.close().await?;
    for file in files(cache) {
        let (name, content) = (file.display().to_string(), std::fs::read(&file)?);
        let owner = owners
            .iter()
            .find(|(hash, _)| name.contains(hash.as_str()))
            .and_then(|(_, owner)| owner.as_deref());
        for tenant in tenants {
            if owner == Some(&tenant.id) {
                own[1] += usize::from(contains(&content, &tenant.canary));
            } else {
                findings.look(&format!("the cached file {name}"), &content, tenant);
            }
        }
    }
    Ok(own)
}

/// Keys of Redis, and what is in them. One that is put there for this has to be found.
pub(super) async fn in_redis(tenants: &[Tenant; 2], findings: &mut Findings) -> Result<()> {
    let client = deadpool_redis::redis::Client::open(redis_url())?;
    let mut connection = client.get_multiplexed_async_connection().await?;
    let (control, canary) = (format!("bifrost-test:{}", uuid::Uuid::now_v7()), &tenants[0].canary);
    let kept: String =
        cmd("SET").arg(&control).arg(canary).arg("EX").arg(60).query_async(&mut connection).await?;
    ensure!(kept == "OK", "{kept}");
    let mut is_found = false;
    let keys: Vec<Vec<u8>> = cmd("KEYS").arg("*").query_async(&mut connection).await?;
    for key in keys {
        let kind: String = cmd("TYPE").arg(&key).query_async(&mut connection).await?;
        let value: redis::Value = match kind.as_str() {
            "string" => cmd("GET").arg(&key).query_async(&mut connection).await?,
            "hash" => cmd("HGETALL").arg(&key).query_async(&mut connection).await?,
            "list" => cmd("LRANGE").arg(&key).arg(0).arg(-1).query_async(&mut connection).await?,
            "set" => cmd("SMEMBERS").arg(&key).query_async(&mut connection).await?,
            "zset" => cmd("ZRANGE").arg(&key).arg(0).arg(-1).query_async(&mut connection).await?,
            "stream" => cmd("XRANGE").arg(&key).arg("-").arg("+").query_async(&mut connection).await?,
            _ => redis::Value::Nil,
        };
        if key == control.as_bytes() {
            is_found = contains(format!("{value:?}").as_bytes(), canary);
            continue;
        }
        for tenant in tenants {
            findings.look("a key of Redis", &key, tenant);
            findings.look("a value of Redis", format!("{value:?}").as_bytes(), tenant);
        }
    }
    let gone: u32 = cmd("DEL").arg(&control).query_async(&mut connection).await?;
    ensure!(is_found && gone == 1, "the key of this test was not found");
    Ok(())
}
