//! Which rows belong to an organization, read from the database's own catalogue: a table
//! that a later release adds is covered without anybody thinking of it.
//!
//! A table is a tenant's when it has a column `organization_id`, or refers to one that is.

use crate::{Engine, Sql, Tx};
use bifrost_core::{Error, Result};
use std::collections::{BTreeMap, BTreeSet};

/// The column that says whose a row is.
const OWNER: &str = "organization_id";
/// The tenants themselves.
const TENANTS: &str = "organizations";
/// What the platform keeps about an organization after its end.
pub const KEPT: &str = "offboardings";
/// Goes before what it does not refer to: the trigger that guards a log looks into its chain.
const BEFORE: [(&str, &str); 2] = [("audit_outbox", "audit_chains"), ("audit_log", "audit_chains")];
/// Binary columns that are no secrets; all others are left out of an export.
const PLAIN_BYTES: [(&str, &str); 4] = [
    ("audit_log", "hash"),
    ("audit_chains", "hash"),
    ("audit_chains", "pruned_hash"),
    ("webhook_deliveries", "body"),
];
/// Texts that are left out: whoever has them could pass for somebody.
const SECRETS: [&str; 5] = ["secret", "password", "password_hash", "token", "recovery_codes"];

/// Such texts under names that elsewhere say something harmless.
const SECRET_TEXTS: [(&str, &str); 1] = [("passwords", "hash")];

/// A table with rows of an organization.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table {
    /// Its name.
    pub name: String,
    /// A condition that is true for the rows of the organization `$1`.
    pub owned: String,
    /// Columns of an export.
    pub columns: Vec<String>,
    /// Columns that are left out of it.
    pub left_out: Vec<String>,
    /// Binary columns of [`Self::columns`].
    pub bytes: Vec<String>,
    /// True when rows can be told apart by their place (`ctid`, `rowid`).
    pub has_places: bool,
}

struct Column {
    table: String,
    name: String,
    kind: String,
}

struct Reference {
    table: String,
    column: String,
    to: String,
    to_column: String,
}

/// All tables of the platform.
pub async fn tables(tx: &mut Tx) -> Result<BTreeSet<String>> {
    Ok(columns(tx).await?.into_iter().map(|column| column.table).collect())
}

/// The tables with rows of organizations, in an order in which they can be emptied: who
/// refers to another comes first.
pub async fn plan(tx: &mut Tx) -> Result<Vec<Table>> {
    let (columns, references) = (columns(tx).await?, references(tx).await?);
    let bare = without_places(tx).await?;
    let mut owned: BTreeMap<String, String> = BTreeMap::new();
    for column in &columns {
        if column.name == OWNER && column.table != KEPT {
            owned.insert(column.table.clone(), format!("{OWNER} = $1"));
        }
    }
    owned.insert(TENANTS.to_owned(), "id = $1".to_owned());
    // What refers to a tenant's table without saying whose it is, as far as that goes.
    loop {
        let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for reference in &references {
            if let Some(condition) = owned.get(&reference.to)
                && !owned.contains_key(&reference.table)
            {
                let Reference { table, column, to, to_column } = reference;
                let one = format!("{column} IN (SELECT {to_column} FROM {to} WHERE {condition})");
                found.entry(table.clone()).or_default().push(one);
            }
        }
        if found.is_empty() {
            break;
        }
        owned.extend(found.into_iter().map(|(table, some)| (table, some.join(" OR "))));
    }
    let tables = order(&owned, &references)?;
    Ok(tables.into_iter().map(|name| table(&name, &owned[&name], &columns, !bare.contains(&name))).collect())
}

fn table(name: &str, owned: &str, all: &[Column], has_places: bool) -> Table {
    let (mut columns, mut left_out, mut bytes) = (vec![], vec![], vec![]);
    for column in all.iter().filter(|column| column.table == name) {
        let is_plain = PLAIN_BYTES.contains(&(name, column.name.as_str()));
        let is_secret = SECRET_TEXTS.contains(&(name, column.name.as_str()))
            || SECRETS.iter().any(|end| column.name == *end || column.name.ends_with(&format!("_{end}")));
        let is_binary = column.kind == "bytea" || (column.kind == "blob" && !is_id(&column.name));
        if is_secret || (is_binary && !is_plain) {
            left_out.push(column.name.clone());
            continue;
        }
        if is_plain {
            bytes.push(column.name.clone());
        }
        columns.push(column.name.clone());
    }
    Table { name: name.to_owned(), owned: owned.to_owned(), columns, left_out, bytes, has_places }
}

/// SQLite has ids and other bytes in columns of one type; the names of ids tell.
fn is_id(column: &str) -> bool {
    ["id", "_by", "_of", "_as", "last_execution"].iter().any(|end| column.ends_with(end))
}

/// Who refers to another comes before it.
fn order(owned: &BTreeMap<String, String>, references: &[Reference]) -> Result<Vec<String>> {
    let edges = references.iter().map(|r| (r.table.as_str(), r.to.as_str())).chain(BEFORE);
    let edges: Vec<_> =
        edges.filter(|(a, b)| a != b && owned.contains_key(*a) && owned.contains_key(*b)).collect();
    let mut left: BTreeSet<&str> = owned.keys().map(String::as_str).collect();
    let mut sorted = Vec::new();
    while !left.is_empty() {
        let free = |table: &&str| !edges.iter().any(|(from, to)| to == table && left.contains(from));
        let next: Vec<&str> = left.iter().copied().filter(free).collect();
        if next.is_empty() {
            return Err(Error::Internal(anyhow::anyhow!("tables refer to each other in a circle: {left:?}")));
        }
        for table in next {
            left.remove(table);
            sorted.push(table.to_owned());
        }
    }
    // The tenants themselves come last, also after what refers to nothing.
    sorted.retain(|table| table != TENANTS);
    sorted.push(TENANTS.to_owned());
    Ok(sorted)
}

/// Every column that can hold an id, by table.
pub async fn uuid_columns(tx: &mut Tx) -> Result<BTreeMap<String, Vec<String>>> {
    let mut all: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for column in columns(tx).await? {
        if matches!(column.kind.as_str(), "uuid" | "blob") {
            all.entry(column.table).or_default().push(column.name);
        }
    }
    Ok(all)
}

/// Every column with a text or a document, by table.
pub async fn text_columns(tx: &mut Tx) -> Result<BTreeMap<String, Vec<String>>> {
    let mut all: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for column in columns(tx).await? {
        if matches!(column.kind.as_str(), "text" | "json" | "jsonb") || column.kind.starts_with("character") {
            all.entry(column.table).or_default().push(column.name);
        }
    }
    Ok(all)
}

async fn columns(tx: &mut Tx) -> Result<Vec<Column>> {
    let sql = match tx.engine() {
        Engine::Sqlite => {
            "SELECT m.name AS table_name, c.name AS column_name, lower(c.type) AS kind
             FROM sqlite_schema m JOIN pragma_table_xinfo(m.name) c
             WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%' AND m.name NOT LIKE '\\_sqlx%' ESCAPE '\\'
             ORDER BY m.name, c.cid"
        }
        Engine::Postgres => {
            "SELECT c.relname::text AS table_name, a.attname::text AS column_name,
               format_type(a.atttypid, NULL) AS kind
             FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
             WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'p')
               AND c.relname NOT LIKE '\\_sqlx%' ORDER BY c.relname, a.attnum"
        }
    };
    let rows = tx.all(Sql::new(sql)).await?;
    rows.iter()
        .map(|row| {
            Ok(Column {
                table: row.get("table_name")?,
                name: row.get("column_name")?,
                kind: row.get("kind")?,
            })
        })
        .collect()
}

async fn references(tx: &mut Tx) -> Result<Vec<Reference>> {
    let sql = match tx.engine() {
        Engine::Sqlite => {
            "SELECT m.name AS table_name, f.\"from\" AS column_name, f.\"table\" AS to_table,
               COALESCE(f.\"to\", 'id') AS to_column
             FROM sqlite_schema m JOIN pragma_foreign_key_list(m.name) f WHERE m.type = 'table'"
        }
        Engine::Postgres => {
            "SELECT c.conrelid::regclass::text AS table_name, a.attname::text AS column_name,
               c.confrelid::regclass::text AS to_table, b.attname::text AS to_column
             FROM pg_constraint c
               JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = c.conkey[1]
               JOIN pg_attribute b ON b.attrelid = c.confrelid AND b.attnum = c.confkey[1]
             WHERE c.contype = 'f' AND c.connamespace = current_schema()::regnamespace"
        }
    };
    let rows = tx.all(Sql::new(sql)).await?;
    rows.iter()
        .map(|row| {
            Ok(Reference {
                table: row.get("table_name")?,
                column: row.get("column_name")?,
                to: row.get("to_table")?,
                to_column: row.get("to_column")?,
            })
        })
        .collect()
}

/// Tables whose rows have no place of their own.
async fn without_places(tx: &mut Tx) -> Result<BTreeSet<String>> {
    if tx.engine() == Engine::Postgres {
        return Ok(BTreeSet::new());
    }
    let sql = "SELECT name FROM sqlite_schema WHERE type = 'table' AND upper(sql) LIKE '%WITHOUT ROWID%'";
    tx.all(Sql::new(sql)).await?.iter().map(|row| row.get("name")).collect()
}
