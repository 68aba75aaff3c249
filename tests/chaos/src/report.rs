//! What a run of the harness found, for people and as JSON.

use crate::database::RunRow;
use crate::load::Answered;
use crate::plan::Fault;
use crate::verdict::Check;
use anyhow::Result;
use serde::Serialize;
use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

/// How often a process was started, and how it ended by itself.
#[derive(Serialize)]
pub struct Starts {
    /// Its name.
    pub process: String,
    /// Starts.
    pub starts: u32,
    /// Ends that no fault asked for; a process may end when it starts while a service is away.
    pub own_ends: Vec<String>,
}

/// The whole story.
#[derive(Serialize)]
pub struct Summary {
    /// Repeats the plan of faults and the load.
    pub seed: u64,
    /// `storm`, `rolling`, or the planted fault.
    pub mode: String,
    /// True when no promise was broken.
    pub green: bool,
    /// Whether all was quiet in time.
    pub quiet: bool,
    /// Seconds of the storm, and until all was quiet after it.
    pub seconds: (f64, f64),
    /// Runs that were asked for.
    pub asked: usize,
    /// Requests for them.
    pub requests: u32,
    /// Answers that told of the end of a run.
    pub waited: usize,
    /// Rows by status.
    pub statuses: BTreeMap<String, usize>,
    /// Runs by number of attempts.
    pub attempts: BTreeMap<i64, usize>,
    /// Runs of schedules.
    pub scheduled: usize,
    /// Longest time from the first request to its acceptance, in seconds.
    pub slowest_acceptance: f64,
    /// Faults that were planned and done.
    pub faults: Vec<Fault>,
    /// All promises.
    pub checks: Vec<Check>,
    /// Processes.
    pub processes: Vec<Starts>,
}

impl Summary {
    /// Counts what clients heard and what the database has.
    pub fn count(&mut self, answered: &[Answered], runs: &[RunRow]) {
        self.asked = answered.len();
        self.requests = answered.iter().map(|one| one.requests).sum();
        self.waited = answered.iter().map(|one| one.heard.len()).sum();
        let slowest = answered.iter().filter_map(|one| one.accepted_after).max().unwrap_or(Duration::ZERO);
        self.slowest_acceptance = slowest.as_secs_f64();
        for run in runs {
            *self.statuses.entry(run.status.clone()).or_default() += 1;
            *self.attempts.entry(run.attempt).or_default() += 1;
            self.scheduled += usize::from(run.scheduled.is_some());
        }
    }

    /// Writes it as JSON.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn write(&self, path: &Path) -> Result<()> {
        Ok(std::fs::write(path, serde_json::to_string_pretty(self)?)?)
    }

    /// Prints it.
    pub fn print(&self) {
        let (storm, after) = self.seconds;
        println!("\n{} with seed {}: {storm:.0} s, then {after:.0} s", self.mode, self.seed);
        println!(
            "  {} runs asked for in {} requests, {} ends heard, slowest acceptance {:.1} s; {} of schedules",
            self.asked, self.requests, self.waited, self.slowest_acceptance, self.scheduled
        );
        println!(
            "  statuses {:?}, attempts {:?}, {} faults",
            self.statuses,
            self.attempts,
            self.faults.len()
        );
        for one in self.processes.iter().filter(|one| one.starts > 1 || !one.own_ends.is_empty()) {
            println!("  {}: started {} times, ended by itself {:?}", one.process, one.starts, one.own_ends);
        }
        if !self.quiet {
            println!("  it did not become quiet in time");
        }
        for check in &self.checks {
            let mark = if check.broken == 0 { "ok    " } else { "BROKEN" };
            println!("  {mark} {}", check.promise);
            if check.broken > 0 {
                println!("         {} times, for instance:", check.broken);
                check.examples.iter().for_each(|example| println!("         - {example}"));
            }
        }
        println!("{}", self.line());
    }

    /// All of it in one line, which `tests/full.sh` looks for.
    fn line(&self) -> String {
        let broken = self.checks.iter().filter(|check| check.broken > 0).count();
        let verdict = match (self.green, self.quiet) {
            (true, _) => "green".to_owned(),
            (_, true) => format!("RED, {broken} promises broken"),
            (_, false) => format!("RED, {broken} promises broken, not quiet in time"),
        };
        format!(
            "chaos: {}, seed {}: {} runs and {} of schedules, {} faults in {:.0} s, quiet after {:.0} s more: {verdict}",
            self.mode,
            self.seed,
            self.asked,
            self.scheduled,
            self.faults.len(),
            self.seconds.0,
            self.seconds.1,
        )
    }
}
