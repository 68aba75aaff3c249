//! Where an organization's workflows may send HTTP requests.

use crate::{Error, Result};
use ipnet::IpNet;
use serde::{Deserialize, Serialize};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Entries that one list may have.
const MAX_ENTRIES: usize = 1_000;
/// Longest name of a host, in bytes.
const MAX_HOST: usize = 253;

/// Networks of which parts can be granted. Nobody is given the loopback, link-local
/// addresses or what clouds tell their machines there.
const PRIVATE: [(IpAddr, u8); 5] = [
    (IpAddr::V4(Ipv4Addr::new(10, 0, 0, 0)), 8),
    (IpAddr::V4(Ipv4Addr::new(100, 64, 0, 0)), 10),
    (IpAddr::V4(Ipv4Addr::new(172, 16, 0, 0)), 12),
    (IpAddr::V4(Ipv4Addr::new(192, 168, 0, 0)), 16),
    (IpAddr::V6(Ipv6Addr::new(0xfc00, 0, 0, 0, 0, 0, 0, 0)), 7),
];

/// Where an organization's workflows may send HTTP requests. The default is the whole
/// public internet, and nothing that is private.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct EgressPolicy {
    /// Only these hosts; all where empty. `*.example.com` means all names below it.
    pub allow_hosts: Vec<String>,
    /// None of these hosts, whatever else is allowed.
    pub deny_hosts: Vec<String>,
    /// Only these methods; all where empty.
    pub methods: Vec<String>,
    /// Only these ports; all where empty.
    pub ports: Vec<u16>,
    /// Private networks that may be reached besides, in CIDR notation.
    pub private_networks: Vec<String>,
    /// Hosts whose certificates are not checked where a workflow asks for that.
    pub unverified_hosts: Vec<String>,
    /// Requests in one minute, of all its runs together.
    pub requests_per_minute: Option<u64>,
    /// Bytes sent and received in bodies in one day (UTC), of all its runs together.
    pub bytes_per_day: Option<u64>,
}

impl EgressPolicy {
    /// The policy in its normal form.
    ///
    /// # Errors
    /// `Invalid`, naming the first entry at fault.
    pub fn checked(self) -> Result<Self> {
        let hosts = |field: &str, hosts: Vec<String>| {
            list(field, hosts, |host| {
                let name = normal_host(&host);
                name.ok_or_else(|| Error::invalid(field, format!("`{host}` is no name of a host")))
            })
        };
        let methods = list("methods", self.methods, |method| {
            let valid = !method.is_empty() && method.bytes().all(|b| b.is_ascii_alphabetic() || b == b'-');
            let wrong = || Error::invalid("methods", format!("`{method}` is no HTTP method"));
            valid.then(|| method.to_ascii_uppercase()).ok_or_else(wrong)
        })?;
        let ports = list("ports", self.ports, |port| {
            if port == 0 { Err(Error::invalid("ports", "0 is no port")) } else { Ok(port) }
        })?;
        let private_networks = list("private_networks", self.private_networks, |text| {
            private_network(&text).map(|network| network.to_string())
        })?;
        let quota = |field: &str, quota: Option<u64>| match quota {
            Some(number) if i64::try_from(number).is_err() => {
                Err(Error::invalid(field, "the number is too large"))
            }
            other => Ok(other),
        };
        Ok(Self {
            allow_hosts: hosts("allow_hosts", self.allow_hosts)?,
            deny_hosts: hosts("deny_hosts", self.deny_hosts)?,
            methods,
            ports,
            private_networks,
            unverified_hosts: hosts("unverified_hosts", self.unverified_hosts)?,
            requests_per_minute: quota("requests_per_minute", self.requests_per_minute)?,
            bytes_per_day: quota("bytes_per_day", self.bytes_per_day)?,
        })
    }

    /// Why a request may not be sent; `None` when it may. The host is as URLs have it: in
    /// small letters, IPv6 addresses in brackets. Without a method only a connection is meant.
    pub fn refusal(&self, method: Option<&str>, host: &str, port: u16) -> Option<String> {
        let host = host.strip_suffix('.').unwrap_or(host);
        let is_in = |list: &[String]| list.iter().any(|pattern| matches_host(pattern, host));
        if is_in(&self.deny_hosts) {
            Some(format!("the host `{host}` is denied"))
        } else if !self.allow_hosts.is_empty() && !is_in(&self.allow_hosts) {
            Some(format!("the host `{host}` is not one of those that are allowed"))
        } else if let Some(method) = method.filter(|method| !self.may_use(method)) {
            Some(format!("the method {method} is not one of {}", self.methods.join(", ")))
        } else if !self.ports.is_empty() && !self.ports.contains(&port) {
            Some(format!("the port {port} is not one of those that are allowed"))
        } else {
            None
        }
    }

    /// True when a workflow may leave this host's certificate unchecked. The host is as in
    /// [`Self::refusal`].
    pub fn leaves_unverified(&self, host: &str) -> bool {
        let host = host.strip_suffix('.').unwrap_or(host);
        self.unverified_hosts.iter().any(|pattern| matches_host(pattern, host))
    }

    fn may_use(&self, method: &str) -> bool {
        self.methods.is_empty() || self.methods.iter().any(|one| one == method)
    }

    /// The private networks, parsed.
    pub fn networks(&self) -> Vec<IpNet> {
        self.private_networks.iter().filter_map(|text| private_network(text).ok()).collect()
    }

    /// True when requests are to be counted.
    pub fn has_quotas(&self) -> bool {
        self.requests_per_minute.is_some() || self.bytes_per_day.is_some()
    }
}

fn list<T: PartialEq, U: PartialEq>(
    field: &str,
    items: Vec<T>,
    each: impl Fn(T) -> Result<U>,
) -> Result<Vec<U>> {
    if items.len() > MAX_ENTRIES {
        return Err(Error::invalid(field, format!("expected at most {MAX_ENTRIES} entries")));
    }
    let mut all = Vec::with_capacity(items.len());
    for item in items {
        let item = each(item)?;
        if !all.contains(&item) {
            all.push(item);
        }
    }
    Ok(all)
}

/// A pattern of hosts in the form of [`matches_host`]; `None` when it is none.
pub fn normal_host(text: &str) -> Option<String> {
    let text = text.trim().to_ascii_lowercase();
    if let Ok(address) = text.trim_matches(['[', ']']).parse::<IpAddr>() {
        return Some(match address {
            IpAddr::V4(v4) => v4.to_string(),
            IpAddr::V6(v6) => format!("[{v6}]"),
        });
    }
    let text = text.strip_suffix('.').unwrap_or(&text);
    let name = text.strip_prefix("*.").unwrap_or(text);
    let label = |label: &str| {
        !label.is_empty() && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
    };
    (name.len() <= MAX_HOST && name.split('.').all(label)).then(|| text.to_owned())
}

/// True when a host is what the pattern names. `*.` before a name means all names below it.
pub fn matches_host(pattern: &str, host: &str) -> bool {
    match pattern.strip_prefix("*.") {
        Some(domain) => host.strip_suffix(domain).is_some_and(|sub| sub.len() > 1 && sub.ends_with('.')),
        None => pattern == host,
    }
}

fn private_network(text: &str) -> Result<IpNet> {
    let wrong = |what: &str| Error::invalid("private_networks", format!("`{text}` {what}"));
    let parsed = text.parse::<IpNet>().or_else(|_| text.parse::<IpAddr>().map(IpNet::from));
    let network = parsed.map_err(|_| wrong("is no network such as 10.1.0.0/16"))?.trunc();
    let private = PRIVATE.iter().filter_map(|(address, prefix)| IpNet::new(*address, *prefix).ok());
    let is_private = private.into_iter().any(|whole| whole.contains(&network));
    is_private.then_some(network).ok_or_else(|| {
        wrong("is no private network: part of 10.0.0.0/8, 100.64.0.0/10, 172.16.0.0/12, 192.168.0.0/16 or fc00::/7")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy(change: impl FnOnce(&mut EgressPolicy)) -> Result<EgressPolicy> {
        let mut policy = EgressPolicy::default();
        change(&mut policy);
        policy.checked()
    }

    #[test]
    fn hosts_match_by_name_and_by_domain() {
        let list = ["api.example.com".to_owned(), "*.inside.example".to_owned()];
        let is_listed = |host: &str| list.iter().any(|pattern| matches_host(pattern, host));
        for host in ["api.example.com", "a.inside.example", "a.b.inside.example"] {
            assert!(is_listed(host), "{host}");
        }
        for host in
            ["example.com", "x.api.example.com", "inside.example", ".inside.example", "ainside.example"]
        {
            assert!(!is_listed(host), "{host}");
        }
    }

    #[test]
    fn what_is_not_allowed_is_refused_with_the_reason() {
        let policy = policy(|p| {
            p.allow_hosts = vec!["*.Example.com.".into(), "::1".into()];
            p.deny_hosts = vec!["bad.example.com".into()];
            p.methods = vec!["get".into(), "GET".into()];
            p.ports = vec![443];
        })
        .expect("valid");
        assert_eq!(policy.methods, ["GET"]);
        assert_eq!(policy.allow_hosts, ["*.example.com", "[::1]"]);
        assert_eq!(policy.refusal(Some("GET"), "a.example.com", 443), None);
        assert_eq!(policy.refusal(Some("GET"), "a.example.com.", 443), None);
        assert_eq!(policy.refusal(Some("GET"), "[::1]", 443), None);
        for (method, host, port, reason) in [
            ("GET", "bad.example.com", 443, "is denied"),
            ("GET", "bad.example.com.", 443, "is denied"),
            ("GET", "example.org", 443, "not one of those"),
            ("POST", "a.example.com", 443, "method POST"),
            ("GET", "a.example.com", 80, "port 80"),
        ] {
            let refusal = policy.refusal(Some(method), host, port).expect("refused");
            assert!(refusal.contains(reason), "{refusal}");
        }
        assert_eq!(EgressPolicy::default().refusal(Some("PATCH"), "anything.example", 8080), None);
    }

    #[test]
    fn certificates_are_checked_unless_the_host_is_named() {
        let policy = policy(|p| p.unverified_hosts = vec!["Printer.example".into(), "*.lab.example".into()]);
        let policy = policy.expect("valid");
        for (host, is_left) in [
            ("printer.example", true),
            ("printer.example.", true),
            ("a.lab.example", true),
            ("lab.example", false),
            ("example.org", false),
        ] {
            assert_eq!(policy.leaves_unverified(host), is_left, "{host}");
            assert!(!EgressPolicy::default().leaves_unverified(host));
        }
    }

    #[test]
    fn only_private_networks_can_be_granted() {
        let granted = |text: &str| policy(|p| p.private_networks = vec![text.into()]);
        for (text, normal) in
            [("10.1.2.3/16", "10.1.0.0/16"), ("192.168.1.7", "192.168.1.7/32"), ("fd00::/8", "fd00::/8")]
        {
            assert_eq!(granted(text).expect("private").private_networks, [normal]);
        }
        for text in [
            "127.0.0.0/8",
            "169.254.169.254/32",
            "0.0.0.0/0",
            "10.0.0.0/7",
            "8.8.8.8/32",
            "::1/128",
            "fe80::/10",
            "::/0",
            "::ffff:10.0.0.0/104",
            "ten",
            "10.0.0.0/33",
            "",
        ] {
            assert!(granted(text).is_err(), "{text}");
        }
    }

    #[test]
    fn entries_at_fault_are_named() {
        for host in ["", "*", "a..b", "http://x", "a/b", "müller.example", "*.*.x", "a b"] {
            let error = policy(|p| p.deny_hosts = vec![host.into()]).expect_err(host);
            assert!(error.to_string().starts_with("deny_hosts"), "{error}");
        }
        assert!(policy(|p| p.methods = vec!["GET /".into()]).is_err());
        assert!(policy(|p| p.ports = vec![0]).is_err());
        assert!(policy(|p| p.bytes_per_day = Some(u64::MAX)).is_err());
        assert!(policy(|p| p.allow_hosts = (0..1_001).map(|n| format!("h{n}")).collect()).is_err());
    }
}
