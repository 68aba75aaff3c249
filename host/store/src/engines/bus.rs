//! Live events within one process.

use async_trait::async_trait;
use bifrost_core::Result;
use bifrost_core::ports::{Bus, Event, subscription};
use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use tokio::sync::{Notify, mpsc};

/// Events kept for a slow subscriber; then the oldest is lost.
const KEPT: usize = 1024;

/// Sends events to subscribers of their channel. Clones share one bus.
#[derive(Clone, Default)]
pub struct InProcessBus(Arc<Hub>);

#[derive(Default)]
struct Hub {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    next: u64,
    channels: HashMap<String, HashMap<u64, Arc<Line>>>,
}

/// What waits for one subscriber.
#[derive(Default)]
struct Line {
    events: Mutex<VecDeque<Event>>,
    arrived: Notify,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl InProcessBus {
    /// A bus without subscribers.
    pub fn new() -> Self {
        Self::default()
    }
}

#[async_trait]
impl Bus for InProcessBus {
    async fn publish(&self, event: Event) {
        let state = lock(&self.0.state);
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

    async fn subscribe(&self, channels: Vec<String>) -> Result<subscription::Receiver> {
        let line = Arc::new(Line::default());
        let mut state = lock(&self.0.state);
        let id = state.next;
        state.next += 1;
        for channel in &channels {
            state.channels.entry(channel.clone()).or_default().insert(id, line.clone());
        }
        drop(state);
        // One: what waits, waits in the line, where the oldest can be dropped.
        let (sender, receiver) = mpsc::channel(1);
        tokio::spawn(forward(Arc::downgrade(&self.0), id, channels, line, sender));
        Ok(receiver)
    }
}

/// Moves events to the subscriber until it or the bus is gone.
async fn forward(
    hub: Weak<Hub>,
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
        if hub.strong_count() == 0 {
            return;
        }
        tokio::select! {
            () = line.arrived.notified() => {}
            () = sender.closed() => break,
        }
    }
    let Some(hub) = hub.upgrade() else { return };
    let mut state = lock(&hub.state);
    for channel in &channels {
        if let Some(lines) = state.channels.get_mut(channel) {
            lines.remove(&id);
            if lines.is_empty() {
                state.channels.remove(channel);
            }
        }
    }
}

impl Drop for Hub {
    fn drop(&mut self) {
        for line in lock(&self.state).channels.values().flat_map(HashMap::values) {
            line.arrived.notify_one();
        }
    }
}
