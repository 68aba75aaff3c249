//! Computing in the sandbox beside native CPython, with limits and without.

use super::one_thread;
use crate::lab::Lab;
use crate::stats::median;
use crate::{Bench, Summary, workspace};
use anyhow::{Context, Result};
use bifrost_sandbox::Settings;
use serde_json::json;

/// What is computed: the function of `workspace/compute.py`, its argument, its key.
const TASKS: [(&str, u32, &str); 2] = [("fib", 27, "cpu.fib_ratio"), ("loop", 1_000_000, "cpu.loop_ratio")];

/// The same function of the same file, timed by its own clock; the sandbox with limits,
/// without, and each native interpreter take turns.
pub fn measure(bench: &Bench, summary: &mut Summary) -> Result<()> {
    let runtime = one_thread()?;
    let open = |metered| {
        let settings = Settings { metered, slots: 16, ..Settings::default() };
        runtime.block_on(Lab::open(&bench.cache(), &settings, workspace::small()?))
    };
    let (metered, unmetered) = (open(true)?, open(false)?);
    let inside = |lab: &Lab, name: &str, n: u32| {
        let answer = runtime.block_on(lab.run("flows.py::timed", &json!({"name": name, "n": n})))?;
        answer.as_f64().context("seconds")
    };
    let mut overheads = vec![];
    for (name, n, key) in TASKS {
        let (mut with, mut without) = (vec![], vec![]);
        let mut native = vec![vec![]; bench.pythons.len()];
        for _ in 0..bench.samples(21, 7) {
            with.push(inside(&metered, name, n)?);
            without.push(inside(&unmetered, name, n)?);
            for (python, times) in bench.pythons.iter().zip(&mut native) {
                times.push(python.compute(&workspace::folder(), name, n)?);
            }
        }
        let fastest = native.iter().map(|times| median(times)).fold(f64::INFINITY, f64::min);
        let overhead = median(&with) / median(&without) - 1.0;
        summary.set(key, median(&with) / fastest);
        summary.note(&format!("cpu.{name}.metered_ms"), median(&with) * 1_000.0);
        summary.note(&format!("cpu.{name}.unmetered_ms"), median(&without) * 1_000.0);
        summary.note(&format!("cpu.{name}.metering_overhead"), overhead);
        for (python, times) in bench.pythons.iter().zip(&native) {
            let version = python.version.replace('.', "_");
            summary.note(&format!("cpu.{name}.native_ms_by_version.{version}"), median(times) * 1_000.0);
        }
        overheads.push(overhead);
    }
    summary.set("cpu.metering_overhead", overheads.into_iter().fold(f64::NEG_INFINITY, f64::max));
    Ok(())
}
