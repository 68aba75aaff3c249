//! Parameters from the command line.

use anyhow::{Context, Result, bail};
use serde_json::{Map, Value};

/// Parameters from `--json` overlaid with `--param name=value`. A value that reads as
/// JSON is JSON where the workflow does not want a string; else it is text.
///
/// # Errors
/// Names the argument that cannot be read, or that the workflow does not have.
pub fn read(
    json: Option<&str>,
    pairs: &[String],
    workflow: Option<&bifrost_core::WorkflowInfo>,
) -> Result<Map<String, Value>> {
    let mut parameters = match json.map(serde_json::from_str) {
        None => Map::new(),
        Some(Ok(Value::Object(map))) => map,
        Some(Ok(_)) => bail!("--json must be an object such as '{{\"name\": \"Ada\"}}'"),
        Some(Err(error)) => bail!("--json is not valid JSON: {error}"),
    };
    for pair in pairs {
        let (name, text) =
            pair.split_once('=').with_context(|| format!("--param {pair}: write name=value"))?;
        let known = workflow.and_then(|w| w.parameters.iter().find(|p| p.name == name));
        if let Some(workflow) = workflow.filter(|w| known.is_none() && !w.accepts_kwargs) {
            let names: Vec<_> = workflow.parameters.iter().map(|p| p.name.as_str()).collect();
            bail!("`{}` has no parameter `{name}`; it has: {}", workflow.name, names.join(", "));
        }
        let as_text = || Value::String(text.to_owned());
        let value = match known.map(|p| p.kind.as_str()) {
            Some("string") => as_text(),
            _ => serde_json::from_str(text).unwrap_or_else(|_| as_text()),
        };
        parameters.insert(name.to_owned(), value);
    }
    Ok(parameters)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn workflow() -> bifrost_core::WorkflowInfo {
        serde_json::from_value(serde_json::json!({
            "id": "a.py::f", "path": "a.py", "function": "f", "name": "f", "kind": "workflow",
            "parameters": [
                {"name": "code", "type": "string", "label": "Code", "required": true},
                {"name": "count", "type": "int", "label": "Count", "required": false},
            ],
        }))
        .expect("workflow")
    }

    fn pairs(list: &[&str]) -> Vec<String> {
        list.iter().map(|s| (*s).to_owned()).collect()
    }

    #[test]
    fn values_follow_the_declared_type() {
        let got = read(Some(r#"{"count": 1}"#), &pairs(&["code=007", "count=2"]), Some(&workflow()))
            .expect("parameters");
        assert_eq!(Value::Object(got), serde_json::json!({"code": "007", "count": 2}));
    }

    #[test]
    fn mistakes_are_named() {
        for (json, list, expected) in [
            (None, vec!["cuont=2"], "no parameter `cuont`"),
            (None, vec!["code"], "name=value"),
            (Some("[]"), vec![], "must be an object"),
            (Some("{"), vec![], "not valid JSON"),
        ] {
            let error = read(json, &pairs(&list), Some(&workflow())).expect_err("refused").to_string();
            assert!(error.contains(expected), "{error}");
        }
    }
}
