//! What one run may use. Each limit has a name, a default and its reason; an
//! organization can have its own values. Reaching one ends the run with
//! `error_type: limit_exceeded:<name>` (the wall limit ends it in `Timeout`).

use serde::{Deserialize, Serialize};

/// The limits of one run. Sizes in bytes, times in milliseconds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(default)]
pub struct Limits {
    /// Linear memory. 256 MiB holds a report over some 100,000 rows; a slot reserves
    /// address space only, so the limit protects the machine, not the neighbour.
    pub memory_bytes: u64,
    /// From start to end, waiting included. Half an hour covers a slow nightly sync.
    pub wall_ms: u64,
    /// Fuel: what the run computes, in nanoseconds of processor time, waiting left out.
    /// Five minutes is far above any report, far below a day lost to a loop.
    pub fuel: u64,
    /// All log lines together. Beyond it a log is a data export in disguise.
    pub log_bytes: u64,
    /// One log line; longer ones are cut with a note, which does not end the run.
    pub log_line_bytes: u64,
    /// The JSON of the result. Larger data belongs in files.
    pub result_bytes: u64,
    /// The JSON of the parameters as submitted.
    pub parameters_bytes: u64,
    /// HTTP calls in all, against loops that flood somebody's API.
    pub http_calls: u64,
    /// HTTP calls at the same time, against exhausting the host's connections. Fifty gathered
    /// requests take the time of the slowest; what they send is bounded besides.
    pub http_concurrent: u64,
    /// One HTTP body, either direction.
    pub http_body_bytes: u64,
    /// Host resources (pollables, streams, requests) alive at once. A hundred thousand
    /// sleeping tasks need one timer, so real programs stay far below.
    pub host_resources: u64,
    /// Runs under way at the same time; more wait in line. Two thousand waiting runs fit
    /// the memory of one server; an organization rarely needs more than some dozen.
    pub concurrent_runs: u64,
}

const MIB: u64 = 1 << 20;

impl Limits {
    /// Fuel that one second of one core burns.
    pub const FUEL_PER_SECOND: u64 = 1_000_000_000;

    /// Questions whether somebody listens, in all. A connection over TLS asks twice: before it is
    /// opened, and whether TLS is agreed upon.
    pub fn http_connects(&self) -> u64 {
        self.http_calls.saturating_mul(2)
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            memory_bytes: 256 * MIB,
            wall_ms: 1_800_000,
            fuel: 300 * Self::FUEL_PER_SECOND,
            log_bytes: 10 * MIB,
            log_line_bytes: 64 << 10,
            result_bytes: 8 * MIB,
            parameters_bytes: MIB,
            http_calls: 1_000,
            http_concurrent: 64,
            http_body_bytes: 32 * MIB,
            host_resources: 10_000,
            concurrent_runs: 2_000,
        }
    }
}

/// What a run used of its limits beside fuel, memory and time, and the limits that it had.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Metering {
    /// HTTP calls.
    pub http_calls: u64,
    /// Log, as the limit counts it, in bytes.
    pub log_bytes: u64,
    /// As they were then.
    pub limits: MeteredLimits,
}

/// The limits that a run's use is compared with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct MeteredLimits {
    /// Linear memory, in bytes.
    pub memory_bytes: u64,
    /// From start to end, in milliseconds; the workflow's own where that is shorter.
    pub wall_ms: u64,
    /// Fuel; about nanoseconds of one core.
    pub fuel: u64,
    /// All log lines together, in bytes.
    pub log_bytes: u64,
    /// HTTP calls in all.
    pub http_calls: u64,
}

impl From<&Limits> for MeteredLimits {
    fn from(limits: &Limits) -> Self {
        let Limits { memory_bytes, wall_ms, fuel, log_bytes, http_calls, .. } = *limits;
        Self { memory_bytes, wall_ms, fuel, log_bytes, http_calls }
    }
}
