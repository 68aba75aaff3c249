//! What is done to whom and when: made from a seed alone, so that a run can be repeated.

use crate::random::Random;
use crate::services::Service;
use serde::Serialize;
use std::collections::HashMap;
use std::time::Duration;

/// The platform's processes, two of each kind.
pub const PROCESSES: [&str; 6] = ["api-1", "api-2", "worker-1", "worker-2", "scheduler-1", "scheduler-2"];
/// A lease lasts 15 s and is renewed every 5 s: whoever is silent for longer than that has lost its runs.
const BEYOND_LEASE: (u64, u64) = (16_000, 22_000);
/// At most: to find a worker in the middle of a long run, and until another has that run, whatever is broken then.
const OVERTAKEN: (u64, u64) = (36_000, 40_000);
/// Leadership lasts 6 s.
const BEYOND_TERM: (u64, u64) = (7_000, 10_000);

/// Who is harmed.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(untagged)]
pub enum Target {
    /// One of the services.
    Service(Service),
    /// One of [`PROCESSES`].
    Process(&'static str),
    /// The network between a process and a service.
    Between(&'static str, Service),
    /// The network between those who ask for runs and an API.
    Clients(&'static str),
}

/// What is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Harm {
    /// `kill -9`; started again when the fault ends.
    Kill,
    /// `kill -9` for a sandbox process of a worker.
    KillSandbox,
    /// SIGSTOP, then SIGCONT.
    Stop,
    /// SIGSTOP for a worker in the middle of a long run, SIGCONT as soon as another has begun
    /// that run again: whatever the first still says of it is too late.
    Overtake,
    /// Connections are ended, new ones refused.
    Cut,
    /// Nothing gets through; connections stay.
    Hole,
    /// The same; connections do not survive the end of it.
    Lost,
}

/// A fault.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Fault {
    /// After the start of the storm, in milliseconds.
    pub at_ms: u64,
    /// Until it ends, in milliseconds.
    pub lasts_ms: u64,
    /// To whom.
    pub target: Target,
    /// What.
    pub harm: Harm,
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let target = match &self.target {
            Target::Service(service) => service.name().to_owned(),
            Target::Process(process) => (*process).to_owned(),
            Target::Between(process, service) => format!("{process} <-> {}", service.name()),
            Target::Clients(process) => format!("clients <-> {process}"),
        };
        let (at, lasts) = (self.at_ms as f64 / 1e3, self.lasts_ms as f64 / 1e3);
        write!(f, "{at:7.2} s  {:<11} {target} for {lasts:.1} s", format!("{:?}", self.harm))
    }
}

/// Every kind of fault once; each plan begins with these, in its own order.
fn catalogue(random: &mut Random) -> Vec<(Target, Harm, (u64, u64))> {
    use Harm::*;
    use Service::*;
    use Target::{Between, Clients, Process};
    let mut all = vec![];
    for service in Service::ALL {
        all.push((Target::Service(service), Kill, (200, 3_000)));
        all.push((Target::Service(service), Cut, (300, 6_000)));
        all.push((Target::Service(service), Hole, (1_000, 8_000)));
    }
    all.push((Target::Service(Postgres), Stop, (500, 5_000)));
    all.push((Target::Service(Rabbitmq), Stop, (1_000, 12_000)));
    let mut one = |of: [&'static str; 2]| *random.pick(&of);
    let api = ["api-1", "api-2"];
    let scheduler = ["scheduler-1", "scheduler-2"];
    for worker in ["worker-1", "worker-2"] {
        all.push((Process(worker), Kill, (200, 4_000)));
        all.push((Process(worker), KillSandbox, (0, 0)));
        all.push((Process(worker), Overtake, OVERTAKEN));
    }
    let workers = ["worker-1", "worker-2"];
    all.push((Between(one(workers), Postgres), Lost, BEYOND_LEASE));
    all.push((Between(one(workers), Rabbitmq), Cut, (500, 5_000)));
    all.push((Between(one(workers), S3), Cut, (500, 5_000)));
    all.push((Process(one(api)), Kill, (200, 4_000)));
    all.push((Process(one(api)), Stop, (1_000, 6_000)));
    all.push((Clients(one(api)), Cut, (200, 3_000)));
    all.push((Between(one(api), Postgres), Cut, (500, 5_000)));
    all.push((Between(one(api), Redis), Lost, (500, 5_000)));
    all.push((Process(one(scheduler)), Kill, (200, 4_000)));
    all.push((Process(one(scheduler)), Stop, BEYOND_TERM));
    all.push((Between(one(scheduler), Rabbitmq), Hole, (3_000, 8_000)));
    all.push((Between(one(scheduler), Postgres), Hole, BEYOND_TERM));
    all
}

/// The faults of a storm, in order. None begins to harm what is harmed already.
pub fn plan(seed: u64, storm: Duration) -> Vec<Fault> {
    let mut random = Random::new(seed, "faults");
    let length = u64::try_from(storm.as_millis()).unwrap_or(u64::MAX);
    let mut first = catalogue(&mut random);
    random.shuffle(&mut first);
    let step = (length / (first.len() as u64 + 1)).clamp(200, 3_000);
    let mut busy: HashMap<Target, u64> = HashMap::new();
    let mut faults = vec![];
    let mut at = step / 2;
    while at < length {
        let (target, harm, (least, most)) = match first.pop() {
            Some(one) => one,
            None => {
                let again = catalogue(&mut random);
                random.pick(&again).clone()
            }
        };
        let begins = at.max(busy.get(&target).copied().unwrap_or(0));
        let lasts_ms = random.between(least, most);
        if begins < length {
            busy.insert(target.clone(), begins + lasts_ms + 1_000);
            faults.push(Fault { at_ms: begins, lasts_ms, target, harm });
        }
        at += random.between(step / 2, step * 3 / 2);
    }
    faults.sort_by_key(|fault| fault.at_ms);
    faults
}

/// A storm of [`Harm::Overtake`] alone, one worker after the other: nothing keeps the other one from going on with the run.
pub fn overtakes(storm: Duration) -> Vec<Fault> {
    let length = u64::try_from(storm.as_millis()).unwrap_or(u64::MAX);
    let workers = ["worker-1", "worker-2"].into_iter().cycle();
    // The first long runs have to be in the middle.
    let times = (5_000..length).step_by(usize::try_from(OVERTAKEN.1 + 1_000).unwrap_or(usize::MAX));
    times
        .zip(workers)
        .map(|(at_ms, worker)| Fault {
            at_ms,
            lasts_ms: OVERTAKEN.1,
            target: Target::Process(worker),
            harm: Harm::Overtake,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_repeats_its_plan() {
        let storm = Duration::from_secs(300);
        assert_eq!(plan(7, storm), plan(7, storm));
        assert_ne!(plan(7, storm), plan(8, storm));
    }

    #[test]
    fn a_short_storm_has_every_kind_of_fault() {
        for seed in 0..50 {
            let faults = plan(seed, Duration::from_secs(90));
            let kinds: std::collections::HashSet<_> =
                faults.iter().map(|fault| (fault.target.clone(), format!("{:?}", fault.harm))).collect();
            let services = Service::ALL.len() * 3;
            assert!(kinds.len() >= services + 8, "seed {seed}: {} kinds", kinds.len());
            assert!(faults.iter().all(|fault| fault.at_ms < 90_000));
        }
    }

    #[test]
    fn one_worker_is_overtaken_by_the_other_and_then_the_other_by_the_one() {
        let faults = overtakes(Duration::from_secs(90));
        assert!(faults.iter().all(|fault| fault.harm == Harm::Overtake));
        assert!(
            faults
                .windows(2)
                .all(|two| two[0].target != two[1].target && two[0].at_ms + two[0].lasts_ms < two[1].at_ms)
        );
        assert!(faults.len() >= 2);
    }

    #[test]
    fn nothing_is_harmed_twice_at_once() {
        for seed in 0..50 {
            let mut until: HashMap<Target, u64> = HashMap::new();
            for fault in plan(seed, Duration::from_secs(600)) {
                let before = until.insert(fault.target.clone(), fault.at_ms + fault.lasts_ms);
                assert!(before.is_none_or(|end| end < fault.at_ms), "seed {seed}: {fault}");
            }
        }
    }
}
