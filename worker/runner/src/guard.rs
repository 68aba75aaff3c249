//! What a sandbox process may say about a job. It enforces the limits itself; a message
//! beyond them proves that it is not itself any more, and ends it.

use crate::protocol::*;
use anyhow::{Result, bail, ensure};
use bifrost_core::{Limits, Outcome, Status};
use std::collections::HashMap;
use tokio::sync::oneshot;

/// Loading a workspace may take so many attempts, each with a log of its own.
const LOADS: u64 = 24;
/// What a log line counts besides its text.
const LINE_COST: u64 = 16;
/// Room for the note at the end of a line that was cut, in bytes.
const NOTE_BYTES: u64 = 64;
/// Longest name of a logger, in bytes.
const LOGGER_BYTES: usize = 256;
/// Method, URL and headers of a request, in bytes.
const HEAD_BYTES: u64 = 512 << 10;
/// Calls other than HTTP that wait for an answer. A guest waits for each; some of its
/// abandoned ones may still be under way.
const OTHER_CALLS: usize = 8;
/// Longest `error` that is kept, in bytes.
const ERROR_BYTES: usize = 64 << 10;
/// Longest `traceback` that is kept, in bytes.
const TRACEBACK_BYTES: usize = 256 << 10;
/// Longest `error_type` that is kept, in bytes.
const ERROR_TYPE_BYTES: usize = 256;
/// Largest `roi` that is kept, in bytes.
const ROI_BYTES: usize = 1 << 10;
/// An outcome without its result and variables, in bytes; texts are escaped in it.
const OUTCOME_BYTES: u64 = 4 << 20;
/// Largest report of a build, in bytes.
const REPORT_BYTES: usize = 64 << 20;

/// Ends when the call is abandoned, or its job has ended.
pub(crate) type Abandoned = oneshot::Receiver<()>;

/// What a job is; it decides how it may end.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Build,
    /// A run or a draft.
    Run,
    Warm,
}

struct Waiting {
    http: bool,
    _held: oneshot::Sender<()>,
    abandoned: Option<Abandoned>,
}

/// The limits of one job, and what it has used of them.
pub(crate) struct Guard {
    limits: Limits,
    log_bytes: u64,
    kind: Kind,
    http_calls: u64,
    connects: u64,
    calls: HashMap<u64, Waiting>,
}

impl Guard {
    /// For a job that begins now.
    pub fn new(work: &Work) -> Self {
        let (limits, logs, kind) = match work {
            Work::Build { .. } => (Limits::default(), LOADS, Kind::Build),
            Work::Run { invocation, .. } => (invocation.limits.clone(), 1, Kind::Run),
            Work::Draft { invocation, .. } => (invocation.limits.clone(), LOADS, Kind::Run),
            Work::Warm { .. } => (Limits::default(), 0, Kind::Warm),
        };
        let log_bytes = limits.log_bytes.saturating_mul(logs);
        Self { limits, log_bytes, kind, http_calls: 0, connects: 0, calls: HashMap::new() }
    }

    /// Whether the job's process may say this.
    ///
    /// # Errors
    /// When it may not; the process is to be ended.
    pub fn admit(&mut self, message: &FromSandbox) -> Result<()> {
        match message {
            FromSandbox::Ready | FromSandbox::Close { .. } | FromSandbox::Cancelled { .. } => Ok(()),
            FromSandbox::Log { logger, message, .. } => self.line(logger, message),
            FromSandbox::Call { call, request, .. } => self.call(*call, request),
            FromSandbox::Abandon { call, .. } => {
                self.calls.remove(call);
                Ok(())
            }
            FromSandbox::Ended { outcome, .. } => {
                ensure!(self.kind == Kind::Run, "an outcome of what is no run");
                let most = self.limits.result_bytes.saturating_mul(4).saturating_add(OUTCOME_BYTES);
                let size = outcome.as_ref().map_or_else(String::len, Vec::len);
                ensure!(size as u64 <= most, "an outcome of {size} bytes");
                Ok(())
            }
            FromSandbox::Built { report, .. } => {
                ensure!(self.kind == Kind::Build, "a report of what is no build");
                let size = report.as_ref().map_or_else(String::len, Vec::len);
                ensure!(size <= REPORT_BYTES, "a report of {size} bytes");
                Ok(())
            }
            FromSandbox::Warmed { result, .. } => {
                ensure!(self.kind == Kind::Warm, "ready for runs, which nobody asked for");
                let size = result.as_ref().err().map_or(0, String::len);
                ensure!(size <= ERROR_BYTES, "a reason of {size} bytes");
                Ok(())
            }
        }
    }

    fn line(&mut self, logger: &str, message: &str) -> Result<()> {
        ensure!(logger.len() <= LOGGER_BYTES, "the name of a logger has {} bytes", logger.len());
        let most = self.limits.log_line_bytes.saturating_add(NOTE_BYTES);
        ensure!(message.len() as u64 <= most, "a log line of {} bytes", message.len());
        let size = line_size(logger, message);
        let Some(left) = self.log_bytes.checked_sub(size) else { bail!("more log than the limit") };
        self.log_bytes = left;
        Ok(())
    }

    fn call(&mut self, call: u64, request: &Call) -> Result<()> {
        ensure!(self.kind == Kind::Run, "what is no run called the platform");
        let http = matches!(request, Call::Http(_) | Call::HttpMore { .. });
        let waiting = self.calls.values().filter(|waiting| waiting.http == http).count();
        if http {
            ensure!((waiting as u64) < self.limits.http_concurrent, "more HTTP calls at once than the limit");
        }
        if let Call::Http(request) = request {
            let (calls, most) = if request.connects() {
                (&mut self.connects, self.limits.http_connects())
            } else {
                (&mut self.http_calls, self.limits.http_calls)
            };
            *calls += 1;
            ensure!(*calls <= most, "more HTTP calls than the limit");
            ensure!(
                request.body.len() as u64 <= self.limits.http_body_bytes,
                "an HTTP body beyond the limit"
            );
            let headers: usize = request.headers.iter().map(|(name, value)| name.len() + value.len()).sum();
            let head = (request.method.len() + request.url.len() + headers) as u64;
            ensure!(head <= HEAD_BYTES, "an HTTP head of {head} bytes");
        } else if !http {
            ensure!(waiting < OTHER_CALLS, "more than {OTHER_CALLS} calls at once");
            ensure!(request.size() <= MAX_CALL, "a call of {} bytes", request.size());
        }
        let (held, abandoned) = oneshot::channel();
        let waiting = Waiting { http, _held: held, abandoned: Some(abandoned) };
        ensure!(self.calls.insert(call, waiting).is_none(), "two calls have one number");
        Ok(())
    }

    /// For whoever answers the call; `None` when it was abandoned.
    pub fn take(&mut self, call: u64) -> Option<Abandoned> {
        self.calls.get_mut(&call)?.abandoned.take()
    }

    /// The call is being answered.
    pub fn answered(&mut self, call: u64) {
        self.calls.remove(&call);
    }
}

/// What a log line counts against the limit, in bytes.
pub(crate) fn line_size(logger: &str, message: &str) -> u64 {
    (logger.len() + message.len()) as u64 + LINE_COST
}

/// The outcome in a process's last words about a run.
///
/// # Errors
/// When it is none, or none that a run can have.
pub(crate) fn outcome(json: &[u8], limits: &Limits) -> Result<Outcome> {
    let mut outcome: Outcome = serde_json::from_slice(json)?;
    use Status::{CompletedWithErrors, Failed, Success, Timeout};
    let status = outcome.status;
    ensure!(matches!(status, Success | Failed | Timeout | CompletedWithErrors), "a run ended {status:?}");
    trim(&mut outcome);
    // Only what is long can be too long.
    let long = json.len() as u64 > limits.result_bytes;
    let over = |value: &Option<serde_json::Value>| {
        long && value.as_ref().is_some_and(|value| value.to_string().len() as u64 > limits.result_bytes)
    };
    if over(&outcome.result) {
        let text = format!("the result is larger than {} bytes", limits.result_bytes);
        let ended = Outcome::ended(Failed, "limit_exceeded:result_bytes", text);
        let (fuel_used, memory_peak_bytes) = (outcome.fuel_used, outcome.memory_peak_bytes);
        outcome = Outcome { fuel_used, memory_peak_bytes, duration_ms: outcome.duration_ms, ..ended };
    }
    if over(&outcome.variables) {
        outcome.variables = None;
    }
    Ok(outcome)
}

/// Cuts the reason why a version cannot be ready to what may be said of it.
pub(crate) fn reason(mut text: String) -> String {
    text.truncate(text.floor_char_boundary(ERROR_BYTES));
    text
}

/// Cuts the texts of an outcome to what is kept of them.
pub(crate) fn trim(outcome: &mut Outcome) {
    let cut = |text: &mut Option<String>, most: usize| {
        if let Some(text) = text.as_mut().filter(|text| text.len() > most) {
            text.truncate(text.floor_char_boundary(most));
            text.push('…');
        }
    };
    cut(&mut outcome.error, ERROR_BYTES);
    cut(&mut outcome.traceback, TRACEBACK_BYTES);
    cut(&mut outcome.error_type, ERROR_TYPE_BYTES);
    outcome.roi.take_if(|roi| roi.to_string().len() > ROI_BYTES);
    outcome.duration_ms = outcome.duration_ms.max(0);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run() -> Guard {
        let invocation = WireInvocation {
            workflow: String::new(),
            parameters: String::new(),
            context: String::new(),
            capture_variables: false,
            limits: Limits { http_calls: 5, http_concurrent: 2, result_bytes: 100, ..Limits::default() },
        };
        Guard::new(&Work::Run { version: String::new(), invocation })
    }

    fn log(bytes: usize) -> FromSandbox {
        let level = bifrost_core::LogLevel::Info;
        FromSandbox::Log { job: 1, level, logger: "l".to_owned(), message: "m".repeat(bytes) }
    }

    fn http(call: u64) -> FromSandbox {
        sent("GET", call)
    }

    fn sent(method: &str, call: u64) -> FromSandbox {
        let request = bifrost_sandbox::HttpRequest {
            method: method.to_owned(),
            url: "http://example.com/".to_owned(),
            headers: vec![],
            body: vec![],
            connect_timeout_ms: None,
            timeout_ms: None,
            unverified: false,
        };
        FromSandbox::Call { job: 1, call, request: Call::Http(request) }
    }

    #[test]
    fn a_log_ends_somewhere() {
        let mut guard = run();
        let lines = (0..1_000_000).take_while(|_| guard.admit(&log(60_000)).is_ok()).count();
        assert_eq!(lines, (10 << 20) / (60_000 + 1 + 16));
        assert!(run().admit(&log(70_000)).is_err());
    }

    #[test]
    fn every_job_ends_as_it_has_to_and_warming_says_nothing_else() {
        let (job, version) = (1, String::new);
        let warmed = |reason: usize| FromSandbox::Warmed { job, result: Err("x".repeat(reason)) };
        let ends = || {
            let outcome = FromSandbox::Ended { job, outcome: Ok(vec![]) };
            [outcome, FromSandbox::Built { job, report: Ok(vec![]) }, warmed(0)]
        };
        let build = Guard::new(&Work::Build { version: version() });
        let warm = || Guard::new(&Work::Warm { version: version() });
        for (which, mut guard) in [run(), build, warm()].into_iter().enumerate() {
            let may = ends().map(|end| guard.admit(&end).is_ok());
            assert_eq!(may, std::array::from_fn(|end| end == which), "{which}");
        }
        assert!(warm().admit(&log(1)).is_err());
        assert!(warm().admit(&http(1)).is_err());
        assert!(warm().admit(&warmed(reason("é".repeat(1 << 20)).len())).is_ok());
        assert!(warm().admit(&warmed(ERROR_BYTES + 1)).is_err());
    }

    #[tokio::test]
    async fn calls_are_counted_until_they_are_answered_or_abandoned() {
        let mut guard = run();
        guard.admit(&http(1)).expect("first");
        guard.admit(&http(2)).expect("second");
        assert!(guard.admit(&http(3)).is_err(), "two at once");
        let abandoned = guard.take(1).expect("waits");
        guard.admit(&FromSandbox::Abandon { job: 1, call: 1 }).expect("abandoned");
        assert!(abandoned.await.is_err(), "whoever answers hears of it");
        assert!(guard.take(1).is_none());
        guard.admit(&http(4)).expect("one is answered");
        guard.answered(2);
        assert!(guard.admit(&http(4)).is_err(), "a number is used twice");
        let mut guard = run();
        for call in 0..5 {
            guard.admit(&http(call)).expect("within the limit");
            guard.answered(call);
        }
        assert!(guard.admit(&http(5)).is_err(), "five in all");
        let more = |call| FromSandbox::Call { job: 1, call, request: Call::HttpMore { rest: 1 } };
        let mut guard = run();
        for call in 0..50 {
            guard.admit(&more(call)).expect("pieces are no calls of their own");
            guard.answered(call);
        }
        guard.admit(&more(50)).expect("the first at once");
        guard.admit(&http(51)).expect("the second at once");
        assert!(guard.admit(&more(52)).is_err(), "two at once");
        let mut guard = run();
        for call in 0..10 {
            guard.admit(&sent("CONNECT", call)).expect("within a limit of its own");
            guard.answered(call);
        }
        guard.admit(&http(10)).expect("the first call");
        assert!(guard.admit(&sent("CONNECT", 11)).is_err(), "ten in all");
    }

    #[test]
    fn only_an_end_is_an_outcome() {
        let limits = &run().limits;
        let judge = |ended: Outcome| outcome(&serde_json::to_vec(&ended).expect("JSON"), limits);
        for status in Status::ALL {
            use Status::{CompletedWithErrors, Failed, Success, Timeout};
            let may = matches!(status, Success | Failed | Timeout | CompletedWithErrors);
            assert_eq!(judge(Outcome::ended(status, "", "")).is_ok(), may, "{status:?}");
        }
        assert!(outcome(b"{}", limits).is_err());
        let mut large = Outcome::ended(Status::Success, "", "x".repeat(1 << 20));
        large.result = Some("r".repeat(101).into());
        let judged = judge(large.clone()).expect("an end");
        assert_eq!(judged.error_type.as_deref(), Some("limit_exceeded:result_bytes"));
        large.result = Some("r".repeat(98).into());
        let judged = judge(large).expect("an end");
        assert_eq!(judged.status, Status::Success);
        assert!(judged.error.is_some_and(|text| text.len() < 100_000));
    }
}
