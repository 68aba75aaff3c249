//! What holds for every expression.

#[path = "../tests/random/mod.rs"]
mod random;

use crate::evaluate::Evaluator;
use crate::{Expression, MAX_STEPS};
use proptest::prelude::*;
use random::Random;
use serde_json::{Value, json};

/// Parts that sources are made of.
const PARTS: [&str; 40] = [
    "fields", ".", "a", "fields.a", "context", "now", "(", ")", "[", "]", "{", "}", ",", ":", "?", "!", "-",
    "+", "*", "/", "%", "==", "<", "&&", "||", "in", "1", "0", "1e308", "'a'", "\"", "'", "\\", "r'", "true",
    "null", ".all(x,", "x", "matches(", "//",
];

/// Evaluates within the bounds, and gives the same again when it is written out and read back.
fn ends(source: &str, scope: &Value) {
    let Ok(expression) = Expression::parse(source) else { return };
    let mut evaluator = Evaluator::new(source, scope);
    let value = evaluator.run(&expression.root);
    assert!(evaluator.steps() <= MAX_STEPS);
    let printed = expression.to_string();
    // Written out it may have become too long, by its parentheses.
    let Ok(again) = Expression::parse(&printed) else {
        assert!(printed.len() > source.len(), "{source} is printed as {printed}");
        return;
    };
    assert_eq!(again.to_string(), printed);
    assert_eq!(again.fields(), expression.fields());
    let kind = |value: Result<Value, crate::EvalError>| value.map_err(|error| error.kind);
    assert_eq!(kind(again.evaluate(scope)), kind(value), "{source} is printed as {printed}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn any_text_ends(source in ".{0,200}") {
        ends(&source, &json!({"fields": {"a": 1}}));
    }

    #[test]
    fn any_parts_end(parts in prop::collection::vec(prop::sample::select(&PARTS[..]), 0..60)) {
        ends(&parts.concat(), &json!({"fields": {"a": [1, 2]}}));
        ends(&parts.join(" "), &json!({"fields": {"a": "text"}}));
    }

    #[test]
    fn any_expression_ends(seed in any::<u64>()) {
        let mut random = Random(seed);
        let (source, scope) = (random.source(), random.scope());
        ends(&source, &scope);
    }
}

#[test]
fn errors_name_the_place_and_the_fix() {
    let scope = json!({"fields": {"age": "42", "größe": 1, "tags": ["a"]}});
    for (source, expected) in [
        (
            "fields.größe + lower(fields.age) + 1",
            "`fields.größe + lower(fields.age)` adds a number and a text; `text(…)` and `number(…)` make one of the other (at character 1)",
        ),
        (
            "fields.age > 18",
            "`fields.age > 18` compares a text with a number; `number(…)` makes a number of a text (at character 1)",
        ),
        (
            "true && fields.größe",
            "`fields.größe` is a number, and a condition is true or false; compare it, as in `> 0` (at character 9)",
        ),
        (
            "'é' + upper(fields.größe)",
            "`fields.größe` is a number, and `upper` needs a text; `text(…)` makes one of it (at character 13)",
        ),
        ("1 / (2 - 2)", "`1 / (2 - 2)` divides by zero; test for that before (at character 1)"),
        (
            "date(fields.age)",
            "the text of `fields.age` is no date; dates are written as in 2026-01-31 (at character 6)",
        ),
        ("fields.tags.exists(t, t.name == 1)", "`t` is a text, which has no member `name` (at character 23)"),
    ] {
        let error = Expression::parse(source).expect(source).evaluate(&scope).expect_err(source);
        assert_eq!(error.to_string(), expected);
    }
    for (source, expected) in [
        (
            "country == 'DE'",
            "`country` is not known; a field is written `fields.country`, a text \"country\" (at character 1)",
        ),
        ("fields.größe = 1", "`=` changes nothing here; two values are compared with `==` (at character 14)"),
        ("fields.a and fields.b", "`and` is not known here; write `&&` (at character 10)"),
        ("length(fields.a)", "there is no function `length`; there is `size` (at character 1)"),
        (
            "fields.a.startswith('b')",
            "there is no function `startswith`; there is `startsWith` (at character 10)",
        ),
        ("daysBetween(now)", "the function is `daysBetween(first, last)`; 1 is given (at character 1)"),
        (
            "matches(fields.a, '^\\d+$')",
            "`\\d` is no escape; write `\\\\` for a backslash, or r\"…\" for a pattern as it is (at character 21)",
        ),
        ("!fields.a == 1", "put what `!` is about in parentheses, as in `!(a == b)` (at character 11)"),
        ("fields.a ==", "a value is expected, and there is the end (at character 12)"),
        ("(fields.a", "`)` is missing: a parenthesis is not closed (at character 10)"),
    ] {
        let error = Expression::parse(source).expect_err(source);
        assert_eq!(error.to_string(), expected);
    }
}

#[test]
fn fields_are_known_before_anything_is_evaluated() {
    let source = "fields.a ? fields.b.c : fields.list.map(x, x + fields[\"first name\"]) == context.user";
    let fields: Vec<String> = Expression::parse(source).expect(source).fields().into_iter().collect();
    assert_eq!(fields, ["a", "b", "first name", "list"]);
}

#[test]
fn a_condition_is_true_false_or_nothing() {
    let holds = |source: &str| Expression::parse(source).expect(source).evaluate_bool(&json!({}));
    assert_eq!(holds("1 < 2"), Ok(true));
    assert_eq!(holds("fields.missing"), Ok(false));
    assert!(holds("1").is_err());
}

#[test]
fn the_usual_rule_takes_few_steps() {
    let source = "fields.country == 'DE' && size(fields.users) > 3";
    let expression = Expression::parse(source).expect(source);
    let scope = json!({"fields": {"country": "DE", "users": ["a", "b", "c", "d"]}});
    let mut evaluator = Evaluator::new(source, &scope);
    assert_eq!(evaluator.run(&expression.root), Ok(json!(true)));
    assert!(evaluator.steps() < 20, "{}", evaluator.steps());
}

#[test]
fn values_that_are_too_deep_are_refused() {
    let deep = (0..1_000).fold(json!(1), |value, _| json!([value]));
    let scope = json!({"fields": {"deep": deep}});
    for source in [
        "fields.deep",
        "fields.deep == fields.deep",
        "[fields.deep]",
        "[1] + fields.deep",
        "fields.deep in [fields.deep]",
    ] {
        let error = Expression::parse(source).expect(source).evaluate(&scope).expect_err(source);
        assert_eq!(error.kind, crate::ErrorKind::Limit, "{source}");
    }
}

#[test]
fn whoever_reads_a_long_text_pays_for_it() {
    const BYTES: usize = 640_000;
    let scope = json!({"fields": {
        "digits": "1".repeat(BYTES),
        "time": format!("2026-01-01T{}", "0".repeat(BYTES)),
        "object": {"1".repeat(BYTES): 1},
    }});
    for source in [
        "size(fields.digits)",
        "lower(fields.digits)",
        "upper(fields.digits)",
        "trim(fields.digits)",
        "contains(fields.digits, '2')",
        "startsWith(fields.digits, '2')",
        "endsWith(fields.digits, '2')",
        "matches(fields.digits, '2')",
        "number(fields.digits)",
        "date(fields.time)",
        "weekday(fields.time)",
        "fields.digits == fields.digits",
        "fields.digits < fields.digits",
        "max(fields.digits, fields.digits)",
        "fields.digits in [fields.digits]",
        "fields.digits in fields.object",
        "fields.object[fields.digits]",
        "fields.digits + ''",
        "[fields.digits]",
        "[1].map(i, fields.digits)",
        "fields.object == fields.object",
    ] {
        let expression = Expression::parse(source).expect(source);
        let mut evaluator = Evaluator::new(source, &scope);
        let _ = evaluator.run(&expression.root);
        assert!(
            evaluator.steps() >= BYTES / crate::BYTES_PER_STEP,
            "{source} takes {} steps",
            evaluator.steps()
        );
    }
}

/// What people may write into forms, and into their fields, at random.
mod fuzz {
    use crate::{ErrorKind, Expression, MAX_RESULT_BYTES};
    use serde_json::Value;

    #[test]
    fn expressions() {
        bolero::check!().with_max_len(512).with_iterations(20_000).for_each(|bytes: &[u8]| {
            let text = String::from_utf8_lossy(bytes);
            let (source, fields) = text.split_once('\n').unwrap_or((&text, "{}"));
            let fields: Value = serde_json::from_str(fields).unwrap_or_default();
            let rule = match Expression::parse(source) {
                Ok(rule) => rule,
                Err(error) => {
                    let end = error.position.char + error.length;
                    assert!(
                        end <= source.chars().count() && !error.message.is_empty(),
                        "{source}: {error:?}"
                    );
                    return;
                }
            };
            // What is printed means the same.
            let again = Expression::parse(&rule.to_string()).expect("an expression");
            assert_eq!(rule.to_string(), again.to_string());
            let scope = serde_json::json!({"fields": fields, "now": "2026-11-26T08:39:00+01:00"});
            match (rule.evaluate(&scope), again.evaluate(&scope)) {
                (Ok(value), other) => {
                    assert_eq!(Ok(&value), other.as_ref(), "{source}");
                    assert!(value.to_string().len() <= 8 * MAX_RESULT_BYTES, "{source}");
                }
                (Err(error), Err(other)) => assert_eq!(error.kind, other.kind, "{source}"),
                (Err(error), Ok(value)) => panic!("{source}: {error:?}, and {value}"),
            }
            // A limit is a limit for conditions too.
            if let Err(error) = rule.evaluate(&scope)
                && error.kind == ErrorKind::Limit
            {
                assert!(rule.evaluate_bool(&scope).is_err(), "{source}");
            }
        });
    }
}
