//! Whether somebody listens at a place: what a guest asks when it connects a socket.
//!
//! The guest's HTTP libraries connect first and send later, and tell errors of the one from
//! errors of the other. The host has no connection to give, so it resolves the name, opens a
//! connection and closes it, unless the same organization has spoken with that place a
//! moment ago.

use super::dial::Dial;
use bifrost_core::OrganizationId;
use bifrost_sandbox::HttpError;
use http::Uri;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How long a place that answered is taken to be there.
const FRESH: Duration = Duration::from_secs(60);
/// Places remembered at most; beyond, all are forgotten.
const REMEMBERED: usize = 4_096;

/// A host and a port, as one organization sees them.
pub(super) type Place = (Option<OrganizationId>, String, u16);

/// Places that answered, and when.
#[derive(Clone, Default)]
pub(super) struct Presence(Arc<Mutex<HashMap<Place, Instant>>>);

impl Presence {
    /// Remembers that this place answered.
    pub fn note(&self, place: Place) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= REMEMBERED {
            known.clear();
        }
        known.insert(place, Instant::now());
    }

    fn knows(&self, place: &Place) -> bool {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(place).is_some_and(|at| at.elapsed() < FRESH)
    }

    /// Asks whether somebody listens there, for so many milliseconds at most.
    pub async fn ask(
        &self,
        place: Place,
        dial: &Dial,
        uri: Uri,
        patience: Option<u64>,
    ) -> Result<(), HttpError> {
        if self.knows(&place) {
            return Ok(());
        }
        let connect = dial.clone().connect(uri);
        let answer = match patience {
            Some(patience) => tokio::time::timeout(Duration::from_millis(patience), connect)
                .await
                .map_err(|_| HttpError::Timeout)?,
            None => connect.await,
        };
        answer.map_err(|error| HttpError::from(&error))?;
        self.note(place);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::Reach;
    use super::super::own::Own;
    use super::*;
    use tokio::net::TcpListener;

    async fn ask(presence: &Presence, host: &str, port: u16, reach: Reach) -> Result<(), HttpError> {
        let dial = Dial::new(reach, Arc::new(Own::default()));
        let uri = format!("http://{host}:{port}/").parse().expect("URL");
        presence.ask((None, host.to_owned(), port), &dial, uri, Some(5_000)).await
    }

    async fn listener() -> (TcpListener, u16) {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("listen");
        let port = listener.local_addr().expect("address").port();
        (listener, port)
    }

    #[tokio::test]
    async fn who_listens_is_found_and_remembered() {
        let (listener, port) = listener().await;
        let presence = Presence::default();
        ask(&presence, "127.0.0.1", port, Reach::Any).await.expect("listens");
        drop(listener);
        ask(&presence, "127.0.0.1", port, Reach::Any).await.expect("was there a moment ago");
        let error = ask(&Presence::default(), "127.0.0.1", port, Reach::Any).await;
        assert!(matches!(error, Err(HttpError::Connection(_))), "{error:?}");
    }

    #[tokio::test]
    async fn nobody_is_asked_out_of_reach() {
        let (_listener, port) = listener().await;
        let error = ask(&Presence::default(), "localhost", port, Reach::Public).await;
        assert!(matches!(error, Err(HttpError::Denied(_))), "{error:?}");
    }

    #[tokio::test]
    async fn a_name_that_is_not_known() {
        assert_eq!(ask(&Presence::default(), "nobody.invalid", 80, Reach::Any).await, Err(HttpError::Dns));
    }
}
