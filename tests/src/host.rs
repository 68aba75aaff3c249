//! A host that keeps configuration in memory and remembers everything it was asked.

use async_trait::async_trait;
use bifrost_core::{ConfigType, LogLevel};
use bifrost_runner::egress::{Egress, Rests};
use bifrost_sandbox::{
    Capabilities, CapabilityError, ConfigEntry, ErrorKind, HttpError, HttpPiece, HttpRequest, HttpResponse,
};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

/// The organization of every test run.
pub const ORGANIZATION: &str = "00000000-0000-7000-8000-0000000000aa";

/// A line of the log, and when it came.
#[derive(Clone, Debug)]
pub struct Line {
    /// How serious.
    pub level: LogLevel,
    /// From which logger.
    pub logger: String,
    /// The text.
    pub message: String,
    /// When.
    pub at: Instant,
}

/// The host's side of test runs.
pub struct Host {
    config: Mutex<BTreeMap<String, (String, ConfigType)>>,
    lines: Mutex<Vec<Line>>,
    foreign: Mutex<Vec<String>>,
    calls: AtomicU64,
    egress: Option<Egress>,
    rests: Rests,
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Host {
    /// A host with `colour` and the secret `api_key`; without `egress` there is no network.
    pub fn new(egress: Option<Egress>) -> Self {
        let config = [
            ("colour", ("\"green\"".to_owned(), ConfigType::String)),
            ("api_key", ("\"key-0123456789\"".to_owned(), ConfigType::Secret)),
        ];
        Self {
            config: Mutex::new(config.map(|(k, v)| (k.to_owned(), v)).into()),
            lines: Mutex::default(),
            foreign: Mutex::default(),
            calls: AtomicU64::new(0),
            egress,
            rests: Rests::default(),
        }
    }

    /// The log so far.
    pub fn lines(&self) -> Vec<Line> {
        locked(&self.lines).clone()
    }

    /// The messages of the log so far.
    pub fn messages(&self) -> Vec<String> {
        self.lines().into_iter().map(|line| line.message).collect()
    }

    /// Bytes of the log so far, names of loggers included.
    pub fn log_bytes(&self) -> usize {
        let lines = locked(&self.lines);
        lines.iter().map(|l| l.message.len() + l.logger.len()).sum()
    }

    /// Scopes that were asked for and are not the run's own.
    pub fn foreign(&self) -> Vec<String> {
        locked(&self.foreign).clone()
    }

    /// HTTP calls that left the sandbox.
    pub fn calls(&self) -> u64 {
        self.calls.load(Ordering::SeqCst)
    }

    /// The configuration: JSON by key.
    pub fn config(&self) -> BTreeMap<String, String> {
        let config = locked(&self.config);
        config.iter().map(|(k, v)| (k.clone(), v.0.clone())).collect()
    }

    fn permit(&self, scope: Option<&str>, write: bool) -> Result<(), CapabilityError> {
        match scope {
            None | Some(ORGANIZATION) => Ok(()),
            Some("global") if !write => Ok(()),
            Some(other) => {
                locked(&self.foreign).push(other.chars().take(100).collect());
                Err(CapabilityError::new(ErrorKind::NotFound, "there is no such organization"))
            }
        }
    }
}

#[async_trait]
impl Capabilities for Host {
    async fn config_get(
        &self,
        key: &str,
        scope: Option<&str>,
    ) -> Result<Option<ConfigEntry>, CapabilityError> {
        self.permit(scope, false)?;
        let found = locked(&self.config).get(key).cloned();
        Ok(found.map(|(value, kind)| ConfigEntry { key: key.to_owned(), value: Some(value), kind }))
    }

    async fn config_set(
        &self,
        key: &str,
        value: &str,
        kind: Option<ConfigType>,
        scope: Option<&str>,
    ) -> Result<(), CapabilityError> {
        self.permit(scope, true)?;
        let invalid = |what: String| CapabilityError::new(ErrorKind::Invalid, what);
        if key.is_empty() || key.len() > 255 || key.chars().any(char::is_control) {
            return Err(invalid("the key is not valid".to_owned()));
        }
        let parsed: serde_json::Value = serde_json::from_str(value)
            .map_err(|error| invalid(format!("the value is not JSON: {error}")))?;
        let kind = kind.unwrap_or_else(|| ConfigType::of(&parsed));
        kind.check(&parsed).map_err(|error| invalid(error.to_string()))?;
        locked(&self.config).insert(key.to_owned(), (value.to_owned(), kind));
        Ok(())
    }

    async fn config_list(&self, scope: Option<&str>) -> Result<Vec<ConfigEntry>, CapabilityError> {
        self.permit(scope, false)?;
        let entries = locked(&self.config)
            .iter()
            .map(|(key, (value, kind))| ConfigEntry {
                key: key.clone(),
                value: (*kind != ConfigType::Secret).then(|| value.clone()),
                kind: *kind,
            })
            .collect();
        Ok(entries)
    }

    async fn config_delete(&self, key: &str, scope: Option<&str>) -> Result<bool, CapabilityError> {
        self.permit(scope, true)?;
        Ok(locked(&self.config).remove(key).is_some())
    }

    async fn log(&self, level: LogLevel, logger: String, message: String) {
        let at = Instant::now();
        locked(&self.lines).push(Line { level, logger, message, at });
    }

    async fn http(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        self.calls.fetch_add(1, Ordering::SeqCst);
        match &self.egress {
            Some(egress) => self.rests.open(egress, request).await,
            None => Err(HttpError::Denied("there is no network".to_owned())),
        }
    }

    async fn http_more(&self, rest: u64) -> Result<HttpPiece, HttpError> {
        self.rests.more(rest).await
    }

    fn http_close(&self, rest: u64) {
        self.rests.close(rest);
    }

    async fn platform(&self, operation: &str, arguments: &str) -> Result<String, CapabilityError> {
        if operation == "context.set_scope" {
            let arguments: serde_json::Value = serde_json::from_str(arguments).unwrap_or_default();
            return match arguments["scope"].as_str() {
                Some(ORGANIZATION) => Ok("null".to_owned()),
                _ => Err(CapabilityError::new(ErrorKind::Denied, "only the own organization")),
            };
        }
        let shown: String = operation.chars().take(100).collect();
        Err(CapabilityError::new(ErrorKind::NotFound, format!("there is no operation `{shown}`")))
    }
}
