//! Capabilities of a run on one's own machine: configuration from a file, logs to a
//! callback, HTTP to anywhere.

use crate::egress::{Egress, Rests};
use async_trait::async_trait;
use bifrost_core::{ConfigType, LogLevel};
use bifrost_sandbox::*;
use serde_json::{Map, Value};
use std::sync::Mutex;

/// Receives log lines as they come.
pub type LogSink = Box<dyn Fn(LogLevel, &str, &str) + Send + Sync>;

/// What a local run may reach.
pub struct Local {
    config: Mutex<Map<String, Value>>,
    egress: Egress,
    rests: Rests,
    log: LogSink,
}

impl Local {
    /// Capabilities over this configuration; writes to it last as long as the value.
    pub fn new(config: Map<String, Value>, egress: Egress, log: LogSink) -> Self {
        Self { config: Mutex::new(config), egress, rests: Rests::default(), log }
    }

    fn config(&self) -> std::sync::MutexGuard<'_, Map<String, Value>> {
        self.config.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

fn entry(key: &str, value: &Value) -> ConfigEntry {
    ConfigEntry { key: key.to_owned(), value: Some(value.to_string()), kind: ConfigType::of(value) }
}

#[async_trait]
impl Capabilities for Local {
    async fn config_get(&self, key: &str, _: Option<&str>) -> Result<Option<ConfigEntry>, CapabilityError> {
        Ok(self.config().get(key).map(|value| entry(key, value)))
    }

    async fn config_set(
        &self,
        key: &str,
        value: &str,
        kind: Option<ConfigType>,
        _: Option<&str>,
    ) -> Result<(), CapabilityError> {
        let value = serde_json::from_str(value)
            .map_err(|e| CapabilityError::new(ErrorKind::Invalid, format!("the value is not JSON: {e}")))?;
        if let Some(kind) = kind {
            kind.check(&value).map_err(|e| CapabilityError::new(ErrorKind::Invalid, e.to_string()))?;
        }
        self.config().insert(key.to_owned(), value);
        Ok(())
    }

    async fn config_list(&self, _: Option<&str>) -> Result<Vec<ConfigEntry>, CapabilityError> {
        Ok(self.config().iter().map(|(key, value)| entry(key, value)).collect())
    }

    async fn config_delete(&self, key: &str, _: Option<&str>) -> Result<bool, CapabilityError> {
        Ok(self.config().remove(key).is_some())
    }

    async fn log(&self, level: LogLevel, logger: String, message: String) {
        (self.log)(level, &logger, &message);
    }

    async fn http(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        self.rests.open(&self.egress, request).await
    }

    async fn http_more(&self, rest: u64) -> Result<HttpPiece, HttpError> {
        self.rests.more(rest).await
    }

    fn http_close(&self, rest: u64) {
        self.rests.close(rest);
    }

    async fn platform(&self, operation: &str, _: &str) -> Result<String, CapabilityError> {
        // Whatever it is, there is one organization here, and nobody to ask about others.
        Err(CapabilityError::new(ErrorKind::Denied, format!("`{operation}` needs a server")))
    }
}
