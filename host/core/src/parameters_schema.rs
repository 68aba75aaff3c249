//! What a workflow takes as JSON Schema (2020-12), so that everybody who can draw a form from one
//! can draw one for every workflow.
//!
//! It asks for the types that the workflow wants. A submission may be laxer: text that says a
//! number is converted when the run begins. Members of an object have no order in JSON, so
//! `x-order` has that of the signature.

use crate::validation::Rules;
use crate::{Parameter, WorkflowInfo};
use serde_json::{Map, Value, json};

/// The dialect.
const DIALECT: &str = "https://json-schema.org/draft/2020-12/schema";

/// The schema of the object that a run is submitted with.
pub fn schema(info: &WorkflowInfo) -> Value {
    let one = |(index, parameter): (usize, &Parameter)| (parameter.name.clone(), property(index, parameter));
    let required = info.parameters.iter().filter(|parameter| parameter.required);
    let mut schema = json!({
        "$schema": DIALECT,
        "title": info.name,
        "type": "object",
        "properties": info.parameters.iter().enumerate().map(one).collect::<Map<_, _>>(),
        "required": required.map(|parameter| parameter.name.as_str()).collect::<Vec<_>>(),
        "x-order": info.parameters.iter().map(|parameter| parameter.name.as_str()).collect::<Vec<_>>(),
    });
    if !info.description.is_empty() {
        schema["description"] = info.description.as_str().into();
    }
    schema
}

fn property(index: usize, parameter: &Parameter) -> Value {
    // The model that a hint names; its references are about itself, which an id of its own says.
    let mut schema = match parameter.extra.get("schema") {
        Some(Value::Object(model)) => {
            let mut model = model.clone();
            model.insert("$id".into(), format!("parameter-{index}").into());
            Map::from_iter([("allOf".to_owned(), json!([model]))])
        }
        _ => Map::new(),
    };
    schema.insert("title".into(), parameter.label.as_str().into());
    if let Some(description) = parameter.extra.get("description").filter(|text| text.is_string()) {
        schema.insert("description".into(), description.clone());
    }
    if let Some(default) = &parameter.default_value {
        schema.insert("default".into(), default.clone());
    }
    if let Some(provider) = parameter.extra.get("data_provider").filter(|text| text.is_string()) {
        schema.insert("x-data-provider".into(), provider.clone());
    }
    // Left out or null where the hint allows `None`.
    let may_be_null = !parameter.required && parameter.default_value.is_none();
    if let Some(name) = type_name(&parameter.kind) {
        let kind = if may_be_null { json!([name, "null"]) } else { name.into() };
        schema.insert("type".into(), kind);
    }
    let mut options = options(parameter);
    if !options.is_empty() {
        match parameter.kind.as_str() {
            "list" => schema.insert("items".into(), json!({ "enum": options })),
            _ => {
                options.extend(may_be_null.then_some(Value::Null));
                schema.insert("enum".into(), options.into())
            }
        };
    }
    Rules::of(parameter).describe(&parameter.kind, &mut schema);
    Value::Object(schema)
}

/// JSON Schema's name of a type; `None` for what may be any.
fn type_name(kind: &str) -> Option<&'static str> {
    match kind {
        "string" => Some("string"),
        "int" => Some("integer"),
        "float" => Some("number"),
        "bool" => Some("boolean"),
        "list" => Some("array"),
        _ => None,
    }
}

/// The values of a `Literal` or an `Enum`.
fn options(parameter: &Parameter) -> Vec<Value> {
    let all = parameter.extra.get("options").and_then(Value::as_array).into_iter().flatten();
    all.filter_map(|option| option.get("value").cloned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{WorkflowKind, document_schema};
    use proptest::prelude::*;

    fn parameter(name: &str, kind: &str, required: bool) -> Parameter {
        let (name, kind, label) = (name.to_owned(), kind.to_owned(), name.to_uppercase());
        Parameter { name, kind, label, required, default_value: None, extra: Map::new() }
    }

    fn workflow(parameters: Vec<Parameter>) -> WorkflowInfo {
        WorkflowInfo {
            id: "w.py::w".into(),
            path: "w.py".into(),
            function: "w".into(),
            line: 1,
            name: "W".into(),
            description: "Does it.".into(),
            kind: WorkflowKind::Workflow,
            category: String::new(),
            tags: vec![],
            parameters,
            defaults: Map::new(),
            accepts_kwargs: false,
        }
    }

    /// As the validator of tables sees it, which knows these keywords, and those of the rules.
    fn validates(schema: &Value, input: &Map<String, Value>) -> bool {
        let known: document_schema::Schema = serde_json::from_value(schema.clone()).expect("a schema");
        known.check("input_data", input).is_ok()
            && input.iter().all(|(name, value)| keeps_to(&schema["properties"][name], value))
    }

    fn keeps_to(property: &Value, value: &Value) -> bool {
        let within = |[least, most]: [&str; 2], size: f64| {
            property[least].as_f64().is_none_or(|least| size >= least)
                && property[most].as_f64().is_none_or(|most| size <= most)
        };
        match value {
            Value::Number(number) => within(["minimum", "maximum"], number.as_f64().expect("a number")),
            Value::Array(list) => within(["minItems", "maxItems"], list.len() as f64),
            Value::String(text) => {
                let pattern = property["pattern"].as_str().map(regex_lite::Regex::new);
                within(["minLength", "maxLength"], text.chars().count() as f64)
                    && pattern.is_none_or(|pattern| pattern.expect("a pattern").is_match(text))
            }
            _ => true,
        }
    }

    #[test]
    fn each_parameter_is_described() {
        let mut plan = parameter("plan", "string", false);
        plan.default_value = Some(json!("small"));
        let options = json!([{"label": "small", "value": "small"}, {"label": "large", "value": "large"}]);
        plan.extra = Map::from_iter([
            ("options".to_owned(), options.clone()),
            ("description".to_owned(), json!("How much.")),
        ]);
        let mut company = parameter("company", "string", true);
        company.extra.insert("data_provider".into(), json!("Companies"));
        let mut seats = parameter("seats", "int", false);
        seats.extra.insert("validation".into(), json!({"min": 1, "message": "At least one."}));
        let mut model = parameter("model", "json", true);
        let user = json!({"$defs": {"A": {"type": "string"}}, "properties": {"a": {"$ref": "#/$defs/A"}}});
        model.extra.insert("schema".into(), user);
        let mut tags = parameter("tags", "list", false);
        tags.extra.insert("options".into(), options);
        let schema =
            schema(&workflow(vec![company, plan, seats, tags, parameter("x", "json", false), model]));
        let expected = json!({
            "$schema": DIALECT, "title": "W", "description": "Does it.", "type": "object",
            "required": ["company", "model"],
            "x-order": ["company", "plan", "seats", "tags", "x", "model"],
            "properties": {
                "company": {"title": "COMPANY", "type": "string", "x-data-provider": "Companies"},
                "plan": {"title": "PLAN", "type": "string", "default": "small", "description": "How much.",
                    "enum": ["small", "large"]},
                "seats": {"title": "SEATS", "type": ["integer", "null"], "minimum": 1, "x-message": "At least one."},
                "tags": {"title": "TAGS", "type": ["array", "null"], "items": {"enum": ["small", "large"]}},
                "x": {"title": "X"},
                "model": {"title": "MODEL", "allOf": [{"$id": "parameter-5",
                    "$defs": {"A": {"type": "string"}}, "properties": {"a": {"$ref": "#/$defs/A"}}}]},
            },
        });
        assert_eq!(schema, expected);
    }

    #[test]
    fn what_a_guest_says_wrongly_is_left_out() {
        let mut odd = parameter("odd", "colour", true);
        for name in ["description", "data_provider", "schema", "options", "validation"] {
            odd.extra.insert(name.into(), json!(7));
        }
        assert_eq!(schema(&workflow(vec![odd]))["properties"]["odd"], json!({"title": "ODD"}));
    }

    const KINDS: [&str; 6] = ["string", "int", "float", "bool", "list", "json"];

    fn any_value() -> BoxedStrategy<Value> {
        prop_oneof![
            Just(json!(null)),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            (-1e9..1e9f64).prop_map(Value::from),
            "[a-z0-9]{0,4}".prop_map(Value::from),
            Just(json!([1, "a"])),
            Just(json!({"a": 1})),
        ]
        .boxed()
    }

    /// What the type that a parameter asks for can express.
    fn is_of(kind: &str, value: &Value) -> bool {
        match kind {
            "string" => value.is_string(),
            "int" => value.is_i64(),
            "float" => value.is_number(),
            "bool" => value.is_boolean(),
            "list" => value.is_array(),
            _ => true,
        }
    }

    fn any_rules() -> impl Strategy<Value = Value> {
        proptest::sample::select(vec![
            json!(null),
            json!({"min": -5, "max": 1e6}),
            json!({"minimum": 0.5, "min_length": 1}),
            json!({"maxLength": 2, "max": 100}),
            json!({"pattern": "^[a-m]", "min_length": 2, "message": "No."}),
            json!({"pattern": "(", "max_length": 1}),
        ])
    }

    type Case = (&'static str, bool, bool, Value, Option<Value>);

    fn case() -> impl Strategy<Value = Case> {
        let value = proptest::option::of(any_value());
        (proptest::sample::select(&KINDS[..]), any::<bool>(), any::<bool>(), any_rules(), value)
    }

    fn of(cases: &[Case]) -> (WorkflowInfo, Map<String, Value>) {
        let (mut parameters, mut input) = (vec![], Map::new());
        for (index, (kind, required, has_default, rules, value)) in cases.iter().enumerate() {
            let name = format!("p{index}");
            let mut one = parameter(&name, kind, *required);
            one.extra.insert("validation".into(), rules.clone());
            one.default_value = (!required && *has_default).then(|| json!("d"));
            parameters.push(one);
            input.extend(value.clone().map(|value| (name, value)));
        }
        (workflow(parameters), input)
    }

    proptest! {
        /// What the platform takes is right for the form, as far as its types are the form's.
        #[test]
        fn what_is_accepted_validates(cases in proptest::collection::vec(case(), 0..6)) {
            let (info, mut input) = of(&cases);
            for (index, (kind, required, has_default, _, value)) in cases.iter().enumerate() {
                let may_be_null = !required && !has_default;
                let fits = value.as_ref().is_none_or(|v| is_of(kind, v) || (may_be_null && v.is_null()));
                if !fits {
                    input.remove(&format!("p{index}"));
                }
            }
            input.insert("other".into(), json!(1));
            if info.check_input(&input).is_ok() {
                prop_assert!(validates(&schema(&info), &input), "{} {:?}", schema(&info), input);
            }
        }

        /// And nothing is right for the form that the platform then refuses.
        #[test]
        fn what_validates_is_accepted(cases in proptest::collection::vec(case(), 0..6)) {
            let (info, input) = of(&cases);
            if validates(&schema(&info), &input) {
                prop_assert!(info.check_input(&input).is_ok(), "{} {:?}", schema(&info), input);
            }
        }
    }
}
