//! Who takes runs, and what waits for them: of the whole installation, whichever process answers.

use crate::auth::may;
use crate::problem::ApiResult;
use crate::responses::Reads;
use crate::state::ApiState;
use axum::Json;
use axum::extract::State;
use bifrost_core::{OrganizationId, Priority};
use bifrost_store::executions::{self, Line, Load, Overview};
use bifrost_store::workers::{self, Member};
use chrono::{DateTime, Utc};
use serde::Serialize;

/// A process that takes runs from the queue.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct WorkerView {
    /// Names it in logs.
    id: String,
    /// The machine.
    host: String,
    /// The program's version.
    version: String,
    /// Runs that it holds at the same time, at most.
    slots: i64,
    /// Runs that it holds now.
    running: i64,
    /// Runs that it could take now.
    free: i64,
    /// It takes no more runs and ends with its last.
    is_draining: bool,
    /// It was not heard of for more than ten seconds; its runs are tried again by others. Forgotten
    /// after an hour.
    is_silent: bool,
    started_at: DateTime<Utc>,
    /// When it was heard of last.
    seen_at: DateTime<Utc>,
}

/// All workers, those of a machine together.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct WorkerList {
    workers: Vec<WorkerView>,
}

/// What waits for a worker, and what workers hold.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct QueueView {
    /// Admitted to the queue and not fetched by a worker yet; part of what waits. `null` when the
    /// queue does not say.
    admitted: Option<u64>,
    /// Every priority, the first one first.
    priorities: Vec<QueuePriority>,
    /// Those of which something waits or is under way, by name.
    organizations: Vec<QueueOrganization>,
    /// Dead letters whose run ended, and that nobody has replayed.
    dead_letters: i64,
}

/// What waits at one priority, of all organizations.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct QueuePriority {
    priority: Priority,
    #[serde(flatten)]
    waiting: QueueWaiting,
}

/// What there is of one organization.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct QueueOrganization {
    organization_id: OrganizationId,
    organization_name: String,
    /// False: its runs wait until it may run again.
    is_active: bool,
    /// How many of its runs may be under way at the same time.
    concurrent_runs: u64,
    /// How many are.
    running: i64,
    #[serde(flatten)]
    waiting: QueueWaiting,
}

/// What waits.
#[derive(Default, Serialize, utoipa::ToSchema)]
pub(crate) struct QueueWaiting {
    /// Runs that a worker could take now.
    waiting: i64,
    /// Runs that rest before another attempt.
    resting: i64,
    /// Since when the first of those that wait could be taken; `null` when none waits.
    waiting_since: Option<DateTime<Utc>>,
}

impl From<Member> for WorkerView {
    fn from(member: Member) -> Self {
        let Member { worker, running, is_silent } = member;
        let takes = !worker.is_draining && !is_silent;
        Self {
            id: worker.id,
            host: worker.host,
            version: worker.version,
            slots: worker.slots,
            running,
            free: if takes { (worker.slots - running).max(0) } else { 0 },
            is_draining: worker.is_draining,
            is_silent,
            started_at: worker.started_at,
            seen_at: worker.seen_at,
        }
    }
}

impl QueueWaiting {
    fn of<'a>(lines: impl Iterator<Item = &'a Line>) -> Self {
        lines.fold(Self::default(), |sum, line| Self {
            waiting: sum.waiting + line.waiting,
            resting: sum.resting + line.resting,
            waiting_since: sum.waiting_since.into_iter().chain(line.waiting_since).min(),
        })
    }
}

impl QueueView {
    fn new(overview: Overview, admitted: Option<u64>) -> Self {
        let Overview { organizations, dead_letters } = overview;
        let of = |priority: Priority| {
            let lines = organizations.iter().flat_map(|load| &load.lines);
            let waiting = QueueWaiting::of(lines.filter(|line| line.priority == priority));
            QueuePriority { priority, waiting }
        };
        let priorities = Priority::ALL.map(of).into();
        let organizations = organizations.into_iter().map(Into::into).collect();
        Self { admitted, priorities, organizations, dead_letters }
    }
}

impl From<Load> for QueueOrganization {
    fn from(load: Load) -> Self {
        Self {
            organization_id: load.organization,
            organization_name: load.name,
            is_active: load.is_active,
            concurrent_runs: load.concurrent_runs,
            running: load.running,
            waiting: QueueWaiting::of(load.lines.iter()),
        }
    }
}

/// Lists the workers of the installation, as they last said of themselves.
#[utoipa::path(get, path = "/api/workers", operation_id = "list_workers", tag = "operations",
    responses((status = 200, body = WorkerList), Reads))]
pub(crate) async fn workers(
    State(state): State<ApiState>,
    _: may::OperatePlatform,
) -> ApiResult<Json<WorkerList>> {
    let workers = workers::fleet(&state.db).await?;
    Ok(Json(WorkerList { workers: workers.into_iter().map(Into::into).collect() }))
}

/// What waits for a worker and what is under way, of all organizations.
#[utoipa::path(get, path = "/api/queue", operation_id = "get_queue", tag = "operations",
    responses((status = 200, body = QueueView), Reads))]
pub(crate) async fn queue(
    State(state): State<ApiState>,
    _: may::OperatePlatform,
) -> ApiResult<Json<QueueView>> {
    let overview = executions::overview(&state.db).await?;
    // The database knows the rest while the queue is away.
    let admitted = match &state.operations.queue {
        Some(queue) => queue.waiting().await.unwrap_or_default(),
        None => None,
    };
    Ok(Json(QueueView::new(overview, admitted)))
}
