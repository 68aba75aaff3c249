//! Does what the plan says, and heals everything in the end.

use crate::database::Database;
use crate::load;
use crate::plan::{Fault, Harm, Target};
use crate::platform::Platform;
use crate::process::Process;
use crate::proxy::{Link, Way};
use crate::services::Services;
use anyhow::Result;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, sleep, sleep_until, timeout, timeout_at};
use uuid::Uuid;

/// Between two looks for processes that ended by themselves.
const TEND: Duration = Duration::from_millis(200);
/// Between two looks for who has a run.
const LOOK: Duration = Duration::from_millis(100);
/// How long a worker is given to be in the middle of a long run.
const SEEK: Duration = Duration::from_secs(10);

/// Everything that can be harmed.
pub struct World {
    /// The services.
    pub services: Services,
    /// The platform.
    pub platform: Arc<Platform>,
    /// Tells where runs are.
    pub database: Database,
}

impl World {
    /// Restarts processes that end by themselves, for ever.
    pub async fn tend(&self) {
        loop {
            self.services.tend();
            self.platform.tend();
            sleep(TEND).await;
        }
    }

    /// Does all faults of a plan, each at its time.
    pub async fn storm(self: &Arc<Self>, plan: &[Fault]) {
        let began = Instant::now();
        let mut under_way = tokio::task::JoinSet::new();
        for fault in plan.iter().cloned() {
            sleep_until(began + Duration::from_millis(fault.at_ms)).await;
            println!("  {fault}");
            let world = self.clone();
            under_way.spawn(async move {
                world.harm(&fault).await;
            });
        }
        while under_way.join_next().await.is_some() {}
    }

    /// Heals what faults have left, and waits for the services.
    ///
    /// # Errors
    /// When a service does not come back.
    pub async fn heal(&self) -> Result<()> {
        for running in &self.services.all {
            running.process.freeze(false);
            running.process.start()?;
        }
        for running in &self.services.all {
            running.ready().await?;
        }
        self.platform.heal()
    }

    async fn harm(&self, fault: &Fault) {
        let lasts = Duration::from_millis(fault.lasts_ms);
        match (&fault.target, fault.harm) {
            (Target::Service(service), Harm::Kill | Harm::KillSandbox | Harm::Stop) => {
                let process = self.services.get(*service).process.clone();
                harm_process(process, fault.harm, lasts).await;
            }
            (Target::Process(name), Harm::Overtake) => {
                self.overtake(self.platform.process(name).clone(), lasts).await;
            }
            (Target::Process(name), harm) => {
                harm_process(self.platform.process(name).clone(), harm, lasts).await;
            }
            (Target::Service(service), harm) => {
                harm_links(self.platform.links_to(*service).collect(), harm, lasts).await;
            }
            (Target::Between(process, service), harm) => {
                harm_links(vec![self.platform.link(process, *service)], harm, lasts).await;
            }
            (Target::Clients(api), harm) => {
                harm_links(vec![self.platform.client_link(api)], harm, lasts).await;
            }
        }
    }

    /// Stops a worker when it is in the middle of a long run (or when there is none for too long), and has it go on as
    /// soon as another is.
    async fn overtake(&self, worker: Arc<Process>, lasts: Duration) {
        let name = worker.name.clone();
        let end = Instant::now() + lasts;
        let held = timeout(SEEK, self.seek(&worker)).await.ok();
        freeze(&worker, true).await;
        let overtaken = async {
            let Some((run, attempt)) = held else { return std::future::pending().await };
            while !self.database.is_overtaken(run, attempt).await.unwrap_or(false) {
                sleep(LOOK).await;
            }
            println!("  {name} goes on; another has begun {run} again");
        };
        let _ = timeout_at(end, overtaken).await;
        freeze(&worker, false).await;
    }

    async fn seek(&self, worker: &Process) -> (Uuid, i64) {
        loop {
            if let Some(pid) = worker.pid()
                && let Ok(Some(held)) = self.database.long_run_of(pid, load::LONG.0).await
            {
                return held;
            }
            sleep(LOOK).await;
        }
    }
}

/// Waits for the kernel.
async fn freeze(process: &Arc<Process>, stopped: bool) {
    let process = process.clone();
    let _ = tokio::task::spawn_blocking(move || process.freeze(stopped)).await;
}

async fn harm_process(process: Arc<Process>, harm: Harm, lasts: Duration) {
    let victim = process.clone();
    // Killing waits for the kernel.
    let begun = tokio::task::spawn_blocking(move || match harm {
        // A service loses power; of ours only the process itself dies, and those it has
        // started have to notice.
        Harm::Kill => victim.kill(crate::services::Service::ALL.iter().any(|s| s.name() == victim.name)),
        Harm::KillSandbox => drop(victim.kill_child()),
        _ => victim.freeze(true),
    });
    let _ = begun.await;
    sleep(lasts).await;
    let ended = tokio::task::spawn_blocking(move || match harm {
        Harm::Kill => process.start(),
        Harm::KillSandbox => Ok(()),
        _ => {
            process.freeze(false);
            Ok(())
        }
    });
    if let Ok(Err(error)) = ended.await {
        eprintln!("not started again: {error:#}");
    }
}

async fn harm_links(links: Vec<&Link>, harm: Harm, lasts: Duration) {
    let way = if harm == Harm::Cut { Way::Cut } else { Way::Hole };
    links.iter().for_each(|link| link.set(way));
    sleep(lasts).await;
    if harm == Harm::Lost {
        links.iter().for_each(|link| link.set(Way::Cut));
        sleep(Duration::from_millis(100)).await;
    }
    links.iter().for_each(|link| link.set(Way::Open));
}
