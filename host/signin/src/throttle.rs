//! What slows down guessing and flooding. Wrong attempts are counted in the database, by
//! account and by address, for all processes alike; rates are counted in this process.

use bifrost_core::{Error, Result};
use bifrost_store::sign_in::failures::{Policy, network};
use chrono::TimeDelta;
use governor::clock::{Clock, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use std::hash::Hash;
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU32, Ordering};
use uuid::Uuid;

/// Wrong passwords or codes for one account: five at once, then waits up to a quarter of an
/// hour. In a day that is about a hundred attempts, and nobody is locked out for good.
pub const ACCOUNT: Policy = Policy {
    free: 5,
    first: TimeDelta::seconds(30),
    longest: TimeDelta::minutes(15),
    memory: TimeDelta::hours(24),
};

/// Wrong attempts from one address, whatever the account: an office shares one.
pub const ADDRESS: Policy = Policy {
    free: 30,
    first: TimeDelta::minutes(1),
    longest: TimeDelta::hours(1),
    memory: TimeDelta::hours(24),
};

/// Between two times that forgotten callers are cleared from memory, in requests.
const CLEAR_EVERY: u32 = 4_096;

/// How often requests may come; 0 is no limit.
#[derive(Clone, Copy, Debug)]
pub struct Rates {
    /// Requests per second with one key or session; twice as many at once.
    pub per_key: u32,
    /// Requests per second from one address without a good key or session; twice as many at
    /// once.
    pub per_address: u32,
    /// Steps of signing in per minute from one address, all of them at once.
    pub sign_in: u32,
}

impl Default for Rates {
    fn default() -> Self {
        Self { per_key: 5_000, per_address: 50, sign_in: 60 }
    }
}

/// One rate for each of many callers.
struct Limit<K: Hash + Eq + Clone> {
    limiter: Option<DefaultKeyedRateLimiter<K>>,
    asked: AtomicU32,
}

impl<K: Hash + Eq + Clone> Limit<K> {
    fn new(quota: Option<Quota>) -> Self {
        Self { limiter: quota.map(RateLimiter::keyed), asked: AtomicU32::new(0) }
    }

    fn per_second(rate: u32) -> Self {
        let burst = NonZeroU32::new(rate.saturating_mul(2));
        Self::new(
            NonZeroU32::new(rate).zip(burst).map(|(rate, burst)| Quota::per_second(rate).allow_burst(burst)),
        )
    }

    fn per_minute(rate: u32) -> Self {
        Self::new(NonZeroU32::new(rate).map(Quota::per_minute))
    }

    fn take(&self, key: &K) -> Result<()> {
        let Some(limiter) = &self.limiter else { return Ok(()) };
        if self.asked.fetch_add(1, Ordering::Relaxed) % CLEAR_EVERY == CLEAR_EVERY - 1 {
            limiter.retain_recent();
        }
        limiter.check_key(key).map_err(|until| {
            let wait = until.wait_time_from(DefaultClock::default().now());
            Error::Limited { seconds: wait.as_secs() + 1 }
        })
    }
}

/// All rates of this process.
pub struct Throttle {
    keys: Limit<Uuid>,
    addresses: Limit<Option<IpAddr>>,
    sign_in: Limit<Option<IpAddr>>,
}

impl Throttle {
    /// Fresh counters.
    pub fn new(rates: Rates) -> Self {
        Self {
            keys: Limit::per_second(rates.per_key),
            addresses: Limit::per_second(rates.per_address),
            sign_in: Limit::per_minute(rates.sign_in),
        }
    }

    /// A request with a key or a session.
    ///
    /// # Errors
    /// `Limited` when there were too many; the same for the others.
    pub fn key(&self, id: Uuid) -> Result<()> {
        self.keys.take(&id)
    }

    /// A request without one that is good.
    pub fn stranger(&self, address: Option<IpAddr>) -> Result<()> {
        self.addresses.take(&address.map(network))
    }

    /// A step of signing in.
    pub fn sign_in(&self, address: Option<IpAddr>) -> Result<()> {
        self.sign_in.take(&address.map(network))
    }
}

/// The error for a wait that the database has counted.
pub fn limited(wait: TimeDelta) -> Error {
    Error::Limited { seconds: u64::try_from(wait.num_seconds()).unwrap_or(0) + 1 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_hold_for_each_caller_alone() {
        let throttle = Throttle::new(Rates { per_key: 1, per_address: 1, sign_in: 3 });
        let (one, two) = (Uuid::from_u128(1), Uuid::from_u128(2));
        assert!(throttle.key(one).is_ok() && throttle.key(one).is_ok());
        assert!(matches!(throttle.key(one), Err(Error::Limited { seconds: 1..=2 })));
        assert!(throttle.key(two).is_ok());
        let address = |text: &str| Some(text.parse().expect("an address"));
        for _ in 0..3 {
            assert!(throttle.sign_in(address("192.0.2.1")).is_ok());
        }
        assert!(matches!(throttle.sign_in(address("192.0.2.1")), Err(Error::Limited { seconds: 1..=21 })));
        assert!(throttle.sign_in(address("192.0.2.2")).is_ok());
    }

    #[test]
    fn zero_is_no_limit() {
        let throttle = Throttle::new(Rates { per_key: 0, per_address: 0, sign_in: 0 });
        assert!((0..1_000).all(|_| throttle.stranger(None).is_ok()));
    }
}
