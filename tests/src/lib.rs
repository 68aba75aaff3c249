//! What the tests across crates share: a deployed workspace, a host that remembers what
//! it was asked, a web server on the loopback, and tables of hostile cases.

mod cases;
mod client;
mod door;
mod fakes;
mod host;
mod platform;
pub mod process;
mod server;
pub mod services;
mod troubles;

pub use cases::{Case, Expect, Seen, case, run_table};
pub use client::Client;
pub use door::Door;
pub use fakes::Fakes;
pub use host::{Host, Line, ORGANIZATION};
pub use platform::{Platform, children, program};
pub use server::{Server, Stats};
pub use troubles::Troubles;

use anyhow::{Context, Result};
use bifrost_builder::{Built, build, read_folder};
use bifrost_core::{Limits, Outcome, Source, Status};
use bifrost_runner::egress::{Egress, Reach};
use bifrost_sandbox::{BuildLimits, Cache, Invocation, NoPackages, Sandbox, Settings};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Answers beyond this size are refused by [`Lab`]'s way out.
pub const BODY_BYTES: usize = 2 << 20;

/// A deployed workspace and all that its runs need.
pub struct Lab {
    /// The process's sandbox.
    pub sandbox: Sandbox,
    /// The workspace's files.
    pub source: Arc<Source>,
    /// Its report and its image.
    pub built: Built,
    /// Reaches any address.
    pub egress: Egress,
}

/// The folder of one of this crate's workspaces.
pub fn folder(workspace: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("workspaces").join(workspace)
}

/// The files of one of this crate's workspaces.
pub fn source(workspace: &str) -> Result<Arc<Source>> {
    Ok(Arc::new(read_folder(&folder(workspace))?))
}

/// A sandbox over the cache that all tests share. Tests are processes of their own; a
/// lock keeps two of them from compiling the base at the same time.
pub async fn sandbox(temporary: &str, slots: u32) -> Result<Sandbox> {
    let cache = Path::new(temporary).join("cache");
    let _lock = lock(&cache)?;
    let settings = Settings { slots, ..Settings::default() };
    Sandbox::new(&settings, Cache::open(cache)?).await
}

/// Held while something is made that the next process will find.
fn lock(cache: &Path) -> Result<std::fs::File> {
    std::fs::create_dir_all(cache)?;
    let file = std::fs::File::create(cache.join("lock"))?;
    file.lock().context("cannot lock the cache")?;
    Ok(file)
}

impl Lab {
    /// Deploys a workspace of this crate. `temporary` is `env!("CARGO_TARGET_TMPDIR")`.
    pub async fn open(temporary: &str, workspace: &str, slots: u32) -> Result<Self> {
        Self::deploy(temporary, source(workspace)?, slots, &BuildLimits::default()).await
    }

    /// Deploys these files.
    pub async fn deploy(
        temporary: &str,
        source: Arc<Source>,
        slots: u32,
        limits: &BuildLimits,
    ) -> Result<Self> {
        let sandbox = sandbox(temporary, slots).await?;
        let built = {
            let _lock = lock(&Path::new(temporary).join("cache"))?;
            build(&sandbox, &source, &Arc::default(), limits, Arc::new(|_, _| {})).await?
        };
        Ok(Self { sandbox, source, built, egress: Egress::new(Reach::Any, BODY_BYTES)? })
    }

    /// A host for one run or for several.
    pub fn host(&self) -> Arc<Host> {
        Arc::new(Host::new(Some(self.egress.clone())))
    }

    /// What to run: `id` is `path::function`.
    pub fn invocation(&self, id: &str, parameters: &Value, limits: &Limits, host: &Arc<Host>) -> Invocation {
        Invocation {
            workflow: id.to_owned(),
            parameters: parameters.to_string(),
            context: context(id, parameters).to_string(),
            capture_variables: true,
            limits: limits.clone(),
            source: self.source.clone(),
            packages: Arc::new(NoPackages),
            capabilities: host.clone(),
        }
    }

    /// Runs a workflow with default limits on a host of its own.
    pub async fn run(&self, id: &str, parameters: Value) -> (Outcome, Arc<Host>) {
        let host = self.host();
        let outcome = self.run_on(&host, id, parameters).await;
        (outcome, host)
    }

    /// Runs a workflow with default limits on this host.
    pub async fn run_on(&self, host: &Arc<Host>, id: &str, parameters: Value) -> Outcome {
        let invocation = self.invocation(id, &parameters, &Limits::default(), host);
        self.built.image.run(invocation).await
    }

    /// The result of a run that has to succeed.
    pub async fn value(&self, id: &str, parameters: Value) -> Value {
        let (outcome, _) = self.run(id, parameters).await;
        succeeded(id, &outcome)
    }
}

/// The result of an outcome that has to be a success.
pub fn succeeded(what: &str, outcome: &Outcome) -> Value {
    assert_eq!(
        outcome.status,
        Status::Success,
        "{what}: {:?} {:?}\n{}",
        outcome.error_type,
        outcome.error,
        outcome.traceback.as_deref().unwrap_or("")
    );
    outcome.result.clone().unwrap_or(Value::Null)
}

/// The fields of `context` for a run of [`ORGANIZATION`].
pub fn context(id: &str, parameters: &Value) -> Value {
    let function = id.rsplit("::").next().unwrap_or(id);
    json!({
        "user_id": "user-1",
        "email": "ada@example.com",
        "name": "Ada",
        "scope": ORGANIZATION,
        "organization": {"id": ORGANIZATION, "name": "Example", "is_active": true, "is_provider": false},
        "is_platform_admin": false,
        "is_function_key": false,
        "execution_id": uuid::Uuid::now_v7(),
        "workflow_name": function,
        "is_agent": false,
        "public_url": "http://localhost:8000",
        "parameters": parameters,
        "startup": null,
        "event": null,
        "attempt": 1,
    })
}
