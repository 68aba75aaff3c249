//! Prints forms by chance with their inputs and states, one in a line:
//!
//!     random SEED COUNT
//!
//! `crosscheck.mjs` asks the browser's module for the states and compares.

#[path = "../tests/random/mod.rs"]
mod random;

use bifrost_forms::{Filled, Form};
use random::Random;
use serde_json::json;
use std::io::{BufWriter, Write, stdout};

fn main() -> std::io::Result<()> {
    let mut arguments = std::env::args().skip(1).map(|argument| argument.parse::<u64>());
    let (Some(Ok(seed)), Some(Ok(count))) = (arguments.next(), arguments.next()) else {
        eprintln!("two numbers are needed: random SEED COUNT");
        std::process::exit(2);
    };
    let mut random = Random(seed);
    let mut out = BufWriter::new(stdout().lock());
    for _ in 0..count {
        let definition = random.form();
        let input = random.input(&definition);
        let outcome = match (Form::read_saved(&definition), Filled::read(&input)) {
            (Ok(form), Ok(filled)) => json!({"state": form.state(&filled).json()}),
            (form, filled) => json!({"error": format!("{:?} {:?}", form.err(), filled.err())}),
        };
        writeln!(out, "{}", json!({"definition": definition, "input": input, "outcome": outcome}))?;
    }
    out.flush()
}
