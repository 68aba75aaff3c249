//! Documents of tables: what one may be, and which of them a query finds.
//!
//! [`Query::select`] says what a query means, over documents in memory. The store asks its
//! database the same in SQL, and its tests compare the two on both engines.

use crate::{Error, Result};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Number, Value};
use std::cmp::Ordering;

/// Most tables of one scope. A table is a kind of thing, not a customer or a day.
pub const MAX_TABLES: i64 = 200;
/// Most documents of one table: a query reads all of them, in about a second.
pub const MAX_DOCUMENTS: i64 = 100_000;
/// Most JSON of one table, in bytes, for the same reason.
pub const MAX_TABLE_BYTES: i64 = 256 << 20;
/// Largest document, in bytes of JSON: some hundred pages of text. Larger data belongs in files.
pub const MAX_DOCUMENT: usize = 256 << 10;
/// Most documents of one batch; others wait for it on SQLite, some ten milliseconds.
pub const MAX_BATCH: usize = 1_000;
/// Most documents of one answer.
pub const MAX_PAGE: u32 = 1_000;
/// Documents of one answer, unless the caller says otherwise.
pub const PAGE: u32 = 100;
/// Most JSON of one answer, in bytes; it is held in memory as a whole.
pub const MAX_ANSWER: i64 = 16 << 20;
/// Longest id of a document, in bytes.
pub const MAX_ID: usize = 255;
/// Longest name of a table, in bytes.
pub const MAX_NAME: usize = 100;
/// Longest description of a table, in bytes.
pub const MAX_DESCRIPTION: usize = 2_000;
/// Longest name of a field in a query, in bytes, dots included.
pub const MAX_FIELD: usize = 200;
/// Most parts of such a name.
pub const MAX_PARTS: usize = 8;
/// Deepest nesting of a document.
pub const MAX_DEPTH: usize = 64;

/// From here on whole numbers have no fraction as 64-bit floats, and are written with an exponent.
const WHOLE: f64 = 1e16;

/// A document.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Document {
    /// One of a kind within its table.
    pub id: String,
    /// Its table.
    pub table_id: crate::TableId,
    /// What it holds.
    #[schema(value_type = Object)]
    pub data: Map<String, Value>,
    /// 1 for a new document, and one more with every write.
    pub version: i64,
    /// Who made it; `null` for the platform itself.
    pub created_by: Option<crate::UserId>,
    /// Who wrote it last.
    pub updated_by: Option<crate::UserId>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it was last written.
    pub updated_at: DateTime<Utc>,
}

/// Checks a table's name: a letter, then letters, digits, `_` and `-`.
///
/// # Errors
/// `Invalid`, naming `field`.
pub fn check_name(field: &str, name: &str) -> Result<()> {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"_-".contains(&b);
    let begins = name.bytes().next().is_some_and(|first| first.is_ascii_alphabetic());
    // An id in the place of a name is an id.
    if begins && name.len() <= MAX_NAME && name.bytes().all(plain) && uuid::Uuid::parse_str(name).is_err() {
        return Ok(());
    }
    let message =
        format!("expected a letter, then letters, digits, `_` and `-`, at most {MAX_NAME} bytes in all");
    Err(Error::invalid(field, message))
}

/// Checks a document's id: any text without control characters.
///
/// # Errors
/// `Invalid`, naming `field`.
pub fn check_id(field: &str, id: &str) -> Result<()> {
    if !id.is_empty() && id.len() <= MAX_ID && !id.chars().any(char::is_control) {
        return Ok(());
    }
    let message = format!("expected 1 to {MAX_ID} bytes without control characters");
    Err(Error::invalid(field, message))
}

/// Checks what a document is to hold, and brings its numbers into the form that both databases
/// keep. Tells its size in bytes of JSON.
///
/// # Errors
/// `Invalid`, naming `field`: for more than [`MAX_DOCUMENT`], deeper than [`MAX_DEPTH`], and for
/// the character U+0000.
pub fn settle(field: &str, data: &mut Map<String, Value>) -> Result<usize> {
    for (name, value) in data.iter_mut() {
        settle_value(field, name, value, 1)?;
    }
    let bytes = serde_json::to_string(data).map_err(|error| Error::Internal(error.into()))?.len();
    if bytes > MAX_DOCUMENT {
        let message = format!(
            "{bytes} bytes of JSON; a document has at most {MAX_DOCUMENT}, larger data belongs in files"
        );
        return Err(Error::invalid(field, message));
    }
    Ok(bytes)
}

fn settle_value(field: &str, name: &str, value: &mut Value, depth: usize) -> Result<()> {
    if depth > MAX_DEPTH {
        return Err(Error::invalid(field, format!("nested deeper than {MAX_DEPTH} levels")));
    }
    let has_nul = |text: &str| text.contains('\0');
    if has_nul(name) || value.as_str().is_some_and(has_nul) {
        return Err(Error::invalid(field, "the character U+0000 cannot be kept"));
    }
    match value {
        Value::Number(number) => {
            if let Some(whole) = whole(number) {
                *number = whole;
            }
        }
        Value::Array(list) => {
            for one in list {
                settle_value(field, "", one, depth + 1)?;
            }
        }
        Value::Object(fields) => {
            for (name, one) in fields.iter_mut() {
                settle_value(field, name, one, depth + 1)?;
            }
        }
        Value::Null | Value::Bool(_) | Value::String(_) => {}
    }
    Ok(())
}

/// `1e18` as 1000000000000000000, which PostgreSQL makes of it anyway.
fn whole(number: &Number) -> Option<Number> {
    let float = number.as_f64().filter(|_| number.is_f64())?;
    if float.abs() < WHOLE {
        return None;
    }
    // Both are whole and in range, so nothing is lost.
    if float > 0.0 && float < u64::MAX as f64 {
        return Some(Number::from(float as u64));
    }
    (float < 0.0 && float >= i64::MIN as f64).then(|| Number::from(float as i64))
}

/// A place in a document: `status`, or `address.city` for a field of a field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field(Vec<String>);

impl Field {
    /// From a name with dots between its parts; each part is letters, digits, `_` and `-`.
    ///
    /// # Errors
    /// `Invalid`, naming `input`.
    pub fn parse(input: &str, name: &str) -> Result<Self> {
        let plain = |b: u8| b.is_ascii_alphanumeric() || b"_-".contains(&b);
        let parts: Vec<_> = name.split('.').map(str::to_owned).collect();
        let is_plain = parts.iter().all(|part| !part.is_empty() && part.bytes().all(plain));
        if is_plain && name.len() <= MAX_FIELD && parts.len() <= MAX_PARTS {
            return Ok(Self(parts));
        }
        let message = format!(
            "`{}` is not the name of a field: expected at most {MAX_PARTS} parts of letters, digits, `_` and `-`, with dots between them",
            name.chars().take(60).collect::<String>().escape_debug()
        );
        Err(Error::invalid(input, message))
    }

    /// Its parts, from the outermost on. None has a character but letters, digits, `_` and `-`.
    pub fn parts(&self) -> &[String] {
        &self.0
    }

    /// What is there; fields of lists are none.
    pub fn of<'a>(&self, data: &'a Map<String, Value>) -> Option<&'a Value> {
        let (first, rest) = self.0.split_first()?;
        rest.iter().try_fold(data.get(first)?, |value, part| value.as_object()?.get(part))
    }
}

impl std::fmt::Display for Field {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0.join("."))
    }
}

/// Values of different kinds come in this order; lists and dicts are all alike.
pub fn rank(value: Option<&Value>) -> u8 {
    match value {
        None | Some(Value::Null) => 0,
        Some(Value::Bool(false)) => 1,
        Some(Value::Bool(true)) => 2,
        Some(Value::Number(_)) => 3,
        Some(Value::String(_)) => 4,
        Some(Value::Array(_) | Value::Object(_)) => 5,
    }
}

/// The order of values: by [`rank`], numbers as 64-bit floats, texts by code points.
pub fn compare(a: Option<&Value>, b: Option<&Value>) -> Ordering {
    let same = match (a, b) {
        (Some(Value::Number(a)), Some(Value::Number(b))) => {
            a.as_f64().partial_cmp(&b.as_f64()).unwrap_or(Ordering::Equal)
        }
        (Some(Value::String(a)), Some(Value::String(b))) => a.cmp(b),
        _ => Ordering::Equal,
    };
    rank(a).cmp(&rank(b)).then(same)
}

/// What is asked of a table.
#[derive(Clone, Debug, PartialEq)]
pub struct Query {
    /// Which documents.
    pub filter: crate::Where,
    /// In which order; `None` for the order in which they were made.
    pub order_by: Option<Field>,
    /// Backwards.
    pub descending: bool,
    /// Most documents of the answer.
    pub limit: u32,
    /// Left out before them.
    pub offset: u32,
}

impl Query {
    /// From what a caller has sent.
    ///
    /// # Errors
    /// `Invalid`, naming `where`, `order_by`, `order_dir` or `limit`.
    pub fn parse(
        filter: Option<&Map<String, Value>>,
        order_by: Option<&str>,
        order_dir: Option<&str>,
        limit: Option<u32>,
        offset: Option<u32>,
    ) -> Result<Self> {
        let descending = match order_dir {
            None | Some("asc") => false,
            Some("desc") => true,
            Some(other) => {
                let message = format!("`{}` is neither asc nor desc", other.escape_debug());
                return Err(Error::invalid("order_dir", message));
            }
        };
        let limit = limit.unwrap_or(PAGE);
        if limit > MAX_PAGE {
            return Err(Error::invalid("limit", format!("expected at most {MAX_PAGE}; go on with `offset`")));
        }
        Ok(Self {
            filter: crate::Where::parse(filter)?,
            order_by: order_by.map(|name| Field::parse("order_by", name)).transpose()?,
            descending,
            limit,
            offset: offset.unwrap_or(0),
        })
    }

    /// What it finds among documents in the order in which they were made: ids of the page, and
    /// how many there are on all pages.
    pub fn select<'a>(&self, all: &[(&'a str, &Map<String, Value>)]) -> (Vec<&'a str>, usize) {
        let mut found: Vec<_> = all.iter().filter(|(_, data)| self.filter.holds(data)).collect();
        if let Some(field) = &self.order_by {
            found.sort_by(|a, b| {
                let order = compare(field.of(a.1), field.of(b.1));
                // Equal ones are in the order of their ids, whichever way the others are.
                let order = if self.descending { order.reverse() } else { order };
                order.then_with(|| a.0.cmp(b.0))
            });
        } else if self.descending {
            found.reverse();
        }
        let page = found.iter().skip(self.offset as usize).take(self.limit as usize);
        (page.map(|(id, _)| *id).collect(), found.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn data(value: Value) -> Map<String, Value> {
        value.as_object().expect("an object").clone()
    }

    #[test]
    fn names_and_ids_are_plain() {
        for name in ["customers", "T", "a-1_b", &"x".repeat(MAX_NAME)] {
            check_name("name", name).expect("a name");
        }
        for name in [
            "",
            "1a",
            "_a",
            "a b",
            "a.b",
            "a;drop table documents",
            "ä",
            "a\n",
            &"x".repeat(MAX_NAME + 1),
            "a0000000-0000-7000-8000-000000000000",
        ] {
            assert!(check_name("name", name).is_err(), "{name}");
        }
        for id in ["1", "a@b.c", "x/y", "' OR 1=1 --", "ä"] {
            check_id("id", id).expect("an id");
        }
        for id in ["", "a\0", "a\n", &"x".repeat(MAX_ID + 1)] {
            assert!(check_id("id", id).is_err(), "{id}");
        }
    }

    #[test]
    fn fields_are_places_of_plain_parts() {
        let document = data(json!({"a": {"b": {"c": 1}, "0": 2}, "list": [{"b": 1}], "x-y_1": null}));
        for (name, found) in [
            ("a.b.c", Some(json!(1))),
            ("a.0", Some(json!(2))),
            ("x-y_1", Some(json!(null))),
            ("list.0", None),
            ("list.b", None),
            ("a.b.c.d", None),
            ("nowhere", None),
        ] {
            let field = Field::parse("where", name).expect("a field");
            assert_eq!(field.of(&document), found.as_ref(), "{name}");
            assert_eq!(field.to_string(), name);
        }
        let long = "x".repeat(MAX_FIELD + 1);
        for name in [
            "",
            ".",
            "a.",
            ".a",
            "a..b",
            "a b",
            "a'b",
            "a\"b",
            "$.a",
            "a[0]",
            "ä",
            "a.b.c.d.e.f.g.h.i",
            &long,
        ] {
            assert!(Field::parse("where", name).is_err(), "{name}");
        }
    }

    #[test]
    fn documents_have_bounds() {
        let mut good = data(json!({"a": [1, {"b": "c"}]}));
        assert_eq!(settle("data", &mut good).expect("fine"), r#"{"a":[1,{"b":"c"}]}"#.len());
        let mut deep = json!(1);
        for _ in 0..MAX_DEPTH {
            deep = json!([deep]);
        }
        for bad in [
            json!({"a": "x".repeat(MAX_DOCUMENT)}),
            json!({"a": "x\0y"}),
            json!({"a": [{"x\0y": 1}]}),
            json!({"a": deep}),
        ] {
            let error = settle("documents[3].data", &mut data(bad)).expect_err("refused");
            assert!(error.to_string().starts_with("documents[3].data: "), "{error}");
        }
    }

    #[test]
    fn whole_numbers_are_written_as_such() {
        let mut numbers = data(
            json!({"a": [1e18, -1e18, 1e16, 1.5, 1e15, 1e300, -1e300, 1.0, 18446744073709551615u64, 1e19]}),
        );
        settle("data", &mut numbers).expect("fine");
        assert_eq!(
            serde_json::to_string(&numbers).expect("text"),
            r#"{"a":[1000000000000000000,-1000000000000000000,10000000000000000,1.5,1000000000000000.0,1e+300,-1e+300,1.0,18446744073709551615,10000000000000000000]}"#
        );
    }

    #[test]
    fn values_have_one_order() {
        let sorted = [
            json!(null),
            json!(false),
            json!(true),
            json!(-1e300),
            json!(-1),
            json!(0.5),
            json!(2),
            json!(10),
            json!(""),
            json!("10"),
            json!("2"),
            json!("A"),
            json!("a"),
            json!("ä"),
            json!("\u{10000}"),
            json!([]),
        ];
        for pair in sorted.windows(2) {
            assert_eq!(compare(Some(&pair[0]), Some(&pair[1])), Ordering::Less, "{pair:?}");
            assert_eq!(compare(Some(&pair[1]), Some(&pair[0])), Ordering::Greater, "{pair:?}");
        }
        for (a, b) in [(json!(1), json!(1.0)), (json!([1]), json!({"a": 2})), (json!(-0.0), json!(0))] {
            assert_eq!(compare(Some(&a), Some(&b)), Ordering::Equal, "{a} {b}");
        }
        assert_eq!(compare(None, Some(&json!(null))), Ordering::Equal);
    }

    #[test]
    fn a_query_filters_sorts_and_pages() {
        let documents = [
            ("b", data(json!({"n": 2}))),
            ("a", data(json!({"n": 2}))),
            ("c", data(json!({"n": "2"}))),
            ("d", data(json!({}))),
            ("e", data(json!({"n": 1}))),
        ];
        let all: Vec<_> = documents.iter().map(|(id, data)| (*id, data)).collect();
        let ask = |order_by: Option<&str>, dir: &str, limit, offset| {
            let query = Query::parse(None, order_by, Some(dir), Some(limit), Some(offset)).expect("a query");
            query.select(&all)
        };
        assert_eq!(ask(None, "asc", 10, 0), (vec!["b", "a", "c", "d", "e"], 5));
        assert_eq!(ask(None, "desc", 2, 1), (vec!["d", "c"], 5));
        assert_eq!(ask(Some("n"), "asc", 10, 0), (vec!["d", "e", "a", "b", "c"], 5));
        assert_eq!(ask(Some("n"), "desc", 10, 0), (vec!["c", "a", "b", "e", "d"], 5));
        assert_eq!(ask(Some("n"), "asc", 0, 0), (vec![], 5));
        for (order_by, dir, limit, field) in [
            (Some("a b"), "asc", 1, "order_by"),
            (None, "up", 1, "order_dir"),
            (None, "asc", MAX_PAGE + 1, "limit"),
        ] {
            let error = Query::parse(None, order_by, Some(dir), Some(limit), None).expect_err("refused");
            assert!(error.to_string().starts_with(field), "{error}");
        }
    }
}
