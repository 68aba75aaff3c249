//! Counts what a run computes, and takes the thread from it every few milliseconds.
//!
//! Compiled code only compares the engine's epoch with its deadline, at loops and calls.
//! When an epoch ends, the thread's processor clock tells how much fuel was used; the
//! same clock is read before and after each poll, so that what the host computes for the
//! run counts too. See `docs/decisions/0002-fuel.md`.

use rustix::time::{ClockId, clock_gettime};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;
use wasmtime::{Engine, UpdateDeadline};

/// Length of an epoch: how long a run may keep its thread while others wait, and how
/// much more fuel than its limit it may use. Shorter ones cost more switches.
const EPOCH: Duration = Duration::from_millis(2);
/// Epochs without any work after which the ticking stops.
const IDLE_EPOCHS: u32 = 100;

/// The run has used all its fuel.
#[derive(Debug, thiserror::Error)]
#[error("the run is out of fuel")]
pub(crate) struct OutOfFuel;

/// Ends epochs while anything runs; sleeps while nothing does.
pub(crate) struct Ticker {
    busy: AtomicBool,
    asleep: AtomicBool,
    thread: std::sync::OnceLock<std::thread::Thread>,
}

impl Ticker {
    /// Ticks until the engine is dropped.
    pub fn start(engine: &Engine) -> std::io::Result<Arc<Self>> {
        let ticker = Arc::new(Self {
            busy: AtomicBool::new(false),
            asleep: AtomicBool::new(false),
            thread: std::sync::OnceLock::new(),
        });
        let (weak, engine) = (Arc::downgrade(&ticker), engine.weak());
        let thread = std::thread::Builder::new().name("epochs".into()).spawn(move || {
            let mut idle = 0;
            loop {
                std::thread::sleep(EPOCH);
                let (Some(ticker), Some(engine)) = (weak.upgrade(), engine.upgrade()) else { return };
                engine.increment_epoch();
                idle = if ticker.busy.swap(false, Ordering::SeqCst) { 0 } else { idle + 1 };
                if idle > IDLE_EPOCHS {
                    drop(engine);
                    ticker.sleep();
                    idle = 0;
                }
            }
        })?;
        let _ = ticker.thread.set(thread.thread().clone());
        Ok(ticker)
    }

    fn sleep(self: Arc<Self>) {
        self.asleep.store(true, Ordering::SeqCst);
        let weak = Arc::downgrade(&self);
        drop(self);
        // Woken by the next poll, or by `drop`; spuriously, at no harm.
        loop {
            match weak.upgrade() {
                Some(ticker)
                    if !ticker.busy.load(Ordering::SeqCst) && ticker.asleep.load(Ordering::SeqCst) => {}
                _ => return,
            }
            std::thread::park();
        }
    }

    fn work_begins(&self) {
        if !self.busy.swap(true, Ordering::SeqCst)
            && self.asleep.swap(false, Ordering::SeqCst)
            && let Some(thread) = self.thread.get()
        {
            thread.unpark();
        }
    }
}

impl Drop for Ticker {
    fn drop(&mut self) {
        if let Some(thread) = self.thread.get() {
            thread.unpark();
        }
    }
}

/// One run's fuel.
pub(crate) struct Meter {
    limit: AtomicU64,
    used: AtomicU64,
    /// The thread's clock when the current poll began.
    since: AtomicU64,
    ticker: Arc<Ticker>,
}

impl Meter {
    pub fn new(limit: u64, ticker: Arc<Ticker>) -> Arc<Self> {
        Arc::new(Self { limit: limit.into(), used: 0.into(), since: 0.into(), ticker })
    }

    /// Begins anew with this limit.
    pub fn refuel(&self, limit: u64) {
        self.limit.store(limit, Ordering::Relaxed);
        self.used.store(0, Ordering::Relaxed);
        self.since.store(thread_clock(), Ordering::Relaxed);
    }

    /// Fuel used in polls that are over.
    pub fn used(&self) -> u64 {
        self.used.load(Ordering::Relaxed)
    }

    /// An epoch has ended amid the run's code: the thread goes to whoever waits for it,
    /// or the run ends.
    pub fn tick(&self) -> wasmtime::Result<UpdateDeadline> {
        let running = thread_clock().saturating_sub(self.since.load(Ordering::Relaxed));
        if self.used() + running > self.limit.load(Ordering::Relaxed) {
            return Err(OutOfFuel.into());
        }
        Ok(UpdateDeadline::Yield(1))
    }
}

/// Nanoseconds of processor time that this thread has had.
fn thread_clock() -> u64 {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    u64::try_from(time.tv_sec).unwrap_or(0) * 1_000_000_000 + u64::try_from(time.tv_nsec).unwrap_or(0)
}

/// A future whose polls are counted.
pub(crate) struct Metered<F> {
    meter: Arc<Meter>,
    future: Pin<Box<F>>,
}

impl<F: Future> Metered<F> {
    pub fn new(meter: Arc<Meter>, future: F) -> Self {
        Self { meter, future: Box::pin(future) }
    }
}

impl<F: Future> Future for Metered<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        let meter = self.meter.clone();
        meter.ticker.work_begins();
        meter.since.store(thread_clock(), Ordering::Relaxed);
        let answer = self.future.as_mut().poll(context);
        let spent = thread_clock().saturating_sub(meter.since.load(Ordering::Relaxed));
        meter.used.fetch_add(spent, Ordering::Relaxed);
        answer
    }
}
