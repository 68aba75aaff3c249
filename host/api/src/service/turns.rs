//! What an organization may do only once at a time, and the line before it; counted by this
//! process.

use bifrost_core::{Error, OrganizationId, Result};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Most that have their turn or wait for it, of one organization: what they wait with is in
/// memory.
const LINE: usize = 4;

/// How soon to come back when the line is full, in seconds.
const AGAIN_SECONDS: u64 = 2;

/// The lines of all organizations.
#[derive(Default)]
pub struct Turns(Mutex<HashMap<OrganizationId, Weak<Semaphore>>>);

impl Turns {
    /// Waits for this organization's turn, which ends when the permit is dropped.
    ///
    /// # Errors
    /// `Limited` when the line is full.
    pub async fn take(&self, organization: OrganizationId) -> Result<OwnedSemaphorePermit> {
        let turn = {
            let mut lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            lines.retain(|_, line| line.strong_count() > 0);
            let line = lines.get(&organization).and_then(Weak::upgrade).unwrap_or_else(|| {
                let line = Arc::new(Semaphore::new(1));
                lines.insert(organization, Arc::downgrade(&line));
                line
            });
            // Whoever waits or has the turn holds the line once; so does this call.
            if Arc::strong_count(&line) > LINE {
                return Err(Error::Limited { seconds: AGAIN_SECONDS });
            }
            line
        };
        turn.acquire_owned().await.map_err(|_| Error::Limited { seconds: AGAIN_SECONDS })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::FutureExt;

    #[tokio::test]
    async fn one_at_a_time_and_a_short_line() {
        let turns = Turns::default();
        let (one, other) = (OrganizationId::new(), OrganizationId::new());
        let first = turns.take(one).await.expect("the first turn");
        drop(turns.take(other).await.expect("another organization's turn"));
        let mut waiting: Vec<_> = (1..LINE).map(|_| Box::pin(turns.take(one))).collect();
        for wait in &mut waiting {
            assert!(wait.as_mut().now_or_never().is_none(), "one at a time");
        }
        assert!(matches!(turns.take(one).await, Err(Error::Limited { .. })));
        drop(waiting.pop());
        let mut last = Box::pin(turns.take(one));
        assert!(last.as_mut().now_or_never().is_none(), "who gave up left room");
        drop(first);
        let second = waiting.remove(0).await.expect("the next turn");
        drop((second, waiting, last));
        assert!(turns.take(one).now_or_never().expect("nobody waits").is_ok());
    }
}
