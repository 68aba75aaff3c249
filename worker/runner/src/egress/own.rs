//! The platform's own services, which no workflow may reach: database, queue, cache,
//! objects, telemetry, and where its processes listen.

use super::address::canonical;
use std::collections::HashSet;
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::time::{Duration, Instant};
use tokio::sync::RwLock;

/// Names of services are resolved again after so long.
const FRESH: Duration = Duration::from_secs(30);
/// Longest wait for one name.
const LOOKUP: Duration = Duration::from_secs(2);

/// Where one service is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Service {
    /// A name or an address, without brackets.
    pub host: String,
    /// Its port.
    pub port: u16,
}

impl Service {
    /// From a URL. Where it names no port, `default` is meant; `None` without a host.
    pub fn of_url(text: &str, default: u16) -> Option<Self> {
        let url = url::Url::parse(text).ok()?;
        let host = url.host_str()?.trim_matches(['[', ']']).to_owned();
        Some(Self { host, port: url.port_or_known_default().unwrap_or(default) })
    }
}

impl From<SocketAddr> for Service {
    fn from(address: SocketAddr) -> Self {
        Self { host: address.ip().to_string(), port: address.port() }
    }
}

/// All of them, and which addresses they have at present.
#[derive(Default)]
pub(super) struct Own {
    services: Vec<Service>,
    known: RwLock<Known>,
}

#[derive(Default)]
struct Known {
    at: Option<Instant>,
    addresses: HashSet<(IpAddr, u16)>,
    /// Ports of services on this very machine, which has many addresses.
    local_ports: HashSet<u16>,
}

impl Own {
    pub fn new(services: Vec<Service>) -> Self {
        Self { services, known: RwLock::default() }
    }

    /// True when this is one of them.
    pub async fn has(&self, address: SocketAddr) -> bool {
        if self.services.is_empty() {
            return false;
        }
        if self.known.read().await.at.is_none_or(|at| at.elapsed() > FRESH) {
            self.look_up().await;
        }
        let known = self.known.read().await;
        let (ip, port) = (canonical(address.ip()), address.port());
        known.addresses.contains(&(ip, port)) || (known.local_ports.contains(&port) && is_local(ip))
    }

    /// Also when others ask meanwhile, names are resolved once. What does not resolve now
    /// is where it was.
    async fn look_up(&self) {
        let mut known = self.known.write().await;
        if known.at.is_some_and(|at| at.elapsed() <= FRESH) {
            return;
        }
        let lookups = self.services.iter().map(|service| async move {
            let found = tokio::net::lookup_host((service.host.as_str(), service.port));
            match tokio::time::timeout(LOOKUP, found).await {
                Ok(Ok(found)) => found.map(|address| (canonical(address.ip()), address.port())).collect(),
                _ => vec![],
            }
        });
        for (ip, port) in futures::future::join_all(lookups).await.into_iter().flatten() {
            if is_local(ip) {
                known.local_ports.insert(port);
            } else {
                known.addresses.insert((ip, port));
            }
        }
        known.at = Some(Instant::now());
    }
}

/// True for this machine's own addresses: only those can be bound.
fn is_local(ip: IpAddr) -> bool {
    ip.is_loopback() || ip.is_unspecified() || UdpSocket::bind((ip, 0)).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_local_service_is_known_at_every_address_of_the_machine() {
        let own = Own::new(vec![
            Service { host: "localhost".into(), port: 5432 },
            Service { host: "203.0.113.7".into(), port: 443 },
            Service { host: "no-such-host.invalid".into(), port: 1 },
        ]);
        let has = async |text: &str| own.has(text.parse().expect("an address")).await;
        for address in [
            "127.0.0.1:5432",
            "127.9.9.9:5432",
            "[::1]:5432",
            "0.0.0.0:5432",
            "[::]:5432",
            "[::ffff:127.0.0.1]:5432",
        ] {
            assert!(has(address).await, "{address}");
        }
        assert!(has("203.0.113.7:443").await);
        assert!(has("[::ffff:203.0.113.7]:443").await);
        for address in ["127.0.0.1:5433", "203.0.113.7:80", "203.0.113.8:443", "203.0.113.7:5432"] {
            assert!(!has(address).await, "{address}");
        }
    }

    #[test]
    fn services_are_read_from_urls() {
        let of = |text: &str| Service::of_url(text, 5432).map(|s| (s.host, s.port));
        assert_eq!(of("postgres://user:pass@db.example/x"), Some(("db.example".into(), 5432)));
        assert_eq!(of("redis://[::1]:6380"), Some(("::1".into(), 6380)));
        assert_eq!(of("https://s3.example"), Some(("s3.example".into(), 443)));
        assert_eq!(of("sqlite:/data/x.db"), None);
    }
}
