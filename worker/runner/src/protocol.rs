//! What a runner and a sandbox process say to each other. The runner trusts nothing that
//! it reads here: a message that cannot be decoded, is about a job that the process does
//! not have, or goes beyond the job's limits ends the process.

use bifrost_core::{ConfigType, Limits, LogLevel, Source};
use bifrost_sandbox::{
    CapabilityError, ConfigEntry, ErrorKind, HttpError, HttpPiece, HttpRequest, HttpResponse,
};
use serde::{Deserialize, Serialize};

/// Largest call other than HTTP, in bytes of its texts.
pub const MAX_CALL: usize = 8 << 20;

/// Names a job within one runner; never used twice.
pub type JobId = u64;

/// From the runner to the sandbox process.
#[derive(Debug, Serialize, Deserialize)]
pub enum ToSandbox {
    /// A wheel of the version that comes next, which the process does not have.
    Wheel {
        /// SHA-256 of it, in hex.
        sha256: String,
        /// The wheel.
        bytes: Vec<u8>,
    },
    /// Keeps a version's source, and loads its snapshot when it is first run. It has the wheels
    /// of the version's packages: sent just before, or with a version that it still keeps.
    Version {
        /// Names the version in later messages.
        hash: String,
        /// Its files.
        source: Source,
    },
    /// Lets go of a version.
    Forget {
        /// As named in `Version`.
        hash: String,
    },
    /// Begins a job.
    Start {
        /// Its name from now on.
        job: JobId,
        /// What to do.
        work: Work,
    },
    /// Ends a job; the answer is [`FromSandbox::Cancelled`], or its end when that is
    /// already under way.
    Cancel {
        /// The job.
        job: JobId,
    },
    /// The answer to a [`FromSandbox::Call`].
    Reply {
        /// The call.
        call: u64,
        /// The answer.
        reply: Reply,
    },
}

/// A job.
#[derive(Debug, Serialize, Deserialize)]
pub enum Work {
    /// Makes the snapshot of a version, if it is not in the cache.
    Build {
        /// The version.
        version: String,
    },
    /// Runs a workflow of a version.
    Run {
        /// The version.
        version: String,
        /// What to run.
        invocation: WireInvocation,
    },
    /// Loads a version and runs, in one instance.
    Draft {
        /// The version; its snapshot is not made.
        version: String,
        /// What to run.
        invocation: WireInvocation,
    },
    /// Makes a version ready for its runs.
    Warm {
        /// The version.
        version: String,
    },
}

impl Work {
    /// The version that it is about.
    pub fn version(&self) -> &str {
        match self {
            Self::Build { version }
            | Self::Run { version, .. }
            | Self::Draft { version, .. }
            | Self::Warm { version } => version,
        }
    }
}

/// What to run, with what.
#[derive(Debug, Serialize, Deserialize)]
pub struct WireInvocation {
    /// `path::function`.
    pub workflow: String,
    /// A JSON object.
    pub parameters: String,
    /// A JSON object.
    pub context: String,
    /// Keep the workflow function's locals.
    pub capture_variables: bool,
    /// What it may use.
    pub limits: Limits,
}

/// From the sandbox process to the runner.
#[derive(Debug, Serialize, Deserialize)]
pub enum FromSandbox {
    /// The shared code is loaded; jobs start at once from here on.
    Ready,
    /// A line of a job's log.
    Log {
        /// The job.
        job: JobId,
        /// How serious.
        level: LogLevel,
        /// Name of the logger.
        logger: String,
        /// The line.
        message: String,
    },
    /// A job asks for something.
    Call {
        /// The job.
        job: JobId,
        /// Names the call in the reply.
        call: u64,
        /// What it asks for.
        request: Call,
    },
    /// Nobody waits for the answer to a call any more.
    Abandon {
        /// The job.
        job: JobId,
        /// As named in `Call`.
        call: u64,
    },
    /// A job was cancelled; nothing about it follows.
    Cancelled {
        /// The job.
        job: JobId,
    },
    /// A run or draft ended: an `Outcome` as JSON, or why there is none.
    Ended {
        /// The job.
        job: JobId,
        /// JSON, since its values are of any shape.
        outcome: Result<Vec<u8>, String>,
    },
    /// A build ended: a `WorkspaceReport` as JSON, or why there is none.
    Built {
        /// The job.
        job: JobId,
        /// JSON, since its values are of any shape.
        report: Result<Vec<u8>, String>,
    },
    /// A version is ready for its runs, or cannot be.
    Warmed {
        /// The job.
        job: JobId,
        /// Why it cannot be.
        result: Result<(), String>,
    },
    /// Nobody reads the rest of an answer any more.
    Close {
        /// The job.
        job: JobId,
        /// Its name in [`HttpResponse::rest`].
        rest: u64,
    },
}

impl FromSandbox {
    /// The job that the message is about.
    pub fn job(&self) -> Option<JobId> {
        match self {
            Self::Ready => None,
            Self::Log { job, .. }
            | Self::Call { job, .. }
            | Self::Abandon { job, .. }
            | Self::Close { job, .. }
            | Self::Cancelled { job }
            | Self::Ended { job, .. }
            | Self::Built { job, .. }
            | Self::Warmed { job, .. } => Some(*job),
        }
    }

    /// True when nothing about its job follows.
    pub fn is_last(&self) -> bool {
        use FromSandbox::{Built, Cancelled, Ended, Warmed};
        matches!(self, Cancelled { .. } | Ended { .. } | Built { .. } | Warmed { .. })
    }

    /// Bytes that it takes in memory, about.
    pub fn size(&self) -> usize {
        let content = match self {
            Self::Ready | Self::Abandon { .. } | Self::Close { .. } | Self::Cancelled { .. } => 0,
            Self::Log { logger, message, .. } => logger.len() + message.len(),
            Self::Call { request, .. } => request.size(),
            Self::Ended { outcome: content, .. } | Self::Built { report: content, .. } => {
                content.as_ref().map_or_else(String::len, Vec::len)
            }
            Self::Warmed { result, .. } => result.as_ref().err().map_or(0, String::len),
        };
        size_of::<Self>() + content
    }
}

/// A use of a capability.
#[derive(Debug, Serialize, Deserialize)]
#[expect(missing_docs, reason = "as in the trait Capabilities")]
pub enum Call {
    ConfigGet { key: String, scope: Option<String> },
    ConfigSet { key: String, value: String, kind: Option<ConfigType>, scope: Option<String> },
    ConfigList { scope: Option<String> },
    ConfigDelete { key: String, scope: Option<String> },
    Http(HttpRequest),
    Platform { operation: String, arguments: String },
    HttpMore { rest: u64 },
}

impl Call {
    /// Bytes of its texts and of its body.
    pub fn size(&self) -> usize {
        let scope = |scope: &Option<String>| scope.as_ref().map_or(0, String::len);
        match self {
            Self::ConfigGet { key, scope: of } | Self::ConfigDelete { key, scope: of } => {
                key.len() + scope(of)
            }
            Self::ConfigSet { key, value, scope: of, .. } => key.len() + value.len() + scope(of),
            Self::ConfigList { scope: of } => scope(of),
            Self::HttpMore { .. } => 0,
            Self::Http(request) => {
                let headers = request.headers.iter().map(|(name, value)| name.len() + value.len());
                request.method.len() + request.url.len() + request.body.len() + headers.sum::<usize>()
            }
            Self::Platform { operation, arguments } => operation.len() + arguments.len(),
        }
    }
}

/// The answer to a [`Call`], of the same kind.
#[derive(Debug, Serialize, Deserialize)]
#[expect(missing_docs, reason = "as in the trait Capabilities")]
pub enum Reply {
    ConfigGet(Result<Option<ConfigEntry>, CapabilityError>),
    ConfigSet(Result<(), CapabilityError>),
    ConfigList(Result<Vec<ConfigEntry>, CapabilityError>),
    ConfigDelete(Result<bool, CapabilityError>),
    Http(Result<HttpResponse, HttpError>),
    HttpMore(Result<HttpPiece, HttpError>),
    Platform(Result<String, CapabilityError>),
}

impl Reply {
    /// An error in place of a reply that is too large to be sent.
    pub fn too_large(&self) -> Self {
        let error = || CapabilityError::new(ErrorKind::Limit, "the answer is too large");
        match self {
            Self::ConfigGet(_) => Self::ConfigGet(Err(error())),
            Self::ConfigSet(_) => Self::ConfigSet(Err(error())),
            Self::ConfigList(_) => Self::ConfigList(Err(error())),
            Self::ConfigDelete(_) => Self::ConfigDelete(Err(error())),
            Self::Http(_) => Self::Http(Err(HttpError::Limit("the answer is too large".to_owned()))),
            Self::HttpMore(_) => Self::HttpMore(Err(HttpError::Limit("the answer is too large".to_owned()))),
            Self::Platform(_) => Self::Platform(Err(error())),
        }
    }
}
