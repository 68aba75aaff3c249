//! Runs the cases of `conformance.json`, which the browser's module is tested with as well.

use bifrost_forms::{Filled, Form};
use serde_json::Value;

/// Whether a value has what is expected of it: members that are not named may be anything, except of `data`.
fn has(value: &Value, expected: &Value, whole: bool) -> bool {
    match (value, expected) {
        (Value::Object(value), Value::Object(expected)) => {
            (!whole || value.len() == expected.len())
                && expected.iter().all(|(key, expected)| {
                    value.get(key).is_some_and(|value| has(value, expected, whole || key == "data"))
                })
        }
        (Value::Number(value), Value::Number(expected)) => value.as_f64() == expected.as_f64(),
        _ => value == expected,
    }
}

#[test]
fn all_cases_hold() {
    let file: Value = serde_json::from_str(include_str!("../conformance.json")).expect("it is JSON");
    let (mut seen, mut wrong) = (0, Vec::new());
    for group in file["forms"].as_array().expect("forms") {
        let form = Form::read(&group["form"]).expect("a form");
        for case in group["cases"].as_array().expect("cases") {
            let state = form.state(&Filled::read(&case["input"]).expect("an input")).json();
            if !has(&state, &case["state"], false) {
                wrong.push(format!(
                    "{}: {} is {state}; the file says {}",
                    group["name"], case["input"], case["state"]
                ));
            }
            seen += 1;
        }
    }
    assert!(wrong.is_empty(), "{} of {seen} cases:\n{}", wrong.len(), wrong.join("\n"));
    assert!(seen >= 56, "the file has lost cases");
}
