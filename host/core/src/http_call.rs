//! HTTP calls of a run, as its page tells of them: where to, how long and with what end. Paths, queries,
//! headers and bodies hold secrets, and are in none.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// What became of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum HttpOutcome {
    /// An answer came, whatever its status.
    Answered,
    /// The organization's policy forbids it.
    Denied,
    /// A limit on HTTP was reached.
    Limit,
    /// The name does not resolve.
    Dns,
    /// Nobody listens, or the connection broke.
    Connection,
    /// No answer in time.
    Timeout,
    /// The TLS handshake failed.
    Tls,
    /// The request or the answer was not valid HTTP.
    Protocol,
    /// The run ended, or gave it up, before an answer came.
    Abandoned,
}

impl HttpOutcome {
    /// The name on the wire and in metrics.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Answered => "answered",
            Self::Denied => "denied",
            Self::Limit => "limit",
            Self::Dns => "dns",
            Self::Connection => "connection",
            Self::Timeout => "timeout",
            Self::Tls => "tls",
            Self::Protocol => "protocol",
            Self::Abandoned => "abandoned",
        }
    }
}

/// One HTTP call. What follows a redirect is a call of its own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct HttpCall {
    /// `CONNECT` for a connection that could not be made.
    pub method: String,
    /// Without path and query.
    pub host: String,
    /// When it was asked for.
    pub started_at: DateTime<Utc>,
    /// Until the last byte of the answer that was read, or the failure, in milliseconds; `null` when it
    /// was abandoned.
    pub duration_ms: Option<i64>,
    /// What became of it.
    pub outcome: HttpOutcome,
    /// Of the answer.
    pub status: Option<u16>,
    /// The request's body, in bytes.
    pub sent_bytes: u64,
    /// What was read of the answer's body, in bytes.
    pub received_bytes: u64,
}

/// The HTTP calls of one attempt, in the order of their starts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HttpCalls {
    /// The first [`Self::MAX`].
    pub kept: Vec<HttpCall>,
    /// How many more there were.
    pub left_out: u64,
}

impl HttpCalls {
    /// Most calls that are kept of one attempt.
    pub const MAX: usize = 1_000;

    /// Keeps a call and tells its place, or counts it among those that are left out.
    pub fn keep(&mut self, call: HttpCall) -> Option<usize> {
        if self.kept.len() == Self::MAX {
            self.left_out += 1;
            return None;
        }
        self.kept.push(call);
        Some(self.kept.len() - 1)
    }

    /// How many count against the limit: connections that were asked for do not, as far as they are kept.
    pub fn made(&self) -> u64 {
        self.kept.iter().filter(|call| call.method != "CONNECT").count() as u64 + self.left_out
    }
}
