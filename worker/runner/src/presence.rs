//! Whether somebody listens at a place: what a guest asks when it connects a socket.
//!
//! The guest's HTTP libraries connect first and send later, and tell errors of the one from
//! errors of the other. The host has no connection to give, so it resolves the name, opens a
//! connection and closes it, unless it has spoken with that place a moment ago.

use crate::egress::{Reach, is_global};
use bifrost_sandbox::HttpError;
use reqwest::Url;
use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::net::{TcpStream, lookup_host};

/// How long a place that answered is taken to be there.
const FRESH: Duration = Duration::from_secs(60);
/// Places remembered at most; beyond, all are forgotten.
const REMEMBERED: usize = 4_096;

/// Places that answered, and when.
#[derive(Clone, Default)]
pub(crate) struct Presence(Arc<Mutex<HashMap<(String, u16), Instant>>>);

impl Presence {
    /// Remembers that the host of this URL answered.
    pub fn note(&self, url: &Url) {
        if let Some(place) = place(url) {
            let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            if known.len() >= REMEMBERED {
                known.clear();
            }
            known.insert(place, Instant::now());
        }
    }

    fn knows(&self, place: &(String, u16)) -> bool {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(place).is_some_and(|at| at.elapsed() < FRESH)
    }

    /// Asks whether somebody listens at the host and port of this URL.
    pub async fn ask(&self, url: &Url, reach: Reach, patience: Duration) -> Result<(), HttpError> {
        let place = place(url).ok_or_else(|| HttpError::Protocol("the URL has no host".to_owned()))?;
        if self.knows(&place) {
            return Ok(());
        }
        tokio::time::timeout(patience, connect(&place, reach)).await.map_err(|_| HttpError::Timeout)??;
        self.note(url);
        Ok(())
    }
}

fn place(url: &Url) -> Option<(String, u16)> {
    let host = url.host_str()?.trim_matches(['[', ']']).to_owned();
    Some((host, url.port_or_known_default()?))
}

async fn connect((host, port): &(String, u16), reach: Reach) -> Result<(), HttpError> {
    let found: Vec<SocketAddr> =
        lookup_host((host.as_str(), *port)).await.map_err(|_| HttpError::Dns)?.collect();
    let mut refused = HttpError::Denied(format!("`{host}` has no address that may be reached"));
    for address in found.into_iter().filter(|a| reach == Reach::Any || is_global(a.ip())) {
        match TcpStream::connect(address).await {
            Ok(_) => return Ok(()),
            Err(error) => refused = HttpError::Connection(error.to_string()),
        }
    }
    Err(refused)
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::net::TcpListener;

    fn url(port: u16) -> Url {
        format!("http://localhost:{port}/").parse().expect("URL")
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
        presence.ask(&url(port), Reach::Any, FRESH).await.expect("listens");
        drop(listener);
        presence.ask(&url(port), Reach::Any, FRESH).await.expect("was there a moment ago");
        let error = Presence::default().ask(&url(port), Reach::Any, FRESH).await;
        assert!(matches!(error, Err(HttpError::Connection(_))), "{error:?}");
    }

    #[tokio::test]
    async fn nobody_is_asked_out_of_reach() {
        let (_listener, port) = listener().await;
        let error = Presence::default().ask(&url(port), Reach::Public, FRESH).await;
        assert!(matches!(error, Err(HttpError::Denied(_))), "{error:?}");
    }

    #[tokio::test]
    async fn a_name_that_is_not_known() {
        let url = "http://nobody.invalid/".parse().expect("URL");
        let error = Presence::default().ask(&url, Reach::Any, FRESH).await;
        assert_eq!(error, Err(HttpError::Dns));
    }
}
