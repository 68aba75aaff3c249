//! The life of a run.

use crate::*;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Where a run stands. The names are the ones on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
pub enum Status {
    /// Waits for its time.
    Scheduled,
    /// Accepted, waits for a worker.
    Pending,
    /// A worker holds its lease.
    Running,
    /// Ran, and waits for something outside.
    Waiting,
    /// Ended as its author wanted.
    Success,
    /// Raised, or ran into a limit other than time.
    Failed,
    /// Ran into its wall limit.
    Timeout,
    /// Returned, and said `success: False`.
    CompletedWithErrors,
    /// Asked to end; a worker still holds it.
    Cancelling,
    /// Ended on request.
    Cancelled,
}

impl Status {
    /// Every status, in the order of a run's life.
    pub const ALL: [Self; 10] = [
        Self::Scheduled,
        Self::Pending,
        Self::Running,
        Self::Waiting,
        Self::Success,
        Self::Failed,
        Self::Timeout,
        Self::CompletedWithErrors,
        Self::Cancelling,
        Self::Cancelled,
    ];

    /// The name on the wire and in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Scheduled => "Scheduled",
            Self::Pending => "Pending",
            Self::Running => "Running",
            Self::Waiting => "Waiting",
            Self::Success => "Success",
            Self::Failed => "Failed",
            Self::Timeout => "Timeout",
            Self::CompletedWithErrors => "CompletedWithErrors",
            Self::Cancelling => "Cancelling",
            Self::Cancelled => "Cancelled",
        }
    }

    /// True when nothing can change it any more.
    pub fn is_terminal(self) -> bool {
        matches!(
            self,
            Self::Success | Self::Failed | Self::Timeout | Self::CompletedWithErrors | Self::Cancelled
        )
    }

    /// The transitions that exist; the database refuses all others.
    pub fn can_become(self, next: Self) -> bool {
        use Status::*;
        match self {
            Scheduled => matches!(next, Pending | Cancelled),
            Pending => matches!(next, Running | Cancelled | Failed),
            // Back to Pending: the worker was lost and the run is tried again.
            Running | Waiting => !matches!(next, Scheduled) && next != self,
            Cancelling => matches!(next, Cancelled | Success | Failed | Timeout | CompletedWithErrors),
            Success | Failed | Timeout | CompletedWithErrors | Cancelled => false,
        }
    }
}

impl std::str::FromStr for Status {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Self::ALL.into_iter().find(|s| s.as_str() == text).ok_or_else(|| {
            let names: Vec<_> = Self::ALL.iter().map(|s| s.as_str()).collect();
            Error::invalid("status", format!("`{text}` is none of {}", names.join(", ")))
        })
    }
}

/// What asked for a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RunOrigin {
    /// Somebody, or a program with their key.
    Person,
    /// A schedule.
    Schedule,
    /// A delivery to a webhook, or a topic.
    Webhook,
    /// A form.
    Form,
    /// A call of an endpoint.
    Endpoint,
    /// Another run.
    Workflow,
}

/// Whose turn comes first when slots are few.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Priority {
    /// Somebody waits for the answer.
    Interactive,
    /// Everything else.
    #[default]
    Normal,
    /// May take all night.
    Bulk,
}

impl Priority {
    /// Every priority, the first one first.
    pub const ALL: [Self; 3] = [Self::Interactive, Self::Normal, Self::Bulk];

    /// Its order in the database: 0 before 1 before 2.
    pub fn rank(self) -> i64 {
        match self {
            Self::Interactive => 0,
            Self::Normal => 1,
            Self::Bulk => 2,
        }
    }
}

/// The priority of a run that nobody waits for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum BackgroundPriority {
    /// Comes before bulk, after what somebody waits for.
    #[default]
    Normal,
    /// May take all night: comes when nothing else waits.
    Bulk,
}

impl BackgroundPriority {
    /// The name on the wire and in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Normal => "normal",
            Self::Bulk => "bulk",
        }
    }
}

impl From<BackgroundPriority> for Priority {
    fn from(priority: BackgroundPriority) -> Self {
        match priority {
            BackgroundPriority::Normal => Self::Normal,
            BackgroundPriority::Bulk => Self::Bulk,
        }
    }
}

impl std::str::FromStr for BackgroundPriority {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        [Self::Normal, Self::Bulk]
            .into_iter()
            .find(|priority| priority.as_str() == text)
            .ok_or_else(|| Error::invalid("priority", format!("`{text}` is neither normal nor bulk")))
    }
}

/// How a result is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum ResultType {
    /// Objects, arrays, numbers, booleans, null.
    Json,
    /// A plain string.
    Text,
    /// A string that begins with `<`.
    Html,
}

/// How serious a log line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "UPPERCASE")]
#[expect(missing_docs, reason = "the names are Python's")]
pub enum LogLevel {
    Debug,
    Info,
    Warning,
    Error,
    Critical,
    Traceback,
}

impl LogLevel {
    /// The name on the wire and in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Debug => "DEBUG",
            Self::Info => "INFO",
            Self::Warning => "WARNING",
            Self::Error => "ERROR",
            Self::Critical => "CRITICAL",
            Self::Traceback => "TRACEBACK",
        }
    }
}

impl std::str::FromStr for LogLevel {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        [Self::Debug, Self::Info, Self::Warning, Self::Error, Self::Critical, Self::Traceback]
            .into_iter()
            .find(|l| l.as_str().eq_ignore_ascii_case(text))
            .ok_or_else(|| Error::invalid("level", format!("`{text}` is not a log level")))
    }
}

/// One line of a run's log.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct LogLine {
    /// Counts from 1 within the execution, over all attempts; the resume cursor.
    pub sequence: i64,
    /// When the line was written.
    pub timestamp: DateTime<Utc>,
    /// How serious it is.
    pub level: LogLevel,
    /// Name of the logger, or `stdout` / `stderr`.
    pub logger: String,
    /// One line of text.
    pub message: String,
}

/// How a run ended: what is written with its terminal status.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Outcome {
    /// A terminal status.
    pub status: Status,
    /// The returned value.
    pub result: Option<Value>,
    /// How to show it.
    pub result_type: Option<ResultType>,
    /// For the author; see `error_for_user`.
    pub error: Option<String>,
    /// The exception's class, or `limit_exceeded:<name>`, `worker_lost`, `dead_letter`,
    /// `cancelled`.
    pub error_type: Option<String>,
    /// True when `error` may be shown to an end user (`UserError`, limits).
    pub error_for_user: bool,
    /// As native Python prints it; for developers only.
    pub traceback: Option<String>,
    /// Locals of the workflow function.
    pub variables: Option<Value>,
    /// `{time_saved, value}` when the workflow set it, or its decorator for runs that succeed.
    pub roi: Option<Value>,
    /// Fuel used (see [`Limits::fuel`]).
    pub fuel_used: u64,
    /// Largest linear memory, in bytes.
    pub memory_peak_bytes: u64,
    /// From start to end, in milliseconds.
    pub duration_ms: i64,
}

impl Outcome {
    /// An end that the platform decided, not the workflow.
    pub fn ended(status: Status, error_type: impl Into<String>, error: impl Into<String>) -> Self {
        Self {
            status,
            result: None,
            result_type: None,
            error: Some(error.into()),
            error_type: Some(error_type.into()),
            error_for_user: true,
            traceback: None,
            variables: None,
            roi: None,
            fuel_used: 0,
            memory_peak_bytes: 0,
            duration_ms: 0,
        }
    }
}

/// Documents of a run that are too large for its row: the names of their objects.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stored {
    /// Of [`Execution::parameters`], which is null then.
    pub parameters: Option<String>,
    /// Of [`Outcome::result`], which is `None` then.
    pub result: Option<String>,
    /// Of [`Outcome::variables`], which is `None` then.
    pub variables: Option<String>,
}

/// Where a run comes from when another run started it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lineage {
    /// The run that started it.
    pub parent: Option<ExecutionId>,
    /// The first run of the family; `None` for that run itself.
    pub root: Option<ExecutionId>,
    /// How many runs are above it.
    pub depth: i64,
    /// An organization's own code had a part in starting it; see [`crate::Rights`].
    pub is_confined: bool,
}

impl Lineage {
    /// Most runs above a run. A chain that is longer starts itself.
    pub const MAX_DEPTH: i64 = 16;
    /// Most runs of one family. More work at once belongs into fewer, longer runs.
    pub const MAX_FAMILY: i64 = 10_000;

    /// Of a run that a run starts whose code belongs to `workspace`.
    pub fn of_child(parent: &Execution, workspace: Scope) -> Self {
        Self {
            parent: Some(parent.id),
            root: Some(parent.lineage.root.unwrap_or(parent.id)),
            depth: parent.lineage.depth + 1,
            is_confined: parent.lineage.is_confined || workspace != Scope::Global,
        }
    }
}

/// A run as the database has it. What is in [`Execution::stored`] is loaded where it is
/// needed, and nowhere else.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Execution {
    /// Its id.
    pub id: ExecutionId,
    /// The organization whose data it may touch.
    pub organization_id: OrganizationId,
    /// What runs.
    pub workflow_id: WorkflowId,
    /// The workflow's name when it was queued.
    pub workflow_name: String,
    /// The code it was queued with.
    pub version_id: VersionId,
    /// Where it stands.
    pub status: Status,
    /// As submitted.
    pub parameters: Value,
    /// Who asked for it.
    pub executed_by: UserId,
    /// Their e-mail when they asked.
    pub executed_by_email: String,
    /// Their name when they asked.
    pub executed_by_name: String,
    /// What they were allowed to do when they asked.
    pub executed_by_role: Role,
    /// What the key that asked for it allowed; everything for a session. What its holder may
    /// do is asked again whenever the run wants something.
    #[serde(default = "Permissions::all")]
    pub executed_by_ceiling: Permissions,
    /// Attempts so far: how many times a worker has taken it, this time included, or its
    /// ticket became a dead letter.
    pub attempt: i32,
    /// Whether another attempt follows when a worker is lost.
    pub retry_on_loss: bool,
    /// Accepted.
    pub created_at: DateTime<Utc>,
    /// First taken by a worker.
    pub started_at: Option<DateTime<Utc>>,
    /// Reached a terminal status.
    pub completed_at: Option<DateTime<Utc>>,
    /// Its end; `None` until then.
    pub outcome: Option<Outcome>,
    /// The execution this one repeats.
    pub rerun_of: Option<ExecutionId>,
    /// Not admitted earlier: its time while it is Scheduled, later the end of a pause.
    pub not_before: Option<DateTime<Utc>>,
    /// The schedule that asked for it.
    pub schedule_id: Option<ScheduleId>,
    /// What is not in the row itself.
    pub stored: Stored,
    /// The runs that led to it.
    pub lineage: Lineage,
    /// The delivery of a webhook that it was started for.
    #[serde(default)]
    pub delivery_id: Option<DeliveryId>,
    /// The form that it was started through.
    #[serde(default)]
    pub form_id: Option<FormId>,
    /// What the form's launch workflow had returned.
    #[serde(default)]
    pub startup: Option<Value>,
    /// What it used of its limits, as its worker counted.
    #[serde(default)]
    pub metering: Option<Metering>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_survive_the_wire() {
        for status in Status::ALL {
            assert_eq!(status.as_str().parse::<Status>().expect("known"), status);
            assert_eq!(serde_json::to_value(status).expect("json"), status.as_str());
        }
    }

    #[test]
    fn priorities_of_the_background_survive_the_wire_and_come_last() {
        for priority in [BackgroundPriority::Normal, BackgroundPriority::Bulk] {
            assert_eq!(priority.as_str().parse::<BackgroundPriority>().expect("known"), priority);
            assert_eq!(serde_json::to_value(priority).expect("json"), priority.as_str());
            assert!(Priority::Interactive.rank() < Priority::from(priority).rank());
        }
        assert!("interactive".parse::<BackgroundPriority>().is_err());
    }

    #[test]
    fn nothing_follows_a_terminal_status() {
        for from in Status::ALL.into_iter().filter(|s| s.is_terminal()) {
            assert!(Status::ALL.into_iter().all(|to| !from.can_become(to)), "{from:?}");
        }
    }

    #[test]
    fn every_unfinished_status_can_end() {
        for from in Status::ALL.into_iter().filter(|s| !s.is_terminal()) {
            assert!(Status::ALL.into_iter().any(|to| to.is_terminal() && from.can_become(to)));
        }
    }
}
