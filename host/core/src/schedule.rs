//! When a schedule is due. Pure: the clock is always a parameter.
//!
//! Daylight saving: what is bound to the wall clock (`30 2 * * *`) runs once a day, just
//! after a gap that holds its time, and the first time when the time comes twice. What
//! has `*` for the minute or the hour follows elapsed time: hourly is every hour.

use crate::{Error, Result, Warning, WorkflowId, WorkflowInfo, WorkflowKind, WorkspaceReport, cron};
use chrono::{DateTime, SubsecRound, TimeDelta, Utc};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

/// The channel on which the scheduler hears that something was scheduled.
pub const WAKE: &str = "schedules";
/// Stands for the caller of runs that nobody asked for: they act as the workflow itself, for
/// its organization.
pub const IDENTITY: &str = "schedule";
/// Longest cron expression, in bytes.
const MAX_EXPRESSION: usize = 200;
/// A tick that is noticed within this time was not missed. Shorter than the shortest
/// distance of two ticks would lose one of them on every restart.
pub const ON_TIME: TimeDelta = TimeDelta::seconds(60);
/// [`CatchUp::All`] goes back this far at most.
pub const CATCH_UP_AGE: TimeDelta = TimeDelta::hours(24);
/// [`CatchUp::All`] makes up for this many ticks at most.
pub const CATCH_UP_RUNS: usize = 100;

/// Farthest that a run can be deferred.
const MAX_DELAY: TimeDelta = TimeDelta::days(366);

/// When a deferred run is to start: at an instant (RFC 3339), or so many seconds from `now`.
///
/// # Errors
/// `Invalid` for both at once, for what is no time, and for what is too far ahead.
pub fn deferral(now: DateTime<Utc>, at: Option<&str>, delay: Option<u64>) -> Result<Option<DateTime<Utc>>> {
    let (field, time) = match (at, delay) {
        (None, None) => return Ok(None),
        (Some(_), Some(_)) => {
            return Err(Error::invalid("delay_seconds", "give either `scheduled_at` or `delay_seconds`"));
        }
        (Some(at), None) => {
            let time = DateTime::parse_from_rfc3339(at).map_err(|_| {
                Error::invalid("scheduled_at", "expected a time with its zone, such as 2026-01-31T12:00:00Z")
            })?;
            ("scheduled_at", Some(time.to_utc()))
        }
        (None, Some(seconds)) => {
            let delay = i64::try_from(seconds).ok().and_then(TimeDelta::try_seconds);
            ("delay_seconds", delay.and_then(|delay| now.checked_add_signed(delay)))
        }
    };
    match time {
        Some(time) if time <= now + MAX_DELAY => Ok(Some(time)),
        _ => Err(Error::invalid(field, format!("more than {} days ahead", MAX_DELAY.num_days()))),
    }
}

macro_rules! named {
    ($(#[$doc:meta])* $type:ident { $($(#[$vdoc:meta])* $variant:ident = $name:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
        #[serde(rename_all = "snake_case")]
        pub enum $type { $($(#[$vdoc])* $variant,)+ }

        impl $type {
            /// The name on the wire and in the database.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ }
            }
        }

        impl std::str::FromStr for $type {
            type Err = Error;

            fn from_str(text: &str) -> Result<Self> {
                match text {
                    $($name => Ok(Self::$variant),)+
                    other => Err(Error::invalid("schedule", format!("unknown `{other}`"))),
                }
            }
        }
    };
}

named! {
    /// What happens when a tick comes while an earlier run of the schedule has not ended.
    Overlap {
        /// The tick makes no run.
        Skip = "skip",
        /// The new run waits for the end of the earlier ones.
        Queue = "queue",
        /// The earlier runs are asked to end; the new run starts when they have.
        Replace = "replace",
    }
}

named! {
    /// What happens to ticks that passed while nothing was there to notice them.
    CatchUp {
        /// They are left out.
        None = "none",
        /// The latest of them makes a run.
        Last = "last",
        /// All within [`CATCH_UP_AGE`], at most [`CATCH_UP_RUNS`], make runs.
        All = "all",
    }
}

named! {
    /// Who wrote a schedule.
    ScheduleSource {
        /// `@workflow(schedule=…)`; follows deployments.
        Decorator = "decorator",
        /// A person, by the API.
        Api = "api",
    }
}

/// What a schedule does when its time comes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Starts {
    /// Runs a workflow.
    Workflow(WorkflowId),
    /// Emits a topic of its organization, as `events.emit` does.
    Topic(String),
}

/// A cron expression in a time zone.
#[derive(Clone, Debug)]
pub struct Timetable {
    cron: croner::Cron,
    zone: Tz,
}

/// What is to be done about a schedule that is due.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// The instants that make runs, in order.
    pub run: Vec<DateTime<Utc>>,
    /// True when a tick makes no run because it came too long ago.
    pub missed: bool,
    /// The next instant; `None` when there is none any more.
    pub next: Option<DateTime<Utc>>,
}

impl Timetable {
    /// Reads five cron fields, or a nickname such as `@daily`, and an IANA time zone.
    /// `Invalid` names `cron_expression` or `timezone`.
    pub fn parse(expression: &str, zone: &str) -> Result<Self> {
        let invalid = |message: String| Error::invalid("cron_expression", message);
        if expression.len() > MAX_EXPRESSION {
            return Err(invalid(format!("longer than {MAX_EXPRESSION} bytes")));
        }
        let cron = cron::parse(expression).map_err(invalid)?;
        let zone: Tz = zone.parse().map_err(|_| {
            Error::invalid("timezone", "expected an IANA time zone such as Europe/Berlin or UTC")
        })?;
        let timetable = Self { cron, zone };
        // A leap day comes every eight years at the latest.
        if timetable.next_after(DateTime::UNIX_EPOCH).is_none() {
            return Err(invalid(format!("`{expression}` never comes")));
        }
        Ok(timetable)
    }

    /// The time zone.
    pub fn zone(&self) -> Tz {
        self.zone
    }

    /// The first instant later than `time`.
    pub fn next_after(&self, time: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let local = time.trunc_subsecs(0).with_timezone(&self.zone);
        let found = self.cron.find_next_occurrence(&local, false).ok()?;
        Some(found.to_utc())
    }

    /// The last instant that is not later than `time`.
    pub fn latest(&self, time: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let local = time.trunc_subsecs(0).with_timezone(&self.zone);
        let found = self.cron.find_previous_occurrence(&local, true).ok()?;
        Some(found.to_utc())
    }

    /// The instants later than `time`, as far as there are any.
    pub fn after(&self, time: DateTime<Utc>) -> impl Iterator<Item = DateTime<Utc>> {
        std::iter::successors(self.next_after(time), |last| self.next_after(*last))
    }

    /// Decides about a tick at `due`, looked at `now`.
    pub fn plan(&self, due: DateTime<Utc>, now: DateTime<Utc>, catch_up: CatchUp) -> Plan {
        let latest = self.latest(now).map_or(due, |latest| latest.max(due));
        let run = match catch_up {
            CatchUp::None if now - latest > ON_TIME => vec![],
            CatchUp::None | CatchUp::Last => vec![latest],
            CatchUp::All => {
                let oldest = (now - CATCH_UP_AGE).max(due);
                let first = (due == oldest).then_some(due);
                let mut run: Vec<_> =
                    first.into_iter().chain(self.after(oldest).take_while(|at| *at <= now)).collect();
                run.drain(..run.len().saturating_sub(CATCH_UP_RUNS));
                if run.is_empty() { vec![latest] } else { run }
            }
        };
        let missed = run.first().is_none_or(|first| *first > due);
        Plan { run, missed, next: self.next_after(now) }
    }
}

/// The schedule that a workflow's decorator asks for, where it asks for one.
pub fn decorated(info: &WorkflowInfo) -> Option<Result<Timetable>> {
    let text = |name: &str| match info.defaults.get(name) {
        None | Some(serde_json::Value::Null) => Ok(""),
        Some(serde_json::Value::String(text)) => Ok(text.trim()),
        Some(_) => Err(Error::invalid(name, "expected text")),
    };
    let read = || {
        let (expression, zone) = (text("schedule")?, text("timezone")?);
        if expression.is_empty() {
            return Ok(None);
        }
        if info.kind == WorkflowKind::DataProvider {
            return Err(Error::invalid("schedule", "a data provider has no schedule"));
        }
        if let Some(parameter) = info.parameters.iter().find(|parameter| parameter.required) {
            let name = &parameter.name;
            return Err(Error::invalid(
                "schedule",
                format!("it gives no parameters, but `{name}` is required"),
            ));
        }
        Timetable::parse(expression, if zone.is_empty() { "UTC" } else { zone }).map(Some)
    };
    read().transpose()
}

/// Warns of decorators whose schedule cannot be; those workflows are deployed without.
pub fn check(report: &mut WorkspaceReport) {
    for info in &report.workflows {
        let Some(Err(error)) = decorated(info) else { continue };
        let why = match error {
            Error::Invalid { message, .. } => message,
            other => other.to_string(),
        };
        report.warnings.push(Warning {
            path: info.path.clone(),
            line: (info.line > 0).then_some(info.line),
            message: format!("`{}` is deployed without its schedule: {why}", info.function),
        });
    }
}

#[cfg(test)]
#[path = "schedule_tests.rs"]
mod tests;
