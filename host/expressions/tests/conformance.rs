//! Runs the cases of `conformance.json`, which the browser's module is tested with as well.

use bifrost_expressions::Expression;
use serde_json::Value;

/// The value of a case, or the kind of its error.
fn outcome(source: &str, scope: &Value) -> Result<Value, String> {
    let expression = Expression::parse(source).map_err(|_| "syntax".to_owned())?;
    expression.evaluate(scope).map_err(|error| error.kind.as_str().to_owned())
}

/// Equal as JSON is in a browser: 1 is 1.0.
fn same(first: &Value, second: &Value) -> bool {
    match (first, second) {
        (Value::Number(first), Value::Number(second)) => first.as_f64() == second.as_f64(),
        (Value::Array(first), Value::Array(second)) => {
            first.len() == second.len() && first.iter().zip(second).all(|(first, second)| same(first, second))
        }
        _ => first == second,
    }
}

#[test]
fn all_cases_hold() {
    let file: Value = serde_json::from_str(include_str!("../conformance.json")).expect("it is JSON");
    let mut seen = 0;
    let mut wrong = Vec::new();
    for group in file["groups"].as_array().expect("groups") {
        for case in group["cases"].as_array().expect("cases") {
            let source = case["source"].as_str().expect("a source");
            let scope = case.get("scope").unwrap_or(&file["scope"]);
            let outcome = outcome(source, scope);
            let holds = match (&outcome, case.get("error")) {
                (Ok(value), None) => case.get("value").is_some_and(|expected| same(value, expected)),
                (Err(kind), Some(expected)) => expected == kind,
                _ => false,
            };
            if !holds {
                wrong.push(format!("{}: {source} is {outcome:?}; the file says {case}", group["name"]));
            }
            seen += 1;
        }
    }
    assert!(wrong.is_empty(), "{} of {seen} cases:\n{}", wrong.len(), wrong.join("\n"));
    assert!(seen > 300, "the file has lost cases");
}
