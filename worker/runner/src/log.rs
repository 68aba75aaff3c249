//! A run's log on its way out: numbered, redacted, written in batches, and sent live
//! once it is written, so that a line which was seen is never another one later.

use crate::guard;
use crate::redact::{Lines, Redactor};
use bifrost_core::ports::{Bus, Event};
use bifrost_core::*;
use bifrost_store::Db;
use bifrost_store::executions::{self, archive};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// Lines are written when this many wait.
const BATCH: usize = 500;
/// How long the first line waits for company. A short run ends before, and its log is
/// written with its end.
const FIRST_DELAY: Duration = Duration::from_millis(2);
/// How long later lines wait for company.
const DELAY: Duration = Duration::from_millis(50);
/// The same after the database did not take them.
const AWAY: Duration = Duration::from_millis(500);

/// The lines of one attempt.
pub(crate) struct Log {
    db: Db,
    bus: Arc<dyn Bus>,
    execution: ExecutionId,
    token: i64,
    next: i64,
    bytes: usize,
    /// As the limit counts it.
    counted: u64,
    waiting: Vec<LogLine>,
    lines: Lines,
    due: Option<Instant>,
    written: Option<Instant>,
}

impl Log {
    /// Of the attempt that holds the lease with `token`; `next` is its first sequence.
    pub fn new(db: Db, bus: Arc<dyn Bus>, execution: ExecutionId, token: i64, next: i64) -> Self {
        Self {
            db,
            bus,
            execution,
            token,
            next,
            bytes: 0,
            counted: 0,
            waiting: vec![],
            lines: Lines::default(),
            due: None,
            written: None,
        }
    }

    /// Takes a line. True when it is time to write.
    pub fn add(&mut self, level: LogLevel, logger: String, message: String, redactor: &Redactor) -> bool {
        metrics::counter!("bifrost_log_lines_total").increment(1);
        self.counted += guard::line_size(&logger, &message);
        let message = self.lines.redact(redactor, &logger, message);
        let logger = redactor.text(logger);
        self.bytes += message.len();
        self.waiting.push(LogLine {
            sequence: self.next,
            timestamp: bifrost_store::now(),
            level,
            logger,
            message,
        });
        self.next += 1;
        let now = Instant::now();
        let due = self.written.map_or(now + FIRST_DELAY, |last| now.max(last + DELAY));
        self.due.get_or_insert(due);
        // Many lines need not wait; but while the database is away, trying is left to the clock.
        self.waiting.len() >= BATCH && self.due.is_some_and(|due| due <= now + DELAY)
    }

    /// What the attempt has written of what it may, in bytes.
    pub fn counted(&self) -> u64 {
        self.counted
    }

    /// True when the run's log is to become an object once it has ended.
    pub fn is_long(&self) -> bool {
        self.next > archive::LONG_LINES || self.bytes >= archive::LONG_BYTES
    }

    /// Waits until lines are to be written; for ever while there are none.
    pub async fn due(&self) {
        match self.due {
            Some(at) => tokio::time::sleep_until(at).await,
            None => std::future::pending().await,
        }
    }

    /// Writes what waits. False when the lease is another's. While the database is away,
    /// the lines stay: they are written later, at the latest with the run's end.
    pub async fn flush(&mut self) -> bool {
        if self.waiting.is_empty() {
            return true;
        }
        let lines = self.take();
        match executions::append_logs(&self.db, self.execution, self.token, lines.clone()).await {
            Ok(true) => {
                self.announce(&lines).await;
                true
            }
            Ok(false) => false,
            Err(error) => {
                tracing::warn!(execution = %self.execution, "log lines wait to be written: {error:#}");
                // Those that were written although the answer was lost stay as they are.
                self.waiting = lines;
                self.due = Some(Instant::now() + AWAY);
                true
            }
        }
    }

    /// The lines that wait, for whoever writes them with the run's end.
    pub fn take(&mut self) -> Vec<LogLine> {
        (self.due, self.written) = (None, Some(Instant::now()));
        std::mem::take(&mut self.waiting)
    }

    /// Sends lines that are written to those who watch.
    pub async fn announce(&self, lines: &[LogLine]) {
        for line in lines {
            let channel = format!("execution:{}", self.execution);
            let payload = bifrost_core::events::log_line(self.execution, line);
            self.bus.publish(Event { channel, payload }).await;
        }
    }
}
