//! Forms and inputs by chance: the same for the same seed, on every machine.

use serde_json::{Map, Value, json};

/// A generator of numbers (SplitMix64).
pub struct Random(pub u64);

const KINDS: [&str; 13] = [
    "text",
    "email",
    "number",
    "select",
    "multi_select",
    "checkbox",
    "textarea",
    "radio",
    "date",
    "datetime",
    "markdown",
    "html",
    "file",
];
/// Rules; § is the name of a field.
const RULES: [&str; 14] = [
    "true",
    "false",
    "has(fields.§)",
    "!empty(fields.§)",
    "empty(fields.§)",
    "fields.§ == fields.§",
    "fields.§ != 'a'",
    "fields.§ > 2",
    "size(fields.§) < 4",
    "fields.§ in ['a', 'b', true]",
    "context.query.team == 'ops' || has(fields.§)",
    "fields.§ < date(now)",
    "fields.§",
    "lower(fields.§) == 'a'",
];
const VALUES: [&str; 12] = [
    "fields.§",
    "'a'",
    "3",
    "fields.§ + 1",
    "date(now)",
    "['a']",
    "context.query.team",
    "upper(fields.§)",
    "coalesce(fields.§, 'b')",
    "true",
    "null",
    "now",
];
const TEXTS: [&str; 16] = [
    "",
    " ",
    "a",
    "b",
    "abc",
    "größe",
    "😀😀😀",
    "ada@example.com",
    "ada@",
    "2026-11-26",
    "2026-02-30",
    "2026-11-26T08:30",
    "2026-11-26T08:30:00+01:00",
    "7",
    "x\ny",
    "1e3",
];
const PATTERNS: [&str; 6] = ["^a", "[0-9]+", "^.{2,5}$", "(?i)ADA", "é|ö", "\\."];

impl Random {
    /// A number below `bound`, which is not 0.
    pub fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut next = self.0;
        next = (next ^ (next >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        next = (next ^ (next >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((next ^ (next >> 31)) % bound as u64).unwrap_or_default()
    }

    fn one<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.below(of.len())]
    }

    fn is(&mut self, one_in: usize) -> bool {
        self.below(one_in) == 0
    }

    fn expression(&mut self, of: &[&str], names: &[String]) -> Value {
        let mut parts = self.one(of).split('§');
        let mut source = parts.next().unwrap_or_default().to_owned();
        for part in parts {
            source += &names[self.below(names.len())];
            source += part;
        }
        json!(source)
    }

    fn field(&mut self, name: &str, kind: &str, names: &[String]) -> Value {
        let is_content = ["markdown", "html"].contains(&kind);
        let mut field = json!({"name": name, "label": name.to_uppercase(), "type": kind});
        if self.is(3) {
            field["visibility_expression"] = self.expression(&RULES, names);
        }
        if is_content {
            field["content"] = json!("# Read this");
            return field;
        }
        if self.is(4) {
            field["enabled_expression"] = self.expression(&RULES, names);
        }
        if self.is(3) {
            field["required"] = json!(true);
        }
        if self.is(5) {
            field["required_expression"] = self.expression(&RULES, names);
        }
        if kind != "file" {
            if self.is(4) {
                field["default_expression"] = self.expression(&VALUES, names);
            }
            if self.is(5) {
                field["default_data_provider"] = json!("first");
            }
            field["allow_as_query_param"] = json!(self.is(3));
        }
        let mut rules = Map::new();
        match kind {
            "text" | "email" | "textarea" => {
                if self.is(3) {
                    rules.insert("min_length".into(), json!(self.below(3)));
                    rules.insert("max_length".into(), json!(3 + self.below(20)));
                }
                if self.is(4) {
                    rules.insert("pattern".into(), json!(self.one(&PATTERNS)));
                }
                if self.is(4) {
                    field["default_value"] = json!("abc");
                    if kind == "email" {
                        field["default_value"] = json!("bob@example.org");
                    }
                }
            }
            "number" => {
                if self.is(2) {
                    rules.insert("min".into(), json!(self.below(4)));
                    rules.insert("max".into(), json!(4.5));
                }
                if self.is(3) {
                    field["default_value"] = json!("3");
                }
            }
            "date" | "datetime" if self.is(2) => {
                rules.insert("min".into(), json!("2026-01-01"));
                rules.insert("max".into(), json!("2026-11-30"));
            }
            "select" | "radio" | "multi_select" => {
                if self.is(3) {
                    field["data_provider"] = json!("things");
                    if kind != "multi_select" {
                        let to = names[self.below(names.len())].clone();
                        if to != name {
                            field["auto_fill"] = json!({to: "key"});
                        }
                    }
                } else {
                    field["options"] =
                        json!([{"label": "A", "value": "a"}, {"label": "B", "value": "b"}, 3, true]);
                    if self.is(3) {
                        field["default_value"] = json!("a");
                    }
                }
            }
            "file" => {
                field["multiple"] = json!(self.is(2));
            }
            _ => {}
        }
        if self.is(4) {
            rules.insert("expression".into(), self.expression(&RULES, names));
        }
        if self.is(4) {
            rules.insert("message".into(), json!("Not like this"));
        }
        field["validation"] = Value::Object(rules);
        field
    }

    /// A definition.
    pub fn form(&mut self) -> Value {
        let kinds: Vec<&str> = (0..=self.below(7)).map(|_| self.one(&KINDS)).collect();
        let mut names: Vec<String> = Vec::new();
        for (index, kind) in kinds.iter().enumerate() {
            if !["markdown", "html"].contains(kind) {
                names.push(format!("f{index}"));
            }
        }
        let mut fields = Vec::new();
        for (index, kind) in kinds.iter().enumerate() {
            // Rules need a field to look at.
            if !names.is_empty() {
                fields.push(self.field(&format!("f{index}"), kind, &names));
            }
        }
        json!({"name": "By chance", "workflow": "w", "query_parameters": ["team"], "fields": fields})
    }

    fn value(&mut self, kind: &str) -> Value {
        let kind = if self.is(8) { self.one(&KINDS) } else { kind };
        if self.is(8) {
            return Value::Null;
        }
        match kind {
            "number" => json!(self.one(&[0.0, 1.0, 2.5, 3.0, 4.5, -7.0, 1e300])),
            "checkbox" => json!(self.is(2)),
            "multi_select" => (0..self.below(4)).map(|_| self.choice()).collect(),
            "file" => (0..self.below(3)).map(|at| json!(format!("upload-{at}"))).collect(),
            "select" | "radio" => self.choice(),
            "date" => json!(self.one(&["2026-11-26", "2025-12-31", "2026-12-01", "2026-02-30"])),
            "datetime" => json!(self.one(&["2026-11-26T08:30", "2026-11-30T23:59:59Z", "2027-01-01T00:00"])),
            "email" => json!(self.one(&["ada@example.com", "b@c.de", "no", "a@b"])),
            _ => json!(self.one(&TEXTS)),
        }
    }

    fn choice(&mut self) -> Value {
        match self.below(6) {
            0 | 1 => json!("a"),
            2 => json!("b"),
            3 => json!(3.0),
            4 => json!(true),
            _ => json!("c"),
        }
    }

    /// An input for a definition.
    pub fn input(&mut self, form: &Value) -> Value {
        let (mut values, mut options, mut defaults) = (Map::new(), Map::new(), Map::new());
        for field in form["fields"].as_array().expect("fields") {
            let (name, kind) =
                (field["name"].as_str().expect("a name"), field["type"].as_str().expect("a type"));
            let is_content = ["markdown", "html"].contains(&kind);
            if !self.is(5) && (!is_content || self.is(30)) {
                values.insert(name.to_owned(), self.value(kind));
            }
            if field.get("data_provider").is_some() && !self.is(6) {
                let given =
                    json!(["b", 3, {"label": "A", "value": "a", "metadata": {"key": self.one(&TEXTS)}}]);
                options.insert(name.to_owned(), given);
            }
            if field.get("default_data_provider").is_some() && !self.is(6) {
                let first = self.value(kind);
                defaults.insert(name.to_owned(), json!([{"label": "First", "value": first}, "b"]));
            }
        }
        if self.is(40) {
            values.insert("stranger".to_owned(), json!(1));
        }
        let team = self.one(&["ops", "3", "a", "a,b", "true", "2026-11-26"]);
        let query = json!({"team": team, "f0": team, "f1": self.one(&TEXTS)});
        json!({
            "values": values, "options": options, "defaults": defaults, "now": "2026-11-26T08:39:00+01:00",
            "context": {"user": {"email": "ada@example.com"}, "query": query},
        })
    }
}
