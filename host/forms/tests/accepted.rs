//! Whatever a form and an input are: deciding ends, and what is accepted breaks no rule of the
//! definition as `rules` reads it, in its own words.

mod random;
mod rules;

use bifrost_forms::{Filled, Form, check};
use proptest::prelude::*;
use random::Random;
use rules::broken;
use serde_json::{Value, json};

#[test]
fn what_is_accepted_breaks_no_rule() {
    let mut random = Random(20_261_126);
    let (mut accepted, mut refused) = (0, 0);
    for _ in 0..6_000 {
        let json = random.form();
        let form = Form::read(&json).unwrap_or_else(|problems| panic!("{json}: {problems:?}"));
        for _ in 0..5 {
            let input = random.input(&json);
            let state = form.state(&Filled::read(&input).expect("an input"));
            if state.is_valid() {
                accepted += 1;
                let broken = broken(&json, &input, &state.data);
                assert_eq!(broken, None, "{json}\n{input}\n{}", state.json());
            } else {
                refused += 1;
            }
        }
    }
    assert!(accepted > 2_000 && refused > 2_000, "{accepted} accepted, {refused} refused");
}

#[test]
fn a_rule_that_is_broken_is_found() {
    let form = json!({"fields": [{"name": "a", "type": "number", "validation": {"max": 3}}]});
    let input = json!({"values": {"a": 4}, "options": {}, "context": {}, "now": ""});
    let data = json!({"a": 4}).as_object().cloned().expect("an object");
    assert!(broken(&form, &input, &data).is_some_and(|broken| broken.contains("out of range")));
}

fn json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<f64>().prop_map(|number| json!(number)),
        "[a-z(.*§é]{0,6}".prop_map(Value::from),
        prop::sample::select(vec!["text", "file", "number", "fields.a", "fieldRef", "2026-01-01"])
            .prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 40, 6, |inner| {
        let keys = vec![
            "name",
            "label",
            "type",
            "fields",
            "workflow",
            "validation",
            "options",
            "value",
            "min",
            "max",
            "pattern",
            "data_provider",
            "data_provider_inputs",
            "default_data_provider",
            "default_data_provider_inputs",
            "defaults",
            "mode",
            "default_value",
            "auto_fill",
            "content",
            "values",
            "a",
        ];
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::btree_map(prop::sample::select(keys), inner, 0..8)
                .prop_map(|map| map.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()),
        ]
    })
}

proptest! {
    #[test]
    fn anything_is_read_or_refused(definition in json(), input in json()) {
        let problems = check(&definition);
        prop_assert_eq!(problems.is_empty(), Form::read(&definition).is_ok());
        if let (Ok(form), Ok(filled)) = (Form::read_saved(&definition), Filled::read(&input)) {
            let _ = form.state(&filled).json();
        }
    }

    #[test]
    fn anything_can_be_filled_in(seed: u64, values in json()) {
        let form = Form::read(&Random(seed).form()).expect("a form");
        let values = values.as_object().cloned().unwrap_or_default();
        let names = form.definition().fields.iter().map(|field| field.name.clone());
        let values = names.zip(values.into_iter().map(|(_, value)| value)).collect();
        let state = form.state(&Filled { values, ..Filled::default() });
        prop_assert!(state.fields.len() == form.definition().fields.len());
    }
}
