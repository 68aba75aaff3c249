//! Turns a workspace into a snapshot, and finds it again.
//!
//! A version is its source and its locked packages. The snapshot is a cache of it, keyed by the source's hash
//! and by everything else it depends on (base, engine configuration), so that an
//! upgrade rebuilds instead of running stale code.

mod folder;
mod installed;
mod requirements;

pub use folder::read_folder;
pub use installed::{Installed, Part};
pub use requirements::{install, requirements};

use anyhow::{Context, Result};
use async_trait::async_trait;
use bifrost_core::{Limits, LogLevel, Source, WorkspaceReport};
use bifrost_sandbox::*;
use std::sync::Arc;

/// A workspace version that is ready to run.
#[derive(Clone)]
pub struct Built {
    /// What was found, and what was left out.
    pub report: Arc<WorkspaceReport>,
    /// What runs are made from.
    pub image: Image,
}

impl Built {
    /// False when a file was left out because importing it took too long here and now: another
    /// build may find it in time.
    pub fn is_lasting(&self) -> bool {
        self.report.errors.iter().all(|error| error.kind != TOOK_TOO_LONG)
    }
}

/// Receives what a workspace prints while it is imported.
pub type Output = Arc<dyn Fn(LogLevel, &str) + Send + Sync>;

/// The snapshot of this source with its packages: from the cache, or made now.
///
/// # Errors
/// When no snapshot can be made at all. A bad file is part of the report instead.
pub async fn build(
    sandbox: &Sandbox,
    source: &Arc<Source>,
    packages: &Arc<Installed>,
    limits: &BuildLimits,
    output: Output,
) -> Result<Built> {
    let key = format!("{}-{}", sandbox.fingerprint(), source.hash());
    let (image_name, report_name) = (format!("snapshot-{key}"), format!("report-{key}"));
    if let Some(path) = sandbox.cache().get(&report_name)
        && let Some(image) = sandbox.cached_image(&image_name)?
    {
        let report = serde_json::from_slice(&std::fs::read(path)?).context("cached report")?;
        return Ok(Built { report: Arc::new(report), image });
    }
    let loaded = sandbox.load(load_invocation(source, packages, output), limits).await?;
    let image = sandbox.store_image(&image_name, &loaded.memory)?;
    let built = Built { report: Arc::new(loaded.report), image };
    if built.is_lasting() {
        sandbox.cache().put(&report_name, &serde_json::to_vec(&*built.report)?)?;
    }
    Ok(built)
}

fn load_invocation(source: &Arc<Source>, packages: &Arc<Installed>, output: Output) -> Invocation {
    Invocation {
        workflow: String::new(),
        parameters: "{}".to_owned(),
        context: "{}".to_owned(),
        capture_variables: false,
        limits: Limits::default(),
        source: source.clone(),
        packages: packages.clone(),
        capabilities: Arc::new(BuildOutput(output)),
    }
}

/// A build may print and nothing else; the sandbox refuses the rest before it gets here.
struct BuildOutput(Output);

#[async_trait]
impl Capabilities for BuildOutput {
    async fn log(&self, level: LogLevel, _logger: String, message: String) {
        (self.0)(level, &message);
    }
}
