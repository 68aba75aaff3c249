//! YAML of a workspace's files, as JSON with the lines that it stands on. References to other parts
//! of a file are refused: a few lines of them can stand for more than memory holds.

use serde_json::{Map, Number, Value};
use std::collections::HashMap;
use yaml_rust2::parser::{Event, Parser};
use yaml_rust2::scanner::{Marker, TScalarStyle};

/// Largest file, in bytes.
const MAX_BYTES: usize = 512 << 10;
/// Most levels of lists and mappings.
const MAX_LEVELS: usize = 32;

/// What a file says.
#[derive(Debug, Default)]
pub struct Document {
    /// As JSON.
    pub value: Value,
    /// The lines of its parts, by paths such as `fields[2].name`.
    pub lines: HashMap<String, u32>,
}

/// Why a file says nothing.
#[derive(Debug, PartialEq, Eq)]
pub struct Fault {
    /// Where.
    pub line: Option<u32>,
    /// For the author.
    pub message: String,
}

/// Reads a file.
pub fn read(content: &[u8]) -> Result<Document, Fault> {
    let fault = |message: &str| Fault { line: None, message: message.to_owned() };
    if content.len() > MAX_BYTES {
        return Err(fault("the file is larger than 512 KiB"));
    }
    let text = std::str::from_utf8(content).map_err(|_| fault("the file is no text in UTF-8"))?;
    let (mut reader, mut parser) = (Reader::default(), Parser::new_from_str(text));
    // Event by event, as the parser would call itself for each level.
    loop {
        let (event, mark) = parser.next_token().map_err(|error| Fault {
            line: u32::try_from(error.marker().line()).ok(),
            message: format!("this is no YAML: {}", error.info()),
        })?;
        if event == Event::StreamEnd {
            break;
        }
        reader.take(event, mark)?;
    }
    let value = reader.document.ok_or_else(|| fault("the file is empty"))?;
    Ok(Document { value, lines: reader.lines })
}

/// A list or mapping that has not ended.
enum Open {
    List(Vec<Value>),
    /// And the key whose value comes next.
    Mapping(Map<String, Value>, Option<String>),
}

#[derive(Default)]
struct Reader {
    open: Vec<Open>,
    document: Option<Value>,
    lines: HashMap<String, u32>,
}

impl Reader {
    fn take(&mut self, event: Event, mark: Marker) -> Result<(), Fault> {
        let line = u32::try_from(mark.line()).unwrap_or(u32::MAX);
        let done = match event {
            Event::Alias(_) => Err("references (`*name`) are not taken; write it out"),
            Event::Scalar(text, style, ..) => self.scalar(text, style, line),
            Event::SequenceStart(..) => self.begin(Open::List(Vec::new()), line),
            Event::MappingStart(..) => self.begin(Open::Mapping(Map::new(), None), line),
            Event::SequenceEnd | Event::MappingEnd => self.end(),
            Event::DocumentStart if self.document.is_some() => Err("a file has one form"),
            _ => Ok(()),
        };
        done.map_err(|message| Fault { line: Some(line), message: message.to_owned() })
    }

    fn scalar(&mut self, text: String, style: TScalarStyle, line: u32) -> Result<(), &'static str> {
        if let Some(Open::Mapping(entries, key @ None)) = self.open.last_mut() {
            if entries.contains_key(&text) {
                return Err("this key is there twice");
            }
            *key = Some(text);
            return Ok(());
        }
        self.note(line);
        self.put(if style == TScalarStyle::Plain { plain(text) } else { Value::String(text) })
    }

    fn begin(&mut self, part: Open, line: u32) -> Result<(), &'static str> {
        if matches!(self.open.last(), Some(Open::Mapping(_, None))) {
            return Err("a key is a text");
        }
        if self.open.len() >= MAX_LEVELS {
            return Err("there are more than 32 levels");
        }
        self.note(line);
        self.open.push(part);
        Ok(())
    }

    fn end(&mut self) -> Result<(), &'static str> {
        match self.open.pop() {
            Some(Open::List(list)) => self.put(Value::Array(list)),
            Some(Open::Mapping(entries, _)) => self.put(Value::Object(entries)),
            None => Ok(()),
        }
    }

    fn put(&mut self, value: Value) -> Result<(), &'static str> {
        match self.open.last_mut() {
            Some(Open::List(list)) => list.push(value),
            Some(Open::Mapping(entries, key)) => {
                entries.insert(key.take().unwrap_or_default(), value);
            }
            None => self.document = Some(value),
        }
        Ok(())
    }

    /// Notes the line of the part that comes now.
    fn note(&mut self, line: u32) {
        let mut path = String::new();
        for part in &self.open {
            match part {
                Open::List(list) => path += &format!("[{}]", list.len()),
                Open::Mapping(_, key) => {
                    if !path.is_empty() {
                        path.push('.');
                    }
                    path += key.as_deref().unwrap_or_default();
                }
            }
        }
        self.lines.insert(path, line);
    }
}

/// A value without quotes, by the core schema of YAML 1.2; what is no number there is a text.
fn plain(text: String) -> Value {
    match text.as_str() {
        "" | "~" | "null" | "Null" | "NULL" => return Value::Null,
        "true" | "True" | "TRUE" => return Value::Bool(true),
        "false" | "False" | "FALSE" => return Value::Bool(false),
        _ => {}
    }
    if let Ok(whole) = text.parse::<i64>() {
        return Value::from(whole);
    }
    let is_number = text.bytes().any(|byte| byte.is_ascii_digit())
        && text.bytes().all(|byte| byte.is_ascii_digit() || b"+-.eE".contains(&byte));
    let number = text.parse::<f64>().ok().filter(|number| is_number && number.is_finite());
    number.and_then(Number::from_f64).map_or(Value::String(text), Value::Number)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_file_becomes_json_with_its_lines() {
        let text = "name: Order # what for\nfields:\n  - name: day\n    validation: {min: 2026-01-01, max_length: 5}\n  - name: 'yes'\n    rule: >-\n      fields.a\n      && true\n    on: true\n    price: 1.5\n    nothing:\n";
        let document = read(text.as_bytes()).expect("YAML");
        let expected = json!({"name": "Order", "fields": [
            {"name": "day", "validation": {"min": "2026-01-01", "max_length": 5}},
            {"name": "yes", "rule": "fields.a && true", "on": true, "price": 1.5, "nothing": null},
        ]});
        assert_eq!(document.value, expected);
        for (path, line) in
            [("name", 1), ("fields[0].name", 3), ("fields[0].validation.min", 4), ("fields[1].on", 9)]
        {
            assert_eq!(document.lines.get(path), Some(&line), "{path}");
        }
    }

    #[test]
    fn what_is_no_such_file_is_refused_with_its_line() {
        let deep = "[".repeat(MAX_LEVELS + 1);
        for (text, line, part) in [
            ("a: &x 1\nb: *x\n", Some(2), "references"),
            ("a: 1\na: 2\n", Some(2), "twice"),
            ("a: [1\nb: 2\n", None, "no YAML"),
            ("---\na: 1\n---\nb: 2\n", Some(3), "one form"),
            ("[a]: 1\n", Some(1), "key is a text"),
            ("", None, "empty"),
            (deep.as_str(), Some(1), "32 levels"),
        ] {
            let fault = read(text.as_bytes()).expect_err(text);
            assert!(fault.message.contains(part), "{text}: {fault:?}");
            assert!(line.is_none() || fault.line == line, "{text}: {fault:?}");
        }
        assert!(read(b"\xff").is_err() && read(&vec![b' '; MAX_BYTES + 1]).is_err());
    }
}
