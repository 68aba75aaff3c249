//! Admits runs from the backlog in the database to the queue: never more than twice the
//! fleet's free slots, so that who is next is decided here and not by the order in which
//! runs were accepted. A full fleet leaves work in the database.
//!
//! It keeps nothing that cannot be lost: a ticket that was admitted twice changes
//! nothing, and one that went missing is admitted again.

use crate::fairness::{Line, Turns};
use bifrost_core::events::WAKE;
use bifrost_core::ports::{Bus, Queue, Ticket};
use bifrost_core::{ExecutionId, OrganizationId, Result};
use bifrost_store::{Db, executions};
use futures::StreamExt;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::Instant;

/// Between two looks while something waits for a slot.
const BUSY: Duration = Duration::from_millis(10);
/// A ticket that nobody took for so long is admitted again. Not only the queue can have lost
/// it: a worker without a free slot may hold it while another has one.
const LOST: Duration = Duration::from_secs(3);
/// Rest after the database or the queue failed.
const BACKOFF: Duration = Duration::from_millis(250);
/// Tickets published at the same time.
const PUBLISHING: usize = 256;
/// A look takes at most this part of the time, however long the lines are.
const DUTY: u32 = 4;
/// Most tickets of one line in one look.
const MAX_DEPTH: usize = 10_000;

/// What was admitted and is not taken yet.
struct Admitted {
    attempt: i32,
    organization: OrganizationId,
    at: Instant,
}

/// Decides what runs next.
pub struct Dispatcher {
    db: Db,
    queue: Arc<dyn Queue>,
    turns: Turns,
    admitted: HashMap<ExecutionId, Admitted>,
    depth: usize,
}

impl Dispatcher {
    /// Admits nothing before [`Self::run`].
    pub fn new(db: Db, queue: Arc<dyn Queue>) -> Self {
        Self { db, queue, turns: Turns::default(), admitted: HashMap::new(), depth: 64 }
    }

    /// Admits runs while this process leads. `idle` is the time between two looks when
    /// nobody says that there is work: short where the bus may lose messages.
    pub async fn run(mut self, bus: Arc<dyn Bus>, mut leads: watch::Receiver<bool>, idle: Duration) {
        loop {
            if leads.wait_for(|leads| *leads).await.is_err() {
                return;
            }
            self.admitted.clear();
            let Ok(mut wake) = bus.subscribe(vec![WAKE.to_owned()]).await else {
                tokio::time::sleep(BACKOFF).await;
                continue;
            };
            let mut heard = true;
            while *leads.borrow() {
                // What came before this look is part of it.
                while wake.try_recv().is_ok() {}
                let begun = Instant::now();
                let pause = match self.look().await {
                    Ok(true) => BUSY.max(begun.elapsed() * DUTY),
                    Ok(false) => idle,
                    Err(error) => {
                        tracing::error!("no runs were admitted: {error:#}");
                        BACKOFF
                    }
                };
                let hearing = async {
                    if !heard || wake.recv().await.is_none() {
                        std::future::pending::<()>().await;
                    }
                };
                tokio::select! {
                    () = hearing => {}
                    () = tokio::time::sleep(pause) => {}
                    changed = leads.changed() => if changed.is_err() { return },
                }
                heard = !wake.is_closed();
            }
        }
    }

    /// Admits what fits now; true when something is left that waits for a slot.
    pub async fn look(&mut self) -> Result<bool> {
        let depth = u32::try_from(self.depth.min(MAX_DEPTH)).unwrap_or(u32::MAX);
        let backlog = executions::backlog(&self.db, depth).await?;
        let (lines, outstanding) = self.settle(&backlog.waiting);
        let free = backlog.slots.saturating_sub(backlog.running_of_all);
        self.depth = 64 + 2 * free + self.admitted.len();
        let budget = (2 * free).saturating_sub(self.admitted.len());
        let mut room = backlog
            .limits
            .iter()
            .map(|(organization, most)| {
                let taken = backlog.running.get(organization).copied().unwrap_or(0)
                    + outstanding.get(organization).copied().unwrap_or(0);
                (*organization, most.saturating_sub(taken))
            })
            .collect();
        let waiting = lines.iter().map(|line| line.waiting.len()).sum::<usize>();
        let chosen = self.turns.choose(lines, budget, &mut room);
        let left = waiting > chosen.len() || !self.admitted.is_empty();
        self.publish(chosen).await;
        Ok(left)
    }

    /// Takes out what was admitted before; the rest are the lines to choose from.
    fn settle(&mut self, waiting: &[executions::Waiting]) -> (Vec<Line>, HashMap<OrganizationId, usize>) {
        let seen: HashSet<_> =
            waiting.iter().flat_map(|line| line.tickets.iter().map(|t| (t.execution, t.attempt))).collect();
        self.admitted
            .retain(|id, admitted| seen.contains(&(*id, admitted.attempt)) && admitted.at.elapsed() < LOST);
        let mut outstanding: HashMap<_, usize> = HashMap::new();
        for admitted in self.admitted.values() {
            *outstanding.entry(admitted.organization).or_default() += 1;
        }
        let lines = waiting
            .iter()
            .map(|line| Line {
                priority: line.priority,
                organization: line.organization,
                waiting: line
                    .tickets
                    .iter()
                    .filter(|ticket| !self.admitted.contains_key(&ticket.execution))
                    .copied()
                    .collect(),
            })
            .collect();
        (lines, outstanding)
    }

    async fn publish(&mut self, chosen: Vec<(OrganizationId, Ticket)>) {
        let queue = &self.queue;
        let mut published = futures::stream::iter(chosen)
            .map(|(organization, ticket)| async move { (organization, ticket, queue.publish(ticket).await) })
            .buffer_unordered(PUBLISHING);
        while let Some((organization, ticket, result)) = published.next().await {
            match result {
                Ok(()) => {
                    metrics::counter!("bifrost_tickets_admitted_total").increment(1);
                    let admitted = Admitted { attempt: ticket.attempt, organization, at: Instant::now() };
                    self.admitted.insert(ticket.execution, admitted);
                }
                // It stays in the backlog; the next look finds it again.
                Err(error) => tracing::warn!(execution = %ticket.execution, "not admitted: {error:#}"),
            }
        }
    }
}
