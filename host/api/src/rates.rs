//! How often endpoints and webhooks may be called, counted by this process; and how often a
//! refusal is worth an entry in the audit log.

use bifrost_core::{Error, Result};
use governor::clock::{Clock, DefaultClock};
use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use std::collections::HashMap;
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, PoisonError};
use uuid::Uuid;

/// Counters that are kept; above it all begin anew.
const MOST: usize = 20_000;
/// Entries about refusals of one webhook in a minute. Others are counted in the next one.
const TOLD_PER_MINUTE: u32 = 5;

/// The counters of this process.
#[derive(Default)]
pub struct Rates {
    taken: Mutex<HashMap<Uuid, Counter>>,
    refused: Mutex<HashMap<Uuid, Refusals>>,
}

/// One rate; another one begins anew.
struct Counter {
    per_minute: u32,
    limiter: Arc<DefaultDirectRateLimiter>,
}

struct Refusals {
    limiter: DefaultDirectRateLimiter,
    untold: u64,
}

impl Rates {
    /// Counts a request; as many as there may be in a minute may come at once.
    ///
    /// # Errors
    /// `Limited` when there were too many.
    pub fn take(&self, id: Uuid, per_minute: u32) -> Result<()> {
        let limiter = {
            let mut all = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
            if all.len() >= MOST && !all.contains_key(&id) {
                all.clear();
            }
            let counter = all.entry(id).or_insert_with(|| Counter::new(per_minute));
            if counter.per_minute != per_minute {
                *counter = Counter::new(per_minute);
            }
            counter.limiter.clone()
        };
        limiter.check().map_err(|until| {
            let wait = until.wait_time_from(DefaultClock::default().now());
            Error::Limited { seconds: wait.as_secs() + 1 }
        })
    }

    /// Counts a refusal. `Some` when it is to be written down, with how many before it were not.
    pub fn refuse(&self, id: Uuid) -> Option<u64> {
        let mut all = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= MOST && !all.contains_key(&id) {
            all.clear();
        }
        let one = all.entry(id).or_insert_with(|| Refusals { limiter: limiter(TOLD_PER_MINUTE), untold: 0 });
        if one.limiter.check().is_ok() {
            return Some(std::mem::take(&mut one.untold));
        }
        one.untold += 1;
        None
    }
}

impl Counter {
    fn new(per_minute: u32) -> Self {
        Self { per_minute, limiter: Arc::new(limiter(per_minute)) }
    }
}

fn limiter(per_minute: u32) -> DefaultDirectRateLimiter {
    RateLimiter::direct(Quota::per_minute(NonZeroU32::new(per_minute).unwrap_or(NonZeroU32::MIN)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_has_its_own_rate() {
        let (rates, one, two) = (Rates::default(), Uuid::from_u128(1), Uuid::from_u128(2));
        assert!(rates.take(one, 2).is_ok() && rates.take(one, 2).is_ok());
        assert!(matches!(rates.take(one, 2), Err(Error::Limited { seconds: 1..=31 })));
        assert!(rates.take(two, 2).is_ok());
        assert!(rates.take(one, 3).is_ok(), "another rate begins anew");
    }

    #[test]
    fn refusals_are_told_now_and_then() {
        let (rates, id) = (Rates::default(), Uuid::from_u128(1));
        let told: Vec<_> = (0..100).filter_map(|_| rates.refuse(id)).collect();
        assert_eq!(told, vec![0; TOLD_PER_MINUTE as usize]);
        let mut all = rates.refused.lock().expect("a lock");
        let one = all.get_mut(&id).expect("counted");
        assert_eq!(one.untold, 95);
        one.limiter = limiter(1);
        drop(all);
        assert_eq!(rates.refuse(id), Some(95), "the next entry tells of them");
    }
}
