//! The platform on several processes: its commands, and its API as an administrator uses it.

use anyhow::{Context, Result};
use bifrost_test_services::Installation;
use bifrost_tests::folder;
use bifrost_tests::process::{Process, free_port, run};
use serde_json::{Value, json};
use std::path::Path;
use std::time::Duration;

pub const TEMPORARY: &str = env!("CARGO_TARGET_TMPDIR");
/// Compiling the base may be part of a start.
pub const START: Duration = Duration::from_secs(120);

/// Starts a command of the platform; also tells where its health is served.
pub fn start(
    installation: &Installation,
    command: &str,
    data: &Path,
    more: &[(&str, &str)],
) -> Result<(Process, String)> {
    let health = format!("127.0.0.1:{}", free_port()?);
    let variables = installation.variables();
    let mut settings: Vec<_> = variables.iter().map(|(name, value)| (*name, value.as_str())).collect();
    settings.extend([
        ("BIFROST_DATA", data.to_str().context("a path")?),
        ("BIFROST_HEALTH_LISTEN", health.as_str()),
        ("BIFROST_PROCESSES", "1"),
    ]);
    settings.extend(more);
    Ok((Process::start(&[command], &settings)?, format!("http://{health}")))
}

pub async fn status(url: &str) -> Option<(u16, Value)> {
    let answer = reqwest::get(url).await.ok()?;
    let code = answer.status().as_u16();
    Some((code, serde_json::from_str(&answer.text().await.ok()?).unwrap_or_default()))
}

pub async fn ready(url: &str) -> bool {
    status(&format!("{url}/health/ready")).await.is_some_and(|(code, _)| code == 200)
}

/// A metric's value, labels as they are written.
pub async fn metric(url: &str, name: &str) -> Option<f64> {
    let text = reqwest::get(format!("{url}/metrics")).await.ok()?.text().await.ok()?;
    text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' ')?.parse().ok())
}

/// An API, as an administrator uses it.
pub struct Api<'a> {
    pub url: String,
    pub data: &'a Path,
}

impl Api<'_> {
    pub fn key(&self) -> String {
        std::fs::read_to_string(self.data.join("admin.key")).unwrap_or_default()
    }

    pub async fn get(&self, path: &str) -> Value {
        let request = reqwest::Client::new().get(format!("{}{path}", self.url)).bearer_auth(self.key());
        request.send().await.expect("an answer").json().await.expect("JSON")
    }

    pub fn deploy(&self) -> Result<()> {
        let basics = folder("basics");
        let arguments = ["deploy", basics.to_str().context("a path")?, "--server", &self.url];
        let (code, _, error) = run(&arguments, &[("BIFROST_KEY", self.key().as_str())])?;
        anyhow::ensure!(code == 0, "{error}");
        Ok(())
    }

    /// Starts a run; its id.
    pub async fn submit(&self, workflow: &str, input: Value) -> Result<String> {
        let body = json!({"workflow_id": workflow, "input_data": input});
        let request = reqwest::Client::new().post(format!("{}/api/workflows/execute", self.url));
        let answer: Value = request.bearer_auth(self.key()).json(&body).send().await?.json().await?;
        Ok(answer["execution_id"].as_str().with_context(|| answer.to_string())?.to_owned())
    }
}
