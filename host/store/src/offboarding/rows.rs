//! Rows of one organization in one table: counted, read page by page, deleted page by page.
//! A page goes on where the last one ended in the table, so each row is passed once.

use super::catalogue::Table;
use crate::audit::hex;
use crate::{Db, Engine, Row, Scoped, Sql, db_roles};
use bifrost_core::{Error, OrganizationId, Result, Scope};
use chrono::{DateTime, SecondsFormat};
use serde_json::{Map, Value};
use sqlx::{Column as _, Row as _, TypeInfo, ValueRef};
use uuid::Uuid;

/// Columns that are times although they do not end in `_at`.
const TIMES: [&str; 6] = ["at", "timestamp", "not_before", "scheduled_for", "lease_until", "idle_until"];

/// Lines of JSON, and where the next page begins; `None` at the end.
pub struct Page {
    /// One row each.
    pub lines: Vec<String>,
    /// To be given to the next call.
    pub next: Option<String>,
}

/// In whose hands the rows of a table are: the system's, and of what that may not see the
/// organization's own or, for what is shared with it, the provider's.
pub(super) fn hands(db: &Db, table: &str, organization: OrganizationId) -> Scoped {
    match table {
        "config_shares" => db.scope(Scope::Global),
        _ if db_roles::is_for_system(table) => db.system(),
        _ => db.org(organization),
    }
}

/// How many rows of a table meet a condition about `$1`, the organization.
pub async fn count(db: &Db, table: &str, condition: &str, organization: OrganizationId) -> Result<u64> {
    let sql = Sql::new(format!("SELECT COUNT(*) AS rows FROM {table} WHERE {condition}")).bind(organization);
    let row = hands(db, table, organization).read().await?.one(sql).await?;
    Ok(row.get::<i64>("rows")?.unsigned_abs())
}

/// At most `limit` rows after a place.
pub async fn page(
    db: &Db,
    table: &Table,
    organization: OrganizationId,
    after: Option<&str>,
    limit: u32,
) -> Result<Page> {
    let mut tx = hands(db, &table.name, organization).read().await?;
    let mut sql = match (tx.engine(), table.has_places) {
        (Engine::Sqlite, true) => Sql::new(format!(
            "SELECT CAST(rowid AS TEXT) AS row_place, {} FROM {} WHERE ({})",
            table.columns.join(", "),
            table.name,
            table.owned
        )),
        (Engine::Sqlite, false) => Sql::new(format!(
            "SELECT {} FROM {} WHERE ({})",
            table.columns.join(", "),
            table.name,
            table.owned
        )),
        (Engine::Postgres, _) => {
            let column = |name: &String| {
                if table.bytes.contains(name) {
                    format!("encode(t.{name}, 'hex') AS {name}")
                } else {
                    format!("t.{name}")
                }
            };
            let columns: Vec<_> = table.columns.iter().map(column).collect();
            Sql::new(format!(
                "SELECT ctid::text AS row_place, (SELECT row_to_json(x)::text FROM (SELECT {}) x) AS document
                 FROM {} t WHERE ({})",
                columns.join(", "),
                table.name,
                table.owned
            ))
        }
    }
    .bind(organization);
    place(&mut sql, tx.engine(), table, after)?;
    sql.push(" LIMIT ").push_bind(limit);
    if !table.has_places {
        sql.push(" OFFSET ").push_bind(after.map_or(Ok(0), str::parse::<i64>).map_err(unreadable)?);
    }
    let rows = tx.all(sql).await?;
    let lines = rows.iter().map(|row| line(row, table)).collect::<Result<Vec<_>>>()?;
    let is_last = rows.len() < limit as usize;
    let next = match rows.last() {
        Some(row) if !is_last && table.has_places => Some(row.get("row_place")?),
        Some(_) if !is_last => {
            let before = after.map_or(Ok(0), str::parse::<usize>).map_err(unreadable)?;
            Some((before + rows.len()).to_string())
        }
        _ => None,
    };
    Ok(Page { lines, next })
}

fn place(sql: &mut Sql, engine: Engine, table: &Table, after: Option<&str>) -> Result<()> {
    match (engine, table.has_places) {
        (_, false) => {}
        (Engine::Sqlite, true) => {
            if let Some(after) = after {
                sql.push(" AND rowid > ").push_bind(after.parse::<i64>().map_err(unreadable)?);
            }
            sql.push(" ORDER BY rowid");
        }
        (Engine::Postgres, true) => {
            if let Some(after) = after {
                sql.push(" AND ctid > ").push_bind(after).push("::text::tid");
            }
            sql.push(" ORDER BY ctid");
        }
    }
    Ok(())
}

fn unreadable(error: std::num::ParseIntError) -> Error {
    Error::Internal(anyhow::Error::from(error).context("the progress of an offboarding is damaged"))
}

fn line(row: &Row, table: &Table) -> Result<String> {
    let row = match row {
        Row::Postgres(_) => return row.get("document"),
        Row::Sqlite(row) => row,
    };
    let mut fields = Map::new();
    for (index, column) in row.columns().iter().enumerate() {
        let name = column.name();
        if !table.columns.iter().any(|known| known == name) {
            continue;
        }
        let read = |error: sqlx::Error| Error::Internal(error.into());
        let raw = row.try_get_raw(index).map_err(read)?;
        let kind = raw.type_info().name().to_owned();
        let value = match kind.as_str() {
            _ if raw.is_null() => Value::Null,
            "TEXT" => row.try_get_unchecked::<String, _>(index).map_err(read)?.into(),
            "REAL" => row.try_get_unchecked::<f64, _>(index).map_err(read)?.into(),
            "BLOB" => bytes(&row.try_get_unchecked::<Vec<u8>, _>(index).map_err(read)?, table, name),
            _ => number(row.try_get_unchecked::<i64, _>(index).map_err(read)?, name),
        };
        fields.insert(name.to_owned(), value);
    }
    Ok(Value::Object(fields).to_string())
}

/// SQLite does not tell a uuid from other bytes; its length does.
fn bytes(content: &[u8], table: &Table, column: &str) -> Value {
    match Uuid::from_slice(content) {
        Ok(id) => id.to_string().into(),
        Err(_) if table.bytes.iter().any(|plain| plain == column) => hex(content).into(),
        Err(_) => Value::Null,
    }
}

fn number(value: i64, column: &str) -> Value {
    if column.ends_with("_at") || TIMES.contains(&column) {
        let time = DateTime::from_timestamp_micros(value);
        return time.map_or(Value::Null, |time| time.to_rfc3339_opts(SecondsFormat::Micros, true).into());
    }
    value.into()
}

/// Deletes at most `limit` rows after a place; tells where the next page begins, `None` at the
/// end of the table.
pub async fn delete(
    db: &Db,
    table: &Table,
    organization: OrganizationId,
    after: Option<&str>,
    limit: u32,
) -> Result<Option<String>> {
    let Table { name, owned, .. } = table;
    if !table.has_places {
        let sql = Sql::new(format!("DELETE FROM {name} WHERE {owned}")).bind(organization);
        hands(db, name, organization).write(move |tx| Box::pin(async move { tx.execute(sql).await })).await?;
        return Ok(None);
    }
    let (engine, column) = match db.engine() {
        Engine::Sqlite => (Engine::Sqlite, "CAST(rowid AS TEXT)"),
        Engine::Postgres => (Engine::Postgres, "ctid::text"),
    };
    let sql = format!("SELECT {column} AS row_place FROM {name} WHERE ({owned})");
    let mut sql = Sql::new(sql).bind(organization);
    place(&mut sql, engine, table, after)?;
    sql.push(" LIMIT ").push_bind(limit);
    let hands = hands(db, name, organization);
    let rows = hands.read().await?.all(sql).await?;
    let (Some(first), Some(last)) = (rows.first(), rows.last()) else { return Ok(None) };
    let (first, last): (String, String) = (first.get("row_place")?, last.get("row_place")?);
    let mut sql = Sql::new(format!("DELETE FROM {name} WHERE ({owned})")).bind(organization);
    for (comparison, end) in [(">=", &first), ("<=", &last)] {
        match engine {
            Engine::Sqlite => {
                sql.push(&format!(" AND rowid {comparison} "))
                    .push_bind(end.parse::<i64>().map_err(unreadable)?);
            }
            Engine::Postgres => {
                sql.push(&format!(" AND ctid {comparison} ")).push_bind(end.as_str()).push("::text::tid");
            }
        }
    }
    hands.write(move |tx| Box::pin(async move { tx.execute(sql).await })).await?;
    Ok((rows.len() == limit as usize).then_some(last))
}
