//! What libraries cost: a workspace that imports httpx, requests and pydantic, beside one
//! that imports nothing.

use super::one_thread;
use crate::lab::{Lab, invocation, snapshot, succeeded};
use crate::stats::median;
use crate::{Bench, Summary, root, workspace};
use anyhow::{Context, Result, ensure};
use bifrost_builder::{Built, read_folder};
use bifrost_core::Source;
use bifrost_sandbox::Settings;
use serde_json::json;
use std::sync::Arc;
use std::time::Instant;

/// The first runs find pools and caches cold.
const COLD: usize = 50;

/// The trivial workflow of the small workspace, in a file that imports libraries.
fn with_libraries(edit: u64) -> Result<Source> {
    let mut source = read_folder(&root().join("target/libraries"))
        .context("target/libraries: `make libraries` unpacks what is measured")?;
    let flow = format!(
        "import httpx\nimport requests\nfrom bifrost import workflow\nfrom pydantic import BaseModel\n\n\n\
         class Greeting(BaseModel):\n    greeting: str\n\n\nEDIT = {edit}\n\n\n\
         @workflow\nasync def trivial(name: str):\n    return {{\"greeting\": f\"Hello, {{name}}.\"}}\n"
    );
    source.insert("flows.py".to_owned(), flow.into_bytes())?;
    Ok(source)
}

/// Both workspaces take turns in one process; then edits of one file are built.
pub fn measure(bench: &Bench, summary: &mut Summary) -> Result<()> {
    let runtime = one_thread()?;
    let lab = runtime.block_on(Lab::open(&bench.cache(), &Settings::default(), workspace::small()?))?;
    // Edits that no earlier run of the benchmark has left in the cache.
    let mut edit = u64::try_from(chrono::Utc::now().timestamp_millis())?;
    let mut source = Arc::new(with_libraries(edit)?);
    let built = runtime.block_on(snapshot(&lab.sandbox, &source))?;

    let one = |built: &Built, source: &Arc<Source>| -> Result<f64> {
        let began = Instant::now();
        let invocation = invocation(source, "flows.py::trivial", &json!({"name": "Ada"}));
        let answer = succeeded(runtime.block_on(built.image.run(invocation)))?;
        ensure!(answer == json!({"greeting": "Hello, Ada."}), "{answer}");
        Ok(began.elapsed().as_secs_f64() * 1_000.0)
    };
    let (mut bare, mut loaded) = (vec![], vec![]);
    for run in 0..COLD + bench.samples(2_000, 600) {
        let times = (one(&lab.built, &lab.source)?, one(&built, &source)?);
        if run >= COLD {
            bare.push(times.0);
            loaded.push(times.1);
        }
    }
    let mut builds = vec![];
    for _ in 0..bench.samples(7, 3) {
        edit += 1;
        source = Arc::new(with_libraries(edit)?);
        let began = Instant::now();
        runtime.block_on(snapshot(&lab.sandbox, &source))?;
        builds.push(began.elapsed().as_secs_f64());
    }
    super::save::clean(&bench.cache())?;
    summary.set("libraries.cold_start_ms", median(&loaded));
    summary.set("libraries.cold_start_ratio", median(&loaded) / median(&bare));
    summary.set("libraries.deploy_s", median(&builds));
    summary.note("libraries.bare_ms", median(&bare));
    summary.note("libraries.files", source.files().len());
    Ok(())
}
