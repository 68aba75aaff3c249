//! Prints how long reading and evaluating takes, in µs each, of usual rules and of the slowest ones known.

use bifrost_expressions::Expression;
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// The best of twenty times, each as many repetitions as fit into 50 ms.
fn each(mut work: impl FnMut()) -> f64 {
    let mut run = || {
        let started = Instant::now();
        let mut count = 0_u32;
        while started.elapsed() < Duration::from_millis(50) {
            work();
            count += 1;
        }
        started.elapsed().as_secs_f64() * 1e6 / f64::from(count)
    };
    (0..20).map(|_| run()).fold(f64::INFINITY, f64::min)
}

fn main() {
    let long = "ab".repeat(2_000);
    let hundred: Vec<u32> = (0..100).collect();
    let texts: Vec<&str> = vec![&long; 200];
    let scope = json!({
        "fields": {
            "country": "DE", "users": ["a", "b", "c", "d"], "mail": " Ada@Example.COM ", "start": "2026-03-01",
            "end": "2026-03-29", "hundred": hundred, "long": long, "texts": texts,
        },
        "now": "2026-11-26T08:39:00+01:00",
    });
    for source in [
        "fields.country == \"DE\" && size(fields.users) > 3",
        "fields.mail.trim().lower().matches(\"^[^@ ]+@[^@ ]+$\")",
        "daysBetween(fields.start, fields.end) <= 14 || !empty(fields.reason)",
        "fields.hundred.map(a, fields.hundred.map(b, fields.hundred.map(c, a * b * c)))",
        "fields.texts.all(t, t.matches(\"(.?){40}x\"))",
        "fields.texts.all(t, t.matches(\"(a?b?){20}x\"))",
        "fields.texts.all(t, upper(t) != lower(t))",
        "fields.texts.all(t, fields.texts.all(s, s == t))",
        "fields.texts.all(t, !contains(t, \"abababababababababababababababababababababababbb\"))",
        "fields.hundred.exists(t, fields.texts in [fields.texts])",
    ] {
        let parse = each(|| drop(Expression::parse(std::hint::black_box(source))));
        let expression = match Expression::parse(source) {
            Ok(expression) => expression,
            Err(error) => return eprintln!("{source}: {error}"),
        };
        let evaluate = each(|| drop(expression.evaluate(std::hint::black_box(&scope))));
        let outcome = match expression.evaluate(&scope) {
            Ok(value) => describe(&value),
            Err(error) => error.kind.as_str().to_owned(),
        };
        println!("{parse:9.2} {evaluate:10.2}  {outcome:6} {source}");
    }
}

fn describe(value: &Value) -> String {
    let text = value.to_string();
    if text.len() > 6 { format!("{} B", text.len()) } else { text }
}
