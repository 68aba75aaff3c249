//! Whose run is next: by priority, then round robin over organizations, each within its
//! limit of concurrent runs. Pure, so that every interleaving can be tested.
//!
//! All runs cost the same, so that deficit round robin (Shreedhar and Varghese, 1995)
//! comes down to one run per organization and turn.

use bifrost_core::OrganizationId;
use bifrost_core::ports::Ticket;
use std::collections::{HashMap, VecDeque};

/// One organization's line at one priority, oldest first.
#[derive(Clone, Debug)]
pub struct Line {
    /// 0 before 1 before 2.
    pub priority: i64,
    /// Whose runs.
    pub organization: OrganizationId,
    /// What waits and was not admitted yet.
    pub waiting: VecDeque<Ticket>,
}

/// Remembers, per priority, who had the last turn.
#[derive(Debug, Default)]
pub struct Turns(HashMap<i64, OrganizationId>);

impl Turns {
    /// Takes up to `budget` tickets from the lines. `room` is how many more runs each
    /// organization may have at the same time.
    pub fn choose(
        &mut self,
        mut lines: Vec<Line>,
        mut budget: usize,
        room: &mut HashMap<OrganizationId, usize>,
    ) -> Vec<(OrganizationId, Ticket)> {
        lines.sort_by_key(|line| (line.priority, line.organization.0));
        let mut chosen = vec![];
        for level in lines.chunk_by_mut(|a, b| a.priority == b.priority) {
            let priority = level[0].priority;
            let last = self.0.get(&priority);
            // Whoever comes after the last one served begins.
            let start = last.map_or(0, |last| level.partition_point(|line| line.organization.0 <= last.0));
            let mut ring: VecDeque<usize> = (start..level.len()).chain(0..start).collect();
            while budget > 0
                && let Some(index) = ring.pop_front()
            {
                let line = &mut level[index];
                let Some(left) = room.get_mut(&line.organization).filter(|left| **left > 0) else { continue };
                let Some(ticket) = line.waiting.pop_front() else { continue };
                *left -= 1;
                budget -= 1;
                self.0.insert(priority, line.organization);
                chosen.push((line.organization, ticket));
                ring.push_back(index);
            }
        }
        chosen
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bifrost_core::ExecutionId;
    use proptest::prelude::*;
    use uuid::Uuid;

    fn organization(n: u128) -> OrganizationId {
        OrganizationId(Uuid::from_u128(n))
    }

    fn line(priority: i64, org: u128, count: usize) -> Line {
        let ticket = |_| Ticket { execution: ExecutionId::new(), attempt: 1 };
        Line { priority, organization: organization(org), waiting: (0..count).map(ticket).collect() }
    }

    fn room(count: usize) -> HashMap<OrganizationId, usize> {
        (0..20).map(|n| (organization(n), count)).collect()
    }

    #[test]
    fn a_long_line_does_not_delay_a_short_one() {
        let mut turns = Turns::default();
        let first = turns.choose(vec![line(1, 1, 10_000)], 8, &mut room(100));
        assert_eq!(first.len(), 8);
        let next = turns.choose(vec![line(1, 1, 9_992), line(1, 2, 1)], 1, &mut room(100));
        assert_eq!(next[0].0, organization(2));
    }

    #[test]
    fn the_turn_is_remembered() {
        let mut turns = Turns::default();
        let mut served: HashMap<_, usize> = HashMap::new();
        for _ in 0..99 {
            let lines = vec![line(1, 1, 50), line(1, 2, 50), line(1, 3, 50)];
            for (organization, _) in turns.choose(lines, 1, &mut room(100)) {
                *served.entry(organization).or_default() += 1;
            }
        }
        assert!(served.values().all(|count| *count == 33), "{served:?}");
    }

    proptest! {
        #[test]
        fn budget_room_and_priority_hold(
            counts in proptest::collection::vec((0i64..3, 0u128..6, 0usize..12), 0..12),
            budget in 0usize..40,
            limit in 0usize..8,
        ) {
            let mut merged: HashMap<(i64, u128), usize> = HashMap::new();
            for (priority, org, count) in counts {
                *merged.entry((priority, org)).or_default() += count;
            }
            let lines: Vec<_> = merged.iter().map(|((p, o), n)| line(*p, *o, *n)).collect();
            let level: HashMap<_, _> =
                lines.iter().flat_map(|l| l.waiting.iter().map(|t| (t.execution, l.priority))).collect();
            let mut left = room(limit);
            let chosen = Turns::default().choose(lines, budget, &mut left);
            prop_assert!(chosen.len() <= budget);
            let mut by_org: HashMap<_, usize> = HashMap::new();
            for (organization, _) in &chosen {
                *by_org.entry(*organization).or_default() += 1;
            }
            prop_assert!(by_org.values().all(|count| *count <= limit));
            // Nothing is left idle: either the budget is gone or nobody may run more.
            let waiting: HashMap<u128, usize> = merged.iter().fold(HashMap::new(), |mut all, ((_, o), n)| {
                *all.entry(*o).or_default() += n;
                all
            });
            let possible: usize = waiting.values().map(|count| (*count).min(limit)).sum();
            prop_assert_eq!(chosen.len(), budget.min(possible));
            // Priorities never rise again within one choice.
            let order: Vec<_> = chosen.iter().map(|(_, ticket)| level[&ticket.execution]).collect();
            prop_assert!(order.is_sorted());
        }
    }
}
