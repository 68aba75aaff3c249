//! Whether somebody listens at a place: what a guest asks when it connects a socket, and again
//! when it begins TLS.
//!
//! The guest's HTTP libraries connect first and send later, and tell errors of the one from
//! errors of the other. The host has no connection to give, so it resolves the name, opens a
//! connection and closes it, unless the same organization has spoken with that place a
//! moment ago.

use super::dial::Way;
use super::failure;
use bifrost_core::OrganizationId;
use bifrost_sandbox::HttpError;
use http::Uri;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tower::Service;

/// How long a place that answered is taken to be there.
const FRESH: Duration = Duration::from_secs(60);
/// Places remembered at most; beyond, all are forgotten.
const REMEMBERED: usize = 4_096;

/// A host and a port, as one organization sees them.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Place {
    pub organization: Option<OrganizationId>,
    pub host: String,
    pub port: u16,
    pub layer: Layer,
}

/// What is spoken there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Layer {
    Tcp,
    Tls,
    /// TLS with a certificate that nobody checked.
    Unverified,
}

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
        way: &Way,
        uri: Uri,
        patience: Option<u64>,
    ) -> Result<(), HttpError> {
        if self.knows(&place) {
            return Ok(());
        }
        let connect = way.connector.clone().call(uri);
        let answer = match patience {
            Some(patience) => tokio::time::timeout(Duration::from_millis(patience), connect)
                .await
                .map_err(|_| HttpError::Timeout)?,
            None => connect.await,
        };
        answer.map_err(|error| failure(&*error, true))?;
        self.note(place);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Egress, Reach};
    use super::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    async fn ask(presence: &Presence, host: &str, port: u16, reach: Reach) -> Result<(), HttpError> {
        ask_for(presence, host, port, reach, Layer::Tcp).await
    }

    async fn ask_for(
        presence: &Presence,
        host: &str,
        port: u16,
        reach: Reach,
        layer: Layer,
    ) -> Result<(), HttpError> {
        let way = Egress::new(reach, 0).expect("egress").way;
        let scheme = if layer == Layer::Tcp { "http" } else { "https" };
        let uri = format!("{scheme}://{host}:{port}/").parse().expect("URL");
        let place = Place { organization: None, host: host.to_owned(), port, layer };
        presence.ask(place, &way, uri, Some(5_000)).await
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

    /// Answers whatever comes with a word that is none of TLS, or with nothing.
    async fn speaks(word: &'static [u8]) -> u16 {
        let (listener, port) = listener().await;
        tokio::spawn(async move {
            while let Ok((mut socket, _)) = listener.accept().await {
                if let Ok(1..) = socket.read(&mut [0; 4_096]).await {
                    let _ = socket.write_all(word).await;
                }
            }
        });
        port
    }

    #[tokio::test]
    async fn who_listens_may_speak_no_tls() {
        for word in [b"HTTP/1.1 400 Bad Request\r\n\r\n".as_slice(), b""] {
            let (presence, port) = (Presence::default(), speaks(word).await);
            ask(&presence, "127.0.0.1", port, Reach::Any).await.expect("listens");
            let error = ask_for(&presence, "127.0.0.1", port, Reach::Any, Layer::Tls).await;
            assert!(matches!(error, Err(HttpError::Tls(_))), "{error:?}");
        }
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
