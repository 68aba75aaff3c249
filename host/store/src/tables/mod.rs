//! Tables of JSON documents: an organization's own, and global ones that all of them read.
//!
//! A name leads to the scope's own table, else to the global one; what is written goes to the
//! scope's own. A write locks its table, so that the counts of documents and bytes are exact and
//! batches cannot wait for each other in a circle.

mod query;
mod writes;

pub use query::{Page, count, get as get_document, query};
pub use writes::{
    NewDocument, delete as delete_documents, delete_one as delete_document, insert,
    update as update_document, upsert,
};

use crate::audit::{Event, record};
use crate::{Row, Scoped, Sql, Tx, Value, now};
use bifrost_core::document_schema::Schema;
use bifrost_core::documents::{MAX_DESCRIPTION, MAX_TABLES, check_name};
use bifrost_core::{Error, OrganizationId, Result, TableId, UserId};
use chrono::{DateTime, Utc};
use uuid::Uuid;

/// Documents that are deleted in one transaction with their table.
const SOME: u32 = 1_000;

/// A table.
#[derive(Clone, Debug, PartialEq)]
pub struct Table {
    /// Its id.
    pub id: TableId,
    /// Whose it is; `None` for a global one.
    pub organization_id: Option<OrganizationId>,
    /// One of a kind within its scope.
    pub name: String,
    /// For people.
    pub description: Option<String>,
    /// What its documents have to look like.
    pub schema: Option<Schema>,
    /// How many documents it has.
    pub documents: i64,
    /// JSON of all of them, in bytes.
    pub bytes: i64,
    /// Who made it; `None` for the platform itself.
    pub created_by: Option<UserId>,
    /// When.
    pub created_at: DateTime<Utc>,
    /// When name, description or schema were last changed.
    pub updated_at: DateTime<Utc>,
}

/// A table to make.
#[derive(Clone, Debug, Default)]
pub struct NewTable {
    /// One of a kind within the scope.
    pub name: String,
    /// For people.
    pub description: Option<String>,
    /// What its documents have to look like.
    pub schema: Option<Schema>,
}

/// What the tables of a scope take.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// How many there are.
    pub tables: i64,
    /// JSON of all their documents, in bytes.
    pub bytes: i64,
}

/// What to change; `None` stays. Documents that are there are not looked at.
#[derive(Clone, Debug, Default)]
#[expect(missing_docs, reason = "the fields are those of NewTable")]
pub struct Change {
    pub description: Option<Option<String>>,
    pub schema: Option<Option<Schema>>,
}

const SELECT: &str =
    "SELECT t.id, t.organization_id, t.name, t.description, t.schema, t.documents, t.bytes, t.created_by,
   t.created_at, t.updated_at
 FROM document_tables t";

/// Makes a table in the handle's own scope. `Conflict` with `already_exists` or
/// `too_many_tables`.
pub async fn create(scoped: &Scoped, new: NewTable) -> Result<Table> {
    scoped.write(move |tx| Box::pin(async move { create_in(tx, new).await })).await
}

async fn create_in(tx: &mut Tx, new: NewTable) -> Result<Table> {
    let name = new.name.clone();
    match insert_in(tx, new).await? {
        true => own(tx, &name, "").await?.ok_or(Error::NotFound("table")),
        false => {
            let message = format!("there is a table `{name}` already");
            Err(Error::Conflict { code: "already_exists", message })
        }
    }
}

/// False when there is one of this name in the transaction's own scope.
async fn insert_in(tx: &mut Tx, new: NewTable) -> Result<bool> {
    check_name("name", &new.name)?;
    check_description(new.description.as_deref())?;
    let scope = tx.access().scope_id()?;
    let count = Sql::new("SELECT COUNT(*) AS n FROM document_tables WHERE scope_id = $1").bind(scope);
    if tx.one(count).await?.get::<i64>("n")? >= MAX_TABLES {
        let message = format!("there are {MAX_TABLES} tables already; keep things of one kind in one table");
        return Err(Error::Conflict { code: "too_many_tables", message });
    }
    let id = TableId::new();
    let sql = Sql::new(
        "INSERT INTO document_tables (id, organization_id, name, description, schema, created_by, created_at, updated_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $7) ON CONFLICT (scope_id, name) DO NOTHING",
    )
    .bind(id)
    .bind(tx.access().organization())
    .bind(new.name.as_str())
    .bind(new.description)
    .bind(document(new.schema.as_ref())?)
    .bind(tx.actor().and_then(|actor| actor.id))
    .bind(now());
    if tx.execute(sql).await? == 0 {
        return Ok(false);
    }
    let event = Event::new("table.create")
        .target("table", id)
        .detail("name", &new.name)
        .detail("has_schema", new.schema.is_some());
    record(tx, event).await.map(|()| true)
}

fn document(schema: Option<&Schema>) -> Result<Value> {
    schema.map_or(Ok(Value::Json(None)), Value::json)
}

fn check_description(description: Option<&str>) -> Result<()> {
    if description.is_some_and(|text| text.len() > MAX_DESCRIPTION) {
        return Err(Error::invalid("description", format!("expected at most {MAX_DESCRIPTION} bytes")));
    }
    Ok(())
}

/// Tables that the handle's scope sees, by name: its own, and global ones that they do not hide.
pub async fn list(scoped: &Scoped) -> Result<Vec<Table>> {
    let sql = Sql::new(format!(
        "{SELECT} WHERE t.scope_id = $1 OR (t.scope_id = $2 AND NOT EXISTS
           (SELECT 1 FROM document_tables o WHERE o.scope_id = $1 AND o.name = t.name))
         ORDER BY t.name"
    ));
    let sql = sql.bind(scoped.access().scope_id()?).bind(Uuid::nil());
    scoped.read().await?.all(sql).await?.iter().map(read).collect()
}

/// What the tables of the handle's own scope take.
pub async fn used(scoped: &Scoped) -> Result<Usage> {
    let sql = Sql::new(
        "SELECT COUNT(*) AS tables, CAST(COALESCE(SUM(bytes), 0) AS bigint) AS bytes FROM document_tables
         WHERE scope_id = $1",
    );
    let row = scoped.read().await?.one(sql.bind(scoped.access().scope_id()?)).await?;
    Ok(Usage { tables: row.get("tables")?, bytes: row.get("bytes")? })
}

/// The table of this name or id that the handle's scope sees: its own, else the global one.
pub async fn get(scoped: &Scoped, named: &str) -> Result<Table> {
    seen(&mut scoped.read().await?, named).await
}

async fn seen(tx: &mut Tx, named: &str) -> Result<Table> {
    let mut sql = Sql::new(format!("{SELECT} WHERE t.scope_id IN ($1, $2) AND "))
        .bind(tx.access().scope_id()?)
        .bind(Uuid::nil());
    push_named(&mut sql, named);
    // The nil id comes last.
    sql.push(" ORDER BY t.scope_id DESC LIMIT 1");
    tx.optional(sql).await?.as_ref().map_or(Err(Error::NotFound("table")), read)
}

/// A table of the transaction's own scope.
async fn own(tx: &mut Tx, named: &str, lock: &str) -> Result<Option<Table>> {
    let mut sql = Sql::new(format!("{SELECT} WHERE t.scope_id = $1 AND ")).bind(tx.access().scope_id()?);
    push_named(&mut sql, named);
    sql.push(lock);
    tx.optional(sql).await?.as_ref().map(read).transpose()
}

fn push_named(sql: &mut Sql, named: &str) {
    match Uuid::parse_str(named) {
        Ok(id) => sql.push("t.id = ").push_bind(id),
        Err(_) => sql.push("t.name = ").push_bind(named),
    };
}

/// A table of the transaction's own scope, for a write: nobody else writes to it meanwhile.
async fn locked(tx: &mut Tx, named: &str) -> Result<Table> {
    let lock = tx.engine().for_update_of("t");
    own(tx, named, &lock).await?.ok_or(Error::NotFound("table"))
}

/// As [`locked`]; one that is missing is made.
async fn locked_or_new(tx: &mut Tx, named: &str) -> Result<Table> {
    let lock = tx.engine().for_update_of("t");
    if let Some(table) = own(tx, named, &lock).await? {
        return Ok(table);
    }
    if Uuid::parse_str(named).is_ok() {
        return Err(Error::NotFound("table"));
    }
    check_name("table", named)?;
    // Whoever is first makes it.
    insert_in(tx, NewTable { name: named.to_owned(), ..NewTable::default() }).await?;
    locked(tx, named).await
}

/// Changes a table of the handle's own scope.
pub async fn update(scoped: &Scoped, named: &str, change: Change) -> Result<Table> {
    let named = named.to_owned();
    scoped.write(move |tx| Box::pin(async move { update_in(tx, &named, change).await })).await
}

async fn update_in(tx: &mut Tx, named: &str, change: Change) -> Result<Table> {
    let old = locked(tx, named).await?;
    let description = change.description.unwrap_or_else(|| old.description.clone());
    let schema = change.schema.unwrap_or_else(|| old.schema.clone());
    check_description(description.as_deref())?;
    let sql =
        Sql::new("UPDATE document_tables SET description = $2, schema = $3, updated_at = $4 WHERE id = $1")
            .bind(old.id)
            .bind(description.clone())
            .bind(document(schema.as_ref())?)
            .bind(now());
    tx.execute(sql).await?;
    let event = event("table.update", &old).change("description", &old.description, &description).change(
        "schema",
        &old.schema,
        &schema,
    );
    record(tx, event).await?;
    seen(tx, &old.id.to_string()).await
}

/// Deletes a table of the handle's own scope with its documents, some at a time.
pub async fn delete(scoped: &Scoped, named: &str) -> Result<()> {
    let named = named.to_owned();
    // There may be many, and others write in between.
    loop {
        let table = named.clone();
        let gone = scoped.write(move |tx| Box::pin(async move { delete_some(tx, &table).await })).await?;
        if gone < u64::from(SOME) {
            break;
        }
    }
    scoped.write(move |tx| Box::pin(async move { delete_in(tx, &named).await })).await
}

async fn delete_some(tx: &mut Tx, named: &str) -> Result<u64> {
    let table = locked(tx, named).await?;
    let sql = Sql::new(
        "DELETE FROM documents WHERE table_id = $1 AND id IN
           (SELECT d.id FROM documents d WHERE d.table_id = $1 LIMIT $2) RETURNING bytes",
    );
    let rows = tx.all(sql.bind(table.id).bind(SOME)).await?;
    let bytes = rows.iter().map(|row| row.get::<i64>("bytes")).sum::<Result<i64>>()?;
    let count = rows.len() as i64;
    writes::tally(tx, &table, -count, -bytes).await?;
    if count > 0 {
        record(tx, event("document.delete", &table).detail("deleted", count)).await?;
    }
    Ok(rows.len() as u64)
}

async fn delete_in(tx: &mut Tx, named: &str) -> Result<()> {
    let table = locked(tx, named).await?;
    tx.execute(Sql::new("DELETE FROM documents WHERE table_id = $1").bind(table.id)).await?;
    tx.execute(Sql::new("DELETE FROM document_tables WHERE id = $1").bind(table.id)).await?;
    let rest = Some(table.documents).filter(|rest| *rest > 0);
    record(tx, event("table.delete", &table).maybe("deleted", rest)).await
}

/// What was done to a table or to its documents.
fn event(action: &'static str, table: &Table) -> Event {
    Event::new(action).target("table", table.id).detail("name", &table.name)
}

fn read(row: &Row) -> Result<Table> {
    Ok(Table {
        id: row.get("id")?,
        organization_id: row.opt("organization_id")?,
        name: row.get("name")?,
        description: row.opt("description")?,
        schema: row.opt_document("schema")?,
        documents: row.get("documents")?,
        bytes: row.get("bytes")?,
        created_by: row.opt("created_by")?,
        created_at: row.get("created_at")?,
        updated_at: row.get("updated_at")?,
    })
}
