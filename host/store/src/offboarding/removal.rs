//! The deletion, after the export is whole: objects, then rows, then what caches keep, then a
//! last look that has to find nothing.

use super::catalogue::{KEPT, Table, plan, text_columns, uuid_columns};
use super::{Offboarding, Scan, export, rows};
use crate::{Db, Engine, Sql};
use bifrost_core::ports::{Bus, MAX_LIST, Objects};
use bifrost_core::{OrganizationId, Result, events};
use std::collections::BTreeMap;

/// Rows of one transaction.
const ROWS: u32 = 1_000;
/// Rounds over all tables in one step: what comes after the first belongs to writes that were
/// under way.
const ROUNDS: usize = 3;
/// A run that a ticket admits, or that a worker took by one.
const CAN_START: &str =
    "organization_id = $1 AND (status IN ('Scheduled', 'Pending') OR lease_until IS NOT NULL)";

/// Deletes everything; false when a last look found nothing.
pub(super) async fn step(
    db: &Db,
    objects: &dyn Objects,
    bus: &dyn Bus,
    of: &mut Offboarding,
) -> Result<bool> {
    let organization = of.organization;
    for folder in export::folders(organization) {
        delete_folder(objects, &folder).await?;
    }
    delete_older_sources(db, objects, organization).await?;
    let tables = plan(&mut db.system().read().await?).await?;
    for _ in 0..ROUNDS {
        open_log(db, organization).await?;
        for table in &tables {
            let mut after = None;
            loop {
                after = rows::delete(db, table, organization, after.as_deref(), ROWS).await?;
                if after.is_none() {
                    break;
                }
            }
        }
        if left(db, &tables, of).await? == 0 {
            break;
        }
    }
    bus.publish(events::offboarded(organization, &of.progress.sources)).await;
    bus.forget(&organization.to_string()).await?;
    let mut scan = Scan {
        rows: scan_rows(db, organization).await?,
        objects: scan_objects(objects, organization).await?,
        cache_keys: bus.forget(&organization.to_string()).await?,
        tickets: rows::count(db, "executions", CAN_START, organization).await?,
        mentions: BTreeMap::new(),
    };
    let is_clean = scan.is_clean();
    if is_clean {
        scan.mentions = mentions(db, organization).await?;
    } else {
        tracing::warn!(%organization, ?scan, "something of this organization is left; it is deleted again");
    }
    of.progress.proof.scan = Some(scan);
    Ok(!is_clean)
}

async fn delete_folder(objects: &dyn Objects, folder: &str) -> Result<()> {
    loop {
        let keys = objects.list(folder, None, MAX_LIST).await?;
        if keys.is_empty() {
            return Ok(());
        }
        for key in keys {
            objects.delete(&key).await?;
        }
    }
}

/// Sources of earlier releases had one folder for all organizations.
async fn delete_older_sources(db: &Db, objects: &dyn Objects, organization: OrganizationId) -> Result<()> {
    let sql = Sql::new(
        "SELECT DISTINCT v.object_key FROM versions v WHERE v.organization_id = $1 AND NOT EXISTS (SELECT 1 FROM versions o
           WHERE o.object_key = v.object_key AND COALESCE(o.organization_id <> $1, true))",
    );
    for row in db.system().read().await?.all(sql.bind(organization)).await? {
        objects.delete(&row.get::<String>("object_key")?).await?;
    }
    Ok(())
}

/// The log is append only but for what retention has cut off: here that is all of it.
async fn open_log(db: &Db, organization: OrganizationId) -> Result<()> {
    let sql = Sql::new("UPDATE audit_chains SET pruned_sequence = sequence WHERE organization_id = $1");
    let sql = sql.bind(organization);
    db.system().write(move |tx| Box::pin(async move { tx.execute(sql).await.map(drop) })).await
}

async fn left(db: &Db, tables: &[Table], of: &mut Offboarding) -> Result<u64> {
    let mut all = 0;
    for table in tables {
        let after = rows::count(db, &table.name, &table.owned, of.organization).await?;
        of.progress.proof.tables.entry(table.name.clone()).or_default().after = after;
        all += after;
    }
    Ok(all)
}

/// Rows that have the organization's id in any column, in every table.
async fn scan_rows(db: &Db, organization: OrganizationId) -> Result<u64> {
    let columns = uuid_columns(&mut db.system().read().await?).await?;
    let mut all = 0;
    for (table, columns) in columns.iter().filter(|(table, _)| *table != KEPT) {
        let any: Vec<_> = columns.iter().map(|column| format!("{column} = $1")).collect();
        all += rows::count(db, table, &any.join(" OR "), organization).await?;
    }
    Ok(all)
}

/// Rows that have the organization's id within a text or a document, as far as they can be seen.
async fn mentions(db: &Db, organization: OrganizationId) -> Result<BTreeMap<String, u64>> {
    let columns = text_columns(&mut db.system().read().await?).await?;
    let mut all = BTreeMap::new();
    for (table, columns) in columns.into_iter().filter(|(table, _)| table != KEPT) {
        let contains = |column: &String| match db.engine() {
            Engine::Sqlite => format!("instr({column}, $1) > 0"),
            Engine::Postgres => format!("strpos({column}::text, $1) > 0"),
        };
        let any = columns.iter().map(contains).collect::<Vec<_>>().join(" OR ");
        let sql = Sql::new(format!("SELECT COUNT(*) AS rows FROM {table} WHERE {any}"));
        let mut tx = rows::hands(db, &table, organization).read().await?;
        let found = tx.one(sql.bind(organization.to_string())).await?.get::<i64>("rows")?.unsigned_abs();
        if found > 0 {
            all.insert(table, found);
        }
    }
    Ok(all)
}

async fn scan_objects(objects: &dyn Objects, organization: OrganizationId) -> Result<u64> {
    let mut all = 0;
    for folder in export::folders(organization) {
        all += objects.list(&folder, None, MAX_LIST).await?.len() as u64;
    }
    Ok(all)
}
