//! A fresh sandbox with a trivial workflow, beside starting `python3`.

use super::one_thread;
use crate::lab::Lab;
use crate::stats::{median, percentile};
use crate::{Bench, Summary, workspace};
use anyhow::{Result, ensure};
use bifrost_sandbox::Settings;
use serde_json::json;
use std::time::Instant;

/// Runs between two looks at the native interpreters.
const BLOCK: usize = 200;
/// Starts of each native interpreter between two blocks.
const STARTS: usize = 4;

/// Every run counts from making its invocation to its judged outcome and the end of its
/// sandbox; blocks of runs take turns with starts of `python3 -c pass`.
pub fn measure(bench: &Bench, summary: &mut Summary) -> Result<()> {
    let runtime = one_thread()?;
    let lab = runtime.block_on(Lab::open(&bench.cache(), &Settings::default(), workspace::small()?))?;
    let one = async || {
        let answer = lab.run("flows.py::trivial", &json!({"name": "Ada"})).await?;
        ensure!(answer == json!({"greeting": "Hello, Ada."}), "{answer}");
        anyhow::Ok(())
    };
    runtime.block_on(async {
        for _ in 0..BLOCK {
            one().await?;
        }
        anyhow::Ok(())
    })?;

    let blocks = bench.samples(25, 6);
    let mut times = vec![];
    let mut rates = vec![];
    let mut native = vec![vec![]; bench.pythons.len()];
    for _ in 0..blocks {
        let began = Instant::now();
        runtime.block_on(async {
            for _ in 0..BLOCK {
                let began = Instant::now();
                one().await?;
                times.push(began.elapsed().as_secs_f64() * 1_000.0);
            }
            anyhow::Ok(())
        })?;
        rates.push(BLOCK as f64 / began.elapsed().as_secs_f64());
        for (python, times) in bench.pythons.iter().zip(&mut native) {
            for _ in 0..STARTS {
                times.push(python.start_ms()?);
            }
        }
    }
    let p50 = median(&times);
    let fastest = native.iter().map(|times| median(times)).fold(f64::INFINITY, f64::min);
    summary.set("cold_start.p50_ms", p50);
    summary.set("cold_start.p99_ms", percentile(&times, 0.99));
    summary.set("cold_start.native_python_ms", fastest);
    summary.set("cold_start.ratio", p50 / fastest);
    summary.set("cold_start.runs_per_s_per_core", median(&rates));
    summary.note("cold_start.runs", times.len());
    for (python, times) in bench.pythons.iter().zip(&native) {
        summary.note(
            &format!("cold_start.native_ms_by_version.{}", python.version.replace('.', "_")),
            median(times),
        );
    }
    Ok(())
}
