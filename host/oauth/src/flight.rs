//! Flights: what many in one process wait for is done once.

use bifrost_core::{ConnectionId, Error, Result};
use bifrost_store::integrations::Current;
use futures::FutureExt;
use futures::future::{BoxFuture, Shared};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// One for all who wait.
pub(crate) type Flight = Shared<BoxFuture<'static, Result<Arc<Current>, Arc<Error>>>>;

/// Those that are under way.
#[derive(Clone, Default)]
pub(crate) struct Flights(Arc<Mutex<HashMap<ConnectionId, Flight>>>);

impl Flights {
    /// The flight of a connection; begun with `begin` where there is none, and then true. It goes
    /// on when nobody waits for it any more: what a server gives must be kept.
    pub fn join<F>(&self, id: ConnectionId, begin: impl FnOnce() -> F) -> (Flight, bool)
    where
        F: Future<Output = Result<Current>> + Send + 'static,
    {
        let mut flights = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(flight) = flights.get(&id) {
            return (flight.clone(), false);
        }
        let (work, all) = (begin(), self.clone());
        let task = tokio::spawn(async move {
            // Removed also when the work panics.
            let _done = Done { all, id };
            work.await
        });
        let flight = async move {
            match task.await {
                Ok(Ok(current)) => Ok(Arc::new(current)),
                Ok(Err(error)) => Err(Arc::new(error)),
                Err(lost) => Err(Arc::new(Error::Internal(lost.into()))),
            }
        };
        let flight = flight.boxed().shared();
        flights.insert(id, flight.clone());
        (flight, true)
    }

    /// True when none is under way.
    pub fn is_empty(&self) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).is_empty()
    }
}

struct Done {
    all: Flights,
    id: ConnectionId,
}

impl Drop for Done {
    fn drop(&mut self) {
        self.all.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.id);
    }
}

/// The error of a flight, for one of those who waited.
pub(crate) fn again(error: &Error) -> Error {
    match error {
        Error::NotFound(what) => Error::NotFound(what),
        Error::Invalid { field, message } => Error::invalid(field, message),
        Error::Unauthenticated => Error::Unauthenticated,
        Error::SecondFactorRequired => Error::SecondFactorRequired,
        Error::Denied(text) => Error::Denied(text.clone()),
        Error::Conflict { code, message } => Error::Conflict { code, message: message.clone() },
        Error::Gone(what) => Error::Gone(what),
        Error::Busy(what) => Error::Busy(what),
        Error::Limited { seconds } => Error::Limited { seconds: *seconds },
        Error::Internal(cause) => Error::Internal(anyhow::anyhow!("{cause:#}")),
    }
}
