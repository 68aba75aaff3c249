//! What a runner and a sandbox process say to each other. The runner trusts nothing that
//! it reads here: a message about a job that the process does not have, or one that
//! cannot be decoded, ends the process.

use bifrost_core::{Limits, LogLevel, Source};
use bifrost_sandbox::{CapabilityError, ConfigEntry, HttpError, HttpRequest, HttpResponse};
use bytes::Bytes;
use futures::{SinkExt, StreamExt};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio_util::codec::{FramedRead, FramedWrite, LengthDelimitedCodec};

/// Largest message: a whole workspace with some room.
const MAX_FRAME: usize = Source::MAX_BYTES + (16 << 20);

/// Names a job within one runner; never used twice.
pub type JobId = u64;

/// From the runner to the sandbox process.
#[derive(Debug, Serialize, Deserialize)]
pub enum ToSandbox {
    /// Keeps a version's source, and loads its snapshot when it is first run.
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
    /// Ends a job without an answer.
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
}

impl FromSandbox {
    /// The job that the message is about.
    pub fn job(&self) -> Option<JobId> {
        match self {
            Self::Ready => None,
            Self::Log { job, .. }
            | Self::Call { job, .. }
            | Self::Ended { job, .. }
            | Self::Built { job, .. } => Some(*job),
        }
    }
}

/// A use of a capability.
#[derive(Debug, Serialize, Deserialize)]
#[expect(missing_docs, reason = "as in the trait Capabilities")]
pub enum Call {
    ConfigGet { key: String, scope: Option<String> },
    ConfigSet { key: String, value: String, is_secret: bool, scope: Option<String> },
    ConfigList { scope: Option<String> },
    ConfigDelete { key: String, scope: Option<String> },
    Http(HttpRequest),
    Platform { operation: String, arguments: String },
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
    Platform(Result<String, CapabilityError>),
}

fn codec() -> LengthDelimitedCodec {
    LengthDelimitedCodec::builder().max_frame_length(MAX_FRAME).new_codec()
}

/// Reads messages.
pub struct Reader(FramedRead<OwnedReadHalf, LengthDelimitedCodec>);

impl Reader {
    /// Over this half of a socket.
    pub fn new(half: OwnedReadHalf) -> Self {
        Self(FramedRead::new(half, codec()))
    }

    /// The next message; `None` when the other side is gone.
    ///
    /// # Errors
    /// When what was read is not a message.
    pub async fn next<T: DeserializeOwned>(&mut self) -> anyhow::Result<Option<T>> {
        match self.0.next().await {
            None => Ok(None),
            Some(frame) => Ok(Some(postcard::from_bytes(&frame?)?)),
        }
    }
}

/// Writes messages, those that wait together in one system call.
pub async fn write_all<T: Serialize>(half: OwnedWriteHalf, mut messages: tokio::sync::mpsc::Receiver<T>) {
    let mut sink = FramedWrite::new(half, codec());
    let mut batch = vec![];
    while messages.recv_many(&mut batch, 64).await > 0 {
        for message in batch.drain(..) {
            let Ok(bytes) = postcard::to_stdvec(&message) else { return };
            if sink.feed(Bytes::from(bytes)).await.is_err() {
                return;
            }
        }
        if SinkExt::<Bytes>::flush(&mut sink).await.is_err() {
            return;
        }
    }
}
