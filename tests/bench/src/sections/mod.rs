//! One module for each group of keys.

pub mod celery;
pub mod cold_start;
pub mod cpu;
pub mod draft;
pub mod durable;
pub mod fairness;
pub mod latency;
pub mod libraries;
pub mod memory;
pub mod save;
pub mod scaling;
pub mod schedules;
pub mod ui;

use crate::{Bench, Summary};
use anyhow::Result;

/// A group of keys that is measured together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, clap::ValueEnum)]
#[value(rename_all = "snake_case")]
pub enum Section {
    /// A fresh sandbox with a trivial workflow, beside `python3 -c pass`.
    ColdStart,
    /// The same with libraries imported, and saving such a workspace.
    Libraries,
    /// Throughput on two cores beside one.
    Scaling,
    /// Computing in the sandbox beside native CPython, with limits and without.
    Cpu,
    /// From a changed file to a version that runs, beside componentize-py and a compiler.
    SaveToRunnable,
    /// From an edited file to the first line of its log.
    DraftRun,
    /// Durable runs per second on both sets of engines.
    DurableRuns,
    /// The same with Celery.
    Celery,
    /// From submitting to the first line of the user's log.
    Latency,
    /// One organization's run beside another's ten thousand.
    Fairness,
    /// Loading ten thousand schedules, and how late they fire.
    Schedules,
    /// Memory of waiting runs, and of nothing at all.
    Memory,
    /// The web UI in Chromium: the first line of a log, a large form, Lighthouse.
    Ui,
}

impl Section {
    /// All of them, in the order in which they are measured.
    pub const ALL: [Self; 13] = [
        Self::ColdStart,
        Self::Libraries,
        Self::Scaling,
        Self::Cpu,
        Self::SaveToRunnable,
        Self::DraftRun,
        Self::DurableRuns,
        Self::Celery,
        Self::Latency,
        Self::Fairness,
        Self::Schedules,
        Self::Memory,
        Self::Ui,
    ];

    /// Measures it.
    ///
    /// # Errors
    /// When it cannot be measured.
    pub fn measure(self, bench: &Bench, summary: &mut Summary) -> Result<()> {
        match self {
            Self::ColdStart => cold_start::measure(bench, summary),
            Self::Libraries => libraries::measure(bench, summary),
            Self::Scaling => scaling::measure(bench, summary),
            Self::Cpu => cpu::measure(bench, summary),
            Self::SaveToRunnable => save::measure(bench, summary),
            Self::DraftRun => draft::measure(bench, summary),
            Self::DurableRuns => durable::measure(bench, summary),
            Self::Celery => celery::measure(bench, summary),
            Self::Latency => latency::measure(bench, summary),
            Self::Fairness => fairness::measure(bench, summary),
            Self::Schedules => schedules::measure(bench, summary),
            Self::Memory => memory::measure(bench, summary),
            Self::Ui => ui::measure(bench, summary),
        }
    }
}

/// A runtime with a single thread, as a sandbox process has it.
///
/// # Errors
/// When it cannot be made.
pub fn one_thread() -> Result<tokio::runtime::Runtime> {
    Ok(tokio::runtime::Builder::new_current_thread().enable_all().build()?)
}
