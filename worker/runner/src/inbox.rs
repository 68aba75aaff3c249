//! What a sandbox process has said about a job and nobody has taken yet. All inboxes of a
//! process share one room, so that it cannot fill the runner's memory.

use crate::pool::JobEvent;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::{Notify, OwnedSemaphorePermit};

#[derive(Default)]
struct State {
    events: VecDeque<(JobEvent, Option<OwnedSemaphorePermit>)>,
    closed: bool,
}

/// The events of one job, in order.
#[derive(Default)]
pub(crate) struct Inbox {
    state: Mutex<State>,
    bytes: AtomicUsize,
    arrived: Notify,
}

impl Inbox {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts an event in, and what it takes of the room.
    pub fn put(&self, event: JobEvent, room: Option<OwnedSemaphorePermit>) {
        let mut state = self.state();
        if state.closed {
            return;
        }
        let size = room.as_ref().map_or(0, OwnedSemaphorePermit::num_permits);
        self.bytes.fetch_add(size, Ordering::Relaxed);
        state.events.push_back((event, room));
        drop(state);
        self.arrived.notify_one();
    }

    /// Nothing follows. What waits can still be taken.
    pub fn close(&self) {
        self.state().closed = true;
        self.arrived.notify_one();
    }

    /// Throws away what waits; only this event is left, and nothing follows.
    pub fn clear(&self, last: JobEvent) {
        let mut state = self.state();
        state.events.clear();
        state.events.push_back((last, None));
        state.closed = true;
        self.bytes.store(0, Ordering::Relaxed);
        drop(state);
        self.arrived.notify_one();
    }

    /// Bytes that wait.
    pub fn bytes(&self) -> usize {
        self.bytes.load(Ordering::Relaxed)
    }

    /// The next event; `None` when there will be none.
    pub async fn next(self: &Arc<Self>) -> Option<JobEvent> {
        loop {
            {
                let mut state = self.state();
                if let Some((event, room)) = state.events.pop_front() {
                    let size = room.as_ref().map_or(0, OwnedSemaphorePermit::num_permits);
                    self.bytes.fetch_sub(size.min(self.bytes()), Ordering::Relaxed);
                    return Some(event);
                }
                if state.closed {
                    return None;
                }
            }
            self.arrived.notified().await;
        }
    }
}
