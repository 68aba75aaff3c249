//! The ports to engines. Each has an embedded and a distributed implementation and
//! one conformance suite; [`SharedCache`] has no embedded one. The database is the truth
//! for every run; what crosses these ports can be lost without losing a run.

use crate::{ExecutionId, Result};
use async_trait::async_trait;
use serde::{Deserialize, Serialize};

/// What an engine within the program is called.
pub const EMBEDDED: &str = "embedded";

/// What travels through the queue: an execution and which attempt is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ticket {
    /// The run.
    pub execution: ExecutionId,
    /// The attempt that this ticket admits, counted from 1. A ticket for an attempt
    /// that was already made changes nothing.
    pub attempt: i32,
}

/// Carries tickets to workers, at least once, in no promised order.
#[async_trait]
pub trait Queue: Send + Sync + 'static {
    /// What people call the engine.
    fn engine(&self) -> &'static str {
        EMBEDDED
    }

    /// Returns when the queue has taken responsibility (in process: at once;
    /// RabbitMQ: when the publisher confirm arrived).
    async fn publish(&self, ticket: Ticket) -> Result<()>;

    /// Waits for the next ticket. Cancel safe. The delivery is acknowledged with
    /// [`Delivery::ack`] once the lease row is committed; dropped unacknowledged, it
    /// comes again. Fails when the queue is closed.
    async fn next(&self) -> Result<Delivery>;

    /// Tickets that no process has fetched yet; `None` where the queue does not count them.
    async fn waiting(&self) -> Result<Option<u64>> {
        Ok(None)
    }

    /// Tickets out of circulation, the oldest first: they came again more often than the
    /// queue allows, so whoever takes them seems to die of it. What is acknowledged is
    /// gone; dropped, it stays a dead letter.
    async fn dead_letters(&self, _at_most: usize) -> Result<Vec<DeadLetter>> {
        Ok(Vec::new())
    }

    /// Stops [`Self::next`] for this process. What waits goes back to the others; what is
    /// in hand can still be acknowledged, and publishing still works.
    async fn close(&self) {}

    /// Answers when the queue does; for health checks.
    async fn check(&self) -> Result<()> {
        Ok(())
    }
}

/// A ticket that nobody managed to acknowledge.
pub struct DeadLetter {
    /// The ticket; acknowledge it when the run is decided on.
    pub delivery: Delivery,
    /// Why the queue gave up, in its own word, such as `delivery_limit`.
    pub reason: String,
}

/// A ticket in the hands of a worker.
pub struct Delivery {
    /// What was delivered.
    pub ticket: Ticket,
    ack: Option<Box<dyn FnOnce() -> ack::AckFuture + Send>>,
}

/// The type of an acknowledgement's future.
pub mod ack {
    /// Resolves when the queue has forgotten the delivery.
    pub type AckFuture = std::pin::Pin<Box<dyn Future<Output = crate::Result<()>> + Send>>;
}

impl Delivery {
    /// A delivery whose queue forgets it when `ack` has run.
    pub fn new(ticket: Ticket, ack: impl FnOnce() -> ack::AckFuture + Send + 'static) -> Self {
        Self { ticket, ack: Some(Box::new(ack)) }
    }

    /// A delivery that its queue has already forgotten.
    pub fn taken(ticket: Ticket) -> Self {
        Self { ticket, ack: None }
    }

    /// Tells the queue to forget the delivery.
    pub async fn ack(mut self) -> Result<()> {
        match self.ack.take() {
            Some(ack) => ack().await,
            None => Ok(()),
        }
    }
}

/// Most keys in one answer of [`Objects::list`], as S3 has it.
pub const MAX_LIST: usize = 1_000;

/// Immutable objects by key: sources of workspaces, large documents and long logs of runs.
#[async_trait]
pub trait Objects: Send + Sync + 'static {
    /// What people call the engine.
    fn engine(&self) -> &'static str {
        EMBEDDED
    }

    /// Writes the whole object or nothing; an existing key is replaced atomically.
    async fn put(&self, key: &str, bytes: Vec<u8>) -> Result<()>;
    /// `None` when there is no such key.
    async fn get(&self, key: &str) -> Result<Option<Vec<u8>>>;
    /// True when there was something to delete.
    async fn delete(&self, key: &str) -> Result<bool>;
    /// Keys that begin with `prefix` and come after `after`, in the order of their bytes: at
    /// most `limit` and [`MAX_LIST`]. Fewer may come although there are more; none means
    /// that there are no more. `prefix` is empty or ends with `/`.
    async fn list(&self, prefix: &str, after: Option<&str>, limit: usize) -> Result<Vec<String>>;
    /// Answers when the store does; for health checks.
    async fn check(&self) -> Result<()> {
        Ok(())
    }
}

/// A live event on a channel such as `execution:{id}`, as the WebSocket sends it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// The channel's name, from the reference of channels in `docs/api.md`.
    pub channel: String,
    /// The message, with its `type`.
    pub payload: serde_json::Value,
}

/// Live events between processes. Best effort: whoever needs certainty reads the
/// database after subscribing.
#[async_trait]
pub trait Bus: Send + Sync + 'static {
    /// What people call the engine.
    fn engine(&self) -> &'static str {
        EMBEDDED
    }

    /// Sends to all current subscribers of the event's channel, without waiting for them.
    async fn publish(&self, event: Event);
    /// Receives what is published on any of the channels from now on, in the order of
    /// each publisher; what was published just before may come as well. The receiver
    /// closes with the bus; a slow one loses the oldest events.
    async fn subscribe(&self, channels: Vec<String>) -> Result<subscription::Receiver>;
    /// Deletes what the engine behind the bus keeps under keys that contain `text`, and tells
    /// how many that were. An engine that keeps nothing has none.
    async fn forget(&self, _text: &str) -> Result<u64> {
        Ok(0)
    }
    /// Answers when the bus is connected; for health checks.
    async fn check(&self) -> Result<()> {
        Ok(())
    }
}

/// The receiving end of a subscription.
pub mod subscription {
    /// Yields events in order.
    pub type Receiver = tokio::sync::mpsc::Receiver<super::Event>;
}

/// What processes remember for each other for some moments. Best effort: what fails or takes too long
/// is as if nothing was there. Whoever can reach the engine reads and writes it, so nothing is
/// believed that is not sealed.
#[async_trait]
pub trait SharedCache: Send + Sync + 'static {
    /// What is kept under a key, and for how long still.
    async fn get(&self, key: &str) -> Option<(Vec<u8>, std::time::Duration)>;
    /// Keeps something under a key for so long, in place of what is there.
    async fn set(&self, key: &str, value: Vec<u8>, lasts: std::time::Duration);
    /// Deletes what is kept under these keys.
    async fn delete(&self, keys: Vec<String>);
}

/// The way out for requests of the platform itself to addresses that somebody has entered: the
/// same checks as for workflows' own.
#[async_trait]
pub trait Web: Send + Sync + 'static {
    /// Posts something in the name of a scope, and reads the whole answer; redirects are not
    /// followed.
    ///
    /// # Errors
    /// `Denied` when the address must not be reached, `Conflict` with `unreachable` when there is
    /// no answer.
    async fn post(&self, scope: crate::Scope, post: Post) -> Result<Answer>;
}

/// What to post.
pub struct Post {
    /// Where to.
    pub url: String,
    /// What `body` is, such as [`FORM`].
    pub content_type: &'static str,
    /// Further headers, such as `authorization`; names in lower case.
    pub headers: Vec<(&'static str, String)>,
    /// The body.
    pub body: String,
    /// Longest wait for the whole answer.
    pub patience: std::time::Duration,
}

/// The content type of a form.
pub const FORM: &str = "application/x-www-form-urlencoded";

/// The answer to a [`Post`].
pub struct Answer {
    /// 100 to 599.
    pub status: u16,
    /// As it came.
    pub body: Vec<u8>,
}

/// The platform's own API, as runs call it: in this process, with the rights of the run and without
/// a credential.
#[async_trait]
pub trait Api: Send + Sync + 'static {
    /// Answers a request of a run, also with a status of failure.
    ///
    /// # Errors
    /// `Denied` for what is not for runs, `Invalid` for what is no request, `Limited` and `Busy` for
    /// what may be tried again.
    async fn call(&self, by: RunCaller, request: ApiRequest) -> Result<ApiAnswer>;
}

/// The run behind a request.
#[derive(Clone, Debug)]
pub struct RunCaller {
    /// In whose name it acts, with what both its caller and its code may do.
    pub caller: crate::Caller,
    /// What its request is about.
    pub scope: crate::Scope,
    /// The run.
    pub execution: ExecutionId,
    /// Of the runs that it starts.
    pub children: crate::Lineage,
}

/// A request of a run.
#[derive(Clone, Debug)]
pub struct ApiRequest {
    /// Such as `GET`.
    pub method: String,
    /// With its query.
    pub path: String,
    /// Names and values.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

/// The answer to an [`ApiRequest`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiAnswer {
    /// 100 to 599.
    pub status: u16,
    /// Names in lower case, and values.
    pub headers: Vec<(String, String)>,
    /// The whole body.
    pub body: Vec<u8>,
}

/// The worker side as the API sees it.
#[async_trait]
pub trait Worker: Send + Sync + 'static {
    /// Loads the workspace in a sandbox under the build's own limits and keeps its
    /// snapshot in the cache. One bad file is reported, never an error of the call.
    async fn build(&self, source: std::sync::Arc<crate::Source>) -> Result<crate::WorkspaceReport>;

    /// Chooses the packages that a workspace's requirements ask for, and keeps their wheels
    /// where every worker finds them.
    async fn install(&self, source: std::sync::Arc<crate::Source>) -> Result<Installed>;

    /// Loads and runs in one instance, without writing anything down. Log lines are
    /// sent as they come.
    async fn draft(
        &self,
        request: DraftRequest,
        logs: tokio::sync::mpsc::Sender<crate::LogLine>,
    ) -> Result<crate::Outcome>;

    /// Calls a function of a deployed version in a fresh sandbox, and keeps nothing of it: no
    /// run, no log. Dropping the future ends the call.
    ///
    /// # Errors
    /// `Busy` when its process was lost. What the function does is the outcome.
    async fn call(&self, request: CallRequest) -> Result<crate::Outcome>;

    /// Asks a run of this process to end; unknown ids are ignored (another worker
    /// reads the wish from the database).
    async fn cancel(&self, execution: ExecutionId);
}

/// What became of a workspace's requirements.
#[derive(Clone, Debug, PartialEq)]
pub enum Installed {
    /// All that is needed.
    Packages(Vec<crate::Package>),
    /// Requirements that cannot be met; nothing was installed.
    Refused(Vec<crate::FileError>),
    /// The package index did not answer as it should; says what is to be done.
    Unavailable(String),
}

/// A call that is no run.
#[derive(Clone, Debug)]
pub struct CallRequest {
    /// [`crate::Source::hash`] of the version.
    pub source_hash: String,
    /// Where its source is among the objects.
    pub object_key: String,
    /// `path::name`, as the build's report has it.
    pub function: String,
    /// A JSON object.
    pub parameters: serde_json::Value,
    /// What of the parameters must not come out again; it is masked in the outcome.
    pub secrets: serde_json::Value,
    /// Whose rights the call has.
    pub caller: crate::Caller,
    /// The organization that owns the code; global for the provider's.
    pub scope: crate::Scope,
    /// What it may use.
    pub limits: crate::Limits,
}

/// A run of code that is not deployed.
#[derive(Clone, Debug)]
pub struct DraftRequest {
    /// The workspace with the unsaved edits in it.
    pub source: std::sync::Arc<crate::Source>,
    /// `path::function`.
    pub workflow: String,
    /// A JSON object.
    pub parameters: serde_json::Value,
    /// Whose rights the draft has.
    pub caller: crate::Caller,
    /// The organization that owns the workspace; global for the provider's.
    pub scope: crate::Scope,
    /// What it may use.
    pub limits: crate::Limits,
}
