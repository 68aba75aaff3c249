//! Definitions that are wrong, and states that are worth a name.

use crate::{Asked, Filled, Form, MAX_FIELDS, check};
use serde_json::{Value, json};

fn form(fields: Value) -> Value {
    json!({"name": "Order", "workflow": "order", "fields": fields})
}

fn problems(json: &Value) -> Vec<(String, String)> {
    check(json).into_iter().map(|problem| (problem.path, problem.message)).collect()
}

#[test]
fn what_is_wrong_is_said_with_its_place() {
    let text = |more: Value| {
        let mut field = json!({"name": "a", "label": "A", "type": "text"});
        for (key, value) in more.as_object().expect("keys") {
            field[key] = value.clone();
        }
        form(json!([field]))
    };
    let select = |more: Value| {
        let mut json = text(more);
        json["fields"][0]["type"] = json!("select");
        json
    };
    for (json, path, part) in [
        (json!([]), "", "expected an object"),
        (json!({"workflow": "w"}), "name", "is missing"),
        (json!({"name": "n"}), "workflow", "is missing"),
        (json!({"name": "n".repeat(101), "workflow": "w"}), "name", "at most 100"),
        (json!({"name": 7, "workflow": "w"}), "name", "expected a text"),
        (json!({"name": "n", "workflow": "w", "colour": "red"}), "colour", "known are"),
        (json!({"name": "n", "workflow": "w", "access": "all"}), "access", "`granted`"),
        (
            json!({"name": "n", "workflow": "w", "query_parameters": ["a", "a"]}),
            "query_parameters[1]",
            "twice",
        ),
        (
            json!({"name": "n", "workflow": "w", "query_parameters": ["a b"]}),
            "query_parameters[0]",
            "expected",
        ),
        (json!({"name": "n", "workflow": "w", "launch_parameters": []}), "launch_parameters", "an object"),
        (form(json!(vec![json!({}); MAX_FIELDS + 1])), "fields", "at most 50"),
        (
            form(json!([{"name": "a", "label": "A", "type": "colour"}])),
            "fields[0].type",
            "none of text, email",
        ),
        (form(json!([{"name": "1a", "label": "A", "type": "text"}])), "fields[0].name", "no digit"),
        (form(json!([{"name": "a", "type": "text"}])), "fields[0].label", "is missing"),
        (form(json!([{"name": "a", "type": "html"}])), "fields[0].content", "is missing"),
        (
            form(json!([{"name": "a", "type": "html", "content": "x", "required": true}])),
            "fields[0].required",
            "nothing",
        ),
        (
            form(
                json!([{"name": "a", "label": "A", "type": "text"}, {"name": "a", "label": "B", "type": "text"}]),
            ),
            "fields[1].name",
            "as well",
        ),
        (text(json!({"required": "yes"})), "fields[0].required", "true or false"),
        (
            text(json!({"visibility_expression": "fields.b"})),
            "fields[0].visibility_expression",
            "no field `b`",
        ),
        (text(json!({"enabled_expression": "1 +"})), "fields[0].enabled_expression", ""),
        (text(json!({"validation": {"pattern": "("}})), "fields[0].validation.pattern", ""),
        (text(json!({"validation": {"expression": "and"}})), "fields[0].validation.expression", ""),
        (text(json!({"validation": {"min": 1}})), "fields[0].validation.min", "`expression`"),
        (text(json!({"validation": {"min_length": 1.5}})), "fields[0].validation.min_length", "whole"),
        (
            text(json!({"validation": {"min_length": 3, "max_length": 2}})),
            "fields[0].validation.max_length",
            "less",
        ),
        (text(json!({"options": [{"label": "x", "value": 1}]})), "fields[0].options", "nothing"),
        (text(json!({"multiple": true})), "fields[0].multiple", "nothing"),
        (text(json!({"default_value": 7})), "fields[0].default_value", "type `text`"),
        (select(json!({})), "fields[0].options", "either"),
        (select(json!({"options": ["a", "a"]})), "fields[0].options[1].value", "another"),
        (
            select(json!({"options": [{"label": "A", "value": [1]}]})),
            "fields[0].options[0].value",
            "a number",
        ),
        (
            select(json!({"options": ["a"], "default_value": "b"})),
            "fields[0].default_value",
            "none of the options",
        ),
        (select(json!({"options": ["a"], "auto_fill": {"b": "k"}})), "fields[0].auto_fill", "data provider"),
        (
            select(json!({"data_provider": "p", "auto_fill": {"b": "k"}})),
            "fields[0].auto_fill.b",
            "no other field",
        ),
        (
            select(json!({"data_provider": "p", "data_provider_inputs": {"i": {"mode": "js"}}})),
            "fields[0].data_provider_inputs.i.mode",
            "`fieldRef`",
        ),
        (
            select(
                json!({"data_provider": "p", "data_provider_inputs": {"i": {"mode": "fieldRef", "field_name": "a"}}}),
            ),
            "fields[0].data_provider_inputs.i.field_name",
            "no other field",
        ),
        (
            form(json!([{"name": "a", "label": "A", "type": "file", "default_data_provider": "p"}])),
            "fields[0].default_data_provider",
            "type `file`",
        ),
        (
            text(json!({"default_data_provider_inputs": {"i": {"mode": "static", "value": 1}}})),
            "fields[0].default_data_provider_inputs",
            "`default_data_provider`",
        ),
        (
            text(
                json!({"default_data_provider": "p", "default_data_provider_inputs": {"i": {"mode": "expression", "expression": "fields.a"}}}),
            ),
            "fields[0].default_data_provider_inputs.i.expression",
            "before this one",
        ),
        (
            form(json!([
                {"name": "a", "label": "A", "type": "text", "default_data_provider": "p", "default_data_provider_inputs": {
                    "i": {"mode": "fieldRef", "field_name": "b"},
                }},
                {"name": "b", "label": "B", "type": "text"},
            ])),
            "fields[0].default_data_provider_inputs.i.field_name",
            "before this one",
        ),
        (
            form(json!([{"name": "a", "label": "A", "type": "file", "max_size_mb": 33}])),
            "fields[0].max_size_mb",
            "at most 32",
        ),
        (
            form(json!([{"name": "a", "label": "A", "type": "file", "allowed_types": ["pdf"]}])),
            "fields[0].allowed_types[0]",
            "application/pdf",
        ),
        (
            form(json!([{"name": "a", "label": "A", "type": "date", "validation": {"min": "1.1.2026"}}])),
            "fields[0].validation.min",
            "2026-01-31",
        ),
        (
            form(json!([{"name": "a", "label": "A", "type": "number", "validation": {"min": 2, "max": 1}}])),
            "fields[0].validation.max",
            "less than",
        ),
    ] {
        let found = problems(&json);
        assert!(found.iter().any(|(at, message)| at == path && message.contains(part)), "{path}: {found:?}");
    }
}

#[test]
fn a_fault_in_an_expression_is_found_by_an_editor() {
    let source = "'\u{1F600}' == 'a' and true";
    let json = form(json!([{"name": "a", "label": "A", "type": "text", "visibility_expression": source}]));
    let problem = check(&json).remove(0);
    let units: Vec<u16> = source.encode_utf16().collect();
    let part = &units[problem.from.expect("a place")..problem.to.expect("an end")];
    assert_eq!(String::from_utf16_lossy(part), "and");
}

#[test]
fn what_is_saved_is_read_with_what_is_told_of_it() {
    let mut json = form(json!([{"name": "a", "label": "A", "type": "text"}]));
    json["may_edit"] = json!(true);
    assert_eq!(check(&json).len(), 1);
    assert!(Form::read_saved(&json).is_ok());
}

#[test]
fn data_providers_are_asked_when_their_inputs_are_there() {
    let form = Form::read(&form(json!([
        {"name": "shown", "label": "Shown", "type": "checkbox"},
        {"name": "team", "label": "Team", "type": "text", "visibility_expression": "fields.shown"},
        {"name": "host", "label": "Host", "type": "select", "data_provider": "hosts", "data_provider_inputs": {
            "team": {"mode": "fieldRef", "field_name": "team"},
            "upper": {"mode": "expression", "expression": "upper(fields.team)"},
            "limit": {"mode": "static", "value": 5},
        }},
    ])))
    .expect("a form");
    let ask = |values: Value| {
        let filled = Filled::read(&json!({"values": values})).expect("an input");
        form.question("host", Asked::Options, &form.state(&filled), &filled).expect("it can be evaluated")
    };
    let question = ask(json!({"shown": true, "team": "ops"}));
    assert_eq!(Value::Object(question.inputs), json!({"team": "ops", "upper": "OPS", "limit": 5}));
    assert!(question.missing.is_empty());
    // What is hidden is nothing.
    assert_eq!(ask(json!({"shown": false, "team": "ops"})).missing, ["team", "upper"]);
}

#[test]
fn a_default_is_asked_for_while_nothing_wins_over_it() {
    let form = Form::read(&form(json!([
        {"name": "site", "label": "Site", "type": "text"},
        {"name": "fixed", "label": "Fixed", "type": "checkbox"},
        {"name": "seats", "label": "Seats", "type": "number", "default_value": 1, "allow_as_query_param": true,
            "default_expression": "fields.site == 'none' ? 0 : null", "enabled_expression": "!fields.fixed",
            "visibility_expression": "fields.site != 'hidden'",
            "default_data_provider": "seats", "default_data_provider_inputs": {
                "site": {"mode": "fieldRef", "field_name": "site"},
                "upper": {"mode": "expression", "expression": "upper(fields.site)"},
            }},
    ])))
    .expect("a form");
    let decided = |values: Value, query: Value, answer: Value| {
        let input = json!({"values": values, "context": {"query": query}, "defaults": {"seats": answer}});
        let filled = Filled::read(&input).expect("an input");
        let state = form.state(&filled);
        let question = form.question("seats", Asked::Default, &state, &filled).expect("it can be evaluated");
        let seats = &state.fields["seats"];
        (seats.needs_default, seats.default.clone(), state.data.get("seats").cloned(), question)
    };
    let none = || json!({});
    for (values, query, answer, needs_default, submitted) in [
        (none(), none(), json!([]), true, Some(json!(1))),
        (none(), none(), json!([{"label": "Seven", "value": "7"}, 8]), true, Some(json!(7))),
        (none(), json!({"seats": "5"}), json!([7]), false, Some(json!(5))),
        (json!({"site": "none"}), none(), json!([7]), false, Some(json!(0))),
        (json!({"site": "hidden"}), none(), json!([7]), false, None),
        (json!({"seats": 3}), none(), json!([7]), false, Some(json!(3))),
        (json!({"seats": null}), none(), json!([7]), false, None),
        // What cannot be changed has its default, whatever was sent.
        (json!({"seats": 3, "fixed": true}), none(), json!([7]), true, Some(json!(7))),
    ] {
        let (needs, _, data, _) = decided(values.clone(), query, answer);
        assert_eq!((needs, data), (needs_default, submitted), "{values}");
    }
    // What it is there at first, also where something was filled in.
    assert_eq!(decided(json!({"seats": 3}), none(), json!([7])).1, json!(7));
    assert_eq!(decided(none(), none(), json!([])).3.missing, ["site", "upper"]);
    let question = decided(json!({"site": "ulm"}), none(), json!([])).3;
    assert_eq!(Value::Object(question.inputs), json!({"site": "ulm", "upper": "ULM"}));
}

#[test]
fn what_decides_what_a_data_provider_is_asked_with_is_known() {
    let form = Form::read(&form(json!([
        {"name": "country", "label": "Country", "type": "text"},
        {"name": "region", "label": "Region", "type": "select", "data_provider": "regions", "auto_fill": {"town": "capital"},
            "data_provider_inputs": {"country": {"mode": "fieldRef", "field_name": "country"}}},
        {"name": "aside", "label": "Aside", "type": "text", "default_data_provider": "aside"},
        {"name": "code", "label": "Code", "type": "text"},
        {"name": "town", "label": "Town", "type": "text", "default_data_provider": "towns",
            "default_data_provider_inputs": {"code": {"mode": "expression", "expression": "lower(fields.code)"}}},
        {"name": "street", "label": "Street", "type": "select", "data_provider": "streets",
            "data_provider_inputs": {"town": {"mode": "fieldRef", "field_name": "town"}}},
    ])))
    .expect("a form");
    let names = |field: &str, asked| form.dependencies(field, asked).into_iter().collect::<Vec<_>>();
    assert_eq!(names("street", Asked::Options), ["code", "country", "region", "town"]);
    assert_eq!(names("town", Asked::Default), ["code"]);
    assert!(names("aside", Asked::Default).is_empty());
}
