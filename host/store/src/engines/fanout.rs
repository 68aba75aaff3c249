//! From one stream of events to the receivers of this process: what every bus shares.

use bifrost_core::ports::{Event, subscription};
use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use tokio::sync::{Notify, mpsc};

/// Events kept for a slow receiver; then the oldest is lost.
const KEPT: usize = 1024;

/// Called with channels whose last receiver is gone.
type Idle = Box<dyn Fn(Vec<String>) + Send + Sync>;

/// The receivers by channel. They close when it is dropped.
#[derive(Default)]
pub(super) struct Fanout {
    state: Mutex<State>,
    idle: Option<Idle>,
}

#[derive(Default)]
struct State {
    next: u64,
    channels: HashMap<String, HashMap<u64, Arc<Line>>>,
}

/// What waits for one receiver.
#[derive(Default)]
struct Line {
    events: Mutex<VecDeque<Event>>,
    arrived: Notify,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Fanout {
    /// Tells `idle` about channels that nobody here receives any longer.
    pub(super) fn with_idle(idle: impl Fn(Vec<String>) + Send + Sync + 'static) -> Self {
        Self { state: Mutex::default(), idle: Some(Box::new(idle)) }
    }

    /// Gives the event to the receivers of its channel; never waits for one.
    pub(super) fn deliver(&self, event: &Event) {
        let state = lock(&self.state);
        let Some(lines) = state.channels.get(&event.channel) else { return };
        for line in lines.values() {
            let mut events = lock(&line.events);
            if events.len() == KEPT {
                events.pop_front();
            }
            events.push_back(event.clone());
            drop(events);
            line.arrived.notify_one();
        }
    }

    /// A receiver of what is delivered from now on.
    pub(super) fn attach(self: &Arc<Self>, channels: Vec<String>) -> subscription::Receiver {
        let line = Arc::new(Line::default());
        let mut state = lock(&self.state);
        let id = state.next;
        state.next += 1;
        for channel in &channels {
            state.channels.entry(channel.clone()).or_default().insert(id, line.clone());
        }
        drop(state);
        // One: what waits, waits in the line, where the oldest can be dropped.
        let (sender, receiver) = mpsc::channel(1);
        tokio::spawn(forward(Arc::downgrade(self), id, channels, line, sender));
        receiver
    }

    /// True when somebody receives the channel.
    pub(super) fn has(&self, channel: &str) -> bool {
        lock(&self.state).channels.contains_key(channel)
    }

    /// The channels that somebody receives.
    pub(super) fn channels(&self) -> Vec<String> {
        lock(&self.state).channels.keys().cloned().collect()
    }

    fn detach(&self, id: u64, channels: Vec<String>) {
        let mut state = lock(&self.state);
        let mut idle = Vec::new();
        for channel in channels {
            if let Some(lines) = state.channels.get_mut(&channel) {
                lines.remove(&id);
                if lines.is_empty() {
                    state.channels.remove(&channel);
                    idle.push(channel);
                }
            }
        }
        drop(state);
        if let Some(tell) = &self.idle
            && !idle.is_empty()
        {
            tell(idle);
        }
    }
}

/// Moves events to the receiver until it or the fan-out is gone.
async fn forward(
    fanout: Weak<Fanout>,
    id: u64,
    channels: Vec<String>,
    line: Arc<Line>,
    sender: mpsc::Sender<Event>,
) {
    loop {
        let next = lock(&line.events).pop_front();
        if let Some(event) = next {
            if sender.send(event).await.is_err() {
                break;
            }
            continue;
        }
        if fanout.strong_count() == 0 {
            return;
        }
        tokio::select! {
            () = line.arrived.notified() => {}
            () = sender.closed() => break,
        }
    }
    if let Some(fanout) = fanout.upgrade() {
        fanout.detach(id, channels);
    }
}

impl Drop for Fanout {
    fn drop(&mut self) {
        for line in lock(&self.state).channels.values().flat_map(HashMap::values) {
            line.arrived.notify_one();
        }
    }
}
