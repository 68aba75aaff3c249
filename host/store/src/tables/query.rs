//! Reading documents. What a query means is in [`bifrost_core::documents`]; here it is SQL, of
//! whose text nothing comes from a caller: names of fields and values are parameters.

use super::{Table, seen};
use crate::{Engine, Row, Scoped, Sql, Tx, Value};
use bifrost_core::document_filter::{Bound, Scalar, Test};
use bifrost_core::documents::{Field, MAX_ANSWER, Query};
use bifrost_core::{Document, Error, Result, Where};
use serde_json::json;
use std::collections::HashMap;

/// Documents that a query found.
#[derive(Clone, Debug, PartialEq)]
pub struct Page {
    /// In the order that was asked for.
    pub documents: Vec<Document>,
    /// How many there are on all pages.
    pub total: i64,
}

const COLUMNS: &str =
    "d.id, d.table_id, CAST(d.data AS text) AS data, d.bytes, d.version, d.created_by, d.updated_by,
   d.created_at, d.updated_at";

/// One document of a table that the handle's scope sees. `NotFound` for a table or a document
/// that is not there.
pub async fn get(scoped: &Scoped, table: &str, id: &str) -> Result<Document> {
    let mut tx = scoped.read().await?;
    let table = seen(&mut tx, table).await?;
    find(&mut tx, &table, id).await?.map(|(document, _)| document).ok_or(Error::NotFound("document"))
}

/// A document, and its size in bytes of JSON.
pub(super) async fn find(tx: &mut Tx, table: &Table, id: &str) -> Result<Option<(Document, i64)>> {
    let sql = Sql::new(format!("SELECT {COLUMNS} FROM documents d WHERE d.table_id = $1 AND d.id = $2"));
    let row = tx.optional(sql.bind(table.id).bind(id)).await?;
    row.as_ref().map(|row| Ok((read(row)?, row.get("bytes")?))).transpose()
}

/// How many documents of a table that the handle's scope sees a filter is for.
pub async fn count(scoped: &Scoped, table: &str, filter: &Where) -> Result<i64> {
    let mut tx = scoped.read().await?;
    let table = seen(&mut tx, table).await?;
    count_in(&mut tx, &table, filter).await
}

async fn count_in(tx: &mut Tx, table: &Table, filter: &Where) -> Result<i64> {
    if filter.conditions().is_empty() {
        return Ok(table.documents);
    }
    let mut sql = Sql::new("SELECT COUNT(*) AS n FROM documents d WHERE d.table_id = $1").bind(table.id);
    push_filter(&mut sql, tx.engine(), filter);
    tx.one(sql).await?.get("n")
}

/// Documents of a table that the handle's scope sees. `Invalid`, naming `limit`, for a page of
/// more than [`MAX_ANSWER`] bytes.
pub async fn query(scoped: &Scoped, table: &str, query: &Query) -> Result<Page> {
    let mut tx = scoped.read().await?;
    let table = seen(&mut tx, table).await?;
    let engine = tx.engine();
    // Sorted without what they hold.
    let mut sql = Sql::new("SELECT d.id, d.bytes FROM documents d WHERE d.table_id = $1").bind(table.id);
    push_filter(&mut sql, engine, &query.filter);
    push_order(&mut sql, engine, query);
    sql.push(" LIMIT ").push_bind(query.limit).push(" OFFSET ").push_bind(query.offset);
    let rows = tx.all(sql).await?;
    let bytes = rows.iter().map(|row| row.get::<i64>("bytes")).sum::<Result<i64>>()?;
    if bytes > MAX_ANSWER {
        let message = format!(
            "these {} documents have {bytes} bytes, an answer at most {MAX_ANSWER}; ask for fewer",
            rows.len()
        );
        return Err(Error::invalid("limit", message));
    }
    let ids = rows.iter().map(|row| row.get("id")).collect::<Result<Vec<String>>>()?;
    let mut documents = of_ids(&mut tx, &table, &ids).await?;
    let documents: Vec<_> = ids.iter().filter_map(|id| documents.remove(id)).collect();
    let is_all = query.offset == 0 && ids.len() < query.limit as usize;
    let total = if is_all { ids.len() as i64 } else { count_in(&mut tx, &table, &query.filter).await? };
    Ok(Page { documents, total })
}

async fn of_ids(tx: &mut Tx, table: &Table, ids: &[String]) -> Result<HashMap<String, Document>> {
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let among = super::writes::is_among(tx.engine(), "d.id", "$2");
    let sql = Sql::new(format!("SELECT {COLUMNS} FROM documents d WHERE d.table_id = $1 AND {among}"));
    let rows = tx.all(sql.bind(table.id).bind(json!(ids))).await?;
    rows.iter().map(|row| read(row).map(|document| (document.id.clone(), document))).collect()
}

fn push_filter(sql: &mut Sql, engine: Engine, filter: &Where) {
    for (field, test) in filter.conditions() {
        if matches!(test, Test::In(values) if values.is_empty()) {
            // Nothing of the field is in the text, and what is not there must not be bound.
            sql.push(" AND false");
            continue;
        }
        let place = Place::new(sql, engine, field);
        let condition = condition(sql, engine, &place, test);
        sql.push(" AND ").push(&condition);
    }
}

fn push_order(sql: &mut Sql, engine: Engine, query: &Query) {
    let direction = if query.descending { " DESC" } else { "" };
    let Some(field) = &query.order_by else {
        sql.push(&format!(" ORDER BY d.created_at{direction}, d.id{direction}"));
        return;
    };
    let place = Place::new(sql, engine, field);
    let rank = format!(
        "CASE {} WHEN 'null' THEN 0 WHEN 'false' THEN 1 WHEN 'true' THEN 2 WHEN 'number' THEN 3 WHEN 'text' THEN 4 ELSE 5 END",
        place.kind
    );
    let (number, text) = (&place.number, by_code_points(engine, &place.text));
    // Within a rank only one of these is there, so NULLs never meet values.
    sql.push(&format!(" ORDER BY {rank}{direction}, {number}{direction}, {text}{direction}, d.id"));
}

/// A field of a document, as SQL sees it.
struct Place {
    /// `null` (also where nothing is there), `false`, `true`, `number`, `text`, `array` or `object`.
    kind: String,
    /// A 64-bit float, where it is a number.
    number: String,
    /// Where it is a text.
    text: String,
    /// True where something is there, `null` too.
    exists: String,
    /// The elements of a list, as rows of a table `e`; none where it is no list.
    elements: String,
    /// Of an element: `kind`, `number` and `text`.
    element: [String; 3],
    /// True where it is a dict with the key that stands in the place of `{}`.
    has_key: String,
}

/// A parameter's place in the text.
fn bound(sql: &mut Sql, value: impl Into<Value>) -> String {
    sql.values.push(value.into());
    format!("${}", sql.values.len())
}

impl Place {
    fn new(sql: &mut Sql, engine: Engine, field: &Field) -> Self {
        match engine {
            Engine::Sqlite => Self::sqlite(sql, field),
            Engine::Postgres => Self::postgres(sql, field),
        }
    }

    fn sqlite(sql: &mut Sql, field: &Field) -> Self {
        // Parts are letters, digits, `_` and `-`, so quotes end where they should.
        let path: String = field.parts().iter().map(|part| format!(".\"{part}\"")).collect();
        let path = bound(sql, format!("${path}"));
        let of = format!("json_type(d.data, {path})");
        let kind = |of: &str| {
            format!(
                "CASE {of} WHEN 'integer' THEN 'number' WHEN 'real' THEN 'number' ELSE COALESCE({of}, 'null') END"
            )
        };
        let number = |of: &str, value: &str| {
            format!("CASE WHEN {of} IN ('integer', 'real') THEN CAST({value} AS double precision) END")
        };
        let text = |of: &str, value: &str| format!("CASE WHEN {of} = 'text' THEN {value} END");
        let value = format!("json_extract(d.data, {path})");
        Self {
            kind: kind(&of),
            number: number(&of, &value),
            text: text(&of, &value),
            exists: format!("{of} IS NOT NULL"),
            elements: format!("json_each(CASE WHEN {of} = 'array' THEN {value} ELSE '[]' END) e"),
            element: [kind("e.type"), number("e.type", "e.value"), text("e.type", "e.value")],
            has_key: format!(
                "({of} = 'object' AND EXISTS (SELECT 1 FROM json_each(d.data, {path}) e WHERE e.key = {{}}))"
            ),
        }
    }

    fn postgres(sql: &mut Sql, field: &Field) -> Self {
        let mut value = "d.data".to_owned();
        for part in field.parts() {
            // By name: what is no dict has no fields.
            value = format!("({value} -> {}::text)", bound(sql, part.as_str()));
        }
        let kind = |value: &str| {
            format!(
                "CASE jsonb_typeof({value}) WHEN 'boolean' THEN {value} #>> '{{}}' WHEN 'string' THEN 'text'
                   ELSE COALESCE(jsonb_typeof({value}), 'null') END"
            )
        };
        let number = |value: &str| {
            format!(
                "CASE WHEN jsonb_typeof({value}) = 'number' THEN CAST({value} #>> '{{}}' AS double precision) END"
            )
        };
        let text =
            |value: &str| format!("CASE WHEN jsonb_typeof({value}) = 'string' THEN {value} #>> '{{}}' END");
        Self {
            kind: kind(&value),
            number: number(&value),
            text: text(&value),
            exists: format!("{value} IS NOT NULL"),
            elements: format!(
                "jsonb_array_elements(CASE WHEN jsonb_typeof({value}) = 'array' THEN {value} ELSE '[]' END) AS e(value)"
            ),
            element: [kind("e.value"), number("e.value"), text("e.value")],
            has_key: format!("(jsonb_typeof({value}) = 'object' AND jsonb_exists({value}, {{}}))"),
        }
    }
}

/// Texts by the order of their code points, which is that of UTF-8.
fn by_code_points(engine: Engine, text: &str) -> String {
    match engine {
        Engine::Sqlite => text.to_owned(),
        Engine::Postgres => format!("({text}) COLLATE \"C\""),
    }
}

/// A condition that is true, false, or NULL for false.
fn condition(sql: &mut Sql, engine: Engine, place: &Place, test: &Test) -> String {
    let Place { kind, number, text, .. } = place;
    match test {
        Test::Equal(value) => is_any(sql, [kind, number, text], std::slice::from_ref(value)),
        Test::NotEqual(value) => {
            format!("NOT COALESCE({}, false)", is_any(sql, [kind, number, text], std::slice::from_ref(value)))
        }
        Test::In(values) => is_any(sql, [kind, number, text], values),
        Test::Than(side, Bound::Number(than)) => {
            let than = bound(sql, than.to_string());
            format!("({number}) {} CAST({than} AS double precision)", side.operator())
        }
        Test::Than(side, Bound::Text(than)) => {
            let than = bound(sql, than.as_str());
            format!("{} {} {than}", by_code_points(engine, &format!("({text})")), side.operator())
        }
        Test::Contains(value) => {
            let [kind, number, of] = &place.element;
            let is_element = is_any(sql, [kind, number, of], std::slice::from_ref(value));
            let element = format!("EXISTS (SELECT 1 FROM {} WHERE {is_element})", place.elements);
            match value {
                Scalar::Text(part) => {
                    let part = bound(sql, part.as_str());
                    let find = match engine {
                        Engine::Sqlite => "instr",
                        Engine::Postgres => "strpos",
                    };
                    format!("(COALESCE({find}({text}, {part}) > 0, false) OR {element})")
                }
                _ => element,
            }
        }
        Test::StartsWith(part) => {
            let part = bound(sql, part.as_str());
            format!("substr({text}, 1, length({part})) = {part}")
        }
        Test::EndsWith(part) => {
            let part = bound(sql, part.as_str());
            format!(
                "(length({text}) >= length({part}) AND substr({text}, length({text}) - length({part}) + 1) = {part})"
            )
        }
        Test::IsNull(wanted) => format!("({kind}) {} 'null'", if *wanted { "=" } else { "<>" }),
        Test::HasKey(key) => place.has_key.replace("{}", &bound(sql, key.as_str())),
        Test::Exists(wanted) => format!("{}({})", if *wanted { "" } else { "NOT " }, place.exists),
    }
}

/// True where it is one of these values, of which there is one at least.
fn is_any(sql: &mut Sql, [kind, number, text]: [&String; 3], values: &[Scalar]) -> String {
    let (mut kinds, mut numbers, mut texts) = (vec![], vec![], vec![]);
    for value in values {
        match value {
            Scalar::Null => kinds.push("'null'".to_owned()),
            Scalar::Bool(true) => kinds.push("'true'".to_owned()),
            Scalar::Bool(false) => kinds.push("'false'".to_owned()),
            Scalar::Number(value) => {
                numbers.push(format!("CAST({} AS double precision)", bound(sql, value.to_string())));
            }
            Scalar::Text(value) => texts.push(bound(sql, value.as_str())),
        }
    }
    let any =
        [(kind, kinds), (number, numbers), (text, texts)].into_iter().filter(|(_, all)| !all.is_empty());
    let any: Vec<_> = any.map(|(of, all)| format!("({of}) IN ({})", all.join(", "))).collect();
    format!("({})", any.join(" OR "))
}

pub(super) fn read(row: &Row) -> Result<Document> {
    Ok(Document {
        id: row.get("id")?,
        table_id: row.get("table_id")?,
        data: row.document("data")?,
        version: row.get("version")?,
        created_by: row.opt("created_by")?,
        updated_by: row.opt("updated_by")?,
        created_at: row.get("created_at")?,
        updated_at: row.get("updated_at")?,
    })
}
