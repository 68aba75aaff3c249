//! An organization's share of what one worker may have under way: whatever its runs do, the others'
//! find open files left.

use bifrost_core::OrganizationId;
use bifrost_sandbox::HttpError;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Requests of one organization at the same time; more wait. Of the 65,536 files that a worker
/// should be able to open that is a small part, and as much as 64 runs that are at their own limit.
const MOST: usize = 4_096;

/// The shares of all organizations that have something under way.
#[derive(Clone, Default)]
pub(super) struct Shares(Arc<Mutex<HashMap<Option<OrganizationId>, Weak<Semaphore>>>>);

impl Shares {
    /// Waits for room in this organization's share. It is taken until the permit is dropped.
    pub async fn take(
        &self,
        organization: Option<OrganizationId>,
    ) -> Result<OwnedSemaphorePermit, HttpError> {
        let share = {
            let mut shares = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            shares.get(&organization).and_then(Weak::upgrade).unwrap_or_else(|| {
                shares.retain(|_, share| share.strong_count() > 0);
                let share = Arc::new(Semaphore::new(MOST));
                shares.insert(organization, Arc::downgrade(&share));
                share
            })
        };
        share.acquire_owned().await.map_err(|_| HttpError::Connection("the worker ends".to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;
    use tokio::time::timeout;

    #[tokio::test]
    async fn who_has_too_much_under_way_waits_and_nobody_else_does() {
        let shares = Shares::default();
        let (one, other) = (Some(OrganizationId::new()), Some(OrganizationId::new()));
        let mut taken = vec![];
        for _ in 0..MOST {
            taken.push(shares.take(one).await.expect("room"));
        }
        let mut waiting = Box::pin(shares.take(one));
        let soon = Duration::from_millis(20);
        assert!(timeout(soon, waiting.as_mut()).await.is_err(), "its share is taken");
        let own = timeout(Duration::from_secs(5), shares.take(other)).await;
        drop(own.expect("a share of its own").expect("room"));
        drop(taken.pop());
        drop(waiting.await.expect("room again"));
    }
}
