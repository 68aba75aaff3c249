//! A stand-in for the sandbox: reads workflows off the lines `async def name(...)`, their schedules
//! off `# schedule: …` and their endpoints off `# endpoint: {…}` behind them, and webhook adapters off `class Name(WebhookAdapter)`.

use bifrost_core::integration::{Field, Schema};
use bifrost_core::ports::{CallRequest, DraftRequest, Installed, Worker};
use bifrost_core::*;
use serde_json::{Map, Value, json};
use std::sync::{Arc, Mutex};

/// What an adapter returns, or the class and the text of what it raises.
type Answers = dyn Fn(&Value) -> Result<Value, (&'static str, &'static str)> + Send + Sync;

/// Remembers what it was asked to cancel.
#[derive(Default)]
pub struct FakeWorker {
    /// What adapters do with the parameters of a call; nothing is delivered where it is not said.
    pub answers: Mutex<Option<Arc<Answers>>>,
    /// Calls, in order.
    pub called: Mutex<Vec<CallRequest>>,
    /// In order.
    pub cancelled: Mutex<Vec<ExecutionId>>,
    /// How often it was asked to install packages.
    pub installs: Mutex<u32>,
}

fn workflow(path: &str, line: usize, text: &str) -> Option<WorkflowInfo> {
    let (name, rest) = text.strip_prefix("async def ")?.split_once('(')?;
    let (parameters, rest) = rest.split_once(')')?;
    let schedule =
        rest.split_once("# schedule: ").map(|(_, cron)| ("schedule".to_owned(), Value::from(cron)));
    let endpoint = rest.split_once("# endpoint: ").map(|(_, said)| {
        let mut said: Map<String, Value> = serde_json::from_str(said).expect("what a decorator says");
        said.insert("endpoint_enabled".into(), true.into());
        said
    });
    let parameters = parameters.split(',').map(str::trim).filter(|p| !p.is_empty()).map(|p| {
        let (name, kind) = p.split_once(": ").unwrap_or((p, "string"));
        let (kind, required) = kind.strip_suffix('?').map_or((kind, true), |kind| (kind, false));
        Parameter {
            name: name.into(),
            kind: kind.into(),
            label: name.into(),
            required,
            default_value: None,
            extra: Map::new(),
        }
    });
    Some(WorkflowInfo {
        id: format!("{path}::{name}"),
        path: path.into(),
        function: name.into(),
        line: line as u32,
        name: name.into(),
        description: format!("Does {name}."),
        kind: if name.starts_with("choices") { WorkflowKind::DataProvider } else { WorkflowKind::Workflow },
        category: "General".into(),
        tags: Vec::new(),
        parameters: parameters.collect(),
        defaults: schedule.into_iter().chain(endpoint.into_iter().flatten()).collect(),
        accepts_kwargs: false,
    })
}

fn adapter(path: &str, line: usize, text: &str) -> Option<AdapterInfo> {
    let (name, rest) = text.strip_prefix("class ")?.split_once("(WebhookAdapter)")?;
    let secret = Field {
        key: "secret".into(),
        kind: ConfigType::Secret,
        required: false,
        default: None,
        description: None,
    };
    Some(AdapterInfo {
        id: format!("{path}::{name}"),
        path: path.into(),
        class_name: name.into(),
        line: line as u32,
        name: name.into(),
        description: String::new(),
        integration: None,
        config_schema: Schema(vec![
            secret.clone(),
            Field { key: "place".into(), kind: ConfigType::String, ..secret },
        ]),
        subscribes: rest.contains("# subscribes"),
    })
}

#[async_trait::async_trait]
impl Worker for FakeWorker {
    async fn build(&self, source: Arc<Source>) -> Result<WorkspaceReport> {
        let mut report = WorkspaceReport::default();
        for (path, content) in source.files().iter().filter(|(path, _)| path.ends_with(".py")) {
            let text = String::from_utf8_lossy(content);
            if text.contains("raise at import") {
                report.errors.push(FileError {
                    path: path.clone(),
                    line: Some(1),
                    kind: "RuntimeError".into(),
                    message: "at import".into(),
                    traceback: None,
                });
                continue;
            }
            assert!(!text.contains("panic the host"), "a secret detail of the host");
            report
                .workflows
                .extend(text.lines().enumerate().filter_map(|(n, line)| workflow(path, n + 1, line)));
            report
                .adapters
                .extend(text.lines().enumerate().filter_map(|(n, line)| adapter(path, n + 1, line)));
        }
        Ok(report)
    }

    /// Every line is a package that can be had, but for `refused` and `unavailable`.
    async fn install(&self, source: Arc<Source>) -> Result<Installed> {
        *self.installs.lock().expect("not poisoned") += 1;
        let text = source.files().get("requirements.txt").cloned().unwrap_or_default();
        let text = String::from_utf8(text).expect("text");
        if text.contains("unavailable") {
            return Ok(Installed::Unavailable("the package index does not answer".into()));
        }
        if let Some(at) = text.lines().position(|line| line == "refused") {
            return Ok(Installed::Refused(vec![FileError {
                path: "requirements.txt".into(),
                line: u32::try_from(at + 1).ok(),
                kind: "RequirementError".into(),
                message: "`refused` cannot be installed".into(),
                traceback: None,
            }]));
        }
        let round = self.installs.lock().expect("not poisoned").to_string();
        let package = |name: &str| Package {
            name: name.into(),
            version: round.clone(),
            sha256: blake3::hash(format!("{name} {round}").as_bytes()).to_hex().to_string(),
            size: 1,
        };
        Ok(Installed::Packages(text.lines().map(package).collect()))
    }

    async fn draft(
        &self,
        request: DraftRequest,
        logs: tokio::sync::mpsc::Sender<LogLine>,
    ) -> Result<Outcome> {
        let (path, function) = request.workflow.split_once("::").unwrap_or_default();
        if path == "busy.py" {
            return Err(Error::Busy("sandboxes"));
        }
        let text = request.source.files().get(path).ok_or(Error::NotFound("workflow"))?;
        let text = String::from_utf8_lossy(text).into_owned();
        if !text.contains(&format!("async def {function}(")) {
            return Err(Error::NotFound("workflow"));
        }
        for sequence in 1..=2 {
            let line = LogLine {
                sequence,
                timestamp: chrono::Utc::now(),
                level: LogLevel::Info,
                logger: "draft".into(),
                message: format!("line {sequence}"),
            };
            let _ = logs.send(line).await;
        }
        let mut outcome = Outcome::ended(Status::Success, "", "");
        outcome.error = None;
        outcome.error_type = None;
        outcome.result = Some(request.parameters);
        Ok(outcome)
    }

    async fn call(&self, request: CallRequest) -> Result<Outcome> {
        let parameters = request.parameters.clone();
        self.called.lock().expect("not poisoned").push(request);
        let answers = self.answers.lock().expect("not poisoned").clone();
        let nothing = json!({ "answer": "deliver", "events": [], "state": null });
        Ok(match answers.map_or(Ok(nothing), |answers| answers(&parameters)) {
            Ok(value) => super::success(value),
            Err((kind, text)) => Outcome::ended(Status::Failed, kind, text),
        })
    }

    async fn cancel(&self, execution: ExecutionId) {
        self.cancelled.lock().expect("not poisoned").push(execution);
    }
}
