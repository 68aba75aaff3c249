//! What a run may reach. One value per run; the scope is in the value, so nothing that
//! the guest says can widen it.

use async_trait::async_trait;
use bifrost_core::{ConfigType, LogLevel};
use serde::{Deserialize, Serialize};

/// Why a capability said no, by what the author can do about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ErrorKind {
    /// The arguments are not valid.
    Invalid,
    /// The caller or the workspace may not do this.
    Denied,
    /// There is no such thing in this scope.
    NotFound,
    /// A limit of the organization was reached.
    Limit,
    /// Not available while a workspace is being loaded.
    Loading,
    /// The platform failed; trying again may help.
    Unavailable,
}

/// A refusal, with a message for the author of the workflow.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CapabilityError {
    /// What kind of refusal.
    pub kind: ErrorKind,
    /// For the author.
    pub message: String,
}

impl CapabilityError {
    /// A refusal of this kind.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into() }
    }

    fn unavailable() -> Self {
        Self::new(ErrorKind::Unavailable, "not available here")
    }
}

/// One configuration value.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ConfigEntry {
    /// Its key.
    pub key: String,
    /// JSON; absent for a secret in a list.
    pub value: Option<String>,
    /// What it is.
    pub kind: ConfigType,
}

/// An outgoing HTTP request, its body whole (bounded by `http_body_bytes`).
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct HttpRequest {
    /// `GET`, `POST`, …
    pub method: String,
    /// Absolute, `http` or `https`.
    pub url: String,
    /// In order; names may repeat.
    pub headers: Vec<(String, Vec<u8>)>,
    /// The body.
    pub body: Vec<u8>,
    /// Longest wait for a connection, in milliseconds.
    pub connect_timeout_ms: Option<u64>,
    /// Longest wait for the first byte of the answer, in milliseconds.
    pub timeout_ms: Option<u64>,
    /// The certificate is not to be checked; the organization's policy says whether that can be.
    pub unverified: bool,
}

impl HttpRequest {
    /// True for `CONNECT`, which asks only whether somebody listens where the URL points.
    pub fn connects(&self) -> bool {
        self.method == "CONNECT"
    }
}

impl HttpResponse {
    /// The answer that something is so: 200, and nothing else.
    pub fn empty() -> Self {
        Self { status: 200, headers: vec![], body: vec![], rest: None }
    }
}

/// The answer to an [`HttpRequest`].
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct HttpResponse {
    /// 100 to 599.
    pub status: u16,
    /// In order; names may repeat.
    pub headers: Vec<(String, Vec<u8>)>,
    /// The body, or what of it came at once.
    pub body: Vec<u8>,
    /// More of the body is read under this name, with [`Capabilities::http_more`].
    pub rest: Option<u64>,
}

/// A piece of an answer's body.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct HttpPiece {
    /// Not empty, unless it is the last.
    pub bytes: Vec<u8>,
    /// Nothing follows.
    pub is_last: bool,
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum HttpError {
    /// The egress policy forbids it.
    Denied(String),
    /// A limit on HTTP was reached.
    Limit(String),
    /// The name does not resolve.
    Dns,
    /// Nobody listens, or the connection broke.
    Connection(String),
    /// The other side took the request, and closed the connection without an answer.
    Unanswered,
    /// No answer in time.
    Timeout,
    /// The TLS handshake failed.
    Tls(String),
    /// The request or the answer is not valid HTTP.
    Protocol(String),
}

/// The host's side of one run. What is not implemented is refused.
#[async_trait]
pub trait Capabilities: Send + Sync + 'static {
    /// A configuration value; cascades from the organization to global.
    async fn config_get(
        &self,
        _key: &str,
        _scope: Option<&str>,
    ) -> Result<Option<ConfigEntry>, CapabilityError> {
        Err(CapabilityError::unavailable())
    }

    /// Writes a configuration value. Without a type it keeps the one it has where that fits.
    async fn config_set(
        &self,
        _key: &str,
        _value: &str,
        _kind: Option<ConfigType>,
        _scope: Option<&str>,
    ) -> Result<(), CapabilityError> {
        Err(CapabilityError::unavailable())
    }

    /// All configuration of a scope, secrets without their value.
    async fn config_list(&self, _scope: Option<&str>) -> Result<Vec<ConfigEntry>, CapabilityError> {
        Err(CapabilityError::unavailable())
    }

    /// True when there was something to delete.
    async fn config_delete(&self, _key: &str, _scope: Option<&str>) -> Result<bool, CapabilityError> {
        Err(CapabilityError::unavailable())
    }

    /// One line of the log, already within its limits.
    async fn log(&self, _level: LogLevel, _logger: String, _message: String) {}

    /// Sends a request under the organization's egress policy.
    async fn http(&self, _request: HttpRequest) -> Result<HttpResponse, HttpError> {
        Err(HttpError::Denied(CapabilityError::unavailable().message))
    }

    /// Waits for the next piece of an answer that is not whole yet.
    async fn http_more(&self, _rest: u64) -> Result<HttpPiece, HttpError> {
        Err(HttpError::Denied(CapabilityError::unavailable().message))
    }

    /// Nobody reads the rest of this answer any more.
    fn http_close(&self, _rest: u64) {}

    /// A call to the platform's own API; JSON in, JSON out.
    async fn platform(&self, _operation: &str, _arguments: &str) -> Result<String, CapabilityError> {
        Err(CapabilityError::unavailable())
    }
}

/// Nothing at all.
pub struct Nothing;

impl Capabilities for Nothing {}
