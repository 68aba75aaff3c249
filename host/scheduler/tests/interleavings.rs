//! Dispatcher, queue, workers and sweeper in every order, with tickets that get lost, come
//! twice or late, or become dead letters, workers that die and schedulers that start anew:
//! every accepted run reaches one end, each attempt is made at most once and has a cause,
//! no more is admitted than fits, and no organization has more runs under way than it may.

use bifrost_core::ports::{Bus, DeadLetter, Delivery, Queue, Ticket};
use bifrost_core::*;
use bifrost_scheduler::Dispatcher;
use bifrost_store::executions::{self, Claimed, Filters, NewExecution};
use bifrost_store::identity::{self, Bootstrap};
use bifrost_store::organizations::{self, NewOrganization};
use bifrost_store::workers::{self, WorkerRow};
use bifrost_store::workspaces::{self, Deployment};
use bifrost_store::{Db, InProcessBus, Options, dead_letters};
use bifrost_test_services::Database;
use futures::FutureExt;
use proptest::prelude::*;
use serde_json::json;
use std::collections::{HashMap, HashSet};
use std::panic::AssertUnwindSafe;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

const SLOTS: usize = 3;
/// Runs of one organization at the same time.
const LIMIT: usize = 2;

/// What happens next.
#[derive(Clone, Debug)]
enum Step {
    /// An organization asks for a run.
    Accept { organization: usize, priority: Priority },
    /// The dispatcher looks.
    Look,
    /// A ticket is delivered; which one, the chance decides. Twice, if it is a duplicate.
    Deliver { which: usize, again: bool },
    /// A ticket disappears.
    Lose { which: usize },
    /// The queue gives up on a ticket; a copy may still be around.
    GiveUp { which: usize, again: bool },
    /// Dead letters are reconciled. Acknowledgements may get lost.
    Reconcile { acknowledged: bool },
    /// A worker ends a run.
    Finish { which: usize },
    /// A worker gives a failed run back.
    Retry { which: usize },
    /// A worker dies with its run; its ticket may still be around.
    Die { which: usize },
    /// Leases of the dead are swept.
    Sweep,
    /// The scheduler dies; another one takes over and knows nothing.
    Restart,
    /// Somebody does not want the run any more.
    Cancel { which: usize },
}

fn step() -> impl Strategy<Value = Step> {
    let which = 0..8usize;
    prop_oneof![
        4 => (0..2usize, prop::sample::select(Priority::ALL.to_vec()))
            .prop_map(|(organization, priority)| Step::Accept { organization, priority }),
        5 => Just(Step::Look),
        6 => (which.clone(), any::<bool>()).prop_map(|(which, again)| Step::Deliver { which, again }),
        1 => which.clone().prop_map(|which| Step::Lose { which }),
        3 => (which.clone(), any::<bool>()).prop_map(|(which, again)| Step::GiveUp { which, again }),
        2 => any::<bool>().prop_map(|acknowledged| Step::Reconcile { acknowledged }),
        4 => which.clone().prop_map(|which| Step::Finish { which }),
        1 => which.clone().prop_map(|which| Step::Retry { which }),
        2 => which.clone().prop_map(|which| Step::Die { which }),
        2 => Just(Step::Sweep),
        1 => Just(Step::Restart),
        1 => which.prop_map(|which| Step::Cancel { which }),
    ]
}

/// A queue whose order and fate the test decides.
#[derive(Default)]
struct Wire {
    waiting: Mutex<Vec<Ticket>>,
    dead: Arc<Mutex<Vec<Ticket>>>,
    deaf: AtomicBool,
}

#[async_trait::async_trait]
impl Queue for Wire {
    async fn publish(&self, ticket: Ticket) -> Result<()> {
        self.waiting.lock().expect("not poisoned").push(ticket);
        Ok(())
    }

    async fn next(&self) -> Result<Delivery> {
        std::future::pending().await
    }

    /// Those of a deaf queue are there again, whatever is said to it.
    async fn dead_letters(&self, _: usize) -> Result<Vec<DeadLetter>> {
        let deaf = self.deaf.load(Ordering::SeqCst);
        let letter = |ticket| {
            let dead = self.dead.clone();
            let heard = move || -> Result<()> {
                if deaf {
                    dead.lock().expect("not poisoned").push(ticket);
                    return Err(Error::Busy("queue"));
                }
                Ok(())
            };
            let delivery = Delivery::new(ticket, move || Box::pin(std::future::ready(heard())));
            DeadLetter { delivery, reason: "delivery_limit".to_owned() }
        };
        Ok(self.dead.lock().expect("not poisoned").drain(..).map(letter).collect())
    }
}

struct World {
    db: Db,
    wire: Arc<Wire>,
    bus: Arc<dyn Bus>,
    dispatcher: Dispatcher,
    organizations: [OrganizationId; 2],
    workflow: WorkflowId,
    held: Vec<Claimed>,
    dead: usize,
    accepted: Vec<(OrganizationId, ExecutionId)>,
    made: HashSet<(ExecutionId, i32)>,
    ended: HashMap<ExecutionId, Status>,
}

impl World {
    async fn new(url: &str) -> Self {
        let db = Db::open(url, Options::default()).await.expect("database");
        let first = Bootstrap { organization: "Provider".into(), email: "a@b.test".into(), name: "A".into() };
        identity::bootstrap(&db, first).await.expect("bootstrap");
        let mut organizations = vec![];
        for name in ["one", "two"] {
            let limits = Limits { concurrent_runs: LIMIT as u64, ..Limits::default() };
            let new = NewOrganization { name: name.into(), limits, ..Default::default() };
            organizations.push(organizations::create(&db, new).await.expect("organization").id);
        }
        let report: WorkspaceReport = serde_json::from_value(json!({"workflows": [{
            "id": "a.py::f", "path": "a.py", "function": "f", "line": 1, "name": "f", "kind": "workflow",
            "parameters": [],
        }]}))
        .expect("report");
        let deployment = Deployment {
            source_hash: "h".into(),
            object_key: "sources/h".into(),
            own_key: "sources/h".into(),
            shared_hash: None,
            propose: false,
            instead_of: None,
            report,
            created_by: UserId::new(),
            message: None,
            force: false,
        };
        workspaces::deploy(&db.scope(Scope::Global), deployment).await.expect("deploy");
        let workflow =
            bifrost_store::workflows::find(&db.org(organizations[0]), "f").await.expect("workflow").id;
        let wire = Arc::new(Wire::default());
        let dispatcher = Dispatcher::new(db.clone(), wire.clone());
        let organizations = [organizations[0], organizations[1]];
        Self {
            db,
            wire,
            bus: Arc::new(InProcessBus::new()),
            dispatcher,
            organizations,
            workflow,
            held: vec![],
            dead: 0,
            accepted: vec![],
            made: HashSet::new(),
            ended: HashMap::new(),
        }
    }

    fn on_the_wire(&self) -> usize {
        self.wire.waiting.lock().expect("not poisoned").len()
    }

    fn ticket(&self, which: usize, keep: bool) -> Option<Ticket> {
        let mut wire = self.wire.waiting.lock().expect("not poisoned");
        if wire.is_empty() {
            return None;
        }
        let index = which % wire.len();
        Some(if keep { wire[index] } else { wire.remove(index) })
    }

    async fn play(&mut self, step: Step) {
        match step {
            Step::Accept { organization, priority } => {
                let organization = self.organizations[organization];
                let caller = Caller::of_role(UserId::new(), "u@o.test", organization, Role::OrgUser);
                let new = NewExecution { priority, ..NewExecution::by(&caller, self.workflow, json!({})) };
                let accepted = executions::accept(&self.db.org(organization), new).await.expect("accepted");
                self.accepted.push((organization, accepted.execution.id));
            }
            Step::Look => {
                beat(&self.db).await;
                let before = self.on_the_wire();
                self.dispatcher.look().await.expect("look");
                let free = SLOTS.saturating_sub(self.held.len() + self.dead);
                assert!(self.on_the_wire() - before <= 2 * free, "more than fits was admitted");
            }
            // A worker takes what it is given only while it has a slot.
            Step::Deliver { which, again } if self.held.len() + self.dead < SLOTS => {
                let Some(ticket) = self.ticket(which, again) else { return };
                if let Some(claimed) = executions::claim(&self.db, ticket, "w", 3_600).await.expect("claim") {
                    let attempt = (claimed.execution.id, claimed.execution.attempt);
                    assert!(self.made.insert(attempt), "{attempt:?} was made twice");
                    self.held.push(claimed);
                }
            }
            Step::Deliver { .. } => {}
            Step::Lose { which } => drop(self.ticket(which, false)),
            Step::GiveUp { which, again } => {
                let dead = self.ticket(which, again);
                self.wire.dead.lock().expect("not poisoned").extend(dead);
            }
            Step::Reconcile { acknowledged } => {
                self.wire.deaf.store(!acknowledged, Ordering::SeqCst);
                let queue: Arc<dyn Queue> = self.wire.clone();
                bifrost_scheduler::reconcile(&self.db, &queue, &self.bus).await.expect("reconciled");
            }
            Step::Finish { which } => {
                if let Some(held) = self.take(which) {
                    let outcome = Outcome::ended(Status::Success, "", "");
                    executions::finish(&self.db, held.execution.id, held.token, outcome).await.expect("end");
                }
            }
            Step::Retry { which } => {
                if let Some(held) = self.take(which) {
                    let (cause, time) = ("error:OSError".to_owned(), bifrost_store::now());
                    let id = held.execution.id;
                    let given = executions::retry(&self.db, id, held.token, cause, time, vec![])
                        .await
                        .expect("retry");
                    if !given {
                        let outcome = Outcome::ended(Status::Cancelled, "cancelled", "");
                        executions::finish(&self.db, id, held.token, outcome).await.expect("end");
                    }
                }
            }
            Step::Die { which } => {
                if let Some(held) = self.take(which) {
                    self.dead += 1;
                    executions::renew_lease(&self.db, held.execution.id, held.token, 0).await.expect("lease");
                }
            }
            Step::Sweep => {
                executions::expired_leases(&self.db, bifrost_store::now()).await.expect("sweep");
                self.dead = 0;
            }
            Step::Restart => self.dispatcher = Dispatcher::new(self.db.clone(), self.wire.clone()),
            Step::Cancel { which } => {
                if self.accepted.is_empty() {
                    return;
                }
                let (organization, id) = self.accepted[which % self.accepted.len()];
                let _ = executions::request_cancel(&self.db.org(organization), id).await;
            }
        }
    }

    fn take(&mut self, which: usize) -> Option<Claimed> {
        if self.held.is_empty() { None } else { Some(self.held.remove(which % self.held.len())) }
    }

    async fn check(&mut self) {
        let all =
            executions::list(&self.db.system(), &Filters::default(), None, 1_000).await.expect("a list");
        let mut under_way: HashMap<_, usize> = HashMap::new();
        for run in all.items {
            // Those of dead workers too: whether they are dead is not known until they are swept.
            if matches!(run.status, Status::Running | Status::Waiting | Status::Cancelling) {
                *under_way.entry(run.organization_id).or_default() += 1;
            }
            match self.ended.get(&run.id) {
                Some(end) => assert_eq!(run.status, *end, "{} has ended before", run.id),
                None if run.status.is_terminal() => drop(self.ended.insert(run.id, run.status)),
                None => {}
            }
        }
        assert!(under_way.values().all(|count| *count <= LIMIT), "{under_way:?}");
    }

    /// Whatever happened, all runs end once the world is well again.
    async fn settle(&mut self) {
        for _ in 0..self.accepted.len() * 4 + 8 {
            self.play(Step::Sweep).await;
            self.play(Step::Reconcile { acknowledged: true }).await;
            self.play(Step::Restart).await;
            self.play(Step::Look).await;
            while self.held.len() < SLOTS && self.on_the_wire() > 0 {
                self.play(Step::Deliver { which: 0, again: false }).await;
            }
            while !self.held.is_empty() {
                self.play(Step::Finish { which: 0 }).await;
            }
        }
        self.check().await;
        assert!(self.wire.dead.lock().expect("not poisoned").is_empty(), "a dead letter is left");
        let letters = dead_letters::list(&self.db.system(), Default::default(), None, 1_000).await;
        for letter in letters.expect("letters").items {
            let attempt = (letter.execution_id, letter.attempt);
            assert!(!self.made.contains(&attempt), "{attempt:?} was made although its ticket had died");
        }
        for (organization, id) in &self.accepted {
            let execution = executions::get(&self.db.org(*organization), *id).await.expect("execution");
            assert!(execution.status.is_terminal(), "{execution:?}");
            let causes = executions::attempts(&self.db.org(*organization), *id).await.expect("causes");
            assert!((2..=execution.attempt).all(|n| causes.iter().any(|c| c.attempt == n)), "{causes:?}");
        }
    }
}

/// The workers live, however long a case takes.
async fn beat(db: &Db) {
    let time = bifrost_store::now();
    let worker = WorkerRow {
        id: "w".into(),
        host: "h".into(),
        version: "1".into(),
        slots: SLOTS as i64,
        is_draining: false,
        started_at: time,
        seen_at: time,
    };
    workers::beat(db, &worker).await.expect("beat");
}

async fn play(url: &str, steps: Vec<Step>) {
    let mut world = World::new(url).await;
    for step in steps {
        world.play(step).await;
        world.check().await;
    }
    world.settle().await;
    world.db.close().await;
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("runtime")
}

#[test]
fn a_new_leader_does_not_make_more_of_an_organizations_runs_at_once() {
    let folder = tempfile::tempdir().expect("folder");
    let url = format!("sqlite:{}", folder.path().join("one").display());
    runtime().block_on(async {
        let mut world = World::new(&url).await;
        let accept = |priority| Step::Accept { organization: 0, priority };
        let steps =
            [accept(Priority::Normal), accept(Priority::Normal), Step::Look, Step::Restart, Step::Look];
        for step in steps {
            world.play(step).await;
        }
        // The next leader knows nothing of the tickets that are on their way.
        for step in [Step::Restart, accept(Priority::Interactive), Step::Look] {
            world.play(step).await;
        }
        while world.on_the_wire() > 0 {
            world.play(Step::Deliver { which: 0, again: false }).await;
            world.check().await;
        }
        assert_eq!(world.held.len(), LIMIT);
        world.settle().await;
        world.db.close().await;
    });
}

fn config(cases: u32) -> ProptestConfig {
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

#[test]
fn every_accepted_run_ends_whatever_dies() {
    let (runtime, folder) = (runtime(), tempfile::tempdir().expect("folder"));
    proptest!(config(48), |(steps in prop::collection::vec(step(), 1..60))| {
        let url = format!("sqlite:{}", folder.path().join(uuid::Uuid::now_v7().to_string()).display());
        runtime.block_on(play(&url, steps));
    });
}

#[test]
fn every_accepted_run_ends_on_postgres_as_well() {
    let runtime = runtime();
    proptest!(config(6), |(steps in prop::collection::vec(step(), 1..60))| {
        runtime.block_on(async {
            let database = Database::create("interleavings").await.expect("PostgreSQL");
            let played = AssertUnwindSafe(play(database.url(), steps)).catch_unwind().await;
            database.finish().await.expect("removed");
            if let Err(panic) = played {
                std::panic::resume_unwind(panic);
            }
        });
    });
}
