//! A sandbox in this process: no server, no database.

use anyhow::{Result, ensure};
use bifrost_builder::{Built, build};
use bifrost_core::{Limits, Outcome, Source, Status};
use bifrost_sandbox::*;
use serde_json::{Value, json};
use std::path::Path;
use std::sync::Arc;

/// A workspace that is ready to run.
pub struct Lab {
    /// The process's sandbox.
    pub sandbox: Sandbox,
    /// The workspace's files.
    pub source: Arc<Source>,
    /// Its image.
    pub built: Built,
}

impl Lab {
    /// Loads `source` into a sandbox over the cache in `cache`.
    ///
    /// # Errors
    /// When a file of the workspace does not load.
    pub async fn open(cache: &Path, settings: &Settings, source: Source) -> Result<Self> {
        let sandbox = Sandbox::new(settings, Cache::open(cache)?).await?;
        let source = Arc::new(source);
        let built = snapshot(&sandbox, &source).await?;
        Ok(Self { sandbox, source, built })
    }

    /// One run with all preparation: what a sandbox process does for each.
    ///
    /// # Errors
    /// When the run does not succeed.
    pub async fn run(&self, workflow: &str, parameters: &Value) -> Result<Value> {
        let outcome = self.built.image.run(invocation(&self.source, workflow, parameters)).await;
        succeeded(outcome)
    }
}

/// The snapshot of a source whose files all load.
///
/// # Errors
/// When one does not.
pub async fn snapshot(sandbox: &Sandbox, source: &Arc<Source>) -> Result<Built> {
    let built = build(sandbox, source, &Arc::default(), &BuildLimits::default(), Arc::new(|_, _| {})).await?;
    ensure!(built.report.errors.is_empty(), "{:?}", built.report.errors);
    Ok(built)
}

/// The result of a run.
///
/// # Errors
/// When it did not succeed.
pub fn succeeded(outcome: Outcome) -> Result<Value> {
    ensure!(outcome.status == Status::Success, "{:?}: {:?}", outcome.error_type, outcome.error);
    Ok(outcome.result.unwrap_or(Value::Null))
}

/// What the runner would send for this workflow.
pub fn invocation(source: &Arc<Source>, workflow: &str, parameters: &Value) -> Invocation {
    Invocation {
        workflow: workflow.to_owned(),
        parameters: parameters.to_string(),
        context: context(workflow, parameters).to_string(),
        capture_variables: true,
        limits: Limits::default(),
        source: source.clone(),
        packages: Arc::new(NoPackages),
        capabilities: Arc::new(Nothing),
    }
}

/// The fields of `context`, as the runner fills them.
pub fn context(workflow: &str, parameters: &Value) -> Value {
    let organization = uuid::Uuid::now_v7();
    json!({
        "user_id": uuid::Uuid::now_v7(),
        "email": "ada@example.com",
        "name": "Ada",
        "scope": organization,
        "organization": {"id": organization, "name": "Example", "is_active": true, "is_provider": false},
        "is_platform_admin": false,
        "is_function_key": false,
        "execution_id": uuid::Uuid::now_v7(),
        "workflow_name": workflow,
        "is_agent": false,
        "public_url": "http://localhost:8400",
        "parameters": parameters,
        "startup": null,
        "event": null,
        "attempt": 1,
    })
}
