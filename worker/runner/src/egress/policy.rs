//! Policies of organizations, read again every few seconds, and what their runs have used
//! of their quotas.

use super::dial::Way;
use bifrost_core::{EgressPolicy, OrganizationId};
use bifrost_sandbox::HttpError;
use bifrost_store::egress::{self, Usage};
use bifrost_store::{Db, now};
use ipnet::IpNet;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// A policy that was read so long ago is read again.
const FRESH: Duration = Duration::from_secs(5);
/// For so long it holds while the database is away. Nobody can change it there meanwhile.
const AWAY: Duration = Duration::from_secs(30);
/// What was used is added to what other workers count after so long.
const COUNTED: Duration = Duration::from_secs(2);

/// What is asked for.
pub(super) struct Asked<'a> {
    /// `None` when only a connection is asked for, which counts against no quota.
    pub method: Option<&'a str>,
    pub host: &'a str,
    pub port: u16,
    /// Of its body.
    pub bytes: usize,
}

/// Of all organizations whose runs have sent anything.
pub(super) struct Policies {
    db: Db,
    known: Mutex<HashMap<OrganizationId, Arc<Known>>>,
}

#[derive(Default)]
struct Known {
    /// Held while the policy is read, so that it is read once.
    read: tokio::sync::Mutex<Option<Read>>,
    used: Mutex<Used>,
}

#[derive(Clone)]
struct Read {
    at: Instant,
    policy: Arc<EgressPolicy>,
    /// Where private networks are granted.
    way: Option<Way>,
}

/// What counts against quotas.
#[derive(Default)]
struct Used {
    /// All workers together, as it was last heard.
    total: Usage,
    /// What this worker has not told the others yet.
    own: Usage,
    is_telling: bool,
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Policies {
    pub fn new(db: Db) -> Self {
        Self { db, known: Mutex::default() }
    }

    /// Lets a request pass and counts it; answers the way to send it, where it is not the
    /// common one.
    pub async fn admit(
        self: &Arc<Self>,
        organization: OrganizationId,
        asked: Asked<'_>,
        way: impl FnOnce(&[IpNet]) -> Way,
    ) -> Result<Option<Way>, HttpError> {
        let known = lock(&self.known).entry(organization).or_default().clone();
        let read = self.read(organization, &known, way).await?;
        if let Some(refusal) = read.policy.refusal(asked.method, asked.host, asked.port) {
            return Err(HttpError::Denied(format!(
                "{refusal} by the organization's egress policy; an administrator of the platform can change it"
            )));
        }
        if asked.method.is_some() && read.policy.has_quotas() {
            let mut used = lock(&known.used);
            used.take(&read.policy, Usage::at(now()), asked.bytes)?;
            self.tell(organization, &known, &mut used);
        }
        Ok(read.way)
    }

    /// Whether this host's certificate may go unchecked.
    pub async fn leaves_unverified(
        &self,
        organization: OrganizationId,
        host: &str,
        way: impl FnOnce(&[IpNet]) -> Way,
    ) -> Result<bool, HttpError> {
        let known = lock(&self.known).entry(organization).or_default().clone();
        Ok(self.read(organization, &known, way).await?.policy.leaves_unverified(host))
    }

    /// Counts the bytes of an answer.
    pub fn received(self: &Arc<Self>, organization: OrganizationId, bytes: usize) {
        let Some(known) = lock(&self.known).get(&organization).cloned() else { return };
        let mut used = lock(&known.used);
        // Without quotas nothing is counted.
        if used.own.day > 0 {
            used.add(Usage { requests: 0, bytes: whole(bytes), ..Usage::at(now()) });
            self.tell(organization, &known, &mut used);
        }
    }

    async fn read(
        &self,
        organization: OrganizationId,
        known: &Known,
        way: impl FnOnce(&[IpNet]) -> Way,
    ) -> Result<Read, HttpError> {
        let mut slot = known.read.lock().await;
        if let Some(read) = slot.as_ref().filter(|read| read.at.elapsed() < FRESH) {
            return Ok(read.clone());
        }
        let at = Instant::now();
        let policy = match egress::get(&self.db.org(organization)).await {
            Ok(kept) => kept.policy,
            Err(error) => {
                tracing::warn!("an egress policy could not be read: {error:#}");
                let old = slot.as_ref().filter(|read| read.at.elapsed() < AWAY).cloned();
                return old
                    .ok_or_else(|| HttpError::Connection("the egress policy cannot be read now".to_owned()));
            }
        };
        let read = match slot.take() {
            Some(read) if *read.policy == policy => Read { at, ..read },
            _ => {
                let networks = policy.networks();
                let way = (!networks.is_empty()).then(|| way(&networks));
                Read { at, policy: Arc::new(policy), way }
            }
        };
        if read.policy.has_quotas() && lock(&known.used).own.day == 0 {
            // What others have used before this worker sent anything.
            self.add_up(organization, known, Usage::at(now())).await;
        }
        *slot = Some(read.clone());
        Ok(read)
    }

    /// Tells the other workers soon what this one has used.
    fn tell(self: &Arc<Self>, organization: OrganizationId, known: &Arc<Known>, used: &mut Used) {
        if std::mem::replace(&mut used.is_telling, true) {
            return;
        }
        let (policies, known) = (self.clone(), known.clone());
        tokio::spawn(async move {
            tokio::time::sleep(COUNTED).await;
            let own = {
                let mut used = lock(&known.used);
                used.is_telling = false;
                let own = used.own;
                used.total = used.total.plus(own);
                used.own = Usage { requests: 0, bytes: 0, ..own };
                own
            };
            policies.add_up(organization, &known, own).await;
        });
    }

    async fn add_up(&self, organization: OrganizationId, known: &Known, own: Usage) {
        match egress::count(&self.db, organization, own).await {
            Ok(total) => {
                let mut used = lock(&known.used);
                used.total = total;
                if used.own.day == 0 {
                    used.own = Usage { requests: 0, bytes: 0, ..own };
                }
            }
            Err(error) => tracing::warn!("what was sent could not be counted: {error:#}"),
        }
    }
}

impl Used {
    /// Counts a request with its body, if the quotas still have room.
    fn take(&mut self, policy: &EgressPolicy, at: Usage, bytes: usize) -> Result<(), HttpError> {
        let now = self.total.plus(self.own).plus(at);
        let over = |quota: Option<u64>, used: i64| quota.is_some_and(|quota| used.unsigned_abs() >= quota);
        if over(policy.requests_per_minute, now.requests) {
            let most = policy.requests_per_minute.unwrap_or_default();
            return Err(HttpError::Limit(format!("the organization may send {most} requests in one minute")));
        }
        if over(policy.bytes_per_day, now.bytes) {
            let most = policy.bytes_per_day.unwrap_or_default();
            return Err(HttpError::Limit(format!(
                "the organization may send and receive {most} bytes in one day"
            )));
        }
        self.add(Usage { requests: 1, bytes: whole(bytes), ..at });
        Ok(())
    }

    fn add(&mut self, used: Usage) {
        self.own = self.own.plus(used);
    }
}

fn whole(bytes: usize) -> i64 {
    i64::try_from(bytes).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotas_are_of_one_minute_and_one_day() {
        let policy = EgressPolicy {
            requests_per_minute: Some(2),
            bytes_per_day: Some(100),
            ..EgressPolicy::default()
        };
        let at = |minute: i64| Usage { minute, day: minute / 1_440, requests: 0, bytes: 0 };
        let mut used = Used { total: Usage { requests: 1, bytes: 10, ..at(1_440) }, ..Used::default() };
        assert!(used.take(&policy, at(1_440), 10).is_ok());
        assert!(matches!(used.take(&policy, at(1_440), 10), Err(HttpError::Limit(_))), "the third of two");
        assert!(used.take(&policy, at(1_441), 80).is_ok(), "another minute");
        let error = used.take(&policy, at(1_442), 0).expect_err("100 bytes are used");
        assert!(format!("{error:?}").contains("100 bytes"), "{error:?}");
        assert!(used.take(&policy, at(2_880), 0).is_ok(), "another day");
    }
}
