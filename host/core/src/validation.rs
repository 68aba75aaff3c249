//! What the `validation` of a `@param` asks of a value, as its schema says it and as it is checked.

use crate::{Parameter, Warning, WorkspaceReport};
use regex_lite::{Regex, RegexBuilder};
use serde_json::{Map, Number, Value};

/// Longest pattern, in bytes.
const MAX_PATTERN: usize = 256;
/// Largest program that a pattern is compiled to, in bytes: each byte of a text costs so much at most.
const MAX_PROGRAM: usize = 8 << 10;

/// The rules of one parameter. Those that its type cannot break are left out.
#[derive(Default)]
pub(crate) struct Rules {
    pattern: Option<Regex>,
    minimum: Option<Number>,
    maximum: Option<Number>,
    least: Option<u64>,
    most: Option<u64>,
    /// What the author says in place of our own words.
    message: Option<String>,
}

impl Rules {
    /// Those of a parameter, without what is no rule.
    pub(crate) fn of(parameter: &Parameter) -> Self {
        let Some(Value::Object(said)) = parameter.extra.get("validation") else { return Self::default() };
        let mut rules = match parameter.kind.as_str() {
            "string" => Self { pattern: pattern(said).and_then(Result::ok), ..Self::lengths(said) },
            "list" => Self::lengths(said),
            "int" | "float" => Self {
                minimum: number(said, ["min", "minimum"]),
                maximum: number(said, ["max", "maximum"]),
                ..Self::default()
            },
            _ => Self::default(),
        };
        let message = said.get("message").and_then(Value::as_str).map(str::trim);
        rules.message = message.filter(|message| !message.is_empty()).map(str::to_owned);
        rules
    }

    fn lengths(said: &Map<String, Value>) -> Self {
        let length = |names: [&str; 2]| names.into_iter().find_map(|name| said.get(name)?.as_u64());
        Self {
            least: length(["min_length", "minLength"]),
            most: length(["max_length", "maxLength"]),
            ..Self::default()
        }
    }

    fn is_empty(&self) -> bool {
        self.pattern.is_none()
            && self.minimum.is_none()
            && self.maximum.is_none()
            && self.least.is_none()
            && self.most.is_none()
    }

    /// Writes them into the schema of a parameter of this type.
    pub(crate) fn describe(self, kind: &str, schema: &mut Map<String, Value>) {
        if self.is_empty() {
            return;
        }
        let [least, most] =
            if kind == "list" { ["minItems", "maxItems"] } else { ["minLength", "maxLength"] };
        let said = [
            ("pattern", self.pattern.map(|pattern| Value::from(pattern.as_str()))),
            ("minimum", self.minimum.map(Value::Number)),
            ("maximum", self.maximum.map(Value::Number)),
            (least, self.least.map(Value::from)),
            (most, self.most.map(Value::from)),
            ("x-message", self.message.map(Value::from)),
        ];
        schema.extend(said.into_iter().filter_map(|(keyword, value)| Some((keyword.to_owned(), value?))));
    }

    /// What is wrong with a value. Nothing is never wrong, and what is of another type always: it
    /// could not be told whether it keeps to them.
    pub(crate) fn problem(&self, kind: &str, value: &Value) -> Option<String> {
        let is_wrong = match value {
            _ if self.is_empty() => false,
            Value::Null => false,
            // As for a number that nobody has filled in.
            Value::String(text) if kind != "string" && text.trim().is_empty() => false,
            Value::String(text) if kind == "string" => {
                !self.has_length(text.chars().count())
                    || self.pattern.as_ref().is_some_and(|pattern| !pattern.is_match(text))
            }
            Value::Array(list) if kind == "list" => !self.has_length(list.len()),
            Value::Number(number) if kind != "string" && kind != "list" => !self.is_within(number.as_f64()),
            // It is converted when the run begins, and Python takes `1_000` for a number.
            Value::String(text) if kind != "list" => {
                !self.is_within(text.trim().replace('_', "").parse().ok())
            }
            _ => true,
        };
        is_wrong.then(|| self.message.clone().unwrap_or_else(|| self.words(kind)))
    }

    fn has_length(&self, length: usize) -> bool {
        let length = length as u64;
        self.least.is_none_or(|least| length >= least) && self.most.is_none_or(|most| length <= most)
    }

    fn is_within(&self, number: Option<f64>) -> bool {
        let bound = |bound: &Option<Number>| bound.as_ref().and_then(Number::as_f64);
        number.is_some_and(|number| {
            bound(&self.minimum).is_none_or(|minimum| number >= minimum)
                && bound(&self.maximum).is_none_or(|maximum| number <= maximum)
        })
    }

    fn words(&self, kind: &str) -> String {
        let what = |count: &str| match (kind, count) {
            ("string", "1") => " character",
            ("string", _) => " characters",
            ("list", "1") => " entry",
            ("list", _) => " entries",
            _ => "",
        };
        let text = |bound: &Option<Number>| bound.as_ref().map(Number::to_string);
        let [least, most] = match kind {
            "string" | "list" => [self.least, self.most].map(|bound| bound.map(|bound| bound.to_string())),
            _ => [text(&self.minimum), text(&self.maximum)],
        };
        let range = match (least, most) {
            (Some(least), Some(most)) => Some(format!("{least} to {most}{}", what(&most))),
            (Some(least), None) => Some(format!("at least {least}{}", what(&least))),
            (None, Some(most)) => Some(format!("at most {most}{}", what(&most))),
            (None, None) => None,
        };
        let form = self.pattern.as_ref().map(|pattern| format!("a text that fits `{}`", pattern.as_str()));
        let all: Vec<_> = form.into_iter().chain(range).collect();
        format!("expected {}", all.join(", "))
    }
}

fn number(said: &Map<String, Value>, names: [&str; 2]) -> Option<Number> {
    names.into_iter().find_map(|name| said.get(name)?.as_number().cloned())
}

/// The pattern, or why it is none; no pattern where there is none to read.
fn pattern(said: &Map<String, Value>) -> Option<Result<Regex, String>> {
    let source = said.get("pattern")?.as_str().filter(|source| !source.is_empty())?;
    if source.len() > MAX_PATTERN {
        return Some(Err(format!("it has more than {MAX_PATTERN} bytes")));
    }
    let built = RegexBuilder::new(source).size_limit(MAX_PROGRAM).build();
    Some(built.map_err(|error| error.to_string()))
}

/// Warns of patterns that cannot be read, such as those that look around; nothing is checked by them.
pub fn check(report: &mut WorkspaceReport) {
    for info in &report.workflows {
        for parameter in info.parameters.iter().filter(|parameter| parameter.kind == "string") {
            let said = parameter.extra.get("validation").and_then(Value::as_object);
            let Some(Err(why)) = said.and_then(pattern) else { continue };
            report.warnings.push(Warning {
                path: info.path.clone(),
                line: (info.line > 0).then_some(info.line),
                message: format!(
                    "the pattern of `{}` is not checked: {why}; look-around and back-references are not understood",
                    parameter.name
                ),
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn parameter(kind: &str, validation: Value) -> Parameter {
        Parameter {
            name: "p".into(),
            kind: kind.into(),
            label: "P".into(),
            required: true,
            default_value: None,
            extra: Map::from_iter([("validation".to_owned(), validation)]),
        }
    }

    fn problem(kind: &str, validation: Value, value: Value) -> Option<String> {
        Rules::of(&parameter(kind, validation)).problem(kind, &value)
    }

    fn described(kind: &str, validation: Value) -> Value {
        let mut schema = Map::new();
        Rules::of(&parameter(kind, validation)).describe(kind, &mut schema);
        Value::Object(schema)
    }

    #[test]
    fn values_keep_to_the_rules() {
        let code = json!({"pattern": "^[A-Z]{2}$"});
        let name = json!({"min_length": 2, "maxLength": 3});
        let seats = json!({"min": 1, "maximum": 10.5});
        for (kind, rules, right, wrong) in [
            (
                "string",
                &code,
                vec![json!("AB"), json!(null)],
                vec![json!("ABC"), json!(""), json!(7), json!(["AB"])],
            ),
            ("string", &name, vec![json!("äö"), json!("abc")], vec![json!("ä"), json!("abcd"), json!(22)]),
            (
                "list",
                &name,
                vec![json!([1, 2]), json!(null), json!("")],
                vec![json!([1]), json!([1, 2, 3, 4]), json!("a,b")],
            ),
            (
                "int",
                &seats,
                vec![json!(1), json!("10"), json!(" 1_0 "), json!(""), json!(null)],
                vec![json!(0), json!(11), json!("0"), json!("1_1"), json!("ten"), json!("nan"), json!(true)],
            ),
            ("float", &seats, vec![json!(10.5), json!("1e0")], vec![json!(10.6), json!("-inf"), json!(0.99)]),
            ("bool", &seats, vec![json!(true), json!(99)], vec![]),
            ("json", &name, vec![json!({}), json!("a")], vec![]),
        ] {
            for value in right {
                assert_eq!(problem(kind, rules.clone(), value.clone()), None, "{kind} {rules} {value}");
            }
            for value in wrong {
                assert!(problem(kind, rules.clone(), value.clone()).is_some(), "{kind} {rules} {value}");
            }
        }
    }

    #[test]
    fn problems_say_what_is_expected() {
        for (kind, rules, value, text) in [
            ("int", json!({"min": 1, "max": 10}), json!(0), "expected 1 to 10"),
            ("float", json!({"max": 0.5}), json!(1), "expected at most 0.5"),
            ("list", json!({"min_length": 1}), json!([]), "expected at least 1 entry"),
            ("string", json!({"min_length": 2, "max_length": 4}), json!("a"), "expected 2 to 4 characters"),
            (
                "string",
                json!({"pattern": "^a", "max_length": 4}),
                json!("b"),
                "expected a text that fits `^a`, at most 4 characters",
            ),
            (
                "string",
                json!({"pattern": "^a", "message": " Begin with an a. "}),
                json!("b"),
                "Begin with an a.",
            ),
        ] {
            assert_eq!(problem(kind, rules, value).as_deref(), Some(text));
        }
    }

    #[test]
    fn the_schema_says_the_same() {
        let all = json!({"pattern": "^a", "min": 1, "max": 2.5, "min_length": 1, "max_length": 9, "message": "No."});
        for (kind, expected) in [
            ("string", json!({"pattern": "^a", "minLength": 1, "maxLength": 9, "x-message": "No."})),
            ("list", json!({"minItems": 1, "maxItems": 9, "x-message": "No."})),
            ("int", json!({"minimum": 1, "maximum": 2.5, "x-message": "No."})),
            ("bool", json!({})),
            ("json", json!({})),
        ] {
            assert_eq!(described(kind, all.clone()), expected, "{kind}");
        }
    }

    #[test]
    fn what_is_no_rule_is_left_out() {
        let odd =
            json!({"pattern": 7, "min": "1", "max": null, "min_length": -1, "max_length": 1.5, "message": 3});
        for kind in ["string", "int", "list"] {
            assert_eq!(described(kind, odd.clone()), json!({}));
            assert_eq!(problem(kind, odd.clone(), json!({})), None);
        }
        assert_eq!(described("string", json!("^a$")), json!({}));
        assert_eq!(described("string", json!({"message": "No."})), json!({}));
    }

    #[test]
    fn patterns_that_cannot_be_read_are_told() {
        let long = "a".repeat(MAX_PATTERN + 1);
        for source in ["(?=a)b", r"(a)\1", "(", "(a{99}){99}", long.as_str()] {
            let workflow = json!({"id": "w.py::w", "path": "w.py", "function": "w", "line": 3, "name": "W", "kind": "workflow",
                "parameters": [{"name": "code", "type": "string", "label": "Code", "required": true, "validation": {"pattern": source}}]});
            let mut report: WorkspaceReport =
                serde_json::from_value(json!({"workflows": [workflow]})).expect("a report");
            check(&mut report);
            let [warning] = report.warnings.as_slice() else { panic!("{source}: {:?}", report.warnings) };
            assert_eq!((warning.path.as_str(), warning.line), ("w.py", Some(3)));
            assert!(
                warning.message.starts_with("the pattern of `code` is not checked: "),
                "{}",
                warning.message
            );
            assert_eq!(problem("string", json!({"pattern": source}), json!("x")), None);
        }
    }
}
