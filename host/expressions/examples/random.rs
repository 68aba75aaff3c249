//! Prints expressions by chance with their inputs and outcomes, one in a line:
//!
//!     random SEED COUNT
//!
//! `crosscheck.mjs` evaluates them with the browser's module and compares.

#[path = "../tests/random/mod.rs"]
mod random;

use bifrost_expressions::{Expression, Position};
use random::Random;
use serde_json::{Value, json};
use std::io::{BufWriter, Write, stdout};

/// As the browser's module answers.
fn outcome(source: &str, scope: &Value) -> Value {
    match Expression::parse(source) {
        Ok(expression) => match expression.evaluate(scope) {
            Ok(value) => json!({"value": value}),
            Err(error) => failure(error.kind.as_str(), &error.message, error.position, error.length),
        },
        Err(error) => failure("syntax", &error.message, error.position, error.length),
    }
}

fn failure(kind: &str, message: &str, position: Position, length: usize) -> Value {
    json!({"error": {"kind": kind, "message": message, "position": position.char, "length": length}})
}

fn main() -> std::io::Result<()> {
    let mut arguments = std::env::args().skip(1).map(|argument| argument.parse::<u64>());
    let (Some(Ok(seed)), Some(Ok(count))) = (arguments.next(), arguments.next()) else {
        eprintln!("two numbers are needed: random SEED COUNT");
        std::process::exit(2);
    };
    let mut random = Random(seed);
    let mut out = BufWriter::new(stdout().lock());
    for _ in 0..count {
        let (source, scope) = (random.source(), random.scope());
        let line = json!({"source": source, "scope": scope, "outcome": outcome(&source, &scope)});
        writeln!(out, "{line}")?;
    }
    out.flush()
}
