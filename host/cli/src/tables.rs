//! `bifrost tables`: documents that workflows keep.

use crate::admin::{each, print, text};
use crate::client::{Client, Server};
use anyhow::{Context, Result, bail, ensure};
use bifrost_core::documents::{MAX_BATCH, MAX_PAGE, check_name};
use clap::{Args, Subcommand};
use serde_json::{Map, Value, json};
use std::io::{BufRead, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// JSON of one request of an import, in bytes; the server takes twice as much.
const IMPORT: usize = 4 << 20;

/// Tables of JSON documents, and what is in them.
#[derive(Args)]
pub struct Tables {
    #[command(subcommand)]
    command: Option<TableCommand>,
    #[command(flatten)]
    server: Server,
    /// Print the answer as JSON.
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Subcommand)]
enum TableCommand {
    /// List all tables, and global ones that they do not hide (the default).
    List,
    /// Print a table with its schema, as JSON.
    Show {
        /// Name or id.
        table: String,
    },
    /// Print documents, one a line.
    Query {
        /// Name or id.
        table: String,
        /// Only where a field has this value, such as `status=open`; several are possible.
        #[arg(long = "where", value_name = "FIELD=VALUE")]
        equals: Vec<String>,
        /// Conditions as JSON, such as `{"amount": {"gte": 100}}`.
        #[arg(long, value_name = "JSON")]
        filter: Option<String>,
        /// The field to sort by; the order in which documents were made by default.
        #[arg(long, value_name = "FIELD")]
        order_by: Option<String>,
        /// Sort backwards.
        #[arg(long)]
        desc: bool,
        /// At most 1,000.
        #[arg(long, default_value_t = 100)]
        limit: u32,
        /// Leave out so many documents before them.
        #[arg(long, default_value_t = 0)]
        offset: u32,
    },
    /// Write all documents as lines of `{"id", "data"}`.
    Export {
        /// Name or id.
        table: String,
        /// Where to; standard output by default.
        #[arg(long, short, value_name = "FILE")]
        output: Option<PathBuf>,
    },
    /// Add or replace documents from such lines, each some hundred of them in one step. Lines
    /// without an id are new documents.
    Import {
        /// Name; the table is made if there is none.
        table: String,
        /// Where from; standard input by default.
        file: Option<PathBuf>,
    },
}

fn table_line(one: &Value) {
    let scope = if one["organization_id"].is_null() { "global" } else { "own" };
    println!(
        "{}  {scope:<6}  {:>7} documents  {}",
        text(one, "id"),
        one["document_count"],
        text(one, "name")
    );
}

/// The path of a table.
fn path(table: &str) -> Result<String> {
    if table.parse::<uuid::Uuid>().is_err() {
        check_name("TABLE", table)?;
    }
    Ok(format!("/api/tables/{table}"))
}

fn filter(equals: &[String], filter: Option<&str>) -> Result<Map<String, Value>> {
    let mut all = match filter {
        None => Map::new(),
        Some(text) => serde_json::from_str(text).context("--filter is no JSON object")?,
    };
    for text in equals {
        let (field, value) = text.split_once('=').context("expected FIELD=VALUE")?;
        // What is no JSON is a text.
        let value = serde_json::from_str(value).unwrap_or_else(|_| Value::from(value));
        all.insert(field.to_owned(), value);
    }
    Ok(all)
}

async fn export(client: &Client, table: &str, to: &mut impl Write) -> Result<()> {
    let (path, mut offset) = (format!("{}/query", path(table)?), 0);
    let mut limit = MAX_PAGE;
    loop {
        let body = json!({ "limit": limit, "offset": offset });
        let page = match client.post(&path, body).await {
            // Large documents: fewer of them fit into an answer.
            Err(error) if limit > 50 && error.to_string().contains("ask for fewer") => {
                limit = 50;
                continue;
            }
            page => page?,
        };
        let documents = page["documents"].as_array().map(Vec::as_slice).unwrap_or_default();
        for document in documents {
            writeln!(to, "{}", json!({ "id": document["id"], "data": document["data"] }))?;
        }
        offset += documents.len();
        if documents.is_empty() || offset as u64 >= page["total"].as_u64().unwrap_or_default() {
            to.flush()?;
            return Ok(());
        }
    }
}

/// Documents of an import that go in one request: those with an id, and new ones.
#[derive(Default)]
struct Batch {
    upsert: Vec<Value>,
    insert: Vec<Value>,
    bytes: usize,
}

impl Batch {
    async fn send(&mut self, client: &Client, path: &str) -> Result<usize> {
        let mut count = 0;
        for (kind, documents) in [("upsert", &mut self.upsert), ("insert", &mut self.insert)] {
            let documents = std::mem::take(documents);
            if !documents.is_empty() {
                count += documents.len();
                client.post(path, json!({ kind: documents })).await?;
            }
        }
        self.bytes = 0;
        Ok(count)
    }
}

async fn import(client: &Client, table: &str, from: impl BufRead) -> Result<usize> {
    let path = format!("{}/batch", path(table)?);
    let (mut batch, mut count) = (Batch::default(), 0);
    for (index, line) in from.lines().enumerate() {
        let line = line.context("the input cannot be read")?;
        if line.trim().is_empty() {
            continue;
        }
        let document: Value =
            serde_json::from_str(&line).with_context(|| format!("line {} is no JSON", index + 1))?;
        ensure!(document["data"].is_object(), "line {} has no `data`", index + 1);
        if batch.bytes + line.len() > IMPORT || batch.upsert.len().max(batch.insert.len()) >= MAX_BATCH {
            count += batch.send(client, &path).await.with_context(|| format!("before line {}", index + 1))?;
        }
        batch.bytes += line.len();
        match &document["id"] {
            Value::Null => batch.insert.push(json!({ "data": document["data"] })),
            Value::String(id) => batch.upsert.push(json!({ "id": id, "data": document["data"] })),
            _ => bail!("line {}: `id` is no text", index + 1),
        }
    }
    Ok(count + batch.send(client, &path).await?)
}

impl Tables {
    pub async fn execute(self, data: &Path) -> Result<ExitCode> {
        let client = self.server.connect(data).await?;
        match self.command.unwrap_or(TableCommand::List) {
            TableCommand::List => {
                print(&client.get("/api/tables").await?, self.json, |all| each(all, "tables", table_line))
            }
            TableCommand::Show { table } => print(&client.get(&path(&table)?).await?, true, |_| ()),
            TableCommand::Query { table, equals, filter: conditions, order_by, desc, limit, offset } => {
                let body = json!({
                    "where": filter(&equals, conditions.as_deref())?, "order_by": order_by,
                    "order_dir": if desc { "desc" } else { "asc" }, "limit": limit, "offset": offset,
                });
                let answer = client.post(&format!("{}/query", path(&table)?), body).await?;
                print(&answer, self.json, |page| {
                    each(page, "documents", |one| println!("{}  {}", text(one, "id"), one["data"]));
                })
            }
            TableCommand::Export { table, output } => {
                match output {
                    Some(file) => {
                        let to = std::fs::File::create(&file)
                            .with_context(|| format!("cannot write {}", file.display()))?;
                        export(&client, &table, &mut std::io::BufWriter::new(to)).await?;
                    }
                    None => export(&client, &table, &mut std::io::stdout().lock()).await?,
                }
                Ok(ExitCode::SUCCESS)
            }
            TableCommand::Import { table, file } => {
                let count = match file {
                    Some(file) => {
                        let from = std::fs::File::open(&file)
                            .with_context(|| format!("cannot read {}", file.display()))?;
                        import(&client, &table, std::io::BufReader::new(from)).await?
                    }
                    None => import(&client, &table, std::io::stdin().lock()).await?,
                };
                print(&json!({ "count": count }), self.json, |_| println!("{count} documents"))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conditions_are_values_and_texts() {
        let equals = ["a=1".to_owned(), "b=x=y".to_owned(), "c=\"1\"".to_owned()];
        let all = filter(&equals, Some(r#"{"d": {"gte": 2}}"#)).expect("conditions");
        assert_eq!(Value::Object(all), json!({"a": 1, "b": "x=y", "c": "1", "d": {"gte": 2}}));
        assert!(filter(&["a".to_owned()], None).is_err() && filter(&[], Some("[]")).is_err());
    }

    #[test]
    fn a_table_is_no_path() {
        assert_eq!(path("customers").expect("a path"), "/api/tables/customers");
        for bad in ["../keys", "a/b", "a?b", ""] {
            assert!(path(bad).is_err(), "{bad}");
        }
    }
}
