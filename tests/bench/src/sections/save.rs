//! From a changed file to a version that runs: ours, and the classic way of a component
//! for each workspace (componentize-py, then compiling the component).

use super::one_thread;
use crate::lab::{Lab, invocation, snapshot, succeeded};
use crate::python::{environment, output};
use crate::stats::median;
use crate::{Bench, Summary, root, workspace};
use anyhow::{Result, ensure};
use bifrost_core::Source;
use bifrost_sandbox::Settings;
use serde_json::json;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::Instant;

/// Our builds between two of the classic way.
const BLOCK: usize = 5;

/// Both ways take turns on the same edits.
pub fn measure(bench: &Bench, summary: &mut Summary) -> Result<()> {
    let runtime = one_thread()?;
    // Edits that no earlier run of the benchmark has left in the cache.
    let mut edit = u64::try_from(chrono::Utc::now().timestamp_millis())?;
    let settings = Settings { slots: 16, ..Settings::default() };
    let lab = runtime.block_on(Lab::open(&bench.cache(), &settings, workspace::hundred(edit)?))?;
    let tools = environment(&bench.out.join("componentize"), &root().join("worker/base/requirements.txt"))?;
    let (mut ours, mut componentize, mut compile) = (vec![], vec![], vec![]);
    for _ in 0..bench.samples(3, 1) {
        for _ in 0..BLOCK {
            edit += 1;
            let source = Arc::new(workspace::hundred(edit)?);
            let began = Instant::now();
            let built = runtime.block_on(snapshot(&lab.sandbox, &source))?;
            ours.push(began.elapsed().as_secs_f64());
            let outcome =
                runtime.block_on(built.image.run(invocation(&source, workspace::EDITED, &json!({}))));
            let answer = succeeded(outcome)?;
            ensure!(answer["edit"] == edit, "the version that ran is not the one that was built: {answer}");
        }
        let (first, second) = classic(bench, &tools, &workspace::hundred(edit)?)?;
        componentize.push(first);
        compile.push(second);
    }
    clean(&bench.cache())?;
    summary.set("save_to_runnable.p50_s", median(&ours));
    summary.set("save_to_runnable.componentize_py_s", median(&componentize));
    summary.set("save_to_runnable.compile_s", median(&compile));
    summary.set("save_to_runnable.ratio", median(&ours) / (median(&componentize) + median(&compile)));
    summary.note("save_to_runnable.builds", ours.len());
    summary.note("save_to_runnable.slowest_s", ours.iter().copied().fold(0.0, f64::max));
    Ok(())
}

/// Seconds of componentize-py and of compiling what it made.
fn classic(bench: &Bench, tools: &Path, source: &Source) -> Result<(f64, f64)> {
    let folder = tempfile::tempdir_in(&bench.out)?;
    let site = folder.path().join("empty/lib/python3/site-packages");
    std::fs::create_dir_all(site)?;
    let mut app = String::from("from bifrost_guest.app import WitWorld  # noqa: F401\n");
    for (path, content) in source.files() {
        let file = folder.path().join(path);
        if let Some(parent) = file.parent() {
            std::fs::create_dir_all(parent)?;
        }
        std::fs::write(file, content)?;
        app.push_str(&format!("import {}\n", path.trim_end_matches(".py").replace('/', ".")));
    }
    std::fs::write(folder.path().join("app.py"), app)?;
    let component = folder.path().join("component.wasm");
    let began = Instant::now();
    output(
        Command::new(tools.join("componentize-py"))
            .current_dir(folder.path())
            .env("VIRTUAL_ENV", folder.path().join("empty"))
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .arg("-d")
            .arg(root().canonicalize()?.join("wit"))
            .args(["-w", "workflow", "componentize", "app", "-p", ".", "-p"])
            .arg(root().canonicalize()?.join("sdk-python"))
            .arg("-o")
            .arg(&component),
    )?;
    let first = began.elapsed().as_secs_f64();
    let component = std::fs::read(component)?;
    let began = Instant::now();
    let mut config = wasmtime::Config::new();
    config.epoch_interruption(true);
    let native = wasmtime::Engine::new(&config)?.precompile_component(&component)?;
    ensure!(!native.is_empty(), "nothing was compiled");
    Ok((first, began.elapsed().as_secs_f64()))
}

/// Removes the snapshots of edits, which nobody will ask for again.
pub(super) fn clean(cache: &Path) -> Result<()> {
    for entry in std::fs::read_dir(cache)? {
        let entry = entry?;
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if name.starts_with("snapshot-") || name.starts_with("report-") {
            std::fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}
