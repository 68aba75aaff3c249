//! Writing documents. A batch is one transaction and one statement, whatever its size, and one entry
//! of the audit log.

use super::{Table, event, locked, locked_or_new};
use crate::audit::{Event, record};
use crate::{Engine, Scoped, Sql, Tx, now};
use bifrost_core::documents::{MAX_BATCH, MAX_DOCUMENTS, MAX_TABLE_BYTES, check_id, settle};
use bifrost_core::{Document, Error, Result, UserId};
use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::{Map, Value, json};
use std::collections::{HashMap, HashSet};
use uuid::Uuid;

/// Ids of documents that an entry of the audit log has; of more it has only the number.
const AUDITED_IDS: usize = 20;

/// A document to write.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct NewDocument {
    /// `None` for a new one, in the order of time.
    pub id: Option<String>,
    /// What it holds.
    pub data: Map<String, Value>,
    /// Only if the document has this version; 0: only if there is none.
    pub if_version: Option<i64>,
}

/// Adds documents to a table of the handle's own scope, which is made where it is missing: all of
/// them or none. `Conflict` with `already_exists` where one has an id that is taken,
/// `version_changed`, `table_full`, or `too_many_tables`.
pub async fn insert(scoped: &Scoped, table: &str, new: Vec<NewDocument>) -> Result<Vec<Document>> {
    write(scoped, table, new, false).await
}

/// As [`insert`]; documents that are there are replaced, their versions counted on.
pub async fn upsert(scoped: &Scoped, table: &str, new: Vec<NewDocument>) -> Result<Vec<Document>> {
    write(scoped, table, new, true).await
}

/// A document that was checked.
struct Checked {
    place: String,
    id: String,
    data: Map<String, Value>,
    bytes: usize,
    if_version: Option<i64>,
}

async fn write(scoped: &Scoped, table: &str, new: Vec<NewDocument>, replaces: bool) -> Result<Vec<Document>> {
    let new = check(new)?;
    let table = table.to_owned();
    scoped.write(move |tx| Box::pin(async move { write_in(tx, &table, new, replaces).await })).await
}

fn check(new: Vec<NewDocument>) -> Result<Vec<Checked>> {
    check_batch("documents", new.len())?;
    let is_one = new.len() == 1;
    let mut ids = HashSet::new();
    let mut all = Vec::with_capacity(new.len());
    for (index, mut one) in new.into_iter().enumerate() {
        let place = if is_one { String::new() } else { format!("documents[{index}].") };
        let id = one.id.unwrap_or_else(|| Uuid::now_v7().to_string());
        check_id(&format!("{place}id"), &id)?;
        let bytes = settle(&format!("{place}data"), &mut one.data)?;
        if !ids.insert(id.clone()) {
            return Err(Error::invalid(format!("{place}id"), format!("`{id}` is there twice")));
        }
        all.push(Checked { place, id, data: one.data, bytes, if_version: one.if_version });
    }
    Ok(all)
}

fn check_batch(field: &str, count: usize) -> Result<()> {
    if count <= MAX_BATCH {
        return Ok(());
    }
    Err(Error::invalid(field, format!("{count} documents; a batch has at most {MAX_BATCH}")))
}

/// What is kept of a document that is replaced.
struct Old {
    bytes: i64,
    version: i64,
    created_by: Option<UserId>,
    created_at: DateTime<Utc>,
}

async fn write_in(tx: &mut Tx, named: &str, new: Vec<Checked>, replaces: bool) -> Result<Vec<Document>> {
    let table = locked_or_new(tx, named).await?;
    if let Some(schema) = &table.schema {
        for one in &new {
            schema.check(&format!("{}data", one.place), &one.data)?;
        }
    }
    let ids: Vec<_> = new.iter().map(|one| one.id.as_str()).collect();
    let old = old(tx, &table, &ids).await?;
    if let Some(taken) = ids.iter().find(|id| old.contains_key(**id)).filter(|_| !replaces) {
        let message = format!("there is a document `{taken}` in the table already");
        return Err(Error::Conflict { code: "already_exists", message });
    }
    for one in &new {
        check_version(&one.id, old.get(&one.id).map(|old| old.version), one.if_version)?;
    }
    let (by, time) = (tx.actor().and_then(|actor| actor.id), now());
    let rows: Vec<_> =
        new.iter().map(|one| json!({ "id": one.id, "data": one.data, "bytes": one.bytes })).collect();
    // WHERE tells SQLite that ON does not belong to a join.
    let mut sql = Sql::new(format!(
        "INSERT INTO documents (table_id, organization_id, id, data, bytes, version, created_by, updated_by, created_at,
           updated_at)
         SELECT $1, $2, e.value ->> 'id', e.value -> 'data', CAST(e.value ->> 'bytes' AS bigint), 1, $4, $4, $5, $5
         FROM {} WHERE true",
        elements(tx.engine(), "$3")
    ))
    .bind(table.id)
    .bind(tx.access().organization())
    .bind(Value::Array(rows))
    .bind(by)
    .bind(time);
    if replaces {
        sql.push(
            " ON CONFLICT (table_id, id) DO UPDATE SET data = excluded.data, bytes = excluded.bytes,
               version = documents.version + 1, updated_by = excluded.updated_by, updated_at = excluded.updated_at",
        );
    }
    tx.execute(sql).await?;
    let added = new.len() as i64 - old.len() as i64;
    let bytes = new.iter().map(|one| one.bytes as i64).sum::<i64>();
    tally(tx, &table, added, bytes - old.values().map(|old| old.bytes).sum::<i64>()).await?;
    if !new.is_empty() {
        let action = if replaces { "document.upsert" } else { "document.insert" };
        let event = of_documents(action, &table, &ids).detail("inserted", added);
        record(tx, event.maybe("updated", replaces.then_some(old.len()))).await?;
    }
    let document = |one: Checked| {
        let old = old.get(&one.id);
        Document {
            table_id: table.id,
            data: one.data,
            version: old.map_or(1, |old| old.version + 1),
            created_by: old.map_or(by, |old| old.created_by),
            updated_by: by,
            created_at: old.map_or(time, |old| old.created_at),
            updated_at: time,
            id: one.id,
        }
    };
    Ok(new.into_iter().map(document).collect())
}

/// What was done to documents of a table, without what they hold.
fn of_documents(action: &'static str, table: &Table, ids: &[impl Serialize]) -> Event {
    event(action, table).maybe("ids", (ids.len() <= AUDITED_IDS).then_some(ids))
}

/// `found` is the version of a document of a locked table, `None` where there is none.
fn check_version(id: &str, found: Option<i64>, expected: Option<i64>) -> Result<()> {
    let Some(expected) = expected.filter(|expected| *expected != found.unwrap_or(0)) else { return Ok(()) };
    let message = match (found, expected) {
        (Some(found), 0) => format!("there is a document `{id}` by now, of version {found}; read it"),
        (Some(found), _) => {
            format!("the document `{id}` has version {found} by now, not {expected}; read it again")
        }
        (None, _) => format!("there is no document `{id}` any more; expected version {expected}"),
    };
    Err(Error::Conflict { code: "version_changed", message })
}

/// The elements of a list in a parameter, as rows with a column `value`.
fn elements(engine: Engine, parameter: &str) -> String {
    match engine {
        Engine::Sqlite => format!("json_each({parameter}) e"),
        Engine::Postgres => format!("json_array_elements({parameter}) AS e(value)"),
    }
}

/// A condition that is true where a column is one of the texts in a list in a parameter.
pub(super) fn is_among(engine: Engine, column: &str, parameter: &str) -> String {
    match engine {
        Engine::Sqlite => format!("{column} IN (SELECT value FROM json_each({parameter}))"),
        Engine::Postgres => format!("{column} IN (SELECT json_array_elements_text({parameter}))"),
    }
}

async fn old(tx: &mut Tx, table: &Table, ids: &[&str]) -> Result<HashMap<String, Old>> {
    let sql = Sql::new(format!(
        "SELECT d.id, d.bytes, d.version, d.created_by, d.created_at FROM documents d WHERE d.table_id = $1 AND {}",
        is_among(tx.engine(), "d.id", "$2")
    ))
    .bind(table.id)
    .bind(json!(ids));
    let mut all = HashMap::new();
    for row in tx.all(sql).await? {
        let old = Old {
            bytes: row.get("bytes")?,
            version: row.get("version")?,
            created_by: row.opt("created_by")?,
            created_at: row.get("created_at")?,
        };
        all.insert(row.get("id")?, old);
    }
    Ok(all)
}

/// Counts what was written to a table that the transaction has locked. `Conflict` with
/// `table_full`, which undoes it.
pub(super) async fn tally(tx: &mut Tx, table: &Table, documents: i64, bytes: i64) -> Result<()> {
    let (all, size) = (table.documents + documents, table.bytes + bytes);
    let full = |what: String| Err(Error::Conflict { code: "table_full", message: what });
    if documents > 0 && all > MAX_DOCUMENTS {
        return full(format!("a table has at most {MAX_DOCUMENTS} documents; this one would have {all}"));
    }
    if bytes > 0 && size > MAX_TABLE_BYTES {
        return full(format!("a table has at most {MAX_TABLE_BYTES} bytes; this one would have {size}"));
    }
    let sql = Sql::new("UPDATE document_tables SET documents = $2, bytes = $3 WHERE id = $1");
    tx.execute(sql.bind(table.id).bind(all).bind(size)).await.map(drop)
}

/// Lays fields over those of a document of the handle's own scope; `null` is a value, too.
/// `NotFound` for a table or a document that is not there, `Conflict` with `version_changed` when
/// it has another version than `if_version`.
pub async fn update(
    scoped: &Scoped,
    table: &str,
    id: &str,
    data: Map<String, Value>,
    if_version: Option<i64>,
) -> Result<Document> {
    let (table, id) = (table.to_owned(), id.to_owned());
    scoped.write(move |tx| Box::pin(async move { update_in(tx, &table, &id, data, if_version).await })).await
}

async fn update_in(
    tx: &mut Tx,
    named: &str,
    id: &str,
    changes: Map<String, Value>,
    if_version: Option<i64>,
) -> Result<Document> {
    let table = locked(tx, named).await?;
    let Some((mut document, before)) = super::query::find(tx, &table, id).await? else {
        return Err(Error::NotFound("document"));
    };
    check_version(id, Some(document.version), if_version)?;
    document.data.extend(changes);
    let bytes = settle("data", &mut document.data)? as i64;
    if let Some(schema) = &table.schema {
        schema.check("data", &document.data)?;
    }
    document.version += 1;
    document.updated_by = tx.actor().and_then(|actor| actor.id);
    document.updated_at = now();
    let sql = Sql::new(
        "UPDATE documents SET data = $3, bytes = $4, version = $5, updated_by = $6, updated_at = $7
         WHERE table_id = $1 AND id = $2",
    )
    .bind(table.id)
    .bind(id)
    .bind(Value::Object(document.data.clone()))
    .bind(bytes)
    .bind(document.version)
    .bind(document.updated_by)
    .bind(document.updated_at);
    tx.execute(sql).await?;
    tally(tx, &table, 0, bytes - before).await?;
    record(tx, of_documents("document.update", &table, &[id]).detail("updated", 1)).await?;
    Ok(document)
}

/// Deletes documents of a table of the handle's own scope in one step; tells the ids of those that
/// were there, sorted.
pub async fn delete(scoped: &Scoped, table: &str, ids: Vec<String>) -> Result<Vec<String>> {
    check_batch("ids", ids.len())?;
    let table = table.to_owned();
    scoped.write(move |tx| Box::pin(async move { delete_in(tx, &table, &ids).await })).await
}

/// Deletes a document of the handle's own scope; false when there is none. `Conflict` with
/// `version_changed` when it has another version than `if_version`.
pub async fn delete_one(scoped: &Scoped, table: &str, id: &str, if_version: Option<i64>) -> Result<bool> {
    let (table, id) = (table.to_owned(), id.to_owned());
    scoped
        .write(move |tx| {
            Box::pin(async move {
                let known = locked(tx, &table).await?;
                let found = old(tx, &known, &[id.as_str()]).await?.remove(&id);
                let Some(found) = found else { return Ok(false) };
                check_version(&id, Some(found.version), if_version)?;
                delete_in(tx, &table, &[id]).await.map(|gone| !gone.is_empty())
            })
        })
        .await
}

async fn delete_in(tx: &mut Tx, named: &str, ids: &[String]) -> Result<Vec<String>> {
    let table = locked(tx, named).await?;
    let sql = Sql::new(format!(
        "DELETE FROM documents WHERE table_id = $1 AND {} RETURNING id, bytes",
        is_among(tx.engine(), "id", "$2")
    ))
    .bind(table.id)
    .bind(json!(ids));
    let rows = tx.all(sql).await?;
    let bytes = rows.iter().map(|row| row.get::<i64>("bytes")).sum::<Result<i64>>()?;
    tally(tx, &table, -(rows.len() as i64), -bytes).await?;
    let mut gone = rows.iter().map(|row| row.get("id")).collect::<Result<Vec<String>>>()?;
    gone.sort_unstable();
    if !gone.is_empty() {
        record(tx, of_documents("document.delete", &table, &gone).detail("deleted", gone.len())).await?;
    }
    Ok(gone)
}
