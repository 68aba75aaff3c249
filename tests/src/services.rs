//! A platform of several processes, as an operator starts it and an administrator uses it.

use crate::process::{Process, free_port, run};
use anyhow::{Context, Result};
use bifrost_test_services::Installation;
use serde_json::{Value, json};
use std::path::Path;
use std::time::{Duration, Instant};

/// Starts a command of the platform over an installation, with `more` settings; an empty
/// one takes a setting away. Tells where its health is.
///
/// # Errors
/// When it cannot be started.
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
    settings.retain(|(name, _)| more.iter().all(|(other, _)| other != name));
    settings.extend(more.iter().filter(|(_, value)| !value.is_empty()));
    Ok((Process::start(&[command], &settings)?, format!("http://{health}")))
}

/// Status and body of an answer; `None` when there is none.
pub async fn status(url: &str) -> Option<(u16, Value)> {
    let answer = reqwest::get(url).await.ok()?;
    let code = answer.status().as_u16();
    Some((code, serde_json::from_str(&answer.text().await.ok()?).unwrap_or_default()))
}

/// True when the process there is ready.
pub async fn ready(url: &str) -> bool {
    status(&format!("{url}/health/ready")).await.is_some_and(|(code, _)| code == 200)
}

/// A metric's value, labels as they are written.
pub async fn metric(url: &str, name: &str) -> Option<f64> {
    let text = reqwest::get(format!("{url}/metrics")).await.ok()?.text().await.ok()?;
    text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' ')?.parse().ok())
}

/// An API, as the first administrator uses it.
pub struct Api<'a> {
    /// Where it is.
    pub url: String,
    /// The data folder, with the administrator's key.
    pub data: &'a Path,
}

impl Api<'_> {
    /// The first administrator's key.
    pub fn key(&self) -> String {
        std::fs::read_to_string(self.data.join("admin.key")).unwrap_or_default()
    }

    /// Asks for this path.
    pub async fn get(&self, path: &str) -> Value {
        let request = reqwest::Client::new().get(format!("{}{path}", self.url)).bearer_auth(self.key());
        request.send().await.expect("an answer").json().await.expect("JSON")
    }

    /// Sends this body to the path.
    pub async fn post(&self, path: &str, body: &Value) -> Result<Value> {
        let request = reqwest::Client::new().post(format!("{}{path}", self.url));
        Ok(request.bearer_auth(self.key()).json(body).send().await?.json().await?)
    }

    /// `bifrost deploy` of a folder: exit code, and what it wrote.
    pub fn deploy(&self, folder: &Path, more: &[&str]) -> Result<(i32, String, String)> {
        let mut arguments = vec!["deploy", folder.to_str().context("a path")?, "--server", &self.url];
        arguments.extend(more);
        run(&arguments, &[("BIFROST_KEY", self.key().as_str())])
    }

    /// Starts a run that has to be accepted; its id.
    pub async fn submit(&self, workflow: &str, input: Value) -> Result<String> {
        let body = json!({"workflow_id": workflow, "input_data": input});
        let answer = self.post("/api/workflows/execute", &body).await?;
        Ok(answer["execution_id"].as_str().with_context(|| answer.to_string())?.to_owned())
    }

    /// Starts a run and waits until a worker has it.
    pub async fn running(&self, workflow: &str, input: Value) -> Result<String> {
        let id = self.submit(workflow, input).await?;
        let deadline = Instant::now() + Duration::from_secs(60);
        while self.get(&format!("/api/executions/{id}")).await["status"] != "Running" {
            anyhow::ensure!(Instant::now() < deadline, "it does not run");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Ok(id)
    }
}
